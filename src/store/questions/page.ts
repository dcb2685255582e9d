// What the page shows, as facts: which repositories there are, the runs of one, their cells, texts, coverage. A few statements
// however many runs there are. Decides nothing: what is flaky, new or known is asked of the judge.
import type { FileLines, NumberedFailure, Outcome, RunFigures, RunOrigin } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { bareRepository, repositoryNames, sameHost } from '../schema/repository.ts';

/** A repository that has runs. */
export interface StoredRepository {
  /** In lower case, without its host; undefined: its runs name none. */
  readonly name: string | undefined;
  readonly host: string | undefined;
  readonly runs: number;
  readonly newest: Date;
}

/** So many of the team's newest runs are looked at. */
const mostRunsSearched = 20_000;

/** The repositories of the team's newest runs, the one with the newest run first. */
export async function listRepositories(db: Database, access: Access): Promise<readonly StoredRepository[]> {
  const rows = await inTeam(db, access, () =>
    db.query<{ name: string | null; host: string | null; runs: number; newest: Date }>(
      `SELECT r.name, r.host, count(*)::int AS runs, max(r.created_at) AS newest FROM (
         SELECT ${bareRepository('r')} AS name, r.repository_host AS host, r.created_at
         FROM test_runs r WHERE r.team_id = $1 ORDER BY r.created_at DESC LIMIT ${mostRunsSearched}) AS r
       GROUP BY r.name, r.host ORDER BY max(r.created_at) DESC, r.name LIMIT 1000`,
      [access.team.id],
    ),
  );
  return rows.map(({ name, host, runs, newest }) => ({
    name: name ?? undefined,
    host: host ?? undefined,
    runs,
    newest,
  }));
}

export interface PageRunsQuery {
  /** As `listRepositories` tells it. */
  readonly repository: Pick<StoredRepository, 'name' | 'host'>;
  readonly since: Date;
  readonly most: number;
}

/** One run, as a column of the page's grid. */
export interface PageRun extends RunFigures {
  readonly createdAt: Date;
  readonly project: string | undefined;
  readonly origin: RunOrigin;
  /** Files that differed from the commit. */
  readonly dirty: number | undefined;
  readonly isStale: boolean;
  readonly hasMatriz: boolean;
}

/** Runs of a repository, the newest first, and how many there are in the time asked for. */
export async function readPageRuns(
  db: Database,
  access: Access,
  { repository, since, most }: PageRunsQuery,
): Promise<{ readonly runs: readonly PageRun[]; readonly total: number }> {
  const rows = await inTeam(db, access, () =>
    db.query<RunRow>(
      `WITH here AS MATERIALIZED (SELECT $2::text AS repository, $3::text AS repository_host),
         names AS MATERIALIZED (SELECT ${repositoryNames('here')} AS names FROM here)
       SELECT r.*, u.pull_request, u.workflow_run_id FROM (
         SELECT r.id, r.created_at, r.git_sha, r.git_branch, r.job_name, r.lane, r.project, r.dirty,
           coalesce(r.stale, false) AS stale, r.incomplete, r.ci_system, r.total_tests, coalesce(r.passed, 0) AS passed,
           coalesce(r.failed, 0) AS failed, coalesce(r.errors, 0) AS errors, coalesce(r.skipped, 0) AS skipped,
           r.duration_seconds::float8 AS seconds, r.coverage_percent::float8 AS coverage,
           left(split_part(r.git_commit_message, E'\\n', 1), 200) AS message, r.matriz_analysis IS NOT NULL AS matriz,
           coalesce(r.origin, CASE WHEN r.git_branch LIKE '%:%' THEN 'stranger' WHEN r.ci_system = 'local' THEN 'local' ELSE 'team' END) AS origin,
           count(*) OVER ()::int AS total
         FROM test_runs r CROSS JOIN here
         WHERE r.team_id = $1 AND r.created_at >= $4
           AND CASE WHEN r.repository IS NULL THEN $6 OR here.repository IS NULL
             ELSE lower(r.repository) = ANY ((SELECT names FROM names)::text[]) AND ${sameHost('r.repository_host', 'here.repository_host')} END
         ORDER BY r.created_at DESC, r.id DESC LIMIT $5) AS r
       LEFT JOIN LATERAL (
         SELECT u.pull_request, u.workflow_run_id FROM ingest_uploads u WHERE u.team_id = $1 AND u.run_id = r.id LIMIT 1
       ) AS u ON true
       ORDER BY r.created_at DESC, r.id DESC`,
      [access.team.id, repository.name ?? null, repository.host ?? null, since, most, db.embedded],
    ),
  );
  return {
    total: rows[0]?.total ?? 0,
    runs: rows.map((row) => ({
      runId: row.id,
      createdAt: row.created_at,
      gitSha: row.git_sha ?? undefined,
      branch: row.git_branch ?? undefined,
      jobName: row.job_name ?? undefined,
      lane: row.lane ?? undefined,
      project: row.project ?? undefined,
      origin: row.origin,
      dirty: row.dirty ?? undefined,
      isStale: row.stale,
      isIncomplete: row.incomplete,
      ciSystem: row.ci_system ?? undefined,
      pullRequest: row.pull_request ?? undefined,
      workflowRunId: row.workflow_run_id ?? undefined,
      tests: row.total_tests,
      passed: row.passed,
      failed: row.failed,
      errors: row.errors,
      skipped: row.skipped,
      seconds: row.seconds ?? undefined,
      coveragePercent: row.coverage ?? undefined,
      message: row.message ?? undefined,
      hasMatriz: row.matriz,
    })),
  };
}

interface RunRow extends Row {
  readonly id: string;
  readonly created_at: Date;
  readonly git_sha: string | null;
  readonly git_branch: string | null;
  readonly job_name: string | null;
  readonly lane: string | null;
  readonly project: string | null;
  readonly origin: RunOrigin;
  readonly dirty: number | null;
  readonly stale: boolean;
  readonly incomplete: boolean;
  readonly ci_system: string | null;
  readonly pull_request: number | null;
  readonly workflow_run_id: string | null;
  readonly total_tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly seconds: number | null;
  readonly coverage: number | null;
  readonly message: string | null;
  readonly matriz: boolean;
  readonly total: number;
}

/** One test in some runs. */
export interface TestCells {
  readonly testName: string;
  readonly testFile: string | undefined;
  /** Place of its project among those asked for. */
  readonly project: number;
  /** Place of the run among those asked for, outcome, and attempts that failed before. A test may be twice in one run. */
  readonly cells: readonly (readonly [run: number, outcome: Outcome, failedAttempts: number])[];
  /** Of its rows that ran and tell a duration. */
  readonly timed: number;
  readonly seconds: number;
  readonly slowest: number;
}

const outcomes: readonly Outcome[] = ['passed', 'failed', 'error', 'skipped', 'xfailed', 'xpassed'];

/**
 * All rows of some runs by test, in any order. For a hundred runs or so at once: one answer for all of them would be in memory as
 * a whole.
 *
 * @param runs with the place of each one's project
 */
export async function readCells(
  db: Database,
  access: Access,
  runs: readonly { readonly runId: string; readonly createdAt: Date; readonly project: number }[],
): Promise<readonly TestCells[]> {
  const [first] = runs;
  if (first === undefined) return [];
  const times = runs.map(({ createdAt }) => createdAt.getTime());
  const rows = await inTeam(db, access, () =>
    db.query<{
      test_name: string;
      test_file: string | null;
      project: number;
      cells: string;
      timed: number;
      seconds: number;
      slowest: number;
    }>(
      // Times as texts: the driver's arrays of dates would name the machine's time zone.
      // Names in the order of bytes: sorting them by a language's rules takes longer.
      `SELECT r.test_name COLLATE "C" AS test_name, min(r.test_file COLLATE "C") AS test_file, a.project,
         string_agg(((a.place - 1) * 64 + least(coalesce(r.attempts, 1) - 1, 7) * 8 + CASE r.outcome ${outcomes
           .map((outcome, code) => `WHEN '${outcome}' THEN ${code}`)
           .join(' ')} END)::text, ' ') AS cells,
         count(r.duration_seconds) FILTER (WHERE r.outcome <> 'skipped')::int AS timed,
         coalesce(sum(r.duration_seconds) FILTER (WHERE r.outcome <> 'skipped'), 0)::float8 AS seconds,
         coalesce(max(r.duration_seconds) FILTER (WHERE r.outcome <> 'skipped'), 0)::float8 AS slowest
       FROM unnest($2::uuid[], $3::timestamptz[], $4::int[]) WITH ORDINALITY AS a (id, created_at, project, place)
       JOIN test_results r ON r.team_id = $1 AND r.test_run_id = a.id AND r.created_at = a.created_at AND r.created_at BETWEEN $5 AND $6
       GROUP BY r.test_name COLLATE "C", a.project`,
      [
        access.team.id,
        runs.map(({ runId }) => runId),
        runs.map(({ createdAt }) => createdAt.toISOString()),
        runs.map(({ project }) => project),
        new Date(Math.min(...times)),
        new Date(Math.max(...times)),
      ],
    ),
  );
  return rows.map((row) => ({
    testName: row.test_name,
    testFile: row.test_file ?? undefined,
    project: row.project,
    cells: row.cells.split(' ').map((text) => {
      const cell = Number(text);
      return [cell >> 6, outcomes[cell & 7] ?? 'error', (cell >> 3) & 7] as const;
    }),
    timed: row.timed,
    seconds: row.seconds,
    slowest: row.slowest,
  }));
}

/** The first failures of a run in the order in which they are numbered, and how many there are. */
export async function readPageFailures(
  db: Database,
  access: Access,
  run: { readonly runId: string; readonly createdAt: Date },
  most: number,
): Promise<{ readonly failures: readonly NumberedFailure[]; readonly total: number }> {
  const rows = await inTeam(db, access, () =>
    db.query<Record<string, unknown>>(
      `SELECT r.test_name, r.test_file, r.outcome, r.failure_signature, r.error_type, left(r.error_message, 2000) AS message,
         right(r.error_traceback, 12000) AS traceback, row_number() OVER (ORDER BY r.id)::int AS number, count(*) OVER ()::int AS total
       FROM test_results r
       WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = $3 AND r.test_run_id IS NOT DISTINCT FROM $2
       ORDER BY r.id LIMIT $4`,
      [access.team.id, run.runId, run.createdAt, most],
    ),
  );
  return {
    total: Number(rows[0]?.total ?? 0),
    failures: rows.map((row) => ({
      testName: String(row.test_name),
      testFile: textOf(row.test_file),
      outcome: row.outcome === 'error' ? 'error' : 'failed',
      number: Number(row.number),
      failureSignature: textOf(row.failure_signature),
      errorType: textOf(row.error_type),
      message: textOf(row.message),
      traceback: textOf(row.traceback),
    })),
  };
}

/** The coverage of a run by file; files with most missing statements first. */
export async function readPageCoverage(
  db: Database,
  access: Access,
  run: { readonly runId: string; readonly createdAt: Date },
  most: number,
): Promise<{ readonly files: readonly FileLines[]; readonly total: number }> {
  const rows = await inTeam(db, access, () =>
    db.query<Record<string, unknown>>(
      `SELECT file_path, coverage_percent::float8 AS percent, total_statements, covered_statements, coalesce(total_branches, 0) AS branches,
         coalesce(covered_branches, 0) AS covered_branches, array_to_string(covered_lines, ' ') AS covered, array_to_string(missing_lines, ' ') AS missing,
         count(*) OVER ()::int AS total
       FROM coverage_data WHERE team_id = $1 AND test_run_id = $2 AND created_at = $3
       ORDER BY missing_statements DESC, file_path LIMIT $4`,
      [access.team.id, run.runId, run.createdAt, most],
    ),
  );
  return {
    total: Number(rows[0]?.total ?? 0),
    files: rows.map((row) => ({
      filePath: String(row.file_path),
      percent: Number(row.percent),
      statements: Number(row.total_statements),
      covered: Number(row.covered_statements),
      branches: Number(row.branches),
      coveredBranches: Number(row.covered_branches),
      coveredLines: linesOf(row.covered),
      missingLines: linesOf(row.missing),
    })),
  };
}

function linesOf(text: unknown): number[] {
  return typeof text === 'string' && text !== '' ? text.split(' ').map(Number) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
