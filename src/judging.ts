// The use case's half that judges: facts about commits from git, about runs from the database, verdicts out. Joins context, store
// and judge, which do not know each other.
import { posix } from 'node:path';
import type { CommitHistory } from './context/commits.ts';
import { isBaseNeverTested } from './judge/base.ts';
import { shareMemories } from './judge/causes.ts';
import { changesOf } from './judge/changes.ts';
import { isHalf, olderWithout } from './judge/classify.ts';
import { isMemoryNoBetter } from './judge/confidence.ts';
import { changeRuns } from './judge/episodes.ts';
import type {
  ChangeFacts,
  ChangesFacts,
  CommitPlace,
  FileAtPoint,
  FilePair,
  FilesAtCommit,
  TestFacts,
} from './judge/facts.ts';
import {
  type FailureVerdict,
  type JudgedPoint,
  judgeInSteps,
  judgePoint,
  judgeTests,
  type TestVerdicts,
} from './judge/judge.ts';
import { defaultLimits } from './judge/limits.ts';
import type { Point } from './judge/point.ts';
import { functionOf } from './judge/renames.ts';
import { chooseMatch, isKnown } from './judge/tiers.ts';
import type {
  FailureHistory,
  Match,
  MemoryCandidate,
  NamedCommits,
  PulledFile,
  RunContext,
  RunHistory,
  TestRow,
  TotalsBefore,
  Warning,
} from './model.ts';
import { nearest } from './nearest.ts';
import { findRenames, readFormerTests, withSources } from './renaming.ts';
import type { Database } from './store/database/port.ts';
import { hasMatches } from './store/healix/credits.ts';
import type { MemoryTables } from './store/healix/matching.ts';
import { readFormerNames } from './store/history/aliases.ts';
import { readCoverageChange, readDifferences } from './store/history/changes.ts';
import {
  type EvidenceRun,
  type FileEvidence,
  isGreen,
  type MissingBase,
  planTests,
  type RunEvidence,
  type RunQuery,
  readFailures,
  readFileEvidence,
  readRunEvidence,
  readTestEvidence,
  type TestEvidence,
} from './store/history/evidence.ts';
import { lookAround, readMatches } from './store/history/matches.ts';
import { type Access, inTeam } from './store/schema/access.ts';

/** What is known of the change that a run tests, beyond what is stored. */
export interface ChangeSource {
  readonly context: Pick<RunContext, 'baseBranch' | 'gitBranch' | 'kind' | 'origin' | 'tested' | 'project'>;
  readonly named: NamedCommits;
  /** undefined outside a repository. */
  readonly git: CommitHistory | undefined;
  /** Reads a file of the repository as it was tested, where that is not its commit: uncommitted changes outside CI. */
  readonly readEdited?: ((path: string) => string | undefined) | undefined;
  /** Asks the server for the pull request's changed files: a shallow clone cannot say. undefined: there is nobody to ask, or no answer. */
  readonly readPulledFiles?: (() => Promise<readonly PulledFile[] | undefined>) | undefined;
  /** Asks the server for files of a commit that a shallow clone lacks, by path. undefined: as for readPulledFiles. */
  readonly readServerFiles?:
    | ((sha: string, paths: readonly string[]) => Promise<ReadonlyMap<string, string> | undefined>)
    | undefined;
}

export interface HistoryQuery extends RunQuery {
  /** The branch that somebody named. undefined: the one that CI named when the run was stored, else the default one. */
  readonly baseBranch: string | undefined;
  readonly change?: ChangeSource | undefined;
  /** See guessPlace; asked for where it is absent. */
  readonly guess?: Promise<FirstGuess> | undefined;
  /** It was stored by this program just now. */
  readonly isJustStored?: boolean | undefined;
  onWarning?(warning: Warning): void;
}

/** A run's history, and what it was judged by. */
export interface Judgement {
  readonly history: RunHistory;
  readonly judged: JudgedPoint;
  /** Reads the runs again, inside a transaction of the team: others may have come since. */
  readonly readAgain: () => Promise<JudgedRuns>;
  /** A memory was told in a run of this change, or its test failed in one. */
  readonly isMatched: boolean;
  /** Which tables have memories; undefined where nobody asked. */
  readonly memories: MemoryTables | undefined;
}

/**
 * Judges one stored run of the access's team.
 *
 * @throws StoreError `run-unknown` when the team has no such run
 */
export async function judgeStored(db: Database, access: Access, query: HistoryQuery): Promise<RunHistory> {
  return (await judgeRun(db, access, query)).history;
}

/** The runs that there are, and which of them count. */
export interface JudgedRuns {
  readonly judged: JudgedPoint;
  readonly evidence: RunEvidence;
}

/** @throws as judgeStored */
export async function judgeRun(db: Database, access: Access, query: HistoryQuery): Promise<Judgement> {
  const { change } = query;
  const judgeRuns = (found: RunEvidence, git: GitPlace | undefined): JudgedRuns => ({
    evidence: found,
    judged: judgePoint({
      run: found.run,
      runs: found.runs,
      change: changeFacts(found, change, git),
      commits: commitPlaces(found, git),
    }),
  });
  const { evidence, git, readAgain, facts } = await readRuns(db, access, query, (found, place) =>
    readFacts(db, access, query, found, () => judgeRuns(found, place).judged),
  );
  return {
    history: await decideHistory(db, access, query, evidence, facts),
    judged: facts.judged,
    readAgain: async () => judgeRuns(await readAgain(), git),
    isMatched: facts.isMatched,
    memories: facts.around?.tables,
  };
}

/** A separate function, so that what was read can be freed when it returns: all tests may have failed. */
async function decideHistory(
  db: Database,
  access: Access,
  query: HistoryQuery,
  evidence: RunEvidence,
  facts: Awaited<ReturnType<typeof readFacts>>,
): Promise<RunHistory> {
  const { runId, createdAt, change } = query;
  const { judged, there } = facts;
  const { point } = judged;
  const { baseBranch } = evidence;
  if (
    point === undefined &&
    baseBranch !== undefined &&
    isBaseNeverTested(evidence.run, evidence.runs, baseBranch)
  )
    query.onWarning?.(neverTested(baseBranch));

  const { differences } = facts;
  const differing = (differences?.files ?? []).map(({ file }) => file);
  const [inPoint, inThis] = await Promise.all([
    // Files of failures tell something only where there is no verdict without them.
    filesIn(change, point?.sha, [...(facts.verdicts === undefined ? facts.files : []), ...differing]),
    filesHere(change, evidence.run.testedSha, differing),
  ]);
  const pairs: Pick<ChangesFacts, 'tests' | 'files'> | undefined = differences && {
    tests: differences.tests,
    files: differences.files.map(
      (file): FilePair => ({
        ...file,
        isInTreeHere: inThis?.has(file.file),
        isInTreeThere: inPoint?.has(file.file),
      }),
    ),
  };
  const compared = {
    runId,
    createdAt,
    there,
    isComplete: evidence.run.isComplete,
    commits: commitsOf(change, point?.sha, evidence.run.testedSha),
  };
  const asTeam = <T>(work: () => Promise<T>) => inTeam(db, access, work);
  const changes = pairs && {
    ...pairs,
    tests: await withSources(asTeam, db, access, { ...compared, facts: pairs }),
  };
  const renames =
    changes &&
    (await findRenames(asTeam, db, access, {
      ...compared,
      facts: changes,
      redHere: facts.tests.rows.filter((row) => row.runId === runId),
    }));
  const asked = runsToRead(judged);
  const former =
    renames === undefined && facts.former.size === 0
      ? undefined
      : await inTeam(db, access, async () => {
          const tests = await readFormerTests(db, access, {
            runId,
            createdAt,
            run: evidence.run,
            renames,
            stored: facts.former,
            failing: facts.tests.failures.map(({ testName }) => testName),
            failedThere: new Set(
              changes?.tests.flatMap(({ testName, there: outcome }) =>
                outcome === 'failed' ? [testName] : [],
              ),
            ),
            rows: facts.tests.rows,
            passes: facts.tests.passes,
            runs: [...asked.own, ...asked.base, ...asked.others, ...asked.point],
          });
          return (
            tests && {
              rows: tests.rows,
              matches:
                tests.names.size === 0 || facts.around === undefined
                  ? undefined
                  : await readMatches(
                      db,
                      access,
                      query,
                      { ...facts.around, failures: facts.failures },
                      tests.names,
                    ),
            }
          );
        });
  // Judged again only for renamed tests, whose past has another name, and for tests that only their files tell about.
  const verdicts =
    (former === undefined ? facts.verdicts : undefined) ??
    (await judgeByFiles(db, access, query, {
      facts,
      inPoint: facts.verdicts === undefined ? inPoint : await filesIn(change, point?.sha, facts.files),
      formerRows: former?.rows ?? [],
    }));
  const renamedFrom = new Map(renames?.renamed.map(({ from, to }) => [to, from]));
  const verdictOf = new Map<string, FailureVerdict>();
  for (const [place, verdict] of verdicts.failures.entries())
    verdictOf.set(facts.tests.failures[place]?.testName ?? '', verdict);
  const matches = former?.matches ?? facts.matches;
  const failures: FailureHistory[] = [];
  for (const [index, failure] of facts.failures.entries()) {
    const { testName, causeKey } = failure;
    const verdict = verdictOf.get(testName);
    if (verdict === undefined) continue;
    const match = chosenMatch(matches.get(failure) ?? [], causeKey !== undefined);
    // Member by member: an object that is spread and then extended takes four times the memory, and all tests may have failed.
    failures.push({
      testName,
      number: index + 1,
      formerName: renamedFrom.get(testName),
      failureSignature: failure.failureSignature,
      causeKey,
      class: verdict.class,
      reason: verdict.reason,
      notes: verdict.notes,
      match,
      known: isKnown(match),
      since: verdict.since,
      lastFixedBy: verdict.lastFixedBy,
      lately: verdict.lately,
    });
  }
  return {
    failures: shareMemories(failures),
    // Without git the code of an earlier run here may be any: it is no past.
    baseBranch: point === undefined && isWithoutGit(evidence.run) ? undefined : evidence.baseBranch,
    point: point && {
      sha: point.sha,
      source: point.source,
      isApproximate: point.isApproximate,
      untested: point.untested,
    },
    isInfrastructure: judged.evidence.isInfrastructure,
    fixed: verdicts.fixed,
    // What is absent in an incomplete run says nothing.
    changes:
      changes === undefined || point === undefined || !evidence.run.isComplete
        ? undefined
        : changesOf(
            { ...changes, renamed: renames?.renamed ?? [], renamedFunctions: renames?.functions },
            {
              isPointTested: !point.isApproximate && point.untested?.length === 0,
              isComplete: evidence.run.isComplete,
            },
          ),
    coverage: facts.coverage,
    before: totalsBefore(evidence.run, there),
    renamedFunctions: renames?.functions ?? [],
  };
}

/**
 * Reads all that the run's tests are judged by, inside a transaction of the team. What does not depend on one another is sent
 * together: the server works on the next statement while the answer of the last one is put together here.
 */
async function readFacts(
  db: Database,
  access: Access,
  query: HistoryQuery,
  evidence: RunEvidence,
  judge: () => JudgedPoint,
) {
  const { runId, createdAt } = query;
  const isGreenHere = isGreen(evidence.run);
  const [failures, { judged, plan }] = await Promise.all([
    isGreenHere ? [] : readFailures(db, access, query, evidence),
    // The statement is sent: the server has work while the point is chosen.
    (async () => {
      const chosen = judge();
      const { lineRuns, run } = evidence;
      const plan = planTests({
        runId,
        createdAt,
        lineRuns,
        testsSignature: run.testsSignature,
        lineId: run.isWithoutLine ? undefined : run.lineId,
        ...runsToRead(chosen),
      });
      return { judged: chosen, plan };
    })(),
  ]);
  const { point } = judged;
  // Of tests that failed neither here nor at the point nothing is asked.
  const isAllGreen = isGreenHere && (point === undefined || point.runs.every(isGreen));
  const judgeRows = async (tests: TestEvidence) => {
    await takeAnswers();
    // The files of runs matter only for tests without a past.
    const withoutPast = point === undefined ? new Set<string>() : filesWithoutPast(tests, point);
    const facts = { ...tests, files: [], filesHere: 0, filesAlsoAtPoint: 0 };
    return {
      tests,
      withoutPast,
      verdicts: withoutPast.size === 0 ? await judgeInTurns(judged, facts) : undefined,
    };
  };
  const readTests = async (): Promise<TestEvidence> =>
    isAllGreen
      ? { rows: [], passes: { runIds: [], places: new Map() }, failures: [] }
      : readTestEvidence(db, access, plan, failures);
  const judging = readTests().then(judgeRows);
  const there = point === undefined ? [] : ofLine(evidence.run, point.runs);
  const base = [...(point?.base ?? [])].reverse().flatMap((commit) => commit.runs);
  const changesQuery = { runId, createdAt, there, base: base.filter(isOfLine(evidence.run)) };
  const runIds = changeRuns(judged)?.ids ?? [];
  // Behind the tests: the server looks while they are judged here.
  const looking =
    failures.length === 0
      ? undefined
      : lookAround(db, access, query, {
          // Without a memory there is nothing to look for: thousands of signatures are not sent.
          failures: evidence.hasMemories ? failures : failures.filter(({ memory }) => memory !== undefined),
          runIds,
          isJustStored: query.isJustStored === true,
        });
  const [{ tests, withoutPast, verdicts }, around, matches, differences, coverage] = await Promise.all([
    judging,
    looking,
    looking?.then((found) => readMatches(db, access, query, { ...found, failures })) ?? new Map(),
    there.length === 0 ? undefined : readDifferences(db, access, changesQuery),
    there.length === 0
      ? undefined
      : // Of its own line alone: another job covers something else.
        readCoverageChange(db, access, { run: evidence.run, there: there.filter(isOfLine(evidence.run)) }),
  ]);
  const files = [...new Set(tests.failures.flatMap(({ testFile }) => testFile ?? []))];
  return {
    judged,
    failures,
    around,
    tests,
    verdicts,
    files,
    there,
    withoutPast,
    filesThere:
      verdicts !== undefined || point === undefined
        ? undefined
        : await readFileEvidence(db, access, { runId, createdAt, point: point.runs, files }),
    matches,
    former:
      around?.hasAliases === true
        ? await readFormerNames(db, access, query, [
            ...new Set(tests.failures.map(({ testName }) => functionOf(testName))),
          ])
        : new Map<string, readonly string[]>(),
    isMatched: around?.isMatched ?? (await hasMatches(db, access, runIds)),
    differences,
    coverage,
  };
}

/** Between the steps the answers that came are taken, and the next statements sent: the server has work while tests are judged. */
async function judgeInTurns(judged: JudgedPoint, tests: TestFacts): Promise<TestVerdicts> {
  const steps = judgeInSteps(judged, tests);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await takeAnswers();
  }
}

/** Lets the event loop read from the connection. */
const takeAnswers = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Counts of another job, or of half a run, would say nothing about this one's. */
function totalsBefore(run: EvidenceRun, there: readonly EvidenceRun[]): TotalsBefore | undefined {
  const before = there.findLast((other) => isOfLine(run)(other) && other.isComplete);
  if (before === undefined || !run.isComplete) return undefined;
  const { tests, failed, skipped = 0, seconds } = before.totals;
  return { total: tests, failed, skipped, durationSeconds: seconds };
}

function chosenMatch(candidates: readonly MemoryCandidate[], isOutside: boolean): Match | undefined {
  const match = chooseMatch(candidates, isOutside);
  if (match === undefined || !isMemoryNoBetter(match.memory)) return match;
  return { ...match, memory: { ...match.memory, isNoBetterThanWaiting: true } };
}

async function judgeByFiles(
  db: Database,
  access: Access,
  query: HistoryQuery,
  {
    facts,
    inPoint,
    formerRows,
  }: {
    readonly facts: Awaited<ReturnType<typeof readFacts>>;
    readonly inPoint: ReadonlySet<string> | undefined;
    readonly formerRows: readonly TestRow[];
  },
): Promise<TestVerdicts> {
  const { tests, filesThere } = facts;
  const files = facts.files.map((file) => ({
    file,
    isInTree: inPoint?.has(file),
    ran: filesThere?.ran.has(file) === true,
  }));
  return judgeTests(facts.judged, {
    rows: [...tests.rows, ...formerRows],
    passes: tests.passes,
    failures: tests.failures,
    files,
    filesHere: filesThere?.filesHere ?? 0,
    filesAlsoAtPoint: filesThere?.filesAlsoAtPoint ?? 0,
    olderFiles: await readOlderFiles(db, access, query, { facts, files }),
  });
}

/**
 * Where the point's runs left the file of a test without a past out, older commits are asked, one after another. Rare: the point's runs
 * were a part of the suite.
 */
async function readOlderFiles(
  db: Database,
  access: Access,
  { runId, createdAt, change }: HistoryQuery,
  {
    facts: { judged, filesThere, withoutPast },
    files,
  }: {
    readonly facts: {
      readonly judged: JudgedPoint;
      readonly filesThere: FileEvidence | undefined;
      readonly withoutPast: ReadonlySet<string>;
    };
    readonly files: readonly FileAtPoint[];
  },
): Promise<readonly FilesAtCommit[]> {
  const { point } = judged;
  if (point === undefined || filesThere === undefined) return [];
  let open = files.filter(
    ({ file, isInTree, ran }) =>
      withoutPast.has(file) &&
      isInTree !== false &&
      !ran &&
      !(isInTree === undefined && isHalf(filesThere.filesAlsoAtPoint, filesThere.filesHere)),
  );
  const older = point.base.slice(0, -1).reverse().slice(0, defaultLimits.fileCommits);
  if (open.length === 0 || older.length === 0) return [];
  return inTeam(db, access, async () => {
    const found: FilesAtCommit[] = [];
    for (const { sha, runs } of older) {
      if (open.length === 0) break;
      const asked = open.map(({ file }) => file);
      // One job's runs are enough: those of a large matrix would be many rows.
      const own = runs.filter(isOfLine(judged.facts.run));
      const there = await readFileEvidence(db, access, {
        runId,
        createdAt,
        point: own.length > 0 ? own : runs,
        files: asked,
      });
      found.push({
        sha,
        ran: there.ran,
        inTree: await filesIn(change, sha, asked),
        filesAlso: there.filesAlsoAtPoint,
      });
      open = open.filter(
        (file) =>
          olderWithout(file, { olderFiles: found.slice(-1), filesHere: there.filesHere }) === undefined,
      );
    }
    return found;
  });
}

/** Files of the failed tests that have no row at the base's commits; '' for one without a file. */
function filesWithoutPast({ rows, passes, failures }: TestEvidence, point: Point): ReadonlySet<string> {
  const base = new Set(point.base.flatMap(({ runs }) => runs.map(({ runId }) => runId)));
  const known = new Set<string>();
  for (const { testName, runId } of rows) if (base.has(runId)) known.add(testName);
  const isOfBase = passes.runIds.map((runId) => base.has(runId));
  return new Set(
    failures
      .filter(
        ({ testName }) =>
          !known.has(testName) && passes.places.get(testName)?.some((place) => isOfBase[place]) !== true,
      )
      .map(({ testFile = '' }) => testFile),
  );
}

const isWithoutGit = ({ gitSha, branch }: EvidenceRun): boolean =>
  gitSha === undefined && branch === undefined;

/** What git says about where the change begins. */
export interface GitPlace {
  readonly baseBranch: string | undefined;
  readonly isBase: boolean;
  /** The commit where the change begins. */
  readonly begins: string | undefined;
  /** The base branch's commits in first-parent order, the newest first. */
  readonly order: readonly string[];
  readonly mergeBase: string | undefined;
  readonly beginsAt: number | undefined;
}

/** What git says before the runs are read. */
export interface FirstGuess {
  readonly defaultBranch: string | undefined;
  readonly place: GitPlace | undefined;
}

/** Where the change begins, seen from the branch that somebody or CI named, else from the default one. */
export async function guessPlace(
  change: ChangeSource | undefined,
  baseBranch: string | undefined,
): Promise<FirstGuess> {
  if (change === undefined) return { defaultBranch: undefined, place: undefined };
  const { context, named, git } = change;
  const defaultBranch = named.defaultBranch ?? (await git?.defaultBranch());
  const name = baseBranch ?? context.baseBranch ?? defaultBranch ?? 'main';
  return { defaultBranch, place: await placeInGit(change, name) };
}

/**
 * Which branch is the base is known when the runs are read, and git is asked about it: where the first guess was wrong, again.
 *
 * @param readFacts reads what else is needed, in the transaction of the runs
 */
async function readRuns<Facts extends object>(
  db: Database,
  access: Access,
  query: HistoryQuery,
  readFacts: (evidence: RunEvidence, git: GitPlace | undefined) => Promise<Facts>,
): Promise<{
  evidence: RunEvidence;
  git: GitPlace | undefined;
  facts: Facts;
  /** Inside a transaction. */
  readAgain: () => Promise<RunEvidence>;
}> {
  const { change } = query;
  const { defaultBranch, place: guess } = await (query.guess ?? guessPlace(change, query.baseBranch));
  const read = (git: GitPlace | undefined, isSettled: (evidence: RunEvidence) => boolean) => {
    const readAgain = () =>
      readRunEvidence(db, access, {
        ...query,
        defaultBranch,
        baseCommits: git?.order ?? [],
        beginsAt: git?.beginsAt,
      });
    return inTeam(db, access, async () => {
      const evidence = await readAgain();
      const facts = isSettled(evidence) ? await readFacts(evidence, git) : undefined;
      return { git, readAgain, evidence, facts };
    });
  };
  const first = await read(
    guess,
    // Without git there is no better guess.
    ({ baseBranch }) =>
      change?.git === undefined || baseBranch === undefined || baseBranch === guess?.baseBranch,
  );
  const { baseBranch, missingBase } = first.evidence;
  if (missingBase !== undefined && missingBase.name === query.baseBranch)
    query.onWarning?.(unknownBase(missingBase));
  if (first.facts !== undefined) return { ...first, facts: first.facts };
  const again =
    change !== undefined && baseBranch !== undefined ? await placeInGit(change, baseBranch) : undefined;
  const { facts, ...found } = await read(again, () => true);
  if (facts === undefined) throw new Error('a second guess of the base that is not settled');
  return { ...found, facts };
}

/** Where a change begins, seen from a base branch; undefined without git. */
export async function placeInGit(
  { context, named, git }: ChangeSource,
  baseBranch: string,
): Promise<GitPlace | undefined> {
  if (git === undefined) return undefined;
  const { tested, kind, gitBranch } = context;
  const tip = await git.tip(baseBranch);
  const isBase = kind === 'head' && gitBranch === baseBranch;
  // Neither the base itself nor a merge that names its base is asked for one.
  const parents = tested?.parents ?? [];
  const isMergeOfPull =
    named.event === 'pull-request' && parents.length === 2 && parents.includes(named.pullHead ?? '');
  const mergeBase =
    named.mergeBase ??
    (isBase || isMergeOfPull || tip === undefined || tested === undefined
      ? undefined
      : await git.mergeBase(tested.gitSha, tip));
  const begins = isBase
    ? (named.before ?? tested?.parents?.[0])
    : (named.mergeGroupBase ??
      (kind === 'merge' ? tested?.parents?.find((parent) => parent !== named.pullHead) : undefined) ??
      mergeBase);
  const wanted = isBase ? tested?.gitSha : begins;
  let order: readonly string[] = [];
  for (const from of [tip, wanted]) {
    if (from === undefined || (wanted !== undefined && order.includes(wanted))) continue;
    const found = (await git.order(from)) ?? [];
    if (found.length > order.length || (wanted !== undefined && found.includes(wanted))) order = found;
  }
  const [commit] = begins === undefined ? [] : await git.commits([begins]);
  return { baseBranch, isBase, begins, order, mergeBase, beginsAt: commit?.committedAt?.getTime() };
}

function changeFacts(
  { baseBranch, isOnBaseBranch, run }: RunEvidence,
  change: ChangeSource | undefined,
  git: GitPlace | undefined,
): ChangeFacts {
  const named = change?.named;
  return {
    event: named?.event ?? (run.pullRequest === undefined ? 'branch' : 'pull-request'),
    baseBranch,
    isOnBaseBranch,
    pullRequestHead: named?.pullHead ?? (run.kind === 'merge' ? run.gitSha : undefined),
    payloadBase: named?.pullBase,
    mergeGroupBase: named?.mergeGroupBase,
    mergeBase: git?.mergeBase ?? named?.mergeBase,
    before: named?.before,
    uncommittedFiles: change?.context.tested?.dirty,
  };
}

function commitPlaces({ committedAt }: RunEvidence, git: GitPlace | undefined): CommitPlace[] {
  const order = git?.order ?? [];
  const places = new Map<string, CommitPlace>();
  for (const [sha, at] of committedAt) places.set(sha, { sha, position: undefined, committedAt: at });
  for (const [place, sha] of order.entries())
    places.set(sha, { sha, position: order.length - place, committedAt: committedAt.get(sha) });
  return [...places.values()];
}

const isOfLine =
  ({ lineId }: EvidenceRun) =>
  (other: EvidenceRun): boolean =>
    other.lineId === lineId;

/** The runs of the judged run's own line; those of other jobs where it has none. */
export function ofLine(run: EvidenceRun, runs: readonly EvidenceRun[]): readonly EvidenceRun[] {
  const own = runs.filter(isOfLine(run));
  return own.length > 0 ? own.slice(-1) : runs;
}

function runsToRead({ facts, point, own, others, evidence }: JudgedPoint) {
  const base = [...(point?.base ?? []), ...(point?.later ?? [])].reverse().flatMap(({ runs }) => runs);
  const isSibling = (run: EvidenceRun) =>
    isOfLine(facts.run)(run) && run.execution !== undefined && run.execution === facts.run.execution;
  return {
    own: [
      ...base.filter(isOfLine(facts.run)),
      ...own.filter(isOfLine(facts.run)),
      ...evidence.cleanHead,
      ...facts.runs.filter(isSibling),
    ],
    base,
    others,
    point: point?.runs ?? [],
  };
}

/** Which of the files are in a commit's tree; undefined where git cannot say. Test files are named from pytest's rootdir. */
async function filesIn(
  change: ChangeSource | undefined,
  sha: string | undefined,
  files: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  if (change?.git === undefined || sha === undefined || files.length === 0) return undefined;
  const { project = '.' } = change.context;
  const paths = new Map(files.map((file) => [posix.join(project, file), file]));
  const found = await change.git.filesAt(sha, [...paths.keys()]);
  return found && new Set([...found].flatMap((path) => paths.get(path) ?? []));
}

/** Which of the files are there as the run had them: in its commit, or among uncommitted changes. */
async function filesHere(
  change: ChangeSource | undefined,
  sha: string | undefined,
  files: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const read = change?.readEdited;
  if (read === undefined || files.length > mostEdited) return filesIn(change, sha, files);
  const { project = '.' } = change?.context ?? {};
  return new Set(files.filter((file) => read(posix.join(project, file)) !== undefined));
}

/** Above so many files the commit alone is asked. */
const mostEdited = 300;

/** Both commits in one repository; undefined where one is not known, or git is not there. */
function commitsOf(change: ChangeSource | undefined, from: string | undefined, to: string | undefined) {
  if (change?.git === undefined || from === undefined || to === undefined) return undefined;
  const { git, readEdited, readServerFiles, context } = change;
  return { git, from, to, project: context.project ?? '.', readEdited, readServerFiles };
}

function neverTested(base: string): Warning {
  return {
    code: 'base-never-tested',
    message: `${base} is never tested: \`fail-on: new\` cannot fail. Test it too, at best on each push, or add no-history to the gate`,
  };
}

function unknownBase({ name, instead, branches }: MissingBase): Warning {
  const like = nearest(name, branches);
  const used = instead === undefined ? 'there is nothing to compare with' : `compared with ${instead}`;
  return {
    code: 'base-branch',
    message: `no run of the branch ${name} is stored: ${used}${like === undefined || like === instead ? '' : `; did you mean ${like}?`}`,
  };
}
