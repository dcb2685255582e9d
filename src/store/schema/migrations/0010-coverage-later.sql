-- Purpose: add coverage to a run that was stored without it.
-- Locks: none
-- Older programs: go on uploading
-- Reversible: DROP FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric); what was added stays.

-- Says of an upload that its coverage is there: true where it was stored without any, and has these results. A CI credential may add
-- rows and change none. The upload's row is the lock: of two at one moment the second finds the first one's coverage.
CREATE FUNCTION lukhas_add_coverage(key bytea, without_coverage bytea, payload bytea, files integer, percent numeric) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  run record;
BEGIN
  UPDATE ingest_uploads u SET payload_sha256 = payload, coverage_rows = files
  WHERE u.team_id = lukhas_team_id() AND u.upload_key = key AND u.payload_sha256 = without_coverage AND u.coverage_rows = 0
  RETURNING u.team_id, u.run_id, u.created_at INTO run;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE test_runs r SET coverage_percent = percent
  WHERE r.team_id = run.team_id AND r.id = run.run_id AND r.created_at = run.created_at AND r.coverage_percent IS NULL;
  RETURN true;
END
$$;

-- As in 0004: platforms give their own roles rights on every new function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric) FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT EXECUTE ON FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric) TO lukhas_ingest, lukhas_service;
