// Which failures fail the build: the rule of --fail-on and of the Action's fail-on. The doors set the exit code.
import type { Verdict } from '../ingest.ts';
import type { Settings } from '../settings.ts';

/** How many failures `--fail-on` counts; undefined when `new` or `unknown` is asked and there is no history to decide it. */
export function failuresToBlame(
  failOn: Settings['failOn'],
  { totals, lost, history }: Pick<Verdict, 'totals' | 'lost' | 'history'>,
): number | undefined {
  const failed = totals.failed + totals.errors;
  // A test that was lost may have failed.
  if (failOn === 'any') return failed + lost;
  if (failOn === 'never' || failed === 0) return 0;
  return history?.failures.filter((failure) => (failOn === 'new' ? failure.class === 'new' : !failure.known))
    .length;
}

/** Whether something that was asked for is missing: exit code 2 where nothing before it in the order decides. */
export function hasErrors({ warnings }: Pick<Verdict, 'warnings'>): boolean {
  return warnings.some((warning) => warning.severity === 'error');
}
