-- Purpose: who sees and writes what: the team of a session, row-level security on every table of a team, and grants.
-- Locks: teams, users, webauthn_credentials, user_preferences, sessions, team_credentials, shared_memories, healix_memories,
--   healix_credits, test_runs, test_results, coverage_data, consciousness_reviews, ingest_uploads: ACCESS EXCLUSIVE
-- Older programs: are refused
-- Reversible: DROP POLICY, ALTER TABLE … DISABLE ROW LEVEL SECURITY, REVOKE.

-- The team of this session, or NULL. A bound credential has its own team whatever it sets, because the binding hangs on the
-- login (session_user), which SET ROLE does not change. A member of lukhas_service names the team per transaction:
-- set_config('lukhas.team_id', …, true). After such a transaction the setting is '', not NULL.
CREATE FUNCTION lukhas_team_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN pg_has_role(session_user, 'lukhas_service', 'MEMBER') THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END
$$;

-- For a service, which sees no team before it has named one.
CREATE FUNCTION lukhas_find_team(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL
$$;

-- Makes uploads that teach the team's memories wait for each other. A row and no advisory lock, which any login could hold.
CREATE FUNCTION lukhas_lock_team() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT FROM teams t WHERE t.id = lukhas_team_id() FOR NO KEY UPDATE
$$;

-- In every policy the team is a scalar subquery, so that it is found once a statement and not once a row.
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON teams USING (id = (SELECT lukhas_team_id()));

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON users USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE test_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_runs USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE test_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_results USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE coverage_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON coverage_data USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE consciousness_reviews ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON consciousness_reviews USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE ingest_uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON ingest_uploads USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE healix_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_memories USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE healix_credits ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_credits USING (team_id = (SELECT lukhas_team_id()));

-- Read by all teams and written by the owner only.
ALTER TABLE shared_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY shared_memories ON shared_memories FOR SELECT USING (true);

-- These have no team of their own: whoever sees the person sees what belongs to the person.
ALTER TABLE webauthn_credentials ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON webauthn_credentials
  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = webauthn_credentials.lambda_id));
ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON user_preferences
  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = user_preferences.lambda_id));
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON sessions
  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = sessions.lambda_id));

-- No policy and no grant: for the owner alone.
ALTER TABLE team_credentials ENABLE ROW LEVEL SECURITY;

-- Nothing is open by default: not to PUBLIC, and not to what platforms give their own roles on every new object of a schema
-- (Supabase: anon and authenticated, through a public API).
DO $closed$
DECLARE
  grantee text;
  object text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    FOR object IN
      SELECT format('TABLE %I', c.relname) FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner = 'lukhas_owner'::regrole
      UNION ALL
      SELECT format('FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
      WHERE p.pronamespace = current_schema()::regnamespace AND p.proowner = 'lukhas_owner'::regrole
    LOOP
      EXECUTE format('REVOKE ALL ON %s FROM %s', object, grantee);
    END LOOP;
  END LOOP;
END
$closed$;

GRANT EXECUTE ON FUNCTION lukhas_team_id(), lukhas_lock_team(), lukhas_run_ts(uuid), partition_bounds(regclass),
  month_is_ready(timestamptz), ensure_partitions_for(timestamptz, integer) TO lukhas_ingest, lukhas_service;
GRANT EXECUTE ON FUNCTION lukhas_find_team(text), ensure_partitions(integer, integer), expired_partitions(regclass, interval)
  TO lukhas_service;

-- A CI credential adds runs and reads what its team knows. Of people it sees only that they exist, to name one as the author.
GRANT SELECT, INSERT ON test_runs, test_results, coverage_data, ingest_uploads, healix_credits TO lukhas_ingest;
GRANT SELECT ON teams, shared_memories TO lukhas_ingest;
GRANT SELECT (lambda_id) ON users TO lukhas_ingest;
-- It adds to its team's knowledge, counts what worked and retires what did not; it rewrites no words.
GRANT SELECT, INSERT ON healix_memories TO lukhas_ingest;
GRANT UPDATE (success_count, failure_count, confidence, last_applied, deleted_at) ON healix_memories TO lukhas_ingest;

GRANT SELECT, INSERT ON test_runs, test_results, coverage_data, ingest_uploads, healix_credits TO lukhas_service;
GRANT SELECT ON teams, shared_memories TO lukhas_service;
GRANT SELECT, INSERT, UPDATE ON users, healix_memories, consciousness_reviews, user_preferences TO lukhas_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON webauthn_credentials, sessions TO lukhas_service;
