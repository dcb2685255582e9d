// A server that stands in for GitHub's API on loopback: comments of pull requests with pages and authors, and every way it
// is known to fail. Faults are set per request; nothing of ours is imported.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StoredComment {
  readonly id: number;
  readonly author: string;
  body: string;
  /** The pull request it was posted on; without one it stands on all. */
  readonly pull?: number;
}

/** What happens to a request instead of, or after, doing what it asks for. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Does what was asked, then cuts the line before a word of the answer. */
  readonly loseReply?: boolean;
  /** Cuts the line at once. */
  readonly cut?: boolean;
  readonly delayMs?: number;
}

export interface CheckRun {
  readonly name: string;
  readonly head_sha: string;
  readonly status: string;
  readonly conclusion: string;
  readonly output: { readonly title: string; readonly summary: string };
}

export interface GithubServer {
  readonly url: string;
  readonly comments: StoredComment[];
  /** What was sent to make check runs, in order. */
  readonly checkRuns: CheckRun[];
  /** `METHOD /path` of every request, in order. */
  readonly requests: string[];
  /** What each of them asked for: `?state=open`, or nothing. */
  readonly queries: string[];
  /** The pull requests that `GET /pulls` chooses from by their `state`; without one they are open. `head` is not looked at. */
  pulls: unknown[];
  /** What `GET /pulls/<number>/files` answers with, page by page. */
  changedFiles: unknown[];
  /** What GraphQL answers of files: commit -> path -> text. */
  sources: Map<string, Readonly<Record<string, string>>>;
  login: string;
  /** Asked before each request is carried out; undefined lets it pass. */
  fault: (method: string, path: string, count: number, body: string) => Fault | undefined;
  /** Resolves once all that was asked has been done, also where nobody waits for the answer any more. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export async function startGithub(): Promise<GithubServer> {
  let nextId = 1000;
  const state = {
    comments: [] as StoredComment[],
    checkRuns: [] as CheckRun[],
    requests: [] as string[],
    queries: [] as string[],
    pulls: [] as unknown[],
    changedFiles: [] as unknown[],
    sources: new Map<string, Readonly<Record<string, string>>>(),
    login: 'github-actions[bot]',
    fault: ((): Fault | undefined => undefined) as GithubServer['fault'],
  };
  const shown = (comment: StoredComment) => ({
    id: comment.id,
    html_url: `https://github.test/acme/shop/pull/${comment.pull ?? 42}#issuecomment-${comment.id}`,
    body: comment.body,
    user: { login: comment.author, type: comment.author.endsWith('[bot]') ? 'Bot' : 'User' },
  });

  function answer(method: string, url: URL, body: string): { status: number; json: unknown; link?: string } {
    const { pathname } = url;
    if (pathname === '/graphql') {
      const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, string> };
      if (!query.includes('repository('))
        return { status: 200, json: { data: { viewer: { login: state.login } } } };
      const { sha = '' } = variables;
      const files = state.sources.get(sha);
      const blobs = Object.entries(variables).flatMap(([name, at]) => {
        if (!/^f\d+$/.test(name)) return [];
        const text = files?.[at.slice(sha.length + 1)];
        return [[name, text === undefined ? null : { text, isTruncated: false }]];
      });
      const commit = files === undefined ? null : { oid: sha };
      return { status: 200, json: { data: { repository: { commit, ...Object.fromEntries(blobs) } } } };
    }
    if (pathname.endsWith('/pulls')) {
      const asked = url.searchParams.get('state') ?? 'open';
      const chosen = state.pulls.filter((pull) => {
        const its = (pull as { state?: string }).state ?? 'open';
        return asked === 'all' || asked === its;
      });
      return { status: 200, json: chosen };
    }
    if (/\/pulls\/\d+\/files$/.test(pathname)) {
      const [size, page] = [url.searchParams.get('per_page'), url.searchParams.get('page')].map(Number);
      const first = ((page ?? 1) - 1) * (size ?? 30);
      return { status: 200, json: state.changedFiles.slice(first, first + (size ?? 30)) };
    }
    const wanted = /\/pulls\/(\d+)$/.exec(pathname)?.[1];
    if (wanted !== undefined) {
      const pull = state.pulls.find((one) => (one as { number?: number }).number === Number(wanted));
      return pull === undefined
        ? { status: 404, json: { message: 'Not Found' } }
        : { status: 200, json: pull };
    }
    if (method === 'POST' && pathname.endsWith('/check-runs')) {
      state.checkRuns.push(JSON.parse(body) as CheckRun);
      return { status: 201, json: { id: nextId++ } };
    }
    const one = /\/issues\/comments\/(\d+)$/.exec(pathname);
    if (one !== null) {
      const index = state.comments.findIndex((comment) => comment.id === Number(one[1]));
      const comment = state.comments[index];
      if (comment === undefined) return { status: 404, json: { message: 'Not Found' } };
      if (method === 'DELETE') {
        state.comments.splice(index, 1);
        return { status: 204, json: undefined };
      }
      if (comment.author !== state.login) return { status: 403, json: { message: 'Forbidden' } };
      comment.body = String((JSON.parse(body) as { body: unknown }).body);
      return { status: 200, json: shown(comment) };
    }
    const issue = /\/issues\/(\d+)\/comments$/.exec(pathname);
    if (issue === null) return { status: 404, json: { message: 'Not Found' } };
    const pull = Number(issue[1]);
    if (method === 'POST') {
      const text = String((JSON.parse(body) as { body: unknown }).body);
      if (text.length > 65_536)
        return { status: 422, json: { message: 'Body is too long (maximum is 65536 characters)' } };
      const comment = { id: nextId++, author: state.login, body: text, pull };
      state.comments.push(comment);
      return { status: 201, json: shown(comment) };
    }
    const size = Number(url.searchParams.get('per_page') ?? 30);
    const page = Number(url.searchParams.get('page') ?? 1);
    const here = state.comments.filter((comment) => (comment.pull ?? pull) === pull);
    const some = here.slice((page - 1) * size, page * size);
    const more = here.length > page * size;
    return { status: 200, json: some.map(shown), ...(more && { link: `<${url.href}>; rel="next"` }) };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const method = request.method ?? '';
    const url = new URL(request.url ?? '', 'http://github.test');
    state.requests.push(`${method} ${url.pathname}`);
    state.queries.push(url.search);
    const fault = state.fault(method, url.pathname, state.requests.length, body);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.cut === true) return void request.socket.destroy();
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      return void response.end(JSON.stringify(fault.body ?? { message: 'made to fail' }));
    }
    const { status, json, link } = answer(method, url, body);
    if (fault?.loseReply === true) return void request.socket.destroy();
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      ...(link !== undefined && { link }),
    });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  }

  const open = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const handled = handle(request, response)
      .catch(() => void request.socket.destroy())
      .finally(() => open.delete(handled));
    open.add(handled);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    idle: async () => void (await Promise.all(open)),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}
