// What a person reads first of a traceback: the failing lines of source, the exception's words with the diff, and the project's own
// frames. Takes what pytest wrote in any --tb style, chains included. Everything is bounded, and says what was left out.
import type { ExceptionExcerpt, FailureExcerpt, Frame } from '../../model.ts';
import { chainOf, type Location, readFailureText, wordsOf } from './failure-text.ts';
import { teardownRule } from './junit.ts';
import { isLibrary } from './place.ts';
import { findStatement, isLocationLine } from './statement.ts';

/** Of a text the end is read, where the newest exception stands; in characters. As much as is read back from the database. */
const longestText = 20_000;
const longestLine = 400;
/** Of the exception's words. */
const mostErrorLines = 30;
const mostErrorCharacters = 3000;
/** Of the words of exceptions that a newer one came after. */
const mostOlderLines = 5;
/** Lines of source before the failing one, and after it. */
const around = 5;
const mostFrames = 12;
/** Of the frames that are kept, so many are the outermost ones. */
const outermost = 3;
const mostExceptions = 3;

export interface ExcerptQuery {
  /** The failure's text, without colour. */
  readonly text: string;
  /** The message's attribute: the words where the text has none (`--tb=no`, `--tb=line`). */
  readonly message: string | undefined;
  readonly testFile: string | undefined;
}

/** undefined where the report says no more than one line, which is told elsewhere. */
export function excerptOf({ text, message = '', testFile }: ExcerptQuery): FailureExcerpt | undefined {
  const chain = chainOf(endOf(text).split(teardownRule, 1)[0] ?? '');
  const told = chain.slice(-mostExceptions);
  const exceptions = told.map((part, i) => {
    const isNewest = i === told.length - 1;
    return readException(part, isNewest ? message : '', testFile, isNewest ? mostErrorLines : mostOlderLines);
  });
  const isEmpty = exceptions.every(
    ({ source, error, frames }) => source.length === 0 && frames.length === 0 && error.length <= 1,
  );
  return isEmpty ? undefined : { exceptions, exceptionsLeftOut: chain.length - told.length };
}

/** Whole lines. */
function endOf(text: string): string {
  if (text.length <= longestText) return text;
  const from = text.length - longestText;
  return text.slice(text.indexOf('\n', from) + 1 || from);
}

function readException(
  text: string,
  message: string,
  testFile: string | undefined,
  mostLines: number,
): ExceptionExcerpt {
  const lines = text.split('\n');
  const { locations } = readFailureText(text, undefined);
  const own = locations.filter((location) => !isLibrary(location, testFile));
  const rows = withoutRepeats(own);
  const kept =
    rows.length <= mostFrames
      ? rows
      : [...rows.slice(0, outermost), ...rows.slice(rows.length - mostFrames + outermost)];
  return {
    source: sourceOf(lines, own.at(-1) ?? locations.at(-1)),
    ...boundedWords(
      groupWords(lines) ?? (wordsOf(text) || message || (locations.length === 0 ? text.trim() : '')),
      mostLines,
    ),
    frames: kept.map(({ location, times }) => frameOf(lines, location, times)),
    framesLeftOut: own.length - kept.reduce((sum, { times }) => sum + times, 0),
    libraryFrames: locations.length - own.length,
  };
}

/** Calls of a recursion that come from one line are one row. */
function withoutRepeats(locations: readonly Location[]): { location: Location; times: number }[] {
  const rows: { location: Location; times: number }[] = [];
  for (const location of locations) {
    const last = rows.at(-1);
    if (last?.location.path === location.path && last.location.line === location.line) last.times++;
    else rows.push({ location, times: 1 });
  }
  return rows;
}

function frameOf(lines: readonly string[], location: Location, times: number): Frame {
  const statement = findStatement(lines, location)?.split('\n', 1)[0]?.trim();
  return { path: location.path, line: location.line, times, statement: statement && cutLine(statement, 200) };
}

/** An exception group's words, and the parts below it. Undefined where it is none. */
function groupWords(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => /^[ |]*\| \S.*\(\d+ sub-exceptions?\)$/.test(line));
  if (at < 0) return undefined;
  const kept: string[] = [];
  for (let i = at; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const path = /^[ |]+File "(.+?)", line \d/.exec(line)?.[1];
    if (path === undefined || !isLibrary({ path, line: 0 }, undefined)) kept.push(line);
    // With the source below it.
    else while (/^[ |]*\| {5}/.test(lines[i + 1] ?? '')) i++;
  }
  return kept.join('\n').trimEnd();
}

function boundedWords(words: string, mostLines: number): Pick<ExceptionExcerpt, 'error' | 'errorLeftOut'> {
  const lines = words.trimEnd() === '' ? [] : words.trimEnd().split('\n');
  const error: string[] = [];
  let left = mostErrorCharacters;
  for (const line of lines.slice(0, mostLines)) {
    if (left <= 0) break;
    const shown = cutLine(line, Math.min(longestLine, left));
    error.push(shown);
    left -= shown.length + 1;
  }
  const cut = error.reduce((sum, line, i) => {
    const whole = lines[i] ?? '';
    return line === whole ? sum : sum + whole.length - line.length + 1;
  }, 0);
  return { error, errorLeftOut: { lines: lines.length - error.length, characters: cut } };
}

function cutLine(line: string, most: number): string {
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The failing line of a frame, marked, with what the traceback shows around it. */
function sourceOf(lines: readonly string[], location: Location | undefined): string[] {
  if (location === undefined) return [];
  const at = lines.findLastIndex((line) => isLocationLine(line, location));
  if (at < 0) return [];
  let mark = at - 1;
  while (mark >= 0 && !/^>(?: |$)/.test(lines[mark] ?? '')) {
    // Another entry's end: this entry shows its source below, or none.
    if (/^(?:_ ){10}/.test(lines[mark] ?? '') || isPlace(lines[mark] ?? ''))
      return sourceBelow(lines, location);
    mark--;
  }
  if (mark < 0) return sourceBelow(lines, location);
  // pytest marks its list of fixtures like source.
  if (/^> +(?:available fixtures: |use 'pytest --fixtures)/.test(lines[mark] ?? '')) return [];
  let first = mark;
  while (first > 0 && mark - first < around && /^(?: {4}|$)/.test(lines[first - 1] ?? '')) first--;
  let end = mark + 1;
  while (end < at && end - mark <= around && /^ {4}/.test(lines[end] ?? '')) end++;
  while (first < mark && (lines[first] ?? '').trim() === '') first++;
  const shown = lines.slice(first, end);
  const margin = Math.min(
    ...shown.flatMap((line) => (line.trim() === '' ? [] : [line.slice(1).search(/\S/) + 1])),
  );
  const rest = (line: string) => cutLine(line.slice(Math.max(1, margin)), longestLine);
  return shown.map((line) => `${line.startsWith('>') ? '> ' : '  '}${rest(line)}`.trimEnd());
}

/** A location's own line ends the entry above it. */
function isPlace(line: string): boolean {
  return /^[^\s>].*:\d{1,9}: /.test(line) || /^\s+File ".*", line \d/.test(line);
}

/** short and native show the statement alone. */
function sourceBelow(lines: readonly string[], location: Location): string[] {
  const statement = findStatement(lines, location)?.split('\n') ?? [];
  return statement.slice(0, 2 * around + 1).map((line) => `> ${cutLine(line, longestLine)}`);
}
