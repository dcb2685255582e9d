// One test: which one is meant, and how it went in each run.
import { InputError } from '../../errors.ts';
import type { Outcome, RunOrigin } from '../../model.ts';
import { nearest } from '../../nearest.ts';
import type { Database, Row } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { suiteOf } from '../schema/repository.ts';
import { readSuiteNames, type SuiteNames } from './renames.ts';
import { textOf } from './runs.ts';
import { isNarrow, ofScope, oneLine, originOf, Params, type Scope, whyNone } from './scope.ts';

/** One run of the test. */
export interface TestRun {
  /** What the test was called in it. */
  readonly testName: string;
  /** See suiteOf. */
  readonly suite: string;
  readonly runId: string;
  readonly createdAt: Date;
  readonly branch: string | undefined;
  readonly gitSha: string | undefined;
  readonly jobName: string | undefined;
  readonly lane: string | undefined;
  /** The line: runs of one job that are compared with each other. */
  readonly lineId: string | undefined;
  readonly origin: RunOrigin;
  readonly outcome: Outcome;
  readonly durationSeconds: number | undefined;
  /** How often pytest ran it, where more than once. */
  readonly attempts: number | undefined;
  readonly errorType: string | undefined;
  readonly failureSignature: string | undefined;
  readonly causeKey: string | undefined;
  /** The memory that was told as known for it. */
  readonly memoryId: string | undefined;
}

export interface TestTimeline {
  readonly testName: string;
  /** The newest first. */
  readonly runs: readonly TestRun[];
  /** There are more in the time that was asked for. */
  readonly more: boolean;
  /** Newer runs of the same line that do not have it; at most 1,000 are counted. */
  readonly runsSince: number;
  /** Renames into and out of the name, also in repositories and projects of other runs than these. */
  readonly names: readonly SuiteNames[];
}

/** A name that a test had in runs of a suite until a time. */
export interface FormerName {
  readonly suite: string;
  readonly testName: string;
  readonly until: Date;
}

/** Names are looked for in the newest run of so many jobs and lanes, and among so many tests that failed. */
const lines = 20;
const failed = 20_000;
/** Where none of these is meant: in all runs of so many jobs, so many names. */
const older = { lines: 100, names: 200_000 } as const;

/**
 * The whole node id of a test, by itself or by a part that no other test has. What ends with the part, as a function's name does,
 * comes before what only holds it. Tests that no newest run has any more are looked for last.
 *
 * @throws InputError `test-unknown` with the nearest names, `test-ambiguous` with those that hold the part
 */
export function findTest(db: Database, access: Access, scope: Scope, word: string): Promise<string> {
  return inTeam(db, access, async () => {
    const exact = await db.query(
      'SELECT FROM test_results r WHERE r.team_id = $1 AND r.test_name = $2 LIMIT 1',
      [access.team.id, word],
    );
    if (exact.length > 0) return word;
    const params = new Params(access);
    const condition = ofScope('r', scope, params, db);
    const rows = await db.query<{ name: string }>(
      `WITH runs AS MATERIALIZED (
         SELECT r.id, r.created_at, r.line_id, r.job_name, r.lane FROM test_runs r WHERE ${condition} ORDER BY r.created_at DESC LIMIT 5000
       ), newest AS MATERIALIZED (
         SELECT DISTINCT ON (coalesce(line_id::text, job_name, ''), lane) id, created_at FROM runs
         ORDER BY coalesce(line_id::text, job_name, ''), lane, created_at DESC
       )
       SELECT r.test_name AS name FROM (SELECT * FROM newest ORDER BY created_at DESC LIMIT ${lines}) AS n CROSS JOIN LATERAL (
         SELECT r.test_name FROM test_results r WHERE r.team_id = $1 AND r.test_run_id = n.id AND r.created_at = n.created_at OFFSET 0) AS r
       UNION
       SELECT r.test_name FROM (
         SELECT r.test_name, r.test_run_id FROM test_results r WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error')
           AND r.created_at >= (SELECT min(created_at) FROM runs)
         ORDER BY r.created_at DESC LIMIT ${failed}) AS r
       ${isNarrow(scope) ? 'WHERE r.test_run_id IN (SELECT id FROM runs)' : ''}`,
      params.values,
    );
    if (rows.length === 0) throw await whyNone(db, access, scope);
    const names = rows.map(({ name }) => name);
    let found = matching(word, names);
    if (found.length === 0) found = matching(word, await namesOfOlderRuns(db, access, scope, word));
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const shown = JSON.stringify(word.slice(0, 200));
    if (found.length > 1)
      throw new InputError({
        code: 'test-ambiguous',
        message: `${found.length} tests hold ${shown}`,
        fix: `Give more of it: ${found.slice(0, 5).map(oneLine).join(', ')}${found.length > 5 ? ', …' : ''}`,
      });
    const near = nearestTests(word, names);
    throw new InputError({
      code: 'test-unknown',
      message: `no test holds ${shown}`,
      fix:
        near.length === 0
          ? 'A test is named by its node id or a part of it; `lukhas failures` lists those that failed.'
          : `Did you mean ${near.map(oneLine).join(', ')}?`,
    });
  });
}

/** Names that hold the word, of all runs: one look into the index of lines for each name. */
async function namesOfOlderRuns(
  db: Database,
  access: Access,
  scope: Scope,
  word: string,
): Promise<readonly string[]> {
  const params = new Params(access);
  const condition = ofScope('r', scope, params, db);
  const since = scope.since === undefined ? '' : `AND x.created_at >= ${params.add(scope.since)}`;
  const next = (line: string, after: string) =>
    `(SELECT x.test_name FROM test_results x WHERE x.team_id = $1 AND x.line_id = ${line} ${after} ${since} ORDER BY x.test_name LIMIT 1)`;
  const rows = await db.query<{ name: string }>(
    `WITH RECURSIVE of_lines AS MATERIALIZED (
       SELECT line_id FROM test_runs r WHERE ${condition} AND line_id IS NOT NULL GROUP BY line_id ORDER BY max(created_at) DESC LIMIT ${older.lines}
     ), names AS (
       SELECT l.line_id, ${next('l.line_id', '')} AS name FROM of_lines l
       UNION ALL
       SELECT n.line_id, ${next('n.line_id', 'AND x.test_name > n.name')} FROM names n WHERE n.name IS NOT NULL
     )
     SELECT DISTINCT name FROM (SELECT name FROM names LIMIT ${older.names}) AS n
     WHERE strpos(lower(name), lower(${params.add(word)}::text)) > 0`,
    params.values,
  );
  return rows.map(({ name }) => name);
}

/** The tests whose end is the word, else those that hold it, in small letters too. */
function matching(word: string, names: readonly string[]): readonly string[] {
  const bare = (name: string) => name.replace(/\[.*$/s, '');
  const ends = names.filter((name) => name.endsWith(word) || bare(name).endsWith(word));
  const whole = ends.filter((name) => name.endsWith(`::${word}`) || bare(name).endsWith(`::${word}`));
  if (whole.length > 0) return whole.sort();
  if (ends.length > 0) return ends.sort();
  const holds = names.filter((name) => name.includes(word));
  if (holds.length > 0) return holds.sort();
  const small = word.toLowerCase();
  return names.filter((name) => name.toLowerCase().includes(small)).sort();
}

function nearestTests(word: string, names: readonly string[]): readonly string[] {
  const bare = (name: string) => (name.replace(/\[.*$/s, '').split('::').at(-1) ?? '').replace(/^test_/, '');
  // Levenshtein's distance costs the product of both lengths.
  if (word.length > 300) return [];
  const whole = nearest(
    word,
    names.filter((name) => Math.abs(name.length - word.length) <= 20).slice(0, 5000),
  );
  const functions = nearest(bare(word), [...new Set(names.map(bare))].slice(0, 5000));
  const ofFunction = functions === undefined ? [] : names.filter((name) => bare(name) === functions);
  return [...new Set([...(whole === undefined ? [] : [whole]), ...ofFunction])].slice(0, 3);
}

/**
 * How a test went in the newest runs of a scope.
 *
 * @param testName its whole node id
 * @param limit runs at most
 * @throws InputError where no run of the scope has it
 */
export function readTimeline(
  db: Database,
  access: Access,
  scope: Scope,
  { testName, limit }: { readonly testName: string; readonly limit: number },
): Promise<TestTimeline> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const condition = `x.test_name = ${params.add(testName)}`;
    const [names, rows] = await Promise.all([
      readSuiteNames(db, access, testName),
      db.query<Row>(runsSql(condition, scope, params, db, limit), params.values),
    ]);
    const [newest] = rows;
    if (newest === undefined) throw await whyNoRow(db, access, scope, { testName, names });
    return {
      testName,
      names,
      runsSince: await countRunsSince(db, access, scope, newest),
      more: rows.length > limit,
      runs: rows.slice(0, limit).map(testRunOf),
    };
  });
}

/** The newest runs of a scope in which a test had one of its former names. */
export function readFormerRuns(
  db: Database,
  access: Access,
  scope: Scope,
  { names, limit }: { readonly names: readonly FormerName[]; readonly limit: number },
): Promise<Pick<TestTimeline, 'runs' | 'more'>> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const lists = [
      params.add(names.map(({ suite }) => suite)),
      params.add(names.map(({ testName }) => testName)),
      params.add(names.map(({ until }) => until.toISOString())),
    ];
    const condition = `x.test_name = ANY (${lists[1]}::text[]) AND EXISTS (
      SELECT FROM unnest(${lists[0]}::uuid[], ${lists[1]}::text[], ${lists[2]}::timestamptz[]) AS f (suite, name, until)
      WHERE f.name = x.test_name AND x.created_at <= f.until AND f.suite = ${suiteOf('r')})`;
    const rows = await db.query<Row>(runsSql(condition, scope, params, db, limit), params.values);
    return { more: rows.length > limit, runs: rows.slice(0, limit).map(testRunOf) };
  });
}

/** The newest results `x` of a condition with their runs `r`, one more than the limit. */
function runsSql(condition: string, scope: Scope, params: Params, db: Database, limit: number): string {
  const since = scope.since === undefined ? '' : `AND x.created_at >= ${params.add(scope.since)}`;
  return `SELECT t.*, ${suiteOf('t')}::text AS suite FROM (
       SELECT r.id::text AS run, x.test_name, r.created_at, r.git_branch, r.git_sha, r.job_name, r.lane, r.line_id::text AS line, ${originOf('r')} AS origin,
         x.outcome, x.duration_seconds::float8 AS seconds, x.attempts, x.error_type, x.failure_signature, x.cause_key,
         coalesce(x.healix_memory_id, x.shared_memory_id)::text AS memory, r.repository, r.project, x.id AS row
       FROM test_results x JOIN test_runs r ON r.team_id = $1 AND r.id = x.test_run_id AND r.created_at = x.created_at
       WHERE x.team_id = $1 AND ${condition} ${since} AND ${ofScope('r', scope, params, db)}
       ORDER BY x.created_at DESC, x.id DESC LIMIT ${params.add(limit + 1)}::int) AS t ORDER BY t.created_at DESC, t.row DESC`;
}

function testRunOf(row: Row): TestRun {
  return {
    runId: String(row.run),
    testName: String(row.test_name),
    suite: String(row.suite),
    createdAt: row.created_at as Date,
    branch: textOf(row.git_branch),
    gitSha: textOf(row.git_sha),
    jobName: textOf(row.job_name),
    lane: textOf(row.lane),
    lineId: textOf(row.line),
    origin: row.origin as RunOrigin,
    outcome: row.outcome as Outcome,
    durationSeconds: row.seconds === null ? undefined : Number(row.seconds),
    attempts: row.attempts === null ? undefined : Number(row.attempts),
    errorType: textOf(row.error_type),
    failureSignature: textOf(row.failure_signature),
    causeKey: textOf(row.cause_key),
    memoryId: textOf(row.memory),
  };
}

/** Runs of the row's line that began after it. */
async function countRunsSince(db: Database, access: Access, scope: Scope, row: Row): Promise<number> {
  if (row.line === null) return 0;
  const params = new Params(access);
  const [line, at] = [params.add(String(row.line)), params.add(row.created_at as Date)];
  const [found] = await db.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (
       SELECT FROM test_runs r WHERE r.line_id = ${line}::uuid AND r.created_at > ${at} AND ${ofScope('r', scope, params, db)} LIMIT 1000) AS r`,
    params.values,
  );
  return found?.n ?? 0;
}

/** Why a test that there is has no row in a scope. */
async function whyNoRow(
  db: Database,
  access: Access,
  scope: Scope,
  { testName, names }: { readonly testName: string; readonly names: readonly SuiteNames[] },
): Promise<InputError> {
  const [last] = await db.query<{ at: Date; branch: string | null; suite: string }>(
    `SELECT x.created_at AS at, r.git_branch AS branch, ${suiteOf('r')}::text AS suite FROM test_results x
     JOIN test_runs r ON r.team_id = $1 AND r.id = x.test_run_id AND r.created_at = x.created_at
     WHERE x.team_id = $1 AND x.test_name = $2 ORDER BY x.created_at DESC LIMIT 1`,
    [access.team.id, testName],
  );
  if (last === undefined) return whyNone(db, access, scope);
  const where = last.branch === null ? '' : ` on ${oneLine(last.branch)}`;
  const later = names.find(({ suite }) => suite === last.suite)?.later[0]?.at(-1);
  const renamed = later === undefined ? '' : ` A run showed it renamed to ${oneLine(later.to)}.`;
  return new InputError({
    code: 'range-empty',
    message: `no run that was asked about has the test ${oneLine(testName)}`,
    fix: `It ran last on ${last.at.toISOString().slice(0, 10)}${where}: ask with other options.${renamed}`,
  });
}
