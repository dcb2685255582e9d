// The newest runs of one branch of a suite, and what failed in them: what regressions are looked for in.
import type { RunOrigin, RunTotals, StoredRun } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import { textOf } from './runs.ts';
import { isEvidence, ofScope, originOf, Params, type Scope } from './scope.ts';
import type { Suite } from './suites.ts';

/** A run of the branch. */
export interface BaseRun
  extends Omit<StoredRun, 'pullRequest' | 'execution' | 'ordinal' | 'coveragePercent' | 'totals'> {
  readonly totals: Omit<RunTotals, 'failedFiles'>;
}

/** One test that failed in one run. */
export interface BaseFailure {
  readonly runId: string;
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly causeKey: string | undefined;
}

export interface BaseRuns {
  readonly runs: readonly BaseRun[];
  readonly failures: readonly BaseFailure[];
  /** There are older runs in the time, or more failures: only the newest were read. */
  readonly isCut: boolean;
}

const most = { runs: 5000, failures: 300_000 } as const;

/** Reads them, inside a transaction of the team. */
export async function readBaseRuns(
  db: Database,
  access: Access,
  scope: Scope,
  { suite, branch }: { readonly suite: Suite; readonly branch: string },
): Promise<BaseRuns> {
  const params = new Params(access);
  const condition = ofScope('r', { ...scope, branch, lane: suite.lane }, params, db);
  const project = params.add(suite.project ?? null);
  const runs = await db.query<Row>(
    `SELECT r.id::text AS id, r.created_at, coalesce(r.line_id::text, 'job ' || coalesce(r.job_name, '')) AS line, r.job_name, r.git_sha,
       r.tested_git_sha, r.parents, coalesce(r.kind, 'head') AS kind, ${originOf('r')} AS origin, r.git_branch, r.incomplete,
       coalesce(r.dirty, 0) > 0 AS dirty, coalesce(r.stale, false) AS stale, r.total_tests, coalesce(r.failed, 0) + coalesce(r.errors, 0) AS failed
     FROM test_runs r WHERE ${condition} AND ${isEvidence('r')} AND r.project IS NOT DISTINCT FROM ${project}::text
       ${suite.lane === undefined ? 'AND r.lane IS NULL' : ''}
     ORDER BY r.created_at DESC, r.id DESC LIMIT ${most.runs + 1}`,
    params.values,
  );
  const kept = runs.slice(0, most.runs);
  const red = kept.filter(({ failed }) => Number(failed) > 0);
  const failures =
    red.length === 0
      ? []
      : await db.query<Row>(
          `SELECT x.test_run_id::text AS run, x.test_name, x.test_file, x.cause_key
           FROM unnest($2::uuid[], $3::timestamptz[]) AS a (id, created_at) CROSS JOIN LATERAL (
             SELECT x.test_run_id, x.test_name, x.test_file, x.cause_key FROM test_results x
             WHERE x.team_id = $1 AND x.outcome IN ('failed', 'error') AND x.created_at = a.created_at
               AND x.test_run_id IS NOT DISTINCT FROM a.id AND x.created_at BETWEEN $4 AND $5 OFFSET 0) AS x LIMIT ${most.failures + 1}`,
          [
            access.team.id,
            red.map(({ id }) => String(id)),
            red.map(({ created_at }) => (created_at as Date).toISOString()),
            red.at(-1)?.created_at as Date,
            red[0]?.created_at as Date,
          ],
        );
  return {
    isCut: runs.length > most.runs || failures.length > most.failures,
    runs: kept.map((row) => ({
      runId: String(row.id),
      lineId: String(row.line),
      jobName: textOf(row.job_name),
      gitSha: textOf(row.git_sha),
      testedSha: textOf(row.tested_git_sha) ?? (row.kind === 'head' ? textOf(row.git_sha) : undefined),
      parents: Array.isArray(row.parents) ? row.parents.map(String) : undefined,
      kind: row.kind === 'merge' ? 'merge' : 'head',
      origin: row.origin as RunOrigin,
      branch: textOf(row.git_branch),
      at: (row.created_at as Date).getTime(),
      isComplete: row.incomplete !== true,
      isDirty: row.dirty === true,
      isStale: row.stale === true,
      totals: { tests: Number(row.total_tests), failed: Number(row.failed) },
    })),
    failures: failures.slice(0, most.failures).map((row) => ({
      runId: String(row.run),
      testName: String(row.test_name),
      testFile: textOf(row.test_file),
      causeKey: textOf(row.cause_key),
    })),
  };
}

/** In which of the runs each of some tests ran, passed or failed; inside a transaction of the team. */
export async function readRan(
  db: Database,
  access: Access,
  names: readonly string[],
  runs: readonly BaseRun[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  if (names.length === 0 || runs.length === 0) return new Map();
  const times = runs.map(({ at }) => at);
  const rows = await db.query<{ name: string; runs: string[] }>(
    `SELECT x.test_name AS name, array_agg(x.test_run_id::text) AS runs FROM test_results x
     WHERE x.team_id = $1 AND x.line_id = ANY ($2::uuid[]) AND x.test_name = ANY ($3) AND x.created_at BETWEEN $4 AND $5
       AND x.outcome IN ('passed', 'failed', 'error', 'xpassed')
     GROUP BY x.test_name`,
    [
      access.team.id,
      [...new Set(runs.map(({ lineId }) => lineId).filter((line) => !line.startsWith('job ')))],
      names,
      new Date(Math.min(...times)),
      new Date(Math.max(...times)),
    ],
  );
  return new Map(rows.map(({ name, runs: ids }) => [name, new Set(ids)]));
}
