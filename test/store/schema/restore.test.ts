// A dump that is restored becomes a database that works: into the same server, and into one without our roles. What is restored in
// part is refused by name.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { dumpSchema } from '../../../src/store/schema/catalogue.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { migrations } from '../../../src/store/schema/migrations.generated.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  type TestDatabase,
} from '../../support/databases.ts';
import { runInProcess } from '../../support/in-process.ts';
import { long, some } from '../../support/long.ts';
import { testMajor } from '../../support/majors.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';

const run = promisify(execFile);
const page = new URL('../../../docs/restore.md', import.meta.url);
const dumpMajor = await run('pg_dump', ['--version']).then(
  ({ stdout }) => Number(/\b(\d+)\./.exec(stdout)?.[1]),
  () => 0,
);
const hasTools = dumpMajor >= testMajor;
const missing = `pg_dump and psql of PostgreSQL ${testMajor} or later are not installed (Debian: postgresql-client)`;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'lukhas-restore-'));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

async function dump(url: string, ...options: string[]): Promise<string> {
  return (await run('pg_dump', [url, ...options], { maxBuffer: 1e9 })).stdout
    .split('\n')
    .filter((line) => !/^\\(un)?restrict /.test(line))
    .join('\n');
}

/** The schema with owners and rights; a check of an IN list in the form that it has after a restore. */
async function schemaOf(url: string): Promise<string> {
  const text = await dump(url, '--schema-only');
  return (
    text
      .replace(/\(ARRAY\[([^\]]*)\]\)::text\[\]/g, (_, items: string) => {
        const cast = items.split(', ').map((item) => `(${item})::text`);
        return `ARRAY[${cast.join(', ')}]`;
      })
      // Two indexes of the same columns: which one of a month gets the number depends on which was made first.
      .replace(/test_run_(?:_idx|idx1)\b/g, 'test_run_idx')
  );
}

/** Loads a dump as psql does that goes on after an error; how many there were. */
async function load(url: string, sql: string): Promise<number> {
  const file = path.join(home, 'load.sql');
  await writeFile(file, sql);
  const { stderr } = await run('psql', [url, '--quiet', '-f', file], { maxBuffer: 1e9 });
  return stderr.split('\n').filter((line) => line.includes('ERROR:')).length;
}

const lukhas = async (args: readonly string[]) => runInProcess('lukhas', args, { env: { NO_COLOR: '1' } });
const setup = (url: string, team = 'acme') => lukhas(['db', 'setup', '--team', team, '--database-url', url]);
const status = (url: string) => lukhas(['db', 'status', '--database-url', url]);
const upload = (url: string, key: string) =>
  saveRun(
    (limits) => openPostgres(url, limits),
    makeUpload(key),
    sourceOf([makeResult(1), makeFailure(2)], [makeCoverage(1)]),
    makeOptions(),
  );

describe('restored beside the roles that it had', () => {
  let database: ReadyDatabase;
  const copies: TestDatabase[] = [];
  let whole = '';
  beforeAll(async () => {
    if (!hasTools) return;
    database = await createReadyDatabase();
    // The months that a set-up makes.
    await asAdmin(database.adminUrl, 'SELECT ensure_partitions(2, 1)');
    await upload(database.uploadUrl, 'one');
    whole = await dump(database.adminUrl, '--no-owner', '--no-privileges');
  });
  afterAll(async () => {
    for (const copy of copies) await copy.drop();
    await database?.drop();
  });
  const restored = async (sql: string): Promise<TestDatabase> => {
    const copy = await createDatabase();
    copies.push(copy);
    await load(copy.adminUrl, sql);
    return copy;
  };
  const stateOf = schemaOf;

  test('a set-up makes owners, rights and policies right, says so, and the schema is the one that was dumped', async ({
    skip,
  }) => {
    if (!hasTools) skip(missing);
    const copy = await restored(whole);
    // Nobody works with it before; both say what to do.
    const ownUrl = copy.urlFor(database.role, decodeURIComponent(new URL(database.uploadUrl).password));
    await expect(upload(ownUrl, 'two')).rejects.toMatchObject({ code: expect.stringMatching(/database-r/) });
    const before = await status(copy.adminUrl);
    expect(before.stdout).toContain('to repair     owners: table consciousness_reviews');
    expect(before.stdout).toContain('belong to "postgres" and not to lukhas_owner');
    const done = await setup(copy.adminUrl);
    expect(done.stderr).toBe('');
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout).toMatch(/^repaired +owners: table .*, and \d+ more\n +rights: .*, and \d+ more$/m);
    expect(await stateOf(copy.adminUrl)).toBe(await stateOf(database.adminUrl));
    // The same upload is known, another one is stored, and a second set-up finds nothing to do.
    expect(await upload(ownUrl, 'one')).toMatchObject({ stored: 'already' });
    expect(await upload(ownUrl, 'two')).toMatchObject({ stored: 'new' });
    expect((await setup(copy.adminUrl)).stdout).not.toContain('repaired');
    // A team's login may ask, too.
    expect(await status(ownUrl)).toMatchObject({
      code: 0,
      stdout: expect.not.stringMatching(/to repair|not as made/),
    });
    const after = await status(copy.adminUrl);
    expect(after.stdout).not.toMatch(/to repair|not as made/);
  });

  // What psql leaves that goes on after an error, or stops in the middle.
  const damages: [what: string, of: (sql: string) => string, named: RegExp][] = [
    [
      'without a table',
      (sql) => sql.replaceAll(/\bpublic\.sessions\b/g, 'nowhere.sessions'),
      /table sessions/,
    ],
    [
      'cut off before the keys',
      (sql) => sql.slice(0, sql.indexOf('ADD CONSTRAINT healix_credits_pkey')),
      /constraint /,
    ],
    ['without its policies', (sql) => sql.replaceAll('CREATE POLICY', 'CREATE POLICI'), /^$/],
    [
      'without one table\u2019s rows',
      (sql) => sql.replace(/COPY public\.test_results_\d{4}_\d{2} .*\n(?!\\\.)[\s\S]*?\n\\\.\n/, ''),
      /rows of test_results_/,
    ],
    [
      'without a function',
      (sql) => sql.replaceAll('FUNCTION public.attach_month', 'FUNCTION nowhere.attach_month'),
      /function attach_month/,
    ],
    [
      'without the list of migrations',
      (sql) => sql.replace(/COPY public\.lukhas_migrations .*\n/, '$&broken\n'),
      /rows of lukhas_migrations/,
    ],
    ['without an index', (sql) => sql.replace(/CREATE INDEX idx_users_team .*/, ''), /index idx_users_team/],
    ['cut off after its functions', (sql) => sql.slice(0, sql.indexOf('\nCREATE TABLE ')), /attach_month/],
  ];
  test.each(some(damages, 3))(
    'restored %s, it is refused by name and left as it is, or made right',
    async (_, damage, named) => {
      if (!hasTools) return;
      const sql = damage(whole);
      expect(sql).not.toBe(whole);
      const copy = await restored(sql);
      const before = await stateOf(copy.adminUrl);
      const answer = await setup(copy.adminUrl);
      if (named.source === '^$') {
        expect(answer).toMatchObject({ code: 0 });
        expect(answer.stdout).toContain('policies: ');
        expect(await stateOf(copy.adminUrl)).toBe(await stateOf(database.adminUrl));
      } else {
        expect(answer).toMatchObject({ code: 3, stdout: '' });
        expect(answer.stderr).toMatch(named);
        expect(answer.stderr).toMatch(/Nothing was changed/);
        expect(await stateOf(copy.adminUrl)).toBe(before);
      }
    },
  );

  test('a set-up mends what somebody changed in a database in use, and leaves other roles\u2019 rights alone', async ({
    skip,
  }) => {
    if (!hasTools) skip(missing);
    const [leaf] = await rowsOf<{ name: string }>(
      database.adminUrl,
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'test_results'::regclass LIMIT 1`,
    );
    const good = await stateOf(database.adminUrl);
    await asAdmin(
      database.adminUrl,
      `DROP POLICY team_isolation ON test_runs; CREATE POLICY open ON test_runs USING (true);
       ALTER TABLE test_results DISABLE ROW LEVEL SECURITY; ALTER TABLE ${leaf?.name} DISABLE ROW LEVEL SECURITY;
       GRANT SELECT ON ${leaf?.name} TO PUBLIC; REVOKE INSERT ON coverage_data FROM lukhas_ingest; GRANT DELETE ON test_runs TO lukhas_ingest;
       GRANT EXECUTE ON FUNCTION lukhas_find_team TO PUBLIC; ALTER TABLE users OWNER TO postgres`,
    );
    const told = await status(database.adminUrl);
    expect(told.stdout).toContain('to repair');
    const done = await setup(database.adminUrl);
    for (const part of [
      'policies: ',
      'test_runs',
      'row-level security: ',
      `${leaf?.name}`,
      'owners: table users',
    ]) {
      expect(done.stdout).toContain(part);
    }
    // The order of grants tells when they were given.
    const sorted = (text: string) => text.split('\n').sort();
    expect(sorted(await stateOf(database.adminUrl))).toEqual(sorted(good));
    await asAdmin(database.adminUrl, `GRANT SELECT ON test_runs TO pg_monitor`);
    expect((await setup(database.adminUrl)).stdout).not.toContain('repaired');
    await asAdmin(database.adminUrl, `REVOKE SELECT ON test_runs FROM pg_monitor`);
  });

  test.runIf(long && hasTools)('a dump of an older program is adopted, migrated and made right', async () => {
    const older = await createDatabase();
    copies.push(older);
    const db = await openPostgres(older.adminUrl);
    await migrate(db, { list: migrations.slice(0, -1) });
    await db.close();
    const copy = await restored(await dump(older.adminUrl, '--no-owner', '--no-privileges'));
    const done = await setup(copy.adminUrl);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^schema +1 migration applied\nrepaired +owners: /m);
    const sorted = async (url: string) => (await stateOf(url)).split('\n').sort();
    expect(await sorted(copy.adminUrl)).toEqual(await sorted(database.adminUrl));
  });

  test('tables that somebody else made with our names and checksums are not adopted', async ({ skip }) => {
    if (!hasTools) skip(missing);
    const copy = await createDatabase();
    copies.push(copy);
    const role = `mallory_${copy.name}`;
    await asAdmin(
      copy.adminUrl,
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT ALL ON SCHEMA public TO ${role}; GRANT ALL ON DATABASE ${copy.name} TO ${role}`,
    );
    await load(copy.urlFor(role, 'pw'), whole);
    expect(await setup(copy.adminUrl)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`belong to "${role}"`),
    });
    await asAdmin(copy.adminUrl, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  });
});

describe.runIf(long && hasTools)('on a server of its own', () => {
  let server: PostgresServer;
  let work: string;
  /** The page's commands under a heading, run as they stand. */
  async function follow(heading: string, serverUrl: string): Promise<string> {
    const section = (await readFile(page, 'utf8')).split(/^## /m).find((text) => text.startsWith(heading));
    const commands = [...(section ?? '').matchAll(/^```bash\n([\s\S]*?)^```/gm)].map((match) => match[1]);
    expect(commands).toHaveLength(1);
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands.join('\n')], {
      cwd: work,
      maxBuffer: 1e8,
      env: {
        ...process.env,
        PATH: `${path.join(work, 'bin')}:${process.env.PATH}`,
        NO_COLOR: '1',
        SERVER_URL: serverUrl,
        ADMIN_URL: serverUrl.replace(/\/postgres$/, '/lukhas'),
      },
    });
    return stdout;
  }
  const lukhasOf = (serverUrl: string) => serverUrl.replace(/\/postgres$/, '/lukhas');
  const counts = (url: string) =>
    rowsOf(
      url,
      `SELECT (SELECT count(*)::int FROM test_runs) AS runs, (SELECT count(*)::int FROM test_results) AS results,
         (SELECT count(*)::int FROM coverage_data) AS coverage, (SELECT count(*)::int FROM healix_memories) AS memories`,
    );
  const full = [{ runs: 2, results: 4, coverage: 2, memories: 1 }];
  let uploadUrl = '';

  beforeAll(async () => {
    server = await startPostgres({ external: false });
    work = path.join(home, 'work');
    await mkdir(path.join(work, 'bin'), { recursive: true });
    await writeFile(
      path.join(work, 'bin/lukhas'),
      `#!/bin/sh\nexec "${process.execPath}" "${path.join(process.cwd(), 'dist/cli/lukhas.js')}" "$@"\n`,
      { mode: 0o755 },
    );
    await asAdmin(server.adminUrl, 'CREATE DATABASE lukhas');
    const made = await setup(lukhasOf(server.adminUrl), 'payments');
    uploadUrl = /^postgres:\S+$/m.exec(made.stdout)?.[0] ?? '';
    await setup(lukhasOf(server.adminUrl), 'search');
    await upload(uploadUrl, 'one');
    await upload(uploadUrl, 'two');
    await asAdmin(
      lukhasOf(server.adminUrl),
      `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) SELECT id, 't', 's', 'x' FROM teams WHERE slug = 'payments'`,
    );
    await follow('Backup', server.adminUrl);
  });
  afterAll(async () => {
    await server.stop();
  });

  test('rows that were deleted by mistake come back, and nothing else changes', async () => {
    const url = lukhasOf(server.adminUrl);
    await asAdmin(
      url,
      `DELETE FROM test_results; DELETE FROM coverage_data; DELETE FROM healix_memories; DELETE FROM test_runs WHERE id IN (SELECT id FROM test_runs LIMIT 1);
       UPDATE teams SET name = 'kept' WHERE slug = 'search'`,
    );
    await follow('1. ', server.adminUrl);
    expect(await counts(url)).toEqual(full);
    expect(await rowsOf(url, `SELECT name FROM teams WHERE slug = 'search'`)).toEqual([{ name: 'kept' }]);
    expect((await status(url)).stdout).not.toMatch(/to repair|not as made/);
  });

  test('a damaged database is replaced while uploads are refused, and its logins go on', async () => {
    const url = lukhasOf(server.adminUrl);
    const good = await schemaOf(url);
    await asAdmin(url, 'DELETE FROM test_results');
    const told = await follow('2. ', server.adminUrl);
    expect(told).toContain('repaired');
    expect(told).not.toMatch(/to repair|not as made/);
    expect(await counts(url)).toEqual(full);
    expect(await schemaOf(url)).toBe(good);
    expect(await upload(uploadUrl, 'two')).toMatchObject({ stored: 'already' });
    // The damaged one takes no uploads.
    const damaged = uploadUrl.replace(/\/lukhas$/, '/lukhas_damaged');
    await expect(
      saveRun(
        (limits) => openPostgres(damaged, limits),
        makeUpload('three'),
        sourceOf([makeResult(1)]),
        makeOptions({ deadlineMs: 1_000 }),
      ),
    ).rejects.toMatchObject({ code: 'database-read-only' });
  });

  test.each(['without owners', 'with owners, and no role there'])(
    'a lost server is replaced by an empty one: the dump %s, then a set-up',
    async (kind) => {
      const good = await schemaOf(lukhasOf(server.adminUrl));
      const other = await startPostgres({ external: false });
      try {
        const url = lukhasOf(other.adminUrl);
        let told: string;
        if (kind === 'without owners') told = await follow('3. ', other.adminUrl);
        else {
          await asAdmin(other.adminUrl, 'CREATE DATABASE lukhas');
          expect(await load(url, await dump(lukhasOf(server.adminUrl)))).toBeGreaterThan(50);
          told = (await setup(url, 'payments')).stdout;
        }
        expect(told).toMatch(/^repaired +roles: lukhas_owner, lukhas_ingest, lukhas_service$/m);
        expect(told).toContain(
          'lukhas_ci_search, bound to search, does not exist: lukhas db grant --team search --role lukhas_ci_search',
        );
        expect(await counts(url)).toEqual(full);
        expect(await schemaOf(url)).toBe(good);
        const login = /^postgres:\S+$/m.exec(told)?.[0] ?? '';
        expect(await upload(login, 'two')).toMatchObject({ stored: 'already' });
        expect(await upload(login, 'three')).toMatchObject({ stored: 'new' });
        expect(await rowsOf(login, 'SELECT slug FROM teams')).toEqual([{ slug: 'payments' }]);
      } finally {
        await other.stop();
      }
    },
  );
});

test.runIf(testMajor > 15 && dumpMajor >= 15)(
  'a dump of PostgreSQL 15 becomes, on an empty server of this major, what a set-up makes there',
  async () => {
    const old = await startPostgres({ external: false, major: 15 });
    const server = await startPostgres({ external: false });
    const fresh = await createDatabase();
    try {
      const on = async (serverUrl: string) => {
        await asAdmin(serverUrl, 'CREATE DATABASE lukhas');
        return serverUrl.replace(/\/postgres$/, '/lukhas');
      };
      const oldUrl = await on(old.adminUrl);
      const made = await setup(oldUrl);
      await setup(oldUrl, 'rival');
      const first = /^postgres:\S+$/m.exec(made.stdout)?.[0] ?? '';
      await upload(first, 'one');
      const url = await on(server.adminUrl);
      await load(url, await dump(oldUrl));
      const answer = await setup(url);
      expect(answer).toMatchObject({ code: 0, stderr: '' });
      expect(answer.stdout).toMatch(/^repaired /m);
      const login = /^postgres:\S+$/m.exec(answer.stdout)?.[0] ?? '';
      expect(await upload(login, 'one')).toMatchObject({ stored: 'already' });
      expect(await upload(login, 'two')).toMatchObject({ stored: 'new' });
      const rival = /^postgres:\S+$/m.exec((await setup(url, 'rival')).stdout)?.[0] ?? '';
      expect(
        await rowsOf(rival, 'SELECT slug, (SELECT count(*)::int FROM test_results) AS n FROM teams'),
      ).toEqual([{ slug: 'rival', n: 0 }]);
      const asked = await lukhas(['runs', '--all', '--database-url', login]);
      expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('acme/shop') });
      await setup(fresh.adminUrl);
      const schema = async (of: string) => {
        const text = await dumpSchema((sql) => rowsOf(of, sql));
        return text.replace(/\(ARRAY\[([^\]]*)\]\)::text\[\]/g, (_, items: string) => {
          const cast = items.split(', ').map((item) => `(${item})::text`);
          return `ARRAY[${cast.join(', ')}]`;
        });
      };
      expect(await schema(url)).toBe(await schema(fresh.adminUrl));
      expect((await status(url)).stdout).not.toMatch(/to repair|not as made/);
    } finally {
      for (const one of [old, server]) await one.stop();
      await fresh.drop();
    }
  },
  600_000,
);

test.skipIf(hasTools)(`restores are not tested: ${missing}`, () => {});
