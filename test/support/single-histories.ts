// Random histories of one test that broke at a known commit, and of tests that only flake: what since and its set of commits
// are measured by.

import { changePoint, type Sample } from '../../src/judge/changepoint.ts';
import type { CommitPlace } from '../../src/judge/facts.ts';
import { groupBy } from '../../src/judge/group.ts';
import { type FailureVerdict, judgePoint, judgeTests } from '../../src/judge/judge.ts';
import type { StoredRun } from '../../src/model.ts';
import { Random } from './random.ts';

export interface SingleHistory {
  readonly verdict: FailureVerdict;
  /** Samples of the test's own job, in commit order. */
  readonly samples: readonly Sample[];
  /** Commits by the samples' places, each with the untested ones before it. */
  readonly places: readonly (readonly string[])[];
  /** The commit that broke the test; undefined where none did. */
  readonly culprit: string | undefined;
}

/**
 * About 60 commits of main, with gaps, two jobs, and old commits that ran again; the last run fails.
 *
 * @param after undefined: nothing breaks, the test fails at the rate `before`
 */
export function makeSingleHistory(seed: number, before: number, after: number | undefined): SingleHistory {
  const random = new Random(seed * 104_729 + 31);
  const commits: CommitPlace[] = [];
  const day = Date.parse('2026-03-01T00:00:00Z');
  for (let position = 1; position <= 75; position++)
    commits.push({
      sha: String(position).padStart(40, 'c'),
      position,
      committedAt: day + position * 2_400_000,
    });
  const breakAt = after === undefined ? Infinity : random.between(20, 68);
  const isTested = commits.map((_, i) => i === 74 || random.chance(0.82));
  const runs: StoredRun[] = [];
  const failed = new Map<string, boolean>();
  const outcome = (place: number) => random.chance(place + 1 >= breakAt ? (after ?? before) : before);
  const run = (place: number, job: string, isLast = false) => {
    const sha = commits[place]?.sha ?? '';
    const runId = `r${runs.length}`;
    runs.push({
      runId,
      lineId: job,
      jobName: job,
      gitSha: sha,
      testedSha: sha,
      parents: [commits[place - 1]?.sha ?? ''],
      kind: 'head',
      origin: 'team',
      branch: 'main',
      pullRequest: undefined,
      execution: runId,
      ordinal: 0,
      at: day + (place + 1) * 2_400_000 + runs.length * 1000,
      isComplete: true,
      isDirty: false,
      isStale: false,
      totals: { tests: 1, failed: 0, failedFiles: 0 },
    });
    failed.set(runId, isLast || outcome(place));
  };
  commits.forEach((_, place) => {
    if (!isTested[place]) return;
    run(place, 'b');
    run(place, 'a', place === 74);
    if (random.chance(0.06)) {
      const old = random.between(Math.max(0, place - 10), place);
      if (isTested[old] && place < 74) run(old, 'a');
    }
  });
  const last = runs.at(-1);
  if (last === undefined) throw new Error('no runs');
  const judged = judgePoint({
    run: last,
    change: { event: 'branch', baseBranch: 'main', isOnBaseBranch: true, before: commits[73]?.sha },
    runs: runs.slice(0, -1),
    commits,
  });
  const testName = 't.py::test';
  const { failures } = judgeTests(judged, {
    rows: runs.map(({ runId }) => ({
      testName,
      runId,
      outcome: failed.get(runId) === true ? ('failed' as const) : ('passed' as const),
      driftSignature: failed.get(runId) === true ? 'd' : undefined,
    })),
    failures: [{ testName, testFile: 't.py' }],
    files: [{ file: 't.py', isInTree: true, ran: true }],
    filesHere: 1,
    filesAlsoAtPoint: 1,
  });
  const verdict = failures[0];
  if (verdict === undefined) throw new Error('no verdict');
  const own = groupBy(
    runs.filter(({ lineId }) => lineId === 'a'),
    ({ testedSha }) => testedSha,
  );
  const samples: Sample[] = [];
  const places: string[][] = [];
  let names: string[] = [];
  for (const { sha } of commits) {
    names.push(sha);
    const group = own.get(sha);
    if (group === undefined) continue;
    for (const one of group) samples.push({ commit: places.length, failed: failed.get(one.runId) === true });
    places.push(names);
    names = [];
  }
  return {
    verdict,
    samples,
    places,
    culprit: after === undefined ? undefined : commits[breakAt - 1]?.sha,
  };
}

/** How well the sets of commits hold the commit that broke a test. */
export interface SinceQuality {
  histories: number;
  /** The change point's set holds it, whether a break is said or not. */
  held: number;
  /** The likeliest commit, or one of the untested ones before it. */
  likeliest: number;
  /** A verdict names commits that may have broken it, of a steady test falsely; and they hold it. */
  said: number;
  saidAndHeld: number;
  /** Commits named, in all. */
  named: number;
}

export function measureSince(
  seeds: Iterable<number>,
  rates: (seed: number) => readonly [before: number, after: number | undefined],
): SinceQuality {
  const quality = { histories: 0, held: 0, likeliest: 0, said: 0, saidAndHeld: 0, named: 0 };
  for (const seed of seeds) {
    const [before, after] = rates(seed);
    const { verdict, samples, places, culprit } = makeSingleHistory(seed, before, after);
    quality.histories++;
    const change = changePoint(samples);
    const commitsOf = (place: number | undefined) => (place === undefined ? [] : (places[place] ?? []));
    if (culprit !== undefined) {
      if (change?.candidates.some(({ commit }) => commitsOf(commit).includes(culprit))) quality.held++;
      if (commitsOf(change?.candidates[0]?.commit).includes(culprit)) quality.likeliest++;
    }
    const culprits = verdict.since?.culprits;
    if (culprits === undefined) continue;
    quality.said++;
    quality.named += culprits.length;
    if (culprits.some(({ sha }) => sha === culprit)) quality.saidAndHeld++;
  }
  return quality;
}
