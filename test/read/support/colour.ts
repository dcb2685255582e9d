// Writes pytest's colour codes into a plain report, in the places and the form in which pytest does with FORCE_COLOR=1:
// marked lines, paths of locations, source (by Pygments) and the diffs in messages. Native tracebacks stay plain.

const esc = '#x1B';
const reset = `${esc}[39;49;00m`;
const paint = (code: string, text: string) => `${esc}[${code}m${text}${reset}`;

/** The report's text, coloured. */
export function colourReport(xml: string): string {
  return xml
    .replace(/(<(?:failure|error)\b[^>]*?message=")([^"]*)(")/g, (_, before, message, after) => {
      const lines = message.split('&#10;');
      return before + lines.map(colourDiffLine).join('&#10;') + after;
    })
    .replace(
      /(<(?:failure|error)\b(?:"[^"]*"|[^>"])*(?<!\/)>)([^<]+)(?=<\/(?:failure|error)>)/g,
      (_, tag, text) =>
        tag + (text.startsWith('Traceback (most') ? text : text.split('\n').map(colourLine).join('\n')),
    );
}

function colourDiffLine(line: string): string {
  return /^ {2}[-+?] /.test(line) ? `  ${paint('91', line.slice(2))}${paint('90', '')}` : line;
}

function colourLine(line: string): string {
  if (/^E(?: |$)/.test(line)) return `${esc}[1m${esc}[31m${line}${esc}[0m`;
  const place = /^([^\s:&][^:&\n]*?)(:\d+: ?.*)$/.exec(line);
  if (place !== null) return `${esc}[1m${esc}[31m${place[1]}${esc}[0m${place[2]}`;
  if (!/^(?:&gt;| {4})/.test(line)) return line;
  const indent = line.startsWith('&gt;') ? line.slice(0, 7) : line.slice(0, 4);
  const source = line
    .slice(indent.length)
    .replace(/\b(?:def|return|raise|assert|with|for|in|import|from|class)\b/g, (word) => paint('94', word))
    .replace(/&quot;|'/g, (quote) => paint('33', quote));
  return `${indent}${esc}[0m${source}${paint('90', '')}`;
}
