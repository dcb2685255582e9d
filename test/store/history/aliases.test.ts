// Former names of renamed tests, on both databases, under row-level security.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunOrigin, SavedRun } from '../../../src/model.ts';
import {
  type Alias,
  readFormerNames,
  readNameChains,
  saveAliases,
} from '../../../src/store/history/aliases.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { inTeam, openAccess } from '../../../src/store/schema/access.ts';
import { createPlace, keepConnections, type Place, placeNames } from '../../support/places.ts';
import { emptyContext, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

describe.each(placeNames)('former names on %s', (name) => {
  let place: Place;
  let runs = 0;
  const start = Date.now() - 3_600_000;
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
  });
  afterAll(() => place.remove());

  const run = async (repository: string, origin: RunOrigin = 'team'): Promise<SavedRun> => {
    const upload = makeUpload(`run-${++runs}`, {
      createdAt: new Date(start + runs * 1000),
      context: { ...emptyContext, repository, origin, gitSha: `${runs}`.padStart(40, 'a') },
      ...(place.teamSlug === undefined ? {} : { teamSlug: place.teamSlug }),
    });
    return saveRun(place.connect, upload, sourceOf([makeResult(1)]), makeOptions());
  };
  const work = async <T>(
    use: (...args: [Parameters<typeof saveAliases>[0], Parameters<typeof saveAliases>[1]]) => Promise<T>,
  ) => {
    const db = await place.connect({ stallMs: 30_000 });
    try {
      const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      return await inTeam(db, access, () => use(db, access));
    } finally {
      await db.close();
    }
  };
  const save = (of: SavedRun, ...aliases: Alias[]) =>
    work((db, access) => saveAliases(db, access, of, aliases));
  const read = async (of: SavedRun, ...names: string[]) =>
    Object.fromEntries(await work((db, access) => readFormerNames(db, access, of, names)));

  const chains = (of: SavedRun, until: SavedRun, ...functions: string[]) =>
    work((db, access) => readNameChains(db, access, of, { functions, until: until.createdAt }));

  it('are found through several renames, as they were at the time of the run', async () => {
    const [first, second, third] = [await run('acme/a'), await run('acme/a'), await run('acme/a')];
    await save(first, { from: 'a.py::one', to: 'a.py::two' });
    await save(first, { from: 'a.py::one', to: 'a.py::two' });
    await save(second, { from: 'a.py::one', to: 'a.py::two' }, { from: 'a.py::two', to: 'b.py::three' });
    await save(third, { from: 'c.py::x', to: 'a.py::two' });
    expect(await read(third, 'b.py::three', 'a.py::two', 'none')).toEqual({
      'b.py::three': ['a.py::two', 'a.py::one'],
      'a.py::two': ['c.py::x'],
    });
    expect(await read(first, 'b.py::three', 'a.py::two')).toEqual({ 'a.py::two': ['a.py::one'] });
    expect(await place.look("SELECT count(*)::int AS n FROM test_aliases WHERE name LIKE '%.py::%'")).toEqual(
      [{ n: 3 }],
    );
  });

  it('go at most five steps back, and round in no circle', async () => {
    for (let i = 1; i <= 7; i++)
      await save(await run('acme/b'), { from: `t.py::v${i - 1}`, to: `t.py::v${i}` });
    await save(await run('acme/b'), { from: 't.py::a', to: 't.py::b' });
    await save(await run('acme/b'), { from: 't.py::b', to: 't.py::a' });
    expect(await read(await run('acme/b'), 't.py::v7', 't.py::a')).toEqual({
      't.py::v7': ['t.py::v6', 't.py::v5', 't.py::v4', 't.py::v3', 't.py::v2'],
      't.py::a': ['t.py::b', 't.py::a'],
    });
  });

  it('hold in one repository, whether its host is named or not', async () => {
    await save(await run('acme/c'), { from: 'a.py::one', to: 'a.py::two' });
    const former = { 'a.py::two': ['a.py::one'] };
    expect(await read(await run('github.com/Acme/C', 'local'), 'a.py::two')).toEqual(former);
    expect(await read(await run('acme/other'), 'a.py::two')).toEqual({});
  });

  it('are not kept of a fork, and of a run outside CI in the embedded database alone', async () => {
    const alias = { from: 'a.py::one', to: 'a.py::two' };
    await save(await run('acme/d', 'stranger'), alias);
    expect(await read(await run('acme/d'), alias.to)).toEqual({});
    await save(await run('acme/d', 'local'), alias);
    expect(await read(await run('acme/d'), alias.to)).toEqual(
      name === 'PostgreSQL 15' ? {} : { [alias.to]: [alias.from] },
    );
  });

  it('are found from any of them, until a time, in one repository', async () => {
    const [first, second, third] = [await run('acme/f'), await run('acme/f'), await run('acme/f')];
    const other = await run('acme/g');
    await save(other, { from: 'a.py::two', to: 'a.py::never' });
    await save(first, { from: 'a.py::one', to: 'a.py::two' });
    await save(second, { from: 'a.py::two', to: 'b.py::three' });
    const [two, three] = [
      ['a.py::two', 'a.py::one'],
      ['b.py::three', 'a.py::two', 'a.py::one'],
    ];
    for (const name of ['a.py::one', 'a.py::two'])
      expect(await chains(first, third, name)).toEqual([three, two]);
    expect(await chains(first, third, 'b.py::three')).toEqual([three]);
    expect(await chains(first, first, 'a.py::one')).toEqual([two]);
    expect(await chains(other, other, 'a.py::one')).toEqual([]);
    expect(await chains(first, third, 'none')).toEqual([]);
    await save(third, { from: 'b.py::three', to: 'a.py::one' });
    expect((await chains(first, third, 'a.py::two'))[0]).toEqual([
      'a.py::one',
      'b.py::three',
      'a.py::two',
      'a.py::one',
    ]);
  });

  it('are bounded where one name went thousands of ways', async () => {
    const last = await run('acme/h');
    const ways = Array.from({ length: 5000 }, (_, i) => ({ from: 'a.py::one', to: `a.py::way_${i}` }));
    await save(last, ...ways);
    await save(await run('acme/h'), ...ways.map(({ to }) => ({ from: to, to: `${to}_on` })));
    const later = await run('acme/h');
    const began = performance.now();
    expect((await chains(last, later, 'a.py::one')).length).toBeLessThanOrEqual(5000);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('longer than a name may be are left out', async () => {
    const last = await run('acme/e');
    await save(last, { from: 'x'.repeat(501), to: 'a.py::two' }, { from: 'a', to: 'é'.repeat(500) });
    expect(await read(last, 'a.py::two', 'é'.repeat(500))).toEqual({ ['é'.repeat(500)]: ['a'] });
  });
});
