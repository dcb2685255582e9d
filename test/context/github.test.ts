// GitHub Actions: what its variables and its event payload say together, and a payload that lies.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CiFacts, detectCi, type Env } from '../../src/context/ci.ts';
import { readGithubEvent } from '../../src/context/github-event.ts';
import type { Warning } from '../../src/model.ts';

const events = join(import.meta.dirname, '../../fixtures/events');
const head = '1'.repeat(40);
const merge = '3'.repeat(40);
const base: Env = {
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_RUN_ID: '555',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_JOB: 'tests',
  GITHUB_WORKFLOW: 'CI',
  GITHUB_SHA: merge,
};
const pullRequest: Env = {
  ...base,
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_REF: 'refs/pull/42/merge',
  GITHUB_REF_TYPE: 'branch',
  GITHUB_REF_NAME: '42/merge',
  GITHUB_HEAD_REF: 'feature/rounding',
  GITHUB_BASE_REF: 'main',
};

async function detect(env: Env, event?: string): Promise<CiFacts & { warnings: readonly Warning[] }> {
  const read = await readGithubEvent(event === undefined ? undefined : join(events, event));
  return { ...detectCi(env, read.event), warnings: read.warnings };
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the event', () => {
  it('of a push leaves the commit and branch of the environment', async () => {
    const env = {
      ...base,
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_TYPE: 'branch',
      GITHUB_REF_NAME: 'main',
    };
    expect(await detect(env, 'push.json')).toMatchObject({
      system: 'github_actions',
      sha: merge,
      branch: 'main',
      baseBranch: undefined,
      pullRequest: undefined,
      repository: 'acme/shop',
      workflowRunId: '555',
      runAttempt: 1,
      job: 'tests',
      jobName: 'CI / tests',
      warnings: [],
    });
  });

  it('of a tag has no branch', async () => {
    const env = {
      ...base,
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/tags/v1',
      GITHUB_REF_TYPE: 'tag',
      GITHUB_REF_NAME: 'v1',
    };
    expect((await detect(env, 'push.json')).branch).toBeUndefined();
  });

  it('of a pull request tells the head commit, which is not the merge commit of the environment', async () => {
    expect(await detect(pullRequest, 'pull-request.json')).toMatchObject({
      sha: head,
      mergeSha: merge,
      branch: 'octo:feature/rounding',
      baseBranch: 'main',
      pullRequest: 42,
      warnings: [],
    });
  });

  it('missing from a pull request leaves the merge commit, and branches and number from the environment', async () => {
    const got = await detect(pullRequest, 'none.json');
    expect(got).toMatchObject({
      sha: merge,
      branch: 'feature/rounding',
      baseBranch: 'main',
      pullRequest: 42,
    });
    expect(got.warnings).toMatchObject([
      { code: 'github-event-unreadable', message: expect.stringContaining('ENOENT') },
    ]);
  });

  it('of pull_request_target counts for the base branch, unless the head is checked out', async () => {
    const env = {
      ...base,
      GITHUB_EVENT_NAME: 'pull_request_target',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_TYPE: 'branch',
      GITHUB_BASE_REF: 'main',
    };
    expect(await detect(env, 'pull-request.json')).toMatchObject({
      sha: merge,
      branch: 'main',
      pullRequest: 42,
      ifCheckedOut: { sha: head, branch: 'octo:feature/rounding' },
    });
  });

  it('of a finished workflow belongs to that run and its commit', async () => {
    const env = {
      ...base,
      GITHUB_EVENT_NAME: 'workflow_run',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_TYPE: 'branch',
    };
    expect(await detect(env, 'workflow-run.json')).toMatchObject({
      sha: head,
      mergeSha: merge,
      branch: 'feature/rounding',
      baseBranch: 'main',
      pullRequest: 42,
      workflowRunId: '9876543210',
      runAttempt: 2,
    });
  });

  it("of a fork's finished workflow has no pull request", async () => {
    const env = {
      ...base,
      GITHUB_EVENT_NAME: 'workflow_run',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_TYPE: 'branch',
    };
    expect(await detect(env, 'workflow-run-of-fork.json')).toMatchObject({
      sha: head,
      pullRequest: undefined,
      baseBranch: undefined,
    });
  });

  it('of a merge queue has the queue branch and no pull request', async () => {
    const sha = '4'.repeat(40);
    const ref = `refs/heads/gh-readonly-queue/main/pr-42-${'2'.repeat(40)}`;
    const env = {
      ...base,
      GITHUB_SHA: sha,
      GITHUB_EVENT_NAME: 'merge_group',
      GITHUB_REF: ref,
      GITHUB_REF_TYPE: 'branch',
    };
    expect(await detect(env, 'merge-group.json')).toMatchObject({
      sha,
      branch: ref.slice('refs/heads/'.length),
      baseBranch: 'main',
      pullRequest: undefined,
    });
  });
});

describe('a hostile or broken event', () => {
  it('tells nothing that is no commit, number or name', async () => {
    const got = await detect(pullRequest, 'hostile.json');
    expect(got.sha).toBeUndefined();
    expect(got.branch).toBe('unknown:evil[31m::set-output name=x::y');
    expect(got).toMatchObject({ baseBranch: 'main', pullRequest: 42, warnings: [] });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  for (const [what, content] of [
    ['truncated', '{"pull_request": {'],
    ['empty', ''],
    ['a list', '[]'],
    ['not text', '\xff\xfe'],
  ] as const) {
    it(`that is ${what} costs a warning and nothing else`, async () => {
      const path = join(folder, 'event.json');
      writeFileSync(path, content, 'latin1');
      const { event, warnings } = await readGithubEvent(path);
      expect(event).toEqual({});
      expect(warnings).toMatchObject([{ code: 'github-event-unreadable', file: path }]);
    });
  }

  it('that is a folder or far too large is not read', async () => {
    expect((await readGithubEvent(folder)).warnings).toHaveLength(1);
    const path = join(folder, 'large.json');
    writeFileSync(path, Buffer.alloc(33 * 1024 * 1024, 0x20));
    expect((await readGithubEvent(path)).warnings[0]?.message).toContain('too large');
  });
});

describe('what tells uploads apart', () => {
  const step = {
    ...base,
    GITHUB_ACTION: 'tell',
    GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/ci.yml@refs/heads/a@b',
    'INPUT_CHECK-RUN-ID': '43210987654',
  };

  it("is the workflow's file, the step and the check run", () => {
    expect(detectCi({ ...step, GITHUB_EVENT_NAME: 'push' }, {})).toMatchObject({
      workflow: '.github/workflows/ci.yml',
      step: 'tell',
      checkRunId: 43_210_987_654,
    });
  });

  it.each(['', 'null', '0', '-1', '1.5', '9'.repeat(16)])('is no check run where it says %j', (given) => {
    expect(detectCi({ ...step, 'INPUT_CHECK-RUN-ID': given }, {}).checkRunId).toBeUndefined();
  });

  it('is, of a workflow_run, the file of the run that it tells of, and never a check run of its own', async () => {
    const env = { ...step, GITHUB_EVENT_NAME: 'workflow_run' };
    expect(await detect(env, 'workflow-run.json')).toMatchObject({ step: 'tell', checkRunId: undefined });
    const run = { id: 7, path: '.github/workflows/tests.yml@main' };
    expect(detectCi(env, { workflow_run: run })).toMatchObject({
      workflow: '.github/workflows/tests.yml',
      checkRunId: undefined,
    });
  });
});
