-- Nobody but its owner executes a routine of the exchange. Most of them are shut since the revision before:
-- naming all of them once more takes a quarter of a step.
DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'sync'::regnamespace
      AND EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE a.grantee = 0 OR a.grantee IN (
          SELECT oid FROM pg_roles WHERE rolname IN ('erp_device', 'erp_central', 'erp_revoque'))) LOOP
    EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, erp_device, erp_central, erp_revoque', f);
  END LOOP;
END $$
