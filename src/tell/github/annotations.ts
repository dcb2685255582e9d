// Failures on their lines in the pull request's files, as commands to the runner. Pure.
import type { FailureHistory, RunHistory, Warning } from '../../model.ts';
import { failureKey, number, placed, type ToldFailure, tierNames } from '../words.ts';
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

/**
 * What could not be taken, in at most two errors, so that they leave the failures room among the ten. Troubles of one kind
 * are one; the log and the job's summary list each of them.
 */
export function renderTroubles(troubles: readonly Warning[]): string[] {
  const kinds = new Map<string, Warning[]>();
  for (const trouble of troubles) kinds.set(trouble.code, [...(kinds.get(trouble.code) ?? []), trouble]);
  const [first, ...others] = [...kinds.values()].map(kindInWords);
  if (first === undefined) return [];
  const rest = others.slice(0, 8).map((words) => (others.length > 1 ? cut(words, 500) : words));
  if (others.length > rest.length)
    rest.push(`${others.length - rest.length} other kinds of trouble: see the log of this step.`);
  return [first, ...(rest.length === 0 ? [] : [rest.join('\n\n')])].map((words) =>
    workflowCommand('error', words),
  );
}

function kindInWords([first, ...others]: readonly Warning[]): string {
  if (first === undefined) return '';
  const last = others.at(-1);
  const words = cut(placed(first), 2000);
  if (last === undefined) return words;
  // The reader stops naming places at some number, and tells the sum.
  const sum =
    first.line !== undefined && last.line === undefined
      ? `${placed(last)}.`
      : `${number(others.length)} more like it.`;
  return `${words}\n\n${sum} See the log of this step.`;
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
