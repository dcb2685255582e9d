// Random histories of whole repositories, with the cause of every failure known: what the rules of src/judge are measured by.
// A repository has a main branch, pull requests, jobs, flaky tests, breaks that come and go, outages, and an environment that
// breaks overnight. Events happen in the order of time; each gives runs, and each run is judged by what was stored before it.

import type { ChangeFacts, CommitPlace } from '../../src/judge/facts.ts';
import type { StoredRun } from '../../src/model.ts';
import { Random } from './random.ts';

const hour = 3_600_000;

/** Why a test failed. `break` and `race` are in the code: a break fails always, a race now and then. */
export type Cause =
  | { readonly kind: 'break' | 'race'; readonly id: string }
  | { readonly kind: 'flake' | 'environment' | 'outage' };

export interface SimulatedResult {
  readonly failed: boolean;
  readonly drift: string | undefined;
  readonly cause: Cause | undefined;
}

/** What is in a checkout: ids of breaks, races and of tests that were added. */
export type Tree = ReadonlySet<string>;

export interface SimulatedRun {
  readonly stored: StoredRun;
  readonly change: ChangeFacts;
  readonly results: ReadonlyMap<string, SimulatedResult>;
  readonly tree: Tree;
  /** The tree that the change began at. */
  readonly baseTree: Tree;
}

export interface History {
  readonly seed: number;
  /** In the order of time. */
  readonly runs: readonly SimulatedRun[];
  /** What git knows of the commits when a run is judged, by the run's place in `runs`. */
  commitsAt(place: number): CommitPlace[];
  /** Trees of all commits that people know, by sha. */
  readonly trees: ReadonlyMap<string, Tree>;
  /** The file of a test. */
  fileOf(test: string): string;
  /** Whether a commit has the file; undefined where the clone is too shallow to say. */
  isInTree(file: string, sha: string | undefined): boolean | undefined;
  /** The id by which a tree has a test; undefined where every tree has it. */
  addedBy(test: string): string | undefined;
}

interface Defect {
  readonly id: string;
  readonly tests: readonly string[];
  /** Share of its runs in which a test fails by it. */
  readonly rate: number;
  readonly drift: (test: string) => string;
}

interface Commit {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly tree: Tree;
  readonly at: number;
}

interface PullRequest {
  readonly number: number;
  readonly branch: string;
  adds: Set<string>;
  removes: Set<string>;
  mergeBase: Commit;
  heads: Commit[];
  isRed: boolean;
}

/** Makes one history. Equal seeds give equal histories. */
export function makeHistory(seed: number): History {
  const random = new Random(seed * 7919 + 17);
  const files = Array.from({ length: 14 }, (_, i) => `tests/test_${i}.py`);
  const tests = Array.from({ length: 42 }, (_, i) => `${files[i % files.length]}::test_${i}`);
  const added = new Map<string, string>();
  const defects = new Map<string, Defect>();
  const flakes = new Map<string, number>();
  for (let i = random.between(0, 5); i > 0; i--)
    flakes.set(random.pick(tests), random.pick([0.005, 0.02, 0.02, 0.05, 0.1, 0.2]));

  const shape = {
    jobs: random.pick(['one', 'one', 'matrix', 'matrix', 'shards'] as const),
    rerunsRed: random.pick([0, 0.3, 0.8]),
    testsPushes: random.chance(0.35),
    testsMerges: random.chance(0.88),
    isShallow: random.chance(0.2),
    hasQueue: random.chance(0.12),
    mainTested: random.pick([1, 1, 0.95, 0.8, 0.6]),
    knowsParents: random.chance(0.93),
    order: random.pick(['positions', 'positions', 'positions', 'dates', 'none'] as const),
    renamesJobAt: random.chance(0.25) ? random.between(25, 70) : Infinity,
    reshardsAt: random.between(20, 100),
    fastForwards: random.chance(0.2),
    stopsAtFirst: random.chance(0.15),
    directPushes: random.pick([0, 0.1, 0.6]),
    hoursBetween: random.pick([1, 3, 8]),
  };

  let now = Date.parse('2026-01-05T08:00:00Z');
  let number = 0;
  let environment: { readonly tests: readonly string[]; readonly drift: string } | undefined;
  let step = 0;
  const runs: SimulatedRun[] = [];
  const commits = new Map<string, CommitPlace & { readonly mergedAt: number }>();
  const trees = new Map<string, Tree>();
  const main: Commit[] = [];
  const open: PullRequest[] = [];

  const addCommit = (tree: Tree, parents: readonly string[]): Commit => {
    const commit = { sha: random.sha(), parents, tree, at: now };
    trees.set(commit.sha, tree);
    placeCommit(commit, undefined);
    return commit;
  };
  const placeCommit = ({ sha, at }: Commit, position: number | undefined) => {
    if (shape.order === 'none') return;
    commits.set(sha, {
      sha,
      position: shape.order === 'positions' ? position : undefined,
      committedAt: at,
      mergedAt: runs.length,
    });
  };
  const advanceMain = (commit: Commit) => {
    main.push(commit);
    placeCommit(commit, main.length);
  };
  const tip = (): Commit => {
    const commit = main.at(-1);
    if (commit === undefined) throw new Error('main is empty');
    return commit;
  };
  const withChange = (tree: Tree, { adds, removes }: Pick<PullRequest, 'adds' | 'removes'>): Tree =>
    new Set([...tree, ...adds].filter((id) => !removes.has(id)));

  const jobNames = (): readonly string[] => {
    const renamed = step >= shape.renamesJobAt;
    switch (shape.jobs) {
      case 'one':
        return [renamed ? 'tests' : 'pytest'];
      case 'matrix':
        return renamed ? ['pytest (3.13)', 'pytest (3.14)'] : ['pytest (3.12)', 'pytest (3.13)'];
      case 'shards':
        return ['pytest (1)', 'pytest (2)'];
    }
  };
  const isInJob = (test: string, job: string): boolean => {
    if (shape.jobs !== 'shards') return true;
    const number =
      Number(/test_(\d+)$/.exec(test)?.[1] ?? 0) + (step >= shape.reshardsAt ? Math.floor(step / 25) : 0);
    return job === `pytest (${1 + (Math.floor(number / (1 + (step >= shape.reshardsAt ? 2 : 0))) % 2)})`;
  };

  const outcomeOf = (test: string, tree: Tree, isOutage: boolean): SimulatedResult => {
    if (isOutage && random.chance(0.92)) return { failed: true, drift: 'outage', cause: { kind: 'outage' } };
    if (environment?.tests.includes(test))
      return { failed: true, drift: environment.drift, cause: { kind: 'environment' } };
    for (const id of tree) {
      const defect = defects.get(id);
      if (defect?.tests.includes(test) && random.chance(defect.rate))
        return {
          failed: true,
          drift: defect.drift(test),
          cause: { kind: defect.rate === 1 ? 'break' : 'race', id },
        };
    }
    const rate = flakes.get(test);
    if (rate !== undefined && random.chance(rate))
      return { failed: true, drift: `${test}#flake`, cause: { kind: 'flake' } };
    return { failed: false, drift: undefined, cause: undefined };
  };

  /** Runs all jobs, again where the team does so; whether any failed at last. */
  const runJobs = (
    about: Pick<StoredRun, 'gitSha' | 'testedSha' | 'parents' | 'kind' | 'branch' | 'pullRequest'> & {
      readonly tree: Tree;
      readonly baseTree: Tree;
      readonly change: ChangeFacts;
      readonly only?: readonly string[];
      readonly again?: boolean;
    },
  ): boolean => {
    const { tree, baseTree, change, only, again: _, ...ids } = about;
    let isRed = false;
    const workflow = `w${runs.length}`;
    const isOutage = random.chance(0.012);
    const run = (job: string, attempt: number, outage: boolean): boolean => {
      const results = new Map<string, SimulatedResult>();
      let stopped = false;
      for (const test of tests) {
        const birth = added.get(test);
        if ((birth !== undefined && !tree.has(birth)) || !isInJob(test, job)) continue;
        if (only !== undefined && !only.includes(fileOf(test))) continue;
        const result = outcomeOf(test, tree, outage);
        results.set(test, result);
        if (result.failed && shape.stopsAtFirst && !outage) {
          stopped = true;
          break;
        }
      }
      const failures = [...results].filter(([, { failed }]) => failed);
      now += Math.round(random.next() * 0.02 * hour) + 1;
      runs.push({
        stored: {
          ...ids,
          runId: `r${runs.length}`,
          lineId: job,
          jobName: job,
          origin: 'team',
          execution: `${workflow}.${attempt}`,
          ordinal: 0,
          at: now,
          isComplete: !stopped,
          isDirty: false,
          isStale: false,
          totals: {
            tests: results.size,
            failed: failures.length,
            failedFiles: new Set(failures.map(([test]) => fileOf(test))).size,
          },
        },
        change,
        results,
        tree,
        baseTree,
      });
      return failures.length > 0;
    };
    // Jobs run beside one another: the first attempt of all is stored before any runs again.
    let red = jobNames().filter((job) => run(job, 1, isOutage));
    for (let attempt = 2; attempt <= 3; attempt++) {
      const again = red.filter(() => random.chance(isOutage ? 0.9 : shape.rerunsRed));
      const left = new Set(red.filter((job) => !again.includes(job)));
      isRed ||= left.size > 0;
      red = again.filter((job) => run(job, attempt, false));
    }
    isRed ||= red.length > 0;
    return isRed;
  };
  const fileOf = (test: string) => test.split('::')[0] ?? '';

  const runMain = (commit: Commit, before: Commit | undefined, only?: readonly string[]): void => {
    runJobs({
      gitSha: commit.sha,
      testedSha: commit.sha,
      parents: commit.parents,
      kind: 'head',
      branch: 'main',
      pullRequest: undefined,
      tree: commit.tree,
      baseTree: before?.tree ?? commit.tree,
      change: { event: 'branch', baseBranch: 'main', isOnBaseBranch: true, before: before?.sha },
      ...(only === undefined ? {} : { only }),
    });
  };
  const runPullRequest = (pull: PullRequest): void => {
    const head = pull.heads.at(-1);
    if (head === undefined) return;
    if (shape.testsPushes || !shape.testsMerges)
      pull.isRed = runJobs({
        gitSha: head.sha,
        testedSha: head.sha,
        parents: head.parents,
        kind: 'head',
        branch: pull.branch,
        pullRequest: undefined,
        tree: head.tree,
        baseTree: pull.mergeBase.tree,
        change: {
          event: 'branch',
          baseBranch: 'main',
          isOnBaseBranch: false,
          mergeBase: shape.isShallow ? undefined : pull.mergeBase.sha,
        },
      });
    if (!shape.testsMerges) return;
    const base = tip();
    const tree = withChange(base.tree, pull);
    pull.isRed = runJobs({
      gitSha: head.sha,
      testedSha: random.sha(),
      parents: shape.knowsParents ? [base.sha, head.sha] : undefined,
      kind: 'merge',
      branch: pull.branch,
      pullRequest: pull.number,
      tree,
      baseTree: base.tree,
      change: {
        event: 'pull-request',
        baseBranch: 'main',
        isOnBaseBranch: false,
        pullRequestHead: head.sha,
        payloadBase: pull.mergeBase.sha,
      },
    });
  };

  const makeDefect = (rate: number): Defect => {
    const id = `d${defects.size}`;
    const alive = tests.filter((test) => !added.has(test));
    const failing = new Set(Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => random.pick(alive)));
    const flaky = [...flakes.keys()];
    if (flaky.length > 0 && random.chance(0.12)) failing.add(random.pick(flaky));
    const kind = random.pick(['same', 'same', 'other', 'flake']);
    const drift = (test: string) =>
      kind === 'same' ? `${test}#assert` : kind === 'other' ? `${test}#${id}` : `${test}#flake`;
    const defect = { id, tests: [...failing], rate, drift };
    defects.set(id, defect);
    return defect;
  };
  /** What a change brings: mostly nothing, a break, a race, a new test that fails or not, a repair of main. */
  const changeSomething = (pull: Pick<PullRequest, 'adds' | 'removes'>, base: Tree): void => {
    const broken = [...base].filter((id) => defects.has(id));
    if (broken.length > 0 && random.chance(0.35)) pull.removes.add(random.pick(broken));
    if (random.chance(0.22)) pull.adds.add(makeDefect(1).id);
    if (random.chance(0.03)) pull.adds.add(makeDefect(random.pick([0.1, 0.3, 0.6])).id);
    if (random.chance(0.06)) {
      const birth = `t${added.size}`;
      const file = random.chance(0.5) ? `tests/test_new_${birth}.py` : random.pick(files);
      const test = `${file}::test_${100 + tests.length}`;
      tests.push(test);
      added.set(test, birth);
      pull.adds.add(birth);
      if (random.chance(0.5)) {
        const id = `d${defects.size}`;
        defects.set(id, { id, tests: [test], rate: 1, drift: () => `${test}#${id}` });
        pull.adds.add(id);
      }
    }
  };
  const pushTo = (pull: PullRequest): void => {
    const head = pull.heads.at(-1) ?? pull.mergeBase;
    pull.heads.push(addCommit(withChange(pull.mergeBase.tree, pull), [head.sha]));
    runPullRequest(pull);
  };
  const openPullRequest = (): void => {
    const mergeBase = shape.fastForwards || random.chance(0.6) ? tip() : random.pick(main.slice(-6));
    number++;
    const pull: PullRequest = {
      number,
      branch: `feature-${number}`,
      adds: new Set(),
      removes: new Set(),
      mergeBase,
      heads: [],
      isRed: false,
    };
    // Some are made from another open branch: what that one broke is theirs as well.
    const parent = open.length > 0 && random.chance(0.08) ? random.pick(open) : undefined;
    if (parent !== undefined) {
      pull.mergeBase = parent.mergeBase;
      pull.adds = new Set(parent.adds);
      pull.removes = new Set(parent.removes);
      pull.heads = [...parent.heads];
    }
    changeSomething(pull, pull.mergeBase.tree);
    open.push(pull);
    pushTo(pull);
  };
  const repair = (pull: PullRequest): void => {
    for (const id of pull.adds) if (defects.has(id) && random.chance(0.8)) pull.adds.delete(id);
    if (random.chance(0.1)) changeSomething(pull, pull.mergeBase.tree);
    if (random.chance(0.2)) {
      // The branch merges main in.
      pull.mergeBase = tip();
      const head = pull.heads.at(-1);
      if (head !== undefined)
        pull.heads.push(addCommit(withChange(pull.mergeBase.tree, pull), [head.sha, pull.mergeBase.sha]));
      runPullRequest(pull);
      return;
    }
    pushTo(pull);
  };
  const merge = (pull: PullRequest): void => {
    const before = tip();
    const head = pull.heads.at(-1);
    if (head === undefined) return;
    open.splice(open.indexOf(pull), 1);
    // A branch that merged main in has another first-parent order: it is merged by a merge commit.
    const isForward =
      shape.fastForwards &&
      pull.mergeBase === before &&
      pull.heads.every(({ parents }) => parents.length === 1);
    const commit = isForward ? head : addCommit(withChange(before.tree, pull), [before.sha, head.sha]);
    if (shape.hasQueue)
      runJobs({
        gitSha: commit.sha,
        testedSha: commit.sha,
        parents: commit.parents,
        kind: 'head',
        branch: `gh-readonly-queue/main/pr-${pull.number}`,
        pullRequest: undefined,
        tree: commit.tree,
        baseTree: before.tree,
        change: {
          event: 'merge-group',
          baseBranch: 'main',
          isOnBaseBranch: false,
          mergeGroupBase: before.sha,
        },
      });
    if (isForward) for (const own of pull.heads) advanceMain(own);
    else advanceMain(commit);
    if (!shape.hasQueue && random.chance(shape.mainTested)) runMain(commit, before);
    for (const other of open.filter(({ heads }) => heads.includes(head))) {
      // A branch that was made from it takes main in, and leaves to main what came from there.
      for (const id of pull.adds) other.adds.delete(id);
      for (const id of pull.removes) other.removes.delete(id);
      const own = other.heads.at(-1) ?? other.mergeBase;
      other.mergeBase = tip();
      other.heads.push(addCommit(withChange(other.mergeBase.tree, other), [own.sha, other.mergeBase.sha]));
    }
  };

  advanceMain(addCommit(new Set(), []));
  runMain(tip(), undefined);
  const steps = random.between(60, 100);
  for (step = 1; step <= steps; step++) {
    now += Math.round(random.next() * 2 * shape.hoursBetween * hour);
    if (environment === undefined ? random.chance(0.008) : random.chance(0.15))
      environment =
        environment === undefined
          ? {
              tests: Array.from({ length: random.between(1, 4) }, () => random.pick(tests)),
              drift: `environment#${step}`,
            }
          : undefined;
    const roll = random.next();
    const pull = open.length > 0 ? random.pick(open) : undefined;
    if (roll < 0.04) {
      const at = random.between(Math.max(0, main.length - 12), main.length - 1);
      const old = main[at];
      // Somebody runs an old commit of main again, sometimes a part of it only.
      if (old !== undefined) runMain(old, main[at - 1], random.chance(0.3) ? files.slice(0, 5) : undefined);
    } else if (roll < 0.07) runMain(tip(), main.at(-2));
    else if (roll < 0.07 + 0.2 * shape.directPushes && !shape.hasQueue) {
      const before = tip();
      const change = { adds: new Set<string>(), removes: new Set<string>() };
      changeSomething(change, before.tree);
      let last = before;
      for (let n = random.pick([1, 1, 1, 2, 4]); n > 0; n--) {
        last = addCommit(n === 1 ? withChange(before.tree, change) : before.tree, [last.sha]);
        advanceMain(last);
      }
      if (random.chance(shape.mainTested)) runMain(last, before);
    } else if (pull === undefined || (roll < 0.4 && open.length < 4)) openPullRequest();
    else if (pull.isRed ? random.chance(0.8) : random.chance(0.15)) repair(pull);
    else merge(pull);
  }
  const commitsAt = (place: number) =>
    [...commits.values()].map(({ sha, position, committedAt, mergedAt }) => ({
      sha,
      position: mergedAt <= place ? position : undefined,
      committedAt,
    }));
  const isInTree = (file: string, sha: string | undefined): boolean | undefined => {
    const tree =
      sha === undefined || shape.isShallow || shape.order !== 'positions' ? undefined : trees.get(sha);
    if (tree === undefined) return undefined;
    return tests.some((test) => {
      const birth = added.get(test);
      return fileOf(test) === file && (birth === undefined || tree.has(birth));
    });
  };
  return { seed, runs, commitsAt, trees, fileOf, isInTree, addedBy: (test) => added.get(test) };
}
