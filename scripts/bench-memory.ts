// Peak memory of the whole process while a report of 20 MB and one of more than 200 MB are read, signed and stored in
// PostgreSQL by the built command line.
//   npm run bench:memory
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { grantUploads } from '../src/store/access.ts';
import { migrate } from '../src/store/migrate.ts';
import { openPostgres } from '../src/store/pg.ts';
import { addTeam } from '../src/store/teams.ts';
import { startPostgres } from '../test/support/postgres.ts';
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
  await admin.close();
  const peaks: number[] = [];
  for (const tests of [85_000, 900_000]) {
    const report = path.join(work, `${tests}.xml`);
    await writeReport(report, { tests });
    const { size } = await stat(report);
    const peak = await peakOf([program, report, '--database-url', databaseUrl, '--quiet']);
    peaks.push(peak);
    console.log(
      `${(size / 1e6).toFixed(0).padStart(4)} MB, ${tests} tests: peak ${(peak / 1e6).toFixed(0)} MB`,
    );
    await rm(report);
  }
  console.log(
    `ratio ${((peaks[1] ?? 0) / (peaks[0] ?? 1)).toFixed(2)} (at most 1.3; the larger at most 200 MB)`,
  );
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

/** Highest resident set of a node process, in bytes, as the kernel saw it. */
async function peakOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
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
