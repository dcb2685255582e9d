-- Purpose: keep which test was renamed into which, so that later runs find the history under the former name.
-- Locks: teams: SHARE ROW EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP TABLE test_aliases; later runs find no history before a rename then.

CREATE TABLE test_aliases (
  team_id UUID NOT NULL CONSTRAINT test_aliases_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  -- md5 of repository and project: a name means a test only there.
  suite_id UUID NOT NULL,
  -- Test functions with file and class, without parameters.
  name VARCHAR(500) NOT NULL,
  former VARCHAR(500) NOT NULL,
  -- When the first run under the new name began.
  created_at TIMESTAMPTZ NOT NULL,
  git_sha VARCHAR(40),
  CONSTRAINT test_aliases_pkey PRIMARY KEY (team_id, suite_id, name, created_at),
  CONSTRAINT test_aliases_former_check CHECK (former <> name)
);

ALTER TABLE test_aliases ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_aliases USING (team_id = (SELECT lukhas_team_id()));
-- As in 0004: platforms give their own roles rights on every new table.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON test_aliases FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT SELECT, INSERT ON test_aliases TO lukhas_ingest, lukhas_service;
