// Months of runs, results and coverage from years back, made by SQL: uploads cannot make them. And the sums that are expected of them,
// counted row by row here and not as the product does it.
import type { Database } from '../../src/store/database/port.ts';
import { beginIn } from '../../src/store/database/search-path.ts';
import { rowsIn } from './sql.ts';

/** What is done as the owner, in one transaction. */
export function asOwnerIn<T>(db: Database, work: () => Promise<T>): Promise<T> {
  return db.transaction(work, {
    begin: beginIn('public', 'SET LOCAL ROLE lukhas_owner', `SET LOCAL timezone = 'UTC'`),
  });
}

/** Makes the three partitions of the months so many months back; as an administrator. */
export async function makeMonths(db: Database, back: readonly number[]): Promise<void> {
  for (const months of back) {
    await asOwnerIn(db, () =>
      db.query(`SELECT attach_month(date_trunc('month', now()) - make_interval(months => $1::int))`, [
        months,
      ]),
    );
  }
}

export interface Filling {
  readonly teamId: string;
  readonly back: readonly number[];
  /** Of each month. */
  readonly runs: number;
  readonly tests: number;
  readonly files: number;
  /** Of a failure's traceback. */
  readonly tracebackBytes?: number;
}

/**
 * Fills months: a third of the runs are main's, a third are pushed to branches, a third are of pull requests; two jobs; every 20th
 * result failed, each test a little otherwise; every third commit is run twice.
 */
export async function fillMonths(db: Database, fill: Filling): Promise<void> {
  for (const months of fill.back) {
    await asOwnerIn(db, async () => {
      await db.run(
        `INSERT INTO test_runs (id, team_id, total_tests, git_sha, tested_git_sha, git_branch, kind, origin, created_at, repository, job_name,
           project, lane, line_id, step)
         SELECT md5($1 || ' run ' || $2::int || ' ' || n)::uuid, $1::uuid, $4::int, sha, sha,
           CASE n % 3 WHEN 0 THEN 'main' WHEN 1 THEN 'fix-' || n % 7 ELSE 'feature-' || n % 5 END,
           CASE n % 3 WHEN 2 THEN 'merge' ELSE 'head' END, 'team',
           date_trunc('month', now()) - make_interval(months => $2::int) + n * interval '27 days' / $3::int,
           'acme/shop', 'tests (' || n / 3 % 2 || ')', '.', CASE n / 3 % 2 WHEN 0 THEN 'unit' END,
           md5($1 || ' line ' || n / 3 % 2)::uuid, '__run'
         FROM (SELECT n, md5($2::int || ' commit ' || n / 6) AS sha FROM generate_series(0, $3::int - 1) AS n) AS s`,
        [fill.teamId, months, fill.runs, fill.tests],
      );
      await db.run(
        `INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows, repository, pull_request, base_branch)
         SELECT r.team_id, sha256(convert_to(r.id::text, 'UTF8')), r.id, r.created_at, sha256('x'), $3::int, $4::int, r.repository,
           CASE WHEN r.kind = 'merge' THEN 7 END, CASE WHEN r.kind = 'merge' THEN 'main' END
         FROM test_runs r WHERE r.team_id = $1::uuid AND ${inMonth('r')}`,
        [fill.teamId, months, fill.tests, fill.files],
      );
      await db.run(
        `INSERT INTO test_results (team_id, test_run_id, test_name, test_file, test_function, outcome, duration_seconds, error_message,
           error_traceback, failure_signature, created_at, line_id, attempts)
         SELECT r.team_id, r.id, name, split_part(name, '::', 1), split_part(name, '::', 2), outcome, 0.001 * (h % 5000),
           CASE WHEN red THEN 'AssertionError: assert ' || h END, CASE WHEN red THEN left(repeat(md5(h::text), 100), $4::int) END,
           CASE WHEN red THEN 'md5:' || md5((h % 3)::text) END, r.created_at,
           CASE WHEN t % 5 <> 0 THEN r.line_id END, CASE WHEN h % 50 = 1 AND NOT red THEN 2 END
         FROM test_runs r CROSS JOIN LATERAL (
           SELECT t, h, 'tests/unit/some_package/test_module_' || lpad((t / 20)::text, 3, '0') || '.py::TestSomething::test_what_it_does_' || t AS name,
             CASE h % 40 WHEN 0 THEN 'failed' WHEN 1 THEN 'error' WHEN 2 THEN 'skipped' WHEN 3 THEN 'xfailed' WHEN 4 THEN 'xpassed' ELSE 'passed' END AS outcome,
             h % 40 < 2 AS red
           FROM (SELECT t, abs(hashtext(r.id::text || t)) AS h FROM generate_series(1, $3::int) AS t OFFSET 0) AS s) AS t
         WHERE r.team_id = $1::uuid AND ${inMonth('r')}`,
        [fill.teamId, months, fill.tests, fill.tracebackBytes ?? 100],
      );
      await db.run(
        `INSERT INTO coverage_data (team_id, test_run_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent,
           covered_lines, missing_lines, total_branches, covered_branches, lane, created_at)
         SELECT r.team_id, r.id, 400, 300 + h, 100 - h, 'src/some_package/module_' || f || '.py', round((300 + h) / 4.0, 2),
           ARRAY(SELECT generate_series(1, 400)), ARRAY(SELECT generate_series(401, 480)), 40, 30, r.lane, r.created_at
         FROM test_runs r CROSS JOIN LATERAL (
           SELECT f, abs(hashtext(r.id::text || f)) % 100 AS h FROM generate_series(1, $3::int) AS f) AS f
         WHERE r.team_id = $1::uuid AND ${inMonth('r')}`,
        [fill.teamId, months, fill.files],
      );
    });
  }
}

const inMonth = (row: string): string =>
  `${row}.created_at >= date_trunc('month', now()) - make_interval(months => $2::int)
     AND ${row}.created_at < date_trunc('month', now()) - make_interval(months => $2::int - 1)`;

/** A line of sums as text: equal for equal sums. */
export type Sum = string;

/** What is expected of all results before a time, counted row by row. */
export async function expectedSums(db: Database, until: Date): Promise<Sum[]> {
  const rows = await rowsIn<Record<string, string | number | null>>(
    db,
    `SELECT t.team_id, coalesce(t.line_id, r.line_id) AS line_id, to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, t.test_name, t.outcome,
       t.attempts, round(t.duration_seconds * 1000)::int AS ms, t.failure_signature, t.created_at::text AS at, r.tested_git_sha AS sha,
       r.git_branch AS branch, r.kind
     FROM test_results t LEFT JOIN test_runs r ON r.id = t.test_run_id AND r.created_at = t.created_at AND r.team_id = t.team_id
     WHERE t.created_at < $1 ORDER BY t.created_at`,
    [until],
  );
  type Tally = {
    counts: Record<string, number | undefined>;
    ms: number;
    last: string;
    outcomes: Map<string, Set<string>>;
  };
  const tallies = new Map<string, Tally>();
  for (const row of rows) {
    const onBase = row.kind === 'head' && row.branch === 'main';
    const key = [row.team_id, row.line_id, row.month, row.test_name, onBase].join(' ');
    const tally: Tally = tallies.get(key) ?? { counts: {}, ms: 0, last: 'never', outcomes: new Map() };
    tallies.set(key, tally);
    const outcome = String(row.outcome);
    tally.counts[outcome] = (tally.counts[outcome] ?? 0) + 1;
    tally.ms += Number(row.ms ?? 0);
    const isRed = outcome === 'failed' || outcome === 'error';
    if (isRed) tally.last = `${row.failure_signature}`;
    const seen = tally.outcomes.get(String(row.sha)) ?? new Set();
    tally.outcomes.set(String(row.sha), seen);
    if (isRed) seen.add('red');
    if (outcome === 'passed') seen.add('green');
    if (outcome === 'passed' && Number(row.attempts) > 1) seen.add('red');
  }
  return [...tallies]
    .map(([key, { counts, ms, last, outcomes }]) => {
      const of = (outcome: string) => counts[outcome] ?? 0;
      const runs = Object.values(counts).reduce<number>((all, one) => all + (one ?? 0), 0);
      const flaky = [...outcomes.values()].filter((seen) => seen.size === 2).length;
      return `${key} ${[runs, of('passed'), of('failed'), of('error'), of('skipped'), of('xfailed'), of('xpassed'), flaky].join('/')} ${(ms / 1000).toFixed(3)} ${last}`;
    })
    .sort();
}

/** What the database has summed. */
export async function storedSums(db: Database): Promise<Sum[]> {
  const rows = await rowsIn<{ sum: string }>(
    db,
    `SELECT concat_ws(' ', m.team_id, line_id, to_char(month, 'YYYY-MM'), test_name, CASE WHEN on_base THEN 'true' ELSE 'false' END,
       concat_ws('/', runs, passed, failed, errors, skipped, xfailed, xpassed, flaky), seconds, coalesce(last_failure_signature, 'never')) AS sum
     FROM test_months m JOIN test_names n ON n.team_id = m.team_id AND n.test_id = m.test_id`,
  );
  return rows.map(({ sum }) => sum).sort();
}

/** All coverage before a time, or all that was summed of it, as one text for each file, line, month and side. */
export async function coverageSums(db: Database, until: Date | undefined): Promise<Sum[]> {
  const rows = await rowsIn<{ sum: string }>(
    db,
    until === undefined
      ? `SELECT concat_ws(' ', line_id, to_char(month, 'YYYY-MM'), file_path, on_base, runs, total_statements, covered_statements, percent_sum,
           lowest_percent, highest_percent) AS sum FROM coverage_months ORDER BY 1`
      : `SELECT concat_ws(' ', r.line_id, to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM'), c.file_path, r.kind = 'head' AND r.git_branch = 'main',
           count(*), sum(total_statements), sum(covered_statements), sum(c.coverage_percent), min(c.coverage_percent), max(c.coverage_percent)) AS sum
         FROM coverage_data c JOIN test_runs r ON r.id = c.test_run_id WHERE c.created_at < $1
         GROUP BY r.line_id, to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM'), c.file_path, r.kind = 'head' AND r.git_branch = 'main' ORDER BY 1`,
    until === undefined ? [] : [until],
  );
  return rows.map(({ sum }) => sum).sort();
}
