// Completion: what is offered, and that bash, zsh and fish offer it when Tab is pressed in a terminal.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { complete } from '../../src/doors/lukhas/completion.ts';
import { lukhas } from '../../src/doors/lukhas/program.ts';
import { runCli } from '../support/cli.ts';
import { captureTerminal } from '../support/terminal.ts';

const program = lukhas(captureTerminal(100).terminal);
const questions = [
  ...[
    'runs',
    'run',
    'test',
    'failures',
    'flaky',
    'slow',
    'trend',
    'coverage',
    'regressions',
    'usage',
    'activity',
  ],
  ...['guardian', 'sql', 'brief', 'mcp', 'report', 'open'],
];
const all = [
  'upload',
  ...questions,
  'db',
  'team',
  'user',
  'healix',
  'doctor',
  'completion',
  'help',
  'version',
];
/** The last word of the line is the one being typed. */
const offered = (line: string) => {
  const [kind, ...candidates] = complete(program, line.split(' '));
  return kind === 'files' ? 'files' : candidates.map((candidate) => candidate.split('\t')[0]);
};

describe('what is offered', () => {
  it.each([
    ['', all],
    ['he', ['healix', 'help']],
    [
      'db ',
      [
        'setup',
        'migrate',
        'status',
        'partitions',
        'retain',
        'backup',
        'verify-backup',
        'resign',
        'grant',
        'revoke',
      ],
    ],
    ['db backup ', 'files'],
    ['healix re', ['retire']],
    ['healix list --sh', ['--shared']],
    ['healix list --test x --li', ['--limit']],
    ['healix list --limit ', []],
    ['healix show ', []],
    ['healix import ', 'files'],
    ['healix add --fix-file ', 'files'],
    ['db status --data-dir ', 'files'],
    ['db status --ssl-ca=ca', 'files'],
    ['upload ', 'files'],
    ['upload a.xml b', 'files'],
    ['upload --coverage ', 'files'],
    ['upload --fail-on ', ['never', 'any', 'new', 'no-history', 'unknown', 'blocked']],
    ['upload --fail-on new,', ['new,any', 'new,no-history', 'new,unknown', 'new,blocked']],
    ['upload --fail-on=new,no-history,u', ['--fail-on=new,no-history,unknown']],
    ['upload --fail-on never,', []],
    ['upload --on-empty fail,', []],
    ['upload --fail-on=ne', ['--fail-on=never', '--fail-on=new']],
    ['upload a.xml --dry', ['--dry-run']],
    ['upload -- --dry', 'files'],
    ['upload --color a', ['auto', 'always']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion bash ', []],
    ['help db gr', ['grant']],
    ['no-such-command ', all],
  ])('behind %j is %j', (line, candidates) => {
    expect(offered(line)).toEqual(candidates);
  });

  it('comes with what each does', () => {
    expect(complete(program, ['db', 'mi'])).toEqual(['words', 'migrate\tbring the schema up to date']);
  });
});

const has = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const shells = {
  bash: { start: 'bash --norc --noprofile', setUp: "PS1='> '; source <(lukhas completion bash)" },
  zsh: { start: 'zsh -f', setUp: "PS1='> '; source <(lukhas completion zsh)" },
  fish: {
    start: 'fish --no-config',
    setUp: "function fish_prompt; echo '> '; end; lukhas completion fish | source",
  },
} as const;

describe.each(Object.keys(shells) as (keyof typeof shells)[])('%s', (shell) => {
  const missing = [shell, 'tmux'].filter((name) => !has(name));
  if (missing.length > 0) {
    it.skip(`completes by Tab (skipped: ${missing.join(' and ')} not installed)`, () => {});
    return;
  }
  const socket = `lukhas-${shell}-${process.pid}`;
  let home: string;
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      // A shell that is killed writes its history otherwise.
      env: {
        HOME: home,
        HISTFILE: '/dev/null',
        TERM: 'screen',
        LANG: 'C.UTF-8',
        PATH: `${join(home, 'bin')}:${process.env.PATH}`,
      },
    });
  /** What the terminal shows, once it is as expected; else what it shows after a minute. */
  const screenWith = async (expected: (screen: string) => boolean): Promise<string> => {
    let screen = '';
    for (let i = 0; i < 600; i++) {
      await wait(100);
      screen = tmux('capture-pane', '-p').trim();
      if (expected(screen)) break;
    }
    return screen;
  };
  const shows = (text: string) => screenWith((screen) => screen.includes(text));

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), `lukhas-${shell}-`));
    mkdirSync(join(home, 'bin'));
    for (const [name, file] of [
      ['lukhas', 'lukhas.js'],
      ['lukhas-upload', 'upload.js'],
    ] as const) {
      const program = fileURLToPath(new URL(`../../dist/cli/${file}`, import.meta.url));
      writeFileSync(join(home, 'bin', name), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
      chmodSync(join(home, 'bin', name), 0o755);
    }
    writeFileSync(join(home, 'results.xml'), '');
    tmux('new-session', '-d', '-x', '110', '-y', '30', '-c', home, shells[shell].start);
    tmux('send-keys', '-l', `${shells[shell].setUp}; echo ready`);
    tmux('send-keys', 'Enter');
    expect(await screenWith((screen) => /^ready$/m.test(screen))).toMatch(/^ready$/m);
  });
  beforeEach(async () => {
    tmux('send-keys', 'C-u', 'C-l');
    expect(await screenWith((screen) => screen === '>')).toBe('>');
  });
  afterAll(() => {
    tmux('kill-server');
    rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  });

  it.each([
    ['a group', 'lukhas heal', 1, 'lukhas healix'],
    ['a command', 'lukhas healix re', 1, 'lukhas healix retire'],
    ['an option', 'lukhas healix list --sh', 1, 'lukhas healix list --shared'],
    ['a value', 'lukhas-upload --fail-on u', 1, 'lukhas-upload --fail-on unknown'],
    ['a value behind =', 'lukhas-upload --fail-on=u', 1, 'lukhas-upload --fail-on=unknown'],
    ['a report', 'lukhas-upload res', 1, 'lukhas-upload results.xml'],
    ['an option of lukhas-upload', 'lukhas-upload results.xml --dry', 1, '--dry-run'],
    ['a list of commands', 'lukhas db ', 2, 'partitions'],
  ])(
    'completes %s by Tab',
    async (_, typed, tabs, text) => {
      tmux('send-keys', '-l', typed);
      for (let i = 0; i < tabs; i++) tmux('send-keys', 'Tab');
      expect(await shows(text)).toContain(text);
    },
    300_000,
  );
});

it('completion prints a script for each shell, and for no other', async () => {
  for (const shell of Object.keys(shells)) {
    const printed = await runCli('lukhas', ['completion', shell]);
    expect(printed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('lukhas-upload') });
  }
  expect(await runCli('lukhas', ['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
});
