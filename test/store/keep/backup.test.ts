// A backup that is whole passes, and one that is damaged is named, however well its files fit together: each damaged dump has a manifest
// whose checksums are its own.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { describeFile } from '../../../src/store/keep/backup.ts';
import { findPrograms, requireProgram } from '../../../src/store/keep/programs.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { grantUploads } from '../../../src/store/schema/access.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { migrations } from '../../../src/store/schema/migrations.generated.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
import { runCli } from '../../support/cli.ts';
import {
  asAdmin,
  createDatabase,
  createDatabaseOn,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  type TestDatabase,
  uniqueRole,
} from '../../support/databases.ts';
import { runInProcess } from '../../support/in-process.ts';
import { long, some } from '../../support/long.ts';
import { testMajor } from '../../support/majors.ts';
import { startPostgres } from '../../support/postgres.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';
import { copyEmbedded } from '../../support/templates.ts';

const run = promisify(execFile);
const majorOf = (program: string) =>
  run(program, ['--version']).then(
    ({ stdout }) => Number(/ (\d+)\./.exec(stdout)?.[1]),
    () => 0,
  );
const hasTools = (await majorOf('pg_dump')) === testMajor && (await majorOf('pg_restore')) === testMajor;
const hasServer = (await findPrograms(['initdb', 'postgres'], [15, 16, 17, 18], process.env)).some(
  ({ major }) => major >= 15,
);
const missing = `pg_dump and pg_restore of PostgreSQL ${testMajor} are not installed (Debian: postgresql-client-${testMajor})`;

let home: string;
let source: ReadyDatabase;
let rival: string;
const databases: { drop(): Promise<void> }[] = [];
const serverUrl = () => inject('postgresAdminUrl');
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'lukhas-backup-'));
  if (!hasTools) return;
  source = await createReadyDatabase();
  databases.push(source);
  const admin = await openPostgres(source.adminUrl);
  await addTeam(admin, { slug: 'rival' });
  rival = uniqueRole();
  const grant = await grantUploads(admin, { teamSlug: 'rival', role: rival, adminUrl: source.adminUrl });
  await admin.close();
  await upload(source.uploadUrl, 'one');
  await upload(source.uploadUrl, 'two');
  await upload(grant.databaseUrl, 'three');
  await asAdmin(
    source.adminUrl,
    // What administrators do of their own: a table with a sequence, FORCE, a right for another role, a memory, an index of their own.
    `CREATE TABLE notes (id serial PRIMARY KEY, text text); INSERT INTO notes (text) SELECT 'x' FROM generate_series(1, 100);
     ALTER TABLE consciousness_reviews FORCE ROW LEVEL SECURITY; GRANT SELECT ON test_runs TO pg_monitor; ALTER DATABASE ${source.name} SET timezone = 'Europe/Rome'; CREATE INDEX notes_text ON notes (text);
     INSERT INTO consciousness_reviews (team_id, git_sha, matriz_analysis) SELECT id, 'a', '{"stars":{"guardian":{"status":"BLOCKED"}}}' FROM teams;
     INSERT INTO users (lambda_id, team_id, email) SELECT slug, id, slug || '@example.com' FROM teams;
     INSERT INTO healix_memories (team_id, test_name, failure_signature, solution, success_count) SELECT id, 't', 's', slug, 7 FROM teams`,
  );
});
afterAll(async () => {
  for (const database of databases.reverse()) await database.drop();
  if (rival !== undefined) await asAdmin(serverUrl(), `DROP ROLE IF EXISTS ${rival}`);
  await rm(home, { recursive: true, force: true });
});

const upload = (url: string, key: string) =>
  saveRun(
    (limits) => openPostgres(url, limits),
    makeUpload(key),
    sourceOf([makeResult(1), makeFailure(2)], [makeCoverage(1), makeCoverage(2)]),
    makeOptions(),
  );

async function copyOf(database: TestDatabase): Promise<TestDatabase> {
  const copy = await createDatabaseOn(serverUrl(), database.name);
  databases.push(copy);
  return copy;
}

const lukhas = (args: readonly string[], env: Record<string, string> = {}) =>
  runInProcess('lukhas', ['db', ...args], { env: { NO_COLOR: '1', ...env } });

/** Backs a database up by the command; the dump's path. */
async function backUp(url: string, name: string, env: Record<string, string> = {}): Promise<string> {
  const file = path.join(home, name);
  const answer = await lukhas(['backup', file, '--database-url', url], env);
  expect(answer).toMatchObject({ code: 0, stderr: '' });
  return file;
}

/** The backup of `source`, which stays as it is. */
let shared: Promise<string> | undefined;
function goodBackup(): Promise<string> {
  shared ??= backUp(source.adminUrl, 'good.dump');
  return shared;
}

interface Verdict {
  readonly code: number | null;
  readonly codes: readonly string[];
  readonly text: string;
}
async function verify(
  file: string,
  args: readonly string[] = ['--server', serverUrl()],
  env: Record<string, string> = {},
): Promise<Verdict> {
  const { code, stdout, stderr } = await lukhas(['verify-backup', file, '--json', ...args], env);
  if (stdout === '') return { code, codes: [], text: stderr };
  const { problems } = JSON.parse(stdout) as { problems: { code: string; message: string }[] };
  return {
    code,
    codes: [...new Set(problems.map((problem) => problem.code))],
    text: problems.map(({ message }) => message).join('\n'),
  };
}

/** Files of another backup, under another name, with a manifest whose checksums are theirs. */
async function forge(
  good: string,
  name: string,
  dump?: string,
  roles?: (sql: string) => string,
): Promise<string> {
  const file = path.join(home, name);
  await copyFile(dump ?? good, file);
  const script = await readFile(`${good}.roles.sql`, 'utf8');
  await writeFile(`${file}.roles.sql`, roles?.(script) ?? script);
  const manifest = JSON.parse(await readFile(`${good}.json`, 'utf8'));
  await writeFile(
    `${file}.json`,
    JSON.stringify({
      ...manifest,
      dump: await describeFile(file),
      roles_file: await describeFile(`${file}.roles.sql`),
    }),
  );
  return file;
}

async function dumpOf(url: string, name: string): Promise<string> {
  const file = path.join(home, name);
  await run('pg_dump', [url, '--format=custom', '--schema=public', `--file=${file}`]);
  return file;
}

describe('a backup', () => {
  test('that is whole passes, on a server that holds other installations, and leaves nothing there', async ({
    skip,
  }) => {
    if (!hasTools) skip(missing);
    const names = () =>
      rowsOf(
        serverUrl(),
        `SELECT datname AS name FROM pg_database WHERE datname LIKE 'lukhas\\_verify%' UNION SELECT rolname FROM pg_roles WHERE rolname LIKE 'lukhas\\_verify%'`,
      );
    const file = await goodBackup();
    for (const written of [file, `${file}.roles.sql`, `${file}.json`])
      expect((await stat(written)).mode & 0o777).toBe(0o600);
    expect((await readdir(home)).filter((name) => name.includes('partial'))).toEqual([]);
    const script = await readFile(`${file}.roles.sql`, 'utf8');
    expect(script).toContain(`CREATE ROLE ${source.role} LOGIN`);
    expect(script).not.toMatch(/PASSWORD|SCRAM|md5/);
    expect(await verify(file)).toEqual({ code: 0, codes: [], text: '' });
    expect(await names()).toEqual([]);
    const again = await lukhas(['backup', file, '--database-url', source.adminUrl]);
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is a file of that name already'),
    });
    if (!long) return;
    const other = await backUp(source.adminUrl, 'forced.dump');
    expect(await lukhas(['backup', other, '--force', '--database-url', source.adminUrl])).toMatchObject({
      code: 0,
    });
  });

  test.runIf(long && hasTools && hasServer)(
    'restored into a server made here passes, and nothing of that is left',
    async () => {
      const file = await backUp(source.adminUrl, 'own-server.dump');
      // The server's user must reach it.
      const own = await mkdtemp(path.join(tmpdir(), 'lukhas-own-'));
      await chmod(own, 0o711);
      const { code, stdout } = await lukhas(['verify-backup', file], { TMPDIR: own });
      expect(stdout).toContain('\u2713 the backup is whole');
      expect(code).toBe(0);
      expect(await readdir(own)).toEqual([]);
      await rm(own, { recursive: true });
    },
  );

  test.runIf(long && hasTools)('is restored rows first, then keys and triggers', async () => {
    const file = await backUp(source.adminUrl, 'sections.dump');
    const bin = path.join(home, 'telling');
    await mkdir(bin, { recursive: true });
    const { stdout: real } = await run('sh', ['-c', 'command -v pg_restore']);
    await writeFile(
      path.join(bin, 'pg_restore'),
      `#!/bin/sh\necho "$*" >> '${bin}/called'\nexec ${real.trim()} "$@"\n`,
      { mode: 0o755 },
    );
    const verdict = await verify(file, ['--server', serverUrl()], { PATH: `${bin}:${process.env.PATH}` });
    expect(verdict).toEqual({ code: 0, codes: [], text: '' });
    const called = await readFile(path.join(bin, 'called'), 'utf8');
    const sections = [...called.matchAll(/--section=(\S+)/g)].map(([, section]) => section);
    expect(sections).toEqual(['pre-data', 'data', 'post-data']);
  });

  test.runIf(long && hasTools)('of a schema of its own passes', async () => {
    const database = await createDatabase();
    databases.push(database);
    await asAdmin(
      database.adminUrl,
      `CREATE SCHEMA "Our *Runs"; ALTER DATABASE ${database.name} SET search_path = "Our *Runs"; CREATE TABLE public.somebodys (id int)`,
    );
    expect(
      await lukhas(['setup', '--team', 'acme', '--role', uniqueRole(), '--database-url', database.adminUrl]),
    ).toMatchObject({ code: 0 });
    const file = await backUp(database.adminUrl, 'schema.dump');
    expect(await verify(file)).toEqual({ code: 0, codes: [], text: '' });
  });

  test.runIf(long && hasTools)('of an older schema passes, and its migrations are tried', async () => {
    const database = await createDatabase();
    databases.push(database);
    const db = await openPostgres(database.adminUrl);
    await migrate(db, { list: migrations.slice(0, -1) });
    await db.close();
    const file = await backUp(database.adminUrl, 'older-whole.dump');
    const { code, stdout } = await lukhas(['verify-backup', file, '--server', serverUrl()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/older +after a restore: lukhas db migrate \(1 tried/);
  });

  test.runIf(long)('of the embedded database passes, and a tar of it is the folder again', async () => {
    const dir = path.join(home, 'embedded');
    await copyEmbedded(dir);
    const file = path.join(home, 'embedded.dump');
    expect(await lukhas(['backup', file, '--data-dir', dir])).toMatchObject({ code: 0 });
    expect(await verify(file, [])).toEqual({ code: 0, codes: [], text: '' });
    const restored = path.join(home, 'restored');
    await mkdir(path.join(restored, 'database'), { recursive: true, mode: 0o700 });
    await run('tar', ['-xzf', file, '-C', path.join(restored, 'database')]);
    expect(await lukhas(['status', '--data-dir', restored])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`version ${migrations.length} of ${migrations.length}`),
    });
    await truncate(file, 100_000);
    expect(await verify(file, [])).toMatchObject({ code: 4, codes: ['truncated'] });
  });

  test.runIf(long && hasTools)('made beside uploads holds what its manifest says', async () => {
    const copy = await copyOf(source);
    const own = copy.urlFor(source.role, decodeURIComponent(new URL(source.uploadUrl).password));
    let goOn = true;
    let stored = 0;
    const uploading = (async () => {
      while (goOn) await upload(own, `beside ${stored++}`);
    })();
    try {
      const file = await backUp(copy.adminUrl, 'beside.dump');
      const before = stored;
      expect(before).toBeGreaterThan(0);
      expect(await verify(file)).toEqual({ code: 0, codes: [], text: '' });
    } finally {
      goOn = false;
      await uploading;
    }
  });
});

/** SQL done to a copy of the database before it is dumped, and what must be named. */
const damages: readonly [what: string, harm: string, code: string, named: RegExp][] = [
  [
    'half the rows',
    'DELETE FROM coverage_data WHERE id IN (SELECT id FROM coverage_data ORDER BY id LIMIT 3)',
    'rows',
    /coverage_data_\d{4}_\d\d \(expected \d+, found \d+\)/,
  ],
  [
    'row-level security off',
    'ALTER TABLE LEAF DISABLE ROW LEVEL SECURITY',
    'row-security',
    /LEAF \(expected on, found off\)/,
  ],
  ['a policy gone', 'DROP POLICY team_isolation ON users', 'policy', /team_isolation ON users.*missing/],
  [
    'FORCE lost',
    'ALTER TABLE consciousness_reviews NO FORCE ROW LEVEL SECURITY',
    'force-row-security',
    /consciousness_reviews \(expected on, found off\)/,
  ],
  ['an empty partition', 'DELETE FROM LEAF', 'rows', /LEAF \(expected \d+, found 0\)/],
  [
    'an invalid index',
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'idx_test_runs_git_sha'::regclass LIMIT 1)`,
    'index-invalid',
    /idx_test_runs_git_sha of test_runs/,
  ],
  [
    'a sequence set back',
    `SELECT setval('notes_id_seq', 5)`,
    'sequence',
    /notes_id_seq \(expected 100, found 5\)/,
  ],
  // Beside the twelve.
  [
    'a right gone',
    'REVOKE INSERT ON test_results FROM lukhas_ingest',
    'grant',
    /test_results TO lukhas_ingest.*missing/,
  ],
  [
    'a right too many',
    'GRANT SELECT ON LEAF TO PUBLIC',
    'grant',
    /LEAF \(expected none, found PUBLIC SELECT\)/,
  ],
  [
    'an open policy',
    'CREATE POLICY all_see ON test_runs USING (true)',
    'question',
    /runs of other teams, seen by the team/,
  ],
  ['a table gone', 'DROP TABLE notes', 'table-missing', /notes/],
  ['another definition', 'ALTER TABLE teams ALTER seats SET DEFAULT 50', 'structure', /table teams/],
  [
    'another owner',
    'ALTER TABLE users OWNER TO postgres',
    'owner',
    /users \(expected lukhas_owner, found postgres\)/,
  ],
];

describe('a damaged backup is named', () => {
  let good: string;
  let leaf: string;
  beforeAll(async () => {
    if (!hasTools) return;
    good = await goodBackup();
    const [month] = await rowsOf<{ name: string }>(
      source.adminUrl,
      'SELECT tableoid::regclass::text AS name FROM test_runs ORDER BY 1 DESC LIMIT 1',
    );
    leaf = month?.name ?? '';
  });

  test.each(some(damages, 1))('of %s', async (what, harm, code, named) => {
    if (!hasTools) return;
    const copy = await copyOf(source);
    await asAdmin(copy.adminUrl, harm.replaceAll('LEAF', leaf));
    const file = await forge(
      good,
      `${what.replaceAll(/\W+/g, '-')}.dump`,
      await dumpOf(copy.adminUrl, 'harmed.dump'),
    );
    const verdict = await verify(file);
    expect(verdict).toMatchObject({ code: 4, codes: expect.arrayContaining([code]) });
    expect(verdict.text).toMatch(new RegExp(named.source.replaceAll('LEAF', leaf)));
    await copy.drop();
  });

  test.runIf(long && hasTools)('whose restore has errors and ends well all the same', async () => {
    const bin = path.join(home, 'bin');
    await mkdir(bin, { recursive: true });
    const { stdout: real } = await run('sh', ['-c', 'command -v pg_restore']);
    await writeFile(
      path.join(bin, 'pg_restore'),
      `#!/bin/sh\ncase "$*" in *--list*|*--version*) exec ${real.trim()} "$@";; esac\n${real.trim()} "$@"\necho 'pg_restore: error: could not execute query: ERROR:  out of shared memory' >&2\nexit 0\n`,
      { mode: 0o755 },
    );
    const verdict = await verify(good, ['--server', serverUrl()], { PATH: `${bin}:${process.env.PATH}` });
    expect(verdict).toMatchObject({ code: 4, codes: ['restore-errors'] });
    expect(verdict.text).toContain('out of shared memory');
  });

  test.runIf(long && hasTools)('whose roles lack one', async () => {
    const file = await forge(good, 'role.dump', undefined, (sql) =>
      sql
        .split('\n')
        .filter((line) => !line.includes('lukhas_service'))
        .join('\n'),
    );
    const shared = await verify(file);
    expect(shared).toMatchObject({ code: 4, codes: ['role-missing'] });
    expect(shared.text).toContain('a role is missing: lukhas_service');
    if (!hasServer) return;
    expect(await verify(file, [])).toMatchObject({
      code: 4,
      codes: expect.arrayContaining(['role-missing', 'restore-errors']),
    });
  });

  test.runIf(long && hasTools)('that is cut off or changed', async () => {
    const cut = await forge(good, 'cut.dump');
    await truncate(cut, (await stat(cut)).size - 1000);
    expect(await verify(cut)).toMatchObject({ code: 4, codes: ['truncated'] });
    const other = await forge(good, 'other.dump');
    const bytes = await readFile(other);
    bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] ?? 0) ^ 1;
    await writeFile(other, bytes);
    expect(await verify(other)).toMatchObject({ code: 4, codes: ['changed'] });
    // Where the checksum is made to fit, the restore tells.
    const cutAndSigned = await forge(cut, 'signed.dump', cut);
    expect((await verify(cutAndSigned)).code).not.toBe(0);
  });

  test.runIf(long && hasTools)('of a foreign schema, and of an older one under this manifest', async () => {
    const foreign = await createDatabase();
    databases.push(foreign);
    await asAdmin(
      foreign.adminUrl,
      'CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 9)',
    );
    const shop = await forge(good, 'shop.dump', await dumpOf(foreign.adminUrl, 'shop-only.dump'));
    expect(await verify(shop)).toMatchObject({ code: 4, codes: ['foreign-schema'] });
    const older = await createDatabase();
    databases.push(older);
    const db = await openPostgres(older.adminUrl);
    await migrate(db, { list: migrations.slice(0, -1) });
    await db.close();
    const old = await forge(good, 'older.dump', await dumpOf(older.adminUrl, 'older-only.dump'));
    const verdict = await verify(old);
    expect(verdict).toMatchObject({ code: 4, codes: expect.arrayContaining(['schema-version']) });
    expect(verdict.text).toContain(
      `(expected version ${migrations.length}, found version ${migrations.length - 1})`,
    );
  });

  test.runIf(long && hasTools)('that was made of a damaged database, though its manifest fits', async () => {
    const copy = await copyOf(source);
    await asAdmin(
      copy.adminUrl,
      `ALTER TABLE ${leaf} DISABLE ROW LEVEL SECURITY; DROP POLICY team_isolation ON users; CREATE POLICY team_isolation ON users USING (true)`,
    );
    const file = await backUp(copy.adminUrl, 'damaged-before.dump');
    const verdict = await verify(file);
    expect(verdict).toMatchObject({ code: 4, codes: expect.arrayContaining(['not-as-made', 'question']) });
    expect(verdict.text).toContain(`row-level security of ${leaf}`);
  });
});

describe('one clear error', () => {
  test('where there is no backup: another program\u2019s dump, no manifest, no file', async () => {
    const write = async (name: string, text: string | Buffer) => {
      await writeFile(path.join(home, name), text);
      return path.join(home, name);
    };
    const said = async (file: string) => {
      const { code, stderr } = await lukhas(['verify-backup', file]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await said(path.join(home, 'away.dump'))).toContain('there is no such file');
    expect(await said(await write('mysql.sql', '-- MySQL dump 10.13\n'))).toContain(
      'a dump of MySQL without a manifest',
    );
    expect(await said(await write('plain.sql', '--\n-- PostgreSQL database dump\n--\n'))).toContain(
      'a dump as plain SQL',
    );
    expect(await said(await write('lite.db', 'SQLite format 3\0'))).toContain('a database of SQLite');
    expect(await said(await write('empty.dump', ''))).toContain('an empty file');
    await write('odd.dump.json', '{"format": 1}');
    expect(await said(await write('odd.dump', 'PGDMP'))).toContain('this is no manifest of a backup');
    await write('next.dump.json', '{"format": 2}');
    expect(await said(await write('next.dump', 'PGDMP'))).toContain('made by a newer lukhas-ingest');
    await write('text.dump.json', 'nothing');
    expect(await said(await write('text.dump', 'PGDMP'))).toContain('it is not JSON');
  });

  test('where the programs are of another version, naming the package', async () => {
    await expect(
      requireProgram('pg_dump', 39, 'the server is PostgreSQL 39', process.env),
    ).rejects.toMatchObject({
      code: 'pg-program',
      message: expect.stringMatching(/^pg_dump (here )?(is )?of PostgreSQL \d+/),
      fix: expect.stringContaining('postgresql-client-39'),
    });
  });

  test.runIf(long && hasTools)('where the backup or its pg_dump is newer than what reads it', async () => {
    const good = await backUp(source.adminUrl, 'newer.dump');
    const manifest = JSON.parse(await readFile(`${good}.json`, 'utf8'));
    const known = migrations.length;
    await writeFile(
      `${good}.json`,
      JSON.stringify({ ...manifest, content: { ...manifest.content, schema_version: known + 1 } }),
    );
    expect((await verify(good)).text).toContain(
      `it is at migration ${known + 1}, this program knows ${known}`,
    );
    await writeFile(`${good}.json`, JSON.stringify({ ...manifest, server_major: 42 }));
    expect((await verify(good)).text).toContain('the server to restore into is older');
    // The archive's own version, behind its magic.
    const bytes = await readFile(good);
    bytes[6] = 90;
    const file = path.join(home, 'archive.dump');
    await writeFile(file, bytes);
    const signed = await forge(good, 'archive-signed.dump', file);
    await writeFile(`${signed}.json`, JSON.stringify({ ...manifest, dump: await describeFile(signed) }));
    expect(await verify(signed)).toMatchObject({
      code: 2,
      text: expect.stringContaining('unsupported version'),
    });
  });

  test.runIf(long && hasTools)('where the server to restore into would prove nothing', async () => {
    const good = await backUp(source.adminUrl, 'scratch.dump');
    expect((await verify(good, ['--server', source.uploadUrl])).text).toContain(
      'is no superuser of the server',
    );
    expect(await verify(good, ['--server', 'postgres://a:b@127.0.0.1:1/x'])).toMatchObject({
      code: 3,
      text: expect.stringContaining('nothing listens'),
    });
  });

  test.runIf(long && hasTools)(
    'where its roles pass row-level security; roles that it lacks are made and go again',
    async () => {
      const good = await goodBackup();
      const other = await startPostgres({ external: false });
      try {
        const roles = () => rowsOf(other.adminUrl, 'SELECT rolname FROM pg_roles ORDER BY 1');
        const before = await roles();
        expect(await verify(good, ['--server', other.adminUrl])).toEqual({ code: 0, codes: [], text: '' });
        expect(await roles()).toEqual(before);
        await asAdmin(other.adminUrl, 'CREATE ROLE lukhas_owner LOGIN');
        const refused = await verify(good, ['--server', other.adminUrl]);
        expect(refused).toMatchObject({ code: 2 });
        expect(refused.text).toContain('has a role lukhas_owner that may log in or pass row-level security');
      } finally {
        await other.stop();
      }
    },
  );

  test.runIf(long && hasTools)(
    'where a login may not dump, or the disk\u2019s folder is not there',
    async () => {
      const file = path.join(home, 'refused.dump');
      const refused = await lukhas(['backup', file, '--database-url', source.uploadUrl]);
      expect(refused).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('sees only what row-level security shows it'),
      });
      const nowhere = await lukhas([
        'backup',
        path.join(home, 'no/where.dump'),
        '--database-url',
        source.adminUrl,
      ]);
      expect(nowhere).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('cannot be written (ENOENT)'),
      });
      const empty = await createDatabase();
      databases.push(empty);
      expect(await lukhas(['backup', file, '--database-url', empty.adminUrl])).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('not set up'),
      });
      await expect(stat(file)).rejects.toThrow();
    },
  );
});

test.runIf(long && hasTools)(
  'no password is among the words of a program, and what is stopped leaves nothing',
  async () => {
    const bin = path.join(home, 'slow');
    await mkdir(bin, { recursive: true });
    await writeFile(
      path.join(bin, 'pg_dump'),
      `#!/bin/sh\n[ "$1" = --version ] && exec /usr/bin/env PATH=${process.env.PATH} pg_dump --version\nenv > ${home}/environment\necho "$@" > ${home}/words\nexec sleep 600\n`,
      { mode: 0o755 },
    );
    const file = path.join(home, 'stopped.dump');
    const stopped = await runCli('lukhas', ['db', 'backup', file], {
      env: { DATABASE_URL: source.adminUrl, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: '1' },
      kill: { signal: 'SIGTERM', when: () => existsSync(path.join(home, 'words')) },
    });
    expect(stopped.stderr).toContain('cancelled');
    const password = decodeURIComponent(new URL(source.adminUrl).password);
    expect(await readFile(path.join(home, 'words'), 'utf8')).not.toContain(password);
    expect(await readFile(path.join(home, 'environment'), 'utf8')).toContain(`PGPASSWORD=${password}`);
    expect((await readdir(home)).filter((name) => name.startsWith('stopped'))).toEqual([]);
  },
);

test.skipIf(hasTools)(`backups are not tested: ${missing}`, () => {});

test.skipIf(hasServer)(
  'a server made here is not tested: initdb and postgres are not installed (Debian: postgresql)',
  () => {},
);
