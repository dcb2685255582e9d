// Reruns: pytest-rerunfailures (16.6 and later) and flaky write one testcase per attempt, the failed attempts empty. Finds
// addresses that stand several times in one suite (first pass), and joins their attempts to one test (second pass).
import type { TestResult } from '../../model.ts';
import { owned } from '../owned.ts';
import { betweenValues, offsetsOfTest, type PassedTests } from './frames.ts';
import { addressKey, decodeReferences, type RawTestcase, teardownError } from './testcase.ts';

/** Addresses up to here are kept whole (see addressKey); in characters. */
const shortAddress = 900;

/** What one suite says about its repeated addresses. */
export interface Repeats {
  /** How often each address stands in the suite that stands there more than once. */
  readonly addresses: ReadonlyMap<string, number>;
  /** The suite counts fewer tests than it has elements: pytest does not count attempts that were rerun. */
  readonly uncounted: boolean;
}

/** How pytest begins every testcase; rerun plugins write none themselves. */
const usualStart = '<testcase classname="';

/**
 * Counts a suite's elements, and notices what a suite with attempts has: two equal starts side by side (without xdist), or
 * more elements than it counts tests. Only such files are searched for repeated addresses: that costs more.
 */
export class RepeatHints {
  #counted = Number.POSITIVE_INFINITY;
  #elements = 0;
  #before = '';
  /** Suites of this file so far. */
  suites = 0;
  /** Whether this file may repeat addresses. */
  found = false;

  startFile(): void {
    this.endSuite();
    this.suites = 0;
    this.found = false;
  }

  /** @param tests the suite's own `tests` attribute */
  startSuite(tests: string | undefined): void {
    this.endSuite();
    this.suites++;
    this.#counted = numberOf(tests);
  }

  endSuite(): void {
    if (this.#elements > this.#counted) this.found = true;
    this.#elements = 0;
    this.#counted = Number.POSITIVE_INFINITY;
    this.#before = '';
  }

  addPassed({ text, offsets }: PassedTests): void {
    this.#elements += offsets.length / offsetsOfTest;
    let [before, beforeEnd] = [0, 0];
    for (let i = 0; i < offsets.length; i += offsetsOfTest) {
      const start = offsets[i] ?? 0;
      const end = offsets[i + 2] ?? 0;
      if (i === 0 ? startOf(text, start, end) === this.#before : isEqual(text, before, beforeEnd, start, end))
        this.found = true;
      [before, beforeEnd] = [start, end];
    }
    this.#before = startOf(text, before, beforeEnd);
  }

  /** @param isTeardown whether the element is a failed teardown, which pytest counts with its call */
  add(xml: string, isTeardown: boolean): void {
    if (!isTeardown && xml.startsWith(usualStart)) this.#elements++;
    const time = xml.indexOf(' time="');
    const start = time >= 0 ? xml.slice(0, time) : xml.slice(0, xml.indexOf('>')).replace(/\s*\/$/, '');
    if (start === this.#before) this.found = true;
    this.#before = start;
  }
}

/** An element up to its time. */
function startOf(text: string, start: number, end: number): string {
  return `${usualStart}${text.slice(start, end + 1)}`;
}

/** Compares from the end, where tests of one class differ. */
function isEqual(text: string, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let back = 1; back <= end - start; back++)
    if (text.charCodeAt(end - back) !== text.charCodeAt(otherEnd - back)) return false;
  return true;
}

function numberOf(tests: string | undefined): number {
  return tests === undefined || !/^\d{1,9}$/.test(tests) ? Number.POSITIVE_INFINITY : Number(tests);
}

/** Slots of the table of addresses; a later address takes the slot of an earlier one. */
const slots = 1 << 20;
const mostRepeated = 100_000;
/** Characters at the end of a classname and of a name that are hashed: names differ most there. */
const hashedLength = 100;

/** Finds repeated addresses in bounded memory, by a table of hashes: what it finds is a hint, and joining compares exactly. */
export class RepeatFinder {
  #seen: Int32Array | undefined;
  #suite = 0;
  #addresses = new Map<string, number>();
  #elements = 0;
  #counted = Number.POSITIVE_INFINITY;
  #found = 0;
  /** By the suite's ordinal over all files; only suites that repeat an address. */
  readonly repeats = new Map<number, Repeats>();

  /** Passes over suites that are not searched. */
  skip(suites: number): void {
    this.endSuite();
    this.#suite += suites;
  }

  startSuite(tests: string | undefined): void {
    this.endSuite();
    this.#suite++;
    this.#counted = numberOf(tests);
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

  add(xml: string): void {
    if (!xml.startsWith(usualStart)) return;
    const classnameEnd = xml.indexOf('"', usualStart.length);
    const name = classnameEnd < 0 ? 0 : xml.indexOf(' name="', classnameEnd) + 7;
    if (name < 7) return;
    if (!teardownError.test(xml)) this.#elements++;
    this.#addAddress(xml, usualStart.length, classnameEnd, name, xml.indexOf('"', name));
  }

  addPassed({ text, offsets }: PassedTests): void {
    this.#elements += offsets.length / offsetsOfTest;
    for (let i = 0; i < offsets.length; i += offsetsOfTest) {
      const classnameEnd = offsets[i + 1] ?? 0;
      this.#addAddress(
        text,
        offsets[i] ?? 0,
        classnameEnd,
        classnameEnd + betweenValues,
        offsets[i + 2] ?? 0,
      );
    }
  }

  #addAddress(text: string, classname: number, classnameEnd: number, name: number, nameEnd: number): void {
    let hash =
      this.#suite ^ ((usualStart.length + classnameEnd - classname) << 10) ^ ((nameEnd - name) << 20);
    for (let i = Math.max(classname, classnameEnd - hashedLength); i < classnameEnd; i++)
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    for (let i = Math.max(name, nameEnd - hashedLength); i < nameEnd; i++)
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ||= 1;
    this.#seen ??= new Int32Array(slots);
    const slot = (hash ^ (hash >>> 20)) & (slots - 1);
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return;
    }
    const key = addressKey({
      classname: decodeReferences(text.slice(classname, classnameEnd)),
      name: decodeReferences(text.slice(name, nameEnd)),
    });
    const count = this.#addresses.get(key);
    if (count === undefined && this.#found++ >= mostRepeated) return;
    this.#addresses.set(owned(key), (count ?? 1) + 1);
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
  /** Of the repeated addresses, without the line feed between their parts. */
  readonly #lengths = new Set<number>();
  readonly #held = new Map<string, Held>();
  readonly #left = new Map<string, number>();

  constructor(repeats: ReadonlyMap<number, Repeats>) {
    this.#repeats = repeats;
  }

  /** Returns attempts that wait in vain, as `add` does. */
  startSuite(): Joined[] {
    const rest = this.drain();
    this.#current = this.#repeats.get(++this.#suite);
    this.#lengths.clear();
    for (const key of this.#current?.addresses.keys() ?? []) this.#lengths.add(key.length - 1);
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

  /** Whether the suite repeats no address: `add` needs to see none of its tests. */
  get isIdle(): boolean {
    return this.#current === undefined;
  }

  /** Counts the testcase; whether `add` has to see it. */
  isRepeated(testcase: RawTestcase): boolean {
    this.#index++;
    if (this.#current === undefined) return false;
    // Most suites with a repeated address have few: its length tells without making a text.
    const length = (testcase.classname?.length ?? 0) + (testcase.name?.length ?? 0);
    if (length < shortAddress && !this.#lengths.has(length)) return false;
    return this.#current.addresses.has(addressKey(testcase));
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
