// Bakes the numbered .sql files into one TypeScript module, because the bundle is a single file.
// `--check` writes nothing and fails where the module is not fresh.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.join(root, 'src/store/schema/migrations');
const target = path.join(root, 'src/store/schema/migrations.generated.ts');

const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
const entries = [];
for (const [index, file] of files.entries()) {
  const [, number, name] = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file) ?? [];
  if (Number(number) !== index + 1)
    throw new Error(`${file}: expected ${String(index + 1).padStart(4, '0')}-<name>.sql`);
  // Line ends must not decide over the checksum.
  const sql = (await readFile(path.join(folder, file), 'utf8')).replace(/\r\n/g, '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  entries.push(
    `  {\n    number: ${index + 1},\n    name: ${JSON.stringify(name)},\n    checksum: '${checksum}',\n    sql: ${JSON.stringify(sql)},\n  },\n`,
  );
}
const text = `// Made by scripts/generate-migrations.mjs from src/store/schema/migrations/*.sql. Never edited: run \`npm run generate\`.

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
${entries.join('')}];
`;
if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
    console.error('src/store/schema/migrations.generated.ts is not fresh: run `npm run generate`');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, text);
}
