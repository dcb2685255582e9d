// What goes wrong on the way to a database: cuts, freezes, locks, missing months and rights, a pooler in between. A run is
// stored once and whole, or not at all and with one clear reason.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import type { SavedRun } from '../../../src/model.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { ConnectLimits, Database, TransactionEdges } from '../../../src/store/database/port.ts';
import { type SaveOptions, saveRun } from '../../../src/store/runs/save.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { describePartitions, ensurePartitions } from '../../../src/store/schema/partitions.ts';
import { readRunHistory, storeRun } from '../../../src/storing.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  uniqueRole,
} from '../../support/databases.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { long, rounds, some } from '../../support/long.ts';
import { startPgBouncer } from '../../support/pgbouncer.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';
import { rowsIn, runIn } from '../../support/sql.ts';

let database: ReadyDatabase;
let proxy: FaultProxy;
beforeAll(async () => {
  database = await createReadyDatabase();
  const { hostname, port } = new URL(database.adminUrl);
  proxy = await startFaultProxy({ host: hostname, port: Number(port) });
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

const results = Array.from({ length: 1500 }, (_, number) =>
  number % 20 === 0 ? makeFailure(number, 'x'.repeat(2000)) : makeResult(number),
);
const coverage = Array.from({ length: 20 }, (_, number) => makeCoverage(number));
const source = sourceOf(results, coverage);

const save = (key: string, url: string, options: Partial<SaveOptions> = {}): Promise<SavedRun> =>
  saveRun((limits) => openPostgres(url, limits), makeUpload(key), source, makeOptions(options));

/** What is in the database of one run, and that nothing lies about that belongs to none. */
async function expectOneCopy(runId: string): Promise<void> {
  const [row] = await rowsOf(
    database.adminUrl,
    `SELECT (SELECT count(*)::int FROM test_runs WHERE id = $1) AS runs,
       (SELECT count(*)::int FROM test_results WHERE test_run_id = $1) AS results,
       (SELECT count(*)::int FROM coverage_data WHERE test_run_id = $1) AS coverage,
       (SELECT count(*)::int FROM ingest_uploads WHERE run_id = $1) AS uploads`,
    [runId],
  );
  expect(row).toEqual({ runs: 1, results: 1500, coverage: 20, uploads: 1 });
}

async function expectNoOrphans(): Promise<void> {
  const rows = await rowsOf(
    database.adminUrl,
    `SELECT test_run_id FROM test_results WHERE test_run_id NOT IN (SELECT run_id FROM ingest_uploads)
     UNION SELECT id FROM test_runs WHERE id NOT IN (SELECT run_id FROM ingest_uploads)`,
  );
  expect(rows).toEqual([]);
}

describe('on a network that breaks', () => {
  let up: number;
  let down: number;
  beforeAll(async () => {
    const url = proxy.url(database.uploadUrl);
    await save('measure', url);
    const seen = proxy.traffic.at(-1);
    up = seen?.up ?? 0;
    down = seen?.down ?? 0;
  });

  // Deterministic positions, spread over the whole conversation and crowded at its end, where the COMMIT is.
  const positions = (
    count: number,
  ): { direction: 'up' | 'down'; afterBytes: number; how: 'reset' | 'end' }[] =>
    Array.from({ length: count }, (_, n) => {
      const direction = n % 2 === 0 ? 'up' : ('down' as const);
      const total = direction === 'up' ? up : down;
      const afterBytes =
        n % 4 < 2 ? Math.floor((total * ((n * 37) % 100)) / 100) + 1 : total - ((n * 7) % 80) - 1;
      return { direction, afterBytes, how: n % 3 === 0 ? 'end' : 'reset' };
    });

  test('cut connections are replaced and every run is stored exactly once', async () => {
    for (const [n, fault] of some(positions(60), 12).entries()) {
      proxy.plan([fault]);
      const saved = await save(`cut ${n}`, proxy.url(database.uploadUrl));
      expect(saved.stored, JSON.stringify(fault)).toBe('new');
      await expectOneCopy(saved.runId);
    }
    await expectNoOrphans();
  });

  test('uploads that are cut and not retried store all or nothing, and the next one settles it', async () => {
    let hadCommitted = 0;
    for (const [n, fault] of some(positions(40), 8).entries()) {
      proxy.plan([fault]);
      const url = proxy.url(database.uploadUrl);
      const first = await save(`dead ${n}`, url, { deadlineMs: 0 }).catch((error: unknown) => error);
      if (first instanceof Error) expect(first).toBeInstanceOf(StoreError);
      proxy.plan([]);
      const second = await save(`dead ${n}`, url);
      if (second.stored === 'already' && first instanceof Error) {
        hadCommitted++;
        expect(first).toMatchObject({ code: 'upload-outcome-unknown' });
      }
      await expectOneCopy(second.runId);
    }
    await expectNoOrphans();
    // Else the cuts came nowhere near the COMMIT and the test shows nothing.
    expect(hadCommitted).toBeGreaterThan(0);
  });

  test('a frozen connection is given up in time and does not stand in the way of the next', async () => {
    for (const n of some([0, 1, 2, 3, 4, 5, 6, 7], 4)) {
      const direction = n % 2 === 0 ? 'up' : 'down';
      const total = direction === 'up' ? up : down;
      const afterBytes = n < 4 ? Math.floor((total * (n + 1)) / 6) : total - 10 * n;
      proxy.plan([{ direction, afterBytes, how: 'freeze' }]);
      const reasons: string[] = [];
      const saved = await save(`frozen ${n}`, proxy.url(database.uploadUrl), {
        // Long enough that a busy machine's answer is not taken for a frozen connection.
        stallMs: 1500,
        onRetry: ({ reason }) => reasons.push(reason.code),
      });
      expect(reasons).toHaveLength(1);
      expect(saved.stored).toBe('new');
      await expectOneCopy(saved.runId);
    }
  });

  test('a network that stays broken ends in one clear error within the deadline', async () => {
    // More than are met before the deadline: without one the test would not end.
    proxy.plan(Array.from({ length: 50 }, () => ({ direction: 'up', afterBytes: 2000, how: 'reset' })));
    await expect(save('never', proxy.url(database.uploadUrl), { deadlineMs: 1500 })).rejects.toMatchObject({
      code: 'database-lost',
      fix: expect.stringContaining('stored once'),
    });
    proxy.plan([]);
  });

  test('a cancelled upload ends at once and stores nothing', async () => {
    const controller = new AbortController();
    const slow = () => ({
      ...source(),
      async *results() {
        yield results.slice(0, 500);
        controller.abort();
        await new Promise((resolve) => setTimeout(resolve, 300));
        yield results.slice(500);
      },
    });
    await expect(
      saveRun(
        (limits) => openPostgres(database.uploadUrl, limits),
        makeUpload('cancelled'),
        slow,
        makeOptions({ signal: controller.signal }),
      ),
    ).rejects.toMatchObject({ code: 'upload-cancelled' });
    await expectNoOrphans();
  });
});

test('a history whose connection is lost is read on another one', async () => {
  for (const direction of ['lost', 'frozen'] as const) {
    let last: Database | undefined;
    const opened: number[] = [];
    const connect = async (limits?: ConnectLimits) => {
      opened.push(limits?.stallMs ?? 0);
      last = await openPostgres(proxy.url(database.uploadUrl), limits);
      return last;
    };
    const warnings: string[] = [];
    const { history, saved } = await storeRun(connect, makeUpload(`history ${direction}`), source, {
      allowPrivilegedRole: false,
      baseBranch: undefined,
      change: undefined,
      // Long enough that a busy machine's answer is not taken for a frozen connection.
      stallMs: 1500,
      onWarning: ({ code, message }) => warnings.push(`${code} ${message}`),
      onSaved: () => (direction === 'lost' ? last?.destroy() : proxy.freeze()),
    });
    expect(warnings).toEqual([]);
    expect(history?.failures).toHaveLength(75);
    expect(saved?.stored).toBe('new');
    expect(opened.length).toBeGreaterThanOrEqual(2);
  }
});

test('a statement of the history that takes too long is ended by the server', async () => {
  const limits: string[] = [];
  const watching = async () => {
    const db = await openPostgres(database.uploadUrl);
    return {
      ...db,
      transaction: <T>(work: () => Promise<T>, edges: TransactionEdges) =>
        db.transaction(async () => {
          const [row] = await db.query<{ statement_timeout: string }>('SHOW statement_timeout');
          limits.push(row?.statement_timeout ?? '');
          return work();
        }, edges),
    };
  };
  const saved = await save('timed', database.uploadUrl);
  limits.length = 0;
  await readRunHistory(watching, {
    saved,
    teamSlug: undefined,
    allowPrivilegedRole: false,
    baseBranch: undefined,
  });
  // The first transaction looks who the session is.
  expect(limits.length).toBeGreaterThan(1);
  expect(new Set(limits.slice(1))).toEqual(new Set(['27s']));
});

test('cancelled once the run is stored, its history is not waited for', async () => {
  const controller = new AbortController();
  const warnings: string[] = [];
  const connect = (limits?: ConnectLimits) => openPostgres(proxy.url(database.uploadUrl), limits);
  const { saved, history } = await storeRun(connect, makeUpload('cancelled later'), source, {
    allowPrivilegedRole: false,
    baseBranch: undefined,
    change: undefined,
    signal: controller.signal,
    onWarning: ({ message }) => warnings.push(message),
    onSaved: () => {
      proxy.freeze();
      setTimeout(() => controller.abort(), 50);
    },
  });
  expect(saved?.stored).toBe('new');
  expect(history).toBeUndefined();
  expect(warnings).toEqual(['the history of the failures could not be read: cancelled']);
});

test('a cancelled upload does not wait for a connection that hangs, and closes one that comes late', async () => {
  const controller = new AbortController();
  let destroyed = 0;
  let come: (db: Database) => void = () => {};
  const connect = () => new Promise<Database>((resolve) => (come = resolve));
  const saving = saveRun(connect, makeUpload('hanging'), source, makeOptions({ signal: controller.signal }));
  controller.abort();
  await expect(saving).rejects.toMatchObject({ code: 'upload-cancelled' });
  come({ destroy: () => destroyed++ } as unknown as Database);
  await new Promise((resolve) => setImmediate(resolve));
  expect(destroyed).toBe(1);
});

test('a backend that is terminated while rows arrive costs a retry, nothing more', async () => {
  for (let n = 0; n < rounds(2, 5); n++) {
    let killed = false;
    const retries: string[] = [];
    const killing = () => ({
      ...source(),
      async *results() {
        yield results.slice(0, 700);
        if (!killed) {
          killed = true;
          await asAdmin(
            database.adminUrl,
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${database.role}'`,
          );
        }
        yield results.slice(700);
      },
    });
    const saved = await saveRun(
      (limits) => openPostgres(database.uploadUrl, limits),
      makeUpload(`terminated ${n}`),
      killing,
      makeOptions({ onRetry: ({ reason }) => retries.push(reason.code) }),
    );
    expect(saved.stored).toBe('new');
    expect(retries).toHaveLength(1);
    await expectOneCopy(saved.runId);
  }
});

describe('a server that answers', () => {
  const words = [
    ['57P03', 'the database system is starting up'],
    ['57P03', 'the database system is shutting down'],
    ['53300', 'sorry, too many clients already'],
    ['25006', 'cannot execute INSERT in a read-only transaction'],
    ['08P01', 'no more connections allowed (max_client_conn)'],
    ['08P01', 'client_login_timeout (server down)'],
    ['08P01', 'query_wait_timeout'],
    ['08P01', 'server login has been failing, try again later (server_login_retry)'],
    [
      '08P01',
      'server login has been failing, cached error: sorry, too many clients already (server_login_retry)',
    ],
    ['XX000', 'Max client connections reached'],
    [
      'XX000',
      '(EMAXCLIENTSESSION) max clients reached in session mode - max clients are limited to pool_size: 15',
    ],
    ['XX000', 'Unable to check out process from the pool due to timeout'],
    ['XX000', '(ECHECKOUTTIMEOUT) Pool checkout timeout. Request was dropped after 15000ms'],
    ['XX000', "Couldn't connect to compute node", 'ERROR'],
    ['XX000', 'Control plane request failed', 'ERROR'],
    ['53000', 'Too many connections to this endpoint. Please try again later.', 'ERROR'],
  ] as const;

  test('is tried again until it takes the connection, whatever it said before', async () => {
    const reasons: StoreError[] = [];
    proxy.refuse(words.map(([code, message, severity = 'FATAL']) => ({ code, message, severity })));
    // Attempts without end would be over in no time: pauses are not what this is about.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.0001);
    try {
      const saved = await save('refused at first', proxy.url(database.uploadUrl), {
        deadlineMs: 120_000,
        onRetry: ({ reason }) => reasons.push(reason),
      });
      expect(saved.stored).toBe('new');
      await expectOneCopy(saved.runId);
    } finally {
      random.mockRestore();
    }
    expect(reasons.map(({ sqlstate }) => sqlstate)).toEqual(words.map(([code]) => code));
    for (const [i, [code, message]] of words.entries())
      if (code.startsWith('XX') || code.startsWith('08')) expect(reasons[i]?.message).toContain(message);
  });

  test.each([
    ['08P01', 'no such database: shop', 'database-missing'],
    ['08P01', 'database "shop" is disabled', 'database-missing'],
    ['08P01', 'no such user: ci', 'database-login'],
    ['08P01', 'password authentication failed', 'database-password'],
    ['08P01', 'SASL authentication failed', 'database-password'],
    ['08P01', 'TLS connection required', 'database-tls'],
    ['08P01', 'unsupported startup parameter: options', 'database-protocol'],
    [
      '08P01',
      'server login has been failing, cached error: password authentication failed for user "pooler" (server_login_retry)',
      'database-pooler-login',
    ],
    ['XX000', 'Tenant or user not found', 'database-login'],
    ['XX000', '(ENOTFOUND) tenant/user postgres.abc not found', 'database-login'],
    ['XX000', '(ECIRCUITBREAKER) Too many authentication errors', 'database-pooler-blocked'],
    ['XX000', 'Address not in tenant allow_list: {1, 2, 3, 4}', 'database-address'],
    ['XX000', 'SSL connection is required', 'database-tls'],
    [
      'XX000',
      'Endpoint ID is not specified. Either please upgrade the postgres client library',
      'database-login',
    ],
    ['XX000', 'This IP address 1.2.3.4 is not allowed to connect to this endpoint.', 'database-address'],
    ['XX000', 'Your project has exceeded the data transfer quota.', 'database-suspended'],
    ['XX000', 'a word that nobody knows', 'database-refused'],
  ])(
    'and never will is believed at once, and shown in its own words: %s %s',
    async (code, message, meant) => {
      proxy.refuse([{ code, message, severity: code === 'XX000' ? 'ERROR' : 'FATAL' }]);
      const reasons: string[] = [];
      await expect(
        save('refused', proxy.url(database.uploadUrl), {
          onRetry: ({ reason }) => reasons.push(reason.code),
        }),
      ).rejects.toMatchObject({ code: meant, message: expect.stringContaining(message) });
      expect(reasons).toEqual([]);
    },
  );

  test('is waited for while it is away for a while, as in a restart', async () => {
    // Nothing listens at a port that was just given back.
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    const away = Object.assign(new URL(database.uploadUrl), { port: String(port) }).href;
    let attempts = 0;
    const saved = await saveRun(
      (limits) => openPostgres(++attempts > 3 ? database.uploadUrl : away, limits),
      makeUpload('away'),
      source,
      makeOptions(),
    );
    expect(saved.stored).toBe('new');
    expect(attempts).toBe(4);
  });
});

describe('when the month of a run has no partition', () => {
  let fresh: ReadyDatabase;
  const lastMonth = new Date(Date.now() - 20 * 86_400_000);
  beforeAll(async () => {
    fresh = await createReadyDatabase();
    await asAdmin(
      fresh.adminUrl,
      `DO $$ DECLARE leaf text; BEGIN
         FOR leaf IN SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' LOOP EXECUTE 'DROP TABLE ' || leaf; END LOOP;
         PERFORM ensure_partitions(0, 0);
       END $$`,
    );
  });
  afterAll(async () => {
    await fresh.drop();
  });

  test('the limited role makes it while another transaction holds an open insert, and many at once make it once', async () => {
    const holder = new pg.Client({ connectionString: fresh.adminUrl });
    await holder.connect();
    await holder.query('BEGIN');
    for (const table of ['test_runs', 'test_results', 'coverage_data']) {
      const columns = {
        test_runs: 'total_tests',
        test_results: 'test_run_id, test_name, outcome',
        coverage_data:
          'test_run_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent',
      }[table];
      const values = {
        test_runs: '1',
        test_results: `gen_random_uuid(), 't', 'passed'`,
        coverage_data: `gen_random_uuid(), 1, 1, 0, 'f', 1`,
      }[table];
      await holder.query(`INSERT INTO ${table} (team_id, ${columns}) VALUES ('${fresh.team.id}', ${values})`);
    }
    // The neighbouring month: the holder's own exists, or its insert could not be open.
    const at =
      lastMonth.getUTCMonth() === new Date().getUTCMonth()
        ? new Date(Date.now() - 31 * 86_400_000)
        : lastMonth;
    const saved = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        saveRun(
          (limits) => openPostgres(fresh.uploadUrl, limits),
          makeUpload(`month ${n}`, { createdAt: at }),
          sourceOf([makeResult(1)], [makeCoverage(1)]),
          makeOptions(),
        ),
      ),
    );
    expect(saved.every((run) => run.stored === 'new')).toBe(true);
    await holder.query('ROLLBACK');
    await holder.end();
    const leaves = await rowsOf<{ relname: string; relrowsecurity: boolean; relacl: unknown }>(
      fresh.adminUrl,
      `SELECT relname, relrowsecurity FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1`,
    );
    // Last month, this one and two ahead, in three tables.
    expect(leaves).toHaveLength(12);
    expect(leaves.every((leaf) => leaf.relrowsecurity)).toBe(true);
  });

  test('an update of users that is still open delays it only', async () => {
    await asAdmin(
      fresh.adminUrl,
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('u', '${fresh.team.id}', 'u@x')`,
    );
    const holder = new pg.Client({ connectionString: fresh.adminUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(`UPDATE users SET last_login_at = now()`);
    const db = await openPostgres(fresh.adminUrl);
    const making = import('../../../src/store/schema/partitions.ts').then(({ ensurePartitions }) =>
      ensurePartitions(db, { monthsAhead: 3 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await holder.query('COMMIT');
    await holder.end();
    expect((await making).length).toBeGreaterThan(0);
    await db.close();
  });

  test('months are UTC months whatever the session\u2019s time zone is, and calls with another one fit in', async () => {
    const before = await rowsOf(
      fresh.adminUrl,
      `SELECT count(*)::int AS n FROM pg_class WHERE relispartition AND relkind = 'r'`,
    );
    await rowsOf(fresh.adminUrl, `SET timezone = 'America/New_York'; SELECT ensure_partitions(5, 0)`);
    await rowsOf(fresh.adminUrl, `SET timezone = 'Asia/Tokyo'; SELECT ensure_partitions(6, 0)`);
    const bounds = await rowsOf(
      fresh.adminUrl,
      `SET timezone = 'UTC'; SELECT DISTINCT to_char(lower_bound, 'DD HH24:MI') AS at FROM partition_bounds('test_results')`,
    );
    expect(bounds).toEqual([{ at: '01 00:00' }]);
    expect(before[0]).not.toEqual(
      await rowsOf(
        fresh.adminUrl,
        `SELECT count(*)::int AS n FROM pg_class WHERE relispartition AND relkind = 'r'`,
      ),
    );
  });

  test('a table of the partition\u2019s name that is none is left alone, loudly', async () => {
    await asAdmin(
      fresh.adminUrl,
      `DO $$ BEGIN EXECUTE 'CREATE TABLE test_results_' || to_char(now() AT TIME ZONE 'UTC' + interval '20 months', 'YYYY_MM') || ' (id int)'; END $$`,
    );
    await expect(rowsOf(fresh.adminUrl, 'SELECT ensure_partitions(24, 0)')).rejects.toMatchObject({
      code: '42P07',
    });
  });

  test('what is past its retention is found by bounds, not by names or starts', async () => {
    await asAdmin(
      fresh.adminUrl,
      `SELECT ensure_partitions(0, 14); CREATE TABLE test_results_2020_01_backup (id int)`,
    );
    const expired = await rowsOf<{ child: string; until: Date }>(
      fresh.adminUrl,
      `SELECT child::text, upper_bound AS until FROM expired_partitions('test_results', interval '1 year')`,
    );
    expect(expired.length).toBeGreaterThanOrEqual(1);
    expect(expired.every((row) => row.until.getTime() <= Date.now() - 365 * 86_400_000)).toBe(true);
    // Thirteen months back ends at most a year ago; twelve months back still holds days of the last year.
    expect(expired.length).toBeLessThanOrEqual(3);
  });
});

test('every state that passes costs a retry, nothing more; one that does not stores nothing', async () => {
  const fresh = await createReadyDatabase();
  const states = ['25006', '55P03', '57014', '40P01', '40001', '53100', '53200'];
  await asAdmin(
    fresh.adminUrl,
    `CREATE SEQUENCE turn;
     CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
     DECLARE states text[] := '{${states.join()},XX000}';
             n integer := nextval('public.turn');
     BEGIN
       -- A sequence does not go back with its transaction: all but every other time.
       IF n % 2 = 1 THEN RAISE EXCEPTION 'a row: %', NEW USING ERRCODE = states[(n + 1) / 2]; END IF;
       RETURN NEW;
     END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON test_runs FOR EACH ROW EXECUTE FUNCTION refuse()`,
  );
  const saveIn = (key: string, retries: string[]) =>
    saveRun(
      (limits) => openPostgres(fresh.uploadUrl, limits),
      makeUpload(key),
      sourceOf([makeResult(1)]),
      makeOptions({ onRetry: ({ reason }) => retries.push(reason.sqlstate ?? '') }),
    );
  for (const state of states) {
    const retries: string[] = [];
    expect((await saveIn(state, retries)).stored).toBe('new');
    expect(retries).toEqual([state]);
  }
  const retries: string[] = [];
  await expect(saveIn('for ever', retries)).rejects.toMatchObject({
    sqlstate: 'XX000',
    message: expect.not.stringContaining('a row'),
  });
  expect(retries).toEqual([]);
  const counts = await rowsOf(
    fresh.adminUrl,
    `SELECT (SELECT count(*)::int FROM test_runs) AS runs, (SELECT count(*)::int FROM ingest_uploads) AS uploads,
       (SELECT count(DISTINCT test_run_id)::int FROM test_results) AS stored`,
  );
  expect(counts).toEqual([{ runs: states.length, uploads: states.length, stored: states.length }]);
  await fresh.drop();
});

describe('a database with settings of its own', () => {
  const settings = [
    `DateStyle = 'German, DMY'`,
    'standard_conforming_strings = off',
    'extra_float_digits = -10',
    `IntervalStyle = 'sql_standard'`,
    `bytea_output = 'escape'`,
    `TimeZone = 'Asia/Kolkata'`,
    `default_transaction_isolation = 'serializable'`,
  ];
  const set = (name: string) => settings.map((setting) => `ALTER DATABASE ${name} SET ${setting}`).join('; ');

  test('stores, finds and judges runs as any other', async () => {
    const odd = await createReadyDatabase();
    await asAdmin(odd.adminUrl, set(odd.name));
    const connect = (limits?: ConnectLimits) => openPostgres(odd.uploadUrl, limits);
    const at = new Date(Date.now() - 86_400_000);
    const warnings: string[] = [];
    const again = () =>
      storeRun(connect, makeUpload('odd', { createdAt: at }), source, {
        allowPrivilegedRole: false,
        baseBranch: undefined,
        change: undefined,
        clock: () => new Date(),
        onWarning: ({ message }) => warnings.push(message),
        onSaved: () => {},
      });
    const first = await again();
    expect(first.saved).toMatchObject({ stored: 'new', createdAt: at });
    expect(first.history?.failures).toHaveLength(75);
    expect((await again()).saved).toEqual({ ...first.saved, stored: 'already' });
    expect(warnings).toEqual([]);
    const [row] = await rowsOf(
      odd.adminUrl,
      `SELECT max(error_traceback) AS text, (SELECT extract(epoch FROM created_at) * 1000 FROM test_runs)::bigint::text AS at FROM test_results`,
    );
    expect(row).toEqual({ text: 'x'.repeat(2000), at: String(at.getTime()) });
    const admin = await openPostgres(odd.adminUrl);
    const months = await describePartitions(admin);
    expect(months.map(({ from }) => from?.getUTCDate())).toEqual([1, 1, 1]);
    expect(await ensurePartitions(admin, { monthsAhead: 4 })).not.toEqual([]);
    await admin.close();
    await odd.drop();
  });

  test.runIf(long)('is set up as any other', async () => {
    const odd = await createDatabase();
    await asAdmin(odd.adminUrl, set(odd.name));
    const db = await openPostgres(odd.adminUrl);
    await migrate(db);
    expect(await ensurePartitions(db, { monthsAhead: 2 })).toHaveLength(9);
    await db.close();
    await odd.drop();
  });

  test.each(['LATIN1', 'SQL_ASCII'])(
    'and %s instead of UTF8 is refused before anything is made',
    async (encoding) => {
      const name = `t_${encoding.toLowerCase()}_${Date.now()}`;
      const server = inject('postgresAdminUrl');
      await asAdmin(server, `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
      const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
      const db = await openPostgres(url);
      await expect(migrate(db)).rejects.toMatchObject({
        code: 'database-encoding',
        message: expect.stringContaining(encoding),
        fix: expect.stringContaining(`ENCODING 'UTF8'`),
      });
      await db.close();
      expect(await rowsOf(url, `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace`)).toEqual(
        [],
      );
      await asAdmin(server, `DROP DATABASE ${name}`);
    },
  );
});

describe('the months ahead', () => {
  let fresh: ReadyDatabase;
  beforeAll(async () => {
    fresh = await createReadyDatabase();
    // Of a set-up two months ago: the present month, and none after it.
    await asAdmin(
      fresh.adminUrl,
      `DO $$ DECLARE leaf text; BEGIN
         FOR leaf IN SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' LOOP EXECUTE 'DROP TABLE ' || leaf; END LOOP;
         PERFORM attach_month(now());
       END $$`,
    );
  });
  afterAll(async () => {
    await fresh.drop();
  });
  const months = async () =>
    (await rowsOf(fresh.adminUrl, `SELECT FROM pg_class WHERE relispartition AND relkind = 'r'`)).length / 3;
  const saveIn = (key: string, changes: Partial<SaveOptions> = {}, createdAt = new Date()) =>
    saveRun(
      (limits) => openPostgres(fresh.uploadUrl, limits),
      makeUpload(key, { createdAt }),
      sourceOf([makeResult(1)]),
      makeOptions(changes),
    );

  test('are made by whichever upload finds one missing; none waits long for it', async () => {
    const holder = new pg.Client({ connectionString: fresh.adminUrl });
    await holder.connect();
    await holder.query(`BEGIN; SELECT FROM lukhas_locks FOR UPDATE`);
    expect(await saveIn('while another makes them')).toMatchObject({ stored: 'new' });
    expect(await months()).toBe(1);
    await holder.query('ROLLBACK');
    await holder.end();
    expect(await saveIn('ahead')).toMatchObject({ stored: 'new' });
    expect(await months()).toBe(3);
    // One that somebody dropped from between.
    await asAdmin(
      fresh.adminUrl,
      `DO $$ BEGIN EXECUTE 'DROP TABLE coverage_data_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM'); END $$`,
    );
    await saveIn('dropped');
    expect(await months()).toBe(3);
  });

  test('do not go by the machine\u2019s clock; one that is off is measured against the database\u2019s and named', async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: { message: string }) => void warnings.push(message);
    const off = (ms: number) => ({ onWarning, clock: () => new Date(Date.now() + ms) });
    await saveIn('clock', off(1000));
    expect(warnings).toEqual([]);
    await saveIn('clock ahead', off(3 * 3_600_000));
    await saveIn('clock behind', off(-5 * 60_000));
    expect(warnings).toEqual([
      expect.stringContaining('this machine\u2019s clock is 3 hours ahead of the database\u2019s'),
      expect.stringContaining('5 minutes behind the database\u2019s'),
    ]);
    await expect(
      saveIn('clock far off', off(-90 * 86_400_000), new Date(Date.now() - 90 * 86_400_000)),
    ).rejects.toMatchObject({
      code: 'run-time-range',
      message: expect.stringContaining('this machine\u2019s clock is 90 days behind it'),
      fix: expect.stringContaining('Set the clock'),
    });
    expect(await months()).toBe(3);
  });
});

describe('the error says what is wrong and what to do', () => {
  const failing = async (url: string, options: { sslCa?: string } = {}): Promise<StoreError> => {
    const error = await openPostgres(url, { stallMs: 10_000, ...options }).then(
      async (db) => {
        await db.close();
        throw new Error('it connected');
      },
      (failure: unknown) => failure,
    );
    if (!(error instanceof StoreError)) throw error;
    expect(`${error.message} ${error.fix} ${JSON.stringify(error)}`).not.toMatch(/secret-password/);
    return error;
  };
  const changed = (
    parts: Partial<Pick<URL, 'username' | 'password' | 'port' | 'pathname' | 'search'>>,
  ): string => Object.assign(new URL(database.adminUrl), parts).href;

  test('a wrong password', async () => {
    const error = await failing(changed({ password: 'secret-password' }));
    expect(error).toMatchObject({ code: 'database-password', sqlstate: '28P01' });
  });

  test('no password where one is asked for', async () => {
    expect(await failing(changed({ password: '' }))).toMatchObject({
      code: 'database-password',
    });
  });

  test('a user that does not exist', async () => {
    expect(await failing(changed({ username: 'nobody_here' }))).toMatchObject({
      code: 'database-password',
    });
  });

  test('a database that does not exist', async () => {
    const error = await failing(changed({ pathname: '/not_there' }));
    expect(error).toMatchObject({
      code: 'database-missing',
      message: expect.stringContaining('"not_there"'),
    });
  });

  test('a port where nothing listens', async () => {
    expect(await failing(changed({ port: '1' }))).toMatchObject({
      code: 'database-unreachable',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });

  test('a host name that is not known', async () => {
    expect(await failing('postgres://u:secret-password@no-such-host.invalid/db')).toMatchObject({
      code: 'database-unknown-host',
    });
  });

  test('a socket directory without a socket', async () => {
    expect(await failing('postgres://u@/db?host=/nowhere')).toMatchObject({
      code: 'database-unreachable',
      message: expect.stringContaining('/nowhere'),
    });
  });

  test('a server that accepts and never answers', async () => {
    const deaf = createServer(() => {});
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const port = (deaf.address() as { port: number }).port;
    expect(
      await openPostgres(`postgres://u:p@127.0.0.1:${port}/db`, { stallMs: 500 }).catch((error) => error),
    ).toMatchObject({ code: 'database-silent' });
    deaf.close();
  });

  test('something that is no PostgreSQL', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const port = (web.address() as { port: number }).port;
    const error = await openPostgres(`postgres://u:p@127.0.0.1:${port}/db`, { stallMs: 10_000 }).catch(
      (failure) => failure,
    );
    expect(error).toBeInstanceOf(StoreError);
    web.close();
  });

  test('a server that does not offer TLS', async () => {
    expect(await failing(changed({ search: '?sslmode=verify-full' }))).toMatchObject({
      code: 'database-no-tls',
      fix: expect.stringContaining('sslmode=disable'),
    });
  });

  test('no right to make temporary tables', async () => {
    const closed = await createReadyDatabase();
    await asAdmin(
      closed.adminUrl,
      `REVOKE TEMPORARY ON DATABASE ${closed.name} FROM PUBLIC, lukhas_ingest, lukhas_service`,
    );
    await expect(save('temp', closed.uploadUrl)).rejects.toMatchObject({
      code: 'database-no-temp',
      fix: expect.stringContaining('GRANT TEMPORARY'),
    });
    await closed.drop();
  });

  test('a database that is read-only is tried again until the deadline, then named', async () => {
    const standby = await createReadyDatabase();
    await asAdmin(standby.adminUrl, `ALTER DATABASE ${standby.name} SET default_transaction_read_only = on`);
    const reasons: string[] = [];
    await expect(
      save('readonly', standby.uploadUrl, {
        deadlineMs: 2500,
        onRetry: ({ reason }) => reasons.push(reason.code),
      }),
    ).rejects.toMatchObject({ code: 'database-read-only' });
    expect(reasons.length).toBeGreaterThan(0);
    await standby.drop();
  });

  test('no free connection is waited for', async () => {
    const role = uniqueRole();
    const full = await createReadyDatabase();
    await asAdmin(full.adminUrl, `ALTER ROLE ${full.role} CONNECTION LIMIT 1; CREATE ROLE ${role}`);
    const holder = new pg.Client({ connectionString: full.uploadUrl });
    await holder.connect();
    const reasons: string[] = [];
    const saving = save('full', full.uploadUrl, {
      onRetry: ({ reason }) => {
        if (reasons.push(reason.code) === 1) void holder.end();
      },
    });
    expect(await saving).toMatchObject({ stored: 'new' });
    expect(reasons[0]).toBe('database-full-house');
    await full.drop();
  });

  test('a refused value names table and constraint and never the row', async () => {
    const db = await openPostgres(database.adminUrl);
    const error = await runIn(
      db,
      `INSERT INTO test_results (test_run_id, team_id, test_name, outcome) VALUES (gen_random_uuid(), '${database.team.id}', 'canary-in-row', 'exploded')`,
    ).catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      code: 'database-refused-value',
      sqlstate: '23514',
      message: expect.stringContaining('test_results_outcome_check'),
    });
    const text = await rowsIn(db, `SELECT 'canary-in-row'::uuid`).catch((failure: unknown) => failure);
    expect(text).toMatchObject({ sqlstate: '22P02' });
    for (const failure of [error, text]) {
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('canary-in-row');
    }
    await db.close();
  });
});

describe('TLS', () => {
  let server:
    | {
        url: (query: string, host?: string) => string;
        ca: string;
        otherCa: string;
        stop: () => Promise<void>;
      }
    | undefined;
  beforeAll(async () => {
    server = await startTlsProxy();
  });
  afterAll(async () => {
    await server?.stop();
  });
  const connects = async (
    query: string,
    options: { sslCa?: string; host?: string } = {},
  ): Promise<string> => {
    if (server === undefined) return 'no openssl';
    const { host, ...rest } = options;
    try {
      const db = await openPostgres(server.url(query, host), { stallMs: 30_000, ...rest });
      const [row] = await rowsIn<{ one: number }>(db, 'SELECT 1 AS one');
      await db.close();
      return `connected ${row?.one}`;
    } catch (error) {
      return error instanceof StoreError ? error.code : String(error);
    }
  };

  test('a private authority is named as the fix, and taken when given', async ({ skip }) => {
    if (server === undefined) skip('openssl is not installed');
    expect(await connects('?sslmode=verify-full')).toBe('database-tls-authority');
    expect(await connects('?sslmode=verify-full', { sslCa: server?.ca ?? '' })).toBe('connected 1');
    expect(
      await connects('?sslmode=verify-full', { sslCa: (server?.ca ?? '').replaceAll('\n', '\\n') }),
    ).toBe('connected 1');
    expect(await connects('?sslmode=verify-full', { sslCa: server?.otherCa ?? '' })).toBe(
      'database-tls-authority',
    );
  });

  test('a certificate for another host is refused unless only the authority is asked for', async ({
    skip,
  }) => {
    if (server === undefined) skip('openssl is not installed');
    const sslCa = server?.ca ?? '';
    expect(await connects('?sslmode=verify-full', { sslCa, host: '127.0.0.1' })).toBe('database-tls-name');
    expect(await connects('?sslmode=verify-ca', { sslCa, host: '127.0.0.1' })).toBe('connected 1');
    expect(await connects('?sslmode=no-verify', { host: '127.0.0.1' })).toBe('connected 1');
  });
});

describe('through PgBouncer in transaction mode', () => {
  let pooler: { url: (databaseUrl: string) => string; stop: () => Promise<void> } | undefined;
  beforeAll(async () => {
    pooler = await startPgBouncer(database.uploadUrl);
  });
  afterAll(async () => {
    await pooler?.stop();
  });

  test('uploads are stored, repeated and raced as without it', async ({ skip }) => {
    if (pooler === undefined) skip('pgbouncer is not installed (Debian: pgbouncer)');
    const url = pooler?.url(database.uploadUrl) ?? '';
    const first = await save('pooled', url);
    await expectOneCopy(first.runId);
    expect(await save('pooled', url)).toEqual({ ...first, stored: 'already' });
    const raced = await Promise.all(Array.from({ length: 8 }, () => save('pooled race', url)));
    expect(raced.filter((run) => run.stored === 'new')).toHaveLength(1);
    await expectOneCopy(raced[0]?.runId ?? '');
  });

  test('a wrong password there is named at once and not tried again', async ({ skip }) => {
    if (pooler === undefined) skip('pgbouncer is not installed (Debian: pgbouncer)');
    const url = new URL(pooler?.url(database.uploadUrl) ?? '');
    url.password = 'wrong';
    const reasons: string[] = [];
    await expect(
      save('pooled wrong', url.href, { onRetry: ({ reason }) => reasons.push(reason.code) }),
    ).rejects.toMatchObject({ code: 'database-password' });
    expect(reasons).toEqual([]);
  });

  test('migrations and partitions work through it', async ({ skip }) => {
    if (pooler === undefined) skip('pgbouncer is not installed (Debian: pgbouncer)');
    const empty = await createDatabase();
    const db = await openPostgres(pooler?.url(empty.adminUrl) ?? '');
    expect((await migrate(db)).length).toBeGreaterThan(0);
    expect(await rowsIn(db, 'SELECT count(*) AS n FROM ensure_partitions(1, 0)')).toEqual([{ n: 6 }]);
    await db.close();
    await empty.drop();
  });
});

/** A TLS front to the test server with certificates of a private authority for `localhost`. Undefined without openssl. */
async function startTlsProxy() {
  const run = promisify(execFile);
  const dir = await mkdtemp(path.join(tmpdir(), 'lukhas-tls-'));
  const { readFile } = await import('node:fs/promises');
  try {
    for (const name of ['ca', 'other']) {
      await run('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        `${dir}/${name}.key`,
        '-out',
        `${dir}/${name}.pem`,
      ]);
    }
    await run('openssl', [
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-keyout',
      `${dir}/server.key`,
      '-out',
      `${dir}/server.csr`,
    ]);
    await writeFile(`${dir}/ext`, 'subjectAltName=DNS:localhost');
    await run('openssl', [
      'x509',
      '-req',
      '-in',
      `${dir}/server.csr`,
      '-CA',
      `${dir}/ca.pem`,
      '-CAkey',
      `${dir}/ca.key`,
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      `${dir}/ext`,
      '-out',
      `${dir}/server.pem`,
    ]);
  } catch {
    await rm(dir, { recursive: true, force: true });
    return undefined;
  }
  const { connect } = await import('node:net');
  const { TLSSocket, createSecureContext } = await import('node:tls');
  const key = await readFile(`${dir}/server.key`, 'utf8');
  const cert = await readFile(`${dir}/server.pem`, 'utf8');
  const target = new URL(inject('postgresAdminUrl'));
  const front = createServer((client) => {
    client.on('error', () => {});
    // SSLRequest, answered as PostgreSQL does; then TLS, and plain bytes to the real server behind it.
    client.once('data', () => {
      client.write('S');
      const secure = new TLSSocket(client, {
        isServer: true,
        secureContext: createSecureContext({ key, cert }),
      });
      const upstream = connect(Number(target.port), target.hostname);
      secure.on('error', () => upstream.destroy());
      upstream.on('error', () => secure.destroy());
      secure.pipe(upstream).pipe(secure);
    });
  });
  await new Promise<void>((resolve) => front.listen(0, resolve));
  const port = (front.address() as { port: number }).port;
  return {
    url: (query: string, host = 'localhost') => {
      const url = new URL(database.uploadUrl);
      url.hostname = host;
      url.port = String(port);
      return `${url.href}${query}`;
    },
    ca: await readFile(`${dir}/ca.pem`, 'utf8'),
    otherCa: await readFile(`${dir}/other.pem`, 'utf8'),
    stop: async () => {
      front.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
