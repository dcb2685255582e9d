// What was probably meant: the nearest of some names. Words only; any room may use it.

/** The name that differs least, if it is near enough to have been meant. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const scored = names.map((name) => ({
    name,
    distance: name.startsWith(word) && word.length > 2 ? 0 : distance(word, name),
  }));
  scored.sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best !== undefined && best.distance <= Math.ceil(word.length / 3) ? best.name : undefined;
}

/** Levenshtein's distance of two short names. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
