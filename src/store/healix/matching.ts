// SQL texts that find the memory for a failure: one ranking and one rule of equality for everybody who asks.
import type { UntaughtCounts } from '../../model.ts';
import { repositoryNames, sameHost } from '../schema/repository.ts';

/** Best first; a memory that nobody ever rated comes last. */
export const ranking = (memory: string): string =>
  `${memory}.confidence DESC NULLS LAST, ${memory}.success_count DESC NULLS LAST, ${memory}.id`;

/** Whether the team wants matches: yes, unless teams.features says `healix_enabled: false`. */
export const healixEnabled = (team: string): string =>
  `coalesce((SELECT t.features ->> 'healix_enabled' FROM teams t WHERE t.id = ${team}), 'true') <> 'false'`;

/** Which tables have a memory that may be told. Planning a search costs more than asking, and most teams have none in one of them. */
export interface MemoryTables {
  readonly own: boolean;
  readonly shared: boolean;
}

/** The columns `own` and `shared` of MemoryTables. */
export const memoryTables = (team: string): string => `
    ${healixEnabled(team)} AND EXISTS (SELECT FROM healix_memories h WHERE h.team_id = ${team} AND h.deleted_at IS NULL) AS own,
    ${healixEnabled(team)} AND EXISTS (SELECT FROM shared_memories h WHERE h.deleted_at IS NULL) AS shared`;

/** Whose memories are searched, as SQL: the team's of one repository and project, beside the shared ones. */
export interface MemoryScope {
  readonly tables: MemoryTables;
  readonly team: string;
  /** The repository's names; NULL: all repositories. */
  readonly names: string;
  /** Its host; NULL: all. */
  readonly host: string;
  /** NULL: all projects. */
  readonly project: string;
}

/**
 * The scope of a run in a table, or a subquery, of one row with its columns. A run without a repository is of any in an embedded database, and of
 * none on a server.
 */
export const memoryScope = (
  table: string,
  team: string,
  embedded: boolean,
  tables: MemoryTables,
): MemoryScope => ({
  tables,
  team,
  names: `(SELECT ${embedded ? repositoryNames('r') : `coalesce(${repositoryNames('r')}, ARRAY[''])`} FROM ${table} r)`,
  host: `(SELECT r.repository_host FROM ${table} r)`,
  project: `(SELECT r.project FROM ${table} r)`,
});

/** Whether a team's memory may be told there. Without a repository or a project of its own it matches in every one. */
export const isInScope = (
  memory: string,
  { names, host, project }: Pick<MemoryScope, 'names' | 'host' | 'project'>,
): string =>
  `(${memory}.repository = ANY (${names}::text[])) IS NOT FALSE
         AND ${sameHost(`${memory}.repository_host`, host)} AND (${memory}.project = ${project}) IS NOT FALSE`;

/** Searches of the team's own memories and of the shared ones, in no order. */
const searches = (
  { tables, ...scope }: MemoryScope,
  where: (memory: string) => string,
  first?: (memory: string) => string,
): string[] => {
  const of = (table: string, shared: boolean, own: string): string => `
      SELECT h.id, ${shared} AS shared, h.confidence, h.success_count${first === undefined ? '' : `, ${first('h')} AS first`} FROM ${table} h
       WHERE ${own} h.deleted_at IS NULL AND h.state = 'active' AND ${where('h')}`;
  const own = `h.team_id = ${scope.team} AND ${isInScope('h', scope)} AND`;
  return [
    ...(tables.own ? [of('healix_memories', false, own)] : []),
    ...(tables.shared ? [of('shared_memories', true, '')] : []),
  ];
};

/**
 * The best memory that a condition finds among the team's own and the shared ones, as a subquery with one row (`id`, `shared`, and what ranks it) or
 * none. `where` gets the name of a memory; everything in it must be leakproof (equality of texts and ids is), else row-level
 * security keeps the planner from every index. `first` is a number that goes before the ranking. Memories that nobody has
 * confirmed are not found.
 */
export const bestMemory = (
  scope: MemoryScope,
  where: (memory: string) => string,
  first?: (memory: string) => string,
): string => {
  const found = searches(scope, where, first).map(
    (search) => `(${search}
       ORDER BY ${first === undefined ? '' : `${first('h')} DESC, `}${ranking('h')} LIMIT 1)`,
  );
  // Nothing to compare it with: a second search would cost as much as the first.
  if (found.length === 1) return found[0] ?? '';
  return `SELECT b.* FROM (${found.join('\n      UNION ALL ')}) AS b
      ORDER BY ${first === undefined ? '' : 'b.first DESC, '}${ranking('b')} LIMIT 1`;
};

/** Whether a memory is of the very test and failure signature. Both are stored in one form. */
export const isExact = (memory: string, failure: string): string =>
  `${memory}.test_name = ${failure}.test_name AND ${memory}.failure_signature = ${failure}.failure_signature`;

/** 2: equal words; 1: the memory has none, so that nothing speaks against it; 0: others. */
export const sameWords = (memory: string, failure: string): string =>
  `CASE WHEN ${memory}.words_signature IS NULL THEN 1 WHEN ${memory}.words_signature = ${failure}.words_signature THEN 2 ELSE 0 END`;

/**
 * The best exact memory of each failure, as a query: `result_id`, and `own_id` or `shared_id`. A failure without one is not in it. One sort for all: one
 * for each failure costs half as much as searching.
 *
 * @param failures a table with the columns `id`, `test_name`, `failure_signature` and `words_signature`
 */
export const exactMemories = (failures: string, scope: MemoryScope): string => `
      SELECT DISTINCT ON (f.id) f.id AS result_id, CASE WHEN NOT h.shared THEN h.id END AS own_id, CASE WHEN h.shared THEN h.id END AS shared_id
      FROM ${failures} f CROSS JOIN LATERAL (SELECT * FROM (${searches(
        scope,
        (memory) => isExact(memory, 'f'),
        (memory) => sameWords(memory, 'f'),
      ).join(' UNION ALL ')}) AS h OFFSET 0) AS h
      WHERE f.failure_signature IS NOT NULL
      ORDER BY f.id, h.first DESC, ${ranking('h')}`;

/** Whether a memory is stale: unused for long, or failed at least three times and at least as often as it worked. */
export const stale = (memory: string): string =>
  `(coalesce(${memory}.last_applied, ${memory}.created_at) < now() - interval '${staleDays} days'
    OR (${memory}.failure_count >= 3 AND ${memory}.failure_count >= ${memory}.success_count))`;

/** What `metadata.baseline` says, which anybody may have written: undefined where it is not what credits write there. */
export function untaughtOf(baseline: unknown): UntaughtCounts | undefined {
  if (typeof baseline !== 'object' || baseline === null) return undefined;
  const { recovered, lasted } = baseline as Record<string, unknown>;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  return isCount(recovered) && isCount(lasted) ? { recovered, lasted } : undefined;
}

/** Days without use after which a memory is stale. */
export const staleDays = 180;

/** The mean of the Beta distribution after so many successes and failures, from a uniform prior, as the column keeps it. */
export const posteriorMean = (worked: string, failed: string): string =>
  `round((${worked} + 1)::numeric / (${worked} + ${failed} + 2), 2)`;
