// Reads from git what lies around commits: parents and time, changed files of the checkout, merge bases, the order of a branch,
// the files of a commit and renames. Each answer is bounded; undefined where git cannot say. Knows nothing of CI systems.
import type { Env } from './ci.ts';
import { commitId } from './columns.ts';
import { type DiffAnswer, readDiff } from './diff.ts';
import { type GitSettings, readSettings, runGit } from './git.ts';

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
/** So many sources are read, each of at most so many bytes, and all together. */
const sources = { files: 300, bytes: 512 * 1024, allBytes: 6 * 1024 * 1024 } as const;

/** A commit with its message. */
export interface WholeCommit extends Commit {
  readonly message: string;
}

/** Reads commits by name (`HEAD` or ids) in one command; those that the clone lacks are left out. */
export async function readCommits(
  folder: string,
  names: readonly string[],
  env: Env,
): Promise<readonly Commit[]> {
  const found = await readWholeCommits(folder, names, env);
  return [...found.values()].map(({ sha, parents, committedAt }) => ({ sha, parents, committedAt }));
}

/** The same with messages, by the name that was asked for; also `HEAD^1`. */
export async function readWholeCommits(
  folder: string,
  names: readonly string[],
  env: Env,
): Promise<ReadonlyMap<string, WholeCommit>> {
  const commits = new Map<string, WholeCommit>();
  const wanted = names.filter((name) => /^HEAD(\^1)?$/.test(name) || commitId(name) === name);
  if (wanted.length === 0) return commits;
  const { stdout } = await runGit(folder, ['cat-file', '--batch'], env, {
    input: `${wanted.join('\n')}\n`,
    // The sizes that it tells count bytes.
    encoding: 'latin1',
  });
  // One answer for each name, in their order.
  let at = 0;
  for (const name of wanted) {
    const end = stdout.indexOf('\n', at);
    if (end < 0) break;
    const [, sha, type, size] =
      /^([0-9a-f]{40}|[0-9a-f]{64}) ([a-z]{1,20}) (\d{1,15})$/.exec(stdout.slice(at, end)) ?? [];
    at = end + 1;
    // HEAD missing
    if (sha === undefined) continue;
    const object = stdout.slice(at, at + Number(size));
    if (type === 'commit') commits.set(name, { ...parseCommit(sha, object), message: messageOf(object) });
    at += Number(size) + 1;
  }
  return commits;
}

/** The message of a commit object, of which each character is a byte; in the encoding that it names, as far as the first NUL. */
function messageOf(object: string): string {
  const end = object.indexOf('\n\n');
  if (end < 0) return '';
  const encoding = /^encoding (\S{1,40})$/m.exec(object.slice(0, end).slice(0, 100_000))?.[1];
  const bytes = Buffer.from(object.slice(end + 2).split('\0', 1)[0] ?? '', 'latin1');
  try {
    return new TextDecoder(encoding ?? 'utf-8', { ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}

function subjectOf(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 500) ?? '';
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
export async function countChangedFiles(
  folder: string,
  env: Env,
  settings: Promise<GitSettings | undefined> = readSettings(folder, env),
): Promise<number | undefined> {
  const filters = withoutFilters((await settings)?.filters);
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
function withoutFilters(names: readonly string[] | undefined): readonly string[] | undefined {
  if (names === undefined || names.length > 50) return undefined;
  if (names.some((name) => /[=\n]/.test(name) || name.length > 200)) return undefined;
  return names.flatMap((name) => [
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
  /** First lines of the messages of those commits that the clone has, by whole id. */
  subjects(shas: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Which of the files (relative to the repository's root with `/`, at most 5,000 are looked for) are in a commit. */
  filesAt(sha: string, files: readonly string[]): Promise<ReadonlySet<string> | undefined>;
  /** The blobs' ids of those files (as for filesAt) that a commit has; undefined where git gives no answer. */
  blobsAt(sha: string, files: readonly string[]): Promise<ReadonlyMap<string, string> | undefined>;
  /** Python files that were renamed between two commits, old to new; at most 5,000. */
  renames(from: string, to: string): Promise<ReadonlyMap<string, string> | undefined>;
  /**
   * What changed since a commit, in files that fit the patterns (`*.py`).
   *
   * @param to undefined: as the checkout is, uncommitted changes among it
   */
  diff(from: string, to: string | undefined, patterns: readonly string[]): Promise<DiffAnswer>;
  /** What the files hold in a commit, by file; large ones and more than 300 are left out. */
  sources(sha: string, files: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The whole id of an abbreviated one; undefined where no commit or more than one begins so. */
  complete(short: string): Promise<string | undefined>;
}

/**
 * The history of the checkout at `root`.
 *
 * @param read commits that were read before: git is not asked for them again
 * @param remoteNames where they are known
 */
export function openHistory(
  root: string,
  env: Env,
  {
    read = [],
    remoteNames = remotes,
  }: { readonly read?: readonly WholeCommit[]; readonly remoteNames?: readonly string[] | undefined } = {},
): CommitHistory {
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
  const commits = new Map(read.map(({ sha, parents, committedAt }) => [sha, { sha, parents, committedAt }]));
  const subjects = new Map(read.map(({ sha, message }) => [sha, subjectOf(message)]));
  const tips = new Set<string>();
  /** The remotes' default branches, and the tips of the usual ones. */
  const usual = () =>
    once('refs', () =>
      readRefs(root, env, [
        ...remotes.map((remote) => `refs/remotes/${remote}/HEAD`),
        ...usualBranches.flatMap(placesOf),
      ]),
    );

  const history: CommitHistory = {
    defaultBranch: () =>
      once('default', async () => {
        const refs = await usual();
        for (const remote of remotes) {
          const name = `refs/remotes/${remote}/HEAD`;
          let ref = refs?.get(name)?.symref;
          // One that points at a missing branch is in no list.
          if (!refs?.has(name) && remoteNames.includes(remote))
            [ref] = (await lines('symbolic-ref', '--quiet', name)) ?? [];
          if (ref !== undefined && ref !== '') return ref.slice(`refs/remotes/${remote}/`.length);
        }
        for (const name of ['main', 'master']) if ((await history.tip(name)) !== undefined) return name;
        return undefined;
      }),
    tip: (branch) =>
      once(`tip ${branch}`, async () => {
        if (!/^[^\s~^:?*[\\-][^\s~^:?*[\\]{0,254}$/.test(branch) || branch.includes('..')) return undefined;
        const places = placesOf(branch);
        const refs = usualBranches.includes(branch) ? await usual() : await readRefs(root, env, places);
        for (const place of places) {
          const [found] = refs
            ? [refs.get(place)?.sha]
            : ((await lines('rev-parse', '--verify', '--quiet', `${place}^{commit}`)) ?? []);
          const sha = commitId(found);
          if (found === undefined) continue;
          if (sha !== undefined) tips.add(sha);
          return sha;
        }
        return undefined;
      }),
    mergeBase: (one, other) =>
      once(`merge-base ${one} ${other}`, async () => {
        if (!isName(one) || !isName(other)) return undefined;
        if (one === other && tips.has(one)) return one;
        return commitId((await lines('merge-base', one, other))?.[0]);
      }),
    order: (sha) =>
      once(`order ${sha}`, async () =>
        isName(sha)
          ? lines('rev-list', '--first-parent', `--max-count=${mostCommits}`, sha, '--')
          : undefined,
      ),
    commits: async (shas) => {
      const found = shas.flatMap((sha) => commits.get(sha) ?? []);
      return found.length === shas.length ? found : readCommits(root, shas, env);
    },
    subjects: async (shas) => {
      const found = await readWholeCommits(
        root,
        shas.filter((sha) => !subjects.has(sha)),
        env,
      );
      for (const { sha, message } of found.values()) subjects.set(sha, subjectOf(message));
      return new Map(
        shas.flatMap((sha): [string, string][] => {
          const subject = subjects.get(sha);
          return subject === undefined ? [] : [[sha, subject]];
        }),
      );
    },
    filesAt: async (sha, files) => {
      const blobs = await history.blobsAt(sha, files);
      return blobs && new Set(blobs.keys());
    },
    blobsAt: async (sha, files) => {
      if (!isName(sha)) return undefined;
      const asked = [...new Set(files)].filter((file) => isPath(file)).slice(0, mostFiles);
      const found = new Map<string, string>();
      for (let at = 0; at < asked.length; at += filesAtOnce) {
        const paths = asked.slice(at, at + filesAtOnce);
        const args = ['ls-tree', '-r', '-z', '--full-tree', sha, '--', ...paths];
        const { stdout, problem } = await runGit(root, args, env);
        if (problem !== undefined) return undefined;
        const wanted = new Set(paths);
        for (const entry of stdout.split('\0')) {
          const [, id = '', name = ''] = /^\d+ \w+ ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
          if (wanted.has(name)) found.set(name, id);
        }
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
    diff: async (from, to, patterns) => {
      if (!isName(from) || !(to === undefined || isName(to))) return { problem: 'unknown' };
      const config = to === undefined ? withoutFilters((await readSettings(root, env))?.filters) : [];
      return config === undefined
        ? { problem: 'unknown' }
        : readDiff(root, { from, to, patterns, config }, env);
    },
    sources: (sha, files) => (isName(sha) ? readSources(root, sha, files, env) : Promise.resolve(new Map())),
    complete: (short) =>
      once(`complete ${short}`, async () => {
        if (!/^[0-9a-f]{7,64}$/.test(short)) return undefined;
        return commitId((await lines('rev-parse', '--verify', '--quiet', `${short}^{commit}`))?.[0]);
      }),
  };
  return history;
}

async function readSources(
  root: string,
  sha: string,
  files: readonly string[],
  env: Env,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(files)].filter((file) => isPath(file)).slice(0, sources.files);
  const found = new Map<string, string>();
  if (wanted.length === 0) return found;
  const sizes = await runGit(
    root,
    ['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'],
    env,
    {
      input: wanted.map((file) => `${sha}:${file}\n`).join(''),
    },
  );
  const lines = sizes.stdout.split('\n');
  const blobs: { file: string; id: string; bytes: number }[] = [];
  let bytesLeft: number = sources.allBytes;
  for (const [place, file] of wanted.entries()) {
    const [, id, size] = /^([0-9a-f]{40,64}) blob (\d{1,15})$/.exec(lines[place] ?? '') ?? [];
    const bytes = Number(size);
    if (id === undefined || bytes > sources.bytes || bytes > bytesLeft) continue;
    bytesLeft -= bytes;
    blobs.push({ file, id, bytes });
  }
  if (blobs.length === 0) return found;
  const { stdout } = await runGit(root, ['cat-file', '--batch'], env, {
    input: blobs.map(({ id }) => `${id}\n`).join(''),
    // The sizes count bytes.
    encoding: 'latin1',
  });
  let at = 0;
  for (const { file, id, bytes } of blobs) {
    const head = `${id} blob ${bytes}\n`;
    if (!stdout.startsWith(head, at)) break;
    at += head.length;
    found.set(file, Buffer.from(stdout.slice(at, at + bytes), 'latin1').toString('utf8'));
    at += bytes + 1;
  }
  return found;
}

/** `upstream` comes before `origin`: a fork's clone is compared with what it was forked from. */
const remotes = ['upstream', 'origin'];
const usualBranches = ['main', 'master'];
const placesOf = (branch: string) => [
  ...remotes.map((remote) => `refs/remotes/${remote}/${branch}`),
  `refs/heads/${branch}`,
];

/** Refs by name, in one command, without those that point at a missing one; undefined where git cannot say, or one is no commit. */
async function readRefs(
  root: string,
  env: Env,
  names: readonly string[],
): Promise<ReadonlyMap<string, { readonly sha: string; readonly symref: string }> | undefined> {
  const format = '--format=%(refname) %(objecttype) %(objectname) %(symref)';
  const { stdout, stderr, problem } = await runGit(root, ['for-each-ref', format, ...names], env);
  if (problem !== undefined || stderr !== '') return undefined;
  const refs = new Map<string, { sha: string; symref: string }>();
  for (const line of stdout.split('\n')) {
    const [name = '', type, sha = '', symref = ''] = line.split(' ');
    // A pattern fits names behind a slash, too.
    if (!names.includes(name)) continue;
    if (type !== 'commit') return undefined;
    refs.set(name, { sha, symref });
  }
  return refs;
}

function isPath(file: string): boolean {
  // A colon at the beginning would be pathspec magic.
  return /^[^:\0\n][^\0\n]{0,999}$/.test(file) && !file.split('/').includes('..');
}
