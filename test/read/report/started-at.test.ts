// When a run began, as far as a report may be believed.
import { describe, expect, it } from 'vitest';
import { findOldReports, isPlausible, startedAt } from '../../../src/read/report/started-at.ts';
import type { SuiteStart } from '../../../src/read/report/survey.ts';

const now = new Date('2026-03-15T12:00:00Z');
const day = 24 * 60 * 60 * 1000;

function start(...suites: (string | undefined | SuiteStart)[]) {
  return startedAt(
    suites.map((suite) => (typeof suite === 'object' ? suite : { timestamp: suite, hostname: 'ci-7' })),
    { now, hostname: 'desk' },
  );
}

describe('the start of a run', () => {
  it.each([
    ['2026-03-15T11:00:00.123456+00:00', '2026-03-15T11:00:00.123Z'],
    ['2026-03-15T11:00:00Z', '2026-03-15T11:00:00.000Z'],
    ['2026-03-15T13:30:00+02:30', '2026-03-15T11:00:00.000Z'],
    ['2026-03-15T03:00:00-0800', '2026-03-15T11:00:00.000Z'],
  ])('is what the report says with a zone: %s', (timestamp, expected) => {
    expect(start(timestamp)).toEqual({ createdAt: new Date(expected), source: 'report' });
  });

  it('is not known of a time without a zone from another machine', () => {
    expect(start('2026-03-15T11:00:00.123456')).toEqual({ createdAt: now, source: 'now' });
    expect(start({ timestamp: '2026-03-15T11:00:00', hostname: undefined }).source).toBe('now');
  });

  it('is local time without a zone on the machine that wrote it', () => {
    const local = '2026-03-15T11:00:00';
    expect(start({ timestamp: local, hostname: 'desk' })).toEqual({
      createdAt: new Date(local),
      source: 'report',
    });
  });

  it('is the earliest of several suites, those left out that cannot be believed', () => {
    const found = start(
      '2026-03-15T11:30:00Z',
      '2026-03-15T11:00:00Z',
      '1999-01-01T00:00:00Z',
      '2026-03-01T00:00:00',
      undefined,
    );
    expect(found).toEqual({ createdAt: new Date('2026-03-15T11:00:00Z'), source: 'report' });
  });

  it.each([
    undefined,
    '',
    'yesterday',
    '2026-03-15',
    '2026-13-45T99:00:00Z',
    '15/03/2026 11:00',
    '2026-03-15T11:00:00Z; x',
    '99999-03-15T11:00:00Z',
  ])('is now where the report says %j', (timestamp) =>
    expect(start(timestamp)).toEqual({ createdAt: now, source: 'now' }),
  );

  it('is now where there is no suite', () => expect(start().source).toBe('now'));

  it('lies within 31 days back and one day ahead, to the millisecond', () => {
    const at = (offset: number) => new Date(now.getTime() + offset).toISOString();
    expect(start(at(-31 * day)).source).toBe('report');
    expect(start(at(-31 * day - 1)).source).toBe('now');
    expect(start(at(day)).source).toBe('report');
    expect(start(at(day + 1)).source).toBe('now');
    expect(isPlausible(Number.NaN, now)).toBe(false);
  });
});

describe('an old report', () => {
  const beginning = { at: new Date('2026-11-20T10:00:00Z'), what: 'this pipeline was created' };
  const old = (...suites: [string, string | undefined][]) =>
    findOldReports(
      suites.map(([file, timestamp]) => ({ file, timestamp, hostname: 'here' })),
      beginning,
    ).map(({ file, message }) => `${file}: ${message}`);

  it('is one that was begun over ten minutes before its run can have begun', () => {
    expect(
      old(['a.xml', '2026-11-17T09:00:00.123456+00:00'], ['b.xml', '2026-11-20T12:30:00+02:00']),
    ).toEqual([
      'a.xml: pytest began this report at 2026-11-17 09:00 UTC, before this pipeline was created (2026-11-20 10:00 UTC): is it left over from an earlier run, or from a cache?',
    ]);
    expect(old(['a.xml', '2026-11-20T09:49:59Z'])).toHaveLength(1);
    // The zone is part of the time: this is 10:10 UTC.
    expect(old(['a.xml', '2026-11-20T02:10:00-08:00'])).toEqual([]);
    expect(old(['a.xml', '2026-11-20T11:10:00+08:00'])).toHaveLength(1);
  });

  it('is not known without a zone, within ten minutes, or where no beginning is known', () => {
    expect(
      old(
        ['a.xml', '2026-11-01T09:00:00.123456'],
        ['b.xml', undefined],
        ['c.xml', '2026-11-20T09:51:00Z'],
        ['d.xml', '2026-99-99T99:99:99Z'],
        ['e.xml', ''],
      ),
    ).toEqual([]);
    expect(
      findOldReports([{ file: 'a.xml', timestamp: '1999-01-01T00:00:00Z', hostname: 'x' }], undefined),
    ).toEqual([]);
  });

  it('is told of five by name, of more by number', () => {
    const many = old(
      ...Array.from({ length: 9 }, (_, i): [string, string] => [`${i}.xml`, '2026-11-01T00:00:00Z']),
    );
    expect(many).toHaveLength(6);
    expect(many.at(-1)).toContain('4 more reports are as old');
  });
});
