// Errors that a person can act on. Doors turn them into one message and an exit code; any other error is a bug.

/** A place in a file; lines and columns count from 1, bytes from 0. */
export interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly byte?: number | undefined;
}

/** A setting that messages speak of; each door has its own word for it. */
export type Setting =
  | 'allowIncomplete'
  | 'allowPrivilegedRole'
  | 'coverage'
  | 'createdAt'
  | 'databaseUrl'
  | 'matriz'
  | 'onEmpty'
  | 'repository'
  | 'rootdir'
  | 'set'
  | 'sslCa'
  | 'standardInput'
  | 'step'
  | 'team'
  | 'uploadKey';

/** The word of a door for a setting: `--team`, `the input team`; undefined where the door has no such setting. */
export type Naming = (setting: Setting) => string | undefined;

/** `--created-at` for `createdAt`, `-` for standard input; the command line has no word for the workflow's step. */
export const asOptions: Naming = (setting) => {
  if (setting === 'step') return undefined;
  return setting === 'standardInput'
    ? '-'
    : `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
};

interface Details {
  /** Stable, kebab-case; part of the JSON contract. */
  readonly code: string;
  /** What is wrong: one sentence without a full stop. */
  readonly message: string;
  /** What to do about it; a function where it speaks of settings. */
  readonly fix?: string | ((name: Naming) => string | undefined) | undefined;
  readonly place?: Place | undefined;
  readonly cause?: unknown;
}

abstract class ActionableError extends Error {
  readonly code: string;
  readonly place: Place | undefined;
  readonly #fix: Details['fix'];
  constructor(details: Details) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.#fix = details.fix;
    this.place = details.place;
  }

  /** In the words of the command line. */
  get fix(): string | undefined {
    return this.fixIn(asOptions);
  }

  fixIn(name: Naming): string | undefined {
    return typeof this.#fix === 'function' ? this.#fix(name) : this.#fix;
  }
}

/** Wrong usage or settings, or a missing file: exit code 2. */
export class InputError extends ActionableError {
  override readonly name = 'InputError';
}

/** A report or coverage file that cannot be read as one: exit code 2. */
export class ReportError extends ActionableError {
  override readonly name = 'ReportError';
}

/** The database refused, is not reachable, or is not set up: exit code 3. */
export class StoreError extends ActionableError {
  override readonly name = 'StoreError';
  /** PostgreSQL's five-character code, where the server gave one. */
  readonly sqlstate: string | undefined;
  constructor(details: Details & { readonly sqlstate?: string | undefined }) {
    super(details);
    this.sqlstate = details.sqlstate;
  }
}
