// Saving runs on both databases: what becomes of a run, and that it becomes so once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Warning } from '../../../src/model.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect, Database } from '../../../src/store/database/port.ts';
import { listJobs } from '../../../src/store/runs/jobs.ts';
import { makeLineId } from '../../../src/store/runs/line.ts';
import { saveMissing } from '../../../src/store/runs/missing.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { makeUploadKey, runIdTime } from '../../../src/store/runs/upload-key.ts';
import { openAccess } from '../../../src/store/schema/access.ts';
import {
  createEmbedded,
  createReadyDatabase,
  type EmbeddedDatabase,
  type ReadyDatabase,
} from '../../support/databases.ts';
import {
  emptyContext,
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';
import { rowsIn } from '../../support/sql.ts';

interface Place {
  readonly connect: Connect;
  /** Looks at everything, past row-level security. */
  readonly look: (sql: string, params?: string[]) => Promise<Record<string, unknown>[]>;
  readonly team: string;
}

describe.each(['PostgreSQL 15', 'the embedded database'])('on %s', (kind) => {
  let place: Place;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    if (kind === 'PostgreSQL 15') {
      const ready: ReadyDatabase = await createReadyDatabase();
      const admin = await openPostgres(ready.adminUrl);
      place = {
        connect: (limits) => openPostgres(ready.uploadUrl, limits),
        look: (sql, params) => rowsIn(admin, sql, params),
        team: ready.team.slug,
      };
      remove = async () => {
        await admin.close();
        await ready.drop();
      };
    } else {
      const embedded: EmbeddedDatabase = await createEmbedded();
      // saveRun closes what it connects to; the embedded database stays open for the next test.
      const kept: Database = { ...embedded.db, close: async () => {} };
      place = {
        connect: async () => kept,
        look: (sql, params) => rowsIn(embedded.db, sql, params),
        team: 'local',
      };
      remove = embedded.remove;
    }
  });
  afterAll(async () => {
    await remove();
  });

  const rowsOf = async (runId: string, table = 'test_results'): Promise<Record<string, unknown>[]> =>
    place.look(`SELECT * FROM ${table} WHERE test_run_id = $1 ORDER BY id`, [runId]);

  test('a run, its results and its coverage are stored with one time and one team', async () => {
    const createdAt = new Date(Date.now() - 3_600_000);
    const upload = makeUpload('whole', {
      createdAt,
      context: {
        ...emptyContext,
        repository: 'acme/shop',
        workflowRunId: '77',
        runAttempt: 2,
        job: 'test',
        pullRequest: 12,
        baseBranch: 'main',
        gitSha: 'f'.repeat(40),
        gitBranch: 'feature/x',
        gitCommitMessage: 'Say\thello\n\nÜnïcödé \\ 🎉',
        ciSystem: 'github_actions',
        pythonVersion: '3.12.1',
        pytestVersion: '8.1.0',
        lane: 'nightly',
        markers: ['slow', 'a "b", {c}', ''],
        project: 'services/shop',
        tested: {
          gitSha: 'e'.repeat(40),
          parents: ['d'.repeat(40), 'f'.repeat(40)],
          committedAt: new Date('2026-11-20T08:00:00Z'),
          dirty: 2,
        },
        kind: 'merge',
        origin: 'stranger',
        isStale: true,
        step: 'unit',
      },
    });
    const results = [
      makeResult(1, { markers: ['unit', 'a,b'], attempts: 3 }),
      makeFailure(2, 'line one\n\tline two\\n\r\nE   KeyError: \\.'),
      makeResult(3, { outcome: 'skipped', reason: 'no display', durationSeconds: undefined }),
      makeResult(4, { outcome: 'xfailed', reason: 'known' }),
      makeResult(5, { outcome: 'xpassed' }),
      makeResult(6, {
        outcome: 'error',
        failure: {
          errorType: undefined,
          line: undefined,
          lastFrameLine: undefined,
          message: 'boom',
          traceback: undefined,
          statement: 'assert a == b',
        },
        failureSignature: 'md5:00000000000000000000000000000000',
      }),
    ];
    const saved = await saveRun(
      place.connect,
      upload,
      sourceOf(results, [makeCoverage(1), makeCoverage(2)]),
      makeOptions(),
    );

    expect(saved).toEqual({ runId: saved.runId, stored: 'new', team: place.team, createdAt });
    expect(runIdTime(saved.runId)).toEqual(createdAt);
    const [run] = await place.look('SELECT *, lukhas_run_ts(id) AS from_id FROM test_runs WHERE id = $1', [
      saved.runId,
    ]);
    expect(run).toMatchObject({
      total_tests: 6,
      passed: 2,
      failed: 1,
      skipped: 2,
      errors: 1,
      duration_seconds: '1.500',
      coverage_percent: '75.00',
      lane: 'nightly',
      markers: ['slow', 'a "b", {c}', ''],
      python_version: '3.12.1',
      pytest_version: '8.1.0',
      ci_system: 'github_actions',
      git_sha: 'f'.repeat(40),
      git_branch: 'feature/x',
      git_commit_message: 'Say\thello\n\nÜnïcödé \\ 🎉',
      created_at: createdAt,
      from_id: createdAt,
      project: 'services/shop',
      tested_git_sha: 'e'.repeat(40),
      parents: ['d'.repeat(40), 'f'.repeat(40)],
      committed_at: new Date('2026-11-20T08:00:00Z'),
      kind: 'merge',
      origin: 'stranger',
      dirty: 2,
      stale: true,
      attempt: 2,
      step: 'unit',
      line_id: makeLineId(String(run?.team_id), upload.context),
    });
    const rows = await rowsOf(saved.runId);
    expect(rows.map((row) => [row.outcome, row.error_message])).toEqual([
      ['passed', null],
      ['failed', "KeyError: 'x'"],
      ['skipped', 'no display'],
      ['xfailed', 'known'],
      ['xpassed', null],
      ['error', 'boom'],
    ]);
    expect(rows[0]).toMatchObject({
      markers: ['unit', 'a,b'],
      duration_seconds: '0.001',
      failure_signature: null,
    });
    expect(rows[1]).toMatchObject({
      error_traceback: 'line one\n\tline two\\n\r\nE   KeyError: \\.',
      failure_signature: 'md5:0123456789abcdef0123456789abcdef',
      healix_memory_id: null,
    });
    expect(rows[2]).toMatchObject({ duration_seconds: null });
    expect(new Set(rows.map((row) => (row.created_at as Date).getTime()))).toEqual(
      new Set([createdAt.getTime()]),
    );
    expect(new Set(rows.map((row) => row.team_id))).toEqual(new Set([run?.team_id]));
    expect(new Set(rows.map((row) => row.line_id))).toEqual(new Set([run?.line_id]));
    expect(rows.map((row) => [row.attempts, row.error_type, row.statement])).toEqual([
      [3, null, null],
      [null, 'KeyError', null],
      [null, null, null],
      [null, null, null],
      [null, null, null],
      [null, null, 'assert a == b'],
    ]);
    const coverage = await rowsOf(saved.runId, 'coverage_data');
    expect(coverage).toHaveLength(2);
    expect(coverage[0]).toMatchObject({
      covered_lines: [1, 2, 3],
      missing_lines: [5],
      coverage_percent: '75.00',
      lane: 'nightly',
      created_at: createdAt,
    });
    const [key] = await place.look('SELECT * FROM ingest_uploads WHERE run_id = $1', [saved.runId]);
    expect(key).toMatchObject({
      result_rows: 6,
      coverage_rows: 2,
      repository: 'acme/shop',
      workflow_run_id: '77',
      run_attempt: 2,
      job: 'test',
      pull_request: 12,
      base_branch: 'main',
    });
  });

  test('the same upload again is known already and adds no row', async () => {
    const upload = makeUpload('again');
    const source = sourceOf([makeResult(1), makeFailure(2)], [makeCoverage(1)]);
    const first = await saveRun(place.connect, upload, source, makeOptions());
    const second = await saveRun(
      place.connect,
      { ...upload, createdAt: new Date(upload.createdAt.getTime() + 5000) },
      source,
      makeOptions(),
    );
    expect(second).toEqual({ ...first, stored: 'already' });
    expect(await rowsOf(first.runId)).toHaveLength(2);
    expect(await rowsOf(first.runId, 'coverage_data')).toHaveLength(1);
  });

  test('the same key with other content is a conflict and writes nothing', async () => {
    const upload = makeUpload('conflict');
    const first = await saveRun(place.connect, upload, sourceOf([makeResult(1)]), makeOptions());
    const other = { ...upload, payloadSha256: 'cd'.repeat(32) };
    await expect(
      saveRun(place.connect, other, sourceOf([makeResult(2)]), makeOptions()),
    ).rejects.toMatchObject({
      code: 'upload-conflict',
      fix: expect.stringContaining('--upload-key'),
    });
    expect(await rowsOf(first.runId)).toHaveLength(1);
  });

  test('coverage that comes later is added once, and other coverage afterwards changes nothing', async () => {
    const results = [makeResult(1)];
    const bare = makeUpload('later', { payloadSha256: 'ab'.repeat(32), resultsSha256: 'ab'.repeat(32) });
    const first = await saveRun(place.connect, bare, sourceOf(results), makeOptions());
    const covered = { ...bare, payloadSha256: 'cd'.repeat(32) };
    const add = () =>
      saveRun(place.connect, covered, sourceOf(results, [makeCoverage(1), makeCoverage(2)]), makeOptions());
    // The embedded database has one connection.
    const both = kind === 'PostgreSQL 15' ? await Promise.all([add(), add()]) : [await add(), await add()];
    const known = { ...first, stored: 'already' };
    expect(both).toEqual(expect.arrayContaining([known, { ...known, addedCoverage: true }]));
    const stored = async () => [
      await place.look('SELECT coverage_percent, total_tests FROM test_runs WHERE id::text = $1', [
        first.runId,
      ]),
      (await rowsOf(first.runId, 'coverage_data')).length,
      (await rowsOf(first.runId)).length,
    ];
    const expected = [[{ coverage_percent: '75.00', total_tests: 1 }], 2, 1];
    expect(await stored()).toEqual(expected);
    // In CI the key says nothing of the content.
    const other = { ...bare, payloadSha256: 'ef'.repeat(32) };
    const source = sourceOf(results, [makeCoverage(3)]);
    await expect(saveRun(place.connect, other, source, makeOptions())).rejects.toMatchObject({
      code: 'upload-conflict',
    });
    const warnings: Warning[] = [];
    const outside = { ...other, context: { ...other.context, workflowRunId: undefined } };
    const options = makeOptions({ onWarning: (warning) => void warnings.push(warning) });
    expect(await saveRun(place.connect, outside, source, options)).toEqual({ ...first, stored: 'already' });
    expect(warnings.map(({ code }) => code)).toEqual(['coverage-kept']);
    expect(await stored()).toEqual(expected);
  });

  test('a run of many batches is stored whole', async () => {
    const results = Array.from({ length: 12_345 }, (_, number) =>
      number % 20 === 0 ? makeFailure(number) : makeResult(number),
    );
    const coverage = Array.from({ length: 700 }, (_, number) =>
      makeCoverage(number, { coveredLines: Array.from({ length: 900 }, (_, line) => line + 1) }),
    );
    const seen: number[] = [];
    const saved = await saveRun(
      place.connect,
      makeUpload('many'),
      sourceOf(results, coverage),
      makeOptions({ onProgress: (rows) => seen.push(rows) }),
    );
    const names = (await rowsOf(saved.runId)).map((row) => row.test_name);
    expect(names).toEqual(results.map((result) => result.testName));
    expect(await rowsOf(saved.runId, 'coverage_data')).toHaveLength(700);
    expect(seen.at(-1)).toBe(12_345);
  });

  test.each([3, 700])(
    'of %i results those with fewer values have the same columns as the others',
    async (count) => {
      const results = Array.from({ length: count }, (_, number) =>
        makeResult(number, { durationSeconds: 1, ...(number % 2 === 1 && { reason: 'why', attempts: 2 }) }),
      );
      const saved = await saveRun(
        place.connect,
        makeUpload(`few ${count}`),
        sourceOf(results),
        makeOptions(),
      );
      const own = ['id', 'test_name', 'test_function'];
      const values = (await rowsOf(saved.runId)).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !own.includes(name))),
      );
      expect(values).toHaveLength(count);
      for (const [number, row] of values.entries())
        expect(row).toEqual(
          number % 2 === 0 ? { ...values[1], error_message: null, attempts: null } : { ...values[1] },
        );
      expect(values[0]).toMatchObject({ markers: [], outcome: 'passed' });
    },
  );

  test('a run of no tests is stored as such', async () => {
    const saved = await saveRun(place.connect, makeUpload('none'), sourceOf([]), makeOptions());
    expect(await place.look('SELECT total_tests FROM test_runs WHERE id = $1', [saved.runId])).toEqual([
      { total_tests: 0 },
    ]);
  });

  test('hostile values are made storable and counted, and two long names stay two', async () => {
    const warnings: Warning[] = [];
    const long = `tests/t.py::test[${'\u{1f600}'.repeat(600)}`;
    const saved = await saveRun(
      place.connect,
      makeUpload('hostile'),
      sourceOf(
        [
          makeResult(1, { testName: `${long}a]` }),
          makeResult(2, { testName: `${long}b]`, durationSeconds: Number.NaN }),
          makeResult(3, { testName: 'nul \u0000 and half \ud800 pair', durationSeconds: -1 }),
          makeResult(4, { durationSeconds: 1e12, testClass: 'C'.repeat(300) }),
          makeFailure(5, '\\.\n\\N\n\u0000\udfff'),
        ],
        [makeCoverage(1, { coveragePercent: Number.NaN, totalStatements: 3e9, coveredLines: [1, -5, 4e9] })],
      ),
      makeOptions({ onWarning: (warning) => warnings.push(warning) }),
    );
    const rows = await rowsOf(saved.runId);
    const names = rows.map((row) => String(row.test_name));
    expect([...(names[0] ?? '')]).toHaveLength(500);
    expect(names[0]).toMatch(/…#[0-9a-f]{11}$/u);
    expect(names[0]).not.toBe(names[1]);
    expect(names[2]).toBe('nul \u2400 and half \ufffd pair');
    expect(rows.map((row) => row.duration_seconds)).toEqual(['0.001', null, '0.000', '99999.999', '0.005']);
    expect(rows[4]?.error_traceback).toBe('\\.\n\\N\n\u2400\ufffd');
    expect(
      warnings.map((warning) => `${warning.code} ${Number.parseInt(warning.message, 10)}`).sort(),
    ).toEqual([
      'stored-count 3',
      'stored-duration 3',
      'stored-name-cut 3',
      'stored-nul 2',
      'stored-surrogate 2',
    ]);
  });

  test('when the source fails nothing is stored and the database works on', async () => {
    const upload = makeUpload('broken');
    const broken = () => ({
      ...sourceOf([])(),
      async *results() {
        yield Array.from({ length: 6000 }, (_, number) => makeResult(number));
        throw new Error('the report is torn');
      },
    });
    await expect(saveRun(place.connect, upload, broken, makeOptions())).rejects.toThrow('the report is torn');
    const [count] = await place.look(
      'SELECT count(*)::int AS n FROM ingest_uploads WHERE upload_key IS NOT NULL AND result_rows = 6000',
    );
    expect(count).toEqual({ n: 0 });
    expect(await saveRun(place.connect, upload, sourceOf([makeResult(1)]), makeOptions())).toMatchObject({
      stored: 'new',
    });
  });

  test('sixteen uploads with one key at once store one copy and all succeed', async () => {
    const upload = makeUpload('sixteen');
    const results = Array.from({ length: 300 }, (_, number) => makeResult(number));
    const racers = kind === 'PostgreSQL 15' ? 16 : 1;
    const saved = await Promise.all(
      Array.from({ length: racers }, () =>
        saveRun(place.connect, upload, sourceOf(results, [makeCoverage(1)]), makeOptions()),
      ),
    );
    expect(saved.filter((run) => run.stored === 'new')).toHaveLength(1);
    expect(new Set(saved.map((run) => run.runId)).size).toBe(1);
    expect(await rowsOf(saved[0]?.runId ?? '')).toHaveLength(300);
    expect(await rowsOf(saved[0]?.runId ?? '', 'coverage_data')).toHaveLength(1);
  });

  test('an author of another or no team is left out with a warning', async () => {
    const warnings: Warning[] = [];
    const upload = makeUpload('author', { context: { ...emptyContext, lambdaId: 'nobody' } });
    const saved = await saveRun(
      place.connect,
      upload,
      sourceOf([makeResult(1)]),
      makeOptions({ onWarning: (w) => warnings.push(w) }),
    );
    expect(await place.look('SELECT lambda_id FROM test_runs WHERE id = $1', [saved.runId])).toEqual([
      { lambda_id: null },
    ]);
    expect(warnings.map((warning) => warning.code)).toEqual(['author-unknown']);
  });

  test('a step without a report is kept once, beside the runs of its commit, until its report comes', async () => {
    const context = {
      ...emptyContext,
      repository: 'acme/shop',
      gitSha: 'e'.repeat(40),
      gitBranch: 'feature',
      pullRequest: 42,
      workflow: '.github/workflows/ci.yml',
      workflowRunId: '43210987654',
      runAttempt: 1,
      job: 'test',
      jobName: 'CI / test (3.13)',
      lane: 'unit',
      step: 'tell',
      checkRunId: 43_210_987_654,
    };
    const list = async () => {
      const db = await place.connect({ stallMs: 10_000 });
      const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
      const jobs = await listJobs(db, access, context);
      await db.close();
      return jobs;
    };
    const missing = { teamSlug: undefined, context, discriminator: undefined, reason: 'nothing\u0000 found' };
    const first = await saveMissing(place.connect, missing);
    expect(await saveMissing(place.connect, missing)).toEqual(first);
    const other = { ...context, checkRunId: 43_210_987_655 };
    const saveOf = async (of: typeof context) => {
      const uploadKey = makeUploadKey({ ...of, discriminator: undefined, payloadSha256: 'a' });
      const upload = { ...makeUpload(JSON.stringify(of)), uploadKey, context: of };
      return saveRun(place.connect, upload, sourceOf([makeResult(1)]), makeOptions());
    };
    const run = await saveOf(other);
    const identity = {
      jobName: 'CI / test (3.13)',
      lane: 'unit',
      workflow: '.github/workflows/ci.yml',
      step: 'tell',
      workflowRunId: '43210987654',
      runAttempt: 1,
    };
    expect(await list()).toMatchObject([
      { ...identity, runId: run.runId, checkRunId: 43_210_987_655, totals: { total: 1 } },
      {
        ...identity,
        runId: undefined,
        checkRunId: 43_210_987_654,
        key: first.key,
        reason: expect.stringMatching(/^nothing.* found$/),
      },
    ]);
    const late = await saveOf(context);
    expect((await list()).map(({ runId }) => runId)).toEqual([late.runId, run.runId]);
  });

  test('a time far outside the window is refused with a way out', async () => {
    const upload = makeUpload('old', { createdAt: new Date(Date.now() - 200 * 86_400_000) });
    await expect(saveRun(place.connect, upload, sourceOf([]), makeOptions())).rejects.toMatchObject({
      code: 'run-time-range',
      fix: expect.stringContaining('--created-at now'),
    });
  });
});

test('outside CI the content is the key, inside CI the job is', () => {
  const base = {
    repository: 'a/b',
    workflowRunId: undefined,
    runAttempt: undefined,
    job: undefined,
    discriminator: undefined,
    lane: undefined,
    payloadSha256: 'x',
  };
  expect(makeUploadKey({ ...base, payloadSha256: 'y' })).not.toBe(makeUploadKey(base));
  const ci = { ...base, workflowRunId: '1', runAttempt: 1, job: 'j' };
  expect(makeUploadKey({ ...ci, payloadSha256: 'y' })).toBe(makeUploadKey(ci));
  expect(makeUploadKey({ ...ci, runAttempt: 2 })).not.toBe(makeUploadKey(ci));
  expect(makeUploadKey({ ...ci, discriminator: 'leg' })).not.toBe(makeUploadKey(ci));
  expect(makeUploadKey({ ...ci, step: 'unit' })).not.toBe(makeUploadKey(ci));
  expect(makeUploadKey({ ...ci, step: 'unit' })).not.toBe(makeUploadKey({ ...ci, step: 'e2e' }));
  expect(makeUploadKey({ ...ci, step: '7' })).not.toBe(makeUploadKey({ ...ci, checkRunId: 7 }));
  expect(makeUploadKey({ ...ci, checkRunId: 8 })).not.toBe(makeUploadKey({ ...ci, checkRunId: 7 }));
  expect(makeUploadKey({ ...base, step: 'unit', checkRunId: 7 })).toBe(makeUploadKey(base));
  expect(makeUploadKey({ ...ci, lane: 'leg' })).not.toBe(makeUploadKey({ ...ci, discriminator: 'leg' }));
});

test('where the CI system names no step, keys are those of the programs before', () => {
  const old = { repository: 'acme/shop', discriminator: undefined, lane: 'unit', payloadSha256: 'x' };
  const inCi = { ...old, workflowRunId: '77', runAttempt: 2, job: 'test' };
  const outside = { ...old, workflowRunId: undefined, runAttempt: undefined, job: undefined };
  expect([makeUploadKey(inCi), makeUploadKey(outside)]).toEqual([
    '2dec3eb91299f870d43b4c805d005d3527ba344b4fb10ac6c4776d8bf52a6d41',
    'dbdc513488d2f8ba5ed58fcc83310e58e5665ac452d4a61b868975fdfc957b39',
  ]);
});
