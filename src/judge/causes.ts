// Which failures of one run have one cause. Pure.
import type { CauseKey, Match } from '../model.ts';
import { groupBy } from './group.ts';
import { isSurer } from './tiers.ts';

/** What tells one failure's cause. */
export interface CauseFacts {
  readonly testName: string;
  readonly causeKey?: CauseKey | undefined;
}

/** Failures with one cause. */
export interface Cause<T extends CauseFacts> {
  /** The same for the same cause in every order of failures; no two causes of a run share it. */
  readonly key: string;
  /** By name. */
  readonly failures: readonly T[];
  /** What they have in common: `tests/conftest.py:33`, `fixture 'client'`; undefined for a test's own failure. */
  readonly place: string | undefined;
}

/**
 * Groups failures by cause, the largest group first. A failure whose text names nothing outside of its test's own function is a
 * group of its own.
 */
export function groupByCause<T extends CauseFacts>(failures: readonly T[]): Cause<T>[] {
  const groups = groupBy(failures, ({ causeKey, testName }) => causeKey ?? testName);
  return [...groups]
    .map(([key, tests]) => {
      const cause = tests[0]?.causeKey;
      return {
        key,
        failures: tests.length > 1 ? tests.sort(byName) : tests,
        place: cause?.slice(cause.indexOf(' ') + 1),
      };
    })
    .sort(bySize);
}

/** A memory of one failure counts for all of its cause: of several the surest one, by the name of its test. */
export function shareMemories<
  T extends CauseFacts & { readonly match: Match | undefined; readonly known: boolean },
>(failures: readonly T[]): T[] {
  const known = failures.filter((failure) => failure.known && failure.causeKey !== undefined);
  const surest = new Map<CauseKey, T>();
  for (const failure of known.toSorted(byName)) {
    const key = failure.causeKey as CauseKey;
    const best = surest.get(key);
    if (best === undefined || isSurer(failure.match, best.match)) surest.set(key, failure);
  }
  return failures.map((failure) => {
    const match = failure.causeKey === undefined ? undefined : surest.get(failure.causeKey)?.match;
    return failure.known || match === undefined
      ? failure
      : { ...failure, match: { memory: match.memory, tier: 'cause' as const }, known: true };
  });
}

function bySize(a: Cause<CauseFacts>, b: Cause<CauseFacts>): number {
  const [first, other] = [a.failures[0], b.failures[0]];
  return (
    b.failures.length - a.failures.length ||
    (first === undefined || other === undefined ? 0 : byName(first, other)) ||
    (a.key < b.key ? -1 : 1)
  );
}

function byName(a: CauseFacts, b: CauseFacts): number {
  return a.testName < b.testName ? -1 : a.testName > b.testName ? 1 : 0;
}
