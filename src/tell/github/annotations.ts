// Failures on their lines in the pull request's files, as commands to the runner. Pure.
import type { FailureHistory, RunHistory } from '../../model.ts';
import { failureKey, type ToldFailure, tierNames } from '../words.ts';
import { cut } from './markdown.ts';
import { workflowCommand } from './workflow-log.ts';

/** GitHub shows at most so many errors of a step. */
const mostAnnotations = 10;

export interface AnnotationRequest {
  readonly failures: readonly ToldFailure[];
  /** Number of all failures of the run. */
  readonly all: number;
  readonly history: RunHistory | undefined;
  readonly hideSolutions: boolean;
  /** Errors that the step has shown already: they count among those GitHub shows. */
  readonly errorsSaid?: number | undefined;
  /** The file's path relative to the repository's root; undefined where the checkout has no such file. */
  locate(testFile: string): string | undefined;
}

const order = ['new', undefined, 'flaky', 'pre-existing', 'known'];

/** At most ten errors with those said before, what is new first; what is known with its solution. */
export function renderAnnotations(request: AnnotationRequest): string[] {
  const { history, all } = request;
  const past = new Map(history?.failures.map((failure) => [failureKey(failure), failure]));
  const ranked = request.failures
    .map((failure) => ({ failure, history: past.get(failureKey(failure)) }))
    .sort((a, b) => order.indexOf(a.history?.class) - order.indexOf(b.history?.class))
    .slice(0, mostAnnotations - (request.errorsSaid ?? 0));
  return ranked.map(({ failure, history }, i) => {
    const file = failure.testFile === undefined ? undefined : request.locate(failure.testFile);
    const left = i === ranked.length - 1 ? all - ranked.length : 0;
    const rest = left > 0 ? `\n\n${left} more failures are not annotated: see the job's summary.` : '';
    return workflowCommand('error', `${message(failure, history, request.hideSolutions)}${rest}`, {
      file,
      line: file === undefined ? undefined : failure.line,
      title: cut(`${history === undefined ? '' : `${history.class}: `}${failure.testName}`, 250),
    });
  });
}

function message(failure: ToldFailure, history: FailureHistory | undefined, hideSolutions: boolean): string {
  const type = failure.errorType ?? failure.outcome;
  const said = failure.message ?? '';
  const lines = [said.includes(type) ? said : [type, said].filter((part) => part !== '').join(': ')];
  const match = history?.match;
  if (match !== undefined) {
    const { memory, tier } = match;
    const name = tierNames[tier];
    if (hideSolutions) lines.push(`${name} ${memory.id.slice(0, 8)}`);
    else {
      if (memory.rootCause !== undefined) lines.push(`Cause: ${cut(memory.rootCause, 500)}`);
      lines.push(`${name}. Fix: ${cut(memory.solution, 1000)}`);
    }
  }
  return lines.join('\n');
}
