// Why the step is red, in sentences for its log.
import { StoreError } from '../../errors.ts';
import type { Verdict } from '../../ingest.ts';
import { count } from '../../tell/words.ts';
import { coverageToBlame, failuresToBlame, starsToBlame, whyNotReviewed } from '../fail-on.ts';
import type { Inputs } from './inputs.ts';
import { warn } from './log.ts';

/** Why the step is red; none where it is green. What is no reason by the inputs is a warning. */
export function reasonsToFail({ settings, requireUpload }: Inputs, verdict: Verdict): string[] {
  const { totals, saved, storeError } = verdict;
  const reasons: string[] = [];
  const failures = totals.failed + totals.errors;
  const { failOn } = settings;
  const asked = `fail-on: ${failOn.join(',')}`;
  const blamed = failuresToBlame(failOn, verdict);
  if (blamed === undefined) {
    // A judgement that could not be made is never a pass.
    reasons.push(
      `${asked}, and ${failures === 1 ? 'the failure' : `the ${failures} failures`} could not be judged without ${failures === 1 ? 'its' : 'their'} history: ${saved === undefined ? 'not stored' : `stored as run ${saved.runId}`}, not judged.`,
    );
  } else if (blamed > 0) {
    reasons.push(
      failOn.includes('any')
        ? `${asked}, and ${failures} of ${totals.total} tests failed${verdict.lost > 0 ? `, ${verdict.lost} could not be read` : ''}.`
        : `${asked}, and ${blamed} of ${count(failures, 'failure')} ${blamed === 1 ? 'is' : 'are'}.`,
    );
  }
  const stars = starsToBlame(failOn, verdict);
  if (stars === undefined)
    reasons.push(`${asked}, and ${whyNotReviewed(verdict.matriz.missing ?? 'not-given')}: not judged.`);
  else if (stars > 0) reasons.push(`${asked}, and MATRIZ is blocked by ${count(stars, 'star')}.`);
  const { sentences, undecided } = coverageToBlame(settings, verdict);
  for (const sentence of sentences) reasons.push(`${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`);
  // It begins with the input's name.
  if (undecided !== undefined) reasons.push(`${undecided}.`);
  if (storeError !== undefined) {
    const message = 'The run was NOT stored; the log of this step says why.';
    // A bug of ours is never green where a verdict was asked for.
    const isBug = !(storeError instanceof StoreError);
    if (requireUpload || (isBug && failOn.length > 0)) reasons.push(message);
    else warn({ code: 'not-stored', message });
  }
  return reasons;
}
