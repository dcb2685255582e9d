import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/model.ts';
import { startTestsSignature } from '../../../src/store/runs/tests-signature.ts';

type Added = readonly [testName: string, outcome: Outcome, attempts?: number];

function signatureOf(...rows: readonly Added[]): string {
  const signature = startTestsSignature();
  for (const [testName, outcome, attempts] of rows) signature.add(testName, outcome, attempts);
  return signature.text();
}

const run: readonly Added[] = [
  ['tests/test_a.py::test_one', 'passed'],
  ['tests/test_a.py::test_two[ä\u{1f40d}]', 'failed'],
  ['tests/test_b.py::test_three', 'skipped'],
  ['tests/test_b.py::test_four', 'passed', 2],
];

test('is the same in any order, and where other tests failed', () => {
  expect(signatureOf(...run)).toMatch(/^[0-9a-f]{16}$/);
  expect(signatureOf(...[...run].reverse())).toBe(signatureOf(...run));
  const [one, two, ...others] = run as [Added, Added, ...Added[]];
  expect(signatureOf([one[0], 'error', 3], [two[0], 'passed'], ...others)).toBe(signatureOf(...run));
});

test('is another one with a test more or less or twice, skipped, passed at a later attempt, or expected to fail', () => {
  const others = [
    run.slice(1),
    [...run, ['tests/test_c.py::test_five', 'passed'] as const],
    ...run.map((row) => [...run, row]),
    ...run.map(([name], at) => run.with(at, [name, at === 2 ? 'passed' : 'skipped'])),
    ...([1, 2, 3, 7] as const).map((attempts) => run.with(0, [run[0]?.[0] ?? '', 'passed', attempts])),
    run.with(2, ['tests/test_b.py::test_three', 'xfailed']),
    run.with(2, ['tests/test_b.py::test_three', 'xpassed']),
    run.with(3, ['tests/test_b.py::test_four', 'passed', 3]),
  ].map((rows) => signatureOf(...rows));
  expect(new Set([signatureOf(...run), ...others]).size).toBe(others.length + 1);
});

test('a hundred thousand names that differ in a number have as many sums of two', () => {
  const seen = new Set<string>();
  for (let n = 0; n < 100_000; n++)
    seen.add(
      signatureOf([`tests/test_a.py::test_${n}`, 'passed'], [`tests/test_a.py::test_${n + 1}`, 'passed']),
    );
  expect(seen.size).toBe(100_000);
});
