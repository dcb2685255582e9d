// The steps of an upload, with real reports and no database.
import { describe, expect, it } from 'vitest';
import { asOptions } from '../src/errors.ts';
import { type Edges, ingest } from '../src/ingest.ts';
import type { RunContext } from '../src/model.ts';
import { parseSettings } from '../src/settings.ts';
import { generatedReport, textReport } from './read/support/reports.ts';

const settings = parseSettings({
  reports: ['results.xml'],
  coverage: [],
  dataDir: '/nowhere',
  markers: [],
  createdAt: 'now',
  set: [],
  allowIncomplete: false,
  allowPrivilegedRole: false,
  dryRun: true,
  failOn: 'never',
});

const edges: Omit<Edges, 'reports'> = {
  now: new Date(),
  hostname: 'here',
  workingDirectory: '/nowhere',
  coverage: { paths: [], problems: [] },
  naming: asOptions,
  surroundings: Promise.resolve({
    context: () => ({ markers: [] }) as unknown as RunContext,
    repositoryRoot: undefined,
    checkout: undefined,
  }),
  connect: undefined,
};

const suite = (tests: string) => `<testsuites><testsuite name="pytest">${tests}</testsuite></testsuites>`;
const passing = (n: number) => `<testcase classname="tests.test_a" name="test_${n}" time="0.1"/>`;

describe('an upload of several reports', () => {
  const named = (name: string, text: string) => ({ ...textReport(text), name });

  it('counts a report once that was found twice', async () => {
    const reports = [
      named('a.xml', suite(passing(1))),
      named('b.xml', suite(passing(2))),
      named('copy/a.xml', suite(passing(1))),
    ];
    const verdict = await ingest(settings, { ...edges, reports });
    expect(verdict.totals.total).toBe(2);
    expect(verdict.warnings).toMatchObject([{ code: 'identical-report', file: 'copy/a.xml' }]);
    expect(verdict.incomplete).toBe(false);
  });

  it('takes the whole tests of a truncated one where another is whole', async () => {
    const cut = named('cut.xml', suite(passing(2)).slice(0, -20));
    const verdict = await ingest(settings, { ...edges, reports: [cut, named('a.xml', suite(passing(1)))] });
    expect(verdict.totals.total).toBe(2);
    expect(verdict.incomplete).toBe(true);
    expect(verdict.warnings).toMatchObject([{ code: 'truncated', file: 'cut.xml', severity: 'error' }]);
    await expect(ingest(settings, { ...edges, reports: [cut] })).rejects.toMatchObject({ code: 'truncated' });
    await expect(
      ingest(settings, { ...edges, reports: [cut, named('other.xml', suite(passing(3)).slice(0, -20))] }),
    ).rejects.toMatchObject({ code: 'truncated', message: expect.stringContaining('other.xml') });
  });
});

it('a run belongs to the project of its rootdir, in one spelling', async () => {
  const reports = [textReport(suite(passing(1)))];
  const surroundings = Promise.resolve({
    ...(await edges.surroundings),
    repositoryRoot: '/repo',
    checkout: { root: '/repo', paths: ['tests/test_a.py'], readText: () => undefined },
  });
  const projectOf = async (rootdir?: string) => {
    const asked = { ...settings, ...(rootdir !== undefined && { rootdir }) };
    return (await ingest(asked, { ...edges, surroundings, reports })).context.project;
  };
  expect([await projectOf(), await projectOf('.')]).toEqual(['.', '.']);
  for (const rootdir of ['services/api', './services//api/', 'services/x/../api'])
    expect(await projectOf(rootdir)).toBe('services/api');
  expect((await ingest(settings, { ...edges, reports })).context.project).toBeUndefined();
});

describe('an upload that is cancelled', () => {
  it.each([
    ['checked', 0],
    ['read', 1],
  ])('stops while the report is %s', async (_, afterPasses) => {
    const cancelled = new AbortController();
    let passes = 0;
    let chunks = 0;
    const report = generatedReport(function* () {
      const pass = passes++;
      yield '<testsuites><testsuite name="pytest">';
      for (let n = 0; n < 100; n++) {
        if (pass === afterPasses && n === 10) cancelled.abort();
        chunks++;
        yield passing(n);
      }
      yield '</testsuite></testsuites>';
    });
    await expect(
      ingest(settings, { ...edges, reports: [report], signal: cancelled.signal }),
    ).rejects.toMatchObject({
      code: 'upload-cancelled',
      message: 'cancelled; nothing was stored',
    });
    expect(chunks).toBe(afterPasses * 100 + 11);
  });

  it('asks no database and reads nothing again', async () => {
    const cancelled = new AbortController();
    const given: boolean[] = [];
    const connect = async () => {
      given.push(true);
      cancelled.abort();
      throw new Error('cancelled meanwhile');
    };
    let opened = 0;
    const report = textReport(suite(passing(1)));
    const counted = {
      ...report,
      open: () => {
        opened++;
        return report.open();
      },
    };
    await expect(
      ingest(settings, { ...edges, reports: [counted], connect, signal: cancelled.signal }),
    ).rejects.toMatchObject({ code: 'upload-cancelled' });
    expect([given.length, opened]).toEqual([1, 1]);
  });
});
