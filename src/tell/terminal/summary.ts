// The summary of an upload on a terminal. Pure: a verdict in, lines out; all data goes through safeLine.
import type { FailureClass, FailureHistory, Match, RunHistory, Totals, Warning } from '../../model.ts';
import { pytestCommand, shellOf, teachCommand, whyNoCommand } from '../commands.ts';
import { safeLine } from '../safe.ts';
import {
  count,
  coverageDifference,
  duration,
  failureKey,
  number,
  percent,
  placed,
  type ToldFailure,
  tierNames,
  upTo,
} from '../words.ts';
import { fold as foldTo, type Paint, widthOf } from './terminal.ts';

export interface Summary {
  readonly reports: readonly string[];
  /** Where the tests ran, seen from where their commands are pasted; undefined: the same folder, or not known. */
  readonly folder?: string | undefined;
  /** Commands are PowerShell's. */
  readonly isFromWindows?: boolean | undefined;
  readonly totals: Totals;
  /** Tests that could not be read. */
  readonly lost: number;
  /** Not all reports and tests could be read. */
  readonly incomplete: boolean;
  readonly xfailed: number;
  readonly failures: readonly ToldFailure[];
  /** undefined where nothing was stored. */
  readonly history?: RunHistory | undefined;
  readonly slowest: readonly { readonly testName: string; readonly durationSeconds: number }[];
  /** Lowest first. */
  readonly leastCovered: readonly {
    readonly filePath: string;
    readonly coveragePercent: number;
    readonly missingStatements: number;
  }[];
  readonly coveredFiles: number;
  /** One sentence: what was stored and where, or why not. */
  readonly stored: { readonly ok: boolean; readonly text: string };
  readonly warnings: readonly Warning[];
}

export interface SummaryStyle {
  readonly paint: Paint;
  readonly columns: number;
  /** How many failures to list. */
  readonly mostFailures: number;
  /** How to see the others: `--verbose shows more`. */
  readonly hint?: string | undefined;
}

export function renderSummary(summary: Summary, style: SummaryStyle): string {
  const { paint } = style;
  const sections = [
    renderTotals(summary, paint),
    renderFailures(summary, style),
    renderChanges(summary.history, style),
    renderSlowest(summary, style),
    renderCoverage(summary, style),
    renderWarnings(summary.warnings, paint),
    `${summary.stored.ok ? paint.green('✓') : paint.yellow('○')} ${safeLine(summary.stored.text)}`,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function renderTotals(summary: Summary, paint: Paint): string {
  const { reports, totals, lost, incomplete, xfailed, coveredFiles, history } = summary;
  const change = history?.coverage;
  const moved =
    change === undefined
      ? ''
      : paint.dim(
          ` (${coverageDifference(change)} against ${safeLine(history?.baseBranch ?? 'the base branch')})`,
        );
  const parts: string[] = [];
  if (totals.failed > 0) parts.push(paint.red(paint.bold(`${number(totals.failed)} failed`)));
  if (totals.errors > 0) parts.push(paint.red(paint.bold(count(totals.errors, 'error'))));
  if (lost > 0) parts.push(paint.red(paint.bold(`${count(lost, 'test')} could not be read`)));
  parts.push(totals.passed > 0 ? paint.green(`${number(totals.passed)} passed`) : paint.dim('0 passed'));
  if (totals.skipped > xfailed) parts.push(paint.yellow(`${number(totals.skipped - xfailed)} skipped`));
  if (xfailed > 0) parts.push(paint.yellow(`${number(xfailed)} xfailed`));
  const bad =
    totals.failed + totals.errors + lost > 0 || summary.warnings.some(({ severity }) => severity === 'error');
  if (incomplete && lost === 0) parts.push(paint.yellow('incomplete'));
  const source = reports.length === 1 ? safeLine(reports[0] ?? '') : `${reports.length} reports`;
  const time = totals.durationSeconds === undefined ? '' : ` in ${duration(totals.durationSeconds)}`;
  const coverage =
    totals.coveragePercent === undefined
      ? ''
      : `\n  coverage ${paint.bold(`${percent(totals.coveragePercent)}`)} of ${count(coveredFiles, 'file')}${moved}`;
  const mark = bad ? paint.red('✗') : incomplete || totals.total === 0 ? paint.yellow('○') : paint.green('✓');
  return `${mark} ${paint.bold(count(totals.total, 'test'))}${time}  ${paint.dim(source)}\n  ${parts.join(paint.dim(' · '))}${coverage}`;
}

function renderFailures(summary: Summary, style: SummaryStyle): string {
  const all = summary.totals.failed + summary.totals.errors;
  if (all === 0) return '';
  const { paint, mostFailures } = style;
  const histories = new Map(summary.history?.failures.map((failure) => [failureKey(failure), failure]));
  const told = summary.failures.map((failure) => ({ failure, history: histories.get(failureKey(failure)) }));
  // Sorted by class; within a class the order of the report stays.
  if (summary.history !== undefined) told.sort((a, b) => urgency(a.history) - urgency(b.history));
  const shown = told.slice(0, mostFailures);
  const hint = shown.length < told.length && style.hint !== undefined ? `; ${style.hint}` : '';
  const more = shown.length < all ? paint.dim(` (${number(shown.length)} of ${number(all)}${hint})`) : '';
  const classes = summary.history === undefined ? '' : `  ${renderClasses(summary.history, paint)}`;
  const blocks = shown.map(({ failure, history }) => renderFailure(failure, history, style, summary));
  return `${paint.bold('Failures')}${classes}${more}\n${blocks.join('\n')}`;
}

const classOrder: readonly FailureClass[] = ['new', 'flaky', 'pre-existing', 'known'];

function urgency(history: FailureHistory | undefined): number {
  return history === undefined ? -1 : classOrder.indexOf(history.class);
}

function renderClasses(history: RunHistory, paint: Paint): string {
  const parts = classOrder.flatMap((name) => {
    const n = history.failures.filter((failure) => failure.class === name).length;
    return n === 0 ? [] : [paintClass(name, `${number(n)} ${name}`, paint)];
  });
  return parts.join(paint.dim(' · '));
}

function paintClass(name: FailureClass, text: string, paint: Paint): string {
  const colours = { new: paint.red, flaky: paint.magenta, 'pre-existing': paint.yellow, known: paint.green };
  return colours[name](text);
}

function renderFailure(
  failure: ToldFailure,
  history: FailureHistory | undefined,
  { paint, columns }: SummaryStyle,
  { folder, isFromWindows }: Summary,
): string {
  const type = fold(safeLine(failure.errorType ?? (failure.outcome === 'error' ? 'error' : 'failure')), 60);
  const line = failure.line === undefined ? '' : `:${failure.line}`;
  const where = `${safeLine(failure.testFile ?? '')}${line}`;
  const message = withoutType(safeLine(failure.message ?? ''), failure.errorType);
  const label = history === undefined ? '' : `${paintClass(history.class, history.class, paint)}  `;
  const before = 4 + widthOf(type) + (history === undefined ? 0 : history.class.length + 2);
  const words = message === '' ? '' : `  ${fold(message, columns - before)}`;
  const rows = [`  ${label}${paint.red(type)}${words}`];
  const age = history === undefined ? '' : renderAge(history);
  if (where !== '' || age !== '')
    rows.push(`    ${paint.cyan(where)}${age === '' ? '' : paint.dim(`  ${age}`)}`);
  const shell = shellOf(isFromWindows);
  const again = pytestCommand(failure, folder, shell) ?? whyNoCommand(failure, shell);
  if (again !== '') rows.push(`    ${paint.dim(again)}`);
  if (history?.match !== undefined) rows.push(...renderMatch(history.match, paint, columns));
  const teach =
    history === undefined || history.class === 'known' ? undefined : teachCommand(failure.testName, shell);
  if (teach !== undefined) rows.push(`    ${paint.dim(teach)}`);
  return rows.join('\n');
}

function renderAge({ since, runsInARow, lastFixedBy }: FailureHistory): string {
  const commit = since.gitSha === undefined ? since.at.toISOString().slice(0, 10) : shortSha(since.gitSha);
  const age = runsInARow > 1 ? `failing for ${runsInARow} runs, since ${commit}` : '';
  const fixed = lastFixedBy === undefined ? '' : `last fixed by ${shortSha(lastFixedBy)}`;
  return [age, fixed].filter((part) => part !== '').join('; ');
}

function shortSha(sha: string): string {
  return safeLine(sha).slice(0, 8);
}

function renderMatch({ memory, tier }: Match, paint: Paint, columns: number): string[] {
  const tries = memory.successCount + memory.failureCount;
  const facts = [
    tierNames[tier].toLowerCase(),
    ...(memory.confidence === undefined ? [] : [`confidence ${memory.confidence.toFixed(2)}`]),
    ...(tries === 0 ? [] : [`worked ${memory.successCount} of ${tries} times`]),
    ...(memory.lastApplied === undefined ? [] : [`last on ${memory.lastApplied.toISOString().slice(0, 10)}`]),
  ];
  const paintTier = tier === 'similar' ? paint.yellow : paint.green;
  return [
    `    ${paintTier('◆')} ${facts.join(', ')} ${paint.dim(`(lukhas healix show ${safeLine(memory.id).slice(0, 8)})`)}`,
    ...(memory.rootCause === undefined
      ? []
      : [`      cause  ${fold(safeLine(memory.rootCause), columns - 14)}`]),
    `      fix    ${paint.bold(fold(safeLine(memory.solution), columns - 14))}`,
  ];
}

function renderChanges(history: RunHistory | undefined, { paint, columns }: SummaryStyle): string {
  const changes = history?.changes;
  if (changes === undefined) return '';
  const counts = [
    ...(changes.added.length > 0 ? [`${upTo(changes.added.length)} added`] : []),
    ...(changes.removed.length > 0 ? [`${upTo(changes.removed.length)} removed`] : []),
    ...(changes.newlySkipped.length > 0 ? [`${upTo(changes.newlySkipped.length)} newly skipped`] : []),
  ];
  const slower = changes.slower
    .slice(0, 3)
    .map(
      (test) =>
        `  ${`${duration(test.beforeSeconds)} → ${duration(test.afterSeconds)}`.padStart(18)}  ${fold(safeLine(test.testName), columns - 24)}`,
    );
  if (counts.length === 0 && slower.length === 0) return '';
  const against = `Against ${safeLine(history?.baseBranch ?? 'the base branch')}`;
  const head = `${paint.bold(against)}${counts.length === 0 ? '' : `  tests: ${counts.join(', ')}`}`;
  return [head, ...(slower.length === 0 ? [] : ['  slower', ...slower])].join('\n');
}

/** The message without the exception's name, which is shown before it. */
function withoutType(message: string, errorType: string | undefined): string {
  const bare = message
    .replace(/^failed on (setup|teardown)( at [^"\n]+:\d+)? with "/, '$1$2: ')
    .replace(/"$/, '');
  if (errorType === undefined) return bare;
  return bare.replace(
    new RegExp(`^((?:setup|teardown)(?: at [^"\\n]+:\\d+)?: )?(?:[\\w.<>]+\\.)?${escapeRegExp(errorType)}: `),
    '$1',
  );
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function renderSlowest(summary: Summary, { paint, columns }: SummaryStyle): string {
  const slow = summary.slowest.filter((test) => test.durationSeconds >= 0.1).slice(0, 5);
  if (slow.length === 0) return '';
  const rows = slow.map(
    (test) =>
      `  ${duration(test.durationSeconds).padStart(8)}  ${fold(safeLine(test.testName), columns - 12)}`,
  );
  return `${paint.bold('Slowest')}\n${rows.join('\n')}`;
}

function renderCoverage(summary: Summary, { paint, columns }: SummaryStyle): string {
  if (summary.leastCovered.length === 0) return '';
  const paths = summary.leastCovered.map((file) => fold(safeLine(file.filePath), columns - 40));
  const longest = Math.max(...paths.map(widthOf));
  const rows = summary.leastCovered.map((file, i) => {
    const path = paths[i] ?? '';
    const missing = paint.dim(`${count(file.missingStatements, 'statement')} missing`);
    return `  ${percent(file.coveragePercent).padStart(8)}  ${path}${' '.repeat(longest - widthOf(path))} ${missing}`;
  });
  return `${paint.bold('Least covered')}\n${rows.join('\n')}`;
}

export function renderWarnings(warnings: readonly Warning[], paint: Paint): string {
  return warnings
    .map((warning) => {
      const head = warning.severity === 'error' ? paint.red('error:') : paint.yellow('warning:');
      return `${head} ${safeLine(placed(warning))}`;
    })
    .join('\n');
}

/** Shows at least 20 columns of a text, however narrow the terminal is. */
function fold(text: string, width: number): string {
  return foldTo(text, Math.max(20, width));
}
