// Former names of renamed test functions: stored by the run that showed the rename, found by the runs after it.
import type { NameChain } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import { suiteOf } from '../schema/repository.ts';
import type { RunQuery } from './evidence.ts';

/** A renamed function: `file::Class::function`, without parameters. */
export interface Alias {
  readonly from: string;
  readonly to: string;
}

/** Names that are looked up or stored at once. */
const mostNames = 5000;
/** A test that was renamed more often is followed so far back. */
const mostSteps = 5;
/** `test_name` of results is so long. */
const longestName = 500;

/** Whether tests of a run's suite were renamed before: SQL of a statement whose first parameters are team, run and the run's time. */
export const hasAliases = `EXISTS (SELECT FROM test_aliases a WHERE a.team_id = $1 AND a.suite_id = (
      SELECT ${suiteOf('r')} FROM test_runs r WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3))`;

/** Whether tests of a run's suite were renamed before; in a transaction of the team. */
export async function hasRenames(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>(`SELECT ${hasAliases} AS found`, [
    access.team.id,
    runId,
    createdAt,
  ]);
  return row?.found === true;
}

/** Former names of functions, the latest first, in a transaction of the team; functions that were never renamed are left out. */
export async function readFormerNames(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  if (names.length === 0) return found;
  const rows = await db.query<Row & { name: string; former: string }>(formerSql, [
    access.team.id,
    runId,
    createdAt,
    names.slice(0, mostNames),
  ]);
  for (const { name, former } of rows) found.set(name, [...(found.get(name) ?? []), former]);
  return found;
}

/**
 * Of functions under any of their names: all names that they have or had until a time, a chain for each way that they went. The newest
 * rename comes first; functions that were never renamed have none. In a transaction of the team.
 */
export async function readNameChains(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  { functions, until }: { readonly functions: readonly string[]; readonly until: Date },
): Promise<readonly NameChain[]> {
  if (functions.length === 0) return [];
  const rows = await db.query<Row & { name: string; former: string; step: number; at: number }>(chainsSql, [
    access.team.id,
    runId,
    createdAt,
    functions.slice(0, mostNames),
    until,
  ]);
  const found = new Map<string, { readonly chain: [string, ...string[]]; readonly at: number }>();
  for (const { name, former, at } of rows) {
    const one = found.get(name) ?? { chain: [name], at };
    one.chain.push(former);
    found.set(name, one);
  }
  return [...found.values()].sort((a, b) => b.at - a.at).map(({ chain }) => chain);
}

// The newest rename into a name counts, of those before the run or before the younger rename. A circle ends by its times.
const chainOf = (names: string, until: string): string => `me AS MATERIALIZED (
    SELECT ${suiteOf('r')} AS suite FROM test_runs r WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3
  ), chain AS (
    SELECT n.name, n.name AS current, ${until}::timestamptz AS at, 0 AS step FROM ${names} AS n (name)
    UNION ALL
    SELECT c.name, a.former, a.created_at, c.step + 1
    FROM chain c CROSS JOIN LATERAL (
      SELECT a.former, a.created_at FROM test_aliases a
      WHERE a.team_id = $1 AND a.suite_id = (SELECT suite FROM me) AND a.name = c.current
        AND (a.created_at < c.at OR (c.step = 0 AND a.created_at = c.at))
      ORDER BY a.created_at DESC LIMIT 1) AS a
    WHERE c.step < ${mostSteps}
  )`;

const formerSql = `
  WITH RECURSIVE ${chainOf('unnest($4::text[])', '$3')}
  SELECT name, current::text AS former FROM chain WHERE step > 0 ORDER BY name, step`;

// LIMIT: a hostile suite may have renamed one name into thousands.
const chainsSql = `
  WITH RECURSIVE later AS (
    SELECT n.name, 0 AS step FROM unnest($4::text[]) AS n (name)
    UNION
    SELECT a.name::text, l.step + 1 FROM later l JOIN test_aliases a
      ON a.team_id = $1 AND a.suite_id = (SELECT suite FROM me) AND a.former = l.name AND a.created_at <= $5
    WHERE l.step < ${mostSteps}
  ), ${chainOf(`(SELECT DISTINCT name FROM (SELECT name FROM later LIMIT ${mostNames}) AS l)`, '$5')}
  SELECT name, current::text AS former, step, (date_part('epoch', at) * 1000)::float8 AS at FROM chain WHERE step > 0 ORDER BY name, step`;

/**
 * Keeps the renames that a run showed. Those that are known, and those of a run that is no evidence for the team, are left out:
 * a fork's, and in a server one outside CI.
 */
export async function saveAliases(
  db: Database,
  access: Access,
  { runId, createdAt }: RunQuery,
  aliases: readonly Alias[],
): Promise<void> {
  const storable = aliases
    .filter(({ from, to }) => from.length <= longestName && to.length <= longestName)
    .slice(0, mostNames);
  if (storable.length === 0) return;
  await db.run(saveSql, [
    access.team.id,
    runId,
    createdAt,
    storable.map(({ to }) => to),
    storable.map(({ from }) => from),
    db.embedded,
  ]);
}

const saveSql = `
  WITH me AS MATERIALIZED (
    SELECT r.team_id, ${suiteOf('r')} AS suite, r.created_at, r.git_sha FROM test_runs r
    WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3 AND (r.origin = 'team' OR (r.origin = 'local' AND $6::boolean))
  )
  INSERT INTO test_aliases (team_id, suite_id, name, former, created_at, git_sha)
  SELECT m.team_id, m.suite, n.name, n.former, m.created_at, m.git_sha
  FROM me m CROSS JOIN unnest($4::text[], $5::text[]) AS n (name, former)
  LEFT JOIN LATERAL (
    SELECT a.former FROM test_aliases a WHERE a.team_id = m.team_id AND a.suite_id = m.suite AND a.name = n.name
    ORDER BY a.created_at DESC LIMIT 1) AS known ON true
  WHERE n.former IS DISTINCT FROM known.former
  ON CONFLICT (team_id, suite_id, name, created_at) DO NOTHING`;
