// Brings a database's schema to this program's version: forward only, under a lock, and without blocking those who work with the
// database meanwhile. Knows how steps are run and recorded, nothing of what they make.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../errors.ts';
import type { Connect, Database } from '../database/port.ts';
import { type Begin, beginIn, beginInCatalog, quoteName } from '../database/search-path.ts';
import { type Migration, migrations, type Step } from './migrations.generated.ts';
import { newerDatabase, readSchemaState, type SchemaState } from './state.ts';
import { holdTurn, type Turn } from './turn.ts';

export interface MigrateOptions {
  readonly list?: readonly Migration[];
  /**
   * Opens a second connection, which holds the lock between the steps and sees who blocks one. Needed for steps outside a
   * transaction on a server; without it each transaction takes the lock for itself.
   */
  readonly connect?: Connect | undefined;
  /** Told for whom the migration waits, in words for a person. */
  readonly onWait?: ((message: string) => void) | undefined;
  /** How long a step is tried again before the migration is given up, in milliseconds. Default 15 minutes. */
  readonly waitMs?: number;
}

/**
 * A statement that waits for a lock makes everybody queue behind it who comes later, readers too. So it waits this long, lets
 * them pass, and tries again.
 */
const lockTimeoutMs = 400;
/** A report of who blocks after so long, and again so often. */
const firstReportMs = 2_000;
const nextReportMs = 30_000;

/**
 * Applies what is missing and returns the names of what was applied. Any number of calls at once leave one clean schema, and
 * what was interrupted goes on at its step. Takes an administrator's connection: a superuser, or the database's owner with
 * CREATEROLE.
 *
 * @throws StoreError `database-newer`, `database-name-taken`, `migration-blocked`
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<string[]> {
  const list = options.list ?? migrations;
  const done: string[] = [];
  let state = await readSchemaState(db, list);
  if (state.applied === 0) {
    if (await install(db, state.schema, list)) done.push(nameOf(list[0]));
    state = await readSchemaState(db, list);
  }
  if (state.applied > state.known) throw newerDatabase(state);
  if (state.applied === state.known) return done;
  const turn = options.connect && (await holdTurn(options.connect, state.schema, options.onWait));
  try {
    for (;;) {
      state = await readSchemaState(db, list);
      const next = list[state.applied];
      if (next === undefined) return done;
      if (await applyMigration(db, next, { schema: state.schema, turn, options })) done.push(nameOf(next));
    }
  } finally {
    await turn?.release();
  }
}

function nameOf(migration: Migration | undefined): string {
  return `${String(migration?.number).padStart(4, '0')}-${migration?.name}`;
}

/** What else two set-ups at one moment can end with: one of them was first. */
const raceStates = new Set(['23505', '42P07', '42710', '40P01', 'XX000']);

/**
 * Makes the list of migrations and with it the first one. No lock of ours exists yet: the name of the list is what two programs
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

async function isInstalled(db: Database): Promise<boolean> {
  const [row] = await db.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('lukhas_migrations')
       AND pg_get_userbyid(c.relowner) = 'lukhas_owner') AS present`,
  );
  return row?.present === true;
}

/** Tables of ours that are somebody else's already are found before the first migration, not in the middle. */
async function takenNames(db: Database, list: readonly Migration[]): Promise<string[]> {
  const names = list.flatMap(({ steps }) =>
    steps.flatMap(({ sql }) => [...sql.matchAll(/^CREATE TABLE (\w+)/gm)].map((match) => match[1] ?? '')),
  );
  const taken = await db.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relname = ANY ($1) ORDER BY c.relname`,
    [names],
  );
  return taken.map(({ name }) => name);
}

function namesTaken(names: readonly string[]): StoreError {
  return new StoreError({
    code: 'database-name-taken',
    message: `something of that name is there already: ${names.join(', ')}`,
    fix: 'Give lukhas-ingest a database of its own, or a schema of its own through the role\u2019s search_path. Nothing was changed.',
  });
}

interface Work {
  readonly schema: string;
  readonly turn: Turn | undefined;
  readonly options: MigrateOptions;
}

/** Runs the steps that are not done yet. false: somebody else applied the migration meanwhile. */
async function applyMigration(db: Database, migration: Migration, work: Work): Promise<boolean> {
  const [only, ...more] = migration.steps;
  if (only?.inTransaction === true && only.partitionsOf === undefined && more.length === 0) {
    return inStep(db, migration, only, work, async () => {
      if (await isApplied(db, migration)) return false;
      await db.script(textOf(only, work.schema));
      await record(db, migration);
      return true;
    });
  }
  for (const [index, step] of migration.steps.entries()) {
    const targets = step.partitionsOf === undefined ? [] : await partitionsOf(db, step.partitionsOf, work);
    for (const target of targets) await runStep(db, migration, index, step, work, target);
    // Where it is done for each partition, this records that all are done.
    const last = step.partitionsOf === undefined ? step : { ...step, sql: '', inTransaction: true };
    await runStep(db, migration, index, last, work, undefined);
  }
  return inStep(db, migration, undefined, work, async () => {
    if (await isApplied(db, migration)) return false;
    await record(db, migration);
    return true;
  });
}

async function runStep(
  db: Database,
  migration: Migration,
  index: number,
  step: Step,
  work: Work,
  target: string | undefined,
): Promise<void> {
  const key = [migration.number, index + 1, target ?? ''];
  const isDone = async () => {
    const [row] = await db.query<{ done: boolean }>(
      `SELECT EXISTS (SELECT FROM lukhas_migrations WHERE number = $1) OR EXISTS (
         SELECT FROM lukhas_migration_steps WHERE number = $1 AND step = $2 AND target IN ('', $3)) AS done`,
      key,
    );
    return row?.done === true;
  };
  const note = () =>
    db.run(
      'INSERT INTO lukhas_migration_steps (number, step, target) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      key,
    );
  const sql = textOf(step, work.schema, target);
  if (step.inTransaction) {
    await inStep(db, migration, step, work, async () => {
      if (await isDone()) return;
      if (sql !== '') await db.script(sql);
      await note();
    });
    return;
  }
  if (work.turn === undefined && !db.embedded) {
    throw new Error(`the step "${step.title}" is outside a transaction: migrate needs a second connection`);
  }
  if (await inStep(db, migration, undefined, work, isDone)) return;
  await sweepInvalidIndex(db, sql, work.schema);
  const report = watchBlockers(work, migration, step);
  try {
    await db.outside(sql);
  } finally {
    await report.stop();
  }
  await inStep(db, migration, undefined, work, note);
}

/** A step's text for one schema and, where it is done for each, one partition. */
function textOf(step: Step, schema: string, target?: string): string {
  return step.sql
    .replaceAll('{schema}', quoteName(schema))
    .replaceAll('{leaf}', target === undefined ? '{leaf}' : `${quoteName(schema)}.${quoteName(target)}`)
    .replaceAll('{name}', target?.replaceAll('"', '""') ?? '{name}');
}

/** The names of a table's partitions now; those made later get what the parent has. */
function partitionsOf(db: Database, parent: string, work: Work): Promise<string[]> {
  return db.transaction(
    async () => {
      const rows = await db.query<{ name: string }>(
        `SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass($1) ORDER BY 1`,
        [parent],
      );
      return rows.map(({ name }) => name);
    },
    { begin: beginIn(work.schema) },
  );
}

/** CREATE INDEX CONCURRENTLY that was cut off leaves an index that is kept up and never used. */
async function sweepInvalidIndex(db: Database, sql: string, schema: string): Promise<void> {
  const name = /CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?"?(\w+)"?/.exec(sql)?.[1];
  if (name === undefined) return;
  const invalid = await db.transaction(
    () =>
      db.query(
        `SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND NOT i.indisvalid`,
        [schema, name],
      ),
    { begin: beginInCatalog() },
  );
  if (invalid.length > 0) await db.outside(`DROP INDEX CONCURRENTLY ${quoteName(schema)}.${quoteName(name)}`);
}

async function isApplied(db: Database, migration: Migration): Promise<boolean> {
  const rows = await db.query('SELECT FROM lukhas_migrations WHERE number = $1', [migration.number]);
  return rows.length > 0;
}

/** Records a whole migration, and with it the oldest program that may still write. */
async function record(db: Database, migration: Migration): Promise<void> {
  await db.run(
    `INSERT INTO lukhas_migrations (number, name, checksum, oldest_program)
     SELECT $1, $2, $3, CASE WHEN $4 THEN $1 ELSE coalesce((SELECT max(oldest_program) FROM lukhas_migrations), $1) END`,
    [migration.number, migration.name, migration.checksum, migration.refusesOlder],
  );
  await db.run('DELETE FROM lukhas_migration_steps WHERE number = $1', [migration.number]);
}

/**
 * One short transaction as the owner. Where a lock is not to be had at once it gives way and begins again, and says for whom it
 * waits.
 */
async function inStep<T>(
  db: Database,
  migration: Migration,
  step: Step | undefined,
  work: Work,
  body: () => Promise<T>,
): Promise<T> {
  const begin: Begin = beginIn(
    work.schema,
    'SET LOCAL ROLE lukhas_owner',
    `SET LOCAL lock_timeout = ${lockTimeoutMs}`,
    'SET LOCAL statement_timeout = 0',
    // Without a turn of its own each transaction is one.
    ...(work.turn === undefined ? ['LOCK TABLE lukhas_migrations IN SHARE UPDATE EXCLUSIVE MODE'] : []),
  );
  const started = performance.now();
  const report = watchBlockers(work, migration, step);
  try {
    for (;;) {
      try {
        return await db.transaction(
          async () => {
            await report.ofThisConnection(db);
            return body();
          },
          { begin },
        );
      } catch (error) {
        const state = error instanceof StoreError ? error.sqlstate : undefined;
        if (state !== '55P03' && state !== '40P01') throw error;
        if (performance.now() - started > (work.options.waitMs ?? 900_000)) {
          throw blocked(migration, step, report.blockers(), error);
        }
        await sleep(300 + Math.random() * 700);
      }
    }
  } finally {
    await report.stop();
  }
}

interface BlockerReport {
  /** The connection of the transaction that begins now is the one that may be blocked. */
  ofThisConnection(db: Database): Promise<void>;
  blockers(): string | undefined;
  stop(): Promise<void>;
}

/** Asks through the turn's connection who blocks the work, and tells it after a while. */
function watchBlockers({ turn, options }: Work, migration: Migration, step: Step | undefined): BlockerReport {
  if (turn === undefined)
    return { ofThisConnection: async () => {}, blockers: () => undefined, stop: async () => {} };
  const started = performance.now();
  let last: string | undefined;
  let next = firstReportMs;
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      await sleep(100);
      const blockers = await turn.blockers().catch(() => undefined);
      if (blockers !== undefined) last = blockers;
      const waited = performance.now() - started;
      if (blockers !== undefined && waited >= next) {
        next = waited + nextReportMs;
        options.onWait?.(
          `migration ${migration.number}, ${step?.title ?? 'recording it'}: waiting for ${blockers}; uploads and questions go on`,
        );
      }
    }
  })();
  return {
    ofThisConnection: (db) => turn.watch(db),
    blockers: () => last,
    stop: async () => {
      stopped = true;
      await watching;
    },
  };
}

function blocked(
  migration: Migration,
  step: Step | undefined,
  blockers: string | undefined,
  cause: unknown,
): StoreError {
  return new StoreError({
    code: 'migration-blocked',
    message: `migration ${migration.number}, ${step?.title ?? 'recording it'}: given up, because of ${blockers ?? 'somebody\u2019s lock'}`,
    fix: 'What is done of it stays. End that session (SELECT pg_terminate_backend(<pid>)) or wait for it, and run `lukhas db migrate` again.',
    sqlstate: '55P03',
    cause,
  });
}

export type { SchemaState };
