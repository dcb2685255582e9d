// What git knows about the checkout: commit, branch, message, root and files. Runs git with fixed arguments only, without
// the repository's hooks, helpers or network, since the repository may be anybody's.
import { execFile, spawn } from 'node:child_process';
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
  /** Messages of HEAD and of the asked-for commits as far as they are in the clone, by commit id. */
  readonly messages: ReadonlyMap<string, string>;
  readonly warnings: readonly Warning[];
}

const timeoutMs = 10_000;

/** Reads the checkout around a folder; `commits` are other commits whose messages are wanted. */
export async function readCheckout(
  folder: string,
  options: { readonly env: Env; readonly commits: readonly string[] },
): Promise<Checkout> {
  const commits = options.commits.filter((commit) => commitId(commit) === commit);
  const [places, log] = await Promise.all([
    git(folder, ['rev-parse', '--show-toplevel', '--symbolic-full-name', 'HEAD'], options.env),
    git(
      folder,
      // A commit that a shallow clone lacks is passed over, and so is HEAD before the first commit.
      [
        'log',
        '--no-walk=unsorted',
        '--ignore-missing',
        '--no-show-signature',
        '-z',
        '--format=%H%x00%B',
        'HEAD',
        ...commits,
        '--',
      ],
      options.env,
    ),
  ]);
  // Even when it then fails for want of a commit, the root comes first.
  const [root = '', ref = ''] = places.stdout.split('\n');
  const messages = new Map<string, string>();
  const fields = log.stdout.split('\0');
  for (let at = 0; at + 1 < fields.length; at += 2) messages.set(fields[at] ?? '', fields[at + 1] ?? '');
  // HEAD is asked for first; before the first commit rev-parse fails.
  const [head] = places.problem === undefined ? messages.keys() : [];
  return {
    root: root === '' ? undefined : root,
    head: commitId(head),
    branch: ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined,
    messages,
    warnings: warningsOf(places, folder),
  };
}

/** A folder without a repository is nothing to warn of. */
function warningsOf(ran: Ran, folder: string): Warning[] {
  const rest = 'commit, branch and tracked files are not known from git; name them with --set';
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

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly problem: 'missing' | 'timeout' | 'failed' | undefined;
}

function git(folder: string, args: readonly string[], env: Env): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      'git',
      [...safely, '-C', folder, ...args],
      {
        env: gitEnv(env),
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 8 * 1024 * 1024,
        windowsHide: true,
      },
      (error, stdout, stderr) => resolve({ stdout, stderr, problem: problemOf(error) }),
    );
  });
}

function problemOf(error: (Error & { code?: unknown; killed?: boolean }) | null): Ran['problem'] {
  if (error === null) return undefined;
  if (error.code === 'ENOENT' || error.code === 'EACCES') return 'missing';
  // A message beyond the buffer also kills git, but what came is enough.
  return error.killed === true && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? 'timeout' : 'failed';
}

// CI containers run as another user than the one who checked out; reading commits of such a repository is safe as long as
// its configuration starts no program, and these are the settings that would.
const safely = [
  '-c',
  'safe.directory=*',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '--no-pager',
];

/** Without the caller's GIT_* variables (a hook's GIT_DIR is another repository), in English, and never on the network. */
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
    // A partial clone would fetch a commit it lacks, by whatever program its configuration names.
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
  };
}

const maxFiles = 1_000_000;
const listTimeoutMs = 60_000;

/**
 * Files of the work tree that are tracked or could be (not ignored), relative to its root with `/`; undefined where git
 * cannot list them. At most a million.
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
