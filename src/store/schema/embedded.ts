// The embedded database with its schema: opened, made on first use, and migrated, because nobody else administers it.
import { openPglite, type PgliteOptions } from '../database/pglite.ts';
import type { Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { migrate } from './migrate.ts';

/**
 * Opens the embedded database in `dir` and brings its schema up to date.
 *
 * @throws StoreError as `openPglite` and `migrate` do; the directory is free again then
 */
export async function openEmbedded(dir: string, options: PgliteOptions = {}): Promise<Database> {
  const db = await openPglite(dir, { ...options, finish: makeSchema });
  try {
    await migrate(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** The archive of a new database says when it was packed. */
async function makeSchema(db: Database): Promise<void> {
  await migrate(db);
  await db.transaction(() => db.run('UPDATE lukhas_migrations SET applied_at = now()'), {
    begin: beginIn('public'),
  });
}
