// How the tests of a run differ from those of the runs at its comparison point, as rows; and the files whose coverage differs.
// What a difference means is decided in src/judge.
import type { CoverageMove, TestPair } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import type { EvidenceRun, RunQuery } from './evidence.ts';

export interface ChangesQuery extends RunQuery {
  /** The runs at the point. */
  readonly there: readonly EvidenceRun[];
  /** Runs of the judged run's line at the base, the newest first: green durations are taken from them. */
  readonly base: readonly EvidenceRun[];
}

export interface FileDifference {
  readonly file: string;
  readonly testsHere: number;
  readonly testsThere: number;
  readonly collectionFailed: boolean;
}

export interface Differences {
  /** Tests that only one side has or that only one side skipped, and those that took much longer here. */
  readonly tests: readonly TestPair[];
  /** Files of those tests. */
  readonly files: readonly FileDifference[];
}

/** Differences are read up to this number. */
const mostTests = 5000;
/** Tests that may be slower: the greatest differences. */
const mostSlower = 100;
const greenRuns = 10;
/** Base runs that are searched for green durations. */
const mostBase = 30;

/** Reads how the tests differ, inside a transaction of the team. */
export async function readDifferences(
  db: Database,
  access: Access,
  { runId, createdAt, there, base }: ChangesQuery,
): Promise<Differences> {
  const ids = (runs: readonly EvidenceRun[]) => runs.map((run) => run.runId);
  const times = (runs: readonly EvidenceRun[]) => runs.map(({ at }) => new Date(at).toISOString());
  const newest = base.slice(0, mostBase);
  const rows = await db.query<DifferenceRow>(differencesSql, [
    access.team.id,
    runId,
    createdAt,
    ids(there),
    times(there),
    ids(newest),
    times(newest),
  ]);
  return {
    tests: rows.flatMap((row) =>
      row.kind === 'test' ? [{ ...row.facts, greenSeconds: row.facts.greenSeconds ?? [] }] : [],
    ),
    files: rows.flatMap((row) => (row.kind === 'file' ? [row.facts] : [])),
  };
}

type DifferenceRow =
  | {
      readonly kind: 'test';
      readonly facts: Omit<TestPair, 'greenSeconds'> & { readonly greenSeconds?: readonly number[] };
    }
  | { readonly kind: 'file'; readonly facts: FileDifference };

// Rows of one test are twins: it was skipped where all of them were. Compares durations only where the test passed on both
// sides: a failed test's duration says nothing about speed.
const side = (from: string): string => `
    SELECT r.test_name, min(r.test_file) AS test_file, min(concat_ws('::', r.test_class, r.test_function)) AS test_function,
      bool_and(r.outcome = 'skipped') AS skipped, bool_and(r.outcome IN ('passed', 'xpassed')) AS passed,
      max(r.duration_seconds)::float8 AS seconds, bool_or(r.outcome = 'error' AND r.test_name = r.test_file) AS collection_failed
    FROM ${from} GROUP BY r.test_name`;

const outcomeOf = (side: string): string =>
  `CASE WHEN ${side}.test_name IS NULL THEN NULL WHEN ${side}.skipped THEN 'skipped' WHEN ${side}.passed THEN 'passed' ELSE 'failed' END`;

const differencesSql = `
  WITH here AS MATERIALIZED (${side(
    'test_results r WHERE r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3',
  )}
  ), there AS MATERIALIZED (${side(
    'unnest($4::uuid[], $5::timestamptz[]) AS p (id, at) JOIN test_results r ON r.team_id = $1 AND r.test_run_id = p.id AND r.created_at = p.at',
  )}
  ), pairs AS MATERIALIZED (
    SELECT coalesce(here.test_name, there.test_name) AS test_name, coalesce(here.test_file, there.test_file, '') AS test_file,
      coalesce(here.test_function, there.test_function, '') AS test_function, ${outcomeOf('here')} AS outcome_here,
      ${outcomeOf('there')} AS outcome_there, here.seconds,
      CASE WHEN here.passed AND there.passed AND here.seconds >= there.seconds + 0.05 THEN here.seconds - there.seconds END AS slower_by
    FROM here FULL JOIN there USING (test_name)
  ), different AS MATERIALIZED (
    (SELECT *, false AS slower FROM pairs
     -- A file that could not be collected is no test.
     WHERE test_name <> test_file
       AND (outcome_here IS NULL OR outcome_there IS NULL OR (outcome_here = 'skipped' AND outcome_there <> 'skipped'))
     ORDER BY test_name LIMIT ${mostTests})
    UNION ALL
    (SELECT *, true FROM pairs WHERE slower_by IS NOT NULL ORDER BY slower_by DESC, test_name LIMIT ${mostSlower})
  )
  SELECT 'test' AS kind, json_strip_nulls(json_build_object('testName', d.test_name, 'testFile', d.test_file, 'testFunction', d.test_function,
    'here', d.outcome_here, 'there', d.outcome_there, 'secondsHere', d.seconds,
    -- No join: its planner would compare each difference with each.
    'greenSeconds', CASE WHEN d.slower THEN (SELECT json_agg(g.seconds) FROM (
      SELECT r.duration_seconds::float8 AS seconds FROM unnest($6::uuid[], $7::timestamptz[]) WITH ORDINALITY AS b (id, at, place)
      JOIN test_results r ON r.team_id = $1 AND r.test_name = d.test_name AND r.created_at = b.at AND r.test_run_id IS NOT DISTINCT FROM b.id
      WHERE r.outcome = 'passed' AND r.duration_seconds IS NOT NULL ORDER BY b.place LIMIT ${greenRuns}) AS g) END)) AS facts
  FROM different d
  UNION ALL
  SELECT 'file', json_build_object('file', file, 'testsHere', sum(here), 'testsThere', sum(there), 'collectionFailed', bool_or(failed))
  FROM (
    SELECT coalesce(test_file, '') AS file, 1 AS here, 0 AS there, collection_failed AS failed FROM here
    UNION ALL SELECT coalesce(test_file, ''), 0, 1, false FROM there) AS f
  WHERE file IN (SELECT test_file FROM different) GROUP BY file`;

/** Test functions of both sides, in the order in which they ran. */
export interface FunctionOrder {
  /** `file::Class::function`, without parameters. */
  readonly here: readonly string[];
  readonly there: readonly string[];
}

/** Functions that are read of each side. */
const mostFunctions = 20_000;

/** Reads which test functions of some files ran on either side, inside a transaction of the team. */
export async function readFunctionOrder(
  db: Database,
  access: Access,
  { runId, createdAt, there }: Pick<ChangesQuery, 'runId' | 'createdAt' | 'there'>,
  files: readonly string[],
): Promise<FunctionOrder> {
  const rows = await db.query<Row & { here: boolean; names: string[] | null }>(orderSql, [
    access.team.id,
    runId,
    createdAt,
    there.map((run) => run.runId),
    there.map(({ at }) => new Date(at).toISOString()),
    files,
  ]);
  const of = (here: boolean) => rows.find((row) => row.here === here)?.names ?? [];
  return { here: of(true), there: of(false) };
}

const functionsOf = (from: string): string => `
    SELECT array_agg(f.name ORDER BY f.first) AS names FROM (
      SELECT concat_ws('::', r.test_file, r.test_class, r.test_function) AS name, min(r.id::text) AS first
      FROM ${from} AND r.test_file = ANY ($6::text[]) AND r.test_function IS NOT NULL
      GROUP BY 1 ORDER BY 2 LIMIT ${mostFunctions}) AS f`;

const orderSql = `
  SELECT true AS here, (${functionsOf('test_results r WHERE r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3')}) AS names
  UNION ALL
  SELECT false, (${functionsOf(
    'unnest($4::uuid[], $5::timestamptz[]) AS p (id, at) JOIN test_results r ON r.team_id = $1 AND r.test_run_id = p.id AND r.created_at = p.at WHERE true',
  )})`;

/** Coverage of a run and of another one. */
export interface CoverageFacts {
  /** 0 to 100, over all files. */
  readonly beforePercent: number;
  readonly afterPercent: number;
  /** Files of both runs whose coverage differs, greatest difference first; at most 20. */
  readonly moved: readonly CoverageMove[];
}

/** Compares a run's coverage with the first of `there` that has any; undefined where one side has none. In a transaction of the team. */
export async function readCoverageChange(
  db: Database,
  access: Access,
  { run, there }: { readonly run: EvidenceRun; readonly there: readonly EvidenceRun[] },
): Promise<CoverageFacts | undefined> {
  const found = there.find(({ coveragePercent }) => coveragePercent !== undefined);
  const { coveragePercent: afterPercent } = run;
  if (found?.coveragePercent === undefined || afterPercent === undefined) return undefined;
  const moved = await db.query<CoverageMove & Row>(coverageSql, [
    access.team.id,
    run.runId,
    new Date(run.at),
    found.runId,
    new Date(found.at),
  ]);
  return { beforePercent: found.coveragePercent, afterPercent, moved };
}

// float8: numeric would come as text.
const coverageSql = `
  SELECT here.file_path AS "filePath", there.coverage_percent::float8 AS "beforePercent", here.coverage_percent::float8 AS "afterPercent"
  FROM coverage_data here
  JOIN coverage_data there ON there.team_id = $1 AND there.test_run_id = $4 AND there.created_at = $5 AND there.file_path = here.file_path
  WHERE here.team_id = $1 AND here.test_run_id = $2 AND here.created_at = $3 AND here.coverage_percent <> there.coverage_percent
  ORDER BY abs(here.coverage_percent - there.coverage_percent) DESC, here.file_path LIMIT 20`;
