// What the team's own rows tell about the failures of a run, on both databases, under row-level security.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type {
  FailureHistory,
  RunContext,
  RunHistory,
  SavedRun,
  SignedResult,
  Warning,
} from '../../../src/model.ts';
import type { Connect } from '../../../src/store/database/port.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { readRunHistory } from '../../../src/storing.ts';
import { long } from '../../support/long.ts';
import { createPlace, keepConnections, type Place, placeNames } from '../../support/places.ts';
import {
  emptyContext,
  makeCoverage,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const testName = 'tests/test_things.py::TestThings::test_1';

/** `F` failed, `P` passed, `S` skipped, `E` error, `.` did not run. */
type Letter = 'F' | 'P' | 'S' | 'E' | '.';

function resultOf(letter: Letter, changes: Partial<SignedResult> = {}): SignedResult[] {
  if (letter === '.') return [makeResult(99)];
  const outcome = { F: 'failed', P: 'passed', S: 'skipped', E: 'error' } as const;
  const broken = letter === 'F' || letter === 'E';
  return [
    makeResult(1, {
      outcome: outcome[letter],
      failure: broken
        ? { errorType: 'KeyError', line: 7, lastFrameLine: 7, message: "KeyError: 'x'", traceback: undefined }
        : undefined,
      failureSignature: broken ? `md5:${'a'.repeat(32)}` : undefined,
      driftSignature: broken ? `d1:${'b'.repeat(32)}` : undefined,
      wordsSignature: broken ? `w1:${'c'.repeat(32)}` : undefined,
      ...changes,
    }),
  ];
}

describe.each(placeNames)('on %s', (name) => {
  // Every statement is tested on both databases; stories that say nothing else of it on one.
  const story = test.runIf(long || name === placeNames[0]);
  let place: Place;
  let uploads = 0;
  const start = Date.now() - 29 * day;
  /** Every test has a lane of its own, so that none sees another's runs. */
  let lane = '';
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
  });
  afterAll(() => place.remove());
  beforeEach(() => {
    lane = `lane-${++uploads}`;
  });

  interface Run {
    readonly letter: Letter;
    readonly branch?: string;
    readonly sha?: string;
    /** Minutes after the beginning of everything. */
    readonly at: number;
    readonly lane?: string;
    readonly results?: readonly SignedResult[];
    /** Percent of each file, by its number. */
    readonly coverage?: Readonly<Record<number, number>>;
    readonly other?: boolean;
    readonly baseBranch?: string;
    readonly job?: string;
    readonly repository?: string | undefined;
    readonly repositoryHost?: string | undefined;
    readonly project?: string | undefined;
    readonly pullRequest?: number;
    readonly changes?: Partial<SignedResult>;
  }

  function upload(run: Run): Promise<SavedRun> {
    uploads++;
    const results = run.results ?? resultOf(run.letter, run.changes);
    const who = run.other === true ? place.other : place;
    return saveRun(
      who.connect,
      makeUpload(`u${uploads}`, {
        teamSlug: who.teamSlug,
        createdAt: new Date(start + run.at * minute),
        context: {
          ...emptyContext,
          gitSha: run.sha ?? `c${run.at}`,
          gitBranch: run.branch ?? 'main',
          lane: run.lane ?? lane,
          baseBranch: run.baseBranch,
          jobName: run.job,
          repository: run.repository,
          repositoryHost: run.repositoryHost,
          project: run.project,
          pullRequest: run.pullRequest,
        },
      }),
      sourceOf(
        results,
        Object.entries(run.coverage ?? {}).map(([number, coveragePercent]) =>
          makeCoverage(Number(number), { coveragePercent }),
        ),
      ),
      makeOptions(),
    );
  }

  /** @param mergeBase the merge base, as git or the API would tell it */
  function history(saved: SavedRun, baseBranch?: string, mergeBase?: string): Promise<RunHistory> {
    return readRunHistory(place.connect, {
      saved,
      teamSlug: place.teamSlug,
      allowPrivilegedRole: false,
      baseBranch,
      change:
        mergeBase === undefined
          ? undefined
          : { context: { ...emptyContext, kind: 'head' }, named: { mergeBase }, git: undefined },
    });
  }

  /** Uploads runs a minute apart and returns what is told about the last one's failure. */
  async function lastOf(
    runs: readonly Omit<Run, 'at'>[],
    mergeBase?: string,
  ): Promise<FailureHistory | undefined> {
    let saved: SavedRun | undefined;
    for (const [at, run] of runs.entries()) saved = await upload({ ...run, at });
    if (saved === undefined) throw new Error('no run');
    return (await history(saved, undefined, mergeBase)).failures[0];
  }

  const on = (branch: string, letters: string): Omit<Run, 'at'>[] =>
    [...letters].map((letter) => ({ letter: letter as Letter, branch }));

  story('a base branch that is never tested is told once there are runs enough of others', async () => {
    const told: Warning[] = [];
    for (const [at, sha] of ['a', 'b', 'c', 'd'].entries()) {
      const saved = await upload({ letter: 'F', branch: `fix-${sha}`, baseBranch: 'main', sha, at });
      told.length = 0;
      await readRunHistory(place.connect, {
        saved,
        teamSlug: place.teamSlug,
        allowPrivilegedRole: false,
        baseBranch: undefined,
        onWarning: (warning) => void told.push(warning),
      });
      expect([sha, ...told.map(({ code }) => code)]).toEqual([
        sha,
        ...(sha === 'd' ? ['base-never-tested'] : []),
      ]);
    }
    expect(told[0]?.message).toContain('main is never tested: `fail-on: new` cannot fail');
    await upload({ letter: 'P', branch: 'main', sha: 'm', at: 1 });
    told.length = 0;
    const saved = await upload({ letter: 'F', branch: 'fix-e', baseBranch: 'main', sha: 'e', at: 5 });
    await readRunHistory(place.connect, {
      saved,
      teamSlug: place.teamSlug,
      allowPrivilegedRole: false,
      baseBranch: undefined,
      onWarning: (warning) => void told.push(warning),
    });
    expect(told).toEqual([]);
  });

  describe('jobs of a matrix', () => {
    test('a test that fails in one job alone is broken there, not flaky', async () => {
      const commit = (sha: string, at: number, branch: string) => [
        upload({ letter: 'P', job: 'test (3.12)', sha, branch, at }),
        upload({ letter: 'F', job: 'test (3.13)', sha, branch, at: at + 1 }),
        upload({ letter: 'P', job: 'test (3.14)', sha, branch, at: at + 2 }),
      ];
      for (const [i, sha] of ['a', 'b', 'c'].entries()) await Promise.all(commit(sha, 10 * i, 'main'));
      const [, failing] = await Promise.all(commit('d', 50, 'fix'));
      if (failing === undefined) throw new Error('no run');
      expect((await history(failing, undefined, 'c')).failures).toMatchObject([
        {
          class: 'pre-existing',
          reason: { kind: 'red-there', sha: 'c' },
          since: { firstRed: 'a', inARow: 3 },
        },
      ]);
    });

    story('a job that the base branch does not have is compared with its other jobs', async () => {
      const failed = { letter: 'F', job: 'nightly', sha: 'a' } as const;
      const pull = { letter: 'F', job: 'pull', branch: 'fix' } as const;
      expect(await lastOf([failed, pull], 'a')).toMatchObject({
        class: 'pre-existing',
        reason: { kind: 'red-there', jobs: ['nightly'] },
      });
      lane = `${lane} again`;
      expect(await lastOf([failed, { ...failed, letter: 'P', job: 'unit' }, pull], 'a')).toMatchObject({
        class: 'no-history',
        reason: { kind: 'jobs-differ', passed: ['unit'], failed: ['nightly'] },
      });
    });
  });

  describe('repositories', () => {
    story('of one team have a main each', async () => {
      expect(
        await lastOf([
          { letter: 'P', repository: 'acme/shop' },
          { letter: 'F', repository: 'acme/depot' },
          { letter: 'F', repository: 'acme/shop', branch: 'fix' },
        ]),
      ).toMatchObject({ class: 'new', reason: { kind: 'green-there', sha: 'c0' } });
    });

    story('what was added is told against the own one', async () => {
      await upload({ letter: 'P', repository: 'acme/shop', results: [makeResult(1)], sha: 'a', at: 0 });
      await upload({ letter: 'P', repository: 'acme/depot', results: [makeResult(7)], sha: 'b', at: 1 });
      const saved = await upload({
        letter: 'P',
        repository: 'acme/shop',
        branch: 'fix',
        results: [makeResult(1), makeResult(2)],
        at: 2,
      });
      const { changes } = await history(saved, undefined, 'a');
      expect(changes).toMatchObject({ added: [makeResult(2).testName], removed: [] });
    });

    test('a run that knows of no repository matches any in the embedded database, none on a server', async () => {
      const failure = await lastOf(
        [
          { letter: 'F', repository: 'acme/shop', sha: 'a' },
          { letter: 'F', branch: 'fix' },
        ],
        'a',
      );
      expect(failure?.class).toBe(name === 'the embedded database' ? 'pre-existing' : 'no-history');
    });
  });

  story('green on a head and red on its merge is new, not flaky', async () => {
    expect(
      await lastOf([
        ...on('main', 'P'),
        { letter: 'P', branch: 'fix', sha: 'a' },
        { letter: 'F', branch: 'fix', sha: 'a', pullRequest: 7 },
      ]),
    ).toMatchObject({ class: 'new', notes: { passedOnRerunOf: undefined } });
  });

  story('a fork cannot put its main in the place of the base branch', async () => {
    expect(await lastOf([...on('main', 'P'), ...on('octo:main', 'F'), ...on('fix', 'F')])).toMatchObject({
      class: 'new',
      reason: { kind: 'green-there', sha: 'c0' },
    });
  });

  const rerun = [
    ...on('main', 'P'),
    ...['F', 'P'].map((letter) => ({ letter: letter as Letter, sha: 'same' })),
  ];
  story.each([
    ['nothing came before', on('main', 'F'), undefined, 'no-history', 'no-run', undefined],
    ['a first failure on the base', on('main', 'PPF'), undefined, 'new', 'green-there', undefined],
    ['a row of failures on the base', on('main', 'PFFEF'), undefined, 'pre-existing', 'red-there', undefined],
    ['in some runs not run', on('main', 'PF.SFF'), undefined, 'pre-existing', 'red-there', undefined],
    [
      'red at the merge base',
      [...on('main', 'PF'), ...on('x', 'F')],
      'c1',
      'pre-existing',
      'red-there',
      undefined,
    ],
    [
      'red on main, merge base unknown',
      [...on('main', 'PF'), ...on('x', 'F')],
      undefined,
      'no-history',
      'maybe-base',
      undefined,
    ],
    [
      'once red and repaired on main',
      [...on('main', 'PFP'), ...on('x', 'F')],
      'c2',
      'new',
      'green-there',
      undefined,
    ],
    [
      'the second push of a red branch',
      [...on('main', 'P'), ...on('x', 'FF')],
      'c0',
      'new',
      'green-there',
      undefined,
    ],
    ['red and green on one commit of main', [...rerun, ...on('x', 'F')], 'same', 'flaky', 'flaky', undefined],
    [
      'three alone between greens',
      [...on('main', 'PFPFPFP'), ...on('x', 'F')],
      'c6',
      'flaky',
      'flaky',
      undefined,
    ],
    [
      'a break of main that was repaired',
      [...on('main', 'PPPPPPPPPPFFP'), ...on('x', 'F')],
      'c12',
      'new',
      'green-there',
      undefined,
    ],
  ] as const)('%s', async (_, runs, mergeBase, expected, reason, fixedBy) => {
    const failure = await lastOf(runs as readonly Omit<Run, 'at'>[], mergeBase);
    expect(failure).toMatchObject({ testName, class: expected, reason: { kind: reason }, known: false });
    expect(failure?.lastFixedBy).toBe(fixedBy);
  });

  story('an older run that is uploaded late does not move the point', async () => {
    await upload({ letter: 'P', at: 5, sha: 'newer' });
    await upload({ letter: 'F', at: 1, sha: 'older' });
    const saved = await upload({ letter: 'F', branch: 'x', at: 9 });
    expect(await history(saved, undefined, 'newer')).toMatchObject({
      point: { sha: 'newer' },
      failures: [{ class: 'new' }],
    });
  });

  story('the base branch is the one given, else the CI\u2019s, else main', async () => {
    await upload({ letter: 'F', branch: 'develop', sha: 'd', at: 0 });
    await upload({ letter: 'P', branch: 'main', at: 1 });
    const plain = await upload({ letter: 'F', branch: 'x', at: 2 });
    const fromCi = await upload({ letter: 'F', branch: 'y', at: 3, baseBranch: 'develop' });
    expect(await history(plain)).toMatchObject({ baseBranch: 'main', failures: [{ class: 'new' }] });
    expect(await history(fromCi, undefined, 'd')).toMatchObject({
      baseBranch: 'develop',
      failures: [{ class: 'pre-existing' }],
    });
    expect(await history(fromCi, 'main')).toMatchObject({ baseBranch: 'main', failures: [{ class: 'new' }] });
  });

  story('other lanes, other teams and later runs do not count', async () => {
    await upload({ letter: 'F', at: 0, lane: `${lane}-other` });
    await upload({ letter: 'F', at: 1, other: true });
    const saved = await upload({ letter: 'F', branch: 'feature', at: 2 });
    await upload({ letter: 'F', at: 3 });
    expect((await history(saved)).failures[0]).toMatchObject({
      class: 'no-history',
      reason: { kind: 'no-run' },
    });
  });

  test('a run of another team is unknown', async () => {
    const saved = await upload({ letter: 'F', at: 0, other: true });
    await expect(history(saved)).rejects.toMatchObject({ code: 'run-unknown' });
  });

  story('a run that was stored before is told about as well as a new one', async () => {
    const saved = await upload({ letter: 'F', at: 0 });
    const first = await history(saved);
    expect(await history({ ...saved, stored: 'already' })).toEqual(first);
  });

  test('what was added, removed, newly skipped and grew slower', async () => {
    const timed = (number: number, seconds: number, changes: Partial<SignedResult> = {}) =>
      makeResult(number, { durationSeconds: seconds, ...changes });
    // Ten green samples at the base are needed to call a test slower.
    for (let at = 0; at < 10; at++)
      await upload({
        letter: 'P',
        at,
        results: [timed(1, 0.1), timed(2, 1), timed(3, 0.01), timed(4, 2), timed(5, 1)],
      });
    const saved = await upload({
      letter: 'P',
      branch: 'feature',
      at: 10,
      results: [
        timed(1, 0.3),
        timed(2, 1.4),
        timed(3, 0.09),
        timed(4, 0, { outcome: 'skipped' }),
        timed(6, 9),
      ],
    });
    const named = (number: number) => `tests/test_things.py::TestThings::test_${number}`;
    expect((await history(saved, undefined, 'c9')).changes).toEqual({
      added: [named(6)],
      removed: [named(5)],
      renamed: [],
      parametersChanged: [],
      notRun: [],
      newlySkipped: [named(4)],
      slower: [{ testName: named(1), beforeSeconds: 0.1, afterSeconds: 0.3 }],
    });
  });

  test('how the coverage moved, against the run of the own line at the point', async () => {
    await upload({ letter: 'P', at: 0, coverage: { 1: 10, 2: 10, 3: 10 } });
    await upload({ letter: 'P', at: 1, coverage: { 1: 80, 2: 60, 3: 50, 4: 90 } });
    await upload({ letter: 'P', at: 3, lane: 'another', coverage: { 1: 1 } });
    await upload({ letter: 'P', at: 3, other: true, coverage: { 1: 1 } });
    const saved = await upload({
      letter: 'P',
      branch: 'feature',
      at: 4,
      coverage: { 1: 79.5, 2: 60, 3: 75, 5: 1 },
    });
    expect((await history(saved)).coverage).toEqual({
      beforePercent: 70,
      afterPercent: 53.88,
      moved: [
        { filePath: 'src/module_3.py', beforePercent: 50, afterPercent: 75 },
        { filePath: 'src/module_1.py', beforePercent: 80, afterPercent: 79.5 },
      ],
    });
    const without = await upload({ letter: 'P', branch: 'feature', at: 5 });
    expect((await history(without)).coverage).toBeUndefined();
    const alone = await upload({ letter: 'P', branch: 'feature', at: 6, lane: 'new', coverage: { 1: 5 } });
    expect((await history(alone)).coverage).toBeUndefined();
  });

  test('names that are also words of JavaScript are names like others', async () => {
    const results = ['constructor', '__proto__', 'toString'].map(
      (testName) => resultOf('F', { testName })[0],
    );
    const saved = await upload({ letter: 'F', at: 0, results: results as SignedResult[] });
    const told = await history(saved);
    expect(told.failures.map((failure) => [failure.testName, failure.class])).toEqual([
      ['constructor', 'no-history'],
      ['__proto__', 'no-history'],
      ['toString', 'no-history'],
    ]);
  });

  describe('with memories', () => {
    const signature = `md5:${'a'.repeat(32)}`;
    const drift = `d1:${'b'.repeat(32)}`;
    const words = `w1:${'c'.repeat(32)}`;
    async function remember(memory: {
      readonly test?: string;
      readonly signature?: string;
      readonly drift?: string;
      readonly words?: string;
      readonly repository?: string | undefined;
      readonly host?: string | undefined;
      readonly project?: string | undefined;
      readonly state?: string;
      readonly confidence?: string;
      readonly team?: string;
      readonly shared?: boolean;
      readonly solution: string;
      readonly worked?: number;
    }): Promise<void> {
      const { repository, host, project } = memory;
      const where = [repository, host, project].map((value) => (value === undefined ? 'NULL' : `'${value}'`));
      const [into, values] =
        memory.shared === true
          ? ['shared_memories (', '']
          : [
              'healix_memories (team_id, repository, repository_host, project, ',
              `'${memory.team ?? place.team.id}', ${where.join(', ')}, `,
            ];
      await place.look(
        `INSERT INTO ${into}test_name, failure_signature, drift_signature, words_signature, state, confidence, solution,
           success_count)
         VALUES (${values}$1, $2, ${memory.drift === undefined ? 'NULL' : `'${memory.drift}'`},
           ${memory.words === undefined ? 'NULL' : `'${memory.words}'`}, '${memory.state ?? 'active'}',
           ${memory.confidence ?? 'NULL'}, $3, ${memory.worked ?? 0})`,
        [memory.test ?? testName, memory.signature ?? 'md5:other', memory.solution],
      );
    }
    beforeEach(async () => {
      await place.look('WITH own AS (DELETE FROM healix_memories) DELETE FROM shared_memories');
    });
    const told = async (
      changes: Partial<SignedResult> = {},
      context: Partial<Pick<RunContext, 'repository' | 'repositoryHost' | 'project'>> = {},
    ) => {
      const saved = await upload({ letter: 'F', at: uploads, changes, ...context });
      const [row] = await place.look(
        `SELECT coalesce(h.solution, s.solution) AS solution FROM test_results r
         LEFT JOIN healix_memories h ON h.team_id = r.team_id AND h.id = r.healix_memory_id
         LEFT JOIN shared_memories s ON s.id = r.shared_memory_id WHERE r.test_run_id = $1`,
        [saved.runId],
      );
      const failure = (await history(saved)).failures[0];
      return {
        known: failure?.known,
        tier: failure?.match?.tier,
        solution: failure?.match?.memory.solution,
        stored: row?.solution ?? undefined,
      };
    };

    test.each([signature, signature.slice(4)])('an exact match is stored and known: %s', async (form) => {
      await remember({ signature: form, solution: 'exact', confidence: '0.5', drift });
      expect(await told()).toEqual({ known: true, tier: 'exact', solution: 'exact', stored: 'exact' });
    });

    test('confidence decides, then how often it worked; a memory never rated comes last', async () => {
      await remember({ signature, solution: 'never rated', worked: 9 });
      await remember({ signature: signature.slice(4), solution: 'low', confidence: '0.2', worked: 9 });
      await remember({ signature, solution: 'high', confidence: '0.9', worked: 1 });
      await remember({
        signature: signature.slice(4),
        solution: 'high and tried',
        confidence: '0.9',
        worked: 2,
      });
      expect(await told()).toMatchObject({ solution: 'high and tried', stored: 'high and tried' });
    });

    test('a shared memory matches; another team\u2019s and a retired one never do', async () => {
      await remember({ signature, solution: 'rival', confidence: '1', team: place.other.id, drift });
      await remember({ signature, solution: 'retired', confidence: '1', drift });
      await place.look(`UPDATE healix_memories SET deleted_at = now() WHERE solution = 'retired'`);
      expect(await told()).toEqual({ known: false, tier: undefined, solution: undefined, stored: undefined });
      await remember({ signature, solution: 'shared', confidence: '0.1', shared: true });
      expect(await told()).toMatchObject({ known: true, solution: 'shared', stored: 'shared' });
    });

    test('the same test and words after an edit are moved; known, and not stored as a match', async () => {
      await remember({ words, solution: 'moved' });
      expect(await told()).toEqual({ known: true, tier: 'moved', solution: 'moved', stored: undefined });
    });

    test('the same test with other values, or another parameter, is only similar', async () => {
      await remember({ drift, words: `w1:${'d'.repeat(32)}`, solution: 'other values' });
      expect(await told()).toMatchObject({ known: false, tier: 'similar', solution: 'other values' });
      await place.look('WITH own AS (DELETE FROM healix_memories) DELETE FROM shared_memories');
      await remember({ test: `${testName}[a]`, drift, words, solution: 'another parameter' });
      expect(await told()).toMatchObject({ tier: 'similar', solution: 'another parameter' });
    });

    test('the same assertion on the same line with other values fills the id and is told as similar', async () => {
      await remember({
        signature,
        words: `w1:${'d'.repeat(32)}`,
        confidence: '0.9',
        solution: 'other values',
      });
      expect(await told()).toEqual({
        known: false,
        tier: 'similar',
        solution: 'other values',
        stored: 'other values',
      });
      await remember({ signature, words, confidence: '0.1', solution: 'these values' });
      expect(await told()).toMatchObject({ tier: 'exact', solution: 'these values', stored: 'these values' });
    });

    test('another test with the same words is known where both failed outside of themselves', async () => {
      await remember({ test: 'tests/other.py::test_a', words, solution: 'the fixture' });
      expect(await told()).toMatchObject({ known: false, tier: undefined });
      const causeKey = `c1:${'e'.repeat(32)} tests/conftest.py:33` as const;
      expect(await told({ causeKey })).toEqual({
        known: true,
        tier: 'cause',
        solution: 'the fixture',
        stored: undefined,
      });
    });

    test('a memory of another repository says nothing; one without matches in all', async () => {
      await remember({ signature, words, repository: 'acme/shop', solution: 'of the shop' });
      expect(await told({}, { repository: 'acme/bank' })).toMatchObject({
        tier: undefined,
        stored: undefined,
      });
      expect(await told({}, { repository: 'acme/shop' })).toMatchObject({
        tier: 'exact',
        stored: 'of the shop',
      });
      await remember({ signature, words, solution: 'of nobody' });
      expect(await told({}, { repository: 'acme/bank' })).toMatchObject({
        tier: 'exact',
        stored: 'of nobody',
      });
    });

    // A memory's repository, host and project; a run's.
    test.each([
      [['acme/shop', 'github.com'], ['Acme/Shop', 'github.com'], true],
      [['acme/shop', 'github.com'], ['github.com/acme/shop', 'github.com'], true],
      [['acme/shop', 'github.com'], ['acme/shop', 'gitlab.com'], false],
      [['acme/shop', 'github.com'], ['acme/shop'], true],
      [['acme/shop'], ['github.com/acme/shop', 'github.com'], true],
      [['github.com/acme/shop'], ['acme/shop', 'github.com'], true],
      [['github.com/acme/shop'], ['acme/shop', 'gitlab.com'], false],
      [[undefined, undefined, 'api'], ['acme/shop', 'github.com', 'api'], true],
      [[undefined, undefined, 'api'], ['acme/shop', 'github.com', 'web'], false],
      [['acme/shop', 'github.com', 'api'], ['acme/shop', 'github.com'], true],
    ] as const)('a memory of %j is one of the run in %j: %s', async (of, run, matches) => {
      await remember({ signature, words, repository: of[0], host: of[1], project: of[2], solution: 'x' });
      const found = await told({}, { repository: run[0], repositoryHost: run[1], project: run[2] });
      expect([found.tier, found.stored]).toEqual(matches ? ['exact', 'x'] : [undefined, undefined]);
    });

    test('a moved match is of the repository and project, too', async () => {
      const of = { words, repository: 'acme/shop', host: 'github.com', project: 'api', solution: 'x' };
      await remember(of);
      const run = { repository: 'github.com/acme/shop', repositoryHost: 'github.com', project: 'api' };
      expect((await told({}, run)).tier).toBe('moved');
      expect((await told({}, { ...run, project: 'web' })).tier).toBeUndefined();
    });

    test('a run without a repository is of any in the embedded database, and of none on a server', async () => {
      await remember({ signature, words, repository: 'acme/shop', solution: 'x' });
      expect((await told()).tier).toBe(name === 'the embedded database' ? 'exact' : undefined);
    });

    test('a memory that nobody has confirmed is no match of any tier', async () => {
      await remember({ signature, drift, words, state: 'proposed', solution: 'proposed' });
      await remember({ signature, drift, words, state: 'proposed', solution: 'proposed', shared: true });
      expect(await told()).toMatchObject({ tier: undefined, stored: undefined });
    });

    test('another test is similar by either signature, a suggestion and no more', async () => {
      await remember({ test: 'tests/other.py::test_a', drift, solution: 'by drift', confidence: '0.3' });
      expect(await told()).toEqual({
        known: false,
        tier: 'similar',
        solution: 'by drift',
        stored: undefined,
      });
      await remember({
        test: 'tests/other.py::test_b',
        signature: signature.slice(4),
        solution: 'by line',
        confidence: '0.4',
      });
      expect(await told()).toMatchObject({ known: false, tier: 'similar', solution: 'by line' });
    });

    test('signatures are sent to look for memories only where there are some', async () => {
      const saved = await upload({ letter: 'F', at: uploads });
      const connect: Connect = async (limits) => {
        const db = await place.connect(limits);
        return {
          ...db,
          query: (sql, params) => {
            sent.push(JSON.stringify(params ?? []));
            return db.query(sql, params);
          },
        };
      };
      let sent: string[] = [];
      const isSent = async () => {
        sent = [];
        await readRunHistory(connect, {
          saved,
          teamSlug: place.teamSlug,
          baseBranch: undefined,
          allowPrivilegedRole: false,
        });
        return sent.some((params) => params.includes(words));
      };
      expect(await isSent()).toBe(false);
      expect(sent.length).toBeGreaterThan(2);
      await remember({ solution: 'shared', shared: true });
      expect(await isSent()).toBe(true);
    });

    test('a team that wants no matches gets none of any tier', async () => {
      await remember({ signature, drift, solution: 'x' });
      await place.look(`UPDATE teams SET features = '{"healix_enabled": false}' WHERE id = $1`, [
        place.team.id,
      ]);
      expect(await told()).toMatchObject({ known: false, tier: undefined, stored: undefined });
      await place.look(`UPDATE teams SET features = '{"healix_enabled": true}' WHERE id = $1`, [
        place.team.id,
      ]);
      expect(await told()).toMatchObject({ known: true, tier: 'exact' });
    });
  });
});
