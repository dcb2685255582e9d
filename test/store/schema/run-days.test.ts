// The sums of a team's runs by day against the runs themselves, on both databases: while they are made, and whatever happens to runs.
import { expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect } from '../../../src/store/database/port.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { migrate } from '../../../src/store/schema/migrate.ts';
import { migrations } from '../../../src/store/schema/migrations.generated.ts';
import { createDatabase, rowsOf } from '../../support/databases.ts';
import { long } from '../../support/long.ts';
import { createPlace, placeNames } from '../../support/places.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';

const names =
  "coalesce(repository_host, '-'), coalesce(repository, '-'), coalesce(lane, '-'), coalesce(job_name, '-')";
const sums =
  'runs, green_runs, failed_runs, timed_runs, covered_runs, tests, passed, ran, seconds, coverage_sum';
/** What is kept, and what the runs say: each once for all branches, and once for its own. */
const kept = `SELECT team_id, day, evidence, ${names}, coalesce(git_branch, '*'), ${sums} FROM run_days WHERE runs <> 0`;
const counted = `SELECT team_id, (created_at AT TIME ZONE 'UTC')::date, (origin IS DISTINCT FROM 'stranger' AND (origin IS NOT NULL OR coalesce(git_branch, '') NOT LIKE '%:%'))
    AND stale IS NOT TRUE, ${names}, coalesce(branch, '*'), count(*), count(*) FILTER (WHERE failed + errors = 0), count(*) FILTER (WHERE failed > 0),
    count(duration_seconds), count(coverage_percent), sum(total_tests), sum(passed), sum(passed + failed + errors), coalesce(sum(duration_seconds), 0),
    coalesce(sum(coverage_percent), 0)
  FROM test_runs, unnest(CASE WHEN git_branch IS NULL THEN '{NULL}' ELSE ARRAY[NULL, git_branch] END) AS branch
  GROUP BY 1, 2, 3, repository_host, repository, lane, job_name, branch`;
const differing = `SELECT (SELECT count(*)::int FROM run_days) > 0 AS any,
  (SELECT count(*)::int FROM ((${kept}) EXCEPT ALL (${counted})) AS d) + (SELECT count(*)::int FROM ((${counted}) EXCEPT ALL (${kept})) AS d) AS rows`;

/** Runs of some teams, branches, jobs and days, by an administrator. */
const runs = (of: string, from: number, to: number) => `
  INSERT INTO test_runs (team_id, created_at, total_tests, passed, failed, errors, coverage_percent, duration_seconds, git_branch, repository, repository_host,
    lane, job_name, origin, stale)
  SELECT t.id, date_trunc('month', now()) + n % 400 * interval '1 hour' - n % 3 * interval '20 days', 10, 10 - n % 3, n % 3 / 2, n % 3 - n % 3 / 2,
    CASE WHEN n % 4 = 0 THEN n % 90 + 0.25 END, CASE WHEN n % 5 > 0 THEN n / 7.0 END, (ARRAY['main', 'feature/1', 'ann:patch', NULL])[1 + n % 4],
    CASE WHEN n % 6 > 0 THEN 'acme/shop' END, CASE WHEN n % 2 = 0 THEN 'github.com' END, CASE WHEN n % 7 = 0 THEN 'nightly' END,
    'tests (' || n % 3 || ')', (ARRAY['team', 'stranger', NULL])[1 + n % 3], n % 11 = 0
  FROM generate_series(${from}, ${to}) AS n, teams t WHERE ${of}`;

test.each(long ? placeNames : placeNames.slice(0, 1))(
  'the sums of days are those of the runs, on %s',
  async (name) => {
    const place = await createPlace(name);
    const look = async () => (await place.look(differing))[0];
    try {
      const save = (key: string, coverage = 0) =>
        saveRun(
          place.connect,
          makeUpload(key, {
            teamSlug: place.teamSlug,
            payloadSha256: (coverage > 0 ? 'b' : 'a').repeat(64),
            resultsSha256: 'a'.repeat(64),
          }),
          sourceOf([makeResult(1), makeFailure(2)], coverage > 0 ? [makeCoverage(1)] : []),
          makeOptions(),
        );
      await Promise.all(['one', 'two', 'three'].map((key) => save(key)));
      expect(await look()).toEqual({ any: true, rows: 0 });
      expect(await save('one', 1)).toMatchObject({ addedCoverage: true });
      expect(await look()).toEqual({ any: true, rows: 0 });

      await place.look('SELECT ensure_partitions(1, 2)');
      await place.look(runs('true', 1, 120));
      expect(await look()).toEqual({ any: true, rows: 0 });
      await place.look(
        "UPDATE test_runs SET failed = failed + 1, git_branch = 'moved', coverage_percent = NULL WHERE total_tests = 10 AND passed = 9",
      );
      expect(await look()).toEqual({ any: true, rows: 0 });
      await place.look("DELETE FROM test_runs WHERE git_branch IS NULL OR job_name = 'tests (1)'");
      expect(await look()).toEqual({ any: true, rows: 0 });

      // As docs/database.md makes them anew.
      await place.look('DELETE FROM run_days');
      expect(await look()).toEqual({ any: false, rows: expect.any(Number) });
      await place.look(
        `DO $$ BEGIN EXECUTE format(lukhas_run_sums(), 'SELECT 1 AS sign, r.* FROM test_runs r'); END $$`,
      );
      expect(await look()).toEqual({ any: true, rows: 0 });
    } finally {
      await place.remove();
    }
  },
);

test('runs that are stored while their sums are made are summed once', async () => {
  const database = await createDatabase();
  const connect: Connect = (limits) => openPostgres(database.adminUrl, limits);
  const until = async (list: typeof migrations) => {
    const db = await connect({ stallMs: 30_000 });
    await migrate(db, { list, connect });
    await db.close();
  };
  const before = migrations.slice(
    0,
    migrations.findIndex(({ name }) => name === 'run-days'),
  );
  await until(before);
  await rowsOf(database.adminUrl, "INSERT INTO teams (name, slug) VALUES ('a', 'a'), ('b', 'b')");
  await rowsOf(database.adminUrl, 'SELECT ensure_partitions(1, 2)');
  await rowsOf(database.adminUrl, runs('true', 1, 500));
  const beside = ['a', 'b'].map(async (slug, one) => {
    for (let round = 0; round < 12; round++)
      await rowsOf(database.adminUrl, runs(`slug = '${slug}'`, 1000 * one, 1000 * one + 20));
  });
  await until(migrations);
  await Promise.all(beside);
  await rowsOf(database.adminUrl, runs('true', 501, 520));
  expect((await rowsOf(database.adminUrl, differing))[0]).toEqual({ any: true, rows: 0 });
  await database.drop();
});
