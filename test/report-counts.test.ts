// Many reports of one run: counted in bounded memory, and named so that no red one is hidden behind green ones.
import { describe, expect, it } from 'vitest';
import type { SignedResult } from '../src/model.ts';
import { nameReports, type SeveralReports, sizeOfReports } from '../src/report-counts.ts';
import { startTally } from '../src/tally.ts';
import { makeResult } from './support/runs.ts';

const name = (n: number) => `legs/results-${n}.xml`;
const tallyOf = (reports: number, isRed: (n: number) => boolean = () => false) => {
  const tally = startTally();
  for (let n = 0; n < reports; n++) {
    const one = (testName: string, outcome: SignedResult['outcome']) => ({
      ...makeResult(1, { testName, outcome }),
      report: name(n),
    });
    tally.add([one('a', 'passed'), one('b', isRed(n) ? 'failed' : 'skipped')]);
  }
  return tally;
};
const failedIn = ({ counts, rest }: SeveralReports) =>
  counts.reduce((sum, { failed }) => sum + failed, rest?.failed ?? 0);

describe('reports of a run', () => {
  it('are counted where tests of several were read', () => {
    expect(tallyOf(1).reports(new Set(['bad.xml']))).toBeUndefined();
    expect(tallyOf(2, (n) => n === 1).reports(new Set())).toEqual({
      counts: [
        { report: name(0), passed: 1, failed: 0, skipped: 1, incomplete: false },
        { report: name(1), passed: 1, failed: 1, skipped: 0, incomplete: false },
      ],
      rest: undefined,
      tests: 2,
    });
  });

  it('of which tests, or all, could not be read are among them, and are no results', () => {
    const reports = tallyOf(2).reports(new Set([name(1), 'bad.xml']));
    expect(reports?.counts.map(({ report, incomplete }) => [report, incomplete])).toEqual([
      [name(0), false],
      [name(1), true],
      ['bad.xml', true],
    ]);
    expect(reports && sizeOfReports(reports)).toEqual({ reports: 2, runs: 4 });
  });

  it.each([100, 101, 1000, 1001, 1500])('%s of them: at most 100 are named, all are counted', (many) => {
    const reports = tallyOf(many, (n) => n % 100 === 99).reports(new Set([name(7)]));
    if (reports === undefined) throw new Error('none');
    expect(reports.counts).toHaveLength(100);
    expect(sizeOfReports(reports)).toEqual({ reports: many, runs: 2 * many });
    expect(failedIn(reports)).toBe(Math.floor(many / 100));
    // The first thousand are counted one by one.
    const red = Array.from({ length: Math.floor(Math.min(many, 1000) / 100) }, (_, i) => name(100 * i + 99));
    expect(reports.counts.filter(({ failed }) => failed > 0).map(({ report }) => report)).toEqual(red);
    expect(reports.counts.find(({ incomplete }) => incomplete)?.report).toBe(name(7));
    expect(reports.tests).toBe(2);
  });

  it('stay what they are however often fewer are named', () => {
    const all = tallyOf(90, (n) => n > 40).reports(new Set([name(3)]));
    if (all === undefined) throw new Error('none');
    let fewer = all;
    for (const most of [90, 60, 10, 3, 1, 0]) {
      fewer = nameReports(fewer, most);
      expect(fewer).toEqual(nameReports(all, most));
      expect(fewer.counts).toHaveLength(most);
      expect([sizeOfReports(fewer), failedIn(fewer)]).toEqual([sizeOfReports(all), 49]);
    }
    expect(fewer.rest).toEqual({ reports: 90, passed: 90, failed: 49, skipped: 41, incomplete: true });
  });
});
