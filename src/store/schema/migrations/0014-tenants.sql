-- Purpose: no login stops or learns of another team: no reference tells whether a person or memory of another team exists, nobody
--   who uploads can lock a whole table or hold the making of months up, and what a back end may do is bound to one database.
-- Locks: test_runs, partitions of test_runs, test_results, partitions of test_results, users, consciousness_reviews, healix_memories,
--   shared_memories: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: add the three references as 0002 does, once no row names what is gone; DROP TRIGGER of the two triggers; the functions
--   and the policy as 0003 and 0004 have them; GRANT UPDATE ON healix_matches; DROP TABLE service_credentials.

-- step: the reference of runs to people
-- A reference is checked without row-level security: it told which people of other teams exist. And the making of a month locked the
-- referenced tables, against everybody who wrote into them.
ALTER TABLE test_runs DROP CONSTRAINT test_runs_lambda_id_fkey;

-- step: the reference of reviews to people
ALTER TABLE consciousness_reviews DROP CONSTRAINT consciousness_reviews_lambda_id_fkey;

-- step: the reference of results to memories
ALTER TABLE test_results DROP CONSTRAINT test_results_healix_memory_id_fkey;

-- step: what is left of a person or memory that is deleted
-- As ON DELETE SET NULL did.
CREATE FUNCTION forget_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE test_runs SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;
  UPDATE consciousness_reviews SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_person AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_person();
CREATE FUNCTION forget_memory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE test_results SET healix_memory_id = NULL WHERE team_id = OLD.team_id AND healix_memory_id = OLD.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_memory AFTER DELETE ON healix_memories FOR EACH ROW EXECUTE FUNCTION forget_memory();

-- step: who works for many teams
-- Roles belong to the whole server: a member of lukhas_service is a back end of the databases in which it is named here. Only the
-- owner writes it.
CREATE TABLE service_credentials (
  role_name NAME CONSTRAINT service_credentials_pkey PRIMARY KEY,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
ALTER TABLE service_credentials ENABLE ROW LEVEL SECURITY;
-- A database in use keeps its back ends; a new one has none yet.
INSERT INTO service_credentials (role_name)
  SELECT r.rolname FROM pg_roles r
  WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'lukhas_service', 'MEMBER') AND EXISTS (SELECT FROM teams);

-- Whether this login may name the team it works for: a back end of this database, or an administrator.
CREATE FUNCTION lukhas_serves() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT pg_has_role(session_user, 'lukhas_owner', 'MEMBER')
    OR (pg_has_role(session_user, 'lukhas_service', 'MEMBER')
      AND EXISTS (SELECT FROM service_credentials c WHERE c.role_name = session_user))
$$;

CREATE OR REPLACE FUNCTION lukhas_team_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END
$$;

CREATE OR REPLACE FUNCTION lukhas_find_team(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL AND lukhas_serves()
$$;

-- Of those of other databases, too, who are members of lukhas_ingest.
ALTER POLICY shared_memories ON shared_memories USING ((SELECT lukhas_team_id()) IS NOT NULL);

-- step: who makes months
-- Refuses a login that works for nobody in this database: what it makes is locked until its transaction ends.
CREATE FUNCTION check_months_login() RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF lukhas_team_id() IS NULL AND NOT lukhas_serves()
     AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = session_user AND r.rolbypassrls) THEN
    RAISE EXCEPTION 'this login is bound to no team of this database' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

-- As in 0003; but nobody waits for months ahead while somebody else makes them.
CREATE OR REPLACE FUNCTION ensure_partitions_for(at timestamptz, months_ahead integer DEFAULT 2) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
BEGIN
  PERFORM check_months_login();
  IF at IS NULL OR date_trunc('month', at) < date_trunc('month', now() - interval '32 days')
     OR date_trunc('month', at) > date_trunc('month', now() + interval '2 days') THEN
    RAISE EXCEPTION 'a run''s time must lie from 31 days back to 1 day ahead' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 12 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 12' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT month_is_ready(at) THEN
    RETURN QUERY SELECT attach_month(at);
  END IF;
  FOR i IN 0..months_ahead LOOP
    IF NOT month_is_ready(date_trunc('month', now()) + make_interval(months => i)) THEN
      -- The row that attach_month locks.
      PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE SKIP LOCKED;
      EXIT WHEN NOT FOUND;
      RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
    END IF;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION ensure_partitions(months_ahead integer DEFAULT 2, months_back integer DEFAULT 0) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
BEGIN
  PERFORM check_months_login();
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 OR months_back IS NULL OR months_back NOT BETWEEN 0 AND 36 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 24, months back 0 to 36' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR i IN -months_back..months_ahead LOOP
    RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
  END LOOP;
END
$$;

-- step: rights
-- By column: whoever may change a whole table may lock it, too.
REVOKE UPDATE ON healix_matches FROM lukhas_ingest, lukhas_service;
GRANT UPDATE (shown, test_name, change, outcome, started_at, ended_at, ended_git_sha, earlier_runs, earlier_failures, counted, healed)
  ON healix_matches TO lukhas_ingest, lukhas_service;
-- As in 0004: platforms give their own roles rights on every new table and function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON service_credentials FROM %s', grantee);
    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_serves(), check_months_login(), forget_person(), forget_memory() FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT EXECUTE ON FUNCTION lukhas_serves() TO lukhas_ingest, lukhas_service;
