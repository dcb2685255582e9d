// Retention on both databases: which months and rows go, and that their sums are those of the rows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/store/database/port.ts';
import { documented, keptTables, readPolicy } from '../../../src/store/keep/policy.ts';
import { plan, retain } from '../../../src/store/keep/retain.ts';
import { monthsOfTest } from '../../../src/store/keep/trend.ts';
import { openAccess } from '../../../src/store/schema/access.ts';
import { coverageSums, expectedSums, fillMonths, makeMonths, storedSums } from '../../support/old-months.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';
import { rowsIn } from '../../support/sql.ts';

const monthBack = (months: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)).toISOString().slice(0, 7);
};
const partition = (table: string, months: number): string =>
  `${table}_${monthBack(months).replace('-', '_')}`;

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  let db: Database;
  const everything = { policy: documented, tables: keptTables };
  const connect = (): { connect?: Place['administer'] } =>
    place.isEmbedded ? {} : { connect: place.administer };
  const partitions = async () =>
    (
      await place.look(`SELECT i.inhrelid::regclass::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
      WHERE c.relname IN ('test_runs', 'test_results', 'coverage_data') ORDER BY 1`)
    ).map((row) => String(row.name));
  beforeAll(async () => {
    place = await createPlace(name);
    db = await place.administer();
    await makeMonths(db, [38, 14, 13, 12, 1]);
    for (const teamId of [place.team.id, place.other.id])
      await fillMonths(db, { teamId, back: [38, 14, 13, 12, 1], runs: 24, tests: 6, files: 2 });
  }, 60_000);
  afterAll(async () => {
    await db.close();
    await place.remove();
  });

  test('a plan names what is past its time by upper bounds, and changes nothing', async () => {
    const before = await partitions();
    const due = await plan(db, documented, keptTables);
    expect(due.kept).toEqual([]);
    expect(due.months.map((month) => month.partition)).toEqual([
      partition('test_runs', 38),
      ...[38, 14, 13].map((months) => partition('test_results', months)),
      ...[38, 14, 13].map((months) => partition('coverage_data', months)),
    ]);
    expect(due.rows.find(({ table }) => table === 'ingest_uploads')).toEqual({
      table: 'ingest_uploads',
      rows: 48,
      how: 'deleted',
    });
    expect(await partitions()).toEqual(before);
  });

  test('what is past its time goes and nothing else, and its sums are those of its rows', async () => {
    const until = new Date(`${monthBack(12)}-01T00:00:00Z`);
    const [results, coverage, before] = [
      await expectedSums(db, until),
      await coverageSums(db, until),
      await partitions(),
    ];
    expect(results.length).toBeGreaterThan(100);
    const trendBefore = await trend();
    const done = await retain(db, { ...everything, ...connect() });
    const gone = [
      partition('test_runs', 38),
      ...['test_results', 'coverage_data'].flatMap((table) =>
        [38, 14, 13].map((months) => partition(table, months)),
      ),
    ];
    expect(done.months.map((month) => month.partition).sort()).toEqual(gone.sort());
    expect(await partitions()).toEqual(before.filter((one) => !gone.includes(one)));
    expect(await place.look('SELECT * FROM lukhas_retirements')).toEqual([]);
    expect(await storedSums(db)).toEqual(results);
    expect(await coverageSums(db, undefined)).toEqual(coverage);
    expect(
      await place.look(`SELECT DISTINCT repository, job_name, lane, step FROM test_lines ORDER BY 2`),
    ).toEqual([
      { repository: 'acme/shop', job_name: 'tests (0)', lane: 'unit', step: null },
      { repository: 'acme/shop', job_name: 'tests (1)', lane: null, step: null },
    ]);
    // The question about three years: the same before and after, but for the month before them.
    expect(await trend()).toEqual(trendBefore);
    expect(trendBefore.filter(({ onBase }) => onBase).length).toBeGreaterThan(4);
    // The keys of runs that are there stay, or they could be stored again.
    expect(await place.look('SELECT count(*)::int AS n FROM ingest_uploads')).toEqual([{ n: 4 * 48 }]);
  });

  /** A team's own question, under row-level security. */
  async function trend() {
    // The embedded database has one connection.
    const team = place.isEmbedded ? db : await place.connect();
    try {
      const access = await openAccess(team, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      const testNames = ['tests/unit/some_package/test_module_000.py::TestSomething::test_what_it_does_3'];
      return await monthsOfTest(team, access, { testNames });
    } finally {
      if (team !== db) await team.close();
    }
  }

  test('once more changes nothing', async () => {
    const before = [await partitions(), await storedSums(db)];
    const done = await retain(db, { ...everything, ...connect() });
    expect(done.months).toEqual([]);
    expect([await partitions(), await storedSums(db)]).toEqual(before);
  });

  test('rows that come for a month that was summed are added to its sums', async () => {
    await makeMonths(db, [14]);
    await rowsIn(
      db,
      `INSERT INTO test_results (team_id, test_run_id, test_name, outcome, duration_seconds, created_at, line_id)
       SELECT team_id, gen_random_uuid(), test_name, 'passed', 1, month::timestamp AT TIME ZONE 'UTC', line_id FROM test_months
       WHERE month = date_trunc('month', now() AT TIME ZONE 'UTC')::date - interval '14 months' AND NOT on_base RETURNING team_id`,
    );
    const [before] = await place.look(
      'SELECT sum(runs)::int AS runs, sum(seconds)::int AS seconds, count(*)::int AS sums FROM test_months',
    );
    const done = await retain(db, { ...everything, ...connect() });
    const rows = done.months.find(({ table }) => table === 'test_results')?.rows ?? 0;
    expect(rows).toBeGreaterThan(10);
    expect(
      await place.look(
        'SELECT sum(runs)::int AS runs, sum(seconds)::int AS seconds, count(*)::int AS sums FROM test_months',
      ),
    ).toEqual([
      { runs: Number(before?.runs) + rows, seconds: Number(before?.seconds) + rows, sums: before?.sums },
    ]);
  });

  test('a longer time keeps what a shorter one lets go', async () => {
    await makeMonths(db, [15]);
    const longer = await plan(db, readPolicy(['test_results=18 months']), ['test_results']);
    expect(longer.months).toEqual([]);
    const shorter = await plan(db, documented, ['test_results']);
    expect(shorter.months.map((month) => month.partition)).toEqual([partition('test_results', 15)]);
  });
});
