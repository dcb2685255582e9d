// The order of commits, oldest first: the base branch's first-parent order where it is known, else committer dates, and only
// where neither is known a commit's first run. The time of a later run never moves a commit.
import type { StoredRun } from '../model.ts';
import type { CommitPlace } from './facts.ts';

/**
 * What was tested, as one text. Two merges with equal parents are one. A merge that does not say what it merged, and a run
 * without a commit, are each their own.
 */
export function testedCommit(run: StoredRun): string {
  if (run.kind === 'merge') {
    if (run.parents !== undefined && run.parents.length > 1) return run.parents.join('+');
    return run.testedSha ?? `run ${run.runId}`;
  }
  return run.testedSha ?? run.gitSha ?? `run ${run.runId}`;
}

export interface CommitOrder {
  /** Place of a commit, ascending with time; undefined where nothing is known of it. */
  rank(commit: string | undefined): number | undefined;
  /** Position in the base branch's first-parent order. */
  position(commit: string | undefined): number | undefined;
  /** Commits after `from`, up to and with `to`, oldest first; undefined where the first-parent order does not have them all. */
  between(from: string, to: string): readonly string[] | undefined;
}

export function orderCommits(runs: readonly StoredRun[], places: readonly CommitPlace[]): CommitOrder {
  const known = new Map(places.map((place) => [place.sha, place]));
  const times = new Map<string, number>();
  for (const { sha, committedAt } of places) if (committedAt !== undefined) times.set(sha, committedAt);
  const firstRuns = new Map<string, number>();
  for (const run of runs) {
    const commit = testedCommit(run);
    const dated = run.testedSha === undefined ? undefined : known.get(run.testedSha)?.committedAt;
    if (dated !== undefined) times.set(commit, dated);
    for (const name of commit === run.gitSha ? [commit] : [commit, run.gitSha])
      if (name !== undefined) firstRuns.set(name, Math.min(firstRuns.get(name) ?? Infinity, run.at));
  }
  for (const [commit, at] of firstRuns) if (!times.has(commit)) times.set(commit, at);

  // Dates of a first-parent order may go back (rebases, wrong clocks): the position wins, so that one order holds for all.
  const line = places
    .flatMap(({ sha, position }) => (position === undefined ? [] : [{ sha, position }]))
    .sort((a, b) => a.position - b.position);
  let latest = -Infinity;
  for (const { sha } of line) {
    latest = Math.max(latest, times.get(sha) ?? latest);
    times.set(sha, latest);
  }
  const positions = new Map(line.map(({ sha, position }) => [sha, position]));
  const ordered = [...times].sort(
    ([a, x], [b, y]) =>
      x - y || (positions.get(a) ?? -1) - (positions.get(b) ?? -1) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const ranks = new Map(ordered.map(([commit], i) => [commit, i]));
  const byPosition = new Map(line.map(({ sha, position }) => [position, sha]));
  return {
    rank: (commit) => (commit === undefined ? undefined : ranks.get(commit)),
    position: (commit) => (commit === undefined ? undefined : positions.get(commit)),
    between(from, to) {
      const first = positions.get(from);
      const last = positions.get(to);
      if (first === undefined || last === undefined) return undefined;
      const commits: string[] = [];
      for (let at = first + 1; at <= last; at++) {
        const sha = byPosition.get(at);
        if (sha === undefined) return undefined;
        commits.push(sha);
      }
      return commits;
    },
  };
}
