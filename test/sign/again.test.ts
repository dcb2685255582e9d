// Memories after a new version of a signature: with a made-up next version of each rule.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Failure } from '../../src/model.ts';
import { type SignatureRule, seal, signAgain } from '../../src/sign/again.ts';
import { driftOf, driftRule, signDrift } from '../../src/sign/drift.ts';
import { signWords, wordsOf, wordsRule } from '../../src/sign/words.ts';

/** Also takes out the name of a queue. */
const withoutQueues = (words: string) => words.replace(/\bqueue-\w+/g, 'QUEUE');
const nextDrift: SignatureRule = {
  version: 'd2',
  normalise: (words) => withoutQueues(driftRule.normalise(words)),
};
const nextWords: SignatureRule = { version: 'w2', normalise: withoutQueues };
const next = { drift: nextDrift, words: nextWords };

const failure = (more: Partial<Failure>): Failure => ({
  errorType: 'TimeoutError',
  message: 'TimeoutError: queue-a4 did not answer in 30 s, try 3',
  statement: 'q.get(timeout = 30)',
  line: 3,
  lastFrameLine: 3,
  traceback: undefined,
  ...more,
});

/** As a memory keeps it. */
function keep(
  of: Failure,
): Parameters<typeof signAgain>[0] & { metadata: Record<string, string | undefined> } {
  const [drift, { words, statement, place }] = [driftOf(of), wordsOf(of)];
  return {
    driftSignature: signDrift(of),
    wordsSignature: signWords(of),
    metadata: {
      error_type: of.errorType,
      words,
      statement,
      place,
      drift_words: drift.words,
      drift_statement: drift.statement,
    },
  };
}

const failures: Readonly<Record<string, Failure>> = {
  'of a sentence with counts': failure({}),
  'of an assertion': failure({
    errorType: 'AssertionError',
    message: "assert 'queue-a4' == 'queue-b7'\n  - queue-b7\n  + queue-a4",
    statement: 'assert q.name == "queue-b7"',
  }),
  'without a type': failure({ errorType: undefined, message: 'queue-a4 is gone' }),
  'without words': failure({ message: undefined }),
};

test.each(Object.keys(failures))(
  'a failure %s is signed by the next version as uploads then sign it',
  (name) => {
    const one = failures[name] as Failure;
    const again = signAgain(keep(one), next);
    expect(again).toMatchObject({ driftSignature: signDrift(one, nextDrift), isOld: false });
    expect(again.driftSignature).toMatch(/^d2:/);
    expect(again.wordsSignature).toMatch(/^w2:/);
    // From then on it is of this version, and can be signed by the one after it.
    const kept = { ...keep(one), ...again, metadata: { ...keep(one).metadata, ...again.metadata } };
    expect(signAgain(kept, next)).toEqual({ ...again, metadata: {} });
    const third = { drift: { ...nextDrift, version: 'd3' }, words: { ...nextWords, version: 'w3' } };
    expect(signAgain(kept, third)).toMatchObject({
      isOld: false,
      driftSignature: expect.stringMatching(/^d3:/),
    });
  },
);

test('failures that differ in what the next version takes out are one by it', () => {
  const other = failure({ message: 'TimeoutError: queue-zz did not answer in 30 s, try 3' });
  expect(signDrift(other)).not.toBe(signDrift(failure({})));
  const signed = [failure({}), other].map((one) => signAgain(keep(one), next));
  expect(signed[0]?.driftSignature).toBe(signed[1]?.driftSignature);
  expect(signed[0]?.wordsSignature).toBe(signed[1]?.wordsSignature);
});

test.each([
  ['keeps nothing', { metadata: {} }],
  [
    'keeps other words than it was signed from',
    { metadata: { ...keep(failure({})).metadata, drift_words: 'else', words: 'else' } },
  ],
  ['keeps another type', { metadata: { ...keep(failure({})).metadata, error_type: 'KeyError' } }],
  ['keeps numbers for words', { metadata: { drift_words: 3, words: 3 } }],
  ['has a signature of nobody', { driftSignature: 'mine', wordsSignature: 'mine' }],
] as const)('a memory that %s stays as it is', (_, changes) => {
  const memory = { ...keep(failure({})), ...changes };
  const { driftSignature, wordsSignature } = memory;
  expect(signAgain(memory, next)).toEqual({ driftSignature, wordsSignature, metadata: {}, isOld: true });
});

test('a memory without signatures, or of these versions, has nothing to be signed', () => {
  const none = { driftSignature: undefined, wordsSignature: undefined, metadata: {} };
  expect(signAgain(none, next)).toEqual({ ...none, isOld: false });
  const now = keep(failure({}));
  expect(signAgain(now, { drift: driftRule, words: wordsRule })).toEqual({
    ...now,
    metadata: {},
    isOld: false,
  });
});

test('what is sealed often is the hash of its own version, type and parts each time', () => {
  const expected = (version: string, text: string) =>
    `${version}:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  for (let round = 0; round < 2; round++) {
    expect(seal('d1', 'KeyError', ['words', 'a()'])).toBe(expected('d1', 'KeyError\nwords\na()'));
    expect(seal('w1', 'KeyError', ['words', 'a()'])).toBe(expected('w1', 'KeyError\nwords\na()'));
    expect(seal('d1', undefined, ['words', 'a()'])).toBe(expected('d1', 'Unknown\nwords\na()'));
    const long = 'long '.repeat(5000);
    expect(seal('d1', 'E', [long])).toBe(expected('d1', `E\n${long}`));
    for (let n = 0; n < 250; n++) expect(seal('d1', 'E', [`${n}`])).toBe(expected('d1', `E\n${n}`));
  }
});
