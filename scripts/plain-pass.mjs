// The least that a program can do with a report, in a process of its own: reads it, hashes it, finds every testcase, decodes it
// and applies one pattern to it. bench-reading.ts compares lukhas-upload with it.
//   node scripts/plain-pass.mjs report.xml
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const passed = /^<testcase classname="([^"<]*)" name="([^"<]*)" time="([\d.]+)" \/>/;
const bytes = readFileSync(process.argv[2] ?? '');
const sha256 = createHash('sha256').update(bytes).digest('hex');
let tests = 0;
let plain = 0;
for (let at = bytes.indexOf('<testcase'); at >= 0; ) {
  const next = bytes.indexOf('<testcase', at + 9);
  const text = bytes.toString('utf8', at, next < 0 ? bytes.length : next);
  tests++;
  if (passed.exec(text) !== null) plain++;
  at = next;
}
console.log(`${sha256} ${tests} tests, ${plain} passed`);
