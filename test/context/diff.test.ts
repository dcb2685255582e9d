// The lines of a patch as GitHub's API gives it are those that git names without context.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDiff, parsePatch } from '../../src/context/diff.ts';
import { initRepository, writeCommit } from '../support/git-repository.ts';
import { rounds } from '../support/long.ts';
import { Random } from '../support/random.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-diff-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('whatever was added, removed and changed, with and without a line end at the end', () => {
  const chances = new Random(7);
  const random = () => chances.next();
  const edited = (text: string) =>
    text.split('\n').flatMap((line, i) => {
      const chance = random();
      if (chance < 0.06) return [];
      if (chance < 0.12) return [`${line} # edited`];
      if (chance < 0.18) return [line, `y_${i} = 1`, '--- a', '+++ b', '@@ -1 +1 @@'];
      return [line];
    });
  const before = new Map<string, string>();
  const after = new Map<string, string>();
  for (let i = 0; i < rounds(40, 1000); i++) {
    const lines = Array.from({ length: Math.floor(random() * 60) }, (_, n) => `x_${n} = ${n}`).join('\n');
    const end = random() < 0.8 ? '\n' : '';
    const name = `m_${String(i).padStart(4, '0')}.py`;
    before.set(name, `${lines}${end}`);
    after.set(name, i === 0 ? '' : edited(`${lines}${end}`).join('\n'));
  }
  initRepository(home);
  const at = 1_790_000_000_000;
  const from = writeCommit(home, { files: before, parents: [], at, message: 'a' });
  const to = writeCommit(home, { files: after, parents: [from], at, message: 'b' });
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', home, 'diff', '--no-indent-heuristic', ...args, from, to], {
      encoding: 'latin1',
      maxBuffer: 1e9,
    });
  const told = parseDiff(git('--raw', '--no-abbrev', '-z', '--patch', '--unified=0'));
  const patches = git()
    .split(/(?:^|\n)diff --git /)
    .slice(1)
    .map((patch) => patch.slice(Math.max(0, patch.indexOf('\n@@ ') + 1)).replace(/^(?!@@ )[\s\S]*/, ''));
  expect(told.length).toBeGreaterThan(30);
  expect(patches.map(parsePatch)).toEqual(told.map(({ hunks }) => hunks));
});
