// What the page carries: the form that its own program reads. Times are milliseconds since 1970, durations seconds; what is absent
// is left out. All texts are shown as texts.

export interface PageData {
  readonly madeAt: number;
  readonly program: string;
  readonly team: string;
  readonly repository?: string | undefined;
  readonly baseBranch?: string | undefined;
  readonly days: number;
  /** Runs in the window, also those that are not on the page. */
  readonly total: number;
  readonly links?: PageLinks | undefined;
  /** What the page does not show, in sentences. */
  readonly leftOut: readonly string[];
  readonly projects: readonly (string | null)[];
  /** Oldest first. */
  readonly runs: readonly PageRunData[];
  readonly tests: PageTests;
  readonly standings: readonly PageStanding[];
  readonly failures: readonly PageFailureData[];
  readonly flaky: readonly PageFlaky[];
  readonly coverage?: PageCoverageData | undefined;
  /** undefined: they are not to be shown. */
  readonly memories?: readonly PageMemory[] | undefined;
  readonly matriz?: PageMatriz | undefined;
  readonly commands: { readonly first: string };
}

/** Beginnings of addresses on the forge. What is put behind them is a commit, a path or a number. */
export interface PageLinks {
  readonly commit: string;
  /** `{sha}` and `{path}` in it. */
  readonly file: string;
  /** `{line}` in it. */
  readonly line: string;
  readonly run?: string | undefined;
  readonly pull?: string | undefined;
}

export interface PageRunData {
  readonly id: string;
  readonly at: number;
  readonly sha?: string | undefined;
  readonly branch?: string | undefined;
  readonly job?: string | undefined;
  readonly lane?: string | undefined;
  readonly project: number;
  readonly pull?: number | undefined;
  /** The CI's number of the workflow run, where it is a number. */
  readonly ci?: string | undefined;
  readonly base?: 1 | undefined;
  readonly incomplete?: 1 | undefined;
  /** Why it is no evidence. */
  readonly not?: string | undefined;
  readonly stranger?: 1 | undefined;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly seconds?: number | undefined;
  readonly coverage?: number | undefined;
  readonly message?: string | undefined;
}

/** By column, in the order in which the grid shows them first. */
export interface PageTests {
  readonly names: readonly string[];
  /** Names that begin as the one before: how many characters they share with it. */
  readonly shared: readonly number[];
  readonly projects: readonly number[];
  /** 2: fails now on the base; 1: flaky; 0: neither. */
  readonly marks: readonly number[];
  /** Mean and longest duration in milliseconds, and in how many runs. */
  readonly mean: readonly number[];
  readonly slowest: readonly number[];
  readonly timed: readonly number[];
  /** Of the slowest tests alone: their place, and the mean in milliseconds for each tenth of the time. */
  readonly trends: readonly (readonly [test: number, means: readonly number[]])[];
}

export interface PageStanding {
  readonly name: string;
  readonly baseBranch?: string | undefined;
  readonly sha?: string | undefined;
  /** As StandingFact.notRunSince. */
  readonly notRun?: number | undefined;
  readonly jobs: readonly {
    readonly job: string;
    readonly at: number;
    readonly sha: string;
    readonly behind: number;
    readonly tests: number;
    readonly failures: number;
    readonly incomplete?: 1 | undefined;
    readonly run?: number | undefined;
  }[];
}

export interface PageFailureData {
  readonly test: string;
  readonly place?: number | undefined;
  readonly base: boolean;
  readonly branch?: string | undefined;
  readonly sha?: string | undefined;
  readonly at: number;
  readonly jobs: readonly { readonly job: string; readonly run?: number | undefined }[];
  readonly outcome: string;
  readonly class?: string | undefined;
  readonly known: boolean;
  /** The evidence in a sentence. */
  readonly evidence: string;
  readonly since?:
    | {
        readonly sha: string;
        readonly at: number;
        /** Nothing tells that it was green before. */
        readonly orEarlier: boolean;
      }
    | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly errorType?: string | undefined;
  readonly message?: string | undefined;
  readonly traceback?: string | undefined;
  /** What of it is read first; of a chain the newest exception last. */
  readonly excerpt?: PageExcerpt | undefined;
  readonly memory?: PageMemory | undefined;
  /** How the memory fits. */
  readonly tier?: string | undefined;
  readonly rerun?: string | undefined;
  /** Why there is no command. */
  readonly noRerun?: string | undefined;
  readonly teach?: string | undefined;
}

export interface PageExcerpt {
  /** Older exceptions that are not here. */
  readonly older: number;
  readonly exceptions: readonly {
    /** Failing lines begin with `>`. */
    readonly source: readonly string[];
    /** The exception's own words, as a diff has them. */
    readonly error: readonly string[];
    /** What was cut off: `20 more lines`. */
    readonly more: string;
    readonly frames: readonly {
      /** From the repository's root, where it lies in it. */
      readonly path: string;
      readonly line: number;
      readonly times: number;
      readonly statement?: string | undefined;
    }[];
    /** `3 frames of libraries` */
    readonly others: string;
  }[];
}

export interface PageFlaky {
  readonly test: string;
  readonly place?: number | undefined;
  readonly evidence: string;
  readonly failures: number;
  readonly runs: number;
}

export interface PageCoverageData {
  readonly run: number;
  readonly files: readonly {
    readonly path: string;
    readonly percent: number;
    readonly statements: number;
    readonly covered: number;
    readonly branches: number;
    readonly coveredBranches: number;
    /** Ranges of lines: `1-4,7`. */
    readonly lines?: string | undefined;
    readonly missing?: string | undefined;
  }[];
}

export interface PageMemory {
  readonly id: string;
  readonly test: string;
  readonly cause?: string | undefined;
  readonly solution: string;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  /** 0 to 1. */
  readonly confidence?: number | undefined;
  readonly worked: number;
  readonly failed: number;
  readonly applied?: number | undefined;
  readonly remarks: readonly string[];
  readonly star?: string | undefined;
}

export interface PageMatriz {
  readonly run: number;
  readonly stars: readonly {
    readonly name: string;
    readonly status?: string | undefined;
    /** 0 to 1. */
    readonly confidence?: number | undefined;
    /** What it objects to, and where. */
    readonly violations: readonly string[];
  }[];
}
