// Work on a database done again where that can help: on a new connection, with growing pauses, until a deadline.
import { StoreError } from '../../errors.ts';
import type { ConnectLimits } from './port.ts';
import { fateOf, patienceMs } from './server-errors.ts';

export interface Retry {
  readonly attempt: number;
  readonly delayMs: number;
  readonly reason: StoreError;
}

export interface RetryOptions extends Partial<ConnectLimits> {
  /** After this many milliseconds no new attempt is begun. */
  readonly deadlineMs: number;
  /** Called before each attempt after the first, with what ended the one before. */
  onRetry?(retry: Retry): void;
  /** Ends a pause; the work itself must heed it, too. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds without a byte after which a connection counts as dead. */
const defaultStallMs = 30_000;
/** The last attempt gets so long all the same: a server that is just there again may be slow. */
const leastStallMs = 5_000;
const longestPauseMs = 15_000;

/**
 * Does `work` until it succeeds, fails in a way that trying again does not mend, or the deadline is over. Every attempt opens
 * its own connection, with the limits that it is given.
 *
 * @throws what the last attempt threw
 */
export async function withRetries<T>(
  work: (limits: ConnectLimits, attempt: number) => Promise<T>,
  { deadlineMs, stallMs = defaultStallMs, onRetry, signal }: RetryOptions,
): Promise<T> {
  const started = performance.now();
  const left = (): number => deadlineMs - (performance.now() - started);
  // What was reached once is there, however it is now.
  let isReached = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work({ stallMs: Math.min(stallMs, Math.max(left(), leastStallMs)) }, attempt);
    } catch (error) {
      if (!(error instanceof StoreError) || fateOf(error) === 'never') throw error;
      const patience = patienceMs(error);
      isReached ||= patience === undefined;
      const rest =
        isReached || patience === undefined ? left() : left() - deadlineMs + Math.min(patience, deadlineMs);
      if (rest <= 0) throw error;
      const delayMs = Math.min(Math.random() * Math.min(250 * 2 ** (attempt - 1), longestPauseMs), rest);
      onRetry?.({ attempt: attempt + 1, delayMs, reason: error });
      await pause(delayMs, signal);
    }
  }
}

/**
 * What was opened, unless the signal comes first; it is dropped when it comes after it.
 *
 * @throws StoreError `upload-cancelled`
 */
export function unlessCancelled<Opened>(
  opening: Promise<Opened>,
  signal: AbortSignal | undefined,
  drop: (opened: Opened) => void,
): Promise<Opened> {
  if (signal === undefined) return opening;
  return new Promise((resolve, reject) => {
    const cancel = () => {
      reject(new StoreError({ code: 'upload-cancelled', message: 'cancelled' }));
      opening.then(drop, () => {});
    };
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel);
    opening.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });
}
