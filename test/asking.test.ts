// Questions that need the judge: a test's history goes on across its renames, on both databases, under row-level security.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFlaky, findWorse, readTest, readTestMonths } from '../src/asking.ts';
import type { Outcome, RunOrigin, SavedRun } from '../src/model.ts';
import { readPage } from '../src/reporting.ts';
import type { Database } from '../src/store/database/port.ts';
import { type Alias, saveAliases } from '../src/store/history/aliases.ts';
import type { Scope } from '../src/store/questions/scope.ts';
import { saveRun } from '../src/store/runs/save.ts';
import { type Access, inTeam, openAccess } from '../src/store/schema/access.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { createPlace, keepConnections, type Place, placeNames } from './support/places.ts';
import { emptyContext, makeFailure, makeOptions, makeResult, makeUpload, sourceOf } from './support/runs.ts';

const [a, b, c] = ['t.py::test_a', 't.py::test_b', 'u.py::TestU::test_c'] as const;
const driftSignature = 'd1:0123456789abcdef0123456789abcdef';
const rename = (from: string, to: string): Alias => ({ from, to });

describe.each(placeNames)('a renamed test on %s', (name) => {
  let place: Place;
  let repositories = 0;
  let stored = 0;
  const start = Date.now() - 7_200_000;
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
    const admin = await place.administer();
    await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 3 });
    await admin.close();
  });
  afterAll(() => place.remove());

  const work = async <T>(use: (db: Database, access: Access) => Promise<T>) => {
    const db = await place.connect({ stallMs: 30_000 });
    try {
      return await use(db, await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false }));
    } finally {
      await db.close();
    }
  };

  /** Runs of one repository: what they are asked by, and the commits by their numbers. */
  const begin = (repository = `acme/r${++repositories}`) => {
    const scope: Scope = { repository: { name: repository, host: undefined } };
    const run = async (
      tests: Readonly<Record<string, Outcome>>,
      aliases: readonly Alias[] = [],
      more: { origin?: RunOrigin; project?: string; branch?: string; createdAt?: Date; gitSha?: string } = {},
    ): Promise<SavedRun> => {
      const { branch = 'main', createdAt, ...rest } = more;
      const upload = makeUpload(`asked-${++stored}`, {
        createdAt: createdAt ?? new Date(start + stored * 1000),
        context: {
          ...emptyContext,
          repository,
          origin: 'team',
          gitBranch: branch,
          gitSha: `${stored}`.padStart(40, 'a'),
          ...rest,
        },
        ...(place.teamSlug === undefined ? {} : { teamSlug: place.teamSlug }),
      });
      const results = Object.entries(tests).map(([testName, outcome], at) =>
        makeResult(
          at,
          outcome === 'failed' ? { ...makeFailure(1), testName, driftSignature } : { testName, outcome },
        ),
      );
      const saved = await saveRun(place.connect, upload, sourceOf(results), makeOptions());
      await work((db, access) => inTeam(db, access, () => saveAliases(db, access, saved, aliases)));
      return saved;
    };
    const ask = async (testName: string, { limit = 100, ...narrow }: Scope & { limit?: number } = {}) => {
      const found = await work((db, access) =>
        readTest(db, access, { ...scope, ...narrow }, { testName, limit }),
      );
      return {
        runs: found.runs
          .map((one) => `${one.testName.slice(-1)}${one.outcome === 'passed' ? '' : '!'}`)
          .join(' '),
        more: found.more,
        from: found.renamedFrom.map((one) => `${one.from.slice(-1)} ${one.runs ?? 'not'}`),
        to: found.renamedTo.map((one) =>
          [`${one.to.slice(-1)} ${one.runsSince}`, ...one.further.map(({ to }) => to.slice(-1))].join(' '),
        ),
        found,
      };
    };
    return { scope, run, ask };
  };

  it('has the runs of all its names, and each former name says where it went', async () => {
    const { run, ask } = begin();
    await run({ [a]: 'passed', [`${a}[x]`]: 'passed' });
    await run({ [a]: 'failed', [`${a}[x]`]: 'failed' });
    const second = await run({ [b]: 'failed', [`${b}[x]`]: 'passed' }, [rename(a, b)]);
    const third = await run({ [c]: 'passed', [`${c}[y]`]: 'passed' }, [rename(b, c)]);
    expect(await ask(c)).toMatchObject({ runs: 'c b! a! a', more: false, from: ['b 1', 'a 2'], to: [] });
    expect((await ask(c)).found.renamedFrom).toMatchObject([
      { from: b, to: c, gitSha: `${stored}`.padStart(40, 'a'), seenAt: third.createdAt },
      { from: a, to: b, seenAt: second.createdAt },
    ]);
    expect(await ask(b)).toMatchObject({ runs: 'b! a! a', from: ['a 2'], to: ['c 0'] });
    expect(await ask(a)).toMatchObject({ runs: 'a! a', from: [], to: ['b 0 c'] });
    // Parameters go with their function, and are their own tests.
    expect((await ask(`${b}[x]`)).found).toMatchObject({
      runs: [{ outcome: 'passed' }, { outcome: 'failed' }, { outcome: 'passed' }],
      renamedFrom: [{ from: `${a}[x]`, to: `${b}[x]` }],
      renamedTo: [{ to: `${c}[x]` }],
    });
    for (const [limit, runs, more] of [
      [1, 'c', true],
      [2, 'c b!', true],
      [4, 'c b! a! a', false],
    ] as const)
      expect(await ask(c, { limit })).toMatchObject({ runs, more });
    await expect(ask(a, { since: third.createdAt })).rejects.toMatchObject({
      code: 'range-empty',
      fix: expect.stringContaining(`A run showed it renamed to ${c}.`),
    });
  });

  it('has no run of another repository or project with the same names', async () => {
    const { run, ask } = begin();
    const other = begin();
    await run({ [a]: 'failed' });
    await other.run({ [a]: 'passed' });
    await run({ [a]: 'passed' }, [], { project: 'lib' });
    await run({ [b]: 'failed' }, [rename(a, b)]);
    await other.run({ [b]: 'passed' });
    await run({ [b]: 'passed' }, [], { project: 'lib' });
    expect(await ask(b)).toMatchObject({ runs: 'b b! a!', from: ['a 1'] });
    expect(await other.ask(b)).toMatchObject({ runs: 'b', from: [], to: [] });
    expect(await other.ask(a)).toMatchObject({ runs: 'a', from: [], to: [] });
    // Of the whole team the runs of a name are those of all suites; former ones are those of the suite that renamed it.
    const all = await ask(b, { repository: undefined });
    expect(all.runs.split(' ').filter((one) => one === 'a!' || one === 'a')).toContain('a!');
    expect(all.from).toContain('a 1');
  });

  it('has no run of another test that took its former name', async () => {
    const { run, ask } = begin();
    await run({ [a]: 'failed' });
    await run({ [b]: 'failed' }, [rename(a, b)]);
    await run({ [c]: 'passed' }, [rename(b, c)]);
    await run({ [c]: 'passed', [a]: 'failed' });
    expect(await ask(c)).toMatchObject({ runs: 'c c b!', from: ['b 1', 'a not'] });
    expect(await ask(a)).toMatchObject({ runs: 'a! a!', to: ['b 1 c'] });
  });

  it('has no later run of its former name once it is gone itself', async () => {
    const { run, ask } = begin();
    await run({ [a]: 'passed' });
    await run({ [b]: 'failed' }, [rename(a, b)]);
    await run({ [a]: 'passed' });
    expect(await ask(b)).toMatchObject({ runs: 'b! a', from: ['a 1'] });
    expect(await ask(a)).toMatchObject({ runs: 'a a', to: ['b 1'] });
  });

  it('has the runs of other branches that know it by its former name still', async () => {
    const { run, ask } = begin();
    await run({ [a]: 'passed' });
    await run({ [b]: 'passed' }, [rename(a, b)]);
    await run({ [a]: 'failed' }, [], { branch: 'old' });
    await run({ [b]: 'passed' });
    expect(await ask(b)).toMatchObject({ runs: 'b a! b a' });
    expect(await ask(b, { branch: 'main' })).toMatchObject({ runs: 'b b a' });
    expect(await ask(a, { branch: 'old' })).toMatchObject({ runs: 'a!', to: ['b 1'] });
  });

  it('has the months of its former names until it was renamed', async () => {
    const now = new Date();
    const month = (back: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 10));
    const { run } = begin();
    const other = begin();
    await other.run({ [a]: 'failed' }, [], { createdAt: month(2) });
    await run({ [a]: 'failed' }, [], { createdAt: month(2) });
    await run({ [b]: 'passed' }, [rename(a, b)], { createdAt: month(1) });
    // Another test by then.
    await run({ [a]: 'passed' });
    const repository = `acme/r${repositories - 1}`;
    const { months, renamedFrom } = await work((db, access) =>
      readTestMonths(db, access, { testName: b, from: undefined }),
    );
    const told = months.filter(({ line }) => line.repository === repository);
    expect(told.map((one) => [one.month, one.testName, one.failed])).toEqual([
      [month(2).toISOString().slice(0, 7), a, 1],
      [month(1).toISOString().slice(0, 7), b, 0],
    ]);
    expect(renamedFrom.filter(({ seenAt }) => seenAt.getTime() === month(1).getTime())).toMatchObject([
      { from: a, to: b },
    ]);
    expect(months.filter(({ line }) => line.repository === `acme/r${repositories}`)).toEqual([]);
  });

  it('is listed as flaky by the name that the base has now, with what it did under the former one', async () => {
    const { scope, run } = begin();
    const kept = 't.py::test_kept';
    const flaky = async (test: string, gitSha: string, aliases: readonly Alias[] = []) => {
      await run({ [kept]: 'passed', [test]: 'failed' }, aliases, { gitSha });
      await run({ [kept]: 'passed', [test]: 'passed' }, [], { gitSha });
    };
    const ask = async () => {
      const { tests } = await work((db, access) => findFlaky(db, access, scope));
      const page = await work((db, access) =>
        readPage(db, access, {
          now: new Date(),
          days: 30,
          runs: 100,
          repository: scope.repository?.name,
          here: undefined,
          checkout: undefined,
          baseBranch: undefined,
        }),
      );
      return [
        ...tests.map((one) => `${one.testName.slice(-1)} ${one.failures} of ${one.attempts}`),
        `page: ${page?.flaky.map(({ testName }) => testName.slice(-1)).join(' ')}`,
      ];
    };
    await flaky(a, '1'.repeat(40));
    // Once is enough where the same commit passed again.
    expect(await ask()).toEqual(['a 1 of 2', 'page: a']);
    await flaky(a, '2'.repeat(40));
    expect(await ask()).toEqual(['a 2 of 4', 'page: a']);
    // On a branch alone the base keeps its name.
    await run({ [kept]: 'passed', [b]: 'passed' }, [rename(a, b)], { branch: 'feature' });
    expect(await ask()).toEqual(['a 2 of 4', 'page: a']);
    await run({ [kept]: 'passed', [b]: 'passed' });
    expect(await ask()).toEqual(['b 2 of 6', 'page: b']);
    await flaky(b, '3'.repeat(40));
    expect(await ask()).toEqual(['b 3 of 8', 'page: b']);
    // Another test has the former name: each stands for itself.
    await run({ [kept]: 'passed', [a]: 'passed', [b]: 'passed' });
    expect(await ask()).toEqual(['a 2 of 5', 'b 1 of 5', 'page: a b']);
  });

  it('got worse since it was renamed: compared with its former name', async () => {
    const { scope, run } = begin();
    const kept = 't.py::test_kept';
    const day = (back: number) => ({ createdAt: new Date(Date.now() - back * 86_400_000) });
    for (let back = 33; back > 6; back--) await run({ [kept]: 'passed', [a]: 'passed' }, [], day(back));
    for (let back = 6; back > 0; back--)
      await run({ [kept]: 'passed', [b]: back === 4 ? 'passed' : 'failed' }, [rename(a, b)], day(back));
    const ask = async () => {
      const { regressions } = await work((db, access) => findWorse(db, access, scope, new Date()));
      return regressions.map(({ name, now, before }) => [name, now.failed, before.failed, before.units > 20]);
    };
    expect(await ask()).toEqual([[b, 5, 0, true]]);
    // Red under both names alike: nothing got worse.
    const same = begin();
    for (let back = 33; back > 6; back--)
      await same.run({ [kept]: 'passed', [a]: back % 5 === 0 ? 'passed' : 'failed' }, [], day(back));
    for (let back = 6; back > 0; back--)
      await same.run({ [kept]: 'passed', [b]: back === 4 ? 'passed' : 'failed' }, [rename(a, b)], day(back));
    expect((await work((db, access) => findWorse(db, access, same.scope, new Date()))).regressions).toEqual(
      [],
    );
  });

  it('is not cut by a fork that sends both names', async () => {
    const { run, ask } = begin();
    await run({ [a]: 'failed' });
    await run({ [b]: 'passed' }, [rename(a, b)]);
    await run({ [a]: 'passed', [b]: 'passed' }, [rename(c, b)], { origin: 'stranger', branch: 'evil:x' });
    await run({ [b]: 'passed' });
    expect(await ask(b)).toMatchObject({ from: ['a 2'] });
  });

  it('ends in a circle, and goes a bounded way', async () => {
    const { run, ask } = begin();
    await run({ [a]: 'failed' });
    await run({ [b]: 'passed' }, [rename(a, b)]);
    await run({ [a]: 'passed' }, [rename(b, a)]);
    expect(await ask(a)).toMatchObject({ runs: 'a b a!', from: ['b 1', 'a 2'], to: ['b 1 a'] });
    expect(await ask(b)).toMatchObject({ runs: 'b a!', from: ['a 1'], to: ['a 0'] });
    const long = begin();
    for (let i = 0; i < 8; i++)
      await long.run(
        { [`t.py::v${i}`]: 'passed' },
        i === 0 ? [] : [rename(`t.py::v${i - 1}`, `t.py::v${i}`)],
      );
    expect(await long.ask('t.py::v7')).toMatchObject({ runs: '7 6 5 4 3 2', more: false });
    expect((await long.ask('t.py::v0')).to).toEqual(['1 0 2 3 4 5']);
    const wide = begin();
    const last = Array.from({ length: 2000 }, (_, i) => rename(a, `t.py::w${i}`));
    await wide.run({ [a]: 'passed' });
    await wide.run({ 't.py::w0': 'passed' }, last);
    expect((await wide.ask(a)).to).toHaveLength(3);
    expect(await wide.ask('t.py::w0')).toMatchObject({ runs: '0 a' });
  });
});
