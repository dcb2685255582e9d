-- Purpose: the list of applied migrations, the roles, and the rights on this database and schema.
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
