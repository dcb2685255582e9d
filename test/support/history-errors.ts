// Judges every run of a history by the rules of today and by the former ones, and counts what each got wrong, by cause.

import { type JudgedPoint, judgePoint, judgeTests } from '../../src/judge/judge.ts';
import { defaultLimits, type Limits } from '../../src/judge/limits.ts';
import { testedCommit } from '../../src/judge/order.ts';
import type { StoredRun, TestRow } from '../../src/model.ts';
import { formerRuns, formerVerdict } from './former-rules.ts';
import type { Cause, History, SimulatedRun, Tree } from './histories.ts';

/** How often something went wrong, of how many times that it could. */
export interface Count {
  wrong: number;
  of: number;
}

export interface Errors {
  /** By row of the table: `subject: cause`. */
  readonly rows: Map<string, { now: Count; former: Count }>;
  readonly runs: number;
  readonly failures: number;
}

/** Changes facts before they are judged, to see what a fact is good for. */
export type Blind = (run: SimulatedRun['stored']) => SimulatedRun['stored'];

export interface CountOptions {
  readonly limits?: Limits;
  readonly blind?: Blind;
  /** Forget the order of commits, or the text of failures. */
  readonly forget?: 'order' | 'text' | undefined;
  /** Called for each error of the rules of today, to look at one. */
  readonly onError?: (row: string, history: History, place: number, test: string) => void;
}

export function startErrors(): Errors & { add(history: History, options?: CountOptions): void } {
  const rows = new Map<string, { now: Count; former: Count }>();
  let runs = 0;
  let failures = 0;
  return {
    rows,
    get runs() {
      return runs;
    },
    get failures() {
      return failures;
    },
    add(history, options = {}) {
      history.runs.forEach((run, place) => {
        runs++;
        failures += [...run.results.values()].filter(({ failed }) => failed).length;
        countRun(history, place, rows, options);
      });
    },
  };
}

/** What a cause is to this change: its own, the base's, or of neither. */
function truthOf(cause: Cause, baseTree: Tree): string {
  if (cause.kind === 'break' || cause.kind === 'race')
    return `${baseTree.has(cause.id) ? 'base’s' : 'own'} ${cause.kind}`;
  return cause.kind;
}

function countRun(
  history: History,
  place: number,
  rows: Errors['rows'],
  { limits = defaultLimits, blind = (run) => run, forget, onError }: CountOptions,
): void {
  const simulated = history.runs[place];
  if (simulated === undefined) return;
  const { stored, results, baseTree, tree, change } = simulated;
  const earlier = history.runs.slice(0, place);
  const byId = new Map(history.runs.slice(0, place + 1).map((run) => [run.stored.runId, run]));
  const failed = [...results].filter(([, result]) => result.failed).map(([test]) => test);
  const count = (row: string, now: boolean | undefined, former: boolean | undefined, test = '') => {
    const found = rows.get(row) ?? { now: { wrong: 0, of: 0 }, former: { wrong: 0, of: 0 } };
    rows.set(row, found);
    for (const [side, wrong] of [
      [found.now, now],
      [found.former, former],
    ] as const) {
      if (wrong === undefined) continue;
      side.of++;
      if (wrong) side.wrong++;
    }
    if (now === true) onError?.(row, history, place, test);
  };

  const judged = judgePoint(
    {
      run: blind(stored),
      change,
      runs: earlier.map((run) => blind(run.stored)),
      commits: forget === 'order' ? [] : history.commitsAt(place),
    },
    limits,
  );
  const verdicts = judgeSimulated(judged, history, place, failed, limits, forget === 'text');

  // The former rules.
  const before = earlier.map((run) => run.stored);
  const isOnBase = stored.branch === 'main';
  const branchRuns = formerRuns(stored, before, stored.branch, true);
  const baseRuns = isOnBase ? [] : formerRuns(stored, before, 'main', false);
  const twins = before.filter(
    (other) =>
      other.gitSha === stored.gitSha &&
      other.jobName === stored.jobName &&
      other.pullRequest === stored.pullRequest,
  );
  const formerOf = (test: string) =>
    formerVerdict(stored, {
      branch: branchRuns,
      base: baseRuns,
      twins,
      isOnBase,
      outcomeIn: (run) => byId.get(run.runId)?.results.get(test)?.failed,
    });

  const truths = new Map(
    failed.map((test) => {
      const cause = results.get(test)?.cause;
      return [test, cause === undefined ? 'none' : truthOf(cause, baseTree)];
    }),
  );
  const now = new Map(verdicts.failures.map((verdict, place) => [failed[place] ?? '', verdict]));
  const former = new Map(failed.map((test) => [test, formerOf(test)]));
  if (failed.length > 0) {
    const all = [...truths.values()];
    const blocksNow = [...now.values()].some((verdict) => verdict.class === 'new');
    const blocksFormer = [...former.values()].some((verdict) => verdict.class === 'new');
    if (all.includes('own break')) count('real break passes', !blocksNow, !blocksFormer);
    else if (all.includes('own race')) count('race of this change passes', !blocksNow, !blocksFormer);
    else {
      const cause = ['outage', 'environment', 'base’s break', 'base’s race', 'flake'].find((kind) =>
        all.includes(kind),
      );
      count(`innocent run blocked: ${cause}`, blocksNow, blocksFormer);
      if (cause === 'outage')
        count(
          `innocent run blocked: outage, ${passedOnCommit() ? 'its commit' : 'no run of its commit'} passed before`,
          blocksNow,
          blocksFormer,
        );
      count('innocent run blocked', blocksNow, blocksFormer);
    }
    // The base ran an earlier commit: there is something to compare with.
    const first = history.runs[0]?.stored.testedSha;
    const hasBase = earlier.some((run) => run.stored.branch === 'main') && stored.testedSha !== first;
    // Nothing at all is said of it, though the base has a past. Where nobody tells where the change begins, nothing can be said of
    // what the base was red with there.
    if (hasBase) {
      const isUndecided = [...now.values()].every((verdict) => verdict.class === 'no-history');
      const isPlaceKnown = judged.point?.isApproximate !== true;
      const isMixed = [...now.values()].every((verdict) => verdict.reason.kind === 'jobs-differ');
      count('run undecided', isUndecided && isPlaceKnown && !isMixed, undefined, failed[0]);
      count('run undecided: begins nobody knows where', isUndecided && !isPlaceKnown, undefined, failed[0]);
      count(
        'run undecided: a job of its own, and others differ',
        isMixed && isPlaceKnown,
        undefined,
        failed[0],
      );
    }
    for (const reason of new Set([...now.values()].map((verdict) => verdict.reason.kind)))
      if (['no-run', 'not-run-there', 'jobs-differ', 'steps-differ', 'maybe-base'].includes(reason))
        count(`run with no-history: ${reason}`, true, undefined);
  }
  for (const test of failed) {
    const [verdict, past, truth] = [now.get(test), former.get(test), truths.get(test) ?? ''];
    if (verdict === undefined || past === undefined) throw new Error(`no verdict for ${test}`);
    const isChance = truth === 'flake' || truth === 'base’s race';
    const said = (novelty: string, isRight: boolean) =>
      count(
        `wrong ${novelty}`,
        verdict.class === novelty ? !isRight : undefined,
        past.class === novelty ? !isRight : undefined,
        test,
      );
    said('flaky', isChance);
    if (!isChance) count(`wrong flaky: ${truth}`, verdict.class === 'flaky', past.class === 'flaky', test);
    // A flaky test is the base's: that it was red there by chance is said truly.
    const isBase =
      truth.startsWith('base’s') || truth === 'flake' || (truth === 'environment' && wasRedBefore(test));
    said('pre-existing', isBase);
    if (!isBase)
      count(
        `wrong pre-existing: ${truth}`,
        verdict.class === 'pre-existing',
        past.class === 'pre-existing',
        test,
      );
    if (verdict.notes.passedOnRerunOf !== undefined) {
      count('passes on a rerun, not this change’s race', truth !== 'own race', undefined, test);
      if (truth !== 'own race')
        count(`passes on a rerun, not this change’s race: ${truth}`, true, undefined, test);
    }
    count(
      'wrong fixed by',
      verdict.lastFixedBy === undefined ? undefined : !isRepair(test, verdict.lastFixedBy),
      past.lastFixedBy === undefined ? undefined : !isRepair(test, past.lastFixedBy),
      test,
    );
  }

  /** A test that the outage took passed before on the very commit: this change cannot have broken it. */
  function passedOnCommit(): boolean {
    const commit = testedCommit(stored);
    return earlier.some(
      (run) =>
        testedCommit(run.stored) === commit &&
        failed.some(
          (test) => results.get(test)?.cause?.kind === 'outage' && run.results.get(test)?.failed === false,
        ),
    );
  }

  /** The environment's break began before this run. */
  function wasRedBefore(test: string): boolean {
    const drift = results.get(test)?.drift;
    return earlier.some((run) => run.results.get(test)?.drift === drift);
  }

  /** The commit has none of the test's defects that a commit tested not long before it had. */
  function isRepair(test: string, sha: string): boolean {
    const here = history.trees.get(sha);
    const first = earlier.findIndex((run) => run.stored.gitSha === sha);
    return (
      here !== undefined &&
      earlier.slice(Math.max(0, first - 60), first).some((run) => {
        const cause = run.results.get(test)?.cause;
        return cause?.kind === 'break' && !here.has(cause.id);
      })
    );
  }

  // What is said to be fixed: today of tests that were red at the point, formerly of those red in the branch's run before.
  for (const fixed of verdicts.fixed) {
    if (fixed.kind !== 'fixed') continue;
    const pointSha = judged.point?.sha;
    const causes = earlier
      .filter((run) => run.stored.gitSha === pointSha || run.stored.testedSha === pointSha)
      .flatMap((run) => run.results.get(fixed.testName)?.cause ?? []);
    const right = causes.some(
      (cause) => (cause.kind === 'break' || cause.kind === 'race') && !tree.has(cause.id),
    );
    const environment = causes.some(({ kind }) => kind === 'environment');
    count('wrong fixed', !right, undefined, fixed.testName);
    count(
      `wrong fixed: ${environment ? 'environment' : (causes[0]?.kind ?? 'none')}`,
      !right,
      undefined,
      fixed.testName,
    );
  }
  const last = byId.get(branchRuns[0]?.runId ?? '');
  if (last !== undefined && last.stored.gitSha !== stored.gitSha)
    for (const [test, result] of last.results) {
      if (!result.failed || results.get(test)?.failed !== false) continue;
      const cause = result.cause;
      const right = cause !== undefined && cause.kind === 'break' && !tree.has(cause.id);
      count('wrong fixed', undefined, !right);
      count(`wrong fixed: ${cause?.kind}`, undefined, !right);
    }
}

/** Gives the judge what SQL would: rows of the tests that failed here or at the point. */
export function judgeSimulated(
  judged: JudgedPoint,
  history: History,
  place: number,
  failed: readonly string[],
  limits: Limits,
  withoutText = false,
): ReturnType<typeof judgeTests> {
  const here = history.runs[place];
  const byId = new Map(history.runs.slice(0, place + 1).map((run) => [run.stored.runId, run]));
  const atPoint = (judged.point?.runs ?? []).flatMap(({ runId }) => byId.get(runId) ?? []);
  const asked = new Set(failed);
  for (const run of atPoint) for (const [test, { failed: red }] of run.results) if (red) asked.add(test);
  const rows: TestRow[] = [];
  const isRead = readRows(judged, (test, run) => byId.get(run.runId)?.results.get(test)?.failed);
  const used = new Set([...judged.facts.runs, judged.facts.run]);
  for (const stored of used) {
    const { runId } = stored;
    const results = byId.get(runId)?.results;
    if (results === undefined) continue;
    for (const testName of asked) {
      const result = results.get(testName);
      if (result === undefined || !isRead(testName, stored)) continue;
      rows.push({
        testName,
        runId,
        outcome: result.failed ? 'failed' : 'passed',
        driftSignature: withoutText ? undefined : result.drift,
        errorType: withoutText || result.drift === undefined ? undefined : 'AssertionError',
        statement: withoutText ? undefined : result.drift,
      });
    }
  }
  const filesOf = (runs: readonly SimulatedRun[]) =>
    new Set(runs.flatMap((run) => [...run.results.keys()].map(history.fileOf)));
  const filesThere = filesOf(atPoint);
  const filesHere = filesOf(here === undefined ? [] : [here]);
  const alsoIn = (files: ReadonlySet<string>) => [...filesHere].filter((file) => files.has(file)).length;
  return judgeTests(
    judged,
    {
      rows,
      failures: failed.map((testName) => ({ testName, testFile: history.fileOf(testName) })),
      files: [...new Set(failed.map(history.fileOf))].map((file) => ({
        file,
        isInTree: history.isInTree(file, judged.point?.sha),
        ran: filesThere.has(file),
      })),
      filesHere: filesHere.size,
      filesAlsoAtPoint: alsoIn(filesThere),
      olderFiles: (judged.point?.base ?? [])
        .slice(0, -1)
        .toReversed()
        .slice(0, limits.fileCommits)
        .map(({ sha, runs }) => {
          const own = runs.filter(({ lineId }) => lineId === judged.facts.run.lineId);
          const ran = filesOf((own.length > 0 ? own : runs).flatMap(({ runId }) => byId.get(runId) ?? []));
          const files = new Set(failed.map(history.fileOf));
          const canSay = [...files].every((file) => history.isInTree(file, sha) !== undefined);
          const inTree = canSay
            ? new Set([...files].filter((file) => history.isInTree(file, sha)))
            : undefined;
          return { sha, ran, inTree, filesAlso: alsoIn(ran) };
        }),
    },
    limits,
  );
}

/**
 * Which rows src/store/history/evidence.ts reads: all of the own line's past; of other lines and changes the failures, the passes of
 * the same commit, and all since the point where one of these fails.
 */
function readRows(
  { facts: { run, runs }, point, own, others, evidence }: JudgedPoint,
  failedIn: (test: string, run: StoredRun) => boolean | undefined,
): (test: string, run: StoredRun) => boolean {
  const base = new Set([...(point?.base ?? []), ...(point?.later ?? [])].flatMap((commit) => commit.runs));
  const isOwnLine = ({ lineId }: StoredRun) => lineId === run.lineId;
  const all = new Set<StoredRun>([
    run,
    ...[...base, ...own, ...runs.filter(({ execution }) => execution === run.execution)].filter(isOwnLine),
    ...evidence.cleanHead,
    ...(point?.runs ?? []),
  ]);
  const foreign = [...new Set([...base, ...others])].filter((other) => !all.has(other));
  const pointAt = Math.max(...(point?.runs ?? []).map(({ at }) => at), Number.NEGATIVE_INFINITY);
  const isLate = (other: StoredRun) => !base.has(other) && other.at > pointAt;
  const ownBase = new Set([...base].filter(isOwnLine));
  const known = new Map<string, ReadonlySet<StoredRun>>();
  const readOf = (test: string) => {
    const failed = foreign.filter((other) => failedIn(test, other) === true);
    const commits = new Set(
      [...all, ...foreign].filter((other) => failedIn(test, other) === true).map(testedCommit),
    );
    const hasLate = failed.some(isLate);
    // Where the own line hardly runs the test, the other lines of the base tell its past.
    const isRare =
      [...ownBase].filter((other) => failedIn(test, other) !== undefined).length * 2 < ownBase.size;
    return new Set(
      foreign.filter(
        (other) =>
          failedIn(test, other) === true ||
          commits.has(testedCommit(other)) ||
          (hasLate && isLate(other)) ||
          (isRare && base.has(other)),
      ),
    );
  };
  return (test, other) => {
    if (all.has(other)) return true;
    const read = known.get(test) ?? readOf(test);
    known.set(test, read);
    return read.has(other);
  };
}
