// The numbers of the rules, in one place. docs/healix.md explains each; scripts/quality.ts measures what each is good for.

/** A number that the judging depends on. Tests and measurements may pass others. */
export interface Limits {
  /** A row of k failures is improbable, and the test broken, where rate^k is below this. */
  readonly broken: number;
  /** So many changes in which it failed alone make a test flaky. */
  readonly loneFailures: number;
  /** Evidence of flakiness and failure rates are read so many days back. */
  readonly evidenceDays: number;
  /** So many other changes fail alike since the point's last run, and none passes: this change is not the cause. */
  readonly elsewhere: number;
  /** The same of those that contain a commit of the base that was not tested. */
  readonly elsewhereUntested: number;
  /** A repaired test that fails alike again within so many runs was not repaired. */
  readonly relapseRuns: number;
  /** An episode failed when the test still fails alike on so many later commits. */
  readonly failedCommits: number;
  /** Runs of a break that followed an earlier failure: with fewer, `since` stays a bracket. */
  readonly changePointRuns: number;
  /** Change points are computed for at most so many tests of a run. */
  readonly changePointTests: number;
  /** The point and the past lie within so many commits with runs, and so many days. */
  readonly commits: number;
  readonly days: number;
  /** An own past counts where the test ran in at least half of so many last commits of its line. */
  readonly lineCommits: number;
  /** How many older commits are looked at for a file that the point's runs left out. */
  readonly fileCommits: number;
  /** An outage: share of failed tests, failures, and files with failures. */
  readonly outageShare: number;
  readonly outageFailures: number;
  readonly outageFiles: number;
}

export const defaultLimits: Limits = {
  broken: 0.01,
  loneFailures: 2,
  evidenceDays: 30,
  elsewhere: 2,
  elsewhereUntested: 1,
  relapseRuns: 20,
  failedCommits: 3,
  changePointRuns: 6,
  changePointTests: 50,
  commits: 50,
  days: 90,
  lineCommits: 10,
  fileCommits: 10,
  outageShare: 0.8,
  outageFailures: 20,
  outageFiles: 10,
};

export const dayMs = 86_400_000;
