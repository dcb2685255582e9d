// A stranger's pull request by the two-workflow recipe of docs/examples, from the run without secrets to the comment. What the
// stranger can write (report, artifact, branch name, comments) lies wherever it can; only GitHub's own word counts.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runActionHere } from '../../support/action-in-process.ts';
import { createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';
import { some } from '../../support/long.ts';
import { withoutLinks } from '../../support/pull-request.ts';
import type { ActionResult, ActionRun } from '../../support/runner.ts';

const sha = (digit: string) => digit.repeat(40);
const event = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/events/${name}.json`, import.meta.url), 'utf8'));

/** What Healix knows of the failure. None of these words stands anywhere else. */
const knowledge = {
  root_cause: 'The walrus table was never filled',
  probable_cause: 'A quokka in the fixture',
  solution: 'Fill the zebra table first',
  auto_fix_code: 'TABLE["okapi"] = 1',
};
const secretWords = ['walrus', 'quokka', 'zebra', 'okapi'];
/** Stands in everything that the artifact claims, so that it can be looked for. */
const lie = 'liar';
const mark = '<!-- lukhas-ingest eyJ2IjoxLCJzaGEiOiJkZGRkIiwicnVuIjo5OTk5OTk5OTk5OX0= -->';

let home: string;
let github: GithubServer;
let postgres: ReadyDatabase;
let memory: string;
let lastRun = 5_000_000_000;
/** The fork's branch, and how it is stored. */
const branch = { name: 'fix/rounding', stored: 'octo:fix/rounding' };

beforeAll(async () => {
  postgres = await createReadyDatabase();
  github = await startGithub();
  home = mkdtempSync(join(tmpdir(), 'lukhas-fork-'));
  // The team knows the failure from its own main branch.
  writeFileSync(join(home, 'results.xml'), report(knownFailure));
  const taught = await step({
    cwd: home,
    event: { name: 'push', payload: event('push') },
    inputs: { 'database-url': postgres.uploadUrl },
  });
  expect(taught.outputs).toMatchObject({ stored: 'new', 'no-history': '1' });
  const [row] = await rowsOf<{ id: string }>(
    postgres.adminUrl,
    `INSERT INTO healix_memories (team_id, test_name, failure_signature, root_cause, probable_cause, solution, auto_fix_code, confidence)
     SELECT team_id, test_name, failure_signature, $1, $2, $3, $4, 0.92 FROM test_results WHERE test_name = 'tests/test_m.py::test_db'
     RETURNING id`,
    Object.values(knowledge),
  );
  memory = row?.id ?? '';
  await github.close();
  rmSync(home, { recursive: true, force: true });
});
afterAll(async () => {
  await postgres.drop();
});
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-fork-'));
  github = await startGithub();
});
afterEach(async () => {
  await github.close();
  rmSync(home, { recursive: true, force: true });
});

/** A step of a workflow of acme/shop; each is a workflow run of its own. */
function step(run: ActionRun): Promise<ActionResult> {
  return runActionHere({
    apiUrl: github.url,
    ...run,
    inputs: { reports: 'results.xml', ...run.inputs },
    env: { GITHUB_RUN_ID: String(++lastRun), ...run.env },
  });
}

const words = (result: ActionResult, name: string) =>
  result.commands.filter((command) => command.name === name).map((command) => command.message);

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function failing(name: string, message: string, line: number): string {
  return `<testcase classname="tests.test_m" name="${escaped(name)}" time="0.01"><failure message="${escaped(message)}">${escaped(
    `def test():\n>       assert False\nE       ${message}\n\ntests/test_m.py:${line}: KeyError`,
  )}</failure></testcase>`;
}

function report(cases: string, properties: Readonly<Record<string, string>> = {}): string {
  const told = Object.entries(properties).map(
    ([name, value]) => `<property name="${escaped(name)}" value="${escaped(value)}" />`,
  );
  return `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="1.0"><properties>${told.join('')}</properties>${cases}</testsuite></testsuites>`;
}

const knownFailure = failing('test_db', "KeyError: 'test_db'", 10);
const hostileFailures = [
  `test_a[${mark}]`,
  'test_b[<!-- lukhas-end --></details><img src=x>]',
  'test_c[@octocat #1 https://evil.example/x [x](https://evil.example) ![x](https://evil.example/x.png)]',
  'test_d[`` ` ``| ##[add-mask]hidden]',
  // Nearly the known one: a stranger fishing for what is known of others.
  'test_db[https://evil.example/@octocat]',
].map((name, i) =>
  failing(name, `KeyError: '@octocat'\n::add-mask::hidden\n${mark} https://evil.example`, 20 + i),
);

/** Everything a naive recipe or a curious tool could take for the truth. */
const claims = {
  GITHUB_SHA: sha('d'),
  GITHUB_REF: `refs/heads/${lie}`,
  GITHUB_HEAD_REF: lie,
  GITHUB_REPOSITORY: `acme/${lie}`,
  GITHUB_RUN_ID: '13',
  GITHUB_JOB: lie,
  git_sha: sha('d'),
  git_branch: lie,
  base_branch: lie,
  repository: `acme/${lie}`,
  pull_request: '13',
  pr_number: '13',
  ci_system: lie,
  workflow_run_id: '13',
  job: lie,
  lane: lie,
  team: lie,
};

function writeArtifact(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('results.xml', report(knownFailure + hostileFailures.join(''), claims));
  for (const name of ['pr_number.txt', 'pr_number', 'NR', 'pr.txt']) write(name, '13\n');
  const liar = event('pull-request');
  liar.number = liar.pull_request.number = 13;
  liar.pull_request.head = { ref: lie, sha: sha('d'), repo: { full_name: 'acme/shop' } };
  for (const name of ['event.json', 'pull_request.json', 'github.json']) write(name, JSON.stringify(liar));
  const variables = Object.entries({
    ...claims,
    'INPUT_SHOW-SOLUTIONS': 'always',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: 'event.json',
    GITHUB_API_URL: 'http://127.0.0.1:9',
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
  for (const name of ['.env', '.env.local', 'github_env']) write(name, variables);
}

const ran = () => existsSync(join(home, 'ran'));

/** A repository at another commit and branch, whose configuration and hooks start a program wherever git lets them. */
function plantRepository(folder: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q', '-b', lie);
  git('commit', '-q', '--allow-empty', '-m', `a ${lie}'s message`);
  const program = join(folder, 'program.sh');
  writeFileSync(program, `#!/bin/sh\ntouch '${join(home, 'ran')}'\n`);
  chmodSync(program, 0o755);
  for (const key of ['core.fsmonitor', 'core.pager', 'gpg.program', 'core.sshCommand', 'diff.external'])
    git('config', key, program);
  git('config', 'log.showSignature', 'true');
  for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction'])
    writeFileSync(join(folder, '.git/hooks', hook), readFileSync(program), { mode: 0o755 });
}

/** The base branch, as actions/checkout leaves it. */
function checkOutBase(folder: string): string {
  mkdirSync(join(folder, 'tests'), { recursive: true });
  writeFileSync(join(folder, 'tests/test_m.py'), 'def test_db():\n    pass\n');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      stdio: 'pipe',
    }).toString();
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'base');
  return git('rev-parse', 'HEAD').trim();
}

/** The finished first workflow, as GitHub tells of it. */
function finished(head: string, changes: object = {}) {
  const payload = event('workflow-run-of-fork');
  Object.assign(payload.workflow_run, { id: ++lastRun, head_sha: head, head_branch: branch.name }, changes);
  return payload as { workflow_run: { id: number } };
}

/** A pull request as the API lists it. */
const pull = (number: number, head: string, changes: object = {}) => ({
  number,
  state: 'open',
  head: { sha: head, ref: branch.name, repo: { full_name: 'octo/shop' }, ...changes },
  base: { ref: 'main', repo: { full_name: 'acme/shop' } },
});

/** The second workflow's step: `recipe` has the artifact beside the checkout, `careless` has nothing but the artifact. */
function ingest(
  payload: unknown,
  options: { layout?: 'recipe' | 'careless'; inputs?: Readonly<Record<string, string>> } = {},
): Promise<ActionResult> {
  const workspace = join(home, 'workspace');
  const artifact = options.layout === 'careless' ? workspace : join(home, 'temp/results');
  const base = options.layout === 'careless' ? sha('3') : checkOutBase(workspace);
  writeArtifact(artifact);
  plantRepository(artifact);
  return step({
    cwd: workspace,
    event: { name: 'workflow_run', payload },
    inputs: { reports: join(artifact, 'results.xml'), 'database-url': postgres.uploadUrl, ...options.inputs },
    env: {
      GITHUB_SHA: base,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_JOB: 'ingest',
      GITHUB_WORKFLOW: 'ingest',
      GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/fork-ingest.yml@refs/heads/main',
    },
  });
}

/** Everything that was shown to anybody. */
const shown = (result: ActionResult) =>
  [result.log, result.stderr, result.summary, ...github.comments.map((comment) => comment.body)].join('\n');

function expectNoSolution(result: ActionResult): void {
  for (const word of secretWords) expect(shown(result)).not.toContain(word);
}

/** Requests that change something on GitHub. */
const writes = () =>
  github.requests.filter((request) => !request.startsWith('GET ') && request !== 'POST /graphql');

async function storedRun(workflowRun: number) {
  return rowsOf(
    postgres.adminUrl,
    `SELECT r.git_sha, r.git_branch, r.git_commit_message, r.ci_system, r.lane, u.repository, u.workflow_run_id, u.job,
       u.pull_request, u.base_branch,
       (SELECT count(*)::int FROM test_results t WHERE t.test_run_id = r.id) AS results,
       (SELECT max(t.healix_memory_id::text) FROM test_results t WHERE t.test_run_id = r.id AND t.test_name = 'tests/test_m.py::test_db') AS memory
     FROM ingest_uploads u JOIN test_runs r ON r.id = u.run_id WHERE u.workflow_run_id = $1`,
    [String(workflowRun)],
  );
}

const trusted = (payload: { workflow_run: { id: number } }, head: string) => ({
  git_sha: head,
  git_branch: branch.stored,
  git_commit_message: null,
  ci_system: 'github_actions',
  lane: null,
  repository: 'acme/shop',
  workflow_run_id: String(payload.workflow_run.id),
  job: 'ingest',
  results: 6,
  memory,
});

/** Nothing in it is live on GitHub, and all HTML is ours. */
function expectTame(markdown: string): void {
  const visit = (node: Nodes): void => {
    expect(['image', 'linkReference', 'imageReference', 'definition']).not.toContain(node.type);
    // Ours lead into the repository.
    if (node.type === 'link') expect(node.url).toMatch(/^https:\/\/github\.com\/acme\/shop\/[\w/.#%-]+$/);
    if (node.type === 'html')
      expect(node.value).toMatch(
        /^(?:<!-- lukhas-(?:ingest|job) [A-Za-z0-9+/=]+ -->|<!-- lukhas-end -->|<br>|<details><summary>[\w ,?.:]+<\/summary>|<\/details>|\s)+$/,
      );
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  expect(markdown).not.toContain('@octocat');
}

describe('the first workflow: a pull request of a fork, without secrets', () => {
  it.each(
    some(
      [
        { who: 'a fork', repository: 'octo/shop' },
        { who: 'a fork that is gone', repository: null },
      ],
      1,
    ),
  )('of $who is green, with annotations, a summary and one warning', async ({ repository }) => {
    const payload = event('pull-request');
    payload.pull_request.head.repo = repository === null ? null : { full_name: repository };
    mkdirSync(join(home, 'tests'));
    writeFileSync(join(home, 'tests/test_m.py'), '# a test\n');
    writeFileSync(join(home, 'results.xml'), report(knownFailure));
    // Its token reads, and may not write.
    github.fault = (method) =>
      method === 'GET'
        ? undefined
        : { status: 403, body: { message: 'Resource not accessible by integration' } };
    const result = await step({
      cwd: home,
      event: { name: 'pull_request', payload },
      // What `secrets.…` is there.
      inputs: { 'database-url': '' },
      env: { GITHUB_REF: 'refs/pull/42/merge', GITHUB_HEAD_REF: 'feature/rounding', GITHUB_BASE_REF: 'main' },
    });
    expect(result.code).toBe(0);
    expect(result.stderr).toBe('');
    expect(words(result, 'warning')).toHaveLength(1);
    expect(words(result, 'warning')[0]).toContain('403');
    const errors = result.commands.filter((command) => command.name === 'error');
    expect(errors.map((command) => command.message)).toEqual(["KeyError: 'test_db'"]);
    expect(errors[0]?.properties).toMatchObject({ file: 'tests/test_m.py', line: '10' });
    expect(result.outputs).toMatchObject({ stored: 'no', failed: '1', 'comment-url': '' });
    expect(result.summary).toContain('1 of 1 tests failed');
    expect(github.comments).toEqual([]);
    expect(writes()).toEqual(['POST /repos/acme/shop/issues/42/comments']);
    expectNoSolution(result);
  });
});

describe('the second workflow, on an artifact that lies', () => {
  it.each(
    some(
      [
        { layout: 'recipe', showSolutions: 'trusted' },
        { layout: 'careless', showSolutions: 'trusted' },
        { layout: 'recipe', showSolutions: 'never' },
      ] as const,
      1,
    ),
  )(
    'comments on the one pull request of that head, and tells no solution ($layout, $showSolutions)',
    async ({ layout, showSolutions }) => {
      const head = sha('1');
      // The event's own list names another repository's pull request that happens to have this branch.
      const payload = finished(head, {
        pull_requests: [
          {
            number: 13,
            head: { ref: 'fix/rounding', sha: head, repo: { id: 2, name: 'shop' } },
            base: { ref: 'main', sha: sha('2'), repo: { id: 2, name: 'shop' } },
          },
        ],
      });
      github.pulls = [
        pull(13, sha('d'), { ref: lie, repo: { full_name: 'acme/shop' } }),
        // Another owner's branch of this name, at this very commit: who may fetch a commit may push it.
        pull(14, head, { repo: { full_name: 'mallory/shop' } }),
        // This commit, on another branch of the fork.
        pull(15, head, { ref: 'main' }),
        // This branch at another commit; another repository of the same owner; a fork that is gone.
        pull(16, sha('9')),
        pull(17, head, { repo: { full_name: 'octo/shop-2' } }),
        pull(18, head, { repo: null }),
        // The same head, closed before.
        { ...pull(19, head), state: 'closed' },
        pull(77, head),
        pull(42, head, { ref: 'fix/rounding-2' }),
      ];
      // The stranger has put a comment of ours where ours will stand.
      const spoof = { id: 1, author: 'octo', body: `${mark}\n### all is well`, pull: 77 };
      github.comments.push(spoof);

      const result = await ingest(payload, { layout, inputs: { 'show-solutions': showSolutions } });

      expect(result.code).toBe(0);
      expect(result.stderr).toBe('');
      expect(words(result, 'warning')).toEqual([]);
      expect(writes()).toEqual(['POST /repos/acme/shop/issues/77/comments']);
      expect(github.requests.filter((request) => /\/issues\/(?!77\/)/.test(request))).toEqual([]);
      const asked = github.queries.filter((_, i) => github.requests[i]?.endsWith('/pulls'));
      expect(asked.map((query) => new URLSearchParams(query).get('head'))).toEqual(['octo:fix/rounding']);
      expect(github.comments).toHaveLength(2);
      expect(github.comments[0]).toEqual({ ...spoof });
      expect(result.outputs['comment-url']).toBe('https://github.test/acme/shop/pull/77#issuecomment-1000');

      // Known exactly, named by its id, and no word more.
      expect(result.outputs).toMatchObject({ stored: 'new', failed: '6', known: '1' });
      const body = github.comments[1]?.body ?? '';
      const named = `Known failure \`${memory.slice(0, 8)}\`: its solution is not shown here`;
      expect(body).toContain(named);
      expect(result.summary).toContain(named);
      expect(words(result, 'error').join('\n\n')).toMatch(
        new RegExp(`^KeyError: 'test_db'\n.*\nKnown failure ${memory.slice(0, 8)}$`, 'm'),
      );
      expectNoSolution(result);

      // One mark at the start, with GitHub's commit in it.
      expect(body.match(/<!-- lukhas-ingest /g)).toHaveLength(1);
      expect(body.match(/<!-- lukhas-end -->/g)).toHaveLength(1);
      const told = JSON.parse(
        Buffer.from(/^<!-- lukhas-ingest (\S+) -->/.exec(body)?.[1] ?? '', 'base64').toString(),
      );
      expect(told).toMatchObject({ sha: head, run: payload.workflow_run.id });
      expect(withoutLinks(body)).toContain(`Commit \`${head.slice(0, 8)}\``);
      expectTame(body);
      expectTame(result.summary);
      const names = new Set(result.commands.map((command) => command.name));
      expect([...names].sort()).toEqual(['add-mask', 'endgroup', 'error', 'group']);
      for (const masked of words(result, 'add-mask')) expect(postgres.uploadUrl).toContain(masked);

      expect(await storedRun(payload.workflow_run.id)).toMatchObject([trusted(payload, head)]);
      expect(shown(result)).not.toContain(lie);
      expect(JSON.stringify(result.outputs)).not.toContain(lie);
      expect(await rowsOf(postgres.adminUrl, `SELECT FROM test_runs WHERE git_sha = '${sha('d')}'`)).toEqual(
        [],
      );
      expect(ran()).toBe(false);
    },
  );

  it('asks for a branch of any name as a whole', async () => {
    const head = sha('4');
    const name = 'fix/a&state=all&head=acme:main#%2F+';
    github.pulls = [{ ...pull(19, head, { ref: name }), state: 'closed' }, pull(77, head, { ref: name })];
    const result = await ingest(finished(head, { head_branch: name }));
    const query = new URLSearchParams(github.queries[0]);
    expect(query.getAll('head')).toEqual([`octo:${name}`]);
    expect(query.getAll('state')).toEqual(['open']);
    expect(writes()).toEqual(['POST /repos/acme/shop/issues/77/comments']);
    expectNoSolution(result);
  });

  it.each(
    some(
      [
        { what: 'there is none', pulls: () => [] },
        { what: 'its head moved on', pulls: () => [pull(77, sha('9'))] },
        {
          what: 'it was closed meanwhile',
          pulls: (head: string) => [{ ...pull(77, head), state: 'closed' }],
        },
        {
          what: 'only others have that commit',
          pulls: (head: string) => [
            pull(14, head, { repo: { full_name: 'mallory/shop' } }),
            pull(15, head, { ref: 'main' }),
          ],
        },
        { what: 'two have that head', pulls: (head: string) => [pull(77, head), pull(78, head)] },
      ],
      3,
    ),
  )('stores and comments nowhere when $what', async ({ pulls }) => {
    const head = sha('5');
    const payload = finished(head);
    github.pulls = pulls(head);
    const result = await ingest(payload);
    expect(result.code).toBe(0);
    expect(words(result, 'warning')).toEqual([]);
    expect(github.requests).toEqual(['GET /repos/acme/shop/pulls']);
    expect(github.comments).toEqual([]);
    expect(result.log).toContain(`no open pull request has ${head} as its head`);
    expect(result.outputs).toMatchObject({ stored: 'new', known: '1', 'comment-url': '' });
    expect(await storedRun(payload.workflow_run.id)).toMatchObject([trusted(payload, head)]);
    expectNoSolution(result);
  });

  it('shows the solution where show-solutions says always', async () => {
    const head = sha('6');
    github.pulls = [pull(77, head)];
    const result = await ingest(finished(head), { inputs: { 'show-solutions': 'always' } });
    expect(result.code).toBe(0);
    expect(writes()).toEqual(['POST /repos/acme/shop/issues/77/comments']);
    const body = github.comments[0]?.body ?? '';
    expect(body).toContain('The walrus table was never filled');
    expect(body).toContain('Fill the zebra table first');
    expect(body).toContain('TABLE["okapi"] = 1');
    expect(result.summary).toContain('Fill the zebra table first');
    expect(words(result, 'error').join()).toContain('Fix: Fill the zebra table first');
    expect(result.log).toContain('fix    Fill the zebra table first');
    expect(body).not.toContain('its solution is not shown here');
  });
});

describe('the second workflow, where GitHub itself says little', () => {
  it.each(
    some(
      [
        { what: 'repository', gone: { head_repository: null } },
        { what: 'branch', gone: { head_branch: null } },
        { what: 'commit', gone: { head_sha: null } },
      ],
      1,
    ),
  )('shows no solution where the $what of the head cannot be told', async ({ gone }) => {
    const result = await ingest(finished(sha('7'), gone));
    expect(result.code).toBe(0);
    expect(github.comments).toEqual([]);
    expect(result.outputs).toMatchObject({ known: '1' });
    expectNoSolution(result);
  });

  it("takes neither number nor base branch from another repository's pull request in the event's list", async () => {
    const payload = finished(sha('8'), {
      pull_requests: [{ number: 13, base: { ref: lie, sha: sha('2'), repo: { id: 2, name: 'shop' } } }],
    });
    await ingest(payload);
    expect(await storedRun(payload.workflow_run.id)).toMatchObject([
      { pull_request: null, base_branch: null },
    ]);
  });

  it("does not take a fork's main for the base branch", async () => {
    const poison = finished(sha('a'), { head_branch: 'main' });
    await ingest(poison);
    const payload = event('pull-request');
    payload.pull_request.head = { ref: 'feature/x', sha: sha('b'), repo: { full_name: 'acme/shop' } };
    writeFileSync(join(home, 'results.xml'), report(hostileFailures.slice(1, 2).join('')));
    const result = await step({
      cwd: home,
      event: { name: 'pull_request', payload },
      inputs: { 'database-url': postgres.uploadUrl, comment: 'off' },
      env: { GITHUB_REF: 'refs/pull/42/merge', GITHUB_HEAD_REF: 'feature/x', GITHUB_BASE_REF: 'main' },
    });
    expect(result.outputs).toMatchObject({ failed: '1', new: '1' });
  });
});
