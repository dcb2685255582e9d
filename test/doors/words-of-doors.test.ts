// A message is in the words of the door that it came through: what both doors can say names a setting by `Naming` alone.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { asInputs } from '../../src/doors/action/inputs.ts';
import { asOptions } from '../../src/errors.ts';
import { storeErrorOf } from '../../src/store/database/server-errors.ts';

const root = fileURLToPath(new URL('../../src', import.meta.url));
const source = (file: string) => readFileSync(join(root, file), 'utf8');

/** The files that a program is made of. */
function reachableFrom(main: string, seen = new Set<string>()): Set<string> {
  if (seen.has(main)) return seen;
  seen.add(main);
  for (const match of source(main).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g))
    reachableFrom(relative(root, join(root, dirname(main), match[1] ?? '')).replaceAll('\\', '/'), seen);
  return seen;
}

/** Every option that a command line declares. */
const options = readdirSync(join(root, 'doors'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('action'))
  .flatMap((file) => [
    ...source(join('doors', file)).matchAll(/\b(?:text|flag|list|choice)\(\s*'(?:-\w, )?(--[a-z-]+)/g),
  ])
  .map((match) => match[1] ?? '');

/** A line's words without comments, and without whole commands that an administrator runs at a terminal. */
const words = (line: string) =>
  line
    .replace(/^\s*(?:\/\/|\/?\*).*/, '')
    .replace(/\\?`lukhas [^`]*`/g, '')
    .replace(/`lukhas-upload \$\{/g, '${');

/** Lines that are no message of the Action's, by file. */
const exempt: Readonly<Record<string, RegExp>> = {
  // The table of names, and where the Action turns them into inputs.
  'settings.ts': /^ *\w+: '--[a-z-]+',$|See lukhas-upload --help/,
  'doors/action/inputs.ts': /error\.message\.replace\(/,
  // Options of git.
  'context/commits.ts': /\blines\('/,
  'context/diff.ts': /'--no-color',/,
  // Options of pytest and `lukhas healix` in commands for a terminal.
  'tell/commands.ts': /--test|--rootdir|--run /,
  // The page's list of memories fails with none of the messages of `lukhas healix`.
  'store/healix/memories.ts': /./,
  // The page asks about a repository as a whole, and never why no run is of a scope.
  'store/questions/scope.ts': /--all asks about all|--since \$\{day\(/,
  // Colours of the page.
  'tell/page/client.generated.ts': /^export const (?:script|style) = /,
  // `lukhas db` makes logins; the other line is said only where the door has the option.
  'store/schema/access.ts': /--role <new name>|--drop-login|\$\{allow\}/,
};

function finds(files: Iterable<string>, pattern: RegExp): string[] {
  return [...files].flatMap((file) =>
    source(file)
      .split('\n')
      .flatMap((line, i) =>
        pattern.test(words(line)) && exempt[file]?.test(line) !== true
          ? [`${file}:${i + 1}: ${line.trim()}`]
          : [],
      ),
  );
}

describe('messages', () => {
  it('that the Action can say name no option of the command line', () => {
    expect(options.length).toBeGreaterThan(30);
    const files = reachableFrom('doors/action/main.ts');
    expect([...files]).toContain('store/database/server-errors.ts');
    const option = new RegExp(`(?<![\\w-])(?:${[...new Set(options)].join('|')})(?![\\w-])|lukhas-upload -`);
    expect(finds(files, option)).toEqual([]);
  });

  it('that a command line can say name no input of the Action', () => {
    const files = ['doors/upload/main.ts', 'doors/lukhas/main.ts'].flatMap((main) => [
      ...reachableFrom(main),
    ]);
    expect(finds(new Set(files), /\bthe input [a-z]|\bwith: \{/)).toEqual([]);
  });

  it('name the same setting in the words of either door', () => {
    const error = storeErrorOf(Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), {
      host: 'db',
      port: 5432,
      database: 'd',
      user: 'u',
    });
    expect(error.fixIn(asOptions)).toContain('with --ssl-ca,');
    expect(error.fixIn(asInputs)).toContain('with the input ssl-ca,');
  });
});
