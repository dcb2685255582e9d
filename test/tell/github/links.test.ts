// What becomes a link, and that nothing else does.
import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { linked, openLinks, openSite } from '../../../src/tell/github/links.ts';
import { inline } from '../../../src/tell/github/markdown.ts';
import { long } from '../../support/long.ts';

const head = 'a'.repeat(40);
const red = `1234abcd${'0'.repeat(32)}`;
const files = [
  'services/shop/tests/test_a.py',
  'services/shop/src/a b(1)#?.py',
  'lib/util.py',
  'other/util.py',
  'x.py',
];
const source = { server: 'https://git.example.com:8443', repository: 'acme/shop', head, files };
const links = openLinks({
  ...source,
  rootdir: 'services/shop',
  subjects: new Map([[red, 'Tidy [prices](http://evil.example) @octocat']]),
});
const root = 'https://git.example.com:8443/acme/shop';

/** Addresses that the parser of GitHub's Markdown finds, with everything else that must not be there. */
function addresses(markdown: string): string[] {
  const found: string[] = [];
  const visit = (node: Nodes) => {
    if (node.type === 'link') found.push(node.url);
    expect(['image', 'imageReference', 'linkReference', 'definition', 'html']).not.toContain(node.type);
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  return found;
}

describe('a link', () => {
  it("leads from a memory's id to the page that the workflow names, and is a command where it names none", () => {
    const id = '1a2b3c4d-0000-4000-8000-000000000000';
    const page = 'https://acme.github.io/shop/report.html';
    expect(links.memory(id)).toBe('`lukhas healix show 1a2b3c4d`');
    expect(openLinks({ ...source, page }).memory(id)).toBe(`[\`1a2b3c4d\`](${page}#memory-${id})`);
    // Other programs may have stored what they like.
    for (const odd of ['x](http://evil.example)', `${id})`, ''])
      expect(addresses(openLinks({ ...source, page }).memory(odd))).toEqual([]);
  });

  it('leads to a line of a file that is in the tree, at the head commit', () => {
    expect(links.place('tests/test_a.py', 12)).toBe(
      `[\`tests/test_a.py:12\`](${root}/blob/${head}/services/shop/tests/test_a.py#L12)`,
    );
    expect(addresses(links.place('src/a b(1)#?.py', 3))).toEqual([
      `${root}/blob/${head}/services/shop/src/a%20b%281%29%23%3F.py#L3`,
    ]);
    expect(addresses(links.place('/home/runner/work/shop/shop/lib/util.py', 3))).toEqual([
      `${root}/blob/${head}/lib/util.py#L3`,
    ]);
    expect(addresses(links.place('..\\..\\lib\\util.py', 3))).toEqual([
      `${root}/blob/${head}/lib/util.py#L3`,
    ]);
    expect(
      addresses(
        links.linesCell('lib/util.py', [
          [3, 3],
          [10, 15],
        ]),
      ),
    ).toEqual([`${root}/blob/${head}/lib/util.py#L3`, `${root}/blob/${head}/lib/util.py#L10-L15`]);
  });

  it('is none for a file that is not there, that two may be, or that lies at the root of nobody knows where', () => {
    for (const path of ['gone.py', 'util.py', '/usr/lib/x.py', 'lib', ''])
      expect(addresses(links.place(path, 1))).toEqual([]);
    expect(addresses(links.fileCell('tests/test_a.py'))).toEqual([]);
  });

  it('leads to a commit that the evidence names, with its subject once and escaped', () => {
    const words = links.commits(inline('red since 1234abcd, again 1234abcd, not 9999aaaa'), [red]);
    expect(addresses(words)).toEqual([`${root}/commit/${red}`, `${root}/commit/${red}`]);
    expect(words.split('Tidy')).toHaveLength(2);
    expect(words).not.toMatch(/@octocat/);
  });

  it('leads to a run and its job, by numbers', () => {
    expect(links.site?.run(7, 9)).toBe(`${root}/actions/runs/7/job/9`);
    expect(links.site?.run(7)).toBe(`${root}/actions/runs/7`);
    for (const n of [0, -1, 1.5, Number.NaN]) expect(links.site?.run(n)).toBeUndefined();
  });

  it('is none where server, repository or commit are no such things', () => {
    for (const server of ['javascript:alert(1)', 'https://a)b', 'https://x/y', '', undefined])
      expect(openSite({ ...source, server })).toBeUndefined();
    for (const repository of ['a', 'a/b/c', 'a/b)', undefined])
      expect(openSite({ ...source, repository })).toBeUndefined();
    expect(addresses(openLinks({ ...source, head: 'main' }).place('x.py', 1))).toEqual([]);
    expect(linked('`x`', links.site?.commit('1234abcd'))).toBe('`x`');
  });

  it('is never made by data, wherever it stands', () => {
    const nasty = [
      '](http://evil.example)',
      '[x](http://evil.example)',
      '`1234abcd`',
      '`',
      '<a href=x>',
      'https://evil.example',
      'x.py',
      '../x.py',
      '#L1)',
      '|',
      '\n',
      '\\',
      '!',
      ')',
      '%2e',
      '\u202e',
      '\ud800',
      head,
    ];
    const hostile = fc
      .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 8 })), {
        minLength: 1,
        maxLength: 6,
      })
      .map((parts) => parts.join(''));
    // Files of the tree may have any name: they link to themselves, within the repository.
    fc.assert(
      fc.property(hostile, fc.integer(), (text, line) => {
        const told = [
          links.place(text, line),
          links.fileCell(text),
          links.linesCell(text, [[1, 2]]),
          links.commits(inline(text), [text, red]),
        ];
        for (const markdown of told)
          for (const address of addresses(`- ${markdown}`))
            expect([
              `${root}/commit/${red}`,
              ...files.map((file) => `${root}/blob/${head}/${file}`),
            ]).toContain(address.replace(/#L\d+(?:-L\d+)?$/, ''));
        const own = openLinks({ ...source, files: [text] });
        for (const address of addresses(`- ${own.place(text, 1)} ${own.fileCell(text)}`))
          expect(new URL(address).href.startsWith(`${root}/blob/${head}/`)).toBe(true);
        for (const part of [{ server: text }, { repository: text }, { head: text }])
          for (const address of addresses(openLinks({ ...source, ...part }).place('x.py', 1)))
            expect(address).toMatch(
              /^https?:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/blob\/[0-9a-f]{40,64}\/x\.py#L1$/,
            );
      }),
      { numRuns: long ? 10_000 : 60, ...(long ? {} : { seed: 1 }) },
    );
  }, 600_000);
});
