// In which runs memories were told, and what came of it: rows of healix_matches, and the counts that follow from them. Decides
// nothing: how a breakage ended is decided in src/judge, under a lock by which one upload of a team learns at a time.
import type { MemoryChange, MemoryMatch } from '../../model.ts';
import type { Database } from '../database/port.ts';
import { andThen } from '../database/search-path.ts';
import type { Access } from '../schema/access.ts';
import { healixEnabled, isInScope, type MemoryScope, memoryScope, posteriorMean } from './matching.ts';

/** The counts of a memory after a change. */
export interface MemoryCounts {
  readonly memoryId: string;
  readonly confidence: number;
  readonly worked: number;
  readonly failed: number;
}

/** Memories whose breakages are looked at in one upload, those told last; of one run no more are kept. */
const mostMemories = 500;
/** Rows of a memory are looked at so long before the run: older breakages are over. */
const daysBack = 120;

/**
 * One upload of the team at a time learns. Whoever stops within is thrown out soon: others wait.
 *
 * @throws as the work; StoreError where the turn does not come within 20 s
 */
export function inTurn<T>(db: Database, access: Access, work: () => Promise<T>): Promise<T> {
  const limits = db.embedded
    ? []
    : ["SET LOCAL lock_timeout = '20s'", "SET LOCAL idle_in_transaction_session_timeout = '20s'"];
  return db.transaction(work, { begin: andThen(access.begin, ...limits, 'SELECT lukhas_lock_team()') });
}

/** Whether a memory was told in one of the runs, or its test failed in it. Inside a transaction of the team. */
export async function hasMatches(db: Database, access: Access, runIds: readonly string[]): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM healix_matches m WHERE m.team_id = $1 AND m.run_id = ANY ($2::uuid[])) AS found`,
    [access.team.id, runIds],
  );
  return row?.found === true;
}

/** Whether the team has a run of the branch that is not older than this one; inside a transaction of the team. */
export async function isFollowed(
  db: Database,
  access: Access,
  { runId, createdAt, branch }: { readonly runId: string; readonly createdAt: Date; readonly branch: string },
): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM test_runs r WHERE r.team_id = $1 AND r.git_branch = $2 AND r.created_at >= $3 AND r.id <> $4) AS found`,
    [access.team.id, branch, createdAt, runId],
  );
  return row?.found === true;
}

/**
 * Keeps which memories were told in a run, and those whose tests failed without that they were told. Memories that all teams
 * share are not kept: their counts are the owner's. Inside a transaction of the team.
 *
 * @returns how many rows are new
 */
export function addMatches(
  db: Database,
  access: Access,
  run: { readonly runId: string; readonly createdAt: Date },
  told: {
    readonly shown: readonly { readonly memoryId: string; readonly testName: string }[];
    readonly untaught: readonly string[];
    /** None of them is shared. */
    readonly isAllOwn: boolean;
  },
): Promise<number> {
  // The statement keeps no others: they need not be sent.
  const isFull = told.isAllOwn && told.shown.length >= mostMemories;
  const shown = isFull
    ? [...told.shown].sort((a, b) => (a.memoryId < b.memoryId ? -1 : 1)).slice(0, mostMemories)
    : told.shown;
  return db.run(addSql(memoryScope('me', '$1', db.embedded, { own: true, shared: false })), [
    access.team.id,
    run.runId,
    run.createdAt,
    shown.map(({ memoryId }) => memoryId),
    shown.map(({ testName }) => testName),
    isFull ? [] : told.untaught,
  ]);
}

const addSql = (scope: MemoryScope): string => `
  WITH me AS MATERIALIZED (
    SELECT repository, repository_host, project FROM test_runs WHERE team_id = $1 AND id = $2 AND created_at = $3
  ), told AS MATERIALIZED (
    SELECT t.memory_id, t.test_name FROM unnest($4::uuid[], $5::text[]) AS t (memory_id, test_name)
  ), shown AS MATERIALIZED (
    -- OFFSET 0: one by one, and no more than are kept.
    SELECT t.memory_id, t.test_name FROM (SELECT * FROM told ORDER BY memory_id OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT FROM healix_memories h WHERE h.team_id = $1 AND h.id = t.memory_id OFFSET 0) AS h
    LIMIT ${mostMemories}
  )
  INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown)
  SELECT $1::uuid, m.memory_id, $2::uuid, $3::timestamptz, m.test_name, m.shown FROM (
    SELECT memory_id, test_name, true AS shown FROM shown
    UNION ALL
    SELECT h.id, h.test_name, false FROM unnest($6::text[]) AS n (test_name)
    -- OFFSET 0: test by test. A join would compare each test with all memories.
    CROSS JOIN LATERAL (
      SELECT h.id, h.test_name, h.repository, h.repository_host, h.project FROM healix_memories h
      WHERE h.team_id = $1 AND h.test_name = n.test_name AND h.deleted_at IS NULL AND h.state = 'active' OFFSET 0) AS h
    -- Not looked for where no more are kept.
    WHERE (SELECT count(*) < ${mostMemories} FROM shown)
      AND ${isInScope('h', scope)} AND ${healixEnabled('$1')} AND h.id NOT IN (SELECT memory_id FROM told)
    ORDER BY shown DESC, memory_id LIMIT ${mostMemories}
  ) AS m ORDER BY m.memory_id
  ON CONFLICT (team_id, memory_id, run_id) DO UPDATE SET shown = true, test_name = excluded.test_name
    WHERE excluded.shown AND NOT healix_matches.shown`;

/** All recent rows of the memories that have one in the runs; inside a transaction of the team. */
export async function readMatched(
  db: Database,
  access: Access,
  { createdAt, runIds }: { readonly createdAt: Date; readonly runIds: readonly string[] },
): Promise<MemoryMatch[]> {
  const rows = await db.query<StoredMatch>(matchedSql, [
    access.team.id,
    runIds,
    new Date(createdAt.getTime() - daysBack * 86_400_000),
  ]);
  return rows.map((row) => ({
    memoryId: row.memory_id,
    runId: row.run_id,
    at: row.created_at.getTime(),
    testName: row.test_name,
    isShown: row.shown,
    episode:
      row.outcome === null || row.change === null || row.started_at === null || row.ended_at === null
        ? undefined
        : {
            change: row.change,
            end: row.outcome,
            startedAt: row.started_at.getTime(),
            endedAt: row.ended_at.getTime(),
            endedSha: row.ended_git_sha ?? undefined,
            earlier: { runs: row.earlier_runs ?? 0, failures: row.earlier_failures ?? 0 },
          },
    counted: row.counted ?? undefined,
    isHealed: row.healed,
  }));
}

type StoredMatch = Record<string, unknown> & {
  readonly memory_id: string;
  readonly run_id: string;
  readonly created_at: Date;
  readonly test_name: string;
  readonly shown: boolean;
  readonly change: string | null;
  readonly outcome: 'open' | 'worked' | 'failed' | 'nothing' | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly ended_git_sha: string | null;
  readonly earlier_runs: number | null;
  readonly earlier_failures: number | null;
  readonly counted: MemoryMatch['counted'] | null;
  readonly healed: boolean;
};

const matchedSql = `
  SELECT m.memory_id, m.run_id, m.created_at, m.test_name, m.shown, m.change, m.outcome, m.started_at, m.ended_at, m.ended_git_sha,
    m.earlier_runs, m.earlier_failures, m.counted, m.healed
  FROM (
    SELECT c.memory_id FROM healix_matches c WHERE c.team_id = $1 AND c.run_id = ANY ($2::uuid[])
    GROUP BY c.memory_id ORDER BY max(c.created_at) DESC, c.memory_id LIMIT ${mostMemories}) AS c
  CROSS JOIN LATERAL (
    -- OFFSET 0: memory by memory. A join would read all rows that the team ever had.
    SELECT m.* FROM healix_matches m WHERE m.team_id = $1 AND m.memory_id = c.memory_id AND m.created_at >= $3 OFFSET 0) AS m`;

/** Writes what was decided, inside `inTurn`. */
export async function giveCredits(
  db: Database,
  access: Access,
  {
    matches,
    memories,
  }: { readonly matches: readonly MemoryMatch[]; readonly memories: readonly MemoryChange[] },
): Promise<MemoryCounts[]> {
  const time = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  const rows = matches.map(({ memoryId, runId, at, testName, isShown, episode, counted, isHealed }) => ({
    memory_id: memoryId,
    run_id: runId,
    created_at: time(at),
    test_name: testName,
    shown: isShown,
    change: episode?.change,
    outcome: episode?.end,
    started_at: time(episode?.startedAt),
    ended_at: time(episode?.endedAt),
    ended_git_sha: episode?.endedSha,
    earlier_runs: episode?.earlier.runs,
    earlier_failures: episode?.earlier.failures,
    counted,
    healed: isHealed,
  }));
  const counts = memories.map(({ memoryId, worked, failed, recovered, lasted, workedAt }) => ({
    id: memoryId,
    worked,
    failed,
    recovered,
    lasted,
    worked_at: time(workedAt),
  }));
  const changed = await db.query<{ id: string; confidence: string; worked: number; failed: number }>(
    creditSql,
    [access.team.id, JSON.stringify(rows), JSON.stringify(counts)],
  );
  return changed.map(({ id, confidence, worked, failed }) => ({
    memoryId: id,
    confidence: Number(confidence),
    worked,
    failed,
  }));
}

/** How often episodes of one kind were counted: as the statement found it, and what it adds. */
const untaught = (counted: 'recovered' | 'lasted'): string =>
  `(SELECT count(*) FROM healix_matches b WHERE b.team_id = $1 AND b.memory_id = h.id AND b.counted = '${counted}') + g.${counted}`;
const worked = 'greatest(coalesce(h.success_count, 0) + g.worked, 0)';
const failed = 'greatest(coalesce(h.failure_count, 0) + g.failed, 0)';

const creditSql = `
  WITH m AS MATERIALIZED (
    SELECT * FROM json_to_recordset($2::text::json) AS m (memory_id uuid, run_id uuid, created_at timestamptz, test_name text, shown boolean,
      change text, outcome text, started_at timestamptz, ended_at timestamptz, ended_git_sha text, earlier_runs integer,
      earlier_failures integer, counted text, healed boolean)
  ), before AS MATERIALIZED (
    SELECT m.*, coalesce(b.healed, false) AS was_healed
    FROM m LEFT JOIN healix_matches b ON b.team_id = $1 AND b.memory_id = m.memory_id AND b.run_id = m.run_id
  ), kept AS (
    INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown, change, outcome, started_at, ended_at,
      ended_git_sha, earlier_runs, earlier_failures, counted, healed)
    SELECT $1::uuid, memory_id, run_id, created_at, test_name, shown, change, outcome, started_at, ended_at,
      ended_git_sha, earlier_runs, earlier_failures, counted, healed FROM m
    ON CONFLICT (team_id, memory_id, run_id) DO UPDATE SET (change, outcome, started_at, ended_at, ended_git_sha, earlier_runs,
      earlier_failures, counted, healed) = (excluded.change, excluded.outcome, excluded.started_at, excluded.ended_at,
      excluded.ended_git_sha, excluded.earlier_runs, excluded.earlier_failures, excluded.counted, excluded.healed)
  ), healed AS (
    -- Finds failed rows as src/store/history/matches.ts does. Of one cause all rows of the run with its words are healed.
    UPDATE test_results r SET auto_healed = b.healed
    FROM before b JOIN healix_memories h ON h.team_id = $1 AND h.id = b.memory_id
    WHERE b.healed <> b.was_healed AND r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = b.created_at
      AND r.test_run_id IS NOT DISTINCT FROM b.run_id
      AND (r.test_name = b.test_name OR (r.cause_key IS NOT NULL AND r.words_signature = h.words_signature))
  )
  UPDATE healix_memories h SET success_count = ${worked}, failure_count = ${failed},
    confidence = CASE WHEN g.worked = 0 AND g.failed = 0 THEN h.confidence ELSE ${posteriorMean(worked, failed)} END,
    last_applied = CASE WHEN g.worked > 0 THEN greatest(h.last_applied, g.worked_at) ELSE h.last_applied END,
    metadata = CASE WHEN g.recovered = 0 AND g.lasted = 0 THEN h.metadata
      ELSE CASE WHEN jsonb_typeof(h.metadata) = 'object' THEN h.metadata ELSE '{}' END
        || jsonb_build_object('baseline', jsonb_build_object('recovered', ${untaught('recovered')}, 'lasted', ${untaught('lasted')})) END
  FROM json_to_recordset($3::text::json) AS g (id uuid, worked integer, failed integer, recovered integer, lasted integer, worked_at timestamptz)
  WHERE h.team_id = $1 AND h.id = g.id
  RETURNING h.id, h.confidence::text AS confidence, h.success_count AS worked, h.failure_count AS failed`;
