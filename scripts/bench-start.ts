// How long `lukhas-upload --help` takes to start, against plain node, in turns; medians of 15.
//   npm run bench:start
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, tellFigure } from './figures.ts';

const program = fileURLToPath(new URL('../dist/cli/upload.js', import.meta.url));
const rounds = 15;
const contestants = { 'node -e 0': ['-e', '0'], 'lukhas-upload --help': [program, '--help'] };
const times = new Map<string, number[]>();
for (let round = 0; round < rounds; round++) {
  for (const [name, args] of Object.entries(contestants)) {
    const started = performance.now();
    spawnSync(process.execPath, args, { stdio: 'ignore' });
    times.set(name, [...(times.get(name) ?? []), performance.now() - started]);
  }
}
const [plain = 0, helped = 0] = [...times.values()].map(median);
for (const [name, list] of times) console.log(`${name.padEnd(24)} ${median(list).toFixed(1)} ms`);
tellFigure({
  what: 'start of `lukhas-upload --help` against `node -e 0`, medians of 15',
  value: (helped / plain).toFixed(2),
  bound: '2',
});
