// Partitions that are not as we make them, and retentions that were cut off: nothing goes that should not, and what should goes in
// the end. On PostgreSQL, where others are at work.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect, Database } from '../../../src/store/database/port.ts';
import { documented, keptTables, readPolicy } from '../../../src/store/keep/policy.ts';
import { plan, type RetainOptions, retain } from '../../../src/store/keep/retain.ts';
import { describeDamage } from '../../../src/store/schema/mend.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { some } from '../../support/long.ts';
import { asOwnerIn, fillMonths, makeMonths, storedSums } from '../../support/old-months.ts';
import { rowsIn, scriptIn } from '../../support/sql.ts';

let database: ReadyDatabase;
let db: Database;
const connect: Connect = (limits) => openPostgres(database.adminUrl, limits);
const everything: RetainOptions = { policy: documented, tables: keptTables, connect, waitMs: 20_000 };

const day = (monthsBack: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - monthsBack, 1))
    .toISOString()
    .slice(0, 10);
};
const named = (table: string, monthsBack: number): string =>
  `${table}_${day(monthsBack).slice(0, 7).replace('-', '_')}`;
const exists = async (name: string): Promise<boolean> =>
  (await rowsIn(db, 'SELECT FROM pg_class WHERE relname = $1', [name])).length > 0;
const results = async (): Promise<number> =>
  Number((await rowsIn<{ n: number }>(db, 'SELECT count(*)::int AS n FROM test_results'))[0]?.n);
const summed = async (): Promise<number> =>
  Number((await rowsIn<{ n: number }>(db, 'SELECT coalesce(sum(runs), 0)::int AS n FROM test_months'))[0]?.n);

beforeAll(async () => {
  database = await createReadyDatabase();
  db = await connect();
});
afterAll(async () => {
  await db.close();
  await database.drop();
});
/** Old partitions go, and the sums with them. */
beforeEach(async () => {
  await scriptIn(
    db,
    `DO $$ DECLARE child text; BEGIN
       FOR child IN SELECT i.inhrelid::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent IN ('test_runs'::regclass, 'test_results'::regclass, 'coverage_data'::regclass)
           AND (c.relname !~ '_20\\d\\d_\\d\\d$' OR coalesce((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)'))[1]::timestamptz < now() - interval '100 days', true)) LOOP
         EXECUTE 'DROP TABLE ' || child || ' CASCADE';
       END LOOP;
     END $$;
     DO $$ DECLARE child text; BEGIN
       FOR child IN SELECT n.child FROM lukhas_retirements n WHERE to_regclass(n.child) IS NOT NULL LOOP EXECUTE format('DROP TABLE %I', child); END LOOP;
     END $$;
     DELETE FROM test_months; DELETE FROM lukhas_retirements; DELETE FROM test_runs; DELETE FROM test_results; DELETE FROM ingest_uploads`,
  );
});

describe('a partition', () => {
  test('that somebody attached by hand goes by its bounds, whatever it is called and however long it is', async () => {
    await asOwnerIn(db, () =>
      db.script(
        `CREATE TABLE "Quarter ""one""" (LIKE test_results INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
         ALTER TABLE "Quarter ""one""" ENABLE ROW LEVEL SECURITY;
         ALTER TABLE test_results ATTACH PARTITION "Quarter ""one""" FOR VALUES FROM ('${day(20)}') TO ('${day(17)}');
         INSERT INTO test_results (team_id, test_run_id, test_name, outcome, created_at)
         SELECT '${database.team.id}', gen_random_uuid(), 't', 'passed', at::timestamptz FROM unnest(ARRAY['${day(20)}', '${day(19)}', '${day(18)}']) AS at`,
      ),
    );
    const done = await retain(db, everything);
    expect(done.months.map(({ partition, rows, sums }) => [partition, rows, sums])).toEqual([
      ['Quarter "one"', 3, 3],
    ]);
    expect(await exists('Quarter "one"')).toBe(false);
    expect(await rowsIn(db, 'SELECT month::text, runs FROM test_months ORDER BY 1')).toEqual(
      [20, 19, 18].map((months) => ({ month: day(months), runs: 1 })),
    );
  });

  test('whose bounds are those of another time zone goes when the last of its hours is past', async () => {
    const made = (
      name: string,
      months: number,
    ) => `CREATE TABLE ${name} (LIKE test_results INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
      ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
      ALTER TABLE test_results ATTACH PARTITION ${name} FOR VALUES FROM ('${day(months)} 00:00 America/New_York') TO ('${day(months - 1)} 00:00 America/New_York')`;
    await asOwnerIn(db, () => db.script(`${made('old_york', 15)}; ${made('new_york', 12)}`));
    // The session's own zone decides nothing.
    await asAdmin(database.adminUrl, `ALTER DATABASE ${database.name} SET timezone = 'Asia/Tokyo'`);
    const tokyo = await connect();
    const due = await plan(tokyo, documented, ['test_results']);
    await tokyo.close();
    await asAdmin(database.adminUrl, `ALTER DATABASE ${database.name} RESET timezone`);
    expect(due.months.map(({ partition }) => partition)).toEqual(['old_york']);
    expect(due.months[0]?.until.toISOString()).toMatch(/T0[45]:00:00/);
  });

  test('of somebody else, with partitions of its own, or that a view reads stays, and it is said why', async () => {
    await scriptIn(
      db,
      `CREATE TABLE theirs (LIKE test_results INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
       ALTER TABLE test_results ATTACH PARTITION theirs FOR VALUES FROM ('${day(30)}') TO ('${day(29)}');
       CREATE TABLE parted (LIKE test_results INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY HASH (team_id);
       ALTER TABLE parted OWNER TO lukhas_owner;
       ALTER TABLE test_results ATTACH PARTITION parted FOR VALUES FROM ('${day(29)}') TO ('${day(28)}')`,
    );
    await makeMonths(db, [27]);
    await scriptIn(db, `CREATE VIEW report AS SELECT outcome FROM ${named('test_results', 27)}`);
    const done = await retain(db, { ...everything, tables: ['test_results'] });
    expect(done.months).toEqual([]);
    expect(done.kept.map(({ partition, why }) => [partition, why])).toEqual([
      ['theirs', 'it belongs to postgres, not to lukhas_owner'],
      ['parted', 'it has partitions of its own'],
      [named('test_results', 27), 'a view or another table refers to it'],
    ]);
    for (const { partition } of done.kept) expect(await exists(partition)).toBe(true);
    await scriptIn(db, 'DROP VIEW report');
  });

  test('of runs stays while results or coverage of its time are there', async () => {
    await makeMonths(db, [40]);
    const done = await retain(db, { ...everything, tables: ['test_runs'] });
    expect(done.months).toEqual([]);
    expect(done.kept).toMatchObject([
      {
        partition: named('test_runs', 40),
        why: `rows of its runs are still in ${named('test_results', 40)}`,
      },
    ]);
    expect((await retain(db, everything)).months.map(({ table }) => table)).toEqual([
      'test_results',
      'coverage_data',
      'test_runs',
    ]);
  });

  test('called DEFAULT stays with its rows, others go beside it, and keys of uploads stay', async () => {
    await makeMonths(db, [40]);
    await asOwnerIn(db, () =>
      db.script(
        `CREATE TABLE rest (LIKE test_results INCLUDING DEFAULTS INCLUDING CONSTRAINTS); ALTER TABLE test_results ATTACH PARTITION rest DEFAULT;
         CREATE TABLE other (LIKE test_runs INCLUDING DEFAULTS INCLUDING CONSTRAINTS); ALTER TABLE test_runs ATTACH PARTITION other DEFAULT;
         INSERT INTO test_results (team_id, test_run_id, test_name, outcome, created_at)
         VALUES ('${database.team.id}', gen_random_uuid(), 't', 'passed', '${day(50)}');
         INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows)
         VALUES ('${database.team.id}', sha256('a'), gen_random_uuid(), '${day(50)}', sha256('b'), 1, 0)`,
      ),
    );
    const done = await retain(db, everything);
    expect(done.months.map(({ partition }) => partition)).toEqual(
      ['test_results', 'coverage_data', 'test_runs'].map((table) => named(table, 40)),
    );
    expect(done.kept.map(({ partition }) => partition).sort()).toEqual(['other', 'rest']);
    expect(await results()).toBe(1);
    expect(await rowsIn(db, 'SELECT count(*)::int AS n FROM ingest_uploads')).toEqual([{ n: 1 }]);
  });

  test('is never a table that is only called like one', async () => {
    await asOwnerIn(db, () =>
      db.script(`CREATE TABLE test_results_2019_01 (id int); CREATE TABLE test_results_archive (id int)`),
    );
    expect((await retain(db, everything)).months).toEqual([]);
    expect([await exists('test_results_2019_01'), await exists('test_results_archive')]).toEqual([
      true,
      true,
    ]);
    await scriptIn(db, 'DROP TABLE test_results_2019_01, test_results_archive');
  });
});

describe('a retention that was cut off', () => {
  const old = named('test_results', 14);
  const fill = () => fillMonths(db, { teamId: database.team.id, back: [14], runs: 6, tests: 3, files: 0 });
  const onlyResults: RetainOptions = { ...everything, tables: ['test_results'] };
  /** Lets the database fail at the first statement that fits, and everything after it. */
  const cutAt = (pattern: RegExp): Database => {
    let cut = false;
    const guard = (sql: string) => {
      cut ||= pattern.test(sql);
      if (cut) throw new Error('cut off');
    };
    return {
      ...db,
      query: async (sql, params) => {
        guard(sql);
        return db.query(sql, params);
      },
      run: async (sql, params) => {
        guard(sql);
        return db.run(sql, params);
      },
      script: async (sql) => {
        guard(sql);
        return db.script(sql);
      },
      outside: async (sql) => {
        guard(sql);
        return db.outside(sql);
      },
    };
  };

  const cuts = [
    ['before the month is detached', /CONCURRENTLY/],
    ['once it is detached', /SELECT FROM lukhas_retirements n JOIN/],
    ['while it is summed', /UPDATE lukhas_retirements/],
    ['before it is dropped', /^DELETE FROM lukhas_retirements n USING/],
    ['while it is dropped', /^DROP TABLE/],
  ] as const;
  test.each(some(cuts, 2))('%s goes on, and counts each row once', async (_, pattern) => {
    await makeMonths(db, [14]);
    await fill();
    await expect(retain(cutAt(pattern), onlyResults)).rejects.toThrow('cut off');
    expect(await exists(old)).toBe(true);
    // What is on its way out is no damage.
    expect((await describeDamage(db, 'public')).slower).toEqual([]);
    const done = await retain(db, onlyResults);
    expect(done.months.map(({ partition }) => partition)).toEqual([old]);
    expect([await exists(old), await summed()]).toEqual([false, 18]);
    expect(await rowsIn(db, 'SELECT FROM lukhas_retirements')).toEqual([]);
  });

  test('with a DETACH that a reader holds up is pending, is told, and is ended by the next one', async () => {
    await makeMonths(db, [14]);
    await fill();
    const reader = new pg.Client({ connectionString: database.adminUrl, application_name: 'long report' });
    await reader.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT count(*) FROM test_results');
    const told: string[] = [];
    const { left, months } = await retain(db, {
      ...onlyResults,
      waitMs: 2_500,
      onWait: (message) => told.push(message),
    });
    expect(months).toEqual([]);
    expect(left[0]?.message).toMatch(
      /^test_results, test_results_\d{4}_\d\d: left for the next time, because of pid \d+ \(login postgres, application long report/,
    );
    expect(told[0]).toContain('waiting for pid');
    expect(
      await rowsIn(db, 'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhdetachpending'),
    ).toEqual([{ name: old }]);
    await makeMonths(db, [15]);
    // By a longer time it stays; whoever looks for other months is told what is in their way.
    const days = Math.ceil((Date.now() - Date.parse(day(13))) / 86_400_000) + 3;
    const longer = readPolicy([`test_results=${days} days`]);
    const stuck = await retain(db, { ...onlyResults, policy: longer });
    expect(stuck.months).toEqual([]);
    expect(stuck.left[0]?.message).toContain(
      `because of ${old}: an earlier retention began to detach it, and by this one it stays`,
    );
    await reader.end();
    expect((await retain(db, onlyResults)).months.map(({ partition }) => partition)).toEqual([
      old,
      named('test_results', 15),
    ]);
    expect([await exists(old), await summed()]).toEqual([false, 18]);
  }, 300_000);

  test('is not finished where it was cut off before the DETACH and the time is longer now', async () => {
    await makeMonths(db, [14]);
    await fill();
    await expect(retain(cutAt(/CONCURRENTLY/), onlyResults)).rejects.toThrow('cut off');
    const longer = { ...onlyResults, policy: readPolicy(['test_results=2 years']) };
    expect(await retain(db, longer)).toMatchObject({ months: [], kept: [] });
    expect(await results()).toBe(18);
    expect(
      await rowsIn(
        db,
        `SELECT obj_description('${old}'::regclass) AS mark, (SELECT count(*)::int FROM lukhas_retirements) AS notes`,
      ),
    ).toEqual([{ mark: null, notes: 0 }]);
  });

  test('and had detached a month that by a longer time stays drops nothing, and says so', async () => {
    await makeMonths(db, [14]);
    await fill();
    await expect(retain(cutAt(/SELECT FROM lukhas_retirements n JOIN/), onlyResults)).rejects.toThrow(
      'cut off',
    );
    const longer = { ...onlyResults, policy: readPolicy(['test_results=2 years']) };
    const done = await retain(db, longer);
    expect(done).toMatchObject({
      months: [],
      kept: [{ partition: old, why: expect.stringContaining('attach it again') }],
    });
    expect(await exists(old)).toBe(true);
    await retain(db, onlyResults);
  });

  test('leaves a table of that name alone that is not the one it detached', async () => {
    await makeMonths(db, [14]);
    await expect(retain(cutAt(/SELECT FROM lukhas_retirements n JOIN/), onlyResults)).rejects.toThrow(
      'cut off',
    );
    await asOwnerIn(db, () => db.script(`DROP TABLE ${old}; CREATE TABLE ${old} (precious int)`));
    const done = await retain(db, onlyResults);
    expect(done).toMatchObject({
      months: [],
      kept: [{ partition: old, why: expect.stringContaining('this is not it') }],
    });
    expect(await rowsOf(database.adminUrl, `SELECT precious FROM ${old}`)).toEqual([]);
    await scriptIn(db, `DROP TABLE ${old}; DELETE FROM lukhas_retirements`);
  });

  test('by two at once does the work of one', async () => {
    await makeMonths(db, [14, 15]);
    await fill();
    const other = await connect();
    const both = await Promise.all([retain(db, onlyResults), retain(other, onlyResults)]);
    await other.close();
    expect(both.flatMap(({ months }) => months.map(({ partition }) => partition)).sort()).toEqual(
      [old, named('test_results', 15)].sort(),
    );
    expect([await summed(), (await storedSums(db)).length > 0]).toEqual([18, true]);
  });
});
