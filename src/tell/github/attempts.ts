// Which uploads of a commit stand, where jobs ran more than once. Pure.

/** One upload of a commit. */
export interface Attempted {
  /** The same for a job and step in each attempt, and shared by jobs that nothing but their check run tells apart. */
  readonly name: string;
  /** GitHub's id of the workflow run: a later run has a higher one. 0: not known. */
  readonly run: number;
  readonly attempt: number;
}

/**
 * The uploads that stand. A new attempt replaces those before it of its name. Where it has fewer jobs of that name (`Re-run
 * failed jobs`, or not all have come yet) nothing says which of them ran again: then those before stand beside it, so that a
 * red one is never hidden.
 */
export function standing<T extends Attempted>(items: readonly T[]): T[] {
  const byName = new Map<string, T[]>();
  for (const item of items) byName.set(item.name, [...(byName.get(item.name) ?? []), item]);
  const kept = new Set<T>();
  for (const group of byName.values()) for (const item of standingOf(group)) kept.add(item);
  return items.filter((item) => kept.has(item));
}

function standingOf<T extends Attempted>(group: readonly T[]): readonly T[] {
  let stand: readonly T[] = [];
  for (const attempt of attemptsOf(group))
    stand = attempt.length >= stand.length ? attempt : [...stand, ...attempt];
  return stand;
}

/** The uploads of each attempt, the oldest attempt first. */
function attemptsOf<T extends Attempted>(group: readonly T[]): T[][] {
  const attempts: T[][] = [];
  for (const item of group.toSorted(compareAttempts)) {
    const last = attempts.at(-1);
    if (last?.[0] !== undefined && compareAttempts(last[0], item) === 0) last.push(item);
    else attempts.push([item]);
  }
  return attempts;
}

/** Negative where `a` is of an earlier attempt. */
export function compareAttempts(a: Attempted, b: Attempted): number {
  return a.run - b.run || a.attempt - b.attempt;
}
