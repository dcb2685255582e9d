// dist/licenses.txt, which goes out with the bundles: a licence's own words for every package that is in them.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { protocolWithoutForms } from '../scripts/protocol-without-forms.mjs';

const sections = readFileSync('dist/licenses.txt', 'utf8')
  .split(`\n${'-'.repeat(72)}\n\n`)
  .map((section) => {
    const [, name = '', version = '', licence = ''] = /^(\S+) (\S+) \((.+)\)\n\n/.exec(section) ?? [];
    return { name, version, licence, text: section.slice(section.indexOf('\n')) };
  });

describe('dist/licenses.txt', () => {
  it('has the words of the licence, and whose work it is, for each package', () => {
    expect(sections.length).toBeGreaterThan(20);
    const bare = sections.filter(
      ({ name, version, text }) =>
        name === '' ||
        version === '' ||
        text.length < 400 ||
        !/permission (?:is hereby granted|to use, copy)|terms and conditions for use/i.test(text) ||
        !/copyright/i.test(text),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  it('names every package that is bundled, in its version', async () => {
    const { metafile } = await build({
      entryPoints: ['src/doors/upload/main.ts', 'src/doors/lukhas/main.ts', 'src/doors/action/start.ts'],
      outdir: 'none',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      write: false,
      metafile: true,
      external: ['@electric-sql/pglite', 'pg-native'],
      plugins: [protocolWithoutForms],
      logLevel: 'silent',
    });
    const bundled = Object.keys(metafile.inputs).flatMap(
      (input) => /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [],
    );
    const expected = [...new Set(bundled)].map((folder) => {
      const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Record<
        string,
        string
      >;
      return `${name} ${version}`;
    });
    const named = new Set(sections.map(({ name, version }) => `${name} ${version}`));
    expect(expected.length).toBeGreaterThan(20);
    expect(expected.filter((one) => !named.has(one))).toEqual([]);
  });
});
