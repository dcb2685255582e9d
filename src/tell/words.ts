// Words and numbers that every surface writes alike. Pure; data in them is escaped by the surface.
import type { CapturedOutput, CauseKey, FailureExcerpt, HealixMemory, Tier, Warning } from '../model.ts';
import type { SeveralReports } from '../report-counts.ts';

/** What is told of a failure. */
export interface ToldFailure {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: string;
  readonly line: number | undefined;
  readonly errorType: string | undefined;
  readonly message: string | undefined;
  readonly failureSignature?: string | undefined;
  readonly causeKey?: CauseKey | undefined;
  /** The exception that it was raised from. */
  readonly raisedFrom?:
    | { readonly errorType: string | undefined; readonly message: string | undefined }
    | undefined;
  /** How often pytest ran it, where the report shows it. */
  readonly attempts?: number | undefined;
  /** What its traceback shows. */
  readonly excerpt?: FailureExcerpt | undefined;
  /** The end of what it printed, where that was asked for. */
  readonly captured?: readonly CapturedOutput[] | undefined;
}

/** `failed on setup with "WORDS"`, where a place may stand before `with` and long words are cut off: the words and ` in setup`. */
export function phaseApart(message: string): { readonly words: string; readonly phase: string } {
  const [, phase, words] =
    /^failed on (setup|teardown)(?: at [^"\n]+:\d+)? with "([\s\S]*)$/.exec(message) ?? [];
  return words === undefined
    ? { words: message, phase: '' }
    : { words: words.replace(/"$/, ''), phase: ` in ${phase}` };
}

/** Finds the history of a failure of the report. */
export function failureKey(failure: {
  readonly testName: string;
  readonly failureSignature?: string | undefined;
}): string {
  return `${failure.testName}\n${failure.failureSignature ?? ''}`;
}

/** How a memory fits a failure. */
export const tierNames: Readonly<Record<Tier, string>> = {
  exact: 'Known failure',
  moved: 'Known failure, moved',
  cause: 'Known cause',
  similar: 'Looked like this before',
};

/** That a memory does no better than leaving its test alone, with what shows it; empty where that is not so. */
export function noBetterThanWaiting({
  isNoBetterThanWaiting,
  untaught,
}: Pick<HealixMemory, 'isNoBetterThanWaiting' | 'untaught'>): string[] {
  if (isNoBetterThanWaiting !== true || untaught === undefined) return [];
  const of = untaught.recovered + untaught.lasted;
  return [`no better than waiting: untaught repaired ${untaught.recovered} of ${of} times`];
}

/** Longer ones come from a report that is wrong; in hours. */
const longestHours = 100_000;

export function duration(seconds: number): string {
  if (!(seconds < longestHours * 3600)) return `over ${number(longestHours)} h`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** coverage.py's rule: 0 and 100 only when they are exact. */
export function percent(value: number): string {
  const text = value.toFixed(1);
  if (text === '100.0' && value < 100) return '99.9 %';
  if (text === '0.0' && value > 0) return '0.1 %';
  return `${text.replace(/\.0$/, '')} %`;
}

/** In percentage points with a sign: `+0.6`. */
export function coverageDifference({
  beforePercent,
  afterPercent,
}: {
  readonly beforePercent: number;
  readonly afterPercent: number;
}): string {
  const points = afterPercent - beforePercent;
  const size = Math.abs(points);
  if (size < 0.005) return '±0';
  return `${points < 0 ? '−' : '+'}${size < 0.1 ? size.toFixed(2) : size.toFixed(1)}`;
}

/** ` (+2)`, ` (−1)`; empty where nothing moved, or what it was before is not known. */
export function difference(now: number, before: number | undefined): string {
  if (before === undefined || now === before) return '';
  return ` (${now < before ? '−' : '+'}${number(Math.abs(now - before))})`;
}

/** ` (−0.31 s)`; empty below a twentieth of a second. */
export function durationDifference(seconds: number, before: number | undefined): string {
  if (before === undefined || Math.abs(seconds - before) < 0.05) return '';
  return ` (${seconds < before ? '−' : '+'}${duration(Math.abs(seconds - before))})`;
}

export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** undefined where each is run once, 0 where there are too many to count. */
export function testsOf({ tests }: SeveralReports, total: number): number | undefined {
  return tests === total ? undefined : (tests ?? 0);
}

/** `6 runs of 2 tests`, `120,000 test runs` where there are too many tests to count. See testsOf. */
export function runsOfTests(runs: number, tests: number): string {
  return tests === 0 ? count(runs, 'test run') : `${count(runs, 'run')} of ${count(tests, 'test')}`;
}

/** `2 skipped`, `1 xfailed`, each where there are any; `skipped` counts both. */
export function skippedWords(skipped: number, xfailed: number): string[] {
  return [
    ...(skipped > xfailed ? [`${number(skipped - xfailed)} skipped`] : []),
    ...(xfailed > 0 ? [`${number(xfailed)} xfailed`] : []),
  ];
}

/** What a table's column of skipped tests is called, which counts those that were expected to fail, too. */
export function skippedColumn(hasXfailed: boolean): string {
  return hasXfailed ? 'Skipped or xfailed' : 'Skipped';
}

/** `both jobs`, `all 3 jobs` */
export function allJobs(jobs: number): string {
  return jobs === 2 ? 'both jobs' : `all ${jobs} jobs`;
}

/** `12,345`. Not by toLocaleString, which takes 20 ms to load its tables. */
export function number(n: number): string {
  return String(n).replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',');
}

/** A warning's words behind its place. */
export function placed({ file, line, column, message }: Warning): string {
  const parts = [file, line, column].filter((part) => part !== undefined);
  return parts.length === 0 ? message : `${parts.join(':')}: ${message}`;
}
