// Starts the bundled Action as GitHub's runner does: Node 24, inputs and files by the environment, and nothing else of this
// machine's. Reads its log as the runner does, by a port of the runner's two parsers of commands.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node24 } from './node24.ts';

const bundle = fileURLToPath(new URL('../../dist/action/index.mjs', import.meta.url));

export interface RunnerCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

export interface ActionResult {
  readonly code: number | null;
  readonly log: string;
  readonly stderr: string;
  readonly commands: readonly RunnerCommand[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly wallMs: number;
  /** Highest resident set, as the kernel saw it; 0 where there is no /proc. */
  readonly peakBytes: number;
}

export interface ActionRun {
  /** The workspace. */
  readonly cwd: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly event?: { readonly name: string; readonly payload?: unknown; readonly path?: string };
  readonly apiUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the runner gives a step: its environment, and where the step leaves outputs and summary. */
export function prepareStep(run: ActionRun): {
  readonly env: Record<string, string>;
  readonly left: () => Pick<ActionResult, 'outputs' | 'summary'>;
} {
  const files = mkdtempSync(join(tmpdir(), 'lukhas-runner-'));
  const file = (name: string, content = '') => {
    writeFileSync(join(files, name), content);
    return join(files, name);
  };
  const event = run.event ?? { name: 'push', payload: {} };
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
    GITHUB_ACTIONS: 'true',
    CI: 'true',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: '9000000001',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_JOB: 'test',
    GITHUB_WORKFLOW: 'CI',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_SHA: '3333333333333333333333333333333333333333',
    GITHUB_EVENT_NAME: event.name,
    GITHUB_EVENT_PATH: event.path ?? file('event.json', JSON.stringify(event.payload ?? {})),
    GITHUB_OUTPUT: file('output'),
    GITHUB_STEP_SUMMARY: file('summary'),
    GITHUB_WORKSPACE: run.cwd,
    GITHUB_API_URL: run.apiUrl ?? 'http://127.0.0.1:9',
    // As action.yml's defaults give them.
    'INPUT_GITHUB-TOKEN': 'ghs_token.of.the.job',
    INPUT_MATRIX: 'null',
    ...Object.fromEntries(
      Object.entries(run.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
    ...run.env,
  };
  return {
    env,
    left: () => ({
      outputs: readOutputs(readFileSync(join(files, 'output'), 'utf8')),
      summary: readFileSync(join(files, 'summary'), 'utf8'),
    }),
  };
}

/** One step of a workflow. */
export async function runAction(run: ActionRun): Promise<ActionResult> {
  const { env, left } = prepareStep(run);
  const started = performance.now();
  const child = spawn(node24(), [bundle], { cwd: run.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentPeak(child.pid));
  }, 20);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => clearInterval(watch));
  const wallMs = performance.now() - started;
  const log = Buffer.concat(out).toString();
  return {
    code,
    log,
    stderr: Buffer.concat(err).toString(),
    commands: runnerCommands(log),
    ...left(),
    wallMs,
    peakBytes,
  };
}

function residentPeak(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/**
 * What the runner takes for commands: ActionCommand.TryParseV2 (`::name k=v::message` at a line's start, blanks before it
 * allowed) and ActionCommand.TryParse (`##[name k=v]message` anywhere in a line). Lines end as .NET's reader ends them.
 */
export function runnerCommands(log: string): RunnerCommand[] {
  return log.split(/\r\n|\r|\n/).flatMap((line) => {
    const command = parseV2(line) ?? parseV1(line);
    return command === undefined ? [] : [command];
  });
}

function parseV2(line: string): RunnerCommand | undefined {
  const text = line.replace(/^[\s\u0085]+/u, '');
  if (!text.startsWith('::')) return undefined;
  const end = text.indexOf('::', 2);
  if (end < 0) return undefined;
  return parseInfo(text.slice(2, end), text.slice(end + 2), ',', true);
}

function parseV1(line: string): RunnerCommand | undefined {
  const start = line.indexOf('##[');
  if (start < 0) return undefined;
  const end = line.indexOf(']', start);
  if (end < 0) return undefined;
  return parseInfo(line.slice(start + 3, end), line.slice(end + 1), ';', false);
}

function parseInfo(info: string, data: string, separator: string, v2: boolean): RunnerCommand | undefined {
  const space = info.indexOf(' ');
  const name = space < 0 ? info : info.slice(0, space);
  if (name === '') return undefined;
  const pairs = space < 0 ? [] : info.slice(space + 1).split(separator);
  const properties = Object.fromEntries(
    pairs.flatMap((pair) => {
      const [key = '', ...value] = pair.trim().split('=');
      return value.length === 0 ? [] : [[key, unescaped(value.join('='), v2)]];
    }),
  );
  return { name, properties, message: unescaped(data, v2) };
}

function unescaped(text: string, v2: boolean): string {
  if (!v2)
    return text.replaceAll('%3B', ';').replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%5D', ']');
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

/** The file of `GITHUB_OUTPUT`: `name<<delimiter`, lines, `delimiter`. */
function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const [name = '', delimiter] = (lines[i] ?? '').split('<<');
    if (delimiter === undefined) continue;
    const end = lines.indexOf(delimiter, i + 1);
    outputs[name] = lines.slice(i + 1, end).join('\n');
    i = end;
  }
  return outputs;
}
