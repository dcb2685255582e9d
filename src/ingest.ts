// The use case: reports in, rows and a verdict out. Reads as the list of the product's steps; joins the rooms, which do
// not know each other. Both command-line doors and the Action call it.
import { posix } from 'node:path';
import { InputError, type Naming, ReportError, StoreError } from './errors.ts';
import { reviewMatriz } from './judge/matriz.ts';
import type { ChangeSource } from './judging.ts';
import type {
  CoverageFile,
  MatrizReview,
  MeasuredFile,
  Patch,
  RunContext,
  RunMatriz,
  SignedResult,
  Warning,
} from './model.ts';
import { type Counted, startPasses } from './passes.ts';
import type { PatchQuery } from './patching.ts';
import type { CheckoutFiles } from './read/checkout.ts';
import { readCoverageBeside } from './read/coverage/beside.ts';
import { hashCoverage } from './read/coverage/coverage.ts';
import { cancellable, distinctReports, type Found } from './read/files.ts';
import type { MatrizFile } from './read/matriz.ts';
import { findProjects, severalProjects } from './read/projects.ts';
import { decideCreatedAt, findOldReports } from './read/report/started-at.ts';
import { emptyReports, noTests, type ReportFile, surveyReports } from './read/report/survey.ts';
import type { Settings } from './settings.ts';
import type { Connect } from './store/database/port.ts';
import { hashPayload, makeUploadKey } from './store/runs/upload-key.ts';
import type { TeamConnection } from './store/schema/access.ts';
import type { StoredRun } from './storing.ts';

/** Commit, CI system and checkout. */
export interface Surroundings {
  readonly context: (suiteProperties: ReadonlyMap<string, string>) => RunContext;
  /** Absolute; undefined outside a git repository. */
  readonly repositoryRoot: string | undefined;
  /** The files of the checkout, or of the working directory where there is no repository. */
  readonly checkout: CheckoutFiles | undefined;
  /** Commits that the CI system names, and what git tells about others. */
  readonly named?: ChangeSource['named'] | undefined;
  readonly git?: ChangeSource['git'];
  readonly readPulledFiles?: ChangeSource['readPulledFiles'];
  readonly readServerFiles?: ChangeSource['readServerFiles'];
  /** The earliest that a report of this run can have been begun, and what happened then. */
  readonly beginning?:
    | {
        readonly at: Date;
        readonly what: string;
        /** Whether a file, by its absolute path, is older by nature. */
        readonly holds?: ((path: string) => Promise<boolean>) | undefined;
      }
    | undefined;
}

/** What the outside world gives to an upload. */
export interface Edges {
  readonly now: Date;
  readonly hostname: string;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly reports: readonly ReportFile[];
  /** Why reports that were asked for are not among them. */
  readonly problems?: readonly InputError[];
  /** coverage.py's JSON reports: paths, and why some that were asked for are not among them. */
  readonly coverage: Pick<Found, 'paths' | 'problems'>;
  /** The door's words for settings. */
  readonly naming: Naming;
  /** What surrounds the run; found out while the report is checked. */
  readonly surroundings: Promise<Surroundings>;
  /** Absent: nothing is stored. */
  readonly connect: Connect | undefined;
  /** What `connect` was used for before the report was read. Its error counts only now: one of the report comes first. */
  readonly takeTeam?: (() => Promise<TeamConnection> | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of every result exactly once, however often the report had to be read. */
  onResults?(results: readonly SignedResult[]): Promise<void>;
  onCoverage?(files: readonly CoverageFile[]): Promise<void>;
  onProgress?(what: string, fraction: number | undefined): void;
  /** Called before each new attempt to store the run. */
  onRetry?(reason: string, delayMs: number): void;
}

export interface Verdict extends StoredRun, Counted {
  readonly createdAt: Date;
  readonly context: RunContext;
  /** The coverage of the run's change: of all stored runs of its commit, without a database of this one. */
  readonly patch: Patch | undefined;
  /** For judging other runs of the commit. */
  readonly change: ChangeSource;
  /** SHA-256 over the bytes of all reports, in hex. */
  readonly payloadSha256: string;
  /** pytest's rootdir relative to the checkout's root; undefined where it is not known. */
  readonly rootdir: string | undefined;
  /** Not all reports and tests could be read: what is absent says nothing. */
  readonly incomplete: boolean;
  readonly matriz: RunMatriz;
  readonly warnings: readonly Warning[];
}

/**
 * Reads, signs and stores one run.
 *
 * @throws InputError, ReportError when the reports cannot be taken (nothing is stored then), StoreError `upload-cancelled`
 *   by the signal. A database's refusal is in the verdict: the run is told all the same
 */
export async function ingest(settings: Settings, edges: Edges): Promise<Verdict> {
  const { signal } = edges;
  const begun = performance.now();
  const clock = () => new Date(edges.now.getTime() + performance.now() - begun);
  const warnings = new Map<string, Warning>();
  const onWarning = (warning: Warning) => void warnings.set(JSON.stringify(warning), warning);
  const onCoverageWarning = (warning: Warning) =>
    onWarning(
      settings.requireCoverage && noCoverage.has(warning.code) ? { ...warning, severity: 'error' } : warning,
    );
  // Coverage is beside the tests: what cannot be taken of it is told, and never takes them down.
  const onUnusable = (error: InputError | ReportError) =>
    onCoverageWarning({ ...warningOf(error, edges.naming), code: unusable });
  const bytes = edges.reports.reduce((sum, report) => sum + report.bytes, 0);
  const progress = (what: string) => (read: number) =>
    edges.onProgress?.(what, bytes > 0 ? read / bytes : undefined);
  let isStored = false;
  const reports = edges.reports.map((report) => cancellable(report, signal, () => cancelled(isStored)));

  // A bad report is told first, even where the surroundings fail before it was read.
  edges.surroundings.catch(() => {});
  const distinct = await distinctReports(reports);
  for (const { file, of } of distinct.copies)
    onWarning({
      code: 'identical-report',
      message: `this report equals ${of} byte for byte: its tests are counted once`,
      file,
    });
  const survey = await surveyReports(distinct.reports, {
    allowIncomplete: settings.allowIncomplete,
    onProgress: progress('checking the report'),
  });
  const problems = [...(edges.problems ?? []), ...survey.problems];
  for (const problem of problems) onWarning({ ...warningOf(problem, edges.naming), severity: 'error' });
  const nothing = noTests(survey);
  // pytest ran something where a report was cut off.
  if (nothing !== undefined && (settings.onEmpty === 'fail' || nothing.code === 'truncated'))
    throw survey.problems[0] ?? nothing;
  const empty =
    settings.onEmpty === 'ignore' || nothing?.code === 'tests-missing'
      ? []
      : nothing === undefined
        ? emptyReports(survey)
        : [nothing];
  for (const error of empty)
    onWarning({
      ...warningOf(error, edges.naming),
      severity: settings.onEmpty === 'fail' ? 'error' : undefined,
    });
  // Where a report may be without a test, the run is whole without it.
  const absent = settings.onEmpty === 'fail' ? survey.empty : [];
  const notTaken = problems.length + absent.length + survey.incomplete.length > 0;

  const {
    repositoryRoot,
    checkout: files,
    context: contextOf,
    beginning,
    named = {},
    git,
    readPulledFiles,
    readServerFiles,
  } = await edges.surroundings;
  const detected = contextOf(survey.properties);
  const { workingDirectory } = edges;
  const projects = files && findProjects(files, survey, { rootdir: settings.rootdir, workingDirectory });
  const checkout = projects?.checkout;
  const several = projects && severalProjects(projects, edges.naming);
  if (several !== undefined) onWarning(several);
  // The ids of several projects are seen from the repository's root.
  const rootdir = several === undefined ? (settings.rootdir ?? checkout?.rootdir) : '';
  const old = await findOldReports(survey.suites, beginning, workingDirectory);
  for (const warning of old) onWarning(warning);
  const context = { ...detected, project: projectOf(rootdir), isStale: old.length > 0 };
  for (const problem of edges.coverage.problems) onUnusable(problem);
  const hashWith = async (coverage: readonly string[]) =>
    hashPayload(survey.sha256, await hashCoverage(coverage), ...(notTaken ? ['incomplete'] : []));
  const payloadSha256 = await hashWith(edges.coverage.paths);
  const resultsSha256 = await hashWith([]);
  const createdAt = decideCreatedAt(settings.createdAt, survey.suites, edges);

  const passes = startPasses(survey.files, {
    survey,
    checkout,
    projects: projects?.byReport,
    naming: edges.naming,
    capturedLines: settings.capturedOutput,
    incomplete: notTaken,
    notTaken: new Set(
      [...problems.map(({ place }) => place), ...survey.incomplete, ...absent].flatMap(
        (place) => place?.file ?? [],
      ),
    ),
    coverage: readCoverageBeside(edges.coverage.paths, {
      repositoryRoot,
      rootdir: settings.rootdir ?? checkout?.rootdir,
      workingDirectory,
      // A folder that is no repository cannot tell which files belong to it.
      trackedFiles: repositoryRoot === undefined ? undefined : files?.paths,
      onUnusable,
    }),
    onWarning,
    onProgress: progress('reading and storing'),
    onResults: edges.onResults,
  });
  const readEdited = editedReader(context, files);
  const change = { context, named, git, readEdited, readPulledFiles, readServerFiles };
  // Coverage that comes later belongs to the same run.
  const uploadKey = makeUploadKey({
    ...context,
    discriminator: settings.uploadKey,
    payloadSha256: resultsSha256,
  });
  // It is beside the tests, too.
  const matriz = await readMatrizOf(settings, workingDirectory, (error) =>
    onWarning({
      ...warningOf(error, edges.naming),
      code: error.code.startsWith('matriz-') ? error.code : 'matriz-invalid',
    }),
  );
  const upload = {
    teamSlug: settings.team,
    createdAt,
    uploadKey,
    payloadSha256,
    resultsSha256,
    context,
    matriz: matriz && {
      ...matriz.review,
      json: matriz.json,
      durationMs: matriz.analysis.durationMs,
      activeComponents: matriz.analysis.activeComponents,
    },
  };
  const asksPatch = edges.coverage.paths.length > 0;
  // A run without a test says nothing, and would be what the next one is compared with.
  const connect = nothing === undefined ? edges.connect : undefined;
  // What needs a database is loaded where there is one: reading its source takes longer than reading a small report.
  const storing = connect && (await import('./storing.ts'));
  const stored: StoredRun = (await storing?.storeRun(connect, upload, passes.open, {
    opened: edges.takeTeam?.(),
    tests: survey.testcases,
    allowPrivilegedRole: settings.allowPrivilegedRole,
    baseBranch: settings.baseBranch,
    change,
    patch: { isAsked: asksPatch, diffBase: settings.diffBase },
    clock,
    onWarning,
    onRetry: ({ reason, delayMs }) => edges.onRetry?.(reason.message, delayMs),
    onSaved: () => {
      isStored = true;
    },
    signal,
  })) ?? { saved: undefined, stored: 'no', history: undefined, storeError: undefined };

  const counted = await passes.finish();
  for (const warning of counted.coverage?.warnings ?? []) onCoverageWarning(warning);
  await edges.onCoverage?.(counted.coverage?.files ?? []);
  const patch =
    stored.saved !== undefined || !asksPatch
      ? stored.history?.patch
      : await patchAlone(
          { change, isAsked: true, diffBase: settings.diffBase, baseBranch: settings.baseBranch },
          counted.coverage?.files ?? [],
        );
  const incomplete = notTaken || counted.lost > 0;
  return {
    ...stored,
    ...counted,
    history: storing?.withReportNames(stored.history, counted.tally.failures),
    patch,
    createdAt,
    context,
    change,
    payloadSha256,
    rootdir,
    incomplete,
    matriz: runMatriz(settings.matriz, matriz, stored.saved?.matrizIsOff === true),
    warnings: [...warnings.values()],
  };
}

/** The coverage of the change by this run's own reports. */
async function patchAlone(query: PatchQuery, files: readonly MeasuredFile[]): Promise<Patch | undefined> {
  const { judgeOwnPatch, readChange } = await import('./patching.ts');
  return judgeOwnPatch(await readChange(query), files);
}

/** The analysis that was asked for, and what it comes to; undefined where there is none, or it cannot be used. */
async function readMatrizOf(
  { matriz }: Settings,
  workingDirectory: string,
  onUnusable: (error: InputError | ReportError) => void,
): Promise<(MatrizFile & { readonly review: MatrizReview }) | undefined> {
  if (matriz === undefined) return undefined;
  try {
    const { readMatriz } = await import('./read/matriz.ts');
    const file = await readMatriz(matriz, workingDirectory);
    return { ...file, review: reviewMatriz(file.analysis) };
  } catch (error) {
    if (!(error instanceof InputError || error instanceof ReportError)) throw error;
    onUnusable(error);
    return undefined;
  }
}

function runMatriz(
  file: string | undefined,
  read: { readonly review: MatrizReview } | undefined,
  isOff: boolean,
): RunMatriz {
  if (file === undefined) return { missing: 'not-given' };
  if (isOff) return { missing: 'turned-off' };
  return read === undefined ? { missing: 'unusable' } : { review: read.review, file };
}

/** The rootdir in one spelling: `services/shop`, `..`, and `.` for the repository's root. */
function projectOf(rootdir: string | undefined): string | undefined {
  return rootdir === undefined ? undefined : posix.normalize(rootdir).replace(/(?<=.)\/+$/, '');
}

/** Uncommitted changes outside CI are read from the folder. A report may name any path: one that leads out of it is not opened. */
function editedReader(
  { origin, tested }: RunContext,
  files: CheckoutFiles | undefined,
): ChangeSource['readEdited'] {
  if (origin !== 'local' || (tested?.dirty ?? 0) === 0 || files === undefined) return undefined;
  return (path) =>
    posix.isAbsolute(path) || path.split(/[\\/]/).includes('..') ? undefined : files.readText(path);
}

const unusable = 'coverage-unusable';
/** Warnings by which there is no coverage where some was asked for. */
const noCoverage: ReadonlySet<string> = new Set([unusable, 'coverage-empty']);

function cancelled(isStored: boolean): StoreError {
  const state = isStored ? 'the run is stored' : 'nothing was stored';
  return new StoreError({ code: 'upload-cancelled', message: `cancelled; ${state}` });
}

/** What is told where the work goes on without the thing that the error is about. */
function warningOf(error: InputError | ReportError, name: Naming): Warning {
  const { file, line, column, byte } = error.place ?? {};
  const fix = error.fixIn(name);
  const what = byte === undefined ? error.message : `${error.message} (byte ${byte})`;
  const message = fix === undefined ? what : `${what.replace(/\.$/, '')}. ${fix}`;
  return { code: error.code, message, file, line, column };
}
