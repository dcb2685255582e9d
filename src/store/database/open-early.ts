// Connects while the report is read: both can take equally long.
import type { Connect, Database } from './port.ts';

export interface Opening {
  readonly connect: Connect;
  /** Closes the connection if nobody took it. */
  dispose(): Promise<void>;
}

/** Begins to connect now; the first `connect` takes that connection (its limits are the default ones), later ones their own. */
export function openEarly(open: Connect): Opening {
  let early: ReturnType<Connect> | undefined = open();
  let connected: Database | undefined;
  early.then(
    (db) => {
      connected = db;
    },
    () => {},
  );
  return {
    connect: (limits) => {
      const first = early;
      early = undefined;
      return first ?? open(limits);
    },
    dispose: async () => {
      const unused = early;
      early = undefined;
      if (unused === undefined) return;
      if (connected !== undefined) await connected.close();
      else unused.then((db) => db.close()).catch(() => {});
    },
  };
}
