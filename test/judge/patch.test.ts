// The coverage of a change: real diffs of git over files whose every line is known.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHistory } from '../../src/context/commits.ts';
import { patchCoverage } from '../../src/judge/patch.ts';
import type { DiffFile, LineRange, PatchCoverage } from '../../src/model.ts';
import { initRepository, writeCommit } from '../support/git-repository.ts';
import { Random } from '../support/random.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'lukhas-patch-'));
  initRepository(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function diffOf(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Promise<readonly DiffFile[]> {
  const commit = (files: Readonly<Record<string, string>>, parents: string[]) =>
    writeCommit(root, {
      files: new Map(Object.entries(files)),
      parents,
      at: 1_790_000_000_000,
      message: 'x',
    });
  const from = commit(before, []);
  const answer = await openHistory(root, { PATH: process.env.PATH }).diff(from, commit(after, [from]), [
    '*.py',
  ]);
  if ('problem' in answer) throw new Error(answer.problem);
  return answer.files;
}

const linesIn = (ranges: readonly LineRange[]) =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

interface Line {
  readonly id: number;
  readonly isStatement: boolean;
}

interface Case {
  readonly former: string;
  readonly path: string;
  readonly before: readonly Line[];
  readonly after: readonly Line[];
  readonly end: readonly [before: string, after: string];
  /** Ids of statements that a test ran. */
  readonly ranBefore: ReadonlySet<number>;
  readonly ran: ReadonlySet<number>;
}

/** Files with inserted, deleted, replaced and moved lines, renamed ones, both kinds of line ends, and none at the end. */
function makeCase(n: number, { moves }: { readonly moves: boolean }): Case {
  const random = new Random(n + 1);
  // No two files have a line in common: git finds renames by them.
  let next = n * 10_000;
  const line = (): Line => ({ id: ++next, isStatement: random.chance(0.7) });
  const lines = (most: number) => Array.from({ length: random.between(1, most) }, line);
  const before = Array.from({ length: random.between(30, 120) }, line);
  const after = [...before];
  for (let edit = random.between(1, 5); edit > 0; edit--) {
    const at = random.between(0, after.length - 1);
    const kind = random.pick(moves ? ['move'] : ['insert', 'delete', 'replace']);
    const taken = after.splice(at, kind === 'insert' ? 0 : random.between(1, 4));
    if (kind !== 'delete' && kind !== 'move') after.splice(at, 0, ...lines(6));
    if (kind === 'move') after.splice(random.between(0, after.length), 0, ...taken);
  }
  const folder = `src/${random.pick(['a b', 'wärme "x"', 'plain'])}/`;
  const name = random.chance(0.3) ? `${folder}renamed_${n}.py` : `${folder}m${n}.py`;
  const eol = random.pick(['\n', '\r\n']);
  const ends = (): [string, string] =>
    random.chance(0.2) ? [eol, ''] : random.chance(0.1) ? ['', ''] : [eol, eol];
  const ran = (of: readonly Line[]) =>
    new Set(of.flatMap(({ id, isStatement }) => (isStatement && random.chance(0.6) ? [id] : [])));
  const [one, other] = ends();
  return {
    former: `${folder}m${n}.py`,
    path: name,
    before,
    after,
    end: [one === '' ? '' : eol, other === '' ? '' : eol],
    ranBefore: ran(before),
    ran: ran(after),
  };
}

const textOf = (lines: readonly Line[], end: string, eol: string) =>
  lines.map(({ id }, i) => `x_${id} = ${id}${i === lines.length - 1 ? end : eol}`).join('');
const eolOf = ({ end }: Case) => end[0] || end[1] || '\n';

function measured(filePath: string, lines: readonly Line[], ran: ReadonlySet<number>) {
  const places = (isRun: boolean) =>
    lines.flatMap(({ id, isStatement }, i) => (isStatement && ran.has(id) === isRun ? [i + 1] : []));
  return { filePath, coveredLines: places(true), missingLines: places(false) };
}

/** By what the case says of each line. */
function expected({ before, after, end, ran, ranBefore }: Case, eol: string) {
  const key = (lines: readonly Line[], i: number, last: string) =>
    `${lines[i]?.id} ${i === lines.length - 1 ? last : eol}`;
  const old = new Map(before.map((line, i) => [key(before, i, end[0]), line]));
  const changed = after.flatMap((_, i) => (old.has(key(after, i, end[1])) ? [] : [i + 1]));
  const at = (place: number) => after[place - 1];
  const statements = changed.filter((place) => at(place)?.isStatement === true);
  const isRun = (place: number) => ran.has(at(place)?.id ?? 0);
  return {
    statements: statements.length,
    uncovered: statements.filter((place) => !isRun(place)),
    lost: after.flatMap((line, i) =>
      !changed.includes(i + 1) && ranBefore.has(line.id) && !ran.has(line.id) ? [i + 1] : [],
    ),
  };
}

async function judgeCases(cases: readonly Case[]): Promise<PatchCoverage> {
  const diff = await diffOf(
    Object.fromEntries(cases.map((one) => [one.former, textOf(one.before, one.end[0], eolOf(one))])),
    Object.fromEntries(cases.map((one) => [one.path, textOf(one.after, one.end[1], eolOf(one))])),
  );
  return patchCoverage({
    diff,
    here: cases.map(({ path, after, ran }) => measured(path, after, ran)),
    before: {
      diff,
      files: cases.map(({ former, before, ranBefore }) => measured(former, before, ranBefore)),
    },
  });
}

/** Statements among the lines of ranges: what lies between two of them is none. */
const statementsIn = (lines: readonly Line[], ranges: readonly LineRange[]) =>
  linesIn(ranges).filter((place) => lines[place - 1]?.isStatement === true);

test('the lines of 200 changed files are told exactly', async () => {
  const cases = Array.from({ length: 200 }, (_, n) => makeCase(n, { moves: false }));
  const {
    files,
    lost = [],
    changedStatements,
    coveredStatements,
    percent,
    unreported,
  } = await judgeCases(cases);
  const sum = { statements: 0, uncovered: 0 };
  for (const one of cases) {
    const right = expected(one, eolOf(one));
    const told = files.find(({ filePath }) => filePath === one.path);
    expect(told?.changedStatements ?? 0).toBe(right.statements);
    expect(statementsIn(one.after, told?.uncovered ?? [])).toEqual(right.uncovered);
    const gone = lost.find(({ filePath }) => filePath === one.path)?.lines ?? [];
    expect(statementsIn(one.after, gone)).toEqual(right.lost);
    sum.statements += right.statements;
    sum.uncovered += right.uncovered.length;
  }
  expect(sum.statements).toBeGreaterThan(900);
  expect({ changedStatements, coveredStatements, percent, unreported }).toEqual({
    changedStatements: sum.statements,
    coveredStatements: sum.statements - sum.uncovered,
    percent: (100 * (sum.statements - sum.uncovered)) / sum.statements,
    unreported: [],
  });
});

test('of lines that only moved, none is lost that a test still runs, and none is told beside them', async () => {
  const cases = Array.from({ length: 60 }, (_, n) => makeCase(n + 1000, { moves: true }));
  const { files, lost = [] } = await judgeCases(cases);
  for (const { path, after, ran, ranBefore } of cases) {
    const at = (place: number) => after[place - 1]?.id ?? 0;
    const gone = statementsIn(after, lost.find(({ filePath }) => filePath === path)?.lines ?? []);
    expect(gone.filter((place) => ran.has(at(place)) || !ranBefore.has(at(place)))).toEqual([]);
    const uncovered = statementsIn(after, files.find(({ filePath }) => filePath === path)?.uncovered ?? []);
    expect(uncovered.filter((place) => ran.has(at(place)))).toEqual([]);
  }
});

describe('a change', () => {
  const lines = (n: number) => Array.from({ length: n }, (_, i) => `x = ${i}\n`).join('');

  test('that only shifts lines loses none', async () => {
    const diff = await diffOf({ 'a.py': lines(20) }, { 'a.py': `# one\n# two\n${lines(20)}` });
    const covered = Array.from({ length: 20 }, (_, i) => i + 1);
    const told = patchCoverage({
      diff,
      here: [{ filePath: 'a.py', coveredLines: covered.map((line) => line + 2), missingLines: [] }],
      before: { diff, files: [{ filePath: 'a.py', coveredLines: covered, missingLines: [] }] },
    });
    expect(told).toMatchObject({ changedStatements: 0, percent: undefined, files: [], lost: [] });
  });

  test('of files that no report mentions names them and counts nothing, tests and deleted ones aside', async () => {
    const diff = await diffOf(
      { 'src/gone.py': lines(3), 'src/same.py': lines(3) },
      {
        'src/new.py': 'def f(): ...\n',
        'tests/test_new.py': lines(2),
        'src/same.py': lines(3),
        'notes.txt': 'x',
      },
    );
    expect(patchCoverage({ diff, here: [] })).toMatchObject({
      percent: undefined,
      unreported: ['src/new.py'],
    });
  });

  test('of binary files and links has no lines', async () => {
    const diff = await diffOf(
      { 'a.py': 'x\0y', 'b.py': lines(3) },
      { 'a.py': 'z\0y\n', 'b.py': `${lines(3)}y = 1\n` },
    );
    expect(diff.map(({ path, hunks }) => [path, hunks.length])).toEqual([
      ['a.py', 0],
      ['b.py', 1],
    ]);
  });

  test('that holds what git writes between files and lines forges none', async () => {
    const forged = [
      '\rdiff --git a/x b/x',
      '\r@@ -1,0 +2,9 @@',
      '\0diff --git a/y b/y',
      '@@ -1 +1 @@',
      'diff --git a b',
    ];
    const text = `${lines(2000)}${forged.join('\n')}\n`;
    const diff = await diffOf({ 'a.py': lines(2000), 'b.py': lines(2) }, { 'a.py': text, 'b.py': lines(3) });
    expect(diff.map(({ path, hunks }) => [path, hunks])).toEqual([
      ['a.py', [{ oldStart: 2000, oldLines: 0, newStart: 2001, newLines: forged.length }]],
      ['b.py', [{ oldStart: 2, oldLines: 0, newStart: 3, newLines: 1 }]],
    ]);
  });

  test('has the branches of its own lines alone, and those of lines that a test ran beside', async () => {
    const diff = await diffOf({ 'a.py': lines(4) }, { 'a.py': `${lines(4)}${'y = 1\n'.repeat(6)}` });
    const told = patchCoverage({
      diff,
      here: [
        {
          filePath: 'a.py',
          coveredLines: [1, 2, 5, 6, 7],
          missingLines: [3, 4, 8, 9, 10],
          executedBranches: [2, 3, 5, 6, 7, -1],
          missingBranches: [2, 4, 5, 9, 7, 8, 9, 10, 9, -1],
        },
        // Without --branch: it says nothing of branches.
        { filePath: 'a.py', coveredLines: [1, 9], missingLines: [2, 3, 4, 5, 6, 7, 8, 10] },
      ],
    });
    expect(told.files[0]?.branches).toEqual({
      changed: 6,
      covered: 2,
      uncovered: [
        [5, 9],
        [7, 8],
        [9, -1],
        [9, 10],
      ],
      partial: [
        [5, 9],
        [7, 8],
        [9, -1],
        [9, 10],
      ],
    });
  });

  test('has no branches where no report lists them', async () => {
    const diff = await diffOf({ 'a.py': '' }, { 'a.py': lines(3) });
    const here = [{ filePath: 'a.py', coveredLines: [1, 2], missingLines: [3], executedBranches: null }];
    expect(patchCoverage({ diff, here }).files).toMatchObject([
      { changedStatements: 3, branches: undefined },
    ]);
    // One that counts them and does not say which may have taken those that another one misses.
    const listed = here.map((file) => ({ ...file, executedBranches: [1, 2], missingBranches: [1, 3] }));
    const hidden = here.map((file) => ({ ...file, totalBranches: 2 }));
    const both = patchCoverage({ diff, here: [...hidden, ...listed] });
    expect([both.branches, both.files[0]?.branches]).toEqual([undefined, undefined]);
    expect(patchCoverage({ diff, here: [...here, ...listed] }).branches).toEqual({ changed: 2, covered: 1 });
  });

  test('has a branch covered where one of several jobs took it, whatever its Python calls the way out', async () => {
    const diff = await diffOf({ 'a.py': '' }, { 'a.py': lines(6) });
    const job = (executedBranches: number[], missingBranches: number[]) => ({
      filePath: 'a.py',
      coveredLines: [2, 4],
      missingLines: [3, 5, 6],
      executedBranches,
      missingBranches,
    });
    const branches = (...here: ReturnType<typeof job>[]) => patchCoverage({ diff, here }).files[0]?.branches;
    expect(branches(job([2, 3], [2, 4, 4, 5, 4, 6]), job([2, 4], [2, 3, 4, 5, 4, 6]))).toMatchObject({
      changed: 4,
      covered: 2,
      uncovered: [
        [4, 5],
        [4, 6],
      ],
    });
    // -2 here and -1 there may be one way, which none took.
    expect(branches(job([2, 3], [2, -1]), job([2, 3], [2, -2]))).toMatchObject({
      changed: 2,
      covered: 1,
      partial: [[2, -1]],
    });
    expect(branches(job([2, 3], [2, -1]), job([2, -2], [2, 3]))).toMatchObject({ changed: 2, covered: 2 });
    // Or it is not told as untaken.
    expect(branches(job([2, 3], [2, -1]), job([2, 3, 2, -2], []))).toMatchObject({
      changed: 2,
      covered: 2,
      uncovered: [],
    });
  });

  test('is covered where one of several jobs ran the line', async () => {
    const diff = await diffOf({ 'a.py': '' }, { 'a.py': lines(6) });
    const here = (coveredLines: number[], missingLines: number[]) => ({
      filePath: 'a.py',
      coveredLines,
      missingLines,
    });
    expect(patchCoverage({ diff, here: [here([1, 2], [3, 4, 6]), here([3], [1, 2, 4, 6])] })).toMatchObject({
      changedStatements: 5,
      coveredStatements: 3,
      percent: 60,
      // Line 5 is no statement.
      files: [{ uncovered: [[4, 6]] }],
    });
  });
});
