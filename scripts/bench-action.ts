// What the Action's step takes, started as the runner starts it: the bundle on Node 24, a push without a comment.
//   npm run bench:action [-- --rounds 15]
// Comparable actions were measured the same way: mikepenz/action-junit-report and dorny/test-reporter took 0.19 to 0.23 s for
// 150 tests where plain Node took 0.03 s, and 1.7 and 23 s for 100,000 tests, with 500 MB.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openPostgres } from '../src/store/database/pg.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import fetchNode24, { node24 } from '../test/support/node24.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { runAction } from '../test/support/runner.ts';
import { writeReport } from './make-report.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(values.rounds);
fetchNode24();
const work = await mkdtemp(path.join(tmpdir(), 'lukhas-bench-'));
const server = await startPostgres({ external: false });
try {
  const admin = await openPostgres(server.adminUrl);
  await migrate(admin);
  await addTeam(admin, { slug: 'bench' });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_ci',
    adminUrl: server.adminUrl,
  });
  await admin.close();
  await writeReport(path.join(work, 'small.xml'), { tests: 150 });
  await writeReport(path.join(work, 'large.xml'), { tests: 100_000 });

  const plain: number[] = [];
  const alone: number[] = [];
  const stored: number[] = [];
  const large: number[] = [];
  const peaks: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    spawnSync(node24(), ['-e', '0']);
    const plainMs = performance.now() - start;
    const without = await step({ reports: 'small.xml' }, round);
    const withDatabase = await step({ reports: 'small.xml', 'database-url': databaseUrl }, round);
    // The first round only warms everything up.
    if (round === 0) continue;
    plain.push(plainMs);
    alone.push(without.wallMs);
    stored.push(withDatabase.wallMs);
    if (round > 5) continue;
    const many = await step({ reports: 'large.xml' }, round);
    large.push(many.wallMs);
    peaks.push(many.peakBytes);
  }
  const { size } = await stat(path.join(work, 'large.xml'));
  const megabytes = (size / 1e6).toFixed(0);
  console.log(`plain node -e 0                     ${seconds(plain)}`);
  console.log(`150 tests, no database              ${seconds(alone)}   at most 0.19 s`);
  console.log(
    `150 tests, PostgreSQL               ${seconds(stored)}   ${(median(stored) / median(alone)).toFixed(2)} times, at most 2`,
  );
  console.log(`100,000 tests (${megabytes} MB), no database    ${seconds(large)}   at most 1.7 s`);
  console.log(
    `its peak memory                     ${(Math.max(...peaks) / 1e6).toFixed(0)} MB    at most 200 MB`,
  );
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

async function step(inputs: Readonly<Record<string, string>>, round: number) {
  const result = await runAction({
    cwd: work,
    inputs,
    // As GitHub's payload has it: else the pull request of the push is looked for.
    event: { name: 'push', payload: { repository: { default_branch: 'main' } } },
    env: { GITHUB_RUN_ID: String(9_000_000_000 + round) },
  });
  if (result.code !== 0 || (inputs['database-url'] !== undefined && result.outputs.stored !== 'new'))
    throw new Error(result.log);
  return result;
}

function seconds(times: readonly number[]): string {
  return `${(median(times) / 1000).toFixed(3)} s (median of ${times.length})`;
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}
