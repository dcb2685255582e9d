// What both command lines share: streams, exit codes, and errors in words.
import { fstatSync } from 'node:fs';
import { inspect, stripVTControlCharacters } from 'node:util';
import { asOptions, InputError, ReportError, StoreError } from '../errors.ts';
import { safeLine, safeText, withoutCommands } from '../tell/safe.ts';
import { createPaint, type Terminal } from '../tell/terminal/terminal.ts';

/** The contract's exit codes. `failOn`: --fail-on applies, or a check of an installation or a backup found something. */
export const exitCodes = { ok: 0, bug: 1, input: 2, store: 3, failOn: 4 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Standard output or error: the process's own, or what stands for it. */
export type Stream = Pick<NodeJS.WritableStream, 'write' | 'on'> & {
  readonly fd: number;
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** The process's own streams, unless others are given. Colours: --color and --no-color, then NO_COLOR, then FORCE_COLOR, then where they show. */
export function openTerminal(
  args: readonly string[],
  stdout: Stream = process.stdout,
  stderr: Stream = process.stderr,
): Terminal {
  const asked = askedColor(args);
  const shows = (stream: Stream) =>
    asked ?? (stream.isTTY === true || (process.env.GITHUB_ACTIONS === 'true' && isPipe(stream.fd)));
  const color = shows(stdout);
  const plain = shows(stderr) ? (text: string) => text : stripVTControlCharacters;
  const out = openOutlet(stdout);
  const err = openOutlet(stderr);
  return {
    out: (text) => void out(withoutCommands(`${text}\n`)),
    err: (text) => void err(withoutCommands(plain(`${text}\n`))),
    write: out,
    draw: (text) => void err(text),
    paint: createPaint(color),
    columns: Math.min(Math.max(stdout.columns ?? 100, 40), 140),
    interactive:
      stderr.isTTY === true &&
      !isPipe(stdout.fd) &&
      (process.env.CI ?? '') === '' &&
      process.env.TERM !== 'dumb',
  };
}

/** Whether colours are asked for or refused; undefined: as the stream shows them. */
function askedColor(args: readonly string[]): boolean | undefined {
  const words = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length).join(' ');
  const option = /.*(?:^| )--(?:color[= ](auto|always|never)|(no-color))(?= |$)/.exec(words);
  const when = option?.[2] === undefined ? option?.[1] : 'never';
  if (when === 'always' || when === 'never') return when === 'always';
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env;
  if (NO_COLOR !== '' || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false;
  if (FORCE_COLOR !== '') return true;
  return TERM === 'dumb' ? false : undefined;
}

/** Why writing to standard output failed. EPIPE, a reader that has read enough, is no failure. */
let unwritten: NodeJS.ErrnoException | undefined;

/** Writes to a stream and waits for a slow reader. After an error the text is dropped and the work goes on. */
function openOutlet(stream: Stream): (text: string) => Promise<void> {
  let gone = false;
  const waiting: (() => void)[] = [];
  const goOn = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  stream.on('drain', goOn);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    if (error.code !== 'EPIPE' && stream === process.stdout) unwritten ??= error;
    goOn();
  });
  return async (text) => {
    if (gone || stream.write(text)) return;
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
}

/** The reader of a pipe may write to the same terminal, so no progress can be drawn there. */
function isPipe(fd: number): boolean {
  try {
    const info = fstatSync(fd);
    return info.isFIFO() || info.isSocket();
  } catch {
    return true;
  }
}

/** An error as people read it: place, message, fix. An internal error keeps its stack. */
export function describeError(error: unknown, paint: Terminal['paint'], name = asOptions): string {
  if (error instanceof InputError || error instanceof ReportError || error instanceof StoreError) {
    const place = error.place;
    const where =
      place?.file === undefined ? [] : [place.file, place.line, place.column].filter((p) => p !== undefined);
    const byte = place?.byte === undefined ? '' : `, byte ${place.byte}`;
    const head = where.length > 0 ? `${safeLine(where.join(':'))}${byte}: ` : '';
    const state =
      error instanceof StoreError && error.sqlstate !== undefined ? ` (SQLSTATE ${error.sqlstate})` : '';
    const words = error.fixIn(name);
    const fix = words === undefined ? '' : `\n${paint.dim(indent(safeText(words)))}`;
    return `${paint.red('error:')} ${head}${safeText(error.message)}${state}${fix}`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  return `${paint.red('internal error:')} ${safeText(stack)}\n${paint.dim(indent('This is a bug of lukhas-ingest. Please report it with the lines above.'))}`;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InputError || error instanceof ReportError) return exitCodes.input;
  if (error instanceof StoreError) return exitCodes.store;
  return exitCodes.bug;
}

/** A program's main function with its errors told: its result, or the exit code of its error. */
export async function outcomeOf(terminal: Terminal, main: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await main();
  } catch (error) {
    terminal.err(describeError(error, terminal.paint));
    return exitCodeOf(error);
  }
}

/** Runs a program's main function and exits with its result, or with the exit code of its error. */
export async function runDoor(terminal: Terminal, main: () => Promise<ExitCode>): Promise<void> {
  let code = await outcomeOf(terminal, main);
  await flushed(process.stdout);
  if (unwritten !== undefined) {
    terminal.err(
      describeError(
        new InputError({
          code: 'output-lost',
          message: `standard output could not be written to the end (${unwritten.code ?? unwritten.message})`,
          fix: 'Make room where it goes to; what an upload stored is stored.',
        }),
        terminal.paint,
      ),
    );
    if (code === exitCodes.ok) code = exitCodes.input;
  }
  process.exitCode = code;
  await flushed(process.stderr);
  // Exit now: a connection that a server never answers would keep the process alive.
  process.exit(code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
