// Many jobs, one comment: racers against a real HTTP server, each a client of its own as on its own runner.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Part, parseComment } from '../../../src/tell/github/comment.ts';
import { type CommentRequest, findPullRequest, upsertComment } from '../../../src/tell/github/github.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';
import { rounds } from '../../support/long.ts';

let github: GithubServer;
beforeEach(async () => {
  github = await startGithub();
});
afterEach(() => github.close());

const edges = () => ({
  token: 'ghs_x',
  apiUrl: github.url,
  repository: 'acme/shop',
  clock: () => performance.now(),
  random: Math.random,
  // A tenth of the time, so that a hundred rounds fit: answers over loopback come in a fiftieth.
  pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / 10)),
});

const keyOf = (i: number) => i.toString(16).padStart(12, '0');

const row = (i: number) => ({
  key: keyOf(i),
  name: keyOf(i),
  run: 5,
  attempt: 1,
  job: undefined,
  step: undefined,
  missing: undefined,
  blocked: 0,
  isGateFailed: false,
  label: `job ${i}`,
  total: 2,
  passed: 1,
  failed: 1,
  skipped: 0,
  xfailed: 0,
  new: 1,
  coverage: undefined,
  coverageBefore: undefined,
  incomplete: false,
});

/** What a job without a database knows: itself. */
const part = (i: number, text = `part of job ${i}`, version = 1): Part => ({
  key: keyOf(i),
  version: keyOf(version),
  rows: [row(i)],
  failures: { failed: 1, new: 1 },
  texts: [text],
  stored: false,
});

const labelsIn = (body: string | undefined) =>
  parseComment(body ?? '')?.parts.flatMap(({ rows }) => rows.map(({ label }) => label));

const request = (i: number, changes: Partial<CommentRequest> = {}): CommentRequest => ({
  pullRequest: 42,
  sha: '1'.repeat(40),
  run: 5,
  part: async () => part(i),
  create: () => true,
  crowded: true,
  ...changes,
});

// A machine on which one answer takes longer than all pauses together loses a part, as docs/action.md says of jobs without a database.
const race = { timeout: 600_000, retry: 2 };

describe('eight jobs at once', () => {
  it('end in one comment with every part in it, round after round', race, async () => {
    for (let round = 0; round < rounds(3, 100); round++) {
      github.comments.length = 0;
      const sha = round.toString(16).padStart(40, '0');
      github.fault = () => ({ delayMs: Math.random() * 4 });
      const racers = Array.from({ length: 8 }, (_, i) => upsertComment(edges(), request(i, { sha })));
      const outcomes = await Promise.all(racers);
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array(8).fill('posted'));
      expect(github.comments, `round ${round}`).toHaveLength(1);
      expect(labelsIn(github.comments[0]?.body)?.sort(), `round ${round}`).toEqual(
        Array.from({ length: 8 }, (_, i) => `job ${i}`),
      );
    }
  });

  it("of two commits leave the newer one's parts, whoever comes last", race, async () => {
    for (let round = 0; round < 10; round++) {
      github.comments.length = 0;
      github.fault = () => ({ delayMs: Math.random() * 4 });
      const older = Array.from({ length: 4 }, (_, i) => upsertComment(edges(), request(i, { run: 5 })));
      const newer = Array.from({ length: 4 }, (_, i) =>
        upsertComment(edges(), request(i, { run: 6, sha: '2'.repeat(40) })),
      );
      await Promise.all([...older, ...newer]);
      expect(github.comments).toHaveLength(1);
      const state = parseComment(github.comments[0]?.body ?? '');
      expect(state?.sha).toBe('2'.repeat(40));
      expect(state?.parts).toHaveLength(4);
    }
  });
});

describe('eight jobs at once that share a database', () => {
  it('end in one comment that tells all of them, round after round', race, async () => {
    for (let round = 0; round < rounds(3, 100); round++) {
      github.comments.length = 0;
      const sha = round.toString(16).padStart(40, '0');
      github.fault = () => ({ delayMs: Math.random() * 4 });
      const stored = new Set<number>();
      const together = async (): Promise<Part> => {
        // Reading takes its time, in which others store.
        const known = [...stored].sort();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
        return {
          key: 'd'.repeat(12),
          version: parseInt(`1${known.join('')}`, 10)
            .toString(16)
            .padStart(12, '0'),
          rows: known.map(row),
          failures: { failed: 1, new: 1 },
          texts: [`told together: ${known.join(' ')}`],
          stored: true,
        };
      };
      const racers = Array.from({ length: 8 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
        stored.add(i);
        return upsertComment(edges(), request(i, { sha, part: together, crowded: false }));
      });
      await Promise.all(racers);
      expect(github.comments, `round ${round}`).toHaveLength(1);
      expect(github.comments[0]?.body).toContain('told together: 0 1 2 3 4 5 6 7');
      expect(labelsIn(github.comments[0]?.body)).toHaveLength(8);
    }
  });

  it('keep the mark of each whose gate failed, which the database does not know', race, async () => {
    for (let round = 0; round < rounds(3, 100); round++) {
      github.comments.length = 0;
      const sha = round.toString(16).padStart(40, '0');
      github.fault = () => ({ delayMs: Math.random() * 4 });
      const stored = new Set<number>();
      const isGateFailed = (i: number) => i % 2 === 0;
      const racers = Array.from({ length: 8 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
        stored.add(i);
        const together = async (): Promise<Part> => {
          const known = [...stored].sort();
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
          return {
            ...part(i, `told together: ${known.join(' ')}`, parseInt(`1${known.join('')}`, 10)),
            key: 'd'.repeat(12),
            rows: known.map((n) => ({ ...row(n), isGateFailed: n === i && isGateFailed(n) })),
            stored: true,
            own: keyOf(i),
          };
        };
        return upsertComment(edges(), request(i, { sha, part: together, crowded: isGateFailed(i) }));
      });
      await Promise.all(racers);
      const rows = parseComment(github.comments[0]?.body ?? '')?.parts.flatMap((one) => one.rows);
      const marked = rows?.filter((one) => one.isGateFailed).map(({ label }) => label);
      expect(marked, `round ${round}`).toEqual(['job 0', 'job 2', 'job 4', 'job 6']);
    }
  });

  it('take over what a job told of itself before its run was stored, and leave the others alone', async () => {
    await upsertComment(edges(), request(1));
    await upsertComment(edges(), request(2));
    const stored = { ...part(1, 'told together'), key: 'd'.repeat(12), rows: [row(1), row(3)], stored: true };
    await upsertComment(edges(), request(1, { part: async () => stored }));
    expect(labelsIn(github.comments[0]?.body)?.sort()).toEqual(['job 1', 'job 2', 'job 3']);
    expect(github.comments[0]?.body).not.toContain('part of job 1');
  });
});

describe('writing', () => {
  it('leaves a comment alone that already says so, and reads it once', async () => {
    await upsertComment(edges(), request(1, { crowded: false }));
    github.requests.length = 0;
    await upsertComment(edges(), request(1, { crowded: false }));
    expect(github.requests.filter((line) => !line.startsWith('GET') && !line.endsWith('/graphql'))).toEqual(
      [],
    );
  });

  it("replaces a job's own part when it runs again, and keeps the others'", async () => {
    await upsertComment(edges(), request(1));
    await upsertComment(edges(), request(2));
    await upsertComment(edges(), request(1, { part: async () => part(1, 'second attempt', 2) }));
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain('second attempt');
    expect(github.comments[0]?.body).not.toContain('part of job 1');
    expect(github.comments[0]?.body).toContain('part of job 2');
  });

  it("takes nobody else's comment for its own, whatever it says and whoever is called like an app", async () => {
    await upsertComment(edges(), request(1));
    const body = github.comments[0]?.body ?? '';
    github.comments.length = 0;
    for (const author of ['mallory', 'github-actions', 'other-app[bot]']) {
      github.comments.push({ id: github.comments.length, author, body });
    }
    await upsertComment(edges(), request(2));
    expect(github.comments).toHaveLength(4);
    expect(github.comments.slice(0, 3).every((comment) => comment.body === body)).toBe(true);
    expect(github.comments[3]?.body).not.toContain('part of job 1');
  });

  it('bears a comment that a person has broken', async () => {
    await upsertComment(edges(), request(1));
    const [comment] = github.comments;
    if (comment !== undefined) comment.body = `${comment.body.slice(0, 200)} edited`;
    await upsertComment(edges(), request(2));
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain('part of job 2');
  });

  it('takes nothing impossible from a comment that somebody has edited', async () => {
    await upsertComment(edges(), request(1));
    const body = github.comments[0]?.body ?? '';
    const marked = (name: string, value: unknown) =>
      `<!-- lukhas-${name} ${Buffer.from(JSON.stringify(value)).toString('base64')} -->`;
    const edited = (state: unknown, row: unknown) =>
      body
        .replace(/<!-- lukhas-ingest \S+ -->/, marked('ingest', state))
        .replace(/<!-- lukhas-job \S+ -->/, marked('job', { key: keyOf(9), version: keyOf(1), rows: [row] }));
    const sha = '1'.repeat(40);
    const numbers = [
      keyOf(9),
      'job 9',
      1e300,
      -1,
      0.5,
      '3',
      1e10,
      1e9,
      -4,
      2,
      'x',
      1e300,
      -1,
      '7',
      { a: 1 },
      'yes',
    ];
    const read = parseComment(edited({ v: 1, sha, run: 1e300 }, numbers));
    expect(read?.run).toBe(0);
    expect(read?.parts[0]?.rows).toEqual([
      {
        ...row(9),
        total: 0,
        passed: 0,
        failed: 0,
        skipped: 0,
        new: undefined,
        run: 0,
        attempt: 1,
      },
    ]);
    const [comment] = github.comments;
    // A run that is newer than all to come, of a commit that is none: the comment would never be written again.
    if (comment !== undefined) comment.body = edited({ v: 1, sha: '<b>', run: 1e15 }, numbers);
    expect((await upsertComment(edges(), request(2))).kind).toBe('posted');
    expect(labelsIn(github.comments[0]?.body)).toEqual(['job 2']);
  });

  it.each([
    { mode: 'update', created: 1 },
    // A commit, a commit.
    { mode: 'recreate', created: 4 },
    // Two more failures; none; fewer; then more than the commit before.
    { mode: 'new-on-news', created: 2 },
  ] as const)(
    'in mode $mode four commits make $created comments, of which one stands',
    async ({ mode, created }) => {
      const tell = (commit: number, i: number, failed: number) =>
        upsertComment(
          edges(),
          request(i, {
            mode,
            sha: String(commit).repeat(40),
            run: commit,
            crowded: false,
            part: async () => ({
              ...part(i, `commit ${commit}`, failed),
              rows: [{ ...row(i), failed }],
              failures: { failed, new: failed },
            }),
          }),
        );
      await tell(1, 1, 2);
      // Of the next one the green job comes first, and then as many failures as before.
      await tell(2, 2, 0);
      await tell(2, 1, 2);
      await tell(3, 1, 1);
      await tell(4, 1, 3);
      expect(github.requests.filter((line) => line.startsWith('POST /repos'))).toHaveLength(created);
      expect(github.comments).toHaveLength(1);
      expect(github.comments[0]?.body).toContain('commit 4');
    },
  );

  it('keeps a comment for each title, and leaves the others alone', async () => {
    await upsertComment(edges(), request(1));
    for (const title of ['Unit *tests* @team', 'End to end'])
      await upsertComment(edges(), request(2, { title, crowded: false }));
    await upsertComment(edges(), request(3, { title: 'End to end', crowded: false }));
    const heads = github.comments.map(({ body }) => body.split('\n')[1]);
    expect(heads).toEqual([
      '### ❌ 1 of 2 tests failed, 1 new',
      '### Unit &#42;tests&#42; &#64;\u200bteam: ❌ 1 of 2 tests failed, 1 new',
      '### End to end: ❌ 2 tests failed in 2 of 2 jobs, 2 new',
    ]);
  });

  it('gives up in words after its time, and never hangs', async () => {
    github.fault = () => ({ status: 500 });
    await expect(upsertComment(edges(), request(1))).rejects.toThrow('GitHub answered 500');
  });
});

describe("GitHub's refusals", () => {
  const locked = { message: 'Unable to create comment because issue is locked.' };
  const archived = { message: 'Repository was archived so is read-only.' };
  const blocked = {
    message:
      'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
  };
  const invalid = { message: 'Validation Failed', errors: [{ code: 'custom', message: 'Body is spam' }] };
  const date = 'Fri, 27 Nov 2026 03:00:00 GMT';
  const at = (seconds: number) => String(Date.parse(date) / 1000 + seconds);
  const usedUp = (seconds: number) => ({
    date,
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': at(seconds),
  });
  const exceeded = { message: 'API rate limit exceeded for installation.' };

  it.each([
    { status: 403, body: locked, said: `GitHub answered 403: ${locked.message}` },
    { status: 403, body: archived, said: `GitHub answered 403: ${archived.message}` },
    { status: 403, body: blocked, said: `GitHub answered 403: ${blocked.message}` },
    { status: 422, body: invalid, said: 'GitHub answered 422: Validation Failed; Body is spam' },
    {
      status: 403,
      body: { message: 'Resource not accessible by integration' },
      said: 'GitHub answered 403: Resource not accessible by integration; the github-token may not do that; give the job `permissions: pull-requests: write`',
    },
    // A proxy's page.
    { status: 403, body: '<html>no</html>', said: /^GitHub answered 403: it gave no reason; where the/ },
    {
      status: 403,
      body: exceeded,
      headers: usedUp(2400),
      said: 'GitHub answered 403: API rate limit exceeded for installation.; the limit is reset at 2026-11-27T03:40:00Z',
    },
    {
      status: 429,
      body: exceeded,
      headers: { date, 'retry-after': '900' },
      said: /^GitHub answered 429: API rate/,
    },
    {
      status: 403,
      body: exceeded,
      headers: { date, 'retry-after': 'Fri, 27 Nov 2026 04:00:00 GMT' },
      said: /^GitHub answered 403: API rate/,
    },
  ])('$status $body is told in its own words, and asked once', async ({ said, ...fault }) => {
    github.fault = (method) => (method === 'POST' ? fault : undefined);
    const refused = await upsertComment(edges(), request(1)).catch((error: Error) => error.message);
    expect(refused).toEqual(typeof said === 'string' ? said : expect.stringMatching(said));
    expect(github.requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  it('a limit that ends soon is waited for, by its reset', async () => {
    let left = 1;
    const pauses: number[] = [];
    github.fault = (method) =>
      method === 'POST' && left-- > 0 ? { status: 403, body: exceeded, headers: usedUp(7) } : undefined;
    const pausing = { ...edges(), pause: async (ms: number) => void pauses.push(ms) };
    expect((await upsertComment(pausing, request(1))).kind).toBe('posted');
    expect(Math.floor((pauses[0] ?? 0) / 1000)).toBe(7);
  });
});

describe('finding the pull request', () => {
  const query = { headRepository: 'octo/shop', headBranch: 'fix', headSha: '1'.repeat(40) };
  const pull = (number: number, changes: object = {}) => ({
    number,
    head: { sha: query.headSha, ref: 'fix', repo: { full_name: 'octo/shop' }, ...changes },
  });

  it.each([
    { what: 'the one whose head it is', pulls: [pull(1)], found: 1 },
    { what: 'none of another commit', pulls: [pull(1, { sha: '2'.repeat(40) })], found: undefined },
    {
      what: 'none of another repository',
      pulls: [pull(1, { repo: { full_name: 'octo/x' } })],
      found: undefined,
    },
    { what: 'none whose repository is gone', pulls: [pull(1, { repo: null })], found: undefined },
    { what: 'none of two', pulls: [pull(1), pull(2)], found: undefined },
  ])('takes $what', async ({ pulls, found }) => {
    github.pulls = pulls;
    expect(await findPullRequest(edges(), query)).toBe(found);
  });
});
