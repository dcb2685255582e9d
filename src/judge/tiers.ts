// Which memory fits a failure, and how well. Pure.
import type { Match, MemoryCandidate, Tier } from '../model.ts';

/** The surest first. */
const order: readonly Tier[] = ['exact', 'moved', 'cause', 'similar'];

/**
 * The best of the candidates: of two in one tier the first.
 *
 * @param isOutside the failure lies outside of its test's own function, so that other tests can share it
 */
export function chooseMatch(candidates: readonly MemoryCandidate[], isOutside: boolean): Match | undefined {
  let best: Match | undefined;
  for (const candidate of candidates) {
    const match = { tier: tierOf(candidate, isOutside), memory: candidate.memory };
    if (best === undefined || isSurer(match, best)) best = match;
  }
  return best;
}

export function isSurer(match: Match | undefined, other: Match | undefined): boolean {
  const place = (one: Match | undefined) => (one === undefined ? order.length : order.indexOf(one.tier));
  return place(match) < place(other);
}

/** Whether the failure is known: never by a memory that is only similar. */
export function isKnown(match: Match | undefined): boolean {
  return match !== undefined && match.tier !== 'similar';
}

/** The failure signature knows no values: another bug on the same assertion has the same one, so equal words decide. */
function tierOf({ isSameTest, isSameFailure, hasSameWords }: MemoryCandidate, isOutside: boolean): Tier {
  if (isSameTest && isSameFailure && hasSameWords !== false) return 'exact';
  if (hasSameWords !== true) return 'similar';
  return isSameTest ? 'moved' : isOutside ? 'cause' : 'similar';
}
