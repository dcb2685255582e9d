// What libpq's variables and password file may do to a connection: fill what the URL leaves out, and nothing else.
import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { openPostgres, type PostgresOptions } from '../../../src/store/database/pg.ts';
import { runCli } from '../../support/cli.ts';
import { createReadyDatabase, type ReadyDatabase, temporaryDir } from '../../support/databases.ts';
import { rowsIn } from '../../support/sql.ts';

let database: ReadyDatabase;
let dir: string;
beforeAll(async () => {
  database = await createReadyDatabase();
  dir = await temporaryDir();
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
  await database.drop();
});
afterEach(() => void vi.unstubAllEnvs());

/** As CI sets them for the application's own test database, and as nobody should. */
const others = {
  PGHOST: 'elsewhere.invalid',
  PGHOSTADDR: '192.0.2.1',
  PGPORT: '1',
  PGSERVICE: 'app',
  PGSSLMODE: 'disable',
  PGSSLROOTCERT: '/nowhere.pem',
  PGSSLNEGOTIATION: 'direct',
  PGREQUIRESSL: '1',
  PGOPTIONS: '-c default_transaction_read_only=on -c search_path=pg_temp',
  PGREPLICATION: 'database',
  PGCLIENT_ENCODING: 'LATIN1',
  PGBINARY: '1',
  PGDATESTYLE: 'German',
  PGTZ: 'Asia/Tokyo',
  PGCONNECT_TIMEOUT: '1',
};

/** Who and where a connection is, or the code of the error. */
async function connected(
  changes: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'search'>>,
  options: PostgresOptions = {},
): Promise<unknown> {
  const url = Object.assign(new URL(database.uploadUrl), changes);
  try {
    const db = await openPostgres(url.href, options);
    const [row] = await rowsIn(
      db,
      `SELECT session_user::text AS user, current_database()::text AS database, current_setting('application_name') AS name,
         current_setting('default_transaction_read_only') AS read_only, current_setting('client_encoding') AS encoding`,
    );
    await db.close();
    return row;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
const usual = () => ({
  user: database.role,
  database: database.name,
  name: 'lukhas-ingest',
  read_only: 'off',
  encoding: 'UTF8',
});

test('no variable changes a connection whose URL says all', async () => {
  for (const [name, value] of Object.entries({ ...others, PGUSER: 'x', PGPASSWORD: 'x', PGDATABASE: 'x' }))
    vi.stubEnv(name, value);
  expect(await connected({}, { env: process.env })).toEqual(usual());
});

test('a built program does not look for the driver in C either', async () => {
  const env = { ...others, NODE_PG_FORCE_NATIVE: '1', PGSSLNEGOTIATION: 'nonsense' };
  const status = await runCli('lukhas', ['db', 'status', '--database-url', database.uploadUrl], { env });
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(database.role) });
});

test('PGUSER, PGPASSWORD, PGDATABASE and PGAPPNAME fill what the URL leaves out', async () => {
  const { password } = new URL(database.uploadUrl);
  const env = {
    PGUSER: database.role,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: database.name,
    PGAPPNAME: 'nightly',
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const bare = { username: '', password: '', pathname: '/' };
  expect(await connected(bare, { env })).toEqual({ ...usual(), name: 'nightly' });
  // Nothing by itself: only what the program hands on counts.
  expect(await connected(bare)).toBe('database-url');
  expect(await connected({ password: '' })).toBe('database-password');
});

test('a password file fills the password, unless others can read it: then that is said', async () => {
  const { hostname, port, password } = new URL(database.uploadUrl);
  const file = path.join(dir, 'pgpass');
  await writeFile(file, `other:1:*:*:wrong\n${hostname}:${port}:*:${database.role}:${password}\n`, {
    mode: 0o600,
  });
  vi.stubEnv('PGPASSFILE', file);
  vi.stubEnv('PGPASSWORD', undefined);
  const remarks: string[] = [];
  const options: PostgresOptions = { env: {}, onRemark: (remark) => remarks.push(remark) };
  expect(await connected({ password: '' }, options)).toEqual(usual());
  expect(remarks).toEqual([]);
  await chmod(file, 0o644);
  expect(await connected({ password: '' }, options)).toBe('database-password');
  expect(remarks).toEqual([expect.stringMatching(/pgpass" has group or world access.*0600/)]);
});
