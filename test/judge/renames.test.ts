import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followRenames, type RenameFacts } from '../../src/judge/renames.ts';

const none = { before: new Map<string, string>(), after: new Map<string, string>() };

function follow(
  before: readonly string[],
  after: readonly string[],
  more: Partial<Pick<RenameFacts, 'movedFiles' | 'failures'>> = {},
) {
  const found = followRenames({ before, after, movedFiles: [], failures: none, ...more });
  return { ...found, renamed: found.renamed.map(({ from, to }) => `${from} -> ${to}`) };
}

describe('a renamed test', () => {
  it('is followed into a file that git found moved, class and parameters with it', () => {
    expect(
      follow(
        ['a.py::TestX::test_one[1]', 'a.py::TestX::test_one[2]', 'b.py::TestX::test_one[1]'],
        ['c.py::TestX::test_one[1]', 'c.py::TestX::test_one[2]', 'd.py::TestX::test_one[1]'],
        {
          movedFiles: [
            ['a.py', 'c.py'],
            ['b.py', 'd.py'],
          ],
        },
      ),
    ).toEqual({
      renamed: [
        'a.py::TestX::test_one[1] -> c.py::TestX::test_one[1]',
        'a.py::TestX::test_one[2] -> c.py::TestX::test_one[2]',
        'b.py::TestX::test_one[1] -> d.py::TestX::test_one[1]',
      ],
      parametersChanged: [],
      removed: [],
      added: [],
    });
  });

  it('is followed without git where its name is gone in one file and came in one other', () => {
    expect(follow(['a.py::test_one', 'k.py::test_x'], ['b.py::test_one', 'k.py::test_x']).renamed).toEqual([
      'a.py::test_one -> b.py::test_one',
    ]);
  });

  it('is followed into another class, and out of it', () => {
    expect(follow(['a.py::TestX::test_one'], ['a.py::TestY::test_one']).renamed).toHaveLength(1);
    expect(follow(['a.py::TestX::test_one'], ['b.py::test_one']).renamed).toHaveLength(1);
  });

  it('is not followed where its name came in two files, or is gone in two', () => {
    const two = ['b.py::test_one', 'c.py::test_one'];
    expect(follow(['a.py::test_one'], two)).toMatchObject({
      renamed: [],
      removed: ['a.py::test_one'],
      added: two,
    });
    expect(follow(two, ['a.py::test_one'])).toMatchObject({ renamed: [], removed: two });
  });

  const [first, last] = ['a.py::test_first', 'a.py::test_last'];
  it('is followed in place, between equal neighbours, by a name that is alike', () => {
    expect(
      follow([first, 'a.py::test_whitelist_retried', last], [first, 'a.py::test_allowlist_retried', last])
        .renamed,
    ).toEqual(['a.py::test_whitelist_retried -> a.py::test_allowlist_retried']);
  });

  it.each<[string, string[], string[]]>([
    [
      'its name is another one altogether',
      [first, 'a.py::test_skip', last],
      [first, 'a.py::test_filter', last],
    ],
    [
      'there are several in its place',
      [first, 'a.py::test_totals', last],
      [first, 'a.py::test_total', 'a.py::test_totals_b', last],
    ],
    ['a neighbour differs', [first, 'a.py::test_totals', last], [first, last, 'a.py::test_total']],
    ['it came in another file', [first, 'a.py::test_totals'], [first, 'b.py::test_total']],
  ])('is removed and added where %s', (_, before, after) => {
    expect(follow(before, after).renamed).toEqual([]);
  });

  it('is followed anywhere in its file by the same failure, if nothing else fails alike', () => {
    const failures = (...alike: string[]) => ({
      before: new Map([['a.py::test_skip', 'w1:1']]),
      after: new Map(alike.map((name) => [name, 'w1:1'])),
    });
    const names = [
      ['a.py::test_skip', first],
      [first, 'a.py::test_filter', 'a.py::test_other'],
    ] as const;
    expect(follow(...names, { failures: failures('a.py::test_filter') }).renamed).toEqual([
      'a.py::test_skip -> a.py::test_filter',
    ]);
    expect(follow(...names, { failures: failures('a.py::test_filter', 'a.py::test_other') }).renamed).toEqual(
      [],
    );
  });
});

describe('changed parameters', () => {
  it('are neither removed nor added', () => {
    expect(
      follow(['a.py::test_one[1]', 'a.py::test_one[2]'], ['a.py::test_one[2]', 'a.py::test_one[3]']),
    ).toEqual({
      renamed: [],
      parametersChanged: ['a.py::test_one'],
      removed: [],
      added: [],
    });
  });

  it('of a moved function: the equal ones are followed', () => {
    expect(
      follow(['a.py::test_one[1]', 'a.py::test_one[2]'], ['b.py::test_one[2]', 'b.py::test_one[3]']),
    ).toMatchObject({
      renamed: ['a.py::test_one[2] -> b.py::test_one[2]'],
      parametersChanged: ['b.py::test_one'],
    });
  });
});

describe('following renames', () => {
  it('is one to one, and loses no name', () => {
    const name = fc
      .constantFrom('a', 'b', 'c', 'x::a', 'x::b', 'y::a')
      .chain((path) =>
        fc.constantFrom('t.py', 'u.py').map((file) => `${file}::${path.replace(/(\w)$/, 'test_$1')}`),
      );
    const names = fc.uniqueArray(name, { maxLength: 8 });
    fc.assert(
      fc.property(names, names, (before, after) => {
        const { renamed, removed, added } = followRenames({ before, after, movedFiles: [], failures: none });
        expect(new Set(renamed.map(({ from }) => from)).size).toBe(renamed.length);
        expect(new Set(renamed.map(({ to }) => to)).size).toBe(renamed.length);
        const kept = after.filter((test) => before.includes(test));
        expect([...removed, ...renamed.map(({ from }) => from), ...kept].sort()).toEqual([...before].sort());
        expect([...added, ...renamed.map(({ to }) => to), ...kept].sort()).toEqual([...after].sort());
      }),
      { numRuns: 500 },
    );
  });

  it('follows moves in commits of public histories, and nothing that is another test', () => {
    type Suite = Record<string, string[]>;
    const commits = JSON.parse(
      gunzipSync(readFileSync(new URL('../../fixtures/healix/renames.json.gz', import.meta.url))).toString(),
    ) as {
      before: Suite;
      after: Suite;
      moved: [string, string][];
      renamed: [string, string][];
      alike: [string, string][];
    }[];
    const namesOf = (suite: Suite) =>
      Object.entries(suite).flatMap(([file, tests]) => tests.map((test) => `${file}::${test}`));
    const nameOf = (test: string) => test.slice(test.lastIndexOf('::') + 2);
    let [moves, followed, wrong, pairs] = [0, 0, 0, 0];
    for (const { before, after, moved, renamed, alike } of commits) {
      const found = new Map(
        followRenames({
          before: namesOf(before),
          after: namesOf(after),
          movedFiles: moved,
          failures: none,
        }).renamed.map(({ from, to }) => [from, to]),
      );
      const moving = renamed.filter(([from, to]) => nameOf(from) === nameOf(to));
      moves += moving.length;
      followed += moving.filter(([from, to]) => found.get(from) === to).length;
      const fine = new Set([...renamed, ...alike].map(([from, to]) => `${from} ${to}`));
      pairs += found.size;
      wrong += [...found].filter(
        ([from, to]) => nameOf(from) !== nameOf(to) && !fine.has(`${from} ${to}`),
      ).length;
    }
    expect(moves).toBeGreaterThan(500);
    expect(followed / moves).toBeGreaterThan(0.95);
    expect(wrong / pairs).toBeLessThan(0.005);
  });
});
