// Finds the failing statement's source in the traceback, in every --tb style that shows source. Does not interpret it.
import type { Location } from './failure-text.ts';

/** Longer statements are cut; in characters. */
const longest = 2000;
const mostLines = 40;

/**
 * The source of the statement at a location, with line breaks, without pytest's marks.
 *
 * @param text the failure's text, or its lines
 * @returns undefined if the text shows no source for it (`--tb=line`, `--tb=no`, code without a file)
 */
export function findStatement(
  text: string | readonly string[],
  location: Location | undefined,
): string | undefined {
  if (location === undefined) return undefined;
  const lines = typeof text === 'string' ? text.split('\n') : text;
  const at = lines.findLastIndex((line) => isLocationLine(line, location));
  if (at < 0) return undefined;
  const line = lines[at] ?? '';
  const native = /^[\s|]*File "/.test(line);
  const statement = native || /: in \S/.test(line) ? sourceBelow(lines, at, native) : sourceAbove(lines, at);
  const trimmed = statement?.trim().slice(0, longest);
  return trimmed === undefined || trimmed === '' || trimmed === '???' ? undefined : trimmed;
}

/** Whether this line is the location: `P:LINE:…` or `File "P", line LINE, in …`. */
export function isLocationLine(line: string, { path, line: number }: Location): boolean {
  const slashed = line.includes('\\') ? line.replaceAll('\\', '/') : line;
  if (slashed.startsWith(`${path}:${number}:`) || slashed === `${path}:${number}`) return true;
  return slashed.includes(`File "${path}", line ${number}, in `) && /^[\s|]*File "/.test(slashed);
}

/** short and native: indented source follows the location. */
function sourceBelow(lines: readonly string[], at: number, native: boolean): string | undefined {
  const source: string[] = [];
  const bar = native ? /^\s*\|/ : undefined;
  const margin = native ? (/^[\s|]*/.exec(lines[at] ?? '')?.[0].length ?? 0) + 2 : 4;
  for (let i = at + 1; i < lines.length && source.length < mostLines; i++) {
    const raw = lines[i] ?? '';
    const line = bar === undefined ? raw : raw.replace(bar, (m) => ' '.repeat(m.length));
    if (line.trim() === '' || line.slice(0, margin).trim() !== '' || /^\s*File "/.test(line)) break;
    if (!isCarets(line)) source.push(line.slice(margin));
  }
  return source.length === 0 ? undefined : source.join('\n');
}

/** long: source is above the location, with `>` at the failing line; the statement may begin before it and end after it. */
function sourceAbove(lines: readonly string[], at: number): string | undefined {
  let mark = at - 1;
  while (mark >= 0 && !isMarked(lines[mark] ?? '')) {
    // Another entry's end: this entry shows no source.
    if (lines[mark]?.startsWith('_ _ _ _ _ _ _ _ _ _ ')) return undefined;
    mark--;
  }
  // pytest marks its list of fixtures like source.
  if (mark < 0 || /^> +(?:available fixtures: |use 'pytest --fixtures)/.test(lines[mark] ?? ''))
    return undefined;
  const statement = [` ${(lines[mark] ?? '').slice(1)}`];
  for (let i = mark + 1; i < at && statement.length < mostLines; i++) {
    const line = lines[i] ?? '';
    if (/^E(?: |$)/.test(line) || line.trim() === '') break;
    if (!isCarets(line)) statement.push(line);
  }
  // Python names the innermost call's line: the statement begins where its brackets open.
  for (let i = mark - 1; i >= 0 && balance(statement.join('\n')) < 0 && statement.length < mostLines; i--) {
    const line = lines[i] ?? '';
    if (line.trim() === '' || !line.startsWith(' ')) break;
    statement.unshift(line);
  }
  return statement.join('\n');
}

/** pytest's mark at the line that failed. */
function isMarked(line: string): boolean {
  return line === '>' || line.startsWith('> ');
}

/** Opening minus closing brackets. Counts those in strings too, which hardly matters here. */
function balance(source: string): number {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const code = source.charCodeAt(at);
    if (code === 0x28 || code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x29 || code === 0x5d || code === 0x7d) depth--;
  }
  return depth;
}

/** Python 3.11's marks under a source line. */
function isCarets(line: string): boolean {
  return /^\s*[~^]+\s*$/.test(line);
}
