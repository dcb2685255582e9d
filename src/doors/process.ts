// What both command-line doors share: streams, exit codes, and one way to say what went wrong.
import { fstatSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { InputError, ReportError, StoreError } from '../errors.ts';
import { createPaint, safeLine, safeText, type Terminal } from '../tell/terminal/terminal.ts';

/** The contract's exit codes. */
export const exitCodes = { ok: 0, bug: 1, input: 2, store: 3, failOn: 4 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The process's own streams; colours only where a terminal shows them and nobody asked for none. */
export function openTerminal(options: { readonly noColor?: boolean | undefined } = {}): Terminal {
  const forced = (process.env.FORCE_COLOR ?? '') !== '';
  const color =
    options.noColor !== true &&
    (process.env.NO_COLOR ?? '') === '' &&
    process.env.TERM !== 'dumb' &&
    (process.stdout.isTTY === true || forced);
  const plain = process.stderr.isTTY === true || forced ? (text: string) => text : stripVTControlCharacters;
  const out = openOutlet(process.stdout);
  const err = openOutlet(process.stderr);
  return {
    out: (text) => void out(`${text}\n`),
    err: (text) => void err(plain(`${text}\n`)),
    write: out,
    draw: (text) => void err(text),
    paint: createPaint(color),
    columns: Math.min(Math.max(process.stdout.columns ?? 100, 60), 140),
    interactive:
      process.stderr.isTTY === true &&
      !isPipe(process.stdout.fd) &&
      (process.env.CI ?? '') === '' &&
      process.env.TERM !== 'dumb',
  };
}

/** Why standard output takes no more, other than that nobody reads it. */
let unwritten: NodeJS.ErrnoException | undefined;

/** Writes, and waits where the reader is slow. Once nothing can be written any more words are lost; the work goes on. */
function openOutlet(stream: NodeJS.WriteStream): (text: string) => Promise<void> {
  let gone = false;
  const waiting: (() => void)[] = [];
  const goOn = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  stream.on('drain', goOn);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    // `| head` has read enough.
    if (error.code !== 'EPIPE' && stream === process.stdout) unwritten ??= error;
    goOn();
  });
  return async (text) => {
    if (gone || stream.write(text)) return;
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
}

/** Whoever reads a pipe may write to the same terminal: nothing can be drawn there. */
function isPipe(fd: number): boolean {
  try {
    const info = fstatSync(fd);
    return info.isFIFO() || info.isSocket();
  } catch {
    return true;
  }
}

/** One message for a person: what, where, and the fix. A bug of ours keeps its stack. */
export function describeError(error: unknown, paint: Terminal['paint']): string {
  if (error instanceof InputError || error instanceof ReportError || error instanceof StoreError) {
    const place = error.place;
    const where =
      place?.file === undefined ? [] : [place.file, place.line, place.column].filter((p) => p !== undefined);
    const byte = place?.byte === undefined ? '' : `, byte ${place.byte}`;
    const head = where.length > 0 ? `${safeLine(where.join(':'))}${byte}: ` : '';
    const state =
      error instanceof StoreError && error.sqlstate !== undefined ? ` (SQLSTATE ${error.sqlstate})` : '';
    const fix = error.fix === undefined ? '' : `\n${paint.dim(indent(safeText(error.fix)))}`;
    return `${paint.red('error:')} ${head}${safeText(error.message)}${state}${fix}`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${paint.red('internal error:')} ${safeText(stack)}\n${paint.dim(indent('This is a bug of lukhas-ingest. Please report it with the lines above.'))}`;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InputError || error instanceof ReportError) return exitCodes.input;
  if (error instanceof StoreError) return exitCodes.store;
  return exitCodes.bug;
}

/** Runs a door's main function; its result or its error decides the exit code. */
export async function runDoor(terminal: Terminal, main: () => Promise<ExitCode>): Promise<void> {
  let code: ExitCode;
  try {
    code = await main();
  } catch (error) {
    terminal.err(describeError(error, terminal.paint));
    code = exitCodeOf(error);
  }
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
  // Not by itself: a connection that a server never answers would keep the process waiting.
  process.exit(code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
