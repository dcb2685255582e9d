// Measures how fast and in how much memory coverage reports are read: `node scripts/measure-coverage.mjs [megabytes]`.
// Generates reports as coverage.py writes them, reads each in a process of its own, and prints what it took.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const megabytes = Number(process.argv[2] ?? 200);
const folder = mkdtempSync(join(tmpdir(), 'measure-coverage-'));

try {
  const reader = join(folder, 'read.mjs');
  await build({
    stdin: {
      contents: `
        import { readCoverage } from './src/read/coverage/coverage.ts';
        const before = process.resourceUsage().maxRSS;
        const started = performance.now();
        const read = await readCoverage(process.argv.slice(2), {
          repositoryRoot: undefined, rootdir: undefined, workingDirectory: '/', trackedFiles: undefined,
        });
        console.log(JSON.stringify({
          seconds: (performance.now() - started) / 1000,
          peak: process.resourceUsage().maxRSS, before, files: read.files.length, percent: read.totals.percent,
        }));`,
      resolveDir: join(import.meta.dirname, '..'),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: reader,
    logLevel: 'error',
  });
  await measure('format 3 with contexts', contextsReport, 0);
  await measure('format 3 with contexts, indented', contextsReport, 4);
  await measure('format 3, functions and classes', regionsReport, 0);
  await measure('format 2, lists of lines only', plainReport, 0);

  async function measure(title, report, indent) {
    const path = join(folder, 'coverage.json');
    await generate(path, report, indent);
    const size = statSync(path).size / 1e6;
    const run = spawnSync(process.execPath, [reader, path], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    const { seconds, peak, before, files } = JSON.parse(run.stdout);
    console.log(
      `${title}: ${size.toFixed(0)} MB, ${files} files, ${seconds.toFixed(2)} s, ${(size / seconds).toFixed(0)} MB/s, ` +
        `peak ${(peak / 1024).toFixed(0)} MiB (${(before / 1024).toFixed(0)} MiB before reading)`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function generate(path, report, indent) {
  const out = createWriteStream(path);
  out.write('{"meta": {"format": 3, "version": "7.16.2", "branch_coverage": true}, "files": {');
  for (let index = 0; out.bytesWritten + out.writableLength < megabytes * 1e6; index++) {
    const entry = JSON.stringify(report(index), null, indent);
    if (!out.write(`${index > 0 ? ', ' : ''}"src/pkg${index % 50}/module_${index}.py": ${entry}`)) {
      await once(out, 'drain');
    }
  }
  out.end('}, "totals": {}}');
  await once(out, 'finish');
}

function region(first, count) {
  const executed = [];
  const missing = [];
  for (let line = first; line < first + count; line++) (line % 7 === 0 ? missing : executed).push(line);
  return {
    executed_lines: executed,
    summary: {
      covered_lines: executed.length,
      num_statements: count,
      percent_covered: (100 * executed.length) / count,
      percent_covered_display: '86',
      missing_lines: missing.length,
      excluded_lines: 0,
      num_branches: 2,
      num_partial_branches: 1,
      covered_branches: 1,
      missing_branches: 1,
    },
    missing_lines: missing,
    excluded_lines: [],
    executed_branches: [[first, first + 1]],
    missing_branches: [[first, first + 2]],
  };
}

function regionsReport(index) {
  const functions = {};
  for (let at = 0; at < 30; at++) functions[`f${at}`] = region(at * 10 + 1, 10);
  return { ...region(1, 300 + (index % 7)), functions, classes: { '': region(1, 300) } };
}

function contextsReport(index) {
  const contexts = {};
  for (let line = 1; line < 100; line++) {
    contexts[line] = [1, 2, 3].map(
      (test) => `tests/unit/test_module.py::TestCase::test_number_${test * line}|run`,
    );
  }
  const report = regionsReport(index);
  for (const name of Object.keys(report.functions)) report.functions[name].contexts = contexts;
  return { ...report, contexts };
}

function plainReport(index) {
  return region(1, 300 + (index % 7));
}
