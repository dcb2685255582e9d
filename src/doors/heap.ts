// Limits the memory of an upload. V8 lets a heap grow far beyond its live objects where the machine has memory.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Largest size of the young generation in bytes, both halves. A larger one makes nothing faster. */
const youngBytes = 16 * 2 ** 20;

/**
 * Keeps the heap near the size of its live objects, so that reports of any size take about the same memory
 * (docs/reading.md). V8 fixes the limit of the young generation at start, so this stops its growth once it is large enough.
 */
export function keepHeapSmall(): void {
  // Between collections the older objects may grow by so much, in percent.
  setFlagsFromString('--heap-growing-percent=40');
  const watch = setInterval(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young !== undefined && young.space_size < youngBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(watch);
  }, 20);
  watch.unref();
}
