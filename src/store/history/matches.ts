// The failures of a run and the memories that may fit them: one statement, however many tests failed. Decides nothing: which
// memory fits is decided in src/judge.
import type { CauseKey, HealixMemory, MemoryCandidate } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import {
  bestMemory,
  isExact,
  type MemoryScope,
  type MemoryTables,
  memoryScope,
  memoryTables,
  ranking,
  sameWords,
  stale,
  untaughtOf,
} from '../healix/matching.ts';
import type { Access } from '../schema/access.ts';
import type { RunQuery } from './evidence.ts';

/** One failed test or error of a run. */
export interface FailureMatches {
  readonly testName: string;
  readonly failureSignature: string | undefined;
  /** Its key has the place: a fixture, a helper, the code under test, an import. Undefined for the test's own failure. */
  readonly causeKey?: CauseKey | undefined;
  /** Best first of those that are alike. */
  readonly candidates: readonly MemoryCandidate[];
}

/**
 * Reads the failures of one run in the report's order, inside a transaction of the team.
 *
 * @param formerNames test name -> what it was called before: memories of those are the test's own
 */
export async function readMatches(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  formerNames: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<readonly FailureMatches[]> {
  const [tables = { own: false, shared: false }] = await db.query<MemoryTables & Row>(
    `SELECT ${memoryTables('$1')}`,
    [access.team.id],
  );
  const params = [access.team.id, runId, createdAt];
  if (!tables.own && !tables.shared)
    return (await db.query<{ facts: FailureMatches }>(failuresSql, params)).map(({ facts }) => facts);
  const scope = memoryScope('me', '$1', db.embedded, tables);
  const former = [...formerNames].flatMap(([name, names]) => names.map((one) => [name, one] as const));
  const rows = await (former.length === 0
    ? db.query<MatchRow>(matchesSql(scope), params)
    : db.query<MatchRow>(matchesSql(scope, true), [
        ...params,
        former.map(([name]) => name),
        former.map(([, one]) => one),
      ]));
  const memories = new Map<string, HealixMemory>();
  for (const row of rows) if (row.kind === 'memory') memories.set(memoryKey(row.facts), memoryOf(row.facts));
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
  return rows.flatMap((row) =>
    row.kind === 'memory' ? [] : [{ ...row.facts, candidates: row.facts.candidates.flatMap(candidateOf) }],
  );
}

/**
 * The statement's rows: JSON with the names of the facts, and without members where it would say null. A row each: one answer
 * in one value would be in memory several times over where thousands fail.
 */
type MatchRow =
  | { readonly kind: 'failure'; readonly facts: FailureRow }
  | { readonly kind: 'memory'; readonly facts: MemoryRow };
type MemoryRow = Omit<HealixMemory, 'lastApplied'> & {
  lastApplied?: number;
  shared: boolean;
  baseline?: unknown;
};
type FailureRow = Omit<FailureMatches, 'candidates'> & { candidates: readonly string[] };

/** A team's memory and a shared one may have one id: both can be imported from one file. */
function memoryKey({ id, shared }: { readonly id: string; readonly shared?: boolean }): string {
  return `${shared === true ? 'shared' : 'own'} ${id}`;
}

function memoryOf({ lastApplied: at, shared: _, baseline, ...memory }: MemoryRow): HealixMemory {
  const lastApplied = at === undefined ? undefined : new Date(at);
  return { ...memory, lastApplied, untaught: untaughtOf(baseline) };
}

/** What is shown of a memory. */
const shown =
  'id, root_cause, solution, solution_type, auto_fix_code, confidence, success_count, failure_count, last_applied, created_at, metadata';

const lookFor = (kind: string, table: string, own: string): string => `
    SELECT s.signature FROM (SELECT DISTINCT ${kind}_signature AS signature FROM f) AS s
    CROSS JOIN LATERAL (SELECT FROM ${table} h WHERE ${own} h.deleted_at IS NULL AND h.${kind}_signature = s.signature LIMIT 1) AS h`;

const isKnown = (signature: string): string => `(${signature} IN (SELECT signature FROM known)) IS TRUE`;

/** The failures where there are no memories. */
const failuresSql = `
  SELECT json_strip_nulls(json_build_object(
    'testName', r.test_name, 'failureSignature', r.failure_signature, 'causeKey', r.cause_key, 'candidates', ARRAY[]::text[])) AS facts
  FROM test_results r
  WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = $3 AND r.test_run_id IS NOT DISTINCT FROM $2
  ORDER BY r.id`;

// Finds failed rows by team, outcome and the run's created_at (all rows of a run share it). IS NOT DISTINCT FROM keeps the planner
// from the index on test_run_id, by which it would read every test of a run to find the failed ones.
const matchesSql = (scope: MemoryScope, isRenamed = false): string => `
  WITH me AS MATERIALIZED (
    SELECT repository, repository_host, project FROM test_runs WHERE team_id = $1 AND id = $2 AND created_at = $3
  )${
    isRenamed
      ? `, renamed AS MATERIALIZED (
    SELECT n.name, array_agg(n.former) AS former FROM unnest($4::text[], $5::text[]) AS n (name, former) GROUP BY n.name
  )`
      : ''
  }, f AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY r.id) AS place, r.test_name, r.failure_signature, r.drift_signature, r.words_signature,
      r.cause_key${isRenamed ? ', n.former' : ''}
    FROM test_results r${isRenamed ? ' LEFT JOIN renamed n ON n.name = r.test_name' : ''}
    WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error') AND r.created_at = $3 AND r.test_run_id IS NOT DISTINCT FROM $2
  ), known AS MATERIALIZED (
    -- Most failures are unknown: one look for each signature tells which are not. LIMIT: a join would read all memories.
    ${['failure', 'words', 'drift']
      .flatMap((kind) => [
        ...(scope.tables.own ? [lookFor(kind, 'healix_memories', 'h.team_id = $1 AND')] : []),
        ...(scope.tables.shared ? [lookFor(kind, 'shared_memories', '')] : []),
      ])
      .join(' UNION ALL ')}
  ), matched AS MATERIALIZED (
    -- Holds all columns of the failure: joining them again would take quadratic time. What is alike is searched only where nothing
    -- is the same.
    SELECT f.*, e.exact, w.words, s.alike
    FROM f
    CROSS JOIN LATERAL (SELECT CASE WHEN ${isKnown('f.failure_signature')} THEN
      (SELECT 'exact ' || b.shared || ' ' || b.id || ' ' || b.first FROM (${bestMemory(
        scope,
        (memory) => isExact(memory, 'f'),
        (memory) => sameWords(memory, 'f'),
      )}) AS b) END AS exact OFFSET 0) e
    CROSS JOIN LATERAL (SELECT CASE WHEN ${isKnown('f.words_signature')} AND (e.exact IS NULL OR right(e.exact, 1) = '0') THEN coalesce(
      (SELECT 'words ' || b.shared || ' ' || b.id || ' test' FROM (${bestMemory(
        scope,
        (memory) => `${memory}.words_signature = f.words_signature AND ${memory}.test_name = f.test_name`,
      )}) AS b),${isRenamed ? `${formerMemory(scope)},` : ''}
      CASE WHEN f.cause_key IS NOT NULL THEN
        (SELECT 'words ' || b.shared || ' ' || b.id FROM (${bestMemory(scope, (memory) => `${memory}.words_signature = f.words_signature`)}) AS b)
      END) END AS words OFFSET 0) w
    CROSS JOIN LATERAL (SELECT CASE WHEN e.exact IS NULL AND w.words IS NULL AND (${isKnown('f.failure_signature')} OR ${isKnown('f.drift_signature')}) THEN
      (SELECT 'alike ' || b.shared || ' ' || b.id FROM (
         SELECT * FROM (${bestMemory(scope, (memory) => `${memory}.drift_signature = f.drift_signature`)}) AS drifted
         UNION ALL
         SELECT * FROM (${bestMemory(scope, (memory) => `${memory}.failure_signature = f.failure_signature AND ${memory}.test_name <> f.test_name`)}) AS elsewhere
       ) AS b ORDER BY ${ranking('b')} LIMIT 1) END AS alike OFFSET 0) s
  ), found AS MATERIALIZED (
    SELECT DISTINCT split_part(c, ' ', 2)::boolean AS shared, split_part(c, ' ', 3)::uuid AS id
    FROM matched m CROSS JOIN LATERAL unnest(ARRAY[m.exact, m.words, m.alike]) AS c WHERE c IS NOT NULL
  )
  SELECT 'failure' AS kind, facts FROM (
    SELECT f.place, json_strip_nulls(json_build_object(
      'testName', f.test_name, 'failureSignature', f.failure_signature, 'causeKey', f.cause_key,
      'candidates', array_remove(ARRAY[f.exact, f.words, f.alike], NULL))) AS facts
    FROM matched f ORDER BY f.place) AS failures
  UNION ALL
  SELECT 'memory', json_strip_nulls(json_build_object('id', h.id, 'shared', h.shared, 'rootCause', h.root_cause, 'solution', h.solution,
      'solutionType', h.solution_type, 'autoFixCode', h.auto_fix_code, 'confidence', h.confidence,
      'successCount', coalesce(h.success_count, 0), 'failureCount', coalesce(h.failure_count, 0),
      'baseline', h.metadata -> 'baseline', 'stale', coalesce(${stale('h')}, false), 'lastApplied', round(extract(epoch FROM h.last_applied) * 1000)))
  FROM (${[
    ...(scope.tables.own
      ? [
          `
    SELECT h.*, false AS shared FROM (SELECT ${shown} FROM healix_memories WHERE team_id = $1) AS h
    WHERE h.id IN (SELECT id FROM found WHERE NOT shared)`,
        ]
      : []),
    ...(scope.tables.shared
      ? [
          `
    SELECT h.*, true AS shared FROM (SELECT ${shown} FROM shared_memories) AS h WHERE h.id IN (SELECT id FROM found WHERE shared)`,
        ]
      : []),
  ].join(' UNION ALL ')}) AS h`;

/** The best memory of the test's former names: of equal words, or without any and of the same failure signature. */
const formerMemory = (scope: MemoryScope): string => `
      CASE WHEN f.former IS NOT NULL THEN
        (SELECT 'words ' || b.shared || ' ' || b.id || ' test' FROM (${bestMemory(
          scope,
          (memory) => `${memory}.test_name = ANY (f.former)
            AND (${memory}.words_signature = f.words_signature
              OR (${memory}.words_signature IS NULL AND ${memory}.failure_signature = f.failure_signature))`,
        )}) AS b)
      END`;
