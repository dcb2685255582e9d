// The judging's part that follows renamed tests: names from the database, moved files and sources from git, decided in judge.

import { posix } from 'node:path';
import type { CommitHistory } from './context/commits.ts';
import { functionIdOf, missingTests, renameCandidates } from './judge/changes.ts';
import type { ChangesFacts } from './judge/facts.ts';
import { comparePairs, type FunctionSource } from './judge/likeness.ts';
import { followRenames, functionOf, type Renames, type SourceLikeness } from './judge/renames.ts';
import type { Passes, TestPair, TestRow } from './model.ts';
import { functionsIn } from './read/functions.ts';
import type { Database } from './store/database/port.ts';
import { readFormerNames } from './store/history/aliases.ts';
import { readFunctionOrder } from './store/history/changes.ts';
import { type EvidenceRun, type RunQuery, readNamedRows } from './store/history/evidence.ts';
import type { Access } from './store/schema/access.ts';

/** What the run is compared with. */
export interface RenameQuery extends RunQuery {
  readonly there: readonly EvidenceRun[];
  /** The run has all tests that were asked for. */
  readonly isComplete: boolean;
  readonly facts: Pick<ChangesFacts, 'tests' | 'files'>;
  /** The run's failures. */
  readonly redHere: readonly TestRow[];
  /** undefined where git does not know both commits. */
  readonly commits:
    | {
        readonly git: CommitHistory;
        readonly from: string;
        readonly to: string;
        readonly project: string;
        /** See ChangeSource. */
        readonly readEdited: ((path: string) => string | undefined) | undefined;
        /** See ChangeSource. */
        readonly readServerFiles?:
          | ((sha: string, paths: readonly string[]) => Promise<ReadonlyMap<string, string> | undefined>)
          | undefined;
      }
    | undefined;
}

/** With more differences some were left out: which name is alone then cannot be known. */
const mostDifferences = 5000;
/** More functions are compared by their names alone. */
const mostCompared = 1000;

/** Tests that failed at the point and are gone. */
const mostRed = 500;
/** Files with uncommitted changes that are read. */
const mostEdited = 300;

const isFunction = (name: string, id: string) =>
  name === id || (name.startsWith(id) && name.charAt(id.length) === '[');

/**
 * Finds the tests of the point that are other names of tests of this run. Inside no transaction; undefined where there is nothing
 * to look for.
 */
export async function findRenames(
  inTeam: <T>(work: () => Promise<T>) => Promise<T>,
  db: Database,
  access: Access,
  query: RenameQuery,
): Promise<Renames | undefined> {
  const { facts, commits } = query;
  if (facts.tests.length >= mostDifferences) return undefined;
  const candidates = renameCandidates(facts, query.isComplete);
  const gone = byFunction(candidates.gone);
  const came = byFunction(candidates.came);
  if (gone.size === 0 || came.size === 0) return undefined;
  const files = [...new Set([...candidates.gone, ...candidates.came].map(({ testFile }) => testFile))];
  const red = candidates.gone.flatMap(({ testName, there }) => (there === 'failed' ? [testName] : []));
  const stored = await inTeam(async () => ({
    order: await readFunctionOrder(db, access, query, files),
    former: await readFormerNames(db, access, query, [...came.keys()]),
    redThere: await readNamedRows(db, access, query, { names: red.slice(0, mostRed), runs: query.there }),
  }));
  const here = new Set(stored.order.here);
  const there = new Set(stored.order.there);
  for (const id of gone.keys()) if (here.has(id)) gone.delete(id);
  for (const id of came.keys()) if (there.has(id)) came.delete(id);

  const moved = commits === undefined ? [] : await movedFiles(commits);
  const sources = commits && (await readSources({ gone, came, moved: new Map(moved) }, commits));
  for (const id of sources?.notGone ?? []) gone.delete(id);
  for (const id of sources?.notCome ?? []) came.delete(id);
  // A function of both sides keeps its place among the others; of those that only one side has, the candidates alone count.
  const namesOf = (
    functions: readonly string[],
    open: ReadonlyMap<string, readonly string[]>,
    others: ReadonlySet<string>,
  ) => functions.flatMap((id) => (others.has(id) ? [id] : (open.get(id) ?? [])));
  return followRenames({
    before: namesOf(stored.order.there, gone, here),
    after: namesOf(stored.order.here, came, there),
    movedFiles: moved,
    known: [...stored.former].flatMap(([to, [from]]) => (from === undefined ? [] : [{ from, to }])),
    sources: sources?.likeness,
    failures: { before: failuresOf(stored.redThere), after: failuresOf(query.redHere) },
  });
}

/** Test name -> error and statement, of failures that have both. */
function failuresOf(rows: readonly TestRow[]): ReadonlyMap<string, string> {
  return new Map(
    rows.flatMap(({ testName, errorType, statement }): [string, string][] =>
      errorType === undefined || statement === undefined ? [] : [[testName, `${errorType} ${statement}`]],
    ),
  );
}

function byFunction(
  tests: readonly { readonly testName: string; readonly testFile: string; readonly testFunction: string }[],
): Map<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const test of tests) {
    const id = functionIdOf(test);
    if (!isFunction(test.testName, id)) continue;
    const names = found.get(id);
    if (names === undefined) found.set(id, [test.testName]);
    else names.push(test.testName);
  }
  return found;
}

type Commits = NonNullable<RenameQuery['commits']>;

/** Files are named from pytest's rootdir; git names them from the repository's root. */
async function movedFiles({ git, from, to, project }: Commits): Promise<[from: string, to: string][]> {
  const moved = (await git.renames(from, to)) ?? new Map<string, string>();
  const inProject = (file: string) => {
    const path = posix.relative(project, file);
    return path.startsWith('..') ? undefined : path;
  };
  return [...moved].flatMap(([before, after]): [string, string][] => {
    const [old, now] = [inProject(before), inProject(after)];
    return old === undefined || now === undefined ? [] : [[old, now]];
  });
}

interface Sources {
  /** Not run here, and still in the source: left out of this run, not gone. */
  readonly notGone: readonly string[];
  /** Not run there, though in the source. */
  readonly notCome: readonly string[];
  readonly likeness: SourceLikeness | undefined;
}

/** Looks into the sources of what git did not move as it is; undefined where that is too much. */
async function readSources(
  {
    gone,
    came,
    moved,
  }: {
    readonly gone: ReadonlyMap<string, unknown>;
    readonly came: ReadonlyMap<string, unknown>;
    readonly moved: ReadonlyMap<string, string>;
  },
  commits: Commits,
): Promise<Sources | undefined> {
  const fileOf = (id: string) => id.slice(0, id.indexOf('::'));
  const inMovedFile = (id: string) => `${moved.get(fileOf(id)) ?? fileOf(id)}${id.slice(fileOf(id).length)}`;
  const arrived = new Set([...gone.keys()].map(inMovedFile).filter((id) => came.has(id)));
  const left = [...gone.keys()].filter((id) => !arrived.has(inMovedFile(id)));
  const arriving = [...came.keys()].filter((id) => !arrived.has(id));
  if (left.length === 0 || arriving.length === 0) return undefined;
  if (left.length > mostCompared || arriving.length > mostCompared) return undefined;
  const files = [...new Set([...left, ...arriving].map(fileOf))];
  const [before, after] = await Promise.all([
    readFunctions(files, commits, (paths) => openThere(paths, commits)),
    readFunctions(files, commits, (paths) => openHere(paths, commits)),
  ]);
  const notGone = left.filter((id) => after.has(id));
  const notCome = arriving.filter((id) => before.has(id));
  const sourcesOf = (ids: readonly string[], without: readonly string[], known: typeof before) => {
    const excluded = new Set(without);
    return ids.flatMap((id): FunctionSource[] => {
      const tokens = excluded.has(id) ? undefined : known.get(id);
      return tokens === undefined ? [] : [{ id, tokens }];
    });
  };
  const [old, now] = [sourcesOf(left, notGone, before), sourcesOf(arriving, notCome, after)];
  const pairs = comparePairs(old, now);
  return {
    notGone,
    notCome,
    likeness: pairs && { known: new Set([...old, ...now].map(({ id }) => id)), pairs },
  };
}

/** Sources at the point: from git, or from the server where the clone lacks that commit. */
async function openThere(
  paths: readonly string[],
  { git, from, readServerFiles }: Commits,
): Promise<ReadonlyMap<string, string>> {
  const found = await git.sources(from, paths);
  if (found.size > 0 || readServerFiles === undefined) return found;
  const isHere = (await git.commits([from])).length > 0;
  return (isHere ? undefined : await readServerFiles(from, paths)) ?? found;
}

async function openHere(
  paths: readonly string[],
  { git, to, readEdited }: Commits,
): Promise<ReadonlyMap<string, string>> {
  return readEdited === undefined
    ? git.sources(to, paths)
    : new Map(paths.slice(0, mostEdited).map((path) => [path, readEdited(path) ?? '']));
}

async function readFunctions(
  files: readonly string[],
  { project }: Commits,
  open: (paths: readonly string[]) => Promise<ReadonlyMap<string, string>>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const texts = await open(files.map((file) => posix.join(project, file)));
  return new Map(
    files.flatMap((file) =>
      functionsIn(texts.get(posix.join(project, file)) ?? '').map(
        ({ path, tokens }) => [`${file}::${path}`, tokens] as const,
      ),
    ),
  );
}

/**
 * The tests, and of those that this run lacks whether the source still has their functions, as after `-k` and `-m`. A function of
 * which the run has other parameters was not deselected.
 */
export async function withSources(
  inTeam: <T>(work: () => Promise<T>) => Promise<T>,
  db: Database,
  access: Access,
  query: Omit<RenameQuery, 'redHere'>,
): Promise<readonly TestPair[]> {
  const { facts, commits } = query;
  const { tests } = facts;
  const missing = commits === undefined ? [] : missingTests(facts, query.isComplete);
  if (commits === undefined || missing.length === 0 || tests.length >= mostDifferences) return tests;
  const files = [...new Set(missing.map(({ testFile }) => testFile))];
  const sources = await readFunctions(files, commits, (paths) => openHere(paths, commits));
  const kept = missing.filter((test) => sources.has(functionIdOf(test)));
  if (kept.length === 0) return tests;
  const ran = new Set((await inTeam(() => readFunctionOrder(db, access, query, files))).here);
  const deselected = new Set(kept.filter((test) => !ran.has(functionIdOf(test))));
  return tests.map((test) => (deselected.has(test) ? { ...test, isInSourceHere: true } : test));
}

/** What the judged run's tests were called before, and which rows they have under those names. */
export interface FormerQuery extends RunQuery {
  /** The judged run. */
  readonly run: EvidenceRun;
  readonly renames: Renames | undefined;
  /** Stored former names of failing functions. */
  readonly stored: ReadonlyMap<string, readonly string[]>;
  readonly failing: readonly string[];
  /** Tests that failed at the point, by their names there. */
  readonly failedThere: ReadonlySet<string>;
  /** What was read under the names of today. */
  readonly rows: readonly TestRow[];
  readonly passes: Passes;
  readonly runs: readonly EvidenceRun[];
}

export interface FormerTests {
  /** Failing test -> its former names, the latest first. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Rows under former names, as rows of the name now: of runs that have no row of the latter. */
  readonly rows: readonly TestRow[];
}

/** Renamed tests of interest that are looked up. */
const mostFormer = 2000;

/** Follows renamed tests back, in a transaction of the team; undefined where none that failed here or at the point was renamed. */
export async function readFormerTests(
  db: Database,
  access: Access,
  query: FormerQuery,
): Promise<FormerTests | undefined> {
  const renamedNow = new Map(query.renames?.functions.map(({ from, to }) => [to, from]));
  const repaired = (query.renames?.renamed ?? []).flatMap(({ from, to }) =>
    query.failedThere.has(from) ? [to] : [],
  );
  const tests = [...new Set([...query.failing, ...repaired])].flatMap((name) => {
    const id = functionOf(name);
    const former = renamedNow.get(id);
    return former === undefined && !query.stored.has(id) ? [] : [{ name, id, former }];
  });
  if (tests.length === 0) return undefined;
  const asked = tests.slice(0, mostFormer);
  const earlier = await readFormerNames(db, access, query, [
    ...new Set(asked.flatMap(({ former }) => former ?? [])),
  ]);
  const chains = new Map(
    asked.map(({ name, id, former }) => [
      name,
      (former === undefined ? (query.stored.get(id) ?? []) : [former, ...(earlier.get(former) ?? [])]).map(
        (one) => one + name.slice(id.length),
      ),
    ]),
  );
  const found = new Map<string, TestRow[]>();
  const names = [...new Set([...chains].flatMap(([now, former]) => [now, ...former]))];
  for (const row of await readNamedRows(db, access, query, { names, runs: [query.run, ...query.runs] }))
    found.set(row.testName, [...(found.get(row.testName) ?? []), row]);
  // A test of this run is no former name of another one: the rename was of another branch, or was undone.
  const isHere = (name: string) => found.get(name)?.some(({ runId }) => runId === query.runId) === true;
  for (const [now, former] of chains) {
    const end = former.findIndex(isHere);
    if (end >= 0) chains.set(now, former.slice(0, end));
  }
  const { runIds, places } = query.passes;
  const passedIn = (name: string) => (places.get(name) ?? []).flatMap((place) => runIds[place] ?? []);
  const known = new Map([...chains.keys()].map((name) => [name, new Set(passedIn(name))]));
  for (const { testName, runId } of query.rows) known.get(testName)?.add(runId);
  const failing = new Set(query.failing);
  return {
    names: new Map([...chains].filter(([name, former]) => failing.has(name) && former.length > 0)),
    rows: [...chains].flatMap(([now, former]) => {
      const taken = known.get(now) ?? new Set<string>();
      return [now, ...former].flatMap((name) =>
        (found.get(name) ?? []).flatMap((row): TestRow[] => {
          if (taken.has(row.runId)) return [];
          taken.add(row.runId);
          return [{ ...row, testName: now }];
        }),
      );
    }),
  };
}
