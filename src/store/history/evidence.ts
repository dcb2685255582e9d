// The facts that a run is judged by: which runs there are to compare with, its failures, and the rows of these tests in those runs.
// Few statements however many tests failed. Decides nothing: which of the runs count, and what rows mean, is decided in src/judge.
import { StoreError } from '../../errors.ts';
import type { CauseKey, Outcome, Passes, RunTotals, StoredRun, TestRow } from '../../model.ts';
import type { Database, Row, SqlValue } from '../database/port.ts';
import { memoryTables } from '../healix/matching.ts';
import type { Access } from '../schema/access.ts';
import { repositoryNames, sameHost } from '../schema/repository.ts';

/** A stored run of the access's team. */
export interface RunQuery {
  readonly runId: string;
  readonly createdAt: Date;
}

/** A stored run of the judged run's repository, project and lane, and what else is told of it. Times are milliseconds since 1970. */
export interface EvidenceRun extends StoredRun {
  /** Its rows name no line: an older program stored them. */
  readonly isWithoutLine?: boolean | undefined;
  /** See startTestsSignature; undefined in a run of an older program. */
  readonly testsSignature?: string | undefined;
  /** `failedFiles` is 0 where fewer than 20 tests or less than half of them failed, because nobody asks then. */
  readonly totals: RunTotals & {
    readonly skipped?: number | undefined;
    readonly seconds?: number | undefined;
  };
}

export interface RunEvidenceQuery extends RunQuery {
  /** The branch to compare with, where somebody names it. */
  readonly baseBranch: string | undefined;
  /** The branch that the CI system or the remote calls its default one. */
  readonly defaultBranch: string | undefined;
  /** Commits of the base at or before the place where the change begins, as git knows them; at most 200 are looked for. */
  readonly baseCommits: readonly string[];
  /** When the commit was made where the change begins, in milliseconds since 1970: of each side of it a number of commits is read. */
  readonly beginsAt: number | undefined;
}

export interface RunEvidence {
  readonly run: EvidenceRun;
  /** Other runs, of all jobs, the judged one not among them. */
  readonly runs: readonly EvidenceRun[];
  /** Committer dates of tested commits, by commit. */
  readonly committedAt: ReadonlyMap<string, number>;
  readonly baseBranch: string | undefined;
  readonly isOnBaseBranch: boolean;
  readonly missingBase: MissingBase | undefined;
  /** Runs of the judged run's line in the time that was looked at; undefined where they are too many to count. */
  readonly lineRuns: number | undefined;
  /** There are memories that may be told in it. */
  readonly hasMemories: boolean;
}

/** A branch that was named and has no run. */
export interface MissingBase {
  readonly name: string;
  /** The branch that stands for it; undefined where that has no run either. */
  readonly instead: string | undefined;
  /** Branches that have runs, the busiest first; at most 50. */
  readonly branches: readonly string[];
}

const dayMs = 86_400_000;
/** Days before the judged run, and after it: what was stored when a run is judged again. */
const days = { back: 90, ahead: 14, others: 30 } as const;
/** Commits of the base branch before and after the change begins. */
const commits = { before: 50, after: 20 } as const;
/** Runs that are read at most of each kind; a team's newest runs are searched for those of other branches. */
const most = { base: 2000, own: 300, others: 400, searched: 4000, commits: 200 } as const;
/** Up to so many runs in the time that is looked at are read at once: planning a look for each kind costs more than that. */
const mostAtOnce = 2000;

/**
 * Reads the runs that a run may be compared with, inside a transaction of the team.
 *
 * @throws StoreError `run-unknown` when the team has no such run
 */
export async function readRunEvidence(
  db: Database,
  access: Access,
  query: RunEvidenceQuery,
): Promise<RunEvidence> {
  const { runId, createdAt, baseBranch } = query;
  const params = [
    access.team.id,
    runId,
    createdAt,
    new Date(createdAt.getTime() - days.back * dayMs),
    new Date(createdAt.getTime() + days.ahead * dayMs),
    new Date(createdAt.getTime() - days.others * dayMs),
    baseBranch ?? null,
    query.defaultBranch ?? null,
    query.baseCommits.slice(0, most.commits),
    new Date(query.beginsAt ?? createdAt.getTime()),
    db.embedded,
  ];
  let found = await db.query<RunRow>(runsSql(atOnce), params);
  if (found.some((row) => row.base?.isTooMany === true))
    found = await db.query<RunRow>(runsSql(byKind), params);
  const base = found.findLast((row) => row.base !== null)?.base;
  const read = runsOf(found);
  const me = read.find((run) => run.runId === runId);
  const others = read.filter((run) => run !== me);
  const committedAt = new Map(
    found.flatMap(({ tested, committed }): [string, number][] =>
      tested === null || committed === null ? [] : [[tested, committed]],
    ),
  );
  if (me === undefined || base === undefined || base === null) throw unknownRun(runId);
  const [run = me, ...runs] = await withFailedFiles(db, access, [me, ...others]);
  return {
    run,
    runs,
    committedAt,
    baseBranch: base.name ?? undefined,
    isOnBaseBranch:
      run.kind === 'head' &&
      run.pullRequest === undefined &&
      run.branch !== undefined &&
      run.branch === base.name,
    missingBase: base.missing
      ? { name: base.missing, instead: base.found ?? undefined, branches: base.branches }
      : undefined,
    lineRuns: base.lineRuns ?? undefined,
    hasMemories: base.hasMemories,
  };
}

type RunRow = Row & {
  /** null in the row that is no run. */
  readonly id: string | null;
  readonly line: string | null;
  readonly job_name: string | null;
  readonly git_sha: string | null;
  readonly tested: string | null;
  readonly parents: readonly string[] | null;
  readonly kind: StoredRun['kind'];
  readonly origin: StoredRun['origin'];
  readonly git_branch: string | null;
  readonly pull_request: number | null;
  readonly execution: string | null;
  readonly at: number;
  readonly incomplete: boolean;
  readonly dirty: boolean;
  readonly stale: boolean;
  readonly is_old: boolean;
  readonly tests_signature: string | null;
  readonly committed: number | null;
  readonly coverage_percent: number | null;
  readonly total_tests: number;
  readonly failures: number;
  readonly skipped: number | null;
  readonly seconds: number | null;
  readonly base: BaseRow | null;
};

function runsOf(rows: readonly RunRow[]): EvidenceRun[] {
  const found = rows.flatMap((row): { row: RunRow; runId: string; step: string }[] =>
    row.id === null
      ? []
      : [{ row, runId: row.id, step: `${row.line ?? row.job_name} ${row.execution ?? row.id}` }],
  );
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  found.sort((a, b) => text(a.step, b.step) || a.row.at - b.row.at || text(a.runId, b.runId));
  let [step, ordinal] = ['', 0];
  return found.map((one): EvidenceRun => {
    ordinal = one.step === step ? ordinal + 1 : 1;
    step = one.step;
    const { row, runId } = one;
    return {
      runId,
      lineId: row.line ?? `job ${row.job_name ?? ''}`,
      jobName: row.job_name ?? undefined,
      gitSha: row.git_sha ?? undefined,
      testedSha: row.tested ?? undefined,
      parents: row.parents ?? undefined,
      kind: row.kind,
      origin: row.origin,
      branch: row.git_branch ?? undefined,
      pullRequest: row.pull_request ?? undefined,
      execution: row.execution ?? undefined,
      ordinal,
      at: row.at,
      isComplete: !row.incomplete,
      isDirty: row.dirty,
      isStale: row.stale,
      isWithoutLine: row.is_old,
      testsSignature: row.tests_signature ?? undefined,
      coveragePercent: row.coverage_percent ?? undefined,
      totals: {
        tests: row.total_tests,
        failed: row.failures,
        failedFiles: 0,
        skipped: row.skipped ?? undefined,
        seconds: row.seconds ?? undefined,
      },
    };
  });
}

export function unknownRun(runId: string): StoreError {
  return new StoreError({
    code: 'run-unknown',
    message: `there is no run ${runId.slice(0, 36)} of this team`,
    fix: '`lukhas runs` lists the latest ones.',
  });
}

interface BaseRow {
  readonly isTooMany?: boolean;
  readonly name: string | null;
  /** The name, where it has a run. */
  readonly found: string | null;
  /** The branch that was asked for, where it has none. */
  readonly missing: string | null;
  /** Where a branch is missing: those with runs, the busiest of the newest 500 runs first. */
  readonly branches: readonly string[];
  readonly lineRuns: number | null;
  readonly hasMemories: boolean;
}

/** Whether a run is of the judged run's repository, project and lane. Without a repository it is, in the embedded database. */
const isComparable = (run: string): string => `(
      ${run}.lane IS NOT DISTINCT FROM (SELECT lane FROM me) AND (${run}.project = (SELECT project FROM me)) IS NOT FALSE
      AND CASE WHEN ${run}.repository IS NULL OR (SELECT repository FROM me) IS NULL
        THEN $11 OR (${run}.repository IS NULL AND (SELECT repository FROM me) IS NULL)
        ELSE lower(${run}.repository) = ANY ((SELECT names FROM me)::text[])
          AND ${sameHost(`${run}.repository_host`, '(SELECT repository_host FROM me)')} END)`;

const window = (run: string): string =>
  `${run}.team_id = $1 AND ${run}.created_at >= $4 AND ${run}.created_at < $5`;

const failedIn = (run: string): string =>
  `r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = ${run}.created_at AND r.test_run_id IS NOT DISTINCT FROM ${run}.id`;

/** The same for the judged run, whose partition is known when the statement is planned. */
const failedHere = `r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = $3 AND r.test_run_id IS NOT DISTINCT FROM $2`;

/** What was tested, as one text: merges of equal parents are one. */
const testedCommit = (run: string): string =>
  `CASE WHEN ${run}.kind = 'merge' AND cardinality(${run}.parents) > 1 THEN array_to_string(${run}.parents, '+')
     ELSE coalesce(${run}.tested_git_sha, ${run}.git_sha, ${run}.id::text) END`;

const runColumns = `r.id, r.created_at, r.lane, r.project, r.repository, r.repository_host, r.git_branch, r.git_sha, r.tested_git_sha,
      r.parents, r.kind, r.committed_at, r.origin, r.line_id, r.job_name, r.ci_system, r.incomplete, r.dirty, r.stale, r.total_tests, r.failed,
      r.errors, r.skipped, r.duration_seconds, r.coverage_percent, r.tests_signature`;

/** What runs are chosen by. */
const placeColumns =
  'r.id, r.created_at, r.committed_at, r.git_branch, r.git_sha, r.tested_git_sha, r.parents, r.kind';

/** Where the statement finds runs: each is a FROM clause with its condition, of runs `r`. */
interface RunsFrom {
  /** Puts runs in memory. */
  readonly first: string;
  readonly me: string;
  /** Puts more of them in memory, when the judged run is known. */
  readonly next: string;
  /** Comparable runs in the time that is looked at. */
  readonly comparable: string;
  /** The newest of them, the newest first. */
  readonly newest: (condition: string) => string;
  /** Those of the commits that are known. */
  readonly ofCommits: string;
  readonly chosen: string;
  /** There are more runs than were read. */
  readonly isTooMany: string;
  readonly lineRuns: string;
}

/** All runs are read at once, and searched in memory. */
const atOnce: RunsFrom = {
  first: `everything AS MATERIALIZED (
    SELECT ${runColumns} FROM test_runs r WHERE ${window('r')} ORDER BY r.created_at DESC LIMIT ${mostAtOnce + 1}
  ), `,
  me: 'everything r LEFT JOIN ingest_uploads u ON u.team_id = $1 AND u.run_id = r.id WHERE r.id = $2',
  next: `comparable AS MATERIALIZED (
    SELECT ${placeColumns} FROM everything r WHERE ${isComparable('r')}
  ), `,
  comparable: 'comparable r WHERE true',
  newest: (condition) => `comparable r WHERE ${condition} ORDER BY r.created_at DESC`,
  // Hashed, and no join: the planner does not know how many they are.
  ofCommits: 'comparable r WHERE (r.git_sha IN (SELECT sha FROM known)) IS TRUE',
  chosen: 'everything r WHERE (r.id IN (SELECT id FROM chosen)) IS TRUE',
  isTooMany: `(SELECT count(*) > ${mostAtOnce} FROM everything)`,
  lineRuns: '(SELECT count(*) FROM everything r WHERE r.line_id = (SELECT line_id FROM me))',
};

/** Each kind of run is found by one index. */
const byKind: RunsFrom = {
  first: '',
  me: 'test_runs r LEFT JOIN ingest_uploads u ON u.team_id = $1 AND u.run_id = r.id WHERE r.team_id = $1 AND r.id = $2',
  next: '',
  comparable: `test_runs r WHERE ${window('r')} AND ${isComparable('r')}`,
  newest: (condition) => `(
       SELECT ${runColumns} FROM test_runs r WHERE ${window('r')} AND ${condition} ORDER BY r.created_at DESC LIMIT ${most.searched}) AS r
     WHERE ${isComparable('r')} ORDER BY r.created_at DESC`,
  ofCommits: `known k JOIN test_runs r ON ${window('r')} AND r.git_sha = k.sha WHERE ${isComparable('r')}`,
  chosen: `chosen c JOIN test_runs r ON ${window('r')} AND r.id = c.id AND r.created_at = c.created_at`,
  isTooMany: 'false',
  lineRuns: 'NULL',
};

const noColumns = Array.from({ length: 23 }, () => 'NULL').join(', ');

/**
 * The branch to compare with is the one that was named, the one that CI named, the run's own where pull requests have gone to it,
 * the default one, `main`, `master`, the busiest; one without a run gives way to the next. Which of the runs count is decided
 * later. Of the base branch whole commits are read, with all of their jobs. A repository is called by its host outside CI and
 * without it in CI: a local run is compared with CI's runs.
 */
const runsSql = (from: RunsFrom): string => `
  WITH ${from.first}me AS MATERIALIZED (
    SELECT r.id, r.created_at, r.lane, r.project, r.repository, r.git_branch, r.git_sha, r.tested_git_sha, r.parents, r.line_id, r.job_name,
      r.repository_host, ${repositoryNames('r')} AS names, u.base_branch, u.pull_request
    FROM ${from.me} AND r.created_at = $3 LIMIT 1
  ), ${from.next}recent AS MATERIALIZED (
    SELECT r.git_branch FROM ${from.newest('r.id <> $2')} LIMIT 500
  ), branches AS MATERIALIZED (
    SELECT git_branch AS name FROM recent WHERE git_branch NOT LIKE '%:%' GROUP BY git_branch ORDER BY count(*) DESC, git_branch LIMIT 50
  ), asked AS MATERIALIZED (
    SELECT coalesce($7, (SELECT base_branch FROM me)) AS name
  ), names AS MATERIALIZED (
    SELECT n.name, n.place, EXISTS (
      SELECT FROM ${from.comparable} AND r.git_branch = n.name AND r.id <> $2) AS has_runs
    FROM (
      SELECT name, 1 AS place FROM asked
      -- A branch that pull requests go to is its own base.
      UNION ALL SELECT m.git_branch, 2 FROM me m WHERE m.pull_request IS NULL AND EXISTS (
        SELECT FROM ingest_uploads u WHERE u.team_id = $1 AND u.repository IS NOT DISTINCT FROM m.repository
          AND u.pull_request IS NOT NULL AND u.base_branch = m.git_branch AND u.created_at >= $4)
      UNION ALL VALUES ($8::text, 3), ('main', 4), ('master', 5)) AS n
    WHERE n.name IS NOT NULL
  ), base AS MATERIALIZED (
    -- A name that somebody typed, and that no run has, is no branch.
    SELECT b.found, coalesce(b.found, (SELECT name FROM names WHERE name IS DISTINCT FROM $7 ORDER BY place LIMIT 1)) AS name FROM (
      SELECT coalesce((SELECT name FROM names WHERE has_runs ORDER BY place LIMIT 1),
        CASE WHEN $8::text IS NULL AND (SELECT name FROM asked) IS NULL THEN (SELECT name FROM branches LIMIT 1) END) AS found) AS b
  ), known AS MATERIALIZED (
    SELECT DISTINCT sha FROM (
      SELECT unnest($9::text[]) UNION ALL SELECT unnest(ARRAY[m.git_sha, m.tested_git_sha] || m.parents) FROM me m) AS s (sha)
    WHERE sha IS NOT NULL
  ), of_base AS MATERIALIZED (
    SELECT r.*, min(coalesce(r.committed_at, r.created_at)) OVER (PARTITION BY r.commit) AS made_at FROM (
      SELECT r.id, r.created_at, r.committed_at, ${testedCommit('r')} AS commit FROM (
        SELECT ${placeColumns} FROM ${from.comparable} AND r.git_branch = (SELECT name FROM base) ORDER BY r.created_at DESC LIMIT ${most.base}) AS r
    ) AS r
  ), ranked AS (
    SELECT id, created_at, made_at <= $10 AS is_before, dense_rank() OVER (PARTITION BY made_at <= $10
      ORDER BY CASE WHEN made_at <= $10 THEN made_at END DESC, made_at, commit) AS place FROM of_base
  ), chosen AS MATERIALIZED (
    SELECT id, created_at FROM ranked WHERE place <= CASE WHEN is_before THEN ${commits.before} ELSE ${commits.after} END
    UNION
    SELECT r.id, r.created_at FROM ${from.ofCommits}
    UNION
    (SELECT r.id, r.created_at FROM ${from.comparable} AND r.git_branch = (SELECT git_branch FROM me)
     ORDER BY r.created_at DESC LIMIT ${most.own})
    UNION
    (SELECT r.id, r.created_at FROM ${from.newest('r.created_at >= $6 AND r.git_branch IS DISTINCT FROM (SELECT name FROM base)')} LIMIT ${most.others})
    UNION
    SELECT id, created_at FROM me
  ), runs AS (
    SELECT r.id, r.created_at, r.job_name, r.git_sha, r.git_branch, r.parents, r.committed_at, r.incomplete, r.dirty, r.stale,
      r.line_id IS NULL AS is_old, r.total_tests, coalesce(r.failed, 0) + coalesce(r.errors, 0) AS failures, r.skipped, r.duration_seconds, r.coverage_percent,
      r.tests_signature, u.pull_request,
      -- An older program's run of the judged run's job is of its line.
      coalesce(r.line_id, CASE WHEN r.job_name IS NOT DISTINCT FROM (SELECT job_name FROM me) THEN (SELECT line_id FROM me) END)::text AS line,
      coalesce(r.kind, CASE WHEN u.pull_request IS NULL THEN 'head' ELSE 'merge' END) AS kind,
      coalesce(r.tested_git_sha, CASE WHEN coalesce(r.kind, CASE WHEN u.pull_request IS NULL THEN 'head' END) = 'head' THEN r.git_sha END) AS tested,
      coalesce(r.origin, CASE WHEN r.git_branch LIKE '%:%' THEN 'stranger' WHEN r.ci_system = 'local' THEN 'local' ELSE 'team' END) AS origin,
      u.workflow_run_id || '/' || coalesce(u.run_attempt, 1) AS execution
    FROM (SELECT ${runColumns} FROM ${from.chosen}) AS r
    LEFT JOIN LATERAL (
      SELECT u.pull_request, u.workflow_run_id, u.run_attempt FROM ingest_uploads u WHERE u.team_id = $1 AND u.run_id = r.id LIMIT 1
    ) AS u ON true
  )
  -- Columns and no JSON, which takes longer to make than all else here.
  SELECT r.id, r.line, r.job_name, r.git_sha, r.tested, r.parents, r.kind, r.origin, r.git_branch, r.pull_request, r.execution,
    round(date_part('epoch', r.created_at) * 1000) AS at, r.incomplete, coalesce(r.dirty, 0) > 0 AS dirty, coalesce(r.stale, false) AS stale,
    r.is_old, r.tests_signature, round(date_part('epoch', r.committed_at) * 1000) AS committed, r.coverage_percent::float8 AS coverage_percent, r.total_tests,
    r.failures, r.skipped, r.duration_seconds::float8 AS seconds, NULL::json AS base
  FROM runs r WHERE NOT ${from.isTooMany}
  UNION ALL
  SELECT ${noColumns}, json_build_object('name', b.name, 'found', b.found, 'lineRuns', ${from.lineRuns},
    'hasMemories', (SELECT m.own OR m.shared FROM (SELECT ${memoryTables('$1')}) AS m),
    'missing', (SELECT n.name FROM names n WHERE n.place = 1 AND NOT n.has_runs), 'branches', CASE
      WHEN EXISTS (SELECT FROM names n WHERE n.place = 1 AND NOT n.has_runs) THEN (SELECT coalesce(json_agg(name), '[]') FROM branches)
      ELSE '[]' END) FROM base b WHERE NOT ${from.isTooMany}
  UNION ALL
  SELECT ${noColumns}, json_build_object('isTooMany', true) WHERE ${from.isTooMany}`;

/** Run by run (OFFSET 0): a join would read all failures that the team ever had. */
const failedFilesSql = `
  SELECT a.id::text AS run, count(DISTINCT r.test_file)::int AS files
  FROM unnest($2::uuid[], $3::timestamptz[]) AS a (id, created_at) CROSS JOIN LATERAL (
    SELECT r.test_file FROM test_results r WHERE ${failedIn('a')} AND r.created_at BETWEEN $4 AND $5 OFFSET 0) AS r
  GROUP BY a.id`;

/** Counts the files with failures of those runs that may be an outage. */
async function withFailedFiles(
  db: Database,
  access: Access,
  runs: readonly EvidenceRun[],
): Promise<readonly EvidenceRun[]> {
  const asked = runs.filter(({ totals: { tests, failed } }) => failed >= 20 && failed * 2 >= tests);
  if (asked.length === 0) return runs;
  const [first, last] = timesOf(asked, new Date(0));
  const rows = await db.query<Row & { run: string; files: number }>(failedFilesSql, [
    access.team.id,
    asked.map(({ runId }) => runId),
    asked.map(({ at }) => new Date(at).toISOString()),
    first,
    last,
  ]);
  const files = new Map(rows.map((row) => [row.run, row.files]));
  return runs.map((run) => {
    const failedFiles = files.get(run.runId);
    return failedFiles === undefined ? run : { ...run, totals: { ...run.totals, failedFiles } };
  });
}

/** Whether no test failed in a run: its totals count its rows, where it is no older program's. */
export function isGreen({ totals, isWithoutLine }: EvidenceRun): boolean {
  return totals.failed === 0 && isWithoutLine !== true;
}

/** The runs whose rows are asked for; a run may be in several lists. */
export interface TestEvidenceQuery extends RunQuery {
  /** Of the judged run's own line: at the base, of the change before, and of the commit that was edited. All rows are read. */
  readonly own: readonly EvidenceRun[];
  /** Of the base, of any line, the newest commit first. */
  readonly base: readonly EvidenceRun[];
  /** Of other changes. */
  readonly others: readonly EvidenceRun[];
  /** Of the point's commit. */
  readonly point: readonly EvidenceRun[];
  /** See RunEvidence. */
  readonly lineRuns?: number | undefined;
  /** Of the judged run, see EvidenceRun. */
  readonly testsSignature?: string | undefined;
  /** Of the judged run; undefined where its rows name none. */
  readonly lineId: string | undefined;
}

/** One failed test or error of the judged run: its row, with what memories are found by. */
export interface RunFailure extends TestRow {
  readonly testFile: string | undefined;
  readonly failureSignature: string | undefined;
  /** Its key has the place: a fixture, a helper, the code under test, an import. Undefined for the test's own failure. */
  readonly causeKey: CauseKey | undefined;
  /** The exact memory that was found while the run was stored. */
  readonly memory: { readonly id: string; readonly shared: boolean } | undefined;
}

export interface TestEvidence {
  /**
   * Rows of the judged run's failed tests and of those that failed at the point and ran here: all of the own line but its plain
   * passes; of other runs the failures, and the passes that tell what a failure there means.
   */
  readonly rows: readonly TestRow[];
  /** Of other runs, and of the judged one where a test of it passed. */
  readonly passes: Passes;
  readonly failures: readonly { readonly testName: string; readonly testFile: string | undefined }[];
}

/**
 * Reads the failures of the judged run in the report's order, inside a transaction of the team.
 *
 * @param hasMemories see RunEvidence; without memories nobody needs the words' signatures
 */
export async function readFailures(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  { hasMemories }: Pick<RunEvidence, 'hasMemories'> = { hasMemories: true },
): Promise<readonly RunFailure[]> {
  const failures: RunFailure[] = [];
  const shared = new SharedTexts();
  const memories = new Map<string, FoundMemory>();
  await db.each<FailedRow>(ownFailuresSql, [access.team.id, runId, createdAt, hasMemories], (row) => {
    failures.push(failureOf(row, runId, shared, memories));
  });
  return failures;
}

type FoundMemory = NonNullable<RunFailure['memory']>;

/** One object for each failure, member by member: spreading takes twice the memory. */
function failureOf(
  row: FailedRow,
  runId: string,
  shared: SharedTexts,
  memories: Map<string, FoundMemory>,
): RunFailure {
  let memory: FoundMemory | undefined;
  if (row.memory !== null) {
    const key = `${row.memory} ${row.is_shared}`;
    memory = memories.get(key) ?? { id: row.memory, shared: row.is_shared };
    memories.set(key, memory);
  }
  return {
    testName: row.test_name,
    runId,
    outcome: shared.of(row.outcome) ?? row.outcome,
    failedAttempts: row.attempts === null ? undefined : row.attempts - 1,
    driftSignature: shared.of(row.drift_signature),
    wordsSignature: shared.of(row.words_signature),
    errorType: shared.of(row.error_type),
    statement: shared.of(row.statement),
    testFile: shared.of(row.test_file),
    failureSignature: row.failure_signature ?? undefined,
    causeKey: shared.of(row.cause_key as CauseKey | null),
    memory,
  };
}

/** Above so many runs of the line for each one that is asked for, these are looked up one by one. */
const sparse = 4;

/** What is asked for, as the statements take it. */
interface TestsPlan {
  readonly query: TestEvidenceQuery;
  /** Each run once, the judged one not among them. */
  readonly asked: readonly EvidenceRun[];
  readonly alike: Alike;
  /** Times of the own runs that are read. */
  readonly readAt: readonly number[];
  readonly kind: Omit<TestsKind, 'isSparse'>;
  /** Parameters of the first statement, behind the judged run. */
  readonly lists: readonly SqlValue[];
}

/** Decides which runs are asked for. Needs no failures: they may be on their way. */
export function planTests(query: TestEvidenceQuery): TestsPlan {
  const runs = new Map<string, EvidenceRun>();
  for (const run of [...query.base, ...query.own, ...query.others, ...query.point]) runs.set(run.runId, run);
  runs.delete(query.runId);
  const asked = [...runs.values()];
  const [own, base, point] = [idsOf(query.own), idsOf(query.base), idsOf(query.point)];
  const pointAt = Math.max(...query.point.map(({ at }) => at), Number.NEGATIVE_INFINITY);
  const isLate = (run: EvidenceRun) => !base.has(run.runId) && !own.has(run.runId) && run.at > pointAt;
  const alike = alikeIn(asked, own, query.testsSignature);
  const read = asked.filter((_, at) => alike.read.has(at + 1));
  const isPointRed = !query.point.every(isGreen);
  return {
    query,
    asked,
    alike,
    readAt: read.map(({ at }) => at),
    kind: {
      isOneLine: new Set(read.map(({ lineId }) => lineId)).size <= 1,
      hasOlder: asked.some(({ isWithoutLine }) => isWithoutLine),
      isRead: read.length > 0,
      isRed: !asked.every(isGreen),
      isPointRed,
      hasBeside: hasBeside(asked, own, isLate),
      isOlder: query.lineId === undefined,
    },
    lists: [
      ...listOf(asked, [({ runId }) => own.has(runId), ({ runId }) => point.has(runId), isLate]),
      ...timesOf(asked, query.createdAt),
      ...chosenOf(asked, alike.read, query.createdAt),
      ...(isPointRed && query.lineId !== undefined ? [query.lineId] : []),
    ],
  };
}

function idsOf(runs: readonly EvidenceRun[]): ReadonlySet<string> {
  return new Set(runs.map(({ runId }) => runId));
}

/**
 * Reads the rows of the failed tests, inside a transaction of the team.
 *
 * @param failures those of the judged run
 */
export async function readTestEvidence(
  db: Database,
  access: Access,
  { query, asked, alike, readAt, kind, lists }: TestsPlan,
  failures: readonly RunFailure[],
): Promise<TestEvidence> {
  const isSparse =
    readAt.length > 0 &&
    (query.lineRuns ?? Number.POSITIVE_INFINITY) > readAt.length * sparse &&
    (await isLineSparse(db, access, query, readAt));
  const found = new RowCollector(query.runId, asked, failures, alike);
  const add = (row: TestFactsRow) => found.add(row);
  if (kind.isRead || kind.isRed || kind.isPointRed) {
    const params = [access.team.id, query.runId, query.createdAt, ...lists];
    await db.each<TestFactsRow>(testsSql({ ...kind, isSparse }), params, (row) =>
      found.add(row, { isTextUnread: true }),
    );
  }
  const { names: unlike, places } = found.failedUnalike();
  if (unlike.length > 0) {
    const textLists = listOf(asked, [() => false, () => false, () => false]);
    const times = timesOf(asked, query.createdAt);
    await db.each(textsSql, [access.team.id, unlike, places, ...textLists, ...times], add);
  }
  found.settle();
  const [own, base] = [idsOf(query.own), idsOf(query.base)];
  const names = found.namesRarelyIn(recentCommits(query.own.filter(({ runId }) => base.has(runId))));
  const foreign = new Set([...base].filter((runId) => !own.has(runId)));
  if (names.length > 0 && foreign.size > 0) {
    const isForeign = ({ runId }: EvidenceRun) => foreign.has(runId);
    const foreignLists = listOf(asked, [() => false, isForeign, () => false]);
    const times = timesOf(asked, query.createdAt);
    await db.each(foreignSql, [access.team.id, names, query.createdAt, ...foreignLists, ...times], add);
  }
  return found.evidence();
}

/** Reads all rows of some tests in some runs, the judged one too where it is among them; inside a transaction of the team. */
export async function readNamedRows(
  db: Database,
  access: Access,
  { createdAt }: RunQuery,
  { names, runs }: { readonly names: readonly string[]; readonly runs: readonly EvidenceRun[] },
): Promise<readonly TestRow[]> {
  const asked = [...new Map(runs.map((run) => [run.runId, run])).values()];
  if (names.length === 0 || asked.length === 0) return [];
  const found = new RowCollector('', asked, []);
  const lists = listOf(asked, [() => false, () => true, () => false]);
  const times = timesOf(asked, createdAt);
  await db.each<TestFactsRow>(namedSql, [access.team.id, names, createdAt, ...lists, ...times], (row) =>
    found.add(row),
  );
  const { rows, passes } = found.evidence();
  const failed = new Map<string, Set<string>>();
  for (const { testName, runId } of rows.filter(isFailed))
    failed.set(testName, (failed.get(testName) ?? new Set()).add(runId));
  const passed = [...passes.places].flatMap(([testName, places]) =>
    places.flatMap((place): TestRow[] => {
      const runId = passes.runIds[place] ?? '';
      return failed.get(testName)?.has(runId) === true ? [] : [{ testName, runId, outcome: 'passed' }];
    }),
  );
  return [...passed, ...rows];
}

/** An own past counts where it has at least half of so many commits: below that the other jobs are asked. */
const ownCommits = 10;

/** The runs of the line's newest commits, by commit. */
function recentCommits(runs: readonly EvidenceRun[]): readonly ReadonlySet<string>[] {
  const byCommit = new Map<string, Set<string>>();
  for (const run of runs) {
    const commit = commitOf(run);
    byCommit.set(commit, (byCommit.get(commit) ?? new Set()).add(run.runId));
  }
  return [...byCommit.values()].slice(0, ownCommits);
}

/** What was tested, as one text: merges of equal parents are one. */
function commitOf({ kind, parents, testedSha, gitSha, runId }: EvidenceRun): string {
  if (kind === 'merge' && parents !== undefined && parents.length > 1) return parents.join('+');
  return testedSha ?? gitSha ?? runId;
}

/** Run ids, times, lines and commits, and what is true of each run. */
function listOf(runs: readonly EvidenceRun[], flags: readonly ((run: EvidenceRun) => boolean)[]): string[][] {
  return [
    runs.map(({ runId }) => runId),
    runs.map(({ at }) => new Date(at).toISOString()),
    runs.map(({ isWithoutLine, lineId }) => (isWithoutLine ? noLine : lineId)),
    runs.map(commitOf),
    ...flags.map((is) => runs.map((run) => String(is(run)))),
  ];
}

/** Which of the own runs are read, and which others are known by them. Runs are named by their place among all, from 1. */
interface Alike {
  readonly read: ReadonlySet<number>;
  /** Place of a run that is read (0: the judged one) -> places of those that ran the same tests. */
  readonly like: ReadonlyMap<number, readonly number[]>;
}

/** Whether another run may tell what a failure means that is not of the own line: one of the same commit, or two since the point. */
function hasBeside(
  asked: readonly EvidenceRun[],
  own: ReadonlySet<string>,
  isLate: (run: EvidenceRun) => boolean,
): boolean {
  const runs = new Map<string, { all: number; others: number }>();
  for (const run of asked) {
    const { all, others } = runs.get(commitOf(run)) ?? { all: 0, others: 0 };
    runs.set(commitOf(run), { all: all + 1, others: others + (own.has(run.runId) ? 0 : 1) });
  }
  return (
    [...runs.values()].some(({ all, others }) => all > 1 && others > 0) || asked.filter(isLate).length > 1
  );
}

/** Of own runs that ran the same tests the newest one is read; none where the judged run ran them. */
function alikeIn(
  asked: readonly EvidenceRun[],
  own: ReadonlySet<string>,
  signature: string | undefined,
): Alike {
  const bySignature = new Map<string, number[]>(signature === undefined ? [] : [[signature, [0]]]);
  const read = new Set<number>();
  const places = [...asked.keys()].filter((at) => own.has(asked[at]?.runId ?? ''));
  places.sort((a, b) => (asked[b]?.at ?? 0) - (asked[a]?.at ?? 0));
  for (const at of places) {
    const tests = asked[at]?.testsSignature;
    const known = tests === undefined ? undefined : bySignature.get(tests);
    if (known === undefined) read.add(at + 1);
    if (tests !== undefined) bySignature.set(tests, [...(known ?? []), at + 1]);
  }
  return {
    read,
    like: new Map(
      [...bySignature.values()].flatMap(([first, ...others]): [number, number[]][] =>
        first === undefined || others.length === 0 ? [] : [[first, others]],
      ),
    ),
  };
}

/** The place of each chosen run, its id, time and line; then their line, their first and last time. */
function chosenOf(asked: readonly EvidenceRun[], places: ReadonlySet<number>, otherwise: Date) {
  const chosen = asked.filter((_, at) => places.has(at + 1));
  const [ids, times, lines] = listOf(chosen, []);
  const ofLine = chosen.filter(({ isWithoutLine }) => !isWithoutLine);
  return [
    asked.flatMap((_, at) => (places.has(at + 1) ? [String(at + 1)] : [])),
    ...[ids ?? [], times ?? [], lines ?? []],
    ofLine[0]?.lineId ?? noLine,
    ...timesOf(ofLine, otherwise),
  ];
}

/** The first and the last time of the runs: with them as parameters the planner leaves out other months' partitions. */
function timesOf(runs: readonly EvidenceRun[], otherwise: Date): readonly [Date, Date] {
  const times = runs.map(({ at }) => at);
  if (times.length === 0) return [otherwise, otherwise];
  return [new Date(Math.min(...times)), new Date(Math.max(...times))];
}

/** Texts that many rows have are among the first: to keep more takes as much memory as it saves where each row has its own. */
const mostShared = 10_000;

/** One text each for what many rows have: all tests may have failed. */
class SharedTexts {
  readonly #texts = new Map<string, string>();

  of<Text extends string>(text: Text | null): Text | undefined {
    if (text === null) return undefined;
    const known = this.#texts.get(text) as Text | undefined;
    if (known === undefined && this.#texts.size < mostShared) this.#texts.set(text, text);
    return known ?? text;
  }
}

const nowhere: readonly number[] = [];

/**
 * Puts the statements' rows together; a row that both have is one. A class and no closures: those lose what V8 compiled of them
 * whenever it looks for garbage between two runs.
 */
class RowCollector {
  readonly #me: string;
  readonly #asked: readonly EvidenceRun[];
  readonly #failures: readonly RunFailure[];
  /** Of the own runs. */
  readonly #alike: Alike;
  // Most tests have one row, and need no list of their own.
  readonly #rowsOf = new Map<string, TestRow | TestRow[]>();
  /** Places of runs, each once. Tests that passed in the same runs share one list. */
  readonly #passesOf = new Map<string, readonly number[]>();
  /**
   * Places of runs; behind one where the test did not pass at once, its outcome and attempts: `3 4:skipped: 5:passed:2`. Of 0, the
   * judged run, that it ran.
   */
  readonly #pasts = new Map<string, string>();
  readonly #failedIn = new Map<number, number>();
  readonly #lists = new Map<string, readonly number[]>();
  readonly #placeOf: ReadonlyMap<string, number>;
  readonly #placesLike = new Map<number, readonly number[]>();
  readonly #shared = new SharedTexts();
  // By place, the turn in which a run was last taken: a set for each test costs more than the rest.
  readonly #turns: Int32Array;
  #turn = 0;
  #lostAt: number | undefined;
  #isSettled = false;

  /**
   * @param me the judged run
   * @param alike the own runs
   */
  constructor(
    me: string,
    asked: readonly EvidenceRun[],
    failures: readonly RunFailure[],
    alike: Alike = { read: new Set(), like: new Map() },
  ) {
    this.#me = me;
    this.#asked = asked;
    this.#failures = failures;
    this.#alike = alike;
    const placeOf = new Map([[me, 0]]);
    for (const [at, { runId }] of asked.entries()) placeOf.set(runId, at + 1);
    this.#placeOf = placeOf;
    this.#turns = new Int32Array(asked.length + 1);
    for (const failure of failures) this.#addRow(failure);
  }

  /** @param isTextUnread error type and statement of failures are not in it */
  add(fact: TestFactsRow, { isTextUnread = false } = {}): void {
    const { past, attempts } = fact;
    const places = fact.places?.split(' ').map(Number) ?? [];
    if (fact.test_name === null) {
      for (const place of places) this.#failedIn.set(place, attempts ?? 0);
      return;
    }
    const first = rowsIn(this.#rowsOf.get(fact.test_name))[0];
    // Each answer brings a text of its own.
    const testName = first?.testName ?? fact.test_name;
    if (past !== null) this.#addPast(testName, past);
    if (places.length === 0) return;
    const outcome = this.#shared.of(fact.outcome) ?? fact.outcome;
    const failedAttempts = attempts === null ? undefined : attempts - 1;
    const driftSignature = this.#shared.of(fact.drift_signature);
    // Equal signatures are of equal error types and statements.
    const like = isTextUnread && driftSignature !== undefined && driftSignature === first?.driftSignature;
    const errorType = like ? first.errorType : this.#shared.of(fact.error_type);
    const statement = like ? first.statement : this.#shared.of(fact.statement);
    for (const place of places) {
      const runId = this.#runAt(place);
      if (runId === undefined) continue;
      if (place === 0 && this.#alike.like.has(0)) {
        const isPlain = outcome === 'passed' && attempts === null;
        this.#addPast(testName, isPlain ? '0' : `0:${outcome}:${attempts ?? ''}`);
      }
      this.#addRow({ testName, runId, outcome, failedAttempts, driftSignature, errorType, statement });
    }
  }

  /**
   * Tests that failed with several drift signatures, or without one, and the places of the other runs where each did: there the
   * error type and the statement tell whether two failures are alike.
   */
  failedUnalike(): { readonly names: readonly string[]; readonly places: readonly string[] } {
    const [names, places]: [string[], string[]] = [[], []];
    for (const [testName, known] of this.#rowsOf) {
      let [isUnlike, signature]: [boolean, string | undefined] = [false, undefined];
      for (const row of rowsIn(known)) {
        if (!isFailed(row)) continue;
        signature ??= row.driftSignature;
        isUnlike ||= row.driftSignature === undefined || row.driftSignature !== signature;
      }
      if (!isUnlike) continue;
      const there = rowsIn(known).filter((row) => isFailed(row) && row.runId !== this.#me);
      if (there.length === 0) continue;
      names.push(testName);
      places.push(there.map(({ runId }) => this.#placeOf.get(runId)).join(' '));
    }
    return { names, places };
  }

  /** To be called when the own runs are read: what a row means for the runs like its own is known then. */
  settle(): void {
    if (!this.#isSettled) for (const testName of this.#rowsOf.keys()) this.#settleTest(testName);
    for (const testName of this.#pasts.keys())
      if (this.#isSettled || !this.#rowsOf.has(testName)) this.#settleTest(testName);
    this.#isSettled = true;
    this.#pasts.clear();
  }

  /** Tests with rows in fewer than half of the commits. */
  namesRarelyIn(commits: readonly ReadonlySet<string>[]): string[] {
    // By place, the commit that it is of, as one bit: the commits are few.
    const bitAt = new Int32Array(this.#asked.length + 1);
    for (const [at, runs] of commits.entries())
      for (const runId of runs) bitAt[this.#placeOf.get(runId) ?? -1] = 1 << at;
    const isRare = (bits: number) => countBits(bits) * 2 < Math.max(commits.length, 1);
    const found: string[] = [];
    // Thousands of tests may have passed in the same runs.
    const known = new Map<readonly number[], number>();
    for (const testName of new Set([...this.#rowsOf.keys(), ...this.#passesOf.keys()])) {
      const passes = this.#passesOf.get(testName) ?? nowhere;
      let bits = known.get(passes);
      if (bits === undefined) {
        bits = passes.reduce((sum, place) => sum | (bitAt[place] ?? 0), 0);
        known.set(passes, bits);
      }
      if (!isRare(bits)) continue;
      for (const { runId } of rowsIn(this.#rowsOf.get(testName)))
        bits |= bitAt[this.#placeOf.get(runId) ?? -1] ?? 0;
      if (isRare(bits)) found.push(testName);
    }
    return found;
  }

  evidence(): TestEvidence {
    this.settle();
    const rows: TestRow[] = [];
    const turns = this.#turns;
    let marked: readonly number[] | undefined;
    // By place, how many rows there were with the latest one of its run.
    const counts = new Int32Array(turns.length);
    for (const [testName, known] of this.#rowsOf) {
      const list = this.#passesOf.get(testName) ?? nowhere;
      // Most tests share one.
      if (list !== marked) {
        this.#turn++;
        for (const place of list) turns[place] = this.#turn;
        marked = list;
      }
      const before = rows.length;
      for (const row of rowsIn(known)) {
        const place = this.#placeOf.get(row.runId) ?? 0;
        // A failure stands for a twin that passed, and that for others.
        if (!isFailed(row) && turns[place] === this.#turn) continue;
        const count = counts[place] ?? 0;
        if (count <= before) counts[place] = rows.push(row);
        // Two reports of one run may hold one name: a failure stands for it.
        else if (isFailed(row)) rows[count - 1] = row;
      }
    }
    const byName = this.#failures.toSorted((a, b) =>
      a.testName < b.testName ? -1 : a.testName > b.testName ? 1 : 0,
    );
    return {
      rows,
      passes: {
        runIds: [this.#me, ...this.#asked.map(({ runId }) => runId)],
        places: this.#passesOf,
      },
      // Of twins the last one.
      failures: byName.filter(({ testName }, at) => testName !== byName[at + 1]?.testName),
    };
  }

  #runAt(place: number): string | undefined {
    return place === 0 ? this.#me : this.#asked[place - 1]?.runId;
  }

  #addRow(row: TestRow): void {
    const known = this.#rowsOf.get(row.testName);
    if (known === undefined) this.#rowsOf.set(row.testName, row);
    else if (Array.isArray(known)) known.push(row);
    else this.#rowsOf.set(row.testName, [known, row]);
  }

  #addPast(testName: string, past: string): void {
    const known = this.#pasts.get(testName);
    const text = known === undefined ? past : `${known} ${past}`;
    this.#pasts.set(testName, this.#shared.of(text) ?? text);
  }

  #settleTest(testName: string): void {
    const past = this.#pasts.get(testName) ?? '';
    // Where it failed it ran, and so in all runs like that one.
    const ran: number[] = [];
    for (const row of rowsIn(this.#rowsOf.get(testName))) {
      const place = isFailed(row) ? (this.#placeOf.get(row.runId) ?? 0) : -1;
      if (this.#alike.like.has(place) && !ran.includes(place)) ran.push(place);
    }
    if (past === '' && ran.length === 0) return;
    const key = `${past}/${ran.sort((a, b) => a - b).join(' ')}`;
    const parts = past === '' ? [] : past.split(' ').map((part) => part.split(':'));
    let list = this.#lists.get(key);
    if (list === undefined) {
      const plain = parts.filter((part) => part.length === 1).map(([place]) => Number(place));
      list = this.#allLike([...plain, ...ran]);
      this.#lists.set(key, list);
    }
    const before = this.#passesOf.get(testName);
    if (list.length > 0)
      this.#passesOf.set(testName, before === undefined ? list : [...new Set([...before, ...list])]);
    for (const [place, outcome, attempts] of parts) {
      if (outcome === undefined) continue;
      const failedAttempts = attempts ? Number(attempts) - 1 : undefined;
      for (const at of this.#runsLike(Number(place))) {
        const runId = this.#asked[at - 1]?.runId;
        if (runId !== undefined)
          this.#addRow({ testName, runId, outcome: outcome as Outcome, failedAttempts });
      }
    }
  }

  /** The places of the runs like those of the places, each once. */
  #allLike(places: readonly number[]): number[] {
    this.#turn++;
    const found: number[] = [];
    for (const place of places)
      for (const at of this.#runsLike(place)) {
        if (this.#turns[at] === this.#turn) continue;
        this.#turns[at] = this.#turn;
        found.push(at);
      }
    return found;
  }

  /** The run, where it is read, and those that ran the same tests. */
  #runsLike(place: number): readonly number[] {
    const known = this.#placesLike.get(place);
    if (known !== undefined) return known;
    const found = [place, ...(this.#alike.like.get(place) ?? [])].filter((at) => {
      const run = this.#asked[at - 1];
      return run !== undefined && (at === place || run.at > this.#findLost());
    });
    this.#placesLike.set(place, found);
    return found;
  }

  /** The time of the newest own run that has lost failures to retention: those before it have lost their rows. */
  #findLost(): number {
    this.#lostAt ??= [...this.#alike.read, ...[...this.#alike.like.values()].flat()].reduce((last, at) => {
      const run = this.#asked[at - 1];
      const isLost = run?.isWithoutLine === false && run.totals.failed !== (this.#failedIn.get(at) ?? 0);
      return isLost ? Math.max(last, run.at) : last;
    }, Number.NEGATIVE_INFINITY);
    return this.#lostAt;
  }
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

const isFailed = ({ outcome }: TestRow): boolean => outcome === 'failed' || outcome === 'error';

function rowsIn(known: TestRow | readonly TestRow[] | undefined): readonly TestRow[] {
  if (known === undefined) return [];
  return Array.isArray(known) ? known : [known as TestRow];
}

/** What is read of a row. */
interface RowFacts {
  readonly outcome: Outcome;
  readonly attempts: number | null;
  readonly drift_signature: string | null;
  readonly error_type: string | null;
  /** Its hash. */
  readonly statement: string | null;
}
type FailedRow = Row &
  RowFacts & {
    readonly test_name: string;
    readonly test_file: string | null;
    readonly failure_signature: string | null;
    readonly words_signature: string | null;
    readonly cause_key: string | null;
    readonly memory: string | null;
    readonly is_shared: boolean;
  };
/**
 * The rows of one test that are no failures, as one text; or equal rows, with the places of their runs (0: the judged one); or,
 * without a name, how many rows of a run are failures, as `attempts`.
 */
type TestFactsRow = Row &
  RowFacts & {
    readonly test_name: string | null;
    readonly past: string | null;
    readonly places: string | null;
  };

/** Whether the line has many more runs in the time of those that are asked for, seen by the rows of one failed test. */
async function isLineSparse(
  db: Database,
  access: Access,
  query: TestEvidenceQuery,
  times: readonly number[],
): Promise<boolean> {
  const limit = times.length * sparse;
  const [row] = await db.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (
       SELECT FROM test_runs m
       CROSS JOIN LATERAL (SELECT r.test_name FROM test_results r WHERE ${failedHere} LIMIT 1) AS f
       CROSS JOIN LATERAL (
         SELECT FROM test_results r WHERE r.team_id = $1 AND r.line_id = m.line_id AND r.test_name = f.test_name
           AND r.created_at BETWEEN $4 AND $5) AS r
       WHERE m.team_id = $1 AND m.id = $2 AND m.created_at = $3 LIMIT ${limit + 1}) AS found`,
    [
      access.team.id,
      query.runId,
      query.createdAt,
      new Date(Math.min(...times)),
      new Date(Math.max(...times)),
    ],
  );
  return (row?.n ?? 0) > limit;
}

const failureColumns =
  'r.outcome, r.attempts, r.drift_signature, r.error_type, md5(r.statement) AS statement';
/** What tells that a test ran and did not fail: all of it is in the index of lines, so that no row is fetched. */
const passColumns = 'r.test_run_id, r.outcome, r.attempts';
/** Known when the statement is planned, unlike the runs' own times. */
const inTime = 'r.created_at BETWEEN $11 AND $12';

/** Rows without failure of one test as one text, which is the same for tests that passed in the same runs. Most rows are passes. */
const together = (from: string): string => `
      SELECT string_agg(CASE WHEN r.outcome = 'passed' AND r.attempts IS NULL THEN r.code WHEN r.outcome NOT IN ('failed', 'error')
        THEN concat_ws(':', r.code, r.outcome, coalesce(r.attempts::text, '')) END, ' ') AS past FROM (${from}) AS r`;

const namesWith = (from: string): string => `
  SELECT n.test_name, t.past, NULL AS places, NULL AS outcome, NULL::int AS attempts, NULL AS drift_signature, NULL AS error_type, NULL AS statement
  FROM ${from} WHERE t.past IS NOT NULL`;

/** Rows of tests on lines, in one piece of the index a test: read beside are rows of runs nobody asked for. */
const scanned = (lines: string, line: string, first: string, last: string): string =>
  namesWith(
    `${lines}names AS n CROSS JOIN LATERAL (${together(`
      SELECT a.code, r.outcome, r.attempts FROM (
        SELECT ${passColumns} FROM test_results r
        WHERE r.team_id = $1 AND r.line_id = ${line} AND r.test_name = n.test_name AND r.created_at BETWEEN ${first} AND ${last}
        -- In the order of the index of lines: in a month that was never analysed any other looks as good, and reads whole runs.
        ORDER BY r.created_at DESC OFFSET 0) AS r
      JOIN chosen a ON a.id = r.test_run_id`)}) AS t`,
  );

/** On the one line of all chosen runs. Given as parameters its runs are counted by the planner, which then puts them in one hash. */
const scannedLine = scanned('', '$17::uuid', '$18', '$19');

const scannedLines = scanned(
  `(
      SELECT line_id, min(created_at) AS first, max(created_at) AS last
      FROM chosen WHERE line_id IS NOT NULL GROUP BY line_id) AS l
    CROSS JOIN `,
  'l.line_id',
  'l.first',
  `l.last AND ${inTime}`,
);

/** The same run by run. */
const probed = (hasOlder: boolean, which = 'true'): string =>
  namesWith(
    `names AS n CROSS JOIN LATERAL (${together(`
      SELECT a.code, r.outcome, r.attempts FROM chosen a CROSS JOIN LATERAL (${rowIn('a', 'n.test_name', hasOlder)}) AS r WHERE ${which}`)}) AS t`,
  );

/** Rows of older programs have no line: they are looked up run by run. */
const withOlder = (scan: string, hasOlder: boolean): string =>
  hasOlder ? `${scan} UNION ALL ${probed(true, 'a.line_id IS NULL')}` : scan;

/**
 * The rows of one test in one run, by the index of lines. IS NULL is a condition of its own: IS NOT DISTINCT FROM uses no index,
 * and keeps the planner here from the one on test_run_id.
 */
const rowIn = (run: string, name: string, hasOlder: boolean): string => `
      SELECT ${passColumns} FROM test_results r
      WHERE ${run}.line_id IS NOT NULL AND r.team_id = $1 AND r.line_id = ${run}.line_id AND r.test_name = ${name}
        AND r.created_at = ${run}.created_at AND r.test_run_id IS NOT DISTINCT FROM ${run}.id AND ${inTime}
      ${
        hasOlder
          ? `UNION ALL
      SELECT ${passColumns} FROM test_results r
      WHERE ${run}.line_id IS NULL AND r.team_id = $1 AND r.line_id IS NULL AND r.test_name = ${name}
        AND r.created_at = ${run}.created_at AND r.test_run_id IS NOT DISTINCT FROM ${run}.id AND ${inTime}`
          : ''
      }`;

const mostRepaired = 2000;

/** An array of the port holds no NULL. */
const noLine = '00000000-0000-0000-0000-000000000000';

/** The runs as they were given: the planner sees how many they are, and takes a join with a table for one row. */
const asked = `
  asked AS MATERIALIZED (
    SELECT a.place::int AS place, a.id, a.created_at, NULLIF(a.line_id, '${noLine}') AS line_id, a.commit, a.is_own, a.is_point, a.is_late
    FROM unnest($4::uuid[], $5::timestamptz[], $6::uuid[], $7::text[], $8::boolean[], $9::boolean[], $10::boolean[])
      WITH ORDINALITY AS a (id, created_at, line_id, commit, is_own, is_point, is_late, place)
  )`;

/** The runs whose rows are put together by test. */
const chosenPoint = `
  chosen AS MATERIALIZED (SELECT place::text AS code, id, created_at, line_id FROM asked WHERE is_point)`;
const chosenOwn = `
  chosen AS MATERIALIZED (
    SELECT c.code, c.id, c.created_at, NULLIF(c.line_id, '${noLine}') AS line_id
    FROM unnest($13::text[], $14::uuid[], $15::timestamptz[], $16::uuid[]) AS c (code, id, created_at, line_id)
    WHERE ($17::uuid, $18::timestamptz, $19::timestamptz) IS NOT NULL
  )`;

/** Tests that failed at the point, as they are here. */
const repairedSql = (isOlder: boolean): string => `, repaired AS MATERIALIZED (
    SELECT p.test_name, r.outcome, r.attempts FROM (
      SELECT DISTINCT r.test_name FROM asked a CROSS JOIN LATERAL (
        SELECT r.test_name FROM test_results r WHERE ${failedIn('a')} AND ${inTime} OFFSET 0) AS r
      WHERE a.is_point AND (r.test_name IN (SELECT test_name FROM red)) IS NOT TRUE LIMIT ${mostRepaired}) AS p
    CROSS JOIN LATERAL (
      SELECT ${passColumns} FROM test_results r
      WHERE r.team_id = $1 AND r.line_id ${isOlder ? 'IS NULL' : '= $20::uuid'} AND r.test_name = p.test_name AND r.created_at = $3
        AND r.test_run_id IS NOT DISTINCT FROM $2
      -- Test by test: in a month that was never analysed a join may read the whole line.
      OFFSET 0) AS r
  )`;

/** What other jobs say of a failing commit is asked for so many tests: no more of one run are looked at as closely by hand. */
const isFew = '(SELECT count(*) <= 50 FROM names)';

/** Rows of failures in the runs. All of them is in the index of failures, so that no row is fetched. */
const failedSql = `, failed AS MATERIALIZED (
    -- Run by run (OFFSET 0): a join would read all failures that the team ever had.
    SELECT a.place, r.test_name, r.outcome, r.attempts, r.drift_signature FROM asked a CROSS JOIN LATERAL (
      SELECT r.test_name, r.outcome, r.attempts, r.drift_signature FROM test_results r WHERE ${failedIn('a')} AND ${inTime} OFFSET 0) AS r
    WHERE (r.test_name IN (SELECT test_name FROM names)) IS TRUE
  ), failures AS (
    SELECT a.place, r.failures FROM asked a CROSS JOIN LATERAL (
      SELECT count(*)::int AS failures FROM test_results r WHERE ${failedIn('a')} AND ${inTime}) AS r
    WHERE a.is_own AND r.failures > 0
  )`;

/** What tells what failures mean that are not of the own line. */
const besideSql = (hasOlder: boolean): string => `, elsewhere AS MATERIALIZED (
    SELECT f.place, f.test_name, a.line_id, a.commit, a.is_late FROM failed f JOIN asked a USING (place)
    WHERE NOT a.is_own OR ${isFew}
  ), beside AS (
    -- The runs of other lines and changes that tell what a failure there means: of the same commit, and all since the point. Of many
    -- tests the same line's alone.
    SELECT a.place, e.test_name, a.id, a.created_at, a.line_id
    FROM (SELECT DISTINCT test_name, line_id, commit FROM elsewhere) AS e
    JOIN asked a ON a.commit = e.commit AND NOT a.is_own AND (${isFew} OR a.line_id IS NOT DISTINCT FROM e.line_id)
    UNION
    SELECT a.place, e.test_name, a.id, a.created_at, a.line_id
    FROM (SELECT DISTINCT test_name FROM elsewhere WHERE is_late) AS e JOIN asked a ON a.is_late
  ), passes AS (
    -- Not those in which it failed.
    SELECT b.place, b.test_name, r.outcome, r.attempts
    FROM (SELECT * FROM beside WHERE (place, test_name) NOT IN (SELECT place, test_name FROM elsewhere)) AS b CROSS JOIN LATERAL (${rowIn('b', 'b.test_name', hasOlder)}) AS r
    WHERE r.outcome NOT IN ('failed', 'error')
  )`;

/** What the statement has to look for: planning what cannot be there costs as much as the rest. */
interface TestsKind {
  readonly isSparse: boolean;
  /** All own runs are of one line; a clean run of the commit that was edited may be of another. */
  readonly isOneLine: boolean;
  readonly hasOlder: boolean;
  /** Rows of own runs are read: not all of them ran the same tests as the judged one. */
  readonly isRead: boolean;
  /** One of the runs has failures. */
  readonly isRed: boolean;
  readonly isPointRed: boolean;
  /** See hasBeside. */
  readonly hasBeside: boolean;
  /** The judged run is of an older program, whose rows name no line. */
  readonly isOlder: boolean;
}

const ownFailuresSql = `
  SELECT r.test_name, r.test_file, ${failureColumns}, r.failure_signature, r.cause_key,
    CASE WHEN $4::boolean THEN r.words_signature END AS words_signature,
    coalesce(r.healix_memory_id, r.shared_memory_id) AS memory, r.healix_memory_id IS NULL AS is_shared
  FROM test_results r WHERE ${failedHere} ORDER BY r.id`;

const testsSql = (kind: TestsKind): string => {
  const { isSparse, isOneLine, hasOlder, isRead, isRed, isPointRed, isOlder } = kind;
  const hasPasses = isRed && kind.hasBeside;
  return `
  WITH ${asked}, ${chosenOwn}, red AS MATERIALIZED (
    SELECT DISTINCT r.test_name FROM test_results r WHERE ${failedHere} AND ($11::timestamptz, $12::timestamptz) IS NOT NULL
  )${isPointRed ? repairedSql(isOlder) : ''}, names AS MATERIALIZED (
    SELECT test_name FROM red${isPointRed ? ' UNION SELECT test_name FROM repaired' : ''}
  )${isRed ? failedSql : ''}${hasPasses ? besideSql(hasOlder) : ''}
  ${[
    ...(isRead
      ? [isSparse ? probed(hasOlder) : withOlder(isOneLine ? scannedLine : scannedLines, hasOlder)]
      : []),
    ...(isRed
      ? [
          // A test fails in many runs alike.
          `SELECT test_name, NULL AS past, string_agg(place::text, ' ') AS places, outcome, attempts, drift_signature, NULL AS error_type, NULL AS statement
  FROM failed GROUP BY test_name, outcome, attempts, drift_signature`,
          ...(hasPasses
            ? ['SELECT test_name, NULL, place::text, outcome, attempts, NULL, NULL, NULL FROM passes']
            : []),
          'SELECT NULL, NULL, place::text, NULL, failures, NULL, NULL, NULL FROM failures',
        ]
      : []),
    ...(isPointRed
      ? [
          `SELECT test_name, NULL AS past, '0' AS places, outcome, attempts, NULL AS drift_signature, NULL AS error_type, NULL AS statement FROM repaired`,
        ]
      : []),
  ].join(' UNION ALL ')}`;
};

/** The failures of some tests in the runs that are named by their places, with their texts. */
const textsSql = `
  WITH ${asked}
  SELECT r.test_name, NULL AS past, string_agg(a.place::text, ' ') AS places, r.outcome, r.attempts, r.drift_signature, r.error_type, r.statement
  FROM unnest($2::text[], $3::text[]) AS n (test_name, places)
  CROSS JOIN LATERAL unnest(string_to_array(n.places, ' ')::int[]) AS p (place) JOIN asked a USING (place)
  CROSS JOIN LATERAL (
    SELECT r.test_name, ${failureColumns} FROM test_results r WHERE ${failedIn('a')} AND r.test_name = n.test_name AND ${inTime} OFFSET 0) AS r
  GROUP BY r.test_name, r.outcome, r.attempts, r.drift_signature, r.error_type, r.statement`;

/** Of some tests the rows without failure in runs that are not of the own line; the failures there are known already. */
const foreignSql = `
  WITH ${asked}, ${chosenPoint}, names AS MATERIALIZED (SELECT DISTINCT test_name FROM unnest($2::text[]) AS n (test_name) WHERE $3::timestamptz IS NOT NULL
  )
  ${withOlder(scannedLines, true)}`;

/** Of some tests all rows in some runs. */
const namedSql = `${foreignSql}
  UNION ALL
  SELECT r.test_name, NULL, a.place::text, ${failureColumns} FROM asked a CROSS JOIN LATERAL (
    SELECT r.* FROM test_results r WHERE ${failedIn('a')} AND r.test_name = ANY ($2::text[]) AND ${inTime} OFFSET 0) AS r`;

/** Which test files runs at the point ran. */
export interface FileEvidence {
  /** Of the files asked for. */
  readonly ran: ReadonlySet<string>;
  /** Test files of the judged run, and how many of them a run at the point ran. */
  readonly filesHere: number;
  readonly filesAlsoAtPoint: number;
}

/** Reads the files of the judged run and of the point's runs, inside a transaction of the team. Needed for tests without a past. */
export async function readFileEvidence(
  db: Database,
  access: Access,
  {
    runId,
    createdAt,
    point,
    files,
  }: Pick<TestEvidenceQuery, 'runId' | 'createdAt' | 'point'> & {
    readonly files: readonly string[];
  },
): Promise<FileEvidence> {
  const [row] = await db.query<{ ran: string[] | null; here: number; both: number }>(filesSql, [
    access.team.id,
    runId,
    createdAt,
    point.map((run) => run.runId),
    point.map(({ at }) => new Date(at).toISOString()),
    files,
  ]);
  return { ran: new Set(row?.ran ?? []), filesHere: row?.here ?? 0, filesAlsoAtPoint: row?.both ?? 0 };
}

const filesSql = `
  WITH here AS MATERIALIZED (
    SELECT DISTINCT r.test_file AS file FROM test_results r
    WHERE r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3 AND r.test_file IS NOT NULL
  ), there AS MATERIALIZED (
    SELECT DISTINCT r.test_file AS file FROM unnest($4::uuid[], $5::timestamptz[]) AS p (id, at)
    JOIN test_results r ON r.team_id = $1 AND r.test_run_id = p.id AND r.created_at = p.at AND r.test_file IS NOT NULL
  )
  SELECT (SELECT array_agg(file) FROM there WHERE file = ANY ($6::text[])) AS ran, (SELECT count(*)::int FROM here) AS here,
    (SELECT count(*)::int FROM here JOIN there USING (file)) AS both`;
