// The evidence behind each verdict as a sentence, the same on every surface. Pure; the surface escapes it, because it holds names of
// branches, jobs and errors. docs/healix.md shows them all.
import type { ComparisonPoint, FailureHistory, Fixed, Novelty, RunHistory, Since } from '../model.ts';
import { count, number } from './words.ts';

/** In this order failures are shown. */
export const novelties: readonly Novelty[] = ['new', 'no-history', 'flaky', 'pre-existing'];

/** `new`, `flaky, known`. */
export function labelOf({ class: novelty, known }: Pick<FailureHistory, 'class' | 'known'>): string {
  return known ? `${novelty}, known` : novelty;
}

export function shortSha(sha: string): string {
  return /^[0-9a-f]{12,}$/.test(sha) ? sha.slice(0, 8) : sha.slice(0, 40);
}

/** Why a failure has its class; empty where the class says it all. */
export function evidenceOf(
  { class: novelty, reason, notes, since, lastFixedBy, formerName }: FailureHistory,
  history: Pick<RunHistory, 'baseBranch' | 'point'>,
): string {
  const base = history.baseBranch ?? 'the base branch';
  const parts = [reasonOf(reason, base, history.point, since !== undefined)];
  if (novelty === 'pre-existing') {
    if (reason.kind === 'red-there') parts.unshift(sinceOf(since, base));
    // A row of jobs that differ is no row.
  } else if (
    notes.wasFlaky === undefined &&
    since !== undefined &&
    since.inARow > 1 &&
    reason.kind !== 'jobs-differ'
  )
    parts.push(rowOf(since));
  if (notes.wasFlaky !== undefined) {
    const { failures, runs, inARow } = notes.wasFlaky;
    const row =
      since?.inARow === inARow && inARow > 1
        ? rowOf(since)
        : count(inARow, 'time') + (inARow > 1 ? ' in a row' : '');
    parts.push(`was flaky (${failures} of ${count(runs, 'run')} failed), now fails every time: ${row}`);
  }
  if (notes.passedOnRerunOf !== undefined)
    parts.push(`also passed on ${shortSha(notes.passedOnRerunOf)} when it ran again`);
  if (notes.redBefore.length > 0) parts.push(`red before on ${notes.redBefore.map(shortSha).join(', ')}`);
  if (since?.isEstimated === true && since.culprits !== undefined) parts.push(likelyOf(since.culprits));
  if (formerName !== undefined) parts.push(`there it is called ${formerName}`);
  if (lastFixedBy !== undefined) parts.push(`last repaired by ${shortSha(lastFixedBy)}`);
  return parts.filter((part) => part !== '').join('; ');
}

/** Whole ids of the commits that the evidence can name, those whose subject says most first. */
export function commitsOf({ reason, notes, since, lastFixedBy }: FailureHistory): string[] {
  const shas = [
    since?.firstRed,
    since?.lastGreen,
    lastFixedBy,
    reason.kind === 'red-there' ? reason.repairedBy : undefined,
    since?.otherErrorSince,
    since?.culprits?.[0]?.sha,
    'sha' in reason ? reason.sha : undefined,
    reason.kind === 'flaky' ? reason.evidence.sha : undefined,
    notes.passedOnRerunOf,
    ...notes.redBefore,
  ];
  return [...new Set(shas.filter((sha) => sha !== undefined))];
}

/**
 * `main ✓✓✓✗✓ · this change ✗✗` and `1 of 41 runs failed there, red for 12 days`: how a test did lately, oldest first; empty where
 * nothing but this run tells. The name of the branch is data.
 */
export function stripOf(
  { lately, class: novelty }: Pick<FailureHistory, 'lately' | 'class'>,
  baseBranch: string | undefined,
): { readonly strip: string; readonly rate: string } {
  if (lately === undefined) return { strip: '', rate: '' };
  const { base, change, failures, runs, days } = lately;
  const signs = (letters: string) => letters.replaceAll('p', '✓').replaceAll('f', '✗');
  const name = baseBranch ?? 'the base branch';
  const strip = [
    ...(base === '' ? [] : [`${name} ${signs(base)}`]),
    ...(change === '' ? [] : [`this change ${signs(change)}`]),
  ].join(' · ');
  const rate = [
    // The strip says it itself where it holds all runs; flaky evidence has its own count, over the runs of all changes.
    ...(runs <= base.length || novelty === 'flaky'
      ? []
      : [`${failures} of ${count(runs, 'run')} failed there`]),
    ...(days === undefined || days === 0 ? [] : [`red for ${count(days, 'day')}`]),
  ].join(', ');
  return { strip, rate };
}

function reasonOf(
  reason: FailureHistory['reason'],
  base: string,
  point: ComparisonPoint | undefined,
  hasBracket: boolean,
): string {
  switch (reason.kind) {
    case 'no-run':
      return '';
    case 'not-run-there':
      return `no run of ${base} tells whether it was so before`;
    case 'jobs-differ':
      return `on ${shortSha(reason.sha)} it passed in ${listOf(reason.passed)} and failed in ${listOf(reason.failed)}`;
    case 'steps-differ':
      return 'several steps of this job ran it: give the steps ids';
    case 'maybe-base':
      return `may be ${base}'s: red alike on ${shortSha(reason.sha)}`;
    case 'flaky': {
      const { kind, sha, branch, failures, runs } = reason.evidence;
      const where = branch === undefined || branch === base ? '' : ` (${branch})`;
      const seen =
        kind === 'rerun'
          ? `failed and passed on ${shortSha(sha)}${where}`
          : `fails alone now and then, last on ${shortSha(sha)}${where}`;
      if (runs === 0) return seen;
      return runs === 1
        ? `${seen}; the last run ${failures === 0 ? 'passed' : 'failed'}`
        : `${seen}; ${failures} of the last ${count(runs, 'run')} failed`;
    }
    case 'red-there': {
      const jobs = reason.jobs === undefined ? '' : ` in ${listOf(reason.jobs)}`;
      const repaired =
        reason.repairedBy === undefined
          ? ''
          : `; repaired on ${base} by ${shortSha(reason.repairedBy)}: rebase`;
      // The bracket says it where there is one.
      return hasBracket && jobs === ''
        ? repaired.replace('; ', '')
        : `red on ${shortSha(reason.sha)}${jobs}${repaired}`;
    }
    case 'red-elsewhere':
      return `fails alike on ${listOf(reason.branches)}, and passed on ${shortSha(reason.sha)}`;
    case 'green-there': {
      const jobs = reason.jobs === undefined ? '' : ` in ${listOf(reason.jobs)}`;
      return `passed on ${shortSha(reason.sha)}${jobs}${untestedOf(point)}`;
    }
    case 'green-without-edits':
      return `passed on ${shortSha(reason.sha)} without the uncommitted changes${reason.files === undefined ? '' : ` (${count(reason.files, 'file')})`}`;
    case 'other-error-there':
      return `red on ${shortSha(reason.sha)} with ${reason.errorType ?? 'another error'}, another error here`;
    case 'absent-there':
      return reason.sha === undefined
        ? `not a test of ${point === undefined ? base : shortSha(point.sha)}`
        : `not a test of ${shortSha(reason.sha)}; later runs of ${base} did not run its file`;
    case 'skipped-there':
      return `skipped on ${shortSha(reason.sha)}`;
  }
}

function untestedOf(point: ComparisonPoint | undefined): string {
  const n = point?.untested?.length ?? 0;
  if (n === 0) return '';
  return `; this change or ${n === 1 ? 'the untested commit' : `one of ${number(n)} untested commits`}`;
}

/** `red on main since 946a6cd (last green 7ba8c0f, 2 commits untested)`. */
function sinceOf(since: Since | undefined, base: string): string {
  if (since === undefined) return '';
  const { firstRed, lastGreen, otherErrorSince } = since;
  const red =
    otherErrorSince === undefined
      ? `red on ${base} since ${shortSha(firstRed)}`
      : `red on ${base} since ${shortSha(otherErrorSince)}, with this error since ${shortSha(firstRed)}`;
  if (lastGreen === undefined) return `${red} or earlier`;
  const untested = since.untested?.length ?? 0;
  const gap = untested === 0 ? '' : `, ${count(untested, 'commit')} untested`;
  return `${red} (last green ${shortSha(lastGreen)}${gap})`;
}

function rowOf({ firstRed, inARow }: Since): string {
  return `${inARow} times in a row since ${shortSha(firstRed)}`;
}

function likelyOf(culprits: NonNullable<Since['culprits']>): string {
  const [first] = culprits;
  if (first === undefined) return '';
  const share = `${Math.round(first.weight * 100)} %`;
  return culprits.length === 1
    ? `broke with ${shortSha(first.sha)}`
    : `broke most likely with ${shortSha(first.sha)} (${share}), or one of ${count(culprits.length - 1, 'other commit')}`;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown === '' ? 'another job' : shown;
}

/** What the run was compared with; why with nothing. */
export function comparedWith({ baseBranch, point }: Pick<RunHistory, 'baseBranch' | 'point'>): string {
  const base = baseBranch ?? 'the base branch';
  if (point === undefined)
    return baseBranch === undefined
      ? 'the run names no commit: nothing to compare with'
      : `no earlier run of ${base}: nothing to compare with`;
  const at = `${base} @ ${shortSha(point.sha)}`;
  const untested = point.untested?.length ?? 0;
  const gap = untested === 0 ? '' : `, ${count(untested, 'commit')} after it untested`;
  if (!point.isApproximate) return `${at}${howOf(point)}${gap}`;
  return point.source === 'payload-base'
    ? `${at} (as the pull request's event knew it, which may be older)`
    : `${at}, not with the merge base, which this clone does not tell`;
}

function howOf({ source }: ComparisonPoint): string {
  return source === 'merge-base'
    ? ' (merge base)'
    : source === 'head'
      ? ' (without the uncommitted changes)'
      : '';
}

/** What a green test that was red at the point means, and since when it was. */
export function fixedEvidence(fixed: Fixed, base: string): string {
  if (fixed.kind === 'fixed')
    return `red on ${base} since ${shortSha(fixed.since)}${fixed.wasGreen ? '' : ' or earlier'}`;
  return fixed.passesElsewhere
    ? `red on ${base} at ${shortSha(fixed.redAt)}; other changes pass it as well`
    : `red on ${base} at ${shortSha(fixed.redAt)}`;
}

/** `2 new, 1 flaky, 1 known`, and what was fixed. */
export function classCounts(
  history: RunHistory,
): readonly { readonly class: Novelty; readonly count: number }[] {
  return novelties.flatMap((novelty) => {
    const n = history.failures.filter((failure) => failure.class === novelty).length;
    return n === 0 ? [] : [{ class: novelty, count: n }];
  });
}

export function fixedTests({
  fixed,
}: Pick<RunHistory, 'fixed'>): readonly Extract<Fixed, { kind: 'fixed' }>[] {
  return fixed.filter((test) => test.kind === 'fixed');
}

/** An outage, in words; empty where the run is none. */
export function outageOf(history: Pick<RunHistory, 'isInfrastructure'> | undefined): string {
  return history?.isInfrastructure === true
    ? 'looks like infrastructure: nearly all tests failed here, and another run of this commit does not fail so; later runs are not compared with this one'
    : '';
}
