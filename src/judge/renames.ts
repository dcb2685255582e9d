// Which test of an earlier run is which test of this run under another name. Pure; knows names, their order, what failed, which
// files git found moved, and how alike the functions' sources are. What it follows was measured on public histories
// (`npm run quality`).
import type { NameChain } from '../model.ts';
import { distance } from '../nearest.ts';
import { type LikePair, leastTold } from './likeness.ts';

export interface RenameFacts {
  /** Names of the earlier run's tests, in the report's order. */
  readonly before: readonly string[];
  /** Names of this run's tests, in the report's order. */
  readonly after: readonly string[];
  /** Files that git found moved; none where git could not be asked. */
  readonly movedFiles: readonly (readonly [from: string, to: string])[];
  /** Renames of functions (`file::Class::function`) that an earlier run showed. */
  readonly known?: readonly Rename[] | undefined;
  /** How alike the sources of gone functions and of those that came are; undefined where git could not give them. */
  readonly sources?: SourceLikeness | undefined;
  /** Test name -> error and statement as one text (a signature), for the failures of the earlier run and of this one. */
  readonly failures: {
    readonly before: ReadonlyMap<string, string>;
    readonly after: ReadonlyMap<string, string>;
  };
}

export interface SourceLikeness {
  /** Functions (`file::Class::function`) of either side whose source is known. */
  readonly known: ReadonlySet<string>;
  readonly pairs: readonly LikePair[];
}

export interface Rename {
  readonly from: string;
  readonly to: string;
}

export interface Renames {
  /** Whole test names, a pair for each parameter; in this run's order. */
  readonly renamed: readonly Rename[];
  /** The same without parameters: `file::Class::function`. */
  readonly functions: readonly Rename[];
  /** Functions of both runs (by this run's name) with other parameters. */
  readonly parametersChanged: readonly string[];
  /** Without the above, in their run's order. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** A test function of one run. */
interface TestFunction {
  /** `file::Class::function`. */
  readonly id: string;
  readonly file: string;
  /** `Class::function`. */
  readonly path: string;
  readonly name: string;
  /** Whole names of its tests. */
  readonly tests: string[];
}

type Functions = ReadonlyMap<string, TestFunction>;

/** Names in place that share less are as often two tests as one: of public histories' pairs, 22 % without this, 0.3 % with it. */
const leastLikeName = 0.65;
/** The same, where sources are known to share less than this. */
const leastLikeInPlace = 0.5;
/** Sources under other names that share less are more often two tests. */
const leastLikeSource = 0.7;
/** In another file or class, under another name. */
const leastLikeElsewhere = 0.85;
/** The next best pair must be so far behind: copies of one test are alike. */
const leastAhead = 0.02;
/** Like names and equal places decide between sources that are equally alike, and lift none over the threshold. */
const weights = { name: 0.2, file: 0.025, group: 0.025 } as const;

/**
 * Follows renamed tests, surest evidence first: files that git found moved, sources that are alike, equal names gone in one place
 * and come in one other, the same failure, the same place between equal neighbours. Each is one to one and unique both ways;
 * everything else is removed and added.
 */
export function followRenames(facts: RenameFacts): Renames {
  const before = functionsOf(facts.before);
  const after = functionsOf(facts.after);
  const pairs = new Map<TestFunction, TestFunction>();
  const gone = new Set([...before.values()].filter(({ id }) => !after.has(id)));
  const came = new Set([...after.values()].filter(({ id }) => !before.has(id)));
  const { sources } = facts;
  const likenessOf = new Map(sources?.pairs.map(({ from, to, likeness }) => [`${from}\n${to}`, likeness]));
  /** Both sources are known and share too little: names say nothing then. */
  const isUnlike = (from: TestFunction, to: TestFunction, least = leastTold) =>
    sources?.known.has(from.id) === true &&
    sources.known.has(to.id) &&
    (likenessOf.get(`${from.id}\n${to.id}`) ?? 0) < least;
  const follow = (found: readonly (readonly [TestFunction, TestFunction])[]) => {
    for (const [from, to] of found) {
      if (isUnlike(from, to)) continue;
      pairs.set(from, to);
      gone.delete(from);
      came.delete(to);
    }
  };
  const movedTo = new Map(facts.movedFiles);
  const fileNow = (file: string) => movedTo.get(file) ?? file;
  const followEqual = (
    keyBefore: (test: TestFunction) => string | undefined,
    keyAfter: (test: TestFunction) => string | undefined,
  ) => {
    if (gone.size > 0 && came.size > 0) follow(uniquePairs(gone, came, keyBefore, keyAfter));
  };
  const both = (key: (test: TestFunction) => string | undefined) => followEqual(key, key);

  followEqual(
    ({ file, path }) => (movedTo.has(file) ? `${movedTo.get(file)}::${path}` : undefined),
    ({ id }) => id,
  );
  const knownTo = new Map(facts.known?.map(({ from, to }) => [from, to]));
  followEqual(
    ({ id }) => knownTo.get(id),
    ({ id }) => id,
  );
  const likely = scorePairs(sources?.pairs ?? [], { before, after, fileNow });
  for (let found = bestPairs(likely, gone, came); found.length > 0; found = bestPairs(likely, gone, came))
    follow(found);
  both(({ path }) => path);
  followEqual(
    ({ file, name }) => `${fileNow(file)}::${name}`,
    ({ file, name }) => `${file}::${name}`,
  );
  both(({ name }) => name);
  const failureOf = (failures: ReadonlyMap<string, string>, { tests }: TestFunction) =>
    tests.map((test) => failures.get(test)).find((failure) => failure !== undefined);
  const inFile = (file: string, failure: string | undefined) => failure && `${file} ${failure}`;
  followEqual(
    (test) => inFile(fileNow(test.file), failureOf(facts.failures.before, test)),
    (test) => inFile(test.file, failureOf(facts.failures.after, test)),
  );
  if (gone.size > 0 && came.size > 0) {
    const slots = slotsOf(
      after,
      came,
      ({ file }) => file,
      ({ id }) => id,
    );
    const idNow = (test: TestFunction) => (pairs.get(test) ?? test).id;
    for (const [slot, from] of slotsOf(before, gone, ({ file }) => fileNow(file), idNow)) {
      const to = slots.get(slot);
      if (
        from !== undefined &&
        to !== undefined &&
        likenessOfNames(from.name, to.name) >= leastLikeName &&
        !isUnlike(from, to, leastLikeInPlace)
      )
        follow([[from, to]]);
    }
  }
  return resultOf({ before, after, pairs, gone, came });
}

/** Two functions whose sources are alike. */
interface LikelyPair {
  readonly from: TestFunction;
  readonly to: TestFunction;
  readonly score: number;
}

function scorePairs(
  pairs: readonly LikePair[],
  {
    before,
    after,
    fileNow,
  }: { readonly before: Functions; readonly after: Functions; readonly fileNow: (file: string) => string },
): readonly LikelyPair[] {
  return pairs.flatMap((pair): LikelyPair[] => {
    const [from, to] = [before.get(pair.from), after.get(pair.to)];
    if (from === undefined || to === undefined) return [];
    const isSameFile = fileNow(from.file) === to.file;
    const isSameGroup = groupOf(from) === groupOf(to);
    const isHere = (isSameFile && isSameGroup) || from.name === to.name;
    if (pair.likeness < (isHere ? leastLikeSource : leastLikeElsewhere)) return [];
    const score =
      pair.likeness +
      weights.name * likenessOfNames(from.name, to.name) +
      (isSameFile ? weights.file : 0) +
      (isSameGroup ? weights.group : 0);
    return [{ from, to, score }];
  });
}

/** The pairs that are the best one for both, and ahead of the next best of either. */
function bestPairs(
  pairs: readonly LikelyPair[],
  gone: ReadonlySet<TestFunction>,
  came: ReadonlySet<TestFunction>,
): [TestFunction, TestFunction][] {
  const open = pairs.filter(({ from, to }) => gone.has(from) && came.has(to));
  const best = new Map<TestFunction, { pair: LikelyPair; next: number }>();
  for (const pair of open) {
    for (const test of [pair.from, pair.to]) {
      const known = best.get(test);
      if (known === undefined) best.set(test, { pair, next: 0 });
      else if (pair.score > known.pair.score) best.set(test, { pair, next: known.pair.score });
      else known.next = Math.max(known.next, pair.score);
    }
  }
  return open.flatMap((pair): [TestFunction, TestFunction][] =>
    [pair.from, pair.to].every((test) => {
      const found = best.get(test);
      return found?.pair === pair && pair.score - found.next >= leastAhead;
    })
      ? [[pair.from, pair.to]]
      : [],
  );
}

/** The classes of a function: `Class::`. */
function groupOf({ path, name }: TestFunction): string {
  return path.slice(0, path.length - name.length);
}

/** `file::Class::function` of a test: its name without parameters. */
export function functionOf(testName: string): string {
  const bracket = testName.indexOf('[');
  return bracket < 0 ? testName : testName.slice(0, bracket);
}

function functionsOf(names: readonly string[]): Functions {
  const functions = new Map<string, TestFunction>();
  for (const test of names) {
    const id = functionOf(test);
    const known = functions.get(id);
    if (known !== undefined) {
      known.tests.push(test);
      continue;
    }
    const file = id.slice(0, Math.max(0, id.indexOf('::')));
    const path = id.slice(file === '' ? 0 : file.length + 2);
    functions.set(id, {
      id,
      file,
      path,
      name: path.slice(path.lastIndexOf('::') + (path.includes('::') ? 2 : 1)),
      tests: [test],
    });
  }
  return functions;
}

/** Pairs whose keys are equal, where no other test on either side has that key. */
function uniquePairs(
  gone: ReadonlySet<TestFunction>,
  came: ReadonlySet<TestFunction>,
  keyBefore: (test: TestFunction) => string | undefined,
  keyAfter: (test: TestFunction) => string | undefined,
): [TestFunction, TestFunction][] {
  const only = (tests: ReadonlySet<TestFunction>, keyOf: (test: TestFunction) => string | undefined) => {
    const byKey = new Map<string, TestFunction | undefined>();
    for (const test of tests) {
      const key = keyOf(test);
      if (key !== undefined) byKey.set(key, byKey.has(key) ? undefined : test);
    }
    return byKey;
  };
  const there = only(came, keyAfter);
  return [...only(gone, keyBefore)].flatMap(([key, from]): [TestFunction, TestFunction][] => {
    const to = there.get(key);
    return from === undefined || to === undefined ? [] : [[from, to]];
  });
}

/**
 * Where one test alone lies between two that stay, or the ends of its class: class and neighbours -> the test; undefined where
 * several lie there.
 */
function slotsOf(
  functions: Functions,
  open: ReadonlySet<TestFunction>,
  fileOf: (test: TestFunction) => string,
  idOf: (test: TestFunction) => string,
): Map<string, TestFunction | undefined> {
  const classes = new Map<string, TestFunction[]>();
  for (const test of functions.values()) {
    const key = `${fileOf(test)}::${groupOf(test)}`;
    const tests = classes.get(key);
    if (tests === undefined) classes.set(key, [test]);
    else tests.push(test);
  }
  const slots = new Map<string, TestFunction | undefined>();
  for (const [key, tests] of classes) {
    let previous = '';
    let between: TestFunction[] = [];
    for (const test of [...tests, undefined]) {
      if (test !== undefined && open.has(test)) {
        between.push(test);
        continue;
      }
      const next = test === undefined ? '' : idOf(test);
      if (between.length > 0)
        slots.set(`${key}\n${previous}\n${next}`, between.length === 1 ? between[0] : undefined);
      between = [];
      previous = next;
    }
  }
  return slots;
}

/** Edit distance of the names without `test_`, as a share of the longer one, from 1 (equal) to 0; long names are not compared. */
function likenessOfNames(from: string, to: string): number {
  if (from === to) return 1;
  const [a, b] = [from.replace(/^test_?/, ''), to.replace(/^test_?/, '')];
  const longest = Math.max(a.length, b.length);
  return longest > 0 && longest <= 300 ? 1 - distance(a, b) / longest : 0;
}

function resultOf(found: {
  readonly before: Functions;
  readonly after: Functions;
  readonly pairs: ReadonlyMap<TestFunction, TestFunction>;
  readonly gone: ReadonlySet<TestFunction>;
  readonly came: ReadonlySet<TestFunction>;
}): Renames {
  const renamed: Rename[] = [];
  const functions: Rename[] = [];
  const parametersChanged: string[] = [];
  const added: string[] = [];
  const earlier = new Map([...found.pairs].map(([from, to]) => [to, from]));
  for (const test of found.after.values()) {
    const from = earlier.get(test) ?? found.before.get(test.id);
    if (from === undefined) {
      added.push(...test.tests);
      continue;
    }
    const names = new Set(from.tests);
    const sameParameters = test.tests.filter((name) => names.has(`${from.id}${name.slice(test.id.length)}`));
    if (sameParameters.length !== test.tests.length || sameParameters.length !== from.tests.length)
      parametersChanged.push(test.id);
    if (from.id === test.id) continue;
    functions.push({ from: from.id, to: test.id });
    renamed.push(...sameParameters.map((to) => ({ from: `${from.id}${to.slice(test.id.length)}`, to })));
  }
  return {
    renamed,
    functions,
    parametersChanged,
    removed: [...found.gone].flatMap(({ tests }) => tests),
    added,
  };
}

/** More ways than these that one name went tell nothing. */
const mostChains = 10;

/** The chains of each function that one of them names. */
export type ChainIndex = ReadonlyMap<string, readonly NameChain[]>;

export function indexChains(chains: readonly NameChain[]): ChainIndex {
  const index = new Map<string, NameChain[]>();
  for (const chain of chains)
    for (const name of new Set(chain)) {
      const known = index.get(name);
      if (known === undefined) index.set(name, [chain]);
      else known.push(chain);
    }
  for (const [name, some] of index) if (some.length > mostChains) index.delete(name);
  return index;
}

/** All names that a test may have in other runs, its own the first. */
export function namesOfTest(testName: string, chains: ChainIndex): readonly string[] {
  const id = functionOf(testName);
  const names = (chains.get(id) ?? []).flat().map((name) => name + testName.slice(id.length));
  return [...new Set([testName, ...names])];
}

/**
 * The names of a test in some runs, the newest first; its name alone where it was not renamed there, or where it cannot be known: tests
 * of two of the names ran together, or the name went two ways.
 *
 * @param runsOf ids of those runs, as keys, that have a test
 */
export function followName(
  testName: string,
  chains: ChainIndex,
  runsOf: (testName: string) => ReadonlyMap<string, unknown> | undefined,
): readonly string[] {
  const id = functionOf(testName);
  const inTest = (name: string) => name + testName.slice(id.length);
  const isThere = (name: string) => (runsOf(inTest(name))?.size ?? 0) > 0;
  const ways = (chains.get(id) ?? []).filter(([newest]) => isThere(newest));
  const [chain] = ways;
  if (chain === undefined || ways.some(([newest]) => !chain.includes(newest))) return [testName];
  const names = chain.map(inTest);
  const ranTogether = (one: string, other: string) => {
    const [runs, others] = [runsOf(one), runsOf(other)];
    return one !== other && runs !== undefined && [...(others?.keys() ?? [])].some((run) => runs.has(run));
  };
  const end = names.findIndex((name, place) =>
    names.slice(0, place).some((later) => ranTogether(later, name)),
  );
  const followed = end < 0 ? names : names.slice(0, end);
  return followed.includes(testName) ? followed : [testName];
}

/**
 * The same for somebody who asks now: a name whose test ran after the last one of a later name stands for itself.
 *
 * @param runsOf of those runs that have a test, when they began
 */
export function followToNow(
  testName: string,
  chains: ChainIndex,
  runsOf: (testName: string) => ReadonlyMap<string, number> | undefined,
): readonly string[] {
  const names = followName(testName, chains, runsOf);
  const lastAt = (name: string) => Math.max(0, ...(runsOf(name)?.values() ?? []));
  const last = lastAt(names[0] ?? testName);
  return names.every((name) => lastAt(name) <= last) ? names : [testName];
}
