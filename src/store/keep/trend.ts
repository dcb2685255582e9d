// How a test has done month by month, over years: from the sums of months that are gone and from the rows of those that are there.
import type { Database } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { lastFailedAt, lastSignature, lookedUpRun, stepOf, sumsOfResults } from './roll-up.ts';

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
  readonly repository: string | null;
  readonly project: string | null;
  readonly lane: string | null;
  readonly job_name: string | null;
  readonly step: string | null;
  readonly seconds: string;
  readonly last_failed_at: Date | null;
  readonly last_failure_signature: string | null;
} & Readonly<
    Record<'runs' | 'passed' | 'failed' | 'errors' | 'skipped' | 'xfailed' | 'xpassed' | 'flaky', number>
  >;

const counts = ['runs', 'passed', 'failed', 'errors', 'skipped', 'xfailed', 'xpassed', 'flaky', 'seconds'];

const first = `coalesce($3::date, (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 years')::date)`;

// A month may be in both: rows that were stored for it after it was summed.
const trendSql = `
  WITH kept AS (
    SELECT m.line_id, m.month, m.on_base, m.test_name, ${counts.map((name) => `m.${name}`).join(', ')}, m.last_failed_at, m.last_failure_signature
    FROM test_months m
    WHERE m.team_id = $1 AND m.test_name = ANY ($2::text[]) AND m.month >= ${first} AND ($4::uuid IS NULL OR m.line_id = $4::uuid)
    UNION ALL
    SELECT s.line_id, s.month, s.on_base, s.test_name, ${counts.map((name) => `s.${name}`).join(', ')}, ${lastFailedAt('s')}, ${lastSignature('s')}
    FROM (${sumsOfResults(`test_results t ${lookedUpRun}
      WHERE t.team_id = $1 AND t.test_name = ANY ($2::text[]) AND t.created_at >= ${first}::timestamp AT TIME ZONE 'UTC'`)}) AS s
    WHERE $4::uuid IS NULL OR s.line_id = $4::uuid
  ), months AS (
    SELECT line_id, month, on_base, test_name, ${counts.map((name) => `sum(${name}) AS ${name}`).join(', ')}, max(last_failed_at) AS last_failed_at,
      (array_agg(last_failure_signature ORDER BY last_failed_at DESC NULLS LAST))[1] AS last_failure_signature
    FROM kept GROUP BY 1, 2, 3, 4
  )
  SELECT to_char(m.month, 'YYYY-MM') AS month, m.test_name, m.on_base, m.line_id, ${counts
    .filter((name) => name !== 'seconds')
    .map((name) => `m.${name}::int AS ${name}`)
    .join(', ')}, m.seconds::text AS seconds, m.last_failed_at,
    m.last_failure_signature, l.repository, l.project, l.lane, l.job_name, l.step
  FROM months m LEFT JOIN LATERAL (
    SELECT l.repository, l.project, l.lane, l.job_name, l.step FROM test_lines l WHERE l.team_id = $1 AND l.line_id = m.line_id
    UNION ALL
    -- A line whose months are all there still.
    (SELECT r.repository, r.project, r.lane, r.job_name, ${stepOf('r')} FROM test_results t
      JOIN test_runs r ON r.team_id = t.team_id AND r.id = t.test_run_id AND r.created_at = t.created_at
      WHERE t.team_id = $1 AND t.line_id = m.line_id AND t.test_name = m.test_name
        AND t.created_at >= m.month::timestamp AT TIME ZONE 'UTC' AND t.created_at < (m.month + interval '1 month') AT TIME ZONE 'UTC' LIMIT 1)
    LIMIT 1) AS l ON true
  ORDER BY m.month, m.test_name, m.line_id, m.on_base DESC`;

/**
 * The months of a test, oldest first; a month in which it did not run is left out. While a retention moves a month into the sums, which
 * takes it seconds, the month is in neither.
 */
export async function monthsOfTest(db: Database, access: Access, query: TrendQuery): Promise<TestMonth[]> {
  const rows = await inTeam(db, access, () =>
    db.query<Row>(trendSql, [
      access.team.id,
      query.testNames,
      query.from === undefined ? null : `${query.from.toISOString().slice(0, 7)}-01`,
      query.lineId ?? null,
    ]),
  );
  return rows.map((row) => ({
    month: row.month,
    testName: row.test_name,
    onBase: row.on_base,
    line: {
      id: row.line_id,
      repository: row.repository ?? undefined,
      project: row.project ?? undefined,
      lane: row.lane ?? undefined,
      jobName: row.job_name ?? undefined,
      step: row.step ?? undefined,
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
