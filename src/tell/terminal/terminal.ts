// A person's terminal: its streams, colours and width. Knows nothing of runs or databases.
import picocolors from 'picocolors';

export interface Terminal {
  /** Standard output, for what was asked for. Adds a line feed. */
  out(text: string): void;
  /** Standard error, for all other messages. Adds a line feed. */
  err(text: string): void;
  /** Standard output without a line feed; resolves when the reader takes more. */
  write(text: string): Promise<void>;
  /** Standard error without a line feed, for a line that is drawn again. */
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

// Full-width scripts and emoji; marks that combine with the character before.
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
  // Our own signs (… · →) skip the Unicode tables, which take 20 ms to build.
  if (char < '\u0300' || (char >= '\u2010' && char < '\u2300')) return 1;
  return combining.test(char) ? 0 : wide.test(char) ? 2 : 1;
}

/** Cuts a text to so many columns; `…` shows the cut. */
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

/** Breaks a text between its words into lines of at most so many columns; a longer word has a line of its own, whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
