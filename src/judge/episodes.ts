// What came of the memories that were told: the breakages of their tests on one branch or pull request, how each ended, and what
// that adds to the counts. An episode is one breakage over all branches and jobs, and counts once.
//
// Nothing is counted up: each time all is decided anew from the rows that are there, and what differs from what was kept is the
// change. So the order in which uploads come does not matter, and what was counted too early is taken back.
import type {
  Counted,
  EpisodeEnd,
  KeptEpisode,
  MemoryChange,
  MemoryMatch,
  NameChain,
  Novelty,
  Reason,
  StoredRun,
  TestRow,
  Tier,
} from '../model.ts';
import { endEpisode } from './confidence.ts';
import { groupBy } from './group.ts';
import type { JudgedPoint } from './judge.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type CommitOrder, testedCommit } from './order.ts';
import { type Attempt, attemptsOf, isAlike, type RowOfRun, sortAttempts } from './past.ts';
import { followName, indexChains } from './renames.ts';

/** The runs of the judged run's change. */
export interface ChangeRuns {
  readonly name: string;
  /** All of them, also those that are no evidence. */
  readonly ids: readonly string[];
  /** Those that are evidence, in any order. */
  readonly own: readonly StoredRun[];
  /** Evidence of the base before the change begins; none on the base branch. */
  readonly base: readonly StoredRun[];
}

/** undefined where the run is no evidence for its team: a stranger's, outside CI beside a team's CI, without a branch. */
export function changeRuns({ facts, evidence, point }: JudgedPoint): ChangeRuns | undefined {
  const { run, change, runs } = facts;
  const isForeign = evidence.runs.some(({ origin }) => origin !== run.origin);
  if (run.origin === 'stranger' || isForeign || run.branch === undefined) return undefined;
  const isOfChange = (other: StoredRun) =>
    other.kind === run.kind &&
    (run.pullRequest === undefined && other.pullRequest === undefined
      ? other.branch === run.branch
      : other.pullRequest === run.pullRequest);
  const isOwnEvidence =
    !evidence.isInfrastructure && !run.isStale && !(run.isDirty && run.origin === 'local');
  const base = change.isOnBaseBranch ? [] : (point?.base ?? []).flatMap((commit) => commit.runs);
  const ofBase = new Set(base.map(({ runId }) => runId));
  // What a partial run did not reach says nothing, and what it did may be why it ended.
  const own = [...evidence.runs.filter(isOfChange), ...(isOwnEvidence ? [run] : [])].filter(
    ({ runId, isComplete }) => isComplete && !ofBase.has(runId),
  );
  return {
    name: `${run.kind} ${run.pullRequest ?? run.branch}`,
    ids: [...runs.filter(isOfChange).filter(({ runId }) => !ofBase.has(runId)), run].map(
      ({ runId }) => runId,
    ),
    own,
    base: base.filter(({ isComplete }) => isComplete),
  };
}

/** A failure as it was told. */
export interface ToldFailure {
  readonly testName: string;
  readonly class: Novelty;
  readonly reason: Reason;
  readonly match: { readonly tier: Tier; readonly memory: { readonly id: string } } | undefined;
}

/** Rows to keep of a run's failures. */
export interface ToldMatches {
  /** One a memory: all that it was told for is one breakage. */
  readonly shown: readonly { readonly memoryId: string; readonly testName: string }[];
  /** Failed tests whose own memories were not told, where they have any. */
  readonly untaught: readonly string[];
}

/**
 * What begins or goes on with this change: what is flaky, the base's, or may be the base's, does not.
 *
 * @param failures those of the judged run
 */
export function toldMatches(
  { facts: { run, change } }: JudgedPoint,
  failures: readonly ToldFailure[],
): ToldMatches {
  const shown = new Map<string, { memoryId: string; testName: string; tier: Tier }>();
  const untaught: string[] = [];
  for (const { testName, class: novelty, reason, match } of run.isComplete ? failures : []) {
    const isOwn =
      novelty === 'new' ||
      (novelty === 'pre-existing' && change.isOnBaseBranch) ||
      reason.kind === 'no-run' ||
      reason.kind === 'not-run-there';
    if (!isOwn) continue;
    if (match === undefined || match.tier === 'similar') {
      untaught.push(testName);
      continue;
    }
    const other = shown.get(match.memory.id);
    const isBetter =
      other === undefined ||
      (other.tier === 'cause' && (match.tier !== 'cause' || testName < other.testName));
    if (isBetter) shown.set(match.memory.id, { memoryId: match.memory.id, testName, tier: match.tier });
  }
  return {
    shown: [...shown.values()].map(({ memoryId, testName }) => ({ memoryId, testName })),
    untaught,
  };
}

export interface LearningFacts {
  readonly change: ChangeRuns;
  readonly order: CommitOrder;
  /** Rows of the matches' tests, under all of their names, in the change's runs and those of the base before it. */
  readonly rows: readonly TestRow[];
  /** Names of renamed functions among them, the newest rename first. */
  readonly chains?: readonly NameChain[] | undefined;
  /** All rows of the memories that were told in the change, of other changes as well. */
  readonly matches: readonly MemoryMatch[];
}

/** What differs from what was kept. */
export interface Learned {
  readonly matches: readonly MemoryMatch[];
  readonly memories: readonly MemoryChange[];
}

/** Decides the episodes of one change, and what all together add to the counts. */
export function learn(facts: LearningFacts, limits: Limits = defaultLimits): Learned {
  const { change, matches } = facts;
  const ofChange = new Set(change.ids);
  const rowsOf = new Map(
    [...groupBy(facts.rows, ({ testName }) => testName)].map(([name, rows]) => [
      name,
      new Map(rows.map((row) => [row.runId, row])),
    ]),
  );
  const chains = indexChains(facts.chains ?? []);
  const known = new Map<string, readonly string[]>();
  const namesOf = (testName: string) => {
    const names = known.get(testName) ?? followName(testName, chains, (name) => rowsOf.get(name));
    known.set(testName, names);
    return names;
  };
  const lineOf = new Map(change.own.map(({ runId, lineId }) => [runId, lineId]));
  const changed: MemoryMatch[] = [];
  const memories: MemoryChange[] = [];
  for (const [memoryId, kept] of groupBy(matches, (match) => match.memoryId)) {
    const rows = new Map(kept.map((match) => [match.runId, match]));
    const own = kept.filter(({ runId }) => ofChange.has(runId));
    for (const match of own) rows.set(match.runId, { ...match, episode: undefined });
    const timelines = groupBy(
      own.filter(({ runId }) => lineOf.has(runId)),
      ({ runId, testName }) => `${lineOf.get(runId)}\n${namesOf(testName)[0]}`,
    );
    for (const group of timelines.values()) {
      const [{ runId, testName } = { runId: '', testName: '' }] = group;
      const { attempts, begin, nameIn } = timelineOf(facts, lineOf.get(runId), namesOf(testName), rowsOf);
      const stored = new Map(group.map((match) => [match.runId, match]));
      for (const match of episodesOf(attempts, begin, { memoryId, nameIn, stored, change, limits }))
        rows.set(match.runId, match);
    }
    const settled = settle([...rows.values()]);
    const before = new Map(kept.map((match) => [match.runId, match]));
    changed.push(...settled.filter((match) => !isSameMatch(match, before.get(match.runId))));
    const memory = countChange(memoryId, kept, settled);
    if (memory !== undefined) memories.push(memory);
  }
  return { matches: changed, memories };
}

/**
 * The attempts of one test in one job, the base's first; `begin`: how many are the base's. In the order of commits a test goes from name
 * to name and not back: what has a former name later on is another test.
 *
 * @param names of the test, the newest first
 */
function timelineOf(
  { change, order }: LearningFacts,
  lineId: string | undefined,
  names: readonly string[],
  rowsOf: ReadonlyMap<string, ReadonlyMap<string, RowOfRun>>,
): {
  readonly attempts: readonly Attempt[];
  readonly begin: number;
  /** What the test is called in a run that has it. */
  readonly nameIn: (run: StoredRun) => string | undefined;
} {
  const nameIn = ({ runId }: StoredRun) => names.find((name) => rowsOf.get(name)?.has(runId));
  let place = names.length - 1;
  const isNamed = ({ run }: Attempt) => {
    const next = names.lastIndexOf(nameIn(run) ?? '', place);
    if (next >= 0) place = next;
    return next >= 0;
  };
  const of = (runs: readonly StoredRun[]) =>
    sortAttempts(
      runs.flatMap((run) => {
        const row = run.lineId === lineId ? rowsOf.get(nameIn(run) ?? '')?.get(run.runId) : undefined;
        return row === undefined ? [] : attemptsOf(row, run, run.gitSha ?? testedCommit(run));
      }),
      order,
    ).filter(isNamed);
  const base = of(change.base);
  return { attempts: [...base, ...of(change.own)], begin: base.length, nameIn };
}

/** The breakages that begin with the change, each as its first row. */
function episodesOf(
  attempts: readonly Attempt[],
  begin: number,
  {
    memoryId,
    nameIn,
    stored,
    change,
    limits,
  }: {
    readonly memoryId: string;
    readonly nameIn: (run: StoredRun) => string | undefined;
    readonly stored: ReadonlyMap<string, MemoryMatch>;
    readonly change: ChangeRuns;
    readonly limits: Limits;
  },
): MemoryMatch[] {
  const found: MemoryMatch[] = [];
  const taken = new Set<Attempt>();
  for (const [start, first] of attempts.entries()) {
    if (!first.failed || taken.has(first)) continue;
    const alike = rowFrom(attempts, start);
    for (const attempt of alike) taken.add(attempt);
    // Red before the change: the base's.
    if (start < begin) continue;
    const match = alike.map(({ run }) => stored.get(run.runId)).find((one) => one !== undefined);
    // Later uploads see less of the time before: what was seen of the very breakage holds.
    const kept = match?.episode;
    const earlier = kept?.startedAt === first.run.at ? kept.earlier : undefined;
    const ended = endEpisode({ attempts, start, earlier }, limits);
    if (ended === undefined || (match === undefined && ended.end === 'nothing')) continue;
    found.push({
      memoryId,
      runId: first.run.runId,
      at: first.run.at,
      testName: nameIn(first.run) ?? '',
      isShown: false,
      counted: undefined,
      isHealed: false,
      ...match,
      episode: {
        change: change.name,
        end: ended.end,
        startedAt: first.run.at,
        endedAt: ended.last.run.at,
        endedSha: ended.last.sha,
        earlier: ended.earlier,
      },
    });
  }
  return found;
}

/** The failures alike from one on, up to the next pass. */
function rowFrom(attempts: readonly Attempt[], start: number): Attempt[] {
  const text = attempts[start]?.text ?? {};
  const green = attempts.findIndex(({ failed }, place) => place > start && !failed);
  return attempts
    .slice(start, green < 0 ? undefined : green)
    .filter((attempt) => isAlike(attempt.text ?? {}, text));
}

/**
 * Episodes of several jobs and changes at one time are one breakage. It ends once: the first change of which all jobs say so
 * decides. What begins after that is another breakage.
 */
function settle(matches: readonly MemoryMatch[]): MemoryMatch[] {
  const members = matches
    .flatMap((match) => (match.episode === undefined ? [] : [{ match, episode: match.episode }]))
    .sort((a, b) => a.episode.startedAt - b.episode.startedAt || (a.match.runId < b.match.runId ? -1 : 1));
  const groups: Member[][] = [];
  for (const member of members) {
    const group = groups.at(-1);
    if (group !== undefined && member.episode.startedAt <= extentOf(group)) group.push(member);
    else groups.push([member]);
  }
  const result = new Map(
    matches.map((match) => [
      match.runId,
      { ...match, counted: undefined as Counted | undefined, isHealed: false },
    ]),
  );
  for (const group of groups) {
    const first = group[0];
    const until = extentOf(group);
    const shown = matches.filter(
      ({ at, isShown }) => isShown && first !== undefined && at >= first.episode.startedAt && at <= until,
    );
    const end = endOf(group)?.end;
    const row = first && result.get(first.match.runId);
    if (row === undefined || end === undefined) continue;
    if (end === 'worked') row.counted = shown.length > 0 ? 'worked' : 'recovered';
    if (end === 'failed') row.counted = shown.length > 0 ? 'failed' : 'lasted';
    for (const { runId } of end === 'worked' ? shown : []) {
      const one = result.get(runId);
      if (one !== undefined) one.isHealed = true;
    }
  }
  return [...result.values()];
}

interface Member {
  readonly match: MemoryMatch;
  readonly episode: KeptEpisode;
}

function extentOf(group: readonly Member[]): number {
  return endOf(group)?.endedAt ?? Math.max(...group.map(({ episode }) => episode.endedAt));
}

/** The end of the change that ended first; undefined where none did. */
function endOf(group: readonly Member[]): { end: 'worked' | 'failed'; endedAt: number } | undefined {
  let found: { end: 'worked' | 'failed'; endedAt: number } | undefined;
  for (const jobs of groupBy(
    group.map(({ episode }) => episode),
    ({ change }) => change,
  ).values()) {
    const one = endOfJobs(jobs);
    if (one !== undefined && (found === undefined || one.endedAt < found.endedAt)) found = one;
  }
  return found;
}

/** One job that fails on for long says it for all; green in one and still red in another is no repair. */
function endOfJobs(jobs: readonly KeptEpisode[]): { end: 'worked' | 'failed'; endedAt: number } | undefined {
  const byEnd = (end: EpisodeEnd) =>
    jobs.filter((job) => job.end === end).sort((a, b) => a.endedAt - b.endedAt);
  const [failed] = byEnd('failed');
  if (failed !== undefined) return { end: 'failed', endedAt: failed.endedAt };
  const [worked] = byEnd('worked');
  if (worked === undefined) return undefined;
  const isStillRed = byEnd('open').some(
    ({ endedAt, endedSha }) => endedAt > worked.endedAt || endedSha === worked.endedSha,
  );
  return isStillRed ? undefined : { end: 'worked', endedAt: worked.endedAt };
}

function isSameMatch(one: MemoryMatch, other: MemoryMatch | undefined): boolean {
  return (
    other !== undefined &&
    one.counted === other.counted &&
    one.isHealed === other.isHealed &&
    one.episode?.change === other.episode?.change &&
    one.episode?.end === other.episode?.end &&
    one.episode?.startedAt === other.episode?.startedAt &&
    one.episode?.endedAt === other.episode?.endedAt &&
    one.episode?.endedSha === other.episode?.endedSha &&
    one.episode?.earlier.runs === other.episode?.earlier.runs &&
    one.episode?.earlier.failures === other.episode?.earlier.failures
  );
}

function countChange(
  memoryId: string,
  before: readonly MemoryMatch[],
  after: readonly MemoryMatch[],
): MemoryChange | undefined {
  const added = (counted: Counted) =>
    after.filter((match) => match.counted === counted).length -
    before.filter((match) => match.counted === counted).length;
  const change = {
    memoryId,
    worked: added('worked'),
    failed: added('failed'),
    recovered: added('recovered'),
    lasted: added('lasted'),
  };
  if (change.worked === 0 && change.failed === 0 && change.recovered === 0 && change.lasted === 0)
    return undefined;
  const ends = after.flatMap(({ counted, episode }) =>
    counted === 'worked' && episode !== undefined ? [episode.endedAt] : [],
  );
  return { ...change, workedAt: ends.length === 0 ? undefined : Math.max(...ends) };
}
