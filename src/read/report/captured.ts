// The end of what a failed test printed, as `system-out` and `system-err` of its element have it (pytest writes them with
// junit_logging). Pure; knows nothing of XML.
import type { CapturedOutput } from '../../model.ts';
import { owned } from '../owned.ts';
import { withoutColour } from './failure-text.ts';

/** What a testcase's element holds: the end of each, decoded. */
export interface RawOutput {
  readonly out: string;
  readonly err: string;
}

/** In characters; the earliest lines go. */
const mostCharacters = 8000;
const longestLine = 400;

/** pytest's heading of each part. matches: `---- Captured Out ----` */
const heading = /^-{3,} Captured (?:Log|Out|Err) -{3,}$/;

/** At most so many lines of each stream, the last ones; undefined where the test printed nothing. */
export function capturedOutput(raw: RawOutput | undefined, most: number): CapturedOutput[] | undefined {
  if (raw === undefined || most === 0) return undefined;
  const streams = [endOf('system-out', raw.out, most), endOf('system-err', raw.err, most)];
  const told = streams.filter(({ lines }) => lines.length > 0);
  return told.length === 0 ? undefined : told;
}

function endOf(stream: CapturedOutput['stream'], text: string, most: number): CapturedOutput {
  const all = withoutColour(text).split(/\r\n?|\n/);
  // system-err has one heading, which says no more than its name.
  const isSaid = stream === 'system-err';
  const full = all.filter((line, i) => !(heading.test(line) && (isSaid || isEmptyBelow(all, i))));
  while (full.at(-1)?.trim() === '') full.pop();
  while (full[0]?.trim() === '') full.shift();
  const lines: string[] = [];
  let left = mostCharacters;
  for (const line of full.slice(-most).reverse()) {
    const shown =
      line.length <= longestLine
        ? line
        : `${line.slice(0, longestLine - 1).replace(/[\ud800-\udbff]$/, '')}…`;
    left -= shown.length + 1;
    if (left < 0) break;
    lines.unshift(owned(shown.trimEnd()));
  }
  return { stream, lines, isCut: lines.length < full.length };
}

/** Nothing but blank lines up to the next heading, or the end. */
function isEmptyBelow(lines: readonly string[], at: number): boolean {
  for (let i = at + 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line.trim() !== '') return heading.test(line);
  }
  return true;
}
