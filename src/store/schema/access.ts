// Finds out who a session is and which team it works for; makes credentials for one team. Refuses uploads by roles that pass
// row-level security.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { InputError, StoreError } from '../../errors.ts';
import { connectionUrlFor, userOf } from '../database/connection-url.ts';
import type { Connect, ConnectLimits, Database } from '../database/port.ts';
import { unlessCancelled } from '../database/retry.ts';
import { type Begin, beginIn, beginInCatalog, quoteName } from '../database/search-path.ts';
import type { Migration } from './migrations.generated.ts';
import { accepted, lookAtSchema, requireSchema } from './state.ts';
import { partitionedTables, teamTables } from './tables.ts';
import { addTeam, asOwner, findTeam, localTeamSlug, type Team, unknownTeam } from './teams.ts';

export interface Access {
  /** The login. */
  readonly role: string;
  readonly team: Team;
  /** The schema that our tables live in. */
  readonly schema: string;
  /** Sets schema and team for one transaction: the `begin` of every transaction of a team. */
  readonly begin: Begin;
}

export interface AccessRequest {
  /** undefined: the credential's own team, or `local` in the embedded database. */
  readonly teamSlug: string | undefined;
  /** Take a superuser, a BYPASSRLS role or the tables' owner as well. */
  readonly allowPrivilegedRole: boolean;
  /** What this program knows; for tests of other programs. */
  readonly migrations?: readonly Migration[] | undefined;
}

interface Session {
  readonly role: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly owns: boolean;
  readonly service: boolean;
  readonly may_stage: boolean;
  readonly open_tables: readonly string[];
  readonly team_id: string | null;
  readonly team_slug: string | null;
}

/** Checks schema version, role and team before any work. @throws StoreError that says what to do */
export async function openAccess(db: Database, request: AccessRequest): Promise<Access> {
  const { schema, session } = await db
    .transaction(() => lookAtSession(db, request), { begin: beginInCatalog() })
    .catch(async (error) => {
      throw (await explainRefusal(db, error)) ?? error;
    });
  const { role } = session;
  const privilege = db.embedded ? undefined : privilegeOf(session);
  // Of no matter to who passes row-level security, and is let in all the same.
  if (privilege === undefined && session.open_tables.length > 0) throw unprotected(session.open_tables);
  if (db.embedded) {
    const team = await embeddedTeam(db, schema, request.teamSlug ?? localTeamSlug);
    // The embedded database's only login is a superuser. As the service role it meets the same policies as everybody else.
    return { role, team, schema, begin: beginIn(schema, 'SET LOCAL ROLE lukhas_service', teamSetting(team)) };
  }
  if (privilege !== undefined) {
    if (!request.allowPrivilegedRole) throw privileged(role, privilege);
    const team = await namedTeam(
      db,
      schema,
      request.teamSlug,
      'SELECT id FROM teams WHERE slug = $1 AND deleted_at IS NULL',
    );
    return { role, team, schema, begin: beginIn(schema, teamSetting(team)) };
  }
  if (!session.may_stage) {
    throw new StoreError({
      code: 'database-no-temp',
      message: `"${role}" may not make temporary tables in this database, and uploads stage their rows in one`,
      fix: 'As the database\u2019s owner: GRANT TEMPORARY ON DATABASE \u2026 TO lukhas_ingest',
    });
  }
  if (session.team_id !== null)
    return { role, team: boundTeam(session, request), schema, begin: beginIn(schema) };
  if (session.service) {
    const team = await namedTeam(db, schema, request.teamSlug, 'SELECT lukhas_find_team($1) AS id');
    return { role, team, schema, begin: beginIn(schema, teamSetting(team)) };
  }
  throw new StoreError({
    code: 'role-not-bound',
    message: `the login "${role}" is bound to no team, or its team was removed`,
    fix: `An administrator binds it: \`lukhas db grant --team <slug> --role ${role}\`.`,
  });
}

/** A connection, and who it works for. */
export interface TeamConnection {
  readonly db: Database;
  readonly access: Access;
}

/**
 * Connects, and finds out who the connection works for; closes it where it may not work.
 *
 * @param signal ends the connection until then
 * @throws StoreError as openAccess
 */
export async function openTeam(
  connect: Connect,
  request: AccessRequest,
  { limits, signal }: { readonly limits?: ConnectLimits; readonly signal?: AbortSignal | undefined } = {},
): Promise<TeamConnection> {
  const db = await unlessCancelled(connect(limits), signal, (late) => late.destroy());
  const cancel = () => db.destroy();
  signal?.addEventListener('abort', cancel);
  try {
    return { db, access: await openAccess(db, request) };
  } catch (error) {
    await db.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function lookAtSession(
  db: Database,
  request: AccessRequest,
): Promise<{ readonly schema: string; readonly session: Session }> {
  const { schema } = accepted(await lookAtSchema(db, request.migrations));
  const ours = quoteName(schema);
  // The embedded database has one login. Asking what is known of it would take 15 ms of each upload.
  const who = db.embedded
    ? 'true AS superuser, true AS bypasses, true AS owns, false AS service, true AS may_stage, NULL AS team_id, NULL AS team_slug'
    : `r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
       pg_has_role(session_user, c.relowner, 'MEMBER') AS owns,
       ${ours}.lukhas_serves() AS service,
       has_database_privilege(current_database(), 'TEMPORARY') AS may_stage,
       bound.team_id, (SELECT t.slug FROM ${ours}.teams t WHERE t.id = bound.team_id) AS team_slug`;
  const from = db.embedded
    ? ''
    : `FROM pg_roles r, pg_class c, ${ours}.lukhas_team_id() AS bound (team_id)
     WHERE r.rolname = session_user AND c.oid = to_regclass(quote_ident($1) || '.test_runs')`;
  const [session] = await db.query<Row<Session>>(
    `SELECT session_user::text AS role, ${who}, ${openTables('$1::text')} AS open_tables ${from}`,
    [schema],
  );
  if (session === undefined) throw new Error('no row about the session itself');
  return { schema, session };
}

/**
 * The tables of teams, and their partitions, whose row-level security is off: each would show one team's rows to all. An array in
 * the order of names; no more than a message can hold.
 */
const openTables = (schema: string): string => `ARRAY(
         SELECT c.relname::text FROM (
           SELECT to_regclass(quote_ident(${schema}) || '.' || name) AS oid FROM unnest('{${teamTables.join(',')}}'::text[]) AS ours (name)
           UNION ALL SELECT i.inhrelid FROM unnest('{${partitionedTables.join(',')}}'::text[]) AS parents (name)
             JOIN pg_inherits i ON i.inhparent = to_regclass(quote_ident(${schema}) || '.' || parents.name)
         ) AS tables JOIN pg_class c ON c.oid = tables.oid
         WHERE NOT c.relrowsecurity ORDER BY c.relname LIMIT 4)`;

function unprotected(tables: readonly string[]): StoreError {
  return new StoreError({
    code: 'database-unprotected',
    message: `row-level security is off on ${tables.slice(0, 3).join(', ')}${tables.length > 3 ? ' and others' : ''}: nothing would keep one team\u2019s rows from another`,
    fix: 'An administrator mends it: `lukhas db setup --team <slug>`. Nothing was stored.',
  });
}

/** What a login lacks that may not even look: its membership, or the rights of the role that it is a member of. */
async function explainRefusal(db: Database, error: unknown): Promise<StoreError | undefined> {
  if (!(error instanceof StoreError) || error.sqlstate !== '42501') return undefined;
  const [row] = await db.transaction(
    () =>
      db.query<{ role: string; granted: boolean | null }>(
        `SELECT session_user::text AS role, (SELECT pg_has_role(session_user, r.oid, 'MEMBER') FROM pg_roles r
           WHERE r.rolname = 'lukhas_ingest') AS granted`,
      ),
    { begin: beginInCatalog() },
  );
  if (row === undefined || row.granted === null) return undefined;
  return row.granted
    ? new StoreError({
        code: 'database-rights',
        message: `lukhas_ingest, the role of "${row.role}", lacks a right in this database`,
        fix: 'An administrator makes rights right: `lukhas db setup --team <slug>`; `lukhas db status` says which.',
        sqlstate: error.sqlstate,
        cause: error,
      })
    : new StoreError({
        code: 'database-rights',
        message: `the login "${row.role}" is no member of lukhas_ingest, the role that uploads`,
        fix: `An administrator grants it: \`lukhas db grant --team <slug> --role ${row.role}\`.`,
        sqlstate: error.sqlstate,
        cause: error,
      });
}

export interface SessionState {
  readonly server: string;
  readonly role: string;
  /** Why uploads by this role would be refused; undefined where they are not. */
  readonly privilege: string | undefined;
  /** The team the login is bound to. */
  readonly team: string | undefined;
  /** It may act as the tables' owner. */
  readonly owns: boolean;
}

/** Who this session is, for a person; `schema` is ours where the database is set up. */
export async function describeSession(db: Database, schema: string | undefined): Promise<SessionState> {
  return db.transaction(
    async () => {
      const [row] = await db.query<
        Row<Omit<Session, 'service' | 'may_stage' | 'open_tables'> & { server: string }>
      >(
        `SELECT 'PostgreSQL ' || current_setting('server_version') AS server, session_user::text AS role,
           r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
           coalesce(pg_has_role(session_user, c.relowner, 'MEMBER'), false) AS owns
         FROM pg_roles r LEFT JOIN pg_class c ON c.oid = to_regclass($1) WHERE r.rolname = session_user`,
        [schema === undefined ? null : `${quoteName(schema)}.test_runs`],
      );
      if (row === undefined) throw new Error('no row about the session itself');
      const [team] =
        schema === undefined || row.owns
          ? []
          : await db.query<{ slug: string }>(
              `SELECT slug FROM ${quoteName(schema)}.teams WHERE id = ${quoteName(schema)}.lukhas_team_id()`,
            );
      return {
        server: db.embedded ? `embedded, ${row.server}` : row.server,
        role: row.role,
        privilege: db.embedded ? undefined : privilegeOf(row),
        team: team?.slug,
        owns: row.owns,
      };
    },
    { begin: beginInCatalog() },
  );
}

/** Runs work as the team, in one transaction. */
export function inTeam<T>(db: Database, access: Access, work: () => Promise<T>): Promise<T> {
  return db.transaction(work, { begin: access.begin });
}

type Row<T> = T & Record<string, unknown>;

/** The id goes into SQL as text: check it, although it comes from our own table. */
function teamSetting(team: Team): string {
  if (!/^[0-9a-f-]{36}$/.test(team.id)) throw new Error('a team id that is no UUID');
  return `SELECT set_config('lukhas.team_id', '${team.id}', true)`;
}

function privilegeOf(session: Pick<Session, 'superuser' | 'bypasses' | 'owns'>): string | undefined {
  if (session.superuser) return 'a superuser';
  if (session.bypasses) return 'a role with BYPASSRLS';
  if (session.owns) return 'an owner of the tables';
  return undefined;
}

function privileged(role: string, privilege: string): StoreError {
  return new StoreError({
    code: 'role-privileged',
    message: `"${role}" is ${privilege}: nothing would keep its uploads to one team`,
    fix: (name) => {
      const make =
        'Make a credential for uploads with `lukhas db setup --team <slug>` and use the URL it prints.';
      const allow = name('allowPrivilegedRole');
      return allow === undefined
        ? make
        : `${make} To go on regardless: \`lukhas-upload ${allow}\`; other commands take an administrator with --team <slug>.`;
    },
  });
}

async function embeddedTeam(db: Database, schema: string, slug: string): Promise<Team> {
  const team = await db.transaction(() => findTeam(db, slug), { begin: beginIn(schema) });
  if (team !== undefined) return team;
  if (slug !== localTeamSlug) throw unknownTeam(slug);
  return addTeam(db, { slug });
}

function boundTeam(session: Session, request: AccessRequest): Team {
  const { team_id: id, team_slug: slug } = session;
  if (id === null || slug === null) throw new Error('a bound session does not see its own team');
  const team = { id, slug };
  if (request.teamSlug !== undefined && request.teamSlug !== team.slug) {
    throw new StoreError({
      code: 'team-mismatch',
      message: `the login "${session.role}" is bound to the team ${team.slug}, not to ${JSON.stringify(request.teamSlug.slice(0, 120))}`,
      fix: (name) =>
        `Leave ${name('team')} away, or use that team\u2019s own credential (\`lukhas db grant --team <slug> --role <login>\`).`,
    });
  }
  return team;
}

async function namedTeam(db: Database, schema: string, slug: string | undefined, sql: string): Promise<Team> {
  if (slug === undefined) {
    throw new StoreError({
      code: 'team-missing',
      message: 'this login works for many teams, and none was named',
      fix: (name) =>
        name('allowPrivilegedRole') === undefined
          ? `Name its slug in ${name('team')}.`
          : `Name it: ${name('team')} <slug> or LUKHAS_TEAM.`,
    });
  }
  const [row] = await db.transaction(() => db.query<{ id: string | null }>(sql, [slug]), {
    begin: beginIn(schema),
  });
  if (row === undefined || row.id === null) throw unknownTeam(slug);
  return { id: row.id, slug };
}

export interface Grant {
  readonly role: string;
  readonly team: Team;
  /** Whether the login was made now, or got a new password. */
  readonly passwordIsNew: boolean;
  /** The login's URL; without a password where the login existed before. */
  readonly databaseUrl: string;
}

/**
 * Makes the login where it is missing, grants it what an upload needs, or reading alone, and binds it to the team. A login bound to another team
 * is refused. Needs an administrator's connection; `adminUrl` is that connection's URL, the pattern for the login's own.
 */
export async function grantUploads(
  db: Database,
  wish: {
    readonly teamSlug: string;
    readonly role: string;
    readonly adminUrl: string;
    /** Also for a login that exists. */
    readonly newPassword?: boolean | undefined;
    /** It may select the team's rows, and nothing else: for dashboards. */
    readonly readOnly?: boolean | undefined;
  },
): Promise<Grant> {
  const role = checkRole(wish.role);
  const { schema } = await requireSchema(db);
  const team = await asOwner(db, () => findTeam(db, wish.teamSlug));
  if (team === undefined) throw unknownTeam(wish.teamSlug);
  const newPassword = wish.newPassword === true;
  const readOnly = wish.readOnly === true;
  const password = randomBytes(24).toString('base64url');
  let passwordIsNew: boolean;
  try {
    // Send the verifier, not the password: statements may be logged.
    passwordIsNew = await bind(db, { role, team, schema, newPassword, readOnly }, scramVerifier(password));
  } catch (error) {
    // Some services (Neon) take plain passwords only.
    if (!(error instanceof StoreError) || !/^(22|0A|XX|P0)/.test(error.sqlstate ?? '')) throw error;
    passwordIsNew = await bind(db, { role, team, schema, newPassword, readOnly }, password);
  }
  return {
    role,
    team,
    passwordIsNew,
    databaseUrl: connectionUrlFor(wish.adminUrl, {
      ...(await placeOf(db, role, wish.adminUrl)),
      password: passwordIsNew ? password : '',
    }),
  };
}

/**
 * Before a set-up changes anything: whether this administrator can make the login in the end.
 *
 * @throws StoreError `database-rights`
 */
export async function requireLoginMaker(db: Database, role: string): Promise<void> {
  const [row] = await db.transaction(
    () =>
      db.query<{ me: string; may: boolean; there: boolean }>(
        `SELECT r.rolname::text AS me, r.rolsuper OR r.rolcreaterole AS may,
           EXISTS (SELECT FROM pg_roles login WHERE login.rolname = $1) AS there FROM pg_roles r WHERE r.rolname = current_user`,
        [role],
      ),
    { begin: beginInCatalog() },
  );
  if (row === undefined || row.may || row.there) return;
  throw new StoreError({
    code: 'database-rights',
    message: `"${row.me}" lacks a right in this database: it may make no logins, and a set-up makes "${role}"`,
    fix: 'A set-up takes an administrator: the database\u2019s owner with CREATEROLE, or a superuser. Nothing was changed. A login that exists can be named instead.',
  });
}

interface Binding {
  readonly role: string;
  readonly team: Team;
  readonly schema: string;
  readonly newPassword: boolean;
  readonly readOnly: boolean;
}

async function bind(
  db: Database,
  { role, team, schema, newPassword, readOnly }: Binding,
  secret: string,
): Promise<boolean> {
  const work = async () => {
    const [known] = await db.query<{ privileged: boolean; login: boolean }>(
      `SELECT rolcanlogin AS login,
         rolsuper OR rolbypassrls OR rolcreaterole OR pg_has_role(oid, 'lukhas_owner', 'MEMBER') AS privileged
       FROM pg_roles WHERE rolname = $1`,
      [role],
    );
    if (known?.privileged === true || role.startsWith('lukhas_owner')) {
      throw new StoreError({
        code: 'role-privileged',
        message: `"${role}" may pass row-level security or make roles, and cannot be bound to a team`,
        fix: 'Name a login of its own for uploads: --role <new name>.',
      });
    }
    if (known?.login === false) {
      throw new StoreError({
        code: 'role-no-login',
        message: `"${role}" exists and may not log in`,
        fix: 'Name another login: --role <new name>.',
      });
    }
    const passwordIsNew = known === undefined || newPassword;
    if (known === undefined) {
      await utility(
        db,
        'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L',
        role,
        secret,
      );
    } else if (newPassword) {
      await utility(db, 'ALTER ROLE %I PASSWORD %L', role, secret);
    }
    if (readOnly) await grantReading(db, role, schema);
    else await utility(db, 'GRANT lukhas_ingest TO %I', role);
    const [database] = await db.query<{ name: string }>('SELECT current_database()::text AS name');
    if (database !== undefined && schema !== 'public') {
      await utility(db, 'ALTER ROLE %I IN DATABASE %I SET search_path = %I', role, database.name, schema);
    }
    await db.script('SET LOCAL ROLE lukhas_owner');
    await db.run(
      'INSERT INTO team_credentials (role_name, team_id) VALUES ($1, $2) ON CONFLICT (role_name) DO NOTHING',
      [role, team.id],
    );
    const [bound] = await db.query<{ slug: string; id: string }>(
      'SELECT t.id, t.slug FROM team_credentials c JOIN teams t ON t.id = c.team_id WHERE c.role_name = $1',
      [role],
    );
    if (bound?.id !== team.id) {
      throw new StoreError({
        code: 'role-bound-elsewhere',
        message: `the login "${role}" is bound to the team ${bound?.slug ?? ''} already`,
        fix: 'A login works for one team. Name another one: --role <new name>.',
      });
    }
    return passwordIsNew;
  };
  return db.transaction(work, { begin: beginIn(schema) });
}

/** What row-level security and questions call; none of them writes. */
const readingFunctions = [
  'lukhas_team_id()',
  'lukhas_run_ts(uuid)',
  'lukhas_serves()',
  'partition_bounds(regclass)',
] as const;

/**
 * Gives a login the right to select from the tables that an upload's login reads, and no other right. They are its own and no role's:
 * `default_transaction_read_only` is a setting that every login may change, and a role would give it what is granted later. Of people
 * it sees nothing.
 *
 * @throws StoreError `role-may-write` where it is a login for uploads
 */
async function grantReading(db: Database, role: string, schema: string): Promise<void> {
  const [has] = await db.query<{ writes: boolean; uses: boolean; connects: boolean; database: string }>(
    `SELECT EXISTS (SELECT FROM pg_roles g WHERE g.rolname IN ('lukhas_ingest', 'lukhas_service') AND pg_has_role($1::name, g.oid, 'MEMBER')) AS writes,
       has_schema_privilege($1::name, $2::text, 'USAGE') AS uses, has_database_privilege($1::name, current_database(), 'CONNECT') AS connects,
       current_database()::text AS database`,
    [role, schema],
  );
  if (has === undefined || has.writes)
    throw new StoreError({
      code: 'role-may-write',
      message: `the login "${role}" may upload, and would not become one that only reads; nothing was changed`,
      fix: 'Name a login of its own for reading: --role <new name>.',
    });
  if (!has.connects) await utility(db, 'GRANT CONNECT ON DATABASE %I TO %I', has.database, role);
  if (!has.uses) await utility(db, 'GRANT USAGE ON SCHEMA %I TO %I', schema, role);
  const tables = await db.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND pg_get_userbyid(c.relowner) = 'lukhas_owner'
       AND has_table_privilege('lukhas_ingest', c.oid, 'SELECT') ORDER BY 1`,
  );
  await db.script('SET LOCAL ROLE lukhas_owner');
  for (const { name } of tables) await utility(db, 'GRANT SELECT ON TABLE %I TO %I', name, role);
  for (const name of readingFunctions) await utility(db, 'GRANT EXECUTE ON FUNCTION %s TO %I', name, role);
  await db.script('SET LOCAL ROLE NONE');
}

/** Statements about roles take no parameters: the server itself quotes the values. */
export async function utility(db: Database, pattern: string, ...values: readonly string[]): Promise<void> {
  const places = values.map((_, index) => `$${index + 2}::text`).join(', ');
  const [row] = await db.query<{ sql: string }>(`SELECT format($1::text, ${places}) AS sql`, [
    pattern,
    ...values,
  ]);
  await db.script(row?.sql ?? '');
}

/** Database and user for the login's URL. Supabase's pooler wants `<role>.<project>` where the server knows `<role>`. */
async function placeOf(
  db: Database,
  role: string,
  adminUrl: string,
): Promise<{ readonly user: string; readonly database: string }> {
  const [row] = await db.transaction(
    () =>
      db.query<{ me: string; database: string }>(
        'SELECT session_user::text AS me, current_database()::text AS database',
      ),
    { begin: beginInCatalog() },
  );
  const { me = '', database = '' } = row ?? {};
  const urlUser = userOf(adminUrl);
  const isLonger = me !== '' && urlUser?.startsWith(`${me}.`) === true;
  return { user: isLonger ? `${role}${urlUser.slice(me.length)}` : role, database };
}

/** The login that `lukhas db setup` makes for a team where none is named. */
export function defaultRole(teamSlug: string): string {
  const name = `lukhas_ci_${teamSlug.replaceAll('-', '_')}`;
  if (name.length <= 63) return name;
  return `${name.slice(0, 52)}_${createHash('sha256').update(teamSlug).digest('hex').slice(0, 10)}`;
}

export function checkRole(role: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(role) && !/^(pg_|lukhas_(owner|ingest|service)$)/.test(role))
    return role;
  throw new InputError({
    code: 'role-name',
    message: `not a name for a login: ${JSON.stringify(role.slice(0, 80))}`,
    fix: 'Small letters, digits and underscores, at most 63, not beginning with a digit or pg_, and none of the roles of lukhas-ingest itself.',
  });
}

/** What PostgreSQL stores for a SCRAM-SHA-256 password (RFC 5803). */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
