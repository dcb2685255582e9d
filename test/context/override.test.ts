// `--set column=value`: what is taken, and what is refused with which words.
import { describe, expect, it } from 'vitest';
import { overrideContext } from '../../src/context/context.ts';
import { InputError } from '../../src/errors.ts';
import type { RunContext } from '../../src/model.ts';

const context: RunContext = {
  gitSha: 'a'.repeat(40),
  gitBranch: 'main',
  gitCommitMessage: 'Fix',
  ciSystem: 'local',
  pythonVersion: undefined,
  pytestVersion: undefined,
  lambdaId: undefined,
  lane: undefined,
  markers: ['slow'],
  baseBranch: undefined,
  repository: undefined,
  workflowRunId: undefined,
  runAttempt: undefined,
  job: undefined,
  jobName: undefined,
  pullRequest: undefined,
};

function refusal(...sets: string[]): InputError {
  try {
    overrideContext(context, sets);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('was taken');
}

it('sets every column', () => {
  const sets = [
    `git_sha=${'ABCDEF12'.repeat(5)}`,
    'git_branch=feature/a=b',
    'git_commit_message=one\ntwo',
    'ci_system=my_ci',
    'python_version=3.12.4',
    'pytest_version=8.4.2',
    'lambda_id=λ:user:1',
    'lane=core',
    'base_branch=main',
    'repository=a/b',
    'workflow_run_id=77',
    'run_attempt=2',
    'job=t',
    'pull_request=42',
  ];
  expect(overrideContext(context, sets)).toEqual({
    gitSha: 'abcdef12'.repeat(5),
    gitBranch: 'feature/a=b',
    gitCommitMessage: 'one\ntwo',
    ciSystem: 'my_ci',
    pythonVersion: '3.12.4',
    pytestVersion: '8.4.2',
    lambdaId: 'λ:user:1',
    lane: 'core',
    baseBranch: 'main',
    repository: 'a/b',
    workflowRunId: '77',
    runAttempt: 2,
    job: 't',
    pullRequest: 42,
    markers: ['slow'],
  });
});

it('makes a stranger’s run of a branch that is written as GitHub writes a fork’s', () => {
  expect(overrideContext({ ...context, origin: 'team' }, ['git_branch=octo:main']).origin).toBe('stranger');
  expect(overrideContext({ ...context, origin: 'team' }, ['git_branch=octo/main']).origin).toBe('team');
});

it('leaves the rest alone, lets the last one win, and clears by an empty value', () => {
  expect(overrideContext(context, [])).toEqual(context);
  expect(overrideContext(context, ['git_branch=a', 'Git-Branch=b', 'git_sha='])).toEqual({
    ...context,
    gitBranch: 'b',
    gitSha: undefined,
  });
});

describe('refuses', () => {
  it('an unknown column, with the near miss and all columns', () => {
    const error = refusal('git_brnch=x');
    expect(error.code).toBe('unknown-column');
    expect(error.message).toContain('did you mean git_branch?');
    expect(error.fix).toContain('git_sha, git_branch');
    expect(error.fix).toContain('pull_request');
    expect(refusal('branch=x').message).toContain('git_branch');
    expect(refusal('zzzzzzzz=x').message).not.toContain('did you mean');
    for (const name of ['__proto__', 'constructor', 'toString', 'markers'])
      expect(refusal(`${name}=x`).code).toBe('unknown-column');
  });

  for (const set of [
    'git_sha',
    '=x',
    'git_sha=xyz1234',
    'git_sha=abc',
    'git_sha=abcdef1',
    `git_sha=${'a'.repeat(41)}`,
    `git_branch=${'x'.repeat(256)}`,
    'git_branch=a\x1b[31m',
    'lane=a\nb',
    `lane=${'x'.repeat(51)}`,
    'python_version=three',
    'pytest_version=8',
    'ci_system=git hub',
    'run_attempt=0',
    'run_attempt=1.5',
    'pull_request=-1',
    'pull_request=99999999999',
    'job=\ud800',
  ]) {
    it(`${JSON.stringify(set).slice(0, 60)}`, () => expect(refusal(set).code).toBe('invalid-set'));
  }
});
