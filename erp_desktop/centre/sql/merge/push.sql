CREATE OR REPLACE FUNCTION sync.pousser(p jsonb, v_numero bigint, v_empreinte text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE d record; ancien record; resultat jsonb;
BEGIN
  SELECT * INTO d FROM sync.devices WHERE login = session_user FOR UPDATE;
  IF NOT FOUND OR d.etat <> 'actif' THEN
    RAISE EXCEPTION 'ce poste n''est plus autorisé' USING ERRCODE = 'EM011';
  END IF;
  PERFORM sync.exiger_isolation();
  SELECT empreinte, l.resultat AS r INTO ancien FROM sync.lots l WHERE l.poste = d.poste AND l.numero = v_numero;
  IF FOUND THEN
    IF ancien.empreinte = v_empreinte THEN RETURN ancien.r || '{"rejoue": true}'; END IF;
    RAISE EXCEPTION 'le lot % a déjà un autre contenu', v_numero USING ERRCODE = 'EM012';
  END IF;
  IF v_numero <> d.dernier_lot + 1 THEN
    RAISE EXCEPTION 'lot % reçu, % attendu', v_numero, d.dernier_lot + 1 USING ERRCODE = 'EM012';
  END IF;
  PERFORM sync.exiger_enveloppe(p, v_empreinte);
  -- A program, or a batch frozen before its upgrade, may still use a column's old name.
  p := sync.traduire(p);
  UPDATE sync.conflits c SET resolu = r->>1 FROM jsonb_array_elements(coalesce(p->'r', '[]')) r
   WHERE c.id = (r->>0)::bigint AND c.poste = d.poste;
  IF (p->>'n')::int > 0 THEN
    p := sync.rapprocher(p, int4range(0, (p->>'n')::int), d.agence_id);
    PERFORM sync.fusionner(p, int4range(0, (p->>'n')::int), d.poste, v_numero, d.agence_id);
  END IF;
  SELECT jsonb_build_object(
    'conflits', coalesce((SELECT jsonb_agg(jsonb_build_array(c.id, c.nom_table, c.pk,
        sync.nom_connu(c.nom_table, c.colonne, d.revision), c.politique,
        sync.noms_connus(c.nom_table, c.politique, c.base, d.revision),
        sync.noms_connus(c.nom_table, c.politique, c.mien, d.revision),
        sync.noms_connus(c.nom_table, c.politique, c.leur, d.revision), c.auteur_mien, (SELECT u.full_name
          FROM public.users u WHERE u.id = c.auteur_leur),
        c.a_decider) ORDER BY c.id) FROM sync.conflits c WHERE c.poste = d.poste AND c.lot = v_numero), '[]'),
    'gares', coalesce((SELECT jsonb_agg(jsonb_build_array(g.id, g.unite, g.code, g.raison) ORDER BY g.id)
        FROM sync.gares g WHERE g.poste = d.poste AND g.lot = v_numero), '[]')) INTO resultat;
  INSERT INTO sync.lots (poste, numero, empreinte, resultat) VALUES (d.poste, v_numero, v_empreinte, resultat);
  UPDATE sync.devices SET dernier_lot = v_numero, vu_a = now() WHERE poste = d.poste;
  PERFORM pg_notify('erp_' || d.agence_id, d.poste::text);
  RETURN resultat;
END $f$;
