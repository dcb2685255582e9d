// Words for a shell: text that people copy and run. A word is exact: bash and zsh make the same bytes of it as it was made
// from. It survives where it is shown: no line break or invisible character, nothing that GitHub, the runner's log, or a
// terminal would act on. The only file that quotes for a shell; pure. For showing there is `safeText`.

/** What a terminal acts on, a browser changes, or nobody sees: controls, format characters, all blanks but the space. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

/**
 * Where a word has to be parted, though no shell minds: mentions (mail programs read them in code), our own marks and other
 * comments of HTML, the runner's commands; and the single quote, which ends a quoted part.
 */
const parted = /'|(?<![\w.])@(?=[A-Za-z0-9])|<(?=!--)|(?<=##)\[/g;

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

function octal(char: string): string {
  return [...Buffer.from(char, 'utf8')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** `shellWord` for a path: none is taken for an option, and none for pytest's file of arguments (`@file`). */
export function shellPath(path: string): string {
  return shellWord(/^[-@]/.test(path) ? `./${path}` : path);
}

/** Whether a program can be given the text at all: arguments hold neither U+0000 nor halves of surrogate pairs. */
export function isArgument(text: string): boolean {
  return !/[\u0000\p{Surrogate}]/u.test(text);
}
