// How long `lukhas-upload --help` takes to start, against plain node, in turns; medians of 15.
//   npm run bench:start
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/cli/upload.js', import.meta.url));
const rounds = 15;
const contestants = { 'node -e 0': ['-e', '0'], 'lukhas-upload --help': [program, '--help'] };
const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, args] of Object.entries(contestants)) {
    const started = process.hrtime.bigint();
    spawnSync(process.execPath, args, { stdio: 'ignore' });
    times[name].push(Number(process.hrtime.bigint() - started) / 1e6);
  }
}
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
for (const [name, list] of Object.entries(times))
  console.log(`${name.padEnd(24)} ${median(list).toFixed(1)} ms`);
console.log(
  `ratio ${(median(times['lukhas-upload --help']) / median(times['node -e 0'])).toFixed(2)} (at most 2)`,
);
