// The class of a failure: was it so before this change?
import { isImprobable, rowAtEnd } from './broken.ts';
import type { FileAtPoint, StoredRun } from './facts.ts';
import { type FlakyEvidence, failedThenPassed, flakyEvidence } from './flaky.ts';
import { groupBy } from './group.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type Attempt, type FailureText, isAlike, type Past } from './past.ts';
import type { Point } from './point.ts';

/** `new`: this change. `flaky`: by chance. `pre-existing`: the base has it. `no-history`: nothing to compare with. */
export type Novelty = 'new' | 'flaky' | 'pre-existing' | 'no-history';

/** Why a failure has its class, as data. Shas are the base's unless said otherwise. */
export type Reason =
  /** No run to compare with at all. */
  | { readonly kind: 'no-run' }
  /** Nothing at the point tells whether its file was run there. */
  | { readonly kind: 'not-run-there' }
  | {
      readonly kind: 'jobs-differ';
      readonly sha: string;
      readonly passed: readonly string[];
      readonly failed: readonly string[];
    }
  /** Several steps of this job ran it: they need ids. */
  | { readonly kind: 'steps-differ' }
  /** The merge base is not known, and the base failed alike at `sha`. */
  | { readonly kind: 'maybe-base'; readonly sha: string }
  | { readonly kind: 'flaky'; readonly evidence: FlakyEvidence }
  | {
      readonly kind: 'red-there';
      readonly sha: string;
      /** The jobs that failed there, where they are not the run's own. */
      readonly jobs: readonly string[] | undefined;
      /** The base was repaired after the point: a rebase helps. */
      readonly repairedBy: string | undefined;
    }
  /** Green at the point, but the newest runs of all other changes since then fail alike: this change is not the cause. */
  | {
      readonly kind: 'red-elsewhere';
      readonly sha: string;
      readonly branches: readonly string[];
    }
  | { readonly kind: 'green-there'; readonly sha: string; readonly jobs: readonly string[] | undefined }
  /** Green on the same commit without the uncommitted changes. */
  | { readonly kind: 'green-without-edits'; readonly sha: string; readonly files: number | undefined }
  | { readonly kind: 'other-error-there'; readonly sha: string; readonly errorType: string | undefined }
  | { readonly kind: 'absent-there' }
  | { readonly kind: 'skipped-there'; readonly sha: string };

/** What else holds of a failure. */
export interface Notes {
  /** It failed and passed on this commit of this change. */
  readonly newlyFlakyOn: string | undefined;
  /** The test was flaky, and this change's row of failures is improbable at its rate. */
  readonly wasFlaky:
    | { readonly failures: number; readonly runs: number; readonly inARow: number }
    | undefined;
  /** Commits before the point on which it failed alike and alone, newest first; at most 3. */
  readonly redBefore: readonly string[];
}

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

const noNotes: Notes = { newlyFlakyOn: undefined, wasFlaky: undefined, redBefore: [] };

export function classify(test: FailureCase, limits: Limits = defaultLimits): Classified {
  const text = test.here.at(-1)?.text ?? {};
  const { point, past } = test;
  const edited = greenWithoutEdits(test);
  if (point === undefined || past === undefined)
    return edited === undefined ? noHistory({ kind: 'no-run' }) : isNew(test, edited, text, limits);

  const { state } = past;
  if (state.kind === 'steps') return noHistory({ kind: 'steps-differ' });
  if (state.kind === 'absent' || state.kind === 'skipped')
    return withoutPast(test, state.kind === 'skipped' ? state.sha : undefined, text, limits);

  const row = rowAtEnd(past.attempts, limits);
  const evidence = row.isBroken ? undefined : evidenceOf(test, past, point, text, limits);
  if (evidence !== undefined) {
    const wasFlaky = brokenHere(test, past, evidence, limits);
    if (wasFlaky === undefined)
      return { class: 'flaky', reason: { kind: 'flaky', evidence }, notes: noNotes };
    const reason = edited ?? thereReason(past, text);
    return { class: 'new', reason, notes: { ...notesOf(test, text, limits), wasFlaky } };
  }
  if (edited !== undefined) return isNew(test, edited, text, limits);
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
  return isNew(test, thereReason(past, text), text, limits);
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
  const newest = [...groupBy(recent, changeOf).values()].flatMap((group) => group.slice(-1));
  const areAlike = (some: readonly Attempt[], least: number) =>
    some.length >= least && some.every(({ failed, text: there }) => failed && isAlike(there ?? {}, text));
  const untested = new Set(point.untested ?? []);
  const contain = newest.filter(({ run }) => run.parents?.some((parent) => untested.has(parent)) ?? false);
  const chosen = areAlike(contain, limits.elsewhereUntested)
    ? contain
    : areAlike(newest, limits.elsewhere)
      ? newest
      : undefined;
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

function isNew(test: FailureCase, reason: Reason, text: FailureText, limits: Limits): Classified {
  return { class: 'new', reason, notes: notesOf(test, text, limits) };
}

/** The test passed on the very commit, without the changes that are not committed. */
function greenWithoutEdits({ cleanHead, uncommittedFiles }: FailureCase): Reason | undefined {
  const last = cleanHead.at(-1);
  return last === undefined || last.failed
    ? undefined
    : { kind: 'green-without-edits', sha: last.sha, files: uncommittedFiles };
}

function withoutPast(
  test: FailureCase,
  skippedAt: string | undefined,
  text: FailureText,
  limits: Limits,
): Classified {
  const { file, sharesFiles } = test;
  if (skippedAt !== undefined) return isNew(test, { kind: 'skipped-there', sha: skippedAt }, text, limits);
  const isAbsent =
    file?.isInTree === false || file?.ran === true || (file?.isInTree === undefined && sharesFiles);
  return isAbsent
    ? isNew(test, { kind: 'absent-there' }, text, limits)
    : noHistory({ kind: 'not-run-there' });
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
      const other = state.texts.find((there) => !isAlike(there, text)) ?? state.texts[0];
      return { kind: 'other-error-there', sha: state.sha, errorType: other?.errorType };
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

/** The test fails more often in this change than its rate on the base lets expect. */
function isMoreOften(own: readonly Attempt[], base: readonly Attempt[], { broken }: Limits): boolean {
  const count = (attempts: readonly Attempt[]) => attempts.filter(({ failed }) => failed).length;
  const rate = (count(base) + 1) / (base.length + 2);
  return probabilityOfAtLeast(count(own), own.length, rate) < broken;
}

/** Of at least so many failures in so many runs, at a rate: the binomial distribution's tail. */
function probabilityOfAtLeast(failures: number, runs: number, rate: number): number {
  let term = (1 - rate) ** runs;
  let below = 0;
  for (let i = 0; i < failures; i++) {
    below += term;
    term *= ((runs - i) / (i + 1)) * (rate / (1 - rate));
  }
  return 1 - below;
}

function notesOf({ own, here, past }: FailureCase, text: FailureText, limits: Limits): Notes {
  const before = past?.attempts ?? [];
  const red = before.filter((attempt) => attempt.failed && isAlike(attempt.text ?? {}, text));
  return {
    newlyFlakyOn: isMoreOften([...own, ...here], before, limits)
      ? failedThenPassed([...own, ...here]).at(-1)?.sha
      : undefined,
    wasFlaky: undefined,
    redBefore: [...new Set(red.map(({ sha }) => sha))].toReversed().slice(0, 3),
  };
}
