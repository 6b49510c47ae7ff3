CREATE OR REPLACE FUNCTION sync.verifier_tailles(t text, bloc jsonb, plage int4range, octets text[],
  v_premier integer,
  v_pas integer) RETURNS void LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage
       AND pg_column_size(r) > :HALF_A_TEXT AND EXISTS (
         SELECT 1 FROM jsonb_array_elements_text(r) WITH ORDINALITY AS v(x, n)
          WHERE length(v.x) > :LONGEST_TEXT AND (length(v.x) > :LARGEST_HEX OR NOT coalesce(
            t || '.' || (bloc->'c'->>((v.n - v_premier) / v_pas)::int) = ANY (octets), false)))) THEN
    RAISE EXCEPTION '%', :TEXT_REASON USING ERRCODE = 'EM021', CONSTRAINT = t;
  END IF;
END $f$;

-- A number that a desktop draws (INT, PROV, REC, IVT) tells the agency and the poste of its series. One of another
-- series is not for this device, or its owner's next number would be the one refused. An undone deletion brings
-- back the number that the row had.
CREATE OR REPLACE FUNCTION sync.verifier_numeros(t text, bloc jsonb, plage int4range, v_pk integer, v_premier integer,
  v_pas integer, postes integer[], v_agence bigint) RETURNS void LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i),
        jsonb_array_elements(bloc->'r') r,
        LATERAL (SELECT r->>(v_premier + v_pas * (c.i::integer - 1)) AS numero) v
     WHERE c.nom = 'numero' AND (r->>0)::int <@ plage
       AND v.numero ~ '^[A-Z]{3,4}-[A-Z]{3,5}-[0-9]{2,6}-[0-9]{4}-[0-9]{5,}$'
       AND (split_part(v.numero, '-', 2) <> sync.code_agence(v_agence)
         OR split_part(v.numero, '-', 3)::integer <> ALL (postes))
       AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = t AND e.pk = (r->>v_pk)::bigint
         AND e.scope = v_agence AND e.etat = 'deleted')) THEN
    RAISE EXCEPTION '%', :SERIES_REASON USING ERRCODE = 'EM021', CONSTRAINT = t || '.numero';
  END IF;
END $f$;

-- Colleagues read a view that is shared; whoever made it alone changes it or takes it away.
-- Two rows of one key that become one are nobody's act: such a change names no author.
CREATE OR REPLACE FUNCTION sync.verifier_vues(p jsonb, plage int4range) RETURNS void LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(coalesce(p->'i'->'vues_enregistrees'->'r', '[]')) r,
        jsonb_array_elements_text(p->'i'->'vues_enregistrees'->'c') WITH ORDINALITY AS c(nom, i)
     WHERE (r->>0)::int <@ plage AND c.nom = 'user_id' AND (r->>1)::bigint <> (r->>(c.i + 1)::int)::bigint
  ) OR EXISTS (
    SELECT 1 FROM (
        SELECT r FROM jsonb_array_elements(coalesce(p->'m'->'vues_enregistrees', '[]')) b,
            jsonb_array_elements(b->'r') r
        UNION ALL SELECT r FROM jsonb_array_elements(coalesce(p->'d'->'vues_enregistrees', '[]')) r) AS x
      JOIN public.vues_enregistrees v ON v.id = (x.r->>2)::bigint
     WHERE (x.r->>0)::int <@ plage AND (x.r->>1)::bigint <> v.user_id
  ) OR EXISTS (
    SELECT 1 FROM jsonb_array_elements(coalesce(p->'m'->'vues_enregistrees', '[]')) b,
        jsonb_array_elements(b->'r') r, jsonb_array_elements_text(b->'c') AS c(nom)
     WHERE (r->>0)::int <@ plage AND c.nom = 'user_id'
  ) THEN
    RAISE EXCEPTION '%', :VIEW_REASON USING ERRCODE = 'EM021', CONSTRAINT = 'vues_enregistrees';
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_lot(p jsonb, plage int4range, v_poste integer, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  t text; bloc jsonb; r_id integer; r_par integer; r_qui integer; v_faux bigint;
  octets text[] := ARRAY(SELECT nom_table || '.' || colonne FROM sync.registre WHERE lire LIKE 'decode%');
  -- An administrator takes it over for a device: row-level security does not see to the agency then.
  v_tiers boolean := coalesce(current_setting('erp.au_nom_du_poste', true), '') <> '';
  auteurs bigint[] := '{}'; postes integer[] := sync.postes_admis(v_poste, v_agence);
BEGIN
  FOR t, bloc IN SELECT * FROM jsonb_each(coalesce(p->'i', '{}')) LOOP
    SELECT max(c.i + 1) FILTER (WHERE c.nom = 'id'), max(c.i + 1) FILTER (WHERE c.nom = 'created_by_id'),
           max(c.i + 1) FILTER (WHERE c.nom = 'user_id' AND t = 'historiques_interventions')
      INTO r_id, r_par, r_qui FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i);
    auteurs := auteurs || ARRAY(SELECT DISTINCT x::bigint FROM jsonb_array_elements(bloc->'r') r,
      LATERAL (VALUES (r->>1), (r->>r_par), (r->>r_qui)) v(x) WHERE (r->>0)::int <@ plage AND x IS NOT NULL);
    SELECT (r->>r_id)::bigint INTO v_faux FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage
       AND (r->>r_id)::bigint >= :OLDEST_ID
       AND (((r->>r_id)::bigint >> 3) & 524287)::int <> ALL (postes)
       -- A row of this agency that was deleted comes back under its key when that is undone.
       AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = t AND e.pk = (r->>r_id)::bigint
         AND e.scope = v_agence AND e.etat = 'deleted') LIMIT 1;
    IF v_faux IS NOT NULL THEN
      RAISE EXCEPTION '%', :KEY_REASON USING ERRCODE = 'EM021', CONSTRAINT = t || '.id';
    END IF;
    PERFORM sync.verifier_tailles(t, bloc, plage, octets, 3, 1);
    PERFORM sync.verifier_numeros(t, bloc, plage, r_id, 2, 1, postes, v_agence) WHERE bloc->'c' ? 'numero';
    IF v_tiers AND EXISTS (SELECT 1 FROM jsonb_array_elements(bloc->'r') r,
        jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
        WHERE (r->>0)::int <@ plage AND c.nom = 'agence_id' AND (r->>(c.i + 1)::int)::bigint <> v_agence) THEN
      RAISE EXCEPTION '%', :FOREIGN_REASON USING ERRCODE = 'EM022';
    END IF;
  END LOOP;
  FOR t, bloc IN SELECT x.k, b FROM jsonb_each(coalesce(p->'m', '{}')) AS x(k, l), jsonb_array_elements(x.l) b LOOP
    SELECT max(1 + 2 * c.i + 2) FILTER (WHERE c.nom = 'created_by_id') INTO r_par
      FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i);
    auteurs := auteurs || ARRAY(SELECT DISTINCT x::bigint FROM jsonb_array_elements(bloc->'r') r,
      LATERAL (VALUES (r->>1), (r->>r_par)) v(x) WHERE (r->>0)::int <@ plage AND x IS NOT NULL);
    PERFORM sync.verifier_tailles(t, bloc, plage, octets, 5, 2);
    PERFORM sync.verifier_numeros(t, bloc, plage, 2, 5, 2, postes, v_agence) WHERE bloc->'c' ? 'numero';
    IF v_tiers THEN
      PERFORM sync.exiger_agence(t, bloc->'r', plage, v_agence);
      IF EXISTS (SELECT 1 FROM jsonb_array_elements_text(bloc->'c') AS c(nom) WHERE c.nom = 'agence_id') THEN
        RAISE EXCEPTION '%', :FOREIGN_REASON USING ERRCODE = 'EM022';
      END IF;
    END IF;
  END LOOP;
  IF v_tiers THEN
    PERFORM sync.exiger_agence(x.k, x.l, plage, v_agence) FROM jsonb_each(coalesce(p->'d', '{}')) AS x(k, l);
  END IF;
  auteurs := auteurs || ARRAY(SELECT DISTINCT (r->>1)::bigint
    FROM jsonb_each(coalesce(p->'d', '{}')) AS x(k, l), jsonb_array_elements(x.l) r
    WHERE (r->>0)::int <@ plage AND r->>1 IS NOT NULL);
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT unnest(auteurs)) AS a(id) WHERE NOT EXISTS (
      SELECT 1 FROM public.users u WHERE u.id = a.id AND u.is_active AND u.agence_id = v_agence)) THEN
    RAISE EXCEPTION '%', :AUTHOR_REASON USING ERRCODE = 'EM006';
  END IF;
  IF p->'m' ? 'interventions' OR p->'i' ? 'historiques_interventions' THEN
    PERFORM sync.verifier_statuts(p, plage, v_agence);
  END IF;
  PERFORM sync.verifier_contrats(p, plage, v_agence);
  PERFORM sync.verifier_vues(p, plage);
END $f$;
