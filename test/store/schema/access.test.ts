// Nobody sees or writes another team's rows: every role, every table and every partition, whatever the session sets.

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { grantUploads, openAccess } from '../../../src/store/schema/access.ts';
import { teamTables } from '../../../src/store/schema/tables.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
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
let leaves: string[];
let otherRowsBefore: string;
let attacks = 0;

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
  for (const [slug, id] of [
    ['red', database.team.id],
    ['blue', other.id],
  ]) {
    await asAdmin(
      database.adminUrl,
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('${slug}-user', '${id}', '${slug}@example.com');
       INSERT INTO webauthn_credentials (credential_id, public_key, lambda_id) VALUES ('\\x${Buffer.from(slug ?? '').toString('hex')}', '\\x00', '${slug}-user');
       INSERT INTO user_preferences (lambda_id) VALUES ('${slug}-user');
       INSERT INTO sessions (lambda_id, session_token, expires_at) VALUES ('${slug}-user', '${slug}', now() + interval '1 day');
       INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${id}', 't', 's', '${slug} secret');
       INSERT INTO healix_credits (team_id, passed_run_id, failed_run_id, test_name, memory_id)
         SELECT team_id, gen_random_uuid(), gen_random_uuid(), 't', id FROM healix_memories WHERE team_id = '${id}';
       INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown, change)
         SELECT team_id, id, gen_random_uuid(), now(), 't', true, '${slug}' FROM healix_memories WHERE team_id = '${id}';
       INSERT INTO missing_reports (team_id, upload_key, reason) VALUES ('${id}', sha256('${slug}'), '${slug} secret');
       INSERT INTO test_aliases (team_id, suite_id, name, former, created_at) VALUES ('${id}', gen_random_uuid(), '${slug} secret', 'f', now());
       INSERT INTO consciousness_reviews (team_id, git_sha, matriz_analysis) VALUES ('${id}', 'abc', '{}')`,
    );
  }
  await asAdmin(
    database.adminUrl,
    `INSERT INTO shared_memories (test_name, failure_signature, solution) VALUES ('t', 's', 'shared')`,
  );
  leaves = (
    await rowsOf<{ name: string }>(
      database.adminUrl,
      `SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1`,
    )
  ).map((row) => row.name);
  otherRowsBefore = await otherRows();
});
afterAll(async () => {
  await database.drop();
});

/** A fingerprint of everything that belongs to the other team, shared rows included. */
async function otherRows(): Promise<string> {
  const parts: string[] = [];
  for (const table of teamTables) {
    const [row] = await rowsOf<{ all: string }>(
      database.adminUrl,
      `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS all FROM ${table} t WHERE ${whose(table)}`,
    );
    parts.push(`${table} ${row?.all}`);
  }
  return parts.join('\n');
}

/** A condition that holds for rows of the other team. */
function whose(table: string): string {
  if (table === 'teams') return `id = '${other.id}'`;
  if (['webauthn_credentials', 'user_preferences', 'sessions'].includes(table))
    return `lambda_id = 'blue-user'`;
  // Nobody's rows: changed by none.
  if (table === 'shared_memories' || table === 'service_credentials') return 'true';
  return `team_id = '${other.id}'`;
}

/** A condition for rows that only the other team may read. */
function secret(table: string): string {
  return table === 'shared_memories' ? 'false' : whose(table);
}

/** Everything a session can try before it looks; `false` where PostgreSQL itself refuses it. */
const guises = (): string[][] => [
  [],
  [`SELECT set_config('lukhas.team_id', '${other.id}', false)`],
  [`SET lukhas.team_id = '${other.id}'`],
  ['SET row_security = off'],
  ['SET ROLE lukhas_ingest', `SELECT set_config('lukhas.team_id', '${other.id}', false)`],
  ['SET ROLE lukhas_service', `SELECT set_config('lukhas.team_id', '${other.id}', false)`],
  ['SET ROLE lukhas_owner'],
  ['SET SESSION AUTHORIZATION postgres'],
  [
    `CREATE FUNCTION pg_temp.lukhas_team_id() RETURNS uuid LANGUAGE sql AS $$ SELECT '${other.id}'::uuid $$`,
    `CREATE TEMP TABLE team_credentials (role_name name, team_id uuid)`,
    `INSERT INTO pg_temp.team_credentials VALUES (session_user, '${other.id}')`,
    `SET search_path = pg_temp, public`,
  ],
];

const verbs = (table: string, name: string): string[] => [
  `UPDATE ${name} SET ${changedColumn(table)} = ${changedColumn(table)} WHERE ${whose(table)}`,
  `DELETE FROM ${name} WHERE ${whose(table)}`,
  `TRUNCATE ${name} CASCADE`,
  `INSERT INTO ${name} SELECT * FROM ${name} WHERE ${whose(table)}`,
  insertOf(table, name),
  `DROP TABLE ${name}`,
  `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
  `CREATE POLICY mine ON ${name} USING (true)`,
];

function changedColumn(table: string): string {
  if (table === 'teams') return 'name';
  if (table === 'team_credentials') return 'team_id';
  // What a credential may change of its own team's memories.
  return table === 'healix_memories' ? 'deleted_at' : 'created_at';
}

/** A new row for the other team. */
function insertOf(table: string, name: string): string {
  const now = 'now()';
  switch (table) {
    case 'teams':
      return `INSERT INTO ${name} (id, name, slug) VALUES (gen_random_uuid(), 'x', 'x')`;
    case 'users':
      return `INSERT INTO ${name} (lambda_id, team_id, email) VALUES ('intruder', '${other.id}', 'x@x')`;
    case 'webauthn_credentials':
      return `INSERT INTO ${name} (credential_id, public_key, lambda_id) VALUES ('\\x99', '\\x00', 'blue-user')`;
    case 'user_preferences':
      return `INSERT INTO ${name} (lambda_id) VALUES ('blue-user')`;
    case 'sessions':
      return `INSERT INTO ${name} (lambda_id, session_token, expires_at) VALUES ('blue-user', 'forged', ${now})`;
    case 'healix_memories':
      return `INSERT INTO ${name} (team_id, test_name, failure_signature, solution) VALUES ('${other.id}', 't', 's', 'forged')`;
    case 'shared_memories':
      return `INSERT INTO ${name} (test_name, failure_signature, solution) VALUES ('t', 's', 'forged')`;
    case 'consciousness_reviews':
      return `INSERT INTO ${name} (team_id, git_sha, matriz_analysis) VALUES ('${other.id}', 'x', '{}')`;
    case 'test_runs':
      return `INSERT INTO ${name} (team_id, total_tests, created_at) VALUES ('${other.id}', 1, ${now})`;
    case 'test_results':
      return `INSERT INTO ${name} (test_run_id, team_id, test_name, outcome, created_at) VALUES (gen_random_uuid(), '${other.id}', 't', 'passed', ${now})`;
    case 'coverage_data':
      return `INSERT INTO ${name} (test_run_id, team_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent, created_at) VALUES (gen_random_uuid(), '${other.id}', 1, 1, 0, 'f', 1, ${now})`;
    case 'ingest_uploads':
      return `INSERT INTO ${name} (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows) VALUES ('${other.id}', sha256('x'), gen_random_uuid(), ${now}, sha256('x'), 0, 0)`;
    case 'missing_reports':
      return `INSERT INTO ${name} (team_id, upload_key, reason) VALUES ('${other.id}', sha256('x'), 'forged')`;
    case 'test_aliases':
      return `INSERT INTO ${name} (team_id, suite_id, name, former, created_at) VALUES ('${other.id}', gen_random_uuid(), 'forged', 'f', ${now})`;
    case 'healix_credits':
      return `INSERT INTO ${name} (team_id, passed_run_id, failed_run_id, test_name, memory_id) SELECT '${other.id}', gen_random_uuid(), gen_random_uuid(), 't', id FROM public.healix_memories LIMIT 1`;
    case 'healix_matches':
      return `INSERT INTO ${name} (team_id, memory_id, run_id, created_at, test_name, shown) SELECT '${other.id}', id, gen_random_uuid(), ${now}, 't', true FROM public.healix_memories LIMIT 1`;
    case 'service_credentials':
      return `INSERT INTO ${name} (role_name) VALUES (session_user)`;
    default:
      return `INSERT INTO ${name} (role_name, team_id) VALUES ('${uniqueRole('forged')}', '${other.id}')`;
  }
}

/** Tries everything as one login; returns what got through that must not, and counts the statements. */
async function attack(url: string, also: string[] = []): Promise<string[]> {
  const breaches: string[] = [];
  attacks = 0;
  for (const guise of [...guises(), ...(also.length > 0 ? [also] : [])]) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    for (const step of guise) await client.query(step).catch(() => {});
    const places = [
      ...teamTables.map((table) => ({ table: table as string, name: `public.${table}` })),
      ...leaves.map((leaf) => ({ table: leaf.replace(/_\d{4}_\d{2}$/, ''), name: `public.${leaf}` })),
    ];
    for (const { table, name } of places) {
      attacks += 2;
      const read = await client
        .query(`SELECT count(*)::int AS n FROM ${name} WHERE ${secret(table)}`)
        .catch(() => undefined);
      if ((read?.rows[0]?.n ?? 0) > 0) breaches.push(`read ${name} after ${guise.join('; ')}`);
      const copy = await client
        .query(`SELECT count(*)::int AS n FROM ${name} t WHERE t::text LIKE '%blue%'`)
        .catch(() => undefined);
      if ((copy?.rows[0]?.n ?? 0) > 0) breaches.push(`found blue in ${name} after ${guise.join('; ')}`);
      for (const verb of verbs(table, name)) {
        attacks++;
        const done = await client.query(verb).catch(() => undefined);
        if (done !== undefined && (done.rowCount ?? 1) > 0)
          breaches.push(`${verb} after ${guise.join('; ')}`);
      }
    }
    await client.end();
  }
  return breaches;
}

describe('a credential bound to one team', () => {
  test('reads no row of another team and writes none, through parents and partitions, whatever it sets', async () => {
    expect(leaves.length).toBeGreaterThanOrEqual(9);
    expect(await attack(database.uploadUrl)).toEqual([]);
    expect(attacks).toBeGreaterThan(2_000);
    expect(await otherRows()).toBe(otherRowsBefore);
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
        await rowsOf(serviceUrl, `${named} SELECT * FROM ${table} WHERE ${secret(table)}`),
        table,
      ).toEqual([]);
    }
    await expect(
      rowsOf(serviceUrl, `${named} ${insertOf('test_results', 'test_results')}`),
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
  expect(await attack(strangerUrl)).toEqual([]);
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
