// Pictures of questions as a terminal shows them: the built program is asked about a made history, and its coloured words become a
// page.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEmbedded } from '../src/store/schema/embedded.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { fillQuestions, smallHistory } from '../test/support/questions-history.ts';

const program = fileURLToPath(new URL('../dist/cli/lukhas.js', import.meta.url));

export interface TerminalPicture {
  readonly file: string;
  /** A page that shows the prompt, the command and what it printed. */
  readonly html: string;
}

const asked = [
  ['ask-runs.png', 'runs --limit 12'],
  ['ask-test.png', 'test is_kept_21'],
  ['ask-flaky.png', 'flaky --limit 10'],
  ['ask-trend.png', 'trend --branch main'],
] as const;

/** Asks the questions about a history in a database of its own, inside a checkout of its repository. */
export async function askForPictures(home: string): Promise<readonly TerminalPicture[]> {
  const dataDir = path.join(home, 'asked');
  const db = await openEmbedded(dataDir);
  try {
    const team = await addTeam(db, { slug: 'local' });
    await ensurePartitions(db, { monthsAhead: 1, monthsBack: 4 });
    await fillQuestions(db, team.id, { ...smallHistory, tests: 400, runs: 1400, shards: 10, days: 90 });
  } finally {
    await db.close();
  }
  const checkout = path.join(home, 'shop');
  mkdirSync(checkout);
  for (const args of [
    ['init', '-q'],
    ['remote', 'add', 'origin', 'https://github.com/acme/shop.git'],
  ])
    execFileSync('git', args, { cwd: checkout });
  return asked.map(([file, words]) => {
    const printed = execFileSync(process.execPath, [program, ...words.split(' '), '--color', 'always'], {
      cwd: checkout,
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', HOME: home, LUKHAS_DATA_DIR: dataDir },
    });
    return { file, html: pageOf(words, printed) };
  });
}

/** The colours of the signs that the program uses. */
const styles: Readonly<Record<string, string>> = {
  '1': 'font-weight:bold',
  '2': 'opacity:.62',
  '31': 'color:#ff7b72',
  '32': 'color:#7ee787',
  '33': 'color:#e3b341',
  '35': 'color:#d2a8ff',
  '36': 'color:#79c0ff',
};

function pageOf(words: string, printed: string): string {
  const escaped = printed.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  let open = 0;
  const body = escaped.replace(/\u001b\[(\d+)m/g, (_, code: string) => {
    const style = styles[code];
    if (style !== undefined) {
      open++;
      return `<span style="${style}">`;
    }
    if (open === 0) return '';
    open--;
    return '</span>';
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>terminal</title>
<style>body { margin: 0; padding: 14px 16px; background: #0d1117; color: #e6edf3; }
pre { margin: 0; font: 13.5px/1.32 "DejaVu Sans Mono", "Liberation Mono", monospace; }</style>
<body><pre><span style="opacity:.62">$</span> lukhas ${words}
${body}</pre><script>document.documentElement.dataset.height = document.body.offsetHeight;</script></body></html>`;
}
