// How a test has done month by month, over years: from the sums of months that are gone and from the rows of those that are there.
import type { Database } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { suiteOf } from '../schema/repository.ts';
import { fewResults, lastFailedAt, lastSignature, stepOf, sumsOfResults, testId } from './roll-up.ts';

export interface TrendQuery {
  /** The test's name, and its former ones. */
  readonly testNames: readonly string[];
  /** Whole months from the one of this moment on. Default: three years back. */
  readonly from?: Date | undefined;
  /** One line only. */
  readonly lineId?: string | undefined;
}

/** A test in one line and month; the base branch and all others apart. */
export interface TestMonth {
  /** `2026-11`, in UTC. */
  readonly month: string;
  readonly testName: string;
  readonly onBase: boolean;
  readonly line: {
    readonly id: string;
    /** See suiteOf; undefined where the line is not known. */
    readonly suite: string | undefined;
    readonly repository: string | undefined;
    readonly project: string | undefined;
    readonly lane: string | undefined;
    readonly jobName: string | undefined;
    readonly step: string | undefined;
  };
  readonly runs: number;
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly xfailed: number;
  readonly xpassed: number;
  /** Commits on which it both passed and failed. */
  readonly flaky: number;
  readonly seconds: number;
  readonly lastFailedAt: Date | undefined;
  readonly lastFailureSignature: string | undefined;
}

type Row = Record<string, unknown> & {
  readonly month: string;
  readonly test_name: string;
  readonly on_base: boolean;
  readonly line_id: string;
  readonly seconds: string;
  readonly last_failed_at: Date | null;
  readonly last_failure_signature: string | null;
} & Readonly<
    Record<'runs' | 'passed' | 'failed' | 'errors' | 'skipped' | 'xfailed' | 'xpassed' | 'flaky', number>
  >;

const counts = ['runs', 'passed', 'failed', 'errors', 'skipped', 'xfailed', 'xpassed', 'flaky', 'seconds'];

const first = `coalesce($3::date, (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 years')::date)`;

/** The time of each partition that is asked about. */
const partitionsSql = `
  SELECT b.lower_bound AS low, b.upper_bound AS high FROM partition_bounds('test_results') b
  WHERE b.upper_bound > ${first.replace('$3', '$1')}::timestamp AT TIME ZONE 'UTC' ORDER BY 1`;

const live = (partitions: number): string =>
  fewResults(
    `t.team_id = $1 AND t.test_name = ANY ($2::text[]) AND t.created_at >= ${first}::timestamp AT TIME ZONE 'UTC'`,
    // Without one an empty time, so that the statement is whole.
    Array.from({ length: Math.max(partitions, 1) }, (_, index) => ({
      low: `$${5 + 2 * index}::timestamptz`,
      high: `$${6 + 2 * index}::timestamptz`,
    })),
  );

// A month may be in both: rows that were stored for it after it was summed.
const trendSql = (partitions: number): string => `
  WITH kept AS (
    SELECT m.line_id, m.month, m.on_base, n.name AS test_name, ${counts.map((name) => `m.${name}`).join(', ')}, m.last_failed_at, m.last_failure_signature
    FROM unnest($2::text[]) AS n (name) JOIN test_months m ON m.team_id = $1 AND m.test_id = ${testId('n.name')}
    WHERE m.month >= ${first} AND ($4::uuid IS NULL OR m.line_id = $4::uuid)
    UNION ALL
    SELECT s.line_id, s.month, s.on_base, s.test_name, ${counts.map((name) => `s.${name}`).join(', ')}, ${lastFailedAt('s')}, ${lastSignature('s')}
    FROM (${sumsOfResults(live(partitions))}) AS s
    WHERE $4::uuid IS NULL OR s.line_id = $4::uuid
  ), months AS (
    SELECT line_id, month, on_base, test_name, ${counts.map((name) => `sum(${name}) AS ${name}`).join(', ')}, max(last_failed_at) AS last_failed_at,
      (array_agg(last_failure_signature ORDER BY last_failed_at DESC NULLS LAST))[1] AS last_failure_signature
    FROM kept GROUP BY 1, 2, 3, 4
  )
  SELECT to_char(m.month, 'YYYY-MM') AS month, m.test_name, m.on_base, m.line_id, ${counts
    .filter((name) => name !== 'seconds')
    .map((name) => `m.${name}::int AS ${name}`)
    .join(', ')}, m.seconds::text AS seconds, m.last_failed_at, m.last_failure_signature
  FROM months m ORDER BY m.month, m.test_name, m.line_id, m.on_base DESC`;

const knownLinesSql = `
  SELECT l.line_id, ${suiteOf('l')}::text AS suite, l.repository, l.project, l.lane, l.job_name, l.step FROM test_lines l
  WHERE l.team_id = $1 AND l.line_id = ANY ($2::uuid[])`;

/** A line whose months are all there still, by a run of one of them. */
const liveLineSql = `
  SELECT t.line_id, ${suiteOf('r')}::text AS suite, r.repository, r.project, r.lane, r.job_name, ${stepOf('r')} AS step
  FROM test_results t JOIN test_runs r ON r.team_id = t.team_id AND r.id = t.test_run_id AND r.created_at = t.created_at
  WHERE t.team_id = $1 AND t.line_id = $2::uuid AND t.test_name = $3
    AND t.created_at >= $4::timestamptz AND t.created_at < $4::timestamptz + interval '1 month'
    AND r.created_at >= $4::timestamptz AND r.created_at < $4::timestamptz + interval '1 month'
  ORDER BY t.created_at DESC LIMIT 1`;

type LineRow = Record<string, unknown> & {
  readonly line_id: string;
  readonly suite: string;
  readonly repository: string | null;
  readonly project: string | null;
  readonly lane: string | null;
  readonly job_name: string | null;
  readonly step: string | null;
};

/**
 * The months of a test, oldest first; a month in which it did not run is left out. While a retention moves a month into the sums, which
 * takes about half a minute for a million results, the month is in neither.
 */
export function monthsOfTest(db: Database, access: Access, query: TrendQuery): Promise<TestMonth[]> {
  const ask = async () => {
    const from = query.from === undefined ? null : `${query.from.toISOString().slice(0, 7)}-01`;
    const bounds = await db.query<{ low: Date; high: Date }>(partitionsSql, [from]);
    const rows = await db.query<Row>(trendSql(bounds.length), [
      access.team.id,
      query.testNames,
      from,
      query.lineId ?? null,
      ...(bounds.length === 0 ? [null, null] : bounds.flatMap(({ low, high }) => [low, high])),
    ]);
    return told(rows, await linesOf(db, access, rows));
  };
  return inTeam(db, access, ask);
}

async function linesOf(
  db: Database,
  access: Access,
  rows: readonly Row[],
): Promise<ReadonlyMap<string, LineRow>> {
  const newest = new Map(rows.map((row) => [row.line_id, row]));
  const known = await db.query<LineRow>(knownLinesSql, [access.team.id, [...newest.keys()]]);
  const lines = new Map(known.map((line) => [line.line_id, line]));
  for (const [id, { test_name, month }] of newest) {
    if (lines.has(id)) continue;
    const [line] = await db.query<LineRow>(liveLineSql, [
      access.team.id,
      id,
      test_name,
      `${month}-01T00:00:00Z`,
    ]);
    if (line !== undefined) lines.set(id, line);
  }
  return lines;
}

function told(rows: readonly Row[], lines: ReadonlyMap<string, LineRow>): TestMonth[] {
  return rows.map((row) => ({
    month: row.month,
    testName: row.test_name,
    onBase: row.on_base,
    line: {
      id: row.line_id,
      suite: lines.get(row.line_id)?.suite,
      repository: lines.get(row.line_id)?.repository ?? undefined,
      project: lines.get(row.line_id)?.project ?? undefined,
      lane: lines.get(row.line_id)?.lane ?? undefined,
      jobName: lines.get(row.line_id)?.job_name ?? undefined,
      step: lines.get(row.line_id)?.step ?? undefined,
    },
    runs: row.runs,
    passed: row.passed,
    failed: row.failed,
    errors: row.errors,
    skipped: row.skipped,
    xfailed: row.xfailed,
    xpassed: row.xpassed,
    flaky: row.flaky,
    seconds: Number(row.seconds),
    lastFailedAt: row.last_failed_at ?? undefined,
    lastFailureSignature: row.last_failure_signature ?? undefined,
  }));
}
