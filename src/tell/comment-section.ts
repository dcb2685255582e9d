// One job's part of the pull request's comment and of the job's summary, in Markdown: what failed, what is known about it
// and what to do. Pure; every piece of data goes through markdown.ts.
import type { FailureClass, FailureHistory, HealixMemory, Match, RunHistory, Totals } from '../model.ts';
import { block, code, cut, inline } from './markdown.ts';
import {
  count,
  coverageDifference,
  duration,
  percent,
  pytestCommand,
  type SummaryFailure,
  teachCommand,
} from './summary.ts';

/** What a job has to tell. */
export interface Section {
  readonly totals: Totals;
  readonly xfailed: number;
  /** As far as they are shown; `totals` counts all. */
  readonly failures: readonly SummaryFailure[];
  readonly history: RunHistory | undefined;
  readonly leastCovered: readonly {
    readonly filePath: string;
    readonly coveragePercent: number;
    readonly missingStatements: number;
  }[];
  readonly stored: { readonly ok: boolean; readonly text: string };
  /** Memories are named by their id only. */
  readonly hideSolutions: boolean;
}

/** How much of it is told. */
export interface Detail {
  /** Failures of each class. */
  readonly failures: number;
  readonly messages: boolean;
  readonly fixes: boolean;
  /** Commands to run and to teach, changed tests, files. */
  readonly extras: boolean;
  /** Where the rest stands, for what was left out. */
  readonly more: string;
}

const groups: readonly { readonly class: FailureClass; readonly title: string }[] = [
  { class: 'new', title: 'New failures' },
  { class: 'known', title: 'Known failures' },
  { class: 'flaky', title: 'Flaky' },
  { class: 'pre-existing', title: 'Failing before this change' },
];

/** The part in Markdown; empty where all is well and there is nothing else to say. */
export function renderSection(section: Section, detail: Detail): string {
  const parts = [...renderFailures(section, detail)];
  if (detail.extras) parts.push(...renderCommands(section), renderChanges(section));
  parts.push(renderCoverage(section, detail), storedLine(section));
  return parts.filter((part) => part !== '').join('\n\n');
}

/** `3 failed, 1 error, 298 passed, 41 skipped in 1.57 s` */
export function renderCounts(totals: Totals, xfailed: number): string {
  const parts = [
    ...(totals.failed > 0 ? [`**${n(totals.failed)} failed**`] : []),
    ...(totals.errors > 0 ? [`**${count(totals.errors, 'error')}**`] : []),
    `${n(totals.passed)} passed`,
    ...(totals.skipped > xfailed ? [`${n(totals.skipped - xfailed)} skipped`] : []),
    ...(xfailed > 0 ? [`${n(xfailed)} xfailed`] : []),
  ];
  const time = totals.durationSeconds === undefined ? '' : ` in ${duration(totals.durationSeconds)}`;
  return `${parts.join(', ')}${time}`;
}

function renderFailures(section: Section, detail: Detail): string[] {
  const all = section.totals.failed + section.totals.errors;
  if (all === 0) return [];
  const { history } = section;
  const counts = renderCounts(section.totals, section.xfailed);
  if (history === undefined) {
    return [counts, ...renderGroup('Failures', all, section.failures, () => undefined, detail, section)];
  }
  const past = new Map(history.failures.map((failure) => [keyOf(failure), failure]));
  const rendered = groups.flatMap(({ class: name, title }) => {
    const inClass = history.failures.filter((failure) => failure.class === name).length;
    const shown = section.failures.filter((failure) => past.get(keyOf(failure))?.class === name);
    return renderGroup(title, inClass, shown, (failure) => past.get(keyOf(failure)), detail, section);
  });
  return [counts, ...rendered];
}

function renderGroup(
  title: string,
  all: number,
  failures: readonly SummaryFailure[],
  historyOf: (failure: SummaryFailure) => FailureHistory | undefined,
  detail: Detail,
  { hideSolutions }: Section,
): string[] {
  if (all === 0) return [];
  const shown = failures.slice(0, detail.failures);
  const items = shown.map((failure) => renderFailure(failure, historyOf(failure), detail, hideSolutions));
  const rest = all - shown.length;
  if (rest > 0) items.push(`- … ${shown.length === 0 ? '' : 'and '}${n(rest)} more: ${detail.more}`);
  return [`**${title}** (${n(all)})\n\n${items.join('\n')}`];
}

function renderFailure(
  failure: SummaryFailure,
  history: FailureHistory | undefined,
  detail: Detail,
  hideSolutions: boolean,
): string {
  const rows = [`- ${code(cut(failure.testName, 500)) || '`(a test without a name)`'}`];
  if (detail.messages) {
    const words = [failure.errorType, failure.message].filter((part) => part !== undefined && part !== '');
    const said =
      failure.message?.startsWith(failure.errorType ?? '\0') === true ? failure.message : words.join(': ');
    const place =
      failure.testFile === undefined || failure.line === undefined
        ? ''
        : ` at ${code(cut(`${failure.testFile}:${failure.line}`, 300))}`;
    if (said !== '') rows.push(`  <br>${code(cut(said, 300))}${place}`);
    const age = history === undefined ? '' : renderAge(history);
    if (age !== '') rows.push(`  <br>${age}`);
  }
  if (history?.match !== undefined) rows.push(...renderMatch(history.match, detail, hideSolutions));
  return rows.join('\n');
}

function renderAge({ since, runsInARow, lastFixedBy }: FailureHistory): string {
  const from =
    since.gitSha === undefined ? since.at.toISOString().slice(0, 10) : code(since.gitSha.slice(0, 8));
  const parts = [
    ...(runsInARow > 1 ? [`failing for ${runsInARow} runs, since ${from}`] : []),
    ...(lastFixedBy === undefined ? [] : [`last fixed by ${code(lastFixedBy.slice(0, 8))}`]),
  ];
  return parts.join('; ');
}

const tiers = {
  exact: 'Known failure',
  moved: 'Known failure, moved',
  similar: 'Similar to a known failure',
} as const;

function renderMatch({ memory, tier }: Match, detail: Detail, hideSolutions: boolean): string[] {
  const id = code(memory.id.slice(0, 8));
  if (hideSolutions) return [`  <br>${tiers[tier]} ${id}: its solution is not shown here`];
  const rows = [`  <br>${tiers[tier]}${facts(memory)}`];
  if (memory.rootCause !== undefined) rows.push(`  <br>**Cause:** ${inline(cut(memory.rootCause, 1000))}`);
  rows.push(`  <br>**Fix:** ${inline(cut(memory.solution, 1500))}`);
  if (detail.fixes && memory.autoFixCode !== undefined && memory.autoFixCode.trim() !== '') {
    rows.push(
      '',
      '  <details><summary>Suggested change</summary>',
      '',
      block(cut(memory.autoFixCode, 4000), 'text', '  '),
      '',
      '  </details>',
      '',
    );
  }
  return rows;
}

function facts(memory: HealixMemory): string {
  const tries = memory.successCount + memory.failureCount;
  const parts = [
    ...(memory.confidence === undefined ? [] : [`confidence ${memory.confidence.toFixed(2)}`]),
    ...(tries === 0 ? [] : [`worked ${n(memory.successCount)} of ${count(tries, 'time')}`]),
    ...(memory.lastApplied === undefined ? [] : [`last on ${memory.lastApplied.toISOString().slice(0, 10)}`]),
    ...(memory.stale === true ? ['to be read with care'] : []),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** How to run what failed again, and how to tell Healix what somebody found out. */
function renderCommands({ failures, history }: Section): string[] {
  if (failures.length === 0) return [];
  const shown = failures.slice(0, 20);
  const tests = shown.map((failure) => pytestCommand(cut(failure.testName, 500)).replace(/^pytest /, ''));
  const again = folded('Run them again', block(`pytest ${tests.join(' \\\n  ')}`, 'sh'));
  const known = new Set(
    history?.failures.filter((failure) => failure.class === 'known').map((failure) => keyOf(failure)),
  );
  const unknown = failures.filter((failure) => !known.has(keyOf(failure))).slice(0, 5);
  if (history === undefined || unknown.length === 0) return [again];
  const lines = unknown.map((failure) => teachCommand(cut(failure.testName, 500)));
  return [
    again,
    folded('Found out why? Teach Healix, and the next one is known', block(lines.join('\n'), 'sh')),
  ];
}

function renderChanges({ history }: Section): string {
  const changes = history?.changes;
  if (changes === undefined) return '';
  const lists = [
    { what: 'added', names: changes.added },
    { what: 'removed', names: changes.removed },
    { what: 'newly skipped', names: changes.newlySkipped },
  ].filter((list) => list.names.length > 0);
  if (lists.length === 0 && changes.slower.length === 0) return '';
  const numbers = lists.map(
    (list) => `${list.names.length >= 100 ? '100 or more' : list.names.length} ${list.what}`,
  );
  if (changes.slower.length > 0) numbers.push(`${changes.slower.length} slower`);
  const against = history?.baseBranch === undefined ? '' : ` against ${code(history.baseBranch)}`;
  const rows = lists.flatMap((list) => [
    ...list.names.slice(0, 10).map((name) => `- ${list.what}: ${code(cut(name, 300))}`),
    ...(list.names.length > 10 ? [`- ${list.what}: … and more`] : []),
  ]);
  const slower = changes.slower.map(
    (test) =>
      `- slower: ${duration(test.beforeSeconds)} → ${duration(test.afterSeconds)} ${code(cut(test.testName, 300))}`,
  );
  return folded(`Tests: ${numbers.join(', ')}`, [`Compared${against}:`, '', ...rows, ...slower].join('\n'));
}

function renderCoverage({ totals, history, leastCovered }: Section, detail: Detail): string {
  if (totals.coveragePercent === undefined) return '';
  const change = history?.coverage;
  const against = history?.baseBranch === undefined ? '' : ` against ${code(history.baseBranch)}`;
  const line = `**Coverage** ${percent(totals.coveragePercent)}${change === undefined ? '' : ` (${coverageDifference(change)}${against})`}`;
  if (!detail.extras) return line;
  const moved = (change?.moved ?? []).map(
    (file) =>
      `| ${fileCell(file.filePath)} | ${percent(file.beforePercent)} | ${percent(file.afterPercent)} | ${coverageDifference(file)} |`,
  );
  const least = leastCovered.map(
    (file) =>
      `| ${fileCell(file.filePath)} | ${percent(file.coveragePercent)} | ${n(file.missingStatements)} |`,
  );
  const tables = [
    { title: 'Files whose coverage moved', columns: ['File', 'Before', 'Now', 'Change'], rows: moved },
    { title: 'Least covered files', columns: ['File', 'Coverage', 'Missing statements'], rows: least },
  ].filter(({ rows }) => rows.length > 0);
  return [
    line,
    ...tables.map(({ title, columns, rows }) => {
      const head = [`| ${columns.join(' | ')} |`, `|:--|${'--:|'.repeat(columns.length - 1)}`];
      return folded(title, [...head, ...rows].join('\n'));
    }),
  ].join('\n\n');
}

function fileCell(path: string): string {
  return code(cut(path, 300), { cell: true });
}

function storedLine({ stored }: Section): string {
  return stored.ok ? '' : `> ${inline(stored.text)}`;
}

/** The summary is words of ours: data cannot stand in it. */
function folded(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

function keyOf(failure: {
  readonly testName: string;
  readonly failureSignature?: string | undefined;
}): string {
  return `${failure.testName}\n${failure.failureSignature ?? ''}`;
}

function n(value: number): string {
  return value.toLocaleString('en-US');
}
