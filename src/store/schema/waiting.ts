// Work that waits for other sessions' locks: says for whom, and gives up in the end. Knows nothing of what the work is.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { type Begin, beginInCatalog } from '../database/search-path.ts';
import type { Blockers, Watcher } from './blockers.ts';
import type { Turn } from './turn.ts';

/** When blockers are asked about first, when they are reported, and again. */
const firstLookMs = 500;
const firstReportMs = 2_000;
const nextReportMs = 30_000;

export function isLockError(error: unknown): boolean {
  const state = error instanceof StoreError ? error.sqlstate : undefined;
  return state === '55P03' || state === '40P01';
}

export interface StepWatch {
  /** The last ones seen. */
  blockers(): Blockers | undefined;
  noteTimeout(): void;
  /** How long the step has waited for others by now. */
  waitedMs(): number;
  /** The turn is lost, and the work was broken off. */
  lost(): boolean;
  stop(): void;
}

/** What a step is watched with. */
export interface Watched {
  readonly db: Database;
  /** undefined where there is no second connection. */
  readonly turn: Turn | undefined;
  readonly watcher: Watcher | undefined;
  readonly onWait: ((message: string) => void) | undefined;
  readonly waitMs: number;
}

/**
 * While a step runs: looks whether the turn is still ours, and who blocks the step; tells it after a while.
 *
 * @param name the step as a person is told of it
 * @param outside its statement where it runs outside a transaction: it is cancelled once it has waited for too long
 */
export function watchWork(work: Watched, name: string, outside?: string): StepWatch {
  const { turn, watcher, onWait } = work;
  const started = performance.now();
  const ended = new AbortController();
  let last: Blockers | undefined;
  let since: number | undefined;
  let seen = 0;
  let lost = false;
  let nextReport = firstReportMs;
  const waited = () => (since === undefined ? 0 : performance.now() - since);
  const noteBlocked = () => {
    seen = performance.now();
    since ??= seen;
  };
  const look = async () => {
    await turn?.check();
    if (performance.now() - started < firstLookMs) return;
    // It only names who blocks: without it the work goes on.
    const now = await watcher?.blockers().catch(() => undefined);
    if (ended.signal.aborted) return;
    if (now !== undefined) {
      last = now;
      noteBlocked();
    } else if (performance.now() - seen > 3_000) {
      // It was blocked once and works now.
      since = undefined;
      nextReport = firstReportMs;
    }
    if (since !== undefined && waited() >= nextReport) {
      nextReport = waited() + nextReportMs;
      onWait?.(`${name}: waiting for ${last?.text ?? 'somebody\u2019s lock'}; uploads and questions go on`);
    }
    if (outside !== undefined && waited() > work.waitMs) await watcher?.cancel(outside);
  };
  void (async () => {
    for (;;) {
      await sleep(250, undefined, { signal: ended.signal }).catch(() => {});
      if (ended.signal.aborted) return;
      try {
        await look();
      } catch {
        if (ended.signal.aborted) return;
        lost = true;
        work.db.destroy();
        return;
      }
    }
  })();
  return {
    blockers: () => last,
    noteTimeout: noteBlocked,
    waitedMs: waited,
    lost: () => lost,
    // Not waited for: a pooler may keep the watcher in its queue.
    stop: () => ended.abort(),
  };
}

/** How transactions begin that give way, and what is said where they end before their time. */
export interface Yielding {
  begin(watch: StepWatch): Begin;
  lost(cause: unknown): StoreError;
  givenUp(watch: StepWatch, cause: unknown): StoreError;
  /** Also what was waited before; absent: what the watch says. */
  waitedMs?(watch: StepWatch): number;
}

/** One short transaction. Where a lock is not to be had at once it lets everybody pass, says for whom it waits, and begins again. */
export async function givingWay<T>(
  work: Watched,
  name: string,
  body: () => Promise<T>,
  how: Yielding,
): Promise<T> {
  const watch = watchWork(work, name);
  const watched = async () => {
    await work.watcher?.watch(work.db);
    return body();
  };
  try {
    for (;;) {
      try {
        return await work.db.transaction(watched, { begin: how.begin(watch) });
      } catch (error) {
        if (watch.lost()) throw how.lost(error);
        if (!isLockError(error)) throw error;
        watch.noteTimeout();
        const waited = how.waitedMs?.(watch) ?? watch.waitedMs();
        if (waited > work.waitMs) throw how.givenUp(watch, error);
        await letPass();
      }
    }
  } finally {
    watch.stop();
  }
}

/** A pause in which whoever queued behind a statement has its turn. */
export function letPass(): Promise<void> {
  return sleep(300 + Math.random() * 700);
}

/** A login's or database's own timeouts would end what may take hours. */
export async function withoutTimeouts(db: Database): Promise<() => Promise<void>> {
  const [row] = await db.transaction(
    () =>
      db.query<{ set: boolean }>(
        `SELECT current_setting('statement_timeout') <> '0' OR current_setting('lock_timeout') <> '0' AS set`,
      ),
    { begin: beginInCatalog() },
  );
  if (row?.set !== true) return async () => {};
  await db.outside('SET statement_timeout = 0');
  await db.outside('SET lock_timeout = 0');
  return async () => {
    await db.outside('RESET statement_timeout');
    await db.outside('RESET lock_timeout');
  };
}
