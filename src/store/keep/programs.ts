// Runs PostgreSQL's own programs (pg_dump, pg_restore, initdb, postgres): which is used, with which connection, and what it said. A
// password travels in the child's environment, never among its words, which every user of a machine can list.
import { execFile, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { InputError, StoreError } from '../../errors.ts';
import { parseConnectionUrl } from '../database/connection-url.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Of an error or a warning no more than this is kept. */
const mostWords = 20_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: Env;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end; what it wrote is bounded. Never a shell. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Ended> {
  const { uid, gid, signal } = options;
  const spawned: SpawnOptions = {
    env: options.env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd,
    ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
    ...(signal === undefined ? {} : { signal }),
  };
  const child = spawn(program, args, spawned);
  const keep = (stream: NodeJS.ReadableStream | null) => {
    let text = '';
    stream?.on('data', (chunk: Buffer) => {
      if (text.length < mostWords * 50) text += chunk.toString();
    });
    return () => text;
  };
  const [stdout, stderr] = [keep(child.stdout), keep(child.stderr)];
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (status) => resolve(status));
  }).catch((error: Error) => {
    stopIfAborted(signal);
    throw error;
  });
  stopIfAborted(signal);
  return { code, stdout: stdout(), stderr: stderr().slice(0, mostWords) };
}

/** @throws StoreError `cancelled` */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new StoreError({
    code: 'cancelled',
    message: 'cancelled',
    fix: 'Nothing was left behind.',
  });
}

export interface Program {
  readonly path: string;
  readonly major: number;
}

/** Where systems put the programs of one major version beside the PATH. */
const placesOf = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/opt/homebrew/opt/postgresql@${major}/bin`,
  `/usr/local/opt/postgresql@${major}/bin`,
  `/Library/PostgreSQL/${major}/bin`,
];

/** The major version of a program in a folder; undefined where it is not there. */
async function majorOf(file: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], { timeout: 10_000, cwd: '/' });
    const major = /\b(\d+)(?:\.\d+|devel|beta|rc)/.exec(stdout)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}

/**
 * The folders with all of these programs, those of the PATH first.
 *
 * @param majors which versions to look for beside the PATH
 */
export async function findPrograms(
  names: readonly string[],
  majors: readonly number[],
  env: Env,
): Promise<readonly { readonly folder: string; readonly major: number }[]> {
  const onPath = (env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const found: { folder: string; major: number }[] = [];
  for (const folder of [...new Set([...onPath, ...majors.flatMap(placesOf)])]) {
    const files = names.map((name) => path.join(folder, name));
    const there = await Promise.all(
      files.map((file) =>
        stat(file).then(
          (info) => info.isFile(),
          () => false,
        ),
      ),
    );
    if (!there.every(Boolean)) continue;
    const versions = await Promise.all(files.map(majorOf));
    const [major] = versions;
    if (major !== undefined && versions.every((version) => version === major)) found.push({ folder, major });
  }
  return found;
}

/** @throws InputError `pg-program`, naming the package to install */
export async function requireProgram(name: string, major: number, why: string, env: Env): Promise<Program> {
  const found = await findPrograms([name], [major], env);
  const match = found.find((one) => one.major === major);
  if (match !== undefined) return { path: path.join(match.folder, name), major };
  const other = found[0];
  throw new InputError({
    code: 'pg-program',
    message:
      other === undefined
        ? `${name} of PostgreSQL ${major} is not installed: ${why}`
        : `${name} here is of PostgreSQL ${other.major}, and PostgreSQL ${major} is needed: ${why}`,
    fix: packageOf(major, 'client'),
  });
}

/** How the programs of a version are installed. */
export function packageOf(major: number, kind: 'client' | 'server'): string {
  const debian = kind === 'client' ? `postgresql-client-${major}` : `postgresql-${major}`;
  return `Debian, Ubuntu: apt-get install ${debian} (from apt.postgresql.org where the system has another version); Fedora, RHEL: postgresql${major}${kind === 'client' ? '' : '-server'} of yum.postgresql.org; macOS: brew install postgresql@${major}.`;
}

/**
 * Runs work with the environment that tells libpq's programs the connection of a URL: its server, its encryption and its password.
 *
 * @param sslCa as for our own connection: PEM text or a file's path
 */
export async function withConnection<T>(
  url: string,
  { env, sslCa }: { readonly env: Env; readonly sslCa: string | undefined },
  work: (env: Env) => Promise<T>,
): Promise<T> {
  const settings = parseConnectionUrl(url, env);
  const folder = await mkdtemp(path.join(tmpdir(), 'lukhas-pg-'));
  try {
    let authority = (sslCa ?? settings.rootCertificate)?.trim();
    if (authority?.includes('-----BEGIN'))
      authority = await written(folder, authority.replaceAll('\\n', '\n'));
    else if (authority === undefined || authority === '' || authority === 'system')
      authority = await written(folder, rootCertificates.join('\n'));
    const modes = {
      off: 'disable',
      unverified: 'require',
      'verify-ca': 'verify-ca',
      'verify-full': 'verify-full',
    };
    return await work({
      ...plainEnv(env),
      PGHOST: settings.host,
      PGPORT: String(settings.port),
      PGUSER: settings.user,
      PGDATABASE: settings.database,
      PGAPPNAME: settings.applicationName,
      PGSSLMODE: modes[settings.tls],
      PGCONNECT_TIMEOUT: '30',
      ...(settings.tls.startsWith('verify') ? { PGSSLROOTCERT: authority } : {}),
      ...(settings.channelBinding ? { PGCHANNELBINDING: 'require' } : {}),
      ...(settings.startOptions === undefined ? {} : { PGOPTIONS: settings.startOptions }),
      ...(settings.password === undefined ? {} : { PGPASSWORD: settings.password }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function written(folder: string, pem: string): Promise<string> {
  const file = path.join(folder, 'authority.pem');
  await writeFile(file, pem, { mode: 0o600 });
  return file;
}

/** What a program needs of ours, and messages in English, which are read. */
export function plainEnv(env: Env): Env {
  const { PATH, HOME, TMPDIR, SYSTEMROOT, PGPASSFILE } = env;
  const kept = { PATH, HOME, TMPDIR, SYSTEMROOT, PGPASSFILE };
  const set = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return { ...set, LC_ALL: 'C', LANG: 'C' };
}

/** What a program said was wrong, without its own name; the first lines. */
export function complaints(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => /\b(?:error|fatal|panic):/i.test(line))
    .map((line) => line.replace(/^\S*(?:pg_dump|pg_restore|initdb|psql)\S*: /, '').trim());
}
