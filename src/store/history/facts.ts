// The facts about a run and the runs before it: two statements a run, however many tests failed. Decides nothing: what the
// facts mean is decided in src/judge.
import { StoreError } from '../../errors.ts';
import type {
  FailingBlock,
  FailureFacts,
  HealixMemory,
  Match,
  PastRun,
  RunFacts,
  Tier,
} from '../../model.ts';
import type { Database } from '../database/port.ts';
import { healixEnabled, ranking, sameSignature, stale, visible } from '../healix/matching.ts';
import type { Access } from '../schema/access.ts';

/** A stored run of the access's team. */
export interface RunQuery {
  readonly runId: string;
  readonly createdAt: Date;
}

export interface FactsQuery extends RunQuery {
  /**
   * The branch to compare with. undefined: the one that CI named when the run was stored, else `main` or `master` where they
   * have runs, else the branch with most runs.
   */
  readonly baseBranch: string | undefined;
}

/** How far back the facts go: runs of each branch, and days. */
const lookBack = { runs: 50, days: 90 } as const;
/** Later runs of the same commit are read up to so many days after the run. */
const lookAheadDays = 14;
/** So many other runs of the same commit are read. */
const twinRuns = 20;
const dayMs = 86_400_000;

/**
 * Reads the facts of one run, inside a transaction of the team.
 *
 * @throws StoreError `run-unknown` when the team has no such run
 */
export async function readRunFacts(db: Database, access: Access, query: FactsQuery): Promise<RunFacts> {
  const { runId, createdAt, baseBranch } = query;
  const from = new Date(createdAt.getTime() - lookBack.days * dayMs);
  const until = new Date(createdAt.getTime() + lookAheadDays * dayMs);
  const params = [access.team.id, runId, createdAt, from, baseBranch ?? null, until];
  return factsOf(query, await db.query<FactsRow>(factsSql, params));
}

interface PastRow {
  readonly side: 'branch' | 'base';
  readonly back: number;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sha: string | null;
  readonly coverage: number | null;
  readonly job: string | null;
}

interface BlockRow {
  readonly side: 'branch' | 'base';
  readonly newest: number;
  readonly oldest: number;
  readonly green_after: number | null;
  readonly green_before: number | null;
}

interface Frame {
  readonly me: Pick<PastRow, 'sha' | 'coverage' | 'job'> | null;
  readonly base: string | null;
  readonly on_base: boolean;
  readonly lines: readonly PastRow[];
}

interface FailureRow {
  readonly test_name: string;
  readonly signature: string | null;
  readonly tier: Tier | null;
  readonly memory: string | null;
  readonly passed_here: boolean;
}

/** A row each: one answer in one value would be in memory several times over where thousands fail. */
type FactsRow =
  | { readonly kind: 'frame'; readonly facts: Frame }
  | { readonly kind: 'failure'; readonly facts: FailureRow }
  | {
      readonly kind: 'blocks';
      readonly facts: { readonly test_name: string; readonly list: readonly BlockRow[] };
    }
  | { readonly kind: 'memory'; readonly facts: MemoryRow };

function factsOf({ runId, createdAt }: RunQuery, rows: readonly FactsRow[]): RunFacts {
  let frame: Frame = { me: null, base: null, on_base: false, lines: [] };
  const failures: FailureRow[] = [];
  const blocksOf = new Map<string, readonly FailingBlock[]>();
  const memories = new Map<string, HealixMemory>();
  for (const { kind, facts } of rows) {
    if (kind === 'frame') frame = facts;
    else if (kind === 'failure') failures.push(facts);
    else if (kind === 'blocks') blocksOf.set(facts.test_name, facts.list.map(blockOf));
    else memories.set(facts.id, memoryOf(facts));
  }
  const { me } = frame;
  if (me === null) throw unknownRun(runId);
  const matches = new Map<string, Match>();
  return {
    run: {
      runId,
      createdAt,
      gitSha: me.sha ?? undefined,
      coveragePercent: me.coverage ?? undefined,
      jobName: me.job ?? undefined,
    },
    baseBranch: frame.base ?? undefined,
    isOnBaseBranch: frame.on_base,
    pastRuns: frame.lines.map(pastRunOf),
    failures: failures.map(
      (row): FailureFacts => ({
        testName: row.test_name,
        failureSignature: row.signature ?? undefined,
        match: matchOf(row, memories, matches),
        passedInTwin: row.passed_here,
        blocks: blocksOf.get(row.test_name) ?? [],
      }),
    ),
  };
}

function pastRunOf(row: PastRow): PastRun {
  return {
    side: row.side,
    back: row.back,
    runId: row.id,
    createdAt: new Date(row.at),
    gitSha: row.sha ?? undefined,
    coveragePercent: row.coverage ?? undefined,
    jobName: row.job ?? undefined,
  };
}

function blockOf(row: BlockRow): FailingBlock {
  return {
    side: row.side,
    newest: row.newest,
    oldest: row.oldest,
    greenAfter: row.green_after ?? undefined,
    greenBefore: row.green_before ?? undefined,
  };
}

/** Failures with the same match share one object: thousands may have it. */
function matchOf(
  { tier, memory: id }: FailureRow,
  memories: ReadonlyMap<string, HealixMemory>,
  matches: Map<string, Match>,
): Match | undefined {
  const memory = memories.get(id ?? '');
  if (tier === null || memory === undefined) return undefined;
  const key = `${tier} ${id}`;
  const match = matches.get(key) ?? { tier, memory };
  matches.set(key, match);
  return match;
}

interface MemoryRow {
  readonly id: string;
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

function memoryOf(row: MemoryRow): HealixMemory {
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

function unknownRun(runId: string): StoreError {
  return new StoreError({
    code: 'run-unknown',
    message: `there is no run ${runId.slice(0, 36)} of this team`,
    fix: '`lukhas runs` lists the latest ones.',
  });
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
    SELECT '${side}' AS side, row_number() OVER (ORDER BY created_at DESC, id DESC)::int AS back, id, created_at, git_sha, coverage_percent, job_name
    FROM (SELECT r.id, r.created_at, r.git_sha, r.coverage_percent, r.job_name ${ofBranch(branch)}
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
    SELECT git_branch, git_sha, lane, coverage_percent, repository, job_name, ${pullRequestOf('$2')} AS pull_request
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
    SELECT ${healixEnabled('$1')} AND EXISTS (SELECT FROM healix_memories h WHERE ${visible('h', '$1')}) AS anything
  ), matched AS MATERIALIZED (
    -- With all of the failure's own columns: joining them on again would take the square of their number. Each tier is asked
    -- only where the one before had nothing.
    SELECT f.*, split_part(m.best, ' ', 1) AS tier, split_part(m.best, ' ', 2)::uuid AS id
    FROM f CROSS JOIN LATERAL (SELECT CASE WHEN (SELECT anything FROM knows) THEN coalesce(
      (SELECT 'exact ' || h.id FROM healix_memories h
       WHERE h.test_name = f.test_name AND ${sameSignature('h.failure_signature', 'f.failure_signature')} AND ${visible('h', '$1')}
       ORDER BY ${ranking('h')} LIMIT 1),
      (SELECT 'moved ' || h.id FROM healix_memories h
       WHERE h.drift_signature = f.drift_signature AND h.test_family = split_part(f.test_name, '[', 1) AND ${visible('h', '$1')}
       ORDER BY h.test_name = f.test_name DESC, ${ranking('h')} LIMIT 1),
      (SELECT 'similar ' || s.id FROM (
         (SELECT h.* FROM healix_memories h WHERE h.drift_signature = f.drift_signature AND ${visible('h', '$1')}
          ORDER BY ${ranking('h')} LIMIT 1)
         UNION ALL
         (SELECT h.* FROM healix_memories h
          WHERE ${sameSignature('h.failure_signature', 'f.failure_signature')} AND h.test_name <> f.test_name AND ${visible('h', '$1')}
          ORDER BY ${ranking('h')} LIMIT 1)) AS s
       ORDER BY ${ranking('s')} LIMIT 1)) END AS best OFFSET 0) m
  )
  SELECT 'frame' AS kind, json_build_object(
    'me', (SELECT json_build_object('sha', git_sha, 'coverage', coverage_percent, 'job', job_name) FROM me),
    'base', (SELECT branch FROM base),
    'on_base', (SELECT git_branch = (SELECT branch FROM base) FROM me),
    'lines', (SELECT coalesce(json_agg(json_build_object('side', side, 'back', back, 'id', id, 'sha', git_sha,
        'coverage', coverage_percent, 'job', job_name, 'at', round(extract(epoch FROM created_at) * 1000)) ORDER BY side, back), '[]') FROM line)) AS facts
  UNION ALL
  SELECT 'failure', facts FROM (
    SELECT f.place, json_build_object('test_name', f.test_name, 'signature', f.failure_signature, 'tier', f.tier, 'memory', f.id,
      'passed_here', EXISTS (SELECT FROM twin WHERE EXISTS (SELECT ${greenIn('f.test_name', { id: 'twin.id', at: 'twin.created_at' })}))) AS facts
    FROM matched f ORDER BY f.place) AS failures
  UNION ALL
  SELECT 'blocks', json_build_object('test_name', b.test_name, 'list', json_agg(json_build_object(
      'side', b.side, 'newest', b.newest, 'oldest', b.oldest,
      'green_after', (${firstGreen('b.newest - 1, b.newer + 1, -1')}),
      'green_before', (${firstGreen('b.oldest + 1, least(b.older - 1, cardinality(b.ids))')})) ORDER BY b.newest))
  FROM (SELECT * FROM blocks JOIN sides USING (side)) AS b GROUP BY b.test_name
  UNION ALL
  SELECT 'memory', json_build_object('id', h.id, 'root_cause', h.root_cause, 'solution', h.solution,
      'solution_type', h.solution_type, 'auto_fix_code', h.auto_fix_code, 'confidence', h.confidence,
      'success_count', h.success_count, 'failure_count', h.failure_count, 'stale', ${stale('h')},
      'last_applied', round(extract(epoch FROM h.last_applied) * 1000))
  FROM healix_memories h WHERE h.id IN (SELECT id FROM matched)`;
