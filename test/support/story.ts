// Facts for stories, written shortly: commits of main by letters, runs with the outcome of each test.

import { deepStrictEqual } from 'node:assert';
import type { ChangeFacts, CommitPlace, FileAtPoint, TestFacts } from '../../src/judge/facts.ts';
import { type JudgedPoint, judgePoint, judgeTests, type TestVerdicts } from '../../src/judge/judge.ts';
import type { StoredRun, TestRow } from '../../src/model.ts';

const hour = 3_600_000;

/** `P` passed, `S` skipped, `F` failed, `F:KeyError` failed with that error; `r` before it: an attempt failed in the run before. */
export type Outcomes = Readonly<Record<string, string>>;

export interface RunOptions extends Partial<StoredRun> {
  /** Hours since the run before; 1. */
  readonly after?: number;
}

export interface JudgeOptions extends RunOptions {
  readonly change?: Partial<ChangeFacts>;
  readonly files?: readonly FileAtPoint[];
  readonly filesAlsoAtPoint?: number;
  readonly olderFiles?: TestFacts['olderFiles'];
}

export class Story {
  readonly runs: StoredRun[] = [];
  readonly rows: TestRow[] = [];
  readonly #commits: CommitPlace[] = [];
  #now = Date.parse('2026-03-01T00:00:00Z');

  /** Commits of main in their order. `order`: what is known of it. */
  constructor(main: string, { order = 'positions' }: { readonly order?: 'positions' | 'dates' } = {}) {
    [...main].forEach((sha, i) => {
      this.#commits.push({
        sha,
        position: order === 'positions' ? i + 1 : undefined,
        committedAt: this.#now + i * hour,
      });
    });
  }

  wait(hours: number): this {
    this.#now += hours * hour;
    return this;
  }

  commit(sha: string): this {
    this.#commits.push({ sha, position: undefined, committedAt: this.#now });
    return this;
  }

  /** A run that is stored: of main's commit, unless said otherwise. */
  run(sha: string, outcomes: Outcomes | string, options: RunOptions = {}): this {
    const { after = 1, ...columns } = options;
    this.#now += after * hour;
    const tests: Outcomes = typeof outcomes === 'string' ? { t: outcomes } : outcomes;
    const runId = `r${this.runs.length}`;
    const failed = Object.values(tests).filter((outcome) => /F/.test(outcome)).length;
    this.runs.push({
      runId,
      lineId: columns.jobName ?? 'tests',
      jobName: 'tests',
      gitSha: sha,
      testedSha: sha,
      parents: undefined,
      kind: 'head',
      origin: 'team',
      branch: 'main',
      pullRequest: undefined,
      execution: runId,
      ordinal: 0,
      at: this.#now,
      isComplete: true,
      isDirty: false,
      isStale: false,
      totals: { tests: Object.keys(tests).length, failed, failedFiles: failed },
      ...columns,
    });
    for (const [testName, text] of Object.entries(tests)) {
      const [, again, letter, error = 'AssertionError'] = /^(r?)([PFS])(?::(.*))?$/.exec(text) ?? [];
      const isFailed = letter === 'F';
      this.rows.push({
        testName,
        runId,
        outcome: isFailed ? 'failed' : letter === 'S' ? 'skipped' : 'passed',
        failedAttempts: again === 'r' ? 1 : undefined,
        driftSignature: isFailed ? `d1:${error}` : undefined,
        errorType: isFailed ? error : undefined,
        statement: isFailed ? 'do()' : undefined,
      });
    }
    return this;
  }

  /** Commits of main in a row, all with one outcome. */
  all(shas: string, outcomes: Outcomes | string, options: RunOptions = {}): this {
    for (const sha of shas) this.run(sha, outcomes, options);
    return this;
  }

  /** A pull request's run: its head merged into a commit of main. */
  pull(
    number: number,
    head: string,
    base: string,
    outcomes: Outcomes | string,
    options: RunOptions = {},
  ): this {
    return this.run(head, outcomes, { ...pullColumns(number, head, base), ...options });
  }

  judgePull(
    number: number,
    head: string,
    base: string,
    outcomes: Outcomes | string,
    options: JudgeOptions = {},
  ) {
    return this.judge(head, outcomes, {
      ...pullColumns(number, head, base),
      ...options,
      change: { event: 'pull-request', isOnBaseBranch: false, pullRequestHead: head, ...options.change },
    });
  }

  /** Stores a run and judges it by the runs before. */
  judge(
    sha: string,
    outcomes: Outcomes | string,
    { change, files, filesAlsoAtPoint, olderFiles, ...options }: JudgeOptions = {},
  ): TestVerdicts & { readonly judged: JudgedPoint } {
    this.run(sha, outcomes, options);
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('no run');
    const judged = judgePoint({
      run,
      change: { event: 'branch', baseBranch: 'main', isOnBaseBranch: run.branch === 'main', ...change },
      runs: this.runs.slice(0, -1),
      commits: this.#commits,
    });
    const failures = this.rows
      .filter(({ runId, outcome }) => runId === run.runId && outcome === 'failed')
      .map(({ testName }) => ({ testName, testFile: 't.py' }));
    const facts = {
      rows: this.rows,
      failures,
      files: files ?? [{ file: 't.py', isInTree: undefined, ran: false }],
      filesHere: 1,
      filesAlsoAtPoint: filesAlsoAtPoint ?? 0,
      olderFiles,
    };
    const verdicts = judgeTests(judged, facts);
    expectAlike(verdicts, judgeTests(judged, { ...facts, ...apart(this.rows, run.runId) }));
    return { ...verdicts, judged };
  }
}

/**
 * The same rows as the store reads them: the judged run's first; plain passes of other runs as lists, one for all tests that ran
 * there, whether they passed or failed.
 */
function apart(rows: readonly TestRow[], me: string): Pick<TestFacts, 'rows' | 'passes'> {
  const isPlainPass = ({ runId, outcome, failedAttempts }: TestRow) =>
    runId !== me && outcome === 'passed' && failedAttempts === undefined;
  const runIds = [...new Set(rows.map(({ runId }) => runId))];
  const runsOf = new Map<string, number[]>();
  const isFailure = ({ runId, outcome }: TestRow) => runId !== me && outcome === 'failed';
  for (const { testName, runId } of rows.filter((row) => isPlainPass(row) || isFailure(row)))
    runsOf.set(testName, [...(runsOf.get(testName) ?? []), runIds.indexOf(runId)]);
  const lists = new Map([...runsOf.values()].map((list) => [list.join(), list]));
  return {
    rows: rows
      .filter((row) => !isPlainPass(row))
      .toSorted((a, b) => Number(b.runId === me) - Number(a.runId === me)),
    passes: {
      runIds,
      places: new Map([...runsOf].map(([testName, list]) => [testName, lists.get(list.join()) ?? list])),
    },
  };
}

function expectAlike(one: TestVerdicts, other: TestVerdicts): void {
  const sorted = ({ failures, fixed }: TestVerdicts) => ({
    failures,
    fixed: fixed.toSorted((a, b) => a.testName.localeCompare(b.testName)),
  });
  deepStrictEqual(sorted(other), sorted(one));
}

function pullColumns(number: number, head: string, base: string): Partial<StoredRun> {
  return {
    testedSha: `${base}+${head}`,
    parents: [base, head],
    kind: 'merge',
    branch: `feature-${number}`,
    pullRequest: number,
  };
}
