// Which connection is given to whom, and when it ends.
import { expect, inject, test } from 'vitest';
import { openEarly } from '../../../src/store/database/open-early.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect, Database } from '../../../src/store/database/port.ts';
import { beginInCatalog } from '../../../src/store/database/search-path.ts';

const edges = { begin: beginInCatalog() };
const ask = (db: Database) => db.transaction(() => db.query('SELECT 1 AS one'), edges);
const fail = (db: Database) => db.transaction(() => db.query('SELECT 1 / 0'), edges);

/** Connections are told apart by the server's process. */
function open(begin: (db: Database) => Promise<unknown> = ask) {
  const opened: number[] = [];
  const connect: Connect = async (limits) => {
    const db = await openPostgres(inject('postgresAdminUrl'), limits);
    opened.push(db.processId ?? 0);
    return db;
  };
  const opening = openEarly(connect, async (early) => {
    const db = await early();
    await begin(db);
    return { db };
  });
  return { opening, opened };
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const admin = await openPostgres(inject('postgresAdminUrl'));
  try {
    const left = async () => {
      const sql = 'SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1::int[])';
      return (await admin.transaction(() => admin.query(sql, [pids]), edges)).length;
    };
    while ((await left()) > 0);
  } finally {
    await admin.close();
  }
}

test('what was begun is taken once, and its connection is the next one’s when it is closed', async () => {
  const { opening, opened } = open();
  const early = await opening.take();
  expect(opening.take()).toBeUndefined();
  const beside = await opening.connect();
  await early?.db.close();
  await early?.db.close();
  const next = await opening.connect();
  await ask(next);
  expect(opened).toEqual([early?.db.processId, beside.processId]);
  expect(next.processId).toBe(early?.db.processId);
  // One is kept.
  await next.close();
  await beside.close();
  await untilGone([beside.processId ?? 0]);
  await opening.dispose();
  await untilGone(opened);
});

test('the connection of what nobody took is given to who asks, and ends with the opening', async () => {
  const { opening, opened } = open();
  await (await opening.connect()).close();
  await opening.dispose();
  expect(opened).toHaveLength(1);
  await untilGone(opened);
  const untaken = open();
  await untaken.opening.connect().then((db) => db.close());
  await untaken.opening.dispose();
  await untilGone(untaken.opened);
});

test('a connection on which something failed is given to nobody', async () => {
  const { opening, opened } = open(fail);
  await expect(opening.take()).rejects.toThrow();
  const first = await opening.connect();
  expect(opened).toHaveLength(2);
  await expect(fail(first)).rejects.toThrow();
  await first.close();
  const second = await opening.connect();
  second.destroy();
  await second.close();
  const third = await opening.connect();
  await ask(third);
  await third.close();
  await opening.dispose();
  expect(new Set(opened).size).toBe(4);
  await untilGone(opened);
});

test('an opening that ends does not wait for what the server is still asked', async () => {
  let isAsking: () => void = () => {};
  const asking = new Promise<void>((resolve) => {
    isAsking = resolve;
  });
  const { opening, opened } = open((db) =>
    db.transaction(() => {
      isAsking();
      return db.query('SELECT pg_sleep(600)');
    }, edges),
  );
  await asking;
  await opening.dispose();
  expect(opened).toHaveLength(1);
  // The server sees only when it answers that nobody listens.
  const admin = await openPostgres(inject('postgresAdminUrl'));
  await admin.transaction(() => admin.query('SELECT pg_terminate_backend($1)', opened), edges);
  await admin.close();
});

test('an opening that ends does not wait for the server to see that its connection ended', async () => {
  const connect: Connect = async (limits) => {
    const db = await openPostgres(inject('postgresAdminUrl'), limits);
    return { ...db, close: () => db.close().then(() => new Promise<never>(() => {})) };
  };
  const opening = openEarly(connect, async (early) => ({ db: await early() }));
  const early = await opening.take();
  await early?.db.close();
  await opening.dispose();
  await untilGone([early?.db.processId ?? 0]);
});
