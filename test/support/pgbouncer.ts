// A real pooler in front of the test server, where the distribution's package is installed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface Pooler {
  /** A database's URL by way of the pooler. */
  url(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** @throws where it ended, or does not listen within two minutes */
async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 2400 && child.exitCode === null; tries++) {
    const listens = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (listens) return;
    await sleep(50);
  }
  throw new Error(`PgBouncer did not start: exit code ${child.exitCode}`);
}

/** PgBouncer in front of the test server, or of the one whose superuser is named, for its superuser and one more login. Undefined where it is not installed. */
export async function startPgBouncer(
  loginUrl: string,
  options: {
    readonly adminUrl?: string;
    readonly poolSize?: number;
    readonly mode?: 'transaction' | 'session' | 'statement';
    /** More logins. */
    readonly loginUrls?: readonly string[];
    /** Connections to a database, of all logins together. */
    readonly mostConnections?: number;
  } = {},
): Promise<Pooler | undefined> {
  const run = promisify(execFile);
  const installed = await run('pgbouncer', ['--version']).then(
    () => true,
    () => false,
  );
  if (!installed) return undefined;
  const admin = new URL(options.adminUrl ?? (await import('vitest')).inject('postgresAdminUrl'));
  const dir = await mkdtemp(path.join(tmpdir(), 'lukhas-pgbouncer-'));
  await chmod(dir, 0o755);
  const port = await new Promise<number>((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const found = (probe.address() as { port: number }).port;
      probe.close(() => resolve(found));
    });
  });
  const logins = [loginUrl, ...(options.loginUrls ?? [])].map((url) => new URL(url));
  const users = [...logins, admin].map(
    (url) => `"${decodeURIComponent(url.username)}" "${decodeURIComponent(url.password)}"`,
  );
  await writeFile(path.join(dir, 'users.txt'), users.join('\n'), { mode: 0o644 });
  await writeFile(
    path.join(dir, 'pgbouncer.ini'),
    `[databases]\n* = host=${admin.hostname} port=${admin.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = plain\nauth_file = ${dir}/users.txt\npool_mode = ${options.mode ?? 'transaction'}\ndefault_pool_size = ${options.poolSize ?? 2}\nmax_db_connections = ${options.mostConnections ?? 0}\nmax_client_conn = 1000\nlogfile =\n`,
    { mode: 0o644 },
  );
  const child = spawn(
    'pgbouncer',
    [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), path.join(dir, 'pgbouncer.ini')],
    { stdio: 'ignore' },
  );
  await untilListening(child, port);
  return {
    url: (databaseUrl) => {
      const url = new URL(databaseUrl);
      url.port = String(port);
      return url.href;
    },
    stop: async () => {
      child.kill('SIGINT');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
