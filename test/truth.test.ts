// The forty stories of what is said of failures, from the commit to the verdict: real commits and checkouts, reports as pytest writes
// them (where the text matters: reports that it wrote). docs/judging.md says which story the former rules told wrongly.
//
// Stories of CI are told on PostgreSQL and those outside CI on the embedded database; `npm run test:long` tells each on both.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { long } from './support/long.ts';
import { createPlace, keepConnections, type Place, placeNames } from './support/places.ts';
import { RepositoryStory, type Told } from './support/repository-story.ts';

const [onServer, embedded] = placeNames;
const places: Place[] = [];
const open = async (name: (typeof placeNames)[number]) =>
  void places.push(keepConnections(await createPlace(name)));
/** Stories whose failures the former rules gave the same classes. docs/judging.md says what was wrong with them, or why nothing. */
const asFormerly = [
  ...[
    '4:',
    '5:',
    '13:',
    '15:',
    '18:',
    '19:',
    '6, 14, 19:',
    '21, 36:',
    '24, 33:',
    '28:',
    '31:',
    '32:',
    '34:',
    '38:',
  ],
  ...['a branch and a detached HEAD', 'a branch whose main never', 'of a fork', 'a test that -k or -m'],
];

let story: RepositoryStory | undefined;
beforeAll(async () => {
  await open(onServer);
  if (long) await open(embedded);
});
afterEach(({ task }) => {
  const told = story;
  told?.remove();
  story = undefined;
  if (task.result?.state === 'fail') return;
  expect(told?.isOtherThanFormerly, 'some failure is of another class than by the former rules').toBe(
    !asFormerly.some((title) => task.name.startsWith(title)),
  );
});
afterAll(() => Promise.all(places.map((place) => place.remove())));

/** A story on the server. */
function begin(files?: readonly string[]): RepositoryStory {
  story = new RepositoryStory(places, files);
  return story;
}

/** A story on the embedded database. */
function beginHere(): RepositoryStory {
  story = new RepositoryStory(long ? places : places.slice(1));
  return story;
}

const a = 'tests/test_a.py::test_x';
const b = 'tests/test_b.py::test_y';
const bookshopCoverage = fileURLToPath(new URL('../fixtures/bookshop/coverage.json', import.meta.url));
const green = { [a]: 'P', [b]: 'P' };
const red = { ...green, [a]: 'F' };

let toldInBoth = 0;
/** The same is told where the checkout has the whole history; `npm test` looks at every other one. */
async function expectInBothDepths(s: RepositoryStory, told: Told, expected: object): Promise<void> {
  expect(told).toMatchObject(expected);
  if (!long && toldInBoth++ % 2 === 1) return;
  expect(await s.again(told, 'full')).toMatchObject(expected);
}

describe('a change', () => {
  it('1: that breaks anew what was red once before is new, with the same error and with another', async () => {
    const s = begin();
    for (const label of ['A', 'B', 'C', 'D']) s.commit(label);
    expect((await s.push('A', green)).failures).toEqual({});
    const told = await s.push('B', red, { before: 'A' });
    await expectInBothDepths(s, told, { failures: { [a]: 'new: green-there@A' } });
    expect((await s.push('C', green, { before: 'B' })).fixed).toEqual({ [a]: 'green here, red at B' });
    await s.push('D', green, { before: 'C' });
    s.commit('P', { on: 'feature-1' });
    const pull = await s.pull(1, 'P', 'D', red);
    await expectInBothDepths(s, pull, {
      failures: { [a]: 'new: green-there@D' },
      point: 'D merged-parent',
      blame: [1, 1],
    });
    expect(pull.verdict.history?.failures[0]?.notes.redBefore).toEqual([s.sha('B')]);
    expect(await s.pull(1, 'P', 'D', { ...green, [a]: 'F:KeyError' })).toMatchObject({
      failures: { [a]: 'new: green-there@D' },
      blame: [1, 1],
    });
  });

  it('2, 40: to other values of an assertion that was taught looks like this before, and is not known', async () => {
    const s = begin(['tests/test_prices.py']);
    const t = (of: string) => `tests/test_prices.py::test_reduced[${of}]`;
    await s.push('start', 'prices-green');
    s.commit('B');
    expect((await s.push('B', 'prices-20-10', { before: 'start' })).failures).toEqual({
      [t('20-10-18')]: 'new: green-there@start',
    });
    await s.remember(t('20-10-18'));
    s.commit('C');
    await s.push('C', 'prices-green', { before: 'B' });
    s.commit('P', { on: 'feature-1' });
    const told = await s.pull(1, 'P', 'C', 'prices-other');
    await expectInBothDepths(s, told, {
      failures: {
        [t('20-10-18')]: 'new: green-there@C not known: similar',
        [t('50-10-45')]: 'new: green-there@C not known: similar',
      },
      blame: [2, 2],
    });
    // The same test and line: the document's formula fills the id.
    for (const rows of await s.look(t('20-10-18'), 'healix_memory_id IS NOT NULL AS filled'))
      expect(rows).toEqual([{ filled: true }]);
    for (const rows of await s.look(t('50-10-45'), 'healix_memory_id IS NOT NULL AS filled'))
      expect(rows).toEqual([{ filled: false }]);
    expect(await s.pull(1, 'P', 'C', 'prices-20-10')).toMatchObject({
      failures: { [t('20-10-18')]: 'new: green-there@C known: exact' },
      blame: [1, 0],
    });
  });

  it('8: after a re-run of an old commit is compared with the newest one', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('B');
    await s.push('B', red, { before: 'start' });
    s.commit('C');
    await s.push('C', red, { before: 'B' });
    await s.push('start', green, { event: 'workflow_dispatch' });
    s.commit('D');
    await expectInBothDepths(s, await s.push('D', red, { before: 'C' }), {
      failures: { [a]: 'pre-existing: red-there@C' },
      point: 'C before-push',
    });
  });

  it('21, 36: that is red stays new at each push, and is new on main', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    s.commit('Q', { on: 'feature-1' });
    expect((await s.pull(1, 'P', 'start', red)).blame).toEqual([1, 1]);
    await expectInBothDepths(s, await s.pull(1, 'Q', 'start', red), {
      failures: { [a]: 'new: green-there@start' },
      blame: [1, 1],
    });
    await s.push('Q', red, { branch: 'feature-1' });
    s.fastForward('main', 'feature-1');
    await expectInBothDepths(s, await s.push('Q', red, { before: 'start' }), {
      failures: { [a]: 'new: green-there@start' },
      point: 'start before-push',
      blame: [1, 1],
    });
  });

  it('15: that repairs three broken tests has fixed them; one that was red once is said so', async () => {
    const s = begin();
    const three = ['1', '2', '3'].map((number) => `tests/test_a.py::test_${number}`);
    const all = (outcome: string) => ({
      ...green,
      ...Object.fromEntries(three.map((name) => [name, outcome])),
    });
    await s.push('start', all('P'));
    let before = 'start';
    for (const label of ['A', 'B', 'C', 'D', 'E']) {
      s.commit(label);
      const tests = all(label < 'C' ? 'P' : 'F');
      await s.push(label, { ...tests, [b]: label === 'E' ? 'F' : 'P' }, { before });
      before = label;
    }
    s.commit('P', { on: 'feature-1' });
    const told = await s.pull(1, 'P', 'E', all('P'));
    await expectInBothDepths(s, told, { failures: {} });
    expect(told.fixed).toEqual({
      ...Object.fromEntries(three.map((name) => [name, 'fixed since C'])),
      [b]: 'green here, red at E',
    });
  });

  it('16: stacked on a branch without runs is compared with main, where it fails alike', async () => {
    const s = begin();
    await s.push('start', red);
    s.commit('P', { on: 'feature-1' });
    s.commit('Q', { on: 'feature-2', from: 'P' });
    await expectInBothDepths(s, await s.pull(2, 'Q', 'P', red, { target: 'feature-1' }), {
      failures: { [a]: 'pre-existing: red-there@start' },
      base: 'main',
      blame: [0, 1],
    });
    // The branch below has runs of its pull request now, and breaks another one.
    await s.pull(1, 'P', 'start', { ...red, [b]: 'F' });
    s.commit('R', { on: 'feature-2' });
    const told = await s.pull(2, 'R', 'P', { ...red, [b]: 'F' }, { target: 'feature-1' });
    await expectInBothDepths(s, told, {
      failures: { [a]: 'pre-existing: red-there@P', [b]: 'pre-existing: red-there@P' },
      base: 'feature-1',
    });
  });

  it('24, 33: with a failing new file, function or parameter is new', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1', files: { 'tests/test_new.py': 'def test(): ...\n' } });
    const more = ['tests/test_new.py::test', 'tests/test_a.py::test_added', 'tests/test_a.py::test_x[1]'];
    const told = await s.pull(1, 'P', 'start', {
      ...green,
      ...Object.fromEntries(more.map((name) => [name, 'F'])),
    });
    await expectInBothDepths(s, told, {
      failures: Object.fromEntries(more.map((name) => [name, 'new: absent-there'])),
      blame: [3, 3],
      changes: { added: expect.arrayContaining(['tests/test_a.py::test_added']) },
    });
  });

  it('29: that fails with another error than main has is new', async () => {
    const s = begin();
    await s.push('start', { ...green, [a]: 'F:KeyError' });
    s.commit('P', { on: 'feature-1' });
    await expectInBothDepths(s, await s.pull(1, 'P', 'start', { ...green, [a]: 'F:ImportError' }), {
      failures: { [a]: 'new: other-error-there@start' },
      blame: [1, 1],
    });
    expect(await s.pull(1, 'P', 'start', { ...green, [a]: 'F:KeyError' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start' },
    });
  });

  it('19: that breaks one fixture has broken 60 tests, all known once one is taught', async () => {
    const s = begin();
    await s.push('start', 'server-green');
    s.commit('P', { on: 'feature-1' });
    const told = await s.pull(1, 'P', 'start', 'server-refused');
    expect(Object.values(told.failures)).toEqual(Array(60).fill('new: green-there@start'));
    expect(told).toMatchObject({ isInfrastructure: false, blame: [60, 60] });
    await s.remember('tests/test_0.py::test_0');
    s.commit('Q', { on: 'feature-1' });
    expect(await s.pull(1, 'Q', 'start', 'server-refused')).toMatchObject({
      isInfrastructure: false,
      blame: [60, 0],
    });
    s.commit('R', { on: 'feature-1' });
    expect(await s.pull(1, 'R', 'start', 'server-green')).toMatchObject({ failures: {}, fixed: {} });
  });
});

describe('a branch', () => {
  it('7: cut from a broken main that was repaired since is told to rebase; a shallow clone cannot tell', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('B');
    await s.push('B', red, { before: 'start' });
    s.commit('P', { on: 'feature', from: 'B' });
    s.commit('C');
    await s.push('C', green, { before: 'B' });
    const there = {
      failures: { [a]: 'pre-existing: red-there@B', [b]: 'new: green-there@B' },
      point: 'B merge-base',
      blame: [1, 2],
    };
    // A shallow clone: the commit names its parent, and main ran that.
    const told = await s.push('P', { ...red, [b]: 'F' }, { branch: 'feature' });
    await expectInBothDepths(s, told, there);
    const full = await s.again(told, 'full');
    expect(full.verdict.history?.failures.find(({ testName }) => testName === a)).toMatchObject({
      reason: { repairedBy: s.sha('C') },
      since: { firstRed: s.sha('B'), lastGreen: s.sha('start') },
    });
    // Its parent never ran: it may be made from any older commit of main.
    s.commit('Q', { on: 'feature' });
    s.commit('R', { on: 'feature' });
    expect(await s.push('R', { ...red, [b]: 'F' }, { branch: 'feature' })).toMatchObject({
      failures: { [a]: 'no-history: maybe-base@B', [b]: 'new: green-there@C' },
      point: 'C older-commit about ?',
      fixed: {},
    });
  });

  it('38: the base commit is not tested yet', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('B');
    s.commit('C');
    s.commit('P', { on: 'feature' });
    const told = await s.push(
      'P',
      { ...red, 'tests/test_a.py::test_z': 'P' },
      { depth: 'full', branch: 'feature' },
    );
    expect(told).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start merge-base +B,C',
    });
    expect(told.changes).toEqual({});
  });

  it('34: whose head is checked out, with main merged in, is compared with the merge base', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    await s.pull(1, 'P', 'start', red, { checkout: 'head' });
    s.commit('B');
    await s.push('B', { ...green, [b]: 'F' }, { before: 'start' });
    s.merge('M', 'feature-1', 'main');
    // In a shallow clone the stored runs tell that its parents are main's and one that was made from main.
    const told = await s.pull(1, 'M', 'B', { [a]: 'F', [b]: 'F' }, { checkout: 'head' });
    await expectInBothDepths(s, told, {
      failures: { [a]: 'new: green-there@B', [b]: 'pre-existing: red-there@B' },
      point: 'B merge-base',
    });
  });

  it('34: that CI merges by itself is compared with what it was merged into', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    await s.bitbucket(1, 'P', 'start', red);
    s.commit('B');
    await s.push('B', { ...green, [b]: 'F' }, { before: 'start' });
    s.commit('Q', { on: 'feature-1' });
    expect(await s.bitbucket(1, 'Q', 'B', { [a]: 'F', [b]: 'F' })).toMatchObject({
      failures: { [a]: 'new: green-there@B', [b]: 'pre-existing: red-there@B' },
      point: 'B merged-parent',
    });
  });
});

describe('in CI', () => {
  it('5: the first upload ever has nothing to compare with, whatever base is named', async () => {
    const s = begin();
    const told = await s.push('start', red, { baseBranch: 'mian' });
    expect(told).toMatchObject({
      failures: { [a]: 'no-history: no-run' },
      blame: [0, 1],
      warnings: ['base-branch'],
    });
    const warning = told.verdict.warnings.find(({ code }) => code === 'base-branch');
    expect(warning?.message).toMatch(/branch mian is stored: there is nothing to compare/);
    s.commit('P', { on: 'feature' });
    const options = { depth: 'full', branch: 'feature', baseBranch: 'mian' } as const;
    const branch = await s.push('P', { ...red, [b]: 'F' }, options);
    expect(branch).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', [b]: 'new: green-there@start' },
      base: 'main',
      warnings: ['base-branch'],
    });
    expect(branch.verdict.warnings.find(({ code }) => code === 'base-branch')?.message).toMatch(
      /branch mian is stored: compared with main/,
    );
  });

  it('9, 10, 30: what a run did not run is not removed, and keeps its older past', async () => {
    const s = begin(['tests/test_a.py', 'tests/test_b.py', 'tests/test_c.py']);
    await s.push('start', 'suite');
    s.commit('B');
    const notRun = (why: string, ...files: string[]) =>
      files.map((file) => ({ file: `tests/${file}`, tests: file === 'test_b.py' ? 2 : 1, why }));
    expect((await s.push('B', 'suite-one-file', { before: 'start' })).changes).toEqual({
      notRun: notRun('not part of this run', 'test_b.py', 'test_c.py'),
    });
    s.commit('C');
    expect((await s.push('C', 'suite', { before: 'B' })).changes).toEqual({});
    s.commit('D');
    const failures = { 'tests/test_b.py': 'new: absent-there' };
    const told = await s.push('D', 'suite-syntax-continued', { before: 'C' });
    expect(told).toMatchObject({ failures, blame: [1, 1] });
    expect(told.changes).toEqual({ notRun: notRun('not collected', 'test_b.py') });
    const [first, last] = [
      notRun('not part of this run', 'test_a.py'),
      notRun('not part of this run', 'test_c.py'),
    ];
    const interrupted = await s.push('D', 'suite-syntax', { before: 'C', again: true });
    expect(interrupted.failures).toEqual(failures);
    expect(interrupted.changes).toEqual({
      notRun: [...first, ...notRun('not collected', 'test_b.py'), ...last],
    });
    s.commit('E');
    const stopped = await s.push('E', 'suite-stopped', { before: 'C' });
    expect(stopped.failures).toEqual({ [b]: 'new: green-there@C' });
    s.commit('P', { on: 'feature-1', from: 'E' });
    expect(await s.pull(1, 'P', 'E', 'suite-red')).toMatchObject({
      failures: { 'tests/test_c.py::test_w': 'new: green-there@D' },
      point: 'E merged-parent',
    });
    // A new function of a file that the point's run did not reach: the newest commit that ran the file tells.
    const young = 'tests/test_c.py::test_young';
    expect((await s.pull(1, 'P', 'E', { [young]: 'F' }, { again: true })).failures).toEqual({
      [young]: 'new: absent-there@D',
    });
  });

  it('20: an outage looks like one, and is no evidence', async () => {
    const s = begin();
    const names = Array.from({ length: 30 }, (_, i) => `tests/test_${i % 15}.py::test_${i}`);
    const many = Object.fromEntries(names.map((name) => [name, 'P']));
    await s.push('start', many);
    s.commit('B');
    const down = await s.push('B', Object.fromEntries(names.map((name, i) => [name, i < 27 ? 'X' : 'P'])), {
      before: 'start',
    });
    expect(down).toMatchObject({ blame: [27, 27] });
    expect((await s.push('B', many, { before: 'start', again: true })).isInfrastructure).toBe(false);
    expect(await s.again(down, 'shallow')).toMatchObject({ isInfrastructure: true, blame: [27, 27] });
    s.commit('C');
    const told = await s.push('C', { ...many, 'tests/test_1.py::test_1': 'X' }, { before: 'B' });
    expect(told).toMatchObject({
      failures: { 'tests/test_1.py::test_1': 'new: green-there@B' },
      point: 'B before-push',
      fixed: {},
    });
    expect(told.verdict.history?.failures[0]).toMatchObject({
      since: { firstRed: s.sha('C'), lastGreen: s.sha('B') },
      lastFixedBy: undefined,
    });
  });

  it('22: a race of a pull request is new, and flaky on main only when main itself shows it', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    const here = { branch: 'feature-1', again: true };
    await s.push('P', red, { branch: 'feature-1' });
    await s.push('P', green, here);
    expect((await s.pull(1, 'P', 'start', red)).blame[0]).toBe(1);
    expect((await s.pull(1, 'P', 'start', green, { again: true })).fixed).toEqual({});
    const third = await s.pull(1, 'P', 'start', red, { again: true });
    expect(third.failures).toEqual({ [a]: 'new: green-there@start' });
    expect(third.verdict.history?.failures[0]?.notes.passedOnRerunOf).toBe(s.sha('P'));
    s.merge('M', 'main', 'feature-1');
    expect((await s.push('M', red, { before: 'start' })).failures).toEqual({ [a]: 'new: green-there@start' });
    await s.push('M', green, { before: 'start', again: true });
    s.commit('N');
    expect((await s.push('N', red, { before: 'M' })).failures).toEqual({ [a]: 'flaky: flaky@M' });
  });

  it('25: a renamed job and shards that move are compared with the other jobs of the point', async () => {
    const s = begin();
    await s.push('start', red, { job: 'py312' });
    s.commit('B');
    expect(await s.push('B', { ...red, [b]: 'F' }, { job: 'py313', before: 'start' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', [b]: 'new: green-there@start' },
    });
    s.commit('C');
    await s.push('C', { [a]: 'F' }, { job: 'shard-1', before: 'B' });
    await s.push('C', { [b]: 'P' }, { job: 'shard-2', before: 'B', beside: true });
    s.commit('D');
    const [moved, other] = [
      await s.push('D', { [b]: 'F' }, { job: 'shard-1', before: 'C' }),
      await s.push('D', { [a]: 'F' }, { job: 'shard-2', before: 'C', beside: true }),
    ];
    expect(moved.failures).toEqual({ [b]: 'new: green-there@C' });
    expect(other.failures).toEqual({ [a]: 'pre-existing: red-there@C' });
  });

  it('27: a merge queue is compared with the base of its group', async () => {
    const s = begin();
    s.commit('Q1', { on: 'gh-readonly-queue/main/pr-1-a', from: 'start' });
    const group = (base: string, head: string) => ({
      event: 'merge_group',
      payload: {
        merge_group: {
          base_sha: s.sha(base),
          base_ref: 'refs/heads/main',
          head_sha: s.sha(head),
          head_ref: `refs/heads/${head}`,
        },
      },
      branch: 'gh-readonly-queue/main/pr-1-a',
    });
    await s.push('Q1', { ...red }, group('start', 'Q1'));
    s.fastForward('main', 'gh-readonly-queue/main/pr-1-a');
    s.commit('Q2', { on: 'gh-readonly-queue/main/pr-2-b', from: 'Q1' });
    expect(
      await s.push(
        'Q2',
        { ...red, [b]: 'F' },
        { ...group('Q1', 'Q2'), branch: 'gh-readonly-queue/main/pr-2-b' },
      ),
    ).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@Q1', [b]: 'new: green-there@Q1' },
      point: 'Q1 merge-group',
    });
  });

  it('26: two merges of one head are no flaky evidence', async () => {
    const s = begin();
    await s.push('start', red);
    s.commit('P', { on: 'feature-1' });
    await s.pull(1, 'P', 'start', red);
    s.commit('B');
    await s.push('B', green, { before: 'start' });
    await s.pull(1, 'P', 'B', green);
    expect((await s.pull(1, 'P', 'B', red, { event: 'pull_request' })).failures).toEqual({
      [a]: 'new: green-there@B',
    });
    // The first change's merge passed before, and fails now without the second one.
    s.commit('Q', { on: 'feature-2' });
    expect((await s.pull(2, 'Q', 'B', red)).failures).toEqual({ [a]: 'pre-existing: red-elsewhere@B' });
  });

  it('39: an environment that breaks overnight is no flaky evidence', async () => {
    const s = begin();
    await s.push('start', green);
    await s.push('start', red, { event: 'schedule' });
    s.commit('P', { on: 'feature-1' });
    expect((await s.pull(1, 'P', 'start', red)).failures).toEqual({ [a]: 'pre-existing: red-there@start' });
    s.commit('B');
    expect((await s.push('B', red, { before: 'start' })).failures).toEqual({
      [a]: 'pre-existing: red-there@start',
    });
  });

  it('28: a version stamp in a CI checkout does not take its evidence', async () => {
    const s = begin();
    await s.push('start', red, { dirty: true });
    s.commit('P', { on: 'feature-1' });
    expect((await s.pull(1, 'P', 'start', red, { dirty: true })).failures).toEqual({
      [a]: 'pre-existing: red-there@start',
    });
  });

  it('of a fork is compared with main and is evidence for nobody', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    const fork = { fork: 'octo/shop', branch: 'main' };
    expect((await s.pull(1, 'P', 'start', red, fork)).failures).toEqual({ [a]: 'new: green-there@start' });
    s.commit('B');
    expect((await s.push('B', red, { before: 'start' })).failures).toEqual({ [a]: 'new: green-there@start' });
  });

  it('17: two projects of one job are two runs with pasts and files of their own', async () => {
    const s = begin(['api/tests/test_a.py', 'web/tests/test_a.py']);
    const of = (name: string) => ({ folder: name, rootdir: name, uploadKey: name });
    const first = await s.push('start', { [a]: 'F' }, of('api'));
    const second = await s.push('start', { [a]: 'P' }, { ...of('web'), beside: true });
    expect(second.verdict.saved?.runId).not.toBe(first.verdict.saved?.runId);
    s.commit('P', { on: 'feature-1', files: { 'api/tests/test_n.py': 'def test(): ...\n' } });
    const tests = { [a]: 'F', 'tests/test_n.py::test': 'F' };
    expect(await s.pull(1, 'P', 'start', tests, { ...of('api'), depth: 'full' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', 'tests/test_n.py::test': 'new: absent-there' },
      changes: { added: ['tests/test_n.py::test'] },
    });
    const told = await s.pull(1, 'P', 'start', { [a]: 'F' }, { ...of('web'), beside: true });
    expect(told).toMatchObject({ failures: { [a]: 'new: green-there@start' } });
    expect(told.changes).toEqual({});
  });

  it('18: a run that a comment started is stored for what it checked out, and never the past of main', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    const comment = {
      branch: 'main',
      event: 'issue_comment',
      payload: { issue: { number: 1, pull_request: {} } },
      env: { GITHUB_SHA: s.sha('start') },
    };
    const told = await s.push('P', red, comment);
    expect(told.failures).toEqual({ [a]: 'new: green-there@start' });
    expect(told.verdict.context).toMatchObject({
      gitSha: s.sha('P'),
      gitBranch: undefined,
      origin: 'stranger',
    });
    s.commit('B');
    expect(await s.push('B', red, { before: 'start' })).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start before-push',
    });
    await s.push('P', green, { ...comment, again: true });
    s.commit('C');
    expect((await s.push('C', red, { before: 'B' })).failures).toEqual({ [a]: 'pre-existing: red-there@B' });
  });

  it('23: a flaky test that now fails every time is new, and pre-existing where main itself has it', async () => {
    const s = begin();
    const slow = { ...green, [a]: 'F:TimeoutError' };
    await s.push('start', slow);
    await s.push('start', green, { again: true });
    let before = 'start';
    for (const label of ['B', 'C', 'D', 'E', 'F', 'G']) {
      s.commit(label);
      await s.push(label, green, { before });
      before = label;
    }
    const pull = async (label: string, into: string) => {
      s.commit(label, { on: 'feature-1' });
      return s.pull(1, label, into, slow);
    };
    expect((await pull('P', 'G')).failures).toEqual({ [a]: 'flaky: flaky@start' });
    expect((await pull('Q', 'G')).failures).toEqual({ [a]: 'flaky: flaky@start' });
    const told = await pull('R', 'G');
    expect(told).toMatchObject({ failures: { [a]: 'new: green-there@G' }, blame: [1, 1] });
    expect(told.verdict.history?.failures[0]?.notes.wasFlaky).toMatchObject({ inARow: 3 });
    const main: string[] = [];
    for (const label of ['H', 'I', 'J']) {
      s.commit(label);
      main.push((await s.push(label, slow, { before })).failures[a] ?? '');
      before = label;
    }
    expect(main).toEqual(['flaky: flaky@start', 'flaky: flaky@start', 'new: red-there@I']);
    s.commit('S', { on: 'feature-2' });
    expect((await s.pull(2, 'S', 'J', slow)).failures).toEqual({ [a]: 'pre-existing: red-there@J' });
  });

  it('31: a local run is compared with the runs of CI, and is no evidence there', async () => {
    const s = begin();
    s.git(s.server, 'remote', 'add', 'origin', `git@github.com:${s.name}.git`);
    await s.push('start', { ...green, [b]: 'F' });
    s.commit('P', { on: 'mine' });
    expect(await s.local({ [a]: 'F', [b]: 'F' })).toMatchObject({
      failures: { [a]: 'new: green-there@start', [b]: 'pre-existing: red-there@start' },
    });
    s.commit('B');
    // Red, then green on one commit: flaky evidence, were it CI's.
    await s.local({ [a]: 'F', [b]: 'F' });
    await s.local(green);
    s.commit('C');
    expect(await s.push('C', { [a]: 'F', [b]: 'F' }, { before: 'B' })).toMatchObject({
      failures: { [a]: 'new: green-there@start', [b]: 'pre-existing: red-there@start' },
    });
  });

  it('32: failures whose past cannot be read, or that have no database, are not judged', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    for (const database of ['unreadable', 'none'] as const) {
      const warnings = database === 'unreadable' ? ['history-unreadable'] : [];
      expect(await s.pull(1, 'P', 'start', red, { database })).toMatchObject({
        blame: [undefined, undefined],
        warnings,
      });
      expect(await s.pull(1, 'P', 'start', green, { database })).toMatchObject({ blame: [0, 0], warnings });
    }
  });

  it('35: two steps without ids that differ, on main and on a pull request, are no flaky evidence', async () => {
    const s = begin();
    s.commit('P', { on: 'feature-1' });
    s.commit('Q', { on: 'feature-2' });
    const [one, two] = [{ step: '__acme_ingest' }, { step: '__acme_ingest_2', beside: true }];
    await s.push('start', red, one);
    await s.push('start', green, two);
    await s.pull(1, 'P', 'start', red, one);
    await s.pull(1, 'P', 'start', green, two);
    expect((await s.pull(2, 'Q', 'start', red, one)).failures).toEqual({
      [a]: 'pre-existing: red-there@start',
    });
    expect((await s.pull(2, 'Q', 'start', red, two)).failures).toEqual({ [a]: 'new: green-there@start' });
  });

  it('37: three lone reds on main make a red pull request flaky', async () => {
    const s = begin();
    await s.push('start', green);
    let before = 'start';
    for (const [i, label] of ['B', 'C', 'D', 'E', 'F', 'G'].entries()) {
      s.commit(label);
      await s.push(label, i % 2 === 0 ? red : green, { before });
      before = label;
    }
    s.commit('P', { on: 'feature-1' });
    expect(await s.pull(1, 'P', 'G', red)).toMatchObject({
      failures: { [a]: 'flaky: flaky@F' },
      blame: [0, 1],
    });
  });

  it('on main without a known earlier tip the parent is the point', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('B');
    expect(await s.push('B', red)).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start first-parent',
    });
    s.commit('C');
    s.commit('D');
    expect(await s.push('D', { ...red, [b]: 'F' }, { depth: 'full' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@B', [b]: 'new: green-there@B' },
      point: 'B first-parent +C',
    });
    expect(await s.push('D', { ...red, [b]: 'F' }, { event: 'schedule' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@B', [b]: 'new: green-there@B' },
    });
  });

  it('a branch whose main went on is compared with its merge base', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature' });
    s.commit('B');
    await s.push('B', red, { before: 'start' });
    expect(await s.push('P', red, { depth: 'full', branch: 'feature' })).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start merge-base',
    });
    // Shallow, too: its parent is main's.
    expect(await s.push('P', red, { branch: 'feature' })).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start merge-base',
    });
  });
});

/** A memory taught under a test's former name: the breakage goes on across renames, and its repair is counted once. */
async function renameAndRepair(s: RepositoryStory): Promise<void> {
  const source = (name: string) => `def ${name}():\n    cart = Cart(3)\n    assert cart.total() == 30\n`;
  const file = 'tests/test_cart.py';
  const [first, second, third] = ['test_total', 'test_sum_of_cart', 'test_price'].map(
    (name) => `${file}::${name}`,
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error('no names');
  let before = 'start';
  const next = async (label: string, tests: Record<string, string>, rename?: string) => {
    s.commit(label, rename === undefined ? {} : { files: { [file]: source(rename) } });
    const told = await s.push(label, { ...green, ...tests }, { before, depth: 'full' });
    before = label;
    return told;
  };
  await next('A', { [first]: 'P' }, 'test_total');
  for (let i = 1; i <= 11; i++) await next(`A${i}`, { [first]: 'P' });
  await next('B', { [first]: 'F' });
  await s.remember(first);
  expect((await next('C', { [first]: 'F' })).failures).toEqual({
    [first]: 'pre-existing: red-there@B known: exact',
  });
  expect(await s.learned(first)).toEqual([0, 0, 0.5]);
  // Renamed and repaired by one commit.
  expect((await next('D', { [second]: 'P' }, 'test_sum_of_cart')).changes).toEqual({
    renamed: [{ from: first, to: second }],
  });
  expect(await s.learned(first)).toEqual([1, 0, 0.67]);
  const again = { before: 'C', depth: 'full', again: true } as const;
  await s.push('D', { ...green, [second]: 'P' }, again);
  await next('E', { [second]: 'P' });
  expect(await s.learned(first)).toEqual([1, 0, 0.67]);
  for (let i = 1; i <= 20; i++) await next(`E${i}`, { [second]: 'P' });
  // Renamed while it is red: what was told under both names is one breakage.
  expect((await next('F', { [second]: 'F' })).failures).toEqual({
    [second]: 'new: green-there@E20 known: moved',
  });
  await next('G', { [third]: 'F' }, 'test_price');
  expect(await s.learned(first)).toEqual([1, 0, 0.67]);
  await next('H', { [third]: 'P' });
  expect(await s.learned(first)).toEqual([2, 0, 0.75]);
  expect(await s.healed()).toEqual([
    [first, 'C'],
    [second, 'F'],
    [third, 'G'],
  ]);
  // Red alike again: it was no repair.
  await next('I', { [third]: 'F' });
  expect(await s.learned(first)).toEqual([1, 0, 0.67]);
}

describe('memories', () => {
  it('11: a repair under another name is counted for the memory of the former one, once', async () => {
    await renameAndRepair(begin());
  });

  it('6, 14, 19: a moved match and a cause are credited once when repaired, and luck is not', async () => {
    const s = begin();
    const flaky = 'tests/test_b.py::test_flaky';
    const served = Array.from({ length: 60 }, (_, i) => `tests/test_${i % 4}.py::test_${i}`);
    const all = (outcomes: Record<string, string>, ofServed = 'P') => ({
      ...green,
      [flaky]: 'P',
      ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`tests/test_b.py::test_${i}`, 'P'])),
      ...Object.fromEntries(served.map((name) => [name, ofServed])),
      ...outcomes,
    });
    const slow = { [flaky]: 'F:TimeoutError' };
    await s.push('start', all(slow));
    await s.remember(flaky);
    await s.push('start', all({}), { again: true });
    let before = 'start';
    const next = async (label: string, tests: Record<string, string>) => {
      s.commit(label);
      const told = await s.push(label, tests, { before });
      before = label;
      return told;
    };
    for (const label of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I']) await next(label, all({}));
    const broken = await next('K', all({ [a]: 'F' }, 'X'));
    expect(broken).toMatchObject({ isInfrastructure: false, blame: [61, 61] });
    await s.remember(a);
    await s.remember(served[7] ?? '');
    const told = await next('L', all({ [a]: 'F@9', ...slow }, 'X'));
    expect(told).toMatchObject({
      failures: {
        [a]: 'pre-existing: red-there@K known: moved',
        [flaky]: 'flaky: flaky@start known: exact',
        [served[7] ?? '']: 'pre-existing: red-there@K known: exact',
        [served[8] ?? '']: 'pre-existing: red-there@K known: cause',
      },
      blame: [0, 0],
    });
    expect(await s.learned(a)).toEqual([0, 0, 0.5]);
    for (const label of ['M', 'N', 'O']) await next(label, all({}));
    expect(await s.learned(a)).toEqual([1, 0, 0.67]);
    expect(await s.learned(served[7] ?? '')).toEqual([1, 0, 0.67]);
    expect(await s.learned(flaky)).toEqual([0, 0, 0.5]);
  });
});

// Last: beside the embedded database's memory each process of git takes longer to start.
describe('outside CI', () => {
  beforeAll(async () => {
    if (!long) await open(embedded);
  });

  it('3: an edit that breaks is new, and nothing later is flaky by it', async () => {
    const s = beginHere();
    await s.local(green);
    const edited = await s.local(red, { dirty: true });
    expect(edited).toMatchObject({ failures: { [a]: 'new: green-without-edits@start' }, blame: [1, 1] });
    expect(edited.verdict.history?.failures[0]?.reason).toMatchObject({ files: 1 });
    s.git(s.server, 'checkout', '-q', '.');
    await s.local(green);
    s.commit('B');
    expect(await s.local(red)).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start first-parent',
    });
    expect(await s.local(red, { dirty: true })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@B' },
    });
  });

  it('a branch and a detached HEAD are compared with main', async () => {
    const s = beginHere();
    await s.local(red);
    s.commit('P', { on: 'mine' });
    expect(await s.local({ ...red, [b]: 'F' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', [b]: 'new: green-there@start' },
      point: 'start merge-base',
      base: 'main',
    });
    s.git(s.server, 'checkout', '-q', '--detach');
    expect(await s.local({ ...red, [b]: 'F' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', [b]: 'new: green-there@start' },
      point: 'start merge-base',
    });
  });

  it('a branch whose main never ran is not compared with itself', async () => {
    const s = beginHere();
    s.commit('P', { on: 'mine' });
    await s.local(red);
    s.commit('Q', { on: 'mine' });
    expect(await s.local(red)).toMatchObject({ failures: { [a]: 'no-history: no-run' }, base: 'main' });
  });

  it('4: one repository is told nothing of another, and knows none of its memories', async () => {
    const s = beginHere();
    await s.local(red);
    await s.remember(a);
    expect((await s.local(red, { dirty: true })).failures).toEqual({
      [a]: 'pre-existing: red-there@start known: exact',
    });
    const other = beginHere();
    expect((await other.local(red)).failures).toEqual({ [a]: 'no-history: no-run' });
    s.remove();
  });

  it('a test that -k or -m left out of its file is not removed; one that is gone, or a parameter, is', async () => {
    const file = 'tests/test_cart.py';
    const source = (...names: string[]) => names.map((name) => `def ${name}():\n    pass\n`).join('\n');
    const [kept, slow, gone] = [`${file}::test_kept`, `${file}::test_slow[1]`, `${file}::test_gone`];
    const sized = (n: number) => `${file}::test_size[${n}]`;
    const s = begin();
    s.commit('A', { files: { [file]: source('test_kept', 'test_gone', 'test_size', 'test_slow') } });
    const all = { [kept]: 'P', [slow]: 'P', [gone]: 'P', [sized(1)]: 'P', [sized(2)]: 'P' };
    await s.push('A', all, { before: 'start' });
    s.commit('P', {
      on: 'feature-1',
      from: 'A',
      files: { [file]: source('test_kept', 'test_size', 'test_slow') },
    });
    const told = await s.pull(1, 'P', 'A', { [kept]: 'P', [sized(1)]: 'P' });
    expect(told.changes).toEqual({
      removed: [gone, sized(2)],
      notRun: [{ file, tests: 1, why: 'not part of this run' }],
    });
  });

  it('11: a failing test that is renamed, and its file moved, keeps history, since and memory', async () => {
    const source = (first: string) =>
      `def ${first}():\n    cart = Cart(3)\n    assert cart.total() == 30\n\ndef test_kept():\n    assert Cart(0).is_empty()\n`;
    const s = begin();
    s.commit('A', { files: { 'tests/test_cart.py': source('test_total') } });
    const [old, kept] = ['tests/test_cart.py::test_total', 'tests/test_cart.py::test_kept'];
    await s.push('A', { [old]: 'P', [kept]: 'P' }, { depth: 'full', before: 'start' });
    s.commit('B');
    await s.push('B', { [old]: 'F', [kept]: 'P' }, { depth: 'full', before: 'A' });
    await s.remember(old);
    s.commit('P', {
      on: 'feature-1',
      files: { 'tests/test_cart.py': '', 'tests/unit/test_cart.py': source('test_sum_of_cart') },
    });
    const [renamed, moved] = [
      'tests/unit/test_cart.py::test_sum_of_cart',
      'tests/unit/test_cart.py::test_kept',
    ];
    const told = await s.pull(1, 'P', 'B', { [renamed]: 'F', [moved]: 'P' }, { depth: 'full' });
    expect(told).toMatchObject({
      failures: { [renamed]: 'pre-existing: red-there@B known: moved' },
      changes: {
        renamed: [
          { from: old, to: renamed },
          { from: kept, to: moved },
        ],
      },
      blame: [0, 0],
    });
    expect(told.verdict.history?.failures[0]?.since).toMatchObject({
      lastGreen: s.sha('A'),
      firstRed: s.sha('B'),
    });
    expect(
      (await s.pull(1, 'P', 'B', { [renamed]: 'P', [moved]: 'P' }, { depth: 'full', again: true })).fixed,
    ).toEqual({ [renamed]: 'green here, red at B' });
    // A clone of depth 1 lacks the source of the point: without it the name alone tells nothing.
    const other = 'tests/test_cart.py::test_price_of_all';
    s.commit('Q', {
      on: 'feature-2',
      from: 'B',
      files: { 'tests/test_cart.py': source('test_price_of_all') },
    });
    const outcomes = { [other]: 'F:KeyError', [kept]: 'P' };
    expect(await s.pull(2, 'Q', 'B', outcomes)).toMatchObject({
      failures: { [other]: 'new: absent-there' },
      changes: { added: [other], removed: [old] },
    });
    expect(await s.pull(2, 'Q', 'B', outcomes, { hasServer: true, again: true })).toMatchObject({
      failures: { [other]: 'new: other-error-there@B' },
      changes: { renamed: [{ from: old, to: other }] },
    });
    // Later runs, in clones that hold no history, find the past by the name that was kept.
    s.merge('M', 'main', 'feature-1');
    await s.push('M', { [renamed]: 'F', [moved]: 'P' }, { before: 'B' });
    s.commit('C');
    const later = await s.push('C', { [renamed]: 'F', [moved]: 'F:KeyError' }, { before: 'M' });
    expect(later).toMatchObject({
      failures: {
        [renamed]: 'pre-existing: red-there@M known: moved',
        [moved]: 'new: green-there@M',
      },
      changes: {},
    });
    expect(later.verdict.history?.failures[0]?.since).toMatchObject({
      lastGreen: s.sha('A'),
      firstRed: s.sha('B'),
    });
    s.commit('D');
    expect((await s.push('D', { [renamed]: 'P', [moved]: 'P' }, { before: 'C' })).changes).toEqual({});
  });

  it('11: on the embedded database a repair under another name is counted, once', async () => {
    await renameAndRepair(beginHere());
  });

  it('11: outside CI a rename is followed before it is committed; a copy of a test that was left out is none', async () => {
    const source = (...names: string[]) =>
      names.map((name) => `def ${name}():\n    cart = Cart(3)\n    assert cart.total() == 30\n`).join('\n');
    const s = beginHere();
    const write = (file: string, text: string) => writeFileSync(join(s.server, file), text);
    const kept = 'tests/test_cart.py::test_kept';
    const [old, copy] = ['tests/test_cart.py::test_total', 'tests/test_cart.py::test_sum'];
    const kepts = 'def test_kept():\n    assert Cart(0).is_empty()\n\n';
    s.commit('A', { files: { 'tests/test_cart.py': kepts + source('test_total') } });
    await s.local({ ...green, [kept]: 'P', [old]: 'F' });
    write('tests/test_cart.py', kepts + source('test_total', 'test_sum'));
    expect(await s.local({ ...green, [kept]: 'P', [copy]: 'F:3' })).toMatchObject({
      failures: { [copy]: 'new: absent-there' },
      changes: { added: [copy] },
    });
    s.git(s.server, 'checkout', '-q', '.');
    s.git(s.server, 'mv', 'tests/test_cart.py', 'tests/test_shop.py');
    write('tests/test_shop.py', kepts + source('test_sum'));
    const renamed = 'tests/test_shop.py::test_sum';
    expect(await s.local({ ...green, 'tests/test_shop.py::test_kept': 'P', [renamed]: 'F' })).toMatchObject({
      failures: { [renamed]: 'pre-existing: red-there@A' },
      changes: {
        renamed: [
          { from: kept, to: 'tests/test_shop.py::test_kept' },
          { from: old, to: renamed },
        ],
      },
    });
  });

  it('11: where no source is known the same failure shows which test was renamed', async () => {
    const s = begin();
    const [x, y] = ['tests/test_a.py::test_skip', 'tests/test_a.py::test_filter'];
    await s.push('start', { ...green, [x]: 'F:KeyError' });
    s.commit('B');
    expect(await s.push('B', { ...green, [y]: 'F:KeyError' }, { before: 'start' })).toMatchObject({
      failures: { [y]: 'pre-existing: red-there@start' },
      changes: { renamed: [{ from: x, to: y }] },
    });
  });

  it('12: a report from before its commit is a warning and no evidence', async () => {
    const s = beginHere();
    await s.local(green);
    s.commit('B');
    const old = await s.local(red, { reportTime: new Date(s.now - 2 * 3_600_000) });
    expect(old).toMatchObject({ failures: { [a]: 'new: green-there@start' }, warnings: ['old-report'] });
    s.commit('C');
    expect(await s.local(red)).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start first-parent +B',
      warnings: [],
    });
  });

  it('13: a report is stored once for a commit, in any order and with coverage later, and again for another', async () => {
    const s = beginHere();
    const reportTime = new Date();
    const [one, other] = [{ [a]: 'P' }, { [b]: 'P' }];
    const first = await s.local([one, other], { reportTime });
    const known = { reportTime, isKnown: true };
    expect((await s.local([other, one], known)).verdict.saved?.runId).toBe(first.verdict.saved?.runId);
    const covered = () =>
      s.lookAtRun(
        'coverage_percent, (SELECT count(*)::int FROM coverage_data c WHERE c.test_run_id = r.id) AS files',
      );
    for (const row of await covered()) expect(row).toEqual({ coverage_percent: null, files: 0 });
    const later = await s.local([one, other], { ...known, coverage: bookshopCoverage });
    expect(later.verdict.saved).toMatchObject({ addedCoverage: true });
    for (const row of await covered()) expect(row).toEqual({ coverage_percent: '96.30', files: 4 });
    await s.local([one, other], known);
    s.commit('B');
    const second = await s.local([one, other], { reportTime });
    expect(second.point).toBe('start first-parent');
    expect(second.verdict.saved?.runId).not.toBe(first.verdict.saved?.runId);
  });
});
