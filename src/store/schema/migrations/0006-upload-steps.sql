-- Purpose: tell the uploads of one job apart by step, those of equal job names by check run and workflow; keep that a job had no report.
-- Locks: ingest_uploads: ACCESS EXCLUSIVE; teams: SHARE ROW EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP TABLE missing_reports; ALTER TABLE ingest_uploads DROP COLUMN workflow, DROP COLUMN step, DROP COLUMN check_run_id;
--   what they said is lost.

-- Without defaults: no row is rewritten. NULL where the CI system does not say, and in rows of older programs: their keys hold
-- neither step nor check run, so what an older program stored is stored again where this one repeats it within the same attempt.
ALTER TABLE ingest_uploads
  ADD COLUMN workflow TEXT,
  ADD COLUMN step TEXT,
  -- GitHub's id of the job's check run: it differs for each job of an attempt, whatever the jobs are called.
  ADD COLUMN check_run_id BIGINT;

-- A step that found no report to read. No run: there is nothing to count, to compare with, or to be credited.
CREATE TABLE missing_reports (
  team_id UUID NOT NULL CONSTRAINT missing_reports_team_id_fkey REFERENCES teams (id),
  upload_key BYTEA NOT NULL,
  reason TEXT NOT NULL,
  repository TEXT,
  workflow TEXT,
  workflow_run_id TEXT,
  run_attempt INTEGER,
  job TEXT,
  job_name TEXT,
  lane VARCHAR(50),
  step TEXT,
  check_run_id BIGINT,
  pull_request INTEGER,
  git_sha VARCHAR(40),
  git_branch VARCHAR(255),
  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT missing_reports_pkey PRIMARY KEY (team_id, upload_key),
  CONSTRAINT missing_reports_upload_key_check CHECK (octet_length(upload_key) = 32)
);
CREATE INDEX idx_missing_reports_git_sha ON missing_reports (team_id, git_sha);

ALTER TABLE missing_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON missing_reports USING (team_id = (SELECT lukhas_team_id()));
-- As in 0004: platforms give their own roles rights on every new table.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON missing_reports FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT SELECT, INSERT ON missing_reports TO lukhas_ingest, lukhas_service;
