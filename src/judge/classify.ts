// The class of a failure: was it so before this change?
import type { FlakyEvidence, Notes, Novelty, Reason } from '../model.ts';
import { isImprobable, rowAtEnd } from './broken.ts';
import type { FileAtPoint, StoredRun } from './facts.ts';
import { failedThenPassed, flakyEvidence } from './flaky.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type Attempt, type FailureText, isAlike, type Past } from './past.ts';
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
  /** Attempts of any job at the base's commits at or before the point. */
  readonly allBase: readonly Attempt[];
  /** Attempts of clean runs of the commit that was edited. */
  readonly cleanHead: readonly Attempt[];
  readonly uncommittedFiles: number | undefined;
  readonly file: FileAtPoint | undefined;
  /** A run at the point had at least half of this run's files. */
  readonly sharesFiles: boolean;
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
    const reason = edited ?? thereReason(past, text);
    return { class: 'new', reason, notes: { ...notesOf(test, text), wasFlaky } };
  }
  if (edited !== undefined) return isNew(test, edited, text);
  if (state.kind === 'mixed')
    return noHistory({ kind: 'jobs-differ', sha: state.sha, passed: state.passed, failed: state.failed });
  if (point.isApproximate) {
    const alike = [...past.attempts, ...past.later].findLast(
      (attempt) => attempt.failed && isAlike(attempt.text ?? {}, text),
    );
    if (alike !== undefined) return noHistory({ kind: 'maybe-base', sha: alike.sha });
  }
  if (state.kind === 'failed' && state.texts.some((there) => isAlike(there, text)))
    return {
      class: 'pre-existing',
      reason: { kind: 'red-there', sha: state.sha, jobs: state.jobs, repairedBy: repairedAfter(past) },
      notes: noNotes,
    };
  const elsewhere = redElsewhere(test, past, point, text, limits);
  if (elsewhere !== undefined) return { class: 'pre-existing', reason: elsewhere, notes: noNotes };
  return isNew(test, thereReason(past, text), text);
}

/**
 * The base may have broken since the point's last run: by a commit that has no run, or by the environment. Then other changes
 * fail alike as well. It takes two of them, or one that contains an untested commit of the base; one that passes speaks against it.
 */
function redElsewhere(
  { others }: FailureCase,
  { attempts, lines }: Past,
  point: Point,
  text: FailureText,
  limits: Limits,
): Reason | undefined {
  const last = attempts.at(-1);
  if (last === undefined) return undefined;
  const recent = others.filter(({ run }) => run.at > last.run.at && lines.has(run.lineId));
  const changeOf = ({ run }: Attempt) => run.branch ?? String(run.pullRequest);
  // A pass ends the row: what was red before it was that change's own.
  const redSince = (some: readonly Attempt[], least: number): readonly Attempt[] | undefined => {
    const row = some.slice(
      some.findLastIndex(({ failed, text: there }) => !failed || !isAlike(there ?? {}, text)) + 1,
    );
    return new Set(row.map(changeOf)).size >= least ? row : undefined;
  };
  const untested = new Set(point.untested ?? []);
  const contain = recent.filter(({ run }) => run.parents?.some((parent) => untested.has(parent)) ?? false);
  const chosen = redSince(contain, limits.elsewhereUntested) ?? redSince(recent, limits.elsewhere);
  return (
    chosen && {
      kind: 'red-elsewhere',
      sha: last.sha,
      branches: [...new Set(chosen.map(({ run }) => run.branch ?? run.runId))],
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
  const { file, sharesFiles } = test;
  if (skippedAt !== undefined) return isNew(test, { kind: 'skipped-there', sha: skippedAt }, text);
  const isAbsent =
    file?.isInTree === false || file?.ran === true || (file?.isInTree === undefined && sharesFiles);
  return isAbsent ? isNew(test, { kind: 'absent-there' }, text) : noHistory({ kind: 'not-run-there' });
}

function evidenceOf(
  test: FailureCase,
  past: Past,
  point: Point,
  text: FailureText,
  limits: Limits,
): FlakyEvidence | undefined {
  const until = point.runs.reduce((latest, { at }) => Math.max(latest, at), 0);
  // On the base branch itself other branches are no evidence: what they add may never come here.
  const reruns = [...(test.isOnBaseBranch ? [] : test.others), ...test.allBase];
  return flakyEvidence(text, { base: past.attempts, reruns, until }, limits);
}

/** The row of failures that this change made, where it is improbable at the test's rate on the base. */
function brokenHere(
  { here, own, isOnBaseBranch, run }: FailureCase,
  past: Past,
  evidence: FlakyEvidence,
  limits: Limits,
): Notes['wasFlaky'] {
  const row = rowAtEnd([...(isOnBaseBranch ? past.attempts : []), ...own, ...here], limits);
  const from = run.at - limits.evidenceDays * dayMs;
  const earlier = isOnBaseBranch
    ? { failures: row.earlierFailures, runs: row.earlierRuns }
    : {
        failures: past.attempts.filter((attempt) => attempt.failed && attempt.run.at >= from).length,
        runs: past.attempts.filter((attempt) => attempt.run.at >= from).length,
      };
  const inARow = row.failures.length;
  return isImprobable(inARow, earlier, limits)
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
    redBefore: [...new Set(red.map(({ sha }) => sha))].toReversed().slice(0, 3),
  };
}
