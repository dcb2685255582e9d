// When the run that made a report can have begun at the earliest, from real shapes of events and environments.
import { describe, expect, it } from 'vitest';
import { findBeginning } from '../../src/context/beginning.ts';
import type { GithubEvent } from '../../src/context/github-event.ts';

const at = '2026-11-20T10:00:00Z';
const head = { sha: 'a'.repeat(40), committedAt: new Date('2026-11-19T08:00:00Z') };
const find = (env: Record<string, string>, event: GithubEvent = {}, gitSha = head.sha) =>
  findBeginning(env, event, gitSha, head);

describe('the beginning of a run', () => {
  it.each<[string, GithubEvent]>([
    ['push', { repository: { pushed_at: Date.parse(at) / 1000 } }],
    ['pull_request', { pull_request: { updated_at: at }, repository: { pushed_at: '2026-11-21T10:00:00Z' } }],
    ['pull_request_target', { pull_request: { updated_at: '2026-11-20T12:00:00+02:00' } }],
    ['merge_group', { merge_group: { head_commit: { timestamp: '2026-11-20T03:00:00-07:00' } } }],
    ['workflow_run', { workflow_run: { created_at: at, run_attempt: 2 }, repository: { pushed_at: 2e9 } }],
  ])('is what GitHub wrote into the event %s', (name, event) => {
    const found = find({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name }, event);
    expect(found?.at.toISOString()).toBe('2026-11-20T10:00:00.000Z');
  });

  it.each<[string, GithubEvent]>([
    // Somebody dispatches an upload of what another run made; the run may be days after its event.
    ['workflow_dispatch', { repository: { pushed_at: at } }],
    ['repository_dispatch', { repository: { pushed_at: at } }],
    ['schedule', { repository: { pushed_at: at } }],
    ['push', {}],
    ['push', { repository: { pushed_at: 'yesterday' } }],
    ['push', { repository: { pushed_at: '2026-11-20T10:00:00' } }],
    ['push', { repository: { pushed_at: 1e300 } }],
    ['workflow_run', { repository: { pushed_at: at } }],
  ])('is not known of the event %s with %j', (name, event) => {
    expect(find({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name }, event)).toBeUndefined();
  });

  it('is when GitLab made the pipeline, where no other pipeline started it', () => {
    const gitlab = { GITLAB_CI: 'true', CI_PIPELINE_CREATED_AT: at };
    expect(find({ ...gitlab, CI_PIPELINE_SOURCE: 'push' })).toMatchObject({ at: new Date(at) });
    for (const source of ['parent_pipeline', 'pipeline'])
      expect(find({ ...gitlab, CI_PIPELINE_SOURCE: source })).toBeUndefined();
    expect(find({ GITLAB_CI: 'true' })).toBeUndefined();
  });

  it('is the commit elsewhere, where the run is stored for the commit that is checked out', () => {
    expect(find({})).toEqual({
      at: head.committedAt,
      what: 'the commit aaaaaaaaaaaa, which it is stored for',
    });
    expect(find({}, {}, 'b'.repeat(40))).toBeUndefined();
    expect(findBeginning({}, {}, undefined, undefined)).toBeUndefined();
  });
});
