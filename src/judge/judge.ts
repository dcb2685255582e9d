// Decides what the facts about a run mean: the class of each failure, since when it fails, what fixed it, and with which runs
// to compare. Pure: facts in, verdicts out. It knows no SQL and no wording.
import type { Changes, CoverageMove, FailureHistory, RunFacts, RunHistory } from '../model.ts';
import { chooseComparison } from './comparison.ts';
import { classOf } from './novelty.ts';
import { chooseMatch } from './tiers.ts';
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
  const runs = new Map(facts.pastRuns.map((past) => [`${past.side} ${past.back}`, past]));
  return facts.failures.map((failure) => {
    const timeline = timelineOf(failure.blocks, {
      runAt: (side, back) => runs.get(`${side} ${back}`),
      isOnBaseBranch: facts.isOnBaseBranch,
    });
    const first = timeline.firstOfRow ?? facts.run;
    const match = chooseMatch(failure.candidates, failure.causeKey !== undefined);
    return {
      testName: failure.testName,
      failureSignature: failure.failureSignature,
      class: classOf({ match, passedInTwin: failure.passedInTwin }, timeline, facts.run.at),
      match,
      since: { runId: first.runId, gitSha: first.gitSha, at: new Date(first.at) },
      runsInARow: timeline.runsInARow,
      lastFixedBy: timeline.lastFixedBy,
    };
  });
}
