// Repairs: a test was broken, and is green on a later commit. Green by chance is no repair, and neither is one that does not
// last.
import type { Fixed } from '../model.ts';
import { rowAtEnd } from './broken.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Attempt, type FailureText, isAlike } from './past.ts';

/** A break and the commit that ended it. */
export interface Repair {
  /** First commit of the row of failures. */
  readonly brokenBy: string;
  readonly repairedBy: string;
  /** The last failure of the row. */
  readonly last: Attempt;
  /** Place of the repairing attempt in the sequence. */
  readonly at: number;
}

/**
 * The last repair of a break like `text`, in a sequence of attempts, oldest first. A failure alike within 20 runs takes a repair
 * back.
 *
 * @param attempts in commit order
 */
export function lastRepairOf(
  attempts: readonly Attempt[],
  text: FailureText,
  limits: Limits = defaultLimits,
): Repair | undefined {
  for (let at = attempts.length - 1; at > 0; at--) {
    const last = attempts[at - 1];
    if (last?.failed !== true || !isAlike(last.text ?? {}, text)) continue;
    const repair = repairAt(attempts, at, limits);
    if (repair !== undefined) return repair;
  }
  return undefined;
}

function repairAt(attempts: readonly Attempt[], at: number, limits: Limits): Repair | undefined {
  const last = attempts[at - 1];
  const attempt = attempts[at];
  if (attempt === undefined || attempt.failed || last?.failed !== true || last.commit === attempt.commit)
    return undefined;
  const text = last.text ?? {};
  for (let place = at + 1; place <= at + limits.relapseRuns; place++) {
    const later = attempts[place];
    if (later?.failed === true && isAlike(later.text ?? {}, text)) return undefined;
  }
  const row = rowAtEnd(attempts, limits, at);
  const first = row.failures[0];
  return first !== undefined && row.isBroken
    ? { brokenBy: first.sha, repairedBy: attempt.sha, last, at }
    : undefined;
}

/**
 * @param attempts of the test at or before the point, oldest first; the last one failed
 * @param passesElsewhere other changes pass it since
 */
export function fixedOf(
  testName: string,
  attempts: readonly Attempt[],
  {
    passesElsewhere = false,
    limits = defaultLimits,
  }: { readonly passesElsewhere?: boolean; readonly limits?: Limits } = {},
): Fixed | undefined {
  const row = rowAtEnd(attempts, limits);
  const [first, last] = [row.failures[0], row.failures.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return row.isBroken && !passesElsewhere
    ? {
        kind: 'fixed',
        testName,
        since: first.sha,
        sinceAt: first.run.at,
        wasGreen: attempts.length > row.failures.length,
      }
    : { kind: 'green-here', testName, redAt: last.sha, passesElsewhere };
}
