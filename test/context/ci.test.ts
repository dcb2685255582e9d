// One realistic environment a CI system: what each tells, and that none can tell us nonsense.
import { describe, expect, it } from 'vitest';
import { type CiFacts, detectCi, type Env, repositoryOf } from '../../src/context/ci.ts';

const sha = `${'a'.repeat(39)}1`;
const merge = `${'b'.repeat(39)}2`;

interface Case {
  name: string;
  env: Env;
  facts: Partial<CiFacts>;
}

const cases: Case[] = [
  {
    name: 'GitLab, a branch',
    env: {
      CI: 'true',
      GITLAB_CI: 'true',
      CI_COMMIT_SHA: sha,
      CI_COMMIT_BRANCH: 'main',
      CI_COMMIT_REF_NAME: 'main',
      CI_COMMIT_MESSAGE: 'Fix it\n\nwell',
      CI_PROJECT_PATH: 'group/sub/shop',
      CI_PIPELINE_ID: '100200',
      CI_JOB_NAME: 'test 2/3',
      CI_JOB_ID: '777',
      CI_NODE_INDEX: '2',
      CI_NODE_TOTAL: '3',
    },
    facts: {
      system: 'gitlab_ci',
      sha,
      branch: 'main',
      commitMessage: 'Fix it\n\nwell',
      repository: 'group/sub/shop',
      workflowRunId: '100200',
      job: 'test 2/3 #777',
      jobName: 'test',
      pullRequest: undefined,
      baseBranch: undefined,
    },
  },
  {
    name: 'GitLab, a merged results pipeline',
    env: {
      CI: 'true',
      GITLAB_CI: 'true',
      CI_COMMIT_SHA: merge,
      CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: sha,
      CI_COMMIT_REF_NAME: 'feature',
      CI_COMMIT_MESSAGE: 'Merge a into b',
      CI_MERGE_REQUEST_IID: '12',
      CI_MERGE_REQUEST_ID: '998877',
      CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'feature',
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
      CI_PROJECT_PATH: 'g/shop',
      CI_PIPELINE_ID: '1',
      CI_JOB_NAME: 'test',
      CI_JOB_ID: '5',
      CI_NODE_TOTAL: '1',
    },
    facts: {
      system: 'gitlab_ci',
      sha,
      mergeSha: merge,
      branch: 'feature',
      baseBranch: 'main',
      pullRequest: 12,
      commitMessage: undefined,
      job: 'test #5',
      jobName: 'test',
    },
  },
  {
    name: 'GitLab, a job of a matrix for a fork whose branch is called like the base',
    env: {
      GITLAB_CI: 'true',
      CI_COMMIT_SHA: sha,
      CI_MERGE_REQUEST_IID: '12',
      CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'main',
      CI_MERGE_REQUEST_SOURCE_PROJECT_PATH: 'octo/tools/shop',
      CI_PROJECT_PATH: 'g/shop',
      CI_JOB_NAME: 'test: [3.13, unit]',
      CI_JOB_ID: '6',
    },
    facts: { branch: 'octo/tools:main', job: 'test: [3.13, unit] #6', jobName: 'test: [3.13, unit]' },
  },
  {
    name: 'Jenkins, a change from a fork in a multibranch job',
    env: {
      JENKINS_URL: 'https://ci.example/',
      JOB_NAME: 'shop/PR-7',
      BRANCH_NAME: 'PR-7',
      BUILD_NUMBER: '3',
      STAGE_NAME: 'Unit',
      CHANGE_ID: '7',
      CHANGE_FORK: 'octo',
      CHANGE_BRANCH: 'main',
    },
    facts: { branch: 'octo:main', job: 'shop/PR-7 Unit', jobName: 'Unit' },
  },
  {
    name: 'GitLab, a merge request pipeline on the head, with the head variable empty',
    env: {
      GITLAB_CI: 'true',
      CI_COMMIT_SHA: sha,
      CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: '',
      CI_MERGE_REQUEST_IID: '12',
    },
    facts: { sha, pullRequest: 12 },
  },
  {
    name: 'CircleCI, the second of four nodes',
    env: {
      CI: 'true',
      CIRCLECI: 'true',
      CIRCLE_SHA1: sha,
      CIRCLE_BRANCH: 'feature/x',
      CIRCLE_PROJECT_USERNAME: 'acme',
      CIRCLE_PROJECT_REPONAME: 'shop',
      CIRCLE_WORKFLOW_ID: '6a9c2d9e-0000-4000-8000-000000000000',
      CIRCLE_JOB: 'test',
      CIRCLE_BUILD_NUM: '321',
      CIRCLE_NODE_INDEX: '1',
      CIRCLE_NODE_TOTAL: '4',
      CIRCLE_PULL_REQUEST: 'https://github.com/acme/shop/pull/42',
    },
    facts: {
      system: 'circleci',
      sha,
      branch: 'feature/x',
      repository: 'acme/shop',
      job: 'test 2/4 #321',
      workflowRunId: '6a9c2d9e-0000-4000-8000-000000000000',
      pullRequest: 42,
    },
  },
  {
    name: "CircleCI, a fork's pull request",
    env: {
      CIRCLECI: 'true',
      CIRCLE_SHA1: sha,
      CIRCLE_BRANCH: 'pull/42',
      CIRCLE_NODE_TOTAL: '1',
      CIRCLE_NODE_INDEX: '0',
      CIRCLE_JOB: 't',
    },
    facts: { branch: undefined, pullRequest: 42, job: 't' },
  },
  {
    name: 'Buildkite, a repeated parallel job of a pull request',
    env: {
      CI: 'true',
      BUILDKITE: 'true',
      BUILDKITE_COMMIT: sha,
      BUILDKITE_BRANCH: 'feature',
      BUILDKITE_MESSAGE: 'Try',
      BUILDKITE_PULL_REQUEST: '42',
      BUILDKITE_PULL_REQUEST_BASE_BRANCH: 'main',
      BUILDKITE_REPO: 'git@github.com:acme/shop.git',
      BUILDKITE_BUILD_ID: '0190-b',
      BUILDKITE_JOB_ID: '0190-j',
      BUILDKITE_LABEL: ':pytest: tests',
      BUILDKITE_STEP_KEY: '',
      BUILDKITE_PARALLEL_JOB: '0',
      BUILDKITE_PARALLEL_JOB_COUNT: '8',
      BUILDKITE_RETRY_COUNT: '1',
      BUILDKITE_TAG: '',
    },
    facts: {
      system: 'buildkite',
      sha,
      branch: 'feature',
      commitMessage: 'Try',
      baseBranch: 'main',
      repository: 'acme/shop',
      workflowRunId: '0190-b',
      runAttempt: 2,
      job: ':pytest: tests 1/8 #0190-j',
      pullRequest: 42,
    },
  },
  {
    name: 'Buildkite, a build by hand before the commit is known',
    env: {
      BUILDKITE: 'true',
      BUILDKITE_COMMIT: 'HEAD',
      BUILDKITE_BRANCH: 'main',
      BUILDKITE_PULL_REQUEST: 'false',
      BUILDKITE_PULL_REQUEST_BASE_BRANCH: '',
    },
    facts: { sha: undefined, branch: 'main', pullRequest: undefined, baseBranch: undefined },
  },
  {
    name: 'Azure Pipelines, a pull request from GitHub',
    env: {
      TF_BUILD: 'True',
      BUILD_SOURCEVERSION: merge,
      BUILD_SOURCEBRANCH: 'refs/pull/42/merge',
      BUILD_REPOSITORY_NAME: 'acme/shop',
      BUILD_SOURCEVERSIONMESSAGE: 'Merge 1 into 2',
      BUILD_BUILDID: '5001',
      SYSTEM_JOBATTEMPT: '3',
      SYSTEM_JOBNAME: 'py312',
      SYSTEM_JOBID: '12f1170f-54f2-53f3-20dd-22fc7dff55f9',
      SYSTEM_JOBPOSITIONINPHASE: '2',
      SYSTEM_TOTALJOBSINPHASE: '4',
      SYSTEM_PULLREQUEST_PULLREQUESTID: '990011',
      SYSTEM_PULLREQUEST_PULLREQUESTNUMBER: '42',
      SYSTEM_PULLREQUEST_SOURCEBRANCH: 'feature',
      SYSTEM_PULLREQUEST_TARGETBRANCH: 'refs/heads/main',
      SYSTEM_PULLREQUEST_SOURCECOMMITID: sha,
    },
    facts: {
      system: 'azure_pipelines',
      sha,
      mergeSha: merge,
      branch: 'feature',
      baseBranch: 'main',
      repository: 'acme/shop',
      workflowRunId: '5001',
      runAttempt: 3,
      job: 'py312 2/4 #12f1170f-54f2-53f3-20dd-22fc7dff55f9',
      pullRequest: 42,
      commitMessage: undefined,
    },
  },
  {
    name: 'Azure Pipelines, a branch, with macros that were never expanded',
    env: {
      TF_BUILD: 'True',
      BUILD_SOURCEVERSION: sha,
      BUILD_SOURCEBRANCH: 'refs/heads/release/1.0',
      BUILD_REPOSITORY_NAME: 'shop',
      SYSTEM_TEAMPROJECT: 'Acme',
      SYSTEM_PULLREQUEST_PULLREQUESTNUMBER: '$(System.PullRequest.PullRequestNumber)',
      SYSTEM_PULLREQUEST_SOURCECOMMITID: '$(System.PullRequest.SourceCommitId)',
    },
    facts: { sha, branch: 'release/1.0', repository: 'Acme/shop', pullRequest: undefined },
  },
  {
    name: 'Bitbucket, a pull request',
    env: {
      CI: 'true',
      BITBUCKET_BUILD_NUMBER: '9',
      BITBUCKET_COMMIT: sha,
      BITBUCKET_BRANCH: 'feature',
      BITBUCKET_PR_ID: '42',
      BITBUCKET_PR_DESTINATION_BRANCH: 'main',
      BITBUCKET_REPO_FULL_NAME: 'acme/shop',
      BITBUCKET_PIPELINE_UUID: '{p-1}',
      BITBUCKET_STEP_UUID: '{s-1}',
      BITBUCKET_PARALLEL_STEP: '0',
      BITBUCKET_PARALLEL_STEP_COUNT: '2',
    },
    facts: {
      system: 'bitbucket',
      sha,
      branch: 'feature',
      baseBranch: 'main',
      repository: 'acme/shop',
      workflowRunId: '{p-1}',
      job: '{s-1} 1/2',
      pullRequest: 42,
      mergesLocally: true,
    },
  },
  {
    name: 'Jenkins, a multibranch pull request whose clone URL holds a token',
    env: {
      JENKINS_URL: 'https://ci.example.com/',
      GIT_COMMIT: sha,
      BRANCH_NAME: 'PR-42',
      CHANGE_ID: '42',
      CHANGE_BRANCH: 'feature',
      CHANGE_TARGET: 'main',
      JOB_NAME: 'shop/PR-42',
      BUILD_NUMBER: '7',
      BUILD_TAG: 'jenkins-shop-PR-42-7',
      STAGE_NAME: 'test',
      GIT_URL: 'https://bot:s3cret@github.com/acme/shop.git',
    },
    facts: {
      system: 'jenkins',
      sha,
      branch: 'feature',
      baseBranch: 'main',
      repository: 'acme/shop',
      job: 'shop/PR-42 test',
      workflowRunId: 'jenkins-shop-PR-42-7',
      pullRequest: 42,
      mergesLocally: true,
    },
  },
  {
    name: 'Jenkins, a plain job',
    env: { JENKINS_URL: 'x', GIT_COMMIT: sha, GIT_BRANCH: 'origin/feature/x', BUILD_TAG: 'jenkins-shop-7' },
    facts: { branch: 'feature/x', pullRequest: undefined, mergesLocally: false },
  },
  {
    name: 'Travis, a pull request',
    env: {
      CI: 'true',
      TRAVIS: 'true',
      TRAVIS_COMMIT: merge,
      TRAVIS_PULL_REQUEST: '42',
      TRAVIS_PULL_REQUEST_SHA: sha,
      TRAVIS_PULL_REQUEST_BRANCH: 'feature',
      TRAVIS_BRANCH: 'main',
      TRAVIS_REPO_SLUG: 'acme/shop',
      TRAVIS_BUILD_ID: '1',
      TRAVIS_JOB_ID: '2',
      TRAVIS_JOB_NAME: 'py312',
    },
    facts: {
      system: 'travis_ci',
      sha,
      mergeSha: merge,
      branch: 'feature',
      baseBranch: 'main',
      pullRequest: 42,
      job: 'py312 #2',
    },
  },
  {
    name: 'Travis, a push',
    env: {
      TRAVIS: 'true',
      TRAVIS_COMMIT: sha,
      TRAVIS_PULL_REQUEST: 'false',
      TRAVIS_BRANCH: 'main',
      TRAVIS_COMMIT_MESSAGE: 'Hi',
    },
    facts: { sha, branch: 'main', baseBranch: undefined, pullRequest: undefined, commitMessage: 'Hi' },
  },
  {
    name: 'AppVeyor',
    env: {
      APPVEYOR: 'True',
      APPVEYOR_REPO_COMMIT: sha,
      APPVEYOR_REPO_BRANCH: 'main',
      APPVEYOR_REPO_NAME: 'acme/shop',
      APPVEYOR_JOB_ID: 'j',
    },
    facts: {
      system: 'appveyor',
      sha,
      branch: 'main',
      repository: 'acme/shop',
      job: '#j',
      baseBranch: undefined,
    },
  },
  {
    name: 'Woodpecker',
    env: {
      CI: 'woodpecker',
      CI_COMMIT_SHA: sha,
      CI_COMMIT_BRANCH: 'main',
      CI_COMMIT_SOURCE_BRANCH: 'feature',
      CI_COMMIT_TARGET_BRANCH: 'main',
      CI_COMMIT_PULL_REQUEST: '42',
      CI_REPO: 'acme/shop',
      CI_PIPELINE_NUMBER: '8',
      CI_WORKFLOW_NAME: 'test',
      CI_STEP_NAME: 'pytest',
    },
    facts: {
      system: 'woodpecker',
      sha,
      branch: 'feature',
      baseBranch: 'main',
      pullRequest: 42,
      job: 'test pytest',
      workflowRunId: '8',
    },
  },
  {
    name: 'Drone',
    env: {
      CI: 'true',
      DRONE: 'true',
      DRONE_COMMIT_SHA: sha,
      DRONE_BRANCH: 'main',
      DRONE_REPO: 'acme/shop',
      DRONE_BUILD_NUMBER: '8',
      DRONE_STAGE_NAME: 'a',
    },
    facts: { system: 'drone', sha, branch: 'main', repository: 'acme/shop', job: 'a' },
  },
  {
    name: 'Semaphore',
    env: {
      CI: 'true',
      SEMAPHORE: 'true',
      SEMAPHORE_GIT_SHA: sha,
      SEMAPHORE_GIT_BRANCH: 'main',
      SEMAPHORE_JOB_NAME: 'a',
      SEMAPHORE_JOB_INDEX: '2',
      SEMAPHORE_JOB_COUNT: '3',
    },
    facts: { system: 'semaphore', sha, branch: 'main', job: 'a 2/3' },
  },
  {
    name: 'AWS CodeBuild',
    env: {
      CODEBUILD_BUILD_ID: 'shop:1-2',
      CODEBUILD_RESOLVED_SOURCE_VERSION: sha,
      CODEBUILD_WEBHOOK_HEAD_REF: 'refs/heads/feature',
      CODEBUILD_WEBHOOK_BASE_REF: 'refs/heads/main',
      CODEBUILD_SOURCE_REPO_URL: 'https://github.com/acme/shop.git',
      CODEBUILD_WEBHOOK_TRIGGER: 'pr/42',
    },
    facts: {
      system: 'aws_codebuild',
      sha,
      branch: 'feature',
      baseBranch: 'main',
      repository: 'acme/shop',
      pullRequest: 42,
    },
  },
  {
    name: 'Cirrus',
    env: {
      CI: 'true',
      CIRRUS_CI: 'true',
      CIRRUS_CHANGE_IN_REPO: sha,
      CIRRUS_BRANCH: 'pull/42',
      CIRRUS_PR: '42',
      CIRRUS_BASE_BRANCH: 'main',
    },
    facts: { system: 'cirrus_ci', sha, branch: undefined, baseBranch: 'main', pullRequest: 42 },
  },
  {
    name: 'Bitrise',
    env: {
      CI: 'true',
      BITRISE_IO: 'true',
      BITRISE_GIT_COMMIT: sha,
      BITRISE_GIT_BRANCH: 'main',
      GIT_REPOSITORY_URL: 'git@gitlab.com:g/s/shop.git',
    },
    facts: { system: 'bitrise', sha, branch: 'main', repository: 'g/s/shop' },
  },
  {
    name: 'Codefresh',
    env: {
      CF_BUILD_ID: '1',
      CF_REVISION: sha,
      CF_BRANCH: 'main',
      CF_REPO_OWNER: 'acme',
      CF_REPO_NAME: 'shop',
    },
    facts: { system: 'codefresh', sha, branch: 'main', repository: 'acme/shop' },
  },
  {
    name: 'TeamCity',
    env: {
      TEAMCITY_VERSION: '2025.1',
      BUILD_VCS_NUMBER: sha,
      BUILD_NUMBER: '17',
      TEAMCITY_BUILDCONF_NAME: 'Tests',
    },
    facts: { system: 'teamcity', sha, workflowRunId: '17', job: 'Tests' },
  },
  { name: 'an unknown CI', env: { CI: 'true', SOMETHING: 'x' }, facts: { system: 'ci' } },
  { name: 'nothing', env: { PATH: '/bin' }, facts: { system: 'local' } },
  { name: 'a CI switched off', env: { CI: 'false' }, facts: { system: 'local' } },
];

for (const { name, env, facts } of cases) {
  it(`knows ${name}`, () => {
    expect(detectCi(env, {})).toMatchObject(facts);
  });
}

it("takes Gitea's and Forgejo's runners for what they are although they call themselves GitHub", () => {
  const github = { GITHUB_ACTIONS: 'true', GITHUB_SHA: sha, GITHUB_REF: 'refs/heads/main' };
  expect(detectCi({ ...github, GITEA_ACTIONS: 'true' }, {})).toMatchObject({
    system: 'gitea_actions',
    sha,
    branch: 'main',
  });
  expect(detectCi({ ...github, GITEA_ACTIONS: 'true', FORGEJO_ACTIONS: 'true' }, {}).system).toBe(
    'forgejo_actions',
  );
});

describe('hostile values', () => {
  const facts = (env: Env): CiFacts => detectCi({ GITLAB_CI: 'true', ...env }, {});

  it('lose their control characters', () => {
    expect(facts({ CI_COMMIT_BRANCH: 'a\x1b[31m\r\nb\x00\x9b' }).branch).toBe('a[31mb');
    expect(facts({ CI_COMMIT_MESSAGE: 'one\r\ntwo\tthree\x1b[2J' }).commitMessage).toBe('one\ntwo\tthree[2J');
  });

  it('are cut to their columns, and two long ones stay two', () => {
    const one = facts({ CI_JOB_NAME: `${'😀'.repeat(400)}1` }).job ?? '';
    const two = facts({ CI_JOB_NAME: `${'😀'.repeat(400)}2` }).job ?? '';
    expect(Array.from(one)).toHaveLength(255);
    expect(one).not.toBe(two);
    expect(Array.from(facts({ CI_COMMIT_MESSAGE: 'x'.repeat(1e6) }).commitMessage ?? '')).toHaveLength(
      10_000,
    );
  });

  it('are dropped where they are no commit or number', () => {
    for (const bad of ['HEAD', '0'.repeat(40), 'g'.repeat(40), 'abc1234', '--help', `${sha}\n--exec`]) {
      expect(facts({ CI_COMMIT_SHA: bad }).sha).toBeUndefined();
    }
    for (const bad of ['0', '-1', '1.5', '1e3', '99999999999', 'NaN', '']) {
      expect(facts({ CI_MERGE_REQUEST_IID: bad }).pullRequest).toBeUndefined();
    }
  });

  it('keep no half of a character', () => {
    expect(facts({ CI_COMMIT_BRANCH: 'a\ud800b' }).branch).toBe('a\ufffdb');
  });
});

describe('a clone URL', () => {
  const urls: [string | undefined, string | undefined][] = [
    ['git@github.com:acme/shop.git', 'acme/shop'],
    ['https://github.com/acme/shop', 'acme/shop'],
    ['https://user:token@gitlab.com/group/sub/shop.git', 'group/sub/shop'],
    ['ssh://git@host:2222/acme/shop.git', 'acme/shop'],
    ['https://host/acme/shop.git?token=secret', undefined],
    ['/srv/git/shop.git', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [url, repository] of urls) {
    it(`${url} is the repository ${repository}`, () => expect(repositoryOf(url)).toBe(repository));
  }
});
