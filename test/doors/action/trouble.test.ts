// Inputs that are missing, broken or half there, through the bundled Action on Node 24: what can be read is told everywhere, and
// what cannot is never green.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReadyDatabase, type ReadyDatabase } from '../../support/databases.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';
import { type ActionResult, runAction } from '../../support/runner.ts';

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
const failed = (name: string) =>
  `<testcase classname="tests.test_m" name="${name}" time="0.01"><failure message="AssertionError">E   AssertionError

tests/test_m.py:3: AssertionError</failure></testcase>`;
const report = (...cases: string[]) =>
  `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="1.0">${cases.join('')}</testsuite></testsuites>`;
const write = (name: string, text: string) => writeFileSync(join(home, name), text);

let runs = 0;
/** A step in a pull request's job, a workflow run of its own. */
function run(inputs: Readonly<Record<string, string>> = {}, stored = false): Promise<ActionResult> {
  const payload = JSON.parse(
    readFileSync(new URL('../../../fixtures/events/pull-request.json', import.meta.url), 'utf8'),
  );
  payload.pull_request.head.repo.full_name = 'acme/shop';
  return runAction({
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
    },
  });
}

const words = (result: ActionResult, name: string) =>
  result.commands.filter((command) => command.name === name).map((command) => command.message);

describe('coverage that is not there', () => {
  it.each([false, true])(
    'is one warning, and the tests are told and stored (database: %s)',
    async (stored) => {
      write('results.xml', report(passed('test_a'), failed('test_b')));
      const result = await run({ coverage: 'coverage.json' }, stored);
      expect(result.code).toBe(0);
      expect(words(result, 'warning')).toEqual([
        expect.stringContaining("no coverage report found for 'coverage.json'"),
      ]);
      expect(words(result, 'warning').join()).not.toContain('--coverage');
      expect(result.outputs).toMatchObject({
        total: '2',
        failed: '1',
        coverage: '',
        stored: stored ? 'new' : 'no',
      });
      expect(result.summary).toContain('no coverage report found');
      expect(github.comments).toHaveLength(1);
    },
  );

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
