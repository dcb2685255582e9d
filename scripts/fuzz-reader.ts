// Damages real reports and reads them: nothing but errors for people, nothing slow, no testcase lost without a word.
//   npm run fuzz:reader -- [inputs=5000] [seed=1] [first=0]
import { fuzzReader } from '../test/read/support/fuzz.ts';

const [inputs = '5000', seed = '1', first = '0'] = process.argv.slice(2);
if (![inputs, seed, first].every((argument) => /^\d+$/.test(argument))) {
  console.error('usage: npm run fuzz:reader -- [inputs=5000] [seed=1] [first=0]');
  process.exit(2);
}
const started = performance.now();
const figures = await fuzzReader({
  inputs: Number(inputs),
  seed: Number(seed),
  first: Number(first),
  onProgress: (done) => {
    if (done % 1000 === 0) console.error(`${done} of ${inputs}`);
  },
});
const refused = [...figures.refused].sort((a, b) => b[1] - a[1]);
console.log(
  `${figures.inputs} inputs in ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}`,
);
console.log(
  `${figures.read} read: ${figures.results} results, ${figures.malformed} malformed testcases, ${figures.interrupted} interrupted, ${figures.foldedTeardowns} folded teardown errors`,
);
console.log(
  `${figures.inputs - figures.read} refused: ${refused.map(([code, n]) => `${code} ${n}`).join(', ')}`,
);
console.log(`slowest: ${Math.round(figures.slowest.milliseconds)} ms (${figures.slowest.input})`);
console.log(`${figures.violations.length} violations`);
for (const violation of figures.violations.slice(0, 50)) console.log(`  ${violation}`);
process.exitCode = figures.violations.length === 0 ? 0 : 1;
