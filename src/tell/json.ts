// The JSON contract of `--json`: one object a line, each with its `kind`, absent values null. Pure; docs/json.md shows it.
import type { CoverageFile, RunContext, SavedRun, SignedResult, Stored, Totals, Warning } from '../model.ts';

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
    code: warning.code,
    message: warning.message,
    file: warning.file,
    line: warning.line,
    column: warning.column,
  });
}

export interface RunLine {
  readonly saved: SavedRun | undefined;
  readonly team: string | undefined;
  readonly stored: Stored;
  readonly createdAt: Date;
  readonly totals: Totals;
  readonly context: RunContext;
}

/** The last line: everything before it can stream. */
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
    stored: run.stored,
  });
}

function line(value: Record<string, unknown>): string {
  return `${JSON.stringify(value, (_, member) => (member === undefined ? null : member))}\n`;
}

function round(percent: number): number {
  return Math.round(percent * 100) / 100;
}
