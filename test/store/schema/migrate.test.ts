// The schema as migrations make it: the same everywhere, once, and never by a program that does not know it.

import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { openPglite } from '../../../src/store/database/pglite.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { grantUploads, openAccess } from '../../../src/store/schema/access.ts';
import { dumpSchema } from '../../../src/store/schema/catalogue.ts';
import { openEmbedded } from '../../../src/store/schema/embedded.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { migrations } from '../../../src/store/schema/migrations.generated.ts';
import { ensurePartitions } from '../../../src/store/schema/partitions.ts';
import { readSchemaState, requireSchema } from '../../../src/store/schema/state.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
import {
  asAdmin,
  createDatabase,
  createDatabaseOn,
  createEmbedded,
  rowsOf,
  type TestDatabase,
  temporaryDir,
  uniqueRole,
} from '../../support/databases.ts';
import { runInProcess } from '../../support/in-process.ts';
import { long } from '../../support/long.ts';
import { testMajor } from '../../support/majors.ts';
import { startPostgres } from '../../support/postgres.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';
import { rowsIn } from '../../support/sql.ts';
import { bareArchive } from '../../support/templates.ts';

const schemaFile = new URL('../../../docs/schema.sql', import.meta.url);

async function migrateOnce(url: string): Promise<string[]> {
  const db = await openPostgres(url);
  try {
    return await migrate(db);
  } finally {
    await db.close();
  }
}

async function dumpOf(url: string): Promise<string> {
  const db = await openPostgres(url);
  try {
    return await dumpSchema((sql) => rowsIn(db, sql));
  } finally {
    await db.close();
  }
}

test('the baked module is fresh', async () => {
  await promisify(execFile)(process.execPath, ['scripts/generate-migrations.mjs', '--check']);
});

test.runIf(long)(
  'twenty migrations at once into each of two empty databases of a new server leave the schema of the repository',
  async () => {
    // A server of its own, because roles belong to the server: on the shared one they are there already.
    const server = await startPostgres({ external: false, settings: { fsync: 'off' } });
    try {
      const databases = [await createDatabaseOn(server.adminUrl), await createDatabaseOn(server.adminUrl)];
      const applied = await Promise.all(
        Array.from({ length: 40 }, (_, number) => migrateOnce(databases[number % 2]?.adminUrl ?? '')),
      );
      expect(applied.flat()).toHaveLength(2 * migrations.length);
      const expected = await readFile(schemaFile, 'utf8');
      for (const database of databases) {
        expect(await dumpOf(database.adminUrl)).toBe(expected);
        const list = await rowsOf(
          database.adminUrl,
          'SELECT number, checksum FROM lukhas_migrations ORDER BY number',
        );
        expect(list).toEqual(migrations.map(({ number, checksum }) => ({ number, checksum })));
      }
    } finally {
      await server.stop();
    }
  },
);

test('the embedded database, made on first use, has the same schema', async () => {
  // A copy of the one that this run made.
  const { db, remove } = await createEmbedded();
  try {
    expect(await dumpSchema((sql) => rowsIn(db, sql))).toBe(await readFile(schemaFile, 'utf8'));
    // An index of a partitioned table is valid where all partitions have it.
    expect(await rowsIn(db, 'SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid')).toEqual(
      [],
    );
    const applied = await rowsIn(db, 'SELECT number, name, checksum FROM lukhas_migrations ORDER BY number');
    expect(applied).toEqual(migrations.map(({ number, name, checksum }) => ({ number, name, checksum })));
  } finally {
    await remove();
  }
});

test('what the embedded database is made from has the whole schema, and is dated when it is unpacked', async () => {
  const dir = await temporaryDir();
  const before = Date.now();
  const db = await openPglite(path.join(dir, 'packed'));
  expect(await migrate(db)).toEqual([]);
  await db.close();
  const made = await openEmbedded(path.join(dir, 'made'));
  const [row] = await rowsIn<{ first: Date }>(made, 'SELECT min(applied_at) AS first FROM lukhas_migrations');
  expect(row?.first.getTime()).toBeGreaterThanOrEqual(before);
  await made.close();
  await rm(dir, { recursive: true, force: true });
});

test.runIf(long)('what the embedded database is made from is what initdb makes', async () => {
  const dir = await temporaryDir();
  const byInitdb = path.join(dir, 'initdb');
  await mkdir(byInitdb);
  await (await PGlite.create(path.join(byInitdb, 'database'))).close();
  const facts = async (place: string) => {
    const db = await openPglite(place);
    try {
      return await Promise.all(
        [
          'SELECT catalog_version_no, pg_control_version FROM pg_control_system()',
          // Without the templates, and with our roles.
          "SELECT datname, encoding, datcollate, datctype, datlocprovider FROM pg_database WHERE datname = 'postgres'",
          "SELECT rolname, rolsuper, rolcanlogin FROM pg_roles WHERE rolname NOT LIKE 'lukhas%' ORDER BY rolname",
          "SELECT name, setting FROM pg_settings WHERE source = 'configuration file' AND name <> 'log_timezone' ORDER BY name",
        ].map((sql) => rowsIn(db, sql)),
      );
    } finally {
      await db.close();
    }
  };
  expect(await facts(path.join(dir, 'packed'))).toEqual(await facts(byInitdb));
  await rm(dir, { recursive: true, force: true });
});

describe('in a database of its own', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  test('nothing is set up: an upload is told what to do', async () => {
    const db = await openPostgres(database.adminUrl);
    await expect(openAccess(db, { teamSlug: 'x', allowPrivilegedRole: true })).rejects.toMatchObject({
      code: 'database-not-set-up',
      fix: expect.stringContaining('lukhas db setup'),
    });
    await db.close();
  });

  test('migrating twice changes nothing', async () => {
    expect(await migrateOnce(database.adminUrl)).toHaveLength(migrations.length);
    expect(await migrateOnce(database.adminUrl)).toEqual([]);
  });

  test('a database that is newer than the program is left alone', async () => {
    const db = await openPostgres(database.adminUrl);
    const older = migrations.slice(
      0,
      migrations.findLastIndex(({ refusesOlder }) => refusesOlder),
    );
    const refusal = {
      code: 'database-newer',
      message: expect.stringContaining('database is newer than this program'),
      fix: expect.stringContaining('Upgrade lukhas-ingest'),
    };
    await expect(requireSchema(db, older)).rejects.toMatchObject(refusal);
    await expect(migrate(db, { list: older })).rejects.toMatchObject(refusal);
    await db.close();
  });

  test('a database that is older than the program takes no upload before it is migrated', async () => {
    await asAdmin(database.adminUrl, `DELETE FROM lukhas_migrations WHERE number = ${migrations.length}`);
    const db = await openPostgres(database.adminUrl);
    await expect(openAccess(db, { teamSlug: 'x', allowPrivilegedRole: true })).rejects.toMatchObject({
      code: 'database-older',
      fix: expect.stringContaining('lukhas db migrate'),
    });
    await db.close();
  });

  test('a history that differs from ours is refused', async () => {
    await asAdmin(database.adminUrl, `UPDATE lukhas_migrations SET checksum = 'other' WHERE number = 2`);
    await expect(migrateOnce(database.adminUrl)).rejects.toMatchObject({ code: 'database-history-differs' });
  });
});

test('a failing migration leaves nothing of itself behind', async () => {
  const database = await createDatabase();
  const db = await openPostgres(database.adminUrl);
  const broken = [
    ...migrations,
    {
      number: migrations.length + 1,
      name: 'broken',
      checksum: 'x',
      refusesOlder: false,
      steps: [{ title: 'half of it', inTransaction: true, sql: 'CREATE TABLE half (id int); SELECT 1 / 0;' }],
    },
  ];
  await expect(migrate(db, { list: broken })).rejects.toMatchObject({ sqlstate: '22012' });
  expect(await readSchemaState(db)).toMatchObject({ applied: migrations.length });
  expect(await rowsIn(db, `SELECT to_regclass('half') AS half`)).toEqual([{ half: null }]);
  await db.close();
  await database.drop();
});

test('tables of the same names that belong to somebody else are not touched', async () => {
  const database = await createDatabase();
  await asAdmin(database.adminUrl, 'CREATE TABLE users (id int)');
  await expect(migrateOnce(database.adminUrl)).rejects.toMatchObject({
    code: 'database-name-taken',
    message: expect.stringContaining('users'),
    fix: expect.stringContaining('search_path'),
  });
  await database.drop();
});

test('the database\u2019s owner with CREATEROLE, who is no superuser, sets everything up, and the credential uploads', async () => {
  const database = await createDatabase();
  const owner = uniqueRole('owner');
  await asAdmin(
    database.adminUrl,
    `CREATE ROLE ${owner} LOGIN CREATEROLE PASSWORD 'pw'; ALTER DATABASE ${database.name} OWNER TO ${owner}`,
  );
  const ownerUrl = database.urlFor(owner, 'pw');
  const db = await openPostgres(ownerUrl);
  // The superuser's: see the next test.
  if (testMajor >= 16)
    await asAdmin(
      database.adminUrl,
      `GRANT lukhas_owner, lukhas_ingest, lukhas_service TO ${owner} WITH ADMIN OPTION`,
    );
  expect(await migrate(db)).toHaveLength(migrations.length);
  expect(await ensurePartitions(db, { monthsAhead: 0 })).toHaveLength(3);
  await addTeam(db, { slug: 'acme' });
  const grant = await grantUploads(db, { teamSlug: 'acme', role: uniqueRole(), adminUrl: ownerUrl });
  await db.close();
  const saved = await saveRun(
    (limits) => openPostgres(grant.databaseUrl, limits),
    makeUpload('x'),
    sourceOf([makeResult(1)]),
    makeOptions(),
  );
  expect(saved).toMatchObject({ stored: 'new', team: 'acme' });
  // The owner could read and write every team: no credential for uploads.
  await expect(
    saveRun(
      (limits) => openPostgres(ownerUrl, limits),
      makeUpload('y', { teamSlug: 'acme' }),
      sourceOf([]),
      makeOptions(),
    ),
  ).rejects.toMatchObject({ code: 'role-privileged' });
  await database.drop();
});

test('the same holds under the rules for roles of PostgreSQL 16 and later', async () => {
  // The embedded database is PostgreSQL 18: there, making a role no longer means being allowed to act as it.
  const dir = await temporaryDir();
  const db = await openPglite(dir, { archive: await bareArchive() });
  await db.outside(
    `CREATE ROLE boss LOGIN CREATEROLE; ALTER DATABASE postgres OWNER TO boss;
     CREATE ROLE lukhas_owner; CREATE ROLE lukhas_ingest; CREATE ROLE lukhas_service; SET SESSION AUTHORIZATION boss`,
  );
  // As another installation on the server leaves them.
  const refused = await migrate(db).catch((error) => error);
  expect(refused).toMatchObject({
    code: 'database-rights',
    message: expect.stringContaining('"lukhas_owner", which somebody else made'),
  });
  const grant = /GRANT lukhas_owner, .* WITH ADMIN OPTION/.exec(refused.fix)?.[0] ?? '';
  await db.outside(
    `SET SESSION AUTHORIZATION postgres; ${grant.replace('the login', 'boss')}; SET SESSION AUTHORIZATION boss`,
  );
  expect(await migrate(db)).toHaveLength(migrations.length);
  await addTeam(db, { slug: 'acme' });
  expect(await ensurePartitions(db, { monthsAhead: 0 })).toHaveLength(3);
  const made = await grantUploads(db, {
    teamSlug: 'acme',
    role: 'ci',
    adminUrl: 'postgres://boss@localhost/postgres',
  });
  expect(made.passwordIsNew).toBe(true);
  await db.outside('SET SESSION AUTHORIZATION ci');
  expect(await rowsIn(db, 'SELECT slug FROM teams')).toEqual([{ slug: 'acme' }]);
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

test('an administrator who may make no roles is told what is missing', async () => {
  const database = await createDatabase();
  const role = uniqueRole('weak');
  await asAdmin(database.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
  await expect(migrateOnce(database.urlFor(role, 'pw'))).rejects.toMatchObject({
    code: 'database-rights',
    fix: expect.stringContaining('CREATEROLE'),
  });
  await database.drop();
});

test('everything goes into the schema that the search_path names, whatever it is called, and every command finds it there', async () => {
  const database = await createDatabase();
  const schema = `Our "Tests", it's\\1. $a [select]`;
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  await asAdmin(
    database.adminUrl,
    `CREATE SCHEMA ${quoted}; ALTER ROLE postgres IN DATABASE ${database.name} SET search_path = ${quoted}`,
  );
  const role = uniqueRole();
  const lukhas = (...args: string[]) =>
    runInProcess('lukhas', [...args, '--database-url', database.adminUrl], { env: { NO_COLOR: '1' } });
  const made = await lukhas('db', 'setup', '--team', 'acme', '--role', role);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const uploadUrl = /^postgres:\S+$/m.exec(made.stdout)?.[0] ?? '';
  const saved = await saveRun(
    (limits) => openPostgres(uploadUrl, limits),
    makeUpload('x'),
    sourceOf([makeResult(1)]),
    makeOptions(),
  );
  expect(await rowsOf(database.adminUrl, `SELECT id FROM ${quoted}.test_runs`)).toEqual([
    { id: saved.runId },
  ]);
  expect(
    await rowsOf(
      database.adminUrl,
      `SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
    ),
  ).toEqual([{ n: 0 }]);
  // What was lost is found and made right, here as anywhere.
  await asAdmin(
    database.adminUrl,
    'ALTER TABLE test_runs DISABLE ROW LEVEL SECURITY; ALTER TABLE users OWNER TO postgres',
  );
  expect((await lukhas('db', 'setup', '--team', 'acme', '--role', role)).stdout).toMatch(
    /^repaired +owners: table users\n +row-level security: test_runs$/m,
  );
  const status = await lukhas('db', 'status');
  expect(status).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/to repair|not as made/) });
  expect(await lukhas('db', 'retain', '--yes')).toMatchObject({ code: 0, stderr: '' });
  expect(await lukhas('team', 'list')).toMatchObject({ code: 0, stdout: expect.stringContaining('acme') });
  expect(await lukhas('db', 'revoke', '--team', 'acme', '--role', role)).toMatchObject({ code: 0 });
  await database.drop();
});

test('a search_path without an existing schema is told apart', async () => {
  const database = await createDatabase();
  await asAdmin(
    database.adminUrl,
    `ALTER ROLE postgres IN DATABASE ${database.name} SET search_path = nowhere`,
  );
  await expect(migrateOnce(database.adminUrl)).rejects.toMatchObject({ code: 'database-schema-missing' });
  await database.drop();
});

test('what a platform gives its public roles on new objects is taken back', async () => {
  const database = await createDatabase();
  const admin = inject('postgresAdminUrl');
  await asAdmin(
    admin,
    `DO $$ BEGIN CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  );
  const earlier = await createDatabase();
  await migrateOnce(earlier.adminUrl);
  await earlier.drop();
  // As Supabase does, and once more for the role that our tables belong to, which exists from an earlier database.
  for (const creator of ['postgres', 'lukhas_owner']) {
    await asAdmin(
      database.adminUrl,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${creator} IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated;
       ALTER DEFAULT PRIVILEGES FOR ROLE ${creator} IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated;
       GRANT USAGE ON SCHEMA public TO anon, authenticated`,
    );
  }
  await migrateOnce(database.adminUrl);
  const db = await openPostgres(database.adminUrl);
  await ensurePartitions(db, { monthsAhead: 1 });
  await db.close();
  const rights = await rowsOf(
    database.adminUrl,
    `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND has_table_privilege('anon', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
     UNION ALL SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
       AND has_function_privilege('authenticated', p.oid, 'EXECUTE')`,
  );
  expect(rights).toEqual([]);
  await database.drop();
});
