// The failing statement's source: what a mark is, and what is none.
import { describe, expect, it } from 'vitest';
import { findStatement } from '../../../src/read/report/statement.ts';

const at = { path: 'a.py', line: 3 };

describe('the statement above a location', () => {
  it.each<[string, readonly string[], string | undefined]>([
    ['is at the mark', ['    def t():', '>       go(1)', 'E       X', '', 'a.py:3: X'], 'go(1)'],
    [
      'begins where its brackets open',
      ['        go(', '>           1)', 'E   X', '', 'a.py:3: X'],
      'go(\n            1)',
    ],
    [
      'is none where the line at the mark is empty',
      ['>       old()', '>', 'E   X', '', 'a.py:3: X'],
      undefined,
    ],
    ['is not at another comparison', ['        >>> go(1)', '>>> 1', 'a.py:3: X'], undefined],
    ["is not another frame's", ['>       old()', `${'_ '.repeat(10)}`, '', 'a.py:3: X'], undefined],
  ])('%s', (_, lines, statement) => expect(findStatement(lines, at)).toBe(statement));
});
