// The embedded database with its schema: opened, made on first use, and migrated, because nobody else administers it.
import { openPglite, type PgliteOptions } from '../database/pglite.ts';
import type { Database } from '../database/port.ts';
import { migrate } from './migrate.ts';

/**
 * Opens the embedded database in `dir` and brings its schema up to date.
 *
 * @throws StoreError as `openPglite` and `migrate` do; the directory is free again then
 */
export async function openEmbedded(dir: string, options: PgliteOptions = {}): Promise<Database> {
  const db = await openPglite(dir, options);
  try {
    await migrate(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
