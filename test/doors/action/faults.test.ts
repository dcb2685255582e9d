// The bundled Action against a GitHub that fails: each fault with a server and a workspace of its own, side by side, because
// getting over a fault is mostly waiting.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fault, type GithubServer, startGithub } from '../../support/github-server.ts';
import { some } from '../../support/long.ts';
import { pullEnv, pullRequest, words, writeReportIn } from '../../support/pull-request.ts';
import { type ActionResult, runAction } from '../../support/runner.ts';

/** One failed test told on a pull request. */
async function runAgainst(
  fault: GithubServer['fault'],
  look: (result: ActionResult, github: GithubServer) => void,
): Promise<void> {
  const github = await startGithub();
  const cwd = mkdtempSync(join(tmpdir(), 'lukhas-action-'));
  try {
    github.fault = fault;
    writeReportIn(cwd, { test_a: 'failed' });
    const inputs = { reports: 'results.xml' };
    const result = await runAction({ cwd, event: pullRequest(), apiUrl: github.url, inputs, env: pullEnv });
    await github.idle();
    look(result, github);
  } finally {
    await github.close();
    rmSync(cwd, { recursive: true, force: true });
  }
}

describe("GitHub's faults", () => {
  const once = (fault: Fault, wanted: string): GithubServer['fault'] => {
    let left = 1;
    return (method) => (method === wanted && left-- > 0 ? fault : undefined);
  };

  const faults: { what: string; fault: Fault; method?: string }[] = [
    // First, because it takes the longest.
    { what: 'a slow answer past the deadline', fault: { delayMs: 18_000 } },
    { what: 'a slow answer', fault: { delayMs: 2000 } },
    { what: '500', fault: { status: 500 } },
    { what: '502 on reading', fault: { status: 502 }, method: 'GET' },
    { what: '429 with retry-after', fault: { status: 429, headers: { 'retry-after': '1' } } },
    { what: '403 of the secondary limit', fault: { status: 403, headers: { 'retry-after': '1' } } },
    { what: 'a cut line', fault: { cut: true } },
    { what: 'a lost reply', fault: { loseReply: true } },
  ];
  it.concurrent.each(some(faults, 4))('gets over $what: one comment', async ({ fault, method }) => {
    await runAgainst(once(fault, method ?? 'POST'), (result, github) => {
      expect(result.code).toBe(0);
      expect(words(result, 'warning')).toEqual([]);
      expect(github.comments).toHaveLength(1);
      expect(result.outputs['comment-url']).toContain('issuecomment');
    });
  });

  it.concurrent.each(some([401, 403, 404], 1))('%i is one warning, and the step is green', async (status) => {
    const refused = { status, body: { message: 'Resource not accessible by integration' } };
    await runAgainst(
      () => refused,
      (result, github) => {
        expect(result.code).toBe(0);
        expect(words(result, 'warning')).toHaveLength(1);
        expect(words(result, 'warning')[0]).toContain(String(status));
        expect(github.requests.length).toBeLessThanOrEqual(2);
      },
    );
  });
});
