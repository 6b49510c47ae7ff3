CREATE OR REPLACE FUNCTION sync.appliquer(p jsonb, plage int4range, v_poste integer, v_lot bigint, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  g record; bloc jsonb;
  -- Taken out once: asked of p for every line of the registry, each answer would copy the whole part.
  ajoutees text[] := ARRAY(SELECT jsonb_object_keys(p->'i'));
  modifiees text[] := ARRAY(SELECT jsonb_object_keys(p->'m'));
  otees text[] := ARRAY(SELECT jsonb_object_keys(p->'d'));
BEGIN
  PERFORM sync.verifier_lot(p, plage, v_poste, v_agence);
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre
           WHERE nom_table = ANY(modifiees || otees) AND NOT ajout_seul ORDER BY rang LOOP
    EXECUTE format('SELECT 1 FROM public.%I WHERE id = ANY($1) ORDER BY id FOR UPDATE', g.nom_table) USING ARRAY(
      SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'m'->g.nom_table, '[]')) b,
             jsonb_array_elements(b->'r') r WHERE (r->>0)::int <@ plage
      UNION ALL SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'d'->g.nom_table, '[]')) r
             WHERE (r->>0)::int <@ plage);
  END LOOP;
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre WHERE nom_table = ANY(ajoutees) ORDER BY rang LOOP
    PERFORM sync.inserer(g.nom_table, p->'i'->g.nom_table, plage, v_poste, v_agence);
  END LOOP;
  -- Slots before interventions, whose plan follows from them: what a device sends of both is then the same thing.
  FOR g IN SELECT DISTINCT CASE nom_table WHEN 'creneaux' THEN -1 ELSE rang END AS place, nom_table
             FROM sync.registre WHERE nom_table = ANY(modifiees) ORDER BY place LOOP
    FOR bloc IN SELECT b FROM jsonb_array_elements(p->'m'->g.nom_table) b LOOP
      PERFORM sync.modifier(g.nom_table, bloc, plage, v_poste, v_lot, v_agence, coalesce((p->>'v')::int, 1));
    END LOOP;
  END LOOP;
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre WHERE nom_table = ANY(otees) ORDER BY rang DESC LOOP
    PERFORM sync.supprimer(g.nom_table, p->'d'->g.nom_table, plage, v_poste, v_lot, v_agence);
  END LOOP;
  PERFORM sync.accorder_stock(p, plage);
  IF p->'i' ? 'avenants' THEN
    PERFORM sync.numeroter_avenants(sync.valeurs(p->'i'->'avenants', plage, 'id'), v_poste, v_lot);
  END IF;
  IF p->'i' ? 'demandes_validation' THEN
    PERFORM sync.repondre(sync.valeurs(p->'i'->'demandes_validation', plage, 'id'));
  END IF;
  IF jsonb_array_length(p->'o') > 0 THEN
    -- What was pointed at another row than its sender did goes back to him.
    UPDATE sync.row_state e SET origine = 0 FROM jsonb_array_elements(p->'o') o
     WHERE e.nom_table = o->>0 AND e.pk = (o->>1)::bigint AND e.scope = v_agence;
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.extrait(p jsonb, v_unite integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $f$
  SELECT jsonb_build_object(
    'i', (SELECT jsonb_object_agg(t, jsonb_build_object('c', b->'c', 'r', (SELECT jsonb_agg(r) FROM
            jsonb_array_elements(b->'r') r WHERE (r->>0)::int = v_unite))) FROM jsonb_each(p->'i') AS x(t, b)
          WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(b->'r') r WHERE (r->>0)::int = v_unite)),
    'm', (SELECT jsonb_object_agg(t, l) FROM (SELECT t, (SELECT jsonb_agg(jsonb_build_object('c', b->'c', 'r',
            (SELECT jsonb_agg(r) FROM jsonb_array_elements(b->'r') r WHERE (r->>0)::int = v_unite)))
            FROM jsonb_array_elements(bs) b WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(b->'r') r
              WHERE (r->>0)::int = v_unite)) AS l FROM jsonb_each(p->'m') AS x(t, bs)) y WHERE l IS NOT NULL),
    'd', (SELECT jsonb_object_agg(t, l) FROM (SELECT t, (SELECT jsonb_agg(r) FROM jsonb_array_elements(rs) r
            WHERE (r->>0)::int = v_unite) AS l FROM jsonb_each(p->'d') AS x(t, rs)) y WHERE l IS NOT NULL))
$f$;

CREATE OR REPLACE FUNCTION sync.fusionner(p jsonb, plage int4range, v_poste integer, v_lot bigint, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE unites integer[]; milieu integer; v_code text; v_texte text; v_contrainte text;
BEGIN
  BEGIN
    PERFORM sync.appliquer(p, plage, v_poste, v_lot, v_agence);
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_texte = MESSAGE_TEXT, v_contrainte = CONSTRAINT_NAME;
    -- Only what a row's values, rights or rules can cause is looked for unit by unit.
    IF v_code <> '42501' AND left(v_code, 2) NOT IN ('22', '23', 'EM', 'P0') THEN RAISE; END IF;
  END;
  -- Of the units that are there, not of those that are claimed.
  unites := sync.unites(p, plage);
  IF unites = '{}' THEN RAISE EXCEPTION '%', v_texte USING ERRCODE = v_code; END IF;
  IF cardinality(unites) = 1 THEN
    plage := int4range(unites[1], unites[1] + 1);
    IF v_code = '23505' THEN
      BEGIN
        -- A key that another transaction took meanwhile is seen only now.
        PERFORM sync.appliquer(sync.permuter(sync.rapprocher(p, plage, v_agence), plage), plage, v_poste, v_lot,
          v_agence);
        RETURN;
      EXCEPTION WHEN unique_violation OR check_violation OR string_data_right_truncation OR SQLSTATE 'EM021'
        THEN NULL;
      END;
    END IF;
    INSERT INTO sync.gares (poste, lot, unite, agence_id, code, raison, contenu)
    VALUES (v_poste, v_lot, lower(plage), v_agence,
      CASE v_code WHEN '23505' THEN 'doublon' WHEN '23503' THEN 'parent' WHEN '23514' THEN 'regle'
        WHEN 'EM021' THEN 'regle' WHEN 'EM022' THEN 'droit' WHEN 'EM006' THEN 'auteur'
        WHEN 'EM002' THEN 'agence' WHEN 'EM003' THEN 'statut' WHEN 'EM004' THEN 'partie' WHEN 'EM020'
          THEN 'centre_seul' WHEN '42501' THEN 'droit'
        ELSE 'refus' END,
      v_texte || coalesce(' [' || nullif(v_contrainte, '') || ']', ''), sync.extrait(p, lower(plage)));
    RETURN;
  END IF;
  milieu := unites[cardinality(unites) / 2 + 1];
  -- Each half by itself: looking for a bad unit reads the batch once a level, not once a unit.
  PERFORM sync.fusionner(sync.partie(p, int4range(lower(plage), milieu)), int4range(lower(plage), milieu), v_poste,
    v_lot, v_agence);
  PERFORM sync.fusionner(sync.partie(p, int4range(milieu, upper(plage))), int4range(milieu, upper(plage)), v_poste,
    v_lot, v_agence);
END $f$;
