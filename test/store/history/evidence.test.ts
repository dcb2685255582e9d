// The facts that a run is judged by, on both databases: which runs are found, what is read of their tests, and what is not.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunContext, SignedResult, TestRow } from '../../../src/model.ts';
import type { Database } from '../../../src/store/database/port.ts';
import {
  type EvidenceRun,
  planTests,
  type RunEvidence,
  readFailures,
  readFileEvidence,
  readRunEvidence,
  readTestEvidence,
  type TestEvidence,
  type TestEvidenceQuery,
} from '../../../src/store/history/evidence.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { makeUploadKey } from '../../../src/store/runs/upload-key.ts';
import { type Access, inTeam, openAccess } from '../../../src/store/schema/access.ts';
import { createPlace, keepConnections, type Place, placeNames } from '../../support/places.ts';
import { emptyContext, makeOptions, makeResult, sourceOf } from '../../support/runs.ts';

const start = Math.floor(Date.now() / 1000) * 1000 - 20 * 86_400_000;
const hour = 3_600_000;
const sha = (letter: string) => letter.repeat(40);

interface Step {
  readonly commit: string;
  readonly branch?: string;
  readonly hours: number;
  readonly job?: string;
  /** `1F 2P 3S`: tests by number and outcome; `2P2`: passed at the second attempt. */
  readonly tests: string;
  readonly context?: Partial<RunContext>;
}

const outcomes: Readonly<Record<string, SignedResult['outcome']>> = {
  P: 'passed',
  F: 'failed',
  S: 'skipped',
  E: 'error',
};

function resultsOf(tests: string): SignedResult[] {
  return tests.split(' ').map((word) => {
    const [, number, letter = 'P', attempts] = /^(\d+)([PFSE])(\d)?$/.exec(word) ?? [];
    const outcome = outcomes[letter] ?? 'passed';
    const isFailed = outcome === 'failed' || outcome === 'error';
    return makeResult(Number(number), {
      testFile: `tests/test_${Number(number) % 3}.py`,
      outcome,
      ...(attempts === undefined ? {} : { attempts: Number(attempts) }),
      ...(isFailed && {
        failure: {
          errorType: 'KeyError',
          line: 7,
          lastFrameLine: 7,
          message: 'KeyError',
          traceback: undefined,
          statement: 'assert a',
        },
        failureSignature: 'md5:0123456789abcdef0123456789abcdef',
        driftSignature: `d1:${'0'.repeat(32)}`,
      }),
    });
  });
}

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  let repository = '';
  let stories = 0;
  const labels = new Map<string, string>();
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
  });
  afterAll(() => place.remove());
  beforeEach(() => {
    repository = `acme/shop${++stories}`;
  });

  async function within<T>(ask: (db: Database, access: Access) => Promise<T>): Promise<T> {
    const db = await place.connect();
    try {
      const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      return await inTeam(db, access, () => ask(db, access));
    } finally {
      await db.close();
    }
  }

  async function store(label: string, step: Step): Promise<{ runId: string; createdAt: Date }> {
    const context: RunContext = {
      ...emptyContext,
      repository,
      gitSha: sha(step.commit),
      gitBranch: step.branch ?? 'main',
      workflowRunId: label,
      runAttempt: 1,
      job: step.job ?? 'test',
      jobName: step.job ?? 'test',
      project: '.',
      kind: 'head',
      origin: 'team',
      tested: { gitSha: sha(step.commit), parents: [], committedAt: undefined, dirty: 0 },
      ...step.context,
    };
    const upload = {
      teamSlug: place.teamSlug,
      createdAt: new Date(start + step.hours * hour),
      payloadSha256: 'ab'.repeat(32),
      context,
      uploadKey: makeUploadKey({ ...context, discriminator: label, payloadSha256: 'ab'.repeat(32) }),
    };
    const saved = await saveRun(place.connect, upload, sourceOf(resultsOf(step.tests)), makeOptions());
    labels.set(saved.runId, label);
    return { runId: saved.runId, createdAt: saved.createdAt };
  }

  function runsOf(
    run: { runId: string; createdAt: Date },
    more: Partial<Parameters<typeof readRunEvidence>[2]> = {},
  ): Promise<RunEvidence> {
    return within((db, access) =>
      readRunEvidence(db, access, {
        ...run,
        baseBranch: undefined,
        defaultBranch: undefined,
        baseCommits: [],
        beginsAt: undefined,
        ...more,
      }),
    );
  }

  const labelsOf = (runs: readonly EvidenceRun[]) =>
    runs.map(({ runId }) => labels.get(runId) ?? 'older').sort();

  async function testsOf(
    run: { runId: string; createdAt: Date },
    lists: Partial<Omit<TestEvidenceQuery, 'runId' | 'createdAt'>>,
  ): Promise<TestEvidence> {
    const { run: judged } = await runsOf(run);
    const lineId = judged.isWithoutLine ? undefined : judged.lineId;
    return within(async (db, access) => {
      const failures = await readFailures(db, access, run);
      const query = { ...run, lineId, own: [], base: [], others: [], point: [], ...lists };
      return readTestEvidence(db, access, planTests(query), failures);
    });
  }

  /** Rows of failures stand before passes. */
  const failedIn = (rows: readonly TestRow[], name: string) =>
    new Set(
      rows
        .filter(({ testName, outcome }) => testName === name && ['failed', 'error'].includes(outcome))
        .map(({ runId }) => runId),
    );

  /** `1 a:passed`, sorted. */
  const shown = ({ rows, passes }: TestEvidence) =>
    [
      ...rows,
      ...[...passes.places].flatMap(([testName, places]) =>
        places
          .map((place) => passes.runIds[place] ?? '')
          .filter((runId) => !failedIn(rows, testName).has(runId))
          .map((runId) => ({ testName, runId, outcome: 'passed' })),
      ),
    ]
      .map(({ testName, runId, outcome }) => `${testName.split('_').at(-1)} ${labels.get(runId)}:${outcome}`)
      .sort();

  test('a run is read as it was stored', async () => {
    const committedAt = new Date(start + hour);
    const run = await store('me', {
      commit: 'a',
      branch: 'octo:x',
      hours: 5,
      tests: '1F 2P 3S',
      context: {
        tested: { gitSha: sha('b'), parents: [sha('c'), sha('a')], committedAt, dirty: 2 },
        kind: 'merge',
        origin: 'stranger',
        isStale: true,
        pullRequest: 7,
        baseBranch: 'main',
      },
    });
    const facts = await runsOf(run);
    expect(facts.run).toEqual({
      runId: run.runId,
      lineId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      jobName: 'test',
      gitSha: sha('a'),
      testedSha: sha('b'),
      parents: [sha('c'), sha('a')],
      kind: 'merge',
      origin: 'stranger',
      branch: 'octo:x',
      pullRequest: 7,
      execution: 'me/1',
      ordinal: 1,
      at: run.createdAt.getTime(),
      isComplete: true,
      isDirty: true,
      isStale: true,
      isWithoutLine: false,
      testsSignature: expect.stringMatching(/^[0-9a-f]{16}$/),
      totals: { tests: 3, failed: 1, failedFiles: 0, skipped: 1, seconds: expect.any(Number) },
    });
    expect(facts.runs).toEqual([]);
    expect([...facts.committedAt]).toEqual([[sha('b'), committedAt.getTime()]]);
    expect(facts).toMatchObject({
      isOnBaseBranch: false,
      missingBase: { name: 'main', branches: [] },
    });
  });

  test('runs of the base and of other branches are found, of this repository, project and lane alone', async () => {
    await store('base', { commit: 'a', hours: 1, tests: '1P' });
    await store('other job', { commit: 'a', hours: 2, job: 'lint', tests: '1P' });
    await store('branch', { commit: 'b', branch: 'other', hours: 3, tests: '1P' });
    await store('own', { commit: 'c', branch: 'feature', hours: 4, tests: '1P' });
    await store('lane', { commit: 'a', hours: 5, tests: '1P', context: { lane: 'nightly' } });
    await store('project', { commit: 'a', hours: 6, tests: '1P', context: { project: 'web' } });
    await store('elsewhere', { commit: 'a', hours: 7, tests: '1P', context: { repository: 'acme/else' } });
    const me = await store('me', { commit: 'd', branch: 'feature', hours: 8, tests: '1F' });
    const facts = await runsOf(me);
    expect(labelsOf(facts.runs)).toEqual(['base', 'branch', 'other job', 'own']);
    expect(facts).toMatchObject({ baseBranch: 'main', isOnBaseBranch: false, missingBase: undefined });
    expect(new Set(facts.runs.map(({ lineId }) => lineId)).size).toBe(2);
  });

  test('commits that git names are found, whatever branch ran them, and however many are newer', async () => {
    await store('old', { commit: 'a', branch: 'release', hours: -252, tests: '1P' });
    for (let n = 0; n < 5; n++) await store(`new ${n}`, { commit: `${n}`, hours: n + 1, tests: '1P' });
    const me = await store('me', { commit: 'd', branch: 'feature', hours: 480, tests: '1F' });
    expect(labelsOf((await runsOf(me, { baseCommits: [sha('a')] })).runs)).toContain('old');
    expect(labelsOf((await runsOf(me)).runs)).not.toContain('old');
    // Of the base branch newer commits are read as well: it may have been repaired.
    const before = await runsOf(me, { beginsAt: start + 2.5 * hour });
    expect(labelsOf(before.runs)).toEqual(['new 0', 'new 1', 'new 2', 'new 3', 'new 4']);
  });

  test('the base branch is the one named, the target of pull requests, the default one, or the busiest', async () => {
    await store('main', { commit: 'a', hours: 1, tests: '1P' });
    await store('trunk', { commit: 'b', branch: 'trunk', hours: 2, tests: '1P' });
    await store('trunk 2', { commit: 'c', branch: 'trunk', hours: 3, tests: '1P' });
    await store('pull', {
      commit: 'd',
      branch: 'fix',
      hours: 4,
      tests: '1P',
      context: { pullRequest: 3, baseBranch: 'develop', kind: 'merge' },
    });
    const me = await store('me', { commit: 'e', branch: 'feature', hours: 5, tests: '1F' });
    expect((await runsOf(me)).baseBranch).toBe('main');
    expect((await runsOf(me, { defaultBranch: 'trunk' })).baseBranch).toBe('trunk');
    expect((await runsOf(me, { baseBranch: 'trunk' })).baseBranch).toBe('trunk');
    expect(await runsOf(me, { baseBranch: 'mian' })).toMatchObject({
      baseBranch: 'main',
      missingBase: { name: 'mian', branches: ['trunk', 'fix', 'main'] },
    });
    await store('develop', { commit: 'f', branch: 'develop', hours: 6, tests: '1P' });
    const develop = await store('develop 2', { commit: 'f', branch: 'develop', hours: 7, tests: '1F' });
    expect(await runsOf(develop)).toMatchObject({ baseBranch: 'develop', isOnBaseBranch: true });
  });

  test('a team with more runs than are read at once finds the same ones', async () => {
    await store('base', { commit: 'a', hours: 1, tests: '1P' });
    await store('base 2', { commit: 'b', hours: 2, tests: '1F 2P' });
    await store('trunk', { commit: 'c', branch: 'trunk', hours: 3, tests: '1P' });
    await store('old commit', {
      commit: 'd',
      branch: 'gone',
      hours: 4,
      tests: '1P',
      context: { lane: undefined },
    });
    await store('own', { commit: 'e', branch: 'feature', hours: 5, tests: '1P' });
    const me = await store('me', { commit: 'f', branch: 'feature', hours: 6, tests: '1F' });
    const questions = [
      {},
      { baseBranch: 'trunk', baseCommits: [sha('d')], beginsAt: start + 90 * 60_000 },
      { baseBranch: 'mian', defaultBranch: 'trunk' },
    ];
    const ask = async () => {
      const found: unknown[] = [];
      for (const question of questions) {
        const { runs, lineRuns, ...rest } = await runsOf(me, question);
        found.push({ ...rest, runs: [...runs].sort((a, b) => a.at - b.at) });
        counted.push(lineRuns);
      }
      return found;
    };
    const counted: unknown[] = [];
    const few = await ask();
    expect(few[0]).toMatchObject({ runs: { length: 5 }, baseBranch: 'main' });
    await place.look(
      `INSERT INTO test_runs (team_id, total_tests, git_branch, repository, created_at)
       SELECT $1::uuid, 1, 'elsewhere', 'acme/elsewhere', $2::timestamptz - n * interval '1 second' FROM generate_series(1, 2001) AS n`,
      [place.team.id, new Date(start).toISOString()],
    );
    const many = await ask();
    await place.look(`DELETE FROM test_runs WHERE repository = 'acme/elsewhere'`);
    expect(many).toEqual(few);
    // Both ways were gone.
    expect(counted).toEqual([6, 6, 6, undefined, undefined, undefined]);
  });

  test('a local run finds the runs of CI, which has no host in the name, and none of other hosts', async () => {
    const known = repository;
    const [here, elsewhere] = [{ repositoryHost: 'github.com' }, { repositoryHost: 'x.io' }] as const;
    await store('old ci', { commit: 'a', hours: 1, tests: '1P' });
    await store('ci', { commit: 'a', hours: 1, tests: '1P', job: 'b', context: here });
    await store('other ci', { commit: 'a', hours: 1, tests: '1P', job: 'c', context: elsewhere });
    const local = {
      ...here,
      repository: `github.com/${known}`,
      origin: 'local',
      jobName: undefined,
    } as const;
    await store('other host', {
      commit: 'a',
      hours: 2,
      tests: '1P',
      context: { ...local, ...elsewhere, repository: `x.io/${known}` },
    });
    const me = await store('me', { commit: 'b', branch: 'feature', hours: 3, tests: '1F', context: local });
    expect(labelsOf((await runsOf(me)).runs)).toEqual(['ci', 'old ci']);
  });

  test('what is known by runs that ran the same tests is what their rows say', async () => {
    // Twins, tests that some runs lack, skip or repeat, in any order; of what ran at once a run may have failures.
    const tests = [
      '1F 2P 3P 4S 5P 5P 6P2',
      '3P 1P 2F 4S 5F 5P 6P2',
      '1P 2P 3P 4S 5P 5P 6P2',
      '1F 2F 3F 4S 5F 5F 6P2',
      '1P 2P 3P 4P 5P 5P 6P',
      '1P 2E 3F 4F 5P 5P 6P',
      '1P 2P 3P 4P 5P 6P3',
      '1F 2P 4P 5F 6P3',
      '1P 2P 4P 5P 6P3',
      '1F 2F 3F 4F 5P 5S 6F 7F',
      '1P 2P 3P 4P 5P 5S 6P 7P',
    ];
    const stored: { runId: string; createdAt: Date }[] = [];
    for (const [at, words] of tests.entries())
      stored.push(
        await store(`r${at}`, { commit: 'abcdef0123456789'[at] ?? '', hours: at + 1, tests: words }),
      );
    const last = stored.at(-1);
    const first = await store('me', { commit: 'f', hours: 40, tests: '1F 2P 3P 4S 5P 5P 6P2' });
    const judged = [...stored, first];
    const facts = await Promise.all(judged.map((run) => runsOf(run)));
    const read = async (isSigned: boolean) => {
      const found: unknown[] = [];
      for (const [at, { run, runs }] of facts.entries()) {
        const of = (one: EvidenceRun) => ({
          ...one,
          testsSignature: isSigned ? one.testsSignature : undefined,
        });
        const own = runs.map(of);
        const point = own.filter(({ runId }) => runId === last?.runId);
        const { rows, passes } = await testsOf(judged[at] ?? first, {
          own,
          base: own,
          point,
          testsSignature: of(run).testsSignature,
        });
        const text = (row: unknown) => JSON.stringify(row);
        found.push({
          rows: rows.map(text).sort(),
          passes: [...passes.places]
            .map(([name, places]) => {
              const runIds = places.map((place) => passes.runIds[place] ?? '');
              return text([name, runIds.filter((runId) => !failedIn(rows, name).has(runId)).sort()]);
            })
            .sort(),
        });
      }
      return found;
    };
    const [signed, plain] = [await read(true), await read(false)];
    expect(new Set(facts.map(({ run }) => run.testsSignature)).size).toBe(5);
    expect(signed).toEqual(plain);
  });

  test('a run whose rows are gone has passed nothing, though it ran the same tests', async () => {
    const base = await store('base', { commit: 'a', hours: 1, tests: '1F 2P' });
    await store('later', { commit: 'b', hours: 2, tests: '1P 2F' });
    const me = await store('me', { commit: 'c', branch: 'feature', hours: 3, tests: '1F 2F' });
    const { run, runs } = await runsOf(me);
    const ask = () => testsOf(me, { own: runs, base: runs, testsSignature: run.testsSignature });
    expect(shown(await ask())).toEqual([
      '1 base:failed',
      '1 later:passed',
      '1 me:failed',
      '2 base:passed',
      '2 later:failed',
      '2 me:failed',
    ]);
    await place.look('DELETE FROM test_results WHERE test_run_id = $1', [base.runId]);
    expect(shown(await ask())).toEqual(['1 later:passed', '1 me:failed', '2 later:failed', '2 me:failed']);
  });

  test('nor has one before it, where nothing failed: what came between is not known', async () => {
    const green = await store('green', { commit: 'a', hours: 1, tests: '1P 2P' });
    // It ran another test, too.
    const red = await store('red', { commit: 'b', hours: 2, tests: '1F 2P 3P' });
    await store('later', { commit: 'c', hours: 3, tests: '1F 2P' });
    const me = await store('me', { commit: 'd', branch: 'feature', hours: 4, tests: '1F 2P' });
    for (const { runId } of [green, red])
      await place.look('DELETE FROM test_results WHERE test_run_id = $1', [runId]);
    const { run, runs } = await runsOf(me);
    const found = await testsOf(me, { own: runs, base: runs, testsSignature: run.testsSignature });
    expect(shown(found)).toEqual(['1 later:failed', '1 me:failed']);
  });

  test('steps of one execution are numbered, and an outage has its files counted', async () => {
    const failing = Array.from({ length: 30 }, (_, n) => `${n}F`).join(' ');
    await store('one', { commit: 'a', hours: 1, tests: failing, context: { workflowRunId: '77' } });
    await store('two', { commit: 'a', hours: 2, tests: '1P', context: { workflowRunId: '77' } });
    const me = await store('me', { commit: 'b', branch: 'feature', hours: 3, tests: '1F' });
    const { runs } = await runsOf(me);
    expect(
      runs.map(({ runId, ordinal, totals }) => [labels.get(runId), ordinal, totals.failedFiles]),
    ).toEqual(
      expect.arrayContaining([
        ['one', 1, 3],
        ['two', 2, 0],
      ]),
    );
  });

  test("rows of older programs take part: the job's name is their line", async () => {
    const old = await store('old', { commit: 'a', hours: 1, tests: '1F 2P', context: { pullRequest: 5 } });
    const other = await store('old other', { commit: 'a', hours: 2, job: 'lint', tests: '1F' });
    for (const { runId } of [old, other]) {
      await place.look(
        'UPDATE test_runs SET line_id = NULL, project = NULL, tested_git_sha = NULL, kind = NULL, origin = NULL WHERE id = $1',
        [runId],
      );
      await place.look('UPDATE test_results SET line_id = NULL WHERE test_run_id = $1', [runId]);
    }
    const me = await store('me', { commit: 'b', branch: 'feature', hours: 3, tests: '1F 2F' });
    const { run, runs } = await runsOf(me);
    const [mine] = runs.filter(({ jobName }) => jobName === 'test');
    expect(mine).toMatchObject({ kind: 'merge', origin: 'team', lineId: run.lineId });
    expect(mine?.testedSha).toBeUndefined();
    expect(runs.find(({ jobName }) => jobName === 'lint')).toMatchObject({
      kind: 'head',
      testedSha: sha('a'),
      lineId: 'job lint',
    });
    const own = mine === undefined ? [] : [mine];
    expect(shown(await testsOf(me, { own, base: runs, point: runs }))).toEqual([
      '1 me:failed',
      '1 old other:failed',
      '1 old:failed',
      '2 me:failed',
      '2 old:passed',
    ]);
  });

  test('of the own line all rows of failed tests are read, of other lines what tells what a failure there means', async () => {
    await store('base', { commit: 'a', hours: 1, tests: '1P 2P 3S 4F 5P 6P' });
    await store('lint', { commit: 'a', hours: 2, job: 'lint', tests: '1F 2P 4P' });
    await store('lint again', { commit: 'a', hours: 3, job: 'lint', tests: '1P 2P 4P' });
    await store('lint later', { commit: 'b', hours: 4, job: 'lint', tests: '1P 2P' });
    await store('branch', { commit: 'c', branch: 'other', hours: 5, tests: '2P 1P2' });
    await store('branch red', { commit: 'd', branch: 'other2', hours: 6, tests: '2F 1P' });
    const me = await store('me', { commit: 'e', branch: 'feature', hours: 7, tests: '1F 2E 3P 4P2 5F' });
    const { run, runs } = await runsOf(me);
    const base = runs.filter(({ branch }) => branch === 'main').sort((a, b) => b.at - a.at);
    const own = base.filter(({ lineId }) => lineId === run.lineId);
    const others = runs.filter(({ branch }) => branch !== 'main');
    const point = base.filter(({ gitSha }) => gitSha === sha('a'));
    const tests = await testsOf(me, { own, base, others, point });
    expect(
      tests.failures.map(({ testName, testFile }) => `${testName.split('_').at(-1)} ${testFile}`),
    ).toEqual(['1 tests/test_1.py', '2 tests/test_2.py', '5 tests/test_2.py']);
    expect(shown(tests)).toEqual([
      '1 base:passed',
      // Red there, and green on the same commit; its pass on another commit tells nothing.
      '1 lint again:passed',
      '1 lint:failed',
      '1 me:failed',
      '2 base:passed',
      // Another change failed since the point: so every other change since then counts.
      '2 branch red:failed',
      '2 branch:passed',
      '2 me:error',
      // Red at the point, green here; on that commit the other job passed.
      '4 base:failed',
      '4 lint again:passed',
      '4 lint:passed',
      '4 me:passed',
      '5 base:passed',
      '5 me:failed',
    ]);
    const four = tests.rows.filter(({ testName }) => testName.endsWith('_4'));
    expect(four.find(({ runId }) => runId === me.runId)?.failedAttempts).toBe(1);
    expect(four.find(({ runId }) => runId !== me.runId)).toMatchObject({
      driftSignature: `d1:${'0'.repeat(32)}`,
    });
  });

  test('the words of failures are read where there are memories', async () => {
    const me = await store('me', { commit: 'a', hours: 1, tests: '1F' });
    await place.look('UPDATE test_results SET words_signature = $2 WHERE test_run_id = $1', [
      me.runId,
      `w1:${'0'.repeat(32)}`,
    ]);
    const wordsOf = async (hasMemories: boolean) =>
      (await within((db, access) => readFailures(db, access, me, { hasMemories })))[0]?.wordsSignature;
    expect([await wordsOf(true), await wordsOf(false)]).toEqual([`w1:${'0'.repeat(32)}`, undefined]);
  });

  test('failures of several signatures, or of none, come with their texts; those of one have it from the judged run', async () => {
    const base = await store('base', { commit: 'a', hours: 1, tests: '1F 2F 3F 4F' });
    const edit = async (run: { runId: string }, number: number, change: string) =>
      place.look(
        `UPDATE test_results SET ${change} WHERE test_run_id = $1 AND test_name LIKE '%_${number}'`,
        [run.runId],
      );
    await edit(base, 1, "statement = 'assert  a'");
    await edit(base, 2, `drift_signature = 'd1:${'1'.repeat(32)}', statement = 'assert b'`);
    await edit(base, 3, "drift_signature = NULL, error_type = 'TypeError'");
    await edit(base, 4, 'drift_signature = NULL, error_type = NULL, statement = NULL');
    const me = await store('me', { commit: 'b', branch: 'feature', hours: 2, tests: '1F 2F 3F 4P' });
    const { runs } = await runsOf(me);
    const { rows } = await testsOf(me, { own: runs, base: runs, point: runs });
    const there = (number: number) =>
      rows.find(({ testName, runId }) => runId === base.runId && testName.endsWith(`_${number}`));
    const here = rows.find(({ testName, runId }) => runId === me.runId && testName.endsWith('_1'));
    expect(here?.statement).toMatch(/^[0-9a-f]{32}$/);
    expect(there(1)).toMatchObject({ errorType: 'KeyError', statement: here?.statement });
    expect(there(2)).toMatchObject({
      driftSignature: `d1:${'1'.repeat(32)}`,
      errorType: 'KeyError',
      statement: createHash('md5').update('assert b').digest('hex'),
    });
    expect(there(3)).toMatchObject({ errorType: 'TypeError', statement: here?.statement });
    expect(there(3)?.driftSignature).toBeUndefined();
    expect(there(4)).toMatchObject({ outcome: 'failed' });
    expect([there(4)?.errorType, there(4)?.statement]).toEqual([undefined, undefined]);
  });

  test('where the own line does not run a test, all jobs of the base tell of it', async () => {
    await store('a 3.12', { commit: 'a', hours: 1, job: '3.12', tests: '1P 2P' });
    await store('b 3.12', { commit: 'b', hours: 2, job: '3.12', tests: '1P 2P' });
    await store('b own', { commit: 'b', hours: 3, job: '3.13', tests: '2P' });
    await store('c branch', { commit: 'c', branch: 'other', hours: 4, job: '3.12', tests: '1P' });
    const me = await store('me', {
      commit: 'd',
      branch: 'feature',
      hours: 5,
      job: '3.13',
      tests: '1F 2F 8F',
    });
    const { run, runs } = await runsOf(me);
    const base = runs.filter(({ branch }) => branch === 'main').sort((a, b) => b.at - a.at);
    const own = base.filter(({ lineId }) => lineId === run.lineId);
    const others = runs.filter(({ branch }) => branch === 'other');
    const point = base.filter(({ gitSha }) => gitSha === sha('b'));
    expect(shown(await testsOf(me, { own, base, others, point }))).toEqual([
      '1 a 3.12:passed',
      '1 b 3.12:passed',
      '1 me:failed',
      '2 b own:passed',
      '2 me:failed',
      '8 me:failed',
    ]);
    const files = await within((db, access) =>
      readFileEvidence(db, access, { ...me, point, files: ['tests/test_1.py', 'tests/test_9.py'] }),
    );
    expect(files).toEqual({ ran: new Set(['tests/test_1.py']), filesHere: 2, filesAlsoAtPoint: 2 });
  });

  test('a line with many runs of other changes gives the same rows, looked up one by one', async () => {
    await store('base', { commit: 'a', hours: 1, tests: '1P 2P' });
    for (let n = 0; n < 6; n++)
      await store(`branch ${n}`, { commit: `${n}`, branch: `b${n}`, hours: 2 + n, tests: '1P 2P' });
    await store('base 2', { commit: 'b', hours: 9, tests: '1F 2P' });
    const me = await store('me', { commit: 'd', branch: 'feature', hours: 10, tests: '1F 2F' });
    const { runs } = await runsOf(me);
    const base = runs.filter(({ branch }) => branch === 'main').sort((a, b) => b.at - a.at);
    const of = (own: readonly EvidenceRun[]) => testsOf(me, { own, base, point: base.slice(0, 1) });
    const both = [
      '1 base 2:failed',
      '1 base:passed',
      '1 me:failed',
      '2 base 2:passed',
      '2 base:passed',
      '2 me:failed',
    ];
    // Eight runs lie between the two that are asked for, and none in the time of one.
    expect(shown(await of(base))).toEqual(both);
    expect(shown(await of(base.slice(0, 1)))).toEqual(both.filter((row) => !/base:/.test(row)));
  });

  test('a run that is not there is an error', async () => {
    const nobody = { runId: '00000000-0000-7000-8000-000000000000', createdAt: new Date(start) };
    await expect(runsOf(nobody)).rejects.toMatchObject({ code: 'run-unknown' });
  });
});
