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
  /** undefined: it is there. */
  readonly removedAt: Date | undefined;
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

/**
 * Deletes a team softly: its logins are refused from now on, its rows stay.
 *
 * @throws StoreError `team-unknown`
 */
export async function removeTeam(db: Database, slug: string): Promise<Team> {
  return asOwner(db, async () => {
    const [team] = await db.query<{ id: string }>(
      'UPDATE teams SET deleted_at = now() WHERE slug = $1 AND deleted_at IS NULL RETURNING id',
      [slug],
    );
    if (team === undefined) throw unknownTeam(slug);
    return { id: team.id, slug };
  });
}

/**
 * Brings back the team of that slug that was removed last. One that is there stays as it is.
 *
 * @throws StoreError `team-unknown`, `team-slug-taken`
 */
export async function restoreTeam(
  db: Database,
  slug: string,
): Promise<Team & { readonly restored: boolean }> {
  return asOwner(db, async () => {
    const there = await findTeam(db, slug);
    const [removed] = await db.query<{ id: string }>(
      'SELECT id FROM teams WHERE slug = $1 AND deleted_at IS NOT NULL ORDER BY deleted_at DESC, id LIMIT 1 FOR UPDATE',
      [slug],
    );
    if (there !== undefined && removed === undefined) return { ...there, restored: false };
    if (removed === undefined) throw unknownTeam(slug);
    if (there !== undefined) throw slugTaken(slug);
    await db.run('UPDATE teams SET deleted_at = NULL WHERE id = $1', [removed.id]);
    return { id: removed.id, slug, restored: true };
  }).catch((error: unknown) => {
    // Somebody added one of that slug meanwhile.
    if (error instanceof StoreError && error.sqlstate === '23505') throw slugTaken(slug);
    throw error;
  });
}

function slugTaken(slug: string): StoreError {
  return new StoreError({
    code: 'team-slug-taken',
    message: `another team ${slug} was added since ${slug} was removed; nothing was changed`,
    fix: `Remove that one first, or keep it: lukhas team remove ${slug}`,
  });
}

export function unknownTeam(slug: string): StoreError {
  return new StoreError({
    code: 'team-unknown',
    message: `there is no team ${JSON.stringify(slug.slice(0, 120))} in this database`,
    fix: '`lukhas team list` shows the teams, `lukhas team add <slug>` adds one.',
  });
}

/** All teams, with the logins bound to them; removed ones only where they are asked for. Needs an administrator's connection. */
export async function listTeams(db: Database, withRemoved = false): Promise<TeamSummary[]> {
  return asOwner(db, async () => {
    const rows = await db.query<{
      id: string;
      slug: string;
      name: string;
      created_at: Date;
      deleted_at: Date | null;
      roles: string[];
    }>(
      `SELECT t.id, t.slug, t.name, t.created_at, t.deleted_at,
         coalesce(array_agg(c.role_name::text ORDER BY c.role_name) FILTER (WHERE c.role_name IS NOT NULL), '{}') AS roles
       FROM teams t LEFT JOIN team_credentials c ON c.team_id = t.id
       WHERE t.deleted_at IS NULL OR $1 GROUP BY t.id ORDER BY t.deleted_at IS NOT NULL, t.slug, t.created_at`,
      [withRemoved],
    );
    return rows.map((row) => ({
      id: row.id,
      slug: row.slug,
      name: row.name,
      createdAt: row.created_at,
      removedAt: row.deleted_at ?? undefined,
      roles: row.roles,
    }));
  });
}
