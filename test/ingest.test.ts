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

describe('what a run is stored with', () => {
  const committedAt = new Date('2026-11-20T10:00:00Z');
  const at = (timestamp: string) =>
    textReport(
      `<testsuites><testsuite name="pytest" timestamp="${timestamp}">${passing(1)}</testsuite></testsuites>`,
    );
  async function contextOf(
    timestamp: string,
    { origin = 'local', rootdir }: { origin?: RunContext['origin']; rootdir?: string } = {},
  ) {
    const tested = { gitSha: 'a'.repeat(40), parents: [], committedAt, dirty: 0 };
    const context = { markers: [], origin, tested } as unknown as RunContext;
    const surroundings = Promise.resolve({
      context: () => context,
      repositoryRoot: '/repo',
      checkout: { root: '/repo', paths: ['tests/test_a.py'], readText: () => undefined },
    });
    const asked = { ...settings, ...(rootdir !== undefined && { rootdir }) };
    return ingest(asked, { ...edges, surroundings, reports: [at(timestamp)] });
  }

  it.each([
    ['2026-11-20T10:49:00+01:00', 'local', true],
    ['2026-11-20T10:51:00+01:00', 'local', false],
    // Without a zone it may be any time; in CI the checkout may have been committed to.
    ['2026-11-20T08:00:00', 'local', false],
    ['2026-11-20T08:00:00Z', 'team', false],
  ] as const)('a report of %s, %s: older than its commit is %s', async (timestamp, origin, isStale) => {
    const { context, warnings } = await contextOf(timestamp, { origin });
    expect(context.isStale).toBe(isStale);
    expect(warnings.map(({ code }) => code)).toEqual(isStale ? ['report-older-than-commit'] : []);
  });

  it('the project is the rootdir in one spelling', async () => {
    const time = '2026-11-20T12:00:00Z';
    expect((await contextOf(time)).context.project).toBe('.');
    for (const rootdir of ['services/api', './services//api/', 'services/x/../api'])
      expect((await contextOf(time, { rootdir })).context.project).toBe('services/api');
    expect((await contextOf(time, { rootdir: '.' })).context.project).toBe('.');
    const { context } = await ingest(settings, { ...edges, reports: [at(time)] });
    expect(context.project).toBeUndefined();
  });
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
