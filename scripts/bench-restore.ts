// Measures how long a backup and its way back take, on a stated part of the document's scale, on a server of its own with fsync on.
//   npm run bench:restore [-- --part 0.015]
// The document's year: 54.75 million results (1 in 20 failed, 2 KB of traceback), 365,000 runs a year for three years, and coverage of 1 million
// files a month (500 covered and 100 missing lines each). The part is filled into the present month, so that each index is as deep as a month's.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openPostgres } from '../src/store/database/pg.ts';
import { backUp } from '../src/store/keep/backup.ts';
import { readHealth } from '../src/store/keep/health.ts';
import { readPolicy } from '../src/store/keep/policy.ts';
import { verifyBackup } from '../src/store/keep/verify.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { rowsIn, scriptIn } from '../test/support/sql.ts';

const { values } = parseArgs({ options: { part: { type: 'string', default: '0.015' } } });
const part = Number(values.part);
const year = { results: 54_750_000, runs: 365_000 * 3, coverage: 12_000_000 };
const rows = {
  results: Math.round(year.results * part),
  runs: Math.round(year.runs * part),
  coverage: Math.round(year.coverage * part),
};

/** Processor seconds of a server's sessions that have ended, by its port; Linux. */
function processorSeconds(serverUrl: string): number {
  const { port } = new URL(serverUrl);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (!words[0]?.endsWith('/postgres') || !words.includes(`port=${port}`)) continue;
      const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '1 2 ')
        .split(' ');
      // Fields 16 and 17, in ticks of 10 ms; the third field of the file is the first here.
      return (Number(fields[13]) + Number(fields[14])) / 100;
    } catch {
      // It has ended meanwhile.
    }
  }
  return Number.NaN;
}

const server = await startPostgres({ external: false, settings: { shared_buffers: '512MB' } });
const home = await mkdtemp(path.join(tmpdir(), 'lukhas-bench-restore-'));
try {
  const admin = await openPostgres(server.adminUrl, { stallMs: 600_000 });
  await admin.outside('CREATE DATABASE bench');
  const url = server.adminUrl.replace(/\/postgres$/, '/bench');
  const db = await openPostgres(url, { stallMs: 600_000 });
  await migrate(db);
  await ensurePartitions(db, { monthsAhead: 2, monthsBack: 1 });
  await addTeam(db, { slug: 'bench' });
  const at = `date_trunc('month', now()) + (n % 1000) * ((now() - date_trunc('month', now())) / 1000)`;
  const team = `(SELECT id FROM teams WHERE slug = 'bench')`;
  const filled = performance.now();
  await scriptIn(
    db,
    `INSERT INTO test_runs (team_id, total_tests, passed, failed, git_sha, git_branch, job_name, repository, created_at)
     SELECT ${team}, 150, 142, 8, md5(n::text), 'main', 'test', 'acme/shop', ${at} FROM generate_series(1, ${rows.runs}) n;
     INSERT INTO test_results (test_run_id, team_id, test_name, test_file, outcome, duration_seconds, error_message, error_traceback, failure_signature, created_at)
     SELECT gen_random_uuid(), ${team}, 'tests/unit/test_' || n % 500 || '.py::test_' || n % 5000, 'tests/unit/test_' || n % 500 || '.py',
       CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'passed' END, 0.012, CASE WHEN n % 20 = 0 THEN 'KeyError: ' || n END,
       CASE WHEN n % 20 = 0 THEN (SELECT string_agg(md5((n * 64 + k)::text), E'\\n') FROM generate_series(1, 62) k) END,
       CASE WHEN n % 20 = 0 THEN 'md5:' || md5((n % 700)::text) END, ${at} FROM generate_series(1, ${rows.results}) n;
     INSERT INTO coverage_data (test_run_id, team_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent, covered_lines, missing_lines, created_at)
     SELECT gen_random_uuid(), ${team}, 600, 500, 100, 'src/module_' || n % 200 || '.py', 83.3,
       (SELECT array_agg(k + n % 7) FROM generate_series(1, 500) k), (SELECT array_agg(k * 7 + n % 5) FROM generate_series(1, 100) k), ${at} FROM generate_series(1, ${rows.coverage}) n;
     ANALYZE`,
  );
  const fillSeconds = (performance.now() - filled) / 1000;
  const [size] = await rowsIn<{ bytes: number }>(db, 'SELECT pg_database_size(current_database()) AS bytes');
  const asked = performance.now();
  const health = await readHealth({
    connect: () => openPostgres(url),
    databaseUrl: url,
    env: {},
    teamSlug: undefined,
    policy: readPolicy([]),
    clock: () => new Date(),
  });
  const doctorSeconds = (performance.now() - asked) / 1000;
  const file = path.join(home, 'bench.dump');
  const begun = performance.now();
  await backUp(db, {
    file,
    force: false,
    databaseUrl: url,
    sslCa: undefined,
    env: process.env,
    program: 'bench',
  });
  const backupSeconds = (performance.now() - begun) / 1000;
  await db.close();
  await admin.close();
  const before = processorSeconds(server.adminUrl);
  const verifying = performance.now();
  const verified = await verifyBackup({
    file,
    serverUrl: server.adminUrl,
    sslCa: undefined,
    env: process.env,
    connect: (to) => openPostgres(to, { stallMs: 600_000 }),
    onMessage: () => {},
  });
  const verifySeconds = (performance.now() - verifying) / 1000;
  const processor = processorSeconds(server.adminUrl) - before;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
  console.log(
    `part            ${(part * 100).toFixed(2)} % of the document's data: ${rows.results} results, ${rows.runs} runs, ${rows.coverage} coverage rows`,
  );
  console.log(`database        ${gigabytes(size?.bytes ?? 0)} GB, filled in ${fillSeconds.toFixed(0)} s`);
  console.log(`doctor's facts  ${doctorSeconds.toFixed(2)} s, ${health.troubles.length} troubles`);
  console.log(`backup          ${backupSeconds.toFixed(1)} s, ${gigabytes((await stat(file)).size)} GB`);
  console.log(
    `restore         ${verified.restoreSeconds.toFixed(1)} s of ${verifySeconds.toFixed(1)} s of verify-backup, ${verified.problems.length} problems`,
  );
  console.log(
    `                ${processor.toFixed(1)} s of the server's processor time, restore, counts and questions together`,
  );
  const hours = (seconds: number) => (seconds / part / 3600).toFixed(1);
  console.log(
    `all of it       ${hours(verified.restoreSeconds)} h at this pace, ${hours(processor)} h of one processor; the document allows 4`,
  );
} finally {
  await server.stop();
  await rm(home, { recursive: true, force: true });
}
