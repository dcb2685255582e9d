// How an upload of this commit is named, and told apart from the others. Knows nothing of GitHub's API or of the database.
import type { StoredJobIdentity } from '../../store/runs/jobs.ts';
import { type JobIdentity, jobKey } from '../../tell/github/comment.ts';
import { shortLabels } from '../../tell/github/comment-section.ts';

/** The job's name, `tests / test (3.13)`, with its lane where the name does not hold it. */
export function jobLabel({ jobName, lane }: Pick<StoredJobIdentity, 'jobName' | 'lane'>): string {
  const name = jobName ?? '';
  const [short = ''] = shortLabels([name]);
  if (lane === undefined || short.split(/[^\p{L}\p{N}_-]+/u).includes(lane)) return name;
  return name === '' ? lane : `${name} ${lane}`;
}

/**
 * What tells an upload apart in the comment. Its key holds the content, so that two uploads which claim one place are both
 * shown, and one that is stored later takes the place of what was said before it was.
 */
export function identifyJob(job: Partial<StoredJobIdentity>): JobIdentity & { readonly label: string } {
  const { workflow, jobName, lane, step, checkRunId, payloadSha256 } = job;
  const run = Number(job.workflowRunId ?? 0);
  const attempt = job.runAttempt ?? 1;
  const name = jobKey(workflow, jobName, lane, step);
  const label = jobLabel({ jobName, lane });
  return {
    key: jobKey(name, job.workflowRunId, String(attempt), checkRunId?.toString(), payloadSha256),
    name,
    label: label === '' ? 'tests' : label,
    run: Number.isSafeInteger(run) && run > 0 ? run : 0,
    attempt,
    job: checkRunId,
    step,
  };
}

/** Tells the rows apart: the run's id, or the upload's key. */
export function idOf(
  job: { readonly runId: string } | { readonly runId: undefined; readonly key: string },
): string {
  return job.runId ?? job.key;
}
