// The built `lukhas-upload` as its users run it: on the embedded database and on PostgreSQL.
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, jsonLines, runCli } from '../support/cli.ts';
import { createReadyDatabase, type ReadyDatabase, rowsOf } from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { rounds } from '../support/long.ts';
import { runnerCommands } from '../support/runner.ts';
import { copyEmbedded } from '../support/templates.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const example = join(fixtures, 'junit/example.xml');
const coverage = join(fixtures, 'coverage/zoo-xunit2-cov.coverage.json');

let home: string;
/** A folder with the example as results.xml. */
let project: string;
let postgres: ReadyDatabase;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-door-'));
  project = join(home, 'project');
  mkdirSync(join(project, 'reports/unit'), { recursive: true });
  copyFileSync(example, join(project, 'results.xml'));
  copyFileSync(coverage, join(project, 'coverage.json'));
  postgres = await createReadyDatabase();
});

afterAll(async () => {
  await postgres.drop();
  rmSync(home, { recursive: true, force: true });
});

const upload = (args: readonly string[], options: CliOptions = {}) =>
  runCli('lukhas-upload', args, {
    cwd: project,
    ...options,
    env: { LUKHAS_DATA_DIR: join(home, 'data'), ...options.env },
  });
/** Reads and stores nothing. */
const dryRun = (args: readonly string[], options: Omit<CliOptions, 'kill'> = {}) =>
  runInProcess('lukhas-upload', [...args, '--dry-run'], { cwd: project, ...options });
const toPostgres = (args: readonly string[], options: Omit<CliOptions, 'kill'> = {}) =>
  runInProcess('lukhas-upload', [...args, '--database-url', postgres.uploadUrl], {
    cwd: project,
    ...options,
  });
/** In a process of its own. */
const startToPostgres = (args: readonly string[], options: CliOptions = {}) =>
  upload([...args, '--database-url', postgres.uploadUrl], options);

async function stored(key: string): Promise<{ runs: number; results: number; coverage: number }> {
  const rows = await rowsOf<{ runs: string; results: string; coverage: string }>(
    postgres.adminUrl,
    `SELECT count(DISTINCT r.id) AS runs,
       (SELECT count(*) FROM test_results t WHERE t.test_run_id IN (SELECT id FROM test_runs WHERE lane = $1)) AS results,
       (SELECT count(*) FROM coverage_data c WHERE c.test_run_id IN (SELECT id FROM test_runs WHERE lane = $1)) AS coverage
     FROM test_runs r WHERE r.lane = $1`,
    [key],
  );
  const row = rows[0];
  return { runs: Number(row?.runs), results: Number(row?.results), coverage: Number(row?.coverage) };
}

describe('the log of a CI system', () => {
  it('is given no command by a report, in words or as JSON, which reads back as it was', async () => {
    const commands = [
      '::add-mask::x',
      '##[add-mask]x',
      '##vso[task.setvariable variable=a]b',
      '##teamcity[x]',
    ];
    const cases = commands.map(
      (text, i) =>
        `<testcase classname="${text}" name="${text}" file="${text}.py" time="3"><failure type="${text}" message="${text}&#10;${text}">${text}.py:1: E${i}</failure></testcase>`,
    );
    const input = `<testsuites><testsuite name="pytest">${cases.join('')}</testsuite></testsuites>`;
    const taken = (log: string) => [...runnerCommands(log), ...(log.match(/##\w*\[.*/g) ?? [])];
    expect(taken(input)).not.toEqual([]);
    for (const options of [[], ['--json'], ['--verbose', '--color=always']]) {
      const { stdout, stderr } = await dryRun(['-', ...options], { input });
      expect(stdout).toContain('add-mask');
      expect(taken(stdout + stderr)).toEqual([]);
      if (options[0] !== '--json') continue;
      const messages = jsonLines(stdout).flatMap((line) => line.error_message ?? []);
      expect(messages).toEqual(commands.map((text) => `${text}\n${text}`));
    }
    const { stderr } = await upload(['::error::x', '##vso[a]b.xml']);
    expect(taken(stderr)).toEqual([]);
  });
});

describe('an upload into the embedded database', () => {
  it('needs no set-up: the first makes the database, the second finds the run there', async () => {
    const first = await upload(['results.xml', '--coverage', 'coverage.json']);
    expect(first.stderr).toMatch(/^first use: making the embedded database in .*data\n$/);
    expect(first.stdout).toContain('✗ 288 tests in 1.57 s   results.xml');
    expect(first.stdout).toContain('136 failed · 20 errors · 100 passed · 22 skipped · 10 xfailed');
    expect(first.stdout).toContain(
      "pytest 'tests/integration/test_auth.py::TestAuth::test_login[bob-False]'",
    );
    expect(first.stdout).toMatch(
      /stored as run [0-9a-f-]{36} of team local in the embedded database in .*data\n✗ 156 failed, nothing to compare with\n$/,
    );
    expect(first.code).toBe(0);
    // Who names an authority means a server.
    const second = await upload([
      'results.xml',
      '--coverage',
      'coverage.json',
      '--json',
      '--ssl-ca',
      'no-ca.pem',
    ]);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('--ssl-ca was not used: there is no DATABASE_URL');
    const run = jsonLines(second.stdout).at(-1);
    expect(run).toMatchObject({
      kind: 'run',
      stored: 'already',
      total_tests: 288,
      failed: 136,
      team: 'local',
    });
    expect(first.stdout).toContain(String(run?.id));
  });
});

describe('an upload into PostgreSQL by a credential of one team', () => {
  it('stores run, results and coverage, and says so', async () => {
    const result = await startToPostgres([
      'results.xml',
      '--coverage',
      'coverage.json',
      '--lane',
      'whole',
      '--marker',
      'slow',
      'unit',
    ]);
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(`of team ${postgres.team.slug} in your PostgreSQL`);
    expect(result.stdout).not.toContain(postgres.uploadUrl);
    expect(await stored('whole')).toEqual({ runs: 1, results: 288, coverage: 3 });
    const [row] = await rowsOf(
      postgres.adminUrl,
      `SELECT test_file, test_class, test_function, outcome, failure_signature, error_message FROM test_results
       WHERE test_name = 'tests/integration/test_auth.py::TestAuth::test_login[bob-False]' AND outcome = 'failed'`,
    );
    expect(row).toEqual({
      test_file: 'tests/integration/test_auth.py',
      test_class: 'TestAuth',
      test_function: 'test_login',
      outcome: 'failed',
      // md5('tests/integration/test_auth.py:9:AssertionError')
      failure_signature: 'md5:c3b8bc36a9d6676179ebb88e265bd882',
      error_message: 'assert False',
    });
  });

  it('says in JSON what it stored: every result, every file, and the run last', async () => {
    const result = await toPostgres([
      'results.xml',
      '--coverage',
      'coverage.json',
      '--lane',
      'json',
      '--json',
    ]);
    const lines = jsonLines(result.stdout);
    const count = (kind: string) => lines.filter((line) => line.kind === kind).length;
    expect([count('result'), count('coverage'), count('run')]).toEqual([288, 3, 1]);
    expect(lines.at(-1)).toMatchObject({
      kind: 'run',
      stored: 'new',
      lane: 'json',
      passed: 100,
      skipped: 32,
      errors: 20,
      coverage_percent: 96.36,
    });
    expect(result.code).toBe(0);
  });

  it('is stored once however often it is sent', async () => {
    const args = ['results.xml', '--lane', 'twice'];
    const outputs = [await toPostgres(args), await toPostgres(args)];
    expect(outputs.map((output) => output.code)).toEqual([0, 0]);
    expect(outputs[1]?.stdout).toContain('already stored, nothing was written: run ');
    expect(await stored('twice')).toMatchObject({ runs: 1, results: 288 });
  });

  it('is stored once by many that send it at once, and all of them succeed', async () => {
    const writers = rounds(4, 16);
    const all = await Promise.all(
      Array.from({ length: writers }, () =>
        startToPostgres(['results.xml', '--lane', 'sixteen', '--json', '-q']),
      ),
    );
    expect(all.map((one) => one.code)).toEqual(Array.from({ length: writers }, () => 0));
    const words = all.map((one) => jsonLines(one.stdout).at(-1)?.stored);
    expect(words.filter((word) => word === 'new')).toHaveLength(1);
    expect(new Set(all.map((one) => jsonLines(one.stdout).at(-1)?.id)).size).toBe(1);
    expect(await stored('sixteen')).toMatchObject({ runs: 1, results: 288 });
  });

  it('is stored once when it is killed at any moment and sent again', async () => {
    const big = join(home, 'big.xml');
    const tests = rounds(1_000, 20_000);
    const kills = rounds(5, 20);
    writeFileSync(big, bigReport(tests));
    const send = (lane: string, kill?: CliOptions['kill']) =>
      startToPostgres(
        [big, '--lane', lane, '--repository', 'shop', '-q'],
        kill === undefined ? {} : { kill },
      );
    const started = performance.now();
    await send('kill-warm');
    let whole = performance.now() - started;
    const copies: unknown[] = [];
    let killed = 0;
    // How long one takes changes with what else the machine does: until enough were killed.
    for (let i = 0; i < kills || killed < kills / 2; i++) {
      const lane = `kill-${i}`;
      // The last falls after the end: every moment in between has its turn.
      const begun = performance.now();
      const first = await send(lane, {
        afterMs: 40 + ((i % kills) / (kills - 2)) * whole,
        signal: 'SIGKILL',
      });
      if (first.signal === 'SIGKILL') killed++;
      else whole = performance.now() - begun;
      expect(await toPostgres([big, '--lane', lane, '--repository', 'shop', '-q'])).toMatchObject({
        code: 0,
        stderr: '',
      });
      copies.push(await stored(lane));
    }
    expect(copies).toEqual(copies.map(() => ({ runs: 1, results: tests, coverage: 0 })));
  }, 600_000);

  it('says where the rows went when CI has no database', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lukhas-ci-'));
    const env = { CI: 'true', DATABASE_URL: '', HOME: dir, XDG_DATA_HOME: dir };
    await copyEmbedded(join(dir, 'lukhas'));
    const result = await runCli('lukhas-upload', ['results.xml'], { cwd: project, env });
    expect(result.code).toBe(0);
    expect(result.stdout + result.stderr).toContain('DATABASE_URL is empty');
    rmSync(dir, { recursive: true, force: true });
  }, 300_000);

  it.runIf(existsSync('/dev/full'))('says so when its output finds no room, and is no bug', async () => {
    const program = fileURLToPath(new URL('../../dist/cli/upload.js', import.meta.url));
    const line = `"${process.execPath}" "${program}" results.xml --dry-run --json > /dev/full`;
    const result = spawnSync('sh', ['-c', line], { cwd: project, encoding: 'utf8' });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('error: standard output could not be written to the end (ENOSPC)');
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  // In a container the system may know its user by number alone.
  const nobody = { uid: 4_000_000, gid: 4_000_000 };
  const mayBecome = spawnSync('test', ['-r', example], nobody).status === 0;
  it.runIf(mayBecome).each([{}, { HOME: '' }])(
    'needs no home directory but for the embedded database (%j)',
    (home) => {
      const as = (program: string, ...args: readonly string[]) => {
        const file = fileURLToPath(new URL(`../../dist/cli/${program}.js`, import.meta.url));
        const env = { PATH: process.env.PATH, ...home };
        const options = { cwd: '/', env, ...nobody, encoding: 'utf8' } as const;
        const { status, stderr } = spawnSync(process.execPath, [file, ...args], options);
        expect(stderr).not.toContain('internal error');
        return { status, stderr };
      };
      expect(as('upload', example, '--dry-run').status).toBe(0);
      expect(as('upload', example, '--database-url', postgres.uploadUrl).status).toBe(0);
      const noHome = {
        status: 3,
        stderr: expect.stringMatching(
          /error: this user has no home directory for the embedded database\n.*--data-dir/,
        ),
      };
      expect(as('upload', example)).toEqual(noHome);
      expect(as('lukhas', 'runs')).toEqual(noHome);
    },
  );

  const ownMounts = ['-r', '-m', 'sh', '-c'];
  const mayMount = spawnSync('unshare', [...ownMounts, 'mount -t tmpfs none /mnt']).status === 0;
  it.runIf(mayMount)('says so at first use where there is too little room, before it begins', () => {
    const program = fileURLToPath(new URL('../../dist/cli/upload.js', import.meta.url));
    // The archive fits into it, and the first run's rows do not.
    const mount = 'mount -t tmpfs -o size=10m none /mnt';
    const line = `${mount} && exec "${process.execPath}" "${program}" results.xml --data-dir /mnt/data`;
    const options = { cwd: project, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' } as const;
    const result = spawnSync('unshare', [...ownMounts, line], options);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain('error: there is no room for the embedded database in /mnt/data\n');
    expect(result.stderr).not.toContain('first use');
  });

  it('tells a conflict: the same CI job with another report', async () => {
    const ci = {
      GITHUB_ACTIONS: 'true',
      CI: 'true',
      GITHUB_RUN_ID: '77',
      GITHUB_JOB: 'test',
      GITHUB_REPOSITORY: 'o/r',
    };
    copyFileSync(join(fixtures, 'junit/example.xml'), join(project, 'other.xml'));
    writeFileSync(
      join(project, 'other.xml'),
      readFileSync(example, 'utf8').replace('name="test_at_root"', 'name="test_elsewhere"'),
    );
    expect((await toPostgres(['results.xml'], { env: ci })).code).toBe(0);
    const conflict = await toPostgres(['other.xml'], { env: ci });
    expect(conflict.code).toBe(3);
    expect(conflict.stderr).toContain('--upload-key');
    expect((await toPostgres(['other.xml', '--upload-key', 'leg 2'], { env: ci })).code).toBe(0);
  });
});

describe('what an upload reads', () => {
  it('takes globs, several reports as one run, and standard input', async () => {
    writeFileSync(join(project, 'reports/unit/a.xml'), smallReport('test_a'));
    writeFileSync(join(project, 'reports/b.xml'), smallReport('test_b'));
    const globbed = await dryRun(['reports/**/*.xml', '--json']);
    expect(jsonLines(globbed.stdout).at(-1)).toMatchObject({ total_tests: 2, passed: 2, stored: 'no' });
    expect((await dryRun(['reports/**/*.xml'])).stdout).toContain('✓ 2 tests');
    writeFileSync(join(project, 'reports/c.xml'), smallReport('test_b').replace('0.010', '0.020'));
    const twice = await dryRun(['reports/**/*.xml']);
    expect(twice.stdout).toContain('✓ 3 runs of 2 tests');
    const piped = await dryRun(['-', '--json'], { input: smallReport('test_c') });
    expect(jsonLines(piped.stdout)[0]).toMatchObject({ test_name: 'tests/test_m.py::test_c' });
    expect(piped.code).toBe(0);
  });

  it('knows the tests of a checkout by their files, and the commit by git', async () => {
    const repository = join(home, 'repository');
    cpSync(join(fixtures, 'zoo'), repository, { recursive: true });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: repository });
    git('init', '-q', '-b', 'trunk');
    git('add', '-A');
    git('commit', '-q', '-m', 'The first commit');
    const xml = gunzipSync(readFileSync(join(fixtures, 'junit/zoo-xunit2-auto.xml.gz')));
    const result = await dryRun(['-', '--json'], { cwd: repository, input: xml });
    const lines = jsonLines(result.stdout);
    expect(lines.at(-1)).toMatchObject({
      git_branch: 'trunk',
      git_sha: git('rev-parse', 'HEAD').toString().trim(),
      total_tests: 296,
    });
    expect(lines.filter((line) => line.kind === 'result').every((line) => line.test_file !== null)).toBe(
      true,
    );
    const overridden = await dryRun(['-', '--json', '--set', 'git_branch=feature', 'python_version=3.13.1'], {
      cwd: repository,
      input: xml,
    });
    expect(jsonLines(overridden.stdout).at(-1)).toMatchObject({
      git_branch: 'feature',
      python_version: '3.13.1',
    });
  });

  it('stores what is whole of a truncated report only when asked to', async () => {
    const cut = readFileSync(example).subarray(0, 98_658);
    writeFileSync(join(project, 'cut.xml'), cut);
    const refused = await upload(['cut.xml']);
    expect(refused.code).toBe(2);
    // Named, because this machine may be a container, where a folder without git costs a warning.
    const named = ['--repository', 'shop', '--lane', 'cut'];
    const taken = await toPostgres(['cut.xml', '--allow-incomplete', ...named, '--json']);
    expect(taken.code).toBe(0);
    expect(jsonLines(taken.stdout).filter((line) => line.kind === 'warning')).toEqual([
      {
        kind: 'warning',
        code: 'incomplete-report',
        message: 'the report is cut off; only the tests that are whole were taken',
        file: 'cut.xml',
        line: 2804,
        column: 15,
        severity: 'warning',
      },
    ]);
    expect(await stored('cut')).toMatchObject({ runs: 1, results: 81 });
  });
});

describe('what an upload says', () => {
  it('is nothing when asked to be quiet, and everything when asked for it', async () => {
    const quiet = await dryRun(['results.xml', '--quiet']);
    expect([quiet.stdout, quiet.stderr, quiet.code]).toEqual(['', '', 0]);
    const verbose = await dryRun(['results.xml', '--verbose']);
    expect(verbose.stdout.match(/^ +pytest '/gm)?.length).toBeGreaterThan(100);
  });

  it.each([
    ['not in a pipe', [], {}, false],
    ['in a pipe of GitHub Actions', [], { GITHUB_ACTIONS: 'true' }, true],
    ['that are forced', [], { FORCE_COLOR: '1' }, true],
    ['that FORCE_COLOR=0 turns off', [], { GITHUB_ACTIONS: 'true', FORCE_COLOR: '0' }, false],
    ['that NO_COLOR turns off', [], { GITHUB_ACTIONS: 'true', NO_COLOR: '1' }, false],
    ['that are asked for', ['--color', 'always'], { NO_COLOR: '1' }, true],
    ['that are asked for with =', ['--color=always'], {}, true],
    ['that are refused', ['--color', 'never'], { FORCE_COLOR: '1' }, false],
    ['that --no-color refuses', ['--no-color'], { FORCE_COLOR: '1' }, false],
    ['that the last option refuses', ['--color=always', '--no-color'], {}, false],
    ['left to the stream', ['--color', 'auto'], { GITHUB_ACTIONS: 'true' }, true],
  ] as const)('has colours %s', async (_, args, env, shown) => {
    const result = await dryRun(['results.xml', ...args], { env });
    expect([result.code, result.stdout.includes('\u001b[31m')]).toEqual([0, shown]);
  });

  it('ends with 4 when a test failed and --fail-on any was asked for', async () => {
    expect((await dryRun(['results.xml', '-q', '--fail-on', 'any'])).code).toBe(4);
    writeFileSync(join(project, 'good.xml'), smallReport('test_good'));
    expect((await dryRun(['good.xml', '-q', '--fail-on', 'any'])).code).toBe(0);
  });

  it('helps, with examples and exit codes', async () => {
    const help = await upload(['--help']);
    expect(help.code).toBe(0);
    for (const word of ['Usage', 'Examples', '--database-url', 'Exit codes', '--dry-run'])
      expect(help.stdout).toContain(word);
    expect((await upload(['--version'])).stdout).toMatch(/^lukhas-upload \d+\.\d+\.\d+\n$/);
  });

  it('does not mind a reader that stops reading', () => {
    const program = fileURLToPath(new URL('../../dist/cli/upload.js', import.meta.url));
    const line = `'${process.execPath}' '${program}' results.xml --dry-run --json | head -1; echo "status \${PIPESTATUS[0]}"`;
    const output = execFileSync('bash', ['-c', line], {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(output).toMatch(/^\{"kind":"schema","version":2\}\nstatus 0\n$/);
  });

  it('stores the run all the same when its reader stops reading', async () => {
    const program = fileURLToPath(new URL('../../dist/cli/upload.js', import.meta.url));
    // Many times what a pipe holds.
    writeFileSync(join(project, 'big.xml'), bigReport(3_000));
    const dataDir = join(project, 'unread');
    await copyEmbedded(dataDir);
    const line = `'${process.execPath}' '${program}' big.xml --json --data-dir '${dataDir}' 2>&1 | head -1; echo "status \${PIPESTATUS[0]}"`;
    const output = execFileSync('bash', ['-c', line], { cwd: project, encoding: 'utf8' });
    expect(output).toMatch(/\nstatus 0\n$/);
    expect((await upload(['big.xml', '--data-dir', dataDir])).stdout).toContain('already stored');
  });

  it('says at once what is wrong with a report, however long the database takes to answer', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    writeFileSync(join(project, 'broken.xml'), '<testsuites>');
    const started = performance.now();
    const refused = await upload(['broken.xml', '--database-url', `postgres://u:p@127.0.0.1:${port}/db`]);
    silent.close();
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('cut off') });
    // A database is given up after 30 s.
    expect(performance.now() - started).toBeLessThan(25_000);
  });
});

function smallReport(name: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" time="0.010"><testcase classname="tests.test_m" name="${name}" time="0.001" /></testsuite></testsuites>`;
}

function bigReport(tests: number): string {
  const cases = Array.from({ length: tests }, (_, i) =>
    i % 20 === 7
      ? `<testcase classname="tests.test_m${i % 100}" name="test_${i}" time="0.01"><failure message="assert ${i} == 0">def test_${i}():\n&gt;       assert ${i} == 0\nE       assert ${i} == 0\n\ntests/test_m${i % 100}.py:${i}: AssertionError</failure></testcase>`
      : `<testcase classname="tests.test_m${i % 100}" name="test_${i}" time="0.01" />`,
  );
  return `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" tests="${tests}" time="200">${cases.join('')}</testsuite></testsuites>`;
}
