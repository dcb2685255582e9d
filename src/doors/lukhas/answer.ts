// Opens the database for a command and prints its answer: lines for people, or one JSON object.
import type { Database } from '../../store/database/port.ts';
import type { MigrateOptions } from '../../store/schema/migrate.ts';
import { toJson } from '../../tell/json.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { usage } from '../arguments.ts';
import { dataDirOf } from '../data-dir.ts';
import { type ExitCode, exitCodes } from '../process.ts';

/** What every command is told. */
export interface CommandSettings {
  readonly databaseUrl: string | undefined;
  readonly dataDir: string | undefined;
  readonly sslCa: string | undefined;
  readonly json: boolean;
}

export interface Answer {
  /** Already safe to print. */
  readonly lines: readonly string[];
  readonly json: unknown;
}

/** Administrators' statements may wait for locks longer than an upload's. */
const adminStallMs = 300_000;
/** A step of a migration may be at work for hours without a word. */
export const migratingStallMs = 7 * 86_400_000;

/**
 * Runs `work` on the server's database or the embedded one, which is brought up to date first. The second argument of `work` is
 * what a migration needs beside its connection.
 */
export async function answer(
  settings: CommandSettings,
  terminal: Terminal,
  work: (db: Database, beside: MigrateOptions) => Promise<Answer>,
  stallMs = adminStallMs,
): Promise<ExitCode> {
  const say = sayOn(terminal);
  const db = await connect(settings, say, stallMs);
  // The embedded database has one connection, and nobody else works with it.
  const second = settings.databaseUrl === undefined ? undefined : () => connect(settings, () => {}, stallMs);
  try {
    await tell(settings, terminal, await work(db, { connect: second, onWait: say }));
  } finally {
    await db.close();
  }
  return exitCodes.ok;
}

/** Prints an answer as it was asked for. */
export async function tell(
  settings: Pick<CommandSettings, 'json'>,
  terminal: Terminal,
  { lines, json }: Answer,
): Promise<ExitCode> {
  if (settings.json) await terminal.write(`${toJson(json)}\n`);
  else for (const line of lines) terminal.out(line);
  return exitCodes.ok;
}

/** Reads something before the answer; nothing is held open between the two. */
export async function lookUp<T>(
  settings: CommandSettings,
  terminal: Terminal,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const db = await connect(settings, sayOn(terminal), adminStallMs);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Says what takes time on standard error. */
export function sayOn(terminal: Terminal): (message: string) => void {
  return (message) => terminal.err(terminal.paint.dim(safeLine(message)));
}

/** Opens the database of a command. */
export async function connect(
  settings: CommandSettings,
  say: (message: string) => void,
  stallMs: number,
): Promise<Database> {
  if (settings.databaseUrl !== undefined) {
    const { openPostgres } = await import('../../store/database/pg.ts');
    return openPostgres(settings.databaseUrl, {
      stallMs,
      sslCa: settings.sslCa,
      env: process.env,
      onRemark: say,
    });
  }
  const { openEmbedded } = await import('../../store/schema/embedded.ts');
  const dataDir = dataDirOf(settings);
  return openEmbedded(dataDir, { onMessage: say });
}

export function required(value: string | undefined, option: string): string {
  if (value === undefined) throw usage(`${option} is missing`);
  return value;
}

export function row(name: string, value: string): string {
  return `${name.padEnd(14)}${value}`;
}
