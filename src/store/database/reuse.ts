// Keeps the last connection open for the next question: opening a new one can take longer than asking.
import type { Connect, Database } from './port.ts';

export interface ReusedConnection {
  /** Closes the kept connection and opens a new one. */
  readonly open: Connect;
  /** The kept connection where there is one, else a new one. */
  readonly reuse: Connect;
  close(): Promise<void>;
}

/** A connection that its user closes is kept until the next `open`, `reuse` or `close`. */
export function reuseConnection(connect: Connect): ReusedConnection {
  let idle: Database | undefined;
  const close = async () => {
    const db = idle;
    idle = undefined;
    await db?.close();
  };
  const keep = (db: Database): Database => ({
    ...db,
    close: async () => {
      idle = db;
    },
  });
  return {
    open: async (limits) => {
      await close();
      return keep(await connect(limits));
    },
    reuse: async (limits) => {
      const db = idle ?? (await connect(limits));
      idle = undefined;
      return keep(db);
    },
    close,
  };
}
