// What a repository is called outside CI.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectContext } from '../../src/context/context.ts';
import { hostOf, hostOfName, placeOf } from '../../src/context/remote.ts';

describe('a remote', () => {
  for (const [url, place] of [
    ['git@GitHub.com:Acme/Shop.git', 'github.com/acme/shop'],
    ['https://github.com/acme/shop', 'github.com/acme/shop'],
    ['https://user:p@ss@gitlab.com/Group/sub/shop.git/', 'gitlab.com/group/sub/shop'],
    ['https://ghp_secret@github.com/acme/shop.git?x#y', 'github.com/acme/shop'],
    ['ssh://git@git.example.com:2222/acme/shop.git', 'git.example.com/acme/shop'],
    ['git+ssh://git@host//acme//shop', 'host/acme/shop'],
    ['host.example:shop', 'host.example/shop'],
    ['https://[::1]:3000/acme/shop', '[::1]/acme/shop'],
    ['/srv/git/shop.git', undefined],
    ['../shop', undefined],
    ['file:///srv/git/shop', undefined],
    ['C:\\git\\shop', undefined],
    ['ssh://git@ssh.github.com:443/Acme/shop.git', 'github.com/acme/shop'],
    ['ssh://git@altssh.gitlab.com:443/group/sub/shop.git', 'gitlab.com/group/sub/shop'],
    ['C:/git/shop', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    it(`${url} is ${place}`, () => {
      expect(placeOf(url)).toBe(place);
    });
  }
});

describe('a server', () => {
  for (const [server, host] of [
    ['https://github.com', 'github.com'],
    ['https://Git.Example.com:8443/', 'git.example.com'],
    ['gitlab.example.com', 'gitlab.example.com'],
    ['http://[::1]:3000', '[::1]'],
    ['https://user:token@git.example.com/acme/shop.git', 'git.example.com'],
    ['git@github.com:acme/shop.git', 'github.com'],
    ['/srv/git/shop', undefined],
    ['file:///srv/git/shop', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    it(`${server} is the host ${host}`, () => expect(hostOf(server)).toBe(host));
  }
});

describe('a name that somebody gives', () => {
  for (const [name, host] of [
    ['GitHub.com/acme/shop', 'github.com'],
    ['localhost:3000/acme/shop', 'localhost:3000'],
    ['acme/shop', undefined],
    ['acme.io/shop', undefined],
    ['group/sub/shop', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    it(`${name} names the host ${host}`, () => expect(hostOfName(name)).toBe(host));
  }
});

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'identity-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function repository(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  git(path, 'init', '-q', '-b', 'main');
  git(path, 'commit', '-q', '--allow-empty', '-m', name);
  return path;
}

async function hostFrom(cwd: string, more: Record<string, string> = {}): Promise<string | undefined> {
  return (await detectContext({ cwd, env: { ...env, ...more } })).context.repositoryHost;
}

async function nameOf(cwd: string, more: Record<string, string> = {}): Promise<string | undefined> {
  return (await detectContext({ cwd, env: { ...env, ...more } })).context.repository;
}

describe('a repository', () => {
  it("is its upstream's, else its origin's, else its only remote's, and in CI what the system says", async () => {
    const path = repository('a');
    const ci = { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'Acme/Shop' };
    git(path, 'remote', 'add', 'only', 'https://host/only/shop');
    expect(await nameOf(path)).toBe('host/only/shop');
    git(path, 'remote', 'add', 'origin', 'https://tok:en@github.com/me/shop.git');
    expect(await nameOf(path)).toBe('github.com/me/shop');
    git(path, 'remote', 'add', 'upstream', 'git@github.com:Acme/Shop');
    expect(await nameOf(path)).toBe('github.com/acme/shop');
    expect(await nameOf(path, ci)).toBe('Acme/Shop');
    expect(await nameOf(path, { CI: 'true' })).toBe('github.com/acme/shop');
  });

  it('lies on the host of its remote, in CI on the one that the system says', async () => {
    const path = repository('a');
    expect(await hostFrom(path)).toBeUndefined();
    git(path, 'remote', 'add', 'origin', 'git@git.example.com:Acme/Shop.git');
    expect(await hostFrom(path)).toBe('git.example.com');
    const github = { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'Acme/Shop' };
    expect(await hostFrom(path, { ...github, GITHUB_SERVER_URL: 'https://github.com' })).toBe('github.com');
    expect(
      await hostFrom(path, { GITLAB_CI: 'true', CI_PROJECT_PATH: 'a/b', CI_SERVER_HOST: 'gitlab.com' }),
    ).toBe('gitlab.com');
    expect(await hostFrom(path, { BUILDKITE: 'true', BUILDKITE_REPO: 'git@github.com:a/b.git' })).toBe(
      'github.com',
    );
    // A system that says the name alone: the remote of that name.
    expect(await hostFrom(path, { TRAVIS: 'true', TRAVIS_REPO_SLUG: 'acme/shop' })).toBe('git.example.com');
    expect(await hostFrom(path, { TRAVIS: 'true', TRAVIS_REPO_SLUG: 'other/shop' })).toBeUndefined();
  });

  it('without a remote of a host is its first commit, which a shallow clone does not know', async () => {
    const path = repository('a');
    const first = git(path, 'rev-parse', 'HEAD');
    git(path, 'commit', '-q', '--allow-empty', '-m', 'second');
    expect(await nameOf(path)).toBe(`first-commit:${first}`);
    git(folder, 'clone', '-q', '--depth', '1', `file://${path}`, 'shallow');
    expect(await nameOf(join(folder, 'shallow'))).toMatch(/^folder:[0-9a-f]{32}$/);
  });

  it('that is none is its folder, by whatever way it is reached', async () => {
    mkdirSync(join(folder, 'one/tests'), { recursive: true });
    mkdirSync(join(folder, 'two'));
    symlinkSync(join(folder, 'one'), join(folder, 'link'));
    const one = await nameOf(join(folder, 'one'));
    expect(one).toMatch(/^folder:[0-9a-f]{32}$/);
    expect(await nameOf(join(folder, 'link'))).toBe(one);
    expect(await nameOf(join(folder, 'two'))).not.toBe(one);
    expect(await nameOf(join(folder, 'gone'))).toBeUndefined();
  });

  it('that is a folder of a container is told with a warning', async () => {
    const { unsureRepository } = await detectContext({
      cwd: folder,
      env: { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    });
    expect(unsureRepository).toMatchObject({
      code: 'repository-by-folder',
      message: expect.stringContaining('--repository'),
    });
  });
});
