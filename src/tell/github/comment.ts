// The pull request's comment, one for all jobs of a commit. The jobs in the database are one part, which each of them renders
// anew; a job without a database has its own part between marks, which the others copy unread. Pure; github.ts posts it.

import { createHash } from 'node:crypto';
import type { RunHistory, Totals, TotalsBefore } from '../../model.ts';
import {
  nameReports,
  type ReportCounts,
  type RestOfReports,
  type SeveralReports,
} from '../../report-counts.ts';
import { blockedStars } from '../matriz.ts';
import {
  allJobs,
  count,
  coverageDifference,
  difference,
  number,
  percent,
  runsOfTests,
  skippedColumn,
  skippedWords,
  testsOf,
} from '../words.ts';
import { type Attempted, compareAttempts, groupsOf, standing } from './attempts.ts';
import {
  countFailures,
  type Detail,
  hasNoHistory,
  hasOutput,
  type Job,
  renderJobs,
  reportRows,
  type Section,
  shortLabels,
} from './comment-section.ts';
import { linked, type Site } from './links.ts';
import { bytes, code, cut, cutFront, inline } from './markdown.ts';

/** GitHub refuses longer comments, and documents 65,536 characters. */
export const maxCommentBytes = 60_000;

/** What tells one upload of a commit from the others. */
export interface JobIdentity extends Attempted {
  /** 12 hex digits, different for each upload of a commit. */
  readonly key: string;
  /** 12 hex digits. */
  readonly name: string;
  /** GitHub's id of the job's check run. */
  readonly job: number | undefined;
  readonly step: string | undefined;
}

/** A job's line in the table. */
export interface JobRow extends JobIdentity {
  readonly label: string;
  readonly total: number;
  /** Different tests, where several reports ran some of them more than once, 0: too many to count; undefined where `total` counts tests. */
  readonly tests?: number | undefined;
  readonly passed: number;
  readonly failed: number;
  /** With those that were expected to fail, and did. */
  readonly skipped: number;
  readonly xfailed: number;
  /** How much more than in the run of the same job that it is compared with; undefined where nothing moved, or is known. */
  readonly moved?: { readonly failed: number; readonly passed: number; readonly skipped: number } | undefined;
  /** undefined: not judged. */
  readonly new: number | undefined;
  readonly coverage: number | undefined;
  /** Of the base branch. */
  readonly coverageBefore: number | undefined;
  /** Not all of it could be read, or something that was asked for is missing. */
  readonly incomplete: boolean;
  readonly missing: Section['missing'];
  /** Stars of MATRIZ that block. */
  readonly blocked: number;
  /** A gate that somebody asked for fails, though no test did: coverage, or what could not be decided. */
  readonly isGateFailed: boolean;
  /** Where it had several: at most 10 are named. */
  readonly reports?: RowReports | undefined;
}

type RowReports = Pick<SeveralReports, 'counts' | 'rest'>;

/** The part of one source: the database with all jobs that stored their runs, or a job without a database. */
export interface Part {
  /** 12 hex digits. */
  readonly key: string;
  /** Changes when the part's content does. */
  readonly version: string;
  readonly rows: readonly JobRow[];
  /** Different failures of all its jobs. */
  readonly failures: { readonly failed: number; readonly new: number | undefined };
  /** Longest first; a shorter one is used when the comment would be too long. */
  readonly texts: readonly string[];
  /** It is in a database. */
  readonly stored: boolean;
  /** Of a push whose commit is the head of the pull request, not of the pull request's own run. */
  readonly isPush?: boolean | undefined;
  /** Key of the row that the writing job knows itself; undefined: the part was read from a comment. */
  readonly own?: string | undefined;
}

export interface CommentState {
  readonly sha: string;
  /** GitHub's id of the workflow run. It grows with time, so a newer commit's run has a higher one. */
  readonly run: number;
  readonly parts: readonly Part[];
  /** An older commit, whose results stood here before. */
  readonly older?: string | undefined;
  /** Makes links; undefined: there are none. */
  readonly site?: Site | undefined;
  /** Tells it apart from other comments of ours on the pull request; begins its heading. */
  readonly title?: string | undefined;
  /** Of the commit that was told before. */
  readonly before?: News | undefined;
}

const markerStart = '<!-- lukhas-ingest ';
const partStart = '<!-- lukhas-job ';
const partEnd = '<!-- lukhas-end -->';
const seeSummary = 'see the summary of its job';

/** 12 hex digits, different for different names. */
export function jobKey(...names: readonly (string | undefined)[]): string {
  return shortHash(names.map((name) => name ?? null));
}

/** Renders jobs at every length. `version` changes when the part's inputs change, even if its text does not. */
export function makePart(
  jobs: readonly (Job & JobIdentity)[],
  identity: {
    readonly key: string;
    readonly version?: string;
    readonly stored?: boolean;
    readonly isPush?: boolean;
    readonly own?: string;
  },
): Part {
  const more = seeSummary;
  const details: Detail[] = [
    { failures: 50, messages: true, fixes: true, excerpts: 50, extras: true, more },
    { failures: 50, messages: true, fixes: true, excerpts: 8, extras: true, more },
    { failures: 50, messages: true, fixes: true, excerpts: 2, extras: true, more },
    ...(jobs.some(({ section }) => hasOutput(section))
      ? [{ failures: 50, messages: true, fixes: true, excerpts: 2, withoutOutput: true, extras: true, more }]
      : []),
    { failures: 25, messages: true, fixes: false, excerpts: 1, extras: true, more },
    { failures: 10, messages: true, fixes: false, excerpts: 0, extras: false, more },
    { failures: 5, messages: false, fixes: false, excerpts: 0, extras: false, more },
    { failures: 0, messages: false, fixes: false, excerpts: 0, extras: false, more },
  ];
  const sorted = jobs.toSorted((a, b) => compare(a.label, b.label) || compare(a.key, b.key));
  const rows = sorted.map(
    ({
      section: {
        totals,
        xfailed,
        history,
        incomplete,
        troubles,
        missing,
        matriz,
        gates,
        lost,
        severalReports,
      },
      ...job
    }) => ({
      key: job.key,
      name: job.name,
      run: job.run,
      attempt: job.attempt,
      job: job.job,
      step: job.step === undefined ? undefined : cut(job.step, 100),
      label: cut(job.label, 100),
      total: totals.total,
      tests: severalReports === undefined ? undefined : testsOf(severalReports, totals.total),
      passed: totals.passed,
      failed: totals.failed + totals.errors,
      skipped: totals.skipped,
      xfailed,
      moved: lost > 0 ? undefined : movedSince(history?.before, totals),
      new: countNew(history),
      coverage: totals.coveragePercent,
      coverageBefore: history?.coverage?.beforePercent,
      incomplete: incomplete || troubles.length > 0,
      missing,
      blocked: blockedStars(matriz?.review),
      isGateFailed: (gates?.length ?? 0) > 0,
      reports: severalReports && shortReports(severalReports),
    }),
  );
  const labels = labelRows(rows);
  const labelled = sorted.map((job, i) => ({ label: labels[i] ?? job.label, section: job.section }));
  const texts = details.map((detail) => renderJobs(labelled, detail));
  return {
    key: identity.key,
    version: identity.version ?? shortHash([rows, texts[0]]),
    rows,
    failures: countFailures(sorted),
    texts,
    stored: identity.stored === true,
    own: identity.own,
    ...(identity.isPush === true ? { isPush: true } : {}),
  };
}

/**
 * The part with what the other jobs' steps said of themselves in the comment that stands: no database keeps which gates they were
 * given, nor what they could not take. Another version where there is any, so that a comment without it is written again.
 */
export function keepTroubles(part: Part, states: readonly (CommentState | undefined)[]): Part {
  if (!part.stored || part.own === undefined) return part;
  const before = new Map(
    states.flatMap((state) =>
      (state?.parts ?? []).flatMap(({ key, rows }) =>
        key === part.key ? rows.map((row) => [row.key, row] as const) : [],
      ),
    ),
  );
  const rows = part.rows.map((row) => {
    const told = row.key === part.own ? undefined : before.get(row.key);
    return {
      ...row,
      incomplete: row.incomplete || told?.incomplete === true,
      isGateFailed: row.isGateFailed || told?.isGateFailed === true,
    };
  });
  const troubled = rows.filter((row) => row.incomplete || row.isGateFailed);
  const version =
    troubled.length === 0
      ? part.version
      : shortHash([part.version, ...troubled.map(({ key, isGateFailed }) => [key, isGateFailed])]);
  return { ...part, rows, version };
}

/**
 * The rows' labels, and behind equal ones what tells them apart: the step, the job's id (its log is at
 * `/actions/runs/<run>/job/<id>`), the attempt, else a number.
 */
export function labelRows(rows: readonly JobRow[]): string[] {
  const labels = new Map<JobRow, string>();
  for (const group of groupsOf(rows, ({ label }) => label).values()) {
    const told = apart(group);
    const places = new Map<string, number>();
    for (const label of told) places.set(label, (places.get(label) ?? 0) + 1);
    const seen = new Map<string, number>();
    for (const [i, row] of group.entries()) {
      const label = told[i] ?? '';
      const place = (seen.get(label) ?? 0) + 1;
      seen.set(label, place);
      labels.set(row, (places.get(label) ?? 0) > 1 ? `${label} · #${place}` : label);
    }
  }
  return rows.map((row) => labels.get(row) ?? row.label);
}

/** The labels of rows that share one, with what differs among them. */
function apart(group: readonly JobRow[]): string[] {
  const differs = (pick: (row: JobRow) => unknown) => new Set(group.map(pick)).size > 1;
  const [step, job, run, attempt] = [
    differs((row) => row.step),
    differs((row) => row.job),
    differs((row) => row.run),
    differs((row) => row.attempt),
  ];
  return group.map((row) =>
    [
      row.label,
      step ? stepWord(row.step) : '',
      job && row.job !== undefined ? `job ${row.job}` : '',
      run ? `run ${row.run}` : '',
      attempt ? `attempt ${row.attempt}` : '',
    ]
      .filter((word) => word !== '')
      .join(' · '),
  );
}

/** matches: unit (given by `id:`), `step 2` for `__owner_repo_2`; empty for the first use of an action without an id */
function stepWord(step: string | undefined): string {
  if (step?.startsWith('__') !== true) return step ?? '';
  const ordinal = /_(\d{1,4})$/.exec(step)?.[1];
  return ordinal === undefined ? '' : `step ${ordinal}`;
}

/**
 * The parts that stand: without those that another part holds, and those that a later attempt replaced. What is not in a
 * database never displaces what is.
 */
export function standingParts(parts: readonly Part[]): Part[] {
  return parts.filter((part) => {
    const rivals = parts.filter((other) => other !== part && (other.stored || !part.stored));
    const isHeld = rivals.some(
      (other) =>
        other.stored &&
        !part.stored &&
        part.rows.every(({ key }) => other.rows.some((row) => row.key === key)),
    );
    if (isHeld) return false;
    const stand = standing([...part.rows, ...rivals.flatMap(({ rows }) => rows)]);
    return part.rows.some((row) => stand.includes(row));
  });
}

/** A push's job under another name than the same job of the pull request's own run, so that neither takes the other's place. */
export function pushName(name: string): string {
  return jobKey('push', name);
}

/** Without the pushes whose jobs ran for the pull request as well: its own run tells of its merge. */
export function withoutPushes(parts: readonly Part[]): Part[] {
  const own = new Set(
    parts.flatMap((part) => (part.isPush === true ? [] : part.rows.map(({ name }) => pushName(name)))),
  );
  return parts.filter((part) => part.isPush !== true || part.rows.some(({ name }) => !own.has(name)));
}

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a comment begins as ours do; the caller checks its author, too. */
export function isOurs(body: string): boolean {
  return body.startsWith(markerStart);
}

/** Of a job. */
const mostReports = 10;
const longestReport = 80;
/** What reports take of a comment, in its table and in its marks. */
const mostReportBytes = 6000;

function shortReports(reports: SeveralReports): RowReports {
  const names = apartPaths(reports.counts.map(({ report }) => report));
  const counts = reports.counts.map((one, i) => ({
    ...one,
    report: cutFront(names[i] ?? '', longestReport),
  }));
  return nameReports({ ...reports, counts }, mostReports);
}

/** Without the folders that all begin with, and what all end with. matches: legs/3.12/results.xml, legs/3.13/results.xml: 3.12, 3.13 */
function apartPaths(paths: readonly string[]): string[] {
  const split = paths.map((path) => path.split('/'));
  const [first = []] = split;
  const least = Math.min(...split.map((parts) => parts.length));
  const shared = (at: (parts: readonly string[], i: number) => string | undefined, most: number) => {
    let i = 0;
    while (i < most && split.every((parts) => at(parts, i) === at(first, i))) i++;
    return i;
  };
  const start = shared((parts, i) => parts[i], least - 1);
  const end = shared((parts, i) => parts.at(-1 - i), least - 1 - start);
  return split.map((parts) => parts.slice(start, parts.length - end).join('/'));
}

/** With as many named reports a job as there is room for: many jobs have none. */
function withReports(parts: readonly Part[]): readonly Part[] {
  for (const most of [mostReports, 5, 3]) {
    const told = parts.map((part) => ({
      ...part,
      rows: part.rows.map((row) => ({
        ...row,
        reports: row.reports && nameReports({ ...row.reports, tests: undefined }, most),
      })),
    }));
    const size = told
      .flatMap(({ rows }) => rows)
      .reduce((sum, { reports }) => {
        if (reports === undefined) return sum;
        return sum + bytes(reportLines(reports).join('\n')) + bytes(packed(packReports(reports)));
      }, 0);
    if (size <= mostReportBytes) return told;
  }
  return withoutReports(parts);
}

function withoutReports(parts: readonly Part[]): readonly Part[] {
  return parts.map((part) => ({ ...part, rows: part.rows.map((row) => ({ ...row, reports: undefined })) }));
}

/** The whole comment, at most so many UTF-8 bytes; it says what was left out. */
export function renderComment(state: CommentState, maxBytes = maxCommentBytes): string {
  // Parts without a heading must come first.
  const parts = withReports(state.parts).toSorted(
    (a, b) =>
      Number(b.rows.length > 1) - Number(a.rows.length > 1) ||
      compare(nameOf(a), nameOf(b)) ||
      compare(a.key, b.key),
  );
  const sizes = parts.map((part) => part.texts.map(bytes));
  const levels = parts.map(() => 0);
  const sizeOf = (i: number) => sizes[i]?.[levels[i] ?? 0] ?? 0;
  const frame = bytes(assemble(state, parts, () => ' '));
  let size = frame + parts.reduce((sum, _, i) => sum + sizeOf(i), 0);
  while (size > maxBytes) {
    // Shortens the longest part first, so that one job cannot crowd out the others.
    let longest: number | undefined;
    for (const [i, part] of parts.entries()) {
      const last = (levels[i] ?? 0) + 1 >= part.texts.length;
      if (!last && (longest === undefined || sizeOf(i) > sizeOf(longest))) longest = i;
    }
    if (longest === undefined) {
      const hasReports = parts.some(({ rows }) => rows.some(({ reports }) => reports !== undefined));
      if (hasReports) return renderComment({ ...state, parts: withoutReports(state.parts) }, maxBytes);
      return minimal(state, parts, maxBytes);
    }
    size -= sizeOf(longest);
    levels[longest] = (levels[longest] ?? 0) + 1;
    size += sizeOf(longest);
  }
  return assemble(state, parts, (i) => parts[i]?.texts[levels[i] ?? 0] ?? '');
}

function nameOf(part: Part): string {
  return part.rows[0]?.label ?? '';
}

function assemble(state: CommentState, parts: readonly Part[], textOf: (i: number) => string): string {
  const rows = parts.flatMap((part) => part.rows);
  const labels = new Map(shortLabels(labelRows(rows)).map((label, i) => [rows[i], label]));
  const told = parts.map((part, i) => {
    const text = textOf(i);
    const alone = parts.length === 1 || part.rows.length !== 1 || text === '';
    const title = alone ? '' : `#### ${code(labels.get(part.rows[0]) ?? nameOf(part))}\n\n`;
    return `${partMark(part)}\n${title}${text}\n${partEnd}`;
  });
  return [head(state, parts), ...told, foot(state)].join('\n\n');
}

/** Without the parts' texts, and with as many jobs as fit. */
function minimal(state: CommentState, parts: readonly Part[], maxBytes: number): string {
  const jobs = parts.reduce((sum, part) => sum + part.rows.length, 0);
  for (let most = jobs; most > 0; most = Math.floor(most / 2)) {
    const marks = parts.slice(0, most).map((part) => `${partMark(part, most)}\n${partEnd}`);
    const rest =
      jobs > most
        ? `${count(jobs - most, 'more job')} ${jobs - most === 1 ? 'is' : 'are'} not listed here.`
        : '';
    const body = [head(state, parts, most), ...marks, rest, foot(state)]
      .filter((piece) => piece !== '')
      .join('\n\n');
    if (bytes(body) <= maxBytes) return body;
  }
  return `${marker(state)}\n### ${heading(state, parts)}`;
}

function heading({ title }: CommentState, parts: readonly Part[]): string {
  return `${title === undefined ? '' : `${inline(title)}: `}${verdict(parts)}`;
}

/** What somebody wants to be notified of. */
export interface News {
  readonly isRed: boolean;
  /** New failures; all of them where they were not judged. */
  readonly fresh: number;
}

export function newsOf(parts: readonly Part[]): News {
  return {
    isRed: parts.some(({ rows }) => rows.some((row) => row.missing !== undefined || isBad(row))),
    fresh: parts.reduce((sum, part) => sum + (part.failures.new ?? part.failures.failed), 0),
  };
}

function head(state: CommentState, parts: readonly Part[], most = Number.POSITIVE_INFINITY): string {
  const rows = parts.flatMap((part) => part.rows);
  const lines = [marker(state), `### ${heading(state, parts)}`];
  if (rows.length > 1) lines.push('', ...table(rows.slice(0, most), state.site), ...notes(rows));
  return lines.join('\n');
}

/** What nothing here can decide, and how the workflow can. */
function notes(rows: readonly JobRow[]): string[] {
  const labels = shortLabels(rows.map(({ label }) => label));
  const labelsOf = (some: (row: JobRow) => boolean) => {
    const names = new Set(labels.filter((_, i) => rows[i] !== undefined && some(rows[i])));
    const rest = names.size > 3 ? ` and ${names.size - 3} more` : '';
    return (
      [...names]
        .slice(0, 3)
        .map((name) => code(name))
        .join(', ') + rest
    );
  };
  const named = groupsOf(rows, ({ name }) => name);
  const others = (row: JobRow) => (named.get(row.name) ?? []).filter((other) => other !== row);
  const mixed = labelsOf((row) => others(row).some((other) => compareAttempts(other, row) !== 0));
  const claimed = labelsOf((row) =>
    others(row).some((other) => compareAttempts(other, row) === 0 && other.job === row.job),
  );
  return [
    ...(mixed === ''
      ? []
      : [
          '',
          `> Attempts of several jobs called ${mixed}: which of them ran again is not known here, so the earlier ones are still shown. Give each job an \`upload-key\` of its own.`,
        ]),
    ...(claimed === ''
      ? []
      : [
          '',
          `> Several uploads claim to be ${claimed}: give each job an \`upload-key\` of its own, and each step an \`id:\`.`,
        ]),
  ];
}

function movedSince(before: TotalsBefore | undefined, totals: Totals): JobRow['moved'] {
  if (before === undefined) return undefined;
  const failed = totals.failed + totals.errors - before.failed;
  const skipped = totals.skipped - before.skipped;
  const passed = totals.passed - (before.total - before.failed - before.skipped);
  return failed === 0 && passed === 0 && skipped === 0 ? undefined : { failed, passed, skipped };
}

/** undefined: not judged, or none is new and some have nothing to compare with. */
function countNew(history: RunHistory | undefined): number | undefined {
  const fresh = history?.failures.filter((failure) => failure.class === 'new').length;
  return fresh === 0 && hasNoHistory(history) ? undefined : fresh;
}

function verdict(parts: readonly Part[]): string {
  const rows = parts.flatMap((part) => part.rows);
  const sum = (pick: (row: JobRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  const [only] = rows.length === 1 ? rows : [];
  const coverage = only?.coverage === undefined ? '' : `, ${percent(only.coverage)} covered`;
  const red = rows.filter((row) => row.failed > 0).length;
  const missing = rows.filter((row) => row.missing !== undefined).length;
  if (missing > 0 && missing === rows.length)
    return `❌ No test results${missing === 1 ? '' : ` of ${missing} jobs`}`;
  const cutOff = rows.filter((row) => row.incomplete && row.missing === undefined).length;
  const blocked = [rows.some((row) => row.blocked > 0) ? ', blocked by MATRIZ' : '', gateWords(rows)].join(
    '',
  );
  const unread = [
    cutOff === 0
      ? ''
      : rows.length === 1
        ? ', the run is incomplete'
        : `, ${count(cutOff, 'job')} incomplete`,
    missing === 0 ? '' : `, no results of ${count(missing, 'job')}`,
  ].join('');
  if (red === 0) {
    const skipped = sum((row) => row.skipped);
    const told = rows.length - missing;
    const jobs = rows.length > 1 ? ` in ${count(told, 'job')}` : '';
    const isRed = unread !== '' || blocked !== '';
    if (!isRed && rows.every((row) => row.total === 0)) return `⚪ No test ran${jobs}`;
    const passed = sum((row) => row.total) - skipped;
    const unrun = skippedWords(
      skipped,
      sum((row) => row.xfailed),
    ).join(', ');
    if (!isRed && passed === 0) return `⚪ No test passed${jobs}, ${unrun}${coverage}`;
    // Jobs that run the same tests, as those of a matrix do, run each of them several times: nobody knows which do.
    const what =
      told > 1
        ? count(passed, 'test run')
        : only?.tests === undefined
          ? count(passed, 'test')
          : runsOfTests(passed, only.tests);
    return `${isRed ? '❌' : '✅'} ${what} passed${jobs}${unread}${blocked}${skipped > 0 ? `, ${unrun}` : ''}${coverage}`;
  }
  // A test that fails in several jobs is one failure; only the database's part knows.
  const failed = parts.reduce((total, part) => total + part.failures.failed, 0);
  const blind = parts.some((part) => part.failures.new === undefined);
  const fresh = parts.reduce((total, part) => total + (part.failures.new ?? 0), 0);
  const none = failed === 1 ? ', not new' : ', none of them new';
  const news = blind ? '' : fresh === 0 ? none : `, ${number(fresh)} new`;
  if (only !== undefined)
    return `❌ ${number(only.failed)} of ${only.tests === undefined ? `${number(only.total)} tests` : runsOfTests(only.total, only.tests)} failed${news}${unread}${blocked}${coverage}`;
  // Several tests may fail in different jobs: `all jobs` would be wrong.
  const jobs = failed === 1 && red === rows.length ? allJobs(red) : `${red} of ${rows.length} jobs`;
  return `❌ ${number(failed)} ${failed === 1 ? 'test' : 'tests'} failed in ${jobs}${news}${unread}${blocked}`;
}

function gateWords(rows: readonly JobRow[]): string {
  const failed = rows.filter((row) => row.isGateFailed).length;
  if (failed === 0) return '';
  return rows.length === 1 ? ', a gate failed' : `, a gate failed in ${count(failed, 'job')}`;
}

function table(rows: readonly JobRow[], site: Site | undefined): string[] {
  const labels = shortLabels(labelRows(rows));
  const lines = rows.flatMap((row, i) => {
    const label = linked(code(labels[i] ?? '', { cell: true }), site?.run(row.run, row.job));
    if (row.missing !== undefined) return `| ${markOf(row)} ${label} (no ${row.missing}) |  |  |  |  |  |`;
    const { coverage, coverageBefore: before } = row;
    const moved =
      coverage === undefined || before === undefined
        ? ''
        : ` (${coverageDifference({ beforePercent: before, afterPercent: coverage })})`;
    const cells = [
      `${markOf(row)} ${label}${runsOf(row)}${row.incomplete ? ' (incomplete)' : ''}${row.blocked > 0 ? ' (blocked by MATRIZ)' : ''}${row.isGateFailed ? ' (a gate failed)' : ''}`,
      `${row.failed}${movedBy(row, 'failed')}`,
      row.new ?? '',
      `${row.passed}${movedBy(row, 'passed')}`,
      `${row.skipped}${movedBy(row, 'skipped')}`,
      coverage === undefined ? '' : `${percent(coverage)}${moved}`,
    ];
    return [`| ${cells.join(' | ')} |`, ...(row.reports === undefined ? [] : reportLines(row.reports))];
  });
  const skipped = skippedColumn(rows.some((row) => row.xfailed > 0));
  return [`| Job | Failed | New | Passed | ${skipped} | Coverage |`, '|:--|--:|--:|--:|--:|--:|', ...lines];
}

/** ` (6 runs of 2 tests)` where several reports ran a test. See runsOfTests. */
function runsOf({ tests, total }: JobRow): string {
  if (tests === undefined) return '';
  if (tests === 0) return ` (${together(count(total, 'test run'))})`;
  return ` (${together(count(total, 'run'))} of ${together(count(tests, 'test'))})`;
}

/** What stands before the first blank stays on one line with what follows, in a narrow window. */
function together(words: string): string {
  return words.replace(' ', '\u00a0');
}

/** Below the row of their job. */
function reportLines(reports: RowReports): string[] {
  return reportRows(reports).map(
    ({ name, failed, passed, skipped }) =>
      `| &nbsp;&nbsp;&nbsp;${together(name)} | ${failed} |  | ${passed} | ${skipped} |  |`,
  );
}

function movedBy(row: JobRow, what: 'failed' | 'passed' | 'skipped'): string {
  return row.moved === undefined ? '' : difference(row[what], row[what] - row.moved[what]);
}

function markOf(row: JobRow): string {
  return isBad(row) ? '❌' : row.passed === 0 ? '⚪' : '✅';
}

function isBad({ failed, incomplete, blocked, isGateFailed }: JobRow): boolean {
  return failed > 0 || incomplete || blocked > 0 || isGateFailed;
}

function foot(state: CommentState): string {
  const { sha, older, parts, site } = state;
  const isNothing = parts.every(({ rows }) => rows.every((row) => row.missing !== undefined));
  const before =
    older === undefined || !isNothing
      ? ''
      : `The results that stood here before were of the older commit ${code(older.slice(0, 8))}; of this one there is none. `;
  const rows = parts.flatMap((part) => part.rows);
  // Several jobs have their links in the table.
  const [only] = rows.length === 1 ? rows : [];
  const log = only === undefined ? undefined : site?.run(only.run, only.job);
  const job = log === undefined ? '' : `, ${linked('its job', log)}`;
  const page = site?.page === undefined ? '' : `, ${linked('all runs', site.page)}`;
  return `${before}Commit ${linked(code(sha.slice(0, 8)), site?.commit(sha))}${job}${page}. ${state.title === undefined ? 'One comment for all jobs' : 'One comment for all jobs of this workflow'}; it is updated with every run.`;
}

function marker({ sha, run, older, title, before }: CommentState): string {
  return `${markerStart}${packed({ v: 1, sha, run, older, title, before })} -->`;
}

/** A mark holds rows as lists of values in this order, so that the marks of 256 jobs leave room for text. */
const numbersOfRow = ['total', 'passed', 'failed', 'skipped', 'new', 'coverage', 'coverageBefore'] as const;

function partMark({ texts: _, own: __, ...facts }: Part, mostRows = facts.rows.length): string {
  // Ids of one workflow lie side by side: each row holds how far it is from the least, which is shorter.
  const run = Math.min(...facts.rows.map((row) => row.run));
  const job = Math.min(...facts.rows.map((row) => row.job ?? mostRun));
  const rows = facts.rows
    .slice(0, mostRows)
    .map((row) => [
      row.key,
      row.label,
      ...numbersOfRow.map((name) => row[name]),
      row.incomplete ? 1 : 0,
      row.name,
      row.run - run,
      row.attempt,
      row.job === undefined ? -1 : row.job - job,
      stepWord(row.step),
      ...lastFacts(row),
    ]);
  return `${partStart}${packed({ ...facts, run, job, rows })} -->`;
}

/** Most rows have none of them. */
function lastFacts({ missing, blocked, isGateFailed, tests, moved, reports, xfailed }: JobRow): unknown[] {
  const all = [
    missing,
    blocked || undefined,
    isGateFailed ? 1 : undefined,
    tests,
    moved?.failed,
    moved?.passed,
    moved?.skipped,
    reports && packReports(reports),
    xfailed || undefined,
  ];
  return all.slice(0, all.findLastIndex((fact) => fact !== undefined) + 1).map((fact) => fact ?? '');
}

/** A list a report: its name, and counts in this order. Of those that are not named their number stands for a name. */
function packReports({ counts, rest }: RowReports): unknown[] {
  const pack = (first: string | number, one: Omit<ReportCounts, 'report'>) => [
    first,
    one.failed,
    one.passed,
    one.skipped,
    ...(one.incomplete ? [1] : []),
  ];
  return [
    ...counts.map((one) => pack(one.report, one)),
    ...(rest === undefined ? [] : [pack(rest.reports, rest)]),
  ];
}

function readReports(value: unknown): RowReports | undefined {
  if (!Array.isArray(value)) return undefined;
  const counts: ReportCounts[] = [];
  let rest: RestOfReports | undefined;
  for (const packed of value.slice(0, mostReports + 1)) {
    const [first, ...numbers] = Array.isArray(packed) ? (packed as readonly unknown[]) : [];
    const [failed, passed, skipped] = numbers.map((number) => whole(number));
    if (failed === undefined || passed === undefined || skipped === undefined) return undefined;
    const one = { failed, passed, skipped, incomplete: numbers[3] === 1 };
    const others = whole(first);
    if (others !== undefined) rest = { reports: others, ...one };
    else if (typeof first === 'string') counts.push({ report: cutFront(first, longestReport), ...one });
  }
  return counts.length === 0 ? undefined : { counts, rest };
}

/** Base64, so that nothing in it can end the HTML comment around it. */
function packed(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/** Reads a comment of ours; a part that somebody's edit broke is left out. */
export function parseComment(body: string): CommentState | undefined {
  const text = body.replaceAll('\r\n', '\n');
  const state = unpacked(/^<!-- lukhas-ingest ([A-Za-z0-9+/=]+) -->/.exec(text)?.[1]);
  if (state === undefined || typeof state.sha !== 'string' || !isSha(state.sha)) return undefined;
  const parts: Part[] = [];
  // Marks stand at a line's start, where no data can.
  for (const piece of text.split(`\n${partStart}`).slice(1)) {
    const facts = unpacked(/^([A-Za-z0-9+/=]+) -->/.exec(piece)?.[1]);
    const part = facts === undefined ? undefined : readPart(facts, piece);
    // More than a matrix can have was not written by us.
    if (parts.length === mostParts) break;
    if (part !== undefined && !parts.some((other) => other.key === part.key)) parts.push(part);
  }
  const older = typeof state.older === 'string' && isSha(state.older) ? state.older : undefined;
  return {
    sha: state.sha,
    run: whole(state.run, mostRun) ?? 0,
    parts,
    older,
    title: titleOf(state),
    before: beforeOf(state),
  };
}

function beforeOf(state: Record<string, unknown>): News | undefined {
  const before = record(state.before);
  const fresh = whole(before?.fresh);
  return fresh === undefined ? undefined : { isRed: before?.isRed === true, fresh };
}

function titleOf({ title }: Record<string, unknown>): string | undefined {
  return typeof title === 'string' ? cut(title, longestTitle) : undefined;
}

/** Whether a comment of ours is the one of this title, or the one without; also where the rest of it was broken by an edit. */
export function isTitled(body: string, title: string | undefined): boolean {
  const state = unpacked(/^<!-- lukhas-ingest ([A-Za-z0-9+/=]+) -->/.exec(body)?.[1]);
  return (state === undefined ? undefined : titleOf(state)) === title;
}

/** In characters. */
export const longestTitle = 100;

function isSha(text: string): boolean {
  return /^[0-9a-f]{40,64}$/.test(text);
}

function readPart(facts: Record<string, unknown>, piece: string): Part | undefined {
  const key = hex(facts.key);
  const listed = Array.isArray(facts.rows) ? facts.rows.slice(0, mostParts) : [];
  const least = { run: whole(facts.run, mostRun) ?? 0, job: whole(facts.job, mostRun) ?? 0 };
  const rows = listed.flatMap((row: unknown) => readRow(row, least) ?? []);
  if (key === undefined || rows.length === 0) return undefined;
  const end = piece.indexOf(`\n${partEnd}`);
  const content = end < 0 ? '' : piece.slice(piece.indexOf('-->') + 3, end);
  const text = content.trim().replace(/^#### [^\n]*\n+/, '');
  const left = `The details of ${rows.length === 1 ? 'this job' : 'these jobs'} were left out here: ${seeSummary}.`;
  const failures = record(facts.failures);
  return {
    key,
    version: hex(facts.version) ?? '',
    rows,
    failures: {
      failed: whole(failures?.failed) ?? rows.reduce((sum, row) => sum + row.failed, 0),
      new: whole(failures?.new),
    },
    texts: bytes(text) <= bytes(left) ? [text] : [text, left],
    stored: facts.stored === true,
    ...(facts.isPush === true ? { isPush: true } : {}),
  };
}

function readRow(value: unknown, least: { readonly run: number; readonly job: number }): JobRow | undefined {
  if (!Array.isArray(value)) return undefined;
  const [first, label, ...numbers] = value as readonly unknown[];
  const key = hex(first);
  if (key === undefined) return undefined;
  const [total, passed, failed, skipped, fresh] = numbers.slice(0, 5).map((number) => whole(number));
  const [coverage, coverageBefore] = numbers.slice(5, 7).map(percentage);
  const incomplete = whole(numbers[7], 1);
  const [name, run, attempt, job, step, missing, blocked, isGateFailed, tests, ...moved] = numbers.slice(8);
  const [failedMore, passedMore, skippedMore] = moved.map(signed);
  const reports = readReports(moved[3]);
  const xfailed = whole(moved[4]);
  const above = (start: number, by: unknown) => {
    const distance = whole(by, mostRun);
    return distance === undefined ? undefined : whole(start + distance, mostRun);
  };
  return {
    key,
    name: hex(name) ?? key,
    run: above(least.run, run) ?? 0,
    attempt: whole(attempt) ?? 1,
    job: above(least.job, job),
    step: typeof step === 'string' && step !== '' ? cut(step, 100) : undefined,
    missing: missing === 'report' || missing === 'results' ? missing : undefined,
    label: typeof label === 'string' ? cut(label, 100) : key,
    total: total ?? 0,
    passed: passed ?? 0,
    failed: failed ?? 0,
    skipped: skipped ?? 0,
    xfailed: xfailed ?? 0,
    new: fresh,
    coverage,
    coverageBefore,
    incomplete: incomplete === 1,
    blocked: whole(blocked) ?? 0,
    isGateFailed: isGateFailed === 1,
    tests: whole(tests),
    reports,
    moved:
      failedMore === undefined || passedMore === undefined || skippedMore === undefined
        ? undefined
        : { failed: failedMore, passed: passedMore, skipped: skippedMore },
  };
}

function unpacked(base64: string | undefined): Record<string, unknown> | undefined {
  try {
    return record(JSON.parse(Buffer.from(base64 ?? '', 'base64').toString('utf8')));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function hex(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{12}$/.test(value) ? value : undefined;
}

/** Parts of a comment, and jobs of a part: GitHub runs at most 256 jobs of a matrix. */
const mostParts = 1000;
/** GitHub's ids of workflow runs are far below it: an edited one must not be newer than every run to come. */
const mostRun = 1e12;

function whole(value: unknown, most = 1e9): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
    ? value
    : undefined;
}

function signed(value: unknown): number | undefined {
  return typeof value === 'number' && whole(Math.abs(value)) !== undefined ? value : undefined;
}

function percentage(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 100 ? value : undefined;
}
