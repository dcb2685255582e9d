// Bakes the numbered .sql files into one TypeScript module, because the bundle is a single file. A file whose head or steps are
// not in order stops it. `--check` writes nothing and fails where the module is not fresh.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.join(root, 'src/store/schema/migrations');
const target = path.join(root, 'src/store/schema/migrations.generated.ts');

/** `-- Purpose:`, `-- Locks:`, `-- Older programs:` and `-- Reversible:`, each with what follows on indented lines. */
function headOf(file, sql) {
  const lines = sql.split('\n');
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('--')),
  );
  const fields = {};
  let field;
  for (const line of head) {
    const [, name, text] = /^-- ([A-Z][a-z ]+): *(.*)$/.exec(line) ?? [];
    if (name !== undefined) field = name;
    else if (field === undefined) throw new Error(`${file}: the head begins with "-- Purpose:"`);
    fields[field] = `${fields[field] ?? ''} ${text ?? line.slice(2)}`.trim().replace(/ +/g, ' ');
  }
  for (const name of ['Purpose', 'Locks', 'Older programs', 'Reversible']) {
    if (fields[name] === undefined) throw new Error(`${file}: the head lacks "-- ${name}:"`);
  }
  const older = fields['Older programs'];
  if (older !== 'are refused' && older !== 'go on uploading') {
    throw new Error(`${file}: "-- Older programs:" is "are refused" or "go on uploading", not "${older}"`);
  }
  return { refusesOlder: older === 'are refused' };
}

/** What stands behind each `-- step: …`; without one the whole file is one step. */
function stepsOf(file, sql) {
  const marks = [...sql.matchAll(/^-- step: (.*)$/gm)];
  if (marks.length === 0) return [{ title: 'all of it', inTransaction: true, partitionsOf: undefined, sql }];
  return marks.map((mark, index) => {
    const words =
      /^(?<title>[^,]+)(?<outside>, outside a transaction)?(?:, for each partition of (?<parent>\w+))?$/.exec(
        mark[1],
      );
    if (words?.groups === undefined) throw new Error(`${file}: a step that is not understood: ${mark[1]}`);
    return {
      title: words.groups.title,
      inTransaction: words.groups.outside === undefined,
      partitionsOf: words.groups.parent,
      sql: sql.slice(mark.index + mark[0].length, marks[index + 1]?.index).trim(),
    };
  });
}

const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
const entries = [];
for (const [index, file] of files.entries()) {
  const [, number, name] = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file) ?? [];
  if (Number(number) !== index + 1)
    throw new Error(`${file}: expected ${String(index + 1).padStart(4, '0')}-<name>.sql`);
  // Line ends must not decide over the checksum.
  const sql = (await readFile(path.join(folder, file), 'utf8')).replace(/\r\n/g, '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  entries.push({ number: index + 1, name, checksum, ...headOf(file, sql), steps: stepsOf(file, sql) });
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
