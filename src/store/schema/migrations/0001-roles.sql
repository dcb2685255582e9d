-- Purpose: the roles, the rights on this database and schema, and the list of applied migrations.
--   lukhas_owner    owns every table; nobody logs in as it.
--   lukhas_ingest   rights of a CI credential: a login role is granted it and bound to one team.
--   lukhas_service  rights of a back end for many teams: it names the team per transaction.
-- Runs as the administrator: a superuser, or the database's owner with CREATEROLE. All later files run as lukhas_owner.
-- Locks: rows of pg_authid and pg_auth_members, shared by all databases of the server.
-- Reversible: DROP TABLE lukhas_migrations; REVOKE; DROP ROLE, once no database of the server uses the roles.

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

SET LOCAL ROLE lukhas_owner;

CREATE TABLE lukhas_migrations (
  number INTEGER CONSTRAINT lukhas_migrations_pkey PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
REVOKE ALL ON lukhas_migrations FROM PUBLIC;
GRANT SELECT ON lukhas_migrations TO lukhas_ingest, lukhas_service;
