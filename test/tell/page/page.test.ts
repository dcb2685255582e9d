// The page without a browser: the grid's cells, addresses, and what stands in the markup.
import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/model.ts';
import { addressOfPath, isCommit } from '../../../src/tell/page/addresses.ts';
import type { PageData } from '../../../src/tell/page/data.ts';
import { Grid } from '../../../src/tell/page/grid.ts';
import { linksOf } from '../../../src/tell/page/links.ts';
import { rangesOf, renderPage } from '../../../src/tell/page/page.ts';
import { hostileFacts } from '../../support/hostile-page.ts';
import { largeFacts } from '../../support/large-page.ts';
import { Random } from '../../support/random.ts';
import { makeFailureHistory } from '../../support/runs.ts';

const about = { madeAt: new Date('2026-11-27T12:00:00Z'), program: '0.1.0', team: 'acme' };

function packed(html: string, id: string): Buffer {
  const text = new RegExp(`id="${id}">([A-Za-z0-9+/=]*)</script>`).exec(html)?.[1] ?? '';
  return inflateRawSync(Buffer.from(text, 'base64'));
}

describe('the grid', () => {
  it('keeps each cell as it was set, whatever stands beside it', () => {
    const random = new Random(1);
    const outcomes: readonly Outcome[] = ['passed', 'failed', 'error', 'skipped', 'xfailed', 'xpassed'];
    const grid = new Grid(7);
    const expected = new Map<string, string>();
    for (let n = 0; n < 200; n++) {
      const test = grid.place(`t${random.between(0, 30)}`, random.between(0, 1));
      const run = random.between(0, 6);
      const key = `${test} ${run}`;
      if (expected.has(key)) continue;
      const outcome = random.pick(outcomes);
      const attempts = random.between(0, 1);
      grid.set(test, run, outcome, attempts);
      const isAgain = attempts > 0 && (outcome === 'passed' || outcome === 'xpassed');
      expected.set(key, isAgain ? 'again' : outcome);
    }
    for (let test = 0; test < grid.tests.length; test++)
      for (let run = 0; run < 7; run++)
        expect([test, run, grid.get(test, run)]).toEqual([
          test,
          run,
          expected.get(`${test} ${run}`) ?? 'absent',
        ]);
    const [sum] = [grid.counts(0).reduce((all, n) => all + n, 0)];
    expect(sum).toBe(7);
  });

  it('lets a failure stand for two results of one test in one run, in either order', () => {
    const grid = new Grid(2);
    const test = grid.place('t', 0);
    grid.set(test, 0, 'failed');
    grid.set(test, 0, 'passed');
    grid.set(test, 1, 'passed');
    grid.set(test, 1, 'error');
    expect([grid.get(test, 0), grid.get(test, 1)]).toEqual(['failed', 'error']);
  });
});

describe('addresses', () => {
  it.each([
    ['acme/shop', 'github.com', ['github_actions'], 'https://github.com/acme/shop/commit/'],
    ['acme/shop', 'gitlab.com', ['gitlab_ci', 'local'], 'https://gitlab.com/acme/shop/-/commit/'],
    ['group/sub/shop', 'git.example.com', ['gitlab_ci'], 'https://git.example.com/group/sub/shop/-/commit/'],
    ['acme/shop', 'github.example.com', ['github_actions'], 'https://github.example.com/acme/shop/commit/'],
    ['acme/shop', 'codeberg.org', ['local'], 'https://codeberg.org/acme/shop/commit/'],
    ['acme/shop', 'git.example.com', ['jenkins'], undefined],
    ['acme/shop', 'git.example.com', ['github_actions', 'gitlab_ci'], undefined],
    ['acme/shop', undefined, ['github_actions'], undefined],
    [undefined, 'github.com', ['github_actions'], undefined],
    ['shop', 'github.com', ['github_actions'], undefined],
    ['acme/../..', 'github.com', ['github_actions'], undefined],
    ['acme/shop?x=1', 'github.com', ['github_actions'], undefined],
    ['acme/shop', 'github.com/evil', ['github_actions'], undefined],
    ['acme/shop', 'github.com@evil.example', ['github_actions'], undefined],
    ['acme/shop', 'localhost', ['github_actions'], undefined],
  ])('of %s on %s, tested by %j, begin with %s', (repository, host, systems, begin) => {
    expect(linksOf(repository, host, new Set(systems))?.commit).toBe(begin);
  });

  it('lead to a CI run only where the forge itself ran it', () => {
    expect(linksOf('acme/shop', 'github.com', new Set(['github_actions', 'local']))?.run).toBe(
      'https://github.com/acme/shop/actions/runs/',
    );
    expect(linksOf('acme/shop', 'github.com', new Set(['circleci']))?.run).toBeUndefined();
    expect(linksOf('acme/shop', 'github.com', new Set(['github_actions', 'circleci']))?.run).toBeUndefined();
  });

  it.each([
    ['src/shop/cart.py', 'src/shop/cart.py'],
    ['src/a b/ü#?.py', 'src/a%20b/%C3%BC%23%3F.py'],
    ['../etc/passwd', undefined],
    ['src/../x.py', undefined],
    ['/etc/passwd', undefined],
    ['a//b', undefined],
    ['a\\b', undefined],
    ['a\nb', undefined],
    ['', undefined],
  ])('of the path %j are %s', (path, address) => {
    expect(addressOfPath(path)).toBe(address);
  });

  it('are made of whole commits alone', () => {
    expect(isCommit('a'.repeat(40))).toBe(true);
    for (const sha of ['a'.repeat(39), `${'a'.repeat(40)}/..`, 'main', undefined, `${'a'.repeat(40)}\n`])
      expect(isCommit(sha)).toBe(false);
  });
});

describe('ranges of lines', () => {
  it.each([
    [[], ''],
    [[3], '3'],
    [[4, 1, 2, 2, 7, 3], '1-4,7'],
    [[1, 3, 5], '1,3,5'],
  ])('%j are %j', (lines, text) => {
    expect(rangesOf(lines)).toBe(text);
  });
});

describe('the file', () => {
  const empty = renderPage(undefined, about).html;

  it('is under 300 KB without data', () => {
    expect(Buffer.byteLength(empty)).toBeLessThan(300_000);
  });

  it('allows itself nothing but its own script and style, by their hashes', () => {
    const csp = /Content-Security-Policy" content="([^"]*)"/.exec(empty)?.[1] ?? '';
    const hash = (text: string | undefined) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`;
    const scripts = [...empty.matchAll(/<script(?: [^>]*)?>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
    expect(scripts).toHaveLength(3);
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain(`script-src ${hash(scripts[2])};`);
    expect(csp).toContain(`style-src ${hash(/<style>([\s\S]*?)<\/style>/.exec(empty)?.[1])};`);
    expect(csp).not.toMatch(/unsafe|https?:|\*/);
    expect(empty).not.toMatch(/\b(?:src|href|style|on\w+)=(?!"(?:data:,)?")/);
  });

  it('carries the grid and the names as they are, and no word of the database in its markup', () => {
    const facts = largeFacts(20, 60);
    const hostile = '</script><script>alert(1)</script>';
    const test = facts.grid.place(hostile, 0);
    facts.grid.set(test, 3, 'failed');
    const { html, tests } = renderPage({ ...facts, repository: hostile }, about);
    expect(tests).toBe(61);
    expect(html).not.toContain('alert(1)');
    const data = JSON.parse(packed(html, 'data').toString()) as PageData;
    expect(data.repository).toBe(hostile);
    expect(data.links).toBeUndefined();
    let before = '';
    const names = data.tests.names.map((name, i) => {
      before = before.slice(0, data.tests.shared[i]) + name;
      return before;
    });
    expect([...names].sort()).toEqual(facts.grid.tests.map(({ testName }) => testName).sort());
    const cells = packed(html, 'cells');
    expect(cells).toHaveLength(61 * 10);
    const row = names.indexOf(hostile);
    expect((cells[row * 10 + 1] ?? 0) >> 4).toBe(2);
  });

  it('adds up what many fast tests take', () => {
    const facts = largeFacts(20, 60);
    for (let i = 0; i < facts.grid.tests.length; i++) {
      const test = facts.grid.tests[i];
      if (test !== undefined) [test.timed, test.seconds] = [20, 20 * 0.0004];
    }
    const { html } = renderPage(facts, about);
    const { mean, timed } = (JSON.parse(packed(html, 'data').toString()) as PageData).tests;
    const sum = mean.reduce((all, each, i) => all + each * (timed[i] ?? 0), 0);
    expect(sum).toBeCloseTo(facts.grid.tests.length * 20 * 0.4, 6);
  });

  it('says for an empty database what to do first', () => {
    const data = JSON.parse(packed(empty, 'data').toString()) as PageData;
    expect(data.runs).toEqual([]);
    expect(data.commands.first).toContain('lukhas upload');
  });

  it('says that there is no run in the time that was asked for, where there are older ones', () => {
    const facts = { ...largeFacts(0, 0), standings: [], flaky: [], window: { days: 3, most: 300, total: 0 } };
    const data = JSON.parse(packed(renderPage(facts, about).html, 'data').toString()) as PageData;
    expect([data.runs, data.total, data.days]).toEqual([[], 0, 3]);
  });

  it('tells a failure of several jobs since the first of them was red', () => {
    const [red] = hostileFacts(['t']).red;
    const [failure] = red?.failures ?? [];
    if (red === undefined || failure === undefined) throw new Error('no failure');
    const redSince = (jobName: string, firstRed: string, firstRedAt: number) => {
      const since = {
        lastGreen: 'a',
        firstRed,
        firstRedAt,
        untested: [],
        otherErrorSince: undefined,
        inARow: 3,
        culprits: undefined,
        isEstimated: false,
      };
      const verdict = makeFailureHistory({
        class: 'pre-existing',
        reason: { kind: 'red-there', sha: 'd', jobs: undefined, repairedBy: undefined },
        since,
      });
      return { ...red, jobName, failures: [{ ...failure, verdict }] };
    };
    const [early, late] = [redSince('x', 'b', 1000), redSince('y', 'c', 2000)];
    for (const runs of [
      [early, late],
      [late, early],
    ]) {
      const { html } = renderPage({ ...largeFacts(0, 0), flaky: [], red: runs }, about);
      const { failures } = JSON.parse(packed(html, 'data').toString()) as PageData;
      expect(failures.map(({ jobs, since, evidence }) => [jobs.length, since?.sha, evidence])).toEqual([
        [2, 'b', expect.stringContaining('since b')],
      ]);
    }
  });

  it('shows first the tests that failed most', () => {
    const facts = largeFacts(20, 60);
    const often = facts.grid.place('zz', 0);
    for (let run = 0; run < 20; run++) facts.grid.set(often, run, 'error');
    const { html } = renderPage({ ...facts, flaky: [] }, about);
    const data = JSON.parse(packed(html, 'data').toString()) as PageData;
    expect(data.tests.names[0]).toBe('zz');
  });
});
