// Which uploads of a commit stand, and how equal names are told apart.
import { describe, expect, it } from 'vitest';
import { missingSection } from '../../../src/doors/action/comment-part.ts';
import type { SeveralReports } from '../../../src/report-counts.ts';
import { type Attempted, standing } from '../../../src/tell/github/attempts.ts';
import {
  type JobRow,
  labelRows,
  makePart,
  maxCommentBytes,
  type Part,
  parseComment,
  renderComment,
  standingParts,
} from '../../../src/tell/github/comment.ts';
import { renderJobSummary } from '../../../src/tell/github/job-summary.ts';
import { jobIdentity } from '../../support/job-identity.ts';

/** `test 9.2 3`: the third job of this name in attempt 2 of run 9. */
const upload = (text: string): Attempted & { text: string } => {
  const [name = '', place = ''] = text.split(' ');
  const [run = 0, attempt = 0] = place.split('.').map(Number);
  return { name, run, attempt, text };
};

describe('what stands', () => {
  it.each([
    { what: 'jobs of different names', all: ['a 9.1', 'b 9.1'], stand: ['a 9.1', 'b 9.1'] },
    { what: 'jobs of one name in one attempt', all: ['a 9.1 x', 'a 9.1 y'], stand: ['a 9.1 x', 'a 9.1 y'] },
    { what: 'the later attempt', all: ['a 9.2', 'a 9.1'], stand: ['a 9.2'] },
    { what: 'the later run, whatever its attempt', all: ['a 8.5', 'a 9.1'], stand: ['a 9.1'] },
    { what: 'attempt 10 and not 9', all: ['a 9.10', 'a 9.9'], stand: ['a 9.10'] },
    {
      what: 'a whole attempt of several',
      all: ['a 9.1 x', 'a 9.1 y', 'a 9.2 x', 'a 9.2 y'],
      stand: ['a 9.2 x', 'a 9.2 y'],
    },
    {
      what: 'all, where one of two ran again and nothing says which',
      all: ['a 9.1 x', 'a 9.1 y', 'a 9.2 x'],
      stand: ['a 9.1 x', 'a 9.1 y', 'a 9.2 x'],
    },
    {
      what: 'the last whole attempt and what came after it',
      all: ['a 9.1 x', 'a 9.1 y', 'a 9.2 x', 'a 9.2 y', 'a 9.3 y'],
      stand: ['a 9.2 x', 'a 9.2 y', 'a 9.3 y'],
    },
  ])('is $what', ({ all, stand }) => {
    expect(standing(all.map(upload)).map(({ text }) => text)).toEqual(stand);
    const again = standing(standing(all.map(upload)));
    expect(again.map(({ text }) => text)).toEqual(stand);
  });
});

const keyOf = (i: number) => i.toString(16).padStart(12, '0');
const row = (i: number, changes: Partial<JobRow> = {}): JobRow => ({
  ...jobIdentity(keyOf(i)),
  label: 'CI / test',
  total: 2,
  passed: 2,
  failed: 0,
  skipped: 0,
  xfailed: 0,
  new: 0,
  coverage: undefined,
  coverageBefore: undefined,
  incomplete: false,
  missing: undefined,
  blocked: 0,
  isGateFailed: false,
  ...changes,
});

describe('labels', () => {
  it.each([
    { rows: [{ step: 'unit' }], labels: ['CI / test'] },
    { rows: [{ step: 'unit' }, { step: 'e2e' }], labels: ['CI / test · unit', 'CI / test · e2e'] },
    {
      rows: [{ step: '__acme_ingest' }, { step: '__acme_ingest_2' }],
      labels: ['CI / test', 'CI / test · step 2'],
    },
    {
      rows: [
        { job: 41, step: 'x' },
        { job: 42, step: 'x' },
      ],
      labels: ['CI / test · job 41', 'CI / test · job 42'],
    },
    { rows: [{ attempt: 1 }, { attempt: 2 }], labels: ['CI / test · attempt 1', 'CI / test · attempt 2'] },
    { rows: [{}, {}, { label: 'lint' }], labels: ['CI / test · #1', 'CI / test · #2', 'lint'] },
  ])('tell apart what is equal, and only that: $labels', ({ rows, labels }) => {
    expect(labelRows(rows.map((changes, i) => row(i, changes)))).toEqual(labels);
  });
});

const part = (i: number, rows: readonly JobRow[], stored = false): Part => ({
  key: keyOf(i),
  version: keyOf(i),
  rows,
  failures: { failed: rows.filter(({ failed }) => failed > 0).length, new: undefined },
  texts: [`part ${i}`],
  stored,
});
const shown = (parts: readonly Part[]) => standingParts(parts).map(({ key }) => Number.parseInt(key, 16));

describe('parts of a comment', () => {
  const name = keyOf(99);
  const first = row(1, { name, attempt: 1 });
  const second = row(2, { name, attempt: 2 });

  it('are replaced by those of a later attempt, in whatever order they come', () => {
    expect(shown([part(1, [first]), part(2, [second])])).toEqual([2]);
    expect(shown([part(2, [second]), part(1, [first])])).toEqual([2]);
    expect(shown([part(1, [first]), part(2, [second], true)])).toEqual([2]);
  });

  it('that are stored stand beside a later one that is not', () => {
    const parts = [part(1, [first], true), part(2, [second])];
    expect(shown(parts)).toEqual([1, 2]);
    const body = renderComment({ sha: '1'.repeat(40), run: 7, parts });
    expect(body).toContain('`test · attempt 1`');
    expect(body).toContain('`test · attempt 2`');
    expect(parseComment(body)?.parts.map(({ stored }) => stored)).toEqual([true, false]);
  });

  it('stand no more once a database holds the same content', () => {
    expect(shown([part(1, [row(1)]), part(2, [row(1), row(3)], true)])).toEqual([2]);
    // Else it claims the place of another, and both are shown.
    const claims = [part(1, [row(5, { name: keyOf(1) })]), part(2, [row(1), row(3)], true)];
    expect(shown(claims)).toEqual([1, 2]);
    const body = renderComment({ sha: '1'.repeat(40), run: 7, parts: claims });
    expect(body).toContain('Several uploads claim to be `test`: give each job an `upload-key` of its own');
    expect(body).toContain('`id:`');
  });

  it('of jobs of one name say what is not known after some of them ran again', () => {
    const jobs = [
      row(1, { name, job: 1 }),
      row(2, { name, job: 2, failed: 1 }),
      row(3, { name, job: 3, attempt: 2 }),
    ];
    const body = renderComment({ sha: '1'.repeat(40), run: 7, parts: jobs.map((job, i) => part(i, [job])) });
    expect(standingParts(jobs.map((job, i) => part(i, [job])))).toHaveLength(3);
    expect(body).toContain('❌ 1 test failed in 1 of 3 jobs');
    expect(body).toContain('which of them ran again is not known here');
    expect(body).toContain('`upload-key`');
  });
});

describe('the marks of a comment', () => {
  it('hold who a job is, and leave room for a row of each of 256 jobs', () => {
    const rows = Array.from({ length: 256 }, (_, i) =>
      row(i, {
        label: `CI / test (3.${i}, ubuntu-24.04)`,
        run: 18_123_456_789,
        attempt: 2,
        job: i === 7 ? undefined : 43_210_987_654 + i,
        step: i === 8 ? 'unit' : '__lukhas_ingest',
        total: 1200,
        passed: 1190,
        skipped: 10,
        coverage: 88.12,
      }),
    );
    const body = renderComment({ sha: '1'.repeat(40), run: 7, parts: [part(1, rows, true)] });
    expect(body).not.toContain('not listed here');
    expect(body).toContain('`test (3.255, ubuntu-24.04)`');
    const read = parseComment(body)?.parts[0]?.rows;
    // The first use of an action without an id needs no word.
    expect(read).toEqual(rows.map((one, i) => ({ ...one, step: i === 8 ? 'unit' : undefined })));
  });
});

describe('the reports of a job', () => {
  const green = { passed: 2, failed: 0, skipped: 0, incomplete: false };
  const reportsOf = (many: number, isRed: (n: number) => boolean = () => false, name = 'results') => ({
    counts: Array.from({ length: many }, (_, n) => ({
      report: `${name}-${n}.xml`,
      ...green,
      ...(isRed(n) ? { passed: 1, failed: 1 } : {}),
    })),
    rest: undefined,
  });
  const bodyOf = (parts: readonly Part[]) => renderComment({ sha: '1'.repeat(40), run: 7, parts });
  const told = (body: string) => body.replaceAll('\u00a0', ' ');
  const rowsOf = (body: string) =>
    told(body)
      .split('\n')
      .filter((line) => line.startsWith('| &nbsp;&nbsp;&nbsp;'));

  const partOf = (severalReports: SeveralReports) =>
    makePart(
      [1, 2].map((i) => ({
        ...jobIdentity(keyOf(i)),
        label: `job ${i}`,
        section: {
          ...missingSection('no report: x', { ok: true, text: '' }, true),
          missing: undefined,
          severalReports,
        },
      })),
      { key: keyOf(9) },
    );

  it('are rows below its own, and stay so where another job writes the comment', () => {
    const reports = {
      counts: [
        { report: 'a|b.xml', ...green },
        { report: 'cut.xml', ...green, passed: 0, skipped: 1, incomplete: true },
        { report: 'bad.xml', ...green, passed: 0, incomplete: true },
        { report: 'skipped.xml', ...green, passed: 0, skipped: 4 },
      ],
      rest: { reports: 12, ...green, failed: 3 },
    };
    const jobs = [
      row(1, { label: 'a', tests: 3, total: 12, reports, incomplete: true }),
      row(2, { label: 'b' }),
    ];
    const body = bodyOf(jobs.map((job, i) => part(i, [job])));
    expect(told(body)).toContain('| ❌ `a` (12 runs of 3 tests) (incomplete) | 0 |');
    expect(rowsOf(body)).toEqual([
      '| &nbsp;&nbsp;&nbsp;✅ a&#124;b.xml | 0 |  | 2 | 0 |  |',
      '| &nbsp;&nbsp;&nbsp;❌ `cut.xml` (incomplete) | 0 |  | 0 | 1 |  |',
      '| &nbsp;&nbsp;&nbsp;❌ `bad.xml` (no results) |  |  |  |  |  |',
      '| &nbsp;&nbsp;&nbsp;⚪ `skipped.xml` | 0 |  | 0 | 4 |  |',
      '| &nbsp;&nbsp;&nbsp;❌ and 12 more reports | 3 |  | 2 | 0 |  |',
    ]);
    const read = parseComment(body)?.parts;
    expect(read?.flatMap(({ rows }) => rows.map((one) => one.reports))).toEqual([reports, undefined]);
    expect(bodyOf(read ?? [])).toBe(body);
  });

  it('that are not green are named before others, and the rest is added up', () => {
    const part200 = partOf({ ...reportsOf(90, (n) => n % 20 === 19), tests: 2 });
    const rows = rowsOf(bodyOf([part200]));
    expect(rows).toHaveLength(22);
    expect(rows.filter((line) => line.includes('❌'))).toHaveLength(8);
    expect(rows[10]).toBe('| &nbsp;&nbsp;&nbsp;✅ and 80 more reports | 0 |  | 160 | 0 |  |');
  });

  it.each([
    { names: ['legs/3.12/results.xml', 'legs/3.13/results.xml'], told: ['3.12', '3.13'] },
    { names: ['a/results-1.xml', 'a/results-2.xml'], told: ['results-1.xml', 'results-2.xml'] },
    { names: ['a/x.xml', 'a/b/x.xml'], told: ['x.xml', 'b/x.xml'] },
    { names: ['x.xml', 'a/x.xml'], told: ['x.xml', 'a/x.xml'] },
    { names: ['/tmp/a/b/r.xml', '/tmp/a/c/d/r.xml'], told: ['b', 'c/d'] },
    { names: ['one', `two ${'x'.repeat(100)} end`], told: ['one', `…${'x'.repeat(75)} end`] },
  ])('are named by what tells $names apart', ({ names, told }) => {
    const counts = names.map((report) => ({ report, ...green }));
    const { reports } = partOf({ counts, rest: undefined, tests: 2 }).rows[0] ?? {};
    expect(reports?.counts.map(({ report }) => report)).toEqual(told);
  });

  it.each([
    { jobs: 3, named: 10 },
    { jobs: 8, named: 5 },
    { jobs: 12, named: 3 },
    { jobs: 256, named: 0 },
  ])('of $jobs jobs leave room for the rest: $named are named of each', ({ jobs, named }) => {
    const rows = Array.from({ length: jobs }, (_, i) =>
      row(i, {
        label: `CI / test (${i})`,
        failed: 2,
        reports: reportsOf(10, (n) => n > 7, 'artifacts/linux'),
      }),
    );
    const body = bodyOf([part(1, rows)]);
    expect(Buffer.byteLength(body)).toBeLessThan(maxCommentBytes);
    expect(body).not.toContain('not listed here');
    const shown = rowsOf(body);
    expect(shown.filter((line) => line.includes('artifacts/linux'))).toHaveLength(named * jobs);
    const red = named === 0 ? 0 : 2 * jobs;
    expect(shown.filter((line) => line.startsWith('| &nbsp;&nbsp;&nbsp;❌'))).toHaveLength(red);
    // Whoever writes it next names as many, or fewer.
    expect(rowsOf(bodyOf(parseComment(body)?.parts ?? []))).toEqual(shown);
  });

  it('take a bounded room whatever they are called, with 500 failures beside them', () => {
    const text = ['@|\u0001', '😀', '`<!--'].map((piece) => piece.repeat(400));
    const counts = Array.from({ length: 100 }, (_, n) => ({
      report: `${text[n % 3]}${n}`,
      passed: 1,
      failed: 5,
      skipped: 0,
      incomplete: n === 99,
    }));
    const failures = Array.from({ length: 500 }, (_, n) => ({
      testName: `tests/test_${n}.py::test_${n}`,
      testFile: `tests/test_${n}.py`,
      outcome: 'failed',
      line: n,
      errorType: `Error${n}`,
      message: 'x'.repeat(250),
      failureSignature: `md5:${n}`,
    }));
    const section = {
      ...missingSection('x', { ok: true, text: '' }, true),
      missing: undefined,
      troubles: [],
      totals: {
        total: 600,
        passed: 100,
        failed: 500,
        skipped: 0,
        errors: 0,
        durationSeconds: 1,
        coveragePercent: 1,
      },
      failures,
      severalReports: { counts, rest: { reports: 3, ...green, incomplete: true }, tests: 7 },
    };
    for (const jobs of [1, 2, 20]) {
      const big = makePart(
        Array.from({ length: jobs }, (_, i) => ({ ...jobIdentity(keyOf(i)), label: `job ${i}`, section })),
        { key: keyOf(99) },
      );
      const body = bodyOf([big]);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(maxCommentBytes);
      expect(body).toContain('tests/test_3.py::test_3');
      if (jobs === 2) expect(rowsOf(body).length).toBeGreaterThanOrEqual(6);
    }
  });

  it('in which no test passed are no green ones', () => {
    const heading = (total: number, passed: number, skipped: number) => {
      const section = {
        ...missingSection('x', { ok: true, text: '' }, true),
        missing: undefined,
        incomplete: false,
        troubles: [],
        totals: {
          total,
          passed,
          failed: 0,
          skipped,
          errors: 0,
          durationSeconds: 1,
          coveragePercent: undefined,
        },
      };
      const jobs = [{ ...jobIdentity(keyOf(1)), label: 'a', section }];
      const body = bodyOf([makePart(jobs, { key: keyOf(9) })]);
      expect(bodyOf(parseComment(body)?.parts ?? [])).toBe(body);
      const summary = renderJobSummary({ ...section, label: 'a', warnings: [], slowest: [] });
      return [body.split('\n')[1], summary.split('\n')[0]];
    };
    expect(heading(0, 0, 0)).toEqual(['### ⚪ No test ran', '### ⚪ No test ran: `a`']);
    expect(heading(3, 0, 3)).toEqual([
      '### ⚪ No test passed, 3 skipped',
      '### ⚪ No test passed, 3 skipped: `a`',
    ]);
    expect(heading(3, 1, 2)).toEqual(['### ✅ 1 test passed, 2 skipped', '### ✅ 1 test passed: `a`']);
    const rows = bodyOf([
      part(1, [row(1, { label: 'a', passed: 0, skipped: 2 })]),
      part(2, [row(2, { label: 'b' })]),
    ]);
    expect(rows).toContain('### ✅ 2 test runs passed in 2 jobs, 2 skipped');
    expect(rows).toContain('| ⚪ `a` | 0 |');
    expect(rows).toContain('| Passed | Skipped | Coverage |');
  });

  it('that ran too many tests to count them are told in test runs', () => {
    const one = { passed: 60_000, failed: 0, skipped: 0, incomplete: false };
    const [first, second] = ['a.xml', 'b.xml'].map((report) => ({ report, ...one }));
    if (first === undefined || second === undefined) throw new Error('none');
    const heading = (failed: number) => {
      const section = {
        ...missingSection('x', { ok: true, text: '' }, true),
        missing: undefined,
        incomplete: false,
        troubles: [],
        totals: {
          total: 120_000,
          passed: 120_000 - failed,
          failed,
          skipped: 0,
          errors: 0,
          durationSeconds: 1,
          coveragePercent: undefined,
        },
        severalReports: { counts: [first, second], rest: undefined, tests: undefined },
      };
      const jobs = [{ ...jobIdentity(keyOf(1)), label: 'a', section }];
      const body = bodyOf([makePart(jobs, { key: keyOf(9) })]);
      expect(bodyOf(parseComment(body)?.parts ?? [])).toBe(body);
      const summary = renderJobSummary({ ...section, label: 'a', warnings: [], slowest: [] });
      return [body.split('\n')[1], summary.split('\n')[0]];
    };
    expect(heading(0)).toEqual(['### ✅ 120,000 test runs passed', '### ✅ 120,000 test runs passed: `a`']);
    expect(heading(1)).toEqual([
      expect.stringContaining('❌ 1 of 120,000 test runs failed'),
      '### ❌ 1 of 120,000 test runs failed: `a`',
    ]);
  });

  it('give way to the words of failures where there is no room for both', () => {
    const words = 'what failed, and why';
    const told = (reports: JobRow['reports'], maxBytes = maxCommentBytes) =>
      renderComment(
        {
          sha: '1'.repeat(40),
          run: 7,
          parts: [{ ...part(1, [row(1, { reports }), row(2)]), texts: [words] }],
        },
        maxBytes,
      );
    const without = told(undefined);
    expect(without).toContain(words);
    for (const most of [1, 10, 100].map((more) => Buffer.byteLength(without) + more))
      expect(told(reportsOf(3), most)).toBe(without);
  });

  it('that somebody wrote into a mark are not told where they are none', () => {
    const body = bodyOf([part(1, [row(1, { reports: reportsOf(2) }), row(2)])]);
    const mark = /<!-- lukhas-job ([A-Za-z0-9+/=]+) -->/.exec(body)?.[1] ?? '';
    const facts = JSON.parse(Buffer.from(mark, 'base64').toString()) as { rows: unknown[][] };
    const last = facts.rows[0]?.length ?? 0;
    for (const reports of [7, 'x', [], [7], [['a.xml', 1]], [['a.xml', -1, 0, 0]], [[3, 0, 0, 0]]]) {
      const rows = [facts.rows[0]?.with(last - 1, reports), facts.rows[1]];
      const packed = Buffer.from(JSON.stringify({ ...facts, rows })).toString('base64');
      const read = parseComment(body.replace(mark, packed))?.parts[0]?.rows;
      expect(read?.map((one) => one.reports)).toEqual([undefined, undefined]);
    }
  });
});

describe('a job without results', () => {
  const missing = row(1, { missing: 'report', incomplete: true, total: 0, passed: 0 });
  const title = (parts: readonly Part[]) =>
    renderComment({ sha: '1'.repeat(40), run: 7, parts }).split('\n')[1];

  it.each([
    { rows: [missing], says: '### ❌ No test results' },
    { rows: [missing, { ...missing, key: keyOf(2) }], says: '### ❌ No test results of 2 jobs' },
    { rows: [missing, row(2)], says: '### ❌ 2 tests passed in 1 job, no results of 1 job' },
    {
      rows: [missing, row(2, { incomplete: true })],
      says: '### ❌ 2 tests passed in 1 job, 1 job incomplete, no results of 1 job',
    },
  ])('is never green: $says', ({ rows, says }) => {
    expect(title(rows.map((one, i) => part(i, [one])))).toBe(says);
  });

  it('says that the results before were of an older commit, until there are others', () => {
    const older = '2'.repeat(40);
    const state = { sha: '1'.repeat(40), run: 7, older };
    const body = renderComment({ ...state, parts: [part(1, [missing])] });
    expect(body).toContain('were of the older commit `22222222`');
    expect(parseComment(body)).toMatchObject({ older, parts: [{ rows: [{ missing: 'report' }] }] });
    expect(renderComment({ ...state, parts: [part(1, [missing]), part(2, [row(2)])] })).not.toContain(
      'older',
    );
  });
});
