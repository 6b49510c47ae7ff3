SELECT a.pid AS processus, a.usename AS login, d.poste, d.nom, coalesce(nullif(a.application_name, ''), '?')
  AS programme,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float AS secondes
  FROM pg_stat_activity a LEFT JOIN sync.devices d ON d.login = a.usename::text
 WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
 ORDER BY a.xact_start LIMIT 3
