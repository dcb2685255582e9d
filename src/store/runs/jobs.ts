// Reads the jobs of one commit: its runs, what failed in them, and which had no report.
import type { Totals } from '../../model.ts';
import type { SeveralReports } from '../../report-counts.ts';
import type { Database } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { matrizEnabled } from './matriz.ts';
import { mostReportBytes, readReports } from './report-counts.ts';

/** What the jobs of one commit have in common. */
export interface CommitQuery {
  readonly repository: string | undefined;
  readonly pullRequest: number | undefined;
  readonly gitSha: string | undefined;
  readonly gitBranch: string | undefined;
}

/** What tells the uploads of one commit apart. */
export interface StoredJobIdentity {
  readonly jobName: string | undefined;
  readonly lane: string | undefined;
  readonly workflow: string | undefined;
  readonly step: string | undefined;
  readonly checkRunId: number | undefined;
  readonly workflowRunId: string | undefined;
  readonly runAttempt: number | undefined;
  /** SHA-256 of its reports in hex; undefined where it had none. */
  readonly payloadSha256: string | undefined;
}

/** A run of the commit. */
export interface StoredRunJob extends StoredJobIdentity {
  readonly runId: string;
  readonly createdAt: Date;
  readonly totals: Totals;
  /** pytest's rootdir, seen from the repository's root; `.` for the root itself, undefined where it is not known. */
  readonly project: string | undefined;
  /** It had several reports, and what each of them holds is stored. */
  readonly hasReports: boolean;
  /** Tests of it are missing. */
  readonly incomplete: boolean;
}

/** A step of the commit that had no report. */
export interface StoredMissingJob extends StoredJobIdentity {
  readonly runId: undefined;
  /** The stored upload key in hex. */
  readonly key: string;
  readonly reason: string;
}

export type StoredJob = StoredRunJob | StoredMissingJob;

/** A failure with its stored texts; of a long traceback the end. */
export interface StoredFailureText {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: string;
  readonly failureSignature: string | undefined;
  readonly message: string | undefined;
  readonly traceback: string | undefined;
}

export interface LeastCovered {
  readonly filePath: string;
  readonly coveragePercent: number;
  readonly missingStatements: number;
}

/** A workflow's matrix makes at most 256, and each may be attempted again. */
const mostJobs = 1000;

/**
 * What every attempt of every job and step stored for a commit, also that it had no report; the latest first. Which of them
 * stand is not decided here.
 */
export async function listJobs(db: Database, access: Access, commit: CommitQuery): Promise<StoredJob[]> {
  const rows = await inTeam(db, access, () =>
    db.query<Record<string, unknown>>(
      `SELECT r.id, r.created_at, r.job_name, r.lane, r.total_tests, r.passed, r.failed, r.skipped, r.errors, r.incomplete,
         r.duration_seconds::float8 AS seconds, r.coverage_percent::float8 AS coverage, u.workflow, u.step, u.check_run_id,
         u.workflow_run_id, u.run_attempt, encode(u.payload_sha256, 'hex') AS payload, r.report_counts IS NOT NULL AS has_reports,
         NULL AS key, NULL AS reason, r.project, u.uploaded_at
       FROM test_runs r
       JOIN ingest_uploads u ON u.team_id = $1 AND u.run_id = r.id
       WHERE r.team_id = $1 AND r.git_sha = $2 AND r.git_branch IS NOT DISTINCT FROM $3
         AND u.repository IS NOT DISTINCT FROM $4 AND u.pull_request IS NOT DISTINCT FROM $5
       UNION ALL
       SELECT NULL, NULL, m.job_name, m.lane, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, m.workflow, m.step, m.check_run_id,
         m.workflow_run_id, m.run_attempt, NULL, NULL, encode(m.upload_key, 'hex'), m.reason, NULL, m.uploaded_at
       FROM missing_reports m
       WHERE m.team_id = $1 AND m.git_sha = $2 AND m.git_branch IS NOT DISTINCT FROM $3
         AND m.repository IS NOT DISTINCT FROM $4 AND m.pull_request IS NOT DISTINCT FROM $5
         -- Unless its report came later in the same attempt.
         AND NOT EXISTS (SELECT FROM ingest_uploads u
           WHERE u.team_id = $1 AND u.upload_key = m.upload_key AND u.uploaded_at > m.uploaded_at)
       ORDER BY uploaded_at DESC, id DESC LIMIT ${mostJobs}`,
      [
        access.team.id,
        commit.gitSha ?? null,
        commit.gitBranch ?? null,
        commit.repository ?? null,
        commit.pullRequest ?? null,
      ],
    ),
  );
  return rows.map((row) => {
    const identity = {
      jobName: textOf(row.job_name),
      lane: textOf(row.lane),
      workflow: textOf(row.workflow),
      step: textOf(row.step),
      // A bigint, which arrives as text.
      checkRunId: row.check_run_id === null ? undefined : Number(row.check_run_id),
      workflowRunId: textOf(row.workflow_run_id),
      runAttempt: row.run_attempt === null ? undefined : Number(row.run_attempt),
      payloadSha256: textOf(row.payload),
    };
    if (row.id === null)
      return { ...identity, runId: undefined, key: String(row.key), reason: String(row.reason) };
    return {
      ...identity,
      runId: String(row.id),
      createdAt: row.created_at as Date,
      project: textOf(row.project),
      hasReports: row.has_reports === true,
      incomplete: row.incomplete === true,
      totals: {
        total: Number(row.total_tests),
        passed: Number(row.passed),
        failed: Number(row.failed),
        skipped: Number(row.skipped),
        errors: Number(row.errors),
        durationSeconds: row.seconds === null ? undefined : Number(row.seconds),
        coveragePercent: row.coverage === null ? undefined : Number(row.coverage),
      },
    };
  });
}

/** What failed in a run, of the tests that are named, in the report's order. */
export async function readFailureTexts(
  db: Database,
  access: Access,
  run: { readonly runId: string; readonly createdAt: Date },
  testNames: readonly string[],
): Promise<StoredFailureText[]> {
  if (testNames.length === 0) return [];
  const rows = await inTeam(db, access, () =>
    db.query<Record<string, unknown>>(
      `SELECT r.test_name, r.test_file, r.outcome, r.failure_signature, left(r.error_message, 2000) AS message,
         right(r.error_traceback, 20000) AS traceback
       FROM test_results r
       WHERE r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3 AND r.outcome IN ('failed', 'error')
         AND r.test_name = ANY ($4)
       ORDER BY r.id`,
      [access.team.id, run.runId, run.createdAt, testNames],
    ),
  );
  return rows.map((row) => ({
    testName: String(row.test_name),
    testFile: textOf(row.test_file),
    outcome: String(row.outcome),
    failureSignature: textOf(row.failure_signature),
    message: textOf(row.message),
    traceback: textOf(row.traceback),
  }));
}

/** The files of a run with the lowest coverage first; complete ones are left out. */
export async function readLeastCovered(
  db: Database,
  access: Access,
  run: { readonly runId: string; readonly createdAt: Date },
  most: number,
): Promise<LeastCovered[]> {
  const rows = await inTeam(db, access, () =>
    db.query<Record<string, unknown>>(
      `SELECT file_path, coverage_percent::float8 AS percent, missing_statements
       FROM coverage_data
       WHERE team_id = $1 AND test_run_id = $2 AND created_at = $3 AND coverage_percent < 100
       ORDER BY coverage_percent, missing_statements DESC, file_path LIMIT $4`,
      [access.team.id, run.runId, run.createdAt, most],
    ),
  );
  return rows.map((row) => ({
    filePath: String(row.file_path),
    coveragePercent: Number(row.percent),
    missingStatements: Number(row.missing_statements),
  }));
}

/** What each of a run's several reports holds; undefined where it cannot be what an upload stored. */
export async function readReportCounts(
  db: Database,
  access: Access,
  run: Pick<StoredRunJob, 'runId' | 'createdAt' | 'totals'>,
): Promise<SeveralReports | undefined> {
  const [row] = await inTeam(db, access, () =>
    db.query<{ counts: unknown }>(
      `SELECT r.report_counts AS counts FROM test_runs r
       WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3 AND octet_length(r.report_counts::text) <= $4`,
      [access.team.id, run.runId, run.createdAt, mostReportBytes],
    ),
  );
  return row && readReports(row.counts, run.totals);
}

/** A run's analysis by MATRIZ as JSON text, where it has one and the team does not have that turned off. */
export async function readAnalysis(
  db: Database,
  access: Access,
  run: { readonly runId: string; readonly createdAt: Date },
): Promise<{ readonly json: string; readonly origin: string | undefined } | undefined> {
  const [row] = await inTeam(db, access, () =>
    db.query<{ json: string; origin: string | null }>(
      `SELECT r.matriz_analysis::text AS json, r.origin FROM test_runs r
       WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3 AND pg_column_size(r.matriz_analysis) <= $4 AND ${matrizEnabled('$1')}`,
      [access.team.id, run.runId, run.createdAt, mostAnalysisBytes],
    ),
  );
  return row && { json: row.json, origin: row.origin ?? undefined };
}

/** More than an upload stores was written by somebody else. */
const mostAnalysisBytes = 4_194_304;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
