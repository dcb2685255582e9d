// Takes credentials away from logins: what grantUploads in access.ts gives.
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { checkRole, utility } from './access.ts';
import { requireSchema } from './state.ts';
import type { Team } from './teams.ts';

/**
 * Takes the login's binding to the team away: whatever it does from now on, it sees and writes nothing of a team. With `dropLogin`
 * the login itself goes, too. Needs an administrator's connection.
 *
 * @throws StoreError `role-not-bound`, `role-bound-elsewhere`, `role-in-use`; nothing is changed then
 */
export async function revokeUploads(
  db: Database,
  wish: { readonly teamSlug: string; readonly role: string; readonly dropLogin: boolean },
): Promise<{ readonly role: string; readonly team: Team; readonly dropped: boolean }> {
  const role = checkRole(wish.role);
  const { schema } = await requireSchema(db);
  const work = async () => {
    await db.script('SET LOCAL ROLE lukhas_owner');
    const [bound] = await db.query<{ id: string; slug: string; named: boolean }>(
      `SELECT t.id, t.slug, t.slug = $2 AS named FROM team_credentials c JOIN teams t ON t.id = c.team_id WHERE c.role_name = $1`,
      [role, wish.teamSlug],
    );
    if (bound === undefined)
      throw new StoreError({
        code: 'role-not-bound',
        message: `the login "${role}" is bound to no team of this database; nothing was changed`,
        fix: '`lukhas team list` shows the logins of each team.',
      });
    if (!bound.named)
      throw new StoreError({
        code: 'role-bound-elsewhere',
        message: `the login "${role}" is bound to the team ${bound.slug}, not to ${JSON.stringify(wish.teamSlug.slice(0, 120))}; nothing was changed`,
        fix: `lukhas db revoke --team ${bound.slug} --role ${role}`,
      });
    await db.run('DELETE FROM team_credentials WHERE role_name = $1', [role]);
    const [login] = await db.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    // Dropped by hand before.
    const isThere = login !== undefined;
    if (isThere) await takeReading(db, role);
    await db.script('SET LOCAL ROLE NONE');
    if (isThere && schema !== 'public') await utility(db, 'REVOKE ALL ON SCHEMA %I FROM %I', schema, role);
    if (isThere && wish.dropLogin) await utility(db, 'DROP ROLE %I', role);
    else if (isThere && schema !== 'public') {
      const [database] = await db.query<{ name: string }>('SELECT current_database()::text AS name');
      await utility(db, 'ALTER ROLE %I IN DATABASE %I RESET search_path', role, database?.name ?? '');
    }
    return { role, team: { id: bound.id, slug: bound.slug }, dropped: isThere && wish.dropLogin };
  };
  try {
    return await db.transaction(work, { begin: beginIn(schema, 'SET LOCAL lock_timeout = 10000') });
  } catch (error) {
    if (!(error instanceof StoreError) || error.sqlstate !== '2BP01') throw error;
    throw new StoreError({
      code: 'role-in-use',
      message: `the login "${role}" owns something or has rights of its own, and cannot be dropped; nothing was changed`,
      fix: 'Without --drop-login the binding alone is taken away.',
      sqlstate: error.sqlstate,
      cause: error,
    });
  }
}

/** Takes the rights of a login that only reads: what `grantReading` in access.ts gives; as the owner. */
async function takeReading(db: Database, role: string): Promise<void> {
  const rights = await db.query<{ object: string }>(
    `SELECT DISTINCT 'TABLE ' || c.oid::regclass AS object FROM pg_class c, aclexplode(c.relacl) a
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND a.grantee = (SELECT oid FROM pg_roles WHERE rolname = $1)
       AND a.grantor = 'lukhas_owner'::regrole
     UNION ALL
     SELECT DISTINCT 'FUNCTION ' || p.oid::regprocedure FROM pg_proc p, aclexplode(p.proacl) a
     WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND a.grantee = (SELECT oid FROM pg_roles WHERE rolname = $1)
       AND a.grantor = 'lukhas_owner'::regrole ORDER BY 1`,
    [role],
  );
  for (const { object } of rights) await utility(db, 'REVOKE ALL ON %s FROM %I', object, role);
}
