// Writes docs/grafana/dashboard.json: `npm run generate:grafana`. Here, because a file of JSON has no types of its own that Grafana's could be
// checked against.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Dashboard, FieldConfigSource, Panel, VariableModel } from '@grafana/schema';

/** As docs/grafana/provisioning/datasources names it. */
const datasource = { type: 'grafana-postgresql-datasource', uid: 'lukhas' };

/** A condition on a row `r` of test_runs: what is chosen above the panels, and runs that are evidence. */
const chosen = [
  '$__timeFilter(r.created_at)',
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Grafana's own expression syntax
  "coalesce(r.repository, '-') IN (${repository:sqlstring})",
  "coalesce(r.git_branch, '-') IN (${branch:sqlstring})",
  "coalesce(r.job_name, '-') IN (${job:sqlstring})",
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: Grafana's own expression syntax
].join(' AND ');
/** As src/store/questions has it: strangers' runs and reports older than their commit count in no figure. */
const counted = `${chosen} AND coalesce(r.origin, CASE WHEN r.git_branch LIKE '%:%' THEN 'stranger' ELSE '' END) <> 'stranger' AND r.stale IS NOT TRUE`;
const results =
  'FROM test_runs r JOIN test_results x ON x.team_id = r.team_id AND x.test_run_id = r.id AND x.created_at = r.created_at';

type Options = Readonly<Record<string, unknown>>;
interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

let lastId = 0;

function panel(
  type: 'stat' | 'timeseries' | 'table',
  title: string,
  gridPos: Place,
  rawSql: string,
  fieldConfig: FieldConfigSource = { defaults: {}, overrides: [] },
  options: Options = {},
): Panel {
  return {
    id: ++lastId,
    type,
    title,
    datasource,
    gridPos,
    fieldConfig,
    options,
    targets: [
      {
        refId: 'A',
        datasource,
        editorMode: 'code',
        rawQuery: true,
        format: type === 'timeseries' ? 'time_series' : 'table',
        rawSql,
      },
    ],
  };
}

const percent = { defaults: { unit: 'percent', min: 0, max: 100, decimals: 1 }, overrides: [] };
const seconds = { defaults: { unit: 's', min: 0 }, overrides: [] };
const oneNumber = {
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  colorMode: 'value',
};

function variable(name: string, label: string, column: string): VariableModel {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: `SELECT DISTINCT coalesce(r.${column}, '-') FROM test_runs r WHERE $__timeFilter(r.created_at) ORDER BY 1`,
    // On a change of the range: names of runs that are in it.
    refresh: 2,
    sort: 0,
    multi: true,
    includeAll: true,
    current: { text: ['All'], value: ['$__all'] },
  };
}

export const dashboard: Dashboard = {
  uid: 'lukhas-ingest',
  title: 'pytest runs',
  description: 'Runs, tests, coverage and known failures as lukhas-ingest stores them, of one team.',
  tags: ['pytest', 'lukhas-ingest'],
  schemaVersion: 42,
  version: 1,
  editable: true,
  timezone: 'browser',
  time: { from: 'now-30d', to: 'now' },
  refresh: '',
  templating: {
    list: [
      variable('repository', 'Repository', 'repository'),
      variable('branch', 'Branch', 'git_branch'),
      variable('job', 'Job', 'job_name'),
    ],
  },
  panels: [
    panel(
      'stat',
      'Runs',
      { x: 0, y: 0, w: 6, h: 4 },
      `SELECT count(*) AS "runs" FROM test_runs r WHERE ${counted}`,
      undefined,
      oneNumber,
    ),
    panel(
      'stat',
      'Runs without a failure',
      { x: 6, y: 0, w: 6, h: 4 },
      // An incomplete run is not green.
      `SELECT 100.0 * count(*) FILTER (WHERE coalesce(r.failed, 0) + coalesce(r.errors, 0) = 0 AND r.incomplete IS NOT TRUE AND r.total_tests > 0) / nullif(count(*), 0) AS "green runs" FROM test_runs r WHERE ${counted}`,
      percent,
      oneNumber,
    ),
    panel(
      'stat',
      'Failures',
      { x: 12, y: 0, w: 6, h: 4 },
      `SELECT coalesce(sum(coalesce(r.failed, 0) + coalesce(r.errors, 0)), 0) AS "failures" FROM test_runs r WHERE ${counted}`,
      undefined,
      oneNumber,
    ),
    panel(
      'stat',
      'Time spent in tests',
      { x: 18, y: 0, w: 6, h: 4 },
      `SELECT coalesce(sum(r.duration_seconds), 0) AS "seconds" FROM test_runs r WHERE ${counted}`,
      seconds,
      oneNumber,
    ),
    panel(
      'timeseries',
      'Tests that pass, of those that ran',
      { x: 0, y: 4, w: 8, h: 8 },
      `SELECT date_trunc('day', r.created_at) AS "time", 100.0 * sum(r.passed) / nullif(sum(r.passed + coalesce(r.failed, 0) + coalesce(r.errors, 0)), 0) AS "passing" FROM test_runs r WHERE ${counted} GROUP BY 1 ORDER BY 1`,
      percent,
    ),
    panel(
      'timeseries',
      'Duration of a run',
      { x: 8, y: 4, w: 8, h: 8 },
      `SELECT date_trunc('day', r.created_at) AS "time", avg(r.duration_seconds) AS "mean", max(r.duration_seconds) AS "longest" FROM test_runs r WHERE ${counted} GROUP BY 1 ORDER BY 1`,
      seconds,
    ),
    panel(
      'timeseries',
      'Coverage',
      { x: 16, y: 4, w: 8, h: 8 },
      `SELECT date_trunc('day', r.created_at) AS "time", avg(r.coverage_percent) AS "coverage" FROM test_runs r WHERE ${counted} AND r.coverage_percent IS NOT NULL GROUP BY 1 ORDER BY 1`,
      percent,
    ),
    panel(
      'table',
      'Newest runs',
      { x: 0, y: 12, w: 24, h: 9 },
      `SELECT r.created_at AS "began", r.repository AS "repository", r.git_branch AS "branch", left(r.git_sha, 8) AS "commit", r.job_name AS "job", r.total_tests AS "tests", r.passed AS "passed", coalesce(r.failed, 0) + coalesce(r.errors, 0) AS "failed", r.incomplete AS "incomplete", r.duration_seconds AS "seconds", r.coverage_percent AS "coverage", r.id::text AS "run" FROM test_runs r WHERE ${chosen} ORDER BY r.created_at DESC LIMIT 50`,
    ),
    panel(
      'table',
      'Tests that fail most',
      { x: 0, y: 21, w: 12, h: 9 },
      `SELECT x.test_name AS "test", count(*) AS "failures", count(DISTINCT r.git_branch) AS "branches", mode() WITHIN GROUP (ORDER BY x.error_type) AS "error", max(r.created_at) AS "last" ${results} WHERE ${counted} AND x.outcome IN ('failed', 'error') GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`,
    ),
    panel(
      'table',
      'Where the time goes',
      { x: 12, y: 21, w: 12, h: 9 },
      `SELECT x.test_name AS "test", sum(x.duration_seconds) AS "seconds in all", avg(x.duration_seconds) AS "mean", max(x.duration_seconds) AS "longest" ${results} WHERE ${counted} AND x.duration_seconds > 0 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`,
    ),
    panel(
      'table',
      'Least covered files of the newest run with coverage',
      { x: 0, y: 30, w: 12, h: 9 },
      `SELECT c.file_path AS "file", c.coverage_percent AS "coverage", c.missing_statements AS "statements missing" FROM coverage_data c JOIN (SELECT r.team_id, r.id, r.created_at FROM test_runs r WHERE ${counted} AND r.coverage_percent IS NOT NULL ORDER BY r.created_at DESC LIMIT 1) AS n ON c.team_id = n.team_id AND c.test_run_id = n.id AND c.created_at = n.created_at ORDER BY 2, 3 DESC, 1 LIMIT 50`,
    ),
    panel(
      'table',
      'Known failures',
      { x: 12, y: 30, w: 12, h: 9 },
      // What nobody accepted is not known.
      `SELECT h.test_name AS "test", h.root_cause AS "cause", h.solution AS "solution", h.confidence AS "confidence", h.success_count AS "worked", h.failure_count AS "failed", h.last_applied AS "last applied" FROM healix_memories h WHERE h.deleted_at IS NULL AND h.state = 'active' ORDER BY h.confidence DESC NULLS LAST, h.success_count DESC NULLS LAST, h.id LIMIT 50`,
    ),
  ],
};

const file = fileURLToPath(new URL('../docs/grafana/dashboard.json', import.meta.url));

/** The file's text. */
export const dashboardJson = `${JSON.stringify(dashboard, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, dashboardJson);
