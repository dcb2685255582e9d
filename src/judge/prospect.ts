// How a repository stands: what the next change would be told. The judge's own rules, asked about a run that is not there yet: it
// is of a new branch, made from the base's newest tested commit. So no list says "flaky" where a comment would not.
import type { FlakyEvidence, StoredRun, TestRow } from '../model.ts';
import type { Evidence } from './evidence.ts';
import type { CommitPlace, RunFacts } from './facts.ts';
import { groupBy } from './group.ts';
import { type JudgedPoint, judgePoint, judgeTests } from './judge.ts';
import { dayMs, defaultLimits, type Limits } from './limits.ts';
import { type FailureText, hasText } from './past.ts';
import type { BaseCommit } from './point.ts';

/** The stored runs of one repository, project and lane. */
export interface StandingFacts {
  readonly runs: readonly StoredRun[];
  readonly commits: readonly CommitPlace[];
  readonly baseBranch: string | undefined;
}

export interface Standing {
  /** Commits of the base with counting runs, oldest first; at most those that a change is compared with. */
  readonly base: readonly BaseCommit[];
  /** Of each job and step the newest counting run of the base, among those of its last commits. The newest commit first. */
  readonly last: readonly LastRun[];
  /** Ids of the runs that count. */
  readonly counting: ReadonlySet<string>;
  /** Ids of outages: runs in which nearly all tests failed, and not elsewhere on their commit. */
  readonly outages: ReadonlySet<string>;
}

export interface LastRun {
  readonly run: StoredRun;
  /** The base's commit. */
  readonly sha: string;
  /** How many tested commits of the base are newer. */
  readonly behind: number;
}

const branch = 'a change that is not there yet';

/** undefined where the base has no run that counts. */
export function standingOf(facts: StandingFacts, limits: Limits = defaultLimits): Standing | undefined {
  const newest = facts.runs.reduce<StoredRun | undefined>(
    (latest, run) => (latest === undefined || run.at > latest.at ? run : latest),
    undefined,
  );
  if (newest === undefined) return undefined;
  const { evidence, point } = judgeNext(facts, newest, limits);
  const base = point?.base ?? [];
  if (base.length === 0) return undefined;
  return {
    base,
    last: lastRuns(base, limits),
    counting: new Set(evidence.runs.map(({ runId }) => runId)),
    outages: outagesOf(facts, newest, evidence, limits),
  };
}

function lastRuns(base: readonly BaseCommit[], limits: Limits): LastRun[] {
  const found = new Map<string, LastRun>();
  // A job whose last run is older was renamed or taken away.
  const recent = base.slice(-limits.lineCommits).reverse();
  for (const [behind, { sha, runs }] of recent.entries())
    for (const [step, group] of groupBy(runs.toSorted(byJob), stepOf)) {
      if (found.has(step)) continue;
      const run = group.reduce((latest, one) => (one.at >= latest.at ? one : latest));
      found.set(step, { run, sha, behind });
    }
  return [...found.values()];
}

/** As the database gives them they stand in another order each time. */
const byJob = (one: StoredRun, other: StoredRun): number =>
  (one.jobName ?? '') < (other.jobName ?? '') ? -1 : one.jobName === other.jobName ? 0 : 1;

const stepOf = ({ lineId, ordinal }: StoredRun): string => `${lineId}\n${ordinal}`;

function outagesOf(
  facts: StandingFacts,
  newest: StoredRun,
  evidence: Evidence,
  limits: Limits,
): ReadonlySet<string> {
  const counting = new Set(evidence.runs.map(({ runId }) => runId));
  const origin = originOf(facts.runs);
  return new Set(
    facts.runs
      .filter(
        (run) =>
          !counting.has(run.runId) &&
          run.origin === origin &&
          !run.isStale &&
          !(run.isDirty && run.origin === 'local') &&
          run.at >= newest.at - limits.days * dayMs,
      )
      .map(({ runId }) => runId),
  );
}

/** A test of which a failure of the next change would be called flaky. */
export interface FlakyTest {
  readonly testName: string;
  /** Of the job in which it failed most often. */
  readonly jobName: string | undefined;
  readonly evidence: FlakyEvidence;
  /** Drift signatures or error types of those failures. */
  readonly texts: readonly FailureText[];
}

/** How many kinds of failures of one test are asked about, the newest first. */
const mostTexts = 4;

/**
 * Which tests are flaky: of each test that failed lately, whether a failure like one of those would be called flaky if the next
 * change had it.
 *
 * @param rows of the tests that failed, in all runs of the facts
 * @param job only tests that failed in it, as failures of it
 */
export function flakyTests(
  facts: StandingFacts,
  rows: readonly TestRow[],
  job?: string,
  limits: Limits = defaultLimits,
): FlakyTest[] {
  const runs = new Map(facts.runs.map((run) => [run.runId, run]));
  const newestAt = facts.runs.reduce((latest, { at }) => Math.max(latest, at), 0);
  // Each job compares with its own past: a test is asked about as a failure of the one in which it failed most often.
  const asked = new Map<string, { readonly like: StoredRun; readonly tests: Asked[] }>();
  for (const [testName, own] of groupBy(rows, (row) => row.testName)) {
    const like = mostFailing(own, runs, job);
    if (like === undefined) continue;
    const texts = textsOf(own, runs, newestAt - limits.evidenceDays * dayMs);
    if (texts.length === 0) continue;
    const group = asked.get(stepOf(like)) ?? { like, tests: [] };
    asked.set(stepOf(like), group);
    group.tests.push({ testName, rows: own, texts });
  }
  const found = new Map<string, FlakyTest>();
  for (const { like, tests } of asked.values()) {
    const judged = judgeNext(facts, like, limits);
    for (let kind = 0; kind < mostTexts; kind++) {
      const some = tests.filter(({ texts }) => texts.length > kind);
      const { failures } = judgeTests(
        judged,
        {
          rows: some.flatMap(({ testName, rows: known, texts }): TestRow[] => [
            ...known,
            { ...texts[kind], testName, runId: judged.facts.run.runId, outcome: 'failed' },
          ]),
          failures: some.map(({ testName }) => ({ testName, testFile: undefined })),
          files: [],
          filesHere: 0,
          filesAlsoAtPoint: 0,
        },
        { ...limits, changePointTests: 0 },
      );
      for (const [place, { testName, texts }] of some.entries()) {
        const reason = failures[place]?.reason;
        if (reason?.kind !== 'flaky') continue;
        const before = found.get(testName);
        const text = texts[kind] ?? {};
        found.set(testName, {
          testName,
          jobName: like.jobName,
          evidence: before?.evidence ?? reason.evidence,
          texts: [...(before?.texts ?? []), text],
        });
      }
    }
  }
  return [...found.values()];
}

interface Asked {
  readonly testName: string;
  readonly rows: readonly TestRow[];
  readonly texts: readonly FailureText[];
}

/** The kinds of a test's failures, the newest first. An attempt that failed before its run's pass has no text: it is a kind of its own. */
function textsOf(
  rows: readonly TestRow[],
  runs: ReadonlyMap<string, StoredRun>,
  from: number,
): FailureText[] {
  const found = new Map<string, { readonly text: FailureText; readonly at: number }>();
  for (const row of rows) {
    const at = runs.get(row.runId)?.at ?? 0;
    if (at < from) continue;
    if (!hasFailed(row)) continue;
    const text: FailureText =
      isFailed(row) && hasText(row)
        ? { driftSignature: row.driftSignature, errorType: row.errorType, statement: row.statement }
        : {};
    const key = text.driftSignature ?? `${text.errorType ?? ''}\n${text.statement ?? ''}`;
    if ((found.get(key)?.at ?? -1) < at) found.set(key, { text, at });
  }
  return [...found.values()]
    .sort((a, b) => b.at - a.at)
    .slice(0, mostTexts)
    .map(({ text }) => text);
}

export const isFailed = ({ outcome }: TestRow): boolean => outcome === 'failed' || outcome === 'error';
const hasFailed = (row: TestRow): boolean => isFailed(row) || (row.failedAttempts ?? 0) > 0;

/** A run of the job and step in which a test failed most often; undefined where it did not fail in the job that was asked for. */
function mostFailing(
  rows: readonly TestRow[],
  runs: ReadonlyMap<string, StoredRun>,
  job: string | undefined,
): StoredRun | undefined {
  const failing = rows.filter(hasFailed).flatMap((row) => runs.get(row.runId) ?? []);
  const own = job === undefined ? failing : failing.filter(({ jobName }) => jobName === job);
  const [most] = [...groupBy(own, stepOf).values()].sort((a, b) => b.length - a.length);
  return most?.[0];
}

/** The team's runs count, where it has any. */
function originOf(runs: readonly StoredRun[]): 'team' | 'local' {
  return runs.some(({ origin }) => origin === 'team') ? 'team' : 'local';
}

/** Judges a run that comes after all others: of a new change, in the job of another run. */
function judgeNext(
  { runs, commits, baseBranch }: StandingFacts,
  like: StoredRun,
  limits: Limits,
): JudgedPoint {
  const run: StoredRun = {
    ...like,
    runId: branch,
    branch,
    gitSha: undefined,
    testedSha: undefined,
    parents: undefined,
    kind: 'head',
    origin: originOf(runs),
    pullRequest: undefined,
    execution: undefined,
    at: runs.reduce((latest, { at }) => Math.max(latest, at), 0) + 1,
    isComplete: true,
    isDirty: false,
    isStale: false,
    totals: { tests: 0, failed: 0, failedFiles: 0 },
  };
  const facts: RunFacts = {
    run,
    runs,
    commits,
    change: { event: 'branch', baseBranch, isOnBaseBranch: false },
  };
  // Where it begins is not known before the base's commits are in order.
  const newest = judgePoint(facts, limits).point?.sha;
  return newest === undefined
    ? judgePoint(facts, limits)
    : judgePoint({ ...facts, change: { ...facts.change, mergeBase: newest } }, limits);
}
