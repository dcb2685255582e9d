// Facts about a database for `lukhas doctor`. Decides nothing; what cannot be asked is a trouble, and the next question goes on.
import { InputError, StoreError } from '../../errors.ts';
import {
  type ConnectionFacts,
  type DatabaseFacts,
  type IndexFacts,
  type JobFacts,
  type MonthFacts,
  noDatabaseFacts,
  type OverdueFacts,
  type TableFacts,
  type Trouble,
} from '../../health.ts';
import { type PgVariables, parseConnectionUrl } from '../database/connection-url.ts';
import type { Connect, Database } from '../database/port.ts';
import { beginIn, beginInCatalog } from '../database/search-path.ts';
import { describeSession, openAccess, type SessionState } from '../schema/access.ts';
import { expected } from '../schema/catalogue.generated.ts';
import { describeDamage, findLostLogins } from '../schema/mend.ts';
import { newerDatabase, olderDatabase, readSchemaState, type SchemaState } from '../schema/state.ts';
import { partitionedTables } from '../schema/tables.ts';
import type { Policy } from './policy.ts';

export interface HealthRequest {
  /** Opens a connection; a second one is asked for where a pooler stands between. */
  readonly connect: Connect;
  /** undefined: the embedded database. */
  readonly databaseUrl: string | undefined;
  readonly env: PgVariables;
  readonly teamSlug: string | undefined;
  /** How long rows are kept. */
  readonly policy: Policy;
  /** This machine's time. */
  readonly clock: () => Date;
}

/** Asks one question after another, as whoever the connection belongs to. Never throws for what a database refuses. */
export async function readHealth(request: HealthRequest): Promise<DatabaseFacts> {
  const troubles: Trouble[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      troubles.push(troubleOf(error));
      return undefined;
    }
  };
  const db = await attempt(() => request.connect());
  if (db === undefined) return { ...noDatabaseFacts, troubles };
  try {
    const state = await attempt(() => readSchemaState(db));
    // The pooler has ended the connection.
    if (troubles.some(({ code }) => code === 'pooler-statement')) return { ...noDatabaseFacts, troubles };
    const session = await attempt(() => describeSession(db, ourSchema(state)));
    if (session === undefined) return { ...noDatabaseFacts, troubles: distinct(troubles) };
    const connection = await attempt(() => readConnection(db, session, request));
    if (state === undefined) return { ...noDatabaseFacts, connection, troubles };
    const schema = { name: state.schema, applied: state.applied, known: state.known };
    if (state.refused) troubles.push(troubleOf(newerDatabase(state)));
    else if (state.applied < state.known) troubles.push(troubleOf(olderDatabase(state)));
    if (state.applied < state.known) return { ...noDatabaseFacts, connection, schema, troubles };
    // The team of an upload; administrators work for none.
    if (session.privilege === undefined && !db.embedded)
      await attempt(() =>
        openAccess(db, { teamSlug: request.teamSlug, allowPrivilegedRole: false }).catch((error) => {
          // A back end's login is asked about without a team as well.
          if (!(error instanceof StoreError) || error.code !== 'team-missing') throw error;
        }),
      );
    const damage = await attempt(() => describeDamage(db, state.schema));
    const lostLogins = session.owns ? await attempt(() => findLostLogins(db, state.schema)) : undefined;
    const stored = await attempt(() =>
      readStored(db, state.schema, session.owns || db.embedded ? request.policy : undefined),
    );
    return {
      ...noDatabaseFacts,
      connection,
      schema,
      damage: damage && { ...damage, mendable: damage.mendable.map(({ name }) => name) },
      lostLogins,
      ...stored,
      troubles: distinct(troubles),
    };
  } finally {
    await db.close();
  }
}

export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof StoreError) && !(error instanceof InputError)) throw error;
  // What PgBouncer says where it gives each statement another connection.
  if (/statement pooling mode/.test(error.message))
    return {
      code: 'pooler-statement',
      message:
        'the pooler gives each statement another connection (statement pooling), and an upload is one transaction',
      fix: 'PgBouncer: pool_mode = transaction, or session.',
    };
  return { code: error.code, message: error.message, fix: error.fix };
}

function distinct(troubles: readonly Trouble[]): Trouble[] {
  return [...new Map(troubles.map((trouble) => [trouble.message, trouble])).values()];
}

function ourSchema(state: SchemaState | undefined): string | undefined {
  return state === undefined || state.applied === 0 ? undefined : state.schema;
}

async function readConnection(
  db: Database,
  session: SessionState,
  { connect, databaseUrl, env, clock }: HealthRequest,
): Promise<ConnectionFacts> {
  const asked = performance.now();
  const [row] = await db.transaction(
    () =>
      db.query<{ now: Date; pid: number; read_only: boolean; bytes: number }>(
        `SELECT clock_timestamp() AS now, pg_backend_pid() AS pid, pg_database_size(current_database()) AS bytes,
           pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS read_only`,
      ),
    { begin: beginInCatalog() },
  );
  if (row === undefined) throw new Error('no row about the session itself');
  const tripMs = performance.now() - asked;
  const settings = databaseUrl === undefined ? undefined : parseConnectionUrl(databaseUrl, env);
  const isPooled = db.processId !== undefined && db.processId !== row.pid;
  return {
    server: session.server,
    login: session.role,
    privilege: session.privilege,
    team: session.team,
    administers: session.owns || db.embedded,
    remarks: settings?.remarks ?? [],
    encryption:
      settings === undefined
        ? 'embedded'
        : settings.tls === 'off'
          ? settings.remarks.length > 0
            ? 'none'
            : 'none, on this machine'
          : settings.tls === 'unverified'
            ? 'unverified'
            : 'verified',
    pooler: isPooled ? await poolerMode(connect, row.pid) : undefined,
    clockOffsetMs: clock().getTime() - row.now.getTime(),
    tripMs,
    readOnly: row.read_only,
    bytes: row.bytes,
  };
}

/** A pooler hands the server's process that the first connection has done with to the next, unless each keeps its own. */
async function poolerMode(connect: Connect, pid: number): Promise<'transaction' | 'session'> {
  const second = await connect();
  try {
    const [row] = await second.transaction(
      () => second.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
      { begin: beginInCatalog() },
    );
    return row?.pid === pid ? 'transaction' : 'session';
  } finally {
    await second.close();
  }
}

type Stored = Pick<
  DatabaseFacts,
  'months' | 'halfDetached' | 'tables' | 'indexes' | 'statisticsSince' | 'jobs' | 'overdue'
>;

/** `policy`: undefined where not all rows can be seen. */
async function readStored(db: Database, schema: string, policy: Policy | undefined): Promise<Stored> {
  return db.transaction(
    async () => {
      const months = await db.query<MonthRow>(
        `SELECT p.name AS table, b.child::text AS partition, b.lower_bound AS from, b.upper_bound AS until,
           pg_total_relation_size(b.child) AS bytes
         FROM unnest($1::text[]) AS p (name) CROSS JOIN LATERAL partition_bounds(p.name::regclass) b ORDER BY 1, 3`,
        [[...partitionedTables]],
      );
      const pending = await db.query<{ name: string }>(
        `SELECT i.inhrelid::regclass::text AS name FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
         WHERE i.inhdetachpending AND p.relnamespace = quote_ident(current_schema())::regnamespace AND p.relname = ANY ($1)`,
        [[...partitionedTables]],
      );
      const tables = await db.query<TableRow>(
        `SELECT coalesce(p.relname, c.relname)::text AS table, sum(pg_total_relation_size(c.oid))::float8 AS bytes,
           coalesce(sum(s.n_dead_tup), 0)::float8 AS dead, coalesce(sum(s.n_live_tup), 0)::float8 AS live
         FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
         LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
         WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r' GROUP BY 1 ORDER BY 2 DESC LIMIT 200`,
      );
      const [since] = await db.query<{ since: Date | null }>(
        `SELECT coalesce(stats_reset, (SELECT min(applied_at) FROM lukhas_migrations)) AS since
         FROM pg_stat_database WHERE datname = current_database()`,
      );
      const jobs = await db.query<JobRow>(
        `SELECT t.slug AS team, r.repository, r.job_name, r.lane, count(DISTINCT (r.created_at AT TIME ZONE 'UTC')::date)::int AS days,
           min(r.created_at) AS first, max(r.created_at) AS last
         FROM test_runs r JOIN teams t ON t.id = r.team_id
         WHERE r.created_at > now() - interval '60 days' AND r.created_at <= now() AND r.origin IS DISTINCT FROM 'stranger'
           AND r.job_name IS NOT NULL AND t.deleted_at IS NULL
         GROUP BY 1, 2, 3, 4 ORDER BY last DESC LIMIT 500`,
      );
      return {
        months: months.map((month): MonthFacts => month),
        halfDetached: pending.map(({ name }) => name),
        tables: tables.map(
          ({ table, bytes, dead, live }): TableFacts => ({ table, bytes, deadRows: dead, liveRows: live }),
        ),
        statisticsSince: since?.since ?? undefined,
        indexes: await readIndexes(db),
        jobs: jobs.map(
          ({ team, repository, job_name, lane, days, first, last }): JobFacts => ({
            team,
            repository: repository ?? undefined,
            jobName: job_name ?? undefined,
            lane: lane ?? undefined,
            days,
            first,
            last,
          }),
        ),
        overdue: policy === undefined ? undefined : await readOverdue(db, policy),
      };
    },
    { begin: beginIn(schema, 'SET TRANSACTION READ ONLY') },
  );
}

type MonthRow = { table: string; partition: string; from: Date; until: Date; bytes: number };
type TableRow = { table: string; bytes: number; dead: number; live: number };
type JobRow = {
  team: string;
  repository: string | null;
  job_name: string | null;
  lane: string | null;
  days: number;
  first: Date;
  last: Date;
};

/**
 * The document's monitor of index use, by the names that the view has (relname, indexrelname), and what each B-tree would take if it were
 * built anew: an item pointer, a tuple's head and its columns' mean widths by ANALYZE, 90 % full.
 */
async function readIndexes(db: Database): Promise<IndexFacts[]> {
  const rows = await db.query<{
    index: string;
    root: string;
    table: string;
    scans: number;
    bytes: number;
    needed: number | null;
    is_unique: boolean;
  }>(
    `SELECT s.indexrelname::text AS index, coalesce(root.relname, s.indexrelname)::text AS root, s.relname::text AS table,
       s.idx_scan AS scans, pg_relation_size(s.indexrelid) AS bytes, i.indisunique AS is_unique,
       CASE WHEN am.amname = 'btree' AND x.reltuples >= 0 AND w.known
         THEN ceil(x.reltuples::float8 * (12 + 8 * ceil(w.width / 8.0)) / (0.9 * 8150)) * 8192 END AS needed
     FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
     JOIN pg_class x ON x.oid = s.indexrelid JOIN pg_am am ON am.oid = x.relam
     LEFT JOIN pg_inherits h ON h.inhrelid = s.indexrelid LEFT JOIN pg_class root ON root.oid = h.inhparent
     CROSS JOIN LATERAL (
       SELECT sum(coalesce(st.avg_width, 0))::float8 AS width, bool_and(st.avg_width IS NOT NULL) AS known
       FROM pg_attribute a
       LEFT JOIN pg_attribute ta ON ta.attrelid = s.relid AND ta.attnum = i.indkey[a.attnum - 1] AND ta.attnum > 0
       LEFT JOIN pg_stats st ON st.schemaname = s.schemaname
         AND st.tablename = CASE WHEN ta.attnum IS NULL THEN s.indexrelname ELSE s.relname END
         AND st.attname = coalesce(ta.attname, a.attname)
       WHERE a.attrelid = s.indexrelid) AS w
     WHERE s.schemaname = current_schema() ORDER BY s.idx_scan, pg_relation_size(s.indexrelid) DESC LIMIT 2000`,
  );
  return rows.map(({ index, root, table, scans, bytes, needed, is_unique }) => ({
    index,
    table,
    scans,
    bytes,
    neededBytes: needed ?? undefined,
    isOurs: isMigrations(root),
    isUnique: is_unique,
  }));
}

const ownIndexes = new Set(
  Object.keys(expected.structure).flatMap((name) => {
    const match = /^(?:(?:unique )?index (\S+)|constraint \S+?\.(\S+))$/.exec(name);
    return match === null ? [] : [match[1] ?? match[2] ?? ''];
  }),
);

function isMigrations(index: string): boolean {
  return ownIndexes.has(index);
}

/** Rows older than their period by more than a monthly, or for sessions a daily, clean-up leaves. */
async function readOverdue(db: Database, policy: Policy): Promise<OverdueFacts[]> {
  const rows = await db.query<{ table: string; rows: number; oldest: Date | null }>(
    `SELECT 'consciousness_reviews' AS table, count(*)::int AS rows, min(created_at) AS oldest FROM consciousness_reviews
     WHERE created_at < now() - $1::interval - interval '1 month'
     UNION ALL
     SELECT 'sessions', count(*)::int, min(expires_at) FROM sessions WHERE expires_at < now() - $2::interval - interval '2 days'`,
    [policy.consciousness_reviews.interval ?? null, policy.sessions.interval ?? null],
  );
  return rows.flatMap(({ table, rows: count, oldest }) =>
    oldest === null ? [] : [{ table, rows: count, oldest }],
  );
}
