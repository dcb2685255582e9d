// SQL, as a superuser: uploads meet the SQLSTATE that stands in `soak_state` every first of two times.

export const raiseOnce = `CREATE TABLE soak_state (state text); GRANT SELECT ON soak_state TO PUBLIC;
  CREATE FUNCTION soak_raise() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE wanted text := (SELECT state FROM public.soak_state);
  BEGIN
    -- A sequence does not go back with the transaction: the first time fails, the second does not.
    IF wanted IS NOT NULL AND nextval('public.soak_turn') % 2 = 1 THEN
      RAISE EXCEPTION 'soak' USING ERRCODE = wanted;
    END IF;
    RETURN NULL;
  END $$;
  CREATE SEQUENCE soak_turn;
  CREATE TRIGGER soak BEFORE INSERT ON coverage_data FOR EACH STATEMENT EXECUTE FUNCTION soak_raise()`;
