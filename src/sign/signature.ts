// The MD5 failure signature. Pure; its formula comes from the schema document and must never change, because teams keep
// years of knowledge under it (fixtures/signatures/golden.json pins it).
import { hash } from 'node:crypto';
import type {
  CauseKey,
  DriftSignature,
  Failure,
  FailureSignature,
  SignedResult,
  TestResult,
  WordsSignature,
} from '../model.ts';
import { signCause } from './cause.ts';
import { signDrift } from './drift.ts';
import { signWords } from './words.ts';

/**
 * `md5:` + MD5 hex of `{test_file}:{line_number}:{error_type}` in UTF-8.
 *
 * line_number is the deepest failing line in the test's own file, else the last frame's line, else 0. error_type is the
 * bare class name of the last exception, else `Unknown`. An unknown file is the empty text.
 */
export function signFailure(testFile: string | undefined, failure: Failure): FailureSignature {
  const line = failure.line ?? failure.lastFrameLine ?? 0;
  const text = `${testFile ?? ''}:${line}:${failure.errorType ?? 'Unknown'}`;
  return `md5:${hash('md5', text)}`;
}

/** Signs failures; other results get no signature. */
export function signResults(results: readonly TestResult[]): readonly SignedResult[] {
  // Found first: V8 would compile all of signing into a loop over all results.
  for (const result of results.filter(hasFailure)) sign(result);
  return results as readonly SignedResult[];
}

type Failed = TestResult & { readonly failure: Failure };

function hasFailure(result: TestResult): result is Failed {
  return result.failure !== undefined;
}

/** Changes the result itself: a copy of each would double the work of streaming them. */
function sign(result: Failed & Partial<Signatures>): void {
  const { failure } = result;
  result.failureSignature = signFailure(result.testFile, failure);
  result.driftSignature = signDrift(failure);
  result.wordsSignature = signWords(failure);
  result.causeKey = signCause(failure);
}

interface Signatures {
  failureSignature: FailureSignature | undefined;
  driftSignature: DriftSignature | undefined;
  wordsSignature: WordsSignature | undefined;
  causeKey: CauseKey | undefined;
}
