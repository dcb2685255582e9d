// The tables of docs/schema-document.md that say what became of a requirement: no empty cell, and each row names tests that exist.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../docs/schema-document.md', import.meta.url), 'utf8');
const head = '| The document asks for | Where it is | Corrected how | Test |\n|---|---|---|---|\n';
const rows = page
  .split(head)
  .slice(1)
  .flatMap((table) => table.split(/\n\n/, 1)[0]?.trimEnd().split('\n') ?? []);

test('every requirement says where it is, how it was corrected, and which test shows it', () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const cells = row.slice(1, -1).split(/(?<!\\)\|/);
    expect(cells.length, row).toBe(4);
    for (const cell of cells) expect(cell.trim(), row).not.toBe('');
    const named = [...(cells[3] ?? '').matchAll(/`(test\/[^`]+\.test\.ts)`: "([^"]+)"/g)];
    expect(named, row).not.toEqual([]);
    for (const [, file = '', name = ''] of named) {
      const url = new URL(`../${file}`, import.meta.url);
      expect(existsSync(url), file).toBe(true);
      const source = readFileSync(url, 'utf8').replaceAll("\\'", "'");
      expect(
        ["'", '"', '`'].some((mark) => source.includes(`${mark}${name}${mark}`)),
        `${file}: ${name}`,
      ).toBe(true);
    }
  }
});
