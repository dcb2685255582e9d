// Runs the built command lines as a user's shell does: a process of its own, an environment without a CI system.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Default the Node that this process runs on. */
  readonly node?: string;
  /** Kills the process with this signal after so many milliseconds, or once this is so. */
  readonly kill?: { readonly signal: NodeJS.Signals } & (
    | { readonly afterMs: number }
    | { readonly when: (stderr: string) => boolean }
  );
}

const programs = {
  'lukhas-upload': fileURLToPath(new URL('../../dist/cli/upload.js', import.meta.url)),
  lukhas: fileURLToPath(new URL('../../dist/cli/lukhas.js', import.meta.url)),
};

export function runCli(
  program: keyof typeof programs,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.node ?? process.execPath, [programs[program], ...args], {
      cwd: options.cwd,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    const { kill } = options;
    const begun = performance.now();
    const timer = setInterval(() => {
      if (kill === undefined) return clearInterval(timer);
      const isTime =
        'when' in kill ? kill.when(Buffer.concat(err).toString()) : performance.now() - begun >= kill.afterMs;
      if (!isTime) return;
      clearInterval(timer);
      child.kill(kill.signal);
    }, 5);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      resolve({
        code,
        signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
}

/** The objects of `--json`, in order, without the first one, which names the schema. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ kind }) => kind !== 'schema');
}

/** Whether a pseudo-terminal can be made: by `script` of util-linux. */
export const hasPseudoTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

/**
 * Runs a program in a pseudo-terminal and answers its questions.
 *
 * @param answers what is typed once the terminal shows the text before it, in this order
 * @returns all that the terminal showed, and the exit code
 */
export function runInTerminal(
  program: keyof typeof programs,
  args: readonly string[],
  answers: readonly (readonly [shown: string, typed: string])[],
  options: Pick<CliOptions, 'cwd' | 'env'> = {},
): Promise<{ readonly code: number | null; readonly shown: string }> {
  return new Promise((resolve, reject) => {
    const command = [process.execPath, programs[program], ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: options.cwd,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '',
        TERM: 'xterm',
        NO_COLOR: '1',
        ...options.env,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const waiting = [...answers];
    let shown = '';
    let from = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const at = shown.indexOf(next[0], from);
        if (at < 0) return;
        from = at + next[0].length;
        child.stdin.write(next[1]);
        waiting.shift();
      }
    });
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown }));
  });
}
