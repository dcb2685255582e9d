// Reads and checks the Action's inputs. Knows nothing of what is done with them.
import { createHash } from 'node:crypto';
import { getInput, getMultilineInput } from '@actions/core';
import { InputError, type Naming } from '../../errors.ts';
import type { Warning } from '../../model.ts';
import { nearest } from '../../nearest.ts';
import { parseSettings, type Settings } from '../../settings.ts';
import { longestTitle } from '../../tell/github/comment.ts';
import { parseFailOn } from '../fail-on.ts';

const names = [
  'reports',
  'coverage',
  'require-coverage',
  'database-url',
  'ssl-ca',
  'team',
  'lane',
  'matriz',
  'markers',
  'rootdir',
  'upload-key',
  'base-branch',
  'diff-base',
  'fail-on-patch-coverage',
  'fail-on-coverage-drop',
  'python-version',
  'pytest-version',
  'fail-on',
  'on-empty',
  'require-upload',
  'comment',
  'comment-title',
  'comment-mode',
  'pull-request',
  'annotations',
  'captured-output',
  'coverage-annotations',
  'summary',
  'show-solutions',
  'report-page',
  'report-page-url',
  'check-run',
  'github-token',
  'matrix',
  'check-run-id',
] as const;
type InputName = (typeof names)[number];

export interface Inputs {
  readonly settings: Settings;
  readonly requireUpload: boolean;
  readonly comment: 'always' | 'failures' | 'changes' | 'off';
  /** Begins the heading of a comment of this workflow's own; undefined: there is one for all workflows. */
  readonly commentTitle: string | undefined;
  readonly commentMode: 'update' | 'recreate' | 'new-on-news';
  /** The pull request to comment on, where the event is about none. */
  readonly pullRequest: number | undefined;
  readonly annotations: boolean;
  /** Those of new lines that no test ran. */
  readonly coverageAnnotations: boolean;
  readonly summary: boolean;
  readonly showSolutions: 'trusted' | 'always' | 'never';
  /** The check run's name; undefined: none is wanted. */
  readonly checkRun: string | undefined;
  /** Where the page about the repository's runs is written to; undefined: none is wanted. */
  readonly reportPage: string | undefined;
  /** Where it is published, without a fragment. */
  readonly reportPageUrl: string | undefined;
  readonly token: string | undefined;
  /** Tells this job from others of its name: the matrix values in order, and the upload-key. */
  readonly distinction: string | undefined;
  /** Other jobs of the matrix may finish at the same moment. */
  readonly inMatrix: boolean;
  readonly warnings: readonly Warning[];
}

/**
 * Reads the inputs from `INPUT_*`.
 *
 * @throws InputError naming the wrong input and what it takes
 */
export function readInputs(env: Readonly<Record<string, string | undefined>>): Inputs {
  const reports = getMultilineInput('reports');
  if (reports.length === 0) {
    throw new InputError({
      code: 'usage',
      message: 'the input reports is missing',
      fix: 'Name the report that `pytest --junitxml=results.xml` writes: with: { reports: results.xml }',
    });
  }
  const matrixValues = readMatrix(text('matrix'));
  // Both: a key that is the same in all jobs of a matrix does not tell them apart.
  const discriminator = [
    ...given(text('upload-key')),
    ...(matrixValues.length > 0 ? given(text('matrix')) : []),
  ].join(' ');
  const distinction = [...matrixValues, ...given(text('upload-key'))].join(', ');
  const failOn = parseFailOn(text('fail-on')?.toLowerCase() ?? 'never', 'fail-on');
  const settings = namingInputs(() =>
    parseSettings({
      reports,
      coverage: getMultilineInput('coverage'),
      databaseUrl: text('database-url'),
      // The Action never opens the embedded database.
      dataDir: '.',
      sslCa: text('ssl-ca'),
      team: text('team'),
      lane: text('lane'),
      matriz: text('matriz'),
      markers: getMultilineInput('markers'),
      lambdaId: undefined,
      rootdir: text('rootdir'),
      baseBranch: text('base-branch'),
      diffBase: text('diff-base'),
      failOnPatchCoverage: text('fail-on-patch-coverage'),
      failOnCoverageDrop: text('fail-on-coverage-drop'),
      capturedOutput: text('captured-output'),
      uploadKey: discriminator === '' ? undefined : shortened(discriminator.replace(/\s+/g, ' ')),
      createdAt: 'report',
      set: [
        ...given(text('python-version')).map((version) => `python_version=${version}`),
        ...given(text('pytest-version')).map((version) => `pytest_version=${version}`),
      ],
      requireCoverage: yes('require-coverage', false),
      onEmpty: oneOf('on-empty', ['fail', 'warn', 'ignore']),
      allowIncomplete: false,
      allowPrivilegedRole: false,
      dryRun: text('database-url') === undefined,
      failOn,
    }),
  );
  const requireUpload = yes('require-upload', false);
  if (requireUpload && settings.databaseUrl === undefined) {
    throw new InputError({
      code: 'usage',
      message: 'require-upload: true needs a database-url, and it is empty',
      fix: 'Secrets are not given to pull requests from forks and Dependabot: see the fork recipe in docs/action.md.',
    });
  }
  if (settings.requireCoverage && settings.coverage.length === 0) {
    throw new InputError({
      code: 'usage',
      message: 'require-coverage: true needs coverage, and it is empty',
      fix: 'Name the coverage.json that `coverage json` writes: with: { coverage: coverage.json }',
    });
  }
  return {
    settings,
    requireUpload,
    comment: oneOf('comment', ['always', 'failures', 'changes', 'off']),
    commentTitle: text('comment-title')
      ?.replace(/\s+/g, ' ')
      .slice(0, longestTitle)
      .replace(/[\ud800-\udbff]$/, ''),
    commentMode: oneOf('comment-mode', ['update', 'recreate', 'new-on-news']),
    pullRequest: pullRequestNumber(text('pull-request')),
    annotations: yes('annotations', true),
    coverageAnnotations: yes('coverage-annotations', false),
    summary: yes('summary', true),
    showSolutions: oneOf('show-solutions', ['trusted', 'always', 'never']),
    checkRun: text('check-run')?.replace(/\s+/g, ' ').slice(0, 100),
    reportPage: text('report-page'),
    reportPageUrl: pageAddress(text('report-page-url')),
    token: text('github-token'),
    distinction: distinction === '' ? undefined : distinction,
    inMatrix: matrixValues.length > 0,
    warnings: unknownInputs(env),
  };
}

/** `the input upload-key` for `uploadKey`; the Action has no input for the others. */
export const asInputs: Naming = (setting) => {
  if (setting === 'step') return 'the `id:` of the step';
  const name = setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return (names as readonly string[]).includes(name) ? `the input ${name}` : undefined;
};

/** Whether the step must fail when there is no verdict. Works with inputs that are otherwise wrong. */
export function asksForVerdict(): boolean {
  return getInput('require-upload') === 'true' || !['', 'never'].includes(getInput('fail-on').toLowerCase());
}

function text(name: InputName): string | undefined {
  const value = getInput(name);
  return value === '' ? undefined : value;
}

/** At most 500 characters; two long values stay different. */
function shortened(value: string): string {
  if (value.length <= 500) return value;
  return `${value.slice(0, 400)}~${createHash('sha256').update(value).digest('hex')}`;
}

function given(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function oneOf<const T extends string>(name: InputName, words: readonly [T, ...T[]]): T {
  const value = text(name)?.toLowerCase() ?? words[0];
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const near = nearest(value, words);
  throw new InputError({
    code: 'invalid-setting',
    message: `${name}: '${value.slice(0, 100)}' is not one of ${words.join(', ')}`,
    fix: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

function pullRequestNumber(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^#?[1-9]\d{0,8}$/.test(value)) return Number(value.replace('#', ''));
  throw new InputError({
    code: 'invalid-setting',
    message: `pull-request: '${value.slice(0, 100)}' is not the number of a pull request`,
    fix: 'Give its number, such as 12; in a workflow that a comment starts that is github.event.issue.number.',
  });
}

/** Checks the address and escapes the characters that would end a Markdown link. */
function pageAddress(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = value.length <= 1000 && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password !== '')
    throw new InputError({
      code: 'invalid-setting',
      // Without what stands where a password would.
      message: `report-page-url: '${value.replace(/\/\/.*@/s, '//…@').slice(0, 100)}' is not the address of a page`,
      fix: 'Give the address at which the page is published, such as https://acme.github.io/shop/report.html.',
    });
  url.hash = '';
  return url.href.replace(/[()<>\\`|]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function yes(name: InputName, otherwise: boolean): boolean {
  const value = text(name)?.toLowerCase();
  if (value === undefined) return otherwise;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new InputError({ code: 'invalid-setting', message: `${name}: takes true or false` });
}

/** The matrix's values in order, 3.13 and ubuntu for `{"python": "3.13", "os": "ubuntu"}`; none for anything but an object. */
function readMatrix(json: string | undefined): string[] {
  try {
    const parsed: unknown = JSON.parse(json ?? 'null');
    if (typeof parsed !== 'object' || parsed === null) return [];
    return Object.values(parsed).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  } catch {
    return [];
  }
}

/** Names a wrong setting by its input, not by its command-line option. */
function namingInputs<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InputError) || error.code !== 'invalid-setting') throw error;
    throw new InputError({
      code: error.code,
      message: error.message.replace(/^--marker:/, 'markers:').replace(/^--/, ''),
      fix: 'See docs/action.md for what each input takes.',
    });
  }
}

function unknownInputs(env: Readonly<Record<string, string | undefined>>): Warning[] {
  const known = new Set(names.map((name) => `INPUT_${name.toUpperCase()}`));
  return Object.keys(env)
    .filter((key) => key.startsWith('INPUT_') && !known.has(key.toUpperCase()))
    .map((key) => {
      const word = key.slice('INPUT_'.length).toLowerCase();
      const near = nearest(word.replaceAll('_', '-'), names);
      return {
        code: 'unknown-input',
        message: `there is no input ${word}${near === undefined ? '' : `; did you mean ${near}?`}`,
      };
    });
}
