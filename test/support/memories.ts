// Simulated memories of known effect: what confidence and "no better than waiting" are measured by. Each history of a test goes
// through the code that learns from uploads.

import { confidenceOf, isNoBetterThanWaiting, type Tries } from '../../src/judge/confidence.ts';
import { type ChangeRuns, learn } from '../../src/judge/episodes.ts';
import { orderCommits } from '../../src/judge/order.ts';
import type { MemoryMatch, StoredRun, TestRow } from '../../src/model.ts';
import { Random } from './random.ts';

const hour = 3_600_000;
const testName = 'test_a.py::test';

/** The runs of one test on main, its breakages among them. */
class History {
  readonly runs: StoredRun[] = [];
  readonly rows: TestRow[] = [];
  readonly matches: MemoryMatch[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Green runs, 2 or 3 failures, and what follows: repaired, or red on later commits. */
  breakage(isRepaired: boolean, isShown: boolean): this {
    for (let i = 0; i < 20; i++) this.#run();
    const red = this.#random.between(2, 3) + (isRepaired ? 0 : 4);
    for (let i = 0; i < red; i++) this.#run(isShown);
    // One that lasted ends in sight of nobody: what comes next is another history.
    for (let i = 0; isRepaired && i < 21; i++) this.#run();
    return this;
  }

  #run(isShown?: boolean): void {
    const sha = `c${this.runs.length}`;
    const at = this.runs.length * hour;
    const failed = isShown !== undefined;
    this.runs.push({
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
      at,
      isComplete: true,
      isDirty: false,
      isStale: false,
      totals: { tests: 1, failed: 0, failedFiles: 0 },
    });
    this.rows.push({
      testName,
      runId: sha,
      outcome: failed ? 'failed' : 'passed',
      driftSignature: failed ? 'd' : undefined,
    });
    if (failed)
      this.matches.push({
        memoryId: 'm',
        runId: sha,
        at,
        testName,
        isShown,
        episode: undefined,
        counted: undefined,
        isHealed: false,
      });
  }

  /** What the uploads of the history add to the counts. */
  learned(): { readonly memory: Tries; readonly untaught: Tries } {
    const change: ChangeRuns = {
      name: 'head main',
      ids: this.runs.map(({ runId }) => runId),
      own: this.runs,
      base: [],
    };
    const order = orderCommits(this.runs, []);
    const [added] = learn({ change, order, rows: this.rows, matches: this.matches }).memories;
    const { worked = 0, failed = 0, recovered = 0, lasted = 0 } = added ?? {};
    return { memory: { worked, failed }, untaught: { worked: recovered, failed: lasted } };
  }
}

/** Breakages of one test, one after another; after one that is not repaired the history goes on elsewhere. */
function simulate(random: Random, rate: number, episodes: number, isShown: boolean): Tries {
  const tries = { worked: 0, failed: 0 };
  let history = new History(random);
  const count = () => {
    const { memory, untaught } = history.learned();
    const more = isShown ? memory : untaught;
    tries.worked += more.worked;
    tries.failed += more.failed;
    history = new History(random);
  };
  for (let i = 0; i < episodes; i++) {
    const isRepaired = random.chance(rate);
    history.breakage(isRepaired, isShown);
    if (!isRepaired) count();
  }
  count();
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
    const memory = simulate(random, effect, episodes, true);
    const untaught = simulate(random, baseline, random.between(3, 40), false);
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
