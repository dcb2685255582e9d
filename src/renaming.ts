// The judging's part that follows renamed tests: names from the database, moved files and sources from git, decided in judge.
import { posix } from 'node:path';
import type { CommitHistory } from './context/commits.ts';
import { functionIdOf, renameCandidates } from './judge/changes.ts';
import type { ChangesFacts, TestRow } from './judge/facts.ts';
import { comparePairs, type FunctionSource } from './judge/likeness.ts';
import { followRenames, functionOf, type Renames, type SourceLikeness } from './judge/renames.ts';
import { functionsIn } from './read/functions.ts';
import type { Database } from './store/database/port.ts';
import { readFormerNames } from './store/history/aliases.ts';
import { readFunctionOrder } from './store/history/changes.ts';
import {
  type EvidenceRow,
  type EvidenceRun,
  type RunQuery,
  readNamedRows,
} from './store/history/evidence.ts';
import type { Access } from './store/schema/access.ts';

/** What the run is compared with. */
export interface RenameQuery extends RunQuery {
  readonly there: readonly EvidenceRun[];
  /** The run has all tests that were asked for. */
  readonly isComplete: boolean;
  readonly facts: Pick<ChangesFacts, 'tests' | 'files'>;
  /** undefined where git does not know both commits. */
  readonly commits:
    | {
        readonly git: CommitHistory;
        readonly from: string;
        readonly to: string;
        readonly project: string;
        /** See ChangeSource. */
        readonly readEdited: ((path: string) => string | undefined) | undefined;
      }
    | undefined;
}

/** With more differences some were left out: which name is alone then cannot be known. */
const mostDifferences = 5000;
/** More functions are compared by their names alone. */
const mostCompared = 1000;

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
  const { order, former } = await inTeam(async () => ({
    order: await readFunctionOrder(db, access, query, files),
    former: await readFormerNames(db, access, query, [...came.keys()]),
  }));
  const here = new Set(order.here);
  const there = new Set(order.there);
  // A function of both sides keeps its place among the others; of those that only one side has, the candidates alone count.
  const namesOf = (
    functions: readonly string[],
    open: ReadonlyMap<string, readonly string[]>,
    others: ReadonlySet<string>,
  ) => functions.flatMap((id) => (others.has(id) ? [id] : (open.get(id) ?? [])));
  const moved = commits === undefined ? [] : await movedFiles(commits);
  const movedTo = new Map(moved);
  const inMovedFile = (id: string) => {
    const file = id.slice(0, id.indexOf('::'));
    return `${movedTo.get(file) ?? file}${id.slice(file.length)}`;
  };
  // What git moved as it is needs no look into the source.
  const isMoved = (id: string) => came.has(inMovedFile(id)) && !here.has(id);
  const unmoved = [...gone.keys()].filter((id) => !here.has(id) && !isMoved(id));
  const arrived = new Set([...gone.keys()].filter(isMoved).map(inMovedFile));
  const unexplained = [...came.keys()].filter((id) => !there.has(id) && !arrived.has(id));
  return followRenames({
    before: namesOf(order.there, gone, here),
    after: namesOf(order.here, came, there),
    movedFiles: moved,
    known: [...former].flatMap(([to, [from]]) => (from === undefined ? [] : [{ from, to }])),
    sources: commits && (await likenessOf(unmoved, unexplained, commits)),
    failures: { before: new Map(), after: new Map() },
  });
}

function byFunction(
  tests: readonly { readonly testName: string; readonly testFile: string; readonly testFunction: string }[],
): ReadonlyMap<string, readonly string[]> {
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

async function likenessOf(
  gone: readonly string[],
  came: readonly string[],
  { git, from, to, project, readEdited }: Commits,
): Promise<SourceLikeness | undefined> {
  if (gone.length > mostCompared || came.length > mostCompared) return undefined;
  const read = async (
    ids: readonly string[],
    open: (paths: readonly string[]) => Promise<ReadonlyMap<string, string>>,
  ): Promise<FunctionSource[]> => {
    const files = new Set(ids.map((id) => id.slice(0, id.indexOf('::'))));
    const texts = await open([...files].map((file) => posix.join(project, file)));
    const wanted = new Set(ids);
    return [...files].flatMap((file) =>
      functionsIn(texts.get(posix.join(project, file)) ?? '').flatMap(({ path, tokens }) => {
        const id = `${file}::${path}`;
        return wanted.has(id) ? [{ id, tokens }] : [];
      }),
    );
  };
  const [before, after] = await Promise.all([
    read(gone, (paths) => git.sources(from, paths)),
    read(came, async (paths) =>
      readEdited === undefined
        ? git.sources(to, paths)
        : new Map(paths.slice(0, mostEdited).map((path) => [path, readEdited(path) ?? ''])),
    ),
  ]);
  const pairs = comparePairs(before, after);
  return pairs && { known: new Set([...before, ...after].map(({ id }) => id)), pairs };
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
  readonly rows: readonly EvidenceRow[];
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
  const found = new Map<string, EvidenceRow[]>();
  const names = [...new Set([...chains].flatMap(([now, former]) => [now, ...former]))];
  for (const row of await readNamedRows(db, access, query, { names, runs: [query.run, ...query.runs] }))
    found.set(row.testName, [...(found.get(row.testName) ?? []), row]);
  // A test of this run is no former name of another one: the rename was of another branch, or was undone.
  const isHere = (name: string) => found.get(name)?.some(({ runId }) => runId === query.runId) === true;
  for (const [now, former] of chains) {
    const end = former.findIndex(isHere);
    if (end >= 0) chains.set(now, former.slice(0, end));
  }
  const known = new Map<string, Set<string>>();
  for (const { testName, runId } of query.rows)
    if (chains.has(testName)) known.set(testName, (known.get(testName) ?? new Set()).add(runId));
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
