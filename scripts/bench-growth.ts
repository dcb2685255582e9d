// How the time of a whole upload grows with its input: tests, failures, covered files, and months of rows that lie there already.
//   npm run bench:growth [-- --rounds 3 --only tests,failures,files,months]
// The built command line into PostgreSQL under row-level security, the whole process by the clock, medians. Nothing may grow
// faster than its input: the time at ten times the size is at most ten times as much.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openPostgres } from '../src/store/database/pg.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { asOwnerIn, makeMonths } from '../test/support/old-months.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { median, tellFigure } from './figures.ts';
import { writeCoverage, writeReport } from './make-report.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'tests,failures,files,months' },
  },
});
const rounds = Number(values.rounds);
const chosen = values.only.split(',');
const program = fileURLToPath(new URL('../dist/cli/upload.js', import.meta.url));
const work = await mkdtemp(path.join(tmpdir(), 'lukhas-growth-'));
const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
});

interface Series {
  readonly name: string;
  readonly sizes: readonly number[];
  /** Makes what is uploaded. @returns the program's arguments */
  make(size: number): Promise<readonly string[]>;
}

const words: Readonly<Record<string, string>> = {
  tests: 'tests, 1 % of them failed',
  failures: 'failures among 10,000 tests',
  files: 'covered files with 150 tests',
  months: 'months of 60 runs of the same 1,000 tests that lie there',
};
const report = path.join(work, 'report.xml');
const coverage = path.join(work, 'coverage.json');
const withReport = async (tests: number, failures: number) => {
  await writeReport(report, {
    tests,
    failureShare: failures / tests,
    timestamp: new Date().toISOString().replace('Z', '000+00:00'),
  });
  return [report];
};

try {
  const admin = await openPostgres(server.adminUrl, { stallMs: 3_600_000 });
  await migrate(admin);
  await addTeam(admin, { slug: 'bench' });
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 1 });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_ci',
    adminUrl: server.adminUrl,
  });

  const access = (key: string) => ['--database-url', databaseUrl, '--upload-key', key];

  /** Copies the newest run with its results 60 times into the month so many months back, each of a commit of its own. */
  async function copyInto(month: number): Promise<void> {
    await asOwnerIn(admin, async () => {
      const id = (run: string) => `md5(${run} || ' ${month} ' || n)::uuid`;
      const at = `date_trunc('month', now()) - make_interval(months => ${month}) + n * interval '10 hours'`;
      const newest = `(SELECT * FROM test_runs WHERE repository = 'acme/shop' ORDER BY created_at DESC LIMIT 1)`;
      await copy('test_runs', `${newest} AS r`, {
        id: id('r.id'),
        git_sha: `md5('${month} ' || n) || '00000000'`,
        created_at: at,
      });
      await copy('test_results', `test_results AS r JOIN ${newest} AS of ON of.id = r.test_run_id`, {
        id: id('r.id'),
        test_run_id: id('of.id'),
        created_at: at,
      });
    });
  }

  async function copy(table: string, from: string, changed: Readonly<Record<string, string>>): Promise<void> {
    const columns = await rowsInside(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    );
    await admin.run(
      `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.map((name) => changed[name] ?? `r.${name}`).join(', ')}
       FROM ${from}, generate_series(1, 60) AS n`,
    );
  }

  async function rowsInside(sql: string): Promise<string[]> {
    return (await admin.query<{ name: string }>(sql)).map(({ name }) => name);
  }

  let months = 0;
  const series: readonly Series[] = [
    {
      name: 'tests',
      sizes: [1_000, 10_000, 100_000, 1_000_000],
      make: (tests) => withReport(tests, tests / 100),
    },
    {
      name: 'failures',
      sizes: [1, 10, 100, 1_000, 10_000],
      make: (failures) => withReport(10_000, failures),
    },
    {
      name: 'files',
      sizes: [10, 100, 1_000, 3_000],
      make: async (files) => {
        await writeCoverage(coverage, { files });
        return [...(await withReport(150, 1)), '--coverage', coverage];
      },
    },
    {
      name: 'months',
      sizes: [1, 6, 12, 24],
      make: async (size) => {
        const args = await withReport(1_000, 20);
        const sameJob = ['--repository', 'acme/shop', '--set', 'git_branch=main'];
        // The run that is copied into the months.
        if (months === 0) await upload([...args, ...sameJob, ...access('months')]);
        const back = Array.from({ length: size - months }, (_, i) => months + i + 2);
        months = size;
        await makeMonths(admin, back);
        for (const month of back) await copyInto(month);
        await admin.outside('VACUUM ANALYZE');
        return [...args, ...sameJob];
      },
    },
  ];

  let key = 0;
  for (const { name, sizes, make } of series.filter((one) => chosen.includes(one.name))) {
    let before: { size: number; ms: number } | undefined;
    for (const size of sizes) {
      const args = await make(size);
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await admin.outside('CHECKPOINT');
        key += 1;
        times.push(await upload([...args, ...access(`${key}`)]));
      }
      const ms = median(times);
      const spread = `${(Math.min(...times) / 1000).toFixed(2)} to ${(Math.max(...times) / 1000).toFixed(2)} s`;
      const grown = before === undefined ? '' : `; ${(ms / before.ms).toFixed(2)} times the line above`;
      tellFigure({
        what: `upload of ${size.toLocaleString('en')} ${words[name] ?? name}`,
        value: `${(ms / 1000).toFixed(2)} s (${spread})${grown}`,
        ...(before === undefined ? {} : { bound: `${(size / before.size).toFixed(0)} times` }),
      });
      before = { size, ms };
    }
  }
  await admin.close();
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

/** Milliseconds of the whole process. */
async function upload(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [program, ...args, '--quiet'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: work,
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`the upload ended with ${code}`);
  return performance.now() - start;
}
