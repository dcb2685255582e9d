import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{b as Lt,d as C}from"./chunk-BRHJKTBL.mjs";import{a as i,c as fa,d as $n,e as ha}from"./chunk-XDXRSEZP.mjs";var Pn=fa(ae=>{"use strict";ae.__esModule=!0;ae.distance=ae.closest=void 0;var X=new Uint32Array(65536),_a=i(function(e,t){for(var n=e.length,r=t.length,o=1<<n-1,s=-1,a=0,c=n,u=n;u--;)X[e.charCodeAt(u)]|=1<<u;for(u=0;u<r;u++){var l=X[t.charCodeAt(u)],d=l|a;l|=(l&s)+s^s,a|=~(l|s),s&=l,a&o&&c++,s&o&&c--,a=a<<1|1,s=s<<1|~(d|a),a&=d}for(u=n;u--;)X[e.charCodeAt(u)]=0;return c},"myers_32"),Ea=i(function(e,t){for(var n=t.length,r=e.length,o=[],s=[],a=Math.ceil(n/32),c=Math.ceil(r/32),u=0;u<a;u++)s[u]=-1,o[u]=0;for(var l=0;l<c-1;l++){for(var d=0,f=-1,h=l*32,_=Math.min(32,r)+h,p=h;p<_;p++)X[e.charCodeAt(p)]|=1<<p;for(var u=0;u<n;u++){var E=X[t.charCodeAt(u)],T=s[u/32|0]>>>u&1,R=o[u/32|0]>>>u&1,w=E|d,M=((E|R)&f)+f^f|E|R,v=d|~(M|f),O=f&M;v>>>31^T&&(s[u/32|0]^=1<<u),O>>>31^R&&(o[u/32|0]^=1<<u),v=v<<1|T,O=O<<1|R,f=O|~(w|v),d=v&w}for(var p=h;p<_;p++)X[e.charCodeAt(p)]=0}for(var L=0,k=-1,J=l*32,Ee=Math.min(32,r-J)+J,p=J;p<Ee;p++)X[e.charCodeAt(p)]|=1<<p;for(var oe=r,u=0;u<n;u++){var E=X[t.charCodeAt(u)],T=s[u/32|0]>>>u&1,R=o[u/32|0]>>>u&1,w=E|L,M=((E|R)&k)+k^k|E|R,v=L|~(M|k),O=k&M;oe+=v>>>r-1&1,oe-=O>>>r-1&1,v>>>31^T&&(s[u/32|0]^=1<<u),O>>>31^R&&(o[u/32|0]^=1<<u),v=v<<1|T,O=O<<1|R,k=O|~(w|v),L=v&w}for(var p=J;p<Ee;p++)X[e.charCodeAt(p)]=0;return oe},"myers_x"),Dn=i(function(e,t){if(e.length<t.length){var n=t;t=e,e=n}return t.length===0?e.length:e.length<=32?_a(e,t):Ea(e,t)},"distance");ae.distance=Dn;var Ta=i(function(e,t){for(var n=1/0,r=0,o=0;o<t.length;o++){var s=Dn(e,t[o]);s<n&&(n=s,r=o)}return t[r]},"closest");ae.closest=Ta});var zn=ha(Pn(),1);function al(e,t){let n=t.map(o=>({name:o,distance:o.startsWith(e)&&e.length>2?0:(0,zn.distance)(e,o)}));n.sort((o,s)=>o.distance-s.distance);let r=n[0];return r!==void 0&&r.distance<=Math.ceil(e.length/3)?r.name:void 0}i(al,"nearest");var Fn=["SET LOCAL datestyle = 'ISO, MDY'","SET LOCAL standard_conforming_strings = on","SET LOCAL extra_float_digits = 1"].join("; ");function Q(e,...t){return[`SET LOCAL search_path = ${ge(e)}, pg_temp`,Fn,...t].join("; ")}i(Q,"beginIn");function Te(...e){return["SELECT pg_catalog.set_config('lukhas.schemas', pg_catalog.current_schemas(false)::pg_catalog.text, true)","SET LOCAL search_path = pg_catalog, pg_temp",Fn,...e].join("; ")}i(Te,"beginInCatalog");function ga(e,...t){return[e,...t].join("; ")}i(ga,"andThen");function ll(e,t){return ga(e,`SET LOCAL statement_timeout = ${Math.round(t*.9)}`)}i(ll,"withTimeout");function ge(e){return`"${e.replaceAll('"','""')}"`}i(ge,"quoteName");var Me=[{number:1,name:"roles",checksum:"ace3829b64c5f8042b913ff0c294b80f4eb0a5a5d3bba140e399ee0cf08088a7",refusesOlder:!0,steps:[{title:"all of it",inTransaction:!0,sql:`-- Purpose: the list of applied migrations, the roles, and the rights on this database and schema.
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
--   CREATE TABLE … PARTITION OF would wait for every open upload and stop all new ones meanwhile.
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
-- Reversible: DROP POLICY, ALTER TABLE … DISABLE ROW LEVEL SECURITY, REVOKE.

-- The team of this session, or NULL. A bound credential has its own team whatever it sets, because the binding hangs on the
-- login (session_user), which SET ROLE does not change. A member of lukhas_service names the team per transaction:
-- set_config('lukhas.team_id', …, true). After such a transaction the setting is '', not NULL.
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
DROP TABLE run_days_pending;`}]}];function Na(e,t=Me){return e.transaction(()=>bt(e,t),{begin:Te()})}i(Na,"readSchemaState");async function St(e,t=Me){return yt(await Na(e,t))}i(St,"requireSchema");function yt(e){if(e.refused)throw Oa(e);if(e.applied<e.known)throw La(e);return e}i(yt,"accepted");async function bt(e,t=Me){let[n]=await e.query(`SELECT n.nspname::text AS schema, c.oid IS NOT NULL AS ours,
       c.oid IS NOT NULL AND NOT EXISTS (
         SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'oldest_program') AS replaced
     FROM unnest(current_setting('lukhas.schemas')::name[]) WITH ORDINALITY AS path (name, place)
     JOIN pg_namespace n ON n.nspname = path.name AND n.nspname <> 'pg_catalog' AND n.nspname NOT LIKE 'pg\\_temp%'
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lukhas_migrations' AND c.relkind = 'r'
       AND pg_get_userbyid(c.relowner) = 'lukhas_owner'
     ORDER BY c.oid IS NULL, path.place LIMIT 1`);if(n===void 0)throw new C({code:"database-schema-missing",message:"no schema of this login’s search_path exists in the database",fix:"Create it (CREATE SCHEMA …), or change the search_path: ALTER ROLE … SET search_path = …"});if(n.replaced)throw new C({code:"database-replaced",message:"this database was made by a build of lukhas-ingest from before its first release, and cannot be upgraded",fix:"Set up an empty database with `lukhas db setup` (embedded: move the data directory away). `lukhas healix export` of the old build and `lukhas healix import` of this one take the memories over."});let r={schema:n.schema,known:t.length};if(!n.ours){let c=await Aa(e),u=c===void 0?{}:{schema:c.schema,restored:c};return{...r,...u,applied:0,refused:!1,stepsDone:0}}let o=ge(n.schema),s=await e.query(`SELECT number, name, checksum, oldest_program FROM ${o}.lukhas_migrations ORDER BY number`);Ra(s,t);let[a]=await e.query(`SELECT count(*)::int AS done FROM ${o}.lukhas_migration_steps WHERE target = '' AND done_at IS NOT NULL`);return{...r,applied:s.length,refused:(s.at(-1)?.oldest_program??0)>t.length,stepsDone:a?.done??0}}i(bt,"lookAtSchema");function Ra(e,t){for(let[n,r]of e.slice(0,t.length).entries()){let o=t[n];if(!(r.number===o?.number&&r.checksum===o.checksum))throw new C({code:"database-history-differs",message:`migration ${r.number} of this database (${r.name}) is not the one this program knows`,fix:"The database was set up by another build of lukhas-ingest. Use that build, or a released one."})}}i(Ra,"checkHistory");async function Aa(e){let[t]=await e.query(`SELECT n.nspname::text AS schema, pg_get_userbyid(c.relowner)::text AS owner,
       c.relowner IN (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user OR r.rolsuper)
         OR c.relowner = (SELECT datdba FROM pg_database WHERE datname = current_database()) AS trusted
     FROM unnest(current_setting('lukhas.schemas')::name[]) WITH ORDINALITY AS path (name, place)
     JOIN pg_namespace n ON n.nspname = path.name AND n.nspname <> 'pg_catalog' AND n.nspname NOT LIKE 'pg\\_temp%'
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lukhas_migrations' AND c.relkind = 'r'
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oldest_program' ORDER BY path.place LIMIT 1`);return t}i(Aa,"lookForRestored");function Oa({applied:e,known:t}){return new C({code:"database-newer",message:`the database is newer than this program: it is at migration ${e}, this program knows ${t}`,fix:"Upgrade lukhas-ingest (npm install -g @lukhas/ingest@latest, or a newer version of the action)."})}i(Oa,"newerDatabase");function La(e){return e.restored!==void 0?new C({code:"database-restored",message:`the tables of the schema ${e.schema} belong to "${e.restored.owner}" and not to lukhas_owner, as after a dump was restored`,fix:"An administrator makes roles, owners and rights right: `lukhas db setup --team <slug>` (docs/restore.md)."}):e.applied===0?new C({code:"database-not-set-up",message:"this database is not set up for lukhas-ingest",fix:"An administrator sets it up: `lukhas db setup --team <slug>`."}):new C({code:"database-older",message:`the database is older than this program: it is at migration ${e.applied} of ${e.known}`,fix:"An administrator brings it up to date: `lukhas db migrate`."})}i(La,"olderDatabase");var Zn=["test_runs","test_results","coverage_data"],Mn=["teams","users","webauthn_credentials","healix_memories","shared_memories","test_runs","test_results","coverage_data","consciousness_reviews","user_preferences","sessions","ingest_uploads","missing_reports","healix_credits","test_aliases","healix_matches","run_days","test_lines","test_names","test_months","coverage_months","team_credentials","service_credentials"];var It="local";function Sa(e){if(e.length<=100&&/^[a-z0-9]+(-[a-z0-9]+)*$/.test(e))return e;let t=e.toLowerCase().replace(/[^a-z0-9]+/g,"-").replace(/^-+|-+$/g,"").slice(0,100);throw new Lt({code:"team-slug",message:`not a team slug: ${JSON.stringify(e.slice(0,120))}`,fix:`Small letters, digits and single hyphens, at most 100${t===""?"":`; for example ${t}`}.`})}i(Sa,"checkSlug");async function Bn(e,t){let{schema:n}=await St(e);return e.transaction(t,{begin:Q(n,"SET LOCAL ROLE lukhas_owner","SET LOCAL lock_timeout = 10000")})}i(Bn,"asOwner");async function Gn(e,t){let n=Sa(t.slug);return Bn(e,async()=>{let r=await e.query(`INSERT INTO teams (slug, name) VALUES ($1, $2)
       ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING RETURNING id`,[n,(t.name??n).slice(0,255)]),o=r[0]?.id??(await Hn(e,n))?.id;if(o===void 0)throw new C({code:"team-vanished",message:`the team ${n} was deleted meanwhile`});return{id:o,slug:n,added:r.length>0}})}i(Gn,"addTeam");async function Hn(e,t){let n=await e.query("SELECT id FROM teams WHERE slug = $1 AND deleted_at IS NULL",[t]);return n[0]===void 0?void 0:{id:n[0].id,slug:t}}i(Hn,"findTeam");function Wn(e){return new C({code:"team-unknown",message:`there is no team ${JSON.stringify(e.slice(0,120))} in this database`,fix:"`lukhas team list` shows the teams, `lukhas team add <slug>` adds one."})}i(Wn,"unknownTeam");async function kl(e,t){let{schema:n,session:r}=await e.transaction(()=>ya(e,t),{begin:Te()}).catch(async a=>{throw await Ca(e,a)??a}),{role:o}=r,s=e.embedded?void 0:xa(r);if(s===void 0&&r.open_tables.length>0)throw Ia(r.open_tables);if(e.embedded){let a=await va(e,n,t.teamSlug??It);return{role:o,team:a,schema:n,begin:Q(n,"SET LOCAL ROLE lukhas_service",Ct(a))}}if(s!==void 0){if(!t.allowPrivilegedRole)throw wa(o,s);let a=await xt(e,n,t.teamSlug,"SELECT id FROM teams WHERE slug = $1 AND deleted_at IS NULL");return{role:o,team:a,schema:n,begin:Q(n,Ct(a))}}if(!r.may_stage)throw new C({code:"database-no-temp",message:`"${o}" may not make temporary tables in this database, and uploads stage their rows in one`,fix:"As the database’s owner: GRANT TEMPORARY ON DATABASE … TO lukhas_ingest"});if(r.team_id!==null)return{role:o,team:ka(r,t),schema:n,begin:Q(n)};if(r.service){let a=await xt(e,n,t.teamSlug,"SELECT lukhas_find_team($1) AS id");return{role:o,team:a,schema:n,begin:Q(n,Ct(a))}}throw new C({code:"role-not-bound",message:`the login "${o}" is bound to no team, or its team was removed`,fix:`An administrator binds it: \`lukhas db grant --team <slug> --role ${o}\`.`})}i(kl,"openAccess");async function ya(e,t){let{schema:n}=yt(await bt(e,t.migrations)),r=ge(n),[o]=await e.query(`SELECT session_user::text AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
       pg_has_role(session_user, c.relowner, 'MEMBER') AS owns,
       ${r}.lukhas_serves() AS service,
       has_database_privilege(current_database(), 'TEMPORARY') AS may_stage,
       bound.team_id, (SELECT t.slug FROM ${r}.teams t WHERE t.id = bound.team_id) AS team_slug,
       ${ba("$2")} AS open_tables
     FROM pg_roles r, pg_class c, ${r}.lukhas_team_id() AS bound (team_id)
     WHERE r.rolname = session_user AND c.oid = to_regclass($1)`,[`${r}.test_runs`,n]);if(o===void 0)throw new Error("no row about the session itself");return{schema:n,session:o}}i(ya,"lookAtSession");var ba=i(e=>`ARRAY(
         SELECT c.relname::text FROM (
           SELECT to_regclass(quote_ident(${e}) || '.' || name) AS oid FROM unnest('{${Mn.join(",")}}'::text[]) AS ours (name)
           UNION ALL SELECT i.inhrelid FROM unnest('{${Zn.join(",")}}'::text[]) AS parents (name)
             JOIN pg_inherits i ON i.inhparent = to_regclass(quote_ident(${e}) || '.' || parents.name)
         ) AS tables JOIN pg_class c ON c.oid = tables.oid
         WHERE NOT c.relrowsecurity ORDER BY c.relname LIMIT 4)`,"openTables");function Ia(e){return new C({code:"database-unprotected",message:`row-level security is off on ${e.slice(0,3).join(", ")}${e.length>3?" and others":""}: nothing would keep one team’s rows from another`,fix:"An administrator mends it: `lukhas db setup --team <slug>`. Nothing was stored."})}i(Ia,"unprotected");async function Ca(e,t){if(!(t instanceof C)||t.sqlstate!=="42501")return;let[n]=await e.transaction(()=>e.query(`SELECT session_user::text AS role, (SELECT pg_has_role(session_user, r.oid, 'MEMBER') FROM pg_roles r
           WHERE r.rolname = 'lukhas_ingest') AS granted`),{begin:Te()});if(!(n===void 0||n.granted===null))return n.granted?new C({code:"database-rights",message:`lukhas_ingest, the role of "${n.role}", lacks a right in this database`,fix:"An administrator makes rights right: `lukhas db setup --team <slug>`; `lukhas db status` says which.",sqlstate:t.sqlstate,cause:t}):new C({code:"database-rights",message:`the login "${n.role}" is no member of lukhas_ingest, the role that uploads`,fix:`An administrator grants it: \`lukhas db grant --team <slug> --role ${n.role}\`.`,sqlstate:t.sqlstate,cause:t})}i(Ca,"explainRefusal");function Ul(e,t,n){return e.transaction(n,{begin:t.begin})}i(Ul,"inTeam");function Ct(e){if(!/^[0-9a-f-]{36}$/.test(e.id))throw new Error("a team id that is no UUID");return`SELECT set_config('lukhas.team_id', '${e.id}', true)`}i(Ct,"teamSetting");function xa(e){if(e.superuser)return"a superuser";if(e.bypasses)return"a role with BYPASSRLS";if(e.owns)return"an owner of the tables"}i(xa,"privilegeOf");function wa(e,t){return new C({code:"role-privileged",message:`"${e}" is ${t}: nothing would keep its uploads to one team`,fix:i(n=>{let r="Make a credential for uploads with `lukhas db setup --team <slug>` and use the URL it prints.",o=n("allowPrivilegedRole");return o===void 0?r:`${r} To go on regardless: \`lukhas-upload ${o}\`; other commands take an administrator with --team <slug>.`},"fix")})}i(wa,"privileged");async function va(e,t,n){return n===It?Gn(e,{slug:n}):xt(e,t,n,"SELECT id FROM teams WHERE slug = $1 AND deleted_at IS NULL")}i(va,"embeddedTeam");function ka(e,t){let{team_id:n,team_slug:r}=e;if(n===null||r===null)throw new Error("a bound session does not see its own team");let o={id:n,slug:r};if(t.teamSlug!==void 0&&t.teamSlug!==o.slug)throw new C({code:"team-mismatch",message:`the login "${e.role}" is bound to the team ${o.slug}, not to ${JSON.stringify(t.teamSlug.slice(0,120))}`,fix:i(s=>`Leave ${s("team")} away, or use that team’s own credential (\`lukhas db grant --team <slug> --role <login>\`).`,"fix")});return o}i(ka,"boundTeam");async function xt(e,t,n,r){if(n===void 0)throw new C({code:"team-missing",message:"this login works for many teams, and none was named",fix:i(s=>s("allowPrivilegedRole")===void 0?`Name its slug in ${s("team")}.`:`Name it: ${s("team")} <slug> or LUKHAS_TEAM.`,"fix")});let[o]=await e.transaction(()=>e.query(r,[n]),{begin:Q(t)});if(o===void 0||o.id===null)throw Wn(n);return{id:o.id,slug:n}}i(xt,"namedTeam");var N={};$n(N,{BIGINT_FORMAT_RANGES:()=>We,CONSTANT_CATCH:()=>nr,Class:()=>kt,NUMBER_FORMAT_RANGES:()=>Oe,aborted:()=>G,allowsEval:()=>zt,assert:()=>Fa,assertEqual:()=>Ua,assertIs:()=>Pa,assertNever:()=>za,assertNotEqual:()=>$a,assignProp:()=>F,attachSchema:()=>Le,base64ToUint8Array:()=>er,base64urlToUint8Array:()=>oc,cached:()=>Ne,captureStackTrace:()=>Ge,cleanEnum:()=>rc,cleanRegex:()=>Re,clone:()=>B,cloneDef:()=>Ba,codePointLength:()=>Se,constantCatch:()=>rr,createTransparentProxy:()=>Ya,defineLazy:()=>jn,defineLazyInternal:()=>A,derived:()=>cc,esc:()=>Dt,escapeRegex:()=>V,explicitlyAborted:()=>Mt,extend:()=>Ka,finalizeIssue:()=>H,floatSafeRemainder:()=>$t,getElementAtPath:()=>Ga,getEnumValues:()=>le,getLengthableOrigin:()=>ye,getParsedType:()=>ja,getSizableOrigin:()=>Qn,hexToUint8Array:()=>ic,hide:()=>Ye,installLazyProp:()=>mc,isObject:()=>ue,isPlainObject:()=>ne,issue:()=>me,joinValues:()=>Be,jsonStringifyReplacer:()=>de,members:()=>Gt,merge:()=>Qa,mergeDefs:()=>Y,normalizeParams:()=>g,nullish:()=>Ut,numKeys:()=>Xa,objectClone:()=>Za,omit:()=>qa,optionalKeys:()=>Zt,own:()=>te,parsedType:()=>Bt,partial:()=>ec,pick:()=>Va,prefixIssues:()=>q,primitiveTypes:()=>Kn,promiseAllObject:()=>Ha,propertyKeyTypes:()=>Ft,randomString:()=>Wa,rawShape:()=>Ae,required:()=>tc,safeExtend:()=>Ja,shallowClone:()=>qn,sizeCaps:()=>je,slugify:()=>Pt,stringifyPrimitive:()=>He,toZod:()=>Da,uint8ArrayToBase64:()=>tr,uint8ArrayToBase64url:()=>sc,uint8ArrayToHex:()=>ac,unwrapMessage:()=>ce});function Ua(e){return e}i(Ua,"assertEqual");function $a(e){return e}i($a,"assertNotEqual");function Da(){return e=>e}i(Da,"toZod");function Pa(e){}i(Pa,"assertIs");function za(e){throw new Error("Unexpected value in exhaustive check")}i(za,"assertNever");function Fa(e){}i(Fa,"assert");function le(e){let t=Object.values(e).filter(r=>typeof r=="number");return Object.entries(e).filter(([r,o])=>t.indexOf(+r)===-1).map(([r,o])=>o)}i(le,"getEnumValues");function Be(e,t="|"){return e.map(n=>He(n)).join(t)}i(Be,"joinValues");function de(e,t){return typeof t=="bigint"?t.toString():t}i(de,"jsonStringifyReplacer");var vt=class{static{i(this,"Cached")}constructor(t){this._getter=t,this._value=void 0}get value(){let t=this._getter;return t!==void 0&&(this._value=t(),this._getter=void 0),this._value}};function Ne(e){return new vt(e)}i(Ne,"cached");function Ut(e){return e==null}i(Ut,"nullish");function Re(e){let t=e.startsWith("^")?1:0,n=e.endsWith("$")?e.length-1:e.length;return e.slice(t,n)}i(Re,"cleanRegex");function $t(e,t){let n=e/t,r=Math.round(n),o=4*Number.EPSILON*Math.max(Math.abs(n),1);return Math.abs(n-r)<o?0:n-r}i($t,"floatSafeRemainder");var Xn=Symbol("evaluating");function jn(e,t,n){let r;Object.defineProperty(e,t,{get(){if(r!==Xn)return r===void 0&&(r=Xn,r=n()),r},set(o){Object.defineProperty(e,t,{value:o})},configurable:!0})}i(jn,"defineLazy");function Za(e){return Object.create(Object.getPrototypeOf(e),Object.getOwnPropertyDescriptors(e))}i(Za,"objectClone");function F(e,t,n){Object.defineProperty(e,t,{value:n,writable:!0,enumerable:!0,configurable:!0})}i(F,"assignProp");function Ae(e){let t=Object.getOwnPropertyDescriptor(e,"shape");return t?.get?t.get.raw:t?.value}i(Ae,"rawShape");function j(e){return Ae(e._zod.def)??e._zod.def.shape}i(j,"sourceShape");function Yn(e,t,n){Object.defineProperty(e,t,{get(){let r=n();return F(this,t,r),r},enumerable:!0,configurable:!0})}i(Yn,"deferProp");function Vn(e,t,n){t in e?F(e,t,n):e[t]=n}i(Vn,"putProp");function se(e,t,n,r){let o=j(t);for(let s of n){let a=Object.getOwnPropertyDescriptor(o,s);a.enumerable&&(a.get?Yn(e,s,()=>{let c=t._zod.def.shape[s];return r?r(c,s):c}):Vn(e,s,r?r(a.value,s):a.value))}}i(se,"mirrorShape");function Ma(e,t){for(let n of Reflect.ownKeys(t)){let r=Object.getOwnPropertyDescriptor(t,n);r.enumerable&&(r.get?Yn(e,n,()=>t[n]):Vn(e,n,r.value))}}i(Ma,"mirrorProps");function Y(...e){let t={};for(let n of e){let r=Object.getOwnPropertyDescriptors(n);Object.assign(t,r)}return Object.defineProperties({},t)}i(Y,"mergeDefs");function Ba(e){return Y(e._zod.def)}i(Ba,"cloneDef");function Ga(e,t){return t?t.reduce((n,r)=>n?.[r],e):e}i(Ga,"getElementAtPath");function Ha(e){let t=Object.keys(e),n=t.map(r=>e[r]);return Promise.all(n).then(r=>{let o={};for(let s=0;s<t.length;s++)o[t[s]]=r[s];return o})}i(Ha,"promiseAllObject");function Wa(e=10){let t="abcdefghijklmnopqrstuvwxyz",n="";for(let r=0;r<e;r++)n+=t[Math.floor(Math.random()*t.length)];return n}i(Wa,"randomString");function Dt(e){return JSON.stringify(e)}i(Dt,"esc");function Pt(e){return e.toLowerCase().trim().replace(/[^\w\s-]/g,"").replace(/[\s_-]+/g,"-").replace(/^-+|-+$/g,"")}i(Pt,"slugify");var Ge="captureStackTrace"in Error?Error.captureStackTrace:(...e)=>{};function ue(e){return typeof e=="object"&&e!==null&&!Array.isArray(e)}i(ue,"isObject");var zt=Ne(()=>{if(D.jitless)return!1;try{let e=Function;return new e(""),!0}catch{return!1}});function ne(e){if(ue(e)===!1)return!1;let t=e.constructor;if(t===void 0||typeof t!="function")return!0;let n=t.prototype;return!(ue(n)===!1||Object.prototype.hasOwnProperty.call(n,"isPrototypeOf")===!1)}i(ne,"isPlainObject");function qn(e){return ne(e)?{...e}:Array.isArray(e)?[...e]:e instanceof Map?new Map(e):e instanceof Set?new Set(e):e}i(qn,"shallowClone");function Xa(e){let t=0;for(let n in e)Object.prototype.hasOwnProperty.call(e,n)&&t++;return t}i(Xa,"numKeys");var ja=i(e=>{let t=typeof e;switch(t){case"undefined":return"undefined";case"string":return"string";case"number":return Number.isNaN(e)?"nan":"number";case"boolean":return"boolean";case"function":return"function";case"bigint":return"bigint";case"symbol":return"symbol";case"object":return Array.isArray(e)?"array":e===null?"null":e.then&&typeof e.then=="function"&&e.catch&&typeof e.catch=="function"?"promise":typeof Map<"u"&&e instanceof Map?"map":typeof Set<"u"&&e instanceof Set?"set":typeof Date<"u"&&e instanceof Date?"date":typeof File<"u"&&e instanceof File?"file":"object";default:throw new Error(`Unknown data type: ${t}`)}},"getParsedType"),Ft=new Set(["string","number","symbol"]),Kn=new Set(["string","number","bigint","boolean","symbol","undefined"]);function V(e){return e.replace(/[.*+?^${}()|[\]\\]/g,"\\$&")}i(V,"escapeRegex");function B(e,t,n){let r=new e._zod.constr(t??e._zod.def);return(!t||n?.parent)&&(r._zod.parent=e),r}i(B,"clone");function g(e){let t=e;if(!t)return{};if(typeof t=="string")return{error:i(()=>t,"error")};if(t?.message!==void 0){if(t?.error!==void 0)throw new Error("Cannot specify both `message` and `error` params");t.error=t.message}return delete t.message,typeof t.error=="string"?{...t,error:i(()=>t.error,"error")}:t}i(g,"normalizeParams");function Ya(e){let t;return new Proxy({},{get(n,r,o){return t??(t=e()),Reflect.get(t,r,o)},set(n,r,o,s){return t??(t=e()),Reflect.set(t,r,o,s)},has(n,r){return t??(t=e()),Reflect.has(t,r)},deleteProperty(n,r){return t??(t=e()),Reflect.deleteProperty(t,r)},ownKeys(n){return t??(t=e()),Reflect.ownKeys(t)},getOwnPropertyDescriptor(n,r){return t??(t=e()),Reflect.getOwnPropertyDescriptor(t,r)},defineProperty(n,r,o){return t??(t=e()),Reflect.defineProperty(t,r,o)}})}i(Ya,"createTransparentProxy");function He(e){return typeof e=="bigint"?e.toString()+"n":typeof e=="string"?`"${e}"`:`${e}`}i(He,"stringifyPrimitive");function Zt(e){return Object.keys(e).filter(t=>e[t]._zod.optin!==void 0&&e[t]._zod.optout==="optional")}i(Zt,"optionalKeys");var Oe={safeint:[Number.MIN_SAFE_INTEGER,Number.MAX_SAFE_INTEGER],int32:[-2147483648,2147483647],uint32:[0,4294967295],float32:[-34028234663852886e22,34028234663852886e22],float64:[-Number.MAX_VALUE,Number.MAX_VALUE]},We={int64:[BigInt("-9223372036854775808"),BigInt("9223372036854775807")],uint64:[BigInt(0),BigInt("18446744073709551615")]};function Va(e,t){let n=e._zod.def,r=n.checks;if(r&&r.length>0)throw new Error(".pick() cannot be used on object schemas containing refinements");let s={};return se(s,e,Xe(e,t)),B(e,Y(n,{shape:s,checks:[]}))}i(Va,"pick");function Xe(e,t){let n=j(e),r=[];for(let o of Reflect.ownKeys(t)){if(!Object.getOwnPropertyDescriptor(n,o)?.enumerable)throw new Error(`Unrecognized key: "${String(o)}"`);t[o]&&r.push(o)}return r}i(Xe,"maskedKeys");function qa(e,t){let n=e._zod.def,r=n.checks;if(r&&r.length>0)throw new Error(".omit() cannot be used on object schemas containing refinements");let s=new Set(Xe(e,t)),a={};return se(a,e,Reflect.ownKeys(j(e)).filter(c=>!s.has(c))),B(e,Y(n,{shape:a,checks:[]}))}i(qa,"omit");function Ka(e,t){if(!ne(t))throw new Error("Invalid input to extend: expected a plain object");let n=e._zod.def.checks;if(n&&n.length>0){let o=j(e);for(let s of Reflect.ownKeys(t))if(Object.getOwnPropertyDescriptor(o,s)!==void 0)throw new Error("Cannot overwrite keys on object schemas containing refinements. Use `.safeExtend()` instead.")}return B(e,Y(e._zod.def,{shape:Jn(e,t)}))}i(Ka,"extend");function Jn(e,t){let n={};return se(n,e,Reflect.ownKeys(j(e))),Ma(n,t),n}i(Jn,"extended");function Ja(e,t){if(!ne(t))throw new Error("Invalid input to safeExtend: expected a plain object");return B(e,Y(e._zod.def,{shape:Jn(e,t)}))}i(Ja,"safeExtend");function Qa(e,t){if(!t?._zod?.def)throw new Error("Invalid input to merge: expected an object schema. To merge a plain shape, use `.extend()`.");if(e._zod.def.checks?.length)throw new Error(".merge() cannot be used on object schemas containing refinements. Use .safeExtend() instead.");let n={};se(n,e,Reflect.ownKeys(j(e))),se(n,t,Reflect.ownKeys(j(t)));let r=Y(e._zod.def,{shape:n,get catchall(){return t._zod.def.catchall},checks:t._zod.def.checks??[]});return B(e,r)}i(Qa,"merge");function ec(e,t,n,r="partial"){let s=t._zod.def.checks;if(s&&s.length>0)throw new Error(`.${r}() cannot be used on object schemas containing refinements`);let c=n?new Set(Xe(t,n)):void 0,u={};return se(u,t,Reflect.ownKeys(j(t)),e&&((l,d)=>c&&!c.has(d)?l:new e({type:"optional",innerType:l}))),B(t,Y(t._zod.def,{shape:u,checks:[]}))}i(ec,"partial");function tc(e,t,n){let r=n?new Set(Xe(t,n)):void 0,o={};return se(o,t,Reflect.ownKeys(j(t)),(s,a)=>r&&!r.has(a)?s:new e({type:"nonoptional",innerType:s})),B(t,Y(t._zod.def,{shape:o}))}i(tc,"required");function G(e,t=0){if(e.aborted===!0)return!0;for(let n=t;n<e.issues.length;n++)if(e.issues[n]?.continue!==!0)return!0;return!1}i(G,"aborted");function Mt(e,t=0){if(e.aborted===!0)return!0;for(let n=t;n<e.issues.length;n++)if(e.issues[n]?.continue===!1)return!0;return!1}i(Mt,"explicitlyAborted");function q(e,t){return t.map(n=>{var r;return(r=n).path??(r.path=[]),n.path.unshift(e),n})}i(q,"prefixIssues");function ce(e){return typeof e=="string"?e:e?.message}i(ce,"unwrapMessage");function je(e){let t=[];for(let n of e??[]){let r=n._zod.def;if(!/_(length|size)$|_equals$/.test(r.check))break;let o=r.maximum??r.length??r.size;o>=0&&t.push([o,n])}return t}i(je,"sizeCaps");function Le(e,t,n){var r;for(let o=t;o<e.length;o++)(r=e[o]).schema??(r.schema=n)}i(Le,"attachSchema");function H(e,t,n){var r;let o=e.inst?._zod?.traits;o?.has("$ZodType")&&(o.has("$ZodCheck")?(r=e).schema??(r.schema=e.inst):e.schema=e.inst);let s=e.schema!==e.inst?e.schema?._zod.def?.error:void 0,a=e.message?e.message:ce(e.inst?._zod.def?.error?.(e))??ce(s?.(e))??ce(t?.error?.(e))??ce(n.customError?.(e))??ce(n.localeError?.(e))??"Invalid input",c={};for(let u of Object.keys(e))u==="inst"||u==="schema"||u==="continue"||u==="input"||u==="__proto__"||(c[u]=e[u]);return c.path??(c.path=[]),c.message=a,t?.reportInput&&(c.input=e.input),c}i(H,"finalizeIssue");function Qn(e){return e instanceof Set?"set":e instanceof Map?"map":e instanceof File?"file":"unknown"}i(Qn,"getSizableOrigin");var nc=/[\uD800-\uDBFF]/;function Se(e){let t=e.length;if(!nc.test(e))return t;let n=t;for(let r=0;r<t-1;r++)(e.charCodeAt(r)&64512)===55296&&(e.charCodeAt(r+1)&64512)===56320&&(n--,r++);return n}i(Se,"codePointLength");function ye(e){return Array.isArray(e)?"array":typeof e=="string"?"string":"unknown"}i(ye,"getLengthableOrigin");function Bt(e){let t=typeof e;switch(t){case"number":return Number.isNaN(e)?"nan":"number";case"object":{if(e===null)return"null";if(Array.isArray(e))return"array";let n=e;if(n&&Object.getPrototypeOf(n)!==Object.prototype&&"constructor"in n&&n.constructor)return n.constructor.name}}return t}i(Bt,"parsedType");function me(...e){let[t,n,r]=e;return typeof t=="string"?{message:t,code:"custom",input:n,inst:r}:{...t}}i(me,"issue");function rc(e){return Object.entries(e).filter(([t,n])=>Number.isNaN(Number.parseInt(t,10))).map(t=>t[1])}i(rc,"cleanEnum");function er(e){let t=atob(e),n=new Uint8Array(t.length);for(let r=0;r<t.length;r++)n[r]=t.charCodeAt(r);return n}i(er,"base64ToUint8Array");function tr(e){let t="";for(let n=0;n<e.length;n++)t+=String.fromCharCode(e[n]);return btoa(t)}i(tr,"uint8ArrayToBase64");function oc(e){let t=e.replace(/-/g,"+").replace(/_/g,"/"),n="=".repeat((4-t.length%4)%4);return er(t+n)}i(oc,"base64urlToUint8Array");function sc(e){return tr(e).replace(/\+/g,"-").replace(/\//g,"_").replace(/=/g,"")}i(sc,"uint8ArrayToBase64url");function ic(e){let t=e.replace(/^0x/,"");if(t.length%2!==0)throw new Error("Invalid hex string length");let n=new Uint8Array(t.length/2);for(let r=0;r<t.length;r+=2)n[r/2]=Number.parseInt(t.slice(r,r+2),16);return n}i(ic,"hexToUint8Array");function ac(e){return Array.from(e).map(t=>t.toString(16).padStart(2,"0")).join("")}i(ac,"uint8ArrayToHex");var kt=class{static{i(this,"Class")}constructor(...t){}};function Gt(e,t){for(let n in t){let r=Object.getOwnPropertyDescriptor(t,n);r.get?Object.defineProperty(e,n,{...r,enumerable:!1}):uc(e,n,r.value)}}i(Gt,"members");function te(e,t,n,r=!0){return Object.defineProperty(e,t,{configurable:!0,writable:!0,enumerable:r,value:n}),n}i(te,"own");function Ye(e,t,n){return te(e,t,n,!1)}i(Ye,"hide");function cc(e,t){for(let n in e){let r=e[n];Object.defineProperty(t,n,{configurable:!0,enumerable:!0,get(){return te(this,n,r(this))},set(o){te(this,n,o)}})}return t}i(cc,"derived");function uc(e,t,n){Object.defineProperty(e,t,{configurable:!0,get(){return this==null?n:te(this,t,n.bind(this))},set(r){te(this,t,r)}})}i(uc,"defineBound");function lc(e,t){let n=Object.getPrototypeOf(e);return t in n?void 0:n}i(lc,"claim");var wt,ee=!1,dc={configurable:!0,get(){ee=!0}};function A(e,t,n){let r=Object.getPrototypeOf(e._zod);if(t in r&&wt!==e._zod){wt=void 0;return}wt=e._zod,Object.defineProperty(r,t,{configurable:!0,get(){Object.defineProperty(this,t,dc);let o=ee;ee=!1;try{let s=n(this);return ee?delete this[t]:Object.defineProperty(this,t,{configurable:!0,writable:!0,value:s}),ee=ee||o,s}catch(s){throw delete this[t],ee=ee||o,s}},set(o){Object.defineProperty(this,t,{configurable:!0,writable:!0,value:o})}})}i(A,"defineLazyInternal");function mc(e,t,n,r){let o=lc(e,t);o&&Object.defineProperty(o,t,{configurable:!0,get(){let s={configurable:!0,writable:!0,enumerable:r,value:void 0};return Object.defineProperty(this,t,s),s.value=n(this),Object.defineProperty(this,t,s),s.value},set(s){Object.defineProperty(this,t,{configurable:!0,writable:!0,enumerable:r,value:s})}})}i(mc,"installLazyProp");var nr="~constantCatch";function rr(e){let t=i(()=>e,"fn");return t[nr]=!0,t}i(rr,"constantCatch");var or;var Ht={value:void 0,enumerable:!1},sr="captureStackTrace"in Error?Error:null;function pc(e){let t=sr;if(t){let n=t.stackTraceLimit;if(typeof n=="number"){try{t.stackTraceLimit=0}catch{return sr=null,new e}try{return new e}finally{t.stackTraceLimit=n}}}return new e}i(pc,"newError");function m(e,t,n,r){let o={};function s(h){this.def=h,this.constr=f,this.traits=new Set}i(s,"Internals"),s.prototype=o;let a=n,c=a&&new WeakSet;function u(h,_){if(h._zod){if(h._zod.traits.has(e))return}else{Ht.value=new s(_);try{Object.defineProperty(h,"_zod",Ht)}finally{Ht.value=void 0}}if(h._zod.traits.add(e),t(h,_),c){let E=Object.getPrototypeOf(h),T=h._zod.constr.prototype,R=E;for(;R&&R!==T;)R=Object.getPrototypeOf(R);let w=R??E;c.has(w)||(c.add(w),Gt(w,a))}let p=f.prototype;for(let E in p)Object.prototype.hasOwnProperty.call(p,E)&&(E in h||(h[E]=p[E].bind(h)))}i(u,"init");let l=r?.Parent??Object;class d extends l{static{i(this,"Definition")}}Object.defineProperty(d,"name",{value:e});function f(h){let _=r?.Parent?pc(d):this;u(_,h);let p=_._zod.deferred;if(p){for(let T of p)T();_._zod.deferred=void 0}let E=globalThis.__zod_globalConfig?.postProcessor;return E&&E(_),_}return i(f,"_"),Object.defineProperty(f,"init",{value:u}),Object.defineProperty(f,Symbol.hasInstance,{value:i(h=>r?.Parent&&h instanceof r.Parent?!0:h?._zod?.traits?.has(e),"value")}),Object.defineProperty(f,"name",{value:e}),f}i(m,"$constructor");var W=class extends Error{static{i(this,"$ZodAsyncError")}constructor(){super("Encountered Promise during synchronous parse. Use .parseAsync() instead.")}},pe=class extends Error{static{i(this,"$ZodEncodeError")}constructor(t){super(`Encountered unidirectional transform during encode: ${t}`),this.name="ZodEncodeError"}};(or=globalThis).__zod_globalConfig??(or.__zod_globalConfig={});var D=globalThis.__zod_globalConfig;function P(e){return e&&Object.assign(D,e),D}i(P,"config");function fc(){let e=this._zod;return e.message??(e.message=JSON.stringify(e.def,de,2)),e.message}i(fc,"_getMessage");function hc(e){this._zod.message=e}i(hc,"_setMessage");var _c={get:fc,set:hc,enumerable:!0,configurable:!0},Xt={value:void 0,enumerable:!1},ir=new WeakSet([Object.prototype,Error.prototype]),ar=i((e,t)=>{e.name="$ZodError",Xt.value=t,Object.defineProperty(e,"issues",Xt),Xt.value=void 0,Object.defineProperty(e,"message",_c);let n=Object.getPrototypeOf(e);ir.has(n)||(ir.add(n),Object.defineProperty(n,"toString",{configurable:!0,enumerable:!1,get(){let r=i(()=>this.message,"value");return Object.defineProperty(this,"toString",{value:r,configurable:!0,writable:!0}),r},set(r){Object.defineProperty(this,"toString",{value:r,configurable:!0,writable:!0})}}))},"initializer"),cr=m("$ZodError",ar),Bl=m("$ZodError",ar,void 0,{Parent:Error});function Ec(e,t,n){return Object.prototype.hasOwnProperty.call(e,t)||(t==="__proto__"?Object.defineProperty(e,t,{value:n(),writable:!0,enumerable:!0,configurable:!0}):e[t]=n()),e[t]}i(Ec,"node");function ur(e,t=n=>n.message){let n={},r=[];for(let o of e.issues)o.path.length>0?Ec(n,o.path[0],()=>[]).push(t(o)):r.push(t(o));return{formErrors:r,fieldErrors:n}}i(ur,"flattenError");function lr(e,t=n=>n.message){let n={_errors:[]},r=i((o,s=[])=>{for(let a of o.issues)if(a.code==="invalid_union"&&a.errors.length)a.errors.map(c=>r({issues:c},[...s,...a.path]));else if(a.code==="invalid_key")r({issues:a.issues},[...s,...a.path]);else if(a.code==="invalid_element")r({issues:a.issues},[...s,...a.path]);else{let c=[...s,...a.path];if(c.length===0)n._errors.push(t(a));else{let u=n,l=0;for(;l<c.length;){let d=c[l],f=l===c.length-1;if(d==="_errors"){f&&u._errors.push(t(a)),l++;continue}Object.prototype.hasOwnProperty.call(u,d)||Object.defineProperty(u,d,{value:{_errors:[]},enumerable:!0,writable:!0,configurable:!0});let h=u[d];f&&h._errors.push(t(a)),u=h,l++}}}},"processError");return r(e),n}i(lr,"formatError");function Ve(e,t){return{callee:t?.callee??e,Err:t?.Err}}i(Ve,"finalizeParams");var qe=i(e=>{let t=i((n,r,o,s)=>{let a=o?{...o,async:!1}:{async:!1},c=n._zod.run({value:r,issues:[]},a);if(c instanceof Promise)throw new W;if(c.issues.length){let u=new(s?.Err??e)(c.issues.map(l=>H(l,a,P())));throw Ge(u,s?.callee??t),u}return c.value},"fn");return t},"_parse");var Ke=i(e=>{let t=i(async(n,r,o,s)=>{let a=o?{...o,async:!0}:{async:!0},c=n._zod.run({value:r,issues:[]},a);if(c instanceof Promise&&(c=await c),c.issues.length){let u=new(s?.Err??e)(c.issues.map(l=>H(l,a,P())));throw Ge(u,s?.callee??t),u}return c.value},"fn");return t},"_parseAsync");var Je=i(e=>(t,n,r)=>{let o=r?{...r,async:!1}:{async:!1},s=t._zod.run({value:n,issues:[]},o);if(s instanceof Promise)throw new W;return s.issues.length?dr(e,s.issues,o):{success:!0,data:s.value}},"_safeParse");function dr(e,t,n){let r;return{success:!1,get error(){return r||(r=new e(t.map(o=>H(o,n,P()))),t=void 0,n=void 0),r},set error(o){r=o,t=void 0,n=void 0}}}i(dr,"failure");var Qe=i(e=>async(t,n,r)=>{let o=r?{...r,async:!0}:{async:!0},s=t._zod.run({value:n,issues:[]},o);return s instanceof Promise&&(s=await s),s.issues.length?dr(e,s.issues,o):{success:!0,data:s.value}},"_safeParseAsync");var Tc=Symbol.for("zod.compile.invalid"),gc=Symbol.for("zod.compile.fallback"),jt=i(((e,t,n)=>{let r=e._zod.bag.validator;if(r!==void 0){if(r(t)!==Tc)return!0;if(r.definite===!0&&n===void 0)return!1}return Nc(e,t,n)}),"validate");function Nc(e,t,n){let r=n?{...n,async:!1,abortEarly:!0}:{async:!1,abortEarly:!0},o=e._zod.bag.fallbackRun,s;if(o?(r[gc]=!0,s=o({value:t,issues:[]},r)):s=e._zod.run({value:t,issues:[]},r),s instanceof Promise)throw new W;return s.issues.length===0}i(Nc,"validateFallback");var Yt=i(async(e,t,n)=>{let r=n?{...n,async:!0,abortEarly:!0}:{async:!0,abortEarly:!0},o=e._zod.run({value:t,issues:[]},r);return o instanceof Promise&&(o=await o),o.issues.length===0},"validateAsync"),mr=i(e=>{let t=qe(e),n=i((r,o,s,a)=>{let c=s?{...s,direction:"backward"}:{direction:"backward"};return t(r,o,c,Ve(n,a))},"fn");return n},"_encode");var pr=i(e=>{let t=qe(e),n=i((r,o,s,a)=>t(r,o,s,Ve(n,a)),"fn");return n},"_decode");var fr=i(e=>{let t=Ke(e),n=i(async(r,o,s,a)=>{let c=s?{...s,direction:"backward"}:{direction:"backward"};return await t(r,o,c,Ve(n,a))},"fn");return n},"_encodeAsync");var hr=i(e=>{let t=Ke(e),n=i(async(r,o,s,a)=>await t(r,o,s,Ve(n,a)),"fn");return n},"_decodeAsync");var _r=i(e=>(t,n,r)=>{let o=r?{...r,direction:"backward"}:{direction:"backward"};return Je(e)(t,n,o)},"_safeEncode");var Er=i(e=>(t,n,r)=>Je(e)(t,n,r),"_safeDecode");var Tr=i(e=>async(t,n,r)=>{let o=r?{...r,direction:"backward"}:{direction:"backward"};return Qe(e)(t,n,o)},"_safeEncodeAsync");var gr=i(e=>async(t,n,r)=>Qe(e)(t,n,r),"_safeDecodeAsync");var Nr=/^[cC][0-9a-z]{6,}$/,Rr=/^[0-9a-z]+$/,Ar=/^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/,Or=/^[0-9a-vA-V]{20}$/,Lr=/^[A-Za-z0-9]{27}$/,Sr=/^[a-zA-Z0-9_-]{21}$/;function yr(e){return new RegExp(`^[a-zA-Z0-9_-]{${e}}$`)}i(yr,"nanoidOfLength");var br=/^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$/;var Ir=/^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$/,qt=i(e=>e?new RegExp(`^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-${e}[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$`):/^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/,"uuid");var Cr=/^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$/;var Rc="^(?=[\\s\\S]*[\\p{Extended_Pictographic}\\p{Regional_Indicator}\\u20E3])[\\p{Extended_Pictographic}\\p{Emoji_Component}]+$";function xr(){return new RegExp(Rc,"u")}i(xr,"emoji");var wr=/^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])$/,vr=/^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))$/;var kr=/^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\/([0-9]|[1-2][0-9]|3[0-2])$/,Ur=/^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))\/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$/,$r=/^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$/,Dr=/^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;var Pr=/^https?$/,zr=/^\+[1-9]\d{6,14}$/;var Fr="(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))";function Ac(e){return new RegExp(`^${e}$`)}i(Ac,"anchor");var Zr=Ac(Fr);function Vt(e){let t="(?:[01]\\d|2[0-3]):[0-5]\\d";return typeof e.precision=="number"?e.precision===-1?`${t}`:e.precision===0?`${t}:[0-5]\\d`:`${t}:[0-5]\\d\\.\\d{${e.precision}}`:e.seconds?`${t}:[0-5]\\d(?:\\.\\d+)?`:`${t}(?::[0-5]\\d(?:\\.\\d+)?)?`}i(Vt,"timeSource");function Mr(e){return new RegExp(`^${Vt(e)}$`)}i(Mr,"time");function Br(e){let t=["Z"];e.offset&&t.push("([+-](?:[01]\\d|2[0-3]):[0-5]\\d)");let n=`${Vt({precision:e.precision,seconds:!0})}(?:${t.join("|")})`,r=e.local?`${n}|${Vt({precision:e.precision})}`:n;return new RegExp(`^${Fr}T(?:${r})$`)}i(Br,"datetime");var Gr=/^[\s\S]{0,}$/;var Kt=/^-?\d+$/,be=/^-?\d+(?:\.\d+)?$/,Hr=/^(?:true|false)$/i,Wr=/^null$/i;var Xr=/^[^A-Z]*$/,jr=/^[^a-z]*$/;var U=m("$ZodCheck",(e,t)=>{var n;e._zod??(e._zod={}),e._zod.def=t,(n=e._zod).onattach??(n.onattach=[])});var Jt=i(e=>{let t=e.value;return!Ut(t)&&t.length!==void 0},"_whenHasLength"),et={number:"number",bigint:"bigint",object:"date"},Qt=m("$ZodCheckLessThan",(e,t)=>{U.init(e,t);let n=et[typeof t.value];e._zod.check=r=>{(t.inclusive?r.value<=t.value:r.value<t.value)||r.issues.push({origin:et[typeof r.value]??n,code:"too_big",maximum:typeof t.value=="object"?t.value.getTime():t.value,input:r.value,inclusive:t.inclusive,inst:e,continue:!t.abort})}}),en=m("$ZodCheckGreaterThan",(e,t)=>{U.init(e,t);let n=et[typeof t.value];e._zod.check=r=>{(t.inclusive?r.value>=t.value:r.value>t.value)||r.issues.push({origin:et[typeof r.value]??n,code:"too_small",minimum:typeof t.value=="object"?t.value.getTime():t.value,input:r.value,inclusive:t.inclusive,inst:e,continue:!t.abort})}}),Yr=m("$ZodCheckMultipleOf",(e,t)=>{U.init(e,t),e._zod.check=n=>{if(typeof n.value!=typeof t.value)throw new Error("Cannot mix number and bigint in multiple_of check.");(typeof n.value=="bigint"?t.value!==BigInt(0)&&n.value%t.value===BigInt(0):$t(n.value,t.value)===0)||n.issues.push({origin:typeof n.value,code:"not_multiple_of",divisor:t.value,input:n.value,inst:e,continue:!t.abort})}}),Vr=m("$ZodCheckNumberFormat",(e,t)=>{U.init(e,t),t.format=t.format||"float64";let n=t.format?.includes("int"),r=n?"int":"number",[o,s]=Oe[t.format];e._zod.check=a=>{let c=a.value;if(n){if(!Number.isInteger(c)){a.issues.push({expected:r,format:t.format,code:"invalid_type",continue:!1,input:c,inst:e});return}if(!Number.isSafeInteger(c)){c>0?a.issues.push({input:c,code:"too_big",maximum:Number.MAX_SAFE_INTEGER,note:"Integers must be within the safe integer range.",inst:e,origin:r,inclusive:!0,continue:!t.abort}):a.issues.push({input:c,code:"too_small",minimum:Number.MIN_SAFE_INTEGER,note:"Integers must be within the safe integer range.",inst:e,origin:r,inclusive:!0,continue:!t.abort});return}}c<o&&a.issues.push({origin:"number",input:c,code:"too_small",minimum:o,inclusive:!0,inst:e,continue:!t.abort}),c>s&&a.issues.push({origin:"number",input:c,code:"too_big",maximum:s,inclusive:!0,inst:e,continue:!t.abort})}});var qr=m("$ZodCheckMaxLength",(e,t)=>{var n;U.init(e,t),(n=e._zod.def).when??(n.when=Jt),e._zod.check=r=>{let o=r.value,s=o.length;if((typeof o=="string"&&s>t.maximum?Se(o):s)<=t.maximum)return;let c=ye(o);r.issues.push({origin:c,code:"too_big",maximum:t.maximum,inclusive:!0,input:o,inst:e,continue:!t.abort})}}),Kr=m("$ZodCheckMinLength",(e,t)=>{var n;U.init(e,t),(n=e._zod.def).when??(n.when=Jt),e._zod.check=r=>{let o=r.value,s=o.length;if((typeof o=="string"&&s>=t.minimum&&s<t.minimum*2?Se(o):s)>=t.minimum)return;let c=ye(o);r.issues.push({origin:c,code:"too_small",minimum:t.minimum,inclusive:!0,input:o,inst:e,continue:!t.abort})}}),Jr=m("$ZodCheckLengthEquals",(e,t)=>{var n;U.init(e,t),(n=e._zod.def).when??(n.when=Jt),e._zod.check=r=>{let o=r.value,s=o.length,a=typeof o=="string"&&s>=t.length&&s<=t.length*2?Se(o):s;if(a===t.length)return;let c=ye(o),u=a>t.length;r.issues.push({origin:c,...u?{code:"too_big",maximum:t.length}:{code:"too_small",minimum:t.length},inclusive:!0,exact:!0,input:r.value,inst:e,continue:!t.abort})}}),Ce=m("$ZodCheckStringFormat",(e,t)=>{var n,r;U.init(e,t),t.pattern?(n=e._zod).check??(n.check=o=>{t.pattern.lastIndex=0,!t.pattern.test(o.value)&&o.issues.push({origin:"string",code:"invalid_format",format:t.format,input:o.value,...t.pattern?{pattern:t.pattern.toString()}:{},inst:e,continue:!t.abort})}):(r=e._zod).check??(r.check=()=>{})}),Qr=m("$ZodCheckRegex",(e,t)=>{Ce.init(e,t),e._zod.check=n=>{t.pattern.lastIndex=0,!t.pattern.test(n.value)&&n.issues.push({origin:"string",code:"invalid_format",format:"regex",input:n.value,pattern:t.pattern.toString(),inst:e,continue:!t.abort})}}),eo=m("$ZodCheckLowerCase",(e,t)=>{t.pattern??(t.pattern=Xr),Ce.init(e,t)}),to=m("$ZodCheckUpperCase",(e,t)=>{t.pattern??(t.pattern=jr),Ce.init(e,t)}),no=m("$ZodCheckIncludes",(e,t)=>{U.init(e,t);let n=V(t.includes),r=new RegExp(typeof t.position=="number"?`^.{${t.position},}${n}`:n);t.pattern=r,e._zod.check=o=>{o.value.includes(t.includes,t.position)||o.issues.push({origin:"string",code:"invalid_format",format:"includes",includes:t.includes,input:o.value,inst:e,continue:!t.abort})}}),ro=m("$ZodCheckStartsWith",(e,t)=>{U.init(e,t);let n=new RegExp(`^${V(t.prefix)}.*`);t.pattern??(t.pattern=n),e._zod.check=r=>{r.value.startsWith(t.prefix)||r.issues.push({origin:"string",code:"invalid_format",format:"starts_with",prefix:t.prefix,input:r.value,inst:e,continue:!t.abort})}}),oo=m("$ZodCheckEndsWith",(e,t)=>{U.init(e,t);let n=new RegExp(`.*${V(t.suffix)}$`);t.pattern??(t.pattern=n),e._zod.check=r=>{r.value.endsWith(t.suffix)||r.issues.push({origin:"string",code:"invalid_format",format:"ends_with",suffix:t.suffix,input:r.value,inst:e,continue:!t.abort})}});var so=m("$ZodCheckOverwrite",(e,t)=>{U.init(e,t),e._zod.check=n=>{n.value=t.tx(n.value)}});var tt=class{static{i(this,"Doc")}constructor(t=[],n={}){this.content=[],this.indent=0,this.args=t,this.closed=n}indented(t){this.indent+=1;try{t(this)}finally{this.indent-=1}}write(t){if(typeof t=="function"){t(this,{execution:"sync"}),t(this,{execution:"async"});return}let r=t.split(`
`).filter(a=>a),o=Math.min(...r.map(a=>a.length-a.trimStart().length)),s=r.map(a=>a.slice(o)).map(a=>" ".repeat(this.indent*2)+a);for(let a of s)this.content.push(a)}compile(){let t=Function,n=this?.content??[""];return new t(...Object.keys(this.closed),`return function (${this.args.join(", ")}) {
${n.join(`
`)}
};`)(...Object.values(this.closed))}};var ao={major:4,minor:6,patch:7};var S=m("$ZodType",(e,t)=>{var n;e??(e={}),e._zod.def=t,e._zod.bag=e._zod.bag||{},e._zod.version=ao;let r=e._zod.def.checks,o=e._zod.traits.has("$ZodCheck")?[e,...r??[]]:r?.length?[...r]:[];for(let s of o)for(let a of s._zod.onattach)a(e);if(o.length===0)(n=e._zod).deferred??(n.deferred=[]),e._zod.deferred?.push(()=>{e._zod.run=e._zod.parse});else{let s=i((c,u,l)=>{if(c.memo)return c;let d=G(c),f;for(let h of u){if(h._zod.def.when){if(Mt(c)||!h._zod.def.when(c))continue}else if(d)continue;let _=c.issues.length,p=h._zod.check(c);if(p instanceof Promise&&l?.async===!1)throw new W;if(f||p instanceof Promise)f=(f??Promise.resolve()).then(async()=>{await p,c.issues.length!==_&&(Le(c.issues,_,e),d||(d=G(c,_)))});else{if(c.issues.length===_)continue;Le(c.issues,_,e),d||(d=G(c,_))}}return f?f.then(()=>c):c},"runChecks"),a=i((c,u,l)=>{if(G(c))return c.aborted=!0,c;let d=s(u,o,l);if(d instanceof Promise){if(l.async===!1)throw new W;return d.then(f=>e._zod.parse(f,l))}return e._zod.parse(d,l)},"handleCanaryResult");e._zod.run=(c,u)=>{if(u.skipChecks)return e._zod.parse(c,u);if(u.direction==="backward"){let d=e._zod.parse({value:c.value,issues:[]},{...u,skipChecks:!0});return d instanceof Promise?d.then(f=>a(f,c,u)):a(d,c,u)}let l=e._zod.parse(c,u);if(l instanceof Promise){if(u.async===!1)throw new W;return l.then(d=>s(d,o,u))}return s(l,o,u)}}},{get"~standard"(){return Ye(this,"~standard",nn(this))},set"~standard"(e){te(this,"~standard",e)}}),go=i((e,t)=>e.issues.length?{issues:e.issues.map(n=>H(n,t,P()))}:{value:e.value},"toStandardResult");async function Oc(e,t){let n={async:!0};return go(await e._zod.run({value:t,issues:[]},n),n)}i(Oc,"validateAsync");function nn(e){return{validate:i(t=>{let n={async:!1};try{let r=e._zod.run({value:t,issues:[]},n);if(!(r instanceof Promise))return go(r,n)}catch{}return Oc(e,t)},"validate"),vendor:"zod",version:1}}i(nn,"standardProps");var st=m("$ZodString",(e,t)=>{S.init(e,t),e._zod.pattern=t.pattern??Gr,e._zod.parse=(n,r)=>{if(t.coerce)try{n.value=String(n.value)}catch{}return typeof n.value=="string"||n.issues.push({expected:"string",code:"invalid_type",input:n.value,inst:e}),n}}),y=m("$ZodStringFormat",(e,t)=>{Ce.init(e,t),st.init(e,t)}),No=m("$ZodGUID",(e,t)=>{t.pattern??(t.pattern=Ir),y.init(e,t)}),Ro=m("$ZodUUID",(e,t)=>{if(t.version){let r={v1:1,v2:2,v3:3,v4:4,v5:5,v6:6,v7:7,v8:8}[t.version];if(r===void 0)throw new Error(`Invalid UUID version: "${t.version}"`);t.pattern??(t.pattern=qt(r))}else t.pattern??(t.pattern=qt());y.init(e,t)}),Ao=m("$ZodEmail",(e,t)=>{t.pattern??(t.pattern=Cr),y.init(e,t)}),Oo=1,rt=2;function Lo(e){try{return typeof URL<"u"&&typeof URL.canParse=="function"?URL.canParse(e):(new URL(e),!0)}catch{return!1}}i(Lo,"canParseURL");function Lc(e,t){return!("normalize"in t)&&!("hostname"in t)&&!("protocol"in t)?Lo(e)||rt:Sc(e,t)}i(Lc,"validateURL");function Sc(e,t){if(!t.normalize&&t.protocol?.source===Pr.source&&!/^https?:\/\//i.test(e))return Oo;try{if(typeof URL<"u"){let n=URL;if(typeof n.parse=="function")return n.parse(e)??rt}return new URL(e)}catch{return rt}}i(Sc,"parseURLObject");var yc=/[\t\n\r]/g;function co(e){return e.replace(yc,"")}i(co,"stripTabAndNewline");function bc(e,t){return t.lastIndex=0,t.test(e.hostname)}i(bc,"urlHostnameOk");function Ic(e,t){return t.lastIndex=0,t.test(e.protocol.endsWith(":")?e.protocol.slice(0,-1):e.protocol)}i(Ic,"urlProtocolOk");var So=m("$ZodURL",(e,t)=>{y.init(e,t),e._zod.check=n=>{try{let r=n.value.trim(),o=Lc(r,t);if(o===Oo){n.issues.push({code:"invalid_format",format:"url",note:"Invalid URL format",input:n.value,inst:e,continue:!t.abort});return}if(o===rt){n.issues.push({code:"invalid_format",format:"url",input:n.value,inst:e,continue:!t.abort});return}if(o===!0){n.value=co(r);return}t.hostname&&!bc(o,t.hostname)&&n.issues.push({code:"invalid_format",format:"url",note:"Invalid hostname",pattern:t.hostname.source,input:n.value,inst:e,continue:!t.abort}),t.protocol&&!Ic(o,t.protocol)&&n.issues.push({code:"invalid_format",format:"url",note:"Invalid protocol",pattern:t.protocol.source,input:n.value,inst:e,continue:!t.abort}),n.value=t.normalize?o.href:co(r);return}catch{n.issues.push({code:"invalid_format",format:"url",input:n.value,inst:e,continue:!t.abort})}}}),yo=m("$ZodEmoji",(e,t)=>{t.pattern??(t.pattern=xr()),y.init(e,t)}),bo=m("$ZodNanoID",(e,t)=>{if(t.length!==void 0&&(!Number.isInteger(t.length)||t.length<1))throw new Error(`Invalid nanoid length: ${t.length}`);t.pattern??(t.pattern=t.length===void 0?Sr:yr(t.length)),y.init(e,t)}),Io=m("$ZodCUID",(e,t)=>{t.pattern??(t.pattern=Nr),y.init(e,t)}),Co=m("$ZodCUID2",(e,t)=>{t.pattern??(t.pattern=Rr),y.init(e,t)}),xo=m("$ZodULID",(e,t)=>{t.pattern??(t.pattern=Ar),y.init(e,t)}),wo=m("$ZodXID",(e,t)=>{t.pattern??(t.pattern=Or),y.init(e,t)}),vo=m("$ZodKSUID",(e,t)=>{t.pattern??(t.pattern=Lr),y.init(e,t)}),ko=m("$ZodISODateTime",(e,t)=>{t.pattern??(t.pattern=Br(t)),y.init(e,t)}),Uo=m("$ZodISODate",(e,t)=>{t.pattern??(t.pattern=Zr),y.init(e,t)}),$o=m("$ZodISOTime",(e,t)=>{t.pattern??(t.pattern=Mr(t)),y.init(e,t)}),Do=m("$ZodISODuration",(e,t)=>{t.pattern??(t.pattern=br),y.init(e,t)}),Po=m("$ZodIPv4",(e,t)=>{t.pattern??(t.pattern=wr),y.init(e,t)}),Cc=/^[0-9a-fA-F:.]+$/;function zo(e){return Cc.test(e)?Lo(`http://[${e}]`):!1}i(zo,"isValidIPv6");var Fo=m("$ZodIPv6",(e,t)=>{t.pattern??(t.pattern=vr),y.init(e,t),e._zod.check=n=>{zo(n.value)||n.issues.push({code:"invalid_format",format:"ipv6",input:n.value,inst:e,continue:!t.abort})}});var Zo=m("$ZodCIDRv4",(e,t)=>{t.pattern??(t.pattern=kr),y.init(e,t)});function xc(e){let t=e.split("/");if(t.length!==2)return!1;let[n,r]=t;if(!r)return!1;let o=Number(r);return`${o}`!==r||o<0||o>128?!1:zo(n)}i(xc,"isValidCIDRv6");var Mo=m("$ZodCIDRv6",(e,t)=>{t.pattern??(t.pattern=Ur),y.init(e,t),e._zod.check=n=>{xc(n.value)||n.issues.push({code:"invalid_format",format:"cidrv6",input:n.value,inst:e,continue:!t.abort})}});function Bo(e){if(e==="")return!0;if(/\s/.test(e)||e.length%4!==0)return!1;try{return atob(e),!0}catch{return!1}}i(Bo,"isValidBase64");var rn=/^[0-9a-zA-Z+/]*={0,2}$/,Go=m("$ZodBase64",(e,t)=>{t.pattern??(t.pattern=rn),y.init(e,t),e._zod.check=n=>{Bo(n.value)||n.issues.push({code:"invalid_format",format:"base64",input:n.value,inst:e,continue:!t.abort})}}),it=/^[A-Za-z0-9_-]*$/;function wc(e){if(!it.test(e))return!1;let t=e.replace(/[-_]/g,r=>r==="-"?"+":"/"),n=t.padEnd(Math.ceil(t.length/4)*4,"=");return Bo(n)}i(wc,"isValidBase64URL");var Ho=m("$ZodBase64URL",(e,t)=>{t.pattern??(t.pattern=it),y.init(e,t),e._zod.check=n=>{wc(n.value)||n.issues.push({code:"invalid_format",format:"base64url",input:n.value,inst:e,continue:!t.abort})}}),Wo=m("$ZodE164",(e,t)=>{t.pattern??(t.pattern=zr),y.init(e,t)});function vc(e,t=null){try{let n=e.split(".");if(n.length!==3)return!1;let[r]=n;if(!r)return!1;let o=JSON.parse(atob(r));return!("typ"in o&&o?.typ!=="JWT"||!o.alg||t&&(!("alg"in o)||o.alg!==t))}catch{return!1}}i(vc,"isValidJWT");var Xo=m("$ZodJWT",(e,t)=>{y.init(e,t),e._zod.check=n=>{vc(n.value,t.alg)||n.issues.push({code:"invalid_format",format:"jwt",input:n.value,inst:e,continue:!t.abort})}});var on=m("$ZodNumber",(e,t)=>{S.init(e,t),e._zod.pattern=be,e._zod.parse=(n,r)=>{if(t.coerce)try{n.value=Number(n.value)}catch{}let o=n.value;if(typeof o=="number"&&!Number.isNaN(o)&&Number.isFinite(o))return n;let s=typeof o=="number"?Number.isNaN(o)?"NaN":Number.isFinite(o)?void 0:String(o):void 0;return n.issues.push({expected:"number",code:"invalid_type",input:o,inst:e,...s?{received:s}:{}}),n}}),jo=m("$ZodNumberFormat",(e,t)=>{Vr.init(e,t),on.init(e,t)}),Yo=m("$ZodBoolean",(e,t)=>{S.init(e,t),e._zod.pattern=Hr,e._zod.parse=(n,r)=>{if(t.coerce)try{n.value=!!n.value}catch{}let o=n.value;return typeof o=="boolean"||n.issues.push({expected:"boolean",code:"invalid_type",input:o,inst:e}),n}});var Vo=m("$ZodNull",(e,t)=>{S.init(e,t),e._zod.pattern=Wr,e._zod.values=new Set([null]),e._zod.parse=(n,r)=>{let o=n.value;return o===null||n.issues.push({expected:"null",code:"invalid_type",input:o,inst:e}),n}});var qo=m("$ZodUnknown",(e,t)=>{S.init(e,t),e._zod.parse=n=>n}),Ko=m("$ZodNever",(e,t)=>{S.init(e,t),e._zod.parse=(n,r)=>(n.issues.push({expected:"never",code:"invalid_type",input:n.value,inst:e}),n)});function kc(e,t){let n=je(e._zod.def.checks);if(!n.length)return;let r=Math.min(...n.map(s=>s[0])),o=e._zod.parse;e._zod.parse=(s,a)=>{let c=t(s.value);if(c>r&&!a?.skipChecks&&a?.direction!=="backward"){for(let[u,l]of je(e._zod.def.checks))if(c>u&&l._zod.def.when(s)){let d=s.issues.length;return l._zod.check(s),s.issues[d].continue=!1,Le(s.issues,d,e),s}}return o(s,a)}}i(kc,"capSize");var Uc=i(e=>Array.isArray(e)?e.length:-1,"arraySize");function uo(e,t,n){e.issues.length&&t.issues.push(...q(n,e.issues)),t.value[n]=e.value}i(uo,"handleArrayResult");var Jo=m("$ZodArray",(e,t)=>{S.init(e,t);let n=D.memoizer;n?.attach(e),e._zod.parse=(r,o)=>{let s=r.value;if(!Array.isArray(s))return r.issues.push({expected:"array",code:"invalid_type",input:s,inst:e}),r;r.value=n?n.alloc(e,r,Array(s.length),o):Array(s.length);let a=[],c=o?.abortEarly;for(let u=0;u<s.length;u++){let l=s[u],d=t.element._zod.run({value:l,issues:[]},o);if(d instanceof Promise)a.push(d.then(f=>uo(f,r,u)));else if(uo(d,r,u),c&&d.issues.length!==0&&G(d))break}return a.length?Promise.all(a).then(()=>r):r},kc(e,Uc)});function ot(e,t,n,r,o,s){let a=n in r,c=s==="optional";if(!(!a&&c&&o==="optional")){if(e.issues.length){if(o!==void 0&&c&&!a)return;t.issues.push(...q(n,e.issues))}if(!a&&o===void 0){e.issues.length||t.issues.push({code:"invalid_type",expected:"nonoptional",input:void 0,path:[n]});return}e.value===void 0?(a||o==="defaulted"&&!c)&&(t.value[n]=void 0):t.value[n]=e.value}}i(ot,"handlePropertyResult");var $c=[];function Qo(e){let t=Object.keys(e.shape),n=Object.getOwnPropertySymbols(e.shape),r=n.length?n:$c,o=r.length?[...t,...r]:t;for(let a of o)if(!e.shape?.[a]?._zod?.traits?.has("$ZodType"))throw new Error(`Invalid element at key "${String(a)}": expected a Zod schema`);let s=Zt(e.shape);return{...e,allKeys:o,symbolKeys:r,keySet:new Set(t),numKeys:t.length,optionalKeys:new Set(s)}}i(Qo,"normalizeDef");function es(e,t,n,r,o,s,a){let c=[],u=o.keySet,l=o.catchall._zod,d=l.def.type,f=l.optin,h=l.optout,_=0;for(let p in t){if(a&&n.issues.length!==_){if(G(n,_))break;_=n.issues.length}if(u.has(p))continue;if(p==="__proto__"){d==="never"&&c.push(p);continue}if(d==="never"){c.push(p);continue}let E=l.run({value:t[p],issues:[]},r);E instanceof Promise?e.push(E.then(T=>ot(T,n,p,t,f,h))):ot(E,n,p,t,f,h)}return c.length&&n.issues.push({code:"unrecognized_keys",keys:c,input:t,inst:s,continue:!0}),e.length?Promise.all(e).then(()=>n):n}i(es,"handleCatchall");var Dc=m("$ZodObject",(e,t)=>{S.init(e,t);let n=Object.getOwnPropertyDescriptor(t,"shape"),r=n?.get?n.get.raw:t.shape??{};if(r){let l=i(()=>{let d={...r};return Object.defineProperty(t,"shape",{value:d}),l.raw=d,d},"get");l.raw=r,Object.defineProperty(t,"shape",{get:l})}let o=Ne(()=>Qo(t));A(e,"propValues",l=>{let d=l.def.shape,f={};for(let h in d){let _=d[h]._zod;if(_.values){Object.prototype.hasOwnProperty.call(f,h)||F(f,h,new Set);for(let p of _.values)f[h].add(p);_.optin!==void 0&&f[h].add(void 0)}}return f});let s=ue,a=t.catchall,c,u=D.memoizer;u?.attach(e),e._zod.parse=(l,d)=>{c??(c=o.value);let f=l.value;if(!s(f))return l.issues.push({expected:"object",code:"invalid_type",input:f,inst:e}),l;l.value=u?u.alloc(e,l,{},d):{};let h=[],_=c.shape,p=d?.abortEarly,E=l.issues.length;for(let T of c.allKeys){if(p&&l.issues.length!==E){if(G(l,E))break;E=l.issues.length}if(T==="__proto__")continue;let R=_[T],w=R._zod.optin,M=R._zod.optout,v=R._zod.run({value:f[T],issues:[]},d);v instanceof Promise?h.push(v.then(O=>ot(O,l,T,f,w,M))):ot(v,l,T,f,w,M)}return a?es(h,f,l,d,o.value,e,p===!0):h.length?Promise.all(h).then(()=>l):l}}),ts=m("$ZodObjectJIT",(e,t)=>{Dc.init(e,t);let n=e._zod.parse,r=Ne(()=>Qo(t)),o=D.memoizer,s=i(_=>{let p=r.value,E=p.symbolKeys,T=new tt(["payload","ctx"],{shape:_,inst:e,memo:o,syms:E}),R=i(O=>`shape[${O}]._zod.run({ value: input[${O}], issues: [] }, ctx)`,"parseStr"),w=i((O,L)=>`
          let ${O}_ab = false;
          for (let i = 0; i < ${O}.issues.length; i++) {
            const iss = ${O}.issues[i];
            iss.path = iss.path ? [${L}, ...iss.path] : [${L}];
            payload.issues.push(iss);
            if (iss.continue !== true) ${O}_ab = true;
          }
          if (${O}_ab && ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }`,"prefixStr");T.write("const input = payload.value;");let M=Object.create(null),v=0;for(let O of p.allKeys)M[O]=`key_${v++}`;T.write(o?"const newResult = memo.alloc(inst, payload, {}, ctx);":"const newResult = {};");for(let O of p.allKeys){if(O==="__proto__")continue;let L=M[O],k=typeof O=="symbol"?`syms[${E.indexOf(O)}]`:Dt(O),J=`${k} in input`,Ee=_[O],oe=Ee?._zod?.optin,Un=oe!==void 0,ma=Ee?._zod?.optout==="optional";if(T.write(`const ${L} = ${R(k)};`),Un&&ma){let pa=oe==="optional"?`${L}_present`:`${L}.value !== undefined || ${L}_present`;T.write(`
        const ${L}_present = ${J};
        if (!${L}.issues.length || ${L}_present) {
          if (${L}.issues.length) {${w(L,k)}
          }

          if (${pa}) {
            newResult[${k}] = ${L}.value;
          }
        }

      `)}else Un?(T.write(`
        if (${L}.issues.length) {${w(L,k)}
        }
      `),oe==="defaulted"?T.write(`newResult[${k}] = ${L}.value;`):T.write(`
        if (${L}.value !== undefined || ${J}) {
          newResult[${k}] = ${L}.value;
        }
      `)):T.write(`
        const ${L}_present = ${J};
        if (${L}.issues.length) {${w(L,k)}
        }
        if (!${L}_present && !${L}.issues.length) {
          payload.issues.push({
            code: "invalid_type",
            expected: "nonoptional",
            input: undefined,
            path: [${k}]
          });
          if (ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }
        }

        if (${L}_present) {
          newResult[${k}] = ${L}.value;
        }

      `)}return T.write("payload.value = newResult;"),T.write("return payload;"),T.compile()},"generateFastpass"),a,c=ue,u=!D.jitless,d=u&&zt.value,f=t.catchall,h;e._zod.parse=(_,p)=>{h??(h=r.value);let E=_.value;return c(E)?u&&d&&p?.async===!1&&p.jitless!==!0?(a||(a=s(t.shape)),_=a(_,p),f?es([],E,_,p,h,e,p?.abortEarly===!0):_):n(_,p):(_.issues.push({expected:"object",code:"invalid_type",input:E,inst:e}),_)}});function lo(e,t,n,r){for(let s of e)if(s.issues.length===0)return t.value=s.value,t;let o=e.filter(s=>!G(s));return o.length===1?(t.value=o[0].value,o[0]):(t.issues.push({code:"invalid_union",input:t.value,inst:n,errors:e.map(s=>s.issues.map(a=>H(a,r,P())))}),t)}i(lo,"handleUnionResults");var ns=m("$ZodUnion",(e,t)=>{S.init(e,t),A(e,"optin",r=>r.def.options.some(o=>o._zod.optin==="defaulted")?"defaulted":r.def.options.some(o=>o._zod.optin!==void 0)?"optional":void 0),A(e,"optout",r=>r.def.options.some(o=>o._zod.optout==="optional")?"optional":void 0),A(e,"values",r=>{if(r.def.options.every(o=>o._zod.values))return new Set(r.def.options.flatMap(o=>Array.from(o._zod.values)))}),A(e,"pattern",r=>{if(r.def.options.every(o=>o._zod.pattern)){let o=r.def.options.map(s=>s._zod.pattern);return new RegExp(`^(${o.map(s=>Re(s.source)).join("|")})$`)}});let n=t.options.length===1?t.options[0]._zod.run:null;e._zod.parse=(r,o)=>{if(n)return n(r,o);let s=!1,a=[];for(let c of t.options){let u=c._zod.run({value:r.value,issues:[]},o);if(u instanceof Promise)a.push(u),s=!0;else{if(u.issues.length===0)return u;a.push(u)}}return s?Promise.all(a).then(c=>lo(c,r,e,o)):lo(a,r,e,o)}});var rs=m("$ZodIntersection",(e,t)=>{S.init(e,t),e._zod.parse=(n,r)=>{let o=n.value,s=t.left._zod.run({value:o,issues:[]},r),a=t.right._zod.run({value:o,issues:[]},r);return s instanceof Promise||a instanceof Promise?Promise.all([s,a]).then(([u,l])=>mo(n,u,l)):mo(n,s,a)}});function tn(e,t){if(e===t)return{valid:!0,data:e};if(e instanceof Date&&t instanceof Date&&+e==+t)return{valid:!0,data:e};if(ne(e)&&ne(t)){let n=Object.keys(t),r=Object.keys(e).filter(s=>n.indexOf(s)!==-1),o={...e,...t};Object.prototype.hasOwnProperty.call(o,"__proto__")&&delete o.__proto__;for(let s of r){if(s==="__proto__")continue;let a=tn(e[s],t[s]);if(!a.valid)return{valid:!1,mergeErrorPath:[s,...a.mergeErrorPath]};o[s]=a.data}return{valid:!0,data:o}}if(Array.isArray(e)&&Array.isArray(t)){if(e.length!==t.length)return{valid:!1,mergeErrorPath:[]};let n=[];for(let r=0;r<e.length;r++){let o=e[r],s=t[r],a=tn(o,s);if(!a.valid)return{valid:!1,mergeErrorPath:[r,...a.mergeErrorPath]};n.push(a.data)}return{valid:!0,data:n}}return{valid:!1,mergeErrorPath:[]}}i(tn,"mergeValues");function mo(e,t,n){let r=new Map,o,s=new Map,a=i((l,d)=>{let f;if(l.code==="unrecognized_keys"&&!l.path?.length)o??(o=l),f=l.keys;else if(l.code==="invalid_key"&&l.origin==="record"&&l.path?.length===1){let h=String(l.path[0]);s.has(h)||s.set(h,l),f=[h]}else return!1;for(let h of f)r.has(h)||r.set(h,{}),r.get(h)[d]=!0;return!0},"collect");for(let l of t.issues)a(l,"l")||e.issues.push(l);for(let l of n.issues)a(l,"r")||e.issues.push(l);let c=[...r].filter(([,l])=>l.l&&l.r).map(([l])=>l);if(c.length){let l=o?c.filter(d=>o.keys.includes(d)):[];l.length&&e.issues.push({...o,keys:l});for(let d of c)!l.includes(d)&&s.has(d)&&e.issues.push(s.get(d))}let u=tn(t.value,n.value);if(!u.valid){if(G(e))return e;throw new Error(`Unmergable intersection. Error path: ${JSON.stringify(u.mergeErrorPath)}`)}return e.value=u.data,e}i(mo,"handleIntersectionResults");var os=m("$ZodRecord",(e,t)=>{S.init(e,t);let n=D.memoizer;n?.attach(e),e._zod.parse=(r,o)=>{let s=r.value;if(!ne(s))return r.issues.push({expected:"record",code:"invalid_type",input:s,inst:e}),r;let a=[],c=t.keyType._zod.values;if(c&&!t.partial){r.value=n?n.alloc(e,r,{},o):{};let u=new Set;for(let d of c)if(typeof d=="string"||typeof d=="number"||typeof d=="symbol"){if(u.add(typeof d=="number"?d.toString():d),d==="__proto__")continue;let f=t.keyType._zod.run({value:d,issues:[]},o);if(f instanceof Promise)throw new Error("Async schemas not supported in object keys currently");if(f.issues.length){r.issues.push({code:"invalid_key",origin:"record",issues:f.issues.map(p=>H(p,o,P())),input:d,path:[d],inst:e});continue}let h=f.value;if(h==="__proto__")continue;let _=t.valueType._zod.run({value:s[d],issues:[]},o);_ instanceof Promise?a.push(_.then(p=>{p.issues.length&&r.issues.push(...q(d,p.issues)),r.value[h]=p.value})):(_.issues.length&&r.issues.push(...q(d,_.issues)),r.value[h]=_.value)}let l;for(let d in s)if(!u.has(d))if(t.mode==="loose"){if(d==="__proto__")continue;r.value[d]=s[d]}else l=l??[],l.push(d);l&&l.length>0&&r.issues.push({code:"unrecognized_keys",input:s,inst:e,keys:l,continue:!0})}else{r.value=n?n.alloc(e,r,{},o):{};let u;for(let l of Reflect.ownKeys(s)){if(l==="__proto__"||!Object.prototype.propertyIsEnumerable.call(s,l))continue;let d=t.keyType._zod.run({value:l,issues:[]},o);if(d instanceof Promise)throw new Error("Async schemas not supported in object keys currently");if(typeof l=="string"&&be.test(l)&&d.issues.length){let p=t.keyType._zod.run({value:Number(l),issues:[]},o);if(p instanceof Promise)throw new Error("Async schemas not supported in object keys currently");p.issues.length===0&&(d=p)}if(d.issues.length){t.mode==="loose"?r.value[l]=s[l]:c?(u=u??[],u.push(l)):r.issues.push({code:"invalid_key",origin:"record",issues:d.issues.map(p=>H(p,o,P())),input:l,path:[l],inst:e});continue}let h=d.value;if(h==="__proto__")continue;let _=t.valueType._zod.run({value:s[l],issues:[]},o);_ instanceof Promise?a.push(_.then(p=>{p.issues.length&&r.issues.push(...q(l,p.issues)),r.value[h]=p.value})):(_.issues.length&&r.issues.push(...q(l,_.issues)),r.value[h]=_.value)}u&&u.length>0&&r.issues.push({code:"unrecognized_keys",input:s,inst:e,keys:u,continue:!0})}return a.length?Promise.all(a).then(()=>r):r}});var ss=m("$ZodEnum",(e,t)=>{S.init(e,t);let n=le(t.entries),r=new Set(n);e._zod.values=r,A(e,"pattern",o=>{let s=le(o.def.entries).filter(a=>Ft.has(typeof a));return new RegExp(s.length?`^(${s.map(a=>V(a.toString())).join("|")})$`:"^[^\\s\\S]$")}),e._zod.parse=(o,s)=>{let a=o.value;return r.has(a)||o.issues.push({code:"invalid_value",values:n,input:a,inst:e}),o}}),is=m("$ZodLiteral",(e,t)=>{S.init(e,t);let n=new Set(t.values);e._zod.values=n,A(e,"pattern",r=>{let o=r.def.values;return new RegExp(o.length?`^(${o.map(s=>typeof s=="string"?V(s):s?V(s.toString()):String(s)).join("|")})$`:"^[^\\s\\S]$")}),e._zod.parse=(r,o)=>{let s=r.value;return n.has(s)||r.issues.push({code:"invalid_value",values:t.values,input:s,inst:e}),r}});var as=m("$ZodTransform",(e,t)=>{S.init(e,t),e._zod.optin="optional",D.memoizer?.guard(e),e._zod.parse=(n,r)=>{if(r.direction==="backward")throw new pe(e.constructor.name);let o=t.transform(n.value,n);if(r.async)return(o instanceof Promise?o:Promise.resolve(o)).then(a=>(n.value=a,n));if(o instanceof Promise)throw new W;return n.value=o,n}});function po(e,t){return e.value=t.issues.length?void 0:t.value,e}i(po,"handleOptionalResult");var sn=m("$ZodOptional",(e,t)=>{S.init(e,t),A(e,"optin",n=>n.def.innerType._zod.optin==="defaulted"?"defaulted":"optional"),e._zod.optout="optional",A(e,"values",n=>{let r=n.def.innerType._zod.values;return r?new Set([...r,void 0]):void 0}),A(e,"pattern",n=>{let r=n.def.innerType._zod.pattern;return r?new RegExp(`^(${Re(r.source)})?$`):void 0}),e._zod.parse=(n,r)=>{if(n.value===void 0){if(t.innerType._zod.optin!=="defaulted")return n;let o=t.innerType._zod.run({value:n.value,issues:[]},r);return o instanceof Promise?o.then(s=>po(n,s)):po(n,o)}return t.innerType._zod.run(n,r)}}),cs=m("$ZodExactOptional",(e,t)=>{sn.init(e,t),A(e,"values",n=>n.def.innerType._zod.values),A(e,"pattern",n=>n.def.innerType._zod.pattern),e._zod.parse=(n,r)=>t.innerType._zod.run(n,r)}),us=m("$ZodNullable",(e,t)=>{S.init(e,t),A(e,"optin",n=>n.def.innerType._zod.optin),A(e,"optout",n=>n.def.innerType._zod.optout),A(e,"pattern",n=>{let r=n.def.innerType._zod.pattern;return r?new RegExp(`^(${Re(r.source)}|null)$`):void 0}),A(e,"values",n=>n.def.innerType._zod.values?new Set([...n.def.innerType._zod.values,null]):void 0),e._zod.parse=(n,r)=>n.value===null?n:t.innerType._zod.run(n,r)}),ls=m("$ZodDefault",(e,t)=>{S.init(e,t),e._zod.optin="defaulted",A(e,"values",n=>n.def.innerType._zod.values),e._zod.parse=(n,r)=>{if(r.direction==="backward")return t.innerType._zod.run(n,r);if(n.value===void 0)return n.value=t.defaultValue,n;let o=t.innerType._zod.run(n,r);return o instanceof Promise?o.then(s=>fo(s,t)):fo(o,t)}});function fo(e,t){return e.value===void 0&&(e.value=t.defaultValue),e}i(fo,"handleDefaultResult");var ds=m("$ZodPrefault",(e,t)=>{S.init(e,t),e._zod.optin="defaulted",A(e,"values",n=>n.def.innerType._zod.values),e._zod.parse=(n,r)=>(r.direction==="backward"||n.value===void 0&&(n.value=t.defaultValue),t.innerType._zod.run(n,r))}),ms=m("$ZodNonOptional",(e,t)=>{S.init(e,t),A(e,"values",n=>{let r=n.def.innerType._zod.values;return r?new Set([...r].filter(o=>o!==void 0)):void 0}),e._zod.parse=(n,r)=>{let o=t.innerType._zod.run(n,r);return o instanceof Promise?o.then(s=>ho(s,e)):ho(o,e)}});function ho(e,t){return!e.issues.length&&e.value===void 0&&e.issues.push({code:"invalid_type",expected:"nonoptional",input:e.value,inst:t}),e}i(ho,"handleNonOptionalResult");function _o(e,t,n,r){return t.issues.length?(e.value=n.catchValue({...t,value:e.value,error:{issues:t.issues.map(o=>H(o,r,P()))},input:e.value}),e):(e.value=t.value,t.memo&&(e.memo=!0),e)}i(_o,"handleCatchResult");var ps=m("$ZodCatch",(e,t)=>{S.init(e,t),A(e,"optin",n=>n.def.innerType._zod.optin==="defaulted"?"defaulted":"optional"),A(e,"optout",n=>n.def.innerType._zod.optout),A(e,"values",n=>n.def.innerType._zod.values),e._zod.parse=(n,r)=>{if(r.direction==="backward")return t.innerType._zod.run(n,r);let o=t.innerType._zod.run({value:n.value,issues:[]},r);return o instanceof Promise?o.then(s=>_o(n,s,t,r)):_o(n,o,t,r)}});var fs=m("$ZodPipe",(e,t)=>{S.init(e,t),A(e,"values",n=>n.def.in._zod.values),A(e,"optin",n=>n.def.in._zod.optin),A(e,"optout",n=>n.def.out._zod.optout),A(e,"propValues",n=>n.def.in._zod.propValues),e._zod.parse=(n,r)=>{if(r.direction==="backward"){let s=t.out._zod.run(n,r);return s instanceof Promise?s.then(a=>nt(a,t.in,r)):nt(s,t.in,r)}let o=t.in._zod.run(n,r);return o instanceof Promise?o.then(s=>nt(s,t.out,r)):nt(o,t.out,r)}});function nt(e,t,n){return e.issues.some(r=>r.code!=="unrecognized_keys")?(e.aborted=!0,e):t._zod.run({value:e.value,issues:e.issues},n)}i(nt,"handlePipeResult");var hs=m("$ZodReadonly",(e,t)=>{S.init(e,t),A(e,"propValues",n=>n.def.innerType._zod.propValues),A(e,"values",n=>n.def.innerType._zod.values),A(e,"optin",n=>n.def.innerType?._zod?.optin),A(e,"optout",n=>n.def.innerType?._zod?.optout),e._zod.parse=(n,r)=>{if(r.direction==="backward")return t.innerType._zod.run(n,r);let o=t.innerType._zod.run(n,r);return o instanceof Promise?o.then(Eo):Eo(o)}});function Eo(e){return e.memo||(e.value=Object.freeze(e.value)),e}i(Eo,"handleReadonlyResult");var _s=m("$ZodCustom",(e,t)=>{U.init(e,t),S.init(e,t),e._zod.parse=(n,r)=>n,e._zod.check=n=>{let r=n.value,o=t.fn(r);if(o instanceof Promise)return o.then(s=>To(s,n,r,e));To(o,n,r,e)}});function To(e,t,n,r){if(!e){let o={code:"custom",input:n,inst:r,path:[...r._zod.def.path??[]],continue:!r._zod.def.abort};r._zod.def.params&&(o.params=r._zod.def.params),t.issues.push(me(o))}}i(To,"handleRefineResult");var cn=class extends Error{static{i(this,"$ZodCyclicError")}constructor(){super("Cannot parse a reference cycle that closes through a transform"),this.name="ZodCyclicError"}},un="~memo",Es=[];function Ts(e){return e!==null&&typeof e=="object"}i(Ts,"isRef");function an(e){return e.map(t=>t.path?{...t,path:t.path.slice()}:{...t})}i(an,"cloneIssues");var gs=new WeakMap,xe=0,ut=1,we=2;function lt(e,t,n){let r=gs.get(e);if(r!==void 0)return r?we:xe;if(t.has(e))return we;t.add(e);let o=xe,s=i(d=>{if(o!==we&&d?._zod){let f=lt(d,t,n);f>o&&(o=f)}},"check"),a=i((d,f)=>{let h=xe;for(let _ of Reflect.ownKeys(d)){let p=Object.getOwnPropertyDescriptor(d,_);if(f&&!p.enumerable)continue;let E=p.get?ut:p.value?._zod?lt(p.value,t,n):xe;E>h&&(h=E)}return h},"shape"),c=i(d=>{d>o&&(o=d)},"merge"),u=e._zod.def,l=u.type;switch(l){case"object":{let d=Ae(u);c(d?a(d,!0):ut),s(u.catchall);break}case"array":s(u.element);break;case"tuple":for(let d of u.items)s(d);s(u.rest);break;case"record":case"map":s(u.keyType),s(u.valueType);break;case"set":s(u.valueType);break;case"union":for(let d of u.options)s(d);break;case"intersection":s(u.left),s(u.right);break;case"optional":case"nullable":case"default":case"prefault":case"catch":case"readonly":case"nonoptional":case"promise":case"success":s(u.innerType);break;case"pipe":s(u.in),s(u.out);break;case"function":s(u.input),s(u.output);break;case"lazy":{let d=u._cachedInner??(n?e._zod.innerType:void 0);c(d?lt(d,t,!1):ut);break}case"template_literal":case"string":case"number":case"int":case"boolean":case"bigint":case"symbol":case"undefined":case"null":case"void":case"never":case"any":case"unknown":case"date":case"nan":case"enum":case"literal":case"file":case"transform":case"custom":break;default:for(let d in u){let f=Object.getOwnPropertyDescriptor(u,d);if(!f||f.get)continue;let h=f.value;if(!(!h||typeof h!="object")){if(h._zod)s(h);else if(Array.isArray(h))for(let _ of h)s(_)}}}return t.delete(e),Pc(e,o)}i(lt,"isRecursive");function Pc(e,t){return t!==ut&&gs.set(e,t===we),t}i(Pc,"settle");function zc(e,t){let n=e.buckets.get(t);return n||(n=new WeakMap,e.buckets.set(t,n)),n}i(zc,"bucketFor");var at,ct=[],Fc={alloc(e,t,n){let r=at;if(!r)return n;at=void 0;let o={value:n,issues:null};return r.set(t.value,o),ct.push(o),n},guard(e){var t;(t=e._zod).deferred??(t.deferred=[]),e._zod.deferred.push(()=>{let n=e._zod.parse,r=i((o,s)=>{if(s.direction!=="backward"&&Zc(s,o.value))throw new cn;return n(o,s)},"wrapped");e._zod.parse=r,e._zod.run===n&&(e._zod.run=r)})},attach(e){var t;let n,r=!1,o,s;(t=e._zod).deferred??(t.deferred=[]),e._zod.deferred.push(()=>{let a=e._zod.parse,c=i((u,l)=>{if(n===void 0){let R=lt(e,new Set,!1);if(R===xe)return e._zod.parse=a,e._zod.run===c&&(e._zod.run=a),a(u,l);R===we||r?n=!0:r=!0}let d=u.value;if(!Ts(d))return a(u,l);let f=l[un];f||(f={buckets:new WeakMap,backEdges:void 0},l[un]=f);let h;o===l?h=s:(h=zc(f,e),o=l,s=h);let _=h.get(d);if(_)return u.value=_.value,_.issues?_.issues.length&&u.issues.push(...an(_.issues)):(u.memo=!0,f.backEdges??(f.backEdges=new WeakSet),f.backEdges.add(_.value)),u;at=h;let p=ct.length,E=a(u,l);at=void 0;let T=ct.length>p?ct.pop():void 0;return E instanceof Promise?E.then(R=>(T&&(T.issues=R.issues.length?an(R.issues):Es),R)):(T&&(T.issues=E.issues.length?an(E.issues):Es),E)},"wrapped");e._zod.parse=c,e._zod.run===a&&(e._zod.run=c)})}};function Ns(){return Fc}i(Ns,"memoizer");function Zc(e,t){let n=e[un]?.backEdges;return n!==void 0&&Ts(t)&&n.has(t)}i(Zc,"isBackEdge");var Mc=i(()=>{let e={string:{unit:"characters",verb:"to have"},file:{unit:"bytes",verb:"to have"},array:{unit:"items",verb:"to have"},set:{unit:"items",verb:"to have"},map:{unit:"entries",verb:"to have"}};function t(s){return e[s]??null}i(t,"getSizing");let n={regex:"input",email:"email address",url:"URL",emoji:"emoji",uuid:"UUID",uuidv4:"UUIDv4",uuidv6:"UUIDv6",nanoid:"nanoid",guid:"GUID",cuid:"cuid",cuid2:"cuid2",ulid:"ULID",xid:"XID",ksuid:"KSUID",datetime:"ISO datetime",date:"ISO date",time:"ISO time",duration:"ISO duration",ipv4:"IPv4 address",ipv6:"IPv6 address",mac:"MAC address",cidrv4:"IPv4 range",cidrv6:"IPv6 range",base64:"base64-encoded string",base64url:"base64url-encoded string",json_string:"JSON string",e164:"E.164 number",currency_code:"currency code",credit_card:"credit card number",iban:"IBAN",jwt:"JWT",template_literal:"input"},r={nan:"NaN"};function o(s,a){return s==="number"&&typeof a=="number"&&!Number.isFinite(a)?String(a):r[s]??s}return i(o,"getTypeName"),s=>{switch(s.code){case"invalid_type":{let a=o(s.expected),c=Bt(s.input),u=o(c,s.input);return`Invalid input: expected ${a}, received ${u}`}case"invalid_value":return s.values.length===1?`Invalid input: expected ${He(s.values[0])}`:`Invalid option: expected one of ${Be(s.values,"|")}`;case"too_big":{let a=s.exact?"exactly ":s.inclusive?"<=":"<",c=t(s.origin);return c?`Too big: expected ${s.origin??"value"} to have ${a}${s.maximum.toString()} ${c.unit??"elements"}`:`Too big: expected ${s.origin??"value"} to be ${a}${s.maximum.toString()}`}case"too_small":{let a=s.exact?"exactly ":s.inclusive?">=":">",c=t(s.origin);return c?`Too small: expected ${s.origin} to have ${a}${s.minimum.toString()} ${c.unit}`:`Too small: expected ${s.origin} to be ${a}${s.minimum.toString()}`}case"invalid_format":{let a=s;return a.format==="starts_with"?`Invalid string: must start with "${a.prefix}"`:a.format==="ends_with"?`Invalid string: must end with "${a.suffix}"`:a.format==="includes"?`Invalid string: must include "${a.includes}"`:a.format==="regex"?`Invalid string: must match pattern ${a.pattern}`:`Invalid ${n[a.format]??s.format}`}case"not_multiple_of":return`Invalid number: must be a multiple of ${s.divisor}`;case"unrecognized_keys":return`Unrecognized key${s.keys.length>1?"s":""}: ${Be(s.keys,", ")}`;case"invalid_key":return`Invalid key in ${s.origin}`;case"invalid_union":return s.options&&Array.isArray(s.options)&&s.options.length>0?`Invalid discriminator value. Expected ${s.options.map(c=>`'${c}'`).join(" | ")}`:s.inclusive===!1?"Invalid input: more than one option matched":"Invalid input";case"invalid_element":return`Invalid value in ${s.origin}`;default:return"Invalid input"}}},"error");function ln(){return{localeError:Mc()}}i(ln,"default");var Rs;var dn=class{static{i(this,"$ZodRegistry")}constructor(){this._map=new WeakMap,this._idmap=new Map}add(t,...n){let r=n[0];return this._map.set(t,r),r&&typeof r=="object"&&"id"in r&&this._idmap.set(r.id,t),this}clear(){return this._map=new WeakMap,this._idmap=new Map,this}remove(t){let n=this._map.get(t);return n&&typeof n=="object"&&"id"in n&&this._idmap.delete(n.id),this._map.delete(t),this}get(t){let n=t._zod.parent;if(n){let r={...this.get(n)??{}};delete r.id;let o={...r,...this._map.get(t)};return Object.keys(o).length?o:void 0}return this._map.get(t)}has(t){return this._map.has(t)}};function Bc(){return new dn}i(Bc,"registry");(Rs=globalThis).__zod_globalRegistry??(Rs.__zod_globalRegistry=Bc());var ie=globalThis.__zod_globalRegistry;function As(e){return e.checks&&(e.checks=[...e.checks]),e}i(As,"snapshotChecks");function Os(e,t){return new e(As({type:"string",...g(t)}))}i(Os,"_string");function Ls(e,t){return new e({type:"string",format:"email",check:"string_format",abort:!1,...g(t)})}i(Ls,"_email");function Ss(e,t){return new e({type:"string",format:"guid",check:"string_format",abort:!1,...g(t)})}i(Ss,"_guid");function ys(e,t){return new e({type:"string",format:"uuid",check:"string_format",abort:!1,...g(t)})}i(ys,"_uuid");function bs(e,t){return new e({type:"string",format:"uuid",check:"string_format",abort:!1,version:"v4",...g(t)})}i(bs,"_uuidv4");function Is(e,t){return new e({type:"string",format:"uuid",check:"string_format",abort:!1,version:"v6",...g(t)})}i(Is,"_uuidv6");function Cs(e,t){return new e({type:"string",format:"uuid",check:"string_format",abort:!1,version:"v7",...g(t)})}i(Cs,"_uuidv7");function xs(e,t){return new e({type:"string",format:"url",check:"string_format",abort:!1,...g(t)})}i(xs,"_url");function ws(e,t){return new e({type:"string",format:"emoji",check:"string_format",abort:!1,...g(t)})}i(ws,"_emoji");function vs(e,t){return new e({type:"string",format:"nanoid",check:"string_format",abort:!1,...g(t)})}i(vs,"_nanoid");function ks(e,t){return new e({type:"string",format:"cuid",check:"string_format",abort:!1,...g(t)})}i(ks,"_cuid");function Us(e,t){return new e({type:"string",format:"cuid2",check:"string_format",abort:!1,...g(t)})}i(Us,"_cuid2");function $s(e,t){return new e({type:"string",format:"ulid",check:"string_format",abort:!1,...g(t)})}i($s,"_ulid");function Ds(e,t){return new e({type:"string",format:"xid",check:"string_format",abort:!1,...g(t)})}i(Ds,"_xid");function Ps(e,t){return new e({type:"string",format:"ksuid",check:"string_format",abort:!1,...g(t)})}i(Ps,"_ksuid");function zs(e,t){return new e({type:"string",format:"ipv4",check:"string_format",abort:!1,...g(t)})}i(zs,"_ipv4");function Fs(e,t){return new e({type:"string",format:"ipv6",check:"string_format",abort:!1,...g(t)})}i(Fs,"_ipv6");function Zs(e,t){return new e({type:"string",format:"cidrv4",check:"string_format",abort:!1,...g(t)})}i(Zs,"_cidrv4");function Ms(e,t){return new e({type:"string",format:"cidrv6",check:"string_format",abort:!1,...g(t)})}i(Ms,"_cidrv6");function Bs(e,t){return new e({type:"string",format:"base64",check:"string_format",abort:!1,...g(t)})}i(Bs,"_base64");function Gs(e,t){return new e({type:"string",format:"base64url",check:"string_format",abort:!1,...g(t)})}i(Gs,"_base64url");function Hs(e,t){return new e({type:"string",format:"e164",check:"string_format",abort:!1,...g(t)})}i(Hs,"_e164");function Ws(e,t){return new e({type:"string",format:"jwt",check:"string_format",abort:!1,...g(t)})}i(Ws,"_jwt");function dt(e,t){return new e({type:"string",format:"datetime",check:"string_format",offset:!1,local:!1,precision:null,...g(t)})}i(dt,"_isoDateTime");function mt(e,t){return new e({type:"string",format:"date",check:"string_format",...g(t)})}i(mt,"_isoDate");function pt(e,t){return new e({type:"string",format:"time",check:"string_format",precision:null,...g(t)})}i(pt,"_isoTime");function ft(e,t){return new e({type:"string",format:"duration",check:"string_format",...g(t)})}i(ft,"_isoDuration");function Xs(e,t){return new e(As({type:"number",checks:[],...g(t)}))}i(Xs,"_number");function js(e,t){return new e({type:"number",check:"number_format",abort:!1,format:"safeint",...g(t)})}i(js,"_int");function Ys(e,t){return new e({type:"boolean",...g(t)})}i(Ys,"_boolean");function Vs(e,t){return new e({type:"null",...g(t)})}i(Vs,"_null");function qs(e){return new e({type:"unknown"})}i(qs,"_unknown");function Ks(e,t){return new e({type:"never",...g(t)})}i(Ks,"_never");function ht(e,t){return new Qt({check:"less_than",...g(t),value:e,inclusive:!1})}i(ht,"_lt");function ve(e,t){return new Qt({check:"less_than",...g(t),value:e,inclusive:!0})}i(ve,"_lte");function _t(e,t){return new en({check:"greater_than",...g(t),value:e,inclusive:!1})}i(_t,"_gt");function ke(e,t){return new en({check:"greater_than",...g(t),value:e,inclusive:!0})}i(ke,"_gte");function Et(e,t){return new Yr({check:"multiple_of",...g(t),value:e})}i(Et,"_multipleOf");function Tt(e,t){return new qr({check:"max_length",...g(t),maximum:e})}i(Tt,"_maxLength");function fe(e,t){return new Kr({check:"min_length",...g(t),minimum:e})}i(fe,"_minLength");function gt(e,t){return new Jr({check:"length_equals",...g(t),length:e})}i(gt,"_length");function mn(e,t){return new Qr({check:"string_format",format:"regex",...g(t),pattern:e})}i(mn,"_regex");function pn(e){return new eo({check:"string_format",format:"lowercase",...g(e)})}i(pn,"_lowercase");function fn(e){return new to({check:"string_format",format:"uppercase",...g(e)})}i(fn,"_uppercase");function hn(e,t){return new no({check:"string_format",format:"includes",...g(t),includes:e})}i(hn,"_includes");function _n(e,t){return new ro({check:"string_format",format:"starts_with",...g(t),prefix:e})}i(_n,"_startsWith");function En(e,t){return new oo({check:"string_format",format:"ends_with",...g(t),suffix:e})}i(En,"_endsWith");function re(e){return new so({check:"overwrite",tx:e})}i(re,"_overwrite");function Tn(e){return re(t=>t.normalize(e))}i(Tn,"_normalize");function gn(){return re(e=>e.trim())}i(gn,"_trim");function Nn(){return re(e=>e.toLowerCase())}i(Nn,"_toLowerCase");function Rn(){return re(e=>e.toUpperCase())}i(Rn,"_toUpperCase");function An(){return re(e=>Pt(e))}i(An,"_slugify");function Js(e,t,n){return new e({type:"array",element:t,...g(n)})}i(Js,"_array");function Qs(e,t,n){let r=g(n);return r.abort??(r.abort=!0),new e({type:"custom",check:"custom",fn:t,...r})}i(Qs,"_custom");function ei(e,t,n){return new e({type:"custom",check:"custom",fn:t,...g(n)})}i(ei,"_refine");function ti(e,t){let n=Gc(r=>(r.addIssue=o=>{if(typeof o=="string")r.issues.push(me(o,r.value,n._zod.def));else{let s=o;s.fatal&&(s.continue=!1),s.code??(s.code="custom"),"input"in s||(s.input=r.value),s.inst??(s.inst=n),s.continue??(s.continue=!n._zod.def.abort),r.issues.push(me(s))}},e(r.value,r)),t);return n}i(ti,"_superRefine");function Gc(e,t){let n=new U({check:"custom",...g(t)});return n._zod.check=e,n}i(Gc,"_check");function Ue(e,...t){for(let n of t)for(let r of Reflect.ownKeys(n))Object.prototype.propertyIsEnumerable.call(n,r)&&F(e,r,n[r]);return e}i(Ue,"assignProps");function Ln(e){let t=e?.target??"draft-2020-12";return t==="draft-4"&&(t="draft-04"),t==="draft-7"&&(t="draft-07"),{processors:e.processors??{},metadataRegistry:e?.metadata??ie,target:t,unrepresentable:e?.unrepresentable??"throw",override:e?.override??(()=>{}),io:e?.io??"output",counter:0,seen:new Map,sharedDefsExtractedFor:void 0,sharedEmitDoneFor:void 0,cycles:e?.cycles??"ref",reused:e?.reused??"inline",intersections:[],deferred:[],external:e?.external??void 0}}i(Ln,"initializeContext");function K(e,t,n,r,o){let s=typeof t.unrepresentable=="function"?t.unrepresentable({zodSchema:e,path:r.path,message:o}):t.unrepresentable;if(s==="any")return!1;if(s===void 0||s==="throw")throw new Error(o);return Object.assign(n,s),!0}i(K,"handleUnrepresentable");function x(e,t,n={path:[],schemaPath:[]}){var r;let o=e._zod.def,s=t.seen.get(e);if(s)return s.count++,n.schemaPath.includes(e)&&(s.cycle=n.path),s.schema;let a={schema:{},count:1,cycle:void 0,path:n.path};t.seen.set(e,a),t.sharedDefsExtractedFor=void 0,t.sharedEmitDoneFor=void 0;let c=e._zod.toJSONSchema?.();if(c)a.schema=c;else{let d={...n,schemaPath:[...n.schemaPath,e],path:n.path};if(e._zod.processJSONSchema)e._zod.processJSONSchema(t,a.schema,d);else{let h=a.schema,_=t.processors[o.type];if(!_)throw new Error(`[toJSONSchema]: Non-representable type encountered: ${o.type}`);_(e,t,h,d)}let f=e._zod.parent;f&&(a.ref||(a.ref=f),x(f,t,d),t.seen.get(f).isParent=!0)}let u=t.metadataRegistry.get(e);return u&&Ue(a.schema,u),t.io==="input"&&$(e)&&(delete a.schema.examples,delete a.schema.default),t.io==="input"&&"_prefault"in a.schema&&((r=a.schema).default??(r.default=a.schema._prefault)),delete a.schema._prefault,t.seen.get(e).schema}i(x,"processSchema");function ni(e){return e.replace(/~/g,"~0").replace(/\//g,"~1")}i(ni,"encodeJSONPointerSegment");function Sn(e,t){let n=e.seen.get(t);if(!n)throw new Error("Unprocessed schema. This is a bug in Zod.");if(e.external&&e.sharedDefsExtractedFor===e.external)return;let r=new Map;for(let a of e.seen.entries()){let c=e.metadataRegistry.get(a[0])?.id;if(c){let u=r.get(c);if(u&&u!==a[0])throw new Error(`Duplicate schema id "${c}" detected during JSON Schema conversion. Two different schemas cannot share the same id when converted together.`);r.set(c,a[0])}}let o=i(a=>{let c=e.target==="draft-2020-12"?"$defs":"definitions";if(e.external){let f=e.external.registry.get(a[0])?.id,h=e.external.uri??(p=>p);if(f)return{ref:h(f)};let _=a[1].defId??a[1].schema.id??`schema${e.counter++}`;return a[1].defId=_,{defId:_,ref:`${h("__shared")}#/${c}/${ni(_)}`}}let u="#",l=`${u}/${c}/`;if(a[1]===n&&!a[1].schema.id)return{ref:u};let d=a[1].schema.id??`__schema${e.counter++}`;return{defId:d,ref:l+ni(d)}},"makeURI"),s=i(a=>{if(a[1].schema.$ref)return;let c=a[1],{ref:u,defId:l}=o(a);c.def={...c.schema},l&&(c.defId=l);let d=c.schema;for(let f in d)delete d[f];d.$ref=u},"extractToDef");if(e.cycles==="throw")for(let a of e.seen.entries()){let c=a[1];if(c.cycle)throw new Error(`Cycle detected: #/${c.cycle?.join("/")}/<root>

Set the \`cycles\` parameter to \`"ref"\` to resolve cyclical schemas with defs.`)}for(let a of e.seen.entries()){let c=a[1];if(t===a[0]){s(a);continue}if(e.external){let l=e.external.registry.get(a[0])?.id;if(t!==a[0]&&l){s(a);continue}}if(e.metadataRegistry.get(a[0])?.id){s(a);continue}if(c.cycle){s(a);continue}c.count>1&&e.reused==="ref"&&s(a)}e.external&&(e.sharedDefsExtractedFor=e.external)}i(Sn,"extractDefs");function si(e){let t=e.anyOf;if(!Array.isArray(t)||t.length===0||e.type!==void 0)return;let n=[];for(let r of t){if(!r||typeof r!="object")return;si(r);let o=Object.keys(r);if(o.length!==1||o[0]!=="type")return;let s=r.type;for(let a of Array.isArray(s)?s:[s]){if(typeof a!="string")return;n.includes(a)||n.push(a)}}delete e.anyOf,e.type=n.length===1?n[0]:n}i(si,"compactTypeUnion");var ii=new Set(["type","properties","required","additionalProperties"]),ri=["oneOf","anyOf"];function oi(e){let t=e.additionalProperties;return t===void 0||t===!1||typeof t!="object"||t===null?null:Object.keys(t).length?t:null}i(oi,"undeclaredConstraint");function On(e){let t=[];for(let s of e){if(typeof s!="object"||s.type!=="object")return null;for(let a in s)if(!ii.has(a))return null;t.push(s)}let n={},r=new Set;for(let s of t){for(let a in s.properties){if(Object.prototype.hasOwnProperty.call(n,a))continue;let c=[];for(let l of t){let d=l.properties?.[a]??oi(l);d!=null&&(c.some(f=>JSON.stringify(f)===JSON.stringify(d))||c.push(d))}let u=c.length===1?c[0]:On(c)??{allOf:c};F(n,a,u)}for(let a of s.required??[])r.add(a)}let o={type:"object",properties:n};if(r.size&&(o.required=[...r]),t.every(s=>s.additionalProperties===!1))o.additionalProperties=!1;else{let s=[];for(let a of t){let c=oi(a);c&&!s.some(u=>JSON.stringify(u)===JSON.stringify(c))&&s.push(c)}s.length===1?o.additionalProperties=s[0]:s.length>1&&(o.additionalProperties={allOf:s})}return o}i(On,"foldObjects");function Hc(e){let t=e.allOf;if(!Array.isArray(t)||t.length<2)return;for(let o of ii)if(o in e)return;let n=t.filter(o=>ri.some(s=>Array.isArray(o[s]))),r=null;if(!n.length)r=On(t);else{let o=n[0],s=ri.find(u=>Array.isArray(o[u]));if(Object.keys(o).length!==1)return;let a=t.filter(u=>u!==o),c=o[s].map(u=>On([...a,u]));if(c.some(u=>!u))return;r={[s]:c}}r&&(delete e.allOf,Ue(e,r))}i(Hc,"foldIntersection");function yn(e,t){let n=e.seen.get(t);if(!n)throw new Error("Unprocessed schema. This is a bug in Zod.");let r=i(c=>{let u=e.seen.get(c);if(u.ref===null)return;let l=u.def??u.schema,d={...l},f=u.ref;if(u.ref=null,f){r(f);let _=e.seen.get(f),p=_.schema;if(p.$ref&&(e.target==="draft-07"||e.target==="draft-04"||e.target==="openapi-3.0")?(l.allOf=l.allOf??[],l.allOf.push(p)):Ue(l,p),Ue(l,d),c._zod.parent===f)for(let T in l)T==="$ref"||T==="allOf"||T in d||delete l[T];if(p.$ref&&_.def)for(let T in l)T==="$ref"||T==="allOf"||T in _.def&&JSON.stringify(l[T])===JSON.stringify(_.def[T])&&delete l[T]}let h=c._zod.parent;if(h&&h!==f){r(h);let _=e.seen.get(h);if(_?.schema.$ref&&(l.$ref=_.schema.$ref,_.def))for(let p in l)p==="$ref"||p==="allOf"||p in _.def&&JSON.stringify(l[p])===JSON.stringify(_.def[p])&&delete l[p]}e.override({zodSchema:c,jsonSchema:l,path:u.path??[]})},"flattenRef");if(!e.external||e.sharedEmitDoneFor!==e.external){for(let c of[...e.seen.entries()].reverse())r(c[0]);if(e.target!=="openapi-3.0")for(let c of e.seen.entries())si(c[1].def??c[1].schema);for(let c of e.deferred)c();if(e.intersections.length){let c=new Map;for(let u of e.seen.values())for(let l of[u.schema,u.def]){let d=l?.allOf;if(!Array.isArray(d))continue;let f=c.get(d);f?f.push(l):c.set(d,[l])}for(let u of e.intersections)for(let l of c.get(u)??[])Hc(l)}}let o={};if(e.target==="draft-2020-12"?o.$schema="https://json-schema.org/draft/2020-12/schema":e.target==="draft-07"?o.$schema="http://json-schema.org/draft-07/schema#":e.target==="draft-04"?o.$schema="http://json-schema.org/draft-04/schema#":e.target,e.external?.uri){let c=e.external.registry.get(t)?.id;if(!c)throw new Error("Schema is missing an `id` property");o.$id=e.external.uri(c)}Ue(o,n.defId?n.schema:n.def??n.schema);let s=e.metadataRegistry.get(t)?.id;s!==void 0&&o.id===s&&delete o.id;let a=e.external?.defs??{};if(!e.external||e.sharedEmitDoneFor!==e.external)for(let c of e.seen.entries()){let u=c[1];u.def&&u.defId&&(u.def.id===u.defId&&delete u.def.id,F(a,u.defId,u.def))}e.external&&(e.sharedEmitDoneFor=e.external),e.external||Object.keys(a).length>0&&(e.target==="draft-2020-12"?o.$defs=a:o.definitions=a);try{let c=JSON.parse(JSON.stringify(o));return Object.defineProperty(c,"~standard",{value:{...t["~standard"],jsonSchema:{input:$e(t,"input",e.processors),output:$e(t,"output",e.processors)}},enumerable:!1,writable:!1}),c}catch{throw new Error("Error converting schema to JSON.")}}i(yn,"finalize");function $(e,t){let n=t??{seen:new Set};if(n.seen.has(e))return!1;n.seen.add(e);let r=e._zod.def;if(r.type==="transform")return!0;if(r.type==="array")return $(r.element,n);if(r.type==="set")return $(r.valueType,n);if(r.type==="lazy")return $(r.getter(),n);if(r.type==="promise"||r.type==="optional"||r.type==="nonoptional"||r.type==="nullable"||r.type==="readonly"||r.type==="default"||r.type==="prefault"||r.type==="catch")return $(r.innerType,n);if(r.type==="intersection")return $(r.left,n)||$(r.right,n);if(r.type==="record"||r.type==="map")return $(r.keyType,n)||$(r.valueType,n);if(r.type==="pipe")return e._zod.traits.has("$ZodCodec")?!0:$(r.in,n)||$(r.out,n);if(r.type==="object"){for(let o in r.shape)if($(r.shape[o],n))return!0;return!1}if(r.type==="union"){for(let o of r.options)if($(o,n))return!0;return!1}if(r.type==="tuple"){for(let o of r.items)if($(o,n))return!0;return!!(r.rest&&$(r.rest,n))}return!1}i($,"isTransforming");var ai=i((e,t={})=>n=>{let r=Ln({...n,processors:t});return x(e,r),Sn(r,e),yn(r,e)},"createToJSONSchemaMethod"),$e=i((e,t,n={})=>r=>{let{libraryOptions:o,target:s}=r??{},a=Ln({...o??{},target:s,io:t,processors:n});return x(e,a),Sn(a,e),yn(a,e)},"createStandardJSONSchemaMethod");var he=i((e,t,n)=>{(e[t]===void 0||n>e[t])&&(e[t]=n)},"narrowMin"),_e=i((e,t,n)=>{(e[t]===void 0||n<e[t])&&(e[t]=n)},"narrowMax"),ci=i((e,t)=>{he(e,"minimum",t),_e(e,"maximum",t)},"narrowBoth"),mi=i((e,t)=>{e.multipleOf??(e.multipleOf=[]),e.multipleOf.includes(t)||e.multipleOf.push(t)},"addDivisor"),pi=i((e,t)=>{e.patterns??(e.patterns=new Set),e.patterns.add(t)},"addPattern"),fi=i((e,t)=>{e.mime=e.mime?e.mime.filter(n=>t.includes(n)):[...t]},"intersectMime"),hi=i((e,t)=>{e.format=t,t.includes("int")&&(e.isInt=!0)},"setFormat"),ui=i((e,t)=>he(e,"minimum",t.minimum),"minContributor"),li=i((e,t)=>_e(e,"maximum",t.maximum),"maxContributor"),di=i(e=>(t,n)=>{hi(t,n.format);let[r,o]=e[n.format];he(t,"minimum",r),_e(t,"maximum",o)},"formatContributor"),Wc={greater_than:i((e,t)=>he(e,t.inclusive?"minimum":"exclusiveMinimum",t.value),"greater_than"),less_than:i((e,t)=>_e(e,t.inclusive?"maximum":"exclusiveMaximum",t.value),"less_than"),multiple_of:i((e,t)=>mi(e,t.value),"multiple_of"),number_format:di(Oe),bigint_format:di(We),min_length:ui,max_length:li,length_equals:i((e,t)=>ci(e,t.length),"length_equals"),min_size:ui,max_size:li,size_equals:i((e,t)=>ci(e,t.size),"size_equals"),string_format:i((e,t)=>{hi(e,t.format),t.pattern&&pi(e,t.pattern),(t.format==="base64"||t.format==="base64url")&&(e.contentEncoding=t.format),(t.local||t.precision===-1)&&(e.laxFormat=!0)},"string_format"),mime_type:i((e,t)=>fi(e,t.mime),"mime_type")};function Z(e){let t={},n=e._zod.def,r=e._zod.traits.has("$ZodCheck")?[e,...n.checks??[]]:n.checks??[];for(let s of r)Wc[s._zod.def.check]?.(t,s._zod.def);let o=e._zod.bag;o.minimum!==void 0&&he(t,"minimum",o.minimum),o.exclusiveMinimum!==void 0&&he(t,"exclusiveMinimum",o.exclusiveMinimum),o.maximum!==void 0&&_e(t,"maximum",o.maximum),o.exclusiveMaximum!==void 0&&_e(t,"exclusiveMaximum",o.exclusiveMaximum),o.multipleOf!==void 0&&mi(t,o.multipleOf),o.format!==void 0&&(t.format??(t.format=o.format),o.format.includes("int")&&(t.isInt=!0)),o.mime&&fi(t,o.mime);for(let s of o.patterns??[])pi(t,s);return t}i(Z,"aggregateChecks");var Xc={guid:"uuid",url:"uri",datetime:"date-time",json_string:"json-string",regex:""},jc=new Map([[rn,$r],[it,Dr]]),_i=i(e=>jc.get(e)??e,"exactPattern"),Ei=i((e,t,n,r)=>{let o=n;o.type="string";let{minimum:s,maximum:a,format:c,patterns:u,contentEncoding:l,laxFormat:d}=Z(e);if(typeof s=="number"&&(o.minLength=s),typeof a=="number"&&(o.maxLength=a),c&&(o.format=Xc[c]??c,o.format===""&&delete o.format,(c==="time"||d)&&delete o.format),l&&(o.contentEncoding=l),u&&u.size>0){let f=[...u].map(_i);f.length===1?o.pattern=f[0].source:f.length>1&&(o.allOf=[...f.map(h=>({...t.target==="draft-07"||t.target==="draft-04"||t.target==="openapi-3.0"?{type:"string"}:{},pattern:h.source}))])}},"stringProcessor"),Ti=i((e,t,n,r)=>{let o=n,{minimum:s,maximum:a,multipleOf:c,exclusiveMaximum:u,exclusiveMinimum:l,isInt:d}=Z(e);o.type=d?"integer":"number";let f=typeof l=="number"&&l>=(s??Number.NEGATIVE_INFINITY),h=typeof u=="number"&&u<=(a??Number.POSITIVE_INFINITY),_=t.target==="draft-04"||t.target==="openapi-3.0";if(f?_?(o.minimum=l,o.exclusiveMinimum=!0):o.exclusiveMinimum=l:typeof s=="number"&&(o.minimum=s),h?_?(o.maximum=u,o.exclusiveMaximum=!0):o.exclusiveMaximum=u:typeof a=="number"&&(o.maximum=a),c){let p=new Set;for(let R of c)Number.isFinite(R)&&R!==0?p.add(Math.abs(R)):K(e,t,o,r,`A multipleOf divisor of ${R} cannot be represented in JSON Schema`);let[E,...T]=p;E!==void 0&&(o.multipleOf=E),T.length&&(o.allOf=[...o.allOf??[],...T.map(R=>({multipleOf:R}))])}},"numberProcessor"),gi=i((e,t,n,r)=>{n.type="boolean"},"booleanProcessor");var Ni=i((e,t,n,r)=>{t.target==="openapi-3.0"?(n.type="string",n.nullable=!0,n.enum=[null]):n.type="null"},"nullProcessor");var Ri=i((e,t,n,r)=>{n.not={}},"neverProcessor");var Ai=i((e,t,n,r)=>{},"unknownProcessor");var Oi=i((e,t,n,r)=>{let o=e._zod.def,s=le(o.entries);if(s.length===0){n.not={};return}s.every(a=>typeof a=="number")&&(n.type="number"),s.every(a=>typeof a=="string")&&(n.type="string"),n.enum=s},"enumProcessor"),Li=i((e,t,n,r)=>{let o=e._zod.def;if(o.values.length===0){n.not={};return}let s=[];for(let a of o.values)if(a===void 0){if(K(e,t,n,r,"Literal `undefined` cannot be represented in JSON Schema"))return}else if(typeof a=="bigint"){if(K(e,t,n,r,"BigInt literals cannot be represented in JSON Schema"))return;s.push(Number(a))}else s.push(a);if(s.length!==0)if(s.length===1){let a=s[0];n.type=a===null?"null":typeof a,t.target==="draft-04"||t.target==="openapi-3.0"?n.enum=[a]:n.const=a}else s.every(a=>typeof a=="number")&&(n.type="number"),s.every(a=>typeof a=="string")&&(n.type="string"),s.every(a=>typeof a=="boolean")&&(n.type="boolean"),s.every(a=>a===null)&&(n.type="null"),n.enum=s},"literalProcessor");var Si=i((e,t,n,r)=>{K(e,t,n,r,"Custom types cannot be represented in JSON Schema")},"customProcessor");var yi=i((e,t,n,r)=>{K(e,t,n,r,"Transforms cannot be represented in JSON Schema")},"transformProcessor");var bi=i((e,t,n,r)=>{let o=n,s=e._zod.def,{minimum:a,maximum:c}=Z(e);typeof a=="number"&&(o.minItems=a),typeof c=="number"&&(o.maxItems=c),o.type="array",o.items=x(s.element,t,{...r,path:[...r.path,"items"]})},"arrayProcessor");function Nt(e){let t=e._zod.def;return t.type==="pipe"&&t.in._zod.traits.has("$ZodTransform")?Nt(t.out):t.type==="catch"?Nt(t.innerType):e._zod.optin}i(Nt,"inputOptin");var Ii=i((e,t,n,r)=>{let o=n,s=e._zod.def,a=s.shape;if(Object.getOwnPropertySymbols(a).length&&K(e,t,o,r,"Symbol keys cannot be represented in JSON Schema"))return;o.type="object",o.properties={};for(let l in a)F(o.properties,l,x(a[l],t,{...r,path:[...r.path,"properties",l]}));let u=[];for(let l of Object.keys(a)){let d=s.shape[l];(t.io==="input"?Nt(d)===void 0:d._zod.optout===void 0)&&u.push(l)}u.length>0&&(o.required=u),s.catchall?._zod.def.type==="never"?o.additionalProperties=!1:s.catchall?s.catchall&&(o.additionalProperties=x(s.catchall,t,{...r,path:[...r.path,"additionalProperties"]})):t.io==="output"&&(o.additionalProperties=!1)},"objectProcessor"),Ci=i((e,t,n,r)=>{let o=e._zod.def,s=o.inclusive===!1,a=o.options.map((c,u)=>x(c,t,{...r,path:[...r.path,s?"oneOf":"anyOf",u]}));s?n.oneOf=a:n.anyOf=a},"unionProcessor"),xi=i((e,t,n,r)=>{let o=e._zod.def,s=x(o.left,t,{...r,path:[...r.path,"allOf",0]}),a=x(o.right,t,{...r,path:[...r.path,"allOf",1]}),c=i(l=>"allOf"in l&&Object.keys(l).length===1,"isSimpleIntersection"),u=[...c(s)?s.allOf:[s],...c(a)?a.allOf:[a]];n.allOf=u,t.intersections.push(u)},"intersectionProcessor");function bn(e,t,n){if(t.$ref){if(n.has(t))return t;n.add(t);let p=e.get(t)?.def;if(!p)return t;let E=bn(e,p,n);return E===p?t:E}for(let p of["anyOf","oneOf"]){let E=t[p];if(!Array.isArray(E))continue;let T=E.map(R=>bn(e,R,n));T.some((R,w)=>R!==E[w])&&(t={...t,[p]:T})}let r=Array.isArray(t.type)?t.type:[t.type],o=!r.includes("string")&&r.some(p=>p==="number"||p==="integer"),s=t.enum??(t.const!==void 0?[t.const]:void 0);if(!o&&!s?.some(p=>typeof p=="number"))return t;let{minimum:a,maximum:c,exclusiveMinimum:u,exclusiveMaximum:l,multipleOf:d,format:f,id:h,..._}=t;return _.enum?_.enum=_.enum.map(p=>typeof p=="number"?String(p):p):typeof _.const=="number"&&(_.const=String(_.const)),o&&(_.type="string",s||(_.pattern=(r.includes("number")?be:Kt).source)),_}i(bn,"stringifyKeyNames");var In=new WeakMap;function Yc(e){let t=new Map;for(let r of e.seen.values())r.def&&!t.has(r.schema)&&t.set(r.schema,r);let n=new Map;for(let r of In.get(e)??[]){let o=e.seen.get(r),s=(o?.def??o?.schema)?.propertyNames;if(!s||s===!0||n.has(s))continue;let a=bn(t,s,new Set);a!==s&&n.set(s,a)}if(n.size)for(let r of e.seen.values())for(let o of[r.schema,r.def]){let s=o&&n.get(o.propertyNames);s&&(o.propertyNames=s)}}i(Yc,"rewriteKeyNames");var wi=i((e,t,n,r)=>{let o=n,s=e._zod.def;o.type="object";let a=s.keyType,c=Z(a).patterns;if(s.mode==="loose"&&c&&c.size>0){let d=x(s.valueType,t,{...r,path:[...r.path,"patternProperties","*"]});o.patternProperties={};for(let f of c)F(o.patternProperties,_i(f).source,d)}else{if(t.target==="draft-07"||t.target==="draft-2020-12"){o.propertyNames=x(s.keyType,t,{...r,path:[...r.path,"propertyNames"]});let d=In.get(t);d||(d=[],In.set(t,d),t.deferred.push(()=>Yc(t))),d.push(e)}o.additionalProperties=x(s.valueType,t,{...r,path:[...r.path,"additionalProperties"]})}let u=a._zod.values,l=t.io==="input"&&Nt(s.valueType)!==void 0;if(u&&!s.partial&&!l){let d=[...u].filter(f=>typeof f=="string"||typeof f=="number");d.length>0&&(o.required=d.map(String))}},"recordProcessor"),vi=i((e,t,n,r)=>{let o=e._zod.def,s=x(o.innerType,t,r),a=t.seen.get(e);t.target==="openapi-3.0"?(a.ref=o.innerType,n.nullable=!0):n.anyOf=[s,{type:"null"}]},"nullableProcessor"),ki=i((e,t,n,r)=>{let o=e._zod.def;x(o.innerType,t,r);let s=t.seen.get(e);s.ref=o.innerType},"nonoptionalProcessor"),Cn=Symbol();function Ui(e,t,n,r,o){let s=!1,a=JSON.stringify(e,(c,u)=>typeof u!="bigint"?u:(s=!0,null));return s?(K(t,n,r,o,"BigInt defaults cannot be represented in JSON Schema"),Cn):JSON.parse(a)}i(Ui,"serializeDefaultValue");var $i=i((e,t,n,r)=>{let o=e._zod.def;x(o.innerType,t,r);let s=t.seen.get(e);s.ref=o.innerType;let a=Ui(o.defaultValue,e,t,n,r);a!==Cn&&(n.default=a)},"defaultProcessor"),Di=i((e,t,n,r)=>{let o=e._zod.def;x(o.innerType,t,r);let s=t.seen.get(e);if(s.ref=o.innerType,t.io!=="input")return;let a=Ui(o.defaultValue,e,t,n,r);a!==Cn&&(n._prefault=a)},"prefaultProcessor"),Pi=i((e,t,n,r)=>{let o=e._zod.def;x(o.innerType,t,r);let s=t.seen.get(e);s.ref=o.innerType;let a;try{a=o.catchValue(void 0)}catch{K(e,t,n,r,"Dynamic catch values are not supported in JSON Schema");return}n.default=a},"catchProcessor"),zi=i((e,t,n,r)=>{let o=e._zod.def,s=o.in._zod.traits.has("$ZodTransform"),a=t.io==="input"?s?o.out:o.in:o.out;x(a,t,r);let c=t.seen.get(e);c.ref=a},"pipeProcessor"),Fi=i((e,t,n,r)=>{let o=e._zod.def;x(o.innerType,t,r);let s=t.seen.get(e);s.ref=o.innerType,n.readOnly=!0},"readonlyProcessor");var xn=i((e,t,n,r)=>{let o=e._zod.def;x(o.innerType,t,r);let s=t.seen.get(e);s.ref=o.innerType},"optionalProcessor");var Zi=new WeakSet([Object.prototype,Error.prototype]);function Rt(e,t,n){Object.defineProperty(e,t,{configurable:!0,enumerable:!1,get(){let r=n(this);return Object.defineProperty(this,t,{value:r,configurable:!0,writable:!0}),r},set(r){Object.defineProperty(this,t,{value:r,configurable:!0,writable:!0})}})}i(Rt,"_lazyMethod");var ru=i((e,t)=>{cr.init(e,t),e.name="ZodError";let n=Object.getPrototypeOf(e);Zi.has(n)||(Zi.add(n),Rt(n,"format",r=>o=>lr(r,o)),Rt(n,"flatten",r=>o=>ur(r,o)),Rt(n,"addIssue",r=>o=>{r.issues.push(o),r.message=JSON.stringify(r.issues,de,2)}),Rt(n,"addIssues",r=>o=>{r.issues.push(...o),r.message=JSON.stringify(r.issues,de,2)}),Object.defineProperty(n,"isEmpty",{configurable:!0,enumerable:!1,get(){return this.issues.length===0}}))},"initializer");var z=m("ZodError",ru,void 0,{Parent:Error});var Mi=qe(z),Bi=Ke(z),Gi=Je(z),Hi=Qe(z),Wi=mr(z),Xi=pr(z),ji=fr(z),Yi=hr(z),Vi=_r(z),qi=Er(z),Ki=Tr(z),Ji=gr(z);function su(){D.localeError||P(ln())}i(su,"_ensureDefaultLocale");function Ot(){D.memoizer||P({memoizer:Ns()})}i(Ot,"_ensureDefaultMemoizer");var b=m("ZodType",(e,t)=>(su(),S.init(e,t),e.def=t,e.type=t.type,e),{check(...e){let t=this.def;return this.clone(N.mergeDefs(t,{checks:[...t.checks??[],...e.map(n=>typeof n=="function"?{_zod:{check:n,def:{check:"custom"},onattach:[]}}:n)]}),{parent:!0})},with(...e){return this.check(...e)},clone(e,t){return B(this,e,t)},brand(){return this},register(e,t){return e.add(this,t),this},refine(e,t){return this.check(Qu(e,t))},superRefine(e,t){return this.check(el(e,t))},overwrite(e){return this.check(re(e))},optional(){return ta(this)},exactOptional(){return Mu(this)},nullable(){return na(this)},nullish(){return ta(na(this))},nonoptional(e){return ju(this,e)},array(){return vu(this)},or(e){return Uu([this,e])},and(e){return Du(this,e)},transform(e){return ra(this,Zu(e))},default(e){return Hu(this,e)},prefault(e){return Xu(this,e)},catch(e){return Vu(this,e)},pipe(e){return ra(this,e)},readonly(){return Ju(this)},describe(e){let t=this.clone();return ie.add(t,{description:e}),t},meta(...e){if(e.length===0)return ie.get(this);let t=this.clone();return ie.add(t,e[0]),t},isOptional(){return this.safeParse(void 0).success},isNullable(){return this.safeParse(null).success},apply(e,...t){return t.length===0?e(this):e(this,...t)},get"~standard"(){return N.hide(this,"~standard",{...nn(this),jsonSchema:{input:$e(this,"input"),output:$e(this,"output")}})},set"~standard"(e){N.own(this,"~standard",e)},parse:i(function e(t,n){return Mi(this,t,n,{callee:e})},"_parse"),parseAsync:i(async function e(t,n){return await Bi(this,t,n,{callee:e})},"_parseAsync"),safeParse(e,t){return Gi(this,e,t)},async safeParseAsync(e,t){return Hi(this,e,t)},get spa(){return this?.safeParseAsync},set spa(e){N.own(this,"spa",e)},validate(e,t){return jt(this,e,t)},validateAsync(e,t){return Yt(this,e,t)},encode:i(function e(t,n){return Wi(this,t,n,{callee:e})},"_encode"),decode:i(function e(t,n){return Xi(this,t,n,{callee:e})},"_decode"),encodeAsync:i(async function e(t,n){return await ji(this,t,n,{callee:e})},"_encodeAsync"),decodeAsync:i(async function e(t,n){return await Yi(this,t,n,{callee:e})},"_decodeAsync"),safeEncode(e,t){return Vi(this,e,t)},safeDecode(e,t){return qi(this,e,t)},async safeEncodeAsync(e,t){return Ki(this,e,t)},async safeDecodeAsync(e,t){return Ji(this,e,t)},toJSONSchema(e){return ai(this,{})(e)},get description(){return ie.get(this)?.description},get _def(){return this._zod.def}}),oa=m("_ZodString",(e,t)=>{st.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ei(e,n,r,o)},N.derived({format:i(e=>Z(e).format??null,"format"),minLength:i(e=>Z(e).minimum??null,"minLength"),maxLength:i(e=>Z(e).maximum??null,"maxLength")},{regex(...e){return this.check(mn(...e))},includes(...e){return this.check(hn(...e))},startsWith(...e){return this.check(_n(...e))},endsWith(...e){return this.check(En(...e))},min(...e){return this.check(fe(...e))},max(...e){return this.check(Tt(...e))},length(...e){return this.check(gt(...e))},nonempty(...e){return this.check(fe(1,...e))},lowercase(e){return this.check(pn(e))},uppercase(e){return this.check(fn(e))},trim(){return this.check(gn())},normalize(...e){return this.check(Tn(...e))},toLowerCase(){return this.check(Nn())},toUpperCase(){return this.check(Rn())},slugify(){return this.check(An())}})),iu=m("ZodString",(e,t)=>{st.init(e,t),oa.init(e,t)},{email(e){return this.check(Ls(cu,e))},url(e){return this.check(xs(lu,e))},jwt(e){return this.check(Ws(Su,e))},emoji(e){return this.check(ws(du,e))},guid(e){return this.check(Ss(uu,e))},uuid(e){return this.check(ys(At,e))},uuidv4(e){return this.check(bs(At,e))},uuidv6(e){return this.check(Is(At,e))},uuidv7(e){return this.check(Cs(At,e))},nanoid(e){return this.check(vs(mu,e))},cuid(e){return this.check(ks(pu,e))},cuid2(e){return this.check(Us(fu,e))},ulid(e){return this.check($s(hu,e))},base64(e){return this.check(Bs(Au,e))},base64url(e){return this.check(Gs(Ou,e))},xid(e){return this.check(Ds(_u,e))},ksuid(e){return this.check(Ps(Eu,e))},ipv4(e){return this.check(zs(Tu,e))},ipv6(e){return this.check(Fs(gu,e))},cidrv4(e){return this.check(Zs(Nu,e))},cidrv6(e){return this.check(Ms(Ru,e))},e164(e){return this.check(Hs(Lu,e))},datetime(e){return this.check(dt(Pe,e))},date(e){return this.check(mt(ze,e))},time(e){return this.check(pt(Fe,e))},duration(e){return this.check(ft(Ze,e))}});function au(e){return Os(iu,e)}i(au,"string");var I=m("ZodStringFormat",(e,t)=>{y.init(e,t),oa.init(e,t)}),Pe=m("ZodISODateTime",(e,t)=>{ko.init(e,t),I.init(e,t)}),ze=m("ZodISODate",(e,t)=>{Uo.init(e,t),I.init(e,t)}),Fe=m("ZodISOTime",(e,t)=>{$o.init(e,t),I.init(e,t)}),Ze=m("ZodISODuration",(e,t)=>{Do.init(e,t),I.init(e,t)}),cu=m("ZodEmail",(e,t)=>{Ao.init(e,t),I.init(e,t)});var uu=m("ZodGUID",(e,t)=>{No.init(e,t),I.init(e,t)});var At=m("ZodUUID",(e,t)=>{Ro.init(e,t),I.init(e,t)});var lu=m("ZodURL",(e,t)=>{So.init(e,t),I.init(e,t)});var du=m("ZodEmoji",(e,t)=>{yo.init(e,t),I.init(e,t)});var mu=m("ZodNanoID",(e,t)=>{bo.init(e,t),I.init(e,t)});var pu=m("ZodCUID",(e,t)=>{Io.init(e,t),I.init(e,t)});var fu=m("ZodCUID2",(e,t)=>{Co.init(e,t),I.init(e,t)});var hu=m("ZodULID",(e,t)=>{xo.init(e,t),I.init(e,t)});var _u=m("ZodXID",(e,t)=>{wo.init(e,t),I.init(e,t)});var Eu=m("ZodKSUID",(e,t)=>{vo.init(e,t),I.init(e,t)});var Tu=m("ZodIPv4",(e,t)=>{Po.init(e,t),I.init(e,t)});var gu=m("ZodIPv6",(e,t)=>{Fo.init(e,t),I.init(e,t)});var Nu=m("ZodCIDRv4",(e,t)=>{Zo.init(e,t),I.init(e,t)});var Ru=m("ZodCIDRv6",(e,t)=>{Mo.init(e,t),I.init(e,t)});var Au=m("ZodBase64",(e,t)=>{Go.init(e,t),I.init(e,t)});var Ou=m("ZodBase64URL",(e,t)=>{Ho.init(e,t),I.init(e,t)});var Lu=m("ZodE164",(e,t)=>{Wo.init(e,t),I.init(e,t)});var Su=m("ZodJWT",(e,t)=>{Xo.init(e,t),I.init(e,t)});var sa=m("ZodNumber",(e,t)=>{on.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ti(e,n,r,o),e.isFinite=!0},N.derived({minValue:i(e=>{let{minimum:t,exclusiveMinimum:n}=Z(e);return Math.max(t??Number.NEGATIVE_INFINITY,n??Number.NEGATIVE_INFINITY)},"minValue"),maxValue:i(e=>{let{maximum:t,exclusiveMaximum:n}=Z(e);return Math.min(t??Number.POSITIVE_INFINITY,n??Number.POSITIVE_INFINITY)},"maxValue"),isInt:i(e=>{let{isInt:t,multipleOf:n}=Z(e);return!!t||!!n?.some(Number.isSafeInteger)},"isInt"),format:i(e=>Z(e).format??null,"format")},{gt(e,t){return this.check(_t(e,t))},gte(e,t){return this.check(ke(e,t))},min(e,t){return this.check(ke(e,t))},lt(e,t){return this.check(ht(e,t))},lte(e,t){return this.check(ve(e,t))},max(e,t){return this.check(ve(e,t))},int(e){return this.check(Qi(e))},safe(e){return this.check(Qi(e))},positive(e){return this.check(_t(0,e))},nonnegative(e){return this.check(ke(0,e))},negative(e){return this.check(ht(0,e))},nonpositive(e){return this.check(ve(0,e))},multipleOf(e,t){return this.check(Et(e,t))},step(e,t){return this.check(Et(e,t))},finite(){return this}}));function pp(e){return Xs(sa,e)}i(pp,"number");var yu=m("ZodNumberFormat",(e,t)=>{jo.init(e,t),sa.init(e,t)});function Qi(e){return js(yu,e)}i(Qi,"int");var bu=m("ZodBoolean",(e,t)=>{Yo.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>gi(e,n,r,o)});function fp(e){return Ys(bu,e)}i(fp,"boolean");var Iu=m("ZodNull",(e,t)=>{Vo.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ni(e,n,r,o)});function hp(e){return Vs(Iu,e)}i(hp,"_null");var Cu=m("ZodUnknown",(e,t)=>{qo.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ai(e,n,r,o)});function wn(){return qs(Cu)}i(wn,"unknown");var xu=m("ZodNever",(e,t)=>{Ko.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ri(e,n,r,o)});function ia(e){return Ks(xu,e)}i(ia,"never");var wu=m("ZodArray",(e,t)=>{Ot(),Jo.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>bi(e,n,r,o),e.element=t.element},{min(e,t){return this.check(fe(e,t))},nonempty(e){return this.check(fe(1,e))},max(e,t){return this.check(Tt(e,t))},length(e,t){return this.check(gt(e,t))},unwrap(){return this.element}});function vu(e,t){return Js(wu,e,t)}i(vu,"array");var kn=m("ZodObject",(e,t)=>{Ot(),ts.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ii(e,n,r,o),N.installLazyProp(e,"shape",n=>n._zod.def.shape,!1)},{keyof(){return Pu(Object.keys(this._zod.def.shape))},catchall(e){return this.clone(N.mergeDefs(this._zod.def,{catchall:e}))},passthrough(){return this.clone(N.mergeDefs(this._zod.def,{catchall:wn()}))},loose(){return this.clone(N.mergeDefs(this._zod.def,{catchall:wn()}))},strict(){return this.clone(N.mergeDefs(this._zod.def,{catchall:ia()}))},strip(){return this.clone(N.mergeDefs(this._zod.def,{catchall:void 0}))},extend(e){return N.extend(this,e)},safeExtend(e){return N.safeExtend(this,e)},merge(e){return N.merge(this,e)},pick(e){return N.pick(this,e)},omit(e){return N.omit(this,e)},partial(...e){return N.partial(aa,this,e[0])},exactPartial(...e){return N.partial(ca,this,e[0],"exactPartial")},required(...e){return N.required(ua,this,e[0])}});function _p(e,t){let n={type:"object",shape:e??{},...N.normalizeParams(t)};return new kn(n)}i(_p,"object");function Ep(e,t){return new kn({type:"object",shape:e,catchall:ia(),...N.normalizeParams(t)})}i(Ep,"strictObject");function Tp(e,t){return new kn({type:"object",shape:e,catchall:wn(),...N.normalizeParams(t)})}i(Tp,"looseObject");var ku=m("ZodUnion",(e,t)=>{ns.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Ci(e,n,r,o),e.options=t.options});function Uu(e,t){return new ku({type:"union",options:e,...N.normalizeParams(t)})}i(Uu,"union");var $u=m("ZodIntersection",(e,t)=>{rs.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>xi(e,n,r,o)});function Du(e,t){return new $u({type:"intersection",left:e,right:t})}i(Du,"intersection");var ea=m("ZodRecord",(e,t)=>{Ot(),os.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>wi(e,n,r,o),e.keyType=t.keyType,e.valueType=t.valueType});function gp(e,t,n){return!t||!t._zod?new ea({type:"record",keyType:au(),valueType:e,...N.normalizeParams(t)}):new ea({type:"record",keyType:e,valueType:t,...N.normalizeParams(n)})}i(gp,"record");var vn=m("ZodEnum",(e,t)=>{ss.init(e,t),b.init(e,t),e._zod.processJSONSchema=(r,o,s)=>Oi(e,r,o,s),e.enum=t.entries,e.options=[...e._zod.values];let n=new Set(Object.keys(t.entries));e.extract=(r,o)=>{let s={};for(let a of r)if(n.has(a))s[a]=t.entries[a];else throw new Error(`Key ${a} not found in enum`);return new vn({...t,checks:[],...N.normalizeParams(o),entries:s})},e.exclude=(r,o)=>{let s={...t.entries};for(let a of r)if(n.has(a))delete s[a];else throw new Error(`Key ${a} not found in enum`);return new vn({...t,checks:[],...N.normalizeParams(o),entries:s})}});function Pu(e,t){let n=Array.isArray(e)?Object.fromEntries(e.map(r=>[r,r])):e;return new vn({type:"enum",entries:n,...N.normalizeParams(t)})}i(Pu,"_enum");var zu=m("ZodLiteral",(e,t)=>{is.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Li(e,n,r,o),e.values=new Set(t.values),Object.defineProperty(e,"value",{get(){if(t.values.length>1)throw new Error("This schema contains multiple valid literal values. Use `.values` instead.");return t.values[0]}})});function Np(e,t){return new zu({type:"literal",values:Array.isArray(e)?e:[e],...N.normalizeParams(t)})}i(Np,"literal");var Fu=m("ZodTransform",(e,t)=>{Ot(),as.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>yi(e,n,r,o),e._zod.parse=(n,r)=>{if(r.direction==="backward")throw new pe(e.constructor.name);n.addIssue=s=>{if(typeof s=="string")n.issues.push(N.issue(s,n.value,t));else{let a=s;a.fatal&&(a.continue=!1),a.code??(a.code="custom"),"input"in a||(a.input=n.value),a.inst??(a.inst=e),n.issues.push(N.issue(a))}};let o=t.transform(n.value,n);return o instanceof Promise?o.then(s=>(n.value=s,n)):(n.value=o,n)}});function Zu(e){return new Fu({type:"transform",transform:e})}i(Zu,"transform");var aa=m("ZodOptional",(e,t)=>{sn.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>xn(e,n,r,o),e.unwrap=()=>e._zod.def.innerType});function ta(e){return new aa({type:"optional",innerType:e})}i(ta,"optional");var ca=m("ZodExactOptional",(e,t)=>{cs.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>xn(e,n,r,o),e.unwrap=()=>e._zod.def.innerType});function Mu(e){return new ca({type:"optional",innerType:e})}i(Mu,"exactOptional");var Bu=m("ZodNullable",(e,t)=>{us.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>vi(e,n,r,o),e.unwrap=()=>e._zod.def.innerType});function na(e){return new Bu({type:"nullable",innerType:e})}i(na,"nullable");var Gu=m("ZodDefault",(e,t)=>{ls.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>$i(e,n,r,o),e.unwrap=()=>e._zod.def.innerType,e.removeDefault=e.unwrap});function Hu(e,t){return new Gu({type:"default",innerType:e,get defaultValue(){return typeof t=="function"?t():N.shallowClone(t)}})}i(Hu,"_default");var Wu=m("ZodPrefault",(e,t)=>{ds.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Di(e,n,r,o),e.unwrap=()=>e._zod.def.innerType});function Xu(e,t){return new Wu({type:"prefault",innerType:e,get defaultValue(){return typeof t=="function"?t():N.shallowClone(t)}})}i(Xu,"prefault");var ua=m("ZodNonOptional",(e,t)=>{ms.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>ki(e,n,r,o),e.unwrap=()=>e._zod.def.innerType});function ju(e,t){return new ua({type:"nonoptional",innerType:e,...N.normalizeParams(t)})}i(ju,"nonoptional");var Yu=m("ZodCatch",(e,t)=>{ps.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Pi(e,n,r,o),e.unwrap=()=>e._zod.def.innerType,e.removeCatch=e.unwrap});function Vu(e,t){return new Yu({type:"catch",innerType:e,catchValue:typeof t=="function"?t:N.constantCatch(t)})}i(Vu,"_catch");var qu=m("ZodPipe",(e,t)=>{fs.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>zi(e,n,r,o),e.in=t.in,e.out=t.out});function ra(e,t){return new qu({type:"pipe",in:e,out:t})}i(ra,"pipe");var Ku=m("ZodReadonly",(e,t)=>{hs.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Fi(e,n,r,o),e.unwrap=()=>e._zod.def.innerType});function Ju(e){return new Ku({type:"readonly",innerType:e})}i(Ju,"readonly");var la=m("ZodCustom",(e,t)=>{_s.init(e,t),b.init(e,t),e._zod.processJSONSchema=(n,r,o)=>Si(e,n,r,o)});function Rp(e,t){return Qs(la,e??(()=>!0),t)}i(Rp,"custom");function Qu(e,t={}){return ei(la,e,t)}i(Qu,"refine");function el(e,t){return ti(e,t)}i(el,"superRefine");var da={};$n(da,{ZodISODate:()=>ze,ZodISODateTime:()=>Pe,ZodISODuration:()=>Ze,ZodISOTime:()=>Fe,date:()=>nl,datetime:()=>tl,duration:()=>ol,time:()=>rl});function tl(e){return dt(Pe,e)}i(tl,"datetime");function nl(e){return mt(ze,e)}i(nl,"date");function rl(e){return pt(Fe,e)}i(rl,"time");function ol(e){return ft(Ze,e)}i(ol,"duration");export{au as a,pp as b,Qi as c,fp as d,hp as e,wn as f,vu as g,_p as h,Ep as i,Tp as j,Uu as k,gp as l,Pu as m,Np as n,Rp as o,da as p,zn as q,al as r,Q as s,ga as t,ll as u,Me as v,Bn as w,kl as x,Ul as y};
