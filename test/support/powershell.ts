// What PowerShell makes of a command line, and a program of its words: written from the documentation, because no machine of
// ours has PowerShell. Throws at anything that it does not know.
// Sources: about_Quoting_Rules, about_Special_Characters, about_Preference_Variables ($PSNativeCommandArgumentPassing),
// PowerShell/PowerShell#18617 and #26432 (5.1 against 7.3), "Parsing C++ command-line arguments" (the C runtime).

/** The words of one command, as PowerShell has them before it starts the program. */
export function powershellWords(command: string): string[] {
  const words: string[] = [];
  let rest = command.replaceAll(' `\n', ' ').trim();
  while (rest !== '') {
    const [token, word] = readWord(rest);
    words.push(word);
    rest = rest.slice(token.length);
    if (rest !== '' && !/^ /.test(rest)) throw new Error(`a quoted word goes on: ${rest}`);
    rest = rest.trimStart();
  }
  return words;
}

const single = /^['\u2018-\u201b]((?:[^'\u2018-\u201b]|['\u2018-\u201b]{2})*)['\u2018-\u201b]/u;
const double = /^["\u201c-\u201e]((?:[^"\u201c-\u201e`]|`[\s\S]|["\u201c-\u201e]{2})*)["\u201c-\u201e]/u;

function readWord(text: string): [token: string, word: string] {
  const verbatim = single.exec(text);
  if (verbatim !== null) return [verbatim[0], (verbatim[1] ?? '').replace(/(['\u2018-\u201b])./gu, '$1')];
  const expandable = double.exec(text);
  if (expandable !== null) {
    const word = (expandable[1] ?? '').replace(
      /`([\s\S])|\$\(\)|\$|(["\u201c-\u201e])./gu,
      (all, escaped, quote) => {
        if (all === '$()') return '';
        if (all === '$' || /[0abefnrtuv]/.test(escaped ?? '')) throw new Error(`expanded: ${text}`);
        return escaped ?? quote;
      },
    );
    return [expandable[0], word];
  }
  const bare = /^[^ ]+/.exec(text)?.[0] ?? '';
  if (!/^[\w./=:-]+$/.test(bare)) throw new Error(`not a plain word: ${bare}`);
  return [bare, bare];
}

/** 5.1: double quotes around a word with blanks, and nothing escaped. */
export function argumentsBy51(words: readonly string[]): string[] {
  return byTheRuntime(words.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(' '));
}

/** 7.3 and later, for an .exe: as .NET's ArgumentList, which escapes for the C runtime. */
export function argumentsBy73(words: readonly string[]): string[] {
  return byTheRuntime(
    words
      .map((word) =>
        word !== '' && !/[\s"]/.test(word)
          ? word
          : `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&')}"`,
      )
      .join(' '),
  );
}

/** Backslashes count only before a double quote: two are one, an odd one makes the quote a character. */
function byTheRuntime(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let inside = false;
  for (let at = 0; at < line.length; at++) {
    const run = /^\\+(?=")/.exec(line.slice(at))?.[0].length ?? 0;
    if (run > 0) {
      word = (word ?? '') + '\\'.repeat(Math.floor(run / 2));
      at += run;
      if (run % 2 === 1) word += '"';
      else inside = !inside;
    } else if (line[at] === '"') {
      word ??= '';
      inside = !inside;
    } else if (!inside && /\s/.test(line[at] ?? '')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + line[at];
  }
  return word === undefined ? words : [...words, word];
}
