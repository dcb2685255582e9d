// The facts about a run and the runs before it: two statements a run, however many tests failed. Decides nothing: what the
// facts mean is decided in src/judge.
import { StoreError } from '../../errors.ts';
import type { FailingBlock, FailureFacts, HealixMemory, MemoryCandidate, RunFacts } from '../../model.ts';
import type { Database } from '../database/port.ts';
import { bestMemory, healixEnabled, isExact, ranking, sameWords, stale } from '../healix/matching.ts';
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

/**
 * The statement's rows: JSON with the names of the facts, and without members where it would say null. A row each: one answer
 * in one value would be in memory several times over where thousands fail.
 */
type FactsRow =
  | { readonly kind: 'frame'; readonly facts: Omit<RunFacts, 'run' | 'failures'> & { run?: OwnColumns } }
  | { readonly kind: 'failure'; readonly facts: FailureRow }
  | { readonly kind: 'blocks'; readonly facts: Pick<FailureFacts, 'testName' | 'blocks'> }
  | { readonly kind: 'memory'; readonly facts: MemoryRow };
type OwnColumns = Omit<RunFacts['run'], 'runId' | 'at'>;
type MemoryRow = Omit<HealixMemory, 'lastApplied'> & { lastApplied?: number; shared: boolean };
type FailureRow = Omit<FailureFacts, 'candidates' | 'blocks'> & { candidates: readonly string[] };

function factsOf({ runId, createdAt }: RunQuery, rows: readonly FactsRow[]): RunFacts {
  let frame: Extract<FactsRow, { kind: 'frame' }>['facts'] | undefined;
  const failures: FailureRow[] = [];
  const blocksOf = new Map<string, readonly FailingBlock[]>();
  const memories = new Map<string, HealixMemory>();
  for (const { kind, facts } of rows) {
    if (kind === 'frame') frame = facts;
    else if (kind === 'failure') failures.push(facts);
    else if (kind === 'blocks') blocksOf.set(facts.testName, facts.blocks);
    else memories.set(memoryKey(facts), memoryOf(facts));
  }
  if (frame?.run === undefined) throw unknownRun(runId);
  // Failures with the same candidate share one object: thousands may have it.
  const candidates = new Map<string, MemoryCandidate>();
  const candidateOf = (text: string): MemoryCandidate[] => {
    const [kind, shared, id = '', same] = text.split(' ');
    const memory = memories.get(memoryKey({ id, shared: shared === 'true' }));
    if (memory === undefined) return [];
    const candidate = candidates.get(text) ?? {
      memory,
      isSameTest: kind === 'exact' || same === 'test',
      isSameFailure: kind === 'exact',
      hasSameWords: kind === 'words' || same === '2' ? true : same === '0' ? false : undefined,
    };
    candidates.set(text, candidate);
    return [candidate];
  };
  return {
    ...frame,
    run: { ...frame.run, runId, at: createdAt.getTime() },
    failures: failures.map((row) => ({
      testName: row.testName,
      failureSignature: row.failureSignature,
      passedInTwin: row.passedInTwin,
      causeKey: row.causeKey,
      candidates: row.candidates.flatMap(candidateOf),
      blocks: blocksOf.get(row.testName) ?? [],
    })),
  };
}

/** A team's memory and a shared one may have one id: both can be imported from one file. */
function memoryKey({ id, shared }: { readonly id: string; readonly shared?: boolean }): string {
  return `${shared === true ? 'shared' : 'own'} ${id}`;
}

function memoryOf({ lastApplied: at, shared: _, ...memory }: MemoryRow): HealixMemory {
  return { ...memory, lastApplied: at === undefined ? undefined : new Date(at) };
}

function unknownRun(runId: string): StoreError {
  return new StoreError({
    code: 'run-unknown',
    message: `there is no run ${runId.slice(0, 36)} of this team`,
    fix: '`lukhas runs` lists the latest ones.',
  });
}

/** Whether a run is of the same repository; true where one of them names none. */
const sameRepository = (run: string): string =>
  `(${run}.repository = (SELECT repository FROM me)) IS NOT FALSE`;

/** Runs of a branch before this one, in its repository and lane. */
const ofBranch = (branch: string): string => `
      FROM test_runs r
      WHERE r.team_id = $1 AND r.git_branch = ${branch} AND r.lane IS NOT DISTINCT FROM (SELECT lane FROM me)
        AND r.created_at >= $4 AND r.created_at < $3 AND ${sameRepository('r')}`;

/** The pull request of a run, as a subquery for each run. */
const pullRequestOf = (run: string): string =>
  `(SELECT u.pull_request FROM ingest_uploads u WHERE u.team_id = $1 AND u.run_id = ${run} LIMIT 1)`;

/**
 * Whether a run is of the same pull request, or both are of none. A push tests the branch's head and a pull request its merge
 * with the base, but both are stored for the same branch and commit.
 */
const sameEvent = (run: string): string =>
  `${pullRequestOf(`${run}.id`)} IS NOT DISTINCT FROM (SELECT pull_request FROM me)`;

/**
 * The last runs of a branch before this one: those of the same job, or of all jobs where that job has none. Other jobs of the
 * same commit do not count.
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
 * Whether a test was green in one run. Test and run are given, so that PostgreSQL reads one row of one partition's index. No
 * other index fits this form: before a table's first ANALYZE the planner would take the one of outcomes, and read a whole run
 * for each test.
 */
const greenIn = (testName: string, run: { readonly id: string; readonly at: string }): string => `
      FROM test_results r WHERE r.team_id = $1 AND r.test_name = ${testName} AND r.created_at = ${run.at}
        AND r.created_at BETWEEN $4 AND $6 AND r.test_run_id IS NOT DISTINCT FROM ${run.id}
        AND coalesce(r.outcome, '') IN ('passed', 'xpassed')`;

/** What is shown of a memory. */
const shown =
  'id, root_cause, solution, solution_type, auto_fix_code, confidence, success_count, failure_count, last_applied, created_at';

const scope = { team: '$1', repository: '(SELECT repository FROM me)' };

/**
 * The first green run of a block's side in a series of `back`. The runs of a side are arrays: searching a list of them for each
 * block would take longer than finding the test. A scalar subquery runs in the series' order and stops at the first green run.
 */
const firstGreen = (series: string): string => `
      SELECT p.back FROM generate_series(${series}) AS p (back)
      WHERE (SELECT true ${greenIn('b.test_name', { id: 'b.ids[p.back]', at: 'b.times[p.back]' })} LIMIT 1) LIMIT 1`;

// Finds failed rows by team, outcome and the run's created_at (all rows of a run share it), and green rows only next to a block
// of failures. Both use indexes of the schema document, under row-level security, too. IS NOT DISTINCT FROM keeps the planner
// from the index on test_run_id, by which it would read every test of a run to find the failed ones.
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
    SELECT row_number() OVER (ORDER BY r.id) AS place, r.test_name, r.failure_signature, r.drift_signature, r.words_signature,
      r.cause_key
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
    -- Without memories nothing is searched.
    SELECT ${healixEnabled('$1')} AND (
      EXISTS (SELECT FROM healix_memories h WHERE h.team_id = $1 AND h.deleted_at IS NULL)
      OR EXISTS (SELECT FROM shared_memories h WHERE h.deleted_at IS NULL)) AS anything
  ), matched AS MATERIALIZED (
    -- Holds all columns of the failure: joining them again would take quadratic time. What is alike is searched only where nothing
    -- is the same.
    SELECT f.*, e.exact, w.words, s.alike
    FROM f
    CROSS JOIN LATERAL (SELECT CASE WHEN (SELECT anything FROM knows) THEN
      (SELECT 'exact ' || b.shared || ' ' || b.id || ' ' || b.first FROM (${bestMemory(
        scope,
        (memory) => isExact(memory, 'f'),
        (memory) => sameWords(memory, 'f'),
      )}) AS b) END AS exact OFFSET 0) e
    CROSS JOIN LATERAL (SELECT CASE WHEN (SELECT anything FROM knows) AND (e.exact IS NULL OR right(e.exact, 1) = '0') THEN coalesce(
      (SELECT 'words ' || b.shared || ' ' || b.id || ' test' FROM (${bestMemory(
        scope,
        (memory) => `${memory}.words_signature = f.words_signature AND ${memory}.test_name = f.test_name`,
      )}) AS b),
      CASE WHEN f.cause_key IS NOT NULL THEN
        (SELECT 'words ' || b.shared || ' ' || b.id FROM (${bestMemory(scope, (memory) => `${memory}.words_signature = f.words_signature`)}) AS b)
      END) END AS words OFFSET 0) w
    CROSS JOIN LATERAL (SELECT CASE WHEN (SELECT anything FROM knows) AND e.exact IS NULL AND w.words IS NULL THEN
      (SELECT 'alike ' || b.shared || ' ' || b.id FROM (
         SELECT * FROM (${bestMemory(scope, (memory) => `${memory}.drift_signature = f.drift_signature`)}) AS drifted
         UNION ALL
         SELECT * FROM (${bestMemory(scope, (memory) => `${memory}.failure_signature = f.failure_signature AND ${memory}.test_name <> f.test_name`)}) AS elsewhere
       ) AS b ORDER BY ${ranking('b')} LIMIT 1) END AS alike OFFSET 0) s
  ), found AS MATERIALIZED (
    SELECT DISTINCT split_part(c, ' ', 2)::boolean AS shared, split_part(c, ' ', 3)::uuid AS id
    FROM matched m CROSS JOIN LATERAL unnest(ARRAY[m.exact, m.words, m.alike]) AS c WHERE c IS NOT NULL
  )
  SELECT 'frame' AS kind, json_strip_nulls(json_build_object(
    'run', (SELECT json_build_object('gitSha', git_sha, 'coveragePercent', coverage_percent, 'jobName', job_name, 'isIncomplete', incomplete) FROM me),
    'baseBranch', (SELECT branch FROM base),
    'isOnBaseBranch', coalesce((SELECT git_branch = (SELECT branch FROM base) FROM me), false),
    'pastRuns', (SELECT coalesce(json_agg(json_build_object('side', side, 'back', back, 'runId', id, 'gitSha', git_sha,
        'coveragePercent', coverage_percent, 'jobName', job_name, 'isIncomplete', incomplete, 'at', round(extract(epoch FROM created_at) * 1000))
        ORDER BY side, back), '[]') FROM line))) AS facts
  UNION ALL
  SELECT 'failure', facts FROM (
    SELECT f.place, json_strip_nulls(json_build_object(
      'testName', f.test_name, 'failureSignature', f.failure_signature, 'causeKey', f.cause_key,
      'candidates', array_remove(ARRAY[f.exact, f.words, f.alike], NULL), 'passedInTwin',
      EXISTS (SELECT FROM twin WHERE EXISTS (SELECT ${greenIn('f.test_name', { id: 'twin.id', at: 'twin.created_at' })})))) AS facts
    FROM matched f ORDER BY f.place) AS failures
  UNION ALL
  SELECT 'blocks', json_strip_nulls(json_build_object('testName', b.test_name, 'blocks', json_agg(json_build_object(
      'side', b.side, 'newest', b.newest, 'oldest', b.oldest,
      'greenAfter', (${firstGreen('b.newest - 1, b.newer + 1, -1')}),
      'greenBefore', (${firstGreen('b.oldest + 1, least(b.older - 1, cardinality(b.ids))')})) ORDER BY b.newest)))
  FROM (SELECT * FROM blocks JOIN sides USING (side)) AS b GROUP BY b.test_name
  UNION ALL
  SELECT 'memory', json_strip_nulls(json_build_object('id', h.id, 'shared', h.shared, 'rootCause', h.root_cause, 'solution', h.solution,
      'solutionType', h.solution_type, 'autoFixCode', h.auto_fix_code, 'confidence', h.confidence,
      'successCount', coalesce(h.success_count, 0), 'failureCount', coalesce(h.failure_count, 0),
      'stale', coalesce(${stale('h')}, false), 'lastApplied', round(extract(epoch FROM h.last_applied) * 1000)))
  FROM (
    SELECT h.*, false AS shared FROM (SELECT ${shown} FROM healix_memories WHERE team_id = $1) AS h
    WHERE h.id IN (SELECT id FROM found WHERE NOT shared)
    UNION ALL
    SELECT h.*, true FROM (SELECT ${shown} FROM shared_memories) AS h WHERE h.id IN (SELECT id FROM found WHERE shared)) AS h`;
