// Uploads while the network and the server fail, on a PostgreSQL of its own, direct and through PgBouncer: each is stored once and
// whole. Seeded, ten at a time where it waits; each part alone too:
//   npm run soak:faults [-- --seed 1] [cuts] [freezes] [away] [states]
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { openPostgres } from '../src/store/database/pg.ts';
import type { Connect } from '../src/store/database/port.ts';
import { type SaveOptions, saveRun } from '../src/store/runs/save.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { type Fault, type Refusal, startFaultProxy } from '../test/support/fault-proxy.ts';
import { startPgBouncer } from '../test/support/pgbouncer.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { Random } from '../test/support/random.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../test/support/runs.ts';

const parts = ['cuts', 'freezes', 'away', 'states'] as const;
const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cuts: { type: 'string', default: '600' },
    freezes: { type: 'string', default: '100' },
    away: { type: 'string', default: '20' },
    times: { type: 'string', default: '10' },
  },
  allowPositionals: true,
});
const wanted = (part: (typeof parts)[number]) => positionals.length === 0 || positionals.includes(part);
const seeded = new Random(Number(values.seed));
const random = () => seeded.next();
const deadlineMs = 120_000;
const awayMs = 60_000;
const mostFrozenMs = 35_000;

const results = Array.from({ length: 600 }, (_, n) =>
  n % 20 === 0 ? makeFailure(n, 'x'.repeat(2000)) : makeResult(n),
);
const coverage = Array.from({ length: 20 }, (_, n) => makeCoverage(n));
const source = sourceOf(results, coverage);

const server = await startPostgres({ external: false });
const admin = await openPostgres(server.adminUrl);
await migrate(admin);
await ensurePartitions(admin, { monthsAhead: 2, monthsBack: 1 });
await addTeam(admin, { slug: 'soak' });
const { databaseUrl } = await grantUploads(admin, {
  teamSlug: 'soak',
  role: 'soak_ci',
  adminUrl: server.adminUrl,
});
await admin.close();
const sql = new pg.Client({ connectionString: server.adminUrl });
await sql.connect();
// Frozen connections keep their places in it for two minutes.
const pooler = await startPgBouncer(databaseUrl, { adminUrl: server.adminUrl, poolSize: 60 });
const ways = [
  ['direct', databaseUrl],
  ...(pooler === undefined ? [] : [['pooled', pooler.url(databaseUrl)]]),
] as [string, string][];
if (pooler === undefined) console.log('pgbouncer is not installed: direct connections only');

let bad = 0;
try {
  for (const [way, url] of ways) {
    if (wanted('cuts')) await soakCuts(way, url, Number(values.cuts) / ways.length);
    if (wanted('freezes')) await soakFreezes(way, url, Number(values.freezes) / ways.length);
  }
  if (wanted('away')) await soakAway(Number(values.away));
  if (wanted('states')) await soakStates(Number(values.times));
  const [left] = (
    await sql.query(
      `SELECT (SELECT count(*)::int FROM test_runs) AS runs, (SELECT count(*)::int FROM ingest_uploads) AS uploads,
         (SELECT count(*)::int FROM test_results WHERE test_run_id NOT IN (SELECT run_id FROM ingest_uploads)) AS orphans`,
    )
  ).rows;
  console.log(`in the end: ${left.runs} runs, ${left.uploads} uploads, ${left.orphans} rows of none`);
  if (left.runs !== left.uploads || left.orphans !== 0) bad++;
} finally {
  await sql.end();
  await pooler?.stop();
  await server.stop();
}
if (bad > 0) process.exitCode = 1;

interface Outcome {
  readonly ms: number;
  /** By performance.now(). */
  readonly endedAt: number;
  readonly retries: readonly string[];
}

/** Uploads, and looks that the run is there once and whole. */
async function upload(
  key: string,
  url: string | Connect,
  options: Partial<SaveOptions> = {},
): Promise<Outcome> {
  const retries: string[] = [];
  const start = performance.now();
  const connect: Connect = typeof url === 'string' ? (limits) => openPostgres(url, limits) : url;
  const saved = await saveRun(
    connect,
    makeUpload(key),
    source,
    makeOptions({
      deadlineMs,
      onRetry: ({ reason }) => retries.push(reason.sqlstate ?? reason.code),
      ...options,
    }),
  );
  const endedAt = performance.now();
  const { rows } = await sql.query(
    `SELECT (SELECT count(*)::int FROM test_runs WHERE id = $1) AS runs, (SELECT count(*)::int FROM test_results WHERE test_run_id = $1) AS results,
       (SELECT count(*)::int FROM coverage_data WHERE test_run_id = $1) AS coverage`,
    [saved.runId],
  );
  const found = JSON.stringify(rows[0]);
  if (
    saved.stored !== 'new' ||
    found !== JSON.stringify({ runs: 1, results: results.length, coverage: coverage.length })
  )
    throw new Error(`${key}: ${saved.stored}, ${found}`);
  return { ms: endedAt - start, endedAt, retries };
}

/** Runs all, so many at a time; counts what failed and says the first of it. */
async function runAll(
  name: string,
  count: number,
  atOnce: number,
  one: (n: number, worker: number) => Promise<Outcome>,
) {
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      try {
        outcomes.push(await one(n, worker));
      } catch (error) {
        failures.push(`${n}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => work(worker)));
  const worst = Math.max(0, ...outcomes.map(({ ms }) => ms));
  const retries = outcomes.reduce((sum, outcome) => sum + outcome.retries.length, 0);
  console.log(
    `${name}: ${outcomes.length} of ${count} stored once, ${retries} retries, the longest took ${(worst / 1000).toFixed(1)} s`,
  );
  for (const failure of failures.slice(0, 5)) console.log(`  ${failure}`);
  bad += failures.length;
  return { outcomes, worst };
}

/** A proxy for each worker, and the bytes of a whole conversation. */
async function proxiesTo(url: string, count: number) {
  const { hostname, port } = new URL(url);
  const proxies = await Promise.all(
    Array.from({ length: count }, () => startFaultProxy({ host: hostname, port: Number(port) })),
  );
  const [first] = proxies;
  if (first === undefined) throw new Error('no worker');
  await upload(`measure ${Math.random()}`, first.url(url));
  return { proxies, traffic: first.traffic.at(-1) ?? { up: 0, down: 0 } };
}

function faultIn(traffic: { readonly up: number; readonly down: number }, how: Fault['how']): Fault {
  const direction = random() < 0.5 ? 'up' : 'down';
  const total = traffic[direction];
  // A third of them in the last bytes, where COMMIT and its answer are.
  const afterBytes =
    random() < 0.34 ? total - Math.floor(random() * 80) - 1 : 1 + Math.floor(random() * (total - 1));
  return { direction, afterBytes, how };
}

async function soakCuts(way: string, url: string, count: number): Promise<void> {
  const { proxies, traffic } = await proxiesTo(url, 10);
  await runAll(`${count} cuts, ${way}`, count, 10, async (n, worker) => {
    const proxy = proxies[worker] ?? proxies[0];
    proxy?.plan([faultIn(traffic, random() < 0.5 ? 'reset' : 'end')]);
    const outcome = await upload(`cut ${way} ${n}`, proxy?.url(url) ?? url);
    proxy?.plan([]);
    return outcome;
  });
  await Promise.all(proxies.map((proxy) => proxy.close()));
}

async function soakFreezes(way: string, url: string, count: number): Promise<void> {
  const { proxies, traffic } = await proxiesTo(url, 10);
  const { worst } = await runAll(`${count} freezes, ${way}`, count, 10, async (n, worker) => {
    const proxy = proxies[worker] ?? proxies[0];
    proxy?.plan([faultIn(traffic, 'freeze')]);
    const before = proxy?.traffic.length ?? 0;
    const outcome = await upload(`freeze ${way} ${n}`, proxy?.url(url) ?? url);
    proxy?.plan([]);
    // From the freeze on.
    const frozenAt = proxy?.traffic.slice(before).find((seen) => seen.frozenAt !== undefined)?.frozenAt;
    return { ...outcome, ms: frozenAt === undefined ? 0 : outcome.endedAt - frozenAt };
  });
  if (worst > mostFrozenMs) bad++;
  await Promise.all(proxies.map((proxy) => proxy.close()));
}

/** Nothing listens for a minute; uploads begin all over it. */
async function soakAway(count: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const target = new URL(databaseUrl);
  const away = Object.assign(new URL(databaseUrl), { port: String(port) }).href;
  const back = sleep(awayMs).then(() =>
    startFaultProxy({ host: target.hostname, port: Number(target.port) }, port),
  );
  await runAll(`server away for 60 s`, count, count, async (n) => {
    await sleep((n * awayMs) / count);
    return upload(`away ${n}`, away);
  });
  await (await back).close();
}

/** Each state so many times, as the server, a pooler or an administrator makes it. */
async function soakStates(times: number): Promise<void> {
  await sql.query(`CREATE TABLE soak_state (state text); GRANT SELECT ON soak_state TO PUBLIC;
    CREATE FUNCTION soak_raise() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE wanted text := (SELECT state FROM public.soak_state);
    BEGIN
      -- A sequence does not go back with the transaction: the first time fails, the second does not.
      IF wanted IS NOT NULL AND nextval('public.soak_turn') % 2 = 1 THEN
        RAISE EXCEPTION 'soak' USING ERRCODE = wanted;
      END IF;
      RETURN NULL;
    END $$;
    CREATE SEQUENCE soak_turn;
    CREATE TRIGGER soak BEFORE INSERT ON coverage_data FOR EACH STATEMENT EXECUTE FUNCTION soak_raise()`);
  for (const state of ['25006', '55P03', '57014', '40P01', '40001', '53100', '53200']) {
    await sql.query(`TRUNCATE soak_state; ALTER SEQUENCE soak_turn RESTART`);
    await sql.query('INSERT INTO soak_state VALUES ($1)', [state]);
    const { outcomes } = await runAll(`${state} raised in an upload`, times, 1, (n) =>
      upload(`${state} ${n}`, databaseUrl),
    );
    if (!outcomes.every(({ retries }) => retries.join() === state)) bad++;
  }
  await sql.query('DROP TRIGGER soak ON coverage_data');
  for (const [state, verb] of [
    ['57P01', 'pg_terminate_backend'],
    ['57014', 'pg_cancel_backend'],
  ] as const) {
    await runAll(`${state} by ${verb}`, times, 1, (n) => {
      let sent = 0;
      const connect: Connect = async (limits) => {
        const db = await openPostgres(databaseUrl, limits);
        return {
          ...db,
          copyIn: async (text, rows, onSent) => {
            if (sent++ > 0) return db.copyIn(text, rows, onSent);
            const [{ pid } = { pid: 0 }] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
            const copying = db.copyIn(`${text}; DO $do$ BEGIN PERFORM pg_sleep(5); END $do$`, rows, onSent);
            copying.catch(() => {});
            await sleep(50);
            await sql.query(`SELECT ${verb}($1)`, [pid]);
            return copying;
          },
        };
      };
      return upload(`${verb} ${n}`, connect);
    });
  }
  await runAll('25006 by a database that is read-only for a moment', times, 1, async (n) => {
    await sql.query('ALTER DATABASE postgres SET default_transaction_read_only = on');
    const writable = sleep(300).then(() =>
      sql.query(
        'SET default_transaction_read_only = off; ALTER DATABASE postgres RESET default_transaction_read_only',
      ),
    );
    const outcome = await upload(`read-only ${n}`, databaseUrl);
    await writable;
    return outcome;
  });
  await runAll('53300 by a login without a free connection', times, 1, async (n) => {
    await sql.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'soak_ci'`);
    await sql.query('ALTER ROLE soak_ci CONNECTION LIMIT 1');
    const holder = new pg.Client({ connectionString: databaseUrl });
    await holder.connect();
    const uploading = upload(`full ${n}`, databaseUrl);
    await sleep(300);
    await holder.end();
    const outcome = await uploading;
    await sql.query('ALTER ROLE soak_ci CONNECTION LIMIT -1');
    return outcome;
  });
  const refusals: Refusal[] = [
    { code: '57P03', message: 'the database system is starting up' },
    { code: '53300', message: 'sorry, too many clients already' },
    { code: '08P01', message: 'no more connections allowed (max_client_conn)' },
    { code: '08P01', message: 'query_wait_timeout' },
    { code: '08P01', message: 'server login has been failing, try again later (server_login_retry)' },
    { code: 'XX000', message: 'Max client connections reached' },
    { code: 'XX000', message: "Couldn't connect to compute node", severity: 'ERROR' },
  ];
  const { hostname, port } = new URL(databaseUrl);
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  for (const refusal of refusals) {
    await runAll(`${refusal.code} at start-up: ${refusal.message}`, times, 1, (n) => {
      proxy.refuse([refusal, refusal]);
      return upload(`${refusal.message} ${n}`, proxy.url(databaseUrl));
    });
  }
  await proxy.close();
}
