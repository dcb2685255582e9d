// The class of a failure: was it so before this change?
import type { FlakyEvidence, Notes, Novelty, Reason, StoredRun } from '../model.ts';
import { isImprobable, rowAtEnd } from './broken.ts';
import type { FileAtPoint, TestFacts } from './facts.ts';
import { chancesOf, failedThenPassed, flakyEvidence } from './flaky.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type Attempt, changeOf, type FailureText, isAlike, type Past } from './past.ts';
import type { Point } from './point.ts';

export interface Classified {
  readonly class: Novelty;
  readonly reason: Reason;
  readonly notes: Notes;
}

/** Everything about one failed test. */
export interface FailureCase {
  readonly run: StoredRun;
  readonly isOnBaseBranch: boolean;
  readonly point: Point | undefined;
  readonly past: Past | undefined;
  /** Attempts of the judged run, the last one failed. */
  readonly here: readonly Attempt[];
  /** Attempts of this change before, in order. */
  readonly own: readonly Attempt[];
  /** Attempts of other changes, of any job and kind, in the order of time. */
  readonly others: readonly Attempt[];
  /** Attempts of any job at the base's commits, before the point and since. */
  readonly allBase: readonly Attempt[];
  /** Attempts of clean runs of the commit that was edited. */
  readonly cleanHead: readonly Attempt[];
  readonly uncommittedFiles: number | undefined;
  readonly file: FileAtPoint | undefined;
  /** A run at the point had at least half of this run's files. */
  readonly sharesFiles: boolean;
  /** The older commit of the base that tells the test was not there, where the point does not: see `olderWithout`. */
  readonly olderWithout: string | undefined;
}

const noNotes: Notes = { passedOnRerunOf: undefined, wasFlaky: undefined, redBefore: [] };

export function classify(test: FailureCase, limits: Limits = defaultLimits): Classified {
  const text = test.here.at(-1)?.text ?? {};
  const { point, past } = test;
  const edited = greenWithoutEdits(test);
  if (point === undefined || past === undefined)
    return edited === undefined ? noHistory({ kind: 'no-run' }) : isNew(test, edited, text);

  const { state } = past;
  if (state.kind === 'steps') return noHistory({ kind: 'steps-differ' });
  if (state.kind === 'absent' || state.kind === 'skipped')
    return withoutPast(test, state.kind === 'skipped' ? state.sha : undefined, text);

  const row = rowAtEnd(past.attempts, limits);
  const evidence = row.isBroken ? undefined : evidenceOf(test, past, point, text, limits);
  if (evidence !== undefined) {
    const wasFlaky = brokenHere(test, past, evidence, limits);
    if (wasFlaky === undefined)
      return { class: 'flaky', reason: { kind: 'flaky', evidence }, notes: noNotes };
    // What fails every time here may have begun to on the base.
    if (!test.isOnBaseBranch && isRedThere(past, text)) return preExisting(past);
    const reason = edited ?? thereReason(past, text);
    return { class: 'new', reason, notes: { ...notesOf(test, text), wasFlaky } };
  }
  if (edited !== undefined) return isNew(test, edited, text);
  if (state.kind === 'mixed')
    return noHistory({ kind: 'jobs-differ', sha: state.sha, passed: state.passed, failed: state.failed });
  if (point.isApproximate) {
    const isRed = (attempt: Attempt) => attempt.failed && isAlike(attempt.text ?? {}, text);
    const possible = possiblePasts(past, point);
    const alike = possible.findLast(isRed);
    if (alike !== undefined && !possible.every(isRed))
      return noHistory({ kind: 'maybe-base', sha: alike.sha });
  }
  if (isRedThere(past, text)) return preExisting(past);
  const elsewhere = redElsewhere(test, past, point, text, limits);
  if (elsewhere !== undefined) return { class: 'pre-existing', reason: elsewhere, notes: noNotes };
  return isNew(test, thereReason(past, text), text);
}

function isRedThere({ state }: Past, text: FailureText): boolean {
  return state.kind === 'failed' && state.texts.some((there) => isAlike(there, text));
}

function preExisting(past: Past): Classified {
  const { state } = past;
  const [sha, jobs] = state.kind === 'failed' ? [state.sha, state.jobs] : ['', undefined];
  return {
    class: 'pre-existing',
    reason: { kind: 'red-there', sha, jobs, repairedBy: repairedAfter(past) },
    notes: noNotes,
  };
}

/**
 * How the test stood where the change may begin: at the point or before it; where the pull request's event names the point, which
 * may be older than what was merged, at the point or after it.
 */
function possiblePasts({ attempts, later }: Past, point: Point): readonly Attempt[] {
  if (point.source !== 'payload-base') return attempts;
  return [...attempts.slice(-1), ...later];
}

/**
 * The base may have broken since the point's last run: by a commit that has no run, or by the environment. Then others fail alike
 * as well, and none passes afterwards. It takes two changes, since one may have made the same mistake; or one that cannot have it
 * from its own code, because it holds an untested commit of the base or its very commit passed before; or any, where the judged
 * commit itself passed before; or a branch that cannot have it from this one, nor this one from it.
 */
function redElsewhere(
  { others, own, run, isOnBaseBranch, here }: FailureCase,
  { attempts, lines, later }: Past,
  point: Point,
  text: FailureText,
  limits: Limits,
): Reason | undefined {
  const last = attempts.at(-1);
  if (last === undefined) return undefined;
  const commit = here.at(-1)?.commit;
  const passedBefore = (attempt: Attempt) =>
    [others, attempts, later].some((earlier) =>
      earlier.some(
        (other) =>
          !other.failed &&
          other.commit === attempt.commit &&
          other.run.lineId === attempt.run.lineId &&
          other.run.at < attempt.run.at,
      ),
    );
  const passedHere = own.some((attempt) => !attempt.failed && attempt.commit === commit);
  const isSince = ({ run: { at, lineId } }: Attempt) => at > last.run.at && at <= run.at && lines.has(lineId);
  const ofBase = (some: readonly Attempt[], isOfOther: boolean) =>
    some.filter(
      (attempt) =>
        isSince(attempt) &&
        attempt.commit !== commit &&
        (!attempt.failed || passedHere || isOfOther || passedBefore(attempt)),
    );
  const recent = [
    ...others.filter(isSince),
    ...ofBase(attempts, false),
    // Later commits of the base hold the judged one, where that is of the base: they may be red by it.
    ...ofBase(later, !isOnBaseBranch),
  ].sort((a, b) => a.run.at - b.run.at);
  // Branches made from one another have one break, and who made which from which is not always known.
  const green = own.findLastIndex(({ failed }) => !failed);
  const began = (own[green + 1] ?? here[0])?.run.at ?? run.at;
  const isUnrelated = (attempt: Attempt) =>
    (green >= 0 && attempt.run.at < began) ||
    others.some(
      (other) =>
        !other.failed && other.run.at < attempt.run.at && changeOf(other.run) === changeOf(attempt.run),
    );
  // A pass ends the row: what was red before it was that change's own.
  const redSince = (some: readonly Attempt[], least: number): readonly Attempt[] | undefined => {
    const row = some.slice(
      some.findLastIndex(({ failed, text: there }) => !failed || !isAlike(there ?? {}, text)) + 1,
    );
    const isSure = passedHere || row.some((attempt) => passedBefore(attempt) || isUnrelated(attempt));
    const needed = isSure ? Math.min(1, least) : least;
    return new Set(row.map((attempt) => changeOf(attempt.run))).size >= needed ? row : undefined;
  };
  // Where the order is not known, the commit where the change begins is known to have no run.
  const untested = new Set(point.untested ?? [point.target].filter((sha) => sha !== point.sha));
  const contain = recent.filter(
    (attempt) => attempt.run.parents?.some((parent) => untested.has(parent)) === true,
  );
  const chosen = redSince(contain, limits.elsewhereUntested) ?? redSince(recent, limits.elsewhere);
  return (
    chosen && {
      kind: 'red-elsewhere',
      sha: last.sha,
      branches: [...new Set(chosen.map((attempt) => attempt.run.branch ?? attempt.run.runId))],
    }
  );
}

function noHistory(reason: Reason): Classified {
  return { class: 'no-history', reason, notes: noNotes };
}

function isNew(test: FailureCase, reason: Reason, text: FailureText): Classified {
  return { class: 'new', reason, notes: notesOf(test, text) };
}

/** The test passed on the very commit, without the changes that are not committed. */
function greenWithoutEdits({ cleanHead, uncommittedFiles }: FailureCase): Reason | undefined {
  const last = cleanHead.at(-1);
  return last === undefined || last.failed
    ? undefined
    : { kind: 'green-without-edits', sha: last.sha, files: uncommittedFiles };
}

function withoutPast(test: FailureCase, skippedAt: string | undefined, text: FailureText): Classified {
  const { file, sharesFiles, olderWithout } = test;
  if (skippedAt !== undefined) return isNew(test, { kind: 'skipped-there', sha: skippedAt }, text);
  const isAbsent =
    file?.isInTree === false || file?.ran === true || (file?.isInTree === undefined && sharesFiles);
  if (isAbsent) return isNew(test, { kind: 'absent-there' }, text);
  // The older commit then stands for the point, as for every test that a partial run left out.
  return olderWithout === undefined
    ? noHistory({ kind: 'not-run-there' })
    : isNew(test, { kind: 'absent-there', sha: olderWithout }, text);
}

/**
 * The newest older commit that shows that a test without a past did not exist there: the commit's runs had the test's file, or
 * they had half of this run's files and the commit's tree lacks the file (or git cannot say). Partial runs may leave out the same
 * files every day.
 */
export function olderWithout(
  file: FileAtPoint | undefined,
  { olderFiles = [], filesHere }: Pick<TestFacts, 'olderFiles' | 'filesHere'>,
): string | undefined {
  if (file === undefined) return undefined;
  return olderFiles.find(({ ran, inTree, filesAlso }) => {
    const isAbsent = inTree === undefined ? file.isInTree === undefined : !inTree.has(file.file);
    return ran.has(file.file) || (isAbsent && isHalf(filesAlso, filesHere));
  })?.sha;
}

/** Whether another run had enough of this run's files to be of the same suite. */
export function isHalf(also: number, here: number): boolean {
  return here > 0 && also >= here / 2;
}

function evidenceOf(
  test: FailureCase,
  past: Past,
  point: Point,
  text: FailureText,
  limits: Limits,
): FlakyEvidence | undefined {
  const until = point.runs.reduce((latest, { at }) => Math.max(latest, at), 0);
  const { others, allBase, isOnBaseBranch: isOnBase } = test;
  const base = [...past.attempts, ...past.later];
  return flakyEvidence(text, { base, allBase, others, isOnBase, until }, limits);
}

/**
 * The row of failures that this change made, where it is improbable at the test's own rate: that of the base, and of the failures
 * elsewhere that showed it flaky.
 */
function brokenHere(
  { here, own, isOnBaseBranch, run, others, allBase }: FailureCase,
  past: Past,
  evidence: FlakyEvidence,
  limits: Limits,
): Notes['wasFlaky'] {
  const row = rowAtEnd([...(isOnBaseBranch ? past.attempts : []), ...own, ...here], limits);
  const from = run.at - limits.evidenceDays * dayMs;
  const counted = new Set(past.attempts.map((attempt) => attempt.run));
  // Each failure elsewhere that showed it is a failure and a pass. The other passes elsewhere are not known.
  const chances = chancesOf(
    here.at(-1)?.text ?? {},
    { base: allBase, others, isOnBase: isOnBaseBranch, from },
    limits,
  );
  const elsewhere = new Set(
    chances
      .filter(({ kind, attempt }) => !counted.has(attempt.run) && !(kind === 'lone' && isOnBaseBranch))
      .map(({ attempt }) => attempt),
  ).size;
  const base = past.attempts.filter((attempt) => attempt.run.at >= from);
  const earlier = isOnBaseBranch
    ? { failures: row.earlierFailures, runs: row.earlierRuns }
    : { failures: base.filter(({ failed }) => failed).length, runs: base.length };
  const inARow = row.failures.length;
  return isImprobable(
    inARow,
    { failures: earlier.failures + elsewhere, runs: earlier.runs + 2 * elsewhere },
    limits,
  )
    ? { failures: evidence.failures, runs: evidence.runs, inARow }
    : undefined;
}

function thereReason({ state }: Past, text: FailureText): Reason {
  switch (state.kind) {
    case 'passed':
      return { kind: 'green-there', sha: state.sha, jobs: state.jobs };
    case 'failed': {
      const other = state.texts.find((there) => !isAlike(there, text));
      // It failed alike there by chance, and this change's row is too long for that.
      if (other === undefined)
        return { kind: 'red-there', sha: state.sha, jobs: state.jobs, repairedBy: undefined };
      return { kind: 'other-error-there', sha: state.sha, errorType: other.errorType };
    }
    case 'mixed':
      return { kind: 'jobs-differ', sha: state.sha, passed: state.passed, failed: state.failed };
    case 'skipped':
      return { kind: 'skipped-there', sha: state.sha };
    default:
      return { kind: 'absent-there' };
  }
}

/** The commit after the point that repaired the base: the last state of the base there is green. */
function repairedAfter({ later }: Past): string | undefined {
  const last = later.findLastIndex(({ failed }) => failed);
  return later[last + 1]?.sha;
}

function notesOf({ own, here, past }: FailureCase, text: FailureText): Notes {
  const before = past?.attempts ?? [];
  const red = before.filter((attempt) => attempt.failed && isAlike(attempt.text ?? {}, text));
  return {
    passedOnRerunOf: failedThenPassed([...own, ...here]).at(-1)?.sha,
    wasFlaky: undefined,
    redBefore: red.length === 0 ? [] : [...new Set(red.map(({ sha }) => sha))].toReversed().slice(0, 3),
  };
}
