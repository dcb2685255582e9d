// Reads commit, branch, message, root and files of the checkout from git. Runs git with fixed arguments, without the
// repository's hooks and helpers and without network: the repository is not trusted. What lies between commits: commits.ts.
import { execFile, spawn } from 'node:child_process';
import { lstatSync, realpathSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Naming } from '../errors.ts';
import type { Warning } from '../model.ts';
import type { Env } from './ci.ts';

export interface Checkout {
  /** Absolute; undefined outside a work tree. */
  readonly root: string | undefined;
  /** Undefined where HEAD is detached. */
  readonly branch: string | undefined;
  /** HEAD names a commit. */
  readonly hasCommit: boolean;
  /** The clone lacks earlier commits; true where git does not say. */
  readonly isShallow: boolean;
  readonly warnings: readonly Warning[];
}

const timeoutMs = 10_000;

/** What git says of a folder without a repository. */
export const noCheckout: Checkout = {
  root: undefined,
  branch: undefined,
  hasCommit: false,
  isShallow: true,
  warnings: [],
};

/**
 * Whether surely no repository holds the folder: neither it nor a folder above has a `.git`, or a `HEAD` as a bare one has. git looks
 * nowhere else (gitEnv takes GIT_DIR away), and each answer of it is a process.
 */
export function isOutsideRepositories(folder: string): boolean {
  try {
    for (let at = realpathSync(folder); ; at = dirname(at)) {
      for (const name of ['.git', 'HEAD'])
        if (lstatSync(join(at, name), { throwIfNoEntry: false }) !== undefined) return false;
      if (at === dirname(at)) return true;
    }
  } catch {
    // A folder that may not be looked into.
    return false;
  }
}

/** Reads the checkout that holds a folder. */
export async function readCheckout(
  folder: string,
  { env, naming }: { readonly env: Env; readonly naming: Naming },
): Promise<Checkout> {
  const asked = ['--show-toplevel', '--is-shallow-repository', '--symbolic-full-name', 'HEAD'];
  const ran = await runGit(folder, ['rev-parse', ...asked], env);
  // It prints the root even where it then fails because there is no commit.
  const [root = '', shallow = '', ref = ''] = ran.stdout.split('\n');
  return {
    root: root === '' ? undefined : root,
    branch: ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined,
    hasCommit: ran.problem === undefined,
    isShallow: shallow !== 'false',
    warnings: warningsOf(ran, folder, naming),
  };
}

/** How deep checkouts are looked for in a workspace, and how many folders and checkouts at most. */
const most = { depth: 4, folders: 3_000, checkouts: 20 };

/**
 * Folders below a workspace that are checkouts of their own: clones and work trees, no submodules. The workspace itself is one of
 * them where it is another checkout than `known`.
 */
export async function findCheckouts(workspace: string, known: string | undefined): Promise<string[]> {
  const found: string[] = [];
  let level = [workspace];
  let folders = 0;
  for (let depth = 0; depth <= most.depth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (found.length >= most.checkouts || ++folders > most.folders) return found;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      const git = entries.find(({ name }) => name === '.git');
      if (git !== undefined && folder !== known && !(await isSubmodule(join(folder, '.git'), git.isFile())))
        found.push(folder);
      for (const entry of entries) {
        if (entry.isDirectory() && entry.name !== '.git' && entry.name !== 'node_modules')
          next.push(join(folder, entry.name));
      }
    }
    level = next;
  }
  return found;
}

/** Whether a repository begins in this folder. */
export async function isCheckout(folder: string): Promise<boolean> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return names.includes('.git');
}

async function isSubmodule(path: string, isFile: boolean): Promise<boolean> {
  if (!isFile) return false;
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^gitdir: .*[\\/]modules[\\/]/.test(text.slice(0, 4_096));
}

/** What the configuration says that is asked for. */
export interface GitSettings {
  /** Names of filters (Git LFS has one). */
  readonly filters: readonly string[];
  /** Remotes by name, with the URL that git would take; undefined for one without. */
  readonly remotes: ReadonlyMap<string, string | undefined>;
}

/** Reads the configuration once for all who ask; undefined where git gives no answer. */
export async function readSettings(folder: string, env: Env): Promise<GitSettings | undefined> {
  const wanted = '^(filter\\.|remote\\..*\\.|url\\..*\\.insteadof$)';
  const { stdout, problem } = await runGit(folder, ['config', '--null', '--get-regexp', wanted], env);
  // It fails where nothing fits.
  if (problem === 'timeout' || problem === 'missing') return undefined;
  const filters = new Set<string>();
  const remotes = new Map<string, string | undefined>();
  let isRewritten = false;
  for (const entry of stdout.split('\0')) {
    const end = entry.indexOf('\n');
    // A key without a value has no line break behind it. A name may hold dots.
    const key = end < 0 ? entry : entry.slice(0, end);
    const [, section, name, last] = /^(filter|remote|url)\.(.*)\.([^.]*)$/s.exec(key) ?? [];
    if (name === undefined) continue;
    if (section === 'filter') filters.add(name);
    else if (section === 'url') isRewritten = true;
    else {
      const url = end < 0 ? '' : entry.slice(end + 1);
      // The first URL counts; an empty one takes back those before it.
      remotes.set(
        name,
        last !== 'url' ? remotes.get(name) : url === '' ? undefined : (remotes.get(name) ?? url),
      );
    }
  }
  if (!isRewritten) return { filters: [...filters], remotes };
  // Another part of the configuration writes URLs anew (insteadOf): git knows how.
  const rewritten = new Map<string, string | undefined>();
  for (const name of [...remotes.keys()].slice(0, mostRemotes)) {
    const { stdout: url } = await runGit(folder, ['remote', 'get-url', '--', name], env);
    rewritten.set(name, url.split('\n')[0]);
  }
  return { filters: [...filters], remotes: rewritten };
}

const mostRemotes = 20;

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

/** Whether git tracks the file; `root` is the work tree's. */
export async function isTracked(root: string, path: string, env: Env): Promise<boolean> {
  const pattern = `:(top,literal)${relative(root, path)}`;
  return (
    (await runGit(root, ['ls-files', '--error-unmatch', '-z', '--', pattern], env)).problem === undefined
  );
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
