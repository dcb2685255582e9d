// The past of one test: which of its rows count, in which order, and how it stood at the point.
import type { StoredRun, TestRow } from '../model.ts';
import { groupBy } from './group.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type CommitOrder, testedCommit } from './order.ts';
import type { BaseCommit, Point } from './point.ts';

/** What is known of a failure; all undefined where the report kept no text of it. */
export interface FailureText {
  readonly driftSignature?: string | undefined;
  readonly errorType?: string | undefined;
  readonly statement?: string | undefined;
}

/** One attempt of a test. */
export interface Attempt {
  readonly run: StoredRun;
  /** What was tested (`testedCommit`). */
  readonly commit: string;
  /** The base's commit where the attempt is of the base's past, else the tested one. */
  readonly sha: string;
  readonly failed: boolean;
  readonly text: FailureText | undefined;
}

/** What a run that is not of the base tests: a branch, or a pull request. */
export function changeOf({ branch, pullRequest, runId }: StoredRun): string {
  return branch ?? (pullRequest === undefined ? runId : `#${pullRequest}`);
}

/** How a test stood at its point. */
export type State =
  | { readonly kind: 'passed'; readonly sha: string; readonly jobs: readonly string[] | undefined }
  | {
      readonly kind: 'failed';
      readonly sha: string;
      /** Its failures there, one a job. */
      readonly texts: readonly FailureText[];
      /** The jobs, where they are not the judged run's own. */
      readonly jobs: readonly string[] | undefined;
    }
  | {
      readonly kind: 'mixed';
      readonly sha: string;
      readonly passed: readonly string[];
      readonly failed: readonly string[];
    }
  | { readonly kind: 'skipped'; readonly sha: string }
  /** Several steps of one job ran it, and their number changed. */
  | { readonly kind: 'steps' }
  | { readonly kind: 'absent' };

export interface Past {
  readonly state: State;
  /** Attempts of the lines whose past counts, at or before the point, oldest first. */
  readonly attempts: readonly Attempt[];
  /** The lines whose past counts. */
  readonly lines: ReadonlySet<string>;
  /** Attempts of these lines on the base after the point, oldest first. */
  readonly later: readonly Attempt[];
}

const ran = new Set(['passed', 'failed', 'error', 'xpassed']);
const failing = new Set(['failed', 'error']);

/** A row of a test and a run that are known. */
export type RowOfRun = Omit<TestRow, 'testName' | 'runId'>;

/** The row of a test that passed at once, in any run. */
export const passedAtOnce: RowOfRun = { outcome: 'passed' };

/** The row is of a test that ran: skipped and expected failures say nothing about it. */
export function didRun({ outcome }: RowOfRun): boolean {
  return ran.has(outcome);
}

export function isFailed({ outcome }: RowOfRun): boolean {
  return failing.has(outcome);
}

/** The attempts of one row; earlier attempts inside the run left no text. */
export function attemptsOf(row: RowOfRun, run: StoredRun, sha = testedCommit(run)): readonly Attempt[] {
  return attemptsLike(row, passIn(run, sha));
}

/** The attempt of a test that passed at once. */
export function passIn(run: StoredRun, sha = testedCommit(run)): Attempt {
  return { run, commit: testedCommit(run), sha, failed: false, text: undefined };
}

function attemptsLike(row: RowOfRun, passed: Attempt): readonly Attempt[] {
  if (!didRun(row)) return [];
  const last = isFailed(row) ? failureIn(passed, row) : passed;
  if (row.failedAttempts === undefined) return [last];
  return [...Array.from({ length: row.failedAttempts }, () => failureIn(passed, {})), last];
}

function failureIn({ run, commit, sha }: Attempt, text: FailureText): Attempt {
  return { run, commit, sha, failed: true, text };
}

/** By commit, then by start. Runs that are not placed by the order come last. */
export function sortAttempts(attempts: readonly Attempt[], order: CommitOrder): Attempt[] {
  const rank = ({ sha, commit }: Attempt) => order.rank(sha) ?? order.rank(commit) ?? Infinity;
  return [...attempts].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return (x === y ? 0 : x - y) || a.run.at - b.run.at;
  });
}

/** The rows of one test by place of run. A place and no id: each failed test is looked for in hundreds of runs. */
export type RowsByPlace = readonly (RowOfRun | undefined)[];

/** A run in a sequence, with what is the same for all tests. */
export interface PlacedRun {
  /** The same in each sequence. */
  readonly place: number;
  /** The attempt of a test that passed at once. */
  readonly passed: Attempt;
}

/** The attempts of a test in those of the runs that count, in their order. */
export function attemptsIn(
  runs: readonly PlacedRun[],
  rows: RowsByPlace,
  counts?: (run: PlacedRun) => boolean,
): Attempt[] {
  // Of full size from the start: lists that grow are most of what judging leaves behind.
  const found = new Array<Attempt>(runs.length);
  let count = 0;
  for (const run of runs) {
    const row = rows[run.place];
    if (row === undefined || counts?.(run) === false) continue;
    if (row === passedAtOnce) found[count++] = run.passed;
    else if (row.failedAttempts === undefined && isFailed(row)) found[count++] = failureIn(run.passed, row);
    else for (const attempt of attemptsLike(row, run.passed)) found[count++] = attempt;
  }
  found.length = count;
  return found;
}

interface PlacedCommit {
  readonly sha: string;
  readonly runs: readonly PlacedRun[];
}

/** A point's runs, put in order once for all tests. */
export interface PlacedPoint {
  readonly base: readonly PlacedCommit[];
  /** Runs of the base, commit by commit, and in a commit by start. */
  readonly inTime: readonly PlacedRun[];
  /** The same of the commits after the point. */
  readonly later: readonly PlacedRun[];
  /** All of both, commit by commit. */
  readonly all: readonly PlacedRun[];
  /** The judged run's line. */
  readonly ownLine: ReadonlySet<string>;
  /** Its runs, of its newest commits. */
  readonly ofLine: readonly (readonly PlacedRun[])[];
  /** Two runs of the base are steps of one job. */
  readonly hasSteps: boolean;
  /** All runs are of the judged run's line. */
  readonly isOneLine: boolean;
}

/** @param placed gives a run its place; called once for each run */
export function placePoint(
  run: StoredRun,
  point: Point,
  placed: (passed: Attempt) => PlacedRun,
  { lineCommits }: Limits = defaultLimits,
): PlacedPoint {
  const place = ({ sha, runs }: BaseCommit): PlacedCommit => ({
    sha,
    // A run outside CI may be there twice: as evidence, and as a clean run of the edited commit.
    runs: [...new Set(runs.toReversed())].reverse().map((other) => placed(passIn(other, sha))),
  });
  const [base, later] = [point.base.map(place), point.later.map(place)];
  const inTime = ({ runs }: PlacedCommit) => [...runs].sort((a, b) => a.passed.run.at - b.passed.run.at);
  const ofBase = base.flatMap(({ runs }) => runs);
  const all = [...ofBase, ...later.flatMap(({ runs }) => runs)];
  return {
    base,
    inTime: base.flatMap(inTime),
    later: later.flatMap(inTime),
    all,
    ownLine: new Set([run.lineId]),
    ofLine: base
      .map(({ runs }) => runs.filter(({ passed }) => passed.run.lineId === run.lineId))
      .filter((runs) => runs.length > 0)
      .slice(-lineCommits),
    hasSteps: new Set(ofBase.map(executionOf)).size < ofBase.length,
    isOneLine: all.every(({ passed }) => passed.run.lineId === run.lineId),
  };
}

const nothing: Omit<Past, 'state'> = { attempts: [], lines: new Set(), later: [] };

/**
 * @param rows the test's rows
 * @param siblings uploads of the judged run's own execution and line, the judged run among them
 */
export function pastOf(
  run: StoredRun,
  point: PlacedPoint,
  { rows, siblings }: { readonly rows: RowsByPlace; readonly siblings: readonly PlacedRun[] },
): Past {
  const hasRun = ({ place }: PlacedRun) => {
    const row = rows[place];
    return row !== undefined && didRun(row);
  };
  const newest = point.base.findLast((commit) => commit.runs.some(hasRun));
  if (newest === undefined) {
    const skipped = point.base.findLast((commit) =>
      commit.runs.some(({ place }) => rows[place] !== undefined),
    );
    return { ...nothing, state: skipped ? { kind: 'skipped', sha: skipped.sha } : { kind: 'absent' } };
  }

  // The line's own past, where it is one: shards and renamed jobs leave pasts behind that end long ago.
  const { ofLine } = point;
  const ranIn = ofLine.filter((runs) => runs.some(hasRun)).length;
  const newestLines = newest.runs.filter(hasRun).map(({ passed }) => passed.run.lineId);
  const isOwnPast = newestLines.includes(run.lineId) || (ofLine.length > 0 && ranIn >= ofLine.length / 2);
  const lines = isOwnPast ? point.ownLine : new Set(newestLines);
  const counts = (other: PlacedRun) => hasRun(other) && lines.has(other.passed.run.lineId);

  // Steps of one job that ran the same test are variants: each is compared with the step of its own place.
  const steps = stepFilter(run, point, { counts, siblings: siblings.filter(hasRun) });
  if (steps === undefined) return { ...nothing, state: { kind: 'steps' } };
  // Asked of each run of each test: mostly there is one line, and no steps.
  const isOfStep =
    isOwnPast && point.isOneLine && steps === everyRun
      ? undefined
      : (other: PlacedRun) => lines.has(other.passed.run.lineId) && steps(other);
  const attempts = attemptsIn(point.inTime, rows, isOfStep);
  const last = attempts.at(-1);
  if (last === undefined) return { ...nothing, state: { kind: 'steps' } };
  return {
    state: stateOf(attempts.slice(attempts.findLastIndex(({ sha }) => sha !== last.sha) + 1), isOwnPast),
    attempts,
    lines,
    later: attemptsIn(point.later, rows, isOfStep),
  };
}

/** Of each line the last run by start decides. */
function stateOf(attempts: readonly Attempt[], isOwn: boolean): State {
  const last = attempts.length === 1 ? attempts : lastOfLines(attempts);
  const jobs = (failed: boolean) =>
    last.filter((attempt) => attempt.failed === failed).map(({ run }) => run.jobName ?? run.lineId);
  const sha = last[0]?.sha ?? '';
  const [passedIn, failedIn] = [jobs(false), jobs(true)];
  if (failedIn.length > 0 && passedIn.length > 0)
    return { kind: 'mixed', sha, passed: passedIn, failed: failedIn };
  return failedIn.length === 0
    ? { kind: 'passed', sha, jobs: isOwn ? undefined : passedIn }
    : {
        kind: 'failed',
        sha,
        texts: last.map(({ text }) => text ?? {}),
        jobs: isOwn ? undefined : failedIn,
      };
}

function lastOfLines(attempts: readonly Attempt[]): readonly Attempt[] {
  const byLine = groupBy(attempts, ({ run }) => run.lineId);
  return [...byLine.values()].flatMap((group) => group.slice(-1));
}

const executionOf = ({ passed: { run } }: PlacedRun) => `${run.lineId}\n${run.execution ?? run.runId}`;

const everyRun = (): boolean => true;

/**
 * Which runs of the past are of the judged run's own step. undefined where steps ran the test and none can be told to be this
 * one. The judged execution may still go on: so many steps as the past had, or fewer, are taken for equally many.
 */
function stepFilter(
  run: StoredRun,
  { base, hasSteps }: PlacedPoint,
  {
    counts,
    siblings,
  }: { readonly counts: (run: PlacedRun) => boolean; readonly siblings: readonly PlacedRun[] },
): ((run: PlacedRun) => boolean) | undefined {
  const here = Math.max(1, siblings.length);
  if (here === 1 && !hasSteps) return everyRun;
  const executions = groupBy(
    base.flatMap((commit) => commit.runs.filter(counts)),
    executionOf,
  );
  const isPlain = here === 1 && [...executions.values()].every((group) => group.length === 1);
  if (isPlain) return everyRun;
  const chosen = new Set<PlacedRun>();
  for (const group of executions.values()) {
    const same = group.find(({ passed }) => passed.run.ordinal === run.ordinal);
    if (group.length > 1 && here <= group.length && same !== undefined) chosen.add(same);
  }
  return chosen.size === 0 ? undefined : (other) => chosen.has(other);
}

/** Failed alike: same drift signature, or same error type and statement. Failures without any text are alike. */
export function isAlike(one: FailureText, other: FailureText): boolean {
  if (one.driftSignature !== undefined && one.driftSignature === other.driftSignature) return true;
  if (one.errorType !== undefined && one.errorType === other.errorType && one.statement !== undefined)
    return one.statement === other.statement;
  return !hasText(one) && !hasText(other);
}

export function hasText({ driftSignature, errorType, statement }: FailureText): boolean {
  return driftSignature !== undefined || errorType !== undefined || statement !== undefined;
}
