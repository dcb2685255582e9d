// How help looks: folded to the terminal's width, groups of commands opened, examples that can be pasted.
import { type Command, Help } from 'commander';
import type { Paint, Terminal } from '../tell/terminal/terminal.ts';

const base = new Help();
base.minWidthToWrap = 20;
/** With less room than this beside the options, what they do stands below them. */
const narrowColumn = 36;

export function helpLayout(paint: Paint): Partial<Help> {
  return {
    minWidthToWrap: base.minWidthToWrap,
    styleTitle: paint.bold,
    commandUsage(command) {
      return base
        .boxWrap(base.commandUsage(command), (this.helpWidth ?? 80) - 7)
        .replaceAll('\n', '\n       ');
    },
    visibleCommands: (group) =>
      base.visibleCommands(group).flatMap((child) => {
        const below = base.visibleCommands(child);
        return below.length === 0 ? [child] : below;
      }),
    optionDescription({ description, argChoices, defaultValue, defaultValueDescription }) {
      if (argChoices === undefined) return description;
      return `${description} (${argChoices.join(', ')}; default ${defaultValueDescription ?? defaultValue})`;
    },
    subcommandTerm: (command) => (command as Command & { readonly path: string }).path.replace(/^\S+ /, ''),
    formatItem(term, termWidth, about, helper) {
      const width = helper.helpWidth ?? 80;
      const room = width - termWidth - 4;
      if (about === '') return `  ${term}`;
      if (room < narrowColumn) return `  ${term}\n${base.boxWrap(about, width - 6).replace(/^/gm, '      ')}`;
      const indent = ' '.repeat(termWidth + 4);
      return `  ${term.padEnd(termWidth)}  ${base.boxWrap(about, room).replaceAll('\n', `\n${indent}`)}`;
    },
  };
}

/** Folds a shell line between its words, so that it can still be pasted. */
function foldShell(line: string, width: number): string {
  // An option and its value stay together where they fit.
  const pairs = line.match(/(?:--[\w-]+ (?!-))?(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  const words = pairs.flatMap((pair) => (pair.length + 6 > width ? pair.split(/(?<=^--[\w-]+) /) : [pair]));
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `    ${word}`);
  }
  return lines.join(' \\\n');
}

/** Examples, folded, and a paragraph below them. */
export function endOfHelp(
  examples: readonly string[],
  closing: string | undefined,
  { paint, columns }: Terminal,
): string {
  const lines = examples.map((example) => `  ${foldShell(example, columns - 4)}`);
  const end = closing === undefined ? '' : `\n\n${base.boxWrap(closing, columns)}`;
  return `\n${paint.bold('Examples:')}\n${lines.join('\n')}${end}`;
}
