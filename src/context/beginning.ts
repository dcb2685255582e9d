// The earliest moment at which a report of this run can have been begun, from what the CI system or the checkout says without
// asking a server. Where nothing reliable says it: undefined.
import type { Env } from './ci.ts';
import type { Commit } from './commits.ts';
import type { GithubEvent } from './github-event.ts';

export interface Beginning {
  readonly at: Date;
  /** What happened then, to follow "before": `this pipeline was created`. */
  readonly what: string;
}

/**
 * The beginning of the run that made the report. A second attempt keeps the event and the pipeline of the first, so reports of
 * earlier attempts are not old.
 *
 * @param gitSha the commit that the run is stored for
 * @param head of the checkout
 */
export function findBeginning(
  env: Env,
  event: GithubEvent,
  gitSha: string | undefined,
  head: Pick<Commit, 'sha' | 'committedAt'> | undefined,
): Beginning | undefined {
  if (env.GITHUB_ACTIONS === 'true') return fromEvent(env.GITHUB_EVENT_NAME, event);
  if (env.GITLAB_CI === 'true') {
    // A pipeline that another one started may be there to upload that one's report.
    if (/pipeline$/.test(env.CI_PIPELINE_SOURCE ?? '')) return undefined;
    return beginning(env.CI_PIPELINE_CREATED_AT, 'this pipeline was created');
  }
  return head === undefined || head.sha !== gitSha ? undefined : beginningOf(head.sha, head.committedAt);
}

/** A report is not older than its commit. */
export function beginningOf(sha: string, committedAt: Date | undefined): Beginning | undefined {
  return committedAt && { at: committedAt, what: `the commit ${sha.slice(0, 12)}, which it is stored for` };
}

/**
 * Times that GitHub's server wrote when it made the event: clocks of committers are not asked. Other events say nothing of when
 * the report was made: a dispatched workflow may upload another run's.
 */
function fromEvent(name: string | undefined, event: GithubEvent): Beginning | undefined {
  switch (name) {
    case 'push':
      return beginning(event.repository?.pushed_at, 'the push that this workflow run is for');
    case 'pull_request':
    case 'pull_request_target':
      return beginning(
        event.pull_request?.updated_at,
        'the change of the pull request that this workflow run is for',
      );
    case 'merge_group':
      return beginning(event.merge_group?.head_commit?.timestamp, 'the merge group was made');
    case 'workflow_run':
      return beginning(event.workflow_run?.created_at, 'the workflow run that tested was created');
    default:
      return undefined;
  }
}

/** @param time ISO 8601 with a zone, or seconds since 1970 */
function beginning(time: string | number | undefined, what: string): Beginning | undefined {
  const ms =
    typeof time === 'number'
      ? time * 1000
      : /T.*(?:Z|[+-]\d\d:?\d\d)$/.test(time ?? '')
        ? Date.parse(time ?? '')
        : Number.NaN;
  // Dates that JavaScript cannot hold are no times.
  return Math.abs(ms) <= 8.64e15 ? { at: new Date(ms), what } : undefined;
}
