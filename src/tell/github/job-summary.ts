// The job's summary in Markdown: the comment's section with more failures, and the slowest tests. Pure.

import type { Warning } from '../../model.ts';
import { count, duration, number, placed, runsOfTests, skippedWords, testsOf } from '../words.ts';
import { type Detail, folded, hasOutput, renderSection, type Section } from './comment-section.ts';
import { bytes, code, cut, inline } from './markdown.ts';

/** GitHub takes 1 MiB a step, and shows nothing of a longer summary. */
const maxSummaryBytes = 900_000;
/** GitHub takes 65,535 characters of a check run's summary. */
export const maxCheckBytes = 60_000;

export interface JobSummary extends Section {
  readonly label: string;
  /** Tests that passed with more than one attempt. */
  readonly reruns?:
    | {
        readonly count: number;
        readonly first: readonly { readonly testName: string; readonly attempts: number }[];
      }
    | undefined;
  readonly slowest: readonly { readonly testName: string; readonly durationSeconds: number }[];
  readonly warnings: readonly Warning[];
}

/** At most so many UTF-8 bytes; it says what was left out. */
export function renderJobSummary(summary: JobSummary, maxBytes = maxSummaryBytes): string {
  const lengths = [1000, 300, 100, 30, 10, 0].flatMap((failures) =>
    (hasOutput(summary) ? [false, true] : [false]).map((withoutOutput) => ({ failures, withoutOutput })),
  );
  for (const { failures, withoutOutput } of lengths) {
    const more = 'see the log of this step and the report';
    const detail: Detail = {
      failures,
      messages: true,
      fixes: failures <= 300,
      // A thousand would be too many to render for nothing.
      excerpts: Math.min(failures, maxBytes === maxSummaryBytes ? 100 : 3),
      withoutOutput,
      extras: true,
      leastCovered: true,
      more,
    };
    const text = render(summary, detail);
    if (bytes(text) <= maxBytes) return text;
  }
  return `${title(summary)}\n`;
}

/** The summary of a step that read no tests: why, and what to do about it. */
export function renderNoResults(words: readonly string[]): string {
  const lines = words.flatMap((part) => part.split('\n')).slice(0, 20);
  return ['### ❌ No test results', ...lines.map((line) => `> ${inline(cut(line, 1000))}`)]
    .join('\n\n')
    .concat('\n');
}

function render(summary: JobSummary, detail: Detail): string {
  const parts = [
    title(summary),
    renderSection(summary, detail),
    renderReruns(summary),
    renderSlowest(summary),
    summary.stored.ok ? inline(summary.stored.text) : '',
    // Errors stand above, as what could not be taken.
    ...summary.warnings
      .filter(({ severity }) => severity !== 'error')
      .slice(0, 50)
      .map((warning) => `> ⚠️ ${inline(cut(placed(warning), 1000))}`),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function title(summary: JobSummary): string {
  const {
    totals,
    xfailed,
    label,
    lost,
    incomplete,
    troubles,
    missing,
    matriz,
    gates = [],
    severalReports,
  } = summary;
  const bad = totals.failed + totals.errors;
  const tests = severalReports && testsOf(severalReports, totals.total);
  const all = tests === undefined ? `${number(totals.total)} tests` : runsOfTests(totals.total, tests);
  const good = totals.total - totals.skipped;
  const passed = `${tests === undefined ? count(good, 'test') : runsOfTests(good, tests)} passed`;
  const unread =
    lost > 0
      ? `, ${number(lost)} could not be read`
      : incomplete || troubles.length > 0
        ? ', the run is incomplete'
        : '';
  const blocked = [
    matriz?.review.status === 'BLOCKED' ? ', blocked by MATRIZ' : '',
    gates.length > 0 ? ', a gate failed' : '',
  ].join('');
  const words =
    missing !== undefined
      ? '❌ No test results'
      : bad > 0
        ? `❌ ${number(bad)} of ${all} failed${unread}${blocked}`
        : troubles.length > 0 || incomplete || blocked !== ''
          ? `❌ ${passed}${unread}${blocked}`
          : totals.total === 0
            ? '⚪ No test ran'
            : good === 0
              ? `⚪ No test passed, ${skippedWords(totals.skipped, xfailed).join(', ')}`
              : `✅ ${passed}`;
  return `### ${words}${label === '' ? '' : `: ${code(cut(label, 100))}`}`;
}

function renderReruns({ reruns }: JobSummary): string {
  if (reruns === undefined || reruns.count === 0) return '';
  const rows = reruns.first.map(
    ({ testName, attempts }) => `| ${attempts} | ${code(cut(testName, 500), { cell: true })} |`,
  );
  const more = reruns.count > rows.length ? ` (${rows.length} of ${number(reruns.count)})` : '';
  return [
    `**Passed with more than one attempt**${more}`,
    '',
    '| Attempts | Test |',
    '|--:|:--|',
    ...rows,
  ].join('\n');
}

function renderSlowest({ slowest }: JobSummary): string {
  const slow = slowest.filter((test) => test.durationSeconds >= 0.1);
  if (slow.length === 0) return '';
  const rows = slow.map(
    // A number and its unit stay on one line in a narrow window.
    (test) =>
      `| ${duration(test.durationSeconds).replaceAll(' ', '\u00a0')} | ${code(cut(test.testName, 500), { cell: true })} |`,
  );
  return folded('Slowest tests', ['| Time | Test |', '|--:|:--|', ...rows].join('\n'));
}
