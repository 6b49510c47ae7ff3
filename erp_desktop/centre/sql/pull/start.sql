CREATE OR REPLACE FUNCTION sync.debut_copie() RETURNS jsonb :HEAD AS $f$
  SELECT jsonb_build_object('x', pg_snapshot_xmin(pg_current_snapshot())::text, 'epoque', sync.epoque(),
    'poste', sync.poste(), 'agence', sync.agence(), 'tables', to_jsonb(array_remove(ARRAY[:FILLED], NULL)),
    'revision', (SELECT revision FROM sync.schema_compat ORDER BY id DESC LIMIT 1)) WHERE sync.exiger_poste()
$f$;
