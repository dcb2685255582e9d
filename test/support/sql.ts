// Statements of a test through the product's own connection, in a transaction of their own, under the schema public.
import type { Database, Row, SqlValue } from '../../src/store/database/port.ts';
import { beginIn } from '../../src/store/database/search-path.ts';

export function rowsIn<R extends Row = Row>(
  db: Database,
  sql: string,
  params: readonly SqlValue[] = [],
): Promise<R[]> {
  return db.transaction(() => db.query<R>(sql, params), { begin: beginIn('public') });
}

export function runIn(db: Database, sql: string, params: readonly SqlValue[] = []): Promise<number> {
  return db.transaction(() => db.run(sql, params), { begin: beginIn('public') });
}

export function scriptIn(db: Database, sql: string): Promise<void> {
  return db.transaction(() => db.script(sql), { begin: beginIn('public') });
}

export function copyIn(db: Database, sql: string, rows: Buffer, onSent?: () => void): Promise<number[]> {
  return db.transaction(() => db.copyIn(sql, rows, onSent), { begin: beginIn('public') });
}
