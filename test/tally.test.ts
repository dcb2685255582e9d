import { describe, expect, it } from 'vitest';
import type { Outcome, SignedResult } from '../src/model.ts';
import { excerptOf } from '../src/read/report/excerpt.ts';
import { readStoredFailure } from '../src/read/report/junit.ts';
import { signResults } from '../src/sign/signature.ts';
import { leastCovered, startTally } from '../src/tally.ts';
import { readText, wrap } from './read/support/reports.ts';

const result = (outcome: Outcome, durationSeconds?: number, n = 0): SignedResult => ({
  testName: `t.py::test_${n}`,
  testFile: 't.py',
  testClass: undefined,
  testFunction: `test_${n}`,
  nodeIdSource: 'convention',
  outcome,
  durationSeconds,
  failure:
    outcome === 'failed' || outcome === 'error'
      ? {
          errorType: 'E',
          line: 1,
          lastFrameLine: 1,
          message: `first ${'x'.repeat(500)}\nsecond`,
          traceback: undefined,
        }
      : undefined,
  reason: undefined,
  markers: [],
  failureSignature: undefined,
});

describe('the tally of a run', () => {
  it('counts xpassed as passed and xfailed as skipped, as the columns have it', () => {
    const tally = startTally();
    tally.add(
      [...(['passed', 'xpassed', 'failed', 'error', 'skipped', 'xfailed'] as const)].map((outcome) =>
        result(outcome),
      ),
    );
    expect(tally.totals(3, 50)).toEqual({
      total: 6,
      passed: 2,
      failed: 1,
      skipped: 2,
      errors: 1,
      durationSeconds: 3,
      coveragePercent: 50,
    });
    expect(tally.xfailed).toBe(1);
  });

  it("adds the tests' own durations up where no suite tells", () => {
    const tally = startTally();
    expect(tally.totals(undefined, undefined).durationSeconds).toBeUndefined();
    tally.add([result('passed', 0.5), result('passed', 0.25), result('passed')]);
    expect(tally.totals(undefined, undefined).durationSeconds).toBe(0.75);
  });

  it('keeps the slowest ten, and a thousand failures, and counts the rest', () => {
    const tally = startTally();
    for (let n = 0; n < 3000; n++) tally.add([result('failed', (n * 7919) % 3000, n)]);
    expect(tally.slowest.map((test) => test.durationSeconds)).toEqual([
      2999, 2998, 2997, 2996, 2995, 2994, 2993, 2992, 2991, 2990,
    ]);
    expect(tally.failures).toHaveLength(1000);
    expect(tally.totals(undefined, undefined).failed).toBe(3000);
    expect(tally.failures[0]?.message).toHaveLength(300);
  });
});

describe("a failure's excerpt, read when it is asked for", () => {
  const traceback = (lines: number) =>
    `    def test_total():\n${'        prepare()\n'.repeat(lines)}>       assert total() == 2\nE       assert 1 == 2\n\nt.py:7: AssertionError`;
  it.each([
    ['a short traceback', traceback(3), 'assert 1 == 2'],
    ['a traceback that is not kept', traceback(2000), 'assert 1 == 2'],
    ['a long message', traceback(3), `assert 1 == 2${' and more'.repeat(5000)}`],
    ['characters beyond Latin-1', traceback(3).replace('prepare', 'подготовить'), 'assert 1 == 2'],
    ['no traceback', undefined, 'assert 1 == 2\n +  where 1 = total()'],
    ['no words at all', undefined, undefined],
  ])('is the one of the failure: %s', (_, text, message) => {
    const failure = { ...readStoredFailure({ testFile: 't.py', message, traceback: text }) };
    const tally = startTally();
    tally.add([{ ...result('failed'), failure }]);
    // What is counted later must not change it.
    tally.add([{ ...result('failed'), failure: { ...failure, traceback: 'other', message: 'other' } }]);
    const [first] = tally.failures;
    const wanted = excerptOf({ text: text ?? '', message, testFile: 't.py' });
    expect(first?.excerpt).toEqual(wanted);
    expect(first?.excerpt).toBe(first?.excerpt);
    expect({ ...first }.excerpt).toEqual(wanted);
  });
});

describe('the words of a failure that is shown', () => {
  it.each([
    ['KeyError: 1\nsecond', 'KeyError: 1'],
    ['AssertionError: \nArrays are not equal\n\nMismatched elements', 'AssertionError: Arrays are not equal'],
    ['\n\n  lonely  \n', 'lonely'],
    ['AssertionError:', 'AssertionError:'],
    [`${'x'.repeat(299)}😀`, 'x'.repeat(299)],
    ['', undefined],
  ])('of %j are %j', (message, words) => {
    const tally = startTally();
    const failed = result('failed');
    tally.add([{ ...failed, failure: failed.failure && { ...failed.failure, message } }]);
    expect(tally.failures[0]?.message).toBe(words);
  });
});

describe('the least covered files', () => {
  it('come lowest first, the larger gap before the smaller, complete ones never', () => {
    const file = (filePath: string, coveragePercent: number, missingStatements: number) => ({
      filePath,
      coveragePercent,
      missingStatements,
      totalStatements: 10,
      coveredStatements: 10 - missingStatements,
      totalBranches: 0,
      coveredBranches: 0,
      coveredLines: [],
      missingLines: [],
    });
    const files = [file('a', 100, 0), file('b', 50, 5), file('c', 10, 9), file('d', 50, 50)];
    expect(leastCovered(files, 3).map((f) => f.filePath)).toEqual(['c', 'd', 'b']);
  });

  it('tells that a report came from Windows by the backslashes of its tracebacks, stored or not', async () => {
    const told = async (path: string) => {
      const text = `def test_a():\n>       assert 0\nE       assert 0\n\n${path}:3: AssertionError`;
      const { results } = await readText(
        wrap(
          `<testcase classname="tests.test_a" name="test_a"><failure message="assert 0">${text}</failure></testcase>`,
        ),
      );
      const tally = startTally();
      tally.add(signResults(results));
      const stored = readStoredFailure({ testFile: 'tests/test_a.py', message: 'assert 0', traceback: text });
      expect(tally.failures[0]?.testFile).toBe('tests/test_a.py');
      return [tally.isFromWindows, stored.isFromWindows === true];
    };
    expect(await told('tests\\test_a.py')).toEqual([true, true]);
    expect(await told('tests/test_a.py')).toEqual([false, false]);
  });
});
