SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS nom,
  CASE WHEN p.prosqlbody IS NULL AND p.proconfig IS DISTINCT FROM ARRAY[%(pin)s] THEN 'chemin de recherche non fixé'
       WHEN p.proname = ANY(%(entries)s) AND NOT p.prosecdef THEN 'exécutée avec les droits de qui l''appelle'
       WHEN p.proname = ANY(%(entries)s) AND r.rolname <> 'erp_sync' THEN 'appartient à ' || r.rolname
       WHEN p.proname <> ALL(%(entries)s) AND r.rolname = 'erp_sync' THEN 'appartient à erp_sync'
       WHEN p.proacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
         THEN 'exécutable par tous' END AS tort
  FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
 WHERE p.pronamespace = 'sync'::regnamespace AND p.prokind = 'f'
