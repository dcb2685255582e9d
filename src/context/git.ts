// Reads commit, branch, message, root and files of the checkout from git. Runs git with fixed arguments, without the
// repository's hooks and helpers and without network: the repository is not trusted. What lies between commits: commits.ts.
import { execFile, spawn } from 'node:child_process';
import type { Naming } from '../errors.ts';
import type { Warning } from '../model.ts';
import type { Env } from './ci.ts';
import { commitId } from './columns.ts';

export interface Checkout {
  /** Absolute; undefined outside a work tree. */
  readonly root: string | undefined;
  /** Undefined before the first commit. */
  readonly head: string | undefined;
  /** Undefined where HEAD is detached. */
  readonly branch: string | undefined;
  /** Messages of HEAD and of the commits asked for, by commit id; without commits that the clone lacks. */
  readonly messages: ReadonlyMap<string, string>;
  readonly warnings: readonly Warning[];
}

const timeoutMs = 10_000;
/** Skips commits that a shallow clone lacks, and HEAD before the first commit. */
const readMessages = 'log --no-walk=unsorted --ignore-missing --no-show-signature -z --format=%H%x00%B'.split(
  ' ',
);

/** Reads the checkout that holds a folder. `commits`: more commits whose messages are wanted. */
export async function readCheckout(
  folder: string,
  options: { readonly env: Env; readonly commits: readonly string[]; readonly naming: Naming },
): Promise<Checkout> {
  const commits = options.commits.filter((commit) => commitId(commit) === commit);
  const [places, log] = await Promise.all([
    runGit(folder, ['rev-parse', '--show-toplevel', '--symbolic-full-name', 'HEAD'], options.env),
    runGit(folder, [...readMessages, 'HEAD', ...commits, '--'], options.env),
  ]);
  // rev-parse prints the root even where it then fails because there is no commit.
  const [root = '', ref = ''] = places.stdout.split('\n');
  const messages = new Map<string, string>();
  const fields = log.stdout.split('\0');
  for (let at = 0; at + 1 < fields.length; at += 2) messages.set(fields[at] ?? '', fields[at + 1] ?? '');
  // HEAD comes first; before the first commit rev-parse fails.
  const [head] = places.problem === undefined ? messages.keys() : [];
  return {
    root: root === '' ? undefined : root,
    head: commitId(head),
    branch: ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined,
    messages,
    warnings: warningsOf(places, folder, options.naming),
  };
}

/** A folder without a repository gives no warning. */
function warningsOf(ran: Ran, folder: string, name: Naming): Warning[] {
  const set = name('set');
  const rest = `commit, branch and tracked files are not known from git${set === undefined ? '' : `; name them with ${set}`}`;
  if (ran.problem === 'missing') return [{ code: 'git-missing', message: `git is not installed: ${rest}` }];
  if (ran.problem === 'timeout')
    return [{ code: 'git-timeout', message: `git did not answer in time: ${rest}` }];
  if (/dubious ownership|unsafe repository/.test(ran.stderr)) {
    return [
      {
        code: 'git-dubious-ownership',
        message: `git refuses a repository of another user: ${rest}, or run: git config --global --add safe.directory '*'`,
        file: folder,
      },
    ];
  }
  return [];
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly problem: 'missing' | 'timeout' | 'failed' | undefined;
}

export interface RunGitOptions {
  /** What git reads from standard input. */
  readonly input?: string;
  /** More `-c` settings. */
  readonly config?: readonly string[];
  /** Default UTF-8; `latin1` gives one character a byte. */
  readonly encoding?: 'latin1';
}

/**
 * Runs git in a folder, safely: without hooks, network, pager, replaced objects and the caller's `GIT_*` variables. At most 10 s
 * and 8 MiB of output; what came until then is returned beside the problem.
 */
export function runGit(
  folder: string,
  args: readonly string[],
  env: Env,
  { input, config = [], encoding }: RunGitOptions = {},
): Promise<Ran> {
  const settings = config.flatMap((setting) => ['-c', setting]);
  return new Promise((resolve) => {
    const child = execFile(
      'git',
      [...safely, ...settings, '-C', folder, ...args],
      {
        env: gitEnv(env),
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 8 * 1024 * 1024,
        windowsHide: true,
        encoding: encoding ?? 'utf8',
      },
      (error, stdout, stderr) => resolve({ stdout, stderr, problem: problemOf(error) }),
    );
    if (input === undefined) return;
    // git may end before it has read all.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function problemOf(error: (Error & { code?: unknown; killed?: boolean }) | null): Ran['problem'] {
  if (error === null) return undefined;
  if (error.code === 'ENOENT' || error.code === 'EACCES') return 'missing';
  // A message larger than the buffer kills git, too, but the output so far is enough.
  return error.killed === true && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? 'timeout' : 'failed';
}

// CI containers often run as another user than the owner of the checkout. Reading commits there is safe when the repository's
// configuration cannot start a program; fsmonitor and hooks could.
const safely = '-c safe.directory=* -c core.fsmonitor=false -c core.hooksPath=/dev/null --no-pager'.split(
  ' ',
);

/** Without the caller's GIT_* variables (in a hook GIT_DIR names another repository), in English, without network. */
function gitEnv(env: Env): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(GIT_|LC_|LANG)/i.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C.UTF-8',
    LANGUAGE: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    // A partial clone would fetch a missing commit, by a program that its configuration names.
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    // refs/replace and grafts would show other commits than those that were checked out.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: '/dev/null',
  };
}

const maxFiles = 1_000_000;
const listTimeoutMs = 60_000;

/**
 * Files of the work tree that git does not ignore, relative to its root with `/`, at most a million; undefined where git
 * cannot list them.
 */
export function listFiles(root: string, env: Env): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    const files = new Set<string>();
    let rest = '';
    let full = false;
    const child = spawn(
      'git',
      [...safely, '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
      {
        env: gitEnv(env),
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: listTimeoutMs,
        killSignal: 'SIGKILL',
        windowsHide: true,
      },
    );
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      const names = (rest + chunk).split('\0');
      rest = names.pop() ?? '';
      for (const name of names) {
        if (files.size >= maxFiles) {
          full = true;
          child.kill('SIGKILL');
          return;
        }
        files.add(name);
      }
    });
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 || full ? [...files] : undefined));
  });
}
