// What an administrator's or a team's login meets where a database does not let it work: one message that says what, where and the
// way out, exit code 3, and nothing is done by half.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { dumpSchema } from '../../../src/store/schema/catalogue.ts';
import {
  asAdmin,
  createDatabase,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  type TestDatabase,
  uniqueRole,
} from '../../support/databases.ts';
import { runInProcess } from '../../support/in-process.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

let database: ReadyDatabase;
let empty: TestDatabase;
let weak: string;
let folder: string;
beforeAll(async () => {
  database = await createReadyDatabase();
  empty = await createDatabase();
  weak = uniqueRole('weak');
  await asAdmin(database.adminUrl, `CREATE ROLE ${weak} LOGIN PASSWORD 'pw'`);
  folder = await mkdtemp(path.join(tmpdir(), 'lukhas-refusals-'));
  await writeFile(
    path.join(folder, 'results.xml'),
    '<testsuites><testsuite name="pytest" tests="1"><testcase classname="t" name="a" time="0.1"/></testsuite></testsuites>',
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.drop();
  await empty.drop();
});

const setup = (url: string) =>
  runInProcess('lukhas', ['db', 'setup', '--team', 'other', '--database-url', url], {
    env: { NO_COLOR: '1' },
  });
const upload = (url: string) =>
  runInProcess('lukhas-upload', ['results.xml', '--database-url', url], {
    cwd: folder,
    env: { NO_COLOR: '1' },
  });
/** Schema, teams and runs. */
async function stateOf(url: string): Promise<string> {
  const there = await rowsOf(url, `SELECT to_regclass('public.teams') IS NOT NULL AS there`);
  const rows =
    there[0]?.there === true
      ? await rowsOf(url, 'SELECT slug, (SELECT count(*) FROM test_runs) AS runs FROM teams ORDER BY 1')
      : [];
  return `${await dumpSchema((sql) => rowsOf(url, sql))}${JSON.stringify(rows)}`;
}

/** One error, in two or three lines. */
const oneMessage = /^error: [^\n]+\n( {2}[^\n]+\n)+$/;

describe('one message, exit code 3, and nothing changed:', () => {
  const cases: [
    what: string,
    run: () => Promise<{ code: number | null; stdout: string; stderr: string }>,
    of: () => TestDatabase,
    says: RegExp,
    fix: RegExp,
    before?: string,
    after?: string,
  ][] = [
    [
      'an administrator without any right sets an empty database up',
      () => setup(empty.urlFor(weak, 'pw')),
      () => empty,
      /lacks a right in this database: /,
      /owner with CREATEROLE, or a superuser/,
    ],
    [
      'one that may make tables but not act as our owner',
      () => setup(empty.urlFor(weak, 'pw')),
      () => empty,
      /lacks a right in this database: /,
      /CREATEROLE/,
      'GRANT ALL ON SCHEMA public TO $weak',
      'REVOKE ALL ON SCHEMA public FROM $weak',
    ],
    [
      'one that may do all but make a login',
      () => setup(empty.urlFor(weak, 'pw')),
      () => empty,
      /"weak_\w+" lacks a right in this database: it may make no logins, and a set-up makes "lukhas_ci_other"/,
      /CREATEROLE.*can be named instead/,
      'GRANT ALL ON SCHEMA public TO $weak; GRANT lukhas_owner TO $weak WITH ADMIN OPTION; ALTER DATABASE $name OWNER TO $weak',
      'REVOKE ALL ON SCHEMA public FROM $weak; ALTER DATABASE $name OWNER TO postgres; REVOKE lukhas_owner FROM $weak',
    ],
    [
      'an administrator without rights sets a database up that is in use',
      () => setup(database.urlFor(weak, 'pw')),
      () => database,
      /lacks a right in this database/,
      /CREATEROLE/,
    ],
    [
      'a team\u2019s login sets the database up',
      () => setup(database.uploadUrl),
      () => database,
      /lacks a right in this database/,
      /CREATEROLE/,
    ],
    [
      'a read-only server is to be set up',
      () => setup(empty.adminUrl),
      () => empty,
      /the database at 127\.0\.0\.1:\d+ is read-only/,
      /Connect to the primary/,
      'ALTER DATABASE $name SET default_transaction_read_only = on',
      'ALTER DATABASE $name RESET default_transaction_read_only',
    ],
    [
      'a read-only server in use gets a team',
      () => setup(database.adminUrl),
      () => database,
      /is read-only/,
      /Connect to the primary/,
      'ALTER DATABASE $name SET default_transaction_read_only = on',
      'ALTER DATABASE $name RESET default_transaction_read_only',
    ],
    [
      'a schema with a function of ours that is somebody else\u2019s',
      () => setup(empty.adminUrl),
      () => empty,
      /something of that name is there already: lukhas_team_id\(\)/,
      /a schema of its own/,
      'CREATE FUNCTION public.lukhas_team_id() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
      'DROP FUNCTION public.lukhas_team_id()',
    ],
    [
      'an upload by a login that lost its membership',
      () => upload(database.uploadUrl),
      () => database,
      /the login "ci_\w+" is no member of lukhas_ingest/,
      /lukhas db grant --team <slug> --role ci_/,
      'REVOKE lukhas_ingest FROM $role',
      'GRANT lukhas_ingest TO $role',
    ],
    [
      'an upload where lukhas_ingest lost its right to look',
      () => upload(database.uploadUrl),
      () => database,
      /lukhas_ingest, the role of "ci_\w+", lacks a right/,
      /lukhas db setup --team/,
      'REVOKE SELECT ON public.lukhas_migrations FROM lukhas_ingest',
      'GRANT SELECT ON public.lukhas_migrations TO lukhas_ingest',
    ],
    [
      'an upload where lukhas_ingest lost its right to store',
      () => upload(database.uploadUrl),
      () => database,
      /lacks a right in this database: permission denied for table test_results/,
      /comes back with `lukhas db setup/,
      'REVOKE INSERT ON public.test_results FROM lukhas_ingest',
      'GRANT INSERT ON public.test_results TO lukhas_ingest',
    ],
    [
      'an upload by a login that is bound to no team any more',
      () => upload(database.uploadUrl),
      () => database,
      /is bound to no team/,
      /lukhas db grant --team <slug> --role ci_/,
      'CREATE TABLE kept AS SELECT * FROM team_credentials; DELETE FROM team_credentials',
      'INSERT INTO team_credentials SELECT * FROM kept; DROP TABLE kept',
    ],
  ];
  test.each(cases)('%s', async (_, run, of, says, fix, before = '', after = '') => {
    const fill = (sql: string) =>
      sql.replaceAll('$weak', weak).replaceAll('$name', of().name).replace('$role', database.role);
    // A read-only one takes no statement otherwise.
    const admin = (sql: string) => asAdmin(of().adminUrl, `SET transaction_read_only = off; ${fill(sql)}`);
    await admin(before);
    const state = await stateOf(of().adminUrl);
    try {
      const { code, stdout, stderr } = await run();
      expect(stdout).not.toMatch(/^(schema|team|login|stored)/m);
      expect(stderr).toMatch(says);
      expect(stderr).toMatch(fix);
      expect(stderr.replace(/^(retry|remark|trying)[^\n]*\n/gm, '')).toMatch(oneMessage);
      expect(code).toBe(3);
      expect(await stateOf(of().adminUrl)).toBe(state);
    } finally {
      await admin(after);
    }
  });
});

test('an upload to a read-only server waits for a failover until its deadline, and then says so', async () => {
  await asAdmin(database.adminUrl, `ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
  const state = await stateOf(database.adminUrl);
  await expect(
    saveRun(
      (limits) => openPostgres(database.uploadUrl, limits),
      makeUpload('x'),
      sourceOf([makeResult(1)]),
      makeOptions({ deadlineMs: 1_000 }),
    ),
  ).rejects.toMatchObject({
    code: 'database-read-only',
    message: expect.stringMatching(/127\.0\.0\.1:\d+ is read-only/),
    fix: expect.stringContaining('Connect to the primary'),
  });
  expect(await stateOf(database.adminUrl)).toBe(state);
  await asAdmin(
    database.adminUrl,
    `SET transaction_read_only = off; ALTER DATABASE ${database.name} RESET default_transaction_read_only`,
  );
});
