-- Purpose: spend less on what every statement and every row pays: the session's team is found by a function whose plan the session
--   keeps, and rows about matches are not checked twice for their team.
-- Locks: healix_matches, teams: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: create lukhas_team_id as 0014 does; ADD CONSTRAINT healix_matches_team_id_fkey as 0013 does.

-- step: the key that another key implies
-- A match's memory is of the same team, and that one is of a team.
ALTER TABLE healix_matches DROP CONSTRAINT healix_matches_team_id_fkey;

-- step: the function that finds the team
-- As in 0014. Row-level security asks it once for each table of a statement; SQL functions are planned anew each time.
CREATE OR REPLACE FUNCTION lukhas_team_id() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
BEGIN
  RETURN CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END;
END
$$;
