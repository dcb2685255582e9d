// What the page is made from: facts and verdicts, nothing worded. Times are Dates, durations seconds, percentages 0 to 100.
import type {
  FailureExcerpt,
  FailureHistory,
  FileLines,
  FlakyEvidence,
  HealixMemory,
  NumberedFailure,
  RunFigures,
  RunHistory,
} from '../../model.ts';
import type { Grid } from './grid.ts';

export interface PageFacts {
  readonly madeAt: Date;
  readonly team: string;
  readonly isEmbedded: boolean;
  /** Without its host; undefined: the runs name none. */
  readonly repository: string | undefined;
  readonly host: string | undefined;
  /** Other repositories of the team, which are not on the page. */
  readonly others: readonly { readonly name: string | undefined; readonly runs: number }[];
  readonly window: { readonly days: number; readonly most: number; readonly total: number };
  /** Oldest first. */
  readonly runs: readonly RunFact[];
  readonly grid: Grid;
  readonly projects: readonly (string | undefined)[];
  readonly standings: readonly StandingFact[];
  /** Lanes and projects that were not judged, since there are too many. */
  readonly unjudged: number;
  /** Red runs whose failures are shown: the base's first, then other branches', the newest first. */
  readonly red: readonly RedRun[];
  /** Red runs that are not. */
  readonly redLeftOut: number;
  readonly flaky: readonly FlakyFact[];
  /** Tests that failed lately and were not asked about. */
  readonly flakyLeftOut: number;
  readonly coverage: CoverageFact | undefined;
  readonly memories: readonly MemoryFact[];
  readonly memoriesTotal: number;
  /** Nothing of them is shown. */
  readonly hidesSolutions: boolean;
  /** The analysis as the JSON that is stored. */
  readonly matriz: { readonly run: number; readonly json: string } | undefined;
}

/** Why a run is no evidence. */
export type NotCounted = 'stranger' | 'stale' | 'dirty' | 'outage' | 'local';

export interface RunFact extends RunFigures {
  readonly at: Date;
  /** Place among the projects. */
  readonly project: number;
  /** undefined: it counts. */
  readonly notCounted: NotCounted | undefined;
  readonly isBase: boolean;
}

/** How the base branch of one project and lane stands. */
export interface StandingFact {
  readonly project: string | undefined;
  readonly lane: string | undefined;
  readonly baseBranch: string | undefined;
  /** The base's newest commit that was tested by a run that counts; undefined: there is none. */
  readonly sha: string | undefined;
  /** Tests that failed when the base ran them last: later runs of the commit left them out, later commits their files. */
  readonly notRunSince: number;
  /** The last run of each job and step on the base. */
  readonly jobs: readonly {
    readonly jobName: string | undefined;
    readonly runId: string;
    readonly at: Date;
    readonly sha: string;
    readonly behind: number;
    readonly tests: number;
    readonly failures: number;
    readonly isIncomplete: boolean;
  }[];
}

export interface RedRun {
  /** Place among the runs; undefined: it is older than they are. */
  readonly run: number | undefined;
  readonly runId: string;
  readonly at: Date;
  readonly jobName: string | undefined;
  readonly branch: string | undefined;
  readonly project: string | undefined;
  readonly isBase: boolean;
  readonly gitSha: string | undefined;
  readonly history: Pick<RunHistory, 'baseBranch' | 'point' | 'isInfrastructure'>;
  readonly failures: readonly RedFailure[];
  /** With those that are not shown. */
  readonly total: number;
}

export interface RedFailure extends NumberedFailure {
  readonly line: number | undefined;
  /** What a person reads first of the traceback; undefined where it says no more than the message. */
  readonly excerpt: FailureExcerpt | undefined;
  readonly isFromWindows: boolean;
  /** undefined: the judge said nothing of it. */
  readonly verdict: FailureHistory | undefined;
}

export interface FlakyFact {
  readonly testName: string;
  readonly project: string | undefined;
  readonly baseBranch: string | undefined;
  readonly evidence: FlakyEvidence;
}

export interface CoverageFact {
  /** Place among the runs. */
  readonly run: number;
  readonly total: number;
  readonly files: readonly FileLines[];
}

export interface MemoryFact extends HealixMemory {
  readonly testName: string;
  readonly probableCause: string | undefined;
  readonly errorType: string | undefined;
  readonly matrizStar: string | undefined;
}
