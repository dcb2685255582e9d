// What git tells about commits, in real repositories: parents and times, changed files, merge bases, order, files and renames.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countChangedFiles, openHistory, parseCommit, readCommits } from '../../src/context/commits.ts';
import { completeGitSha, type DetectedContext, detectContext } from '../../src/context/context.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'commits-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
const identity = {
  ...env,
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_COMMITTER_DATE: '2026-11-20T10:00:00+02:00',
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

/** Made once and copied: a process of git takes longer than its files. */
const made = mkdtempSync(join(tmpdir(), 'commits-made-'));
afterAll(() => rmSync(made, { recursive: true, force: true }));
function copied(name: string, path: string, make: (path: string) => void): void {
  const original = join(made, name);
  if (!existsSync(original)) {
    mkdirSync(original);
    make(original);
  }
  cpSync(original, path, { recursive: true });
}

function repository(name = 'repo'): string {
  const path = join(folder, name);
  copied('first', path, (original) => {
    git(original, 'init', '-q', '-b', 'main');
    put(original, 'tests/test_a.py', 'one\ntwo\nthree\nfour\n');
  });
  return path;
}

/** Writes a file and commits it. */
function put(path: string, file: string, text: string): string {
  mkdirSync(join(path, file, '..'), { recursive: true });
  writeFileSync(join(path, file), text);
  // A shell starts the three sooner than this process does.
  const all = 'git add . && git commit -q -m "$1" && git rev-parse HEAD';
  return execFileSync('sh', ['-c', all, 'sh', file], { cwd: path, env: identity, encoding: 'utf8' }).trim();
}

function head(path: string): string {
  return git(path, 'rev-parse', 'HEAD');
}

/** main moves on while `feature` is made, and HEAD is the merge of the two, as GitHub makes it. */
function pullRequest(): { path: string; start: string; feature: string; main: string; merge: string } {
  const path = join(folder, 'repo');
  copied('pull-request', path, (original) => {
    cpSync(repository('before'), original, { recursive: true });
    git(original, 'checkout', '-q', '-b', 'feature');
    put(original, 'tests/test_b.py', 'b\n');
    git(original, 'checkout', '-q', 'main');
    put(original, 'src/a.py', 'a\n');
    git(original, 'checkout', '-q', '--detach');
    git(original, 'merge', '-q', '--no-ff', '-m', 'Merge', 'feature');
    rmSync(join(folder, 'before'), { recursive: true });
  });
  const [merge = '', main = '', feature = '', start = ''] = git(
    path,
    ...['rev-parse', 'HEAD', 'main', 'feature', 'main~1'],
  ).split('\n');
  return { path, start, feature, main, merge };
}

function event(content: object): Record<string, string> {
  const path = join(folder, 'event.json');
  writeFileSync(path, JSON.stringify(content));
  return { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'acme/shop', GITHUB_EVENT_PATH: path };
}

function detect(cwd: string, more: Record<string, string> = {}): Promise<DetectedContext> {
  return detectContext({ cwd, env: { ...env, ...more } });
}

describe('the tested commit', () => {
  it('has its parents and the time of its committer, also where the clone has depth 1', async () => {
    const { path, feature, main, merge } = pullRequest();
    git(path, 'branch', 'tested');
    git(folder, 'clone', '-q', '--depth', '1', '-b', 'tested', `file://${path}`, 'shallow');
    for (const clone of [path, join(folder, 'shallow')]) {
      expect((await detect(clone)).context).toMatchObject({
        gitSha: merge,
        kind: 'head',
        origin: 'local',
        tested: {
          gitSha: merge,
          parents: [main, feature],
          committedAt: new Date('2026-11-20T08:00:00Z'),
          dirty: 0,
        },
      });
    }
  });

  it('is what was committed, and not what refs/replace shows instead', async () => {
    const path = repository();
    const first = head(path);
    const second = put(path, 'b.py', '');
    git(path, 'replace', '--graft', second);
    expect((await detect(path)).context.tested?.parents).toEqual([first]);
  });

  it('is unknown before the first commit and outside a repository', async () => {
    git(folder, 'init', '-q', 'unborn');
    expect((await detect(join(folder, 'unborn'))).context.tested).toBeUndefined();
    expect((await detect(folder)).context).toMatchObject({ tested: undefined, origin: 'local' });
  });

  it('is read from hostile objects without taking their words', () => {
    const sha = 'a'.repeat(40);
    const parent = 'b'.repeat(40);
    const object = [
      `tree ${sha}`,
      `parent ${parent}`,
      `parent not-a-commit`,
      `author A <a@b> 1 +0000`,
      `committer parent ${sha} <c@d> 1700000000 -0330`,
      `gpgsig -----BEGIN`,
      ` parent ${sha}`,
      ` committer X <x> 5 +0000`,
      ``,
      `parent ${sha}`,
    ].join('\n');
    expect(parseCommit(sha, object)).toEqual({
      sha,
      parents: [parent],
      committedAt: new Date(1_700_000_000_000),
    });
    expect(parseCommit(sha, 'committer A <a> 99999999999 +0000').committedAt).toBeUndefined();
    expect(parseCommit(sha, `parent ${parent}\n`.repeat(1000)).parents).toHaveLength(16);
  });

  it('is found among others, whatever their messages say', async () => {
    const path = repository();
    const first = head(path);
    git(path, 'commit', '-q', '--allow-empty', '-m', `é ${'f'.repeat(40)} commit 10\n\n${first} commit 3`);
    const commits = await readCommits(path, ['HEAD', 'e'.repeat(40), first], env);
    expect(commits.map((commit) => [commit.sha, commit.parents])).toEqual([
      [head(path), [first]],
      [first, []],
    ]);
  });
});

describe('changed files', () => {
  it('are counted from any folder, staged or not, without new ones', async () => {
    const path = repository();
    put(path, 'b.py', 'b');
    writeFileSync(join(path, 'b.py'), 'changed');
    writeFileSync(join(path, 'tests/test_a.py'), 'changed');
    git(path, 'add', 'tests');
    writeFileSync(join(path, 'results.xml'), 'new');
    expect(await countChangedFiles(join(path, 'tests'), env)).toBe(2);
  });

  it('are not those that were only touched', async () => {
    const path = repository();
    writeFileSync(join(path, 'tests/test_a.py'), 'one\ntwo\nthree\nfour\n');
    expect(await countChangedFiles(path, env)).toBe(0);
  });

  it('are found without starting a filter of the configuration, and filtered files are not counted', async () => {
    const path = repository();
    const proof = join(folder, 'proof');
    const script = join(folder, 'evil.sh');
    writeFileSync(script, `#!/bin/sh\ntouch ${proof}\ncat\n`);
    chmodSync(script, 0o755);
    put(path, '.gitattributes', 'tests/test_a.py filter=evil\nc.py filter=ev.il\n');
    put(path, 'c.py', 'c');
    for (const name of ['evil', 'ev.il']) {
      git(path, 'config', `filter.${name}.clean`, script);
      git(path, 'config', `filter.${name}.process`, script);
      git(path, 'config', `filter.${name}.required`, 'true');
    }
    // Of equal size: else git compares no content.
    writeFileSync(join(path, 'tests/test_a.py'), 'eno\nowt\neerht\nruof\n');
    writeFileSync(join(path, 'c.py'), 'd');
    writeFileSync(join(path, '.gitattributes'), 'tests/test_a.py filter=evil\nc.py filter=ev.il\n# \n');
    expect(await countChangedFiles(join(path, 'tests'), env)).toBe(1);
    // A name that no -c can say.
    git(path, 'config', 'filter.e=x.clean', script);
    expect(await countChangedFiles(path, env)).toBeUndefined();
    expect(existsSync(proof)).toBe(false);
    expect(await countChangedFiles(folder, env)).toBeUndefined();
  });
});

/** What is asked when a run is judged. */
async function judgingQuestions(history: DetectedContext['history'], base: string, sha: string) {
  expect(await history?.defaultBranch()).toBe('main');
  const tip = (await history?.tip(base)) ?? '';
  expect(await history?.mergeBase(sha, tip)).toBe(tip);
  expect(await history?.order(tip)).toEqual([tip]);
  expect(await history?.commits([tip])).toMatchObject([{ sha: tip, parents: [] }]);
}

describe('the history', () => {
  it('knows the default branch of a remote whose tip is gone', async () => {
    const path = repository();
    git(path, 'symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/gone');
    const history = openHistory(path, env);
    expect(await history.defaultBranch()).toBe('gone');
    expect(await history.tip('gone')).toBeUndefined();
    expect(await history.tip('main')).toBe(head(path));
  });

  it('is asked for with few processes of git', async () => {
    const path = repository();
    git(path, 'remote', 'add', 'origin', 'https://github.com/acme/shop.git');
    git(path, 'checkout', '-q', '-b', 'feature');
    put(path, 'tests/test_b.py', 'b');
    const real = execFileSync('/bin/sh', ['-c', 'command -v git'], { env, encoding: 'utf8' }).trim();
    const [tools, log] = [join(folder, 'tools'), join(folder, 'log')];
    mkdirSync(tools);
    writeFileSync(join(tools, 'git'), `#!/bin/sh\necho >> ${log}\nexec ${real} "$@"\n`, { mode: 0o755 });
    const { context, history, named } = await detect(path, { PATH: `${tools}:${process.env.PATH}` });
    expect(context.repository).toBe('github.com/acme/shop');
    await judgingQuestions(history, named.defaultBranch ?? 'main', head(path));
    const asked = readFileSync(log, 'utf8').length;
    expect(asked).toBeLessThanOrEqual(8);
    // It was read with the commit.
    const subject = git(path, 'log', '-1', '--format=%s').trim();
    expect(await history?.subjects([head(path)])).toEqual(new Map([[head(path), subject]]));
    expect(readFileSync(log, 'utf8').length).toBe(asked);
  });

  it('knows tips, merge bases and the first-parent order of a branch', async () => {
    const { path, start, feature, main, merge } = pullRequest();
    const history = openHistory(path, env);
    expect(await history.tip('main')).toBe(main);
    expect(await history.tip('nobody')).toBeUndefined();
    expect(await history.tip('--help')).toBeUndefined();
    expect(await history.mergeBase(feature, main)).toBe(start);
    expect(await history.order(merge)).toEqual([merge, main, start]);
    expect(await history.order('f'.repeat(40))).toBeUndefined();
    expect(await history.complete(merge.slice(0, 9))).toBe(merge);
    expect(await history.complete('f'.repeat(9))).toBeUndefined();
    expect(await history.complete('main')).toBeUndefined();
  });

  it("takes a branch as upstream had it before origin's and its own", async () => {
    const { path, start, main } = pullRequest();
    git(path, 'update-ref', 'refs/remotes/origin/main', start);
    git(path, 'symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
    expect(await openHistory(path, env).tip('main')).toBe(start);
    git(path, 'update-ref', 'refs/remotes/upstream/main', main);
    const history = openHistory(path, env);
    expect(await history.tip('main')).toBe(main);
    expect(await history.defaultBranch()).toBe('main');
  });

  it('says where a shallow clone ends, and has no merge base behind it', async () => {
    const { path, feature, main } = pullRequest();
    put(path, 'c.py', 'c');
    git(path, 'branch', '-f', 'main');
    git(folder, 'clone', '-q', '--depth', '2', '--no-single-branch', `file://${path}`, 'shallow');
    const history = openHistory(join(folder, 'shallow'), env);
    expect(await history.order('HEAD')).toHaveLength(2);
    expect(await history.order('HEAD')).not.toContain(main);
    expect(await history.mergeBase(main, feature)).toBeUndefined();
  });

  it('knows which files a commit has', async () => {
    const { path, start, merge } = pullRequest();
    const files = [
      'tests/test_a.py',
      'tests/test_b.py',
      'tests',
      '../x',
      ':(glob)**',
      '--help',
      'tests/test_*.py',
    ];
    const history = openHistory(path, env);
    expect([...((await history.filesAt(start, files)) ?? [])]).toEqual(['tests/test_a.py']);
    expect([...((await history.filesAt(merge, files)) ?? [])]).toEqual([
      'tests/test_a.py',
      'tests/test_b.py',
    ]);
    expect(await history.filesAt('f'.repeat(40), files)).toBeUndefined();
  });

  it('finds renamed Python files', async () => {
    const path = repository();
    const before = head(path);
    mkdirSync(join(path, 'tests/unit'));
    git(path, 'mv', 'tests/test_a.py', 'tests/unit/test_a\t.py');
    const after = put(path, 'tests/unit/test_a\t.py', 'one\ntwo\nthree\nfour\nfive\n');
    const history = openHistory(path, env);
    expect([...((await history.renames(before, after)) ?? [])]).toEqual([
      ['tests/test_a.py', 'tests/unit/test_a\t.py'],
    ]);
    expect(await history.renames(before, 'f'.repeat(40))).toBeUndefined();
  });
});

describe('what files hold in a commit', () => {
  it('is read as it was, whatever is in the folder; large files and links out of it are not followed', async () => {
    const path = repository();
    const before = put(path, 'tests/test_é.py', 'def test_ä(): ...\n');
    writeFileSync(join(path, 'tests/test_large.py'), 'x\n'.repeat(300_000));
    symlinkSync('/etc/hostname', join(path, 'tests/test_link.py'));
    const after = put(path, 'tests/test_é.py', '');
    const read = async (sha: string, ...files: string[]) =>
      Object.fromEntries(await openHistory(path, env).sources(sha, files));
    const all = ['tests/test_é.py', 'tests/none.py', 'tests', '../x.py', 'a\nb.py', 'tests/test_a.py'];
    expect(await read(before, ...all)).toEqual({
      'tests/test_é.py': 'def test_ä(): ...\n',
      'tests/test_a.py': 'one\ntwo\nthree\nfour\n',
    });
    expect(await read(after, 'tests/test_é.py', 'tests/test_large.py', 'tests/test_link.py')).toEqual({
      'tests/test_é.py': '',
      // A link's blob is its target's name.
      'tests/test_link.py': '/etc/hostname',
    });
    expect(await read('f'.repeat(40), 'tests/test_a.py')).toEqual({});
    expect(await read('--help', 'tests/test_a.py')).toEqual({});
  });
});

describe('an abbreviated commit', () => {
  it('is completed, and is then the one that was tested', async () => {
    const { path, start, main, merge } = pullRequest();
    const detected = await detect(path);
    const named = await completeGitSha(['lane=x', `Git-Sha= ${main.slice(0, 8).toUpperCase()} `], detected);
    expect(named).toEqual({
      sets: ['lane=x', `git_sha=${main}`],
      tested: {
        gitSha: main,
        parents: [start],
        committedAt: new Date('2026-11-20T08:00:00Z'),
        dirty: undefined,
      },
    });
    expect((await completeGitSha([`git_sha=${merge}`], detected)).tested).toBeUndefined();
    expect((await completeGitSha([`git_sha=${'a'.repeat(40)}`], detected)).tested).toEqual({
      gitSha: 'a'.repeat(40),
      parents: undefined,
      committedAt: undefined,
      dirty: undefined,
    });
  });

  it('is refused where git does not know it', async () => {
    const path = repository();
    for (const cwd of [path, folder])
      await expect(completeGitSha(['git_sha=abcdef1'], await detect(cwd))).rejects.toMatchObject({
        code: 'invalid-set',
        message: 'git_sha is abbreviated, and git knows no single commit abcdef1 here',
      });
  });
});

describe('whose commit, and of what kind', () => {
  const pull = (sha: string, owner = 'acme') => ({
    pull_request: {
      number: 42,
      head: { ref: 'feature', sha, repo: { full_name: `${owner}/shop` } },
      base: { ref: 'main', sha: '9'.repeat(40) },
    },
  });

  it('a pull request tests its merge, and names head and base', async () => {
    const { path, feature, merge } = pullRequest();
    const got = await detect(path, {
      ...event(pull(feature)),
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REF: 'refs/pull/42/merge',
      GITHUB_SHA: merge,
    });
    expect(got.context).toMatchObject({
      gitSha: feature,
      kind: 'merge',
      origin: 'team',
      tested: { gitSha: merge },
    });
    expect(got.named).toMatchObject({
      event: 'pull-request',
      pullHead: feature,
      pullBase: '9'.repeat(40),
    });
  });

  it('a pull request whose head is checked out tests that head, a merge commit of its own too', async () => {
    const { path, merge } = pullRequest();
    const got = await detect(path, {
      ...event(pull(merge)),
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REF: 'refs/pull/42/merge',
      GITHUB_SHA: '8'.repeat(40),
    });
    expect(got.context).toMatchObject({ gitSha: merge, kind: 'head', tested: { gitSha: merge } });
  });

  it("a fork's pull request is a stranger's", async () => {
    const { path, feature, merge } = pullRequest();
    const got = await detect(path, {
      ...event(pull(feature, 'octo')),
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REF: 'refs/pull/42/merge',
      GITHUB_SHA: merge,
    });
    expect(got.context).toMatchObject({ gitBranch: 'octo:feature', kind: 'merge', origin: 'stranger' });
  });

  it('a comment that has a pull request checked out is stored for that commit, and never for main', async () => {
    const { path, main, merge, feature } = pullRequest();
    const commented = {
      ...event({ issue: { number: 42, pull_request: { url: 'x' } } }),
      GITHUB_EVENT_NAME: 'issue_comment',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: main,
    };
    const got = await detect(path, commented);
    expect(got.context).toMatchObject({
      gitSha: merge,
      gitBranch: undefined,
      pullRequest: 42,
      origin: 'stranger',
      kind: 'head',
      tested: { gitSha: merge, parents: [main, feature] },
    });
    expect(got.warnings).toEqual([]);
    git(path, 'checkout', '-q', 'main');
    expect((await detect(path, commented)).context).toMatchObject({ gitSha: main, origin: 'stranger' });
  });

  it("a dispatch is the team's on its own commit, and a stranger's on another one", async () => {
    const { path, main, feature } = pullRequest();
    const dispatched = {
      ...event({}),
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: main,
    };
    git(path, 'checkout', '-q', 'feature');
    expect((await detect(path, dispatched)).context).toMatchObject({
      gitSha: feature,
      gitBranch: 'feature',
      origin: 'stranger',
    });
    git(path, 'checkout', '-q', '--detach', 'main');
    expect((await detect(path, dispatched)).context).toMatchObject({
      gitSha: main,
      gitBranch: 'main',
      origin: 'team',
    });
  });

  describe('pull_request_target', () => {
    const target = (main: string, pullHead: string) => ({
      ...event(pull(pullHead, 'octo')),
      GITHUB_EVENT_NAME: 'pull_request_target',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: main,
      GITHUB_REPOSITORY: 'acme/shop',
    });
    const own = { gitBranch: 'main', origin: 'team', pullRequest: 42 };

    it("is the base branch's where that is checked out, and a stranger's on any other commit", async () => {
      const { path, main, feature, merge, start } = pullRequest();
      git(path, 'checkout', '-q', '--detach', 'main');
      expect((await detect(path, target(main, feature))).context).toMatchObject({ ...own, gitSha: main });
      for (const [sha, stored] of [
        [feature, feature],
        // Its merge is stored for the head.
        [merge, feature],
      ] as const) {
        git(path, 'checkout', '-q', '--detach', sha);
        expect((await detect(path, target(main, feature))).context).toMatchObject({
          gitSha: stored,
          gitBranch: 'octo:feature',
          origin: 'stranger',
        });
      }
      // The fork was pushed to since, or the workflow took something else.
      git(path, 'checkout', '-q', '--detach', start);
      const other = await detect(path, target(main, feature));
      expect(other.context).toMatchObject({ gitSha: start, gitBranch: undefined, origin: 'stranger' });
    });

    it.each(['clone', 'worktree'])(
      "is a stranger's where a %s anywhere in the workspace holds another head",
      async (kind) => {
        const { path, main, feature } = pullRequest();
        git(path, 'checkout', '-q', '--detach', 'main');
        const there = join(path, 'build/their code/pr');
        mkdirSync(join(there, '..'), { recursive: true });
        if (kind === 'clone') {
          git(folder, 'clone', '-q', '-b', 'feature', `file://${path}`, there);
          git(there, 'remote', 'set-url', 'origin', 'https://github.com/octo/shop');
        } else git(path, 'worktree', 'add', '-q', '--detach', there, 'feature');
        const { context } = await detect(path, { ...target(main, feature), GITHUB_WORKSPACE: path });
        expect(context).toMatchObject({
          gitSha: feature,
          gitBranch: 'octo:feature',
          origin: 'stranger',
          tested: { gitSha: feature },
        });
        // Another commit of the fork than the event names.
        put(there, 'evil.py', 'x\n');
        const later = await detect(path, { ...target(main, feature), GITHUB_WORKSPACE: path });
        expect(later.context).toMatchObject({ tested: { gitSha: head(there) }, origin: 'stranger' });
        // A push tests the commit that it is for.
        const push = {
          ...target(main, feature),
          ...event({}),
          GITHUB_EVENT_NAME: 'push',
          GITHUB_WORKSPACE: path,
        };
        expect((await detect(path, push)).context).toMatchObject({ gitSha: main, origin: 'team' });
      },
    );

    it('is the base branch’s beside another repository, a submodule and a copy of the same commit', async () => {
      const { path, main, feature } = pullRequest();
      git(path, 'checkout', '-q', '--detach', 'main');
      const tools = repository('tools');
      git(folder, 'clone', '-q', `file://${tools}`, join(path, 'tools'));
      git(join(path, 'tools'), 'remote', 'set-url', 'origin', 'https://github.com/acme/tools');
      git(folder, 'clone', '-q', `file://${path}`, join(path, 'same'));
      git(join(path, 'same'), 'checkout', '-q', '--detach', main);
      git(path, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', `file://${tools}`, 'sub');
      const { context } = await detect(path, { ...target(main, feature), GITHUB_WORKSPACE: path });
      expect(context).toMatchObject({ ...own, gitSha: main });
    });
  });

  it("a dispatch is a stranger's where the workspace holds a pull request beside its own commit", async () => {
    const { path, main, feature } = pullRequest();
    git(path, 'checkout', '-q', '--detach', 'main');
    git(path, 'worktree', 'add', '-q', '--detach', join(path, 'pr'), 'feature');
    const dispatched = {
      ...event({}),
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: main,
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_WORKSPACE: path,
    };
    const { context } = await detect(path, dispatched);
    expect(context).toMatchObject({ gitSha: feature, gitBranch: undefined, origin: 'stranger' });
  });

  it('a push names what was there before; what a job merges by itself is a merge', async () => {
    const { path, start, feature, merge } = pullRequest();
    const got = await detect(path, {
      ...event({ before: start, repository: { id: 1, full_name: 'acme/shop', default_branch: 'trunk' } }),
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/feature',
      GITHUB_SHA: feature,
    });
    expect(got.context).toMatchObject({
      gitSha: feature,
      kind: 'merge',
      origin: 'team',
      tested: { gitSha: merge },
    });
    expect(got.named).toMatchObject({ event: 'branch', before: start, defaultBranch: 'trunk' });
  });

  it('results of another workflow say nothing of this checkout', async () => {
    const path = repository();
    const run = (name: string, sha = '7'.repeat(40)) => ({
      ...event({
        workflow_run: {
          id: 1,
          event: name,
          head_sha: sha,
          head_branch: 'f',
          head_repository: { full_name: 'acme/shop' },
        },
      }),
      GITHUB_EVENT_NAME: 'workflow_run',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: head(path),
    });
    expect((await detect(path, run('pull_request'))).context).toMatchObject({
      kind: 'merge',
      tested: undefined,
    });
    expect((await detect(path, run('push', head(path)))).context).toMatchObject({
      kind: 'head',
      tested: { gitSha: head(path), dirty: undefined },
    });
    // What these have checked out is not known here.
    for (const name of ['issue_comment', 'pull_request_target', 'workflow_dispatch', 'repository_dispatch'])
      expect((await detect(path, run(name))).context.origin, name).toBe('stranger');
  });

  it('a merge queue names its base', async () => {
    const path = repository();
    const got = await detect(path, {
      ...event({
        merge_group: { head_sha: head(path), base_sha: '6'.repeat(40), base_ref: 'refs/heads/main' },
      }),
      GITHUB_EVENT_NAME: 'merge_group',
      GITHUB_REF: 'refs/heads/gh-readonly-queue/main/pr-1-x',
      GITHUB_SHA: head(path),
    });
    expect(got.context).toMatchObject({ kind: 'head', origin: 'team', baseBranch: 'main' });
    expect(got.named).toMatchObject({ event: 'merge-group', mergeGroupBase: '6'.repeat(40) });
  });

  it('GitLab: a merge request tests its head, merged results the merge', async () => {
    const { path, feature, main, merge } = pullRequest();
    const gitlab = {
      GITLAB_CI: 'true',
      CI_PROJECT_PATH: 'acme/shop',
      CI_MERGE_REQUEST_IID: '7',
      CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'feature',
      CI_MERGE_REQUEST_SOURCE_PROJECT_PATH: 'acme/shop',
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
      CI_COMMIT_BEFORE_SHA: '0'.repeat(40),
    };
    const merged = await detect(path, {
      ...gitlab,
      CI_COMMIT_SHA: merge,
      CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: feature,
      CI_MERGE_REQUEST_TARGET_BRANCH_SHA: main,
    });
    expect(merged.context).toMatchObject({ gitSha: feature, kind: 'merge', tested: { gitSha: merge } });
    expect(merged.named).toMatchObject({ pullHead: feature, pullBase: main, before: undefined });
    const detached = await detect(path, { ...gitlab, CI_COMMIT_SHA: merge });
    expect(detached.context).toMatchObject({ gitSha: merge, kind: 'head', tested: { gitSha: merge } });
  });

  it('a system that merges in the checkout tests a merge, unless there was nothing to merge', async () => {
    const { path, feature, merge } = pullRequest();
    const bitbucket = {
      BITBUCKET_BUILD_NUMBER: '1',
      BITBUCKET_PR_ID: '7',
      BITBUCKET_COMMIT: feature,
      BITBUCKET_BRANCH: 'feature',
    };
    const got = await detect(path, bitbucket);
    expect(got.context).toMatchObject({ gitSha: feature, kind: 'merge', tested: { gitSha: merge } });
    git(path, 'checkout', '-q', 'feature');
    expect((await detect(path, bitbucket)).context.kind).toBe('head');
  });

  it.each([
    ['CircleCI', { CIRCLECI: 'true', CIRCLE_PR_USERNAME: 'octo', CIRCLE_SHA1: '5'.repeat(40) }],
    ['Azure Pipelines', { TF_BUILD: 'True', SYSTEM_PULLREQUEST_ISFORK: 'True' }],
    [
      'Buildkite',
      {
        BUILDKITE: 'true',
        BUILDKITE_REPO: 'git@x.io:a/b.git',
        BUILDKITE_PULL_REQUEST_REPO: 'git://x.io/c/b.git',
      },
    ],
    ['Semaphore', { SEMAPHORE: 'true', SEMAPHORE_GIT_PR_SLUG: 'c/b', SEMAPHORE_GIT_REPO_SLUG: 'a/b' }],
    [
      'AppVeyor',
      { APPVEYOR: 'True', APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME: 'c/b', APPVEYOR_REPO_NAME: 'a/b' },
    ],
  ])("%s tells a fork's change", async (_, fork) => {
    expect((await detect(folder, fork as Record<string, string>)).context.origin).toBe('stranger');
  });
});
