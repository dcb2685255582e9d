// How long rows are kept: the document's periods, and what is refused before anything is looked at.
import { expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import {
  checkTable,
  documented,
  keptTables,
  readPeriod,
  readPolicy,
  said,
} from '../../../src/store/keep/policy.ts';

test('without a wish the periods are those of the schema document', () => {
  expect(Object.fromEntries(keptTables.map((table) => [table, said(readPolicy([])[table])]))).toEqual({
    test_runs: '3 years',
    test_results: '1 year',
    coverage_data: '1 year',
    healix_memories: '6 months',
    consciousness_reviews: '6 months',
    sessions: '7 days',
    test_months: 'forever',
    coverage_months: 'forever',
  });
});

test.each([
  ['18 months', '18 months'],
  [' 1  YEAR ', '1 year'],
  ['1 years', '1 year'],
  ['26 weeks', '26 weeks'],
  ['0 days', '0 days'],
  ['forever', 'forever'],
])('%j is a time', (text, meant) => {
  const period = readPeriod(text);
  expect(period && said(period)).toBe(meant);
});

test.each([
  '',
  'soon',
  '18',
  'months',
  '-1 year',
  '1.5 years',
  '1 year 2 months',
  '201 years',
  "1 day'; DROP TABLE users",
])('%j is no time, and is refused with an example', (text) => {
  expect(readPeriod(text)).toBeUndefined();
  expect(refusal([`test_results=${text}`])).toMatchObject({
    code: 'retention-period',
    fix: expect.stringContaining("--keep 'test_results=1 year'"),
  });
});

test('a wish changes one period and leaves the others', () => {
  const policy = readPolicy(['test_results=18 months', 'sessions=30 days']);
  expect([said(policy.test_results), said(policy.sessions), policy.test_runs]).toEqual([
    '18 months',
    '30 days',
    documented.test_runs,
  ]);
  expect(
    said(
      readPolicy([
        'test_runs=150 days',
        'test_results=150 days',
        'coverage_data=150 days',
        'test_months=1 year',
      ]).test_runs,
    ),
  ).toBe('150 days');
});

test.each([
  [
    ['test_results=4 months'],
    'test_results cannot be kept for 4 months only: it is kept at least 5 months: a run is compared with those of 90 days',
  ],
  [['test_runs=30 days'], 'test_runs cannot be kept for 30 days only'],
  [['coverage_data=1 day'], 'coverage_data cannot be kept for 1 day only'],
  [['healix_memories=1 month'], 'healix_memories cannot be kept for 1 month only'],
  [['consciousness_reviews=2 weeks'], 'consciousness_reviews cannot be kept for 2 weeks only'],
  [
    ['test_results=4 years'],
    'test_runs cannot be kept for 3 years only: it is kept at least as long as test_results (4 years)',
  ],
  [['test_runs=6 months'], 'it is kept at least as long as test_results (1 year)'],
  [
    ['test_months=6 months'],
    'test_months cannot be kept for 6 months only: it is kept at least as long as test_results',
  ],
  [
    ['coverage_data=forever', 'test_runs=forever', 'coverage_months=9 years'],
    'at least as long as coverage_data (forever)',
  ],
])('%j is shorter than what is needed, and is refused', (wishes, words) => {
  expect(refusal(wishes)).toMatchObject({ code: 'retention-short', message: expect.stringContaining(words) });
});

test.each([
  ['test_result', 'Did you mean test_results?'],
  ['pg_class', 'Tables with a time: test_runs,'],
  ['test_results_2025_01', ''],
  ['ingest_uploads', 'Name test_runs.'],
  ['shared_memories', 'Name healix_memories.'],
  ['users', 'Tables with a time'],
  ['constructor', 'Tables with a time'],
])('the table %s has no time of its own, and is refused', (name, fix) => {
  for (const refused of [refusal([`${name}=1 year`]), refusalOf(() => checkTable(name))])
    expect(refused).toMatchObject({ code: 'retention-table', fix: expect.stringContaining(fix) });
});

test.each([['test_results'], ['=1 year'], ['test_results 1 year']])('%j is no wish', (wish) => {
  expect(refusal([wish]).fix).toBe("Such as --keep 'test_results=18 months'.");
});

test('a table that is named twice is refused', () => {
  expect(refusal(['sessions=1 day', 'sessions=2 days']).message).toBe('sessions is named twice in --keep');
});

function refusal(wishes: readonly string[]): InputError {
  return refusalOf(() => readPolicy(wishes));
}

function refusalOf(work: () => unknown): InputError {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('was not refused');
}
