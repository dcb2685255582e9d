// All jobs of a commit as the database has them by now: the second use case, for a comment that tells them together. Joins
// store and read, and knows nothing of words.
import type { Outcome, RunHistory, SavedRun, Totals } from '../../model.ts';
import { readStoredFailure } from '../../read/report/junit.ts';
import type { Connect, Database } from '../../store/database/port.ts';
import { readHistory } from '../../store/history/history.ts';
import {
  type CommitQuery,
  type LeastCovered,
  listJobs,
  readFailureTexts,
  readLeastCovered,
  type StoredJob,
} from '../../store/runs/jobs.ts';
import { type Access, openAccess } from '../../store/schema/access.ts';
import { type ShownFailure, showFailure } from '../../tally.ts';

/** A job of the commit with all there is to tell about it. */
export interface CommitJob {
  readonly runId: string;
  readonly jobName: string | undefined;
  readonly lane: string | undefined;
  readonly totals: Totals;
  /** Tests of it are missing. */
  readonly incomplete: boolean;
  readonly failures: readonly ShownFailure[];
  readonly history: RunHistory;
  readonly leastCovered: readonly LeastCovered[];
}

export interface CommitJobs {
  /** The other jobs, as of now; the same array while nothing was stored since the call before. */
  read(): Promise<readonly CommitJob[]>;
  close(): Promise<void>;
}

export interface CommitJobsRequest extends CommitQuery {
  /** The run of this job: told by itself, and not among the others. */
  readonly saved: SavedRun;
  readonly teamSlug: string | undefined;
  readonly baseBranch: string | undefined;
}

/** So many failures of each class are read with their texts. */
const mostShown = 50;

/** Opens nothing before the first `read`. */
export function openCommitJobs(connect: Connect, request: CommitJobsRequest): CommitJobs {
  let line: { readonly db: Database; readonly access: Access } | undefined;
  const known = new Map<string, CommitJob>();
  let last: readonly CommitJob[] = [];
  return {
    async read() {
      if (line === undefined) {
        const db = await connect({ stallMs: 30_000 });
        line = {
          db,
          access: await openAccess(db, { teamSlug: request.teamSlug, allowPrivilegedRole: false }),
        };
      }
      const { db, access } = line;
      const stored = await listJobs(db, access, request);
      const own = stored.find((job) => job.runId === request.saved.runId);
      const others = stored.filter((job) => job !== own);
      for (const job of others) {
        if (!known.has(job.runId)) known.set(job.runId, await readJob(db, access, job, request.baseBranch));
      }
      const jobs = others.flatMap((job) => known.get(job.runId) ?? []);
      const same = jobs.length === last.length && jobs.every((job, i) => job === last[i]);
      if (!same) last = jobs;
      return last;
    },
    async close() {
      const open = line;
      line = undefined;
      await open?.db.close();
    },
  };
}

async function readJob(
  db: Database,
  access: Access,
  job: StoredJob,
  baseBranch: string | undefined,
): Promise<CommitJob> {
  const history = await readHistory(db, access, { ...job, baseBranch });
  const counts = new Map<string, number>();
  const shown = history.failures.filter((failure) => {
    const place = counts.get(failure.class) ?? 0;
    counts.set(failure.class, place + 1);
    return place < mostShown;
  });
  const names = [...new Set(shown.map((failure) => failure.testName))];
  const texts = await readFailureTexts(db, access, job, names);
  return {
    runId: job.runId,
    jobName: job.jobName,
    lane: job.lane,
    totals: job.totals,
    incomplete: job.incomplete,
    failures: texts.map((text) =>
      showFailure({ ...text, outcome: text.outcome as Outcome, failure: readStoredFailure(text) }),
    ),
    history,
    leastCovered: job.totals.coveragePercent === undefined ? [] : await readLeastCovered(db, access, job, 10),
  };
}
