// Failures on their lines in the pull request's files, as commands to the runner. Pure.

import type { LineRange, MatrizReview, Patch, RunHistory, Warning } from '../../model.ts';
import {
  type Alike,
  attemptsOf,
  evidenceOfAll,
  groupAlike,
  howMany,
  matchesOf,
  pairFailures,
  wordsOf,
} from '../alike.ts';
import { labelOf, outageOf } from '../evidence.ts';
import { errorLines, leftOut } from '../excerpt.ts';
import { placeOfLocation, toldViolations } from '../matriz.ts';
import { count, number, phaseApart, placed, type ToldFailure, tierNames } from '../words.ts';
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

const order = ['new', 'no-history', undefined, 'flaky', 'pre-existing'];

/**
 * At most ten errors with those said before, what is new first; what is known with its solution. Failures that are alike are one, at
 * the place that they share where the checkout has it.
 */
export function renderAnnotations(request: AnnotationRequest): string[] {
  const { history: run, all } = request;
  const told = pairFailures(request.failures, run);
  const ranked = order
    .flatMap((novelty) => groupAlike(told.filter(({ history }) => history?.class === novelty)))
    .filter(({ failure }) => failure !== undefined)
    .slice(0, Math.max(0, mostAnnotations - (request.errorsSaid ?? 0)));
  const left = all - ranked.reduce((sum, alike) => sum + alike.all.length, 0);
  return ranked.map((alike, i) => {
    const { failure, all: tests } = alike;
    const history = tests.find((one) => one.failure === failure)?.history;
    const rest =
      left > 0 && i === ranked.length - 1
        ? `\n\n${count(left, 'more failure')} ${left === 1 ? 'is' : 'are'} not annotated: see the job's summary.`
        : '';
    const more = howMany(alike);
    const name = more === '' ? failure?.testName : `${failure?.testName} (${more})`;
    return workflowCommand('error', `${message(alike, request)}${rest}`, {
      ...placeOf(alike, request),
      title: cut(`${history === undefined ? '' : `${labelOf(history)}: `}${name}`, 250),
    });
  });
}

function placeOf({ failure, place }: Alike, { locate }: AnnotationRequest): { file?: string; line?: number } {
  const [, shared, line] = /^(.+):(\d{1,9})$/.exec(place ?? '') ?? [];
  const file = shared === undefined ? undefined : locate(shared);
  if (file !== undefined) return { file, line: Number(line) };
  const own = failure?.testFile === undefined ? undefined : locate(failure.testFile);
  if (own !== undefined) return { file: own, ...(failure?.line === undefined ? {} : { line: failure.line }) };
  // The name of the test leads to no file, as with --junit-prefix: the newest frame that does.
  for (const { path, line } of failure?.excerpt?.exceptions.at(-1)?.frames.toReversed() ?? []) {
    const there = locate(path);
    if (there !== undefined) return { file: there, line };
  }
  return {};
}

/** At most so many errors are about MATRIZ, so that they leave the failures room. */
const mostViolations = 5;

/** What blocked stars say of lines in files that the checkout has. */
export function renderViolations(
  review: MatrizReview,
  { locate, errorsSaid = 0 }: Pick<AnnotationRequest, 'locate' | 'errorsSaid'>,
): string[] {
  return toldViolations(review)
    .flatMap(({ star, violation }) => {
      const place = placeOfLocation(violation?.location);
      const file = place && locate(place.file);
      if (star.status !== 'BLOCKED' || violation === undefined || file === undefined) return [];
      const severity = violation.severity === undefined ? '' : `${cut(violation.severity, 50)}: `;
      return [
        workflowCommand('error', `${severity}${cut(violation.rule, 1000)}`, {
          file,
          line: place?.line,
          title: cut(`MATRIZ: blocked by ${star.name}`, 250),
        }),
      ];
    })
    .slice(0, Math.max(0, Math.min(mostViolations, mostAnnotations - errorsSaid)));
}

/** GitHub shows at most so many notices of a step. */
const mostNotices = 10;

/** New statements that no test ran, as notices on their lines: the longest ranges of all files. */
export function renderUncovered(
  { coverage, runs }: Exclude<Patch, { readonly problem: string }>,
  isInTree: (path: string) => boolean,
): string[] {
  const length = ([first, last]: LineRange) => last - first + 1;
  const all = coverage.files
    .filter(({ filePath }) => isInTree(filePath))
    .flatMap(({ filePath, uncovered }) => uncovered.map((range) => ({ filePath, range })));
  const shown = all.toSorted((a, b) => length(b.range) - length(a.range)).slice(0, mostNotices);
  const by = runs > 1 ? `, by the ${runs} runs of this commit so far` : '';
  return shown.map(({ filePath, range: [first, last] }, i) => {
    const lines = first === last ? `Line ${first} is` : `Lines ${first} to ${last} are`;
    const rest = all.length - shown.length;
    const more =
      rest > 0 && i === shown.length - 1 ? `\n\n${count(rest, 'more place')}: see the job's summary.` : '';
    return workflowCommand(
      'notice',
      `${lines} new or changed, and no test ran ${first === last ? 'it' : 'them'}${by}.${more}`,
      {
        file: filePath,
        line: first,
        endLine: last === first ? undefined : last,
        title: 'Not covered',
      },
    );
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
    rest.push(`${count(others.length - rest.length, 'other kind')} of trouble: see the log of this step.`);
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

function message(alike: Alike, { history: run, hideSolutions }: AnnotationRequest): string {
  const { place, all } = alike;
  const { errorType, message: whole = '', outcome } = wordsOf(alike);
  const { words: said, phase } = phaseApart(whole);
  const type = errorType ?? outcome;
  const told = said.includes(type) ? said : [type, said].filter((part) => part !== '').join(': ');
  const first = phase === '' ? told : `${told} (${phase.trim()})`;
  const below = wordsBelow(alike);
  // The words with pytest's diff begin with the line that is told: once is enough.
  const isRepeated = below[1]?.split('\n', 1)[0] === first;
  const lines = isRepeated ? [...below.slice(1), ''] : [first];
  if (place !== undefined) lines.push(`${howMany(alike)}: ${place}`);
  const why = [attemptsOf(alike), evidenceOfAll(alike, run)].filter((part) => part !== '').join('; ');
  if (why !== '') lines.push(cut(why, 500));
  for (const { match, fits } of matchesOf(alike).slice(0, 1)) {
    const { memory, tier } = match;
    const name = `${tierNames[tier]}${fits < all.length ? `, ${fits} of ${all.length}` : ''}`;
    if (hideSolutions) lines.push(`${name} ${memory.id.slice(0, 8)}`);
    else {
      if (memory.rootCause !== undefined) lines.push(`Cause: ${cut(memory.rootCause, 500)}`);
      lines.push(`${name}. Fix: ${cut(memory.solution, 1000)}`);
    }
  }
  const outage = outageOf(run);
  if (outage !== '') lines.push(outage);
  return [...lines, ...(isRepeated ? [] : below)].join('\n').trimEnd();
}

/** GitHub folds long messages, and takes 64 KB of them all. */
const mostWords = { lines: 20, characters: 1500 } as const;

/** The exception's words with pytest's diff, where they are more than the line that is told. */
function wordsBelow({ failure }: Alike): string[] {
  const newest = failure?.excerpt?.exceptions.at(-1);
  if (newest === undefined || newest.error.length < 2) return [];
  const all = errorLines(newest);
  const shown = cut(all.slice(0, mostWords.lines).join('\n'), mostWords.characters);
  const isCut = all.length > mostWords.lines || shown.endsWith('…') || leftOut(newest) !== '';
  return ['', shown, ...(isCut ? ["… the job's summary shows more."] : [])];
}
