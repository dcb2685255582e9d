// When a base branch counts as never tested.
import { expect, test } from 'vitest';
import { isBaseNeverTested } from '../../src/judge/base.ts';

const run = (text: string) => {
  const [branch, gitSha] = text.split(' ');
  return { branch, gitSha };
};

test.each([
  ['three other commits, none of main', ['a 1', 'b 2', 'c 3'], true],
  ['the same commits more than once', ['a 1', 'a 1', 'a 2', 'a 2'], false],
  ['its own commit again', ['a 1', 'a 2', 'me 9'], false],
  ['a fork’s main', ['a 1', 'b 2', 'octo:main 3'], true],
  ['one of main', ['a 1', 'b 2', 'c 3', 'main 4'], false],
  ['two others', ['a 1', 'b 2'], false],
  ['none', [], false],
  ['runs without a commit', ['a', 'b', 'c', 'd'], false],
] as const)('%s', (_, runs, never) => {
  expect(isBaseNeverTested(run('me 9'), runs.map(run), 'main')).toBe(never);
});

test('a run of main itself', () => {
  expect(isBaseNeverTested(run('main 9'), ['a 1', 'b 2', 'c 3'].map(run), 'main')).toBe(false);
});
