// Made by scripts/generate-migrations.mjs from src/store/schema/migrations/*.sql. Never edited: run `npm run generate`.

export interface Step {
  readonly title: string;
  /** false: PostgreSQL refuses it inside one (CREATE INDEX CONCURRENTLY); its statements name their schema, as {schema}. */
  readonly inTransaction: boolean;
  /** The partitioned table whose partitions it is done for, one by one, as {leaf} (quoted) and {name} (bare). */
  readonly partitionsOf?: string;
  readonly sql: string;
}

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
  /** Programs that do not know it must not write any more. */
  readonly refusesOlder: boolean;
  readonly steps: readonly Step[];
}

export const migrations: readonly Migration[] = [
  {
    "number": 1,
    "name": "roles",
    "checksum": "ace3829b64c5f8042b913ff0c294b80f4eb0a5a5d3bba140e399ee0cf08088a7",
    "refusesOlder": true,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: the list of applied migrations, the roles, and the rights on this database and schema.\n--   lukhas_owner    owns every table; nobody logs in as it.\n--   lukhas_ingest   rights of a CI credential: a login role is granted it and bound to one team.\n--   lukhas_service  rights of a back end for many teams: it names the team per transaction.\n-- Runs as the administrator: a superuser, or the database's owner with CREATEROLE. All later files run as lukhas_owner.\n-- Locks: none\n-- Older programs: are refused\n-- Reversible: DROP TABLE lukhas_migrations, lukhas_migration_steps, lukhas_locks; REVOKE; DROP ROLE, once no database of the\n--   server uses the roles.\n\n-- First of all: a second program that sets up the same schema at this moment waits here for the first one, and then fails on\n-- the name. It starts again and finds everything made.\nCREATE TABLE lukhas_migrations (\n  number INTEGER CONSTRAINT lukhas_migrations_pkey PRIMARY KEY,\n  name TEXT NOT NULL,\n  checksum TEXT NOT NULL,\n  -- A program that knows fewer migrations than this must not write any more.\n  oldest_program INTEGER NOT NULL,\n  applied_at TIMESTAMPTZ NOT NULL DEFAULT now()\n);\n\n-- What is done, and what is to be done partition by partition, of a migration that is under way; empty otherwise.\nCREATE TABLE lukhas_migration_steps (\n  number INTEGER NOT NULL,\n  step INTEGER NOT NULL,\n  -- The partition that the step was done for; '' where it is not done for each.\n  target TEXT NOT NULL,\n  done_at TIMESTAMPTZ,\n  CONSTRAINT lukhas_migration_steps_pkey PRIMARY KEY (number, step, target)\n);\n\n-- Rows to lock. Nobody but the owner may lock them, as anybody may an advisory lock.\nCREATE TABLE lukhas_locks (name TEXT CONSTRAINT lukhas_locks_pkey PRIMARY KEY);\n\nDO $roles$\nDECLARE\n  wanted text;\n  -- From PostgreSQL 16 on, whoever makes a role is its member, yet may not act as it before granting that to himself.\n  acting text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;\nBEGIN\n  IF current_schema() IS NULL THEN\n    RAISE EXCEPTION 'no schema of the search_path exists' USING ERRCODE = 'invalid_schema_name';\n  END IF;\n  -- Roles belong to the whole server: another database's migration may be making the same ones at this moment, and no lock\n  -- of ours reaches there. What such a race can raise only means that the other one was first.\n  FOREACH wanted IN ARRAY ARRAY['lukhas_owner', 'lukhas_ingest', 'lukhas_service'] LOOP\n    FOR attempt IN 1..5 LOOP\n      EXIT WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);\n      BEGIN\n        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', wanted);\n      EXCEPTION WHEN duplicate_object OR unique_violation THEN\n        NULL;\n      END;\n    END LOOP;\n  END LOOP;\n  IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ('lukhas_owner', 'lukhas_ingest', 'lukhas_service')\n             AND (rolcanlogin OR rolsuper OR rolbypassrls)) THEN\n    RAISE EXCEPTION 'a role lukhas_owner, lukhas_ingest or lukhas_service exists that may log in or pass row-level security'\n      USING ERRCODE = 'object_not_in_prerequisite_state';\n  END IF;\n  FOR attempt IN 1..5 LOOP\n    EXIT WHEN pg_has_role(current_user, 'lukhas_owner', acting);\n    BEGIN\n      EXECUTE format('GRANT lukhas_owner TO %I', current_user);\n    EXCEPTION WHEN unique_violation OR internal_error THEN\n      -- internal_error: \"tuple concurrently updated\".\n      NULL;\n    END;\n  END LOOP;\n\n  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO lukhas_owner', current_schema());\n  EXECUTE format('GRANT USAGE ON SCHEMA %I TO lukhas_ingest, lukhas_service', current_schema());\n  -- Everybody's right to create things beside ours (PostgreSQL 14 and older) would let anybody shadow a function.\n  BEGIN\n    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());\n  EXCEPTION WHEN insufficient_privilege THEN\n    NULL;\n  END;\n  -- Uploads stage their rows in temporary tables. Everybody may do so by default, but platforms take that right away.\n  BEGIN\n    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO lukhas_ingest, lukhas_service', current_database());\n  EXCEPTION WHEN insufficient_privilege THEN\n    NULL;\n  END;\nEND\n$roles$;\n\nALTER TABLE lukhas_migrations OWNER TO lukhas_owner;\nALTER TABLE lukhas_migration_steps OWNER TO lukhas_owner;\nALTER TABLE lukhas_locks OWNER TO lukhas_owner;\nSET LOCAL ROLE lukhas_owner;\nINSERT INTO lukhas_locks (name) VALUES ('partitions');\nREVOKE ALL ON lukhas_migrations, lukhas_migration_steps, lukhas_locks FROM PUBLIC;\nGRANT SELECT ON lukhas_migrations, lukhas_migration_steps TO lukhas_ingest, lukhas_service;\n"
      }
    ]
  },
  {
    "number": 2,
    "name": "tables",
    "checksum": "8da2eeccf1ab345fe0854ce87df8c3aa332acfa834e6475c240ff85a3ae704f6",
    "refusesOlder": true,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: the ten tables of the schema document with the corrections of docs/schema-document.md, the memories that all teams share,\n--   the credits of memories, the upload keys that make a repeated upload harmless, and the team each credential is bound to.\n--   Two kinds of tables, so that a distributed PostgreSQL can shard by team. Distributed: every primary, unique and foreign key\n--   between them holds team_id. Reference: looked up before a team is known, or the same for all teams.\n-- Locks: none\n-- Older programs: are refused\n-- Reversible: drop the tables; their data goes with them.\n\n-- Reference tables --------------------------------------------------------------------------------------------------------\n\nCREATE TABLE teams (\n  id UUID CONSTRAINT teams_pkey PRIMARY KEY DEFAULT gen_random_uuid(),\n  name VARCHAR(255) NOT NULL,\n  slug VARCHAR(100) NOT NULL,\n  description TEXT,\n  avatar_url VARCHAR(500),\n  plan VARCHAR(50) DEFAULT 'free',\n  seats INTEGER DEFAULT 5,\n  features JSONB DEFAULT '{}',\n  created_at TIMESTAMPTZ DEFAULT now(),\n  updated_at TIMESTAMPTZ DEFAULT now(),\n  deleted_at TIMESTAMPTZ\n);\n-- Unique among the living only, so that a deleted team's slug can be given again.\nCREATE UNIQUE INDEX idx_teams_slug ON teams (slug) WHERE deleted_at IS NULL;\nCREATE INDEX idx_teams_plan ON teams (plan) WHERE deleted_at IS NULL;\n\nCREATE TABLE users (\n  lambda_id VARCHAR(255) CONSTRAINT users_pkey PRIMARY KEY,\n  team_id UUID CONSTRAINT users_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,\n  email VARCHAR(320) NOT NULL,\n  display_name VARCHAR(100),\n  avatar_url VARCHAR(500),\n  role VARCHAR(50) DEFAULT 'developer',\n  permissions TEXT[] DEFAULT ARRAY['tests:read', 'coverage:read'],\n  email_verified BOOLEAN DEFAULT false,\n  is_active BOOLEAN DEFAULT true,\n  last_login_at TIMESTAMPTZ,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  updated_at TIMESTAMPTZ DEFAULT now(),\n  deleted_at TIMESTAMPTZ\n);\nCREATE INDEX idx_users_team ON users (team_id) WHERE deleted_at IS NULL;\nCREATE UNIQUE INDEX idx_users_email ON users (email) WHERE deleted_at IS NULL;\nCREATE INDEX idx_users_role ON users (team_id, role) WHERE deleted_at IS NULL;\n\nCREATE TABLE webauthn_credentials (\n  id UUID CONSTRAINT webauthn_credentials_pkey PRIMARY KEY DEFAULT gen_random_uuid(),\n  credential_id BYTEA NOT NULL CONSTRAINT webauthn_credentials_credential_id_key UNIQUE,\n  public_key BYTEA NOT NULL,\n  sign_count BIGINT DEFAULT 0,\n  lambda_id VARCHAR(255) CONSTRAINT webauthn_credentials_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,\n  device_name VARCHAR(255),\n  device_type VARCHAR(50),\n  transports TEXT[],\n  backup_eligible BOOLEAN DEFAULT false,\n  attestation_format VARCHAR(50),\n  aaguid UUID,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  last_used TIMESTAMPTZ DEFAULT now(),\n  use_count INTEGER DEFAULT 0,\n  revoked_at TIMESTAMPTZ\n);\nCREATE INDEX idx_webauthn_lambda_id ON webauthn_credentials (lambda_id) WHERE revoked_at IS NULL;\nCREATE INDEX idx_webauthn_last_used ON webauthn_credentials (lambda_id, last_used DESC) WHERE revoked_at IS NULL;\n\nCREATE TABLE user_preferences (\n  id UUID CONSTRAINT user_preferences_pkey PRIMARY KEY DEFAULT gen_random_uuid(),\n  lambda_id VARCHAR(255) CONSTRAINT user_preferences_lambda_id_key UNIQUE\n    CONSTRAINT user_preferences_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,\n  dashboard_layout JSONB DEFAULT '{}',\n  email_notifications BOOLEAN DEFAULT true,\n  slack_webhook_url VARCHAR(500),\n  theme VARCHAR(20) DEFAULT 'system',\n  timezone VARCHAR(50) DEFAULT 'UTC',\n  settings JSONB DEFAULT '{}',\n  created_at TIMESTAMPTZ DEFAULT now(),\n  updated_at TIMESTAMPTZ DEFAULT now()\n);\n\nCREATE TABLE sessions (\n  id UUID CONSTRAINT sessions_pkey PRIMARY KEY DEFAULT gen_random_uuid(),\n  lambda_id VARCHAR(255) CONSTRAINT sessions_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,\n  session_token VARCHAR(255) NOT NULL CONSTRAINT sessions_session_token_key UNIQUE,\n  expires_at TIMESTAMPTZ NOT NULL,\n  user_agent TEXT,\n  ip_address INET,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  last_activity TIMESTAMPTZ DEFAULT now()\n);\nCREATE INDEX idx_sessions_lambda_id ON sessions (lambda_id, last_activity DESC);\nCREATE INDEX idx_sessions_active ON sessions (lambda_id, expires_at);\nCREATE INDEX idx_sessions_expires ON sessions (expires_at);\n\n-- Which team a login role works for. Only the owner writes it, so that no credential can move itself to another team.\nCREATE TABLE team_credentials (\n  role_name NAME CONSTRAINT team_credentials_pkey PRIMARY KEY,\n  team_id UUID NOT NULL CONSTRAINT team_credentials_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,\n  created_at TIMESTAMPTZ NOT NULL DEFAULT now()\n);\n\n-- Memories that all teams read and the owner writes: those of healix_memories, without a team.\nCREATE TABLE shared_memories (\n  id UUID CONSTRAINT shared_memories_pkey PRIMARY KEY DEFAULT gen_random_uuid(),\n  test_name VARCHAR(500) NOT NULL,\n  failure_signature VARCHAR(255) NOT NULL,\n  drift_signature VARCHAR(255),\n  root_cause TEXT,\n  probable_cause TEXT,\n  confidence NUMERIC(3, 2),\n  solution TEXT NOT NULL,\n  solution_type VARCHAR(50),\n  auto_fix_code TEXT,\n  success_count INTEGER DEFAULT 0,\n  failure_count INTEGER DEFAULT 0,\n  last_applied TIMESTAMPTZ,\n  matriz_star VARCHAR(50),\n  metadata JSONB DEFAULT '{}',\n  error_type TEXT GENERATED ALWAYS AS (metadata ->> 'error_type') STORED,\n  test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  updated_at TIMESTAMPTZ DEFAULT now(),\n  deleted_at TIMESTAMPTZ,\n  CONSTRAINT shared_memories_confidence_check CHECK (confidence BETWEEN 0 AND 1)\n);\nCREATE INDEX idx_shared_test_signature ON shared_memories\n  (test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;\nCREATE INDEX idx_shared_signature_rank ON shared_memories\n  (failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;\nCREATE INDEX idx_shared_drift_family ON shared_memories (drift_signature, test_family)\n  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;\nCREATE INDEX idx_shared_drift_rank ON shared_memories\n  (drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)\n  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;\n\n-- Distributed tables ------------------------------------------------------------------------------------------------------\n\n-- Before test_results, which refers to it.\nCREATE TABLE healix_memories (\n  id UUID NOT NULL DEFAULT gen_random_uuid(),\n  team_id UUID NOT NULL CONSTRAINT healix_memories_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,\n  test_name VARCHAR(500) NOT NULL,\n  failure_signature VARCHAR(255) NOT NULL,\n  drift_signature VARCHAR(255),\n  root_cause TEXT,\n  probable_cause TEXT,\n  confidence NUMERIC(3, 2),\n  solution TEXT NOT NULL,\n  solution_type VARCHAR(50),\n  auto_fix_code TEXT,\n  success_count INTEGER DEFAULT 0,\n  failure_count INTEGER DEFAULT 0,\n  last_applied TIMESTAMPTZ,\n  matriz_star VARCHAR(50),\n  metadata JSONB DEFAULT '{}',\n  -- Columns, because under row-level security no index is used on an expression or operator that is not leakproof.\n  error_type TEXT GENERATED ALWAYS AS (metadata ->> 'error_type') STORED,\n  -- The test without its parameters.\n  test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  updated_at TIMESTAMPTZ DEFAULT now(),\n  deleted_at TIMESTAMPTZ,\n  CONSTRAINT healix_memories_pkey PRIMARY KEY (team_id, id),\n  -- NaN is above every number, so it is refused as well.\n  CONSTRAINT healix_memories_confidence_check CHECK (confidence BETWEEN 0 AND 1)\n);\nCREATE INDEX idx_healix_test_signature ON healix_memories\n  (team_id, test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;\nCREATE INDEX idx_healix_test_errtype ON healix_memories (team_id, test_name, error_type) WHERE deleted_at IS NULL;\nCREATE INDEX idx_healix_confidence ON healix_memories (team_id, confidence DESC);\n-- `similar` asks for the best memory of any test with the failure's signature, or with its drift signature; `moved` asks for one\n-- test's memories of one drift signature.\nCREATE INDEX idx_healix_signature_rank ON healix_memories\n  (team_id, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;\nCREATE INDEX idx_healix_drift_rank ON healix_memories\n  (team_id, drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)\n  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;\nCREATE INDEX idx_healix_drift_family ON healix_memories (team_id, drift_signature, test_family)\n  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;\n-- The expression is the one that the success-rate query sorts by, else the index is of no use to it.\nCREATE INDEX idx_healix_success_rate ON healix_memories (\n  team_id, (round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3)) DESC, confidence DESC\n) WHERE success_count + failure_count >= 5;\nCREATE INDEX idx_healix_metadata_gin ON healix_memories USING gin (metadata);\n\nCREATE TABLE test_runs (\n  id UUID DEFAULT gen_random_uuid(),\n  team_id UUID NOT NULL CONSTRAINT test_runs_team_id_fkey REFERENCES teams (id),\n  lambda_id VARCHAR(255) CONSTRAINT test_runs_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE SET NULL,\n  total_tests INTEGER NOT NULL,\n  passed INTEGER DEFAULT 0,\n  failed INTEGER DEFAULT 0,\n  skipped INTEGER DEFAULT 0,\n  errors INTEGER DEFAULT 0,\n  coverage_percent NUMERIC(5, 2),\n  duration_seconds NUMERIC(10, 3),\n  lane VARCHAR(50),\n  markers TEXT[],\n  python_version VARCHAR(20),\n  pytest_version VARCHAR(20),\n  ci_system VARCHAR(50),\n  git_sha VARCHAR(40),\n  git_branch VARCHAR(255),\n  git_commit_message TEXT,\n  matriz_analysis JSONB,\n  consciousness_score NUMERIC(5, 2),\n  created_at TIMESTAMPTZ DEFAULT now(),\n  -- As in ingest_uploads, which is not joined for it: a branch's runs are looked up for every upload.\n  repository TEXT,\n  -- The job as people know it, the same in every run: `tests / pytest (3.13)`. ingest_uploads.job holds numbers of one run, too.\n  job_name TEXT,\n  CONSTRAINT test_runs_pkey PRIMARY KEY (team_id, id, created_at),\n  CONSTRAINT test_runs_coverage_percent_check CHECK (coverage_percent BETWEEN 0 AND 100),\n  CONSTRAINT test_runs_duration_seconds_check CHECK (duration_seconds BETWEEN 0 AND 9999999.999)\n) PARTITION BY RANGE (created_at);\nCREATE INDEX idx_test_runs_lambda_id ON test_runs (lambda_id, created_at DESC);\nCREATE INDEX idx_test_runs_git_sha ON test_runs (git_sha);\nCREATE INDEX idx_test_runs_lane ON test_runs (team_id, lane, created_at DESC);\nCREATE INDEX idx_test_runs_dashboard ON test_runs (team_id, created_at DESC)\n  INCLUDE (id, total_tests, passed, failed, coverage_percent, duration_seconds);\nCREATE INDEX idx_test_runs_matriz_gin ON test_runs USING gin (matriz_analysis);\nCREATE INDEX idx_test_runs_failed ON test_runs (team_id, created_at DESC) WHERE failed > 0;\n-- A branch's latest runs: the history of a failure and its credits are read from them.\nCREATE INDEX idx_test_runs_branch ON test_runs (team_id, git_branch, created_at DESC);\n\nCREATE TABLE test_results (\n  id UUID DEFAULT gen_random_uuid(),\n  test_run_id UUID NOT NULL,\n  team_id UUID NOT NULL CONSTRAINT test_results_team_id_fkey REFERENCES teams (id),\n  test_name VARCHAR(500) NOT NULL,\n  test_class VARCHAR(255),\n  test_function VARCHAR(255),\n  test_file VARCHAR(500),\n  outcome VARCHAR(20) NOT NULL,\n  duration_seconds NUMERIC(8, 3),\n  error_message TEXT,\n  error_traceback TEXT,\n  failure_signature VARCHAR(255),\n  markers TEXT[],\n  healix_memory_id UUID,\n  auto_healed BOOLEAN DEFAULT false,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  drift_signature VARCHAR(255),\n  -- The exact memory where it is one that all teams share.\n  shared_memory_id UUID CONSTRAINT test_results_shared_memory_id_fkey REFERENCES shared_memories (id) ON DELETE SET NULL,\n  CONSTRAINT test_results_pkey PRIMARY KEY (team_id, id, created_at),\n  CONSTRAINT test_results_healix_memory_id_fkey FOREIGN KEY (team_id, healix_memory_id)\n    REFERENCES healix_memories (team_id, id) ON DELETE SET NULL (healix_memory_id),\n  CONSTRAINT test_results_outcome_check\n    CHECK (outcome IN ('passed', 'failed', 'skipped', 'error', 'xfailed', 'xpassed')),\n  CONSTRAINT test_results_duration_seconds_check CHECK (duration_seconds BETWEEN 0 AND 99999.999)\n) PARTITION BY RANGE (created_at);\nCREATE INDEX idx_test_results_run_id ON test_results (test_run_id);\nCREATE INDEX idx_test_results_team_outcome ON test_results (team_id, outcome, created_at DESC);\nCREATE INDEX idx_test_results_test_name ON test_results (test_name, created_at DESC);\nCREATE INDEX idx_test_results_failed ON test_results (test_name, failure_signature) WHERE outcome IN ('failed', 'error');\n-- For ON DELETE SET NULL; few rows have a memory, so the index stays small.\nCREATE INDEX idx_test_results_memory ON test_results (team_id, healix_memory_id) WHERE healix_memory_id IS NOT NULL;\nCREATE INDEX idx_test_results_shared_memory ON test_results (shared_memory_id) WHERE shared_memory_id IS NOT NULL;\n\n-- Partitioned like the runs it belongs to: it is the bulk of the data, and is kept for a shorter time.\nCREATE TABLE coverage_data (\n  id UUID DEFAULT gen_random_uuid(),\n  test_run_id UUID NOT NULL,\n  team_id UUID NOT NULL CONSTRAINT coverage_data_team_id_fkey REFERENCES teams (id),\n  total_statements INTEGER NOT NULL,\n  covered_statements INTEGER NOT NULL,\n  missing_statements INTEGER NOT NULL,\n  file_path VARCHAR(500) NOT NULL,\n  coverage_percent NUMERIC(5, 2) NOT NULL,\n  covered_lines INTEGER[] DEFAULT ARRAY[]::INTEGER[],\n  missing_lines INTEGER[] DEFAULT ARRAY[]::INTEGER[],\n  total_branches INTEGER DEFAULT 0,\n  covered_branches INTEGER DEFAULT 0,\n  lane VARCHAR(50),\n  created_at TIMESTAMPTZ DEFAULT now(),\n  CONSTRAINT coverage_data_pkey PRIMARY KEY (team_id, id, created_at),\n  CONSTRAINT coverage_data_coverage_percent_check CHECK (coverage_percent BETWEEN 0 AND 100)\n) PARTITION BY RANGE (created_at);\nCREATE INDEX idx_coverage_run_id ON coverage_data (test_run_id);\nCREATE INDEX idx_coverage_team_file ON coverage_data (team_id, file_path, created_at DESC);\nCREATE INDEX idx_coverage_lane ON coverage_data (team_id, lane, created_at DESC);\nCREATE INDEX idx_coverage_low ON coverage_data (team_id, file_path) WHERE coverage_percent < 75.0;\n\nCREATE TABLE consciousness_reviews (\n  id UUID NOT NULL DEFAULT gen_random_uuid(),\n  team_id UUID NOT NULL CONSTRAINT consciousness_reviews_team_id_fkey REFERENCES teams (id),\n  pr_number INTEGER,\n  git_sha VARCHAR(40) NOT NULL,\n  git_branch VARCHAR(255),\n  lambda_id VARCHAR(255) CONSTRAINT consciousness_reviews_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE SET NULL,\n  matriz_analysis JSONB NOT NULL,\n  -- A column, because row-level security keeps the planner from the GIN index (@> is not leakproof).\n  guardian_status TEXT GENERATED ALWAYS AS (matriz_analysis #>> '{stars,guardian,status}') STORED,\n  overall_status VARCHAR(20),\n  consciousness_score NUMERIC(5, 2),\n  analysis_duration_ms INTEGER,\n  active_components INTEGER,\n  created_at TIMESTAMPTZ DEFAULT now(),\n  CONSTRAINT consciousness_reviews_pkey PRIMARY KEY (team_id, id)\n);\nCREATE INDEX idx_consciousness_team_pr ON consciousness_reviews (team_id, pr_number DESC);\nCREATE INDEX idx_consciousness_git_sha ON consciousness_reviews (git_sha);\nCREATE INDEX idx_consciousness_status ON consciousness_reviews (team_id, overall_status, created_at DESC);\nCREATE INDEX idx_consciousness_guardian ON consciousness_reviews (team_id, guardian_status, created_at DESC);\nCREATE INDEX idx_consciousness_matriz_gin ON consciousness_reviews USING gin (matriz_analysis);\n\n-- Not partitioned, because a unique key of a partitioned table must hold the partition key, and a repeated upload may come\n-- with another time. Also what a run's own columns have no place for.\nCREATE TABLE ingest_uploads (\n  team_id UUID NOT NULL CONSTRAINT ingest_uploads_team_id_fkey REFERENCES teams (id),\n  upload_key BYTEA NOT NULL,\n  run_id UUID NOT NULL,\n  created_at TIMESTAMPTZ NOT NULL,\n  payload_sha256 BYTEA NOT NULL,\n  result_rows INTEGER NOT NULL,\n  coverage_rows INTEGER NOT NULL,\n  repository TEXT,\n  workflow_run_id TEXT,\n  run_attempt INTEGER,\n  job TEXT,\n  pull_request INTEGER,\n  base_branch TEXT,\n  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),\n  CONSTRAINT ingest_uploads_pkey PRIMARY KEY (team_id, upload_key),\n  CONSTRAINT ingest_uploads_upload_key_check CHECK (octet_length(upload_key) = 32),\n  CONSTRAINT ingest_uploads_payload_sha256_check CHECK (octet_length(payload_sha256) = 32)\n);\nCREATE INDEX idx_ingest_uploads_run_id ON ingest_uploads (team_id, run_id);\nCREATE INDEX idx_ingest_uploads_pull_request ON ingest_uploads (team_id, repository, pull_request, created_at DESC)\n  WHERE pull_request IS NOT NULL;\n\n-- One row for each failure episode that ended in green by a later commit: what makes a credit happen once.\nCREATE TABLE healix_credits (\n  team_id UUID NOT NULL CONSTRAINT healix_credits_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,\n  -- The run in which the test was green again, and the last one before it in which it failed with the memory's signature.\n  passed_run_id UUID NOT NULL,\n  failed_run_id UUID NOT NULL,\n  test_name VARCHAR(500) NOT NULL,\n  memory_id UUID NOT NULL,\n  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),\n  CONSTRAINT healix_credits_pkey PRIMARY KEY (team_id, test_name, passed_run_id),\n  CONSTRAINT healix_credits_memory_id_fkey FOREIGN KEY (team_id, memory_id)\n    REFERENCES healix_memories (team_id, id) ON DELETE CASCADE\n);\nCREATE INDEX idx_healix_credits_memory ON healix_credits (team_id, memory_id);\n\n-- Functions ---------------------------------------------------------------------------------------------------------------\n\nCREATE FUNCTION update_updated_at_column() RETURNS trigger\nLANGUAGE plpgsql SET search_path FROM CURRENT AS $$\nBEGIN\n  NEW.updated_at = now();\n  RETURN NEW;\nEND\n$$;\nCREATE TRIGGER update_teams_updated_at BEFORE UPDATE ON teams\n  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();\nCREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users\n  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();\nCREATE TRIGGER update_healix_memories_updated_at BEFORE UPDATE ON healix_memories\n  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();\nCREATE TRIGGER update_user_preferences_updated_at BEFORE UPDATE ON user_preferences\n  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();\nCREATE TRIGGER update_shared_memories_updated_at BEFORE UPDATE ON shared_memories\n  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();\n\n-- One form of a signature wherever it is stored, so that it is found by plain equality: `md5:` and 32 small hex digits. What is\n-- no whole MD5 stays as it is.\nCREATE FUNCTION normalise_failure_signature() RETURNS trigger\nLANGUAGE plpgsql SET search_path FROM CURRENT AS $$\nBEGIN\n  IF NEW.failure_signature ~* '^(md5:)?[0-9a-f]{32}$' THEN\n    NEW.failure_signature = 'md5:' || lower(right(NEW.failure_signature, 32));\n  END IF;\n  RETURN NEW;\nEND\n$$;\nCREATE TRIGGER normalise_healix_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON healix_memories\n  FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();\nCREATE TRIGGER normalise_shared_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON shared_memories\n  FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();\n"
      }
    ]
  },
  {
    "number": 3,
    "name": "partitions",
    "checksum": "48468500186ca1f8a0590ecf8ccc0b26c6cce3c2448540c17902aeb737a7e672",
    "refusesOlder": true,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: the functions that make monthly partitions of the three big tables and list expired ones, and the time in a run id.\n--   Months are UTC months. A new partition is made beside its parent and then attached, which does not stop writers;\n--   CREATE TABLE … PARTITION OF would wait for every open upload and stop all new ones meanwhile.\n--   Later calls take SHARE UPDATE EXCLUSIVE on the three parents, SHARE ROW EXCLUSIVE on teams, users, healix_memories and\n--   shared_memories (for the foreign keys), and a row of lukhas_locks: call them in a short transaction with a lock_timeout.\n-- Locks: none\n-- Older programs: are refused\n-- Reversible: DROP FUNCTION.\n\n-- The milliseconds in the first 48 bits of a run's id are its created_at, so that a run found by id alone reads one partition:\n-- WHERE test_run_id = $1 AND created_at = lukhas_run_ts($1).\nCREATE FUNCTION lukhas_run_ts(id uuid) RETURNS timestamptz\n-- Parsed now and not at each call, so that nobody's search_path decides what it calls; it is inlined all the same.\nLANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE\nRETURN to_timestamp((('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint) / 1000.0);\n\n-- The bounds of a table's partitions, read from the catalogue and never from names.\nCREATE FUNCTION partition_bounds(parent regclass) RETURNS TABLE (child regclass, lower_bound timestamptz, upper_bound timestamptz)\nLANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\n  SELECT c.oid::regclass, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz\n  FROM pg_inherits i\n  JOIN pg_class c ON c.oid = i.inhrelid\n  CROSS JOIN LATERAL (\n    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') AS bounds\n  ) b\n  WHERE i.inhparent = parent AND NOT i.inhdetachpending AND b.bounds IS NOT NULL\n$$;\n\n-- Whether rows of this time have a partition in all three tables.\nCREATE FUNCTION month_is_ready(at timestamptz) RETURNS boolean\nLANGUAGE sql STABLE SET search_path FROM CURRENT AS $$\n  SELECT count(*) = 3\n  FROM unnest(ARRAY['test_runs', 'test_results', 'coverage_data']) AS parents (name)\n  WHERE EXISTS (\n    SELECT FROM partition_bounds(parents.name::regclass) b WHERE b.lower_bound <= at AND b.upper_bound > at\n  )\n$$;\n\n-- Makes what is missing of one UTC month; returns the names of the tables made. For the functions below only.\nCREATE FUNCTION attach_month(at timestamptz) RETURNS SETOF text\nLANGUAGE plpgsql SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\nDECLARE\n  month_start timestamptz := date_trunc('month', at);\n  month_end timestamptz := date_trunc('month', at) + interval '1 month';\n  parent text;\n  child text;\n  grantee text;\nBEGIN\n  PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE;\n  FOREACH parent IN ARRAY ARRAY['test_runs', 'test_results', 'coverage_data'] LOOP\n    CONTINUE WHEN EXISTS (\n      SELECT FROM partition_bounds(parent::regclass) b\n      WHERE b.lower_bound <= month_start AND b.upper_bound >= month_end\n    );\n    child := parent || '_' || to_char(month_start, 'YYYY_MM');\n    -- Fails loudly where a table of that name exists but is no partition: its rows are somebody's.\n    EXECUTE format(\n      'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)',\n      child, parent);\n    -- Policies are not inherited by a partition that is named directly: without grants and with none of its own it is closed.\n    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);\n    -- A platform's default privileges may have opened it all the same.\n    FOR grantee IN\n      SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END\n      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a\n      WHERE c.oid = child::regclass AND a.grantee <> c.relowner\n    LOOP\n      EXECUTE format('REVOKE ALL ON %I FROM %s', child, grantee);\n    END LOOP;\n    -- With this CHECK in place ATTACH need not scan.\n    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (created_at >= %L AND created_at < %L)',\n      child, child || '_bound', month_start, month_end);\n    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',\n      parent, child, month_start, month_end);\n    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', child, child || '_bound');\n    RETURN NEXT child;\n  END LOOP;\nEND\n$$;\n\n-- For an upload: the month of its rows, which must lie from 31 days back to 1 day ahead (whole months, and a day for clocks\n-- that differ), and some months after the present one. Does nothing where all exist.\nCREATE FUNCTION ensure_partitions_for(at timestamptz, months_ahead integer DEFAULT 2) RETURNS SETOF text\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\nBEGIN\n  IF at IS NULL OR date_trunc('month', at) < date_trunc('month', now() - interval '32 days')\n     OR date_trunc('month', at) > date_trunc('month', now() + interval '2 days') THEN\n    RAISE EXCEPTION 'a run''s time must lie from 31 days back to 1 day ahead' USING ERRCODE = 'datetime_field_overflow';\n  END IF;\n  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 12 THEN\n    RAISE EXCEPTION 'months ahead must be 0 to 12' USING ERRCODE = 'invalid_parameter_value';\n  END IF;\n  IF NOT month_is_ready(at) THEN\n    RETURN QUERY SELECT attach_month(at);\n  END IF;\n  FOR i IN 0..months_ahead LOOP\n    IF NOT month_is_ready(date_trunc('month', now()) + make_interval(months => i)) THEN\n      RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));\n    END IF;\n  END LOOP;\nEND\n$$;\n\n-- For the operator: months around the present one.\nCREATE FUNCTION ensure_partitions(months_ahead integer DEFAULT 2, months_back integer DEFAULT 0) RETURNS SETOF text\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\nBEGIN\n  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 OR months_back IS NULL OR months_back NOT BETWEEN 0 AND 36 THEN\n    RAISE EXCEPTION 'months ahead must be 0 to 24, months back 0 to 36' USING ERRCODE = 'invalid_parameter_value';\n  END IF;\n  FOR i IN -months_back..months_ahead LOOP\n    RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));\n  END LOOP;\nEND\n$$;\n\n-- Partitions that hold nothing younger than `keep`, oldest first: it is the upper bound that decides.\nCREATE FUNCTION expired_partitions(parent regclass, keep interval) RETURNS TABLE (child regclass, upper_bound timestamptz)\nLANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\n  SELECT b.child, b.upper_bound FROM partition_bounds(parent) b WHERE b.upper_bound <= now() - keep ORDER BY b.upper_bound\n$$;\n"
      }
    ]
  },
  {
    "number": 4,
    "name": "tenancy",
    "checksum": "836959cece9ecdd624e2b5e6edcad0582420499fd45f20e29950c146aaaf3801",
    "refusesOlder": true,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: who sees and writes what: the team of a session, row-level security on every table of a team, and grants.\n-- Locks: teams, users, webauthn_credentials, user_preferences, sessions, team_credentials, shared_memories, healix_memories,\n--   healix_credits, test_runs, test_results, coverage_data, consciousness_reviews, ingest_uploads: ACCESS EXCLUSIVE\n-- Older programs: are refused\n-- Reversible: DROP POLICY, ALTER TABLE … DISABLE ROW LEVEL SECURITY, REVOKE.\n\n-- The team of this session, or NULL. A bound credential has its own team whatever it sets, because the binding hangs on the\n-- login (session_user), which SET ROLE does not change. A member of lukhas_service names the team per transaction:\n-- set_config('lukhas.team_id', …, true). After such a transaction the setting is '', not NULL.\nCREATE FUNCTION lukhas_team_id() RETURNS uuid\nLANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$\n  SELECT CASE\n    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (\n      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id\n      WHERE c.role_name = session_user AND t.deleted_at IS NULL\n    )\n    WHEN pg_has_role(session_user, 'lukhas_service', 'MEMBER') THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid\n  END\n$$;\n\n-- For a service, which sees no team before it has named one.\nCREATE FUNCTION lukhas_find_team(wanted text) RETURNS uuid\nLANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$\n  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL\n$$;\n\n-- Makes uploads that teach the team's memories wait for each other. A row and no advisory lock, which any login could hold.\nCREATE FUNCTION lukhas_lock_team() RETURNS void\nLANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$\n  SELECT FROM teams t WHERE t.id = lukhas_team_id() FOR NO KEY UPDATE\n$$;\n\n-- In every policy the team is a scalar subquery, so that it is found once a statement and not once a row.\nALTER TABLE teams ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON teams USING (id = (SELECT lukhas_team_id()));\n\nALTER TABLE users ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON users USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE test_runs ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON test_runs USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE test_results ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON test_results USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE coverage_data ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON coverage_data USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE consciousness_reviews ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON consciousness_reviews USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE ingest_uploads ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON ingest_uploads USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE healix_memories ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON healix_memories USING (team_id = (SELECT lukhas_team_id()));\n\nALTER TABLE healix_credits ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON healix_credits USING (team_id = (SELECT lukhas_team_id()));\n\n-- Read by all teams and written by the owner only.\nALTER TABLE shared_memories ENABLE ROW LEVEL SECURITY;\nCREATE POLICY shared_memories ON shared_memories FOR SELECT USING (true);\n\n-- These have no team of their own: whoever sees the person sees what belongs to the person.\nALTER TABLE webauthn_credentials ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON webauthn_credentials\n  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = webauthn_credentials.lambda_id));\nALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON user_preferences\n  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = user_preferences.lambda_id));\nALTER TABLE sessions ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON sessions\n  USING (EXISTS (SELECT FROM users u WHERE u.lambda_id = sessions.lambda_id));\n\n-- No policy and no grant: for the owner alone.\nALTER TABLE team_credentials ENABLE ROW LEVEL SECURITY;\n\n-- Nothing is open by default: not to PUBLIC, and not to what platforms give their own roles on every new object of a schema\n-- (Supabase: anon and authenticated, through a public API).\nDO $closed$\nDECLARE\n  grantee text;\n  object text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    FOR object IN\n      SELECT format('TABLE %I', c.relname) FROM pg_class c\n      WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner = 'lukhas_owner'::regrole\n      UNION ALL\n      SELECT format('FUNCTION %s', p.oid::regprocedure) FROM pg_proc p\n      WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proowner = 'lukhas_owner'::regrole\n    LOOP\n      EXECUTE format('REVOKE ALL ON %s FROM %s', object, grantee);\n    END LOOP;\n  END LOOP;\nEND\n$closed$;\n\nGRANT EXECUTE ON FUNCTION lukhas_team_id(), lukhas_lock_team(), lukhas_run_ts(uuid), partition_bounds(regclass),\n  month_is_ready(timestamptz), ensure_partitions_for(timestamptz, integer) TO lukhas_ingest, lukhas_service;\nGRANT EXECUTE ON FUNCTION lukhas_find_team(text), ensure_partitions(integer, integer), expired_partitions(regclass, interval)\n  TO lukhas_service;\n\n-- A CI credential adds runs and reads what its team knows. Of people it sees only that they exist, to name one as the author.\nGRANT SELECT, INSERT ON test_runs, test_results, coverage_data, ingest_uploads, healix_credits TO lukhas_ingest;\nGRANT SELECT ON teams, shared_memories TO lukhas_ingest;\nGRANT SELECT (lambda_id) ON users TO lukhas_ingest;\n-- It adds to its team's knowledge, counts what worked and retires what did not; it rewrites no words.\nGRANT SELECT, INSERT ON healix_memories TO lukhas_ingest;\nGRANT UPDATE (success_count, failure_count, confidence, last_applied, deleted_at) ON healix_memories TO lukhas_ingest;\n\nGRANT SELECT, INSERT ON test_runs, test_results, coverage_data, ingest_uploads, healix_credits TO lukhas_service;\nGRANT SELECT ON teams, shared_memories TO lukhas_service;\nGRANT SELECT, INSERT, UPDATE ON users, healix_memories, consciousness_reviews, user_preferences TO lukhas_service;\nGRANT SELECT, INSERT, UPDATE, DELETE ON webauthn_credentials, sessions TO lukhas_service;\n"
      }
    ]
  },
  {
    "number": 5,
    "name": "incomplete",
    "checksum": "1ee508aed9f8cbd23e9f5a9fde927cd16aa66479a482c508b8316e878cc5bfea",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: say of a run that tests of it are missing, so that what is absent in it is not taken for removed.\n-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: ALTER TABLE test_runs DROP COLUMN incomplete; what it said is lost.\n\n-- A constant default: no row is rewritten.\nALTER TABLE test_runs ADD COLUMN incomplete BOOLEAN NOT NULL DEFAULT false;\n"
      }
    ]
  },
  {
    "number": 6,
    "name": "upload-steps",
    "checksum": "b65c710784822a33a72a22980be181745dde2c564f576a3c753e070a6d13a258",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: tell the uploads of one job apart by step, those of equal job names by check run and workflow; keep that a job had no report.\n-- Locks: ingest_uploads: ACCESS EXCLUSIVE; teams: SHARE ROW EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: DROP TABLE missing_reports; ALTER TABLE ingest_uploads DROP COLUMN workflow, DROP COLUMN step, DROP COLUMN check_run_id;\n--   what they said is lost.\n\n-- Without defaults: no row is rewritten. NULL where the CI system does not say, and in rows of older programs: their keys hold\n-- neither step nor check run, so what an older program stored is stored again where this one repeats it within the same attempt.\nALTER TABLE ingest_uploads\n  ADD COLUMN workflow TEXT,\n  ADD COLUMN step TEXT,\n  -- GitHub's id of the job's check run: it differs for each job of an attempt, whatever the jobs are called.\n  ADD COLUMN check_run_id BIGINT;\n\n-- A step that found no report to read. No run: there is nothing to count, to compare with, or to be credited.\nCREATE TABLE missing_reports (\n  team_id UUID NOT NULL CONSTRAINT missing_reports_team_id_fkey REFERENCES teams (id),\n  upload_key BYTEA NOT NULL,\n  reason TEXT NOT NULL,\n  repository TEXT,\n  workflow TEXT,\n  workflow_run_id TEXT,\n  run_attempt INTEGER,\n  job TEXT,\n  job_name TEXT,\n  lane VARCHAR(50),\n  step TEXT,\n  check_run_id BIGINT,\n  pull_request INTEGER,\n  git_sha VARCHAR(40),\n  git_branch VARCHAR(255),\n  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),\n  CONSTRAINT missing_reports_pkey PRIMARY KEY (team_id, upload_key),\n  CONSTRAINT missing_reports_upload_key_check CHECK (octet_length(upload_key) = 32)\n);\nCREATE INDEX idx_missing_reports_git_sha ON missing_reports (team_id, git_sha);\n\nALTER TABLE missing_reports ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON missing_reports USING (team_id = (SELECT lukhas_team_id()));\n-- As in 0004: platforms give their own roles rights on every new table.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON missing_reports FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\nGRANT SELECT, INSERT ON missing_reports TO lukhas_ingest, lukhas_service;\n"
      }
    ]
  },
  {
    "number": 7,
    "name": "lines",
    "checksum": "656820c7887001965e58e1e3ce6d3533c22bfc61780c26a66f9009760379652c",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the columns of runs",
        "inTransaction": true,
        "sql": "-- Without defaults and checks: no row is rewritten or read. NULL in rows of older programs, and where nobody could tell.\nALTER TABLE test_runs\n  ADD COLUMN line_id UUID,\n  -- pytest's rootdir relative to the repository's root, '.' where they are one.\n  ADD COLUMN project TEXT,\n  -- What was checked out; git_sha stays the commit that people know.\n  ADD COLUMN tested_git_sha VARCHAR(40),\n  ADD COLUMN parents TEXT[],\n  ADD COLUMN committed_at TIMESTAMPTZ,\n  -- head, merge\n  ADD COLUMN kind VARCHAR(10),\n  -- team, stranger, local\n  ADD COLUMN origin VARCHAR(10),\n  -- Tracked files that differed from the commit.\n  ADD COLUMN dirty INTEGER,\n  -- The report is older than its commit.\n  ADD COLUMN stale BOOLEAN,\n  ADD COLUMN attempt INTEGER,\n  ADD COLUMN step TEXT;"
      },
      {
        "title": "the columns of results",
        "inTransaction": true,
        "sql": "ALTER TABLE test_results\n  ADD COLUMN line_id UUID,\n  -- How often it was run, where that was more than once.\n  ADD COLUMN attempts INTEGER,\n  ADD COLUMN error_type VARCHAR(255),\n  ADD COLUMN statement TEXT;"
      },
      {
        "title": "the index of the parent",
        "inTransaction": true,
        "sql": "CREATE INDEX idx_test_results_line ON ONLY test_results (team_id, line_id, test_name, created_at DESC);"
      },
      {
        "title": "the index of a partition",
        "inTransaction": false,
        "partitionsOf": "test_results",
        "sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"{name}_line\" ON {leaf} (team_id, line_id, test_name, created_at DESC);"
      },
      {
        "title": "attaching the index",
        "inTransaction": true,
        "partitionsOf": "test_results",
        "sql": "ALTER INDEX idx_test_results_line ATTACH PARTITION \"{name}_line\";"
      }
    ]
  },
  {
    "number": 8,
    "name": "knowledge",
    "checksum": "a33bc39bd152d6e3451d8096a83ed8afbcae34b0dd9aed0dc933d2aaaa56aae9",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the columns of results",
        "inTransaction": true,
        "sql": "-- The signature that knows the compared values, and the key of the cause with its place: both are NULL for rows of older programs.\nALTER TABLE test_results ADD COLUMN words_signature VARCHAR(255), ADD COLUMN cause_key VARCHAR(500);"
      },
      {
        "title": "the columns of memories",
        "inTransaction": true,
        "sql": "-- NULL in repository and project: it matches in every one.\nALTER TABLE healix_memories ADD COLUMN words_signature VARCHAR(255), ADD COLUMN repository TEXT, ADD COLUMN project TEXT,\n  ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'active'\n    CONSTRAINT healix_memories_state_check CHECK (state IN ('active', 'proposed'));\nALTER TABLE shared_memories ADD COLUMN words_signature VARCHAR(255),\n  ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'active'\n    CONSTRAINT shared_memories_state_check CHECK (state IN ('active', 'proposed'));"
      },
      {
        "title": "the indexes of memories",
        "inTransaction": true,
        "sql": "-- `moved` asks for one test's memories of some words, `cause` for the best memory of any test with them. `moved` asked for the drift\n-- signature and the test before.\nCREATE INDEX idx_healix_words_test ON healix_memories (team_id, words_signature, test_name)\n  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;\nCREATE INDEX idx_healix_words_rank ON healix_memories\n  (team_id, words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)\n  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;\nCREATE INDEX idx_shared_words_test ON shared_memories (words_signature, test_name)\n  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;\nCREATE INDEX idx_shared_words_rank ON shared_memories\n  (words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)\n  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;\nDROP INDEX idx_healix_drift_family, idx_shared_drift_family;"
      },
      {
        "title": "the right to edit",
        "inTransaction": true,
        "sql": "-- A login that uploads may add and retire memories; editing one keeps its id and its counts.\nGRANT UPDATE (root_cause, probable_cause, solution, solution_type, auto_fix_code, updated_at) ON healix_memories TO lukhas_ingest;"
      }
    ]
  },
  {
    "number": 9,
    "name": "repositories",
    "checksum": "051d4976a5500eae5e1c5c95a166b756640f97b742da8682a53ebb1c0c2c56a5",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the host of runs",
        "inTransaction": true,
        "sql": "-- NULL in rows of older programs, and where nobody could tell: they are compared by name.\nALTER TABLE test_runs ADD COLUMN repository_host TEXT;"
      },
      {
        "title": "the host of memories",
        "inTransaction": true,
        "sql": "-- Their repository is named without it, and in lower case.\nALTER TABLE healix_memories ADD COLUMN repository_host TEXT;"
      }
    ]
  },
  {
    "number": 10,
    "name": "coverage-later",
    "checksum": "23238dff2287fc6786cc9b0e9adf575a24b45402084028f4abad87d539f93c9c",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: add coverage to a run that was stored without it.\n-- Locks: none\n-- Older programs: go on uploading\n-- Reversible: DROP FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric); what was added stays.\n\n-- Says of an upload that its coverage is there: true where it was stored without any, and has these results. A CI credential may add\n-- rows and change none. The upload's row is the lock: of two at one moment the second finds the first one's coverage.\nCREATE FUNCTION lukhas_add_coverage(key bytea, without_coverage bytea, payload bytea, files integer, percent numeric) RETURNS boolean\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nDECLARE\n  run record;\nBEGIN\n  UPDATE ingest_uploads u SET payload_sha256 = payload, coverage_rows = files\n  WHERE u.team_id = lukhas_team_id() AND u.upload_key = key AND u.payload_sha256 = without_coverage AND u.coverage_rows = 0\n  RETURNING u.team_id, u.run_id, u.created_at INTO run;\n  IF NOT FOUND THEN\n    RETURN false;\n  END IF;\n  UPDATE test_runs r SET coverage_percent = percent\n  WHERE r.team_id = run.team_id AND r.id = run.run_id AND r.created_at = run.created_at AND r.coverage_percent IS NULL;\n  RETURN true;\nEND\n$$;\n\n-- As in 0004: platforms give their own roles rights on every new function.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric) FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\nGRANT EXECUTE ON FUNCTION lukhas_add_coverage(bytea, bytea, bytea, integer, numeric) TO lukhas_ingest, lukhas_service;\n"
      }
    ]
  },
  {
    "number": 11,
    "name": "aliases",
    "checksum": "fd4a929f30487e782dc4f6d4cd3e0e02ac8f4e5a866ad35fb1a2a07c575dbfe9",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: keep which test was renamed into which, so that later runs find the history under the former name.\n-- Locks: teams: SHARE ROW EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: DROP TABLE test_aliases; later runs find no history before a rename then.\n\nCREATE TABLE test_aliases (\n  team_id UUID NOT NULL CONSTRAINT test_aliases_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,\n  -- md5 of repository and project: a name means a test only there.\n  suite_id UUID NOT NULL,\n  -- Test functions with file and class, without parameters.\n  name VARCHAR(500) NOT NULL,\n  former VARCHAR(500) NOT NULL,\n  -- When the first run under the new name began.\n  created_at TIMESTAMPTZ NOT NULL,\n  git_sha VARCHAR(40),\n  CONSTRAINT test_aliases_pkey PRIMARY KEY (team_id, suite_id, name, created_at),\n  CONSTRAINT test_aliases_former_check CHECK (former <> name)\n);\n\nALTER TABLE test_aliases ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON test_aliases USING (team_id = (SELECT lukhas_team_id()));\n-- As in 0004: platforms give their own roles rights on every new table.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON test_aliases FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\nGRANT SELECT, INSERT ON test_aliases TO lukhas_ingest, lukhas_service;\n"
      }
    ]
  },
  {
    "number": 12,
    "name": "history",
    "checksum": "1376d58e4b6c4b371e742a49aa15190c85c436544dec7057192ab7589afcf8af",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the index of lines of the parent",
        "inTransaction": true,
        "sql": "CREATE INDEX idx_test_results_past ON ONLY test_results (team_id, line_id, test_name, created_at DESC)\n  INCLUDE (test_run_id, outcome, attempts);"
      },
      {
        "title": "the index of lines of a partition",
        "inTransaction": false,
        "partitionsOf": "test_results",
        "sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"{name}_past\" ON {leaf} (team_id, line_id, test_name, created_at DESC)\n  INCLUDE (test_run_id, outcome, attempts);"
      },
      {
        "title": "attaching the index of lines",
        "inTransaction": true,
        "partitionsOf": "test_results",
        "sql": "ALTER INDEX idx_test_results_past ATTACH PARTITION \"{name}_past\";"
      },
      {
        "title": "the index of failures of the parent",
        "inTransaction": true,
        "sql": "-- Holds no other text than the name: a row of an index takes at most 2,704 bytes.\nCREATE INDEX idx_test_results_failures ON ONLY test_results (team_id, created_at, test_name) INCLUDE (test_run_id)\n  WHERE outcome IN ('failed', 'error');"
      },
      {
        "title": "the index of failures of a partition",
        "inTransaction": false,
        "partitionsOf": "test_results",
        "sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"{name}_failures\" ON {leaf} (team_id, created_at, test_name) INCLUDE (test_run_id)\n  WHERE outcome IN ('failed', 'error');"
      },
      {
        "title": "attaching the index of failures",
        "inTransaction": true,
        "partitionsOf": "test_results",
        "sql": "ALTER INDEX idx_test_results_failures ATTACH PARTITION \"{name}_failures\";"
      },
      {
        "title": "the index that is no longer needed",
        "inTransaction": true,
        "sql": "DROP INDEX idx_test_results_line;"
      }
    ]
  },
  {
    "number": 13,
    "name": "matches",
    "checksum": "5e9deb59cd4e2faf4711aa72e17a10d813bce6c22b35347321445ece27646a31",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: keep in which runs a memory was told, and how what it was told for ended: confidence then moves both ways, and each\n--   breakage counts once. Beside it, how often the memory's test recovers untaught.\n-- Locks: teams, healix_memories: SHARE ROW EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: DROP TABLE healix_matches; REVOKE UPDATE (metadata) ON healix_memories, UPDATE (auto_healed) ON test_results. The counts\n--   of memories stay. Older programs go on giving credits of their own, in healix_credits.\n\n-- One row for each memory and run in which it was told, or in which its test failed and it was not. How the episode ended stands at\n-- its first run; the other columns of the episode are NULL elsewhere.\nCREATE TABLE healix_matches (\n  team_id UUID NOT NULL CONSTRAINT healix_matches_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,\n  memory_id UUID NOT NULL,\n  run_id UUID NOT NULL,\n  -- The run's.\n  created_at TIMESTAMPTZ NOT NULL,\n  -- Of all that failed by one cause the memory's own test, else the first by name.\n  test_name VARCHAR(500) NOT NULL,\n  shown BOOLEAN NOT NULL,\n  -- The branch or pull request: episodes of several at one time are one breakage.\n  change TEXT,\n  outcome VARCHAR(10) CONSTRAINT healix_matches_outcome_check CHECK (outcome IN ('open', 'worked', 'failed', 'nothing')),\n  started_at TIMESTAMPTZ,\n  ended_at TIMESTAMPTZ,\n  ended_git_sha VARCHAR(40),\n  -- How often the test had run and failed in the 30 days before, as far as that was ever seen.\n  earlier_runs INTEGER,\n  earlier_failures INTEGER,\n  -- What the breakage added to: the memory's counts, or those of its test untaught.\n  counted VARCHAR(10) CONSTRAINT healix_matches_counted_check CHECK (counted IN ('worked', 'failed', 'recovered', 'lasted')),\n  -- test_results.auto_healed of the run's failures.\n  healed BOOLEAN NOT NULL DEFAULT false,\n  CONSTRAINT healix_matches_pkey PRIMARY KEY (team_id, memory_id, run_id),\n  CONSTRAINT healix_matches_memory_id_fkey FOREIGN KEY (team_id, memory_id)\n    REFERENCES healix_memories (team_id, id) ON DELETE CASCADE\n);\nCREATE INDEX idx_healix_matches_run ON healix_matches (team_id, run_id);\n\nALTER TABLE healix_matches ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON healix_matches USING (team_id = (SELECT lukhas_team_id()));\n-- As in 0004: platforms give their own roles rights on every new table.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON healix_matches FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\nGRANT SELECT, INSERT, UPDATE ON healix_matches TO lukhas_ingest, lukhas_service;\nGRANT UPDATE (metadata) ON healix_memories TO lukhas_ingest;\nGRANT UPDATE (auto_healed) ON test_results TO lukhas_ingest, lukhas_service;\n"
      }
    ]
  },
  {
    "number": 14,
    "name": "tenants",
    "checksum": "69fd600f928083c99a4604237480a2903897773bc355ae37ae1c10b898a47f22",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the reference of runs to people",
        "inTransaction": true,
        "sql": "-- A reference is checked without row-level security: it told which people of other teams exist. And the making of a month locked the\n-- referenced tables, against everybody who wrote into them.\nALTER TABLE test_runs DROP CONSTRAINT test_runs_lambda_id_fkey;"
      },
      {
        "title": "the reference of reviews to people",
        "inTransaction": true,
        "sql": "ALTER TABLE consciousness_reviews DROP CONSTRAINT consciousness_reviews_lambda_id_fkey;"
      },
      {
        "title": "the reference of results to memories",
        "inTransaction": true,
        "sql": "ALTER TABLE test_results DROP CONSTRAINT test_results_healix_memory_id_fkey;"
      },
      {
        "title": "what is left of a person or memory that is deleted",
        "inTransaction": true,
        "sql": "-- As ON DELETE SET NULL did.\nCREATE FUNCTION forget_person() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nBEGIN\n  UPDATE test_runs SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;\n  UPDATE consciousness_reviews SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;\n  RETURN NULL;\nEND\n$$;\nCREATE TRIGGER forget_person AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_person();\nCREATE FUNCTION forget_memory() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nBEGIN\n  UPDATE test_results SET healix_memory_id = NULL WHERE team_id = OLD.team_id AND healix_memory_id = OLD.id;\n  RETURN NULL;\nEND\n$$;\nCREATE TRIGGER forget_memory AFTER DELETE ON healix_memories FOR EACH ROW EXECUTE FUNCTION forget_memory();"
      },
      {
        "title": "who works for many teams",
        "inTransaction": true,
        "sql": "-- Roles belong to the whole server: a member of lukhas_service is a back end of the databases in which it is named here. Only the\n-- owner writes it.\nCREATE TABLE service_credentials (\n  role_name NAME CONSTRAINT service_credentials_pkey PRIMARY KEY,\n  created_at TIMESTAMPTZ NOT NULL DEFAULT now()\n);\nALTER TABLE service_credentials ENABLE ROW LEVEL SECURITY;\n-- A database in use keeps its back ends; a new one has none yet.\nINSERT INTO service_credentials (role_name)\n  SELECT r.rolname FROM pg_roles r\n  WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'lukhas_service', 'MEMBER') AND EXISTS (SELECT FROM teams);\n\n-- Whether this login may name the team it works for: a back end of this database, or an administrator.\nCREATE FUNCTION lukhas_serves() RETURNS boolean\nLANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$\n  SELECT pg_has_role(session_user, 'lukhas_owner', 'MEMBER')\n    OR (pg_has_role(session_user, 'lukhas_service', 'MEMBER')\n      AND EXISTS (SELECT FROM service_credentials c WHERE c.role_name = session_user))\n$$;\n\nCREATE OR REPLACE FUNCTION lukhas_team_id() RETURNS uuid\nLANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$\n  SELECT CASE\n    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (\n      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id\n      WHERE c.role_name = session_user AND t.deleted_at IS NULL\n    )\n    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid\n  END\n$$;\n\nCREATE OR REPLACE FUNCTION lukhas_find_team(wanted text) RETURNS uuid\nLANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$\n  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL AND lukhas_serves()\n$$;\n\n-- Of those of other databases, too, who are members of lukhas_ingest.\nALTER POLICY shared_memories ON shared_memories USING ((SELECT lukhas_team_id()) IS NOT NULL);"
      },
      {
        "title": "who makes months",
        "inTransaction": true,
        "sql": "-- Refuses a login that works for nobody in this database: what it makes is locked until its transaction ends.\nCREATE FUNCTION check_months_login() RETURNS void\nLANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$\nBEGIN\n  IF lukhas_team_id() IS NULL AND NOT lukhas_serves()\n     AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = session_user AND r.rolbypassrls) THEN\n    RAISE EXCEPTION 'this login is bound to no team of this database' USING ERRCODE = 'insufficient_privilege';\n  END IF;\nEND\n$$;\n\n-- As in 0003; but nobody waits for months ahead while somebody else makes them.\nCREATE OR REPLACE FUNCTION ensure_partitions_for(at timestamptz, months_ahead integer DEFAULT 2) RETURNS SETOF text\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\nBEGIN\n  PERFORM check_months_login();\n  IF at IS NULL OR date_trunc('month', at) < date_trunc('month', now() - interval '32 days')\n     OR date_trunc('month', at) > date_trunc('month', now() + interval '2 days') THEN\n    RAISE EXCEPTION 'a run''s time must lie from 31 days back to 1 day ahead' USING ERRCODE = 'datetime_field_overflow';\n  END IF;\n  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 12 THEN\n    RAISE EXCEPTION 'months ahead must be 0 to 12' USING ERRCODE = 'invalid_parameter_value';\n  END IF;\n  IF NOT month_is_ready(at) THEN\n    RETURN QUERY SELECT attach_month(at);\n  END IF;\n  FOR i IN 0..months_ahead LOOP\n    IF NOT month_is_ready(date_trunc('month', now()) + make_interval(months => i)) THEN\n      -- The row that attach_month locks.\n      PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE SKIP LOCKED;\n      EXIT WHEN NOT FOUND;\n      RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));\n    END IF;\n  END LOOP;\nEND\n$$;\n\nCREATE OR REPLACE FUNCTION ensure_partitions(months_ahead integer DEFAULT 2, months_back integer DEFAULT 0) RETURNS SETOF text\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$\nBEGIN\n  PERFORM check_months_login();\n  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 OR months_back IS NULL OR months_back NOT BETWEEN 0 AND 36 THEN\n    RAISE EXCEPTION 'months ahead must be 0 to 24, months back 0 to 36' USING ERRCODE = 'invalid_parameter_value';\n  END IF;\n  FOR i IN -months_back..months_ahead LOOP\n    RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));\n  END LOOP;\nEND\n$$;"
      },
      {
        "title": "rights",
        "inTransaction": true,
        "sql": "-- By column: whoever may change a whole table may lock it, too.\nREVOKE UPDATE ON healix_matches FROM lukhas_ingest, lukhas_service;\nGRANT UPDATE (shown, test_name, change, outcome, started_at, ended_at, ended_git_sha, earlier_runs, earlier_failures, counted, healed)\n  ON healix_matches TO lukhas_ingest, lukhas_service;\n-- As in 0004: platforms give their own roles rights on every new table and function.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON service_credentials FROM %s', grantee);\n    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_serves(), check_months_login(), forget_person(), forget_memory() FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\nGRANT EXECUTE ON FUNCTION lukhas_serves() TO lukhas_ingest, lukhas_service;"
      }
    ]
  },
  {
    "number": 15,
    "name": "cheaper-checks",
    "checksum": "5fa3fef5d3e5572a30d5f4302dd94cc60a7124192cc3c95a1ce49f8e648f2f21",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the key that another key implies",
        "inTransaction": true,
        "sql": "-- A match's memory is of the same team, and that one is of a team.\nALTER TABLE healix_matches DROP CONSTRAINT healix_matches_team_id_fkey;"
      },
      {
        "title": "the function that finds the team",
        "inTransaction": true,
        "sql": "-- As in 0014. Row-level security asks it once for each table of a statement; SQL functions are planned anew each time.\nCREATE OR REPLACE FUNCTION lukhas_team_id() RETURNS uuid\nLANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$\nBEGIN\n  RETURN CASE\n    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (\n      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id\n      WHERE c.role_name = session_user AND t.deleted_at IS NULL\n    )\n    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid\n  END;\nEND\n$$;"
      }
    ]
  },
  {
    "number": 16,
    "name": "ageing",
    "checksum": "36fa59527472a132b91e1c96bc644f275a08c262df17adc973be66351d8a8ec6",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the sums and what they are of",
        "inTransaction": true,
        "sql": "-- What a line's id stands for; the runs that say so go before the sums do.\nCREATE TABLE test_lines (\n  team_id UUID NOT NULL CONSTRAINT test_lines_team_id_fkey REFERENCES teams (id),\n  -- test_runs.line_id; runs of older programs, which have none, get one that is made of the same columns.\n  line_id UUID NOT NULL,\n  repository_host TEXT,\n  repository TEXT,\n  project TEXT,\n  lane VARCHAR(50),\n  job_name TEXT,\n  step TEXT,\n  CONSTRAINT test_lines_pkey PRIMARY KEY (team_id, line_id)\n);\n\n-- Names are the longest part of a sum: they are kept once.\nCREATE TABLE test_names (\n  team_id UUID NOT NULL CONSTRAINT test_names_team_id_fkey REFERENCES teams (id),\n  -- md5 of the name, so that a test's sums are found without this table.\n  test_id UUID NOT NULL,\n  test_name VARCHAR(500) NOT NULL,\n  CONSTRAINT test_names_pkey PRIMARY KEY (team_id, test_id)\n);\n\n-- A test in a line and a UTC month, the base branch and all others apart. Narrow: it stays when the rows are gone.\nCREATE TABLE test_months (\n  team_id UUID NOT NULL CONSTRAINT test_months_team_id_fkey REFERENCES teams (id),\n  test_id UUID NOT NULL,\n  line_id UUID NOT NULL,\n  -- Its first day.\n  month DATE NOT NULL,\n  runs INTEGER NOT NULL,\n  passed INTEGER NOT NULL,\n  failed INTEGER NOT NULL,\n  errors INTEGER NOT NULL,\n  skipped INTEGER NOT NULL,\n  xfailed INTEGER NOT NULL,\n  xpassed INTEGER NOT NULL,\n  -- Commits on which it both passed and failed.\n  flaky INTEGER NOT NULL,\n  last_failed_at TIMESTAMPTZ,\n  on_base BOOLEAN NOT NULL,\n  seconds NUMERIC(14, 3) NOT NULL,\n  last_failure_signature VARCHAR(255),\n  CONSTRAINT test_months_pkey PRIMARY KEY (team_id, test_id, month, line_id, on_base)\n);\n\n-- The same of a file's coverage: sums over the runs that measured it.\nCREATE TABLE coverage_months (\n  team_id UUID NOT NULL CONSTRAINT coverage_months_team_id_fkey REFERENCES teams (id),\n  line_id UUID NOT NULL,\n  month DATE NOT NULL,\n  runs INTEGER NOT NULL,\n  total_statements BIGINT NOT NULL,\n  covered_statements BIGINT NOT NULL,\n  total_branches BIGINT NOT NULL,\n  covered_branches BIGINT NOT NULL,\n  on_base BOOLEAN NOT NULL,\n  percent_sum NUMERIC(14, 2) NOT NULL,\n  lowest_percent NUMERIC(5, 2) NOT NULL,\n  highest_percent NUMERIC(5, 2) NOT NULL,\n  file_path VARCHAR(500) NOT NULL,\n  CONSTRAINT coverage_months_pkey PRIMARY KEY (team_id, file_path, month, line_id, on_base)\n);"
      },
      {
        "title": "the months on their way out",
        "inTransaction": true,
        "sql": "-- One row from the decision to the drop. The mark is also the comment of the table: a name alone is no reason to drop anything.\nCREATE TABLE lukhas_retirements (\n  parent TEXT NOT NULL,\n  child TEXT NOT NULL,\n  mark TEXT NOT NULL,\n  -- NULL: it has no lower bound.\n  lower_bound TIMESTAMPTZ,\n  upper_bound TIMESTAMPTZ NOT NULL,\n  begun_at TIMESTAMPTZ NOT NULL DEFAULT now(),\n  -- Set in the transaction that adds its rows to the sums.\n  summed_at TIMESTAMPTZ,\n  CONSTRAINT lukhas_retirements_pkey PRIMARY KEY (parent, child)\n);"
      },
      {
        "title": "the index of base branches",
        "inTransaction": true,
        "sql": "-- Whether pull requests go to a branch: asked for each branch of a test's months. A million uploads are read in about a second.\nCREATE INDEX idx_ingest_uploads_base ON ingest_uploads (team_id, repository, base_branch) WHERE pull_request IS NOT NULL;"
      },
      {
        "title": "rights",
        "inTransaction": true,
        "sql": "ALTER TABLE test_lines ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON test_lines USING (team_id = (SELECT lukhas_team_id()));\nALTER TABLE test_names ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON test_names USING (team_id = (SELECT lukhas_team_id()));\nALTER TABLE test_months ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON test_months USING (team_id = (SELECT lukhas_team_id()));\nALTER TABLE coverage_months ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON coverage_months USING (team_id = (SELECT lukhas_team_id()));\n-- As in 0004: platforms give their own roles rights on every new table.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON test_lines, test_names, test_months, coverage_months, lukhas_retirements FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\nGRANT SELECT ON test_lines, test_names, test_months, coverage_months, lukhas_retirements TO lukhas_ingest, lukhas_service;"
      }
    ]
  },
  {
    "number": 17,
    "name": "reviews-and-people",
    "checksum": "bb4b52490e6c6693a8f3f199df614a4dcecdf5d07496d88b50ad1d18b7599a72",
    "refusesOlder": false,
    "steps": [
      {
        "title": "reviews",
        "inTransaction": true,
        "sql": "-- Pull requests of two repositories have equal numbers; and a fork's review is no answer for the team.\nALTER TABLE consciousness_reviews\n  ADD COLUMN repository TEXT,\n  ADD COLUMN origin VARCHAR(10),\n  ADD COLUMN run_id UUID;\n-- It adds reviews and reads those of its team. Rights stand in the order in which a repair gives them.\nREVOKE ALL ON consciousness_reviews FROM lukhas_service;\nGRANT SELECT, INSERT ON consciousness_reviews TO lukhas_ingest;\nGRANT SELECT, INSERT, UPDATE ON consciousness_reviews TO lukhas_service;"
      },
      {
        "title": "passkeys",
        "inTransaction": true,
        "sql": "-- A use of a passkey is an UPDATE that sets its sign_count. WebAuthn Level 2, sections 6.1.1 and 7.2: where either count is not zero, a\n-- new count that does not rise says that the authenticator may be cloned; an authenticator that counts nothing always says zero. The\n-- row is locked meanwhile, so that of two uses at one moment the second is compared with the first. No message names the credential:\n-- statements and errors are logged.\nCREATE FUNCTION use_webauthn_credential() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nBEGIN\n  IF OLD.revoked_at IS NOT NULL THEN\n    RAISE EXCEPTION 'the credential is revoked' USING ERRCODE = 'LK010';\n  END IF;\n  IF EXISTS (SELECT FROM users u WHERE u.lambda_id = OLD.lambda_id AND (u.deleted_at IS NOT NULL OR u.is_active IS FALSE)) THEN\n    RAISE EXCEPTION 'the credential is of a person who is deactivated or deleted' USING ERRCODE = 'LK011';\n  END IF;\n  -- 32 bits without a sign.\n  IF NEW.sign_count IS NULL OR NEW.sign_count NOT BETWEEN 0 AND 4294967295 THEN\n    RAISE EXCEPTION 'a sign count is a number from 0 to 4294967295' USING ERRCODE = 'check_violation';\n  END IF;\n  IF NEW.sign_count <= coalesce(OLD.sign_count, 0) AND (NEW.sign_count <> 0 OR coalesce(OLD.sign_count, 0) <> 0) THEN\n    RAISE EXCEPTION 'the sign count did not rise: the credential may be cloned' USING ERRCODE = 'LK012';\n  END IF;\n  NEW.use_count := coalesce(OLD.use_count, 0) + 1;\n  NEW.last_used := clock_timestamp();\n  RETURN NEW;\nEND\n$$;\nCREATE TRIGGER use_webauthn_credential BEFORE UPDATE OF sign_count ON webauthn_credentials\n  FOR EACH ROW EXECUTE FUNCTION use_webauthn_credential();\n\n-- What is revoked stays so: brought back, it could be used.\nCREATE FUNCTION keep_webauthn_revoked() RETURNS trigger\nLANGUAGE plpgsql SET search_path FROM CURRENT AS $$\nBEGIN\n  RAISE EXCEPTION 'the credential is revoked' USING ERRCODE = 'LK010';\nEND\n$$;\nCREATE TRIGGER keep_webauthn_revoked BEFORE UPDATE OF revoked_at ON webauthn_credentials\n  FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)\n  EXECUTE FUNCTION keep_webauthn_revoked();"
      },
      {
        "title": "preferences",
        "inTransaction": true,
        "sql": "-- At the end of the transaction: a dump that is restored brings its own.\nCREATE FUNCTION make_preferences() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nBEGIN\n  INSERT INTO user_preferences (lambda_id) SELECT u.lambda_id FROM users u WHERE u.lambda_id = NEW.lambda_id\n  ON CONFLICT (lambda_id) DO NOTHING;\n  RETURN NULL;\nEND\n$$;\nCREATE CONSTRAINT TRIGGER make_preferences AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED\n  FOR EACH ROW EXECUTE FUNCTION make_preferences();\nINSERT INTO user_preferences (lambda_id) SELECT u.lambda_id FROM users u ON CONFLICT (lambda_id) DO NOTHING;"
      },
      {
        "title": "rights",
        "inTransaction": true,
        "sql": "-- Whether a person was deleted decides whether they can be an author.\nGRANT SELECT (deleted_at) ON users TO lukhas_ingest;\n-- As in 0004: platforms give their own roles rights on every new function.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON FUNCTION use_webauthn_credential(), keep_webauthn_revoked(), make_preferences() FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;"
      }
    ]
  },
  {
    "number": 18,
    "name": "questions",
    "checksum": "e56380dda0206aca2a4ee1c252431140f05a9d5507c84afc6bea7eb7d156f2f5",
    "refusesOlder": false,
    "steps": [
      {
        "title": "what the team's own login reads of its people and reviews",
        "inTransaction": true,
        "sql": "-- Row-level security shows it those of its team alone. Addresses and permissions stay hidden.\nGRANT SELECT (team_id, display_name, last_login_at, deleted_at) ON users TO lukhas_ingest;\nGRANT SELECT ON consciousness_reviews TO lukhas_ingest;"
      },
      {
        "title": "the index of repeated tests of the parent",
        "inTransaction": true,
        "sql": "CREATE INDEX idx_test_results_again ON ONLY test_results (team_id, created_at, test_name) INCLUDE (test_run_id)\n  WHERE attempts > 1;"
      },
      {
        "title": "the index of repeated tests of a partition",
        "inTransaction": false,
        "partitionsOf": "test_results",
        "sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"{name}_again\" ON {leaf} (team_id, created_at, test_name) INCLUDE (test_run_id)\n  WHERE attempts > 1;"
      },
      {
        "title": "attaching the index of repeated tests",
        "inTransaction": true,
        "partitionsOf": "test_results",
        "sql": "ALTER INDEX idx_test_results_again ATTACH PARTITION \"{name}_again\";"
      }
    ]
  },
  {
    "number": 19,
    "name": "proposals",
    "checksum": "81592fe95b840bf2aa76a14a2b4f0341a487adc31c56d557876ef2c049b8e404",
    "refusesOlder": false,
    "steps": [
      {
        "title": "a team's login accepts what was proposed",
        "inTransaction": true,
        "sql": "GRANT UPDATE (state) ON healix_memories TO lukhas_ingest;"
      }
    ]
  },
  {
    "number": 20,
    "name": "run-days",
    "checksum": "c8f6e92e3f89ae63de750da3ad70f34468694aadf435ad4702e8714ca22a0663",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the sums and what keeps them",
        "inTransaction": true,
        "sql": "-- The runs of a UTC day under one set of names; NULL is a name, too.\nCREATE TABLE run_days (\n  team_id UUID NOT NULL CONSTRAINT run_days_team_id_fkey REFERENCES teams (id),\n  -- md5 of the five names.\n  scope_id UUID NOT NULL,\n  day DATE NOT NULL,\n  -- Whether the runs count in comparisons: not those of strangers, nor reports older than their commit.\n  evidence BOOLEAN NOT NULL,\n  runs INTEGER NOT NULL,\n  -- Nothing failed and nothing broke.\n  green_runs INTEGER NOT NULL,\n  -- failed > 0, whatever errors says.\n  failed_runs INTEGER NOT NULL,\n  -- Runs that say how long they took, and how much they covered.\n  timed_runs INTEGER NOT NULL,\n  covered_runs INTEGER NOT NULL,\n  tests BIGINT NOT NULL,\n  passed BIGINT NOT NULL,\n  -- Passed, failed or broken.\n  ran BIGINT NOT NULL,\n  seconds NUMERIC NOT NULL,\n  coverage_sum NUMERIC NOT NULL,\n  repository_host TEXT,\n  repository TEXT,\n  lane VARCHAR(50),\n  job_name TEXT,\n  -- NULL: all branches, and runs without one. Each run is summed there, and once more under its branch.\n  git_branch VARCHAR(255),\n  CONSTRAINT run_days_pkey PRIMARY KEY (team_id, scope_id, day, evidence)\n) WITH (fillfactor = 80);\nCREATE INDEX idx_run_days_branch ON run_days (team_id, git_branch, day);\nALTER TABLE run_days ENABLE ROW LEVEL SECURITY;\nCREATE POLICY team_isolation ON run_days USING (team_id = (SELECT lukhas_team_id()));\n\n-- Adds runs to their days, or takes them away: %s stands for their rows with `sign`, 1 or -1. In one order, so that two uploads of\n-- one day wait for each other and do not lock each other out.\nCREATE FUNCTION lukhas_run_sums() RETURNS text\nLANGUAGE sql IMMUTABLE AS $$\n  SELECT $sums$\n    INSERT INTO run_days AS d (team_id, scope_id, day, evidence, runs, green_runs, failed_runs, timed_runs, covered_runs, tests, passed, ran,\n      seconds, coverage_sum, repository_host, repository, lane, job_name, git_branch)\n    SELECT r.team_id, md5(ROW(r.repository_host, r.repository, r.lane, r.job_name, b.git_branch)::text)::uuid, (r.created_at AT TIME ZONE 'UTC')::date,\n      coalesce(r.origin, CASE WHEN r.git_branch LIKE '%%:%%' THEN 'stranger' END, '') <> 'stranger' AND r.stale IS NOT TRUE,\n      sum(r.sign), coalesce(sum(r.sign) FILTER (WHERE coalesce(r.failed, 0) + coalesce(r.errors, 0) = 0), 0),\n      coalesce(sum(r.sign) FILTER (WHERE r.failed > 0), 0), coalesce(sum(r.sign) FILTER (WHERE r.duration_seconds IS NOT NULL), 0),\n      coalesce(sum(r.sign) FILTER (WHERE r.coverage_percent IS NOT NULL), 0), sum(r.sign * r.total_tests::bigint), sum(r.sign * coalesce(r.passed, 0)::bigint),\n      sum(r.sign * (coalesce(r.passed, 0)::bigint + coalesce(r.failed, 0) + coalesce(r.errors, 0))),\n      sum(r.sign * coalesce(r.duration_seconds, 0)), sum(r.sign * coalesce(r.coverage_percent, 0)),\n      r.repository_host, r.repository, r.lane, r.job_name, b.git_branch\n    FROM (%s) AS r CROSS JOIN LATERAL (SELECT NULL::varchar(255) UNION ALL SELECT r.git_branch WHERE r.git_branch IS NOT NULL) AS b (git_branch)\n    GROUP BY r.team_id, 3, 4, r.repository_host, r.repository, r.lane, r.job_name, b.git_branch\n    ORDER BY 1, 2, 3, 4\n    ON CONFLICT (team_id, scope_id, day, evidence) DO UPDATE SET runs = d.runs + excluded.runs, green_runs = d.green_runs + excluded.green_runs,\n      failed_runs = d.failed_runs + excluded.failed_runs, timed_runs = d.timed_runs + excluded.timed_runs,\n      covered_runs = d.covered_runs + excluded.covered_runs, tests = d.tests + excluded.tests, passed = d.passed + excluded.passed,\n      ran = d.ran + excluded.ran, seconds = d.seconds + excluded.seconds, coverage_sum = d.coverage_sum + excluded.coverage_sum\n  $sums$\n$$;\n\n-- Months that are there already: their runs are summed by steps of their own, and so long those that come are not.\nCREATE TABLE run_days_pending (leaf REGCLASS PRIMARY KEY, lower_bound TIMESTAMPTZ NOT NULL, upper_bound TIMESTAMPTZ NOT NULL);\n\nCREATE FUNCTION lukhas_sum_runs() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nBEGIN\n  EXECUTE format(lukhas_run_sums(), 'SELECT r.* FROM (' || CASE TG_OP\n    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'\n    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'\n    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END\n    || ') AS r WHERE NOT EXISTS (SELECT FROM run_days_pending p WHERE r.created_at >= p.lower_bound AND r.created_at < p.upper_bound)');\n  RETURN NULL;\nEND\n$$;\nCREATE TRIGGER sum_stored_runs AFTER INSERT ON test_runs\n  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();\nCREATE TRIGGER sum_changed_runs AFTER UPDATE ON test_runs\n  REFERENCING OLD TABLE AS deleted NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();\nCREATE TRIGGER sum_deleted_runs AFTER DELETE ON test_runs\n  REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();\n\n-- Nobody stores a run before this ends. Partitions without two bounds are summed now: they are none of ours, and small.\nINSERT INTO run_days_pending SELECT b.child, b.lower_bound, b.upper_bound FROM partition_bounds('test_runs') b;\nDO $odd$\nDECLARE\n  odd regclass;\nBEGIN\n  FOR odd IN\n    SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = 'test_runs'::regclass AND NOT i.inhdetachpending\n      AND i.inhrelid NOT IN (SELECT p.leaf FROM run_days_pending p)\n  LOOP\n    EXECUTE format(lukhas_run_sums(), format('SELECT 1 AS sign, r.* FROM %s r', odd));\n  END LOOP;\nEND\n$odd$;\n\n-- As in 0004: platforms give their own roles rights on every new table and function.\nDO $closed$\nDECLARE\n  grantee text;\nBEGIN\n  FOR grantee IN\n    SELECT 'PUBLIC' UNION ALL\n    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')\n  LOOP\n    EXECUTE format('REVOKE ALL ON run_days, run_days_pending FROM %s', grantee);\n    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_run_sums(), lukhas_sum_runs() FROM %s', grantee);\n  END LOOP;\nEND\n$closed$;\n-- Who may read runs may read their sums: logins that only read have rights of their own.\nDO $readers$\nDECLARE\n  reader text;\nBEGIN\n  FOR reader IN\n    SELECT quote_ident(pg_get_userbyid(a.grantee)) FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a\n    WHERE c.oid = 'test_runs'::regclass AND a.privilege_type = 'SELECT' AND a.grantee NOT IN (0, c.relowner)\n  LOOP\n    EXECUTE format('GRANT SELECT ON run_days TO %s', reader);\n  END LOOP;\nEND\n$readers$;"
      },
      {
        "title": "the index of people's runs of the parent",
        "inTransaction": true,
        "sql": "CREATE INDEX idx_test_runs_author ON ONLY test_runs (team_id, lambda_id, created_at) WHERE lambda_id IS NOT NULL;"
      },
      {
        "title": "the index of people's runs of a partition",
        "inTransaction": false,
        "partitionsOf": "test_runs",
        "sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"{name}_author\" ON {leaf} (team_id, lambda_id, created_at) WHERE lambda_id IS NOT NULL;"
      },
      {
        "title": "attaching the index of people's runs",
        "inTransaction": true,
        "partitionsOf": "test_runs",
        "sql": "ALTER INDEX idx_test_runs_author ATTACH PARTITION \"{name}_author\";"
      },
      {
        "title": "the index of rates",
        "inTransaction": true,
        "sql": "-- As the questions sort: a memory without confidence comes last.\nCREATE INDEX idx_healix_rate ON healix_memories (\n  team_id, (round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3)) DESC, confidence DESC NULLS LAST, id\n) WHERE success_count + failure_count >= 5 AND deleted_at IS NULL;"
      },
      {
        "title": "the end of the index that sorted otherwise",
        "inTransaction": true,
        "sql": "DROP INDEX IF EXISTS idx_healix_success_rate;"
      },
      {
        "title": "the sums of a month",
        "inTransaction": true,
        "partitionsOf": "test_runs",
        "sql": "-- Its uploads wait for as long as it takes to read its runs.\nLOCK TABLE ONLY {leaf} IN SHARE ROW EXCLUSIVE MODE;\nDO $sums$\nBEGIN\n  DELETE FROM run_days_pending WHERE leaf = '{leaf}'::regclass;\n  IF FOUND THEN\n    EXECUTE format(lukhas_run_sums(), 'SELECT 1 AS sign, r.* FROM {leaf} r');\n  END IF;\nEND\n$sums$;"
      },
      {
        "title": "the end of the waiting months",
        "inTransaction": true,
        "sql": "-- A statement that fired the function as it was would look for the table: until those have ended nothing is dropped.\nLOCK TABLE test_runs IN SHARE ROW EXCLUSIVE MODE;\nCREATE OR REPLACE FUNCTION lukhas_sum_runs() RETURNS trigger\nLANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$\nBEGIN\n  EXECUTE format(lukhas_run_sums(), CASE TG_OP\n    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'\n    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'\n    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END);\n  RETURN NULL;\nEND\n$$;\nDROP TABLE run_days_pending;"
      }
    ]
  },
  {
    "number": 21,
    "name": "branches",
    "checksum": "c115233358271662e1a4d8dc8ae0b1f1ac653288b9156f89328008cf67435a2c",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: keep which branches of a file were taken, so that those of a change can be told over all jobs of its commit.\n-- Locks: coverage_data, partitions of coverage_data: ACCESS EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: ALTER TABLE coverage_data DROP COLUMN executed_branches, DROP COLUMN missing_branches.\n\n-- Pairs {from line, to line}, as coverage.py lists them; a line below 1 is a way out of the function. NULL where a report lists none.\nALTER TABLE coverage_data ADD COLUMN executed_branches INTEGER[], ADD COLUMN missing_branches INTEGER[];\n"
      }
    ]
  },
  {
    "number": 22,
    "name": "tests-signature",
    "checksum": "23e34b24751f3c8d815bdfcac61702820152ca17c024c3c70685a3d2a995f892",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: tell runs that ran the same tests, so that the rows of tests that passed need not be read one by one.\n-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: ALTER TABLE test_runs DROP COLUMN tests_signature.\n\n-- Equal where two runs ran the same tests with equal outcomes, but for those that passed at once in one and failed in the other.\n-- NULL in a run of an older program: its rows are read.\nALTER TABLE test_runs ADD COLUMN tests_signature VARCHAR(16);\n"
      }
    ]
  },
  {
    "number": 23,
    "name": "report-counts",
    "checksum": "8638418643a9cd5efc8911089609a899b53261400a1cc60be67dd88cdf62c03e",
    "refusesOlder": false,
    "steps": [
      {
        "title": "all of it",
        "inTransaction": true,
        "sql": "-- Purpose: keep what each report of a run holds, where it had several, so that every job of the commit can tell it.\n-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE\n-- Older programs: go on uploading\n-- Reversible: ALTER TABLE test_runs DROP COLUMN report_counts.\n\n-- {\"tests\": 2, \"reports\": [{\"report\": \"results-3.12.xml\", \"passed\": 1, \"failed\": 1, \"skipped\": 0}], \"rest\": {\"reports\": 12, \"passed\": 24, …}}:\n-- at most 100 reports, those with failures before others; the rest added up. \"incomplete\": true where tests of one could not be read.\n-- NULL where a run had one report, and in runs of older programs.\nALTER TABLE test_runs ADD COLUMN report_counts JSONB;\n"
      }
    ]
  },
  {
    "number": 24,
    "name": "failures",
    "checksum": "4fbc775867c39a0f4ef09981cc9fc4e39b2ea064ed1f6d4ec2cd6e716490ea1b",
    "refusesOlder": false,
    "steps": [
      {
        "title": "the index of failures of the parent",
        "inTransaction": true,
        "sql": "-- A row of an index takes at most 2,704 bytes: a name takes up to 2,000, the drift signature 35.\nCREATE INDEX idx_test_results_failed_tests ON ONLY test_results (team_id, created_at, test_name)\n  INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE outcome IN ('failed', 'error');"
      },
      {
        "title": "the index of failures of a partition",
        "inTransaction": false,
        "partitionsOf": "test_results",
        "sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"{name}_failed_tests\" ON {leaf} (team_id, created_at, test_name)\n  INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE outcome IN ('failed', 'error');"
      },
      {
        "title": "attaching the index of failures",
        "inTransaction": true,
        "partitionsOf": "test_results",
        "sql": "ALTER INDEX idx_test_results_failed_tests ATTACH PARTITION \"{name}_failed_tests\";"
      },
      {
        "title": "the index that is no longer needed",
        "inTransaction": true,
        "sql": "DROP INDEX idx_test_results_failures;"
      }
    ]
  }
];
