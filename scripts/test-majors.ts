// The tests of the store on each major of PostgreSQL, one after the other: npm run test:majors [-- 16 18] [-- test/store/runs …]
// Tests of pg_dump are skipped on majors that are newer than the machine's.
import { spawnSync } from 'node:child_process';
import { binariesOf, majors } from '../test/support/majors.ts';

const words = process.argv.slice(2);
const wanted = majors.filter((major) => words.includes(String(major)));
const files = words.filter((word) => !/^\d+$/.test(word));
const failed: number[] = [];
for (const major of wanted.length > 0 ? wanted : majors) {
  binariesOf(major);
  console.log(`== PostgreSQL ${major}`);
  const { status } = spawnSync(
    'npx',
    ['vitest', 'run', '--reporter=dot', ...(files.length > 0 ? files : ['test/store'])],
    { stdio: 'inherit', env: { ...process.env, LUKHAS_TEST_MAJOR: String(major) } },
  );
  if (status !== 0) failed.push(major);
}
console.log(failed.length === 0 ? 'passed on all of them' : `failed on PostgreSQL ${failed.join(', ')}`);
if (failed.length > 0) process.exitCode = 1;
