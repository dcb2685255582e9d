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
  /** Requests are repeated at most so many times. */
  readonly mostRepeats?: number;
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
    if (delay === undefined || tries > (edges.mostRepeats ?? 6) || edges.clock() + delay >= until)
      return false;
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
  if (!isLimited(error)) return undefined;
  const after = waitAsked(headersOf(error));
  return after === undefined ? Math.max(backoff, 5000) : after + random * 500;
}

/** A limit of requests, primary or secondary: GitHub answers 429, or 403 with its headers or words. */
function isLimited(error: unknown): boolean {
  const status = statusOf(error);
  const headers = headersOf(error);
  const named =
    headers['retry-after'] !== undefined ||
    headers['x-ratelimit-remaining'] === '0' ||
    /rate limit|abuse/i.test(wordsOf(error));
  return status === 429 || (status === 403 && named);
}

/** So many milliseconds GitHub asks to wait: `retry-after`, in seconds or a date, else until the limit's reset. By its clock. */
function waitAsked(headers: Headers): number | undefined {
  const now = Date.parse(headers.date ?? '');
  const { 'retry-after': after = '', 'x-ratelimit-reset': reset = '' } = headers;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const at =
    after !== ''
      ? Date.parse(after)
      : headers['x-ratelimit-remaining'] === '0' && /^\d+$/.test(reset)
        ? Number(reset) * 1000
        : Number.NaN;
  const wait = at - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** The HTTP status of an Octokit error; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const { status } = error as { status?: unknown };
  // Octokit gives a broken connection status 500, without a response.
  if ((error as { response?: unknown }).response === undefined) return undefined;
  return typeof status === 'number' ? status : undefined;
}

type Headers = Readonly<Record<string, string | undefined>>;

function headersOf(error: unknown): Headers {
  return (error as { response?: { headers?: Headers } }).response?.headers ?? {};
}

/** In characters. */
const longestWords = 400;

/** What GitHub says itself, with its list of errors; empty where it says nothing. On one line, bounded. */
export function wordsOf(error: unknown): string {
  const { data } = (error as { response?: { data?: unknown } }).response ?? {};
  const { message, errors } = (typeof data === 'object' && data !== null ? data : {}) as {
    readonly message?: unknown;
    readonly errors?: unknown;
  };
  const each = (Array.isArray(errors) ? errors.slice(0, 5) : []).map((one: unknown) => {
    if (typeof one === 'string') return one;
    const { message, field, code } = (one ?? {}) as Readonly<Record<string, unknown>>;
    return [message, field, code].find((word) => typeof word === 'string');
  });
  const words = [message, ...each].filter((word) => typeof word === 'string' && word.trim() !== '');
  return words.join('; ').replace(/\s+/g, ' ').slice(0, longestWords);
}

/** In words for people: GitHub's own, and what to do where it is known. */
function described(error: unknown, may: string): GithubError {
  if (error instanceof GithubError) return error;
  const status = statusOf(error);
  if (status === undefined) return new GithubError('GitHub could not be reached', { cause: error });
  const words = wordsOf(error);
  const parts = [words, hintFor(error, status, words, may)].filter((part) => part !== '');
  return new GithubError([`GitHub answered ${status}`, parts.join('; ')].filter(Boolean).join(': '), {
    status,
    cause: error,
  });
}

function hintFor(error: unknown, status: number, words: string, may: string): string {
  if (isLimited(error)) {
    const reset = headersOf(error)['x-ratelimit-reset'] ?? '';
    const known = headersOf(error)['x-ratelimit-remaining'] === '0' && /^\d{1,11}$/.test(reset);
    return known ? `the limit is reset at ${new Date(Number(reset) * 1000).toISOString().slice(0, 19)}Z` : '';
  }
  if (status === 401) return 'the github-token is not valid';
  if (status === 403 && words === '')
    return `it gave no reason; where the github-token may not do that, give the job \`permissions: ${may}\``;
  if (status === 403 && /^(?:forbidden$|resource not accessible)/i.test(words))
    return `the github-token may not do that; give the job \`permissions: ${may}\``;
  if (status === 404) return 'it was not found, or the github-token may not see it';
  return '';
}
