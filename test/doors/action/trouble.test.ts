// Inputs that are missing, broken or half there, through the Action (`npm run test:long`: bundled, on Node 24): what can be read is told everywhere, and
// what cannot is never green. Those that everybody meets stand in stories.test.ts.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runActionHere } from '../../support/action-in-process.ts';
import { jsonLines, runCli } from '../../support/cli.ts';
import { createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';
import { some } from '../../support/long.ts';
import type { ActionResult } from '../../support/runner.ts';

let home: string;
let github: GithubServer;
let postgres: ReadyDatabase;

beforeAll(async () => {
  postgres = await createReadyDatabase();
});
afterAll(async () => {
  await postgres.drop();
});
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-trouble-'));
  github = await startGithub();
});
afterEach(async () => {
  await github.close();
  rmSync(home, { recursive: true, force: true });
});

const passed = (name: string) => `<testcase classname="tests.test_m" name="${name}" time="0.01" />`;
/** At a line of its own: failures of one line are told as one. */
const failed = (name: string) =>
  `<testcase classname="tests.test_m" name="${name}" time="0.01"><failure message="AssertionError">E   AssertionError

tests/test_m.py:${lineOf(name)}: AssertionError</failure></testcase>`;
const lineOf = (name: string) => 3 + (Number(/^test_(\d+)/.exec(name)?.[1]) || name.length);
const report = (...cases: string[]) =>
  `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="1.0">${cases.join('')}</testsuite></testsuites>`;
const write = (name: string, text: string) => writeFileSync(join(home, name), text);

let runs = 0;
/** A step in a pull request's job, a workflow run of its own. */
function run(
  inputs: Readonly<Record<string, string>> = {},
  stored = false,
  pull: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<ActionResult> {
  const payload = JSON.parse(
    readFileSync(new URL('../../../fixtures/events/pull-request.json', import.meta.url), 'utf8'),
  );
  payload.pull_request.head.repo.full_name = 'acme/shop';
  Object.assign(payload.pull_request, pull);
  return runActionHere({
    cwd: home,
    event: { name: 'pull_request', payload },
    apiUrl: github.url,
    inputs: {
      reports: 'results.xml',
      ...(stored ? { 'database-url': postgres.uploadUrl } : {}),
      ...inputs,
    },
    env: {
      GITHUB_REF: 'refs/pull/42/merge',
      GITHUB_HEAD_REF: 'feature/rounding',
      GITHUB_BASE_REF: 'main',
      GITHUB_RUN_ID: String(9_100_000_000 + runs++),
      ...env,
    },
  });
}

const words = (result: ActionResult, name: string) =>
  result.commands.filter((command) => command.name === name).map((command) => command.message);

describe('coverage that is not there', () => {
  it('fails the step where it is required, and the tests are told and stored', async () => {
    write('results.xml', report(passed('test_a')));
    write('coverage.json', '');
    const result = await run({ coverage: 'coverage.json', 'require-coverage': 'true' }, true);
    expect(result.code).toBe(1);
    expect(words(result, 'error')[0]).toMatch(/^coverage\.json: the coverage report is empty/);
    expect(result.outputs).toMatchObject({ total: '1', stored: 'new' });
    expect(github.comments).toHaveLength(1);
  });

  it('cannot be required where none is named', async () => {
    write('results.xml', report(passed('test_a')));
    const result = await run({ 'require-coverage': 'true' });
    expect(result.code).toBe(1);
    expect(words(result, 'error')[0]).toMatch(/^require-coverage: true needs coverage/);
  });
});

describe('a test that was lost', () => {
  const unseen = `<testsuites><testsuite name="pytest" failures="1" errors="0" tests="2">${passed('test_a')}</testsuite></testsuites>`;
  const interrupted = report(passed('test_a'), '<testcase time="0.000" />');

  it.each([
    ['a suite that counts a failure', unseen],
    ['a test that was begun and never finished', interrupted],
  ])('is red everywhere: %s', async (_, text) => {
    write('results.xml', text);
    const result = await run({ 'fail-on': 'any', 'check-run': 'tests' }, true);
    expect(result.code).toBe(1);
    expect(words(result, 'error').join('\n')).toContain(
      'fail-on: any, and 0 of 1 tests failed, 1 could not be read.',
    );
    expect(result.log).not.toContain('✓ 1 test');
    expect(result.log).toContain('1 test could not be read');
    expect(result.summary).toContain('❌ 1 test passed, 1 could not be read');
    expect(github.comments[0]?.body).toContain('❌ 1 test passed, the run is incomplete');
    expect(github.comments[0]?.body).not.toContain('✅');
    expect(github.checkRuns).toEqual([
      expect.objectContaining({
        conclusion: 'failure',
        output: expect.objectContaining({ title: '1 passed, 1 could not be read' }),
      }),
    ]);
    const rows = await rowsOf(
      postgres.adminUrl,
      `SELECT incomplete FROM test_runs WHERE id = '${result.outputs['run-id']}'`,
    );
    expect(rows).toEqual([{ incomplete: true }]);
    const lenient = await run();
    expect(lenient.code).toBe(1);
  });

  it('leaves a report without any like one without tests', async () => {
    write('results.xml', report('<testcase time="0.000" />'));
    const result = await run({}, true);
    expect(result.code).toBe(1);
    expect(words(result, 'error')[0]).toMatch(/^results\.xml: no test is left of the report: 1 element/);
    expect(result.summary).toContain('### ❌ No test results');
    expect(result.summary).toContain('no test is left of the report');
    const ignored = await run({ 'on-empty': 'ignore' }, true);
    // Nobody asked to ignore that a test was begun and never finished.
    expect(ignored.code).toBe(1);
  });

  it.each(
    some(
      [
        ['fail', 1, 'error'],
        ['warn', 0, 'warning'],
        ['ignore', 0, undefined],
      ],
      2,
    ),
  )('on-empty: %s', async (onEmpty, code, said) => {
    write('results.xml', report());
    const result = await run({ 'on-empty': onEmpty, 'check-run': 'tests' }, true);
    expect(result.code).toBe(code);
    for (const name of ['error', 'warning'])
      expect(words(result, name).join().includes('holds no test')).toBe(name === said);
    expect(result.log).not.toContain('✓');
    expect(result.summary).not.toContain('✅');
    expect(result.summary).not.toContain('incomplete');
    if (said !== 'error') {
      expect(result.summary).toContain('### ⚪ No test ran');
      expect(github.checkRuns.at(-1)).toMatchObject({
        conclusion: 'neutral',
        output: { title: 'no test ran' },
      });
    }
    if (said !== 'error') expect(result.outputs).toMatchObject({ 'run-id': '', stored: 'no', total: '0' });
  });
});

it('a run of skipped tests alone is no success', async () => {
  const skipped =
    '<testcase classname="tests.test_m" name="test_a" time="0.01"><skipped type="pytest.skip" message="x">tests/test_m.py:1: x</skipped></testcase>';
  write('results.xml', report(skipped));
  const result = await run({ 'check-run': 'tests' });
  expect(github.comments[0]?.body).toContain('### ⚪ No test passed, 1 skipped');
  expect(result.summary).toContain('### ⚪ No test passed, 1 skipped');
  expect(result.log).toContain('○ 1 test in');
  expect(github.checkRuns[0]).toMatchObject({ conclusion: 'neutral', output: { title: 'no test passed' } });
});

describe('a shard without tests that may have none', () => {
  it('is told, and the run is whole without it', async () => {
    write('good.xml', report(passed('test_a'), passed('test_b')));
    write('shard.xml', report());
    const inputs = { reports: 'good.xml\nshard.xml', 'on-empty': 'warn', 'check-run': 'tests' };
    const result = await run(inputs, true);
    expect(result.code).toBe(0);
    expect(words(result, 'warning')).toEqual([
      expect.stringMatching(/^shard\.xml: the report holds no test/),
    ]);
    expect(result.summary).toContain('✅ 2 tests passed');
    expect(result.summary).toContain('shard.xml');
    expect(github.comments[0]?.body).toContain('✅ 2 tests passed');
    expect(github.comments[0]?.body).not.toContain('could be read');
    expect(github.checkRuns).toEqual([expect.objectContaining({ conclusion: 'success' })]);
    const rows = await rowsOf(
      postgres.adminUrl,
      `SELECT incomplete FROM test_runs WHERE id = '${result.outputs['run-id']}'`,
    );
    expect(rows).toEqual([{ incomplete: false }]);
  });
});

describe('no result at all', () => {
  it.each(
    some(
      [
        ['an empty file', '', 'the file is empty'],
        ['a report cut off', '<testsuites><testsuite name="pytest"><testcase', 'the report is cut off'],
        ['no file', undefined, 'no report found for'],
      ],
      1,
    ),
  )('stands in the summary with its reason: %s', async (_, text, says) => {
    if (text !== undefined) write('results.xml', text);
    const result = await run();
    expect(result.code).toBe(1);
    expect(words(result, 'error')).toHaveLength(1);
    expect(result.summary).toContain('### ❌ No test results');
    expect(result.summary).toContain(says);
    expect((await run({ summary: 'false' })).summary).toBe('');
  });
});

describe('a report of an earlier run', () => {
  it('is named in a warning, and is no error', async () => {
    const dated = (time: string) => report(passed('test_a')).replace('time="1.0"', `timestamp="${time}"`);
    write('old.xml', dated('2026-11-18T09:30:00.5+00:00'));
    write('new.xml', dated('2026-11-20T10:01:00.5+00:00'));
    const pull = { updated_at: '2026-11-20T10:00:00Z' };
    const result = await run({ reports: 'old.xml\nnew.xml' }, false, pull);
    expect(result.code).toBe(0);
    expect(words(result, 'warning').filter((word) => word.includes('pytest began'))).toEqual([
      expect.stringMatching(
        /^old\.xml: pytest began this report at 2026-11-18 09:30 UTC, before the change of the pull request .* \(2026-11-20 10:00 UTC\)/,
      ),
    ]);
    expect(result.summary).toContain('pytest began this report');
  });
});

describe('a test whose stored name differs from its own', () => {
  it.each([
    ['over 500 characters', `test_a[${'long '.repeat(150)}]`],
    ['astral characters around the cut', `test_a[${'\u{1f600}'.repeat(490)}]`],
  ])('is told with its past like others: %s', async (_, name) => {
    write('results.xml', report(failed(name), failed('test_b')));
    const result = await run({ 'fail-on': 'unknown', team: '' }, true);
    expect(result.code).toBe(1);
    expect(result.outputs).toMatchObject({ failed: '2', 'no-history': '2' });
    expect(result.log).toContain('nothing to compare with');
    expect(result.log.match(/^(?:FAILED 2)? +AssertionError {2}/gm)).toHaveLength(2);
    expect(
      result.commands.filter(({ properties }) => properties.title?.startsWith('no-history: ')),
    ).toHaveLength(2);
    expect(result.summary).toContain('Failures with nothing to compare with');
    expect(result.summary).not.toContain('**Failures** (');
    expect(github.comments[0]?.body.match(/AssertionError/g)?.length).toBeGreaterThanOrEqual(1);
    expect(github.comments[0]?.body).not.toContain('**Failures** (');
  });
});

describe('an internal error', () => {
  // A workspace that is removed while the step starts: nothing in the program expects it.
  const withoutWorkspace = () => {
    write(
      'vanish.cjs',
      `const { mkdirSync, rmdirSync } = require('node:fs');
       mkdirSync(${JSON.stringify(join(home, 'gone'))});
       process.chdir(${JSON.stringify(join(home, 'gone'))});
       rmdirSync(${JSON.stringify(join(home, 'gone'))});`,
    );
    return { NODE_OPTIONS: `--require ${join(home, 'vanish.cjs')}` };
  };

  it.each<[Record<string, string>, number]>(
    some(
      [
        [{}, 0],
        [{ 'fail-on': 'any' }, 1],
        [{ 'fail-on': 'new' }, 1],
        [{ 'fail-on': 'unknown' }, 1],
      ],
      2,
    ),
  )('is told, and is never green where a verdict was asked for: %j exits with %i', async (inputs, code) => {
    write('results.xml', report(failed('test_a')));
    const result = await run(inputs, false, {}, withoutWorkspace());
    expect(result.commands.find(({ name }) => name === 'error')?.properties.title).toBe(
      'lukhas-ingest: internal error',
    );
    expect(result.code).toBe(code);
    expect(result.summary).toContain('an internal error of this action');
  });
});

describe('many troubles', () => {
  it('leave the ten errors of a step to the failures, and are all in the log', async () => {
    const bad = (name: string) =>
      `\n<testcase classname="tests.test_m" name="${name}"><failure>a & b</failure></testcase>`;
    const names = Array.from({ length: 15 }, (_, i) => `test_${i}`);
    write('results.xml', report(...names.map(bad), ...names.map(failed)));
    write('bad.xml', '');
    const result = await run({ reports: 'results.xml\nbad.xml', 'fail-on': 'any' });
    expect(result.code).toBe(1);
    const errors = words(result, 'error');
    expect(errors).toHaveLength(10);
    expect(errors[0]).toBe('fail-on: any, and 15 of 15 tests failed, 15 could not be read.');
    expect(errors.filter((word) => word.startsWith('AssertionError'))).toHaveLength(7);
    expect(errors[8]).toMatch(/^bad\.xml: the file is empty/);
    expect(errors[9]).toMatch(/^results\.xml:2:\d+: one test is not well-formed[\s\S]*14 more like it/);
    for (let line = 2; line < 17; line++) expect(result.log).toContain(`error: results.xml:${line}:`);
  });
});

describe('one bad report of several', () => {
  const cut = `<testsuites><testsuite name="pytest">${passed('test_cut')}<testcase classname="tests.te`;
  it.each(
    some(
      [
        ['truncated', cut, /^bad\.xml:.*the report is cut off/, '3'],
        ['empty', '', /^bad\.xml: .*empty/, '2'],
        ['foreign', '<coverage line-rate="1"></coverage>', /^bad\.xml:.*<coverage>/, '2'],
        ['damaged behind its tests', `${report(passed('test_x'))}<x/>`, /^bad\.xml:/, '2'],
        [
          'without tests',
          report(),
          /^bad\.xml: the report holds no test.* set the input on-empty to ignore/,
          '2',
        ],
      ],
      2,
    ),
  )('does not hide the others: %s', async (_, text, says, total) => {
    write('good.xml', report(passed('test_a'), failed('test_b')));
    write('bad.xml', text);
    const result = await run({ reports: 'good.xml\nbad.xml', 'check-run': 'tests' }, true);
    expect(result.code).toBe(1);
    expect(words(result, 'error').filter((word) => says.test(word))).toHaveLength(1);
    expect(result.outputs).toMatchObject({ total, failed: '1', stored: 'new' });
    expect(result.summary).toContain('bad.xml&#58;');
    expect(result.summary).toContain('the run is incomplete');
    expect(github.comments[0]?.body).toContain('bad.xml&#58;');
    expect(github.comments[0]?.body).toContain('the run is incomplete');
    expect(github.checkRuns).toEqual([expect.objectContaining({ conclusion: 'failure' })]);
    const rows = await rowsOf(
      postgres.adminUrl,
      `SELECT incomplete FROM test_runs WHERE id = '${result.outputs['run-id']}'`,
    );
    expect(rows).toEqual([{ incomplete: true }]);
  });

  it('does not hide the others where a pattern matches nothing', async () => {
    write('good.xml', report(passed('test_a')));
    const result = await run({ reports: 'good.xml\nunit/*.xml' });
    expect(result.code).toBe(1);
    expect(words(result, 'error')[0]).toContain("no report found for 'unit/*.xml'");
    expect(result.outputs).toMatchObject({ total: '1', passed: '1' });
    expect(github.comments[0]?.body).toContain('❌ 1 test passed, the run is incomplete');
  });
});

describe('links and exclusions', () => {
  it('are kept by both doors alike: followed within the workspace, named where they lead out', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'lukhas-elsewhere-'));
    try {
      for (const folder of ['runs/7', 'old', 'all']) mkdirSync(join(home, folder), { recursive: true });
      write('runs/7/a.xml', report(passed('test_a')));
      write('old/b.xml', report(failed('test_b')));
      writeFileSync(join(elsewhere, 'c.xml'), report(failed('test_c')));
      symlinkSync(join('..', 'runs', '7'), join(home, 'all/latest'));
      symlinkSync(elsewhere, join(home, 'all/far'));
      const says = /^a link leads out of .*: all\/far\. To read a report behind it/;
      const action = await run({ reports: 'all/**/*.xml\nold/*.xml\n!old' });
      // Every file of old/ is excluded, which leaves that pattern without a report.
      expect(action.outputs).toMatchObject({ total: '1', passed: '1' });
      expect(words(action, 'warning')).toEqual([expect.stringMatching(says)]);
      const upload = await runCli('lukhas-upload', ['all/**/*.xml', '!old', '--dry-run', '--json'], {
        cwd: home,
      });
      expect(upload.code).toBe(0);
      const lines = jsonLines(upload.stdout);
      expect(lines.filter(({ kind }) => kind === 'result')).toHaveLength(1);
      expect(lines.filter(({ kind }) => kind === 'warning')).toMatchObject([
        { code: 'link-outside', message: expect.stringMatching(says) },
      ]);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });
});

describe('messages about settings', () => {
  it('speak of inputs, not of options', async () => {
    write('results.xml', '{"meta": {}}');
    const json = await run();
    expect(words(json, 'error').join()).toContain('A coverage report goes into the input coverage.');
    write('results.xml', '<testsuites><testsuite>');
    const cut = await run();
    expect(cut.code).toBe(1);
    expect(words(cut, 'error').join()).toContain('Upload the whole file');
    write('results.xml', report(passed('test_a')));
    await run({ 'upload-key': 'x' }, true);
    runs--;
    write('results.xml', report(passed('test_b')));
    const conflict = await run({ 'upload-key': 'x' }, true);
    expect(conflict.log).toContain('are told apart by the input upload-key');
    for (const { log } of [json, cut, conflict])
      expect(log.replaceAll(/^::add-mask::.*$/gm, '')).not.toMatch(/--[a-z]/);
  });
});
