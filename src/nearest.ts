// What was probably meant: the nearest of some names. Any room may use it.
import { distance } from 'fastest-levenshtein';

export { distance };

/** The name with the smallest edit distance, or one that begins with the word; undefined where none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const scored = names.map((name) => ({
    name,
    distance: name.startsWith(word) && word.length > 2 ? 0 : distance(word, name),
  }));
  scored.sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best !== undefined && best.distance <= Math.ceil(word.length / 3) ? best.name : undefined;
}
