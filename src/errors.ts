// Errors that a person can act on. Doors turn them into one message and an exit code; any other error is a bug.

/** A place in a file; lines and columns count from 1, bytes from 0. */
export interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly byte?: number | undefined;
}

interface Details {
  /** Stable, kebab-case; part of the JSON contract. */
  readonly code: string;
  /** What is wrong: one sentence without a full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
  readonly place?: Place | undefined;
  readonly cause?: unknown;
}

abstract class ActionableError extends Error {
  readonly code: string;
  readonly fix: string | undefined;
  readonly place: Place | undefined;
  constructor(details: Details) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.fix = details.fix;
    this.place = details.place;
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
