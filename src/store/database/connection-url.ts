// A database URL as settings for the driver, TLS included. Pure: reads no file and no environment of its own, and no message of its own
// holds a password.
import { InputError } from '../../errors.ts';

/** How the server's identity is proved. */
export type TlsMode = 'off' | 'unverified' | 'verify-ca' | 'verify-full';

export interface ConnectionSettings {
  /** A host name, an address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsMode;
  /** File of the certificate authority named in the URL. */
  readonly rootCertificate: string | undefined;
  readonly channelBinding: boolean;
  readonly applicationName: string;
  /** The start-up packet's options: which database Neon's proxy is asked for. */
  readonly startOptions: string | undefined;
  /** Remarks about the connection for a person. */
  readonly remarks: readonly string[];
}

const sslModes = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof sslModes)[number];

/** Parameters that change nothing for us; URLs copied from a provider's page carry them. */
const harmless = new Set([
  'pgbouncer',
  'connection_limit',
  'connect_timeout',
  'pool_timeout',
  'supa',
  'target_session_attrs',
]);
const known = [
  'sslmode',
  'sslrootcert',
  'host',
  'port',
  'channel_binding',
  'application_name',
  'options',
  ...harmless,
];

/**
 * The variables of libpq that fill what a URL leaves out. None chooses a server (PGHOST, PGPORT, PGSERVICE: CI sets them for the
 * application's own test database) or how its identity is proved (PGSSLMODE, PGSSLROOTCERT).
 */
export type PgVariables = Readonly<
  Partial<Record<'PGUSER' | 'PGPASSWORD' | 'PGDATABASE' | 'PGAPPNAME', string | undefined>>
>;

/**
 * Parses `postgres://user:password@host:port/database?…`.
 *
 * TLS: a loopback address or Unix socket needs none. Any other host gets `verify-full` unless the URL says `verify-ca`,
 * `no-verify` or `disable`; `allow`, `prefer` and `require` say only that the channel may be encrypted, not that anybody may
 * be at its other end, and mean `verify-full` as well (node-postgres reads them so too).
 */
export function parseConnectionUrl(text: string, variables: PgVariables = {}): ConnectionSettings {
  const url = parseUrl(text.trim());
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!known.includes(name)) throw url.search.includes('@') ? unreadable() : unknownParameter(name);
    query.set(name, value);
  }
  const socket = query.get('host');
  if (socket?.includes(',') === true || query.get('port')?.includes(',') === true) throw severalHosts();
  if (socket !== undefined && !socket.startsWith('/')) {
    throw invalid(
      'the parameter host of the database URL must be the directory of a Unix socket',
      'Name a host before the path: postgres://user@host/database',
    );
  }
  const urlHost = decode(url.hostname.replace(/^\[(.*)\]$/, '$1'), 'host');
  const host = socket ?? (urlHost === '' ? 'localhost' : urlHost);
  const port = Number(query.get('port') ?? (url.port === '' ? '5432' : url.port));
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid('the port of the database URL is not a number from 1 to 65535');
  const user = decode(url.username, 'user name') || (variables.PGUSER ?? '');
  if (user === '')
    throw invalid(
      'the database URL names no user, and PGUSER is not set',
      'postgres://user:password@host:5432/database',
    );
  const path = decode(url.pathname.replace(/^\//, ''), 'database name') || (variables.PGDATABASE ?? '');
  const password = decode(url.password, 'password') || (variables.PGPASSWORD ?? '');
  const sslmode = readSslMode(query.get('sslmode'));
  const local = isLocal(host);
  // PostgreSQL speaks no TLS on a Unix socket.
  const tls = host.startsWith('/') ? 'off' : tlsFor(sslmode, local);
  const remarks: string[] = [];
  if (!local && tls === 'off') remarks.push(`sslmode=disable: the connection to ${host} is not encrypted`);
  if (!local && tls === 'unverified')
    remarks.push(`sslmode=no-verify: nobody checks that ${host} is the server it says it is`);
  return {
    host,
    port,
    user,
    password: password === '' ? undefined : password,
    database: path === '' ? user : path,
    tls,
    rootCertificate: query.get('sslrootcert'),
    channelBinding: query.get('channel_binding') === 'require',
    applicationName: query.get('application_name') || variables.PGAPPNAME || 'lukhas-ingest',
    startOptions: readStartOptions(query.get('options')),
    remarks,
  };
}

/** The user that a URL names; undefined where it leaves it out. */
export function userOf(text: string): string | undefined {
  const user = decode(parseUrl(text.trim()).username, 'user name');
  return user === '' ? undefined : user;
}

/** The same connection as another login, as a URL to store in a CI secret. */
export function connectionUrlFor(
  base: string,
  login: { readonly user: string; readonly password: string; readonly database: string },
): string {
  const url = parseUrl(base.trim());
  // What it leaves out was filled by the administrator's name or environment, which the login does not have.
  if (url.pathname === '' || url.pathname === '/') url.pathname = `/${encodeURIComponent(login.database)}`;
  url.username = encodeURIComponent(login.user);
  url.password = encodeURIComponent(login.password);
  return url.href;
}

function parseUrl(text: string): URL {
  if (!/^postgres(ql)?:\/\//i.test(text)) {
    throw invalid(
      'the database URL does not begin with postgres://',
      'postgres://user:password@host:5432/database',
    );
  }
  if (/^[a-z]+:\/\/(?:[^/?#]*@)?[^/?#@]*,[^/?#@]*(?:[/?#]|$)/i.test(text)) throw severalHosts();
  let url: URL;
  try {
    // A Unix socket's URL may leave the host empty (user@/database?host=/run/postgresql), which URL itself does not take.
    url = new URL(text.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?#]|$)/i, '$1localhost'));
  } catch {
    throw unreadable();
  }
  // A bare #, / or ? in a password cuts it in two, and the rest ends up here.
  const cut = url.username === '' && url.search.includes('@');
  if (cut || url.hash !== '' || url.pathname.includes('@')) throw unreadable();
  return url;
}

function unreadable(): InputError {
  return invalid(
    'the database URL cannot be read',
    'postgres://user:password@host:5432/database, with special characters of user and password percent-encoded (@ as %40, / as %2F, # as %23, ? as %3F)',
  );
}

function severalHosts(): InputError {
  return invalid(
    'the database URL names several hosts, and an upload goes to one',
    'Name the primary, or a pooler or proxy that follows it (the provider\u2019s, PgBouncer, HAProxy). After a failover the upload is tried again there.',
  );
}

/** Neon tells its databases apart by the host\u2019s name, or by this where something hides it. */
function readStartOptions(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^(endpoint|project)=[\w.-]+$/.test(text)) throw unknownParameter('options');
  return text;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(
      `the ${what} in the database URL is not properly percent-encoded`,
      'A lone % is written %25.',
    );
  }
}

function readSslMode(text: string | undefined): SslMode | undefined {
  if (text === undefined || text === '') return undefined;
  const mode = sslModes.find((candidate) => candidate === text);
  if (mode === undefined)
    throw invalid(
      'the sslmode of the database URL is none of the known ones',
      `One of ${sslModes.join(', ')}.`,
    );
  return mode;
}

function tlsFor(mode: SslMode | undefined, local: boolean): TlsMode {
  switch (mode) {
    case 'disable':
      return 'off';
    case 'no-verify':
      return 'unverified';
    case 'verify-ca':
      return 'verify-ca';
    case 'verify-full':
      return 'verify-full';
    case 'require':
      // On loopback (a tunnel) no certificate names the host, and nobody is in between.
      return local ? 'unverified' : 'verify-full';
    default:
      return local ? 'off' : 'verify-full';
  }
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
}

function unknownParameter(name: string): InputError {
  if (name === 'service')
    return invalid(
      'the database URL names a service, whose server stands in a file of this machine alone',
      'Write host, port, user and database into the URL; a password may stay in ~/.pgpass or PGPASSWORD.',
    );
  const fix =
    name === 'options' || name === 'schema' || name === 'search_path'
      ? 'Start-up options do not pass through a pooler (Neon\u2019s options=endpoint%3D<id> does). Set a search_path on the role instead: ALTER ROLE … SET search_path = …'
      : `Known are ${known.join(', ')}.`;
  return invalid(`the database URL has a parameter that is not supported: ${name.slice(0, 40)}`, fix);
}

function invalid(message: string, fix?: string): InputError {
  return new InputError({ code: 'database-url', message, fix });
}
