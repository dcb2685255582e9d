// `lukhas report`: the page that it writes, in a real browser, beside plain SQL; and what it says where it can write none.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SignedResult } from '../../src/model.ts';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Database } from '../../src/store/database/port.ts';
import { saveRun } from '../../src/store/runs/save.ts';
import { grantUploads } from '../../src/store/schema/access.ts';
import { openEmbedded } from '../../src/store/schema/embedded.ts';
import { addTeam } from '../../src/store/schema/teams.ts';
import { renderPage } from '../../src/tell/page/page.ts';
import { safeLine, safeText } from '../../src/tell/safe.ts';
import { chromiumPath, openPage, startBrowser, type Watched, watchPage } from '../support/browser.ts';
import { createReadyDatabase, rowsOf, temporaryDir, uniqueRole } from '../support/databases.ts';
import { hostileFacts, hostileTexts } from '../support/hostile-page.ts';
import { runInProcess } from '../support/in-process.ts';
import { long, rounds } from '../support/long.ts';
import { hourMs, shopTests, storeShopHistory } from '../support/page-history.ts';
import { emptyContext, makeFailure, makeOptions, makeResult, makeUpload, sourceOf } from '../support/runs.ts';
import { rowsIn } from '../support/sql.ts';
import { copyEmbedded } from '../support/templates.ts';

const testInBrowser = test.skipIf(chromiumPath === undefined);
const commits = 12;
const tests = 60;

let dir: string;
let browser: Browser | undefined;
let watched: Watched;

beforeAll(async () => {
  dir = await temporaryDir();
  if (chromiumPath === undefined) return;
  browser = await startBrowser();
  watched = await watchPage(browser);
});
afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

const textOf = (page: Page, selector: string) =>
  page.locator(selector).evaluateAll((all) => all.map((element) => element.textContent ?? ''));

const places = ['PostgreSQL 15', 'the embedded database'] as const;

describe.each(places.filter((place) => long || place === 'PostgreSQL 15'))('on %s', (place) => {
  let env: Record<string, string>;
  let nobody: Record<string, string> = {};
  let look: (sql: string) => Promise<Record<string, unknown>[]>;
  let remove = async () => {};
  let file: string;

  const lukhas = (...args: string[]) =>
    runInProcess('lukhas', args, { env: { NO_COLOR: '1', ...env }, cwd: dir });

  beforeAll(async () => {
    const history = { commits, tests, until: new Date(Date.now() - 2 * hourMs) };
    file = path.join(dir, `${place}.html`);
    if (place === 'PostgreSQL 15') {
      const ready = await createReadyDatabase();
      env = { DATABASE_URL: ready.uploadUrl };
      look = (sql) => rowsOf(ready.adminUrl, sql);
      remove = ready.drop;
      const admin = await openPostgres(ready.adminUrl);
      await addTeam(admin, { slug: 'rival' });
      const grant = await grantUploads(admin, {
        teamSlug: 'rival',
        role: uniqueRole(),
        adminUrl: ready.adminUrl,
      });
      nobody = { DATABASE_URL: grant.databaseUrl };
      await admin.close();
      const db = await openPostgres(ready.uploadUrl);
      await storeShopHistory(async () => ({ ...db, close: async () => {} }), history);
      await db.close();
      return;
    }
    const data = path.join(dir, 'data');
    await copyEmbedded(data);
    env = { LUKHAS_DATA_DIR: data };
    const work = async <T>(use: (db: Database) => Promise<T>): Promise<T> => {
      const db = await openEmbedded(data);
      try {
        return await use(db);
      } finally {
        await db.close();
      }
    };
    look = (sql) => work((db) => rowsIn(db, sql));
    await work((db) => storeShopHistory(async () => ({ ...db, close: async () => {} }), history));
  });
  afterAll(() => remove());

  test('it writes one file, and says where and how large', async () => {
    const { code, stdout, stderr } = await lukhas('report', '--out', file);
    expect([code, stderr]).toEqual([0, '']);
    const [{ runs } = { runs: 0 }] = (await look('SELECT count(*)::int AS runs FROM test_runs')) as {
      runs: number;
    }[];
    expect(stdout).toContain(`✓ ${file}  ${runs} runs, ${tests} tests,`);
    expect((await stat(file)).size).toBeLessThan(300_000);
  });

  testInBrowser('it shows what plain SQL says, without a message, a request or a fault', async () => {
    await openPage(watched, file);
    const { page } = watched;
    // The base's state, by the last run of each job.
    const last = (await look(
      `SELECT DISTINCT ON (job_name) job_name, failed, git_sha FROM test_runs WHERE git_branch = 'main' ORDER BY job_name, created_at DESC`,
    )) as { job_name: string; failed: number; git_sha: string }[];
    expect(last.every(({ failed }) => failed > 0)).toBe(true);
    expect(await textOf(page, '.standing h2')).toEqual(['main is red']);
    expect((await textOf(page, '.jobs li')).sort()).toEqual(
      last
        .sort((a, b) => a.failed - b.failed)
        .map(({ job_name, failed, git_sha }) =>
          expect.stringMatching(new RegExp(`^${failed} failed ${literal(job_name)} ${git_sha.slice(0, 8)} `)),
        ),
    );
    // The break, since its first commit; the test's other failures are chance.
    const broken = shopTests(tests)[0]?.name ?? '';
    const [since] = (await look(
      `SELECT r.git_sha FROM test_results t JOIN test_runs r ON r.id = t.test_run_id
       WHERE r.git_branch = 'main' AND t.test_name = '${broken}' AND t.outcome = 'failed'
         AND t.created_at > (SELECT max(created_at) FROM test_results WHERE test_name = '${broken}' AND outcome = 'passed' AND test_run_id IN (SELECT id FROM test_runs WHERE git_branch = 'main'))
       ORDER BY t.created_at LIMIT 1`,
    )) as { git_sha: string }[];
    expect((await textOf(page, '.standing .lead')).join('')).toMatch(
      new RegExp(`^1 test fails since .* ago\\), ${since?.git_sha.slice(0, 8)}\\.`),
    );
    // The grid: as many tests and runs, and the cells.
    const [counts] = (await look(
      `SELECT count(DISTINCT t.test_name)::int AS tests, count(DISTINCT r.id)::int AS runs FROM test_results t
       JOIN test_runs r ON r.id = t.test_run_id WHERE r.git_branch = 'main'`,
    )) as { tests: number; runs: number }[];
    expect(await textOf(page, '#grid .bar .dim')).toEqual([`${counts?.tests} tests, ${counts?.runs} runs`]);
    const rows = (await look(
      `SELECT t.outcome FROM test_results t JOIN test_runs r ON r.id = t.test_run_id
       WHERE r.git_branch = 'main' AND t.test_name = '${broken}' ORDER BY r.created_at DESC`,
    )) as { outcome: string }[];
    await page.locator('.grid').focus();
    await page.keyboard.press('ArrowDown');
    const told: string[] = [];
    for (const _ of rows) {
      told.push((await textOf(page, '#cell strong')).join());
      await page.keyboard.press('ArrowLeft');
    }
    expect((await textOf(page, '#cell .mono'))[0]).toBe(broken);
    expect(told).toEqual(rows.map(({ outcome }) => outcome));
    // Time spent, of all branches.
    const slow = (await look(
      `SELECT test_name, sum(duration_seconds)::float8 AS seconds, max(duration_seconds)::float8 AS slowest FROM test_results
       WHERE outcome <> 'skipped' GROUP BY test_name ORDER BY 2 DESC LIMIT 1`,
    )) as { test_name: string; seconds: number; slowest: number }[];
    const [name, spent, , , slowest] = await textOf(page, '#slow tbody tr:first-child td');
    expect(name).toBe(slow[0]?.test_name);
    expect(Number.parseFloat(spent ?? '')).toBeCloseTo(slow[0]?.seconds ?? 0, 0);
    expect(Number.parseFloat(slowest ?? '')).toBeCloseTo(slow[0]?.slowest ?? 0, 1);
    // Coverage of the newest run of main that has some.
    const [coverage] = (await look(
      `SELECT sum(missing_statements)::int AS missing, count(*)::int AS files FROM coverage_data
       WHERE test_run_id = (SELECT test_run_id FROM coverage_data ORDER BY created_at DESC LIMIT 1)`,
    )) as { missing: number; files: number }[];
    expect(await textOf(page, '#coverage .file')).toHaveLength(coverage?.files ?? -1);
    expect((await textOf(page, '#coverage summary .dim'))[0]).toBe(`${coverage?.missing} missing`);
    expect(watched.misdeeds).toEqual([]);
  });

  testInBrowser('searching leaves what has the words, everywhere', async () => {
    await openPage(watched, file);
    const { page } = watched;
    const [all] = await textOf(page, '#grid .bar .dim');
    await page.keyboard.press('/');
    await page.keyboard.type('TEST_WEBHOOKS');
    await expect.poll(() => textOf(page, '#grid .bar .dim')).not.toEqual([all]);
    const shown = shopTests(tests).filter(({ name }) => name.includes('test_webhooks')).length;
    expect((await textOf(page, '#grid .bar .dim'))[0]).toMatch(new RegExp(`^${shown} tests, `));
    for (const name of await textOf(page, '#slow tbody td.name, #failing .name, #flaky td.name'))
      expect(name).toContain('test_webhooks');
    await page.keyboard.press('Escape');
    await expect.poll(() => textOf(page, '#grid .bar .dim')).toEqual([all]);
    expect(watched.misdeeds).toEqual([]);
  });

  testInBrowser('an open failure has its traceback, and commands exactly as they are to be run', async () => {
    await openPage(watched, file);
    const { page } = watched;
    await page.locator('#failing summary').first().click();
    const [first] = await textOf(page, '#failing summary .name');
    expect(await textOf(page, '#failing details[open] code')).toEqual([
      `pytest '${first}'`,
      expect.stringMatching(/^lukhas healix add \d+ --run [0-9a-f-]{36}$/),
    ]);
    // The error's one line stands above already.
    expect(await textOf(page, '#failing details[open] > pre')).toEqual([
      expect.stringMatching(/^> +assert round_price/m),
    ]);
    // The whole of it is folded below.
    expect(await page.locator('#failing .whole pre').first().isVisible()).toBe(false);
    await page.locator('#failing .whole summary').first().click();
    expect((await textOf(page, '#failing .whole pre')).join()).toContain('def test_');
    expect(watched.misdeeds).toEqual([]);
  });

  testInBrowser.each(long ? (['light', 'dark'] as const) : (['dark'] as const))(
    'axe finds no serious fault in %s colours',
    async (colorScheme) => {
      const { page } = watched;
      await page.emulateMedia({ colorScheme });
      await openPage(watched, file);
      await page.locator('#failing summary').first().click();
      await page.evaluate(axe.source);
      const faults = (await page.evaluate(
        `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`,
      )) as string[];
      expect(faults).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
      expect(watched.misdeeds).toEqual([]);
    },
  );

  test('a page that cannot be written is one line, before anything is read', async () => {
    await mkdir(path.join(dir, 'folder'), { recursive: true });
    await writeFile(path.join(dir, 'plain'), '');
    for (const [out, why] of [
      ['nowhere/page.html', 'its folder does not exist'],
      ['folder', 'it is a folder'],
      ['plain/page.html', 'its folder is a file'],
      [`${'x'.repeat(300)}.html`, 'its name is too long'],
    ] as const) {
      const { code, stdout, stderr } = await runInProcess('lukhas', ['report', '--out', out], {
        env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
        cwd: dir,
      });
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        new RegExp(`^error: the page cannot be written to .*: ${why}\n  Name a file in .*\n$`),
      );
    }
  });

  test('a repository without runs is named with the nearest one', async () => {
    const { code, stderr } = await lukhas('report', '--repository', 'acme/shoo', '--out', file);
    expect(code).toBe(2);
    expect(stderr).toBe('error: no run of the repository "acme/shoo" is stored\n  Did you mean acme/shop?\n');
    expect((await lukhas('report', '--repository', 'GitHub.com/Acme/Shop', '--out', file)).code).toBe(0);
  });

  test('the brief tells the last run, the same each time, and its failures as the page does', async () => {
    const first = await lukhas('brief', '--branch', 'main');
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect((await lukhas('brief', '--branch', 'main')).stdout).toBe(first.stdout);
    expect(first.stdout).toMatch(
      /^\d of 60 tests failed\.\nRun [0-9a-f-]{36} of [0-9a-f]{8}, compared with /,
    );
    const broken = shopTests(tests)[0]?.name ?? '';
    const { stdout } = await lukhas('brief', '--branch', 'main', '--json');
    const { failures } = JSON.parse(stdout) as { failures: Record<string, unknown>[] };
    expect(failures.find(({ test_name }) => test_name === broken)).toMatchObject({
      class: 'pre-existing',
      rerun_command: `pytest '${broken}'`,
    });
    expect(first.stdout).toContain(`pytest '${broken}'`);
  });

  testInBrowser('the flaky tests are those of `lukhas flaky`, what failed most first', async () => {
    const { stdout } = await lukhas('flaky', '--json');
    const { flaky } = JSON.parse(stdout) as { flaky: { test_name: string }[] };
    await openPage(watched, file);
    const names = flaky.map(({ test_name }) => test_name).sort();
    expect(names.length).toBeGreaterThan(0);
    const shown = await textOf(watched.page, '#flaky td.name');
    expect(shown.toSorted()).toEqual(names);
    const failures = await look(
      `SELECT test_name, count(*)::int AS n FROM test_results WHERE outcome IN ('failed', 'error') GROUP BY 1`,
    );
    const failed = new Map(failures.map((row) => [row.test_name, Number(row.n)]));
    expect(shown).toEqual(names.toSorted((a, b) => (failed.get(b) ?? 0) - (failed.get(a) ?? 0)));
  });

  test.runIf(process.platform === 'linux')(
    'it is opened by the platform, or says that it could not be',
    async () => {
      const bin = path.join(dir, 'bin');
      await mkdir(bin, { recursive: true });
      const opener = path.join(bin, 'xdg-open');
      await writeFile(opener, `#!/bin/sh\necho "$1" > ${bin}/opened\n`, { mode: 0o755 });
      const open = (PATH: string) =>
        runInProcess('lukhas', ['open'], { env: { NO_COLOR: '1', ...env, PATH }, cwd: dir });
      const { stdout } = await open(`${bin}:${process.env.PATH}`);
      const [, written = ''] = /^✓ (\S+)/.exec(stdout) ?? [];
      expect((await readFile(path.join(bin, 'opened'), 'utf8')).trim()).toBe(written);
      expect(stdout).not.toContain('No browser');
      await rm(path.dirname(written), { recursive: true });
      await rm(opener);
      const none = await open(bin);
      expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('No browser could be started')]);
      await rm(path.dirname(/^✓ (\S+)/.exec(none.stdout)?.[1] ?? ''), { recursive: true });
    },
  );

  test.runIf(place === 'PostgreSQL 15')(
    'a team without runs gets a page as well, and hears that nothing is stored',
    async () => {
      const out = path.join(dir, 'nothing.html');
      const { code, stdout } = await runInProcess('lukhas', ['report', '--out', out], {
        env: { NO_COLOR: '1', ...nobody },
        cwd: dir,
      });
      expect([code, stdout]).toEqual([
        0,
        `✓ ${out}  nothing is stored yet: the page says what to do first\n`,
      ]);
    },
  );

  test.runIf(place === 'PostgreSQL 15' && chromiumPath !== undefined)(
    'a red run that is no evidence is shown, and main is not called green by it',
    async () => {
      const db = await openPostgres(nobody.DATABASE_URL ?? '');
      const tested = { gitSha: 'a'.repeat(40), parents: [], committedAt: new Date(), dirty: 2 };
      const context = { ...emptyContext, repository: 'acme/shop', gitBranch: 'main', gitSha: 'a'.repeat(40) };
      await saveRun(
        async () => db,
        makeUpload('local', {
          context: { ...context, ciSystem: 'local', origin: 'local', kind: 'head', tested },
        }),
        sourceOf([makeFailure(1), makeResult(2)]),
        makeOptions(),
      );
      const out = path.join(dir, 'local.html');
      await runInProcess('lukhas', ['report', '--out', out], { env: { NO_COLOR: '1', ...nobody }, cwd: dir });
      await openPage(watched, out);
      const { page } = watched;
      expect((await textOf(page, '.standing')).join()).toMatch(
        /^main was not tested.*has 1 failure; it is no evidence: uncommitted changes\./,
      );
      expect(await textOf(page, '#failing .name')).toEqual(['tests/test_things.py::TestThings::test_1']);
      expect(await textOf(page, '#grid .bar .dim')).toEqual(['2 tests, 1 run']);
      expect(watched.misdeeds).toEqual([]);
    },
  );

  test.runIf(place === 'PostgreSQL 15' && chromiumPath !== undefined)(
    'main is not called green by a part of the suite that leaves out a failed test',
    async () => {
      const db = await openPostgres(nobody.DATABASE_URL ?? '');
      const other = { testFile: 'tests/test_other.py', testName: 'tests/test_other.py::test_a' };
      const store = (
        digit: string,
        at: number,
        results: SignedResult[],
        commit = digit,
        jobName: string | undefined = undefined,
      ) =>
        saveRun(
          async () => ({ ...db, close: async () => {} }),
          makeUpload(digit, {
            createdAt: new Date(at),
            context: {
              ...emptyContext,
              repository: 'acme/parts',
              gitBranch: 'main',
              jobName,
              gitSha: commit.repeat(40),
              ciSystem: 'local',
              origin: 'local',
              kind: 'head',
              tested: { gitSha: commit.repeat(40), parents: [], committedAt: new Date(at), dirty: 0 },
            },
          }),
          sourceOf(results),
          makeOptions(),
        );
      const told = async () => {
        const out = path.join(dir, 'parts.html');
        const args = ['report', '--repository', 'acme/parts', '--out', out];
        await runInProcess('lukhas', args, { env: { NO_COLOR: '1', ...nobody }, cwd: dir });
        await openPage(watched, out);
        return (await textOf(watched.page, '.standing')).join();
      };
      const now = Date.now();
      await store('b', now - 3 * hourMs, [makeFailure(1), makeResult(2, other)]);
      expect(await told()).toMatch(/^main is red/);
      // The same commit once more, without the test that failed, and then with it.
      const leftOut =
        /^main is green so farIts last run passed\. 1 test that failed before was left out since\./;
      await store('1', now - 2.9 * hourMs, [makeResult(3), makeResult(2, other)], 'b');
      expect(await told()).toMatch(leftOut);
      await store(
        '4',
        now - 2.85 * hourMs,
        [makeResult(1, { outcome: 'skipped' }), makeResult(2, other)],
        'b',
      );
      expect(await told()).toMatch(leftOut);
      await store('2', now - 2.8 * hourMs, [makeResult(1)], 'b');
      expect(await told()).toMatch(/^main is greenIts last run passed\.No test/);
      await store('3', now - 2.7 * hourMs, [makeFailure(1), makeResult(2, other)], 'b');
      expect(await told()).toMatch(/^main is red/);
      await store('c', now - 2 * hourMs, [makeResult(2, other)]);
      expect(await told()).toMatch(leftOut);
      await store('d', now - hourMs, [makeResult(1), makeResult(2, other)]);
      expect(await told()).toMatch(/^main is greenIts last run passed\.No test/);
      const skipped = { outcome: 'skipped' } as const;
      await store('e', now, [makeResult(1, skipped), makeResult(2, { ...other, ...skipped })]);
      expect(await told()).toMatch(
        /^No test of main passedIn its last run all tests were skipped, or expected to fail\.No test/,
      );
      const minutes = (n: number) => now + n * 60_000;
      await store('f', minutes(1), [makeResult(1)]);
      await store('5', minutes(2), [makeResult(1, skipped)], 'f', 'nightly');
      expect(await told()).toMatch(
        /The last run of each of its 2 jobs has no failure; in 1 job all tests were skipped, or expected to fail\./,
      );
      // One test that fails at one place in one job and at another in the other.
      await store('6', minutes(3), [makeFailure(1)], '6', 'nightly');
      await store('7', minutes(4), [makeFailure(1)], '7', 'nightly');
      const elsewhere = { failureSignature: `md5:${'0'.repeat(32)}` } as const;
      await store('8', minutes(5), [{ ...makeFailure(1), ...elsewhere }], '7');
      expect(await told()).toMatch(/^main is red1 test fails since/);
      expect(await textOf(watched.page, '#failing .class')).toHaveLength(2);
      await db.close();
    },
  );

  test('a program gets the figures as JSON', async () => {
    const { stdout } = await lukhas('report', '--json', '--out', file);
    expect(JSON.parse(stdout)).toEqual({
      path: file,
      bytes: (await readFile(file)).length,
      runs: commits * 2 + commits / 6,
      tests,
      opened: false,
    });
  });
});

describe('an empty database', () => {
  testInBrowser('has a page that says what to do first', async () => {
    const file = path.join(dir, 'empty.html');
    const about = { madeAt: new Date(), program: '0.1.0', team: 'acme' };
    await writeFile(file, renderPage(undefined, about).html);
    await openPage(watched, file);
    expect(await textOf(watched.page, 'main')).toEqual([expect.stringContaining('Nothing is stored yet')]);
    expect((await textOf(watched.page, 'main code')).join()).toContain('lukhas upload results.xml');
    expect(watched.misdeeds).toEqual([]);
  });
});

describe('texts of the database', () => {
  testInBrowser('show as text, whatever they are', async () => {
    const texts = hostileTexts(rounds(80, 1000));
    const facts = hostileFacts(texts);
    const file = path.join(dir, 'hostile.html');
    const { html } = renderPage(facts, { madeAt: facts.madeAt, program: '0.1.0', team: facts.team });
    await writeFile(file, html);
    await openPage(watched, file);
    const { page } = watched;
    await page.selectOption('[aria-label="Branches"]', 'all');
    // Everything is made, and every list is shown to its end.
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    for (let more = page.locator('button.more:visible'); (await more.count()) > 0; )
      await more.first().click();
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    const names = new Set(await textOf(page, '#flaky td.name'));
    expect(texts.filter((text) => !names.has(safeLine(text)))).toEqual([]);
    const failing = new Set(await textOf(page, '#failing pre'));
    expect(texts.filter((text) => !failing.has(safeText(text)))).toEqual([]);
    const memories = (await textOf(page, '#known .memory p')).join('\n');
    expect(texts.filter((text) => !memories.includes(safeText(text)))).toEqual([]);
    // Nothing but our own elements, and no address but the forge's.
    expect(
      await page.evaluate(`[
        document.querySelectorAll('script').length,
        document.querySelectorAll('img, iframe, object, embed, form, base, link:not([rel=icon]), body style').length,
        document.querySelectorAll('[onerror], [onload], [onclick], [onmouseover]').length,
        globalThis.hacked ?? 0,
      ]`),
    ).toEqual([3, 0, 0, 0]);
    const addresses = await page
      .locator('a')
      .evaluateAll((all) => all.map((one) => one.getAttribute('href')));
    const forge =
      /^https:\/\/github\.com\/acme\/shop\/(?:commit\/[0-9a-f]{40}|blob\/[0-9a-f]{40}\/[\w%./!'()*~-]+(?:#L\d+)?|actions\/runs\/\d+|pull\/\d+)$/;
    expect(
      addresses.filter((address) => !forge.test(address ?? '') && !/^#[a-z-]+$/.test(address ?? '')),
    ).toEqual([]);
    expect(addresses.some((address) => forge.test(address ?? ''))).toBe(true);
    expect(watched.misdeeds).toEqual([]);
  });
});

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
