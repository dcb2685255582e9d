import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderSummary, type Summary } from '../../../src/tell/terminal/summary.ts';
import { createPaint } from '../../../src/tell/terminal/terminal.ts';
import { duration, percent } from '../../../src/tell/words.ts';
import { makeRunHistory } from '../../support/runs.ts';

const style = { paint: createPaint(false), columns: 100, mostFailures: 2, hint: '--verbose shows more' };

const failing: Summary = {
  reports: ['results.xml'],
  totals: {
    total: 6,
    passed: 2,
    failed: 2,
    skipped: 1,
    errors: 1,
    durationSeconds: 75.2,
    coveragePercent: 99.96,
  },
  lost: 0,
  incomplete: false,
  xfailed: 1,
  failures: [
    {
      testName: "tests/test_a.py::TestA::test_b[it's]",
      testFile: 'tests/test_a.py',
      outcome: 'failed',
      line: 12,
      errorType: 'KeyError',
      message: "KeyError: 'x'",
    },
    {
      testName: 'tests/test_a.py::test_c',
      testFile: 'tests/test_a.py',
      outcome: 'error',
      line: undefined,
      errorType: 'ConnectionError',
      message: 'failed on setup with "app.errors.ConnectionError: no database"',
    },
    {
      testName: 't.py::test_d',
      testFile: 't.py',
      outcome: 'failed',
      line: 1,
      errorType: undefined,
      message: undefined,
    },
  ],
  slowest: [
    { testName: 'tests/test_a.py::test_slow', durationSeconds: 70 },
    { testName: 'tests/test_a.py::test_quick', durationSeconds: 0.01 },
  ],
  leastCovered: [{ filePath: 'src/app.py', coveragePercent: 50, missingStatements: 1 }],
  coveredFiles: 3,
  stored: { ok: true, text: 'stored as run 0190 of team local' },
  warnings: [{ code: 'interrupted', message: 'one test was begun', file: 'results.xml' }],
};

describe('the summary on a terminal', () => {
  it('tells totals, failures with their line and command, slow tests, coverage, warnings and what was stored', () => {
    expect(renderSummary(failing, style)).toBe(
      [
        '✗ 6 tests in 1 min 15 s   results.xml',
        '  2 failed · 1 error · 2 passed · 1 xfailed',
        '',
        "FAILED 3  KeyError  tests/test_a.py:12  'x'",
        "            pytest 'tests/test_a.py::TestA::test_b[it'\\''s]'",
        '          ConnectionError  tests/test_a.py  setup: no database',
        "            pytest 'tests/test_a.py::test_c'",
        '          and 1 failure more: --verbose shows more',
        '',
        'Slowest',
        '  1 min 10 s  tests/test_a.py::test_slow',
        '',
        'coverage  99.9 % of 3 files, least covered:',
        '            50 %  src/app.py  1 statement missing',
        '',
        'warning: results.xml: one test was begun',
        '',
        '✗ 3 failed, not judged   stored as run 0190 of team local',
      ].join('\n'),
    );
  });

  it('names what a green run repaired, though it has no failures to list', () => {
    const fixed = ['test_a', 'test_b'].map((name) => ({
      kind: 'green-here' as const,
      testName: `tests/test_a.py::${name}`,
      redAt: 'a'.repeat(40),
      passesElsewhere: false,
    }));
    const history = makeRunHistory({ fixed, baseBranch: 'main' });
    const totals = { ...failing.totals, failed: 0, errors: 0 };
    expect(
      renderSummary({ ...failing, totals, failures: [], history }, { ...style, mostFailures: 0 }),
    ).toContain('GREEN 2  test_a test_b  red on main at aaaaaaaa');
  });

  it('is short when all is well', () => {
    const good: Summary = {
      ...failing,
      totals: { ...failing.totals, failed: 0, errors: 0, skipped: 0, total: 2, coveragePercent: undefined },
      xfailed: 0,
      failures: [],
      slowest: [],
      leastCovered: [],
      warnings: [],
    };
    expect(renderSummary(good, style).split('\n')).toHaveLength(4);
    expect(renderSummary(good, style)).toContain('✓ 2 tests');
    // What was lost, or not read, is ticked nowhere; stored it is all the same.
    const stored = { ok: true, text: 'stored as incomplete run 01a2' };
    const ends = (over: Partial<Summary>) => {
      const lines = renderSummary({ ...good, stored, ...over }, style).split('\n');
      return [lines[0]?.[0], lines.at(-1)];
    };
    const error = { code: 'x', message: 'cut off', severity: 'error' } as const;
    expect([
      ends({ lost: 2 }),
      ends({ warnings: [error], incomplete: true }),
      ends({ warnings: [error] }),
      ends({ incomplete: true }),
    ]).toEqual([
      ['✗', '✗ 2 tests could not be read   stored as incomplete run 01a2'],
      ['✗', '✗ incomplete: see the error   stored as incomplete run 01a2'],
      ['✗', '✗ see the error   stored as incomplete run 01a2'],
      ['○', '○ stored as incomplete run 01a2'],
    ]);
    // Neither is a run in which nothing passed.
    const skipped = { ...good.totals, passed: 0, skipped: 2 };
    expect(ends({ totals: skipped })).toEqual(['○', '○ stored as incomplete run 01a2']);
  });

  it('lets no data through that a terminal would act on', () => {
    const hostile = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, message, file) => {
        const failure = {
          testName: name,
          testFile: file,
          outcome: 'failed',
          line: 1,
          errorType: name,
          message,
        };
        const summary: Summary = {
          ...failing,
          reports: [file],
          failures: [failure],
          slowest: [{ testName: name, durationSeconds: 1 }],
          leastCovered: [{ filePath: file, coveragePercent: 1, missingStatements: 2 }],
          stored: { ok: false, text: message },
          warnings: [{ code: 'x', message, file }],
        };
        expect(renderSummary(summary, style)).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe('numbers', () => {
  it.each([
    [0, '0.00 s'],
    [9.994, '9.99 s'],
    [12.34, '12.3 s'],
    [60, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3599.9, '1 h 0 min'],
    [7260, '2 h 1 min'],
    [359_999_000, '99999 h 43 min'],
    [1e308, 'over 100,000 h'],
    [Number.POSITIVE_INFINITY, 'over 100,000 h'],
  ])('%f seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [100, '100 %'],
    [99.96, '99.9 %'],
    [0.04, '0.1 %'],
    [0, '0 %'],
    [87.25, '87.3 %'],
  ])('%f percent are %s: whole only when exact', (value, text) => {
    expect(percent(value)).toBe(text);
  });
});
