// The coverage of a change in words that every surface shares. Pure; escaping is the surface's.
import type { Branch, LineRange, Patch, PatchCoverage, PatchFile } from '../model.ts';
import { count, number, percent } from './words.ts';

/** `12`, `10-15`; what lies between two of them is given by `join`. */
export function lineRanges(ranges: readonly LineRange[], join = ', '): string {
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(join);
}

/** Whether there is anything to tell. */
export function hasPatchNews(patch: Patch | undefined): patch is Patch {
  if (patch === undefined) return false;
  if ('problem' in patch) return true;
  const { changedStatements, lost = [], unreported } = patch.coverage;
  const { notComputed = [] } = patch;
  return notComputed.length > 0 || changedStatements > 0 || lost.length > 0 || unreported.length > 0;
}

/** `70 % of 20 changed statements are covered`, and by whose reports. */
export function patchSentence({
  coverage,
  runs,
  isOfOthers = false,
  notComputed = [],
}: Exclude<Patch, { readonly problem: string }>): string {
  const { changedStatements, percent: share } = coverage;
  const those = isOfOthers ? count(runs, 'run') : `the ${runs} runs`;
  const all = runs > 1 || isOfOthers ? `, by ${those} of this commit so far` : '';
  const by = `${all}${notComputed.length > 0 ? `; not computed for ${count(notComputed.length, 'file')}` : ''}`;
  if (share === undefined) return `no changed line is a statement that coverage measures${by}`;
  const { branches } = coverage;
  const ways = branches === undefined || branches.changed === 0 ? '' : `, ${branchWords(branches)}`;
  return `${percent(share)} of ${count(changedStatements, 'changed statement')} covered${ways}${by}`;
}

/** `3 of 4 branches` */
export function branchWords({
  changed,
  covered,
}: {
  readonly changed: number;
  readonly covered: number;
}): string {
  return `${number(covered)} of ${number(changed)} ${changed === 1 ? 'branch' : 'branches'}`;
}

/** `12 → 15`, `20 → exit`: a way that no test took. */
export function branchName([from, to]: Branch): string {
  return `${from} → ${to < 1 ? 'exit' : to}`;
}

/** Whether a file of the change has lines or branches without a test. */
export function isUncovered({ uncovered, branches }: PatchFile): boolean {
  return uncovered.length > 0 || (branches?.partial.length ?? 0) > 0;
}

/** `77.5 % of 40 statements, by the 3 runs of this commit so far together`; empty where there is one run. */
export function togetherSentence(patch: Patch | undefined): string {
  if (patch?.together === undefined) return '';
  const { runs, statements, covered } = patch.together;
  // A job's own percentage counts them.
  const ways = 'coverage' in patch && patch.coverage.branches !== undefined ? ' without branches' : '';
  return `${percent((100 * covered) / statements)} of ${count(statements, 'statement')}${ways}, by the ${runs} runs of this commit so far together`;
}

/** How many unchanged lines lost their coverage. */
export function lostLines({ lost = [] }: PatchCoverage): number {
  return lost.reduce(
    (sum, { lines }) => sum + lines.reduce((all, [first, last]) => all + last - first + 1, 0),
    0,
  );
}
