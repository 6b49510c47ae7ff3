REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$
DECLARE f regprocedure;
BEGIN
  IF has_database_privilege('erp_device', current_database(), 'TEMP') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  END IF;
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (p.proname ~ '^lo_' OR p.proname IN ('loread', 'lowrite'))
      AND has_function_privilege('erp_device', p.oid, 'EXECUTE') LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
