// Runs to store, made up or random, for tests of the store. Knows the model's words only.
import type {
  CoverageFile,
  FailureHistory,
  RunContext,
  RunHistory,
  SignedResult,
  Totals,
} from '../../src/model.ts';
import type { RunSource, SaveOptions, Upload } from '../../src/store/runs/save.ts';
import { makeUploadKey } from '../../src/store/runs/upload-key.ts';

export const emptyContext: RunContext = {
  gitSha: undefined,
  gitBranch: undefined,
  gitCommitMessage: undefined,
  ciSystem: undefined,
  pythonVersion: undefined,
  pytestVersion: undefined,
  lambdaId: undefined,
  lane: undefined,
  markers: [],
  baseBranch: undefined,
  repository: undefined,
  workflowRunId: undefined,
  runAttempt: undefined,
  job: undefined,
  jobName: undefined,
  pullRequest: undefined,
};

export function makeResult(number: number, changes: Partial<SignedResult> = {}): SignedResult {
  return {
    testName: `tests/test_things.py::TestThings::test_${number}`,
    testFile: 'tests/test_things.py',
    testClass: 'TestThings',
    testFunction: `test_${number}`,
    nodeIdSource: 'file-attribute',
    outcome: 'passed',
    durationSeconds: 0.001 * (number % 1000),
    failure: undefined,
    reason: undefined,
    markers: [],
    failureSignature: undefined,
    ...changes,
  };
}

export function makeFailure(number: number, traceback = 'E   KeyError: 1'): SignedResult {
  return makeResult(number, {
    outcome: 'failed',
    failure: { errorType: 'KeyError', line: 7, lastFrameLine: 7, message: "KeyError: 'x'", traceback },
    failureSignature: 'md5:0123456789abcdef0123456789abcdef',
  });
}

export function makeCoverage(number: number, changes: Partial<CoverageFile> = {}): CoverageFile {
  return {
    filePath: `src/module_${number}.py`,
    coveragePercent: 75,
    totalStatements: 4,
    coveredStatements: 3,
    missingStatements: 1,
    totalBranches: 0,
    coveredBranches: 0,
    coveredLines: [1, 2, 3],
    missingLines: [5],
    ...changes,
  };
}

/** A source that can be opened any number of times. */
export function sourceOf(
  results: readonly SignedResult[],
  coverage: readonly CoverageFile[] = [],
): () => RunSource {
  return () => ({
    async *results() {
      for (let at = 0; at < results.length; at += 100) yield results.slice(at, at + 100);
    },
    coverage: () => [coverage],
    totals: () => ({ ...totalsOf(results), coveragePercent: meanOf(coverage) }),
  });
}

/** Made-up files are of one size. */
function meanOf(coverage: readonly CoverageFile[]): number | undefined {
  if (coverage.length === 0) return undefined;
  return coverage.reduce((sum, file) => sum + file.coveragePercent, 0) / coverage.length;
}

export function totalsOf(results: readonly SignedResult[]): Totals {
  const count = (...outcomes: string[]): number => results.filter((r) => outcomes.includes(r.outcome)).length;
  return {
    total: results.length,
    passed: count('passed', 'xpassed'),
    failed: count('failed'),
    skipped: count('skipped', 'xfailed'),
    errors: count('error'),
    durationSeconds: 1.5,
    coveragePercent: undefined,
  };
}

export function makeUpload(discriminator: string, changes: Partial<Upload> = {}): Upload {
  const payloadSha256 = changes.payloadSha256 ?? 'ab'.repeat(32);
  return {
    teamSlug: undefined,
    createdAt: new Date(),
    uploadKey: makeUploadKey({
      repository: 'acme/shop',
      workflowRunId: '77',
      runAttempt: 1,
      job: 'test',
      discriminator,
      lane: undefined,
      payloadSha256,
    }),
    payloadSha256,
    context: { ...emptyContext, repository: 'acme/shop', workflowRunId: '77', runAttempt: 1, job: 'test' },
    ...changes,
  };
}

export function makeOptions(changes: Partial<SaveOptions> = {}): SaveOptions {
  return { allowPrivilegedRole: false, deadlineMs: 30_000, onWarning: () => {}, ...changes };
}

/** A failure's verdict, for tests that are about something else. */
export function makeFailureHistory(over: Partial<FailureHistory> = {}): FailureHistory {
  return {
    testName: 't.py::t',
    failureSignature: 'md5:1',
    class: 'new',
    reason: { kind: 'absent-there' },
    notes: { passedOnRerunOf: undefined, wasFlaky: undefined, redBefore: [] },
    match: undefined,
    known: false,
    since: undefined,
    lastFixedBy: undefined,
    ...over,
  };
}

export function makeRunHistory(over: Partial<RunHistory> = {}): RunHistory {
  return {
    failures: [],
    baseBranch: 'main',
    point: { sha: '5'.repeat(40), source: 'merge-base', isApproximate: false, untested: [] },
    isInfrastructure: false,
    fixed: [],
    changes: undefined,
    coverage: undefined,
    ...over,
  };
}
