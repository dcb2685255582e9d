-- Purpose: say of a run that tests of it are missing, so that what is absent in it is not taken for removed.
-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE test_runs DROP COLUMN incomplete; what it said is lost.

-- A constant default: no row is rewritten.
ALTER TABLE test_runs ADD COLUMN incomplete BOOLEAN NOT NULL DEFAULT false;
