// How much of the machine's memory an upload takes. V8 lets a heap grow far beyond what lives in it where memory is there.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Bytes of the young generation, both halves, from which on it grows no more: twice as many make nothing faster. */
const youngBytes = 16 * 2 ** 20;

/**
 * Keeps the heap near what lives in it: a report of any size then takes about the same memory (docs/reading.md). V8 fixes
 * the young generation's greatest size when it starts, so its growth is stopped once it is large enough.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100');
  const watch = setInterval(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young !== undefined && young.space_size < youngBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(watch);
  }, 20);
  watch.unref();
}
