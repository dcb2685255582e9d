// Mistakes on the command lines of the built programs: what each is told, and its exit code.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-mistakes-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The line as it is typed, the error, and the line below it. All end with exit code 2. */
const mistakes: readonly [line: string, error: string, meant: string][] = [
  // Commands
  [
    'lukhas db',
    '`lukhas db` needs one more word',
    'One of: lukhas db setup, lukhas db migrate, lukhas db status, lukhas db partitions, lukhas db retain, lukhas db backup, lukhas db verify-backup, lukhas db resign, lukhas db grant, lukhas db revoke.',
  ],
  [
    'lukhas db setpu',
    'there is no command `lukhas db setpu`',
    'Did you mean lukhas db setup? See lukhas db --help.',
  ],
  ['lukhas database', 'there is no command `lukhas database`', 'Did you mean lukhas db? See lukhas --help.'],
  [
    'lukhas uplaod results.xml',
    'there is no command `lukhas uplaod`',
    'Did you mean lukhas upload? See lukhas --help.',
  ],
  [
    'lukhas results.xml',
    'there is no command `lukhas results.xml`',
    'To store a report: lukhas upload results.xml. See lukhas --help.',
  ],
  [
    'lukhas migrate',
    'there is no command `lukhas migrate`',
    'Did you mean lukhas db migrate? See lukhas --help.',
  ],
  [
    'lukhas list',
    'there is no command `lukhas list`',
    'Did you mean lukhas runs or lukhas team list or lukhas healix list? See lukhas --help.',
  ],
  ['lukhas init', 'there is no command `lukhas init`', 'Did you mean lukhas db setup? See lukhas --help.'],
  ['lukhas frobnicate --help', 'there is no command `lukhas frobnicate`', 'See lukhas --help.'],
  ['lukhas help frobnicate', 'there is no command `lukhas frobnicate`', 'See lukhas --help.'],
  [
    'lukhas help db setpu',
    'there is no command `lukhas db setpu`',
    'Did you mean lukhas db setup? See lukhas db --help.',
  ],
  [
    'lukhas healix rm 3f2504e0',
    'there is no command `lukhas healix rm`',
    'Did you mean lukhas healix retire? See lukhas healix --help.',
  ],
  [
    'lukhas healix delete 3f2504e0',
    'there is no command `lukhas healix delete`',
    'Did you mean lukhas healix retire? See lukhas healix --help.',
  ],
  [
    'lukhas healix ls',
    'there is no command `lukhas healix ls`',
    'Did you mean lukhas healix list? See lukhas healix --help.',
  ],
  ['lukhas teams', 'there is no command `lukhas teams`', 'Did you mean lukhas team list? See lukhas --help.'],
  ['lukhas completion tcsh', "<shell> does not take 'tcsh'", 'Allowed choices are bash, zsh, fish.'],
  // Words
  ['lukhas db db status', 'there is no command `lukhas db db`', 'Write db once. See lukhas db --help.'],
  [
    'lukhas db status status',
    'one word too many: status',
    'Write status once. Usage: lukhas db status [options]',
  ],
  ['lukhas db migrate now', 'one word too many: now', 'Usage: lukhas db migrate [options]'],
  ['lukhas healix show', 'a word is missing: <id>', 'Usage: lukhas healix show [options] <id>'],
  ['lukhas healix show a b', 'one word too many: b', 'Usage: lukhas healix show [options] <id>'],
  [
    'lukhas healix retire',
    'retire takes the id of a memory, or --low-confidence',
    'See lukhas healix retire --help.',
  ],
  ['lukhas db backup', 'a word is missing: <file>', 'Usage: lukhas db backup <file> [options]'],
  [
    'lukhas db verify-backup a.dump b.dump',
    'one word too many: b.dump',
    'Usage: lukhas db verify-backup <file> [options]',
  ],
  ['lukhas doctor --disk much', "--disk does not take 'much'", 'A number and its unit: 500GB, 1.5TB, 20GiB.'],
  ['lukhas completion', 'a word is missing: <shell>', 'Usage: lukhas completion bash | zsh | fish'],
  ['lukhas-upload', 'no report named', 'Name what pytest wrote with --junitxml: lukhas-upload results.xml'],
  ['lukhas upload', 'no report named', 'Name what pytest wrote with --junitxml: lukhas-upload results.xml'],
  // Options that do not exist
  [
    'lukhas --json',
    'unknown option --json',
    '--json is an option of lukhas upload, lukhas runs, lukhas run and others. See lukhas --help.',
  ],
  [
    'lukhas db migrate --databse-url x',
    'unknown option --databse-url',
    'Did you mean --database-url? See lukhas db migrate --help.',
  ],
  [
    'lukhas-upload results.xml --covrage c.json',
    'unknown option --covrage',
    'Did you mean --coverage? See lukhas-upload --help.',
  ],
  ['lukhas-upload results.xml --zzz', 'unknown option --zzz', 'See lukhas-upload --help.'],
  [
    'lukhas-upload -json results.xml',
    'unknown option -json',
    'Did you mean --json? See lukhas-upload --help.',
  ],
  ['lukhas-upload results.xml -qx', 'unknown option -qx', 'See lukhas-upload --help.'],
  [
    'lukhas-upload --junitxml=results.xml',
    'unknown option --junitxml',
    'A report is named without an option: lukhas-upload results.xml. See lukhas-upload --help.',
  ],
  [
    'lukhas upload -f results.xml',
    'unknown option -f',
    'A report is named without an option: lukhas-upload results.xml. See lukhas upload --help.',
  ],
  [
    'lukhas-upload results.xml --branch main',
    'unknown option --branch',
    'Use --set git_branch=<name> or --base-branch <name>. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload results.xml --sha abc',
    'unknown option --sha',
    'Use --set git_sha=<commit>. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload results.xml --repo acme/shop',
    'unknown option --repo',
    'Use --repository <name>. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload results.xml --url postgres://u:canary@h/d',
    'unknown option --url',
    'Use --database-url <url>. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload results.xml --url=postgres://u:canary@h/d',
    'unknown option --url',
    'Use --database-url <url>. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload results.xml -t payments',
    'unknown option -t',
    'Use --team <slug>. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload results.xml --tag slow',
    'unknown option --tag',
    'Use --marker <name...>. See lukhas-upload --help.',
  ],
  // Options of another command
  [
    'lukhas db migrate --role x',
    'unknown option --role',
    '--role is an option of lukhas db setup, lukhas db grant, lukhas db revoke and others. See lukhas db migrate --help.',
  ],
  [
    'lukhas db migrate -t x',
    'unknown option -t',
    '--team is an option of lukhas upload, lukhas runs, lukhas run and others. See lukhas db migrate --help.',
  ],
  [
    'lukhas upload results.xml --stale',
    'unknown option --stale',
    '--stale is an option of lukhas healix list. See lukhas upload --help.',
  ],
  [
    'lukhas --role x db migrate',
    'unknown option --role',
    '--role is an option of lukhas db setup, lukhas db grant, lukhas db revoke and others. See lukhas db migrate --help.',
  ],
  // Values
  ['lukhas-upload results.xml --lane', '--lane needs a value', 'It takes --lane <name>.'],
  [
    'lukhas-upload results.xml --lane --json',
    '--lane needs a value',
    'It takes --lane <name>; if --json is the value, write --lane=--json.',
  ],
  [
    'lukhas-upload results.xml --fail-on',
    '--fail-on needs a value',
    'It takes one of never, any, new, no-history, unknown, blocked.',
  ],
  [
    'lukhas-upload results.xml --fail-on sometimes',
    "--fail-on does not take 'sometimes'",
    'It takes never, or any of any, new, no-history, unknown, blocked with commas between.',
  ],
  [
    'lukhas-upload results.xml --fail-on new,no-histroy',
    "--fail-on does not take 'no-histroy'",
    'Did you mean no-history? It takes never, or any of any, new, no-history, unknown, blocked with commas between.',
  ],
  [
    'lukhas-upload results.xml --fail-on New',
    "--fail-on does not take 'New'",
    'Did you mean new? It takes never, or any of any, new, no-history, unknown, blocked with commas between.',
  ],
  [
    'lukhas-upload results.xml --fail-on new,never',
    "--fail-on takes never alone, and not 'new,never'",
    'It takes never, or any of any, new, no-history, unknown, blocked with commas between.',
  ],
  [
    'lukhas-upload results.xml --fail-on new,',
    "--fail-on names nothing in 'new,'",
    'It takes never, or any of any, new, no-history, unknown, blocked with commas between.',
  ],

  [
    'lukhas-upload results.xml --color red',
    "--color does not take 'red'",
    'Allowed choices are auto, always, never.',
  ],
  ['lukhas-upload results.xml --lane a --lane b', '--lane is given twice', 'Give it once: --lane <name>'],
  ['lukhas-upload results.xml --json=yes', '--json takes no value', 'Write --json.'],
  [
    'lukhas healix list --limit many',
    "--limit does not take 'many'",
    'It takes a whole number from 1 to 100000.',
  ],
  ['lukhas healix list --limit 0', "--limit does not take '0'", 'It takes a whole number from 1 to 100000.'],
  [
    'lukhas db partitions --months-ahead 1.5',
    "--months-ahead does not take '1.5'",
    'It takes a whole number from 0 to 24.',
  ],
  [
    'lukhas db partitions --months-ahead -1',
    "--months-ahead does not take '-1'",
    'It takes a whole number from 0 to 24.',
  ],
  [
    'lukhas healix add --confidence sure',
    "--confidence does not take 'sure'",
    'It takes a number from 0 to 1.',
  ],
  ['lukhas healix add --test t --solution', '--solution needs a value', 'It takes --solution <text>.'],
  ['lukhas healix add --test t', '--solution <text> is missing', 'See --help.'],
  ['lukhas healix add 1', '--solution <text> is missing', 'See --help.'],
  [
    'lukhas healix add --solution s',
    'which failure? Its number or --test <node id> is missing',
    'The summary of an upload numbers the failures: lukhas healix add 1',
  ],
  [
    'lukhas healix add tests/test_a.py::test_b',
    'not the number of a failure: "tests/test_a.py::test_b"',
    'The summary of an upload numbers the failures: lukhas healix add 1. A test is named with --test.',
  ],
  [
    'lukhas healix add 2 --test t --solution s',
    '--test does not go with the number of a failure',
    'A number goes with --run alone.',
  ],
  ['lukhas healix add 0 --solution s', 'not the number of a failure: "0"', ''],
  ['lukhas healix add 1 2', 'one word too many: 2', ''],
  ['lukhas team add Not-A-Slug', 'not a team slug', ''],
  ['lukhas db status --database-url mysql://u:canary@h/d', 'postgres://', ''],
  // Files that begin with a dash
  [
    'lukhas-upload -odd.xml',
    'unknown option -odd.xml',
    'A file of that name is written ./-odd.xml, or behind --. See lukhas-upload --help.',
  ],
  [
    'lukhas-upload -verbose.xml',
    'unknown option -verbose.xml',
    'A file of that name is written ./-verbose.xml, or behind --. See lukhas-upload --help.',
  ],
  ['lukhas-upload -- -odd.xml', "no report found for '-odd.xml'", ''],
  ['lukhas-upload -- --json', "no report found for '--json'", ''],
];

it.each(mistakes)('%s', async (line, error, meant) => {
  const [program, ...args] = line.split(' ');
  const result = await runCli(program === 'lukhas' ? 'lukhas' : 'lukhas-upload', args, {
    cwd: home,
    env: { LUKHAS_DATA_DIR: join(home, 'data') },
  });
  const [first, second] = result.stderr.split('\n');
  expect(first).toMatch(/^error: /);
  if (meant === '') expect(first).toContain(error);
  else expect([first, second]).toEqual([`error: ${error}`, `  ${meant}`]);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(result.stderr).not.toContain('canary');
  expect(result.stderr).not.toMatch(/^\s+at /m);
});

it('without a command the help is printed, and the exit code is that of a mistake', async () => {
  const result = await runCli('lukhas', [], { cwd: home });
  expect(result).toMatchObject({ code: 2, stdout: expect.stringContaining('Usage: lukhas <command>') });
});
