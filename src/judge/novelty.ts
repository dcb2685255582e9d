// The class of a failure: known, flaky, pre-existing or new.
import type { FailureClass, FailureFacts, Match } from '../model.ts';
import { isKnown } from './tiers.ts';
import type { Timeline } from './timeline.ts';

/** Changes of outcome on the base branch count as flips within 14 days before the run. */
const flipMs = 14 * 86_400_000;
/** A test with so many flips is flaky. */
const flakyFlips = 2;

/** The first class that applies, in the order of `FailureClass`. */
export function classOf(
  { match, passedInTwin }: Pick<FailureFacts, 'passedInTwin'> & { readonly match: Match | undefined },
  timeline: Timeline,
  at: number,
): FailureClass {
  if (isKnown(match)) return 'known';
  if (passedInTwin || timeline.passedOnRerun || timeline.flipsSince(at - flipMs) >= flakyFlips)
    return 'flaky';
  return timeline.failedOnBase ? 'pre-existing' : 'new';
}
