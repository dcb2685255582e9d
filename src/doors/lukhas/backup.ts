// Actions of `lukhas db backup` and `lukhas db verify-backup`.
import { backUp } from '../../store/keep/backup.ts';
import { verifyBackup } from '../../store/keep/verify.ts';
import { toJson } from '../../tell/json.ts';
import { backupJson, renderBackup, renderVerified, verifiedJson } from '../../tell/terminal/backup.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { type ExitCode, exitCodes } from '../process.ts';
import { version } from '../version.generated.ts';
import { type CommandSettings, connect, migratingStallMs, sayOn } from './answer.ts';

/** Ends what is under way, so that nothing is left behind: a partial file, a server, a database. */
async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

export async function backup(
  settings: CommandSettings & { readonly force: boolean },
  file: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const db = await connect(settings, sayOn(terminal), migratingStallMs);
  try {
    const made = await stoppable((signal) =>
      backUp(db, {
        file,
        force: settings.force,
        databaseUrl: settings.databaseUrl,
        sslCa: settings.sslCa,
        env: process.env,
        program: version,
        signal,
      }),
    );
    if (settings.json) await terminal.write(`${toJson(backupJson(made))}\n`);
    else for (const line of renderBackup(made, terminal.paint)) terminal.out(line);
  } finally {
    await db.close();
  }
  return exitCodes.ok;
}

export async function verify(
  {
    server,
    sslCa,
    json,
  }: { readonly server: string | undefined; readonly sslCa: string | undefined; readonly json: boolean },
  file: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const { openPostgres } = await import('../../store/database/pg.ts');
  const verified = await stoppable((signal) =>
    verifyBackup({
      file,
      serverUrl: server,
      sslCa,
      env: process.env,
      connect: (url) => openPostgres(url, { stallMs: migratingStallMs, sslCa, env: process.env }),
      onMessage: sayOn(terminal),
      signal,
    }),
  );
  if (json) await terminal.write(`${toJson(verifiedJson(verified))}\n`);
  else for (const line of renderVerified(verified, terminal.paint)) terminal.out(line);
  return verified.problems.length === 0 ? exitCodes.ok : exitCodes.failOn;
}
