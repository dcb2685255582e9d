// Lets go what is past its time: months are detached beside uploads, summed, and dropped; rows are deleted or retired. What was
// interrupted, in whatever way, goes on with the next call. Needs an administrator's connection.
import { randomUUID } from 'node:crypto';
import { StoreError } from '../../errors.ts';
import type { Connect, Database } from '../database/port.ts';
import { andThen, beginInCatalog, quoteName } from '../database/search-path.ts';
import { fateOf } from '../database/server-errors.ts';
import { createWatcher } from '../schema/blockers.ts';
import { requireSchema } from '../schema/state.ts';
import { connectForTurn, holdTurn } from '../schema/turn.ts';
import {
  givingWay,
  letPass,
  type StepWatch,
  type Watched,
  watchWork,
  withoutTimeouts,
} from '../schema/waiting.ts';
import type { KeptTable, Policy } from './policy.ts';
import {
  beginAsOwner,
  type DueMonth,
  type DueRows,
  type KeptMonth,
  type Plan,
  planRetention,
  rulesOf,
} from './retention.ts';
import { rollUp } from './roll-up.ts';

export interface RetainOptions {
  readonly policy: Policy;
  readonly tables: readonly KeptTable[];
  /** Opens further connections, on a server: one keeps migrations and other retentions away, one sees who is waited for. */
  readonly connect?: Connect | undefined;
  /** Told for whom it waits, in words for a person. */
  readonly onWait?: ((message: string) => void) | undefined;
  readonly onMonth?: ((month: GoneMonth) => void) | undefined;
  /** How long one month waits for others before it is left for the next call, in milliseconds. Default 15 minutes. */
  readonly waitMs?: number | undefined;
  /** Months that may go, as somebody was shown them: `test_results_2025_01`. Absent: all that are due. */
  readonly shown?: ReadonlySet<string> | undefined;
}

export interface GoneMonth {
  readonly table: string;
  readonly partition: string;
  readonly from: Date | undefined;
  readonly until: Date;
  readonly bytes: number;
  /** Rows that it held, and sums that they were added to; undefined where an earlier call summed it. */
  readonly rows: number | undefined;
  readonly sums: number | undefined;
}

export interface Retained {
  readonly months: readonly GoneMonth[];
  readonly kept: readonly KeptMonth[];
  readonly rows: readonly DueRows[];
  readonly vacuumed: readonly string[];
  /** Months that were not to be had; they are left for the next call. */
  readonly left: readonly StoreError[];
}

/** What is due, without changing anything. */
export async function plan(db: Database, policy: Policy, tables: readonly KeptTable[]): Promise<Plan> {
  const { schema } = await requireSchema(db);
  return planRetention(db, schema, policy, tables);
}

/**
 * Lets go what is due by now.
 *
 * @throws StoreError `migration-connections`, `retain-interrupted`
 */
export async function retain(db: Database, options: RetainOptions): Promise<Retained> {
  const { schema } = await requireSchema(db);
  const turnDb = options.connect && (await connectForTurn(options.connect, 'a retention'));
  const watcher = options.connect && createWatcher(options.connect);
  try {
    const turn = turnDb && (await holdTurn(turnDb, schema, options.onWait));
    try {
      const { onWait, waitMs = 900_000 } = options;
      const work: Work = { db, schema, turn, watcher, onWait, waitMs };
      await db.transaction(async () => watcher?.watch(db), { begin: beginInCatalog() });
      return await carryOut(work, options);
    } finally {
      await turn?.release();
    }
  } finally {
    watcher?.close();
    await turnDb?.close();
  }
}

interface Work extends Watched {
  readonly schema: string;
}

async function carryOut(work: Work, options: RetainOptions): Promise<Retained> {
  const { db, schema } = work;
  const { policy, tables, shown } = options;
  const { months, kept } = await planRetention(db, schema, policy, tables);
  await tidyNotes(work, tables, months);
  const gone: GoneMonth[] = [];
  const left: StoreError[] = [];
  const blocked = new Set<string>();
  for (const { table, partition, why, blocks } of kept) {
    if (!blocks || !months.some((month) => month.table === table && month.state === 'attached')) continue;
    blocked.add(table);
    left.push(
      new StoreError({
        code: 'retain-blocked',
        message: `${table}: its months are left for the next time, because of ${partition}: ${why}`,
      }),
    );
  }
  // Runs last: the sums need them. What was begun first: of a table one partition at a time can be detached.
  const place = ({ table, state }: DueMonth) =>
    (table === 'test_runs' ? 10 : 0) + ['pending', 'detached', 'attached'].indexOf(state);
  const inOrder = [...months].sort((one, other) => place(one) - place(other));
  for (const month of inOrder) {
    if (shown !== undefined && !shown.has(month.partition)) continue;
    // One partition of a table can be on its way out at a time.
    if (blocked.has(month.table)) continue;
    try {
      const one = await retireMonth(work, month, policy);
      if (one === undefined) continue;
      gone.push(one);
      options.onMonth?.(one);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'retain-blocked') throw error;
      blocked.add(month.table);
      left.push(error);
    }
  }
  const rows = await removeRows(work, policy, tables);
  return { months: gone, kept, rows, vacuumed: await vacuum(work, tables, gone, rows), left };
}

/** Forgets notes of months that are gone, and of those that were never detached and by this policy stay. */
function tidyNotes(work: Work, tables: readonly KeptTable[], months: readonly DueMonth[]): Promise<void> {
  return freely(work, 'retention, its notes', async () => {
    const stale = await work.db.query<{ parent: string; child: string; there: boolean }>(
      `SELECT n.parent, n.child, c.oid IS NOT NULL AS there FROM lukhas_retirements n
       LEFT JOIN pg_class c ON c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = n.child
       WHERE n.parent = ANY ($1::text[]) AND n.child <> ALL ($2::text[])
         AND (c.oid IS NULL OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending))
       FOR UPDATE OF n`,
      [[...tables], months.map(({ partition }) => partition)],
    );
    for (const { parent, child, there } of stale) {
      if (there) await work.db.script(`COMMENT ON TABLE ${quoteName(child)} IS NULL`);
      await work.db.run('DELETE FROM lukhas_retirements WHERE parent = $1 AND child = $2', [parent, child]);
    }
  });
}

/** From attached to dropped, one step after another as the catalogue says how far it is. undefined: it is no longer due, or not ours. */
async function retireMonth(work: Work, month: DueMonth, policy: Policy): Promise<GoneMonth | undefined> {
  const { interval } = policy[month.table];
  if (interval === undefined) return undefined;
  const name = `${month.table}, ${month.partition}`;
  let summed: { readonly rows: number; readonly sums: number } | undefined;
  const waits = { since: performance.now() };
  for (;;) {
    const state = await freely(work, name, () => standing(work.db, month));
    switch (state) {
      case 'attached':
        if (!(await freely(work, name, () => noteDue(work.db, month, interval)))) return undefined;
        await detach(work, month, name, waits);
        break;
      case 'pending':
        await outside(work, name, `${alter(work, month)} FINALIZE`, waits);
        break;
      case 'detached':
        summed = await freely(work, `${name}, its sums`, () => sum(work, month));
        break;
      case 'summed':
        await freely(work, `${name}, freeing it`, () => dropReferences(work.db, month), undefined, briefly);
        await freely(work, `${name}, dropping it`, () => drop(work.db, month));
        return {
          table: month.table,
          partition: month.partition,
          from: month.from,
          until: month.until,
          bytes: month.bytes,
          rows: summed?.rows,
          sums: summed?.sums,
        };
      case 'other':
        return undefined;
    }
  }
}

type Standing = 'attached' | 'pending' | 'detached' | 'summed' | 'other';

/** How far a month is. It is ours only where the table carries the mark of its note. */
async function standing(db: Database, { table, partition }: DueMonth): Promise<Standing> {
  const [row] = await db.query<{ state: Standing }>(
    `SELECT CASE
       WHEN i.inhrelid IS NOT NULL THEN CASE WHEN i.inhparent <> to_regclass($1) THEN 'other' WHEN i.inhdetachpending THEN
         CASE WHEN n.mark IS NULL THEN 'other' ELSE 'pending' END ELSE 'attached' END
       WHEN n.mark IS NULL OR n.mark IS DISTINCT FROM obj_description(c.oid, 'pg_class') OR c.relkind <> 'r'
         OR pg_get_userbyid(c.relowner) <> 'lukhas_owner' THEN 'other'
       WHEN n.summed_at IS NULL THEN 'detached' ELSE 'summed' END AS state
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     LEFT JOIN lukhas_retirements n ON n.parent = $1 AND n.child = $2
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = $2`,
    [table, partition],
  );
  return row?.state ?? 'other';
}

/** Notes that a month is to go and marks its table; false where it is not due after all. */
async function noteDue(db: Database, month: DueMonth, keep: string): Promise<boolean> {
  const mark = `lukhas retention ${randomUUID()}`;
  const rows = await db.query(
    `INSERT INTO lukhas_retirements AS n (parent, child, mark, lower_bound, upper_bound)
     SELECT $1, $2, $3, b.lower_bound, b.upper_bound FROM (
       SELECT (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz AS lower_bound,
         (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz AS upper_bound
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = to_regclass($1) AND c.relname = $2 AND c.relkind = 'r' AND NOT i.inhdetachpending
         AND c.relnamespace = quote_ident(current_schema())::regnamespace AND pg_get_userbyid(c.relowner) = 'lukhas_owner') AS b
     WHERE b.upper_bound <= now() - $4::interval
       -- Of results and coverage that are there still the sums are not made yet, and need the runs.
       AND NOT ($1 = 'test_runs' AND EXISTS (
         SELECT FROM unnest(ARRAY['test_results', 'coverage_data']) AS p (name) JOIN pg_inherits i ON i.inhparent = p.name::regclass
         JOIN pg_class c ON c.oid = i.inhrelid
         CROSS JOIN LATERAL (SELECT (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz AS low,
           (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz AS high) AS o
         WHERE pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' AND (o.low < b.upper_bound) IS NOT FALSE AND (o.high > b.lower_bound) IS NOT FALSE))
       AND NOT ($1 = 'test_runs' AND EXISTS (
         SELECT FROM lukhas_retirements o WHERE o.parent <> 'test_runs' AND o.summed_at IS NULL
           AND (o.lower_bound < b.upper_bound) IS NOT FALSE AND (o.upper_bound > b.lower_bound) IS NOT FALSE))
     ON CONFLICT (parent, child) DO UPDATE SET mark = excluded.mark, lower_bound = excluded.lower_bound, upper_bound = excluded.upper_bound,
       begun_at = now(), summed_at = NULL
     RETURNING n.mark`,
    [month.table, month.partition, mark, keep],
  );
  if (rows.length === 0) return false;
  await db.script(`COMMENT ON TABLE ${quoteName(month.partition)} IS '${mark}'`);
  return true;
}

function alter({ schema }: Work, { table, partition }: DueMonth): string {
  const parent = `${quoteName(schema)}.${quoteName(table)}`;
  return `ALTER TABLE ${parent} DETACH PARTITION ${quoteName(schema)}.${quoteName(partition)}`;
}

async function detach(work: Work, month: DueMonth, name: string, waits: Waits): Promise<void> {
  const { db } = work;
  const isPlain = await freely(work, name, async () => {
    // PostgreSQL refuses to detach beside others where there is a DEFAULT partition. The embedded database has nobody else.
    const rows = await db.query(
      `SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = to_regclass($1) AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'`,
      [month.table],
    );
    return db.embedded || rows.length > 0;
  });
  if (!isPlain) return outside(work, name, `${alter(work, month)} CONCURRENTLY`, waits);
  await freely(work, name, () => db.script(alter(work, month)), waits);
}

/** Adds the rows of a detached month to the sums and notes it, in one transaction: once, whenever this is cut off. */
async function sum(work: Work, { table, partition }: DueMonth): Promise<{ rows: number; sums: number }> {
  const { db, schema } = work;
  const noted = await db.query(
    `SELECT FROM lukhas_retirements n JOIN pg_class c ON c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = n.child
     WHERE n.parent = $1 AND n.child = $2 AND n.summed_at IS NULL AND NOT c.relispartition
       AND obj_description(c.oid, 'pg_class') = n.mark FOR UPDATE OF n`,
    [table, partition],
  );
  if (noted.length === 0) return { rows: 0, sums: 0 };
  const rolled = await rollUp(db, schema, { parent: table, name: partition });
  await db.run('UPDATE lukhas_retirements SET summed_at = now() WHERE parent = $1 AND child = $2', [
    table,
    partition,
  ]);
  return rolled;
}

/**
 * The end of a reference locks the table of teams, against everybody's uploads. So it is waited for even shorter, and its commit waits
 * for no disk, as the one of a dropped table does.
 */
const briefly = ["SET LOCAL lock_timeout = '200ms'", 'SET LOCAL synchronous_commit = off'];

async function dropReferences(db: Database, { table, partition }: DueMonth): Promise<void> {
  const references = await db.query<{ name: string }>(
    `SELECT k.conname::text AS name FROM lukhas_retirements n
     JOIN pg_class c ON c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = n.child AND c.relkind = 'r' AND NOT c.relispartition
     JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
     WHERE n.parent = $1 AND n.child = $2 AND n.summed_at IS NOT NULL AND obj_description(c.oid, 'pg_class') = n.mark`,
    [table, partition],
  );
  for (const { name } of references)
    await db.script(`ALTER TABLE ${quoteName(partition)} DROP CONSTRAINT ${quoteName(name)}`);
}

async function drop(db: Database, { table, partition }: DueMonth): Promise<void> {
  const done = await db.query(
    `DELETE FROM lukhas_retirements n USING pg_class c
     WHERE n.parent = $1 AND n.child = $2 AND n.summed_at IS NOT NULL AND c.relnamespace = quote_ident(current_schema())::regnamespace
       AND c.relname = n.child AND c.relkind = 'r' AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') = n.mark
     RETURNING n.child`,
    [table, partition],
  );
  if (done.length > 0) await db.script(`DROP TABLE ${quoteName(partition)}`);
}

/** When a month's waiting began. */
interface Waits {
  readonly since: number;
}

/** One short transaction as the owner, which gives way. */
function freely<T>(
  work: Work,
  name: string,
  body: () => Promise<T>,
  waits?: Waits,
  settings: readonly string[] = [],
): Promise<T> {
  return givingWay(work, name, body, {
    begin: () => andThen(beginAsOwner(work.schema), ...settings),
    lost: interrupted,
    givenUp: (watch, cause) => givenUp(name, watch, cause),
    waitedMs: (watch) => waitedMs(watch, waits),
  });
}

/** A statement outside a transaction. It waits for others as long as it may: nobody queues behind it. */
async function outside(work: Work, name: string, sql: string, waits: Waits): Promise<void> {
  const { db } = work;
  const watch = watchWork(work, name, sql);
  const restore = await withoutTimeouts(db);
  try {
    await db.outside(sql);
  } catch (error) {
    if (watch.lost()) throw interrupted(error);
    if (fateOf(error) === 'lost' || !(error instanceof StoreError)) throw error;
    if (!mayPass(error)) throw error;
    watch.noteTimeout();
    // The catalogue says how far it came: a backend of a call that was killed may be at it still.
    if (waitedMs(watch, waits) > work.waitMs) throw givenUp(name, watch, error);
    await letPass();
  } finally {
    watch.stop();
    await restore().catch(() => {});
  }
}

/** A lock, a cancelled statement, or that somebody else was quicker: the next look at the catalogue says. */
function mayPass({ sqlstate }: StoreError): boolean {
  return ['55P03', '40P01', '57014', '55000', '55006', '42P01'].includes(sqlstate ?? '');
}

function waitedMs(watch: StepWatch, waits: Waits | undefined): number {
  return Math.max(watch.waitedMs(), waits === undefined ? 0 : performance.now() - waits.since);
}

function interrupted(cause: unknown): StoreError {
  return new StoreError({
    code: 'retain-interrupted',
    message: 'the connection that keeps migrations and other retentions away was lost',
    fix: 'What is done stays. Run `lukhas db retain` again: it goes on where this one stopped.',
    cause,
  });
}

function givenUp(name: string, watch: StepWatch, cause: unknown): StoreError {
  return new StoreError({
    code: 'retain-blocked',
    message: `${name}: left for the next time, because of ${watch.blockers()?.text ?? 'somebody\u2019s lock'}`,
    fix: 'What is done of it stays. End that session (SELECT pg_terminate_backend(<pid>)) or wait for it, and run `lukhas db retain` again.',
    sqlstate: cause instanceof StoreError ? cause.sqlstate : undefined,
    cause,
  });
}

/** Rows of one transaction: who needs one of them waits no longer than for these. */
const batch = 5_000;

async function removeRows(work: Work, policy: Policy, tables: readonly KeptTable[]): Promise<DueRows[]> {
  const { db } = work;
  const rules = await freely(work, 'retention, its rows', () => rulesOf(db, policy, tables));
  const done: DueRows[] = [];
  for (const { rule, value } of rules) {
    let rows = 0;
    for (;;) {
      const some = `t.ctid = ANY (ARRAY(SELECT t.ctid FROM ${rule.table} t WHERE ${rule.where} LIMIT ${batch} FOR UPDATE SKIP LOCKED))`;
      const count = await freely(work, rule.table, () =>
        db.run(
          rule.how === 'deleted'
            ? `DELETE FROM ${rule.table} t WHERE ${some}`
            : `UPDATE ${rule.table} t SET deleted_at = now() WHERE ${some}`,
          [value],
        ),
      );
      rows += count;
      if (count < batch) break;
    }
    done.push({ table: rule.table, rows, how: rule.how });
  }
  return done;
}

/** The schema document's VACUUM: what changes all the time, every time; and what rows went from. */
async function vacuum(
  { db, schema }: Work,
  tables: readonly KeptTable[],
  months: readonly GoneMonth[],
  rows: readonly DueRows[],
): Promise<string[]> {
  const names = new Set<string>([
    ...(tables.includes('sessions') ? ['sessions', 'webauthn_credentials'] : []),
    ...rows.filter((one) => one.rows > 0).map(({ table }) => table),
    ...(months.some(({ table, sums }) => table === 'test_results' && sums !== undefined)
      ? ['test_months']
      : []),
    ...(months.some(({ table, sums }) => table === 'coverage_data' && sums !== undefined)
      ? ['coverage_months']
      : []),
  ]);
  for (const name of names) {
    await db.outside(`VACUUM (ANALYZE, SKIP_LOCKED) ${quoteName(schema)}.${quoteName(name)}`);
  }
  return [...names];
}
