// Tells a run on each surface of GitHub: the log, annotations, the job's summary, the comment, a check run, outputs. A surface
// that fails is one warning; the others are told all the same.
import { appendFileSync } from 'node:fs';
import { setOutput } from '@actions/core';
import { InputError, ReportError, StoreError } from '../../errors.ts';
import type { Verdict } from '../../ingest.ts';
import type { ChangeSource } from '../../judging.ts';
import type { RunContext, Warning } from '../../model.ts';
import type { Connect } from '../../store/database/port.ts';
import type { SavedMissing } from '../../store/runs/missing.ts';
import { leastCovered } from '../../tally.ts';
import { commitsOf, fixedTests } from '../../tell/evidence.ts';
import { plainCaptured, plainExcerpt } from '../../tell/excerpt.ts';
import {
  renderAnnotations,
  renderTroubles,
  renderUncovered,
  renderViolations,
} from '../../tell/github/annotations.ts';
import { type Section, shortLabels } from '../../tell/github/comment-section.ts';
import {
  type JobSummary,
  maxCheckBytes,
  renderJobSummary,
  renderNoResults,
} from '../../tell/github/job-summary.ts';
import { type LinkSource, type Links, openLinks, openTree } from '../../tell/github/links.ts';
import { cut } from '../../tell/github/markdown.ts';
import { workflowCommand } from '../../tell/github/workflow-log.ts';
import { blockedStars, isForeign } from '../../tell/matriz.ts';
import { renderSummary } from '../../tell/terminal/summary.ts';
import { createPaint } from '../../tell/terminal/terminal.ts';
import { placed } from '../../tell/words.ts';
import { failuresToBlame, hasErrors, otherGates, starsToBlame } from '../fail-on.ts';
import { describeError } from '../process.ts';
import { commentPart, folderOf, missingSection } from './comment-part.ts';
import { githubEdges } from './github-edges.ts';
import { asInputs, type Inputs } from './inputs.ts';
import { jobLabel } from './job-identity.ts';
import { log, say, warn } from './log.ts';
import type { PullRequest } from './pull-request.ts';

const { env } = process;
const plain = createPaint(false);

export interface Told {
  readonly inputs: Inputs;
  readonly verdict: Verdict;
  /** The reports' names. */
  readonly reports: readonly string[];
  readonly warnings: readonly Warning[];
  /** The checkout's files, relative to its root. */
  readonly files: readonly string[];
  /** Memories are named by their id only. */
  readonly hideSolutions: boolean;
  /** Or why there is none to comment on. */
  readonly pullRequest: PullRequest | { readonly why: string };
  /** Absent: nothing was stored. */
  readonly connect: Connect | undefined;
  /** Errors that the step has shown already. */
  readonly errorsSaid: number;
}

/** Tells every surface that the inputs ask for. Never fails. */
export async function tellSurfaces(told: Told): Promise<void> {
  const { inputs, verdict } = told;
  const { saved } = verdict;
  const section = sectionOf(told, await attempt('links', 'there are no links', () => linksOf(told)));
  await attempt('log', 'the log of this step is not complete', () => tellLog(told, section));
  for (const warning of told.warnings) if (warning.severity !== 'error') warn(warning);
  const troubles = renderTroubles(told.warnings.filter(({ severity }) => severity === 'error'));
  if (inputs.annotations) {
    const errorsSaid = told.errorsSaid + troubles.length;
    await attempt('annotations', 'not every failure is annotated', () =>
      annotate({ ...told, errorsSaid }, section),
    );
  }
  for (const trouble of troubles) say(trouble);
  if (inputs.coverageAnnotations)
    await attempt('annotations', 'uncovered lines are not annotated', () => annotateCoverage(told));
  if (inputs.summary)
    await attempt('summary', "the job's summary could not be written", () =>
      writeSummary(jobSummary(told, section)),
    );
  const url = await attempt('comment', 'no comment on the pull request', () =>
    postComment({
      ...told,
      section,
      context: verdict.context,
      change: verdict.change,
      payloadSha256: verdict.payloadSha256,
      stored: saved && { id: saved.runId, team: saved.team },
      hasNews: hasNews(verdict),
    }),
  );
  await attempt('check-run', 'no check run', () =>
    postCheckRun({ ...told, context: verdict.context }, checkOf(told, section)),
  );
  await attempt('outputs', 'the outputs could not be written', () => writeOutputs(verdict, url));
}

export interface ToldMissing
  extends Pick<Told, 'inputs' | 'files' | 'hideSolutions' | 'pullRequest' | 'connect'> {
  readonly context: RunContext;
  readonly change: ChangeSource;
  /** Why there are none: one sentence. */
  readonly reason: string;
  readonly warnings: readonly Warning[];
  /** Absent: it is in no database. */
  readonly saved: SavedMissing | undefined;
  /** Why it is in none, as a sentence. */
  readonly notStored: string;
}

/** Tells beside log and summary that there are no results where a run would be told. Never fails. */
export async function tellMissing(told: ToldMissing): Promise<void> {
  const { context, reason, saved } = told;
  const stored =
    saved === undefined
      ? { ok: false, text: told.notStored }
      : { ok: true, text: `Stored for team ${saved.team}, as a job without results` };
  // The other jobs' failures stand beside it.
  const links = openLinks(sourceOfLinks({ ...told, rootdir: undefined }));
  const section = { ...missingSection(reason, stored, told.hideSolutions), links };
  for (const warning of told.warnings) warn(warning);
  const [label = ''] = shortLabels([jobLabel({ jobName: context.jobName, lane: context.lane })]);
  const summary = { ...section, label, slowest: [], warnings: told.warnings };
  const url = await attempt('comment', 'no comment on the pull request', () =>
    postComment({
      ...told,
      section,
      payloadSha256: undefined,
      stored: saved && { id: saved.key, team: saved.team },
      hasNews: true,
    }),
  );
  await attempt('check-run', 'no check run', () =>
    postCheckRun({ ...told, context }, { conclusion: 'failure', title: 'no test results', summary }),
  );
  await attempt('outputs', 'the outputs could not be written', () => {
    if (!hasOutputFile()) return;
    setOutput('stored', 'no');
    setOutput('comment-url', url ?? '');
  });
}

async function attempt<T>(code: string, consequence: string, tell: () => T): Promise<Awaited<T> | undefined> {
  try {
    return await tell();
  } catch (error) {
    warn({ code, message: `${consequence}: ${(error as Error).message}` });
    return undefined;
  }
}

/** Most commits have no subject here: a clone of depth 1 knows its own alone. */
async function linksOf({ inputs, verdict, pullRequest, files }: Told): Promise<Links> {
  const { history, change, context } = verdict;
  const shas = new Set((history?.failures ?? []).slice(0, mostSubjects).flatMap(commitsOf));
  for (const test of history?.fixed ?? []) if (test.kind === 'fixed') shas.add(test.since);
  const subjects = await change.git?.subjects([...shas].slice(0, mostSubjects));
  const { rootdir } = verdict;
  return openLinks({ ...sourceOfLinks({ inputs, context, pullRequest, files, rootdir }), subjects });
}

function sourceOfLinks({
  inputs,
  context,
  pullRequest,
  files,
  rootdir,
}: Pick<Told, 'inputs' | 'pullRequest' | 'files'> & {
  readonly context: RunContext;
  readonly rootdir: string | undefined;
}): LinkSource {
  return {
    server: env.GITHUB_SERVER_URL ?? 'https://github.com',
    repository: env.GITHUB_REPOSITORY,
    head: headOf(pullRequest) ?? context.gitSha,
    files,
    rootdir,
    page: inputs.reportPageUrl,
  };
}

function headOf(pullRequest: Told['pullRequest']): string | undefined {
  return 'why' in pullRequest ? undefined : pullRequest.head.headSha;
}

/** So many commits are asked for. */
const mostSubjects = 200;

function sectionOf({ inputs, verdict, hideSolutions }: Told, links: Links | undefined): Section {
  const troubles = verdict.warnings.filter((warning) => warning.severity === 'error');
  return {
    totals: verdict.totals,
    lost: verdict.lost,
    incomplete: verdict.incomplete,
    troubles: troubles.map((warning) => placed(warning)),
    xfailed: verdict.tally.xfailed,
    failures: verdict.tally.failures,
    history: verdict.history,
    matriz: verdict.matriz.review && { review: verdict.matriz.review, isForeign: isForeign(verdict.context) },
    leastCovered: leastCovered(verdict.coverage?.files ?? [], 10),
    patch: verdict.patch,
    gates: gatesOf(inputs, verdict),
    stored: storedSentence(verdict, inputs),
    hideSolutions,
    folder: folderOf(verdict.context.project),
    isFromWindows: verdict.tally.isFromWindows,
    severalReports: verdict.reports,
    links,
  };
}

/** What makes the step red besides failed tests and MATRIZ. */
function gatesOf({ settings, requireUpload }: Inputs, verdict: Verdict): string[] {
  const isMissing = requireUpload && verdict.storeError !== undefined;
  return [
    ...otherGates(settings, verdict),
    ...(isMissing ? ['the run was not stored (require-upload)'] : []),
  ];
}

function storedSentence({ saved, storeError, incomplete }: Verdict, { settings }: Inputs): Section['stored'] {
  if (saved !== undefined) {
    const stored = incomplete ? 'Stored as incomplete run' : 'Stored as run';
    const known = saved.addedCoverage === true ? 'its coverage was added' : 'nothing was written';
    const what = saved.stored === 'already' ? `Stored before, ${known}: run` : stored;
    return { ok: true, text: `${what} ${saved.runId} of team ${saved.team}` };
  }
  if (storeError === undefined && settings.databaseUrl !== undefined)
    return { ok: false, text: 'Not stored: there is no test in it.' };
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

function tellLog({ verdict, warnings, reports, hideSolutions }: Told, section: Section): void {
  const { gitBranch, gitSha, tested } = verdict.context;
  const summary = {
    ...section,
    // Each failure's folded group shows it.
    failures: section.failures.map((failure) => ({ ...failure, captured: undefined })),
    reports,
    commit: { branch: gitBranch, sha: gitSha ?? tested?.gitSha, dirty: tested?.dirty },
    history: hideSolutions ? withoutMatches(verdict.history) : verdict.history,
    // Read elsewhere and later: a number alone would be of another run.
    numberedIn: verdict.saved?.runId,
    reruns: verdict.tally.reruns,
    slowest: verdict.tally.slowest,
    coveredFiles: verdict.coverage?.files.length ?? 0,
    // The others are commands of their own.
    warnings: warnings.filter(({ severity }) => severity === 'error'),
  };
  log(renderSummary(summary, { paint: plain, columns: 140, mostFailures: verdict.tally.failures.length }));
  tellTracebacks(section.failures);
  if (verdict.storeError !== undefined) log(describeError(verdict.storeError, plain, asInputs));
}

/** So many are written into the log; the report has them all. */
const mostTracebacks = 50;

/** A folded group for each failure that has a traceback, or printed anything that was asked for. */
function tellTracebacks(failures: Section['failures']): void {
  const causes = new Set<string>();
  let told = 0;
  for (const { testName, excerpt, captured, causeKey } of failures) {
    // One stands for all of a cause.
    if ((excerpt ?? captured) === undefined || (causeKey !== undefined && causes.has(causeKey))) continue;
    if (causeKey !== undefined) causes.add(causeKey);
    if (told++ === mostTracebacks) break;
    say(workflowCommand('group', cut(testName, 300)));
    log([...(excerpt === undefined ? [] : plainExcerpt(excerpt)), ...plainCaptured(captured)].join('\n'));
    say(workflowCommand('endgroup', ''));
  }
}

function withoutMatches(history: Verdict['history']): Verdict['history'] {
  if (history === undefined) return undefined;
  return { ...history, failures: history.failures.map((failure) => ({ ...failure, match: undefined })) };
}

function annotate({ verdict, files, errorsSaid }: Told, section: Section): void {
  const tree = openTree(files, verdict.rootdir);
  const locate = (testFile: string) => tree.locate(testFile);
  const all = verdict.totals.failed + verdict.totals.errors;
  const { review } = verdict.matriz;
  const violations = review === undefined ? [] : renderViolations(review, { locate, errorsSaid });
  for (const command of violations) say(command);
  const said = errorsSaid + violations.length;
  for (const command of renderAnnotations({ ...section, all, locate, errorsSaid: said })) say(command);
}

function annotateCoverage({ verdict: { patch }, files }: Told): void {
  // What other runs tell, their own jobs annotate.
  if (patch === undefined || 'problem' in patch || patch.isOfOthers === true) return;
  const tree = openTree(files, undefined);
  for (const command of renderUncovered(patch, (path) => tree.has(path))) say(command);
}

function writeSummary(summary: JobSummary): void {
  const path = env.GITHUB_STEP_SUMMARY;
  if (path !== undefined && path !== '') appendFileSync(path, renderJobSummary(summary));
}

/** Writes the job's summary of a step that has nothing to tell but why. Never fails. */
export async function summariseError(error: unknown): Promise<void> {
  const path = env.GITHUB_STEP_SUMMARY;
  if (path === undefined || path === '') return;
  const words =
    error instanceof InputError || error instanceof ReportError || error instanceof StoreError
      ? [placed({ ...error.place, code: error.code, message: error.message }), error.fixIn(asInputs)]
      : ['an internal error of this action, a bug of ours: the log of this step says more'];
  await attempt('summary', "the job's summary could not be written", () =>
    appendFileSync(path, renderNoResults(words.filter((part) => part !== undefined))),
  );
}

function jobSummary({ verdict, warnings }: Told, section: Section): JobSummary {
  const [label = ''] = shortLabels([jobLabel(verdict.context)]);
  return { ...section, label, reruns: verdict.tally.reruns, slowest: verdict.tally.slowest, warnings };
}

interface Post extends Pick<Told, 'inputs' | 'pullRequest' | 'connect'> {
  readonly context: RunContext;
  readonly change: ChangeSource;
  readonly section: Section;
  readonly payloadSha256: string | undefined;
  /** Absent: nothing was stored. */
  readonly stored: { readonly id: string; readonly team: string } | undefined;
  /** Whether this change brought anything. */
  readonly hasNews: boolean;
}

/** Posts, or says once why not. The address of the comment where there is one. */
async function postComment(post: Post): Promise<string | undefined> {
  const { inputs, context, payloadSha256, stored, pullRequest, connect } = post;
  const { token } = inputs;
  if (inputs.comment === 'off') return undefined;
  if ('why' in pullRequest) {
    log(`No comment: ${pullRequest.why}.`);
    return undefined;
  }
  if (token === undefined) {
    const why = 'no comment: the github-token is empty';
    if (pullRequest.origin === 'push') log(`N${why.slice(1)}.`);
    else warn({ code: 'comment', message: why });
    return undefined;
  }
  const target = await findTarget(pullRequest, token, context);
  if (typeof target === 'string') {
    log(`No comment: ${target}.`);
    return undefined;
  }
  // What a stranger's change may read is known only now.
  const isHidden = post.section.hideSolutions || (target.fork && inputs.showSolutions === 'trusted');
  const section = { ...post.section, hideSolutions: isHidden };
  const jobs =
    stored === undefined || connect === undefined
      ? undefined
      : (await import('./commit-jobs.ts')).openCommitJobs(connect, {
          ...context,
          ownId: stored.id,
          teamSlug: inputs.settings.team,
          baseBranch: inputs.settings.baseBranch,
          change: post.change,
          ofWorkflowAlone: inputs.commentTitle !== undefined,
        });
  const part = commentPart({
    context,
    payloadSha256,
    section,
    isPush: pullRequest.origin === 'push',
    stored: stored === undefined || jobs === undefined ? undefined : { ...stored, jobs },
    onUnreadable: (error) =>
      warn({
        code: 'jobs-unreadable',
        message: `the comment tells this job alone: the others could not be read (${(error as Error).message})`,
      }),
  });
  try {
    const { upsertComment } = await import('../../tell/github/github.ts');
    const edges = githubEdges(token);
    const outcome = await upsertComment(edges, {
      pullRequest: target.number,
      sha: target.sha,
      run: Number(context.workflowRunId ?? env.GITHUB_RUN_ID ?? 0) || 0,
      part,
      site: section.links?.site,
      create: ({ rows }) =>
        inputs.comment === 'always' ||
        (inputs.comment === 'failures'
          ? rows.some((row) => row.failed > 0 || row.incomplete || row.blocked > 0 || row.isGateFailed)
          : post.hasNews || (section.gates?.length ?? 0) > 0),
      crowded: inputs.inMatrix && (jobs === undefined || hasTroubles(section)),
      title: inputs.commentTitle,
      mode: inputs.commentMode,
    });
    if (outcome.kind === 'not-wanted') return undefined;
    if (outcome.kind === 'superseded')
      log(
        "No comment: the results of a newer commit, a later attempt or the pull request's own run stand there already.",
      );
    return outcome.url;
  } finally {
    await jobs?.close().catch(() => {});
  }
}

/** Whether its row holds what no other job can read in the database. */
function hasTroubles({ gates = [], troubles }: Section): boolean {
  return gates.length + troubles.length > 0;
}

/** The pull request to comment on, its head and whether that is a stranger's; or in one sentence why there is none. */
async function findTarget(
  { number, head, fork, origin }: PullRequest,
  token: string,
  { tested }: RunContext,
): Promise<{ readonly number: number; readonly sha: string; readonly fork: boolean } | string> {
  const { findPullRequest, readPullRequest } = await import('../../tell/github/github.ts');
  const edges = githubEdges(token);
  if (number !== undefined && origin === 'named') {
    const named = await readPullRequest(edges, number);
    if (named === undefined) return `this repository has no pull request #${number}`;
    // A merge that was made for the test has the head as a parent.
    const isTested = [head.headSha, tested?.gitSha, ...(tested?.parents ?? [])].includes(named.headSha);
    return isTested
      ? {
          number,
          sha: named.headSha,
          fork: named.headRepository?.toLowerCase() !== edges.repository.toLowerCase(),
        }
      : `the head of pull request #${number} is ${named.headSha.slice(0, 8)}, and ${head.headSha.slice(0, 8)} was tested`;
  }
  try {
    // Nobody asked for a comment on a push: its step waits for no server that is down.
    const patience = origin === 'push' ? { ...edges, mostRepeats: 2 } : edges;
    const found = number ?? (await findPullRequest(patience, head));
    if (found === undefined) return `no open pull request has ${head.headSha} as its head`;
    return { number: found, sha: head.headSha, fork };
  } catch (error) {
    if (origin !== 'push') throw error;
    return `the pull request of this push could not be looked for (${(error as Error).message})`;
  }
}

/** Whether this change brought anything: a failure that was not there before, or tests added, removed or renamed. */
function hasNews({ history, totals, incomplete, matriz }: Verdict): boolean {
  if (incomplete || blockedStars(matriz.review) > 0) return true;
  if (history === undefined) return totals.failed + totals.errors > 0;
  const { failures, changes } = history;
  return (
    failures.some((failure) => failure.class !== 'pre-existing') ||
    (changes?.added.length ?? 0) + (changes?.removed.length ?? 0) + (changes?.renamed.length ?? 0) > 0
  );
}

interface Check {
  readonly conclusion: 'success' | 'failure' | 'neutral';
  readonly title: string;
  readonly summary: JobSummary;
}

function checkOf(told: Told, section: Section): Check {
  const { inputs, verdict } = told;
  const { totals } = verdict;
  const failed = totals.failed + totals.errors;
  // What fail-on lets pass must not keep a pull request from being merged.
  const { failOn } = inputs.settings;
  const gates = failOn.length === 0 ? (['any', 'blocked'] as const) : failOn;
  const blamed = failuresToBlame(gates, verdict) ?? failed;
  const blocked = blockedStars(verdict.matriz.review);
  const blamedStars = failOn.length === 0 ? blocked : (starsToBlame(failOn, verdict) ?? 0);
  const { gates: others = [] } = section;
  return {
    conclusion:
      hasErrors(verdict) || blamedStars > 0 || others.length > 0
        ? 'failure'
        : failed === 0 && totals.passed > 0 && blocked === 0
          ? 'success'
          : blamed === 0
            ? 'neutral'
            : 'failure',
    title: [
      failed > 0 ? `${failed} of ${totals.total} failed` : passedWords(totals),
      ...(verdict.lost > 0 ? [`${verdict.lost} could not be read`] : []),
      ...(verdict.incomplete && verdict.lost === 0 ? ['incomplete'] : []),
      ...(blocked > 0 ? ['blocked by MATRIZ'] : []),
      ...(others.length > 0 ? ['a gate failed'] : []),
    ].join(', '),
    summary: jobSummary(told, section),
  };
}

function passedWords({ total, passed }: Verdict['totals']): string {
  return passed > 0 ? `${passed} passed` : total > 0 ? 'no test passed' : 'no test ran';
}

/** Adds the check run that was asked for, or says once why not. */
async function postCheckRun(
  { inputs, context, pullRequest }: Pick<Post, 'inputs' | 'context' | 'pullRequest'>,
  check: Check,
): Promise<void> {
  const { checkRun: name, token } = inputs;
  const sha = headOf(pullRequest) ?? context.gitSha;
  if (name === undefined) return;
  if (token === undefined || sha === undefined) {
    const why = token === undefined ? 'the github-token is empty' : 'the commit is not known';
    warn({ code: 'check-run', message: `no check run: ${why}` });
    return;
  }
  const { addCheckRun } = await import('../../tell/github/check-run.ts');
  await addCheckRun(githubEdges(token), {
    name,
    sha,
    conclusion: check.conclusion,
    title: check.title,
    summary: renderJobSummary(check.summary, maxCheckBytes),
  });
}

function hasOutputFile(): boolean {
  return env.GITHUB_OUTPUT !== undefined && env.GITHUB_OUTPUT !== '';
}

/** Numbers, ids and words of ours only: other people's scripts read the outputs. */
function writeOutputs(
  { totals, tally, saved, stored, history, context, matriz, patch }: Verdict,
  url: string | undefined,
): void {
  if (!hasOutputFile()) return;
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
    flaky: ofClass('flaky'),
    'pre-existing': ofClass('pre-existing'),
    'no-history': ofClass('no-history'),
    known: history?.failures.filter(({ known }) => known).length ?? '',
    unknown: history?.failures.filter(({ known }) => !known).length ?? '',
    fixed: history === undefined ? '' : fixedTests(history).length,
    judged: history !== undefined,
    infrastructure: history?.isInfrastructure ?? '',
    'patch-coverage':
      patch === undefined || 'problem' in patch || (patch.notComputed?.length ?? 0) > 0
        ? ''
        : hundredths(patch.coverage.percent),
    repository: plainName(context.repository),
    project: plainName(context.project),
    'tested-git-sha': context.tested?.gitSha ?? '',
    dirty: context.tested?.dirty === undefined ? '' : context.tested.dirty > 0,
    signatures: tally.signatures,
    coverage: totals.coveragePercent === undefined ? '' : Number(totals.coveragePercent.toFixed(2)),
    'matriz-status': matriz.review?.status ?? '',
    'consciousness-score': matriz.review?.score ?? '',
    'comment-url': url ?? '',
  };
  for (const [name, value] of Object.entries(outputs)) setOutput(name, String(value));
}

/** A folder of a fork may be called anything, and scripts paste outputs into commands. */
function plainName(name: string | undefined): string {
  return name !== undefined && /^[\w./:-]+$/.test(name) ? name : '';
}

function hundredths(percentage: number | undefined): number | '' {
  return percentage === undefined ? '' : Math.round(percentage * 100) / 100;
}
