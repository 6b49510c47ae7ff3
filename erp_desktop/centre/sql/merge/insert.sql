CREATE OR REPLACE FUNCTION sync.inserer(t text, bloc jsonb, plage int4range, v_poste integer, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  noms text; valeurs text; formes text; interdits text; rang_id integer; interdit boolean; autres bigint[];
    audit boolean := t = 'historiques_interventions';
BEGIN
  SELECT string_agg(format('%I', c.nom), ', ' ORDER BY c.i),
         string_agg(format(g.lire, format('r->>%s', c.i + 1)), ', ' ORDER BY c.i),
         string_agg(CASE WHEN g.lire LIKE '%::timestamptz' THEN format('length(r->>%s) <> 27', c.i + 1)
             -- The centre puts back a clock that runs ahead.
             || CASE WHEN c.nom = 'updated_at'
                  THEN format(' OR (r->>%s)::timestamptz > now() + interval ''5 minutes''', c.i + 1) ELSE '' END
           WHEN g.lire LIKE '%::numeric' THEN format('r->>%s !~ ''^-?(0|[1-9][0-9]*)[.][0-9]{%s}$''', c.i + 1,
             (SELECT (a.atttypmod - 4) & 65535 FROM pg_attribute a
               WHERE a.attrelid = format('public.%I', t)::regclass AND a.attname = c.nom))
           WHEN c.nom = 'agence_id' THEN format('r->>%s IS NULL', c.i + 1) END, ' OR '),
         string_agg(CASE WHEN g.permis IS NULL THEN format('r->>%s IS NOT NULL', c.i + 1)
           ELSE format('r->>%s !~ %L', c.i + 1, g.permis) END, ' OR ') FILTER (WHERE g.politique = 'centre_seul'),
         max(c.i + 1) FILTER (WHERE c.nom = 'id')
    INTO noms, valeurs, formes, interdits, rang_id
    FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
    JOIN sync.registre g ON g.nom_table = t AND g.colonne = c.nom AND g.inscriptible
   -- What is computed here is not taken from an earlier program that sends it.
   WHERE NOT (audit AND c.nom IN ('poste', 'recu_a')) AND g.politique <> 'derive';
  IF rang_id IS NULL THEN RAISE EXCEPTION 'ajout refusé dans %', t USING ERRCODE = 'EM001'; END IF;
  IF interdits IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM jsonb_array_elements($1) r WHERE (r->>0)::int BETWEEN $2 AND $3 '
      || 'AND (%s))', interdits) INTO interdit USING bloc->'r', lower(plage), upper(plage) - 1;
    IF interdit THEN RAISE EXCEPTION 'valeur réservée au centre dans %', t USING ERRCODE = 'EM020'; END IF;
  END IF;
  IF audit THEN noms := noms || ', poste, recu_a'; valeurs := valeurs || format(', %s, now()', v_poste); END IF;
  EXECUTE format('INSERT INTO public.%I (%s) SELECT %s FROM jsonb_array_elements($1) r '
    || 'WHERE (r->>0)::int BETWEEN $2 AND $3', t, noms, valeurs)
    USING bloc->'r', lower(plage), upper(plage) - 1;
  EXECUTE $q$:INSERT_STATE$q$ USING t, bloc, plage, v_agence, rang_id,
    -- The centre stamps audit rows, so their sender needs them back.
    CASE WHEN audit THEN 0 ELSE v_poste END;
  -- A value that another program spelled its own way (12.5 for 12.50) goes back in the one form.
  EXECUTE format('SELECT array_agg((r->>%s)::bigint) FROM jsonb_array_elements($1) r '
    || 'WHERE (r->>0)::int BETWEEN $2 AND $3 AND (%s)', rang_id, coalesce(formes, 'false'))
    INTO autres USING bloc->'r', lower(plage), upper(plage) - 1;
  IF autres IS NOT NULL THEN
    UPDATE sync.row_state SET origine = 0 WHERE nom_table = t AND pk = ANY(autres) AND scope = v_agence;
  END IF;
END $f$;
