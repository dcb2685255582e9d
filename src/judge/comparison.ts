// With which earlier run a run is compared.
import type { PastRun, RunFacts } from '../model.ts';

export interface Comparison {
  /** The run whose tests are compared; undefined where there is none. */
  readonly tests: PastRun | undefined;
  /** The run whose coverage is compared; undefined where it or this run has none. */
  readonly coverage:
    | { readonly run: PastRun; readonly beforePercent: number; readonly afterPercent: number }
    | undefined;
}

/** The latest complete run of the base branch, and the latest one with coverage. */
export function chooseComparison({ run, isOnBaseBranch, pastRuns }: RunFacts): Comparison {
  const ofBase = pastRuns.filter((past) => past.side === (isOnBaseBranch ? 'branch' : 'base'));
  // Where the base branch has several other jobs, none of them runs the same tests as this job.
  const severalJobs = new Set(ofBase.map((past) => past.jobName)).size > 1 && run.jobName !== undefined;
  const candidates = severalJobs ? [] : ofBase;
  const covered = candidates.find((past) => past.coveragePercent !== undefined);
  return {
    // What is absent in an incomplete run is neither removed nor added.
    tests: run.isIncomplete ? undefined : candidates.find((past) => !past.isIncomplete),
    coverage:
      covered?.coveragePercent === undefined || run.coveragePercent === undefined
        ? undefined
        : { run: covered, beforePercent: covered.coveragePercent, afterPercent: run.coveragePercent },
  };
}
