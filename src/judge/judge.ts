// Decides what the facts about a run mean: the class of each failure, since when it fails, what fixed it, and with which runs
// to compare. Pure: facts in, verdicts out. It knows no SQL and no wording.
import type { Changes, CoverageMove, FailureFacts, FailureHistory, RunFacts, RunHistory } from '../model.ts';
import { chooseComparison } from './comparison.ts';
import { classOf } from './novelty.ts';
import { timelineOf } from './timeline.ts';

/** What was read about the runs of `chooseComparison`. */
export interface Compared {
  readonly changes: Changes | undefined;
  readonly coverageMoves: readonly CoverageMove[] | undefined;
}

/** Judges one run. */
export function judgeRun(facts: RunFacts, { changes, coverageMoves }: Compared): RunHistory {
  const { coverage } = chooseComparison(facts);
  return {
    failures: judgeFailures(facts),
    baseBranch: facts.baseBranch,
    changes,
    coverage:
      coverage === undefined || coverageMoves === undefined
        ? undefined
        : {
            beforePercent: coverage.beforePercent,
            afterPercent: coverage.afterPercent,
            moved: coverageMoves,
          },
  };
}

function judgeFailures(facts: RunFacts): FailureHistory[] {
  const runs = new Map(facts.pastRuns.map((run) => [`${run.side} ${run.back}`, run]));
  return facts.failures.map((failure) =>
    judgeFailure(failure, facts, (side, back) => runs.get(`${side} ${back}`)),
  );
}

function judgeFailure(
  failure: FailureFacts,
  { run, isOnBaseBranch }: RunFacts,
  runAt: Parameters<typeof timelineOf>[1]['runAt'],
): FailureHistory {
  const timeline = timelineOf(failure.blocks, { runAt, isOnBaseBranch });
  const first = timeline.firstOfRow ?? run;
  return {
    testName: failure.testName,
    failureSignature: failure.failureSignature,
    class: classOf(failure, timeline, run.createdAt),
    match: failure.match,
    since: { runId: first.runId, gitSha: first.gitSha, at: first.createdAt },
    runsInARow: timeline.runsInARow,
    lastFixedBy: timeline.lastFixedBy,
  };
}
