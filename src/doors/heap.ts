// Limits the memory of an upload, and the work of V8 beside it. V8 lets a heap grow far beyond its live objects where the machine
// has memory, and compiles much that a short program never needs.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

/** Largest size of the young generation in bytes, both halves. A larger one makes nothing faster. */
const youngBytes = 16 * 2 ** 20;
/** A heap of more bytes may grow less between two collections. */
const largeBytes = 48 * 2 ** 20;

/**
 * Keeps the heap near the size of its live objects, so that reports of any size take about the same memory
 * (docs/reading.md). V8 fixes the limit of the young generation at start, so this stops its growth once it is large enough.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100');
  // Functions are optimised later than V8 would: an upload ends before most of that pays (docs/decisions/0015). Newer versions do not
  // know this flag, and say so on standard error.
  if (Number.parseInt(process.versions.v8, 10) === 11) setFlagsFromString('--interrupt-budget=600000');
  let isYoungLarge = false;
  const watch = setInterval(() => {
    if (!isYoungLarge) {
      const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
      isYoungLarge = young === undefined || young.space_size >= youngBytes;
      if (isYoungLarge) setFlagsFromString('--semi-space-growth-factor=1');
    }
    if (getHeapStatistics().total_heap_size < largeBytes) return;
    setFlagsFromString('--heap-growing-percent=15');
    if (isYoungLarge) clearInterval(watch);
  }, 20);
  watch.unref();
}
