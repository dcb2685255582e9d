// Asks GitHub what the workflow's token may do. A token of Actions has no list of its permissions, so the question is whether a comment
// without a text, which GitHub never posts, is refused for its text or for the token.
import type { TokenFacts } from '../health.ts';

export interface TokenQuestion {
  readonly token: string;
  readonly apiUrl: string;
  /** `owner/name` */
  readonly repository: string;
  readonly pullRequest: number | undefined;
}

const requestMs = 1_500;

/** What a token may; undefined where GitHub does not answer in time, which says nothing about the token. */
export async function readToken(question: TokenQuestion): Promise<TokenFacts | undefined> {
  const { token, apiUrl, repository, pullRequest } = question;
  const ask = async (path: string, body?: string): Promise<number | undefined> => {
    try {
      const answer = await fetch(`${apiUrl}/repos/${repository}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'user-agent': 'lukhas-ingest',
        },
        ...(body === undefined ? {} : { body }),
        redirect: 'error',
        signal: AbortSignal.timeout(requestMs),
      });
      await answer.body?.cancel();
      return answer.status;
    } catch {
      return undefined;
    }
  };
  const [own, comment] = await Promise.all([
    ask(''),
    pullRequest === undefined ? undefined : ask(`/issues/${pullRequest}/comments`, '{}'),
  ]);
  if (own === undefined) return undefined;
  return {
    repository,
    isValid: own !== 401,
    wantsComment: pullRequest !== undefined,
    mayComment: comment === 422 ? true : comment === 403 || comment === 404 ? false : undefined,
  };
}
