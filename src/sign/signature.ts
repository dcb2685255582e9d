// Failure identity: the MD5 failure signature. Pure; what goes into it is the schema document's formula and must never
// change, because teams keep years of knowledge under it (test/sign/golden.json pins it).
import { createHash } from 'node:crypto';
import type { DriftSignature, Failure, FailureSignature, SignedResult, TestResult } from '../model.ts';
import { signDrift } from './drift.ts';

/**
 * `md5:` + MD5 hex of `{test_file}:{line_number}:{error_type}` in UTF-8.
 *
 * line_number is the deepest failing line in the test's own file, else the last frame's line, else 0. error_type is the
 * bare class name of the last exception, `Unknown` where nothing tells. An unknown file is the empty text.
 */
export function signFailure(testFile: string | undefined, failure: Failure): FailureSignature {
  const line = failure.line ?? failure.lastFrameLine ?? 0;
  const text = `${testFile ?? ''}:${line}:${failure.errorType ?? 'Unknown'}`;
  return `md5:${createHash('md5').update(text, 'utf8').digest('hex')}`;
}

/** Signs what failed; everything else passes through with no signature. */
export function signResults(results: readonly TestResult[]): SignedResult[] {
  return results.map((result) => {
    const signed = result as TestResult & Signatures;
    const { failure } = result;
    // Set in place: the results are this run's own, and a copy of each would double the work of streaming them.
    signed.failureSignature = failure === undefined ? undefined : signFailure(result.testFile, failure);
    signed.driftSignature = failure === undefined ? undefined : signDrift(failure);
    return signed;
  });
}

interface Signatures {
  failureSignature: FailureSignature | undefined;
  driftSignature: DriftSignature | undefined;
}
