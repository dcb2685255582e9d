// What memories learn from the runs of a change: pure, in any order of uploads.

import { describe, expect, it } from 'vitest';
import { type ChangeRuns, learn, toldMatches } from '../../src/judge/episodes.ts';
import type { JudgedPoint } from '../../src/judge/judge.ts';
import { orderCommits } from '../../src/judge/order.ts';
import type { MemoryMatch, NameChain, StoredRun, TestRow } from '../../src/model.ts';
import { Random } from '../support/random.ts';

const hour = 3_600_000;
const testName = 'a.py::test';

interface Upload {
  readonly run: StoredRun;
  readonly row: TestRow;
  readonly match: MemoryMatch | undefined;
}

/** By job one letter a commit: `F` failed as the memory says, `U` so before it was taught, `O` otherwise, `P` passed. */
function uploadsOf(jobs: Readonly<Record<string, string>>, branch = 'main', from = 0): Upload[] {
  return Object.entries(jobs).flatMap(([job, letters]) =>
    [...letters].flatMap((letter, place): Upload[] => {
      if (letter === '.') return [];
      const runId = `${branch} ${job} ${place}`;
      const at = (from + place) * hour + (job === 'a' ? 0 : 1000);
      const sha = `${branch} ${place}`;
      const failed = letter !== 'P';
      const run: StoredRun = {
        runId,
        lineId: job,
        jobName: job,
        gitSha: sha,
        testedSha: sha,
        parents: [],
        kind: 'head',
        origin: 'team',
        branch,
        pullRequest: undefined,
        execution: undefined,
        ordinal: 1,
        at,
        isComplete: true,
        isDirty: false,
        isStale: false,
        totals: { tests: 1, failed: 0, failedFiles: 0 },
      };
      const driftSignature = failed ? (letter === 'O' ? 'other' : 'd') : undefined;
      return [
        {
          run,
          row: { testName, runId, outcome: failed ? 'failed' : 'passed', driftSignature },
          match: 'FO'.includes(letter)
            ? {
                memoryId: 'm',
                runId,
                at,
                testName,
                isShown: letter === 'F',
                episode: undefined,
                counted: undefined,
                isHealed: false,
              }
            : undefined,
        },
      ];
    }),
  );
}

/** Learns with each upload, as the database does. */
class Learning {
  readonly #runs = new Map<string, StoredRun[]>();
  readonly rows: TestRow[] = [];
  readonly #chains: readonly NameChain[];
  readonly matches = new Map<string, MemoryMatch>();
  readonly counts = { worked: 0, failed: 0, recovered: 0, lasted: 0 };

  constructor(chains: readonly NameChain[] = []) {
    this.#chains = chains;
  }

  add({ run, row, match }: Upload): void {
    const branch = run.branch ?? '';
    const own = [...(this.#runs.get(branch) ?? []), run];
    this.#runs.set(branch, own);
    this.rows.push(row);
    if (match !== undefined && !this.matches.has(match.runId)) this.matches.set(match.runId, match);
    this.decide(branch);
  }

  decide(branch: string): void {
    const own = this.#runs.get(branch) ?? [];
    const change: ChangeRuns = { name: branch, ids: own.map(({ runId }) => runId), own, base: [] };
    if (!change.ids.some((runId) => this.matches.has(runId))) return;
    const learned = learn({
      change,
      order: orderCommits(own, []),
      rows: this.rows,
      chains: this.#chains,
      matches: [...this.matches.values()],
    });
    for (const match of learned.matches) this.matches.set(match.runId, match);
    for (const memory of learned.memories) {
      this.counts.worked += memory.worked;
      this.counts.failed += memory.failed;
      this.counts.recovered += memory.recovered;
      this.counts.lasted += memory.lasted;
    }
  }
}

function learnedFrom(uploads: readonly Upload[]): Learning {
  const learning = new Learning();
  for (const upload of uploads) learning.add(upload);
  return learning;
}

const green = 'P'.repeat(12);
const nothing = { worked: 0, failed: 0, recovered: 0, lasted: 0 };

describe('one breakage', () => {
  it.each([
    ['of two jobs counts once', { a: `${green}FFPP`, b: `${green}FFPP` }, { worked: 1 }],
    ['is not repaired while one job is red', { a: `${green}FFP`, b: `${green}FFF` }, {}],
    ['has failed where one job stays red', { a: `${green}FFP`, b: `${green}FFFF` }, { failed: 1 }],
    [
      'of which one job is gone is repaired by the others',
      { a: `${green}FFPP`, b: `${green}F` },
      { worked: 1 },
    ],
    [
      'that ended with a rerun in one job and a repair in the other',
      { a: `${green}FFP`, b: `${green}FF` },
      { worked: 1 },
    ],
    ['that nobody was told of is the test untaught', { a: `${green}OOP` }, { recovered: 1 }],
    ['that lasted untaught', { a: `${green}OOOO` }, { lasted: 1 }],
    [
      'before the memory was taught is found with the first one after',
      { a: `${green}UUP${'P'.repeat(20)}FFP` },
      { worked: 1, recovered: 1 },
    ],
    ['in which it was taught, and told again, is one', { a: `${green}UFP` }, { worked: 1 }],
    ['red from the first run on says nothing', { a: 'FFFFF' }, {}],
    ['that is longer than chance at the test\u2019s rate', { a: 'PFPPFPPFPPFPPFFP' }, {}],
  ] as const)('%s', (_, jobs, counts) => {
    expect(learnedFrom(uploadsOf(jobs)).counts).toEqual({ ...nothing, ...counts });
  });

  it.each([
    ['goes on under a new name', 'FFP', 'aab', [['b', 'a']], { worked: 1 }],
    ['ends with a rename that is not known', 'FFP', 'aab', [], {}],
    ['told under both names is one', 'FFFP', 'aabb', [['b', 'a']], { worked: 1 }],
    ['lasts under a new name', 'FFFF', 'aabb', [['b', 'a']], { failed: 1 }],
    ['is told under the new name alone', 'UFP', 'abb', [['b', 'a']], { worked: 1 }],
    ['is not repaired by a later test of the former name', 'FFFP', 'abba', [['b', 'a']], {}],
    ['is repaired by the test that got its name back', 'FFFP', 'abba', [['a', 'b', 'a']], { worked: 1 }],
  ] as const)('%s', (_, letters, names, chains, counts) => {
    const uploads = uploadsOf({ a: `${'P'.repeat(12)}${letters}` }).map(({ run, row, match }, place) => {
      const name = names[place - 12] ?? 'a';
      return { run, row: { ...row, testName: name }, match: match && { ...match, testName: name } };
    });
    for (const some of [uploads, uploads.toReversed()]) {
      const learning = new Learning(chains as never);
      for (const upload of some) learning.add(upload);
      expect(learning.counts).toEqual({ ...nothing, ...counts });
    }
  });

  it('of a test whose former name another one has beside it is each one\u2019s own', () => {
    const [one, other] = [uploadsOf({ a: `${green}FFFF` }), uploadsOf({ a: `${green}PPPP` })];
    const learning = new Learning([['b', 'a']]);
    for (const [place, { run, row, match }] of one.entries()) {
      const name = place < 13 ? 'a' : 'b';
      if (name === 'b')
        learning.rows.push({ ...other[place]?.row, runId: run.runId, testName: 'a' } as TestRow);
      learning.add({
        run,
        row: { ...row, testName: name },
        match: match && { ...match, testName: name },
      });
    }
    // Red under the new name without a past, and the former one is another test by then.
    expect(learning.counts).toEqual(nothing);
  });

  it('of two branches at one time counts once, and after its end anew', () => {
    const at = uploadsOf({ a: `${green}FFPP` }, 'one');
    expect(learnedFrom([...at, ...uploadsOf({ a: `${green}.FFP` }, 'two')]).counts.worked).toBe(1);
    expect(learnedFrom([...at, ...uploadsOf({ a: `${green}...FFP` }, 'two')]).counts.worked).toBe(2);
  });

  it('of the base is not the change\u2019s', () => {
    const [base, own] = [uploadsOf({ a: `${green}F` }), uploadsOf({ a: 'FP' }, 'branch', 20)];
    const learnedOf = (begun: readonly Upload[], after: readonly Upload[]) =>
      learn({
        change: {
          name: 'branch',
          ids: after.map(({ run }) => run.runId),
          own: after.map(({ run }) => run),
          base: begun.map(({ run }) => run),
        },
        order: orderCommits(
          [...begun, ...after].map(({ run }) => run),
          [],
        ),
        rows: [...begun, ...after].map(({ row }) => row),
        matches: after.flatMap(({ match }) => match ?? []),
      }).memories;
    expect(learnedOf(base, own)).toEqual([]);
    expect(learnedOf(base.slice(0, -1), uploadsOf({ a: 'FFP' }, 'branch', 20))).toMatchObject([
      { worked: 1 },
    ]);
  });

  it('stays counted when its beginning is out of sight', () => {
    const uploads = uploadsOf({ a: `${green}FFP${'P'.repeat(30)}` });
    const learning = learnedFrom(uploads);
    const late = new Learning();
    for (const match of learning.matches.values()) late.matches.set(match.runId, match);
    // All but the greens before it, then all but its first failure.
    for (const from of [11, 13]) {
      for (const upload of uploads.slice(from)) late.add(upload);
      expect(late.counts).toEqual(nothing);
    }
  });
});

describe('learning', () => {
  it('comes to one result in any order of uploads, and all at once', () => {
    const random = new Random(7);
    const letters = () =>
      Array.from({ length: 14 }, (_, i) => (i < 5 ? 'P' : 'FFPPO.U'[random.between(0, 6)])).join('');
    let ended = 0;
    for (let round = 0; round < 150; round++) {
      const uploads = [
        ...uploadsOf({ a: green + letters(), b: green + letters() }),
        ...uploadsOf({ a: green + letters() }, 'other', 3),
      ];
      const shuffled = [...uploads];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = random.between(0, i);
        [shuffled[i], shuffled[j]] = [shuffled[j] as Upload, shuffled[i] as Upload];
      }
      const inOrder = learnedFrom(uploads);
      const other = learnedFrom(shuffled);
      // Every branch has looked at everything once.
      for (const learning of [inOrder, other])
        for (const branch of ['main', 'other']) learning.decide(branch);
      expect(other.counts, `round ${round}`).toEqual(inOrder.counts);
      const counted = (learning: Learning) =>
        [...learning.matches.values()].filter((match) => match.counted !== undefined).length;
      const { worked, failed, recovered, lasted } = other.counts;
      expect(counted(other)).toBe(worked + failed + recovered + lasted);
      ended += counted(other);
    }
    expect(ended).toBeGreaterThan(100);
  });
});

describe('what was told of a run', () => {
  const judged = (isOnBaseBranch: boolean, isComplete = true) =>
    ({ facts: { run: { isComplete }, change: { isOnBaseBranch } } }) as unknown as JudgedPoint;
  const failure = (name: string, novelty: string, tier?: string, id = 'm') =>
    ({
      testName: name,
      class: novelty,
      reason: { kind: novelty === 'no-history' ? 'maybe-base' : 'green-there' },
      match: tier && { tier, memory: { id } },
    }) as never;

  it('is kept once a memory, under its own test where that failed', () => {
    const failures = [
      failure('b', 'new', 'cause'),
      failure('c', 'new', 'exact'),
      failure('a', 'new', 'cause'),
    ];
    expect(toldMatches(judged(false), failures)).toEqual({
      shown: [{ memoryId: 'm', testName: 'c' }],
      untaught: [],
    });
    expect(toldMatches(judged(false), [failures[0], failures[2]] as never).shown).toEqual([
      { memoryId: 'm', testName: 'a' },
    ]);
  });

  it.each([
    ['new', false, true],
    ['pre-existing', false, false],
    ['pre-existing', true, true],
    ['flaky', true, false],
    ['no-history', false, false],
  ])('%s, on the base branch %s: kept %s', (novelty, isBase, isKept) => {
    const told = toldMatches(judged(isBase), [
      failure('a', novelty, 'moved'),
      failure('b', novelty, 'similar'),
    ]);
    expect(told).toEqual(
      isKept ? { shown: [{ memoryId: 'm', testName: 'a' }], untaught: ['b'] } : { shown: [], untaught: [] },
    );
  });

  it('is not kept of a partial run', () => {
    expect(toldMatches(judged(false, false), [failure('a', 'new', 'exact')]).shown).toEqual([]);
  });
});
