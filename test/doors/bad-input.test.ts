// Every mistake a user can make with `lukhas-upload`: one clear error with the fix, the right exit code, nothing stored.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, type CliResult, jsonLines } from '../support/cli.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  uniqueRole,
} from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { long } from '../support/long.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

let home: string;
let postgres: ReadyDatabase;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-bad-'));
  mkdirSync(join(home, 'build/reports'), { recursive: true });
  copyFileSync(join(fixtures, 'junit/example.xml'), join(home, 'results.xml'));
  copyFileSync(join(fixtures, 'junit/example.xml'), join(home, 'build/reports/pytest-results.xml'));
  copyFileSync(join(fixtures, 'coverage/zoo-xunit2-cov.coverage.json'), join(home, 'coverage.json'));
  postgres = await createReadyDatabase();
});

afterAll(async () => {
  const [row] = await rowsOf<{ runs: string; uploads: string }>(
    postgres.adminUrl,
    'SELECT (SELECT count(*) FROM test_runs) AS runs, (SELECT count(*) FROM ingest_uploads) AS uploads',
  );
  await postgres.drop();
  rmSync(home, { recursive: true, force: true });
  // Whatever was refused above left nothing behind, but for the one foreign report that was taken.
  expect(row).toEqual({ runs: '1', uploads: '1' });
});

/** Uploads into PostgreSQL, so that what is half-stored would be seen. */
const upload = (args: readonly string[], options: CliOptions = {}, url = postgres.uploadUrl) =>
  runInProcess('lukhas-upload', [...args, '--database-url', url], { cwd: home, ...options });

const reports: Readonly<Record<string, string | Buffer>> = {
  'empty.xml': '',
  'blank.xml': ' \n ',
  'no-tests.xml':
    '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="0" time="0.01" /></testsuites>',
  'doctype.xml': '<?xml version="1.0"?>\n<!DOCTYPE testsuites [<!ENTITY a "b">]><testsuites></testsuites>',
  'words.xml': 'collected 3 items\n',
  'page.xml': '<html><body>404</body></html>',
  'cobertura.xml': '<?xml version="1.0" ?><coverage version="7.4" timestamp="1"><packages/></coverage>',
  'two.xml':
    '<testsuites><testsuite><testcase classname="a" name="b"/></testsuite></testsuites>\n<testsuites/>',
  'latin.xml': Buffer.from(
    '<testsuites><testsuite><testcase classname="tests.test_a" name="caf\xe9"/></testsuite></testsuites>',
    'latin1',
  ),
  'encoding.xml': '<?xml version="1.0" encoding="klingon"?><testsuites/>',
  'packed.xml.gz': gzipSync('<testsuites/>'),
  '-packed.xml.gz': gzipSync('<testsuites/>'),
  'reports.7z': Buffer.from('7z\xbc\xaf\x27\x1c\x00\x04', 'latin1'),
  'artifact.zip': Buffer.from('PK\x03\x04\x14\x00\x00\x00results.xml', 'latin1'),
  'report.html': '<!doctype html>\n<html><head><title>Report</title></head></html>',
  'a-result.json': '{"uuid":"1","historyId":"2","fullName":"t#a","status":"failed"}',
};

async function refused(result: CliResult, code: number): Promise<void> {
  expect(result.code).toBe(code);
  expect(result.stdout).toBe('');
  // One error and its fix; never a stack trace for a user's mistake.
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(result.stderr.match(/^error: /gm)).toHaveLength(1);
}

describe('a report that cannot be taken', () => {
  it.each([
    ['empty.xml', 'empty.xml: the file is empty', 'was it killed'],
    ['blank.xml', 'blank.xml: the file is empty', 'was it killed'],
    ['no-tests.xml', 'no-tests.xml: the report holds no test', 'pytest ran nothing'],
    ['doctype.xml', 'doctype.xml:2:1: the file has a DOCTYPE', 'Remove the <!DOCTYPE'],
    ['words.xml', 'words.xml: this is not XML', 'pytest --junitxml=results.xml'],
    [
      'page.xml',
      'page.xml: this is not a JUnit report: its root element is <html>, a web page',
      '--junitxml',
    ],
    ['cobertura.xml', 'its root element is <coverage>, a Cobertura coverage report', '--junitxml'],
    ['two.xml', 'two.xml:2:1: there is more after the end of the report', 'a file of its own'],
    ['latin.xml', 'latin.xml, byte 67: bytes that are not valid UTF-8', 'Re-encode it as UTF-8'],
    [
      'encoding.xml',
      'encoding.xml: the XML declaration names an encoding that is not known: klingon',
      'UTF-8',
    ],
    ['packed.xml.gz', 'packed.xml.gz: a file compressed by gzip', "gunzip -c 'packed.xml.gz'"],
    ['artifact.zip', 'artifact.zip: a zip archive, not a report', "unzip 'artifact.zip'"],
    ['reports.7z', 'reports.7z: a 7z archive, not a report', "7z x 'reports.7z'"],
    ['report.html', 'report.html: this is not a JUnit report: its root element is <html>', '--junitxml'],
    ['a-result.json', 'a-result.json: this is a result of Allure', '--junitxml'],
  ])('%s: %s', async (name, message, fix) => {
    writeFileSync(join(home, name), reports[name] ?? '');
    const result = await upload([name]);
    await refused(result, 2);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(fix);
  });

  it('has its name quoted in what there is to run, also where it looks like an option', async () => {
    writeFileSync(join(home, '-packed.xml.gz'), reports['-packed.xml.gz'] ?? '');
    const result = await upload(['./-packed.xml.gz']);
    await refused(result, 2);
    expect(result.stderr).toContain("gunzip -k './-packed.xml.gz'");
  });

  it('is unpacked by the words that it is refused with, whatever its ending', async () => {
    const folder = mkdtempSync(join(home, 'packed-'));
    writeFileSync(join(folder, 'packed report.xml'), gzipSync('<testsuites/>'));
    const { stderr } = await runInProcess('lukhas-upload', ['packed report.xml', '--dry-run'], {
      cwd: folder,
    });
    const command = /^ {2}Unpack it first: (.*)$/m.exec(stderr)?.[1] ?? '';
    execFileSync('bash', ['-c', command], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const made = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(made).toContain('<testsuites/>');
  });

  it('is unpacked on its way from standard input', async () => {
    const input = gzipSync('<testsuites/>');
    const result = await runInProcess('lukhas-upload', ['-', '--dry-run'], { cwd: home, input });
    await refused(result, 2);
    expect(result.stderr).toContain('Unpack it on its way: … | gunzip -c | lukhas-upload -\n');
  });

  it('is refused when it is cut off, with the last test that is whole', async () => {
    writeFileSync(
      join(home, 'cut.xml'),
      readFileSync(join(fixtures, 'junit/example.xml')).subarray(0, 98_658),
    );
    const result = await upload(['cut.xml']);
    await refused(result, 2);
    expect(result.stderr).toContain('cut.xml:2804:15: the report is cut off');
    expect(result.stderr).toContain(
      '81 tests are complete, the last one is tests.unit.test_errors :: test_generator',
    );
    expect(result.stderr).toContain('--allow-incomplete');
  });

  it('is told as cut off, not as without tests, where no test of it is whole', async () => {
    writeFileSync(join(home, 'cut.xml'), readFileSync(join(fixtures, 'junit/example.xml')).subarray(0, 400));
    const result = await upload(['cut.xml', '--allow-incomplete']);
    await refused(result, 2);
    expect(result.stderr).toContain('the report is cut off');
    expect(result.stderr).toContain('Not one test in it is complete');
    writeFileSync(
      join(home, 'whole.xml'),
      '<testsuites><testsuite name="pytest"><testcase classname="a" name="test_a"/></testsuite></testsuites>',
    );
    const both = await upload(['cut.xml', 'whole.xml', '--allow-incomplete', '--dry-run']);
    expect(both.code).toBe(2);
    expect(both.stdout).toContain('Not one test in it is complete');
    expect(result.stderr + both.stdout).not.toContain('pytest ran nothing');
  });

  it('is refused when it is JSON, with where coverage goes', async () => {
    const result = await upload(['coverage.json']);
    await refused(result, 2);
    expect(result.stderr).toContain('coverage.json: this is JSON, where a JUnit XML report is meant');
    expect(result.stderr).toContain('--coverage coverage.json');
  });

  it('is taken as far as it goes when another program wrote it, and that is said', async () => {
    writeFileSync(
      join(home, 'surefire.xml'),
      '<?xml version="1.0" encoding="UTF-8"?><testsuite name="com.example.AppTest" time="0.05" tests="2" errors="0" skipped="0" failures="1"><testcase name="adds" classname="com.example.AppTest" time="0.01"/><testcase name="fails" classname="com.example.AppTest" time="0.02"><failure message="expected:&lt;1&gt; but was:&lt;2&gt;" type="java.lang.AssertionError">java.lang.AssertionError: expected:&lt;1&gt; but was:&lt;2&gt;\n\tat com.example.AppTest.fails(AppTest.java:12)\n</failure></testcase></testsuite>',
    );
    const result = await upload(['surefire.xml', '--json']);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('warning: surefire.xml: this report was not written by pytest');
    expect(jsonLines(result.stdout)[1]).toMatchObject({
      test_name: 'com.example.AppTest::fails',
      outcome: 'failed',
      error_type: 'AssertionError',
    });
  });
});

describe('a report without a test', () => {
  const suite = (attributes: string, tests = '') =>
    `<testsuites name="pytest tests"><testsuite name="pytest" ${attributes}>${tests}</testsuite></testsuites>`;
  const dry = (...args: string[]) => runInProcess('lukhas-upload', [...args, '--dry-run'], { cwd: home });

  it('is an error beside others, which are taken, with the option for a shard that has none', async () => {
    writeFileSync(
      join(home, 'good.xml'),
      suite('tests="1"', '<testcase classname="tests.a" name="test_a"/>'),
    );
    writeFileSync(join(home, 'shard.xml'), suite('tests="0"'));
    const failed = await dry('good.xml', 'shard.xml');
    expect(failed.code).toBe(2);
    expect(failed.stdout).toMatch(/^✗ 1 test /);
    expect(failed.stdout).toContain('error: shard.xml: the report holds no test. pytest ran nothing');
    expect(failed.stdout).toContain('if that is right, set --on-empty to ignore');
    const warned = await dry('good.xml', 'shard.xml', '--on-empty', 'warn', '--fail-on', 'any');
    expect(warned.code).toBe(0);
    expect(warned.stdout).toMatch(/^✓ 1 test [\s\S]*warning: shard\.xml: the report holds no test/);
    expect(warned.stdout).not.toContain('incomplete');
    const many = Array.from({ length: 9 }, (_, n) => `shard-${n}.xml`);
    for (const [n, name] of many.entries()) writeFileSync(join(home, name), suite(`tests="0" time="${n}"`));
    const counted = await dry('good.xml', ...many);
    expect(counted.code).toBe(2);
    expect(counted.stdout.match(/error: shard-\d\.xml: the report holds no test/g)).toHaveLength(5);
    expect(counted.stdout).toContain('error: 4 more reports hold no test.');
    const ignored = await dry('good.xml', 'shard.xml', '--on-empty', 'ignore');
    expect(ignored).toMatchObject({ code: 0, stderr: '' });
    expect(ignored.stdout).toMatch(/^✓ 1 test /);
    expect(ignored.stdout).not.toContain('shard.xml');
  });

  it.each([
    ['its suite', suite('tests="5" failures="0"'), 5],
    ['its root alone', '<testsuites tests="3"><testsuite name="pytest"/></testsuites>', 3],
    ['two suites', '<testsuites><testsuite tests="1"/><testsuite tests="3"/></testsuites>', 4],
    ['a suite in a suite', suite('tests="3"', '<testsuite tests="3"/>'), 3],
    ['failures among them', suite('tests="5" failures="2"'), 2],
  ])('is red where tests are counted that it does not hold: by %s', async (_, text, tests) => {
    writeFileSync(join(home, 'hollow.xml'), text);
    const says =
      /error: hollow\.xml: (the report counts \d tests and holds none|a suite counts 2 failures and errors, and none of its tests has one)/;
    for (const what of ['fail', 'warn', 'ignore']) {
      const beside = await dry('results.xml', 'hollow.xml', '--on-empty', what, '--fail-on', 'any');
      expect(beside.code).toBe(4);
      expect(beside.stdout.match(/hollow\.xml:/g)).toHaveLength(1);
      expect(beside.stdout).toMatch(says);
      expect(beside.stdout).toContain(`${tests} tests could not be read`);
      const alone = await dry('hollow.xml', '--on-empty', what);
      expect(alone.code).toBe(2);
      expect(alone.stdout + alone.stderr).toMatch(says);
      expect(alone.stdout + alone.stderr).not.toContain('pytest ran nothing');
    }
  });

  it('is no empty one where its only test was interrupted or is damaged', async () => {
    writeFileSync(join(home, 'interrupted.xml'), suite('tests="0"', '<testcase time="0.000" />'));
    writeFileSync(
      join(home, 'damaged.xml'),
      suite('tests="1"', '<testcase name="b"><failure>a & b</failure></testcase>'),
    );
    const result = await dry('results.xml', 'interrupted.xml', 'damaged.xml');
    expect(result.code).toBe(2);
    expect(result.stdout).toContain('2 tests could not be read');
    expect(result.stdout).toContain('error: interrupted.xml: 1 test was begun and never finished');
    expect(result.stdout).toContain('error: damaged.xml:1:');
    expect(result.stdout).not.toContain('holds no test');
  });

  it('is an error where it was cut off before its first test, whatever is allowed', async () => {
    writeFileSync(join(home, 'cut.xml'), readFileSync(join(fixtures, 'junit/example.xml')).subarray(0, 400));
    for (const what of ['warn', 'ignore'])
      await refused(await upload(['cut.xml', '--allow-incomplete', '--on-empty', what]), 2);
    writeFileSync(join(home, 'cut.xml'), '<testsuites><testsuite name="pytest" tests="2"><testcase class');
    const beside = await dry('results.xml', 'cut.xml');
    expect(beside.code).toBe(2);
    expect(beside.stdout.match(/cut\.xml/g)).toHaveLength(1);
  });
});

describe('a report that is not there', () => {
  it('is searched for: pattern, folder and near misses are named', async () => {
    const result = await upload(['result.xml']);
    await refused(result, 2);
    expect(result.stderr).toContain(`no report found for 'result.xml' in ${home}`);
    expect(result.stderr).toMatch(/Did you mean one of these\?\n\s+results\.xml\n/);
    expect(result.stderr).toContain('build/reports/pytest-results.xml');
  });

  it('is named by every glob that matches nothing', async () => {
    const says = `no report found for 'nowhere/*.xml', '**/TEST-*.xml' in ${home}`;
    const alone = await upload(['nowhere/*.xml', '**/TEST-*.xml']);
    await refused(alone, 2);
    expect(alone.stderr).toContain(says);
    const args = ['results.xml', 'nowhere/*.xml', '**/TEST-*.xml', '--dry-run'];
    const beside = await runInProcess('lukhas-upload', args, { cwd: home });
    expect(beside.code).toBe(2);
    expect(beside.stdout).toContain(`error: ${says}`);
    expect(beside.stdout).toContain('288 tests');
    const gate = await runInProcess('lukhas-upload', [...args, '--fail-on', 'any'], { cwd: home });
    expect(gate.code).toBe(4);
  });

  it('is asked for where nothing is near', async () => {
    const empty = join(home, 'empty-folder');
    mkdirSync(empty);
    const result = await upload(['results.xml'], { cwd: empty });
    await refused(result, 2);
    expect(result.stderr).toContain('Did pytest run with --junitxml=results.xml, and in this folder?');
  });

  it('is not a folder, a pipe or nothing at all', async () => {
    const folder = await upload(['build']);
    await refused(folder, 2);
    expect(folder.stderr).toContain("build: this is a folder\n  Name the files in it: 'build/**/*.xml'");
    mkdirSync(join(home, 'no-reports/deep'), { recursive: true });
    const none = await upload(['no-reports']);
    await refused(none, 2);
    expect(none.stderr).toContain('no-reports: this is a folder without a .xml file');
    mkdirSync(join(home, 'allure-results'));
    writeFileSync(join(home, 'allure-results/0-result.json'), '{}');
    const allure = await upload(['allure-results']);
    await refused(allure, 2);
    expect(allure.stderr).toContain('allure-results: this is a folder of Allure results');
    execFileSync('mkfifo', [join(home, 'pipe.xml')]);
    const pipe = await upload(['pipe.xml']);
    await refused(pipe, 2);
    expect(pipe.stderr).toContain('not a regular file');
    const nothing = await upload([]);
    await refused(nothing, 2);
    expect(nothing.stderr).toContain('no report named');
  });
});

describe('a coverage report that cannot be taken', () => {
  const coverageFiles: [string, RegExp][] = [
    ['results.xml', /results\.xml.*JUnit.*Name it as a report/],
    ['missing.json', /no coverage report found for 'missing\.json'.*Did you mean/],
    ['build', /build: this is a folder/],
    ['istanbul.json', /istanbul\.json.*Istanbul.*Run `coverage json`/],
    ['broken.json', /broken\.json/],
    ['empty.json', /empty\.json.*empty/],
    ['nothing.json', /nothing\.json.*lists no files/],
  ];
  beforeAll(() => {
    writeFileSync(join(home, 'nothing.json'), '{"meta": {"version": "7.4"}, "files": {}, "totals": {}}');
    writeFileSync(
      join(home, 'istanbul.json'),
      '{"/app/a.js":{"path":"/app/a.js","statementMap":{},"fnMap":{},"branchMap":{},"s":{},"f":{},"b":{}}}',
    );
    writeFileSync(join(home, 'broken.json'), '{"meta": {"version": "7.4"}, "files": {');
    writeFileSync(join(home, 'empty.json'), '');
  });

  it.each(coverageFiles)('is one warning, and the tests are told: %s', async (name, message) => {
    const result = await runInProcess('lukhas-upload', ['results.xml', '--dry-run', '--coverage', name], {
      cwd: home,
    });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(result.stdout.match(/^warning: .*$/gm)).toEqual([expect.stringMatching(message)]);
    expect(result.stdout).toContain('288 tests');
    const any = await runInProcess(
      'lukhas-upload',
      ['results.xml', '--dry-run', '--fail-on', 'any', '--coverage', name],
      { cwd: home },
    );
    expect(any.code).toBe(4);
  });

  it.each(coverageFiles)(
    'is an error where it is required, and the tests are told: %s',
    async (name, message) => {
      const args = ['results.xml', '--dry-run', '--require-coverage', '--coverage', name];
      const result = await runInProcess('lukhas-upload', args, { cwd: home });
      expect(result.code).toBe(2);
      expect(result.stdout.match(/^error: .*$/gm)).toEqual([expect.stringMatching(message)]);
      expect(result.stdout).toContain('288 tests');
      const any = await runInProcess('lukhas-upload', [...args, '--fail-on', 'any'], { cwd: home });
      expect(any.code).toBe(4);
    },
  );

  it('leaves the others that were named', async () => {
    const args = [
      'results.xml',
      '--dry-run',
      '--json',
      '--coverage',
      'broken.json',
      'gone.json',
      'coverage.json',
    ];
    const result = await runInProcess('lukhas-upload', args, { cwd: home });
    expect(result.code).toBe(0);
    const lines = jsonLines(result.stdout);
    expect(lines.filter(({ kind }) => kind === 'coverage')).toHaveLength(3);
    expect(
      lines.filter(({ kind }) => kind === 'warning').map(({ code, severity }) => [code, severity]),
    ).toEqual([
      ['coverage-unusable', 'warning'],
      ['coverage-unusable', 'warning'],
    ]);
  });

  it('cannot be required without one', async () => {
    await refused(await upload(['results.xml', '--require-coverage']), 2);
  });
});

describe('an option that is wrong', () => {
  it.each([
    [['--lanes', 'x'], 'unknown option --lanes'],
    [['–-json'], '–-json begins with a dash of a word processor'],
    [['—dry-run'], 'Write --dry-run;'],
    [['--rootdir', 'services/none'], 'the rootdir services/none does not exist in'],
    [['--rootdir', '/srv'], 'the rootdir /srv is an absolute path'],
    [['--rootdir', 'results.xml'], 'the rootdir results.xml is no folder in'],
    [['--ssl-ca', 'no-ca.pem'], 'no-ca.pem: the certificate file of the database’s authority does not exist'],
    [['--team', 'Not A Slug'], '--team: a team is named by its slug'],
    [['--created-at', 'yesterday'], '--created-at: must be report, now, or an ISO time'],
    [['--created-at', '2001-01-01T00:00:00Z'], 'is not within 31 days back and 1 day ahead'],
    [['--set', 'git_shaa=1'], 'git_sha'],
    [
      ['--fail-on', 'sometimes'],
      "--fail-on does not take 'sometimes'\n  It takes never, or any of any, new, no-history, unknown, blocked with commas between.",
    ],
  ])('%j', async (args, message) => {
    const result = await upload(['results.xml', ...args]);
    await refused(result, 2);
    expect(result.stderr).toContain(message);
  });

  it('and quotes of a word processor are named', async () => {
    const result = await upload(['“other.xml”']);
    await refused(result, 2);
    expect(result.stderr).toContain("Write 'other.xml'");
  });
});

describe('a database that does not take the run', () => {
  /** The summary is printed all the same; the error goes to standard error. */
  const failed = (result: CliResult) => {
    expect(result.code).toBe(3);
    expect(result.stdout).toContain('NOT stored: see the error');
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.stderr.match(/^error: /gm)).toHaveLength(1);
    return result.stderr;
  };
  const changed = (change: (url: URL) => void) => {
    const url = new URL(postgres.uploadUrl);
    change(url);
    return url.href;
  };

  it('because the password is wrong', async () => {
    const url = changed((u) => {
      u.password = 'canary-wrong-password';
    });
    const error = failed(await upload(['results.xml'], {}, url));
    expect(error).toMatch(/password/);
    expect(error).not.toContain('canary-wrong-password');
  });

  // It is tried until the deadline, since a server that starts again refuses connections for a while.
  it.runIf(long)(
    'because nothing listens there',
    async () => {
      const error = failed(
        await upload(
          ['results.xml'],
          {},
          changed((u) => {
            u.port = '1';
          }),
        ),
      );
      expect(error).toMatch(/127\.0\.0\.1/);
    },
    300_000,
  );

  it('because the host has no address', async () => {
    const error = failed(await upload(['results.xml'], {}, 'postgres://u:p@no-such-host.invalid/db'));
    expect(error).toContain('no-such-host.invalid');
  }, 300_000);

  it('because the database is not there', async () => {
    expect(
      failed(
        await upload(
          ['results.xml'],
          {},
          changed((u) => {
            u.pathname = '/nowhere';
          }),
        ),
      ),
    ).toContain('nowhere');
  });

  it('because it was never set up', async () => {
    const bare = await createDatabase();
    const error = failed(await upload(['results.xml'], {}, bare.adminUrl));
    expect(error).toContain('lukhas db setup');
    await bare.drop();
  });

  it('because it is newer, or older, than the program', async () => {
    const other = await createReadyDatabase();
    await asAdmin(
      other.adminUrl,
      "INSERT INTO lukhas_migrations (number, name, checksum, oldest_program) VALUES (9999, 'from the future', repeat('0', 64), 9999)",
    );
    expect(failed(await upload(['results.xml'], {}, other.uploadUrl))).toMatch(/newer than this program/);
    await asAdmin(
      other.adminUrl,
      'DELETE FROM lukhas_migrations WHERE number = 9999 OR number = (SELECT max(number) FROM lukhas_migrations WHERE number <> 9999)',
    );
    expect(failed(await upload(['results.xml'], {}, other.uploadUrl))).toContain('lukhas db migrate');
    await other.drop();
  });

  it('because the login has no rights, or too many', async () => {
    const role = uniqueRole();
    await asAdmin(postgres.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    expect(failed(await upload(['results.xml'], {}, postgres.urlFor(role, 'secret')))).toContain('lukhas db');
    await asAdmin(postgres.adminUrl, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    expect(
      failed(await upload(['results.xml', '--team', postgres.team.slug], {}, postgres.adminUrl)),
    ).toMatch(/superuser[\s\S]*lukhas db setup/);
  });

  it('because the team is unknown, or another than the credential is for', async () => {
    const error = failed(await upload(['results.xml', '--team', 'nobody']));
    expect(error).toContain('nobody');
    const unknown = failed(
      await upload(['results.xml', '--team', 'nobody', '--allow-privileged-role'], {}, postgres.adminUrl),
    );
    expect(unknown).toContain('nobody');
  });

  it('because the URL is none', async () => {
    for (const url of ['mysql://u:p@h/db', 'not a url']) {
      const result = await upload(['results.xml'], {}, url);
      expect(result.code).toBe(2);
      expect(result.stderr).not.toContain('u:p');
    }
  });
});
