// Compares a run with another one: tests added, removed, newly skipped and slower, and files whose coverage differs. With which
// run to compare is decided in src/judge.
import type { Changes, CoverageMove, PastRun } from '../../model.ts';
import type { Database, Row, SqlValue } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import type { RunQuery } from './facts.ts';

const mostNames = 100;

/** How the tests of a run differ from those of an earlier one, inside a transaction of the team. */
export async function readChanges(
  db: Database,
  access: Access,
  run: RunQuery,
  earlier: PastRun,
): Promise<Changes> {
  const [row] = await db.query<{ answer: Changes }>(changesSql, paramsOf(access, run, earlier));
  if (row === undefined) throw new Error('no answer about two runs');
  return row.answer;
}

/** Files of both runs whose coverage differs, greatest difference first; at most 20. In a transaction of the team. */
export async function readCoverageMoves(
  db: Database,
  access: Access,
  run: RunQuery,
  earlier: PastRun,
): Promise<readonly CoverageMove[]> {
  return db.query<CoverageMove & Row>(coverageSql, paramsOf(access, run, earlier));
}

function paramsOf({ team }: Access, run: RunQuery, earlier: PastRun): SqlValue[] {
  return [team.id, run.runId, run.createdAt, earlier.runId, new Date(earlier.at)];
}

// Compares durations only where the test passed in both runs: a failed test's duration says nothing about speed.
const changesSql = `
  WITH here AS MATERIALIZED (
    SELECT test_name, bool_and(outcome = 'skipped') AS skipped, bool_and(outcome = 'passed') AS passed, sum(duration_seconds) AS seconds
    FROM test_results WHERE team_id = $1 AND test_run_id = $2 AND created_at = $3 GROUP BY test_name
  ), there AS MATERIALIZED (
    SELECT test_name, bool_and(outcome = 'skipped') AS skipped, bool_and(outcome = 'passed') AS passed, sum(duration_seconds) AS seconds
    FROM test_results WHERE team_id = $1 AND test_run_id = $4 AND created_at = $5 GROUP BY test_name
  ), pairs AS MATERIALIZED (
    SELECT coalesce(here.test_name, there.test_name) AS test_name, here.test_name IS NULL AS is_removed, there.test_name IS NULL AS is_added,
      here.skipped AND NOT there.skipped AS is_newly_skipped,
      CASE WHEN here.passed AND there.passed AND here.seconds >= 0.1 AND here.seconds >= 1.5 * there.seconds
        THEN here.seconds - there.seconds END AS slower_by, here.seconds AS after, there.seconds AS before
    FROM here FULL JOIN there USING (test_name)
  )
  SELECT json_build_object(
    'added', (SELECT coalesce(json_agg(test_name), '[]') FROM
      (SELECT test_name FROM pairs WHERE is_added ORDER BY test_name LIMIT ${mostNames}) AS list),
    'removed', (SELECT coalesce(json_agg(test_name), '[]') FROM
      (SELECT test_name FROM pairs WHERE is_removed ORDER BY test_name LIMIT ${mostNames}) AS list),
    'newlySkipped', (SELECT coalesce(json_agg(test_name), '[]') FROM
      (SELECT test_name FROM pairs WHERE is_newly_skipped ORDER BY test_name LIMIT ${mostNames}) AS list),
    'slower', (SELECT coalesce(json_agg(json_build_object('testName', test_name, 'beforeSeconds', before, 'afterSeconds', after)
        ORDER BY slower_by DESC, test_name), '[]') FROM
      (SELECT * FROM pairs WHERE slower_by > 0 ORDER BY slower_by DESC, test_name LIMIT 10) AS list)
  ) AS answer`;

// float8: numeric would come as text.
const coverageSql = `
  SELECT here.file_path AS "filePath", there.coverage_percent::float8 AS "beforePercent", here.coverage_percent::float8 AS "afterPercent"
  FROM coverage_data here
  JOIN coverage_data there ON there.team_id = $1 AND there.test_run_id = $4 AND there.created_at = $5 AND there.file_path = here.file_path
  WHERE here.team_id = $1 AND here.test_run_id = $2 AND here.created_at = $3 AND here.coverage_percent <> there.coverage_percent
  ORDER BY abs(here.coverage_percent - there.coverage_percent) DESC, here.file_path LIMIT 20`;
