// The action of `lukhas-upload`: opens what an upload needs, calls ingest() and prints the result.
import { hostname } from 'node:os';
import { relative, resolve } from 'node:path';
import { asOptions, InputError, StoreError } from '../../errors.ts';
import { type Edges, ingest, type Verdict } from '../../ingest.ts';
import { groupByCause } from '../../judge/causes.ts';
import type { RunContext, Warning } from '../../model.ts';
import { findFiles, openReport, spoolInput } from '../../read/files.ts';
import type { ReportFile } from '../../read/report/survey.ts';
import { parseSettings, type Settings } from '../../settings.ts';
import { prepareEngine } from '../../store/database/engine.ts';
import { leastCovered } from '../../tally.ts';
import { fixedTests } from '../../tell/evidence.ts';
import {
  causeLine,
  changesLine,
  coverageLine,
  failureLine,
  fixedLine,
  matchLine,
  matrizLine,
  patchLine,
  resultLine,
  runLine,
  schemaLine,
  warningLine,
} from '../../tell/json.ts';
import { isForeign } from '../../tell/matriz.ts';
import { safeLine } from '../../tell/safe.ts';
import { type Progress, startProgress } from '../../tell/terminal/progress.ts';
import { renderSummary, renderWarnings, type Summary } from '../../tell/terminal/summary.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { count } from '../../tell/words.ts';
import { dataDirOf } from '../data-dir.ts';
import {
  coverageToBlame,
  failuresToBlame,
  hasErrors,
  needsHistory,
  otherGates,
  starsToBlame,
  whyNotReviewed,
} from '../fail-on.ts';
import { keepHeapSmall } from '../heap.ts';
import { describeError, type ExitCode, exitCodeOf, exitCodes } from '../process.ts';
import { detectSurroundings, openServer, type TeamOpening } from '../surroundings.ts';

export interface Telling {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly terminal: Terminal;
}

/** Settings as the command line gives them, not yet checked. */
type RawSettings = Parameters<typeof parseSettings>[0];

/** One upload from the command line. */
export async function upload(raw: RawSettings, asked: Telling): Promise<ExitCode> {
  const settings = parseSettings(raw);
  requireHistory(settings);
  if (settings.requireCoverage && settings.coverage.length === 0) {
    throw new InputError({
      code: 'usage',
      message: '--require-coverage needs a coverage report',
      fix: 'Name what `coverage json` wrote: --coverage coverage.json',
    });
  }
  const workingDirectory = currentFolder();
  const { progress, ...telling } = withProgress(asked);
  const { terminal } = telling;
  const cancelled = new AbortController();
  const cancel = () => {
    cancelled.abort();
    if (!telling.quiet) terminal.err(terminal.paint.dim('cancelling; once more ends it at once'));
  };
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  const inputs = await openReports(settings.reports, workingDirectory, {
    signal: cancelled.signal,
    onNothing: (warnings) => {
      if (warnings.length > 0) terminal.err(renderWarnings(warnings, terminal.paint));
    },
  });
  const opening = settings.dryRun ? undefined : openDatabase(settings, telling);
  try {
    const coverage = await findFiles(settings.coverage, {
      workingDirectory,
      what: 'coverage report',
      extension: '.json',
    });
    const surroundings = detectSurroundings(settings, workingDirectory, settings.uploadKey, asOptions);
    const lines = startLines(terminal);
    const edges: Edges = {
      now: new Date(),
      hostname: hostname(),
      workingDirectory,
      reports: inputs.reports,
      problems: inputs.problems,
      coverage,
      naming: asOptions,
      surroundings,
      connect: opening?.connect,
      takeTeam: opening?.take,
      signal: cancelled.signal,
      ...(telling.json && {
        onResults: (results) => lines.write(results.map(resultLine).join('')),
        onCoverage: (files) => lines.write(files.map(coverageLine).join('')),
      }),
      onProgress: (what, fraction) => progress.update(what, fraction),
      onRetry: (reason) => {
        if (!telling.quiet) terminal.err(terminal.paint.dim(`${safeLine(reason)}; trying again`));
      },
    };
    const isEmbedded = settings.databaseUrl === undefined && !settings.dryRun;
    const bytes = inputs.reports.reduce((sum, report) => sum + report.bytes, 0);
    // What the embedded database fills the heap with stays to the end: looking it through takes 15 ms, and a small report fills no more.
    // Not earlier: after a flag has changed, V8 rejects the cached compiled code of Node's own modules.
    if (!isEmbedded || bytes > smallBytes || coverage.paths.length > 0) keepHeapSmall();
    if (isEmbedded) setImmediate(prepareEngine);
    const verdict = await ingest(settings, edges)
      .finally(() => progress.done())
      .catch((error: unknown) => {
        const beside = [...inputs.warnings, ...coverage.warnings];
        if (beside.length > 0) terminal.err(renderWarnings(beside, terminal.paint));
        throw error;
      });
    const warned = {
      ...verdict,
      warnings: [
        ...inputs.warnings,
        ...coverage.warnings,
        ...(await surroundings).detected.warnings,
        ...warnEmbeddedInCi(settings, raw),
        ...warnUnusedAuthority(settings),
        ...verdict.warnings,
      ],
    };
    const { saved } = verdict;
    // The last run of the default database needs no name.
    const isLast =
      saved?.stored === 'new' && Object.values(wherever(raw)).every((value) => value === undefined);
    if (telling.json) await tellJson(warned, settings, telling, lines);
    else {
      const root = (await surroundings).checkout?.root;
      const folder =
        root === undefined || verdict.rootdir === undefined
          ? undefined
          : relative(workingDirectory, resolve(root, verdict.rootdir)).replaceAll('\\', '/');
      const numberedIn = isLast ? undefined : saved?.runId;
      tellTerminal(warned, settings, { reports: inputs.reports, folder, numberedIn }, telling);
    }
    if (verdict.storeError !== undefined) {
      terminal.err(describeError(verdict.storeError, terminal.paint));
      return exitCodeOf(verdict.storeError);
    }
    const { sentences: fallen, undecided } = coverageToBlame(settings, verdict);
    if (undecided !== undefined)
      throw new StoreError({
        code: 'coverage-unknown',
        message: undecided,
        fix: 'Give a coverage report of coverage.py, and a checkout that reaches where the change begins.',
      });
    if (!failsBuild(settings, verdict) && fallen.length === 0)
      return hasErrors(verdict) ? exitCodes.input : exitCodes.ok;
    const why = [...(failsBuild(settings, verdict) ? [failingWords(settings, verdict)] : []), ...fallen];
    if (!telling.quiet) terminal.err(`${terminal.paint.red('failing:')} ${why.join('; ')}`);
    return exitCodes.failOn;
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
    await opening?.dispose();
    await inputs.remove();
  }
}

/** Of reports that take no memory to speak of: some three hundred tests. */
const smallBytes = 50_000;

/** What says in which database and for whom a run was stored. */
function wherever({ databaseUrl, dataDir, team }: RawSettings): Record<string, unknown> {
  return { databaseUrl, dataDir, team };
}

/** Warns in CI when no database is named: a missing secret looks the same, and a runner's disk is deleted. */
function warnEmbeddedInCi(settings: Settings, raw: RawSettings): Warning[] {
  const inCi = (process.env.CI ?? '') !== '' && process.env.CI !== 'false';
  if (!inCi || settings.dryRun || settings.databaseUrl !== undefined || raw.dataDir !== undefined) return [];
  const empty = process.env.DATABASE_URL === '' ? 'DATABASE_URL is empty' : 'there is no DATABASE_URL';
  return [
    {
      code: 'embedded-in-ci',
      message: `${empty}: the run went into the embedded database on this CI machine, and is lost with it; name a server, or a folder that is kept with --data-dir`,
    },
  ];
}

/** A certificate authority without a server to check: the database's address was forgotten. */
function warnUnusedAuthority({ databaseUrl, dryRun, sslCa }: Settings): Warning[] {
  if (sslCa === undefined || dryRun || databaseUrl !== undefined) return [];
  const message = '--ssl-ca was not used: there is no DATABASE_URL, and the embedded database needs none';
  return [{ code: 'ssl-ca-unused', message }];
}

/** Adds a progress line, and clears it before anything else is printed to standard error. */
function withProgress(telling: Telling): Telling & { readonly progress: Progress } {
  const { terminal } = telling;
  const interactive =
    terminal.interactive && !telling.quiet && !(telling.json && process.stdout.isTTY === true);
  const progress = startProgress({ ...terminal, interactive }, () => performance.now());
  const err = (text: string) => {
    progress.clear();
    terminal.err(text);
  };
  return { ...telling, terminal: { ...terminal, err }, progress };
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    throw new InputError({
      code: 'no-working-directory',
      message: 'the current folder does not exist any more',
      fix: 'Change into a folder that is there.',
    });
  }
}

interface OpenedReports {
  readonly reports: readonly ReportFile[];
  readonly problems: readonly InputError[];
  readonly warnings: readonly Warning[];
  remove(): Promise<void>;
}

/** `onNothing` gets the warnings where the search ends in an error. */
async function openReports(
  patterns: readonly string[],
  workingDirectory: string,
  { signal, onNothing }: { signal: AbortSignal; onNothing(warnings: readonly Warning[]): void },
): Promise<OpenedReports> {
  const named = patterns.filter((pattern) => pattern !== '-');
  const found = await findFiles(named, { workingDirectory, what: 'report', extension: '.xml' });
  const { paths, problems, warnings } = found;
  const [problem] = problems;
  if (problem !== undefined && patterns.length === named.length && paths.length === 0) {
    onNothing(warnings);
    throw problem;
  }
  const reports = await Promise.all(paths.map((path) => openReport(path, workingDirectory)));
  if (named.length === patterns.length) return { reports, problems, warnings, remove: async () => {} };
  if (process.stdin.isTTY) {
    throw new InputError({
      code: 'usage',
      message: '- reads the report from standard input, which is this terminal',
      fix: 'Pipe a report into it: cat results.xml | lukhas-upload -',
    });
  }
  const { report, remove } = await spoolInput(process.stdin, signal);
  return { reports: [...reports, report], problems, warnings, remove };
}

function openDatabase(settings: Settings, { terminal, quiet }: Telling): TeamOpening {
  const server = openServer(settings, (remark) => {
    if (!quiet) terminal.err(`${terminal.paint.yellow('warning:')} ${safeLine(remark)}`);
  });
  if (server !== undefined) return server;
  const onMessage = (message: string) =>
    quiet ? undefined : terminal.err(terminal.paint.dim(safeLine(message)));
  const connect = async () => {
    const { openEmbedded } = await import('../../store/schema/embedded.ts');
    return openEmbedded(dataDirOf(settings), { onMessage });
  };
  return { take: () => undefined, connect, dispose: async () => {} };
}

/** JSON Lines: the first one names the schema. Nothing is written where nothing could be read. */
function startLines(terminal: Terminal): Lines {
  let begun = false;
  return {
    async write(text) {
      if (!begun) await terminal.write(schemaLine());
      begun = true;
      await terminal.write(text);
    },
  };
}

interface Lines {
  write(text: string): Promise<void>;
}

async function tellJson(
  verdict: Verdict,
  settings: Settings,
  { terminal, quiet }: Telling,
  lines: Lines,
): Promise<void> {
  const { history } = verdict;
  if (history !== undefined) {
    const matched = history.failures.map((failure) =>
      failure.match === undefined ? '' : matchLine(failure, failure.match),
    );
    await lines.write(matched.join(''));
    await lines.write(history.failures.map((failure) => failureLine(failure, history)).join(''));
    await lines.write(groupByCause(history.failures).map(causeLine).join(''));
    await lines.write(fixedTests(history).map(fixedLine).join(''));
    if (history.changes !== undefined || history.coverage !== undefined)
      await lines.write(changesLine(history));
  }
  if (verdict.patch !== undefined) await lines.write(patchLine(verdict.patch));
  if (verdict.matriz.review !== undefined) await lines.write(matrizLine(verdict.matriz, verdict));
  await lines.write(verdict.warnings.map(warningLine).join(''));
  await lines.write(runLine({ ...verdict, team: settings.team }));
  if (!quiet && verdict.warnings.length > 0) terminal.err(renderWarnings(verdict.warnings, terminal.paint));
}

const failuresShown = 20;

function tellTerminal(
  verdict: Verdict,
  settings: Settings,
  {
    reports,
    folder,
    numberedIn,
  }: {
    readonly reports: readonly ReportFile[];
    readonly folder: string | undefined;
    readonly numberedIn: string | undefined;
  },
  { terminal, quiet, verbose }: Telling,
): void {
  if (quiet) {
    if (verdict.warnings.length > 0) terminal.err(renderWarnings(verdict.warnings, terminal.paint));
    return;
  }
  const coverage = verdict.coverage?.files ?? [];
  const summary = {
    reports: reports.map((report) => report.name),
    severalReports: verdict.reports,
    folder,
    numberedIn,
    isFromWindows: verdict.tally.isFromWindows || process.platform === 'win32',
    commit: commitOf(verdict.context),
    totals: verdict.totals,
    lost: verdict.lost,
    incomplete: verdict.incomplete,
    xfailed: verdict.tally.xfailed,
    failures: verdict.tally.failures,
    history: verdict.history,
    matriz: verdict.matriz.review && { review: verdict.matriz.review, isForeign: isForeign(verdict.context) },
    reruns: verdict.tally.reruns,
    slowest: verdict.tally.slowest,
    leastCovered: leastCovered(coverage, verbose ? 20 : 5),
    coveredFiles: coverage.length,
    patch: verdict.patch,
    gates: otherGates(settings, verdict),
    stored: storedSentence(verdict, settings),
    warnings: verdict.warnings,
  };
  terminal.out(
    renderSummary(summary, {
      paint: terminal.paint,
      columns: terminal.columns,
      mostFailures: verbose ? verdict.tally.failures.length : failuresShown,
      hint: '--verbose shows more',
    }),
  );
}

function commitOf({ gitBranch, gitSha, tested }: RunContext): Summary['commit'] {
  return { branch: gitBranch, sha: gitSha ?? tested?.gitSha, dirty: tested?.dirty };
}

function storedSentence(verdict: Verdict, settings: Settings): { ok: boolean; text: string } {
  if (verdict.storeError !== undefined) return { ok: false, text: 'NOT stored: see the error' };
  const { saved } = verdict;
  if (saved === undefined) {
    const why = settings.dryRun ? '--dry-run' : 'there is no test in it';
    return { ok: false, text: `not stored: ${why}` };
  }
  const where =
    settings.databaseUrl === undefined
      ? `the embedded database in ${dataDirOf(settings)}`
      : 'your PostgreSQL';
  const stored = verdict.incomplete ? 'stored as incomplete run' : 'stored as run';
  const known = saved.addedCoverage === true ? 'its coverage was added' : 'nothing was written';
  const what = saved.stored === 'already' ? `already stored, ${known}: run` : stored;
  return { ok: true, text: `${what} ${saved.runId} of team ${saved.team} in ${where}` };
}

/** Whether `--fail-on` applies. */
function failsBuild({ failOn }: Settings, verdict: Verdict): boolean {
  const blamed = failuresToBlame(failOn, verdict);
  const asked = `--fail-on ${failOn.join(',')}`;
  if (blamed === undefined)
    throw new StoreError({
      code: 'history-unreadable',
      message: `${asked} cannot be decided: the history of the failures could not be read`,
      fix: 'The run is stored. Run the same upload again.',
    });
  const stars = starsToBlame(failOn, verdict);
  if (stars !== undefined) return blamed + stars > 0;
  const { missing = 'not-given' } = verdict.matriz;
  throw new StoreError({
    code: 'matriz-not-judged',
    message: `${asked} cannot be decided: ${whyNotReviewed(missing)}`,
    fix:
      missing === 'turned-off'
        ? 'Turn it on for the team, or leave blocked away.'
        : 'Name the JSON file that MATRIZ writes: --matriz analysis.json',
  });
}

function requireHistory({ failOn, dryRun }: Settings): void {
  if (!dryRun || !needsHistory(failOn)) return;
  throw new InputError({
    code: 'usage',
    message: `--fail-on ${failOn.join(',')} compares with what is stored, and --dry-run stores nothing`,
    fix: 'Leave --dry-run away, or use --fail-on any.',
  });
}

/** Why the exit code is 4. */
function failingWords({ failOn }: Settings, verdict: Verdict): string {
  const blamed = failuresToBlame(failOn, verdict) ?? 0;
  const [are, have] = blamed === 1 ? ['is', 'has'] : ['are', 'have'];
  const what = {
    new: `${are} new`,
    'no-history': `${have} nothing to compare with`,
    unknown: `${have} no known cause`,
  };
  const stars = starsToBlame(failOn, verdict) ?? 0;
  const gates = failOn.flatMap((gate) => (gate === 'any' || gate === 'blocked' ? [] : [what[gate]]));
  const words = failOn.includes('any')
    ? `${count(blamed, 'test')} did not pass${verdict.lost > 0 ? ' or could not be read' : ''}`
    : `${count(blamed, 'failure')} ${gates.join(' or ')}`;
  const parts = [
    ...(blamed === 0 ? [] : [words]),
    ...(stars === 0 ? [] : [`MATRIZ is blocked by ${count(stars, 'star')}`]),
  ];
  return `${parts.join(', and ')} (--fail-on ${failOn.join(',')})`;
}
