// Outages: nearly all of a run failed, and the same commit does not fail so elsewhere.
import type { StoredRun } from '../model.ts';
import { groupBy } from './group.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { testedCommit } from './order.ts';

/** Nearly all tests failed, in many files. */
function failedNearlyAll({ totals }: StoredRun, limits: Limits): boolean {
  return (
    totals.failed >= limits.outageFailures &&
    totals.failedFiles >= limits.outageFiles &&
    totals.failed >= limits.outageShare * totals.tests
  );
}

/** Ids of the infrastructure runs among `runs`. */
export function infrastructureRuns(
  runs: readonly StoredRun[],
  limits: Limits = defaultLimits,
): ReadonlySet<string> {
  const ofCommit = groupBy(runs, testedCommit);
  const found = new Set<string>();
  for (const group of ofCommit.values()) {
    const suspects = group.filter((run) => failedNearlyAll(run, limits));
    if (suspects.length > 0 && suspects.length < group.length)
      for (const run of suspects) found.add(run.runId);
  }
  return found;
}
