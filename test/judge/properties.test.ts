// What holds for any history, and the parts of the rules by themselves.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isImprobable } from '../../src/judge/broken.ts';
import { changePoint, logGamma, presentBreak } from '../../src/judge/changepoint.ts';
import { changesOf } from '../../src/judge/changes.ts';
import { confidenceOf, isNoBetterThanWaiting, probabilityBetter } from '../../src/judge/confidence.ts';
import { infrastructureRuns } from '../../src/judge/infrastructure.ts';
import { orderCommits } from '../../src/judge/order.ts';
import type { StoredRun, TestPair } from '../../src/model.ts';
import { makeHistory } from '../support/histories.ts';
import { startErrors } from '../support/history-errors.ts';
import { measureMemories } from '../support/memories.ts';
import { measureSince } from '../support/single-histories.ts';
import { Story } from '../support/story.ts';

const outcomes = fc.array(fc.constantFrom('P', 'F', 'S'), { minLength: 1, maxLength: 12 });
const letters = 'ABCDEFGHIJKL';

function storyOf(states: readonly string[]): Story {
  const story = new Story(letters);
  states.forEach((state, i) => {
    story.run(letters[i] ?? '', state);
  });
  return story;
}

describe('random histories', () => {
  it('let few real breaks pass, and are less often wrong than the former rules', () => {
    const errors = startErrors();
    for (const seed of [1, 3, 7]) errors.add(makeHistory(seed));
    const row = (name: string) =>
      errors.rows.get(name) ?? { now: { wrong: 0, of: 0 }, former: { wrong: 0, of: 0 } };
    const share = ({ wrong, of }: { wrong: number; of: number }) => wrong / Math.max(1, of);
    expect(row('real break passes').now.of).toBeGreaterThan(30);
    expect(share(row('real break passes').now)).toBeLessThanOrEqual(0.03);
    expect(row('run undecided').now.wrong).toBe(0);
    for (const name of ['wrong flaky', 'wrong pre-existing', 'wrong fixed'])
      expect(share(row(name).now), name).toBeLessThan(share(row(name).former));
  });

  it('are made equal by equal seeds', () => {
    const runs = (seed: number) => makeHistory(seed).runs.map(({ stored }) => stored);
    expect(runs(5)).toEqual(runs(5));
    expect(runs(5)).not.toEqual(runs(6));
  });
});

describe('the class of a failure', () => {
  it('does not depend on the order in which rows and runs are read', () => {
    fc.assert(
      fc.property(outcomes, fc.boolean(), (states, isReversed) => {
        const story = storyOf(states);
        if (isReversed) {
          story.runs.reverse();
          story.rows.reverse();
        }
        const at = letters[states.length - 1] ?? '';
        const plain = storyOf(states).judgePull(1, 'p', at, 'F').failures;
        expect(story.judgePull(1, 'p', at, 'F').failures.map((f) => [f.class, f.since])).toEqual(
          plain.map((f) => [f.class, f.since]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is new or flaky after a green point, pre-existing or flaky after a red one alike', () => {
    fc.assert(
      fc.property(outcomes, (states) => {
        const verdict = storyOf(states).judgePull(1, 'p', letters[states.length - 1] ?? '', 'F').failures[0];
        const last = states.findLast((state) => state !== 'S');
        const allowed = last === 'P' ? ['new', 'flaky'] : last === 'F' ? ['pre-existing', 'flaky'] : ['new'];
        expect(allowed).toContain(verdict?.class);
      }),
      { numRuns: 100 },
    );
  });

  it('is not moved by runs of strangers, stale reports and dirty checkouts outside CI', () => {
    const noise: Partial<StoredRun>[] = [
      { origin: 'stranger' },
      { isStale: true },
      { origin: 'local', isDirty: true },
    ];
    fc.assert(
      fc.property(
        outcomes,
        fc.array(fc.tuple(fc.nat(11), fc.constantFrom('P', 'F'), fc.constantFrom(...noise)), {
          maxLength: 6,
        }),
        (states, disturbing) => {
          const at = letters[states.length - 1] ?? '';
          const story = storyOf(states);
          for (const [place, state, columns] of disturbing) story.run(letters[place] ?? '', state, columns);
          const { failures } = story.judgePull(1, 'p', at, 'F');
          const plain = storyOf(states).judgePull(1, 'p', at, 'F').failures;
          expect(failures.map((f) => [f.class, f.reason])).toEqual(plain.map((f) => [f.class, f.reason]));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never takes a branch’s own runs for its past', () => {
    fc.assert(
      fc.property(outcomes, fc.array(fc.constantFrom('P', 'F'), { maxLength: 5 }), (states, pushes) => {
        const at = letters[states.length - 1] ?? '';
        const story = storyOf(states);
        pushes.forEach((state, i) => {
          story.pull(1, `p${i}`, at, state);
        });
        const plain = storyOf(states).judgePull(1, 'q', at, 'F').failures[0];
        const judged = story.judgePull(1, 'q', at, 'F').failures[0];
        if (plain?.class === 'flaky') expect(['flaky', 'new']).toContain(judged?.class);
        else expect(judged?.class).toBe(plain?.class);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the order of commits', () => {
  const run = (sha: string, at: number) => {
    const story = new Story('');
    story.run(sha, 'P');
    return { ...(story.runs[0] as StoredRun), runId: `${sha} ${at}`, at };
  };

  it('goes by position before dates, by dates before runs, and never by a later run', () => {
    const runs = [run('c', 1), run('b', 2), run('a', 3), run('a', 0), run('x', 9), run('x', 50)];
    const order = orderCommits(runs, [
      { sha: 'a', position: 1, committedAt: 30 },
      { sha: 'b', position: 2, committedAt: 20 },
      { sha: 'c', position: 3, committedAt: 40 },
      { sha: 'd', position: undefined, committedAt: 35 },
    ]);
    const sorted = ['a', 'b', 'c', 'd', 'x'].sort((p, q) => (order.rank(p) ?? 0) - (order.rank(q) ?? 0));
    expect(sorted).toEqual(['x', 'a', 'b', 'd', 'c']);
    expect(order.between('a', 'c')).toEqual(['b', 'c']);
    expect(order.between('a', 'd')).toBeUndefined();
  });
});

describe('a broken test', () => {
  it.each([
    [1, { failures: 0, runs: 100 }, true],
    [1, { failures: 0, runs: 10 }, false],
    [2, { failures: 0, runs: 10 }, true],
    [3, { failures: 3, runs: 10 }, false],
    [0, { failures: 0, runs: 1000 }, false],
  ])('%i failures after %o: %s', (inARow, earlier, broken) => {
    expect(isImprobable(inARow, earlier)).toBe(broken);
  });
});

describe('change points', () => {
  it('know ln Γ', () => {
    for (const [x, value] of [
      [1, 0],
      [0.5, Math.log(Math.PI) / 2],
      [5, Math.log(24)],
      [0.3, 1.0957979948180756],
      [
        60.5,
        Array.from({ length: 60 }, (_, i) => Math.log(i + 0.5)).reduce((a, b) => a + b) +
          Math.log(Math.PI) / 2,
      ],
    ] as const)
      expect(logGamma(x)).toBeCloseTo(value, 9);
  });

  const samples = (text: string) => [...text].map((letter, commit) => ({ commit, failed: letter === 'F' }));

  it('find a clean break alone, and none in a steady rate', () => {
    const change = presentBreak(samples(`${'P'.repeat(30)}${'F'.repeat(10)}`));
    expect(change?.candidates[0]).toMatchObject({ commit: 30 });
    expect(change?.probability).toBeGreaterThan(0.99);
    expect(presentBreak(samples('PPPFPPPPFPPPPPPFPPPPPPPPFPPPPPPF'))).toBeUndefined();
    expect(changePoint(samples('F'))).toBeUndefined();
  });

  it('are said of a clean break only once chance is the less probable', () => {
    const said = (reds: number) => {
      const main = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
      const story = new Story(main);
      for (const sha of main.slice(0, 20)) story.run(sha, 'P');
      for (const sha of main.slice(20, 20 + reds)) story.run(sha, 'F');
      return story.judge(main[20 + reds] ?? '', 'F', { parents: [main[19 + reds] ?? ''] }).failures[0]?.since;
    };
    expect(said(1)).toMatchObject({ lastGreen: 'T', firstRed: 'U', untested: [], culprits: undefined });
    expect(said(5)).toMatchObject({ culprits: [{ sha: 'U', weight: 1 }], isEstimated: false });
  });

  it('look behind the last recovery', () => {
    const text = `${'P'.repeat(15)}${'F'.repeat(15)}${'P'.repeat(20)}${'F'.repeat(8)}`;
    expect(presentBreak(samples(text))?.candidates[0]).toMatchObject({ commit: 50 });
  });

  it('never lie between the runs of one commit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { minLength: 2, maxLength: 40 }), (pairs) => {
        const ordered = pairs
          .map(([commit, failed]) => ({ commit, failed }))
          .sort((a, b) => a.commit - b.commit);
        const change = changePoint(ordered);
        const first = ordered[0]?.commit;
        for (const { commit, weight } of change?.candidates ?? []) {
          expect(commit).not.toBe(first);
          expect(weight).toBeGreaterThanOrEqual(0);
        }
        if (change)
          expect(change.candidates.reduce((sum, { weight }) => sum + weight, 0)).toBeGreaterThan(0.989);
      }),
      { numRuns: 100 },
    );
  });

  it('hold the commit that broke a test, and see no break in a steady flake', () => {
    const seeds = Array.from({ length: 60 }, (_, i) => i);
    const broken = measureSince(seeds, () => [0.05, 0.9]);
    expect(broken.held / broken.histories).toBeGreaterThanOrEqual(0.95);
    expect(broken.saidAndHeld / broken.said).toBeGreaterThanOrEqual(0.95);
    for (const rate of [0.02, 0.08]) expect(measureSince(seeds, () => [rate, undefined]).said).toBe(0);
  });
});

describe('an outage', () => {
  const run = (failed: number, files: number, sha = 'A'): StoredRun => {
    const story = new Story('');
    story.run(sha, 'P');
    return {
      ...(story.runs[0] as StoredRun),
      runId: `${sha} ${failed} ${files}`,
      totals: { tests: 30, failed, failedFiles: files },
    };
  };
  it.each([
    ['27 of 30 in 10 files, another run of the commit is green', [run(27, 10), run(0, 0)], 1],
    ['alone on its commit', [run(27, 10), run(0, 0, 'B')], 0],
    ['all runs of the commit fail so', [run(27, 10), run(26, 10)], 0],
    ['in 9 files', [run(27, 9), run(0, 0)], 0],
    ['less than 80 %', [run(23, 10), run(0, 0)], 0],
  ] as const)('%s', (_, runs, found) => {
    expect(infrastructureRuns(runs).size).toBe(found);
  });
});

describe('changes', () => {
  const test = (testName: string, more: Partial<TestPair>): TestPair => ({
    testName,
    testFile: 'a.py',
    testFunction: testName.slice('a.py::'.length).split('[')[0] ?? '',
    here: 'passed',
    there: 'passed',
    secondsHere: undefined,
    greenSeconds: [],
    ...more,
  });
  const file = {
    file: 'a.py',
    testsHere: 3,
    testsThere: 3,
    isInTreeHere: true,
    isInTreeThere: true,
    collectionFailed: false,
  };
  const whole = { isPointTested: true, isComplete: true };
  const changes = (tests: TestPair[], options = whole, files = [file]) =>
    changesOf({ tests, files, renamed: [] }, options);

  it('tell added, removed and newly skipped by name in files that both ran', () => {
    expect(
      changes([
        test('a.py::x', { there: undefined }),
        test('a.py::y', { here: undefined }),
        test('a.py::z', { here: 'skipped' }),
      ]),
    ).toMatchObject({ added: ['a.py::x'], removed: ['a.py::y'], newlySkipped: ['a.py::z'] });
  });

  it('call what the source still has not run, not removed', () => {
    expect(changes([test('a.py::y', { here: undefined, isInSourceHere: true })])).toMatchObject({
      removed: [],
      notRun: [{ file: 'a.py', tests: 1, why: 'not part of this run' }],
    });
  });

  it('call other parameters of one function changed, not removed', () => {
    const { added, removed, parametersChanged } = changes([
      test('a.py::f[1]', { here: undefined }),
      test('a.py::f[2]', { there: undefined }),
    ]);
    expect([added, removed, parametersChanged]).toEqual([[], [], ['a.py::f']]);
  });

  it('call nothing added or removed where the point’s commit has no run, nor removed after -x', () => {
    const tests = [test('a.py::x', { there: undefined }), test('a.py::y', { here: undefined })];
    expect(changes(tests, { ...whole, isPointTested: false })).toMatchObject({ added: [], removed: [] });
    expect(changes(tests, { ...whole, isComplete: false })).toMatchObject({
      removed: [],
      notRun: [{ file: 'a.py', tests: 1, why: 'not part of this run' }],
    });
  });

  it('call the tests of a deleted file removed', () => {
    const gone = { ...file, testsHere: 0, isInTreeHere: false };
    expect(changes([test('a.py::y', { here: undefined })], whole, [gone]).removed).toEqual(['a.py::y']);
  });

  it('call a test slower above the maximum of ten samples, 1.5 times their median and 0.1 s more', () => {
    const samples = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2];
    const slower = (secondsHere: number, greenSeconds: number[]) =>
      changes([test('a.py::x', { secondsHere, greenSeconds })]).slower.length;
    expect(slower(2.1, samples)).toBe(1);
    expect(slower(1.9, samples)).toBe(0);
    expect(slower(2.1, samples.slice(1))).toBe(0);
    expect(slower(0.09, Array(10).fill(0.01))).toBe(0);
  });
});

describe('confidence', () => {
  it('is the mean of a Beta distribution', () => {
    expect(confidenceOf({ worked: 47, failed: 3 })).toBe(0.92);
    expect(confidenceOf({ worked: 0, failed: 0 })).toBe(0.5);
    expect(confidenceOf({ worked: 0, failed: 3 })).toBe(0.2);
  });

  it('compares two rates: one is better, or the other', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.nat(40), fc.nat(40), (a, b, c, d) => {
        const [one, other] = [
          { worked: a, failed: b },
          { worked: c, failed: d },
        ];
        expect(probabilityBetter(one, other) + probabilityBetter(other, one)).toBeCloseTo(1, 9);
      }),
    );
    expect(isNoBetterThanWaiting({ worked: 8, failed: 2 }, { worked: 8, failed: 2 })).toBe(true);
    expect(isNoBetterThanWaiting({ worked: 20, failed: 1 }, { worked: 4, failed: 16 })).toBe(false);
    expect(isNoBetterThanWaiting({ worked: 0, failed: 0 }, { worked: 4, failed: 16 })).toBe(false);
  });

  it('is calibrated on memories of known effect', () => {
    const quality = measureMemories(300, 1);
    expect(quality.calibrationError).toBeLessThanOrEqual(0.05);
    expect(quality.uselessMarked / quality.useless).toBeGreaterThanOrEqual(0.95);
  });
});
