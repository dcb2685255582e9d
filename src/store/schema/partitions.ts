// Makes monthly partitions before they are needed, in short transactions of their own: inside an upload's they would deadlock.
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { fateOf } from '../database/server-errors.ts';
import { requireSchema } from './state.ts';
import { partitionedTables } from './tables.ts';

const mostAttempts = 20;
/** How many months after the present one are kept ready. */
export const monthsMadeAhead = 2;
const lockTimeoutMs = 1000;

/**
 * Makes the month of `at` and the months ahead of now where they are missing; returns the names of the tables made. The
 * database refuses times outside 31 days back and 1 day ahead. Other uploads go on meanwhile.
 */
export function ensureMonth(
  db: Database,
  schema: string,
  at: Date,
  monthsAhead = monthsMadeAhead,
): Promise<string[]> {
  return inShortTransactions(db, schema, 'SELECT ensure_partitions_for($1, $2) AS name', [at, monthsAhead]);
}

/**
 * Makes the months ahead of now where one is missing, if that is done in a moment: another upload makes them as well. Losing the
 * connection is an error, as it would be for the work that comes after it.
 */
export async function ensureMonthsAhead(db: Database, schema: string, now: Date): Promise<void> {
  try {
    await inShortTransactions(
      db,
      schema,
      'SELECT ensure_partitions_for($1, $2) AS name',
      [now, monthsMadeAhead],
      1,
    );
  } catch (error) {
    if (fateOf(error) === 'lost') throw error;
  }
}

/** Makes the months around the present one, for an operator. */
export async function ensurePartitions(
  db: Database,
  months: { readonly monthsAhead: number; readonly monthsBack?: number },
): Promise<string[]> {
  const { schema } = await requireSchema(db);
  return inShortTransactions(db, schema, 'SELECT ensure_partitions($1, $2) AS name', [
    months.monthsAhead,
    months.monthsBack ?? 0,
  ]);
}

export interface PartitionState {
  readonly table: string;
  readonly partitions: number;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
}

/** The partitions of each table. */
export async function describePartitions(db: Database): Promise<PartitionState[]> {
  const { schema } = await requireSchema(db);
  const ask = () =>
    db.query<{ name: string; count: number; first: Date | null; last: Date | null }>(
      `SELECT p.name, count(b.child)::int AS count, min(b.lower_bound) AS first, max(b.upper_bound) AS last
     FROM unnest($1::text[]) WITH ORDINALITY AS p (name, place)
     LEFT JOIN LATERAL partition_bounds(p.name::regclass) b ON true
     GROUP BY p.name, p.place ORDER BY p.place`,
      [[...partitionedTables]],
    );
  const rows = await db.transaction(ask, { begin: beginIn(schema) });
  return rows.map((row) => ({
    table: row.name,
    partitions: row.count,
    from: row.first ?? undefined,
    until: row.last ?? undefined,
  }));
}

/** ATTACH waits for open changes of teams and users, and others queue behind it: give up after `lock_timeout` and try again. */
async function inShortTransactions(
  db: Database,
  schema: string,
  sql: string,
  params: readonly (Date | number)[],
  attempts = mostAttempts,
): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const rows = await db.transaction(() => db.query<{ name: string }>(sql, params), {
        begin: beginIn(schema, `SET LOCAL lock_timeout = ${lockTimeoutMs}`),
      });
      return rows.map((row) => row.name);
    } catch (error) {
      // A server that is read-only stays so for longer than this.
      const isReadOnly = error instanceof StoreError && error.sqlstate === '25006';
      if (fateOf(error) !== 'retry' || isReadOnly || attempt >= attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(50 * 2 ** attempt, 1000)));
    }
  }
}
