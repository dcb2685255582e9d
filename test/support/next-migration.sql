-- Purpose: a made-up next migration with all that a large table may need: an index, a column with a default, a foreign key.
-- Locks: test_results, partitions of test_results: SHARE ROW EXCLUSIVE;
--   test_runs, partitions of test_runs, teams: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP INDEX idx_test_results_class; ALTER TABLE … DROP COLUMN tries; ALTER TABLE … DROP CONSTRAINT.

-- step: the index of the parent
CREATE INDEX idx_test_results_class ON ONLY test_results (team_id, test_class, created_at DESC);

-- step: the index of a partition, outside a transaction, for each partition of test_results
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_class" ON {leaf} (team_id, test_class, created_at DESC);

-- step: attaching the index, for each partition of test_results
ALTER INDEX idx_test_results_class ATTACH PARTITION "{name}_class";

-- step: the column with a default
ALTER TABLE test_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;

-- step: the foreign key for new rows, for each partition of test_results
ALTER TABLE {leaf} ADD CONSTRAINT test_results_known_team_fkey FOREIGN KEY (team_id) REFERENCES teams (id) NOT VALID;

-- step: the foreign key for old rows, for each partition of test_results
ALTER TABLE {leaf} VALIDATE CONSTRAINT test_results_known_team_fkey;

-- step: the foreign key of the parent
-- It drops the partitions' own triggers on teams, which takes ACCESS EXCLUSIVE there.
ALTER TABLE test_results ADD CONSTRAINT test_results_known_team_fkey FOREIGN KEY (team_id) REFERENCES teams (id);
