// The port: SQL is written once, and only what truly differs between the two databases is a verb here.

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

/** One connection to PostgreSQL 15 or later, or to the embedded database. */
export interface Database {
  /** Whether the database lives inside this process, in a directory only we write to. */
  readonly embedded: boolean;
  /** One statement with `$1` parameters; never a named prepared statement, so that transaction poolers work. */
  query<R extends Row = Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]>;
  /** Several statements without parameters in one message; rows are dropped. */
  script(sql: string): Promise<void>;
  /** `COPY … FROM STDIN` in text format; `chunks` are whole encoded rows. Returns the number of rows taken. */
  copyIn(sql: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<number>;
  /** BEGIN, work, COMMIT; ROLLBACK when work throws. After an error the next statement works. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a fresh connection: every retry takes a new one. */
export type Connect = () => Promise<Database>;
