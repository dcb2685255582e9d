import { describe, expect, it } from 'vitest';
import type { RunContext, SignedResult } from '../../src/model.ts';
import { coverageLine, resultLine, runLine, warningLine } from '../../src/tell/json.ts';

const context: RunContext = {
  gitSha: undefined,
  gitBranch: 'main',
  gitCommitMessage: 'a message',
  ciSystem: 'local',
  pythonVersion: '3.12.1',
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

const result: SignedResult = {
  testName: 't.py::TestA::test_b[\u0000\ud800]',
  testFile: 't.py',
  testClass: 'TestA',
  testFunction: 'test_b',
  nodeIdSource: 'convention',
  outcome: 'failed',
  durationSeconds: 0.5,
  failure: {
    errorType: 'KeyError',
    line: 3,
    lastFrameLine: 9,
    message: "KeyError: 'x'\nmore",
    traceback: 'secret',
  },
  reason: undefined,
  markers: ['slow'],
  failureSignature: 'md5:00000000000000000000000000000000',
};

describe('the JSON contract', () => {
  it('escapes what a terminal would act on, and reads back as it was', () => {
    const message = 'a\u009b31m\u007f\u0085\u202eb\u2066\u2028\ufeff\u061c\u200f\u001b[0m é😀';
    const text = warningLine({ code: 'a', message });
    expect(text).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
    );
    expect(text).toContain('\\u202eb');
    expect(text).toContain('é😀');
    expect((JSON.parse(text) as { message: string }).message).toBe(message);
  });

  it('has one object a line, each with its kind', () => {
    for (const line of [resultLine(result), warningLine({ code: 'a', message: 'b\nc' })]) {
      expect(line.match(/\n/g)).toHaveLength(1);
      expect(line.endsWith('\n')).toBe(true);
      expect(JSON.parse(line)).toHaveProperty('kind');
    }
  });

  it('has exactly the fields of a result, in their order', () => {
    const parsed = JSON.parse(resultLine(result)) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual([
      'kind',
      'test_name',
      'test_file',
      'test_class',
      'test_function',
      'outcome',
      'duration_seconds',
      'attempts',
      'report',
      'error_type',
      'line',
      'error_message',
      'failure_signature',
      'markers',
    ]);
    expect(parsed).toMatchObject({ kind: 'result', line: 3, error_type: 'KeyError', markers: ['slow'] });
  });

  it('says null for what is absent, and gives the reason of a skip', () => {
    const skipped = {
      ...result,
      outcome: 'skipped' as const,
      failure: undefined,
      failureSignature: undefined,
      reason: 'no display',
      testClass: undefined,
    };
    expect(JSON.parse(resultLine(skipped))).toMatchObject({
      test_class: null,
      error_type: null,
      line: null,
      failure_signature: null,
      error_message: 'no display',
    });
  });

  it('rounds percentages to what the database keeps', () => {
    const file = {
      filePath: 'a.py',
      coveragePercent: 66.66666,
      totalStatements: 3,
      coveredStatements: 2,
      missingStatements: 1,
      totalBranches: 0,
      coveredBranches: 0,
      coveredLines: [1, 2],
      missingLines: [3],
    };
    expect(JSON.parse(coverageLine(file))).toEqual({
      kind: 'coverage',
      file_path: 'a.py',
      coverage_percent: 66.67,
      total_statements: 3,
      covered_statements: 2,
      missing_statements: 1,
      total_branches: 0,
      covered_branches: 0,
    });
  });

  it('has exactly the fields of a run, stored or not', () => {
    const totals = {
      total: 2,
      passed: 1,
      failed: 1,
      skipped: 0,
      errors: 0,
      durationSeconds: 1.23456,
      coveragePercent: undefined,
    };
    const createdAt = new Date('2026-11-22T16:00:00.123Z');
    const not = JSON.parse(
      runLine({
        saved: undefined,
        team: undefined,
        stored: 'no',
        history: undefined,
        incomplete: false,
        createdAt,
        totals,
        context,
      }),
    ) as object;
    expect(Object.keys(not)).toEqual([
      'kind',
      'id',
      'team',
      'total_tests',
      'passed',
      'failed',
      'skipped',
      'errors',
      'duration_seconds',
      'coverage_percent',
      'git_sha',
      'git_branch',
      'ci_system',
      'lane',
      'python_version',
      'pytest_version',
      'created_at',
      'incomplete',
      'repository',
      'project',
      'tested_git_sha',
      'dirty',
      'infrastructure',
      'judged',
      'new',
      'flaky',
      'pre_existing',
      'no_history',
      'known',
      'fixed',
      'stored',
    ]);
    expect(not).toMatchObject({
      id: null,
      team: null,
      stored: 'no',
      duration_seconds: 1.235,
      created_at: '2026-11-22T16:00:00.123Z',
    });
    const earlier = new Date('2026-11-20T00:00:00Z');
    const saved = { runId: 'an-id', stored: 'already' as const, team: 'core', createdAt: earlier };
    const already = JSON.parse(
      runLine({
        saved,
        team: 'x',
        stored: 'already',
        history: undefined,
        incomplete: false,
        createdAt,
        totals,
        context,
      }),
    ) as object;
    expect(already).toMatchObject({
      id: 'an-id',
      team: 'core',
      stored: 'already',
      incomplete: false,
      created_at: earlier.toISOString(),
    });
  });
});
