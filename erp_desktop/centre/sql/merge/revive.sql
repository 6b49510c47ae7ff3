CREATE OR REPLACE FUNCTION sync.ranimer(t text, lignes jsonb, plage int4range, v_poste integer, v_lot bigint,
  v_agence bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE pks bigint[];
BEGIN
  SELECT array_agg(e.pk) INTO pks FROM sync.row_state e WHERE e.nom_table = t AND e.scope = v_agence
    AND e.etat = 'deleted' AND e.contenu IS NOT NULL
    -- An array, not IN: joined, the planner reads every state of the agency in search of the few deleted ones.
    AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage));
  IF pks IS NULL THEN RETURN; END IF;
  EXECUTE format('INSERT INTO public.%I SELECT (jsonb_populate_record(NULL::public.%I, e.contenu)).* '
    || 'FROM sync.row_state e WHERE e.nom_table = $1 AND e.scope = $2 AND e.pk = ANY($3) ON CONFLICT DO NOTHING', t,
      t)
    USING t, v_agence, pks;
  INSERT INTO sync.conflits (poste, lot, agence_id, nom_table, pk, politique, mien, leur, auteur_mien, auteur_leur,
    a_decider)
  SELECT v_poste, v_lot, v_agence, t, e.pk, 'suppression', '"modifie"', '"supprime"', (r->>1)::bigint, e.auteur, true
    FROM jsonb_array_elements(lignes) r JOIN sync.row_state e ON e.nom_table = t AND e.scope = v_agence
     AND e.pk = (r->>2)::bigint WHERE e.pk = ANY(pks) AND (r->>0)::int <@ plage;
END $f$;
