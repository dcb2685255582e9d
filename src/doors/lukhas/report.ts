// `lukhas report` and `lukhas open`: gathers the facts, writes the page, opens it.
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readPage } from '../../reporting.ts';
import { openAccess } from '../../store/schema/access.ts';
import { toJson } from '../../tell/json.ts';
import { renderPage } from '../../tell/page/page.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { count } from '../../tell/words.ts';
import { requireWritable, writePage } from '../page-file.ts';
import { type ExitCode, exitCodes } from '../process.ts';
import { version } from '../version.generated.ts';
import { type CommandSettings, lookUp } from './answer.ts';
import { placeOf } from './asking.ts';

interface ReportSettings extends CommandSettings {
  readonly team: string | undefined;
  readonly repository: string | undefined;
  readonly baseBranch: string | undefined;
  readonly days: number | undefined;
  readonly runs: number | undefined;
  readonly out: string | undefined;
  readonly open: boolean;
  /** Into a folder of its own for files that may go. */
  readonly temporary?: boolean;
}

const standard = { days: 90, runs: 300, out: 'report.html' } as const;

export async function report(settings: ReportSettings, terminal: Terminal): Promise<ExitCode> {
  const out = resolve(
    settings.temporary === true
      ? join(await mkdtemp(join(tmpdir(), 'lukhas-')), standard.out)
      : (settings.out ?? standard.out),
  );
  // Said before a minute of reading.
  await requireWritable(out);
  const now = new Date();
  const { days = standard.days, runs = standard.runs } = settings;
  const { repository: here, checkout } = await placeOf({});
  const { facts, team } = await lookUp(settings, terminal, async (db) => {
    const access = await openAccess(db, {
      teamSlug: settings.team,
      allowPrivilegedRole: settings.team !== undefined,
    });
    const { repository, baseBranch } = settings;
    const query = { now, repository, here, checkout, baseBranch, days, runs };
    return { facts: await readPage(db, access, query), team: access.team.slug };
  });
  const page = renderPage(facts, { madeAt: now, program: version, team });
  await writePage(out, page.html);
  const bytes = Buffer.byteLength(page.html);
  const { green, dim } = terminal.paint;
  const about =
    page.runs === 0
      ? 'nothing is stored yet: the page says what to do first'
      : `${count(page.runs, 'run')}, ${count(page.tests, 'test')}, ${Math.ceil(bytes / 1000)} KB`;
  const opened = settings.open && (await openFile(out));
  const lines = [
    `${green('✓')} ${safeLine(out)}  ${dim(about)}`,
    ...(settings.open && !opened ? ['No browser could be started: open that file in one.'] : []),
  ];
  if (settings.json) {
    const json = { path: out, bytes, runs: page.runs, tests: page.tests, opened };
    await terminal.write(`${toJson(json)}\n`);
  } else for (const line of lines) terminal.out(line);
  return exitCodes.ok;
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [program: string, ...words: string[]]>>> = {
  darwin: ['open'],
  // No shell: `start` would read the path as a command.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens a file by the platform's own command; false where that cannot be started or fails at once. */
function openFile(path: string): Promise<boolean> {
  const [program, ...words] = openers[process.platform] ?? ['xdg-open'];
  return new Promise((resolveOpened) => {
    const child = spawn(program, [...words, path], { stdio: 'ignore', detached: true });
    const done = (isOpened: boolean) => {
      clearTimeout(waiting);
      child.unref();
      resolveOpened(isOpened);
    };
    // A browser that did not run yet stays in the foreground.
    const waiting = setTimeout(() => done(true), 3000);
    child.on('error', () => done(false));
    child.on('exit', (code) => done(code === 0));
  });
}
