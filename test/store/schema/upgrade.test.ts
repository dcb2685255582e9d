// Programs and databases of different ages: who may go on, who is told what, and databases that are not ours to upgrade.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { writeReport } from '../../../scripts/make-report.mjs';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect } from '../../../src/store/database/port.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { type Migration, migrations } from '../../../src/store/schema/migrations.generated.ts';
import { readSchemaState } from '../../../src/store/schema/state.ts';
import { runCli } from '../../support/cli.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  type TestDatabase,
  temporaryDir,
  uniqueRole,
} from '../../support/databases.ts';
import { migrationOf, nextMigrations, nextName, nextNumber } from '../../support/next-migration.ts';
import { startPgBouncer } from '../../support/pgbouncer.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

const connectTo =
  (url: string): Connect =>
  (limits) =>
    openPostgres(url, limits);

async function migrateTo(url: string, list: readonly Migration[] = migrations): Promise<string[]> {
  const db = await openPostgres(url);
  try {
    return await migrate(db, { list, connect: connectTo(url) });
  } finally {
    await db.close();
  }
}

/** A program that knows `list` stores a run. */
const upload = (url: string, key: string, list: readonly Migration[] = migrations) =>
  saveRun(connectTo(url), makeUpload(key), sourceOf([makeResult(1)]), makeOptions({ migrations: list }));

const count = async (url: string): Promise<number> => {
  const [row] = await rowsOf<{ n: number }>(
    url,
    'SELECT (SELECT count(*) FROM test_runs)::int + (SELECT count(*) FROM test_results)::int AS n',
  );
  return row?.n ?? -1;
};

let dir: string;
let report: string;
beforeAll(async () => {
  dir = await temporaryDir();
  report = path.join(dir, 'results.xml');
  await writeReport(report, { tests: 3 });
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('a database that is one migration newer than the program', () => {
  let database: ReadyDatabase;
  beforeAll(async () => {
    database = await createReadyDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  test('takes its uploads where that migration lets older programs go on, from both programs and from the built one', async () => {
    await migrateTo(database.adminUrl, nextMigrations());
    expect(await upload(database.uploadUrl, 'before')).toMatchObject({ stored: 'new' });
    expect(await upload(database.uploadUrl, 'after', nextMigrations())).toMatchObject({ stored: 'new' });
    const cli = await runCli('lukhas-upload', [report], { env: { DATABASE_URL: database.uploadUrl } });
    expect([cli.code, cli.stderr]).toEqual([0, expect.not.stringContaining('newer')]);
    const rows = await rowsOf(
      database.adminUrl,
      'SELECT tries, count(*)::int AS runs FROM test_runs GROUP BY 1',
    );
    expect(rows).toEqual([{ tries: 1, runs: 3 }]);
  });

  test('is not migrated by it, and its administrator is told to upgrade', async () => {
    await expect(migrateTo(database.adminUrl)).rejects.toMatchObject({
      code: 'database-newer',
      fix: expect.stringContaining('Upgrade lukhas-ingest'),
    });
  });

  test('keeps refusing after a later migration that lets older programs go on', async () => {
    const older = await createReadyDatabase();
    const refusing = migrationOf('SELECT 1;', 'are refused');
    const more = [...refusing, { ...(nextMigrations().at(-1) as Migration), number: nextNumber + 1 }];
    await migrateTo(older.adminUrl, more);
    await expect(upload(older.uploadUrl, 'older')).rejects.toMatchObject({ code: 'database-newer' });
    expect(await upload(older.uploadUrl, 'between', refusing)).toMatchObject({ stored: 'new' });
    await older.drop();
  });
});

describe('a database whose newest migration refuses older programs', () => {
  let database: ReadyDatabase;
  beforeAll(async () => {
    database = await createReadyDatabase();
    await migrateTo(database.adminUrl, nextMigrations({ refusesOlder: true }));
  });
  afterAll(async () => {
    await database.drop();
  });

  test('takes none of its uploads: exit code 3, one message, nothing stored', async () => {
    await expect(upload(database.uploadUrl, 'older')).rejects.toMatchObject({
      code: 'database-newer',
      message: expect.stringContaining(
        `it is at migration ${nextNumber}, this program knows ${migrations.length}`,
      ),
      fix: expect.stringContaining('Upgrade lukhas-ingest'),
    });
    const cli = await runCli('lukhas-upload', [report], { env: { DATABASE_URL: database.uploadUrl } });
    expect(cli.code).toBe(3);
    expect(cli.stderr.match(/newer than this program/g)).toHaveLength(1);
    const status = await runCli('lukhas', ['db', 'status'], { env: { DATABASE_URL: database.uploadUrl } });
    expect(status.stdout).toContain('Upgrade lukhas-ingest');
    expect(await count(database.adminUrl)).toBe(0);
  });

  test('takes those of the program that knows it', async () => {
    expect(await upload(database.uploadUrl, 'newer', nextMigrations({ refusesOlder: true }))).toMatchObject({
      stored: 'new',
    });
  });
});

test('an upload that began before a migration that refuses its program stores nothing after it', async () => {
  const database = await createReadyDatabase();
  const source = () => ({
    ...sourceOf([makeResult(1)])(),
    async *results() {
      yield [makeResult(1)];
      await migrateTo(database.adminUrl, migrationOf('SELECT 1;', 'are refused'));
      yield [makeResult(2)];
    },
    totals: sourceOf([makeResult(1), makeResult(2)])().totals,
  });
  await expect(
    saveRun(connectTo(database.uploadUrl), makeUpload('x'), source, makeOptions()),
  ).rejects.toMatchObject({ code: 'database-newer' });
  expect(await count(database.adminUrl)).toBe(0);
  await database.drop();
});

test('the newer program on the older schema says what to run and stores nothing', async () => {
  const database = await createReadyDatabase();
  for (const list of [nextMigrations(), nextMigrations({ refusesOlder: true })]) {
    await expect(upload(database.uploadUrl, 'newer', list)).rejects.toMatchObject({
      code: 'database-older',
      message: expect.stringContaining(`it is at migration ${migrations.length} of ${nextNumber}`),
      fix: 'An administrator brings it up to date: `lukhas db migrate`.',
    });
  }
  expect(await count(database.adminUrl)).toBe(0);
  await database.drop();
});

test.each([false, true])(
  'a half-migrated database: the program before goes on, the one after waits, and it says how far it is (refusing: %s)',
  async (refusesOlder) => {
    const database = await createReadyDatabase();
    const list = nextMigrations({ refusesOlder });
    const reader = new pg.Client({ connectionString: database.adminUrl });
    await reader.connect();
    await reader.query('BEGIN; SELECT count(*) FROM test_runs');
    const db = await openPostgres(database.adminUrl);
    // The column's step waits for the reader.
    await expect(
      migrate(db, { list, connect: connectTo(database.adminUrl), waitMs: 0 }),
    ).rejects.toMatchObject({
      code: 'migration-blocked',
    });
    await db.close();
    const again = await openPostgres(database.adminUrl);
    expect(await readSchemaState(again, list)).toMatchObject({ applied: migrations.length, stepsDone: 3 });
    expect(await upload(database.uploadUrl, 'before')).toMatchObject({ stored: 'new' });
    await expect(upload(database.uploadUrl, 'after', list)).rejects.toMatchObject({ code: 'database-older' });
    const status = await runCli('lukhas', ['db', 'status'], { env: { DATABASE_URL: database.adminUrl } });
    expect(status.stdout).toContain(`migration ${nextNumber} was interrupted, or is under way: 3 steps done`);
    await reader.end();
    expect(await migrate(again, { list, connect: connectTo(database.adminUrl) })).toEqual([nextName]);
    expect(await readSchemaState(again, list)).toMatchObject({ applied: nextNumber, stepsDone: 0 });
    await again.close();
    await database.drop();
  },
);

/** All objects of the database, and who may do what with them: what a refusal leaves as it was. */
const objectsOf = (url: string) =>
  rowsOf(
    url,
    `SELECT c.oid::int, c.relname AS name, pg_get_userbyid(c.relowner) AS owner, c.relacl::text AS rights, c.relrowsecurity AS rls,
       (SELECT count(*)::int FROM pg_attribute a WHERE a.attrelid = c.oid) AS columns
     FROM pg_class c WHERE c.oid >= 16384 AND c.relnamespace <> 'pg_toast'::regnamespace
     UNION ALL SELECT p.oid::int, p.proname, pg_get_userbyid(p.proowner), p.proacl::text, false, 0 FROM pg_proc p WHERE p.oid >= 16384
     UNION ALL SELECT n.oid::int, n.nspname, pg_get_userbyid(n.nspowner), n.nspacl::text, false, 0 FROM pg_namespace n
     ORDER BY 1`,
  );

/** Through the built program: one message on standard error, exit code 3, nothing changed. */
async function expectRefusal(url: string, objects: string, args: string[], words: RegExp): Promise<void> {
  const before = await objectsOf(objects);
  const cli = await runCli('lukhas', args, { env: { DATABASE_URL: url } });
  expect(cli.stderr).toMatch(words);
  expect(cli.stderr.match(/^error: /gm)).toHaveLength(1);
  expect([cli.code, cli.stdout]).toEqual([3, '']);
  expect(await objectsOf(objects)).toEqual(before);
}

describe('a database that is not ours to upgrade gives one message and stays as it was', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
    // The roles belong to the server.
    const other = await createReadyDatabase();
    await other.drop();
  });
  afterAll(async () => {
    await database.drop();
  });

  test('one of a build from before the first release', async () => {
    await asAdmin(
      database.adminUrl,
      `CREATE TABLE lukhas_migrations (
         number INTEGER CONSTRAINT lukhas_migrations_pkey PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
         applied_at TIMESTAMPTZ NOT NULL DEFAULT now());
       INSERT INTO lukhas_migrations (number, name, checksum) VALUES (1, 'roles', 'x'), (2, 'tables', 'y');
       ALTER TABLE lukhas_migrations OWNER TO lukhas_owner;
       CREATE TABLE test_runs (id uuid)`,
    );
    const words = /made by a build of lukhas-ingest from before its first release, and cannot be upgraded/;
    for (const args of [
      ['db', 'migrate'],
      ['db', 'setup', '--team', 'acme'],
      ['db', 'status'],
    ]) {
      await expectRefusal(database.adminUrl, database.adminUrl, args, words);
    }
    const before = await objectsOf(database.adminUrl);
    const cli = await runCli('lukhas-upload', [report, '--team', 'acme', '--allow-privileged-role'], {
      env: { DATABASE_URL: database.adminUrl },
    });
    expect([cli.code, cli.stderr]).toEqual([3, expect.stringMatching(words)]);
    expect(await objectsOf(database.adminUrl)).toEqual(before);
  });

  test('one of another program with tables of the same names', async () => {
    await asAdmin(
      database.adminUrl,
      'DROP TABLE lukhas_migrations, test_runs; CREATE TABLE users (id int); CREATE TABLE sessions (id int)',
    );
    const words = /something of that name is there already: sessions, users\n.*Nothing was changed/;
    for (const args of [
      ['db', 'migrate'],
      ['db', 'setup', '--team', 'acme'],
    ]) {
      await expectRefusal(database.adminUrl, database.adminUrl, args, words);
    }
  });

  test('one with somebody else\u2019s list of migrations', async () => {
    await asAdmin(
      database.adminUrl,
      'DROP TABLE users, sessions; CREATE TABLE lukhas_migrations (number int, name text, checksum text, oldest_program int)',
    );
    await expectRefusal(
      database.adminUrl,
      database.adminUrl,
      ['db', 'migrate'],
      /something of that name is there already: lukhas_migrations/,
    );
  });
});

describe('a login without rights is told whose they are, and changes nothing', () => {
  test('in an empty database', async () => {
    const database = await createDatabase();
    const role = uniqueRole('stranger');
    await asAdmin(database.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    await expectRefusal(
      database.urlFor(role, 'pw'),
      database.adminUrl,
      ['db', 'migrate'],
      /lacks a right in this database: .*\n.*the database\u2019s owner with CREATEROLE, or a superuser/,
    );
    await database.drop();
  });

  test('in one that lacks a migration', async () => {
    const database = await createReadyDatabase();
    const stranger = uniqueRole('stranger');
    await asAdmin(database.adminUrl, `CREATE ROLE ${stranger} LOGIN PASSWORD 'pw'`);
    const before = await objectsOf(database.adminUrl);
    for (const url of [database.uploadUrl, database.urlFor(stranger, 'pw')]) {
      await expect(migrateTo(url, nextMigrations())).rejects.toMatchObject({
        code: 'database-rights',
        message: expect.stringContaining('permission denied'),
        fix: expect.stringContaining('lukhas db'),
      });
    }
    expect(await objectsOf(database.adminUrl)).toEqual(before);
    await database.drop();
  });
});

describe('through PgBouncer', () => {
  const places = (url: string, poolSize: number, mode: 'session' | 'transaction') =>
    startPgBouncer(url, { poolSize, mode });

  test('in session mode with one place a migration is refused before anything is changed', async ({
    skip,
  }) => {
    const empty = await createDatabase();
    const older = await createReadyDatabase();
    const pooler = await places(older.uploadUrl, 1, 'session');
    if (pooler === undefined) return skip('pgbouncer is not installed (Debian: pgbouncer)');
    onTestFinished(pooler.stop);
    const refusal = {
      code: 'migration-connections',
      message: expect.stringContaining('a migration needs two connections at once'),
      fix: expect.stringContaining('default_pool_size'),
    };
    const states = await Promise.all([empty, older].map(({ adminUrl }) => objectsOf(adminUrl)));
    await Promise.all(
      [empty, older].map(({ adminUrl }) =>
        expect(migrateTo(pooler.url(adminUrl), nextMigrations())).rejects.toMatchObject(refusal),
      ),
    );
    expect(await Promise.all([empty, older].map(({ adminUrl }) => objectsOf(adminUrl)))).toEqual(states);
    await empty.drop();
    await older.drop();
  });

  test.for([
    ['session', 2],
    ['transaction', 2],
    ['session', 3],
    ['transaction', 3],
  ] as const)(
    'in %s mode with %i places it is applied, and says that it waits',
    async ([mode, poolSize], { skip }) => {
      const database = await createReadyDatabase();
      const pooler = await places(database.uploadUrl, poolSize, mode);
      if (pooler === undefined) return skip('pgbouncer is not installed (Debian: pgbouncer)');
      onTestFinished(pooler.stop);
      const url = pooler.url(database.adminUrl);
      const reader = new pg.Client({ connectionString: database.adminUrl });
      await reader.connect();
      await reader.query('BEGIN; SELECT count(*) FROM test_runs');
      const messages: string[] = [];
      const db = await openPostgres(url);
      const running = migrate(db, {
        list: nextMigrations(),
        connect: connectTo(url),
        onWait: (message) => messages.push(message),
      });
      const ended = running.then(
        () => true,
        () => true,
      );
      // The third place is the one that sees who blocks: on a slow machine not before it says so again.
      const names = poolSize === 2 ? 'somebody\u2019s lock' : 'pid \\d+ \\(login postgres, its';
      const telling = new RegExp(`^migration ${nextNumber}, the column with a default: waiting for ${names}`);
      const isTold = () => telling.test(messages.at(-1) ?? '');
      while (!isTold() && messages.length < 3 && !(await Promise.race([ended, sleep(100)])));
      if (messages.length === 0) await running;
      expect(messages.at(-1)).toMatch(telling);
      await reader.end();
      expect(await running).toEqual([nextName]);
      await db.close();
      await database.drop();
    },
  );
});
