// Whose coverage counts for the lines of a change: an edited checkout's own alone, and before it that of the merge that its base was
// tested as. Through the command line, with git and a database.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jsonLines } from './support/cli.ts';
import { createReadyDatabase, type ReadyDatabase } from './support/databases.ts';
import { checkOut, initRepository, writeCommit, writeRefs } from './support/git-repository.ts';
import { runInProcess } from './support/in-process.ts';
import { writeReportIn } from './support/pull-request.ts';

let postgres: ReadyDatabase;
let home: string;
beforeAll(async () => {
  postgres = await createReadyDatabase();
  home = mkdtempSync(join(tmpdir(), 'lukhas-patching-'));
});
afterAll(async () => {
  await postgres.drop();
  rmSync(home, { recursive: true, force: true });
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const statements = (from: number, to: number) =>
  range(from, to)
    .map((n) => `x_${n} = ${n}\n`)
    .join('');

type Pairs = readonly (readonly [number, number])[];

function coverageOf(
  executed: readonly number[],
  last: number,
  branches?: { readonly taken: Pairs; readonly missing: Pairs },
) {
  const missing = range(1, last).filter((line) => !executed.includes(line));
  const summary = {
    covered_lines: executed.length,
    num_statements: last,
    percent_covered: (100 * executed.length) / last,
    missing_lines: missing.length,
    excluded_lines: 0,
  };
  const counted = branches && {
    ...summary,
    num_branches: branches.taken.length + branches.missing.length,
    covered_branches: branches.taken.length,
  };
  const file = {
    executed_lines: executed,
    summary: counted ?? summary,
    missing_lines: missing,
    excluded_lines: [],
    ...(branches && { executed_branches: branches.taken, missing_branches: branches.missing }),
  };
  return { meta: { version: '7.6.1' }, files: { 'src/shop.py': file }, totals: summary };
}

async function upload(...[key, ...coverage]: [key: string, ...Parameters<typeof coverageOf>]) {
  writeFileSync(join(home, 'coverage.json'), JSON.stringify(coverageOf(...coverage)));
  const args = ['results.xml', '--coverage', 'coverage.json', '--json', '--upload-key', key];
  const { stdout } = await runInProcess('lukhas-upload', [...args, '--database-url', postgres.uploadUrl], {
    cwd: home,
  });
  return jsonLines(stdout).find((line) => line.kind === 'patch');
}

it('is of the commit where the checkout is as committed, and of the checkout alone where code was edited', async () => {
  initRepository(home, { origin: 'https://github.com/acme/shop.git' });
  const files = (shop: string) => new Map(Object.entries({ 'src/shop.py': shop, 'notes.txt': 'a\n' }));
  const at = 1_790_000_000_000;
  const base = writeCommit(home, { files: files(statements(1, 5)), parents: [], at, message: 'x' });
  const after = statements(1, 10);
  const head = writeCommit(home, { files: files(after), parents: [base], at: at + 60_000, message: 'y' });
  writeRefs(
    home,
    new Map([
      ['refs/remotes/origin/main', base],
      ['refs/heads/feature', head],
    ]),
  );
  checkOut(home, 'ref: refs/heads/feature', files(after));
  writeReportIn(home, { test_a: 'passed' });

  const one = {
    taken: [[7, 8]],
    missing: [
      [2, 3],
      [7, -1],
      [9, 10],
      [9, -1],
    ],
  } as const;
  expect(await upload('one', range(1, 7), 10, one)).toMatchObject({
    runs: 1,
    changed_statements: 5,
    covered_statements: 2,
    files: [
      {
        uncovered: [[8, 10]],
        uncovered_branches: [
          [7, -1],
          [9, -1],
          [9, 10],
        ],
      },
    ],
    changed_branches: 4,
    covered_branches: 1,
    not_computed: [],
    together: null,
  });
  // Notes are no code: the commit's runs count together.
  writeFileSync(join(home, 'notes.txt'), 'b\n');
  const two = {
    taken: [[7, -1]],
    missing: [
      [2, 3],
      [7, 8],
      [9, 10],
      [9, -1],
    ],
  } as const;
  expect(await upload('two', [...range(1, 5), 8], 10, two)).toMatchObject({
    runs: 2,
    covered_statements: 3,
    files: [{ changed_branches: 4, covered_branches: 2 }],
    together: { runs: 2, statements: 10, covered_statements: 8, percent: 80 },
  });
  writeFileSync(join(home, 'notes.txt'), 'a\n');
  // Three statements before the others: each line of the commit now lies elsewhere.
  writeFileSync(join(home, 'src/shop.py'), `${statements(21, 23)}${after}`);
  expect(await upload('three', range(1, 10), 13)).toMatchObject({
    runs: 1,
    changed_statements: 8,
    covered_statements: 5,
    files: [{ uncovered: [[11, 13]], changed_branches: null, uncovered_branches: null }],
    changed_branches: null,
    together: null,
  });
});

it('has its lost lines by those of the merge that the base was tested as, not by those of the base itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lukhas-patching-'));
  initRepository(folder, { origin: 'https://github.com/acme/stacked.git' });
  let at = 1_790_000_000_000;
  const commit = (shop: string, notes: string, ...parents: string[]) => {
    at += 60_000;
    const files = new Map(Object.entries({ 'src/shop.py': shop, 'notes.txt': notes }));
    return { files, sha: writeCommit(folder, { files, parents, at, message: 'x' }) };
  };
  const shop = statements(1, 5);
  // Main has three statements more before the others since; the base of the stacked pull request has none of them.
  const start = commit(shop, 'a\n');
  const main = commit(`${statements(21, 23)}${shop}`, 'a\n', start.sha);
  const base = commit(shop, 'b\n', start.sha);
  const merge = commit(`${statements(21, 23)}${shop}`, 'b\n', main.sha, base.sha);
  const head = commit(shop, 'c\n', base.sha);
  const stacked = commit(shop, 'c\n', base.sha, head.sha);
  writeReportIn(folder, { test_a: 'passed' });
  const pull = async (
    number: number,
    target: string,
    tested: typeof start,
    [into, from]: string[],
    executed: readonly number[],
    last: number,
  ) => {
    checkOut(folder, tested.sha, tested.files);
    const file = coverageOf(executed, last);
    writeFileSync(join(folder, 'coverage.json'), JSON.stringify(file));
    const branch = `feature-${number}`;
    const payload = {
      repository: { id: 1, full_name: 'acme/stacked', default_branch: 'main' },
      number,
      pull_request: {
        number,
        head: { ref: branch, sha: from, repo: { id: 1, full_name: 'acme/stacked' } },
        base: { ref: target, sha: into, repo: { id: 1, full_name: 'acme/stacked' } },
      },
    };
    writeFileSync(join(folder, 'event.json'), JSON.stringify(payload));
    const { stdout } = await runInProcess(
      'lukhas-upload',
      ['results.xml', '--coverage', 'coverage.json', '--json', '--database-url', postgres.uploadUrl],
      {
        cwd: folder,
        env: {
          CI: 'true',
          GITHUB_ACTIONS: 'true',
          GITHUB_REPOSITORY: 'acme/stacked',
          GITHUB_RUN_ID: `${number}`,
          GITHUB_RUN_ATTEMPT: '1',
          GITHUB_WORKFLOW: 'CI',
          GITHUB_JOB: 'tests',
          GITHUB_ACTION: '__acme_ingest',
          GITHUB_EVENT_PATH: join(folder, 'event.json'),
          GITHUB_EVENT_NAME: 'pull_request',
          GITHUB_REF: `refs/pull/${number}/merge`,
          GITHUB_SHA: tested.sha,
          GITHUB_HEAD_REF: branch,
          GITHUB_BASE_REF: target,
        },
      },
    );
    return jsonLines(stdout).find((line) => line.kind === 'patch');
  };
  await pull(1, 'main', merge, [main.sha, base.sha], [1, 2, 3, 5, 6, 7, 8], 8);
  // Its fourth line is the seventh of the merge, which ran; the merge's fourth did not.
  expect(await pull(2, 'feature-1', stacked, [base.sha, head.sha], [1, 2, 3, 5], 5)).toMatchObject({
    base_git_sha: base.sha,
    lost: [{ file_path: 'src/shop.py', lines: [[4, 4]] }],
  });
  rmSync(folder, { recursive: true, force: true });
});
