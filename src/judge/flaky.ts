// Evidence that a test fails by chance: it failed and later passed on one commit, failed now in one job and now in the other, or
// failed alone in several changes.
import type { FlakyEvidence, StoredRun } from '../model.ts';
import { groupBy } from './group.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { testedCommit } from './order.ts';
import { type Attempt, changeOf, type FailureText, hasText, isAlike } from './past.ts';

/** One failure that was chance. */
export interface Chance {
  readonly kind: FlakyEvidence['kind'];
  readonly attempt: Attempt;
}

/**
 * The evidence that this failure is one of a flaky test; undefined where there is none with this failure's drift signature.
 * A failed attempt without text counts for any error.
 *
 * @param base attempts of the base, before the point and since, in order
 * @param allBase the same of any job
 * @param others attempts of other changes, of any job, never of the judged one
 * @param isOnBase the judged run is of the base branch: what other branches add may never come there, so that a rerun of one of
 *   them says nothing; that several of them failed alone does
 * @param until the point's time
 */
export function flakyEvidence(
  here: FailureText,
  {
    base,
    allBase,
    others,
    isOnBase,
    until,
  }: {
    readonly base: readonly Attempt[];
    readonly allBase: readonly Attempt[];
    readonly others: readonly Attempt[];
    readonly isOnBase: boolean;
    readonly until: number;
  },
  limits: Limits = defaultLimits,
): FlakyEvidence | undefined {
  const from = until - limits.evidenceDays * dayMs;
  const chances = chancesOf(here, { base: allBase, others, isOnBase, from }, limits);
  const found = chances.findLast(({ attempt }) => isOneOf(here, attempt.text ?? {}));
  if (found === undefined) return undefined;
  const recent = base.filter(({ run }) => run.at >= from);
  return {
    kind: found.kind,
    sha: found.attempt.sha,
    branch: found.attempt.run.branch,
    failures: recent.filter(({ failed }) => failed).length,
    runs: recent.length,
  };
}

/**
 * The failures that chance made, by what the other attempts show; those with another error too where the test passed when it ran again.
 *
 * @param from what is older says nothing
 */
export function chancesOf(
  here: FailureText,
  {
    base,
    others,
    isOnBase,
    from,
  }: {
    readonly base: readonly Attempt[];
    readonly others: readonly Attempt[];
    readonly isOnBase: boolean;
    readonly from: number;
  },
  limits: Limits = defaultLimits,
): Chance[] {
  const isRecent = ({ run }: Attempt) => run.at >= from;
  const isChance = (attempt: Attempt) => attempt.failed && isRecent(attempt);
  // Most tests never failed before.
  if (!base.some(isChance) && !others.some(isChance)) return [];
  const alone = failedAlone(here, base, others, from);
  const mixed = mixedCommits([base, others], from);
  const again: Attempt[] = [];
  if (mixed.size > 0) {
    const isOfMixed = (attempt: Attempt) => mixed.has(attempt.commit) && isRecent(attempt);
    const [ofBase, ofOthers] = [base.filter(isOfMixed), others.filter(isOfMixed)];
    again.push(
      ...failedThenPassed(isOnBase ? ofBase : [...ofOthers, ...ofBase]),
      ...failedInTurn(here, ofBase, ofOthers, isOnBase),
    );
  }
  return [
    ...(alone.length >= limits.loneFailures ? alone : []).map((attempt) => ({
      kind: 'lone' as const,
      attempt,
    })),
    ...again.map((attempt) => ({ kind: 'rerun' as const, attempt })),
  ];
}

function isOneOf(here: FailureText, seen: FailureText): boolean {
  if (!hasText(seen)) return true;
  if (here.driftSignature !== undefined && seen.driftSignature !== undefined)
    return here.driftSignature === seen.driftSignature;
  return isAlike(here, seen);
}

/** Failures after which the test passed on the same commit, in the same step of the same job. */
export function failedThenPassed(attempts: readonly Attempt[]): Attempt[] {
  const found: Attempt[] = [];
  const mixed = mixedCommits([attempts]);
  if (mixed.size === 0) return found;
  for (const group of groupBy(
    attempts.filter(({ commit }) => mixed.has(commit)),
    ({ run, commit }) => `${run.lineId}\n${run.ordinal}\n${commit}`,
  ).values()) {
    if (group.length < 2) continue;
    const inTime = group
      .map((attempt, place) => ({ attempt, place }))
      .sort((a, b) => a.attempt.run.at - b.attempt.run.at || a.place - b.place)
      .map(({ attempt }) => attempt);
    const lastPass = inTime.findLastIndex(({ failed }) => !failed);
    found.push(...inTime.slice(0, Math.max(0, lastPass)).filter(({ failed }) => failed));
  }
  return found;
}

/** Ids of the runs after which the same step of the same job ran their commit again: one failure there can be chance. */
export function runsRepeated(runs: readonly StoredRun[]): string[] {
  return [...groupBy(runs, (run) => `${run.lineId}\n${run.ordinal}\n${testedCommit(run)}`).values()].flatMap(
    (group) => {
      const last = Math.max(...group.map(({ at }) => at));
      return group.flatMap(({ at, runId }) => (at < last ? [runId] : []));
    },
  );
}

/** The commits on which the test failed and passed since a time: mostly there are none. */
function mixedCommits(lists: readonly (readonly Attempt[])[], from = -Infinity): ReadonlySet<string> {
  const red = new Set<string>();
  for (const list of lists)
    for (const { failed, commit, run } of list) if (failed && run.at >= from) red.add(commit);
  if (red.size === 0) return red;
  const mixed = new Set<string>();
  for (const list of lists)
    for (const { failed, commit, run } of list)
      if (!failed && run.at >= from && red.has(commit)) mixed.add(commit);
  return mixed;
}

/** A failure with text that is like this one. */
function isLike(here: FailureText, { failed, text }: Attempt): boolean {
  return failed && text !== undefined && hasText(text) && isOneOf(here, text);
}

/**
 * Failures like this one in one job while another one passed on the same commit, where on another commit these two jobs had it the
 * other way round: what breaks in one job alone, breaks in that job again. On the base branch both commits have to be of different
 * changes.
 */
function failedInTurn(
  here: FailureText,
  base: readonly Attempt[],
  others: readonly Attempt[],
  isOnBase: boolean,
): readonly Attempt[] {
  const isLikeThis = (attempt: Attempt) => isLike(here, attempt);
  const all = [...base, ...others];
  if (all.filter(isLikeThis).length < 2) return [];
  const ofBase = new Set(base);
  // Steps of one job are variants: the pass of another one says nothing.
  const pairs = [...groupBy(all, ({ commit }) => commit).values()].flatMap((group) =>
    group.filter(isLikeThis).flatMap((failure) =>
      group
        .filter(
          ({ failed, run: { lineId, ordinal } }) =>
            !failed && lineId !== failure.run.lineId && ordinal === failure.run.ordinal,
        )
        .map(({ run }) => ({
          failure,
          jobs: `${failure.run.lineId}\n${run.lineId}`,
          reversed: `${run.lineId}\n${failure.run.lineId}`,
          change: isOnBase && !ofBase.has(failure) ? changeOf(failure.run) : failure.commit,
        })),
    ),
  );
  const byJobs = groupBy(pairs, ({ jobs }) => jobs);
  return pairs
    .filter((pair) => byJobs.get(pair.reversed)?.some(({ change }) => change !== pair.change))
    .map(({ failure }) => failure)
    .sort((a, b) => a.run.at - b.run.at);
}

/**
 * Failures like this one, each the only one of its change (a commit of the base, another branch), with a pass of the test after
 * each before the next. What broke a test fails again: in the other job, on the rerun, at the next push. Where more changes failed
 * so, the test is one that changes break.
 */
function failedAlone(
  here: FailureText,
  base: readonly Attempt[],
  others: readonly Attempt[],
  from: number,
): readonly Attempt[] {
  const isLikeThis = (attempt: Attempt) => attempt.run.at >= from && isLike(here, attempt);
  const changes = [
    ...groupBy(base.filter(isLikeThis), ({ commit }) => commit).values(),
    ...groupBy(others.filter(isLikeThis), ({ run }) => changeOf(run)).values(),
  ];
  if (changes.length === 0) return [];
  const single = changes
    .flatMap((failures) =>
      new Set(failures.map(({ run }) => run.runId)).size === 1 ? failures.slice(-1) : [],
    )
    .sort((a, b) => a.run.at - b.run.at);
  if (single.length < changes.length / 2) return [];
  return single.filter(({ run }, i) => {
    const next = single[i + 1]?.run;
    // Steps of one job are variants: the pass of another one says nothing.
    const isPassBetween = ({ failed, run: { at, ordinal, lineId } }: Attempt) =>
      !failed &&
      ordinal === run.ordinal &&
      at > run.at &&
      at < (next?.at ?? Infinity) &&
      // What breaks one job alone goes on in that job while others pass.
      (next?.lineId !== run.lineId || lineId === run.lineId);
    return base.some(isPassBetween) || others.some(isPassBetween);
  });
}
