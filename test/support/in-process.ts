// The command lines inside the test's own process, for tests of what a command does and says: starting a process takes longer than
// most commands. `npm run test:long` starts the built programs all the same.
import { Readable, Writable } from 'node:stream';
import { createProgram } from '../../src/doors/arguments.ts';
import { lukhas } from '../../src/doors/lukhas/program.ts';
import { openTerminal, outcomeOf, type Stream } from '../../src/doors/process.ts';
import { uploadCommand } from '../../src/doors/upload/command.ts';
import type { Terminal } from '../../src/tell/terminal/terminal.ts';
import { type CliOptions, type CliResult, runCli } from './cli.ts';
import { long } from './long.ts';

type Program = Parameters<typeof runCli>[0];

const programs = {
  lukhas,
  'lukhas-upload': (terminal: Terminal) =>
    createProgram('lukhas-upload', terminal).declare(uploadCommand(), terminal),
} satisfies Record<Program, unknown>;

let before: Promise<unknown> = Promise.resolve();

/** One at a time: the environment, the current folder and the standard streams belong to the process. */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  const run = before.then(work);
  before = run.catch(() => {});
  return run;
}

type Options = Omit<CliOptions, 'kill'>;

/** Runs the program as `runCli` does. */
export function runInProcess(
  program: Program,
  args: readonly string[],
  options: Options = {},
): Promise<CliResult> {
  if (long) return runCli(program, args, options);
  return alone(() => runHere(program, args, options));
}

async function runHere(
  program: Program,
  args: readonly string[],
  { cwd, env, input = '' }: Options,
): Promise<CliResult> {
  const stdout = collector();
  const stderr = collector();
  const mine = { env: process.env, folder: process.cwd(), stdin: process.stdin };
  process.env = { PATH: mine.env.PATH ?? '', HOME: mine.env.HOME ?? '', ...env };
  if (cwd !== undefined) process.chdir(cwd);
  setStandardInput(Readable.from([Buffer.from(input)]));
  try {
    const terminal = openTerminal(args, stdout.stream, stderr.stream);
    const code = await outcomeOf(terminal, () => programs[program](terminal).run(args));
    return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.env = mine.env;
    setStandardInput(mine.stdin);
    process.chdir(mine.folder);
  }
}

function setStandardInput(value: Readable): void {
  Object.defineProperty(process, 'stdin', { value, configurable: true });
}

function collector(): { stream: Stream; text: () => string } {
  const parts: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, { fd: -1 }), text: () => Buffer.concat(parts).toString() };
}
