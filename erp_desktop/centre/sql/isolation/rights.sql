SELECT r.rolname, concat_ws(', ', CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
    CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END,
    (SELECT string_agg('membre de ' || g.rolname, ', ' ORDER BY g.rolname) FROM pg_auth_members m
       JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid
        AND g.rolname NOT IN ('erp_device', 'erp_revoque'))) AS droits
  FROM pg_roles r
 WHERE r.rolname IN ('erp_sync', 'erp_device', 'erp_central', 'erp_revoque')
    OR EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                WHERE m.member = r.oid AND g.rolname IN ('erp_device', 'erp_revoque') AND NOT m.admin_option)
    OR r.rolname IN (SELECT login FROM sync.devices)
