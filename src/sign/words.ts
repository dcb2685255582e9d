// The words signature: like the drift signature it survives edits, but it knows the values that an assertion compared.
// Whoever has the same one has the same failure, not only a similar one. Pure and versioned.
import type { Failure, Place, WordsSignature } from '../model.ts';
import { type SignatureRule, seal } from './again.ts';
import { exceptionWords, leadingWords, normaliseStatement, withoutType } from './drift.ts';
import { scrub, scrubbers, withOneSpace } from './scrub.ts';

/** Change it with every change of the input: signatures of different versions are never equal. */
const version = 'w1';

/** Kept words are signed as they are. */
export const wordsRule: SignatureRule = { version, normalise: (words) => words };

/**
 * `w1:` + 32 hex digits of SHA-256 over the error type, the words and the statement that was running: the one at
 * `failure.place` where there is a place, so that all tests that fail there have one signature; else the test's own. Undefined
 * if the report has neither words nor a statement.
 */
export function signWords(failure: Failure): WordsSignature | undefined {
  const { words, statement, place } = wordsOf(failure);
  if (words === '' && statement === '') return undefined;
  const parts = [words, statement, ...(place === undefined ? [] : [place])];
  return seal(version, failure.errorType, parts) as WordsSignature;
}

/** What the signature is made of, as it is kept with a memory, so that a new version can sign it again. */
export interface NormalisedFailure {
  /** The message without what differs between runs of one failure. */
  readonly words: string;
  /** The failing statement without layout and comments; empty where the report shows none. */
  readonly statement: string;
  /** Folder and file of `Failure.place`. */
  readonly place: string | undefined;
}

export function wordsOf(failure: Failure): NormalisedFailure {
  const statement = failure.place === undefined ? failure.statement : failure.place.statement;
  return {
    words: normaliseWords(failure.message ?? '', failure.errorType),
    statement: statement === undefined ? '' : normaliseStatement(statement),
    place: failure.place && placeFile(failure.place),
  };
}

/** Checkouts lie in different folders, and pytest starts in different ones: the last two parts tell files apart well enough. */
function placeFile({ file }: Place): string {
  return file.split('/').slice(-2).join('/');
}

function normaliseWords(message: string, errorType: string | undefined): string {
  const words = withoutType(leadingWords(message), errorType);
  return errorType === 'AssertionError'
    ? normaliseAssertion(message, words, errorType)
    : normaliseSentence(words, errorType);
}

/** The words of what is no assertion. */
export function normaliseSentence(words: string, errorType: string | undefined): string {
  // Where the stack ended is chance: `… exceeded in comparison`, `… exceeded while calling a Python object`.
  if (errorType === 'RecursionError')
    return scrub(words.replace(/^(maximum recursion depth exceeded) .*/, '$1'));
  // A key or a value alone (KeyError: 404) is no sentence with a count in it.
  return errorType === 'KeyError' || !/\p{L}{2}/u.test(words) ? scrubValues(words) : scrub(words);
}

/** Only so many characters of an assertion's explanation identify it, before and after scrubbing. */
const longest = { read: 8000, kept: 4000 } as const;

function normaliseAssertion(message: string, words: string, errorType: string): string {
  if (showsValues(words)) {
    const asserted = words.search(/^assert /m);
    // A sentence before the values may count anything: `assert a == b, f'after {n} rows'`.
    return asserted <= 0
      ? scrubValues(words)
      : `${scrub(words.slice(0, asserted))}\n${scrubValues(words.slice(asserted))}`;
  }
  // The values stand in the explanation. Sets are listed in any order, so its lines are sorted.
  const lines = scrubValues(withoutType(exceptionWords(message).trimStart(), errorType)).split('\n');
  return lines.sort().join('\n').slice(0, longest.kept);
}

/**
 * Whether an assertion's first lines show what it compared. Not `assert False` alone, nor values that pytest has cut, nor the
 * headings of unittest and numpy.
 * shows: assert 190 == 180, 3 != 5; not: assert False, assert [1, 2, ...] == [1, 3, ...], Arrays are not equal
 */
function showsValues(words: string): boolean {
  if (words.includes('...')) return false;
  const asserted = /^assert (.*)$/m.exec(words)?.[1];
  return asserted === undefined ? / != /.test(words) : !/^(?:not )?[\w.]*$/.test(asserted);
}

/** Named rules of the drift signature that take nothing that an assertion may compare. */
const harmless = new Set([
  'addresses',
  'uuids',
  'temporary paths',
  'xdist workers',
  'order of dictionaries and sets',
]);
const kept = scrubbers.filter((rule) => harmless.has(rule.name));

/** Folders that checkouts and Pythons lie in; other absolute paths may be compared addresses: `/api/v1/users`. */
const machinePaths =
  /(^|[\s'"(=[,])(?:\/(?:home|Users|builds|root|opt|usr|var|private|github|__w|workspaces?|mnt)(?=\/)(?:\/[^\\/\s'"<>:,;()[\]{}]{1,100}){1,20}\/|[A-Za-z]:(?:\\{1,2}[^\\/\s'"<>:,;()[\]{}]{1,100}){1,20}\\{1,2})/g;
/** A clock's time has a fraction of a second; a date or a full second may be what is compared. */
const clockTimes =
  /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.,](?!0+\b)\d{3,9}(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?|\b\d{1,2}:\d{2}:\d{2}[.,](?!0+\b)\d{3,9}\b/g;
const clockDatetimes = /\b((?:datetime\.)?datetime\()\d{4}(?:, ?\d{1,6}){6}(?=[),])/g;
/** Ports that a system gives out: 32768 and above. */
const freePorts =
  /\b(localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]{2,40}\]):(?:3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\b/g;
/** Measured: with a fraction and a unit. */
const durations = /(?<![\w.])\d{1,12}\.\d{1,12}(?= ?(?:ns|us|µs|ms|s|secs?|seconds?|minutes?)\b)/g;

/** Removes what differs between runs of one failure, and keeps every number that may be compared. */
export function scrubValues(text: string): string {
  let scrubbed = text.slice(0, longest.read);
  for (const rule of kept) scrubbed = rule.scrub(scrubbed);
  // Each pattern is applied only where a character is there that it cannot do without.
  if (scrubbed.includes('/') || scrubbed.includes('\\'))
    scrubbed = scrubbed.replace(machinePaths, (_, before: string) => `${before}PATH/`);
  if (scrubbed.includes(':')) scrubbed = scrubbed.replace(clockTimes, 'TIME');
  if (scrubbed.includes('(')) scrubbed = scrubbed.replace(clockDatetimes, '$1TIME');
  if (scrubbed.includes(':')) scrubbed = scrubbed.replace(freePorts, '$1:PORT');
  if (scrubbed.includes('.')) scrubbed = scrubbed.replace(durations, 'DURATION');
  return scrubbed
    .split('\n')
    .map((line) => withOneSpace(line).trim())
    .filter((line) => line !== '')
    .join('\n');
}
