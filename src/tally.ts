// Counts results as they stream by, and keeps what the summary shows, in bounded memory.
import type {
  CapturedOutput,
  CauseKey,
  CoverageFile,
  Failure,
  FailureExcerpt,
  FailureSignature,
  Outcome,
  SignedResult,
  Totals,
} from './model.ts';
import { owned } from './read/owned.ts';
import { excerptOf } from './read/report/excerpt.ts';
import { nameReports, type ReportCounts, type SeveralReports } from './report-counts.ts';

/** What a person is shown of a failure. */
export interface ShownFailure {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: Outcome;
  readonly line: number | undefined;
  readonly errorType: string | undefined;
  /** First line of the message that says something, at most 300 characters. */
  readonly message: string | undefined;
  readonly failureSignature: string | undefined;
  /** See SignedResult. */
  readonly causeKey?: CauseKey | undefined;
  /** The exception that it was raised from: its words belong to the place in the key. */
  readonly raisedFrom?:
    | { readonly errorType: string | undefined; readonly message: string | undefined }
    | undefined;
  readonly isFromWindows?: boolean | undefined;
  /** How often pytest ran it, where the report shows it. */
  readonly attempts?: number | undefined;
  /** What its traceback shows; of the first failures only. */
  readonly excerpt?: FailureExcerpt | undefined;
  /** The end of what it printed, where that was asked for; of the first failures only. */
  readonly captured?: readonly CapturedOutput[] | undefined;
}

/** A test that passed and that pytest ran more than once: a rerun after a failure, as a rule. */
export interface Rerun {
  readonly testName: string;
  readonly attempts: number;
}

export interface SlowTest {
  readonly testName: string;
  readonly durationSeconds: number;
}

/** At most so many failures are shown; all are counted and stored. */
const mostFailures = 1000;
/** Of so many the traceback's excerpt is kept. */
const mostExcerpts = 300;
const mostSlow = 10;
const mostReruns = 10;
/** Reports are counted one by one up to this number, and those beyond together. */
const mostCounted = 1000;
/** So many are named. */
const mostReports = 100;
/** Different names are counted up to this number. */
const mostNames = 50_000;
/** Different signatures are counted up to this number. */
const mostSignatures = 100_000;

export interface Tally {
  add(results: readonly SignedResult[]): void;
  readonly count: number;
  readonly xfailed: number;
  readonly failures: readonly ShownFailure[];
  /** One of its failures comes from Windows. */
  readonly isFromWindows: boolean;
  /** Number of different failure signatures. */
  readonly signatures: number;
  /** Tests that passed with more than one attempt, and the first ten of them. */
  readonly reruns: { readonly count: number; readonly first: readonly Rerun[] };
  /** Slowest first. */
  readonly slowest: readonly SlowTest[];
  /** undefined where tests of one report alone were read. `incomplete`: names of reports of which tests, or all, could not be read. */
  reports(incomplete: ReadonlySet<string>): SeveralReports | undefined;
  totals(durationSeconds: number | undefined, coveragePercent: number | undefined): Totals;
}

export function startTally(): Tally {
  const counts: Record<Outcome, number> = {
    passed: 0,
    failed: 0,
    skipped: 0,
    error: 0,
    xfailed: 0,
    xpassed: 0,
  };
  const failures: ShownFailure[] = [];
  const signatures = countDistinct(mostSignatures);
  let slowest: SlowTest[] = [];
  let count = 0;
  const reruns: { count: number; first: Rerun[] } = { count: 0, first: [] };
  let summed: number | undefined;
  const reports = new Map<string, Count>();
  const leftOut = new Set<string>();
  let together: Count | undefined;
  const names = new Set<string>();
  /** Of the slowest tests. */
  let least = 0;
  const addSlow = (testName: string, durationSeconds: number) => {
    slowest.push({ testName: owned(testName), durationSeconds });
    slowest.sort((a, b) => b.durationSeconds - a.durationSeconds);
    slowest = slowest.slice(0, mostSlow);
    least = slowest.at(-1)?.durationSeconds ?? 0;
  };
  const countReport = ({ report, testName, outcome }: SignedResult) => {
    if (report === undefined) return;
    if (names.size <= mostNames) names.add(owned(testName));
    countIn(report)[columns[outcome]]++;
  };
  const countIn = (report: string): Count => {
    const known = reports.get(report);
    if (known !== undefined) return known;
    const one = { passed: 0, failed: 0, skipped: 0, incomplete: false };
    if (reports.size < mostCounted) {
      reports.set(report, one);
      return one;
    }
    if (leftOut.size < mostNames) leftOut.add(report);
    together ??= one;
    return together;
  };
  // A function of its own: V8 would compile what few tests need into a loop over all of them.
  const addOne = (result: SignedResult) => {
    count++;
    counts[result.outcome]++;
    countReport(result);
    const { attempts = 1 } = result;
    if (attempts > 1 && result.outcome === 'passed' && ++reruns.count <= mostReruns)
      reruns.first.push({ testName: owned(result.testName), attempts });
    const signature = result.failureSignature;
    if (signature !== undefined) signatures.add(signature);
    if (result.failure !== undefined && failures.length < mostFailures)
      failures.push(showFailure(result, failures.length < mostExcerpts));
    const seconds = result.durationSeconds;
    if (seconds === undefined) return;
    summed = (summed ?? 0) + seconds;
    if (slowest.length < mostSlow || seconds > least) addSlow(result.testName, seconds);
  };
  return {
    add(results) {
      results.forEach(addOne);
    },
    get count() {
      return count;
    },
    get xfailed() {
      return counts.xfailed;
    },
    failures,
    get isFromWindows() {
      return failures.some((failure) => failure.isFromWindows);
    },
    reruns,
    get signatures() {
      return signatures.count;
    },
    get slowest() {
      return slowest;
    },
    reports(incomplete) {
      if (reports.size < 2) return undefined;
      for (const report of incomplete) countIn(report).incomplete = true;
      const counted = {
        counts: [...reports].map(([report, one]) => ({ report, ...one })),
        rest: together && { reports: leftOut.size, ...together },
        tests: names.size > mostNames ? undefined : names.size,
      };
      return nameReports(counted, mostReports);
    },
    totals: (durationSeconds, coveragePercent) => ({
      total: count,
      passed: counts.passed + counts.xpassed,
      failed: counts.failed,
      skipped: counts.skipped + counts.xfailed,
      errors: counts.error,
      durationSeconds: durationSeconds ?? summed,
      coveragePercent,
    }),
  };
}

/**
 * Counts different signatures up to `most` by 64 bits of each, which are the same in two of 100,000 once in billions of runs: kept as
 * texts they would take ten times the memory.
 */
function countDistinct(most: number): { readonly count: number; add(signature: FailureSignature): void } {
  // Pairs of numbers; 0 and 0 is free.
  let table = new Uint32Array(2 * 1024);
  let count = 0;
  const place = (high: number, low: number): number => {
    const mask = table.length / 2 - 1;
    let slot = low & mask;
    while (table[2 * slot] !== 0 || table[2 * slot + 1] !== 0) {
      if (table[2 * slot] === high && table[2 * slot + 1] === low) return -1;
      slot = (slot + 1) & mask;
    }
    return slot;
  };
  const put = (high: number, low: number): boolean => {
    const slot = place(high, low);
    if (slot >= 0) table.set([high, low], 2 * slot);
    return slot >= 0;
  };
  return {
    get count() {
      return count;
    },
    add(signature) {
      if (count >= most) return;
      const digits = signature.slice(4);
      if (put(Number.parseInt(digits.slice(0, 8), 16), Number.parseInt(digits.slice(8, 16), 16))) count++;
      if (4 * count <= table.length) return;
      const before = table;
      table = new Uint32Array(2 * before.length);
      for (let i = 0; i < before.length; i += 2)
        if (before[i] !== 0 || before[i + 1] !== 0) put(before[i] ?? 0, before[i + 1] ?? 0);
    },
  };
}

type Count = { -readonly [K in keyof Omit<ReportCounts, 'report'>]: ReportCounts[K] };

const columns: Readonly<Record<Outcome, 'passed' | 'failed' | 'skipped'>> = {
  passed: 'passed',
  xpassed: 'passed',
  failed: 'failed',
  error: 'failed',
  skipped: 'skipped',
  xfailed: 'skipped',
};

export function showFailure(
  result: Pick<SignedResult, 'testName' | 'testFile' | 'outcome' | 'failure' | 'attempts'> & {
    readonly failureSignature: string | undefined;
    readonly causeKey?: CauseKey | undefined;
  },
  withExcerpt = true,
): ShownFailure {
  const { failure } = result;
  const message = shownMessage(failure?.message);
  const cause = failure?.raisedFrom;
  const readExcerpt =
    withExcerpt && failure !== undefined ? laterExcerpt(failure, result.testFile) : noExcerpt;
  return {
    testName: owned(result.testName),
    testFile: kept(result.testFile),
    outcome: result.outcome,
    line: result.failure?.line,
    errorType: kept(result.failure?.errorType),
    message: kept(message),
    failureSignature: result.failureSignature,
    causeKey: result.causeKey,
    ...(cause === undefined
      ? {}
      : { raisedFrom: { errorType: kept(cause.errorType), message: kept(shownMessage(cause.message)) } }),
    isFromWindows: result.failure?.isFromWindows,
    attempts: result.attempts,
    get excerpt() {
      return readExcerpt();
    },
    captured: withExcerpt ? result.failure?.captured : undefined,
  };
}

const noExcerpt = () => undefined;

/** Longer texts are not kept; in characters. */
const longestKept = 20_000;

/** Reads the excerpt when it is first asked for: few of them are shown, and none by `--quiet`. */
function laterExcerpt(failure: Failure, testFile: string | undefined): () => FailureExcerpt | undefined {
  const { traceback = '', message = '' } = failure;
  let excerpt: FailureExcerpt | undefined;
  if (traceback.length + message.length > longestKept) {
    excerpt = keptExcerpt(failure, testFile);
    return () => excerpt;
  }
  let kept: Pick<Failure, 'traceback' | 'message'> | undefined = {
    traceback: owned(traceback),
    message: failure.message && owned(message),
  };
  const file = testFile && owned(testFile);
  return () => {
    if (kept !== undefined) excerpt = keptExcerpt(kept, file);
    kept = undefined;
    return excerpt;
  };
}

function keptExcerpt(
  { traceback = '', message }: Pick<Failure, 'traceback' | 'message'>,
  testFile: string | undefined,
): FailureExcerpt | undefined {
  const excerpt = excerptOf({ text: traceback, message, testFile });
  return (
    excerpt && {
      ...excerpt,
      exceptions: excerpt.exceptions.map((one) => ({
        ...one,
        source: one.source.map(owned),
        error: one.error.map(owned),
        frames: one.frames.map((frame) => ({
          ...frame,
          path: owned(frame.path),
          statement: kept(frame.statement),
        })),
      })),
    }
  );
}

function shownMessage(message: string | undefined): string | undefined {
  return leadingWords(message)
    ?.slice(0, 300)
    .replace(/[\ud800-\udbff]$/, '');
}

/** The message's first line, and the next one where the first is only the exception's name, as numpy writes it. */
function leadingWords(message: string | undefined): string | undefined {
  const lines = message?.trim().split('\n', 20) ?? [];
  const [first, next] = lines.map((line) => line.trim()).filter((line) => line !== '');
  return first?.endsWith(':') && next !== undefined ? `${first} ${next}` : first;
}

function kept(text: string | undefined): string | undefined {
  return text === undefined ? undefined : owned(text);
}

/** The files with the lowest coverage, lowest first; without those fully covered. */
export function leastCovered(files: readonly CoverageFile[], most: number): CoverageFile[] {
  return files
    .filter((file) => file.coveragePercent < 100)
    .toSorted((a, b) => a.coveragePercent - b.coveragePercent || b.missingStatements - a.missingStatements)
    .slice(0, most);
}
