// Commands that people copy: run these tests again, tell Healix what was found out. Exact by shell.ts, never cut or escaped
// for showing: what cannot be run is left out and counted. Pure.
import { isArgument, shellPath, shellWord } from '../shell.ts';

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
export function pytestCommand(test: Rerunnable, folder?: string): string | undefined {
  const word = testWord(test);
  return word === undefined ? undefined : within(folder, `pytest ${[...optionsFor(test), word].join(' ')}`);
}

/**
 * Runs failed tests again: one command for all that pytest runs alike, and one for each file that it could not import,
 * because such a file stops the whole command.
 */
export function rerunCommands(tests: readonly Rerunnable[], all: number, folder?: string): Commands {
  const groups = new Map<string, { readonly options: readonly string[]; readonly words: Set<string> }>();
  const seen = new Set<string>();
  let unrunnable = 0;
  let size = 0;
  for (const test of tests) {
    const word = testWord(test);
    if (word === undefined) {
      unrunnable++;
      continue;
    }
    if (seen.size >= mostTests || size + word.length > longestList) continue;
    if (!seen.has(word)) size += word.length;
    seen.add(word);
    const options = optionsFor(test);
    const key = isCollected(test) ? `file ${word}` : options.join(' ');
    const group = groups.get(key) ?? { options, words: new Set<string>() };
    groups.set(key, group);
    group.words.add(word);
  }
  const kinds = [...groups.values()];
  const lines = kinds.map(({ options, words }) =>
    within(folder, ['pytest', ...options].join(' ').concat(' ', [...words].join(' \\\n  '))),
  );
  const parts = [
    ...(unrunnable === 0
      ? []
      : [`${unrunnable} that no id can run (an internal error, a name that was cut or is too long)`]),
    ...(all - unrunnable > seen.size ? [`${all - unrunnable - seen.size} more`] : []),
  ];
  return { lines, left: parts.length === 0 ? '' : `Left out: ${parts.join(', ')}.` };
}

/** To be completed and run once somebody knows; undefined where the test has no name that can be given. */
export function teachCommand(testName: string): string | undefined {
  if (!canBeGiven(testName)) return undefined;
  const option = testName.startsWith('-') ? '--test=' : '--test ';
  return `lukhas healix add ${option}${shellWord(testName)} --cause '…' --solution '…'`;
}

/** One for each test, as far as there is room. */
export function teachCommands(testNames: readonly string[], most: number): Commands {
  const lines: string[] = [];
  let size = 0;
  for (const name of testNames) {
    const line = teachCommand(name);
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

/** The test's id as a word; undefined where it is none, or where the database has cut it. */
function testWord({ testName }: Rerunnable): string | undefined {
  const isNone = /^(?:pytest internal error$|a file that could not be collected(?:::|$))/.test(testName);
  const isCut = /…#[0-9a-f]{11}$/.test(testName);
  return isNone || isCut || !canBeGiven(testName) ? undefined : shellPath(testName);
}

/** pytest finds doctests only where it is told to look for them; in `.txt` and `.rst` files it does by itself. */
function optionsFor({ testName, testFile, errorType }: Rerunnable): string[] {
  const [file = '', item, ...rest] = testName.split('::');
  const isDoctest =
    errorType === 'DocTestFailure' ||
    errorType === 'UnexpectedException' ||
    (/\.py$/.test(file) && rest.length === 0 && /^[\w.]+\.\w+$/.test(item ?? ''));
  if (!isDoctest || testFile === undefined) return [];
  if (testFile.endsWith('.py')) return ['--doctest-modules'];
  const extension = /\.[^./]+$/.exec(testFile)?.[0];
  if (extension === undefined || /^\.(?:txt|rst)$/.test(extension)) return [];
  return [shellWord(`--doctest-glob=*${extension}`)];
}

/** A file or folder that pytest could not collect: it stops the whole command it stands in. */
function isCollected({ testName, outcome }: Rerunnable): boolean {
  return outcome === 'error' && !testName.includes('::');
}

/** In a shell of its own: whoever pastes stays where they are. */
function within(folder: string | undefined, command: string): string {
  if (folder === undefined || folder === '' || folder === '.' || !isArgument(folder)) return command;
  // A relative path without a dot would be looked for in CDPATH.
  return `(cd ${shellWord(/^[./]/.test(folder) ? folder : `./${folder}`)} && ${command})`;
}
