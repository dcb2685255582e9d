// Adapter: the embedded database, PostgreSQL inside this process with its files in a directory of the user's. Its engine is loaded
// when a database is opened and not before.
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { InputError, StoreError } from '../../errors.ts';
import { makeDataDir, makeFilesDir } from './data-dir.ts';
import { type DataDirLock, lockDataDir, noRoom, unwritable } from './data-dir-lock.ts';
import { type Engine, loadEngine, root, type Start } from './engine.ts';
import {
  columnOf,
  type Database,
  outsideTransaction,
  type Row,
  rowsOf,
  type SqlValue,
  type TransactionEdges,
} from './port.ts';
import { storeErrorOf, storeErrorOfFields, typedErrorOf } from './server-errors.ts';

export interface PgliteOptions {
  /** How long to wait for another process in the same directory, in milliseconds. Default 60 s. */
  readonly waitMs?: number | undefined;
  /** Called with what takes time: making the database, waiting for another process. */
  readonly onMessage?: ((message: string) => void) | undefined;
  /** What a new database is made from: an archive of `dumpFiles`. Default the one that comes with the program, which has our schema. */
  readonly archive?: Buffer | undefined;
  /** What a new database still needs. Where it is cut off, the database is made again. */
  readonly finish?: ((db: Database) => Promise<unknown>) | undefined;
}

/**
 * Opens the embedded database in `dir` and makes it on first use. Its schema stays as it is: `openEmbedded` brings it up to date.
 *
 * @throws StoreError `data-dir-…` where the directory cannot be used, is somebody else's, or is held by another process;
 *   `pglite-missing` where npm has not installed the package
 */
export async function openPglite(dir: string, options: PgliteOptions = {}): Promise<Database> {
  const startEngine = await loadEngine();
  const home = await makeDataDir(dir, options.onMessage);
  const lock = await lockDataDir(home, { waitMs: options.waitMs ?? 60_000, onWait: options.onMessage });
  let engine: Engine | undefined;
  try {
    await removeUnfinished(home);
    const isNew = await isNewDatabase(home);
    // PGlite does not end where its log finds no room: the process would hang, deaf to signals.
    if (isNew && (await isFull(home))) throw noRoom(home);
    if (isNew) await markUnfinished(home);
    const files = await makeFilesDir(home);
    if (isNew) options.onMessage?.(`first use: making the embedded database in ${home}`);
    const archive = isNew ? (options.archive ?? (await readyFiles())) : undefined;
    if (archive !== undefined) await unpack(archive, files, home);
    engine = await start(startEngine, files, home);
    const db = adapt(engine, lock);
    if (isNew) {
      await options.finish?.(db);
      await rm(unfinishedMark(home));
    }
    return db;
  } catch (error) {
    await engine?.close().catch(() => {});
    await lock.release();
    throw error;
  }
}

/** Fewer than 40 MB free: a new database does not fit, and an old one cannot write. */
async function isFull(home: string): Promise<boolean> {
  const space = await statfs(home).catch(() => undefined);
  return space !== undefined && space.blocks > 0 && space.bavail * space.bsize < 40_000_000;
}

/** Far below the time after which a lock is taken over. */
const lockCheckMs = 1_000;

/** Packed by scripts/build.mjs: unpacking it takes a fraction of the time and memory of `initdb` and the migrations, which work without it. */
const readyFiles = () => readFile(path.join(root, 'dist/cli/embedded.tar.gz')).catch(() => undefined);

/**
 * Writes what is in a compressed tar archive, folders and plain files. PGlite would do it through its own file system, in four
 * times the time.
 */
async function unpack(archive: Buffer, files: string, home: string): Promise<void> {
  try {
    const { gunzip } = await import('node:zlib');
    const tar = await promisify(gunzip)(archive);
    for (let at = 0; at + tarBlock <= tar.length; ) {
      const text = (from: number, length: number) =>
        tar.toString('utf8', at + from, at + from + length).split('\0', 1)[0] ?? '';
      const [prefix, type] = [text(345, 155), text(156, 1)];
      const name = path.posix.join('/', prefix, text(0, 100));
      const bytes = Number.parseInt(text(124, 12), 8) || 0;
      at += tarBlock;
      // `/` before it keeps a name with `..` inside.
      const target = path.join(files, name);
      if (type === '5') mkdirSync(target, { recursive: true, mode: 0o700 });
      else if (name !== '/') {
        writeFileSync(target, tar.subarray(at, at + bytes), { mode: 0o600 });
        // Zeros at the end of the log of writes are left out.
        if (logSegment.test(name)) truncateSync(target, logSegmentBytes);
      }
      at += Math.ceil(bytes / tarBlock) * tarBlock;
    }
    // Else PGlite would make an empty database.
    await stat(path.join(files, 'PG_VERSION'));
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    if (await isFull(home)) throw noRoom(home);
    if (syscall !== undefined && syscall !== 'stat') throw unwritable(home, error as NodeJS.ErrnoException);
    throw new StoreError({
      code: 'data-dir-unusable',
      message: `the embedded database in ${home} cannot be made: the archive that it is made from is damaged`,
      fix: 'Install lukhas-ingest again.',
      cause: error,
    });
  }
}

const tarBlock = 512;
const logSegment = /^\/pg_wal\/[0-9A-F]{24}$/;
const logSegmentBytes = 2 ** 24;

async function start(startEngine: Start, files: string, home: string): Promise<Engine> {
  try {
    return await startEngine(files);
  } catch {
    if (await isFull(home)) throw noRoom(home);
    // PGlite throws an abort of the WebAssembly program here, without a reason.
    throw new StoreError({
      code: 'data-dir-unusable',
      message: `the embedded database in ${home} does not start: its files are damaged or of another version`,
      fix: 'Restore the directory from a copy, or move it away and let a new one be made; --data-dir names another one.',
    });
  }
}

/** Beside a database that is not made to its end, and has never held anything. */
const unfinishedMark = (home: string) => path.join(home, 'unfinished');

async function markUnfinished(home: string): Promise<void> {
  await writeFile(unfinishedMark(home), 'The database beside this file is being made.\n', {
    flag: 'wx',
    mode: 0o600,
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOSPC' ? noRoom(home) : error;
  });
}

/** What a process that was killed at first use left behind. */
async function removeUnfinished(home: string): Promise<void> {
  const mark = await lstat(unfinishedMark(home)).catch(() => undefined);
  if (mark?.isFile() !== true) return;
  await rm(path.join(home, 'database'), { recursive: true, force: true });
  await rm(unfinishedMark(home));
}

/** True for an empty place, false for a database of ours; a StoreError for somebody else's directory. */
async function isNewDatabase(home: string): Promise<boolean> {
  const files = path.join(home, 'database');
  const started = await stat(path.join(files, 'PG_VERSION')).then(
    () => true,
    () => false,
  );
  if (started) return false;
  const inHome = (await readdir(home)).filter((name) => !name.startsWith('lock') && name !== 'database');
  const inFiles = await readdir(files).catch(() => []);
  if (inHome.length === 0 && inFiles.length === 0) return true;
  throw new StoreError({
    code: 'data-dir-foreign',
    message: `${home} is not empty and holds no embedded database of lukhas-ingest`,
    fix: 'Name an empty or new directory: --data-dir or LUKHAS_DATA_DIR.',
  });
}

function adapt(engine: Engine, lock: DataDirLock): Database {
  let closed = false;
  // Whether a statement failed inside the open transaction: COMMIT would then roll back without a word.
  let failed = false;

  // Once the directory is somebody else's, nothing may be written to it any more.
  let lost: unknown;
  let checkedAt = Number.NEGATIVE_INFINITY;
  async function checkLock(): Promise<void> {
    try {
      await lock.check();
      checkedAt = performance.now();
    } catch (error) {
      lost = error;
      throw error;
    }
  }

  async function attended<T>(work: () => Promise<T>): Promise<T> {
    if (closed) throw new StoreError({ code: 'database-lost', message: 'the embedded database is closed' });
    try {
      if (lost !== undefined) throw lost;
      // Whoever was stopped for long enough to lose the lock sees it by the clock.
      if (performance.now() - checkedAt > lockCheckMs) await checkLock();
      return await work();
    } catch (error) {
      failed = true;
      throw error instanceof InputError ? error : storeErrorOf(error, undefined);
    }
  }

  let open = false;
  const inside = <T>(work: () => Promise<T>): Promise<T> => {
    if (!open) throw outsideTransaction();
    return attended(work);
  };

  const send = (sql: string): Promise<void> =>
    attended(async () => {
      await engine.exec(sql);
    });

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    // Closing writes, too.
    if (lost === undefined) await checkLock().catch(() => {});
    if (lost === undefined) await engine.close().catch(() => {});
    await lock.release();
  };

  return {
    embedded: true,
    async query<R extends Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
      return inside(async () => (await engine.query<R>(sql, [...params])).rows.map(withBuffers));
    },
    async each<R extends Row>(sql: string, params: readonly SqlValue[], onRow: (row: R) => void) {
      for (const row of (await inside(() => engine.query<R>(sql, [...params]))).rows) onRow(withBuffers(row));
    },
    async table(sql) {
      return inside(async () => {
        const asText = Object.fromEntries(
          Object.keys(engine.parsers).map((type) => [type, (value: string) => value]),
        );
        const { fields, rows } = await engine
          .query<(string | null)[]>(sql, [], { rowMode: 'array', parsers: asText })
          .catch((error: unknown) => {
            throw typedErrorOf(error) ?? error;
          });
        return { columns: fields.map(({ name, dataTypeID }) => columnOf(name, dataTypeID)), rows };
      });
    },
    async run(sql, params = []) {
      return inside(async () => (await engine.query(sql, [...params])).affectedRows ?? 0);
    },
    async script(sql) {
      await inside(() => engine.exec(sql));
    },
    async copyIn(sql, rows, onSent) {
      return inside(async () => {
        const request = Buffer.concat([
          message('Q', Buffer.from(`${sql}\0`)),
          message('d', rows),
          message('c', Buffer.alloc(0)),
        ]);
        onSent?.();
        // The raw call does not throw: errors are in the answer.
        return countsOf(await engine.runExclusive(() => engine.execProtocolRaw(request)));
      });
    },
    async transaction<T>(work: () => Promise<T>, { begin, end }: TransactionEdges): Promise<T> {
      failed = false;
      open = true;
      try {
        await send(`BEGIN;${begin}`);
        const result = await work();
        if (failed) throw new Error('a transaction went on after one of its statements had failed');
        await send(end === undefined ? 'COMMIT' : `${end};COMMIT`);
        await checkLock();
        return result;
      } catch (error) {
        await send('ROLLBACK').catch(() => {});
        throw error;
      } finally {
        open = false;
      }
    },
    outside: send,
    dumpFiles: () =>
      attended(async () => {
        // So that the archive needs no recovery.
        await engine.exec('CHECKPOINT');
        const archive = await engine.dumpDataDir('gzip');
        return Buffer.from(await archive.arrayBuffer());
      }),
    destroy() {
      // No network can hang here: close in order.
      void close();
    },
    close,
  };
}

/** The adapter's promise is a Buffer for bytea; PGlite gives plain byte arrays. */
function withBuffers<R extends Row>(row: R): R {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof Uint8Array && !Buffer.isBuffer(value)) {
      (row as Row)[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    } else if (typeof value === 'bigint') {
      (row as Row)[name] = Number(value);
    }
  }
  return row;
}

/** A message of PostgreSQL's wire protocol: type, length including itself, body. */
function message(type: 'Q' | 'd' | 'c', body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Reads the answer to statements: the rows of each CommandComplete, or the fields of an ErrorResponse as a StoreError. */
function countsOf(answer: Uint8Array): number[] {
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  const counts: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const type = String.fromCharCode(bytes[at] ?? 0);
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    const body = bytes.subarray(at + 5, end);
    if (type === 'E') throw storeErrorOfFields(errorFields(body));
    if (type === 'C') counts.push(rowsOf(body.toString('latin1')));
    at = end;
  }
  return counts;
}

function errorFields(body: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of body.toString('utf8').split('\0')) {
    if (field !== '') fields.set(field.slice(0, 1), field.slice(1));
  }
  return fields;
}
