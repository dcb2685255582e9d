// Detection in real git repositories of every state a CI system leaves them in, and in hostile ones.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DetectedContext, detectContext } from '../../src/context/context.ts';
import { isOutsideRepositories } from '../../src/context/git.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'git-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const identity = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ALLOW_PROTOCOL: 'file',
};

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    env: identity,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function repository(name = 'repo', message = 'First\n\nwith a body'): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'a.py'), '');
  gitAll(path, 'git init -q -b main && git add . && git commit -q -m "$1"', message);
  return path;
}

function commit(path: string, message: string): string {
  return gitAll(path, 'git commit -q --allow-empty -m "$1" && git rev-parse HEAD', message);
}

/** Several, by a shell, which starts them sooner than this process does. */
function gitAll(cwd: string, commands: string, message: string): string {
  return execFileSync('sh', ['-c', commands, 'sh', message], { cwd, env: identity, encoding: 'utf8' }).trim();
}

function detect(cwd: string, env: Record<string, string> = {}): Promise<DetectedContext> {
  return detectContext({ cwd, env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } });
}

describe('a checkout', () => {
  it('tells a message in the encoding that its commit names', async () => {
    const path = repository();
    git(path, 'config', 'i18n.commitEncoding', 'ISO-8859-1');
    const file = join(folder, 'message');
    writeFileSync(file, Buffer.from('Café schließen\n\nweil', 'latin1'));
    git(path, 'commit', '-q', '--allow-empty', '-F', file);
    expect((await detect(path)).context.gitCommitMessage).toBe('Café schließen\n\nweil');
  });

  it('tells commit, branch, message, root and files, from any folder in it', async () => {
    const path = repository();
    mkdirSync(join(path, 'src/é'), { recursive: true });
    writeFileSync(join(path, 'src/é/new\nfile.py'), '');
    writeFileSync(join(path, '.gitignore'), 'ignored.py\n');
    writeFileSync(join(path, 'ignored.py'), '');
    for (const cwd of [path, join(path, 'src/é')]) {
      const got = await detect(cwd);
      expect(got.context).toMatchObject({
        gitSha: git(path, 'rev-parse', 'HEAD'),
        gitBranch: 'main',
        gitCommitMessage: 'First\n\nwith a body',
        ciSystem: 'local',
        markers: [],
      });
      expect(got.repositoryRoot).toBe(path);
      expect([...((await got.trackedFiles()) ?? [])].sort()).toEqual([
        '.gitignore',
        'a.py',
        'src/é/new\nfile.py',
      ]);
      expect(got.warnings).toEqual([]);
    }
  });

  it('tells when HEAD was committed, as the earliest that a report for it can have begun', async () => {
    const path = repository();
    const seconds = Number(git(path, 'log', '-1', '--format=%ct'));
    const { beginning } = await detect(path);
    expect(beginning?.at).toEqual(new Date(seconds * 1000));
    // What is committed is older than its commit by nature.
    writeFileSync(join(path, 'new.xml'), '');
    expect(
      await Promise.all(['a.py', 'new.xml', '*.py'].map((name) => beginning?.holds?.(join(path, name)))),
    ).toEqual([true, false, false]);
    expect((await detect(folder)).beginning).toBeUndefined();
    expect((await detect(path, { GITHUB_ACTIONS: 'true' })).beginning).toBeUndefined();
  });

  it('with a detached HEAD takes its branch from the CI system', async () => {
    const path = repository();
    git(path, 'checkout', '-q', '--detach');
    expect((await detect(path)).context.gitBranch).toBeUndefined();
    const sha = git(path, 'rev-parse', 'HEAD');
    const got = await detect(path, { GITLAB_CI: 'true', CI_COMMIT_SHA: sha, CI_COMMIT_BRANCH: 'feature' });
    expect(got.context).toMatchObject({
      gitSha: sha,
      gitBranch: 'feature',
      ciSystem: 'gitlab_ci',
      gitCommitMessage: 'First\n\nwith a body',
    });
    expect(got.warnings).toEqual([]);
  });

  it('in a worktree is that worktree', async () => {
    const path = repository();
    git(path, 'worktree', 'add', '-q', '-b', 'side', join(folder, 'tree'));
    expect(await detect(join(folder, 'tree'))).toMatchObject({
      repositoryRoot: join(folder, 'tree'),
      context: { gitBranch: 'side' },
    });
  });

  it('that is shallow tells what it has', async () => {
    const path = repository();
    commit(path, 'Second');
    git(folder, 'clone', '-q', '--depth', '1', `file://${path}`, 'shallow');
    expect((await detect(join(folder, 'shallow'))).context).toMatchObject({
      gitBranch: 'main',
      gitCommitMessage: 'Second',
    });
  });

  it('in a submodule is the submodule', async () => {
    const inner = repository('inner', 'Inner');
    const outer = repository('outer', 'Outer');
    git(outer, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner, 'sub');
    const got = await detect(join(outer, 'sub'));
    expect(got).toMatchObject({ repositoryRoot: join(outer, 'sub'), context: { gitCommitMessage: 'Inner' } });
    expect(await got.trackedFiles()).toEqual(['a.py']);
  });

  it('without a commit tells its root and files only', async () => {
    const path = join(folder, 'unborn');
    mkdirSync(path);
    git(path, 'init', '-q');
    writeFileSync(join(path, 'a.py'), '');
    const got = await detect(path);
    expect(got).toMatchObject({
      repositoryRoot: path,
      context: { gitSha: undefined, gitBranch: undefined, gitCommitMessage: undefined },
      warnings: [],
    });
    expect(await got.trackedFiles()).toEqual(['a.py']);
  });

  it('of SHA-256 is known by the first 40 digits', async () => {
    const path = join(folder, 'sha256');
    mkdirSync(path);
    git(path, 'init', '-q', '--object-format=sha256');
    const sha = commit(path, 'Long');
    expect(sha).toHaveLength(64);
    expect((await detect(path)).context).toMatchObject({
      gitSha: sha.slice(0, 40),
      gitCommitMessage: 'Long',
    });
  });

  it('that is none tells nothing and warns of nothing', async () => {
    const got = await detect(folder);
    expect(got).toMatchObject({
      repositoryRoot: undefined,
      context: { gitSha: undefined, ciSystem: 'local' },
      warnings: [],
    });
    expect(await got.trackedFiles()).toBeUndefined();
    expect((await detect(join(folder, 'does-not-exist'))).repositoryRoot).toBeUndefined();
  });

  it("is read in spite of a hook's GIT_DIR", async () => {
    const path = repository();
    const other = repository('other', 'Other');
    expect((await detect(path, { GIT_DIR: join(other, '.git'), GIT_WORK_TREE: other })).repositoryRoot).toBe(
      path,
    );
  });
});

describe('a pull request on GitHub', () => {
  it('is stored under its head commit and message, though the merge commit is checked out', async () => {
    const path = repository();
    git(path, 'checkout', '-q', '-b', 'feature');
    const head = commit(path, 'What the author wrote');
    git(path, 'checkout', '-q', 'main');
    commit(path, 'Elsewhere');
    git(path, 'merge', '-q', '--no-ff', '-m', `Merge ${head} into main`, 'feature');
    const merge = git(path, 'rev-parse', 'HEAD');
    git(path, 'checkout', '-q', '--detach');
    const event = join(folder, 'event.json');
    writeFileSync(
      event,
      JSON.stringify({
        number: 42,
        pull_request: {
          number: 42,
          head: { ref: 'feature', sha: head, repo: { full_name: 'acme/shop' } },
          base: { ref: 'main' },
        },
      }),
    );
    const env = {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_SHA: merge,
      GITHUB_REF: 'refs/pull/42/merge',
      GITHUB_EVENT_PATH: event,
    };
    const got = await detect(path, env);
    expect(got.context).toMatchObject({
      gitSha: head,
      gitBranch: 'feature',
      gitCommitMessage: 'What the author wrote',
      baseBranch: 'main',
      pullRequest: 42,
    });
    expect(got.warnings).toEqual([]);

    // actions/checkout fetches the merge commit alone: the head is known, its message is not.
    git(folder, 'clone', '-q', '--depth', '1', `file://${path}`, 'shallow');
    const shallow = await detect(join(folder, 'shallow'), env);
    expect(shallow.context).toMatchObject({ gitSha: head, gitCommitMessage: undefined });
    expect(shallow.warnings).toEqual([]);
  });

  it('whose head was checked out in pull_request_target counts as the head', async () => {
    const path = repository();
    const head = git(path, 'rev-parse', 'HEAD');
    const event = join(folder, 'event.json');
    writeFileSync(
      event,
      JSON.stringify({
        pull_request: {
          number: 42,
          head: { ref: 'feature', sha: head, repo: { full_name: 'acme/shop' } },
          base: { ref: 'main' },
        },
      }),
    );
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_SHA: 'c'.repeat(40),
      GITHUB_REF: 'refs/heads/main',
      GITHUB_EVENT_PATH: event,
    };
    const got = await detect(path, env);
    expect(got.context).toMatchObject({ gitSha: head, gitBranch: 'feature', pullRequest: 42 });
    expect(got.warnings).toEqual([]);
  });
});

it("says so when the checkout is at another commit than the CI system's", async () => {
  const path = repository();
  const got = await detect(path, {
    GITLAB_CI: 'true',
    CI_COMMIT_SHA: 'd'.repeat(40),
    CI_COMMIT_MESSAGE: 'Theirs',
  });
  expect(got.context).toMatchObject({ gitSha: 'd'.repeat(40), gitCommitMessage: 'Theirs' });
  expect(got.warnings).toMatchObject([
    { code: 'commit-differs', message: expect.stringContaining('--set git_sha=') },
  ]);
});

describe('hostile repositories', () => {
  it('may call their branches and commits what they like', async () => {
    const path = repository('repo', 'x');
    const branch = 'we,ird/näme$(touch$IFS.pwned);`id`->HEAD';
    git(path, 'checkout', '-q', '-b', branch);
    commit(path, '--exec=touch pwned\n\x1b[2J$(touch pwned) \x1f%H%x00');
    expect((await detect(path)).context).toMatchObject({
      gitBranch: branch,
      gitCommitMessage: '--exec=touch pwned\n[2J$(touch pwned) %H%x00',
    });
    expect(existsSync(join(path, 'pwned'))).toBe(false);
  });

  it('with a message of megabytes are read all the same', async () => {
    const path = repository();
    writeFileSync(join(folder, 'message'), 'y'.repeat(20 * 1024 * 1024));
    git(path, 'commit', '-q', '--allow-empty', '-F', join(folder, 'message'));
    const { context } = await detect(path);
    expect(context.gitSha).toBe(git(path, 'rev-parse', 'HEAD'));
  });

  it('cannot start a program by their configuration', async () => {
    const path = repository();
    const proof = join(folder, 'proof');
    const script = join(folder, 'evil.sh');
    writeFileSync(script, `#!/bin/sh\ntouch ${proof}\n`);
    chmodSync(script, 0o755);
    for (const [key, value] of [
      ['core.fsmonitor', script],
      ['core.hooksPath', folder],
      ['core.pager', script],
      ['gpg.program', script],
      ['log.showSignature', 'true'],
      ['core.sshCommand', script],
      ['extensions.partialClone', 'origin'],
      ['core.repositoryFormatVersion', '1'],
      ['remote.origin.url', `ext::${script}`],
      ['remote.origin.promisor', 'true'],
      ['protocol.ext.allow', 'always'],
    ] as const) {
      git(path, 'config', key, value);
    }
    // A signed commit, for `log.showSignature`; the commit that CI names is missing, for the partial clone's remote.
    const signed = `tree ${git(path, 'rev-parse', 'HEAD^{tree}')}\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n\nSigned\n`;
    writeFileSync(join(folder, 'signed'), signed);
    git(path, 'update-ref', 'HEAD', git(path, 'hash-object', '-t', 'commit', '-w', join(folder, 'signed')));
    const got = await detect(path, { GITLAB_CI: 'true', CI_COMMIT_SHA: 'e'.repeat(40) });
    await got.trackedFiles();
    expect(got.context.gitSha).toBe('e'.repeat(40));
    expect(got.warnings.map((warning) => warning.code)).toEqual(['commit-differs']);
    expect(existsSync(proof)).toBe(false);
  });
});

describe('a folder that no repository holds', () => {
  it('starts no git, and is told as git would tell it', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const proof = join(folder, 'started');
    writeFileSync(join(bin, 'git'), `#!/bin/sh\ntouch '${proof}'\nexec git "$@"\n`, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const cwd = join(folder, 'work');
    mkdirSync(cwd);
    const got = await detectContext({ cwd, env, listsFiles: true });
    expect(existsSync(proof)).toBe(false);
    // Asked here, because a folder above looks like a bare repository.
    writeFileSync(join(folder, 'HEAD'), 'no repository');
    const asked = await detectContext({ cwd, env: { PATH: process.env.PATH }, listsFiles: true });
    expect(asked.context).toEqual(got.context);
    expect([asked.repositoryRoot, asked.history, asked.warnings, await asked.trackedFiles()]).toEqual([
      undefined,
      undefined,
      [],
      undefined,
    ]);
    expect([got.repositoryRoot, got.history, got.warnings, await got.trackedFiles()]).toEqual([
      undefined,
      undefined,
      [],
      undefined,
    ]);
  });

  it('is told from those that one may hold: clones, work trees, what lies below them, bare ones, links', () => {
    const path = repository();
    mkdirSync(join(path, 'tests/unit'), { recursive: true });
    git(path, 'worktree', 'add', '-q', join(folder, 'tree'));
    git(folder, 'clone', '-q', '--bare', path, join(folder, 'bare.git'));
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync(join(path, 'tests'), join(folder, 'elsewhere/link'));
    for (const held of [path, join(path, 'tests/unit'), join(folder, 'tree'), join(folder, 'bare.git')])
      expect(isOutsideRepositories(held), held).toBe(false);
    expect(isOutsideRepositories(join(folder, 'elsewhere/link'))).toBe(false);
    expect(isOutsideRepositories(join(folder, 'absent'))).toBe(false);
    expect(isOutsideRepositories(join(folder, 'elsewhere'))).toBe(true);
  });
});

describe('a git that does not work', () => {
  it('because it is not installed costs a warning, and CI still tells the commit', async () => {
    const path = repository();
    const got = await detectContext({
      cwd: path,
      env: { PATH: folder, CIRCLECI: 'true', CIRCLE_SHA1: 'f'.repeat(40), CIRCLE_BRANCH: 'main' },
    });
    expect(got.context).toMatchObject({ gitSha: 'f'.repeat(40), gitBranch: 'main' });
    expect(got.warnings.map((warning) => warning.code)).toEqual(['git-missing']);
    expect(await got.trackedFiles()).toBeUndefined();
  });

  it('because it calls the ownership dubious costs a warning with the way out', async () => {
    const path = repository();
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    // Older versions heed safe.directory only from a configuration file.
    writeFileSync(
      join(bin, 'git'),
      '#!/bin/sh\necho "fatal: detected dubious ownership in repository at \'$3\'" >&2\nexit 128\n',
    );
    chmodSync(join(bin, 'git'), 0o755);
    const got = await detectContext({ cwd: path, env: { PATH: `${bin}:${process.env.PATH}` } });
    expect(got.warnings).toMatchObject([
      { code: 'git-dubious-ownership', message: expect.stringContaining('safe.directory') },
    ]);
  });

  it.skipIf(process.getuid?.() !== 0)('does not mind a repository of another user', async () => {
    const path = repository();
    chownSync(path, 12345, 12345);
    chownSync(join(path, '.git'), 12345, 12345);
    const got = await detect(path);
    expect(got).toMatchObject({ repositoryRoot: path, context: { gitBranch: 'main' }, warnings: [] });
    expect(await got.trackedFiles()).toEqual(['a.py']);
  });
});
