// Lets one process at a time into the embedded database's directory: PGlite itself lets two in, and one loses its rows.
import { execFile } from 'node:child_process';
import { constants, type Stats } from 'node:fs';
import { link, lstat, open, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { StoreError } from '../../errors.ts';

export interface LockOptions {
  /** How long to wait for the other process, in milliseconds. */
  readonly waitMs: number;
  /** Called once when there is something to wait for. */
  readonly onWait?: ((message: string) => void) | undefined;
}

export interface DataDirLock {
  release(): Promise<void>;
}

/** Who holds a lock. A process id alone is not enough: ids are reused. */
interface Holder {
  readonly pid: number;
  /** When the process started, in whatever form the system tells; undefined where it does not. */
  readonly started: string | undefined;
  readonly host: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

const pollMs = 100;
const sayAfterMs = 400;

/** Takes `<dir>/lock`; waits for its holder, replaces a dead one. @throws StoreError `data-dir-busy` */
export async function lockDataDir(dir: string, options: LockOptions): Promise<DataDirLock> {
  const file = path.join(dir, 'lock');
  const me: Holder = {
    pid: process.pid,
    started: await startOf(process.pid),
    host: hostname(),
    token: crypto.randomUUID(),
  };
  const since = performance.now();
  let said = false;
  for (;;) {
    if (await create(file, me)) return { release: () => release(file, me) };
    const holder = await readHolder(file);
    if (holder === undefined) continue;
    if (!(await isAlive(holder))) {
      await removeStale(file, holder, me);
      continue;
    }
    const waited = performance.now() - since;
    if (waited >= options.waitMs) throw busy(dir, file, holder);
    if (!said && waited >= sayAfterMs) {
      said = true;
      options.onWait?.(`waiting for process ${holder.pid}, which works in the embedded database ${dir}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Writes the lock aside and links it to its name: it appears whole, or not at all where the name is taken. */
async function create(file: string, holder: Holder): Promise<boolean> {
  const aside = `${file}.${holder.token}`;
  await writeFile(aside, JSON.stringify(holder), { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      throw unwritable(path.dirname(file), error);
    },
  );
  try {
    await link(aside, file);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP') {
      // A file system without hard links.
      return writeFile(file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 }).then(
        () => true,
        (failure: NodeJS.ErrnoException) => {
          if (failure.code === 'EEXIST') return false;
          throw failure;
        },
      );
    }
    throw unwritable(path.dirname(file), error as NodeJS.ErrnoException);
  } finally {
    await rm(aside, { force: true });
  }
}

/** The error of a directory whose disk is full. */
export function noRoom(dir: string): StoreError {
  return new StoreError({
    code: 'disk-full',
    message: `there is no room for the embedded database in ${dir}`,
    fix: 'It takes about 50 MB when new. Make room, or name another folder with --data-dir.',
  });
}

function unwritable(dir: string, { code }: NodeJS.ErrnoException): StoreError {
  if (code === 'ENOSPC' || code === 'EDQUOT') return noRoom(dir);
  return new StoreError({
    code: 'data-dir-unusable',
    message: `the directory of the embedded database cannot be written to: ${dir} (${code ?? 'unknown'})`,
    fix: 'Name a directory that you may write to: --data-dir or LUKHAS_DATA_DIR.',
  });
}

/** Longer than any lock of ours, in bytes. */
const longestLock = 4096;

/** undefined where there is no lock (any more). A lock is a plain file: a link is not followed, and a pipe is not waited for. */
async function readHolder(file: string): Promise<Holder | undefined> {
  let text: string;
  try {
    const what = kindOf(await lstat(file));
    if (what !== undefined) throw notALock(file, what);
    // It may be another one by now: a link is refused, a pipe is opened without waiting for its writer.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const opened = await open(file, flags);
    try {
      const now = kindOf(await opened.stat());
      if (now !== undefined) throw notALock(file, now);
      text = await opened.readFile('utf8');
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT') return undefined;
    throw notALock(file, code === 'ELOOP' ? 'a symbolic link' : `not readable (${code})`);
  }
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    if (typeof value.pid === 'number' && typeof value.host === 'string' && typeof value.token === 'string') {
      return { pid: value.pid, started: value.started, host: value.host, token: value.token };
    }
  } catch {
    // Not a lock of ours, or cut off by a full disk: no living holder.
  }
  return { pid: 0, started: undefined, host: hostname(), token: text };
}

/** What is no lock of ours at its place; undefined for a plain file of a lock's size. */
function kindOf(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isFIFO()) return 'a named pipe';
  if (found.isDirectory()) return 'a folder';
  if (!found.isFile()) return 'a device or socket';
  return found.size > longestLock ? `a file of ${found.size} bytes, which no lock has` : undefined;
}

function notALock(file: string, what: string): StoreError {
  return new StoreError({
    code: 'data-dir-unusable',
    message: `the lock of the embedded database is ${what}: ${file}`,
    fix: `No lukhas program made it. Find out what it is, then remove it, or name another directory with --data-dir.`,
  });
}

/**
 * Several waiters may find the same dead holder. Whoever takes the second lock looks again before removing, so that nobody
 * removes the lock that another waiter has just taken.
 */
async function removeStale(file: string, stale: Holder, me: Holder): Promise<void> {
  const broom = `${file}.takeover`;
  if (!(await create(broom, me))) {
    const sweeper = await readHolder(broom);
    if (sweeper !== undefined && !(await isAlive(sweeper))) await rm(broom, { force: true });
    await new Promise((resolve) => setTimeout(resolve, pollMs / 4));
    return;
  }
  try {
    const now = await readHolder(file);
    if (now?.token === stale.token) await rm(file, { force: true });
  } finally {
    await rm(broom, { force: true });
  }
}

async function release(file: string, me: Holder): Promise<void> {
  const holder = await readHolder(file).catch(() => undefined);
  if (holder?.token === me.token) await rm(file, { force: true });
}

async function isAlive(holder: Holder): Promise<boolean> {
  // Processes of another machine or container cannot be seen from here.
  if (holder.host !== hostname()) return true;
  if (holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: somebody else's process. Any other error: no process can have this id.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = await startOf(holder.pid);
  return holder.started === undefined || started === undefined || holder.started === started;
}

/** When a process started: clock ticks since boot on Linux, a date elsewhere; undefined where the system does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The second field is the program's name in parentheses and may hold anything; the start is the 22nd field.
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  if (process.platform === 'win32') return undefined;
  const answer = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  const text = answer?.stdout.trim() ?? '';
  return text === '' ? undefined : text;
}

function busy(dir: string, file: string, holder: Holder): StoreError {
  const elsewhere = holder.host === hostname() ? '' : ` on ${holder.host}`;
  return new StoreError({
    code: 'data-dir-busy',
    message: `process ${holder.pid}${elsewhere} works in the embedded database ${dir}`,
    fix: `Wait for it to end, or use another directory (--data-dir). If no such process runs any more, delete ${file}. Many jobs at once want a server: --database-url.`,
  });
}
