// The class of a failure: known, flaky, pre-existing or new.
import type { FailureClass, FailureFacts } from '../model.ts';
import type { Timeline } from './timeline.ts';

/** Changes of outcome on the base branch count as flips within so many days before the run. */
const flipDays = 14;
/** A test with so many flips is flaky. */
const flakyFlips = 2;

/** The first class that applies, in the order of `FailureClass`. */
export function classOf(
  { match, passedInTwin }: FailureFacts,
  timeline: Timeline,
  createdAt: Date,
): FailureClass {
  if (match !== undefined && match.tier !== 'similar') return 'known';
  const since = new Date(createdAt.getTime() - flipDays * 86_400_000);
  if (passedInTwin || timeline.passedOnRerun || timeline.flipsSince(since) >= flakyFlips) return 'flaky';
  return timeline.failedOnBase ? 'pre-existing' : 'new';
}
