// A thread that runs one typed statement on the embedded database. Inside a statement the database sees no clock: who waits for the
// thread ends it when its time is over.
import { parentPort, workerData } from 'node:worker_threads';
import { InputError, StoreError } from '../../errors.ts';
import type { Table } from '../../store/database/port.ts';
import { runTypedSql } from '../../store/questions/sql.ts';
import { openEmbedded } from '../../store/schema/embedded.ts';
import { openTeam } from './asking.ts';

/** What the thread is told. */
export interface SqlTask {
  readonly dataDir: string;
  readonly team: string | undefined;
  readonly sql: string;
}

/** What it says: remarks, that the statement begins, and how it ended. */
export type SqlNews =
  | { readonly kind: 'remark'; readonly text: string }
  | { readonly kind: 'begun' }
  | { readonly kind: 'table'; readonly table: Table }
  | {
      readonly kind: 'error';
      readonly of: 'InputError' | 'StoreError';
      readonly details: {
        readonly code: string;
        readonly message: string;
        readonly fix: string | undefined;
        readonly sqlstate: string | undefined;
      };
    };

async function work({ dataDir, team, sql }: SqlTask, tell: (news: SqlNews) => void): Promise<void> {
  const db = await openEmbedded(dataDir, { onMessage: (text) => tell({ kind: 'remark', text }) });
  try {
    const access = await openTeam(db, team);
    tell({ kind: 'begun' });
    tell({ kind: 'table', table: await runTypedSql(db, access, sql, { seconds: 0 }) });
  } finally {
    await db.close();
  }
}

const port = parentPort;
if (port !== null)
  await work(workerData as SqlTask, (news) => port.postMessage(news)).catch((error: unknown) => {
    if (!(error instanceof InputError || error instanceof StoreError)) throw error;
    const { code, message, fix } = error;
    const sqlstate = error instanceof StoreError ? error.sqlstate : undefined;
    port.postMessage({ kind: 'error', of: error.name, details: { code, message, fix, sqlstate } });
  });
