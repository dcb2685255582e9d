// Questions on both databases, by a limited login under row-level security: each figure equals plain SQL written here, as an
// administrator who names the team.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFlaky, findWorse, judgeListed } from '../../../src/asking.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { listFailures } from '../../../src/store/questions/failures.ts';
import { findRun, listRuns, readFailures } from '../../../src/store/questions/runs.ts';
import { runTypedSql } from '../../../src/store/questions/sql.ts';
import { listBlocked, readActivity, readMemoryRates, readUsage } from '../../../src/store/questions/team.ts';
import { findTest, readTimeline } from '../../../src/store/questions/tests.ts';
import { listSlow, readCoverage, readFileCoverage, readTrend } from '../../../src/store/questions/trends.ts';
import { type Access, openAccess } from '../../../src/store/schema/access.ts';
import { ensurePartitions } from '../../../src/store/schema/partitions.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';
import { fillQuestions, smallHistory, testNameOf } from '../../support/questions-history.ts';
import { runIn } from '../../support/sql.ts';

const goneTest = 'tests/test_old.py::test_of_last_month';

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
      ['slow tests', () => listSlow(db, access, {}, 5)],
      ['the trend', () => readTrend(db, access, {}, 'day')],
      ['coverage', () => readCoverage(db, access, {}, 5)],
      ['coverage of a file', () => readFileCoverage(db, access, {}, 'a.py')],
      ['regressions', () => findWorse(db, access, {}, new Date())],
      ['use', () => readUsage(db, access, {})],
    ])('%s says what to do first', async (_, ask) => {
      await expect(ask()).rejects.toMatchObject({
        code: 'no-runs',
        fix: expect.stringContaining('lukhas upload'),
      });
    });
  });

  it('has neither people nor reviews nor rates before there are any', async () => {
    expect((await readActivity(db, access, { since: new Date(0), limit: 5 })).people).toEqual([]);
    expect((await readMemoryRates(db, access, 5)).rates).toEqual([]);
    await expect(listBlocked(db, access, {}, 5)).rejects.toMatchObject({ code: 'no-reviews' });
  });

  describe('of a made history', () => {
    beforeAll(async () => {
      await db.close();
      const admin = await place.administer();
      await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 2 });
      await fillQuestions(admin, place.team.id, smallHistory);
      await fillQuestions(admin, place.other.id, { ...smallHistory, runs: 20 });
      await runIn(
        admin,
        `INSERT INTO test_results (team_id, test_run_id, created_at, line_id, test_name, test_file, outcome)
         SELECT team_id, id, created_at, line_id, $2, 'tests/test_old.py', 'passed'
         FROM test_runs WHERE team_id = $1 AND origin <> 'stranger' ORDER BY created_at LIMIT 1`,
        [place.team.id, goneTest],
      );
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
      expect(await findTest(db, access, shop, 'is_logged_41')).toBe(testNameOf(41));
      await expect(findTest(db, access, shop, 'is_logged')).rejects.toMatchObject({ code: 'test-ambiguous' });
      await expect(findTest(db, access, shop, 'test_is_loged_41')).rejects.toMatchObject({
        code: 'test-unknown',
        fix: expect.stringContaining(testNameOf(41)),
      });
    });

    it('finds a test that only older runs have, and says how many have it no more', async () => {
      expect(await findTest(db, access, shop, 'of_LAST')).toBe(goneTest);
      await expect(findTest(db, access, { ...shop, since: new Date() }, 'of_last')).rejects.toMatchObject({
        code: 'range-empty',
      });
      const { runsSince } = await readTimeline(db, access, shop, {
        testName: goneTest,
        limit: 5,
      });
      const [newer] = await look(
        `SELECT count(*)::int AS n FROM test_runs r WHERE team_id = TEAM AND line_id = (
           SELECT line_id FROM test_results WHERE team_id = TEAM AND test_name = '${goneTest}') AND created_at > (
           SELECT created_at FROM test_results WHERE team_id = TEAM AND test_name = '${goneTest}')`,
      );
      expect(runsSince).toBe(newer?.n);
      expect(runsSince).toBeGreaterThan(10);
      const [last] = await look(
        `SELECT test_name FROM test_results WHERE team_id = TEAM ORDER BY created_at DESC LIMIT 1`,
      );
      const current = await readTimeline(db, access, shop, { testName: String(last?.test_name), limit: 5 });
      expect(current.runsSince).toBe(0);
    });

    it('says where a test ran last, if not where it was asked for; and that forks are no evidence', async () => {
      const testName = testNameOf(45);
      await expect(
        readTimeline(db, access, { ...shop, job: 'tests (1)' }, { testName, limit: 5 }),
      ).rejects.toMatchObject({ code: 'range-empty', message: expect.stringContaining(testName) });
      const [fork] = await look(
        `SELECT git_branch FROM test_runs WHERE team_id = TEAM AND origin = 'stranger' LIMIT 1`,
      );
      const scope = { ...shop, branch: String(fork?.git_branch), since: new Date(0) };
      for (const ask of [() => readTrend(db, access, scope, 'day'), () => findFlaky(db, access, scope)])
        await expect(ask()).rejects.toMatchObject({ code: 'no-evidence' });
    });

    it('tells a test run by run', async () => {
      const testName = testNameOf(45);
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

    it('puts failures together as well where a run counts them all as errors', async () => {
      const found = await listFailures(db, access, shop, 1000);
      const swapErrors = async () => {
        await db.close();
        const admin = await place.administer();
        // Every third red run, of forks as well.
        await runIn(
          admin,
          `UPDATE test_runs r SET errors = failed, failed = errors FROM (
             SELECT id, row_number() OVER (PARTITION BY origin ORDER BY created_at) AS n FROM test_runs WHERE team_id = $1 AND failed + errors > 0) AS red
           WHERE r.team_id = $1 AND r.id = red.id AND red.n % 3 = 1`,
          [place.team.id],
        );
        await admin.close();
        db = await place.connect();
      };
      await swapErrors();
      const [counted] = await look(
        `SELECT count(*) FILTER (WHERE failed > 0 AND origin <> 'stranger')::int AS failed, count(*) FILTER (WHERE errors > 0 AND origin <> 'stranger')::int AS errors,
           count(*) FILTER (WHERE errors > 0 AND origin = 'stranger')::int AS foreign_errors FROM test_runs WHERE team_id = TEAM`,
      );
      const then = await listFailures(db, access, shop, 1000);
      await swapErrors();
      expect(Object.values(counted ?? {}).map((runs) => Number(runs) > 0)).toEqual([true, true, true]);
      expect(then).toEqual(found);
    });

    it('lists as flaky exactly what the judge calls so, with the evidence', async () => {
      const { tests, suspects } = await findFlaky(db, access, shop);
      expect(tests.length).toBeGreaterThan(0);
      expect(suspects).toBeGreaterThanOrEqual(tests.length);
      for (const one of tests) {
        // The made history has one kind of test that fails by chance.
        expect(Number(/_(\d+)(?:\[|$)/.exec(one.testName)?.[1]) % 4).toBe(1);
        expect(one.errorType).toBe('TimeoutError');
        expect(one.failures).toBeGreaterThanOrEqual(2);
        expect(one.attempts).toBeGreaterThan(one.failures);
      }
      // Each red run in which nothing but flaky tests failed is paid for once.
      const names = new Set(tests.map(({ testName }) => testName));
      const runs = await look(
        `SELECT r.duration_seconds::float8 AS seconds, array_agg(x.test_name::text) AS names FROM test_runs r
         JOIN test_results x ON x.team_id = r.team_id AND x.test_run_id = r.id AND x.outcome = 'failed'
         WHERE r.team_id = TEAM AND r.origin = 'team' AND r.created_at >= (
           SELECT max(created_at) FROM test_runs WHERE team_id = TEAM AND origin = 'team') - interval '30 days'
         GROUP BY r.id, r.duration_seconds`,
      );
      const paid = runs.filter((row) => (row.names as string[]).every((one) => names.has(one)));
      expect(paid.length).toBeGreaterThan(0);
      expect(paid.length).toBeLessThan(runs.length);
      expect(tests.reduce((sum, one) => sum + (one.costSeconds ?? 0), 0)).toBeCloseTo(
        paid.reduce((sum, row) => sum + Number(row.seconds), 0),
        6,
      );
      if (place.isEmbedded) return;
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

    it('finds the fixture that broke on main this week, as one, and nothing else', async () => {
      const found = await findWorse(db, access, shop, new Date());
      expect(found).toMatchObject({ branches: ['main'], isCut: false, moreSuites: false });
      expect(
        found.regressions.map(({ kind, name, tests, isRedNow }) => [kind, name.slice(36), tests, isRedNow]),
      ).toEqual([['cause', 'tests/conftest.py:33', 2, true]]);
      const [one] = found.regressions;
      const [row] = await look(
        `SELECT count(DISTINCT r.git_sha)::int AS commits, count(DISTINCT r.git_sha) FILTER (WHERE x.cause_key IS NOT NULL)::int AS failed
         FROM test_runs r LEFT JOIN test_results x ON x.team_id = r.team_id AND x.test_run_id = r.id AND x.cause_key LIKE '%conftest.py:33'
         WHERE r.team_id = TEAM AND r.git_branch = 'main' AND r.job_name = 'tests (2)' AND r.created_at >= now() - interval '7 days'`,
      );
      expect(one?.now).toEqual({ units: row?.commits, failed: row?.failed });
      expect(one?.before.failed).toBe(0);
    });

    it('adds up the time of tests as plain SQL does', async () => {
      const found = await listSlow(db, access, { ...shop, branch: 'main' }, 5);
      const rows = await look(
        `SELECT x.test_name, count(*)::int AS runs, sum(x.duration_seconds)::float8 AS total, max(x.duration_seconds)::float8 AS most
         FROM test_results x JOIN test_runs r ON r.team_id = x.team_id AND r.id = x.test_run_id
         WHERE x.team_id = TEAM AND r.git_branch = 'main' GROUP BY 1 ORDER BY total DESC, 1 LIMIT 5`,
      );
      expect(found.tests.map((one) => [one.testName, one.runs, one.totalSeconds, one.mostSeconds])).toEqual(
        rows.map((row) => [row.test_name, row.runs, row.total, row.most]),
      );
      expect(found.more).toBe(false);
    });

    it('takes the runs of a day together as plain SQL does', async () => {
      const points = await readTrend(db, access, shop, 'day');
      const rows = await look(
        `SELECT (created_at AT TIME ZONE 'UTC')::date::text AS day, count(*)::int AS runs, (count(*) FILTER (WHERE failed = 0))::int AS green,
           (100.0 * sum(passed) / sum(passed + failed))::float8 AS pass, avg(coverage_percent)::float8 AS coverage
         FROM test_runs WHERE team_id = TEAM AND origin = 'team' GROUP BY 1 ORDER BY 1`,
      );
      expect(rows.length).toBeGreaterThan(20);
      expect(
        points.map((one) => [
          one.start.toISOString().slice(0, 10),
          one.runs,
          one.green,
          one.passPercent,
          one.coveragePercent ?? null,
        ]),
      ).toEqual(rows.map((row) => [row.day, row.runs, row.green, row.pass, row.coverage]));
    });

    it('shows the coverage of the newest run, and of one file by day', async () => {
      const all = await readCoverage(db, access, shop, 2);
      expect(all.total).toBe(smallHistory.files);
      const file = await readFileCoverage(db, access, shop, 'module_2.py');
      expect(file.filePath).toBe('src/shop/module_2.py');
      expect(file.coveredLines.length + file.missingLines.length).toBe(40);
      expect(file.missingLines).toHaveLength(file.missingStatements);
      const rows = await look(
        `SELECT (c.created_at AT TIME ZONE 'UTC')::date::text AS day, avg(c.coverage_percent)::float8 AS percent, count(*)::int AS runs
         FROM coverage_data c JOIN test_runs r ON r.team_id = c.team_id AND r.id = c.test_run_id
         WHERE c.team_id = TEAM AND c.file_path = 'src/shop/module_2.py' AND r.origin = 'team' GROUP BY 1 ORDER BY 1`,
      );
      expect(file.days.map((one) => [one.day.toISOString().slice(0, 10), one.percent, one.runs])).toEqual(
        rows.map((row) => [row.day, row.percent, row.runs]),
      );
      await expect(readFileCoverage(db, access, shop, 'modul_2.py')).rejects.toMatchObject({
        code: 'file-unknown',
        fix: 'Did you mean src/shop/module_2.py?',
      });
      await expect(readFileCoverage(db, access, shop, 'module')).rejects.toMatchObject({
        code: 'file-ambiguous',
      });
    });

    it('counts months, people, rates and blocked reviews as plain SQL does', async () => {
      const months = await readUsage(db, access, {});
      const [whole] = await look(
        'SELECT count(*)::int AS runs, sum(total_tests)::float8 AS tests, count(*) FILTER (WHERE failed > 0)::int AS failed FROM test_runs WHERE team_id = TEAM',
      );
      const sum = (of: (month: (typeof months)[number]) => number) =>
        months.reduce((total, month) => total + of(month), 0);
      expect({
        runs: sum((m) => m.runs),
        tests: sum((m) => m.tests),
        failed: sum((m) => m.failedRuns),
      }).toEqual(whole);
      const { people } = await readActivity(db, access, { since: new Date(0), limit: 10 });
      const logins = await look(
        'SELECT lambda_id, display_name FROM users WHERE team_id = TEAM AND last_login_at IS NOT NULL',
      );
      expect(people).toHaveLength(3);
      // Who never logged in comes last.
      expect(people.at(-1)?.lastLoginAt).toBeUndefined();
      expect(people.slice(0, 2).map((one) => [one.lambdaId, one.displayName])).toEqual(
        expect.arrayContaining(logins.map((row) => [row.lambda_id, row.display_name])),
      );
      const { rates } = await readMemoryRates(db, access, 100);
      const [tried] = await look(
        'SELECT count(*)::int AS n FROM healix_memories WHERE team_id = TEAM AND success_count + failure_count >= 5',
      );
      expect(rates).toHaveLength(Number(tried?.n));
      expect(rates.map((one) => one.successRate)).toEqual(
        rates.map((one) => one.successRate).toSorted((a, b) => b - a),
      );
      const { reviews } = await listBlocked(db, access, {}, 100);
      const [blocked] = await look(
        `SELECT count(*)::int AS n FROM consciousness_reviews WHERE team_id = TEAM AND matriz_analysis @> '{"stars": {"guardian": {"status": "BLOCKED"}}}'`,
      );
      expect(reviews).toHaveLength(Number(blocked?.n));
      expect(reviews[0]?.guardian).toMatchObject({ status: 'BLOCKED' });
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
      it('gives a login of CI names and last logins of its own team, and no address', async () => {
        const read = (column: string) =>
          runTypedSql(db, access, `SELECT ${column} FROM users`, { seconds: 5 }).then(
            ({ rows }) => rows.length,
          );
        expect([await read('display_name'), await read('last_login_at')]).toEqual([3, 3]);
        for (const column of ['email', 'role', 'permissions'])
          await expect(read(column)).rejects.toMatchObject({ code: 'sql' });
      });

    if (name === 'PostgreSQL 15')
      it('ends a statement that takes too long', async () => {
        await expect(runTypedSql(db, access, 'SELECT pg_sleep(5)', { seconds: 0.05 })).rejects.toMatchObject({
          code: 'sql-timeout',
        });
      });
  });
});
