// How far a memory can be trusted: what came of the breakages it was told for, and how often such tests recover untaught.
import type { Earlier, EpisodeEnd, HealixMemory } from '../model.ts';
import { isImprobable } from './broken.ts';
import { flakyEvidence } from './flaky.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type Attempt, isAlike } from './past.ts';

/** One breakage of one test or cause with one signature, in one job, on the branch where it was new. */
export interface Episode {
  /** Attempts on that branch, the base's before them, in commit order. Runs that are no evidence are not among them. */
  readonly attempts: readonly Attempt[];
  /** Place of the breakage's first failure in `attempts`. */
  readonly start: number;
  /** What was known of the time before it when more of it was in sight. */
  readonly earlier?: Earlier | undefined;
}

export interface EndedEpisode {
  readonly end: EpisodeEnd;
  /** The attempt that ended it; of an open one its last failure. */
  readonly last: Attempt;
  /** Its failures, the first one among them. */
  readonly row: readonly Attempt[];
  readonly earlier: Earlier;
}

/**
 * `worked`: broken, then green on a later commit, and not red alike within 20 runs. `failed`: still failing alike on 3 later
 * commits. Failed and repaired later says nothing: nobody knows what repaired it. Nor do failures of a flaky test, what was red
 * from the beginning, and a rerun of the same commit that passes. Other errors between say neither that it is repaired nor that
 * it is not.
 */
export function endEpisode(
  { attempts, start, earlier: known }: Episode,
  limits: Limits = defaultLimits,
): EndedEpisode | undefined {
  const first = attempts[start];
  if (first === undefined) return undefined;
  const text = first.text ?? {};
  const isSame = (attempt: Attempt) => attempt.failed && isAlike(attempt.text ?? {}, text);
  const after = attempts.slice(start).filter((attempt) => !attempt.failed || isSame(attempt));
  const green = after.findIndex(({ failed }) => !failed);
  const row = green < 0 ? after : after.slice(0, green);
  const before = attempts
    .slice(0, start)
    .filter(({ run }) => run.at >= first.run.at - limits.evidenceDays * dayMs);
  const seen = { failures: before.filter(({ failed }) => failed).length, runs: before.length };
  const earlier = known !== undefined && known.runs > seen.runs ? known : seen;
  const isBroken = isImprobable(row.length, earlier, limits);
  const wasGreen = attempts.slice(0, start).some(({ failed }) => !failed) || earlier.runs > earlier.failures;
  const repairing = green < 0 ? undefined : after[green];
  const fourth = firstOnLaterCommit(row, limits.failedCommits);
  const lastFailure = row.at(-1) ?? first;
  const ended = (end: EpisodeEnd, last: Attempt): EndedEpisode => ({ end, last, row, earlier });

  if (!wasGreen) return ended('nothing', repairing ?? lastFailure);
  if (repairing === undefined) {
    const isFlaky = () =>
      flakyEvidence(
        text,
        { base: before, allBase: before, others: [], isOnBase: true, until: first.run.at },
        limits,
      ) !== undefined;
    if (fourth === undefined) return ended('open', lastFailure);
    return !isBroken && isFlaky() ? ended('open', lastFailure) : ended('failed', fourth);
  }
  const relapses = () => after.slice(green + 1, green + 1 + limits.relapseRuns).some(isSame);
  const isNothing = repairing.sha === lastFailure.sha || fourth !== undefined || !isBroken || relapses();
  return ended(isNothing ? 'nothing' : 'worked', repairing);
}

/** The first failure with so many other commits before it. */
function firstOnLaterCommit(row: readonly Attempt[], later: number): Attempt | undefined {
  const commits = new Set<string>();
  return row.find(({ sha }) => commits.add(sha).size > later);
}

/** Episodes that ended, by how. */
export interface Tries {
  readonly worked: number;
  readonly failed: number;
}

/** Mean of the Beta distribution that starts out uniform, to two decimals: 47 and 3 give 0.92. */
export function confidenceOf({ worked, failed }: Tries): number {
  return Math.round((100 * (worked + 1)) / (worked + failed + 2)) / 100;
}

/** Where the memory is better than waiting with less than this probability, it is not said to be better. */
const surelyBetter = 0.975;
/** The sum is exact and takes as many steps; far more than these change nothing that anybody could see. */
const mostCounted = 10_000;

/**
 * Whether nothing shows that a memory does better than leaving its test alone: its episodes against those of the same test
 * before it was taught, or without a match. false where nothing is known of either.
 */
export function isNoBetterThanWaiting(memory: Tries, untaught: Tries): boolean {
  if (memory.worked + memory.failed === 0 || untaught.worked + untaught.failed === 0) return false;
  return probabilityBetter(bounded(memory), bounded(untaught)) < surelyBetter;
}

/** The same of a memory as it is stored; false where nothing is known of its test untaught. */
export function isMemoryNoBetter({
  successCount,
  failureCount,
  untaught,
}: Pick<HealixMemory, 'successCount' | 'failureCount' | 'untaught'>): boolean {
  return (
    untaught !== undefined &&
    isNoBetterThanWaiting(
      { worked: successCount, failed: failureCount },
      { worked: untaught.recovered, failed: untaught.lasted },
    )
  );
}

function bounded({ worked, failed }: Tries): Tries {
  const scale = Math.min(1, mostCounted / (worked + failed));
  return { worked: Math.round(worked * scale), failed: Math.round(failed * scale) };
}

/**
 * Probability that one rate is higher than another, both with a Beta distribution that starts out uniform. Exact: a sum over the
 * first one's successes.
 */
export function probabilityBetter(one: Tries, other: Tries): number {
  const [a, b] = [one.worked + 1, one.failed + 1];
  const [c, d] = [other.worked + 1, other.failed + 1];
  let term = 1;
  // B(c, b + d) / B(c, d), as a product of b factors.
  for (let i = 0; i < b; i++) term *= (d + i) / (c + d + i);
  let sum = 0;
  for (let i = 0; i < a; i++) {
    sum += term;
    term *= ((c + i) * (b + i)) / ((1 + i) * (b + c + d + i));
  }
  return sum;
}
