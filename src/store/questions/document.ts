// The eight questions of the schema document, with the corrections of docs/schema-document.md: each names its team, so that it asks the
// same of whoever sees all rows, and "now" is a parameter, so that it can be asked of a backup.

/** What a question is asked with, in the order of its parameters. */
export type Asked = 'team' | 'now' | 'run' | 'file' | 'test' | 'signature';

export interface DocumentQuestion {
  readonly name: string;
  /** Whom the rights let ask: a team's own login, or a back end's. */
  readonly reader: 'lukhas_ingest' | 'lukhas_service';
  readonly params: readonly Asked[];
  readonly sql: string;
}

export const documentQuestions: readonly DocumentQuestion[] = [
  {
    name: 'recent runs',
    reader: 'lukhas_ingest',
    params: ['team', 'now'],
    sql: `SELECT id, total_tests, passed, failed, coverage_percent, duration_seconds, created_at FROM test_runs
      WHERE team_id = $1 AND created_at > $2::timestamptz - interval '7 days' ORDER BY created_at DESC, id LIMIT 20`,
  },
  {
    name: 'results of a run',
    reader: 'lukhas_ingest',
    params: ['team', 'run'],
    sql: `SELECT test_name, outcome, duration_seconds, error_message, markers FROM test_results
      WHERE team_id = $1 AND test_run_id = $2 AND created_at = lukhas_run_ts($2)
      ORDER BY CASE outcome WHEN 'failed' THEN 1 WHEN 'error' THEN 2 WHEN 'skipped' THEN 3 WHEN 'passed' THEN 4 ELSE 5 END, test_name, id`,
  },
  {
    name: 'changes that Guardian blocked',
    reader: 'lukhas_service',
    params: ['team'],
    sql: `SELECT pr_number, git_branch, created_at, matriz_analysis->'stars'->'guardian' AS guardian_review FROM consciousness_reviews
      WHERE team_id = $1 AND guardian_status = 'BLOCKED' ORDER BY created_at DESC, id LIMIT 50`,
  },
  {
    name: 'coverage of a file',
    reader: 'lukhas_ingest',
    params: ['team', 'file', 'now'],
    sql: `SELECT date_trunc('day', created_at) AS date, avg(coverage_percent) AS avg_coverage, count(*) AS runs FROM coverage_data
      WHERE team_id = $1 AND file_path = $2 AND created_at > $3::timestamptz - interval '30 days'
      GROUP BY date_trunc('day', created_at) ORDER BY date DESC`,
  },
  {
    name: 'the memory of a failure',
    reader: 'lukhas_ingest',
    params: ['team', 'test', 'signature'],
    sql: `SELECT id, root_cause, solution, confidence, success_count, failure_count, auto_fix_code FROM healix_memories
      WHERE team_id = $1 AND test_name = $2 AND failure_signature = $3 AND deleted_at IS NULL
      ORDER BY confidence DESC NULLS LAST, success_count DESC NULLS LAST, id LIMIT 1`,
  },
  {
    name: 'activity of people',
    reader: 'lukhas_service',
    params: ['team', 'now'],
    sql: `SELECT u.lambda_id, u.display_name, u.last_login_at, (
        SELECT count(*) FROM test_runs tr
        WHERE tr.team_id = u.team_id AND tr.lambda_id = u.lambda_id AND tr.created_at > $2::timestamptz - interval '7 days') AS recent_test_runs
      FROM users u WHERE u.team_id = $1 AND u.deleted_at IS NULL ORDER BY u.last_login_at DESC NULLS LAST, u.lambda_id`,
  },
  {
    name: 'use by month',
    reader: 'lukhas_ingest',
    params: ['team', 'now'],
    // Days and months in UTC. The first day of the twelve months is counted run by run, as the document's condition cuts it.
    sql: `WITH first AS (SELECT $2::timestamptz - interval '12 months' AS at), whole AS (
        SELECT at, ((at AT TIME ZONE 'UTC')::date + 1) AS day FROM first)
      SELECT date_trunc('month', d.day::timestamp) AT TIME ZONE 'UTC' AS month, sum(d.runs) AS total_runs, sum(d.tests) AS total_tests,
        sum(d.coverage_sum) / NULLIF(sum(d.covered_runs), 0) AS avg_coverage, sum(d.failed_runs) AS failed_runs
      FROM (
        SELECT d.day, d.runs, d.tests, d.coverage_sum, d.covered_runs, d.failed_runs FROM run_days d
        WHERE d.team_id = $1 AND d.git_branch IS NULL AND d.runs > 0 AND d.day >= (SELECT day FROM whole)
        UNION ALL
        SELECT (r.created_at AT TIME ZONE 'UTC')::date, 1, r.total_tests, coalesce(r.coverage_percent, 0), (r.coverage_percent IS NOT NULL)::int,
          (coalesce(r.failed, 0) > 0)::int
        FROM test_runs r WHERE r.team_id = $1 AND r.created_at > (SELECT at FROM whole) AND r.created_at < (SELECT day::timestamp AT TIME ZONE 'UTC' FROM whole)
      ) AS d GROUP BY 1 ORDER BY month DESC`,
  },
  {
    name: 'success of memories',
    reader: 'lukhas_ingest',
    params: ['team'],
    sql: `SELECT test_name, solution_type, confidence, success_count, failure_count,
        round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3) AS success_rate, matriz_star FROM healix_memories
      WHERE team_id = $1 AND success_count + failure_count >= 5 AND deleted_at IS NULL
      ORDER BY success_rate DESC, confidence DESC NULLS LAST, id LIMIT 20`,
  },
];
