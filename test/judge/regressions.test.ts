// Regressions: what is found where something got worse, and how seldom where nothing did. Seeded simulations of whole suites.
import { describe, expect, it } from 'vitest';
import { type Comparison, findRegressions, unitsOf } from '../../src/judge/regressions.ts';
import { long } from '../support/long.ts';
import { Random } from '../support/random.ts';

const units = { now: 70, before: 300 };

function failures(random: Random, n: number, rate: number): number {
  let failed = 0;
  for (let i = 0; i < n; i++) if (random.chance(rate)) failed++;
  return failed;
}

/** A suite of which a quarter is flaky, each test at a rate of its own, and some drop. */
function week(seed: number, tests: number, drops: number): (Comparison & { readonly isDrop: boolean })[] {
  const random = new Random(seed);
  return Array.from({ length: tests }, (_, at) => {
    const isDrop = at < drops;
    const rate = isDrop ? 0.01 : at % 4 === 0 ? random.pick([0.002, 0.01, 0.01, 0.02, 0.05, 0.1, 0.3]) : 0;
    const of = (n: number, at: number) => ({ units: n, failed: at === 0 ? 0 : failures(random, n, at) });
    return { isDrop, now: of(units.now, isDrop ? 0.15 : rate), before: of(units.before, rate) };
  });
}

describe('regressions', () => {
  it('of Fisher’s test are those of a table that was computed by hand', () => {
    // 8 of 10 now, 1 of 10 before: P(X >= 8) = (C(10,8) C(10,1) + C(10,9) C(10,0)) / C(20,9) = 460 / 167960.
    const [found] = findRegressions([{ now: { failed: 8, units: 10 }, before: { failed: 1, units: 10 } }]);
    expect(found?.p).toBeCloseTo(460 / 167_960, 10);
    expect(findRegressions([{ now: { failed: 1, units: 10 }, before: { failed: 8, units: 10 } }])).toEqual(
      [],
    );
    expect(findRegressions([{ now: { failed: 9, units: 9 }, before: { failed: 0, units: 0 } }])).toEqual([]);
  });

  it('of 20,000 tests that did not change are false at most once in five weeks', { timeout: 600_000 }, () => {
    const weeks = long ? 100 : 4;
    let wrong = 0;
    for (let seed = 1; seed <= weeks; seed++) wrong += findRegressions(week(seed, 20_000, 0)).length;
    expect(wrong / weeks).toBeLessThanOrEqual(long ? 0.2 : 0.5);
  });

  it('takes a commit for one unit, gives failures of one cause to the cause, and leaves a burst out', () => {
    const own = (...names: string[]) => names.map((testName) => ({ testName, causeKey: undefined }));
    const many = Array.from({ length: 30 }, (_, at) => `burst ${at}`);
    const run = (commit: string, at: number, failed: ReturnType<typeof own>) => ({
      lineId: 'l',
      commit,
      at,
      failed,
    });
    const shared = ['x', 'y'].map((testName) => ({ testName, causeKey: 'c1: conftest.py:3' as never }));
    const { failing, bursts, lines } = unitsOf([
      run('a', 1, own('t')),
      run('a', 2, own('t')),
      run('b', 3, own(...many)),
      run('c', 4, [...own('t'), ...shared]),
      run('d', 5, []),
    ]);
    expect(lines.get('l')).toHaveLength(4);
    expect(bursts).toBe(1);
    expect(failing.map(({ kind, name, commits, tests }) => [kind, name, [...commits], [...tests]])).toEqual([
      ['test', 't', ['a', 'c'], []],
      ['cause', 'c1: conftest.py:3', ['c'], ['x', 'y']],
    ]);
  });

  it('finds three of four drops from 99 to 85 % among 20,000 tests', { timeout: 600_000 }, () => {
    const weeks = long ? 100 : 4;
    let [found, wrong] = [0, 0];
    for (let seed = 1; seed <= weeks; seed++)
      for (const { of } of findRegressions(week(1000 + seed, 20_000, 10))) {
        if (of.isDrop) found++;
        else wrong++;
      }
    expect(found / (10 * weeks)).toBeGreaterThanOrEqual(0.75);
    expect(wrong / (wrong + found)).toBeLessThanOrEqual(0.1);
  });
});
