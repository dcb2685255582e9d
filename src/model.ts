// The product's types; every room uses them. An absent value is `undefined` here, NULL in SQL and null in JSON.

/** pytest's verdict on one test. */
export type Outcome = 'passed' | 'failed' | 'skipped' | 'error' | 'xfailed' | 'xpassed';

/** Which evidence decided a test's node id, best first. */
export type NodeIdSource = 'file-attribute' | 'checkout' | 'traceback' | 'convention' | 'unknown';

/** Why a test failed, as the report tells it. */
export interface Failure {
  /** Class name of the last exception without its module, e.g. `KeyError`. */
  readonly errorType: string | undefined;
  /** Deepest failing line (1-based) in the test's own file. */
  readonly line: number | undefined;
  /** Line of the last frame in any file; the signature uses it where `line` is undefined. */
  readonly lastFrameLine: number | undefined;
  readonly message: string | undefined;
  readonly traceback: string | undefined;
  /** Source of the failing statement in the test's own file, else of the last frame; undefined where no traceback shows it. */
  readonly statement?: string | undefined;
  /** Where it was asked for and the report has it. */
  readonly captured?: readonly CapturedOutput[] | undefined;
  /** Its traceback names files as Windows does. */
  readonly isFromWindows?: boolean | undefined;
  /** Where it was raised, if that is not the test's own function: a fixture, a helper, the code under test, a library. */
  readonly place?: Place | undefined;
  /** The first exception of a chain of `raise … from …`, where the text shows one that was raised outside of the test's function. */
  readonly raisedFrom?:
    | { readonly errorType: string | undefined; readonly message: string; readonly place: Place }
    | undefined;
}

/** A line of code outside the tests' own functions. */
export interface Place {
  /** As pytest shows it: relative to its working directory, or absolute. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** Undefined where the report does not name it. */
  readonly function: string | undefined;
  /** Source of the failing statement there; undefined where no traceback shows it. */
  readonly statement: string | undefined;
}

/** A frame of the project, as pytest shows it. */
export interface Frame {
  /** Relative to pytest's working directory, or absolute; with `/`. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  /** How often it comes in a row: a recursion. */
  readonly times: number;
  /** The first line of its statement, at most 200 characters; undefined where the traceback does not show it. */
  readonly statement: string | undefined;
}

/** What a traceback shows of one exception, bounded. */
export interface ExceptionExcerpt {
  /** The failing line of the deepest frame of the project and up to 5 lines around it; failing lines begin with `>`. */
  readonly source: readonly string[];
  /** The exception's own words, with pytest's diff; without the marks `E`. */
  readonly error: readonly string[];
  /** Lines and characters of the words that are not in `error`. */
  readonly errorLeftOut: { readonly lines: number; readonly characters: number };
  /** Frames of the project, outermost first. */
  readonly frames: readonly Frame[];
  readonly framesLeftOut: number;
  /** Frames of installed packages and of Python itself. */
  readonly libraryFrames: number;
}

/** The end of what a failed test printed. */
export interface CapturedOutput {
  readonly stream: 'system-out' | 'system-err';
  /** Bounded. */
  readonly lines: readonly string[];
  /** There are earlier lines. */
  readonly isCut: boolean;
}

/** What a person reads first of a traceback. */
export interface FailureExcerpt {
  /** Of a chain the newest ones, the newest last; at least one. */
  readonly exceptions: readonly ExceptionExcerpt[];
  /** Older exceptions of the chain. */
  readonly exceptionsLeftOut: number;
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
  /** How often pytest ran it, where the report shows more than one attempt; the outcome is the last one's. */
  readonly attempts?: number | undefined;
  /** The report file it stands in, where the upload has several: equal names of two reports may be two tests. */
  readonly report?: string | undefined;
  /** Present exactly when the outcome is `failed` or `error`. */
  readonly failure: Failure | undefined;
  /** Why it was skipped or expected to fail. */
  readonly reason: string | undefined;
  readonly markers: readonly string[];
}

/** `md5:` and 32 hex digits. */
export type FailureSignature = `md5:${string}`;

/** `d1:` and 32 hex digits: version 1 of the signature that survives edits. */
export type DriftSignature = `d1:${string}`;

/** `w1:` and 32 hex digits: version 1 of the signature that survives edits and knows the compared values. */
export type WordsSignature = `w1:${string}`;

/** `c1:`, 32 hex digits, a space and the place: what failures of one run share when one fault made them. */
export type CauseKey = `c1:${string}`;

export interface SignedResult extends TestResult {
  /** Present exactly when `failure` is. */
  readonly failureSignature: FailureSignature | undefined;
  /** Present when the failure's text has anything to recognise it by. */
  readonly driftSignature?: DriftSignature | undefined;
  /** Present when the failure's text has anything to recognise it by. */
  readonly wordsSignature?: WordsSignature | undefined;
  /** Present when the failure lies outside of the test's own function: in a fixture, a helper, the code under test, an import. */
  readonly causeKey?: CauseKey | undefined;
}

/** One file's coverage over all coverage reports of the run. */
export interface CoverageFile {
  /** Relative to the repository's root with `/`, where that is known. */
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
  /** undefined where the reports do not list each branch of the file. */
  readonly executedBranches?: FlatBranches | undefined;
  readonly missingBranches?: FlatBranches | undefined;
}

/**
 * Branches one after the other, two numbers each: the line that is left and the line that is gone to, which is below 1 where the
 * branch leaves its function. Flat, since there are as many as statements.
 */
export type FlatBranches = readonly number[];

/** From a line to another one; `to` is below 1 where the branch leaves its function. */
export type Branch = readonly [from: number, to: number];

/** Lines that a change replaced: 1-based; without lines of a side its start is the line before. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
}

/** A file that differs between two commits. Paths are relative to the repository's root with `/`. */
export interface DiffFile {
  readonly path: string;
  /** undefined for an added file; another path where it was renamed. */
  readonly formerPath: string | undefined;
  readonly isDeleted: boolean;
  /** Ascending; none where git calls the file binary, or nothing but its name changed. */
  readonly hunks: readonly Hunk[];
}

/** A changed file as the pull request's server tells it. */
export interface PulledFile extends Omit<DiffFile, 'hunks'> {
  /** Id of its blob at the pull request's head. */
  readonly blob: string;
  /** With context; undefined where the server gives none of it. */
  readonly patch: string | undefined;
}

/** Lines of one file, 1-based; a line that is in neither list is no statement. */
export interface MeasuredFile {
  readonly filePath: string;
  readonly coveredLines: readonly number[];
  readonly missingLines: readonly number[];
  /** How many there are; more than 0 without the lists below: nobody knows which. */
  readonly totalBranches?: number | undefined;
  /** Both or none. */
  readonly executedBranches?: FlatBranches | null | undefined;
  readonly missingBranches?: FlatBranches | null | undefined;
}

/** First and last line, 1-based. */
export type LineRange = readonly [first: number, last: number];

export interface PatchFile {
  readonly filePath: string;
  readonly changedStatements: number;
  readonly coveredStatements: number;
  readonly uncovered: readonly LineRange[];
  /** Those that leave changed lines; undefined where the file has none, or a report does not say which. */
  readonly branches?: PatchBranches | undefined;
}

/** Branches that leave the changed statements. */
export interface PatchBranches {
  readonly changed: number;
  readonly covered: number;
  /** Ascending by the line that is left; those of lines that no test ran are among them. */
  readonly uncovered: readonly Branch[];
  /** Of these, those that leave a line which a test ran: the others are told by their line. */
  readonly partial: readonly Branch[];
}

/** How much of a change its tests ran. */
export interface PatchCoverage {
  readonly changedStatements: number;
  readonly coveredStatements: number;
  /** 0 to 100; undefined where no statement changed. */
  readonly percent: number | undefined;
  /** Of all files; undefined where none has branches, or they are not known of one that has. */
  readonly branches?: { readonly changed: number; readonly covered: number } | undefined;
  /** Files with changed statements, in the diff's order. */
  readonly files: readonly PatchFile[];
  /** Unchanged lines that tests ran before and no longer do, by file; undefined where nothing is known of before. */
  readonly lost: readonly { readonly filePath: string; readonly lines: readonly LineRange[] }[] | undefined;
  /** Changed Python files that no coverage report mentions. */
  readonly unreported: readonly string[];
}

/** Statements that any of several runs of one commit ran. */
export interface CoveredTogether {
  readonly runs: number;
  readonly statements: number;
  readonly covered: number;
}

/** The coverage of a run's change, or why it is not known. */
export type Patch = (
  | {
      /** The commit that the change begins at. */
      readonly baseSha: string;
      readonly coverage: PatchCoverage;
      /** Whose reports are counted together: stored runs of the commit, this one among them where it has coverage. */
      readonly runs: number;
      /** This run has no coverage: what is told is of the commit's other runs. */
      readonly isOfOthers?: boolean | undefined;
      /** Changed files whose lines are not known: the clone is too shallow, and the server has no patch of what was tested. */
      readonly notComputed?: readonly string[] | undefined;
    }
  | { readonly problem: string }
) & {
  /** Of all files; undefined where there is one run, or they are too large to add up. */
  readonly together?: CoveredTogether | undefined;
};

/**
 * How a memory fits a failure. Known: `exact` (same test and failure signature), `moved` (same test and words), `cause` (same
 * words at the same place outside of the test). Only `similar`: looked like this before.
 */
export type Tier = 'exact' | 'moved' | 'cause' | 'similar';

/** What is shown of one entry of the team's knowledge base (`healix_memories`). */
export interface HealixMemory {
  readonly id: string;
  readonly rootCause: string | undefined;
  readonly solution: string;
  readonly solutionType: string | undefined;
  /** Code to show, never to run. */
  readonly autoFixCode: string | undefined;
  /** 0 to 1; undefined where nobody gave one. */
  readonly confidence: number | undefined;
  readonly successCount: number;
  readonly failureCount: number;
  readonly lastApplied: Date | undefined;
  /** Not used for long, or failed at least three times and at least as often as it worked. */
  readonly stale?: boolean;
  /** Breakages of its test that it was not told for; undefined where none is known. */
  readonly untaught?: UntaughtCounts | undefined;
  /** Nothing shows that its test is repaired more often with it than untaught. */
  readonly isNoBetterThanWaiting?: boolean | undefined;
}

/** How breakages of a test ended for which no memory was told. */
export interface UntaughtCounts {
  readonly recovered: number;
  /** Still red on three later commits. */
  readonly lasted: number;
}

export interface Match {
  readonly memory: HealixMemory;
  readonly tier: Tier;
}

/** A memory that may fit a failure, and what the two have in common. */
export interface MemoryCandidate {
  readonly memory: HealixMemory;
  readonly isSameTest: boolean;
  /** By the failure signature of the schema document, which knows no values. */
  readonly isSameFailure: boolean;
  /** By the words signature; undefined where the memory or the failure has none. */
  readonly hasSameWords: boolean | undefined;
}

/** `new`: this change. `flaky`: by chance. `pre-existing`: the base has it. `no-history`: nothing to compare with. */
export type Novelty = 'new' | 'flaky' | 'pre-existing' | 'no-history';

/** Why a failure has its class, as data. Shas are the base's unless said otherwise. */
export type Reason =
  /** No run to compare with at all. */
  | { readonly kind: 'no-run' }
  /** Nothing at the point tells whether its file was run there. */
  | { readonly kind: 'not-run-there' }
  | {
      readonly kind: 'jobs-differ';
      readonly sha: string;
      readonly passed: readonly string[];
      readonly failed: readonly string[];
    }
  /** Several steps of this job ran it: they need ids. */
  | { readonly kind: 'steps-differ' }
  /** The merge base is not known, and the base failed alike at `sha`. */
  | { readonly kind: 'maybe-base'; readonly sha: string }
  | { readonly kind: 'flaky'; readonly evidence: FlakyEvidence }
  | {
      readonly kind: 'red-there';
      readonly sha: string;
      /** The jobs that failed there, where they are not the run's own. */
      readonly jobs: readonly string[] | undefined;
      /** The base was repaired after the point: a rebase helps. */
      readonly repairedBy: string | undefined;
    }
  /** Green at the point, but since then the newest runs of other changes fail alike: this change is not the cause. */
  | {
      readonly kind: 'red-elsewhere';
      readonly sha: string;
      readonly branches: readonly string[];
    }
  | { readonly kind: 'green-there'; readonly sha: string; readonly jobs: readonly string[] | undefined }
  /** Green on the same commit without the uncommitted changes. */
  | { readonly kind: 'green-without-edits'; readonly sha: string; readonly files: number | undefined }
  | { readonly kind: 'other-error-there'; readonly sha: string; readonly errorType: string | undefined }
  /** @property sha the older commit that tells, where the point's runs left the file out */
  | { readonly kind: 'absent-there'; readonly sha?: string | undefined }
  | { readonly kind: 'skipped-there'; readonly sha: string };

/** What else holds of a failure. */
export interface Notes {
  /**
   * It failed and later passed on this commit of this change. That is said, and not that the change made it flaky: in simulated
   * histories five of six such tests were flaky or racing before.
   */
  readonly passedOnRerunOf: string | undefined;
  /** The test was flaky, and this change's row of failures is improbable at its rate. */
  readonly wasFlaky:
    | { readonly failures: number; readonly runs: number; readonly inARow: number }
    | undefined;
  /** Commits before the point on which it failed alike and alone, newest first; at most 3. */
  readonly redBefore: readonly string[];
}

export interface FlakyEvidence {
  /** `rerun`: failed and later passed on one commit. `lone`: failed alone in several changes. */
  readonly kind: 'rerun' | 'lone';
  /** The newest commit that shows it. */
  readonly sha: string;
  readonly branch: string | undefined;
  /** How often it failed, of how many runs, on the base within the evidence's days. */
  readonly failures: number;
  readonly runs: number;
}

/** A commit that may have broken the test. */
export interface Culprit {
  readonly sha: string;
  /** Share of the probability, 0 to 1; untested commits share that of the next tested one. */
  readonly weight: number;
}

export interface Since {
  /** undefined: no pass within the look-back. */
  readonly lastGreen: string | undefined;
  /** The first commit since then on which it failed like this. */
  readonly firstRed: string;
  readonly firstRedAt: number;
  /** Commits between both that were not tested; undefined where their order is not known. */
  readonly untested: readonly string[] | undefined;
  /** Between both it failed with another error, first on this commit. */
  readonly otherErrorSince: string | undefined;
  /** Failed attempts in a row, the first one of this error. */
  readonly inARow: number;
  /**
   * The smallest set of commits that holds the break with 99 %, likeliest first. undefined where a break is not more probable than
   * chance, where no earlier run passed, and where commits between are not known by name.
   */
  readonly culprits: readonly Culprit[] | undefined;
  /** The culprits come from a change point: the test failed like this before, and passed since. */
  readonly isEstimated: boolean;
}

/** What a green test that was red at the point means. */
export type Fixed =
  | {
      /** It was broken: the change repaired it. */
      readonly kind: 'fixed';
      readonly testName: string;
      readonly since: string;
      readonly sinceAt: number;
      /** A pass before that is known; else it may be red for longer. */
      readonly wasGreen: boolean;
    }
  /** It was red there by chance or not for long enough to tell, or other changes pass it as well. */
  | {
      readonly kind: 'green-here';
      readonly testName: string;
      readonly redAt: string;
      readonly passesElsewhere: boolean;
    };

export interface NotRun {
  readonly file: string;
  readonly tests: number;
  readonly why: 'not part of this run' | 'not collected';
}

export interface SlowerTest {
  readonly testName: string;
  /** Median of its green runs at the base. */
  readonly beforeSeconds: number;
  readonly afterSeconds: number;
}

export interface TestChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Functions whose parameters changed: their tests are neither added nor removed. */
  readonly parametersChanged: readonly string[];
  readonly newlySkipped: readonly string[];
  readonly notRun: readonly NotRun[];
  /** Greatest difference first. */
  readonly slower: readonly SlowerTest[];
}

/** How the place where the change begins was found. The last two are approximations, and said as such. */
export type PointSource =
  | 'merged-parent'
  | 'merge-group'
  | 'merge-base'
  | 'tag'
  | 'before-push'
  | 'first-parent'
  | 'head'
  | 'payload-base'
  | 'older-commit';

/** The commit that a run is compared with: the newest one, at or before the place where its change begins, that was tested. */
export interface ComparisonPoint {
  readonly sha: string;
  readonly source: PointSource;
  /** The change may begin elsewhere: its place is not known exactly. */
  readonly isApproximate: boolean;
  /** Commits after the point, up to where the change begins, without a run; undefined where not known. */
  readonly untested: readonly string[] | undefined;
}

/** What the team's stored runs tell about one failure of a run. */
export interface FailureHistory {
  readonly testName: string;
  /** Its place among the failures of its run, from 1, as they are stored. */
  readonly number?: number | undefined;
  /** Its name at the point, where it is another one. */
  readonly formerName?: string | undefined;
  readonly failureSignature: string | undefined;
  /** Failures of one run with the same one have one cause. Undefined for the test's own failure. */
  readonly causeKey?: CauseKey | undefined;
  readonly class: Novelty;
  readonly reason: Reason;
  readonly notes: Notes;
  /** The surest match: exact before moved before cause before similar. */
  readonly match: Match | undefined;
  /** The match is surer than `similar`. */
  readonly known: boolean;
  /** Of a pre-existing failure on the base, else up to this run; undefined where no run tells. */
  readonly since: Since | undefined;
  /** The commit that ended its last break; undefined unless a repair was seen that lasted. */
  readonly lastFixedBy: string | undefined;
  /** How its test did lately; undefined where nothing but this run tells. */
  readonly lately?: Lately | undefined;
}

/** The last runs of one test, oldest first, a letter each: `p` passed, `f` failed. */
export interface Lately {
  /** On the base at or before the point; at most 10. */
  readonly base: string;
  /** Of this change, this run among them; at most 6. */
  readonly change: string;
  /** Over all runs on the base that are told of, more than those letters. */
  readonly failures: number;
  readonly runs: number;
  /** Whole days since the first failure of the present row; undefined where not known. */
  readonly days: number | undefined;
}

/** A run compared with earlier runs. */
export interface RunHistory {
  /** One for each failed test or error of the run. */
  readonly failures: readonly FailureHistory[];
  /** undefined: the run names no commit and no branch, and there is no point. */
  readonly baseBranch: string | undefined;
  /** undefined: no earlier run to compare with. */
  readonly point: ComparisonPoint | undefined;
  /** Nearly all failed here, and not elsewhere on this commit. */
  readonly isInfrastructure: boolean;
  /** Tests that were red at the point and are green here. */
  readonly fixed: readonly Fixed[];
  /** undefined where there is no point, or this run is incomplete. */
  readonly changes: TestChanges | undefined;
  /** Test functions (`file::Class::function`) that had another name at the point. */
  readonly renamedFunctions?: readonly { readonly from: string; readonly to: string }[] | undefined;
  readonly coverage: CoverageChange | undefined;
  /** Of the run at the point that is of the same line and complete, as this one is; undefined where there is none. */
  readonly before?: TotalsBefore | undefined;
  /** undefined where nothing was asked, or there is nothing to ask. */
  readonly patch?: Patch | undefined;
}

/** Compared with the run of the same line at the point. */
export interface CoverageChange {
  /** 0 to 100, over all files. */
  readonly beforePercent: number;
  readonly afterPercent: number;
  /** Files of both runs whose percentage differs, greatest difference first; at most 20. */
  readonly moved: readonly CoverageMove[];
}

/** Counts of the run that another one is compared with. */
export interface TotalsBefore {
  readonly total: number;
  /** Failures and errors. */
  readonly failed: number;
  readonly skipped: number;
  readonly durationSeconds: number | undefined;
}

/** A file whose coverage differs between two runs, 0 to 100. */
export interface CoverageMove {
  readonly filePath: string;
  readonly beforePercent: number;
  readonly afterPercent: number;
}

/** Counts over all tests of a run. `errors` are outcome `error`; `skipped` includes `xfailed`, `passed` includes `xpassed`. */
export interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly errors: number;
  /** Sum of the suites' durations, in seconds. */
  readonly durationSeconds: number | undefined;
  /** Over the counts of all files, not a mean of percentages. */
  readonly coveragePercent: number | undefined;
}

/** The commit that the tests really ran on. */
export interface TestedCommit {
  readonly gitSha: string;
  /** undefined where git does not know the commit; empty for the first commit of all. */
  readonly parents: readonly string[] | undefined;
  /** The committer's time. */
  readonly committedAt: Date | undefined;
  /** Tracked files that differ from it in the checkout; undefined where git could not say. */
  readonly dirty: number | undefined;
}

/** `head`: a commit of a branch. `merge`: the merge of a change with its base, made for the test. */
export type RunKind = 'head' | 'merge';

/**
 * `team`: CI on the team's own commits. `stranger`: a fork's change, a run that a comment started, or one dispatched on somebody's
 * head. `local`: outside CI.
 */
export type RunOrigin = 'team' | 'stranger' | 'local';

/** Commits and a branch that the CI system names, for whoever chooses what a run is compared with. */
export interface NamedCommits {
  /** What the run was started for. */
  readonly event?: 'pull-request' | 'merge-group' | 'branch' | 'tag' | undefined;
  /** The head of the pull request that was tested. */
  readonly pullHead?: string | undefined;
  /** The base branch's commit as the pull request's event knew it, which may be hours old. */
  readonly pullBase?: string | undefined;
  /** The commit that a merge queue tests its group on. */
  readonly mergeGroupBase?: string | undefined;
  /** The branch's commit before the push. */
  readonly before?: string | undefined;
  /** The merge base with the base branch, as the system computed it. */
  readonly mergeBase?: string | undefined;
  readonly defaultBranch?: string | undefined;
}

/** The commit, CI job and versions that a run ran with. */
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
  /** The branch that the change will be merged into. */
  readonly baseBranch: string | undefined;
  /** `owner/name` on the CI's host; outside CI host and path of the remote, or what stands for them. */
  readonly repository: string | undefined;
  /** The host that the repository lies on, in lower case: `github.com`. undefined where nothing tells. */
  readonly repositoryHost?: string | undefined;
  /** pytest's rootdir relative to the repository's root, `.` where they are one. */
  readonly project?: string | undefined;
  /** undefined where the tests ran elsewhere on a commit that nobody names. */
  readonly tested?: TestedCommit | undefined;
  readonly kind?: RunKind | undefined;
  readonly origin?: RunOrigin | undefined;
  /** The report is older than the commit that it is stored for: no evidence. */
  readonly isStale?: boolean | undefined;
  /** The CI's own id of the workflow run, pipeline or build. */
  readonly workflowRunId: string | undefined;
  readonly runAttempt: number | undefined;
  readonly job: string | undefined;
  /** The job's name, the same in every run: workflow, job and matrix values, without numbers of the run. */
  readonly jobName: string | undefined;
  readonly pullRequest: number | undefined;
  /** GitHub: path of the workflow's file, which tells workflows of one name apart. */
  readonly workflow?: string | undefined;
  /** GitHub: the step's `id:`, or `__owner_repo` and `__owner_repo_2` for uses of one action without one. */
  readonly step?: string | undefined;
  /** GitHub's id of the job's check run: tells jobs of one attempt apart, whatever they are called. */
  readonly checkRunId?: number | undefined;
}

/** What a star of MATRIZ, or all together, says of a change. */
export type MatrizStatus = 'APPROVED' | 'CHANGES_REQUESTED' | 'BLOCKED';

/** A rule that a change breaks, as a star tells it. */
export interface MatrizViolation {
  readonly rule: string;
  /** As written, as a rule `file:line`. */
  readonly location: string | undefined;
  readonly severity: string | undefined;
}

export interface MatrizStar {
  readonly name: string;
  readonly status: MatrizStatus;
  /** 0 to 1. */
  readonly confidence: number;
  readonly violations: readonly MatrizViolation[];
}

/** A MATRIZ analysis, as its file has it. */
export interface MatrizAnalysis {
  /** In the file's order; at least one. */
  readonly stars: readonly MatrizStar[];
  /** 0 to 100; undefined where the file gives none. */
  readonly givenScore: number | undefined;
  readonly durationMs: number | undefined;
  readonly activeComponents: number | undefined;
}

/** What a MATRIZ analysis comes to. */
export interface MatrizReview {
  readonly status: MatrizStatus;
  /** 0 to 100. */
  readonly score: number;
  /** Blocked stars first, then those that ask for changes. */
  readonly stars: readonly MatrizStar[];
}

/** The MATRIZ analysis of a run; `missing`: none was given, the file cannot be used, or the team has turned it off. */
export type RunMatriz =
  | { readonly review: MatrizReview; readonly file: string; readonly missing?: undefined }
  | { readonly review?: undefined; readonly missing: 'not-given' | 'unusable' | 'turned-off' };

/** A problem that a person should know of, but that stopped nothing. `code` is stable and kebab-case. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** `error`: something that was asked for is missing from the run, and the exit code is 2 where nothing else decides it. */
  readonly severity?: 'error' | undefined;
}

/** `new`: stored now. `already`: stored by an earlier upload of the same key. `no`: not stored. */
export type Stored = 'new' | 'already' | 'no';

/** A run that is in the database. */
export interface SavedRun {
  readonly runId: string;
  readonly stored: 'new' | 'already';
  /** An earlier upload had stored the run without coverage, and this one added it. */
  readonly addedCoverage?: true;
  /** The team has turned MATRIZ off: the analysis was not stored. */
  readonly matrizIsOff?: true;
  readonly team: string;
  readonly createdAt: Date;
}

// Facts about stored runs: the store reads them, src/judge decides by them. Their times are milliseconds since 1970.

/** Counts of one run, for telling an outage from a break. */
export interface RunTotals {
  readonly tests: number;
  /** Outcomes `failed` and `error`. */
  readonly failed: number;
  /** Test files with at least one failed test. */
  readonly failedFiles: number;
}

/** One stored run (one row), of any job of the judged run's repository, project and lane. */
export interface StoredRun {
  readonly runId: string;
  /** Team, repository, project, lane, job and named step. */
  readonly lineId: string;
  readonly jobName: string | undefined;
  /** The commit people know. */
  readonly gitSha: string | undefined;
  /** The commit that was checked out; undefined where the run does not say. */
  readonly testedSha: string | undefined;
  /** Parents of the tested commit, the first parent first; undefined where not known. */
  readonly parents: readonly string[] | undefined;
  readonly kind: RunKind;
  readonly origin: RunOrigin;
  readonly branch: string | undefined;
  readonly pullRequest: number | undefined;
  /**
   * The CI's workflow run id and attempt, as one text. Uploads of one line with one execution are steps of one job. undefined
   * outside CI: each run is its own.
   */
  readonly execution: string | undefined;
  /** Place among the steps of its execution, ascending. */
  readonly ordinal: number;
  /** When it started. */
  readonly at: number;
  /** All tests that were asked for are in it: false after `-x`, a crash or a truncated report. */
  readonly isComplete: boolean;
  /** 0 to 100; undefined where no coverage is stored. */
  readonly coveragePercent?: number | undefined;
  /** The checkout differed from its commit. */
  readonly isDirty: boolean;
  /** The report is older than the run or commit that it was uploaded for: no evidence. */
  readonly isStale: boolean;
  readonly totals: RunTotals;
}

/** The outcome of one test in one run (one row). */
export interface TestRow {
  readonly testName: string;
  readonly runId: string;
  readonly outcome: Outcome;
  /** Attempts inside the run that failed before the one that the outcome tells of (a rerun plugin). */
  readonly failedAttempts?: number | undefined;
  /** The four below: of a failed test, and only where its text has them. */
  readonly driftSignature?: string | undefined;
  readonly wordsSignature?: string | undefined;
  readonly errorType?: string | undefined;
  readonly statement?: string | undefined;
}

/** Names of one test function (`file::Class::function`): the newest first, each the former name of the one before it. */
export type NameChain = readonly [string, ...string[]];

/** In which runs tests passed at once. A place and no id: hundreds of runs are looked up for each of thousands of tests. */
export interface Passes {
  /** The runs, by place. */
  readonly runIds: readonly string[];
  /**
   * Test name -> places of its runs, each once. Where a row says that it failed there, the row stands: tests that ran in the same
   * runs share one list, wherever they failed.
   */
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/** A test that the judged run or the point's run has, where they differ or its duration is asked for (one row). */
export interface TestPair {
  readonly testName: string;
  readonly testFile: string;
  /** Without the parameter part, with its class. */
  readonly testFunction: string;
  /** undefined: the run does not have it. */
  readonly here: Outcome | undefined;
  /** Not run here, though its function is in the source: deselected, not gone. */
  readonly isInSourceHere?: boolean | undefined;
  readonly there: Outcome | undefined;
  readonly secondsHere: number | undefined;
  /** Durations of its latest 10 green runs at the base. */
  readonly greenSeconds: readonly number[];
}

/** How an episode ended. `open`: it goes on. `nothing`: it says nothing of the memory. */
export type EpisodeEnd = 'worked' | 'failed' | 'nothing' | 'open';

/** How often a test failed, of how many runs, in the 30 days before it broke. */
export interface Earlier {
  readonly failures: number;
  readonly runs: number;
}

/** What a breakage adds to: the memory's counts, or those of its test untaught. */
export type Counted = 'worked' | 'failed' | 'recovered' | 'lasted';

/** One job's part of a breakage, as it was last decided. */
export interface KeptEpisode {
  /** The branch or pull request, as one text. */
  readonly change: string;
  readonly end: EpisodeEnd;
  readonly startedAt: number;
  /** When it was decided; of an open one its last failure. */
  readonly endedAt: number;
  readonly endedSha: string | undefined;
  readonly earlier: Earlier;
}

/** A row of healix_matches: one a memory and run in which it was told, or in which its test failed and it was not. */
export interface MemoryMatch {
  readonly memoryId: string;
  readonly runId: string;
  /** The run's time. */
  readonly at: number;
  readonly testName: string;
  /** The memory was told for the failure. */
  readonly isShown: boolean;
  /** At the first of the rows of one job's breakage. */
  readonly episode: KeptEpisode | undefined;
  readonly counted: Counted | undefined;
  /** It was told, and the breakage was repaired. */
  readonly isHealed: boolean;
}

/** What is added to a memory's counts; below 0 where something is taken back. */
export interface MemoryChange {
  readonly memoryId: string;
  readonly worked: number;
  readonly failed: number;
  readonly recovered: number;
  readonly lasted: number;
  /** When it last worked. */
  readonly workedAt: number | undefined;
}

/** A stored run as a list shows it. */
export interface RunFigures {
  readonly runId: string;
  readonly gitSha: string | undefined;
  readonly branch: string | undefined;
  readonly jobName: string | undefined;
  readonly lane: string | undefined;
  readonly ciSystem: string | undefined;
  readonly pullRequest: number | undefined;
  readonly workflowRunId: string | undefined;
  readonly isIncomplete: boolean;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly seconds: number | undefined;
  /** 0 to 100. */
  readonly coveragePercent: number | undefined;
  /** The commit message's first line, at most 200 characters. */
  readonly message: string | undefined;
}

/** A failure's words as they are stored. */
export interface NumberedFailure {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: 'failed' | 'error';
  /** Its place among the failures of its run, from 1. */
  readonly number: number;
  readonly failureSignature: string | undefined;
  readonly errorType: string | undefined;
  readonly message: string | undefined;
  readonly traceback: string | undefined;
}

/** One file's coverage in one run. */
export interface FileLines {
  readonly filePath: string;
  readonly percent: number;
  readonly statements: number;
  readonly covered: number;
  readonly branches: number;
  readonly coveredBranches: number;
  /** 1-based, in any order. */
  readonly coveredLines: readonly number[];
  readonly missingLines: readonly number[];
}
