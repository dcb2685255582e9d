// The threat model names tests as its proof: each of them exists.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../docs/threat-model.md', import.meta.url), 'utf8');
const rows = page.split('\n').filter((line) => /^\| (?!Threat|-)/.test(line));

test('every threat names at least one test, and every test that is named exists', () => {
  expect(rows.length).toBeGreaterThan(25);
  for (const row of rows) {
    const named = [...row.matchAll(/`(test\/[^`]+\.test\.ts)`: "([^"]+)"/g)];
    expect(named, row).not.toEqual([]);
    for (const [, file = '', name = ''] of named) {
      const url = new URL(`../${file}`, import.meta.url);
      expect(existsSync(url), file).toBe(true);
      // As a source writes it: apostrophes may be escaped.
      const source = readFileSync(url, 'utf8').replaceAll('\\u2019', '’').replaceAll("\\'", "'");
      const title = new RegExp(
        `(?:\\b(?:test|it|story)[\\w.]*\\(|\\)\\()[^('"\`]*['"\`]${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`]`,
      );
      expect(title.test(source), `${file}: ${name}`).toBe(true);
    }
  }
});
