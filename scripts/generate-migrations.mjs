// Bakes the numbered .sql files into one TypeScript module, because the bundle is a single file. A file whose head or steps are
// not in order stops it. `--check` writes nothing and fails where the module is not fresh.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMigration } from './read-migration.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.join(root, 'src/store/schema/migrations');
const target = path.join(root, 'src/store/schema/migrations.generated.ts');

const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
const entries = [];
for (const [index, file] of files.entries()) {
  const { locks: _, ...migration } = readMigration(file, await readFile(path.join(folder, file), 'utf8'));
  if (migration.number !== index + 1)
    throw new Error(`${file}: expected ${String(index + 1).padStart(4, '0')}-<name>.sql`);
  entries.push(migration);
}
const text = `// Made by scripts/generate-migrations.mjs from src/store/schema/migrations/*.sql. Never edited: run \`npm run generate\`.

export interface Step {
  readonly title: string;
  /** false: PostgreSQL refuses it inside one (CREATE INDEX CONCURRENTLY); its statements name their schema, as {schema}. */
  readonly inTransaction: boolean;
  /** The partitioned table whose partitions it is done for, one by one, as {leaf} (quoted) and {name} (bare). */
  readonly partitionsOf?: string;
  readonly sql: string;
}

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
  /** Programs that do not know it must not write any more. */
  readonly refusesOlder: boolean;
  readonly steps: readonly Step[];
}

export const migrations: readonly Migration[] = ${JSON.stringify(entries, null, 2)};
`;
if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
    console.error('src/store/schema/migrations.generated.ts is not fresh: run `npm run generate`');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, text);
}
