// How runs, tests and coverage went over time.
import { InputError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import type { Database, Row } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { dayRows } from './days.ts';
import { isEvidence, ofScope, oneLine, Params, requireRuns, type Scope, whyNone } from './scope.ts';

/** What a point of a trend takes together. */
export type Bucket = 'day' | 'week' | 'month';

/** Runs of one day, week or month (UTC; weeks begin on Monday). */
export interface TrendPoint {
  readonly start: Date;
  readonly runs: number;
  /** Runs in which nothing failed. */
  readonly green: number;
  /** Of all their tests that ran, in percent; undefined where none did. */
  readonly passPercent: number | undefined;
  /** Mean over the runs that say it. */
  readonly durationSeconds: number | undefined;
  /** Mean over the runs that have it, 0 to 100. */
  readonly coveragePercent: number | undefined;
}

/**
 * How the runs of a scope went, the oldest first; days without a run have no point. Forks' runs and old reports are left out.
 *
 * @throws InputError where no run is of the scope
 */
export function readTrend(
  db: Database,
  access: Access,
  scope: Scope,
  bucket: Bucket,
): Promise<readonly TrendPoint[]> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const rows = await db.query<Row>(
      `SELECT date_trunc('${bucket}', d.day::timestamp) AT TIME ZONE 'UTC' AS start, sum(d.runs)::int AS runs, sum(d.green_runs)::int AS green,
         (100.0 * sum(d.passed) / NULLIF(sum(d.ran), 0))::float8 AS pass, (sum(d.seconds) / NULLIF(sum(d.timed_runs), 0))::float8 AS seconds,
         (sum(d.coverage_sum) / NULLIF(sum(d.covered_runs), 0))::float8 AS coverage
       FROM ${dayRows(scope, params, db, { evidence: true })} AS d GROUP BY 1 ORDER BY 1`,
      params.values,
    );
    if (rows.length === 0) throw await whyNone(db, access, scope);
    return rows.map((row) => ({
      start: row.start as Date,
      runs: Number(row.runs),
      green: Number(row.green),
      passPercent: numberOf(row.pass),
      durationSeconds: numberOf(row.seconds),
      coveragePercent: numberOf(row.coverage),
    }));
  });
}

/** What a test costs in time. */
export interface SlowTest {
  readonly testName: string;
  readonly runs: number;
  /** Over all runs that were looked at. */
  readonly totalSeconds: number;
  readonly meanSeconds: number;
  readonly mostSeconds: number;
  /** Mean of the newer half of the runs against the older half, as a factor; undefined where one of them has none. */
  readonly growth: number | undefined;
}

export interface SlowTests {
  readonly tests: readonly SlowTest[];
  /** Of the runs that were looked at: the newest, up to so many results. */
  readonly runs: number;
  readonly results: number;
  readonly totalSeconds: number;
  readonly more: boolean;
}

/** So many results are looked at, those of the newest runs. */
const mostResults = 50_000;

/**
 * The tests on which the newest runs spent most time.
 *
 * @param limit tests at most
 * @throws InputError where no run is of the scope
 */
export function listSlow(db: Database, access: Access, scope: Scope, limit: number): Promise<SlowTests> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const condition = `${ofScope('r', scope, params, db)} AND ${isEvidence('r')}`;
    const rows = await db.query<Row>(
      `WITH newest AS MATERIALIZED (
         SELECT r.id, r.created_at, row_number() OVER newer AS place, sum(r.total_tests) OVER newer AS results, sum(r.total_tests) OVER newer - r.total_tests AS before
         FROM (SELECT r.id, r.created_at, r.total_tests FROM test_runs r WHERE ${condition} ORDER BY r.created_at DESC, r.id DESC LIMIT 5000) AS r
         WINDOW newer AS (ORDER BY r.created_at DESC, r.id DESC ROWS UNBOUNDED PRECEDING)
       ), counted AS MATERIALIZED (
         SELECT count(*) FILTER (WHERE before < ${mostResults}) AS runs, bool_or(results > ${mostResults}) AS more FROM newest
       ), hundreds AS (
         -- One look for the results of many runs: one look for each run takes longer than all else here.
         SELECT half, array_agg(id) AS ids, min(created_at) AS first, max(created_at) AS last FROM (
           SELECT *, CASE WHEN place * 2 <= (SELECT runs FROM counted) + 1 THEN 1 ELSE 2 END AS half FROM newest WHERE before < ${mostResults}) AS n
         GROUP BY half, place / 100
       ), tests AS (
         -- In whole milliseconds, as they are stored: sums of NUMERIC by test would not fit into the memory of a session. All tests
         -- together are one more row: a sum over the others would be a second pass.
         SELECT x.test_name, grouping(x.test_name) = 1 AS whole, count(*) AS runs, sum(x.ms) AS ms, max(x.ms) AS most,
           sum(x.ms) FILTER (WHERE n.half = 1) AS newer, count(*) FILTER (WHERE n.half = 1) AS newer_runs
         FROM hundreds n CROSS JOIN LATERAL (
           SELECT x.test_name, (x.duration_seconds * 1000)::int AS ms FROM test_results x
           WHERE x.team_id = $1 AND x.test_run_id = ANY (n.ids) AND x.created_at BETWEEN n.first AND n.last AND x.duration_seconds IS NOT NULL OFFSET 0) AS x
         GROUP BY GROUPING SETS ((x.test_name), ())
       )
       SELECT test_name, whole, runs::int AS runs, (ms / 1000.0)::float8 AS total, (ms / 1000.0 / NULLIF(runs, 0))::float8 AS mean, (most / 1000.0)::float8 AS most,
         newer::float8 / NULLIF(newer_runs, 0) / NULLIF((ms - newer)::float8 / NULLIF(runs - newer_runs, 0), 0) AS growth,
         (SELECT runs::int FROM counted) AS all_runs, (SELECT more FROM counted) AS more
       FROM (SELECT * FROM tests ORDER BY whole DESC, ms DESC, test_name LIMIT ${params.add(limit)}::int + 1) AS t
       ORDER BY whole DESC, ms DESC, test_name`,
      params.values,
    );
    const [whole, ...tests] = rows;
    if (whole === undefined || tests.length === 0) {
      await requireRuns(db, access, scope);
      return { tests: [], runs: 0, results: 0, totalSeconds: 0, more: false };
    }
    return {
      runs: Number(whole.all_runs),
      results: Number(whole.runs),
      totalSeconds: Number(whole.total),
      more: whole.more === true,
      tests: tests.map((row) => ({
        testName: String(row.test_name),
        runs: Number(row.runs),
        totalSeconds: Number(row.total),
        meanSeconds: Number(row.mean),
        mostSeconds: Number(row.most),
        growth: numberOf(row.growth),
      })),
    };
  });
}

/** A file's coverage in the newest run of the scope that has coverage. */
export interface CoveredFile {
  readonly filePath: string;
  /** 0 to 100. */
  readonly coveragePercent: number;
  readonly totalStatements: number;
  readonly missingStatements: number;
}

export interface Coverage {
  readonly run: { readonly runId: string; readonly createdAt: Date; readonly percent: number | undefined };
  /** Those with the most missing statements first. */
  readonly files: readonly CoveredFile[];
  readonly total: number;
}

/**
 * The coverage of the newest run that has some.
 *
 * @throws InputError `no-coverage` where no run of the scope has any
 */
export function readCoverage(db: Database, access: Access, scope: Scope, limit: number): Promise<Coverage> {
  return inTeam(db, access, async () => {
    const run = await newestCovered(db, access, scope, undefined);
    const rows = await db.query<Row>(
      `SELECT c.file_path, c.coverage_percent::float8 AS percent, c.total_statements, c.missing_statements, (count(*) OVER ())::int AS total
       FROM coverage_data c WHERE c.team_id = $1 AND c.test_run_id = $2 AND c.created_at = $3
       ORDER BY c.missing_statements DESC, c.coverage_percent, c.file_path LIMIT $4`,
      [access.team.id, run.runId, run.createdAt, limit],
    );
    return {
      run,
      total: Number(rows[0]?.total ?? 0),
      files: rows.map((row) => ({
        filePath: String(row.file_path),
        coveragePercent: Number(row.percent),
        totalStatements: Number(row.total_statements),
        missingStatements: Number(row.missing_statements),
      })),
    };
  });
}

/** A file's coverage over time, and its lines in the newest run that has it. */
export interface FileCoverage extends CoveredFile {
  readonly run: Coverage['run'];
  /** 1-based, ascending. */
  readonly coveredLines: readonly number[];
  readonly missingLines: readonly number[];
  /** By day (UTC), the oldest first: the mean of its runs. Query 4 of the schema document. */
  readonly days: readonly { readonly day: Date; readonly percent: number; readonly runs: number }[];
  /** Only the newest runs that have it were looked at. */
  readonly isCut: boolean;
}

/** So many runs of a file are looked at, the newest. */
export const mostFileRuns = 5000;

/**
 * @param word the file's path, or its end or a part that no other file has
 * @throws InputError `no-coverage`, `file-unknown` with the nearest, `file-ambiguous`
 */
export function readFileCoverage(
  db: Database,
  access: Access,
  scope: Scope,
  word: string,
): Promise<FileCoverage> {
  return inTeam(db, access, async () => {
    const filePath = await findFile(db, access, scope, word);
    const run = await newestCovered(db, access, scope, filePath);
    const [row] = await db.query<Row>(
      `SELECT c.coverage_percent::float8 AS percent, c.total_statements, c.missing_statements, c.covered_lines, c.missing_lines
       FROM coverage_data c WHERE c.team_id = $1 AND c.test_run_id = $2 AND c.created_at = $3 AND c.file_path = $4 LIMIT 1`,
      [access.team.id, run.runId, run.createdAt, filePath],
    );
    const params = new Params(access);
    const file = params.add(filePath);
    const since = scope.since === undefined ? '' : `AND c.created_at >= ${params.add(scope.since)}`;
    const days = await db.query<Row>(
      `WITH newest AS MATERIALIZED (
         SELECT c.test_run_id, c.created_at, c.coverage_percent FROM coverage_data c WHERE c.team_id = $1 AND c.file_path = ${file} ${since}
         ORDER BY c.created_at DESC LIMIT ${mostFileRuns + 1})
       SELECT date_trunc('day', c.created_at, 'UTC') AS day, avg(c.coverage_percent)::float8 AS percent, count(*)::int AS runs,
         (SELECT count(*) > ${mostFileRuns} FROM newest) AS is_cut
       FROM newest c CROSS JOIN LATERAL (
         SELECT r.* FROM test_runs r WHERE r.team_id = $1 AND r.id = c.test_run_id AND r.created_at = c.created_at OFFSET 0) AS r
       WHERE ${ofScope('r', scope, params, db)} AND ${isEvidence('r')} GROUP BY 1 ORDER BY 1`,
      params.values,
    );
    return {
      run,
      filePath,
      coveragePercent: Number(row?.percent ?? 0),
      totalStatements: Number(row?.total_statements ?? 0),
      missingStatements: Number(row?.missing_statements ?? 0),
      coveredLines: (row?.covered_lines as number[] | null) ?? [],
      missingLines: (row?.missing_lines as number[] | null) ?? [],
      isCut: days[0]?.is_cut === true,
      days: days.map((one) => ({
        day: one.day as Date,
        percent: Number(one.percent),
        runs: Number(one.runs),
      })),
    };
  });
}

async function newestCovered(
  db: Database,
  access: Access,
  scope: Scope,
  filePath: string | undefined,
): Promise<Coverage['run']> {
  const params = new Params(access);
  const condition = `${ofScope('r', scope, params, db)} AND ${isEvidence('r')}`;
  const columns = 'r.id::text AS id, r.created_at, r.coverage_percent::float8 AS percent';
  const [row] = await db.query<Row>(
    filePath === undefined
      ? `SELECT ${columns} FROM test_runs r WHERE ${condition} AND r.coverage_percent IS NOT NULL AND EXISTS (
           SELECT FROM coverage_data c WHERE c.team_id = $1 AND c.test_run_id = r.id AND c.created_at = r.created_at)
         ORDER BY r.created_at DESC, r.id DESC LIMIT 1`
      : // The file's own index gives its runs, the newest first.
        `SELECT ${columns} FROM (
           SELECT c.test_run_id, c.created_at FROM coverage_data c WHERE c.team_id = $1 AND c.file_path = ${params.add(filePath)}
             ${scope.since === undefined ? '' : `AND c.created_at >= ${params.add(scope.since)}`} ORDER BY c.created_at DESC) AS c
         JOIN LATERAL (
           SELECT * FROM test_runs r WHERE r.team_id = $1 AND r.id = c.test_run_id AND r.created_at = c.created_at AND ${condition} OFFSET 0) AS r ON true
         LIMIT 1`,
    params.values,
  );
  if (row === undefined) {
    await requireRuns(db, access, scope);
    throw new InputError({
      code: 'no-coverage',
      message: 'no run that was asked about has coverage',
      fix: '`pytest --cov --cov-report=json` writes coverage.json; `lukhas upload results.xml --coverage coverage.json` stores it.',
    });
  }
  return { runId: String(row.id), createdAt: row.created_at as Date, percent: numberOf(row.percent) };
}

async function findFile(db: Database, access: Access, scope: Scope, word: string): Promise<string> {
  const run = await newestCovered(db, access, scope, undefined);
  const rows = await db.query<{ file: string }>(
    'SELECT c.file_path AS file FROM coverage_data c WHERE c.team_id = $1 AND c.test_run_id = $2 AND c.created_at = $3',
    [access.team.id, run.runId, run.createdAt],
  );
  const names = rows.map(({ file }) => file);
  if (names.includes(word)) return word;
  const ends = names.filter((name) => name.endsWith(`/${word}`));
  const found = ends.length > 0 ? ends : names.filter((name) => name.includes(word));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const shown = JSON.stringify(word.slice(0, 200));
  if (found.length > 1)
    throw new InputError({
      code: 'file-ambiguous',
      message: `${found.length} files with coverage hold ${shown}`,
      fix: `Give more of it: ${found.sort().slice(0, 5).map(oneLine).join(', ')}${found.length > 5 ? ', …' : ''}`,
    });
  // A file may be in older runs alone.
  const [older] = await db.query(
    'SELECT FROM coverage_data c WHERE c.team_id = $1 AND c.file_path = $2 LIMIT 1',
    [access.team.id, word],
  );
  if (older !== undefined) return word;
  const bare = (name: string) => name.split('/').at(-1) ?? '';
  const near =
    nearest(word, names) ?? names.find((name) => bare(name) === nearest(bare(word), names.map(bare)));
  throw new InputError({
    code: 'file-unknown',
    message: `the newest run with coverage has no file ${shown}`,
    fix: near === undefined ? '`lukhas coverage` lists its files.' : `Did you mean ${oneLine(near)}?`,
  });
}

function numberOf(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
