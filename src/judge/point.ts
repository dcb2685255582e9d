// The comparison point: the newest commit, at or before the place where the judged run's change begins, that has a run which
// counts. A branch's own commits are never its point: else the second push of a red branch would be "pre-existing".

import type { PointSource, StoredRun } from '../model.ts';
import type { Ancestry } from './ancestry.ts';
import type { Evidence } from './evidence.ts';
import type { ChangeFacts, RunFacts } from './facts.ts';
import { groupBy } from './group.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type CommitOrder, testedCommit } from './order.ts';

/** A commit of the base with its counting runs. */
export interface BaseCommit {
  readonly sha: string;
  readonly runs: readonly StoredRun[];
}

export interface Point {
  readonly sha: string;
  /** Counting runs of the point's commit, of any job. */
  readonly runs: readonly StoredRun[];
  /** Where the change begins; undefined where only its time is known. */
  readonly target: string | undefined;
  readonly source: PointSource;
  /** The target may lie elsewhere: what is red alike on the base within the look-back may be the base's. */
  readonly isApproximate: boolean;
  /** Commits after the point up to the target: they have no run. Empty where the target has one; undefined where not known. */
  readonly untested: readonly string[] | undefined;
  /** Commits of the base at or before the point, oldest first; the last one is the point. */
  readonly base: readonly BaseCommit[];
  /** Commits of the base after the point that are no part of the change, oldest first. */
  readonly later: readonly BaseCommit[];
}

/** Where the change begins. */
export function pointTarget(
  run: StoredRun,
  change: ChangeFacts,
  order: CommitOrder,
  ancestry: Ancestry,
): { readonly sha: string | undefined; readonly source: PointSource } {
  const {
    event,
    isOnBaseBranch,
    pullRequestHead: head,
    payloadBase,
    mergeGroupBase,
    mergeBase,
    before,
  } = change;
  if (event === 'tag') return { sha: run.testedSha, source: 'tag' };
  if (event === 'merge-group' && mergeGroupBase !== undefined)
    return { sha: mergeGroupBase, source: 'merge-group' };
  if (event === 'pull-request' && run.parents?.length === 2 && head !== undefined) {
    const other = run.parents.find((parent) => parent !== head);
    if (run.parents.includes(head) && other !== undefined) return { sha: other, source: 'merged-parent' };
  }
  if (isOnBaseBranch) {
    if (run.origin === 'local' && run.isDirty) return { sha: run.testedSha, source: 'head' };
    // After a forced push the earlier tip is no ancestor.
    const own = order.rank(run.testedSha) ?? Infinity;
    const isEarlier = before !== run.testedSha && (order.rank(before) ?? -Infinity) < own;
    if (before !== undefined && isEarlier) return { sha: before, source: 'before-push' };
    const parent = run.parents?.[0];
    return parent === undefined
      ? { sha: undefined, source: 'older-commit' }
      : { sha: parent, source: 'first-parent' };
  }
  const found = mergeBase ?? (run.kind === 'head' ? ancestry.mergeBase(run.testedSha) : undefined);
  if (found !== undefined) return { sha: found, source: 'merge-base' };
  if (event === 'pull-request' && payloadBase !== undefined)
    return { sha: payloadBase, source: 'payload-base' };
  return { sha: undefined, source: 'older-commit' };
}

/** undefined where the base has no counting run at or before the target: nothing to compare with. */
export function choosePoint(
  { run, change }: RunFacts,
  evidence: Evidence,
  order: CommitOrder,
  { ancestry, limits = defaultLimits }: { readonly ancestry: Ancestry; readonly limits?: Limits },
): Point | undefined {
  const target = pointTarget(run, change, order, ancestry);
  const base = baseCommits(run, change, evidence, order, target.sha);
  const limit = targetRank(run, target.sha, order);
  const targetPosition = order.position(target.sha);
  const isBefore = ({ sha }: BaseCommit): boolean => {
    const position = order.position(sha);
    if (sha === target.sha) return true;
    if (targetPosition !== undefined && position !== undefined) return position <= targetPosition;
    const rank = order.rank(sha) ?? Infinity;
    return target.sha === undefined ? rank < limit : rank <= limit;
  };
  const from = run.at - limits.days * dayMs;
  const candidates = base
    .filter(isBefore)
    .filter(({ runs }) => runs.some(({ at }) => at >= from))
    .slice(-limits.commits);
  const chosen = candidates.at(-1);
  if (chosen === undefined) return undefined;
  const own = order.position(run.testedSha);
  return {
    sha: chosen.sha,
    runs: chosen.runs,
    target: target.sha,
    source: target.source,
    // On the base branch itself older commits are ancestors, whatever their number.
    isApproximate: ['payload-base', 'older-commit'].includes(target.source) && !change.isOnBaseBranch,
    untested:
      target.sha === undefined
        ? undefined
        : target.sha === chosen.sha
          ? []
          : order.between(chosen.sha, target.sha),
    base: candidates,
    later: untilMerged(
      change.isOnBaseBranch ? undefined : run.gitSha,
      base.filter(
        (commit) =>
          !isBefore(commit) &&
          commit.sha !== run.testedSha &&
          (own === undefined || !change.isOnBaseBranch || (order.position(commit.sha) ?? 0) > own),
      ),
    ),
  };
}

/** Once the base has taken the change in, its runs are no longer another one's. */
function untilMerged(head: string | undefined, later: readonly BaseCommit[]): readonly BaseCommit[] {
  const merged = later.findIndex(
    ({ runs }) => head !== undefined && runs.some(({ parents }) => parents?.includes(head)),
  );
  return merged < 0 ? later : later.slice(0, merged);
}

/** Commits of the base branch that have a counting run, oldest first. */
function baseCommits(
  run: StoredRun,
  change: ChangeFacts,
  { runs, cleanHead }: Evidence,
  order: CommitOrder,
  target: string | undefined,
): readonly BaseCommit[] {
  const { baseBranch, isOnBaseBranch } = change;
  const isOfBase = (sha: string, branch: string | undefined) =>
    sha === target ||
    order.position(sha) !== undefined ||
    (baseBranch !== undefined && branch === baseBranch);
  const heads = groupBy(
    [...runs.filter(({ kind }) => kind === 'head'), ...(isOnBaseBranch ? cleanHead : [])],
    testedCommit,
  );
  const found = new Map<string, BaseCommit>();
  for (const [sha, group] of heads)
    if (group.some(({ branch }) => isOfBase(sha, branch))) found.set(sha, { sha, runs: group });
  // A base that only pull requests test (stacked ones): its commits are known by the merges that were made of them.
  const merges = groupBy(
    runs.filter(({ kind }) => kind === 'merge'),
    ({ gitSha }) => gitSha,
  );
  for (const [sha, group] of merges)
    if (sha !== undefined && !found.has(sha) && group.some(({ branch }) => isOfBase(sha, branch)))
      found.set(sha, { sha, runs: group });
  const own = isOnBaseBranch && change.event !== 'tag' && !(run.isDirty && run.origin === 'local');
  return [...found.values()]
    .filter(({ sha }) => !(own && sha === testedCommit(run)))
    .sort((a, b) => (order.rank(a.sha) ?? Infinity) - (order.rank(b.sha) ?? Infinity));
}

function targetRank(run: StoredRun, target: string | undefined, order: CommitOrder): number {
  return order.rank(target) ?? order.rank(testedCommit(run)) ?? Infinity;
}
