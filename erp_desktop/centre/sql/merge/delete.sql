CREATE OR REPLACE FUNCTION sync.supprimer(t text, lignes jsonb, plage int4range, v_poste integer, v_lot bigint,
  v_agence bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM sync.registre g WHERE g.nom_table = t AND g.inscriptible AND g.retirable) THEN
    RAISE EXCEPTION 'suppression refusée dans %', t USING ERRCODE = 'EM001';
  END IF;
  IF EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = t AND e.scope = v_agence AND e.etat = 'evicted'
      AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage)))
  THEN
    RAISE EXCEPTION 'la ligne n''est plus dans cette agence' USING ERRCODE = 'EM004';
  END IF;
  PERFORM sync.exiger_propre(t, ARRAY(
    SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage));
  EXECUTE format($q$
    WITH s AS MATERIALIZED (
      SELECT (r->>1)::bigint AS auteur, (r->>2)::bigint AS pk, (r->>3)::bigint AS ver
        FROM jsonb_array_elements($1) r WHERE (r->>0)::int BETWEEN $2 AND $3),
    x AS MATERIALIZED (
      SELECT s.*, e.auteur AS eauteur, (e.ver = s.ver OR e.origine = $6) AS intacte
        FROM s JOIN public.%1$I t ON t.id = s.pk
        JOIN sync.row_state e ON e.nom_table = $4 AND e.pk = s.pk AND e.scope = $5),
    ote AS (DELETE FROM public.%1$I t USING x WHERE t.id = x.pk AND x.intacte RETURNING t.id, to_jsonb(t) AS contenu),
    perdus AS (INSERT INTO sync.conflits (poste, lot, agence_id, nom_table, pk, politique, mien, leur, auteur_mien,
        auteur_leur, a_decider)
      SELECT $6, $7, $5, $4, x.pk, 'suppression', '"supprime"', '"modifie"', x.auteur, x.eauteur, true
        FROM x WHERE NOT x.intacte),
    dit AS (INSERT INTO sync.modifications (nom_table, pk, agence_id, operation, auteur, poste, avant)
      SELECT $4, x.pk, $5, 'D', x.auteur, $6, (SELECT jsonb_object_agg(c.key, ote.contenu->>c.key)
          FROM jsonb_each(ote.contenu) c WHERE c.key <> ALL (:UNTOLD))
        FROM x JOIN ote ON ote.id = x.pk)
    INSERT INTO sync.row_state AS e (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
      SELECT $4, x.pk, $5, 1, pg_current_xact_id(), nextval('sync.seq_etat'), 0, x.auteur, now(),
             CASE WHEN x.intacte THEN 'deleted' ELSE 'live' END, ote.contenu FROM x LEFT JOIN ote ON ote.id = x.pk
      ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
        origine = 0, auteur = excluded.auteur, quand = excluded.quand, etat = excluded.etat,
          contenu = excluded.contenu
  $q$, t) USING lignes, lower(plage), upper(plage) - 1, t, v_agence, v_poste, v_lot;
END $f$;
