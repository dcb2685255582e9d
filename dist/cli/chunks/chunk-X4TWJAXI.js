import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{StoreError}from"./chunk-CNE6ZDO7.js";var asUsual=["SET LOCAL datestyle = 'ISO, MDY'","SET LOCAL standard_conforming_strings = on","SET LOCAL extra_float_digits = 1"].join("; "),uncompiled="SET LOCAL jit = off";function beginIn(schema,...more){return[`SET LOCAL search_path = ${quoteName(schema)}, pg_temp`,asUsual,uncompiled,...more].join("; ")}function beginInCatalog(...more){return["SELECT pg_catalog.set_config('lukhas.schemas', pg_catalog.current_schemas(false)::pg_catalog.text, true)","SET LOCAL search_path = pg_catalog, pg_temp",asUsual,...more].join("; ")}function andThen(begin,...more){return[begin,...more].join("; ")}function withTimeout(begin,stallMs){return andThen(begin,`SET LOCAL statement_timeout = ${Math.round(stallMs*.9)}`)}function quoteName(name){return`"${name.replaceAll('"','""')}"`}var migrations=[{number:1,name:"roles",checksum:"ace3829b64c5f8042b913ff0c294b80f4eb0a5a5d3bba140e399ee0cf08088a7",refusesOlder:!0,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: the list of applied migrations, the roles, and the rights on this database and schema.
--   lukhas_owner    owns every table; nobody logs in as it.
--   lukhas_ingest   rights of a CI credential: a login role is granted it and bound to one team.
--   lukhas_service  rights of a back end for many teams: it names the team per transaction.
-- Runs as the administrator: a superuser, or the database's owner with CREATEROLE. All later files run as lukhas_owner.
-- Locks: none
-- Older programs: are refused
-- Reversible: DROP TABLE lukhas_migrations, lukhas_migration_steps, lukhas_locks; REVOKE; DROP ROLE, once no database of the
--   server uses the roles.

-- First of all: a second program that sets up the same schema at this moment waits here for the first one, and then fails on
-- the name. It starts again and finds everything made.
CREATE TABLE lukhas_migrations (
  number INTEGER CONSTRAINT lukhas_migrations_pkey PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  -- A program that knows fewer migrations than this must not write any more.
  oldest_program INTEGER NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- What is done, and what is to be done partition by partition, of a migration that is under way; empty otherwise.
CREATE TABLE lukhas_migration_steps (
  number INTEGER NOT NULL,
  step INTEGER NOT NULL,
  -- The partition that the step was done for; '' where it is not done for each.
  target TEXT NOT NULL,
  done_at TIMESTAMPTZ,
  CONSTRAINT lukhas_migration_steps_pkey PRIMARY KEY (number, step, target)
);

-- Rows to lock. Nobody but the owner may lock them, as anybody may an advisory lock.
CREATE TABLE lukhas_locks (name TEXT CONSTRAINT lukhas_locks_pkey PRIMARY KEY);

DO $roles$
DECLARE
  wanted text;
  -- From PostgreSQL 16 on, whoever makes a role is its member, yet may not act as it before granting that to himself.
  acting text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  IF current_schema() IS NULL THEN
    RAISE EXCEPTION 'no schema of the search_path exists' USING ERRCODE = 'invalid_schema_name';
  END IF;
  -- Roles belong to the whole server: another database's migration may be making the same ones at this moment, and no lock
  -- of ours reaches there. What such a race can raise only means that the other one was first.
  FOREACH wanted IN ARRAY ARRAY['lukhas_owner', 'lukhas_ingest', 'lukhas_service'] LOOP
    FOR attempt IN 1..5 LOOP
      EXIT WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END LOOP;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ('lukhas_owner', 'lukhas_ingest', 'lukhas_service')
             AND (rolcanlogin OR rolsuper OR rolbypassrls)) THEN
    RAISE EXCEPTION 'a role lukhas_owner, lukhas_ingest or lukhas_service exists that may log in or pass row-level security'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  FOR attempt IN 1..5 LOOP
    EXIT WHEN pg_has_role(current_user, 'lukhas_owner', acting);
    BEGIN
      EXECUTE format('GRANT lukhas_owner TO %I', current_user);
    EXCEPTION WHEN unique_violation OR internal_error THEN
      -- internal_error: "tuple concurrently updated".
      NULL;
    END;
  END LOOP;

  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO lukhas_owner', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO lukhas_ingest, lukhas_service', current_schema());
  -- Everybody's right to create things beside ours (PostgreSQL 14 and older) would let anybody shadow a function.
  BEGIN
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;
  END;
  -- Uploads stage their rows in temporary tables. Everybody may do so by default, but platforms take that right away.
  BEGIN
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO lukhas_ingest, lukhas_service', current_database());
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;
  END;
END
$roles$;

ALTER TABLE lukhas_migrations OWNER TO lukhas_owner;
ALTER TABLE lukhas_migration_steps OWNER TO lukhas_owner;
ALTER TABLE lukhas_locks OWNER TO lukhas_owner;
SET LOCAL ROLE lukhas_owner;
INSERT INTO lukhas_locks (name) VALUES ('partitions');
REVOKE ALL ON lukhas_migrations, lukhas_migration_steps, lukhas_locks FROM PUBLIC;
GRANT SELECT ON lukhas_migrations, lukhas_migration_steps TO lukhas_ingest, lukhas_service;
`}]},{number:2,name:"tables",checksum:"8da2eeccf1ab345fe0854ce87df8c3aa332acfa834e6475c240ff85a3ae704f6",refusesOlder:!0,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: the ten tables of the schema document with the corrections of docs/schema-document.md, the memories that all teams share,
--   the credits of memories, the upload keys that make a repeated upload harmless, and the team each credential is bound to.
--   Two kinds of tables, so that a distributed PostgreSQL can shard by team. Distributed: every primary, unique and foreign key
--   between them holds team_id. Reference: looked up before a team is known, or the same for all teams.
-- Locks: none
-- Older programs: are refused
-- Reversible: drop the tables; their data goes with them.

-- Reference tables --------------------------------------------------------------------------------------------------------

CREATE TABLE teams (
  id UUID CONSTRAINT teams_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  name VARCHAR(255) NOT NULL,
  slug VARCHAR(100) NOT NULL,
  description TEXT,
  avatar_url VARCHAR(500),
  plan VARCHAR(50) DEFAULT 'free',
  seats INTEGER DEFAULT 5,
  features JSONB DEFAULT '{}',
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ
);
-- Unique among the living only, so that a deleted team's slug can be given again.
CREATE UNIQUE INDEX idx_teams_slug ON teams (slug) WHERE deleted_at IS NULL;
CREATE INDEX idx_teams_plan ON teams (plan) WHERE deleted_at IS NULL;

CREATE TABLE users (
  lambda_id VARCHAR(255) CONSTRAINT users_pkey PRIMARY KEY,
  team_id UUID CONSTRAINT users_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  email VARCHAR(320) NOT NULL,
  display_name VARCHAR(100),
  avatar_url VARCHAR(500),
  role VARCHAR(50) DEFAULT 'developer',
  permissions TEXT[] DEFAULT ARRAY['tests:read', 'coverage:read'],
  email_verified BOOLEAN DEFAULT false,
  is_active BOOLEAN DEFAULT true,
  last_login_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ
);
CREATE INDEX idx_users_team ON users (team_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX idx_users_email ON users (email) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_role ON users (team_id, role) WHERE deleted_at IS NULL;

CREATE TABLE webauthn_credentials (
  id UUID CONSTRAINT webauthn_credentials_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  credential_id BYTEA NOT NULL CONSTRAINT webauthn_credentials_credential_id_key UNIQUE,
  public_key BYTEA NOT NULL,
  sign_count BIGINT DEFAULT 0,
  lambda_id VARCHAR(255) CONSTRAINT webauthn_credentials_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,
  device_name VARCHAR(255),
  device_type VARCHAR(50),
  transports TEXT[],
  backup_eligible BOOLEAN DEFAULT false,
  attestation_format VARCHAR(50),
  aaguid UUID,
  created_at TIMESTAMPTZ DEFAULT now(),
  last_used TIMESTAMPTZ DEFAULT now(),
  use_count INTEGER DEFAULT 0,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX idx_webauthn_lambda_id ON webauthn_credentials (lambda_id) WHERE revoked_at IS NULL;
CREATE INDEX idx_webauthn_last_used ON webauthn_credentials (lambda_id, last_used DESC) WHERE revoked_at IS NULL;

CREATE TABLE user_preferences (
  id UUID CONSTRAINT user_preferences_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  lambda_id VARCHAR(255) CONSTRAINT user_preferences_lambda_id_key UNIQUE
    CONSTRAINT user_preferences_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,
  dashboard_layout JSONB DEFAULT '{}',
  email_notifications BOOLEAN DEFAULT true,
  slack_webhook_url VARCHAR(500),
  theme VARCHAR(20) DEFAULT 'system',
  timezone VARCHAR(50) DEFAULT 'UTC',
  settings JSONB DEFAULT '{}',
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE sessions (
  id UUID CONSTRAINT sessions_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  lambda_id VARCHAR(255) CONSTRAINT sessions_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,
  session_token VARCHAR(255) NOT NULL CONSTRAINT sessions_session_token_key UNIQUE,
  expires_at TIMESTAMPTZ NOT NULL,
  user_agent TEXT,
  ip_address INET,
  created_at TIMESTAMPTZ DEFAULT now(),
  last_activity TIMESTAMPTZ DEFAULT now()
);
CREATE INDEX idx_sessions_lambda_id ON sessions (lambda_id, last_activity DESC);
CREATE INDEX idx_sessions_active ON sessions (lambda_id, expires_at);
CREATE INDEX idx_sessions_expires ON sessions (expires_at);

-- Which team a login role works for. Only the owner writes it, so that no credential can move itself to another team.
CREATE TABLE team_credentials (
  role_name NAME CONSTRAINT team_credentials_pkey PRIMARY KEY,
  team_id UUID NOT NULL CONSTRAINT team_credentials_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Memories that all teams read and the owner writes: those of healix_memories, without a team.
CREATE TABLE shared_memories (
  id UUID CONSTRAINT shared_memories_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  test_name VARCHAR(500) NOT NULL,
  failure_signature VARCHAR(255) NOT NULL,
  drift_signature VARCHAR(255),
  root_cause TEXT,
  probable_cause TEXT,
  confidence NUMERIC(3, 2),
  solution TEXT NOT NULL,
  solution_type VARCHAR(50),
  auto_fix_code TEXT,
  success_count INTEGER DEFAULT 0,
  failure_count INTEGER DEFAULT 0,
  last_applied TIMESTAMPTZ,
  matriz_star VARCHAR(50),
  metadata JSONB DEFAULT '{}',
  error_type TEXT GENERATED ALWAYS AS (metadata ->> 'error_type') STORED,
  test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ,
  CONSTRAINT shared_memories_confidence_check CHECK (confidence BETWEEN 0 AND 1)
);
CREATE INDEX idx_shared_test_signature ON shared_memories
  (test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_shared_signature_rank ON shared_memories
  (failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_shared_drift_family ON shared_memories (drift_signature, test_family)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
CREATE INDEX idx_shared_drift_rank ON shared_memories
  (drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;

-- Distributed tables ------------------------------------------------------------------------------------------------------

-- Before test_results, which refers to it.
CREATE TABLE healix_memories (
  id UUID NOT NULL DEFAULT gen_random_uuid(),
  team_id UUID NOT NULL CONSTRAINT healix_memories_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  test_name VARCHAR(500) NOT NULL,
  failure_signature VARCHAR(255) NOT NULL,
  drift_signature VARCHAR(255),
  root_cause TEXT,
  probable_cause TEXT,
  confidence NUMERIC(3, 2),
  solution TEXT NOT NULL,
  solution_type VARCHAR(50),
  auto_fix_code TEXT,
  success_count INTEGER DEFAULT 0,
  failure_count INTEGER DEFAULT 0,
  last_applied TIMESTAMPTZ,
  matriz_star VARCHAR(50),
  metadata JSONB DEFAULT '{}',
  -- Columns, because under row-level security no index is used on an expression or operator that is not leakproof.
  error_type TEXT GENERATED ALWAYS AS (metadata ->> 'error_type') STORED,
  -- The test without its parameters.
  test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ,
  CONSTRAINT healix_memories_pkey PRIMARY KEY (team_id, id),
  -- NaN is above every number, so it is refused as well.
  CONSTRAINT healix_memories_confidence_check CHECK (confidence BETWEEN 0 AND 1)
);
CREATE INDEX idx_healix_test_signature ON healix_memories
  (team_id, test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_healix_test_errtype ON healix_memories (team_id, test_name, error_type) WHERE deleted_at IS NULL;
CREATE INDEX idx_healix_confidence ON healix_memories (team_id, confidence DESC);
-- \`similar\` asks for the best memory of any test with the failure's signature, or with its drift signature; \`moved\` asks for one
-- test's memories of one drift signature.
CREATE INDEX idx_healix_signature_rank ON healix_memories
  (team_id, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_healix_drift_rank ON healix_memories
  (team_id, drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
CREATE INDEX idx_healix_drift_family ON healix_memories (team_id, drift_signature, test_family)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
-- The expression is the one that the success-rate query sorts by, else the index is of no use to it.
CREATE INDEX idx_healix_success_rate ON healix_memories (
  team_id, (round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3)) DESC, confidence DESC
) WHERE success_count + failure_count >= 5;
CREATE INDEX idx_healix_metadata_gin ON healix_memories USING gin (metadata);

CREATE TABLE test_runs (
  id UUID DEFAULT gen_random_uuid(),
  team_id UUID NOT NULL CONSTRAINT test_runs_team_id_fkey REFERENCES teams (id),
  lambda_id VARCHAR(255) CONSTRAINT test_runs_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE SET NULL,
  total_tests INTEGER NOT NULL,
  passed INTEGER DEFAULT 0,
  failed INTEGER DEFAULT 0,
  skipped INTEGER DEFAULT 0,
  errors INTEGER DEFAULT 0,
  coverage_percent NUMERIC(5, 2),
  duration_seconds NUMERIC(10, 3),
  lane VARCHAR(50),
  markers TEXT[],
  python_version VARCHAR(20),
  pytest_version VARCHAR(20),
  ci_system VARCHAR(50),
  git_sha VARCHAR(40),
  git_branch VARCHAR(255),
  git_commit_message TEXT,
  matriz_analysis JSONB,
  consciousness_score NUMERIC(5, 2),
  created_at TIMESTAMPTZ DEFAULT now(),
  -- As in ingest_uploads, which is not joined for it: a branch's runs are looked up for every upload.
  repository TEXT,
  -- The job as people know it, the same in every run: \`tests / pytest (3.13)\`. ingest_uploads.job holds numbers of one run, too.
  job_name TEXT,
  CONSTRAINT test_runs_pkey PRIMARY KEY (team_id, id, created_at),
  CONSTRAINT test_runs_coverage_percent_check CHECK (coverage_percent BETWEEN 0 AND 100),
  CONSTRAINT test_runs_duration_seconds_check CHECK (duration_seconds BETWEEN 0 AND 9999999.999)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_test_runs_lambda_id ON test_runs (lambda_id, created_at DESC);
CREATE INDEX idx_test_runs_git_sha ON test_runs (git_sha);
CREATE INDEX idx_test_runs_lane ON test_runs (team_id, lane, created_at DESC);
CREATE INDEX idx_test_runs_dashboard ON test_runs (team_id, created_at DESC)
  INCLUDE (id, total_tests, passed, failed, coverage_percent, duration_seconds);
CREATE INDEX idx_test_runs_matriz_gin ON test_runs USING gin (matriz_analysis);
CREATE INDEX idx_test_runs_failed ON test_runs (team_id, created_at DESC) WHERE failed > 0;
-- A branch's latest runs: the history of a failure and its credits are read from them.
CREATE INDEX idx_test_runs_branch ON test_runs (team_id, git_branch, created_at DESC);

CREATE TABLE test_results (
  id UUID DEFAULT gen_random_uuid(),
  test_run_id UUID NOT NULL,
  team_id UUID NOT NULL CONSTRAINT test_results_team_id_fkey REFERENCES teams (id),
  test_name VARCHAR(500) NOT NULL,
  test_class VARCHAR(255),
  test_function VARCHAR(255),
  test_file VARCHAR(500),
  outcome VARCHAR(20) NOT NULL,
  duration_seconds NUMERIC(8, 3),
  error_message TEXT,
  error_traceback TEXT,
  failure_signature VARCHAR(255),
  markers TEXT[],
  healix_memory_id UUID,
  auto_healed BOOLEAN DEFAULT false,
  created_at TIMESTAMPTZ DEFAULT now(),
  drift_signature VARCHAR(255),
  -- The exact memory where it is one that all teams share.
  shared_memory_id UUID CONSTRAINT test_results_shared_memory_id_fkey REFERENCES shared_memories (id) ON DELETE SET NULL,
  CONSTRAINT test_results_pkey PRIMARY KEY (team_id, id, created_at),
  CONSTRAINT test_results_healix_memory_id_fkey FOREIGN KEY (team_id, healix_memory_id)
    REFERENCES healix_memories (team_id, id) ON DELETE SET NULL (healix_memory_id),
  CONSTRAINT test_results_outcome_check
    CHECK (outcome IN ('passed', 'failed', 'skipped', 'error', 'xfailed', 'xpassed')),
  CONSTRAINT test_results_duration_seconds_check CHECK (duration_seconds BETWEEN 0 AND 99999.999)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_test_results_run_id ON test_results (test_run_id);
CREATE INDEX idx_test_results_team_outcome ON test_results (team_id, outcome, created_at DESC);
CREATE INDEX idx_test_results_test_name ON test_results (test_name, created_at DESC);
CREATE INDEX idx_test_results_failed ON test_results (test_name, failure_signature) WHERE outcome IN ('failed', 'error');
-- For ON DELETE SET NULL; few rows have a memory, so the index stays small.
CREATE INDEX idx_test_results_memory ON test_results (team_id, healix_memory_id) WHERE healix_memory_id IS NOT NULL;
CREATE INDEX idx_test_results_shared_memory ON test_results (shared_memory_id) WHERE shared_memory_id IS NOT NULL;

-- Partitioned like the runs it belongs to: it is the bulk of the data, and is kept for a shorter time.
CREATE TABLE coverage_data (
  id UUID DEFAULT gen_random_uuid(),
  test_run_id UUID NOT NULL,
  team_id UUID NOT NULL CONSTRAINT coverage_data_team_id_fkey REFERENCES teams (id),
  total_statements INTEGER NOT NULL,
  covered_statements INTEGER NOT NULL,
  missing_statements INTEGER NOT NULL,
  file_path VARCHAR(500) NOT NULL,
  coverage_percent NUMERIC(5, 2) NOT NULL,
  covered_lines INTEGER[] DEFAULT ARRAY[]::INTEGER[],
  missing_lines INTEGER[] DEFAULT ARRAY[]::INTEGER[],
  total_branches INTEGER DEFAULT 0,
  covered_branches INTEGER DEFAULT 0,
  lane VARCHAR(50),
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT coverage_data_pkey PRIMARY KEY (team_id, id, created_at),
  CONSTRAINT coverage_data_coverage_percent_check CHECK (coverage_percent BETWEEN 0 AND 100)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_coverage_run_id ON coverage_data (test_run_id);
CREATE INDEX idx_coverage_team_file ON coverage_data (team_id, file_path, created_at DESC);
CREATE INDEX idx_coverage_lane ON coverage_data (team_id, lane, created_at DESC);
CREATE INDEX idx_coverage_low ON coverage_data (team_id, file_path) WHERE coverage_percent < 75.0;

CREATE TABLE consciousness_reviews (
  id UUID NOT NULL DEFAULT gen_random_uuid(),
  team_id UUID NOT NULL CONSTRAINT consciousness_reviews_team_id_fkey REFERENCES teams (id),
  pr_number INTEGER,
  git_sha VARCHAR(40) NOT NULL,
  git_branch VARCHAR(255),
  lambda_id VARCHAR(255) CONSTRAINT consciousness_reviews_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE SET NULL,
  matriz_analysis JSONB NOT NULL,
  -- A column, because row-level security keeps the planner from the GIN index (@> is not leakproof).
  guardian_status TEXT GENERATED ALWAYS AS (matriz_analysis #>> '{stars,guardian,status}') STORED,
  overall_status VARCHAR(20),
  consciousness_score NUMERIC(5, 2),
  analysis_duration_ms INTEGER,
  active_components INTEGER,
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT consciousness_reviews_pkey PRIMARY KEY (team_id, id)
);
CREATE INDEX idx_consciousness_team_pr ON consciousness_reviews (team_id, pr_number DESC);
CREATE INDEX idx_consciousness_git_sha ON consciousness_reviews (git_sha);
CREATE INDEX idx_consciousness_status ON consciousness_reviews (team_id, overall_status, created_at DESC);
CREATE INDEX idx_consciousness_guardian ON consciousness_reviews (team_id, guardian_status, created_at DESC);
CREATE INDEX idx_consciousness_matriz_gin ON consciousness_reviews USING gin (matriz_analysis);

-- Not partitioned, because a unique key of a partitioned table must hold the partition key, and a repeated upload may come
-- with another time. Also what a run's own columns have no place for.
CREATE TABLE ingest_uploads (
  team_id UUID NOT NULL CONSTRAINT ingest_uploads_team_id_fkey REFERENCES teams (id),
  upload_key BYTEA NOT NULL,
  run_id UUID NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  payload_sha256 BYTEA NOT NULL,
  result_rows INTEGER NOT NULL,
  coverage_rows INTEGER NOT NULL,
  repository TEXT,
  workflow_run_id TEXT,
  run_attempt INTEGER,
  job TEXT,
  pull_request INTEGER,
  base_branch TEXT,
  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ingest_uploads_pkey PRIMARY KEY (team_id, upload_key),
  CONSTRAINT ingest_uploads_upload_key_check CHECK (octet_length(upload_key) = 32),
  CONSTRAINT ingest_uploads_payload_sha256_check CHECK (octet_length(payload_sha256) = 32)
);
CREATE INDEX idx_ingest_uploads_run_id ON ingest_uploads (team_id, run_id);
CREATE INDEX idx_ingest_uploads_pull_request ON ingest_uploads (team_id, repository, pull_request, created_at DESC)
  WHERE pull_request IS NOT NULL;

-- One row for each failure episode that ended in green by a later commit: what makes a credit happen once.
CREATE TABLE healix_credits (
  team_id UUID NOT NULL CONSTRAINT healix_credits_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  -- The run in which the test was green again, and the last one before it in which it failed with the memory's signature.
  passed_run_id UUID NOT NULL,
  failed_run_id UUID NOT NULL,
  test_name VARCHAR(500) NOT NULL,
  memory_id UUID NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT healix_credits_pkey PRIMARY KEY (team_id, test_name, passed_run_id),
  CONSTRAINT healix_credits_memory_id_fkey FOREIGN KEY (team_id, memory_id)
    REFERENCES healix_memories (team_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_healix_credits_memory ON healix_credits (team_id, memory_id);

-- Functions ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION update_updated_at_column() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END
$$;
CREATE TRIGGER update_teams_updated_at BEFORE UPDATE ON teams
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_healix_memories_updated_at BEFORE UPDATE ON healix_memories
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_user_preferences_updated_at BEFORE UPDATE ON user_preferences
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_shared_memories_updated_at BEFORE UPDATE ON shared_memories
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

-- One form of a signature wherever it is stored, so that it is found by plain equality: \`md5:\` and 32 small hex digits. What is
-- no whole MD5 stays as it is.
CREATE FUNCTION normalise_failure_signature() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.failure_signature ~* '^(md5:)?[0-9a-f]{32}$' THEN
    NEW.failure_signature = 'md5:' || lower(right(NEW.failure_signature, 32));
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER normalise_healix_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON healix_memories
  FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();
CREATE TRIGGER normalise_shared_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON shared_memories
  FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();
`}]},{number:3,name:"partitions",checksum:"48468500186ca1f8a0590ecf8ccc0b26c6cce3c2448540c17902aeb737a7e672",refusesOlder:!0,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: the functions that make monthly partitions of the three big tables and list expired ones, and the time in a run id.
--   Months are UTC months. A new partition is made beside its parent and then attached, which does not stop writers;
--   CREATE TABLE \u2026 PARTITION OF would wait for every open upload and stop all new ones meanwhile.
--   Later calls take SHARE UPDATE EXCLUSIVE on the three parents, SHARE ROW EXCLUSIVE on teams, users, healix_memories and
--   shared_memories (for the foreign keys), and a row of lukhas_locks: call them in a short transaction with a lock_timeout.
-- Locks: none
-- Older programs: are refused
-- Reversible: DROP FUNCTION.

-- The milliseconds in the first 48 bits of a run's id are its created_at, so that a run found by id alone reads one partition:
-- WHERE test_run_id = $1 AND created_at = lukhas_run_ts($1).
CREATE FUNCTION lukhas_run_ts(id uuid) RETURNS timestamptz
-- Parsed now and not at each call, so that nobody's search_path decides what it calls; it is inlined all the same.
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_timestamp((('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint) / 1000.0);

-- The bounds of a table's partitions, read from the catalogue and never from names.
CREATE FUNCTION partition_bounds(parent regclass) RETURNS TABLE (child regclass, lower_bound timestamptz, upper_bound timestamptz)
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT c.oid::regclass, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') AS bounds
  ) b
  WHERE i.inhparent = parent AND NOT i.inhdetachpending AND b.bounds IS NOT NULL
$$;

-- Whether rows of this time have a partition in all three tables.
CREATE FUNCTION month_is_ready(at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT count(*) = 3
  FROM unnest(ARRAY['test_runs', 'test_results', 'coverage_data']) AS parents (name)
  WHERE EXISTS (
    SELECT FROM partition_bounds(parents.name::regclass) b WHERE b.lower_bound <= at AND b.upper_bound > at
  )
$$;

-- Makes what is missing of one UTC month; returns the names of the tables made. For the functions below only.
CREATE FUNCTION attach_month(at timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
DECLARE
  month_start timestamptz := date_trunc('month', at);
  month_end timestamptz := date_trunc('month', at) + interval '1 month';
  parent text;
  child text;
  grantee text;
BEGIN
  PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE;
  FOREACH parent IN ARRAY ARRAY['test_runs', 'test_results', 'coverage_data'] LOOP
    CONTINUE WHEN EXISTS (
      SELECT FROM partition_bounds(parent::regclass) b
      WHERE b.lower_bound <= month_start AND b.upper_bound >= month_end
    );
    child := parent || '_' || to_char(month_start, 'YYYY_MM');
    -- Fails loudly where a table of that name exists but is no partition: its rows are somebody's.
    EXECUTE format(
      'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)',
      child, parent);
    -- Policies are not inherited by a partition that is named directly: without grants and with none of its own it is closed.
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
    -- A platform's default privileges may have opened it all the same.
    FOR grantee IN
      SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
      WHERE c.oid = child::regclass AND a.grantee <> c.relowner
    LOOP
      EXECUTE format('REVOKE ALL ON %I FROM %s', child, grantee);
    END LOOP;
    -- With this CHECK in place ATTACH need not scan.
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (created_at >= %L AND created_at < %L)',
      child, child || '_bound', month_start, month_end);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      parent, child, month_start, month_end);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', child, child || '_bound');
    RETURN NEXT child;
  END LOOP;
END
$$;

-- For an upload: the month of its rows, which must lie from 31 days back to 1 day ahead (whole months, and a day for clocks
-- that differ), and some months after the present one. Does nothing where all exist.
CREATE FUNCTION ensure_partitions_for(at timestamptz, months_ahead integer DEFAULT 2) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
BEGIN
  IF at IS NULL OR date_trunc('month', at) < date_trunc('month', now() - interval '32 days')
     OR date_trunc('month', at) > date_trunc('month', now() + interval '2 days') THEN
    RAISE EXCEPTION 'a run''s time must lie from 31 days back to 1 day ahead' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 12 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 12' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT month_is_ready(at) THEN
    RETURN QUERY SELECT attach_month(at);
  END IF;
  FOR i IN 0..months_ahead LOOP
    IF NOT month_is_ready(date_trunc('month', now()) + make_interval(months => i)) THEN
      RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
    END IF;
  END LOOP;
END
$$;

-- For the operator: months around the present one.
CREATE FUNCTION ensure_partitions(months_ahead integer DEFAULT 2, months_back integer DEFAULT 0) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
BEGIN
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 OR months_back IS NULL OR months_back NOT BETWEEN 0 AND 36 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 24, months back 0 to 36' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR i IN -months_back..months_ahead LOOP
    RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
  END LOOP;
END
$$;

-- Partitions that hold nothing younger than \`keep\`, oldest first: it is the upper bound that decides.
CREATE FUNCTION expired_partitions(parent regclass, keep interval) RETURNS TABLE (child regclass, upper_bound timestamptz)
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT b.child, b.upper_bound FROM partition_bounds(parent) b WHERE b.upper_bound <= now() - keep ORDER BY b.upper_bound
$$;
`}]},{number:4,name:"tenancy",checksum:"836959cece9ecdd624e2b5e6edcad0582420499fd45f20e29950c146aaaf3801",refusesOlder:!0,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: who sees and writes what: the team of a session, row-level security on every table of a team, and grants.
-- Locks: teams, users, webauthn_credentials, user_preferences, sessions, team_credentials, shared_memories, healix_memories,
--   healix_credits, test_runs, test_results, coverage_data, consciousness_reviews, ingest_uploads: ACCESS EXCLUSIVE
-- Older programs: are refused
-- Reversible: DROP POLICY, ALTER TABLE \u2026 DISABLE ROW LEVEL SECURITY, REVOKE.

-- The team of this session, or NULL. A bound credential has its own team whatever it sets, because the binding hangs on the
-- login (session_user), which SET ROLE does not change. A member of lukhas_service names the team per transaction:
-- set_config('lukhas.team_id', \u2026, true). After such a transaction the setting is '', not NULL.
CREATE FUNCTION lukhas_team_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN pg_has_role(session_user, 'lukhas_service', 'MEMBER') THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END
$$;

-- For a service, which sees no team before it has named one.
CREATE FUNCTION lukhas_find_team(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL
$$;

-- Makes uploads that teach the team's memories wait for each other. A row and no advisory lock, which any login could hold.
CREATE FUNCTION lukhas_lock_team() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT FROM teams t WHERE t.id = lukhas_team_id() FOR NO KEY UPDATE
$$;

-- In every policy the team is a scalar subquery, so that it is found once a statement and not once a row.
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON teams USING (id = (SELECT lukhas_team_id()));

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON users USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE test_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_runs USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE test_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_results USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE coverage_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON coverage_data USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE consciousness_reviews ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON consciousness_reviews USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE ingest_uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON ingest_uploads USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE healix_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_memories USING (team_id = (SELECT lukhas_team_id()));

ALTER TABLE healix_credits ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_credits USING (team_id = (SELECT lukhas_team_id()));

-- Read by all teams and written by the owner only.
ALTER TABLE shared_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY shared_memories ON shared_memories FOR SELECT USING (true);

-- These have no team of their own: whoever sees the person sees what belongs to the person.
ALTER TABLE webauthn_credentials ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON webauthn_credentials
  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = webauthn_credentials.lambda_id));
ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON user_preferences
  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = user_preferences.lambda_id));
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON sessions
  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = sessions.lambda_id));

-- No policy and no grant: for the owner alone.
ALTER TABLE team_credentials ENABLE ROW LEVEL SECURITY;

-- Nothing is open by default: not to PUBLIC, and not to what platforms give their own roles on every new object of a schema
-- (Supabase: anon and authenticated, through a public API).
DO $closed$
DECLARE
  grantee text;
  object text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    FOR object IN
      SELECT format('TABLE %I', c.relname) FROM pg_class c
      WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner = 'lukhas_owner'::regrole
      UNION ALL
      SELECT format('FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
      WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proowner = 'lukhas_owner'::regrole
    LOOP
      EXECUTE format('REVOKE ALL ON %s FROM %s', object, grantee);
    END LOOP;
  END LOOP;
END
$closed$;

GRANT EXECUTE ON FUNCTION lukhas_team_id(), lukhas_lock_team(), lukhas_run_ts(uuid), partition_bounds(regclass),
  month_is_ready(timestamptz), ensure_partitions_for(timestamptz, integer) TO lukhas_ingest, lukhas_service;
GRANT EXECUTE ON FUNCTION lukhas_find_team(text), ensure_partitions(integer, integer), expired_partitions(regclass, interval)
  TO lukhas_service;

-- A CI credential adds runs and reads what its team knows. Of people it sees only that they exist, to name one as the author.
GRANT SELECT, INSERT ON test_runs, test_results, coverage_data, ingest_uploads, healix_credits TO lukhas_ingest;
GRANT SELECT ON teams, shared_memories TO lukhas_ingest;
GRANT SELECT (lambda_id) ON users TO lukhas_ingest;
-- It adds to its team's knowledge, counts what worked and retires what did not; it rewrites no words.
GRANT SELECT, INSERT ON healix_memories TO lukhas_ingest;
GRANT UPDATE (success_count, failure_count, confidence, last_applied, deleted_at) ON healix_memories TO lukhas_ingest;

GRANT SELECT, INSERT ON test_runs, test_results, coverage_data, ingest_uploads, healix_credits TO lukhas_service;
GRANT SELECT ON teams, shared_memories TO lukhas_service;
GRANT SELECT, INSERT, UPDATE ON users, healix_memories, consciousness_reviews, user_preferences TO lukhas_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON webauthn_credentials, sessions TO lukhas_service;
`}]},{number:5,name:"incomplete",checksum:"1ee508aed9f8cbd23e9f5a9fde927cd16aa66479a482c508b8316e878cc5bfea",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: say of a run that tests of it are missing, so that what is absent in it is not taken for removed.
-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE test_runs DROP COLUMN incomplete; what it said is lost.

-- A constant default: no row is rewritten.
ALTER TABLE test_runs ADD COLUMN incomplete BOOLEAN NOT NULL DEFAULT false;
`}]},{number:6,name:"upload-steps",checksum:"b65c710784822a33a72a22980be181745dde2c564f576a3c753e070a6d13a258",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: tell the uploads of one job apart by step, those of equal job names by check run and workflow; keep that a job had no report.
-- Locks: ingest_uploads: ACCESS EXCLUSIVE; teams: SHARE ROW EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP TABLE missing_reports; ALTER TABLE ingest_uploads DROP COLUMN workflow, DROP COLUMN step, DROP COLUMN check_run_id;
--   what they said is lost.

-- Without defaults: no row is rewritten. NULL where the CI system does not say, and in rows of older programs: their keys hold
-- neither step nor check run, so what an older program stored is stored again where this one repeats it within the same attempt.
ALTER TABLE ingest_uploads
  ADD COLUMN workflow TEXT,
  ADD COLUMN step TEXT,
  -- GitHub's id of the job's check run: it differs for each job of an attempt, whatever the jobs are called.
  ADD COLUMN check_run_id BIGINT;

-- A step that found no report to read. No run: there is nothing to count, to compare with, or to be credited.
CREATE TABLE missing_reports (
  team_id UUID NOT NULL CONSTRAINT missing_reports_team_id_fkey REFERENCES teams (id),
  upload_key BYTEA NOT NULL,
  reason TEXT NOT NULL,
  repository TEXT,
  workflow TEXT,
  workflow_run_id TEXT,
  run_attempt INTEGER,
  job TEXT,
  job_name TEXT,
  lane VARCHAR(50),
  step TEXT,
  check_run_id BIGINT,
  pull_request INTEGER,
  git_sha VARCHAR(40),
  git_branch VARCHAR(255),
  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT missing_reports_pkey PRIMARY KEY (team_id, upload_key),
  CONSTRAINT missing_reports_upload_key_check CHECK (octet_length(upload_key) = 32)
);
CREATE INDEX idx_missing_reports_git_sha ON missing_reports (team_id, git_sha);

ALTER TABLE missing_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON missing_reports USING (team_id = (SELECT lukhas_team_id()));
-- As in 0004: platforms give their own roles rights on every new table.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON missing_reports FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT SELECT, INSERT ON missing_reports TO lukhas_ingest, lukhas_service;
`}]},{number:7,name:"lines",checksum:"656820c7887001965e58e1e3ce6d3533c22bfc61780c26a66f9009760379652c",refusesOlder:!1,steps:[{title:"the columns of runs",inTransaction:!0,sql:`-- Without defaults and checks: no row is rewritten or read. NULL in rows of older programs, and where nobody could tell.
ALTER TABLE test_runs
  ADD COLUMN line_id UUID,
  -- pytest's rootdir relative to the repository's root, '.' where they are one.
  ADD COLUMN project TEXT,
  -- What was checked out; git_sha stays the commit that people know.
  ADD COLUMN tested_git_sha VARCHAR(40),
  ADD COLUMN parents TEXT[],
  ADD COLUMN committed_at TIMESTAMPTZ,
  -- head, merge
  ADD COLUMN kind VARCHAR(10),
  -- team, stranger, local
  ADD COLUMN origin VARCHAR(10),
  -- Tracked files that differed from the commit.
  ADD COLUMN dirty INTEGER,
  -- The report is older than its commit.
  ADD COLUMN stale BOOLEAN,
  ADD COLUMN attempt INTEGER,
  ADD COLUMN step TEXT;`},{title:"the columns of results",inTransaction:!0,sql:`ALTER TABLE test_results
  ADD COLUMN line_id UUID,
  -- How often it was run, where that was more than once.
  ADD COLUMN attempts INTEGER,
  ADD COLUMN error_type VARCHAR(255),
  ADD COLUMN statement TEXT;`},{title:"the index of the parent",inTransaction:!0,sql:"CREATE INDEX idx_test_results_line ON ONLY test_results (team_id, line_id, test_name, created_at DESC);"},{title:"the index of a partition",inTransaction:!1,partitionsOf:"test_results",sql:'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_line" ON {leaf} (team_id, line_id, test_name, created_at DESC);'},{title:"attaching the index",inTransaction:!0,partitionsOf:"test_results",sql:'ALTER INDEX idx_test_results_line ATTACH PARTITION "{name}_line";'}]},{number:8,name:"knowledge",checksum:"a33bc39bd152d6e3451d8096a83ed8afbcae34b0dd9aed0dc933d2aaaa56aae9",refusesOlder:!1,steps:[{title:"the columns of results",inTransaction:!0,sql:`-- The signature that knows the compared values, and the key of the cause with its place: both are NULL for rows of older programs.
ALTER TABLE test_results ADD COLUMN words_signature VARCHAR(255), ADD COLUMN cause_key VARCHAR(500);`},{title:"the columns of memories",inTransaction:!0,sql:`-- NULL in repository and project: it matches in every one.
ALTER TABLE healix_memories ADD COLUMN words_signature VARCHAR(255), ADD COLUMN repository TEXT, ADD COLUMN project TEXT,
  ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'active'
    CONSTRAINT healix_memories_state_check CHECK (state IN ('active', 'proposed'));
ALTER TABLE shared_memories ADD COLUMN words_signature VARCHAR(255),
  ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'active'
    CONSTRAINT shared_memories_state_check CHECK (state IN ('active', 'proposed'));`},{title:"the indexes of memories",inTransaction:!0,sql:`-- \`moved\` asks for one test's memories of some words, \`cause\` for the best memory of any test with them. \`moved\` asked for the drift
-- signature and the test before.
CREATE INDEX idx_healix_words_test ON healix_memories (team_id, words_signature, test_name)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
CREATE INDEX idx_healix_words_rank ON healix_memories
  (team_id, words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
CREATE INDEX idx_shared_words_test ON shared_memories (words_signature, test_name)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
CREATE INDEX idx_shared_words_rank ON shared_memories
  (words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
DROP INDEX idx_healix_drift_family, idx_shared_drift_family;`},{title:"the right to edit",inTransaction:!0,sql:`-- A login that uploads may add and retire memories; editing one keeps its id and its counts.
GRANT UPDATE (root_cause, probable_cause, solution, solution_type, auto_fix_code, updated_at) ON healix_memories TO lukhas_ingest;`}]},{number:9,name:"repositories",checksum:"051d4976a5500eae5e1c5c95a166b756640f97b742da8682a53ebb1c0c2c56a5",refusesOlder:!1,steps:[{title:"the host of runs",inTransaction:!0,sql:`-- NULL in rows of older programs, and where nobody could tell: they are compared by name.
ALTER TABLE test_runs ADD COLUMN repository_host TEXT;`},{title:"the host of memories",inTransaction:!0,sql:`-- Their repository is named without it, and in lower case.
ALTER TABLE healix_memories ADD COLUMN repository_host TEXT;`}]},{number:10,name:"coverage-later",checksum:"23238dff2287fc6786cc9b0e9adf575a24b45402084028f4abad87d539f93c9c",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: add coverage to a run that was stored without it.
-- Locks: none
-- Older programs: go on uploading
-- Reversible: DROP FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric); what was added stays.

-- Says of an upload that its coverage is there: true where it was stored without any, and has these results. A CI credential may add
-- rows and change none. The upload's row is the lock: of two at one moment the second finds the first one's coverage.
CREATE FUNCTION lukhas_add_coverage(key bytea, without_coverage bytea, payload bytea, files integer, percent numeric) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  run record;
BEGIN
  UPDATE ingest_uploads u SET payload_sha256 = payload, coverage_rows = files
  WHERE u.team_id = lukhas_team_id() AND u.upload_key = key AND u.payload_sha256 = without_coverage AND u.coverage_rows = 0
  RETURNING u.team_id, u.run_id, u.created_at INTO run;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE test_runs r SET coverage_percent = percent
  WHERE r.team_id = run.team_id AND r.id = run.run_id AND r.created_at = run.created_at AND r.coverage_percent IS NULL;
  RETURN true;
END
$$;

-- As in 0004: platforms give their own roles rights on every new function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric) FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT EXECUTE ON FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric) TO lukhas_ingest, lukhas_service;
`}]},{number:11,name:"aliases",checksum:"fd4a929f30487e782dc4f6d4cd3e0e02ac8f4e5a866ad35fb1a2a07c575dbfe9",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: keep which test was renamed into which, so that later runs find the history under the former name.
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
`}]},{number:12,name:"history",checksum:"1376d58e4b6c4b371e742a49aa15190c85c436544dec7057192ab7589afcf8af",refusesOlder:!1,steps:[{title:"the index of lines of the parent",inTransaction:!0,sql:`CREATE INDEX idx_test_results_past ON ONLY test_results (team_id, line_id, test_name, created_at DESC)
  INCLUDE (test_run_id, outcome, attempts);`},{title:"the index of lines of a partition",inTransaction:!1,partitionsOf:"test_results",sql:`CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_past" ON {leaf} (team_id, line_id, test_name, created_at DESC)
  INCLUDE (test_run_id, outcome, attempts);`},{title:"attaching the index of lines",inTransaction:!0,partitionsOf:"test_results",sql:'ALTER INDEX idx_test_results_past ATTACH PARTITION "{name}_past";'},{title:"the index of failures of the parent",inTransaction:!0,sql:`-- Holds no other text than the name: a row of an index takes at most 2,704 bytes.
CREATE INDEX idx_test_results_failures ON ONLY test_results (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE outcome IN ('failed', 'error');`},{title:"the index of failures of a partition",inTransaction:!1,partitionsOf:"test_results",sql:`CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_failures" ON {leaf} (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE outcome IN ('failed', 'error');`},{title:"attaching the index of failures",inTransaction:!0,partitionsOf:"test_results",sql:'ALTER INDEX idx_test_results_failures ATTACH PARTITION "{name}_failures";'},{title:"the index that is no longer needed",inTransaction:!0,sql:"DROP INDEX idx_test_results_line;"}]},{number:13,name:"matches",checksum:"5e9deb59cd4e2faf4711aa72e17a10d813bce6c22b35347321445ece27646a31",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: keep in which runs a memory was told, and how what it was told for ended: confidence then moves both ways, and each
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
`}]},{number:14,name:"tenants",checksum:"69fd600f928083c99a4604237480a2903897773bc355ae37ae1c10b898a47f22",refusesOlder:!1,steps:[{title:"the reference of runs to people",inTransaction:!0,sql:`-- A reference is checked without row-level security: it told which people of other teams exist. And the making of a month locked the
-- referenced tables, against everybody who wrote into them.
ALTER TABLE test_runs DROP CONSTRAINT test_runs_lambda_id_fkey;`},{title:"the reference of reviews to people",inTransaction:!0,sql:"ALTER TABLE consciousness_reviews DROP CONSTRAINT consciousness_reviews_lambda_id_fkey;"},{title:"the reference of results to memories",inTransaction:!0,sql:"ALTER TABLE test_results DROP CONSTRAINT test_results_healix_memory_id_fkey;"},{title:"what is left of a person or memory that is deleted",inTransaction:!0,sql:`-- As ON DELETE SET NULL did.
CREATE FUNCTION forget_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE test_runs SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;
  UPDATE consciousness_reviews SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_person AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_person();
CREATE FUNCTION forget_memory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE test_results SET healix_memory_id = NULL WHERE team_id = OLD.team_id AND healix_memory_id = OLD.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER forget_memory AFTER DELETE ON healix_memories FOR EACH ROW EXECUTE FUNCTION forget_memory();`},{title:"who works for many teams",inTransaction:!0,sql:`-- Roles belong to the whole server: a member of lukhas_service is a back end of the databases in which it is named here. Only the
-- owner writes it.
CREATE TABLE service_credentials (
  role_name NAME CONSTRAINT service_credentials_pkey PRIMARY KEY,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
ALTER TABLE service_credentials ENABLE ROW LEVEL SECURITY;
-- A database in use keeps its back ends; a new one has none yet.
INSERT INTO service_credentials (role_name)
  SELECT r.rolname FROM pg_roles r
  WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'lukhas_service', 'MEMBER') AND EXISTS (SELECT FROM teams);

-- Whether this login may name the team it works for: a back end of this database, or an administrator.
CREATE FUNCTION lukhas_serves() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT pg_has_role(session_user, 'lukhas_owner', 'MEMBER')
    OR (pg_has_role(session_user, 'lukhas_service', 'MEMBER')
      AND EXISTS (SELECT FROM service_credentials c WHERE c.role_name = session_user))
$$;

CREATE OR REPLACE FUNCTION lukhas_team_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END
$$;

CREATE OR REPLACE FUNCTION lukhas_find_team(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL AND lukhas_serves()
$$;

-- Of those of other databases, too, who are members of lukhas_ingest.
ALTER POLICY shared_memories ON shared_memories USING ((SELECT lukhas_team_id()) IS NOT NULL);`},{title:"who makes months",inTransaction:!0,sql:`-- Refuses a login that works for nobody in this database: what it makes is locked until its transaction ends.
CREATE FUNCTION check_months_login() RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF lukhas_team_id() IS NULL AND NOT lukhas_serves()
     AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = session_user AND r.rolbypassrls) THEN
    RAISE EXCEPTION 'this login is bound to no team of this database' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

-- As in 0003; but nobody waits for months ahead while somebody else makes them.
CREATE OR REPLACE FUNCTION ensure_partitions_for(at timestamptz, months_ahead integer DEFAULT 2) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
BEGIN
  PERFORM check_months_login();
  IF at IS NULL OR date_trunc('month', at) < date_trunc('month', now() - interval '32 days')
     OR date_trunc('month', at) > date_trunc('month', now() + interval '2 days') THEN
    RAISE EXCEPTION 'a run''s time must lie from 31 days back to 1 day ahead' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 12 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 12' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT month_is_ready(at) THEN
    RETURN QUERY SELECT attach_month(at);
  END IF;
  FOR i IN 0..months_ahead LOOP
    IF NOT month_is_ready(date_trunc('month', now()) + make_interval(months => i)) THEN
      -- The row that attach_month locks.
      PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE SKIP LOCKED;
      EXIT WHEN NOT FOUND;
      RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
    END IF;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION ensure_partitions(months_ahead integer DEFAULT 2, months_back integer DEFAULT 0) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
BEGIN
  PERFORM check_months_login();
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 OR months_back IS NULL OR months_back NOT BETWEEN 0 AND 36 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 24, months back 0 to 36' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR i IN -months_back..months_ahead LOOP
    RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
  END LOOP;
END
$$;`},{title:"rights",inTransaction:!0,sql:`-- By column: whoever may change a whole table may lock it, too.
REVOKE UPDATE ON healix_matches FROM lukhas_ingest, lukhas_service;
GRANT UPDATE (shown, test_name, change, outcome, started_at, ended_at, ended_git_sha, earlier_runs, earlier_failures, counted, healed)
  ON healix_matches TO lukhas_ingest, lukhas_service;
-- As in 0004: platforms give their own roles rights on every new table and function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON service_credentials FROM %s', grantee);
    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_serves(), check_months_login(), forget_person(), forget_memory() FROM %s', grantee);
  END LOOP;
END
$closed$;
GRANT EXECUTE ON FUNCTION lukhas_serves() TO lukhas_ingest, lukhas_service;`}]},{number:15,name:"cheaper-checks",checksum:"5fa3fef5d3e5572a30d5f4302dd94cc60a7124192cc3c95a1ce49f8e648f2f21",refusesOlder:!1,steps:[{title:"the key that another key implies",inTransaction:!0,sql:`-- A match's memory is of the same team, and that one is of a team.
ALTER TABLE healix_matches DROP CONSTRAINT healix_matches_team_id_fkey;`},{title:"the function that finds the team",inTransaction:!0,sql:`-- As in 0014. Row-level security asks it once for each table of a statement; SQL functions are planned anew each time.
CREATE OR REPLACE FUNCTION lukhas_team_id() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
BEGIN
  RETURN CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END;
END
$$;`}]},{number:16,name:"ageing",checksum:"36fa59527472a132b91e1c96bc644f275a08c262df17adc973be66351d8a8ec6",refusesOlder:!1,steps:[{title:"the sums and what they are of",inTransaction:!0,sql:`-- What a line's id stands for; the runs that say so go before the sums do.
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
);`},{title:"the months on their way out",inTransaction:!0,sql:`-- One row from the decision to the drop. The mark is also the comment of the table: a name alone is no reason to drop anything.
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
);`},{title:"the index of base branches",inTransaction:!0,sql:`-- Whether pull requests go to a branch: asked for each branch of a test's months. A million uploads are read in about a second.
CREATE INDEX idx_ingest_uploads_base ON ingest_uploads (team_id, repository, base_branch) WHERE pull_request IS NOT NULL;`},{title:"rights",inTransaction:!0,sql:`ALTER TABLE test_lines ENABLE ROW LEVEL SECURITY;
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
GRANT SELECT ON test_lines, test_names, test_months, coverage_months, lukhas_retirements TO lukhas_ingest, lukhas_service;`}]},{number:17,name:"reviews-and-people",checksum:"bb4b52490e6c6693a8f3f199df614a4dcecdf5d07496d88b50ad1d18b7599a72",refusesOlder:!1,steps:[{title:"reviews",inTransaction:!0,sql:`-- Pull requests of two repositories have equal numbers; and a fork's review is no answer for the team.
ALTER TABLE consciousness_reviews
  ADD COLUMN repository TEXT,
  ADD COLUMN origin VARCHAR(10),
  ADD COLUMN run_id UUID;
-- It adds reviews and reads those of its team. Rights stand in the order in which a repair gives them.
REVOKE ALL ON consciousness_reviews FROM lukhas_service;
GRANT SELECT, INSERT ON consciousness_reviews TO lukhas_ingest;
GRANT SELECT, INSERT, UPDATE ON consciousness_reviews TO lukhas_service;`},{title:"passkeys",inTransaction:!0,sql:`-- A use of a passkey is an UPDATE that sets its sign_count. WebAuthn Level 2, sections 6.1.1 and 7.2: where either count is not zero, a
-- new count that does not rise says that the authenticator may be cloned; an authenticator that counts nothing always says zero. The
-- row is locked meanwhile, so that of two uses at one moment the second is compared with the first. No message names the credential:
-- statements and errors are logged.
CREATE FUNCTION use_webauthn_credential() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL THEN
    RAISE EXCEPTION 'the credential is revoked' USING ERRCODE = 'LK010';
  END IF;
  IF EXISTS (SELECT FROM users u WHERE u.lambda_id = OLD.lambda_id AND (u.deleted_at IS NOT NULL OR u.is_active IS FALSE)) THEN
    RAISE EXCEPTION 'the credential is of a person who is deactivated or deleted' USING ERRCODE = 'LK011';
  END IF;
  -- 32 bits without a sign.
  IF NEW.sign_count IS NULL OR NEW.sign_count NOT BETWEEN 0 AND 4294967295 THEN
    RAISE EXCEPTION 'a sign count is a number from 0 to 4294967295' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.sign_count <= coalesce(OLD.sign_count, 0) AND (NEW.sign_count <> 0 OR coalesce(OLD.sign_count, 0) <> 0) THEN
    RAISE EXCEPTION 'the sign count did not rise: the credential may be cloned' USING ERRCODE = 'LK012';
  END IF;
  NEW.use_count := coalesce(OLD.use_count, 0) + 1;
  NEW.last_used := clock_timestamp();
  RETURN NEW;
END
$$;
CREATE TRIGGER use_webauthn_credential BEFORE UPDATE OF sign_count ON webauthn_credentials
  FOR EACH ROW EXECUTE FUNCTION use_webauthn_credential();

-- What is revoked stays so: brought back, it could be used.
CREATE FUNCTION keep_webauthn_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  RAISE EXCEPTION 'the credential is revoked' USING ERRCODE = 'LK010';
END
$$;
CREATE TRIGGER keep_webauthn_revoked BEFORE UPDATE OF revoked_at ON webauthn_credentials
  FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
  EXECUTE FUNCTION keep_webauthn_revoked();`},{title:"preferences",inTransaction:!0,sql:`-- At the end of the transaction: a dump that is restored brings its own.
CREATE FUNCTION make_preferences() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO user_preferences (lambda_id) SELECT u.lambda_id FROM users u WHERE u.lambda_id = NEW.lambda_id
  ON CONFLICT (lambda_id) DO NOTHING;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER make_preferences AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION make_preferences();
INSERT INTO user_preferences (lambda_id) SELECT u.lambda_id FROM users u ON CONFLICT (lambda_id) DO NOTHING;`},{title:"rights",inTransaction:!0,sql:`-- Whether a person was deleted decides whether they can be an author.
GRANT SELECT (deleted_at) ON users TO lukhas_ingest;
-- As in 0004: platforms give their own roles rights on every new function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION use_webauthn_credential(), keep_webauthn_revoked(), make_preferences() FROM %s', grantee);
  END LOOP;
END
$closed$;`}]},{number:18,name:"questions",checksum:"e56380dda0206aca2a4ee1c252431140f05a9d5507c84afc6bea7eb7d156f2f5",refusesOlder:!1,steps:[{title:"what the team's own login reads of its people and reviews",inTransaction:!0,sql:`-- Row-level security shows it those of its team alone. Addresses and permissions stay hidden.
GRANT SELECT (team_id, display_name, last_login_at, deleted_at) ON users TO lukhas_ingest;
GRANT SELECT ON consciousness_reviews TO lukhas_ingest;`},{title:"the index of repeated tests of the parent",inTransaction:!0,sql:`CREATE INDEX idx_test_results_again ON ONLY test_results (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE attempts > 1;`},{title:"the index of repeated tests of a partition",inTransaction:!1,partitionsOf:"test_results",sql:`CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_again" ON {leaf} (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE attempts > 1;`},{title:"attaching the index of repeated tests",inTransaction:!0,partitionsOf:"test_results",sql:'ALTER INDEX idx_test_results_again ATTACH PARTITION "{name}_again";'}]},{number:19,name:"proposals",checksum:"81592fe95b840bf2aa76a14a2b4f0341a487adc31c56d557876ef2c049b8e404",refusesOlder:!1,steps:[{title:"a team's login accepts what was proposed",inTransaction:!0,sql:"GRANT UPDATE (state) ON healix_memories TO lukhas_ingest;"}]},{number:20,name:"run-days",checksum:"c8f6e92e3f89ae63de750da3ad70f34468694aadf435ad4702e8714ca22a0663",refusesOlder:!1,steps:[{title:"the sums and what keeps them",inTransaction:!0,sql:`-- The runs of a UTC day under one set of names; NULL is a name, too.
CREATE TABLE run_days (
  team_id UUID NOT NULL CONSTRAINT run_days_team_id_fkey REFERENCES teams (id),
  -- md5 of the five names.
  scope_id UUID NOT NULL,
  day DATE NOT NULL,
  -- Whether the runs count in comparisons: not those of strangers, nor reports older than their commit.
  evidence BOOLEAN NOT NULL,
  runs INTEGER NOT NULL,
  -- Nothing failed and nothing broke.
  green_runs INTEGER NOT NULL,
  -- failed > 0, whatever errors says.
  failed_runs INTEGER NOT NULL,
  -- Runs that say how long they took, and how much they covered.
  timed_runs INTEGER NOT NULL,
  covered_runs INTEGER NOT NULL,
  tests BIGINT NOT NULL,
  passed BIGINT NOT NULL,
  -- Passed, failed or broken.
  ran BIGINT NOT NULL,
  seconds NUMERIC NOT NULL,
  coverage_sum NUMERIC NOT NULL,
  repository_host TEXT,
  repository TEXT,
  lane VARCHAR(50),
  job_name TEXT,
  -- NULL: all branches, and runs without one. Each run is summed there, and once more under its branch.
  git_branch VARCHAR(255),
  CONSTRAINT run_days_pkey PRIMARY KEY (team_id, scope_id, day, evidence)
) WITH (fillfactor = 80);
CREATE INDEX idx_run_days_branch ON run_days (team_id, git_branch, day);
ALTER TABLE run_days ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON run_days USING (team_id = (SELECT lukhas_team_id()));

-- Adds runs to their days, or takes them away: %s stands for their rows with \`sign\`, 1 or -1. In one order, so that two uploads of
-- one day wait for each other and do not lock each other out.
CREATE FUNCTION lukhas_run_sums() RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT $sums$
    INSERT INTO run_days AS d (team_id, scope_id, day, evidence, runs, green_runs, failed_runs, timed_runs, covered_runs, tests, passed, ran,
      seconds, coverage_sum, repository_host, repository, lane, job_name, git_branch)
    SELECT r.team_id, md5(ROW(r.repository_host, r.repository, r.lane, r.job_name, b.git_branch)::text)::uuid, (r.created_at AT TIME ZONE 'UTC')::date,
      coalesce(r.origin, CASE WHEN r.git_branch LIKE '%%:%%' THEN 'stranger' END, '') <> 'stranger' AND r.stale IS NOT TRUE,
      sum(r.sign), coalesce(sum(r.sign) FILTER (WHERE coalesce(r.failed, 0) + coalesce(r.errors, 0) = 0), 0),
      coalesce(sum(r.sign) FILTER (WHERE r.failed > 0), 0), coalesce(sum(r.sign) FILTER (WHERE r.duration_seconds IS NOT NULL), 0),
      coalesce(sum(r.sign) FILTER (WHERE r.coverage_percent IS NOT NULL), 0), sum(r.sign * r.total_tests::bigint), sum(r.sign * coalesce(r.passed, 0)::bigint),
      sum(r.sign * (coalesce(r.passed, 0)::bigint + coalesce(r.failed, 0) + coalesce(r.errors, 0))),
      sum(r.sign * coalesce(r.duration_seconds, 0)), sum(r.sign * coalesce(r.coverage_percent, 0)),
      r.repository_host, r.repository, r.lane, r.job_name, b.git_branch
    FROM (%s) AS r CROSS JOIN LATERAL (SELECT NULL::varchar(255) UNION ALL SELECT r.git_branch WHERE r.git_branch IS NOT NULL) AS b (git_branch)
    GROUP BY r.team_id, 3, 4, r.repository_host, r.repository, r.lane, r.job_name, b.git_branch
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (team_id, scope_id, day, evidence) DO UPDATE SET runs = d.runs + excluded.runs, green_runs = d.green_runs + excluded.green_runs,
      failed_runs = d.failed_runs + excluded.failed_runs, timed_runs = d.timed_runs + excluded.timed_runs,
      covered_runs = d.covered_runs + excluded.covered_runs, tests = d.tests + excluded.tests, passed = d.passed + excluded.passed,
      ran = d.ran + excluded.ran, seconds = d.seconds + excluded.seconds, coverage_sum = d.coverage_sum + excluded.coverage_sum
  $sums$
$$;

-- Months that are there already: their runs are summed by steps of their own, and so long those that come are not.
CREATE TABLE run_days_pending (leaf REGCLASS PRIMARY KEY, lower_bound TIMESTAMPTZ NOT NULL, upper_bound TIMESTAMPTZ NOT NULL);

CREATE FUNCTION lukhas_sum_runs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format(lukhas_run_sums(), 'SELECT r.* FROM (' || CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'
    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END
    || ') AS r WHERE NOT EXISTS (SELECT FROM run_days_pending p WHERE r.created_at >= p.lower_bound AND r.created_at < p.upper_bound)');
  RETURN NULL;
END
$$;
CREATE TRIGGER sum_stored_runs AFTER INSERT ON test_runs
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER sum_changed_runs AFTER UPDATE ON test_runs
  REFERENCING OLD TABLE AS deleted NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER sum_deleted_runs AFTER DELETE ON test_runs
  REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();

-- Nobody stores a run before this ends. Partitions without two bounds are summed now: they are none of ours, and small.
INSERT INTO run_days_pending SELECT b.child, b.lower_bound, b.upper_bound FROM partition_bounds('test_runs') b;
DO $odd$
DECLARE
  odd regclass;
BEGIN
  FOR odd IN
    SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = 'test_runs'::regclass AND NOT i.inhdetachpending
      AND i.inhrelid NOT IN (SELECT p.leaf FROM run_days_pending p)
  LOOP
    EXECUTE format(lukhas_run_sums(), format('SELECT 1 AS sign, r.* FROM %s r', odd));
  END LOOP;
END
$odd$;

-- As in 0004: platforms give their own roles rights on every new table and function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON run_days, run_days_pending FROM %s', grantee);
    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_run_sums(), lukhas_sum_runs() FROM %s', grantee);
  END LOOP;
END
$closed$;
-- Who may read runs may read their sums: logins that only read have rights of their own.
DO $readers$
DECLARE
  reader text;
BEGIN
  FOR reader IN
    SELECT quote_ident(pg_get_userbyid(a.grantee)) FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
    WHERE c.oid = 'test_runs'::regclass AND a.privilege_type = 'SELECT' AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON run_days TO %s', reader);
  END LOOP;
END
$readers$;`},{title:"the index of people's runs of the parent",inTransaction:!0,sql:"CREATE INDEX idx_test_runs_author ON ONLY test_runs (team_id, lambda_id, created_at) WHERE lambda_id IS NOT NULL;"},{title:"the index of people's runs of a partition",inTransaction:!1,partitionsOf:"test_runs",sql:'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_author" ON {leaf} (team_id, lambda_id, created_at) WHERE lambda_id IS NOT NULL;'},{title:"attaching the index of people's runs",inTransaction:!0,partitionsOf:"test_runs",sql:'ALTER INDEX idx_test_runs_author ATTACH PARTITION "{name}_author";'},{title:"the index of rates",inTransaction:!0,sql:`-- As the questions sort: a memory without confidence comes last.
CREATE INDEX idx_healix_rate ON healix_memories (
  team_id, (round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3)) DESC, confidence DESC NULLS LAST, id
) WHERE success_count + failure_count >= 5 AND deleted_at IS NULL;`},{title:"the end of the index that sorted otherwise",inTransaction:!0,sql:"DROP INDEX IF EXISTS idx_healix_success_rate;"},{title:"the sums of a month",inTransaction:!0,partitionsOf:"test_runs",sql:`-- Its uploads wait for as long as it takes to read its runs.
LOCK TABLE ONLY {leaf} IN SHARE ROW EXCLUSIVE MODE;
DO $sums$
BEGIN
  DELETE FROM run_days_pending WHERE leaf = '{leaf}'::regclass;
  IF FOUND THEN
    EXECUTE format(lukhas_run_sums(), 'SELECT 1 AS sign, r.* FROM {leaf} r');
  END IF;
END
$sums$;`},{title:"the end of the waiting months",inTransaction:!0,sql:`-- A statement that fired the function as it was would look for the table: until those have ended nothing is dropped.
LOCK TABLE test_runs IN SHARE ROW EXCLUSIVE MODE;
CREATE OR REPLACE FUNCTION lukhas_sum_runs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format(lukhas_run_sums(), CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'
    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END);
  RETURN NULL;
END
$$;
DROP TABLE run_days_pending;`}]},{number:21,name:"branches",checksum:"c115233358271662e1a4d8dc8ae0b1f1ac653288b9156f89328008cf67435a2c",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: keep which branches of a file were taken, so that those of a change can be told over all jobs of its commit.
-- Locks: coverage_data, partitions of coverage_data: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE coverage_data DROP COLUMN executed_branches, DROP COLUMN missing_branches.

-- Pairs {from line, to line}, as coverage.py lists them; a line below 1 is a way out of the function. NULL where a report lists none.
ALTER TABLE coverage_data ADD COLUMN executed_branches INTEGER[], ADD COLUMN missing_branches INTEGER[];
`}]},{number:22,name:"tests-signature",checksum:"23e34b24751f3c8d815bdfcac61702820152ca17c024c3c70685a3d2a995f892",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: tell runs that ran the same tests, so that the rows of tests that passed need not be read one by one.
-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE test_runs DROP COLUMN tests_signature.

-- Equal where two runs ran the same tests with equal outcomes, but for those that passed at once in one and failed in the other.
-- NULL in a run of an older program: its rows are read.
ALTER TABLE test_runs ADD COLUMN tests_signature VARCHAR(16);
`}]},{number:23,name:"report-counts",checksum:"8638418643a9cd5efc8911089609a899b53261400a1cc60be67dd88cdf62c03e",refusesOlder:!1,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: keep what each report of a run holds, where it had several, so that every job of the commit can tell it.
-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE test_runs DROP COLUMN report_counts.

-- {"tests": 2, "reports": [{"report": "results-3.12.xml", "passed": 1, "failed": 1, "skipped": 0}], "rest": {"reports": 12, "passed": 24, \u2026}}:
-- at most 100 reports, those with failures before others; the rest added up. "incomplete": true where tests of one could not be read.
-- NULL where a run had one report, and in runs of older programs.
ALTER TABLE test_runs ADD COLUMN report_counts JSONB;
`}]},{number:24,name:"failures",checksum:"4fbc775867c39a0f4ef09981cc9fc4e39b2ea064ed1f6d4ec2cd6e716490ea1b",refusesOlder:!1,steps:[{title:"the index of failures of the parent",inTransaction:!0,sql:`-- A row of an index takes at most 2,704 bytes: a name takes up to 2,000, the drift signature 35.
CREATE INDEX idx_test_results_failed_tests ON ONLY test_results (team_id, created_at, test_name)
  INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE outcome IN ('failed', 'error');`},{title:"the index of failures of a partition",inTransaction:!1,partitionsOf:"test_results",sql:`CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_failed_tests" ON {leaf} (team_id, created_at, test_name)
  INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE outcome IN ('failed', 'error');`},{title:"attaching the index of failures",inTransaction:!0,partitionsOf:"test_results",sql:'ALTER INDEX idx_test_results_failed_tests ATTACH PARTITION "{name}_failed_tests";'},{title:"the index that is no longer needed",inTransaction:!0,sql:"DROP INDEX idx_test_results_failures;"}]}];function readSchemaState(db,list=migrations){return db.transaction(()=>lookAtSchema(db,list),{begin:beginInCatalog()})}async function requireSchema(db,list=migrations){return accepted(await readSchemaState(db,list))}function accepted(state){if(state.refused)throw newerDatabase(state);if(state.applied<state.known)throw olderDatabase(state);return state}async function lookAtSchema(db,list=migrations){let[place]=await db.query(`SELECT n.nspname::text AS schema, c.oid IS NOT NULL AS ours,
       c.oid IS NOT NULL AND NOT EXISTS (
         SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'oldest_program') AS replaced
     FROM unnest(current_setting('lukhas.schemas')::name[]) WITH ORDINALITY AS path (name, place)
     JOIN pg_namespace n ON n.nspname = path.name AND n.nspname <> 'pg_catalog' AND n.nspname NOT LIKE 'pg\\_temp%'
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lukhas_migrations' AND c.relkind = 'r'
       AND pg_get_userbyid(c.relowner) = 'lukhas_owner'
     ORDER BY c.oid IS NULL, path.place LIMIT 1`);if(place===void 0)throw new StoreError({code:"database-schema-missing",message:"no schema of this login\u2019s search_path exists in the database",fix:"Create it (CREATE SCHEMA \u2026), or change the search_path: ALTER ROLE \u2026 SET search_path = \u2026"});if(place.replaced)throw new StoreError({code:"database-replaced",message:"this database was made by a build of lukhas-ingest from before its first release, and cannot be upgraded",fix:"Set up an empty database with `lukhas db setup` (embedded: move the data directory away). `lukhas healix export` of the old build and `lukhas healix import` of this one take the memories over."});let state={schema:place.schema,known:list.length};if(!place.ours){let restored=await lookForRestored(db),found=restored===void 0?{}:{schema:restored.schema,restored};return{...state,...found,applied:0,refused:!1,stepsDone:0}}let schema=quoteName(place.schema),rows=await db.query(`SELECT number, name, checksum, oldest_program,
       (SELECT count(*)::int FROM ${schema}.lukhas_migration_steps WHERE target = '' AND done_at IS NOT NULL) AS steps_done
     FROM ${schema}.lukhas_migrations ORDER BY number`);return checkHistory(rows,list),{...state,applied:rows.length,refused:(rows.at(-1)?.oldest_program??0)>list.length,stepsDone:rows[0]?.steps_done??0}}function checkHistory(rows,list){for(let[index,row]of rows.slice(0,list.length).entries()){let ours=list[index];if(!(row.number===ours?.number&&row.checksum===ours.checksum))throw new StoreError({code:"database-history-differs",message:`migration ${row.number} of this database (${row.name}) is not the one this program knows`,fix:"The database was set up by another build of lukhas-ingest. Use that build, or a released one."})}}async function lookForRestored(db){let[row]=await db.query(`SELECT n.nspname::text AS schema, pg_get_userbyid(c.relowner)::text AS owner,
       c.relowner IN (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user OR r.rolsuper)
         OR c.relowner = (SELECT datdba FROM pg_database WHERE datname = current_database()) AS trusted
     FROM unnest(current_setting('lukhas.schemas')::name[]) WITH ORDINALITY AS path (name, place)
     JOIN pg_namespace n ON n.nspname = path.name AND n.nspname <> 'pg_catalog' AND n.nspname NOT LIKE 'pg\\_temp%'
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lukhas_migrations' AND c.relkind = 'r'
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oldest_program' ORDER BY path.place LIMIT 1`);return row}function newerDatabase({applied,known}){return new StoreError({code:"database-newer",message:`the database is newer than this program: it is at migration ${applied}, this program knows ${known}`,fix:"Upgrade lukhas-ingest (npm install -g @lukhas/ingest@latest, or a newer version of the action)."})}function olderDatabase(state){return state.restored!==void 0?new StoreError({code:"database-restored",message:`the tables of the schema ${state.schema} belong to "${state.restored.owner}" and not to lukhas_owner, as after a dump was restored`,fix:"An administrator makes roles, owners and rights right: `lukhas db setup --team <slug>` (docs/restore.md)."}):state.applied===0?new StoreError({code:"database-not-set-up",message:"this database is not set up for lukhas-ingest",fix:"An administrator sets it up: `lukhas db setup --team <slug>`."}):new StoreError({code:"database-older",message:`the database is older than this program: it is at migration ${state.applied} of ${state.known}`,fix:"An administrator brings it up to date: `lukhas db migrate`."})}export{beginIn,beginInCatalog,andThen,withTimeout,quoteName,migrations,readSchemaState,requireSchema,accepted,lookAtSchema,checkHistory,newerDatabase,olderDatabase};
