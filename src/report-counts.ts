// What each of a run's reports holds, where it has several, and which are named, where they are many. Pure.

/** Counts of one report of several. */
export interface ReportCounts {
  /** The file's name. */
  readonly report: string;
  readonly passed: number;
  /** Failures and errors. */
  readonly failed: number;
  readonly skipped: number;
  /** Tests of it, or all of it, could not be read. */
  readonly incomplete: boolean;
}

/** Counts of several reports, added up. */
export interface RestOfReports extends Omit<ReportCounts, 'report'> {
  /** How many. */
  readonly reports: number;
}

/** What several reports of one run hold. */
export interface SeveralReports {
  /** In their order; at most 100. What is not green is named first. */
  readonly counts: readonly ReportCounts[];
  /** Those beyond. */
  readonly rest: RestOfReports | undefined;
  /** Different test names; undefined where they are too many to count. */
  readonly tests: number | undefined;
}

/** Names at most so many: those that are not green before the others, in their order. The others are added up. */
export function nameReports({ counts, rest, tests }: SeveralReports, most: number): SeveralReports {
  if (counts.length <= most) return { counts, rest, tests };
  const named = new Set(
    [...counts.filter(isBadReport), ...counts.filter((one) => !isBadReport(one))].slice(0, most),
  );
  return {
    counts: counts.filter((one) => named.has(one)),
    rest: counts.filter((one) => !named.has(one)).reduce(addReport, rest),
    tests,
  };
}

/** Tests of it failed, or could not be read. */
export function isBadReport({ failed, incomplete }: Pick<ReportCounts, 'failed' | 'incomplete'>): boolean {
  return failed > 0 || incomplete;
}

export function hasResults({ passed, failed, skipped }: Omit<ReportCounts, 'report'>): boolean {
  return passed + failed + skipped > 0;
}

export function addReport(
  rest: RestOfReports | undefined,
  { passed, failed, skipped, incomplete }: Omit<ReportCounts, 'report'>,
): RestOfReports {
  return {
    reports: (rest?.reports ?? 0) + 1,
    passed: (rest?.passed ?? 0) + passed,
    failed: (rest?.failed ?? 0) + failed,
    skipped: (rest?.skipped ?? 0) + skipped,
    incomplete: rest?.incomplete === true || incomplete,
  };
}

/** How many reports hold results, and how many results. */
export function sizeOfReports({ counts, rest }: SeveralReports): {
  readonly reports: number;
  readonly runs: number;
} {
  const all = rest === undefined ? counts : [...counts, rest];
  return {
    reports: counts.filter(hasResults).length + (rest?.reports ?? 0),
    runs: all.reduce((sum, { passed, failed, skipped }) => sum + passed + failed + skipped, 0),
  };
}
