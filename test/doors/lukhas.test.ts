// The `lukhas` command as people and scripts meet it: words, JSON, exit codes; never a stack trace for a mistake.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../src/store/database/pg.ts';
import { saveRun } from '../../src/store/runs/save.ts';

import {
  asAdmin,
  createDatabase,
  type TestDatabase,
  temporaryDir,
  uniqueRole,
} from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../support/runs.ts';
import { rowsIn, scriptIn } from '../support/sql.ts';

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function lukhas(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { code, stdout, stderr } = await runInProcess('lukhas', args, { env: { NO_COLOR: '1', ...env } });
  return { code, out: stdout, err: stderr };
}

describe('on a server', () => {
  let database: TestDatabase;
  let env: Record<string, string>;
  // Logins belong to the whole server, so a team's default login needs a slug of its own here.
  const slug = `team-${uniqueRole('x').replaceAll('_', '-')}`;
  beforeAll(async () => {
    database = await createDatabase();
    env = { DATABASE_URL: database.adminUrl };
  });
  afterAll(async () => {
    await database.drop();
  });

  test('a database with tables of those names is left as it is', async () => {
    const foreign = await createDatabase();
    const db = await openPostgres(foreign.adminUrl);
    await scriptIn(db, 'CREATE TABLE test_runs (id int)');
    const refused = await lukhas(['db', 'setup', '--team', slug, '--database-url', foreign.adminUrl]);
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toContain('something of that name is there already: test_runs');
    expect(
      await rowsIn(
        db,
        `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
      ),
    ).toEqual([{ name: 'test_runs' }]);
    await db.close();
    await foreign.drop();
  });

  test('an empty database becomes one that a limited credential uploads to, in one command', async () => {
    const before = await lukhas(['db', 'status'], env);
    expect(before).toMatchObject({ code: 0, err: '' });
    expect(before.out).toContain('version 0 of');
    expect(before.out).toContain('lukhas db setup --team');

    const done = await lukhas(['db', 'setup', '--team', slug], env);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toContain('uses: lukhas/ingest@v1');
    const url = done.out.split('\n').find((line) => line.startsWith('postgres://')) ?? '';
    expect(url).not.toBe('');
    const saved = await saveRun(
      (limits) => openPostgres(url, limits),
      makeUpload('x'),
      sourceOf([makeResult(1)]),
      makeOptions(),
    );
    expect(saved).toMatchObject({ stored: 'new', team: slug });

    const status = await lukhas(['db', 'status', '--json'], { DATABASE_URL: url });
    expect(JSON.parse(status.out)).toMatchObject({ privilege: null, team: slug });
    const again = await lukhas(['db', 'setup', '--team', slug], env);
    expect(again.code).toBe(0);
    expect(again.out).toContain('keeps its password');
    expect(again.out).not.toContain('postgres://');
  });

  test('a grant prints the connection string once, as JSON for scripts', async () => {
    const role = uniqueRole();
    const granted = await lukhas(['db', 'grant', '--team', slug, '--role', role, '--json'], env);
    expect(granted.code).toBe(0);
    const { database_url: url, team } = JSON.parse(granted.out);
    expect(team).toBe(slug);
    const db = await openPostgres(url);
    expect(await rowsIn(db, 'SELECT session_user::text AS me')).toEqual([{ me: role }]);
    await db.close();
    expect(
      JSON.parse((await lukhas(['db', 'grant', '--team', slug, '--role', role, '--json'], env)).out)
        .database_url,
    ).toBeNull();
  });

  test('teams are added and listed', async () => {
    expect(await lukhas(['team', 'add', 'payments', '--name', 'Pay \u001b[31m red'], env)).toMatchObject({
      code: 0,
      out: expect.stringContaining('payments added'),
    });
    expect((await lukhas(['team', 'add', 'payments'], env)).out).toContain('is there already');
    const list = await lukhas(['team', 'list'], env);
    expect(list.out).toContain('payments');
    expect(list.out).not.toContain('\u001b');
    expect(
      JSON.parse((await lukhas(['team', 'list', '--json'], env)).out).teams.map(
        (team: { slug: string }) => team.slug,
      ),
    ).toContain('payments');
  });

  test('months are made ahead', async () => {
    const made = await lukhas(['db', 'partitions', '--months-ahead', '4', '--json'], env);
    expect(JSON.parse(made.out).partitions).toHaveLength(6);
    expect((await lukhas(['db', 'partitions', '--months-ahead', '4'], env)).out).toContain(
      'nothing: all months are there',
    );
  });

  test('migrating is quiet where nothing is to do', async () => {
    expect(JSON.parse((await lukhas(['db', 'migrate', '--json'], env)).out)).toMatchObject({ migrated: [] });
  });

  test('a limited login cannot administer and is told who can', async () => {
    const role = uniqueRole();
    await asAdmin(database.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'pw' IN ROLE lukhas_ingest`);
    const refused = await lukhas(['team', 'add', 'mine'], { DATABASE_URL: database.urlFor(role, 'pw') });
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toMatch(
      /^error: .*lacks a right.*\(SQLSTATE 42501\)\n {2}Uploads and .* administrator/,
    );
  });

  test('a wrong password ends with exit code 3, one error, and no password in it', async () => {
    const url = new URL(database.adminUrl);
    url.password = 'canary-password';
    const refused = await lukhas(['db', 'status'], { DATABASE_URL: url.href });
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toContain('refused the password');
    expect(refused.err).not.toContain('canary-password');
    expect(refused.err).not.toContain('    at ');
  });
});

test('without a server everything works on the embedded database', async () => {
  const dir = await temporaryDir();
  const env = { LUKHAS_DATA_DIR: dir };
  const added = await lukhas(['team', 'add', 'mine'], env);
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('mine added') });
  expect(added.err).toContain('first use');
  expect(JSON.parse((await lukhas(['db', 'status', '--json'], env)).out)).toMatchObject({
    server: expect.stringContaining('embedded'),
  });
  const granted = await lukhas(['db', 'grant', '--team', 'mine', '--role', 'x'], env);
  expect(granted).toMatchObject({ code: 2, out: '' });
  expect(granted.err).toContain('--database-url');
  await rm(dir, { recursive: true, force: true });
});

test.each([
  [['db', 'setpu'], 'Did you mean lukhas db setup?'],
  [['teams', 'list'], 'Did you mean lukhas team'],
  [['db'], 'needs one more word'],
  [['frobnicate'], 'See lukhas --help'],
  [['frobnicate', '--help'], 'See lukhas --help'],
  [['db', 'migrate', '--databse-url', 'x'], 'Did you mean --database-url?'],
  [
    ['db', 'migrate', '--role', 'x'],
    '--role is an option of lukhas db setup, lukhas db grant, lukhas db revoke and others.',
  ],
  [['db', 'migrate', 'now'], 'one word too many: now'],
  [['team', 'add'], 'a word is missing'],
  [['team', 'add', 'Not A Slug'], 'for example not-a-slug'],
  [['db', 'grant', '--role', 'x', '--database-url', 'postgres://u@localhost/d'], '--team <slug> is missing'],
  [['db', 'partitions', '--months-ahead', 'many'], 'whole number from 0 to 24'],
  [['db', 'status', '--database-url', 'mysql://u:canary@h/d'], 'does not begin with postgres://'],
])('%j is a mistake in the words: exit code 2 and the way out', async (args, words) => {
  const refused = await lukhas(args);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain(words);
  expect(refused.err).not.toContain('canary');
  expect(refused.err).not.toContain('    at ');
});

test('help is there for everything, with examples', async () => {
  const all = await lukhas(['--help']);
  expect(all).toMatchObject({ code: 0, err: '' });
  for (const command of [
    'db setup',
    'db migrate',
    'db status',
    'db partitions',
    'db grant',
    'team add',
    'team list',
  ]) {
    expect(all.out).toContain(`  ${command} `);
    const one = await lukhas([...command.split(' '), '--help']);
    expect(one).toMatchObject({ code: 0, err: '' });
    expect(one.out).toContain('Examples');
  }
  expect((await lukhas(['--version'])).out).toMatch(/^lukhas \d+\.\d+\.\d+\n$/);
});
