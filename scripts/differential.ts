// Reads every report of a corpus, the fixtures and damaged reports with the reader of today and with the oracle
// (test/oracle): no field may differ.
//   npm run differential -- [folder …] [--damaged 2000] [--seed 1]
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { compareReaders } from '../test/oracle/compare.ts';
import { damaged } from '../test/read/support/fuzz.ts';
import { checkoutOf, fixtures, textReport } from '../test/read/support/reports.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { damaged: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const zoo = checkoutOf(join(fixtures, 'zoo'), '/home/runner/work/zoo/zoo');
let [reports, tests, differing] = [0, 0, 0];
const tell = (name: string, found: { readonly tests: number; readonly differences: readonly string[] }) => {
  reports++;
  tests += found.tests;
  if (found.differences.length === 0) return;
  differing++;
  console.log(`${name}: ${found.differences.join('\n  ')}`);
};
for (const folder of [fixtures, ...positionals]) {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/\.xml(?:\.gz)?$/.test(path) || !statSync(join(folder, path)).isFile()) continue;
    const raw = readFileSync(join(folder, path));
    const bytes = path.endsWith('.gz') ? gunzipSync(raw) : raw;
    for (const options of [{}, { allowIncomplete: true, checkout: zoo }])
      for (const chunkBytes of [64 * 1024, 1009])
        tell(
          `${path} in chunks of ${chunkBytes}`,
          await compareReaders([textReport(bytes, { name: path, chunkBytes })], options),
        );
  }
}
for (let n = 0; n < Number(values.damaged); n++) {
  const { report, options } = damaged(Number(values.seed), n);
  tell(`damaged ${n} of seed ${values.seed}`, await compareReaders([report], options));
}
console.log(`${reports} readings of reports, ${tests} tests: ${differing} with a difference`);
process.exitCode = differing === 0 ? 0 : 1;
