// A person's terminal: its streams, colours and width. Knows nothing of runs or databases.
import picocolors from 'picocolors';

export { safeLine, safeText } from '../safe.ts';

export interface Terminal {
  /** What was asked for: standard output. A line feed is added. */
  out(text: string): void;
  /** Words beside it: standard error. A line feed is added. */
  err(text: string): void;
  /** Standard output as it stands, waiting until the reader on the other side takes more. */
  write(text: string): Promise<void>;
  /** Standard error as it stands: for a line that is drawn over. */
  draw(text: string): void;
  readonly paint: Paint;
  /** Width to fold to, in columns. */
  readonly columns: number;
  /** Whether standard error is a terminal that can be drawn on (progress). */
  readonly interactive: boolean;
}

export type Paint = ReturnType<typeof picocolors.createColors>;

export function createPaint(color: boolean): Paint {
  return picocolors.createColors(color);
}

// Scripts that are written in full-width cells, and emoji; and marks that are drawn over the character before.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const combining = /[\p{Mn}\p{Me}\u200b-\u200d]/u;

/** How many columns a line of text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += columnsOf(char);
  return width;
}

function columnsOf(char: string): number {
  // What we write ourselves (… · →) needs no look at the tables of Unicode, which take 20 ms to build.
  if (char < '\u0300' || (char >= '\u2010' && char < '\u2300')) return 1;
  return combining.test(char) ? 0 : wide.test(char) ? 2 : 1;
}

/** Cut at the end to so many columns, with a sign that it was. */
export function fold(text: string, width: number): string {
  if (text.length * 2 <= width || widthOf(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const char of text) {
    left -= columnsOf(char);
    if (left < 0) break;
    kept += char;
  }
  return `${kept}…`;
}
