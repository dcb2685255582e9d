// What `lukhas doctor` finds out (facts) and what is wrong (findings). Types only: the store and the context find facts, `judge` decides
// on findings, `tell` words them. A fact that is undefined was not asked for, or could not be: then a trouble says why.

/** A question that ended in an error, in the error's own words. */
export interface Trouble {
  /** The error's code: `database-not-set-up`, `data-dir-busy`. */
  readonly code: string;
  readonly message: string;
  readonly fix: string | undefined;
}

export interface ConnectionFacts {
  /** `PostgreSQL 15.18`. */
  readonly server: string;
  readonly login: string;
  /** Why uploads by this login would be refused: `a superuser`; undefined where they are not. */
  readonly privilege: string | undefined;
  readonly team: string | undefined;
  /** Sees all teams' rows. */
  readonly administers: boolean;
  /** Remarks on an encryption that is missing or proves nothing. */
  readonly remarks: readonly string[];
  readonly encryption: 'embedded' | 'none, on this machine' | 'none' | 'unverified' | 'verified';
  /** undefined: none between. */
  readonly pooler: 'transaction' | 'session' | undefined;
  /** This machine's clock minus the database's, in milliseconds, and how long the answer took. */
  readonly clockOffsetMs: number;
  readonly tripMs: number;
  readonly readOnly: boolean;
  /** Of the whole database, in bytes. */
  readonly bytes: number;
}

/** A month of a partitioned table, by the database's time zone-free bounds. */
export interface MonthFacts {
  readonly table: string;
  readonly partition: string;
  readonly from: Date;
  readonly until: Date;
  readonly bytes: number;
}

export interface TableFacts {
  readonly table: string;
  /** With indexes, TOAST and all partitions. */
  readonly bytes: number;
  /** Rows that were deleted or overwritten and still take room, and rows that are there, as the statistics know. */
  readonly deadRows: number;
  readonly liveRows: number;
}

export interface IndexFacts {
  readonly index: string;
  readonly table: string;
  /** Times it was used since the statistics began. */
  readonly scans: number;
  readonly bytes: number;
  /** As estimated from row count and column widths; undefined where the statistics do not say. */
  readonly neededBytes: number | undefined;
  /** Made by a migration of lukhas-ingest. */
  readonly isOurs: boolean;
  readonly isUnique: boolean;
}

export interface JobFacts {
  readonly team: string;
  readonly repository: string | undefined;
  readonly jobName: string | undefined;
  readonly lane: string | undefined;
  /** Days with a run among the last 60, and first and last run of them. */
  readonly days: number;
  readonly first: Date;
  readonly last: Date;
}

/** Rows that a retention would have taken, beside the months. */
export interface OverdueFacts {
  readonly table: string;
  readonly rows: number;
  readonly oldest: Date;
}

export interface DatabaseFacts {
  readonly connection: ConnectionFacts | undefined;
  readonly schema: { readonly name: string; readonly applied: number; readonly known: number } | undefined;
  /** What differs from what the migrations make, in the words of `lukhas db status`. */
  readonly damage:
    | {
        readonly lost: readonly string[];
        readonly slower: readonly string[];
        readonly mendable: readonly string[];
      }
    | undefined;
  readonly lostLogins: readonly { readonly role: string; readonly team: string }[] | undefined;
  readonly months: readonly MonthFacts[] | undefined;
  /** Months whose DETACH CONCURRENTLY was interrupted. */
  readonly halfDetached: readonly string[];
  readonly tables: readonly TableFacts[] | undefined;
  readonly indexes: readonly IndexFacts[] | undefined;
  readonly statisticsSince: Date | undefined;
  readonly jobs: readonly JobFacts[] | undefined;
  readonly overdue: readonly OverdueFacts[] | undefined;
  readonly troubles: readonly Trouble[];
}

/** Where nothing could be asked yet. */
export const noDatabaseFacts: DatabaseFacts = {
  connection: undefined,
  schema: undefined,
  damage: undefined,
  lostLogins: undefined,
  months: undefined,
  halfDetached: [],
  tables: undefined,
  indexes: undefined,
  statisticsSince: undefined,
  jobs: undefined,
  overdue: undefined,
  troubles: [],
};

export interface EmbeddedFacts {
  readonly folder: string;
  readonly isThere: boolean;
  /** Of its files, and free on its disk. */
  readonly bytes: number;
  readonly freeBytes: number | undefined;
}

export interface CheckoutFacts {
  /** `GitHub Actions`; undefined outside CI. */
  readonly ciSystem: string | undefined;
  readonly repository: string | undefined;
  readonly gitSha: string | undefined;
  readonly gitBranch: string | undefined;
  readonly jobName: string | undefined;
  readonly isInRepository: boolean;
  readonly remarks: readonly string[];
}

export interface ReportFacts {
  /** As named; the file that was found where none was named. */
  readonly name: string;
  readonly tests: number;
  readonly isNamed: boolean;
}

export interface TokenFacts {
  readonly repository: string;
  /** undefined: no pull request at hand, or GitHub did not say. */
  readonly mayComment: boolean | undefined;
  readonly wantsComment: boolean;
  /** GitHub refused the token itself. */
  readonly isValid: boolean;
}

export interface HealthFacts {
  readonly now: Date;
  readonly database: DatabaseFacts;
  readonly embedded: EmbeddedFacts | undefined;
  /** What the database may take, in bytes, by `--disk`. */
  readonly diskBytes: number | undefined;
  readonly checkout: CheckoutFacts | undefined;
  readonly reports: readonly ReportFacts[];
  /** In Actions: undefined where no token was given. */
  readonly token: TokenFacts | undefined;
  readonly isInActions: boolean;
  /** Of reports, checkout, token and folder. */
  readonly troubles: readonly Trouble[];
}

export type Finding =
  | { readonly code: 'trouble'; readonly trouble: Trouble }
  | { readonly code: 'not-encrypted' | 'identity-unchecked'; readonly remark: string }
  | { readonly code: 'login-privileged'; readonly login: string; readonly privilege: string }
  | { readonly code: 'read-only' }
  | { readonly code: 'clock-off'; readonly offsetMs: number }
  | { readonly code: 'parts-missing' | 'index-missing'; readonly parts: readonly string[] }
  | {
      readonly code: 'row-security' | 'policies' | 'rights' | 'owners' | 'roles';
      readonly parts: readonly string[];
    }
  | { readonly code: 'login-lost'; readonly role: string; readonly team: string }
  | { readonly code: 'months-missing'; readonly table: string; readonly months: readonly string[] }
  | { readonly code: 'half-detached'; readonly partition: string }
  | {
      readonly code: 'retention-overdue';
      readonly table: string;
      /** Whole months, or rows. */
      readonly months: readonly string[];
      readonly rows: number;
    }
  | {
      readonly code: 'disk-full-soon';
      readonly inMonths: number;
      readonly bytes: number;
      readonly diskBytes: number;
    }
  | {
      readonly code: 'job-silent';
      readonly job: JobFacts;
      readonly usualDays: number;
      readonly silentDays: number;
    }
  | { readonly code: 'index-unused'; readonly index: IndexFacts }
  | { readonly code: 'index-bloated'; readonly index: IndexFacts; readonly wastedBytes: number }
  | { readonly code: 'table-bloated'; readonly table: TableFacts }
  | { readonly code: 'no-commit'; readonly ciSystem: string | undefined; readonly isInRepository: boolean }
  | { readonly code: 'token-refused' }
  | { readonly code: 'token-may-not-comment'; readonly repository: string };

/** When a disk is full if the tables go on growing as in the last whole months. */
export interface Growth {
  readonly bytesPerMonth: number;
  /** The same by partitioned table. */
  readonly tables: Readonly<Record<string, number>>;
  /** undefined: not within ten years, or the disk's size is not known. */
  readonly fullInMonths: number | undefined;
}
