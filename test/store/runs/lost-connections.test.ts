// What ends on the server's side, and what a connection's end costs the process.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { beginInCatalog } from '../../../src/store/database/search-path.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

let database: ReadyDatabase;
beforeAll(async () => {
  database = await createReadyDatabase();
});
afterAll(async () => {
  await database.drop();
});

test('a statement that hangs on the server is ended there, and keeps no lock', async () => {
  await asAdmin(
    database.adminUrl,
    `CREATE FUNCTION public.hang() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END';
     CREATE TRIGGER hang BEFORE INSERT ON public.test_results FOR EACH ROW EXECUTE FUNCTION public.hang()`,
  );
  await expect(
    saveRun(
      (limits) => openPostgres(database.uploadUrl, limits),
      makeUpload('hangs'),
      sourceOf([makeResult(1)]),
      // The server's limit is a tenth below the client's: half a second, which a slow machine needs.
      makeOptions({ deadlineMs: 1_000, stallMs: 5_000 }),
    ),
    // The server says so itself, and not the client that waited for it.
  ).rejects.toMatchObject({ code: 'database-timeout', sqlstate: '57014' });
  expect(
    await rowsOf(
      database.adminUrl,
      `SELECT state FROM pg_stat_activity WHERE usename = '${database.role}' AND state = 'active'`,
    ),
  ).toEqual([]);
  await asAdmin(database.adminUrl, 'DROP FUNCTION public.hang() CASCADE');
});

test('a connection that ends while nothing is asked costs the next question, and not the process', async () => {
  const db = await openPostgres(database.uploadUrl);
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  try {
    await asAdmin(
      database.adminUrl,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${database.role}'`,
    );
    await expect
      .poll(
        () =>
          db
            .transaction(() => db.query('SELECT 1'), { begin: beginInCatalog() })
            .then(
              () => 'answered',
              (error) => error.code,
            ),
        { timeout: 60_000 },
      )
      .toMatch(/^database-(stopped|lost)$/);
    expect(uncaught).toEqual([]);
  } finally {
    process.off('uncaughtException', note);
    for (const listener of others) process.on('uncaughtException', listener);
    db.destroy();
  }
});
