// The soak: all that may happen to uploads and between teams, on servers of its own. Seeded; each part alone, and with another count:
//   npm run soak [-- --seed 1] [cuts] [freezes=20] …
// Without a part it runs all but those that are named alone. Ends with 1 where anything was not as it must be.
import { parseArgs } from 'node:util';
import { parts } from './soak/parts.ts';
import { Findings } from './soak/world.ts';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, list: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const counts = new Map(positionals.map((word) => [word.split('=')[0] ?? '', word.split('=')[1]]));
for (const name of counts.keys())
  if (!parts.some((part) => part.name === name))
    throw new Error(`no part "${name}"; there are ${parts.map((part) => part.name).join(', ')}`);
let bad = 0;
const started = performance.now();
for (const part of parts) {
  if (counts.size > 0 ? !counts.has(part.name) : part.alone === true) continue;
  const count = Number(counts.get(part.name) ?? part.count);
  console.log(`${part.name}: ${count} ${part.what}`);
  if (values.list) continue;
  const findings = new Findings(Number(values.seed));
  const begun = performance.now();
  try {
    await part.run(findings, count);
  } catch (error) {
    findings.wrong(`the part ended with ${error instanceof Error ? error.stack : String(error)}`);
  }
  console.log(
    `  ${findings.bad === 0 ? 'as it must be' : `${findings.bad} WRONG`}, ${((performance.now() - begun) / 1000).toFixed(0)} s`,
  );
  bad += findings.bad;
}
console.log(
  `seed ${values.seed}: ${bad === 0 ? 'all as it must be' : `${bad} WRONG`}, ${((performance.now() - started) / 60_000).toFixed(1)} minutes`,
);
if (bad > 0) process.exitCode = 1;
