// The use case's half that needs a database: stores a run, and has it judged.
import { InputError, ReportError } from './errors.ts';
import {
  type ChangeSource,
  type FirstGuess,
  guessPlace,
  type Judgement,
  judgeRun,
  judgeStored,
} from './judging.ts';
import { learnFrom } from './learning.ts';
import type { Patch, RunHistory, SavedRun, Stored, Warning } from './model.ts';
import { judgePatch, type PatchQuery, readChange } from './patching.ts';
import type { Connect, ConnectLimits, Database } from './store/database/port.ts';
import { type RetryOptions, unlessCancelled, withRetries } from './store/database/retry.ts';
import { reuseConnection } from './store/database/reuse.ts';
import { withTimeout } from './store/database/search-path.ts';
import { fateOf } from './store/database/server-errors.ts';
import { storedTestName } from './store/database/storable.ts';
import { saveAliases } from './store/history/aliases.ts';
import { type RunSource, type SaveOptions, saveRun, type Upload } from './store/runs/save.ts';
import { type Access, type AccessRequest, inTeam, openTeam } from './store/schema/access.ts';

export { openTeam };

export interface StoreRunOptions extends Omit<SaveOptions, 'deadlineMs' | 'onProgress'> {
  /** How many tests the run has. Absent: few. */
  readonly tests?: number | undefined;
  /** See HistoryQuery. */
  readonly baseBranch: string | undefined;
  readonly change: ChangeSource | undefined;
  /** See PatchQuery. undefined: nobody asks for the coverage of the change. */
  readonly patch?: Pick<PatchQuery, 'diffBase' | 'isAsked'> | undefined;
  /** Called as soon as the run is stored. */
  onSaved(saved: SavedRun): void;
}

export interface StoredRun {
  readonly saved: SavedRun | undefined;
  readonly stored: Stored;
  /** undefined where nothing was stored, or the history could not be read. */
  readonly history: RunHistory | undefined;
  /** Why nothing was stored though it was asked for; the door decides what that means. */
  readonly storeError: unknown;
}

/**
 * Of more tests the server has rows for longer than git takes, but not at first: starting git's processes would keep it waiting for them.
 */
const fewTests = 10_000;
/** No new attempt to store a run begins after this time, in milliseconds. */
const deadlineMs = 120_000;
/** The same for reading a history. */
export const historyDeadlineMs = 60_000;

/**
 * Stores a run and reads its history; does nothing without `connect`. A history that cannot be read is a warning: the run is
 * stored.
 *
 * @throws InputError, ReportError of a report that cannot be read to its end, and any error once the signal is given; a
 *   database's refusal is returned
 */
export async function storeRun(
  connect: Connect | undefined,
  upload: Upload,
  open: () => RunSource,
  options: StoreRunOptions,
): Promise<StoredRun> {
  if (connect === undefined) return outcome(undefined);
  const connection = reuseConnection(connect);
  const opened = options.opened?.then(({ db, access }) => ({ db: connection.keep(db), access }));
  // git answers while the server stores the run.
  let asked: ReturnType<typeof askGit> | undefined;
  const answers = () => (asked ??= askGit(options));
  if ((options.tests ?? 0) <= fewTests) answers();
  let saved: SavedRun | undefined;
  let access: Access | undefined;
  try {
    saved = await saveRun(connection.open, upload, open, {
      ...options,
      opened,
      deadlineMs,
      onAccess: (found) => {
        access = found;
      },
      onProgress: (results) => {
        if (results > fewTests) answers();
      },
    });
    options.onSaved(saved);
    const request = { ...options, saved, teamSlug: upload.teamSlug, ...answers() };
    return outcome(saved, { history: await judgeAndLearn(connection, request, access) });
  } catch (error) {
    if (error instanceof InputError || error instanceof ReportError) throw error;
    if (saved !== undefined) {
      options.onWarning(unreadableHistory(options.signal?.aborted === true ? 'cancelled' : error));
      return outcome(saved);
    }
    // Cancelled: skip the summary, it would read the report again.
    if (options.signal?.aborted === true) throw error;
    return outcome(undefined, { storeError: error });
  } finally {
    await connection.close();
  }
}

/** Where the change begins, and the lines that it changed. */
function askGit({ change, patch, baseBranch }: StoreRunOptions) {
  return {
    patch: patch && change && readPatch(change, patch, baseBranch),
    guess: beside(guessPlace(change, baseBranch)),
  };
}

/** If the upload fails first, nobody awaits the promise: its rejection is not reported as unhandled. */
function beside<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** The change of which the coverage is asked for. */
interface AskedPatch {
  readonly query: PatchQuery;
  read(): ReturnType<typeof readChange>;
}

function readPatch(
  change: ChangeSource,
  patch: NonNullable<StoreRunOptions['patch']>,
  baseBranch: string | undefined,
): AskedPatch {
  const query = { change, ...patch, baseBranch };
  let reading: ReturnType<typeof readChange> | undefined;
  const read = () => (reading ??= beside(readChange(query)));
  // A run without coverage asks git only where another run of its commit has some.
  if (patch.isAsked) read();
  return { query, read };
}

export interface HistoryRequest extends AccessRequest, Omit<RetryOptions, 'deadlineMs'> {
  readonly saved: SavedRun;
  /** See HistoryQuery. */
  readonly baseBranch: string | undefined;
  readonly change?: ChangeSource | undefined;
  readonly patch?: AskedPatch | undefined;
  readonly guess?: Promise<FirstGuess> | undefined;
  onWarning?(warning: Warning): void;
}

/** Reads the history of a run, stored now or earlier, over connections of its own. */
export function readRunHistory(connect: Connect, request: HistoryRequest): Promise<RunHistory> {
  const work = (limits: ConnectLimits) =>
    withAccess(connect, limits, request, async (db, access) => {
      const history = await judgeStored(db, access, { ...request, ...request.saved });
      await keepAliases(db, access, request, history);
      return history;
    });
  return withRetries(work, { ...request, deadlineMs: historyDeadlineMs });
}

/**
 * The same for a run that was just uploaded: the team's memories learn from it. Where they cannot, that is a warning. `known`: who
 * the upload's connection works for.
 */
async function judgeAndLearn(
  connection: ReturnType<typeof reuseConnection>,
  request: HistoryRequest,
  known: Access | undefined,
): Promise<RunHistory> {
  let judged: RunHistory | undefined;
  const judge = async (db: Database, access: Access) => {
    const query = { ...request, ...request.saved, isJustStored: request.saved.stored === 'new' };
    const judgement = await judgeRun(db, access, query);
    judged = judgement.history;
    await keepAliases(db, access, request, judgement.history);
    const patch = await patchOf(db, access, request, judgement);
    try {
      return { ...(await learnFrom(db, access, query, judgement)), patch };
    } catch (error) {
      // Other uploads of the team wait for the same turn: only what is lost is done again.
      if (fateOf(error) === 'lost') throw error;
      request.onWarning?.(notLearned(error));
      return { ...judgement.history, patch };
    }
  };
  const work = (limits: ConnectLimits, attempt: number) =>
    // The connection that stored the run may be lost.
    attempt === 1
      ? withAccess(connection.reuse, limits, request, judge, known)
      : withAccess(connection.open, limits, request, judge);
  try {
    return await withRetries(work, { ...request, deadlineMs: historyDeadlineMs });
  } catch (error) {
    if (judged === undefined || request.signal?.aborted === true) throw error;
    request.onWarning?.(notLearned(error));
    return judged;
  }
}

/** What cannot be read of it is no reason to judge nothing. */
async function patchOf(
  db: Database,
  access: Access,
  { patch }: HistoryRequest,
  judgement: Judgement,
): Promise<Patch | undefined> {
  if (patch === undefined) return undefined;
  try {
    return await judgePatch(db, access, patch.query, patch.read, judgement);
  } catch (error) {
    if (fateOf(error) === 'lost') throw error;
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function withAccess<T>(
  connect: Connect,
  limits: ConnectLimits,
  request: HistoryRequest,
  work: (db: Database, access: Access) => Promise<T>,
  known?: Access,
): Promise<T> {
  const { signal } = request;
  const { db, access } =
    known === undefined
      ? await openTeam(connect, request, { limits, signal })
      : { db: await unlessCancelled(connect(limits), signal, (late) => late.destroy()), access: known };
  const cancel = () => db.destroy();
  signal?.addEventListener('abort', cancel);
  try {
    const begin = withTimeout(access.begin, limits.stallMs);
    return await work(db, db.embedded ? access : { ...access, begin });
  } finally {
    signal?.removeEventListener('abort', cancel);
    await db.close();
  }
}

/** Later runs find the past of renamed tests by what is kept here. They find less where it cannot be kept: no reason to fail. */
async function keepAliases(
  db: Database,
  access: Access,
  { saved, onWarning }: HistoryRequest,
  { renamedFunctions = [] }: RunHistory,
): Promise<void> {
  if (renamedFunctions.length === 0) return;
  try {
    await inTeam(db, access, () => saveAliases(db, access, saved, renamedFunctions));
  } catch (error) {
    if (fateOf(error) === 'lost') throw error;
    onWarning?.({
      code: 'renames-not-kept',
      message: `the renamed tests could not be kept for later runs: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
}

/** The history under the report's own names of its failures, where a name had to be cut or changed to be stored. */
export function withReportNames(
  history: RunHistory | undefined,
  failures: readonly { readonly testName: string }[],
): RunHistory | undefined {
  const names = new Map<string, string>();
  for (const { testName } of failures) {
    const stored = storedTestName(testName);
    if (stored !== testName) names.set(stored, testName);
  }
  if (history === undefined || names.size === 0) return history;
  return {
    ...history,
    failures: history.failures.map((failure) => ({
      ...failure,
      testName: names.get(failure.testName) ?? failure.testName,
    })),
  };
}

function outcome(
  saved: SavedRun | undefined,
  rest: { readonly history?: RunHistory; readonly storeError?: unknown } = {},
): StoredRun {
  return { saved, stored: saved?.stored ?? 'no', history: rest.history, storeError: rest.storeError };
}

function notLearned(error: unknown): Warning {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    code: 'not-learned',
    message: `what this run tells of the memories was not counted: ${reason}. The next upload of the branch counts it.`,
  };
}

function unreadableHistory(error: unknown): Warning {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    code: 'history-unreadable',
    message: `the history of the failures could not be read: ${reason}`,
  };
}
