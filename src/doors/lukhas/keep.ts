// Actions of `lukhas db retain`: check the settings, ask, call the store, say what went. No SQL here.
import { InputError, StoreError } from '../../errors.ts';
import {
  checkTable,
  type KeptTable,
  keptTables,
  type Policy,
  readPolicy,
  said,
} from '../../store/keep/policy.ts';
import { plan, type Retained, retain as retainIn } from '../../store/keep/retain.ts';
import type { DueRows, KeptMonth, Plan } from '../../store/keep/retention.ts';
import { partitionedTables } from '../../store/schema/tables.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { usage } from '../arguments.ts';
import type { ExitCode } from '../process.ts';
import { answer, type CommandSettings, lookUp, migratingStallMs } from './answer.ts';
import { ask, canAsk } from './prompt.ts';

interface RetainSettings extends CommandSettings {
  readonly dryRun: boolean;
  readonly tables: readonly string[];
  readonly keep: readonly string[];
  readonly yes: boolean;
}

export async function retain(settings: RetainSettings, terminal: Terminal): Promise<ExitCode> {
  const policy = readPolicy(settings.keep);
  const named = settings.tables.map(checkTable);
  const tables = named.length === 0 ? keptTables : named;
  if (settings.dryRun) {
    return answer(settings, terminal, async (db) => {
      const due = await plan(db, policy, tables);
      return { lines: [...planLines(due), '', 'Nothing was changed.'], json: planJson(due) };
    });
  }
  let shown: ReadonlySet<string> | undefined;
  if (!settings.yes) {
    if (settings.json || !canAsk()) {
      throw usage(
        'nobody can be asked here whether months are to be dropped',
        '`lukhas db retain --dry-run` shows what would go, --yes lets it go.',
      );
    }
    const due = await lookUp(settings, terminal, (db) => plan(db, policy, tables));
    for (const line of planLines(due)) terminal.err(line);
    if (due.months.length > 0 || due.rows.some(({ rows }) => rows > 0)) await confirm(terminal);
    shown = new Set(due.months.map(({ partition }) => partition));
  }
  let left: readonly StoreError[] = [];
  const code = await answer(
    settings,
    terminal,
    async (db, { connect, onWait }) => {
      const done = await retainIn(db, { policy, tables, connect, onWait, shown });
      left = done.left;
      return { lines: doneLines(done, tables), json: doneJson(done, policy, tables) };
    },
    migratingStallMs,
  );
  if (left[0] !== undefined) {
    throw new StoreError({
      code: 'retain-incomplete',
      message: left.map(({ message }) => message).join('; '),
      fix: left[0].fix,
      sqlstate: left[0].sqlstate,
    });
  }
  return code;
}

async function confirm(terminal: Terminal): Promise<void> {
  const cancelled = 'cancelled; nothing was changed';
  const [word] = await ask(
    [
      {
        text: 'Let these go? (yes or no)',
        refuse: (given) => (/^(yes|no)$/i.test(given) ? undefined : 'Write yes or no.'),
      },
    ],
    terminal,
    cancelled,
  );
  if (word?.toLowerCase() !== 'yes') throw new InputError({ code: 'cancelled', message: cancelled });
}

/** Wider than other commands' rows: names of tables are longer. */
function line(name: string, value: string): string {
  return `${name.padEnd(22)}${value}`;
}

function planLines({ policy, tables, months, kept, rows }: Plan): string[] {
  return [
    ...partitionedTables
      .filter((table) => tables.includes(table))
      .map((table) => {
        const due = months.filter((month) => month.table === table);
        const what =
          due.length === 0
            ? 'no month is due'
            : `${monthsIn(due)}: ${estimate(due.map((one) => one.rows))}${size(sum(due.map(({ bytes }) => bytes)))}`;
        return line(table, `${what} (kept ${forTime(policy, table)})`);
      }),
    ...rows.map((one) => line(one.table, rowsOf(one, 'to be '))),
    ...keptLines(kept),
  ];
}

function doneLines({ months, kept, rows, vacuumed, left }: Retained, tables: readonly KeptTable[]): string[] {
  return [
    ...partitionedTables
      .filter((table) => tables.includes(table))
      .map((table) => {
        const gone = months.filter((month) => month.table === table);
        if (gone.length === 0) return line(table, 'no month dropped');
        const rowCount = sum(gone.map((one) => one.rows ?? 0));
        const sums = sum(gone.map((one) => one.sums ?? 0));
        const kept = table === 'test_runs' ? 'rows' : `rows in ${number(sums)} sums`;
        return line(
          table,
          `${monthsIn(gone)} dropped: ${number(rowCount)} ${kept}, ${size(sum(gone.map(({ bytes }) => bytes)))} free`,
        );
      }),
    ...rows.map((one) => line(one.table, rowsOf(one, ''))),
    ...keptLines(kept),
    ...left.map(({ message }) => line('left', safeLine(message))),
    ...(vacuumed.length === 0 ? [] : [line('vacuumed', vacuumed.join(' '))]),
  ];
}

/** Nothing where a month was never analysed. */
function estimate(rows: readonly (number | undefined)[]): string {
  const known = rows.filter((count) => count !== undefined);
  return known.length < rows.length ? '' : `about ${number(sum(known))} rows, `;
}

function keptLines(kept: readonly KeptMonth[]): string[] {
  return kept.map(({ partition, why }) => line('stays', `${safeLine(partition)}: ${safeLine(why)}`));
}

function rowsOf({ rows, how }: DueRows, before: string): string {
  return rows === 0 ? 'no row is due' : `${number(rows)} ${rows === 1 ? 'row' : 'rows'} ${before}${how}`;
}

function monthsIn(months: readonly { readonly from: Date | undefined; readonly until: Date }[]): string {
  const month = (at: Date) => at.toISOString().slice(0, 7);
  const lasts = months.map(({ until }) => until.getTime() - 1);
  const last = month(new Date(Math.max(...lasts)));
  const starts = months.map(({ from, until }) => (from ?? new Date(until.getTime() - 1)).getTime());
  const first = month(new Date(Math.min(...starts)));
  const count = months.length === 1 ? '1 month' : `${months.length} months`;
  return first === last ? `${count}, ${first}` : `${count}, ${first} to ${last}`;
}

function forTime(policy: Policy, table: KeptTable): string {
  const time = said(policy[table]);
  return time === 'forever' ? 'forever' : `for ${time}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const policyJson = (policy: Policy, tables: readonly KeptTable[]) =>
  Object.fromEntries(tables.map((table) => [table, said(policy[table])]));
const monthJson = (month: {
  readonly table: string;
  readonly partition: string;
  readonly from: Date | undefined;
  readonly until: Date;
  readonly bytes: number;
}) => ({
  table: month.table,
  partition: month.partition,
  from: month.from?.toISOString() ?? null,
  until: month.until.toISOString(),
  bytes: month.bytes,
});
const keptJson = (kept: readonly KeptMonth[]) =>
  kept.map(({ table, partition, why }) => ({ table, partition, why }));

function planJson({ policy, tables, months, kept, rows }: Plan): unknown {
  return {
    dry_run: true,
    keep: policyJson(policy, tables),
    months: months.map((month) => ({ ...monthJson(month), rows: month.rows ?? null, state: month.state })),
    stays: keptJson(kept),
    rows,
  };
}

function doneJson(
  { months, kept, rows, vacuumed, left }: Retained,
  policy: Policy,
  tables: readonly KeptTable[],
): unknown {
  return {
    dry_run: false,
    keep: policyJson(policy, tables),
    months: months.map((month) => ({
      ...monthJson(month),
      rows: month.rows ?? null,
      sums: month.sums ?? null,
    })),
    stays: keptJson(kept),
    rows,
    vacuumed,
    left: left.map(({ message }) => message),
  };
}
