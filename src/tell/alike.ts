// Failures that are told as one: those of one cause, and those of one line of one test, as a test's parameters fail. Pure.
import type { FailureHistory, Match, RunHistory } from '../model.ts';
import { evidenceOf } from './evidence.ts';
import { count, failureKey, number, type ToldFailure } from './words.ts';

/** One failure: what the report shows of it, and what the team's runs tell. One of the two may be missing. */
export interface Told {
  readonly testName: string;
  readonly failure: ToldFailure | undefined;
  readonly history: FailureHistory | undefined;
}

/** Failures of one class that are told as one. */
export interface Alike<T extends Told = Told> {
  /** The first one that the report shows; its words stand for all. */
  readonly failure: ToldFailure | undefined;
  readonly all: readonly T[];
  /** What they have in common outside of their tests: `tests/conftest.py:33`. Undefined for a single failure. */
  readonly place: string | undefined;
}

/** Pairs the failures of a report with those of its history. What is beyond those shown has a history alone. */
export function pairFailures(shown: readonly ToldFailure[], history: RunHistory | undefined): Told[] {
  const past = new Map<string, FailureHistory[]>(shown.map((failure) => [failureKey(failure), []]));
  for (const failure of history?.failures ?? []) past.get(failureKey(failure))?.push(failure);
  const told = shown.map((failure) => {
    const same = past.get(failureKey(failure));
    // Two tests of one run can share name and signature.
    return { testName: failure.testName, failure, history: same?.length === 1 ? same[0] : same?.shift() };
  });
  const paired = new Set(told.map((one) => one.history));
  const rest = (history?.failures ?? []).filter((failure) => !paired.has(failure));
  return [...told, ...rest.map((one) => ({ testName: one.testName, failure: undefined, history: one }))];
}

/** Groups failures of one class: the largest group first, else in the order given. */
export function groupAlike<T extends Told>(
  told: readonly T[],
  keyOf: (one: T) => string = likeness,
): Alike<T>[] {
  const groups = new Map<string, T[]>();
  for (const one of told) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()]
    .map((all) => {
      const key = all.length > 1 && all[0] !== undefined ? causeKeyOf(all[0]) : undefined;
      return {
        failure: all.find(({ failure }) => failure !== undefined)?.failure,
        all,
        place: key?.slice(key.indexOf(' ') + 1),
      };
    })
    .sort((a, b) => b.all.length - a.all.length);
}

function causeKeyOf({ failure, history }: Told): string | undefined {
  return history?.causeKey ?? failure?.causeKey;
}

/** Equal for failures that are told as one. A signature without a line would take all failures of a file for one. */
export function likeness(told: Told): string {
  const { failure, testName } = told;
  const signature = failure?.line === undefined ? undefined : failure.failureSignature;
  return causeKeyOf(told) ?? signature ?? `${testName}\n${failure?.failureSignature}`;
}

/** The words that belong to the place: those of the exception that was raised there. */
export function wordsOf({
  failure,
  place,
}: Alike): Pick<ToldFailure, 'errorType' | 'message'> & { readonly outcome: string } {
  const { errorType, message, outcome = '' } = failure ?? { errorType: undefined, message: undefined };
  const raised = place === undefined ? undefined : failure?.raisedFrom;
  return { errorType, message, ...raised, outcome };
}

/** How many there are: `60 tests, 1 cause`, `and 2 like it`; empty for one. */
export function howMany({ all, place }: Alike): string {
  if (all.length === 1) return '';
  return place === undefined
    ? `and ${number(all.length - 1)} like it`
    : `${count(all.length, 'test')}, 1 cause`;
}

/** `2 attempts` of a failure that pytest ran again; empty where it did not, and for several. */
export function attemptsOf({ failure, all }: Alike): string {
  const { attempts = 1 } = failure ?? {};
  return attempts > 1 && all.length === 1 ? `${number(attempts)} attempts` : '';
}

/** What is known of why they have their class; how many where it is not the same for all. */
export function evidenceOfAll({ all }: Alike, run: RunHistory | undefined): string {
  if (run === undefined) return '';
  const counts = new Map<string, number>();
  for (const { history } of all) {
    // What each was called before stands with what was renamed.
    const told = all.length === 1 ? history : history && { ...history, formerName: undefined };
    const evidence = told === undefined ? '' : evidenceOf(told, run);
    counts.set(evidence, (counts.get(evidence) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const [first] = sorted;
  if (first === undefined || sorted.length === 1) return first?.[0] ?? '';
  const shown = sorted.slice(0, 2).filter(([evidence]) => evidence !== '');
  const rest = all.length - shown.reduce((sum, [, n]) => sum + n, 0);
  const parts = shown.map(([evidence, n]) => `${number(n)} of them: ${evidence}`);
  return [...parts, ...(rest > 0 && sorted.length > 2 ? [`${number(rest)} for other reasons`] : [])].join(
    '; ',
  );
}

/** Each memory that fits one of them, with the number of failures it fits. */
export function matchesOf({ all }: Alike): readonly { readonly match: Match; readonly fits: number }[] {
  const found = new Map<string, { match: Match; fits: number }>();
  for (const { history } of all) {
    if (history?.match === undefined) continue;
    const { tier, memory } = history.match;
    const key = `${memory.id} ${tier === 'similar'}`;
    const before = found.get(key);
    if (before === undefined) found.set(key, { match: history.match, fits: 1 });
    else {
      before.fits++;
      if (before.match.tier !== tier) before.match = { memory, tier: 'cause' };
    }
  }
  return [...found.values()].sort(
    (a, b) => Number(a.match.tier === 'similar') - Number(b.match.tier === 'similar') || b.fits - a.fits,
  );
}

/** The first one that nobody has taught yet. */
export function toTeach<T extends Told>({ all }: Alike<T>): T | undefined {
  return all.find(({ failure, history }) => failure !== undefined && history?.known === false);
}

/**
 * Names without what they share: `test_discount[20-10]`, `[50-5]`, `test_total` of one file; whole node ids of one test, and where the
 * tests are of several files.
 */
export function shortNames(names: readonly string[]): string[] {
  const files = new Set(names.map(fileOf));
  const [file = ''] = files;
  if (files.size > 1 || file === '' || names.length === 1) return [...names];
  let last = '';
  return names.map((name) => {
    const short = name.slice(file.length + 2);
    const bracket = short.indexOf('[');
    const test = bracket < 0 ? short : short.slice(0, bracket);
    const isSame = bracket > 0 && test === last;
    last = test;
    return isSame ? short.slice(bracket) : short;
  });
}

function fileOf(name: string): string {
  const end = name.indexOf('::');
  return end < 0 ? '' : name.slice(0, end);
}
