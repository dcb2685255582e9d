// Adds and finds teams. Knows nothing of credentials.
import { InputError, StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { requireSchema } from './state.ts';

export interface Team {
  readonly id: string;
  readonly slug: string;
}

export interface TeamSummary extends Team {
  readonly name: string;
  readonly createdAt: Date;
  /** Login roles bound to the team. */
  readonly roles: readonly string[];
}

/** The team of the embedded database where nobody names one. */
export const localTeamSlug = 'local';

/** Checks a slug: 1 to 100 of a-z, 0-9 and single hyphens between them. Returns it; InputError otherwise. */
export function checkSlug(slug: string): string {
  if (slug.length <= 100 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug)) return slug;
  const near = slug
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);
  throw new InputError({
    code: 'team-slug',
    message: `not a team slug: ${JSON.stringify(slug.slice(0, 120))}`,
    fix: `Small letters, digits and single hyphens, at most 100${near === '' ? '' : `; for example ${near}`}.`,
  });
}

/** Runs work as lukhas_owner, the only one who writes teams and bindings. Needs an administrator's connection. */
export async function asOwner<T>(db: Database, work: () => Promise<T>): Promise<T> {
  const { schema } = await requireSchema(db);
  return db.transaction(work, {
    begin: beginIn(schema, 'SET LOCAL ROLE lukhas_owner', 'SET LOCAL lock_timeout = 10000'),
  });
}

/** Adds a team, or finds the one of that slug that is not deleted. */
export async function addTeam(
  db: Database,
  team: { readonly slug: string; readonly name?: string | undefined },
): Promise<Team & { readonly added: boolean }> {
  const slug = checkSlug(team.slug);
  return asOwner(db, async () => {
    const made = await db.query<{ id: string }>(
      `INSERT INTO teams (slug, name) VALUES ($1, $2)
       ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING RETURNING id`,
      [slug, (team.name ?? slug).slice(0, 255)],
    );
    const id = made[0]?.id ?? (await findTeam(db, slug))?.id;
    if (id === undefined)
      throw new StoreError({ code: 'team-vanished', message: `the team ${slug} was deleted meanwhile` });
    return { id, slug, added: made.length > 0 };
  });
}

/** The team of that slug that is not deleted, if this session may see it. Call it inside a transaction. */
export async function findTeam(db: Database, slug: string): Promise<Team | undefined> {
  const rows = await db.query<{ id: string }>('SELECT id FROM teams WHERE slug = $1 AND deleted_at IS NULL', [
    slug,
  ]);
  return rows[0] === undefined ? undefined : { id: rows[0].id, slug };
}

/** All teams that are not deleted, with the logins bound to them. Needs an administrator's connection. */
export async function listTeams(db: Database): Promise<TeamSummary[]> {
  return asOwner(db, async () => {
    const rows = await db.query<{
      id: string;
      slug: string;
      name: string;
      created_at: Date;
      roles: string[];
    }>(
      `SELECT t.id, t.slug, t.name, t.created_at,
         coalesce(array_agg(c.role_name::text ORDER BY c.role_name) FILTER (WHERE c.role_name IS NOT NULL), '{}') AS roles
       FROM teams t LEFT JOIN team_credentials c ON c.team_id = t.id
       WHERE t.deleted_at IS NULL GROUP BY t.id ORDER BY t.slug`,
    );
    return rows.map((row) => ({
      id: row.id,
      slug: row.slug,
      name: row.name,
      createdAt: row.created_at,
      roles: row.roles,
    }));
  });
}
