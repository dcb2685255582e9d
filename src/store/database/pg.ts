// Adapter: one connection to a PostgreSQL server. The only file that knows `pg` and `pg-copy-streams`.
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import pgpass from 'pgpass';
import { InputError, StoreError } from '../../errors.ts';
import { type ConnectionSettings, type PgVariables, parseConnectionUrl } from './connection-url.ts';
import {
  type ConnectLimits,
  columnOf,
  type Database,
  outsideTransaction,
  type Row,
  rowsOf,
  type SqlValue,
  type TransactionEdges,
} from './port.ts';
import { storeErrorOf, type Target, typedErrorOf } from './server-errors.ts';

export interface PostgresOptions extends Partial<ConnectLimits> {
  /** The certificate authority to trust instead of the public ones: PEM text (`\n` escapes are taken) or a file's path. */
  readonly sslCa?: string | undefined;
  /** What fills the parts that the URL leaves out, and where ~/.pgpass is looked for. Absent: neither. */
  readonly env?: PgVariables | undefined;
  /** Called with remarks about the connection, such as that it is not encrypted. */
  readonly onRemark?: ((remark: string) => void) | undefined;
}

/** How long a host may take to accept a connection. */
const acceptMs = 10_000;
const defaultStallMs = 30_000;
const int8 = 20;
const texts = 1009;

/** Connects; the URL is checked first (InputError), then the server (StoreError). */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Database> {
  const settings = parseConnectionUrl(url, options.env);
  for (const remark of settings.remarks) options.onRemark?.(remark);
  const stallMs = options.stallMs ?? defaultStallMs;
  // Statements of administrators may take hours, the start of a connection not.
  const startMs = Math.min(stallMs, defaultStallMs);
  const target: Target = settings;
  const password =
    settings.password ??
    (options.env === undefined ? undefined : await passwordInFile(settings, options.onRemark));
  // The driver looks into the environment for all that it is not told: what of it may count is in `settings` already.
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    password,
    database: settings.database,
    application_name: settings.applicationName,
    client_encoding: 'UTF8',
    ssl: await tlsOptions(settings, options.sslCa),
    enableChannelBinding: settings.channelBinding,
    connectionTimeoutMillis: startMs,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format: 'text' | 'binary') => {
        const known = pg.types.getTypeParser(oid, format as 'text');
        if (format === 'binary') return known;
        if (oid === int8) return Number;
        // The driver reads an array letter by letter: most have nothing to unescape.
        return oid === texts ? (text: string) => plainTexts(text) ?? known(text) : known;
      }) as never,
    },
    ...{ sslnegotiation: 'postgres' },
  });
  // These count as not told where they are empty.
  Object.assign((client as unknown as { connectionParameters: object }).connectionParameters, {
    options: settings.startOptions,
    replication: undefined,
  });
  if (password === undefined) Object.assign(client, { password: '' });

  // Once the connection is lost, every verb fails with this error.
  let lost: StoreError | undefined;
  // Not one promise to race with: it would keep the answers of all statements as long as the connection is open.
  const waiting = new Set<(error: StoreError) => void>();
  const giveUp = (error: StoreError): void => {
    lost ??= error;
    for (const reject of waiting) reject(lost);
  };
  // Without a listener a connection that breaks while idle would end the process.
  client.on('error', (error) => giveUp(storeErrorOf(error, target)));
  client.on('end', () => giveUp(storeErrorOf(new Error('Connection terminated unexpectedly'), target)));

  const socket = (): Socket => (client as unknown as { connection: { stream: Socket } }).connection.stream;
  const drop = (error: StoreError): void => {
    giveUp(error);
    socket().destroy();
  };

  // The driver warns on standard error where more than one statement waits for another. Holds no answer.
  let last: Promise<void> = Promise.resolve();
  let turns = 0;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    // At once where nothing is before it: the server has work while its caller goes on.
    const turn = turns === 0 ? (async () => work())() : last.then(work);
    turns++;
    const end = (): void => void turns--;
    last = turn.then(end, end);
    return turn;
  };

  /** Runs work; gives up when the connection ends or no byte moves for `stallMs`. */
  async function attended<T>(work: () => Promise<T>): Promise<T> {
    if (lost !== undefined) throw lost;
    let moved = -1;
    let since = performance.now();
    const watchdog = setInterval(
      () => {
        const bytes = socket().bytesRead + socket().bytesWritten;
        const now = performance.now();
        if (bytes !== moved) {
          moved = bytes;
          since = now;
        } else if (now - since >= stallMs) {
          drop(silent(target, stallMs));
        }
      },
      Math.max(20, Math.min(250, stallMs / 4)),
    );
    let stop: (error: StoreError) => void = () => {};
    try {
      return await new Promise<T>((resolve, reject) => {
        stop = reject;
        waiting.add(stop);
        inTurn(work).then(resolve, reject);
      });
    } catch (error) {
      failed = true;
      throw lost ?? (error instanceof InputError ? error : storeErrorOf(error, target));
    } finally {
      waiting.delete(stop);
      clearInterval(watchdog);
    }
  }

  // Whether a statement failed inside the open transaction: COMMIT would then roll back without a word.
  let failed = false;
  let open = false;
  const inside = <T>(work: () => Promise<T>): Promise<T> => {
    if (!open) throw outsideTransaction();
    return attended(work);
  };

  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  let isAccepted = false;
  connection.once('connect', () => {
    isAccepted = true;
  });
  // A host that answers may need longer for the rest: a suspended database wakes up meanwhile.
  const accepting = setTimeout(
    () => {
      if (!isAccepted) socket().destroy(new Error('timeout expired'));
    },
    Math.min(acceptMs, startMs),
  );
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => {});
    const meaning = storeErrorOf(error, target, true);
    throw isAccepted && meaning.code === 'database-no-answer' ? silent(target, startMs) : meaning;
  } finally {
    clearTimeout(accepting);
  }

  const send = (sql: string): Promise<void> =>
    attended(async () => {
      await client.query(sql);
    });

  return {
    embedded: false,
    processId: (client as unknown as { processID: number | null }).processID ?? undefined,
    async query<R extends Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
      // Not in its turn: the server would wait for it.
      const values = valuesOf(params);
      return inside(async () => (await client.query<R>(sql, values)).rows);
    },
    async each<R extends Row>(sql: string, params: readonly SqlValue[], onRow: (row: R) => void) {
      let thrown: { readonly error: unknown } | undefined;
      // An error thrown in the driver's event handler would end the process.
      const take = (row: R): void => {
        if (thrown !== undefined) return;
        try {
          onRow(row);
        } catch (error) {
          thrown = { error };
        }
      };
      const values = valuesOf(params);
      await inside(
        () =>
          new Promise<void>((resolve, reject) => {
            const query = new pg.Query<R>(sql, values);
            client.query(
              query
                .on('row', take)
                .on('end', () => resolve())
                .on('error', reject),
            );
          }),
      );
      if (thrown !== undefined) throw thrown.error;
    },
    async table(sql) {
      return inside(async () => {
        // The extended protocol takes one statement; the types are those of the adapter's own for queries alone.
        const types = { getTypeParser: () => (value: unknown) => value };
        const query = {
          text: sql,
          rowMode: 'array',
          queryMode: 'extended',
          types,
        } as never as pg.QueryArrayConfig;
        const { fields, rows } = await client.query<(string | null)[]>(query).catch((error: unknown) => {
          throw typedErrorOf(error) ?? error;
        });
        return { columns: fields.map(({ name, dataTypeID }) => columnOf(name, dataTypeID)), rows };
      });
    },
    async run(sql, params = []) {
      return inside(async () => (await client.query(sql, valuesOf(params))).rowCount ?? 0);
    },
    async script(sql) {
      await inside(() => client.query(sql));
    },
    async copyIn(sql, rows, onSent) {
      return inside(async () => {
        const counts: number[] = [];
        // pg-copy-streams keeps only the COPY's own count.
        const handleCommandComplete = ({ text }: { readonly text: string }) => void counts.push(rowsOf(text));
        const copy = client.query(Object.assign(copyFrom(sql), { handleCommandComplete }));
        await new Promise<void>((resolve, reject) => {
          copy.once('error', reject).once('finish', resolve);
          copy.write(rows, () => onSent?.());
          copy.end();
        });
        return counts;
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
        return result;
      } catch (error) {
        // What was asked beside the statement that failed may go on: it comes too late.
        open = false;
        if (lost === undefined) await send('ROLLBACK').catch(() => {});
        throw error;
      } finally {
        open = false;
      }
    },
    outside: send,
    destroy() {
      drop(storeErrorOf(new Error('Connection terminated'), target));
    },
    async close() {
      if (lost !== undefined) return;
      lost = storeErrorOf(new Error('Connection terminated'), target);
      // Do not wait for ever for a server that does not answer the goodbye.
      const timer = setTimeout(() => socket().destroy(), 2000);
      await client.end().catch(() => {});
      clearTimeout(timer);
    },
  };
}

/** The elements of an array of one dimension; undefined where one of them is NULL, empty or escaped. */
function plainTexts(text: string): string[] | undefined {
  return /^\{[^{}"\\]+\}$/.test(text) && !text.includes('NULL') ? text.slice(1, -1).split(',') : undefined;
}

/** Arrays as the text that PostgreSQL reads: the driver's way of making it takes several times its memory. */
function valuesOf(params: readonly SqlValue[]): unknown[] {
  return params.map((value) => (Array.isArray(value) ? arrayText(value) : value));
}

/** Joined piece by piece: most of what it takes is short-lived then. */
function arrayText(values: readonly (string | number)[]): string {
  const pieces: string[] = [];
  for (let first = 0; first < values.length; first += 500) {
    const some = values.slice(first, first + 500);
    pieces.push(`"${some.map(escaped).join('","')}"`);
  }
  return `{${pieces.join()}}`;
}

function escaped(value: string | number): string | number {
  // Few have what is looked for: replacing costs several times what looking does.
  if (typeof value === 'number' || (!value.includes('"') && !value.includes('\\'))) return value;
  return value.replace(/["\\]/g, '\\$&');
}

function silent(target: Target, stallMs: number): StoreError {
  return new StoreError({
    code: 'database-silent',
    message: `${target.host}:${target.port} has not answered for ${Math.round(stallMs / 100) / 10} s`,
    fix: 'The network or the server hangs. Try again: the same upload is stored once, however often it is sent.',
  });
}

/** The password in ~/.pgpass or PGPASSFILE; a file that others can read is remarked on and not used. */
async function passwordInFile(
  { host, port, database, user }: ConnectionSettings,
  onRemark: ((remark: string) => void) | undefined,
): Promise<string | undefined> {
  let said = '';
  pgpass.warnTo(
    new Writable({
      write(chunk, _encoding, done) {
        said += String(chunk);
        done();
      },
    }),
  );
  // libpq finds the sockets of this machine under its name.
  const found = await new Promise<string | undefined>((resolve) =>
    pgpass({ host: host.startsWith('/') ? 'localhost' : host, port, database, user }, resolve),
  );
  if (said !== '') onRemark?.(said.replace(/^WARNING: /, '').trim());
  return found;
}

async function tlsOptions(
  settings: ConnectionSettings,
  sslCa: string | undefined,
): Promise<pg.ClientConfig['ssl']> {
  // Also where it is not needed: a file that is not there is a mistake before it is one in production.
  const ca = await readCertificate(sslCa ?? settings.rootCertificate);
  if (settings.tls === 'off') return false;
  if (settings.tls === 'unverified') return { rejectUnauthorized: false };
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(settings.tls === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

async function readCertificate(given: string | undefined): Promise<string | undefined> {
  const text = given?.trim() ?? '';
  if (text === '' || text === 'system') return undefined;
  if (text.includes('-----BEGIN')) return text.replaceAll('\\n', '\n');
  let pem: string;
  try {
    pem = await readFile(text, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const state = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new InputError({
      code: 'ssl-ca',
      message: `the certificate file of the database\u2019s authority ${state}`,
      fix: (name) => `Give ${name('sslCa')} (or sslrootcert) a PEM file, or the PEM text itself.`,
      place: { file: text },
    });
  }
  if (!pem.includes('-----BEGIN')) {
    throw new InputError({
      code: 'ssl-ca',
      message: 'the certificate file of the database\u2019s authority is not in PEM format',
      fix: 'It begins with -----BEGIN CERTIFICATE-----.',
      place: { file: text },
    });
  }
  return pem;
}
