// How long work is done again: until the deadline and not before it, with connections that are given up in time.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { type RetryOptions, withRetries } from '../../../src/store/database/retry.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Fails with this code until so many milliseconds are over; returns when each attempt began, and its limits. */
async function failing(code: string, untilMs: number, options: Partial<RetryOptions> = {}) {
  const begun: number[] = [];
  const limits: number[] = [];
  const start = performance.now();
  const work = async ({ stallMs }: { readonly stallMs: number }) => {
    const at = performance.now() - start;
    begun.push(at);
    limits.push(stallMs);
    if (at >= untilMs) return 'stored';
    throw new StoreError({ code, message: 'x', sqlstate: code === 'by-state' ? '57P03' : undefined });
  };
  const ended = withRetries(work, { deadlineMs: 120_000, ...options }).catch(
    (error: StoreError) => error.code,
  );
  await vi.advanceTimersByTimeAsync(300_000);
  return { outcome: await ended, begun, limits, last: begun.at(-1) ?? 0 };
}

describe('an attempt', () => {
  test.each(['by-state', 'database-unreachable', 'database-lost', 'database-pooler-busy', 'data-dir-busy'])(
    'is made again until the very deadline where something answered: %s',
    async (code) => {
      for (let round = 0; round < 20; round++) {
        const { outcome, last } = await failing(code, 119_999);
        expect(outcome).toBe('stored');
        expect(last).toBe(120_000);
        expect((await failing(code, 60_000)).outcome).toBe('stored');
      }
    },
  );

  test.each([
    ['database-unknown-host', 10_000],
    ['database-no-answer', 30_000],
    ['database-no-route', 30_000],
  ])('is made for less long where nothing did: %s', async (code, ms) => {
    const { outcome, last } = await failing(code, 119_000);
    expect(outcome).toBe(code);
    expect(last).toBe(ms);
    expect((await failing(code, 119_000, { deadlineMs: 5_000 })).last).toBe(5_000);
  });

  test.each(['database-password', 'upload-conflict'])(
    'is not made again where that cannot help: %s',
    async (code) => {
      expect((await failing(code, 60_000)).begun).toEqual([0]);
    },
  );

  test('counts a connection without a byte as dead after 30 s, near the deadline sooner, never below 5 s', async () => {
    const { limits } = await failing('database-lost', 119_999);
    expect(limits[0]).toBe(30_000);
    expect(limits.at(-1)).toBe(5_000);
    expect(limits).toEqual(limits.toSorted((a, b) => b - a));
  });

  test('is not waited for once cancelled: the next one sees the signal', async () => {
    const controller = new AbortController();
    let attempts = 0;
    const work = async () => {
      attempts++;
      throw new StoreError({
        code: controller.signal.aborted ? 'upload-cancelled' : 'database-lost',
        message: 'x',
      });
    };
    vi.spyOn(Math, 'random').mockReturnValueOnce(1);
    const ended = withRetries(work, { deadlineMs: 120_000, signal: controller.signal }).catch(() => {});
    await vi.advanceTimersByTimeAsync(100);
    expect(attempts).toBe(1);
    controller.abort();
    await vi.advanceTimersByTimeAsync(0);
    await ended;
    expect(attempts).toBe(2);
  });
});
