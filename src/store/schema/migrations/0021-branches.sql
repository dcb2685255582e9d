-- Purpose: keep which branches of a file were taken, so that those of a change can be told over all jobs of its commit.
-- Locks: coverage_data, partitions of coverage_data: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE coverage_data DROP COLUMN executed_branches, DROP COLUMN missing_branches.

-- Pairs {from line, to line}, as coverage.py lists them; a line below 1 is a way out of the function. NULL where a report lists none.
ALTER TABLE coverage_data ADD COLUMN executed_branches INTEGER[], ADD COLUMN missing_branches INTEGER[];
