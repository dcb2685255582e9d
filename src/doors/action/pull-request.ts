// Decides which pull request an event is about, and whether it is trusted. Pure; the payload is other people's data.
import type { GithubEvent } from '../../context/github-event.ts';
import { InputError } from '../../errors.ts';

export interface PullRequest {
  /** undefined: not known yet, found by its head. */
  readonly number: number | undefined;
  readonly head: { readonly headRepository: string; readonly headBranch: string; readonly headSha: string };
  /** Its head is in another repository, or nothing says in which. */
  readonly fork: boolean;
  /** The event is about none: it is that of a push, or the one that the input `pull-request` names. Not known to be of this commit. */
  readonly origin?: 'push' | 'named' | undefined;
}

export interface EventFacts {
  readonly event: GithubEvent;
  readonly eventName: string;
  /** `owner/name` of the repository that the workflow runs in. */
  readonly repository: string;
  /** The commit that the results are stored for. */
  readonly checkedOut: string | undefined;
  /** The checkout, or another one in the workspace, is at another commit than the event names. */
  readonly elsewhere: boolean;
}

/**
 * The pull request to comment on; undefined where the event is about none.
 *
 * @throws InputError `pull-request-target` where a workflow with write access checked out a stranger's code
 */
export function planComment(facts: EventFacts): PullRequest | undefined {
  const { event, eventName, repository } = facts;
  const { pull_request: pull, workflow_run: run } = event;
  if (eventName === 'pull_request_target' && (facts.elsewhere || isHead(facts))) {
    throw new InputError({
      code: 'pull-request-target',
      message: 'a pull_request_target workflow has checked out something else than the base branch',
      fix: "It runs with secrets and write access, and a stranger's tests could read them. Use pull_request, or the fork recipe in docs/action.md.",
    });
  }
  if (eventName.startsWith('pull_request') && pull !== undefined) {
    const number = pull.number ?? event.number;
    const headSha = sha(pull.head?.sha);
    if (number === undefined || headSha === undefined) return undefined;
    const headRepository = pull.head?.repo?.full_name ?? '';
    return {
      number,
      head: { headRepository, headBranch: pull.head?.ref ?? '', headSha },
      fork: !same(headRepository, repository),
    };
  }
  if (eventName === 'workflow_run' && run?.event?.startsWith('pull_request') === true) {
    const headSha = sha(run.head_sha);
    const headRepository = run.head_repository?.full_name;
    if (headSha === undefined || headRepository === undefined || run.head_branch === undefined)
      return undefined;
    return {
      number: undefined,
      head: { headRepository, headBranch: run.head_branch, headSha },
      fork: !same(headRepository, repository),
    };
  }
  return undefined;
}

export interface OtherFacts extends Pick<EventFacts, 'eventName' | 'repository' | 'checkedOut'> {
  /** The input `pull-request`. */
  readonly named: number | undefined;
  /** The branch that was pushed to; undefined for a tag. */
  readonly branch: string | undefined;
  readonly defaultBranch: string | undefined;
}

/** The pull request to look for where the event is about none, or in one sentence why there will be no comment. */
export function planOther(facts: OtherFacts): PullRequest | { readonly why: string } {
  const { eventName, repository, checkedOut: headSha, named, branch, defaultBranch } = facts;
  if (headSha === undefined) return { why: 'the commit that was tested is not known' };
  const head = { headRepository: repository, headBranch: branch ?? '', headSha };
  if (named !== undefined) return { number: named, head, fork: true, origin: 'named' };
  if (eventName.startsWith('pull_request'))
    return { why: 'the event does not say which pull request it is about' };
  if (eventName !== 'push') {
    const event = /^\w{1,50}$/.test(eventName) ? eventName : 'this event';
    return { why: `${event} is about no pull request; the input pull-request names one` };
  }
  if (branch === undefined) return { why: 'a tag was pushed, which is about no pull request' };
  if (branch === defaultBranch)
    return { why: 'the default branch was pushed to, which is about no pull request' };
  return { number: undefined, head, fork: false, origin: 'push' };
}

/**
 * Whether the tested code can only come from people with access to the repository's secrets. Code of unknown origin is not
 * trusted.
 */
export function isTrusted(
  { event, eventName, repository }: EventFacts,
  plan: PullRequest | undefined,
): boolean {
  if (eventName.startsWith('pull_request')) return plan?.fork === false;
  if (eventName !== 'workflow_run') return true;
  const run = event.workflow_run;
  if (run?.event?.startsWith('pull_request') === true) return plan?.fork === false;
  return run?.event !== undefined && same(run.head_repository?.full_name ?? '', repository);
}

function isHead({ event, checkedOut }: EventFacts): boolean {
  const { head, base } = event.pull_request ?? {};
  return checkedOut !== undefined && checkedOut === head?.sha && checkedOut !== base?.sha;
}

function sha(text: string | undefined): string | undefined {
  return /^[0-9a-f]{40}$/.test(text ?? '') ? text : undefined;
}

function same(a: string, b: string): boolean {
  return a !== '' && a.toLowerCase() === b.toLowerCase();
}
