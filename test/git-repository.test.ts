// The stories' repositories, made without git, are what git would have made.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RepositoryStory } from './support/repository-story.ts';

let story: RepositoryStory;
afterEach(() => story.remove());

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'safe.directory=*', ...args], { cwd, encoding: 'utf8', stdio: 'pipe' });
}

/** What a program can see of a checkout. */
const seen = (where: string) =>
  [
    'rev-parse HEAD --is-shallow-repository --symbolic-full-name HEAD',
    'status --porcelain',
    'ls-files --stage',
    'rev-list --parents HEAD',
    'cat-file -p HEAD',
    'ls-tree -r HEAD',
    'rev-parse --verify refs/remotes/pull/1/merge',
    'count-objects',
  ].map((words) => git(where, ...words.split(' ')));

it('a story’s commits, merges and checkouts are as git makes them', async () => {
  story = new RepositoryStory([], ['tests/test_a.py', 'tests-more/test_b.py', 'tests.py']);
  story.commit('P', { on: 'feature', files: { 'tests/test_a.py': '', 'tests/deep/test_c.py': 'new\n' } });
  story.commit('B', { files: { 'src/start.py': 'changed\n' } });
  const merge = story.merge('M', 'main', 'feature');
  const { server } = story;
  expect(git(server, 'fsck', '--strict', '--full')).toBe('');
  expect(git(server, 'for-each-ref', '--format=%(refname) %(objectname)')).toBe(
    `refs/heads/feature ${story.sha('P')}\nrefs/heads/main ${merge}\n`,
  );
  const base = git(server, 'merge-base', story.sha('B'), story.sha('P')).trim();
  expect(base).toBe(story.sha('start'));
  const tree = git(server, 'merge-tree', '--write-tree', story.sha('B'), story.sha('P')).trim();
  expect(git(server, 'rev-parse', `${merge}^{tree}`).trim()).toBe(tree);

  const ref = 'refs/remotes/pull/1/merge';
  const real = join(story.root, 'real');
  git(story.root, 'init', '-q', real);
  git(server, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  git(real, 'fetch', '-q', '--depth=1', `file://${server}`, `+${merge}:${ref}`);
  git(real, 'checkout', '-q', '--detach', merge);
  expect(seen(story.checkout(merge, ref, 'shallow'))).toEqual(seen(real));
  rmSync(real, { recursive: true });
  git(story.root, 'clone', '-q', server, real);
  git(real, 'fetch', '-q', 'origin', `+${merge}:${ref}`);
  git(real, 'checkout', '-q', '--detach', merge);
  expect(seen(story.checkout(merge, ref, 'full')).slice(0, -1)).toEqual(seen(real).slice(0, -1));
});
