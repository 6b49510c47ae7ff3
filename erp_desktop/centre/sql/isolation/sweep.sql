DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'sync'::regnamespace AND p.prokind = 'f'
      AND p.prosqlbody IS NULL AND p.proconfig IS DISTINCT FROM ARRAY['search_path=:PATH'] LOOP
    EXECUTE format('ALTER FUNCTION %s :PIN', f);
  END LOOP;
END $$
