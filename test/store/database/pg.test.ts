// What a connection to a server keeps, and for how long.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, inject, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { beginInCatalog } from '../../../src/store/database/search-path.ts';

test('a connection keeps nothing of the answers that it gave', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    const ask = (n: number) => db.query(`SELECT n FROM generate_series(1, ${n}) AS n`);
    const answers = await db.transaction(
      async () => {
        const refs = [new WeakRef(await ask(1000)), new WeakRef(await ask(2000))];
        await ask(1);
        return refs;
      },
      { begin: beginInCatalog() },
    );
    // A weak reference holds until its job ends.
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    expect(answers.map((answer) => answer.deref() === undefined)).toEqual([true, true]);
  } finally {
    await db.close();
  }
});

test('rows of any number are handed over one by one, and none is kept', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    const rows: WeakRef<object>[] = [];
    const taken: number[] = [];
    await db.transaction(
      () =>
        db.each<{ n: number }>(`SELECT n FROM generate_series($1::int, 2000) AS n`, [3], (row) => {
          rows.push(new WeakRef(row));
          taken.push(row.n);
        }),
      { begin: beginInCatalog() },
    );
    expect([taken.length, taken[0], taken.at(-1)]).toEqual([1998, 3, 2000]);
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    expect(rows.filter((row) => row.deref() !== undefined)).toEqual([]);
  } finally {
    await db.close();
  }
});

test('an error while a row is taken fails its statement, and the connection goes on', async () => {
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    const edges = { begin: beginInCatalog() };
    const sql = 'SELECT n FROM generate_series(1, 100) AS n';
    const failing = db.transaction(
      () =>
        db.each(sql, [], ({ n }) => {
          if (n === 50) throw new Error('not this one');
        }),
      edges,
    );
    await expect(failing).rejects.toThrow('not this one');
    await expect(db.transaction(() => db.each('SELECT 1 / 0', [], () => {}), edges)).rejects.toThrow(
      'the database refused a value',
    );
    expect(await db.transaction(() => db.query('SELECT 1 AS one'), edges)).toEqual([{ one: 1 }]);
  } finally {
    await db.close();
  }
});

test('arrays arrive as they are, whatever their texts hold', async () => {
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    const odd = ['', ' ', 'NULL', 'a,b', '{x}', '"q"', 'back\\slash', '\\"', "it's", 'é\n\t', '😀'];
    const texts = [...odd, ...Array.from({ length: 1200 }, (_, n) => `test_${n}[{"a": "\\n,"}]`)];
    const numbers = [0, -7, 2 ** 31 - 1];
    const [row] = await db.transaction(
      () =>
        db.query('SELECT $1::text[] AS texts, $2::int[] AS numbers, $3::text[] AS none', [
          texts,
          numbers,
          [],
        ]),
      { begin: beginInCatalog() },
    );
    expect(row).toEqual({ texts, numbers, none: [] });
  } finally {
    await db.close();
  }
});

test('statements that are sent together are answered one after another, without a word of the driver', async () => {
  const warned: string[] = [];
  const hear = (warning: Error) => void warned.push(warning.message);
  process.on('warning', hear);
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    const asked = [1, 2, 3, 4].map(String);
    const answers = await db.transaction(
      () => Promise.all(asked.map((n) => db.query('SELECT $1::text AS n', [n]))),
      { begin: beginInCatalog() },
    );
    expect(answers.flat().map(({ n }) => n)).toEqual(asked);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).toEqual([]);
  } finally {
    await db.close();
    process.off('warning', hear);
  }
});
