// Where our schema is in a database and how far it is migrated; whether this program may work with it. Knows two tables of ours,
// nothing of what the migrations make.
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { beginInCatalog, quoteName } from '../database/search-path.ts';
import { type Migration, migrations } from './migrations.generated.ts';

export interface SchemaState {
  /** The schema that our tables live in; before a set-up, the one that it would use: the first of the search_path. */
  readonly schema: string;
  /** Number of the last whole migration in the database; 0 before a set-up. */
  readonly applied: number;
  /** Number of the last migration that this program knows. */
  readonly known: number;
  /** The database is newer, and says that programs that know as little as this one must not write any more. */
  readonly refused: boolean;
  /** Steps that are done of the next migration. */
  readonly stepsDone: number;
  /** The tables are there and belong to somebody else: to whoever restored a dump where our roles were missing. */
  readonly restored?: { readonly owner: string; readonly trusted: boolean } | undefined;
}

/**
 * Looks at the database in a transaction of its own.
 *
 * @throws StoreError `database-schema-missing`, `database-replaced`, `database-history-differs`
 */
export function readSchemaState(db: Database, list: readonly Migration[] = migrations): Promise<SchemaState> {
  return db.transaction(() => lookAtSchema(db, list), { begin: beginInCatalog() });
}

/** The state of a database that this program works with; refuses one that is not set up, older, or too new. */
export async function requireSchema(
  db: Database,
  list: readonly Migration[] = migrations,
): Promise<SchemaState> {
  return accepted(await readSchemaState(db, list));
}

/** @throws StoreError `database-not-set-up`, `database-older`, `database-newer` */
export function accepted(state: SchemaState): SchemaState {
  if (state.refused) throw newerDatabase(state);
  if (state.applied < state.known) throw olderDatabase(state);
  return state;
}

/**
 * For a transaction that began with `beginInCatalog`. Ours is the first schema of the search_path with a `lukhas_migrations` that
 * lukhas_owner owns: a login may put schemas before it and tables into them, but cannot give those to that role.
 */
export async function lookAtSchema(
  db: Database,
  list: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const [place] = await db.query<{ schema: string; ours: boolean; replaced: boolean }>(
    `SELECT n.nspname::text AS schema, c.oid IS NOT NULL AS ours,
       c.oid IS NOT NULL AND NOT EXISTS (
         SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'oldest_program') AS replaced
     FROM unnest(current_setting('lukhas.schemas')::name[]) WITH ORDINALITY AS path (name, place)
     JOIN pg_namespace n ON n.nspname = path.name AND n.nspname <> 'pg_catalog' AND n.nspname NOT LIKE 'pg\\_temp%'
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lukhas_migrations' AND c.relkind = 'r'
       AND pg_get_userbyid(c.relowner) = 'lukhas_owner'
     ORDER BY c.oid IS NULL, path.place LIMIT 1`,
  );
  if (place === undefined) {
    throw new StoreError({
      code: 'database-schema-missing',
      message: 'no schema of this login\u2019s search_path exists in the database',
      fix: 'Create it (CREATE SCHEMA …), or change the search_path: ALTER ROLE … SET search_path = …',
    });
  }
  if (place.replaced) {
    throw new StoreError({
      code: 'database-replaced',
      message:
        'this database was made by a build of lukhas-ingest from before its first release, and cannot be upgraded',
      fix: 'Set up an empty database with `lukhas db setup` (embedded: move the data directory away). `lukhas healix export` of the old build and `lukhas healix import` of this one take the memories over.',
    });
  }
  const state = { schema: place.schema, known: list.length };
  if (!place.ours) {
    const restored = await lookForRestored(db);
    const found = restored === undefined ? {} : { schema: restored.schema, restored };
    return { ...state, ...found, applied: 0, refused: false, stepsDone: 0 };
  }
  const schema = quoteName(place.schema);
  // One statement, since every upload asks this and each statement is a round trip to the server.
  const rows = await db.query<{
    number: number;
    name: string;
    checksum: string;
    oldest_program: number;
    steps_done: number;
  }>(
    `SELECT number, name, checksum, oldest_program,
       (SELECT count(*)::int FROM ${schema}.lukhas_migration_steps WHERE target = '' AND done_at IS NOT NULL) AS steps_done
     FROM ${schema}.lukhas_migrations ORDER BY number`,
  );
  checkHistory(rows, list);
  return {
    ...state,
    applied: rows.length,
    refused: (rows.at(-1)?.oldest_program ?? 0) > list.length,
    stepsDone: rows[0]?.steps_done ?? 0,
  };
}

/** @throws StoreError `database-history-differs` */
export function checkHistory(
  rows: readonly { readonly number: number; readonly name: string; readonly checksum: string }[],
  list: readonly Migration[],
): void {
  for (const [index, row] of rows.slice(0, list.length).entries()) {
    const ours = list[index];
    if (row.number === ours?.number && row.checksum === ours.checksum) continue;
    throw new StoreError({
      code: 'database-history-differs',
      message: `migration ${row.number} of this database (${row.name}) is not the one this program knows`,
      fix: 'The database was set up by another build of lukhas-ingest. Use that build, or a released one.',
    });
  }
}

/**
 * The first schema of the search_path with a list of migrations that is not ours. Never worked with: whether it is trusted is for a
 * set-up to ask.
 */
async function lookForRestored(
  db: Database,
): Promise<{ readonly schema: string; readonly owner: string; readonly trusted: boolean } | undefined> {
  const [row] = await db.query<{ schema: string; owner: string; trusted: boolean }>(
    `SELECT n.nspname::text AS schema, pg_get_userbyid(c.relowner)::text AS owner,
       c.relowner IN (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user OR r.rolsuper)
         OR c.relowner = (SELECT datdba FROM pg_database WHERE datname = current_database()) AS trusted
     FROM unnest(current_setting('lukhas.schemas')::name[]) WITH ORDINALITY AS path (name, place)
     JOIN pg_namespace n ON n.nspname = path.name AND n.nspname <> 'pg_catalog' AND n.nspname NOT LIKE 'pg\\_temp%'
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lukhas_migrations' AND c.relkind = 'r'
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oldest_program' ORDER BY path.place LIMIT 1`,
  );
  return row;
}

export function newerDatabase({ applied, known }: SchemaState): StoreError {
  return new StoreError({
    code: 'database-newer',
    message: `the database is newer than this program: it is at migration ${applied}, this program knows ${known}`,
    fix: 'Upgrade lukhas-ingest (npm install -g @lukhas/ingest@latest, or a newer version of the action).',
  });
}

/** The error of an ordinary command against a database that lacks migrations. */
export function olderDatabase(state: SchemaState): StoreError {
  if (state.restored !== undefined) {
    return new StoreError({
      code: 'database-restored',
      message: `the tables of the schema ${state.schema} belong to "${state.restored.owner}" and not to lukhas_owner, as after a dump was restored`,
      fix: 'An administrator makes roles, owners and rights right: `lukhas db setup --team <slug>` (docs/restore.md).',
    });
  }
  return state.applied === 0
    ? new StoreError({
        code: 'database-not-set-up',
        message: 'this database is not set up for lukhas-ingest',
        fix: 'An administrator sets it up: `lukhas db setup --team <slug>`.',
      })
    : new StoreError({
        code: 'database-older',
        message: `the database is older than this program: it is at migration ${state.applied} of ${state.known}`,
        fix: 'An administrator brings it up to date: `lukhas db migrate`.',
      });
}
