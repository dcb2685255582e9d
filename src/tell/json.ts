// The lines of `--json`, as docs/json.md describes them: one object a line with its `kind`; absent values are null. Pure.
import type {
  CoverageFile,
  FailureHistory,
  Fixed,
  Match,
  MatrizReview,
  Novelty,
  Patch,
  RunContext,
  RunHistory,
  SavedRun,
  SignedResult,
  Stored,
  Totals,
  Warning,
} from '../model.ts';
import { evidenceOf, fixedTests } from './evidence.ts';

export function resultLine(result: SignedResult): string {
  return line({
    kind: 'result',
    test_name: result.testName,
    test_file: result.testFile,
    test_class: result.testClass,
    test_function: result.testFunction,
    outcome: result.outcome,
    duration_seconds: result.durationSeconds,
    attempts: result.attempts,
    report: result.report,
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
    no_better_than_waiting: memory.isNoBetterThanWaiting === true,
  });
}

/** A failure's class with its evidence, what is known of it, and since when it fails. */
export function failureLine(failure: FailureHistory, history: RunHistory): string {
  const { since } = failure;
  const evidence = evidenceOf(failure, history);
  return line({
    kind: 'failure',
    test_name: failure.testName,
    failure_signature: failure.failureSignature,
    class: failure.class,
    known: failure.known,
    tier: failure.match?.tier,
    memory_id: failure.match?.memory.id,
    evidence: evidence === '' ? undefined : evidence,
    last_green_git_sha: since?.lastGreen,
    since_git_sha: since?.firstRed,
    since: since === undefined ? undefined : new Date(since.firstRedAt).toISOString(),
    untested_commits: since?.untested?.length,
    runs_in_a_row: since?.inARow,
    culprits: since?.culprits?.map(({ sha }) => sha),
    last_fixed_by: failure.lastFixedBy,
  });
}

/** Failures that one fault made, as far as their texts tell; each failure is in one of these lines. */
export function causeLine(cause: {
  readonly key: string;
  readonly failures: readonly FailureHistory[];
  readonly place: string | undefined;
}): string {
  return line({
    kind: 'cause',
    key: cause.key,
    failures: cause.failures.map(({ testName }) => testName),
    place: cause.place,
    memory_id: cause.failures.find(({ known }) => known)?.match?.memory.id,
  });
}

/** A test that was broken where the change begins, and is green here. */
export function fixedLine(fixed: Extract<Fixed, { kind: 'fixed' }>): string {
  return line({
    kind: 'fixed',
    test_name: fixed.testName,
    since_git_sha: fixed.since,
    since: new Date(fixed.sinceAt).toISOString(),
  });
}

/** The run beside the point that it is compared with. */
export function changesLine({ baseBranch, point, changes, coverage }: RunHistory): string {
  return line({
    kind: 'changes',
    base_branch: baseBranch,
    base_git_sha: point?.sha,
    added: changes?.added,
    removed: changes?.removed,
    renamed: changes?.renamed,
    parameters_changed: changes?.parametersChanged,
    newly_skipped: changes?.newlySkipped,
    not_run: changes?.notRun,
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

/** The coverage of the run's change. */
export function patchLine(patch: Patch): string {
  const together = patch.together && {
    runs: patch.together.runs,
    statements: patch.together.statements,
    covered_statements: patch.together.covered,
    percent: round((100 * patch.together.covered) / patch.together.statements),
  };
  if ('problem' in patch) return line({ kind: 'patch', problem: patch.problem, together });
  const { baseSha, coverage, runs, notComputed = [] } = patch;
  return line({
    kind: 'patch',
    base_git_sha: baseSha,
    runs,
    changed_statements: coverage.changedStatements,
    covered_statements: coverage.coveredStatements,
    percent: coverage.percent === undefined ? undefined : round(coverage.percent),
    files: coverage.files.map((file) => ({
      file_path: file.filePath,
      changed_statements: file.changedStatements,
      covered_statements: file.coveredStatements,
      uncovered: file.uncovered,
      changed_branches: file.branches?.changed,
      covered_branches: file.branches?.covered,
      uncovered_branches: file.branches?.uncovered,
    })),
    lost: coverage.lost?.map(({ filePath, lines }) => ({ file_path: filePath, lines })),
    unreported: coverage.unreported,
    not_computed: notComputed,
    changed_branches: coverage.branches?.changed,
    covered_branches: coverage.branches?.covered,
    together,
  });
}

/** The run's analysis by MATRIZ; violations as the file has them. */
export function matrizLine(
  { review, file }: { readonly review: MatrizReview; readonly file: string },
  { context }: Pick<RunLine, 'context'>,
): string {
  const named = (status: MatrizReview['status']) =>
    review.stars.filter((star) => star.status === status).map(({ name }) => name);
  return line({
    kind: 'matriz',
    file,
    overall_status: review.status,
    consciousness_score: review.score,
    blocked: named('BLOCKED'),
    changes_requested: named('CHANGES_REQUESTED'),
    stars: review.stars.map(({ name, status, confidence, violations }) => ({
      name,
      status,
      confidence,
      violations: violations.map(({ rule, location, severity }) => ({ rule, location, severity })),
    })),
    origin: context.origin,
  });
}

/** The first line. Version 2: `class` is about novelty alone, `known` stands beside it. */
export function schemaLine(): string {
  return line({ kind: 'schema', version: 2 });
}

export interface RunLine {
  readonly saved: SavedRun | undefined;
  readonly team: string | undefined;
  readonly stored: Stored;
  readonly createdAt: Date;
  readonly totals: Totals;
  readonly incomplete: boolean;
  readonly context: RunContext;
  /** undefined: not judged. */
  readonly history: RunHistory | undefined;
}

/** The last line, so that all lines before it can stream. */
export function runLine(run: RunLine): string {
  const { totals, context, history } = run;
  const ofClass = (novelty: Novelty) =>
    history?.failures.filter((failure) => failure.class === novelty).length;
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
    repository: context.repository,
    project: context.project,
    tested_git_sha: context.tested?.gitSha,
    dirty: context.tested?.dirty === undefined ? undefined : context.tested.dirty > 0,
    infrastructure: history?.isInfrastructure,
    judged: history !== undefined,
    new: ofClass('new'),
    flaky: ofClass('flaky'),
    pre_existing: ofClass('pre-existing'),
    no_history: ofClass('no-history'),
    known: history?.failures.filter(({ known }) => known).length,
    fixed: history === undefined ? undefined : fixedTests(history).length,
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
