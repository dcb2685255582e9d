// Reruns: pytest-rerunfailures (16.6 and later) and flaky write one testcase per attempt, the failed attempts empty. Finds
// addresses that stand several times in one suite (first pass), and joins their attempts to one test (second pass).
import type { TestResult } from '../../model.ts';
import { addressKey, decodeReferences, type RawTestcase } from './testcase.ts';

/** What one suite says about its repeated addresses. */
export interface Repeats {
  /** How often each address stands in the suite that stands there more than once. */
  readonly addresses: ReadonlyMap<string, number>;
  /** The suite counts fewer tests than it has elements: pytest does not count attempts that were rerun. */
  readonly uncounted: boolean;
}

/** Slots of the table of addresses; a later address takes the slot of an earlier one. */
const slots = 1 << 20;
const mostRepeated = 100_000;
/** Characters of a name that are hashed. */
const hashedLength = 10_000;

/** Finds repeated addresses in bounded memory, by a table of hashes: what it finds is a hint, and joining compares exactly. */
export class RepeatFinder {
  readonly #seen = new Int32Array(slots);
  #suite = 0;
  #addresses = new Map<string, number>();
  #elements = 0;
  #counted = Number.POSITIVE_INFINITY;
  #found = 0;
  /** By the suite's ordinal over all files; only suites that repeat an address. */
  readonly repeats = new Map<number, Repeats>();

  /** @param tests the suite's own `tests` attribute */
  startSuite(tests: string | undefined): void {
    this.endSuite();
    this.#suite++;
    this.#counted =
      tests === undefined || !/^\d{1,9}$/.test(tests) ? Number.POSITIVE_INFINITY : Number(tests);
  }

  endSuite(): void {
    if (this.#addresses.size > 0) {
      this.repeats.set(this.#suite, {
        addresses: this.#addresses,
        uncounted: this.#elements > this.#counted,
      });
      this.#addresses = new Map();
    }
    this.#elements = 0;
    this.#counted = Number.POSITIVE_INFINITY;
  }

  /** @param isTeardown whether the element is a failed teardown, which pytest counts with its call */
  add(xml: string, isTeardown: boolean): void {
    const classname = xml.indexOf(' classname="') + 12;
    const name = xml.indexOf(' name="') + 7;
    if (classname < 12 || name < 7) return;
    const classnameEnd = xml.indexOf('"', classname);
    const nameEnd = xml.indexOf('"', name);
    if (!isTeardown) this.#elements++;
    let hash = Math.imul(this.#suite ^ (classnameEnd - classname), 0x9e3779b1);
    for (let i = Math.max(classname, classnameEnd - 16); i < classnameEnd; i++)
      hash = Math.imul(hash ^ xml.charCodeAt(i), 0x01000193);
    const last = Math.min(nameEnd, name + hashedLength);
    for (let i = name; i < last; i++) hash = Math.imul(hash ^ xml.charCodeAt(i), 0x01000193);
    hash ||= 1;
    const slot = (hash ^ (hash >>> 20)) & (slots - 1);
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return;
    }
    const key = addressKey({
      classname: decodeReferences(xml.slice(classname, classnameEnd)),
      name: decodeReferences(xml.slice(name, nameEnd)),
    });
    const count = this.#addresses.get(key);
    if (count === undefined && this.#found++ >= mostRepeated) return;
    this.#addresses.set(Buffer.from(key).toString(), (count ?? 1) + 1);
  }
}

/** An empty attempt that waits for the next one. */
interface Held {
  readonly testcase: RawTestcase;
  readonly result: TestResult;
  /** Its place among the suite's testcases. */
  readonly index: number;
}

/**
 * Joins attempts. Only empty elements are attempts of the element after them: a failure, an error or a skip always stays.
 * Both must have one node id and one file; they stand side by side, or the suite does not count all its elements.
 */
export class AttemptJoiner {
  readonly #repeats: ReadonlyMap<number, Repeats>;
  #suite = 0;
  #current: Repeats | undefined;
  #index = 0;
  readonly #held = new Map<string, Held>();
  readonly #left = new Map<string, number>();

  constructor(repeats: ReadonlyMap<number, Repeats>) {
    this.#repeats = repeats;
  }

  /** Returns attempts that wait in vain, as `add` does. */
  startSuite(): Joined[] {
    const rest = this.drain();
    this.#current = this.#repeats.get(++this.#suite);
    this.#index = 0;
    return rest;
  }

  /** Attempts that wait for another one that never came. */
  drain(): Joined[] {
    const rest = [...this.#held.values()];
    this.#held.clear();
    this.#left.clear();
    return rest;
  }

  /** Counts the testcase; whether `add` has to see it. */
  isRepeated(testcase: RawTestcase): boolean {
    this.#index++;
    return this.#current?.addresses.has(addressKey(testcase)) === true;
  }

  /** Whether an earlier attempt waits for this address. */
  holds(testcase: RawTestcase): boolean {
    return this.#held.has(addressKey(testcase));
  }

  /**
   * @param maySplit whether the address may name tests of several files
   * @returns the results that are decided, in order; none while another attempt may follow
   */
  add(testcase: RawTestcase, result: TestResult, maySplit: boolean): Joined[] {
    const key = addressKey(testcase);
    const left = (this.#left.get(key) ?? this.#current?.addresses.get(key) ?? 1) - 1;
    this.#left.set(key, left);
    const held = this.#held.get(key);
    this.#held.delete(key);
    const ready: Joined[] = [];
    let joined = result;
    if (held !== undefined) {
      const isNext = held.index === this.#index - 1 || this.#current?.uncounted === true;
      const isSame = held.result.testName === result.testName && held.testcase.file === testcase.file;
      if (isNext && isSame && !maySplit) joined = joinAttempts(held.result, result);
      else ready.push(held);
    }
    const one = { testcase, result: joined, index: this.#index };
    if (testcase.outcomes.length === 0 && left > 0) this.#held.set(key, one);
    else ready.push(one);
    return ready;
  }
}

export interface Joined {
  readonly testcase: RawTestcase;
  readonly result: TestResult;
}

function joinAttempts(earlier: TestResult, later: TestResult): TestResult {
  const { durationSeconds: before } = earlier;
  const { durationSeconds: after } = later;
  return {
    ...later,
    attempts: (earlier.attempts ?? 1) + 1,
    durationSeconds: before === undefined ? after : before + (after ?? 0),
    markers: [...new Set([...earlier.markers, ...later.markers])],
  };
}
