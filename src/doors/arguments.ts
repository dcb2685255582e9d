// Reading command lines: node's parseArgs with the conveniences people expect. Both command-line doors use it.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { InputError } from '../errors.ts';
import { nearest } from '../nearest.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

export interface ParsedArguments {
  readonly values: Values;
  readonly positionals: readonly string[];
}

/**
 * Parses a command line. An option marked in `lists` takes every word behind it that `accepts` does not leave to the
 * positionals: `--marker slow unit results.xml`.
 *
 * @throws InputError `usage` with the nearest option that exists
 */
export function parseCommandLine(
  args: readonly string[],
  options: Options,
  lists: Readonly<Record<string, (word: string) => boolean>> = {},
): ParsedArguments {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values: Record<string, string | boolean | (string | boolean)[]> = {};
  const positionals: string[] = [];
  let list: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') {
      list = undefined;
      continue;
    }
    if (token.kind === 'positional') {
      const more = list === undefined ? undefined : values[list];
      if (list !== undefined && Array.isArray(more) && lists[list]?.(token.value) === true)
        more.push(token.value);
      else positionals.push(token.value);
      continue;
    }
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw unknownOption(token.rawName, options);
    let value: string | boolean;
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value`);
      value = true;
    } else {
      // A word that begins with a hyphen is an option that stands where a value is missing, unless written with =.
      if (token.value === undefined || (!token.inlineValue && /^--?[a-z]/.test(token.value))) {
        throw usage(`${token.rawName} needs a value`);
      }
      value = token.value;
    }
    list = token.name in lists ? token.name : undefined;
    if (option.multiple === true) {
      const more = values[token.name];
      if (Array.isArray(more)) more.push(value);
      else values[token.name] = [value];
    } else if (token.name in values && option.type === 'string')
      throw usage(`${token.rawName} is given twice`);
    else values[token.name] = value;
  }
  return { values, positionals };
}

export function usage(message: string, fix?: string): InputError {
  return new InputError({ code: 'usage', message, fix: fix ?? 'See --help.' });
}

function unknownOption(rawName: string, options: Options): InputError {
  const names = Object.keys(options).map((name) => `--${name}`);
  const near = nearest(rawName, names);
  return usage(
    `unknown option ${rawName}`,
    near === undefined ? undefined : `Did you mean ${near}? See --help.`,
  );
}

export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function texts(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value)
    ? value.filter((v) => typeof v === 'string')
    : typeof value === 'string'
      ? [value]
      : [];
}

export function flag(values: Values, name: string): boolean {
  return values[name] === true;
}
