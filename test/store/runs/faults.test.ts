// What goes wrong on the way to a database: cuts, freezes, locks, missing months and rights, a pooler in between. A run is
// stored once and whole, or not at all and with one clear reason.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import type { SavedRun } from '../../../src/model.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { type SaveOptions, saveRun } from '../../../src/store/runs/save.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  uniqueRole,
} from '../../support/databases.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { some } from '../../support/long.ts';
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
    for (const [n, fault] of some(positions(60), 16).entries()) {
      proxy.plan([fault]);
      const saved = await save(`cut ${n}`, proxy.url(database.uploadUrl));
      expect(saved.stored, JSON.stringify(fault)).toBe('new');
      await expectOneCopy(saved.runId);
    }
    await expectNoOrphans();
  });

  test('uploads that are cut and not retried store all or nothing, and the next one settles it', async () => {
    let hadCommitted = 0;
    for (const [n, fault] of some(positions(40), 10).entries()) {
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
    for (let n = 0; n < 8; n++) {
      const direction = n % 2 === 0 ? 'up' : 'down';
      const total = direction === 'up' ? up : down;
      const afterBytes = n < 4 ? Math.floor((total * (n + 1)) / 6) : total - 10 * n;
      proxy.plan([{ direction, afterBytes, how: 'freeze' }]);
      const reasons: string[] = [];
      const start = performance.now();
      const saved = await save(`frozen ${n}`, proxy.url(database.uploadUrl), {
        stallMs: 400,
        onRetry: ({ reason }) => reasons.push(reason.code),
      });
      expect(performance.now() - start).toBeLessThan(3000);
      expect(reasons).toHaveLength(1);
      expect(saved.stored).toBe('new');
      await expectOneCopy(saved.runId);
    }
  });

  test('a network that stays broken ends in one clear error within the deadline', async () => {
    proxy.plan(Array.from({ length: 50 }, () => ({ direction: 'up', afterBytes: 2000, how: 'reset' })));
    const start = performance.now();
    await expect(save('never', proxy.url(database.uploadUrl), { deadlineMs: 1500 })).rejects.toMatchObject({
      code: 'database-lost',
      fix: expect.stringContaining('stored once'),
    });
    expect(performance.now() - start).toBeLessThan(4000);
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

test('a backend that is terminated while rows arrive costs a retry, nothing more', async () => {
  for (let n = 0; n < 5; n++) {
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

describe('the error says what is wrong and what to do', () => {
  const failing = async (url: string, options: { sslCa?: string } = {}): Promise<StoreError> => {
    const error = await openPostgres(url, { stallMs: 3000, ...options }).then(
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
    const start = performance.now();
    expect(
      await openPostgres(`postgres://u:p@127.0.0.1:${port}/db`, { stallMs: 500 }).catch((error) => error),
    ).toMatchObject({ code: 'database-unreachable' });
    expect(performance.now() - start).toBeLessThan(2000);
    deaf.close();
  });

  test('something that is no PostgreSQL', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const port = (web.address() as { port: number }).port;
    const error = await openPostgres(`postgres://u:p@127.0.0.1:${port}/db`, { stallMs: 1000 }).catch(
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
        deadlineMs: 800,
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
    const saving = save('full', full.uploadUrl, { onRetry: ({ reason }) => reasons.push(reason.code) });
    await new Promise((resolve) => setTimeout(resolve, 600));
    await holder.end();
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
      const db = await openPostgres(server.url(query, host), { stallMs: 5000, ...rest });
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
