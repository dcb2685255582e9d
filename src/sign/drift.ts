// The drift signature: identifies a failure after edits. Uses the error type, the scrubbed words and the failing
// statement; no line number and no test name (callers compare the test). Pure and versioned.
import type { DriftSignature, Failure } from '../model.ts';
import { type SignatureRule, seal } from './again.ts';
import { scrub } from './scrub.ts';

/** Change it with every change of the input: signatures of different versions are never equal. */
const version = 'd1';

export const driftRule: SignatureRule = { version, normalise: scrub };

/**
 * `d1:` + 32 hex digits of SHA-256 over the error type, the leading words and the failing statement. Undefined if the
 * report has neither words nor a statement.
 */
export function signDrift(failure: Failure, rule = driftRule): DriftSignature | undefined {
  const { words, statement } = driftOf(failure, rule);
  if (words === '' && statement === '') return undefined;
  return seal(rule.version, failure.errorType, [words, statement]) as DriftSignature;
}

/** What the signature is made of beside the error type, as it is kept with a memory, so that a new version can sign it again. */
export function driftOf(
  failure: Failure,
  rule = driftRule,
): { readonly words: string; readonly statement: string } {
  return {
    words: rule.normalise(withoutType(leadingWords(failure.message ?? ''), failure.errorType)),
    statement: failure.statement === undefined ? '' : normaliseStatement(failure.statement),
  };
}

/**
 * The lines that say what is wrong. pytest's explanation below them (indented: diffs, items, `+ where`) varies with
 * values, verbosity and pytest's version.
 */
export function leadingWords(message: string): string {
  // Kept from the last call: all signatures of one failure ask for the same words in turn.
  if (message !== lead.message) lead = { message, words: findLeadingWords(message) };
  return lead.words;
}

let lead = { message: '', words: '' };

function findLeadingWords(message: string): string {
  const lines = exceptionWords(message).split('\n');
  const leading: string[] = [];
  for (const line of lines) {
    if (leading.length > 0 && (/^\s/.test(line) || line === '')) break;
    if (line.trim() !== '') leading.push(line);
    if (leading.length === 5) break;
  }
  return leading.join('\n');
}

/** The exception's own words, without the phase around them and a teardown's after them. */
export function exceptionWords(message: string): string {
  const inner =
    /^failed on (?:setup|teardown)(?: at [^"\n]+:\d+)? with "([\s\S]*)"$/.exec(message)?.[1] ?? message;
  const teardown = inner.indexOf('\nand then, on teardown: ');
  return teardown < 0 ? inner : inner.slice(0, teardown);
}

/** The type is signed separately: pytest puts it before `assert …` only in some cases. */
export function withoutType(words: string, errorType: string | undefined): string {
  const name = /^(?:[\p{L}\p{N}_<>]+\.)*([\p{L}\p{N}_]+): /u.exec(words.slice(0, 1000));
  return name !== null && name[1] === errorType ? words.slice(name[0].length) : words;
}

/**
 * Removes what a formatter changes: white space outside of strings, the kind of quotes, trailing commas, line breaks in
 * parentheses, comments.
 */
export function normaliseStatement(statement: string): string {
  // Both signatures ask for it, one behind the other.
  if (statement !== normalised.statement) normalised = { statement, normal: withoutLayout(statement) };
  return normalised.normal;
}

let normalised = { statement: '', normal: '' };

function withoutLayout(statement: string): string {
  let normal = '';
  for (let at = 0; at < statement.length; at++) {
    const char = statement[at] ?? '';
    if (char === '#') {
      const end = statement.indexOf('\n', at);
      at = end < 0 ? statement.length : end;
    } else if (char === '"' || char === "'") {
      const end = endOfLiteral(statement, at);
      const content = statement.slice(at + 1, Math.max(at + 1, end - 1));
      normal += content.includes('"') ? statement.slice(at, end) : `"${content}"`;
      at = end - 1;
    } else if (/\s/.test(char)) {
      // A space between two names separates them; elsewhere it is layout.
      if (
        /[\p{L}\p{N}_]$/u.test(normal.slice(-2)) &&
        /^\s*[\p{L}\p{N}_"']/u.test(statement.slice(at, at + 200))
      )
        normal += ' ';
      while (/\s/.test(statement[at + 1] ?? '')) at++;
    } else if (char === '\\') {
      if (statement[at + 1] !== '\n') normal += char;
    } else {
      // Most of a statement is taken as it is.
      ordinary.lastIndex = at;
      const end = ordinary.test(statement) ? ordinary.lastIndex : at + 1;
      normal += statement.slice(at, end);
      at = end - 1;
    }
  }
  return normal
    .replace(/,(?=[)\]}])/g, '')
    .replace(/^(assert|return|raise|yield|await)\((.*)\)$/s, unwrapped)
    .trim();
}

const ordinary = /[^#"'\s\\]+/y;

/** `assert (a == b)` is `assert a == b`, if the parentheses are one pair. */
function unwrapped(whole: string, keyword: string, inner: string): string {
  let depth = 0;
  for (const char of inner) {
    if (char === '(') depth++;
    if (char === ')' && --depth < 0) return whole;
    // A tuple, or a message after a comma: the parentheses matter.
    if (char === ',' && depth === 0) return whole;
  }
  return `${keyword} ${inner}`;
}

function endOfLiteral(text: string, start: number): number {
  const quote = text[start] ?? '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at + 1;
  }
  return text.length;
}
