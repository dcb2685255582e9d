// All benches one after the other, and their figures as a table: printed, and with --write put into docs/measurements.md.
//   npm run bench [-- --only start,copy] [--without queries] [--times 3] [--write]
// Between the benches one fixed piece of work is timed: how much it varies is the machine's own noise, and stands beside the table.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Figure, median, plotTimes } from './figures.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const all = Object.keys(scripts).flatMap((name) => (/^bench:/.test(name) ? name.slice('bench:'.length) : []));
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: all.join(',') },
    without: { type: 'string', default: '' },
    times: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const without = values.without.split(',');
const chosen = values.only.split(',').filter((name) => !without.includes(name));
const unknown = [...chosen, ...without].filter((name) => name !== '' && !all.includes(name));
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(2);
}

const file = path.join(tmpdir(), `lukhas-figures-${process.pid}`);
const noise: number[] = [];
const found: { bench: string; figures: Figure[]; failed: boolean }[] = [];
for (let time = 0; time < Number(values.times); time++) {
  for (const bench of chosen) {
    noise.push(fixedWork());
    console.log(`\n== ${bench}`);
    writeFileSync(file, '');
    const { status } = spawnSync('npm', ['run', '--silent', `bench:${bench}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, LUKHAS_FIGURES: file },
    });
    const figures = readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Figure)));
    found.push({ bench, figures, failed: status !== 0 });
  }
}
noise.push(fixedWork());
rmSync(file);

const rows = new Map<string, { bench: string; bound: string; values: string[] }>();
for (const { bench, figures, failed } of found) {
  if (failed) console.error(`bench:${bench} ended with an error`);
  for (const { what, value, bound = '–' } of figures) {
    const row = rows.get(`${bench} ${what}`) ?? { bench, bound, values: [] };
    row.values.push(value);
    rows.set(`${bench} ${what}`, row);
  }
}
const table = [
  '| Bench | What | At most | Found |',
  '|---|---|---|---|',
  ...[...rows].map(
    ([key, { bench, bound, values: list }]) =>
      `| ${bench} | ${key.slice(bench.length + 1)} | ${bound} | ${list.join(' · ')} |`,
  ),
];
const spread = (Math.max(...noise) / Math.min(...noise) - 1) * 100;
const words = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, Node ${process.versions.node}. The machine's own noise: a fixed piece of work took ${median(noise).toFixed(0)} ms in the middle, the longest ${spread.toFixed(0)} % more than the shortest.`;
const growth = plotTimes(found.flatMap(({ bench, figures }) => (bench === 'growth' ? figures : [])));
const plot =
  growth.length === 0
    ? []
    : ['', 'How the time grows; ten times the time is 16 blocks more:', '', '```', ...growth, '```'];
const shown = [words, '', ...table, ...plot].join('\n');
console.log(`\n${shown}`);

if (values.write) {
  const page = 'docs/measurements.md';
  const [start, end] = ['<!-- npm run bench -->', '<!-- end of npm run bench -->'];
  const text = readFileSync(page, 'utf8');
  const [before, rest = ''] = text.split(start);
  const after = rest.split(end)[1] ?? '';
  if (rest === '') throw new Error(`${page} has no line ${start}`);
  writeFileSync(page, `${before}${start}\n${shown}\n${end}${after}`);
}
if (found.some(({ failed }) => failed)) process.exitCode = 1;

/** Milliseconds that the same hashing takes. */
function fixedWork(): number {
  const bytes = Buffer.alloc(64 << 20, 'lukhas');
  const started = performance.now();
  createHash('sha256').update(bytes).digest();
  return performance.now() - started;
}
