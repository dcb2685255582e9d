// Actions of `lukhas user`. No SQL here.
import type { Database } from '../../store/database/port.ts';
import { type Access, openAccess } from '../../store/schema/access.ts';
import {
  addUser,
  changeUser,
  listUsers,
  parseUser,
  showUser,
  type User,
  type UserChange,
} from '../../store/schema/users.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { count } from '../../tell/words.ts';
import type { ExitCode } from '../process.ts';
import { type Answer, answer, type CommandSettings, required, row } from './answer.ts';

interface TeamSettings extends CommandSettings {
  readonly team: string | undefined;
}
type OnePerson = TeamSettings & { readonly lambdaId: string };

function answerIn(
  settings: TeamSettings,
  terminal: Terminal,
  work: (db: Database, access: Access) => Promise<Answer>,
): Promise<ExitCode> {
  // Every statement names the team, so an administrator is allowed to work for the team named.
  const request = { teamSlug: settings.team, allowPrivilegedRole: settings.team !== undefined };
  return answer(settings, terminal, async (db) => work(db, await openAccess(db, request)));
}

export function add(
  settings: OnePerson & {
    readonly email: string | undefined;
    readonly name: string | undefined;
    readonly role: string | undefined;
    readonly permissions: readonly string[];
  },
  terminal: Terminal,
): Promise<ExitCode> {
  const user = parseUser({ ...pick(settings), email: required(settings.email, '--email <address>') });
  return answerIn(settings, terminal, async (db, access) => {
    const { added, user: there } = await addUser(db, access, user);
    return {
      lines: [
        row(
          'user',
          `${safeLine(there.lambdaId)} ${added ? `added to ${access.team.slug}` : 'is there already'}`,
        ),
      ],
      json: { ...jsonOf(there), team: access.team.slug, added },
    };
  });
}

function pick({ lambdaId, name, role, permissions }: Parameters<typeof add>[0]) {
  return { lambdaId, name, role, permissions };
}

export function listAll(
  settings: TeamSettings & { readonly deleted: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  return answerIn(settings, terminal, async (db, access) => {
    const users = await listUsers(db, access, settings.deleted);
    const width = Math.max(0, ...users.map(({ lambdaId }) => safeLine(lambdaId).length));
    return {
      lines:
        users.length === 0
          ? [`nobody yet: lukhas user add <lambda-id> --team ${access.team.slug} --email <address>`]
          : users.map(
              (user) =>
                `${safeLine(user.lambdaId).padEnd(width)}  ${safeLine(user.role).padEnd(9)}  ${safeLine(user.email)}${
                  user.name === undefined ? '' : `  ${safeLine(user.name)}`
                }${user.state === 'active' ? '' : `  (${user.state})`}`,
            ),
      json: { team: access.team.slug, users: users.map(jsonOf) },
    };
  });
}

export function show(settings: OnePerson, terminal: Terminal): Promise<ExitCode> {
  return answerIn(settings, terminal, async (db, access) => {
    const user = await showUser(db, access, settings.lambdaId);
    return {
      lines: [
        row('user', safeLine(user.lambdaId)),
        row('team', access.team.slug),
        ...(user.name === undefined ? [] : [row('name', safeLine(user.name))]),
        row('e-mail', safeLine(user.email)),
        row('role', safeLine(user.role)),
        row('may', user.permissions.length === 0 ? 'nothing' : user.permissions.map(safeLine).join(' ')),
        row('state', user.state),
        row('last login', user.lastLoginAt?.toISOString() ?? 'never'),
        row('passkeys', String(user.passkeys)),
        row('sessions', String(user.sessions)),
        row('runs', `${user.runs} in the last 7 days`),
      ],
      json: {
        ...jsonOf(user),
        team: access.team.slug,
        passkeys: user.passkeys,
        sessions: user.sessions,
        runs_last_7_days: user.runs,
      },
    };
  });
}

export function change(settings: OnePerson, what: UserChange, terminal: Terminal): Promise<ExitCode> {
  return answerIn(settings, terminal, async (db, access) => {
    const { changed, user, endedSessions } = await changeUser(db, access, settings.lambdaId, what);
    const ended = endedSessions === 0 ? '' : `; ${count(endedSessions, 'session')} ended`;
    return {
      lines: [
        row('user', `${safeLine(user.lambdaId)} ${changed ? 'is now' : 'is already'} ${user.state}${ended}`),
      ],
      json: { ...jsonOf(user), team: access.team.slug, changed, ended_sessions: endedSessions },
    };
  });
}

function jsonOf(user: User): Record<string, unknown> {
  return {
    lambda_id: user.lambdaId,
    email: user.email,
    display_name: user.name,
    role: user.role,
    permissions: user.permissions,
    state: user.state,
    last_login_at: user.lastLoginAt?.toISOString(),
    created_at: user.createdAt.toISOString(),
  };
}
