// Makes data harmless to look at, on every surface.

/**
 * Data for a person's eyes: C0 and C1 controls, DEL and bidirectional overrides become visible pictures or escapes, so that
 * nothing in a report can move the cursor, change colours or reorder what is shown. Line feeds and tabs stay.
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

/**
 * Lines for a log: no line begins with `::` (GitHub's commands) and none holds `##[` (its old ones), `##vso[` (Azure Pipelines)
 * or `##teamcity[`. A zero-width space parts them. `::` within a line is harmless and stays, so that node ids can be copied.
 */
export function withoutCommands(text: string): string {
  return text.replace(/#(?=#\w{0,20}\[)/g, '#\u200b').replace(/^([^\S\n]*):(?=:)/gm, '$1:\u200b');
}

/** `safeText` for one line: line feeds and tabs become spaces as well. */
export function safeLine(text: string): string {
  // Each run of blanks as a whole: a pattern that looks for a line feed in it begins anew at each of its blanks.
  return safeText(text.replace(/\s+/g, (run) => (/[\r\n\t]/.test(run) ? ' ' : run)));
}
