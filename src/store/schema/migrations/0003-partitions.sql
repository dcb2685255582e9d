-- Purpose: the functions that make monthly partitions of the three big tables and list expired ones, and the time in a run id.
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
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds
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

-- Partitions that hold nothing younger than `keep`, oldest first: it is the upper bound that decides.
CREATE FUNCTION expired_partitions(parent regclass, keep interval) RETURNS TABLE (child regclass, upper_bound timestamptz)
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT b.child, b.upper_bound FROM partition_bounds(parent) b WHERE b.upper_bound <= now() - keep ORDER BY b.upper_bound
$$;
