-- Purpose: let months go and keep what matters of them: monthly sums of tests and of covered files, the lines that they are of, and
--   a note of each month that is on its way out, so that what was interrupted goes on.
-- Locks: teams: SHARE ROW EXCLUSIVE; ingest_uploads: SHARE
-- Older programs: go on uploading
-- Reversible: DROP TABLE test_months, coverage_months, test_lines, test_names, lukhas_retirements; DROP INDEX idx_ingest_uploads_base. Sums of
--   months that are gone are lost.

-- step: the sums and what they are of
-- What a line's id stands for; the runs that say so go before the sums do.
CREATE TABLE test_lines (
  team_id UUID NOT NULL CONSTRAINT test_lines_team_id_fkey REFERENCES teams (id),
  -- test_runs.line_id; runs of older programs, which have none, get one that is made of the same columns.
  line_id UUID NOT NULL,
  repository_host TEXT,
  repository TEXT,
  project TEXT,
  lane VARCHAR(50),
  job_name TEXT,
  step TEXT,
  CONSTRAINT test_lines_pkey PRIMARY KEY (team_id, line_id)
);

-- Names are the longest part of a sum: they are kept once.
CREATE TABLE test_names (
  team_id UUID NOT NULL CONSTRAINT test_names_team_id_fkey REFERENCES teams (id),
  -- md5 of the name, so that a test's sums are found without this table.
  test_id UUID NOT NULL,
  test_name VARCHAR(500) NOT NULL,
  CONSTRAINT test_names_pkey PRIMARY KEY (team_id, test_id)
);

-- A test in a line and a UTC month, the base branch and all others apart. Narrow: it stays when the rows are gone.
CREATE TABLE test_months (
  team_id UUID NOT NULL CONSTRAINT test_months_team_id_fkey REFERENCES teams (id),
  test_id UUID NOT NULL,
  line_id UUID NOT NULL,
  -- Its first day.
  month DATE NOT NULL,
  runs INTEGER NOT NULL,
  passed INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  xfailed INTEGER NOT NULL,
  xpassed INTEGER NOT NULL,
  -- Commits on which it both passed and failed.
  flaky INTEGER NOT NULL,
  last_failed_at TIMESTAMPTZ,
  on_base BOOLEAN NOT NULL,
  seconds NUMERIC(14, 3) NOT NULL,
  last_failure_signature VARCHAR(255),
  CONSTRAINT test_months_pkey PRIMARY KEY (team_id, test_id, month, line_id, on_base)
);

-- The same of a file's coverage: sums over the runs that measured it.
CREATE TABLE coverage_months (
  team_id UUID NOT NULL CONSTRAINT coverage_months_team_id_fkey REFERENCES teams (id),
  line_id UUID NOT NULL,
  month DATE NOT NULL,
  runs INTEGER NOT NULL,
  total_statements BIGINT NOT NULL,
  covered_statements BIGINT NOT NULL,
  total_branches BIGINT NOT NULL,
  covered_branches BIGINT NOT NULL,
  on_base BOOLEAN NOT NULL,
  percent_sum NUMERIC(14, 2) NOT NULL,
  lowest_percent NUMERIC(5, 2) NOT NULL,
  highest_percent NUMERIC(5, 2) NOT NULL,
  file_path VARCHAR(500) NOT NULL,
  CONSTRAINT coverage_months_pkey PRIMARY KEY (team_id, file_path, month, line_id, on_base)
);

-- step: the months on their way out
-- One row from the decision to the drop. The mark is also the comment of the table: a name alone is no reason to drop anything.
CREATE TABLE lukhas_retirements (
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  mark TEXT NOT NULL,
  -- NULL: it has no lower bound.
  lower_bound TIMESTAMPTZ,
  upper_bound TIMESTAMPTZ NOT NULL,
  begun_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- Set in the transaction that adds its rows to the sums.
  summed_at TIMESTAMPTZ,
  CONSTRAINT lukhas_retirements_pkey PRIMARY KEY (parent, child)
);

-- step: the index of base branches
-- Whether pull requests go to a branch: asked for each branch of a test's months. A million uploads are read in about a second.
CREATE INDEX idx_ingest_uploads_base ON ingest_uploads (team_id, repository, base_branch) WHERE pull_request IS NOT NULL;

-- step: rights
ALTER TABLE test_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_lines USING (team_id = (SELECT lukhas_team_id()));
ALTER TABLE test_names ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_names USING (team_id = (SELECT lukhas_team_id()));
ALTER TABLE test_months ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_months USING (team_id = (SELECT lukhas_team_id()));
ALTER TABLE coverage_months ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON coverage_months USING (team_id = (SELECT lukhas_team_id()));
-- As in 0004: platforms give their own roles rights on every new table.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON test_lines, test_names, test_months, coverage_months, lukhas_retirements FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT SELECT ON test_lines, test_names, test_months, coverage_months, lukhas_retirements TO lukhas_ingest, lukhas_service;

