// A question in the team's own SQL: one statement that reads, as the team's role, with a limit of time.
import { InputError } from '../../errors.ts';
import type { Database, Table } from '../database/port.ts';
import { andThen } from '../database/search-path.ts';
import type { Access } from '../schema/access.ts';

/** What a statement may begin with; the transaction refuses what would write all the same. */
const reading = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()*(?:select|with|values|table|explain|show)\b/i;

/**
 * Runs one statement in a transaction that only reads, under row-level security.
 *
 * @param seconds how long it may take; the embedded database has no clock inside a statement, its caller ends the process
 * @throws InputError `sql`, `sql-writes`; StoreError `sql-timeout`
 */
export async function runTypedSql(
  db: Database,
  access: Access,
  sql: string,
  { seconds }: { readonly seconds: number },
): Promise<Table> {
  if (!reading.test(sql))
    throw new InputError({
      code: 'sql-writes',
      message: `the statement reads nothing: ${JSON.stringify(sql.trim().slice(0, 40))}`,
      fix: 'It begins with SELECT, WITH, VALUES, TABLE, EXPLAIN or SHOW.',
    });
  const begin = andThen(
    access.begin,
    'SET TRANSACTION READ ONLY',
    `SET LOCAL statement_timeout = ${Math.round(seconds * 1000)}`,
    // Once there is a snapshot, no statement makes the transaction write again.
    'SELECT 1',
  );
  return db.transaction(() => db.table(sql), { begin });
}
