// The memories that may fit the failures of a run: few statements, however many tests failed. Decides nothing: which memory fits
// is decided in src/judge.
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
import { hasAliases } from './aliases.ts';
import type { RunFailure, RunQuery } from './evidence.ts';

/** One failed test or error of a run. */
export interface FailureMatches {
  readonly testName: string;
  readonly failureSignature: string | undefined;
  /** See RunFailure. */
  readonly causeKey?: CauseKey | undefined;
  /** Best first of those that are alike. */
  readonly candidates: readonly MemoryCandidate[];
}

/** What there is to look for. */
export interface Findings {
  readonly tables: MemoryTables;
  /** Signatures of the failures that a memory has. */
  readonly known: ReadonlySet<string>;
  /** A memory was told in one of the runs asked for, or its test failed in it. */
  readonly isMatched: boolean;
  /** Tests of the run's suite were renamed before. */
  readonly hasAliases: boolean;
}

/** Asks in one statement what is to be looked for at all, inside a transaction of the team: mostly there is little. */
export async function lookAround(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  { failures, runIds }: { readonly failures: readonly RunFailure[]; readonly runIds: readonly string[] },
): Promise<Findings> {
  const signatures = (of: (failure: RunFailure) => string | undefined) => [
    ...new Set(failures.flatMap((failure) => of(failure) ?? [])),
  ];
  const [row] = await db.query<MemoryTables & Row & { known: string[]; matched: boolean; aliases: boolean }>(
    aroundSql,
    [
      access.team.id,
      runId,
      createdAt,
      runIds,
      signatures(({ failureSignature }) => failureSignature),
      signatures(({ wordsSignature }) => wordsSignature),
      signatures(({ driftSignature }) => driftSignature),
    ],
  );
  const { own = false, shared = false, known = [], matched = false, aliases = false } = row ?? {};
  return { tables: { own, shared }, known: new Set(known), isMatched: matched, hasAliases: aliases };
}

// One look for each signature. LIMIT: a join would read all memories.
const lookFor = (kind: string, place: number, table: 'own' | 'shared'): string => `
    SELECT s.signature FROM unnest($${place}::text[]) AS s (signature)
    CROSS JOIN LATERAL (SELECT FROM ${table === 'own' ? 'healix_memories h WHERE h.team_id = $1 AND' : 'shared_memories h WHERE'}
      h.deleted_at IS NULL AND h.${kind}_signature = s.signature LIMIT 1) AS h
    WHERE (SELECT ${table} FROM tables)`;

const aroundSql = `
  WITH tables AS MATERIALIZED (SELECT ${memoryTables('$1')})
  SELECT t.own, t.shared, EXISTS (SELECT FROM healix_matches m WHERE m.team_id = $1 AND m.run_id = ANY ($4::uuid[])) AS matched,
    ${hasAliases} AS aliases,
    ARRAY(${['failure', 'words', 'drift']
      .flatMap((kind, at) => [lookFor(kind, at + 5, 'own'), lookFor(kind, at + 5, 'shared')])
      .join(' UNION ALL ')}) AS known
  FROM tables t`;

/**
 * Finds the memories of the failures, inside a transaction of the team.
 *
 * @param formerNames test name -> what it was called before: memories of those are the test's own
 */
export async function readMatches(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  {
    failures,
    tables,
    known,
  }: Pick<Findings, 'tables' | 'known'> & { readonly failures: readonly RunFailure[] },
  formerNames: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<readonly FailureMatches[]> {
  const isKnown = (signature: string | undefined) => signature !== undefined && known.has(signature);
  const searched = failures.flatMap((failure, place) =>
    isKnown(failure.failureSignature) || isKnown(failure.wordsSignature) || isKnown(failure.driftSignature)
      ? [{ failure, place }]
      : [],
  );
  const found = new Map<number, readonly string[]>();
  if (searched.length > 0) {
    const list = (of: (failure: RunFailure) => string) => searched.map(({ failure }) => of(failure));
    const params = [
      access.team.id,
      runId,
      createdAt,
      searched.map(({ place }) => place),
      list(({ testName }) => testName),
      list(({ failureSignature = '' }) => failureSignature),
      list(({ driftSignature = '' }) => driftSignature),
      list(({ wordsSignature = '' }) => wordsSignature),
      list(({ failureSignature, wordsSignature, driftSignature, causeKey }) =>
        [isKnown(failureSignature), isKnown(wordsSignature), isKnown(driftSignature), causeKey !== undefined]
          .map(Number)
          .join(''),
      ),
    ];
    const scope = memoryScope('me', '$1', db.embedded, tables);
    const former = [...formerNames].flatMap(([name, names]) => names.map((one) => [name, one] as const));
    const rows = await (former.length === 0
      ? db.query<MatchRow>(matchesSql(scope), params)
      : db.query<MatchRow>(matchesSql(scope, true), [
          ...params,
          former.map(([name]) => name),
          former.map(([, one]) => one),
        ]));
    for (const { place, exact, words, alike } of rows)
      found.set(
        place,
        [exact, words, alike].filter((text) => text !== null),
      );
  }
  const memories = await readFound(db, access, [...found.values()].flat());
  // Failures with the same candidate share one object: thousands may have it.
  const candidates = new Map<string, MemoryCandidate>();
  const candidateOf = (text: string): MemoryCandidate[] => {
    const { kind, shared, id, same } = partsOf(text);
    const memory = memories.get(memoryKey({ id, shared }));
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
  return failures.map(({ testName, failureSignature, causeKey }, place) => ({
    testName,
    failureSignature,
    causeKey,
    candidates: (found.get(place) ?? []).flatMap(candidateOf),
  }));
}

/** `exact false <id> 2`: how it fits, whether it is a shared one, which, and what else is the same. */
function partsOf(text: string): { kind: string; shared: boolean; id: string; same: string | undefined } {
  const [kind = '', shared, id = '', same] = text.split(' ');
  return { kind, shared: shared === 'true', id, same };
}

type MatchRow = Row & {
  readonly place: number;
  readonly exact: string | null;
  readonly words: string | null;
  readonly alike: string | null;
};
type MemoryRow = Row & {
  readonly id: string;
  readonly shared: boolean;
  readonly root_cause: string | null;
  readonly solution: string;
  readonly solution_type: string | null;
  readonly auto_fix_code: string | null;
  readonly confidence: number | null;
  readonly success_count: number;
  readonly failure_count: number;
  readonly last_applied: number | null;
  readonly baseline: unknown;
  readonly stale: boolean;
};

/** The memories of the texts. */
async function readFound(
  db: Database,
  access: Access,
  texts: readonly string[],
): Promise<ReadonlyMap<string, HealixMemory>> {
  const memories = new Map<string, HealixMemory>();
  const ids = { own: new Set<string>(), shared: new Set<string>() };
  for (const { shared, id } of texts.map(partsOf)) ids[shared ? 'shared' : 'own'].add(id);
  for (const table of ['own', 'shared'] as const) {
    if (ids[table].size === 0) continue;
    for (const row of await db.query<MemoryRow>(memoriesSql(table), [access.team.id, [...ids[table]]]))
      memories.set(memoryKey(row), memoryOf(row));
  }
  return memories;
}

/** A team's memory and a shared one may have one id: both can be imported from one file. */
function memoryKey({ id, shared }: { readonly id: string; readonly shared?: boolean }): string {
  return `${shared === true ? 'shared' : 'own'} ${id}`;
}

function memoryOf(row: MemoryRow): HealixMemory {
  return {
    id: row.id,
    rootCause: row.root_cause ?? undefined,
    solution: row.solution,
    solutionType: row.solution_type ?? undefined,
    autoFixCode: row.auto_fix_code ?? undefined,
    confidence: row.confidence ?? undefined,
    successCount: row.success_count,
    failureCount: row.failure_count,
    stale: row.stale,
    lastApplied: row.last_applied === null ? undefined : new Date(row.last_applied),
    untaught: untaughtOf(row.baseline),
  };
}

/** What is shown of memories. */
const memoriesSql = (table: 'own' | 'shared'): string => `
  SELECT h.id, ${table === 'shared'} AS shared, h.root_cause, h.solution, h.solution_type, h.auto_fix_code, h.confidence::float8 AS confidence,
    coalesce(h.success_count, 0) AS success_count, coalesce(h.failure_count, 0) AS failure_count,
    round(date_part('epoch', h.last_applied) * 1000) AS last_applied, h.metadata -> 'baseline' AS baseline,
    coalesce(${stale('h')}, false) AS stale
  FROM ${table === 'own' ? 'healix_memories h WHERE h.team_id = $1' : 'shared_memories h WHERE $1::uuid IS NOT NULL'} AND h.id = ANY ($2::uuid[])`;

/** Known are the failure's, words' and drift signature; it lies outside of its test. */
const flag = { failure: 1, words: 2, drift: 3, outside: 4 } as const;
const is = (what: keyof typeof flag): string => `substr(f.flags, ${flag[what]}, 1) = '1'`;

const matchesSql = (scope: MemoryScope, isRenamed = false): string => `
  WITH me AS MATERIALIZED (
    SELECT repository, repository_host, project FROM test_runs WHERE team_id = $1 AND id = $2 AND created_at = $3
  )${
    isRenamed
      ? `, renamed AS MATERIALIZED (
    SELECT n.name, array_agg(n.former) AS former FROM unnest($10::text[], $11::text[]) AS n (name, former) GROUP BY n.name
  )`
      : ''
  }
  -- What is alike is searched only where nothing is the same.
  SELECT f.place, e.exact, w.words, s.alike
  FROM (SELECT f.*${isRenamed ? ', n.former' : ''}
    FROM unnest($4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
      AS f (place, test_name, failure_signature, drift_signature, words_signature, flags)${
        isRenamed ? ' LEFT JOIN renamed n ON n.name = f.test_name' : ''
      } OFFSET 0) AS f
  CROSS JOIN LATERAL (SELECT CASE WHEN ${is('failure')} THEN
    (SELECT 'exact ' || b.shared || ' ' || b.id || ' ' || b.first FROM (${bestMemory(
      scope,
      (memory) => isExact(memory, 'f'),
      (memory) => sameWords(memory, 'f'),
    )}) AS b) END AS exact OFFSET 0) e
  CROSS JOIN LATERAL (SELECT CASE WHEN ${is('words')} AND (e.exact IS NULL OR right(e.exact, 1) = '0') THEN coalesce(
    (SELECT 'words ' || b.shared || ' ' || b.id || ' test' FROM (${bestMemory(
      scope,
      (memory) => `${memory}.words_signature = f.words_signature AND ${memory}.test_name = f.test_name`,
    )}) AS b),${isRenamed ? `${formerMemory(scope)},` : ''}
    CASE WHEN ${is('outside')} THEN
      (SELECT 'words ' || b.shared || ' ' || b.id FROM (${bestMemory(scope, (memory) => `${memory}.words_signature = f.words_signature`)}) AS b)
    END) END AS words OFFSET 0) w
  CROSS JOIN LATERAL (SELECT CASE WHEN e.exact IS NULL AND w.words IS NULL AND (${is('failure')} OR ${is('drift')}) THEN
    (SELECT 'alike ' || b.shared || ' ' || b.id FROM (
       SELECT * FROM (${bestMemory(scope, (memory) => `${memory}.drift_signature = f.drift_signature`)}) AS drifted
       UNION ALL
       SELECT * FROM (${bestMemory(scope, (memory) => `${memory}.failure_signature = f.failure_signature AND ${memory}.test_name <> f.test_name`)}) AS elsewhere
     ) AS b ORDER BY ${ranking('b')} LIMIT 1) END AS alike OFFSET 0) s
  WHERE e.exact IS NOT NULL OR w.words IS NOT NULL OR s.alike IS NOT NULL`;

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
