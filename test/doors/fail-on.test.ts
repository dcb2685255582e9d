// `--fail-on`: every class of failure against every choice, through the built command line and a real database.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, jsonLines, runCli } from '../support/cli.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase } from '../support/databases.ts';

let home: string;
let postgres: ReadyDatabase;
const start = Date.now() - 3_600_000;
let minutes = 0;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-fail-on-'));
  postgres = await createReadyDatabase();
});

afterAll(async () => {
  await postgres.drop();
  rmSync(home, { recursive: true, force: true });
});

/** One run of some tests on a branch and commit; names in `failing` fail. A minute later than the one before. */
async function run(
  branch: string,
  commit: string,
  outcomes: Readonly<Record<string, 'passed' | 'failed'>>,
  args: readonly string[] = [],
): Promise<CliResult> {
  const cases = Object.entries(outcomes).map(([name, outcome], i) =>
    outcome === 'passed'
      ? `<testcase classname="tests.test_m" name="${name}" time="0.01" />`
      : `<testcase classname="tests.test_m" name="${name}" time="0.01"><failure message="KeyError: '${name}'">def ${name}():
&gt;       TABLE['${name}']
E       KeyError: '${name}'

tests/test_m.py:${i + 10}: KeyError</failure></testcase>`,
  );
  const report = join(home, `report-${minutes}.xml`);
  writeFileSync(
    report,
    `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="1.0">${cases.join('')}</testsuite></testsuites>`,
  );
  const at = new Date(start + minutes++ * 60_000).toISOString();
  const sets = [`git_branch=${branch}`, `git_sha=${commit.repeat(40).slice(0, 40)}`];
  return runCli(
    'lukhas-upload',
    [
      report,
      '--database-url',
      postgres.uploadUrl,
      '--created-at',
      at,
      '--set',
      ...sets,
      '--upload-key',
      String(minutes),
      ...args,
    ],
    { cwd: home },
  );
}

/** Brings the database into a state in which the test of that name is of its class when it fails on `feature`. */
const histories: Readonly<Record<string, () => Promise<void>>> = {
  new: async () => {
    await run('main', 'a', { test_new: 'passed' });
  },
  'pre-existing': async () => {
    await run('main', 'b', { test_pre: 'failed' });
  },
  flaky: async () => {
    await run('feature', 'c', { test_flaky: 'passed' });
  },
  known: async () => {
    const first = await run('feature', 'd', { test_known: 'failed' }, ['--json']);
    const signature = jsonLines(first.stdout).find((line) => line.kind === 'result')?.failure_signature;
    await asAdmin(
      postgres.adminUrl,
      `INSERT INTO healix_memories (team_id, test_name, failure_signature, root_cause, solution, confidence, success_count, failure_count)
       VALUES ('${postgres.team.id}', 'tests/test_m.py::test_known', '${signature}', 'The table is empty', 'Fill the table', 0.92, 47, 3)`,
    );
  },
};
const tests = {
  new: 'test_new',
  'pre-existing': 'test_pre',
  flaky: 'test_flaky',
  known: 'test_known',
} as const;
const commits = { new: 'e', 'pre-existing': 'f', flaky: 'c', known: '9' } as const;

describe('--fail-on', () => {
  it.each([
    ['known', { never: 0, any: 4, new: 0, unknown: 0 }],
    ['pre-existing', { never: 0, any: 4, new: 0, unknown: 4 }],
    ['flaky', { never: 0, any: 4, new: 0, unknown: 4 }],
    ['new', { never: 0, any: 4, new: 4, unknown: 4 }],
  ] as const)('of a run with one %s failure ends with %j', async (name, codes) => {
    await histories[name]?.();
    const failing = { [tests[name]]: 'failed' as const, test_other: 'passed' as const };
    for (const [choice, code] of Object.entries(codes)) {
      const result = await run('feature', commits[name], failing, [
        '--fail-on',
        choice,
        '--json',
        '--base-branch',
        'main',
      ]);
      const classes = jsonLines(result.stdout)
        .filter((line) => line.kind === 'failure')
        .map((line) => line.class);
      expect([choice, classes, result.code]).toEqual([choice, [name], code]);
    }
  });

  it('of a run in which nothing failed ends with 0', async () => {
    for (const choice of ['never', 'any', 'new', 'unknown']) {
      const result = await run('feature', '7', { test_fine: 'passed' }, ['--fail-on', choice]);
      expect([choice, result.code]).toEqual([choice, 0]);
    }
  });

  it('of a run with failures of several classes looks at each of them', async () => {
    const mixed = { test_known: 'failed', test_pre: 'failed' } as const;
    expect((await run('feature', '6', mixed, ['--fail-on', 'new', '--base-branch', 'main'])).code).toBe(0);
    expect(
      (
        await run('feature', '5', { ...mixed, test_more: 'failed' }, [
          '--fail-on',
          'new',
          '--base-branch',
          'main',
        ])
      ).code,
    ).toBe(4);
  });

  it('new and unknown cannot be asked of a dry run', async () => {
    const result = await run('feature', '4', { test_a: 'failed' }, ['--fail-on', 'new', '--dry-run']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--dry-run stores nothing');
  });
});

describe('what is known about a failure', () => {
  it('is told on the terminal and in JSON: cause, solution, how sure and how often', async () => {
    const shown = await run('feature', '3', { test_known: 'failed' });
    expect(shown.stdout).toContain('Failures  1 known');
    expect(shown.stdout).toMatch(
      /◆ known failure, confidence 0\.92, worked 47 of 50 times.* \(lukhas healix show [0-9a-f]{8}\)/,
    );
    expect(shown.stdout).toContain('cause  The table is empty');
    expect(shown.stdout).toContain('fix    Fill the table');
    const json = await run('feature', '2', { test_known: 'failed' }, ['--json']);
    expect(jsonLines(json.stdout).find((line) => line.kind === 'match')).toMatchObject({
      test_name: 'tests/test_m.py::test_known',
      tier: 'exact',
      confidence: 0.92,
      root_cause: 'The table is empty',
      solution: 'Fill the table',
      success_count: 47,
      failure_count: 3,
    });
  });

  it('is asked for where nothing is known, with a line to paste', async () => {
    const shown = await run('feature', '1', { test_unheard: 'failed' });
    expect(shown.stdout).toContain(
      "lukhas healix add --test 'tests/test_m.py::test_unheard' --cause '…' --solution '…'",
    );
  });
});
