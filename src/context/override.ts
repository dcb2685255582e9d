// `--set column=value` replaces a detected value. Wrong columns and values are refused, not corrected.
import { InputError } from '../errors.ts';
import type { RunContext } from '../model.ts';
import { distance } from '../nearest.ts';
import { loneSurrogates, maxLengthOf, type TextColumn, version } from './columns.ts';

type Field = Exclude<keyof RunContext, 'markers' | 'tested' | 'repositoryHost'>;

const textFields: Readonly<Record<TextColumn, Field>> = {
  git_sha: 'gitSha',
  git_branch: 'gitBranch',
  git_commit_message: 'gitCommitMessage',
  ci_system: 'ciSystem',
  python_version: 'pythonVersion',
  pytest_version: 'pytestVersion',
  lambda_id: 'lambdaId',
  lane: 'lane',
  base_branch: 'baseBranch',
  repository: 'repository',
  workflow_run_id: 'workflowRunId',
  job: 'job',
  job_name: 'jobName',
  workflow: 'workflow',
  step: 'step',
};
const numberFields: Readonly<Record<string, Field>> = {
  run_attempt: 'runAttempt',
  pull_request: 'pullRequest',
};
const columns = [...Object.keys(textFields), ...Object.keys(numberFields)];

/**
 * Applies `column=value` settings to the context. A later one wins; an empty value makes the column absent.
 *
 * @throws InputError `unknown-column`, `invalid-set`
 */
export function overrideContext(context: RunContext, sets: readonly string[]): RunContext {
  const changed: Partial<Record<Field, string | number | undefined>> = {};
  for (const set of sets) {
    const equals = set.indexOf('=');
    if (equals <= 0) throw invalid(`'${shorten(set)}' is not of the form column=value`);
    const column = set.slice(0, equals).trim().toLowerCase().replaceAll('-', '_');
    const value = set.slice(equals + 1).trim();
    if (isText(column)) changed[textFields[column]] = textValue(column, value);
    else if (Object.hasOwn(numberFields, column)) {
      changed[numberFields[column] as Field] = numberValue(column, value);
    } else throw unknownColumn(column);
  }
  const overridden = { ...context, ...changed } as RunContext;
  // As GitHub writes a fork's branch; no branch name holds a colon.
  return overridden.gitBranch?.includes(':') === true ? { ...overridden, origin: 'stranger' } : overridden;
}

function isText(column: string): column is TextColumn {
  return Object.hasOwn(textFields, column);
}

function textValue(column: TextColumn, value: string): string | undefined {
  if (value === '') return undefined;
  const max = maxLengthOf(column);
  const length = Array.from(value).length;
  if (length > max) throw invalid(`${column} has ${length} characters, and at most ${max} fit`);
  const controls =
    column === 'git_commit_message'
      ? /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
      : /[\u0000-\u001f\u007f-\u009f]/;
  if (controls.test(value) || value.search(loneSurrogates) !== -1)
    throw invalid(`${column} holds control characters or broken text`);
  if (column === 'git_sha') {
    if (!/^[0-9a-f]{40}$/i.test(value))
      throw invalid(`git_sha must be 40 hexadecimal digits, not '${shorten(value)}'`);
    return value.toLowerCase();
  }
  if ((column === 'python_version' || column === 'pytest_version') && version(value) === undefined) {
    throw invalid(`${column} must be a version such as 3.12.4, not '${shorten(value)}'`);
  }
  if (column === 'ci_system' && !/^[a-z0-9][a-z0-9_-]*$/i.test(value)) {
    throw invalid(`ci_system must be one word such as github_actions, not '${shorten(value)}'`);
  }
  return value;
}

function numberValue(column: string, value: string): number | undefined {
  if (value === '') return undefined;
  const number = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > 2_147_483_647)
    throw invalid(`${column} must be a whole number from 1, not '${shorten(value)}'`);
  return number;
}

/** Of an abbreviated commit id that git cannot complete. */
export function invalidGitSha(short: string): InputError {
  return new InputError({
    code: 'invalid-set',
    message: `git_sha is abbreviated, and git knows no single commit ${short} here`,
    fix: (name) => {
      const option = name('set');
      return `Give the whole commit id, which \`git rev-parse\` prints${option === undefined ? '' : `: ${option} git_sha=<40 digits>`}.`;
    },
  });
}

function invalid(message: string): InputError {
  return new InputError({
    code: 'invalid-set',
    message,
    fix: (name) => {
      const option = name('set');
      return option === undefined
        ? undefined
        : `Use ${option} column=value, for example ${option} git_branch=main.`;
    },
  });
}

function unknownColumn(column: string): InputError {
  const near = columns
    .map((name) => ({ name, steps: distance(column.slice(0, 40), name) }))
    .filter(({ name, steps }) => steps <= 3 || name.endsWith(`_${column}`))
    .sort((a, b) => a.steps - b.steps)[0]?.name;
  return new InputError({
    code: 'unknown-column',
    message: `there is no column '${shorten(column)}' to set${near === undefined ? '' : `: did you mean ${near}?`}`,
    fix: `The columns are ${columns.join(', ')}.`,
  });
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
