// What both command-line doors share: streams, exit codes, and one way to say what went wrong.
import { InputError, ReportError, StoreError } from './errors.ts';
import { createPaint, safeLine, safeText, type Terminal } from './tell/terminal.ts';

/** The contract's exit codes. */
export const exitCodes = { ok: 0, bug: 1, input: 2, store: 3, failOn: 4 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The process's own streams; colours only where a terminal shows them and nobody asked for none. */
export function openTerminal(options: { readonly noColor?: boolean | undefined } = {}): Terminal {
  const color =
    options.noColor !== true &&
    (process.env.NO_COLOR ?? '') === '' &&
    process.env.TERM !== 'dumb' &&
    (process.stdout.isTTY === true || (process.env.FORCE_COLOR ?? '') !== '');
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    write: async (text) => {
      if (process.stdout.write(text)) return;
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    },
    draw: (text) => void process.stderr.write(text),
    paint: createPaint(color),
    columns: Math.min(Math.max(process.stdout.columns ?? 100, 60), 140),
    interactive:
      process.stderr.isTTY === true && (process.env.CI ?? '') === '' && process.env.TERM !== 'dumb',
  };
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

/** Runs a door's main function; its result or its error decides the exit code. A closed pipe (`| head`) is no error. */
export async function runDoor(terminal: Terminal, main: () => Promise<ExitCode>): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    throw error;
  });
  try {
    process.exitCode = await main();
  } catch (error) {
    terminal.err(describeError(error, terminal.paint));
    process.exitCode = exitCodeOf(error);
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
