// The key of a failure's cause: what failures of one run have in common when one fault made all of them. Pure and versioned.
import { hash } from 'node:crypto';
import type { CauseKey, Failure } from '../model.ts';
import { exceptionWords, leadingWords, withoutType } from './drift.ts';
import { scrub } from './scrub.ts';
import { normaliseSentence, scrubValues } from './words.ts';

/** Change it with every change of the input. */
const version = 'c1';

/**
 * `c1:` + 32 hex digits, a space and where it is: `tests/conftest.py:33`, `fixture 'client'`, `redis`. Made of the error type, the
 * words without numbers (those that a rewritten assertion compares are kept) and the place, as `Failure.place` has it; or of
 * what is missing, where each test asks for it at a line of its own. Of a chain of `raise … from …` the first exception counts: the
 * others may name the test. Undefined where the failure is the test's own.
 */
export function signCause(failure: Failure): CauseKey | undefined {
  const raised = failure.raisedFrom ?? failure;
  const { errorType = 'Unknown', place } = raised;
  const missing = missingOf(raised);
  if (missing === undefined && place === undefined) return undefined;
  const where = missing ?? `${place?.file}:${place?.line}`;
  const text = [errorType, missing === undefined ? causeWords(raised) : '', where].join('\n');
  return `${version}:${hash('sha256', text).slice(0, 32)} ${shortened(where)}`;
}

/** The key is stored in 500 characters; of a longer place the end tells most. */
function shortened(where: string): string {
  return where.length <= 400 ? where : `\u2026${[...where].slice(-399).join('')}`;
}

type Raised = Pick<Failure, 'errorType' | 'message' | 'place'>;

function causeWords({ message = '', errorType }: Raised): string {
  const words = withoutType(leadingWords(message), errorType);
  if (errorType !== 'AssertionError') return normaliseSentence(words, errorType);
  const asserted = words.search(/^assert /m);
  // A helper that compares what tests give it fails for each of them in its own way.
  return asserted < 0
    ? scrub(words)
    : `${scrub(words.slice(0, asserted))}\n${scrubValues(words.slice(asserted))}`;
}

/**
 * A module or fixture that each test asks for at a line of its own; the text names it.
 * takes: No module named 'redis', cannot import name 'a' from 'shop.names' (…), fixture 'client' not found
 */
function missingOf({ errorType, message = '' }: Raised): string | undefined {
  if (errorType === 'ModuleNotFoundError' || errorType === 'ImportError') {
    const [, module, name, from] =
      /^(?:\w+: )?(?:No module named '([^'\n]{1,200})'|cannot import name '([^'\n]{1,200})' from (?:partially initialized module )?'([^'\n]{1,200})')/.exec(
        exceptionWords(message),
      ) ?? [];
    return module ?? (name === undefined ? undefined : `${from}.${name}`);
  }
  if (errorType !== 'FixtureLookupError') return undefined;
  const fixture = /fixture '([^'\n]{1,200})' not found/.exec(message)?.[1];
  return fixture === undefined ? undefined : `fixture '${fixture}'`;
}
