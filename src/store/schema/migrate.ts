// Brings a database's schema to this program's version: forward only, under a lock, and without blocking those who work with the
// database meanwhile. Knows the order of migrations and how the first one is made, nothing of what they make.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../errors.ts';
import type { Connect, Database } from '../database/port.ts';
import { beginIn, beginInCatalog } from '../database/search-path.ts';
import { createWatcher } from './blockers.ts';
import { type Migration, migrations } from './migrations.generated.ts';
import { newerDatabase, readSchemaState } from './state.ts';
import { record, runAtOnce, runMigration } from './steps.ts';
import { connectForTurn, holdTurn } from './turn.ts';

export interface MigrateOptions {
  readonly list?: readonly Migration[];
  /**
   * Opens further connections: one keeps other migrations away between the steps, one sees who blocks a step. Needed for steps
   * outside a transaction on a server; without it each step is safe by itself.
   */
  readonly connect?: Connect | undefined;
  /** Told for whom the migration waits, in words for a person. */
  readonly onWait?: ((message: string) => void) | undefined;
  /** How long a step waits for others before the migration is given up, in milliseconds. Default 15 minutes. */
  readonly waitMs?: number;
}

/**
 * Applies what is missing and returns the names of what was applied. Any number of calls at once leave one clean schema, and
 * what was interrupted goes on at its step. Takes an administrator's connection: a superuser, or the database's owner with
 * CREATEROLE. A step may take hours without a word: its `stallMs` is at least that.
 *
 * @throws StoreError `database-newer`, `database-name-taken`, `migration-connections`, `migration-blocked`, `migration-interrupted`
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<string[]> {
  const list = options.list ?? migrations;
  const state = await readSchemaState(db, list);
  if (state.applied > state.known) throw newerDatabase(state);
  if (state.applied === state.known) return [];
  if (state.applied === 0) await requireUtf8(db);
  const turnDb = options.connect && (await connectForTurn(options.connect));
  const watcher = options.connect && createWatcher(options.connect);
  try {
    const done: string[] = [];
    if (state.applied === 0 && (await install(db, state.schema, list)))
      done.push(...(db.embedded ? list : list.slice(0, 1)).map(nameOf));
    const { schema } = await readSchemaState(db, list);
    const turn = turnDb && (await holdTurn(turnDb, schema, options.onWait));
    try {
      for (;;) {
        const { applied, known } = await readSchemaState(db, list);
        const migration = list[applied];
        if (applied >= known || migration === undefined) return done;
        const { onWait, waitMs = 900_000 } = options;
        if (await runMigration({ db, migration, schema, turn, watcher, onWait, waitMs }))
          done.push(nameOf(migration));
      }
    } finally {
      await turn?.release();
    }
  } finally {
    watcher?.close();
    await turnDb?.close();
  }
}

/** Reports hold characters of any language. */
async function requireUtf8(db: Database): Promise<void> {
  const [row] = await db.transaction(
    () => db.query<{ encoding: string }>(`SELECT current_setting('server_encoding') AS encoding`),
    { begin: beginInCatalog() },
  );
  if (row === undefined || row.encoding === 'UTF8') return;
  throw new StoreError({
    code: 'database-encoding',
    message: `the database is encoded in ${row.encoding}, which cannot hold every character of a report`,
    fix: `Make one for lukhas-ingest: CREATE DATABASE lukhas ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0. Nothing was changed.`,
  });
}

function nameOf({ number, name }: Migration): string {
  return `${String(number).padStart(4, '0')}-${name}`;
}

/** What else two set-ups at one moment can end with: one of them was first. */
const raceStates = new Set(['23505', '42P07', '42710', '40P01', 'XX000']);

/**
 * Makes the list of migrations and with it the first one, in an embedded database all of them. No lock of ours exists yet: the name of the list is what two programs
 * contend for. Returns whether it was this call that made it.
 */
async function install(db: Database, schema: string, list: readonly Migration[]): Promise<boolean> {
  const [first] = list;
  if (first === undefined) return false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction(
        async () => {
          const taken = await takenNames(db, list);
          // In this order: what another program makes meanwhile is complete when it is seen at all.
          if (await isInstalled(db)) return false;
          if (taken.length > 0) throw namesTaken(taken);
          for (const step of first.steps) await db.script(step.sql);
          await record(db, first);
          // Nobody else works with an embedded database: all of it in one transaction takes half the time.
          if (db.embedded) await installRest(db, schema, list);
          return true;
        },
        { begin: beginIn(schema, 'SET LOCAL lock_timeout = 0', 'SET LOCAL statement_timeout = 0') },
      );
    } catch (error) {
      const state = error instanceof StoreError ? error.sqlstate : undefined;
      if (state === undefined || !raceStates.has(state) || attempt >= 20) throw error;
      await sleep(Math.random() * 200);
    }
  }
}

async function installRest(db: Database, schema: string, list: readonly Migration[]): Promise<void> {
  await db.script('SET LOCAL ROLE lukhas_owner');
  for (const migration of list.slice(1)) await runAtOnce(db, schema, migration);
}

async function isInstalled(db: Database): Promise<boolean> {
  const [row] = await db.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('lukhas_migrations')
       AND pg_get_userbyid(c.relowner) = 'lukhas_owner') AS present`,
  );
  return row?.present === true;
}

/** Tables and functions of ours that are somebody's already are found before the first migration, not in the middle. */
async function takenNames(db: Database, list: readonly Migration[]): Promise<string[]> {
  const names = (kind: string): string[] =>
    list.flatMap(({ steps }) =>
      steps.flatMap(({ sql }) =>
        [...sql.matchAll(new RegExp(`^CREATE ${kind} (\\w+)`, 'gm'))].map((match) => match[1] ?? ''),
      ),
    );
  const taken = await db.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY ($1)
     UNION SELECT p.oid::regprocedure::text FROM pg_proc p
     WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proname = ANY ($2) ORDER BY 1`,
    [names('TABLE'), names('FUNCTION')],
  );
  return taken.map(({ name }) => name);
}

function namesTaken(names: readonly string[]): StoreError {
  return new StoreError({
    code: 'database-name-taken',
    message: `something of that name is there already: ${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`,
    fix: 'Give lukhas-ingest a database of its own, or a schema of its own through the role\u2019s search_path. Is it a part of a restored dump: restore the whole into an empty database (docs/restore.md). Nothing was changed.',
  });
}
