// Which suites a scope has: runs of one repository, project and lane are judged beside each other. And what may be flaky in them.
import type { Database, Row } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import { bareRepository } from '../schema/repository.ts';
import { textOf } from './runs.ts';
import { isEvidence, ofScope, Params, type Scope, whyNone } from './scope.ts';

/** A repository's project and lane. */
export interface Suite {
  readonly repository: string | undefined;
  readonly project: string | undefined;
  readonly lane: string | undefined;
  /** Its newest run that counts. */
  readonly newest: { readonly runId: string; readonly createdAt: Date };
}

export interface Suites {
  /** Those with the newest runs first. */
  readonly suites: readonly Suite[];
  /** There are others. */
  readonly more: boolean;
}

/** So many are looked at. */
const most = 10;
/** In so many of the newest runs they are looked for. */
const searched = 5000;

/**
 * The suites of a scope, inside a transaction of the team.
 *
 * @throws InputError where no run is of the scope
 */
export async function listSuites(db: Database, access: Access, scope: Scope): Promise<Suites> {
  const params = new Params(access);
  const rows = await db.query<Row>(
    `SELECT * FROM (
       SELECT DISTINCT ON (repository, project, lane) repository, project, lane, id::text AS id, created_at FROM (
         SELECT ${bareRepository('r')} AS repository, r.project, r.lane, r.id, r.created_at FROM test_runs r
         WHERE ${ofScope('r', scope, params, db)} AND ${isEvidence('r')} ORDER BY r.created_at DESC LIMIT ${searched}) AS r
       ORDER BY repository, project, lane, created_at DESC, id) AS s ORDER BY created_at DESC LIMIT ${most + 1}`,
    params.values,
  );
  if (rows.length === 0) throw await whyNone(db, access, scope);
  return {
    more: rows.length > most,
    suites: rows.slice(0, most).map((row) => ({
      repository: textOf(row.repository),
      project: textOf(row.project),
      lane: textOf(row.lane),
      newest: { runId: String(row.id), createdAt: row.created_at as Date },
    })),
  };
}

/** A run to be looked at. */
export interface AskedRun {
  readonly runId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A test that failed in some runs, or passed after a failed attempt. */
export interface Suspect {
  readonly testName: string;
  /** In how many of the runs. */
  readonly runs: number;
}

/**
 * The tests that failed in two or more of the runs or in one that was repeated, or passed in one with more than one attempt, the most
 * frequent first; inside a transaction of the team.
 *
 * @param repeated ids of runs whose commit ran again
 */
export async function listSuspects(
  db: Database,
  access: Access,
  { runs, repeated }: { readonly runs: readonly AskedRun[]; readonly repeated: readonly string[] },
  limit: number,
): Promise<{ readonly suspects: readonly Suspect[]; readonly total: number }> {
  if (runs.length === 0) return { suspects: [], total: 0 };
  const times = runs.map(({ at }) => at);
  const rows = await db.query<Row>(
    `WITH asked AS MATERIALIZED (SELECT id FROM unnest($2::uuid[]) AS a (id)), rows AS (
       SELECT r.test_name, r.test_run_id, false AS again FROM test_results r
       WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at BETWEEN $3 AND $4
       UNION ALL
       SELECT r.test_name, r.test_run_id, true FROM test_results r
       WHERE r.team_id = $1 AND r.attempts > 1 AND r.created_at BETWEEN $3 AND $4 AND r.outcome NOT IN ('failed', 'error')
     )
     SELECT test_name, count(DISTINCT test_run_id)::int AS runs, (count(*) OVER ())::int AS total
     FROM rows WHERE (test_run_id IN (SELECT id FROM asked)) IS TRUE
     GROUP BY test_name HAVING count(DISTINCT test_run_id) > 1 OR bool_or(again) OR bool_or(test_run_id = ANY ($6::uuid[]))
     ORDER BY runs DESC, test_name LIMIT $5`,
    [
      access.team.id,
      runs.map(({ runId }) => runId),
      new Date(Math.min(...times)),
      new Date(Math.max(...times)),
      limit,
      repeated,
    ],
  );
  return {
    total: Number(rows[0]?.total ?? 0),
    suspects: rows.map((row) => ({ testName: String(row.test_name), runs: Number(row.runs) })),
  };
}

/** How long runs took, in seconds, where they say it; inside a transaction of the team. */
export async function readDurations(
  db: Database,
  access: Access,
  runs: readonly AskedRun[],
): Promise<ReadonlyMap<string, number>> {
  if (runs.length === 0) return new Map();
  const times = runs.map(({ at }) => at);
  const rows = await db.query<{ id: string; seconds: number }>(
    `SELECT r.id::text AS id, r.duration_seconds::float8 AS seconds FROM test_runs r
     WHERE r.team_id = $1 AND r.id = ANY ($2::uuid[]) AND r.created_at BETWEEN $3 AND $4 AND r.duration_seconds IS NOT NULL`,
    [
      access.team.id,
      runs.map(({ runId }) => runId),
      new Date(Math.min(...times)),
      new Date(Math.max(...times)),
    ],
  );
  return new Map(rows.map(({ id, seconds }) => [id, seconds]));
}
