// The results of a commit's jobs in Markdown, for the pull request's comment and the job's summary: what failed, what is known
// about it, what to do. Pure; all data goes through markdown.ts.
import type {
  Branch,
  ExceptionExcerpt,
  HealixMemory,
  LineRange,
  Match,
  Novelty,
  Patch,
  RunHistory,
  Totals,
} from '../../model.ts';
import {
  hasResults,
  isBadReport,
  type ReportCounts,
  type SeveralReports,
  sizeOfReports,
} from '../../report-counts.ts';
import {
  type Alike,
  attemptsOf,
  evidenceOfAll,
  groupAlike,
  howMany,
  likeness,
  matchesOf,
  shortNames,
  type Told,
  toTeach,
  wordsOf,
} from '../alike.ts';
import { type Commands, rerunCommands, shellOf, teachCommands } from '../commands.ts';
import { commitsOf, comparedWith, fixedEvidence, outageOf, stripOf } from '../evidence.ts';
import { capturedTitle, errorLines, hasFrames, leftOut, olderExceptions, otherFrames } from '../excerpt.ts';
import { matrizVerdict, type ShownMatriz, toldViolations } from '../matriz.ts';
import {
  branchName,
  branchWords,
  hasPatchNews,
  isUncovered,
  patchSentence,
  togetherSentence,
} from '../patch.ts';
import { wordRenames } from '../renames.ts';
import {
  allJobs,
  count,
  coverageDifference,
  difference,
  duration,
  durationDifference,
  failureKey,
  noBetterThanWaiting,
  number,
  percent,
  phaseApart,
  skippedColumn,
  skippedWords,
  type ToldFailure,
  tierNames,
} from '../words.ts';
import { type Links, openLinks } from './links.ts';
import { block, code, cut, cutFront, exactBlock, inline, isExact } from './markdown.ts';

/** The results of a job. */
export interface Section {
  readonly totals: Totals;
  /** Tests that could not be read. */
  readonly lost: number;
  /** Not all reports and tests could be read: what is absent says nothing. */
  readonly incomplete: boolean;
  /** There was no report, or none with results; `troubles` say why. */
  readonly missing?: 'report' | 'results' | undefined;
  /** What could not be taken, as sentences. */
  readonly troubles: readonly string[];
  readonly xfailed: number;
  /** Those that are shown; `totals` counts all. */
  readonly failures: readonly ToldFailure[];
  readonly history: RunHistory | undefined;
  /** The coverage of the change: of all stored runs of the commit. */
  readonly patch?: Patch | undefined;
  /** Why a gate fails besides failed tests and MATRIZ, a sentence each. */
  readonly gates?: readonly string[] | undefined;
  /** undefined: none was given, or it is told nowhere. */
  readonly matriz?: ShownMatriz | undefined;
  readonly leastCovered: readonly {
    readonly filePath: string;
    readonly coveragePercent: number;
    readonly missingStatements: number;
  }[];
  readonly stored: { readonly ok: boolean; readonly text: string };
  /** Shows a memory's id only. */
  readonly hideSolutions: boolean;
  /** pytest's rootdir, seen from the repository's root: commands run there. undefined: the root itself, or not known. */
  readonly folder?: string | undefined;
  /** The tests ran on Windows: commands are PowerShell's. */
  readonly isFromWindows?: boolean | undefined;
  /** What each of several reports holds. */
  readonly severalReports?: SeveralReports | undefined;
  /** Makes links; undefined: there are none. */
  readonly links?: Links | undefined;
}

const noLinks = openLinks();

/** A job of the commit, as the comment names it. */
export interface Job {
  readonly label: string;
  readonly section: Section;
}

/** How much is shown. */
export interface Detail {
  /** Failures of each class. */
  readonly failures: number;
  readonly messages: boolean;
  readonly fixes: boolean;
  /** So many failures of each class with what their tracebacks show. */
  readonly excerpts: number;
  /** And without what they printed: it is long, and failures with their fixes say more. */
  readonly withoutOutput?: boolean;
  /** Commands, changed tests, files. */
  readonly extras: boolean;
  /** The files that tests cover least, whatever the change is about. */
  readonly leastCovered?: boolean;
  /** Where to find what was left out. */
  readonly more: string;
}

/** One failure, and in which jobs. */
interface TestTold extends Told {
  /** Of the first job that tells it. */
  readonly run: RunHistory | undefined;
  readonly hidden: boolean;
  readonly jobs: string[];
  readonly links: Links;
  /** See Section. */
  readonly folder: string | undefined;
  /** It fails on Windows alone. */
  onWindows: boolean;
}

interface Group {
  readonly title: string;
  /** Distinct failures, shown or not. */
  readonly all: number;
  /** Names of the tests, with their folders: projects have tests of one name. */
  readonly names: ReadonlySet<string>;
  readonly told: readonly TestTold[];
  /** Those that are alike as one. */
  readonly alike: readonly Alike<TestTold>[];
}

const titles: readonly { readonly class: Novelty | undefined; readonly title: string }[] = [
  { class: undefined, title: 'Failures' },
  { class: 'new', title: 'New failures' },
  { class: 'no-history', title: 'Failures with nothing to compare with' },
  { class: 'flaky', title: 'Flaky' },
  { class: 'pre-existing', title: 'Failing before this change' },
];

/** One job; empty where nothing failed and there is nothing else to show. */
export function renderSection(section: Section, detail: Detail): string {
  return renderJobs([{ label: '', section }], detail);
}

/** All jobs together: shows a failure of several jobs once. Empty as for one job. */
export function renderJobs(jobs: readonly Job[], detail: Detail): string {
  const [only] = jobs.length === 1 ? jobs : [];
  const groups = groupFailures(jobs);
  const sections = jobs.map(({ section }) => section);
  const parts = renderTroubles(jobs);
  if (only !== undefined && only.section.missing === undefined && only.section.totals.total > 0)
    parts.push(renderCounts(only.section), renderReports(only.section));
  const analyses = renderAnalyses(jobs, detail);
  if (sections.some(({ matriz }) => matriz?.review.status === 'BLOCKED')) parts.push(...analyses.splice(0));
  parts.push(...renderOutages(jobs));
  for (const group of groups) parts.push(renderGroup(group, jobs.length, detail));
  parts.push(renderFixed(sections));
  if (detail.extras) parts.push(...renderCommands(groups, sections), renderChanges(sections));
  parts.push(renderCoverage(sections), renderPatch(sections, detail));
  parts.push(...renderCoveredFiles(sections, detail), ...analyses);
  for (const text of new Set(sections.map(storedLine))) parts.push(text);
  return parts.filter((part) => part !== '').join('\n\n');
}

const mostTroubles = 10;

/** What could not be taken; of a job whose run was stored by another program only that it is incomplete. */
function renderTroubles(jobs: readonly Job[]): string[] {
  const labels = shortLabels(jobs.map(({ label }) => label));
  return jobs.flatMap(({ section: { troubles, incomplete } }, i) => {
    const label = labels[i] ?? '';
    const name = jobs.length > 1 && label !== '' ? `${code(cut(label, 100))}: ` : '';
    if (troubles.length === 0 && incomplete)
      return [`> ❌ ${name}incomplete: a report of it holds no test, or not all of it could be read.`];
    const rest = troubles.length - mostTroubles;
    return [
      ...troubles.slice(0, mostTroubles).map((trouble) => `> ❌ ${name}${inline(cut(trouble, 500))}`),
      ...(rest > 0 ? [`> ❌ ${name}and ${rest} more: see the log of its step.`] : []),
    ];
  });
}

const mostViolations = 20;

/** MATRIZ's analyses: one that several jobs were given is told once, with their names. */
function renderAnalyses(jobs: readonly Job[], detail: Detail): string[] {
  const told = new Map<string, string[]>();
  const short = shortLabels(jobs.map(({ label }) => label));
  for (const [i, { section }] of jobs.entries()) {
    if (section.matriz === undefined) continue;
    const text = renderMatriz(section.matriz, detail);
    told.set(text, [...(told.get(text) ?? []), short[i] ?? '']);
  }
  return [...told].map(([text, labels]) => {
    const names = labels.slice(0, 3).map((label) => code(cut(label, 100)));
    const rest = labels.length > 3 ? ` and ${count(labels.length - 3, 'more job')}` : '';
    return `**MATRIZ** ${labels.length === jobs.length ? '' : `of ${names.join(', ')}${rest}: `}${text}`;
  });
}

function renderMatriz(matriz: ShownMatriz, detail: Detail): string {
  const head = inline(cut(matrizVerdict(matriz), 600));
  const violations = toldViolations(matriz.review);
  const listed = violations.slice(0, Math.min(detail.failures, mostViolations));
  const rows = listed.map(({ star, violation }) => {
    const severity = violation?.severity === undefined ? '' : `${inline(cut(violation.severity, 50))}: `;
    const rule = violation === undefined ? 'names no rule' : `${severity}${inline(cut(violation.rule, 500))}`;
    const at = violation?.location === undefined ? '' : ` at ${code(cut(violation.location, 300))}`;
    return `- ${star.status === 'BLOCKED' ? '❌' : '⚠️'} ${code(cut(star.name, 100))} ${rule}${at}`;
  });
  const rest = violations.length - listed.length;
  if (rest > 0) rows.push(`- … ${listed.length === 0 ? '' : 'and '}${number(rest)} more: ${detail.more}`);
  return [head, ...(rows.length === 0 ? [] : [rows.join('\n')])].join('\n\n');
}

/** Jobs whose run looks like an outage. */
function renderOutages(jobs: readonly Job[]): string[] {
  const labels = shortLabels(jobs.map(({ label }) => label));
  return jobs.flatMap(({ section: { history } }, i) => {
    const words = outageOf(history);
    const label = labels[i] ?? '';
    const name = jobs.length > 1 && label !== '' ? `${code(cut(label, 100))} ` : '';
    return words === '' ? [] : [`> ⚠️ ${name}${inline(words)}`];
  });
}

/**
 * Number of different tests that fail in any job, and of new ones among them. undefined: not judged, or none is new and some have
 * nothing to compare with, so that it is not known.
 */
export function countFailures(jobs: readonly Job[]): {
  readonly failed: number;
  readonly new: number | undefined;
} {
  const groups = groupFailures(jobs);
  const blind = jobs.some(
    ({ section }) => section.history === undefined && section.totals.failed + section.totals.errors > 0,
  );
  const fresh = groups.find((group) => group.title === 'New failures')?.names.size ?? 0;
  const isUnknown = fresh === 0 && jobs.some(({ section }) => hasNoHistory(section.history));
  return {
    failed: new Set(groups.flatMap((group) => [...group.names])).size,
    new: blind || isUnknown ? undefined : fresh,
  };
}

/** Whether a failure has nothing to compare with: it may be new. */
export function hasNoHistory(history: RunHistory | undefined): boolean {
  return history?.failures.some((failure) => failure.class === 'no-history') === true;
}

/** `3 failed, 1 error, 298 passed (+2), 41 skipped (−1) in 1.57 s (+0.20 s)`: what moved since the point in brackets. */
function renderCounts({ totals, xfailed, history, lost, severalReports }: Section): string {
  const before = lost > 0 ? undefined : history?.before;
  const passedBefore = before && before.total - before.failed - before.skipped;
  const bad = totals.failed + totals.errors;
  const failed = [
    ...(totals.failed > 0 ? [`**${number(totals.failed)} failed**`] : []),
    ...(totals.errors > 0 ? [`**${count(totals.errors, 'error')}**`] : []),
  ];
  const skipped = skippedWords(totals.skipped, xfailed);
  const parts = [
    ...(failed.length === 0 ? [] : [`${failed.join(', ')}${difference(bad, before?.failed)}`]),
    `${number(totals.passed)} passed${difference(totals.passed, passedBefore)}`,
    ...(skipped.length === 0 ? [] : [`${skipped.join(', ')}${difference(totals.skipped, before?.skipped)}`]),
  ];
  const seconds = totals.durationSeconds;
  const time =
    seconds === undefined
      ? ''
      : ` in ${duration(seconds)}${durationDifference(seconds, before?.durationSeconds)}`;
  const total = before === undefined ? '' : difference(totals.total, before.total);
  const isRunOnce = severalReports === undefined || severalReports.tests === totals.total;
  const all = count(totals.total, isRunOnce ? 'test' : 'test run');
  return `${parts.join(', ')}${time}${total === '' ? '' : `; ${all}${total}`}`;
}

const mostReportsNamed = 3;

/** `2 tests, 6 runs in 3 reports; 1 failed in results-3.12.xml`, and a row a file. */
function renderReports({ severalReports: reports, xfailed }: Section): string {
  if (reports === undefined) return '';
  const { counts, rest, tests } = reports;
  const { reports: all, runs } = sizeOfReports(reports);
  const said =
    tests === undefined || tests === runs
      ? count(all, 'report')
      : `${count(tests, 'test')}, ${count(runs, 'run')} in ${count(all, 'report')}`;
  const red = counts.filter(({ failed }) => failed > 0);
  const named = red
    .slice(0, mostReportsNamed)
    .map(({ report, failed }) => `${number(failed)} failed in ${code(cut(report, 200))}`);
  const more = red.length - named.length;
  const failedInRest = rest?.failed ?? 0;
  // How many of the rest failed is not known.
  if (more > 0) named.push(`and in ${failedInRest > 0 ? 'more than ' : ''}${number(more)} more`);
  else if (failedInRest > 0) named.push(`${number(failedInRest)} failed in others than those below`);
  const lines = [
    `| Report | Failed | Passed | ${skippedColumn(xfailed > 0)} |`,
    '|:--|--:|--:|--:|',
    ...reportRows(reports).map(
      ({ name, failed, passed, skipped }) => `| ${name} | ${failed} | ${passed} | ${skipped} |`,
    ),
  ];
  const head = named.length === 0 ? said : `${said}; ${named.join(', ')}`;
  return `${head}\n\n${folded('Each report', lines.join('\n'))}`;
}

const longestReport = 80;

/** A row a report, for a table, and one for those that are not named; counts are empty where nothing of it could be read. */
export function reportRows({ counts, rest }: Pick<SeveralReports, 'counts' | 'rest'>): {
  readonly name: string;
  readonly failed: string;
  readonly passed: string;
  readonly skipped: string;
}[] {
  const row = (name: string, one: Omit<ReportCounts, 'report'>) => {
    const mark = isBadReport(one) ? '❌' : one.passed > 0 ? '✅' : '⚪';
    const isEmpty = !hasResults(one);
    const note = !one.incomplete ? '' : isEmpty ? ' (no results)' : ' (incomplete)';
    const told = (n: number) => (isEmpty && one.incomplete ? '' : String(n));
    return {
      name: `${mark} ${name}${note}`,
      failed: told(one.failed),
      passed: told(one.passed),
      skipped: told(one.skipped),
    };
  };
  return [
    ...counts.map((one) => row(code(cutFront(one.report, longestReport), { cell: true }), one)),
    ...(rest === undefined ? [] : [row(`and ${count(rest.reports, 'more report')}`, rest)]),
  ];
}

/** Removes a `workflow / ` that all labels begin with. matches: tests / unit, tests / e2e: unit, e2e */
export function shortLabels(labels: readonly string[]): string[] {
  const prefix = /^[^(]* \/ (?=.)/.exec(labels[0] ?? '')?.[0] ?? '';
  const shared = labels.every((label) => label.startsWith(prefix) && label.length > prefix.length);
  return labels.map((label) => (shared ? label.slice(prefix.length) : label));
}

function groupFailures(jobs: readonly Job[]): Group[] {
  const labels = shortLabels(jobs.map(({ label }) => label));
  const found = new Map<string, TestTold & { failure: ToldFailure | undefined }>();
  let uncounted = 0;
  for (const [i, { section }] of jobs.entries()) {
    const {
      totals,
      failures,
      history: run,
      hideSolutions: hidden,
      isFromWindows: onWindows = false,
      links = noLinks,
      folder,
    } = section;
    const shown = new Map(numbered(failures).map(({ key, item }) => [key, item]));
    const past = new Map(numbered(run?.failures ?? []).map(({ key, item }) => [key, item]));
    for (const key of run === undefined ? shown.keys() : past.keys()) {
      const failure = shown.get(key);
      const history = past.get(key);
      const testName = failure?.testName ?? history?.testName ?? '';
      const id = `${history?.class}\n${folder ?? ''}\n${key}`;
      const before = found.get(id);
      if (before === undefined)
        found.set(id, {
          ...{ testName, failure, history, run, hidden, links, folder, onWindows },
          jobs: [labels[i] ?? ''],
        });
      else {
        before.failure ??= failure;
        before.jobs.push(labels[i] ?? '');
        before.onWindows &&= onWindows;
      }
    }
    // Failures beyond those shown are counted only.
    if (run === undefined) uncounted += totals.failed + totals.errors - shown.size;
  }
  const all = [...found.values()];
  return titles
    .map(({ class: name, title }) => {
      const told = all.filter(({ history }) => history?.class === name);
      return {
        title,
        all: told.length + (name === undefined ? uncounted : 0),
        names: new Set(told.map(({ testName, folder = '' }) => `${folder}\n${testName}`)),
        told,
        // Failures of more jobs come first, before many failures of a single job.
        alike: groupAlike(told, (one) => `${likeness(one)}\n${one.jobs.join('\n')}`).toSorted(
          (a, b) => (b.all[0]?.jobs.length ?? 0) - (a.all[0]?.jobs.length ?? 0),
        ),
      };
    })
    .filter((group) => group.all > 0);
}

/** Keeps apart two tests of one run that share name and signature. */
function numbered<T extends { readonly testName: string; readonly failureSignature?: string | undefined }>(
  items: readonly T[],
): { readonly key: string; readonly item: T }[] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const key = failureKey(item);
    const place = seen.get(key) ?? 0;
    seen.set(key, place + 1);
    return { key: `${key}\n${place}`, item };
  });
}

function renderGroup({ title, all, alike }: Group, jobs: number, detail: Detail): string {
  const shown = alike.filter(({ failure }) => failure !== undefined).slice(0, detail.failures);
  const items = shown.map((one, i) => renderAlike(one, jobs, detail, i < detail.excerpts));
  const rest = all - shown.reduce((sum, one) => sum + one.all.length, 0);
  if (rest > 0) items.push(`- … ${shown.length === 0 ? '' : 'and '}${number(rest)} more: ${detail.more}`);
  return `**${title}** (${number(all)})\n\n${items.join('\n')}`;
}

/** A list item on one line: a comment keeps line breaks of the source, a summary does not. */
function renderAlike(alike: Alike<TestTold>, allJobs: number, detail: Detail, withExcerpt: boolean): string {
  const { failure, all, place } = alike;
  const [first] = all;
  if (failure === undefined || first === undefined) return '';
  const name = code(cut(failure.testName, 500)) || '`(a test without a name)`';
  const rows = [
    `- ${all.length === 1 ? name : `**${place === undefined ? `${number(all.length)} tests alike` : howMany(alike)}:** ${renderNames(alike)}`}`,
  ];
  if (detail.messages) {
    const line = failure.line === undefined ? undefined : `${failure.testFile}:${failure.line}`;
    const where =
      place ?? (failure.testFile === undefined ? undefined : (frameInTree(failure, first.links) ?? line));
    const { said, phase } = saying(wordsOf(alike));
    if (said !== '')
      rows.push(
        `${code(cut(said, 300))}${phase}${where === undefined ? '' : ` at ${renderPlace(where, first.links)}`}`,
      );
  }
  const facts = [
    allJobs > 1 ? renderPlaces(first.jobs, allJobs) : '',
    detail.messages ? attemptsOf(alike) : '',
    detail.messages
      ? first.links.commits(inline(cut(evidenceOfAll(alike, first.run), 500)), [
          ...all.flatMap(({ history }) => (history === undefined ? [] : commitsOf(history))),
          ...(first.run?.point === undefined ? [] : [first.run.point.sha]),
        ])
      : '',
  ].filter((part) => part !== '');
  if (facts.length > 0) rows.push(facts.join('; '));
  if (detail.messages) rows.push(...renderStrip(alike));
  const matches = matchesOf(alike).slice(0, 2);
  for (const { match, fits } of matches)
    rows.push(...renderMatch(match, first, fits < all.length ? `${fits} of ${all.length}` : ''));
  const excerpt = withExcerpt
    ? renderExcerpt(
        detail.withoutOutput === true ? { ...failure, captured: undefined } : failure,
        first.links,
        cut(saying(wordsOf(alike)).said, 300),
      )
    : '';
  const fixes = matches.map(({ match }) => renderFix(match, first.hidden, detail));
  return [rows.join('<br>'), excerpt, ...fixes].join('');
}

/** The newest frame in a file of the tree, where the test's own name leads to none, as with `--junit-prefix`. */
function frameInTree({ testFile = '', excerpt }: ToldFailure, links: Links): string | undefined {
  if (links.knows(testFile)) return undefined;
  const frame = excerpt?.exceptions.at(-1)?.frames.findLast(({ path }) => links.knows(path));
  return frame && `${frame.path}:${frame.line}`;
}

/** How the test did lately; of several where they did alike. */
function renderStrip({ all }: Alike<TestTold>): string[] {
  const told = new Set(
    all.map(({ history, run }) => {
      const { strip, rate } =
        history === undefined ? { strip: '', rate: '' } : stripOf(history, run?.baseBranch);
      return strip === '' ? '' : `${code(cut(strip, 300))}${rate === '' ? '' : ` (${rate})`}`;
    }),
  );
  const [only] = told.size === 1 ? told : [];
  return only === undefined || only === '' ? [] : [only];
}

/** What the traceback shows and the test printed, folded below the item; without the words that stand above as `said`. */
function renderExcerpt({ excerpt, captured = [] }: ToldFailure, links: Links, said: string): string {
  const older = excerpt === undefined ? '' : olderExceptions(excerpt);
  const parts = (excerpt?.exceptions ?? [])
    .map((one) => renderException(one, links, said))
    .filter((part) => part !== '');
  const printed = captured.map(
    (output) => `  ${capturedTitle(output)}:\n\n${block(output.lines.join('\n'), 'text', '  ')}`,
  );
  const traceback =
    parts.length === 0 ? [] : [...(older === '' ? [] : [`  ${older}`]), parts.join('\n\n  And then:\n\n')];
  const content = [...traceback, ...printed];
  const title = [
    ...(parts.length === 0 ? [] : ['traceback']),
    ...(printed.length === 0 ? [] : ['captured output']),
  ];
  return content.length === 0
    ? ''
    : `\n\n  <details><summary>${headed(title)}</summary>\n\n${content.join('\n\n')}\n\n  </details>\n`;
}

function renderException(exception: ExceptionExcerpt, links: Links, said: string): string {
  const { source, frames } = exception;
  const more = leftOut(exception);
  const error = [...errorLines(exception), ...(more === '' ? [] : [`… ${more}`])];
  const isTold = error.length === 1 && error[0] === said;
  const others = otherFrames(exception);
  const rows = frames.map(({ path, line, times, statement }) => {
    const repeated = times > 1 ? ` (${number(times)} times)` : '';
    return `  - ${links.place(path, line)}${repeated}${statement === undefined ? '' : ` ${code(statement)}`}`;
  });
  if (others !== '') rows.push(`  - ${others}`);
  return [
    ...(source.length === 0 ? [] : [block(source.join('\n'), 'python', '  ')]),
    ...(error.length === 0 || isTold ? [] : [block(error.join('\n'), 'diff', '  ')]),
    ...(hasFrames(exception) ? [rows.join('\n')] : []),
  ].join('\n\n');
}

/** `path:line`, as a cause's key or a test's file has it. */
function renderPlace(where: string, links: Links): string {
  const [, path, line] = /^(.+):(\d{1,9})$/s.exec(where) ?? [];
  return path === undefined ? code(cut(where, 300)) : links.place(path, Number(line));
}

const mostNames = 5;

/** The first names of those that are alike, without the file where they share it and it stands beside. */
function renderNames({ all, place }: Alike): string {
  const names = all.map(({ testName }) => testName);
  const shown = (place === undefined ? shortNames(names) : names).slice(0, mostNames);
  const rest = names.length - shown.length;
  return `${shown.map((name) => code(cut(name, 300))).join(', ')}${rest === 0 ? '' : ` and ${number(rest)} more`}`;
}

/** The error's type and message; the type once, where the message begins with it or its full name. `phase`: ` in setup`. */
function saying({ errorType, message }: Pick<ToldFailure, 'errorType' | 'message'>): {
  readonly said: string;
  readonly phase: string;
} {
  const type = errorType ?? '';
  const { words, phase } = phaseApart(message ?? '');
  const first = /^[\w.<>]+/.exec(words)?.[0] ?? '';
  if (type !== '' && (first === type || first.endsWith(`.${type}`))) return { said: words, phase };
  return { said: [type, words].filter((part) => part !== '').join(': '), phase };
}

function renderPlaces(jobs: readonly string[], all: number): string {
  if (jobs.length === all) return `in ${allJobs(all)}`;
  const most = jobs.length > 5 ? 4 : 5;
  const names = jobs.slice(0, most).map((job) => code(cut(job, 100)));
  const rest = jobs.length - names.length;
  return `in ${names.join(', ')}${rest > 0 ? ` and ${rest} more jobs` : ''}`;
}

function renderMatch({ memory, tier }: Match, { hidden, links }: TestTold, fits: string): string[] {
  const id = code(memory.id.slice(0, 8));
  const some = fits === '' ? '' : `, ${fits}`;
  if (hidden) return [`${tierNames[tier]}${some} ${id}: its solution is not shown here`];
  const rows = [`${tierNames[tier]}${some}${facts(memory)} · ${links.memory(memory.id)}`];
  if (memory.rootCause !== undefined) rows.push(`**Cause:** ${inline(cut(memory.rootCause, 1000))}`);
  rows.push(`**Fix:** ${inline(cut(memory.solution, 1500))}`);
  return rows;
}

/** In characters. */
const longestFix = 4000;

/** The suggested code below the item, as text to read. */
function renderFix({ memory }: Match, hidden: boolean, detail: Detail): string {
  const fix = (memory.autoFixCode ?? '').replaceAll('\r\n', '\n');
  if (hidden || !detail.fixes || fix.trim() === '') return '';
  // It is for copying: whole and exact, or not at all. What cannot be shown as it is stands there escaped, and says so.
  if (fix.length > longestFix) {
    return `<br>**Suggested change:** longer than is shown here; see ${code(`lukhas healix show ${memory.id.slice(0, 8)}`)}`;
  }
  if (!isExact(fix)) {
    const escaped = block(fix, 'text', '  ');
    return `\n\n  <details><summary>Suggested change, with invisible characters escaped</summary>\n\n${escaped}\n\n  </details>\n`;
  }
  const shown = exactBlock(fix, 'text', '  ');
  return `\n\n  <details><summary>Suggested change</summary>\n\n${shown}\n\n  </details>\n`;
}

function facts(memory: HealixMemory): string {
  const tries = memory.successCount + memory.failureCount;
  const parts = [
    ...(memory.confidence === undefined ? [] : [`confidence ${memory.confidence.toFixed(2)}`]),
    ...(tries === 0 ? [] : [`worked ${number(memory.successCount)} of ${count(tries, 'time')}`]),
    ...noBetterThanWaiting(memory),
    ...(memory.lastApplied === undefined ? [] : [`last on ${memory.lastApplied.toISOString().slice(0, 10)}`]),
    ...(memory.stale === true ? ['to be read with care'] : []),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Commands to run the failed tests again, and to teach Healix their causes, for the shell of whoever has each failure. */
function renderCommands(groups: readonly Group[], sections: readonly Section[]): string[] {
  const told = groups.flatMap((group) => group.told).filter(({ failure }) => failure !== undefined);
  const distinct = (some: readonly Told[]) => [
    ...new Map(
      some.flatMap(({ failure }) => (failure === undefined ? [] : [[failure.testName, failure]])),
    ).values(),
  ];
  let notTold = groups.reduce((sum, group) => sum + group.all, 0) - told.length;
  // One for all of a cause.
  const untaught = groups.flatMap((group) => group.alike.flatMap((alike) => toTeach(alike) ?? []));
  const canTeach = sections.every(({ history }) => history !== undefined);
  return [false, true].flatMap((onWindows) => {
    const own = told.filter((one) => one.onWindows === onWindows);
    if (own.length === 0) return [];
    const shell = shellOf(onWindows);
    // Projects have folders of their own.
    const projects = [...new Set(own.map(({ folder }) => folder))].map((folder, i) => {
      const tests = distinct(own.filter((one) => one.folder === folder));
      return rerunCommands(tests, tests.length + (i === 0 ? notTold : 0), folder, shell);
    });
    notTold = 0;
    const again = {
      lines: projects.flatMap(({ lines }) => lines),
      left: projects.flatMap(({ left }) => (left === '' ? [] : [left])).join(' '),
    };
    const folds = foldedCommands('Run them again', again, onWindows);
    const unknown = canTeach
      ? distinct(
          untaught.filter(
            (one) =>
              one.onWindows === onWindows && one.history !== undefined && taught.has(one.history.class),
          ),
        )
      : [];
    const teach = teachCommands(
      unknown.map(({ testName }) => testName),
      5,
      shell,
    );
    return [
      ...folds,
      ...foldedCommands('Found out why? Teach Healix, and the next one is known', teach, onWindows),
    ];
  });
}

function foldedCommands(summary: string, { lines, left }: Commands, onWindows: boolean): string[] {
  const where = onWindows ? ' (PowerShell)' : '';
  if (lines.length === 0) return onWindows && left !== '' ? [folded(`${summary}${where}`, left)] : [];
  const content = exactBlock(lines.join('\n'), onWindows ? 'powershell' : 'sh');
  return [folded(`${summary}${where}`, left === '' ? content : `${content}\n\n${left}`)];
}

/** A cause that was found out helps with these. */
const taught: ReadonlySet<Novelty> = new Set(['new', 'no-history']);

/** `test_9` before `test_10`, the same on every machine. A collator takes 7 ms to make: most comments need none. */
function inOrder(one: string, other: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(one, other);
}
let collator: Intl.Collator | undefined;

/** Tests that were red where the change begins, and are green in all jobs that tell of them. */
function renderFixed(sections: readonly Section[]): string {
  const idOf = ({ folder = '' }: Section, testName: string) => `${folder}\n${testName}`;
  const failing = new Set(
    sections.flatMap(
      (section) => section.history?.failures.map(({ testName }) => idOf(section, testName)) ?? [],
    ),
  );
  const fixed = uniqueBy(
    sections.flatMap((section) => {
      const { history } = section;
      return (history?.fixed ?? []).map((test) => ({
        id: idOf(section, test.testName),
        testName: test.testName,
        words: fixedEvidence(test, history?.baseBranch ?? 'the base branch'),
        sha: test.kind === 'fixed' ? test.since : test.redAt,
      }));
    }),
    ({ id }) => id,
  )
    .filter(({ id }) => !failing.has(id))
    .sort((a, b) => inOrder(a.testName, b.testName));
  if (fixed.length === 0) return '';
  const links = linksOf(sections);
  const rows = fixed
    .slice(0, 10)
    .map(
      ({ testName, words, sha }) =>
        `- ${code(cut(testName, 300))}: ${links.commits(inline(cut(words, 300)), [sha])}`,
    );
  if (fixed.length > 10) rows.push(`- … and ${number(fixed.length - 10)} more`);
  return `**Green here** (${number(fixed.length)})\n\n${rows.join('\n')}`;
}

function renderChanges(sections: readonly Section[]): string {
  const changes = sections.flatMap(({ history }) => history?.changes ?? []);
  const union = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())].sort();
  const { moved, renamed } = wordRenames(
    uniqueBy(
      changes.flatMap((one) => one.renamed),
      ({ from, to }) => `${from}\n${to}`,
    ),
  );
  const lists: { what: string; names: readonly string[]; count?: number }[] = [
    { what: 'added', names: union(changes.map((one) => one.added)) },
    { what: 'removed', names: union(changes.map((one) => one.removed)) },
    { what: 'moved', names: moved.names, count: moved.count },
    { what: 'renamed', names: renamed.names, count: renamed.count },
    { what: 'with other parameters', names: union(changes.map((one) => one.parametersChanged)) },
    { what: 'newly skipped', names: union(changes.map((one) => one.newlySkipped)) },
    {
      what: 'files not run here',
      names: union(
        changes.map((one) =>
          one.notRun.map(({ file, tests, why }) => `${file} (${count(tests, 'test')}, ${why})`),
        ),
      ),
    },
  ].filter((list) => list.names.length > 0);
  const slower = uniqueBy(
    changes
      .flatMap((one) => one.slower)
      .sort((a, b) => b.afterSeconds - b.beforeSeconds - (a.afterSeconds - a.beforeSeconds)),
    (test) => test.testName,
  ).slice(0, 10);
  if (lists.length === 0 && slower.length === 0) return '';
  const numbers = lists.map(({ what, count: all, names }) => {
    const n = all ?? names.length;
    return `${number(n)} ${n === 1 ? what.replace(/^files/, 'file') : what}`;
  });
  if (slower.length > 0) numbers.push(`${slower.length} slower`);
  const rows = lists.flatMap((list) => [
    ...list.names.slice(0, 10).map((name) => `- ${list.what}: ${code(cut(name, 300))}`),
    ...(list.names.length > 10 ? [`- ${list.what}: … and more`] : []),
  ]);
  const slow = slower.map(
    (test) =>
      `- slower: ${duration(test.beforeSeconds)} → ${duration(test.afterSeconds)} ${code(cut(test.testName, 300))}`,
  );
  const head = `Compared${against(sections)}:`;
  return folded(`Tests: ${numbers.join(', ')}`, [head, '', ...rows, ...slow].join('\n'));
}

function against(sections: readonly Section[]): string {
  const history = sections.find((section) => section.history?.point !== undefined)?.history;
  if (history?.point === undefined) return '';
  const words = inline(cut(comparedWith(history), 400));
  return ` against ${linksOf(sections).commits(words, [history.point.sha])}`;
}

function linksOf(sections: readonly Section[]): Links {
  return sections.find(({ links }) => links !== undefined)?.links ?? noLinks;
}

function againstBranch(history: RunHistory | undefined): string {
  return history?.baseBranch === undefined ? '' : ` against ${code(cut(history.baseBranch, 255))}`;
}

/** One job's percentage; those of several jobs are in the table of jobs. */
function renderCoverage(sections: readonly Section[]): string {
  const [only] = sections.length === 1 ? sections : [];
  const together = togetherSentence(widestPatch(sections));
  if (only?.totals.coveragePercent === undefined) return together === '' ? '' : `**Coverage** ${together}`;
  const change = only.history?.coverage;
  const moved = change === undefined ? '' : ` (${coverageDifference(change)}${againstBranch(only.history)})`;
  return `**Coverage** ${percent(only.totals.coveragePercent)}${moved}${together === '' ? '' : `; ${together}`}`;
}

/** Tables of files, folded. */
function renderCoveredFiles(sections: readonly Section[], detail: Detail): string[] {
  if (!detail.extras) return [];
  const covered = sections.filter(({ totals }) => totals.coveragePercent !== undefined);
  const links = linksOf(sections);
  const movedFiles = uniqueBy(
    covered
      .flatMap(({ history }) => history?.coverage?.moved ?? [])
      .sort(
        (a, b) => Math.abs(b.afterPercent - b.beforePercent) - Math.abs(a.afterPercent - a.beforePercent),
      ),
    (file) => file.filePath,
  ).slice(0, 20);
  // A file counts with the highest coverage of any job.
  const leastFiles = uniqueBy(
    covered.flatMap((section) => section.leastCovered).sort((a, b) => b.coveragePercent - a.coveragePercent),
    (file) => file.filePath,
  )
    .reverse()
    .slice(0, 10);
  const tables = [
    {
      title: 'Files whose coverage moved',
      columns: ['File', 'Before', 'Now', 'Change'],
      rows: movedFiles.map((file) => [
        links.fileCell(file.filePath),
        percent(file.beforePercent),
        percent(file.afterPercent),
        coverageDifference(file),
      ]),
    },
    {
      title: 'Least covered files',
      columns: ['File', 'Coverage', 'Missing statements'],
      rows: (detail.leastCovered ? leastFiles : []).map((file) => [
        links.fileCell(file.filePath),
        percent(file.coveragePercent),
        number(file.missingStatements),
      ]),
    },
  ].filter(({ rows }) => rows.length > 0);
  return tables.map(({ title, columns, rows }) => {
    const lines = [columns, [':--', ...columns.slice(1).map(() => '--:')], ...rows];
    return folded(title, lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n'));
  });
}

const mostPatchFiles = 25;
const mostRanges = 20;

/** `Traceback and captured output` */
function headed(parts: readonly string[]): string {
  return parts.join(' and ').replace(/^./, (letter) => letter.toUpperCase());
}

/** Of the job that has most runs to judge by. */
function widestPatch(sections: readonly Section[], isTold: (patch: Patch) => boolean = () => true) {
  const runsOf = (patch: Patch) => ('problem' in patch ? (patch.together?.runs ?? 0) : patch.runs);
  const [patch] = sections
    .flatMap((section) => (section.patch !== undefined && isTold(section.patch) ? [section.patch] : []))
    .sort((a, b) => runsOf(b) - runsOf(a));
  return patch;
}

function renderPatch(sections: readonly Section[], detail: Detail): string {
  const patch = widestPatch(sections, hasPatchNews);
  const sentences = new Set(sections.flatMap((section) => section.gates ?? []));
  const gates = [...sentences].map((sentence) => `> ❌ ${inline(cut(sentence, 300))}`);
  if (patch === undefined) return gates.join('\n\n');
  const title = '**Coverage of this change**';
  if ('problem' in patch)
    return [`${title}: not computed, ${inline(cut(patch.problem, 300))}`, ...gates].join('\n\n');
  const { files, lost = [], unreported } = patch.coverage;
  const links = linksOf(sections);
  const cell = (path: string, ranges: readonly LineRange[], branches: readonly Branch[] = []) => {
    const more = (all: readonly unknown[]) =>
      all.length > mostRanges ? ` and ${number(all.length - mostRanges)} more` : '';
    const lines = `${links.linesCell(path, ranges.slice(0, mostRanges))}${more(ranges)}`;
    const ways = branches
      .slice(0, mostRanges)
      .map((branch) => links.linesCell(path, [[branch[0], branch[0]]], branchName(branch)));
    const parts = [lines, ways.length === 0 ? '' : `not taken: ${ways.join(', ')}${more(branches)}`];
    return `${links.fileCell(path)} | ${parts.filter((part) => part !== '').join('; ')}`;
  };
  const rows = [
    ...files.filter(isUncovered).map((file) => {
      const share = `${number(file.coveredStatements)} of ${number(file.changedStatements)}`;
      const branches = file.branches?.changed ? `, ${branchWords(file.branches)}` : '';
      return `| ${cell(file.filePath, file.uncovered, file.branches?.partial)} | ${share}${branches} |`;
    }),
    ...lost.map((file) => `| ${cell(file.filePath, file.lines)} | no longer covered |`),
  ];
  const named = rows.length;
  const untestedFiles = new Set([...files.filter(isUncovered), ...lost].map(({ filePath }) => filePath));
  rows.push(
    ...unreported.map((path) => `| ${cell(path, [])} | in no coverage report |`),
    ...(patch.notComputed ?? []).map((path) => `| ${cell(path, [])} | not computed |`),
  );
  const hasLines = lost.length > 0 || files.some(({ uncovered }) => uncovered.length > 0);
  const hasBranches = files.some(({ branches }) => (branches?.partial.length ?? 0) > 0);
  const untested = [...(hasLines ? ['lines'] : []), ...(hasBranches ? ['branches'] : [])];
  const titles = [
    ...(named > 0 ? [`${headed(untested)} without a test (${count(untestedFiles.size, 'file')})`] : []),
    ...(rows.length > named ? [`${count(rows.length - named, 'file')} without numbers`] : []),
  ];
  const shown = rows.slice(0, Math.min(mostPatchFiles, detail.failures));
  const rest = rows.length - shown.length;
  const table = ['| File | Not covered | Changed statements covered |', '|:--|:--|:--|', ...shown];
  const more = rest > 0 ? `\n\n… and ${number(rest)} more: ${detail.more}` : '';
  return [
    `${title}: ${patchSentence(patch)}`,
    ...gates,
    ...(rows.length === 0 ? [] : [folded(titles.join(', '), `${table.join('\n')}${more}`)]),
  ].join('\n\n');
}

/** The first item of each key. */
function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const unique = new Map<string, T>();
  for (const item of items) if (!unique.has(keyOf(item))) unique.set(keyOf(item), item);
  return [...unique.values()];
}

function storedLine({ stored }: Section): string {
  return stored.ok ? '' : `> ${inline(stored.text)}`;
}

/** `summary` is not escaped: it must not hold data. */
export function folded(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

/** Whether there is anything that tests printed to leave out. */
export function hasOutput({ failures }: Section): boolean {
  return failures.some(({ captured }) => captured !== undefined);
}
