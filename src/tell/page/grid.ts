// The grid of tests and runs in few bytes: four bits a cell. Pure.
import type { Outcome } from '../../model.ts';
import { type CellKind, cellKinds } from './kinds.ts';

const codes = new Map<string, number>(cellKinds.map((kind, code) => [kind, code]));

export interface GridTest {
  readonly testName: string;
  readonly testFile: string | undefined;
  /** Place of the project. */
  readonly project: number;
  /** Runs in which it ran and told a duration, their sum and the longest. */
  timed: number;
  seconds: number;
  slowest: number;
  /** Mean seconds for each tenth of the runs, oldest first; 0: none. */
  readonly trend: Float64Array;
}

/** Parts of the time that a test's duration is followed over. */
export const trendParts = 10;

export class Grid {
  readonly runs: number;
  readonly tests: GridTest[] = [];
  /** Bytes a test: two cells in one, the earlier run in the low bits. */
  readonly width: number;
  readonly #rows: Uint8Array[] = [];
  readonly #places = new Map<string, number>();

  constructor(runs: number) {
    this.runs = runs;
    this.width = Math.ceil(runs / 2);
  }

  /** The test's place; it is added where it is not there yet. */
  place(testName: string, project: number, testFile?: string): number {
    const key = `${project} ${testName}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.tests.length;
    this.#places.set(key, place);
    const trend = new Float64Array(trendParts);
    this.tests.push({ testName, testFile, project, timed: 0, seconds: 0, slowest: 0, trend });
    this.#rows.push(new Uint8Array(this.width));
    return place;
  }

  find(testName: string, project: number): number | undefined {
    return this.#places.get(`${project} ${testName}`);
  }

  /** Of two results of one test in one run the failure stands for it. */
  set(test: number, run: number, outcome: Outcome, failedAttempts = 0): void {
    const row = this.#rows[test];
    if (row === undefined || run < 0 || run >= this.runs) return;
    const before = this.get(test, run);
    if (before === 'failed' || before === 'error') return;
    const isAgain = failedAttempts > 0 && (outcome === 'passed' || outcome === 'xpassed');
    const code = codes.get(isAgain ? 'again' : outcome) ?? 0;
    const at = run >> 1;
    row[at] = run & 1 ? ((row[at] ?? 0) & 0x0f) | (code << 4) : ((row[at] ?? 0) & 0xf0) | code;
  }

  /** Adds what is known of a test's durations in one of the time's parts; each part is told once. */
  time(
    test: number,
    part: number,
    { timed, seconds, slowest }: Pick<GridTest, 'timed' | 'seconds' | 'slowest'>,
  ): void {
    const of = this.tests[test];
    if (of === undefined || timed === 0) return;
    of.timed += timed;
    of.seconds += seconds;
    of.slowest = Math.max(of.slowest, slowest);
    of.trend[part] = seconds / timed;
  }

  get(test: number, run: number): CellKind {
    const byte = this.#rows[test]?.[run >> 1] ?? 0;
    return cellKinds[run & 1 ? byte >> 4 : byte & 15] ?? 'absent';
  }

  /** How often each kind of cell stands in the test's row. */
  counts(test: number): number[] {
    const counts = cellKinds.map(() => 0);
    for (const byte of this.#rows[test] ?? []) {
      counts[byte & 15] = (counts[byte & 15] ?? 0) + 1;
      counts[byte >> 4] = (counts[byte >> 4] ?? 0) + 1;
    }
    counts[0] = (counts[0] ?? 0) - (this.width * 2 - this.runs);
    return counts;
  }

  /** The rows of the tests in the order given. */
  bytes(order: readonly number[]): Uint8Array {
    const all = new Uint8Array(order.length * this.width);
    for (const [place, test] of order.entries()) {
      const row = this.#rows[test];
      if (row !== undefined) all.set(row, place * this.width);
    }
    return all;
  }
}
