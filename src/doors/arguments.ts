// Command lines of both programs, on commander: typed options, help, and errors that say what was meant. Knows no command.
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { InputError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Terminal } from '../tell/terminal/terminal.ts';
import { commandGuesses, optionGuesses, reportGuess, reportGuesses } from './guesses.ts';
import { endOfHelp, helpLayout } from './help.ts';
import { type ExitCode, exitCodes } from './process.ts';
import { version } from './version.generated.ts';

/** An option as a command declares it; `T` is the type of its value. */
export interface Declared<T> {
  readonly option: Option;
  /** The environment variable that is read when the option is absent. Empty counts as absent. */
  readonly variable?: string | undefined;
  /** For lists: which of the words behind the option belong to it. */
  readonly accepts?: (word: string) => boolean;
  /** Never set; carries the type. */
  readonly type?: T;
}
export type Declarations = Readonly<Record<string, Declared<unknown>>>;
export type Values<D extends Declarations> = {
  readonly [K in keyof D]: D[K] extends Declared<infer T> ? T : never;
};

export function text(flags: string, about: string, variable?: string): Declared<string | undefined> {
  return { option: new Option(flags, about), variable };
}

export function flag(flags: string, about: string): Declared<boolean> {
  return { option: new Option(flags, about) };
}

/** Several words, by repeating the option or in a row: `--marker slow unit results.xml`. */
export function list(flags: string, about: string, accepts: (word: string) => boolean): Declared<string[]> {
  return { option: new Option(flags, about), accepts };
}

export function choice<const T extends string>(
  flags: string,
  about: string,
  choices: readonly T[],
  otherwise: NoInfer<T>,
): Declared<T> {
  return { option: new Option(flags, about).choices(choices).default(otherwise) };
}

/** Words with commas between them: `new,no-history`. */
class ListOption extends Option {
  /** The choice that stands alone. */
  readonly alone: string;
  constructor(flags: string, about: string, alone: string) {
    super(flags, about);
    this.alone = alone;
  }
}

/**
 * One of the choices alone, or several of the others with commas between them.
 *
 * @param read checks the words and returns the value
 */
export function choices<T>(
  flags: string,
  about: string,
  words: readonly [string, ...string[]],
  read: (value: string) => T,
): Declared<T> {
  const [alone] = words;
  const option = new ListOption(flags, about, alone).choices(words);
  return { option: option.argParser(read).default(read(alone), alone) };
}

/** What may be typed for an option that takes one of several words, seen from what was typed. */
export function choicesOf(option: Option, typed: string): readonly string[] {
  const all = option.argChoices ?? [];
  const comma = typed.lastIndexOf(',');
  if (!(option instanceof ListOption) || comma < 0) return all;
  const before = typed.slice(0, comma).split(',');
  if (before.includes(option.alone)) return [];
  return all
    .filter((word) => word !== option.alone && !before.includes(word))
    .map((word) => `${typed.slice(0, comma)},${word}`);
}

/** A number of a range, bounds included. */
export function number(
  flags: string,
  about: string,
  { from, to, whole = false }: { readonly from: number; readonly to: number; readonly whole?: boolean },
): Declared<number | undefined> {
  const read = (word: string) => {
    const value = (whole ? /^\d+$/ : /^\d*\.?\d+$/).test(word) ? Number(word) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It takes a ${whole ? 'whole ' : ''}number from ${from} to ${to}.`);
  };
  return { option: new Option(flags, about).argParser(read) };
}

/** Puts options under a heading of their own in the help. */
export function under<D extends Declarations>(heading: string, options: D): D {
  for (const { option } of Object.values(options)) option.helpGroup(`${heading}:`);
  return options;
}

export interface CommandDeclaration<D extends Declarations> {
  /** Half a sentence for the list of commands. */
  readonly summary: string;
  /** Whole sentences for the command's own help. */
  readonly details?: string;
  /** Other names, which are not in the help's list. */
  readonly aliases?: readonly string[];
  /** What follows the command, in commander's form: `<id>`, `[id]`, `[file...]`. */
  readonly words?: string;
  /** What a single word may be. */
  readonly choices?: readonly string[];
  /** Stands in the help for `[options]` and the words. */
  readonly usage?: string;
  readonly options: D;
  /** Shell lines; the help folds them. */
  readonly examples: readonly string[];
  /** Ends the help. */
  readonly closing?: string;
  /** Loads what the command needs, and runs it. */
  run(
    options: Values<D>,
    words: readonly string[],
    terminal: Terminal,
    program: CommandLine,
  ): Promise<ExitCode>;
}

/** Lets TypeScript infer the types of the options in `run`. */
export function command<D extends Declarations>(declaration: CommandDeclaration<D>): CommandDeclaration<D> {
  return declaration;
}

/** A program, a group of commands, or a command. */
export class CommandLine extends Command {
  readonly #declared = new Map<Option, Declared<unknown>>();
  /** The whole command line, of the program itself. */
  #words: readonly string[] = [];
  #exitCode: ExitCode = exitCodes.ok;
  /** Another name of a command, which nobody is told of. */
  isAlias = false;

  override createCommand(name?: string): CommandLine {
    return new CommandLine(name).helpCommand(false);
  }

  get children(): readonly CommandLine[] {
    return this.commands as CommandLine[];
  }

  get program(): CommandLine {
    return this.parent === null ? this : (this.parent as CommandLine).program;
  }

  /** As it is typed: `lukhas db setup`. */
  get path(): string {
    return this.parent === null ? this.name() : `${(this.parent as CommandLine).path} ${this.name()}`;
  }

  /** Gives a command its options, its words, its help and its action. */
  declare<D extends Declarations>(declaration: CommandDeclaration<D>, terminal: Terminal): this {
    const { summary, details, words, choices, usage, options, examples, closing } = declaration;
    const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
    this.summary(summary).description(details === undefined ? sentence : `${sentence}\n\n${details}`);
    if (words !== undefined && choices !== undefined) this.addArgument(new Argument(words).choices(choices));
    else if (words !== undefined) this.arguments(words);
    if (usage !== undefined) this.usage(usage);
    for (const declared of Object.values(options)) {
      this.#declared.set(declared.option, declared);
      this.addOption(declared.option);
    }
    this.addVersion();
    this.endHelp(examples, closing, terminal);
    return this.action(async () => {
      const values = Object.entries(options).map(([name, declared]) => [name, this.#valueOf(declared)]);
      const given = Object.fromEntries(values) as Values<D>;
      this.program.#exitCode = await declaration.run(given, this.args, terminal, this.program);
    });
  }

  /** `-v` prints the version, unless the command has another `-v`; `-V` does so everywhere. */
  addVersion(): this {
    const verbose = this.options.some((option) => option.short === '-v');
    this.optionsGroup('Output:');
    this.version(
      `${this.program.name()} ${version}`,
      verbose ? '-V, --version' : '-v, --version',
      'print the version',
    );
    return this;
  }

  #valueOf({ option, variable }: Declared<unknown>): unknown {
    const value: unknown = this.getOptionValue(option.attributeName());
    if (value !== undefined) return value;
    if (option.isBoolean()) return false;
    if (option.variadic) return [];
    return (variable === undefined ? undefined : process.env[variable]) || undefined;
  }

  /** Ends the help with examples in shell and a paragraph. */
  endHelp(examples: readonly string[], closing: string | undefined, terminal: Terminal): this {
    return this.addHelpText('after', endOfHelp(examples, closing, terminal));
  }

  /** The command of those words; unknown ones end as an unknown command does. */
  find([word, ...rest]: readonly string[]): CommandLine {
    if (word === undefined) return this;
    const child = this.children.find((command) => command.name() === word);
    if (child !== undefined) return child.find(rest);
    this.args = [word];
    return this.error('', { code: 'commander.unknownCommand' });
  }

  /** Reads the words of a command line and runs what they ask for. */
  async run(args: readonly string[]): Promise<ExitCode> {
    this.#words = args;
    try {
      await this.parseAsync(commandFirst(this, args), { from: 'user' });
      return this.#exitCode;
    } catch (error) {
      // commander ends by an error after --help and --version, and after the help for a line without a command.
      if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.input;
      throw error;
    }
  }

  /** Refuses what commander would take for a value, and an option given twice. Lists leave as `--name=value`. */
  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    if (this.children.some((child) => child.name() === args[0])) return super.parseOptions(args);
    const checked: string[] = [];
    const seen = new Set<Option>();
    let current: { readonly name: string; readonly accepts?: Declared<unknown>['accepts'] } | undefined;
    const end = args.indexOf('--');
    const rest = end < 0 ? [...args] : args.slice(0, end);
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === '-V') word = '--version';
      const equals = word.startsWith('--') ? word.indexOf('=') : -1;
      const name = equals < 0 ? word : word.slice(0, equals);
      if (current === undefined) refuseTypeset(word);
      const option = this.options.find((known) => isNamed(known, name));
      if (option === undefined && /^-[a-z]./i.test(word)) this.#checkShortFlags(word);
      if (!/^-./.test(word)) {
        checked.push(current?.accepts?.(word) === true ? `${current.name}=${word}` : word);
        continue;
      }
      current = undefined;
      if (option === undefined || !option.required) {
        if (option !== undefined && equals > 0) throw usage(`${name} takes no value`, `Write ${name}.`);
        checked.push(word);
        continue;
      }
      if (seen.has(option) && !option.variadic)
        throw usage(`${name} is given twice`, `Give it once: ${option.flags}`);
      seen.add(option);
      const value = equals < 0 ? this.#valueFor(option, name, rest.shift()) : word.slice(equals + 1);
      checked.push(`${option.long}=${value}`);
      current = { name: option.long ?? name, accepts: this.#declared.get(option)?.accepts };
    }
    return super.parseOptions(end < 0 ? checked : [...checked, ...args.slice(end)]);
  }

  #valueFor(option: Option, name: string, word: string | undefined): string {
    if (word !== undefined && !/^--?[a-z]|^--$/i.test(word)) return word;
    const takes = option.argChoices === undefined ? option.flags : `one of ${option.argChoices.join(', ')}`;
    const inline = word === undefined ? '' : `; if ${word} is the value, write ${name}=${word}`;
    throw usage(`${name} needs a value`, `It takes ${takes}${inline}.`);
  }

  /** `-qv` is two flags; `-json` and `-report.xml` are meant otherwise. */
  #checkShortFlags(word: string): void {
    const known = [...word.slice(1)].every((letter) =>
      this.options.some(({ short }) => short === `-${letter}`),
    );
    if (!known) this.error(`'${word}'`, { code: 'commander.unknownOption' });
  }

  override help(context?: { error: boolean } | ((text: string) => string)): never {
    if (typeof context === 'object' && context.error && this.parent !== null) {
      const names = this.children.map((child) => child.path);
      throw usage(`\`${this.path}\` needs one more word`, `One of: ${names.join(', ')}.`);
    }
    return super.help(context as { error: boolean });
  }

  override outputHelp(context?: { error: boolean } | ((text: string) => string)): void {
    const [word = '-'] = this.args;
    if (this.children.length > 0 && !word.startsWith('-') && !this.children.some((c) => c.name() === word)) {
      this.error('', { code: 'commander.unknownCommand' });
    }
    super.outputHelp(context as { error: boolean });
  }

  /** All of commander's errors come through here. */
  override error(message: string, options?: { code?: string }): never {
    const line = `Usage: ${this.path} ${this.usage()}`;
    switch (options?.code) {
      case 'commander.unknownOption': {
        const word = (/'(.*)'/s.exec(message)?.[1] ?? '').replace(/=.*/s, '');
        throw usage(`unknown option ${word}`, `${this.#meantOption(word)}See ${this.path} --help.`);
      }
      case 'commander.unknownCommand': {
        const word = this.args[0] ?? '';
        const meant = this.#meantCommand(word);
        throw usage(`there is no command \`${this.path} ${word}\``, `${meant}See ${this.path} --help.`);
      }
      case 'commander.excessArguments': {
        const extra = this.args.slice(this.registeredArguments.length);
        if (this.program.#words.some((word) => typesetQuote.test(word))) throw usage(...typesetQuotes(extra));
        const twice = extra[0] === this.name() ? `Write ${this.name()} once. ` : '';
        throw usage(`one word too many: ${extra.join(' ')}`, `${twice}${line}`);
      }
      case 'commander.missingArgument':
        throw usage(
          message.replace(/^error: missing required argument '(.*)'$/, 'a word is missing: <$1>'),
          line,
        );
      default: {
        const refused = /(?:'(?:-\w, )?(--[\w-]+).*' argument|value) '(.*)' is invalid.*?\. (.*)/s.exec(
          message,
        );
        const [, option = `<${this.registeredArguments[0]?.name()}>`, value = '', takes] = refused ?? [];
        if (refused === null) throw usage(message.replace(/^error: /, ''), line);
        throw usage(`${option} does not take '${value.slice(0, 100)}'`, takes);
      }
    }
  }

  #meantOption(word: string): string {
    const own = this.options.flatMap(({ long, hidden }) => (long == null || hidden ? [] : [long]));
    const has = (option: string) => own.includes(option.replace(/ .*/s, ''));
    if (/^-[^-].*\.(?:xml|json)$/i.test(word))
      return `A file of that name is written ./${word}, or behind --. `;
    if (own.includes(`-${word}`)) return `Did you mean -${word}? `;
    if (has('--coverage') && reportGuesses.includes(word)) return `${reportGuess} `;
    const guessed = optionGuesses[word]?.filter(has) ?? [];
    if (guessed.length > 0) return `Use ${guessed.join(' or ')}. `;
    const bare = (long: string) => long.replace(/^--/, '');
    const near = word.startsWith('--') ? nearest(bare(word), own.map(bare)) : undefined;
    for (const name of [word, ...(optionGuesses[word] ?? []).map((answer) => answer.replace(/ .*/, ''))]) {
      const others = everyCommand(this.program).filter(({ options }) =>
        options.some((o) => isNamed(o, name)),
      );
      if (others.length === 0) continue;
      const shown = others.slice(0, 3).map(({ path }) => path);
      return `${name} is an option of ${shown.join(', ')}${others.length > 3 ? ' and others' : ''}. `;
    }
    return near === undefined ? '' : `Did you mean --${near}? `;
  }

  #meantCommand(word: string): string {
    if (word === this.name()) return `Write ${word} once. `;
    if (/\.xml$/i.test(word)) return `To store a report: lukhas upload ${word}. `;
    const all = everyCommand(this.program);
    const group = this.path.replace(/^\S+ ?/, '');
    const named = (commands: readonly CommandLine[], name: string | undefined) =>
      commands.filter((child) => child.name() === name).map(({ path }) => path);
    const nearestOf = (commands: readonly CommandLine[]) =>
      named(
        commands,
        nearest(
          word,
          commands.map((child) => child.name()),
        ),
      );
    const guessed = commandGuesses[group]?.[word]?.map((answer) => `${this.program.name()} ${answer}`);
    const found = [guessed ?? [], nearestOf(this.children), named(all, word), nearestOf(all)];
    const paths = found.find((paths) => paths.length > 0);
    return paths === undefined ? '' : `Did you mean ${paths.join(' or ')}? `;
  }
}

export function createProgram(name: string, terminal: Terminal): CommandLine {
  const print = (text: string) => terminal.out(text.trimEnd());
  return new CommandLine(name)
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError(false)
    .helpCommand(false)
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('Output:'))
    .configureOutput({
      writeOut: print,
      writeErr: print,
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      getOutHasColors: () => true,
      getErrHasColors: () => true,
    })
    .configureHelp(helpLayout(terminal.paint)) as CommandLine;
}

export function usage(message: string, fix?: string): InputError {
  return new InputError({ code: 'usage', message, fix: fix ?? 'See --help.' });
}

/** – — − at a word's start, and “ ” „ ‘ ’ ‚ « »: what word processors make of -- and of straight quotes. */
const typesetDash = /^[\u2010-\u2015\u2212][-\u2010-\u2015\u2212]*(?=[a-z])/i;
const typesetQuote = /^[\u2018\u201a\u201c\u201e\u00ab]|[\u2019\u201d\u00bb]$/;

function refuseTypeset(word: string): void {
  const dashes = typesetDash.exec(word)?.[0];
  if (dashes === undefined) return;
  const plain = word.slice(dashes.length);
  throw usage(
    `${word} begins with a dash of a word processor`,
    `Write ${plain.length === 1 ? '-' : '--'}${plain}; a file of that name is written ./${word}.`,
  );
}

function typesetQuotes(words: readonly string[]): [string, string] {
  return [
    `one word too many: ${words.join(' ')}`,
    "The quotes come from a word processor, and a shell does not know them. Write straight ones: '…'",
  ];
}

function isNamed({ long, short }: Option, word: string): boolean {
  return word === long || word === short;
}

/** The command and all below it, each by its first name. */
export function everyCommand(command: CommandLine): readonly CommandLine[] {
  return [command, ...command.children.filter(({ isAlias }) => !isAlias).flatMap(everyCommand)];
}

/** Options may stand before the command, as in `lukhas --team x healix list`. `lukhas db help` is `lukhas help db`. */
function commandFirst(program: CommandLine, args: readonly string[]): string[] {
  const words: string[] = [];
  const options: string[] = [];
  const known = everyCommand(program).flatMap((command) => command.options);
  let group = program;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    const child = group.children.find((command) => command.name() === word);
    if (/^-./.test(word) && word !== '--') {
      options.push(word);
      if (known.some((option) => isNamed(option, word) && option.required))
        options.push(...args.slice(++i, i + 1));
    } else if (child !== undefined) {
      words.push(word);
      group = child;
    } else {
      const help = word === 'help' && group !== program && group.children.length > 0;
      return help
        ? [word, ...words, ...options, ...args.slice(i + 1)]
        : [...words, ...options, ...args.slice(i)];
    }
  }
  return [...words, ...options];
}
