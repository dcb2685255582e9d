// Simulated memories of known effect: what confidence and "no better than waiting" are measured by.
import { confidenceOf, episodeEnd, isNoBetterThanWaiting, type Tries } from '../../src/judge/confidence.ts';
import type { StoredRun } from '../../src/judge/facts.ts';
import type { Attempt } from '../../src/judge/past.ts';
import { Random } from './random.ts';

const hour = 3_600_000;

/** How one episode ended, by the rules: 30 green runs, the breakage, and what followed. */
function simulateEpisode(random: Random, isRepaired: boolean): keyof Tries | undefined {
  const attempts: Attempt[] = [];
  const add = (failed: boolean) => {
    const sha = `c${attempts.length}`;
    const run: StoredRun = {
      runId: sha,
      lineId: 'a',
      jobName: 'a',
      gitSha: sha,
      testedSha: sha,
      parents: [],
      kind: 'head',
      origin: 'team',
      branch: 'main',
      pullRequest: undefined,
      execution: undefined,
      ordinal: 0,
      at: attempts.length * hour,
      isComplete: true,
      isDirty: false,
      isStale: false,
      totals: { tests: 1, failed: 0, failedFiles: 0 },
    };
    attempts.push({ run, commit: sha, sha, failed, text: failed ? { driftSignature: 'd' } : undefined });
  };
  for (let i = 0; i < 30; i++) add(false);
  const start = attempts.length;
  for (let n = random.between(2, 3); n > 0; n--) add(true);
  if (isRepaired) for (let i = 0; i < 25; i++) add(false);
  else for (let i = 0; i < 4; i++) add(true);
  const end = episodeEnd({ attempts, start, saysNothing: false });
  return end === 'worked' || end === 'failed' ? end : undefined;
}

function simulateTries(random: Random, rate: number, episodes: number): Tries {
  const tries = { worked: 0, failed: 0 };
  for (let i = 0; i < episodes; i++) {
    const end = simulateEpisode(random, random.chance(rate));
    if (end !== undefined) tries[end]++;
  }
  return tries;
}

export interface MemoryQuality {
  /** Mean distance of the confidence from the true share of worked episodes, over ten bins, weighed by their size. */
  readonly calibrationError: number;
  /** Useless memories of self-healing tests, and those of them that are marked. */
  readonly useless: number;
  readonly uselessMarked: number;
  /** Memories that double the share of repaired episodes or better, of 10 episodes or more, and those wrongly marked. */
  readonly useful: number;
  readonly usefulMarked: number;
}

/** Effects are spread evenly over 0 to 1; a memory has 0 to 40 episodes, its test 3 to 40 untaught ones. */
export function measureMemories(count: number, seed: number): MemoryQuality {
  const random = new Random(seed);
  const bins = Array.from({ length: 10 }, () => ({ n: 0, said: 0, was: 0 }));
  const quality = { useless: 0, uselessMarked: 0, useful: 0, usefulMarked: 0 };
  for (let i = 0; i < count; i++) {
    const isUseless = i % 3 === 0;
    const baseline = isUseless ? 0.3 + 0.7 * random.next() : random.next();
    const effect = isUseless ? baseline : random.next();
    const episodes = random.between(isUseless ? 1 : 0, 40);
    const memory = simulateTries(random, effect, episodes);
    const untaught = simulateTries(random, baseline, random.between(3, 40));
    const marked = isNoBetterThanWaiting(memory, untaught);
    if (isUseless) {
      quality.useless++;
      if (marked) quality.uselessMarked++;
    } else {
      const confidence = confidenceOf(memory);
      const bin = bins[Math.min(9, Math.floor(confidence * 10))];
      if (bin !== undefined) {
        bin.n++;
        bin.said += confidence;
        bin.was += effect;
      }
      if (effect >= 2 * baseline && effect >= baseline + 0.4 && episodes >= 10) {
        quality.useful++;
        if (marked) quality.usefulMarked++;
      }
    }
  }
  const all = bins.reduce((sum, { n }) => sum + n, 0);
  return {
    ...quality,
    calibrationError: bins.reduce((sum, { said, was }) => sum + Math.abs(said - was), 0) / all,
  };
}
