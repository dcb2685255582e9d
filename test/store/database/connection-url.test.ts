// Database URLs as people and providers write them.
import { expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { connectionUrlFor, parseConnectionUrl } from '../../../src/store/database/connection-url.ts';

test.each([
  // host and sslmode, then how the server is proved
  ['localhost', '', 'off'],
  ['127.0.0.1', '', 'off'],
  ['[::1]', '', 'off'],
  ['localhost', 'prefer', 'off'],
  ['localhost', 'require', 'unverified'],
  ['localhost', 'verify-full', 'verify-full'],
  ['db.example.com', '', 'verify-full'],
  ['db.example.com', 'allow', 'verify-full'],
  ['db.example.com', 'prefer', 'verify-full'],
  ['db.example.com', 'require', 'verify-full'],
  ['db.example.com', 'verify-ca', 'verify-ca'],
  ['db.example.com', 'verify-full', 'verify-full'],
  ['db.example.com', 'no-verify', 'unverified'],
  ['db.example.com', 'disable', 'off'],
  ['127.example.com', '', 'verify-full'],
  ['localhost.example.com', '', 'verify-full'],
])('%s with sslmode %j is connected to as %s', (host, sslmode, tls) => {
  const query = sslmode === '' ? '' : `?sslmode=${sslmode}`;
  expect(parseConnectionUrl(`postgres://u:p@${host}/db${query}`).tls).toBe(tls);
});

test('a weaker connection to another host is remarked on', () => {
  expect(parseConnectionUrl('postgres://u:p@h.example/db?sslmode=disable').remarks).toHaveLength(1);
  expect(parseConnectionUrl('postgres://u:p@h.example/db?sslmode=no-verify').remarks).toHaveLength(1);
  expect(parseConnectionUrl('postgres://u:p@localhost/db').remarks).toEqual([]);
});

test('parts are decoded, and absent ones have PostgreSQL\u2019s defaults', () => {
  expect(parseConnectionUrl(' postgresql://us%40er:p%2F%23%3Aw@h.example:6543/d%20b ')).toMatchObject({
    host: 'h.example',
    port: 6543,
    user: 'us@er',
    password: 'p/#:w',
    database: 'd b',
  });
  expect(parseConnectionUrl('postgres://me@[::1]')).toMatchObject({
    host: '::1',
    port: 5432,
    database: 'me',
    password: undefined,
  });
});

test('a Unix socket is a directory, in the query or as an encoded host', () => {
  for (const url of ['postgres://u@/db?host=/run/postgresql', 'postgres://u@%2Frun%2Fpostgresql/db']) {
    expect(parseConnectionUrl(url), url).toMatchObject({
      host: '/run/postgresql',
      database: 'db',
      tls: 'off',
    });
  }
});

test('what providers put into their URLs is taken', () => {
  const neon = 'postgresql://u:p@ep-x.neon.tech/db?sslmode=require&channel_binding=require';
  expect(parseConnectionUrl(neon)).toMatchObject({ tls: 'verify-full', channelBinding: true });
  expect(parseConnectionUrl(`${neon}&options=endpoint%3Dep-x`)).toMatchObject({
    startOptions: 'endpoint=ep-x',
  });
  expect(
    parseConnectionUrl('postgres://u:a,b@h/db?target_session_attrs=any&application_name=x'),
  ).toMatchObject({
    password: 'a,b',
    applicationName: 'x',
  });
  const supabase =
    'postgres://postgres.ref:p@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1';
  expect(parseConnectionUrl(supabase)).toMatchObject({ user: 'postgres.ref', port: 6543 });
});

test.each([
  ['', 'postgres://'],
  ['mysql://u:hunter2@h/db', 'postgres://'],
  ['u:hunter2@h/db', 'postgres://'],
  ['postgres://u:hunter2@h:port/db', 'percent-encoded'],
  ['postgres://u:hun#ter2@h/db', 'percent-encoded'],
  ['postgres://u:hun/ter2@h/db', 'percent-encoded'],
  ['postgres://u:hunter2%@h/db', '%25'],
  ['postgres://:hunter2@h/db', 'user:password'],
  ['postgres://u:hunter2@h/db?sslmode=on', 'verify-full'],
  ['postgres://u:hunter2@h/db?options=-c%20role%3Dx', 'ALTER ROLE'],
  ['postgres://u:hunter2@h/db?schema=lukhas', 'ALTER ROLE'],
  ['postgres://u:hunter2@h/db?host=evil.example', 'before the path'],
  ['postgres://u:hunter2@h/db?options=endpoint%3Dx%20-c%20role%3Dx', 'ALTER ROLE'],
  ['postgres://u:hunter2@h/db?service=shop', 'PGPASSWORD'],
  ['postgres://u:hunter2@h1:5432,h2:5433/db', 'Name the primary'],
  ['postgres://u:hunter2@h1,h2/db?target_session_attrs=read-write', 'Name the primary'],
  ['postgres://h1,h2', 'Name the primary'],
  ['postgres://u:hunter2@/db?host=/a,/b', 'Name the primary'],
  ['postgres://u:hunter2@h/db?frobnicate=1', 'Known are'],
  ['postgres://u:hunter2@h/db?port=0', ''],
])('%j is refused with a way out and without the password', (url, fix) => {
  let error: unknown;
  try {
    parseConnectionUrl(url);
  } catch (failure) {
    error = failure;
  }
  if (!(error instanceof InputError)) throw new Error(`not refused: ${String(error)}`);
  expect(error.fix ?? '').toContain(fix);
  expect(`${error.message}${error.fix}${error.stack}`).not.toContain('hunter2');
});

test('another login\u2019s URL keeps everything else, and names the database where that was left out', () => {
  const login = { user: 'ci', password: 'x/y', database: 'my db' };
  expect(connectionUrlFor('postgres://admin:a@h.example:6543/db?sslmode=verify-ca', login)).toBe(
    'postgres://ci:x%2Fy@h.example:6543/db?sslmode=verify-ca',
  );
  for (const base of ['postgres://h.example', 'postgres://postgres@h.example/?sslmode=verify-ca'])
    expect(parseConnectionUrl(connectionUrlFor(base, login))).toMatchObject({
      user: 'ci',
      database: 'my db',
    });
});

test.each([
  'postgres://u:12?secret@h.example/db',
  'postgres://u:12?secret=x@h.example/db',
  'postgres://u:12?sslmode=secret@h.example/db',
  'postgres://u:a@?secret@h.example/db',
  'postgres://u:a@?secret=b@h.example/db',
  'postgres://u:a@1?secret&b=c@h.example/db',
])('a password with a bare ? is never said, not even in part: %s', (url) => {
  expect(() => parseConnectionUrl(url)).toThrow(/^the database URL cannot be read$/);
});
