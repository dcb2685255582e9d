// Who stands in a step's way, for a person: asked on a connection of its own, in transactions that end at once. Opened only where
// a step takes its time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connect, Database } from '../database/port.ts';
import { beginInCatalog } from '../database/search-path.ts';

export interface Blockers {
  /** pid, login, application and since when. */
  readonly text: string;
  /** Nobody but autovacuum, which gives way to whoever waits longer than deadlock_timeout. */
  readonly autovacuum: boolean;
}

export interface Watcher {
  /** From now on this connection is the one that may be blocked. Part of a transaction of it. */
  watch(worker: Database): Promise<void>;
  /** Who blocks it at this moment; undefined where nobody does, or where no further connection is to be had. */
  blockers(): Promise<Blockers | undefined>;
  /** Ends the statement that it runs, where it is this one. */
  cancel(sql: string): Promise<void>;
  close(): void;
}

export function createWatcher(connect: Connect): Watcher {
  let opening: Promise<Database> | undefined;
  let watched: number | undefined;
  // One question at a time: where the answer to the last is on its way still, or stands in a pooler's queue, no other is asked.
  let asking = false;
  async function ask<R>(work: (db: Database, pid: number) => Promise<R>): Promise<R | undefined> {
    if (watched === undefined || asking) return undefined;
    const pid = watched;
    asking = true;
    opening ??= connect({ stallMs: 10_000 });
    const answer = opening
      .then((db) => db.transaction(() => work(db, pid), { begin: beginInCatalog() }))
      // A message without names is no reason to give the migration up.
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
    return Promise.race([answer, sleep(1_000, undefined, { ref: false })]);
  }
  return {
    watch: async (worker) => {
      const [row] = await worker.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      watched = row?.pid;
    },
    blockers: () =>
      ask(async (db, pid) => {
        const rows = await db.query<Session>(
          `SELECT b.pid, ${sessionColumns}
           FROM (SELECT DISTINCT unnest(pg_blocking_pids($1)) AS pid) AS b LEFT JOIN pg_stat_activity a ON a.pid = b.pid`,
          [pid],
        );
        if (rows.length === 0) return undefined;
        return {
          text: rows.map(describeSession).join(' and '),
          autovacuum: rows.every(isAutovacuum),
        };
      }),
    cancel: async (sql) => {
      await ask((db, pid) =>
        db.query(
          'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND left(query, 200) = left($2, 200)',
          [pid, sql],
        ),
      );
    },
    close: () => {
      // Not waited for either: it may stand in a pooler's queue.
      opening?.then((db) => db.destroy()).catch(() => {});
    },
  };
}

export type Session = {
  readonly pid: number;
  readonly there: boolean;
  readonly login: string | null;
  readonly application: string | null;
  readonly since: string | null;
};

/** For `pg_stat_activity a`. */
export const sessionColumns = `a.pid IS NOT NULL AS there, a.usename::text AS login,
  left(NULLIF(a.application_name, ''), 60) AS application,
  to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since`;

/** The only lock holder in the server that has no login. */
function isAutovacuum({ there, login }: Session): boolean {
  return there && login === null;
}

export function describeSession(session: Session): string {
  const { pid, login, application, since } = session;
  // What pg_blocking_pids says of PREPARE TRANSACTION.
  if (pid === 0) return 'a prepared transaction (pg_prepared_xacts)';
  const parts = [
    ...(isAutovacuum(session) ? ['autovacuum'] : []),
    ...(login === null ? [] : [`login ${login}`]),
    ...(application === null ? [] : [`application ${application}`]),
    ...(since === null ? [] : [`its transaction began ${since} UTC`]),
  ];
  return `pid ${pid}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}
