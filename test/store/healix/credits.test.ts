// Learning by itself, on both databases: each breakage that a memory was told for counts once, as worked, failed or nothing,
// however many uploads tell of it, in whatever order, at whatever moment.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeLineId } from '../../../src/store/runs/line.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { storeRun } from '../../../src/storing.ts';
import { long, rounds, some } from '../../support/long.ts';
import { createPlace, keepConnections, type Place, placeNames } from '../../support/places.ts';
import { emptyContext, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

const minute = 60_000;

interface Run {
  /**
   * One letter a test: `F` failed as the memory says, `M` the same on another line, `O` failed otherwise, `C` by the cause that the
   * memory knows of another test, `P` passed, `S` skipped, `.` did not run.
   */
  readonly letters: string;
  readonly at: number;
  readonly sha?: string;
  readonly branch?: string;
  readonly lane?: string;
  readonly job?: string;
  readonly pullRequest?: number;
  readonly repository?: string;
  readonly incomplete?: boolean;
  readonly origin?: 'team' | 'stranger' | 'local';
}

describe.each(placeNames)('on %s', (name) => {
  const isServer = name === placeNames[0];
  // Every statement is tested on both databases; stories that say nothing else of it on one.
  const story = test.runIf(long || isServer);
  let place: Place;
  let scene = 0;
  let scenes = 0;
  /** How many failures of the last upload were told as known. */
  let told = 0;
  const start = Date.now() - 20 * 86_400_000;
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
    // The embedded database makes a month when the first run of it is stored.
    await upload({ letters: 'P', at: 0 });
  });
  afterAll(() => place.remove());
  beforeEach(() => {
    scene = ++scenes;
  });

  /** 32 hex digits; no two scenes share them. */
  const digits = (letter: string): string => scene.toString(16).padStart(31, '0') + letter;
  const testName = (number: number): string => `tests/test_scene_${scene}.py::test_${number}`;
  const timeOf = (at: number): Date => new Date(start + scene * 3_600_000 + at * minute);
  const contextOf = (run: Omit<Run, 'letters'>) => ({
    ...emptyContext,
    repository: run.repository ?? `acme/scene-${scene}`,
    gitSha: run.sha ?? `c${run.at}`,
    gitBranch: run.branch ?? 'main',
    lane: run.lane,
    jobName: run.job,
    pullRequest: run.pullRequest,
    origin: run.origin,
  });

  async function remember(
    test = 0,
    changes: { worked?: number; failed?: number; shared?: boolean; letter?: string } = {},
  ): Promise<string> {
    const [into, values] =
      changes.shared === true
        ? ['shared_memories (', '']
        : ['healix_memories (team_id, ', `'${place.team.id}', `];
    const [row] = await place.look(
      `INSERT INTO ${into}test_name, failure_signature, words_signature, solution, success_count, failure_count, confidence)
       VALUES (${values}$1, $2, $3, 'do it', ${changes.worked ?? 0}, ${changes.failed ?? 0}, 0.8) RETURNING id`,
      [testName(test), `md5:${digits(changes.letter ?? 'a')}`, `w1:${digits('a')}`],
    );
    return String(row?.id);
  }

  /** What all memories of the scene have learned, or those of one test. */
  async function learned(test = `tests/test_scene_${scene}.py%`): Promise<Record<string, unknown>> {
    const [row] = await place.look(
      `SELECT sum(success_count)::int AS worked, sum(failure_count)::int AS failed, max(confidence)::float AS confidence,
         bool_or(last_applied IS NOT NULL) AS applied, max(metadata ->> 'baseline') AS baseline,
         (SELECT count(*)::int FROM test_results r WHERE r.auto_healed AND r.test_name LIKE $1) AS healed
       FROM (SELECT test_name, success_count, failure_count, confidence, last_applied, metadata FROM healix_memories
         UNION ALL SELECT test_name, success_count, failure_count, confidence, last_applied, metadata FROM shared_memories) AS memories
       WHERE test_name LIKE $1`,
      [test],
    );
    return row as never;
  }

  function resultsOf({ letters }: Run) {
    const results = [...letters].flatMap((letter, number) => {
      if (letter === '.') return [];
      const broken = 'FMOC'.includes(letter);
      const other = letter === 'O';
      const text = digits(other ? '0' : 'a');
      return [
        makeResult(number, {
          testName: testName(number),
          outcome: broken ? 'failed' : letter === 'S' ? 'skipped' : 'passed',
          failure: broken
            ? { errorType: 'KeyError', line: 7, lastFrameLine: 7, message: 'x', traceback: undefined }
            : undefined,
          failureSignature: broken ? `md5:${letter === 'M' ? digits('b') : text}` : undefined,
          driftSignature: broken ? `d1:${text}` : undefined,
          wordsSignature: broken ? `w1:${text}` : undefined,
          causeKey: letter === 'C' ? `c1:${text} tests/conftest.py:5` : undefined,
        }),
      ];
    });
    return [...results, makeResult(99)];
  }

  async function upload(
    run: Run,
    key = `${scene} ${run.at} ${run.branch} ${run.lane} ${run.job} ${run.pullRequest} ${run.repository}`,
  ) {
    const source = sourceOf(resultsOf(run));
    const { storeError, saved, history } = await storeRun(
      place.connect,
      makeUpload(key, {
        teamSlug: place.teamSlug,
        createdAt: timeOf(run.at),
        context: contextOf(run),
      }),
      () => ({ ...source(), incomplete: () => run.incomplete === true }),
      {
        ...makeOptions(),
        baseBranch: undefined,
        change: undefined,
        onSaved: () => {},
        onWarning: ({ code, message }) => {
          if (code === 'not-learned' || code === 'history-unreadable') throw new Error(message);
        },
      },
    );
    if (storeError !== undefined) throw storeError;
    told = 0;
    for (const { match } of history?.failures ?? [])
      if (match !== undefined && match.tier !== 'similar') told++;
    return saved;
  }

  /** Stores runs in which the first tests pass, without a program that learns from them. */
  async function greens(
    from: number,
    to: number,
    run: Partial<Run> & { tests?: number } = {},
  ): Promise<void> {
    const line = makeLineId(place.team.id, contextOf({ at: 0, ...run }));
    await place.look(
      `WITH runs AS (
         INSERT INTO test_runs (id, team_id, total_tests, passed, created_at, repository, git_branch, git_sha, job_name, lane, line_id)
         SELECT gen_random_uuid(), $1::uuid, 1, 1, $2::timestamptz + n * interval '1 minute', $3, $4, 'c' || n, $5, $6, $7::uuid
         FROM generate_series($8::int, $9::int) AS n RETURNING id, team_id, created_at, line_id)
       INSERT INTO test_results (team_id, test_run_id, created_at, line_id, test_name, outcome)
       SELECT team_id, id, created_at, line_id, $10 || t, 'passed' FROM runs CROSS JOIN generate_series(0, $11::int - 1) AS t`,
      [
        place.team.id,
        timeOf(0).toISOString(),
        run.repository ?? `acme/scene-${scene}`,
        run.branch ?? 'main',
        run.job ?? null,
        run.lane ?? null,
        line,
        from,
        to,
        testName(0).slice(0, -1),
        run.tests ?? 1,
      ] as unknown as string[],
    );
  }

  /** A memory, and a test that passed on 12 commits: two failures in a row are then no chance. */
  async function begin(run: Partial<Run> & { tests?: number } = {}): Promise<void> {
    for (let number = 0; number < (run.tests ?? 1); number++) await remember(number);
    await greens(-12, -1, run);
  }

  const line = (letters: string): Run[] => [...letters].map((letter, at) => ({ letters: letter, at }));
  const uploadAll = async (runs: readonly Run[]) => {
    for (const run of runs) await upload(run);
  };

  // Each story is a test of its own in the same runs.
  describe('tests of one suite', () => {
    const stories = [
      ['a repair', 'FFP', 1, 0],
      ['a row of failures is one episode', 'FFFPP', 1, 0],
      ['broken, repaired, broken alike again: what relapsed was no repair', 'FFPFFFP', 1, 0],
      ['relapsed, and still broken', 'FFPF', 0, 0],
      ['red on three later commits', 'FFFF', 0, 1],
      ['red on more', 'FFFFFF', 0, 1],
      ['failed, and then repaired: nobody knows by what', 'FFFFFP', 0, 0],
      ['red on two later commits', 'FFF', 0, 0],
      ['never broken', 'PPP', 0, 0],
      ['one red, which chance explains', 'FP', 0, 0],
      ['skipped and not run say nothing', 'FFS.P', 1, 0],
      ['another failure in between does not part an episode', 'FOFP', 1, 0],
      ['another failure at the end does not take the credit away', 'FFOP', 1, 0],
      ['a failure without a memory', 'OOP', 0, 0],
      ['the same failure on another line', 'MMP', 1, 0],
    ] as const;
    let suite = 0;
    beforeAll(async () => {
      suite = scene = ++scenes;
      await begin({ tests: stories.length });
      const steps = Math.max(...stories.map(([, letters]) => letters.length));
      for (let at = 0; at < steps; at++)
        await upload({ letters: stories.map(([, letters]) => letters[at] ?? '.').join(''), at });
    });
    test.each(stories.map((one, number) => [...one, number] as const))(
      '%s: %s',
      async (_, letters, worked, failed, number) => {
        scene = suite;
        const ended = worked + failed;
        expect(await learned(testName(number))).toEqual({
          worked,
          failed,
          applied: worked > 0 ? true : expect.any(Boolean),
          // What a person gave holds until the first count, also of one that was taken back.
          confidence: ended > 0 ? Math.round((100 * (worked + 1)) / (ended + 2)) / 100 : expect.any(Number),
          baseline: letters === 'OOP' ? '{"lasted": 0, "recovered": 1}' : null,
          healed: worked === 0 ? 0 : letters.slice(letters.lastIndexOf('PF') + 1).match(/[FM]/g)?.length,
        });
      },
    );
  });

  // Shared memories are told apart by the statement alone, untaught ones have what room is left.
  const manyTold = [
    ['one of all teams among them', 503, 1, 0, 500],
    ['all of the team', 503, 0, 0, 500],
    ['and others untaught', 498, 0, 5, 500],
  ] as const;
  test.each(long || isServer ? manyTold : manyTold.slice(0, 1))(
    'of more than 500 memories told in one run all are told, and 500 learn: %s',
    async (_, own, shared, untaught, kept) => {
      const tests = own + untaught;
      await place.look(
        `INSERT INTO healix_memories (team_id, test_name, failure_signature, words_signature, solution)
       SELECT $1, $2 || n, CASE WHEN n < $3 THEN $4 ELSE 'md5:other' END, CASE WHEN n < $3 THEN $5 ELSE 'w1:other' END, 'do it' FROM generate_series(0, $6::int - 1) AS n`,
        [
          place.team.id,
          testName(0).slice(0, -1),
          own,
          `md5:${digits('a')}`,
          `w1:${digits('a')}`,
          tests,
        ] as unknown as string[],
      );
      if (shared > 0) await remember(tests, { shared: true });
      await greens(-12, -1, { tests: tests + shared });
      for (const [at, letter] of [...'FFP'].entries()) {
        const saved = await upload({ letters: letter.repeat(tests + shared), at });
        if (letter === 'P') break;
        // The others are told all the same.
        expect(told).toBe(own + shared);
        const rows = await place.look(
          `SELECT shown, count(*)::int AS rows FROM healix_matches WHERE run_id = $1 GROUP BY 1 ORDER BY 1 DESC`,
          [saved?.runId ?? ''],
        );
        expect(rows).toEqual([
          { shown: true, rows: Math.min(own, kept) },
          ...(own < kept ? [{ shown: false, rows: kept - own }] : []),
        ]);
      }
      expect(await learned()).toMatchObject({ worked: Math.min(own, kept), failed: 0 });
    },
  );

  story('broken anew after more than 20 runs is another breakage', async () => {
    await begin();
    await uploadAll(line('FFP'));
    await greens(3, 23);
    await uploadAll([24, 25, 26].map((at) => ({ letters: at < 26 ? 'F' : 'P', at })));
    expect(await learned()).toMatchObject({ worked: 2, confidence: 0.75, healed: 4 });
  });

  story('the document\u2019s counters go on from where they were', async () => {
    await remember(0, { worked: 47, failed: 3 });
    await greens(-12, -1);
    await uploadAll(line('FFP'));
    expect(await learned()).toMatchObject({ worked: 48, failed: 3, confidence: 0.92 });
    await uploadAll([3, 4, 5, 6].map((at) => ({ letters: 'F', at })));
    // Red alike again: the credit is taken back, and then it has failed.
    expect(await learned()).toMatchObject({ worked: 47, failed: 4, confidence: 0.91, healed: 0 });
  });

  test('how often the test recovers untaught is counted beside it', async () => {
    await greens(-12, -1);
    await uploadAll(line('FFP'));
    await greens(3, 23);
    await remember();
    await uploadAll([24, 25, 26].map((at) => ({ letters: at < 26 ? 'F' : 'P', at })));
    expect(await learned()).toMatchObject({
      worked: 1,
      baseline: '{"lasted": 0, "recovered": 1}',
      healed: 2,
    });
    // With another error the memory is not told, and the test breaks again.
    await greens(27, 31);
    await uploadAll([32, 33, 34, 35].map((at) => ({ letters: 'O', at })));
    expect(await learned()).toMatchObject({ worked: 1, baseline: '{"lasted": 1, "recovered": 1}' });
  });

  story('a memory that was never told learns nothing from the breakage that it was taught by', async () => {
    await greens(-12, -1);
    await uploadAll(line('FF'));
    await remember();
    await upload({ letters: 'P', at: 2 });
    expect(await learned()).toMatchObject({ worked: 0, failed: 0, confidence: 0.8, applied: false });
  });

  test('twenty tests that fail by one cause earn one credit', async () => {
    await begin({ tests: 1 });
    await greens(-12, -1, { tests: 20 });
    for (const at of [0, 1]) await upload({ letters: `F${'C'.repeat(19)}`, at });
    await upload({ letters: 'P'.repeat(19), at: 2 });
    await upload({ letters: 'P'.repeat(20), at: 3 });
    expect(await learned()).toMatchObject({ worked: 1, healed: 40 });
  });

  story('a cause is not repaired while one of its tests is red', async () => {
    await begin({ tests: 1 });
    await greens(-12, -1, { tests: 4 });
    for (const at of [0, 1]) await upload({ letters: 'FCCC', at });
    await upload({ letters: 'PPPC', at: 2 });
    expect(await learned()).toMatchObject({ worked: 0 });
    await upload({ letters: 'PPPP', at: 3 });
    expect(await learned()).toMatchObject({ worked: 1 });
  });

  story(
    'jobs of a matrix that turn green by one commit tell of one repair, in any order and at once',
    async () => {
      await remember();
      const jobs = ['3.12', '3.13', '3.14'];
      for (const job of jobs) await greens(-12, -1, { job });
      for (const job of jobs) await uploadAll([0, 1].map((at) => ({ letters: 'F', at, job })));
      await Promise.all(jobs.map((job) => upload({ letters: 'P', at: 5, sha: 'b', job })));
      expect(await learned()).toMatchObject({ worked: 1, healed: 6 });
    },
  );

  story('a job of a matrix that passes repairs nothing in another', async () => {
    await remember();
    for (const job of ['3.12', '3.13']) await greens(-12, -1, { job });
    for (const [at, sha] of ['a', 'b', 'c'].entries()) {
      await upload({ letters: 'F', at: 2 * at, sha, job: '3.13' });
      await upload({ letters: 'P', at: 2 * at + 1, sha, job: '3.12' });
    }
    expect(await learned()).toMatchObject({ worked: 0, failed: 0 });
  });

  story('green in one job and red in another by the same commit is no repair', async () => {
    await remember();
    const jobs = ['3.12', '3.13'];
    for (const job of jobs) await greens(-12, -1, { job });
    for (const job of jobs) await uploadAll([0, 1].map((at) => ({ letters: 'F', at, job })));
    await upload({ letters: 'P', at: 2, sha: 'c2', job: '3.12' });
    expect(await learned()).toMatchObject({ worked: 1 });
    await upload({ letters: 'F', at: 2, sha: 'c2', job: '3.13' });
    expect(await learned()).toMatchObject({ worked: 0, healed: 0 });
  });

  story('jobs that failed in two ways teach both memories', async () => {
    await remember();
    await remember(0, { letter: '0' });
    await place.look('UPDATE healix_memories SET words_signature = NULL WHERE test_name = $1', [testName(0)]);
    for (const job of ['3.12', '3.13']) await greens(-12, -1, { job });
    for (const at of [0, 1]) {
      await upload({ letters: 'F', at, job: '3.12' });
      await upload({ letters: 'O', at, job: '3.13' });
    }
    for (const job of ['3.12', '3.13']) await upload({ letters: 'P', at: 5, sha: 'b', job });
    const counts = await place.look(
      'SELECT success_count AS n FROM healix_memories WHERE test_name = $1 ORDER BY failure_signature',
      [testName(0)],
    );
    expect(counts).toEqual([{ n: 1 }, { n: 1 }]);
  });

  story('a push that passes repairs nothing on its pull request, and both green are one repair', async () => {
    await begin();
    const push = (letters: string, at: number, sha: string) => upload({ letters, at, sha, branch: 'b' });
    const merge = (letters: string, at: number, sha: string) =>
      upload({ letters, at, sha, branch: 'b', pullRequest: 7 });
    await merge('F', 0, 'a');
    await push('P', 1, 'b');
    await merge('F', 2, 'b');
    expect(await learned()).toMatchObject({ worked: 0 });
    await push('F', 3, 'c');
    await push('F', 4, 'd');
    await push('P', 5, 'e');
    await merge('P', 6, 'e');
    expect(await learned()).toMatchObject({ worked: 1 });
  });

  story('what main is red by is main\u2019s breakage, on however many branches', async () => {
    await begin();
    await uploadAll(line('FF'));
    for (const branch of ['b1', 'b2']) {
      await upload({ letters: 'F', at: 2, sha: `${branch} a`, branch });
      await upload({ letters: 'P', at: 3, sha: `${branch} b`, branch });
    }
    expect(await learned()).toMatchObject({ worked: 0 });
    await upload({ letters: 'P', at: 4 });
    expect(await learned()).toMatchObject({ worked: 1, healed: 2 });
  });

  story.each([
    ['a fork', { branch: 'octo:main' }],
    ['a run that somebody\u2019s comment started', { origin: 'stranger' }],
    ['a run outside CI beside a team\u2019s CI', { origin: 'local' }],
    ['a partial run', { incomplete: true }],
  ] as const)('%s teaches nothing', async (_, how) => {
    await begin();
    for (const run of line('FFP')) await upload({ ...run, ...how });
    expect(await learned()).toMatchObject({ worked: 0, failed: 0 });
  });

  story('an outage teaches nothing, also where its rerun comes last', async () => {
    await begin();
    const down = (at: number) =>
      place.look(
        `WITH r AS (SELECT * FROM test_results WHERE test_name = $1 AND created_at = $2)
         INSERT INTO test_results (team_id, test_run_id, created_at, line_id, test_name, test_file, outcome)
         SELECT team_id, test_run_id, created_at, line_id, 'down_' || n, 'f' || n % 12, 'failed' FROM r, generate_series(1, 30) AS n`,
        [testName(0), timeOf(at).toISOString()],
      );
    for (const at of [0, 1, 2, 3]) {
      await upload({ letters: 'F', at });
      await down(at);
      await place.look('UPDATE test_runs SET total_tests = 32, failed = 31 WHERE created_at = $1', [
        timeOf(at).toISOString(),
      ]);
    }
    expect(await learned()).toMatchObject({ failed: 1 });
    for (const at of [0, 1, 2, 3]) await upload({ letters: 'P', at: 10 + at, sha: `c${at}` });
    expect(await learned()).toMatchObject({ worked: 0, failed: 0, healed: 0 });
  });

  story.each([
    ['a rerun of the same commit is no repair', ['F', 'F', 'P'], ['a', 'b', 'b'], 0],
    [
      'what passed on a rerun was chance, also where a later commit passes',
      ['F', 'F', 'P', 'P'],
      ['a', 'b', 'b', 'c'],
      0,
    ],
    [
      'broken alike on the commit that had repaired it',
      ['F', 'F', 'P', 'F', 'P'],
      ['a', 'b', 'c', 'c', 'd'],
      0,
    ],
  ] as const)('%s', async (_, letters, shas, worked) => {
    await begin();
    for (const [at, letters_] of letters.entries())
      await upload({ letters: letters_, at, sha: shas[at] ?? '' });
    expect(await learned()).toMatchObject({ worked, failed: 0 });
  });

  story('other branches and lanes repair nothing', async () => {
    await begin();
    await uploadAll(line('FF'));
    await greens(-12, -1, { lane: 'slow' });
    await upload({ letters: 'P', at: 2, branch: 'elsewhere' });
    await upload({ letters: 'P', at: 3, lane: 'slow' });
    expect(await learned()).toMatchObject({ worked: 0 });
  });

  test('a stored upload that comes again changes nothing', async () => {
    await begin();
    await uploadAll([...line('FFP'), ...line('FFP')]);
    expect(await upload({ letters: 'P', at: 2 })).toMatchObject({ stored: 'already' });
    expect(await learned()).toMatchObject({ worked: 1 });
  });

  test('what an interrupted upload did not count is counted by the same one again, or by the next', async () => {
    await begin();
    await uploadAll(line('FF'));
    const green = (at: number) =>
      makeUpload(`${scene} ${at} undefined undefined undefined undefined undefined`, {
        teamSlug: place.teamSlug,
        createdAt: timeOf(at),
        context: contextOf({ at }),
      });
    // Stored, and then the program ended.
    await saveRun(place.connect, green(2), sourceOf(resultsOf({ letters: 'P', at: 2 })), makeOptions());
    expect(await learned()).toMatchObject({ worked: 0 });
    expect(await upload({ letters: 'P', at: 2 })).toMatchObject({ stored: 'already' });
    expect(await learned()).toMatchObject({ worked: 1 });
    await uploadAll([3, 4, 5].map((at) => ({ letters: 'F', at })));
    await saveRun(place.connect, green(6), sourceOf(resultsOf({ letters: 'P', at: 6 })), makeOptions());
    expect(await learned()).toMatchObject({ worked: 0 });
    await upload({ letters: 'P', at: 7 });
    expect(await learned()).toMatchObject({ worked: 1 });
  });

  story('a run that cannot be stored teaches nothing', async () => {
    await begin();
    await uploadAll(line('FF'));
    await expect(
      saveRun(
        place.connect,
        makeUpload(`${scene} broken`, { teamSlug: place.teamSlug, context: contextOf({ at: 2 }) }),
        () => ({
          ...sourceOf([makeResult(0, { testName: testName(0) })])(),
          totals: () => {
            throw new Error('the report broke off');
          },
        }),
        makeOptions(),
      ),
    ).rejects.toThrow('broke off');
    await upload({ letters: '.', at: 3 });
    expect(await learned()).toMatchObject({ worked: 0 });
  });

  test('many tests at once, several memories', async () => {
    await begin({ tests: 20 });
    for (const at of [0, 1]) await upload({ letters: 'F'.repeat(20), at });
    await upload({ letters: 'P'.repeat(15) + 'F'.repeat(5), at: 2 });
    expect(await learned()).toMatchObject({ worked: 15, healed: 30 });
    await upload({ letters: 'P'.repeat(20), at: 3 });
    expect(await learned()).toMatchObject({ worked: 20, healed: 45 });
  });

  story('a memory shared by all teams keeps the counters that its owner gave it', async () => {
    await remember(0, { shared: true });
    await greens(-12, -1);
    await uploadAll(line('FFP'));
    expect(await learned()).toMatchObject({ worked: 0, confidence: 0.8 });
  });

  // Orders of the same uploads, one after another and all at once.
  const runs = line('FFPP');
  test('uploads may arrive in any order: two failures and a repair are one credit', async () => {
    for (const order of some(permutations(runs), isServer ? 3 : 2)) {
      scene = ++scenes;
      await begin();
      await uploadAll(order);
      expect([order.map((run) => run.at).join(''), await learned()]).toMatchObject([
        expect.any(String),
        { worked: 1, failed: 0, confidence: 0.67, healed: 2 },
      ]);
    }
  });

  test('sixteen uploads at the same moment, four of each run, leave one credit', async () => {
    for (let round = 0; round < (isServer ? rounds(1, 5) : 1); round++) {
      scene = ++scenes;
      await begin();
      const saved = await Promise.all(runs.flatMap((run) => [run, run, run, run]).map((run) => upload(run)));
      expect(saved.filter((run) => run?.stored === 'new')).toHaveLength(4);
      expect(await learned()).toMatchObject({ worked: 1, failed: 0, confidence: 0.67, healed: 2 });
    }
  });

  story('sixteen green uploads at the same moment are one credit', async () => {
    await begin();
    await uploadAll(line('FF'));
    await Promise.all(
      Array.from({ length: 16 }, (_, number) =>
        upload({ letters: 'P', at: 2 + number }, `${scene} green ${number}`),
      ),
    );
    expect(await learned()).toMatchObject({ worked: 1 });
  });

  story('two branches that break alike at one time tell of one breakage', async () => {
    await begin();
    for (const [at, letters] of ['F', 'F', 'P'].entries())
      for (const branch of ['b1', 'b2']) await upload({ letters, at, branch, sha: `${branch} ${at}` });
    expect(await learned()).toMatchObject({ worked: 1, failed: 0, confidence: 0.67, healed: 4 });
  });

  test('uploads that repair the same tests at the same moment, one after the other in time, lose no count', async () => {
    for (let number = 0; number < 3; number++) await remember(number);
    const repositories = Array.from({ length: isServer ? rounds(4, 16) : 2 }, (_, number) => number);
    const runs = (letters: string, step: number) =>
      repositories.map((n) => ({ letters, at: 3 * n + step, repository: `acme/${scene}-${n}` }));
    for (const { at, repository } of runs('', 0)) await greens(at - 12, at - 1, { repository, tests: 3 });
    for (const step of [0, 1]) await Promise.all(runs('FFF', step).map((run) => upload(run)));
    await Promise.all(runs('PPP', 2).map((run) => upload(run)));
    expect(await learned()).toMatchObject({
      worked: 3 * repositories.length,
      confidence: Math.round((100 * (repositories.length + 1)) / (repositories.length + 2)) / 100,
      failed: 0,
      healed: 6 * repositories.length,
    });
  });
});

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((first, at) =>
    permutations([...list.slice(0, at), ...list.slice(at + 1)]).map((rest) => [first, ...rest]),
  );
}
