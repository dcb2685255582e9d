// The functions of a Python source file, as tokens: enough to tell whether two tests have nearly the same body. Reads indentation,
// brackets and strings; whatever it does not understand ends up in some function's tokens, and is never an error.

/** A test function in its source. */
export interface SourceFunction {
  /** `Class::function`; methods of nested classes have each class. */
  readonly path: string;
  /** Decorators, parameters and body, without comments and the function's own name; at most 4,000. */
  readonly tokens: readonly string[];
}

const mostTokens = 4000;
/** A line longer than this is data. */
const longestLine = 2000;
/** Strings, comments, brackets: what tells where a statement ends. A string ends with its line, so that no line is read twice. */
const pieces = /"""|'''|"(?:\\.?|[^"\\])*(?:"|$)|'(?:\\.?|[^'\\])*(?:'|$)|#.*|[([{]|[)\]}]/g;
const token = /[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const definition = /^(?:async\s+)?(def|class)\s+([\p{L}\p{N}_]+)/u;

interface Scope {
  readonly indent: number;
  readonly name: string;
  /** undefined: a class. */
  readonly tokens: string[] | undefined;
}

/** Functions at the top of the module and in its classes, in order; of equal names the last one, as Python has it. */
export function functionsIn(source: string): readonly SourceFunction[] {
  const found = new Map<string, string[]>();
  const scopes: Scope[] = [];
  let decorators: string[] = [];
  let depth = 0;
  let quote: string | undefined;
  for (const whole of source.split('\n')) {
    const line = whole.slice(0, longestLine);
    const isStart = depth === 0 && quote === undefined;
    const read = readLine(line, quote);
    quote = read.quote;
    depth = Math.max(0, depth + read.depth);
    const code = read.code.trimStart();
    if (code.trim() === '') continue;
    if (!isStart) {
      addTokens(scopes.at(-1)?.tokens ?? decorators, code);
      continue;
    }
    const indent = indentOf(line);
    while ((scopes.at(-1)?.indent ?? -1) >= indent) scopes.pop();
    const within = scopes.at(-1)?.tokens;
    if (within !== undefined) {
      addTokens(within, code);
      continue;
    }
    const [start = '', kind, name = ''] = definition.exec(code) ?? [];
    if (kind === 'def') {
      const tokens = decorators;
      addTokens(tokens, code.slice(start.length));
      const path = [...scopes.map((scope) => scope.name), name].join('::');
      found.delete(path);
      found.set(path, tokens);
      scopes.push({ indent, name, tokens });
    } else if (kind === 'class') scopes.push({ indent, name, tokens: undefined });
    decorators = [];
    if (kind === undefined && code.startsWith('@')) addTokens(decorators, code);
  }
  return [...found].map(([path, tokens]) => ({ path, tokens }));
}

/** The line without comments; the quotes of a string that goes on; by how much brackets are open after it. */
function readLine(line: string, open: string | undefined) {
  let quote = open;
  let depth = 0;
  let code = line;
  let at = 0;
  if (quote !== undefined) {
    const end = line.indexOf(quote);
    if (end < 0) return { code, quote, depth };
    at = end + quote.length;
    quote = undefined;
  }
  pieces.lastIndex = at;
  for (let piece = pieces.exec(line); piece !== null; piece = pieces.exec(line)) {
    const [text] = piece;
    if (text.startsWith('#')) {
      code = line.slice(0, piece.index);
      break;
    }
    if (text === '"""' || text === "'''") {
      const end = line.indexOf(text, piece.index + text.length);
      if (end < 0) {
        quote = text;
        break;
      }
      pieces.lastIndex = end + text.length;
    } else if (/^[([{]/.test(text)) depth++;
    else if (/^[)\]}]/.test(text)) depth--;
  }
  return { code, quote, depth };
}

/** A tab goes to the next multiple of 8, as Python has it. */
function indentOf(line: string): number {
  let indent = 0;
  for (const character of line) {
    if (character === ' ') indent++;
    else if (character === '\t') indent += 8 - (indent % 8);
    else break;
  }
  return indent;
}

function addTokens(tokens: string[], code: string): void {
  if (tokens.length >= mostTokens) return;
  tokens.push(...(code.match(token) ?? []).slice(0, mostTokens - tokens.length));
}
