// `lukhas user`, `lukhas team remove` and `lukhas db revoke` as an administrator meets them, and what becomes of the logins.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { writeReportIn } from '../support/pull-request.ts';

let home: string;
let database: ReadyDatabase;
beforeAll(async () => {
  database = await createReadyDatabase();
  home = mkdtempSync(join(tmpdir(), 'lukhas-accounts-'));
  writeReportIn(home, { test_a: 'passed' });
});
afterAll(async () => {
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

async function lukhas(line: string, url = database.adminUrl) {
  const { code, stdout, stderr } = await runInProcess('lukhas', line.split(' '), {
    env: { DATABASE_URL: url },
  });
  return { code, out: stdout.trimEnd(), err: stderr.trimEnd() };
}
const upload = (key: string) =>
  runInProcess(
    'lukhas-upload',
    [
      'results.xml',
      '--lambda-id',
      'λ:user:a1',
      '--upload-key',
      key,
      '--set',
      `git_sha=${key.repeat(40)}`,
      '--quiet',
    ],
    { cwd: home, env: { DATABASE_URL: database.uploadUrl } },
  );

it('a person is added, named by an upload, shown, and gone with their sessions', async () => {
  const add = 'user add λ:user:a1 --team acme --email Ada@example.com --role owner';
  expect(await lukhas(`${add} --json`)).toMatchObject({ code: 0 });
  expect((await lukhas(add)).out).toBe('user          λ:user:a1 is there already');
  expect((await upload('a')).stderr).not.toContain('author');
  const shown = JSON.parse((await lukhas('user show λ:user:a1 --team acme --json')).out);
  expect(shown).toMatchObject({
    lambda_id: 'λ:user:a1',
    email: 'ada@example.com',
    role: 'owner',
    runs_last_7_days: 1,
  });
  expect(await lukhas('user delete λ:user:a1 --team acme')).toEqual({
    code: 3,
    out: '',
    err: 'error: "λ:user:a1" is the last owner of the team acme; nothing was changed\n  Add another one first: lukhas user add <lambda-id> --team acme --email <address> --role owner',
  });
  await lukhas('user add bob --team acme --email bob@example.com --role owner');
  await asAdmin(
    database.adminUrl,
    `INSERT INTO sessions (lambda_id, session_token, expires_at) VALUES ('λ:user:a1', 't', now() + interval '1 day')`,
  );
  expect((await lukhas('user delete λ:user:a1 --team acme')).out).toBe(
    'user          λ:user:a1 is now deleted; 1 session ended',
  );
  expect((await upload('b')).stderr).toContain('there is no user "λ:user:a1" in this team');
  expect((await lukhas('user list --team acme --deleted')).out.split('\n')).toEqual([
    'bob        owner      bob@example.com',
    'λ:user:a1  owner      ada@example.com  (deleted)',
  ]);
  expect((await lukhas('user restore λ:user:a1 --team acme')).out).toBe(
    'user          λ:user:a1 is now active',
  );
  expect(await lukhas('user list', database.uploadUrl)).toMatchObject({
    code: 3,
    err: expect.stringContaining('and may not look at people or change them'),
  });
});

it('a team that was removed refuses its logins until it is back', async () => {
  expect((await lukhas('team remove acme')).code).toBe(0);
  const refused = await upload('c');
  expect([refused.code, refused.stderr]).toEqual([
    3,
    expect.stringContaining('is bound to no team, or its team was removed'),
  ]);
  expect((await lukhas('user list --team acme')).err).toContain('there is no team "acme" in this database');
  expect((await lukhas('team list')).out).toBe('no teams yet: lukhas team add <slug>');
  expect((await lukhas('team list --removed')).out).toMatch(
    /^acme {2}.*\(logins: .*\) {2}\(removed [\d-]+\)$/,
  );
  // Its slug is free meanwhile: one of two stands in the other's way.
  await lukhas('team add acme');
  expect((await lukhas('team restore acme')).err).toContain(
    'another team acme was added since acme was removed',
  );
  await asAdmin(database.adminUrl, `DELETE FROM teams WHERE slug = 'acme' AND deleted_at IS NULL`);
  expect((await lukhas('team restore acme')).out).toBe('team          acme is back');
  expect((await lukhas('team restore acme')).out).toBe('team          acme is there already');
  expect((await lukhas('team remove nobody')).code).toBe(3);
  expect((await upload('c')).code).toBe(0);
});

it('a login that was revoked sees and writes nothing; it is dropped only where that is asked for', async () => {
  const { role } = database;
  await lukhas('team add other');
  expect((await lukhas(`db revoke --team other --role ${role}`)).err).toContain(
    `is bound to the team acme, not to "other"`,
  );
  expect((await lukhas('db revoke --team acme --role postgres_x')).err).toContain(
    'is bound to no team of this database',
  );
  expect((await lukhas(`db revoke --team acme --role ${role}`)).out).toBe(
    `team          acme\nlogin         ${role} is bound to no team any more`,
  );
  expect((await upload('d')).code).toBe(3);
  expect(await rowsOf(database.uploadUrl, 'SELECT id FROM test_runs UNION ALL SELECT id FROM teams')).toEqual(
    [],
  );
  // What grant gave back is taken again, with the login; one that owns something stays as it is.
  await lukhas(`db grant --team acme --role ${role}`);
  expect((await upload('d')).code).toBe(0);
  await asAdmin(database.adminUrl, `CREATE TABLE of_login (n int); ALTER TABLE of_login OWNER TO ${role}`);
  const kept = await lukhas(`db revoke --team acme --role ${role} --drop-login`);
  expect(kept).toMatchObject({
    code: 3,
    err: expect.stringContaining('cannot be dropped; nothing was changed'),
  });
  expect((await upload('e')).code).toBe(0);
  await asAdmin(database.adminUrl, 'DROP TABLE of_login');
  expect((await lukhas(`db revoke --team acme --role ${role} --drop-login --json`)).out).toBe(
    JSON.stringify({ team: 'acme', role, dropped: true }),
  );
  expect(await rowsOf(database.adminUrl, `SELECT FROM pg_roles WHERE rolname = '${role}'`)).toEqual([]);
});
