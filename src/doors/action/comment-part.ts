// The part of this job in the pull request's comment: itself, or with a database all jobs of the commit that are stored by
// now. Knows how jobs are named, nothing of GitHub.

import type { RunContext, SavedRun } from '../../model.ts';
import { jobKey, makePart, type Part } from '../../tell/github/comment.ts';
import { type Section, shortLabels } from '../../tell/github/comment-section.ts';
import type { CommitJob, CommitJobs } from './commit-jobs.ts';

export interface PartRequest {
  readonly context: RunContext;
  readonly section: Section;
  /** Absent: nothing was stored. */
  readonly stored: { readonly run: SavedRun; readonly jobs: CommitJobs } | undefined;
  /** Called once when the other jobs cannot be read; the part then holds this job alone. */
  onUnreadable(error: unknown): void;
}

/** The job's name, `tests / test (3.13)`, with its lane where the name does not hold it. */
export function jobLabel({ jobName, lane }: Pick<RunContext, 'jobName' | 'lane'>): string {
  const name = jobName ?? '';
  const [short = ''] = shortLabels([name]);
  if (lane === undefined || short.split(/[^\p{L}\p{N}_-]+/u).includes(lane)) return name;
  return name === '' ? lane : `${name} ${lane}`;
}

/** Each call gives the part as it is now. */
export function commentPart(request: PartRequest): () => Promise<Part> {
  const { context, section, stored } = request;
  const own = { ...namedJob(context), section };
  const alone = makePart([own], { key: own.key });
  if (stored === undefined) return async () => alone;
  let readable = true;
  let last: { readonly others: readonly CommitJob[]; readonly part: Part } | undefined;
  return async () => {
    if (!readable) return last?.part ?? alone;
    try {
      const others = await stored.jobs.read();
      if (last?.others !== others) last = { others, part: together(context, own, others, stored.run) };
      return last.part;
    } catch (error) {
      readable = false;
      request.onUnreadable(error);
      return last?.part ?? alone;
    }
  };
}

function together(
  { repository, pullRequest, gitSha, gitBranch }: RunContext,
  own: Parameters<typeof makePart>[0][number],
  others: readonly CommitJob[],
  saved: SavedRun,
): Part {
  const jobs = others.map((job) => ({
    ...namedJob(job),
    section: sectionOf(job, own.section.hideSolutions),
  }));
  // A later attempt of this job replaces it.
  const repeated = jobs.some(({ key }) => key === own.key);
  const runs = [...others.map((job) => job.runId), ...(repeated ? [] : [saved.runId])].sort();
  return makePart(repeated ? jobs : [own, ...jobs], {
    // Jobs of another team, pull request or commit have a part of their own.
    key: jobKey('database', saved.team, repository, String(pullRequest), gitSha, gitBranch),
    version: jobKey(...runs, String(own.section.hideSolutions)),
  });
}

function namedJob(job: Pick<RunContext, 'jobName' | 'lane'>): {
  readonly key: string;
  readonly label: string;
} {
  const label = jobLabel(job);
  return { key: jobKey(job.jobName, job.lane), label: label === '' ? 'tests' : label };
}

function sectionOf(job: CommitJob, hideSolutions: boolean): Section {
  const { totals, incomplete, failures, history, leastCovered } = job;
  const stored = { ok: true, text: '' };
  return {
    totals,
    lost: 0,
    incomplete,
    troubles: [],
    xfailed: 0,
    failures,
    history,
    leastCovered,
    stored,
    hideSolutions,
    isFromWindows: failures.some((failure) => failure.isFromWindows),
  };
}
