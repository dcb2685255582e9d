// The summary of an upload on a terminal. Pure: a verdict in, lines out; all data goes through safeLine.
import type { Fixed, Match, Novelty, Patch, RunHistory, Totals, Warning } from '../../model.ts';
import type { SeveralReports } from '../../report-counts.ts';
import {
  type Alike,
  attemptsOf,
  evidenceOfAll,
  groupAlike,
  howMany,
  matchesOf,
  pairFailures,
  shortNames,
  toTeach,
  wordsOf,
} from '../alike.ts';
import { pytestCommand, shellOf, teachCommand, whyNoCommand } from '../commands.ts';
import {
  classCounts,
  comparedWith,
  fixedEvidence,
  fixedTests,
  novelties,
  outageOf,
  shortSha,
} from '../evidence.ts';
import { plainCaptured } from '../excerpt.ts';
import { matrizVerdict, type ShownMatriz, toldViolations } from '../matriz.ts';
import { branchName, hasPatchNews, isUncovered, lineRanges, patchSentence } from '../patch.ts';
import { wordRenames } from '../renames.ts';
import { safeLine } from '../safe.ts';
import {
  count,
  coverageDifference,
  duration,
  noBetterThanWaiting,
  number,
  percent,
  placed,
  runsOfTests,
  type ToldFailure,
  testsOf,
  tierNames,
} from '../words.ts';
import { fold as foldTo, type Paint, widthOf, wrap } from './terminal.ts';

export interface Summary {
  readonly reports: readonly string[];
  /** What each of several holds. */
  readonly severalReports?: SeveralReports | undefined;
  /** Where the tests ran, seen from where their commands are pasted; undefined: the same folder, or not known. */
  readonly folder?: string | undefined;
  /** The run whose failures have the numbers, where it has to be named beside them. */
  readonly numberedIn?: string | undefined;
  /** Commands are PowerShell's. */
  readonly isFromWindows?: boolean | undefined;
  /** The commit that the tests ran on. */
  readonly commit?:
    | {
        readonly branch: string | undefined;
        readonly sha: string | undefined;
        /** Tracked files that differ from it. */
        readonly dirty: number | undefined;
      }
    | undefined;
  readonly totals: Totals;
  /** Tests that could not be read. */
  readonly lost: number;
  /** Not all reports and tests could be read. */
  readonly incomplete: boolean;
  readonly xfailed: number;
  readonly failures: readonly ToldFailure[];
  /** undefined where nothing was stored. */
  readonly history?: RunHistory | undefined;
  /** undefined: none was given, or it is told nowhere. */
  readonly matriz?: ShownMatriz | undefined;
  /** Tests that passed with more than one attempt. */
  readonly reruns?:
    | {
        readonly count: number;
        readonly first: readonly { readonly testName: string; readonly attempts: number }[];
      }
    | undefined;
  readonly slowest: readonly { readonly testName: string; readonly durationSeconds: number }[];
  /** Why a gate fails besides failed tests and MATRIZ, a sentence each. */
  readonly gates?: readonly string[] | undefined;
  /** Lowest first. */
  readonly leastCovered: readonly {
    readonly filePath: string;
    readonly coveragePercent: number;
    readonly missingStatements: number;
  }[];
  readonly coveredFiles: number;
  readonly patch?: Patch | undefined;
  /** One sentence: what was stored and where, or why not. */
  readonly stored: { readonly ok: boolean; readonly text: string };
  readonly warnings: readonly Warning[];
}

export interface SummaryStyle {
  readonly paint: Paint;
  readonly columns: number;
  /** How many failures to list, those that are alike count once; and of what is green again, at least 20. */
  readonly mostFailures: number;
  /** How to see the others: `--verbose shows more`. */
  readonly hint?: string | undefined;
}

export function renderSummary(summary: Summary, style: SummaryStyle): string {
  const { paint } = style;
  const sections = [
    renderTotals(summary, style),
    renderClasses(summary, style),
    renderReruns(summary, style),
    renderChanges(summary.history, style),
    renderSlowest(summary, style),
    renderCoverage(summary, style),
    renderPatch(summary, style),
    renderMatriz(summary, style),
    renderWarnings(summary.warnings, paint),
    renderVerdict(summary, style),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function renderTotals(summary: Summary, { paint, columns }: SummaryStyle): string {
  const { reports, severalReports, totals, lost, incomplete, xfailed, history } = summary;
  const parts: string[] = [];
  if (totals.failed > 0) parts.push(paint.red(paint.bold(`${number(totals.failed)} failed`)));
  if (totals.errors > 0) parts.push(paint.red(paint.bold(count(totals.errors, 'error'))));
  if (lost > 0) parts.push(paint.red(paint.bold(`${count(lost, 'test')} could not be read`)));
  parts.push(totals.passed > 0 ? paint.green(`${number(totals.passed)} passed`) : paint.dim('0 passed'));
  if (totals.skipped > xfailed) parts.push(paint.yellow(`${number(totals.skipped - xfailed)} skipped`));
  if (xfailed > 0) parts.push(paint.yellow(`${number(xfailed)} xfailed`));
  const fixed = history === undefined ? 0 : fixedTests(history).length;
  if (fixed > 0) parts.push(paint.green(`${number(fixed)} fixed`));
  const known = history?.failures.filter((failure) => failure.known).length ?? 0;
  if (known > 0) parts.push(paint.green(`${number(known)} known`));
  if (incomplete && lost === 0) parts.push(paint.yellow('incomplete'));
  const source = reports.length === 1 ? safeLine(reports[0] ?? '') : `${reports.length} reports`;
  const time = totals.durationSeconds === undefined ? '' : ` in ${duration(totals.durationSeconds)}`;
  const tests = severalReports && testsOf(severalReports, totals.total);
  const ran = tests === undefined ? count(totals.total, 'test') : runsOfTests(totals.total, tests);
  const head = `${ran}${time}`;
  const isRed = totals.failed + totals.errors > 0;
  const against =
    history?.point !== undefined
      ? `against ${safeLine(comparedWith(history))}`
      : history !== undefined && isRed
        ? safeLine(comparedWith(history))
        : '';
  const facts = [source, commitOf(summary), against].filter((part) => part !== '');
  const lines = [`${markOf(summary, paint)} ${paint.bold(head)}`];
  let left = columns - 2 - widthOf(head);
  for (const fact of facts) {
    const more = widthOf(fact) + 3;
    if (more <= left) lines[lines.length - 1] += `   ${paint.dim(fact)}`;
    else lines.push(...wrap(fact, columns - 2).map((line) => `  ${paint.dim(line)}`));
    left = more <= left ? left - more : columns - widthOf(fact) - 2;
  }
  const outage = outageOf(history);
  return [
    ...lines,
    `  ${parts.join(paint.dim(' · '))}`,
    ...(outage === '' ? [] : wrap(outage, columns - 2).map((line) => `  ${paint.yellow(line)}`)),
  ].join('\n');
}

/** Above and below all the same: what is red, or was not read, is never a tick, nor is a run in which nothing passed. */
function markOf({ totals, lost, incomplete, warnings, matriz, gates = [] }: Summary, paint: Paint): string {
  const isBad =
    totals.failed + totals.errors + lost > 0 ||
    matriz?.review.status === 'BLOCKED' ||
    gates.length > 0 ||
    warnings.some(({ severity }) => severity === 'error');
  if (isBad) return paint.red('✗');
  return incomplete || totals.passed === 0 ? paint.yellow('○') : paint.green('✓');
}

/** `mix @ 8ba79f5 (2 files uncommitted)`. */
function commitOf({ commit }: Summary): string {
  if (commit === undefined) return '';
  const { branch, sha, dirty = 0 } = commit;
  const at = [branch, sha === undefined ? undefined : shortSha(sha)].filter((part) => part !== undefined);
  const uncommitted = dirty === 0 ? '' : ` (${count(dirty, 'file')} uncommitted)`;
  return at.length === 0 ? '' : safeLine(`${at.join(' @ ')}${uncommitted}`);
}

/** The word of a class, in one column with its number. */
const labels: Readonly<Record<Novelty, string>> = {
  new: 'NEW',
  'no-history': 'NO HISTORY',
  flaky: 'FLAKY',
  'pre-existing': 'OLD',
};

interface Class {
  readonly label: string;
  readonly paint: (text: string) => string;
  /** Lines of each item that is listed, without the margin. */
  readonly blocks: readonly (readonly string[])[];
}

/** Failures by class, and what is green again, all behind one margin. */
function renderClasses(summary: Summary, style: SummaryStyle): string {
  const { paint } = style;
  const { history, totals } = summary;
  const all = totals.failed + totals.errors;
  const told = all === 0 ? [] : pairFailures(summary.failures, history);
  const failed =
    history === undefined
      ? [{ class: undefined, told, label: `FAILED ${number(all)}` }]
      : novelties.map((novelty) => {
          const own = told.filter((one) => one.history?.class === novelty);
          // The heading says that there is nothing to compare with.
          const word = novelty === 'no-history' && history.point === undefined ? 'FAILED' : labels[novelty];
          return { class: novelty, told: own, label: `${word} ${number(own.length)}` };
        });
  const used = failed.filter((group) => group.told.length > 0);
  const green = greenAgain(history);
  const margin = 2 + Math.max(0, ...[...used, ...green].map(({ label }) => label.length));
  let room = style.mostFailures;
  let untold = history === undefined ? all - told.length : 0;
  const red = used.map((group): Class => {
    const listed = groupAlike(group.told)
      .filter(({ failure }) => failure !== undefined)
      .slice(0, room);
    room -= listed.length;
    untold += group.told.length - listed.reduce((sum, alike) => sum + alike.all.length, 0);
    const place = { summary, style, margin, class: group.class };
    return {
      label: group.label,
      paint: group.class === undefined ? paint.red : paintOf(group.class, paint),
      blocks:
        listed.length === 0 ? [[paint.dim('not listed')]] : listed.map((one) => renderAlike(one, place)),
    };
  });
  const rest =
    untold === 0 || all === 0
      ? []
      : [
          `${' '.repeat(margin)}${paint.dim(`and ${count(untold, 'failure')} more${style.hint === undefined ? '' : `: ${style.hint}`}`)}`,
        ];
  const fixed = green.map(({ label, tests }) => ({
    label,
    paint: paint.green,
    blocks: renderGreen(tests, history?.baseBranch ?? 'the base branch', { summary, style, margin }),
  }));
  const lines = (classes: readonly Class[]) =>
    classes.flatMap(({ label, paint: colour, blocks }) =>
      blocks.flatMap(([first = '', ...others], i) => [
        `${i === 0 ? colour(paint.bold(label.padEnd(margin))) : ' '.repeat(margin)}${first}`,
        ...others.map((line) => `${' '.repeat(margin + 2)}${line}`),
      ]),
    );
  return [...lines(red), ...rest, ...lines(fixed)].join('\n');
}

function paintOf(name: Novelty, paint: Paint): (text: string) => string {
  const colours = {
    new: paint.red,
    flaky: paint.magenta,
    'pre-existing': paint.yellow,
    'no-history': paint.cyan,
  };
  return colours[name];
}

interface Place {
  readonly summary: Summary;
  readonly style: SummaryStyle;
  /** Columns before the text. */
  readonly margin: number;
}

/** Fewer columns are not enough for a message. */
const leastMessage = 24;

function renderAlike(
  alike: Alike,
  {
    summary: { folder, isFromWindows, history: run, numberedIn },
    style: { paint, columns },
    margin,
    class: novelty,
  }: Place & { readonly class: Novelty | undefined },
): readonly string[] {
  const { failure, all, place } = alike;
  if (failure === undefined) return [];
  const said = wordsOf(alike);
  const type = fold(safeLine(said.errorType ?? (said.outcome === 'error' ? 'error' : 'failure')), 60);
  const line = failure.line === undefined ? '' : `:${failure.line}`;
  const where = safeLine(place ?? `${failure.testFile ?? ''}${line}`);
  const message = withoutType(safeLine(said.message ?? ''), said.errorType);
  const more = howMany(alike);
  const inner = margin + 2;
  const head = `${paint.red(type)}${where === '' ? '' : `  ${paint.cyan(where)}`}`;
  const bare = margin + widthOf(type) + widthOf(where) + 2;
  const hasRoom = bare + more.length + 4 <= columns;
  const size = more === '' ? '' : paint.bold(`(${more})`);
  const told = size === '' || !hasRoom ? '' : `  ${size}`;
  const used = bare + (told === '' ? 0 : more.length + 4);
  const left = columns - used - 2;
  const isOneLine = message === '' || left >= Math.min(leastMessage, widthOf(message));
  const words = message === '' || !isOneLine ? '' : `  ${fold(message, left)}`;
  const rows = [`${head}${words}${told}`];
  const row = (text: string) => void rows.push(text);
  if (!hasRoom && size !== '') row(size);
  if (!isOneLine) row(fold(message, columns - inner));
  if (all.length > 1)
    row(
      namesIn(
        all.map(({ testName }) => testName),
        columns - inner,
      ),
    );
  const why = [attemptsOf(alike), safeLine(evidenceOfAll(alike, run))].filter((part) => part !== '');
  for (const part of wrap(why.join('; '), columns - inner)) row(paint.dim(part));
  const shell = shellOf(isFromWindows);
  const again = pytestCommand(failure, folder, shell) ?? whyNoCommand(failure, shell);
  if (again !== '') row(paint.dim(again));
  for (const { match, fits } of matchesOf(alike).slice(0, 2))
    for (const text of renderMatch(
      match,
      fits < all.length ? `${fits} of ${all.length}` : '',
      paint,
      columns - inner,
    ))
      row(text);
  const untaught = novelty !== undefined && taught.has(novelty) ? toTeach(alike) : undefined;
  const teach =
    untaught === undefined
      ? undefined
      : teachCommand(untaught.testName, shell, { number: untaught.history?.number, run: numberedIn });
  if (teach !== undefined) row(paint.dim(teach));
  for (const line of plainCaptured(failure.captured)) row(paint.dim(fold(safeLine(line), columns - inner)));
  return rows;
}

/** As many names as fit on a line. */
function namesIn(names: readonly string[], width: number): string {
  const short = shortNames(names).map(safeLine);
  const shown: string[] = [];
  let left = width;
  for (const [i, name] of short.entries()) {
    const rest = short.length - i - 1;
    const more = rest === 0 ? 0 : ` and ${number(rest)} more`.length;
    if (shown.length > 0 && widthOf(name) + 1 + more > left) break;
    const kept = shown.length === 0 ? fold(name, width - more) : name;
    shown.push(kept);
    left -= widthOf(kept) + 1;
  }
  const rest = short.length - shown.length;
  return `${shown.join(' ')}${rest === 0 ? '' : ` and ${number(rest)} more`}`;
}

function renderMatch({ memory, tier }: Match, fits: string, paint: Paint, columns: number): string[] {
  const tries = memory.successCount + memory.failureCount;
  const worked = tries === 0 ? [] : [`worked ${memory.successCount} of ${tries} times`];
  const id = safeLine(memory.id).slice(0, 8);
  const some = fits === '' ? [] : [fits];
  if (tier === 'similar') {
    const facts = [...worked, ...some].map((fact) => `, ${fact}`).join('');
    const end = `${facts}   ${id}`;
    const start = `◆ ${tierNames[tier].toLowerCase()}: `;
    const words = safeLine(memory.rootCause ?? memory.solution);
    const left = columns - start.length - 2;
    const head = (width: number) => `${paint.yellow('◆')}${start.slice(1)}"${fold(words, width)}"`;
    return left - end.length >= Math.min(leastMessage, widthOf(words))
      ? [`${head(left - end.length)}${paint.dim(end)}`]
      : [head(left), `  ${paint.dim(end.replace(/^[, ]+/, ''))}`];
  }
  const facts = [
    tierNames[tier].toLowerCase(),
    ...(memory.confidence === undefined ? [] : [`confidence ${memory.confidence.toFixed(2)}`]),
    ...worked,
    ...noBetterThanWaiting(memory),
    ...(memory.lastApplied === undefined ? [] : [`last on ${memory.lastApplied.toISOString().slice(0, 10)}`]),
    ...some,
  ];
  const [first = '', ...others] = wrap(`${facts.join(', ')} (lukhas healix show ${id})`, columns - 2);
  return [
    `${paint.green('◆')} ${first}`,
    ...others.map((line) => `  ${line}`),
    ...(memory.rootCause === undefined ? [] : [`  cause  ${fold(safeLine(memory.rootCause), columns - 9)}`]),
    `  fix    ${paint.bold(fold(safeLine(memory.solution), columns - 9))}`,
  ];
}

/** Tests that were red where the change begins, and are green here: repaired, or red there by chance. */
function greenAgain(
  history: RunHistory | undefined,
): readonly { readonly label: string; readonly tests: readonly Fixed[] }[] {
  const [fixed, chance] = [true, false].map((isFixed) =>
    (history?.fixed ?? []).filter(({ kind }) => (kind === 'fixed') === isFixed),
  ) as [Fixed[], Fixed[]];
  return [
    { label: `FIXED ${number(fixed.length)}`, tests: fixed },
    { label: `GREEN ${number(chance.length)}`, tests: chance },
  ].filter(({ tests }) => tests.length > 0);
}

/** A green run lists no failures, and all the more what it repaired. */
const leastGreen = 20;

/** One line for all that are green for one reason. */
function renderGreen(
  tests: readonly Fixed[],
  base: string,
  { style: { paint, columns, mostFailures }, margin }: Place,
): readonly (readonly string[])[] {
  const reasons = new Map<string, string[]>();
  for (const test of tests) {
    const words = safeLine(fixedEvidence(test, base));
    reasons.set(words, [...(reasons.get(words) ?? []), test.testName]);
  }
  const most = Math.max(mostFailures, leastGreen);
  const listed = [...reasons].slice(0, most);
  const blocks = listed.map(([words, names]) => {
    const left = columns - margin - widthOf(words) - 2;
    return left >= leastMessage
      ? [`${namesIn(names, left)}  ${paint.dim(words)}`]
      : [
          namesIn(names, columns - margin),
          ...wrap(words, columns - margin - 2).map((line) => paint.dim(line)),
        ];
  });
  const rest = [...reasons.values()].slice(most).flat().length;
  return rest === 0 ? blocks : [...blocks, [paint.dim(`and ${number(rest)} more`)]];
}

/** A cause that was found out helps with these. */
const taught: ReadonlySet<Novelty> = new Set(['new', 'no-history']);
const mostNames = 10;

/** Width of the words before what differs from the point. */
const labelled = 10;

function renderChanges(history: RunHistory | undefined, { paint, columns }: SummaryStyle): string {
  const changes = history?.changes;
  if (history === undefined || changes === undefined) return '';
  const names = (list: readonly string[]) =>
    `${list.slice(0, mostNames).map(safeLine).join(', ')}${list.length > mostNames ? ` and ${number(list.length - mostNames)} more` : ''}`;
  const notRun = changes.notRun.map(({ file, tests, why }) => `${file} (${count(tests, 'test')}, ${why})`);
  const { moved, renamed } = wordRenames(changes.renamed);
  const lists: { what: string; list: readonly string[]; tests?: number }[] = [
    { what: 'added', list: changes.added },
    { what: 'removed', list: changes.removed },
    { what: 'moved', list: moved.names, tests: moved.count },
    { what: 'renamed', list: renamed.names, tests: renamed.count },
    { what: 'with other parameters', list: changes.parametersChanged },
    { what: 'newly skipped', list: changes.newlySkipped },
  ].filter(({ list }) => list.length > 0);
  const rows = [
    ...lists.map(({ what, list, tests = list.length }) => `${number(tests)} ${what}: ${names(list)}`),
    ...(notRun.length === 0 ? [] : [`not run here: ${names(notRun)}`]),
    ...changes.slower
      .slice(0, 3)
      .map(
        (test) =>
          `slower: ${duration(test.beforeSeconds)} → ${duration(test.afterSeconds)}  ${safeLine(test.testName)}`,
      ),
  ];
  return rows
    .map(
      (row, i) =>
        `${i === 0 ? paint.bold('tests'.padEnd(labelled)) : ' '.repeat(labelled)}${fold(row, columns - labelled)}`,
    )
    .join('\n');
}

/** The verdict once more: it is what stands above the prompt. */
function renderVerdict(summary: Summary, { paint, columns }: SummaryStyle): string {
  const { history, totals, lost, incomplete, warnings, stored, matriz, gates = [] } = summary;
  const text = safeLine(stored.text);
  const failed = totals.failed + totals.errors;
  const fixed = history === undefined ? 0 : fixedTests(history).length;
  const parts = [
    ...(failed === 0
      ? []
      : history === undefined
        ? [`${number(failed)} failed, not judged`]
        : history.point === undefined
          ? [`${number(failed)} failed, nothing to compare with`]
          : classCounts(history).map(
              ({ class: name, count: n }) => `${number(n)} ${labels[name].toLowerCase()}`,
            )),
    ...(lost > 0 ? [`${count(lost, 'test')} could not be read`] : []),
    ...(failed + lost === 0 && warnings.some(({ severity }) => severity === 'error')
      ? [incomplete ? 'incomplete: see the error' : 'see the error']
      : []),
    ...(fixed > 0 ? [`${number(fixed)} fixed`] : []),
    ...(matriz?.review.status === 'BLOCKED' ? ['blocked by MATRIZ'] : []),
    ...(gates.length > 0 ? ['a gate failed'] : []),
  ];
  const mark = markOf(summary, paint);
  if (parts.length === 0)
    return `${stored.ok || totals.passed === 0 || incomplete ? mark : paint.yellow('○')} ${text}`;
  const verdict = `${mark} ${parts.join(', ')}`;
  const words = stored.ok ? paint.dim(text) : paint.yellow(text);
  return parts.join(', ').length + widthOf(text) + 5 <= columns
    ? `${verdict}   ${words}`
    : `${words}\n${verdict}`;
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
  const { totals, coveredFiles, history } = summary;
  if (totals.coveragePercent === undefined) return '';
  const change = history?.coverage;
  const moved =
    change === undefined
      ? ''
      : ` (${coverageDifference(change)} against ${safeLine(history?.baseBranch ?? 'the base branch')})`;
  const paths = summary.leastCovered.map((file) => fold(safeLine(file.filePath), columns - labelled - 32));
  const longest = Math.max(...paths.map(widthOf));
  const rows = summary.leastCovered.map((file, i) => {
    const path = paths[i] ?? '';
    const missing = paint.dim(`${count(file.missingStatements, 'statement')} missing`);
    return `${' '.repeat(labelled)}${percent(file.coveragePercent).padStart(6)}  ${path}${' '.repeat(longest - widthOf(path))}  ${missing}`;
  });
  const least = rows.length === 0 ? '' : ', least covered:';
  const total = `${paint.bold(percent(totals.coveragePercent))} of ${count(coveredFiles, 'file')}${paint.dim(moved)}${least}`;
  return [`${paint.bold('coverage'.padEnd(labelled))}${total}`, ...rows].join('\n');
}

const patchFiles = 5;

/** The statements of the change that no test ran. */
function renderPatch({ patch }: Summary, { paint, columns }: SummaryStyle): string {
  if (!hasPatchNews(patch)) return '';
  const label = paint.bold('change'.padEnd(labelled));
  if ('problem' in patch) return `${label}${paint.dim(`coverage not computed: ${safeLine(patch.problem)}`)}`;
  const { files, lost = [], unreported } = patch.coverage;
  const rows = [
    ...files.filter(isUncovered).map(({ filePath, uncovered, branches: { partial = [] } = {} }) => {
      const lines = uncovered.length === 0 ? '' : `:${lineRanges(uncovered, ',')}`;
      const ways =
        partial.length === 0
          ? ''
          : `  ${partial.length === 1 ? 'branch' : 'branches'} ${partial.map(branchName).join(', ')}`;
      return `not covered  ${safeLine(filePath)}${lines}${ways}`;
    }),
    ...lost.map((file) => `no longer covered  ${safeLine(file.filePath)}:${lineRanges(file.lines, ',')}`),
    ...unreported.map((path) => `in no coverage report  ${safeLine(path)}`),
    ...(patch.notComputed ?? []).map((path) => `not computed  ${safeLine(path)}`),
  ];
  const more = rows.length > patchFiles ? [`and ${rows.length - patchFiles} more`] : [];
  const shown = [...rows.slice(0, patchFiles), ...more].map(
    (row) => `${' '.repeat(labelled)}${fold(row, columns - labelled)}`,
  );
  return [`${label}${patchSentence(patch)}`, ...shown].join('\n');
}

const mostViolations = 10;

/** The analysis in a line, and the rules of the stars that do not approve. */
function renderMatriz({ matriz }: Summary, { paint, columns }: SummaryStyle): string {
  if (matriz === undefined) return '';
  const { status } = matriz.review;
  const colour = status === 'BLOCKED' ? paint.red : status === 'APPROVED' ? paint.green : paint.yellow;
  const words = fold(safeLine(matrizVerdict(matriz)), columns - labelled);
  const told = toldViolations(matriz.review);
  const rows = told.slice(0, mostViolations).flatMap(({ star, violation }) => {
    const name = fold(safeLine(star.name), 30);
    const mark = star.status === 'BLOCKED' ? paint.red('✗') : paint.yellow('○');
    const severity = violation?.severity === undefined ? '' : `${fold(safeLine(violation.severity), 20)}: `;
    const rule = violation === undefined ? 'names no rule' : `${severity}${safeLine(violation.rule)}`;
    const location = safeLine(violation?.location ?? '');
    const indent = ' '.repeat(labelled);
    const left = columns - labelled - 2 - widthOf(name) - 2;
    const isOneLine = widthOf(rule) + widthOf(location) + 2 <= left;
    const head = `${indent}${mark} ${paint.bold(name)}  `;
    if (location === '' || isOneLine)
      return [`${head}${fold(rule, left)}${location === '' ? '' : `  ${paint.cyan(location)}`}`];
    return [`${head}${fold(rule, left)}`, `${indent}  ${paint.cyan(fold(location, columns - labelled - 2))}`];
  });
  const rest = told.length - mostViolations;
  return [
    `${paint.bold('matriz'.padEnd(labelled))}${colour(words)}`,
    ...rows,
    ...(rest > 0 ? [`${' '.repeat(labelled)}${paint.dim(`and ${number(rest)} more`)}`] : []),
  ].join('\n');
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
