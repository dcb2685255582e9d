// What is past its time, and what is left alone although it is: months from the bounds in the catalogue, never from names, and rows.
// Changes nothing.
import type { Database } from '../database/port.ts';
import { type Begin, beginIn } from '../database/search-path.ts';
import { partitionedTables } from '../schema/tables.ts';
import { type KeptTable, keptTables, type Policy } from './policy.ts';

export type MonthTable = (typeof partitionedTables)[number];

/** A partition whose rows are all past their time. */
export interface DueMonth {
  readonly table: MonthTable;
  /** The partition's name, without its schema. */
  readonly partition: string;
  /** undefined: it has no lower bound. */
  readonly from: Date | undefined;
  /** The first moment that is not in it. */
  readonly until: Date;
  /** As the statistics have it; undefined where they have nothing yet. */
  readonly rows: number | undefined;
  readonly bytes: number;
  /** `detached`: an earlier call was cut off before it was dropped. */
  readonly state: 'attached' | 'pending' | 'detached';
}

/** Something past its time, or of an earlier call, that stays. */
export interface KeptMonth {
  readonly table: MonthTable;
  readonly partition: string;
  /** Half a sentence for a person. */
  readonly why: string;
  /** While it is so, no other partition of the table can be detached. */
  readonly blocks: boolean;
}

export interface DueRows {
  readonly table: string;
  readonly rows: number;
  /** `retired`: they stay, and match nothing any more. */
  readonly how: 'deleted' | 'retired';
}

/** What a retention would do. */
export interface Plan {
  readonly policy: Policy;
  readonly tables: readonly KeptTable[];
  readonly months: readonly DueMonth[];
  readonly kept: readonly KeptMonth[];
  readonly rows: readonly DueRows[];
}

/** Begins a transaction as the owner, who passes row-level security. Others queue behind a lock that is waited for: not for long. */
export function beginAsOwner(schema: string): Begin {
  return beginIn(
    schema,
    'SET LOCAL ROLE lukhas_owner',
    `SET LOCAL timezone = 'UTC'`,
    'SET LOCAL lock_timeout = 400',
    'SET LOCAL statement_timeout = 0',
    'SET LOCAL idle_in_transaction_session_timeout = 0',
  );
}

/**
 * Looks for what is due. Needs an administrator's connection.
 *
 * @param tables those that are asked about; the rows that go with them are, too
 */
export function planRetention(
  db: Database,
  schema: string,
  policy: Policy,
  tables: readonly KeptTable[] = keptTables,
): Promise<Plan> {
  return db.transaction(
    async () => {
      const found = await readPartitions(db, policy);
      const { months, kept } = choose(found, tables);
      return { policy, tables, months, kept, rows: await countRows(db, policy, tables, months) };
    },
    { begin: beginAsOwner(schema) },
  );
}

/** A partition, or a table that was one until an earlier call detached it. */
interface Found {
  readonly parent: MonthTable;
  readonly name: string;
  readonly from: Date | null;
  readonly until: Date | null;
  readonly unbounded: boolean;
  readonly expired: boolean;
  readonly standing: 'attached' | 'pending' | 'detached' | 'gone' | 'other';
  readonly noted: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly owner: string | null;
  readonly kind: string | null;
  readonly here: boolean;
  readonly needed: boolean;
  readonly is_default: boolean;
}

const bound = (word: 'FROM' | 'TO') =>
  `(regexp_match(pg_get_expr(c.relpartbound, c.oid), '${word} \\(''([^'']+)''\\)'))[1]::timestamptz`;

/** Partitions of the three tables as the catalogue has them, and those that are noted as on their way out. */
const partitionsSql = `
  WITH parents AS (
    SELECT p.name, p.keep::interval AS keep, p.name::regclass AS oid, p.place
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS p (name, keep, place)
  ), attached AS (
    SELECT p.name AS parent, p.place, p.keep, c.oid, c.relname::text AS name, ${bound('FROM')} AS lower_bound, ${bound('TO')} AS upper_bound,
      pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' AS is_default,
      CASE WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END AS standing
    FROM parents p JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
  ), noted AS (
    SELECT n.parent, p.place, p.keep, c.oid, n.child AS name, n.lower_bound, n.upper_bound, false AS is_default,
      CASE WHEN c.oid IS NULL THEN 'gone' WHEN c.relispartition OR obj_description(c.oid, 'pg_class') IS DISTINCT FROM n.mark THEN 'other'
        ELSE 'detached' END AS standing
    FROM lukhas_retirements n JOIN parents p ON p.name = n.parent
    LEFT JOIN pg_class c ON c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = n.child
    WHERE NOT EXISTS (SELECT FROM attached a WHERE a.parent = n.parent AND a.oid = c.oid)
  )
  SELECT f.parent, f.name, f.lower_bound AS "from", f.upper_bound AS until, f.lower_bound IS NULL AS unbounded,
    coalesce(f.upper_bound <= now() - f.keep, false) AS expired, f.standing, f.is_default,
    EXISTS (SELECT FROM lukhas_retirements n WHERE n.parent = f.parent AND n.child = f.name) AS noted,
    c.reltuples::bigint AS rows, coalesce(pg_total_relation_size(c.oid), 0) AS bytes,
    pg_get_userbyid(c.relowner)::text AS owner, c.relkind::text AS kind, c.relnamespace = quote_ident(current_schema())::regnamespace AS here,
    -- A view, or a reference of another table: a drop would be refused once the month is detached.
    EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'n'
      AND (d.classid = 'pg_rewrite'::regclass OR EXISTS (SELECT FROM pg_constraint k
        WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.conrelid <> c.oid))) AS needed
  FROM (SELECT * FROM attached UNION ALL SELECT * FROM noted) AS f LEFT JOIN pg_class c ON c.oid = f.oid
  ORDER BY f.place, f.upper_bound, f.name`;

async function readPartitions(db: Database, policy: Policy): Promise<Found[]> {
  const rows = await db.query<Found & Record<string, unknown>>(partitionsSql, [
    [...partitionedTables],
    // Nothing is as old as this.
    partitionedTables.map((table) => policy[table].interval ?? '5000 years'),
  ]);
  return rows;
}

function choose(
  found: readonly Found[],
  tables: readonly KeptTable[],
): { readonly months: DueMonth[]; readonly kept: KeptMonth[] } {
  const months: DueMonth[] = [];
  const kept: KeptMonth[] = [];
  for (const one of found) {
    if (!tables.includes(one.parent)) continue;
    const why = reasonToKeep(one, found, tables);
    if (why !== undefined)
      kept.push({
        table: one.parent,
        partition: one.name,
        why,
        blocks: isStuck(one),
      });
    else if (
      one.until !== null &&
      (one.standing === 'attached' || one.standing === 'pending' || one.standing === 'detached')
    ) {
      if (!one.expired) continue;
      months.push({
        table: one.parent,
        partition: one.name,
        from: one.from ?? undefined,
        until: one.until,
        rows: Number(one.rows) < 0 ? undefined : Number(one.rows),
        bytes: Number(one.bytes),
        state: one.standing,
      });
    }
  }
  return { months, kept };
}

/** Half detached, and not by a retention that goes on with it: PostgreSQL detaches one partition of a table at a time. */
function isStuck({ standing, noted, expired }: Found): boolean {
  return standing === 'pending' && !(noted && expired);
}

/** Why a partition stays that is past its time, or that an earlier call began with; undefined where nothing is to be said. */
function reasonToKeep(one: Found, all: readonly Found[], tables: readonly KeptTable[]): string | undefined {
  if (one.is_default) return 'it is the DEFAULT partition, whose rows no period reaches';
  if (one.standing === 'other')
    return 'an earlier retention detached a table of that name, and this is not it (restored, or made anew)';
  if (one.standing === 'detached' && !one.expired)
    return 'an earlier retention detached it, and by this one it stays: attach it again, or drop it by hand';
  if (isStuck(one)) {
    const who = one.noted
      ? 'an earlier retention began to detach it, and by this one it stays'
      : 'somebody else began to detach it';
    return `${who}: ALTER TABLE ${one.parent} DETACH PARTITION ${one.name} FINALIZE ends that`;
  }
  if (!one.expired) return undefined;
  if (one.kind === 'f') return 'it is a foreign table';
  if (one.kind === 'p') return 'it has partitions of its own';
  if (!one.here) return 'it lies in another schema';
  if (one.owner !== 'lukhas_owner') return `it belongs to ${one.owner}, not to lukhas_owner`;
  if (one.needed) return 'a view or another table refers to it';
  if (one.parent !== 'test_runs') return undefined;
  // Their sums are made by what the runs say.
  const holds = all.find(
    (other) =>
      other.parent !== 'test_runs' &&
      !other.is_default &&
      other.standing !== 'gone' &&
      !(other.expired && tables.includes(other.parent) && reasonToKeep(other, all, tables) === undefined) &&
      (other.from === null || one.until === null || other.from < one.until) &&
      (one.from === null || other.until === null || other.until > one.from),
  );
  return holds === undefined ? undefined : `rows of its runs are still in ${holds.name}`;
}

/** From when on runs are there: rows that go with runs are older than that. NULL where a DEFAULT partition may hold any run. */
export const firstRunSql = `
  SELECT CASE WHEN bool_or(b.lower IS NULL) THEN '-infinity'::timestamptz ELSE least(now() - $1::interval, min(b.lower)) END
  FROM (
    SELECT ${bound('FROM')} AS lower FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'test_runs'::regclass AND c.relname::text <> ALL ($2::text[])
    UNION ALL
    SELECT n.lower_bound FROM lukhas_retirements n JOIN pg_class c ON c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = n.child
    WHERE n.parent = 'test_runs' AND NOT c.relispartition AND n.child <> ALL ($2::text[])
  ) AS b`;

/** Rows that go one by one. `$1` is the interval; of those that go with runs it is the first moment of which runs are there. */
export interface RowRule {
  readonly table: string;
  /** The table whose period decides. */
  readonly by: KeptTable;
  readonly how: 'deleted' | 'retired';
  readonly where: string;
  readonly withRuns?: boolean;
}

/**
 * A memory below 0.5 goes when it is old, and since then neither worked nor was changed by anybody (added, edited, counted, brought
 * back): only a breakage that it failed in is no reason to stay. While one that it was told for is open it stays.
 */
const forgettable = (memory: string): string => `${memory}.deleted_at IS NULL AND ${memory}.confidence < 0.5
  AND greatest(${memory}.created_at, ${memory}.last_applied) < now() - $1::interval`;

export const rowRules: readonly RowRule[] = [
  {
    table: 'ingest_uploads',
    by: 'test_runs',
    how: 'deleted',
    where: 't.created_at < $1::timestamptz',
    withRuns: true,
  },
  // A row that was counted says what its memory's counts are made of.
  {
    table: 'healix_matches',
    by: 'test_runs',
    how: 'deleted',
    where: 't.created_at < $1::timestamptz AND t.counted IS NULL',
    withRuns: true,
  },
  {
    table: 'healix_credits',
    by: 'test_runs',
    how: 'deleted',
    where: 't.created_at < $1::timestamptz',
    withRuns: true,
  },
  {
    table: 'missing_reports',
    by: 'test_runs',
    how: 'deleted',
    where: 't.uploaded_at < $1::timestamptz',
    withRuns: true,
  },
  {
    table: 'run_days',
    by: 'test_runs',
    how: 'deleted',
    where: "t.day < ($1::timestamptz AT TIME ZONE 'UTC')::date",
    withRuns: true,
  },
  {
    table: 'consciousness_reviews',
    by: 'consciousness_reviews',
    how: 'deleted',
    where: 't.created_at < now() - $1::interval',
  },
  { table: 'sessions', by: 'sessions', how: 'deleted', where: 't.expires_at < now() - $1::interval' },
  {
    table: 'healix_memories',
    by: 'healix_memories',
    how: 'retired',
    where: `${forgettable('t')}
      AND (t.updated_at < now() - $1::interval OR t.updated_at <= (
        SELECT max(m.ended_at) + interval '1 day' FROM healix_matches m
        WHERE m.team_id = t.team_id AND m.memory_id = t.id AND m.counted = 'failed'))
      AND NOT EXISTS (SELECT FROM healix_matches m WHERE m.team_id = t.team_id AND m.memory_id = t.id AND m.shown
        AND m.outcome = 'open' AND m.created_at >= now() - interval '120 days')`,
  },
  {
    table: 'shared_memories',
    by: 'healix_memories',
    how: 'retired',
    where: `${forgettable('t')} AND t.updated_at < now() - $1::interval`,
  },
  {
    table: 'test_months',
    by: 'test_months',
    how: 'deleted',
    where: `t.month < date_trunc('month', now() - $1::interval)::date`,
  },
  { table: 'test_aliases', by: 'test_months', how: 'deleted', where: 't.created_at < now() - $1::interval' },
  {
    table: 'coverage_months',
    by: 'coverage_months',
    how: 'deleted',
    where: `t.month < date_trunc('month', now() - $1::interval)::date`,
  },
];

/** The rules of the tables that are kept for a time at all, with the value of `$1`; inside a transaction of the owner. */
export async function rulesOf(
  db: Database,
  policy: Policy,
  tables: readonly KeptTable[],
  dueRuns: readonly string[] = [],
): Promise<{ readonly rule: RowRule; readonly value: string }[]> {
  let firstRun: string | undefined;
  const rules: { rule: RowRule; value: string }[] = [];
  for (const rule of rowRules) {
    const { interval } = policy[rule.by];
    if (interval === undefined || !tables.includes(rule.by)) continue;
    if (rule.withRuns === true && firstRun === undefined) {
      const [row] = await db.query<{ at: string }>(`SELECT (${firstRunSql})::text AS at`, [
        interval,
        [...dueRuns],
      ]);
      firstRun = row?.at ?? '-infinity';
    }
    rules.push({ rule, value: rule.withRuns === true ? (firstRun ?? '-infinity') : interval });
  }
  return rules;
}

async function countRows(
  db: Database,
  policy: Policy,
  tables: readonly KeptTable[],
  months: readonly DueMonth[],
): Promise<DueRows[]> {
  const dueRuns = months.filter(({ table }) => table === 'test_runs').map(({ partition }) => partition);
  const counts: DueRows[] = [];
  for (const { rule, value } of await rulesOf(db, policy, tables, dueRuns)) {
    const [row] = await db.query<{ rows: number }>(
      `SELECT count(*) AS rows FROM ${rule.table} t WHERE ${rule.where}`,
      [value],
    );
    counts.push({ table: rule.table, rows: Number(row?.rows ?? 0), how: rule.how });
  }
  return counts;
}
