DO $$ DECLARE suffix text := ''; BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RETURN; END IF;
  IF current_setting('server_version_num')::int >= 160000 THEN
    IF pg_has_role('erp_sync', 'USAGE') AND pg_has_role('erp_sync', 'SET') THEN RETURN; END IF;
    suffix := ' WITH INHERIT TRUE, SET TRUE';
  ELSIF pg_has_role('erp_sync', 'USAGE') THEN RETURN;
  END IF;
  EXECUTE format('GRANT erp_sync TO %I', current_user) || suffix;
END $$;
