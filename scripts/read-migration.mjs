// Reads a migration's text: what its head says and which steps it has. A file that is not in order is refused with the reason.
import { createHash } from 'node:crypto';

/** PostgreSQL's lock modes that stand in the way of somebody's work, the strongest last. */
export const lockModes = [
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
];

/**
 * The migration in a file `0005-name.sql`: number, name, checksum, refusesOlder, steps, and the locks that its head declares, as
 * a mode by table. `partitions of <table>` stands for them all.
 */
export function readMigration(file, text) {
  const [, number, name] = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file) ?? [];
  if (number === undefined) throw new Error(`${file}: expected <four digits>-<name>.sql`);
  // Line ends must not decide over the checksum.
  const sql = text.replace(/\r\n/g, '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  const head = headOf(file, sql);
  const older = head['Older programs'];
  if (older !== 'are refused' && older !== 'go on uploading') {
    throw new Error(`${file}: "-- Older programs:" is "are refused" or "go on uploading", not "${older}"`);
  }
  return {
    number: Number(number),
    name,
    checksum,
    refusesOlder: older === 'are refused',
    // A schema's name may need quotes. 0004 does without them, and its checksum keeps its text.
    steps: stepsOf(
      file,
      sql.replaceAll(
        /(?<!\()current_schema\(\)::regnamespace/g,
        'quote_ident(current_schema())::regnamespace',
      ),
    ),
    locks: locksOf(file, head.Locks),
  };
}

/** `-- Purpose:`, `-- Locks:`, `-- Older programs:` and `-- Reversible:`, each with what follows on indented lines. */
function headOf(file, sql) {
  const lines = sql.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const fields = {};
  let field;
  for (const line of lines.slice(0, end)) {
    const [, name, text] = /^-- ([A-Z][a-z ]+): *(.*)$/.exec(line) ?? [];
    if (name !== undefined) field = name;
    else if (field === undefined) throw new Error(`${file}: the head begins with "-- Purpose:"`);
    fields[field] = `${fields[field] ?? ''} ${text ?? line.slice(2)}`.trim().replace(/ +/g, ' ');
  }
  for (const name of ['Purpose', 'Locks', 'Older programs', 'Reversible']) {
    if (fields[name] === undefined) throw new Error(`${file}: the head lacks "-- ${name}:"`);
  }
  return fields;
}

/** `none`, or `table, partitions of table: MODE; table: MODE`. */
function locksOf(file, text) {
  const locks = {};
  if (text === 'none') return locks;
  for (const part of text.split(/; */)) {
    const [, tables, mode] = /^([^:]+): ([A-Z ]+)$/.exec(part) ?? [];
    if (!lockModes.includes(mode)) {
      throw new Error(`${file}: "-- Locks:" is "none" or "<table>, <table>: <MODE>; …", not "${part}"`);
    }
    for (const table of tables.split(/, */)) locks[table] = mode;
  }
  return locks;
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
    const step = {
      title: words.groups.title,
      inTransaction: words.groups.outside === undefined,
      partitionsOf: words.groups.parent,
      sql: sql.slice(mark.index + mark[0].length, marks[index + 1]?.index).trim(),
    };
    if (!step.inTransaction) checkOutside(file, step);
    return step;
  });
}

/** Such a step may be cut off at any moment, also between its end and the record of it: it must be one that is run again. */
function checkOutside(file, { title, sql }) {
  const repeatable =
    /^(CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS|DROP INDEX CONCURRENTLY IF EXISTS) [^;]*;?$/;
  if (repeatable.test(sql.replace(/^--.*$/gm, '').trim())) return;
  throw new Error(
    `${file}, "${title}": outside a transaction a step is one CREATE INDEX CONCURRENTLY IF NOT EXISTS or DROP INDEX CONCURRENTLY IF EXISTS`,
  );
}
