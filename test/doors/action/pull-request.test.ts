// Which pull request an event is about, asked of the payloads that GitHub itself publishes as examples.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import examples from '@octokit/webhooks-examples';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGithubEvent } from '../../../src/context/github-event.ts';
import { planComment, planOther } from '../../../src/doors/action/pull-request.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-events-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const payloads = (examples as unknown as { name: string; examples: Record<string, unknown>[] }[]).flatMap(
  (event) => event.examples.map((payload, i) => ({ name: event.name, payload, i })),
);

async function plan(name: string, payload: unknown, repository?: string) {
  const path = join(home, 'event.json');
  writeFileSync(path, JSON.stringify(payload));
  const { event, warnings } = await readGithubEvent(path);
  const own = (payload as { repository?: { full_name?: string } }).repository?.full_name ?? '';
  const facts = {
    event,
    eventName: name,
    repository: repository ?? own,
    checkedOut: undefined,
    elsewhere: false,
  };
  return { plan: planComment(facts), warnings };
}

describe("GitHub's own examples", () => {
  it('are many', () => {
    expect(payloads.length).toBeGreaterThan(100);
    for (const name of ['pull_request', 'push', 'workflow_run', 'workflow_dispatch']) {
      expect(payloads.some((event) => event.name === name)).toBe(true);
    }
  });

  it('of pull_request name their pull request and its head', async () => {
    for (const { payload } of payloads.filter((event) => event.name === 'pull_request')) {
      const pull = payload.pull_request as {
        number: number;
        head: { sha: string; repo: { full_name: string } };
      };
      const own = await plan('pull_request', payload);
      expect(own.plan).toMatchObject({ number: pull.number, head: { headSha: pull.head.sha }, fork: false });
      expect(own.warnings).toEqual([]);
      const fork = await plan('pull_request', payload, 'somebody/else');
      expect(fork.plan?.fork).toBe(true);
    }
  });

  it('of workflow_run name a head to look for when a pull request started them, and never a number to believe', async () => {
    const runs = payloads.filter((event) => event.name === 'workflow_run');
    for (const { payload } of runs) {
      const run = payload.workflow_run as { event: string; head_sha: string };
      const { plan: found } = await plan('workflow_run', payload);
      if (run.event === 'pull_request')
        expect(found).toMatchObject({ number: undefined, head: { headSha: run.head_sha } });
      else expect(found).toBeUndefined();
      const started = { ...payload, workflow_run: { ...run, event: 'pull_request' } };
      expect((await plan('workflow_run', started)).plan?.number).toBeUndefined();
    }
  });

  it('of every other event name none, and are borne', async () => {
    for (const { name, payload } of payloads) {
      const { plan: found, warnings } = await plan(name, payload);
      expect(warnings, name).toEqual([]);
      if (!name.startsWith('pull_request') && name !== 'workflow_run') expect(found, name).toBeUndefined();
    }
  });
});

describe('trust', () => {
  const head = { sha: '1'.repeat(40), ref: 'fix', repo: { full_name: 'octo/shop' } };
  const base = { sha: '2'.repeat(40), ref: 'main' };

  it('takes a head whose repository is gone for a fork', async () => {
    const payload = { pull_request: { number: 1, head: { ...head, repo: null }, base } };
    expect((await plan('pull_request', payload, 'acme/shop')).plan?.fork).toBe(true);
  });

  it.each([
    { what: 'the head', checkedOut: head.sha, elsewhere: false, refused: true },
    { what: 'a merge of it', checkedOut: base.sha, elsewhere: true, refused: true },
    { what: 'the base', checkedOut: base.sha, elsewhere: false, refused: false },
  ])('pull_request_target with $what checked out: refused $refused', ({ checkedOut, elsewhere, refused }) => {
    const event = { pull_request: { number: 1, head, base } };
    const facts = { event, eventName: 'pull_request_target', repository: 'acme/shop', checkedOut, elsewhere };
    if (refused) expect(() => planComment(facts as never)).toThrow('pull_request_target');
    else expect(planComment(facts as never)?.number).toBe(1);
  });
});

describe('an event that is about no pull request', () => {
  const facts = {
    eventName: 'push',
    repository: 'acme/shop',
    checkedOut: 'a'.repeat(40),
    named: undefined,
    branch: 'feature',
    defaultBranch: 'main',
  };

  it('of a push looks for that of its branch and commit; a named one is looked up', () => {
    expect(planOther(facts)).toEqual({
      number: undefined,
      head: { headRepository: 'acme/shop', headBranch: 'feature', headSha: 'a'.repeat(40) },
      fork: false,
      origin: 'push',
    });
    expect(planOther({ ...facts, eventName: 'schedule', named: 12 })).toMatchObject({
      number: 12,
      origin: 'named',
      // Not known before it is looked up.
      fork: true,
    });
  });

  it.each([
    [{ branch: 'main' }, 'the default branch was pushed to, which is about no pull request'],
    [{ branch: undefined }, 'a tag was pushed, which is about no pull request'],
    [{ eventName: 'schedule' }, 'schedule is about no pull request; the input pull-request names one'],
    [{ eventName: 'x\n::error::y' }, 'this event is about no pull request; the input pull-request names one'],
    [{ checkedOut: undefined }, 'the commit that was tested is not known'],
  ])('says why there is no comment: %j', (part, why) => {
    expect(planOther({ ...facts, ...part })).toEqual({ why });
  });
});
