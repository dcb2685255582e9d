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

/** @param attempts in order */
export function rowAtEnd(attempts: readonly Attempt[], limits: Limits = defaultLimits): Row {
  const start = attempts.findLastIndex(({ failed }) => !failed) + 1;
  const failures = attempts.slice(start);
  const until = failures.at(-1)?.run.at ?? 0;
  const before = attempts.slice(0, start).filter(({ run }) => run.at >= until - limits.evidenceDays * dayMs);
  const earlierFailures = before.filter(({ failed }) => failed).length;
  return {
    failures,
    earlierFailures,
    earlierRuns: before.length,
    isBroken: isImprobable(failures.length, { failures: earlierFailures, runs: before.length }, limits),
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
