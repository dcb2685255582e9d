// Detects the context of a run from the checkout, the CI system and the Python environment, and decides which source wins
// where they differ. Knows nothing of reports or the database.

import { asOptions, type Naming } from '../errors.ts';
import type { RunContext, Warning } from '../model.ts';
import { type Beginning, findBeginning } from './beginning.ts';
import { type CiFacts, detectCi, type Env } from './ci.ts';
import { fitColumn } from './columns.ts';
import { type Checkout, listFiles, readCheckout, readHead } from './git.ts';
import { readGithubEvent } from './github-event.ts';
import { versionsFromDisk, versionsFromEnv, versionsFromProperties } from './python.ts';

export { overrideContext } from './override.ts';

/** Given by the door. `cwd` is absolute. */
export interface ContextEdges {
  readonly env: Env;
  readonly cwd: string;
  /** The door's words for settings; the command line's by default. */
  readonly naming?: Naming;
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
  readonly warnings: readonly Warning[];
}

/** Detects the run's context. Missing values are undefined; detection never fails an upload. */
export async function detectContext(edges: ContextEdges): Promise<DetectedContext> {
  const { env, cwd, naming = asOptions } = edges;
  const { event, warnings: eventWarnings } = await readGithubEvent(env.GITHUB_EVENT_PATH);
  const ci = detectCi(env, event);
  const commits = [ci.sha, ci.ifCheckedOut?.sha].filter((sha) => sha !== undefined);
  const checkout = await readCheckout(cwd, { env, commits, naming });
  const commit = chooseCommit(ci, checkout, naming);
  const versions = versionsFromEnv(env);
  const [onDisk, beginning] = await Promise.all([
    versionsFromDisk(env, checkout.root),
    findBeginning(env, event, commit.sha, async () =>
      checkout.root === undefined ? undefined : readHead(checkout.root, env),
    ),
  ]);
  let files: Promise<readonly string[] | undefined> | undefined;
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
      repository: ci.repository,
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
    trackedFiles: () => {
      files ??= checkout.root === undefined ? Promise.resolve(undefined) : listFiles(checkout.root, env);
      return files;
    },
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

/**
 * Adds to the job's name what tells jobs of that name apart: the values of a matrix, or the upload key. Outside CI there is
 * no job, and the upload key may be random.
 */
export function nameJob(context: RunContext, distinction: string | undefined): RunContext {
  const { jobName } = context;
  if (distinction === undefined || jobName === undefined) return context;
  return { ...context, jobName: fitColumn('job_name', `${jobName} (${distinction})`) };
}

interface Commit {
  readonly sha: string | undefined;
  readonly branch: string | undefined;
  readonly message: string | undefined;
  readonly warnings: readonly Warning[];
}

/** CI wins over the checkout: a detached or merged checkout does not know the branch or the head commit. */
function chooseCommit(ci: CiFacts, checkout: Checkout, naming: Naming): Commit {
  const { head } = checkout;
  const elsewhere = ci.ifCheckedOut?.sha === head ? ci.ifCheckedOut : undefined;
  const sha = elsewhere?.sha ?? ci.sha ?? head;
  const branch = elsewhere?.branch ?? ci.branch ?? fitColumn('git_branch', checkout.branch);
  const own = sha === undefined ? undefined : fitColumn('git_commit_message', checkout.messages.get(sha));
  const message = own ?? (sha === ci.sha ? ci.commitMessage : undefined);
  const expected = head === undefined || head === sha || head === ci.mergeSha || ci.mergesLocally === true;
  return { sha, branch, message, warnings: expected ? [] : [differs(sha ?? '', head, naming)] };
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
