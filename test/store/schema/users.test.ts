// The people of a team, on both databases: who is added, who stays, and that nobody learns of another team's people.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StoreError } from '../../../src/errors.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { type Access, openAccess } from '../../../src/store/schema/access.ts';
import { addUser, changeUser, listUsers, parseUser, showUser } from '../../../src/store/schema/users.ts';
import { asAdmin, createReadyDatabase, uniqueRole } from '../../support/databases.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';
import { emptyContext, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';
import { scriptIn } from '../../support/sql.ts';

const person = (lambdaId: string, changes: Partial<Parameters<typeof parseUser>[0]> = {}) =>
  parseUser({
    lambdaId,
    email: `${lambdaId}@example.com`,
    name: undefined,
    role: undefined,
    permissions: [],
    ...changes,
  });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: StoreError) => error.code,
  );

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  let db: Database;
  let own: Access;
  let rival: Access;
  beforeAll(async () => {
    place = await createPlace(name);
    db = await place.administer({ stallMs: 30_000 });
    own = await openAccess(db, { teamSlug: place.team.slug, allowPrivilegedRole: true });
    rival = await openAccess(db, { teamSlug: 'rival', allowPrivilegedRole: true });
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
  });

  test('a person is added once, with preferences and the defaults of the document', async () => {
    const ada = person('ada', { email: 'Ada@Example.com', name: 'Ada Lovelace', role: 'owner' });
    expect(await addUser(db, own, ada)).toMatchObject({
      added: true,
      user: { email: 'ada@example.com', role: 'owner' },
    });
    expect((await addUser(db, own, ada)).added).toBe(false);
    expect((await addUser(db, own, person('bob'))).user).toMatchObject({
      role: 'developer',
      permissions: ['tests:read', 'coverage:read'],
      state: 'active',
    });
    expect(
      await place.look(
        `SELECT p.lambda_id, theme, timezone, email_notifications FROM user_preferences p ORDER BY 1`,
      ),
    ).toEqual(
      ['ada', 'bob'].map((lambda_id) => ({
        lambda_id,
        theme: 'system',
        timezone: 'UTC',
        email_notifications: true,
      })),
    );
    expect((await listUsers(db, own, false)).map(({ lambdaId }) => lambdaId)).toEqual(['ada', 'bob']);
    expect(await listUsers(db, rival, true)).toEqual([]);
  });

  test('a person who is restored from a dump keeps the preferences that come behind', async () => {
    await scriptIn(
      db,
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('old', '${place.team.id}', 'old@example.com') ON CONFLICT DO NOTHING;
       INSERT INTO user_preferences (lambda_id, theme) VALUES ('old', 'dark') ON CONFLICT DO NOTHING;`,
    );
    expect(await place.look(`SELECT theme FROM user_preferences WHERE lambda_id = 'old'`)).toEqual([
      { theme: 'dark' },
    ]);
    await place.look(`DELETE FROM users WHERE lambda_id = 'old'`);
  });

  test('what is in use is refused, and whose it is in another team is not told', async () => {
    await addUser(db, rival, person('secret-rival'));
    expect(await codeOf(addUser(db, own, person('bob', { role: 'admin' })))).toBe('user-exists');
    expect(await codeOf(addUser(db, own, person('eve', { email: 'BOB@example.com' })))).toBe('email-in-use');
    const taken = await addUser(db, own, person('secret-rival', { email: 'x@example.com' })).catch(
      (error) => error,
    );
    expect([taken.code, taken.message, taken.fix].join(' ')).not.toContain('team rival');
    expect(taken.code).toBe('user-in-use');
    for (const change of ['deactivate', 'delete', 'restore'] as const)
      expect(await codeOf(changeUser(db, own, 'secret-rival', change))).toBe('user-unknown');
    expect(await codeOf(showUser(db, own, 'secret-rival'))).toBe('user-unknown');
    expect(await listUsers(db, rival, false)).toMatchObject([{ lambdaId: 'secret-rival', state: 'active' }]);
  });

  test('the last owner stays: not deactivated, not deleted, also where two go at one moment', async () => {
    expect(await codeOf(changeUser(db, own, 'ada', 'delete'))).toBe('last-owner');
    expect(await codeOf(changeUser(db, own, 'ada', 'deactivate'))).toBe('last-owner');
    await addUser(db, own, person('carol', { role: 'owner' }));
    const goes = (by: Database, who: string, change: 'delete' | 'deactivate') =>
      codeOf(changeUser(by, own, who, change));
    let both: string[];
    if (place.isEmbedded) {
      // One connection does one thing after the other.
      both = [await goes(db, 'ada', 'delete'), await goes(db, 'carol', 'deactivate')];
    } else {
      const other = await place.administer({ stallMs: 30_000 });
      both = await Promise.all([goes(db, 'ada', 'delete'), goes(other, 'carol', 'deactivate')]);
      await other.close();
    }
    expect(both.sort()).toEqual(['done', 'last-owner']);
    for (const gone of ['ada', 'carol']) await changeUser(db, own, gone, 'restore');
    expect((await listUsers(db, own, false)).map(({ lambdaId }) => lambdaId)).toEqual([
      'ada',
      'carol',
      'bob',
    ]);
  });

  test('who is deactivated or deleted has no session left; who is deleted is nobody’s author, and can come back', async () => {
    const author = async (key: string) => {
      const context = { ...emptyContext, repository: 'acme/shop', lambdaId: 'bob', workflowRunId: key };
      const warnings: string[] = [];
      const connected = place.isEmbedded ? async () => ({ ...db, close: async () => {} }) : place.connect;
      const { runId } = await saveRun(
        connected,
        makeUpload(key, { context, teamSlug: place.teamSlug }),
        sourceOf([makeResult(1)]),
        makeOptions({ onWarning: ({ code }) => void warnings.push(code) }),
      );
      const [run] = await place.look(`SELECT lambda_id FROM test_runs WHERE id = '${runId}'`);
      return [run?.lambda_id, ...warnings];
    };
    await place.look(
      `INSERT INTO sessions (lambda_id, session_token, expires_at) SELECT 'bob', n, now() + interval '1 day' FROM generate_series(1, 2) AS n`,
    );
    expect(await author('active')).toEqual(['bob']);
    expect(await showUser(db, own, 'bob')).toMatchObject({ sessions: 2, passkeys: 0, runs: 1 });
    expect(await changeUser(db, own, 'bob', 'deactivate')).toMatchObject({ changed: true, endedSessions: 2 });
    expect(await author('deactivated')).toEqual(['bob']);
    expect(await changeUser(db, own, 'bob', 'delete')).toMatchObject({ user: { state: 'deleted' } });
    expect((await changeUser(db, own, 'bob', 'delete')).changed).toBe(false);
    expect(await author('deleted')).toEqual([null, 'author-unknown']);
    expect((await listUsers(db, own, false)).map(({ lambdaId }) => lambdaId)).toEqual(['ada', 'carol']);
    expect(await codeOf(addUser(db, own, person('bob')))).toBe('user-gone');
    // The address is free again, and then not any more.
    await addUser(db, own, person('dan', { email: 'bob@example.com' }));
    expect(await codeOf(changeUser(db, own, 'bob', 'restore'))).toBe('email-in-use');
    await changeUser(db, own, 'dan', 'delete');
    expect(await changeUser(db, own, 'bob', 'restore')).toMatchObject({
      changed: true,
      user: { state: 'active' },
    });
  });
});

test('a login of CI may not look at people; a back end sees those of the team that it names', async () => {
  const database = await createReadyDatabase();
  const role = uniqueRole('svc');
  try {
    await asAdmin(
      database.adminUrl,
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw' IN ROLE lukhas_service; INSERT INTO service_credentials (role_name) VALUES ('${role}');
       WITH t AS (INSERT INTO teams (slug, name) VALUES ('rival', 'rival') RETURNING id)
         INSERT INTO users (lambda_id, team_id, email) SELECT 'secret-rival', id, 'rival@example.com' FROM t`,
    );
    const ci = await openPostgres(database.uploadUrl);
    const bound = await openAccess(ci, { teamSlug: undefined, allowPrivilegedRole: false });
    for (const work of [
      () => listUsers(ci, bound, false),
      () => addUser(ci, bound, person('mallory')),
      () => changeUser(ci, bound, 'ada', 'delete'),
    ])
      expect(await codeOf(work())).toBe('user-rights');
    await ci.close();

    const backEnd = await openPostgres(database.urlFor(role, 'pw'));
    const access = await openAccess(backEnd, { teamSlug: database.team.slug, allowPrivilegedRole: false });
    expect((await addUser(backEnd, access, person('ada', { role: 'owner' }))).added).toBe(true);
    expect((await listUsers(backEnd, access, true)).map(({ lambdaId }) => lambdaId)).toEqual(['ada']);
    for (const twin of [person('secret-rival'), person('eve', { email: 'rival@example.com' })])
      expect(await codeOf(addUser(backEnd, access, twin))).toBe('user-in-use');
    expect(await codeOf(changeUser(backEnd, access, 'secret-rival', 'delete'))).toBe('user-unknown');
    expect(await codeOf(changeUser(backEnd, access, 'ada', 'delete'))).toBe('last-owner');
    await addUser(backEnd, access, person('bob', { role: 'owner' }));
    expect(await codeOf(changeUser(backEnd, access, 'ada', 'delete'))).toBe('done');
    await backEnd.close();
  } finally {
    await database.drop();
    await asAdmin(inject('postgresAdminUrl'), `DROP ROLE IF EXISTS ${role}`);
  }
});

describe('the fields of a person', () => {
  test.each([
    [{ lambdaId: '' }, 'the lambda id: must not be empty'],
    [{ lambdaId: 'a b' }, 'the lambda id: must not hold blanks'],
    [{ lambdaId: 'a\u0000b' }, 'the lambda id: must not hold control characters'],
    [{ lambdaId: 'x'.repeat(256) }, 'the lambda id: must not be longer than 255 characters'],
    [{ email: 'ada' }, '--email: must be an e-mail address'],
    [{ email: `${'x'.repeat(320)}@example.com` }, '--email: must not be longer than 320 characters'],
    [{ name: '\u202eadA' }, '--name: must not hold control characters'],
    [{ role: 'king' }, '--role: must be owner, admin, developer or viewer'],
    [{ permissions: ['all'] }, '--permission: must be an area and read, write or admin'],
    [{ permissions: ['tests:read', 'tests:own'] }, '--permission: must be an area'],
  ])('%j are refused by the name of their option', (changes, message) => {
    expect(() => person('ada', changes)).toThrow(message);
  });

  test('an e-mail is kept in small letters, permissions each once', () => {
    expect(
      person('λ:user:a1', { email: 'A@B.Example', permissions: ['settings:admin', 'settings:admin'] }),
    ).toEqual({
      lambdaId: 'λ:user:a1',
      email: 'a@b.example',
      name: undefined,
      role: 'developer',
      permissions: ['settings:admin'],
    });
  });
});
