// Retention of 40 months beside uploads, and killed at many points; on a server of its own.
//   npm run soak:retain [-- --tests 50 --runs 200 --kills 20 --slack 1]
// Part one: `lukhas db retain --yes` beside three uploaders, readers, and a writer that goes on storing rows of expired months for as
// long as it can. Part two: killed (SIGKILL) at points spread over all its calls, then run again. Exits with 1 where anything but the
// expired months goes, an upload fails or waits over 2 s, a sum is not that of its rows, the sums take over 1 % of their rows' size, or
// three years of a test take over 50 ms.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Connect, Database } from '../../src/store/database/port.ts';
import { monthsOfTest } from '../../src/store/keep/trend.ts';
import { saveRun } from '../../src/store/runs/save.ts';
import { inTeam, openAccess } from '../../src/store/schema/access.ts';
import {
  coverageSums,
  expectedSums,
  fillMonths,
  makeMonths,
  storedSums,
} from '../../test/support/old-months.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../test/support/runs.ts';
import { rowsIn } from '../../test/support/sql.ts';
import { install } from './world.ts';

const { values } = parseArgs({
  options: {
    months: { type: 'string', default: '40' },
    tests: { type: 'string', default: '50' },
    runs: { type: 'string', default: '200' },
    files: { type: 'string', default: '5' },
    kills: { type: 'string', default: '20' },
    /** Times the bounds, for a machine with other work. */
    slack: { type: 'string', default: '1' },
  },
});
const [months, tests, runs, files, kills, slack] = [
  values.months,
  values.tests,
  values.runs,
  values.files,
  values.kills,
  values.slack,
].map(Number) as [number, number, number, number, number, number];
const maxUploadMs = 2_000 * slack;
const maxTrendMs = 50 * slack;
const started = performance.now();
const say = (words: string): void =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${words}`);
const wrong: string[] = [];
const check = (holds: boolean, words: string): void => {
  if (!holds) wrong.push(words);
};
const teamId = '5eaf0000-0000-4000-8000-000000000001';
const root = fileURLToPath(new URL('../..', import.meta.url));
const monthBack = (back: number): Date => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
};
/** Months before it are out of their year, or out of three. */
const [yearBack, threeYearsBack] = [monthBack(12), monthBack(36)];
const back = Array.from({ length: months - 2 }, (_, index) => index).reverse();

/** A result of an expired month, as an administrator may store it. */
const lateSql = `INSERT INTO test_results (team_id, test_run_id, test_name, outcome, duration_seconds, created_at, line_id)
  SELECT $1::uuid, gen_random_uuid(), 'late ' || $3::int, 'passed', 1, date_trunc('month', now()) - make_interval(months => $2::int) + interval '1 hour', md5('late')::uuid`;

const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
});
try {
  await besideUploads(server.adminUrl);
  await killed(server.adminUrl);
} finally {
  await server.stop();
}
for (const words of wrong) say(`WRONG: ${words}`);
say(wrong.length === 0 ? 'all bounds held' : `${wrong.length} bounds broken`);
process.exitCode = wrong.length === 0 ? 0 : 1;

interface Ready {
  readonly url: string;
  readonly admin: Database;
  readonly uploadUrl: string;
}

async function makeDatabase(
  serverUrl: string,
  name: string,
  size: { runs: number; tests: number; files: number },
): Promise<Ready> {
  await onServer(serverUrl, `CREATE DATABASE ${name}`);
  const url = withDatabase(serverUrl, name);
  // One id everywhere: the rows are made of it.
  const [team] = await install(url, [{ slug: name, id: teamId }]);
  const admin = await openPostgres(url, { stallMs: 3_600_000 });
  await makeMonths(admin, back);
  await fillMonths(admin, { teamId, back, ...size, tracebackBytes: 2000 });
  await admin.outside('VACUUM ANALYZE');
  return { url, admin, uploadUrl: team?.url ?? '' };
}

async function besideUploads(serverUrl: string): Promise<void> {
  const { url, admin, uploadUrl } = await makeDatabase(serverUrl, 'beside', { runs, tests, files });
  const [size] = await rowsIn<{ results: number; partitions: number; bytes: string }>(
    admin,
    `SELECT (SELECT count(*) FROM test_results)::int AS results, (SELECT count(*) FROM partition_bounds('test_results'))::int AS partitions,
       pg_size_pretty(pg_database_size(current_database())) AS bytes`,
  );
  say(`${size?.partitions} months, ${size?.results} results, ${size?.bytes}`);
  const before = await partitions(admin);
  const stays = before.filter(({ until }) => until.getTime() > yearBack.getTime());
  const runsStay = before.filter(({ name, until }) => name.startsWith('test_runs') && until > threeYearsBack);
  const [bytes] = await rowsIn<{ results: number; coverage: number; rows: number }>(
    admin,
    `SELECT (SELECT sum(pg_total_relation_size(child)) FROM partition_bounds('test_results') WHERE upper_bound <= $1)::float8 AS results,
       (SELECT sum(pg_total_relation_size(child)) FROM partition_bounds('coverage_data') WHERE upper_bound <= $1)::float8 AS coverage,
       (SELECT count(*) FROM test_results WHERE created_at < $1)::float8 AS rows`,
    [yearBack],
  );

  const uploaders = [0, 1, 2].map((number) => uploader(uploadUrl, number));
  // What the machine alone costs: as long without a retention beside them.
  await sleep(8_000);
  const alone = uploaders.flatMap((one) => one.taken()).sort((a, b) => a - b);
  const late = lateWriter(url);
  await sleep(1_500);
  const begun = performance.now();
  const { code, out } = await lukhas(['db', 'retain', '--yes', '--database-url', url]);
  say(`lukhas db retain: exit code ${code} after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  for (const line of out.trim().split('\n')) say(`  ${line}`);
  check(code === 0, 'retain failed');
  await sleep(1_000);
  const uploads = await Promise.all(uploaders.map((one) => one.stop()));
  const lateRows = await late.stop();

  const ms = uploads.flatMap((one) => one.ms).sort((a, b) => a - b);
  const at = (share: number) => Math.round(ms[Math.floor(share * (ms.length - 1))] ?? 0);
  say(
    `${alone.length} uploads before it: median ${Math.round(alone[Math.floor(alone.length / 2)] ?? 0)} ms, longest ${Math.round(alone.at(-1) ?? 0)} ms`,
  );
  say(
    `${ms.length} uploads beside it: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms, at most ${maxUploadMs} ms`,
  );
  say(`${lateRows.length} rows of expired months were stored beside it before their month was detached`);
  for (const { failures } of uploads) for (const failure of failures) wrong.push(failure);
  check(ms.length > 30 && at(1) <= maxUploadMs, `an upload waited over ${maxUploadMs} ms`);
  check(lateRows.length > 0, 'no late row was stored');

  const after = (await partitions(admin)).map(({ name }) => name);
  const expected = before
    .filter((one) => stays.includes(one) || runsStay.includes(one))
    .map(({ name }) => name);
  check(
    JSON.stringify(after) === JSON.stringify(expected),
    `other months are there than expected: ${after.length} and ${expected.length}`,
  );
  say(`${before.length} partitions before, ${after.length} after`);

  // The rows are gone: what was expected of them was counted in a copy that is made in the same way.
  const twin = await makeDatabase(serverUrl, 'twin', { runs, tests, files });
  await storeLate(twin.url, lateRows);
  const [wanted, stored] = [await expectedSums(twin.admin, yearBack), await storedSums(admin)];
  check(
    JSON.stringify(wanted) === JSON.stringify(stored),
    `sums of results differ: ${stored.length}, expected ${wanted.length}`,
  );
  const [wantedFiles, storedFiles] = [
    await coverageSums(twin.admin, yearBack),
    await coverageSums(admin, undefined),
  ];
  check(JSON.stringify(wantedFiles) === JSON.stringify(storedFiles), 'sums of coverage differ');
  say(
    `${stored.length} sums of ${bytes?.rows} and ${lateRows.length} late results, ${storedFiles.length} of coverage: equal to the rows`,
  );

  await admin.outside('VACUUM FULL test_months');
  const [small] = await rowsIn<{ results: number; coverage: number }>(
    admin,
    `SELECT (pg_total_relation_size('test_months') + pg_total_relation_size('test_names'))::float8 AS results, pg_total_relation_size('coverage_months')::float8 AS coverage`,
  );
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`;
  say(
    `test_months and test_names: ${small?.results} of ${bytes?.results} bytes, ${share(small?.results ?? 0, bytes?.results ?? 1)}; a sum takes ${Math.round((small?.results ?? 0) / stored.length)} bytes, a result ${Math.round((bytes?.results ?? 0) / (bytes?.rows ?? 1))}`,
  );
  say(`coverage_months: ${share(small?.coverage ?? 0, bytes?.coverage ?? 1)}`);
  // Said of tests that ran 200 times a month; pages of a few rows take more.
  if (runs >= 200) {
    check((small?.results ?? 1) <= 0.01 * (bytes?.results ?? 0), 'the sums of results take over 1 %');
    check((small?.coverage ?? 1) <= 0.01 * (bytes?.coverage ?? 0), 'the sums of coverage take over 1 %');
  }

  const team = await openPostgres(uploadUrl);
  const access = await openAccess(team, { teamSlug: undefined, allowPrivilegedRole: false });
  const testNames = ['tests/unit/some_package/test_module_000.py::TestSomething::test_what_it_does_1'];
  const took: number[] = [];
  let trend = 0;
  const [backend] = await inTeam(team, access, () =>
    team.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
  );
  await monthsOfTest(team, access, { testNames });
  const cpuBefore = cpuMs(backend?.pid ?? 0) + ownCpuMs();
  for (let round = 0; round < 21; round++) {
    const asked = performance.now();
    trend = new Set((await monthsOfTest(team, access, { testNames })).map(({ month }) => month)).size;
    took.push(performance.now() - asked);
  }
  const cpu = (cpuMs(backend?.pid ?? 0) + ownCpuMs() - cpuBefore) / 21;
  took.sort((a, b) => a - b);
  say(
    `three years of a test (${trend} months): median ${took[10]?.toFixed(1)} ms, longest ${took.at(-1)?.toFixed(1)} ms, ${cpu.toFixed(1)} ms of processor time, at most ${maxTrendMs} ms`,
  );
  // A machine with other work takes longer, and no more of its processor.
  check(trend >= 36 && cpu <= maxTrendMs, `three years of a test took over ${maxTrendMs} ms`);
  await team.close();
  await admin.close();
  await twin.admin.close();
}

/** At many points, each in a copy of one database. */
async function killed(serverUrl: string): Promise<void> {
  if (kills === 0) return;
  const small = await makeDatabase(serverUrl, 'origin', { runs: 12, tests: 4, files: 1 });
  const wanted = [await expectedSums(small.admin, yearBack), await coverageSums(small.admin, yearBack)];
  await small.admin.close();
  const whole = await copyOf(serverUrl, 'whole');
  const calls = (await retainAndDie(whole, 0, 0)).trim().split('\n');
  const end = await endState(whole);
  say(`a retention makes ${calls.length} calls to the database`);
  const counts = { detached: 0, pending: 0, unsummed: 0 };
  for (let kill = 1; kill <= kills; kill++) {
    const url = await copyOf(serverUrl, `killed_${kill}`);
    const at = Math.round((kill * calls.length) / (kills + 1));
    await retainAndDie(url, at, kill % 4);
    if (kill % 3 === 0) {
      // And once more in the middle of a DETACH that a reader holds up.
      const reader = await openReader(url);
      await retainAndDie(url, 'CONCURRENTLY', 700);
      // The server does not notice that its client is gone: every other time somebody ends the backend, too.
      if (kill % 2 === 0)
        await rowsOf(
          url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%DETACH PARTITION%CONCURRENTLY'`,
        );
      await reader.end();
    }
    const [state] = await rowsOf<{ pending: number; noted: number; unsummed: number }>(
      url,
      `SELECT (SELECT count(*) FROM pg_inherits WHERE inhdetachpending)::int AS pending, (SELECT count(*) FROM lukhas_retirements)::int AS noted,
         (SELECT count(*) FROM lukhas_retirements n JOIN pg_class c ON c.relname = n.child WHERE NOT c.relispartition AND n.summed_at IS NULL)::int AS unsummed`,
    );
    counts.pending += state?.pending ?? 0;
    counts.unsummed += state?.unsummed ?? 0;
    counts.detached += state?.noted ?? 0;
    await retainAndDie(url, 0, 0);
    const now = await endState(url);
    check(now === end, `killed at call ${at} and run again, another end than without`);
    const db = await openPostgres(url);
    const sums = [await storedSums(db), await coverageSums(db, undefined)];
    check(
      JSON.stringify(sums) === JSON.stringify(wanted),
      `killed at call ${at}, the sums are not those of the rows`,
    );
    await db.close();
    await onServer(serverUrl, `DROP DATABASE killed_${kill}`);
  }
  say(
    `killed ${kills} times: ${counts.detached} times in the middle of a month, ${counts.pending} with a pending DETACH, ${counts.unsummed} detached and not summed; run again, the same end`,
  );
}

async function copyOf(serverUrl: string, name: string): Promise<string> {
  await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE origin`);
  return withDatabase(serverUrl, name);
}

/** What is there in the end: partitions, tables, sums, notes. */
async function endState(url: string): Promise<string> {
  const rows = await rowsOf<{ line: string }>(
    url,
    `SELECT relname || ' ' || relispartition AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
     UNION ALL SELECT 'note ' || child FROM lukhas_retirements
     UNION ALL SELECT 'uploads ' || count(*) FROM ingest_uploads
     UNION ALL SELECT 'sums ' || md5(string_agg(m::text, '' ORDER BY m::text)) FROM test_months m
     UNION ALL SELECT 'files ' || md5(string_agg(m::text, '' ORDER BY m::text)) FROM coverage_months m ORDER BY 1`,
  );
  return rows.map(({ line }) => line).join('\n');
}

async function retainAndDie(url: string, at: number | 'CONCURRENTLY', after: number): Promise<string> {
  const { code, out, signal } = await program([
    '--import',
    'tsx',
    'test/support/retain-and-die.ts',
    url,
    `${at}`,
    `${after}`,
  ]);
  check(
    at === 0 ? code === 0 : code === 0 || signal === 'SIGKILL',
    `retain-and-die at ${at}: ${code} ${signal} ${out.slice(-400)}`,
  );
  return out;
}

function lukhas(
  args: readonly string[],
): Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string }> {
  return program(['--import', 'tsx', 'src/doors/lukhas/main.ts', ...args]);
}

function program(
  args: readonly string[],
): Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      out += chunk;
    });
    child.on('close', (code, signal) => resolve({ code, signal, out }));
  });
}

/** Uploads without a pause, until it is stopped. */
function uploader(
  url: string,
  number: number,
): { taken(): number[]; stop(): Promise<{ ms: number[]; failures: string[] }> } {
  const connect: Connect = (limits) => openPostgres(url, limits);
  const ms: number[] = [];
  const failures: string[] = [];
  let stopped = false;
  const done = (async () => {
    for (let turn = 0; !stopped; turn++) {
      const begun = performance.now();
      const results = Array.from({ length: 200 }, (_, index) =>
        index % 20 === 0 ? makeFailure(index) : makeResult(index),
      );
      try {
        await saveRun(
          connect,
          makeUpload(`soak ${number} ${turn}`),
          sourceOf(results, [makeCoverage(turn)]),
          makeOptions({
            onRetry: ({ reason }) => failures.push(`an upload had to be tried again: ${reason.message}`),
          }),
        );
        ms.push(performance.now() - begun);
      } catch (error) {
        failures.push(`an upload failed: ${error}`);
      }
      await sleep(20);
    }
  })();
  return {
    /** Those since it was asked last. */
    taken: () => ms.splice(0),
    stop: async () => {
      stopped = true;
      await done;
      return { ms, failures };
    },
  };
}

interface LateRow {
  readonly month: number;
  readonly number: number;
}

/** Goes on storing results of expired months, each in a transaction that stays open for a while; ends where a month is gone. */
function lateWriter(url: string): { stop(): Promise<LateRow[]> } {
  const rows: LateRow[] = [];
  let stopped = false;
  const done = (async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    let number = 0;
    for (const month of back.filter((one) => one > 12).reverse()) {
      while (!stopped) {
        number++;
        try {
          await client.query('BEGIN');
          await client.query(lateSql, [teamId, month, number]);
          await sleep(30);
          await client.query('COMMIT');
          rows.push({ month, number });
        } catch (error) {
          await client.query('ROLLBACK');
          // Gone, as it should be.
          if ((error as { code?: string }).code !== '23514') wrong.push(`a late row was refused: ${error}`);
          break;
        }
        if (number % 4 === 0) break;
      }
    }
    await client.end();
  })();
  return {
    stop: async () => {
      stopped = true;
      await done;
      return rows;
    },
  };
}

async function storeLate(url: string, rows: readonly LateRow[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const { month, number } of rows) await client.query(lateSql, [teamId, month, number]);
  await client.end();
}

/** A transaction that has read all three tables. */
async function openReader(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query(
    'SELECT count(*) FROM test_runs, LATERAL (SELECT 1 FROM test_results LIMIT 1) a, LATERAL (SELECT 1 FROM coverage_data LIMIT 1) b',
  );
  return client;
}

async function partitions(db: Database): Promise<{ name: string; until: Date }[]> {
  return rowsIn<{ name: string; until: Date }>(
    db,
    `SELECT b.child::text AS name, b.upper_bound AS until FROM unnest(ARRAY['test_runs', 'test_results', 'coverage_data']) AS p (name)
     CROSS JOIN LATERAL partition_bounds(p.name::regclass) b ORDER BY 1`,
  );
}

async function rowsOf<R extends pg.QueryResultRow>(url: string, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function onServer(url: string, sql: string): Promise<void> {
  await rowsOf(url, sql);
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** Of a process of this machine, in milliseconds; the clock's ticks are hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
