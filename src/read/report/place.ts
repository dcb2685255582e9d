// Where a failure was raised, if that is not the test's own function: what failures of several tests can have in common.
import type { Place } from '../../model.ts';
import { agreementOf, installedFrame, type Location } from './failure-text.ts';
import { findStatement, isLocationLine } from './statement.ts';

export interface PlaceQuery {
  /** The failure's text. */
  readonly lines: readonly string[];
  /** All frames, outermost first. */
  readonly locations: readonly Location[];
  readonly errorType: string | undefined;
  readonly testFile: string | undefined;
  /** Without parameters; undefined where a file could not be collected. */
  readonly testFunction: string | undefined;
  /** The test's function ran: neither a fixture's set-up or tear-down failed, nor the collection. */
  readonly isCall: boolean;
}

/**
 * The deepest frame of the project that is not the test's own function; a library's frame where the test's own function or
 * nobody of the project called it.
 *
 * @returns undefined where the test's own function failed, or the text does not tell
 */
export function findPlace(query: PlaceQuery): Place | undefined {
  const { lines, locations, errorType } = query;
  const raised = locations.at(-1);
  // A missing fixture is shown at the test that asks for it.
  if (raised === undefined || errorType === 'FixtureLookupError') return undefined;
  const cycle = errorType === 'RecursionError' ? placeInCycle(query) : undefined;
  if (cycle !== undefined) return placeAt(cycle, nameOf(cycle, query), lines);
  const at = locations.findLastIndex((location) => !isLibrary(location, query.testFile));
  const deepest = locations[at] ?? raised;
  const name = nameOf(deepest, query);
  if (at < 0 || !isOwn(deepest, at, name, query)) return placeAt(deepest, name, lines);
  // A library's assertions (mock, numpy.testing) are the test's own.
  if (deepest === raised || errorType === 'AssertionError' || errorType === 'Failed') return undefined;
  return placeAt(raised, nameOf(raised, query), lines);
}

/**
 * One frame of the calls that go round, the same wherever the stack ended: how deep it got is chance. Undefined where no frame came
 * again.
 */
function placeInCycle(query: PlaceQuery): Location | undefined {
  const { locations, testFile } = query;
  const places = placesInCycle(locations);
  const least = [...places].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, mostOfCycle);
  let ofLibrary: Location | undefined;
  for (const [, at] of least) {
    const location = locations[at];
    if (location === undefined || isOwn(location, at, nameOf(location, query), query)) continue;
    if (!isLibrary(location, testFile)) return location;
    ofLibrary ??= location;
  }
  return ofLibrary;
}

/** pytest's own styles show one round, `native` shows all, and at the end what happened to be called last. */
function placesInCycle(locations: readonly Location[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const keys = locations.map(({ path, line }) => `${path}:${line}`);
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const rounds = Math.max(...counts.values());
  // A round may call one line several times.
  const isIn = (key: string) => 4 * (counts.get(key) ?? 0) > rounds;
  const last = keys.findLastIndex((key) => (counts.get(key) ?? 0) > 1);
  const from = last < 0 ? keys.length : keys.indexOf(keys[last] ?? '');
  return new Map(
    [...keys.entries()].flatMap(([at, key]) => ((rounds < 10 ? at >= from : isIn(key)) ? [[key, at]] : [])),
  );
}

/** Looking for a frame's function takes time. */
const mostOfCycle = 50;

function placeAt(location: Location, name: string | undefined, lines: readonly string[]): Place {
  return {
    file: location.path,
    line: location.line,
    function: name === undefined || name.startsWith('<') ? undefined : name,
    statement: findStatement(lines, location),
  };
}

/** Python's own modules. */
const standardLibrary = /(?:^|\/)(?:lib(?:64)?\/(?:python|pypy)\d[^/]*|Lib)\//;

/** Whether a frame is of an installed package or of Python itself, and not of the project. */
export function isLibrary({ path }: Location, testFile: string | undefined): boolean {
  if (!installedFrame.test(path) && !standardLibrary.test(path)) return false;
  // Tests of an installed package (`--pyargs`) lie there themselves.
  return testFile === undefined || agreementOf(path, testFile) === 0;
}

function isOwn(location: Location, at: number, name: string | undefined, query: PlaceQuery): boolean {
  const { testFile, testFunction, isCall } = query;
  const inOwnFile = testFile !== undefined && agreementOf(location.path, testFile) > 0;
  // What a module does when it is imported is its own.
  if (testFunction === undefined) return inOwnFile;
  if (!isCall) return false;
  // `<lambda>` and `<genexpr>` may be the test's.
  if (name === undefined || name.startsWith('<')) return inOwnFile;
  if (name !== testFunction) return false;
  // An inherited test lies in another file: it is the first frame of the project.
  return inOwnFile || at === query.locations.findIndex((outer) => !isLibrary(outer, testFile));
}

/** From the location's line, else from the source above it. */
function nameOf(location: Location, { lines, testFunction }: PlaceQuery): string | undefined {
  if (location.function !== undefined) return location.function.split('.').at(-1);
  if (testFunction === undefined) return undefined;
  const at = lines.findLastIndex((line) => isLocationLine(line, location));
  // The function is the nearest `def` above the failing line that is indented less.
  let margin = Number.POSITIVE_INFINITY;
  for (let i = at - 1; i >= 0; i--) {
    const line = lines[i] ?? '';
    if (line.startsWith('_ _ _ _ ')) return undefined;
    if (margin === Number.POSITIVE_INFINITY && !line.startsWith('>')) continue;
    const indent = indentOf(line);
    if (indent < 0 || indent >= margin) continue;
    margin = indent;
    const name = line.includes('def ')
      ? /^[> ]\s*(?:async )?def ([\p{L}_][\p{L}\p{N}_]*)/u.exec(line)?.[1]
      : undefined;
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Where a line's source begins, behind pytest's mark; -1 for a blank one. */
function indentOf(line: string): number {
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code !== 0x20 && code !== 0x3e) return at;
  }
  return -1;
}
