// Whoever runs a migration reads at the head of its file whom it will hold up: the head says what is true.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockModes, readMigration } from '../../../scripts/read-migration.mjs';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { migrations } from '../../../src/store/schema/migrations.generated.ts';
import { asAdmin, createDatabase, rowsOf, type TestDatabase } from '../../support/databases.ts';
import { nextMigrations, nextName } from '../../support/next-migration.ts';

const folder = new URL('../../../src/store/schema/migrations/', import.meta.url);
const read = (file: string, url: URL) => readMigration(file, readFileSync(url, 'utf8'));
const files = [
  ...readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => read(file, new URL(file, folder))),
  read(`${nextName}.sql`, new URL('../../support/next-migration.sql', import.meta.url)),
];

type Lock = { readonly oid: number; readonly name: string; readonly mode: string };

/** Our tables that this transaction has locked; all partitions of a table under one name. */
const locksSql = `
  SELECT c.oid::int AS oid, coalesce('partitions of ' || p.relname, c.relname::text) AS name,
    upper(trim(regexp_replace(replace(l.mode, 'Lock', ''), '([A-Z])', ' \\1', 'g'))) AS mode
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
  WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND c.relkind IN ('r', 'p')
    AND c.relnamespace = 'public'::regnamespace`;

/** The strongest mode by table of what the migration takes on tables that were there before it, beside the runner's own. */
async function locksTaken(url: string, upTo: number): Promise<Record<string, string>> {
  const before = await rowsOf<{ oid: number }>(
    url,
    `SELECT oid::int AS oid FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  );
  const known = new Set(before.map(({ oid }) => oid));
  const taken: Record<string, string> = {};
  const db = await openPostgres(url);
  const looking: Database = {
    ...db,
    script: async (sql) => {
      const key = ({ oid, mode }: Lock) => `${oid} ${mode}`;
      const runners = new Set((await db.query<Lock>(locksSql)).map(key));
      await db.script(sql);
      for (const lock of await db.query<Lock>(locksSql)) {
        const strength = lockModes.indexOf(lock.mode);
        if (!known.has(lock.oid) || runners.has(key(lock)) || strength < 0) continue;
        if (strength > lockModes.indexOf(taken[lock.name] ?? '')) taken[lock.name] = lock.mode;
      }
    },
  };
  try {
    const list = nextMigrations().slice(0, upTo);
    expect(await migrate(looking, { list, connect: (limits) => openPostgres(url, limits) })).toHaveLength(1);
  } finally {
    await db.close();
  }
  return taken;
}

describe('a migration takes the locks that its head declares, no stronger ones and no fewer', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  // One after the other, each on what those before it have made.
  test.each(files.map((file) => [file.name, file] as const))('%s', async (_, file) => {
    // The months are what a database in use has.
    if (file.number > 4) await asAdmin(database.adminUrl, 'SELECT ensure_partitions(1, 1)');
    expect(await locksTaken(database.adminUrl, file.number)).toEqual(file.locks);
  });
});

test('the files are the migrations of the program, and one more', () => {
  expect(files.slice(0, -1).map(({ locks: _, ...migration }) => migration)).toEqual(
    migrations.map((migration) => ({
      ...migration,
      steps: migration.steps.map((step) => ({ partitionsOf: undefined, ...step })),
    })),
  );
});

test('a head that says nothing understandable about locks is refused when it is written', () => {
  const text = (locks: string) =>
    `-- Purpose: x\n-- Locks: ${locks}\n-- Older programs: are refused\n-- Reversible: no\n\nSELECT 1;`;
  for (const locks of ['', 'some', 'teams: EXCLUSIV', 'teams ACCESS EXCLUSIVE', 'teams: ROW SHARE']) {
    expect(() => readMigration('0009-x.sql', text(locks)), locks).toThrow('0009-x.sql: "-- Locks:"');
  }
  expect(
    readMigration('0009-x.sql', text('teams,\n--   users: SHARE; partitions of test_runs: EXCLUSIVE')).locks,
  ).toEqual({
    teams: 'SHARE',
    users: 'SHARE',
    'partitions of test_runs': 'EXCLUSIVE',
  });
});
