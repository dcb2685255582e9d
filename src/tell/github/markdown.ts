// Data on its way into Markdown on GitHub: no data may open a tag, a link, an image, a mention, a fence or a comment of
// ours. Three ways for showing: words in a sentence, a code span, a fenced block. One for copying: an exact block. Pure.
import { safeLine, safeText } from '../safe.ts';

/**
 * Inline text, on one line. Markdown's characters become entities; a zero-width space breaks what GitHub would link
 * (mentions, issues, addresses).
 */
export function inline(text: string): string {
  return safeLine(text)
    .trim()
    .split(commitLike)
    .map((piece, i) => (i % 2 === 1 ? `\`${piece}\`` : words(piece)))
    .join('');
}

/** GitHub links what looks like a commit's hash, also in pieces of seven digits; in a code span it does not. UUIDs stay whole. */
const commitLike =
  /((?<![A-Za-z0-9])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{7,})(?![A-Za-z0-9]))/i;

function words(text: string): string {
  return parted(text).replace(/[&<>"'`*_{}[\]()#+!|~:@$\\=^-]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A code span on one line, for names and messages; `cell` inside a table. */
export function code(text: string, options: { readonly cell?: boolean } = {}): string {
  const line = quieted(safeLine(text)).replace(/\s+/g, ' ').trim();
  if (line === '') return '';
  // In a table cell a code span cannot hold a pipe safely: a backslash in the data would undo its escape.
  if (options.cell === true && line.includes('|')) return inline(line);
  const longest = longestRun(line);
  const ticks = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${ticks}${pad}${line}${pad}${ticks}`;
}

/** A fenced block, indented as its list item is. The language is never data. */
export function block(
  text: string,
  language: 'text' | 'python' | 'diff' | 'sh' = 'text',
  indent = '',
): string {
  const lines = quieted(safeText(text.replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n'))).split('\n');
  return fenced(lines, language, indent);
}

function fenced(lines: readonly string[], language: string, indent: string): string {
  const fence = '`'.repeat(Math.max(2, longestRun(lines.join('\n'))) + 1);
  return [`${fence}${language}`, ...lines, fence].map((line) => `${indent}${line}`).join('\n');
}

/** Of backticks. */
function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

/**
 * A fenced block for copying: a browser shows and copies exactly this. The caller sees to it that no line begins with a mark
 * of ours: shell words hold none, and what is indented begins with blanks.
 */
export function exactBlock(text: string, language: 'text' | 'sh' | 'powershell', indent = ''): string {
  return fenced(text.split('\n'), language, indent);
}

/** Whether text shows and copies as it is: no controls, no reordering, no foreign line ends. */
export function isExact(text: string): boolean {
  return safeText(text) === text;
}

/** The first so many characters, never half of a surrogate pair, with a sign that there was more. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The last so many characters: of paths, whose ends tell them apart. */
export function cutFront(text: string, most: number): string {
  if (text.length <= most) return text;
  return `…${text.slice(1 - most).replace(/^[\udc00-\udfff]/, '')}`;
}

export function bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * Mail programs read mentions in code, too; and a mark of ours in code would count when the comment is parsed.
 * matches: @octocat, <!--; not: a@b (no mention, and no link within code)
 */
function quieted(text: string): string {
  return text.replace(/(?<![\w.])@(?=[A-Za-z0-9])/g, '@\u200b').replace(/<(?=!--)/g, '<\u200b');
}

function parted(text: string): string {
  return text
    .replace(/@(?=[A-Za-z0-9])/g, '@\u200b')
    .replace(/#(?=\d)/g, '#\u200b')
    .replace(/(GH-)(?=\d)/gi, '$1\u200b')
    .replace(/:(?=\/\/)/g, ':\u200b')
    .replace(/(www)\./gi, '$1\u200b.')
    .replace(/(mailto|xmpp):/gi, '$1\u200b:');
}
