// Any value becomes one that both databases store and give back unchanged.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CopyRows, type CopyValue, IntPairs } from '../../../src/store/database/copy-binary.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { beginIn } from '../../../src/store/database/search-path.ts';
import { createStorable } from '../../../src/store/database/storable.ts';
import { makeRowIdPrefix, makeRunId, runIdTime, teamUploadKey } from '../../../src/store/runs/upload-key.ts';
import { createEmbedded, createReadyDatabase } from '../../support/databases.ts';
import { rounds } from '../../support/long.ts';
import { copyIn, rowsIn, runIn, scriptIn } from '../../support/sql.ts';

/** Text as hostile as it comes: every plane, controls, halves of pairs, and what COPY itself gives a meaning. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(
      '\\',
      '.',
      'N',
      '\t',
      '\n',
      '\r',
      '\b',
      '\f',
      '\v',
      '\0',
      '{',
      '}',
      '"',
      ',',
      "'",
      ' ',
      '\ud800',
      '\udfff',
      '\u{1f600}',
      '\u0085',
      '\u2028',
      'a',
    ),
    maxLength: 40,
  }),
);
const int32 = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 });
const hostileRow = fc.record({
  text: fc.option(hostileText, { nil: undefined }),
  texts: fc.array(hostileText, { maxLength: 4 }),
  ints: fc.array(int32, { maxLength: 6 }),
  pairs: fc.option(fc.array(fc.tuple(int32, int32), { maxLength: 3 }), { nil: undefined }),
  seconds: fc.option(fc.double(), { nil: undefined }),
});

const columns = {
  id: 'uuid',
  n: 'integer',
  t: 'text',
  ts: 'text[]',
  i: 'integer[]',
  p: 'integer[]',
  s: 'numeric(8, 3)',
} as const;
const table = Object.entries(columns)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');
const copy = 'COPY hostile FROM STDIN (FORMAT binary)';
const prefix = '01a221cc-c4ee-7f56-bfcd-1e5b';

/** A file of rows without their ids, which are numbered. */
function fileOf(
  rows: readonly (readonly CopyValue[])[],
  copied = new CopyRows(Object.values(columns)),
): Buffer {
  const bytes = Buffer.from(prefix.replaceAll('-', ''), 'hex');
  for (const [number, values] of rows.entries()) copied.add({ prefix: bytes, number }, values);
  return copied.file();
}

describe.each(['PostgreSQL 15', 'the embedded database'])('on %s', (kind) => {
  let db: Database;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    if (kind === 'PostgreSQL 15') {
      const ready = await createReadyDatabase();
      db = await openPostgres(ready.uploadUrl);
      remove = async () => {
        await db.close();
        await ready.drop();
      };
    } else {
      const embedded = await createEmbedded();
      db = embedded.db;
      remove = embedded.remove;
    }
    await scriptIn(db, `CREATE TEMPORARY TABLE hostile (${table})`);
  });
  afterAll(async () => {
    await remove();
  });

  test('hostile rows go through COPY, and as a parameter, and come back equal', async () => {
    const storable = createStorable();
    await fc.assert(
      fc.asyncProperty(fc.array(hostileRow, { minLength: 100, maxLength: 100 }), async (rows) => {
        const values = rows.map((row, n): CopyValue[] => [
          n,
          storable.text(row.text),
          row.texts.map((text) => storable.text(text) ?? ''),
          row.ints,
          row.pairs && new IntPairs(row.pairs.flat()),
          storable.seconds(row.seconds, 99_999.999)?.toFixed(3),
        ]);
        await scriptIn(db, 'TRUNCATE hostile');
        expect(await copyIn(db, copy, fileOf(values))).toEqual([rows.length]);
        const stored = values.map(([n, t = null, ts, i, , s = null], row) => {
          const p = rows[row]?.pairs ?? null;
          return { id: `${prefix}${String(n?.toString(16)).padStart(8, '0')}`, t, ts, i, p, s };
        });
        expect(await rowsIn(db, 'SELECT id, t, ts, i, p, s FROM hostile ORDER BY n')).toEqual(stored);
        const asJson = values.map((row, place) =>
          Object.fromEntries(
            [stored[place]?.id, ...row].map((value, column) => [Object.keys(columns)[column], value]),
          ),
        );
        const read = await rowsIn(
          db,
          `SELECT id, t, ts, i, p, s FROM json_to_recordset($1::text::json) AS s (${table}) ORDER BY n`,
          [JSON.stringify(asJson)],
        );
        expect(read).toEqual(stored);
      }),
      { numRuns: rounds(20, 100) },
    );
  });

  test('a bad row fails the COPY at once, says nothing of the row, and the connection works on', async () => {
    const error = await copyIn(db, copy, fileOf([[1, 'secret-in-row\0', [], [], undefined, '1']])).catch(
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ name: 'StoreError', sqlstate: '22021' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret-in-row');
    expect(await rowsIn(db, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a COPY of no rows and one of a megabyte in a row are taken', async () => {
    await scriptIn(db, 'TRUNCATE hostile');
    expect(await copyIn(db, copy, fileOf([]))).toEqual([0]);
    const large = [1, 'x'.repeat(1 << 20), [], [], undefined, undefined];
    expect(await copyIn(db, copy, fileOf([large]))).toEqual([1]);
    expect(await rowsIn(db, 'SELECT length(t) AS n FROM hostile')).toEqual([{ n: 1 << 20 }]);
  });

  test('a file stays as it is while the next one is made', () => {
    const copied = new CopyRows(['uuid', 'text']);
    let last: { readonly file: Buffer; readonly copy: Buffer } | undefined;
    for (const text of ['first', 'second', 'x'.repeat(5_000_000), 'fourth', 'fifth']) {
      const file = fileOf([[text]], copied);
      if (last !== undefined) expect(last.file.equals(last.copy)).toBe(true);
      expect(file.equals(fileOf([[text]], new CopyRows(['uuid', 'text'])))).toBe(true);
      last = { file, copy: Buffer.from(file) };
      copied.clear();
    }
  });

  test('values come as the port promises, whatever the driver', async () => {
    const at = new Date('2026-11-22T10:11:12.345Z');
    const rows = await rowsIn(
      db,
      `SELECT $1::timestamptz AS at, 7000000000::int8 AS big, 1.50::numeric(5, 2) AS exact, $2::bytea AS bytes, $3::text[] AS texts,
         $4::int[] AS ints, $5::boolean AS yes, $6::text AS nothing`,
      [at, Buffer.from([0, 255]), ['a', 'b,c', '"', ''], [1, 2], true, null],
    );
    expect(rows).toEqual([
      {
        at,
        big: 7_000_000_000,
        exact: '1.50',
        bytes: Buffer.from([0, 255]),
        texts: ['a', 'b,c', '"', ''],
        ints: [1, 2],
        yes: true,
        nothing: null,
      },
    ]);
    expect(Buffer.isBuffer(rows[0]?.bytes)).toBe(true);
    expect(await runIn(db, `UPDATE hostile SET s = 1`)).toBe(1);
  });

  test('statements around a COPY run in its message, and a failure of the last is a failure of all', async () => {
    await scriptIn(db, 'CREATE TEMPORARY TABLE moved (n integer CHECK (n < 3))');
    const around = `TRUNCATE hostile; ${copy}; INSERT INTO moved SELECT n FROM hostile`;
    const file = (...numbers: number[]) => fileOf(numbers.map((n) => [n, 'x', [], [], undefined, undefined]));
    let sent = 0;
    expect(await copyIn(db, around, file(1, 2), () => sent++)).toEqual([0, 2, 2]);
    await expect(copyIn(db, around, file(3))).rejects.toMatchObject({
      name: 'StoreError',
      sqlstate: '23514',
    });
    expect(await rowsIn(db, 'SELECT count(*) AS n FROM moved')).toEqual([{ n: 2 }]);
    expect(sent).toBe(1);
  });

  test('a transaction commits as a whole or not at all, and the next statement works', async () => {
    await scriptIn(db, 'TRUNCATE hostile');
    await expect(
      db.transaction(
        async () => {
          await db.run('INSERT INTO hostile (n) VALUES (1)');
          await db.query('SELECT 1 / 0');
        },
        { begin: beginIn('public') },
      ),
    ).rejects.toMatchObject({ sqlstate: '22012' });
    // An error that was swallowed must not end in a COMMIT that rolls back without a word.
    await expect(
      db.transaction(
        async () => {
          await db.run('INSERT INTO hostile (n) VALUES (2)');
          await db.query('SELECT 1 / 0').catch(() => {});
        },
        { begin: beginIn('public') },
      ),
    ).rejects.toThrow();
    await db.transaction(async () => void (await db.run('INSERT INTO hostile (n) VALUES (3)')), {
      begin: beginIn('public', `SELECT set_config('lukhas.team_id', 'x', true)`),
      end: 'INSERT INTO hostile (n) VALUES (4)',
    });
    expect(await rowsIn(db, 'SELECT n FROM hostile ORDER BY n')).toEqual([{ n: 3 }, { n: 4 }]);
    expect(await rowsIn(db, `SELECT coalesce(current_setting('lukhas.team_id', true), '') AS left`)).toEqual([
      { left: '' },
    ]);
  });

  test('a run\u2019s id gives its time back to the millisecond', async () => {
    const times = fc.sample(
      fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
      200,
    );
    for (const at of times) {
      const id = makeRunId(at, teamUploadKey('t', String(at.getTime())));
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(runIdTime(id)).toEqual(at);
      expect(`${makeRowIdPrefix(at)}0000002a`).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
    if (kind === 'PostgreSQL 15') {
      const rows = await rowsIn<{ at: Date }>(
        db,
        'SELECT lukhas_run_ts(id) AS at FROM unnest($1::text[]::uuid[]) WITH ORDINALITY AS i (id, n) ORDER BY n',
        [times.map((at) => makeRunId(at, Buffer.alloc(32, 1)))],
      );
      expect(rows.map((row) => row.at)).toEqual(times);
    }
  });
});

test('names are cut by code points, keep their beginning and stay different', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 480, maxLength: 700 }),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
      (name, more) => {
        const storable = createStorable();
        const cut = storable.name(name, 500) ?? '';
        expect([...cut].length).toBeLessThanOrEqual(500);
        expect(/\p{Surrogate}/u.test(cut)).toBe(false);
        if ([...name].length > 500 && more !== '') expect(storable.name(name + more, 500)).not.toBe(cut);
      },
    ),
  );
  const storable = createStorable();
  expect(storable.name('\u{1f600}'.repeat(500), 500)).toBe('\u{1f600}'.repeat(500));
  expect(storable.short('f'.repeat(64), 40)).toBe('f'.repeat(40));
});

test('durations are finite, not negative, and fit', () => {
  const storable = createStorable();
  const given = [undefined, 0, 1.25, 99_999.999, 100_000, -1, Number.NaN, Number.POSITIVE_INFINITY, -0.0001];
  expect(given.map((seconds) => storable.seconds(seconds, 99_999.999))).toEqual([
    undefined,
    0,
    1.25,
    99_999.999,
    99_999.999,
    0,
    undefined,
    undefined,
    0,
  ]);
  expect(storable.warnings()).toEqual([
    expect.objectContaining({ code: 'stored-duration', message: expect.stringMatching(/^5 durations/) }),
  ]);
});
