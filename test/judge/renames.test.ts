import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countRenames, readCommits } from '../../scripts/quality-renames.ts';
import { comparePairs } from '../../src/judge/likeness.ts';
import {
  followName,
  followRenames,
  indexChains,
  namesOfTest,
  type RenameFacts,
} from '../../src/judge/renames.ts';

const none = { before: new Map<string, string>(), after: new Map<string, string>() };

function follow(
  before: readonly string[],
  after: readonly string[],
  more: Partial<Pick<RenameFacts, 'movedFiles' | 'failures' | 'known' | 'sources'>> = {},
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
      functions: [
        { from: 'a.py::TestX::test_one', to: 'c.py::TestX::test_one' },
        { from: 'b.py::TestX::test_one', to: 'd.py::TestX::test_one' },
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

/** Sources by function; what is not named is not known. */
function sources(before: Record<string, string>, after: Record<string, string>): RenameFacts['sources'] {
  const of = (texts: Record<string, string>) =>
    Object.entries(texts).map(([id, text]) => ({ id, tokens: text.split(' ') }));
  return {
    known: new Set([...Object.keys(before), ...Object.keys(after)]),
    pairs: comparePairs(of(before), of(after)) ?? [],
  };
}

const [total, empty, other] = [
  'cart = Cart ( 3 ) ; cart . add ( 10 ) ; assert cart . total ( ) == 30',
  'cart = Cart ( 3 ) ; cart . clear ( ) ; assert cart . items == [ ]',
  'with pytest . raises ( KeyError ) : load ( "missing" )',
];

describe('a renamed test whose source is known', () => {
  it('is followed wherever it stands now, however it is called', () => {
    expect(
      follow(
        ['a.py::test_total', 'a.py::test_empty'],
        ['b.py::TestCart::test_clear', 'b.py::TestCart::test_sum'],
        {
          sources: sources(
            { 'a.py::test_total': total, 'a.py::test_empty': empty },
            { 'b.py::TestCart::test_clear': empty, 'b.py::TestCart::test_sum': total },
          ),
        },
      ).renamed,
    ).toEqual([
      'a.py::test_empty -> b.py::TestCart::test_clear',
      'a.py::test_total -> b.py::TestCart::test_sum',
    ]);
  });

  it('is followed where it was edited, in its place', () => {
    const edited = total.replace('30', '31');
    const to = (name: string) => [
      follow(['a.py::test_total'], [name], {
        sources: sources({ 'a.py::test_total': total }, { [name]: edited }),
      }).renamed.length,
      follow(['a.py::test_total'], [name], {
        sources: sources({ 'a.py::test_total': total }, { [name]: `${edited} ; assert cart . rest == 2` }),
      }).renamed.length,
    ];
    expect(to('a.py::test_of_the_cart')).toEqual([1, 1]);
    // In another file under another name it could be a copy that was changed.
    expect(to('b.py::test_of_the_cart')).toEqual([1, 0]);
  });

  it('is followed to none of several copies', () => {
    const copies = { 'a.py::test_int': total, 'a.py::test_float': total };
    expect(
      follow(['a.py::test_total'], Object.keys(copies), {
        sources: sources({ 'a.py::test_total': total }, copies),
      }).renamed,
    ).toEqual([]);
  });

  it('is followed to the copy whose name is like its own', () => {
    const copies = { 'a.py::test_total_of_ints': total, 'a.py::test_float': total };
    expect(
      follow(['a.py::test_total_of_int'], Object.keys(copies), {
        sources: sources({ 'a.py::test_total_of_int': total }, copies),
      }).renamed,
    ).toEqual(['a.py::test_total_of_int -> a.py::test_total_of_ints']);
  });

  it('is not followed by its name where the sources have little in common', () => {
    const [from, to] = ['a.py::test_total', 'b.py::test_total'];
    expect(follow([from], [to], { sources: sources({ [from]: total }, { [to]: other }) }).renamed).toEqual(
      [],
    );
    expect(follow([from], [to], { sources: sources({ [from]: total }, {}) }).renamed).toHaveLength(1);
    const near = 'a.py::test_totals';
    expect(
      follow([from], [near], { sources: sources({ [from]: total }, { [near]: other }) }).renamed,
    ).toEqual([]);
  });

  it('is compared only as long as it takes no time', () => {
    const many = Array.from({ length: 40 }, (_, i) => ({
      id: `a.py::test_${i}`,
      tokens: Array.from({ length: 4000 }, (__, n) => `${n}`),
    }));
    expect(comparePairs(many, many)).toBeUndefined();
  });
});

it('a rename that an earlier run showed is followed whatever else changed', () => {
  expect(
    follow(['a.py::test_one[1]'], ['b.py::test_two[1]', 'b.py::test_one[1]'], {
      known: [{ from: 'a.py::test_one', to: 'b.py::test_two' }],
    }).renamed,
  ).toEqual(['a.py::test_one[1] -> b.py::test_two[1]']);
});

describe('changed parameters', () => {
  it('are neither removed nor added', () => {
    expect(
      follow(['a.py::test_one[1]', 'a.py::test_one[2]'], ['a.py::test_one[2]', 'a.py::test_one[3]']),
    ).toEqual({
      renamed: [],
      functions: [],
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

  it.each([
    ['renames', 'while the rules were made'],
    ['renames-unseen', 'afterwards'],
  ])('follows 95 % of the renames in public histories (%s: read %s), and hardly another test', (file) => {
    const commits = readCommits(new URL(`../../fixtures/healix/${file}.json.gz`, import.meta.url));
    for (const knows of ['git', 'server'] as const) {
      const { right, of, pairs, wrong } = countRenames(commits, knows);
      expect(of).toBeGreaterThan(500);
      expect(right / of).toBeGreaterThan(0.95);
      expect(wrong / pairs).toBeLessThan(0.005);
    }
    // Moved files, classes and functions are followed by their names alone.
    const byNames = countRenames(commits, 'names');
    expect(byNames.moves.right / byNames.moves.of).toBeGreaterThan(0.95);
    expect(byNames.wrong / byNames.pairs).toBeLessThan(0.005);
  });
});

describe('the names of a test in some runs', () => {
  /** By name the runs that have it, a letter each. */
  const followed = (name: string, chains: readonly [string, ...string[]][], runs: Record<string, string>) =>
    followName(name, indexChains(chains), (test) =>
      runs[test] === undefined ? undefined : new Map([...runs[test]].map((run) => [run, 0])),
    );

  it.each([
    ['one', 'a', [['b', 'a']], { a: '12', b: '34' }, ['b', 'a']],
    ['seen from the newest', 'b', [['b', 'a']], { a: '12', b: '34' }, ['b', 'a']],
    ['with parameters', 'a[x]', [['b', 'a']], { 'a[x]': '1', 'b[x]': '2' }, ['b[x]', 'a[x]']],
    ['of other parameters', 'a[x]', [['b', 'a']], { 'a[x]': '1', 'b[y]': '2' }, ['a[x]']],
    [
      'a chain',
      'b',
      [
        ['c', 'b', 'a'],
        ['b', 'a'],
      ],
      { a: '1', b: '2', c: '3' },
      ['c', 'b', 'a'],
    ],
    [
      'there and back',
      'a',
      [
        ['a', 'b', 'a'],
        ['b', 'a'],
      ],
      { a: '13', b: '2' },
      ['a', 'b', 'a'],
    ],
    ['nobody has the newest there', 'a', [['b', 'a']], { a: '12' }, ['a']],
    ['never renamed', 'c', [['b', 'a']], { c: '12' }, ['c']],
    ['both ran together: from the newest', 'b', [['b', 'a']], { a: '13', b: '23' }, ['b']],
    ['both ran together: from the former', 'a', [['b', 'a']], { a: '13', b: '23' }, ['a']],
    ['the oldest name was used again', 'b', [['c', 'b', 'a']], { a: '14', b: '2', c: '34' }, ['c', 'b']],
    [
      'two ways, both there',
      'a',
      [
        ['c', 'a'],
        ['b', 'a'],
      ],
      { a: '1', b: '2', c: '3' },
      ['a'],
    ],
    [
      'two ways, one there',
      'a',
      [
        ['c', 'a'],
        ['b', 'a'],
      ],
      { a: '1', b: '2' },
      ['b', 'a'],
    ],
  ] as const)('%s', (_, name, chains, runs, names) => {
    expect(followed(name, chains as never, runs)).toEqual(names);
  });

  it('are none where a name went more ways than anybody has', () => {
    const chains = Array.from({ length: 5000 }, (_, i): [string, string] => [`b${i}`, 'a']);
    expect(namesOfTest('a', indexChains(chains))).toEqual(['a']);
    expect(followed('a', chains, { a: '1', b7: '2' })).toEqual(['a']);
  });
});
