// Migrations beside people at work: what a step may hold up and for how long, what is left of one that was cut off, and that any
// number of runners leave what one leaves.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readMigration } from '../../../scripts/read-migration.mjs';
import type { StoreError } from '../../../src/errors.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect, Database } from '../../../src/store/database/port.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { dumpSchema } from '../../../src/store/schema/catalogue.ts';
import { type MigrateOptions, migrate } from '../../../src/store/schema/migrate.ts';
import { type Migration, migrations } from '../../../src/store/schema/migrations.generated.ts';
import { ensurePartitions } from '../../../src/store/schema/partitions.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
import { connectForTurn, holdTurn } from '../../../src/store/schema/turn.ts';
import {
  asAdmin,
  createDatabaseOn,
  createEmbedded,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
} from '../../support/databases.ts';
import { rounds, some } from '../../support/long.ts';
import { migrationOf, nextMigrations, nextName, nextNumber, ownName } from '../../support/next-migration.ts';
import { startPostgres } from '../../support/postgres.ts';
import { makeFailure, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';
import { rowsIn, scriptIn } from '../../support/sql.ts';

const server = inject('postgresAdminUrl');
const connectTo =
  (url: string): Connect =>
  (limits) =>
    openPostgres(url, limits);

async function migrateTo(
  url: string,
  list: readonly Migration[],
  options: Omit<MigrateOptions, 'list'> = {},
): Promise<string[]> {
  const db = await openPostgres(url);
  try {
    return await migrate(db, { list, connect: connectTo(url), ...options });
  } finally {
    await db.close();
  }
}

const results = Array.from({ length: 40 }, (_, number) =>
  number % 4 === 0 ? makeFailure(number) : makeResult(number),
);
const upload = (url: string, key: string, list: readonly Migration[] = migrations) =>
  saveRun(connectTo(url), makeUpload(key), sourceOf(results), makeOptions({ migrations: list }));

/** Two databases of the same state, in which tests work one after the other. */
let model: ReadyDatabase;
beforeAll(async () => {
  model = await createReadyDatabase();
  for (let n = 0; n < 3; n++) await upload(model.uploadUrl, `model ${n}`);
});
afterAll(async () => {
  await model.drop();
});

/** A copy of the model, with its data. */
async function copyOfModel(): Promise<ReadyDatabase> {
  const name = `t_copy_${Math.random().toString(36).slice(2, 12)}`;
  await asAdmin(
    server,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${model.name}'`,
  );
  await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE ${model.name} STRATEGY FILE_COPY`);
  const urlOf = (url: string): string => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  return {
    ...model,
    name,
    adminUrl: urlOf(model.adminUrl),
    uploadUrl: urlOf(model.uploadUrl),
    drop: () => asAdmin(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** All that a migration may leave, partitions included. */
async function stateOf(url: string): Promise<string> {
  const db = await openPostgres(url);
  try {
    const dump = await dumpSchema((sql) => rowsIn(db, sql));
    const leaves = await rowsIn(
      db,
      `SELECT l.relname AS leaf, x.relname AS index, pg_get_indexdef(i.indexrelid) AS made, i.indisvalid AS valid,
         p.inhparent::regclass::text AS attached
       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class l ON l.oid = i.indrelid
       LEFT JOIN pg_inherits p ON p.inhrelid = x.oid
       WHERE l.relnamespace = 'public'::regnamespace AND l.relkind IN ('r', 'p') ORDER BY 1, 2`,
    );
    const keys = await rowsIn(
      db,
      `SELECT conrelid::regclass::text AS leaf, conname, convalidated, conparentid <> 0 AS attached, pg_get_constraintdef(oid) AS made
       FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2`,
    );
    const records = await rowsIn(
      db,
      'SELECT number, name, checksum, oldest_program FROM lukhas_migrations ORDER BY 1',
    );
    const steps = await rowsIn(db, 'SELECT * FROM lukhas_migration_steps');
    return [
      dump,
      ...[leaves, keys, records, steps].map((rows) => rows.map((row) => JSON.stringify(row)).join('\n')),
    ].join('\n\n');
  } finally {
    await db.close();
  }
}

/** What an undisturbed run leaves. */
let undisturbed: string;
beforeAll(async () => {
  const database = await copyOfModel();
  await migrateTo(database.adminUrl, nextMigrations());
  undisturbed = await stateOf(database.adminUrl);
  await database.drop();
});

test('the made-up migration does what it says', () => {
  expect(undisturbed).toContain('idx_test_results_class');
  expect(undisturbed).toContain('tries integer DEFAULT 1 NOT NULL');
  expect(undisturbed).toContain('test_results_known_team_fkey');
  expect(undisturbed).not.toMatch(/"valid":false|"convalidated":false/);
});

test('an index, a column and a foreign key come into a database while uploads go on, before and after too', async () => {
  const database = await copyOfModel();
  let going = true;
  const stored: string[] = [];
  const uploading = [0, 1].map(async (who) => {
    for (let n = 0; going; n++) stored.push((await upload(database.uploadUrl, `uploader ${who} ${n}`)).runId);
  });
  const seen = async (count: number) => {
    while (stored.length < count) await sleep(20);
  };
  await seen(1);
  const before = stored.length;
  expect(await migrateTo(database.adminUrl, nextMigrations())).toEqual([nextName]);
  const during = stored.length;
  await seen(during + 1);
  going = false;
  await Promise.all(uploading);
  // Some were stored while it was at work.
  expect(during).toBeGreaterThan(before);
  await upload(database.uploadUrl, 'the program after', nextMigrations());
  const [count] = await rowsOf(
    database.adminUrl,
    `SELECT count(*)::int AS results, count(DISTINCT test_run_id)::int AS runs FROM test_results`,
  );
  const runs = 3 + stored.length + 1;
  expect(count).toEqual({ runs, results: runs * results.length });
  expect(await stateOf(database.adminUrl)).toBe(undisturbed);
  await database.drop();
});

test('twenty runners at once leave what one leaves', async () => {
  const database = await copyOfModel();
  const applied = await Promise.all(
    Array.from({ length: 20 }, () => migrateTo(database.adminUrl, nextMigrations())),
  );
  expect(applied.flat()).toEqual([nextName]);
  expect(await stateOf(database.adminUrl)).toBe(undisturbed);
  await database.drop();
});

test('the embedded database takes the same steps, and a run that was broken off goes on', async () => {
  const { db, remove } = await createEmbedded();
  await ensurePartitions(db, { monthsAhead: 1 });
  const list = nextMigrations();
  let outside = 0;
  const breaking = {
    ...db,
    outside: async (sql: string) => {
      if (++outside === 2) throw new Error('broken off');
      await db.outside(sql);
    },
  };
  await expect(migrate(breaking, { list })).rejects.toThrow('broken off');
  expect(await migrate(db, { list })).toEqual([nextName]);
  expect(
    await rowsIn(
      db,
      `SELECT count(*)::int AS indexes, bool_and(indisvalid) AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE c.relname ~ '^(idx_test_results|test_results_[0-9_]+)_class$'`,
    ),
  ).toEqual([{ indexes: 3, valid: true }]);
  await remove();
});

describe('a runner that is killed', () => {
  function runAndDie(
    url: string,
    call: number,
    afterMs: number,
  ): Promise<{ verbs: string[]; killed: boolean }> {
    return new Promise((resolve) => {
      const program = path.resolve('test/support/migrate-and-die.ts');
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', program, url, String(call), String(afterMs)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let out = '';
      child.stdout.on('data', (text: Buffer) => {
        out += text.toString();
      });
      child.once('close', (_, signal) =>
        resolve({ verbs: out.split('\n').filter((line) => line !== ''), killed: signal === 'SIGKILL' }),
      );
    });
  }

  let allVerbs: readonly string[] | undefined;
  /** The calls of one that is not killed. */
  async function verbsOfRun(): Promise<readonly string[]> {
    if (allVerbs !== undefined) return allVerbs;
    const whole = await copyOfModel();
    const { verbs } = await runAndDie(whole.adminUrl, 0, 0);
    expect(await stateOf(whole.adminUrl)).toBe(undisturbed);
    await whole.drop();
    allVerbs = verbs;
    return verbs;
  }

  test('at any of 20 points leaves a database that the next run makes whole', {
    timeout: 600_000,
  }, async () => {
    const verbs = await verbsOfRun();
    expect(verbs.filter((verb) => verb === 'outside')).toHaveLength(4);
    // Spread over the whole run: at once after a call was sent, and a moment later.
    const all = Array.from({ length: 20 }, (_, n) => ({
      call: 1 + Math.floor((n * verbs.length) / 20),
      afterMs: n % 3 === 0 ? 0 : 2,
    }));
    const points = some(all, 2);
    const kill = async ({ call, afterMs }: (typeof points)[number], database: ReadyDatabase) => {
      const { killed } = await runAndDie(database.adminUrl, call, afterMs);
      const where = `call ${call} (${verbs[call - 1]}), ${afterMs} ms after`;
      expect(killed, where).toBe(true);
      await upload(database.uploadUrl, `after ${call}`);
      await migrateTo(database.adminUrl, nextMigrations());
      expect(await stateOf(database.adminUrl), where).toBe(undisturbed);
      await database.drop();
    };
    for (let n = 0; n < points.length; n += 2) {
      const pair = points.slice(n, n + 2);
      const databases = [await copyOfModel(), await copyOfModel()];
      await Promise.all(pair.map((point, at) => kill(point, databases[at] as ReadyDatabase)));
    }
  });

  test('in the middle of CREATE INDEX CONCURRENTLY leaves its backend at work, which the next run waits for', async () => {
    const database = await copyOfModel();
    const verbs = await verbsOfRun();
    const reader = await holdSnapshot(database.adminUrl);
    const dying = runAndDie(database.adminUrl, verbs.indexOf('outside') + 1, 1_000);
    await until(async () => (await buildingIn(database)).length === 1);
    expect((await dying).killed).toBe(true);
    const [orphan] = await buildingIn(database);
    const next = migrateTo(database.adminUrl, nextMigrations());
    await sleep(1_500);
    await reader.end();
    await next;
    // The one that it has built.
    expect(
      await rowsOf(database.adminUrl, 'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = $1', [
        orphan?.index,
      ]),
    ).toEqual([{ valid: true }]);
    expect(await stateOf(database.adminUrl)).toBe(undisturbed);
    await database.drop();
  });

  test('and whose backend is ended too leaves an invalid index, which is swept', async () => {
    const database = await copyOfModel();
    const reader = await holdSnapshot(database.adminUrl);
    const running = migrateTo(database.adminUrl, nextMigrations()).catch((error: unknown) => error);
    await until(async () => (await buildingIn(database)).length === 1);
    await rowsOf(
      database.adminUrl,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index WHERE datname = '${database.name}'`,
    );
    expect(await running).toMatchObject({ code: 'database-stopped' });
    const invalid = `SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class c ON c.oid = indexrelid
      WHERE NOT indisvalid AND c.relkind = 'i'`;
    expect(await rowsOf(database.adminUrl, invalid)).toHaveLength(1);
    await reader.end();
    await migrateTo(database.adminUrl, nextMigrations());
    expect(await stateOf(database.adminUrl)).toBe(undisturbed);
    await database.drop();
  });
});

/** A reader's transaction with a snapshot, for which CREATE INDEX CONCURRENTLY waits. */
async function holdSnapshot(url: string, application = 'report'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  client.on('error', () => {});
  await client.connect();
  await client.query(
    'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM test_runs; SELECT count(*) FROM test_results',
  );
  return client;
}

const buildingIn = (database: ReadyDatabase) =>
  rowsOf<{ pid: number; index: number }>(
    database.adminUrl,
    `SELECT pid, index_relid::int AS index FROM pg_stat_progress_create_index WHERE datname = '${database.name}'`,
  );

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 2000; n++) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error('it did not come about within 100 s');
}

describe('a partition that comes or goes in the middle', () => {
  /**
   * Lets the run stop before its nth statement outside a transaction or its nth script, or before the first transaction after
   * its nth script, does something, and goes on.
   */
  async function interruptedAt(
    verb: 'outside' | 'script' | 'after script',
    nth: number,
    what: (url: string) => Promise<void>,
  ) {
    const database = await copyOfModel();
    const db = await openPostgres(database.adminUrl);
    const calls = { outside: 0, script: 0 };
    const counted = (kind: 'outside' | 'script') => async (sql: string) => {
      if (++calls[kind] === nth && verb === kind) throw new Error('broken off');
      await db[kind](sql);
    };
    const breaking: Database = {
      ...db,
      outside: counted('outside'),
      script: counted('script'),
      transaction: (work, edges) => {
        if (verb === 'after script' && calls.script === nth) throw new Error('broken off');
        return db.transaction(work, edges);
      },
    };
    const connect = connectTo(database.adminUrl);
    await expect(migrate(breaking, { list: nextMigrations(), connect })).rejects.toThrow('broken off');
    await what(database.adminUrl);
    await migrate(db, { list: nextMigrations(), connect });
    await db.close();
    return database;
  }

  const moments = [
    ['after the index of the parent', 'after script', 1],
    ['before the first index of a partition', 'outside', 1],
    ['between two of them', 'outside', 2],
    ['before they are attached', 'script', 2],
    ['before the foreign keys', 'script', 6],
    ['before their validation', 'script', 9],
    ['before the foreign key of the parent', 'script', 12],
  ] as const;
  test.each(some(moments, 3))('attached %s gets everything too', async (_, verb, nth) => {
    const database = await interruptedAt(verb, nth, async (url) => {
      await asAdmin(url, 'SELECT ensure_partitions(4, 0)');
    });
    const rows = await rowsOf<{ leaf: string; index: boolean; reference: boolean; column: boolean }>(
      database.adminUrl,
      `SELECT r.child::text AS leaf,
         EXISTS (SELECT FROM pg_index i JOIN pg_inherits p ON p.inhrelid = i.indexrelid
           WHERE i.indrelid = r.child AND p.inhparent = 'idx_test_results_class'::regclass AND i.indisvalid) AS index,
         EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = r.child AND c.convalidated AND c.conparentid <> 0
           AND c.conname = 'test_results_known_team_fkey') AS reference,
         EXISTS (SELECT FROM pg_attribute a WHERE a.attname = 'tries'
           AND a.attrelid = replace(r.child::text, 'results', 'runs')::regclass) AS column
       FROM partition_bounds('test_results') r ORDER BY 1`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(6);
    for (const row of rows) expect(row).toMatchObject({ index: true, reference: true, column: true });
    expect(
      await rowsOf(
        database.adminUrl,
        `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'idx_test_results_class'::regclass`,
      ),
    ).toEqual([{ valid: true }]);
    expect(await rowsOf(database.adminUrl, 'SELECT * FROM lukhas_migration_steps')).toEqual([]);
    await database.drop();
  });

  test.each([
    ['outside', 2],
    ['script', 9],
  ] as const)('dropped before %s %i is left out', async (verb, nth) => {
    const database = await interruptedAt(verb, nth, async (url) => {
      const leaves = await rowsOf<{ child: string }>(
        url,
        `SELECT child::text FROM partition_bounds('test_results')`,
      );
      for (const { child } of leaves.slice(1)) await asAdmin(url, `DROP TABLE ${child}`);
    });
    expect(await rowsOf(database.adminUrl, 'SELECT max(number) AS at FROM lukhas_migrations')).toEqual([
      { at: nextNumber },
    ]);
    expect(await rowsOf(database.adminUrl, 'SELECT indexrelid FROM pg_index WHERE NOT indisvalid')).toEqual(
      [],
    );
    await database.drop();
  });
});

describe('behind a reader\u2019s open transaction', () => {
  test('the migration waits and says for whom, while uploads and reads go on', async () => {
    const database = await copyOfModel();
    const reader = await holdSnapshot(database.adminUrl, 'nightly report');
    const [{ pid } = { pid: 0 }] = (await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))
      .rows;
    const messages: string[] = [];
    const list = migrationOf('ALTER TABLE test_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;');
    let ended = false;
    const running = migrateTo(database.adminUrl, list, {
      onWait: (message) => messages.push(message),
    }).finally(() => {
      ended = true;
    });
    const client = new pg.Client({ connectionString: database.adminUrl });
    await client.connect();
    // Were one of them to queue behind the migration, it would wait for the reader, who ends after them only.
    for (let n = 0; n < 8 || messages.length === 0; n++) {
      await upload(database.uploadUrl, `beside ${n}`);
      await client.query('SELECT count(*) FROM test_runs');
    }
    await client.end();
    expect(ended).toBe(false);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(
      new RegExp(
        `^migration ${nextNumber}, all of it: waiting for pid ${pid} \\(login postgres, application nightly report, its transaction began \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC\\); uploads and questions go on$`,
      ),
    );
    await reader.end();
    expect(await running).toEqual([ownName]);
    await database.drop();
  });

  test('who comes later is named as well', async () => {
    const database = await copyOfModel();
    const first = await holdSnapshot(database.adminUrl, 'first report');
    const list = migrationOf('ALTER TABLE test_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;');
    const messages: string[] = [];
    const running = migrateTo(database.adminUrl, list, {
      waitMs: 7_000,
      onWait: (message) => messages.push(message),
    }).catch((error: unknown) => error);
    await until(async () => messages.length > 0);
    const second = await holdSnapshot(database.adminUrl, 'second report');
    await first.end();
    expect(await running).toMatchObject({
      code: 'migration-blocked',
      message: expect.stringMatching(
        /given up, because of pid \d+ \(login postgres, application second report, its/,
      ),
    });
    await second.end();
    await database.drop();
  });

  test('the migration is given up in the end, says so, and leaves what is done', async () => {
    const database = await copyOfModel();
    const list = nextMigrations();
    const reader = await holdSnapshot(database.adminUrl);
    const error = await migrateTo(database.adminUrl, list, { waitMs: 1_500 }).catch(
      (failure: StoreError) => failure,
    );
    expect(error).toMatchObject({
      code: 'migration-blocked',
      message: expect.stringMatching(
        /^migration \d+, the index of a partition: given up, because of pid \d+ \(login postgres/,
      ),
      fix: expect.stringContaining('What is done of it stays'),
    });
    // Nothing of it goes on behind our back.
    expect(await buildingIn(database)).toEqual([]);
    expect(
      await rowsOf(database.adminUrl, 'SELECT step FROM lukhas_migration_steps WHERE done_at IS NOT NULL'),
    ).toEqual([{ step: 1 }]);
    await upload(database.uploadUrl, 'between');
    await reader.end();
    await migrateTo(database.adminUrl, list);
    expect(await stateOf(database.adminUrl)).toBe(undisturbed);
    await database.drop();
  });

  test('a login\u2019s own timeouts do not end what takes its time, and are in force again afterwards', async () => {
    const database = await copyOfModel();
    await asAdmin(
      server,
      `ALTER ROLE postgres IN DATABASE ${database.name} SET statement_timeout = 1000;
       ALTER ROLE postgres IN DATABASE ${database.name} SET lock_timeout = 500`,
    );
    const reader = await holdSnapshot(database.adminUrl);
    const db = await openPostgres(database.adminUrl);
    const running = migrate(db, { list: nextMigrations(), connect: connectTo(database.adminUrl) });
    await until(async () => (await buildingIn(database)).length === 1);
    await sleep(2_000);
    await reader.end();
    expect(await running).toEqual([nextName]);
    expect(
      await rowsIn(
        db,
        `SELECT current_setting('statement_timeout') AS t, current_setting('lock_timeout') AS l`,
      ),
    ).toEqual([{ t: '1s', l: '500ms' }]);
    await db.close();
    await database.drop();
  });
});

test('autovacuum of a large partition, which may take hours, gives way to a migration', async () => {
  const own = await startPostgres({ external: false, settings: { fsync: 'off', autovacuum_naptime: '1s' } });
  try {
    const database = await createDatabaseOn(own.adminUrl);
    const db = await openPostgres(database.adminUrl);
    await migrate(db);
    const team = await addTeam(db, { slug: 'acme' });
    await ensurePartitions(db, { monthsAhead: 0 });
    await db.close();
    const [{ leaf } = { leaf: '' }] = await rowsOf<{ leaf: string }>(
      database.adminUrl,
      `SELECT child::text AS leaf FROM partition_bounds('test_runs') WHERE now() >= lower_bound AND now() < upper_bound`,
    );
    await asAdmin(
      database.adminUrl,
      `INSERT INTO test_runs (team_id, total_tests) SELECT '${team.id}', n FROM generate_series(1, 20000) AS n;
       ALTER TABLE ${leaf} SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
         autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
       DELETE FROM test_runs WHERE total_tests % 2 = 0`,
    );
    const vacuuming = () =>
      rowsOf(database.adminUrl, `SELECT pid FROM pg_stat_progress_vacuum WHERE relid = '${leaf}'::regclass`);
    await until(async () => (await vacuuming()).length === 1);
    const list = migrationOf('ALTER TABLE test_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;');
    expect(await migrateTo(database.adminUrl, list, { waitMs: 15_000 })).toEqual([ownName]);
  } finally {
    await own.stop();
  }
});

test('CREATE INDEX CONCURRENTLY never waits for the connection that keeps other migrations away', async () => {
  const database = await copyOfModel();
  const turnDb = await connectForTurn(connectTo(database.adminUrl));
  const turn = await holdTurn(turnDb, 'public', undefined);
  let working = true;
  const checking = (async () => {
    while (working) await turn.check();
  })();
  const db = await openPostgres(database.adminUrl);
  // It would wait for the end of a transaction that had a snapshot at the wrong moment: for ever.
  await db.outside('SET lock_timeout = 30000');
  for (let n = 0; n < rounds(100, 300); n++)
    await db.outside(`CREATE INDEX CONCURRENTLY i_${n} ON public.teams (name)`);
  working = false;
  await checking;
  await turn.release();
  await turnDb.close();
  await db.close();
  await database.drop();
});

test('a run whose turn is lost stops before anybody else is at work', async () => {
  const database = await copyOfModel();
  const reader = await holdSnapshot(database.adminUrl);
  const running = migrateTo(database.adminUrl, nextMigrations()).catch((error: unknown) => error);
  await until(async () => (await buildingIn(database)).length === 1);
  await rowsOf(
    database.adminUrl,
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'lukhas_migrations'::regclass AND mode = 'ShareUpdateExclusiveLock'`,
  );
  expect(await running).toMatchObject({
    code: 'migration-interrupted',
    fix: expect.stringContaining('lukhas db migrate'),
  });
  await reader.end();
  await migrateTo(database.adminUrl, nextMigrations());
  expect(await stateOf(database.adminUrl)).toBe(undisturbed);
  await database.drop();
});

test('one who waits for another migration says whose it is', async () => {
  const database = await copyOfModel();
  const reader = await holdSnapshot(database.adminUrl);
  const first = migrateTo(database.adminUrl, nextMigrations());
  await until(async () => (await buildingIn(database)).length === 1);
  const messages: string[] = [];
  const second = migrateTo(database.adminUrl, nextMigrations(), {
    onWait: (message) => messages.push(message),
  });
  await until(async () => messages.length > 0);
  expect(messages[0]).toMatch(
    /^another migration or retention is at work: pid \d+ \(login postgres, application lukhas-ingest, its transaction began/,
  );
  await reader.end();
  expect([await first, await second]).toEqual([[nextName], []]);
  await database.drop();
});

test('a step outside a transaction that cannot be run again is refused when it is written', () => {
  const head = '-- Purpose: x\n-- Locks: none\n-- Older programs: are refused\n-- Reversible: no\n\n';
  for (const sql of [
    'CREATE INDEX CONCURRENTLY i ON {leaf} (a);',
    'DROP INDEX CONCURRENTLY i;',
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON {leaf} (a); CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON {leaf} (a);',
    'VACUUM test_runs;',
  ]) {
    expect(() => readMigration('0009-x.sql', `${head}-- step: s, outside a transaction\n${sql}`)).toThrow(
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS or DROP INDEX CONCURRENTLY IF EXISTS',
    );
  }
});

test('somebody else\u2019s table of a step\u2019s name in a schema before ours stands in for nothing', async () => {
  const database = await copyOfModel();
  await asAdmin(
    database.adminUrl,
    `CREATE SCHEMA early; ALTER ROLE postgres IN DATABASE ${database.name} SET search_path = early, public`,
  );
  const db = await openPostgres(database.adminUrl);
  await db.transaction(
    () =>
      db.script('CREATE TABLE early.test_results (team_id uuid, test_class text, created_at timestamptz)'),
    {
      begin: 'SET LOCAL lock_timeout = 0' as never,
    },
  );
  await migrate(db, { list: nextMigrations(), connect: connectTo(database.adminUrl) });
  await scriptIn(db, 'DROP SCHEMA early CASCADE');
  await db.close();
  await asAdmin(server, `ALTER ROLE postgres IN DATABASE ${database.name} RESET search_path`);
  expect(await stateOf(database.adminUrl)).toBe(undisturbed);
  await database.drop();
});
