// The rules of novelty as they were before tested commits, points and broken rows, over the same facts: a measure for the new
// ones. Runs of a branch and of the base in the order of upload; a failure is flaky where it passed on a rerun of any commit or
// flipped twice on the base within 14 days, pre-existing where the base's latest run of it failed, else new.
import type { StoredRun } from '../../src/model.ts';

export type FormerClass = 'flaky' | 'pre-existing' | 'new';

export interface FormerPast {
  readonly run: StoredRun;
  readonly failed: boolean;
}

export interface Former {
  readonly class: FormerClass;
  readonly lastFixedBy: string | undefined;
}

const flipMs = 14 * 86_400_000;
const lookBack = 50;

/** The runs that were looked at: of one branch, job and event, the latest first. */
export function formerRuns(
  run: StoredRun,
  earlier: readonly StoredRun[],
  branch: string | undefined,
  isOwnBranch: boolean,
): StoredRun[] {
  const ofBranch = earlier.filter((other) => other.branch === branch);
  const hasJob = ofBranch.some(({ jobName }) => jobName === run.jobName);
  return ofBranch
    .filter((other) => (hasJob ? other.jobName === run.jobName : other.gitSha !== run.gitSha))
    .filter((other) => !isOwnBranch || other.pullRequest === run.pullRequest)
    .toReversed()
    .slice(0, lookBack);
}

/**
 * @param outcomeIn whether the test failed in a run; undefined where the run does not have it
 * @param isOnBase the branch is the base branch: `base` is not used
 */
export function formerVerdict(
  run: StoredRun,
  {
    branch,
    base,
    twins,
    isOnBase,
    outcomeIn,
  }: {
    readonly branch: readonly StoredRun[];
    readonly base: readonly StoredRun[];
    readonly twins: readonly StoredRun[];
    readonly isOnBase: boolean;
    readonly outcomeIn: (run: StoredRun) => boolean | undefined;
  },
): Former {
  const own = branchPast(branch, outcomeIn);
  const ofBase = isOnBase ? own : branchPast(base, outcomeIn);
  const latest = ofBase[0];
  const passedInTwin = twins.some((other) => outcomeIn(other) === false);
  const sides = isOnBase ? [own] : [own, ofBase];
  const passedOnRerun = sides.some((side) =>
    side.some((past, i) => {
      const next = side[i + 1];
      return next !== undefined && past.failed !== next.failed && past.run.gitSha === next.run.gitSha;
    }),
  );
  const recent = ofBase.filter((past) => past.run.at >= run.at - flipMs);
  const flips =
    recent.filter((past, i) => {
      const older = ofBase[i + 1];
      return older !== undefined && older.failed !== past.failed;
    }).length + (isOnBase && latest?.failed === false ? 1 : 0);
  const isFlaky = passedInTwin || passedOnRerun || flips >= 2;
  return {
    class: isFlaky ? 'flaky' : latest?.failed === true ? 'pre-existing' : 'new',
    lastFixedBy: lastFixed(own) ?? (isOnBase ? undefined : lastFixed(ofBase)),
  };
}

function branchPast(
  runs: readonly StoredRun[],
  outcomeIn: (run: StoredRun) => boolean | undefined,
): FormerPast[] {
  return runs.flatMap((run) => {
    const failed = outcomeIn(run);
    return failed === undefined ? [] : [{ run, failed }];
  });
}

function lastFixed(past: readonly FormerPast[]): string | undefined {
  const i = past.findIndex((one, at) => {
    const older = past[at + 1];
    return !one.failed && older?.failed === true && older.run.gitSha !== one.run.gitSha;
  });
  return past[i]?.run.gitSha;
}
