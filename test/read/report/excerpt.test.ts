// What is shown of a traceback: one case a style, chains, groups, what is cut.
import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../../src/read/report/excerpt.ts';

const rule = '_ '.repeat(39).trimEnd();
const testFile = 'tests/test_stock.py';
const read = (text: string, message?: string) => excerptOf({ text, message, testFile });

const long = `    def test_total():
        stock = load()
>       assert stock.total() == [1, 3]

tests/test_stock.py:9: 
${rule}
/usr/lib/python3.12/functools.py:930: in wrapper
    return func(*args)
${rule}

self = <Stock>

    def total(self):
        # counts

        parts = self.parts
        rows = parts.rows
        names = rows.names
        found = names.found
>       assert found == [1, 3], found
               ^^^^^
E       AssertionError: [1, 2]
E       assert [1, 2] == [1, 3]
E         
E         At index 1 diff: 2 != 3
E         -     3,
E         +     2,

src/stock.py:21: AssertionError`;

describe('the excerpt of a traceback', () => {
  it('shows the failing line with at most five lines before it, the words without their marks, and the own frames', () => {
    expect(read(long)).toEqual({
      exceptionsLeftOut: 0,
      exceptions: [
        {
          source: [
            '  ',
            '  parts = self.parts',
            '  rows = parts.rows',
            '  names = rows.names',
            '  found = names.found',
            '> assert found == [1, 3], found',
            '         ^^^^^',
          ]
            .slice(1)
            .map((line) => line.trimEnd()),
          error: [
            'AssertionError: [1, 2]',
            'assert [1, 2] == [1, 3]',
            '  ',
            '  At index 1 diff: 2 != 3',
            '  -     3,',
            '  +     2,',
          ],
          errorLeftOut: { lines: 0, characters: 0 },
          frames: [
            { path: 'tests/test_stock.py', line: 9, times: 1, statement: 'assert stock.total() == [1, 3]' },
            { path: 'src/stock.py', line: 21, times: 1, statement: 'assert found == [1, 3], found' },
          ],
          framesLeftOut: 0,
          libraryFrames: 1,
        },
      ],
    });
  });

  it('reads --tb=short and native, which show the statement alone', () => {
    const short = `tests/test_stock.py:9: in test_total
    load(
        1)
src/stock.py:4: in load
    raise KeyError("a")
E   KeyError: 'a'`;
    const native = `Traceback (most recent call last):
  File "/home/r/w/w/tests/test_stock.py", line 9, in test_total
    load(1)
  File "/usr/lib/python3.12/site-packages/x/y.py", line 4, in load
    raise KeyError("a")
KeyError: 'a'`;
    expect(read(short)?.exceptions).toMatchObject([
      { source: ['> raise KeyError("a")'], error: ["KeyError: 'a'"], libraryFrames: 0 },
    ]);
    expect(read(native)?.exceptions).toMatchObject([
      {
        source: ['> load(1)'],
        error: ["KeyError: 'a'"],
        frames: [{ path: '/home/r/w/w/tests/test_stock.py', line: 9 }],
        libraryFrames: 1,
      },
    ]);
  });

  it('shows a chain with the newest exception last, and at most three of it', () => {
    const one = (n: number) =>
      `tests/test_stock.py:${n}: in test_total\n    raise E${n}\nE   ValueError: ${n}`;
    const chain = [1, 2, 3, 4]
      .map(one)
      .join('\n\nDuring handling of the above exception, another exception occurred:\n');
    const excerpt = read(chain);
    expect(excerpt?.exceptions.map(({ error }) => error)).toEqual([
      ['ValueError: 2'],
      ['ValueError: 3'],
      ['ValueError: 4'],
    ]);
    expect(excerpt?.exceptionsLeftOut).toBe(1);
  });

  it('tells a recursion once, and counts frames that are too many', () => {
    const frames = (lines: readonly number[]) =>
      `${lines.map((line) => `src/a.py:${line}: in f\n    f()`).join('\n')}\nE   RecursionError: deep`;
    expect(read(frames([1, ...Array<number>(200).fill(2)]))?.exceptions[0]?.frames).toMatchObject([
      { line: 1, times: 1 },
      { line: 2, times: 200 },
    ]);
    const many = read(frames(Array.from({ length: 40 }, (_, i) => i + 1)))?.exceptions[0];
    expect(many?.frames.map(({ line }) => line)).toEqual([1, 2, 3, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
    expect(many?.framesLeftOut).toBe(28);
  });

  it('cuts the words at 30 lines and 3,000 characters, and says how much was cut', () => {
    const words = (lines: readonly string[]) =>
      `tests/test_stock.py:1: in f\n    f()\n${lines.map((line) => `E   ${line}`).join('\n')}`;
    const manyLines = read(words(Array.from({ length: 50 }, (_, i) => `line ${i}`)))?.exceptions[0];
    expect(manyLines?.error).toHaveLength(30);
    expect(manyLines?.errorLeftOut).toEqual({ lines: 20, characters: 0 });
    const longLine = read(words(['x'.repeat(5000)]))?.exceptions[0];
    expect(longLine?.error[0]).toBe(`${'x'.repeat(399)}…`);
    expect(longLine?.errorLeftOut).toEqual({ lines: 0, characters: 4601 });
    const wide = read(words(Array.from({ length: 30 }, () => 'y'.repeat(390))))?.exceptions[0];
    expect(wide?.error.join('\n').length).toBeLessThanOrEqual(3000);
    expect(wide?.errorLeftOut.lines).toBe(22);
  });

  it('shows the parts of an exception group without the frames of libraries', () => {
    const group = `  + Exception Group Traceback (most recent call last):
  |   File "/home/r/w/w/tests/test_stock.py", line 9, in test_total
  |     raise ExceptionGroup("many", errors)
  | ExceptionGroup: many (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/usr/lib/python3.12/site-packages/_pytest/runner.py", line 5, in fin
    |     fin()
    |   File "/home/r/w/w/tests/test_stock.py", line 3, in go
    |     int("x")
    | ValueError: x
    +------------------------------------`;
    const [only] = read(group)?.exceptions ?? [];
    expect(only?.error.join('\n')).not.toContain('_pytest');
    expect(only?.error.join('\n')).not.toContain('fin()');
    expect(only?.error).toContain('    |     int("x")');
    expect(only?.source).toEqual(['> raise ExceptionGroup("many", errors)']);
  });

  it('has nothing to show where the report holds one line only', () => {
    expect(read('', 'AssertionError: assert 1 == 2')).toBeUndefined();
    expect(read('', 'two\nlines')?.exceptions[0]?.error).toEqual(['two', 'lines']);
  });

  it('leaves a teardown that failed as well to its own words', () => {
    const both = `${long}\n\n${'_'.repeat(20)} teardown failed as well ${'_'.repeat(20)}\n\nE   KeyError: 1\n\ntests/conftest.py:3: KeyError`;
    expect(read(both)).toEqual(read(long));
  });
});
