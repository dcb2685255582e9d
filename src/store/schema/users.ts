// The people of a team: adds, lists, deactivates, deletes and brings them back. Rows stay; nothing here logs anybody in.
import * as z from 'zod';
import { InputError, StoreError } from '../../errors.ts';
import { shellWord } from '../../shell.ts';
import type { Database } from '../database/port.ts';
import { type Access, inTeam } from './access.ts';

/** As the schema document lists them. */
const userRoles = ['owner', 'admin', 'developer', 'viewer'] as const;

/** The schema document's default, for whoever is given none. */
const defaultPermissions = ['tests:read', 'coverage:read'] as const;

export interface User {
  readonly lambdaId: string;
  readonly email: string;
  readonly name: string | undefined;
  readonly role: string;
  readonly permissions: readonly string[];
  /** `deactivated` people may not log in; `deleted` ones are nobody any more. */
  readonly state: 'active' | 'deactivated' | 'deleted';
  readonly lastLoginAt: Date | undefined;
  readonly createdAt: Date;
}

/** What else there is of a person. */
export interface UserDetails extends User {
  /** That are not revoked. */
  readonly passkeys: number;
  /** That have not expired. */
  readonly sessions: number;
  /** Of the last seven days. */
  readonly runs: number;
}

const empty = 'must not be empty';
const unstorable = /\p{Control}|\p{Surrogate}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const plain = (max: number) =>
  z
    .string()
    .min(1, empty)
    .max(max, `must not be longer than ${max} characters`)
    .refine((text) => !unstorable.test(text), 'must not hold control characters');

const userSchema = z.strictObject({
  lambdaId: plain(255).refine((text) => !/\s/.test(text), 'must not hold blanks; it is like λ:user:a1b2c3d4'),
  email: plain(320)
    .pipe(z.email('must be an e-mail address, such as ada@example.com'))
    .transform((email) => email.toLowerCase()),
  name: plain(100).optional(),
  role: z.enum(userRoles, { error: `must be ${userRoles.slice(0, -1).join(', ')} or ${userRoles.at(-1)}` }),
  permissions: z
    .array(
      z
        .string()
        .regex(
          /^[a-z][a-z0-9_-]{0,49}:(?:read|write|admin)$/,
          'must be an area and read, write or admin: tests:write',
        ),
    )
    .max(100, 'must not be more than 100'),
});
export type NewUser = z.output<typeof userSchema>;

const optionNames: Readonly<Record<string, string>> = {
  lambdaId: 'the lambda id',
  email: '--email',
  name: '--name',
  role: '--role',
  permissions: '--permission',
};

/**
 * Checks a person's fields; e-mail addresses are kept in small letters.
 *
 * @throws InputError `user-field` naming the first wrong one
 */
export function parseUser(raw: {
  readonly lambdaId: string;
  readonly email: string;
  readonly name: string | undefined;
  readonly role: string | undefined;
  readonly permissions: readonly string[];
}): NewUser {
  const { role = 'developer', permissions } = raw;
  const parsed = userSchema.safeParse({
    ...raw,
    role,
    permissions: permissions.length === 0 ? [...defaultPermissions] : [...new Set(permissions)],
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError({
    code: 'user-field',
    message: `${optionNames[String(issue?.path[0])] ?? String(issue?.path[0])}: ${issue?.message ?? 'not valid'}`,
    fix: 'See lukhas user add --help.',
  });
}

/**
 * Adds a person to the team. The same person again is left as they are.
 *
 * @throws StoreError `user-exists`, `user-gone`, `email-in-use`, `lambda-id-in-use`, `user-in-use`
 */
export function addUser(
  db: Database,
  access: Access,
  user: NewUser,
): Promise<{ readonly added: boolean; readonly user: User }> {
  return asTeam(db, access, async () => {
    const { lambdaId, email, name = null, role, permissions } = user;
    const [twin] = await db.query<{ email: string }>(
      'SELECT email FROM users WHERE lower(email) = $1 AND lambda_id <> $2 AND deleted_at IS NULL',
      [email, lambdaId],
    );
    if (twin !== undefined) throw emailInUse(email);
    const [made] = await db.query<StoredUser>(
      `INSERT INTO users (lambda_id, team_id, email, display_name, role, permissions) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT DO NOTHING RETURNING ${columns}`,
      [lambdaId, access.team.id, email, name, role, permissions],
    );
    if (made !== undefined) return { added: true, user: userOf(made) };
    const there = await findUser(db, access, lambdaId);
    // Whose it is, is told to nobody: this login may see one team alone.
    if (there === undefined)
      throw new StoreError({
        code: 'user-in-use',
        message: `the lambda id ${quoted(lambdaId)} or the e-mail ${quoted(email)} is in use already, outside of the team ${access.team.slug}`,
        fix: 'A person belongs to one team, and both are unique in a database. Name others.',
      });
    if (there.state !== 'active')
      throw new StoreError({
        code: 'user-gone',
        message: `${quoted(lambdaId)} is there, and ${there.state}`,
        fix: `Bring them back: lukhas user restore ${shellWord(lambdaId)}`,
      });
    const isSame =
      there.email.toLowerCase() === email &&
      there.role === role &&
      (name === null || there.name === name) &&
      permissions.join() === there.permissions.join();
    if (isSame) return { added: false, user: there };
    throw new StoreError({
      code: 'user-exists',
      message: `${quoted(lambdaId)} is there already, with other fields: ${there.email}, ${there.role}`,
      fix: 'Nothing was changed. `lukhas user show` tells them all.',
    });
  });
}

/** The people of the team by role and lambda id; deleted ones only where they are asked for. */
export function listUsers(db: Database, access: Access, withDeleted: boolean): Promise<User[]> {
  return asTeam(db, access, async () => {
    const rows = await db.query<StoredUser>(
      `SELECT ${columns} FROM users WHERE team_id = $1 AND (deleted_at IS NULL OR $2)
       ORDER BY deleted_at IS NOT NULL, array_position('{${userRoles.join(',')}}'::text[], role::text), lambda_id`,
      [access.team.id, withDeleted],
    );
    return rows.map(userOf);
  });
}

/** @throws StoreError `user-unknown` */
export function showUser(db: Database, access: Access, lambdaId: string): Promise<UserDetails> {
  return asTeam(db, access, async () => {
    const user = await requireUser(db, access, lambdaId);
    const [row] = await db.query<{ passkeys: number; sessions: number; runs: number }>(
      `SELECT (SELECT count(*) FROM webauthn_credentials c WHERE c.lambda_id = $2 AND c.revoked_at IS NULL)::int AS passkeys,
         (SELECT count(*) FROM sessions s WHERE s.lambda_id = $2 AND s.expires_at > now())::int AS sessions,
         (SELECT count(*) FROM test_runs r WHERE r.team_id = $1 AND r.lambda_id = $2 AND r.created_at > now() - interval '7 days')::int AS runs`,
      [access.team.id, lambdaId],
    );
    return { ...user, passkeys: row?.passkeys ?? 0, sessions: row?.sessions ?? 0, runs: row?.runs ?? 0 };
  });
}

export type UserChange = 'deactivate' | 'delete' | 'restore';

/**
 * Deactivates or deletes a person and ends their sessions, or brings them back from either. What is so already stays so.
 *
 * @throws StoreError `user-unknown`, `last-owner`, `email-in-use`
 */
export function changeUser(
  db: Database,
  access: Access,
  lambdaId: string,
  change: UserChange,
): Promise<{ readonly changed: boolean; readonly user: User; readonly endedSessions: number }> {
  return asTeam(db, access, async () => {
    // Of two who delete the last two owners at one moment the second waits for the first.
    await db.query('SELECT lukhas_lock_team()');
    const before = await requireUser(db, access, lambdaId);
    const wanted = { deactivate: 'deactivated', delete: 'deleted', restore: 'active' } as const;
    // Deleted people are deactivated enough.
    if (before.state === wanted[change] || (change === 'deactivate' && before.state === 'deleted'))
      return { changed: false, user: before, endedSessions: 0 };
    if (change !== 'restore' && before.role === 'owner' && before.state === 'active')
      await requireOtherOwner(db, access, lambdaId);
    const set = {
      deactivate: 'is_active = false',
      delete: 'deleted_at = now()',
      restore: 'is_active = true, deleted_at = NULL',
    };
    const [row] = await db.query<StoredUser>(
      `UPDATE users SET ${set[change]} WHERE team_id = $1 AND lambda_id = $2 RETURNING ${columns}`,
      [access.team.id, lambdaId],
    );
    if (row === undefined) throw unknown(lambdaId, access);
    const endedSessions =
      change === 'restore' ? 0 : await db.run('DELETE FROM sessions WHERE lambda_id = $1', [lambdaId]);
    return { changed: true, user: userOf(row), endedSessions };
  }).catch((error: unknown) => {
    if (error instanceof StoreError && error.sqlstate === '23505') throw emailInUse(undefined);
    throw error;
  });
}

async function requireOtherOwner(db: Database, access: Access, lambdaId: string): Promise<void> {
  const [other] = await db.query(
    `SELECT lambda_id FROM users
     WHERE team_id = $1 AND role = 'owner' AND deleted_at IS NULL AND is_active IS NOT FALSE AND lambda_id <> $2 LIMIT 1`,
    [access.team.id, lambdaId],
  );
  if (other !== undefined) return;
  throw new StoreError({
    code: 'last-owner',
    message: `${quoted(lambdaId)} is the last owner of the team ${access.team.slug}; nothing was changed`,
    fix: `Add another one first: lukhas user add <lambda-id> --team ${access.team.slug} --email <address> --role owner`,
  });
}

type StoredUser = Record<string, unknown> & {
  readonly lambda_id: string;
  readonly email: string;
  readonly display_name: string | null;
  readonly role: string | null;
  readonly permissions: readonly string[] | null;
  readonly is_active: boolean | null;
  readonly deleted_at: Date | null;
  readonly last_login_at: Date | null;
  readonly created_at: Date;
};

const columns =
  'lambda_id, email, display_name, role, permissions, is_active, deleted_at, last_login_at, created_at';

function userOf(row: StoredUser): User {
  return {
    lambdaId: row.lambda_id,
    email: row.email,
    name: row.display_name ?? undefined,
    role: row.role ?? 'developer',
    permissions: row.permissions ?? [],
    state: row.deleted_at !== null ? 'deleted' : row.is_active === false ? 'deactivated' : 'active',
    lastLoginAt: row.last_login_at ?? undefined,
    createdAt: row.created_at,
  };
}

async function findUser(db: Database, access: Access, lambdaId: string): Promise<User | undefined> {
  const [row] = await db.query<StoredUser>(
    `SELECT ${columns} FROM users WHERE team_id = $1 AND lambda_id = $2`,
    [access.team.id, lambdaId],
  );
  return row && userOf(row);
}

async function requireUser(db: Database, access: Access, lambdaId: string): Promise<User> {
  const user = await findUser(db, access, lambdaId);
  if (user === undefined) throw unknown(lambdaId, access);
  return user;
}

/** Runs work in the team; a login of CI may not look at people. */
async function asTeam<T>(db: Database, access: Access, work: () => Promise<T>): Promise<T> {
  try {
    return await inTeam(db, access, work);
  } catch (error) {
    if (!(error instanceof StoreError) || error.sqlstate !== '42501') throw error;
    throw new StoreError({
      code: 'user-rights',
      message: `"${access.role}" uploads for the team ${access.team.slug}, and may not look at people or change them`,
      fix: 'Take an administrator\u2019s connection with --team <slug>, or a back end\u2019s.',
      sqlstate: error.sqlstate,
    });
  }
}

function unknown(lambdaId: string, access: Access): StoreError {
  return new StoreError({
    code: 'user-unknown',
    message: `there is no user ${quoted(lambdaId)} in the team ${access.team.slug}`,
    fix: `\`lukhas user list --team ${access.team.slug}\` shows them, with --deleted the deleted ones, too.`,
  });
}

function emailInUse(email: string | undefined): StoreError {
  return new StoreError({
    code: 'email-in-use',
    message: `the e-mail${email === undefined ? '' : ` ${quoted(email)}`} is in use by somebody else`,
    fix: 'An e-mail belongs to one person in a database. Nothing was changed.',
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 255));
}
