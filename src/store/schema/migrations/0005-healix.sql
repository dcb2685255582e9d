-- Purpose: what Healix needs beyond the tables of 0002: the drift signature of a failure, the indexes by which memories and a
--   branch's runs are found, the list of automatic credits, and a credential's right to teach its own team's memories.
-- Locks: ACCESS EXCLUSIVE on test_results for an instant (a column without a default is only noted in the catalogue);
--   ACCESS EXCLUSIVE on healix_memories while it is rewritten for test_family (100,000 memories: about a second); SHARE on
--   test_runs while its index is built, which holds up uploads for that time.
-- Reversible: DROP the column, the indexes, the table and the policy, REVOKE; credits given stay in the counters.

ALTER TABLE test_results ADD COLUMN drift_signature VARCHAR(255);

-- The test without its parameters. A stored column, because under row-level security no index on an expression is used
-- whose function is not leakproof.
ALTER TABLE healix_memories ADD COLUMN test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED;

-- `moved` asks for one test's memories of one drift signature, `similar` for the best of any test's.
CREATE INDEX idx_healix_drift_family ON healix_memories (drift_signature, test_family)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
CREATE INDEX idx_healix_drift_rank ON healix_memories
  (drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
DROP INDEX idx_healix_drift;

-- A branch's latest runs: the history of a failure and its credits are read from them.
CREATE INDEX idx_test_runs_branch ON test_runs (team_id, git_branch, created_at DESC);

-- One row for each failure episode that ended in green by a later commit: what makes a credit happen once.
CREATE TABLE healix_credits (
  team_id UUID NOT NULL CONSTRAINT healix_credits_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  -- The run in which the test was green again, and the last one before it in which it failed with the memory's signature.
  passed_run_id UUID NOT NULL,
  failed_run_id UUID NOT NULL,
  test_name VARCHAR(500) NOT NULL,
  memory_id UUID NOT NULL CONSTRAINT healix_credits_memory_id_fkey REFERENCES healix_memories (id) ON DELETE CASCADE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT healix_credits_pkey PRIMARY KEY (team_id, test_name, passed_run_id)
);
CREATE INDEX idx_healix_credits_memory ON healix_credits (memory_id);

ALTER TABLE healix_credits ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_credits USING (team_id = (SELECT lukhas_team_id()));

REVOKE ALL ON healix_credits FROM PUBLIC;
DO $platform$
DECLARE
  platform_role text;
BEGIN
  FOR platform_role IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role') LOOP
    EXECUTE format('REVOKE ALL ON healix_credits FROM %I', platform_role);
  END LOOP;
END
$platform$;

GRANT SELECT, INSERT ON healix_credits TO lukhas_ingest, lukhas_service;
-- A credential adds to its team's knowledge, counts what worked and retires what did not; it rewrites no words. The policies of
-- 0004 keep it to its own team: shared memories stay the owner's.
GRANT INSERT ON healix_memories TO lukhas_ingest;
GRANT UPDATE (success_count, failure_count, confidence, last_applied, deleted_at) ON healix_memories TO lukhas_ingest;
