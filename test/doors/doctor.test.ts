// `lukhas doctor` on installations that were broken for it, one thing at a time: each is named with its fix, and a well one has none.
import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { lukhas } from '../../src/doors/lukhas/program.ts';
import { outcomeOf } from '../../src/doors/process.ts';
import { openPostgres } from '../../src/store/database/pg.ts';
import { openPglite } from '../../src/store/database/pglite.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { migrations } from '../../src/store/schema/migrations.generated.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  temporaryDir,
  uniqueRole,
} from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { long } from '../support/long.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { copyEmbedded } from '../support/templates.ts';
import { captureTerminal } from '../support/terminal.ts';

let database: ReadyDatabase;
let home: string;
beforeAll(async () => {
  database = await createReadyDatabase();
  // The months that a set-up makes.
  await asAdmin(database.adminUrl, 'SELECT ensure_partitions(2, 1)');
  home = await temporaryDir();
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

interface Answer {
  readonly code: number | null;
  readonly codes: readonly string[];
  readonly text: string;
}

/** In an empty folder and outside CI, unless told otherwise. */
async function doctor(
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Answer> {
  const { code, stdout, stderr } = await runInProcess('lukhas', ['doctor', '--json', ...args], {
    cwd: options.cwd ?? home,
    env: { NO_COLOR: '1', LUKHAS_DATA_DIR: path.join(home, 'none'), ...options.env },
  });
  expect(stderr).toBe('');
  const { findings } = JSON.parse(stdout) as { findings: { code: string; message: string; fix: string }[] };
  for (const { fix } of findings) expect(fix).not.toBe('');
  return {
    code,
    codes: findings.map((finding) => finding.code),
    text: findings.map(({ message, fix }) => `${message} | ${fix}`).join('\n'),
  };
}
const onServer = (url = database.adminUrl) => doctor(['--database-url', url]);

describe('a well installation has nothing to mend', () => {
  test('as an administrator and as the login of a team', async () => {
    expect(await onServer()).toEqual({ code: 0, codes: [], text: '' });
    expect(await onServer(database.uploadUrl)).toEqual({ code: 0, codes: [], text: '' });
  });

  test('in the embedded database, also where there is none yet', async () => {
    expect(await doctor([])).toEqual({ code: 0, codes: [], text: '' });
    if (!long) return;
    const dir = path.join(home, 'embedded');
    await copyEmbedded(dir);
    expect(await doctor(['--data-dir', dir])).toEqual({ code: 0, codes: [], text: '' });
  });

  test('and is told so in words', async () => {
    const { stdout, code } = await runInProcess('lukhas', ['doctor', '--database-url', database.adminUrl], {
      cwd: home,
      env: { NO_COLOR: '1' },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^database {4}PostgreSQL 15/);
    expect(stdout).toMatch(/\n\u2713 nothing to mend\n$/);
  });
});

/** Something that an administrator or time has done to a database, and how it is undone. */
const broken: readonly [what: string, harm: string, undo: string, code: string, named: RegExp][] = [
  [
    'row-level security is off on a leaf',
    'ALTER TABLE LEAF DISABLE ROW LEVEL SECURITY',
    'ALTER TABLE LEAF ENABLE ROW LEVEL SECURITY',
    'row-security',
    /LEAF: rows of all teams.*lukhas db setup/,
  ],
  [
    'a month ahead is missing',
    'DROP TABLE test_results_NEXT',
    'SELECT ensure_partitions(2, 1)',
    'months-missing',
    /test_results has no partition for \d{4}-\d\d \|.*lukhas db partitions/,
  ],
  [
    'a policy is gone',
    'DROP POLICY team_isolation ON test_runs',
    'CREATE POLICY team_isolation ON test_runs USING (team_id = (SELECT lukhas_team_id()))',
    'policies',
    /team_isolation on test_runs.*lukhas db setup/,
  ],
  [
    'a right is gone',
    'REVOKE INSERT ON coverage_data FROM lukhas_ingest',
    'GRANT INSERT ON coverage_data TO lukhas_ingest',
    'rights',
    /coverage_data.*lukhas db setup/,
  ],
  [
    'a table is missing a column',
    'ALTER TABLE sessions RENAME COLUMN user_agent TO agent',
    'ALTER TABLE sessions RENAME COLUMN agent TO user_agent',
    'parts-missing',
    /table sessions.*docs\/restore\.md/,
  ],
  [
    'an index is missing',
    'ALTER INDEX idx_users_team RENAME TO idx_users_other',
    'ALTER INDEX idx_users_other RENAME TO idx_users_team',
    'index-missing',
    /idx_users_team.*CREATE INDEX CONCURRENTLY/,
  ],
  [
    'results are kept past their period',
    `CREATE TABLE old_month PARTITION OF test_results FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
     ALTER TABLE old_month OWNER TO lukhas_owner; ALTER TABLE old_month ENABLE ROW LEVEL SECURITY`,
    'DROP TABLE old_month',
    'retention-overdue',
    /test_results keeps 1 month longer.*2020-01 \|.*lukhas db retain/,
  ],
  [
    'sessions are never cleaned',
    `INSERT INTO sessions (session_token, expires_at) VALUES ('x', now() - interval '40 days')`,
    'DELETE FROM sessions',
    'retention-overdue',
    /sessions keeps 1 rows/,
  ],
  [
    'a daily job has stopped',
    `SELECT ensure_partitions(2, 2);
     INSERT INTO test_runs (team_id, total_tests, job_name, repository, created_at) SELECT (SELECT id FROM teams LIMIT 1), 1, 'nightly', 'acme/shop', now() - make_interval(days => d) FROM generate_series(10, 20) d`,
    'DELETE FROM test_runs',
    'job-silent',
    /nightly of acme\/shop \(team acme\) had a run every day, and none for 10 days/,
  ],
  [
    'the database takes no writes',
    'ALTER DATABASE DATABASE_NAME SET default_transaction_read_only = on',
    'BEGIN READ WRITE; ALTER DATABASE DATABASE_NAME RESET default_transaction_read_only; COMMIT',
    'read-only',
    /takes no writes/,
  ],
  [
    'a login of a team is gone',
    `INSERT INTO team_credentials (role_name, team_id) SELECT 'nobody_there', id FROM teams LIMIT 1`,
    `DELETE FROM team_credentials WHERE role_name = 'nobody_there'`,
    'login-lost',
    /nobody_there, bound to acme.*lukhas db grant --team acme --role nobody_there/,
  ],
];

describe('on a server it is named that', () => {
  const next = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 1));
  const monthName = (date: Date) => date.toISOString().slice(0, 7).replace('-', '_');
  const leaf = `test_runs_${monthName(new Date())}`;
  const filled = (text: string) =>
    text
      .replaceAll('LEAF', leaf)
      .replaceAll('NEXT', monthName(next))
      .replaceAll('DATABASE_NAME', database.name);
  // The others' facts and words are in the table of test/judge/health.test.ts.
  test.each(long ? broken : broken.slice(0, 1))('%s', async (_, harm, undo, code, named) => {
    await asAdmin(database.adminUrl, filled(harm));
    try {
      const answer = await onServer();
      expect(answer).toMatchObject({ code: 4, codes: [code] });
      expect(answer.text).toMatch(new RegExp(named.source.replace('LEAF', leaf)));
    } finally {
      await asAdmin(database.adminUrl, filled(undo));
    }
    if (long) expect(await onServer()).toMatchObject({ code: 0, codes: [] });
  });

  test.runIf(long)('nothing listens, the password is wrong, or the login is bound to no team', async () => {
    const away = await onServer('postgres://a:b@127.0.0.1:1/x');
    expect(away).toMatchObject({ code: 4, codes: ['database-unreachable'] });
    expect((await onServer(database.urlFor(database.role, 'wrong'))).text).toMatch(
      /refused the password|password/,
    );
    const role = uniqueRole();
    await asAdmin(database.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'pw' IN ROLE lukhas_ingest`);
    const unbound = await onServer(database.urlFor(role, 'pw'));
    // A back end's login is well without a team.
    await asAdmin(
      database.adminUrl,
      `GRANT lukhas_service TO ${role}; INSERT INTO service_credentials (role_name) VALUES ('${role}')`,
    );
    expect(await onServer(database.urlFor(role, 'pw'))).toMatchObject({ code: 0, codes: [] });
    await asAdmin(database.adminUrl, `DELETE FROM service_credentials WHERE role_name = '${role}'`);
    await asAdmin(database.adminUrl, `DROP ROLE ${role}`);
    expect(unbound).toMatchObject({ code: 4, codes: ['role-not-bound'] });
    expect(unbound.text).toContain(`lukhas db grant --team <slug> --role ${role}`);
  });

  test.runIf(long)('it is not set up, older, or newer', async () => {
    const other = await createDatabase();
    try {
      expect(await onServer(other.adminUrl)).toMatchObject({ code: 4, codes: ['database-not-set-up'] });
      const db = await openPostgres(other.adminUrl);
      await migrate(db, { list: migrations.slice(0, -1) });
      await db.close();
      expect(await onServer(other.adminUrl)).toMatchObject({ code: 4, codes: ['database-older'] });
    } finally {
      await other.drop();
    }
    const number = migrations.length + 1;
    await asAdmin(
      database.adminUrl,
      `INSERT INTO lukhas_migrations (number, name, checksum, oldest_program) VALUES (${number}, 'x', 'x', ${number})`,
    );
    const newer = await onServer();
    await asAdmin(database.adminUrl, `DELETE FROM lukhas_migrations WHERE number = ${number}`);
    expect(newer).toMatchObject({ code: 4, codes: ['database-newer'] });
  });

  test.runIf(long)('a disk is nearly full', async () => {
    const answer = await doctor(['--disk', '1MB', '--database-url', database.adminUrl]);
    expect(answer).toMatchObject({ code: 4, codes: ['disk-full-soon'] });
    expect(answer.text).toContain('of 1.0 MB: the disk is full');
  });

  test.runIf(long)(
    'somebody\u2019s index is never used, another is bloated, and a table is full of dead rows',
    async () => {
      await asAdmin(
        database.adminUrl,
        `CREATE TABLE notes (id int, text text) WITH (autovacuum_enabled = off);
       INSERT INTO notes SELECT i, repeat('x', 40) || i FROM generate_series(1, 900000) i;
       CREATE INDEX notes_id ON notes (id); CREATE INDEX notes_text ON notes (text);
       DELETE FROM notes WHERE id % 10 <> 0; ANALYZE notes`,
      );
      await asAdmin(database.adminUrl, 'VACUUM (INDEX_CLEANUP on, ANALYZE) notes');
      await asAdmin(
        database.adminUrl,
        'DELETE FROM notes WHERE id % 100 <> 0; ANALYZE notes; SELECT pg_stat_force_next_flush()',
      );
      await asAdmin(
        database.adminUrl,
        `UPDATE lukhas_migrations SET applied_at = applied_at - interval '40 days'`,
      );
      const answer = await onServer();
      await asAdmin(
        database.adminUrl,
        `DROP TABLE notes; UPDATE lukhas_migrations SET applied_at = applied_at + interval '40 days'`,
      );
      expect(new Set(answer.codes)).toEqual(new Set(['index-unused', 'index-bloated', 'table-bloated']));
      expect(answer.text).toContain('REINDEX INDEX CONCURRENTLY notes_text');
    },
  );

  test.runIf(long)(
    'a pooler gives each statement another connection; one in transaction mode is well',
    async ({ skip }) => {
      for (const mode of ['statement', 'transaction', 'session'] as const) {
        const pooler = await startPgBouncer(database.uploadUrl, { mode });
        if (pooler === undefined) return skip('PgBouncer is not installed (Debian: pgbouncer)');
        try {
          const answer = await onServer(pooler.url(database.uploadUrl));
          expect(answer.codes).toEqual(mode === 'statement' ? ['pooler-statement'] : []);
          if (mode === 'statement') continue;
          const { stdout } = await runInProcess(
            'lukhas',
            ['doctor', '--database-url', pooler.url(database.uploadUrl)],
            { cwd: home },
          );
          expect(stdout).toContain(`a pooler, ${mode} mode`);
        } finally {
          await pooler.stop();
        }
      }
    },
  );

  describe('with another clock', () => {
    afterEach(() => {
      vi.useRealTimers();
    });
    test('this machine\u2019s clock is off', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
      const { terminal, printed } = captureTerminal(100);
      const code = await outcomeOf(terminal, () =>
        lukhas(terminal).run(['doctor', '--database-url', database.adminUrl]),
      );
      expect(code).toBe(4);
      expect(printed()).toContain('this machine\u2019s clock is 3 hours ahead of the database\u2019s');
    });
  });
});

describe.runIf(long)('of the embedded database it is named that', () => {
  test('another process holds it, others can write to it, or it is another program\u2019s folder', async () => {
    const dir = path.join(home, 'held');
    await copyEmbedded(dir);
    const db = await openPglite(dir);
    const held = await doctor(['--data-dir', dir]);
    await db.close();
    expect(held).toMatchObject({ code: 4, codes: ['data-dir-busy'] });
    await chmod(dir, 0o777);
    expect(await doctor(['--data-dir', dir])).toMatchObject({ code: 4, codes: ['data-dir-unsafe'] });
    const foreign = path.join(home, 'foreign');
    await mkdir(foreign, { mode: 0o700 });
    await writeFile(path.join(foreign, 'notes.txt'), 'mine');
    expect(await doctor(['--data-dir', foreign])).toMatchObject({ code: 4, codes: ['data-dir-foreign'] });
    const damaged = path.join(home, 'damaged');
    await copyEmbedded(damaged);
    await rm(path.join(damaged, 'database/global'), { recursive: true });
    expect(await doctor(['--data-dir', damaged])).toMatchObject({ code: 4, codes: ['data-dir-unusable'] });
  });
});

describe('around a job it is named that', () => {
  const actions = {
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_JOB: 'test',
    GITHUB_WORKFLOW: 'CI',
    GITHUB_SHA: 'a'.repeat(40),
    GITHUB_REF: 'refs/pull/7/merge',
    GITHUB_EVENT_NAME: 'pull_request',
  };
  let github: Server;
  let refused = false;
  const asked: string[] = [];
  beforeAll(async () => {
    github = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const status = request.method === 'GET' ? 200 : refused ? 403 : 422;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', () => resolve()));
  });
  afterAll(() => {
    github.close();
  });
  const inActions = async (env: Record<string, string> = {}) => {
    const event = path.join(home, 'event.json');
    await writeFile(event, JSON.stringify({ number: 7, pull_request: { number: 7 } }));
    return doctor([], {
      env: {
        ...actions,
        GITHUB_EVENT_PATH: event,
        GITHUB_TOKEN: 'ghs_x',
        GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
        ...env,
      },
    });
  };

  test('the token may not comment on the pull request', async () => {
    expect(await inActions()).toEqual({ code: 0, codes: [], text: '' });
    refused = true;
    const answer = await inActions();
    expect(answer).toMatchObject({ code: 4, codes: ['token-may-not-comment'] });
    expect(answer.text).toContain('permissions: pull-requests: write');
    expect(new Set(asked)).toEqual(
      new Set(['GET /repos/acme/shop', 'POST /repos/acme/shop/issues/7/comments']),
    );
    refused = false;
  });

  test('its login is a superuser', async () => {
    expect(await inActions({ DATABASE_URL: database.adminUrl })).toMatchObject({
      code: 4,
      codes: ['login-privileged'],
    });
    expect(await inActions({ DATABASE_URL: database.uploadUrl })).toMatchObject({ code: 0, codes: [] });
  });

  test('a report is missing or cut off, or there is no commit', async () => {
    const good = await cp(path.resolve('fixtures/bookshop/results.xml'), path.join(home, 'good.xml'));
    expect(good).toBeUndefined();
    await writeFile(path.join(home, 'cut.xml'), '<testsuites><testsuite name="pytest"><testcase name="a" ');
    const away = await doctor(['nothere.xml']);
    expect(away).toMatchObject({ code: 4, codes: ['no-match'] });
    expect(await doctor(['cut.xml'])).toMatchObject({ code: 4, codes: ['truncated'] });
    const loose = await doctor(['good.xml']);
    expect(loose).toMatchObject({ code: 4, codes: ['no-commit'] });
    expect(loose.text).toContain('in no git repository');
    await rm(path.join(home, 'cut.xml'));
    // Found without being named.
    expect(await doctor([])).toMatchObject({ code: 0 });
  });
});
