// Action of `lukhas sql`: a table, CSV or JSON of what one statement reads.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { InputError, StoreError } from '../../errors.ts';
import type { Column, Table } from '../../store/database/port.ts';
import { runTypedSql } from '../../store/questions/sql.ts';
import { safeLine } from '../../tell/safe.ts';
import { renderTable } from '../../tell/terminal/table.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { count, number } from '../../tell/words.ts';
import { usage } from '../arguments.ts';
import { dataDirOf } from '../data-dir.ts';
import type { ExitCode } from '../process.ts';
import { type Answer, answer, type CommandSettings, tell } from './answer.ts';
import { openTeam } from './asking.ts';
import type { SqlNews, SqlTask } from './sql-worker.ts';

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
  const print = async (table: Table): Promise<Answer> => {
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
  };
  if (settings.databaseUrl === undefined && existsSync(workerFile)) {
    const dataDir = dataDirOf(settings);
    const table = await runInThread({ dataDir, team: settings.team, sql: text }, timeout, terminal);
    return tell(settings, terminal, await print(table));
  }
  return answer(settings, terminal, async (db) => {
    const access = await openTeam(db, settings.team);
    return print(await runTypedSql(db, access, text, { seconds: timeout }));
  });
}

/** Beside the programs; this file's own chunk lies one folder deeper. The sources, run as they are, have none. */
const workerFile = new URL('../sql-worker.js', import.meta.url);

/** Runs a statement on the embedded database, and ends the thread after so many seconds. */
function runInThread(task: SqlTask, seconds: number, terminal: Terminal): Promise<Table> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(workerFile, { workerData: task });
    let timer: NodeJS.Timeout | undefined;
    thread.on('message', (news: SqlNews) => {
      if (news.kind === 'remark') terminal.err(terminal.paint.dim(safeLine(news.text)));
      else if (news.kind === 'begun')
        timer = setTimeout(() => {
          // It only reads: what is cut off is what a crash leaves behind, and the next start mends it.
          void thread.terminate();
          reject(
            new StoreError({
              code: 'sql-timeout',
              message: `the statement took longer than ${seconds} s`,
              fix: '--timeout <seconds> gives it longer; a condition on created_at reads fewer months.',
            }),
          );
        }, seconds * 1000);
      else {
        clearTimeout(timer);
        if (news.kind === 'table') resolve(news.table);
        else reject(news.of === 'InputError' ? new InputError(news.details) : new StoreError(news.details));
      }
    });
    thread.on('error', reject);
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
