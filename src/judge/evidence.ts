// Which runs are evidence about the team's tests.
import type { StoredRun } from '../model.ts';
import type { RunFacts } from './facts.ts';
import { infrastructureRuns } from './infrastructure.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';

export interface Evidence {
  /** The runs that count for the judged run, the judged run not among them. */
  readonly runs: readonly StoredRun[];
  /** Clean runs outside CI of the very commit that the judged run changed without a commit. */
  readonly cleanHead: readonly StoredRun[];
  /** The judged run looks like an outage: nearly all failed here, and not elsewhere on this commit. */
  readonly isInfrastructure: boolean;
}

/**
 * A run counts for runs of its own origin, a stranger's for none. Strangers' runs are compared with the team's, and local ones, where
 * the team has any.
 * Dirty checkouts outside CI, reports older than what they were uploaded for, and outages never count.
 */
export function evidenceFor({ run, runs }: RunFacts, limits: Limits = defaultLimits): Evidence {
  const recent = runs.filter(
    (other) => other.at >= run.at - limits.days * dayMs && other.runId !== run.runId,
  );
  // Only those that count can tell that a commit does not fail elsewhere.
  const outages = infrastructureRuns(
    [...recent.filter(({ origin }) => origin === 'team' || origin === run.origin), run],
    limits,
  );
  const clean = recent.filter(
    (other) => !other.isStale && !(other.isDirty && other.origin === 'local') && !outages.has(other.runId),
  );
  const team = clean.filter((other) => other.origin === 'team');
  return {
    runs: run.origin !== 'local' || team.length > 0 ? team : clean.filter(({ origin }) => origin === 'local'),
    cleanHead:
      run.origin === 'local' && run.isDirty
        ? clean.filter((other) => other.kind === 'head' && other.testedSha === run.testedSha)
        : [],
    isInfrastructure: outages.has(run.runId),
  };
}
