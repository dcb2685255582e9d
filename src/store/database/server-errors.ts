// What a database or driver error means to a person, and whether trying again can help. Takes SQLSTATE and object names from
// the server's answer, never DETAIL, CONTEXT or a value, which carry row data. Pure.
import { InputError, type Naming, StoreError } from '../../errors.ts';

/** Where a connection goes, as far as it may be shown. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * What can be done after a failure. `retry`: the same again on a new connection. `lost`: as retry, but what was asked last
 * may have been done. `never`: a person must act.
 */
export type Fate = 'retry' | 'lost' | 'never';

interface ServerAnswer {
  readonly code: string | undefined;
  readonly message: string;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  readonly fromServer: boolean;
  /** The server ended the connection with it. */
  readonly isFatal: boolean;
}

interface Meaning {
  readonly code: string;
  readonly message: string;
  readonly fix?: string | ((name: Naming) => string | undefined);
}

const retryStates = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
  '53000', // insufficient resources
  '53100', // disk full: an operator or autovacuum may be freeing space
  '53200', // out of memory
  '53300', // too many connections
  '55P03', // lock timeout
  '55006', // object in use
  '25006', // read-only: the other side of a failover
  '57014', // statement timeout
]);
const lostStates = new Set(['57P01', '57P02', '57P03', '57P05', '25P03']);
const lostCodes = new Set(['database-lost', 'database-silent', 'data-dir-taken']);
/** Where nothing answered at all: more likely misspelt or shut off than starting again. In milliseconds. */
const patience: Readonly<Record<string, number>> = {
  'database-unknown-host': 10_000,
  'database-no-answer': 30_000,
  'database-no-route': 30_000,
};
const retryCodes = new Set([
  ...Object.keys(patience),
  'database-unreachable',
  'database-pooler-busy',
  // Each attempt makes a missing month first.
  'database-no-partition',
  'data-dir-busy',
]);

/** How long a server is tried that gave no sign of itself; undefined where one did, be it by refusing. */
export function patienceMs(error: StoreError): number | undefined {
  return patience[error.code];
}

/** Whether trying again can help; anything but a StoreError is a bug and never does. */
export function fateOf(error: unknown): Fate {
  if (!(error instanceof StoreError)) return 'never';
  if (lostCodes.has(error.code)) return 'lost';
  if (retryCodes.has(error.code)) return 'retry';
  const state = error.sqlstate;
  if (state !== undefined) {
    // Poolers send 08P01 for everything: `code` decides.
    if (lostStates.has(state) || (state.startsWith('08') && state !== '08P01')) return 'lost';
    if (retryStates.has(state)) return 'retry';
  }
  return 'never';
}

/**
 * A driver's or server's error as a StoreError with a cause and a way out. StoreErrors pass through.
 *
 * @param isStarting while the connection is made: no row can be in the server's words yet
 */
export function storeErrorOf(error: unknown, target: Target | undefined, isStarting = false): StoreError {
  if (error instanceof StoreError) return error;
  const answer = readAnswer(error);
  const meaning = answer.fromServer
    ? serverMeaning(answer, target, isStarting)
    : driverMeaning(answer, target);
  return new StoreError({ ...meaning, sqlstate: answer.fromServer ? answer.code : undefined });
}

/**
 * What the server says against a statement that a person typed, in its own words: they may hold the person's own data. undefined
 * for what is no fault of the statement.
 */
export function typedErrorOf(error: unknown): InputError | StoreError | undefined {
  const { code = '', message, fromServer } = readAnswer(error);
  if (!fromServer) return undefined;
  if (code === '25006')
    return new InputError({
      code: 'sql-writes',
      message: `the statement would write, and it is run in a transaction that only reads (${message})`,
      fix: 'Begin with SELECT. Rows are written by uploads, and by `lukhas healix`.',
    });
  if (code === '57014')
    return new StoreError({
      code: 'sql-timeout',
      message: 'the statement took longer than it may',
      fix: '--timeout <seconds> gives it longer; a condition on created_at reads fewer months.',
      sqlstate: code,
    });
  // Classes of PostgreSQL's errors: data, syntax or rights, limits of a program, what a function raises.
  if (!/^(?:21|22|25|42|0A|54|P0)/.test(code)) return undefined;
  const position = Number((error as { position?: unknown }).position);
  return new InputError({
    code: 'sql',
    message: `the database refuses the statement: ${message}${position > 0 ? ` (at character ${position})` : ''}`,
    fix: 'docs/schema.sql has the tables; `lukhas sql --help` has examples.',
  });
}

/** Builds the same from an error message of the wire protocol. */
export function storeErrorOfFields(fields: ReadonlyMap<string, string>): StoreError {
  const answer: ServerAnswer = {
    code: fields.get('C'),
    message: fields.get('M') ?? '',
    table: fields.get('t'),
    column: fields.get('c'),
    constraint: fields.get('n'),
    fromServer: true,
    isFatal: false,
  };
  return new StoreError({ ...serverMeaning(answer, undefined, false), sqlstate: answer.code });
}

function readAnswer(error: unknown): ServerAnswer {
  const record = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  // Happy Eyeballs: all addresses failed, each in its own way.
  const first = Array.isArray(record.errors)
    ? (record.errors[0] as Record<string, unknown> | undefined)
    : undefined;
  const code = text(record.code) ?? text(first?.code);
  return {
    code,
    message: text(record.message) ?? text(first?.message) ?? String(error),
    table: text(record.table),
    column: text(record.column),
    constraint: text(record.constraint),
    // Only the server's messages have a severity; node's own codes (EPIPE) look like SQLSTATEs otherwise.
    fromServer: text(record.severity) !== undefined && code !== undefined && /^[0-9A-Z]{5}$/.test(code),
    isFatal: record.severity === 'FATAL',
  };
}

function place(target: Target | undefined): string {
  if (target === undefined) return 'the embedded database';
  return target.host.startsWith('/') ? target.host : `${target.host}:${target.port}`;
}

function names(answer: ServerAnswer): string {
  const parts = [
    answer.table === undefined ? undefined : `table ${answer.table}`,
    answer.column === undefined ? undefined : `column ${answer.column}`,
    answer.constraint === undefined ? undefined : `constraint ${answer.constraint}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function serverMeaning(answer: ServerAnswer, target: Target | undefined, isStarting: boolean): Meaning {
  const pooler = poolerMeaning(answer, target, isStarting);
  if (pooler !== undefined) return pooler;
  const state = answer.code ?? '';
  const where = place(target);
  const user = target === undefined ? 'the login' : `"${target.user}"`;
  switch (state) {
    case '28P01':
      return {
        code: 'database-password',
        message: `the database at ${where} refused the password of ${user}`,
        fix: 'Check the user name and password in the database URL (special characters must be percent-encoded). `lukhas db grant` makes a new credential.',
      };
    case '28000':
      return {
        code: 'database-login',
        message: `the database at ${where} does not let ${user} in: ${answer.message}`,
        fix: 'Check the user name, whether the role may log in, and the server\u2019s pg_hba.conf (it may ask for TLS: sslmode=verify-full).',
      };
    case '3D000':
      return {
        code: 'database-missing',
        message: `there is no database "${target?.database ?? ''}" at ${where}`,
        fix: 'Check the name at the end of the database URL, or create it: CREATE DATABASE …',
      };
    case '3F000':
      return {
        code: 'database-schema-missing',
        message: 'no schema of the search_path exists in this database',
        fix: 'Create it (CREATE SCHEMA …) or change the search_path of the role: ALTER ROLE … SET search_path = …',
      };
    case '53300':
      return {
        code: 'database-full-house',
        message: `the database at ${where} has no free connection`,
        fix: 'Wait for other jobs, raise max_connections, or connect through a pooler (PgBouncer, Supavisor).',
      };
    case '53100':
      return {
        code: 'database-disk-full',
        message: `the disk of the database at ${where} is full`,
        fix: 'Free or add disk space; `lukhas db retain` drops months that are past their time.',
      };
    case '25006':
      return {
        code: 'database-read-only',
        message: `the database at ${where} is read-only`,
        fix: 'Connect to the primary; a standby or a suspended database takes neither uploads nor a set-up. Or somebody made it so: SHOW default_transaction_read_only.',
      };
    case '42501':
      // From PostgreSQL 16 on CREATEROLE makes an administrator of nobody's roles but one's own.
      if (/^permission denied to grant role "?lukhas_/.test(answer.message))
        return {
          code: 'database-rights',
          message: `${user} lacks a right in this database: ${answer.message}, which somebody else made for another database of this server`,
          fix: `A superuser, or who made it, lets it be granted: GRANT lukhas_owner, lukhas_ingest, lukhas_service TO ${user} WITH ADMIN OPTION. Or set up as a superuser. Nothing was changed.`,
        };
      return {
        code:
          answer.message.includes('pg_temp') || answer.message.includes('temporary tables')
            ? 'database-no-temp'
            : 'database-rights',
        message:
          answer.message.includes('pg_temp') || answer.message.includes('temporary tables')
            ? `${user} may not make temporary tables in this database, and uploads stage their rows in one`
            : `${user} lacks a right in this database: ${answer.message}`,
        fix:
          answer.message.includes('pg_temp') || answer.message.includes('temporary tables')
            ? `As the database\u2019s owner: GRANT TEMPORARY ON DATABASE "${target?.database ?? '\u2026'}" TO lukhas_ingest`
            : 'Uploads and `lukhas healix` take a credential made by `lukhas db grant`; `lukhas db` and `lukhas team` take an administrator\u2019s: the database\u2019s owner with CREATEROLE, or a superuser. A right that was taken away comes back with `lukhas db setup --team <slug>`.',
      };
    case '42P01':
    case '42883':
    case '42703':
    case '3B000':
      return {
        code: 'database-not-set-up',
        message: `this database is not set up for lukhas-ingest: ${answer.message}`,
        fix: 'An administrator sets it up with `lukhas db setup --team <slug>` (or brings it up to date with `lukhas db migrate`).',
      };
    case '42P07':
    case '42710':
    case '42723':
      return {
        code: 'database-name-taken',
        message: `something of that name is there already: ${answer.message}`,
        fix: 'Give lukhas-ingest a database of its own, or a schema of its own through the role\u2019s search_path.',
      };
    case '57014':
      return {
        code: 'database-timeout',
        message: 'the database took too long over one statement',
        fix: 'Look for locks and load on the server (pg_stat_activity), then try again.',
      };
    case '55P03':
      return {
        code: 'database-locked',
        message: 'the database did not give a lock in time',
        fix: 'Look for a long transaction on the server (pg_stat_activity), then try again.',
      };
    case '57P01':
    case '57P02':
    case '57P03':
    case '57P05':
    case '25P03':
      return {
        code: 'database-stopped',
        message: `the database at ${where} ended the connection: ${answer.message}`,
        fix: 'It is starting, stopping or failing over; try again.',
      };
    case 'LK002':
      return {
        code: 'database-rows-missing',
        message: 'not all rows of the run arrived in their tables; nothing was stored',
        fix: 'Look for triggers or rules on test_runs, test_results and coverage_data that are not of lukhas-ingest.',
      };
    case 'LK003':
      return {
        code: 'database-newer',
        message: 'the database became newer than this program during the upload; nothing was stored',
        fix: 'Upgrade lukhas-ingest (npm install -g @lukhas/ingest@latest, or a newer version of the action).',
      };
  }
  if (state === '23514' && answer.constraint === undefined) {
    return {
      code: 'database-no-partition',
      message: `there is no partition for the time of this run${names(answer)}`,
      fix: 'An administrator makes it with `lukhas db partitions`.',
    };
  }
  if (state.startsWith('22') || state.startsWith('23')) {
    // The server's message may quote the value.
    return {
      code: 'database-refused-value',
      message: `the database refused a value${names(answer)}`,
      fix: 'Nothing was stored. This is a bug of lukhas-ingest: please report the SQLSTATE and the names above.',
    };
  }
  if (/^(25|28|3D|40|42|53|54|55|57|58|08|0A|3F|F0)/.test(state)) {
    return { code: 'database-error', message: `the database refused: ${answer.message}` };
  }
  if (isStarting) {
    return {
      code: 'database-refused',
      message: `the server at ${where} did not take the connection: ${inWords(answer)}`,
      fix: 'These are the words of the server, or of the pooler or proxy before it.',
    };
  }
  // P0001 and XX000 may come from somebody's trigger or extension with a row in their words.
  return { code: 'database-error', message: `the database refused the work${names(answer)}` };
}

/** What poolers and proxies say, in the order it is looked for. They send one SQLSTATE for nearly everything. */
const poolerWords: readonly {
  readonly words: RegExp;
  readonly code: string;
  readonly message: (where: string, user: string, database: string) => string;
  readonly fix: string;
}[] = [
  {
    // PgBouncer keeps the server's own refusal and tells it to everybody for a while.
    words: /server login (has been failing|failed).*(password|authentication|does not exist|no pg_hba)/i,
    code: 'database-pooler-login',
    message: (where) => `the pooler at ${where} cannot log in to its server`,
    fix: 'Check the host, database and login that the pooler itself uses for its server.',
  },
  {
    words: /ECIRCUITBREAKER|circuit breaker|too many authentication (errors|failures)/i,
    code: 'database-pooler-blocked',
    message: (where) => `the pooler at ${where} takes no connection for some minutes`,
    fix: 'It saw too many failures. Check user name and password, wait for ten minutes, and try again.',
  },
  {
    words: new RegExp(
      [
        // PgBouncer
        'no more connections allowed',
        'client_login_timeout',
        'query_wait_timeout',
        'server login (has been failing|failed)',
        'cannot connect to server',
        'max_(db|user)_connections',
        // Supavisor
        'max clients reached',
        'max client connections reached',
        'max pools count reached',
        'unable to check out',
        'pool checkout timeout',
        'failed to subscribe to tenant',
        'pool.* terminating',
        // Neon
        'couldn.t connect to compute node',
        'control plane request failed',
        'failed to acquire permit',
        'too many connections',
        'too many database connection attempts',
        'limit of concurrently active endpoints',
        'could not be authorized due to an internal error',
        'authentication timed out',
      ].join('|'),
      'i',
    ),
    code: 'database-pooler-busy',
    message: (where) => `the pooler at ${where} has no connection to give now`,
    fix: 'Wait for other jobs, or give it more places (PgBouncer: max_client_conn, default_pool_size; Supabase: transaction mode, port 6543).',
  },
  {
    words: /(tenant|user).* not found|no such user|no tenant identifier|invalid format for user/i,
    code: 'database-login',
    message: (where, user) => `the pooler at ${where} does not know ${user}`,
    fix: 'Supabase\u2019s pooler wants the user name as <role>.<project reference>; copy the host from the project\u2019s own connection string. PgBouncer looks in its auth_file or asks its auth_query.',
  },
  {
    words: /no such database|database .*(not found|does not exist|is disabled|does not allow connections)/i,
    code: 'database-missing',
    message: (where, _, database) => `the pooler at ${where} knows no database "${database}"`,
    fix: 'Check the name at the end of the database URL and the pooler\u2019s [databases].',
  },
  {
    words: /endpoint id is not specified/i,
    code: 'database-login',
    message: (where) => `the proxy at ${where} does not know which database is meant`,
    fix: 'Name the host as Neon gives it (ep-….neon.tech), or add ?options=endpoint%3D<endpoint id> to the database URL.',
  },
  {
    words: /allow_?list|not allowed to connect|blocked network|login rejected/i,
    code: 'database-address',
    message: (where) => `the server at ${where} does not let this machine in`,
    fix: 'Allow the address of the CI runner in the provider\u2019s network settings, or run the job where it is allowed.',
  },
  {
    words: /(SSL|TLS) (connection )?(is )?required|TLS client certificate/i,
    code: 'database-tls',
    message: (where) => `the pooler at ${where} takes encrypted connections only`,
    fix: 'Leave sslmode=disable away from the database URL.',
  },
  {
    words: /quota|endpoint (is|has been) disabled|endpoint could not be found|project .*not found/i,
    code: 'database-suspended',
    message: (where) => `the provider at ${where} does not start this database`,
    fix: 'Look at the project where the provider shows it: a quota, or an endpoint that is off.',
  },
  {
    words: /password|authentication|SASL/i,
    code: 'database-password',
    message: (where, user) =>
      `the pooler at ${where} refused the password of ${user}, or does not know this login`,
    fix: 'Check user name and password in the database URL, and that the pooler knows the login (PgBouncer: auth_file or auth_query).',
  },
  {
    words: /dbhandler exited|connection to database closed/i,
    code: 'database-lost',
    message: (where) => `the pooler at ${where} lost its connection to the database`,
    fix: 'Try again: the same upload is stored once, however often it is sent.',
  },
  {
    words: /startup|parameter|invalid|unsupported/i,
    code: 'database-protocol',
    message: (where) => `the server at ${where} did not take the connection`,
    fix: 'Check that host and port are those of PostgreSQL or its pooler.',
  },
];

/** What a pooler or proxy means, told by its words; undefined where PostgreSQL itself speaks. */
function poolerMeaning(
  answer: ServerAnswer,
  target: Target | undefined,
  isStarting: boolean,
): Meaning | undefined {
  const { code = '', isFatal } = answer;
  const isOfPoolers = code === '08P01';
  // A trigger of somebody's may raise XX000 with a row in its words, but nothing fatal.
  const mayBe = /^08/.test(code) || (code === 'XX000' && (isStarting || isFatal));
  if (!mayBe) return undefined;
  const where = place(target);
  const user = target === undefined ? 'the login' : `"${target.user}"`;
  for (const { words, code, message, fix } of poolerWords) {
    if (words.test(answer.message))
      return { code, message: `${message(where, user, target?.database ?? '')}: ${inWords(answer)}`, fix };
  }
  if (!isOfPoolers) return undefined;
  return {
    code: 'database-lost',
    message: `the pooler at ${where} ended the connection: ${inWords(answer)}`,
    fix: 'Try again: the same upload is stored once, however often it is sent.',
  };
}

/** The server's own words on one line. */
function inWords({ message }: ServerAnswer): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}\u2026` : line;
}

function driverMeaning(answer: ServerAnswer, target: Target | undefined): Meaning {
  const where = place(target);
  const code = answer.code ?? '';
  const text = answer.message;
  switch (code) {
    case 'ECONNREFUSED':
      return {
        code: 'database-unreachable',
        message: `nothing listens at ${where}`,
        fix: 'Check host and port of the database URL, and that the server runs and listens on that address.',
      };
    case 'ENOENT':
      return {
        code: 'database-unreachable',
        message: `there is no database socket in ${where}`,
        fix: 'Check the socket directory and port of the database URL.',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return {
        code: 'database-unknown-host',
        message: `the host name ${target?.host ?? ''} is not known`,
        fix: 'Check the host of the database URL and the network\u2019s name server.',
      };
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
      return {
        code:
          code === 'ENETUNREACH' && /\.supabase\.co$/i.test(target?.host ?? '')
            ? 'database-ipv6-only'
            : 'database-no-route',
        message: `there is no way from here to ${where}`,
        fix: /\.supabase\.co$/i.test(target?.host ?? '')
          ? 'Supabase\u2019s direct hosts speak IPv6 only, and hosted CI runners do not: use the pooler\u2019s URL (…pooler.supabase.com).'
          : 'Check the network, the firewall, and whether the server has an address of the kind (IPv4, IPv6) this machine has.',
      };
    case 'ETIMEDOUT':
      return noAnswer(where);
  }
  if (/timeout expired|timeout exceeded|connection timeout/i.test(text)) return noAnswer(where);
  if (/does not support SSL/i.test(text)) {
    return {
      code: 'database-no-tls',
      message: `the server at ${where} does not offer TLS`,
      fix: 'Switch TLS on at the server. Only on a network you trust: add sslmode=disable to the database URL.',
    };
  }
  if (
    /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_UNTRUSTED)/.test(code)
  ) {
    return {
      code: 'database-tls-authority',
      message: `the certificate of ${where} is not signed by an authority this machine knows (${code})`,
      fix: (name) =>
        `Give the authority\u2019s certificate, as a file, with ${name('sslCa')}, or with sslrootcert in the URL. Supabase: Database settings, SSL configuration, download certificate.`,
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      code: 'database-tls-name',
      message: `the certificate at ${where} is for another host`,
      fix: 'Use the host name that the certificate is for. sslmode=verify-ca checks the authority only.',
    };
  }
  if (/^CERT_|^ERR_TLS|^ERR_SSL|^EPROTO$/.test(code)) {
    return {
      code: 'database-tls',
      message: `no TLS connection to ${where} (${code})`,
      fix: 'Check the server\u2019s certificate (dates, chain) and that host and port are those of PostgreSQL.',
    };
  }
  if (/SASL|SCRAM|client password must be/i.test(text)) {
    return {
      code: 'database-password',
      message: `the database at ${where} asks for a password that the database URL does not hold, or could not prove its own`,
      fix: 'Put user and password into the database URL; special characters must be percent-encoded.',
    };
  }
  if (
    /ECONNRESET|EPIPE|ECONNABORTED/.test(code) ||
    /connection (terminated|ended|error)|not queryable|was closed|socket/i.test(text)
  ) {
    return {
      code: 'database-lost',
      message: `the connection to ${where} was lost`,
      fix: 'Try again: the same upload is stored once, however often it is sent.',
    };
  }
  return {
    code: 'database-driver',
    message: `no conversation with the database at ${where}${code === '' ? '' : ` (${code})`}`,
  };
}

function noAnswer(where: string): Meaning {
  return {
    code: 'database-no-answer',
    message: `no answer from ${where}`,
    fix: 'Check host and port of the database URL and the firewall between here and there.',
  };
}
