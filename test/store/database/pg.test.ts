// What a connection to a server keeps, and for how long.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, inject, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { beginInCatalog } from '../../../src/store/database/search-path.ts';
import { copyIn, rowsIn, scriptIn } from '../../support/sql.ts';

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
    const nested = [
      ['a', 'b'],
      ['c', 'd'],
    ];
    const [row] = await db.transaction(
      () =>
        db.query(
          `SELECT $1::text[] AS texts, $2::int[] AS numbers, $3::text[] AS none, $4::text[] AS plain, ARRAY['ANNULLED'] AS capitals,
             ARRAY[''] AS empty, ARRAY['a', NULL] AS nulls, ARRAY['a', NULL, 'NULL', 'null'] AS quoted,
             ARRAY[['a', 'b'], ['c', 'd']] AS nested, '[2:3]={a,b}'::text[] AS bounded`,
          [texts, numbers, [], ["it's", 'a::b', 'é😀', '[x]']],
        ),
      { begin: beginInCatalog() },
    );
    expect(row).toEqual({
      texts,
      numbers,
      none: [],
      plain: ["it's", 'a::b', 'é😀', '[x]'],
      capitals: ['ANNULLED'],
      empty: [''],
      nulls: ['a', null],
      quoted: ['a', null, 'NULL', 'null'],
      nested,
      bounded: ['a', 'b'],
    });
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

test('what is asked beside a statement that failed does not go on outside the transaction', async () => {
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    let beside: Promise<unknown> = Promise.resolve();
    const askTwice = async () => {
      await db.query('SELECT 1 AS one').catch(() => {});
      return db.query('SELECT 2 AS two');
    };
    const failing = db.transaction(
      () => {
        const failed = db.query('SELECT 1 / 0');
        beside = askTwice();
        beside.catch(() => {});
        return Promise.all([failed, beside]);
      },
      { begin: beginInCatalog() },
    );
    await expect(failing).rejects.toThrow('the database refused a value');
    await expect(beside).rejects.toThrow('a statement outside a transaction');
  } finally {
    await db.close();
  }
});

test.each([
  ['before the COPY', 'TRUNCATE pg_temp.not_there; COPY pg_temp.not_there FROM STDIN', '42P01'],
  ['in its rows', 'CREATE TEMP TABLE numbers (n integer); COPY pg_temp.numbers FROM STDIN', '22P02'],
  ['after it', 'CREATE TEMP TABLE words (n text); COPY pg_temp.words FROM STDIN; SELECT 1 / 0', '22012'],
])('a failure %s is told, and the connection takes the next statement', async (_, sql, sqlstate) => {
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    await scriptIn(db, 'CREATE TEMP TABLE kept (words text)');
    const rows = Buffer.from('DROP TABLE kept;\n'.repeat(100_000));
    await expect(copyIn(db, sql, rows)).rejects.toMatchObject({ name: 'StoreError', sqlstate });
    expect(await copyIn(db, 'COPY pg_temp.kept FROM STDIN', rows)).toEqual([100_000]);
    expect(await rowsIn(db, 'SELECT count(*) AS rows FROM pg_temp.kept')).toEqual([{ rows: 100_000 }]);
  } finally {
    await db.close();
  }
});
