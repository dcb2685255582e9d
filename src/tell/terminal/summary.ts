// The summary of an upload on a terminal. Pure: a verdict in, lines out; every piece of data goes through safeText.
import type { FailureClass, FailureHistory, Match, RunHistory, Totals, Warning } from '../../model.ts';
import { fold as foldTo, type Paint, safeLine, widthOf } from './terminal.ts';

export interface SummaryFailure {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: string;
  readonly line: number | undefined;
  readonly errorType: string | undefined;
  readonly message: string | undefined;
  readonly failureSignature?: string | undefined;
}

export interface Summary {
  readonly reports: readonly string[];
  readonly totals: Totals;
  /** Tests that could not be read. */
  readonly lost: number;
  /** Not all reports and tests could be read. */
  readonly incomplete: boolean;
  readonly xfailed: number;
  readonly failures: readonly SummaryFailure[];
  /** What the team's own rows tell; undefined where nothing was stored. */
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
  // What nobody has seen before comes first; within a class the report's order stays.
  if (summary.history !== undefined) told.sort((a, b) => urgency(a.history) - urgency(b.history));
  const shown = told.slice(0, mostFailures);
  const hint = shown.length < told.length ? '; --verbose shows more' : '';
  const more = shown.length < all ? paint.dim(` (${number(shown.length)} of ${number(all)}${hint})`) : '';
  const classes = summary.history === undefined ? '' : `  ${renderClasses(summary.history, paint)}`;
  const blocks = shown.map(({ failure, history }) => renderFailure(failure, history, style));
  return `${paint.bold('Failures')}${classes}${more}\n${blocks.join('\n')}`;
}

/** What ties a failure of the report to its history. */
export function failureKey(failure: {
  readonly testName: string;
  readonly failureSignature?: string | undefined;
}): string {
  return `${failure.testName}\n${failure.failureSignature ?? ''}`;
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
  failure: SummaryFailure,
  history: FailureHistory | undefined,
  { paint, columns }: SummaryStyle,
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
  rows.push(`    ${paint.dim(pytestCommand(failure.testName))}`);
  if (history?.match !== undefined) rows.push(...renderMatch(history.match, paint, columns));
  if (history !== undefined && history.class !== 'known')
    rows.push(`    ${paint.dim(teachCommand(failure.testName))}`);
  return rows.join('\n');
}

/** Since when it fails, and what made it green the last time. */
function renderAge({ since, runsInARow, lastFixedBy }: FailureHistory): string {
  const commit = since.gitSha === undefined ? since.at.toISOString().slice(0, 10) : shortSha(since.gitSha);
  const age = runsInARow > 1 ? `failing for ${runsInARow} runs, since ${commit}` : '';
  const fixed = lastFixedBy === undefined ? '' : `last fixed by ${shortSha(lastFixedBy)}`;
  return [age, fixed].filter((part) => part !== '').join('; ');
}

function shortSha(sha: string): string {
  return safeLine(sha).slice(0, 8);
}

/** The cause and the fix, how sure they are, and where they come from. */
function renderMatch({ memory, tier }: Match, paint: Paint, columns: number): string[] {
  const tries = memory.successCount + memory.failureCount;
  const facts = [
    { exact: 'known failure', moved: 'known failure, moved', similar: 'similar to a known failure' }[tier],
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

/** A line to paste once somebody knows. */
export function teachCommand(testName: string): string {
  return `lukhas healix add --test ${shellQuote(testName)} --cause '…' --solution '…'`;
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

/** The history names at most a hundred of each. */
function upTo(n: number): string {
  return n >= 100 ? '100 or more' : String(n);
}

/** The exception's name is shown already: its own words begin with it. */
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

/** A line to paste into a shell. */
export function pytestCommand(testName: string): string {
  return `pytest ${shellQuote(testName)}`;
}

/** One word for a shell; what holds control characters is quoted the way bash and zsh read them. */
function shellQuote(word: string): string {
  if (safeLine(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  const quoted = word
    .replace(/[\\']/g, '\\$&')
    .replace(/[\u0000-\u001f\u007f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `$'${safeLine(quoted)}'`;
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

/** A warning's words behind its place. */
export function placed({ file, line, column, message }: Warning): string {
  const parts = [file, line, column].filter((part) => part !== undefined);
  return parts.length === 0 ? message : `${parts.join(':')}: ${message}`;
}

/** However narrow the terminal is, this much of every text is shown. */
function fold(text: string, width: number): string {
  return foldTo(text, Math.max(20, width));
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

/** In percentage points, with its sign: `+0.6`. */
export function coverageDifference({
  beforePercent,
  afterPercent,
}: {
  readonly beforePercent: number;
  readonly afterPercent: number;
}): string {
  const points = afterPercent - beforePercent;
  const size = Math.abs(points);
  if (size < 0.005) return '±0';
  return `${points < 0 ? '−' : '+'}${size < 0.1 ? size.toFixed(2) : size.toFixed(1)}`;
}

export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** `12,345`: toLocaleString takes 20 ms to load its tables. */
export function number(n: number): string {
  return String(n).replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',');
}
