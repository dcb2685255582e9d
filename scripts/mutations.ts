// Takes defences away, one at a time, in a copy of this tree, and runs the test that is to notice it: `npm run mutations`,
// or some of them by number. Ends with 1 where a test passes without its defence.
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mutations } from '../test/support/mutations.ts';

const chosen = process.argv.slice(2).map(Number);
const copy = await mkdtemp(path.join(tmpdir(), 'lukhas-mutations-'));
let [tried, unnoticed] = [0, 0];
try {
  for (const part of [
    'src',
    'test',
    'scripts',
    'fixtures',
    'docs',
    'dist',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
    'action.yml',
    'README.md',
  ])
    await cp(part, path.join(copy, part), {
      recursive: true,
      filter: (from) => !from.endsWith('majors/node_modules'),
    });
  await symlink(path.resolve('node_modules'), path.join(copy, 'node_modules'));
  for (const [index, mutation] of mutations.entries()) {
    if (chosen.length > 0 && !chosen.includes(index + 1)) continue;
    const file = path.join(copy, mutation.file);
    const text = await readFile(file, 'utf8');
    if (!text.includes(mutation.find)) throw new Error(`${mutation.file} no longer holds: ${mutation.find}`);
    await writeFile(
      file,
      text.replace(mutation.find, () => mutation.replace),
    );
    const run = (command: string, args: string[]) =>
      spawnSync(command, args, { cwd: copy, encoding: 'utf8', timeout: 1_800_000 });
    run('node', ['scripts/generate-migrations.mjs']);
    const { stdout, error } = run('npx', ['vitest', 'run', mutation.test, '-t', mutation.name]);
    if (error !== undefined) throw error;
    const failed = /Tests .*?(\d+) failed/.exec(stdout)?.[1];
    const noticed = failed !== undefined;
    tried++;
    if (!noticed) unnoticed++;
    console.log(
      `${noticed ? 'noticed' : 'NOT NOTICED'}  ${index + 1}. without ${mutation.what}: ${mutation.test}, ${failed ?? 0} failed`,
    );
    await writeFile(file, text);
    run('node', ['scripts/generate-migrations.mjs']);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(`${tried - unnoticed} of ${tried} noticed`);
process.exitCode = unnoticed > 0 ? 1 : 0;
