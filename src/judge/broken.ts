// When a row of failures is too long to be chance.
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import type { Attempt } from './past.ts';

/** The failures that a sequence of attempts ends in, beside how often the test failed before. */
export interface Row {
  /** Failed attempts in a row, oldest first. */
  readonly failures: readonly Attempt[];
  /** Attempts within the evidence's days before, the row not among them. */
  readonly earlierFailures: number;
  readonly earlierRuns: number;
  /** The row is improbable at the test's own failure rate. */
  readonly isBroken: boolean;
}

/**
 * @param attempts in order
 * @param end the attempts from here on are not looked at
 */
export function rowAtEnd(
  attempts: readonly Attempt[],
  limits: Limits = defaultLimits,
  end = attempts.length,
): Row {
  let start = end;
  while (start > 0 && attempts[start - 1]?.failed === true) start--;
  const failures = attempts.slice(start, end);
  const from = (failures.at(-1)?.run.at ?? 0) - limits.evidenceDays * dayMs;
  const earlier = { failures: 0, runs: 0 };
  for (let at = 0; at < start; at++) {
    const attempt = attempts[at];
    if (attempt === undefined || attempt.run.at < from) continue;
    earlier.runs++;
    if (attempt.failed) earlier.failures++;
  }
  return {
    failures,
    earlierFailures: earlier.failures,
    earlierRuns: earlier.runs,
    isBroken: isImprobable(failures.length, earlier, limits),
  };
}

/** Laplace's rule gives the rate: (failures + 1) / (runs + 2). */
export function isImprobable(
  inARow: number,
  earlier: { readonly failures: number; readonly runs: number },
  { broken }: Limits = defaultLimits,
): boolean {
  return inARow > 0 && ((earlier.failures + 1) / (earlier.runs + 2)) ** inARow < broken;
}
