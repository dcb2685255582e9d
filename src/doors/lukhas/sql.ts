// Action of `lukhas sql`: a table, CSV or JSON of what one statement reads.
import type { Column, Table } from '../../store/database/port.ts';
import { runTypedSql } from '../../store/questions/sql.ts';
import { safeLine } from '../../tell/safe.ts';
import { renderTable } from '../../tell/terminal/table.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { count, number } from '../../tell/words.ts';
import { usage } from '../arguments.ts';
import type { ExitCode } from '../process.ts';
import { answer, type CommandSettings } from './answer.ts';
import { openTeam } from './asking.ts';

interface SqlSettings extends CommandSettings {
  readonly team: string | undefined;
  readonly sql: string;
  readonly csv: boolean;
  readonly timeout: number | undefined;
  readonly limit: number | undefined;
}

export async function sql(
  { sql: given, csv, timeout = 30, limit, ...settings }: SqlSettings,
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  if (settings.json && csv) throw usage('--csv does not go with --json');
  const most = limit ?? (settings.json || csv ? Number.POSITIVE_INFINITY : 1000);
  const text = given === '-' ? await readStatement() : given;
  return answer(settings, terminal, async (db) => {
    const access = await openTeam(db, settings.team);
    const table = await runTypedSql(db, access, text, { seconds: timeout });
    const rows = table.rows.slice(0, most);
    if (settings.json) return { lines: [], json: rows.map((row) => objectOf(table, row)) };
    if (csv) {
      await terminal.write(csvOf(table, rows));
      return { lines: [], json: undefined };
    }
    const cut = table.rows.length - rows.length;
    return {
      json: undefined,
      lines: [
        ...(rows.length === 0
          ? []
          : renderTable(
              table.columns.map(({ name, kind }) => ({
                head: safeLine(name),
                align: kind === 'number' ? 'right' : 'left',
                least: 8,
              })),
              rows.map((row) => row.map((value) => (value === null ? '' : safeLine(value)))),
              { width, paint },
            )),
        paint.dim(
          cut > 0
            ? `${number(rows.length)} of ${count(table.rows.length, 'row')}: --limit ${table.rows.length} shows all`
            : count(rows.length, 'row'),
        ),
      ],
    };
  });
}

async function readStatement(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts).toString('utf8');
}

function objectOf({ columns }: Table, row: readonly (string | null)[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.map((column, at) => [nameOf(columns, at), jsonValue(column, row[at] ?? null)]),
  );
}

/** A name that another column has already gets a number. */
function nameOf(columns: readonly Column[], at: number): string {
  const name = columns[at]?.name ?? '';
  const before = columns.slice(0, at).filter((column) => column.name === name).length;
  return before === 0 ? name : `${name}_${before + 1}`;
}

function jsonValue({ kind }: Column, value: string | null): unknown {
  if (value === null) return null;
  if (kind === 'boolean') return value === 't';
  if (kind === 'json') return JSON.parse(value);
  // What a number of JSON cannot hold stays text: NaN, and more digits than a double has.
  if (kind === 'number')
    return (Number.isFinite(Number(value)) && String(Number(value)) === value) ||
      /^-?\d{1,15}(\.\d*)?$/.test(value)
      ? Number(value)
      : value;
  return value;
}

/** RFC 4180. What a spreadsheet would take for a formula stays as it is: the file is data. */
function csvOf({ columns }: Table, rows: Table['rows']): string {
  const cell = (value: string | null) =>
    value === null ? '' : /[",\r\n]|^$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  return [columns.map(({ name }) => name), ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
