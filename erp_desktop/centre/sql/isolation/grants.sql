SELECT c.oid::regclass::text, g.rolname, a.privilege_type
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'sync'),
       aclexplode(c.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND (a.grantee = 0 OR g.rolname IN ('erp_device', 'erp_revoque') OR EXISTS (
     SELECT 1 FROM pg_auth_members m JOIN pg_roles d ON d.oid = m.roleid AND d.rolname IN ('erp_device',
       'erp_revoque')
      WHERE m.member = a.grantee AND NOT m.admin_option) OR a.grantee IN (
     SELECT to_regrole(quote_ident(login)) FROM sync.devices))
   AND c.oid <> 'sync.schema_compat'::regclass ORDER BY 1, 2, 3 LIMIT 20
