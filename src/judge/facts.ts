// What the judge is given: plain rows, as SQL, git and the CI's payload give them. Nothing here is a decision. Times are
// milliseconds since 1970, durations seconds, shas whole 40 digits. An absent value is `undefined`.
import type { Passes, StoredRun, TestPair, TestRow } from '../model.ts';

/** What is known of a commit's place in the history. One row a commit; commits without a row are ordered by their first run. */
export interface CommitPlace {
  readonly sha: string;
  /** Position in the base branch's first-parent order, ascending with time; undefined off that order or where not known. */
  readonly position: number | undefined;
  /** Committer date. */
  readonly committedAt: number | undefined;
}

/** What the CI's payload and git say about where the judged run's change begins. */
export interface ChangeFacts {
  readonly event: 'pull-request' | 'merge-group' | 'branch' | 'tag';
  readonly baseBranch: string | undefined;
  readonly isOnBaseBranch: boolean;
  /** Head of the pull request. */
  readonly pullRequestHead?: string | undefined;
  /** `base.sha` of the payload: a snapshot that can be hours old. */
  readonly payloadBase?: string | undefined;
  /** `merge_group.base_sha`. */
  readonly mergeGroupBase?: string | undefined;
  /** Merge base of the tested commit with the base branch. */
  readonly mergeBase?: string | undefined;
  /** The base branch's tip before the push. */
  readonly before?: string | undefined;
  /** How many files of the checkout differ from the commit. */
  readonly uncommittedFiles?: number | undefined;
}

/** The first statement's answer: enough to choose the point. */
export interface RunFacts {
  readonly run: StoredRun;
  readonly change: ChangeFacts;
  /** Other runs within 90 days, of at most 50 commits of the base, and of other branches; the judged run is not among them. */
  readonly runs: readonly StoredRun[];
  readonly commits: readonly CommitPlace[];
}

/** What is known of a test file at the point. */
export interface FileAtPoint {
  readonly file: string;
  /** In the tree of the point's commit; undefined where git cannot say. */
  readonly isInTree: boolean | undefined;
  /** A counting run at the point ran or collected any test of it. */
  readonly ran: boolean;
}

/** The second statement's answer, for the point that was chosen. */
export interface TestFacts {
  /**
   * Rows of the judged run's failed tests, and of the tests that failed at the point: of the judged run itself and of every
   * run of `RunFacts.runs` that has the test. Any order.
   */
  readonly rows: readonly TestRow[];
  /** Beside them; a row stands before what is said here of its run. Tests that share a list and failed in no run are judged once. */
  readonly passes?: Passes | undefined;
  /** The failed tests of the judged run with their file. */
  readonly failures: readonly { readonly testName: string; readonly testFile: string | undefined }[];
  /** One row for each file of `failures`. */
  readonly files: readonly FileAtPoint[];
  /** Test files of the judged run, and how many of them a run at the point ran. */
  readonly filesHere: number;
  readonly filesAlsoAtPoint: number;
  /**
   * What older commits of the base ran, the newest first. Read only where the point's runs left out the file of a test without a
   * past, as partial runs do.
   */
  readonly olderFiles?: readonly FilesAtCommit[] | undefined;
}

/** Test files that the counting runs of one commit ran or collected. */
export interface FilesAtCommit {
  readonly sha: string;
  /** Those of the files of `TestFacts.failures` that were run. */
  readonly ran: ReadonlySet<string>;
  /** Those of the same files that the commit's tree has; undefined where git cannot say. */
  readonly inTree: ReadonlySet<string> | undefined;
  /** How many of all files of the judged run were run. */
  readonly filesAlso: number;
}

/** A test file that one of both runs has (one row). */
export interface FilePair {
  readonly file: string;
  readonly testsHere: number;
  readonly testsThere: number;
  /** In the tree of the judged run's commit, and of the point's; undefined where git cannot say. */
  readonly isInTreeHere: boolean | undefined;
  readonly isInTreeThere: boolean | undefined;
  /** Its collection failed in the judged run. */
  readonly collectionFailed: boolean;
}

/** The third statement's answer: the judged run beside the runs of its line at the point. */
export interface ChangesFacts {
  readonly tests: readonly TestPair[];
  readonly files: readonly FilePair[];
  /** Renames that were found: whole test names before and now. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** The same without parameters: `file::Class::function`. */
  readonly renamedFunctions?: readonly { readonly from: string; readonly to: string }[] | undefined;
}
