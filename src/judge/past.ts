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

/** A row of a test that is known. */
export type RowOfRun = Omit<TestRow, 'testName'>;

/** The row is of a test that ran: skipped and expected failures say nothing about it. */
export function didRun({ outcome }: RowOfRun): boolean {
  return ran.has(outcome);
}

/** The attempts of one row; earlier attempts inside the run left no text. */
export function attemptsOf(row: RowOfRun, run: StoredRun, sha = testedCommit(run)): Attempt[] {
  if (!didRun(row)) return [];
  const commit = testedCommit(run);
  const failed = failing.has(row.outcome);
  const last: Attempt = { run, commit, sha, failed, text: failed ? row : undefined };
  if (row.failedAttempts === undefined) return [last];
  return [
    ...Array.from({ length: row.failedAttempts ?? 0 }, (): Attempt => ({ ...last, failed: true, text: {} })),
    last,
  ];
}

/** By commit, then by start. Runs that are not placed by the order come last. */
export function sortAttempts(attempts: readonly Attempt[], order: CommitOrder): Attempt[] {
  const rank = ({ sha, commit }: Attempt) => order.rank(sha) ?? order.rank(commit) ?? Infinity;
  return [...attempts].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return (x === y ? 0 : x - y) || a.run.at - b.run.at;
  });
}

/** Rows of one test by run. */
export type RowsByRun = ReadonlyMap<string, RowOfRun>;

/** Places of a point's runs, the same for each failed test. */
const places = new WeakMap<Point, ReadonlyMap<string, number>>();

function placesOf(point: Point): ReadonlyMap<string, number> {
  const known = places.get(point);
  if (known !== undefined) return known;
  const runs = point.base.flatMap((commit) => commit.runs);
  const found = new Map(runs.map(({ runId }, place) => [runId, place]));
  places.set(point, found);
  return found;
}

/** The base's commits with those runs alone that have a row: a test has rows in few of them. */
export function commitsWith(point: Point, rows: RowsByRun): readonly BaseCommit[] {
  const known = placesOf(point);
  const found: number[] = [];
  for (const runId of rows.keys()) {
    const place = known.get(runId);
    if (place !== undefined) found.push(place);
  }
  found.sort((a, b) => a - b);
  const commits: BaseCommit[] = [];
  let next = 0;
  let first = 0;
  for (const { sha, runs } of point.base) {
    const some: StoredRun[] = [];
    const end = first + runs.length;
    for (let place = found[next]; place !== undefined && place < end; place = found[++next]) {
      const run = runs[place - first];
      if (run !== undefined) some.push(run);
    }
    if (some.length > 0) commits.push({ sha, runs: some });
    first = end;
  }
  return commits;
}

/** The newest commits of a line, looked up for each failed test. */
const newestOf = new WeakMap<Point, Map<string, readonly BaseCommit[]>>();

function newestCommits(point: Point, lineId: string, { lineCommits }: Limits): readonly BaseCommit[] {
  const known = newestOf.get(point) ?? new Map<string, readonly BaseCommit[]>();
  newestOf.set(point, known);
  const key = `${lineCommits} ${lineId}`;
  const found =
    known.get(key) ??
    point.base.filter(({ runs }) => runs.some((run) => run.lineId === lineId)).slice(-lineCommits);
  known.set(key, found);
  return found;
}

/**
 * @param rows the test's rows
 * @param siblings uploads of the judged run's own execution and line, the judged run among them
 */
export function pastOf(
  run: StoredRun,
  point: Point,
  {
    rows,
    siblings,
    limits = defaultLimits,
  }: {
    readonly rows: RowsByRun;
    readonly siblings: readonly StoredRun[];
    readonly limits?: Limits;
  },
): Past {
  const rowOf = ({ runId }: StoredRun) => rows.get(runId);
  const hasRun = (other: StoredRun) => {
    const row = rowOf(other);
    return row !== undefined && didRun(row);
  };
  const base = commitsWith(point, rows);
  const newest = base.findLast((commit) => commit.runs.some(hasRun));
  const nothing = { attempts: [], lines: new Set<string>(), later: [] };
  if (newest === undefined) {
    const skipped = base.at(-1);
    return { ...nothing, state: skipped ? { kind: 'skipped', sha: skipped.sha } : { kind: 'absent' } };
  }

  // The line's own past, where it is one: shards and renamed jobs leave pasts behind that end long ago.
  const lastCommits = newestCommits(point, run.lineId, limits);
  const isOwn = (other: StoredRun) => other.lineId === run.lineId && hasRun(other);
  const ranIn = lastCommits.filter((commit) => commit.runs.some(isOwn)).length;
  const isOwnPast = newest.runs.some(isOwn) || (lastCommits.length > 0 && ranIn >= lastCommits.length / 2);
  const lines = new Set(isOwnPast ? [run.lineId] : newest.runs.filter(hasRun).map(({ lineId }) => lineId));
  const counts = (other: StoredRun) => lines.has(other.lineId) && hasRun(other);

  // Steps of one job that ran the same test are variants: each is compared with the step of its own place.
  const steps = stepFilter(run, point, base, { counts, siblings: siblings.filter(hasRun) });
  if (steps === undefined) return { ...nothing, state: { kind: 'steps' } };
  const attemptsAt = (commit: { readonly sha: string; readonly runs: readonly StoredRun[] }) =>
    commit.runs
      .filter((other) => counts(other) && steps(other))
      .sort((a, b) => a.at - b.at)
      .flatMap((other) => {
        const row = rowOf(other);
        return row === undefined ? [] : attemptsOf(row, other, commit.sha);
      });
  const attempts = base.flatMap(attemptsAt);
  const last = attempts.at(-1);
  if (last === undefined) return { ...nothing, state: { kind: 'steps' } };
  return {
    state: stateOf(
      attempts.filter(({ sha }) => sha === last.sha),
      isOwnPast,
    ),
    attempts,
    lines,
    later: point.later.flatMap(attemptsAt),
  };
}

/** Of each line the last run by start decides. */
function stateOf(attempts: readonly Attempt[], isOwn: boolean): State {
  const byLine = [...groupBy(attempts, ({ run }) => run.lineId).values()];
  const last = byLine.flatMap((group) => group.slice(-1));
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

const executionOf = ({ lineId, execution, runId }: StoredRun) => `${lineId}\n${execution ?? runId}`;

/** Whether two runs of a point's base are steps of one job, the same for each failed test. */
const steps = new WeakMap<Point, boolean>();

function hasSteps(point: Point): boolean {
  const known = steps.get(point);
  if (known !== undefined) return known;
  const runs = point.base.flatMap((commit) => commit.runs);
  const found = new Set(runs.map(executionOf)).size < runs.length;
  steps.set(point, found);
  return found;
}

/**
 * Which runs of the past are of the judged run's own step. undefined where steps ran the test and none can be told to be this
 * one. The judged execution may still go on: so many steps as the past had, or fewer, are taken for equally many.
 */
function stepFilter(
  run: StoredRun,
  point: Point,
  base: readonly BaseCommit[],
  {
    counts,
    siblings,
  }: { readonly counts: (run: StoredRun) => boolean; readonly siblings: readonly StoredRun[] },
): ((run: StoredRun) => boolean) | undefined {
  const here = Math.max(1, new Set(siblings.map(({ runId }) => runId)).size);
  if (here === 1 && !hasSteps(point)) return () => true;
  const executions = groupBy(
    base.flatMap((commit) => commit.runs.filter(counts)),
    executionOf,
  );
  const isPlain = here === 1 && [...executions.values()].every((group) => group.length === 1);
  if (isPlain) return () => true;
  const chosen = new Set<string>();
  for (const group of executions.values()) {
    const same = group.find(({ ordinal }) => ordinal === run.ordinal);
    if (group.length > 1 && here <= group.length && same !== undefined) chosen.add(same.runId);
  }
  return chosen.size === 0 ? undefined : ({ runId }) => chosen.has(runId);
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
