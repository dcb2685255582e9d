// The stories of docs/healix.md with scripted facts: what is right for each. Those of identity, signatures and memories are
// where their parts are.

import { describe, expect, it } from 'vitest';
import { changesOf } from '../../src/judge/changes.ts';
import { endEpisode } from '../../src/judge/confidence.ts';
import type { FilePair } from '../../src/judge/facts.ts';
import { lastRepairOf } from '../../src/judge/fixed.ts';
import { infrastructureRuns } from '../../src/judge/infrastructure.ts';
import { judgeTests, type TestVerdicts } from '../../src/judge/judge.ts';
import type { Attempt } from '../../src/judge/past.ts';
import type { TestPair } from '../../src/model.ts';
import { type Outcomes, Story } from '../support/story.ts';

const many = (n: number, outcome: string): Outcomes =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`t${i}`, outcome]));
const first = ({ failures }: TestVerdicts) => {
  const [failure] = failures;
  if (failure === undefined) throw new Error('nothing failed');
  return failure;
};

function pair(testName: string, here: TestPair['here'], there: TestPair['there']): TestPair {
  const [testFile = '', name = ''] = testName.split('::');
  const testFunction = name.split('[')[0] ?? '';
  return { testName, testFile, testFunction, here, there, secondsHere: undefined, greenSeconds: [] };
}
function filePair(
  file: string,
  testsHere: number,
  testsThere: number,
  more: Partial<FilePair> = {},
): FilePair {
  return {
    file,
    testsHere,
    testsThere,
    isInTreeHere: true,
    isInTreeThere: true,
    collectionFailed: false,
    ...more,
  };
}
const whole = { isPointTested: true, isComplete: true };

describe('tests that passed in the same runs', () => {
  it('are judged apart where one of them failed in a run that the other was not in', () => {
    const { failures } = new Story('ABCD')
      .all('AB', { one: 'P', alike: 'P', other: 'P' })
      .run('C', { other: 'F' })
      .judge('D', { one: 'F', alike: 'F:KeyError', other: 'F' });
    expect(failures.map(({ reason }) => reason.kind)).toEqual(['green-there', 'green-there', 'red-there']);
  });
});

describe('tests that never ran before', () => {
  it('are judged by their own file, however many there are', () => {
    const { judged } = new Story('AB').run('A', { old: 'P' }).judge('B', many(4, 'F'));
    const failures = ['ran.py', 'left-out.py', 'ran.py', 'left-out.py'].map((testFile, n) => ({
      testName: `t${n}`,
      testFile,
    }));
    const verdicts = judgeTests(judged, {
      rows: failures.map(({ testName }) => ({
        testName,
        runId: judged.facts.run.runId,
        outcome: 'failed',
        errorType: `Error of ${testName}`,
        statement: 'do()',
      })),
      failures,
      files: [
        { file: 'ran.py', isInTree: true, ran: true },
        { file: 'left-out.py', isInTree: true, ran: false },
      ],
      filesHere: 2,
      filesAlsoAtPoint: 1,
    });
    expect(verdicts.failures.map(({ class: novelty, reason }) => `${novelty} ${reason.kind}`)).toEqual([
      'new absent-there',
      'no-history not-run-there',
      'new absent-there',
      'no-history not-run-there',
    ]);
  });
});

describe('the stories', () => {
  it('1: broken once and repaired on main, broken anew by a pull request: new, red once before', () => {
    for (const error of ['F', 'F:KeyError']) {
      const verdict = first(
        new Story('ABCD').run('A', 'P').run('B', 'F').all('CD', 'P').judgePull(1, 'p', 'D', error),
      );
      expect(verdict).toMatchObject({ class: 'new', reason: { kind: 'green-there', sha: 'D' } });
      expect(verdict.notes.redBefore).toEqual(error === 'F' ? ['B'] : []);
      expect(verdict.since).toMatchObject({ lastGreen: 'D', firstRed: 'p', inARow: 1 });
    }
  });

  it('3: green, edited, red outside CI: new without the edits; nothing later is flaky by it', () => {
    const local = { origin: 'local', execution: undefined } as const;
    const story = new Story('AB').run('A', 'P', local);
    const verdict = first(
      story.judge('A', 'F', { ...local, isDirty: true, change: { uncommittedFiles: 1 } }),
    );
    expect(verdict).toMatchObject({
      class: 'new',
      reason: { kind: 'green-without-edits', sha: 'A', files: 1 },
    });
    story.run('A', 'P', local);
    expect(first(story.judge('B', 'F', { ...local, parents: ['A'] })).class).toBe('new');
  });

  it('3: the same on a branch: the clean run of the commit tells', () => {
    const local = { origin: 'local', execution: undefined, branch: 'feature' } as const;
    const story = new Story('A')
      .run('A', 'F', { ...local, branch: 'main' })
      .commit('x')
      .run('x', 'P', local);
    const verdict = first(
      story.judge('x', 'F', { ...local, isDirty: true, change: { mergeBase: 'A', uncommittedFiles: 2 } }),
    );
    expect(verdict).toMatchObject({
      class: 'new',
      reason: { kind: 'green-without-edits', sha: 'x', files: 2 },
    });
  });

  it('5: the first upload ever: no-history', () => {
    expect(first(new Story('A').judge('A', 'F'))).toMatchObject({
      class: 'no-history',
      reason: { kind: 'no-run' },
    });
  });

  it('6: flaky by main’s evidence; green by luck is no repair', () => {
    const story = new Story('ABCDEFGH').run('A', 'P').run('B', 'F').run('B', 'P').all('CDE', 'P');
    const verdict = first(story.judgePull(1, 'p', 'E', 'F'));
    expect(verdict).toMatchObject({
      class: 'flaky',
      reason: { kind: 'flaky', evidence: { kind: 'rerun', sha: 'B', failures: 1, runs: 6 } },
      lastFixedBy: undefined,
      lately: { base: 'pfpppp', change: 'f', failures: 1, runs: 6 },
    });
  });

  it('7: cut from a broken main that was repaired: pre-existing, a rebase helps; shallow: no-history', () => {
    const story = () => new Story('ABC').run('A', 'P').run('B', 'F').run('C', 'P').commit('x');
    const branch = { branch: 'feature', kind: 'head' } as const;
    const known = first(story().judge('x', 'F', { ...branch, change: { mergeBase: 'B' } }));
    expect(known).toMatchObject({
      class: 'pre-existing',
      reason: { kind: 'red-there', sha: 'B', repairedBy: 'C' },
      since: { lastGreen: 'A', firstRed: 'B', untested: [], culprits: undefined },
    });
    expect(first(story().judge('x', 'F', branch))).toMatchObject({
      class: 'no-history',
      reason: { kind: 'maybe-base', sha: 'B' },
    });
  });

  it('8: an old commit of main runs again: later runs are compared with the newest commit', () => {
    for (const order of ['positions', 'dates'] as const) {
      const story = new Story('ABCD', { order }).run('A', 'F').all('BC', 'P').run('A', 'F');
      const { judged, ...verdicts } = story.judge('D', 'F', { parents: ['C'] });
      expect(judged.point?.sha).toBe('C');
      expect(first(verdicts).class).toBe('new');
    }
  });

  it('9: one file of the suite: nothing is removed; then all: nothing is added', () => {
    const part = changesOf(
      {
        tests: [pair('b.py::x', undefined, 'passed'), pair('b.py::y', undefined, 'passed')],
        files: [filePair('a.py', 3, 3), filePair('b.py', 0, 2)],
        renamed: [],
      },
      whole,
    );
    expect(part).toMatchObject({ added: [], removed: [] });
    expect(part.notRun).toEqual([{ file: 'b.py', tests: 2, why: 'not part of this run' }]);
    const all = changesOf(
      { tests: [pair('b.py::x', 'passed', undefined)], files: [filePair('b.py', 1, 0)], renamed: [] },
      whole,
    );
    expect(all).toMatchObject({ added: [], removed: [], notRun: [] });
  });

  it('10: a syntax error: the file is one new error, its tests are not run', () => {
    const { removed, notRun } = changesOf(
      {
        tests: [pair('a.py::x', undefined, 'passed')],
        files: [filePair('a.py', 1, 1, { collectionFailed: true })],
        renamed: [],
      },
      whole,
    );
    expect([removed, notRun]).toEqual([[], [{ file: 'a.py', tests: 1, why: 'not collected' }]]);
    const verdict = first(
      new Story('AB')
        .run('A', { 'a.py::x': 'P' })
        .judge(
          'B',
          { 'a.py': 'F' },
          { parents: ['A'], files: [{ file: 't.py', isInTree: true, ran: true }] },
        ),
    );
    expect(verdict).toMatchObject({ class: 'new', reason: { kind: 'absent-there' } });
  });

  it('12: a report older than its commit is no evidence', () => {
    const story = new Story('AB').run('A', 'P').run('A', 'F', { isStale: true });
    expect(first(story.judge('B', 'F', { parents: ['A'] }))).toMatchObject({
      class: 'new',
      reason: { sha: 'A' },
    });
  });

  it('15: broken on main, green here: fixed; red there once: green here', () => {
    const green = { a: 'P', b: 'P', c: 'P', luck: 'P' };
    const red = { a: 'F', b: 'F', c: 'F', luck: 'P' };
    const story = new Story('ABCDEFG')
      .all('ABCD', green)
      .all('EF', red)
      .run('G', { ...red, luck: 'F' });
    const { fixed } = story.judgePull(1, 'p', 'G', green);
    expect(fixed.map((one) => [one.kind, one.testName])).toEqual([
      ['fixed', 'a'],
      ['fixed', 'b'],
      ['fixed', 'c'],
      ['green-here', 'luck'],
    ]);
    expect(fixed[0]).toMatchObject({ since: 'E' });
  });

  it('16: a stacked pull request onto a branch that only pull requests test', () => {
    const story = new Story('A').run('A', 'P').pull(1, 'p', 'A', 'F').commit('q');
    const verdict = first(
      story.judgePull(2, 'q', 'p', 'F', { change: { baseBranch: 'feature-1', isOnBaseBranch: false } }),
    );
    expect(verdict).toMatchObject({ class: 'pre-existing', reason: { kind: 'red-there', sha: 'p' } });
  });

  it('18: a comment-triggered run on a pull request’s checkout is never main’s past', () => {
    const story = new Story('AB').run('A', 'P').run('A', 'F', { origin: 'stranger' });
    expect(first(story.judge('B', 'F', { parents: ['A'] })).class).toBe('new');
  });

  it('a stranger’s green run of main’s commit does not make an outage of a red one', () => {
    const outage = { ...many(30, 'P'), ...many(27, 'F:OSError') };
    const red = () => new Story('ABC').run('A', many(30, 'P')).run('B', outage);
    const plain = red().judgePull(1, 'p', 'B', { t0: 'F:OSError' });
    const disturbed = red()
      .run('B', many(30, 'P'), { origin: 'stranger' })
      .judgePull(1, 'p', 'B', { t0: 'F:OSError' });
    expect(first(plain)).toMatchObject({ class: 'pre-existing' });
    expect(first(disturbed)).toEqual(first(plain));
  });

  it('a stranger’s run tells nothing of the order of commits', () => {
    const { judged } = new Story('A')
      .run('A', 'P')
      .run('Z', 'F', { origin: 'stranger' })
      .judgePull(1, 'p', 'A', 'F');
    expect(judged.order.rank('A')).toBeDefined();
    expect(judged.order.rank('Z')).toBeUndefined();
  });

  it('a stranger’s run is compared with the team’s, and with no other stranger’s', () => {
    const story = new Story('AB').run('A', 'F', { origin: 'stranger' });
    expect(first(story.judge('B', 'F', { parents: ['A'], origin: 'stranger' })).class).toBe('no-history');
    const own = new Story('AB').run('A', 'P').run('A', 'F', { origin: 'stranger' });
    expect(first(own.judge('B', 'F', { parents: ['A'], origin: 'stranger' })).class).toBe('new');
  });

  it('19: one fixture breaks 60 of 70 tests: new, no outage', () => {
    const green = many(70, 'P');
    const broken = { ...green, ...many(60, 'F') };
    const { failures, judged } = new Story('AB').run('A', green).judgePull(1, 'p', 'A', broken);
    expect(new Set(failures.map((failure) => failure.class))).toEqual(new Set(['new']));
    expect(judged.evidence.isInfrastructure).toBe(false);
  });

  it('20: 90 % fail once and are green again: no flaky, since or fixed by it', () => {
    const outage = { ...many(30, 'P'), ...many(27, 'F:OSError') };
    const story = new Story('ABC').run('A', many(30, 'P')).run('B', outage).run('B', many(30, 'P'));
    expect(infrastructureRuns(story.runs)).toEqual(new Set(['r1']));
    const verdict = first(story.judgePull(1, 'p', 'B', { t0: 'F:OSError' }));
    expect(verdict).toMatchObject({ class: 'new', reason: { kind: 'green-there', sha: 'B' } });
    expect(verdict.notes.redBefore).toEqual([]);
  });

  it('21: the second push of a red branch is still new', () => {
    const story = new Story('AB').all('AB', 'P').pull(1, 'p', 'B', 'F').commit('q');
    expect(first(story.judgePull(1, 'q', 'B', 'F'))).toMatchObject({
      class: 'new',
      since: { lastGreen: 'B', firstRed: 'p', inARow: 2 },
    });
  });

  it('22: a race of a pull request is new and passes on a rerun; after the merge main itself must show it', () => {
    const main = 'ABCDEFGHIJKLMNOPQRST';
    const story = new Story(`${main}U`).all(main, 'P').pull(1, 'p', 'T', 'F').pull(1, 'p', 'T', 'P');
    const branch = { branch: 'feature-1', kind: 'head' } as const;
    story.run('p', 'F', branch).run('p', 'P', branch).commit('q');
    const verdict = first(story.judgePull(1, 'q', 'T', 'F'));
    expect(verdict).toMatchObject({ class: 'new', notes: { passedOnRerunOf: 'p' } });
    expect(first(story.judge('U', 'F', { parents: ['T', 'q'] })).class).toBe('new');
  });

  it('23: a flaky timeout that now always times out is new, and pre-existing where main itself is so', () => {
    const timeout = 'F:TimeoutError';
    const flaky = () => new Story('ABCDEFGHIJKLMNOP').run('A', timeout).run('A', 'P').all('BCDEFGHIJKL', 'P');
    const story = flaky();
    const classes = [1, 2, 3].map(() => first(story.judgePull(1, 'p', 'L', timeout)));
    expect(classes.map((verdict) => verdict.class)).toEqual(['flaky', 'flaky', 'new']);
    expect(classes[2]?.notes.wasFlaky).toEqual({ failures: 1, runs: 13, inARow: 3 });

    const onMain = flaky();
    const verdicts = ['M', 'N', 'O', 'P'].map((sha, i) =>
      first(onMain.judge(sha, timeout, { parents: ['LMNO'[i] ?? ''] })),
    );
    expect(verdicts.map((verdict) => verdict.class)).toEqual(['flaky', 'flaky', 'new', 'pre-existing']);
    expect(first(onMain.judgePull(2, 'q', 'P', timeout)).class).toBe('pre-existing');
  });

  it('24 and 33: a new file, a new function of a known file: new', () => {
    const options = (file: { isInTree: boolean | undefined; ran: boolean }) => ({
      files: [{ file: 't.py', ...file }],
    });
    const judge = (file: { isInTree: boolean | undefined; ran: boolean }) =>
      first(new Story('A').run('A', { old: 'P' }).judgePull(1, 'p', 'A', { young: 'F' }, options(file)));
    expect(judge({ isInTree: false, ran: false })).toMatchObject({
      class: 'new',
      reason: { kind: 'absent-there' },
    });
    expect(judge({ isInTree: true, ran: true }).class).toBe('new');
    // Its file is there, and nobody ran it.
    expect(judge({ isInTree: true, ran: false })).toMatchObject({
      class: 'no-history',
      reason: { kind: 'not-run-there' },
    });
  });

  it('30: where the point’s run left its file out, an older commit tells that the test is new', () => {
    const judge = (
      isInTree: boolean | undefined,
      ran: readonly string[],
      filesAlso: number,
      inTree?: readonly string[],
    ) =>
      first(
        new Story('AB')
          .run('A', { old: 'P' })
          .run('B', { other: 'F' })
          .judgePull(
            1,
            'p',
            'B',
            { young: 'F' },
            {
              files: [{ file: 't.py', isInTree, ran: false }],
              olderFiles: [{ sha: 'A', ran: new Set(ran), inTree: inTree && new Set(inTree), filesAlso }],
            },
          ),
      );
    const older = { class: 'new', reason: { kind: 'absent-there', sha: 'A' } };
    expect(judge(undefined, ['t.py'], 1)).toMatchObject(older);
    expect(judge(true, ['t.py'], 0)).toMatchObject(older);
    const unknown = { class: 'no-history', reason: { kind: 'not-run-there' } };
    // The file is older than this change, and the suite left it out there too, as it leaves what only runs at night.
    expect(judge(true, [], 1)).toMatchObject(unknown);
    expect(judge(true, [], 1, ['t.py'])).toMatchObject(unknown);
    expect(judge(true, [], 1, [])).toMatchObject(older);
    expect(judge(true, [], 0, [])).toMatchObject(unknown);
    expect(judge(undefined, ['u.py'], 1)).toMatchObject(older);
    expect(judge(undefined, ['u.py'], 0)).toMatchObject(unknown);
    expect(judge(false, [], 0)).toMatchObject({ class: 'new', reason: { kind: 'absent-there' } });
  });

  it('24: skipped on main is no past', () => {
    expect(first(new Story('A').run('A', 'S').judgePull(1, 'p', 'A', 'F'))).toMatchObject({
      class: 'new',
      reason: { kind: 'skipped-there', sha: 'A' },
    });
  });

  it('25: a renamed job, a new matrix value and moved shards have the past of the point’s other jobs', () => {
    const jobs = (a: string, b: string) =>
      new Story('A').run('A', a, { jobName: '3.12' }).run('A', b, { jobName: '3.13' });
    const judge = (story: Story) => first(story.judgePull(1, 'p', 'A', 'F', { jobName: '3.14' }));
    expect(judge(jobs('P', 'P'))).toMatchObject({ class: 'new', reason: { jobs: ['3.12', '3.13'] } });
    expect(judge(jobs('F', 'F'))).toMatchObject({
      class: 'pre-existing',
      reason: { jobs: ['3.12', '3.13'] },
    });
    expect(judge(jobs('P', 'F'))).toMatchObject({
      class: 'no-history',
      reason: { kind: 'jobs-differ', passed: ['3.12'], failed: ['3.13'] },
    });
  });

  it('26: two events on one head, main repaired between: two merges, no flaky evidence', () => {
    const story = new Story('ABC')
      .run('A', 'P')
      .run('B', 'F')
      .pull(1, 'p', 'B', 'F')
      .run('C', 'P')
      .pull(1, 'p', 'C', 'P');
    const verdict = first(story.judgePull(2, 'q', 'C', 'F'));
    expect(verdict).toMatchObject({ class: 'new', notes: { passedOnRerunOf: undefined } });
  });

  it('27: CI in the merge queue alone: points by its base', () => {
    const queue = (n: number) => ({ branch: `gh-readonly-queue/main/pr-${n}` });
    const story = new Story('AB').run('A', 'P', queue(1)).run('B', 'F', queue(2)).commit('x');
    const verdict = first(
      story.judge('x', 'F', {
        ...queue(3),
        change: { event: 'merge-group', isOnBaseBranch: false, mergeGroupBase: 'B' },
      }),
    );
    expect(verdict).toMatchObject({ class: 'pre-existing', reason: { sha: 'B' }, since: { lastGreen: 'A' } });
  });

  it('28: a checkout that CI made dirty is evidence', () => {
    const story = new Story('ABC')
      .run('A', 'F', { isDirty: true })
      .run('A', 'P', { isDirty: true })
      .run('B', 'P');
    expect(first(story.judgePull(1, 'p', 'B', 'F')).class).toBe('flaky');
  });

  it('29: main red with KeyError, ImportError here: new', () => {
    const story = new Story('AB').run('A', 'P').run('B', 'F:KeyError');
    expect(first(story.judgePull(1, 'p', 'B', 'F:ImportError'))).toMatchObject({
      class: 'new',
      reason: { kind: 'other-error-there', sha: 'B', errorType: 'KeyError' },
    });
  });

  it('30: main stopped at its first failure: what it did not run keeps its older state', () => {
    const story = new Story('AB').run('A', { t: 'F', u: 'P' }).run('B', { u: 'F' }, { isComplete: false });
    expect(first(story.judgePull(1, 'p', 'B', 'F'))).toMatchObject({
      class: 'pre-existing',
      reason: { sha: 'A' },
    });
  });

  it('31: a local run is compared with CI’s runs and is nobody’s evidence', () => {
    const local = { origin: 'local', execution: undefined } as const;
    const story = new Story('AB').run('A', 'P').run('A', 'F', local);
    expect(first(story.judge('B', 'F', { ...local, parents: ['A'] }))).toMatchObject({
      class: 'new',
      reason: { kind: 'green-there', sha: 'A' },
    });
    expect(first(story.judgePull(1, 'p', 'A', 'F')).class).toBe('new');
  });

  it('34: the pull request’s head itself, which merged main in: its merge base, never its own commit', () => {
    const story = new Story('AB').all('AB', 'P').commit('x').run('x', 'F', { branch: 'feature' }).commit('y');
    const { judged, ...verdicts } = story.judge('y', 'F', {
      branch: 'feature',
      pullRequest: 1,
      parents: ['x', 'B'],
      change: { event: 'pull-request', isOnBaseBranch: false, pullRequestHead: 'y', mergeBase: 'B' },
    });
    expect(judged.point).toMatchObject({ sha: 'B', source: 'merge-base' });
    expect(first(verdicts).class).toBe('new');
  });

  it('35: two steps without ids, one passes and one fails: no flaky evidence, each with its own past', () => {
    const step = (execution: string, ordinal: number) => ({ execution, ordinal });
    const story = new Story('AB').run('A', 'F', step('w1', 0)).run('A', 'P', step('w1', 1));
    const one = first(story.judgePull(1, 'p', 'A', 'F', step('w2', 0)));
    expect(one).toMatchObject({ class: 'pre-existing' });
    expect(first(story.judgePull(1, 'p', 'A', 'F', step('w2', 1)))).toMatchObject({
      class: 'new',
      notes: { passedOnRerunOf: undefined },
    });
    // A third step was put in: which one this is, nobody knows.
    expect(first(story.judgePull(1, 'p', 'A', 'F', step('w2', 2)))).toMatchObject({
      class: 'no-history',
      reason: { kind: 'steps-differ' },
    });
  });

  it('36: a red branch that is merged by fast-forward is new on main', () => {
    const story = new Story('ABX').all('AB', 'P').run('X', 'F', { branch: 'feature' });
    expect(first(story.judge('X', 'F', { parents: ['B'], change: { before: 'B' } }))).toMatchObject({
      class: 'new',
      reason: { kind: 'green-there', sha: 'B' },
    });
  });

  it('29: since when goes by the error: what was red with another one before is not this failure', () => {
    const story = new Story('ABCDE').run('A', 'P').all('BC', 'F:KeyError').run('D', 'F:ImportError');
    expect(first(story.judgePull(1, 'p', 'D', 'F:ImportError'))).toMatchObject({
      class: 'pre-existing',
      since: { lastGreen: 'A', otherErrorSince: 'B', firstRed: 'D', untested: [], inARow: 1 },
    });
    expect(first(story.judgePull(2, 'q', 'D', 'F:OSError'))).toMatchObject({
      class: 'new',
      since: { lastGreen: 'A', otherErrorSince: 'B', firstRed: 'q', inARow: 1 },
    });
  });

  it('37: failures alone in two changes make a test flaky, one does not, nor where changes break it', () => {
    const lone = (reds: string) => {
      const main = 'ABCDEFGHIJKLMNOPQRSTU';
      const story = new Story(main);
      for (const sha of main) story.run(sha, reds.includes(sha) ? 'F' : 'P');
      return first(story.judgePull(1, 'p', 'U', 'F'));
    };
    expect(lone('CKS')).toMatchObject({
      class: 'flaky',
      reason: { evidence: { kind: 'lone', sha: 'S', failures: 3, runs: 21 } },
    });
    expect(lone('CK')).toMatchObject({ class: 'flaky', reason: { evidence: { failures: 2 } } });
    expect(lone('K')).toMatchObject({ class: 'new', notes: { redBefore: ['K'] } });
    // One red after another is one break.
    expect(lone('KL').class).toBe('new');

    const main = 'ABCDEFGHIJ';
    const pulls = (...of: string[]) => {
      const story = new Story(main);
      [...main].forEach((sha, i) => {
        story.run(sha, 'P');
        of[i]?.split(' ').forEach((outcome, run) => {
          if (run === 0) story.commit(`h${i}`);
          story.pull(i, `h${i}`, sha, outcome);
        });
      });
      return first(story.commit('p').judgePull(99, 'p', 'J', 'F')).class;
    };
    expect(pulls('F', 'P', 'F')).toBe('flaky');
    expect(pulls('F')).toBe('new');
    expect(pulls('F', 'P', 'F:KeyError')).toBe('new');
    // They failed again when they ran again: a test that changes break.
    expect(pulls('F F', 'P', 'F F', 'F F')).toBe('new');
    expect(pulls('F', 'P', 'F', 'P', 'F F', 'F F', 'F F')).toBe('new');
    expect(pulls('F', 'P', 'F', 'P', 'F F', 'F F')).toBe('flaky');
  });

  it('failed now in one job and now in the other makes a test flaky; what one job alone breaks is new', () => {
    const jobs = (...commits: string[]) => {
      const story = new Story('ABCDE');
      [...'ABCDE'].forEach((sha, i) => {
        const [one = '', other = ''] = (commits[i] ?? 'P P').split(' ');
        const execution = `w${i}`;
        story.run(sha, one, { execution }).run(sha, other, { execution, lineId: 'py312', jobName: 'py312' });
      });
      return first(story.judgePull(1, 'p', 'E', 'F'));
    };
    expect(jobs('P P', 'F P', 'P F')).toMatchObject({
      class: 'flaky',
      reason: { evidence: { kind: 'rerun', sha: 'C' } },
    });
    expect(jobs('P P', 'P F', 'F P').class).toBe('flaky');
    // Red twice in a row in one job is one break of that job, and so is the same again in both.
    expect(jobs('P P', 'P F', 'P F').class).toBe('new');
    expect(jobs('P P', 'F F', 'F F').class).toBe('new');
    expect(jobs('P P', 'F P', 'P F:KeyError').class).toBe('new');
  });

  it('38: the base commit is not tested yet: this change or one of the untested', () => {
    const { judged, ...verdicts } = new Story('WABX')
      .run('W', { t: 'P', u: 'F' })
      .judgePull(1, 'p', 'X', { t: 'F', u: 'P' });
    expect(judged.point).toMatchObject({ sha: 'W', target: 'X', untested: ['A', 'B', 'X'] });
    expect(first(verdicts)).toMatchObject({
      class: 'new',
      since: { lastGreen: 'W', untested: ['A', 'B', 'X'] },
    });
    expect(verdicts.fixed).toEqual([]);
  });

  it('38: another change of an untested commit fails alike: the base’s', () => {
    const story = new Story('WX').run('W', 'P').pull(1, 'p', 'X', 'F');
    expect(first(story.judgePull(2, 'q', 'X', 'F'))).toMatchObject({
      class: 'pre-existing',
      reason: { kind: 'red-elsewhere', sha: 'W', branches: ['feature-1'] },
    });
  });

  it('39: a dependency breaks overnight: not flaky; main and pull requests say what the point says', () => {
    const story = new Story('AB').run('A', 'P').run('A', 'F:ImportError', { after: 12 });
    expect(first(story.judgePull(1, 'p', 'A', 'F:ImportError'))).toMatchObject({
      class: 'pre-existing',
      since: { lastGreen: 'A', firstRed: 'A' },
    });
    expect(first(story.judge('B', 'F:ImportError', { parents: ['A'] })).class).toBe('pre-existing');
  });
});

describe('what others tell', () => {
  const elsewhere = { class: 'pre-existing', reason: { kind: 'red-elsewhere' } };

  it('main’s older commit passed and then failed alike: the environment’s, not this change’s', () => {
    const story = new Story('ABC').all('ABC', 'P').run('A', 'F', { after: 12 });
    expect(first(story.judgePull(1, 'p', 'C', 'F'))).toMatchObject(elsewhere);
    expect(first(story.judgePull(1, 'p', 'C', 'F:OSError')).class).toBe('new');
    // Red on its only run it may have been broken, and repaired since.
    const broken = new Story('ABC').all('BC', 'P').run('A', 'F');
    expect(first(broken.judgePull(1, 'p', 'C', 'F')).class).toBe('new');
  });

  it('main’s commit passed before, and a later one fails alike: not its own; else the later one holds it', () => {
    const again = new Story('ABC').all('ABA', 'P').run('C', 'F');
    expect(first(again.judge('B', 'F', { parents: ['A'] }))).toMatchObject(elsewhere);
    const passes = new Story('ABCD').all('AB', 'P').run('C', 'F').run('D', 'P');
    expect(first(passes.judge('B', 'F', { parents: ['A'] })).class).toBe('new');
    const once = new Story('ABC').run('A', 'P').run('C', 'F');
    expect(first(once.judge('B', 'F', { parents: ['A'] })).class).toBe('new');
  });

  it('branches that were made from one another are one change', () => {
    const branch = (name: string, parents: string[]) => ({ branch: name, parents });
    const stack = (second: string) =>
      new Story('A')
        .run('A', 'P')
        .run('x', 'F', branch('one', ['A']))
        .run('y', 'F', branch('two', [second]));
    const judge = (story: Story, parent: string) =>
      first(story.judge('z', 'F', { ...branch('three', [parent]), change: { mergeBase: 'A' } }));
    expect(judge(stack('A'), 'A')).toMatchObject(elsewhere);
    expect(judge(stack('x'), 'y').class).toBe('new');
  });

  it('a base that only other merges tested is known by where the change begins, without any order', () => {
    const story = new Story('WX', { order: 'dates' }).run('W', 'P').pull(1, 'p', 'X', 'F');
    expect(first(story.judgePull(2, 'q', 'X', 'F'))).toMatchObject(elsewhere);
  });

  it('7: a shallow clone knows its merge base where stored runs name the parents', () => {
    const judge = (parent: string) => {
      const story = new Story('ABC').run('A', 'P').run('B', 'F').run('C', 'P').commit('w').commit('x');
      story.run('w', 'P', { branch: 'feature', parents: [parent] });
      return story.judge('x', 'F', { branch: 'feature', parents: ['w'] });
    };
    expect(judge('B').judged.point).toMatchObject({ sha: 'B', source: 'merge-base', isApproximate: false });
    expect(first(judge('B')).class).toBe('pre-existing');
    expect(first(judge('A')).class).toBe('new');
    expect(first(judge('unknown')).class).toBe('no-history');
  });

  it('23: how often a flaky test fails is also told by the reruns elsewhere that showed it', () => {
    const main = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
    const story = new Story(main).all(main, 'P');
    for (const other of [1, 2, 3])
      story.pull(other, `o${other}`, 'Z', 'F').pull(other, `o${other}`, 'Z', 'P');
    expect(first(story.pull(9, 'p', 'Z', 'F').judgePull(9, 'q', 'Z', 'F')).class).toBe('flaky');
    expect(first(story.judgePull(9, 'r', 'Z', 'F'))).toMatchObject({
      class: 'new',
      notes: { wasFlaky: { inARow: 3 } },
    });
  });
});

describe('one other change that fails alike', () => {
  const elsewhere = { class: 'pre-existing', reason: { kind: 'red-elsewhere' } };
  const branch = (name: string) => ({ branch: name, change: { mergeBase: 'A' } });

  it('tells where it passed before: it cannot have it from this change', () => {
    const story = () => new Story('A').run('A', 'P').commit('x').commit('y').commit('z');
    const red = story().pull(1, 'x', 'A', 'P').pull(1, 'y', 'A', 'F');
    expect(first(red.judgePull(2, 'z', 'A', 'F'))).toMatchObject(elsewhere);
    expect(first(story().pull(1, 'y', 'A', 'F').judgePull(2, 'z', 'A', 'F')).class).toBe('new');
    expect(first(red.judgePull(2, 'z', 'A', 'F:KeyError')).class).toBe('new');
  });

  it('tells where this change passed before, and failed after the other', () => {
    const judge = (...events: string[]) => {
      const story = new Story('A').run('A', 'P');
      for (const event of events) {
        const [number = '', head = '', outcome = ''] = event.split(' ');
        story.commit(head).pull(Number(number), head, 'A', outcome);
      }
      return first(story.commit('z').judgePull(2, 'z', 'A', 'F'));
    };
    expect(judge('2 y P', '1 x F')).toMatchObject(elsewhere);
    // The other may be made from this one, which was red first.
    expect(judge('2 y P', '2 w F', '1 x F').class).toBe('new');
  });

  it('tells nothing where it is the base after the point, which may hold this very change by now', () => {
    const story = new Story('AB').run('A', 'P').run('B', 'F').commit('x');
    expect(first(story.judge('x', 'F', branch('feature'))).class).toBe('new');
  });
});

describe('what fails every time', () => {
  it('is pre-existing on a branch whose point failed alike, however flaky it was', () => {
    const story = new Story('ABCDEFGHIJK').run('A', 'F').run('A', 'P').all('BCDEFGHIJ', 'P').run('K', 'F');
    for (const head of ['p', 'q', 'r']) {
      story.commit(head);
      expect(first(story.judgePull(1, head, 'K', 'F')).class, head).toBe(
        head === 'r' ? 'pre-existing' : 'flaky',
      );
    }
  });
});

describe('repairs and credits', () => {
  const attempts = (text: string): Attempt[] => {
    const story = new Story('');
    return [...text].map((letter, i) => {
      story.run(`c${i}`, letter);
      const run = story.runs.at(-1);
      if (run === undefined) throw new Error('no run');
      const failed = letter === 'F';
      return {
        run,
        commit: `c${i}`,
        sha: `c${i}`,
        failed,
        text: failed ? { driftSignature: 'd' } : undefined,
      };
    });
  };
  const green = 'P'.repeat(20);

  it('14: a break that is repaired is one repair and one credit', () => {
    const history = attempts(`${green}FF${green}P`);
    expect(lastRepairOf(history, { driftSignature: 'd' })).toMatchObject({
      brokenBy: 'c20',
      repairedBy: 'c22',
    });
    expect(endEpisode({ attempts: history, start: 20 })?.end).toBe('worked');
  });

  it.each([
    ['still red on three later commits', `${green}FFFF`, 'failed'],
    ['red on two later commits', `${green}FFF`, 'open'],
    ['failed, then repaired', `${green}FFFFP`, 'nothing'],
    ['a row that chance explains', `PPPFPPFPPP${'F'}PPPP`, 'nothing'],
    ['red alike within 20 runs', `${green}FFPPPPF`, 'nothing'],
  ] as const)('an episode: %s', (_, text, end) => {
    const history = attempts(text);
    const start = text.length > 15 && text.startsWith(green) ? 20 : 10;
    expect(endEpisode({ attempts: history, start })?.end).toBe(end);
  });

  it('takes a repair back when the test fails alike within 20 runs', () => {
    expect(lastRepairOf(attempts(`${green}FFPPPPPF`), { driftSignature: 'd' })).toBeUndefined();
  });

  it('tells the last repair of a failure alike, and none of others', () => {
    const history = attempts(`${green}FF${green}PFF${green}P`);
    expect(lastRepairOf(history, { driftSignature: 'd' })).toMatchObject({
      brokenBy: 'c43',
      repairedBy: 'c45',
    });
    expect(lastRepairOf(history, { driftSignature: 'another' })).toBeUndefined();
  });
});
