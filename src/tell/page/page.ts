// The page: one file that needs no network. Facts in, HTML out. All that comes from the database travels as compressed data that the
// page's own program shows as text; no word of it stands in the markup.
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { FailureHistory, HealixMemory, Since } from '../../model.ts';
import { posix } from '../../shell.ts';
import { pytestCommand, shellOf, teachCommand, whyNoCommand } from '../commands.ts';
import { evidenceOf } from '../evidence.ts';
import { errorLines, hasFrames, leftOut, otherFrames } from '../excerpt.ts';
import { count, noBetterThanWaiting, number, tierNames } from '../words.ts';
import { script, style } from './client.generated.ts';
import type {
  PageCoverageData,
  PageData,
  PageFailureData,
  PageFlaky,
  PageMatriz,
  PageMemory,
  PageRunData,
  PageTests,
} from './data.ts';
import type { MemoryFact, PageFacts, RedFailure, RedRun, RunFact } from './facts.ts';
import type { Grid } from './grid.ts';
import { cellKinds } from './kinds.ts';
import { linksOf } from './links.ts';

/** Tests whose durations are followed over time. */
const mostTrends = 200;
/** Of all tracebacks together, in characters. */
const longestTracebacks = 2_000_000;
/** Of the lines of all files together, in characters. */
const longestLines = 2_000_000;
/** Tests in the grid: the seldom failing ones beyond are left out. */
const mostTests = 50_000;

export interface Page {
  readonly html: string;
  readonly runs: number;
  readonly tests: number;
}

/**
 * The page, as HTML.
 *
 * @param facts undefined: nothing is stored, and the page says what to do first
 */
export function renderPage(
  facts: PageFacts | undefined,
  { madeAt, program, team }: { readonly madeAt: Date; readonly program: string; readonly team: string },
): Page {
  if (facts === undefined) {
    const data = emptyData(madeAt, program, team);
    return { html: htmlOf(data, new Uint8Array()), runs: 0, tests: 0 };
  }
  const order = orderOf(facts);
  const data = dataOf(facts, order, program);
  return {
    html: htmlOf(data, facts.grid.bytes(order.places)),
    runs: facts.runs.length,
    tests: order.places.length,
  };
}

/** The page around some data: also what measurements make it from. */
export function htmlOf(data: PageData, cells: Uint8Array): string {
  // A level above costs ten times as much and saves a hundredth.
  const pack = (bytes: string | Uint8Array) => deflateRawSync(bytes, { level: 6 }).toString('base64');
  const program = scriptText(script);
  const csp = `default-src 'none'; script-src '${hashOf(program)}'; style-src '${hashOf(style)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<meta name="color-scheme" content="light dark">
<title>lukhas report</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This page shows its data by a script of its own; it needs no network.</p></noscript>
<div id="page"></div>
<script type="application/octet-stream" id="data">${pack(JSON.stringify(data))}</script>
<script type="application/octet-stream" id="cells">${pack(cells)}</script>
<script>${program}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Our own program, so that nothing in it ends the element. */
function scriptText(text: string): string {
  return text.replace(/<(?=\/script|!--)/gi, '\\x3c');
}

function emptyData(madeAt: Date, program: string, team: string): PageData {
  return {
    madeAt: madeAt.getTime(),
    program,
    team,
    days: 0,
    total: 0,
    leftOut: [],
    projects: [],
    runs: [],
    tests: { names: [], shared: [], projects: [], marks: [], mean: [], slowest: [], timed: [], trends: [] },
    standings: [],
    failures: [],
    flaky: [],
    memories: [],
    commands: { first: 'pytest --junitxml=results.xml; lukhas upload results.xml' },
  };
}

interface Order {
  /** The grid's tests as the page shows them first: those that fail now, flaky ones, those that failed most. */
  readonly places: readonly number[];
  /** By test's place in the grid, its place on the page. */
  readonly shown: ReadonlyMap<number, number>;
  readonly failing: ReadonlySet<number>;
  readonly flaky: ReadonlySet<number>;
}

function orderOf({ grid, red, flaky, projects }: PageFacts): Order {
  const find = (testName: string, project: string | undefined) =>
    grid.find(testName, projects.indexOf(project));
  const failing = new Set(
    red
      .filter(({ isBase }) => isBase)
      .flatMap(({ failures, project }) => failures.flatMap(({ testName }) => find(testName, project) ?? [])),
  );
  const chance = new Set(flaky.flatMap(({ testName, project }) => find(testName, project) ?? []));
  const rank = grid.tests.map((_, test) => {
    const mark = failing.has(test) ? 2 : chance.has(test) ? 1 : 0;
    return mark * 100_000 + failuresOf(grid, test);
  });
  const nameOf = (test: number) => grid.tests[test]?.testName ?? '';
  const places = grid.tests
    .map((_, test) => test)
    .sort(
      (a, b) =>
        (rank[b] ?? 0) - (rank[a] ?? 0) || (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0),
    )
    .slice(0, mostTests);
  return { places, shown: new Map(places.map((test, place) => [test, place])), failing, flaky: chance };
}

function failuresOf(grid: Grid, test: number): number {
  const counts = grid.counts(test);
  const of = (kind: (typeof cellKinds)[number]) => counts[cellKinds.indexOf(kind)] ?? 0;
  return of('failed') + of('error') + of('again');
}

function dataOf(facts: PageFacts, order: Order, program: string): PageData {
  const { runs, projects, standings, window } = facts;
  const systems = new Set(runs.flatMap(({ ciSystem }) => ciSystem ?? []));
  const find = (testName: string, project: string | undefined) =>
    order.shown.get(facts.grid.find(testName, projects.indexOf(project)) ?? -1);
  const bases = [...new Set(standings.flatMap(({ baseBranch }) => baseBranch ?? []))];
  const coverage = coverageOf(facts);
  const failures = failuresData(facts.red, find);
  return {
    madeAt: facts.madeAt.getTime(),
    program,
    team: facts.team,
    repository: facts.repository === undefined ? undefined : shownName(facts.repository),
    baseBranch: bases.length === 0 ? undefined : bases.join(' and '),
    days: window.days,
    total: window.total,
    links: linksOf(facts.repository, facts.host, systems),
    leftOut: notShown(facts, order, failures.cut, coverage?.cut ?? 0),
    projects: projects.map((project) => project ?? null),
    runs: runs.map(runData),
    tests: testsOf(facts.grid, order),
    standings: standings.map(({ project, lane, baseBranch, sha, notRunSince, jobs }) => ({
      name: [standings.length > 1 && project !== undefined ? project : undefined, lane]
        .filter((part) => part !== undefined)
        .join(', '),
      baseBranch,
      sha,
      ...(notRunSince > 0 && { notRun: notRunSince }),
      jobs: [...jobs].sort(compareJobs).map((job) => {
        const place = runs.findIndex(({ runId }) => runId === job.runId);
        return {
          job: job.jobName ?? '',
          at: job.at.getTime(),
          sha: job.sha,
          behind: job.behind,
          tests: job.tests,
          failures: job.failures,
          ...(job.isIncomplete ? { incomplete: 1 as const } : {}),
          ...(place < 0 ? {} : { run: place }),
        };
      }),
    })),
    failures: failures.data,
    flaky: facts.flaky.map(
      ({ testName, project, baseBranch, evidence }): PageFlaky => ({
        test: testName,
        place: find(testName, project),
        evidence: evidenceOf(
          {
            class: 'flaky',
            known: false,
            testName,
            failureSignature: undefined,
            match: undefined,
            reason: { kind: 'flaky', evidence },
            notes: { passedOnRerunOf: undefined, wasFlaky: undefined, redBefore: [] },
            since: undefined,
            lastFixedBy: undefined,
          },
          { baseBranch, point: undefined },
        ),
        failures: evidence.failures,
        runs: evidence.runs,
      }),
    ),
    coverage: coverage?.data,
    memories: facts.hidesSolutions ? undefined : facts.memories.map(memoryData),
    matriz: matrizOf(facts.matriz),
    commands: { first: '' },
  };
}

/** Without a remote a repository is called by its first commit or its folder: a long name that says nothing. */
function shownName(repository: string): string {
  const unnamed = /^(first-commit|folder):([0-9a-f]{8})[0-9a-f]*$/.exec(repository);
  return unnamed === null ? repository : `Repository ${unnamed[2]}`;
}

/** Red ones first. */
function compareJobs(
  a: PageFacts['standings'][number]['jobs'][number],
  b: PageFacts['standings'][number]['jobs'][number],
): number {
  const isRed = Number(b.failures > 0) - Number(a.failures > 0);
  return isRed || ((a.jobName ?? '') < (b.jobName ?? '') ? -1 : 1);
}

/** What the page does not show, in sentences. */
function notShown(facts: PageFacts, order: Order, cutTracebacks: number, cutLines: number): string[] {
  const { window, runs, grid, red } = facts;
  const more = (n: number, one: string, rest: string) => (n > 0 ? [`${count(n, one)} ${rest}`] : []);
  const failures = red.reduce((sum, run) => sum + run.total - run.failures.length, 0);
  const others = facts.others.length;
  const notCounted = runs.filter((run) => run.notCounted !== undefined).length;
  return [
    ...more(window.total - runs.length, 'older run', `of these ${window.days} days.`),
    ...more(grid.tests.length - order.places.length, 'test', 'that failed least.'),
    ...more(facts.unjudged, 'project or lane', 'whose failures were not judged.'),
    ...more(facts.redLeftOut, 'red run', 'whose failures are not listed.'),
    ...more(failures, 'failure', 'beyond the first 200 of a run.'),
    ...more(cutTracebacks, 'traceback', 'for which there was no room.'),
    ...more(facts.flakyLeftOut, 'test', 'that failed now and then, and was not asked whether it is flaky.'),
    ...more(
      (facts.coverage?.total ?? 0) - (facts.coverage?.files.length ?? 0),
      'file',
      'with the fewest missing lines.',
    ),
    ...more(cutLines, 'file', 'whose lines there was no room for.'),
    ...more(
      facts.memoriesTotal - facts.memories.length,
      'memory',
      'with less confidence or of other repositories.',
    ).map((text) => text.replace('memorys', 'memories')),
    ...(facts.hidesSolutions
      ? ['What is known about failures and fixes them: show-solutions hides it here.']
      : []),
    ...(others === 0
      ? []
      : [`${number(others)} other ${others === 1 ? 'repository' : 'repositories'} of this team.`]),
    ...(notCounted === 0
      ? []
      : [
          `${count(notCounted, 'run')} in the grid ${notCounted === 1 ? 'is' : 'are'} no evidence (forks, uncommitted changes, old reports, outages, local runs beside CI): the trend and the lists leave ${notCounted === 1 ? 'it' : 'them'} out.`,
        ]),
  ];
}

function runData(run: RunFact): PageRunData {
  return {
    id: run.runId,
    at: run.at.getTime(),
    sha: run.gitSha,
    branch: run.branch,
    job: run.jobName,
    lane: run.lane,
    project: run.project,
    pull: run.pullRequest,
    ci:
      run.workflowRunId !== undefined && /^\d{1,20}$/.test(run.workflowRunId) ? run.workflowRunId : undefined,
    base: run.isBase ? 1 : undefined,
    incomplete: run.isIncomplete ? 1 : undefined,
    not: run.notCounted === undefined ? undefined : notCountedWords[run.notCounted],
    stranger: run.notCounted === 'stranger' ? 1 : undefined,
    tests: run.tests,
    passed: run.passed,
    failed: run.failed,
    errors: run.errors,
    skipped: run.skipped,
    seconds: run.seconds,
    coverage: run.coveragePercent,
    message: run.message,
  };
}

const notCountedWords: Readonly<Record<NonNullable<RunFact['notCounted']>, string>> = {
  stranger: "a fork's change or somebody's own trigger",
  stale: 'its report is older than its commit',
  dirty: 'uncommitted changes',
  outage: 'looks like infrastructure',
  local: 'outside CI',
};

function testsOf(grid: Grid, { places, failing, flaky }: Order): PageTests {
  const tests = places.flatMap((place) => grid.tests[place] ?? []);
  let before = '';
  const shared: number[] = [];
  const names = tests.map(({ testName }) => {
    let same = 0;
    while (same < before.length && same < testName.length && before[same] === testName[same]) same++;
    // Never between the halves of a character.
    while (same > 0 && /[\ud800-\udbff]/.test(testName[same - 1] ?? '')) same--;
    before = testName;
    shared.push(same);
    return testName.slice(same);
  });
  const ms = (seconds: number) => Math.round(seconds * 1000);
  const slowest = [...tests.keys()]
    .sort((a, b) => (tests[b]?.seconds ?? 0) - (tests[a]?.seconds ?? 0))
    .slice(0, mostTrends);
  return {
    names,
    shared,
    projects: tests.map(({ project }) => project),
    marks: places.map((place) => (failing.has(place) ? 2 : flaky.has(place) ? 1 : 0)),
    // In whole milliseconds, many fast tests would add up to nothing.
    mean: tests.map(({ seconds, timed }) => (timed === 0 ? 0 : Math.round((1e5 * seconds) / timed) / 100)),
    slowest: tests.map(({ slowest: longest }) => ms(longest)),
    timed: tests.map(({ timed }) => timed),
    trends: slowest.map((test) => [test, [...(tests[test]?.trend ?? [])].map(ms)] as const),
  };
}

function failuresData(
  red: readonly RedRun[],
  find: (testName: string, project: string | undefined) => number | undefined,
): { readonly data: PageFailureData[]; readonly cut: number } {
  const found = new Map<string, PageFailureData & { jobs: { job: string; run?: number | undefined }[] }>();
  let room = longestTracebacks;
  let cut = 0;
  for (const run of red) {
    for (const failure of run.failures) {
      const { verdict } = failure;
      // One failure in several jobs is told once, where it means the same in each.
      const key = JSON.stringify([
        run.isBase ? '' : (run.branch ?? run.runId),
        run.project ?? null,
        failure.testName,
        failure.failureSignature ?? null,
        verdict?.class ?? null,
        verdict?.match?.memory.id ?? null,
      ]);
      const job = { job: run.jobName ?? '', run: run.run };
      const known = found.get(key);
      if (known !== undefined) {
        known.jobs.push(job);
        // It is red since the first of them was.
        const since = sinceOf(verdict?.since);
        if (since !== undefined && known.since !== undefined && since.at < known.since.at)
          found.set(key, { ...known, since, evidence: evidenceFor(run, failure) });
        continue;
      }
      const length = failure.traceback?.length ?? 0;
      const hasRoom = length <= room;
      if (hasRoom) room -= length;
      else cut++;
      found.set(key, {
        ...failureData(run, failure, hasRoom),
        place: find(failure.testName, run.project),
        jobs: [job],
      });
    }
  }
  return { data: [...found.values()].sort(compareFailures), cut };
}

const classOrder = ['new', 'no-history', 'pre-existing', 'flaky'];

function failureData(
  run: RedRun,
  failure: RedFailure,
  hasRoom: boolean,
): Omit<PageFailureData, 'jobs' | 'place'> {
  const { verdict, isFromWindows } = failure;
  const shell = shellOf(isFromWindows);
  const rerunnable = { ...failure, errorType: failure.errorType };
  const rerun = pytestCommand(rerunnable, run.project, shell);
  return {
    test: failure.testName,
    base: run.isBase,
    branch: run.branch,
    sha: run.gitSha,
    at: run.at.getTime(),
    outcome: failure.outcome,
    class: verdict?.class,
    known: verdict?.known === true,
    evidence: evidenceFor(run, failure),
    since: sinceOf(verdict?.since),
    file: failure.testFile === undefined ? undefined : inRepository(run.project, failure.testFile),
    line: failure.line,
    errorType: failure.errorType,
    message: failure.message,
    traceback: hasRoom ? failure.traceback : undefined,
    excerpt: hasRoom ? excerptData(run.project, failure) : undefined,
    ...memoryOf(verdict, failure.testName),
    rerun,
    noRerun:
      rerun !== undefined
        ? undefined
        : whyNoCommand(rerunnable, shell) || 'no command: pytest would not find a test by this name',
    teach:
      verdict === undefined || verdict.known
        ? undefined
        : teachCommand(failure.testName, posix, { number: failure.number, run: run.runId }),
  };
}

function evidenceFor(run: RedRun, { verdict }: RedFailure): string {
  return verdict === undefined ? 'not judged' : evidenceOf(verdict, run.history);
}

function excerptData(
  project: string | undefined,
  { excerpt, testFile, line }: RedFailure,
): PageFailureData['excerpt'] {
  return (
    excerpt && {
      older: excerpt.exceptionsLeftOut,
      exceptions: excerpt.exceptions.map((one) => ({
        source: one.source,
        error: errorLines(one),
        more: leftOut(one),
        // A single frame that is the failure's own place is shown there already.
        frames: one.frames
          .filter((frame) => hasFrames(one) || frame.path !== testFile || frame.line !== line)
          .map((frame) => ({ ...frame, path: inRepository(project, frame.path) })),
        others: otherFrames(one),
      })),
    }
  );
}

/** A file as a test or a frame names it, seen from the repository's root. */
function inRepository(project: string | undefined, file: string): string {
  return project === undefined || project === '.' || /^(?:\/|[A-Za-z]:)/.test(file)
    ? file
    : `${project}/${file}`;
}

function sinceOf(since: Since | undefined): PageFailureData['since'] {
  return since && { sha: since.firstRed, at: since.firstRedAt, orEarlier: since.lastGreen === undefined };
}

function memoryOf(
  verdict: FailureHistory | undefined,
  testName: string,
): Pick<PageFailureData, 'memory' | 'tier'> {
  const match = verdict?.match;
  if (match === undefined) return {};
  return { memory: memoryData({ ...match.memory, testName }), tier: tierNames[match.tier] };
}

function memoryData(memory: HealixMemory & Partial<MemoryFact> & { readonly testName: string }): PageMemory {
  return {
    id: memory.id,
    test: memory.testName,
    cause: memory.rootCause ?? memory.probableCause,
    solution: memory.solution,
    type: memory.solutionType,
    code: memory.autoFixCode?.slice(0, 20_000),
    confidence: memory.confidence,
    worked: memory.successCount,
    failed: memory.failureCount,
    applied: memory.lastApplied?.getTime(),
    remarks: [...(memory.stale === true ? ['to be read with care'] : []), ...noBetterThanWaiting(memory)],
    star: memory.matrizStar,
  };
}

function coverageOf({
  coverage,
}: PageFacts): { readonly data: PageCoverageData; readonly cut: number } | undefined {
  if (coverage === undefined) return undefined;
  let room = longestLines;
  let cut = 0;
  const files = coverage.files.map((file) => {
    const lines = rangesOf(file.coveredLines);
    const missing = rangesOf(file.missingLines);
    const hasRoom = lines.length + missing.length <= room;
    if (hasRoom) room -= lines.length + missing.length;
    else cut++;
    return {
      path: file.filePath,
      percent: file.percent,
      statements: file.statements,
      covered: file.covered,
      branches: file.branches,
      coveredBranches: file.coveredBranches,
      ...(hasRoom ? { lines, missing } : {}),
    };
  });
  return { data: { run: coverage.run, files }, cut };
}

/** `1-4,7` for 1, 2, 3, 4, 7. */
export function rangesOf(lines: readonly number[]): string {
  const sorted = [...new Set(lines)].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let at = 0; at < sorted.length; at++) {
    const first = sorted[at] ?? 0;
    let last = first;
    while (sorted[at + 1] === last + 1) {
      last++;
      at++;
    }
    ranges.push(first === last ? String(first) : `${first}-${last}`);
  }
  return ranges.join(',');
}

/** The stars of an analysis. What has another form than an upload lets in is left out: somebody else may have written it. */
function matrizOf(matriz: PageFacts['matriz']): PageMatriz | undefined {
  if (matriz === undefined) return undefined;
  let analysis: unknown;
  try {
    analysis = JSON.parse(matriz.json);
  } catch {
    return undefined;
  }
  const stars = Object.entries(objectOf(objectOf(analysis)?.stars) ?? {})
    .slice(0, 100)
    .map(([name, value]) => {
      const { status, confidence, violations } = objectOf(value) ?? {};
      const told = (Array.isArray(violations) ? violations : []).flatMap((violation) => {
        const { rule, location } = objectOf(violation) ?? {};
        if (typeof rule !== 'string') return [];
        return [typeof location === 'string' ? `${rule} (${location})` : rule];
      });
      return {
        name,
        status: typeof status === 'string' ? status : undefined,
        confidence: typeof confidence === 'number' && Number.isFinite(confidence) ? confidence : undefined,
        violations: told.length > 10 ? [...told.slice(0, 10), `and ${told.length - 10} more`] : told,
      };
    });
  return stars.length === 0 ? undefined : { run: matriz.run, stars };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** Failures of the base first, what is surest a change's before what is chance. */
function compareFailures(a: PageFailureData, b: PageFailureData): number {
  const rank = (failure: PageFailureData) =>
    (failure.base ? 0 : 10) + Math.max(0, classOrder.indexOf(failure.class ?? 'new'));
  return rank(a) - rank(b);
}
