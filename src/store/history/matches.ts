// The memories that may fit the failures of a run: few statements, however many tests failed. Decides nothing: which memory fits
// is decided in src/judge.
import type { HealixMemory, MemoryCandidate } from '../../model.ts';
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

/** Memories that may fit, by failure: best first of those that are alike. A failure that nothing fits is not among them. */
export type Matches = ReadonlyMap<RunFailure, readonly MemoryCandidate[]>;

/** Of so many failures at most one statement asks: its parameters and its answer take memory. */
const mostAtOnce = 5_000;

/** What there is to look for. */
export interface Findings {
  readonly tables: MemoryTables;
  /** Signatures of the failures that a memory has. */
  readonly known: ReadonlySet<string>;
  /** Those that need not be searched: what was found while the run was stored. */
  readonly settled: ReadonlyMap<RunFailure, MemoryCandidate>;
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
  {
    failures,
    runIds,
    isJustStored,
  }: {
    readonly failures: readonly RunFailure[];
    readonly runIds: readonly string[];
    /** The exact memories that the failures' rows name were found this moment, by the rules of now. */
    readonly isJustStored: boolean;
  },
): Promise<Findings> {
  const remembered = isJustStored ? failures.filter(({ memory }) => memory !== undefined) : [];
  const ask = (some: readonly RunFailure[]) =>
    askAround(db, access, { runId, createdAt, runIds, failures: some });
  // Sent together: the server works on the second while the answer to the first is put together here.
  const [settled, { known, ...found }] = await Promise.all([
    readSettled(db, access, remembered),
    ask(remembered.length === 0 ? failures : failures.filter(({ memory }) => memory === undefined)),
  ]);
  const open = remembered.filter((failure) => !settled.has(failure));
  const rest = open.length === 0 ? [] : (await ask(open)).known;
  return { ...found, settled, known: new Set([...known, ...rest]) };
}

async function askAround(
  db: Database,
  access: Access,
  {
    runId,
    createdAt,
    runIds,
    failures,
  }: RunQuery & { readonly runIds: readonly string[]; readonly failures: readonly RunFailure[] },
): Promise<Omit<Findings, 'settled' | 'known'> & { readonly known: readonly string[] }> {
  const known: string[] = [];
  let found: AroundRow | undefined;
  for (let first = 0; found === undefined || first < failures.length; first += mostAtOnce) {
    const some = failures.slice(first, first + mostAtOnce);
    const signatures = (of: (failure: RunFailure) => string | undefined) => [
      ...new Set(some.flatMap((failure) => of(failure) ?? [])),
    ];
    const drifted = new Map(
      some.map(({ driftSignature = '', failureSignature = '' }) => [
        `${driftSignature} ${failureSignature}`,
        { driftSignature, failureSignature },
      ]),
    );
    [found = nowhere] = await db.query<AroundRow>(aroundSql, [
      access.team.id,
      runId,
      createdAt,
      runIds,
      signatures(({ failureSignature }) => failureSignature),
      signatures(({ wordsSignature }) => wordsSignature),
      [...drifted.values()].map(({ driftSignature }) => driftSignature),
      [...drifted.values()].map(({ failureSignature }) => failureSignature),
    ]);
    for (const signature of found.known) known.push(signature);
  }
  const { own, shared, matched, aliases } = found;
  return { tables: { own, shared }, known, isMatched: matched, hasAliases: aliases };
}

type AroundRow = MemoryTables &
  Row & { readonly known: readonly string[]; readonly matched: boolean; readonly aliases: boolean };

const nowhere: AroundRow = { own: false, shared: false, known: [], matched: false, aliases: false };

/** Exact memories of other words are searched all the same: another one may have the same. */
async function readSettled(
  db: Database,
  access: Access,
  failures: readonly RunFailure[],
): Promise<Map<RunFailure, MemoryCandidate>> {
  const memories = await readFound(
    db,
    access,
    failures.flatMap(({ memory }) => memory ?? []),
  );
  const settled = new Map<RunFailure, MemoryCandidate>();
  // Failures with the same memory share one candidate: thousands may have it.
  const candidates = new Map<FoundMemory, MemoryCandidate>();
  for (const failure of failures) {
    const found = failure.memory && foundIn(memories, failure.memory);
    if (found === undefined) continue;
    const { memory, wordsSignature } = found;
    if (wordsSignature !== undefined && wordsSignature !== failure.wordsSignature) continue;
    const hasSameWords = wordsSignature === undefined ? undefined : true;
    const candidate = candidates.get(found) ?? {
      memory,
      isSameTest: true,
      isSameFailure: true,
      hasSameWords,
    };
    candidates.set(found, candidate);
    settled.set(failure, candidate);
  }
  return settled;
}

/** One look for each signature. LIMIT: a join would read all memories. */
const lookFor = (kind: string, signatures: string, table: 'own' | 'shared'): string => `
    SELECT s.signature FROM ${signatures}
    CROSS JOIN LATERAL (SELECT FROM ${table === 'own' ? 'healix_memories h WHERE h.team_id = $1 AND' : 'shared_memories h WHERE'}
      h.deleted_at IS NULL AND h.${kind}_signature = s.signature LIMIT 1) AS h
    WHERE (SELECT ${table} FROM tables)`;

const lookInBoth = (kind: string, signatures: string): string =>
  (['own', 'shared'] as const).map((table) => lookFor(kind, signatures, table)).join(' UNION ALL ');

// Where the failure signature is known, all that is alike is searched anyway.
const aroundSql = `
  WITH tables AS MATERIALIZED (SELECT ${memoryTables('$1')}), same AS MATERIALIZED (${lookInBoth('failure', 'unnest($5::text[]) AS s (signature)')}
  ), drifted AS MATERIALIZED (
    SELECT DISTINCT d.signature FROM unnest($7::text[], $8::text[]) AS d (signature, failure)
    WHERE d.signature <> '' AND d.failure NOT IN (SELECT signature FROM same)
  )
  SELECT t.own, t.shared, EXISTS (SELECT FROM healix_matches m WHERE m.team_id = $1 AND m.run_id = ANY ($4::uuid[])) AS matched,
    ${hasAliases} AS aliases,
    ARRAY(SELECT signature FROM same UNION ALL ${lookInBoth('words', 'unnest($6::text[]) AS s (signature)')} UNION ALL ${lookInBoth('drift', 'drifted AS s')}) AS known
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
    settled,
  }: Pick<Findings, 'tables' | 'known' | 'settled'> & { readonly failures: readonly RunFailure[] },
  formerNames: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<Matches> {
  const isKnown = (signature: string | undefined) => signature !== undefined && known.has(signature);
  const searched =
    known.size === 0
      ? []
      : failures.filter(
          (failure) =>
            !settled.has(failure) &&
            (isKnown(failure.failureSignature) ||
              isKnown(failure.wordsSignature) ||
              isKnown(failure.driftSignature)),
        );
  const scope = memoryScope('me', '$1', db.embedded, tables);
  const former = [...formerNames].flatMap(([name, names]) => names.map((one) => [name, one] as const));
  const found = new Map<RunFailure, readonly Found[]>();
  for (let first = 0; first < searched.length; first += mostAtOnce) {
    const some = searched.slice(first, first + mostAtOnce);
    const list = (of: (failure: RunFailure) => string) => some.map(of);
    const params = [
      access.team.id,
      runId,
      createdAt,
      [...some.keys()],
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
    const rows = await (former.length === 0
      ? db.query<MatchRow>(matchesSql(scope), params)
      : db.query<MatchRow>(matchesSql(scope, true), [
          ...params,
          former.map(([name]) => name),
          former.map(([, one]) => one),
        ]));
    for (const { place, exact, words, alike } of rows) {
      const failure = some[place];
      if (failure !== undefined)
        found.set(failure, [exact, words, alike].filter((text) => text !== null).map(partsOf));
    }
  }
  const memories = await readFound(db, access, [...found.values()].flat());
  // Failures with the same candidate share one object: thousands may have it.
  const candidates = new Map<string, MemoryCandidate>();
  const candidateOf = ({ text, kind, shared, id, same }: Found): MemoryCandidate[] => {
    const memory = foundIn(memories, { id, shared })?.memory;
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
  const matches = new Map<RunFailure, readonly MemoryCandidate[]>();
  for (const [failure, candidate] of settled) matches.set(failure, [candidate]);
  for (const [failure, some] of found) matches.set(failure, some.flatMap(candidateOf));
  return matches;
}

/** `exact false <id> 2`: how it fits, whether it is a shared one, which, and what else is the same. */
interface Found {
  readonly text: string;
  readonly kind: string;
  readonly shared: boolean;
  readonly id: string;
  readonly same: string | undefined;
}

function partsOf(text: string): Found {
  const [kind = '', shared, id = '', same] = text.split(' ');
  return { text, kind, shared: shared === 'true', id, same };
}

type MatchRow = Row & {
  readonly place: number;
  readonly exact: string | null;
  readonly words: string | null;
  readonly alike: string | null;
};
type MemoryRow = Row & {
  readonly id: string;
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
  readonly words_signature: string | null;
};

interface FoundMemory {
  readonly memory: HealixMemory;
  readonly wordsSignature: string | undefined;
}

/** By id: a team's memory and a shared one may have one id, both can be imported from one file. */
type FoundMemories = Readonly<Record<'own' | 'shared', ReadonlyMap<string, FoundMemory>>>;

async function readFound(
  db: Database,
  access: Access,
  found: readonly { readonly id: string; readonly shared: boolean }[],
): Promise<FoundMemories> {
  const memories = { own: new Map<string, FoundMemory>(), shared: new Map<string, FoundMemory>() };
  for (const table of ['own', 'shared'] as const) {
    const ids = new Set(found.flatMap(({ id, shared }) => (shared === (table === 'shared') ? [id] : [])));
    if (ids.size === 0) continue;
    for (const row of await db.query<MemoryRow>(memoriesSql(table), [access.team.id, [...ids]]))
      memories[table].set(row.id, {
        memory: memoryOf(row),
        wordsSignature: row.words_signature ?? undefined,
      });
  }
  return memories;
}

function foundIn(
  memories: FoundMemories,
  { id, shared }: { readonly id: string; readonly shared: boolean },
): FoundMemory | undefined {
  return memories[shared ? 'shared' : 'own'].get(id);
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

/** What is shown of memories. OFFSET 0: one by one. To find thousands, a plan of its own choice reads all memories of all teams. */
const memoriesSql = (table: 'own' | 'shared'): string => `
  SELECT h.* FROM unnest($2::uuid[]) AS i (id) CROSS JOIN LATERAL (SELECT h.id, h.root_cause, h.solution, h.solution_type, h.auto_fix_code, h.confidence::float8 AS confidence,
    coalesce(h.success_count, 0) AS success_count, coalesce(h.failure_count, 0) AS failure_count,
    round(date_part('epoch', h.last_applied) * 1000) AS last_applied, h.metadata -> 'baseline' AS baseline,
    coalesce(${stale('h')}, false) AS stale, h.words_signature
  FROM ${table === 'own' ? 'healix_memories h WHERE h.team_id = $1' : 'shared_memories h WHERE $1::uuid IS NOT NULL'} AND h.id = i.id OFFSET 0) AS h`;

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
