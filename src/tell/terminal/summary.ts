// The summary of an upload on a terminal. Pure: a verdict in, lines out; all data goes through safeLine.
import type { FailureHistory, Match, Novelty, RunHistory, Totals, Warning } from '../../model.ts';
import { pytestCommand, shellOf, teachCommand, whyNoCommand } from '../commands.ts';
import {
  classCounts,
  comparedWith,
  evidenceOf,
  fixedEvidence,
  fixedTests,
  labelOf,
  novelties,
} from '../evidence.ts';
import { safeLine } from '../safe.ts';
import {
  count,
  coverageDifference,
  duration,
  failureKey,
  noBetterThanWaiting,
  number,
  percent,
  placed,
  type ToldFailure,
  tierNames,
} from '../words.ts';
import { fold as foldTo, type Paint, widthOf } from './terminal.ts';

export interface Summary {
  readonly reports: readonly string[];
  /** Where the tests ran, seen from where their commands are pasted; undefined: the same folder, or not known. */
  readonly folder?: string | undefined;
  /** The run whose failures have the numbers, where it has to be named beside them. */
  readonly numberedIn?: string | undefined;
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
  /** Tests that passed with more than one attempt. */
  readonly reruns?:
    | {
        readonly count: number;
        readonly first: readonly { readonly testName: string; readonly attempts: number }[];
      }
    | undefined;
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
    renderFixed(summary, style),
    renderReruns(summary, style),
    renderChanges(summary.history, style),
    renderSlowest(summary, style),
    renderCoverage(summary, style),
    renderWarnings(summary.warnings, paint),
    renderVerdict(summary, paint),
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
  const against =
    history?.point === undefined ? '' : paint.dim(`  against ${safeLine(comparedWith(history))}`);
  const source = reports.length === 1 ? safeLine(reports[0] ?? '') : `${reports.length} reports`;
  const time = totals.durationSeconds === undefined ? '' : ` in ${duration(totals.durationSeconds)}`;
  const coverage =
    totals.coveragePercent === undefined
      ? ''
      : `\n  coverage ${paint.bold(`${percent(totals.coveragePercent)}`)} of ${count(coveredFiles, 'file')}${moved}`;
  const mark = bad ? paint.red('✗') : incomplete || totals.total === 0 ? paint.yellow('○') : paint.green('✓');
  return `${mark} ${paint.bold(count(totals.total, 'test'))}${time}  ${paint.dim(source)}${against}\n  ${parts.join(paint.dim(' · '))}${coverage}`;
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
  const { history } = summary;
  const classes =
    history === undefined
      ? ''
      : `  ${history.point === undefined ? paint.cyan(safeLine(comparedWith(history))) : renderClasses(history, paint)}`;
  const blocks = shown.map(({ failure, history }) => renderFailure(failure, history, style, summary));
  return `${paint.bold('Failures')}${classes}${more}\n${blocks.join('\n')}`;
}

function urgency(history: FailureHistory | undefined): number {
  return history === undefined ? -1 : novelties.indexOf(history.class);
}

function renderClasses(history: RunHistory, paint: Paint): string {
  const known = history.failures.filter((failure) => failure.known).length;
  return [
    ...classCounts(history).map(({ class: name, count: n }) =>
      paintClass(name, `${number(n)} ${name}`, paint),
    ),
    ...(known === 0 ? [] : [paint.green(`${number(known)} known`)]),
  ].join(paint.dim(' · '));
}

function paintClass(name: Novelty, text: string, paint: Paint): string {
  const colours = {
    new: paint.red,
    flaky: paint.magenta,
    'pre-existing': paint.yellow,
    'no-history': paint.cyan,
  };
  return colours[name](text);
}

/** The heading says once that there is nothing to compare with. */
function firstLabel({ class: novelty, known }: FailureHistory): string {
  return novelty === 'no-history' ? (known ? 'known' : '') : novelty;
}

function renderFailure(
  failure: ToldFailure,
  history: FailureHistory | undefined,
  { paint, columns }: SummaryStyle,
  { folder, isFromWindows, history: run, numberedIn }: Summary,
): string {
  const type = fold(safeLine(failure.errorType ?? (failure.outcome === 'error' ? 'error' : 'failure')), 60);
  const line = failure.line === undefined ? '' : `:${failure.line}`;
  const where = `${safeLine(failure.testFile ?? '')}${line}`;
  const message = withoutType(safeLine(failure.message ?? ''), failure.errorType);
  const name = history === undefined ? '' : run?.point === undefined ? firstLabel(history) : labelOf(history);
  const label = history === undefined || name === '' ? '' : `${paintClass(history.class, name, paint)}  `;
  const before = 4 + widthOf(type) + (name === '' ? 0 : name.length + 2);
  const words = message === '' ? '' : `  ${fold(message, columns - before)}`;
  const rows = [`  ${label}${paint.red(type)}${words}`];
  const why = [
    (failure.attempts ?? 1) > 1 ? `${failure.attempts} attempts` : '',
    history === undefined || run === undefined ? '' : safeLine(evidenceOf(history, run)),
  ]
    .filter((part) => part !== '')
    .join('; ');
  if (where !== '') rows.push(`    ${paint.cyan(where)}`);
  if (why !== '') rows.push(`    ${paint.dim(why)}`);
  const shell = shellOf(isFromWindows);
  const again = pytestCommand(failure, folder, shell) ?? whyNoCommand(failure, shell);
  if (again !== '') rows.push(`    ${paint.dim(again)}`);
  if (history?.match !== undefined) rows.push(...renderMatch(history.match, paint, columns));
  const teach =
    history === undefined || history.known || !taught.has(history.class)
      ? undefined
      : teachCommand(failure.testName, shell, { number: history.number, run: numberedIn });
  if (teach !== undefined) rows.push(`    ${paint.dim(teach)}`);
  return rows.join('\n');
}

function renderMatch({ memory, tier }: Match, paint: Paint, columns: number): string[] {
  const tries = memory.successCount + memory.failureCount;
  const facts = [
    tierNames[tier].toLowerCase(),
    ...(memory.confidence === undefined ? [] : [`confidence ${memory.confidence.toFixed(2)}`]),
    ...(tries === 0 ? [] : [`worked ${memory.successCount} of ${tries} times`]),
    ...noBetterThanWaiting(memory),
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

/** Tests that were red where the change begins, and are green here. */
function renderFixed({ history }: Summary, { paint, columns, mostFailures }: SummaryStyle): string {
  if (history === undefined || history.fixed.length === 0) return '';
  const base = history.baseBranch ?? 'the base branch';
  const shown = history.fixed.slice(0, mostFailures);
  const rows = shown.map((test) => {
    const words = safeLine(fixedEvidence(test, base));
    const name = fold(safeLine(test.testName), columns - widthOf(words) - 4);
    return `  ${paint.green(name)}  ${paint.dim(words)}`;
  });
  const rest = history.fixed.length - shown.length;
  const more = rest > 0 ? paint.dim(`\n  and ${number(rest)} more`) : '';
  return `${paint.bold('Green again')}\n${rows.join('\n')}${more}`;
}

/** A cause that was found out helps with these. */
const taught: ReadonlySet<Novelty> = new Set(['new', 'no-history']);
const mostNames = 10;

function renderChanges(history: RunHistory | undefined, { paint, columns }: SummaryStyle): string {
  const changes = history?.changes;
  if (history === undefined || changes === undefined) return '';
  const names = (list: readonly string[]) => {
    const rest = list.length - mostNames;
    return fold(
      `${list.slice(0, mostNames).map(safeLine).join(', ')}${rest > 0 ? ` and ${number(rest)} more` : ''}`,
      columns - 4,
    );
  };
  const notRun = changes.notRun.map(({ file, tests, why }) => `${file} (${count(tests, 'test')}, ${why})`);
  const lists = [
    { what: 'added', list: changes.added },
    { what: 'removed', list: changes.removed },
    { what: 'renamed', list: changes.renamed.map(({ from, to }) => `${from} → ${to}`) },
    { what: 'with other parameters', list: changes.parametersChanged },
    { what: 'newly skipped', list: changes.newlySkipped },
  ].filter(({ list }) => list.length > 0);
  const slower = changes.slower
    .slice(0, 3)
    .map(
      (test) =>
        `  ${`${duration(test.beforeSeconds)} → ${duration(test.afterSeconds)}`.padStart(18)}  ${fold(safeLine(test.testName), columns - 24)}`,
    );
  if (lists.length === 0 && notRun.length === 0 && slower.length === 0) return '';
  const counts = lists.map(({ what, list }) => `${number(list.length)} ${what}`).join(', ');
  const head = `${paint.bold(`Against ${safeLine(comparedWith(history))}`)}${counts === '' ? '' : `  tests: ${counts}`}`;
  return [
    head,
    ...lists.map(({ what, list }) => `  ${what}\n    ${names(list)}`),
    ...(notRun.length === 0 ? [] : [`  not run here\n    ${names(notRun)}`]),
    ...(slower.length === 0 ? [] : ['  slower', ...slower]),
  ].join('\n');
}

/** The verdict once more: it is what stands above the prompt. */
function renderVerdict({ history, totals, stored }: Summary, paint: Paint): string {
  const text = safeLine(stored.text);
  const isRed = totals.failed + totals.errors > 0;
  const fixed = history === undefined ? 0 : fixedTests(history).length;
  if (history === undefined || (!isRed && fixed === 0))
    return `${stored.ok ? paint.green('✓') : paint.yellow('○')} ${text}`;
  const failed = totals.failed + totals.errors;
  const parts = [
    ...(history.point === undefined && isRed
      ? [`${number(failed)} failed, nothing to compare with`]
      : classCounts(history).map(({ class: name, count: n }) => `${number(n)} ${name}`)),
    ...(fixed > 0 ? [`${number(fixed)} fixed`] : []),
  ];
  return `${isRed ? paint.red('✗') : paint.green('✓')} ${parts.join(', ')}   ${paint.dim(text)}`;
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

function renderReruns({ reruns }: Summary, { paint, columns }: SummaryStyle): string {
  if (reruns === undefined || reruns.count === 0) return '';
  const shown = reruns.first.slice(0, 5);
  const rows = shown.map(
    ({ testName, attempts }) =>
      `  ${paint.dim(`${attempts} attempts`)}  ${fold(safeLine(testName), columns - 16)}`,
  );
  const more = reruns.count > shown.length ? paint.dim(` (${shown.length} of ${number(reruns.count)})`) : '';
  return `${paint.bold('Passed with more than one attempt')}${more}\n${rows.join('\n')}`;
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
