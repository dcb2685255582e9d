// Door 3: the GitHub Action. Inputs and the runner's environment in; outputs, annotations, the job's summary and the pull
// request's comment out. What goes wrong with us never changes what the tests said.
import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { getInput, setOutput } from '@actions/core';
import { applySuiteProperties, detectContext, nameJob, overrideContext } from '../../context/context.ts';
import { readGithubEvent } from '../../context/github-event.ts';
import { InputError, ReportError, StoreError } from '../../errors.ts';
import { type Edges, ingest, type Surroundings, type Verdict } from '../../ingest.ts';
import type { Warning } from '../../model.ts';
import { findFiles, listFolder, openReport, readStart } from '../../read/files.ts';
import { type Opening, openEarly } from '../../store/database/open-early.ts';
import type { Connect } from '../../store/database/port.ts';
import { leastCovered } from '../../tally.ts';
import { renderAnnotations } from '../../tell/github/annotations.ts';
import { type Section, shortLabels } from '../../tell/github/comment-section.ts';
import { maxCheckBytes, renderJobSummary } from '../../tell/github/job-summary.ts';
import { logLines, secretsOf, workflowCommand } from '../../tell/github/workflow-log.ts';
import { renderSummary } from '../../tell/terminal/summary.ts';
import { createPaint } from '../../tell/terminal/terminal.ts';
import { failuresToBlame } from '../fail-on.ts';
import { keepHeapSmall } from '../heap.ts';
import { describeError } from '../process.ts';
import { commentPart, jobLabel } from './comment-part.ts';
import { openCommitJobs } from './commit-jobs.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { isTrusted, type PullRequest, planComment } from './pull-request.ts';

const { env } = process;
const plain = createPaint(false);
// A log that nobody reads any more is no reason to store nothing.
process.stdout.on('error', () => {});

/** All that is printed: data by `log`, commands of ours by `say`. */
const log = (text: string) => void process.stdout.write(logLines(text));
const say = (command: string) => void process.stdout.write(command);
const warn = (warning: Warning) => {
  const { file, line, column } = warning;
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  say(workflowCommand('warning', place === '' ? warning.message : `${place}: ${warning.message}`));
};

async function main(): Promise<boolean> {
  keepHeapSmall();
  const inputs = readInputs(env);
  const opening = openDatabase(inputs);
  try {
    return await run(inputs, opening);
  } finally {
    await opening?.dispose();
  }
}

async function run(inputs: Inputs, opening: Opening | undefined): Promise<boolean> {
  for (const secret of secretsOf(inputs.settings.databaseUrl)) say(workflowCommand('add-mask', secret));
  for (const warning of inputs.warnings) warn(warning);
  const { settings } = inputs;
  const workingDirectory = process.cwd();
  const paths = await findFiles(settings.reports, { workingDirectory, what: 'report', extension: '.xml' });
  const reports = await Promise.all(paths.map((path) => openReport(path, workingDirectory)));
  const coverage =
    settings.coverage.length === 0
      ? []
      : await findFiles(settings.coverage, { workingDirectory, what: 'coverage report', extension: '.json' });
  const [detected, { event }] = await Promise.all([
    detectContext({ env, cwd: workingDirectory }),
    readGithubEvent(env.GITHUB_EVENT_PATH),
  ]);
  const eventFacts = {
    event,
    eventName: env.GITHUB_EVENT_NAME ?? '',
    repository: env.GITHUB_REPOSITORY ?? '',
    checkedOut: detected.context.gitSha,
    elsewhere: detected.warnings.some((warning) => warning.code === 'commit-differs'),
  };
  const plan = planComment(eventFacts);
  const root = detected.repositoryRoot ?? workingDirectory;
  const files = (await detected.trackedFiles()) ?? (await listFolder(root));
  const surroundings: Surroundings = {
    context: (properties) => {
      const context = nameJob(applySuiteProperties(detected.context, properties, env), inputs.distinction);
      const { lane, markers, lambdaId } = settings;
      return overrideContext({ ...context, lane, markers, lambdaId }, settings.set);
    },
    repositoryRoot: detected.repositoryRoot,
    checkout: {
      root: root.replaceAll('\\', '/'),
      paths: files,
      readText: (path) => readStart(join(root, path)),
    },
  };
  const cancelled = new AbortController();
  const cancel = () => cancelled.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  const edges: Edges = {
    now: new Date(),
    hostname: hostname(),
    workingDirectory,
    reports,
    coverage,
    surroundings: Promise.resolve(surroundings),
    connect: opening?.connect,
    signal: cancelled.signal,
    onRetry: (reason) => log(`${reason}; trying again`),
  };
  const verdict = await ingest(settings, edges);
  process.off('SIGINT', cancel).off('SIGTERM', cancel);
  // A workflow_run works on another run's commit by design: its checkout is the default branch.
  const expected = (warning: Warning) =>
    warning.code === 'commit-differs' && env.GITHUB_EVENT_NAME === 'workflow_run';
  const warnings = [...detected.warnings, ...verdict.warnings].filter((warning) => !expected(warning));
  const hideSolutions =
    inputs.showSolutions === 'never' || (inputs.showSolutions === 'trusted' && !isTrusted(eventFacts, plan));
  const section: Section = {
    totals: verdict.totals,
    xfailed: verdict.tally.xfailed,
    failures: ranked(verdict),
    history: verdict.history,
    leastCovered: leastCovered(verdict.coverage?.files ?? [], 10),
    stored: storedSentence(verdict),
    hideSolutions,
  };
  tellLog(
    section,
    verdict,
    reports.map((report) => report.name),
    warnings,
  );
  for (const warning of warnings) warn(warning);
  if (inputs.annotations) {
    const locate = (testFile: string) => locateFile(testFile, files, settings.rootdir);
    const all = verdict.totals.failed + verdict.totals.errors;
    for (const command of renderAnnotations({ ...section, all, locate })) say(command);
  }
  const [label = ''] = shortLabels([jobLabel(verdict.context)]);
  if (inputs.summary) writeSummary({ ...section, label, slowest: verdict.tally.slowest, warnings });
  const facts: PostFacts = { plan, section, verdict, label, warnings, connect: edges.connect };
  const url = await comment(inputs, facts);
  await checkRun(inputs, facts);
  writeOutputs(verdict, url);
  return decide(inputs, verdict);
}

/** The Action knows no embedded database: a runner's disk is gone when the job ends. */
function openDatabase({ settings }: Inputs): Opening | undefined {
  const { databaseUrl, sslCa } = settings;
  if (databaseUrl === undefined) return undefined;
  const remarks = new Set<string>();
  const onRemark = (remark: string) => {
    if (!remarks.has(remark)) warn({ code: 'database', message: remark });
    remarks.add(remark);
  };
  return openEarly(async (limits) => {
    const { openPostgres } = await import('../../store/database/pg.ts');
    return openPostgres(databaseUrl, { ...limits, sslCa, onRemark });
  });
}

/** What is new first, as everywhere it is told. */
function ranked({ tally, history }: Verdict): Verdict['tally']['failures'] {
  if (history === undefined) return tally.failures;
  const order = ['new', 'known', 'flaky', 'pre-existing'];
  const classes = new Map(
    history.failures.map((failure) => [
      `${failure.testName}\n${failure.failureSignature ?? ''}`,
      failure.class,
    ]),
  );
  const rank = (failure: (typeof tally.failures)[number]) =>
    order.indexOf(classes.get(`${failure.testName}\n${failure.failureSignature ?? ''}`) ?? '');
  return tally.failures.toSorted((a, b) => rank(a) - rank(b));
}

function storedSentence(verdict: Verdict): Section['stored'] {
  const { saved, storeError } = verdict;
  if (saved !== undefined) {
    const what = saved.stored === 'already' ? 'Stored before, nothing was written: run' : 'Stored as run';
    return { ok: true, text: `${what} ${saved.runId} of team ${saved.team}` };
  }
  if (storeError === undefined) {
    return {
      ok: false,
      text: 'Not stored: no database-url was given, so nothing is known of earlier runs.',
    };
  }
  const why =
    storeError instanceof StoreError
      ? `${storeError.message}${storeError.sqlstate === undefined ? '' : ` (SQLSTATE ${storeError.sqlstate})`}`
      : 'an internal error';
  return { ok: false, text: `NOT stored: ${why}` };
}

function tellLog(
  section: Section,
  verdict: Verdict,
  reports: readonly string[],
  warnings: readonly Warning[],
): void {
  const history = section.hideSolutions ? withoutMatches(verdict.history) : verdict.history;
  const coverage = verdict.coverage?.files ?? [];
  const summary = {
    reports,
    totals: verdict.totals,
    xfailed: verdict.tally.xfailed,
    failures: verdict.tally.failures,
    history,
    slowest: verdict.tally.slowest,
    leastCovered: leastCovered(coverage, 10),
    coveredFiles: coverage.length,
    stored: section.stored,
    // They are told as annotations.
    warnings: warnings.slice(0, 0),
  };
  log(renderSummary(summary, { paint: plain, columns: 140, mostFailures: verdict.tally.failures.length }));
  if (verdict.storeError !== undefined) log(describeError(verdict.storeError, plain));
}

function withoutMatches(history: Verdict['history']): Verdict['history'] {
  if (history === undefined) return undefined;
  return { ...history, failures: history.failures.map((failure) => ({ ...failure, match: undefined })) };
}

/** A test's file is relative to pytest's rootdir, which may lie below the repository's root. */
function locateFile(
  testFile: string,
  files: readonly string[],
  rootdir: string | undefined,
): string | undefined {
  const candidates = [
    ...(rootdir === undefined ? [] : [join(rootdir, testFile).replaceAll('\\', '/')]),
    testFile,
  ];
  for (const candidate of candidates) if (files.includes(candidate)) return candidate;
  const ends = files.filter((file) => file.endsWith(`/${testFile}`));
  return ends.length === 1 ? ends[0] : undefined;
}

function writeSummary(summary: Parameters<typeof renderJobSummary>[0]): void {
  const path = env.GITHUB_STEP_SUMMARY;
  if (path === undefined || path === '') return;
  try {
    appendFileSync(path, renderJobSummary(summary));
  } catch (error) {
    warn({ code: 'summary', message: `the job's summary could not be written: ${(error as Error).message}` });
  }
}

interface PostFacts {
  readonly plan: PullRequest | undefined;
  readonly section: Section;
  readonly verdict: Verdict;
  readonly label: string;
  readonly warnings: readonly Warning[];
  readonly connect: Connect | undefined;
}

function githubEdges(token: string) {
  return {
    token,
    apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    repository: env.GITHUB_REPOSITORY ?? '',
    clock: () => performance.now(),
    random: Math.random,
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  };
}

/** Adds the check run that was asked for, or says once why not. */
async function checkRun(inputs: Inputs, facts: PostFacts): Promise<void> {
  const { checkRun: name, token } = inputs;
  const { plan, section, verdict, label, warnings } = facts;
  const sha = plan?.head.headSha ?? verdict.context.gitSha;
  if (name === undefined) return;
  if (token === undefined || sha === undefined) {
    const why = token === undefined ? 'the github-token is empty' : 'the commit is not known';
    warn({ code: 'check-run', message: `no check run: ${why}` });
    return;
  }
  const { totals, tally } = verdict;
  const failed = totals.failed + totals.errors;
  // What fail-on lets pass is no reason to keep a pull request from being merged.
  const { failOn } = inputs.settings;
  const blamed = failuresToBlame(failOn === 'never' ? 'any' : failOn, verdict) ?? failed;
  try {
    const { addCheckRun } = await import('../../tell/github/check-run.ts');
    await addCheckRun(githubEdges(token), {
      name,
      sha,
      conclusion: failed === 0 ? 'success' : blamed === 0 ? 'neutral' : 'failure',
      title: failed === 0 ? `${totals.passed} passed` : `${failed} of ${totals.total} failed`,
      summary: renderJobSummary({ ...section, label, slowest: tally.slowest, warnings }, maxCheckBytes),
    });
  } catch (error) {
    warn({ code: 'check-run', message: `no check run: ${(error as Error).message}` });
  }
}

/** Posts, or says once why not. The address of the comment where there is one. */
async function comment(inputs: Inputs, facts: PostFacts): Promise<string | undefined> {
  const { plan, section, verdict, connect } = facts;
  const { saved, context } = verdict;
  const { token } = inputs;
  if (inputs.comment === 'off' || plan === undefined) return undefined;
  if (token === undefined) {
    warn({ code: 'comment', message: 'no comment: the github-token is empty' });
    return undefined;
  }
  const jobs =
    saved === undefined || connect === undefined
      ? undefined
      : openCommitJobs(connect, {
          ...context,
          saved,
          teamSlug: inputs.settings.team,
          baseBranch: inputs.settings.baseBranch ?? context.baseBranch,
        });
  const part = commentPart({
    context,
    section,
    stored: saved === undefined || jobs === undefined ? undefined : { run: saved, jobs },
    onUnreadable: (error) =>
      warn({
        code: 'jobs-unreadable',
        message: `the comment tells this job alone: the others could not be read (${(error as Error).message})`,
      }),
  });
  try {
    const { findPullRequest, upsertComment } = await import('../../tell/github/github.ts');
    const edges = githubEdges(token);
    const pullRequest = plan.number ?? (await findPullRequest(edges, plan.head));
    if (pullRequest === undefined) {
      log(`No comment: no open pull request has ${plan.head.headSha} as its head.`);
      return undefined;
    }
    const outcome = await upsertComment(edges, {
      pullRequest,
      sha: plan.head.headSha,
      run: Number(context.workflowRunId ?? env.GITHUB_RUN_ID ?? 0) || 0,
      part,
      create: ({ rows }) =>
        inputs.comment === 'always' ||
        (inputs.comment === 'failures' ? rows.some((row) => row.failed > 0) : hasNews(verdict)),
      crowded: inputs.inMatrix && jobs === undefined,
    });
    if (outcome.kind === 'not-wanted') return undefined;
    if (outcome.kind === 'superseded') log("No comment: a newer commit's results stand there already.");
    return outcome.url;
  } catch (error) {
    warn({ code: 'comment', message: `no comment on the pull request: ${(error as Error).message}` });
    return undefined;
  } finally {
    await jobs?.close().catch(() => {});
  }
}

/** Whether there is more to say than what was so before this change. */
function hasNews({ history, totals }: Verdict): boolean {
  if (history === undefined) return totals.failed + totals.errors > 0;
  const { failures, changes } = history;
  return (
    failures.some((failure) => failure.class !== 'pre-existing') ||
    (changes?.added.length ?? 0) + (changes?.removed.length ?? 0) > 0
  );
}

/** Numbers, ids and words of ours only: outputs end up in other people's scripts. */
function writeOutputs({ totals, tally, saved, stored, history }: Verdict, url: string | undefined): void {
  const ofClass = (name: string) =>
    history?.failures.filter((failure) => failure.class === name).length ?? '';
  const outputs = {
    'run-id': saved?.runId ?? '',
    stored,
    total: totals.total,
    passed: totals.passed,
    failed: totals.failed,
    skipped: totals.skipped,
    errors: totals.errors,
    new: ofClass('new'),
    known: ofClass('known'),
    flaky: ofClass('flaky'),
    unknown: history?.failures.filter((failure) => failure.class !== 'known').length ?? '',
    signatures: tally.signatures,
    coverage: totals.coveragePercent === undefined ? '' : Number(totals.coveragePercent.toFixed(2)),
    'comment-url': url ?? '',
  };
  for (const [name, value] of Object.entries(outputs)) {
    if (env.GITHUB_OUTPUT !== undefined && env.GITHUB_OUTPUT !== '') setOutput(name, String(value));
  }
}

/** Whether the step is green. */
function decide({ settings, requireUpload }: Inputs, verdict: Verdict): boolean {
  const { totals, storeError } = verdict;
  let good = true;
  const fail = (message: string) => {
    good = false;
    say(workflowCommand('error', message));
  };
  if (storeError !== undefined) {
    const message = 'The run was NOT stored; the log of this step says why.';
    if (requireUpload) fail(message);
    else warn({ code: 'not-stored', message });
  }
  const failures = totals.failed + totals.errors;
  const { failOn } = settings;
  const blamed = failuresToBlame(failOn, verdict);
  if (blamed === undefined) {
    const message = `fail-on: ${failOn} could not be decided without the history of the failures; the step is not failed by it.`;
    warn({ code: 'fail-on', message });
  } else if (blamed > 0) {
    fail(
      failOn === 'any'
        ? `fail-on: any, and ${failures} of ${totals.total} tests failed.`
        : `fail-on: ${failOn}, and ${blamed} of ${failures} failures are.`,
    );
  }
  return good;
}

main().then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: unknown) => {
    const expected =
      error instanceof InputError || error instanceof ReportError || error instanceof StoreError;
    const words = describeError(error, plain).replace(/^error: /, '');
    const title = expected ? 'lukhas-ingest' : 'lukhas-ingest: internal error';
    say(workflowCommand('error', words, { title }));
    // Our own trouble is no verdict on the tests; but who asked for a verdict gets none that is green.
    const asked = getInput('require-upload') === 'true' || !['', 'never'].includes(getInput('fail-on'));
    process.exitCode = error instanceof InputError || error instanceof ReportError || asked ? 1 : 0;
  },
);
