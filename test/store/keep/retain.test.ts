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
  // The embedded database takes long to make a month.
  const isSmall = name !== 'PostgreSQL 15';
  /** Months back that are past the year of results, and those that are not. */
  const [old, young] = isSmall
    ? [[38, 14], [1]]
    : [
        [38, 14, 13],
        [12, 1],
      ];
  const runs = isSmall ? 12 : 24;
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
    await makeMonths(db, [...old, ...young]);
    for (const teamId of [place.team.id, place.other.id])
      await fillMonths(db, { teamId, back: [...old, ...young], runs, tests: 6, files: 2 });
  }, 300_000);
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
      ...old.map((months) => partition('test_results', months)),
      ...old.map((months) => partition('coverage_data', months)),
    ]);
    expect(due.rows.find(({ table }) => table === 'ingest_uploads')).toEqual({
      table: 'ingest_uploads',
      rows: 2 * runs,
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
    expect(results.length).toBeGreaterThan(70);
    const trendBefore = await trend();
    const done = await retain(db, { ...everything, ...connect() });
    const gone = [
      partition('test_runs', 38),
      ...['test_results', 'coverage_data'].flatMap((table) => old.map((months) => partition(table, months))),
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
    expect(trendBefore.filter(({ onBase }) => onBase).length).toBeGreaterThan(3);
    // The keys of runs that are there stay, or they could be stored again.
    expect(await place.look('SELECT count(*)::int AS n FROM ingest_uploads')).toEqual([
      { n: (old.length - 1 + young.length) * 2 * runs },
    ]);
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
       SELECT team_id, gen_random_uuid(), test_name, 'passed', 1, month::timestamp AT TIME ZONE 'UTC', line_id FROM test_months JOIN test_names USING (team_id, test_id)
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

  test('rows go that are past their time, and those that go with runs', async () => {
    await rowsIn(
      db,
      `INSERT INTO sessions (lambda_id, session_token, expires_at) SELECT NULL, token, now() - ago FROM (VALUES
         ('old', interval '8 days'), ('ended', '6 days'), ('open', '-1 hour')) AS s (token, ago) RETURNING id`,
    );
    await rowsIn(
      db,
      `INSERT INTO consciousness_reviews (team_id, git_sha, matriz_analysis, created_at) SELECT '${place.team.id}', sha, '{}', now() - ago
       FROM (VALUES ('old', interval '7 months'), ('young', '5 months')) AS r (sha, ago) RETURNING id`,
    );
    // As the runs of those months are.
    await rowsIn(
      db,
      `INSERT INTO missing_reports (team_id, upload_key, reason, uploaded_at) SELECT '${place.team.id}', sha256(convert_to(n::text, 'UTF8')), 'none', now() - n * interval '1 month'
       FROM unnest(ARRAY[38, 14]) AS n RETURNING reason`,
    );
    await rowsIn(
      db,
      `WITH m AS (INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${place.team.id}', 'told', 's', 'x') RETURNING team_id, id)
       INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown, counted)
       SELECT team_id, id, gen_random_uuid(), now() - n * interval '1 month', n || coalesce(counted, ''), true, counted
       FROM m, (VALUES (38, NULL), (38, 'worked'), (14, NULL)) AS n (n, counted) RETURNING run_id`,
    );
    const due = await plan(db, documented, keptTables);
    const done = await retain(db, { ...everything, ...connect() });
    const counts = (rows: typeof done.rows) => Object.fromEntries(rows.map((one) => [one.table, one.rows]));
    expect(counts(done.rows)).toEqual(counts(due.rows));
    expect(counts(done.rows)).toMatchObject({
      sessions: 1,
      consciousness_reviews: 1,
      missing_reports: 1,
      healix_matches: 1,
      ingest_uploads: 0,
      healix_memories: 0,
    });
    expect(await place.look('SELECT session_token FROM sessions ORDER BY 1')).toEqual([
      { session_token: 'ended' },
      { session_token: 'open' },
    ]);
    expect(await place.look('SELECT test_name FROM healix_matches ORDER BY 1')).toEqual([
      { test_name: '14' },
      { test_name: '38worked' },
    ]);
    expect(done.vacuumed).toEqual(
      expect.arrayContaining(['sessions', 'webauthn_credentials', 'consciousness_reviews']),
    );
  });

  test('memories below 0.5 are retired after six months, unless they worked, a person changed them, or a breakage is open', async () => {
    // Name, confidence, months since it was added, since it last worked, since its last change, and what a breakage of it came to.
    const memories = [
      ['low', 0.4, 7, null, 7, null],
      ['low and of no month', 0.4, 5, null, 5, null],
      ['sure enough', 0.5, 7, null, 7, null],
      ['worked since', 0.4, 7, 2, 2, null],
      ['worked long ago', 0.4, 20, 8, 8, null],
      ['changed by a person', 0.4, 7, null, 1, null],
      ['failed since', 0.2, 7, null, 1, 'failed'],
      ['failed, then changed by a person', 0.2, 7, null, 0, 'failed'],
      ['with an open breakage', 0.4, 7, null, 7, 'open'],
      ['without confidence', null, 7, null, 7, null],
    ] as const;
    await rowsIn(
      db,
      `WITH given AS (
         SELECT * FROM json_to_recordset($1::json) AS g (name text, confidence numeric, added int, worked int, changed int, came text)
       ), made AS (
         INSERT INTO healix_memories (team_id, test_name, failure_signature, solution, confidence, created_at, last_applied, updated_at)
         SELECT '${place.team.id}', name, 'sig', 'do', confidence, now() - added * interval '1 month', now() - worked * interval '1 month',
           now() - changed * interval '1 month' FROM given RETURNING team_id, id, test_name
       )
       INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown, outcome, ended_at, counted)
       SELECT team_id, id, gen_random_uuid(), now() - interval '1 month', test_name, true, came, now() - interval '1 month' - interval '1 hour',
         CASE came WHEN 'failed' THEN 'failed' END
       FROM made JOIN given ON name = test_name WHERE came IS NOT NULL RETURNING run_id`,
      [
        JSON.stringify(
          memories.map(([name, confidence, added, worked, changed, came]) => ({
            name,
            confidence,
            added,
            worked,
            changed,
            came,
          })),
        ),
      ],
    );
    await retain(db, { ...everything, ...connect() });
    const gone = await place.look(
      'SELECT test_name FROM healix_memories WHERE deleted_at IS NOT NULL ORDER BY 1',
    );
    expect(gone.map(({ test_name }) => test_name)).toEqual(['failed since', 'low', 'worked long ago']);
  });

  test('a longer time keeps what a shorter one lets go', async () => {
    await makeMonths(db, [15]);
    const longer = await plan(db, readPolicy(['test_results=18 months']), ['test_results']);
    expect(longer.months).toEqual([]);
    const shorter = await plan(db, documented, ['test_results']);
    expect(shorter.months.map((month) => month.partition)).toEqual([partition('test_results', 15)]);
  });
});
