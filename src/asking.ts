// The use case's half that answers questions which need the judge: rows from the store, verdicts from src/judge, as the comment on a
// pull request has them. Nothing here has a rule of its own.
import type { CommitHistory } from './context/commits.ts';
import { evidenceFor } from './judge/evidence.ts';
import { runsRepeated } from './judge/flaky.ts';
import { groupBy } from './judge/group.ts';
import { infrastructureRuns } from './judge/infrastructure.ts';
import { dayMs, defaultLimits } from './judge/limits.ts';
import { testedCommit } from './judge/order.ts';
import { attemptsOf } from './judge/past.ts';
import type { BaseCommit } from './judge/point.ts';
import { flakyTests, isFailed, type StandingFacts, standingOf } from './judge/prospect.ts';
import {
  type Comparison,
  type Counts,
  type Failing,
  findRegressions,
  type Units,
  unitsOf,
} from './judge/regressions.ts';
import {
  type ChainIndex,
  followName,
  followToNow,
  functionOf,
  indexChains,
  namesOfTest,
} from './judge/renames.ts';
import { judgeStored } from './judging.ts';
import type { FlakyEvidence, NameChain, RunHistory, StoredRun, TestRow } from './model.ts';
import type { Database } from './store/database/port.ts';
import { readNameChains } from './store/history/aliases.ts';
import { type RunEvidence, readNamedRows, readRunEvidence } from './store/history/evidence.ts';
import { monthsOfTest, type TestMonth } from './store/keep/trend.ts';
import { type BaseRuns, readBaseRuns, readRan } from './store/questions/base-runs.ts';
import { readSuiteNames, type SeenRename, type SuiteNames } from './store/questions/renames.ts';
import { type ListedRun, readTested } from './store/questions/runs.ts';
import type { Scope } from './store/questions/scope.ts';
import { listSuites, listSuspects, readDurations, type Suite } from './store/questions/suites.ts';
import { readFormerRuns, readTimeline, type TestRun, type TestTimeline } from './store/questions/tests.ts';
import { type Access, inTeam } from './store/schema/access.ts';

/** What a checkout knows of the commits of its repository. */
export interface AskingCheckout {
  readonly git: CommitHistory;
  /** Whether a run is of this checkout's repository. */
  isOf(run: Pick<ListedRun, 'repository' | 'repositoryHost'>): boolean;
}

/** What has to be known of a run to judge it. */
export type JudgedRun = Pick<
  ListedRun,
  | 'runId'
  | 'createdAt'
  | 'repository'
  | 'repositoryHost'
  | 'project'
  | 'branch'
  | 'gitSha'
  | 'pullRequest'
  | 'dirty'
>;

/**
 * Judges a stored run as its upload and the comment do; with git's knowledge of the commits where the checkout is of its repository.
 *
 * @param baseBranch the branch that somebody named
 * @throws StoreError `run-unknown`
 */
export async function judgeListed(
  db: Database,
  access: Access,
  run: JudgedRun,
  checkout: AskingCheckout | undefined,
  baseBranch?: string,
): Promise<RunHistory> {
  const query = { runId: run.runId, createdAt: run.createdAt, baseBranch };
  if (checkout?.isOf(run) !== true) return judgeStored(db, access, query);
  const { testedSha, kind, ...tested } = await readTested(db, access, run);
  return judgeStored(db, access, {
    ...query,
    change: {
      context: {
        baseBranch: undefined,
        gitBranch: run.branch,
        kind,
        tested: testedSha === undefined ? undefined : { gitSha: testedSha, dirty: run.dirty, ...tested },
        project: run.project,
      },
      named: {
        event: run.pullRequest === undefined ? undefined : 'pull-request',
        pullHead: kind === 'merge' ? run.gitSha : undefined,
      },
      git: checkout.git,
    },
  });
}

/** A rename into a test's name, by whole names. */
export interface FormerTest {
  readonly from: string;
  readonly to: string;
  readonly gitSha: string | undefined;
  /** When the first run began that showed it. */
  readonly seenAt: Date;
  /** Runs of the history that have this former name; undefined where they are left out: both names ran together, so they are two tests. */
  readonly runs: number | undefined;
}

/** Where a test's name went: a rename, and those after it. */
export interface LaterTest extends Omit<FormerTest, 'runs'> {
  readonly further: readonly Omit<FormerTest, 'runs'>[];
  /** Runs of the history that began later and have the name still: of branches without the rename, or of another test. */
  readonly runsSince: number;
}

/** How a test went, under all names that it had. */
export interface TestHistory extends Omit<TestTimeline, 'names'> {
  /** The last rename first. */
  readonly renamedFrom: readonly FormerTest[];
  readonly renamedTo: readonly LaterTest[];
}

/**
 * How a test went in the newest runs of a scope, also before it was renamed.
 *
 * @param testName its whole node id
 * @param limit runs at most
 * @throws InputError where no run of the scope has it
 */
export async function readTest(
  db: Database,
  access: Access,
  scope: Scope,
  { testName, limit }: { readonly testName: string; readonly limit: number },
): Promise<TestHistory> {
  const { names, ...timeline } = await readTimeline(db, access, scope, { testName, limit });
  const inTest = (name: string) => name + testName.slice(functionOf(testName).length);
  const newest = new Map<string, Date>();
  for (const { suite, createdAt } of timeline.runs) if (!newest.has(suite)) newest.set(suite, createdAt);
  // Of other repositories and projects nothing is told.
  const told = names.filter(({ suite }) => newest.has(suite));
  const wholeNames = ({ from, to, ...seen }: SeenRename) => ({ ...seen, from: inTest(from), to: inTest(to) });
  let { runs, more } = timeline;
  // After the last run of the name now, a former one is that of another branch, or of another test.
  let asked = told.flatMap(({ suite, former }) =>
    [...new Set(former.map(({ from }) => inTest(from)))]
      .filter((name) => name !== testName)
      .map((name) => ({ suite, testName: name, until: newest.get(suite) ?? new Date(0) })),
  );
  while (asked.length > 0) {
    const found = await readFormerRuns(db, access, scope, { names: asked, limit });
    const all = [...timeline.runs, ...found.runs].sort(
      (a, b) => b.createdAt.getTime() - a.createdAt.getTime(),
    );
    const kept = asked.filter(({ suite, testName: name }) =>
      followedNames(told, suite, testName, all).includes(name),
    );
    const isSettled = kept.length === asked.length;
    asked = kept;
    if (!isSettled) continue;
    runs = all.slice(0, limit);
    more = timeline.more || found.more || all.length > limit;
    break;
  }
  return {
    ...timeline,
    runs,
    more,
    renamedFrom: told.flatMap(({ suite, former }) =>
      former.map(wholeNames).map((rename) => ({
        ...rename,
        runs:
          rename.from === testName || asked.some((one) => one.suite === suite && one.testName === rename.from)
            ? runs.filter((run) => run.suite === suite && run.testName === rename.from).length
            : undefined,
      })),
    ),
    renamedTo: told.flatMap(({ suite, later }) =>
      later.flatMap((way) => {
        const [first, ...further] = way.map(wholeNames);
        return first === undefined
          ? []
          : {
              ...first,
              further,
              runsSince: timeline.runs.filter((run) => run.suite === suite && run.createdAt > first.seenAt)
                .length,
            };
      }),
    ),
  };
}

/** The months of a test, oldest first, and of its former names until the month in which a run showed the rename. */
export interface TestMonths {
  readonly months: readonly TestMonth[];
  /** The last rename first. */
  readonly renamedFrom: readonly Omit<FormerTest, 'runs'>[];
}

/**
 * How a test did month by month, also before it was renamed. Sums do not tell apart what ran in one month: that of the rename has both
 * names.
 *
 * @param testName its whole node id
 */
export async function readTestMonths(
  db: Database,
  access: Access,
  { testName, from }: { readonly testName: string; readonly from: Date | undefined },
): Promise<TestMonths> {
  const names = await inTeam(db, access, () => readSuiteNames(db, access, testName));
  const inTest = (name: string) => name + testName.slice(functionOf(testName).length);
  const former = names.flatMap(({ suite, former: renames }) =>
    renames.map((rename) => ({ ...rename, suite, from: inTest(rename.from), to: inTest(rename.to) })),
  );
  const all = await monthsOfTest(db, access, {
    testNames: [...new Set([testName, ...former.map((one) => one.from)])],
    from,
  });
  const own = all.filter((month) => month.testName === testName);
  const suites = new Set(own.map(({ line }) => line.suite));
  const isOf = ({ suite, from: name, seenAt }: (typeof former)[number], month: TestMonth) =>
    suites.has(suite) &&
    suite === month.line.suite &&
    name === month.testName &&
    month.month <= seenAt.toISOString().slice(0, 7);
  return {
    months: all.filter(
      (month) => month.testName === testName || former.some((rename) => isOf(rename, month)),
    ),
    renamedFrom: former
      .filter((rename) => rename.from !== testName && all.some((month) => isOf(rename, month)))
      .map(({ suite: _, ...rename }) => rename),
  };
}

/** The names under which a test is one in the runs of a suite. */
function followedNames(
  names: readonly SuiteNames[],
  suite: string,
  testName: string,
  runs: readonly TestRun[],
): readonly string[] {
  const former = names.find((one) => one.suite === suite)?.former ?? [];
  const chain: NameChain = [functionOf(testName), ...former.map(({ from }) => from)];
  const runsOf = new Map<string, Map<string, TestRun>>();
  // Whoever sends a fork's report could put any two names together.
  for (const run of runs)
    if (run.suite === suite && run.origin !== 'stranger')
      runsOf.set(run.testName, (runsOf.get(run.testName) ?? new Map<string, TestRun>()).set(run.runId, run));
  return followName(testName, indexChains([chain]), (name) => runsOf.get(name));
}

/** A test of which the judge would call a failure like its last one flaky, were it to fail now in a change made from the base. */
export interface FlakyTest {
  readonly testName: string;
  readonly suite: Suite;
  readonly jobName: string | undefined;
  readonly evidence: FlakyEvidence;
  readonly errorType: string | undefined;
  /** Attempts of the last 30 days in runs that count, of all branches. */
  readonly failures: number;
  readonly attempts: number;
  readonly lastFailedAt: Date | undefined;
  /**
   * Seconds of those runs in which nothing but flaky tests failed, shared between the flaky tests that failed in each; undefined where
   * no such run says how long it took.
   */
  readonly costSeconds: number | undefined;
}

export interface FlakyTests {
  /** The most expensive first, then the most frequent. */
  readonly tests: readonly FlakyTest[];
  /** How many days back evidence counts. */
  readonly days: number;
  /** Tests that failed twice or were run again, and of how many there was no room to look at. */
  readonly suspects: number;
  readonly unseen: number;
  /** Only the suites with the newest runs were looked at. */
  readonly moreSuites: boolean;
}

/** So many tests of a suite are judged. */
const mostSuspects = 500;

/**
 * The flaky tests of a scope, by the judge's own rules: its evidence, its 30 days, its runs.
 *
 * @throws InputError where no run is of the scope
 */
export async function findFlaky(db: Database, access: Access, scope: Scope): Promise<FlakyTests> {
  const { suites, more } = await inTeam(db, access, () =>
    listSuites(db, access, { ...scope, since: undefined }),
  );
  const tests: FlakyTest[] = [];
  let suspects = 0;
  let unseen = 0;
  for (const suite of suites) {
    const found = await flakyOf(db, access, suite, scope.job);
    tests.push(...found.tests);
    suspects += found.suspects;
    unseen += found.unseen;
  }
  tests.sort(
    (a, b) =>
      (b.costSeconds ?? 0) - (a.costSeconds ?? 0) ||
      b.failures - a.failures ||
      (a.testName < b.testName ? -1 : 1),
  );
  return { tests, suspects, unseen, moreSuites: more, days: defaultLimits.evidenceDays };
}

async function flakyOf(
  db: Database,
  access: Access,
  suite: Suite,
  job: string | undefined,
): Promise<{ readonly tests: readonly FlakyTest[]; readonly suspects: number; readonly unseen: number }> {
  const facts = await inTeam(db, access, async () => {
    const evidence = await readRunEvidence(db, access, {
      ...suite.newest,
      baseBranch: undefined,
      defaultBranch: undefined,
      baseCommits: [],
      beginsAt: undefined,
    });
    const runs = [evidence.run, ...evidence.runs];
    const from = evidence.run.at - defaultLimits.evidenceDays * dayMs;
    const recent = runs.filter(({ at }) => at >= from);
    const { suspects, total } = await listSuspects(
      db,
      access,
      { runs: recent, repeated: runsRepeated(recent) },
      mostSuspects,
    );
    const names = suspects.map(({ testName }) => testName);
    const chains = indexChains(
      await readNameChains(db, access, suite.newest, {
        functions: [...new Set(names.map(functionOf))],
        until: new Date(evidence.run.at),
      }),
    );
    const rows = await readNamedRows(db, access, suite.newest, {
      names: [...new Set(names.flatMap((name) => namesOfTest(name, chains)))],
      runs,
    });
    const seconds = await readDurations(
      db,
      access,
      runs.filter(({ at, totals }) => at >= from && totals.failed > 0),
    );
    return { evidence, runs, names, chains, rows, total, seconds, from };
  });
  const { evidence, runs, seconds, from } = facts;
  const runOf = new Map(runs.map((run) => [run.runId, run]));
  const standing = standingFacts(evidence);
  const stand = standingOf(standing);
  const { rows } = underNamesOfBase(facts, stand?.base ?? []);
  const rowsOf = groupBy(rows, ({ testName }) => testName);
  const found = flakyTests(standing, rows, job);
  const counting = stand?.counting ?? new Set();

  // Who paid for a red run: the flaky tests that failed in it, where nothing else did.
  const failedIn = new Map<string, string[]>();
  for (const { testName } of found)
    for (const row of rowsOf.get(testName) ?? [])
      if (isFailed(row)) failedIn.set(row.runId, [...(failedIn.get(row.runId) ?? []), testName]);
  const cost = new Map<string, number>();
  for (const [runId, names] of failedIn) {
    const run = runOf.get(runId);
    const took = seconds.get(runId);
    if (run === undefined || took === undefined || run.at < from || !counting.has(runId)) continue;
    if (run.totals.failed !== names.length) continue;
    for (const name of names) cost.set(name, (cost.get(name) ?? 0) + took / names.length);
  }
  const tests = found.map(({ testName, jobName, evidence: shown }): FlakyTest => {
    const own = (rowsOf.get(testName) ?? []).flatMap((row) => {
      const run = runOf.get(row.runId);
      return run === undefined || run.at < from || !counting.has(row.runId) ? [] : attemptsOf(row, run);
    });
    const failures = own.filter(({ failed }) => failed);
    const last = failures.reduce((latest, { run }) => Math.max(latest, run.at), 0);
    return {
      testName,
      suite,
      jobName,
      evidence: shown,
      errorType: failures.toSorted((a, b) => b.run.at - a.run.at)[0]?.text?.errorType,
      failures: failures.length,
      attempts: own.length,
      lastFailedAt: last === 0 ? undefined : new Date(last),
      costSeconds: cost.get(testName),
    };
  });
  return { tests, suspects: facts.total, unseen: Math.max(0, facts.total - facts.names.length) };
}

/**
 * Rows of tests under the names that the base has now: the next change is made from it. A name whose test ran there after one of a later
 * name stands for itself.
 *
 * @param names of the tests that are asked about
 * @param rows of them, under all of their names
 */
export function underNamesOfBase(
  {
    names,
    chains,
    rows,
  }: { readonly names: readonly string[]; readonly chains: ChainIndex; readonly rows: readonly TestRow[] },
  base: readonly BaseCommit[],
): {
  readonly rows: readonly TestRow[];
  /** Each of the names -> what it is called now. */
  readonly current: ReadonlyMap<string, string>;
} {
  if (chains.size === 0) return { rows, current: new Map(names.map((name) => [name, name])) };
  const rowsOf = groupBy(rows, ({ testName }) => testName);
  const began = new Map(base.flatMap(({ runs }) => runs).map(({ runId, at }) => [runId, at]));
  /** By name: the base's runs that have it, and when they began. */
  const ofBase = new Map(
    [...rowsOf].map(([name, some]) => [
      name,
      new Map(
        some.flatMap(({ runId }): [string, number][] => {
          const at = began.get(runId);
          return at === undefined ? [] : [[runId, at]];
        }),
      ),
    ]),
  );
  const current = new Map<string, string>();
  const found = new Map<string, TestRow[]>();
  for (const name of names) {
    const all = followToNow(name, chains, (one) => ofBase.get(one));
    const [now = name] = all;
    current.set(name, now);
    if (found.has(now)) continue;
    // A run has it under one name, the newest.
    const taken = new Set<string>();
    const own = [...new Set(all)].flatMap((one) => {
      const some = (rowsOf.get(one) ?? []).filter(({ runId }) => !taken.has(runId));
      for (const { runId } of some) taken.add(runId);
      return one === now ? some : some.map((row) => ({ ...row, testName: now }));
    });
    found.set(now, own);
  }
  return { rows: [...found.values()].flat(), current };
}

/** What the judge is asked about: the runs of a repository, project and lane. */
export function standingFacts({ run, runs, committedAt, baseBranch }: RunEvidence): StandingFacts {
  return {
    runs: [run, ...runs],
    commits: [...committedAt].map(([sha, at]) => ({ sha, position: undefined, committedAt: at })),
    baseBranch,
  };
}

/** Something that fails more often this week than in the month before. */
export interface FoundRegression {
  readonly kind: 'test' | 'cause';
  /** A test's name, or a cause's key. */
  readonly name: string;
  /** Of a cause: how many tests it failed. */
  readonly tests: number;
  readonly suite: Suite;
  readonly branch: string;
  readonly jobName: string | undefined;
  readonly now: Counts;
  readonly before: Counts;
  /** Probability of so many failures this week, or more, if nothing changed. */
  readonly p: number;
  /** The first commit of this week on which it failed. */
  readonly firstRed: string | undefined;
  /** It failed on the newest commit, too. */
  readonly isRedNow: boolean;
}

export interface FoundRegressions {
  /** The surest first. */
  readonly regressions: readonly FoundRegression[];
  readonly branches: readonly string[];
  /** Commits of a job this week and in the month before, the most of any job. */
  readonly units: { readonly now: number; readonly before: number };
  /** Tests and causes that failed at all, and were compared. */
  readonly compared: number;
  readonly bursts: number;
  /** Runs that looked like an outage. */
  readonly outages: number;
  /** Only the newest runs were read. */
  readonly isCut: boolean;
  readonly moreSuites: boolean;
}

/** Of so many renamed tests that failed the names are followed. */
const mostFollowed = 1000;

/** The failures under the names that their tests have now, and in which runs those of renamed tests ran under any name. */
async function followFailing(
  db: Database,
  access: Access,
  { newest }: Suite,
  { runs, failures }: BaseRuns,
  now: Date,
): Promise<{
  readonly failures: BaseRuns['failures'];
  readonly ran: ReadonlyMap<string, ReadonlySet<string>>;
}> {
  const tests = [...new Set(failures.map(({ testName }) => testName))];
  const functions = [...new Set(tests.map(functionOf))];
  return inTeam(db, access, async () => {
    const chains = indexChains(await readNameChains(db, access, newest, { functions, until: now }));
    const renamed = tests.filter((name) => chains.has(functionOf(name))).slice(0, mostFollowed);
    if (renamed.length === 0) return { failures, ran: new Map() };
    const names = [...new Set(renamed.flatMap((name) => namesOfTest(name, chains)))];
    const ran = await readRan(db, access, names, runs);
    const runsOf = new Map(
      // Those of other branches are among the ones that were read.
      [...ran].map(([name, ids]) => [
        name,
        new Map(runs.flatMap(({ runId, at }): [string, number][] => (ids.has(runId) ? [[runId, at]] : []))),
      ]),
    );
    const current = new Map<string, string>();
    const ranNow = new Map<string, ReadonlySet<string>>();
    for (const name of renamed) {
      const all = followToNow(name, chains, (one) => runsOf.get(one));
      const [newestName = name] = all;
      current.set(name, newestName);
      ranNow.set(newestName, new Set(all.flatMap((one) => [...(ran.get(one) ?? [])])));
    }
    return {
      ran: ranNow,
      failures: failures.map((failure) => {
        const testName = current.get(failure.testName);
        return testName === undefined || testName === failure.testName ? failure : { ...failure, testName };
      }),
    };
  });
}

/** The run that is asked about: none that is stored. */
const nextId = 'the next run';
/** In days. */
const spans = { now: 7, before: 30 } as const;
/** So many tests' own runs are counted; those of others are taken for all of their line. */
const mostCounted = 500;

/**
 * What fails more often in the last seven days than in the thirty before, on the base branch of each suite.
 *
 * @throws InputError where no run is of the scope
 */
export async function findWorse(
  db: Database,
  access: Access,
  scope: Scope,
  now: Date,
): Promise<FoundRegressions> {
  const since = new Date(now.getTime() - (spans.now + spans.before) * dayMs);
  const from = now.getTime() - spans.now * dayMs;
  const { suites, more } = await inTeam(db, access, () => listSuites(db, access, { ...scope, since }));
  type Compared = Comparison & {
    readonly of: Failing;
    readonly suite: Suite;
    readonly branch: string;
    readonly lines: Units['lines'];
    readonly jobs: ReadonlyMap<string, string | undefined>;
  };
  const all: Compared[] = [];
  const branches = new Set<string>();
  let [bursts, outages, isCut] = [0, 0, false];
  const units = { now: 0, before: 0 };
  for (const suite of suites) {
    const read = await inTeam(db, access, async () => {
      const branch =
        scope.branch ??
        (
          await readRunEvidence(db, access, {
            ...suite.newest,
            baseBranch: undefined,
            defaultBranch: undefined,
            baseCommits: [],
            beginsAt: undefined,
          })
        ).baseBranch;
      if (branch === undefined) return undefined;
      return { branch, base: await readBaseRuns(db, access, { ...scope, since }, { suite, branch }) };
    });
    if (read === undefined || read.base.runs.length === 0) continue;
    const { branch, base } = read;
    branches.add(branch);
    isCut ||= base.isCut;
    const renamed = await followFailing(db, access, suite, base, now);
    const failed = groupBy(renamed.failures, ({ runId }) => runId);
    const stored = base.runs.map(
      (run): StoredRun => ({
        ...run,
        pullRequest: undefined,
        execution: undefined,
        ordinal: 1,
        totals: {
          ...run.totals,
          failedFiles: new Set((failed.get(run.runId) ?? []).map(({ testFile }) => testFile)).size,
        },
      }),
    );
    const [first] = stored;
    if (first === undefined) continue;
    // The judge says which runs count for somebody who asks now.
    const next: StoredRun = {
      ...first,
      runId: nextId,
      testedSha: nextId,
      gitSha: nextId,
      origin: 'local',
      isDirty: false,
      at: now.getTime(),
    };
    const evidence = evidenceFor({
      run: next,
      runs: stored,
      change: { event: 'branch', baseBranch: branch, isOnBaseBranch: true },
      commits: [],
    });
    outages += infrastructureRuns(stored).size;
    const jobs = new Map(stored.map(({ lineId, jobName }) => [lineId, jobName]));
    const {
      lines,
      failing,
      bursts: some,
    } = unitsOf(
      evidence.runs.map((run) => ({
        lineId: run.lineId,
        commit: testedCommit(run),
        at: run.at,
        failed: failed.get(run.runId) ?? [],
      })),
    );
    bursts += some;
    const isNow = (at: number) => at >= from;
    for (const line of lines.values()) {
      units.now = Math.max(units.now, line.filter(({ at }) => isNow(at)).length);
      units.before = Math.max(units.before, line.filter(({ at }) => !isNow(at)).length);
    }
    const commitOf = new Map(evidence.runs.map((run) => [run.runId, `${run.lineId}\n${testedCommit(run)}`]));
    const compare = (of: Failing, ran?: ReadonlySet<string>): Compared => {
      const own =
        ran === undefined ? undefined : new Set([...ran].flatMap((runId) => commitOf.get(runId) ?? []));
      const count = (wanted: boolean): Counts => {
        const line = (lines.get(of.lineId) ?? []).filter(
          ({ at, commit }) =>
            isNow(at) === wanted && (own === undefined || own.has(`${of.lineId}\n${commit}`)),
        );
        return { units: line.length, failed: line.filter(({ commit }) => of.commits.has(commit)).length };
      };
      return { of, suite, branch, lines, jobs, now: count(true), before: count(false) };
    };
    const rough = failing.map((of) => compare(of));
    // Most tests run in every run of their job. Those that may be named are counted.
    const suspects = rough
      .filter(({ of, now: { failed: n } }) => of.kind === 'test' && n >= 3)
      .sort((a, b) => b.now.failed - a.now.failed)
      .slice(0, mostCounted);
    const names = [...new Set(suspects.map(({ of }) => of.name))].filter((name) => !renamed.ran.has(name));
    const ran = new Map([
      ...(await inTeam(db, access, () => readRan(db, access, names, base.runs))),
      ...renamed.ran,
    ]);
    all.push(...rough.map((one) => (ran.has(one.of.name) ? compare(one.of, ran.get(one.of.name)) : one)));
  }
  const regressions = findRegressions(all).map(({ of: one, p }): FoundRegression => {
    const line = one.lines.get(one.of.lineId) ?? [];
    const red = line.filter(({ commit }) => one.of.commits.has(commit));
    return {
      kind: one.of.kind,
      name: one.of.name,
      tests: one.of.tests.size,
      suite: one.suite,
      branch: one.branch,
      jobName: one.jobs.get(one.of.lineId),
      now: one.now,
      before: one.before,
      p,
      firstRed: red.find(({ at }) => at >= from)?.commit,
      isRedNow: line.at(-1) !== undefined && red.at(-1) === line.at(-1),
    };
  });
  return {
    regressions,
    branches: [...branches],
    units,
    compared: all.length,
    bursts,
    outages,
    isCut,
    moreSuites: more,
  };
}
