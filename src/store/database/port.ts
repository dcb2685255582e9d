// The port between SQL and the two databases: SQL is written once; a verb here is what the two do differently.
import type { Begin } from './search-path.ts';

export type SqlValue =
  | string
  | number
  | boolean
  | Date
  | null
  | readonly string[]
  | readonly number[]
  | Buffer;
export type Row = Record<string, unknown>;

/**
 * One connection to PostgreSQL 15 or later, or to the embedded database. Every verb fails with a StoreError that carries no
 * row data and no credential. Rows: int8 is a number, numeric a string, timestamptz a Date, bytea a Buffer.
 */
export interface Database {
  /** Whether the database lives inside this process, in a directory only we write to. */
  readonly embedded: boolean;
  /** The server's process as the start of the connection named it: a pooler names one of its own. */
  readonly processId?: number | undefined;
  /**
   * One statement with `$1` parameters; never a named prepared statement, so that transaction poolers work. This verb and the
   * next four fail outside a transaction: the session's own search_path would decide what their names mean.
   */
  query<R extends Row = Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]>;
  /** Like `query`, for answers of any length: hands over each row as it comes, and keeps none. */
  each<R extends Row = Row>(sql: string, params: readonly SqlValue[], onRow: (row: R) => void): Promise<void>;
  /**
   * One statement that somebody typed, never several: its columns in order, and its rows as PostgreSQL writes their values as text.
   * What the server says against it comes as an InputError `sql`, in the server's own words.
   */
  table(sql: string): Promise<Table>;
  /** Like `query`; returns how many rows were written. */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Several statements without parameters in one message; rows are dropped. */
  script(sql: string): Promise<void>;
  /**
   * Statements in one message, one of them `COPY … FROM STDIN`, which takes `rows`. Returns how many rows each
   * statement took or wrote. `onSent` is called when the rows are on their way and only the server has work.
   */
  copyIn(sql: string, rows: Buffer, onSent?: () => void): Promise<number[]>;
  /**
   * BEGIN, work, COMMIT; ROLLBACK when work throws. After an error the next statement works. `begin` travels in one message
   * with BEGIN and `end` in one message with COMMIT: nothing can be lost between them.
   */
  transaction<T>(work: () => Promise<T>, edges: TransactionEdges): Promise<T>;
  /** A statement that PostgreSQL refuses inside a transaction. It names the schema of everything in it. */
  outside(sql: string): Promise<void>;
  /** Of the embedded database alone: all its files, as a compressed tar archive. */
  dumpFiles?(): Promise<Buffer>;
  /** Drops the connection this instant; what is under way fails. For cancelling, never instead of `close`. */
  destroy(): void;
  close(): Promise<void>;
}

export interface Table {
  /** Names may repeat. */
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface Column {
  readonly name: string;
  /** A number, a boolean or JSON is written without quotes where the format knows a difference. */
  readonly kind: 'number' | 'boolean' | 'json' | 'text';
}

const kinds: Readonly<Record<number, Column['kind']>> = {
  16: 'boolean',
  20: 'number',
  21: 'number',
  23: 'number',
  700: 'number',
  701: 'number',
  1700: 'number',
  114: 'json',
  3802: 'json',
};

/** A column as the server describes it: `type` is the OID of its type. */
export function columnOf(name: string, type: number): Column {
  return { name, kind: kinds[type] ?? 'text' };
}

export interface TransactionEdges {
  readonly begin: Begin;
  readonly end?: string;
}

export interface ConnectLimits {
  /** Milliseconds without a byte in either direction after which a connection with work under way is given up. */
  readonly stallMs: number;
}

/** Opens a fresh connection: every retry takes a new one. */
export type Connect = (limits?: ConnectLimits) => Promise<Database>;

/** The rows that a command's tag tells of: 5 for `COPY 5` and `INSERT 0 5`, none for `TRUNCATE TABLE`. */
export function rowsOf(commandTag: string): number {
  return Number(/ (\d+)\0?$/.exec(commandTag)?.[1] ?? 0);
}

/** The error of a statement that would run under the session's own search_path: a bug of ours. */
export function outsideTransaction(): Error {
  return new Error('a statement outside a transaction');
}
