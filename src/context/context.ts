// Detects the context of a run from the checkout, the CI system and the Python environment, and decides which source wins
// where they differ. Knows nothing of reports or the database.

import { resolve } from 'node:path';
import { asOptions, type Naming } from '../errors.ts';
import type { NamedCommits, RunContext, RunKind, RunOrigin, TestedCommit, Warning } from '../model.ts';
import { type Beginning, findBeginning } from './beginning.ts';
import { type CiFacts, detectCi, type Env, repositoryOf } from './ci.ts';
import { commitId, fitColumn } from './columns.ts';
import {
  type Commit,
  type CommitHistory,
  countChangedFiles,
  openHistory,
  readWholeCommits,
  type WholeCommit,
} from './commits.ts';
import {
  type Checkout,
  findCheckouts,
  isCheckout,
  isOutsideRepositories,
  isTracked,
  listFiles,
  noCheckout,
  readCheckout,
  readSettings,
} from './git.ts';
import { readGithubEvent } from './github-event.ts';
import { hostOfRepository, identifyRepository } from './identity.ts';
import { invalidGitSha } from './override.ts';
import { versionsFromDisk, versionsFromEnv, versionsFromProperties } from './python.ts';

export { overrideContext } from './override.ts';

/** Given by the door. `cwd` is absolute. */
export interface ContextEdges {
  readonly env: Env;
  readonly cwd: string;
  /** The door's words for settings; the command line's by default. */
  readonly naming?: Naming;
  /** The files will be asked for: git lists them beside its other answers. */
  readonly listsFiles?: boolean;
}

export interface DetectedContext {
  /** Without `lambdaId`, `lane` and `markers`: they are settings. */
  readonly context: RunContext;
  /** Absolute; undefined outside a repository. */
  readonly repositoryRoot: string | undefined;
  /** The repository's files relative to its root with `/`, listed once; undefined outside a repository. */
  trackedFiles(): Promise<readonly string[] | undefined>;
  /** The earliest that a report of this run can have been begun; undefined where nothing reliable says it. */
  readonly beginning: Beginning | undefined;
  /** What git tells about other commits; undefined outside a repository. */
  readonly history: CommitHistory | undefined;
  /** Matters where the database is one that others upload to. */
  readonly unsureRepository: Warning | undefined;
  /** Commits that the CI system names. */
  readonly named: NamedCommits;
  readonly warnings: readonly Warning[];
}

/** Detects the run's context. Missing values are undefined; detection never fails an upload. */
export async function detectContext(edges: ContextEdges): Promise<DetectedContext> {
  const { env, cwd, naming = asOptions } = edges;
  const { event, warnings: eventWarnings } = await readGithubEvent(env.GITHUB_EVENT_PATH);
  const ci = detectCi(env, event);
  const wanted = [ci.sha, ci.ifCheckedOut?.sha].filter((sha) => sha !== undefined);
  const isOutside = isOutsideRepositories(cwd);
  const reading = isOutside ? Promise.resolve(undefined) : readSettings(cwd, env);
  const finding = isOutside ? Promise.resolve(noCheckout) : readCheckout(cwd, { env, naming });
  let files: Promise<readonly string[] | undefined> | undefined;
  const trackedFiles = () => {
    files ??= finding.then(({ root }) => (root === undefined ? undefined : listFiles(root, env)));
    return files;
  };
  if (edges.listsFiles === true) void trackedFiles();
  const [checkout, read, settings, dirty] = await Promise.all([
    finding,
    // The first parent is where the change of a branch begins.
    readWholeCommits(cwd, isOutside ? [] : ['HEAD', ...wanted, 'HEAD^1'], env),
    reading,
    countChangedFiles(cwd, env, reading),
  ]);
  const commits = new Map([...read.values()].map((one) => [one.sha, one]));
  const here = checkout.hasCommit ? commitId(read.get('HEAD')?.sha) : undefined;
  const other = await findTestedElsewhere(edges, { ci, checkout, head: here });
  for (const [sha, one] of other?.commits ?? []) commits.set(sha, one);
  const place: Place = {
    ci,
    checkout: other === undefined ? checkout : { ...checkout, branch: other.branch },
    head: other?.head ?? here,
    commits,
    dirty: other === undefined ? dirty : undefined,
  };
  const commit = chooseCommit(place, naming);
  const identity =
    ci.repository === undefined
      ? await identifyRepository(cwd, checkout, settings, { env, naming })
      : {
          repository: ci.repository,
          host: ci.repositoryHost ?? hostOfRepository(ci.repository, checkout, settings),
          unsure: undefined,
        };
  const versions = versionsFromEnv(env);
  const onDisk = await versionsFromDisk(env, checkout.root);
  const beginning = findBeginning(
    env,
    event,
    commit.sha,
    place.commits.get(here ?? ''),
    async (path) => checkout.root !== undefined && isTracked(checkout.root, path, env),
  );
  return {
    context: {
      gitSha: commit.sha?.slice(0, 40),
      gitBranch: commit.branch,
      gitCommitMessage: commit.message,
      ciSystem: ci.system,
      pythonVersion: versions.pythonVersion ?? onDisk.pythonVersion,
      pytestVersion: versions.pytestVersion ?? onDisk.pytestVersion,
      lambdaId: undefined,
      lane: undefined,
      markers: [],
      baseBranch: ci.baseBranch,
      repository: identity.repository,
      repositoryHost: identity.host,
      tested: testedCommit(place, commit),
      kind: kindOf(place, commit),
      origin: originOf(place, commit),
      workflowRunId: ci.workflowRunId,
      runAttempt: ci.runAttempt,
      job: ci.job,
      jobName: ci.jobName,
      pullRequest: ci.pullRequest,
      workflow: ci.workflow,
      step: ci.step,
      checkRunId: ci.checkRunId,
    },
    repositoryRoot: checkout.root,
    history:
      checkout.root === undefined
        ? undefined
        : openHistory(checkout.root, env, {
            read: [...commits.values()],
            remoteNames: settings && [...settings.remotes.keys()],
          }),
    unsureRepository: identity.unsure,
    named: { ...ci.named, pullHead: pullHeadOf(ci) },
    trackedFiles,
    beginning,
    warnings: [...eventWarnings, ...checkout.warnings, ...commit.warnings],
  };
}

/**
 * The context with the versions of the report's suite properties. They win over versions found on this machine's disk;
 * `LUKHAS_PYTHON_VERSION` and `LUKHAS_PYTEST_VERSION` win over them.
 */
export function applySuiteProperties(
  context: RunContext,
  properties: ReadonlyMap<string, string>,
  env: Env,
): RunContext {
  const said = versionsFromEnv(env);
  const recorded = versionsFromProperties(properties);
  return {
    ...context,
    pythonVersion: said.pythonVersion ?? recorded.pythonVersion ?? context.pythonVersion,
    pytestVersion: said.pytestVersion ?? recorded.pytestVersion ?? context.pytestVersion,
  };
}

/** What `--set git_sha=` says, with git's help. */
export interface NamedSha {
  /** The settings, with the whole id. */
  readonly sets: readonly string[];
  /** Where another commit was named than the detected one: the tests ran on that. */
  readonly tested: TestedCommit | undefined;
}

/**
 * Completes an abbreviated `git_sha` among `column=value` settings.
 *
 * @throws InputError `invalid-set` where git does not know the one commit that begins so
 */
export async function completeGitSha(
  sets: readonly string[],
  { context, history }: Pick<DetectedContext, 'context' | 'history'>,
): Promise<NamedSha> {
  let named: string | undefined;
  const whole: string[] = [];
  for (const set of sets) {
    const short = /^\s*git[_-]sha\s*=\s*([0-9a-f]{7,40})\s*$/i.exec(set)?.[1]?.toLowerCase();
    const full = short === undefined ? undefined : ((await history?.complete(short)) ?? short);
    if (short !== undefined && full !== undefined && full.length < 40) throw invalidGitSha(short);
    named = full ?? named;
    whole.push(full === undefined ? set : `git_sha=${full.slice(0, 40)}`);
  }
  const sha = named?.slice(0, 40);
  if (named === undefined || sha === context.gitSha) return { sets: whole, tested: undefined };
  if (sha === context.tested?.gitSha) return { sets: whole, tested: context.tested };
  const [commit] = (await history?.commits([named])) ?? [];
  return { sets: whole, tested: toTested(named, commit, undefined) };
}

/**
 * Adds to the job's name what tells jobs of that name apart: the values of a matrix, or the upload key. Outside CI there is
 * no job, and the upload key may be random.
 */
export function nameJob(context: RunContext, distinction: string | undefined): RunContext {
  const { jobName } = context;
  if (distinction === undefined || jobName === undefined) return context;
  return { ...context, jobName: fitColumn('job_name', `${jobName} (${distinction})`) };
}

/**
 * The folder of the workflow's repository where it lies below GitHub's workspace (`path:` of actions/checkout), which is no repository
 * itself. undefined where there is none, or more than one.
 */
export async function findCheckoutBelow(env: Env, workspace: string): Promise<string | undefined> {
  const { GITHUB_WORKSPACE: named, GITHUB_REPOSITORY: repository } = env;
  if (named === undefined || repository === undefined || resolve(named) !== resolve(workspace))
    return undefined;
  if (await isCheckout(workspace)) return undefined;
  const own: string[] = [];
  for (const folder of await findCheckouts(workspace, undefined)) {
    const remotes = (await readSettings(folder, env))?.remotes;
    if (repositoryOf(remotes?.get('origin'))?.toLowerCase() === repository.toLowerCase()) own.push(folder);
  }
  return own.length === 1 ? own[0] : undefined;
}

interface OtherCheckout {
  readonly head: string;
  readonly branch: string | undefined;
  readonly commits: ReadonlyMap<string, WholeCommit>;
}

/**
 * Another commit of the repository, or of the fork, that is checked out somewhere in the workspace, where the workflow may have tested
 * that one. The workflow's own checkout tells nothing then: the tests of a stranger would count for the branch it runs for.
 */
async function findTestedElsewhere(
  { env, cwd, naming = asOptions }: ContextEdges,
  { ci, checkout, head }: Pick<Place, 'ci' | 'checkout' | 'head'>,
): Promise<OtherCheckout | undefined> {
  const { mayTest } = ci;
  // What lies at the workflow's own place is looked at as always.
  if (mayTest === undefined || (head !== undefined && head !== ci.sha)) return undefined;
  const workspace = env.GITHUB_WORKSPACE ?? checkout.root ?? cwd;
  for (const folder of await findCheckouts(workspace, checkout.root)) {
    const there = await readCheckout(folder, { env, naming });
    if (there.root === undefined || there.root === checkout.root) continue;
    const read = await readWholeCommits(folder, ['HEAD', 'HEAD^1'], env);
    const found = there.hasCommit ? commitId(read.get('HEAD')?.sha) : undefined;
    if (found === undefined || found === ci.sha) continue;
    const remotes = [...((await readSettings(folder, env))?.remotes.values() ?? [])];
    const isOurs =
      found === ci.ifCheckedOut?.sha ||
      remotes.every((url) => {
        const name = repositoryOf(url);
        return name === undefined || mayTest.some((own) => isNamedAlike(own, name));
      });
    if (!isOurs) continue;
    const commits = new Map([...read.values()].map((one) => [one.sha, one]));
    return { head: found, branch: there.branch, commits };
  }
  return undefined;
}

/** A fork has the name of what it was forked from, mostly. */
function isNamedAlike(one: string, other: string): boolean {
  const last = (name: string) => name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  return last(one) === last(other);
}

interface Place {
  readonly ci: CiFacts;
  readonly checkout: Checkout;
  /** Undefined before the first commit. */
  readonly head: string | undefined;
  readonly commits: ReadonlyMap<string, WholeCommit>;
  readonly dirty: number | undefined;
}

interface ChosenCommit {
  readonly sha: string | undefined;
  readonly branch: string | undefined;
  readonly message: string | undefined;
  /** A commit that the workflow took on its own, and not the one that it runs for. */
  readonly isForeign: boolean;
  readonly warnings: readonly Warning[];
}

/**
 * CI wins over the checkout: a detached or merged checkout does not know the branch or the head commit. Where the checkout
 * decides, it is somebody's commit, and the branch that the workflow runs for is not its branch.
 */
function chooseCommit({ ci, checkout, head, commits }: Place, naming: Naming): ChosenCommit {
  const { ifCheckedOut } = ci;
  const holds =
    head === ifCheckedOut?.sha ||
    // The pull request's merge; a merged pull request's own merge commit is the base branch's.
    (head !== undefined && head !== ci.sha && parentsOf(head, commits).includes(ifCheckedOut?.sha ?? ''));
  const elsewhere = ifCheckedOut !== undefined && holds ? ifCheckedOut : undefined;
  const isForeign =
    ci.checkoutDecides === true &&
    elsewhere === undefined &&
    head !== undefined &&
    ci.sha !== undefined &&
    head !== ci.sha;
  const sha = isForeign ? head : (elsewhere?.sha ?? ci.sha ?? head);
  const branch = isForeign
    ? fitColumn('git_branch', checkout.branch)
    : (elsewhere?.branch ?? ci.branch ?? fitColumn('git_branch', checkout.branch));
  const own = sha === undefined ? undefined : fitColumn('git_commit_message', commits.get(sha)?.message);
  const message = own ?? (sha === ci.sha ? ci.commitMessage : undefined);
  const expected = head === undefined || head === sha || head === ci.mergeSha || ci.mergesLocally === true;
  return { sha, branch, message, isForeign, warnings: expected ? [] : [differs(sha ?? '', head, naming)] };
}

function parentsOf(sha: string, commits: ReadonlyMap<string, Commit>): readonly string[] {
  return commits.get(sha)?.parents ?? [];
}

function pullHeadOf({ named, isMerge, sha, mergeSha }: CiFacts): string | undefined {
  return named?.pullHead ?? (isMerge === true && sha !== mergeSha ? sha : undefined);
}

/** HEAD of the checkout; without one, what the system checks out by itself. */
function testedCommit({ ci, head, commits, dirty }: Place, { sha }: ChosenCommit): TestedCommit | undefined {
  const here = ci.isElsewhere !== true && head !== undefined;
  const unknown = ci.isElsewhere === true ? ci.isMerge === true : ci.mergesLocally === true;
  const gitSha = here ? head : unknown ? undefined : ci.isMerge === true ? ci.mergeSha : sha;
  return gitSha === undefined ? undefined : toTested(gitSha, commits.get(gitSha), here ? dirty : undefined);
}

function toTested(gitSha: string, commit: Commit | undefined, dirty: number | undefined): TestedCommit {
  return {
    gitSha: gitSha.slice(0, 40),
    parents: commit?.parents.map((parent) => parent.slice(0, 40)),
    committedAt: commit?.committedAt,
    dirty,
  };
}

function kindOf({ ci, head, commits }: Place, { sha }: ChosenCommit): RunKind {
  if (ci.isElsewhere === true || head === undefined) return ci.isMerge === true ? 'merge' : 'head';
  // Some workflows check out the pull request's head itself.
  if (head === pullHeadOf(ci)) return 'head';
  const parents = parentsOf(head, commits);
  if (head !== sha)
    return ci.isMerge === true || (parents.length > 1 && parents.includes(sha ?? '')) ? 'merge' : 'head';
  // Nothing had to be merged in the checkout.
  return ci.isMerge === true && ci.mergesLocally !== true && parents.length > 1 ? 'merge' : 'head';
}

function originOf({ ci }: Place, { branch, isForeign }: ChosenCommit): RunOrigin {
  if (ci.system === 'local') return 'local';
  return ci.isStranger === true || isForeign || branch?.includes(':') === true ? 'stranger' : 'team';
}

function differs(sha: string, head: string, name: Naming): Warning {
  const set = name('set');
  return {
    code: 'commit-differs',
    message:
      `the checkout is at ${head.slice(0, 12)}, but the CI system runs for ${sha.slice(0, 12)}, which is what is stored` +
      (set === undefined ? '' : `; if the tests ran on the checkout, add ${set} git_sha=${head}`),
  };
}
