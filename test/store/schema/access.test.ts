// Nobody sees or writes another team's rows: every role, every table and every partition, whatever the session sets.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { grantUploads, openAccess } from '../../../src/store/schema/access.ts';
import { teamTables } from '../../../src/store/schema/tables.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
import { attack, insertOf, layOut, otherRows, type Siege, secret } from '../../support/attacks.ts';
import {
  asAdmin,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  uniqueRole,
} from '../../support/databases.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';

let database: ReadyDatabase;
/** Another team, with rows in every table. */
let other: { id: string; slug: string };
let otherUrl: string;
let serviceUrl: string;
let strangerUrl: string;
let leaves: readonly string[];
let otherRowsBefore: string;
let siege: Siege;

beforeAll(async () => {
  database = await createReadyDatabase({ slug: 'red' });
  const admin = await openPostgres(database.adminUrl);
  other = await addTeam(admin, { slug: 'blue' });
  otherUrl = (
    await grantUploads(admin, { teamSlug: 'blue', role: uniqueRole(), adminUrl: database.adminUrl })
  ).databaseUrl;
  await admin.close();
  const service = uniqueRole('service');
  const stranger = uniqueRole('stranger');
  await asAdmin(
    database.adminUrl,
    `CREATE ROLE ${service} LOGIN PASSWORD 'pw' IN ROLE lukhas_service; CREATE ROLE ${stranger} LOGIN PASSWORD 'pw';
     INSERT INTO service_credentials (role_name) VALUES ('${service}')`,
  );
  serviceUrl = database.urlFor(service, 'pw');
  strangerUrl = database.urlFor(stranger, 'pw');

  const source = sourceOf([makeResult(1), makeFailure(2)], [makeCoverage(1)]);
  for (const url of [database.uploadUrl, otherUrl]) {
    await saveRun((limits) => openPostgres(url, limits), makeUpload('own'), source, makeOptions());
  }
  siege = await layOut(database.adminUrl, { red: database.team.id, blue: other.id });
  leaves = siege.leaves;
  otherRowsBefore = await otherRows(siege);
});
afterAll(async () => {
  await database.drop();
});

describe('a credential bound to one team', () => {
  test('reads no row of another team and writes none, through parents and partitions, whatever it sets', async () => {
    expect(leaves.length).toBeGreaterThanOrEqual(9);
    const { breaches, statements } = await attack(siege, database.uploadUrl);
    expect(breaches).toEqual([]);
    expect(statements).toBeGreaterThan(2_000);
    expect(await otherRows(siege)).toBe(otherRowsBefore);
  });

  test('reads its own rows and shared memories', async () => {
    expect(await rowsOf(database.uploadUrl, 'SELECT slug FROM teams')).toEqual([{ slug: 'red' }]);
    expect(await rowsOf(database.uploadUrl, 'SELECT count(*)::int AS n FROM test_results')).toEqual([
      { n: 2 },
    ]);
    expect(
      await rowsOf(
        database.uploadUrl,
        'SELECT solution FROM healix_memories UNION ALL SELECT solution FROM shared_memories ORDER BY 1',
      ),
    ).toEqual([{ solution: 'red secret' }, { solution: 'shared' }]);
  });

  test('reaches no partition directly, not even its own rows', async () => {
    for (const leaf of leaves) {
      await expect(rowsOf(database.uploadUrl, `SELECT FROM ${leaf}`)).rejects.toMatchObject({
        code: '42501',
      });
    }
  });

  test('cannot bind itself, nor make or grant roles', async () => {
    for (const sql of [
      `UPDATE team_credentials SET team_id = '${other.id}'`,
      `CREATE ROLE mine LOGIN`,
      `GRANT lukhas_service TO ${database.role}`,
      `GRANT lukhas_owner TO ${database.role}`,
      `SELECT lukhas_find_team('blue')`,
      `SELECT ensure_partitions(24, 36)`,
      `CREATE TABLE public.mine (id int)`,
    ]) {
      await expect(rowsOf(database.uploadUrl, sql), sql).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('with row_security off PostgreSQL refuses to answer rather than to leak', async () => {
    await expect(
      rowsOf(database.uploadUrl, 'SET row_security = off; SELECT * FROM test_results'),
    ).rejects.toMatchObject({
      code: '42501',
    });
  });

  test('is told so when it names another team, or one that does not exist', async () => {
    for (const teamSlug of ['blue', 'nowhere']) {
      await expect(
        saveRun(
          (limits) => openPostgres(database.uploadUrl, limits),
          makeUpload('x', { teamSlug }),
          sourceOf([]),
          makeOptions(),
        ),
      ).rejects.toMatchObject({ code: 'team-mismatch', message: expect.stringContaining('red') });
    }
  });

  test('of a deleted team it sees and stores nothing', async () => {
    const admin = await openPostgres(database.adminUrl);
    await addTeam(admin, { slug: 'gone' });
    const gone = await grantUploads(admin, {
      teamSlug: 'gone',
      role: uniqueRole(),
      adminUrl: database.adminUrl,
    });
    await admin.close();
    await asAdmin(database.adminUrl, `UPDATE teams SET deleted_at = now() WHERE slug = 'gone'`);
    await expect(
      saveRun(
        (limits) => openPostgres(gone.databaseUrl, limits),
        makeUpload('x'),
        sourceOf([]),
        makeOptions(),
      ),
    ).rejects.toMatchObject({ code: 'role-not-bound' });
  });
});

describe('a service login', () => {
  test('sees no team before it has named one', async () => {
    for (const table of teamTables.filter(
      (name) => name !== 'team_credentials' && name !== 'service_credentials',
    )) {
      expect(await rowsOf(serviceUrl, `SELECT * FROM ${table}`), table).toEqual([]);
    }
  });

  test('sees and writes only the team it has named for the transaction', async () => {
    const named = `BEGIN; SELECT set_config('lukhas.team_id', '${database.team.id}', true);`;
    expect(await rowsOf(serviceUrl, `${named} SELECT slug FROM teams`)).toEqual([{ slug: 'red' }]);
    for (const table of teamTables.filter(
      (name) => !name.endsWith('_credentials') || name.startsWith('webauthn'),
    )) {
      expect(
        await rowsOf(serviceUrl, `${named} SELECT * FROM ${table} WHERE ${secret(siege, table)}`),
        table,
      ).toEqual([]);
    }
    await expect(
      rowsOf(serviceUrl, `${named} ${insertOf(siege, 'test_results', 'test_results')}`),
    ).rejects.toMatchObject({ code: '42501' });
    expect(await rowsOf(serviceUrl, `${named} COMMIT; SELECT * FROM test_runs`)).toEqual([]);
  });

  test('stores for the team it is told, and must be told one', async () => {
    const connect = (limits?: { stallMs: number }) => openPostgres(serviceUrl, limits);
    const saved = await saveRun(
      connect,
      makeUpload('service', { teamSlug: 'red' }),
      sourceOf([makeResult(1)]),
      makeOptions(),
    );
    expect(saved).toMatchObject({ stored: 'new', team: 'red' });
    await expect(saveRun(connect, makeUpload('s2'), sourceOf([]), makeOptions())).rejects.toMatchObject({
      code: 'team-missing',
    });
    await expect(
      saveRun(connect, makeUpload('s3', { teamSlug: 'nowhere' }), sourceOf([]), makeOptions()),
    ).rejects.toMatchObject({ code: 'team-unknown', fix: expect.stringContaining('lukhas team add') });
  });
});

test('a login that is none of ours gets nothing at all', async () => {
  expect((await attack(siege, strangerUrl)).breaches).toEqual([]);
  await expect(
    saveRun((limits) => openPostgres(strangerUrl, limits), makeUpload('x'), sourceOf([]), makeOptions()),
  ).rejects.toMatchObject({ code: 'database-rights', fix: expect.stringContaining('lukhas db grant') });
});

test('a member of lukhas_ingest without a binding is told to be bound', async () => {
  const role = uniqueRole();
  await asAdmin(database.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'pw' IN ROLE lukhas_ingest`);
  await expect(
    saveRun(
      (limits) => openPostgres(database.urlFor(role, 'pw'), limits),
      makeUpload('x'),
      sourceOf([]),
      makeOptions(),
    ),
  ).rejects.toMatchObject({ code: 'role-not-bound', fix: expect.stringContaining(`--role ${role}`) });
});

describe.each(['superuser', 'BYPASSRLS', 'owner'])('a %s', (kind) => {
  let url: string;
  beforeAll(async () => {
    const role = uniqueRole('power');
    const making = {
      superuser: `CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'pw'`,
      BYPASSRLS: `CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD 'pw' IN ROLE lukhas_ingest`,
      owner: `CREATE ROLE ${role} LOGIN PASSWORD 'pw' IN ROLE lukhas_owner`,
    }[kind];
    await asAdmin(database.adminUrl, making ?? '');
    url = database.urlFor(role, 'pw');
  });

  test('is refused for uploads with the way out', async () => {
    await expect(
      saveRun(
        (limits) => openPostgres(url, limits),
        makeUpload('x', { teamSlug: 'red' }),
        sourceOf([]),
        makeOptions(),
      ),
    ).rejects.toMatchObject({
      code: 'role-privileged',
      fix: expect.stringContaining('lukhas db setup --team'),
    });
  });

  test('is taken with the explicit flag and stores for the named team', async () => {
    const saved = await saveRun(
      (limits) => openPostgres(url, limits),
      makeUpload(`flag ${kind}`, { teamSlug: 'red' }),
      sourceOf([makeResult(1)]),
      makeOptions({ allowPrivilegedRole: true }),
    );
    expect(saved).toMatchObject({ stored: 'new', team: 'red' });
  });
});

test('an upload is refused where row-level security is off on any table of teams or any partition', async () => {
  const connect = () => openPostgres(database.uploadUrl);
  const db = await connect();
  for (const table of [...teamTables, ...leaves]) {
    await asAdmin(database.adminUrl, `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
    await expect(
      openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false }),
      table,
    ).rejects.toMatchObject({
      code: 'database-unprotected',
      message: expect.stringContaining(` ${table}:`),
      fix: expect.stringContaining('lukhas db setup'),
    });
    await asAdmin(database.adminUrl, `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
  }
  expect(await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false })).toMatchObject({
    team: { slug: 'red' },
  });
  await db.close();
});

describe('a grant', () => {
  const granting = async (wish: { teamSlug: string; role: string; newPassword?: boolean }) => {
    const admin = await openPostgres(database.adminUrl);
    try {
      return await grantUploads(admin, { ...wish, adminUrl: database.adminUrl });
    } finally {
      await admin.close();
    }
  };

  test('given again keeps the password and says so; a new one replaces it', async () => {
    const role = uniqueRole();
    const first = await granting({ teamSlug: 'red', role });
    const second = await granting({ teamSlug: 'red', role });
    expect(second.passwordIsNew).toBe(false);
    expect(new URL(second.databaseUrl).password).toBe('');
    expect(await rowsOf(first.databaseUrl, 'SELECT session_user::text AS me')).toEqual([{ me: role }]);
    const third = await granting({ teamSlug: 'red', role, newPassword: true });
    expect(await rowsOf(third.databaseUrl, 'SELECT session_user::text AS me')).toEqual([{ me: role }]);
    await expect(rowsOf(first.databaseUrl, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('never moves a login to another team, and takes no role of power', async () => {
    await expect(granting({ teamSlug: 'blue', role: database.role })).rejects.toMatchObject({
      code: 'role-bound-elsewhere',
    });
    await expect(granting({ teamSlug: 'blue', role: 'postgres' })).rejects.toMatchObject({
      code: 'role-privileged',
    });
    await expect(granting({ teamSlug: 'blue', role: 'lukhas_owner' })).rejects.toMatchObject({
      code: 'role-name',
    });
    await expect(granting({ teamSlug: 'blue', role: 'x"; DROP' })).rejects.toMatchObject({
      code: 'role-name',
    });
    await expect(granting({ teamSlug: 'nowhere', role: uniqueRole() })).rejects.toMatchObject({
      code: 'team-unknown',
    });
  });
});
