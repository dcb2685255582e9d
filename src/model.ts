// The words of the product, types only. Every room speaks them; none of them knows where a value came from or goes to.
// Absent is `undefined` here and becomes NULL or null only at the SQL and JSON edges.

/** pytest's verdict on one test. */
export type Outcome = 'passed' | 'failed' | 'skipped' | 'error' | 'xfailed' | 'xpassed';

/** What decided a test's node id, best evidence first. */
export type NodeIdSource = 'file-attribute' | 'checkout' | 'traceback' | 'convention' | 'unknown';

/** Why a test failed, as far as the report tells. */
export interface Failure {
  /** Bare class name of the last exception, e.g. `KeyError`; undefined where nothing tells. */
  readonly errorType: string | undefined;
  /** Deepest failing line (1-based) in the test's own file. */
  readonly line: number | undefined;
  /** Line of the last frame in any file: the signature's fallback. */
  readonly lastFrameLine: number | undefined;
  readonly message: string | undefined;
  readonly traceback: string | undefined;
}

/** One test of a run; `testName` is pytest's node id. */
export interface TestResult {
  readonly testName: string;
  readonly testFile: string | undefined;
  /** Nested classes joined by `::`. */
  readonly testClass: string | undefined;
  /** Without the parameter part. */
  readonly testFunction: string | undefined;
  readonly nodeIdSource: NodeIdSource;
  readonly outcome: Outcome;
  readonly durationSeconds: number | undefined;
  /** Present exactly when the outcome is `failed` or `error`. */
  readonly failure: Failure | undefined;
  /** Why it was skipped or expected to fail. */
  readonly reason: string | undefined;
  readonly markers: readonly string[];
}

/** `md5:` and 32 hex digits. */
export type FailureSignature = `md5:${string}`;

export interface SignedResult extends TestResult {
  /** Present exactly when `failure` is. */
  readonly failureSignature: FailureSignature | undefined;
}

/** One file's coverage, added up over all coverage reports of the run. */
export interface CoverageFile {
  /** Relative to the repository's root with `/`, where that could be found out. */
  readonly filePath: string;
  /** 0 to 100: statements and branches together, as coverage.py counts. */
  readonly coveragePercent: number;
  readonly totalStatements: number;
  readonly coveredStatements: number;
  readonly missingStatements: number;
  readonly totalBranches: number;
  readonly coveredBranches: number;
  /** 1-based, ascending. */
  readonly coveredLines: readonly number[];
  readonly missingLines: readonly number[];
}

/** Counts over all tests of a run. `errors` are outcome `error`; `skipped` includes `xfailed`, `passed` includes `xpassed`. */
export interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly errors: number;
  /** Sum over the suites' own durations, in seconds. */
  readonly durationSeconds: number | undefined;
  /** Percentage over all files' counts, not a mean of percentages. */
  readonly coveragePercent: number | undefined;
}

/** Where and on what a run ran. */
export interface RunContext {
  readonly gitSha: string | undefined;
  readonly gitBranch: string | undefined;
  readonly gitCommitMessage: string | undefined;
  /** `github_actions`, `gitlab_ci`, `circleci`, `buildkite`, `azure_pipelines`, `jenkins`, `bitbucket`, …, `local`. */
  readonly ciSystem: string | undefined;
  readonly pythonVersion: string | undefined;
  readonly pytestVersion: string | undefined;
  readonly lambdaId: string | undefined;
  readonly lane: string | undefined;
  readonly markers: readonly string[];
  /** The branch a change is to be merged into. */
  readonly baseBranch: string | undefined;
  /** `owner/name` on the CI's host. */
  readonly repository: string | undefined;
  /** The CI's own id of the workflow run, pipeline or build. */
  readonly workflowRunId: string | undefined;
  readonly runAttempt: number | undefined;
  readonly job: string | undefined;
  readonly pullRequest: number | undefined;
}

/** Something a person should know that did not stop the work. `code` is stable and kebab-case. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** `new`: stored now. `already`: stored by an earlier upload of the same key. `no`: not stored. */
export type Stored = 'new' | 'already' | 'no';

/** What became of a run in the database. */
export interface SavedRun {
  readonly runId: string;
  readonly stored: 'new' | 'already';
  readonly team: string;
  readonly createdAt: Date;
}
