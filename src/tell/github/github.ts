// Finds the pull request and keeps its one comment. Knows nothing of reports or databases.

import { type Api, type GithubEdges, GithubError, openApi, requestMs, statusOf, wordsOf } from './api.ts';
import {
  type CommentState,
  isOurs,
  maxCommentBytes,
  type Part,
  parseComment,
  renderComment,
} from './comment.ts';

const permission = 'pull-requests: write';
/** Rounds of reading, writing and reading again; more only where many jobs finish in the same second. */
const mostRounds = 20;
/** A comment whose answer never came may still be on its way: so long it is waited for before the one that stands is all. */
const lateMs = 5_000;
/** Pages of 100 comments that are looked through. */
const mostPages = 100;

interface PullRequestQuery {
  /** `owner/name` of the repository that the branch lies in. */
  readonly headRepository: string;
  readonly headBranch: string;
  readonly headSha: string;
}

/**
 * The pull request of a workflow_run event, by its head's repository, branch and commit. What an artifact or the event's
 * own list says is not asked: a fork can write the one, and the other is empty for forks.
 */
export async function findPullRequest(
  edges: GithubEdges,
  query: PullRequestQuery,
): Promise<number | undefined> {
  const api = openApi(edges, permission);
  const headOwner = query.headRepository.split('/')[0] ?? '';
  const answer = await api.repeat(() =>
    api.octokit.request('GET /repos/{owner}/{repo}/pulls', {
      ...api.names,
      state: 'open',
      head: `${headOwner}:${query.headBranch}`,
      per_page: 100,
      request: { signal: AbortSignal.timeout(requestMs) },
    }),
  );
  const found = answer.data.filter(
    (pull) =>
      pull.head.sha === query.headSha &&
      pull.head.ref === query.headBranch &&
      pull.head.repo?.full_name.toLowerCase() === query.headRepository.toLowerCase(),
  );
  return found.length === 1 ? found[0]?.number : undefined;
}

export interface CommentRequest {
  readonly pullRequest: number;
  readonly sha: string;
  readonly run: number;
  /** What there is to tell by now; asked for before each look at the comment, since other jobs go on storing theirs. */
  part(): Promise<Part>;
  /** Whether a comment is made where there is none yet. */
  create(part: Part): boolean;
  /** Other jobs finish in the same moment and know nothing of this one: it is looked once more whether the part still stands. */
  readonly crowded: boolean;
}

export type CommentOutcome =
  | { readonly kind: 'posted'; readonly url: string }
  /** A newer commit's comment stands there. */
  | { readonly kind: 'superseded'; readonly url: string }
  | { readonly kind: 'not-wanted' };

interface OwnComment {
  readonly id: number;
  readonly url: string;
  readonly body: string;
}

/**
 * Puts a part into the pull request's comment: reads what stands there, writes, and reads again until the part stands in
 * the one comment there is. Jobs that do so at once find each other's; a newer commit's is left alone. Whoever writes last
 * has read the database after every job that wrote before, and looks once more after writing: no job is lost.
 *
 * @throws GithubError
 */
export async function upsertComment(edges: GithubEdges, request: CommentRequest): Promise<CommentOutcome> {
  // Reading what others have stored takes the longest the first time: not between reading the comment and writing it.
  await request.part();
  const api = openApi(edges, permission);
  const { octokit, names } = api;
  let author: string | undefined;
  let maxBytes = maxCommentBytes;
  let seen = 0;
  let unanswered = false;
  let last: GithubError | undefined;
  for (let round = 0; round < mostRounds && !api.spent(); round++) {
    if (round > 0) await edges.pause(last === undefined ? 300 + edges.random() * 500 : 0);
    last = undefined;
    const marked = await api.repeat(() => listMarked(api, request.pullRequest));
    if (marked.length > 0) author ??= await whoAmI(api);
    // After the comment: what stands in it is never newer than this.
    const part = await request.part();
    const own = marked.filter((comment) => sameLogin(comment.author, author)).sort((a, b) => a.id - b.id);
    const states = own.map((comment) => parseComment(comment.body));
    const newer = states.findIndex(
      (state) => state !== undefined && state.sha !== request.sha && state.run > request.run,
    );
    if (newer >= 0) {
      // Made in the same moment as the newer one's: it is the one that stays.
      for (const [i, { id }] of own.entries()) {
        if (states[i]?.sha !== request.sha) continue;
        const path = 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}';
        await octokit
          .request(path, { ...names, comment_id: id, request: { signal: AbortSignal.timeout(requestMs) } })
          .catch(() => {});
      }
      return { kind: 'superseded', url: own[newer]?.url ?? '' };
    }
    const [first, ...duplicates] = own;
    const stands = first !== undefined && standsIn(states[0], request, part);
    if (stands && duplicates.length === 0) {
      if (unanswered) {
        unanswered = false;
        await edges.pause(lateMs);
        continue;
      }
      seen++;
      if (seen > (request.crowded ? 1 : 0)) return { kind: 'posted', url: first.url };
      continue;
    }
    if (first === undefined && !request.create(part)) return { kind: 'not-wanted' };
    const body = renderComment(merge(request, part, states), maxBytes);
    const options = { request: { signal: AbortSignal.timeout(requestMs) } };
    try {
      if (first === undefined) {
        const made = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...names,
          issue_number: request.pullRequest,
          body,
          ...options,
        });
        author ??= made.data.user?.login;
        continue;
      }
      if (!stands) {
        await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...names,
          comment_id: first.id,
          body,
          ...options,
        });
      }
      // Their parts stand in the first one now.
      for (const { id } of duplicates) {
        const path = 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}';
        await octokit.request(path, { ...names, comment_id: id, ...options }).catch(gone);
      }
    } catch (error) {
      const status = statusOf(error);
      if (status === 422 && maxBytes > 2000 && isTooLong(error)) {
        maxBytes = Math.floor(maxBytes / 2);
        continue;
      }
      // Deleted by a person or by another job between reading and writing.
      if (status === 404 && first !== undefined) continue;
      last = api.described(error);
      unanswered ||= first === undefined && status === undefined;
      // Reading comes before writing again: what was lost may have been the answer alone.
      if (!(await api.mayRepeat(error))) throw last;
    }
  }
  throw last ?? new GithubError('the comment kept changing under the hands of other jobs');
}

/** Whether the comment tells just this part, at whatever length, and nothing that it has taken over. */
function standsIn(state: CommentState | undefined, { sha }: CommentRequest, part: Part): boolean {
  if (state?.sha !== sha) return false;
  const there = state.parts.find((other) => other.key === part.key);
  return there?.version === part.version && !state.parts.some((other) => isTold(other, part));
}

/** A part of a job's own gives way to the database's, once that knows the job. */
function isTold(other: Part, part: Part): boolean {
  return other.key !== part.key && other.rows.every(({ key }) => part.rows.some((row) => row.key === key));
}

function merge(
  request: CommentRequest,
  part: Part,
  states: readonly (CommentState | undefined)[],
): CommentState {
  const parts = new Map([[part.key, part]]);
  let run = request.run;
  for (const state of states) {
    if (state?.sha !== request.sha) continue;
    run = Math.max(run, state.run);
    for (const other of state.parts)
      if (!parts.has(other.key) && !isTold(other, part)) parts.set(other.key, other);
  }
  return { sha: request.sha, run, parts: [...parts.values()] };
}

async function listMarked(
  { octokit, names }: Api,
  pullRequest: number,
): Promise<(OwnComment & { readonly author: string | undefined })[]> {
  const marked: (OwnComment & { readonly author: string | undefined })[] = [];
  for (let page = 1; page <= mostPages; page++) {
    const answer = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...names,
      issue_number: pullRequest,
      per_page: 100,
      page,
      request: { signal: AbortSignal.timeout(requestMs) },
    });
    for (const comment of answer.data) {
      const body = comment.body ?? '';
      if (isOurs(body))
        marked.push({ id: Number(comment.id), url: comment.html_url, body, author: comment.user?.login });
    }
    if (!/rel="next"/.test(answer.headers.link ?? '')) break;
  }
  return marked;
}

/** The token's own login; a token that may not ask is taken for the workflow's own. */
async function whoAmI({ octokit }: Api): Promise<string> {
  try {
    const answer = await octokit.graphql<{ viewer?: { login?: string } }>('query { viewer { login } }', {
      request: { signal: AbortSignal.timeout(requestMs) },
    });
    return answer.viewer?.login ?? 'github-actions[bot]';
  } catch {
    return 'github-actions[bot]';
  }
}

function sameLogin(a: string | undefined, b: string | undefined): boolean {
  const bare = (login: string | undefined) => login?.toLowerCase().replace(/\[bot\]$/, '');
  // A person may be called like an app: only apps have [bot], and GraphQL leaves it away for some.
  return a !== undefined && bare(a) === bare(b) && (a.endsWith('[bot]') || b?.endsWith('[bot]') !== true);
}

/** A 422 without words may be one for length; one about anything else is not helped by a shorter body. */
function isTooLong(error: unknown): boolean {
  return /^(?:validation failed)?$|too (?:long|large)|maximum/i.test(wordsOf(error));
}

function gone(error: unknown): void {
  if (statusOf(error) !== 404) throw error;
}
