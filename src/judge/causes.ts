// Which failures of one run have one cause. Pure.
import type { CauseKey } from '../model.ts';

/** What tells one failure's cause. */
export interface CauseFacts {
  readonly testName: string;
  readonly causeKey: CauseKey | undefined;
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
  const groups = new Map<string, T[]>();
  for (const failure of failures) {
    const key = failure.causeKey ?? failure.testName;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [failure]);
    else group.push(failure);
  }
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
