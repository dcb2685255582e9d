// Whether the base branch is tested at all. Pure.

/** A run, as far as it says which commit of which branch was tested. */
export interface TestedBranch {
  readonly branch: string | undefined;
  readonly gitSha: string | undefined;
}

/** From so many other commits on, a base without a run is no beginning any more. */
const enough = 3;

/**
 * Whether commits are tested here again and again, and never one of the base branch: then no failure is ever `new`.
 *
 * @param runs those that the run may be compared with, without itself
 */
export function isBaseNeverTested(run: TestedBranch, runs: readonly TestedBranch[], base: string): boolean {
  if ([run, ...runs].some(({ branch }) => branch === base)) return false;
  const others = new Set(runs.map(({ gitSha }) => gitSha).filter((sha) => sha !== run.gitSha));
  others.delete(undefined);
  return others.size >= enough;
}
