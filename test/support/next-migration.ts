// A made-up next migration, so that there is one to run on a database of this program.
import { readFileSync } from 'node:fs';
import { readMigration } from '../../scripts/read-migration.mjs';
import { type Migration, migrations } from '../../src/store/schema/migrations.generated.ts';

const file = new URL('next-migration.sql', import.meta.url);
/** The number that it has. */
export const nextNumber = migrations.length + 1;
/** What `migrate` says when it has applied it. */
export const nextName = nameOf('next');
export const ownName = nameOf('own');

function nameOf(name: string): string {
  return `${String(nextNumber).padStart(4, '0')}-${name}`;
}

/** What the program after this one knows. */
export function nextMigrations(changes: Partial<Migration> = {}): readonly Migration[] {
  return [...migrations, { ...readMigration(`${nextName}.sql`, readFileSync(file, 'utf8')), ...changes }];
}

/** A next migration of one's own, as the text that follows its head. */
export function migrationOf(sql: string, older = 'go on uploading'): readonly Migration[] {
  const head = `-- Purpose: a test\n-- Locks: none\n-- Older programs: ${older}\n-- Reversible: no\n\n`;
  return [...migrations, readMigration(`${ownName}.sql`, head + sql)];
}
