// What is said of a failure's age and of repairs, by evidence.
import { describe, expect, it } from 'vitest';
import type { FailureHistory, Since } from '../../src/model.ts';
import { comparedWith, evidenceOf, fixedEvidence, stripOf } from '../../src/tell/evidence.ts';

const since: Since = {
  lastGreen: 'A',
  firstRed: 'C',
  firstRedAt: 0,
  untested: [],
  otherErrorSince: undefined,
  inARow: 6,
  culprits: undefined,
  isEstimated: false,
};
const failure = (more: Partial<FailureHistory>): FailureHistory => ({
  testName: 't',
  failureSignature: undefined,
  class: 'new',
  reason: { kind: 'green-there', sha: 'B', jobs: undefined },
  notes: { passedOnRerunOf: undefined, wasFlaky: undefined, redBefore: [] },
  since,
  lastFixedBy: undefined,
  match: undefined,
  known: false,
  ...more,
});
const say = (more: Partial<FailureHistory>) =>
  evidenceOf(failure(more), { baseBranch: 'main', point: undefined });
const wasFlaky = { failures: 1, runs: 6, inARow: 6 };
const redThere = { kind: 'red-there', sha: 'D', jobs: undefined, repairedBy: undefined } as const;

describe('the evidence of a failure', () => {
  it('says the row of failures once', () => {
    const notes = { passedOnRerunOf: undefined, redBefore: [], wasFlaky };
    expect(say({})).toBe('passed on B; 6 times in a row since C');
    expect(say({ notes })).toBe(
      'passed on B; was flaky (1 of 6 runs failed), now fails every time: 6 times in a row since C',
    );
    expect(say({ notes: { ...notes, wasFlaky: { ...wasFlaky, inARow: 4 } } })).toBe(
      'passed on B; was flaky (1 of 6 runs failed), now fails every time: 4 times in a row',
    );
  });

  it('leaves the cause open where commits between are untested, one or several', () => {
    const tell = (...untested: string[]) =>
      evidenceOf(failure({ since: undefined }), {
        baseBranch: 'main',
        point: { sha: 'B', source: 'merge-base', isApproximate: false, untested },
      });
    expect(tell('x')).toBe('passed on B; this change or the untested commit');
    expect(tell('x', 'y')).toBe('passed on B; this change or one of 2 untested commits');
  });

  it('names the older commit that tells what the newer runs left out', () => {
    const point = { sha: 'E', source: 'first-parent', isApproximate: false, untested: [] } as const;
    const tell = (sha?: string) =>
      evidenceOf(failure({ reason: { kind: 'absent-there', sha }, since: undefined }), {
        baseBranch: 'main',
        point,
      });
    expect(tell()).toBe('not a test of E');
    expect(tell('B')).toBe('not a test of B; later runs of main did not run its file');
  });

  it('keeps apart since when the test is red and since when with this error', () => {
    const preExisting = { class: 'pre-existing', reason: redThere } as const;
    expect(say(preExisting)).toBe('red on main since C (last green A)');
    expect(say({ ...preExisting, since: { ...since, otherErrorSince: 'B', untested: ['x'] } })).toBe(
      'red on main since B, with this error since C (last green A, 1 commit untested)',
    );
    expect(say({ ...preExisting, since: { ...since, lastGreen: undefined } })).toBe(
      'red on main since C or earlier',
    );
  });

  it('is shown as a strip of the last runs, with rate and age', () => {
    const lately = { base: 'pppfp', change: 'ff', failures: 3, runs: 41, days: 12 };
    expect(stripOf(failure({ lately }), 'main')).toEqual({
      strip: 'main ✓✓✓✗✓ · this change ✗✗',
      rate: '3 of 41 runs failed there, red for 12 days',
    });
    const first = { base: '', change: 'pf', failures: 0, runs: 0, days: 0 };
    expect(stripOf(failure({ lately: first }), undefined)).toEqual({ strip: 'this change ✓✗', rate: '' });
    expect(stripOf(failure({}), 'main').strip).toBe('');
  });

  it('names no branch where the run has no commit', () => {
    expect(comparedWith({ baseBranch: undefined, point: undefined })).toBe(
      'the run names no commit: nothing to compare with',
    );
  });

  it('does not say that a repaired test was green before where no pass is known', () => {
    const fixed = { kind: 'fixed', testName: 't', since: 'C', sinceAt: 0 } as const;
    expect(fixedEvidence({ ...fixed, wasGreen: true }, 'main')).toBe('red on main since C');
    expect(fixedEvidence({ ...fixed, wasGreen: false }, 'main')).toBe('red on main since C or earlier');
  });
});
