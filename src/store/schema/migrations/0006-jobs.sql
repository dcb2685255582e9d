-- Purpose: which job of which repository a run is of, so that a run is compared with earlier runs of its own job: the jobs of a
--   matrix fail for reasons of their own, and two repositories of one team both have a main. Both are nullable; runs stored
--   before, and those outside CI, have none.
-- Locks: ACCESS EXCLUSIVE on test_runs for an instant (columns without a default are only noted in the catalogue).
-- Reversible: DROP the columns.

-- As in ingest_uploads, which is not joined for it: a branch's runs are looked up for every upload.
ALTER TABLE test_runs ADD COLUMN repository TEXT;
-- The job as people know it, the same in every run: `tests / pytest (3.13)`. ingest_uploads.job holds numbers of one run, too.
ALTER TABLE test_runs ADD COLUMN job_name TEXT;
