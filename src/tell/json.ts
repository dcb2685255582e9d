// The lines of `--json`, as docs/json.md describes them: one object a line with its `kind`; absent values are null. Pure.
import type {
  CoverageFile,
  FailureHistory,
  Match,
  RunContext,
  RunHistory,
  SavedRun,
  SignedResult,
  Stored,
  Totals,
  Warning,
} from '../model.ts';

export function resultLine(result: SignedResult): string {
  return line({
    kind: 'result',
    test_name: result.testName,
    test_file: result.testFile,
    test_class: result.testClass,
    test_function: result.testFunction,
    outcome: result.outcome,
    duration_seconds: result.durationSeconds,
    error_type: result.failure?.errorType,
    line: result.failure?.line,
    error_message: result.failure?.message ?? result.reason,
    failure_signature: result.failureSignature,
    markers: result.markers,
  });
}

export function coverageLine(file: CoverageFile): string {
  return line({
    kind: 'coverage',
    file_path: file.filePath,
    coverage_percent: round(file.coveragePercent),
    total_statements: file.totalStatements,
    covered_statements: file.coveredStatements,
    missing_statements: file.missingStatements,
    total_branches: file.totalBranches,
    covered_branches: file.coveredBranches,
  });
}

export function warningLine(warning: Warning): string {
  return line({
    kind: 'warning',
    severity: warning.severity ?? 'warning',
    code: warning.code,
    message: warning.message,
    file: warning.file,
    line: warning.line,
    column: warning.column,
  });
}

/** A failure's match in Healix. */
export function matchLine({ testName, failureSignature }: FailureHistory, { memory, tier }: Match): string {
  return line({
    kind: 'match',
    test_name: testName,
    failure_signature: failureSignature,
    memory_id: memory.id,
    tier,
    confidence: memory.confidence,
    root_cause: memory.rootCause,
    solution: memory.solution,
    success_count: memory.successCount,
    failure_count: memory.failureCount,
    last_applied: memory.lastApplied?.toISOString(),
  });
}

/** A failure's class, and since when it fails. */
export function failureLine(failure: FailureHistory): string {
  return line({
    kind: 'failure',
    test_name: failure.testName,
    failure_signature: failure.failureSignature,
    class: failure.class,
    since_run: failure.since.runId,
    since_git_sha: failure.since.gitSha,
    since: failure.since.at.toISOString(),
    runs_in_a_row: failure.runsInARow,
    last_fixed_by: failure.lastFixedBy,
  });
}

/** The run compared with the latest one of the base branch. */
export function changesLine({ baseBranch, changes, coverage }: RunHistory): string {
  return line({
    kind: 'changes',
    base_branch: baseBranch,
    added: changes?.added,
    removed: changes?.removed,
    newly_skipped: changes?.newlySkipped,
    slower: changes?.slower.map((test) => ({
      test_name: test.testName,
      before_seconds: test.beforeSeconds,
      after_seconds: test.afterSeconds,
    })),
    coverage:
      coverage === undefined
        ? undefined
        : {
            before: coverage.beforePercent,
            after: coverage.afterPercent,
            moved: coverage.moved.map((file) => ({
              file_path: file.filePath,
              before: file.beforePercent,
              after: file.afterPercent,
            })),
          },
  });
}

export interface RunLine {
  readonly saved: SavedRun | undefined;
  readonly team: string | undefined;
  readonly stored: Stored;
  readonly createdAt: Date;
  readonly totals: Totals;
  readonly incomplete: boolean;
  readonly context: RunContext;
}

/** The last line, so that all lines before it can stream. */
export function runLine(run: RunLine): string {
  const { totals, context } = run;
  return line({
    kind: 'run',
    id: run.saved?.runId,
    team: run.saved?.team ?? run.team,
    total_tests: totals.total,
    passed: totals.passed,
    failed: totals.failed,
    skipped: totals.skipped,
    errors: totals.errors,
    duration_seconds:
      totals.durationSeconds === undefined ? undefined : Math.round(totals.durationSeconds * 1000) / 1000,
    coverage_percent: totals.coveragePercent === undefined ? undefined : round(totals.coveragePercent),
    git_sha: context.gitSha,
    git_branch: context.gitBranch,
    ci_system: context.ciSystem,
    lane: context.lane,
    python_version: context.pythonVersion,
    pytest_version: context.pytestVersion,
    created_at: (run.saved?.createdAt ?? run.createdAt).toISOString(),
    incomplete: run.incomplete,
    stored: run.stored,
  });
}

function line(value: Record<string, unknown>): string {
  return `${toJson(value)}\n`;
}

/**
 * JSON as it may be printed: absent members are null; what a terminal would act on or show in another order (C1, DEL,
 * bidirectional controls, line separators) is written as `\u…`, which reads back as it was.
 *
 * @param indent in blanks; all on one line without
 */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_, member: unknown) => (member === undefined ? null : member),
    indent,
  ).replace(
    // And what CI systems take for commands in a log (safe.ts).
    /#(?=#\w{0,20}\[)|[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function round(percent: number): number {
  return Math.round(percent * 100) / 100;
}
