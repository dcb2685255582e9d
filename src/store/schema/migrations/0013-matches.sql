-- Purpose: keep in which runs a memory was told, and how what it was told for ended: confidence then moves both ways, and each
--   breakage counts once. Beside it, how often the memory's test recovers untaught.
-- Locks: teams, healix_memories: SHARE ROW EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP TABLE healix_matches; REVOKE UPDATE (metadata) ON healix_memories, UPDATE (auto_healed) ON test_results. The counts
--   of memories stay. Older programs go on giving credits of their own, in healix_credits.

-- One row for each memory and run in which it was told, or in which its test failed and it was not. How the episode ended stands at
-- its first run; the other columns of the episode are NULL elsewhere.
CREATE TABLE healix_matches (
  team_id UUID NOT NULL CONSTRAINT healix_matches_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  memory_id UUID NOT NULL,
  run_id UUID NOT NULL,
  -- The run's.
  created_at TIMESTAMPTZ NOT NULL,
  -- Of all that failed by one cause the memory's own test, else the first by name.
  test_name VARCHAR(500) NOT NULL,
  shown BOOLEAN NOT NULL,
  -- The branch or pull request: episodes of several at one time are one breakage.
  change TEXT,
  outcome VARCHAR(10) CONSTRAINT healix_matches_outcome_check CHECK (outcome IN ('open', 'worked', 'failed', 'nothing')),
  started_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  ended_git_sha VARCHAR(40),
  -- How often the test had run and failed in the 30 days before, as far as that was ever seen.
  earlier_runs INTEGER,
  earlier_failures INTEGER,
  -- What the breakage added to: the memory's counts, or those of its test untaught.
  counted VARCHAR(10) CONSTRAINT healix_matches_counted_check CHECK (counted IN ('worked', 'failed', 'recovered', 'lasted')),
  -- test_results.auto_healed of the run's failures.
  healed BOOLEAN NOT NULL DEFAULT false,
  CONSTRAINT healix_matches_pkey PRIMARY KEY (team_id, memory_id, run_id),
  CONSTRAINT healix_matches_memory_id_fkey FOREIGN KEY (team_id, memory_id)
    REFERENCES healix_memories (team_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_healix_matches_run ON healix_matches (team_id, run_id);

ALTER TABLE healix_matches ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_matches USING (team_id = (SELECT lukhas_team_id()));
-- As in 0004: platforms give their own roles rights on every new table.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON healix_matches FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT SELECT, INSERT, UPDATE ON healix_matches TO lukhas_ingest, lukhas_service;
GRANT UPDATE (metadata) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (auto_healed) ON test_results TO lukhas_ingest, lukhas_service;
