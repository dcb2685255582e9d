// Peak memory of the whole process while a report of 20 MB and one of more than 200 MB are read, signed and stored in
// PostgreSQL by the built command line, on the Node that runs this and on the one that GitHub's runners use.
//   npm run bench:memory
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPostgres } from '../src/store/database/pg.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import fetchNode24, { node24 } from '../test/support/node24.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { scriptIn } from '../test/support/sql.ts';
import { tellFigure } from './figures.ts';
import { writeReport } from './make-report.mjs';

const program = fileURLToPath(new URL('../dist/cli/upload.js', import.meta.url));
const work = await mkdtemp(path.join(tmpdir(), 'lukhas-memory-'));
const server = await startPostgres({ external: false, settings: { max_wal_size: '8GB' } });
try {
  const admin = await openPostgres(server.adminUrl);
  await migrate(admin);
  await addTeam(admin, { slug: 'memory' });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'memory',
    role: 'memory_ci',
    adminUrl: server.adminUrl,
  });
  fetchNode24();
  for (const node of new Set([process.execPath, node24()])) {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    const peaks: number[] = [];
    // Each version of Node judges against the same past.
    await scriptIn(admin, 'TRUNCATE test_runs, test_results, coverage_data, ingest_uploads CASCADE');
    for (const tests of [85_000, 900_000]) {
      const report = path.join(work, `${tests}.xml`);
      await writeReport(report, { tests, timestamp: new Date().toISOString().replace('Z', '000+00:00') });
      const { size } = await stat(report);
      const args = [
        program,
        report,
        '--database-url',
        databaseUrl,
        '--upload-key',
        `${version}-${tests}`,
        '-q',
      ];
      const peak = await peakOf(node, args);
      peaks.push(peak);
      const megabytes = (size / 1e6).toFixed(0).padStart(4);
      console.log(`${version} ${megabytes} MB, ${tests} tests: peak ${(peak / 1e6).toFixed(0)} MB`);
      await rm(report);
    }
    const ratio = (peaks[1] ?? 0) / (peaks[0] ?? 1);
    tellFigure({
      what: `peak memory of a report of 211 MB, Node ${version}`,
      value: `${((peaks[1] ?? 0) / 1e6).toFixed(0)} MB`,
      bound: '160 MB',
    });
    tellFigure({
      what: `that peak against the one of a report of 20 MB, Node ${version}`,
      value: ratio.toFixed(2),
      bound: '1.3',
    });
  }
  await admin.close();
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

/** Highest resident set of a node process, in bytes, as the kernel saw it. */
async function peakOf(node: string, args: readonly string[]): Promise<number> {
  const child = spawn(node, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  let peak = 0;
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const kilobytes = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    // The kernel's own peak; before the program is loaded it is still the parent's.
    if (kilobytes > 0) peak = kilobytes * 1024;
  }, 20);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`the upload ended with ${code}`);
  return peak;
}
