// How alike the sources of two test functions are. Pure: tokens in, pairs out.

/** A test function with its source. */
export interface FunctionSource {
  /** `file::Class::function`. */
  readonly id: string;
  readonly tokens: readonly string[];
}

/** Two functions, and how much of their sources is equal: 0 to 1. */
export interface LikePair {
  readonly from: string;
  readonly to: string;
  readonly likeness: number;
}

/** Pairs that are less alike are not told. */
export const leastTold = 0.3;
/** Neighbours of tokens that are compared at most, over all pairs: about a quarter of a second. */
const mostCompared = 5_000_000;

/**
 * Compares each function that is gone with each that came, by the pairs of neighbouring tokens that both have (Dice's coefficient,
 * as sets with repetition). undefined where there is too much to compare: then nothing is known.
 */
export function comparePairs(
  gone: readonly FunctionSource[],
  came: readonly FunctionSource[],
): readonly LikePair[] | undefined {
  const before = gone.map(neighboursOf);
  const after = came.map(neighboursOf);
  let compared = 0;
  const pairs: LikePair[] = [];
  for (const from of before) {
    for (const to of after) {
      const [small, large] = from.size < to.size ? [from, to] : [to, from];
      // It cannot be more alike than if the smaller one were a part of the larger one.
      if ((2 * small.size) / (small.size + large.size) < leastTold) continue;
      compared += small.counts.size;
      if (compared > mostCompared) return undefined;
      let shared = 0;
      for (const [pair, n] of small.counts) shared += Math.min(n, large.counts.get(pair) ?? 0);
      const likeness = (2 * shared) / (small.size + large.size);
      if (likeness >= leastTold) pairs.push({ from: from.id, to: to.id, likeness });
    }
  }
  return pairs;
}

function neighboursOf({ id, tokens }: FunctionSource) {
  const counts = new Map<string, number>();
  for (let at = 0; at <= tokens.length; at++) {
    const pair = `${tokens[at - 1] ?? ''} ${tokens[at] ?? ''}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return { id, counts, size: tokens.length + 1 };
}
