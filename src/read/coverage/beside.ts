// Reads the coverage reports while something else is being read. Their rows are stored last, so they need not be ready
// before the tests are.
import { type CoverageOptions, type CoverageRead, readCoverage } from './coverage.ts';

export interface CoverageBeside {
  /** Begins reading at the first call; each call lets one more chunk be read. */
  advance(): void;
  /** Reads the rest; undefined where there are no coverage reports. */
  finish(): Promise<CoverageRead | undefined>;
}

/** Reads each report once, however often `finish` is called. It fails as `readCoverage` does. */
export function readCoverageBeside(paths: readonly string[], options: CoverageOptions): CoverageBeside {
  const readers = alternateReaders();
  let reading: Promise<CoverageRead | undefined> | undefined;
  const begin = () => {
    if (reading === undefined) {
      reading = paths.length === 0 ? Promise.resolve(undefined) : readCoverage(paths, options, readers.turn);
      // The error is for whoever calls `finish`.
      reading.catch(() => {});
    }
    return reading;
  };
  return {
    advance: () => {
      void begin();
      readers.give();
    },
    finish: () => {
      readers.release();
      return begin();
    },
  };
}

/** A reader that awaits `turn` goes on only when another one calls `give`, until `release` ends the waiting for good. */
function alternateReaders() {
  let waiting: (() => void) | undefined;
  let released = false;
  const give = () => {
    waiting?.();
    waiting = undefined;
  };
  return {
    turn: () => (released ? Promise.resolve() : new Promise<void>((resolve) => (waiting = resolve))),
    give,
    release: () => {
      released = true;
      give();
    },
  };
}
