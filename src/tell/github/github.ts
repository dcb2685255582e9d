// Finds the pull request and updates its one comment. Knows nothing of reports or databases.

import { type Api, type GithubEdges, GithubError, openApi, statusOf, wordsOf } from './api.ts';
import {
  type CommentState,
  isOurs,
  isTitled,
  keepTroubles,
  maxCommentBytes,
  newsOf,
  type Part,
  parseComment,
  renderComment,
  standingParts,
  withoutPushes,
} from './comment.ts';
import type { Site } from './links.ts';

const permission = 'pull-requests: write';
/** Rounds of reading and writing; many are needed only where many jobs finish in the same second. */
const mostRounds = 20;
/** A request without an answer may still create its comment later: wait so long before trusting what is there. */
const lateMs = 5_000;
/** Reads at most so many pages of 100 comments. */
const mostPages = 100;

interface PullRequestQuery {
  /** `owner/name` of the repository that the branch lies in. */
  readonly headRepository: string;
  readonly headBranch: string;
  readonly headSha: string;
}

/**
 * The pull request of a workflow_run event, found by its head's repository, branch and commit. An artifact is no source, since
 * a fork can write it, nor the event's own list, which is empty for forks.
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

/** A pull request by its number; undefined where there is none. */
export async function readPullRequest(
  edges: GithubEdges,
  number: number,
): Promise<{ readonly headSha: string; readonly headRepository: string | undefined } | undefined> {
  const api = openApi(edges, permission);
  try {
    const answer = await api.repeat(() =>
      api.octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...api.names,
        pull_number: number,
      }),
    );
    const { head } = answer.data;
    return { headSha: head.sha, headRepository: head.repo?.full_name };
  } catch (error) {
    if (statusOf(error) === 404 || (error as { status?: unknown }).status === 404) return undefined;
    throw error;
  }
}

export interface CommentRequest {
  readonly pullRequest: number;
  readonly sha: string;
  readonly run: number;
  /** The part as it is now; called in each round, since other jobs store their runs meanwhile. */
  part(): Promise<Part>;
  /** Whether to create a comment where there is none. */
  create(part: Part): boolean;
  /** Makes links; undefined: there are none. */
  readonly site?: Site | undefined;
  /** Other jobs may finish at the same moment without knowing this one: check once more that the part is still there. */
  readonly crowded: boolean;
  /** See CommentState. */
  readonly title?: string | undefined;
  /**
   * `update` edits the comment, which notifies nobody. `recreate` writes a new one for each commit and removes the old one;
   * `new-on-news` where it turns red or has more new failures than the commit before.
   */
  readonly mode?: 'update' | 'recreate' | 'new-on-news';
}

export type CommentOutcome =
  | { readonly kind: 'posted'; readonly url: string }
  /** The comment is a newer commit's, or holds a later attempt of this job. */
  | { readonly kind: 'superseded'; readonly url: string }
  | { readonly kind: 'not-wanted' };

interface OwnComment {
  readonly id: number;
  readonly url: string;
  readonly body: string;
}

/**
 * Puts a part into the pull request's comment: reads the comment, writes, and reads again until the part is in it and there is
 * one comment only. Jobs that do this at once keep each other's parts; a newer commit's comment is left alone. No job is lost:
 * the last one to write has read the database after all others stored, and reads the comment again after writing.
 *
 * @throws GithubError
 */
export async function upsertComment(edges: GithubEdges, request: CommentRequest): Promise<CommentOutcome> {
  // The first read of other jobs takes longest: do it before reading the comment, not between reading and writing.
  await request.part();
  const api = openApi(edges, permission);
  const { octokit, names } = api;
  const remove = (id: number) =>
    octokit.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...names,
      comment_id: id,
    });
  let author: string | undefined;
  let maxBytes = maxCommentBytes;
  let seen = 0;
  let unanswered = false;
  let renewed = false;
  const { mode = 'update' } = request;
  let last: GithubError | undefined;
  for (let round = 0; round < mostRounds && !api.spent(); round++) {
    if (round > 0) await edges.pause(last === undefined ? 300 + edges.random() * 500 : 0);
    last = undefined;
    const marked = await api.repeat(() => listMarked(api, request.pullRequest));
    if (marked.length > 0) author ??= await whoAmI(api);
    // Read after the comment, so that the comment is never newer than the part.
    const told = await request.part();
    const own = marked
      .filter((comment) => sameLogin(comment.author, author) && isTitled(comment.body, request.title))
      // The one that stays comes first: the oldest, or the newest where a new one takes its place.
      .sort((a, b) => (mode === 'update' ? a.id - b.id : b.id - a.id));
    const states = own.map((comment) => parseComment(comment.body));
    const part = keepTroubles(
      told,
      states.filter((state) => state?.sha === request.sha),
    );
    const newer = states.findIndex(
      (state) => state !== undefined && state.sha !== request.sha && state.run > request.run,
    );
    if (newer >= 0) {
      // Created at the same moment as the newer commit's comment, which stays.
      for (const [i, { id }] of own.entries()) {
        if (states[i]?.sha !== request.sha) continue;
        await remove(id).catch(() => {});
      }
      return { kind: 'superseded', url: own[newer]?.url ?? '' };
    }
    const [first, ...duplicates] = own;
    const merged = merge(request, part, states);
    if (first !== undefined && !merged.parts.includes(part)) return { kind: 'superseded', url: first.url };
    const isRenewed =
      !renewed && first !== undefined && isNews(mode, states[0], merged) && request.create(part);
    const stands = !isRenewed && first !== undefined && standsIn(states[0], request, part);
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
    const body = renderComment(merged, maxBytes);
    try {
      if (first === undefined || isRenewed) {
        const made = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...names,
          issue_number: request.pullRequest,
          body,
        });
        author ??= made.data.user?.login;
        renewed = true;
        continue;
      }
      if (!stands) {
        await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...names,
          comment_id: first.id,
          body,
        });
      }
      // The first comment holds their parts now.
      for (const { id } of duplicates) await remove(id).catch(gone);
    } catch (error) {
      const status = statusOf(error);
      if (status === 422 && maxBytes > 2000 && isTooLong(error)) {
        maxBytes = Math.floor(maxBytes / 2);
        continue;
      }
      // A person or another job deleted it between reading and writing.
      if (status === 404 && first !== undefined) continue;
      last = api.described(error);
      unanswered ||= (first === undefined || isRenewed) && status === undefined;
      // Read before writing again: maybe only the answer was lost.
      if (!(await api.mayRepeat(error))) throw last;
    }
  }
  throw last ?? new GithubError('the comment kept changing under the hands of other jobs');
}

/** Whether a new comment takes the place of the one that stands. One that an edit broke is repaired where it is. */
function isNews(
  mode: NonNullable<CommentRequest['mode']>,
  state: CommentState | undefined,
  merged: CommentState,
): boolean {
  if (mode === 'update' || state === undefined) return false;
  if (mode === 'recreate') return state.sha !== merged.sha;
  // A job of the new commit that comes first may be green: what the last commit was told counts for those after it.
  const told = [newsOf(state.parts), ...(merged.before === undefined ? [] : [merged.before])];
  const now = newsOf(merged.parts);
  return told.every((one) => now.fresh > one.fresh || (now.isRed && !one.isRed));
}

/** Whether the comment holds this version of the part, and no part that it replaces. */
function standsIn(state: CommentState | undefined, { sha }: CommentRequest, part: Part): boolean {
  if (state?.sha !== sha) return false;
  const there = state.parts.find((other) => other.key === part.key);
  const parts = state.parts.map((other) => (other === there ? part : other));
  return there?.version === part.version && standingParts(parts).length === parts.length;
}

function merge(
  request: CommentRequest,
  part: Part,
  states: readonly (CommentState | undefined)[],
): CommentState {
  const parts = new Map([[part.key, part]]);
  let run = request.run;
  let older: string | undefined;
  let before: CommentState['before'];
  for (const state of states) {
    if (state === undefined) continue;
    if (state.sha !== request.sha) {
      older ??= state.sha;
      before ??= newsOf(state.parts);
      continue;
    }
    older ??= state.older;
    before ??= state.before;
    run = Math.max(run, state.run);
    for (const other of state.parts) if (!parts.has(other.key)) parts.set(other.key, other);
  }
  return {
    sha: request.sha,
    run,
    parts: standingParts(withoutPushes([...parts.values()])),
    older,
    site: request.site,
    title: request.title,
    before,
  };
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

/** The token's login; where the token may not ask, that of the workflow's own token. */
async function whoAmI({ octokit }: Api): Promise<string> {
  try {
    const answer = await octokit.graphql<{ viewer?: { login?: string } }>('query { viewer { login } }', {});
    return answer.viewer?.login ?? 'github-actions[bot]';
  } catch {
    return 'github-actions[bot]';
  }
}

function sameLogin(a: string | undefined, b: string | undefined): boolean {
  const bare = (login: string | undefined) => login?.toLowerCase().replace(/\[bot\]$/, '');
  // A person may have an app's name: only apps have [bot], which GraphQL omits for some.
  return a !== undefined && bare(a) === bare(b) && (a.endsWith('[bot]') || b?.endsWith('[bot]') !== true);
}

/** A 422 without words may be one for length; one about anything else is not helped by a shorter body. */
function isTooLong(error: unknown): boolean {
  return /^(?:validation failed)?$|too (?:long|large)|maximum/i.test(wordsOf(error));
}

function gone(error: unknown): void {
  if (statusOf(error) !== 404) throw error;
}
