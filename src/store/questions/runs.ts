// Which runs there are, and one of them with what is stored of it.
import { InputError } from '../../errors.ts';
import type { RunKind, RunOrigin, Totals } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { bareRepository } from '../schema/repository.ts';
import { ofScope, originOf, Params, type Scope, whyNone } from './scope.ts';

/** A stored run. */
export interface ListedRun {
  readonly runId: string;
  readonly createdAt: Date;
  /** Without its host, in lower case. */
  readonly repository: string | undefined;
  readonly repositoryHost: string | undefined;
  readonly project: string | undefined;
  readonly branch: string | undefined;
  readonly gitSha: string | undefined;
  readonly jobName: string | undefined;
  readonly lane: string | undefined;
  readonly pullRequest: number | undefined;
  /** The CI's attempt at the workflow run, from 1. */
  readonly runAttempt: number | undefined;
  readonly origin: RunOrigin;
  readonly totals: Totals;
  /** Tests of it are missing. */
  readonly isIncomplete: boolean;
  /** Tracked files that differed from the commit. */
  readonly dirty: number | undefined;
  readonly isStale: boolean;
}

/** A list that may be cut: `more` are there beyond it. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

const columns = `r.id::text AS id, r.created_at, ${bareRepository('r')} AS repository, r.repository_host, r.project, r.git_branch, r.git_sha, r.job_name, r.lane,
  r.total_tests, r.passed, r.failed, r.skipped, r.errors, r.duration_seconds::float8 AS seconds, r.coverage_percent::float8 AS coverage,
  r.incomplete, r.dirty, coalesce(r.stale, false) AS stale, ${originOf('r')} AS origin, u.pull_request, u.run_attempt`;

/** The upload that stored a run `r`; a run may have lost it. */
const withUpload = `LEFT JOIN LATERAL (
    SELECT u.pull_request, u.run_attempt, u.uploaded_at FROM ingest_uploads u WHERE u.team_id = $1 AND u.run_id = r.id LIMIT 1) AS u ON true`;

/**
 * The newest runs of a scope, the newest first: query 1 of the schema document with what tells the runs apart.
 *
 * @param limit runs at most
 * @throws InputError where no run is of the scope (see `whyNone`)
 */
export function listRuns(
  db: Database,
  access: Access,
  scope: Scope,
  limit: number,
): Promise<Listed<ListedRun>> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const rows = await db.query<Row>(
      `SELECT ${columns} FROM (
         SELECT * FROM test_runs r WHERE ${ofScope('r', scope, params, db)} ORDER BY r.created_at DESC, r.id DESC LIMIT ${params.add(limit + 1)}::int
       ) AS r ${withUpload} ORDER BY r.created_at DESC, r.id DESC`,
      params.values,
    );
    if (rows.length === 0) throw await whyNone(db, access, scope);
    return { items: rows.slice(0, limit).map(runOf), more: rows.length > limit };
  });
}

/** So many of the newest runs are searched for the one that was stored last, as `lukhas healix add` does. */
const searched = 2000;

/**
 * The run whose id begins with some digits, whatever its scope; `last`: the one of the scope that was stored last.
 *
 * @throws InputError `run-unknown` with what is near, `run-ambiguous` with those that begin so
 */
export function findRun(db: Database, access: Access, scope: Scope, word: string): Promise<ListedRun> {
  return inTeam(db, access, () => findRunHere(db, access, scope, word));
}

async function findRunHere(db: Database, access: Access, scope: Scope, word: string): Promise<ListedRun> {
  const params = new Params(access);
  if (word === 'last') {
    const [row] = await db.query<Row>(
      `SELECT ${columns} FROM (
         SELECT * FROM test_runs r WHERE ${ofScope('r', scope, params, db)} ORDER BY r.created_at DESC LIMIT ${searched}) AS r
       ${withUpload} ORDER BY u.uploaded_at DESC NULLS LAST, r.id DESC LIMIT 1`,
      params.values,
    );
    if (row === undefined) throw await whyNone(db, access, scope);
    return runOf(row);
  }
  const digits = word.toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{4,32}$/.test(digits))
    throw new InputError({
      code: 'run-unknown',
      message: `not the id of a run: ${JSON.stringify(word.slice(0, 60))}`,
      fix: 'Give `last`, or at least four of its first digits. `lukhas runs` lists the latest ones.',
    });
  const [low, high] = [digits.padEnd(32, '0'), digits.padEnd(32, 'f')];
  const rows = await db.query<Row>(
    `SELECT ${columns} FROM (
       SELECT * FROM test_runs r WHERE r.team_id = $1 AND r.id BETWEEN ${params.add(low)}::uuid AND ${params.add(high)}::uuid
       ORDER BY r.created_at DESC LIMIT 6) AS r ${withUpload} ORDER BY r.created_at DESC`,
    params.values,
  );
  const [only] = rows;
  if (only !== undefined && rows.length === 1) return runOf(only);
  if (rows.length > 1)
    throw new InputError({
      code: 'run-ambiguous',
      message: `${rows.length > 5 ? 'more than five' : rows.length} runs begin with ${word}`,
      fix: `Give more digits: ${rows
        .slice(0, 5)
        .map((row) => String(row.id))
        .join(', ')}.`,
    });
  const newest = await db.query<{ id: string }>(
    'SELECT r.id::text AS id FROM test_runs r WHERE r.team_id = $1 ORDER BY r.created_at DESC LIMIT 1000',
    [access.team.id],
  );
  if (newest.length === 0) throw await whyNone(db, access, {});
  const shared = (id: string) => {
    const other = id.replaceAll('-', '');
    let at = 0;
    while (at < digits.length && other[at] === digits[at]) at++;
    return at;
  };
  const near = newest.reduce((best, { id }) => (shared(id) > shared(best) ? id : best), newest[0]?.id ?? '');
  throw new InputError({
    code: 'run-unknown',
    message: `no run of team ${access.team.slug} begins with ${word}`,
    fix: `${shared(near) >= 4 ? `The nearest is ${near}. ` : ''}\`lukhas runs\` lists the latest ones.`,
  });
}

/** What judging a run again takes: what the row says of the commit that was tested. */
export interface TestedRun {
  readonly testedSha: string | undefined;
  readonly parents: readonly string[] | undefined;
  readonly committedAt: Date | undefined;
  readonly kind: RunKind;
}

/** Reads what a run tested. */
export async function readTested(
  db: Database,
  access: Access,
  run: Pick<ListedRun, 'runId' | 'createdAt'>,
): Promise<TestedRun> {
  const [row] = await inTeam(db, access, () =>
    db.query<Row>(
      `SELECT r.tested_git_sha, r.git_sha, r.parents, r.committed_at, r.kind FROM test_runs r
       WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3`,
      [access.team.id, run.runId, run.createdAt],
    ),
  );
  const kind = row?.kind === 'merge' ? 'merge' : 'head';
  return {
    testedSha: textOf(row?.tested_git_sha) ?? (kind === 'head' ? textOf(row?.git_sha) : undefined),
    parents: Array.isArray(row?.parents) ? row.parents.map(String) : undefined,
    committedAt: row?.committed_at instanceof Date ? row.committed_at : undefined,
    kind,
  };
}

/** A failure of a run with its texts, bounded. */
export interface RunFailure {
  /** Its place among the failures of the run, from 1, as `lukhas healix add` takes it. */
  readonly number: number;
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: 'failed' | 'error';
  readonly failureSignature: string | undefined;
  readonly causeKey: string | undefined;
  readonly attempts: number | undefined;
  /** At most 2,000 characters. */
  readonly message: string | undefined;
  /** The end, at most 20,000 characters. */
  readonly traceback: string | undefined;
}

/** What failed in a run, in the order in which it was stored. */
export async function readFailures(
  db: Database,
  access: Access,
  run: Pick<ListedRun, 'runId' | 'createdAt'>,
  limit: number,
): Promise<Listed<RunFailure>> {
  const rows = await inTeam(db, access, () =>
    db.query<Row>(
      `SELECT r.test_name, r.test_file, r.outcome, r.failure_signature, r.cause_key, r.attempts, left(r.error_message, 2000) AS message,
         right(r.error_traceback, 20000) AS traceback
       FROM test_results r
       WHERE r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3 AND r.outcome IN ('failed', 'error')
       ORDER BY r.id LIMIT $4`,
      [access.team.id, run.runId, run.createdAt, limit + 1],
    ),
  );
  return {
    more: rows.length > limit,
    items: rows.slice(0, limit).map((row, at) => ({
      number: at + 1,
      testName: String(row.test_name),
      testFile: textOf(row.test_file),
      outcome: row.outcome === 'error' ? 'error' : 'failed',
      failureSignature: textOf(row.failure_signature),
      causeKey: textOf(row.cause_key),
      attempts: row.attempts === null ? undefined : Number(row.attempts),
      message: textOf(row.message),
      traceback: textOf(row.traceback),
    })),
  };
}

/** How many coverage files a run has. */
export function countCoverage(db: Database, access: Access, run: RunKey): Promise<number> {
  return countIn(db, access, run, 'coverage_data r WHERE true');
}

/** How many of a run's skipped tests failed as expected: its row counts both as skipped. */
export function countExpectedFailures(db: Database, access: Access, run: RunKey): Promise<number> {
  return countIn(db, access, run, `test_results r WHERE r.outcome = 'xfailed'`);
}

type RunKey = Pick<ListedRun, 'runId' | 'createdAt'>;

async function countIn(
  db: Database,
  access: Access,
  { runId, createdAt }: RunKey,
  rows: string,
): Promise<number> {
  const [row] = await inTeam(db, access, () =>
    db.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${rows} AND r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3`,
      [access.team.id, runId, createdAt],
    ),
  );
  return row?.n ?? 0;
}

function runOf(row: Row): ListedRun {
  const numberOf = (value: unknown) => (value === null || value === undefined ? undefined : Number(value));
  return {
    runId: String(row.id),
    createdAt: row.created_at as Date,
    repository: textOf(row.repository),
    repositoryHost: textOf(row.repository_host),
    project: textOf(row.project),
    branch: textOf(row.git_branch),
    gitSha: textOf(row.git_sha),
    jobName: textOf(row.job_name),
    lane: textOf(row.lane),
    pullRequest: numberOf(row.pull_request),
    runAttempt: numberOf(row.run_attempt),
    origin: row.origin as RunOrigin,
    totals: {
      total: Number(row.total_tests),
      passed: Number(row.passed ?? 0),
      failed: Number(row.failed ?? 0),
      skipped: Number(row.skipped ?? 0),
      errors: Number(row.errors ?? 0),
      durationSeconds: numberOf(row.seconds),
      coveragePercent: numberOf(row.coverage),
    },
    isIncomplete: row.incomplete === true,
    dirty: numberOf(row.dirty),
    isStale: row.stale === true,
  };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
