// Reads hostile reports of one size and of twice that size: the time may not grow faster than the input. Measures the
// processor's time, so that other work on the machine matters little.
//   npm run bench:hostile -- [characters=3000000] [repeats=5] [name]
import { signResults } from '../src/sign/signature.ts';
import { hostileReports } from '../test/read/support/hostile.ts';
import { readText } from '../test/read/support/reports.ts';

const [size = '3000000', repeats = '5', only = ''] = process.argv.slice(2);
/** Twice the input may take this many times as long. */
const most = 2.5;
/** Less is noise; in milliseconds. */
const least = 150;

async function measure(report: string): Promise<number> {
  const start = process.cpuUsage();
  const { results } = await readText(report);
  signResults(results);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

async function median(report: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < Number(repeats); i++) times.push(await measure(report));
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

const slow: string[] = [];
for (const [name, make] of Object.entries(hostileReports)) {
  if (!name.includes(only)) continue;
  await measure(make(100_000));
  const [one, two] = [await median(make(Number(size))), await median(make(2 * Number(size)))];
  const ratio = two / one;
  if (ratio > most && two > least) slow.push(name);
  console.log(
    `${name.padEnd(42)} ${one.toFixed(0).padStart(6)} ms ${two.toFixed(0).padStart(6)} ms  ${ratio.toFixed(2)}`,
  );
}
console.log(slow.length === 0 ? `none grows faster than ${most} times` : `too slow: ${slow.join('; ')}`);
process.exitCode = slow.length === 0 ? 0 : 1;
