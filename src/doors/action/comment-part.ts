// The part of this job in the pull request's comment: itself, or with a database all jobs of the commit that are stored by
// now. Knows how jobs are named, nothing of GitHub.

import type { RunContext } from '../../model.ts';
import { standing } from '../../tell/github/attempts.ts';
import { jobKey, makePart, type Part, pushName } from '../../tell/github/comment.ts';
import type { Section } from '../../tell/github/comment-section.ts';
import type { CommitJob, CommitJobs } from './commit-jobs.ts';
import { identifyJob, idOf } from './job-identity.ts';

export interface PartRequest {
  readonly context: RunContext;
  /** SHA-256 of its reports in hex; undefined where it had none. */
  readonly payloadSha256: string | undefined;
  readonly section: Section;
  /** It is a push, and its commit is the head of the pull request. */
  readonly isPush?: boolean;
  /** Absent: nothing was stored. `id`: see idOf. */
  readonly stored: { readonly id: string; readonly team: string; readonly jobs: CommitJobs } | undefined;
  /** Called once when the other jobs cannot be read; the part then holds this job alone. */
  onUnreadable(error: unknown): void;
}

/** Each call gives the part as it is now. */
export function commentPart(request: PartRequest): () => Promise<Part> {
  const { context, section, stored, isPush = false } = request;
  const own = {
    ...identify({ ...context, payloadSha256: request.payloadSha256 }, isPush),
    section,
  };
  const alone = makePart([own], { key: own.key, isPush, own: own.key });
  if (stored === undefined) return async () => alone;
  let readable = true;
  let last: { readonly others: readonly CommitJob[]; readonly part: Part } | undefined;
  return async () => {
    if (!readable) return last?.part ?? alone;
    try {
      const others = await stored.jobs.read();
      if (last?.others !== others)
        last = { others, part: together(context, own, others, { ...stored, isPush }) };
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
  saved: { readonly id: string; readonly team: string; readonly isPush: boolean },
): Part {
  const { hideSolutions, links } = own.section;
  const jobs = others.map((job) => ({
    ...identify(job, saved.isPush),
    id: idOf(job),
    section: inProject(sectionOf(job, hideSolutions), links),
  }));
  // A later attempt of this job may have come first.
  const stand = standing([{ ...own, id: saved.id }, ...jobs]);
  // The database does not keep captured output. In a comment of several jobs only the writing job's would be there, so show none.
  const told =
    stand.length === 1 ? stand : stand.map((job) => ({ ...job, section: withoutOutput(job.section) }));
  return makePart(told, {
    // Jobs of another team, pull request or commit have a part of their own.
    key: jobKey('database', saved.team, repository, String(pullRequest), gitSha, gitBranch),
    version: jobKey(...stand.map(({ id }) => id).sort(), String(hideSolutions)),
    stored: true,
    isPush: saved.isPush,
    own: own.key,
  });
}

/** A project's folder as commands name it: empty for the repository's root. */
export function folderOf(project: string | undefined): string | undefined {
  return project === '.' ? '' : project;
}

/** Its files are those of its own rootdir. */
function inProject(section: Section, links: Section['links']): Section {
  return { ...section, links: section.missing === undefined ? links?.inProject(section.folder) : links };
}

function withoutOutput(section: Section): Section {
  return { ...section, failures: section.failures.map((failure) => ({ ...failure, captured: undefined })) };
}

function identify(job: Parameters<typeof identifyJob>[0], isPush: boolean) {
  const identity = identifyJob(job);
  return isPush
    ? { ...identity, name: pushName(identity.name), label: `${identity.label} (push)` }
    : identity;
}

function sectionOf(job: CommitJob, hideSolutions: boolean): Section {
  if (job.runId === undefined) return missingSection(job.reason, { ok: true, text: '' }, hideSolutions);
  const { totals, xfailed, incomplete, failures, history, leastCovered, matriz, reports, project } = job;
  const stored = { ok: true, text: '' };
  return {
    totals,
    lost: 0,
    incomplete,
    troubles: [],
    xfailed,
    failures,
    history,
    matriz,
    leastCovered,
    stored,
    hideSolutions,
    folder: folderOf(project),
    isFromWindows: failures.some((failure) => failure.isFromWindows),
    severalReports: reports,
  };
}

/** How the reason begins where no file was found. */
export const noReport = 'no report: ';

/** What is told of a step that had no results; `reason` is a sentence. */
export function missingSection(reason: string, stored: Section['stored'], hideSolutions: boolean): Section {
  return {
    totals: {
      total: 0,
      passed: 0,
      failed: 0,
      skipped: 0,
      errors: 0,
      durationSeconds: undefined,
      coveragePercent: undefined,
    },
    lost: 0,
    incomplete: true,
    missing: reason.startsWith(noReport) ? 'report' : 'results',
    troubles: [reason],
    xfailed: 0,
    failures: [],
    history: undefined,
    leastCovered: [],
    stored,
    hideSolutions,
  };
}
