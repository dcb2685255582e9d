// The Action and an analysis by MATRIZ: all surfaces, a second job that reads it back from the database, and the gate.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runActionHere } from '../../support/action-in-process.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { type GithubServer, startGithub } from '../../support/github-server.ts';
import { pullEnv, pullRequest, words, writeReportIn } from '../../support/pull-request.ts';
import type { ActionResult } from '../../support/runner.ts';

let home: string;
let github: GithubServer;
let postgres: ReadyDatabase;
beforeAll(async () => {
  postgres = await createReadyDatabase();
  home = mkdtempSync(join(tmpdir(), 'lukhas-action-matriz-'));
  github = await startGithub();
  writeReportIn(home, { test_a: 'passed', test_b: 'passed' });
  copyFileSync('fixtures/matriz/document.json', join(home, 'analysis.json'));
  mkdirSync(join(home, 'src'));
  writeFileSync(join(home, 'src/auth.ts'), 'x\n');
});
afterAll(async () => {
  await github.close();
  await postgres.drop();
  rmSync(home, { recursive: true, force: true });
});

const run = (
  inputs: Readonly<Record<string, string>>,
  options: { fork?: boolean } = {},
): Promise<ActionResult> =>
  runActionHere({
    cwd: home,
    event: pullRequest(undefined, options),
    apiUrl: github.url,
    inputs: { reports: 'results.xml', ...inputs },
    env: pullEnv,
  });
const body = () => github.comments[0]?.body ?? '';

it('a blocked star is red on every surface though all tests pass, and another job shows it as well', async () => {
  const stored = { 'database-url': postgres.uploadUrl };
  const first = await run({
    ...stored,
    matriz: 'analysis.json',
    'fail-on': 'new,blocked',
    'check-run': 'lukhas',
    matrix: '{"python":"3.12"}',
  });
  expect(first.code).toBe(1);
  expect(first.outputs).toMatchObject({
    stored: 'new',
    'matriz-status': 'BLOCKED',
    'consciousness-score': '48',
  });
  const errors = first.commands.filter(({ name }) => name === 'error');
  expect(errors.map(({ message }) => message)).toEqual([
    'fail-on: new,blocked, and MATRIZ is blocked by 1 star.',
    'CRITICAL: NEVER store passwords in plaintext',
  ]);
  expect(errors[1]?.properties).toEqual({
    file: 'src/auth.ts',
    line: '78',
    title: 'MATRIZ: blocked by guardian',
  });
  expect(first.summary).toContain('### ❌ 2 tests passed, blocked by MATRIZ');
  expect(first.summary).toContain(
    '- ❌ `guardian` CRITICAL: NEVER store passwords in plaintext at `auth.ts:78`',
  );
  expect(first.log).toContain('✗ guardian  CRITICAL: NEVER store passwords in plaintext  auth.ts:78');
  expect(body()).toContain('### ❌ 2 tests passed, blocked by MATRIZ');
  expect(github.checkRuns[0]).toMatchObject({
    conclusion: 'failure',
    output: { title: '2 passed, blocked by MATRIZ' },
  });
  expect(
    await rowsOf(postgres.adminUrl, 'SELECT pr_number, overall_status, origin FROM consciousness_reviews'),
  ).toEqual([{ pr_number: 42, overall_status: 'BLOCKED', origin: 'team' }]);

  const second = await run({ ...stored, matrix: '{"python":"3.13"}' });
  expect(second.code).toBe(0);
  expect(second.summary).toContain('### ✅ 2 tests passed');
  expect(body()).toContain('### ❌ 4 test runs passed in 2 jobs, blocked by MATRIZ');
  expect(body()).toContain('**MATRIZ** of `test (3.12)`: BLOCKED by guardian');

  await asAdmin(postgres.adminUrl, `UPDATE teams SET features = '{"matriz_enabled": false}'`);
  const off = await run({
    ...stored,
    matriz: 'analysis.json',
    'fail-on': 'blocked',
    matrix: '{"python":"3.14"}',
  });
  expect(off.code).toBe(1);
  expect(words(off, 'error')).toEqual([
    'fail-on: blocked, and MATRIZ is turned off for this team (features.matriz_enabled): not judged.',
  ]);
  expect(words(off, 'warning')).toEqual([
    'the MATRIZ analysis was not stored: it is turned off for this team (features.matriz_enabled)',
  ]);
  expect(`${off.summary}${body()}`).not.toContain('guardian');
});

it("a fork's file is told as the fork's own, without a database; a bad file is a warning, and not judged where blocked is asked for", async () => {
  const fork = await run({ matriz: 'analysis.json' }, { fork: true });
  expect(fork.code).toBe(0);
  expect(fork.summary).toContain(
    'BLOCKED by guardian&#58; score 48 of 100, 2 stars, by a stranger&#39;s own file',
  );
  writeFileSync(join(home, 'analysis.json'), '{"stars": {}}');
  const bad = await run({ matriz: 'analysis.json', 'fail-on': 'blocked', 'check-run': 'lukhas' });
  expect(bad.code).toBe(1);
  expect(words(bad, 'warning')).toEqual([
    'analysis.json:1:11: no MATRIZ analysis as the schema document has it: stars: must have a star. docs/matriz.md shows the shape.',
  ]);
  expect(words(bad, 'error')).toEqual([
    'fail-on: blocked, and the MATRIZ analysis cannot be used: not judged.',
  ]);
  const why = '> ❌ fail&#45;on blocked cannot be decided&#58; the MATRIZ analysis cannot be used';
  expect(bad.summary).toContain('### ❌ 2 tests passed, a gate failed');
  expect(bad.summary).toContain(why);
  expect(body()).toContain('a gate failed in 2 jobs');
  expect(body()).toContain(why);
  expect(bad.log).toContain('✗ 2 tests');
  expect(github.checkRuns.at(-1)).toMatchObject({
    conclusion: 'failure',
    output: { title: '2 passed, a gate failed' },
  });
});
