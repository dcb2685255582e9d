// Reads pytest's failure text and message: the frames and the raised exception, in every --tb style. Knows nothing of
// XML. Follows only pytest's own structure: a message that imitates a traceback stays a message.

/** One frame of the failure text. */
export interface Location {
  /** As shown: relative to pytest's working directory, or absolute; with `/`. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  /** Written with `\`: pytest ran on Windows. */
  readonly isWindows?: true;
  /** The function's name, where the location's own line has it (`--tb=short` and `native`, inner frames of `auto`). */
  readonly function?: string | undefined;
}

export interface FailureText {
  /** Frames of the newest exception only, outermost first. */
  readonly locations: readonly Location[];
  /** Bare class name; undefined where the text does not tell. */
  readonly errorType: string | undefined;
}

const nothing: FailureText = { locations: [], errorType: undefined };

/**
 * One whole colour code as junitxml writes it: those of pytest's TerminalWriter and of Pygments' TerminalFormatter.
 * matches: #x1B[1m, #x1B[39;49;00m, #x1B[04m, #x1B[94m; not: #x1B[38;5;196m, #x1B[2J, #x1B[3
 */
const colourCode = /#x1B\[(?:39;49;00|0?[0-7]|[34][0-7]|(?:9|10)[0-7])m/g;

/** Whether a text may hold a separator: looking for words is much faster than for whole lines. */
function isChained(text: string): boolean {
  return text.includes(directCause) || text.includes(handled);
}

/** Removes pytest's colour codes (FORCE_COLOR, PY_COLORS, `--color=yes`) from a text or message. */
export function withoutColour(text: string): string {
  return text.includes('#x1B[') ? text.replace(colourCode, '') : text;
}

/** The lines Python puts between chained exceptions (traceback.py, _pytest/_code/code.py). */
const chainSeparator =
  /^(?:The above exception was the direct cause of the following exception:|During handling of the above exception, another exception occurred:)$/gm;
const handled = 'During handling of the above exception, another exception occurred:';

/**
 * Reads one failure or error.
 *
 * @param text the element's text: a traceback in any `--tb` style
 * @param message the element's `message` attribute: the exception's own words
 */
export function readFailureText(text: string, message: string | undefined): FailureText {
  const words = unwrapPhase(message ?? '');
  if (isMessageAlone(text, words)) return { locations: [], errorType: errorTypeOfMessage(words) };
  const body = newestException(text);
  const found = readGroup(body) ?? readNative(body) ?? readPytest(body);
  return { locations: found.locations, errorType: found.errorType ?? errorTypeOfMessage(words) };
}

/** Frames that are never the project's own: pytest's, Python's import system, and those of installed packages. */
export const installedFrame = /(?:^|\/)(?:importlib|_pytest|pluggy|site-packages|dist-packages)\/|^</;

/** `failed on setup with "REASON"` becomes REASON (_pytest/junitxml.py, append_error); a place may stand before `with`. */
export function unwrapPhase(message: string): string {
  return /^failed on (?:setup|teardown)(?: at [^"\n]+:\d+)? with "([\s\S]*)"$/.exec(message)?.[1] ?? message;
}

/** A doctest's last line. Its message repeats the whole text, but has structure. */
const doctestEnd = /:\d+: (?:DocTestFailure|UnexpectedException)\s*$/;

/**
 * Whether the text is only the message, which has no locations: `pytest.fail(pytrace=False)`, strict xpass and others.
 * The message attribute may have the exception's name in front.
 */
function isMessageAlone(text: string, message: string): boolean {
  if (message === '' || text.length > message.length || doctestEnd.test(text)) return false;
  return (
    text === message ||
    (message.endsWith(text) && /^[\w.<>]+: $/.test(message.slice(0, message.length - text.length)))
  );
}

/** How `raise … from …` is shown: the exception before it is the cause of the one after it. */
const directCause = 'The above exception was the direct cause of the following exception:';

/** As pytest.warns says it on its way out; an exception that it handles then comes from its block. */
const didNotWarn = /^(?:E +)?(?:_pytest\.outcomes\.)?(?:Failed: )?DID NOT WARN\. /m;

/** An exception that a newer one was raised from. */
export interface EarlierException extends FailureText {
  readonly text: string;
  /** Its own words. */
  readonly message: string;
}

/**
 * The first exception of a chain of `raise … from …` that ends with the newest one, or the one that ended a block of
 * `pytest.warns` before it could warn. Undefined where the newest was raised by itself, or otherwise while another was handled:
 * nothing says then that the other is its cause.
 */
export function firstCause(text: string): EarlierException | undefined {
  if (!isChained(text)) return undefined;
  let found: string | undefined;
  let end = text.length;
  for (const match of [...text.matchAll(chainSeparator)].reverse()) {
    if (found !== undefined) found = text.slice(match.index + match[0].length, end);
    if (match[0] !== directCause && (found !== undefined || !didNotWarn.test(text.slice(match.index)))) break;
    [found, end] = [text.slice(0, match.index), match.index];
  }
  if (found === undefined) return undefined;
  const read = readNative(found.trimStart()) ?? readPytest(found);
  const message = wordsOf(found);
  return { ...read, errorType: read.errorType ?? errorTypeOfMessage(message), text: found, message };
}

/** The exception's words at the end of its text: marked with `E`, or from the first line at column 0 behind native frames. */
export function wordsOf(text: string): string {
  const lines = text.trim().split('\n');
  if (lines[0] === 'Traceback (most recent call last):') {
    const at = lines.findIndex((line, i) => i > 0 && line !== '' && !line.startsWith(' '));
    return at < 0 ? '' : lines.slice(at).join('\n');
  }
  const last = lines.findLastIndex((line) => /^E(?: |$)/.test(line));
  let first = last;
  while (first > 0 && /^E(?: |$)/.test(lines[first - 1] ?? '')) first--;
  if (last < 0) return '';
  // They are indented as the source above them is.
  const margin = /^E *(?=\S)/.exec(lines[first] ?? '')?.[0].length ?? 4;
  const words = lines.slice(first, last + 1).map((line) => line.replace(/^E/, ' '));
  return words.map((line) => line.slice(Math.min(margin, line.search(/\S|$/)))).join('\n');
}

/** The exceptions of a chain, the newest last. */
export function chainOf(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const match of text.matchAll(chainSeparator)) {
    parts.push(text.slice(start, match.index));
    start = match.index + match[0].length;
  }
  return [...parts, text.slice(start)];
}

/** What follows the last separator of a chain. */
export function newestException(text: string): string {
  if (!isChained(text)) return text;
  let start = 0;
  for (const match of text.matchAll(chainSeparator)) start = match.index + match[0].length;
  return start === 0 ? text : text.slice(start);
}

/** Every style shows exception groups natively: depth one is the group, deeper levels are its parts. */
function readGroup(body: string): FailureText | undefined {
  if (!body.includes('+ Exception Group Traceback (most recent call last):')) return undefined;
  // Not \s: it would cross line ends, again from every line.
  const start = /^ *\+ Exception Group Traceback \(most recent call last\):$/m.exec(body);
  if (start === null) return undefined;
  const locations: Location[] = [];
  for (const line of body.slice(start.index).split('\n')) {
    const frame = /^\s*\|\s+File "(.+?)", line (\d+), in (.*)/.exec(line);
    if (frame !== null) locations.push(location(frame[1], frame[2], frame[3]));
    const type = /^\s*\| ((?:[\p{L}\p{N}_<>]+\.)*[\p{L}_][\p{L}\p{N}_]*): .*\(\d+ sub-exceptions?\)$/u.exec(
      line,
    );
    if (type !== null) return { locations, errorType: bareName(type[1]) };
    if (/^\s*\+-\+---/.test(line)) break;
  }
  return { locations, errorType: undefined };
}

/** Python's own traceback: `--tb=native`. */
function readNative(body: string): FailureText | undefined {
  if (!body.includes('Traceback (most recent call last):')) return undefined;
  const lines = body.split('\n');
  let at = lines.findIndex((line) => line !== '');
  if (lines[at] !== 'Traceback (most recent call last):') return undefined;
  // A doctest's unexpected exception has a native traceback and ends with pytest's own location.
  if (doctestEnd.test(body)) return undefined;
  const locations: Location[] = [];
  for (at++; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const frame = /^ {2}File "(.+?)", line (\d+), in (.*)/.exec(line);
    if (frame !== null) locations.push(location(frame[1], frame[2], frame[3]));
    // The first line at column 0 begins the exception's message; no frames follow.
    if (line !== '' && !line.startsWith(' ')) break;
  }
  return { locations, errorType: errorTypeOfMessage(lines.slice(at).join('\n')) };
}

/** `P:LINE: `, `P:LINE: in func`, `P:LINE: TypeName`, and `P:LINE` alone for a missing fixture. */
const pytestLocation =
  /^((?:[A-Za-z]:[\\/])?[^\s:=>|][^:\n]*?|<[^<>\n]+>):(\d{1,9})(?:: ?(?:in (.+)|([\p{L}_][\p{L}\p{N}_.]*))?)?$/u;

/** Arguments and `--showlocals`, also at column 0: `a = 1, b = 2`, `name       = 'x'`; not `my tests/test_x.py:1: `. */
const variable = /^[\p{L}_][\p{L}\p{N}_]* *= /u;

/** pytest's own styles: auto, long, short, line, no. */
function readPytest(body: string): FailureText {
  const locations: Location[] = [];
  let behindLocation = 0;
  let errorType: string | undefined;
  const last = body.lastIndexOf('\n', body.trimEnd().length - 1) + 1;
  let end = 0;
  for (let at = 0; at <= body.length; at = end + 1) {
    end = body.indexOf('\n', at);
    if (end < 0) end = body.length;
    const first = body.charCodeAt(at);
    // Source, marks and messages are indented or begin with E or >; a location begins at column 0.
    if (first === 0x20 || first === 0x3e || end === at || body.startsWith('E  ', at)) continue;
    const line = body.slice(at, end);
    const match = pytestLocation.exec(line);
    if (match === null || !looksLikePath(match[1] ?? '') || variable.test(line)) continue;
    // Without a colon after it, only the text's last line is a location.
    if (at !== last && !line.includes(':', (match[1] ?? '').length + 1)) continue;
    locations.push(location(match[1], match[2], match[3]));
    behindLocation = end + 1;
    errorType = match[4] === undefined ? undefined : bareName(match[4]);
  }
  const marked = behindLocation < body.length ? body.slice(behindLocation).split('\n') : [];
  errorType ??= errorTypeOfMarkedLines(marked) ?? fixtureNotFound(body);
  // A module with a syntax error is no frame: only the message names the place.
  const unparsed = /^E +File "([^"<]+)", line (\d+)$/.exec(
    marked.find((line) => line.startsWith('E ')) ?? '',
  );
  if (unparsed !== null) locations.push(location(unparsed[1], unparsed[2]));
  return { locations, errorType };
}

/** Lines marked with `E`: in the short, line and no styles they begin with the exception's name. */
function errorTypeOfMarkedLines(lines: readonly string[]): string | undefined {
  const from = lines.findIndex((line) => /^E(?: {3}|$)/.test(line));
  if (from < 0) return undefined;
  const words: string[] = [];
  for (const line of lines.slice(from)) {
    if (!/^E(?: |$)/.test(line)) break;
    words.push(line.slice(4));
  }
  return errorTypeOfMessage(words.join('\n'));
}

function fixtureNotFound(body: string): string | undefined {
  if (!body.includes('fixture') && !body.includes('recursive dependency')) return undefined;
  const lines = body.split('\n');
  const from = lines.findIndex((line) => /^file .+, line \d+$/.test(line));
  return from >= 0 &&
    lines.slice(from + 1).some((line) => /^E +(?:recursive dependency|fixture '.*' not found)/.test(line))
    ? 'FixtureLookupError'
    : undefined;
}

/** pytest's own sentences, which name no exception. */
const sentences =
  /^(?:\[XPASS\(strict\)\]|contains \d+ failed subtests?$|worker '[^']*' crashed while running|collection (?:failure|skipped)$|internal error$|Unexpected success|Unexpected\(success\))/;

/**
 * The exception's bare class name from its message (traceback.format_exception_only): `pkg.mod.Type: words`, `Type`, a
 * rewritten `assert …`, or a SyntaxError, whose last line has the name.
 */
export function errorTypeOfMessage(message: string): string | undefined {
  if (message === '' || sentences.test(message)) return undefined;
  if (/^assert(?: |\()/.test(message)) return 'AssertionError';
  if (/^file .+, line \d+\n|^fixture '[^']*' not found$/.test(message)) return 'FixtureLookupError';
  if (/^ *File "/.test(message)) {
    const last =
      message
        .trimEnd()
        .split('\n')
        .findLast((line) => /^\S/.test(line.replace(/^ {2}(?=\S+Error: )/, ''))) ?? '';
    return nameInFront(last.trim());
  }
  const single = /\[single exception in ([\p{L}\p{N}_.]+)\]$/u.exec(message.split('\n', 1)[0] ?? '');
  if (single !== null) return bareName(single[1]);
  return nameInFront(message);
}

/** Of a qualified class name; in characters. */
const longestTypeName = 1000;

/** Matches `a.b.<locals>.Type: …`, `Type`; not `a sentence: …`, nor a lone lower-case word. */
function nameInFront(words: string): string | undefined {
  // Longer words are nobody's class name, and the pattern is slow on them.
  const front = words.slice(0, longestTypeName);
  const match = /^((?:[\p{L}\p{N}_<>]+\.)*)([\p{L}_][\p{L}\p{N}_]*)(?:: |:$|:\n|\n|$)/u.exec(front);
  if (match !== null && match[0].length === longestTypeName) return undefined;
  if (match === null) return undefined;
  const name = match[2] ?? '';
  return match[1] !== '' || /^(?:_*\p{Lu})/u.test(name) ? name : undefined;
}

function bareName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : name.slice(name.lastIndexOf('.') + 1);
}

/** `tests/x.py`, `/abs/x.txt`, `C:\\x.py`, `<string>`; not `url = 'http`, nor a lone word. */
function looksLikePath(path: string): boolean {
  return path.startsWith('<') || /[\\/]|\.\w+$/.test(path);
}

function location(path: string | undefined, line: string | undefined, name?: string): Location {
  const at = { path: (path ?? '').replaceAll('\\', '/'), line: Number(line), function: name };
  return path?.includes('\\') === true ? { ...at, isWindows: true } : at;
}

/**
 * The location in a skip's text: `PATH:LINE: REASON`, or the repr of a tuple for a module skipped during collection.
 */
export function readSkipText(text: string): readonly Location[] {
  const tuple = /^\((?:'([^'\n]+)'|"([^"\n]+)"), (\d+), /.exec(text);
  if (tuple !== null) return [location(tuple[1] ?? tuple[2], tuple[3])];
  const plain = /^((?:[A-Za-z]:[\\/])?[^:\n]+):(\d{1,9}): /.exec(text);
  return plain !== null && looksLikePath(plain[1] ?? '') ? [location(plain[1], plain[2])] : nothing.locations;
}

/**
 * The deepest frame in the test's own file: the last location that names it. A path names the file if one ends with the
 * other. The closest match wins, so that `tests/a/test_x.py` is not taken for `tests/b/test_x.py`.
 */
export function locationInFile(
  locations: readonly Location[],
  file: string | undefined,
): Location | undefined {
  if (file === undefined) return undefined;
  let best: { readonly location: Location; readonly agreement: number } | undefined;
  for (const location of locations) {
    const agreement = agreementOf(location.path, file);
    if (agreement > 0 && (best === undefined || agreement >= best.agreement)) best = { location, agreement };
  }
  return best?.location;
}

/** 3: the same path; 2: an absolute path that ends with it; 1: one ends with the other (run from another folder). */
export function agreementOf(path: string, file: string): number {
  if (path === file) return 3;
  const absolute = path.startsWith('/') || /^[A-Za-z]:\//.test(path);
  if (path.endsWith(`/${file}`)) return 2;
  const bare = path.replace(/^(?:\.{1,2}\/)+/, '');
  const bareFile = file.replace(/^(?:\.{1,2}\/)+/, '');
  if (absolute) return bareFile !== file && path.endsWith(`/${bareFile}`) ? 2 : 0;
  return bareFile === bare || bareFile.endsWith(`/${bare}`) || bare.endsWith(`/${bareFile}`) ? 1 : 0;
}
