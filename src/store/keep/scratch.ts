// A server to throw away, made from the programs of this machine in a folder of its own and removed with it; or a database to throw away on a
// server that is named.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { InputError, StoreError } from '../../errors.ts';
import { complaints, type Env, findPrograms, packageOf, plainEnv, runProgram } from './programs.ts';

export interface ScratchServer {
  /** A superuser's URL of the database `postgres`. */
  readonly adminUrl: string;
  readonly major: number;
  stop(): Promise<void>;
}

const readyMs = 60_000;
/** Versions that are looked for beside the PATH. */
const newestMajor = 20;

/**
 * Starts a server of the given major version, or of the next newer one that is installed, on a free port of this machine. It ends when
 * `stop` is called, and also when this process is killed.
 *
 * @throws InputError `scratch-server`; StoreError `scratch-failed`
 */
export async function startScratch(atLeast: number, env: Env): Promise<ScratchServer> {
  const majors = Array.from({ length: Math.max(1, newestMajor - atLeast + 1) }, (_, i) => atLeast + i);
  const found = (await findPrograms(['initdb', 'postgres'], majors, env))
    .filter(({ major }) => major >= atLeast)
    .sort((one, other) => one.major - other.major)[0];
  if (found === undefined)
    throw new InputError({
      code: 'scratch-server',
      message: `the server of PostgreSQL ${atLeast} or later is not installed here, and the backup is restored into one to be verified`,
      fix: `Name a server with --server <url>, or install one: ${packageOf(atLeast, 'server')}`,
    });
  const owner = await serverUser();
  const home = await mkdtemp(path.join(tmpdir(), 'lukhas-scratch-'));
  try {
    return await startIn(home, found, owner, env);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(
  home: string,
  { folder, major }: { readonly folder: string; readonly major: number },
  owner: User | undefined,
  env: Env,
): Promise<ScratchServer> {
  const data = path.join(home, 'data');
  const password = randomBytes(18).toString('base64url');
  const passwordFile = path.join(home, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await mkdir(data, { mode: 0o700 });
  if (owner !== undefined) {
    await chmod(home, 0o700);
    for (const place of [data, passwordFile, home]) await chown(place, owner.uid, owner.gid);
  }
  const run = { env: plainEnv(env), uid: owner?.uid, gid: owner?.gid, cwd: '/' };
  const made = await runProgram(
    path.join(folder, 'initdb'),
    [
      `--pgdata=${data}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    run,
  );
  if (made.code !== 0) throw failed(complaints(made.stderr)[0] ?? 'initdb did not say why');
  await rm(passwordFile);
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    shared_buffers: '128MB',
    maintenance_work_mem: '256MB',
    max_wal_size: '4GB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    // It is thrown away: nothing in it needs to survive a crash.
    fsync: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    log_min_messages: 'fatal',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await open(path.join(home, 'log'), 'a', 0o600);
  // The shell ends the server and removes its folder when our end of its standard input closes, also where we are killed.
  const shell = spawn(
    '/bin/sh',
    [
      '-c',
      '"$@" & server=$!; trap "" INT TERM HUP; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server; rm -rf "$LUKHAS_SCRATCH"',
      'postgres',
      path.join(folder, 'postgres'),
      '-D',
      data,
      ...flags,
    ],
    {
      env: { ...plainEnv(env), LUKHAS_SCRATCH: home } as NodeJS.ProcessEnv,
      cwd: '/',
      stdio: ['pipe', log.fd, log.fd],
      detached: true,
      ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
    },
  );
  const ended = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve()).once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    shell.stdin?.end();
    await ended;
    await log.close().catch(() => {});
    await rm(home, { recursive: true, force: true });
  };
  const deadline = performance.now() + readyMs;
  for (;;) {
    const state = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    if (/\bready\b/.test(state)) break;
    if (shell.exitCode !== null || performance.now() > deadline) {
      const words = await readFile(path.join(home, 'log'), 'utf8').catch(() => '');
      await stop();
      throw failed(complaints(words)[0] ?? 'it did not say why');
    }
    await sleep(25);
  }
  return { adminUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, major, stop };
}

function failed(why: string): StoreError {
  return new StoreError({
    code: 'scratch-failed',
    message: `the server to restore into did not start: ${why.slice(0, 300)}`,
    fix: 'Name one that runs: --server <url>.',
  });
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` where that user exists, else as `nobody`. */
async function serverUser(): Promise<User | undefined> {
  if (process.getuid === undefined || userInfo().uid !== 0) return undefined;
  const run = promisify(execFile);
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // The next one.
    }
  }
  throw failed('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
