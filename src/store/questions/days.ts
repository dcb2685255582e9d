// Sums of a scope's runs by UTC day: whole days from run_days, which the database keeps while runs are stored, and the rest of the day
// that a scope begins in from the runs themselves. So a year costs its days and not its runs, and the figures are those of the runs.
import type { Database } from '../database/port.ts';
import { isEvidence, narrowing, ofScope, type Params, type Scope } from './scope.ts';

const dayMs = 86_400_000;

/**
 * Rows `day`, `runs`, `green_runs`, `failed_runs`, `timed_runs`, `covered_runs`, `tests`, `passed`, `ran`, `seconds`, `coverage_sum`; several of one
 * day. A query in parentheses.
 *
 * @param evidence only runs that count in comparisons
 */
export function dayRows(
  scope: Scope,
  params: Params,
  db: Database,
  { evidence }: { readonly evidence: boolean },
): string {
  const { since, branch } = scope;
  const sums = ['d.team_id = $1', ...narrowing('d', scope, params, db)];
  if (branch === undefined) sums.push('d.git_branch IS NULL');
  if (evidence) sums.push('d.evidence');
  const whole = since && params.add(new Date(Math.ceil(since.getTime() / dayMs) * dayMs));
  if (whole !== undefined) sums.push(`d.day >= (${whole}::timestamptz AT TIME ZONE 'UTC')::date`);
  const days = `SELECT d.day, d.runs, d.green_runs, d.failed_runs, d.timed_runs, d.covered_runs, d.tests, d.passed, d.ran, d.seconds, d.coverage_sum
    FROM run_days d WHERE d.runs > 0 AND ${sums.join(' AND ')}`;
  if (whole === undefined) return `(${days})`;
  const failed = 'coalesce(r.failed, 0) + coalesce(r.errors, 0)';
  return `(${days} UNION ALL
    SELECT (r.created_at AT TIME ZONE 'UTC')::date, 1, (${failed} = 0)::int, (coalesce(r.failed, 0) > 0)::int, (r.duration_seconds IS NOT NULL)::int,
      (r.coverage_percent IS NOT NULL)::int, r.total_tests, coalesce(r.passed, 0), coalesce(r.passed, 0) + ${failed},
      coalesce(r.duration_seconds, 0), coalesce(r.coverage_percent, 0)
    FROM test_runs r WHERE ${ofScope('r', scope, params, db)} AND r.created_at < ${whole} ${evidence ? `AND ${isEvidence('r')}` : ''})`;
}
