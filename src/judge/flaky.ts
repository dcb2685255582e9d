// Evidence that a test fails by chance: it failed and later passed on one commit, or failed several times alone between greens.
import type { FlakyEvidence } from '../model.ts';
import { groupBy } from './group.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type Attempt, type FailureText, hasText, isAlike } from './past.ts';

/** One failure that was chance. */
interface Chance {
  readonly kind: FlakyEvidence['kind'];
  readonly attempt: Attempt;
}

/**
 * The evidence that this failure is one of a flaky test; undefined where there is none with this failure's drift signature.
 * A failed attempt without text counts for any error.
 *
 * @param base attempts at or before the point, in order
 * @param reruns attempts of any job, of the base and of other changes, never of the judged one
 * @param until the point's time
 */
export function flakyEvidence(
  here: FailureText,
  {
    base,
    reruns,
    until,
  }: { readonly base: readonly Attempt[]; readonly reruns: readonly Attempt[]; readonly until: number },
  limits: Limits = defaultLimits,
): FlakyEvidence | undefined {
  const from = until - limits.evidenceDays * dayMs;
  const recent = base.filter(({ run }) => run.at >= from);
  const again = failedThenPassed(reruns.filter(({ run }) => run.at >= from));
  const alone = failedAlone(recent);
  const chances: Chance[] = [
    ...(alone.length >= limits.loneFailures ? alone : []).map((attempt) => ({
      kind: 'lone' as const,
      attempt,
    })),
    ...again.map((attempt) => ({ kind: 'rerun' as const, attempt })),
  ];
  const found = chances.findLast(({ attempt }) => isOneOf(here, attempt.text ?? {}));
  if (found === undefined) return undefined;
  return {
    kind: found.kind,
    sha: found.attempt.sha,
    branch: found.attempt.run.branch,
    failures: recent.filter(({ failed }) => failed).length,
    runs: recent.length,
  };
}

function isOneOf(here: FailureText, seen: FailureText): boolean {
  if (!hasText(seen)) return true;
  if (here.driftSignature !== undefined && seen.driftSignature !== undefined)
    return here.driftSignature === seen.driftSignature;
  return isAlike(here, seen);
}

/** Failures after which the test passed on the same commit, in the same step of the same job. */
export function failedThenPassed(attempts: readonly Attempt[]): Attempt[] {
  const found: Attempt[] = [];
  // Most tests never failed before.
  if (!attempts.some(({ failed }) => failed)) return found;
  for (const group of groupBy(
    attempts,
    ({ run, commit }) => `${run.lineId}\n${run.ordinal}\n${commit}`,
  ).values()) {
    if (group.length < 2) continue;
    const inTime = group
      .map((attempt, place) => ({ attempt, place }))
      .sort((a, b) => a.attempt.run.at - b.attempt.run.at || a.place - b.place)
      .map(({ attempt }) => attempt);
    const lastPass = inTime.findLastIndex(({ failed }) => !failed);
    found.push(...inTime.slice(0, Math.max(0, lastPass)).filter(({ failed }) => failed));
  }
  return found;
}

/** Failures with a pass of another commit directly before and directly after, in the order of one line. */
export function failedAlone(attempts: readonly Attempt[]): Attempt[] {
  if (!attempts.some(({ failed }) => failed)) return [];
  return [...groupBy(attempts, ({ run }) => run.lineId).values()].flatMap((line) =>
    line.filter((attempt, i) => {
      const [before, after] = [line[i - 1], line[i + 1]];
      return (
        attempt.failed &&
        before?.failed === false &&
        after?.failed === false &&
        before.commit !== attempt.commit &&
        after.commit !== attempt.commit
      );
    }),
  );
}
