// Chromium for the page's tests: the distribution's, driven by playwright-core. Tests that need it say so when it is not there.
import { execFileSync } from 'node:child_process';
import { type Browser, chromium, type Page } from 'playwright-core';

/** The program; undefined: there is none. CHROMIUM names another one. */
export const chromiumPath = find();

function find(): string | undefined {
  for (const name of [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']) {
    if (name === undefined || name === '') continue;
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {}
  }
  console.warn(
    `no Chromium on this machine (${process.platform}): the page's tests in a browser are skipped`,
  );
  return undefined;
}

export function startBrowser(): Promise<Browser> {
  // The sandbox takes rights that containers do not give; the page is our own.
  return chromium.launch({ executablePath: chromiumPath ?? 'chromium', args: ['--no-sandbox'] });
}

export interface Watched {
  readonly page: Page;
  /** What the page did that it must not do: messages on the console, errors, requests. */
  readonly misdeeds: string[];
}

/** A page that is watched; nothing that it asks for is answered but its own file. */
export async function watchPage(
  browser: Browser,
  { width = 1280, height = 900, dark = false }: { width?: number; height?: number; dark?: boolean } = {},
): Promise<Watched> {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: 'UTC',
    locale: 'en-GB',
  });
  const misdeeds: string[] = [];
  page.on('console', (message) => misdeeds.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => misdeeds.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    misdeeds.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!/^(?:file|data):/.test(request.url())) misdeeds.push(`request: ${request.url()}`);
  });
  return { page, misdeeds };
}

/** Opens a page's file and waits until its cells are there. */
export async function openPage({ page }: Watched, path: string): Promise<void> {
  await page.goto(`file://${path}`);
  await page.waitForSelector('html[data-ready=whole]', { state: 'attached' });
}
