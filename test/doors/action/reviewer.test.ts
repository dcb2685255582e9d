// What a reviewer sees of a pull request, story by story, through the bundled Action on Node 24; and that each link leads to a commit,
// file, line or run that is there.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReadyDatabase } from '../../support/databases.ts';
import { checkOut, initRepository, writeCommit } from '../../support/git-repository.ts';
import { long } from '../../support/long.ts';
import { pullEnv, pullRequest, withoutLinks, words } from '../../support/pull-request.ts';
import {
  addressesIn,
  assertionOf,
  type Case,
  lines,
  openReviewerStory,
  type ReviewerStory,
  statements,
} from '../../support/reviewer-story.ts';
import { type ActionResult, runAction } from '../../support/runner.ts';

const testFile = (tests: number) =>
  Array.from(
    { length: tests },
    (_, i) => `def test_${i}():\n    basket = basket_of(3)\n    assert total(basket) == ${i}\n`,
  ).join('\n');
const base = {
  'src/shop.py': statements(1, 20),
  'src/prices.py': statements(1, 10),
  'tests/test_shop.py': testFile(12),
  'tests/conftest.py': 'import pytest\n\n\n@pytest.fixture\ndef db():\n    return connect()\n',
};
const green = (names: readonly string[]): Case[] => names.map((name) => ({ name }));
const names = (n: number, from = 0) => Array.from({ length: n }, (_, i) => `test_${i + from}`);
const failing = (
  name: string,
  line: number,
  [left, right]: readonly [string, string] = ["'31.50'", "'31.49'"],
) => ({
  name,
  failure: assertionOf(name, 'tests/test_shop.py', line, [left, right]),
});

/** Lines of text with everything folded. */
const linesShown = (markdown: string) =>
  markdown
    .replace(/<\/summary>[\s\S]*?<\/details>/g, '')
    .split(/\n+|<br>/)
    .filter((line) => line !== '').length;

function tell(
  title: string,
  only: 'always' | 'long',
  play: (story: ReviewerStory) => Promise<ActionResult[]>,
) {
  it.skipIf(only === 'long' && !long)(
    title,
    async () => {
      // Its history is its own.
      const postgres = await createReadyDatabase();
      const story = await openReviewerStory(postgres.uploadUrl);
      try {
        const results = await play(story);
        for (const text of [
          ...story.github.comments.map(({ body }) => body),
          ...results.map(({ summary }) => summary),
        ])
          expect(story.broken(text)).toEqual([]);
        if (process.env.SHOW !== undefined)
          writeFileSync(
            `${process.env.SHOW}/${title.replace(/\W+/g, '-').slice(0, 60)}.md`,
            `${story.body()}\n\n=== SUMMARY\n${results.at(-1)?.summary}\n\n=== LOG\n${results.at(-1)?.log}`,
          );
      } finally {
        await story.close();
        await postgres.drop();
      }
    },
    300_000,
  );
}

/** main with two green runs, a change on top, and the merge that is tested. */
async function change(
  story: ReviewerStory,
  {
    before = green(names(12)),
    files = {},
    coverage,
  }: {
    before?: readonly Case[];
    files?: Readonly<Record<string, string>>;
    coverage?: Parameters<ReviewerStory['run']>[0]['coverage'];
  } = {},
) {
  const first = story.commit(base, [], 'Sell by the dozen');
  const tip = story.commit({ ...base, 'README.md': 'shop\n' }, [first], 'Say what it is');
  story.main(tip);
  const results: ActionResult[] = [];
  for (const at of long ? [first, tip] : [tip]) {
    story.next();
    results.push(await story.run({ at, cases: before, ...(coverage && { coverage }) }));
  }
  const tree = { ...base, 'README.md': 'shop\n', ...files };
  const head = story.commit(tree, [tip], 'Round half up');
  const merge = story.commit(tree, [tip, head], 'Merge');
  story.next();
  return { first, tip, head, merge, results };
}

describe('a reviewer sees', () => {
  tell('a new failure with its diff', 'always', async (story) => {
    const { head, merge, results } = await change(story);
    const printed = Array.from({ length: 9 }, (_, i) => `sold ${i} @team <b>`).join('\n');
    const cases = [...green(names(11)), { ...failing('test_11', 47), printed }];
    const inputs = { 'captured-output': '2' };
    const result = await story.run({ at: merge, head, cases, inputs });
    for (const text of [story.body(), result.summary])
      expect(text).toContain(
        '  The last 2 lines of system-out:\n\n  ```text\n  sold 7 @\u200bteam <b>\n  sold 8 @\u200bteam <b>\n  ```',
      );
    expect(result.log).toContain('The last 2 lines of system-out:\n  sold 7 @team <b>\n');
    expect(result.log).not.toContain('sold 6');
    const body = story.body();
    expect(body).toContain('### ❌ 1 of 12 tests failed, 1 new');
    expect(withoutLinks(body)).toContain('at `tests/test_shop.py:47`');
    expect(body).toContain("  - '31.49'\n  + '31.50'");
    expect(words(result, 'error')[0]).toContain("- '31.49'\n+ '31.50'");
    expect(
      addressesIn(body).some((address) => address.endsWith(`/blob/${head.sha}/tests/test_shop.py#L47`)),
    ).toBe(true);
    return [...results, result];
  });

  tell('60 failures of one cause', 'long', async (story) => {
    const { head, merge, results } = await change(story, { before: green(names(60)) });
    const cases = names(60).map(
      (name): Case => ({
        name,
        error: {
          message: 'failed on setup with "ConnectionRefusedError: [Errno 111] Connection refused"',
          text: `    @pytest.fixture
    def db():
>       return connect()
E       ConnectionRefusedError: [Errno 111] Connection refused

tests/conftest.py:6: ConnectionRefusedError`,
        },
      }),
    );
    const result = await story.run({ at: merge, head, cases });
    const body = withoutLinks(story.body());
    expect(body).toContain('❌ 60 of 60 tests failed, 60 new');
    expect(body).toContain('**60 tests, 1 cause:**');
    expect(body).toContain(
      '`ConnectionRefusedError: [Errno 111] Connection refused` in setup at `tests/conftest.py:6`',
    );
    expect(words(result, 'error')[0]).toContain('Connection refused (in setup)\n60 tests, 1 cause');
    return [...results, result];
  });

  tell('500 failures, the most useful of them within the limit', 'long', async (story) => {
    const { head, merge, results } = await change(story, { before: green(names(500)) });
    const cases = names(500).map((name, i) => ({
      ...failing(name, 3 + (i % 40), [`'${i}.50 ${'x'.repeat(i % 90)}'`, `'${i}.49'`]),
      module: `tests.test_${i % 4}`,
    }));
    const result = await story.run({ at: merge, head, cases });
    const body = story.github.comments[0]?.body ?? '';
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(60_000);
    expect(body).toContain('❌ 500 of 500 tests failed, 500 new');
    expect(body).toMatch(/and 4\d\d more: see the summary of its job/);
    // What is told has its words, and the first ones their diff.
    expect(body.match(/^- .*<br>`AssertionError/gm)?.length).toBeGreaterThanOrEqual(25);
    expect(body.match(/Traceback/g)?.length).toBeGreaterThanOrEqual(1);
    expect(result.summary.match(/^- .*<br>`AssertionError/gm)).toHaveLength(500);
    return [...results, result];
  });

  tell('three fixed tests', 'long', async (story) => {
    const red = [...green(names(9)), ...[9, 10, 11].map((i) => failing(`test_${i}`, 39))];
    const { head, merge, results } = await change(story, { before: red });
    const result = await story.run({ at: merge, head, cases: green(names(12)) });
    expect(withoutLinks(story.body())).toContain('✅ 12 tests passed\n\n12 passed (+3)');
    expect(
      [...story.body().matchAll(/^- `tests\/test_shop.py::(\w+)`: red on main/gm)].map(([, name]) => name),
    ).toEqual(['test_9', 'test_10', 'test_11']);
    expect(result.log).toMatch(/^GREEN 3 {2}(?:test_(?:9|10|11) ){3} red on main at /m);
    return [...results, result];
  });

  tell('all green in at most six lines', 'long', async (story) => {
    const { head, merge, results } = await change(story, {
      coverage: { 'src/shop.py': [lines(1, 18), [19, 20]], 'src/prices.py': [lines(1, 10), []] },
    });
    const result = await story.run({
      at: merge,
      head,
      cases: green(names(12)),
      coverage: { 'src/shop.py': [lines(1, 18), [19, 20]], 'src/prices.py': [lines(1, 10), []] },
    });
    expect(linesShown(story.body())).toBeLessThanOrEqual(6);
    expect(story.body()).toContain('✅ 12 tests passed');
    return [...results, result];
  });

  tell(
    '6 uncovered lines of 20, lines that lost their test, a file that no report knows',
    'long',
    async (story) => {
      const files = {
        'src/shop.py': `${statements(1, 20)}${statements(31, 50)}`,
        'src/new.py': statements(1, 5),
      };
      const before = { 'src/shop.py': [lines(1, 20), []], 'src/prices.py': [lines(1, 10), []] } as const;
      const { head, merge, results } = await change(story, { files, coverage: before });
      const coverage = {
        'src/shop.py': [lines(1, 34), lines(35, 40)],
        'src/prices.py': [lines(1, 7), [8, 9, 10]],
      } as const;
      const result = await story.run({
        at: merge,
        head,
        cases: green(names(12)),
        coverage,
        inputs: { 'coverage-annotations': 'true' },
      });
      const body = withoutLinks(story.body());
      expect(body).toContain('**Coverage of this change**: 70 % of 20 changed statements covered');
      expect(body).toContain('| `src/shop.py` | `35-40` | 14 of 20 |');
      expect(body).toContain('| `src/prices.py` | `8-10` | no longer covered |');
      expect(body).toContain('| `src/new.py` |  | in no coverage report |');
      expect(result.commands.filter(({ name }) => name === 'notice')).toMatchObject([
        { properties: { file: 'src/shop.py', line: '35', endLine: '40' } },
      ]);
      return [...results, result];
    },
  );

  tell('three jobs that cover a change together', 'long', async (story) => {
    const files = { 'src/shop.py': `${statements(1, 20)}${statements(31, 50)}` };
    const { head, merge, results } = await change(story, { files });
    const job = (python: string, ran: readonly number[]) =>
      story.run({
        at: merge,
        head,
        cases: green(names(12)),
        coverage: { 'src/shop.py': [ran, lines(1, 40).filter((line) => !ran.includes(line))] },
        inputs: { matrix: `{"python":"${python}"}` },
      });
    const jobs = [
      await job('3.11', lines(1, 25)),
      await job('3.12', [...lines(1, 20), ...lines(24, 32)]),
      await job('3.13', [...lines(1, 20), 40]),
    ];
    const body = withoutLinks(story.body());
    expect(body).toContain('✅ 36 test runs passed in 3 jobs');
    expect(body).toContain(
      '**Coverage** 82.5 % of 40 statements, by the 3 runs of this commit so far together',
    );
    expect(body).toContain('65 % of 20 changed statements covered, by the 3 runs of this commit so far');
    return [...results, ...jobs];
  });

  tell(
    'the coverage of a change in a clone of depth 1, of what was tested as the head has it',
    'always',
    async (story) => {
      const shop = `${statements(1, 10)}${statements(21, 30)}`;
      const files = {
        'src/shop.py': shop,
        'src/both.py': 'y = 1\n',
        'src/huge.py': 'z = 1\n',
        'tests/test_shop.py': testFile(1),
      };
      const head = story.elsewhere('b'.repeat(40), files);
      const merge = story.shallow(files, ['a'.repeat(40), head.sha]);
      const patch = `@@ -8,3 +8,13 @@ x_7 = 7\n x_8 = 8\n x_9 = 9\n x_10 = 10\n${statements(21, 30).trim().replace(/^/gm, '+')}`;
      const changed = (filename: string, text: string, rest: object) => ({
        filename,
        status: 'modified',
        sha: createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex'),
        ...rest,
      });
      story.github.changedFiles.push(
        changed('src/shop.py', shop, { patch }),
        // The base changed it as well; and one whose patch GitHub leaves out.
        changed('src/both.py', 'y = 2\n', { patch: '@@ -1 +1 @@\n-y = 0\n+y = 2' }),
        changed('src/huge.py', files['src/huge.py'], {}),
        changed('README.md', 'x', {}),
      );
      const coverage = { 'src/shop.py': [lines(1, 17), [18, 19, 20]], 'src/both.py': [[1], []] } as const;
      const inputs = { 'fail-on-patch-coverage': '50', 'database-url': '' };
      const result = await story.run({ at: merge, head, cases: green(['test_0']), coverage, inputs });
      expect(withoutLinks(story.body())).toContain(
        '**Coverage of this change**: 70 % of 10 changed statements covered; not computed for 2 files',
      );
      expect(withoutLinks(story.body())).toContain('| `src/shop.py` | `18-20` | 7 of 10 |');
      expect(withoutLinks(story.body())).toContain('| `src/huge.py` |  | not computed |');
      // What was not computed is no pass.
      expect(words(result, 'error')).toEqual([
        'fail-on-patch-coverage 50 cannot be decided: it was not computed for 2 files.',
      ]);
      expect(result.outputs['patch-coverage']).toBe('');
      return [];
    },
  );

  tell('a push with an open pull request', 'long', async (story) => {
    const { head, results } = await change(story);
    story.github.pulls.push({
      number: 42,
      head: { sha: head.sha, ref: 'feature/rounding', repo: { full_name: 'acme/shop' } },
    });
    const result = await story.run({
      at: head,
      cases: [...green(names(11)), failing('test_11', 47)],
      env: { GITHUB_REF: 'refs/heads/feature/rounding' },
    });
    expect(story.body()).toContain('1 of 12 tests failed');
    return [...results, result];
  });

  tell('what /test as a comment started', 'long', async (story) => {
    const { head, merge, results, tip } = await change(story);
    story.github.pulls.push({
      number: 42,
      head: { sha: head.sha, ref: 'feature/rounding', repo: { full_name: 'acme/shop' } },
    });
    const result = await story.run({
      at: merge,
      cases: [...green(names(11)), failing('test_11', 47)],
      inputs: { 'pull-request': '42' },
      event: {
        name: 'issue_comment',
        payload: {
          issue: { number: 42, pull_request: {} },
          comment: { body: '/test' },
          repository: { default_branch: 'main' },
        },
      },
      env: { GITHUB_SHA: tip.sha },
    });
    expect(story.body()).toContain('1 of 12 tests failed');
    return [...results, result];
  });

  tell('the legs of a matrix gathered in one step', 'long', async (story) => {
    const { head, merge, results } = await change(story);
    const cases = {
      'results-3.11.xml': green(names(2)).map((one) => ({ ...one, seconds: 0.02 })),
      'results-3.12.xml': [{ name: 'test_0' }, failing('test_1', 7)],
      'results-3.13.xml': green(names(2)),
    };
    const result = await story.run({ at: merge, head, cases });
    const body = withoutLinks(story.body());
    expect(body).toContain('### ❌ 1 of 6 runs of 2 tests failed, 1 new');
    expect(result.summary).toContain('### ❌ 1 of 6 runs of 2 tests failed');
    expect(body).toContain('2 tests, 6 runs in 3 reports; 1 failed in `results-3.12.xml`');
    return [...results, result];
  });

  tell('gathered legs below their job, beside two other jobs', 'long', async (story) => {
    const { head, merge, results } = await change(story);
    const legs = {
      'legs/ubuntu-3.11/results.xml': green(names(24)),
      'legs/ubuntu-3.12/results.xml': [...green(names(23)), failing('test_23', 7)],
      'legs/windows-3.12/results.xml': [{ ...failing('test_22', 7), seconds: 0.02 }, ...green(names(22))],
    };
    mkdirSync(join(story.home, 'legs'));
    for (const leg of Object.keys(legs)) mkdirSync(dirname(join(story.home, leg)));
    const others = [{ name: 'test_types', seconds: 0.2 }, { name: 'test_style' }];
    const steps = [
      { cases: legs, env: { GITHUB_JOB: 'matrix' } },
      { cases: others, env: { GITHUB_JOB: 'docs' } },
      { cases: [...others, { name: 'test_page' }], env: { GITHUB_JOB: 'e2e' } },
    ];
    for (const step of steps) results.push(await story.run({ at: merge, head, ...step }));
    const body = withoutLinks(story.body()).replaceAll('\u00a0', ' ');
    expect(body).toContain('### ❌ 2 tests failed in 1 of 3 jobs');
    expect(body).toContain('`matrix` (71 runs of 24 tests) | 2 |');
    expect(body).toContain('| &nbsp;&nbsp;&nbsp;❌ `windows-3.12` | 1 |  | 22 | 0 |  |');
    return results;
  });
});

describe('jobs of several projects', () => {
  tell(
    'that share the names of tests have failures, links and commands of their own',
    'always',
    async (story) => {
      const files = {
        'api/tests/test_shop.py': testFile(3),
        'web/tests/test_shop.py': `${'# long before\n'.repeat(20)}${testFile(3)}`,
      };
      const tip = story.commit(files, [], 'Two projects');
      story.main(tip);
      const head = story.commit(files, [tip], 'Change');
      const merge = story.commit(files, [tip, head], 'Merge');
      const results: ActionResult[] = [];
      const inputs = (rootdir: string) => ({ rootdir, 'upload-key': rootdir });
      for (const project of ['api', 'web'])
        results.push(await story.run({ at: tip, cases: green(names(3)), inputs: inputs(project) }));
      story.next();
      for (const [project, line] of [
        ['api', 3],
        ['web', 23],
      ] as const) {
        const cases = [...green(names(2)), failing('test_2', line)];
        results.push(await story.run({ at: merge, head, cases, inputs: inputs(project) }));
      }
      const check = (body: string) => {
        expect(body).toContain('### ❌ 2 tests failed in 2 of ');
        for (const [project, line] of [
          ['api', 3],
          ['web', 23],
        ])
          expect(addressesIn(body).filter((address) => address.includes(`/${project}/tests/`))).toEqual([
            expect.stringMatching(new RegExp(`/blob/${head.sha}/${project}/tests/test_shop\\.py#L${line}$`)),
          ]);
        expect(body).toContain("(cd './api' && pytest 'tests/test_shop.py::test_2')");
        expect(body).toContain("(cd './web' && pytest 'tests/test_shop.py::test_2')");
      };
      check(story.body());
      // A job without a report that comes last leaves the others their links.
      results.push(
        await story.run({
          at: merge,
          head,
          cases: green(names(1)),
          inputs: { 'upload-key': 'docs', reports: 'absent.xml' },
        }),
      );
      check(story.body());
      expect(story.body()).toContain('> ❌ `test (docs)`: no report');
      return results;
    },
  );
});

describe("annotations land in the pull request's files", () => {
  const message = "KeyError: 'a'";
  const failed = (module: string, path: string) =>
    `<testsuites><testsuite name="pytest"><testcase classname="${module}" name="test_a" time="0.01"><failure message="${message}">def test_a():
&gt;       {}['a']
E       ${message}

${path}:4: KeyError</failure></testcase></testsuite></testsuites>`;
  const tree = {
    'services/shop/tests/test_m.py': '\n\n\ndef test_a():\n    pass\n',
    'tests/test_other.py': '\n',
  };

  it.skipIf(!long).each([
    { what: 'from the root', module: 'services.shop.tests.test_m', path: 'services/shop/tests/test_m.py' },
    {
      what: 'with --junit-prefix',
      module: 'unit.services.shop.tests.test_m',
      path: 'services/shop/tests/test_m.py',
    },
    {
      what: 'in a working directory, by its report',
      module: 'tests.test_m',
      path: 'tests/test_m.py',
      report: 'services/shop/results.xml',
    },
    {
      what: 'in a working directory, by rootdir',
      module: 'tests.test_m',
      path: 'tests/test_m.py',
      rootdir: 'services/shop',
    },
    {
      what: 'by Bazel',
      module: 'services.shop.tests.test_m',
      path: '/root/.cache/bazel/_bazel_root/8f1/execroot/_main/bazel-out/k8-fastbuild/bin/services/shop/test_m.runfiles/_main/services/shop/tests/test_m.py',
      report: 'bazel-testlogs/services/shop/test_m/test.xml',
    },
    {
      what: 'in a checkout below the workspace',
      module: 'services.shop.tests.test_m',
      path: 'services/shop/tests/test_m.py',
      below: 'shop',
    },
    {
      what: 'in a checkout below the workspace, and a working directory there',
      module: 'tests.test_m',
      path: 'tests/test_m.py',
      below: 'shop',
      report: 'shop/services/shop/results.xml',
    },
  ])(
    '$what',
    async ({ module, path, report, rootdir, below }) => {
      const workspace = mkdtempSync(join(tmpdir(), 'lukhas-layout-'));
      const root = join(workspace, below ?? '.');
      initRepository(root, { origin: 'https://github.com/acme/shop.git' });
      const files = new Map(Object.entries(tree));
      const at = 1_790_000_000_000;
      const base = writeCommit(root, { files, parents: [], at, message: 'x' });
      const head = writeCommit(root, { files, parents: [base], at: at + 60_000, message: 'y' });
      const merge = writeCommit(root, { files, parents: [base, head], at: at + 90_000, message: 'z' });
      checkOut(root, merge, files);
      const name = report ?? join(below ?? '', 'results.xml');
      mkdirSync(dirname(join(workspace, name)), { recursive: true });
      writeFileSync(join(workspace, name), failed(module, path));
      const result = await runAction({
        cwd: workspace,
        event: pullRequest(head),
        inputs: { reports: name, comment: 'off', ...(rootdir && { rootdir }) },
        env: { ...pullEnv, GITHUB_SHA: merge },
      });
      rmSync(workspace, { recursive: true, force: true });
      const [error] = result.commands.filter((command) => command.name === 'error');
      expect(error?.properties).toMatchObject({ file: 'services/shop/tests/test_m.py', line: '4' });
      expect(result.summary).toContain(`/blob/${head}/services/shop/tests/test_m.py#L4`);
    },
    300_000,
  );
});
