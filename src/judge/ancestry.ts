// What a change is made of, as far as the stored runs tell: each names the parents of the commit that it tested. It is the only
// source where the checkout has no history.
import type { StoredRun } from '../model.ts';
import type { CommitOrder } from './order.ts';

export interface Ancestry {
  /** The commit and those before it that are not the base's, as far as their parents are known. */
  ownCommits(sha: string | undefined): ReadonlySet<string>;
  /** The newest commit of the base that a commit was made from; undefined where not every parent on the way is known. */
  mergeBase(sha: string | undefined): string | undefined;
}

/** @param runs the judged run among them */
export function ancestryOf(
  runs: readonly StoredRun[],
  order: CommitOrder,
  baseBranch: string | undefined,
): Ancestry {
  const parentsOf = new Map<string, readonly string[]>();
  const ofBase = new Set<string>();
  for (const { kind, testedSha, parents, branch } of runs) {
    if (kind !== 'head' || testedSha === undefined) continue;
    if (parents !== undefined) parentsOf.set(testedSha, parents);
    if (baseBranch !== undefined && branch === baseBranch) ofBase.add(testedSha);
  }
  const isOfBase = (sha: string) => ofBase.has(sha) || order.position(sha) !== undefined;
  const walks = new Map<string, { readonly own: Set<string>; readonly bases: string[]; isWhole: boolean }>();
  const walk = (from: string) => {
    const done = walks.get(from);
    if (done !== undefined) return done;
    const found = { own: new Set([from]), bases: [] as string[], isWhole: true };
    walks.set(from, found);
    const left = [from];
    for (let sha = left.pop(); sha !== undefined; sha = left.pop()) {
      const parents = parentsOf.get(sha);
      if (parents === undefined) found.isWhole = false;
      for (const parent of parents ?? [])
        if (isOfBase(parent)) found.bases.push(parent);
        else if (!found.own.has(parent)) {
          found.own.add(parent);
          left.push(parent);
        }
    }
    return found;
  };
  return {
    ownCommits: (sha) => (sha === undefined || isOfBase(sha) ? new Set() : walk(sha).own),
    mergeBase(sha) {
      if (sha === undefined || isOfBase(sha)) return undefined;
      const { bases, isWhole } = walk(sha);
      const rank = (base: string) => order.rank(base) ?? -1;
      return isWhole ? [...bases].sort((a, b) => rank(b) - rank(a))[0] : undefined;
    },
  };
}
