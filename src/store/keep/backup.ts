// Makes a backup: a dump, the roles it speaks of and a manifest of what it holds, all of one moment. Each file is written beside its name
// and renamed when all are whole; the manifest comes last, so that a backup without one is none.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { InputError, StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { describeSession } from '../schema/access.ts';
import { olderDatabase, readSchemaState } from '../schema/state.ts';
import {
  type Content,
  contentSettings,
  type Manifest,
  manifestOf,
  readContent,
  readRoles,
  rolesFileOf,
} from './manifest.ts';
import { complaints, type Env, requireProgram, runProgram, withConnection } from './programs.ts';

export interface BackupRequest {
  /** Where the dump is written; the roles and the manifest beside it. */
  readonly file: string;
  /** Replace a backup that is there. */
  readonly force: boolean;
  /** undefined: the embedded database. */
  readonly databaseUrl: string | undefined;
  readonly sslCa: string | undefined;
  readonly env: Env;
  /** Of lukhas-ingest. */
  readonly program: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Backup {
  readonly files: readonly string[];
  readonly manifest: Manifest;
}

/**
 * Backs the database of the connection up.
 *
 * @throws InputError `backup-exists`, `backup-file`, `pg-program`; StoreError `database-rights`, `database-not-set-up`, `backup-failed`
 */
export async function backUp(db: Database, request: BackupRequest): Promise<Backup> {
  const file = path.resolve(request.file);
  const files = [file, rolesFileOf(file), manifestOf(file)];
  await requireFree(files, request.force);
  const state = await readSchemaState(db);
  if (state.applied === 0) throw olderDatabase(state);
  const session = await describeSession(db, state.schema);
  if (session.privilege === undefined && !db.embedded) throw mayNotDump(session.role);
  // Before anything is written.
  const major = await serverMajor(db);
  const pgDump = db.embedded
    ? undefined
    : await requireProgram('pg_dump', major, `the server is PostgreSQL ${major}`, request.env);

  const mark = `.partial-${randomBytes(5).toString('hex')}`;
  const partial = files.map((name) => `${name}${mark}`);
  const [dumpPart = '', rolesPart = '', manifestPart = ''] = partial;
  try {
    await (await create(dumpPart)).close();
    const moment = await atOneMoment(db, state.schema, async (snapshot) => {
      const stop = new AbortController();
      const signal = AbortSignal.any([
        stop.signal,
        ...(request.signal === undefined ? [] : [request.signal]),
      ]);
      const dumping =
        pgDump === undefined
          ? undefined
          : dump(pgDump.path, dumpPart, snapshot, state.schema, { ...request, signal });
      // Counting goes on beside it, in the same snapshot.
      const reading = readMoment(db, state.schema).catch((error) => {
        stop.abort();
        throw error;
      });
      const [dumped, read] = await Promise.allSettled([dumping, reading]);
      // A count that failed is why the dump was stopped.
      if (read.status === 'rejected') throw read.reason;
      if (dumped.status === 'rejected') throw dumped.reason;
      return read.value;
    });
    const { content, roles, now } = moment;
    // Nobody else writes to the embedded database meanwhile: its folder is locked.
    if (db.dumpFiles !== undefined) await write(dumpPart, await db.dumpFiles());
    if (!db.embedded) await write(rolesPart, roles.sql, true);
    const manifest: Manifest = {
      format: 1,
      kind: db.embedded ? 'embedded' : 'server',
      created_at: now.toISOString(),
      program: request.program,
      server_major: major,
      server: session.server,
      database: moment.database,
      roles: db.embedded ? [] : [...roles.roles],
      dump: await describeFile(dumpPart),
      roles_file: db.embedded ? null : await describeFile(rolesPart),
      content,
    };
    await write(manifestPart, `${JSON.stringify(manifest, undefined, 1)}\n`, true);
    await requireFree(files, request.force);
    await rm(manifestOf(file), { force: true });
    const [, rolesName = '', manifestName = ''] = files;
    await rename(dumpPart, file);
    if (db.embedded) await rm(rolesName, { force: true });
    else await rename(rolesPart, rolesName);
    await rename(manifestPart, manifestName);
    return { files: db.embedded ? [file, manifestName] : files, manifest };
  } catch (error) {
    throw fileError(error, file);
  } finally {
    for (const name of partial) await rm(name, { force: true });
  }
}

interface Moment {
  readonly content: Content;
  readonly roles: Awaited<ReturnType<typeof readRoles>>;
  readonly now: Date;
  readonly database: string;
}

async function readMoment(db: Database, schema: string): Promise<Moment> {
  const content = await readContent(db, schema);
  const roles = await readRoles(db);
  const [row] = await db.query<{ now: Date; database: string }>(
    'SELECT now() AS now, current_database()::text AS database',
  );
  if (row === undefined) throw new Error('no row about the session itself');
  return { content, roles, ...row };
}

/** A transaction that sees one moment, which other sessions may see as well by the snapshot's name. */
function atOneMoment<T>(db: Database, schema: string, work: (snapshot: string) => Promise<T>): Promise<T> {
  return db.transaction(
    async () => {
      const [row] = db.embedded
        ? [{ snapshot: '' }]
        : await db.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
      return work(row?.snapshot ?? '');
    },
    {
      begin: beginIn(
        schema,
        ...contentSettings,
        'SET LOCAL idle_in_transaction_session_timeout = 0',
        // A backup that lacks rows is worse than none.
        'SET LOCAL row_security = off',
      ),
    },
  );
}

async function dump(
  program: string,
  file: string,
  snapshot: string,
  schema: string,
  { databaseUrl = '', sslCa, env, signal }: BackupRequest,
): Promise<void> {
  await withConnection(databaseUrl, { env, sslCa }, async (connected) => {
    const args = [
      '--format=custom',
      '--no-password',
      `--snapshot=${snapshot}`,
      // The name alone, not a pattern.
      `--schema="${schema.replaceAll('"', '""')}"`,
      `--file=${file}`,
    ];
    const { code, stderr } = await runProgram(program, args, { env: connected, signal });
    const said = complaints(stderr);
    if (code === 0 && said.length === 0) return;
    throw new StoreError({
      code: 'backup-failed',
      message: `pg_dump ended with ${code ?? 'a signal'}${said.length === 0 ? '' : `: ${said.slice(0, 3).join('; ')}`}`,
      fix: 'Nothing was written. A backup takes a superuser, or an owner of the tables where none has FORCE ROW LEVEL SECURITY.',
    });
  });
}

async function serverMajor(db: Database): Promise<number> {
  const [row] = await db.transaction(
    () => db.query<{ major: number }>(`SELECT current_setting('server_version_num')::int / 10000 AS major`),
    { begin: beginIn('pg_catalog') },
  );
  return row?.major ?? 0;
}

function mayNotDump(role: string): StoreError {
  return new StoreError({
    code: 'database-rights',
    message: `"${role}" sees only what row-level security shows it, and a backup holds the rows of all teams`,
    fix: 'Take an administrator\u2019s connection: a superuser, or an owner of the tables.',
  });
}

async function requireFree(files: readonly string[], force: boolean): Promise<void> {
  for (const file of files) {
    const found = await lstat(file).catch(() => undefined);
    if (found === undefined || (force && found.isFile())) continue;
    throw new InputError({
      code: 'backup-exists',
      message: found.isFile() ? 'there is a file of that name already' : 'that is no file',
      fix: found.isFile() ? 'Name another one, or give --force to replace it.' : 'Name a file to be made.',
      place: { file },
    });
  }
}

function create(file: string): Promise<FileHandle> {
  return open(file, 'wx', 0o600);
}

async function write(file: string, bytes: string | Buffer, isNew = false): Promise<void> {
  const handle = isNew ? await create(file) : await open(file, 'r+');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Length and SHA-256 of a file. */
export async function describeFile(file: string): Promise<Manifest['dump']> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

function fileError(error: unknown, file: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof syscall !== 'string' || typeof code !== 'string') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StoreError({
      code: 'disk-full',
      message: `there is no room for the backup in ${path.dirname(file)}`,
      fix: 'Make room, or name a file on another disk. Nothing was left behind.',
    });
  return new InputError({
    code: 'backup-file',
    message: `the backup cannot be written (${code})`,
    fix: 'Name a file in a folder that is there and that you may write to.',
    place: { file },
    cause: error,
  });
}
