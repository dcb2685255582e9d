-- Purpose: a person accepts a memory that a program proposed, with the team's own login.
-- Locks: none
-- Older programs: go on uploading
-- Reversible: REVOKE UPDATE (state) ON healix_memories FROM lukhas_ingest.

-- step: a team's login accepts what was proposed
GRANT UPDATE (state) ON healix_memories TO lukhas_ingest;
