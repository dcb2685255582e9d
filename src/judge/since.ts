// Since when a test fails: the last commit on which it passed, the first on which it failed, and what was not tested between.
// Which commits may have broken it is said only where a break is more probable than chance: one red after a hundred greens is no
// break yet. Where the test also passes now and then, they come from the change point of its failure rate.
import type { Culprit, Since } from '../model.ts';
import { presentBreak } from './changepoint.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Attempt, type FailureText, hasText, isAlike } from './past.ts';

/** Commits after one and before another, oldest first; undefined where their order is not known. */
export type Between = (after: string, before: string) => readonly string[] | undefined;

/**
 * @param attempts in order; the last one failed
 * @param between of two commits of the attempts, the tested ones among them
 */
export function sinceOf(
  attempts: readonly Attempt[],
  between: Between,
  {
    from = 0,
    estimate = true,
    limits = defaultLimits,
  }: {
    /** The failure cannot be older than the attempt at this place: what is red before is another matter. */
    readonly from?: number;
    /** Whether a change point may be computed of a test that passes now and then. */
    readonly estimate?: boolean;
    readonly limits?: Limits;
  } = {},
): Since | undefined {
  const last = attempts.at(-1);
  if (last?.failed !== true) return undefined;
  const isThis = ({ failed, text }: Attempt) => failed && mayBeAlike(text ?? {}, last.text ?? {});
  const red = attempts.findLastIndex(({ failed }) => !failed) + 1;
  // Behind a failure with another error this one may have been there already: the first alike is what was seen.
  const start = attempts.findIndex((attempt, place) => place >= Math.max(red, from) && isThis(attempt));
  const first = attempts[start] ?? last;
  const green = attempts[red - 1];
  const gap = green === undefined ? undefined : between(green.sha, first.sha);
  const tested = gap && new Set(attempts.slice(red, start).map(({ sha }) => sha));
  const before = attempts.findIndex(isThis);
  const failedBefore = before >= 0 && before < red;
  // Where it never failed before, the gap names the commits.
  const likely = (failedBefore ? estimate : gap !== undefined)
    ? likelyCommits(attempts.filter((attempt) => !attempt.failed || isThis(attempt)))
    : undefined;
  // After an earlier failure the row's first commit need not be the one that broke it.
  const isEstimated = failedBefore && likely !== undefined && likely.runs >= limits.changePointRuns;
  return {
    lastGreen: green?.sha,
    firstRed: first.sha,
    firstRedAt: first.run.at,
    untested: gap?.filter((sha) => tested?.has(sha) !== true),
    otherErrorSince: start > red ? attempts[red]?.sha : undefined,
    inARow: attempts.length - start,
    culprits: isEstimated
      ? likely.culprits(between)
      : likely && !failedBefore && gap
        ? evenly([...gap, first.sha])
        : undefined,
    isEstimated,
  };
}

/** Failed alike, as far as the texts tell. */
function mayBeAlike(one: FailureText, other: FailureText): boolean {
  return !hasText(one) || !hasText(other) || isAlike(one, other);
}

/** undefined where a break is less probable than chance. */
function likelyCommits(attempts: readonly Attempt[]) {
  const commits: string[] = [];
  const samples = attempts.map(({ sha, failed }) => {
    if (commits.at(-1) !== sha) commits.push(sha);
    return { commit: commits.length - 1, failed };
  });
  const change = presentBreak(samples);
  const likeliest = change?.candidates[0];
  if (change === undefined || likeliest === undefined) return undefined;
  return {
    runs: samples.filter(({ commit }) => commit >= likeliest.commit).length,
    culprits: (between: Between): Culprit[] =>
      change.candidates.flatMap(({ commit, weight }) => {
        const sha = commits[commit] ?? '';
        const names = [...(between(commits[commit - 1] ?? '', sha) ?? []), sha];
        return names.map((name) => ({ sha: name, weight: weight / names.length }));
      }),
  };
}

function evenly(shas: readonly string[]): Culprit[] {
  return shas.map((sha) => ({ sha, weight: 1 / shas.length }));
}
