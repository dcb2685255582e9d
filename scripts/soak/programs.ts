// The built programs: ended by signals, fed with damaged reports and coverage, and looked over for secrets that they were given.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { teamTables } from '../../src/store/schema/tables.ts';
import { bases, mutate, randomOf } from '../../test/read/support/fuzz.ts';
import { reportBytes } from '../../test/read/support/reports.ts';
import { jsonLines, runCli } from '../../test/support/cli.ts';
import { ask, inTurns, openWorld, type Part, poolTo, type World } from './world.ts';

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lukhas-soak-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const tests = 5_000;

export const signals: Part = {
  name: 'signals',
  count: 60,
  what: 'processes of lukhas-upload ended at any moment by SIGINT, SIGTERM, SIGHUP or SIGKILL, and started again',
  slice: ['test/doors/upload.test.ts: is stored once when it is killed at any moment and sent again'],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      await inFolder(async (folder) => {
        const cases = Array.from(
          { length: tests },
          (_, n) => `<testcase classname="t" name="test_${n}" time="0.1"/>`,
        );
        await writeFile(
          path.join(folder, 'results.xml'),
          `<testsuites><testsuite name="pytest">${cases.join('')}</testsuite></testsuites>`,
        );
        const upload = (n: number, kill?: { afterMs: number; signal: NodeJS.Signals }) =>
          runCli(
            'lukhas-upload',
            ['results.xml', '--upload-key', `signal ${n}`, '--database-url', world.team.url],
            {
              cwd: folder,
              ...(kill === undefined ? {} : { kill }),
            },
          );
        const begun = performance.now();
        await upload(-1);
        const wholeMs = performance.now() - begun;
        const ends = new Map<string, number>();
        await inTurns(count, 2, async (n) => {
          const signal = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)[n % 4] ?? 'SIGINT';
          const first = await upload(n, { afterMs: findings.random.next() * wholeMs * 1.2, signal });
          const end = `${signal} ${first.signal ?? first.code}`;
          ends.set(end, (ends.get(end) ?? 0) + 1);
          findings.check(
            first.code === null || [0, 3, 129, 130, 143].includes(first.code),
            `signal ${n}: ${end}\n${first.stderr}`,
          );
          const second = await upload(n);
          findings.check(second.code === 0, `signal ${n}, again: ${second.code}\n${second.stderr}`);
        });
        findings.say(
          [...ends]
            .sort()
            .map(([end, times]) => `${end}: ${times}`)
            .join(', '),
        );
        const [row] = await ask(
          world,
          'SELECT (SELECT count(*)::int FROM test_runs) AS runs, (SELECT count(*)::int FROM test_results) AS results',
        );
        findings.say(
          `${row?.runs} runs and ${row?.results} results of ${count + 1} uploads of ${tests} tests`,
        );
        findings.check(row?.runs === count + 1 && row.results === (count + 1) * tests, 'lost or doubled');
        await findings.noOrphans(world);
      });
    } finally {
      await world.stop();
    }
  },
};

const coverageFixture = fileURLToPath(new URL('../../fixtures/coverage/', import.meta.url));

export const fuzz: Part = {
  name: 'fuzz',
  count: 150,
  what: 'uploads of damaged reports and coverage: stored as the program says, or refused',
  slice: [
    'test/read/report/junit.test.ts: are read or refused, soon, and no testcase is lost without a word',
  ],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      await inFolder(async (folder) => {
        const reports = bases.map(reportBytes);
        const coverage = await readFile(path.join(coverageFixture, 'coverage.json')).catch(() =>
          Buffer.from('{}'),
        );
        const codes = new Map<string, number>();
        await inTurns(count, 2, async (n) => {
          const random = randomOf(findings.seed * 1_000_003 + n);
          const here = path.join(folder, String(n));
          await mkdir(here);
          await writeFile(
            path.join(here, 'results.xml'),
            mutate(reports[random(reports.length)] ?? Buffer.alloc(0), random),
          );
          await writeFile(
            path.join(here, 'coverage.json'),
            random(3) === 0 ? coverage : mutate(coverage, random),
          );
          const words = [
            'results.xml',
            '--coverage',
            'coverage.json',
            '--json',
            '--upload-key',
            `fuzz ${n}`,
            '--database-url',
            world.team.url,
          ];
          if (random(2) === 0) words.push('--allow-incomplete');
          const { code, signal, stdout, stderr } = await runCli('lukhas-upload', words, { cwd: here });
          codes.set(String(code ?? signal), (codes.get(String(code ?? signal)) ?? 0) + 1);
          findings.check(
            code === 0 || code === 2,
            `--seed ${findings.seed}, input ${n}: ${code ?? signal}\n${stderr.slice(0, 2000)}`,
          );
          const run = jsonLines(stdout).find(({ kind }) => kind === 'run');
          if (run === undefined) return;
          const { id } = run;
          if (typeof id !== 'string') return;
          const [row] = await ask(
            world,
            `SELECT count(*)::int AS total, count(*) FILTER (WHERE outcome = 'failed')::int AS failed, count(*) FILTER (WHERE outcome = 'error')::int AS errors
             FROM test_results WHERE test_run_id = $1`,
            [id],
          );
          const told = { total: run.total_tests, failed: run.failed, errors: run.errors };
          findings.check(
            JSON.stringify(told) === JSON.stringify(row),
            `--seed ${findings.seed}, input ${n}: told ${JSON.stringify(told)}, stored ${JSON.stringify(row)}`,
          );
        });
        findings.say(`exit codes ${[...codes].map(([code, times]) => `${code}: ${times}`).join(', ')}`);
        await findings.noOrphans(world);
      });
    } finally {
      await world.stop();
    }
  },
};

/** Something that nothing else says. */
const secretOf = (what: string) => `canary-${what}-7f3c9a`;

export const canaries: Part = {
  name: 'canaries',
  count: 1,
  what: 'rounds of commands with secrets in environment, URL and remote, that succeed and fail: no secret in an answer or a row',
  slice: [
    'test/doors/lukhas.test.ts: a wrong password ends with exit code 3, one error, and no password in it',
    'test/store/keep/backup.test.ts: no password is among the words of a program, and what is stopped leaves nothing',
  ],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      await ask(
        world,
        `ALTER ROLE ${world.team.role} PASSWORD '${secretOf('login')}'; ALTER ROLE postgres PASSWORD '${secretOf('admin')}'`,
      );
      const urlOf = (from: string, password: string) => Object.assign(new URL(from), { password }).href;
      const login = urlOf(world.team.url, secretOf('login'));
      const admin = urlOf(world.server.adminUrl, secretOf('admin'));
      const changed = (
        parts: Partial<Pick<URL, 'password' | 'port' | 'pathname' | 'username' | 'search' | 'hostname'>>,
      ) => Object.assign(new URL(login), parts).href;
      await world.sql.end();
      world.sql = poolTo(admin);
      await inFolder(async (folder) => {
        const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, stdio: 'ignore' });
        git('init', '-b', 'main');
        git('remote', 'add', 'origin', `https://someone:${secretOf('remote')}@github.com/acme/shop.git`);
        git('-c', 'user.name=n', '-c', 'user.email=e@example.com', 'commit', '--allow-empty', '-m', 'first');
        await writeFile(path.join(folder, 'results.xml'), reportBytes('zoo-xunit2-auto'));
        await writeFile(path.join(folder, 'broken.xml'), '<testsuites><testsuite><testcase');
        const env = {
          GITHUB_TOKEN: secretOf('token'),
          PGPASSWORD: secretOf('pgpassword'),
          AWS_SECRET_ACCESS_KEY: secretOf('aws'),
          NPM_TOKEN: secretOf('npm'),
          LUKHAS_SSL_CA: '',
        };
        const runs: readonly (readonly ['lukhas' | 'lukhas-upload', readonly string[], string])[] = [
          ['lukhas-upload', ['results.xml'], login],
          ['lukhas-upload', ['results.xml', '--json'], login],
          ['lukhas-upload', ['broken.xml'], login],
          ['lukhas-upload', ['missing.xml'], login],
          ['lukhas-upload', ['results.xml', '--upload-key', 'admin'], admin],
          ['lukhas-upload', ['results.xml'], changed({ password: secretOf('wrong') })],
          ['lukhas-upload', ['results.xml'], changed({ port: '1' })],
          ['lukhas-upload', ['results.xml'], changed({ pathname: '/nowhere' })],
          ['lukhas-upload', ['results.xml'], changed({ hostname: 'no-such-host.invalid' })],
          ['lukhas-upload', ['results.xml'], changed({ search: '?sslmode=verify-full' })],
          ['lukhas-upload', ['results.xml'], changed({ search: '?nonsense=1' })],
          ['lukhas-upload', ['results.xml'], login.replace('postgres://', 'mysql://')],
          ['lukhas-upload', ['results.xml'], `${login}%zz`],
          ['lukhas', ['db', 'status'], admin],
          ['lukhas', ['db', 'status'], login],
          ['lukhas', ['db', 'setup', '--team', 'team-0'], login],
          ['lukhas', ['db', 'migrate'], admin],
          ['lukhas', ['db', 'partitions'], admin],
          ['lukhas', ['team', 'list'], admin],
          ['lukhas', ['doctor'], admin],
          ['lukhas', ['doctor', '--json'], login],
          ['lukhas', ['runs', '--all'], login],
          ['lukhas', ['failures', '--all'], login],
          ['lukhas', ['sql', "SELECT current_setting('application_name')"], login],
          ['lukhas', ['sql', 'SELECT nonsense'], login],
          ['lukhas', ['db', 'backup', 'backup.dump'], admin],
          ['lukhas', ['db', 'backup', '/nowhere/backup.dump'], admin],
          ['lukhas', ['report', '--out', 'page.html'], login],
        ];
        let shown = 0;
        const codes = new Map<number | null, number>();
        for (let round = 0; round < count; round++) {
          for (const [program, words, url] of runs) {
            for (const asWord of [true, false]) {
              const { code, stdout, stderr } = await runCli(
                program,
                asWord ? [...words, '--database-url', url] : words,
                {
                  cwd: folder,
                  // A server that is away is waited for.
                  ...(/:1\/|no-such-host/.test(url) && { kill: { afterMs: 8_000, signal: 'SIGTERM' } }),
                  env: { ...env, ...(asWord ? {} : { DATABASE_URL: url }) },
                },
              );
              codes.set(code, (codes.get(code) ?? 0) + 1);
              shown++;
              const found = /canary-\w+-7f3c9a/.exec(`${stdout}${stderr}`)?.[0];
              findings.check(found === undefined, `${program} ${words.join(' ')}: ${found}`);
              findings.check(
                code !== 1,
                `${program} ${words.join(' ')}: a bug of ours\n${stderr.slice(0, 500)}`,
              );
            }
          }
        }
        for (const file of ['page.html', 'backup.dump']) {
          const text = await readFile(path.join(folder, file), 'latin1').catch(() => '');
          findings.check(text !== '', `${file} was not made`);
          findings.check(!/canary-/.test(text), `a secret in ${file}`);
        }
        findings.say(
          `${shown} answers; exit codes ${[...codes].map(([code, times]) => `${code}: ${times}`).join(', ')}`,
        );
        await lookThroughRows(world, findings.check.bind(findings));
      });
    } finally {
      await world.stop();
    }
  },
};

async function lookThroughRows(world: World, check: (holds: boolean, words: string) => void): Promise<void> {
  for (const table of teamTables) {
    const [row] = await ask(
      world,
      `SELECT count(*)::int AS n FROM ${table} t WHERE t::text LIKE '%canary-%'`,
    );
    check(row?.n === 0, `a secret in ${table}`);
  }
}
