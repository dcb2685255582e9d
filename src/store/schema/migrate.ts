// Brings a database's schema to this program's version: forward only, one transaction each, under a lock. Knows the list of
// migrations and nothing of what they make.
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { type Migration, migrations } from './migrations.generated.ts';

export interface SchemaState {
  /** Number of the last migration in the database; 0 where there is none. */
  readonly applied: number;
  /** Number of the last migration that this program knows. */
  readonly known: number;
  /** The schema that our tables live in: the first existing one of the search_path. */
  readonly schema: string;
}

/**
 * Applies what is missing and returns the names of what was applied. Any number of calls at once leave one clean schema.
 * Takes an administrator's connection: a superuser, or the database's owner with CREATEROLE.
 */
export async function migrate(db: Database, list: readonly Migration[] = migrations): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const name = await db.transaction(() => applyNext(db, list), {
      // A transaction's lock and not a session's, so that it works through a transaction pooler. Waiting is what it is for.
      begin: `SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
        SELECT pg_advisory_xact_lock(hashtextextended('lukhas migrations of ' || coalesce(current_schema(), ''), 0))`,
    });
    if (name === undefined) return done;
    done.push(name);
  }
}

async function applyNext(db: Database, list: readonly Migration[]): Promise<string | undefined> {
  const { applied } = await checkApplied(db, list);
  const next = list[applied];
  if (next === undefined) return undefined;
  // Everything is made in the first schema of the search_path, and functions keep exactly that path (SET … FROM CURRENT).
  await db.query(`SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)`);
  if (applied === 0) await requireFreeNames(db, list);
  else await db.script('SET LOCAL ROLE lukhas_owner');
  await db.script(next.sql);
  await db.run('INSERT INTO lukhas_migrations (number, name, checksum) VALUES ($1, $2, $3)', [
    next.number,
    next.name,
    next.checksum,
  ]);
  return `${String(next.number).padStart(4, '0')}-${next.name}`;
}

/** Tables of ours that are somebody else's already are found before the first migration, not in the middle. */
async function requireFreeNames(db: Database, list: readonly Migration[]): Promise<void> {
  const names = list.flatMap(({ sql }) =>
    [...sql.matchAll(/^CREATE TABLE (\w+)/gm)].map((match) => match[1] ?? ''),
  );
  const taken = await db.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relname = ANY ($1) ORDER BY c.relname`,
    [names],
  );
  if (taken.length === 0) return;
  throw new StoreError({
    code: 'database-name-taken',
    message: `something of that name is there already: ${taken.map(({ name }) => name).join(', ')}`,
    fix: 'Give lukhas-ingest a database of its own, or a schema of its own through the role\u2019s search_path. Nothing was changed.',
  });
}

/** How far the database is. Refuses a database that is newer than this program, or whose history differs from ours. */
export async function checkApplied(
  db: Database,
  list: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const [place] = await db.query<{ schema: string | null; present: boolean }>(
    `SELECT current_schema()::text AS schema, to_regclass('lukhas_migrations') IS NOT NULL AS present`,
  );
  if (place === undefined || place.schema === null) {
    throw new StoreError({
      code: 'database-schema-missing',
      message: 'no schema of this login\u2019s search_path exists in the database',
      fix: 'Create it (CREATE SCHEMA …), or change the search_path: ALTER ROLE … SET search_path = …',
    });
  }
  const rows = place.present
    ? await db.query<{ number: number; name: string; checksum: string }>(
        'SELECT number, name, checksum FROM lukhas_migrations ORDER BY number',
      )
    : [];
  for (const [index, row] of rows.entries()) {
    const ours = list[index];
    if (ours === undefined) throw newerDatabase(rows.length, list.length);
    if (row.number !== ours.number || row.checksum !== ours.checksum) {
      throw new StoreError({
        code: 'database-history-differs',
        message: `migration ${row.number} of this database (${row.name}) is not the one this program knows`,
        fix: 'The database was set up by another build of lukhas-ingest. Use that build, or a released one.',
      });
    }
  }
  return { applied: rows.length, known: list.length, schema: place.schema };
}

function newerDatabase(applied: number, known: number): StoreError {
  return new StoreError({
    code: 'database-newer',
    message: `the database is newer than this program: it is at migration ${applied}, this program knows ${known}`,
    fix: 'Upgrade lukhas-ingest (npm install -g @lukhas/ingest@latest, or a newer version of the action).',
  });
}

/** The error of an ordinary command against a database that lacks migrations. */
export function olderDatabase(state: SchemaState): StoreError {
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
