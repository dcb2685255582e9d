// Questions on both databases, by a limited login under row-level security: each figure equals plain SQL written here, as an
// administrator who names the team.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFlaky, judgeListed } from '../../../src/asking.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { listFailures } from '../../../src/store/questions/failures.ts';
import { findRun, listRuns, readFailures } from '../../../src/store/questions/runs.ts';
import { runTypedSql } from '../../../src/store/questions/sql.ts';
import { findTest, readTimeline } from '../../../src/store/questions/tests.ts';
import { type Access, openAccess } from '../../../src/store/schema/access.ts';
import { ensurePartitions } from '../../../src/store/schema/partitions.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';
import { fillQuestions, smallHistory } from '../../support/questions-history.ts';

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  let db: Database;
  let access: Access;
  const shop = { repository: { name: 'acme/shop', host: undefined } };
  const look = (sql: string) => place.look(sql.replaceAll('TEAM', `'${place.team.id}'`));

  beforeAll(async () => {
    place = await createPlace(name);
    db = await place.connect();
    access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
  });

  describe('of a team without a run', () => {
    it.each([
      ['runs', () => listRuns(db, access, {}, 5)],
      ['the last run', () => findRun(db, access, {}, 'last')],
      ['a run', () => findRun(db, access, {}, '01a21c34')],
      ['a test', () => findTest(db, access, {}, 'test_x')],
      ['failures', () => listFailures(db, access, {}, 5)],
      ['flaky tests', () => findFlaky(db, access, {})],
    ])('%s says what to do first', async (_, ask) => {
      await expect(ask()).rejects.toMatchObject({
        code: 'no-runs',
        fix: expect.stringContaining('lukhas upload'),
      });
    });
  });

  describe('of a made history', () => {
    beforeAll(async () => {
      await db.close();
      const admin = await place.administer();
      await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 2 });
      await fillQuestions(admin, place.team.id, smallHistory);
      await fillQuestions(admin, place.other.id, { ...smallHistory, runs: 20 });
      await admin.close();
      db = await place.connect();
    });

    it('lists the newest runs of a branch as plain SQL does', async () => {
      const { items, more } = await listRuns(db, access, { ...shop, branch: 'main' }, 7);
      const rows = await look(
        `SELECT id::text, total_tests, failed, coverage_percent::float8 AS coverage, created_at FROM test_runs
         WHERE team_id = TEAM AND git_branch = 'main' ORDER BY created_at DESC LIMIT 7`,
      );
      expect(more).toBe(true);
      expect(
        items.map((run) => [
          run.runId,
          run.totals.total,
          run.totals.failed,
          run.totals.coveragePercent ?? null,
        ]),
      ).toEqual(rows.map((row) => [row.id, row.total_tests, row.failed, row.coverage]));
      expect(items[0]).toMatchObject({ repository: 'acme/shop', origin: 'team', branch: 'main' });
    });

    it('finds a run by its first digits, and tells what is near', async () => {
      const last = await findRun(db, access, shop, 'last');
      expect(await findRun(db, access, shop, last.runId.slice(0, 13))).toEqual(last);
      const wrong = `${last.runId.slice(0, 8)}ffff`;
      await expect(findRun(db, access, shop, wrong)).rejects.toMatchObject({
        code: 'run-unknown',
        fix: expect.stringContaining(last.runId),
      });
      await expect(findRun(db, access, shop, last.runId.slice(0, 4))).rejects.toMatchObject({
        code: 'run-ambiguous',
      });
      await expect(findRun(db, access, shop, 'zz')).rejects.toMatchObject({ code: 'run-unknown' });
    });

    it.each([
      [{ branch: 'mian' }, 'branch-unknown', 'Did you mean main?'],
      [{ job: 'tests (3)' }, 'job-unknown', 'Did you mean tests ('],
      [{ lane: 'nightly' }, 'lane-unknown', 'No run names a lane.'],
      [{ repository: { name: 'acme/shpo', host: undefined } }, 'repository-unknown', 'acme/shop'],
      [{ since: new Date(Date.now() - 60_000) }, 'range-empty', '--since'],
      [{ branch: 'main', job: 'tests (1)', since: new Date(Date.now() - 60_000) }, 'range-empty', '--since'],
    ])('says of %j what there is instead', async (scope, code, fix) => {
      await expect(listRuns(db, access, { ...shop, ...scope }, 5)).rejects.toMatchObject({
        code,
        fix: expect.stringContaining(fix),
      });
    });

    it('finds a test by a part of its name, and names the nearest', async () => {
      expect(await findTest(db, access, shop, 'test_case_41')).toBe(
        'tests/area_41/test_module_41.py::TestArea::test_case_41',
      );
      await expect(findTest(db, access, shop, 'case_4')).rejects.toMatchObject({ code: 'test-ambiguous' });
      await expect(findTest(db, access, shop, 'test_caze_41')).rejects.toMatchObject({
        code: 'test-unknown',
        fix: expect.stringContaining('test_case_41'),
      });
    });

    it('tells a test run by run', async () => {
      const testName = 'tests/area_45/test_module_45.py::TestArea::test_case_45';
      const { runs, more } = await readTimeline(db, access, { branch: 'main' }, { testName, limit: 1000 });
      const rows = await look(
        `SELECT x.test_run_id::text AS run, x.outcome, x.duration_seconds::float8 AS seconds, x.failure_signature
         FROM test_results x JOIN test_runs r ON r.id = x.test_run_id AND r.team_id = x.team_id
         WHERE x.team_id = TEAM AND x.test_name = '${testName}' AND r.git_branch = 'main' ORDER BY x.created_at DESC`,
      );
      expect(more).toBe(false);
      expect(rows.length).toBeGreaterThan(20);
      expect(
        runs.map((run) => [run.runId, run.outcome, run.durationSeconds, run.failureSignature ?? null]),
      ).toEqual(rows.map((row) => [row.run, row.outcome, row.seconds, row.failure_signature]));
    });

    it('puts failures together by cause, without forks', async () => {
      const found = await listFailures(db, access, shop, 1000);
      const rows = await look(
        `SELECT coalesce(x.cause_key, x.drift_signature) AS alike, count(*)::int AS failures, count(DISTINCT x.test_name)::int AS tests,
           count(DISTINCT x.test_run_id)::int AS runs FROM test_results x JOIN test_runs r ON r.id = x.test_run_id AND r.team_id = x.team_id
         WHERE x.team_id = TEAM AND x.outcome IN ('failed', 'error') AND r.origin <> 'stranger' GROUP BY 1`,
      );
      const figures = (list: readonly { failures: unknown; tests: unknown; runs: unknown }[]) =>
        list.map(({ failures, tests, runs }) => `${runs} ${failures} ${tests}`).sort();
      expect(figures(found.items)).toEqual(figures(rows as never));
      expect(found).toMatchObject({ total: rows.length, isCut: false });
      expect(found.failures).toBe(rows.reduce((sum, row) => sum + Number(row.failures), 0));
      const outage = found.items.find(({ causeKey }) => causeKey?.includes('conftest.py:12'));
      expect(outage).toMatchObject({ runs: 1, errorType: 'OperationalError' });
    });

    it('lists as flaky exactly what the judge calls so, with the evidence', async () => {
      const { tests, suspects } = await findFlaky(db, access, shop);
      expect(tests.length).toBeGreaterThan(0);
      expect(suspects).toBeGreaterThanOrEqual(tests.length);
      for (const one of tests) {
        expect(one.testName).toMatch(/test_case_\d+/);
        // The made history has one kind of test that fails by chance.
        expect(Number(/test_case_(\d+)/.exec(one.testName)?.[1]) % 4).toBe(1);
        expect(one.errorType).toBe('TimeoutError');
        expect(one.failures).toBeGreaterThanOrEqual(2);
        expect(one.attempts).toBeGreaterThan(one.failures);
      }
      // A run in which such a failure is judged says the same, as far as the judge's 30 days reach.
      const verdicts = new Map<string, string>();
      const { items } = await listRuns(db, access, { ...shop, branch: 'main' }, 6);
      for (const run of items.filter(({ totals }) => totals.failed > 0 && totals.failed < 5))
        for (const failure of (await judgeListed(db, access, run, undefined)).failures)
          if (!verdicts.has(failure.testName)) verdicts.set(failure.testName, failure.class);
      const flaky = new Set(tests.map(({ testName }) => testName));
      for (const [testName, novelty] of verdicts)
        if (novelty === 'flaky') expect([testName, flaky.has(testName)]).toEqual([testName, true]);
    });

    it('reads what failed in a run', async () => {
      const { items } = await listRuns(db, access, shop, 1000);
      const red = items.find(({ totals }) => totals.failed > 3);
      if (red === undefined) throw new Error('no run with failures');
      const { items: failures, more } = await readFailures(db, access, red, 2);
      expect(more).toBe(true);
      expect(failures.map(({ number }) => number)).toEqual([1, 2]);
      expect(failures[0]).toMatchObject({ outcome: 'failed', traceback: expect.stringContaining('answer(') });
    });

    it('shows another team nothing of it', async () => {
      const { items } = await listRuns(db, access, {}, 1000);
      expect(items).toHaveLength(smallHistory.runs);
      const { rows } = await runTypedSql(db, access, 'SELECT count(*) FROM test_runs', { seconds: 5 });
      expect(rows).toEqual([[String(smallHistory.runs)]]);
    });

    it('runs typed SQL as text, and lets nothing write', async () => {
      const table = await runTypedSql(
        db,
        access,
        `SELECT 1 AS n, 1.50 AS n, true AS b, NULL AS nothing, '{"a": 1}'::jsonb AS j, ARRAY[1, 2] AS l`,
        { seconds: 5 },
      );
      expect(table.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
        'n number',
        'n number',
        'b boolean',
        'nothing text',
        'j json',
        'l text',
      ]);
      expect(table.rows).toEqual([['1', '1.50', 't', null, '{"a": 1}', '{1,2}']]);
      for (const sql of [
        'DELETE FROM test_runs',
        'COMMIT',
        "DO $$ BEGIN EXECUTE 'SET TRANSACTION READ WRITE'; END $$",
        'WITH gone AS (DELETE FROM test_runs RETURNING 1) SELECT * FROM gone',
        'EXPLAIN ANALYZE INSERT INTO test_aliases DEFAULT VALUES',
        'SELECT 1; SELECT 2',
        'SELECT nothing',
        "SELECT set_config('transaction_read_only', 'off', true)",
      ]) {
        const error = await runTypedSql(db, access, sql, { seconds: 5 }).catch((error: unknown) => error);
        expect([sql, error]).toMatchObject([
          sql,
          { name: 'InputError', code: expect.stringMatching(/^sql/) },
        ]);
      }
      // The connection goes on.
      expect((await listRuns(db, access, {}, 1)).items).toHaveLength(1);
    });

    if (name === 'PostgreSQL 15')
      it('ends a statement that takes too long', async () => {
        await expect(runTypedSql(db, access, 'SELECT pg_sleep(5)', { seconds: 0.05 })).rejects.toMatchObject({
          code: 'sql-timeout',
        });
      });
  });
});
