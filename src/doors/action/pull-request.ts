// Decides which pull request an event is about, and whether it is trusted. Pure; the payload is other people's data.
import type { GithubEvent } from '../../context/github-event.ts';
import { InputError } from '../../errors.ts';

export interface PullRequest {
  /** undefined: not known yet, found by its head. */
  readonly number: number | undefined;
  readonly head: { readonly headRepository: string; readonly headBranch: string; readonly headSha: string };
  /** Its head is in another repository, or nothing says in which. */
  readonly fork: boolean;
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
