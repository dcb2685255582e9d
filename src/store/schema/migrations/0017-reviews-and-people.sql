-- Purpose: keep reviews by MATRIZ with the run they came with, and refuse what a cloned passkey would send; preferences for each person.
-- Locks: consciousness_reviews: ACCESS EXCLUSIVE; users, webauthn_credentials: SHARE ROW EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP TRIGGER use_webauthn_credential ON webauthn_credentials, make_preferences ON users; DROP FUNCTION of both; ALTER TABLE
--   consciousness_reviews DROP COLUMN repository, origin, run_id; REVOKE SELECT, INSERT ON consciousness_reviews FROM lukhas_ingest.

-- step: reviews
-- Pull requests of two repositories have equal numbers; and a fork's review is no answer for the team.
ALTER TABLE consciousness_reviews
  ADD COLUMN repository TEXT,
  ADD COLUMN origin VARCHAR(10),
  ADD COLUMN run_id UUID;
-- It adds reviews and reads those of its team. Rights stand in the order in which a repair gives them.
REVOKE ALL ON consciousness_reviews FROM lukhas_service;
GRANT SELECT, INSERT ON consciousness_reviews TO lukhas_ingest;
GRANT SELECT, INSERT, UPDATE ON consciousness_reviews TO lukhas_service;

-- step: passkeys
-- A use of a passkey is an UPDATE that sets its sign_count. WebAuthn Level 2, sections 6.1.1 and 7.2: where either count is not zero, a
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
  EXECUTE FUNCTION keep_webauthn_revoked();

-- step: preferences
-- At the end of the transaction: a dump that is restored brings its own.
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
INSERT INTO user_preferences (lambda_id) SELECT u.lambda_id FROM users u ON CONFLICT (lambda_id) DO NOTHING;

-- step: rights
-- Whether a person was deleted decides whether they can be an author.
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
$closed$;
