// Renamed tests in words that several surfaces use: a moved folder is one line, however many tests it holds. Not escaped.
import type { TestChanges } from '../model.ts';

export interface NamedChange {
  /** Tests. */
  readonly count: number;
  /** `from → to`: folders or files of moved tests, functions of renamed ones; the ones with the most tests first. */
  readonly names: readonly string[];
}

/** Tests in another file under the same name, and those with another name. */
export function wordRenames(renamed: TestChanges['renamed']): {
  readonly moved: NamedChange;
  readonly renamed: NamedChange;
} {
  const moved = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { from, to } of renamed) {
    const [before, after] = [split(from), split(to)];
    const isMoved = before.file !== after.file && before.path === after.path;
    const words = isMoved
      ? placesOf(before.file, after.file)
      : `${before.file}::${before.path} → ${before.file === after.file ? '' : `${after.file}::`}${after.path}`;
    const counts = isMoved ? moved : others;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, n) => sum + n, 0);
  const names = (counts: ReadonlyMap<string, number>) =>
    [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([words]) => words);
  return {
    moved: { count: total(moved), names: names(moved) },
    renamed: { count: total(others), names: names(others) },
  };
}

/** Parameters are left out: each of them is the same rename. */
function split(test: string): { readonly file: string; readonly path: string } {
  const bracket = test.indexOf('[');
  const id = bracket < 0 ? test : test.slice(0, bracket);
  const end = id.indexOf('::');
  return end < 0 ? { file: '', path: id } : { file: id.slice(0, end), path: id.slice(end + 2) };
}

/** The folders where the file keeps its name, else the files. */
function placesOf(from: string, to: string): string {
  const cut = (file: string) => file.lastIndexOf('/');
  return from.slice(cut(from) + 1) === to.slice(cut(to) + 1)
    ? `${from.slice(0, Math.max(0, cut(from))) || '.'} → ${to.slice(0, Math.max(0, cut(to))) || '.'}`
    : `${from} → ${to}`;
}
