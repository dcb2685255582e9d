// Which uploads of a commit stand, and how equal names are told apart.
import { describe, expect, it } from 'vitest';
import { type Attempted, standing } from '../../../src/tell/github/attempts.ts';
import {
  type JobRow,
  labelRows,
  type Part,
  parseComment,
  renderComment,
  standingParts,
} from '../../../src/tell/github/comment.ts';
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
  new: 0,
  coverage: undefined,
  coverageBefore: undefined,
  incomplete: false,
  missing: undefined,
  blocked: 0,
  isCoverageLow: false,
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
