// The Action with every event, a real PostgreSQL, and a server that stands in for GitHub's API with its faults; some steps bundled, as
// the runner starts them on Node 24 (`npm run test:long`: all).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runActionHere } from '../../support/action-in-process.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';
import { rounds } from '../../support/long.ts';
import {
  event,
  pullEnv,
  pullRequest,
  sha,
  withoutLinks,
  words,
  writeReportIn,
} from '../../support/pull-request.ts';
import { type ActionResult, type ActionRun, runAction } from '../../support/runner.ts';

let home: string;
let github: GithubServer;
let postgres: ReadyDatabase;
beforeAll(async () => {
  postgres = await createReadyDatabase();
  home = mkdtempSync(join(tmpdir(), 'lukhas-action-'));
  github = await startGithub();
  await runOnMain({ 'database-url': postgres.uploadUrl });
  await github.close();
  rmSync(home, { recursive: true, force: true });
});
afterAll(async () => {
  await postgres.drop();
});
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-action-'));
  github = await startGithub();
});
afterEach(async () => {
  await github.close();
  rmSync(home, { recursive: true, force: true });
});

const writeReport = (outcomes: Parameters<typeof writeReportIn>[1], file?: string) =>
  writeReportIn(home, outcomes, file);

/** What a page carries that was written into the workspace. */
function dataOfPage(name: string): string {
  const packed = /id="data">([^<]*)</.exec(readFileSync(join(home, name), 'utf8'))?.[1] ?? '';
  return inflateRawSync(Buffer.from(packed, 'base64')).toString();
}

const step = (changes: Partial<ActionRun>): ActionRun => ({
  cwd: home,
  event: pullRequest(),
  apiUrl: github.url,
  ...changes,
  inputs: { reports: 'results.xml', ...changes.inputs },
  env: { ...pullEnv, ...changes.env },
});
const run = (changes: Partial<ActionRun> = {}): Promise<ActionResult> => runActionHere(step(changes));
/** In a process of its own. */
const start = (changes: Partial<ActionRun> = {}): Promise<ActionResult> => runAction(step(changes));

const notAccessible = { message: 'Resource not accessible by integration' };
const tooLong = {
  message: 'Validation Failed',
  errors: [{ field: 'body', code: 'custom', message: 'body is too long (maximum is 65536 characters)' }],
};

describe('without a database', () => {
  it('tells outputs, annotations, summary and comment, says that nothing is stored, and is green', async () => {
    writeReport({ test_a: 'failed', test_b: 'passed' });
    const result = await start();
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(result.outputs).toEqual({
      'run-id': '',
      stored: 'no',
      total: '2',
      passed: '1',
      failed: '1',
      skipped: '0',
      errors: '0',
      new: '',
      flaky: '',
      'pre-existing': '',
      'no-history': '',
      known: '',
      unknown: '',
      fixed: '',
      judged: 'false',
      infrastructure: '',
      repository: 'acme/shop',
      project: '',
      'tested-git-sha': expect.stringMatching(/^[0-9a-f]{40}$/),
      dirty: '',
      signatures: '1',
      coverage: '',
      'patch-coverage': '',
      'matriz-status': '',
      'consciousness-score': '',
      'comment-url': 'https://github.test/acme/shop/pull/42#issuecomment-1000',
    });
    expect(words(result, 'error')).toEqual(["KeyError: 'test_a'"]);
    expect(result.summary).toContain('1 of 2 tests failed');
    expect(result.summary).toContain('Not stored&#58; no database&#45;url');
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toMatch(/^<!-- lukhas-ingest /);
    expect(github.comments[0]?.body).toContain('tests/test_m.py::test_a');
    expect(github.comments[0]?.body).toContain("pytest 'tests/test_m.py::test_a'");
  });

  it('annotates the line of the file in the repository, below rootdir as well', async () => {
    writeReport({ test_a: 'failed' });
    mkdirSync(join(home, 'services/shop/tests'), { recursive: true });
    writeFileSync(join(home, 'services/shop/tests/test_m.py'), '# a test\n');
    const result = await run();
    const [annotation] = result.commands.filter((command) => command.name === 'error');
    expect(annotation?.properties).toMatchObject({ file: 'services/shop/tests/test_m.py', line: '10' });
  });

  it('shrinks the same comment to the good news', async () => {
    writeReport({ test_a: 'failed', test_b: 'passed' });
    await run();
    writeReport({ test_a: 'passed', test_b: 'passed' });
    const result = await run({ event: pullRequest(sha('4')), env: { GITHUB_RUN_ID: '9000000002' } });
    expect(result.code).toBe(0);
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain('✅ 2 tests passed');
    expect(github.comments[0]?.body).not.toContain('test_a');
  });

  it("leaves a newer commit's comment alone", async () => {
    writeReport({ test_a: 'passed' });
    await run({ env: { GITHUB_RUN_ID: '9000000005' } });
    const before = github.comments[0]?.body;
    writeReport({ test_a: 'failed' });
    const result = await run({ event: pullRequest(sha('5')), env: { GITHUB_RUN_ID: '9000000004' } });
    expect(github.comments[0]?.body).toBe(before);
    expect(result.log).toContain('newer commit');
  });

  it('keeps every job of a commit in the one comment', async () => {
    writeReport({ test_a: 'failed' });
    await run({ inputs: { matrix: '{"python":"3.12"}' } });
    writeReport({ test_a: 'passed' });
    await run({ inputs: { matrix: '{"python":"3.13"}' } });
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain('`test (3.12)`');
    expect(github.comments[0]?.body).toContain('`test (3.13)`');
    expect(github.comments[0]?.body).toContain('❌ 1 test failed in 1 of 2 jobs');
  });
});

describe('a matrix of jobs at once', () => {
  it('stores a run of each, and every job stands in the one comment', async () => {
    writeReport({ test_matrix: 'failed', test_b: 'passed' });
    const count = rounds(4, 8);
    const jobs = Array.from({ length: count }, (_, i) =>
      start({
        inputs: { matrix: `{"python":"3.${i}"}`, 'database-url': postgres.uploadUrl },
        env: { GITHUB_RUN_ID: '9000000100' },
      }),
    );
    const results = await Promise.all(jobs);
    expect(results.map((result) => result.code)).toEqual(Array(count).fill(0));
    expect(results.map((result) => result.outputs.stored)).toEqual(Array(count).fill('new'));
    expect(new Set(results.map((result) => result.outputs['run-id'])).size).toBe(count);
    expect(new Set(results.map((result) => result.outputs['comment-url'])).size).toBe(1);
    expect(github.comments).toHaveLength(1);
    for (let i = 0; i < count; i++)
      expect(withoutLinks(github.comments[0]?.body ?? '')).toContain(`| ❌ \`test (3.${i})\` | 1 |`);
    const body = github.comments[0]?.body ?? '';
    expect(body).toContain(`❌ 1 test failed in all ${count} jobs, 1 new`);
    // Told once for all of them, and the others of this commit are no past.
    expect(body.split('`KeyError: ')).toHaveLength(2);
    expect(body).toContain(`at \`tests/test_m.py:10\`<br>in all ${count} jobs`);
    expect(body).not.toContain('failing for');
  });

  it('tells what fails in some of them, and keeps the part of a job without a database', async () => {
    const job = (python: string, database: boolean) =>
      run({
        inputs: {
          matrix: `{"python":"${python}"}`,
          ...(database ? { 'database-url': postgres.uploadUrl } : {}),
        },
        env: { GITHUB_RUN_ID: '9000000200' },
      });
    writeReport({ test_only: 'failed', test_b: 'passed' });
    await job('4.1', true);
    writeReport({ test_only: 'passed', test_b: 'passed' });
    await job('4.2', true);
    await job('4.3', false);
    expect(github.comments).toHaveLength(1);
    const body = withoutLinks(github.comments[0]?.body ?? '');
    expect(body).toMatch(/❌ \d tests? failed in \d of \d+ jobs/);
    expect(body).toContain('in `test (4.1)`');
    for (const python of ['4.1', '4.2', '4.3']) expect(body).toContain(`\`test (${python})\` |`);
    expect(body).toContain('#### `test (4.3)`');
  });
});

describe('fail-on and require-upload', () => {
  const closed = 'postgresql://ci:secret-word@no-such-host.invalid/shop';
  it.each([
    { failOn: 'never', outcome: 'failed', code: 0 },
    { failOn: 'any', outcome: 'failed', code: 1 },
    { failOn: 'any', outcome: 'passed', code: 0 },
    { failOn: 'new', outcome: 'failed', code: 1 },
    { failOn: 'new', outcome: 'passed', code: 0 },
    { failOn: 'New, no-history', outcome: 'failed', code: 1 },
    { failOn: 'any,new', outcome: 'failed', code: 1 },
  ] as const)('$failOn without a database, test $outcome: exit $code', async ({ failOn, outcome, code }) => {
    writeReport({ test_a: outcome });
    const result = await run({ inputs: { 'fail-on': failOn, comment: 'off' } });
    expect(result.code).toBe(code);
    if (code === 1 && !failOn.startsWith('any'))
      expect(words(result, 'error')[0]).toContain('could not be judged without its history: not stored');
  });

  it('say why first, within the ten errors that GitHub shows of a step', async () => {
    writeReport(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`test_${i}`, 'failed' as const])));
    const result = await run({ inputs: { 'fail-on': 'any', comment: 'off' } });
    const errors = words(result, 'error');
    expect(errors[0]).toBe('fail-on: any, and 30 of 30 tests failed.');
    expect(errors).toHaveLength(10);
    expect(errors.at(-1)).toContain('21 more failures are not annotated');
    expect(result.code).toBe(1);
  });

  it('refuses require-upload without a database-url', async () => {
    writeReport({ test_a: 'passed' });
    const result = await run({ inputs: { 'require-upload': 'true' } });
    expect(result.code).toBe(1);
    expect(words(result, 'error').join()).toContain('database-url');
  });

  it('says NOT stored and why when the database is not there; require-upload decides the exit', async () => {
    writeReport({ test_a: 'passed' });
    const inputs = { 'database-url': `${closed}?sslmode=disable`, team: 'acme', comment: 'off' };
    const [result, strict] = await Promise.all([
      run({ inputs }),
      run({ inputs: { ...inputs, 'require-upload': 'true' } }),
    ]);
    expect(result.code).toBe(0);
    expect(result.outputs.stored).toBe('no');
    expect(result.summary).toContain('NOT stored');
    expect(strict.code).toBe(1);
    expect(words(result, 'add-mask')).toContain('secret-word');
    const withoutMasks = result.log.replaceAll(/^::add-mask::.*$/gm, '');
    expect(withoutMasks + result.stderr + result.summary).not.toContain('secret-word');
  }, 300_000);
});

/** A run of the base branch that had the test file. */
async function runOnMain(inputs: Record<string, string>): Promise<void> {
  writeReport({ test_of_main: 'passed' });
  const env = {
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_SHA: sha('d'),
    GITHUB_HEAD_REF: '',
    GITHUB_BASE_REF: '',
    GITHUB_RUN_ID: '8000000000',
  };
  await run({ inputs, event: { name: 'push', payload: event('push') }, env });
}

describe('with a database', () => {
  it('stores, says what is new, then what is known with its solution', async () => {
    const inputs = { 'database-url': postgres.uploadUrl };
    writeReport({ test_db: 'failed', test_other: 'passed' });
    const first = await run({ inputs: { ...inputs, 'report-page': 'nowhere/report.html' } });
    expect(first.code).toBe(0);
    // A page that cannot be written is a warning.
    expect(words(first, 'warning').join()).toMatch(
      /no report-page was written: the page cannot be written to .*folder/,
    );
    expect(first.outputs).toMatchObject({
      stored: 'new',
      new: '1',
      'no-history': '0',
      known: '0',
      unknown: '1',
      signatures: '1',
    });
    // Who copies it from a log is at another machine, where another run is the last.
    expect(first.log).toContain(`lukhas healix add 1 --run ${first.outputs['run-id']}`);
    const [row] = await rowsOf<{ failure_signature: string }>(
      postgres.adminUrl,
      `SELECT failure_signature FROM test_results WHERE test_name = 'tests/test_m.py::test_db'`,
    );
    await asAdmin(
      postgres.adminUrl,
      `INSERT INTO healix_memories (team_id, test_name, failure_signature, root_cause, solution, auto_fix_code, confidence, success_count, failure_count)
       VALUES ('${postgres.team.id}', 'tests/test_m.py::test_db', '${row?.failure_signature}', 'The table is <empty>', 'Fill the table', 'TABLE["test_db"] = 1', 0.92, 47, 3)`,
    );
    const again = await run({
      inputs: { ...inputs, 'fail-on': 'unknown', 'report-page': 'report.html' },
      env: { GITHUB_RUN_ATTEMPT: '2' },
    });
    expect(dataOfPage('report.html')).toContain('Fill the table');
    expect(again.outputs).toMatchObject({ stored: 'new', known: '1', unknown: '0', new: '1' });
    expect(again.code).toBe(0);
    expect(words(again, 'error').join()).toContain('Fix: Fill the table');
    const body = github.comments[0]?.body ?? '';
    expect(github.comments).toHaveLength(1);
    expect(body).toContain('Fill the table');
    expect(body).toContain('The table is &#60;empty&#62;');
    expect(body).toContain('confidence 0.92, worked 47 of 50 times');
    expect(body).toContain('TABLE["test_db"] = 1');
    expect(again.summary).toContain('Fill the table');

    const hidden = await run({
      inputs: { ...inputs, 'show-solutions': 'never', 'report-page': 'hidden.html' },
      env: { GITHUB_RUN_ATTEMPT: '3' },
    });
    expect(dataOfPage('hidden.html')).toContain('test_db');
    expect(dataOfPage('hidden.html')).not.toContain('Fill the table');
    const all = hidden.log + hidden.summary + (github.comments[0]?.body ?? '');
    expect(all).not.toContain('Fill the table');
    expect(all).not.toContain('The table is');
    expect(github.comments[0]?.body).toContain('its solution is not shown here');

    // Known, and new all the same.
    const fails = await run({ inputs: { ...inputs, 'fail-on': 'new' }, env: { GITHUB_RUN_ATTEMPT: '4' } });
    expect(fails.code).toBe(1);
    writeReport({ test_fresh: 'failed' });
    const fresh = await run({ inputs: { ...inputs, 'fail-on': 'new' }, env: { GITHUB_RUN_ATTEMPT: '5' } });
    expect(fresh.code).toBe(1);
    expect(words(fresh, 'error')[0]).toContain('fail-on: new, and 1 of 1');
  });

  it('adds a check run where one is asked for, failed by what fail-on is about', async () => {
    const inputs = { 'database-url': postgres.uploadUrl, 'check-run': 'pytest', 'fail-on': 'unknown' };
    writeReport({ test_check: 'failed' });
    await run({ inputs, event: pullRequest(sha('7')), env: { GITHUB_RUN_ID: '9000000070' } });
    await asAdmin(
      postgres.adminUrl,
      `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution)
       SELECT team_id, test_name, failure_signature, 'Known by now' FROM test_results WHERE test_name = 'tests/test_m.py::test_check' LIMIT 1`,
    );
    await run({ inputs, event: pullRequest(sha('8')), env: { GITHUB_RUN_ID: '9000000071' } });
    writeReport({ test_check: 'passed' });
    await run({ inputs, event: pullRequest(sha('9')), env: { GITHUB_RUN_ID: '9000000072' } });
    expect(github.checkRuns.map(({ output: _, ...check }) => check)).toEqual([
      { name: 'pytest', head_sha: sha('7'), status: 'completed', conclusion: 'failure' },
      { name: 'pytest', head_sha: sha('8'), status: 'completed', conclusion: 'neutral' },
      { name: 'pytest', head_sha: sha('9'), status: 'completed', conclusion: 'success' },
    ]);
    expect(github.checkRuns[1]?.output.title).toBe('1 of 1 failed');
    expect(github.checkRuns[1]?.output.summary).toContain('Known by now');

    github.fault = (_method, path) =>
      path.endsWith('/check-runs') ? { status: 403, body: notAccessible } : undefined;
    const refused = await run({
      inputs,
      event: { name: 'push', payload: {} },
      env: { GITHUB_RUN_ID: '9000000073' },
    });
    expect(refused.code).toBe(0);
    expect(words(refused, 'warning')).toEqual([expect.stringContaining('checks: write')]);
  });

  it("comments on a fork's pull request by the two-workflow recipe, verified, and shows no solution", async () => {
    writeReport({ test_db: 'failed' });
    const payload = event('workflow-run-of-fork');
    const fork = (changes: object = {}) => ({
      number: 77,
      head: { sha: sha('1'), ref: 'main', repo: { full_name: 'octo/shop' }, ...changes },
    });
    // Same branch name and owner, other commit; same commit, other repository: neither is it.
    github.pulls = [fork({ sha: sha('9') }), fork({ repo: { full_name: 'octo/other' } }), fork()];
    const inputs = { 'database-url': postgres.uploadUrl };
    const env = { GITHUB_REF: 'refs/heads/main', GITHUB_HEAD_REF: '', GITHUB_BASE_REF: '' };
    const result = await run({ inputs, env, event: { name: 'workflow_run', payload } });
    expect(result.code).toBe(0);
    expect(github.requests).toContain('POST /repos/acme/shop/issues/77/comments');
    expect(result.log + result.summary + github.comments[0]?.body).not.toContain('Fill the table');

    github.comments.length = 0;
    github.pulls = [fork({ sha: sha('9') })];
    await run({ inputs, env: { ...env, GITHUB_RUN_ID: '12' }, event: { name: 'workflow_run', payload } });
    expect(github.comments).toEqual([]);
  });
});

describe('events', () => {
  it.each([
    { name: 'push', payload: () => event('push') },
    { name: 'workflow_dispatch', payload: () => ({}) },
    { name: 'schedule', payload: () => ({ schedule: '0 4 * * *' }) },
    { name: 'merge_group', payload: () => event('merge-group') },
    { name: 'push', payload: () => event('hostile') },
    { name: 'pull_request', payload: () => ({}) },
  ])('$name comments nowhere and is green', async ({ name, payload }) => {
    writeReport({ test_a: 'failed' });
    const result = await run({ event: { name, payload: payload() }, env: { GITHUB_REF: 'refs/heads/main' } });
    expect(result.code).toBe(0);
    expect(github.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
    expect(result.log).toMatch(/^No comment: /m);
    expect(result.outputs.total).toBe('1');
  });

  it('a push comments on the open pull request of its commit, and leaves it to its own run', async () => {
    writeReport({ test_a: 'failed' });
    const head = { sha: sha('1'), ref: 'feature/rounding', repo: { full_name: 'acme/shop' } };
    github.pulls.push({ number: 42, head });
    const push = {
      event: { name: 'push', payload: { repository: { default_branch: 'main' } } },
      env: { GITHUB_REF: 'refs/heads/feature/rounding', GITHUB_SHA: sha('1') },
    };
    await run(push);
    expect(github.comments.map(({ body }) => body.split('\n')[1])).toEqual(['### ❌ 1 of 1 tests failed']);
    writeReport({ test_a: 'passed' });
    await run();
    expect(github.comments.map(({ body }) => body.split('\n')[1])).toEqual(['### ✅ 1 test passed']);
    writeReport({ test_a: 'failed' });
    const later = await run({ ...push, env: { ...push.env, GITHUB_RUN_ID: '9000000999' } });
    expect(later.log).toContain("the pull request's own run stand there already");
    expect(github.comments[0]?.body).toContain('### ✅ 1 test passed');
  });

  it('a named pull request is commented on where its head was tested; else the log says why not', async () => {
    writeReport({ test_a: 'failed' });
    github.pulls.push({ number: 12, head: { sha: sha('2'), ref: 'x', repo: { full_name: 'acme/shop' } } });
    const named = (number: string, commit: string) =>
      run({
        event: { name: 'workflow_dispatch', payload: {} },
        inputs: { reports: 'results.xml', 'pull-request': number },
        env: { GITHUB_REF: 'refs/heads/x', GITHUB_SHA: commit },
      });
    const other = await named('12', sha('3'));
    expect(other.log).toContain(
      'No comment: the head of pull request #12 is 22222222, and 33333333 was tested.',
    );
    expect((await named('13', sha('3'))).log).toContain('this repository has no pull request #13');
    expect(github.comments).toEqual([]);
    await named('12', sha('2'));
    expect(github.comments).toMatchObject([{ pull: 12 }]);
  });

  it.each(['hostile payload', 'missing file'])('bears a %s on a pull request', async (what) => {
    writeReport({ test_a: 'failed' });
    const result = await run({
      event:
        what === 'missing file'
          ? { name: 'pull_request', path: join(home, 'nowhere.json') }
          : { name: 'pull_request', payload: event('hostile') },
    });
    expect(result.code).toBe(0);
    expect(github.comments).toEqual([]);
    const ours = ['error', 'warning', 'add-mask', 'group', 'endgroup'];
    expect(result.commands.filter((command) => !ours.includes(command.name))).toEqual([]);
  });

  it('shows no solution to a fork, and refuses pull_request_target with the head checked out', async () => {
    writeReport({ test_a: 'failed' });
    const fork = await run({ event: pullRequest(sha('1'), { fork: true }) });
    expect(fork.code).toBe(0);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
        cwd: home,
      }).toString();
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'base');
    const base = git('rev-parse', 'HEAD').trim();
    git('commit', '-q', '--allow-empty', '-m', 'head');
    const head = git('rev-parse', 'HEAD').trim();
    const target = { ...pullRequest(head), name: 'pull_request_target' };
    const env = { GITHUB_REF: 'refs/heads/main', GITHUB_SHA: base };
    const refused = await run({ event: target, env });
    expect(refused.code).toBe(1);
    expect(words(refused, 'error').join()).toContain('pull_request_target');
    git('checkout', '-q', base);
    const allowed = await run({ event: target, env });
    expect(allowed.code).toBe(0);
  });
});

describe('inputs', () => {
  it.each([
    { inputs: { reports: '' }, says: 'the input reports is missing' },
    { inputs: { 'fail-on': 'unknwon' }, says: 'Did you mean unknown?' },
    { inputs: { 'fail-on': 'new,never' }, says: "fail-on takes never alone, and not 'new,never'" },
    { inputs: { comment: 'sometimes' }, says: 'comment:' },
    { inputs: { annotations: 'maybe' }, says: 'annotations: takes true or false' },
    { inputs: { team: 'Not A Slug' }, says: 'team:' },
  ])('$inputs is refused in words', async ({ inputs, says }) => {
    writeReport({ test_a: 'passed' });
    const result = await run({ inputs });
    expect(result.code).toBe(1);
    expect(words(result, 'error').join()).toContain(says);
    expect(words(result, 'error').join()).not.toMatch(/--(?!junitxml)/);
    expect(github.requests).toEqual([]);
  });

  it('warns of an input that is not there and names the nearest', async () => {
    writeReport({ test_a: 'passed' });
    const result = await run({ inputs: { 'database-ulr': 'x', comment: 'off' } });
    expect(result.code).toBe(0);
    expect(words(result, 'warning').join()).toContain('did you mean database-url?');
  });

  it('can be silent: no annotations, no summary, no comment', async () => {
    writeReport({ test_a: 'failed' });
    const result = await run({ inputs: { annotations: 'false', summary: 'false', comment: 'off' } });
    expect(result.code).toBe(0);
    // The log has its folded tracebacks.
    expect(result.commands.map(({ name }) => name)).toEqual(['group', 'endgroup']);
    expect(result.summary).toBe('');
    expect(github.requests).toEqual([]);
  });

  it.each([
    { failOn: 'never', code: 0 },
    { failOn: 'any', code: 1 },
  ])(
    'tells the other surfaces where two cannot be written; fail-on: $failOn stands',
    async ({ failOn, code }) => {
      writeReport({ test_a: 'failed' });
      const result = await run({
        inputs: { 'fail-on': failOn },
        env: { GITHUB_STEP_SUMMARY: home, GITHUB_OUTPUT: home },
      });
      expect(words(result, 'warning')).toEqual([
        expect.stringMatching(/^the job's summary could not be written: EISDIR/),
        expect.stringMatching(/^the outputs could not be written: EISDIR/),
      ]);
      expect(result.log).toContain("pytest 'tests/test_m.py::test_a'");
      expect(words(result, 'error')).toContain("KeyError: 'test_a'");
      expect(github.comments).toHaveLength(1);
      expect(result.code).toBe(code);
    },
  );

  it.each([
    { comment: 'failures', outcome: 'passed', comments: 0 },
    { comment: 'failures', outcome: 'failed', comments: 1 },
    { comment: 'changes', outcome: 'passed', comments: 0 },
  ] as const)(
    'comment: $comment, test $outcome: $comments comments',
    async ({ comment, outcome, comments }) => {
      writeReport({ test_a: outcome });
      await run({ inputs: { comment } });
      expect(github.comments).toHaveLength(comments);
    },
  );
});

describe('a network of a company', () => {
  it('reaches GitHub Enterprise Server through the proxy that the environment names', async () => {
    writeReport({ test_a: 'failed' });
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, client: Socket) => {
      asked.push(request.url ?? '');
      const upstream = connect(Number(new URL(github.url).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [upstream, client]) socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const result = await start({
      apiUrl: 'http://github.corp.test/api/v3',
      env: { http_proxy: `http://127.0.0.1:${port}` },
    });
    proxy.closeAllConnections();
    proxy.close();
    expect(words(result, 'warning')).toEqual([]);
    expect(new Set(asked)).toEqual(new Set(['github.corp.test:80']));
    expect(github.requests).toContain('POST /api/v3/repos/acme/shop/issues/42/comments');
    expect(github.comments).toHaveLength(1);
  });
});

describe("GitHub's faults", () => {
  it('makes the body smaller on 422', async () => {
    writeReport(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`test_${i}`, 'failed' as const])));
    github.fault = (method, _path, _count, body) =>
      method === 'POST' && body.length > 12_000 ? { status: 422, body: tooLong } : undefined;
    const result = await run();
    expect(words(result, 'warning')).toEqual([]);
    expect(github.comments[0]?.body).toContain('see the summary of its job');
  });

  it("finds its own comment behind others' pages, and takes nobody else's for it", async () => {
    writeReport({ test_a: 'failed' });
    await run();
    const own = github.comments.splice(0, 1)[0];
    const spoof = (author: string) => ({ id: github.comments.length + 1, author, body: own?.body ?? '' });
    github.comments.push(spoof('mallory'), spoof('github-actions'));
    for (let i = 0; i < 230; i++) github.comments.push({ id: i + 10, author: 'octocat', body: 'Looks good' });
    if (own !== undefined) github.comments.push(own);
    writeReport({ test_a: 'passed' });
    await run({ event: pullRequest(sha('6')), env: { GITHUB_RUN_ID: '9000000009' } });
    expect(github.comments).toHaveLength(233);
    expect(github.comments.at(-1)?.body).toContain('✅');
    expect(github.comments[0]?.body).toBe(own?.body === undefined ? '' : github.comments[1]?.body);
  });

  it('collapses duplicates of its own and keeps their parts', async () => {
    writeReport({ test_a: 'failed' });
    await run({ inputs: { matrix: '{"v":"1"}' } });
    const first = github.comments.splice(0, 1)[0];
    await run({ inputs: { matrix: '{"v":"2"}' } });
    if (first !== undefined) github.comments.unshift(first);
    expect(github.comments).toHaveLength(2);
    await run({ inputs: { matrix: '{"v":"3"}' } });
    expect(github.comments).toHaveLength(1);
    for (const leg of ['1', '2', '3']) expect(github.comments[0]?.body).toContain(`\`test (${leg})\``);
  });
});
