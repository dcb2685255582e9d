// Actions of `lukhas team`.
import {
  addTeam,
  checkSlug,
  listTeams,
  localTeamSlug,
  removeTeam,
  restoreTeam,
} from '../../store/schema/teams.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { usage } from '../arguments.ts';
import type { ExitCode } from '../process.ts';
import { answer, type CommandSettings, row } from './answer.ts';

export function add(
  { slug, name, ...settings }: CommandSettings & { readonly slug: string; readonly name: string | undefined },
  terminal: Terminal,
): Promise<ExitCode> {
  checkSlug(slug);
  return answer(settings, terminal, async (db) => {
    const team = await addTeam(db, { slug, name });
    return {
      lines: [row('team', team.added ? `${team.slug} added` : `${team.slug} is there already`)],
      json: { team: team.slug, id: team.id, added: team.added },
    };
  });
}

export function remove(
  { slug, ...settings }: CommandSettings & { readonly slug: string },
  terminal: Terminal,
): Promise<ExitCode> {
  if (settings.databaseUrl === undefined && slug === localTeamSlug)
    throw usage(`${slug} is the embedded database's own team, and cannot be removed`);
  return answer(settings, terminal, async (db) => {
    const team = await removeTeam(db, slug);
    return {
      lines: [
        row(
          'team',
          `${safeLine(team.slug)} removed: its logins are refused; back with: lukhas team restore ${safeLine(team.slug)}`,
        ),
      ],
      json: { team: team.slug, id: team.id, removed: true },
    };
  });
}

export function restore(
  { slug, ...settings }: CommandSettings & { readonly slug: string },
  terminal: Terminal,
): Promise<ExitCode> {
  return answer(settings, terminal, async (db) => {
    const team = await restoreTeam(db, slug);
    return {
      lines: [row('team', `${safeLine(team.slug)} ${team.restored ? 'is back' : 'is there already'}`)],
      json: { team: team.slug, id: team.id, restored: team.restored },
    };
  });
}

export function list(
  { removed, ...settings }: CommandSettings & { readonly removed: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  return answer(settings, terminal, async (db) => {
    const teams = await listTeams(db, removed);
    const width = Math.max(4, ...teams.map((team) => team.slug.length));
    return {
      lines:
        teams.length === 0
          ? ['no teams yet: lukhas team add <slug>']
          : teams.map(
              (team) =>
                `${team.slug.padEnd(width)}  ${team.createdAt.toISOString().slice(0, 10)}  ${safeLine(team.name)}${
                  team.roles.length === 0 ? '' : `  (logins: ${team.roles.map(safeLine).join(', ')})`
                }${team.removedAt === undefined ? '' : `  (removed ${team.removedAt.toISOString().slice(0, 10)})`}`,
            ),
      json: {
        teams: teams.map((team) => ({
          slug: team.slug,
          name: team.name,
          id: team.id,
          created_at: team.createdAt.toISOString(),
          removed_at: team.removedAt?.toISOString(),
          roles: team.roles,
        })),
      },
    };
  });
}
