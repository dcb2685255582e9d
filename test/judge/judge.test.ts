// What the facts about a failure mean. Facts are written as rows of runs, oldest first: `a:F b:P` failed on commit a and passed
// on commit b; the judged run comes after them, on commit z, and fails.
import { describe, expect, it } from 'vitest';
import { chooseComparison } from '../../src/judge/comparison.ts';
import { judgeRun } from '../../src/judge/judge.ts';
import type { FailingBlock, FailureFacts, MemoryCandidate, PastRun, RunFacts } from '../../src/model.ts';

const now = Date.parse('2026-03-15T12:00:00Z');
const hour = 3_600_000;
const nothing = { changes: undefined, coverageMoves: undefined };

interface Past {
  readonly runs: PastRun[];
  readonly blocks: FailingBlock[];
}

/** `F` failed, `P` passed, `.` did not have the test. `+20` days may stand before a run: so much older. */
function past(side: PastRun['side'], text: string): Past {
  const items = text.split(' ').filter((item) => item !== '');
  const newestFirst = items.toReversed();
  const letters = newestFirst.map((item) => item.slice(-1));
  const runs = newestFirst.map((item, i): PastRun => {
    const [, days = '0', gitSha] = /^(?:\+(\d+))?(\w*):/.exec(item) ?? [];
    return {
      side,
      back: i + 1,
      runId: `${side}-${i + 1}`,
      at: now - (i + 1) * hour - Number(days) * 24 * hour,
      gitSha: gitSha === '' ? undefined : gitSha,
      coveragePercent: undefined,
      jobName: undefined,
      isIncomplete: false,
    };
  });
  const blocks: FailingBlock[] = [];
  for (let back = 1; back <= letters.length; back++) {
    if (letters[back - 1] !== 'F') continue;
    let oldest = back;
    while (letters[oldest] === 'F') oldest++;
    const green = (from: number, step: 1 | -1) => {
      for (let at = from; at >= 1 && at <= letters.length && letters[at - 1] !== 'F'; at += step)
        if (letters[at - 1] === 'P') return at;
      return undefined;
    };
    blocks.push({
      side,
      newest: back,
      oldest,
      greenAfter: green(back - 1, -1),
      greenBefore: green(oldest + 1, 1),
    });
    back = oldest;
  }
  return { runs, blocks };
}

function facts(
  changes: { branch?: string; base?: string; onBase?: boolean } & Partial<FailureFacts>,
): RunFacts {
  const { branch = '', base = '', onBase = false, ...failure } = changes;
  const pasts = [past('branch', branch), past('base', base)];
  return {
    run: {
      runId: 'me',
      at: now,
      gitSha: 'z',
      coveragePercent: undefined,
      jobName: undefined,
      isIncomplete: false,
    },
    baseBranch: 'main',
    isOnBaseBranch: onBase,
    pastRuns: pasts.flatMap(({ runs }) => runs),
    failures: [
      {
        testName: 't.py::test',
        failureSignature: undefined,
        candidates: [],
        passedInTwin: false,
        blocks: pasts.flatMap(({ blocks }) => blocks),
        ...failure,
      },
    ],
  };
}

const judged = (changes: Parameters<typeof facts>[0]) => judgeRun(facts(changes), nothing).failures[0];
const candidate = (
  isSameTest: boolean,
  isSameFailure: boolean,
  hasSameWords: boolean | undefined,
): MemoryCandidate => ({
  isSameTest,
  isSameFailure,
  hasSameWords,
  memory: {
    id: 'm',
    rootCause: undefined,
    solution: 's',
    solutionType: undefined,
    autoFixCode: undefined,
    confidence: undefined,
    successCount: 0,
    failureCount: 0,
    lastApplied: undefined,
  },
});

describe('the class of a failure', () => {
  it.each<[string, Parameters<typeof facts>[0], string]>([
    ['nothing before', {}, 'new'],
    ['always green on the base', { base: 'a:P b:P' }, 'new'],
    ['red on the branch alone', { branch: 'x:F y:F', base: 'a:P' }, 'new'],
    ['red in the latest run of the base', { base: 'a:P b:F' }, 'pre-existing'],
    ['red on the base, then not run', { base: 'a:F b:.' }, 'pre-existing'],
    ['red on the base, then green', { base: 'a:F b:P' }, 'new'],
    ['red before on the base branch itself', { branch: 'a:P b:F', onBase: true }, 'pre-existing'],
    ['red and green again on one commit', { branch: 'x:F x:P' }, 'flaky'],
    ['green and red on one commit', { branch: 'x:P x:F' }, 'flaky'],
    ['green and red on one commit of the base', { base: 'a:P a:F b:P c:P' }, 'flaky'],
    ['red, then green on another commit', { branch: 'x:F y:P' }, 'new'],
    ['runs without a commit', { branch: ':F :P' }, 'new'],
    ['green in a twin', { passedInTwin: true }, 'flaky'],
    ['one flip on the base', { base: 'b:F c:P' }, 'new'],
    ['two flips on the base', { base: 'a:P b:F c:P' }, 'flaky'],
    ['two flips on the base, long ago', { base: '+15a:P +15b:F +15c:P' }, 'new'],
    ['one flip and this run on the base branch', { branch: 'a:F b:P', onBase: true }, 'flaky'],
    ['two flips on another branch', { branch: 'a:P b:F c:P' }, 'new'],
    [
      'an exact memory, flaky',
      { candidates: [candidate(true, true, undefined)], passedInTwin: true },
      'known',
    ],
    ['a moved memory, red on the base', { candidates: [candidate(true, false, true)], base: 'a:F' }, 'known'],
    ['a similar memory', { candidates: [candidate(false, false, undefined)] }, 'new'],
    [
      'a similar memory, red on the base',
      { candidates: [candidate(false, false, undefined)], base: 'a:F' },
      'pre-existing',
    ],
  ])('%s', (_, changes, expected) => {
    expect(judged(changes)?.class).toBe(expected);
  });
});

describe('since when a test fails', () => {
  it.each<[string, string, { since: string; runs: number }]>([
    ['nothing before', '', { since: 'z', runs: 1 }],
    ['green before', 'a:F b:P', { since: 'z', runs: 1 }],
    ['a row', 'a:P b:F c:F', { since: 'b', runs: 3 }],
    ['a row across runs that did not have the test', 'a:P b:F c:. d:F', { since: 'b', runs: 3 }],
    ['a row that a green run ends', 'a:F b:P c:F', { since: 'c', runs: 2 }],
  ])('%s', (_, branch, { since, runs }) => {
    expect(judged({ branch })).toMatchObject({ since: { gitSha: since }, runsInARow: runs });
  });
});

describe('what fixed a test before', () => {
  it.each<[string, Parameters<typeof facts>[0], string | undefined]>([
    ['it never failed', { branch: 'a:P' }, undefined],
    ['it is still red', { branch: 'a:P b:F' }, undefined],
    ['the commit that turned it green', { branch: 'a:F b:P c:P' }, 'b'],
    ['the last one of two', { branch: 'a:F b:P c:F d:P' }, 'd'],
    ['no rerun of the same commit', { branch: 'a:F b:P c:F c:P' }, 'b'],
    ['the base, where the branch has none', { branch: 'x:P', base: 'a:F b:P' }, 'b'],
    ['the branch before the base', { branch: 'x:F y:P', base: 'a:F b:P' }, 'y'],
  ])('%s', (_, changes, expected) => {
    expect(judged(changes)?.lastFixedBy).toBe(expected);
  });
});

describe('with which run a run is compared', () => {
  const run = (back: number, changes: Partial<PastRun> = {}): PastRun => ({
    side: 'base',
    back,
    runId: `r${back}`,
    at: now,
    gitSha: 'a',
    coveragePercent: undefined,
    jobName: undefined,
    isIncomplete: false,
    ...changes,
  });
  const choose = (
    pastRuns: readonly PastRun[],
    own: Partial<RunFacts['run']> = {},
    isOnBaseBranch = false,
  ) => {
    const { run: me, ...rest } = facts({});
    const { tests, coverage } = chooseComparison({
      ...rest,
      run: { ...me, ...own },
      pastRuns,
      isOnBaseBranch,
    });
    return [tests?.runId, coverage?.run.runId];
  };
  const covered = { coveragePercent: 50 };

  it.each<[string, (string | undefined)[], (string | undefined)[]]>([
    ['none without a past', choose([]), [undefined, undefined]],
    ['the latest of the base', choose([run(1), run(2)]), ['r1', undefined]],
    ['never the branch', choose([run(1, { side: 'branch' })]), [undefined, undefined]],
    ['the branch where it is the base', choose([run(1, { side: 'branch' })], {}, true), ['r1', undefined]],
    ['the latest complete one', choose([run(1, { isIncomplete: true }), run(2)]), ['r2', undefined]],
    ['none for an incomplete run', choose([run(1)], { isIncomplete: true }), [undefined, undefined]],
    ['coverage: the latest that has it', choose([run(1), run(2, covered)], covered), ['r1', 'r2']],
    ['no coverage there', choose([run(1)], covered), ['r1', undefined]],
    ['no coverage of its own', choose([run(1, covered)]), ['r1', undefined]],
    [
      'none of several other jobs',
      choose([run(1, { jobName: 'a' }), run(2, { jobName: 'b' })], { jobName: 'c' }),
      [undefined, undefined],
    ],
    [
      'several jobs, where the run names none',
      choose([run(1, { jobName: 'a' }), run(2, { jobName: 'b' })]),
      ['r1', undefined],
    ],
  ])('%s', (_, chosen, expected) => {
    expect(chosen).toEqual(expected);
  });

  it('hands on the percentages and the moves', () => {
    const whole = { ...facts({}), pastRuns: [run(1, { coveragePercent: 40 })] };
    const { run: me } = whole;
    const moved = [{ filePath: 'a.py', beforePercent: 1, afterPercent: 2 }];
    const { coverage } = judgeRun(
      { ...whole, run: { ...me, coveragePercent: 60 } },
      { changes: undefined, coverageMoves: moved },
    );
    expect(coverage).toEqual({ beforePercent: 40, afterPercent: 60, moved });
  });
});
