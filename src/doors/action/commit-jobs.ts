// Reads all jobs of a commit that are in the database by now, for the comment that shows them together. Joins store and read;
// knows no wording.

import { ReportError } from '../../errors.ts';
import { reviewMatriz } from '../../judge/matriz.ts';
import { type ChangeSource, judgeStored } from '../../judging.ts';
import type { Outcome, RunHistory, RunOrigin, Totals } from '../../model.ts';
import { parseMatriz } from '../../read/matriz.ts';
import { readStoredFailure } from '../../read/report/junit.ts';
import type { SeveralReports } from '../../report-counts.ts';
import type { Connect, ConnectLimits, Database } from '../../store/database/port.ts';
import { withRetries } from '../../store/database/retry.ts';
import { withTimeout } from '../../store/database/search-path.ts';
import { countExpectedFailures } from '../../store/questions/runs.ts';
import {
  type CommitQuery,
  type LeastCovered,
  listJobs,
  readAnalysis,
  readFailureTexts,
  readLeastCovered,
  readReportCounts,
  type StoredJobIdentity,
  type StoredMissingJob,
  type StoredRunJob,
} from '../../store/runs/jobs.ts';
import { type Access, openAccess } from '../../store/schema/access.ts';
import { historyDeadlineMs } from '../../storing.ts';
import { type ShownFailure, showFailure } from '../../tally.ts';
import { standing } from '../../tell/github/attempts.ts';
import { isForeign, type ShownMatriz } from '../../tell/matriz.ts';
import { identifyJob, idOf } from './job-identity.ts';

/** A job of the commit with all that the comment shows of it. */
export interface CommitRun extends StoredJobIdentity {
  readonly runId: string;
  readonly totals: Totals;
  /** See StoredRunJob. */
  readonly project: string | undefined;
  /** How many of the skipped ones were expected to fail, and did. */
  readonly xfailed: number;
  readonly reports: SeveralReports | undefined;
  /** Tests of it are missing. */
  readonly incomplete: boolean;
  readonly failures: readonly ShownFailure[];
  readonly history: RunHistory;
  readonly leastCovered: readonly LeastCovered[];
  readonly matriz: ShownMatriz | undefined;
}

export type CommitJob = CommitRun | StoredMissingJob;

export interface CommitJobs {
  /** The other jobs that are stored now and stand; the same array while nothing new was stored. */
  read(): Promise<readonly CommitJob[]>;
  close(): Promise<void>;
}

export interface CommitJobsRequest extends CommitQuery {
  /** See idOf; what this job stored is not among the others. */
  readonly ownId: string;
  readonly teamSlug: string | undefined;
  /** See HistoryQuery. */
  readonly baseBranch: string | undefined;
  readonly change: ChangeSource | undefined;
  /** Jobs of this run's workflow only. */
  readonly ofWorkflowAlone?: boolean;
  readonly workflow?: string | undefined;
}

/** At most so many failures of each class are read with their texts. */
const mostShown = 50;

interface Line {
  readonly db: Database;
  readonly access: Access;
}

/** Opens nothing before the first `read`. */
export function openCommitJobs(connect: Connect, request: CommitJobsRequest): CommitJobs {
  let line: Promise<Line> | undefined;
  const known = new Map<string, CommitJob>();
  let last: readonly CommitJob[] = [];

  const openLine = async (limits: ConnectLimits): Promise<Line> => {
    const db = await connect(limits);
    try {
      const access = await openAccess(db, { teamSlug: request.teamSlug, allowPrivilegedRole: false });
      return { db, access: { ...access, begin: withTimeout(access.begin, limits.stallMs) } };
    } catch (error) {
      await db.close();
      throw error;
    }
  };
  const close = async (): Promise<void> => {
    const open = await line?.catch(() => undefined);
    line = undefined;
    await open?.db.close();
  };
  const readOn = async ({ db, access }: Line): Promise<readonly CommitJob[]> => {
    const listed = await listJobs(db, access, request);
    const stored = listed
      .filter(({ workflow }) => request.ofWorkflowAlone !== true || workflow === request.workflow)
      .map((job) => ({ ...identifyJob(job), stored: job }));
    // Only what is told is read.
    const others = standing(stored).flatMap(({ stored: job }) => (idOf(job) === request.ownId ? [] : [job]));
    for (const job of others) {
      if (known.has(idOf(job))) continue;
      const isMissing = job.runId === undefined;
      known.set(idOf(job), isMissing ? job : await readJob(db, access, job, request));
    }
    const jobs = others.flatMap((job) => known.get(idOf(job)) ?? []);
    const same = jobs.length === last.length && jobs.every((job, i) => job === last[i]);
    if (!same) last = jobs;
    return last;
  };

  return {
    read: () =>
      withRetries(
        async (limits) => {
          try {
            line ??= openLine(limits);
            return await readOn(await line);
          } catch (error) {
            // The next attempt takes a connection of its own.
            await close();
            throw error;
          }
        },
        { deadlineMs: historyDeadlineMs },
      ),
    close,
  };
}

async function readJob(
  db: Database,
  access: Access,
  job: StoredRunJob,
  { baseBranch, change }: Pick<CommitJobsRequest, 'baseBranch' | 'change'>,
): Promise<CommitRun> {
  const history = await judgeStored(db, access, {
    runId: job.runId,
    createdAt: job.createdAt,
    baseBranch,
    change,
  });
  const counts = new Map<string, number>();
  const causes = new Set<string>();
  const shown = history.failures.filter(({ class: novelty, causeKey }) => {
    // The words of one stand for all of its cause.
    const cause = `${novelty} ${causeKey}`;
    const place = counts.get(novelty) ?? 0;
    if (place >= mostShown || (causeKey !== undefined && causes.has(cause))) return false;
    causes.add(cause);
    counts.set(novelty, place + 1);
    return true;
  });
  const names = [...new Set(shown.map((failure) => failure.testName))];
  const texts = await readFailureTexts(db, access, job, names);
  return {
    ...job,
    xfailed: job.totals.skipped === 0 ? 0 : await countExpectedFailures(db, access, job),
    failures: texts.map((text) =>
      showFailure({ ...text, outcome: text.outcome as Outcome, failure: readStoredFailure(text) }),
    ),
    history,
    reports: job.hasReports ? await readReportCounts(db, access, job) : undefined,
    leastCovered: job.totals.coveragePercent === undefined ? [] : await readLeastCovered(db, access, job, 10),
    matriz: await readStoredMatriz(db, access, job),
  };
}

/** Other programs may have written what they like. */
async function readStoredMatriz(
  db: Database,
  access: Access,
  job: StoredRunJob,
): Promise<ShownMatriz | undefined> {
  const stored = await readAnalysis(db, access, job);
  if (stored === undefined) return undefined;
  try {
    const { analysis } = await parseMatriz(stored.json, 'matriz_analysis');
    const origin = stored.origin as RunOrigin | undefined;
    return { review: reviewMatriz(analysis), isForeign: isForeign({ origin }) };
  } catch (error) {
    if (error instanceof ReportError) return undefined;
    throw error;
  }
}
