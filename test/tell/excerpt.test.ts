// How a traceback's excerpt is told: in the comment, in an annotation, as plain lines; and what stands above it.
import { describe, expect, it } from 'vitest';
import type { SignedResult } from '../../src/model.ts';
import { excerptOf } from '../../src/read/report/excerpt.ts';
import { startTally } from '../../src/tally.ts';
import { plainExcerpt } from '../../src/tell/excerpt.ts';
import { renderAnnotations } from '../../src/tell/github/annotations.ts';
import { makePart } from '../../src/tell/github/comment.ts';
import { renderSection, type Section } from '../../src/tell/github/comment-section.ts';
import { renderJobSummary } from '../../src/tell/github/job-summary.ts';
import type { ToldFailure } from '../../src/tell/words.ts';
import { jobIdentity } from '../support/job-identity.ts';
import { makeRunHistory } from '../support/runs.ts';

const resultOf = (testName: string, report: string, isRed: boolean): SignedResult => ({
  testName,
  testFile: 'a.py',
  testClass: undefined,
  testFunction: undefined,
  nodeIdSource: 'convention',
  outcome: isRed ? 'failed' : 'passed',
  durationSeconds: 1,
  report,
  failure: undefined,
  reason: undefined,
  markers: [],
  failureSignature: undefined,
});

const text = `tests/test_stock.py:9: in test_total
    assert stock.total() == [1, 3]
src/stock.py:21: in total
    assert found == [1, 3]
E   assert [1, 2] == [1, 3]
E     At index 1 diff: 2 != 3
E     -     3,
E     +     2,`;

const failure: ToldFailure = {
  testName: 'tests/test_stock.py::test_total',
  testFile: 'tests/test_stock.py',
  outcome: 'failed',
  line: 9,
  errorType: 'AssertionError',
  message: 'assert [1, 2] == [1, 3]',
  excerpt: excerptOf({ text, message: undefined, testFile: 'tests/test_stock.py' }),
};

const section: Section = {
  totals: {
    total: 1,
    passed: 0,
    failed: 1,
    skipped: 0,
    errors: 0,
    durationSeconds: 1,
    coveragePercent: undefined,
  },
  lost: 0,
  incomplete: false,
  troubles: [],
  xfailed: 0,
  failures: [failure],
  history: undefined,
  leastCovered: [],
  stored: { ok: true, text: '' },
  hideSolutions: false,
};
const detail = { failures: 9, messages: true, fixes: true, excerpts: 1, extras: false, more: '' };

describe('what a traceback shows', () => {
  it('is folded under its failure: source, words as a diff with its signs at the margin, frames', () => {
    expect(renderSection(section, detail)).toContain(`

  <details><summary>Traceback</summary>

  \`\`\`python
  > assert found == [1, 3]
  \`\`\`

  \`\`\`diff
  assert [1, 2] == [1, 3]
  At index 1 diff: 2 != 3
  -     3,
  +     2,
  \`\`\`

  - \`tests/test_stock.py:9\` \`assert stock.total() == [1, 3]\`
  - \`src/stock.py:21\` \`assert found == [1, 3]\`

  </details>`);
    expect(renderSection(section, { ...detail, excerpts: 0 })).not.toContain('Traceback');
  });

  it('is the last of an annotation, with the diff', () => {
    const [annotation = ''] = renderAnnotations({
      failures: [failure],
      all: 1,
      history: undefined,
      hideSolutions: false,
      locate: (file) => file,
    });
    expect(annotation).toContain(
      '%0A%0Aassert [1, 2] == [1, 3]%0AAt index 1 diff: 2 != 3%0A-     3,%0A+     2,',
    );
  });

  it('is plain lines in the log', () => {
    expect(failure.excerpt && plainExcerpt(failure.excerpt)).toEqual([
      '> assert found == [1, 3]',
      'E assert [1, 2] == [1, 3]',
      'E   At index 1 diff: 2 != 3',
      'E   -     3,',
      'E   +     2,',
      'tests/test_stock.py:9  assert stock.total() == [1, 3]',
      'src/stock.py:21  assert found == [1, 3]',
    ]);
  });
});

describe('what tests printed', () => {
  const lines = Array(20).fill('x'.repeat(399));
  const printed = (n: number) => ({
    ...section,
    failures: Array.from({ length: n }, (_, i) => ({
      ...failure,
      testName: `tests/test_stock.py::test_${i}`,
      failureSignature: `md5:${i}`,
      errorType: `Error${i}`,
      message: `error ${i}`,
      captured: (['system-out', 'system-err'] as const).map((stream) => ({ stream, lines, isCut: true })),
    })),
  });

  it('is left out of a summary before failures are', () => {
    const summary = (n: number) => renderJobSummary({ ...printed(n), label: 'x', slowest: [], warnings: [] });
    expect(summary(3)).toContain('Traceback and captured output');
    const long = summary(300);
    expect([long.includes('captured output'), long.includes('test_299')]).toEqual([false, true]);
  });

  it('is left out of a comment before failures and their fixes are', () => {
    const { texts } = makePart([{ ...jobIdentity('unit'), label: 'unit', section: printed(40) }], {
      key: 'k',
    });
    const place = texts.findIndex((text) => !text.includes('captured output'));
    expect([texts[0]?.includes('and captured output'), texts[place]?.includes('test_39')]).toEqual([
      true,
      true,
    ]);
  });
});

describe('several reports of one step', () => {
  it('are a row each, with tests against runs and where it failed', () => {
    const tally = startTally();
    for (const report of ['results-3.11.xml', 'results-3.12.xml', 'results-3.13.xml'])
      for (const testName of ['a.py::x', 'a.py::y'])
        tally.add([resultOf(testName, report, report.includes('3.12') && testName === 'a.py::x')]);
    const text = renderSection(
      { ...section, failures: [], severalReports: tally.reports(new Set()) },
      detail,
    );
    expect(text).toContain('2 tests, 6 runs in 3 reports; 1 failed in `results-3.12.xml`');
    expect(text).toContain('| ❌ `results-3.12.xml` | 1 | 1 | 0 |');
    expect(text).toContain('| ✅ `results-3.13.xml` | 0 | 2 | 0 |');
  });

  it('say which could not be read, and add up those beyond a hundred', () => {
    const tally = startTally();
    for (let n = 0; n < 130; n++) tally.add([resultOf('a.py::x', `${n}.xml`, n === 129)]);
    const severalReports = tally.reports(new Set(['7.xml', 'bad.xml']));
    const text = renderSection({ ...section, failures: [], severalReports }, detail);
    expect(text).toContain('1 test, 130 runs in 130 reports; 1 failed in `129.xml`');
    for (const row of [
      '❌ `7.xml` (incomplete) | 0 | 1',
      '❌ `bad.xml` (no results) |  |  |  |',
      '❌ `129.xml` | 1 | 0 | 0 |',
    ])
      expect(text).toContain(`| ${row}`);
    expect(text).toContain('| ✅ and 31 more reports | 0 | 31 | 0 |');
  });

  it.each([
    { many: 100, from: 0, words: '1 failed in `2.xml`, and in 97 more' },
    { many: 101, from: 0, words: '1 failed in `2.xml`, and in more than 97 more' },
    { many: 1001, from: 1000, words: '1,001 reports; 1 failed in others than those below' },
    {
      many: 1003,
      from: 999,
      words: '1,003 reports; 1 failed in `999.xml`, 3 failed in others than those below',
    },
  ])('say where tests of $many reports failed, also in those without a name', ({ many, from, words }) => {
    const tally = startTally();
    for (let n = 0; n < many; n++) tally.add([resultOf('a.py::x', `${n}.xml`, n >= from)]);
    const severalReports = tally.reports(new Set());
    const text = renderSection({ ...section, failures: [], severalReports }, detail);
    expect(text.split('\n').some((line) => line.endsWith(words))).toBe(true);
  });
});

describe('what moved since the comparison point', () => {
  const before = { total: 24, failed: 0, skipped: 2, durationSeconds: 6.5 };
  const moved = (totals: Partial<Section['totals']>, failures: Section['failures'] = []) =>
    renderSection(
      { ...section, failures, totals: { ...section.totals, ...totals }, history: makeRunHistory({ before }) },
      detail,
    ).split('\n')[0];

  it('stands behind each count, and behind the duration', () => {
    expect(moved({ total: 27, passed: 25, failed: 1, skipped: 1, durationSeconds: 6.19 })).toBe(
      '**1 failed** (+1), 25 passed (+3), 1 skipped (−1) in 6.19 s (−0.31 s); 27 tests (+3)',
    );
  });

  it('is of test runs where several reports ran a test', () => {
    const counts = ['a.xml', 'b.xml', 'c.xml'].map((report) => ({
      report,
      passed: 2,
      failed: 0,
      skipped: 0,
      incomplete: false,
    }));
    const told = (tests: number | undefined) =>
      renderSection(
        {
          ...section,
          failures: [],
          totals: { ...section.totals, total: 6, passed: 6, failed: 0, skipped: 0 },
          history: makeRunHistory({ before: { ...before, total: 4, skipped: 0 } }),
          severalReports: { counts, rest: undefined, tests },
        },
        detail,
      ).split('\n')[0];
    expect(told(2)).toMatch(/; 6 test runs \(\+2\)$/);
    expect(told(undefined)).toMatch(/; 6 test runs \(\+2\)$/);
    expect(told(6)).toMatch(/; 6 tests \(\+2\)$/);
  });

  it('is nothing where nothing moved, on green as well', () => {
    expect(moved({ total: 24, passed: 22, failed: 0, skipped: 2, durationSeconds: 6.51 })).toBe(
      '22 passed, 2 skipped in 6.51 s',
    );
  });
});
