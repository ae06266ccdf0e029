-- What happens to orders is noted in the transaction that does it, by whoever does it; the audit
-- trail (east-audit) brings the notes to where nobody can change them. None of it is the service's
-- own: it can neither write notes nor remove them, and its trigger comes back by itself.
\connect orders
CREATE ROLE auditor LOGIN PASSWORD :'auditor_password'
  IN ROLE pg_monitor, pg_use_reserved_connections;
CREATE SCHEMA audit;
CREATE TABLE audit.events (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  action text NOT NULL,
  subject text NOT NULL,
  login name NOT NULL DEFAULT session_user,
  pid integer NOT NULL DEFAULT pg_backend_pid(),
  started timestamptz NOT NULL, -- the session; its number alone comes again
  application text NOT NULL,
  address inet,
  old jsonb,
  new jsonb
);
-- Hashes of the trail that are not kept where the trail is.
CREATE TABLE audit.anchors (
  number bigint PRIMARY KEY,
  hash text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT USAGE ON SCHEMA audit TO auditor;
GRANT SELECT, DELETE ON audit.events TO auditor;
GRANT SELECT, INSERT ON audit.anchors TO auditor;

CREATE FUNCTION audit.note(action text, subject text, old jsonb, new jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO audit.events (action, subject, started, application, address, old, new)
  SELECT note.action, note.subject, own.backend_start, own.application_name, own.client_addr,
         note.old, note.new
  FROM pg_stat_get_activity(pg_backend_pid()) AS own;
$$;

-- Leases on what is pending, and an order that is made once more under its key, change nothing.
CREATE FUNCTION audit.note_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
  IF TG_OP = 'UPDATE' AND old_row - 'settle_after' = new_row - 'settle_after' THEN
    RETURN NULL;
  END IF;
  PERFORM audit.note(
    CASE TG_OP WHEN 'INSERT' THEN 'row made' WHEN 'UPDATE' THEN 'row changed' ELSE 'row deleted' END,
    TG_TABLE_NAME, old_row, new_row
  );
  RETURN NULL;
END $$;

CREATE FUNCTION audit.note_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM audit.note('table emptied', TG_TABLE_NAME, NULL, NULL);
  RETURN NULL;
END $$;

-- Have the service's table watched, as soon as there is one, whatever its owner did about that.
-- Each step is a change of the schema, so this is called again within it, and finds it done.
CREATE FUNCTION audit.watch() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  orders regclass := to_regclass('public.orders');
BEGIN
  IF orders IS NULL THEN RETURN; END IF;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = orders AND tgname = 'noted') THEN
    CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON public.orders
      FOR EACH ROW EXECUTE FUNCTION audit.note_row();
  END IF;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = orders AND tgname = 'noted_truncate') THEN
    CREATE TRIGGER noted_truncate AFTER TRUNCATE ON public.orders
      FOR EACH STATEMENT EXECUTE FUNCTION audit.note_truncate();
  END IF;
  IF (SELECT tgenabled <> 'A' FROM pg_trigger WHERE tgrelid = orders AND tgname = 'noted') THEN
    ALTER TABLE public.orders ENABLE ALWAYS TRIGGER noted;
  END IF;
  IF (SELECT tgenabled <> 'A' FROM pg_trigger
      WHERE tgrelid = orders AND tgname = 'noted_truncate') THEN
    ALTER TABLE public.orders ENABLE ALWAYS TRIGGER noted_truncate;
  END IF;
END $$;

CREATE FUNCTION audit.note_schema() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM audit.note('schema changed', TG_TAG, NULL, NULL);
  PERFORM audit.watch();
END $$;

-- Nobody waits for a standby, nor stays outside, because his coming is noted.
CREATE FUNCTION audit.note_login() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF pg_is_in_recovery() THEN RETURN; END IF;
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM audit.note('login', current_database(), NULL, NULL);
EXCEPTION WHEN OTHERS THEN
  RAISE LOG 'the login of % could not be noted: %', session_user, SQLERRM;
END $$;

CREATE EVENT TRIGGER note_schema ON ddl_command_end EXECUTE FUNCTION audit.note_schema();
CREATE EVENT TRIGGER note_login ON login EXECUTE FUNCTION audit.note_login();
ALTER EVENT TRIGGER note_schema ENABLE ALWAYS;
ALTER EVENT TRIGGER note_login ENABLE ALWAYS;
