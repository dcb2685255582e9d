// Compares what was restored with what the backup's manifest says. Pure.
import type { Content } from './manifest.ts';

export type DamageCode =
  | 'schema-version'
  | 'table-missing'
  | 'table-added'
  | 'partition-bounds'
  | 'rows'
  | 'row-security'
  | 'force-row-security'
  | 'owner'
  | 'grant'
  | 'policy'
  | 'structure'
  | 'index-missing'
  | 'index-invalid'
  | 'sequence';

export interface Difference {
  readonly code: DamageCode;
  /** The table, index, sequence, policy or statement. */
  readonly what: string;
  /** As it is to be and as it is, where both can be said. */
  readonly expected?: string;
  readonly found?: string;
}

/** What differs, most telling first; empty where everything came back. */
export function compareContent(expected: Content, found: Content): Difference[] {
  const differences: Difference[] = [];
  if (expected.schema_version !== found.schema_version || !sameMigrations(expected, found))
    differences.push({
      code: 'schema-version',
      what: 'the list of migrations',
      expected: `version ${expected.schema_version}`,
      found: `version ${found.schema_version}${expected.schema_version === found.schema_version ? ' with other checksums' : ''}`,
    });
  differences.push(...ofTables(expected, found));
  const policies = (content: Content) => content.security.filter((line) => line.startsWith('CREATE POLICY'));
  differences.push(...ofLists('policy', policies(expected), policies(found)));
  differences.push(...ofLists('grant', expected.rights, found.rights));
  differences.push(...ofLists('owner', expected.owners.filter(isFunction), found.owners.filter(isFunction)));
  for (const [name, print] of Object.entries(expected.structure)) {
    // Their own lines say more.
    if (/^(?:table|(?:unique )?index) /.test(name) && found.structure[name] === undefined) continue;
    if (found.structure[name] !== print)
      differences.push({
        code: 'structure',
        what: name,
        expected: 'as dumped',
        found: found.structure[name] === undefined ? 'missing' : 'another definition',
      });
  }
  differences.push(...ofIndexes(expected, found));
  const sequences = new Map(found.sequences.map((one) => [one.name, one]));
  for (const one of expected.sequences) {
    const other = sequences.get(one.name);
    const say = (state: Content['sequences'][number] | undefined) =>
      state === undefined ? 'missing' : `${state.last_value}${state.is_called ? '' : ' (not used)'}`;
    if (say(one) !== say(other))
      differences.push({ code: 'sequence', what: one.name, expected: say(one), found: say(other) });
  }
  return differences;
}

function sameMigrations(one: Content, other: Content): boolean {
  return JSON.stringify(one.migrations) === JSON.stringify(other.migrations);
}

/** Databases sort words in orders of their own. */
const sorted = (words: readonly string[]): string => [...words].sort().join();

const isFunction = (line: string): boolean => line.startsWith('ALTER FUNCTION');

function ofTables(expected: Content, found: Content): Difference[] {
  const tables = new Map(found.tables.map((table) => [table.name, table]));
  const known = new Set(expected.tables.map(({ name }) => name));
  return [
    ...expected.tables.flatMap((table): Difference[] => {
      const other = tables.get(table.name);
      const what = table.name;
      if (other === undefined) return [{ code: 'table-missing', what }];
      const onOff = (on: boolean) => (on ? 'on' : 'off');
      const all: (Difference | undefined)[] = [
        table.rows !== other.rows
          ? { code: 'rows', what, expected: String(table.rows), found: String(other.rows) }
          : undefined,
        table.parent !== other.parent || table.bounds !== other.bounds
          ? {
              code: 'partition-bounds',
              what,
              expected: table.bounds ?? 'no partition',
              found: other.bounds ?? 'no partition',
            }
          : undefined,
        table.row_security !== other.row_security
          ? {
              code: 'row-security',
              what,
              expected: onOff(table.row_security),
              found: onOff(other.row_security),
            }
          : undefined,
        table.force_row_security !== other.force_row_security
          ? {
              code: 'force-row-security',
              what,
              expected: onOff(table.force_row_security),
              found: onOff(other.force_row_security),
            }
          : undefined,
        table.owner !== other.owner
          ? { code: 'owner', what, expected: table.owner, found: other.owner }
          : undefined,
        // The lines of the rights name those of the other tables.
        table.parent !== null && sorted(table.grants) !== sorted(other.grants)
          ? {
              code: 'grant',
              what,
              expected: table.grants.join(', ') || 'none',
              found: other.grants.join(', ') || 'none',
            }
          : undefined,
      ];
      return all.filter((difference) => difference !== undefined);
    }),
    ...found.tables
      .filter(({ name }) => !known.has(name))
      .map(({ name }): Difference => ({ code: 'table-added', what: name })),
  ];
}

function ofIndexes(expected: Content, found: Content): Difference[] {
  const indexes = new Map(found.indexes.map((index) => [index.name, index]));
  return expected.indexes.flatMap((index): Difference[] => {
    const what = `${index.name} of ${index.table}`;
    const other = indexes.get(index.name);
    if (other === undefined || other.table !== index.table) {
      // pg_dump leaves out what an interrupted CREATE INDEX CONCURRENTLY left behind.
      return index.valid && index.ready ? [{ code: 'index-missing', what }] : [];
    }
    return other.valid && other.ready
      ? []
      : [{ code: 'index-invalid', what, expected: 'valid', found: other.ready ? 'invalid' : 'not ready' }];
  });
}

/** Statements that are missing, and statements that came along. */
function ofLists(
  code: 'policy' | 'grant' | 'owner',
  expected: readonly string[],
  found: readonly string[],
): Difference[] {
  const [wanted, there] = [new Set(expected), new Set(found)];
  return [
    ...expected.filter((line) => !there.has(line)).map((line) => ({ code, what: line, found: 'missing' })),
    ...found
      .filter((line) => !wanted.has(line))
      .map((line) => ({ code, what: line, found: 'not in the backup\u2019s list' })),
  ];
}
