// Learning by itself, on both databases: each time a matched test broke and was repaired by a commit counts once, however many
// uploads tell of it, in whatever order, at whatever moment.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { saveRun } from '../../../src/store/runs/save.ts';
import { some } from '../../support/long.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';
import { emptyContext, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

const signature = `md5:${'a'.repeat(32)}` as const;

interface Run {
  /** One letter a test: `F` failed as the memory says, `O` failed otherwise, `P` passed, `S` skipped, `.` did not run. */
  readonly letters: string;
  readonly at: number;
  readonly sha?: string;
  readonly branch?: string;
  readonly lane?: string;
  readonly job?: string;
  readonly pullRequest?: number;
}

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  let scene = 0;
  const start = Date.now() - 20 * 86_400_000;
  beforeAll(async () => {
    place = await createPlace(name);
  });
  afterAll(() => place.remove());
  beforeEach(() => {
    scene++;
  });

  const testName = (number: number): string => `tests/test_scene_${scene}.py::test_${number}`;

  async function remember(
    test = 0,
    changes: { worked?: number; failed?: number; shared?: boolean } = {},
  ): Promise<string> {
    const [into, values] =
      changes.shared === true
        ? ['shared_memories (', '']
        : ['healix_memories (team_id, ', `'${place.team.id}', `];
    const [row] = await place.look(
      `INSERT INTO ${into}test_name, failure_signature, solution, success_count, failure_count, confidence)
       VALUES (${values}$1, $2, 'do it', ${changes.worked ?? 0}, ${changes.failed ?? 0}, 0.8) RETURNING id`,
      [testName(test), signature],
    );
    return String(row?.id);
  }

  async function learned(): Promise<{
    worked: number;
    confidence: number;
    credits: number;
    applied: boolean;
  }> {
    const [row] = await place.look(
      `SELECT sum(success_count)::int AS worked, max(confidence)::float AS confidence, bool_or(last_applied IS NOT NULL) AS applied,
         (SELECT count(*)::int FROM healix_credits c WHERE c.test_name LIKE $1) AS credits
       FROM (SELECT test_name, success_count, confidence, last_applied FROM healix_memories
         UNION ALL SELECT test_name, success_count, confidence, last_applied FROM shared_memories) AS memories
       WHERE test_name LIKE $1`,
      [`tests/test_scene_${scene}.py%`],
    );
    return row as never;
  }

  function upload(
    run: Run,
    key = `${scene} ${run.at} ${run.branch} ${run.lane} ${run.job} ${run.pullRequest}`,
  ) {
    const results = [...run.letters].flatMap((letter, number) => {
      if (letter === '.') return [];
      const broken = letter === 'F' || letter === 'O';
      return [
        makeResult(number, {
          testName: testName(number),
          outcome: broken ? 'failed' : letter === 'S' ? 'skipped' : 'passed',
          failure: broken
            ? { errorType: 'KeyError', line: 7, lastFrameLine: 7, message: 'x', traceback: undefined }
            : undefined,
          failureSignature: letter === 'F' ? signature : broken ? `md5:${'0'.repeat(32)}` : undefined,
        }),
      ];
    });
    return saveRun(
      place.connect,
      makeUpload(key, {
        teamSlug: place.teamSlug,
        createdAt: new Date(start + scene * 3_600_000 + run.at * 60_000),
        context: {
          ...emptyContext,
          gitSha: run.sha ?? `c${run.at}`,
          gitBranch: run.branch ?? `branch-${scene}`,
          lane: run.lane,
          jobName: run.job,
          pullRequest: run.pullRequest,
        },
      }),
      sourceOf([...results, makeResult(99)]),
      makeOptions(),
    );
  }

  const line = (letters: string): Run[] => [...letters].map((letter, at) => ({ letters: letter, at }));

  test.each([
    ['a repair', 'FP', 1],
    ['broken, repaired, broken again, repaired again', 'FPFP', 2],
    ['a row of failures is one episode', 'FFFPPPFFPP', 2],
    ['never repaired', 'PFFF', 0],
    ['never broken', 'PPP', 0],
    ['skipped and not run say nothing', 'FS.P', 1],
    ['another failure in between does not part an episode', 'FOFP', 1],
    ['another failure at the end does not take the credit away', 'FOP', 1],
    ['a failure without a memory', 'OP', 0],
  ])('%s: %s', async (_, letters, credits) => {
    await remember();
    for (const run of line(letters)) await upload(run);
    expect(await learned()).toEqual({
      worked: credits,
      credits,
      applied: credits > 0,
      confidence: credits === 0 ? 0.8 : Math.round((100 * (credits + 1)) / (credits + 2)) / 100,
    });
  });

  test('the document\u2019s counters go on from where they were', async () => {
    await remember(0, { worked: 47, failed: 3 });
    for (const run of line('FPFP')) await upload(run);
    expect(await learned()).toMatchObject({ worked: 49, credits: 2, confidence: 0.93 });
  });

  test('jobs of a matrix that turn green by one commit tell of one repair, in any order and at once', async () => {
    await remember();
    const jobs = ['3.12', '3.13', '3.14'];
    for (const job of jobs) await upload({ letters: 'F', at: 0, sha: 'a', job });
    await Promise.all(jobs.map((job) => upload({ letters: 'P', at: 5, sha: 'b', job })));
    expect(await learned()).toMatchObject({ worked: 1, credits: 1 });
    for (const job of jobs) await upload({ letters: 'F', at: 10, sha: 'c', job });
    for (const job of jobs) await upload({ letters: 'P', at: 15, sha: 'd', job });
    expect(await learned()).toMatchObject({ worked: 2, credits: 2 });
  });

  test('a job of a matrix that passes repairs nothing in another', async () => {
    await remember();
    for (const [at, sha] of ['a', 'b', 'c'].entries()) {
      await upload({ letters: 'F', at: 2 * at, sha, job: '3.13' });
      await upload({ letters: 'P', at: 2 * at + 1, sha, job: '3.12' });
    }
    expect(await learned()).toMatchObject({ worked: 0, credits: 0 });
  });

  test('jobs that failed in two ways teach both memories', async () => {
    await remember();
    const other = `md5:${'0'.repeat(32)}`;
    await place.look(
      `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${place.team.id}', $1, $2, 'else')`,
      [testName(0), other],
    );
    await upload({ letters: 'F', at: 0, sha: 'a', job: '3.12' });
    await upload({ letters: 'O', at: 1, sha: 'a', job: '3.13' });
    for (const job of ['3.12', '3.13']) await upload({ letters: 'P', at: 5, sha: 'b', job });
    const counts = await place.look(
      'SELECT success_count AS n FROM healix_memories WHERE test_name = $1 ORDER BY failure_signature',
      [testName(0)],
    );
    expect(counts).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test('a push that passes repairs nothing on its pull request, and both green are one repair', async () => {
    await remember();
    const push = (letters: string, at: number, sha: string) => upload({ letters, at, sha });
    const merge = (letters: string, at: number, sha: string) => upload({ letters, at, sha, pullRequest: 7 });
    await merge('F', 0, 'a');
    await push('P', 1, 'b');
    await merge('F', 2, 'b');
    expect(await learned()).toMatchObject({ credits: 0 });
    await push('F', 3, 'c');
    await push('P', 4, 'd');
    await merge('P', 5, 'd');
    expect(await learned()).toMatchObject({ worked: 1, credits: 1 });
  });

  test('a fork teaches nothing', async () => {
    await remember();
    for (const run of line('FPFP')) await upload({ ...run, branch: 'octo:main' });
    expect(await learned()).toMatchObject({ worked: 0, credits: 0 });
  });

  test.each([
    ['a rerun of the same commit is no repair', ['F', 'P'], ['a', 'a'], 0],
    ['a repair after such a rerun is one', ['F', 'P', 'P'], ['a', 'a', 'b'], 1],
    ['nor does such a rerun part an episode', ['F', 'F', 'P', 'P'], ['a', 'b', 'b', 'c'], 1],
    ['broken again on the commit that had repaired it', ['F', 'P', 'F', 'P'], ['a', 'b', 'b', 'c'], 2],
  ] as const)('%s', async (_, letters, shas, credits) => {
    await remember();
    for (const [at, letters_] of letters.entries())
      await upload({ letters: letters_, at, sha: shas[at] ?? '' });
    expect(await learned()).toMatchObject({ worked: credits, credits });
  });

  test('other branches and lanes repair nothing', async () => {
    await remember();
    await upload({ letters: 'F', at: 0 });
    await upload({ letters: 'P', at: 1, branch: 'elsewhere' });
    await upload({ letters: 'P', at: 2, lane: 'slow' });
    expect(await learned()).toMatchObject({ worked: 0, credits: 0 });
  });

  test('a stored upload that comes again changes nothing', async () => {
    await remember();
    for (const run of [...line('FP'), ...line('FP')]) await upload(run);
    expect(await upload({ letters: 'P', at: 1 })).toMatchObject({ stored: 'already' });
    expect(await learned()).toMatchObject({ worked: 1, credits: 1 });
  });

  test('a run that cannot be stored teaches nothing', async () => {
    await remember();
    await upload({ letters: 'F', at: 0 });
    await expect(
      saveRun(
        place.connect,
        makeUpload(`${scene} broken`, {
          teamSlug: place.teamSlug,
          context: { ...emptyContext, gitSha: 'z', gitBranch: `branch-${scene}` },
        }),
        () => ({
          ...sourceOf([makeResult(0, { testName: testName(0) })])(),
          totals: () => {
            throw new Error('the report broke off');
          },
        }),
        makeOptions(),
      ),
    ).rejects.toThrow('broke off');
    expect(await learned()).toMatchObject({ worked: 0, credits: 0 });
  });

  test('many tests at once, several memories', async () => {
    for (let number = 0; number < 20; number++) await remember(number);
    await upload({ letters: 'F'.repeat(20), at: 0 });
    await upload({ letters: 'P'.repeat(15) + 'F'.repeat(5), at: 1 });
    expect(await learned()).toMatchObject({ worked: 15, credits: 15 });
    await upload({ letters: 'P'.repeat(20), at: 2 });
    expect(await learned()).toMatchObject({ worked: 20, credits: 20 });
  });

  test('a memory shared by all teams keeps the counters that its owner gave it', async () => {
    await remember(0, { shared: true });
    for (const run of line('FP')) await upload(run);
    expect(await learned()).toMatchObject({ worked: 0, credits: 0, confidence: 0.8 });
  });

  // Every order of the same four uploads, one after another and all at once.
  const orders = permutations(line('FPFP'));
  test('uploads may arrive in any order: two episodes are two credits', async () => {
    for (const order of some(orders, 10)) {
      scene++;
      await remember();
      for (const run of order) await upload(run);
      expect([order.map((run) => run.at).join(''), await learned()]).toMatchObject([
        expect.any(String),
        { worked: 2, credits: 2, confidence: 0.75 },
      ]);
    }
  });

  test('sixteen uploads at the same moment, four of each run, leave two credits', async () => {
    for (let round = 0; round < 5; round++) {
      scene++;
      await remember();
      const runs = line('FPFP').flatMap((run) => [run, run, run, run]);
      const saved = await Promise.all(runs.map((run) => upload(run)));
      expect(saved.filter((run) => run.stored === 'new')).toHaveLength(4);
      expect(await learned()).toMatchObject({ worked: 2, credits: 2, confidence: 0.75 });
    }
  });

  test('sixteen green uploads of different jobs at the same moment are one credit', async () => {
    await remember();
    await upload({ letters: 'F', at: 0 });
    await Promise.all(
      Array.from({ length: 16 }, (_, number) =>
        upload({ letters: 'P', at: 1 + number }, `${scene} green ${number}`),
      ),
    );
    expect(await learned()).toMatchObject({ worked: 1, credits: 1 });
  });

  test('sixteen branches that repair the same tests at the same moment lose no count', async () => {
    const branches = Array.from({ length: 16 }, (_, number) => `b${number}`);
    for (let number = 0; number < 6; number++) await remember(number);
    for (const branch of branches) await upload({ letters: 'FFFFFF', at: 0, branch });
    await Promise.all(branches.map((branch) => upload({ letters: 'PPPPPP', at: 1, branch })));
    expect(await learned()).toMatchObject({ worked: 96, credits: 96, confidence: 0.94 });
  });
});

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((first, at) =>
    permutations([...list.slice(0, at), ...list.slice(at + 1)]).map((rest) => [first, ...rest]),
  );
}
