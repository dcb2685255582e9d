// Reads from git what lies around commits: parents and time, changed files of the checkout, merge bases, the order of a branch,
// the files of a commit and renames. Each answer is bounded; undefined where git cannot say. Knows nothing of CI systems.
import type { Env } from './ci.ts';
import { commitId } from './columns.ts';
import { runGit } from './git.ts';

/** One commit as its raw object tells it, where a shallow clone still names the parents that it lacks. */
export interface Commit {
  readonly sha: string;
  /** At most 16, in the object's order. */
  readonly parents: readonly string[];
  /** The committer's time. */
  readonly committedAt: Date | undefined;
}

const mostParents = 16;
/** The order of a branch goes back so many commits. */
const mostCommits = 200;
/** More changed files are counted as this many. */
const mostChanged = 10_000;
/** So many files are asked for in one command: Windows allows 32,767 characters. */
const filesAtOnce = 100;
const mostFiles = 5_000;
const mostRenames = 5_000;

/** Reads commits by name (`HEAD` or ids) in one command; those that the clone lacks are left out. */
export async function readCommits(
  folder: string,
  names: readonly string[],
  env: Env,
): Promise<readonly Commit[]> {
  const wanted = names.filter((name) => name === 'HEAD' || commitId(name) === name);
  if (wanted.length === 0) return [];
  const { stdout } = await runGit(folder, ['cat-file', '--batch'], env, {
    input: `${wanted.join('\n')}\n`,
    // The sizes that it tells count bytes.
    encoding: 'latin1',
  });
  const commits: Commit[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf('\n', at);
    if (end < 0) break;
    const [, sha, size] = /^([0-9a-f]{40}|[0-9a-f]{64}) commit (\d{1,15})$/.exec(stdout.slice(at, end)) ?? [];
    at = end + 1;
    // HEAD missing
    if (sha === undefined) continue;
    commits.push(parseCommit(sha, stdout.slice(at, at + Number(size))));
    at += Number(size) + 1;
  }
  return commits;
}

/** Reads the head of a commit object; lines of a signature or a merged tag begin with a space. */
export function parseCommit(sha: string, object: string): Commit {
  const end = object.indexOf('\n\n');
  const lines = (end < 0 ? object : object.slice(0, end)).slice(0, 100_000).split('\n');
  const parents = lines
    .map((line) => commitId(/^parent ([0-9a-f]{40,64})$/.exec(line)?.[1]))
    .filter((parent) => parent !== undefined)
    .slice(0, mostParents);
  const committer = lines.find((line) => line.startsWith('committer '));
  return { sha, parents, committedAt: timeOf(/ (-?\d{1,12}) [+-]\d{4}$/.exec(committer ?? '')?.[1]) };
}

/** From seconds since 1970; undefined outside what PostgreSQL and people call a commit's time. */
function timeOf(seconds: string | undefined): Date | undefined {
  const number = Number(seconds ?? Number.NaN);
  return number >= 0 && number < 8_000_000_000 ? new Date(number * 1000) : undefined;
}

/**
 * How many tracked files differ from HEAD, staged or not, submodules aside; at most 10,000. Files that a filter makes (Git LFS)
 * are not counted: telling whether they differ would run a program that the repository names.
 */
export async function countChangedFiles(folder: string, env: Env): Promise<number | undefined> {
  const filters = await withoutFilters(folder, env);
  if (filters === undefined) return undefined;
  const { stdout, problem } = await runGit(
    folder,
    [
      ...[
        'status',
        '--porcelain=v1',
        '-z',
        '--no-renames',
        '--untracked-files=no',
        '--ignore-submodules=all',
      ],
    ],
    env,
    { config: filters },
  );
  if (problem !== undefined) return undefined;
  const changed = stdout
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice(3))
    .slice(0, mostChanged);
  return filters.length === 0 ? changed.length : changed.length - (await countFiltered(folder, changed, env));
}

/** Settings that switch off every filter of the configuration; undefined where one cannot be named. */
async function withoutFilters(folder: string, env: Env): Promise<readonly string[] | undefined> {
  const { stdout, problem } = await runGit(
    folder,
    ['config', '--null', '--name-only', '--get-regexp', '^filter\\.'],
    env,
  );
  // It fails where nothing fits.
  if (problem === 'timeout' || problem === 'missing') return undefined;
  const names = new Set(
    stdout
      .split('\0')
      .map((key) => /^filter\.(.*)\.[^.]*$/s.exec(key)?.[1])
      .filter((name) => name !== undefined),
  );
  if (names.size > 50 || [...names].some((name) => /[=\n]/.test(name) || name.length > 200)) return undefined;
  return [...names].flatMap((name) => [
    `filter.${name}.clean=`,
    `filter.${name}.smudge=`,
    `filter.${name}.process=`,
    `filter.${name}.required=false`,
  ]);
}

async function countFiltered(folder: string, files: readonly string[], env: Env): Promise<number> {
  const { stdout: root } = await runGit(folder, ['rev-parse', '--show-toplevel'], env);
  const { stdout } = await runGit(root.replace(/\n$/, ''), ['check-attr', '-z', '--stdin', 'filter'], env, {
    input: files.map((file) => `${file}\0`).join(''),
  });
  const fields = stdout.split('\0');
  let filtered = 0;
  for (let at = 2; at < fields.length; at += 3) {
    if (!['unspecified', 'unset', 'set', ''].includes(fields[at] ?? '')) filtered++;
  }
  return filtered;
}

/** What git tells about commits of one checkout, asked for when it is needed. */
export interface CommitHistory {
  /** The branch that the remote calls its default one; where there is none, `main` or `master` where the clone has it. */
  defaultBranch(): Promise<string | undefined>;
  /** The commit that a branch points at: as the remote had it, else as it is here. `upstream` comes before `origin`. */
  tip(branch: string): Promise<string | undefined>;
  /** The newest common commit of two, an id or `HEAD` each; undefined where the clone does not reach it. */
  mergeBase(one: string, other: string): Promise<string | undefined>;
  /** A commit and its first parents, as far as the clone has them; at most 200. */
  order(sha: string): Promise<readonly string[] | undefined>;
  commits(shas: readonly string[]): Promise<readonly Commit[]>;
  /** Which of the files (relative to the repository's root with `/`, at most 5,000 are looked for) are in a commit. */
  filesAt(sha: string, files: readonly string[]): Promise<ReadonlySet<string> | undefined>;
  /** Python files that were renamed between two commits, old to new; at most 5,000. */
  renames(from: string, to: string): Promise<ReadonlyMap<string, string> | undefined>;
  /** The whole id of an abbreviated one; undefined where no commit or more than one begins so. */
  complete(short: string): Promise<string | undefined>;
}

/** The history of the checkout at `root`. */
export function openHistory(root: string, env: Env): CommitHistory {
  const known = new Map<string, Promise<unknown>>();
  /** One question of a kind is asked once. */
  function once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const asked = known.get(key) as Promise<T> | undefined;
    if (asked !== undefined) return asked;
    const answer = ask();
    known.set(key, answer);
    return answer;
  }
  const lines = async (...args: string[]): Promise<string[] | undefined> => {
    const { stdout, problem } = await runGit(root, args, env);
    return problem === undefined ? stdout.split('\n').filter((line) => line !== '') : undefined;
  };
  const isName = (name: string) => name === 'HEAD' || commitId(name) === name;

  const history: CommitHistory = {
    defaultBranch: () =>
      once('default', async () => {
        for (const remote of ['upstream', 'origin']) {
          const [ref] = (await lines('symbolic-ref', '--quiet', `refs/remotes/${remote}/HEAD`)) ?? [];
          if (ref !== undefined) return ref.slice(`refs/remotes/${remote}/`.length);
        }
        for (const name of ['main', 'master']) if ((await history.tip(name)) !== undefined) return name;
        return undefined;
      }),
    tip: (branch) =>
      once(`tip ${branch}`, async () => {
        if (!/^[^\s~^:?*[\\-][^\s~^:?*[\\]{0,254}$/.test(branch) || branch.includes('..')) return undefined;
        const refs = ['remotes/upstream', 'remotes/origin', 'heads'].map(
          (place) => `refs/${place}/${branch}`,
        );
        // A name with a slash also stands for all names behind it.
        const found = await lines('for-each-ref', '--format=%(objecttype) %(objectname) %(refname)', ...refs);
        const tips = new Map(
          found
            ?.map((line) => line.split(' '))
            .map(([type, sha, ref]) => [ref, type === 'commit' ? sha : undefined]),
        );
        return commitId(refs.map((ref) => tips.get(ref)).find((sha) => sha !== undefined));
      }),
    mergeBase: async (one, other) =>
      isName(one) && isName(other) ? commitId((await lines('merge-base', one, other))?.[0]) : undefined,
    order: (sha) =>
      once(`order ${sha}`, async () => {
        return isName(sha)
          ? await lines('rev-list', '--first-parent', `--max-count=${mostCommits}`, sha, '--')
          : undefined;
      }),
    commits: (shas) => readCommits(root, shas, env),
    filesAt: async (sha, files) => {
      if (!isName(sha)) return undefined;
      const asked = [...new Set(files)].filter((file) => isPath(file)).slice(0, mostFiles);
      const found = new Set<string>();
      for (let at = 0; at < asked.length; at += filesAtOnce) {
        const paths = asked.slice(at, at + filesAtOnce);
        const args = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', sha, '--', ...paths];
        const { stdout, problem } = await runGit(root, args, env);
        if (problem !== undefined) return undefined;
        const wanted = new Set(paths);
        for (const name of stdout.split('\0')) if (wanted.has(name)) found.add(name);
      }
      return found;
    },
    renames: async (from, to) => {
      if (!isName(from) || !isName(to)) return undefined;
      const { stdout, problem } = await runGit(
        root,
        [
          ...['diff-tree', '-r', '-z', '-M', '-l1000', '--diff-filter=R', '--name-status', '--no-ext-diff'],
          ...['--no-textconv', '--ignore-submodules=all', from, to, '--', '*.py'],
        ],
        env,
      );
      if (problem !== undefined) return undefined;
      const renamed = new Map<string, string>();
      const fields = stdout.split('\0');
      // R100, the old name, the new name
      for (let at = 0; at + 2 < fields.length && renamed.size < mostRenames; at += 3)
        renamed.set(fields[at + 1] ?? '', fields[at + 2] ?? '');
      return renamed;
    },
    complete: (short) =>
      once(`complete ${short}`, async () => {
        if (!/^[0-9a-f]{7,64}$/.test(short)) return undefined;
        return commitId((await lines('rev-parse', '--verify', '--quiet', `${short}^{commit}`))?.[0]);
      }),
  };
  return history;
}

function isPath(file: string): boolean {
  // A colon at the beginning would be pathspec magic.
  return /^[^:\0\n][^\0\n]{0,999}$/.test(file) && !file.split('/').includes('..');
}
