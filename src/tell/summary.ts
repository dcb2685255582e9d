// The summary of an upload on a terminal. Pure: a verdict in, lines out; every piece of data goes through safeText.
import type { Totals, Warning } from '../model.ts';
import { type Paint, safeLine } from './terminal.ts';

export interface SummaryFailure {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: string;
  readonly line: number | undefined;
  readonly errorType: string | undefined;
  readonly message: string | undefined;
}

export interface Summary {
  readonly reports: readonly string[];
  readonly totals: Totals;
  readonly xfailed: number;
  readonly failures: readonly SummaryFailure[];
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
}

export function renderSummary(summary: Summary, style: SummaryStyle): string {
  const { paint } = style;
  const sections = [
    renderTotals(summary, paint),
    renderFailures(summary, style),
    renderSlowest(summary, style),
    renderCoverage(summary, style),
    renderWarnings(summary.warnings, paint),
    `${summary.stored.ok ? paint.green('✓') : paint.yellow('○')} ${safeLine(summary.stored.text)}`,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function renderTotals({ reports, totals, xfailed, coveredFiles }: Summary, paint: Paint): string {
  const parts: string[] = [];
  if (totals.failed > 0) parts.push(paint.red(paint.bold(`${number(totals.failed)} failed`)));
  if (totals.errors > 0) parts.push(paint.red(paint.bold(count(totals.errors, 'error'))));
  parts.push(totals.passed > 0 ? paint.green(`${number(totals.passed)} passed`) : paint.dim('0 passed'));
  if (totals.skipped > xfailed) parts.push(paint.yellow(`${number(totals.skipped - xfailed)} skipped`));
  if (xfailed > 0) parts.push(paint.yellow(`${number(xfailed)} xfailed`));
  const good = totals.failed + totals.errors === 0;
  const source = reports.length === 1 ? safeLine(reports[0] ?? '') : `${reports.length} reports`;
  const time = totals.durationSeconds === undefined ? '' : ` in ${duration(totals.durationSeconds)}`;
  const coverage =
    totals.coveragePercent === undefined
      ? ''
      : `\n  coverage ${paint.bold(`${percent(totals.coveragePercent)}`)} of ${count(coveredFiles, 'file')}`;
  const mark = good ? paint.green('✓') : paint.red('✗');
  return `${mark} ${paint.bold(count(totals.total, 'test'))}${time}  ${paint.dim(source)}\n  ${parts.join(paint.dim(' · '))}${coverage}`;
}

function renderFailures(summary: Summary, { paint, columns, mostFailures }: SummaryStyle): string {
  const all = summary.totals.failed + summary.totals.errors;
  if (all === 0) return '';
  const shown = summary.failures.slice(0, mostFailures);
  const head =
    shown.length < all
      ? `Failures ${paint.dim(`(${shown.length} of ${number(all)}; --verbose shows more)`)}`
      : 'Failures';
  const blocks = shown.map((failure) => {
    const type = failure.errorType ?? (failure.outcome === 'error' ? 'error' : 'failure');
    const line = failure.line === undefined ? '' : `:${failure.line}`;
    const where = `${safeLine(failure.testFile ?? '')}${line}`;
    const message = withoutType(safeLine(failure.message ?? ''), failure.errorType);
    const words = [
      paint.red(safeLine(type)),
      ...(message === '' ? [] : [fold(message, columns - type.length - 6)]),
    ].join('  ');
    return `  ${words}\n    ${where === '' ? '' : `${paint.cyan(where)}\n    `}${paint.dim(pytestCommand(failure.testName))}`;
  });
  return `${paint.bold(head)}\n${blocks.join('\n')}`;
}

/** The exception's name is shown already: its own words begin with it. */
function withoutType(message: string, errorType: string | undefined): string {
  const bare = message.replace(/^failed on (setup|teardown) with "/, '$1: ').replace(/"$/, '');
  if (errorType === undefined) return bare;
  return bare.replace(
    new RegExp(`^((?:setup|teardown): )?(?:[\\w.<>]+\\.)?${escapeRegExp(errorType)}: `),
    '$1',
  );
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A line to paste into a shell. Ids with control characters are quoted the way bash and zsh read them. */
export function pytestCommand(testName: string): string {
  const bare = safeLine(testName);
  if (bare !== testName) {
    const quoted = testName.replace(/[\\']/g, '\\$&').replace(/[\u0000-\u001f\u007f-\uffff]/g, (char) => {
      const code = char.charCodeAt(0);
      return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : char;
    });
    return `pytest $'${safeLine(quoted)}'`;
  }
  return `pytest '${testName.replaceAll("'", `'\\''`)}'`;
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
  const rows = summary.leastCovered.map(
    (file) =>
      `  ${percent(file.coveragePercent).padStart(8)}  ${fold(safeLine(file.filePath), columns - 40)} ${paint.dim(`${count(file.missingStatements, 'statement')} missing`)}`,
  );
  return `${paint.bold('Least covered')}\n${rows.join('\n')}`;
}

export function renderWarnings(warnings: readonly Warning[], paint: Paint): string {
  return warnings
    .map((warning) => {
      const place = [warning.file, warning.line, warning.column]
        .filter((part) => part !== undefined)
        .join(':');
      return `${paint.yellow('warning:')} ${place === '' ? '' : `${safeLine(place)}: `}${safeLine(warning.message)}`;
    })
    .join('\n');
}

/** Cut at the end, with a sign that it was. */
function fold(text: string, width: number): string {
  const limit = Math.max(20, width);
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** coverage.py's rule: 0 and 100 only when they are exact. */
export function percent(value: number): string {
  const text = value.toFixed(1);
  if (text === '100.0' && value < 100) return '99.9 %';
  if (text === '0.0' && value > 0) return '0.1 %';
  return `${text.replace(/\.0$/, '')} %`;
}

export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
}

function number(n: number): string {
  return n.toLocaleString('en-US');
}
