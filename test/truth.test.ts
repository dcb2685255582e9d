// The stories of what is said of failures, from the commit to the verdict: real repositories and checkouts, reports as pytest
// writes them, both databases.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rounds } from './support/long.ts';
import { createPlace, type Place, placeNames } from './support/places.ts';
import { RepositoryStory } from './support/repository-story.ts';

let places: Place[] = [];
let story: RepositoryStory | undefined;
beforeAll(async () => {
  // Half of the time is git's, and the statements are tested on both databases: one is enough here.
  places = await Promise.all(placeNames.slice(0, rounds(1, 2)).map((name) => createPlace(name)));
});
afterEach(() => {
  story?.remove();
  story = undefined;
});
afterAll(() => Promise.all(places.map((place) => place.remove())));

function begin(files?: readonly string[]): RepositoryStory {
  story = new RepositoryStory(places, files);
  return story;
}

const a = 'tests/test_a.py::test_x';
const b = 'tests/test_b.py::test_y';
const green = { [a]: 'P', [b]: 'P' };
const red = { ...green, [a]: 'F' };

describe.each(['shallow', 'full'] as const)('in a %s clone', (depth) => {
  it('1: what was red once before and is broken anew is new', async () => {
    const s = begin();
    s.commit('A');
    s.commit('B');
    s.commit('C');
    s.commit('D');
    const told = await s.push('A', green, { depth, before: 'start' });
    expect(told.failures).toEqual({});
    expect((await s.push('B', red, { depth, before: 'A' })).failures).toEqual({ [a]: 'new: green-there@A' });
    expect((await s.push('C', green, { depth, before: 'B' })).fixed).toEqual({
      [a]: 'green here, red at B',
    });
    await s.push('D', green, { depth, before: 'C' });
    s.commit('P', { on: 'feature-1' });
    const pull = await s.pull(1, 'P', 'D', red, { depth });
    expect(pull).toMatchObject({
      failures: { [a]: 'new: green-there@D' },
      point: 'D merged-parent',
      blame: [1, 1],
    });
    expect(pull.verdict.history?.failures[0]?.notes.redBefore).toEqual([s.sha('B')]);
  });

  it('2: a memory of the same assert with other values is told, and is not known', async () => {
    const s = begin();
    const t = (of: string) => `tests/test_a.py::test_x[${of}]`;
    await s.push('start', { [t('20-10')]: 'P', [t('5-5')]: 'P' }, { depth });
    s.commit('B');
    await s.push('B', { [t('20-10')]: 'F', [t('5-5')]: 'P' }, { depth, before: 'start' });
    await s.remember(t('20-10'));
    s.commit('C');
    await s.push('C', { [t('20-10')]: 'P', [t('5-5')]: 'P' }, { depth, before: 'B' });
    s.commit('P', { on: 'feature-1' });
    const told = await s.pull(1, 'P', 'C', { [t('20-10')]: 'F:3', [t('5-5')]: 'F:4' }, { depth });
    expect(told).toMatchObject({
      failures: {
        [t('20-10')]: 'new: green-there@C not known: similar',
        [t('5-5')]: 'new: green-there@C not known: similar',
      },
      blame: [2, 2],
    });
    // 40: the same test, the same line, other values
    expect(await s.pull(1, 'P', 'C', { [t('20-10')]: 'F', [t('5-5')]: 'P' }, { depth })).toMatchObject({
      failures: { [t('20-10')]: 'new: green-there@C known: exact' },
      blame: [1, 0],
    });
  });

  it('8: a re-run of an old commit is no newer past', async () => {
    const s = begin();
    await s.push('start', green, { depth });
    s.commit('B');
    await s.push('B', red, { depth, before: 'start' });
    s.commit('C');
    await s.push('C', red, { depth, before: 'B' });
    // again, by hand
    await s.push('start', green, { depth, event: 'workflow_dispatch' });
    s.commit('D');
    expect(await s.push('D', red, { depth, before: 'C' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@C' },
      point: 'C before-push',
    });
  });

  it('21, 36: a red branch stays new, and what it brings to main is new there', async () => {
    const s = begin();
    await s.push('start', green, { depth });
    s.commit('P', { on: 'feature-1' });
    s.commit('Q', { on: 'feature-1' });
    expect((await s.pull(1, 'P', 'start', red, { depth })).blame).toEqual([1, 1]);
    expect(await s.pull(1, 'Q', 'start', red, { depth })).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      blame: [1, 1],
    });
    await s.push('P', red, { depth, branch: 'feature-1' });
    await s.push('Q', red, { depth, branch: 'feature-1' });
    s.fastForward('main', 'feature-1');
    expect(await s.push('Q', red, { depth, before: 'start' })).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
      point: 'start before-push',
      blame: [1, 1],
    });
  });

  it('15: what was broken on main and is green here is fixed; what was red once is said so', async () => {
    const s = begin();
    const tests = { ...green, 'tests/test_a.py::test_1': 'P', 'tests/test_a.py::test_2': 'P' };
    s.commit('0');
    let before = 'start';
    for (const label of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J']) {
      s.commit(label);
      await s.push(label, tests, { depth, before });
      before = label;
    }
    s.commit('K');
    const broken = { ...tests, 'tests/test_a.py::test_1': 'F', 'tests/test_a.py::test_2': 'F' };
    await s.push('K', broken, { depth, before: 'J' });
    s.commit('L');
    await s.push('L', { ...broken, [b]: 'F' }, { depth, before: 'K' });
    s.commit('P', { on: 'feature-1' });
    expect(await s.pull(1, 'P', 'L', tests, { depth })).toMatchObject({
      failures: {},
      fixed: {
        'tests/test_a.py::test_1': 'fixed since K',
        'tests/test_a.py::test_2': 'fixed since K',
        [b]: 'green here, red at L',
      },
    });
  });

  it('16: a branch stacked on another without runs is compared with main, where it fails alike', async () => {
    const s = begin();
    await s.push('start', red, { depth });
    s.commit('P', { on: 'feature-1' });
    s.commit('Q', { on: 'feature-2', from: 'P' });
    expect(await s.pull(2, 'Q', 'P', red, { depth, target: 'feature-1' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start' },
      base: 'main',
      blame: [0, 1],
    });
    // The branch below has runs of its pull request now, and breaks another one.
    await s.pull(1, 'P', 'start', { ...red, [b]: 'F' }, { depth });
    s.commit('R', { on: 'feature-2' });
    expect(await s.pull(2, 'R', 'P', { ...red, [b]: 'F' }, { depth, target: 'feature-1' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@P', [b]: 'pre-existing: red-there@P' },
      base: 'feature-1',
    });
  });

  it('24, 33: a failing new file, a new function and a new parameter are new', async () => {
    const s = begin();
    await s.push('start', green, { depth });
    s.commit('P', { on: 'feature-1', files: { 'tests/test_new.py': 'def test(): ...\n' } });
    const more = ['tests/test_new.py::test', 'tests/test_a.py::test_added', 'tests/test_a.py::test_x[1]'];
    const told = await s.pull(
      1,
      'P',
      'start',
      { ...green, ...Object.fromEntries(more.map((name) => [name, 'F'])) },
      { depth },
    );
    expect(told.failures).toEqual(Object.fromEntries(more.map((name) => [name, 'new: absent-there'])));
    expect(told.blame).toEqual([3, 3]);
    expect(told.changes).toMatchObject({ added: expect.arrayContaining(['tests/test_a.py::test_added']) });
  });

  it('29: another error than main has is new', async () => {
    const s = begin();
    await s.push('start', { ...green, [a]: 'F:KeyError' }, { depth });
    s.commit('P', { on: 'feature-1' });
    expect(await s.pull(1, 'P', 'start', { ...green, [a]: 'F:ImportError' }, { depth })).toMatchObject({
      failures: { [a]: 'new: other-error-there@start' },
      blame: [1, 1],
    });
    expect(await s.pull(1, 'P', 'start', { ...green, [a]: 'F:KeyError' }, { depth })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start' },
    });
  });
});

describe('a branch', () => {
  it('7: cut from a broken main that was repaired since is told to rebase', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('B');
    await s.push('B', red, { before: 'start' });
    s.commit('P', { on: 'feature', from: 'B' });
    s.commit('C');
    await s.push('C', green, { before: 'B' });
    const full = await s.push('P', red, { depth: 'full', branch: 'feature' });
    expect(full).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@B' },
      point: 'B merge-base',
      blame: [0, 1],
    });
    expect(full.verdict.history?.failures[0]?.reason).toMatchObject({ repairedBy: s.sha('C') });
    expect(await s.push('P', { ...red, [b]: 'F' }, { branch: 'feature' })).toMatchObject({
      failures: { [a]: 'no-history: maybe-base@B', [b]: 'new: green-there@B' },
      point: 'B older-commit about ?',
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
    await s.pull(1, 'P', 'start', red, { depth: 'full', checkout: 'head' });
    s.commit('B');
    await s.push('B', { ...green, [b]: 'F' }, { before: 'start' });
    s.merge('M', 'feature-1', 'main');
    expect(
      await s.pull(1, 'M', 'B', { [a]: 'F', [b]: 'F' }, { depth: 'full', checkout: 'head' }),
    ).toMatchObject({
      failures: { [a]: 'new: green-there@B', [b]: 'pre-existing: red-there@B' },
      point: 'B merge-base',
    });
    // Shallow: nothing tells which commits of main it has.
    expect(await s.pull(1, 'M', 'B', { [a]: 'F', [b]: 'F' }, { checkout: 'head' })).toMatchObject({
      failures: { [a]: 'new: green-there@B', [b]: 'no-history: maybe-base@B' },
    });
  });
});

describe('outside CI', () => {
  it('3: an edit that breaks is new, and nothing later is flaky by it', async () => {
    const s = begin();
    await s.local(green);
    expect(await s.local(red, { dirty: true })).toMatchObject({
      failures: { [a]: 'new: green-without-edits@start' },
      blame: [1, 1],
    });
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
    const s = begin();
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

  it('4: one repository is not told of another', async () => {
    const s = begin();
    await s.local(red);
    const other = begin();
    other.commit('B');
    expect((await other.local(red)).failures).toEqual({ [a]: 'no-history: no-run' });
    s.remove();
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
    await s.local({ [a]: 'F', [b]: 'P' });
    s.commit('C');
    expect(await s.push('C', { [a]: 'F', [b]: 'F' }, { before: 'start' })).toMatchObject({
      failures: { [a]: 'new: green-there@start', [b]: 'pre-existing: red-there@start' },
    });
  });

  it('13: a report is stored once for a commit, and again for another', async () => {
    const s = begin();
    const reportTime = new Date();
    await s.local(green, { reportTime });
    await s.local(green, { reportTime, isKnown: true });
    s.commit('B');
    expect((await s.local(green, { reportTime })).point).toBe('start first-parent');
  });
});

describe('in CI', () => {
  it('5: the first upload has no history; a base branch that does not exist is told', async () => {
    const s = begin();
    expect(await s.push('start', red)).toMatchObject({
      failures: { [a]: 'no-history: no-run' },
      blame: [0, 1],
    });
    s.commit('P', { on: 'feature' });
    const told = await s.push(
      'P',
      { ...red, [b]: 'F' },
      { depth: 'full', branch: 'feature', baseBranch: 'mian' },
    );
    expect(told).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', [b]: 'new: green-there@start' },
      base: 'main',
      warnings: ['base-branch'],
    });
  });

  it('9, 10, 30: what is not part of a run is not removed, and what a run did not run keeps its past', async () => {
    const s = begin();
    const all = { ...green, 'tests/test_b.py::test_2': 'P' };
    await s.push('start', all);
    s.commit('B');
    expect((await s.push('B', { [a]: 'P' }, { before: 'start' })).changes).toMatchObject({
      notRun: [{ file: 'tests/test_b.py', tests: 2, why: 'not part of this run' }],
    });
    s.commit('C');
    expect(await s.push('C', all, { before: 'B' })).toMatchObject({ changes: {} });
    s.commit('D');
    const told = await s.push('D', { [a]: 'P', 'tests/test_b.py': 'C' }, { before: 'C' });
    expect(told.failures).toEqual({ 'tests/test_b.py': 'new: absent-there' });
    expect(told.changes).toEqual({
      notRun: [{ file: 'tests/test_b.py', tests: 2, why: 'not collected' }],
    });
    s.commit('P', { on: 'feature-1', from: 'B' });
    expect((await s.pull(1, 'P', 'B', { ...all, [b]: 'F' })).failures).toEqual({
      [b]: 'new: green-there@start',
    });
  });

  it('20, 22, 37: an outage is no evidence, a race of a branch is none of main, lone reds of main are', async () => {
    const s = begin();
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`tests/test_${i % 15}.py::test_${i}`, 'P']),
    );
    const down = Object.fromEntries(Object.keys(many).map((name) => [name, 'X']));
    await s.push('start', many);
    s.commit('B');
    await s.push('B', down, { before: 'start' });
    const again = await s.push('B', many, { before: 'start', again: true });
    expect(again.isInfrastructure).toBe(false);
    s.commit('C');
    expect(await s.push('C', { ...many, 'tests/test_1.py::test_1': 'X' }, { before: 'B' })).toMatchObject({
      failures: { 'tests/test_1.py::test_1': 'new: green-there@B' },
      point: 'B before-push',
      fixed: {},
    });
    s.commit('D');
    await s.push('D', many, { before: 'C' });
    s.commit('P', { on: 'feature-1' });
    const racing = { ...many, 'tests/test_2.py::test_2': 'F' };
    expect((await s.pull(1, 'P', 'D', racing)).blame[0]).toBe(1);
    expect((await s.pull(1, 'P', 'D', many, { again: true })).fixed).toEqual({});
    const third = await s.pull(1, 'P', 'D', racing, { again: true });
    expect(third.failures).toEqual({ 'tests/test_2.py::test_2': 'new: green-there@D' });
    expect(third.verdict.history?.failures[0]?.notes.passedOnRerunOf).toBe(s.sha('P'));
    s.merge('M', 'main', 'feature-1');
    expect((await s.push('M', racing, { before: 'D' })).failures).toEqual({
      'tests/test_2.py::test_2': 'new: green-there@D',
    });
  });

  it('25: a renamed job is compared with the other jobs of the point', async () => {
    const s = begin();
    await s.push('start', red, { job: 'py312' });
    s.commit('B');
    expect(await s.push('B', { ...red, [b]: 'F' }, { job: 'py313', before: 'start' })).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', [b]: 'new: green-there@start' },
    });
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

  it('26, 39: two merges of one head, and an environment that breaks overnight, are no flaky evidence', async () => {
    const s = begin();
    await s.push('start', { ...green, [a]: 'F' });
    s.commit('P', { on: 'feature-1' });
    await s.pull(1, 'P', 'start', red);
    s.commit('B');
    await s.push('B', green, { before: 'start' });
    await s.pull(1, 'P', 'B', green);
    expect((await s.pull(1, 'P', 'B', red)).failures).toEqual({ [a]: 'new: green-there@B' });
    await s.push('B', { ...green, [b]: 'F' }, { event: 'schedule' });
    s.commit('C');
    expect(await s.push('C', { ...green, [b]: 'F' }, { before: 'B' })).toMatchObject({
      failures: { [b]: 'pre-existing: red-there@B' },
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

  it('17: a project in a folder is told of its own past, and of its own files', async () => {
    const s = begin(['api/tests/test_a.py', 'web/tests/test_a.py']);
    await s.push('start', { [a]: 'F' }, { folder: 'api', rootdir: 'api', uploadKey: 'api' });
    await s.push('start', { [a]: 'P' }, { folder: 'web', rootdir: 'web', uploadKey: 'web', beside: true });
    s.commit('P', { on: 'feature-1', files: { 'api/tests/test_n.py': 'def test(): ...\n' } });
    const told = await s.pull(
      1,
      'P',
      'start',
      { [a]: 'F', 'tests/test_n.py::test': 'F' },
      {
        folder: 'api',
        rootdir: 'api',
        uploadKey: 'api',
        depth: 'full',
      },
    );
    expect(told).toMatchObject({
      failures: { [a]: 'pre-existing: red-there@start', 'tests/test_n.py::test': 'new: absent-there' },
      changes: { added: ['tests/test_n.py::test'] },
    });
    expect(
      await s.pull(
        1,
        'P',
        'start',
        { [a]: 'F' },
        { folder: 'web', rootdir: 'web', uploadKey: 'web', beside: true },
      ),
    ).toMatchObject({
      failures: { [a]: 'new: green-there@start' },
    });
  });

  it('23: a flaky test that now fails every time is new', async () => {
    const s = begin();
    const slow = { ...green, [a]: 'F:TimeoutError' };
    await s.push('start', slow);
    await s.push('start', green, { again: true });
    let before = 'start';
    for (const label of ['B', 'C', 'D', 'E', 'F', 'G', 'H', 'I']) {
      s.commit(label);
      await s.push(label, green, { before });
      before = label;
    }
    s.commit('P', { on: 'feature-1' });
    expect((await s.pull(1, 'P', 'I', slow)).failures).toEqual({ [a]: 'flaky: flaky@start' });
    s.commit('Q', { on: 'feature-1' });
    await s.pull(1, 'Q', 'I', slow);
    s.commit('R', { on: 'feature-1' });
    const told = await s.pull(1, 'R', 'I', slow);
    expect(told).toMatchObject({ failures: { [a]: 'new: green-there@I' }, blame: [1, 1] });
    expect(told.verdict.history?.failures[0]?.notes.wasFlaky).toMatchObject({ inARow: 3 });
  });

  it('35: two steps without ids that differ are no flaky evidence', async () => {
    const s = begin();
    const steps = async (first: object, second: object, more: object, run: 'push' | 'pull') => {
      const upload = (tests: object, options: object) =>
        run === 'push'
          ? s.push('start', { ...green, ...tests }, { ...more, ...options })
          : s.pull(1, 'P', 'start', { ...green, ...tests }, { ...more, ...options });
      return [
        await upload(first, { step: '__acme_ingest' }),
        await upload(second, { step: '__acme_ingest_2', beside: true }),
      ] as const;
    };
    await steps({ [a]: 'F' }, {}, {}, 'push');
    s.commit('P', { on: 'feature-1' });
    const [first, second] = await steps({ [a]: 'F' }, { [a]: 'F' }, {}, 'pull');
    expect(first.failures).toEqual({ [a]: 'pre-existing: red-there@start' });
    expect(second.failures).toEqual({ [a]: 'new: green-there@start' });
  });

  it('18: a run that a comment started is never the past of main', async () => {
    const s = begin();
    await s.push('start', green);
    s.commit('P', { on: 'feature-1' });
    const told = await s.push('P', red, {
      branch: 'main',
      event: 'issue_comment',
      payload: { issue: { number: 1, pull_request: {} } },
      env: { GITHUB_SHA: s.sha('start') },
    });
    expect(told.failures).toEqual({ [a]: 'new: green-there@start' });
    s.commit('B');
    expect((await s.push('B', red, { before: 'start' })).failures).toEqual({ [a]: 'new: green-there@start' });
  });

  it('37: three lone reds on main make a red pull request flaky', async () => {
    const s = begin();
    await s.push('start', green);
    let before = 'start';
    for (const [i, label] of ['B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M'].entries()) {
      s.commit(label);
      await s.push(label, i % 4 === 1 ? red : green, { before });
      before = label;
    }
    s.commit('P', { on: 'feature-1' });
    expect(await s.pull(1, 'P', 'M', red)).toMatchObject({
      failures: { [a]: 'flaky: flaky@K' },
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
    expect(await s.push('P', red, { branch: 'feature' })).toMatchObject({
      failures: { [a]: 'no-history: maybe-base@B' },
    });
  });
});

describe('memories', () => {
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
