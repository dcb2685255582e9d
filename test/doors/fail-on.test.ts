// `--fail-on`: every class of failure against every choice, through the built command line and a real database.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coverageToBlame } from '../../src/doors/fail-on.ts';
import type { Patch, RunHistory, Totals } from '../../src/model.ts';
import { type CliResult, jsonLines } from '../support/cli.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase } from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';

describe('coverage gates', () => {
  const verdict = (percent: number, before: number, after: number) => ({
    totals: { coveragePercent: after } as Totals,
    patch: { coverage: { percent } } as Patch,
    history: { coverage: { beforePercent: before, afterPercent: after, moved: [] } } as unknown as RunHistory,
    stored: 'new' as const,
  });
  const blame = (...facts: Parameters<typeof verdict>) =>
    coverageToBlame({ failOnPatchCoverage: 80, failOnCoverageDrop: 1 }, verdict(...facts)).sentences;

  it.each([
    [30, 83.3, 42.3, '30 %', '41.0 points, from 83.3 % to 42.3 %'],
    [79.96, 83.34, 82.3, '79.96 %', '1.04 points, from 83.3 % to 82.3 %'],
    [79.9999, 83.3, 82.299, '79.9999 %', '1.001 points, from 83.3 % to 82.3 %'],
  ])('say what they see: %s and %s to %s', (percent, before, after, share, fall) => {
    expect(blame(percent, before, after)).toEqual([
      `${share} of the changed statements are covered (fail-on-patch-coverage 80)`,
      `coverage fell by ${fall} (fail-on-coverage-drop 1)`,
    ]);
  });

  it('pass at exactly what they ask for', () => {
    expect(blame(80, 90.1, 89.1)).toEqual([]);
    expect(blame(80, 16.1, 15.1)).toEqual([]);
  });
});

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
  return runInProcess(
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

const inLane = (lane: string, ...more: string[]) => ['--lane', lane, '--base-branch', 'main', ...more];

/** Brings the database into a state in which the test is of its class when it fails on a later commit of main. */
const histories: Readonly<Record<string, () => Promise<void>>> = {
  new: async () => {
    await run('main', 'a', { test_new: 'passed' }, inLane('new'));
  },
  'pre-existing': async () => {
    await run('main', 'b', { test_pre: 'failed' }, inLane('pre-existing'));
  },
  flaky: async () => {
    for (const outcome of ['failed', 'passed'] as const)
      await run('main', 'c', { test_flaky: outcome }, inLane('flaky'));
  },
  'pre-existing, known': async () => {
    const lane = inLane('pre-existing, known', '--json');
    const first = await run('main', 'd', { test_known: 'failed' }, lane);
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
  'pre-existing, known': 'test_known',
} as const;

describe('--fail-on', () => {
  it.each([
    ['pre-existing, known', { never: 0, any: 4, new: 0, 'no-history': 0, unknown: 0 }],
    ['pre-existing', { never: 0, any: 4, new: 0, unknown: 4, 'new,no-history': 0 }],
    ['flaky', { never: 0, any: 4, new: 0, unknown: 4 }],
    ['new', { never: 0, any: 4, new: 4, 'no-history': 0, unknown: 4, 'no-history,new': 4 }],
  ] as const)('of a run with one %s failure ends with %j', async (name, codes) => {
    await histories[name]?.();
    const failing = { [tests[name]]: 'failed' as const, test_other: 'passed' as const };
    for (const [choice, code] of Object.entries(codes)) {
      const result = await run('main', 'e', failing, inLane(name, '--fail-on', choice, '--json'));
      const classes = jsonLines(result.stdout)
        .filter((line) => line.kind === 'failure')
        .map((line) => `${line.class}${line.known === true ? ', known' : ''}`);
      expect([choice, classes, result.code]).toEqual([choice, [name], code]);
    }
  });

  it('new does not fail on what has nothing to compare with; no-history and unknown do', async () => {
    const failing = { test_first: 'failed' } as const;
    for (const [choice, code] of Object.entries({ new: 0, unknown: 4, 'no-history': 4, 'new,no-history': 4 }))
      expect([choice, (await run('main', 'a', failing, inLane('first', '--fail-on', choice))).code]).toEqual([
        choice,
        code,
      ]);
  });

  it('of a run in which nothing failed ends with 0', async () => {
    for (const choice of ['never', 'any', 'new', 'no-history', 'unknown', 'new,no-history,unknown']) {
      const result = await run('feature', '7', { test_fine: 'passed' }, ['--fail-on', choice]);
      expect([choice, result.code]).toEqual([choice, 0]);
    }
  });

  it('of a run with failures of several classes looks at each of them', async () => {
    const old = { test_known: 'failed', test_pre: 'failed' } as const;
    await run('main', '4', old, inLane('mixed'));
    expect((await run('main', '6', old, inLane('mixed', '--fail-on', 'new'))).code).toBe(0);
    const more = { ...old, test_more: 'failed' } as const;
    const one = await run('main', '5', more, inLane('mixed', '--fail-on', 'new'));
    expect(one.code).toBe(4);
    // Not that it did not fail before: it may have, with another error, now and then, or in this change.
    expect(one.stderr).toContain('failing: 1 failure is new (--fail-on new)');
    const several = await run('main', '5', more, inLane('mixed', '--fail-on', 'new,unknown'));
    expect(several.stderr).toContain(
      'failing: 2 failures are new or have no known cause (--fail-on new,unknown)',
    );
  });

  it('new and unknown cannot be asked of a dry run', async () => {
    const result = await run('feature', '4', { test_a: 'failed' }, ['--fail-on', 'new', '--dry-run']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--dry-run stores nothing');
    expect(
      (await run('feature', '4', { test_a: 'failed' }, ['--fail-on', 'any,new', '--dry-run'])).code,
    ).toBe(4);
  });
});

describe('--fail-on blocked', () => {
  const blocked =
    '{"stars":{"guardian":{"status":"BLOCKED","confidence":1,"violations":[{"rule":"No","location":"a.py:1"}]}}}';
  const approved = '{"stars":{"guardian":{"status":"APPROVED","confidence":1}}}';
  const green = { test_fine: 'passed' } as const;
  const red = { test_never_seen: 'failed' } as const;
  const judged = async (
    outcomes: Parameters<typeof run>[2],
    choice: string,
    analysis?: string,
    ...more: string[]
  ) => {
    const file = join(home, 'analysis.json');
    if (analysis !== undefined) writeFileSync(file, analysis);
    const args = analysis === undefined ? [] : ['--matriz', 'analysis.json'];
    return run('blocked', '8', outcomes, [...inLane('blocked'), ...args, '--fail-on', choice, ...more]);
  };

  it.each([
    ['green, and a star blocks', green, 'blocked', blocked, 4],
    ['green, and no star blocks', green, 'blocked', approved, 0],
    ['red, and no star blocks', red, 'blocked', approved, 0],
    ['red, and a star blocks', red, 'blocked,no-history', blocked, 4],
    ['red, which another gate counts, and no star blocks', red, 'blocked,no-history', approved, 4],
    ['green, and a star blocks, which no gate counts', green, 'any', blocked, 0],
    ['green, without an analysis', green, 'blocked', undefined, 3],
    ['red, which another gate counts, without an analysis', red, 'any,blocked', undefined, 3],
    ['green, with one that cannot be used', green, 'blocked', '{"stars":', 3],
    ['green, with one that cannot be used, and no gate needs it', green, 'new', '{"stars":', 0],
  ] as const)('of a run that is %s', async (_, outcomes, choice, analysis, code) => {
    expect((await judged(outcomes, choice, analysis)).code).toBe(code);
  });

  it('says why, and needs no database', async () => {
    const both = await judged({ test_never: 'failed' }, 'any,blocked', blocked);
    expect(both.stderr).toContain(
      'failing: 1 test did not pass, and MATRIZ is blocked by 1 star (--fail-on any,blocked)',
    );
    const dry = await judged(green, 'blocked', blocked, '--dry-run');
    expect([dry.code, dry.stderr]).toEqual([4, 'failing: MATRIZ is blocked by 1 star (--fail-on blocked)\n']);
    const bad = await judged(green, 'blocked', '{"stars":{}}', '--json');
    expect(bad.stderr).toContain('--fail-on blocked cannot be decided: the MATRIZ analysis cannot be used');
    // The run is stored all the same, with one warning.
    const lines = jsonLines(bad.stdout).filter(
      ({ kind, code }) => kind === 'run' || kind === 'matriz' || String(code).startsWith('matriz'),
    );
    expect(lines).toMatchObject([
      { kind: 'warning', code: 'matriz-invalid', file: 'analysis.json', line: 1, column: 10 },
      { kind: 'run', stored: 'new' },
    ]);
  });

  it('has its line in --json', async () => {
    const told = await judged(green, 'never', blocked, '--json');
    expect(jsonLines(told.stdout).filter(({ kind }) => kind === 'matriz')).toEqual([
      {
        kind: 'matriz',
        file: 'analysis.json',
        overall_status: 'BLOCKED',
        consciousness_score: 0,
        blocked: ['guardian'],
        changes_requested: [],
        stars: [
          {
            name: 'guardian',
            status: 'BLOCKED',
            confidence: 1,
            violations: [{ rule: 'No', location: 'a.py:1', severity: null }],
          },
        ],
        origin: 'local',
      },
    ]);
  });
});

describe('a history that cannot be read', () => {
  // Only the judging makes JSON: the run itself is stored.
  const right = 'EXECUTE ON FUNCTION pg_catalog.json_strip_nulls(json)';
  beforeAll(() => asAdmin(postgres.adminUrl, `REVOKE ${right} FROM PUBLIC`));
  afterAll(() => asAdmin(postgres.adminUrl, `GRANT ${right} TO PUBLIC`));

  it('ends with 3 where failures had to be judged, and with 0 where none failed or none was asked for', async () => {
    const red = await run('feature', '4', { test_new: 'failed' }, ['--fail-on', 'new']);
    expect([red.code, red.stderr]).toEqual([3, expect.stringContaining('The run is stored.')]);
    expect((await run('feature', '4', { test_new: 'passed' }, ['--fail-on', 'new'])).code).toBe(0);
    expect((await run('feature', '4', { test_new: 'failed' })).code).toBe(0);
  });
});

describe('what is known about a failure', () => {
  it('is told on the terminal and in JSON: cause, solution, how sure and how often', async () => {
    const shown = await run('feature', '3', { test_known: 'failed' });
    expect(shown.stdout).toContain('NEW 1  KeyError');
    expect(shown.stdout).toContain('1 known');
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
    const [, id = ''] = /as run (\S+)/.exec(shown.stdout) ?? [];
    expect(shown.stdout).toContain(`    lukhas healix add 1 --run ${id}\n`);
    const add = [
      'healix',
      'add',
      '1',
      '--run',
      id,
      '--solution',
      'Fill it',
      '--database-url',
      postgres.uploadUrl,
    ];
    expect((await runInProcess('lukhas', add, { cwd: home })).stdout).toMatch(
      /^✓ memory .*\ntest +tests\/test_m\.py::test_unheard\n/,
    );
  });
});
