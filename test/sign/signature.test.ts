import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TestResult } from '../../src/model.ts';
import { signFailure, signResults } from '../../src/sign/signature.ts';

/** Made with Python's hashlib, not with our own code; teams keep years of knowledge under these. Never regenerate. */
const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/signatures/golden.json', import.meta.url), 'utf8'),
) as {
  test_file: string | null;
  line: number | null;
  last_frame_line: number | null;
  error_type: string | null;
  signature: string;
}[];

const failure = (parts: {
  line?: number | null;
  lastFrameLine?: number | null;
  errorType?: string | null;
}) => ({
  errorType: parts.errorType ?? undefined,
  line: parts.line ?? undefined,
  lastFrameLine: parts.lastFrameLine ?? undefined,
  message: 'a message',
  traceback: 'a traceback',
});

describe('the failure signature', () => {
  it.each(golden)('of $test_file:$line ($error_type) is the one it always was', (entry) => {
    const parts = { line: entry.line, lastFrameLine: entry.last_frame_line, errorType: entry.error_type };
    expect(signFailure(entry.test_file ?? undefined, failure(parts))).toBe(entry.signature);
  });

  it('knows neither the message nor the traceback', () => {
    const one = { ...failure({ line: 3 }), message: 'one', traceback: 'one' };
    const two = { ...failure({ line: 3 }), message: 'two', traceback: undefined };
    expect(signFailure('t.py', one)).toBe(signFailure('t.py', two));
  });

  it('tells files, lines and types apart', () => {
    const all = [
      signFailure('a.py', failure({ line: 1, errorType: 'E' })),
      signFailure('b.py', failure({ line: 1, errorType: 'E' })),
      signFailure('a.py', failure({ line: 2, errorType: 'E' })),
      signFailure('a.py', failure({ line: 1, errorType: 'F' })),
    ];
    expect(new Set(all).size).toBe(4);
  });

  it('is given to failed tests and errors alone', () => {
    const test = (outcome: TestResult['outcome']): TestResult => ({
      testName: 't.py::f',
      testFile: 't.py',
      testClass: undefined,
      testFunction: 'f',
      nodeIdSource: 'convention',
      outcome,
      durationSeconds: 0,
      failure: outcome === 'failed' || outcome === 'error' ? failure({ line: 1 }) : undefined,
      reason: undefined,
      markers: [],
    });
    const signed = signResults([
      test('passed'),
      test('failed'),
      test('error'),
      test('skipped'),
      test('xfailed'),
    ]);
    expect(signed.map((result) => result.failureSignature !== undefined)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
