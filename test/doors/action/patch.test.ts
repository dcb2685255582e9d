// The coverage of a pull request's change through the Action: two jobs that cover it together, with git and a database.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runActionHere } from '../../support/action-in-process.ts';
import { createReadyDatabase, type ReadyDatabase } from '../../support/databases.ts';
import { checkOut, initRepository, writeCommit, writeRefs } from '../../support/git-repository.ts';
import { startGithub } from '../../support/github-server.ts';
import { pullEnv, pullRequest, withoutLinks, words, writeReportIn } from '../../support/pull-request.ts';

let postgres: ReadyDatabase;
let home: string;
let github: Awaited<ReturnType<typeof startGithub>>;
beforeAll(async () => {
  postgres = await createReadyDatabase();
  github = await startGithub();
  home = mkdtempSync(join(tmpdir(), 'lukhas-patch-'));
});
afterAll(async () => {
  await Promise.all([postgres.drop(), github.close()]);
  rmSync(home, { recursive: true, force: true });
});

const statements = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `x_${from + i} = ${from + i}\n`).join('');

type Pairs = readonly (readonly [number, number])[];

/** coverage.py's report of a file of 30 statements. */
function writeCoverage(
  executed: readonly number[],
  last: number,
  taken: Pairs = [],
  untaken: Pairs = [],
): void {
  const missing = Array.from({ length: last }, (_, i) => i + 1).filter((line) => !executed.includes(line));
  const counts = {
    covered_lines: executed.length,
    num_statements: last,
    percent_covered: (100 * executed.length) / last,
    missing_lines: missing.length,
    excluded_lines: 0,
    num_branches: taken.length + untaken.length,
    covered_branches: taken.length,
  };
  const file = {
    executed_lines: executed,
    summary: counts,
    missing_lines: missing,
    excluded_lines: [],
    executed_branches: taken,
    missing_branches: untaken,
  };
  const report = { meta: { version: '7.6.1', format: 3 }, files: { 'src/shop.py': file }, totals: counts };
  writeFileSync(join(home, 'coverage.json'), JSON.stringify(report));
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

it('is told over all jobs, with the lines that no test runs and those that lost theirs, and fails the step where it is asked to', async () => {
  initRepository(home, { origin: 'https://github.com/acme/shop.git' });
  const test = { 'tests/test_m.py': 'def test_a():\n    pass\n' };
  const files = (shop: string) =>
    new Map(Object.entries({ ...test, 'src/shop.py': shop, 'src/new.py': 'y = 1\n' }));
  const commit = (shop: string, parents: readonly string[], minute: number) =>
    writeCommit(home, { files: files(shop), parents, at: 1_790_000_000_000 + minute * 60_000, message: 'x' });
  const before = statements(1, 10);
  const after = `${statements(1, 10)}${statements(21, 40)}`;
  const base = commit(before, [], 0);
  const head = commit(after, [base], 1);
  const merge = commit(after, [base, head], 2);
  writeRefs(home, new Map([['refs/remotes/origin/main', base]]));
  writeReportIn(home, { test_a: 'passed' });
  const run = (
    job: string,
    options: { sha: string; isPull: boolean; inputs?: Record<string, string>; withCoverage?: false },
  ) =>
    runActionHere({
      cwd: home,
      event: options.isPull ? pullRequest(head) : { name: 'push', payload: { before: undefined } },
      apiUrl: github.url,
      inputs: {
        reports: 'results.xml',
        ...(options.withCoverage === false ? {} : { coverage: 'coverage.json' }),
        'database-url': postgres.uploadUrl,
        'upload-key': job,
        ...options.inputs,
      },
      env: {
        ...(options.isPull ? pullEnv : { GITHUB_REF: 'refs/heads/main' }),
        GITHUB_SHA: options.sha,
        GITHUB_RUN_ID: options.isPull ? '9300000002' : '9300000001',
      },
    });

  checkOut(home, base, files(before));
  writeCoverage(range(1, 10), 10);
  expect((await run('unit', { sha: base, isPull: false })).code).toBe(0);

  checkOut(home, merge, files(after), files(before));
  const atEnd = [
    [16, 17],
    [16, -1],
    [20, 21],
    [20, 22],
  ] as const;
  const [on, out, ...later] = atEnd;
  writeCoverage([...range(1, 8), ...range(11, 16)], 30, [out], [on, ...later]);
  const first = await run('unit', { sha: merge, isPull: true, inputs: { 'fail-on-patch-coverage': '60' } });
  expect(words(first, 'error')).toEqual([
    '30 % of the changed statements are covered (fail-on-patch-coverage 60).',
  ]);
  expect(first.code).toBe(1);
  expect(first.outputs['patch-coverage']).toBe('30');
  const body = () => withoutLinks(github.comments[0]?.body.replace(/<!--.*?-->\n*/gs, '') ?? '');
  expect(body()).toContain('### ❌ 1 test passed, a gate failed');
  expect(first.summary).toContain('### ❌ 1 test passed, a gate failed');
  expect(first.log).toContain('✗ 1 test in 1.00 s');
  expect(first.log).toContain('✗ a gate failed   Stored as run');
  expect(body()).toContain(
    '**Coverage of this change**: 30 % of 20 changed statements covered, 1 of 4 branches',
  );
  expect(body()).toContain('| `src/shop.py` | `17-30`; not taken: `16 → 17` | 6 of 20, 1 of 4 branches |');
  expect(body()).toContain('| `src/shop.py` | `9-10` | no longer covered |');
  expect(withoutLinks(first.summary)).toContain('`17-30`; not taken: `16 → 17` | 6 of 20, 1 of 4 branches |');
  expect(first.log).toContain('src/shop.py:17-30  branch 16 → 17');
  expect(body()).toContain('<summary>Lines and branches without a test (1 file)</summary>');

  writeCoverage([...range(1, 10), ...range(17, 24)], 30, later, [on, out]);
  const second = await run('e2e', { sha: merge, isPull: true, inputs: { 'fail-on-patch-coverage': '60' } });
  expect([second.code, words(second, 'error')]).toEqual([0, []]);
  expect(second.outputs['patch-coverage']).toBe('70');
  expect(body()).toContain(
    '70 % of 20 changed statements covered, 3 of 4 branches, by the 2 runs of this commit so far',
  );
  expect(body()).toContain('| `src/shop.py` | `25-30`; not taken: `16 → 17` | 14 of 20, 3 of 4 branches |');
  expect(body()).toContain('of 30 statements without branches, by the 2 runs of this commit so far together');
  expect(body()).not.toContain('no longer covered');
  // The step of the first job stays red, whatever the others bring.
  expect(body()).toContain('### ❌ 2 test runs passed in 2 jobs, a gate failed in 1 job');
  expect(body()).toMatch(/\| ❌ `[^\n`]*unit[^\n`]*` \(a gate failed\) \| 0 \|/);
  expect(body()).toMatch(/\| ✅ `[^\n`]*e2e[^\n`]*` \| 0 \|/);

  // A job without coverage that comes last takes nothing away.
  const inputs = { 'coverage-annotations': 'true' };
  const third = await run('lint', { sha: merge, isPull: true, inputs, withCoverage: false });
  expect([third.code, words(third, 'notice')]).toEqual([0, []]);
  const told = '70 % of 20 changed statements covered, 3 of 4 branches, by 2 runs of this commit so far';
  expect(body()).toContain(told);
  expect(third.log).toContain(told);
  expect(body()).toContain('| `src/shop.py` | `25-30`; not taken: `16 → 17` | 14 of 20, 3 of 4 branches |');
  expect(body()).toContain('### ❌ 3 test runs passed in 3 jobs, a gate failed in 1 job');
  if (process.env.SHOW !== undefined) console.log(body(), first.log);
}, 300_000);
