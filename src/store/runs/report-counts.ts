// What each of a run's reports holds, as test_runs.report_counts keeps it. Knows no SQL.
import type { Totals } from '../../model.ts';
import type { ReportCounts, RestOfReports, SeveralReports } from '../../report-counts.ts';
import type { Storable } from '../database/storable.ts';

/** A longer name keeps its beginning. In code points. */
const longestName = 200;
const mostReports = 100;
/** In bytes, as text: 100 names of characters that take four bytes each fit in. */
export const mostReportBytes = 131_072;

/** As JSON takes it: an absent count is 0, an absent `incomplete` false. */
export function storedReports(reports: SeveralReports, storable: Storable): unknown {
  const counts = ({ passed, failed, skipped, incomplete }: Omit<ReportCounts, 'report'>) => ({
    passed: storable.count(passed),
    failed: storable.count(failed),
    skipped: storable.count(skipped),
    ...(incomplete ? { incomplete } : {}),
  });
  return {
    tests: reports.tests,
    reports: reports.counts.map((one) => ({
      report: storable.name(one.report, longestName),
      ...counts(one),
    })),
    rest: reports.rest && { reports: storable.count(reports.rest.reports), ...counts(reports.rest) },
  };
}

/** Other programs may have written what they like: undefined unless it has our form and adds up to the run's own counts. */
export function readReports(value: unknown, totals: Totals): SeveralReports | undefined {
  const stored = record(value);
  if (!Array.isArray(stored?.reports) || stored.reports.length > mostReports) return undefined;
  const counts = stored.reports.map((one: unknown) => readReport(record(one)));
  const rest = readRest(record(stored.rest));
  const named = counts.flatMap((one) => one ?? []);
  const tests = whole(stored.tests);
  if (named.length < counts.length || named.length === 0) return undefined;
  // Without a test nothing is stored.
  if (tests !== undefined && (tests === 0 || tests > totals.total)) return undefined;
  if (stored.rest != null && rest === undefined) return undefined;
  const sum = (what: 'passed' | 'failed' | 'skipped') =>
    [...named, ...(rest === undefined ? [] : [rest])].reduce((all, one) => all + one[what], 0);
  const isSame =
    sum('passed') === totals.passed &&
    sum('failed') === totals.failed + totals.errors &&
    sum('skipped') === totals.skipped;
  return isSame ? { counts: named, rest, tests } : undefined;
}

function readReport(stored: Record<string, unknown> | undefined): ReportCounts | undefined {
  const counts = readCounts(stored);
  const report = stored?.report;
  return counts !== undefined && typeof report === 'string' ? { report, ...counts } : undefined;
}

function readRest(stored: Record<string, unknown> | undefined): RestOfReports | undefined {
  const counts = readCounts(stored);
  const reports = whole(stored?.reports);
  return counts !== undefined && reports !== undefined && reports > 0 ? { reports, ...counts } : undefined;
}

function readCounts(stored: Record<string, unknown> | undefined): Omit<ReportCounts, 'report'> | undefined {
  const [passed, failed, skipped] = [whole(stored?.passed), whole(stored?.failed), whole(stored?.skipped)];
  if (passed === undefined || failed === undefined || skipped === undefined) return undefined;
  return { passed, failed, skipped, incomplete: stored?.incomplete === true };
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
