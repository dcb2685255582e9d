// The use case: reports in, rows and a verdict out. Reads as the list of the product's steps; joins the rooms, which do
// not know each other. Both command-line doors and the Action call it.
import { createHash } from 'node:crypto';
import { InputError, ReportError, StoreError } from './errors.ts';
import type {
  CoverageFile,
  RunContext,
  RunHistory,
  SavedRun,
  SignedResult,
  Stored,
  Totals,
  Warning,
} from './model.ts';
import { type CheckoutFiles, indexCheckout } from './read/checkout.ts';
import { type CoverageRead, hashCoverage, readCoverage } from './read/coverage/coverage.ts';
import { readResults } from './read/report/junit.ts';
import { isPlausible, startedAt } from './read/report/started-at.ts';
import { type ReportFile, type Survey, surveyReports } from './read/report/survey.ts';
import type { Settings } from './settings.ts';
import { signResults } from './sign/signature.ts';
import type { Connect, Database } from './store/database/port.ts';
import { readRunHistory } from './store/history/history.ts';
import { saveRun } from './store/runs/save.ts';
import { makeUploadKey } from './store/runs/upload-key.ts';
import { startTally, type Tally } from './tally.ts';

/** Commit, CI system and checkout. */
export interface Surroundings {
  readonly context: (suiteProperties: ReadonlyMap<string, string>) => RunContext;
  /** Absolute; undefined outside a git repository. */
  readonly repositoryRoot: string | undefined;
  /** The files of the checkout, or of the working directory where there is no repository. */
  readonly checkout: CheckoutFiles | undefined;
}

/** What the outside world gives to an upload. */
export interface Edges {
  readonly now: Date;
  readonly hostname: string;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly reports: readonly ReportFile[];
  /** Paths of coverage.py's JSON reports. */
  readonly coverage: readonly string[];
  /** What surrounds the run; found out while the report is checked. */
  readonly surroundings: Promise<Surroundings>;
  /** Absent: nothing is stored. */
  readonly connect: Connect | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of every result exactly once, however often the report had to be read. */
  onResults?(results: readonly SignedResult[]): Promise<void>;
  onCoverage?(files: readonly CoverageFile[]): Promise<void>;
  onProgress?(what: string, fraction: number | undefined): void;
  /** The database was not reached or was lost; it is tried again. */
  onRetry?(reason: string, delayMs: number): void;
}

export interface Verdict {
  readonly saved: SavedRun | undefined;
  /** What the team's own rows tell about the failures; undefined where nothing was stored, or it could not be read. */
  readonly history: RunHistory | undefined;
  readonly stored: Stored;
  /** Why nothing was stored though it was asked for; the door decides what that means. */
  readonly storeError: unknown;
  readonly createdAt: Date;
  readonly context: RunContext;
  readonly totals: Totals;
  readonly tally: Tally;
  readonly coverage: CoverageRead | undefined;
  readonly warnings: readonly Warning[];
}

/** A run is given up when it could not be stored within this time, in milliseconds. */
const storeDeadlineMs = 120_000;

/**
 * Reads, signs and stores one run.
 *
 * @throws InputError, ReportError when the reports cannot be taken (nothing is stored then), StoreError `upload-cancelled`
 *   by the signal; a database's refusal is in the verdict, because the run is told all the same
 */
export async function ingest(settings: Settings, edges: Edges): Promise<Verdict> {
  const warnings = new Map<string, Warning>();
  const onWarning = (warning: Warning) => void warnings.set(JSON.stringify(warning), warning);
  const bytes = edges.reports.reduce((sum, report) => sum + report.bytes, 0);
  const progress = (what: string) => (read: number) =>
    edges.onProgress?.(what, bytes > 0 ? read / bytes : undefined);

  // A report that cannot be taken is said first, whatever becomes of what is looked for meanwhile.
  edges.surroundings.catch(() => {});
  let saved: SavedRun | undefined;
  const reports = edges.reports.map((report) => cancellable(report, edges.signal, () => saved));
  const survey = await surveyReports(reports, {
    allowIncomplete: settings.allowIncomplete,
    onProgress: progress('checking the report'),
  });
  requireTests(survey, edges.reports);
  const surroundings = await edges.surroundings;
  const context = surroundings.context(survey.properties);
  const checkout =
    surroundings.checkout === undefined
      ? undefined
      : indexCheckout(surroundings.checkout, survey.classnames, settings.rootdir);
  // Its content's hash is needed now, its rows last: it is read while the database works on the results.
  const coverageSha256 = await hashCoverage(edges.coverage);
  let reading: Promise<CoverageRead | undefined> | undefined;
  const turns = startTurns();
  const beginCoverage = () => {
    reading ??= readCoverageReports(settings, edges, surroundings, checkout?.rootdir, turns.next);
    reading.catch(() => {});
    return reading;
  };
  const readCoverageOnce = () => {
    turns.free();
    return beginCoverage();
  };
  const createdAt = decideCreatedAt(settings, survey, edges);

  let tally = startTally();
  let told = 0;
  let complete = false;
  let coverage: CoverageRead | undefined;
  /** One pass over the reports; each retry of the store makes another. */
  const open = () => {
    tally = startTally();
    complete = false;
    return {
      results: async function* () {
        const read = readResults(reports, {
          survey,
          checkout,
          onWarning,
          onProgress: progress('reading and storing'),
        });
        for await (const results of read) {
          const signed = signResults(results);
          const before = tally.count;
          tally.add(signed);
          if (tally.count > told) {
            await edges.onResults?.(signed.slice(Math.max(0, told - before)));
            told = tally.count;
          }
          yield signed;
          // Once the database is busier than the reader, there is time for some of it beside each piece of the report.
          if (tally.count > 20_000) {
            void beginCoverage();
            turns.give();
          }
        }
        complete = true;
      },
      coverage: async function* () {
        coverage = await readCoverageOnce();
        if (coverage !== undefined && coverage.files.length > 0) yield coverage.files;
      },
      totals: () => tally.totals(survey.durationSeconds, coverage?.totals.percent),
    };
  };

  let history: RunHistory | undefined;
  let storeError: unknown;
  if (edges.connect !== undefined) {
    const line = keepLine(edges.connect);
    const payloadSha256 = digest(survey.sha256, coverageSha256);
    const upload = {
      teamSlug: settings.team,
      createdAt,
      uploadKey: makeUploadKey({ ...context, discriminator: settings.uploadKey, payloadSha256 }),
      payloadSha256,
      context,
    };
    try {
      saved = await saveRun(line.connect, upload, open, {
        allowPrivilegedRole: settings.allowPrivilegedRole,
        deadlineMs: storeDeadlineMs,
        onWarning,
        onRetry: ({ reason, delayMs }) => edges.onRetry?.(reason.message, delayMs),
        signal: edges.signal,
      });
      history = await readRunHistory(line.again, {
        saved,
        teamSlug: settings.team,
        allowPrivilegedRole: settings.allowPrivilegedRole,
        baseBranch: settings.baseBranch ?? context.baseBranch,
      });
    } catch (error) {
      if (error instanceof InputError || error instanceof ReportError) throw error;
      // Who does not want to wait any longer wants no summary either, for which everything would be read again.
      if (saved === undefined && edges.signal?.aborted === true) throw error;
      if (saved === undefined) storeError = error;
      // The run is stored: that its past could not be read takes nothing from it.
      else
        onWarning({
          code: 'history-unreadable',
          message: `the history of the failures could not be read: ${words(error)}`,
        });
    } finally {
      await line.close();
    }
  }
  // Stored before, refused, or not asked for: the run is told all the same.
  if (!complete) await readToEnd(open().results());
  coverage = await readCoverageOnce();
  for (const warning of coverage?.warnings ?? []) onWarning(warning);
  await edges.onCoverage?.(coverage?.files ?? []);
  return {
    saved,
    history,
    stored: saved?.stored ?? 'no',
    storeError,
    createdAt,
    context,
    totals: tally.totals(survey.durationSeconds, coverage?.totals.percent),
    tally,
    coverage,
    warnings: [...warnings.values()],
  };
}

/** A report that stops being read when the signal is given. */
function cancellable(
  report: ReportFile,
  signal: AbortSignal | undefined,
  saved: () => SavedRun | undefined,
): ReportFile {
  if (signal === undefined) return report;
  async function* open() {
    for await (const chunk of report.open()) {
      if (signal?.aborted === true) {
        const state = saved() === undefined ? 'nothing was stored' : 'the run is stored';
        throw new StoreError({ code: 'upload-cancelled', message: `cancelled; ${state}` });
      }
      yield chunk;
    }
  }
  return { ...report, open };
}

interface Line {
  /** Opens a new connection, and lets go of the one before. */
  readonly connect: Connect;
  /** The connection that stored the run, once more: opening one can take longer than asking. */
  readonly again: Connect;
  close(): Promise<void>;
}

function keepLine(connect: Connect): Line {
  let idle: Database | undefined;
  const close = async () => {
    const db = idle;
    idle = undefined;
    await db?.close();
  };
  const keep = (db: Database): Database => ({
    ...db,
    close: async () => {
      idle = db;
    },
  });
  return {
    connect: async (limits) => {
      await close();
      return keep(await connect(limits));
    },
    again: async (limits) => {
      const db = idle ?? (await connect(limits));
      idle = undefined;
      return keep(db);
    },
    close,
  };
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function requireTests(survey: Survey, reports: readonly ReportFile[]): void {
  if (survey.testcases > 0) return;
  throw new ReportError({
    code: 'no-tests',
    message:
      reports.length === 1
        ? 'the report holds no test'
        : `none of the ${reports.length} reports holds a test`,
    fix: 'pytest ran nothing (it exits with 5 then): look at -k, -m, testpaths and the folder it was started in.',
    place: { file: reports[0]?.name },
  });
}

async function readCoverageReports(
  settings: Settings,
  edges: Edges,
  { repositoryRoot, checkout }: Surroundings,
  rootdir: string | undefined,
  turn: () => Promise<void>,
): Promise<CoverageRead | undefined> {
  if (edges.coverage.length === 0) return undefined;
  const options = {
    repositoryRoot,
    rootdir: settings.rootdir ?? rootdir,
    workingDirectory: edges.workingDirectory,
    // A folder that is no repository cannot tell what belongs to it.
    trackedFiles: repositoryRoot === undefined ? undefined : checkout?.paths,
  };
  return readCoverage(edges.coverage, options, turn);
}

/** Lets one reader go on only when another gives it a turn, until it is set free. */
function startTurns() {
  let waiting: (() => void) | undefined;
  let isFree = false;
  const give = () => {
    waiting?.();
    waiting = undefined;
  };
  return {
    next: () => (isFree ? Promise.resolve() : new Promise<void>((resolve) => (waiting = resolve))),
    give,
    free: () => {
      isFree = true;
      give();
    },
  };
}

function decideCreatedAt(settings: Settings, survey: Survey, edges: Edges): Date {
  if (settings.createdAt === 'now') return edges.now;
  if (settings.createdAt === 'report') return startedAt(survey.suites, edges).createdAt;
  if (isPlausible(settings.createdAt.getTime(), edges.now)) return settings.createdAt;
  throw new InputError({
    code: 'implausible-time',
    message: `--created-at ${settings.createdAt.toISOString()} is not within 31 days back and 1 day ahead`,
    fix: 'Runs are stored by month; a time that far away would make partitions nobody expects. Use report or now.',
  });
}

async function readToEnd(results: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of results);
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}
