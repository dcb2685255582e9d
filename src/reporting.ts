// The use case that gathers what the page shows: facts from the database, verdicts of the judge. Joins store, read and judge, which
// do not know each other.

import { type AskingCheckout, judgeListed, standingFacts, underNamesOfBase } from './asking.ts';
import { InputError } from './errors.ts';
import { isMemoryNoBetter } from './judge/confidence.ts';
import { defaultLimits } from './judge/limits.ts';
import { flakyTests, type Standing, type StandingFacts, standingOf } from './judge/prospect.ts';
import { functionOf, indexChains, namesOfTest } from './judge/renames.ts';
import type { TestRow } from './model.ts';
import { nearest } from './nearest.ts';
import { excerptOf } from './read/report/excerpt.ts';
import { readStoredFailure } from './read/report/junit.ts';
import type { Database } from './store/database/port.ts';
import { listMemories } from './store/healix/memories.ts';
import { readNameChains } from './store/history/aliases.ts';
import { type RunEvidence, readNamedRows, readRunEvidence } from './store/history/evidence.ts';
import {
  listRepositories,
  type PageRun,
  readCells,
  readPageCoverage,
  readPageFailures,
  readPageRuns,
  type StoredRepository,
} from './store/questions/page.ts';
import { readAnalysis } from './store/runs/jobs.ts';
import { type Access, inTeam } from './store/schema/access.ts';
import type {
  FlakyFact,
  MemoryFact,
  NotCounted,
  PageFacts,
  RedRun,
  RunFact,
  StandingFact,
} from './tell/page/facts.ts';
import { Grid, trendParts } from './tell/page/grid.ts';

export interface PageQuery {
  readonly now: Date;
  /** As somebody wrote it: acme/shop, or with its host before it. undefined: where they stand, else the one with the newest run. */
  readonly repository: string | undefined;
  /** The repository that somebody stands in. */
  readonly here: { readonly name: string; readonly host?: string | undefined } | undefined;
  /** What its checkout knows of commits: runs are judged with it, as the comment does. */
  readonly checkout: AskingCheckout | undefined;
  readonly baseBranch: string | undefined;
  readonly days: number;
  /** Runs on the page. */
  readonly runs: number;
  /** What is known about failures stays away: somebody may read the page who is not to. */
  readonly hideSolutions?: boolean;
}

const dayMs = 86_400_000;
/** Runs whose cells are read at once. */
const chunk = 100;
const most = {
  /** Projects and lanes that are judged. */
  groups: 12,
  /** Red runs of the base, and of other branches. */
  redOfBase: 24,
  redElsewhere: 12,
  /** Days that other branches' red runs are shown. */
  daysElsewhere: 14,
  failuresOfRun: 200,
  failures: 600,
  /** Tests asked whether they are flaky, of a project and lane. */
  flaky: 2000,
  namesAtOnce: 250,
  files: 4000,
  memories: 500,
  names: 1000,
} as const;

/**
 * Gathers what the page shows. undefined: nothing is stored.
 *
 * @throws InputError `repository-unknown` naming the nearest one
 */
export async function readPage(
  db: Database,
  access: Access,
  query: PageQuery,
): Promise<PageFacts | undefined> {
  const repositories = await listRepositories(db, access);
  if (repositories.length === 0) return undefined;
  const repository = choose(repositories, query);
  const since = new Date(query.now.getTime() - query.days * dayMs);
  const { runs: newest, total } = await readPageRuns(db, access, { repository, since, most: query.runs });
  const stored = [...newest].reverse();
  const projects = [...new Set(stored.map(({ project }) => project))];
  const grid = await readGrid(db, access, stored, projects);

  const groups = groupsOf(newest);
  const judged: Judged[] = [];
  for (const group of groups.slice(0, most.groups)) judged.push(await judgeGroup(db, access, group, query));
  const runs = stored.map((run) => runFact(run, projects, judged));
  const places = new Map(runs.map(({ runId }, place) => [runId, place]));

  const red: RedRun[] = [];
  const wanted = redRuns(judged, newest);
  let shown = 0;
  for (const candidate of wanted.chosen) {
    if (shown >= most.failures) break;
    const run = await readRed(db, access, candidate, { places, query, repository });
    shown += run.failures.length;
    red.push(run);
  }
  const flaky: FlakyFact[] = [];
  let flakyLeftOut = 0;
  for (const one of judged) {
    const { found, leftOut } = await readFlaky(db, access, one, grid, projects, places);
    flaky.push(...found);
    flakyLeftOut += leftOut;
  }
  const { memories, total: memoriesTotal } =
    query.hideSolutions === true
      ? { memories: [], total: 0 }
      : await readMemories(db, access, repository, projects);
  return {
    madeAt: query.now,
    team: access.team.slug,
    isEmbedded: db.embedded,
    repository: repository.name,
    host: repository.host,
    others: repositories.filter((one) => one !== repository),
    window: { days: query.days, most: query.runs, total },
    runs,
    grid,
    projects,
    standings: judged.map((one) => standingFact(one, { grid, projects, places })),
    unjudged: Math.max(0, groups.length - most.groups),
    red,
    redLeftOut: wanted.leftOut + (wanted.chosen.length - red.length),
    flaky,
    flakyLeftOut,
    coverage: await readCoverage(db, access, runs, stored),
    memories,
    memoriesTotal,
    hidesSolutions: query.hideSolutions === true,
    matriz: await readNewestMatriz(db, access, stored),
  };
}

function choose(
  repositories: readonly StoredRepository[],
  { repository: asked, here }: PageQuery,
): StoredRepository {
  const namesOf = ({ name, host }: StoredRepository) =>
    name === undefined ? [] : host === undefined ? [name] : [name, `${host}/${name}`];
  if (asked === undefined) {
    const name = here?.name.toLowerCase();
    const own = repositories.find(
      (one) =>
        name !== undefined && [name, `${here?.host}/${name}`].some((form) => namesOf(one).includes(form)),
    );
    const chosen = own ?? repositories[0];
    if (chosen === undefined) throw new Error('no repository to choose from');
    return chosen;
  }
  const found = repositories.find((one) => namesOf(one).includes(asked.toLowerCase()));
  if (found !== undefined) return found;
  const all = repositories.flatMap(namesOf);
  const like = nearest(asked.toLowerCase(), all.slice(0, most.names));
  throw new InputError({
    code: 'repository-unknown',
    message: `no run of the repository ${JSON.stringify(asked.slice(0, 200))} is stored`,
    fix:
      like !== undefined
        ? `Did you mean ${like}?`
        : all.length === 0
          ? 'The runs stored here name no repository: leave the name away.'
          : `There are runs of ${all.slice(0, 3).join(', ')}${all.length > 3 ? ' and others' : ''}.`,
  });
}

async function readGrid(
  db: Database,
  access: Access,
  runs: readonly PageRun[],
  projects: readonly (string | undefined)[],
): Promise<Grid> {
  const grid = new Grid(runs.length);
  // A part of the trend is never parted between two statements.
  const size = Math.max(1, Math.min(chunk, Math.ceil(runs.length / trendParts)));
  for (let from = 0; from < runs.length; from += size) {
    const some = runs.slice(from, from + size);
    const part = Math.min(trendParts - 1, Math.floor((from / Math.max(1, runs.length)) * trendParts));
    const asked = some.map((run) => ({ ...run, project: projects.indexOf(run.project) }));
    for (const test of await readCells(db, access, asked)) {
      const place = grid.place(test.testName, test.project, test.testFile);
      for (const [run, outcome, failedAttempts] of test.cells)
        grid.set(place, from + run, outcome, failedAttempts);
      grid.time(place, part, test);
    }
  }
  return grid;
}

/** Runs that are compared with each other: of one project and lane. */
type Group = readonly PageRun[];

function groupsOf(newest: readonly PageRun[]): readonly Group[] {
  const groups = new Map<string, PageRun[]>();
  for (const run of newest) {
    const key = JSON.stringify([run.project ?? null, run.lane ?? null]);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(run);
  }
  return [...groups.values()];
}

interface Judged {
  readonly group: Group;
  readonly evidence: RunEvidence;
  readonly facts: StandingFacts;
  readonly standing: Standing | undefined;
}

async function judgeGroup(
  db: Database,
  access: Access,
  group: Group,
  { baseBranch }: PageQuery,
): Promise<Judged> {
  // A stranger's run would be compared with its own branch.
  const anchor =
    group.find(({ origin }) => origin === 'team') ??
    group.find(({ origin }) => origin === 'local') ??
    group[0];
  if (anchor === undefined) throw new Error('a group without a run');
  const read = (beginsAt: number) =>
    inTeam(db, access, () =>
      readRunEvidence(db, access, {
        runId: anchor.runId,
        createdAt: anchor.createdAt,
        baseBranch,
        defaultBranch: undefined,
        baseCommits: [],
        beginsAt,
      }),
    );
  // The base's newest commits, whenever they were made.
  const evidence = await read(anchor.createdAt.getTime() + 400 * dayMs);
  const facts = standingFacts(evidence);
  return { group, evidence, facts, standing: standingOf(facts) };
}

function standingFact(judged: Judged, columns: Columns): StandingFact {
  const { group, standing, facts } = judged;
  const [first] = group;
  return {
    project: first?.project,
    lane: first?.lane,
    baseBranch: facts.baseBranch,
    sha: standing?.base.at(-1)?.sha,
    notRunSince: notRunSince(judged, columns),
    jobs: (standing?.last ?? []).map(({ run, sha, behind }) => ({
      jobName: run.jobName,
      runId: run.runId,
      at: new Date(run.at),
      sha,
      behind,
      tests: run.totals.tests,
      failures: run.totals.failed,
      isIncomplete: !run.isComplete,
    })),
  };
}

interface Columns {
  readonly grid: Grid;
  readonly projects: readonly (string | undefined)[];
  /** Of runs by their ids. */
  readonly places: ReadonlyMap<string, number>;
}

/**
 * How many tests failed when the base ran them last, and were left out since: a part of the suite that passes does not make the
 * base green. A test whose file a later commit ran without it was removed; from a commit itself none can be.
 */
function notRunSince({ group, standing }: Judged, { grid, projects, places }: Columns): number {
  const project = projects.indexOf(group[0]?.project);
  const ranFiles = new Set<string>();
  let found = 0;
  for (const { runs } of (standing?.base.slice(-defaultLimits.lineCommits) ?? []).toReversed()) {
    const inTime = [...runs].sort((a, b) => a.at - b.at);
    // Of several attempts of a job the last one tells.
    const last = new Set(new Map(inTime.map((run) => [`${run.lineId} ${run.ordinal}`, run])).values());
    const columns = inTime.flatMap((run) => {
      const column = places.get(run.runId);
      return column === undefined ? [] : [{ column, isLast: last.has(run) }];
    });
    const files = new Set<string>();
    for (const [place, { testFile, project: of }] of grid.tests.entries()) {
      if (of !== project || testFile === undefined || ranFiles.has(testFile)) continue;
      const there = columns
        .map(({ column, isLast }) => ({ kind: grid.get(place, column), isLast }))
        .filter(({ kind }) => kind !== 'absent');
      if (there.length > 0) files.add(testFile);
      // Or the last run that ran it, where the job's last one did not.
      const ran = there.filter(({ kind }) => kind !== 'skipped');
      if (ran.some(({ kind, isLast }, at) => (isLast || at === ran.length - 1) && isRed(kind))) found++;
    }
    for (const file of files) ranFiles.add(file);
  }
  return found;
}

const isRed = (kind: string): boolean => kind === 'failed' || kind === 'error';

function runFact(
  run: PageRun,
  projects: readonly (string | undefined)[],
  judged: readonly Judged[],
): RunFact {
  const of = judged.find(({ group }) => group.includes(run));
  const { createdAt, project, origin, dirty, isStale, hasMatriz, ...figures } = run;
  return {
    ...figures,
    at: createdAt,
    project: projects.indexOf(project),
    notCounted: notCounted(run, of),
    isBase: run.pullRequest === undefined && run.branch !== undefined && run.branch === of?.facts.baseBranch,
  };
}

/** As `evidenceFor` decides it for the team's runs. */
function notCounted(run: PageRun, judged: Judged | undefined): NotCounted | undefined {
  if (run.origin === 'stranger') return 'stranger';
  if (run.isStale) return 'stale';
  if (run.origin === 'local' && (run.dirty ?? 0) > 0) return 'dirty';
  if (judged?.standing?.outages.has(run.runId) === true) return 'outage';
  return run.origin === 'local' && judged !== undefined && hasTeam(judged) ? 'local' : undefined;
}

function hasTeam({ facts }: Judged): boolean {
  return facts.runs.some(({ origin }) => origin === 'team');
}

interface Candidate {
  readonly runId: string;
  readonly at: Date;
  readonly isBase: boolean;
  readonly jobName: string | undefined;
  readonly branch: string | undefined;
  readonly project: string | undefined;
  readonly gitSha: string | undefined;
  readonly pullRequest: number | undefined;
  readonly dirty: number | undefined;
}

/** The last run of each job, where it is red: of the base, and of branches that were tested lately. */
function redRuns(
  judged: readonly Judged[],
  newest: readonly PageRun[],
): { readonly chosen: readonly Candidate[]; readonly leftOut: number } {
  const ofBase = judged.flatMap(({ standing, group }) =>
    (standing?.last ?? [])
      .filter(({ run }) => run.totals.failed > 0)
      .map(
        ({ run, sha }): Candidate => ({
          runId: run.runId,
          at: new Date(run.at),
          isBase: true,
          jobName: run.jobName,
          branch: run.branch,
          project: group[0]?.project,
          gitSha: sha,
          pullRequest: run.pullRequest,
          dirty: newest.find(({ runId }) => runId === run.runId)?.dirty,
        }),
      ),
  );
  const from = (newest[0]?.createdAt.getTime() ?? 0) - most.daysElsewhere * dayMs;
  const seen = new Set<string>();
  const others: Candidate[] = [];
  for (const run of newest) {
    const of = judged.find(({ group }) => group.includes(run));
    const isOfBase = run.branch === of?.facts.baseBranch && run.pullRequest === undefined;
    if (of === undefined || run.createdAt.getTime() < from) continue;
    const why = notCounted(run, of);
    // A developer's own runs are told where nobody else's are; a stranger's never.
    const isTold = why === undefined || (why !== 'stranger' && !hasTeam(of));
    if (!isTold || (isOfBase && why === undefined)) continue;
    const key = JSON.stringify([run.branch, run.pullRequest, run.jobName, run.lane, run.project]);
    if (seen.has(key)) continue;
    seen.add(key);
    if (run.failed + run.errors === 0) continue;
    const { runId, createdAt: at, jobName, branch, project, gitSha, pullRequest, dirty } = run;
    others.push({ runId, at, isBase: false, jobName, branch, project, gitSha, pullRequest, dirty });
  }
  return {
    chosen: [...ofBase.slice(0, most.redOfBase), ...others.slice(0, most.redElsewhere)],
    leftOut: Math.max(0, ofBase.length - most.redOfBase) + Math.max(0, others.length - most.redElsewhere),
  };
}

async function readRed(
  db: Database,
  access: Access,
  run: Candidate,
  {
    places,
    query: { baseBranch, hideSolutions, checkout },
    repository,
  }: {
    readonly places: ReadonlyMap<string, number>;
    readonly query: PageQuery;
    readonly repository: StoredRepository;
  },
): Promise<RedRun> {
  const { runId, at: createdAt } = run;
  const about = { ...run, createdAt, repository: repository.name, repositoryHost: repository.host };
  const history = await judgeListed(db, access, about, checkout, baseBranch);
  const { failures, total } = await readPageFailures(db, access, { runId, createdAt }, most.failuresOfRun);
  const verdicts = new Map(
    history.failures.map((failure) => [
      failure.number,
      hideSolutions === true ? { ...failure, match: undefined } : failure,
    ]),
  );
  const { baseBranch: base, point, isInfrastructure } = history;
  return {
    ...run,
    run: places.get(runId),
    history: { baseBranch: base, point, isInfrastructure },
    total,
    failures: failures.map((failure) => {
      const read = readStoredFailure(failure);
      const verdict = verdicts.get(failure.number);
      return {
        ...failure,
        errorType: failure.errorType ?? read.errorType,
        line: read.line ?? read.lastFrameLine,
        excerpt: excerptOf({
          text: read.traceback ?? '',
          message: read.message,
          testFile: failure.testFile,
        }),
        isFromWindows: read.isFromWindows === true,
        verdict: verdict?.testName === failure.testName ? verdict : undefined,
      };
    }),
  };
}

/** Tests that failed in a run of the page which counts, the most failures first; their rows decide. */
async function readFlaky(
  db: Database,
  access: Access,
  { group, evidence, facts, standing }: Judged,
  grid: Grid,
  projects: readonly (string | undefined)[],
  places: ReadonlyMap<string, number>,
): Promise<{ readonly found: readonly FlakyFact[]; readonly leftOut: number }> {
  const project = projects.indexOf(group[0]?.project);
  const columns = facts.runs.flatMap(({ runId }) => places.get(runId) ?? []);
  const red = grid.tests.flatMap((test, place) => {
    if (test.project !== project) return [];
    let failures = 0;
    for (const run of columns) {
      const kind = grid.get(place, run);
      if (kind === 'failed' || kind === 'error' || kind === 'again') failures++;
    }
    return failures === 0 ? [] : [{ testName: test.testName, failures }];
  });
  red.sort((a, b) => b.failures - a.failures || (a.testName < b.testName ? -1 : 1));
  const asked = red.slice(0, most.flaky).map(({ testName }) => testName);
  const read: TestRow[] = [];
  const query = { runId: evidence.run.runId, createdAt: new Date(evidence.run.at) };
  const chains = indexChains(
    await inTeam(db, access, () =>
      readNameChains(db, access, query, {
        functions: [...new Set(asked.map(functionOf))],
        until: query.createdAt,
      }),
    ),
  );
  const names = [...new Set(asked.flatMap((name) => namesOfTest(name, chains)))];
  for (let from = 0; from < names.length; from += most.namesAtOnce)
    read.push(
      ...(await inTeam(db, access, () =>
        readNamedRows(db, access, query, {
          names: names.slice(from, from + most.namesAtOnce),
          runs: [evidence.run, ...evidence.runs],
        }),
      )),
    );
  const { rows, current } = underNamesOfBase({ names: asked, chains, rows: read }, standing?.base ?? []);
  const order = new Map([...new Set(current.values())].map((testName, place) => [testName, place]));
  return {
    found: flakyTests(facts, rows)
      .sort((a, b) => (order.get(a.testName) ?? 0) - (order.get(b.testName) ?? 0))
      .map((test) => ({
        testName: test.testName,
        project: group[0]?.project,
        baseBranch: facts.baseBranch,
        evidence: test.evidence,
      })),
    leftOut: red.length - asked.length,
  };
}

async function readCoverage(
  db: Database,
  access: Access,
  runs: readonly RunFact[],
  stored: readonly PageRun[],
): Promise<PageFacts['coverage']> {
  const has = (run: RunFact) => run.coveragePercent !== undefined;
  const counts = (run: RunFact) => run.notCounted === undefined;
  const [place = -1] = [
    runs.findLastIndex((run) => has(run) && counts(run) && run.isBase && !run.isIncomplete),
    runs.findLastIndex((run) => has(run) && counts(run)),
    runs.findLastIndex((run) => has(run) && run.notCounted !== 'stranger'),
  ].filter((found) => found >= 0);
  const run = stored[place];
  if (run === undefined) return undefined;
  const { files, total } = await readPageCoverage(db, access, run, most.files);
  return files.length === 0 ? undefined : { run: place, files, total };
}

async function readMemories(
  db: Database,
  access: Access,
  repository: StoredRepository,
  projects: readonly (string | undefined)[],
): Promise<{ readonly memories: readonly MemoryFact[]; readonly total: number }> {
  const { memories, total } = await listMemories(db, access, { limit: most.memories });
  const isOfHere = (name: string | undefined, project: string | undefined) =>
    (name === undefined ||
      repository.name === undefined ||
      [repository.name, `${repository.host}/${repository.name}`].includes(name.toLowerCase())) &&
    (project === undefined || projects.includes(undefined) || projects.includes(project));
  const own = memories.filter((memory) => isOfHere(memory.repository, memory.project));
  return {
    memories: own.map((memory) => ({
      ...memory,
      isNoBetterThanWaiting: isMemoryNoBetter(memory),
      errorType: typeof memory.metadata.error_type === 'string' ? memory.metadata.error_type : undefined,
    })),
    total: total > memories.length ? total : own.length,
  };
}

/** Of the newest run that has one; a stranger's says nothing of the team's code. */
async function readNewestMatriz(
  db: Database,
  access: Access,
  stored: readonly PageRun[],
): Promise<PageFacts['matriz']> {
  const place = stored.findLastIndex(({ hasMatriz, origin }) => hasMatriz && origin !== 'stranger');
  const run = stored[place];
  if (run === undefined) return undefined;
  const found = await readAnalysis(db, access, run);
  return found && { run: place, json: found.json };
}
