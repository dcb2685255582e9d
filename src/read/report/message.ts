// A failure's message in words worth reading: pytest's own, and more where that says little (doctests, collection and
// internal errors, fixtures). Knows nothing of XML.
import { installedFrame, type Location, newestException } from './failure-text.ts';

/**
 * What is wrong, most important words first.
 *
 * @param own the failing line in the test's own file, where it has one
 * @param locations all frames, outermost first
 */
export function readMessage(
  outcome: { readonly message: string | undefined; readonly text: string },
  own: Location | undefined,
  locations: readonly Location[],
): string | undefined {
  const { message, text } = outcome;
  if (
    message === undefined ||
    message === '' ||
    message === 'collection failure' ||
    message === 'internal error'
  )
    return exceptionWords(text) ?? message;
  const phase = /^failed on (setup|teardown) with "([\s\S]*)"$/.exec(message);
  if (phase === null)
    return (message.startsWith(text.slice(0, 20)) ? doctestWords(text) : undefined) ?? message;
  const missing = /^E +(fixture '[^'\n]*' not found|recursive dependency [^\n]*)$/m.exec(phase[2] ?? '')?.[1];
  if (missing !== undefined) return `failed on ${phase[1]} with "${missing}"`;
  const place =
    own === undefined
      ? (locations.findLast((l) => !installedFrame.test(l.path)) ?? locations.at(-1))
      : undefined;
  return place === undefined
    ? message
    : `failed on ${phase[1]} at ${place.path}:${place.line} with "${phase[2]}"`;
}

/** The newest exception's words: lines marked `E`, the end of a native traceback, else the first line. */
function exceptionWords(text: string): string | undefined {
  const lines = newestException(text).split('\n');
  const marked = lines.filter((line) => /^E +\S/.test(line)).map((line) => line.slice(1).trim());
  const [first] = marked;
  if (first !== undefined) {
    // A syntax error's place, or another process's traceback: the exception's name comes last.
    const isNamedLast = first.startsWith('File "') || first.includes('Traceback (most recent call last)');
    return (isNamedLast ? marked.findLast((line) => exceptionName.test(line)) : undefined) ?? first;
  }
  const native = lines.findIndex((line) => line.startsWith('Traceback (most recent call last)'));
  const words = native < 0 ? -1 : lines.findIndex((line, i) => i > native && /^\S/.test(line));
  return (words < 0 ? lines.find((line) => line.trim() !== '') : lines.slice(words).join('\n'))?.trim();
}

/** matches: KeyError: 'a', pkg.mod.DumpError: no; not: raise DumpError("no") */
const exceptionName = /^[\w.]{0,200}(?:Error|Exception|Exit|Interrupt|Warning)(?::|$)/;

const doctestEnd = /^.*:\d+: (?:DocTestFailure|UnexpectedException)$/m;

/** The failing example with what was expected and what came; undefined for what is no doctest. */
function doctestWords(text: string): string | undefined {
  if (!/^\d{3,} /.test(text) || !/:\d+: (?:DocTestFailure|UnexpectedException)\s*$/.test(text.slice(-5000)))
    return undefined;
  const end = doctestEnd.exec(text)?.index ?? text.length;
  const lines = text.slice(0, end).trimEnd().split('\n');
  const at = lines.findIndex((line) => /^(?:Expected|Got|Differences|UNEXPECTED EXCEPTION)\b/.test(line));
  const shown = at < 0 ? [] : lines.slice(0, at).map((line) => line.replace(/^\d{3,} {0,5}/, '').trim());
  const start = shown.findLastIndex((line) => line.startsWith('>>>'));
  if (start < 0) return undefined;
  const example = `${shown[start]}${shown[start + 1]?.startsWith('...') === true ? ' …' : ''}`;
  const raised = /^UNEXPECTED EXCEPTION: (.*)$/.exec(lines[at] ?? '')?.[1];
  if (raised !== undefined) return `${example}: ${raised}`;
  return `${example}: ${difference(lines.slice(at))}\n\n${lines.slice(at).join('\n')}`;
}

/** The first line that differs, of `Expected:` and `Got:` and what is indented below them. */
function difference(block: readonly string[]): string {
  if (/^Differences/.test(block[0] ?? '')) return 'the output differs';
  const got = block.findIndex((line) => /^Got(?: nothing|:)$/.test(line));
  const of = (part: readonly string[]) => part.slice(1).map((line) => line.replace(/^ {4}/, ''));
  const expected = of(got < 0 ? block : block.slice(0, got));
  const actual = of(got < 0 ? [] : block.slice(got));
  const most = Math.max(expected.length, actual.length);
  const at = [...new Array(most).keys()].find((i) => expected[i] !== actual[i]) ?? 0;
  const place = most > 1 ? ` (line ${at + 1})` : '';
  return `expected ${expected[at] ?? 'nothing'}, got ${actual[at] ?? 'nothing'}${place}`;
}
