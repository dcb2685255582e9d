// The passes over the reports: each reads, signs, counts and tells. The store makes one for each attempt.
import type { Naming } from './errors.ts';
import type { CoverageFile, SignedResult, Totals, Warning } from './model.ts';
import type { Checkout } from './read/checkout.ts';
import type { CoverageBeside } from './read/coverage/beside.ts';
import type { CoverageRead } from './read/coverage/coverage.ts';
import type { Projects } from './read/projects.ts';
import { readResults } from './read/report/junit.ts';
import type { ReportFile, Survey } from './read/report/survey.ts';
import type { SeveralReports } from './report-counts.ts';
import { signResults } from './sign/signature.ts';
import type { RunSource } from './store/runs/save.ts';
import { startTally, type Tally } from './tally.ts';

export interface PassOptions {
  readonly survey: Survey;
  readonly checkout: Checkout | undefined;
  readonly projects: Projects['byReport'] | undefined;
  readonly naming: Naming;
  /** So many lines of what a failed test printed are told. */
  readonly capturedLines: number;
  /** Not all reports could be taken. */
  readonly incomplete: boolean;
  /** Which ones, or not to their end. */
  readonly notTaken: ReadonlySet<string>;
  readonly coverage: CoverageBeside;
  onWarning(warning: Warning): void;
  /** Bytes read so far in this pass. */
  onProgress(bytes: number): void;
  /** Told of every result exactly once, however many passes there are. */
  readonly onResults: ((results: readonly SignedResult[]) => Promise<void>) | undefined;
}

export interface Counted {
  readonly tally: Tally;
  readonly totals: Totals;
  /** What each of several reports holds; undefined where tests of one alone were read. */
  readonly reports: SeveralReports | undefined;
  /** Tests that the reports hold or speak of and that could not be read. */
  readonly lost: number;
  /** undefined where no coverage reports were given. */
  readonly coverage: CoverageRead | undefined;
}

/** From so many results on the database is busier than the reader, which then has time for coverage. */
const coverageFrom = 20_000;

export function startPasses(reports: readonly ReportFile[], options: PassOptions) {
  let tally = startTally();
  let told = 0;
  let complete = false;
  let lost = 0;
  let notWhole = options.notTaken;
  const onLost = (tests: number, reports: ReadonlySet<string>) => {
    lost = tests;
    notWhole = new Set([...options.notTaken, ...reports]);
  };
  let coverage: CoverageRead | undefined;
  async function* results(): AsyncGenerator<readonly SignedResult[]> {
    tally = startTally();
    complete = false;
    for await (const unsigned of readResults(reports, { ...options, onLost })) {
      const signed = signResults(unsigned);
      const before = tally.count;
      tally.add(signed);
      if (tally.count > told) {
        await options.onResults?.(signed.slice(Math.max(0, told - before)));
        told = tally.count;
      }
      yield signed;
      if (tally.count > coverageFrom) options.coverage.advance();
    }
    complete = true;
  }
  async function* coverageFiles(): AsyncGenerator<readonly CoverageFile[]> {
    coverage = await options.coverage.finish();
    if (coverage !== undefined && coverage.files.length > 0) yield coverage.files;
  }
  const totals = () => tally.totals(options.survey.durationSeconds, coverage?.totals.percent);
  const severalReports = () => tally.reports(notWhole);
  return {
    /** For the store: a new pass at each call. */
    open: (): RunSource => ({
      results,
      coverage: coverageFiles,
      totals,
      reports: severalReports,
      incomplete: () => options.incomplete || lost > 0,
    }),
    /** What the last pass counted; makes a pass where none came to its end. */
    async finish(): Promise<Counted> {
      if (!complete) for await (const _ of results());
      coverage = await options.coverage.finish();
      return { tally, totals: totals(), reports: severalReports(), lost, coverage };
    },
  };
}
