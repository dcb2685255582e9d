// Words for a shell: text that people copy and run. A word is exact: bash and zsh make the same bytes of it as it was made
// from. It survives where it is shown: no line break or invisible character, nothing that GitHub, the runner's log, or a
// terminal would act on. PowerShell has a form of its own, for reports that came from Windows. The only file that quotes for a
// shell; pure. For showing there is `safeText`.

/** How commands are written for a shell. */
export interface Shell {
  /** One word; undefined where the shell cannot give the text to a program. */
  word(text: string): string | undefined;
  /** At the end of a line whose command goes on. */
  readonly more: string;
  /** Runs a command in a folder (a word), and nowhere else where there is no such folder. */
  inFolder(folder: string, command: string): string;
}

/** bash and zsh. */
export const posix: Shell = {
  word: shellWord,
  more: ' \\\n  ',
  // In a shell of its own: whoever pastes stays where they are.
  inFolder: (folder, command) => `(cd ${folder} && ${command})`,
};

/** Windows PowerShell 5.1 and PowerShell 7. 5.1 has no `&&`. */
export const powershell: Shell = {
  word: powershellWord,
  more: ' `\n  ',
  inFolder: (folder, command) =>
    `Push-Location -LiteralPath ${folder} -ErrorAction Stop; ${command}; Pop-Location`,
};

/** What a terminal acts on, a browser changes, or nobody sees: controls, format characters, all blanks but the space. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

/**
 * Where a word has to be parted, though no shell minds: mentions (mail programs read them in code), our own marks and other
 * comments of HTML, commands of CI systems (`##[x]`, `##vso[x]`).
 */
const live = /(?<![\w.])@(?=[A-Za-z0-9])|<(?=!--)|(?<=##\w{0,20})\[/g;
/** The same, and the single quote, which ends a quoted part. */
const parted = new RegExp(`'|${live.source}`, 'g');

/**
 * One word for bash and zsh: in single quotes, or in `$'…'` where it holds what nobody could copy. Both read these alike in
 * any locale and with any option: `!` is quoted from the history, bytes are octal.
 *
 * Shape: `'tests/t.py::test_a[it'\''s]'`, `$'t.py::test[a\012b]'`.
 */
export function shellWord(text: string): string {
  if (unprintable.test(text)) {
    // Neither ' nor ! stays itself: old shells look for them in $'…' before they read it.
    const quoted = [...text].map((char) =>
      unprintable.test(char) || /['\\!@<#]/.test(char) ? octal(char) : char,
    );
    return `$'${quoted.join('')}'`;
  }
  const pieces: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(parted)) {
    if (index > from) pieces.push(`'${text.slice(from, index)}'`);
    pieces.push(`\\${text.charAt(index)}`);
    from = index + 1;
  }
  if (from < text.length || text === '') pieces.push(`'${text.slice(from)}'`);
  return pieces.join('');
}

/**
 * One word for PowerShell: in single quotes, or in double quotes where it has to be parted (an empty `$()` parts it). undefined
 * where no form is right in both 5.1 and 7.3: 5.1 drops a double quote that is not escaped for the program and 7.3 escapes
 * it itself; 5.1 puts a word with blanks in double quotes, and a backslash at its end escapes the last one; what nobody could
 * copy has no escape in 5.1.
 *
 * Sources: about_Quoting_Rules (typographic quotes are quotes), about_Preference_Variables ($PSNativeCommandArgumentPassing),
 * PowerShell/PowerShell#18617, #26432. For programs that are an .exe (pytest) or npm's .ps1 (lukhas).
 *
 * Shape: `'tests/t.py::test_a[it''s]'`, `"t.py::test[@$()octocat]"`.
 */
export function powershellWord(text: string): string | undefined {
  if (unprintable.test(text) || text.includes('"') || (text.includes(' ') && text.endsWith('\\')))
    return undefined;
  if (text.search(live) < 0) return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
  const escaped = text.replace(/[$`\u2018-\u201e]/g, '`$&');
  return `"${escaped.replace(live, (mark) => (mark === '[' ? '$()[' : `${mark}$()`))}"`;
}

function octal(char: string): string {
  return [...Buffer.from(char, 'utf8')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** `shellWord` for a path. */
export function shellPath(path: string): string {
  return shellWord(plainPath(path));
}

/** A path that is taken neither for an option nor for pytest's file of arguments (`@file`). */
export function plainPath(path: string): string {
  return /^[-@]/.test(path) ? `./${path}` : path;
}

/** Whether a program can be given the text at all: arguments hold neither U+0000 nor halves of surrogate pairs. */
export function isArgument(text: string): boolean {
  return !/[\u0000\p{Surrogate}]/u.test(text);
}
