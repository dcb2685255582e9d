// The GitHub Action: inputs, ingest, surfaces, and whether the step is green. A failure of our own never changes what the
// tests said.
import { readGithubEvent } from '../../context/github-event.ts';
import { InputError, ReportError } from '../../errors.ts';
import type { Warning } from '../../model.ts';
import { secretsOf, workflowCommand } from '../../tell/github/workflow-log.ts';
import { hasErrors } from '../fail-on.ts';
import { detectSurroundings, openServer, type TeamOpening } from '../surroundings.ts';
import { askingGithub } from './github-edges.ts';
import { asInputs, asksForVerdict, type Inputs, readInputs } from './inputs.ts';
import { say, sayError, warn } from './log.ts';
import { isTrusted, planComment, planOther } from './pull-request.ts';
import { reasonsToFail } from './reasons.ts';
import { type ReadReports, readAndStore, reasonOf, storeMissing } from './reports.ts';
import { summariseError, tellMissing, tellSurfaces } from './surfaces.ts';

const { env } = process;

async function main(): Promise<boolean> {
  const inputs = readInputs(env);
  // Never the embedded database: a runner's disk is gone when the job ends.
  const opening = openServer(inputs.settings, (remark) => warn({ code: 'database', message: remark }));
  try {
    return await run(inputs, opening);
  } catch (error) {
    if (inputs.summary) await summariseError(error);
    throw error;
  } finally {
    await opening?.dispose();
  }
}

async function run(inputs: Inputs, opening: TeamOpening | undefined): Promise<boolean> {
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
  // A workflow_run checks out the default branch, and its results belong to another run's commit.
  const isShown = ({ code }: Warning) => code !== 'commit-differs' || eventFacts.eventName !== 'workflow_run';
  const connect = opening?.connect;

  let read: ReadReports;
  try {
    const found = { ...surroundings, ...askingGithub(inputs.token, pullRequest?.number) };
    read = await readAndStore(settings, { workingDirectory, surroundings: found, opening });
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
      warnings: warnings.filter(isShown),
      files: surroundings.checkout.paths,
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
    warnings: [...read.warnings, ...warnings, ...verdict.warnings].filter(isShown),
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
