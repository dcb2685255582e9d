// Detects the CI system and reads its environment variables, by one ordered table. Knows nothing of git or of files.
//
// Why no library: ci-info reads process.env while it is loaded and knows names only; env-ci starts git, knows no attempt, no
// parallel index and no head commit of a merged pull request, and takes the wrong pull request number from GitLab.
import type { NamedCommits } from '../model.ts';
import { commitId, fitColumn, positiveInteger } from './columns.ts';
import type { GithubEvent } from './github-event.ts';
import { hostOf } from './remote.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What a CI system tells about this job. Every value fits its column. */
export interface CiFacts {
  readonly system: string;
  /** A pull request's head commit, not the merge commit made for the test. */
  readonly sha?: string | undefined;
  /** The merge commit that the checkout may be at instead. */
  readonly mergeSha?: string | undefined;
  /** True where the system merges in the checkout, which makes a commit that it does not name. */
  readonly mergesLocally?: boolean | undefined;
  /** Replaces commit and branch when the checkout is at this commit. */
  readonly ifCheckedOut?: { readonly sha: string; readonly branch: string | undefined } | undefined;
  readonly branch?: string | undefined;
  readonly commitMessage?: string | undefined;
  readonly baseBranch?: string | undefined;
  readonly repository?: string | undefined;
  /** The host that it lies on, where the system says it; in lower case. */
  readonly repositoryHost?: string | undefined;
  readonly workflowRunId?: string | undefined;
  readonly runAttempt?: number | undefined;
  /** Differs between the jobs of one run, parallel ones too, and between repeated ones where there is no attempt number. */
  readonly job?: string | undefined;
  /** The same in every run of the job. Parallel parts share it, because tests move between them. */
  readonly jobName?: string | undefined;
  readonly pullRequest?: number | undefined;
  /** See RunContext. */
  readonly workflow?: string | undefined;
  readonly step?: string | undefined;
  readonly checkRunId?: number | undefined;
  /** A change from a fork, or a run that a comment started. */
  readonly isStranger?: boolean;
  /** What is tested is the merge of a change with its base, where the checkout cannot tell. */
  readonly isMerge?: boolean;
  /**
   * The workflow runs for the default branch or for one that somebody chose, and checks out what it likes: another commit in the
   * checkout is the one that is tested.
   */
  readonly checkoutDecides?: boolean;
  /**
   * Another checkout in the workspace may hold what was tested: these are the repositories, as `owner/name`, that it would be of.
   * Undefined where the workflow tests the commit that it runs for.
   */
  readonly mayTest?: readonly string[] | undefined;
  /** The tests ran in another job: the checkout says nothing about them. */
  readonly isElsewhere?: boolean;
  readonly named?: NamedCommits;
}

/** Values as the systems write them, before they are cut to their columns. */
interface RawFacts {
  sha?: string | undefined;
  mergeSha?: string | undefined;
  mergesLocally?: boolean;
  ifCheckedOut?: { sha: string | undefined; branch: string | undefined };
  branch?: string | undefined;
  commitMessage?: string | undefined;
  baseBranch?: string | undefined;
  repository?: string | undefined;
  repositoryUrl?: string | undefined;
  /** The server that the repository lies on: a URL or a host. Default: that of `repositoryUrl`. */
  server?: string | undefined;
  workflowRunId?: string | undefined;
  runAttempt?: string | number | undefined;
  job?: readonly (string | undefined)[];
  /** Default: the parts of `job` that are no numbers. */
  jobName?: string | undefined;
  pullRequest?: string | number | undefined;
  workflow?: string | undefined;
  step?: string | undefined;
  checkRunId?: string | undefined;
  isStranger?: boolean;
  /** Default: the system merges in the checkout, or `mergeSha` is another commit than `sha`. */
  isMerge?: boolean;
  checkoutDecides?: boolean;
  mayTest?: readonly (string | undefined)[];
  isElsewhere?: boolean;
  named?: NamedCommits;
}

interface System {
  readonly system: string;
  detect(env: Env): boolean;
  facts(env: Env, event: GithubEvent): RawFacts;
}

// The first match wins: a system that others imitate comes after them, one with only a general variable comes last.
const systems: readonly System[] = [
  {
    // https://forgejo.org/docs/latest/user/actions/reference/
    system: 'forgejo_actions',
    detect: (env) => isSet(env.FORGEJO_ACTIONS),
    facts: githubFacts,
  },
  {
    // https://docs.gitea.com/usage/actions/faq
    system: 'gitea_actions',
    detect: (env) => isSet(env.GITEA_ACTIONS),
    facts: githubFacts,
  },
  {
    // https://docs.github.com/actions/reference/workflows-and-actions/variables
    system: 'github_actions',
    detect: (env) => isSet(env.GITHUB_ACTIONS),
    facts: githubFacts,
  },
  {
    // https://docs.gitlab.com/ci/variables/predefined_variables/
    // A repeated job has a new CI_JOB_ID. CI_COMMIT_SHA is a merge commit only in merged results pipelines, and only they
    // set CI_MERGE_REQUEST_SOURCE_BRANCH_SHA.
    system: 'gitlab_ci',
    detect: (env) => isSet(env.GITLAB_CI),
    facts: (env) => {
      const head =
        set(env.CI_MERGE_REQUEST_SOURCE_BRANCH_SHA) ?? set(env.CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA);
      return {
        sha: head ?? env.CI_COMMIT_SHA,
        mergeSha: env.CI_COMMIT_SHA,
        branch: ofFork(
          set(env.CI_MERGE_REQUEST_SOURCE_BRANCH_NAME) ??
            set(env.CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME) ??
            env.CI_COMMIT_BRANCH,
          { head: env.CI_MERGE_REQUEST_SOURCE_PROJECT_PATH, base: env.CI_PROJECT_PATH },
        ),
        commitMessage: head === undefined || head === env.CI_COMMIT_SHA ? env.CI_COMMIT_MESSAGE : undefined,
        baseBranch:
          set(env.CI_MERGE_REQUEST_TARGET_BRANCH_NAME) ?? env.CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME,
        repository: env.CI_PROJECT_PATH,
        server: env.CI_SERVER_HOST,
        workflowRunId: env.CI_PIPELINE_ID,
        // The name of a parallel job ends in its index.
        job: [env.CI_JOB_NAME, id(env.CI_JOB_ID)],
        jobName: env.CI_JOB_NAME?.replace(/ \d+\/\d+$/, ''),
        pullRequest: set(env.CI_MERGE_REQUEST_IID) ?? env.CI_EXTERNAL_PULL_REQUEST_IID,
        named: {
          pullHead: head,
          // Set in merged results pipelines only.
          pullBase:
            set(env.CI_MERGE_REQUEST_TARGET_BRANCH_SHA) ?? env.CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA,
          // All zeros in pipelines of merge requests and for a new branch.
          before: env.CI_COMMIT_BEFORE_SHA,
          mergeBase: env.CI_MERGE_REQUEST_DIFF_BASE_SHA,
          defaultBranch: env.CI_DEFAULT_BRANCH,
        },
      };
    },
  },
  {
    // https://circleci.com/docs/variables/#built-in-environment-variables
    system: 'circleci',
    detect: (env) => isSet(env.CIRCLECI),
    facts: (env) => ({
      sha: env.CIRCLE_SHA1,
      // pull/12 of a fork's pull request is no branch.
      branch: /^pull\/\d+$/.test(env.CIRCLE_BRANCH ?? '') ? undefined : env.CIRCLE_BRANCH,
      repository: joined(env.CIRCLE_PROJECT_USERNAME, env.CIRCLE_PROJECT_REPONAME),
      workflowRunId: set(env.CIRCLE_WORKFLOW_ID) ?? env.CIRCLE_BUILD_NUM,
      job: [
        env.CIRCLE_JOB,
        parallel(env.CIRCLE_NODE_INDEX, env.CIRCLE_NODE_TOTAL, 0),
        id(env.CIRCLE_BUILD_NUM),
      ],
      pullRequest:
        set(env.CIRCLE_PR_NUMBER) ??
        lastNumber(env.CIRCLE_PULL_REQUEST) ??
        lastNumber(/^pull\/\d+$/.exec(env.CIRCLE_BRANCH ?? '')?.[0]),
      // Set for forks only.
      isStranger: isSet(env.CIRCLE_PR_USERNAME),
    }),
  },
  {
    // https://buildkite.com/docs/pipelines/configure/environment-variables
    system: 'buildkite',
    detect: (env) => isSet(env.BUILDKITE),
    facts: (env) => ({
      sha: env.BUILDKITE_COMMIT,
      branch: set(env.BUILDKITE_TAG) === undefined ? env.BUILDKITE_BRANCH : undefined,
      commitMessage: env.BUILDKITE_MESSAGE,
      baseBranch: env.BUILDKITE_PULL_REQUEST_BASE_BRANCH,
      repositoryUrl: env.BUILDKITE_REPO,
      workflowRunId: env.BUILDKITE_BUILD_ID,
      runAttempt: /^\d{1,6}$/.test(env.BUILDKITE_RETRY_COUNT ?? '')
        ? Number(env.BUILDKITE_RETRY_COUNT) + 1
        : undefined,
      job: [
        set(env.BUILDKITE_STEP_KEY) ?? env.BUILDKITE_LABEL,
        parallel(env.BUILDKITE_PARALLEL_JOB, env.BUILDKITE_PARALLEL_JOB_COUNT, 0),
        id(env.BUILDKITE_JOB_ID),
      ],
      pullRequest: env.BUILDKITE_PULL_REQUEST,
      isMerge: env.BUILDKITE_PULL_REQUEST_USING_MERGE_REFSPEC === 'true',
      isStranger: isOther(
        repositoryOf(set(env.BUILDKITE_PULL_REQUEST_REPO)),
        repositoryOf(env.BUILDKITE_REPO),
      ),
      named: { defaultBranch: env.BUILDKITE_PIPELINE_DEFAULT_BRANCH },
    }),
  },
  {
    // https://learn.microsoft.com/azure/devops/pipelines/build/variables
    system: 'azure_pipelines',
    detect: (env) => isSet(env.TF_BUILD),
    facts: (env) => ({
      sha: set(env.SYSTEM_PULLREQUEST_SOURCECOMMITID) ?? env.BUILD_SOURCEVERSION,
      mergeSha: env.BUILD_SOURCEVERSION,
      branch: set(env.SYSTEM_PULLREQUEST_SOURCEBRANCH) ?? env.BUILD_SOURCEBRANCH,
      commitMessage: isSet(env.SYSTEM_PULLREQUEST_PULLREQUESTID) ? undefined : env.BUILD_SOURCEVERSIONMESSAGE,
      baseBranch: env.SYSTEM_PULLREQUEST_TARGETBRANCH,
      // Azure's own repositories have a name only, GitHub's are owner/name.
      repository: env.BUILD_REPOSITORY_NAME?.includes('/')
        ? env.BUILD_REPOSITORY_NAME
        : joined(env.SYSTEM_TEAMPROJECT, env.BUILD_REPOSITORY_NAME),
      workflowRunId: env.BUILD_BUILDID,
      runAttempt: env.SYSTEM_JOBATTEMPT,
      job: [
        set(env.SYSTEM_JOBNAME) ?? env.AGENT_JOBNAME,
        parallel(env.SYSTEM_JOBPOSITIONINPHASE, env.SYSTEM_TOTALJOBSINPHASE, 1),
        id(env.SYSTEM_JOBID),
      ],
      pullRequest: set(env.SYSTEM_PULLREQUEST_PULLREQUESTNUMBER) ?? env.SYSTEM_PULLREQUEST_PULLREQUESTID,
      isStranger: env.SYSTEM_PULLREQUEST_ISFORK?.toLowerCase() === 'true',
    }),
  },
  {
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    // A pull request's pipeline merges the destination into the clone. The step's run number is set but not documented.
    system: 'bitbucket',
    detect: (env) => isSet(env.BITBUCKET_BUILD_NUMBER),
    facts: (env) => ({
      sha: env.BITBUCKET_COMMIT,
      mergesLocally: isSet(env.BITBUCKET_PR_ID),
      branch: env.BITBUCKET_BRANCH,
      baseBranch: env.BITBUCKET_PR_DESTINATION_BRANCH,
      repository: env.BITBUCKET_REPO_FULL_NAME,
      workflowRunId: set(env.BITBUCKET_PIPELINE_UUID) ?? env.BITBUCKET_BUILD_NUMBER,
      runAttempt: env.BITBUCKET_STEP_RUN_NUMBER,
      job: [
        env.BITBUCKET_STEP_UUID,
        parallel(env.BITBUCKET_PARALLEL_STEP, env.BITBUCKET_PARALLEL_STEP_COUNT, 0),
      ],
      pullRequest: env.BITBUCKET_PR_ID,
    }),
  },
  {
    // https://docs.travis-ci.com/user/environment-variables/
    system: 'travis_ci',
    detect: (env) => isSet(env.TRAVIS),
    facts: (env) => {
      const isPullRequest = positiveInteger(env.TRAVIS_PULL_REQUEST) !== undefined;
      return {
        sha: set(env.TRAVIS_PULL_REQUEST_SHA) ?? env.TRAVIS_COMMIT,
        mergeSha: env.TRAVIS_COMMIT,
        branch: ofFork(
          set(env.TRAVIS_PULL_REQUEST_BRANCH) ?? (isSet(env.TRAVIS_TAG) ? undefined : env.TRAVIS_BRANCH),
          { head: env.TRAVIS_PULL_REQUEST_SLUG, base: env.TRAVIS_REPO_SLUG },
        ),
        commitMessage: isPullRequest ? undefined : env.TRAVIS_COMMIT_MESSAGE,
        baseBranch: isPullRequest ? env.TRAVIS_BRANCH : undefined,
        repository: env.TRAVIS_REPO_SLUG,
        workflowRunId: env.TRAVIS_BUILD_ID,
        job: [env.TRAVIS_JOB_NAME, id(env.TRAVIS_JOB_ID)],
        pullRequest: env.TRAVIS_PULL_REQUEST,
        // `before...after`; of a pull request its base and head.
        named: { [isPullRequest ? 'pullBase' : 'before']: rangeStart(env.TRAVIS_COMMIT_RANGE) },
      };
    },
  },
  {
    // https://www.appveyor.com/docs/environment-variables/
    system: 'appveyor',
    detect: (env) => isSet(env.APPVEYOR),
    facts: (env) => ({
      sha: set(env.APPVEYOR_PULL_REQUEST_HEAD_COMMIT) ?? env.APPVEYOR_REPO_COMMIT,
      mergeSha: env.APPVEYOR_REPO_COMMIT,
      mergesLocally: isSet(env.APPVEYOR_PULL_REQUEST_NUMBER),
      branch: set(env.APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH) ?? env.APPVEYOR_REPO_BRANCH,
      baseBranch: isSet(env.APPVEYOR_PULL_REQUEST_NUMBER) ? env.APPVEYOR_REPO_BRANCH : undefined,
      repository: env.APPVEYOR_REPO_NAME,
      workflowRunId: env.APPVEYOR_BUILD_ID,
      job: [env.APPVEYOR_JOB_NAME, id(env.APPVEYOR_JOB_ID)],
      pullRequest: env.APPVEYOR_PULL_REQUEST_NUMBER,
      isStranger: isOther(set(env.APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME), env.APPVEYOR_REPO_NAME),
    }),
  },
  {
    // https://woodpecker-ci.org/docs/usage/environment
    system: 'woodpecker',
    detect: (env) => env.CI === 'woodpecker',
    facts: (env) => ({
      sha: env.CI_COMMIT_SHA,
      mergesLocally: isSet(env.CI_COMMIT_PULL_REQUEST),
      branch: set(env.CI_COMMIT_SOURCE_BRANCH) ?? env.CI_COMMIT_BRANCH,
      commitMessage: env.CI_COMMIT_MESSAGE,
      baseBranch: env.CI_COMMIT_TARGET_BRANCH,
      repository: env.CI_REPO,
      workflowRunId: env.CI_PIPELINE_NUMBER,
      job: [env.CI_WORKFLOW_NAME, env.CI_STEP_NAME, id(env.CI_WORKFLOW_NUMBER)],
      pullRequest: env.CI_COMMIT_PULL_REQUEST,
      named: { defaultBranch: env.CI_REPO_DEFAULT_BRANCH },
    }),
  },
  {
    // https://docs.drone.io/pipeline/environment/reference/
    system: 'drone',
    detect: (env) => isSet(env.DRONE),
    facts: (env) => ({
      sha: env.DRONE_COMMIT_SHA,
      mergesLocally: isSet(env.DRONE_PULL_REQUEST),
      branch: set(env.DRONE_SOURCE_BRANCH) ?? env.DRONE_BRANCH,
      commitMessage: env.DRONE_COMMIT_MESSAGE,
      baseBranch: isSet(env.DRONE_PULL_REQUEST) ? env.DRONE_TARGET_BRANCH : undefined,
      repository: env.DRONE_REPO,
      workflowRunId: env.DRONE_BUILD_NUMBER,
      job: [env.DRONE_STAGE_NAME, env.DRONE_STEP_NAME, id(env.DRONE_STAGE_NUMBER)],
      pullRequest: env.DRONE_PULL_REQUEST,
      named: { before: env.DRONE_COMMIT_BEFORE, defaultBranch: env.DRONE_REPO_BRANCH },
    }),
  },
  {
    // https://docs.semaphoreci.com/reference/env-vars
    system: 'semaphore',
    detect: (env) => isSet(env.SEMAPHORE),
    facts: (env) => ({
      sha: set(env.SEMAPHORE_GIT_PR_SHA) ?? env.SEMAPHORE_GIT_SHA,
      mergeSha: env.SEMAPHORE_GIT_SHA,
      branch:
        set(env.SEMAPHORE_GIT_PR_BRANCH) ?? set(env.SEMAPHORE_GIT_WORKING_BRANCH) ?? env.SEMAPHORE_GIT_BRANCH,
      baseBranch: isSet(env.SEMAPHORE_GIT_PR_NUMBER) ? env.SEMAPHORE_GIT_BRANCH : undefined,
      repository: env.SEMAPHORE_GIT_REPO_SLUG,
      workflowRunId: env.SEMAPHORE_WORKFLOW_ID,
      job: [
        env.SEMAPHORE_JOB_NAME,
        parallel(env.SEMAPHORE_JOB_INDEX, env.SEMAPHORE_JOB_COUNT, 1),
        id(env.SEMAPHORE_JOB_ID),
      ],
      pullRequest: env.SEMAPHORE_GIT_PR_NUMBER,
      isStranger: isOther(set(env.SEMAPHORE_GIT_PR_SLUG), env.SEMAPHORE_GIT_REPO_SLUG),
      named: {
        [isSet(env.SEMAPHORE_GIT_PR_NUMBER) ? 'pullBase' : 'before']: rangeStart(
          env.SEMAPHORE_GIT_COMMIT_RANGE,
        ),
      },
    }),
  },
  {
    // https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    system: 'aws_codebuild',
    detect: (env) => isSet(env.CODEBUILD_BUILD_ID),
    facts: (env) => ({
      sha: env.CODEBUILD_RESOLVED_SOURCE_VERSION,
      branch: env.CODEBUILD_WEBHOOK_HEAD_REF,
      baseBranch: env.CODEBUILD_WEBHOOK_BASE_REF,
      repositoryUrl: env.CODEBUILD_SOURCE_REPO_URL,
      workflowRunId: env.CODEBUILD_BUILD_ID,
      job: [env.CODEBUILD_BATCH_BUILD_IDENTIFIER],
      pullRequest: lastNumber(/^pr\/\d+$/.exec(env.CODEBUILD_WEBHOOK_TRIGGER ?? '')?.[0]),
    }),
  },
  {
    // https://cirrus-ci.org/guide/writing-tasks/#environment-variables
    system: 'cirrus_ci',
    detect: (env) => isSet(env.CIRRUS_CI),
    facts: (env) => ({
      sha: env.CIRRUS_CHANGE_IN_REPO,
      branch: /^pull\/\d+$/.test(env.CIRRUS_BRANCH ?? '') ? undefined : env.CIRRUS_BRANCH,
      commitMessage: env.CIRRUS_CHANGE_MESSAGE,
      baseBranch: env.CIRRUS_BASE_BRANCH,
      repository: env.CIRRUS_REPO_FULL_NAME,
      workflowRunId: env.CIRRUS_BUILD_ID,
      job: [env.CIRRUS_TASK_NAME, id(env.CIRRUS_TASK_ID)],
      pullRequest: env.CIRRUS_PR,
      named: { pullBase: env.CIRRUS_BASE_SHA, defaultBranch: env.CIRRUS_DEFAULT_BRANCH },
    }),
  },
  {
    // https://docs.bitrise.io/en/bitrise-ci/references/available-environment-variables.html
    system: 'bitrise',
    detect: (env) => isSet(env.BITRISE_IO),
    facts: (env) => ({
      sha: set(env.BITRISE_GIT_COMMIT) ?? env.GIT_CLONE_COMMIT_HASH,
      mergeSha: env.GIT_CLONE_COMMIT_HASH,
      mergesLocally: isSet(env.BITRISE_PULL_REQUEST),
      branch: env.BITRISE_GIT_BRANCH,
      baseBranch: env.BITRISEIO_GIT_BRANCH_DEST,
      repositoryUrl: env.GIT_REPOSITORY_URL,
      workflowRunId: env.BITRISE_BUILD_SLUG,
      job: [env.BITRISE_TRIGGERED_WORKFLOW_ID],
      pullRequest: env.BITRISE_PULL_REQUEST,
      isStranger: isOther(
        repositoryOf(set(env.BITRISEIO_PULL_REQUEST_REPOSITORY_URL)),
        repositoryOf(env.GIT_REPOSITORY_URL),
      ),
    }),
  },
  {
    // https://codefresh.io/docs/docs/pipelines/variables/
    system: 'codefresh',
    detect: (env) => isSet(env.CF_BUILD_ID),
    facts: (env) => ({
      sha: env.CF_REVISION,
      branch: env.CF_BRANCH,
      commitMessage: env.CF_COMMIT_MESSAGE,
      baseBranch: env.CF_PULL_REQUEST_TARGET,
      repository: joined(env.CF_REPO_OWNER, env.CF_REPO_NAME),
      workflowRunId: env.CF_BUILD_ID,
      job: [env.CF_STEP_NAME],
      pullRequest: env.CF_PULL_REQUEST_NUMBER,
      isStranger: env.CF_PULL_REQUEST_IS_FORK === 'true',
    }),
  },
  {
    // https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html
    system: 'teamcity',
    detect: (env) => isSet(env.TEAMCITY_VERSION),
    facts: (env) => ({
      sha: env.BUILD_VCS_NUMBER,
      workflowRunId: env.BUILD_NUMBER,
      job: [env.TEAMCITY_PROJECT_NAME, env.TEAMCITY_BUILDCONF_NAME],
    }),
  },
  {
    // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables and, for CHANGE_*,
    // https://www.jenkins.io/doc/book/pipeline/multibranch/. GIT_BRANCH has the remote's name before it.
    system: 'jenkins',
    detect: (env) => isSet(env.JENKINS_URL) || (isSet(env.JENKINS_HOME) && isSet(env.BUILD_TAG)),
    facts: (env) => {
      const isChange = positiveInteger(env.CHANGE_ID) !== undefined;
      return {
        sha: env.GIT_COMMIT,
        mergesLocally: isChange,
        branch: ofFork(
          set(env.CHANGE_BRANCH) ??
            (isChange
              ? undefined
              : (set(env.BRANCH_NAME) ??
                set(env.GIT_LOCAL_BRANCH) ??
                env.GIT_BRANCH?.replace(/^(refs\/remotes\/)?origin\//, ''))),
          // Set only for a fork.
          { head: env.CHANGE_FORK, base: '' },
        ),
        baseBranch: env.CHANGE_TARGET,
        repositoryUrl: set(env.GIT_URL) ?? env.GIT_URL_1,
        workflowRunId: set(env.BUILD_TAG) ?? joined(env.JOB_NAME, env.BUILD_NUMBER),
        job: [env.JOB_NAME, env.STAGE_NAME],
        // A multibranch job's name ends in the branch.
        jobName: isSet(env.BRANCH_NAME) ? env.STAGE_NAME : env.JOB_NAME,
        pullRequest: env.CHANGE_ID,
      };
    },
  },
];

/** The CI system and its facts; `ci` for an unknown one, `local` outside CI. */
export function detectCi(env: Env, event: GithubEvent): CiFacts {
  const known = systems.find((system) => system.detect(env));
  if (known === undefined)
    return { system: isSet(env.CI) || isSet(env.CONTINUOUS_INTEGRATION) ? 'ci' : 'local' };
  const raw = known.facts(env, event);
  const elsewhere = commitId(raw.ifCheckedOut?.sha);
  const [sha, mergeSha] = [commitId(raw.sha), commitId(raw.mergeSha)];
  const branch = branchName(raw.branch, 'git_branch');
  const named = raw.named ?? {};
  return {
    system: known.system,
    sha,
    mergeSha,
    mergesLocally: raw.mergesLocally === true,
    isMerge: raw.isMerge ?? (raw.mergesLocally === true || (mergeSha !== undefined && mergeSha !== sha)),
    isStranger: raw.isStranger === true || branch?.includes(':') === true,
    checkoutDecides: raw.checkoutDecides === true,
    mayTest: raw.mayTest?.map(set).filter((name) => name !== undefined),
    isElsewhere: raw.isElsewhere === true,
    named: {
      event: named.event ?? eventOf(env, raw),
      pullHead: commitId(named.pullHead),
      pullBase: commitId(named.pullBase),
      mergeGroupBase: commitId(named.mergeGroupBase),
      before: commitId(named.before),
      mergeBase: commitId(named.mergeBase),
      defaultBranch: branchName(named.defaultBranch, 'base_branch'),
    },
    ifCheckedOut:
      elsewhere === undefined
        ? undefined
        : { sha: elsewhere, branch: branchName(raw.ifCheckedOut?.branch, 'git_branch') },
    branch,
    commitMessage: fitColumn('git_commit_message', set(raw.commitMessage)),
    baseBranch: branchName(raw.baseBranch, 'base_branch'),
    repository: fitColumn('repository', set(raw.repository) ?? repositoryOf(raw.repositoryUrl)),
    repositoryHost: fitColumn('repository', hostOf(set(raw.server) ?? set(raw.repositoryUrl))),
    workflowRunId: fitColumn('workflow_run_id', set(raw.workflowRunId)),
    runAttempt: positiveInteger(set(raw.runAttempt?.toString())),
    job: fitColumn(
      'job',
      raw.job
        ?.map(set)
        .filter((part) => part !== undefined)
        .join(' '),
    ),
    jobName: fitColumn('job_name', set(raw.jobName) ?? lastingName(raw.job ?? [])),
    pullRequest: positiveInteger(set(raw.pullRequest?.toString())),
    workflow: fitColumn('workflow', set(raw.workflow)),
    step: fitColumn('step', set(raw.step)),
    checkRunId: largeId(raw.checkRunId),
  };
}

/** Where these are set, each system runs for a tag. */
const tags = [
  'BITBUCKET_TAG',
  'BITRISE_GIT_TAG',
  'BUILDKITE_TAG',
  'CIRCLE_TAG',
  'CIRRUS_TAG',
  'CI_COMMIT_TAG',
  'DRONE_TAG',
  'APPVEYOR_REPO_TAG_NAME',
  'SEMAPHORE_GIT_TAG_NAME',
  'TAG_NAME',
  'TRAVIS_TAG',
] as const;

function eventOf(env: Env, { pullRequest }: RawFacts): NamedCommits['event'] {
  if (positiveInteger(set(pullRequest?.toString())) !== undefined) return 'pull-request';
  const isTag =
    tags.some((name) => isSet(env[name])) || env.BUILD_SOURCEBRANCH?.startsWith('refs/tags/') === true;
  return isTag ? 'tag' : 'branch';
}

/** The variables of GitHub and its imitators, completed by the event. */
function githubFacts(env: Env, event: GithubEvent): RawFacts {
  const common: RawFacts = {
    sha: env.GITHUB_SHA,
    mergeSha: env.GITHUB_SHA,
    // A tag is no branch.
    branch: env.GITHUB_REF_TYPE === 'tag' ? undefined : (branchOfRef(env.GITHUB_REF) ?? undefined),
    baseBranch: env.GITHUB_BASE_REF,
    repository: env.GITHUB_REPOSITORY,
    server: env.GITHUB_SERVER_URL,
    workflowRunId: env.GITHUB_RUN_ID,
    runAttempt: env.GITHUB_RUN_ATTEMPT,
    job: [env.GITHUB_JOB],
    jobName: githubJob(env.GITHUB_WORKFLOW, env.GITHUB_JOB),
    workflow: workflowFile(env.GITHUB_WORKFLOW_REF, env.GITHUB_REPOSITORY),
    step: env.GITHUB_ACTION,
    // No variable holds it: the Action's input does, by its default. Empty on GitHub Enterprise Server.
    checkRunId: env['INPUT_CHECK-RUN-ID'],
    isMerge: false,
    checkoutDecides: dispatches.has(env.GITHUB_EVENT_NAME ?? ''),
    ...(dispatches.has(env.GITHUB_EVENT_NAME ?? '') ? { mayTest: [env.GITHUB_REPOSITORY] } : {}),
    named: {
      event: env.GITHUB_REF_TYPE === 'tag' ? 'tag' : 'branch',
      before: env.GITHUB_EVENT_NAME === 'push' ? event.before : undefined,
      defaultBranch: event.repository?.default_branch,
    },
  };
  const { pull_request: pull, workflow_run: run, merge_group: group } = event;
  if (env.GITHUB_EVENT_NAME === 'workflow_run' && run !== undefined) {
    // This run handles results of another run: they belong to that run and its commit.
    const sides = { head: run.head_repository?.full_name ?? unknownFork, base: env.GITHUB_REPOSITORY };
    // The list also holds other repositories' pull requests with the same head.
    const own = (run.pull_requests ?? []).filter(
      ({ base }) => base?.repo?.id === undefined || base.repo.id === event.repository?.id,
    );
    const [only] = own.length === 1 && sameRepository(sides) ? own : [];
    return {
      ...common,
      // One workflow may handle the results of several workflows.
      jobName: githubJob(run.name ?? env.GITHUB_WORKFLOW, env.GITHUB_JOB),
      sha: run.head_sha,
      branch: ofFork(run.head_branch, sides),
      baseBranch: only?.base?.ref,
      workflowRunId: run.id?.toString() ?? common.workflowRunId,
      runAttempt: run.id === undefined ? common.runAttempt : run.run_attempt,
      pullRequest: only?.number,
      workflow: run.path?.replace(/@.*$/, '') ?? common.workflow,
      // This job's own check run changes with each attempt of this workflow, which is none of that run.
      checkRunId: undefined,
      isElsewhere: true,
      isMerge: run.event === 'pull_request',
      // What a dispatched run or one of pull_request_target has checked out is not known here.
      isStranger:
        comments.has(run.event ?? '') ||
        dispatches.has(run.event ?? '') ||
        run.event === 'pull_request_target',
      named:
        run.event === 'pull_request'
          ? { ...common.named, event: 'pull-request', pullHead: run.head_sha }
          : { ...common.named, event: 'branch' },
    };
  }
  if (comments.has(env.GITHUB_EVENT_NAME ?? '')) {
    return {
      ...common,
      pullRequest: event.issue?.pull_request === undefined ? undefined : event.issue.number,
      isStranger: true,
      checkoutDecides: true,
      mayTest: [env.GITHUB_REPOSITORY],
    };
  }
  if (env.GITHUB_EVENT_NAME === 'merge_group') {
    return {
      ...common,
      named: { ...common.named, event: 'merge-group', mergeGroupBase: group?.base_sha },
      branch: group?.head_ref ?? common.branch,
      baseBranch: group?.base_ref ?? common.baseBranch,
    };
  }
  const headBranch = ofFork(pull?.head?.ref, {
    head: pull?.head?.repo?.full_name ?? unknownFork,
    base: env.GITHUB_REPOSITORY,
  });
  const fromRef = /^refs\/pull\/(\d+)\//.exec(env.GITHUB_REF ?? '')?.[1];
  const pullRequest = pull?.number ?? event.number ?? fromRef;
  if (fromRef !== undefined) {
    return {
      ...common,
      // Without the event, only the merge commit is known.
      sha: pull?.head?.sha ?? env.GITHUB_SHA,
      branch: headBranch ?? env.GITHUB_HEAD_REF,
      baseBranch: pull?.base?.ref ?? env.GITHUB_BASE_REF,
      pullRequest,
      isMerge: true,
      named: { ...common.named, event: 'pull-request', pullHead: pull?.head?.sha, pullBase: pull?.base?.sha },
    };
  }
  if (pull !== undefined) {
    // pull_request_target and merged pull requests run on the base branch, unless the workflow checks out the head, or anything else.
    return {
      ...common,
      checkoutDecides: true,
      mayTest: [env.GITHUB_REPOSITORY, pull.head?.repo?.full_name],
      baseBranch: pull.base?.ref ?? common.baseBranch,
      pullRequest,
      ifCheckedOut: { sha: pull.head?.sha, branch: headBranch },
      named: { ...common.named, pullHead: pull.head?.sha, pullBase: pull.base?.sha },
    };
  }
  return common;
}

/** Whoever may comment starts these, on the default branch. */
const comments: ReadonlySet<string> = new Set(['issue_comment', 'discussion_comment', 'commit_comment']);
/** Started by hand or by a program, which may name a pull request to check out. */
const dispatches: ReadonlySet<string> = new Set(['workflow_dispatch', 'repository_dispatch']);

/** The owner of a deleted repository. */
const unknownFork = 'unknown';

interface Sides {
  /** `owner/name` that the branch lies in; undefined where the system does not say. */
  readonly head: string | undefined;
  readonly base: string | undefined;
}

function sameRepository({ head, base }: Sides): boolean {
  return head !== undefined && head.toLowerCase() === base?.toLowerCase();
}

/**
 * A fork's branch as GitHub writes it, `octo:main`, so that a fork's `main` is not taken for the base branch. No branch name
 * holds a colon (git-check-ref-format).
 */
function ofFork(branch: string | undefined, sides: Sides): string | undefined {
  const head = set(sides.head);
  if (set(branch) === undefined || head === undefined || sameRepository(sides)) return branch;
  return `${head.includes('/') ? head.slice(0, head.lastIndexOf('/')) : head}:${branch?.replace(/^refs\/heads\//, '')}`;
}

/** The parts of a job's name that stay the same in its next run. matches: pytest, test: [3.12]; not: #42, 2/5, {a1b2-…} */
function lastingName(job: readonly (string | undefined)[]): string {
  return job
    .map(set)
    .filter((part) => part !== undefined && !/^(?:#.*|\d+(?:\/\d+)?|\{.*\})$/.test(part))
    .join(' ');
}

/** A job's name as GitHub shows it beside a commit. */
function githubJob(workflow: string | undefined, job: string | undefined): string {
  return [set(workflow), set(job)].filter((part) => part !== undefined).join(' / ');
}

/** `.github/workflows/ci.yml` of `owner/name/.github/workflows/ci.yml@refs/heads/main` */
function workflowFile(ref: string | undefined, repository: string | undefined): string | undefined {
  const path = ref?.replace(/@.*$/, '');
  const own = `${repository}/`;
  return path?.startsWith(own) === true ? path.slice(own.length) : path;
}

/** matches: 43210987654, which does not fit PostgreSQL's integer */
function largeId(value: string | undefined): number | undefined {
  return /^[1-9]\d{0,14}$/.test(value ?? '') ? Number(value) : undefined;
}

function branchOfRef(ref: string | undefined): string | undefined {
  return ref?.startsWith('refs/heads/') === true ? ref : undefined;
}

/** undefined for empty, `false`, and an unexpanded `$(Name)` of Azure. */
function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' || value === 'false' || /^\$\([\w.]+\)$/.test(value)
    ? undefined
    : value;
}

function isSet(value: string | undefined): boolean {
  return set(value) !== undefined && value !== '0';
}

/** matches: refs/heads/a, a; not: refs/tags/v1, refs/pull/1/merge (no branches) */
function branchName(ref: string | undefined, column: 'git_branch' | 'base_branch'): string | undefined {
  const name = set(ref)?.replace(/^refs\/heads\//, '');
  return name === undefined || name.startsWith('refs/') ? undefined : fitColumn(column, name);
}

/**
 * `owner/name` of a clone URL, never its credentials.
 * matches: git@host:o/n.git, https://user:token@host/o/n, ssh://git@host:22/group/sub/n.git; not: /srv/git/n
 */
export function repositoryOf(url: string | undefined): string | undefined {
  const match = /^(?:[a-z+]{2,10}:\/\/[^/]+\/|[^@/\s]+@[^:/\s]+:)([^?#\s]+)$/i.exec(url ?? '');
  return match?.[1]?.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
}

/** Two names of repositories that differ; false where one is not known. */
function isOther(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one.toLowerCase() !== other.toLowerCase();
}

/** `a` of `a...b` */
function rangeStart(range: string | undefined): string | undefined {
  return range?.split('...')[0];
}

function joined(first: string | undefined, second: string | undefined): string | undefined {
  return set(first) === undefined || set(second) === undefined ? undefined : `${first}/${second}`;
}

function id(value: string | undefined): string | undefined {
  return set(value) === undefined ? undefined : `#${value}`;
}

/** `2/5` for the second of five parallel jobs; undefined for a single one. */
function parallel(index: string | undefined, total: string | undefined, first: 0 | 1): string | undefined {
  if (!/^\d{1,6}$/.test(index ?? '') || total === '1') return undefined;
  const place = Number(index) + 1 - first;
  return /^\d{1,6}$/.test(total ?? '') ? `${place}/${total}` : `${place}`;
}

function lastNumber(text: string | undefined): string | undefined {
  return /(\d{1,10})\/?$/.exec(text ?? '')?.[1];
}
