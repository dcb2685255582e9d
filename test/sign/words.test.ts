import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, Place } from '../../src/model.ts';
import { signDrift } from '../../src/sign/drift.ts';
import { scrubValues, signWords, wordsOf } from '../../src/sign/words.ts';

interface Parts {
  readonly message: string;
  readonly statement?: string;
  readonly errorType?: string;
  readonly place?: Place;
}

const failure = ({ message, statement, errorType = 'AssertionError', place }: Parts): Failure => ({
  errorType,
  line: 1,
  lastFrameLine: 1,
  message,
  traceback: undefined,
  statement,
  place,
});
const sameWords = (a: Parts, b: Parts) => signWords(failure(a)) === signWords(failure(b));

/** Teams keep knowledge under these: a change of any of them is a change of version. */
const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/signatures/words.json', import.meta.url), 'utf8'),
) as {
  error_type: string | null;
  message: string;
  statement: string | null;
  place: { file: string; line: number; function: string; statement: string } | null;
  words: string;
  signature: string | null;
}[];

describe('the words signature', () => {
  it.each(golden)('of $error_type $message is the one it always was', (entry) => {
    const golden: Failure = {
      ...failure({ message: entry.message }),
      errorType: entry.error_type ?? undefined,
      statement: entry.statement ?? undefined,
      place: entry.place ?? undefined,
    };
    expect(wordsOf(golden).words).toBe(entry.words);
    expect(signWords(golden) ?? null).toBe(entry.signature);
  });

  it.each<[string, string, string]>([
    ['compared numbers', 'assert 190 == 180', 'assert 195 == 180'],
    ['compared decimals', 'assert 0.5 == 0.25', 'assert 0.5 == 0.2'],
    ['numbers in texts', "assert 'a 5s' == 'a'", "assert 'a 6s' == 'a'"],
    ['paths of addresses', "assert '/api/v1/users' == ''", "assert '/api/v2/users' == ''"],
    ['ports that somebody chose', "assert 'localhost:8080' == ''", "assert 'localhost:8081' == ''"],
    ['dates', 'assert datetime.date(2026, 1, 2) == x', 'assert datetime.date(2026, 1, 3) == x'],
    ['full seconds', "assert '2026-01-02 10:00:00' == ''", "assert '2026-01-02 10:00:01' == ''"],
    ['hashes', "assert '9fceb02d0ae5' == ''", "assert '9fceb02d0ae6' == ''"],
    [
      'values behind a truth',
      'assert False\n +  where False = ok(404)',
      'assert False\n +  where False = ok(500)',
    ],
    [
      'values that pytest has cut',
      'assert [1, 2, ...] == [1, 3, ...]\n  \n  At index 7 diff: 8 != 9',
      'assert [1, 2, ...] == [1, 3, ...]\n  \n  At index 7 diff: 8 != 7',
    ],
    ['values of unittest', 'AssertionError: 3 != 5', 'AssertionError: 4 != 5'],
    [
      'values of numpy',
      'AssertionError: \nArrays are not equal\n\n ACTUAL: array([1])',
      'AssertionError: \nArrays are not equal\n\n ACTUAL: array([2])',
    ],
  ])('of an assertion knows %s', (_, one, other) => {
    const statement = 'assert a == b';
    expect(sameWords({ message: one, statement }, { message: other, statement })).toBe(false);
  });

  it('differs where the compared numbers differ, and the drift signature does not', () => {
    const one = failure({ message: 'assert 190 == 180', statement: 'assert a == b' });
    const other = failure({ message: 'assert 195 == 180', statement: 'assert a == b' });
    expect(signWords(one)).not.toBe(signWords(other));
    expect(signDrift(one)).toBe(signDrift(other));
  });

  it.each<[string, string, string]>([
    ['addresses', 'assert <A object at 0x7f0012ab> == 3', 'assert <A object at 0x55aa0012cd> == 3'],
    ['the time of a clock', "assert '2026-11-22 15:54:24,123' == 3", "assert '2027-01-02 05:04:04,923' == 3"],
    ['measured durations', "assert 'took 1.53s' == 3", "assert 'took 0.07s' == 3"],
    ['ports that a system gave out', "assert '127.0.0.1:49152' == 3", "assert '127.0.0.1:61001' == 3"],
    ['checkouts', "assert '/home/runner/work/shop/a.csv' == 3", "assert '/builds/team/shop/a.csv' == 3"],
    [
      'temporary paths',
      "assert '/tmp/pytest-of-a/pytest-1/test_x0/a' == 3",
      "assert '/tmp/pytest-of-b/pytest-77/test_x0/a' == 3",
    ],
    ['the order of a set', "assert {'a', 'b'} == 3", "assert {'b', 'a'} == 3"],
    [
      'the order in which differences of sets are listed',
      "assert {'a', ...} == x\n  Extra items:\n  'a'\n  'b'",
      "assert {'a', ...} == x\n  Extra items:\n  'b'\n  'a'",
    ],
  ])('of an assertion survives other %s', (_, one, other) => {
    expect(sameWords({ message: one }, { message: other })).toBe(true);
  });

  it('does not know counts in the sentences of other exceptions, but their keys and lone values', () => {
    const of = (errorType: string, message: string) =>
      signWords(failure({ errorType, message: `${errorType}: ${message}` }));
    expect(of('ValueError', 'expected 3 rows, got 7')).toBe(of('ValueError', 'expected 5 rows, got 9'));
    expect(of('KeyError', '404')).not.toBe(of('KeyError', '500'));
    expect(of('KeyError', "('ab', 1)")).not.toBe(of('KeyError', "('ab', 2)"));
    expect(of('SystemExit', '1')).not.toBe(of('SystemExit', '2'));
  });

  it('knows the statement at the place outside of the test, and not the line of the test that led there', () => {
    const place = (file: string, statement = "raise KeyError('a')"): Place => ({
      file,
      line: 3,
      function: 'load',
      statement,
    });
    const parts = { errorType: 'KeyError', message: "KeyError: 'a'" };
    const one = { ...parts, statement: 'load(1)', place: place('tests/helpers.py') };
    expect(
      sameWords(one, {
        ...parts,
        statement: 'load(2)',
        place: { ...place('/ci/tests/helpers.py'), line: 9 },
      }),
    ).toBe(true);
    expect(sameWords(one, { ...one, place: place('tests/others.py') })).toBe(false);
    expect(sameWords(one, { ...one, place: place('tests/helpers.py', 'd[key]') })).toBe(false);
    expect(sameWords(one, { ...parts, statement: 'load(1)' })).toBe(false);
  });

  it('is absent where a failure says nothing', () => {
    expect(signWords(failure({ message: '' }))).toBeUndefined();
  });
});

describe('scrubbing compared values', () => {
  it.each([
    ['C:\\Users\\me\\shop\\a.py', 'PATH/a.py'],
    ['/home/me/shop/a.py', 'PATH/a.py'],
    ['at 15:54:24.154', 'at TIME'],
    ['datetime.datetime(2026, 11, 22, 15, 54, 24, 154)', 'datetime.datetime(TIME)'],
    ['localhost:49152', 'localhost:PORT'],
    ['took 1.53 s', 'took DURATION s'],
    ['a\tb  c\n\n d', 'a b c\nd'],
  ])('makes %j into %j', (before, after) => expect(scrubValues(before)).toBe(after));

  it('of what is scrubbed changes nothing more', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        const once = scrubValues(text);
        expect(scrubValues(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });
});
