// Since when a test fails: the last commit on which it passed, the first on which it failed, and what was not tested between.
// Where it also passes now and then, the change point of its failure rate and the commits that may have made it.
import { presentBreak } from './changepoint.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Attempt } from './past.ts';

/** A commit that may have broken the test. */
export interface Culprit {
  readonly sha: string;
  /** Share of the probability, 0 to 1; untested commits share that of the next tested one. */
  readonly weight: number;
}

/** Commits after one and before another that were not tested; undefined where their order is not known. */
export type Untested = (after: string, before: string) => readonly string[] | undefined;

export interface Since {
  /** undefined: no pass within the look-back. */
  readonly lastGreen: string | undefined;
  /** First commit of the row of failures. */
  readonly firstRed: string;
  readonly firstRedAt: number;
  /** Commits between both that were not tested; undefined where their order is not known. */
  readonly untested: readonly string[] | undefined;
  /** Failed attempts in a row. */
  readonly inARow: number;
  /**
   * The smallest set of commits that holds the break with 99 %, likeliest first. undefined where no earlier run passed, where
   * commits between are not known by name, and where the test failed before and no change point is probable.
   */
  readonly culprits: readonly Culprit[] | undefined;
  /** The culprits come from a change point: the test also passed since, or failed before. */
  readonly isEstimated: boolean;
}

/**
 * @param attempts in order; the last one failed
 * @param estimate whether a change point may be computed
 */
export function sinceOf(
  attempts: readonly Attempt[],
  untestedBetween: Untested,
  { estimate = true, limits = defaultLimits }: { readonly estimate?: boolean; readonly limits?: Limits } = {},
): Since | undefined {
  const start = attempts.findLastIndex(({ failed }) => !failed) + 1;
  const first = attempts[start];
  if (first === undefined) return undefined;
  const green = attempts[start - 1];
  const untested = green === undefined ? undefined : untestedBetween(green.sha, first.sha);
  const bracket = {
    lastGreen: green?.sha,
    firstRed: first.sha,
    firstRedAt: first.run.at,
    untested,
    inARow: attempts.length - start,
  };
  const failedBefore = attempts.slice(0, start).some(({ failed }) => failed);
  const estimated =
    estimate && failedBefore ? estimatedCulprits(attempts, untestedBetween, limits) : undefined;
  if (estimated !== undefined) return { ...bracket, culprits: estimated, isEstimated: true };
  return {
    ...bracket,
    // After an earlier failure the row's first commit need not be the one that broke it.
    culprits: failedBefore || untested === undefined ? undefined : evenly([...untested, first.sha]),
    isEstimated: false,
  };
}

function estimatedCulprits(
  attempts: readonly Attempt[],
  untestedBetween: Untested,
  limits: Limits,
): Culprit[] | undefined {
  const commits: string[] = [];
  const samples = attempts.map(({ sha, failed }) => {
    if (commits.at(-1) !== sha) commits.push(sha);
    return { commit: commits.length - 1, failed };
  });
  const change = presentBreak(samples);
  const likeliest = change?.candidates[0];
  if (change === undefined || likeliest === undefined) return undefined;
  const runs = samples.filter(({ commit }) => commit >= likeliest.commit).length;
  if (runs < limits.changePointRuns) return undefined;
  return change.candidates.flatMap(({ commit, weight }) => {
    const sha = commits[commit] ?? '';
    const names = [...(untestedBetween(commits[commit - 1] ?? '', sha) ?? []), sha];
    return names.map((name) => ({ sha: name, weight: weight / names.length }));
  });
}

function evenly(shas: readonly string[]): Culprit[] {
  return shas.map((sha) => ({ sha, weight: 1 / shas.length }));
}
