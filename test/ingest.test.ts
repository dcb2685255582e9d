// The steps of an upload, with real reports and no database.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asOptions } from '../src/errors.ts';
import { type Edges, ingest } from '../src/ingest.ts';
import type { RunContext } from '../src/model.ts';
import { parseSettings } from '../src/settings.ts';
import { renderJobSummary } from '../src/tell/github/job-summary.ts';
import { renderSummary } from '../src/tell/terminal/summary.ts';
import { createPaint } from '../src/tell/terminal/terminal.ts';
import { fixtures, generatedReport, textReport } from './read/support/reports.ts';

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
  failOn: [],
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

describe('a report from before the commit', () => {
  it.each([true, false])('is told, but for one that is committed itself (%s)', async (isCommitted) => {
    const text = suite(passing(1)).replace(
      'name="pytest"',
      'name="pytest" timestamp="2026-11-19T08:00:00+00:00"',
    );
    const surroundings = edges.surroundings.then((found) => ({
      ...found,
      beginning: {
        at: new Date('2026-11-20T08:00:00Z'),
        what: 'the commit',
        holds: async (path: string) => isCommitted && path === '/nowhere/r.xml',
      },
    }));
    const reports = [{ ...textReport(text), name: 'r.xml' }];
    const { warnings } = await ingest(settings, { ...edges, surroundings, reports });
    expect(warnings.map(({ code }) => code)).toEqual(isCommitted ? [] : ['old-report']);
  });
});

describe('tests that pytest ran more than once', () => {
  it('are told with the number of their attempts, by terminal and summary', async () => {
    const text = readFileSync(join(fixtures, 'reading/reruns-xunit2.xml'), 'utf8');
    const { totals, lost, incomplete, tally } = await ingest(settings, {
      ...edges,
      reports: [textReport(text)],
    });
    const { reruns, failures, xfailed, slowest } = tally;
    expect(reruns.count).toBe(3);
    const stored = { ok: true, text: 'stored' };
    const run = { totals, lost, incomplete, xfailed, failures, reruns, slowest, stored, warnings: [] };
    const terminal = renderSummary(
      { ...run, reports: ['r.xml'], leastCovered: [], coveredFiles: 0 },
      { paint: createPaint(false), columns: 100, mostFailures: 20 },
    );
    expect(terminal).toContain('Passed with more than one attempt\n');
    expect(terminal).toMatch(/^ {2}3 attempts {2}.*test_r\.py::test_flaky_passes$/m);
    expect(terminal).toMatch(/test_r\.py:\d+ {2}no\n {12}3 attempts$/m);
    const summary = renderJobSummary({
      ...run,
      label: '',
      troubles: [],
      history: undefined,
      leastCovered: [],
      hideSolutions: false,
    });
    expect(summary).toMatch(/^\| 3 \| `.*test_r\.py::test_flaky_passes` \|$/m);
  });

  it('are not told where each ran once', async () => {
    const { tally } = await ingest(settings, { ...edges, reports: [textReport(suite(passing(1)))] });
    expect(tally.reruns).toEqual({ count: 0, first: [] });
  });
});

describe('reports of several projects in one upload', () => {
  const failing = (classname: string, name = 'test_x') =>
    `<testcase classname="${classname}" name="${name}"><failure message="KeyError">def test_x():
>       boom()
E       KeyError

tests/test_a.py:7: KeyError</failure></testcase>`;
  const told = async (paths: readonly string[], reports: Record<string, string>, more = {}) => {
    const names: string[] = [];
    const verdict = await ingest(
      { ...settings, ...more },
      {
        ...edges,
        workingDirectory: '/repo',
        surroundings: Promise.resolve({
          context: () => ({ markers: [] }) as unknown as RunContext,
          repositoryRoot: '/repo',
          checkout: { root: '/repo', paths, readText: () => undefined },
        }),
        reports: Object.entries(reports).map(([name, text]) => ({ ...textReport(suite(text)), name })),
        onResults: async (results) => void names.push(...results.map((result) => result.testName)),
      },
    );
    return { names, verdict, codes: verdict.warnings.map(({ code }) => code) };
  };
  const monorepo = ['api/tests/test_a.py', 'web/tests/test_a.py', 'web/tests/test_b.py', 'ci/run.sh'];

  it('are named from the root of the repository where they lie in their folders', async () => {
    const { names, verdict, codes } = await told(monorepo, {
      'api/results.xml': failing('tests.test_a'),
      'web/out/results.xml': failing('tests.test_a.TestX'),
    });
    expect(names).toEqual(['api/tests/test_a.py::test_x', 'web/tests/test_a.py::TestX::test_x']);
    expect(codes).toEqual(['several-projects']);
    expect(verdict.warnings[0]?.message).toMatch(/2 projects \(api, web\).*--rootdir and --upload-key/);
    expect(verdict.rootdir).toBe('');
    expect(verdict.tally.failures).toMatchObject([
      { testFile: 'api/tests/test_a.py', line: 7, errorType: 'KeyError' },
      { testFile: 'web/tests/test_a.py', line: 7, errorType: 'KeyError' },
    ]);
  });

  it('are told apart wherever they lie where their files are not in one folder', async () => {
    const { names } = await told([...monorepo, 'api/tests/test_c.py'], {
      'out/1.xml': `${failing('tests.test_a')}${failing('tests.test_c')}`,
      'out/2.xml': `${failing('tests.test_a')}${failing('tests.test_b')}`,
    });
    expect(names).toEqual([
      'api/tests/test_a.py::test_x',
      'api/tests/test_c.py::test_x',
      'web/tests/test_a.py::test_x',
      'web/tests/test_b.py::test_x',
    ]);
  });

  it("leave the root's own tests as they are", async () => {
    const { names } = await told(['tests/test_a.py', 'web/tests/test_a.py'], {
      'results.xml': failing('tests.test_a'),
      'web/results.xml': failing('tests.test_a', 'test_y'),
    });
    expect(names).toEqual(['tests/test_a.py::test_x', 'web/tests/test_a.py::test_y']);
  });

  it('are one project where nothing proves two: shards, a named rootdir, equal names without a place', async () => {
    const shards = { 'out/1.xml': failing('tests.test_a'), 'out/2.xml': failing('tests.test_b') };
    expect(await told(monorepo, shards)).toMatchObject({
      names: ['tests/test_a.py::test_x', 'tests/test_b.py::test_x'],
      codes: [],
    });
    const apart = {
      'api/results.xml': failing('tests.test_a'),
      'web/results.xml': failing('tests.test_a', 'y'),
    };
    expect((await told(monorepo, apart, { rootdir: 'web' })).names).toEqual([
      'tests/test_a.py::test_x',
      'tests/test_a.py::y',
    ]);
    const unplaced = { 'out/1.xml': failing('tests.test_a'), 'out/2.xml': `${failing('tests.test_a')} ` };
    expect(await told(monorepo, unplaced)).toMatchObject({
      names: ['tests/test_a.py::test_x', 'tests/test_a.py::test_x'],
      codes: ['same-test-in-reports'],
    });
  });

  it('give one report the folder that it lies in, of folders that fit equally', async () => {
    const { verdict, names } = await told(monorepo, { 'web/results.xml': failing('tests.test_a') });
    expect(verdict.rootdir).toBe('web');
    expect(names).toEqual(['tests/test_a.py::test_x']);
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
