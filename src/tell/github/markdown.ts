// Escapes data for Markdown on GitHub: it must not open a tag, a link, an image, a mention, a fence or a comment of ours.
// There are three ways to show data: inline text, a code span, a fenced block. Pure.
import { safeLine, safeText } from '../safe.ts';

/**
 * Inline text, on one line. Markdown's characters become entities; a zero-width space breaks what GitHub would link
 * (mentions, issues, addresses).
 */
export function inline(text: string): string {
  return parted(safeLine(text).trim()).replace(
    /[&<>"'`*_{}[\]()#+!|~:@$\\=^-]/g,
    (char) => `&#${char.charCodeAt(0)};`,
  );
}

/** A code span on one line, for names and messages; `cell` inside a table. */
export function code(text: string, options: { readonly cell?: boolean } = {}): string {
  const line = quieted(safeLine(text)).replace(/\s+/g, ' ').trim();
  if (line === '') return '';
  // In a table cell a code span cannot hold a pipe safely: a backslash in the data would undo its escape.
  if (options.cell === true && line.includes('|')) return inline(line);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((run) => run[0].length));
  const ticks = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${ticks}${pad}${line}${pad}${ticks}`;
}

/** A fenced block, indented as its list item is. The language is never data. */
export function block(text: string, language: 'text' | 'python' | 'sh' = 'text', indent = ''): string {
  const lines = quieted(safeText(text.replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n'))).split('\n');
  const longest = Math.max(2, ...[...lines.join('\n').matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence].map((line) => `${indent}${line}`).join('\n');
}

/** Cuts a text to so many characters, never within a surrogate pair; `…` shows the cut. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
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
    .replace(/(mailto|xmpp):/gi, '$1\u200b:')
    .replace(/\b([0-9a-f]{7})(?=[0-9a-f]*\b)/g, '$1\u200b');
}
