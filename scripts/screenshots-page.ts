// Pictures of `lukhas report`'s page for the documentation, and how large and fast a page of 1,000 runs and 20,000 tests is.
//   npm run screenshots:page
// Needs Chromium (CHROMIUM names another binary than the one on the PATH).
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { readPage } from '../src/reporting.ts';
import type { Database } from '../src/store/database/port.ts';
import { addMemory, countOutcome, findFailure } from '../src/store/healix/memories.ts';
import { openAccess } from '../src/store/schema/access.ts';
import { openEmbedded } from '../src/store/schema/embedded.ts';
import { renderPage } from '../src/tell/page/page.ts';
import { openPage, startBrowser, watchPage } from '../test/support/browser.ts';
import { largeFacts } from '../test/support/large-page.ts';
import { shopTests, storeShopHistory } from '../test/support/page-history.ts';
import { runIn } from '../test/support/sql.ts';
import { withPalette } from './png.ts';

const images = fileURLToPath(new URL('../docs/images/', import.meta.url));
/** In bytes: pictures stand in the repository for good. */
const largestPicture = 150_000;
const now = new Date('2026-11-27T12:00:00Z');
const about = { madeAt: now, program: '', team: 'local' };

interface Picture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  readonly print?: boolean;
  /** A script that the page runs before. */
  readonly first?: string;
}

const pictures: readonly Picture[] = [
  {
    file: 'page-light.png',
    width: 1200,
    height: 1500,
    first: "document.querySelector('#failing summary').click()",
  },
  {
    file: 'page-dark.png',
    width: 1200,
    height: 1300,
    dark: true,
    first: "document.querySelector('#trend').scrollIntoView()",
  },
  { file: 'page-narrow.png', width: 390, height: 1200 },
  // With the margins that a printer leaves.
  {
    file: 'page-print.png',
    width: 794,
    height: 1123,
    print: true,
    first: "document.body.style.padding = '42px'",
  },
];

async function storeStory(db: Database): Promise<void> {
  const connect = async () => ({ ...db, close: async () => {} });
  const until = new Date(now.getTime() - 2 * 3_600_000);
  await storeShopHistory(connect, { commits: 60, tests: 300, until });
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  const teach = async (
    testName: string,
    rootCause: string,
    solution: string,
    worked: number,
    failed: number,
  ) => {
    const memory = await addMemory(db, access, {
      about: await findFailure(db, access, { testName }),
      signed: {},
      rootCause,
      probableCause: undefined,
      solution,
      solutionType: 'config',
      autoFixCode: undefined,
      confidence: undefined,
    });
    for (let n = 0; n < worked; n++) await countOutcome(db, access, memory.id, 'worked');
    for (let n = 0; n < failed; n++) await countOutcome(db, access, memory.id, 'failed');
  };
  const [, retry, refund] = shopTests(3).map(({ name }) => name);
  await teach(
    retry ?? '',
    'The receiver answers after its queue is full, and the second delivery waits for it.',
    'Give the receiver a queue of its own: `receiver(queue=Queue(1))` in tests/integration/conftest.py.',
    11,
    1,
  );
  await teach(
    refund ?? '',
    'The sandbox of the payment provider is slow before noon.',
    'Raise `seconds` of wait_for to 5, or ask the provider for the other region.',
    2,
    3,
  );
  const stars = {
    identity: { status: 'APPROVED', confidence: 0.96 },
    guardian: {
      status: 'BLOCKED',
      confidence: 0.99,
      violations: [{ rule: 'NEVER store passwords in plaintext', location: 'src/shop/accounts.py:78' }],
    },
    bio: { status: 'APPROVED', confidence: 0.91 },
  };
  await runIn(
    db,
    `UPDATE test_runs SET matriz_analysis = '${JSON.stringify({ stars })}' WHERE id = (SELECT id FROM test_runs WHERE git_branch = 'main' ORDER BY created_at DESC LIMIT 1)`,
  );
}

async function take(browser: Browser, file: string, picture: Picture): Promise<void> {
  const watched = await watchPage(browser, picture);
  const { page, misdeeds } = watched;
  await openPage(watched, file);
  if (picture.print === true) {
    await page.emulateMedia({ media: 'print' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  }
  if (picture.first !== undefined) await page.evaluate(picture.first);
  await page.waitForTimeout(300);
  const out = path.join(images, picture.file);
  await page.screenshot({ path: out });
  await page.close();
  const png = withPalette(readFileSync(out));
  writeFileSync(out, png);
  const size = png.length;
  console.log(`docs/images/${picture.file}  ${(size / 1000).toFixed(0)} kB`);
  if (misdeeds.length > 0) throw new Error(misdeeds.join('\n'));
  if (size > largestPicture) throw new Error(`${picture.file} is larger than ${largestPicture} bytes`);
}

/** Milliseconds from the start of loading until the lists are there, and until the grid is. The median of five. */
async function measure(browser: Browser, file: string): Promise<void> {
  const times: { lists: number; whole: number }[] = [];
  for (let round = 0; round < 5; round++) {
    const watched = await watchPage(browser);
    await watched.page.addInitScript(`
      globalThis.readyAt = {};
      new MutationObserver(() => {
        const ready = document.documentElement?.dataset.ready;
        if (ready !== undefined) globalThis.readyAt[ready] ??= performance.now();
      }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-ready'] });`);
    await openPage(watched, file);
    times.push((await watched.page.evaluate('globalThis.readyAt')) as { lists: number; whole: number });
    await watched.page.close();
  }
  const median = (of: 'lists' | 'whole') =>
    Math.round(times.map((time) => time[of]).sort((a, b) => a - b)[2] ?? Number.NaN);
  console.log(`lists after ${median('lists')} ms, grid after ${median('whole')} ms (median of 5)`);
}

const home = mkdtempSync(path.join(tmpdir(), 'lukhas-pictures-'));
const browser = await startBrowser();
try {
  const db = await openEmbedded(path.join(home, 'data'));
  await storeStory(db);
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  const window = { days: 90, runs: 300 };
  const query = {
    now,
    repository: 'acme/shop',
    here: undefined,
    checkout: undefined,
    baseBranch: undefined,
    ...window,
  };
  const facts = await readPage(db, access, query);
  await db.close();
  const file = path.join(home, 'report.html');
  writeFileSync(file, renderPage(facts, about).html);
  mkdirSync(images, { recursive: true });
  for (const picture of pictures) await take(browser, file, picture);

  const empty = renderPage(undefined, about).html;
  console.log(`without data: ${(Buffer.byteLength(empty) / 1000).toFixed(0)} kB`);
  const large = path.join(home, 'large.html');
  const { html, runs, tests } = renderPage(largeFacts(1000, 20_000), about);
  writeFileSync(large, html);
  console.log(`${runs} runs, ${tests} tests: ${(Buffer.byteLength(html) / 1_000_000).toFixed(2)} MB`);
  await measure(browser, large);
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
}
