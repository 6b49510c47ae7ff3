WITH maitre AS (
  SELECT coalesce((SELECT relowner FROM pg_catalog.pg_class WHERE oid = to_regclass('public.alembic_version')),
                  (SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database())) AS oid),
roles AS (
  SELECT r.oid, r.rolname, EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members m
      JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid AND g.rolname IN ('erp_device',
        'erp_revoque')
        AND NOT m.admin_option) AS poste
    FROM pg_catalog.pg_roles r, maitre
   WHERE NOT r.rolsuper AND r.rolname NOT LIKE 'pg\_%%' AND r.rolname <> 'erp_sync'
     AND NOT pg_has_role(r.oid, maitre.oid, 'MEMBER')),
lieux AS (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname IN ('public', 'sync')),
objets AS (
  SELECT 'fonction' AS genre, p.proname::text AS nom, p.proowner AS proprietaire, p.pronamespace AS lieu, p.oid,
         'pg_proc'::regclass AS classe FROM pg_catalog.pg_proc p
  UNION ALL SELECT 'opérateur', o.oprname, o.oprowner, o.oprnamespace, o.oid, 'pg_operator'::regclass
    FROM pg_catalog.pg_operator o
  UNION ALL SELECT 'type', t.typname, t.typowner, t.typnamespace, t.oid, 'pg_type'::regclass FROM pg_catalog.pg_type t
   WHERE t.typrelid = 0 AND t.typelem = 0
  UNION ALL SELECT 'collation', c.collname, c.collowner, c.collnamespace, c.oid, 'pg_collation'::regclass
    FROM pg_catalog.pg_collation c
  UNION ALL SELECT 'classe d''opérateurs', c.opcname, c.opcowner, c.opcnamespace, c.oid, 'pg_opclass'::regclass
    FROM pg_catalog.pg_opclass c
  UNION ALL SELECT 'table', c.relname, c.relowner, c.relnamespace, c.oid, 'pg_class'::regclass
    FROM pg_catalog.pg_class c)
SELECT o.genre, l.nspname, o.nom, r.rolname FROM objets o JOIN lieux l ON l.oid = o.lieu
  JOIN roles r ON r.oid = o.proprietaire
 WHERE (r.poste OR o.genre <> 'table') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
     WHERE d.classid = o.classe AND d.objid = o.oid AND d.deptype = 'e')
 ORDER BY 1, 2, 3 LIMIT 20
