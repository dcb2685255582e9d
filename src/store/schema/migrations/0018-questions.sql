-- Purpose: answer questions with the team's own login: it reads the team's reviews and who logged in when, and tests that were run
--   again are found without reading all that passed.
-- Locks: test_results: SHARE
-- Older programs: go on uploading
-- Reversible: REVOKE SELECT ON consciousness_reviews FROM lukhas_ingest; REVOKE SELECT (team_id, display_name, last_login_at, deleted_at)
--   ON users FROM lukhas_ingest; DROP INDEX idx_test_results_again.

-- step: what the team's own login reads of its people and reviews
-- Row-level security shows it those of its team alone. Addresses and permissions stay hidden.
GRANT SELECT (team_id, display_name, last_login_at, deleted_at) ON users TO lukhas_ingest;
GRANT SELECT ON consciousness_reviews TO lukhas_ingest;

-- step: the index of repeated tests of the parent
CREATE INDEX idx_test_results_again ON ONLY test_results (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE attempts > 1;

-- step: the index of repeated tests of a partition, outside a transaction, for each partition of test_results
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_again" ON {leaf} (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE attempts > 1;

-- step: attaching the index of repeated tests, for each partition of test_results
ALTER INDEX idx_test_results_again ATTACH PARTITION "{name}_again";
