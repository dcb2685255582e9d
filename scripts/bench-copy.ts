// Measures storing against the floor: `psql \copy` of the very same rows by the tables' owner, past row-level security.
//   npm run bench:copy [-- --pairs 5 --tests 100000 --files 2000]
// First figure: rows in memory through saveRun by the limited role under row-level security. Second figure: the built
// command line reads and signs a report with the same rows. A real server with fsync on; CHECKPOINT and empty tables before each.

import { spawn } from 'node:child_process';
import { access, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { CoverageFile, SignedResult } from '../src/model.ts';
import { openPostgres } from '../src/store/database/pg.ts';
import { makeLineId } from '../src/store/runs/line.ts';
import { saveRun } from '../src/store/runs/save.ts';
import { makeRowIdPrefix, makeRunId } from '../src/store/runs/upload-key.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { emptyContext, makeOptions, makeUpload, totalsOf } from '../test/support/runs.ts';
import { scriptIn } from '../test/support/sql.ts';
import { copyIntArray, copyNumber, copyRow, copyText, copyTextArray } from './copy-text.ts';
import { median, tellFigure } from './figures.ts';
import { makeCoverageFiles, makeTests, writeCoverage, writeReport } from './make-report.mjs';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    tests: { type: 'string', default: '100000' },
    files: { type: 'string', default: '2000' },
  },
});
const pairs = Number(values.pairs);
const tests = Number(values.tests);
const files = Number(values.files);

if ((await exitCode('psql', ['--version'], {})) !== 0) {
  console.error(
    'psql is not installed (Debian: postgresql-client): without it there is no floor to measure against.',
  );
  process.exit(2);
}

const results = makeResults();
const coverage = makeCoverage();
const work = await mkdtemp(path.join(tmpdir(), 'lukhas-bench-'));
const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
});
try {
  await measure();
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const admin = await openPostgres(server.adminUrl);
  await migrate(admin);
  const team = await addTeam(admin, { slug: 'bench' });
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 1 });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_ci',
    adminUrl: server.adminUrl,
  });
  const createdAt = new Date();
  const resultsFile = path.join(work, 'results.txt');
  const coverageFile = path.join(work, 'coverage.txt');
  await writeFloorFiles(resultsFile, coverageFile, team.id, createdAt);
  const size = (await stat(resultsFile)).size + (await stat(coverageFile)).size;
  console.log(
    `${tests} results and ${files} coverage rows, ${(size / 1e6).toFixed(1)} MB of COPY text, ${pairs} pairs`,
  );

  const report = path.join(work, 'report.xml');
  const coverageJson = path.join(work, 'coverage.json');
  const cli = path.resolve('dist/cli/upload.js');
  const hasCli = await access(cli).then(
    () => true,
    () => false,
  );
  if (hasCli) {
    await writeReport(report, { tests, timestamp: createdAt.toISOString().replace('Z', '000+00:00') });
    await writeCoverage(coverageJson, { files });
  }

  const floor: number[] = [];
  const stored: number[] = [];
  const whole: number[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    await reset();
    floor.push(await timed(() => psqlCopy(resultsFile, coverageFile)));
    await reset();
    stored.push(await timed(() => save(databaseUrl, createdAt, pair)));
    if (hasCli) {
      await reset();
      whole.push(await timed(() => commandLine(cli, databaseUrl, report, coverageJson)));
    }
    const latest = [floor, stored, whole].map((list) => list.at(-1)).filter((ms) => ms !== undefined);
    console.log(`  pair ${pair}: ${latest.map((ms) => `${Math.round(ms)} ms`).join('  ')}`);
  }
  await admin.close();
  const base = median(floor);
  console.log(`psql \\copy as owner            ${line(floor, base)}`);
  console.log(`saveRun, limited role, RLS     ${line(stored, base)}`);
  if (hasCli) console.log(`lukhas-upload, whole           ${line(whole, base)}`);
  const size100 = `${tests} results and ${files} coverage rows against \`psql \\copy\`, median of ${pairs}`;
  tellFigure({ what: `storing ${size100}`, value: (median(stored) / base).toFixed(2), bound: '1.05' });
  if (hasCli)
    tellFigure({
      what: `whole upload of ${size100}`,
      value: (median(whole) / base).toFixed(2),
      bound: '1.25',
    });
  else console.log('the whole upload is not measured: dist/cli/upload.js is not built (npm run build)');

  async function reset(): Promise<void> {
    await scriptIn(admin, 'TRUNCATE test_results, coverage_data, test_runs, ingest_uploads');
    await admin.outside('CHECKPOINT');
  }
}

async function psqlCopy(resultsFile: string, coverageFile: string): Promise<void> {
  const code = await exitCode(
    'psql',
    [
      server.adminUrl,
      ...['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1'],
      ...[
        '-c',
        `\\copy test_results (id, test_run_id, team_id, created_at, test_name, test_class, test_function, test_file, outcome, duration_seconds, error_message, error_traceback, failure_signature, markers, line_id, error_type, statement) from '${resultsFile}'`,
      ],
      ...[
        '-c',
        `\\copy coverage_data (id, test_run_id, team_id, created_at, file_path, coverage_percent, total_statements, covered_statements, missing_statements, total_branches, covered_branches, covered_lines, missing_lines) from '${coverageFile}'`,
      ],
    ],
    { PGOPTIONS: '-c role=lukhas_owner' },
  );
  if (code !== 0) throw new Error(`psql ended with ${code}`);
}

async function save(databaseUrl: string, createdAt: Date, pair: number): Promise<void> {
  const saved = await saveRun(
    (limits) => openPostgres(databaseUrl, limits),
    makeUpload(`pair ${pair}`, { createdAt, context: emptyContext }),
    () => ({
      async *results() {
        for (let at = 0; at < results.length; at += 500) yield results.slice(at, at + 500);
      },
      coverage: () => [coverage],
      totals: () => totalsOf(results),
    }),
    makeOptions({ deadlineMs: 120_000 }),
  );
  if (saved.stored !== 'new') throw new Error('not stored');
}

async function commandLine(
  cli: string,
  databaseUrl: string,
  report: string,
  coverageJson: string,
): Promise<void> {
  const code = await exitCode(process.execPath, [cli, report, '--coverage', coverageJson, '--quiet'], {
    DATABASE_URL: databaseUrl,
  });
  if (code !== 0) throw new Error(`lukhas-upload ended with ${code}`);
}

/** Ends with the program's exit code, 127 where it is not installed; what it says on standard error is passed on. */
function exitCode(program: string, args: readonly string[], env: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function line(times: readonly number[], base: number): string {
  const ms = median(times);
  const rate = Math.round(((tests + files) / ms) * 1000);
  return `${String(Math.round(ms)).padStart(6)} ms   ${String(rate).padStart(7)} rows/s   ${(ms / base).toFixed(2)}`;
}

function makeResults(): SignedResult[] {
  const made: SignedResult[] = [];
  for (const test of makeTests({ tests })) {
    made.push({
      testName: `${test.file}::${test.cls}::${test.name}`,
      testFile: test.file,
      testClass: test.cls,
      testFunction: test.function,
      nodeIdSource: 'convention',
      outcome: test.failure ? 'failed' : test.skipped ? 'skipped' : 'passed',
      durationSeconds: test.time,
      failure:
        test.failure === undefined
          ? undefined
          : {
              errorType: test.failure.type,
              line: test.failure.line,
              lastFrameLine: test.failure.line,
              message: test.failure.message,
              traceback: test.failure.traceback,
            },
      reason: test.skipped,
      markers: [],
      failureSignature: test.failure === undefined ? undefined : 'md5:0123456789abcdef0123456789abcdef',
    });
  }
  return made;
}

function makeCoverage(): CoverageFile[] {
  return [...makeCoverageFiles({ files })].map((file) => ({
    filePath: file.path,
    coveragePercent: (100 * file.coveredLines.length) / (file.coveredLines.length + file.missingLines.length),
    totalStatements: file.coveredLines.length + file.missingLines.length,
    coveredStatements: file.coveredLines.length,
    missingStatements: file.missingLines.length,
    totalBranches: 0,
    coveredBranches: 0,
    coveredLines: file.coveredLines,
    missingLines: file.missingLines,
  }));
}

/** The same rows, with the same kind of ids, as whole lines for the parents. */
async function writeFloorFiles(
  resultsFile: string,
  coverageFile: string,
  teamId: string,
  createdAt: Date,
): Promise<void> {
  const runId = makeRunId(createdAt, Buffer.alloc(32, 7));
  const prefix = makeRowIdPrefix(createdAt);
  const lineId = makeLineId(teamId, emptyContext);
  const head = (n: number): string[] => [
    `${prefix}${n.toString(16).padStart(8, '0')}`,
    runId,
    teamId,
    createdAt.toISOString(),
  ];
  await writeLines(resultsFile, results.length, (n) => {
    const result = results[n] as SignedResult;
    return copyRow([
      ...head(n),
      copyText(result.testName),
      copyText(result.testClass),
      copyText(result.testFunction),
      copyText(result.testFile),
      result.outcome,
      copyNumber(result.durationSeconds, 3),
      copyText(result.failure?.message ?? result.reason),
      copyText(result.failure?.traceback),
      copyText(result.failureSignature),
      copyTextArray(result.markers),
      lineId,
      copyText(result.failure?.errorType),
      copyText(result.failure?.statement),
    ]);
  });
  await writeLines(coverageFile, coverage.length, (n) => {
    const file = coverage[n] as CoverageFile;
    return copyRow([
      ...head(n),
      copyText(file.filePath),
      copyNumber(file.coveragePercent, 2),
      ...[file.totalStatements, file.coveredStatements, file.missingStatements].map((count) =>
        copyNumber(count),
      ),
      ...[file.totalBranches, file.coveredBranches].map((count) => copyNumber(count)),
      copyIntArray(file.coveredLines),
      copyIntArray(file.missingLines),
    ]);
  });
}

async function writeLines(file: string, count: number, make: (n: number) => string): Promise<void> {
  const out = await open(file, 'w');
  let text = '';
  for (let n = 0; n < count; n++) {
    text += make(n);
    if (text.length > 1 << 20 || n === count - 1) {
      await out.write(text);
      text = '';
    }
  }
  await out.close();
}
