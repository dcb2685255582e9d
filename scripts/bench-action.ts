// What the Action's step takes, started as the runner starts it: the bundle on Node 24, a push without a comment.
//   npm run bench:action [-- --rounds 15]
// Comparable actions were measured the same way: mikepenz/action-junit-report and dorny/test-reporter took 0.19 to 0.23 s for
// 150 tests where plain Node took 0.03 s, and 1.7 and 23 s for 100,000 tests, with 500 MB.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openPostgres } from '../src/store/database/pg.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { checkOut, initRepository, writeCommit, writeRefs } from '../test/support/git-repository.ts';
import fetchNode24, { node24 } from '../test/support/node24.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { runAction } from '../test/support/runner.ts';
import { median, tellFigure } from './figures.ts';
import { writeReport } from './make-report.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(values.rounds);
let workflowRuns = 0;
// It lets the tests keep what V8 compiled; a runner has nothing of that.
fetchNode24()();
process.env.NODE_COMPILE_CACHE = '';
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

  const repository = await openCheckout(path.join(work, 'checkout'));
  const same: number[] = [];
  const changed: number[] = [];
  const plain: number[] = [];
  const alone: number[] = [];
  const stored: number[] = [];
  const large: number[] = [];
  const peaks: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    spawnSync(node24(), ['-e', '0']);
    const plainMs = performance.now() - start;
    const without = await step({ reports: 'small.xml' });
    const withDatabase = await step({ reports: 'small.xml', 'database-url': databaseUrl });
    const covered = { reports: '../small.xml', coverage: 'coverage.json', 'database-url': databaseUrl };
    const unchanged = await step(covered, repository.checkOutBase());
    const withDiff = await step(covered, repository.checkOutChange());
    if (withDiff.outputs['patch-coverage'] !== '80') throw new Error(withDiff.log);
    // The first round only warms everything up.
    if (round === 0) continue;
    plain.push(plainMs);
    alone.push(without.wallMs);
    stored.push(withDatabase.wallMs);
    same.push(unchanged.wallMs);
    changed.push(withDiff.wallMs);
    if (round > 5) continue;
    const many = await step({ reports: 'large.xml' });
    large.push(many.wallMs);
    peaks.push(many.peakBytes);
  }
  const { size } = await stat(path.join(work, 'large.xml'));
  const megabytes = (size / 1e6).toFixed(0);
  console.log(`plain node -e 0                     ${seconds(plain)}`);
  tellFigure({ what: '150 tests, no database', value: seconds(alone), bound: '0.19 s' });
  tellFigure({
    what: '150 tests, PostgreSQL, against the same without',
    value: `${(median(stored) / median(alone)).toFixed(2)}, ${seconds(stored)}`,
    bound: '2',
  });
  console.log(`  with coverage of 50 files           ${seconds(same)}`);
  console.log(
    `  with a diff of 50 files             ${seconds(changed)}   ${(median(changed) / median(same)).toFixed(2)} times that without`,
  );
  const many = `100,000 tests (${megabytes} MB), no database`;
  tellFigure({ what: many, value: seconds(large), bound: '1.7 s' });
  tellFigure({
    what: `${many}, peak memory`,
    value: `${(Math.max(...peaks) / 1e6).toFixed(0)} MB`,
    bound: '200 MB',
  });
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

async function step(
  inputs: Readonly<Record<string, string>>,
  { cwd, sha, branch }: Place = { cwd: work, sha: undefined, branch: 'main' },
) {
  const result = await runAction({
    cwd,
    inputs: { comment: 'off', ...inputs },
    event: { name: 'push', payload: {} },
    env: {
      GITHUB_RUN_ID: String(9_000_000_000 + workflowRuns++),
      GITHUB_REF: `refs/heads/${branch}`,
      ...(sha === undefined ? {} : { GITHUB_SHA: sha }),
    },
  });
  if (result.code !== 0 || (inputs['database-url'] !== undefined && result.outputs.stored !== 'new'))
    throw new Error(result.log);
  return result;
}

interface Place {
  readonly cwd: string;
  readonly sha: string | undefined;
  readonly branch: string;
}

/** A repository whose change edits 10 lines in each of 50 files of 200 statements, of which tests run 8. */
async function openCheckout(cwd: string) {
  await mkdir(cwd);
  initRepository(cwd, { origin: 'https://github.com/acme/shop.git' });
  const text = (edited: boolean) =>
    Array.from({ length: 200 }, (_, i) => `x_${i} = ${edited && i >= 100 && i < 110 ? 'y' : i}\n`).join('');
  const paths = Array.from({ length: 50 }, (_, i) => `src/module_${i}.py`);
  const filesOf = (edited: boolean) => new Map(paths.map((file) => [file, text(edited)]));
  const [before, after] = [filesOf(false), filesOf(true)];
  const base = writeCommit(cwd, { files: before, parents: [], at: 1_790_000_000_000, message: 'base' });
  const head = writeCommit(cwd, { files: after, parents: [base], at: 1_790_000_060_000, message: 'change' });
  writeRefs(cwd, new Map([['refs/remotes/origin/main', base]]));
  const executed = Array.from({ length: 200 }, (_, i) => i + 1).filter(
    (line) => line !== 105 && line !== 106,
  );
  const summary = { covered_lines: 198, num_statements: 200, missing_lines: 2, excluded_lines: 0 };
  const file = { executed_lines: executed, missing_lines: [105, 106], excluded_lines: [], summary };
  const report = {
    meta: { version: '7.6.1', format: 3 },
    files: Object.fromEntries(paths.map((name) => [name, file])),
    totals: { ...summary, covered_lines: 9900, num_statements: 10_000, missing_lines: 100 },
  };
  await writeFile(path.join(cwd, 'coverage.json'), JSON.stringify(report));
  return {
    checkOutBase(): Place {
      checkOut(cwd, base, before, after);
      return { cwd, sha: base, branch: 'main' };
    },
    checkOutChange(): Place {
      checkOut(cwd, head, after, before);
      return { cwd, sha: head, branch: 'change' };
    },
  };
}

function seconds(times: readonly number[]): string {
  return `${(median(times) / 1000).toFixed(3)} s (median of ${times.length})`;
}
