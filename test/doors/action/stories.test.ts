// Twelve stories of a step that must never be green where it is red, through the Action (`npm run test:long`: bundled, on Node 24), each with and
// without a database.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runActionHere } from '../../support/action-in-process.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { startGithub } from '../../support/github-server.ts';
import { pullEnv, pullRequest, withoutLinks, words, writeReportIn } from '../../support/pull-request.ts';
import type { ActionResult } from '../../support/runner.ts';

let postgres: ReadyDatabase;
beforeAll(async () => {
  postgres = await createReadyDatabase();
});
afterAll(async () => {
  await postgres.drop();
});

interface Step {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly commit?: string;
}

let stories = 0;
/** A workspace, a GitHub, a commit and a workflow run of its own. */
async function openStory(database: boolean) {
  const number = ++stories;
  const home = mkdtempSync(join(tmpdir(), 'lukhas-story-'));
  const github = await startGithub();
  const commit = number.toString(16).padStart(40, 'a');
  return {
    home,
    github,
    commit,
    runId: 9_200_000_000 + number,
    /** What `stored` says of a run that was. */
    stored: database ? 'new' : 'no',
    run: ({ inputs, env, commit: head = commit }: Step = {}) =>
      runActionHere({
        cwd: home,
        event: pullRequest(head),
        apiUrl: github.url,
        inputs: {
          reports: 'results.xml',
          ...(database ? { 'database-url': postgres.uploadUrl } : {}),
          ...inputs,
        },
        env: { ...pullEnv, GITHUB_RUN_ID: String(9_200_000_000 + number), ...env },
      }),
    body: () => withoutLinks(github.comments[0]?.body ?? '').replaceAll('\u00a0', ' '),
    write: (name: string, text: string) => writeFileSync(join(home, name), text),
    report: (outcomes: Parameters<typeof writeReportIn>[1], file?: string) =>
      writeReportIn(home, outcomes, file),
    async close() {
      await github.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
type Story = Awaited<ReturnType<typeof openStory>>;

const errors = (result: ActionResult) => words(result, 'error').join('\n');
/** Without what is said of all of them: the stories are of pull requests alone. */
const warnings = (result: ActionResult) =>
  words(result, 'warning').filter((warning) => !warning.startsWith('main is never tested'));

describe.each([{ database: true }, { database: false }])('with a database: $database', ({ database }) => {
  /** Side by side: most of a story is waiting for GitHub. */
  const story = (title: string, tell: (story: Story) => Promise<void>) =>
    it.concurrent(title, async () => {
      const opened = await openStory(database);
      try {
        await tell(opened);
      } finally {
        await opened.close();
      }
    });

  story(
    'missing coverage: one warning, and the tests are told and stored',
    async ({ run, body, report, stored }) => {
      report({ test_a: 'passed', test_b: 'failed' });
      const result = await run({ inputs: { coverage: 'coverage.json' } });
      expect(result.code).toBe(0);
      expect(warnings(result)).toEqual([
        expect.stringContaining("no coverage report found for 'coverage.json'"),
      ]);
      expect(warnings(result).join()).not.toContain('--coverage');
      expect(result.outputs).toMatchObject({ total: '2', failed: '1', coverage: '', stored });
      expect(result.summary).toContain('no coverage report found');
      expect(body()).toContain('❌ 1 of 2 tests failed');
    },
  );

  story(
    'one bad of two reports: the other is told and stored, and nothing is green',
    async ({ run, body, write, report, stored }) => {
      report({ test_a: 'passed' }, 'good.xml');
      write('bad.xml', '<testsuites><testsuite name="pytest"><testcase classname="tests.te');
      const result = await run({ inputs: { reports: 'good.xml\nbad.xml' } });
      expect(result.code).toBe(1);
      expect(errors(result)).toMatch(/^bad\.xml:.*the report is cut off/);
      expect(result.outputs).toMatchObject({ total: '1', stored });
      for (const text of [result.summary, body()]) {
        expect(text).toContain('bad.xml&#58;');
        expect(text).not.toContain('✅');
      }
    },
  );

  story('malformed failing test: red everywhere', async ({ run, body, write, github }) => {
    const text = `<testsuites><testsuite name="pytest"><testcase classname="tests.test_m" name="test_a" time="1" /><testcase classname="tests.test_m" name="test_x"><failure message="x">a & b</failure></testcase></testsuite></testsuites>`;
    write('results.xml', text);
    const result = await run({ inputs: { 'fail-on': 'any', 'check-run': 'tests' } });
    expect(result.code).toBe(1);
    expect(errors(result)).toContain('fail-on: any, and 0 of 1 tests failed, 1 could not be read.');
    for (const told of [result.summary, body()]) expect(told).not.toContain('✅');
    expect(result.log).toContain('✗ 1 test');
    expect(github.checkRuns).toEqual([expect.objectContaining({ conclusion: 'failure' })]);
  });

  story(
    'missing leg: its row stands in the comment, whoever renders it',
    async ({ run, body, report, github, home }) => {
      const leg = (python: string) => ({
        inputs: { matrix: `{"python":"${python}"}`, 'check-run': 'tests' },
      });
      report({ test_a: 'passed' });
      await run(leg('3.12'));
      rmSync(join(home, 'results.xml'));
      const result = await run(leg('3.13'));
      expect(result.code).toBe(1);
      expect(errors(result)).toContain("no report found for 'results.xml'");
      expect(result.outputs).toMatchObject({
        stored: 'no',
        'comment-url': expect.stringContaining('issuecomment'),
      });
      expect(result.summary).toContain('❌ No test results');
      expect(result.summary).toContain('no report found for');
      expect(github.checkRuns.at(-1)).toMatchObject({
        conclusion: 'failure',
        output: { title: 'no test results' },
      });
      report({ test_a: 'passed' });
      await run(leg('3.14'));
      expect(body()).toContain('❌ 2 test runs passed in 2 jobs, no results of 1 job');
      expect(body()).toContain('| ❌ `test (3.13)` (no report) |');
      for (const python of ['3.12', '3.14']) expect(body()).toContain(`| ✅ \`test (${python})\` |`);
      expect(body()).toContain('no report&#58; nothing found for');
      // The next attempt has its report, and takes the row.
      const again = { ...leg('3.13'), env: { GITHUB_RUN_ATTEMPT: '2' } };
      await run(again);
      expect(body()).toContain('✅ 3 test runs passed in 3 jobs');
      expect(body()).not.toContain('no re');
    },
  );

  story(
    'skipped and xfailed are told apart, whoever renders them, and the table counts them together',
    async ({ run, body, write }) => {
      const leg = (python: string) => run({ inputs: { matrix: `{"python":"${python}"}` } });
      const cases = [
        ['test_off', '<skipped type="pytest.skip" message="no disk">tests/test_m.py:3: no disk</skipped>'],
        ['test_known', '<skipped type="pytest.xfail" message="rounds down" />'],
        ['test_known_too', '<skipped type="pytest.xfail" message="rounds down" />'],
      ].map(
        ([name, child]) =>
          `<testcase classname="tests.test_m" name="${name}" time="0.01">${child}</testcase>`,
      );
      const suite = (more: string) =>
        `<testsuites name="pytest tests"><testsuite name="pytest" time="1.0">${cases.join('')}${more}</testsuite></testsuites>`;
      write('results.xml', suite(''));
      const alone = await leg('3.12');
      expect(body()).toContain('### ⚪ No test passed, 1 skipped, 2 xfailed');
      expect(alone.summary).toContain('### ⚪ No test passed, 1 skipped, 2 xfailed');
      write('results.xml', suite('<testcase classname="tests.test_m" name="test_a" time="0.01" />'));
      await leg('3.13');
      await leg('3.14');
      expect(body()).toContain('### ✅ 2 test runs passed in 3 jobs, 3 skipped, 6 xfailed');
      expect(body()).toContain('| Job | Failed | New | Passed | Skipped or xfailed | Coverage |');
      expect(body()).toContain('| ✅ `test (3.13)` | 0 |');
    },
  );

  story(
    'legs gathered in one step: a row each below their job, whoever renders it, until the job runs again',
    async ({ run, body, report, stored, commit, write }) => {
      const legs = ['3.11', '3.12', '3.13'].map((python) => `results-${python}.xml`);
      const other = (job: string) => {
        report({ [`test_${job}`]: 'passed' });
        return run({ env: { GITHUB_JOB: job } });
      };
      const gather = (attempt: string) =>
        run({
          inputs: { reports: 'results-3.*.xml' },
          env: { GITHUB_JOB: 'gather', GITHUB_RUN_ATTEMPT: attempt },
        });
      await other('lint');
      report({ test_a: 'passed', test_b: 'passed' }, legs[0]);
      report({ test_a: 'passed', test_b: 'failed' }, legs[1]);
      report({ test_b: 'passed', test_a: 'passed' }, legs[2]);
      expect((await gather('1')).outputs.stored).toBe(stored);
      await other('e2e');
      const told = body().split('\n');
      const place = told.findIndex((line) => line.startsWith('| ❌ `gather` (6 runs of 2 tests) | 1 |'));
      expect(told.slice(place + 1, place + 4)).toEqual([
        '| &nbsp;&nbsp;&nbsp;✅ `results-3.11.xml` | 0 |  | 2 | 0 |  |',
        '| &nbsp;&nbsp;&nbsp;❌ `results-3.12.xml` | 1 |  | 1 | 0 |  |',
        '| &nbsp;&nbsp;&nbsp;✅ `results-3.13.xml` | 0 |  | 2 | 0 |  |',
      ]);
      expect(told.filter((line) => line.startsWith('| &nbsp;&nbsp;&nbsp;'))).toHaveLength(3);
      expect(body()).toContain('### ❌ 1 test failed in 1 of 3 jobs');

      // One is green now, one is cut off, and one holds nothing.
      report({ test_b: 'passed', test_a: 'passed' }, legs[1]);
      write(
        legs[2] ?? '',
        '<testsuites><testsuite name="pytest"><testcase classname="tests.test_m" name="test_a" time="1" /><testcase',
      );
      write('results-3.14.xml', '<testsuites><testsuite name="pytest" /></testsuites>');
      await gather('2');
      await other('docs');
      const again = body().split('\n');
      expect(again.filter((line) => line.startsWith('| &nbsp;&nbsp;&nbsp;'))).toEqual([
        '| &nbsp;&nbsp;&nbsp;✅ `results-3.11.xml` | 0 |  | 2 | 0 |  |',
        '| &nbsp;&nbsp;&nbsp;✅ `results-3.12.xml` | 0 |  | 2 | 0 |  |',
        '| &nbsp;&nbsp;&nbsp;❌ `results-3.13.xml` (incomplete) | 0 |  | 1 | 0 |  |',
        '| &nbsp;&nbsp;&nbsp;❌ `results-3.14.xml` (no results) |  |  |  |  |  |',
      ]);
      expect(
        again.some((line) => line.startsWith('| ❌ `gather` (5 runs of 2 tests) (incomplete) | 0 |')),
      ).toBe(true);
      if (!database) return;
      // As an older program left it, and as another might write it.
      const strange = { tests: 2, reports: [{ report: 'green.xml', passed: 9, failed: 0, skipped: 0 }] };
      for (const [job, counts] of [
        ['old', 'NULL'],
        ['strange', `'${JSON.stringify(strange)}'`],
      ] as const) {
        await asAdmin(
          postgres.adminUrl,
          `UPDATE test_runs SET report_counts = ${counts} WHERE git_sha = '${commit}' AND total_tests > 1`,
        );
        await other(job);
        expect(body()).not.toContain('| &nbsp;&nbsp;&nbsp;');
        expect(body()).toContain('| ❌ `gather` (incomplete) | 0 |');
      }
    },
  );

  story(
    'two steps: both are stored and told, and a new attempt replaces each its own',
    async ({ run, body, report, stored }) => {
      const step = (id: string, attempt = '1') =>
        run({ env: { GITHUB_ACTION: id, GITHUB_RUN_ATTEMPT: attempt }, inputs: { 'check-run-id': '77' } });
      report({ test_unit: 'passed' });
      const first = await step('unit');
      report({ test_e2e: 'failed' });
      const second = await step('e2e');
      expect([first.outputs.stored, second.outputs.stored]).toEqual([stored, stored]);
      expect(body()).toContain('❌ 1 test failed in 1 of 2 jobs');
      expect(body()).toContain('| ✅ `test · unit` |');
      expect(body()).toContain('| ❌ `test · e2e` |');
      report({ test_e2e: 'passed' });
      await step('e2e', '2');
      expect(body()).toContain('✅ 2 test runs passed in 2 jobs');
      expect(body()).not.toContain('❌');
    },
  );

  story(
    'reusable workflow matrix: jobs of one name are two jobs, and a red one is never hidden',
    async ({ run, body, report, runId, stored }) => {
      const job = (checkRun: string, attempt = '1') =>
        run({ env: { GITHUB_RUN_ATTEMPT: attempt }, inputs: { 'check-run-id': checkRun } });
      report({ test_a: 'passed' });
      const first = await job('43210987654');
      report({ test_a: 'failed' });
      const second = await job('43210987655');
      expect([first.outputs.stored, second.outputs.stored]).toEqual([stored, stored]);
      expect(body()).toContain('| ✅ `test · job 43210987654` |');
      expect(body()).toContain('| ❌ `test · job 43210987655` |');
      expect(body()).not.toContain('claim to be');
      if (database) {
        const own = `SELECT u.check_run_id::text AS id FROM ingest_uploads u WHERE workflow_run_id = '${runId}' ORDER BY 1`;
        expect(await rowsOf(postgres.adminUrl, own)).toEqual([{ id: '43210987654' }, { id: '43210987655' }]);
      }
      // One of the two ran again, and nothing says which.
      report({ test_a: 'passed' });
      await job('43210987699', '2');
      expect(body()).toContain('❌ 1 test failed in 1 of 3 jobs');
      expect(body()).toContain('which of them ran again is not known here');
    },
  );

  story(
    'two uploads that claim one place: both are shown, with the inputs that help',
    async ({ run, body, report }) => {
      report({ test_a: 'passed' });
      await run({ env: { GITHUB_ACTION: 'same' } });
      report({ test_b: 'failed' });
      const second = await run({ env: { GITHUB_ACTION: 'same' }, inputs: { 'fail-on': 'any' } });
      expect(second.code).toBe(1);
      expect(second.outputs.stored).toBe('no');
      if (database) expect(second.log).toContain('by the input upload-key or the `id:` of the step');
      expect(body()).toContain('❌ 1 test failed in 1 of 2 jobs');
      expect(body()).toContain('test_b');
      expect(body()).toContain('Several uploads claim to be `test`: give each job an `upload-key`');
      // Told by a third, they still stand.
      report({ test_c: 'passed' });
      await run({ env: { GITHUB_ACTION: 'other' } });
      expect(body()).toContain('❌ 1 test failed in 1 of 3 jobs');
    },
  );

  story(
    'commit that crashed after a green one: the comment is no longer green',
    async ({ run, body, write, report, github, commit, runId }) => {
      report({ test_a: 'passed' });
      await run();
      expect(body()).toContain('✅ 1 test passed');
      // pytest was killed while it wrote.
      write('results.xml', '<?xml version="1.0"?><testsuites><testsuite name="pytest"><testca');
      const next = {
        commit: commit.replaceAll('a', 'b'),
        env: { GITHUB_RUN_ID: String(runId + 1000) },
      };
      const crashed = await run({ ...next, inputs: { comment: 'failures' } });
      expect(crashed.code).toBe(1);
      expect(github.comments).toHaveLength(1);
      expect(body()).toContain('❌ No test results');
      expect(body()).toContain(`were of the older commit \`${commit.slice(0, 8)}\``);
      expect(body()).not.toContain('✅');
    },
  );

  story('locked pull request: one warning in GitHub’s words', async ({ run, report, github }) => {
    const said = 'Unable to create comment because issue is locked.';
    github.fault = (method) => (method === 'POST' ? { status: 403, body: { message: said } } : undefined);
    report({ test_a: 'failed' });
    const result = await run();
    expect(result.code).toBe(0);
    expect(warnings(result)).toEqual([expect.stringContaining(said)]);
    expect(warnings(result).join()).not.toContain('permissions');
    expect(result.summary).toContain('❌ 1 of 1 tests failed');
  });

  story(
    'rate limit: its reset is told, a limit far away is not waited for',
    async ({ run, report, github }) => {
      const headers = {
        date: 'Fri, 27 Nov 2026 03:00:00 GMT',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Date.UTC(2026, 10, 27, 3, 40) / 1000),
      };
      github.fault = () => ({ status: 403, headers, body: { message: 'API rate limit exceeded' } });
      report({ test_a: 'failed' });
      const result = await run();
      expect(result.code).toBe(0);
      expect(warnings(result)).toEqual([
        expect.stringContaining('the limit is reset at 2026-11-27T03:40:00Z'),
      ]);
      expect(github.requests).toHaveLength(1);
    },
  );

  story('symlinked report: is read, by its name and by a pattern', async ({ run, report, home, stored }) => {
    mkdirSync(join(home, 'build'));
    report({ test_a: 'failed' }, 'build/results.xml');
    report({ test_b: 'failed' }, 'build/more.xml');
    symlinkSync('build/results.xml', join(home, 'named.xml'));
    symlinkSync('build', join(home, 'linked'));
    const result = await run({ inputs: { reports: 'named.xml\nlinked/m*.xml', 'fail-on': 'any' } });
    expect(result.code).toBe(1);
    expect(result.outputs).toMatchObject({ total: '2', failed: '2', stored });
  });

  story(
    'excluded pattern: what is excluded is neither told nor missed',
    async ({ run, body, report, home, stored }) => {
      mkdirSync(join(home, 'old'));
      report({ test_a: 'passed' }, 'results.xml');
      report({ test_old: 'failed' }, 'old/results.xml');
      const result = await run({ inputs: { reports: '**/*.xml\n!old/**', 'fail-on': 'any' } });
      expect(result.code).toBe(0);
      expect(warnings(result)).toEqual([]);
      expect(result.outputs).toMatchObject({ total: '1', failed: '0', stored });
      expect(body()).toContain('✅ 1 test passed');
    },
  );

  story(
    'renderer that throws: one warning, the other surfaces and the verdict stand',
    async ({ run, write, report, github, home, stored }) => {
      // What only the comment's renderer does: sorting jobs.
      write(
        'break.cjs',
        `const { toSorted } = Array.prototype;
       Array.prototype.toSorted = function (...by) {
         if (this[0]?.section !== undefined) throw new TypeError('broken renderer');
         return toSorted.apply(this, by);
       };`,
      );
      report({ test_a: 'failed' });
      const result = await run({
        inputs: { 'fail-on': 'any', 'check-run': 'tests' },
        env: { NODE_OPTIONS: `--require ${join(home, 'break.cjs')}` },
      });
      expect(result.code).toBe(1);
      expect(warnings(result)).toEqual(['no comment on the pull request: broken renderer']);
      expect(errors(result)).toContain("KeyError: 'test_a'");
      expect(result.summary).toContain('❌ 1 of 1 tests failed');
      expect(result.outputs).toMatchObject({ failed: '1', stored });
      expect(github.checkRuns).toHaveLength(1);
    },
  );
});
