// The GitHub Action: inputs, ingest, surfaces, and whether the step is green. A failure of our own never changes what the
// tests said.
import { hostname } from 'node:os';
import { readGithubEvent } from '../../context/github-event.ts';
import { InputError, ReportError, StoreError } from '../../errors.ts';
import { ingest, type Surroundings, type Verdict } from '../../ingest.ts';
import type { RunContext, Warning } from '../../model.ts';
import { findFiles, openReport } from '../../read/files.ts';
import type { Settings } from '../../settings.ts';
import type { Opening } from '../../store/database/open-early.ts';
import type { Connect } from '../../store/database/port.ts';
import { type SavedMissing, saveMissing } from '../../store/runs/missing.ts';
import { secretsOf, workflowCommand } from '../../tell/github/workflow-log.ts';
import { createPaint } from '../../tell/terminal/terminal.ts';
import { count, placed } from '../../tell/words.ts';
import { coverageToBlame, failuresToBlame, hasErrors, starsToBlame, whyNotReviewed } from '../fail-on.ts';
import { describeError } from '../process.ts';
import { detectSurroundings, openServer } from '../surroundings.ts';
import { noReport } from './comment-part.ts';
import { asInputs, asksForVerdict, type Inputs, readInputs } from './inputs.ts';
import { log, say, warn } from './log.ts';
import { isTrusted, planComment, planOther } from './pull-request.ts';
import { summariseError, tellMissing, tellSurfaces } from './surfaces.ts';

const { env } = process;

async function main(): Promise<boolean> {
  const inputs = readInputs(env);
  const { databaseUrl, sslCa } = inputs.settings;
  // Never the embedded database: a runner's disk is gone when the job ends.
  const opening =
    databaseUrl === undefined
      ? undefined
      : openServer(databaseUrl, sslCa, (remark) => warn({ code: 'database', message: remark }));
  try {
    return await run(inputs, opening);
  } catch (error) {
    if (inputs.summary) await summariseError(error);
    throw error;
  } finally {
    await opening?.dispose();
  }
}

async function run(inputs: Inputs, opening: Opening | undefined): Promise<boolean> {
  const { settings, showSolutions } = inputs;
  for (const secret of secretsOf(settings.databaseUrl)) say(workflowCommand('add-mask', secret));
  for (const warning of inputs.warnings) warn(warning);
  const workingDirectory = process.cwd();
  const [surroundings, { event }] = await Promise.all([
    detectSurroundings(settings, workingDirectory, inputs.distinction, asInputs),
    readGithubEvent(env.GITHUB_EVENT_PATH),
  ]);
  const { context, warnings } = surroundings.detected;
  const eventFacts = {
    event,
    eventName: env.GITHUB_EVENT_NAME ?? '',
    repository: env.GITHUB_REPOSITORY ?? '',
    checkedOut: context.gitSha,
    elsewhere:
      warnings.some((warning) => warning.code === 'commit-differs') ||
      (env.GITHUB_EVENT_NAME === 'pull_request_target' && context.origin === 'stranger'),
  };
  const pullRequest = planComment(eventFacts);
  const other =
    pullRequest ??
    planOther({
      ...eventFacts,
      named: inputs.pullRequest,
      branch: /^refs\/heads\/(.+)$/.exec(env.GITHUB_REF ?? '')?.[1],
      defaultBranch: event.repository?.default_branch,
    });

  const hideSolutions =
    showSolutions === 'never' || (showSolutions === 'trusted' && !isTrusted(eventFacts, pullRequest));
  const connect = opening?.connect;

  let read: ReadReports;
  try {
    read = await readAndStore(settings, { workingDirectory, surroundings, connect });
  } catch (error) {
    if (!(error instanceof InputError || error instanceof ReportError)) throw error;
    sayError(error);
    if (inputs.summary) await summariseError(error);
    // A job that crashed before its report was written must not leave an older commit's results standing.
    const reason = reasonOf(error);
    const runContext = surroundings.context(new Map());
    const { saved, notStored } = await storeMissing(settings, { connect, context: runContext, reason });
    await tellMissing({
      inputs,
      context: runContext,
      change: { context: runContext, named: surroundings.named ?? {}, git: surroundings.git },
      reason,
      warnings: [...warnings.filter((warning) => !isExpected(warning, eventFacts.eventName))],
      hideSolutions,
      pullRequest: other,
      connect,
      saved,
      notStored,
    });
    return false;
  }
  const { verdict } = read;

  // Said before all that follows: GitHub shows the first ten errors of a step.
  const reasons = reasonsToFail(inputs, verdict);
  for (const reason of reasons) say(workflowCommand('error', reason));
  // What could not be taken is an error of its own on each surface.
  const good = reasons.length === 0 && !hasErrors(verdict);
  await tellSurfaces({
    inputs,
    verdict,
    reports: read.reports,
    warnings: [...read.warnings, ...warnings, ...verdict.warnings].filter(
      (warning) => !isExpected(warning, eventFacts.eventName),
    ),
    files: surroundings.checkout.paths,
    hideSolutions,
    pullRequest: other,
    connect,
    errorsSaid: reasons.length,
  }).catch((error: unknown) => {
    // A verdict that is red stays red.
    if (good) throw error;
    sayError(error);
  });
  if (inputs.reportPage !== undefined) {
    const { keepPage } = await import('./report-page.ts');
    await keepPage({
      path: inputs.reportPage,
      connect,
      team: settings.team,
      baseBranch: settings.baseBranch,
      context,
      git: surroundings.git,
      hideSolutions,
      now: new Date(),
    });
  }
  return good;
}

interface ReadReports {
  readonly verdict: Verdict;
  /** The reports' names. */
  readonly reports: readonly string[];
  /** What was found beside them. */
  readonly warnings: readonly Warning[];
}

/**
 * Finds, reads and stores the reports.
 *
 * @throws InputError, ReportError where there is no report that could be read
 */
async function readAndStore(
  settings: Settings,
  edges: {
    readonly workingDirectory: string;
    readonly surroundings: Surroundings;
    readonly connect: Connect | undefined;
  },
): Promise<ReadReports> {
  const { workingDirectory } = edges;
  const { paths, problems, ...found } = await findFiles(settings.reports, {
    workingDirectory,
    what: 'report',
    extension: '.xml',
  });
  const [problem] = problems;
  if (problem !== undefined && paths.length === 0) {
    for (const warning of found.warnings) warn(warning);
    throw problem;
  }
  const reports = await Promise.all(paths.map((path) => openReport(path, workingDirectory)));
  const coverage = await findFiles(settings.coverage, {
    workingDirectory,
    what: 'coverage report',
    extension: '.json',
  });
  const cancelled = new AbortController();
  const cancel = () => cancelled.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  const verdict = await ingest(settings, {
    now: new Date(),
    hostname: hostname(),
    workingDirectory,
    reports,
    problems,
    coverage,
    naming: asInputs,
    surroundings: Promise.resolve(edges.surroundings),
    connect: edges.connect,
    signal: cancelled.signal,
    onRetry: (reason) => log(`${reason}; trying again`),
  }).catch((error: unknown) => {
    for (const warning of [...found.warnings, ...coverage.warnings]) warn(warning);
    throw error;
  });
  process.off('SIGINT', cancel).off('SIGTERM', cancel);
  return {
    verdict,
    reports: reports.map((report) => report.name),
    warnings: [...found.warnings, ...coverage.warnings],
  };
}

/** A workflow_run checks out the default branch, and its results belong to another run's commit. */
function isExpected({ code }: Warning, eventName: string): boolean {
  return code === 'commit-differs' && eventName === 'workflow_run';
}

/** Why there are no results, in one sentence. */
function reasonOf(error: InputError | ReportError): string {
  if (error.code === 'no-match') return `${noReport}${error.message.replace(/^no report /, 'nothing ')}`;
  return `no results: ${placed({ ...error.place, code: error.code, message: error.message })}`;
}

/** Keeps in the database that there were no results, so that the commit's other jobs tell it as well. */
async function storeMissing(
  settings: Settings,
  { connect, context, reason }: { connect: Connect | undefined; context: RunContext; reason: string },
): Promise<{ saved: SavedMissing | undefined; notStored: string }> {
  if (connect === undefined) return { saved: undefined, notStored: 'Not stored: no database-url was given.' };
  try {
    const { team: teamSlug, uploadKey: discriminator } = settings;
    return { saved: await saveMissing(connect, { teamSlug, context, discriminator, reason }), notStored: '' };
  } catch (error) {
    const why = error instanceof StoreError ? error.message : 'an internal error';
    warn({ code: 'not-stored', message: `that there are no results was NOT stored: ${why}` });
    return { saved: undefined, notStored: `NOT stored: ${why}` };
  }
}

/** Why the step is red; none where it is green. What is no reason by the inputs is a warning. */
function reasonsToFail({ settings, requireUpload }: Inputs, verdict: Verdict): string[] {
  const { totals, saved, storeError } = verdict;
  const reasons: string[] = [];
  const failures = totals.failed + totals.errors;
  const { failOn } = settings;
  const asked = `fail-on: ${failOn.join(',')}`;
  const blamed = failuresToBlame(failOn, verdict);
  if (blamed === undefined) {
    // A judgement that could not be made is never a pass.
    reasons.push(
      `${asked}, and the ${failures} failures could not be judged without their history: ${saved === undefined ? 'not stored' : `stored as run ${saved.runId}`}, not judged.`,
    );
  } else if (blamed > 0) {
    reasons.push(
      failOn.includes('any')
        ? `${asked}, and ${failures} of ${totals.total} tests failed${verdict.lost > 0 ? `, ${verdict.lost} could not be read` : ''}.`
        : `${asked}, and ${blamed} of ${failures} failures are.`,
    );
  }
  const stars = starsToBlame(failOn, verdict);
  if (stars === undefined)
    reasons.push(`${asked}, and ${whyNotReviewed(verdict.matriz.missing ?? 'not-given')}: not judged.`);
  else if (stars > 0) reasons.push(`${asked}, and MATRIZ is blocked by ${count(stars, 'star')}.`);
  const fallen = coverageToBlame(settings, verdict);
  for (const sentence of [...fallen.sentences, ...(fallen.undecided === undefined ? [] : [fallen.undecided])])
    reasons.push(`${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`);
  if (storeError !== undefined) {
    const message = 'The run was NOT stored; the log of this step says why.';
    // A bug of ours is never green where a verdict was asked for.
    const isBug = !(storeError instanceof StoreError);
    if (requireUpload || (isBug && failOn.length > 0)) reasons.push(message);
    else warn({ code: 'not-stored', message });
  }
  return reasons;
}

function sayError(error: unknown): void {
  const expected = error instanceof InputError || error instanceof ReportError || error instanceof StoreError;
  const words = describeError(error, createPaint(false), asInputs).replace(/^error: /, '');
  const title = expected ? 'lukhas-ingest' : 'lukhas-ingest: internal error';
  say(workflowCommand('error', words, { title }));
}

/** The step, with its errors told; its exit code. */
export function runStep(): Promise<0 | 1> {
  return main().then(
    (good) => (good ? 0 : 1),
    (error: unknown) => {
      sayError(error);
      // Our own failure is no verdict on the tests. But a step that was asked for a verdict must not be green without one.
      const bad = error instanceof InputError || error instanceof ReportError || asksForVerdict();
      return bad ? 1 : 0;
    },
  );
}
