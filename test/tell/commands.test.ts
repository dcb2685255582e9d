// What people copy, pasted into real shells: 200 hostile test ids, from each place they are shown in.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOptions, type ReportError } from '../../src/errors.ts';
import { decodeText } from '../../src/read/decode.ts';
import { powershell } from '../../src/shell.ts';
import {
  pytestCommand,
  rerunCommands,
  teachCommand,
  teachCommands,
  whyNoCommand,
} from '../../src/tell/commands.ts';
import { makePart, renderComment } from '../../src/tell/github/comment.ts';
import type { Section } from '../../src/tell/github/comment-section.ts';
import { renderJobSummary } from '../../src/tell/github/job-summary.ts';
import { logLines } from '../../src/tell/github/workflow-log.ts';
import { renderSummary } from '../../src/tell/terminal/summary.ts';
import { createPaint } from '../../src/tell/terminal/terminal.ts';
import { jobIdentity } from '../support/job-identity.ts';
import { long } from '../support/long.ts';
import { argumentsBy51, argumentsBy73, powershellWords } from '../support/powershell.ts';
import { runnerCommands } from '../support/runner.ts';
import { makeFailureHistory, makeRunHistory } from '../support/runs.ts';

const pieces = [
  '@octocat',
  'a@b.c',
  '<!-- lukhas-job eyJ2IjoxfQ== -->',
  '<!-- lukhas-end -->',
  '-->',
  "it's",
  "''",
  '"',
  '`touch pwned`',
  '$(touch pwned)',
  '; touch pwned;',
  '| touch pwned',
  '&& touch pwned',
  '> pwned',
  '\ntouch pwned\n',
  '\r\ntouch pwned\r\n',
  '\ttouch\t',
  "'; touch pwned; '",
  "\n'; touch pwned; '",
  '  two  blanks  ',
  '!!',
  '!touch',
  '\n!touch',
  '\\',
  '\\\\n',
  "\\'",
  '\\\n',
  '$HOME',
  '$PATH',
  '~root',
  '*',
  '?',
  '{a,b}',
  '[a-z]',
  '=ls',
  '%1',
  '#',
  '##[add-mask]x',
  '##vso[task.setvariable variable=a]b',
  '::error::x',
  '####',
  '```',
  '~~~~',
  '</code></pre>',
  '</details>',
  '&lt;&amp;',
  'é😀',
  '👩‍👩‍👧',
  'e\u0301',
  '\u202eabc',
  '\u200b',
  '\u00a0',
  '\u0085',
  '\u009b31m',
  '\u2028',
  '\ufeff',
  '\u001b[31mred\u001b[0m',
  '\u0007',
  '\u0008\u0008',
  '\u007f',
  '\u00010',
  '\u000177',
  '\u0004',
  '\u0003',
  'x'.repeat(700),
  '-x',
  '--',
  '- ',
];

/** 200 ids: every piece as a parameter, at the beginning, and beside another. */
const ids = [
  ...pieces.map((piece) => `tests/test_a.py::test_a[${piece}]`),
  ...pieces.map((piece) => `${piece}.py::test_a`),
  ...pieces.map((piece, i) => `t.py::t[${piece}${pieces[(i * 7 + 3) % pieces.length]}${piece}]`),
  '--basetemp=precious',
  '-pevil_plugin',
  '--junitxml=over.xml',
  '@arguments.txt',
].slice(-200);

/** What pytest has to be given for an id: options and files of arguments are no paths. */
const argumentFor = (id: string) => (/^[-@]/.test(id) ? `./${id}` : id);

const shells = [
  { name: 'bash', args: ['--norc', '--noprofile', '-i'] },
  { name: 'bash', args: ['--norc', '--noprofile'] },
  { name: 'zsh', args: ['-f', '-i'] },
  { name: 'zsh', args: ['-f', '-o', 'RC_QUOTES'] },
];
const found = new Map(
  ['bash', 'zsh'].map((name) => [name, spawnSync(name, ['-c', 'true']).status === 0] as const),
);
for (const [name, here] of found) if (!here) console.warn(`no ${name} here: its tests are skipped`);

let home: string;
let bin: string;
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'lukhas-bin-'));
  mkdirSync(join(bin, 'sub'));
  // Records its name, its folder and its arguments, each ended by U+0000, and a line feed after the last.
  // In one write: programs of a pipe run at the same time.
  const recorder = `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$PWD" "$@" '\n' >> "$RECORD"\n`;
  for (const name of ['pytest', 'lukhas', 'lukhas-upload', 'gunzip', 'unzip']) {
    writeFileSync(join(bin, name), recorder);
    chmodSync(join(bin, name), 0o755);
  }
});
afterAll(() => rmSync(bin, { recursive: true, force: true }));

/** Pastes lines into a shell: what was run, and the files that came into being. */
function paste(
  shell: (typeof shells)[number],
  lines: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly ran: string[][]; readonly made: string[]; readonly folder: string } {
  home = mkdtempSync(join(tmpdir(), 'lukhas-paste-'));
  const record = join(bin, 'record');
  writeFileSync(record, '');
  spawnSync(shell.name, shell.args, {
    cwd: home,
    input: `${lines.join('\n')}\nexit\n`,
    env: {
      PATH: [bin, process.env.PATH].join(delimiter),
      HOME: home,
      HISTFILE: '',
      RECORD: record,
      LC_ALL: 'C.UTF-8',
      ...env,
    },
    maxBuffer: 1 << 26,
  });
  const made = readdirSync(home).filter((name) => !name.startsWith('.'));
  const ran = readFileSync(record, 'utf8')
    .split('\n\0')
    .slice(0, -1)
    .map((words) => words.split('\0').slice(0, -1));
  rmSync(home, { recursive: true, force: true });
  return { ran, made, folder: home };
}

/** What is said of a packed report. */
async function fixFor(file: string, start: string): Promise<string> {
  async function* bytes() {
    yield Buffer.from(start, 'latin1');
  }
  try {
    for await (const _ of decodeText(bytes(), file));
  } catch (error) {
    return (error as ReportError).fixIn(asOptions) ?? '';
  }
  throw new Error('taken for a report');
}

const failureOf = (testName: string) => ({
  testName,
  testFile: testName.split('::', 1)[0] ?? '',
  outcome: 'failed',
  line: 1,
  errorType: 'KeyError',
  message: 'm',
  failureSignature: `md5:${testName}`,
});

function sectionOf(names: readonly string[]): Section {
  const failures = names.map(failureOf);
  const history = makeRunHistory({
    failures: failures.map(({ testName, failureSignature }) =>
      makeFailureHistory({ testName, failureSignature }),
    ),
  });
  return {
    totals: {
      total: names.length,
      passed: 0,
      failed: names.length,
      skipped: 0,
      errors: 0,
      durationSeconds: 1,
      coveragePercent: undefined,
    },
    lost: 0,
    incomplete: false,
    troubles: [],
    xfailed: 0,
    failures,
    history,
    leastCovered: [],
    stored: { ok: true, text: 'stored' },
    hideSolutions: false,
  };
}

/** The blocks for a shell, as a browser shows them. */
function shellBlocks(markdown: string): string[] {
  const blocks: string[] = [];
  const visit = (node: Nodes) => {
    if (node.type === 'code' && node.lang === 'sh') blocks.push(node.value);
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  return blocks;
}

/** Lists of ids, so that none of them is left out of a comment. */
const lists = Array.from({ length: Math.ceil(ids.length / 5) }, (_, i) => ids.slice(i * 5, i * 5 + 5));

const surfaces: Readonly<Record<string, () => string[]>> = {
  terminal: () => {
    const summary = { ...sectionOf(ids), reports: ['r.xml'], slowest: [], coveredFiles: 0, warnings: [] };
    return renderSummary(summary, { paint: createPaint(false), columns: 80, mostFailures: 1000 })
      .split('\n')
      .filter((line) => /^ +(?:pytest|lukhas) /.test(line));
  },
  'log of the step': () => {
    const summary = { ...sectionOf(ids), reports: ['r.xml'], slowest: [], coveredFiles: 0, warnings: [] };
    const log = logLines(
      renderSummary(summary, { paint: createPaint(false), columns: 80, mostFailures: 1000 }),
    );
    expect(runnerCommands(log)).toEqual([]);
    return log.split('\n').filter((line) => /^ +(?:pytest|lukhas) /.test(line));
  },
  summary: () =>
    lists.flatMap((list) =>
      shellBlocks(renderJobSummary({ ...sectionOf(list), label: 'x', slowest: [], warnings: [] })),
    ),
  comment: () =>
    lists.flatMap((list) => {
      const part = makePart([{ ...jobIdentity('0'.repeat(12)), label: 'x', section: sectionOf(list) }], {
        key: '0'.repeat(12),
      });
      return shellBlocks(renderComment({ sha: '1'.repeat(40), run: 1, parts: [part] }));
    }),
};

// Each place in one shell and each shell from one place; `npm run test:long` takes each with each.
const placesFor = (shell: (typeof shells)[number]) =>
  Object.keys(surfaces).filter((_, i) => long || i === shells.indexOf(shell));

describe.each(shells)('pasted into $name $args', (shell) => {
  const test = it.skipIf(found.get(shell.name) !== true);

  test.each(placesFor(shell))(
    '200 hostile ids of the %s run exactly what they name, and nothing else',
    (surface) => {
      expect(ids).toHaveLength(200);
      const lines = surfaces[surface]?.() ?? [];
      const { ran, made } = paste(shell, lines);
      const tests = ran.filter(([name]) => name === 'pytest').flatMap(([, , ...words]) => words);
      expect(tests.sort()).toEqual(ids.map(argumentFor).sort());
      const taught = ran.filter(([name]) => name === 'lukhas').map(([, , ...words]) => words);
      for (const words of taught) expect(words.slice(-4)).toEqual(['--cause', '…', '--solution', '…']);
      expect(
        taught.map((words) => (words[2] === '--test' ? words[3] : words[2]?.replace(/^--test=/, ''))).sort(),
      ).toEqual([...ids].sort());
      expect(made).toEqual([]);
    },
  );

  test('where bytes are no UTF-8 for the shell, the bytes are the same', () => {
    const { ran } = paste(
      shell,
      ids.map((id) => pytestCommand(failureOf(id)) ?? ''),
      { LC_ALL: 'C' },
    );
    expect(ran.map((words) => words.slice(2))).toEqual(ids.map((id) => [argumentFor(id)]));
  });

  test('the commands that unpack a report run on its file alone, whatever it is called', async () => {
    const files = ids.filter((_, i) => i % 4 === 0).map((id) => `${id}.gz`);
    const fixes = await Promise.all(files.map((file) => fixFor(file, '\x1f\x8b')));
    const lines = fixes.flatMap((fix) => {
      const both = fix.replace('Unpack it first: ', '').replace(/ \| lukhas-upload -$/, '');
      // Both name the file in the same word.
      const word = both.slice(
        'gunzip -k '.length,
        (both.length + 'gunzip -k '.length - ', or gunzip -c '.length) / 2,
      );
      expect(both).toBe(`gunzip -k ${word}, or gunzip -c ${word}`);
      return [`gunzip -k ${word}`, `gunzip -c ${word} | lukhas-upload -`];
    });
    const zips = await Promise.all(files.map((file) => fixFor(file, 'PK\x03\x04')));
    const { ran, made } = paste(shell, [
      ...lines,
      ...zips.map((fix) => fix.replace('Unpack it first: ', '')),
    ]);
    const given = (name: string, option: string[]) =>
      ran
        .filter(([program, , ...words]) => program === name && words.length === option.length + 1)
        .filter(([, , ...words]) => words.slice(0, -1).join() === option.join())
        .map((words) => words.at(-1));
    const expected = files.map(argumentFor).sort();
    expect(given('gunzip', ['-k']).sort()).toEqual(expected);
    expect(given('gunzip', ['-c']).sort()).toEqual(expected);
    expect(given('unzip', []).sort()).toEqual(expected);
    expect(
      ran.filter(([name]) => name === 'lukhas-upload').every((words) => words.slice(2).join() === '-'),
    ).toBe(true);
    expect(ran).toHaveLength(4 * files.length);
    expect(made).toEqual([]);
  });

  test('a folder is entered for the command alone, whatever it is called', () => {
    const again = (folder?: string) => pytestCommand(failureOf('t.py::t'), folder) ?? '';
    const lines = ["mkdir -p -- './-a b/c' sub", again('-a b/c'), again('sub'), again('..'), again()];
    // The recorder's folder holds a `sub` as well.
    const { ran } = paste(shell, lines, { CDPATH: bin });
    const own = /^.*lukhas-paste-[^/]*/;
    expect(ran.map(([, folder, ...words]) => [folder?.replace(own, 'home'), ...words])).toEqual([
      ['home/-a b/c', 't.py::t'],
      ['home/sub', 't.py::t'],
      [tmpdir(), 't.py::t'],
      ['home', 't.py::t'],
    ]);
  });
});

describe('commands', () => {
  it('look for doctests where the test is one', () => {
    const doctest = (testName: string, testFile: string) => ({
      ...failureOf(testName),
      testFile,
      errorType: 'DocTestFailure',
    });
    expect(pytestCommand(doctest('src/app.py::app.load', 'src/app.py'))).toBe(
      "pytest --doctest-modules 'src/app.py::app.load'",
    );
    expect(pytestCommand({ ...doctest('src/app.py::app.C.m', 'src/app.py'), errorType: 'KeyError' })).toBe(
      "pytest --doctest-modules 'src/app.py::app.C.m'",
    );
    expect(pytestCommand(doctest('guide.txt::guide.txt', 'guide.txt'))).toBe("pytest 'guide.txt::guide.txt'");
    expect(pytestCommand(doctest('guide.md::guide.md', 'guide.md'))).toBe(
      "pytest '--doctest-glob=*.md' 'guide.md::guide.md'",
    );
  });

  it('give a file that does not import a line of its own, and say what no command can run', () => {
    const tests = [
      failureOf('a.py::t'),
      { ...failureOf('b.py'), outcome: 'error', errorType: 'ModuleNotFoundError' },
      { ...failureOf('pytest internal error'), testFile: undefined, outcome: 'error' },
      failureOf(''),
      failureOf(`${'x'.repeat(487)}…#0123456789a`),
      // Words that a conftest.py set, another program's test, a test of an installed package.
      { ...failureOf('Reads the meter'), testFile: 'tests/test_meter.py' },
      { ...failureOf('App::renders'), testFile: undefined },
      { ...failureOf('test_bad'), testFile: 'pkg/tests/test_mod.py' },
      failureOf('c.py::t'),
    ];
    expect(rerunCommands(tests, 12)).toEqual({
      lines: ["pytest 'a.py::t' \\\n  'c.py::t'", "pytest 'b.py'"],
      left: 'Left out: 6 that no id can run (an internal error, a test without a known file, a name that was cut or is too long), 3 more.',
    });
  });

  it('are whole or not there, however long the ids', () => {
    const long = Array.from({ length: 30 }, (_, i) => failureOf(`t.py::t[${i}${'y'.repeat(3000)}]`));
    const { lines, left } = rerunCommands(long, 30);
    expect(lines.join('\n').length).toBeLessThan(17_000);
    expect(left).toBe('Left out: 25 more.');
    expect(pytestCommand(failureOf(`t.py::t[${'y'.repeat(20_000)}]`))).toBeUndefined();
    expect(teachCommand('')).toBeUndefined();
    expect(teachCommands(['a', '', 'b'], 1).left).toBe('Left out: 2 more.');
  });
});

describe('in PowerShell, 5.1 and 7.3, by their documentation', () => {
  const reads = [argumentsBy51, argumentsBy73];

  it('the two differ as their issues say', () => {
    const words = powershellWords(`1 'a a' '"b"' '\\"c\\"' 'a b\\'`);
    expect(words).toEqual(['1', 'a a', '"b"', '\\"c\\"', 'a b\\']);
    expect(argumentsBy51(words)).toEqual(['1', 'a a', 'b', '"c"', 'a b"']);
    expect(argumentsBy73(words)).toEqual(words);
    expect(powershellWords("\"a`$b$()c\" 'it''s ‘‘'")).toEqual(['a$bc', "it's ‘"]);
  });

  it('200 hostile ids are given exactly as they are in both, or are left out and counted', () => {
    const more = [
      ...ids,
      't[it‘s ’ ‚ ‛]',
      't[“ ” „]',
      't[“@octocat‘s $x `n]',
      't[a\\]',
      't[a b\\]',
      '##[error]it’s $(x)',
    ];
    let leftOut = 0;
    for (const id of more) {
      const failure = failureOf(id);
      const again = pytestCommand(failure, undefined, powershell);
      const teach = teachCommand(id, powershell);
      if (again === undefined || teach === undefined) {
        leftOut++;
        expect([again, teach]).toEqual([undefined, undefined]);
        expect(id).toMatch(/["\\\p{C}\p{Zl}\p{Zp}\u00a0]/u);
        expect(whyNoCommand(failure, powershell)).toContain('PowerShell cannot give');
        continue;
      }
      expect(whyNoCommand(failure, powershell)).toBe('');
      for (const read of reads) {
        expect(read(powershellWords(again))).toEqual(['pytest', argumentFor(id)]);
        const words = read(powershellWords(teach));
        const name = words[3] === '--test' ? words[4] : words[3]?.replace(/^--test=/, '');
        expect([...words.slice(0, 3), name, ...words.slice(-4)]).toEqual([
          ...['lukhas', 'healix', 'add', id],
          ...['--cause', '…', '--solution', '…'],
        ]);
      }
      // Nothing that mail programs, we or the runner act on stays whole.
      expect(`${again}\n${teach}`).not.toMatch(/(?<![\w.])@[A-Za-z0-9]|<!--|##\w*\[/);
    }
    expect(leftOut).toBeGreaterThan(10);
    expect(leftOut).toBeLessThan(more.length / 2);
    const { lines, left } = rerunCommands(
      [
        ...['a.py::t', 'b.py::t["x"]', 'c.py::t[\n]'].map(failureOf),
        { ...failureOf('pytest internal error'), testFile: undefined },
      ],
      5,
      undefined,
      powershell,
    );
    expect(lines).toEqual(["pytest 'a.py::t'"]);
    expect(left).toBe(
      'Left out: 1 that no id can run (an internal error, a test without a known file, a name that was cut or is too long), 2 with a double quote or an invisible character, which PowerShell cannot give to a program, 1 more.',
    );
  });

  it('the folder is entered for the command alone, which does not run where there is none', () => {
    const tests = ['a.py::t', "b.py::t[it's]"].map(failureOf);
    expect(rerunCommands(tests, 2, "-it's", powershell).lines).toEqual([
      "Push-Location -LiteralPath './-it''s' -ErrorAction Stop; pytest 'a.py::t' `\n  'b.py::t[it''s]'; Pop-Location",
    ]);
    expect(pytestCommand(failureOf('a.py::t'), 'a"b', powershell)).toBeUndefined();
  });

  it('are written where a failure comes from Windows, beside the others where it fails elsewhere, too', () => {
    const job = (label: string, names: string[], isFromWindows: boolean) => ({
      ...jobIdentity(Buffer.from(label).toString('hex').padStart(12, '0')),
      label,
      section: { ...sectionOf(names), isFromWindows },
    });
    const part = makePart([job('a', ['t.py::both', 't.py::w'], true), job('b', ['t.py::both'], false)], {
      key: '0'.repeat(12),
    });
    expect(part.texts[0]?.match(/^pytest .*$/gm)).toEqual(["pytest 't.py::both'", "pytest 't.py::w'"]);
    expect(part.texts[0]).toContain(
      '<summary>Run them again (PowerShell)</summary>\n\n```powershell\npytest ',
    );
    const summary = {
      ...sectionOf(['t[""]']),
      isFromWindows: true,
      reports: [],
      slowest: [],
      coveredFiles: 0,
      warnings: [],
    };
    expect(renderSummary(summary, { paint: createPaint(false), columns: 80, mostFailures: 9 })).toContain(
      '    no command: this id has a double quote',
    );
  });
});
