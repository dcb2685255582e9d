// Keeps the last connection open for the next question: opening a new one can take longer than asking.
import type { Connect, ConnectLimits, Database } from './port.ts';

/** A connection that its user closes is kept until the next `open`, `reuse` or `close`. */
export function reuseConnection(connect: Connect) {
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
    /** A connection that was opened elsewhere, to be kept as well. */
    keep,
    /** Closes the kept connection and opens a new one. */
    open: async (limits?: ConnectLimits) => {
      await close();
      return keep(await connect(limits));
    },
    /** The kept connection where there is one, else a new one. */
    reuse: async (limits?: ConnectLimits) => {
      const db = idle ?? (await connect(limits));
      idle = undefined;
      return keep(db);
    },
    close,
  };
}
