// Rehearses a migration beside people at work: an index, a column and a foreign key on the partitioned tables of a large
// database, with uploads of the program before and the program after, short reads, and two readers' open transactions beside it.
//   npm run rehearse:migration [-- --runs 200000 --results 4000000 --months 5 --reader 150]
// The next migration is test/support/next-migration.sql. A third of the time a reader keeps a snapshot, which the indexes wait
// for; all the time another keeps the locks of what it has read, which the column waits for. Exits with 1 where an upload fails
// or waits over 5 s, a read waits over 1 s, the program after is answered anything but "lukhas db migrate" before the migration is
// done, or the migration does not say for whom it waits.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { StoreError } from '../src/errors.ts';
import { openPostgres } from '../src/store/database/pg.ts';
import type { Connect, Database } from '../src/store/database/port.ts';
import { saveRun } from '../src/store/runs/save.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { type Migration, migrations } from '../src/store/schema/migrations.generated.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { nextMigrations } from '../test/support/next-migration.ts';
import { startPostgres } from '../test/support/postgres.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../test/support/runs.ts';
import { rowsIn, scriptIn } from '../test/support/sql.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200000' },
    results: { type: 'string', default: '4000000' },
    months: { type: 'string', default: '5' },
    /** Seconds that the longer reader's transaction is open. */
    reader: { type: 'string', default: '150' },
    /** Times the bounds, for a machine with other work. */
    slack: { type: 'string', default: '1' },
  },
});
const [runs, results, months, readerSeconds] = [
  values.runs,
  values.results,
  values.months,
  values.reader,
].map(Number) as [number, number, number, number];
const maxUploadMs = 5_000 * Number(values.slack);
const maxReadMs = 1_000 * Number(values.slack);
const started = performance.now();
const say = (words: string): void =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${words}`);

const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '256MB' },
});
const wrong: string[] = [];
try {
  await rehearse(server.adminUrl);
} finally {
  await server.stop();
}
for (const words of wrong) say(`WRONG: ${words}`);
say(wrong.length === 0 ? 'all bounds held' : `${wrong.length} bounds broken`);
process.exitCode = wrong.length === 0 ? 0 : 1;

async function rehearse(url: string): Promise<void> {
  const connect: Connect = (limits) => openPostgres(url, limits);
  const admin = await openPostgres(url, { stallMs: 3_600_000 });
  await migrate(admin);
  const team = await addTeam(admin, { slug: 'rehearsal' });
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: months - 1 });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: team.slug,
    role: 'rehearsal_ci',
    adminUrl: url,
  });
  await fill(admin, team.id);
  const [size] = await rowsIn<{ runs: number; results: number; partitions: number; bytes: string }>(
    admin,
    `SELECT (SELECT count(*) FROM test_runs)::int AS runs, (SELECT count(*) FROM test_results)::int AS results,
       (SELECT count(DISTINCT tableoid) FROM test_results)::int AS partitions, pg_size_pretty(pg_database_size(current_database())) AS bytes`,
  );
  say(`${size?.runs} runs, ${size?.results} results in ${size?.partitions} partitions, ${size?.bytes}`);

  const before = uploader(databaseUrl, 'before', migrations);
  const after = uploader(databaseUrl, 'after', nextMigrations());
  const reads = reader(url);
  // Everybody is at work before the migration comes.
  await sleep(Math.min(2_000, readerSeconds * 200));
  const readers = [
    holdTransaction(url, 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'snapshot report', readerSeconds / 3),
    holdTransaction(url, 'BEGIN', 'long report', readerSeconds),
  ];
  await sleep(500);
  const waits: string[] = [];
  const begun = performance.now();
  const applied = await migrate(admin, {
    list: nextMigrations(),
    connect,
    onWait: (message) => {
      waits.push(message);
      say(message);
    },
  });
  const tookMs = performance.now() - begun;
  say(`${applied.join(', ')} applied after ${(tookMs / 1000).toFixed(1)} s`);
  await Promise.all(readers);
  // The program after may store from now on, the one before goes on.
  await sleep(Math.min(3_000, readerSeconds * 400));
  const [old, young, read] = await Promise.all([before.stop(), after.stop(), reads.stop()]);

  say(`uploads of the program before   ${line(old.ms)}   at most ${maxUploadMs} ms`);
  say(
    `uploads of the program after    ${line(young.ms)}   refused ${young.refused} times before the migration was done`,
  );
  say(`reads                           ${line(read)}   at most ${maxReadMs} ms`);
  const check = (holds: boolean, words: string): void => {
    if (!holds) wrong.push(words);
  };
  for (const failure of [...old.failures, ...young.failures]) wrong.push(failure);
  check(old.ms.length > 0 && old.refused === 0, 'the program before could not upload');
  check(Math.max(...old.ms, ...young.ms) <= maxUploadMs, `an upload waited over ${maxUploadMs} ms`);
  check(read.length > 0 && Math.max(...read) <= maxReadMs, `a read waited over ${maxReadMs} ms`);
  check(young.refused > 0 && young.ms.length > 0, 'the program after was not refused first and served then');
  check(tookMs >= readerSeconds * 1000 - 500, 'the migration did not wait for the reader');
  // A wait of less than 2 s is not told.
  for (const application of readerSeconds < 12 ? ['long report'] : ['snapshot report', 'long report']) {
    const words = new RegExp(
      `waiting for .*pid \\d+ \\(login postgres, application ${application}, its transaction began `,
    );
    check(
      waits.some((message) => words.test(message)),
      `the migration did not say that it waits for the ${application}`,
    );
  }
  const [state] = await rowsIn<{
    stored: number;
    promised: number;
    invalid: number;
    open: number;
    steps: number;
  }>(
    admin,
    `SELECT (SELECT count(*) FROM test_runs WHERE tries = 1)::int AS stored,
       (SELECT count(*) FROM pg_index WHERE NOT indisvalid)::int AS invalid,
       (SELECT count(*) FROM pg_constraint WHERE NOT convalidated)::int AS open,
       (SELECT count(*) FROM lukhas_migration_steps)::int AS steps`,
  );
  const promised = runs + old.ms.length + young.ms.length;
  check(state?.stored === promised, `${promised} runs were promised, ${state?.stored} are there`);
  check(
    state?.invalid === 0 && state.open === 0 && state.steps === 0,
    'the migration left something half done',
  );
  await admin.close();
}

/** Rows made on the server: runs spread evenly over the months, results evenly over the runs. */
async function fill(admin: Database, team: string): Promise<void> {
  const each = Math.round(results / runs);
  await scriptIn(
    admin,
    `CREATE UNLOGGED TABLE made AS
     SELECT n, gen_random_uuid() AS id, greatest(now() - n * (now() - date_trunc('month', now(), 'UTC') + interval '${months - 1} months') / ${runs},
       date_trunc('month', now() - interval '${months - 1} months', 'UTC')) AS at
     FROM generate_series(1, ${runs}) AS n`,
  );
  await scriptIn(
    admin,
    `INSERT INTO test_runs (id, team_id, total_tests, passed, failed, git_sha, git_branch, created_at)
     SELECT id, '${team}', ${each}, ${each} - 1, 1, md5(n::text) || '00000000', 'branch-' || n % 50, at FROM made`,
  );
  await scriptIn(
    admin,
    `INSERT INTO test_results (test_run_id, team_id, created_at, test_name, test_class, test_function, test_file, outcome,
       duration_seconds, error_message, failure_signature, markers)
     SELECT id, '${team}', at, 'tests/test_' || t % 7 || '.py::TestOrders::test_' || t, 'TestOrders', 'test_' || t,
       'tests/test_' || t % 7 || '.py', CASE WHEN t = 1 THEN 'failed' ELSE 'passed' END, 0.01,
       CASE WHEN t = 1 THEN 'KeyError: total' END, CASE WHEN t = 1 THEN 'md5:' || md5((n % 1000)::text) END, '{}'
     FROM made CROSS JOIN generate_series(1, ${each}) AS t`,
  );
  await scriptIn(admin, 'DROP TABLE made');
  await admin.outside('ANALYZE');
}

interface Uploads {
  /** How long each stored one took. */
  readonly ms: readonly number[];
  /** How often the schema was older than the program. */
  readonly refused: number;
  readonly failures: readonly string[];
}

/** One upload after the other, as a program that knows `list` makes them. */
function uploader(url: string, name: string, list: readonly Migration[]): { stop(): Promise<Uploads> } {
  const rows = Array.from({ length: 200 }, (_, n) => (n % 20 === 0 ? makeFailure(n) : makeResult(n)));
  const source = sourceOf(rows, [makeCoverage(1)]);
  const [ms, failures]: [number[], string[]] = [[], []];
  let refused = 0;
  let going = true;
  const working = (async () => {
    for (let n = 0; going; n++) {
      const start = performance.now();
      try {
        await saveRun(
          (limits) => openPostgres(url, limits),
          makeUpload(`${name} ${n}`),
          source,
          makeOptions({ migrations: list, deadlineMs: 60_000 }),
        );
        ms.push(performance.now() - start);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (error.code === 'database-older' && error.fix?.includes('lukhas db migrate') === true) refused++;
        else failures.push(`an upload of the program ${name} failed: ${error.code}, ${error.message}`);
      }
      await sleep(100);
    }
  })();
  return {
    stop: async () => {
      going = false;
      await working;
      return { ms, refused, failures };
    },
  };
}

/** A short question every 100 ms, as a dashboard asks. */
function reader(url: string): { stop(): Promise<readonly number[]> } {
  const ms: number[] = [];
  let going = true;
  const working = (async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    while (going) {
      const start = performance.now();
      await client.query(
        `SELECT r.id, r.failed, (SELECT count(*) FROM test_results t
           WHERE t.test_run_id = r.id AND t.created_at = r.created_at) AS results
         FROM test_runs r ORDER BY r.created_at DESC LIMIT 5`,
      );
      ms.push(performance.now() - start);
      await sleep(100);
    }
    await client.end();
  })();
  return {
    stop: async () => {
      going = false;
      await working;
      return ms;
    },
  };
}

/** A transaction that has read all that the migration changes, and stays open. */
async function holdTransaction(
  url: string,
  begin: string,
  application: string,
  seconds: number,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  await client.connect();
  await client.query(
    `${begin}; SELECT count(*) FROM test_runs; SELECT FROM test_results LIMIT 1; SELECT FROM teams`,
  );
  say(`${application}: a transaction is open, for ${seconds.toFixed(0)} s`);
  await sleep(seconds * 1000);
  await client.end();
  say(`${application}: the transaction ends`);
}

function line(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
  return `${String(sorted.length).padStart(5)}   p50 ${at(0.5).padStart(5)} ms   p99 ${at(0.99).padStart(5)} ms   longest ${at(1).padStart(5)} ms`;
}
