// Objects of our names, made by the login itself, in a session that a pooler hands on and in a schema before ours. An upload is
// stored where it belongs; it is never called stored with less.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { listMemories } from '../../../src/store/healix/memories.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { inTeam, openAccess } from '../../../src/store/schema/access.ts';
import { readRunHistory } from '../../../src/storing.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { type Pooler, startPgBouncer } from '../../support/pgbouncer.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';

// More than are stored without a temporary table.
const results = [makeFailure(0), ...Array.from({ length: 400 }, (_, n) => makeResult(n + 1))];
const coverage = Array.from({ length: 7 }, (_, n) => makeCoverage(n));

let database: ReadyDatabase;
let tables: string[];
let functions: string[];
beforeAll(async () => {
  database = await createReadyDatabase();
  await asAdmin(
    database.adminUrl,
    `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution, root_cause)
     SELECT '${database.team.id}', '${results[0]?.testName}', '${results[0]?.failureSignature}', 'the real one', 'known'`,
  );
  const names = async (sql: string) =>
    (await rowsOf<{ name: string }>(database.adminUrl, sql)).map(({ name }) => name);
  tables = await names(
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
  );
  functions = await names(
    `SELECT format('%I(%s) RETURNS %s', proname, pg_get_function_identity_arguments(oid),
       CASE WHEN proname IN ('lukhas_team_id', 'lukhas_find_team') THEN 'uuid' WHEN proname = 'month_is_ready' THEN 'boolean' ELSE 'text' END) AS name
     FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype`,
  );
});
afterAll(async () => {
  await database.drop();
});

/** What the login can make in a place; what PostgreSQL refuses is no attack. */
function objects(place: 'pg_temp' | 'evil'): string[] {
  const system = [
    'pg_class',
    'pg_namespace',
    'pg_roles',
    'pg_attribute',
    'pg_inherits',
    'pg_stat_activity',
    'pg_locks',
  ];
  return [
    // Our tables, as tables of the same columns, some as views that swallow what they are given.
    ...tables.flatMap((table, n) =>
      n % 3 === 2
        ? [
            `CREATE VIEW ${place}.${table} AS SELECT * FROM public.${table} WHERE false`,
            `CREATE RULE swallow AS ON INSERT TO ${place}.${table} DO INSTEAD NOTHING`,
          ]
        : [
            `CREATE TABLE ${place}.${table} (LIKE public.${table} INCLUDING DEFAULTS)`,
            `CREATE TABLE ${place}.${table} (id int)`,
            `INSERT INTO ${place}.${table} SELECT * FROM public.${table}`,
          ],
    ),
    ...system.map(
      (table) => `CREATE TABLE ${place}.${table} AS SELECT * FROM pg_catalog.${table} WHERE false`,
    ),
    ...functions.map((signature) => `CREATE FUNCTION ${place}.${signature} LANGUAGE sql AS 'SELECT NULL'`),
    ...['count("any") RETURNS bigint', 'now() RETURNS timestamptz', 'coalesce(text) RETURNS text'].map(
      (signature) => `CREATE FUNCTION ${place}.${signature} LANGUAGE sql AS 'SELECT NULL'`,
    ),
    ...['text', 'uuid', 'timestamptz', 'integer', '"varchar"'].flatMap((type) => [
      `CREATE FUNCTION ${place}.never(${type}, ${type}) RETURNS boolean LANGUAGE sql AS 'SELECT false'`,
      `CREATE OPERATOR ${place}.= (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = ${place}.never)`,
    ]),
    ...['uuid', 'text', 'timestamptz', 'bytea', 'varchar'].map(
      (type) => `CREATE DOMAIN ${place}.${type} AS pg_catalog.int4 CHECK (VALUE < 0)`,
    ),
  ];
}

/** Runs each statement on one connection; returns how many were taken. */
async function plant(url: string, statements: readonly string[]): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let taken = 0;
  for (const statement of statements) {
    taken += await client.query(statement).then(
      () => 1,
      () => 0,
    );
  }
  await client.end();
  return taken;
}

async function rowsStored(): Promise<unknown> {
  const [row] = await rowsOf(
    database.adminUrl,
    `SELECT (SELECT count(*)::int FROM public.test_runs) AS runs, (SELECT count(*)::int FROM public.test_results) AS results,
       (SELECT count(*)::int FROM public.test_results WHERE healix_memory_id IS NOT NULL) AS matched,
       (SELECT count(*)::int FROM public.coverage_data) AS coverage, (SELECT count(*)::int FROM public.ingest_uploads) AS uploads`,
  );
  return row;
}

async function uploadAndAsk(url: string, key: string): Promise<void> {
  const connect = (limits?: { stallMs: number }) => openPostgres(url, limits);
  const saved = await saveRun(connect, makeUpload(key), sourceOf(results, coverage), makeOptions());
  expect(saved).toMatchObject({ stored: 'new', team: 'acme' });
  expect(await rowsStored()).toEqual({
    runs: 1,
    results: results.length,
    matched: 1,
    coverage: coverage.length,
    uploads: 1,
  });
  const again = await saveRun(connect, makeUpload(key), sourceOf(results, coverage), makeOptions());
  expect(again).toEqual({ ...saved, stored: 'already' });
  const history = await readRunHistory(connect, {
    saved,
    teamSlug: undefined,
    allowPrivilegedRole: false,
    baseBranch: undefined,
  });
  expect(JSON.stringify(history)).toContain('the real one');
  const db = await connect();
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  expect((await listMemories(db, access, { limit: 10 })).memories).toMatchObject([
    { solution: 'the real one' },
  ]);
  await db.close();
}

beforeEach(async () => {
  await asAdmin(
    database.adminUrl,
    'TRUNCATE public.test_runs, public.test_results, public.coverage_data, public.ingest_uploads',
  );
});

describe('through a pooler in transaction mode', () => {
  let pooler: Pooler | undefined;
  beforeAll(async () => {
    // One place, so that everything runs on one session.
    pooler = await startPgBouncer(database.uploadUrl, { poolSize: 1 });
  });
  afterAll(async () => {
    await pooler?.stop();
  });

  test('temporary objects of our names that the login left in the session stand in for nothing', async ({
    skip,
  }) => {
    if (pooler === undefined) skip('pgbouncer is not installed (Debian: pgbouncer)');
    const url = pooler?.url(database.uploadUrl) ?? '';
    expect(await plant(url, objects('pg_temp'))).toBeGreaterThan(40);
    const [left] = await rowsOf<{ n: number }>(
      url,
      `SELECT count(*)::int AS n FROM pg_catalog.pg_class WHERE relpersistence = 't'`,
    );
    // They are still there when the upload comes.
    expect(left?.n).toBeGreaterThan(10);
    await uploadAndAsk(url, 'pooled');
  });
});

test('objects of our names in a schema that the login put before ours stand in for nothing', async () => {
  await asAdmin(
    database.adminUrl,
    `GRANT CREATE ON DATABASE ${database.name} TO ${database.role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${database.role}`,
  );
  const planted = await plant(database.uploadUrl, [
    'CREATE SCHEMA evil',
    ...objects('evil'),
    `ALTER ROLE ${database.role} SET search_path = evil, pg_catalog, public`,
  ]);
  expect(planted).toBeGreaterThan(40);
  expect(
    await rowsOf(database.uploadUrl, 'SELECT pg_catalog.current_schema()::pg_catalog.text AS s'),
  ).toEqual([{ s: 'evil' }]);
  await uploadAndAsk(database.uploadUrl, 'before');
});

test.each([
  ['refuses rows', 'BEFORE INSERT', 'FOR EACH ROW', 'RETURN NULL'],
  [
    'deletes them again',
    'AFTER INSERT',
    'FOR EACH STATEMENT',
    'DELETE FROM public.test_results; RETURN NULL',
  ],
])('a trigger that %s makes the upload fail, with nothing stored', async (_, when, each, body) => {
  await asAdmin(
    database.adminUrl,
    `CREATE FUNCTION public.lose_rows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${body}; END';
     CREATE TRIGGER lose_rows ${when} ON public.test_results ${each} EXECUTE FUNCTION public.lose_rows()`,
  );
  await expect(
    saveRun(
      (limits) => openPostgres(database.adminUrl, limits),
      makeUpload('lost', { teamSlug: 'acme' }),
      sourceOf(results, coverage),
      makeOptions({ allowPrivilegedRole: true }),
    ),
  ).rejects.toMatchObject({ code: 'database-rows-missing' });
  await asAdmin(database.adminUrl, 'DROP FUNCTION public.lose_rows() CASCADE');
  expect(await rowsStored()).toMatchObject({ runs: 0, results: 0, coverage: 0, uploads: 0 });
});

test('the server compiles no statement of a team, whatever the database’s default is', async () => {
  await asAdmin(database.adminUrl, `ALTER DATABASE ${database.name} SET jit = on`);
  const db = await openPostgres(database.uploadUrl);
  try {
    const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
    const asked = () => db.query("SELECT current_setting('jit') AS jit");
    expect(await inTeam(db, access, asked)).toEqual([{ jit: 'off' }]);
  } finally {
    await db.close();
  }
});
