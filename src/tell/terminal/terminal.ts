// The one way to a person's terminal: every line printed by the command line goes through here, and data is made
// harmless on its way (terminal escapes, bidirectional overrides). Knows nothing of runs or databases.
import picocolors from 'picocolors';

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

/**
 * Data on its way to a terminal: C0 and C1 controls, DEL and bidirectional overrides become visible pictures or
 * escapes, so that nothing in a report can move the cursor, recolour or reorder what is shown. Line feeds and tabs stay.
 */
export function safeText(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    visible,
  );
}

function visible(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `\\u${code.toString(16).padStart(4, '0')}`;
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

/** `safeText` for one line: line feeds and tabs become spaces as well. */
export function safeLine(text: string): string {
  return safeText(text.replace(/\s*[\r\n\t]+\s*/g, ' '));
}
