// What the Action asks GitHub for where its clone is too shallow: files as a commit had them.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFileSources } from '../../../src/tell/github/file-sources.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';

let github: GithubServer;
beforeEach(async () => {
  github = await startGithub();
});
afterEach(() => github.close());

const sha = 'a'.repeat(40);
const read = (paths: readonly string[], commit = sha) =>
  readFileSources(
    {
      token: 'ghs_x',
      apiUrl: github.url,
      repository: 'acme/shop',
      clock: () => performance.now(),
      random: Math.random,
      pause: async () => {},
      mostRepeats: 1,
    },
    commit,
    paths,
  );

it('reads all files in one request, and leaves out what the commit lacks', async () => {
  github.sources.set(sha, { 'tests/test_a.py': 'def test_a(): ...\n', 'a "b".py': '' });
  expect(await read(['tests/test_a.py', 'tests/gone.py', 'a "b".py'])).toEqual(
    new Map([
      ['tests/test_a.py', 'def test_a(): ...\n'],
      ['a "b".py', ''],
    ]),
  );
  expect(github.requests).toEqual(['POST /graphql']);
  expect(await read(['tests/test_a.py'], 'b'.repeat(40))).toBeUndefined();
});

it('asks nothing of a change of more than 50 files', async () => {
  expect(await read(Array.from({ length: 51 }, (_, i) => `t${i}.py`))).toBeUndefined();
  expect(await read([])).toBeUndefined();
  expect(github.requests).toEqual([]);
});

it('says what GitHub refused, and that it was not reached only where it was not', async () => {
  const message = 'Resource not accessible by integration';
  github.fault = () => ({ status: 200, body: { data: { repository: null }, errors: [{ message }] } });
  await expect(read(['a.py'])).rejects.toThrow(
    `GitHub refused: ${message}; the job may need \`permissions: contents: read\``,
  );
  expect(github.requests).toHaveLength(1);
  for (const body of [{}, { data: null }, { data: 'x' }, 'sign in first']) {
    github.fault = () => ({ status: 200, body });
    expect(await read(['a.py'])).toBeUndefined();
  }
  github.fault = () => ({ cut: true });
  await expect(read(['a.py'])).rejects.toThrow('GitHub could not be reached');
});

it('leaves out files that GitHub cuts, and those beyond 6 MiB in all', async () => {
  const long = 'x'.repeat(4 * 1024 * 1024);
  github.sources.set(sha, { 'a.py': long, 'b.py': long, 'c.py': 'c' });
  expect([...((await read(['a.py', 'b.py', 'c.py'])) ?? []).keys()]).toEqual(['a.py', 'c.py']);
  const commit = { oid: sha };
  const f0 = { text: 'x', isTruncated: true };
  github.fault = () => ({ status: 200, body: { data: { repository: { commit, f0 } } } });
  expect(await read(['a.py'])).toEqual(new Map());
});
