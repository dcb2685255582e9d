// The questions as people and scripts meet them: each prints within its columns and as one JSON object, what a database says is text
// and nothing else, and a mistake is one line that says what there is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../../src/store/database/pg.ts';
import { ensurePartitions } from '../../src/store/schema/partitions.ts';
import { suiteOf } from '../../src/store/schema/repository.ts';
import { widthOf } from '../../src/tell/terminal/terminal.ts';
import { runCli } from '../support/cli.ts';
import { createReadyDatabase, type ReadyDatabase } from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { long, some } from '../support/long.ts';
import { fillQuestions, smallHistory, testNameOf } from '../support/questions-history.ts';
import { runIn } from '../support/sql.ts';
import { copyEmbedded } from '../support/templates.ts';

/** What a terminal, a log and a spreadsheet act on. */
const hostile = '\u001b[31mred\u001b]0;title\u0007 \u202eright ##[error]x\r\n::error::y \u009b2J';

let database: ReadyDatabase;
let folder: string;

async function ask(...args: string[]) {
  const done = await runInProcess('lukhas', args, {
    cwd: folder,
    env: { DATABASE_URL: database.uploadUrl, NO_COLOR: '1' },
  });
  return { ...done, lines: done.stdout.split('\n') };
}

beforeAll(async () => {
  database = await createReadyDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'lukhas-ask-'));
  const admin = await openPostgres(database.adminUrl);
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 2 });
  await fillQuestions(admin, database.team.id, smallHistory);
  await runIn(
    admin,
    `UPDATE test_runs SET origin = 'team', git_branch = $1::text, job_name = $1::text, lane = $3 WHERE team_id = $2
     AND id = (SELECT id FROM test_runs WHERE team_id = $2 ORDER BY created_at DESC LIMIT 1)`,
    [hostile, database.team.id, hostile.slice(0, 50)],
  );
  await runIn(
    admin,
    `INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, outcome, error_type, error_message, error_traceback, cause_key)
     SELECT id, team_id, created_at, line_id, $1::text, $1::text, 'failed', $1::text, $1::text, $1::text || repeat(E'\\nx', 60), 'c1:' || md5('x') || ' ' || $1::text
     FROM test_runs WHERE team_id = $2 ORDER BY created_at DESC LIMIT 1`,
    [hostile, database.team.id],
  );
  await runIn(
    admin,
    `INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, outcome)
     SELECT id, team_id, created_at, line_id, 'tests/test_old.py::test_gone', 'tests/test_old.py', 'passed'
     FROM test_runs WHERE team_id = $1 AND origin <> 'stranger' ORDER BY created_at LIMIT 1`,
    [database.team.id],
  );
  await runIn(
    admin,
    `UPDATE test_runs SET failed = failed + 1 WHERE team_id = $1 AND id = (SELECT id FROM test_runs WHERE team_id = $1 ORDER BY created_at DESC LIMIT 1)`,
    [database.team.id],
  );
  await admin.close();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

const questions: readonly (readonly string[])[] = [
  ['runs'],
  ['history', '--branch', 'main', '--limit', '3'],
  ['run', 'last'],
  ['show', 'last', '--limit', '1'],
  ['test', testNameOf(45)],
  ['test', 'is_logged_41', '--since', '1y'],
  ['failures', '--limit', '1000'],
  ['flaky'],
  ['slow', '--limit', '1000'],
  ['trend'],
  ['coverage'],
  ['coverage', 'module_2.py'],
  ['regressions'],
  ['usage'],
  ['activity'],
  ['guardian'],
  ['healix', 'rates'],
  ['sql', 'SELECT test_name, error_message FROM test_results WHERE outcome <> $$passed$$'],
];

describe('a question', () => {
  it.each(some(questions, 10).map((words) => [words.join(' '), words] as const))('%s', async (_, words) => {
    const people = await ask(...words);
    expect([people.code, people.stderr]).toEqual([0, '']);
    // Piped: 100 columns. A traceback and a command to paste stay whole.
    for (const line of people.lines)
      if (!/^ {3}|pytest|^[0-9]+ {2}/.test(line)) expect(widthOf(line)).toBeLessThanOrEqual(100);
    expect(people.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]|##\[|^::/m);
    const programs = await ask(...words, '--json');
    expect(programs.code).toBe(0);
    expect(programs.lines).toHaveLength(2);
    expect(programs.stdout).not.toMatch(/##\[/);
    const json = JSON.parse(programs.stdout);
    if (!Array.isArray(json)) expect(json.scope).toMatchObject({ team: 'acme' });
  });

  it('tells expected failures apart from skipped tests, as the upload did', async () => {
    const input =
      '<testsuites><testsuite name="pytest" tests="3" skipped="2"><testcase classname="tests.test_x" name="test_a" time="0.1" />' +
      '<testcase classname="tests.test_x" name="test_b" time="0.1"><skipped type="pytest.xfail" message="" /></testcase>' +
      '<testcase classname="tests.test_x" name="test_c" time="0.1"><skipped type="pytest.skip" message="no">x</skipped></testcase></testsuite></testsuites>';
    const own = await createReadyDatabase();
    const env = { DATABASE_URL: own.uploadUrl, NO_COLOR: '1' };
    const counts = (text: string) => /^ +1 passed.*$/m.exec(text)?.[0];
    const uploaded = await runInProcess('lukhas', ['upload', '-'], { cwd: folder, env, input });
    const asked = await runInProcess('lukhas', ['run', 'last', '--all'], { cwd: folder, env });
    await own.drop();
    expect(counts(asked.stdout)).toBe('  1 passed · 1 skipped · 1 xfailed');
    expect(counts(uploaded.stdout)).toBe(counts(asked.stdout));
  });

  it('about regressions says that nothing was compared where one of the two times has no run', async () => {
    const input =
      '<testsuites><testsuite name="pytest"><testcase classname="tests.test_x" name="test_a" time="0.1"><failure message="KeyError: 1">tests/test_x.py:2: KeyError</failure></testcase></testsuite></testsuites>';
    const own = await createReadyDatabase();
    const env = { DATABASE_URL: own.uploadUrl, NO_COLOR: '1' };
    const at = ['--set', `git_sha=${'1'.repeat(40)}`, 'git_branch=main'];
    await runInProcess('lukhas', ['upload', '-', ...at], { cwd: folder, env, input });
    const { code, stdout } = await runInProcess('lukhas', ['regressions', '--all'], { cwd: folder, env });
    await own.drop();
    expect(code).toBe(0);
    expect(stdout).toContain('nothing to compare: one of the two times has no run that counts\n');
    expect(stdout).toContain('on main: 1 commit of 7 days against 0 of the 30 before\n');
    expect(stdout).not.toContain('were compared');
  });

  it('prints hostile rows as CSV that reads back', async () => {
    const { stdout } = await ask(
      'sql',
      '--csv',
      'SELECT 1 AS a, error_message FROM test_results WHERE cause_key LIKE $$c1:% %[31m%$$',
    );
    expect(stdout).toBe(`a,error_message\r\n1,"${hostile}"\r\n`);
  });
});

it('a test that forks ran says so: the runs of its strip are those that are counted and theirs', async () => {
  const { stdout } = await ask('test', testNameOf(45), '--since', '1y');
  const [, counted, forks] =
    /^failed +\d+ of (\d+) runs.*; without (\d+) runs? of forks$/m.exec(stdout) ?? [];
  const strip = stdout.slice(stdout.indexOf('\nruns'), stdout.indexOf('→'));
  const ran = [...strip.replace(/^durations.*$/gm, '')].filter((sign) => '■✗E'.includes(sign)).length;
  expect(Number(counted) + Number(forks)).toBe(ran);
});

it('of a test that newer runs do not have says when it was seen last', async () => {
  const { code, stdout } = await ask('test', 'test_gone', '--since', '90d');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^last seen {2}.* in run [\da-f-]{13}; \d+ newer runs of its job do not have it$/m);
  expect((await ask('test', testNameOf(45))).stdout).not.toContain('last seen');
});

describe('a renamed test', () => {
  const [now, former] = [testNameOf(41), 'tests/test_old.py::test_gone'];
  beforeAll(async () => {
    const admin = await openPostgres(database.adminUrl);
    const seen = (name: string, from: string, daysAgo: number) =>
      runIn(
        admin,
        `INSERT INTO test_aliases (team_id, suite_id, name, former, created_at, git_sha)
         SELECT r.team_id, ${suiteOf('r')}, $2, $3, now() - make_interval(days => $4::int), repeat('ab12', 10)
         FROM test_runs r JOIN test_results x ON x.test_run_id = r.id AND x.created_at = r.created_at
         WHERE r.team_id = $1 AND x.test_name = $5 GROUP BY r.team_id, ${suiteOf('r')}`,
        [database.team.id, name, from, String(daysAgo), former],
      );
    await seen(now, former, 80);
    await seen(former, hostile, 85);
    await admin.close();
  });

  it('says from which name, and to which', async () => {
    const people = await ask('test', now, '--since', '1y');
    expect([people.code, people.stderr]).toEqual([0, '']);
    expect(people.stdout).toContain(`renamed    from ${former}, first seen on ab12ab12 `);
    const gone = await ask('test', former, '--since', '1y');
    expect(gone.stdout).toContain(`renamed    to ${now}, first seen on ab12ab12`);
    for (const { lines, stdout } of [people, gone]) {
      for (const line of lines) if (!/pytest/.test(line)) expect(widthOf(line)).toBeLessThanOrEqual(100);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]|##\[|^::/m);
    }
    const json = JSON.parse((await ask('test', former, '--since', '1y', '--json')).stdout);
    expect(json).toMatchObject({
      test_name: former,
      renamed_from: [{ from: hostile, to: former, seen_git_sha: 'ab12'.repeat(10), runs: 0 }],
      renamed_to: [{ from: former, to: now, seen_git_sha: 'ab12'.repeat(10) }],
    });
    expect(json.timeline.map((one: { test_name: string }) => one.test_name)).toContain(former);
  });
});

describe('a mistake', () => {
  it.each([
    [['run', '0123abcd'], 2, 'no run of team acme begins with 0123abcd', '`lukhas runs` lists'],
    [['test', 'is_loged_41'], 2, 'no test holds "is_loged_41"', `Did you mean ${testNameOf(41)}`],
    // The hostile name is one of those that are told.
    [['test', 'e'], 2, 'tests hold "e"', '31mred'],
    [['runs', '--branch', 'mian'], 2, 'no run of the branch "mian" is stored', 'Did you mean main?'],
    [['runs', '--since', '1h', '--branch', 'feature/3'], 2, 'no run since', '--since'],
    [['runs', '--since', 'tomorrow'], 2, "--since does not take 'tomorrow'", '12h, 30d'],
    [['runs', '--since', '2999-01-01'], 2, '--since 2999-01-01 lies ahead', '30d'],
    [['coverage', 'modul_2.py'], 2, 'has no file "modul_2.py"', 'Did you mean src/shop/module_2.py?'],
    [['sql', 'DELETE FROM test_runs'], 2, 'the statement reads nothing', 'SELECT'],
    [['sql', 'SELECT * FROM tests'], 2, 'relation "tests" does not exist', 'docs/schema.sql'],
    [['sql', '--timeout', '1', 'SELECT pg_sleep(3)'], 3, 'took longer', '--timeout'],
    [['runs', '--repository', 'acme/shop', '--all'], 2, '--all does not go with --repository', ''],
  ])('in %j is one line with its fix', async (words, code, message, fix) => {
    const done = await ask(...words);
    expect([done.code, done.stdout]).toEqual([code, '']);
    const [first = '', second = '', ...more] = done.stderr.trimEnd().split('\n');
    expect(first).toMatch(/^error: /);
    expect(first).toContain(message);
    expect(second).toContain(fix);
    expect(more).toEqual([]);
  });

  // Two processes and a second of work.
  it.runIf(long)(
    'of a typed statement on the embedded database ends in time, and the database opens again',
    async () => {
      const dir = path.join(folder, 'embedded');
      await copyEmbedded(dir);
      const env = { LUKHAS_DATA_DIR: dir };
      const long = 'SELECT count(*) FROM generate_series(1, 1000000000)';
      const cut = await runCli('lukhas', ['sql', '--timeout', '1', long], { cwd: folder, env });
      expect([cut.code, cut.stderr]).toEqual([3, expect.stringContaining('took longer than 1 s')]);
      const again = await runCli('lukhas', ['sql', '--json', 'SELECT 1 AS one'], { cwd: folder, env });
      expect([again.code, again.stdout, again.stderr]).toEqual([0, '[{"one":1}]\n', '']);
    },
  );
});

it('asks about the repository that somebody stands in, and says so', async () => {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder });
  git('init', '-q');
  git('remote', 'add', 'origin', 'https://github.com/acme/shop.git');
  const own = await ask('runs', '--limit', '1');
  expect(own.lines[0]).toBe('acme/shop');
  expect((await ask('runs', '--limit', '1', '--all')).lines[0]).toBe('all of team acme');
  git('remote', 'set-url', 'origin', 'https://github.com/acme/depot.git');
  expect((await ask('runs')).stderr).toContain('no run of the repository "acme/depot" is stored');
  rmSync(path.join(folder, '.git'), { recursive: true, force: true });
});
