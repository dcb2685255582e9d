import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupByCause } from '../../src/judge/causes.ts';
import type { Failure, Place } from '../../src/model.ts';
import { readResults } from '../../src/read/report/junit.ts';
import { surveyReports } from '../../src/read/report/survey.ts';
import { signCause } from '../../src/sign/cause.ts';
import { signResults } from '../../src/sign/signature.ts';

const helper: Place = { file: 'tests/helpers.py', line: 9, function: 'fetch', statement: 'raise E' };

function fact(testName: string, parts: Partial<Failure> = {}) {
  const failure = {
    errorType: 'ValueError',
    line: 1,
    lastFrameLine: 1,
    message: 'ValueError: no',
    traceback: undefined,
    ...parts,
  };
  return { testName, causeKey: signCause(failure) };
}
const groups = (...facts: ReturnType<typeof fact>[]) =>
  groupByCause(facts).map((cause) => cause.failures.map((failure) => failure.testName).join(' '));

describe('failures of one run', () => {
  it('are one group where words and place are the same, whatever numbers are in them', () => {
    expect(
      groups(
        fact('a', { place: helper, message: 'ValueError: 3 rows at 0x7f0011223344' }),
        fact('b', {
          place: { ...helper, statement: undefined },
          message: 'ValueError: 5 rows at 0x7f0011223355',
        }),
      ),
    ).toEqual(['a b']);
  });

  it.each<[string, Partial<Failure>]>([
    ['other words', { message: 'ValueError: none' }],
    ['another exception', { errorType: 'TypeError', message: 'TypeError: no' }],
    ['another line', { place: { ...helper, line: 10 } }],
    ['another file', { place: { ...helper, file: 'tests/others.py' } }],
    ['no place', { place: undefined }],
  ])('are groups of their own with %s', (_, parts) => {
    expect(groups(fact('a', { place: helper }), fact('b', { place: helper, ...parts }))).toEqual(
      expect.arrayContaining(['a', 'b']),
    );
  });

  it('are groups of their own where the tests themselves failed alike', () => {
    expect(groups(fact('a'), fact('b'))).toEqual(['a', 'b']);
  });

  it('are groups of their own where a helper compared other values for each', () => {
    const compared = (testName: string, message: string) =>
      fact(testName, { errorType: 'AssertionError', message, place: helper });
    expect(groups(compared('a', 'assert 1 == 2'), compared('b', 'assert 3 == 4'))).toEqual(['a', 'b']);
    expect(
      groups(
        compared('a', 'AssertionError: GET /1\nassert 500 == 200'),
        compared('b', 'AssertionError: GET /2\nassert 500 == 200'),
      ),
    ).toEqual(['a b']);
  });

  it.each([
    ['a module', 'ModuleNotFoundError', "ModuleNotFoundError: No module named 'redis'", 'redis'],
    [
      'a name of a module',
      'ImportError',
      "ImportError: cannot import name 'full' from 'shop.names' (/ci/shop/names.py)",
      'shop.names.full',
    ],
    [
      'a fixture',
      'FixtureLookupError',
      'failed on setup with "fixture \'client\' not found"',
      "fixture 'client'",
    ],
  ])('are one group where each test misses %s at a line of its own', (_, errorType, message, place) => {
    const facts = [fact('b', { errorType, message }), fact('a', { errorType, message })];
    expect(groupByCause(facts)).toMatchObject([{ place, failures: [{ testName: 'a' }, { testName: 'b' }] }]);
  });

  it('are one group where one exception was raised again with words of each test', () => {
    const raisedFrom = { errorType: 'OSError', message: 'OSError: no database', place: helper };
    const wrapped = (testName: string, name: string, cause = raisedFrom) =>
      fact(testName, { message: `ValueError: ${name}`, place: { ...helper, line: 30 }, raisedFrom: cause });
    const alone = fact('c', { errorType: 'OSError', message: 'OSError: no database', place: helper });
    expect(groups(wrapped('a', 'x'), wrapped('b', 'y'), alone)).toEqual(['a b c']);
    expect(groups(wrapped('a', 'x'), wrapped('b', 'x', { ...raisedFrom, message: 'OSError: none' }))).toEqual(
      ['a', 'b'],
    );
  });

  it('are one group where calls went round, in whatever call the stack ended', () => {
    const deep = (testName: string, end: string) =>
      fact(testName, {
        errorType: 'RecursionError',
        message: `RecursionError: maximum recursion depth exceeded${end}`,
        place: helper,
      });
    expect(groups(deep('a', ''), deep('b', ' in comparison'))).toEqual(['a b']);
  });

  it('give the same groups in any order', () => {
    const facts = Array.from({ length: 40 }, (_, i) =>
      fact(`t${i}`, { place: i % 3 === 0 ? undefined : { ...helper, line: i % 5 } }),
    );
    const plain = groupByCause(facts);
    fc.assert(
      fc.property(fc.shuffledSubarray(facts, { minLength: facts.length }), (shuffled) => {
        expect(groupByCause(shuffled)).toEqual(plain);
      }),
      { numRuns: 50 },
    );
    expect(new Set(plain.map((cause) => cause.key)).size).toBe(plain.length);
  });

  it('of a recorded suite with 21 faults are grouped as each fault alone tells, in every --tb style', async () => {
    const folder = new URL('../../fixtures/healix/causes/', import.meta.url);
    const truth = JSON.parse(readFileSync(new URL('truth.json', folder), 'utf8')) as Record<string, string>;
    for (const style of ['auto', 'short', 'native']) {
      const path = new URL(`${style}.xml.gz`, folder);
      const file = {
        name: style,
        bytes: statSync(path).size,
        open: () => createReadStream(path).pipe(createGunzip()),
      };
      const survey = await surveyReports([file], { allowIncomplete: false });
      const failures = [];
      for await (const results of readResults([file], { survey, checkout: undefined, onWarning: () => {} })) {
        for (const { testName, failure, causeKey } of signResults(results))
          if (failure !== undefined) failures.push({ testName, causeKey });
      }
      const largest = groupByCause(failures).slice(0, 12);
      const sizes = largest.map(({ failures: tests, place }) => {
        const faults = new Set(tests.map(({ testName }) => truth[addressOf(testName)]));
        return `${[...faults].slice(0, 2).join(' ')} ${tests.length} ${place?.split('/').at(-1)}`;
      });
      expect(sizes, style).toEqual([
        'db 200 conftest.py:10',
        'status 80 helpers.py:13',
        'settings 60 conftest.py:8',
        'currency 60 core.py:22',
        'mean 50 core.py:13',
        'catalogue 40 conftest.py:18',
        'parse 35 helpers.py:17',
        'user 30 conftest.py:28',
        'ledger 25 core.py:6',
        // Not rewritten by pytest, and without a word: nothing tells these wrong tests apart.
        expect.stringContaining('20 helpers.py:9'),
        'report 20 report.py:2',
        'retried 18 helpers.py:23',
      ]);
    }
  });
});

/** `tests/test_a.py::test_b` as the report's `classname.name`. */
function addressOf(testName: string): string {
  return testName
    .replace(/\.py(?=::|$)/, '')
    .replace('::', '.')
    .replaceAll('/', '.');
}
