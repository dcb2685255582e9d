// One migration, or retention of months, at a time: a second connection holds a lock that only the owner of the tables can take, for as long as the first
// one works, in a transaction or outside one.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../errors.ts';
import type { Connect, Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { describeSession, type Session, sessionColumns } from './blockers.ts';

export interface Turn {
  /** Fails where the turn is lost, and somebody else may be at work already. */
  check(): Promise<void>;
  release(): Promise<void>;
}

const lock = 'LOCK TABLE lukhas_migrations IN SHARE UPDATE EXCLUSIVE MODE';
const reportMs = 30_000;
/** No statement of the turn takes long; a pooler without a place for it must not hold the migration up for minutes. */
const stallMs = 10_000;

/**
 * Opens the turn's connection, before anything is changed.
 *
 * @throws StoreError `migration-connections` where the database or its pooler has no place for a second one
 */
export async function connectForTurn(connect: Connect, what = 'a migration'): Promise<Database> {
  let db: Database | undefined;
  try {
    db = await connect({ stallMs });
    // A pooler may let a client in and find it a place at its first statement only.
    await db.transaction(async () => {}, { begin: beginIn('pg_catalog') });
    return db;
  } catch (error) {
    db?.destroy();
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError({
      code: 'migration-connections',
      message: `${what} needs two connections at once, and the second one was not to be had: ${error.message}`,
      fix: 'Nothing was changed. Give the pooler more places (PgBouncer: default_pool_size), or name the server itself in --database-url.',
      sqlstate: error.sqlstate,
      cause: error,
    });
  }
}

/** Waits until no other migration is at work, and closes the connection in the end. */
export async function holdTurn(
  db: Database,
  schema: string,
  onWait: ((message: string) => void) | undefined,
): Promise<Turn> {
  let nextReport = performance.now() + 2_000;
  for (;;) {
    try {
      return await take(db, schema);
    } catch (error) {
      if (!(error instanceof StoreError) || error.sqlstate !== '55P03') throw error;
    }
    if (performance.now() >= nextReport) {
      nextReport += reportMs;
      const holder = await holderOf(db, schema);
      if (holder !== undefined) onWait?.(`another migration or retention is at work: ${holder}`);
    }
    await sleep(200 + Math.random() * 300);
  }
}

/**
 * CREATE INDEX CONCURRENTLY waits for every snapshot that is older than its own. So the open transaction of the turn must never
 * have one: no statement in it but LOCK, SET and SHOW.
 */
async function take(db: Database, schema: string): Promise<Turn> {
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let holding: Promise<void> | undefined;
  await new Promise<void>((resolve, reject) => {
    holding = db.transaction(
      async () => {
        await db.script(lock);
        resolve();
        await released;
      },
      {
        begin: beginIn(
          schema,
          'SET LOCAL ROLE lukhas_owner',
          'SET LOCAL lock_timeout = 1000',
          'SET LOCAL idle_in_transaction_session_timeout = 0',
        ),
      },
    );
    holding.catch(reject);
  });
  return {
    check: () => db.script('SHOW server_version'),
    release: async () => {
      release();
      await holding?.catch(() => {});
    },
  };
}

function holderOf(db: Database, schema: string): Promise<string | undefined> {
  return db.transaction(
    async () => {
      const rows = await db.query<Session>(
        `SELECT b.pid, ${sessionColumns} FROM pg_locks b LEFT JOIN pg_stat_activity a ON a.pid = b.pid
         WHERE b.relation = 'lukhas_migrations'::regclass AND b.granted AND b.mode = 'ShareUpdateExclusiveLock'`,
      );
      return rows.length === 0 ? undefined : rows.map(describeSession).join(' and ');
    },
    { begin: beginIn(schema) },
  );
}
