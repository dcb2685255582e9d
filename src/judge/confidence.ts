// How far a memory can be trusted: what came of the breakages it was shown for, and how often such tests recover untaught.
import { isImprobable } from './broken.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Attempt, isAlike } from './past.ts';

/** How an episode ended. `open`: it goes on. `nothing`: it says nothing of the memory. */
export type EpisodeEnd = 'worked' | 'failed' | 'nothing' | 'open';

/** One breakage of one test or cause with one signature, on the branch where it was new. */
export interface Episode {
  /** Attempts on that branch, the base's before them, in commit order. Infrastructure and strangers' runs are not among them. */
  readonly attempts: readonly Attempt[];
  /** Place of the breakage's first failure in `attempts`. */
  readonly start: number;
  /** The failure is one of a flaky test, or the run was partial. */
  readonly saysNothing: boolean;
}

/**
 * `worked`: broken, then green on a later commit, and not red alike within 20 runs. `failed`: still failing alike on 3 later
 * commits. Failed and repaired later says nothing: nobody knows what repaired it.
 */
export function episodeEnd(
  { attempts, start, saysNothing }: Episode,
  limits: Limits = defaultLimits,
): EpisodeEnd {
  const first = attempts[start];
  if (first === undefined || saysNothing) return 'nothing';
  const text = first.text ?? {};
  const isSame = (attempt: Attempt) => attempt.failed && isAlike(attempt.text ?? {}, text);
  const after = attempts.slice(start);
  const green = after.findIndex((attempt) => !isSame(attempt));
  const row = green < 0 ? after : after.slice(0, green);
  const hasFailed = new Set(row.map(({ commit }) => commit)).size > limits.failedCommits;
  const repairing = green < 0 ? undefined : after[green];
  if (repairing === undefined) return hasFailed ? 'failed' : 'open';
  // Another error, green on the same commit, or a row that chance explains.
  const before = attempts.slice(0, start);
  const earlier = { failures: before.filter(({ failed }) => failed).length, runs: before.length };
  if (repairing.failed || repairing.commit === row.at(-1)?.commit) return 'nothing';
  if (hasFailed || !isImprobable(row.length, earlier, limits)) return 'nothing';
  return after.slice(green + 1, green + 1 + limits.relapseRuns).some(isSame) ? 'nothing' : 'worked';
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

/**
 * Whether nothing shows that a memory does better than leaving its test alone: its episodes against those of the same test
 * before it was taught, or without a match. false where nothing is known of either.
 */
export function isNoBetterThanWaiting(memory: Tries, untaught: Tries): boolean {
  if (memory.worked + memory.failed === 0 || untaught.worked + untaught.failed === 0) return false;
  return probabilityBetter(memory, untaught) < surelyBetter;
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
