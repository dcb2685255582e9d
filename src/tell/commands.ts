// Commands that people copy: run these tests again, tell Healix what was found out. Exact by shell.ts, never cut or escaped
// for showing: what cannot be run is left out and counted. Pure.
import { isArgument, plainPath, posix, powershell, type Shell } from '../shell.ts';

/** What has to be known of a test to run it again. */
export interface Rerunnable {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly outcome: string;
  readonly errorType: string | undefined;
}

/** In characters. Linux takes 128 KiB in one argument; nobody pastes as much. */
const longestWord = 10_000;
/** Tests in one list of commands. */
const mostTests = 20;
/** Of all commands of one list, in characters: a comment has room for 60,000 bytes in all. */
const longestList = 16_000;

/** The shell of whoever works where a report came from. */
export function shellOf(windows: boolean | undefined): Shell {
  return windows === true ? powershell : posix;
}

/** Commands, and what they are not for. */
export interface Commands {
  /** One a line; a command may go on over several lines. */
  readonly lines: readonly string[];
  /** One sentence; empty where nothing was left out. */
  readonly left: string;
}

/**
 * Runs one test again; undefined where no command can.
 *
 * @param folder where pytest ran, seen from where the command is pasted
 */
export function pytestCommand(test: Rerunnable, folder?: string, shell: Shell = posix): string | undefined {
  const word = testWord(test, shell);
  return word === undefined
    ? undefined
    : within(folder, `pytest ${[...optionsFor(test, shell), word].join(' ')}`, shell);
}

/** Why there is no command where another shell has one; empty where there is one, or none anywhere. */
export function whyNoCommand(test: Rerunnable, shell: Shell): string {
  return testWord(test, shell) === undefined && testWord(test, posix) !== undefined
    ? `no command: this id has ${unpassed}`
    : '';
}

const unpassed = 'a double quote or an invisible character, which PowerShell cannot give to a program';

/**
 * Runs failed tests again: one command for all that pytest runs alike, and one for each file that it could not import,
 * because such a file stops the whole command.
 */
export function rerunCommands(
  tests: readonly Rerunnable[],
  all: number,
  folder?: string,
  shell: Shell = posix,
): Commands {
  const groups = new Map<string, { readonly options: readonly string[]; readonly words: Set<string> }>();
  const seen = new Set<string>();
  let unrunnable = 0;
  let unwritten = 0;
  let size = 0;
  for (const test of tests) {
    const word = testWord(test, shell);
    if (word === undefined) {
      if (whyNoCommand(test, shell) === '') unrunnable++;
      else unwritten++;
      continue;
    }
    if (seen.size >= mostTests || size + word.length > longestList) continue;
    if (!seen.has(word)) size += word.length;
    seen.add(word);
    const options = optionsFor(test, shell);
    const key = isCollected(test) ? `file ${word}` : options.join(' ');
    const group = groups.get(key) ?? { options, words: new Set<string>() };
    groups.set(key, group);
    group.words.add(word);
  }
  const kinds = [...groups.values()];
  const lines = kinds.flatMap(
    ({ options, words }) =>
      within(folder, ['pytest', ...options].join(' ').concat(' ', [...words].join(shell.more)), shell) ?? [],
  );
  const rest = all - unrunnable - unwritten - seen.size;
  const parts = [
    ...(unrunnable === 0
      ? []
      : [
          `${unrunnable} that no id can run (an internal error, a test without a known file, a name that was cut or is too long)`,
        ]),
    ...(unwritten === 0 ? [] : [`${unwritten} with ${unpassed}`]),
    ...(rest > 0 ? [`${rest} more`] : []),
  ];
  return { lines, left: parts.length === 0 ? '' : `Left out: ${parts.join(', ')}.` };
}

/** A failure as its run's failures are numbered. */
export interface Numbered {
  readonly number: number | undefined;
  /** The run's id, where it is not simply the last one. */
  readonly run: string | undefined;
}

/**
 * To be run once somebody knows: by the failure's number, which asks for the rest; else to be completed before. undefined where the
 * test has no name that can be given.
 */
export function teachCommand(
  testName: string,
  shell: Shell = posix,
  { number, run }: Numbered = { number: undefined, run: undefined },
): string | undefined {
  if (number !== undefined) return `lukhas healix add ${number}${run === undefined ? '' : ` --run ${run}`}`;
  if (!canBeGiven(testName)) return undefined;
  const isOption = testName.startsWith('-');
  const word = shell.word(isOption ? `--test=${testName}` : testName);
  if (word === undefined) return undefined;
  return `lukhas healix add ${isOption ? '' : '--test '}${word} --cause '…' --solution '…'`;
}

/** One for each test, as far as there is room. */
export function teachCommands(testNames: readonly string[], most: number, shell: Shell = posix): Commands {
  const lines: string[] = [];
  let size = 0;
  for (const name of testNames) {
    const line = teachCommand(name, shell);
    if (line === undefined || lines.length >= most || size + line.length > longestList) continue;
    size += line.length;
    lines.push(line);
  }
  const rest = testNames.length - lines.length;
  return { lines, left: rest === 0 ? '' : `Left out: ${rest} more.` };
}

function canBeGiven(name: string): boolean {
  return name.trim() !== '' && name.length <= longestWord && isArgument(name);
}

/**
 * The test's id as a word; undefined where pytest would not find it: what begins with no file (another program's test, words
 * that a conftest.py set, an internal error), and what the database has cut.
 */
function testWord({ testName, testFile }: Rerunnable, shell: Shell): string | undefined {
  const hasFile = testFile !== undefined && (testName === testFile || testName.startsWith(`${testFile}::`));
  const isCut = /\u2026#[0-9a-f]{11}$/.test(testName);
  return !hasFile || isCut || !canBeGiven(testName) ? undefined : shell.word(plainPath(testName));
}

/** pytest finds doctests only where it is told to look for them; in `.txt` and `.rst` files it does by itself. */
function optionsFor({ testName, testFile, errorType }: Rerunnable, shell: Shell): string[] {
  const [file = '', item, ...rest] = testName.split('::');
  const isDoctest =
    errorType === 'DocTestFailure' ||
    errorType === 'UnexpectedException' ||
    (/\.py$/.test(file) && rest.length === 0 && /^[\w.]+\.\w+$/.test(item ?? ''));
  if (!isDoctest || testFile === undefined) return [];
  if (testFile.endsWith('.py')) return ['--doctest-modules'];
  const extension = /\.[^./]+$/.exec(testFile)?.[0];
  if (extension === undefined || /^\.(?:txt|rst)$/.test(extension)) return [];
  return [shell.word(`--doctest-glob=*${extension}`) ?? ''].filter((option) => option !== '');
}

/** A file or folder that pytest could not collect: it stops the whole command it stands in. */
function isCollected({ testName, outcome }: Rerunnable): boolean {
  return outcome === 'error' && !testName.includes('::');
}

function within(folder: string | undefined, command: string, shell: Shell): string | undefined {
  if (folder === undefined || folder === '' || folder === '.' || !isArgument(folder)) return command;
  // A relative path without a dot would be looked for in CDPATH.
  const word = shell.word(/^[./]/.test(folder) ? folder : `./${folder}`);
  return word === undefined ? undefined : shell.inFolder(word, command);
}
