// A run beside the runs before it: what is known about each failure, since when it fails, and whether it is new. Two
// statements a run, however many failures; decides the classes, knows nothing of words.
import { StoreError } from '../../errors.ts';
import type {
  FailureClass,
  FailureHistory,
  HealixMemory,
  Match,
  RunHistory,
  SavedRun,
  Tier,
} from '../../model.ts';
import type { Connect, Database } from '../database/port.ts';
import { bestMemory, healixEnabled, isExact, ranking, stale } from '../healix/matching.ts';
import { type Access, inTeam, openAccess } from '../schema/access.ts';

export interface HistoryRequest {
  readonly saved: SavedRun;
  /** As in the upload; undefined: the credential's own team, or `local` in the embedded database. */
  readonly teamSlug: string | undefined;
  readonly allowPrivilegedRole: boolean;
  /**
   * The branch to compare with. undefined: the one the CI named when the run was stored, else `main` or `master` where they
   * have runs, else the team's busiest branch.
   */
  readonly baseBranch: string | undefined;
  /** Milliseconds without a byte after which the connection counts as dead. Default 30 s. */
  readonly stallMs?: number | undefined;
}

/** How far back a history looks: runs of each branch, and days. */
export const lookBack = { runs: 50, days: 90 } as const;
/** Changes of outcome on the base branch count as flips within this many days. */
const flipDays = 14;
/** Other runs of the same commit that are looked at. */
const twinRuns = 20;
const mostNames = 100;
const dayMs = 86_400_000;

/** Opens a connection of its own and reads the history of a stored run, whether it was stored now or long ago. */
export async function readRunHistory(connect: Connect, request: HistoryRequest): Promise<RunHistory> {
  const db = await connect({ stallMs: request.stallMs ?? 30_000 });
  try {
    const access = await openAccess(db, request);
    return await readHistory(db, access, { ...request.saved, baseBranch: request.baseBranch });
  } finally {
    await db.close();
  }
}

/**
 * Reads the history of one run of the access's team.
 *
 * @throws StoreError `run-unknown` when the team has no such run
 */
export async function readHistory(
  db: Database,
  access: Access,
  run: {
    readonly runId: string;
    readonly createdAt: Date;
    /** See HistoryRequest. */
    readonly baseBranch: string | undefined;
  },
): Promise<RunHistory> {
  const from = new Date(run.createdAt.getTime() - lookBack.days * dayMs);
  const until = new Date(run.createdAt.getTime() + flipDays * dayMs);
  const params = [access.team.id, run.runId, run.createdAt, from];
  return inTeam(db, access, async () => {
    const facts = factsOf(await db.query<FactsRow>(factsSql, [...params, run.baseBranch ?? null, until]));
    if (facts.me === null) throw unknownRun(run.runId);
    const ofBase = facts.lines.filter((past) => past.side === (facts.on_base ? 'branch' : 'base'));
    // Of several other jobs none runs the tests that this one does.
    const baseRuns = new Set(ofBase.map((past) => past.job)).size > 1 && facts.me.job !== null ? [] : ofBase;
    const compare = async <T>(sql: string, base: PastRun): Promise<T | undefined> => {
      const rows = await db.query<{ answer: T }>(sql, [...params.slice(0, 3), base.id, new Date(base.at)]);
      return rows[0]?.answer;
    };
    // What is absent in an incomplete run is neither removed nor added.
    const latest = facts.me.incomplete ? undefined : baseRuns.find((past) => !past.incomplete);
    const changes = latest === undefined ? undefined : await compare<Changes>(changesSql, latest);
    const covered = baseRuns.find((past) => past.coverage !== null);
    const moved =
      covered === undefined || facts.me.coverage === null
        ? undefined
        : await compare<readonly Moved[]>(coverageSql, covered);
    return {
      failures: judge(run, facts),
      baseBranch: facts.base ?? undefined,
      changes: changes === undefined ? undefined : namesOf(changes),
      coverage:
        moved === undefined
          ? undefined
          : {
              beforePercent: covered?.coverage ?? 0,
              afterPercent: facts.me.coverage ?? 0,
              moved: moved.map(({ file_path: filePath, before, after }) => ({
                filePath,
                beforePercent: before,
                afterPercent: after,
              })),
            },
    };
  });
}

/** A run of the branch (or of the base branch) before this one; `back` counts from 1, the latest. */
interface PastRun {
  readonly side: 'branch' | 'base';
  readonly back: number;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sha: string | null;
  /** Percent. */
  readonly coverage: number | null;
  readonly job: string | null;
  /** Tests of it are missing. */
  readonly incomplete: boolean;
}

/** Runs in a row in which one test failed; runs in which it did not run at all part blocks as well. */
interface Block {
  readonly side: 'branch' | 'base';
  readonly newest: number;
  readonly oldest: number;
  /** The first green after the block, and the last one before it, up to the neighbouring blocks; null where there is none. */
  readonly green_after: number | null;
  readonly green_before: number | null;
}

interface Frame {
  readonly me: {
    readonly sha: string | null;
    readonly coverage: number | null;
    readonly job: string | null;
    /** Tests of it are missing. */
    readonly incomplete: boolean;
  } | null;
  readonly base: string | null;
  readonly on_base: boolean;
  readonly lines: readonly PastRun[];
}

interface FailureFacts {
  readonly test_name: string;
  readonly signature: string | null;
  readonly tier: Tier | null;
  readonly memory: string | null;
  /** The memory is one that all teams share. */
  readonly shared: boolean | null;
  /** The test passed in another run of this job (same commit and lane). */
  readonly passed_here: boolean;
}

/** A row each: one answer in one value would be in memory several times over where thousands fail. */
type FactsRow =
  | { readonly kind: 'frame'; readonly facts: Frame }
  | { readonly kind: 'failure'; readonly facts: FailureFacts }
  | {
      readonly kind: 'blocks';
      readonly facts: { readonly test_name: string; readonly list: readonly Block[] };
    }
  | { readonly kind: 'memory'; readonly facts: MemoryFacts };

interface Facts extends Frame {
  readonly failures: readonly FailureFacts[];
  readonly blocksOf: ReadonlyMap<string, readonly Block[]>;
  readonly memories: ReadonlyMap<string, MemoryFacts>;
}

function factsOf(rows: readonly FactsRow[]): Facts {
  let frame: Frame = { me: null, base: null, on_base: false, lines: [] };
  const failures: FailureFacts[] = [];
  const blocksOf = new Map<string, readonly Block[]>();
  const memories = new Map<string, MemoryFacts>();
  for (const { kind, facts } of rows) {
    if (kind === 'frame') frame = facts;
    else if (kind === 'failure') failures.push(facts);
    else if (kind === 'blocks') blocksOf.set(facts.test_name, facts.list);
    else memories.set(memoryKey(facts.id, facts.shared), facts);
  }
  return { ...frame, failures, blocksOf, memories };
}

/** A team's memory and a shared one may have one id: both can be imported from one file. */
function memoryKey(id: string, shared: boolean | null): string {
  return `${shared === true ? 'shared' : 'own'} ${id}`;
}

interface MemoryFacts {
  readonly id: string;
  readonly shared: boolean;
  readonly root_cause: string | null;
  readonly solution: string;
  readonly solution_type: string | null;
  readonly auto_fix_code: string | null;
  readonly confidence: number | null;
  readonly success_count: number | null;
  readonly failure_count: number | null;
  readonly last_applied: number | null;
  readonly stale: boolean | null;
}

/** Whether a run is of the same repository, as far as both say. */
const sameRepository = (run: string): string =>
  `(${run}.repository = (SELECT repository FROM me)) IS NOT FALSE`;

/** Runs of a branch before this one, in its repository and lane. */
const ofBranch = (branch: string): string => `
      FROM test_runs r
      WHERE r.team_id = $1 AND r.git_branch = ${branch} AND r.lane IS NOT DISTINCT FROM (SELECT lane FROM me)
        AND r.created_at >= $4 AND r.created_at < $3 AND ${sameRepository('r')}`;

/** The pull request that a run was for, as a subquery that is asked run by run. */
const pullRequestOf = (run: string): string =>
  `(SELECT u.pull_request FROM ingest_uploads u WHERE u.team_id = $1 AND u.run_id = ${run} LIMIT 1)`;

/**
 * Whether a run tested what this one did: a push tests the branch's head, a pull request its merge with the base, and both
 * are stored for the same branch and commit.
 */
const sameEvent = (run: string): string =>
  `${pullRequestOf(`${run}.id`)} IS NOT DISTINCT FROM (SELECT pull_request FROM me)`;

/**
 * The last runs of a branch before this one: those of its own job, else, where there is none, those of all jobs. The other
 * jobs of the very commit are no past.
 */
const pastRuns = (side: 'branch' | 'base', branch: string): string => `
    SELECT '${side}' AS side, row_number() OVER (ORDER BY created_at DESC, id DESC)::int AS back, id, created_at, git_sha, coverage_percent, job_name, incomplete
    FROM (SELECT r.id, r.created_at, r.git_sha, r.coverage_percent, r.job_name, r.incomplete ${ofBranch(branch)}
            AND CASE WHEN (SELECT EXISTS (SELECT ${ofBranch(branch)} AND r.job_name = (SELECT job_name FROM me)))
                  THEN r.job_name = (SELECT job_name FROM me)
                  ELSE (SELECT job_name FROM me) IS NULL OR r.git_sha IS DISTINCT FROM (SELECT git_sha FROM me) END
            ${side === 'branch' ? `AND ${sameEvent('r')}` : ''}
          ORDER BY r.created_at DESC LIMIT ${lookBack.runs}) AS past`;

/**
 * Whether a test was green in one run; both are given, so that one row of one partition's index is looked at. Written so that
 * no other index fits: before a table's first ANALYZE the planner takes the one of outcomes, and reads a run for each test.
 */
const greenIn = (testName: string, run: { readonly id: string; readonly at: string }): string => `
      FROM test_results r WHERE r.team_id = $1 AND r.test_name = ${testName} AND r.created_at = ${run.at}
        AND r.created_at BETWEEN $4 AND $6 AND r.test_run_id IS NOT DISTINCT FROM ${run.id}
        AND coalesce(r.outcome, '') IN ('passed', 'xpassed')`;

/** What is shown of a memory. */
const shown =
  'id, root_cause, solution, solution_type, auto_fix_code, confidence, success_count, failure_count, last_applied, created_at';

/** A memory that was found, as one text. */
const labelled = (tier: Tier): string => `'${tier} ' || b.shared || ' ' || b.id`;

/**
 * The first green run of a block's side in a series of places. The runs of a side come as arrays: looking through their list
 * for each block would take longer than looking for the test. A scalar subquery is asked place by place in the series' order,
 * and no further than to the first green one.
 */
const firstGreen = (series: string): string => `
      SELECT p.back FROM generate_series(${series}) AS p (back)
      WHERE (SELECT true ${greenIn('b.test_name', { id: 'b.ids[p.back]', at: 'b.times[p.back]' })} LIMIT 1) LIMIT 1`;

// Failing rows are found by team, outcome and a run's created_at (all rows of a run share it); green ones are looked up only
// at the edges of a block of failures. Both use indexes of the schema document, under row-level security too. IS NOT DISTINCT
// FROM keeps the index on test_run_id out: it would read every test of a run to find the failed ones.
const factsSql = `
  WITH me AS MATERIALIZED (
    SELECT git_branch, git_sha, lane, coverage_percent, repository, job_name, incomplete, ${pullRequestOf('$2')} AS pull_request
    FROM test_runs WHERE team_id = $1 AND id = $2 AND created_at = $3
  ), base AS MATERIALIZED (
    SELECT coalesce($5,
      (SELECT u.base_branch FROM ingest_uploads u WHERE u.team_id = $1 AND u.run_id = $2 LIMIT 1),
      (SELECT b.name FROM unnest(ARRAY['main', 'master']) WITH ORDINALITY AS b (name, place)
       WHERE EXISTS (SELECT FROM test_runs r WHERE r.team_id = $1 AND r.git_branch = b.name AND r.created_at >= $4 AND r.created_at <= $3
         AND ${sameRepository('r')})
       ORDER BY b.place LIMIT 1),
      (SELECT r.git_branch FROM (
         SELECT r.git_branch FROM test_runs r
         WHERE r.team_id = $1 AND r.created_at >= $4 AND r.created_at <= $3 AND ${sameRepository('r')}
         ORDER BY r.created_at DESC LIMIT 500) AS r
       WHERE r.git_branch NOT LIKE '%:%' GROUP BY r.git_branch ORDER BY count(*) DESC, r.git_branch LIMIT 1)) AS branch
  ), line AS MATERIALIZED (
    ${pastRuns('branch', '(SELECT git_branch FROM me)')}
    UNION ALL
    ${pastRuns('base', '(SELECT NULLIF((SELECT branch FROM base), (SELECT git_branch FROM me)))')}
  ), f AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY r.id) AS place, r.test_name, r.failure_signature, r.drift_signature
    FROM test_results r
    WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = $3 AND r.test_run_id IS NOT DISTINCT FROM $2
  ), failed AS (
    -- IS TRUE makes the names a hash table: a join with them would be a nested loop before the first ANALYZE.
    SELECT DISTINCT l.side, r.test_name, l.back
    FROM line l
    JOIN test_results r ON r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = l.created_at
      AND r.created_at BETWEEN $4 AND $6 AND r.test_run_id IS NOT DISTINCT FROM l.id
    WHERE (r.test_name IN (SELECT test_name FROM f)) IS TRUE
  ), blocks AS MATERIALIZED (
    SELECT side, test_name, min(back) AS newest, max(back) AS oldest,
      lag(max(back), 1, 0) OVER sides AS newer, lead(min(back), 1, ${lookBack.runs + 1}) OVER sides AS older
    FROM (SELECT *, back - row_number() OVER (PARTITION BY side, test_name ORDER BY back) AS island FROM failed) AS islands
    GROUP BY side, test_name, island
    WINDOW sides AS (PARTITION BY side, test_name ORDER BY min(back))
  ), sides AS MATERIALIZED (
    SELECT side, array_agg(id ORDER BY back) AS ids, array_agg(created_at ORDER BY back) AS times FROM line GROUP BY side
  ), twin AS MATERIALIZED (
    SELECT r.id, r.created_at FROM test_runs r
    WHERE r.team_id = $1 AND r.git_sha = (SELECT git_sha FROM me) AND r.lane IS NOT DISTINCT FROM (SELECT lane FROM me)
      AND r.job_name IS NOT DISTINCT FROM (SELECT job_name FROM me) AND ${sameRepository('r')} AND r.id <> $2
      AND ${sameEvent('r')}
      AND r.created_at >= $4 AND r.created_at < $6
    ORDER BY r.created_at DESC LIMIT ${twinRuns}
  ), knows AS MATERIALIZED (
    -- Where nothing is known, nothing is looked for.
    SELECT ${healixEnabled('$1')} AND (
      EXISTS (SELECT FROM healix_memories h WHERE h.team_id = $1 AND h.deleted_at IS NULL)
      OR EXISTS (SELECT FROM shared_memories h WHERE h.deleted_at IS NULL)) AS anything
  ), matched AS MATERIALIZED (
    -- With all of the failure's own columns: joining them on again would take the square of their number. Each tier is asked
    -- only where the one before had nothing.
    SELECT f.*, split_part(m.best, ' ', 1) AS tier, split_part(m.best, ' ', 2)::boolean AS shared, split_part(m.best, ' ', 3)::uuid AS id
    FROM (SELECT *, split_part(test_name, '[', 1) AS test_family FROM f) AS f
    CROSS JOIN LATERAL (SELECT CASE WHEN (SELECT anything FROM knows) THEN coalesce(
      (SELECT ${labelled('exact')} FROM (${bestMemory('$1', (memory) => isExact(memory, 'f'))}) AS b),
      (SELECT ${labelled('moved')} FROM (${bestMemory(
        '$1',
        (memory) => `${memory}.drift_signature = f.drift_signature AND ${memory}.test_family = f.test_family`,
        (memory) => `${memory}.test_name = f.test_name`,
      )}) AS b),
      (SELECT ${labelled('similar')} FROM (
         SELECT * FROM (${bestMemory('$1', (memory) => `${memory}.drift_signature = f.drift_signature`)}) AS drifted
         UNION ALL
         SELECT * FROM (${bestMemory('$1', (memory) => `${memory}.failure_signature = f.failure_signature AND ${memory}.test_name <> f.test_name`)}) AS elsewhere
       ) AS b ORDER BY ${ranking('b')} LIMIT 1)) END AS best OFFSET 0) m
  )
  SELECT 'frame' AS kind, json_build_object(
    'me', (SELECT json_build_object('sha', git_sha, 'coverage', coverage_percent, 'job', job_name, 'incomplete', incomplete) FROM me),
    'base', (SELECT branch FROM base),
    'on_base', (SELECT git_branch = (SELECT branch FROM base) FROM me),
    'lines', (SELECT coalesce(json_agg(json_build_object('side', side, 'back', back, 'id', id, 'sha', git_sha,
        'coverage', coverage_percent, 'job', job_name, 'incomplete', incomplete, 'at', round(extract(epoch FROM created_at) * 1000)) ORDER BY side, back), '[]') FROM line)) AS facts
  UNION ALL
  SELECT 'failure', facts FROM (
    SELECT f.place, json_build_object('test_name', f.test_name, 'signature', f.failure_signature, 'tier', f.tier, 'shared', f.shared, 'memory', f.id,
      'passed_here', EXISTS (SELECT FROM twin WHERE EXISTS (SELECT ${greenIn('f.test_name', { id: 'twin.id', at: 'twin.created_at' })}))) AS facts
    FROM matched f ORDER BY f.place) AS failures
  UNION ALL
  SELECT 'blocks', json_build_object('test_name', b.test_name, 'list', json_agg(json_build_object(
      'side', b.side, 'newest', b.newest, 'oldest', b.oldest,
      'green_after', (${firstGreen('b.newest - 1, b.newer + 1, -1')}),
      'green_before', (${firstGreen('b.oldest + 1, least(b.older - 1, cardinality(b.ids))')})) ORDER BY b.newest))
  FROM (SELECT * FROM blocks JOIN sides USING (side)) AS b GROUP BY b.test_name
  UNION ALL
  SELECT 'memory', json_build_object('id', h.id, 'shared', h.shared, 'root_cause', h.root_cause, 'solution', h.solution,
      'solution_type', h.solution_type, 'auto_fix_code', h.auto_fix_code, 'confidence', h.confidence,
      'success_count', h.success_count, 'failure_count', h.failure_count, 'stale', ${stale('h')},
      'last_applied', round(extract(epoch FROM h.last_applied) * 1000))
  FROM (
    SELECT h.*, false AS shared FROM (SELECT ${shown} FROM healix_memories WHERE team_id = $1) AS h
    WHERE h.id IN (SELECT id FROM matched WHERE NOT shared)
    UNION ALL
    SELECT h.*, true FROM (SELECT ${shown} FROM shared_memories) AS h WHERE h.id IN (SELECT id FROM matched WHERE shared)) AS h`;

/** Says of each failure what the facts mean. */
function judge(run: { readonly runId: string; readonly createdAt: Date }, facts: Facts): FailureHistory[] {
  const runs = new Map(facts.lines.map((past) => [`${past.side} ${past.back}`, past]));
  const matches = new Map<string, Match>();
  return facts.failures.map((failure) => {
    const blocks = facts.blocksOf.get(failure.test_name) ?? [];
    const branch = blocks.filter((block) => block.side === 'branch');
    const base = facts.on_base ? branch : blocks.filter((block) => block.side === 'base');
    const at = (side: string, back: number | null): PastRun | undefined => runs.get(`${side} ${back}`);

    // The row of failures that this one ends: blocks from the latest back, as long as no green lies between.
    const row: Block[] = [];
    for (const block of branch) {
      if (block.green_after !== null) break;
      row.push(block);
    }
    const first = row.at(-1);
    const since = first === undefined ? undefined : at('branch', first.oldest);
    // Green again without a commit is a rerun's luck and no fix.
    const fixed = [...branch.slice(row.length), ...(facts.on_base ? [] : base)].find(
      (block) => block.green_after !== null && !sameCommit(at, block.side, block.green_after, block.newest),
    );
    const match = matchOf(failure, facts, matches);
    return {
      testName: failure.test_name,
      failureSignature: failure.signature ?? undefined,
      class: classOf({
        match,
        flaky:
          failure.passed_here ||
          blocks.some((block) => passedOnItsCommit(block, at)) ||
          flips(base, { at, since: run.createdAt.getTime() - flipDays * dayMs, failsNow: facts.on_base }) >=
            2,
        failedOnBase: base[0] !== undefined && base[0].green_after === null,
      }),
      match,
      since:
        since === undefined
          ? { runId: run.runId, gitSha: facts.me?.sha ?? undefined, at: run.createdAt }
          : { runId: since.id, gitSha: since.sha ?? undefined, at: new Date(since.at) },
      runsInARow: 1 + row.reduce((sum, block) => sum + block.oldest - block.newest + 1, 0),
      lastFixedBy: fixed === undefined ? undefined : (at(fixed.side, fixed.green_after)?.sha ?? undefined),
    };
  });
}

function classOf(facts: {
  readonly match: Match | undefined;
  readonly flaky: boolean;
  readonly failedOnBase: boolean;
}): FailureClass {
  if (facts.match !== undefined && facts.match.tier !== 'similar') return 'known';
  if (facts.flaky) return 'flaky';
  return facts.failedOnBase ? 'pre-existing' : 'new';
}

type PlaceOf = (side: string, back: number | null) => PastRun | undefined;

/** Whether the test was green in the run beside a block on the very commit that it failed on: a rerun. */
function passedOnItsCommit(block: Block, at: PlaceOf): boolean {
  return (
    sameCommit(at, block.side, block.green_after, block.newest) ||
    sameCommit(at, block.side, block.green_before, block.oldest)
  );
}

function sameCommit(at: PlaceOf, side: string, one: number | null, other: number): boolean {
  const sha = at(side, one)?.sha ?? undefined;
  return sha !== undefined && sha === at(side, other)?.sha;
}

/** How often the outcome changed on the base branch since a time, this run included where it is one of that branch. */
function flips(
  base: readonly Block[],
  { at, since, failsNow }: { readonly at: PlaceOf; readonly since: number; readonly failsNow: boolean },
): number {
  const recent = (side: string, back: number): boolean => (at(side, back)?.at ?? 0) >= since;
  const changes = base.reduce(
    (sum, { side, oldest, green_before: before, green_after: after }) =>
      sum +
      (before !== null && recent(side, oldest) ? 1 : 0) +
      (after !== null && recent(side, after) ? 1 : 0),
    0,
  );
  return changes + (failsNow && base[0] !== undefined && base[0].green_after !== null ? 1 : 0);
}

function matchOf(failure: FailureFacts, facts: Facts, known: Map<string, Match>): Match | undefined {
  if (failure.tier === null || failure.memory === null) return undefined;
  const memory = memoryKey(failure.memory, failure.shared);
  const key = `${failure.tier} ${memory}`;
  const row = facts.memories.get(memory);
  const match =
    known.get(key) ?? (row === undefined ? undefined : { tier: failure.tier, memory: memoryOf(row) });
  if (match !== undefined) known.set(key, match);
  return match;
}

function memoryOf(row: MemoryFacts): HealixMemory {
  return {
    id: row.id,
    rootCause: row.root_cause ?? undefined,
    solution: row.solution,
    solutionType: row.solution_type ?? undefined,
    autoFixCode: row.auto_fix_code ?? undefined,
    confidence: row.confidence ?? undefined,
    successCount: row.success_count ?? 0,
    failureCount: row.failure_count ?? 0,
    lastApplied: row.last_applied === null ? undefined : new Date(row.last_applied),
    stale: row.stale === true,
  };
}

interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly newly_skipped: readonly string[];
  readonly slower: readonly { readonly test_name: string; readonly before: number; readonly after: number }[];
}

// Durations are compared where the test passed both times: one that fails early or late says nothing about speed.
const changesSql = `
  WITH here AS MATERIALIZED (
    SELECT test_name, bool_and(outcome = 'skipped') AS skipped, bool_and(outcome = 'passed') AS passed, sum(duration_seconds) AS seconds
    FROM test_results WHERE team_id = $1 AND test_run_id = $2 AND created_at = $3 GROUP BY test_name
  ), there AS MATERIALIZED (
    SELECT test_name, bool_and(outcome = 'skipped') AS skipped, bool_and(outcome = 'passed') AS passed, sum(duration_seconds) AS seconds
    FROM test_results WHERE team_id = $1 AND test_run_id = $4 AND created_at = $5 GROUP BY test_name
  ), pairs AS MATERIALIZED (
    SELECT coalesce(here.test_name, there.test_name) AS test_name, here.test_name IS NULL AS is_removed, there.test_name IS NULL AS is_added,
      here.skipped AND NOT there.skipped AS is_newly_skipped,
      CASE WHEN here.passed AND there.passed AND here.seconds >= 0.1 AND here.seconds >= 1.5 * there.seconds
        THEN here.seconds - there.seconds END AS slower_by, here.seconds AS after, there.seconds AS before
    FROM here FULL JOIN there USING (test_name)
  )
  SELECT json_build_object(
    'added', (SELECT coalesce(json_agg(test_name), '[]') FROM
      (SELECT test_name FROM pairs WHERE is_added ORDER BY test_name LIMIT ${mostNames}) AS list),
    'removed', (SELECT coalesce(json_agg(test_name), '[]') FROM
      (SELECT test_name FROM pairs WHERE is_removed ORDER BY test_name LIMIT ${mostNames}) AS list),
    'newly_skipped', (SELECT coalesce(json_agg(test_name), '[]') FROM
      (SELECT test_name FROM pairs WHERE is_newly_skipped ORDER BY test_name LIMIT ${mostNames}) AS list),
    'slower', (SELECT coalesce(json_agg(json_build_object('test_name', test_name, 'before', before, 'after', after)
        ORDER BY slower_by DESC, test_name), '[]') FROM
      (SELECT * FROM pairs WHERE slower_by > 0 ORDER BY slower_by DESC, test_name LIMIT 10) AS list)
  ) AS answer`;

interface Moved {
  readonly file_path: string;
  readonly before: number;
  readonly after: number;
}

const coverageSql = `
  SELECT coalesce(json_agg(moved), '[]') AS answer
  FROM (
    SELECT here.file_path, there.coverage_percent AS before, here.coverage_percent AS after
    FROM coverage_data here
    JOIN coverage_data there ON there.team_id = $1 AND there.test_run_id = $4 AND there.created_at = $5 AND there.file_path = here.file_path
    WHERE here.team_id = $1 AND here.test_run_id = $2 AND here.created_at = $3 AND here.coverage_percent <> there.coverage_percent
    ORDER BY abs(here.coverage_percent - there.coverage_percent) DESC, here.file_path LIMIT 20
  ) AS moved`;

function namesOf(changes: Changes): NonNullable<RunHistory['changes']> {
  return {
    added: changes.added,
    removed: changes.removed,
    newlySkipped: changes.newly_skipped,
    slower: changes.slower.map((test) => ({
      testName: test.test_name,
      beforeSeconds: test.before,
      afterSeconds: test.after,
    })),
  };
}

function unknownRun(runId: string): StoreError {
  return new StoreError({
    code: 'run-unknown',
    message: `there is no run ${runId.slice(0, 36)} of this team`,
    fix: '`lukhas runs` lists the latest ones.',
  });
}
