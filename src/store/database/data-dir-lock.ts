// Lets one process at a time into the embedded database's directory: PGlite itself lets two in, and one loses its rows.
// A process of this system is asked for by its id. One in another container or machine cannot be: it counts as alive as long as
// its lock changes, which a thread of its own sees to.
import { execFile } from 'node:child_process';
import { constants, readFileSync, rmSync, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, readFile, readlink, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../../errors.ts';

export interface LockOptions {
  /** How long to wait for the other process, in milliseconds. */
  readonly waitMs: number;
  /** Called once when there is something to wait for. */
  readonly onWait?: ((message: string) => void) | undefined;
  /** How long the lock of a process that cannot be asked for must stand still to be taken over. Default 30 s. */
  readonly stillMs?: number | undefined;
}

export interface DataDirLock {
  /** @throws StoreError `data-dir-taken` where somebody took the lock over, as after a pause of this process */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** Who holds a lock. A process id alone is not enough: ids are reused, and every container has its own. */
interface Holder {
  readonly pid: number;
  /** When the process started, in whatever form the system tells; undefined where it does not. */
  readonly started: string | undefined;
  readonly host: string;
  /** Of the running system: tells it from others, and from itself before it was started again. */
  readonly boot: string | undefined;
  /** Linux: where the process id counts. */
  readonly namespace: string | undefined;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

/** A lock as it was found. */
interface Found {
  /** undefined: it cannot be read. Without hard links a lock is empty for a moment. */
  readonly holder: Holder | undefined;
  /** Changes with each beat. */
  readonly text: string;
}

/** `unknown`: it cannot be asked for. */
type Life = 'alive' | 'dead' | 'unknown';

const pollMs = 100;
const sayAfterMs = 400;
const beatMs = 2_000;
const defaultStillMs = 30_000;

/**
 * Takes `<dir>/lock`; waits for its holder, replaces a dead one.
 *
 * @throws StoreError `data-dir-busy`, `data-dir-unusable`
 */
export async function lockDataDir(dir: string, options: LockOptions): Promise<DataDirLock> {
  const file = path.join(dir, 'lock');
  const me = await describeSelf();
  const isStill = watchFor(options.stillMs ?? defaultStillMs);
  const since = performance.now();
  let said = false;
  for (;;) {
    const made = await create(file, me);
    if (made !== undefined) return hold(file, me, made);
    const found = await readLock(file);
    if (found === undefined) continue;
    const life = await lifeOf(found, me);
    if (life === 'dead' || (life === 'unknown' && isStill(file, found))) {
      await removeStale(file, found, { me, isStill });
      continue;
    }
    const waited = performance.now() - since;
    if (waited >= options.waitMs) throw busy(dir, file, found, me);
    if (!said && waited >= sayAfterMs) {
      said = true;
      options.onWait?.(`waiting for ${nameOf(found, me)}, which works in the embedded database ${dir}`);
    }
    await sleep(pollMs);
  }
}

async function describeSelf(): Promise<Holder> {
  return {
    pid: process.pid,
    started: await startOf(process.pid),
    host: hostname(),
    boot: await bootId(),
    namespace: await readlink('/proc/self/ns/pid').catch(() => undefined),
    token: crypto.randomUUID(),
  };
}

/** Keeps the lock beating. It goes with the process, also where that ends in the middle of something. */
function hold(file: string, me: Holder, made: FileHandle): DataDirLock {
  const heart = startHeart(made);
  const onExit = () => {
    if (tokenIn(readTextSync(file)) === me.token) rmSync(file, { force: true });
  };
  process.once('exit', onExit);
  return {
    check: async () => {
      const found = await readLock(file);
      if (found?.holder?.token !== me.token) throw taken(path.dirname(file));
    },
    release: async () => {
      process.off('exit', onExit);
      await heart.stop();
      await made.close();
      const found = await readLock(file).catch(() => undefined);
      if (found?.holder?.token === me.token) await rm(file, { force: true });
    },
  };
}

/** In a thread of its own: the database works on the main one, and a long statement lets no timer run there. */
function startHeart(lock: FileHandle): { stop(): Promise<void> } {
  const { fd } = lock;
  const beat = `
    const { writeSync } = require('node:fs');
    const { fd, beatMs, place } = require('node:worker_threads').workerData;
    let beats = 0;
    setInterval(() => {
      try { writeSync(fd, String(++beats).padStart(12, '0'), place); } catch {}
    }, beatMs);`;
  const thread = new Worker(beat, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: { fd, beatMs, place: beatsAt },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  });
  thread.unref();
  let beats = 0;
  let timer: NodeJS.Timeout | undefined;
  // Too little memory for a thread, say: better on this one than not at all.
  thread.once('error', () => {
    timer = setInterval(() => {
      lock.write(String(++beats).padStart(12, '0'), beatsAt).catch(() => {});
    }, beatMs).unref();
  });
  return {
    stop: async () => {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}

/** The beats come first, so that they lie at one place in every lock. */
const beatsAt = '{"beats":"'.length;

function textOf(holder: Holder): string {
  return JSON.stringify({ beats: '0'.repeat(12), ...holder });
}

/**
 * Writes the lock aside and links it to its name: it appears whole, or not at all where the name is taken.
 *
 * @returns the lock, opened; undefined where the name is taken
 */
async function create(file: string, holder: Holder): Promise<FileHandle | undefined> {
  const aside = `${file}.${holder.token}`;
  let opened: FileHandle | undefined;
  let isMine = false;
  try {
    opened = await open(aside, 'wx', 0o600);
    await opened.write(textOf(holder), 0);
    try {
      await link(aside, file);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') return undefined;
      if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(code ?? '')) throw error;
      // A file system without hard links.
      await opened.close();
      opened = undefined;
      opened = await open(file, 'wx', 0o600).catch((failure: NodeJS.ErrnoException) => {
        if (failure.code === 'EEXIST') return undefined;
        throw failure;
      });
      await opened?.write(textOf(holder), 0);
    }
    isMine = true;
    return opened;
  } catch (error) {
    throw unwritable(path.dirname(file), error as NodeJS.ErrnoException);
  } finally {
    if (!isMine) await opened?.close();
    await rm(aside, { force: true });
  }
}

/** The error of a directory whose disk is full. */
export function noRoom(dir: string): StoreError {
  return new StoreError({
    code: 'disk-full',
    message: `there is no room for the embedded database in ${dir}`,
    fix: 'It takes about 30 MB when new. Make room, or name another folder with --data-dir.',
  });
}

/** What the system said against a write. */
export function unwritable(dir: string, { code }: NodeJS.ErrnoException): StoreError {
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
async function readLock(file: string): Promise<Found | undefined> {
  try {
    const what = kindOf(await lstat(file));
    if (what !== undefined) throw notALock(file, what);
    // It may be another one by now: a link is refused, a pipe is opened without waiting for its writer.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const opened = await open(file, flags);
    try {
      const now = kindOf(await opened.stat());
      if (now !== undefined) throw notALock(file, now);
      const text = await opened.readFile('utf8');
      return { holder: holderIn(text), text };
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT') return undefined;
    throw notALock(file, code === 'ELOOP' ? 'a symbolic link' : `not readable (${code})`);
  }
}

function holderIn(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, started, host, boot, namespace, token } = (value ?? {}) as Partial<Holder>;
  if (typeof pid !== 'number' || typeof host !== 'string' || typeof token !== 'string') return undefined;
  return { pid, started, host, boot, namespace, token };
}

function tokenIn(text: string | undefined): string | undefined {
  return text === undefined ? undefined : holderIn(text)?.token;
}

function readTextSync(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
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

type Still = (file: string, found: Found) => boolean;

/** Whether a lock has not changed for so long, as far as it was looked at here: clocks of other machines say nothing. */
function watchFor(stillMs: number): Still {
  const seen = new Map<string, { readonly text: string; readonly since: number }>();
  return (file, { text }) => {
    const before = seen.get(file);
    if (before?.text === text) return performance.now() - before.since >= stillMs;
    seen.set(file, { text, since: performance.now() });
    return false;
  };
}

/**
 * Several waiters may find the same dead holder. Whoever takes the second lock looks again before removing, so that nobody
 * removes the lock that another waiter has just taken.
 */
async function removeStale(
  file: string,
  stale: Found,
  { me, isStill }: { readonly me: Holder; readonly isStill: Still },
): Promise<void> {
  const broom = `${file}.takeover`;
  const made = await create(broom, me);
  if (made === undefined) {
    const sweeper = await readLock(broom);
    if (sweeper !== undefined) {
      const life = await lifeOf(sweeper, me);
      if (life === 'dead' || (life === 'unknown' && isStill(broom, sweeper)))
        await removeExactly(broom, sweeper, me);
    }
    await sleep(pollMs / 4);
    return;
  }
  try {
    await removeExactly(file, stale, me);
  } finally {
    await made.close();
    await rm(broom, { force: true });
  }
}

/** Takes a lock out of its place to look at it; another one than the one that was found is put back. */
async function removeExactly(file: string, stale: Found, me: Holder): Promise<void> {
  const now = await readLock(file);
  if (now?.text !== stale.text) return;
  const out = `${file}.${me.token}.out`;
  try {
    await rename(file, out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw unwritable(path.dirname(file), error as NodeJS.ErrnoException);
  }
  const moved = await readLock(out);
  if (moved !== undefined && moved.text !== stale.text) await link(out, file).catch(() => {});
  await rm(out, { force: true });
}

async function lifeOf({ holder }: Found, me: Holder): Promise<Life> {
  if (holder === undefined || !canAsk(holder, me)) return 'unknown';
  if (holder.pid <= 0) return 'dead';
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: somebody else's process. Any other error: no process can have this id.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'dead';
  }
  const started = await startOf(holder.pid);
  const isSame = holder.started === undefined || started === undefined || holder.started === started;
  return isSame ? 'alive' : 'dead';
}

/** Whether process ids mean the same to both. */
function canAsk(holder: Holder, me: Holder): boolean {
  if (process.platform === 'linux' && (me.boot === undefined || me.namespace === undefined)) return false;
  return holder.host === me.host && holder.boot === me.boot && holder.namespace === me.namespace;
}

/** undefined where the system does not tell. */
async function bootId(): Promise<string | undefined> {
  if (process.platform === 'linux')
    return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
      (id) => id.trim(),
      () => undefined,
    );
  if (process.platform !== 'darwin') return undefined;
  const answer = await promisify(execFile)('sysctl', ['-n', 'kern.bootsessionuuid']).catch(() => undefined);
  return answer?.stdout.trim();
}

/** When a process started: clock ticks since boot on Linux, a date elsewhere; undefined where the system does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    // A container may see the processes of its machine there, under other ids.
    if ((await readlink('/proc/self').catch(() => undefined)) !== String(process.pid)) return undefined;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The second field is the program's name in parentheses and may hold anything; the start is the 22nd field.
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  if (process.platform === 'win32') return undefined;
  const answer = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  const text = answer?.stdout.trim() ?? '';
  return text === '' ? undefined : text;
}

function busy(dir: string, file: string, found: Found, me: Holder): StoreError {
  return new StoreError({
    code: 'data-dir-busy',
    message: `${nameOf(found, me)} works in the embedded database ${dir}`,
    fix: `Wait for it to end, or use another directory (--data-dir). If no such process runs any more, delete ${file}. Many jobs at once want a server: --database-url.`,
  });
}

function nameOf({ holder }: Found, me: Holder): string {
  if (holder === undefined) return 'somebody';
  if (holder.host !== me.host) return `process ${holder.pid} on ${holder.host}`;
  return canAsk(holder, me) ? `process ${holder.pid}` : `process ${holder.pid} of another container`;
}

function taken(dir: string): StoreError {
  return new StoreError({
    code: 'data-dir-taken',
    message: `another process took over the embedded database ${dir}, because this one had stopped for a while`,
    fix: 'Run the same command again: the same upload is stored once, however often it is sent.',
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
