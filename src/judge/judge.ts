// What the facts about one run mean: the class of each failure with its reason, since when, what repaired it before, and what
// this run repaired. Pure: facts in, verdicts out; each verdict carries its evidence as data. It knows no SQL and no wording.
//
// Three steps, since each needs rows for what the one before decided: `judgePoint` from the runs, `judgeTests` from the rows of
// the tests that failed here or there, `judgeChanges` (changes.ts) from the tests of both runs.
import type { Fixed, Lately, Since, StoredRun } from '../model.ts';
import { ancestryOf } from './ancestry.ts';
import { type Classified, classify, type FailureCase, isHalf, olderWithout } from './classify.ts';
import { type Evidence, evidenceFor } from './evidence.ts';
import type { FileAtPoint, RunFacts, TestFacts } from './facts.ts';
import { fixedOf, lastRepairOf } from './fixed.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type CommitOrder, orderCommits, testedCommit } from './order.ts';
import {
  type Attempt,
  attemptsIn,
  didRun,
  isAlike,
  isFailed,
  type PlacedPoint,
  type PlacedRun,
  passIn,
  pastOf,
  placePoint,
  type RowsByPlace,
  sortAttempts,
} from './past.ts';
import { choosePoint, type Point } from './point.ts';
import { RowTable } from './row-table.ts';
import { type Between, sinceOf } from './since.ts';

/** What the runs alone decide. */
export interface JudgedPoint {
  readonly facts: RunFacts;
  readonly order: CommitOrder;
  readonly evidence: Evidence;
  /** undefined: no earlier run to compare with. */
  readonly point: Point | undefined;
  /** Runs of this change before the judged one, of its kind. */
  readonly own: readonly StoredRun[];
  /** Runs of all other changes, of either kind; none that may contain the judged one. */
  readonly others: readonly StoredRun[];
}

export interface FailureVerdict extends Classified {
  /** Of a pre-existing failure on the base, else up to this run; undefined where no run tells. */
  readonly since: Since | undefined;
  /** The commit that ended its last break; undefined unless a repair was seen that lasted. */
  readonly lastFixedBy: string | undefined;
  /** undefined where nothing but this run tells. */
  readonly lately: Lately | undefined;
}

export interface TestVerdicts {
  /** In the order of `TestFacts.failures`. Tests that never failed or never ran before may share one. */
  readonly failures: readonly FailureVerdict[];
  /** Tests that were red at the point and are green here. None where the point's own commit was not tested. */
  readonly fixed: readonly Fixed[];
}

/**
 * Strangers' runs are nobody's evidence: not for the order of commits, and not for outages. Of a stranger's own run the other uploads
 * of its execution stay, because they tell which of them are variants.
 */
function withoutStrangers(facts: RunFacts): RunFacts {
  const { run, runs } = facts;
  const isSibling = (other: StoredRun) =>
    run.origin === 'stranger' && run.execution !== undefined && other.execution === run.execution;
  return { ...facts, runs: runs.filter((other) => other.origin !== 'stranger' || isSibling(other)) };
}

/** Chooses the point, and the runs whose rows the tests are judged by. */
export function judgePoint(given: RunFacts, limits: Limits = defaultLimits): JudgedPoint {
  const facts = withoutStrangers(given);
  const { run, change } = facts;
  const order = orderCommits([...facts.runs, run], facts.commits);
  const evidence = evidenceFor(facts, limits);
  const ancestry = ancestryOf([...facts.runs, run], order, change.baseBranch);
  const point = choosePoint(facts, evidence, order, { ancestry, limits });
  const ofBase = new Set([...(point?.base ?? []), ...(point?.later ?? [])].flatMap(({ runs }) => runs));
  const rankOf = (other: StoredRun) => order.rank(testedCommit(other));
  // On the base branch what lies before the point is no part of the change, also where it is older than the look-back.
  const first = change.isOnBaseBranch ? (order.rank(point?.target ?? point?.sha) ?? -1) : -1;
  const isOwnCommit = (other: StoredRun): boolean => {
    const rank = rankOf(other) ?? Infinity;
    return testedCommit(other) === testedCommit(run) || (rank > first && rank <= (rankOf(run) ?? -1));
  };
  const isOwnBranch = (other: StoredRun) =>
    run.pullRequest !== undefined || other.pullRequest !== undefined
      ? other.pullRequest === run.pullRequest
      : other.branch !== undefined && other.branch === run.branch;
  const notBase = evidence.runs.filter((other) => !ofBase.has(other) && other.at <= run.at);
  const own = notBase.filter((other) => other.kind === run.kind && isOwnBranch(other) && isOwnCommit(other));
  // A push and a pull request of one head test one change.
  // On the base branch the change is in what was made of it later, and in the branch that it merged.
  const newest = order.rank(point?.target ?? point?.sha) ?? -1;
  const mayContain = ({ kind, gitSha, parents }: StoredRun): boolean =>
    kind !== 'merge' ||
    parents === undefined ||
    (gitSha !== undefined && run.parents?.includes(gitSha) === true) ||
    (order.rank(parents[0]) ?? Infinity) > newest;
  // A branch that was made from this one, or this one from it, is no other change: both have the commits between.
  const ownCommits = ancestry.ownCommits(run.gitSha);
  const isRelated = ({ gitSha, parents }: StoredRun) =>
    run.gitSha !== undefined &&
    (parents?.includes(run.gitSha) === true ||
      [...ancestry.ownCommits(gitSha)].some((sha) => ownCommits.has(sha) || run.parents?.includes(sha)));
  const ofOthers = notBase.filter(
    (other) =>
      !isOwnBranch(other) &&
      !isRelated(other) &&
      other.branch !== run.branch &&
      other.branch !== change.baseBranch &&
      other.gitSha !== run.gitSha &&
      !(change.isOnBaseBranch && mayContain(other)),
  );
  return {
    facts,
    order,
    evidence,
    point,
    own,
    others: ofOthers,
  };
}

/** Judges the failures of the run, and what it repaired. */
export function judgeTests(
  judged: JudgedPoint,
  tests: TestFacts,
  limits: Limits = defaultLimits,
): TestVerdicts {
  const steps = judgeInSteps(judged, tests, limits);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Failures judged in one step: less than a millisecond's work, mostly. */
const testsInStep = 20;

/** The same, for a caller that has answers to take between the steps: thousands of tests may have failed. */
export function* judgeInSteps(
  judged: JudgedPoint,
  tests: TestFacts,
  limits: Limits = defaultLimits,
): Generator<void, TestVerdicts> {
  const runs = placeRuns(judged, limits);
  const judging: Judging = {
    judged,
    tests,
    limits,
    runs,
    between: commitsBetween(judged),
    files: new Map(tests.files.map((file) => [file.file, file])),
    table: new RowTable(tests, runs.placeOf),
    plain: new Map(),
    estimates: 0,
  };
  const { table } = judging;
  const failures: FailureVerdict[] = [];
  for (const failure of tests.failures) {
    failures.push(judgeFailure(judging, failure));
    if (failures.length % testsInStep === 0) yield;
  }
  if (!isFixedTold(judged)) return { failures, fixed: [] };
  for (const { testName } of tests.failures) table.forget(testName);
  const fixed: Fixed[] = [];
  for (const testName of table.names()) {
    const found = fixedHere(testName, table.rowsByPlace(testName), judged, runs, limits);
    if (found !== undefined) fixed.push(found);
  }
  return { failures, fixed };
}

/** What the tests of a run are judged by, one after another. Functions that take it and no closures: those lose what V8 compiled. */
interface Judging {
  readonly judged: JudgedPoint;
  readonly tests: TestFacts;
  readonly limits: Limits;
  readonly runs: PlacedRuns;
  readonly between: Between;
  readonly files: ReadonlyMap<string, FileAtPoint>;
  readonly table: RowTable;
  /**
   * Tests that never failed before share one verdict: their text and file change nothing. For a test that never ran before only its
   * file does.
   */
  readonly plain: Map<readonly number[] | string, FailureVerdict>;
  /** Change points that were computed. */
  estimates: number;
}

function judgeFailure(
  judging: Judging,
  { testName, testFile }: TestFacts['failures'][number],
): FailureVerdict {
  const { judged, tests, limits, runs, table, plain } = judging;
  const { facts, point } = judged;
  const passes = table.passesOf(testName);
  const file = testFile === undefined ? undefined : judging.files.get(testFile);
  const alone = table.onlyRow(testName);
  const isPlain =
    alone !== undefined && alone.runId === facts.run.runId && alone.failedAttempts === undefined;
  const older = olderWithout(file, tests);
  const likeness = isPlain
    ? (passes ?? `${file?.isInTree} ${file?.ran} ${older} ${isAlike(alone, alone)}`)
    : undefined;
  const alike = likeness === undefined ? undefined : plain.get(likeness);
  if (alike !== undefined) return alike;
  const rows = table.rowsByPlace(testName);
  const past = runs.point && pastOf(facts.run, runs.point, { rows, siblings: runs.siblings });
  const test: FailureCase = {
    run: facts.run,
    isOnBaseBranch: facts.change.isOnBaseBranch,
    point,
    past,
    here: attemptsIn(runs.here, rows),
    own: attemptsIn(runs.own, rows),
    others: attemptsIn(runs.others, rows),
    // Asked for failures that passed again: most tests never failed before.
    allBase: isPlain ? [] : attemptsIn(runs.point?.all ?? [], rows),
    cleanHead: attemptsIn(runs.cleanHead, rows),
    uncommittedFiles: facts.change.uncommittedFiles,
    file,
    sharesFiles: isHalf(tests.filesAlsoAtPoint, tests.filesHere),
    olderWithout: older,
  };
  const classified = classify(test, limits);
  const base = past?.attempts ?? [];
  const change = [...test.own, ...test.here];
  const line = classified.class === 'pre-existing' ? base : base.concat(change);
  const mayEstimate = judging.estimates < limits.changePointTests && isMixed(line);
  if (mayEstimate) judging.estimates++;
  const since = sinceOf(line, judging.between, {
    from: isOfThisChange(classified, facts) ? base.length : 0,
    estimate: mayEstimate,
    limits,
  });
  const verdict = {
    class: classified.class,
    reason: classified.reason,
    notes: classified.notes,
    since,
    lastFixedBy: lastFixedBy(line, limits),
    lately: latelyOf(base, change, since, facts.run.at),
  };
  const state = past?.state.kind;
  const isLikeOthers = passes === undefined ? state === undefined || state === 'absent' : state === 'passed';
  if (likeness !== undefined && isLikeOthers) plain.set(likeness, verdict);
  return verdict;
}

/** The runs that tests are judged by, put in order once for all tests. */
interface PlacedRuns {
  /** By run id. */
  readonly placeOf: ReadonlyMap<string, number>;
  readonly point: PlacedPoint | undefined;
  readonly here: readonly PlacedRun[];
  /** Of this change before, of the judged run's line. */
  readonly own: readonly PlacedRun[];
  /** Of other changes, by start. */
  readonly others: readonly PlacedRun[];
  readonly cleanHead: readonly PlacedRun[];
  /** Uploads of the judged run's own execution and line, the judged run among them. */
  readonly siblings: readonly PlacedRun[];
}

function placeRuns({ facts, point, order, own, others, evidence }: JudgedPoint, limits: Limits): PlacedRuns {
  const { run } = facts;
  const placeOf = new Map<string, number>();
  const placed = (passed: Attempt): PlacedRun => {
    const { runId } = passed.run;
    const place = placeOf.get(runId) ?? placeOf.size;
    placeOf.set(runId, place);
    return { place, passed };
  };
  // Attempts of a change go by the commit that people know: a pull request's merges have no place in an order.
  const inOrder = (runs: readonly StoredRun[]) =>
    sortAttempts(
      runs.map((other) => passIn(other, other.gitSha ?? testedCommit(other))),
      order,
    ).map(placed);
  return {
    placeOf,
    point: point && placePoint(run, point, placed, limits),
    here: inOrder([run]),
    own: inOrder(own.filter(({ lineId }) => lineId === run.lineId)),
    others: [...others].sort((a, b) => a.at - b.at).map((other) => placed(passIn(other))),
    cleanHead: inOrder(evidence.cleanHead),
    siblings: inOrder(siblingsOf(facts)),
  };
}

/** So many letters are told. */
const lastRuns = { base: 10, change: 6 } as const;

function latelyOf(
  base: readonly Attempt[],
  change: readonly Attempt[],
  since: Since | undefined,
  now: number,
): Lately | undefined {
  if (base.length + change.length < 2) return undefined;
  const letters = (attempts: readonly Attempt[]) =>
    attempts.map(({ failed }) => (failed ? 'f' : 'p')).join('');
  return {
    base: letters(base.slice(-lastRuns.base)),
    change: letters(change.slice(-lastRuns.change)),
    failures: base.reduce((sum, { failed }) => sum + Number(failed), 0),
    runs: base.length,
    days: since === undefined ? undefined : Math.max(0, Math.floor((now - since.firstRedAt) / dayMs)),
  };
}

/** Where the point's own commit has no run, or the merge base is not known, a repair may be somebody else's. */
function isFixedTold({ point, evidence }: JudgedPoint): boolean {
  return (
    point !== undefined && !point.isApproximate && point.untested?.length === 0 && !evidence.isInfrastructure
  );
}

function fixedHere(
  testName: string,
  rows: RowsByPlace,
  { facts, point }: JudgedPoint,
  runs: PlacedRuns,
  limits: Limits,
): Fixed | undefined {
  const [own] = runs.here;
  const here = own && rows[own.place];
  if (point === undefined || runs.point === undefined || here === undefined) return undefined;
  if (!didRun(here) || isFailed(here)) return undefined;
  const past = pastOf(facts.run, runs.point, { rows, siblings: runs.siblings });
  if (past.state.kind !== 'failed' || past.state.sha !== point.sha) return undefined;
  // Another change of the point's very commit passes since its last run, without this one's repair: it was the environment, or
  // chance.
  const last = past.attempts.at(-1)?.run.at ?? 0;
  const passesElsewhere = attemptsIn(runs.others, rows).some(
    ({ failed, run }) =>
      !failed && run.at > last && past.lines.has(run.lineId) && run.parents?.includes(point.sha) === true,
  );
  return fixedOf(testName, past.attempts, { passesElsewhere, limits });
}

function siblingsOf({ run, runs }: RunFacts): readonly StoredRun[] {
  return [
    run,
    ...runs.filter(
      ({ runId, lineId, execution }) =>
        runId !== run.runId &&
        lineId === run.lineId &&
        execution !== undefined &&
        execution === run.execution,
    ),
  ];
}

/** What is new is not as old as what the base was red with; on the base branch itself a row can go on. */
function isOfThisChange({ class: novelty, reason }: Classified, { change }: RunFacts): boolean {
  return novelty === 'new' && (!change.isOnBaseBranch || reason.kind === 'other-error-there');
}

function isMixed(attempts: readonly Attempt[]): boolean {
  const red = attempts.findIndex(({ failed }) => failed);
  return red >= 0 && red < attempts.findLastIndex(({ failed }) => !failed);
}

/** The base's order between its commits; from its last one to the change's first nothing, where the point is the target. */
function commitsBetween({ facts, order, point }: JudgedPoint): Between {
  const ofBase = new Set(point?.base.map(({ sha }) => sha));
  return (after, before) => {
    if (after === before) return [];
    const between = order.between(after, before);
    if (between !== undefined) return between.slice(0, -1);
    if (point === undefined || !ofBase.has(after) || ofBase.has(before) || point.isApproximate)
      return undefined;
    // A pull request's merge has the target as its parent: what is untested lies before the target.
    if (facts.run.kind !== 'merge') return undefined;
    return after === point.target ? [] : order.between(after, point.target ?? '');
  };
}

/** A failure alike within 20 runs after a repair, the present one as well, says that it was none. */
function lastFixedBy(attempts: readonly Attempt[], limits: Limits): string | undefined {
  const here = attempts.at(-1)?.text ?? {};
  return lastRepairOf(attempts, here, limits)?.repairedBy;
}
