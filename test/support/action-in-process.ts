// The Action inside the test's own process, on its own Node, for tests of what a step says: a process of Node 24 takes several times
// as long to start as the step takes. `npm run test:long` starts the bundle all the same.
import { runStep } from '../../src/doors/action/main.ts';
import { alone } from './in-process.ts';
import { long } from './long.ts';
import { type ActionResult, type ActionRun, prepareStep, runAction, runnerCommands } from './runner.ts';

/** Runs the step as `runAction` does; in a process of its own where it brings what Node loads first. */
export function runActionHere(run: ActionRun): Promise<ActionResult> {
  return long || run.env?.NODE_OPTIONS !== undefined ? runAction(run) : alone(() => runHere(run));
}

async function runHere(run: ActionRun): Promise<ActionResult> {
  const { env, left } = prepareStep(run);
  const mine = { env: { ...process.env }, folder: process.cwd() };
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  const started = performance.now();
  setEnvironment(env);
  process.chdir(run.cwd);
  try {
    const code = await runStep();
    const log = stdout.text();
    return {
      code,
      log,
      stderr: stderr.text(),
      commands: runnerCommands(log),
      ...left(),
      wallMs: performance.now() - started,
      peakBytes: 0,
    };
  } finally {
    stdout.end();
    stderr.end();
    setEnvironment(mine.env);
    process.chdir(mine.folder);
  }
}

/** In its place: modules of the Action hold on to the object. */
function setEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
}

/** What is written to a stream of the process until the end. */
function capture(stream: NodeJS.WriteStream): { text: () => string; end: () => void } {
  const parts: Buffer[] = [];
  const { write } = stream;
  stream.write = (chunk: string | Uint8Array) => {
    parts.push(Buffer.from(chunk));
    return true;
  };
  return {
    text: () => Buffer.concat(parts).toString(),
    end: () => {
      stream.write = write;
    },
  };
}
