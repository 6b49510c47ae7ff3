CREATE OR REPLACE FUNCTION sync.tirer(p_xid xid8, p_seq bigint, p_limite integer) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER :PIN AS $f$
DECLARE
  v_agence bigint := sync.agence();
  v_poste integer := sync.poste();
  plafond xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_revision text := (SELECT d.revision FROM sync.devices d WHERE d.login = session_user);
  n integer; x xid8; s bigint; cles jsonb; page jsonb;
  ici jsonb; plus jsonb; trouves jsonb; corps jsonb := '{}'; bloc jsonb;
  g record;
BEGIN
  PERFORM sync.exiger_poste();
  p_limite := least(greatest(p_limite, 1), :LONGEST_PAGE);
  -- Somebody is writing, and nothing behind him is served: let it not be a device that does nothing but hold.
  IF plafond < pg_snapshot_xmax(pg_current_snapshot()) THEN PERFORM sync.veiller(); END IF;
  -- What this device sent comes back by its key, if it stands exactly so: most of a page that follows a batch. The
  -- page is read in the cursor's order: its last row is the next cursor.
  SELECT count(*), (array_agg(v.xid))[count(*)], (array_agg(v.seq))[count(*)],
         coalesce(jsonb_agg(jsonb_build_array(nom_table, pk, ver))
           FILTER (WHERE etat = 'live' AND origine = v_poste), '[]'),
         coalesce(jsonb_agg(jsonb_build_array(nom_table, pk, etat))
           FILTER (WHERE etat <> 'live' OR origine <> v_poste), '[]')
    INTO n, x, s, cles, page
    FROM (SELECT * FROM (:SHARED_BY_ALL UNION ALL :OF_THE_AGENCY) u
          ORDER BY xid, seq LIMIT p_limite) v;
  IF n = 0 THEN RETURN jsonb_build_object('n', 0); END IF;
  -- Bodies are wanted of the other live rows.
  SELECT coalesce(jsonb_object_agg(t, ids), '{}') INTO ici FROM (
    SELECT r->>0 AS t, jsonb_agg(r->1) AS ids FROM jsonb_array_elements(page) r
     WHERE r->>2 = 'live' GROUP BY r->>0) y;
  -- Ancestors whose present version this device has not been served yet.
  plus := ici;
  WHILE plus <> '{}' LOOP
    trouves := '[]';
    FOR g IN SELECT k AS t, l AS ids FROM jsonb_each(plus) AS e(k, l) LOOP
      EXECUTE format('SELECT $6 || coalesce(jsonb_agg(DISTINCT jsonb_build_array(a.nom_table, a.pk)), ''[]'') '
        || 'FROM sync.ancetres_%s($1) a JOIN sync.row_state e ON e.nom_table = a.nom_table AND e.pk = a.pk '
        || 'AND e.scope IN (0, $2) AND e.etat = ''live'' WHERE (e.xid, e.seq) > ($3, $4) '
        || 'AND NOT coalesce($5->a.nom_table @> to_jsonb(a.pk), false)', g.t)
        INTO trouves USING ARRAY(SELECT i::bigint FROM jsonb_array_elements_text(g.ids) i), v_agence, p_xid, p_seq,
          ici, trouves;
    END LOOP;
    SELECT coalesce(jsonb_object_agg(t, ids), '{}') INTO plus FROM (
      SELECT r->>0 AS t, jsonb_agg(DISTINCT r->1) AS ids FROM jsonb_array_elements(trouves) r GROUP BY r->>0) y;
    SELECT ici || coalesce(jsonb_object_agg(k, coalesce(ici->k, '[]') || l), '{}') INTO ici
      FROM jsonb_each(plus) AS e(k, l);
  END LOOP;
  FOR g IN SELECT k AS t, l AS ids FROM jsonb_each(ici) AS e(k, l) LOOP
    EXECUTE format('SELECT sync.corps_%s($1)', g.t)
      INTO bloc USING ARRAY(SELECT i::bigint FROM jsonb_array_elements_text(g.ids) i);
    corps := corps || jsonb_build_object(g.t, sync.lignes_connues(g.t, bloc, v_revision));
  END LOOP;
  RETURN jsonb_build_object('n', n, 'x', x::text, 's', s, 't', corps,
    'k', cles,
    -- What a row became that had the natural key of one at the centre; its deletion is among those below.
    'a', coalesce((SELECT jsonb_agg(jsonb_build_array(r->0, r->1, x.devenu)) FROM jsonb_array_elements(page) r,
                     LATERAL (SELECT e.contenu->'devenu' AS devenu FROM sync.row_state e WHERE e.nom_table = r->>0
                       AND e.pk = (r->>1)::bigint AND e.scope = v_agence AND e.etat = 'deleted'
                       AND e.contenu ? 'devenu' OFFSET 0) x
                   WHERE r->>2 = 'deleted'), '[]'),
    -- An eviction or a deletion loses to a live state of the same row in this device's scopes. OFFSET 0 keeps the
    -- planner from turning a few look-ups into one join with every live state.
    'd', coalesce((SELECT jsonb_agg(r) FROM jsonb_array_elements(page) r
                   WHERE r->>2 <> 'live' AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = r->>0
                     AND e.pk = (r->>1)::bigint AND e.scope IN (0, v_agence) AND e.etat = 'live' OFFSET 0)), '[]'));
END $f$;
