// One migration at a time: a second connection holds a lock that only the owner of the tables can take, for as long as the first
// one works, in a transaction or outside one. It also sees who blocks the first one.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../errors.ts';
import type { Connect, Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';

export interface Turn {
  /** From now on `blockers` speaks of this connection. For the begin of its transaction. */
  watch(db: Database): Promise<void>;
  /** Who blocks the watched connection at this moment, for a person; undefined where nobody does. */
  blockers(): Promise<string | undefined>;
  release(): Promise<void>;
}

const lock = 'LOCK TABLE lukhas_migrations IN SHARE UPDATE EXCLUSIVE MODE';
const reportMs = 30_000;

/** Waits until no other migration is at work. An open transaction without a snapshot stops nobody's CREATE INDEX CONCURRENTLY. */
export async function holdTurn(
  connect: Connect,
  schema: string,
  onWait: ((message: string) => void) | undefined,
): Promise<Turn> {
  const db = await connect();
  let nextReport = performance.now() + 2_000;
  for (;;) {
    try {
      return await take(db, schema);
    } catch (error) {
      if (!(error instanceof StoreError) || error.sqlstate !== '55P03') {
        await db.close();
        throw error;
      }
    }
    if (performance.now() >= nextReport) {
      nextReport += reportMs;
      const holder = await holderOf(db, schema);
      if (holder !== undefined) onWait?.(`another migration is at work: ${holder}`);
    }
    await sleep(200 + Math.random() * 300);
  }
}

async function take(db: Database, schema: string): Promise<Turn> {
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let watched: number | undefined;
  let holding: Promise<void> | undefined;
  await new Promise<void>((resolve, reject) => {
    holding = db.transaction(
      async () => {
        await db.script(`${lock}; SET LOCAL ROLE NONE`);
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
    watch: async (worker) => {
      const [row] = await worker.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      watched = row?.pid;
    },
    blockers: async () => {
      if (watched === undefined) return undefined;
      const rows = await db.query<Session>(
        `${sessions} FROM unnest(pg_blocking_pids($1)) AS b (pid) LEFT JOIN pg_stat_activity a ON a.pid = b.pid`,
        [watched],
      );
      return rows.length === 0 ? undefined : rows.map(describeSession).join(' and ');
    },
    release: async () => {
      release();
      await holding?.catch(() => {});
      await db.close();
    },
  };
}

function holderOf(db: Database, schema: string): Promise<string | undefined> {
  return db.transaction(
    async () => {
      const rows = await db.query<Session>(
        `${sessions} FROM pg_locks b LEFT JOIN pg_stat_activity a ON a.pid = b.pid
         WHERE b.relation = 'lukhas_migrations'::regclass AND b.granted AND b.mode = 'ShareUpdateExclusiveLock'`,
      );
      return rows.length === 0 ? undefined : rows.map(describeSession).join(' and ');
    },
    { begin: beginIn(schema) },
  );
}

type Session = {
  readonly pid: number;
  readonly login: string | null;
  readonly application: string | null;
  readonly since: string | null;
};

const sessions = `SELECT b.pid, a.usename::text AS login, left(NULLIF(a.application_name, ''), 60) AS application,
  to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since`;

function describeSession({ pid, login, application, since }: Session): string {
  const parts = [
    ...(login === null ? [] : [`login ${login}`]),
    ...(application === null ? [] : [`application ${application}`]),
    ...(since === null ? [] : [`its transaction began ${since} UTC`]),
  ];
  return `pid ${pid}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}
