// A made history for questions, by one seed and written on the server itself: a suite in shards, some of its tests flaky, breaks that
// come and go, an outage, a fork's runs, coverage, memories, reviews and people.
import type { Database } from '../../src/store/database/port.ts';
import { scriptIn } from './sql.ts';

export interface HistorySize {
  /** Distinct tests; each is in one shard. */
  readonly tests: number;
  readonly runs: number;
  /** Jobs that the suite is split into: each run is of one. */
  readonly shards: number;
  /** The runs lie evenly in so many days before now. */
  readonly days: number;
  /** Files with coverage in each run that has some. */
  readonly files: number;
  readonly memories: number;
  readonly reviews: number;
}

export const smallHistory: HistorySize = {
  tests: 60,
  runs: 120,
  shards: 2,
  days: 40,
  files: 4,
  memories: 12,
  reviews: 8,
};

const areas = ['cart', 'catalog', 'orders', 'payments', 'search', 'shipping', 'stock', 'users'];
const nouns = [
  ...['prices', 'vouchers', 'refunds', 'labels', 'invoices', 'sessions', 'filters', 'limits', 'imports'],
  ...['mails', 'totals', 'events', 'rights'],
];
const words = [
  'is_kept',
  'is_shown',
  'is_refused',
  'is_sent_once',
  'has_no_gap',
  'can_be_undone',
  'is_logged',
];
const sqlArray = (list: readonly string[]) => `(ARRAY['${list.join("','")}'])`;

/** A test's file and node id by its number. */
const fileSql = (t: string) =>
  `'tests/' || ${sqlArray(areas)}[1 + ${t} % ${areas.length}] || '/test_' || ${sqlArray(nouns)}[1 + ${t} % ${nouns.length}] || '.py'`;
const nameSql = (t: string) =>
  `${fileSql(t)} || '::test_' || ${sqlArray(words)}[1 + ${t} % ${words.length}] || '_' || ${t} || CASE WHEN ${t} % 11 = 0 THEN '[a-' || ${t} || ']' ELSE '' END`;

/** The node id of the test with a number. */
export function testNameOf(t: number): string {
  const of = (list: readonly string[]) => list[t % list.length];
  return `tests/${of(areas)}/test_${of(nouns)}.py::test_${of(words)}_${t}${t % 11 === 0 ? `[a-${t}]` : ''}`;
}

/** A share between 0 and 1 by two numbers, the same on every server. */
const share = (a: string, b: string, seed: number) =>
  `((hashint8extended((${a})::bigint * 1000003 + (${b}), ${seed}) & 2147483647) / 2147483648.0)`;

/** The months of the runs have to be there. Run by an administrator. */
export async function fillQuestions(
  admin: Database,
  team: string,
  size: HistorySize,
  seed = 14,
): Promise<void> {
  const { tests, runs, shards, days, files, memories, reviews } = size;
  await scriptIn(
    admin,
    `
    CREATE TEMP TABLE r ON COMMIT DROP AS
    SELECT n, commit, shard, at, branch, is_fork,
      -- Shaped as the ids that uploads make: the time comes first.
      (lpad(to_hex(round(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5('run ' || n || '${team}'), 1, 3) || '8' || substr(md5('run ' || n || '${team}'), 4, 15))::uuid AS id,
      md5('commit ' || branch || commit) || '00000000' AS sha, md5('commit ' || branch || commit - 1) || '00000000' AS parent,
      (md5('line ' || shard))::uuid AS line
    FROM (
      SELECT n, (n - 1) / ${shards} AS commit, (n - 1) % ${shards} AS shard,
        date_trunc('milliseconds', now() - interval '1 hour' - (${runs} - n) * (interval '${days} days' / ${runs})) AS at,
        CASE WHEN (n - 1) / ${shards} % 20 = 19 THEN 'ann:patch-' || n % 7 WHEN ${share(`(n - 1) / ${shards}`, '1', seed)} < 0.6 THEN 'main'
          ELSE 'feature/' || (n - 1) / ${shards} % 13 END AS branch,
        (n - 1) / ${shards} % 20 = 19 AS is_fork
      FROM generate_series(1, ${runs}) AS n) AS r;
    INSERT INTO users (lambda_id, team_id, email, display_name, last_login_at)
    SELECT 'lambda-' || n || substr('${team}', 1, 8), '${team}', n || substr('${team}', 1, 8) || '@example.com', 'Person ' || n,
      CASE WHEN n > 1 THEN now() - n * interval '1 day' END FROM generate_series(1, 3) AS n;
    CREATE TEMP TABLE x ON COMMIT DROP AS
    SELECT r.id AS run, r.n, r.at, t, r.line, f.kind,
      ${nameSql('t')} AS name,
      CASE f.kind WHEN 'passed' THEN 'passed' WHEN 'skipped' THEN 'skipped' ELSE 'failed' END AS outcome,
      round((0.01 + 2 * ${share('t', '7', seed)} * ${share('t', 'r.n', seed + 1)} * CASE WHEN t % 50 = 0 THEN 20 ELSE 1 END)::numeric, 3) AS seconds
    FROM r CROSS JOIN generate_series(0, ${tests - 1}) AS t CROSS JOIN LATERAL (SELECT CASE
        -- The database of the tests was away in one run.
        WHEN r.n = ${Math.floor(runs * 0.7)} AND t % 10 < 9 THEN 'outage'
        -- One fixture broke a tenth of the tests of a week on main.
        WHEN r.branch = 'main' AND t % 40 = 3 AND r.n > ${Math.floor(runs * 0.85)} THEN 'fixture'
        WHEN r.branch = 'feature/3' AND t % 17 = 5 THEN 'break'
        WHEN t % 4 = 1 AND ${share('t', 'r.n', seed + 2)} < 0.02 + 0.08 * ${share('t', '3', seed)} THEN 'flake'
        WHEN t % 29 = 28 THEN 'skipped'
        ELSE 'passed' END AS kind) AS f
    WHERE t % ${shards} = r.shard;
    INSERT INTO test_runs (id, team_id, lambda_id, total_tests, passed, failed, skipped, errors, coverage_percent, duration_seconds, lane, ci_system, git_sha,
      git_branch, created_at, repository, repository_host, project, job_name, line_id, tested_git_sha, parents, committed_at, kind, origin, dirty, stale)
    SELECT r.id, '${team}', CASE WHEN r.n % 3 = 0 THEN 'lambda-' || 1 + r.n % 2 || substr('${team}', 1, 8) END, c.total, c.passed, c.failed, c.skipped, 0,
      CASE WHEN r.n % 2 = 0 THEN round((80 + 5.0 * r.n / ${runs})::numeric, 2) END, c.seconds, NULL, 'github_actions', r.sha, r.branch, r.at, 'acme/shop', 'github.com', '.',
      'tests (' || r.shard + 1 || ')', r.line, r.sha, ARRAY[r.parent], r.at - interval '10 minutes', 'head',
      CASE WHEN r.is_fork THEN 'stranger' ELSE 'team' END, 0, false
    FROM r JOIN (
      SELECT run, count(*) AS total, count(*) FILTER (WHERE outcome = 'passed') AS passed, count(*) FILTER (WHERE outcome = 'failed') AS failed,
        count(*) FILTER (WHERE outcome = 'skipped') AS skipped, sum(seconds) AS seconds FROM x GROUP BY run) AS c ON c.run = r.id;
    INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows, repository, workflow_run_id, run_attempt, job, uploaded_at)
    SELECT '${team}', sha256(convert_to('key ' || r.n || '${team}', 'UTF8')), r.id, r.at, sha256(convert_to('payload ' || r.n, 'UTF8')), 1, 0, 'acme/shop', (1000 + r.commit)::text, 1, 'tests', r.at
    FROM r;
    INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, test_class, test_function, outcome, duration_seconds,
      error_type, error_message, error_traceback, failure_signature, drift_signature, words_signature, statement, cause_key, markers)
    SELECT x.run, '${team}', x.at, x.line, x.name, split_part(x.name, '::', 1), NULL, split_part(split_part(x.name, '::', 2), '[', 1), x.outcome, x.seconds,
      CASE x.kind WHEN 'outage' THEN 'OperationalError' WHEN 'fixture' THEN 'RuntimeError' WHEN 'break' THEN 'AssertionError' WHEN 'flake' THEN 'TimeoutError' END,
      CASE x.kind WHEN 'outage' THEN 'connection to server at "db" failed' WHEN 'fixture' THEN 'RuntimeError: no licence for the sandbox'
        WHEN 'break' THEN 'assert 3 == 4' WHEN 'flake' THEN 'TimeoutError: no answer within 1.0 s' END,
      CASE WHEN x.outcome = 'failed' THEN '    def ' || split_part(split_part(x.name, '::', 2), '[', 1) || '(answer):' || E'\\n>       answer(timeout=1.0)\\n\\n' || split_part(x.name, '::', 1) || ':' || 10 + x.t % 90 || ': Error' END,
      CASE WHEN x.outcome = 'failed' THEN 'md5:' || md5(x.kind || x.t) END, CASE WHEN x.outcome = 'failed' THEN 'd1:' || md5('drift ' || x.kind || x.t) END,
      CASE WHEN x.outcome = 'failed' THEN 'w1:' || md5('words ' || x.kind || x.t) END, CASE WHEN x.outcome = 'failed' THEN 'answer(timeout=1.0)' END,
      CASE x.kind WHEN 'outage' THEN 'c1:' || md5('outage') || ' tests/conftest.py:12' WHEN 'fixture' THEN 'c1:' || md5('fixture') || ' tests/conftest.py:33' END, '{}'
    FROM x;
    INSERT INTO coverage_data (test_run_id, team_id, created_at, file_path, total_statements, covered_statements, missing_statements, coverage_percent,
      covered_lines, missing_lines)
    SELECT r.id, '${team}', r.at, 'src/shop/module_' || f || '.py', 40, 40 - c.missing, c.missing, round(100.0 * (40 - c.missing) / 40, 2),
      ARRAY(SELECT generate_series(1, 40 - c.missing)), ARRAY(SELECT generate_series(41 - c.missing, 40))
    FROM r CROSS JOIN generate_series(1, ${files}) AS f CROSS JOIN LATERAL (SELECT (f + r.n / 10) % 12 AS missing) AS c WHERE r.n % 2 = 0;
    INSERT INTO healix_memories (team_id, test_name, failure_signature, drift_signature, confidence, solution, solution_type, root_cause, success_count, failure_count)
    SELECT '${team}', ${nameSql('t')}, 'md5:' || md5('flake' || t),
      'd1:' || md5('drift flake' || t), (m % 100) / 100.0, 'Raise the timeout', 'config', 'The service is slow', m % 50, m % 7
    FROM (SELECT m, 4 * m + 1 AS t FROM generate_series(1, ${memories}) AS m) AS m;
    INSERT INTO consciousness_reviews (team_id, pr_number, git_sha, git_branch, matriz_analysis, overall_status, consciousness_score, created_at)
    SELECT '${team}', n, md5('review ' || n) || '00000000', 'feature/' || n % 13,
      jsonb_build_object('stars', jsonb_build_object('guardian', jsonb_build_object('status', CASE WHEN n % 4 = 0 THEN 'BLOCKED' ELSE 'PASSED' END, 'reason', 'secret in tests/' || n))),
      CASE WHEN n % 4 = 0 THEN 'BLOCKED' ELSE 'PASSED' END, 50 + n % 50, now() - n * interval '1 hour' FROM generate_series(1, ${reviews}) AS n`,
  );
}
