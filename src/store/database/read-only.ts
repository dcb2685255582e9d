// A connection whose transactions only read, for answers to programs: the server refuses what would write.
import type { Database } from './port.ts';
import { andThen } from './search-path.ts';

/** The same connection; each transaction is read-only from its first statement. What runs outside of transactions is refused. */
export function readOnly(db: Database): Database {
  return {
    ...db,
    transaction: (work, edges) =>
      db.transaction(work, {
        ...edges,
        // Once there is a snapshot, no statement makes the transaction write again.
        begin: andThen(edges.begin, 'SET TRANSACTION READ ONLY', 'SELECT 1'),
      }),
    outside: () => Promise.reject(new Error('a statement outside a transaction that only reads')),
  };
}
