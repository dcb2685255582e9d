// The client of GitHub's API: its time limits and when it asks again. Knows nothing of what is asked. Loaded only when there is
// something to post.
import { GitHub, getOctokitOptions } from '@actions/github/lib/utils';

export interface GithubEdges {
  readonly token: string;
  readonly apiUrl: string;
  /** `owner/name` */
  readonly repository: string;
  readonly clock: () => number;
  readonly random: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** All requests of one client together take no longer than this, in milliseconds. */
const budgetMs = 90_000;
const requestMs = 15_000;
/** GitHub refused or did not answer; the message is for people. */
export class GithubError extends Error {
  readonly status: number | undefined;
  constructor(
    message: string,
    options: { readonly status?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

export type Api = ReturnType<typeof openApi>;

/** Opens a client that repeats failed requests where that can help. `may`: the permission that it needs. */
export function openApi(edges: GithubEdges, may: string) {
  const [owner = '', repo = ''] = edges.repository.split('/');
  const octokit = new GitHub(getOctokitOptions(edges.token, { baseUrl: edges.apiUrl, log: silent }));
  octokit.hook.before('request', (options) => {
    options.request = { ...options.request, signal: AbortSignal.timeout(requestMs) };
  });
  const until = edges.clock() + budgetMs;
  let tries = 0;
  const spent = () => edges.clock() >= until;
  /** Waits before another try; false where none can help or no time is left. */
  const mayRepeat = async (error: unknown): Promise<boolean> => {
    const delay = retryDelay(error, tries++, edges.random());
    if (delay === undefined || tries > 6 || edges.clock() + delay >= until) return false;
    await edges.pause(delay);
    return true;
  };
  const repeat = async <T>(request: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!(await mayRepeat(error))) throw described(error, may);
      }
    }
  };
  return {
    octokit,
    names: { owner, repo },
    spent,
    mayRepeat,
    repeat,
    described: (error: unknown) => described(error, may),
  };
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Milliseconds before the next try; undefined where one cannot help. */
function retryDelay(error: unknown, tries: number, random: number): number | undefined {
  const backoff = Math.min(15_000, 250 * 2 ** tries) * (0.5 + random / 2);
  const status = statusOf(error);
  if (status === undefined || status >= 500) return backoff;
  const headers = headersOf(error);
  const limited =
    status === 429 ||
    (status === 403 &&
      (headers['retry-after'] !== undefined ||
        headers['x-ratelimit-remaining'] === '0' ||
        /rate limit|abuse/i.test(String((error as Error).message))));
  if (!limited) return undefined;
  const after = Number(headers['retry-after']);
  return Number.isFinite(after) && after >= 0 ? after * 1000 + random * 500 : Math.max(backoff, 5000);
}

/** The HTTP status of an Octokit error; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const { status } = error as { status?: unknown };
  // Octokit gives a broken connection status 500, without a response.
  if ((error as { response?: unknown }).response === undefined) return undefined;
  return typeof status === 'number' ? status : undefined;
}

function headersOf(error: unknown): Record<string, string | undefined> {
  return ((error as { response?: { headers?: Record<string, string> } }).response?.headers ?? {}) as Record<
    string,
    string | undefined
  >;
}

function described(error: unknown, may: string): GithubError {
  if (error instanceof GithubError) return error;
  const status = statusOf(error);
  const hints: Readonly<Record<number, string>> = {
    401: 'the github-token is not valid',
    403: `the github-token may not do that; give the job \`permissions: ${may}\``,
    404: 'it was not found, or the github-token may not see it',
  };
  const reason = status === undefined ? 'GitHub could not be reached' : `GitHub answered ${status}`;
  const hint = status === undefined ? undefined : hints[status];
  return new GithubError(hint === undefined ? reason : `${reason}: ${hint}`, { status, cause: error });
}
