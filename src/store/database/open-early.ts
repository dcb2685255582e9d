// Connects while the report is read: both can take equally long. Keeps the connection for the next who asks, to whom opening one could
// take longer than asking.
import type { Connect, Database } from './port.ts';

/** Whatever is done first with the connection. */
interface Begun {
  readonly db: Database;
}

export interface Opening<Early extends Begun = Begun> {
  /** What was begun early, once: who takes it closes its connection. undefined: nothing was, or it is taken. */
  take(): Promise<Early> | undefined;
  /** Gives the connection that is free, else a new one. */
  readonly connect: Connect;
  /** Closes the connection if nobody has it. */
  dispose(): Promise<void>;
}

/**
 * Begins now. A connection that its user closed is kept for the next one, and so is that of what nobody took; one on which something
 * failed is closed: a retry needs another one.
 */
export function openEarly<Early extends Begun>(
  open: Connect,
  begin: (connect: Connect) => Promise<Early>,
): Opening<Early> {
  let free: Database | undefined;
  let isDisposed = false;
  const lend = (db: Database): Database => {
    let isLent = true;
    let hasFailed = false;
    return {
      ...db,
      transaction: (work, edges) =>
        db.transaction(work, edges).catch((error: unknown) => {
          hasFailed = true;
          throw error;
        }),
      destroy: () => {
        hasFailed = true;
        db.destroy();
      },
      close: async () => {
        if (!isLent) return;
        isLent = false;
        if (hasFailed || isDisposed || free !== undefined) await db.close();
        else free = db;
      },
    };
  };
  const connect: Connect = async (limits) => {
    const db = free;
    free = undefined;
    return lend(db ?? (await open(limits)));
  };
  let earlyDb: Database | undefined;
  let early: Promise<Early> | undefined = begin(async (limits) => {
    earlyDb = await connect(limits);
    return earlyDb;
  });
  let isReady = false;
  early.then(
    () => {
      isReady = true;
    },
    () => {},
  );
  const take = () => {
    const taken = early;
    early = undefined;
    return taken;
  };
  const closeUntaken = () =>
    take()
      ?.then(({ db }) => db.close())
      .catch(() => {});
  return {
    take,
    connect: async (limits) => {
      await closeUntaken();
      return connect(limits);
    },
    dispose: async () => {
      isDisposed = true;
      const closing = closeUntaken();
      // Do not wait for a server that has not answered yet.
      if (isReady) await closing;
      else earlyDb?.destroy();
      // The goodbye is sent at once. What the server does then, nobody waits for.
      void free?.close();
      free = undefined;
    },
  };
}
