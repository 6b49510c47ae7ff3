CREATE OR REPLACE FUNCTION sync.verifier_statuts(p jsonb, plage int4range, v_agence bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $f$
DECLARE
  h jsonb := p->'i'->'historiques_interventions'; r_id integer; r_de integer; r_vers integer; r_mot integer;
  r_fiche integer; r_qui integer; v_dit text;
BEGIN
  SELECT max(c.i + 1) FILTER (WHERE c.nom = 'id'), max(c.i + 1) FILTER (WHERE c.nom = 'ancienne_valeur'),
         max(c.i + 1) FILTER (WHERE c.nom = 'nouvelle_valeur'), max(c.i + 1) FILTER (WHERE c.nom = 'remarque'),
         max(c.i + 1) FILTER (WHERE c.nom = 'intervention_id'), max(c.i + 1) FILTER (WHERE c.nom = 'user_id')
    INTO r_id, r_de, r_vers, r_mot, r_fiche, r_qui
    FROM jsonb_array_elements_text(h->'c') WITH ORDINALITY AS c(nom, i);
  WITH pas AS MATERIALIZED (
    SELECT *, lag(vers) OVER w AS avant, lead(id) OVER w IS NULL AS dernier FROM (
      SELECT (r->>r_fiche)::bigint AS pk, (r->>r_id)::bigint AS id, (r->>0)::int <@ plage AS ici,
             (r->>r_de)::jsonb->>'statut' AS de, (r->>r_vers)::jsonb->>'statut' AS vers, r->>r_mot AS mot,
             coalesce(r->>r_qui, r->>1)::bigint AS qui
        FROM jsonb_array_elements(coalesce(h->'r', '[]')) r
       WHERE r->>r_de LIKE '%"statut"%' AND r->>r_vers LIKE '%"statut"%') x
     WHERE de IS NOT NULL AND vers IS NOT NULL AND de <> vers WINDOW w AS (PARTITION BY pk ORDER BY id)),
  change AS MATERIALIZED (
    SELECT (r->>2)::bigint AS pk, r->>(1 + 2 * c.i + 2)::int AS vers
      FROM jsonb_array_elements(coalesce(p->'m'->'interventions', '[]')) b,
           jsonb_array_elements_text(b->'c') WITH ORDINALITY AS c(nom, i), jsonb_array_elements(b->'r') r
     WHERE c.nom = 'statut' AND (r->>0)::int <@ plage AND r->>(2 * c.i + 2)::int <> r->>(1 + 2 * c.i + 2)::int)
  SELECT dit INTO v_dit FROM (
    SELECT CASE
        WHEN pas.de = 'cloturee' AND pas.vers = 'en_cours' THEN
          CASE WHEN btrim(coalesce(pas.mot, '')) = '' OR NOT sync.responsable(pas.qui, v_agence)
               THEN :REOPENED_REASON END
        WHEN NOT sync.statut_suivant(pas.de, pas.vers) OR pas.avant <> pas.de THEN :CHAIN_REASON
        WHEN pas.vers = 'annulee' AND pas.qui IS NOT NULL AND NOT sync.responsable(pas.qui, v_agence)
          THEN :CANCELLED_REASON END AS dit
      FROM pas WHERE pas.ici OR pas.pk IN (SELECT pk FROM change)
    UNION ALL
    SELECT :CHAIN_REASON FROM change c
     WHERE NOT EXISTS (SELECT 1 FROM pas WHERE pas.pk = c.pk AND pas.dernier AND pas.vers = c.vers)) y
   WHERE dit IS NOT NULL LIMIT 1;
  IF v_dit IS NOT NULL THEN RAISE EXCEPTION '%', v_dit USING ERRCODE = 'EM003'; END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_contrats(p jsonb, plage int4range, v_agence bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(coalesce(p->'m'->'contrats', '[]')) b,
      jsonb_array_elements_text(b->'c') WITH ORDINALITY AS c(nom, i), jsonb_array_elements(b->'r') r
     WHERE c.nom = 'statut' AND (r->>0)::int <@ plage
       AND r->>(1 + 2 * c.i + 2)::int IS DISTINCT FROM r->>(2 * c.i + 2)::int
       AND NOT sync.responsable((r->>1)::bigint, v_agence)
    UNION ALL
    SELECT 1 FROM jsonb_array_elements_text(p->'i'->'contrats'->'c') WITH ORDINALITY AS c(nom, i),
      jsonb_array_elements(p->'i'->'contrats'->'r') r
     WHERE c.nom = 'statut' AND (r->>0)::int <@ plage AND r->>(c.i + 1)::int <> 'brouillon'
       AND NOT sync.responsable((r->>1)::bigint, v_agence)) THEN
    RAISE EXCEPTION '%', :CONTRACT_REASON USING ERRCODE = 'EM021';
  END IF;
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(coalesce(p->'m'->'interventions', '[]')) b,
      jsonb_array_elements_text(b->'c') WITH ORDINALITY AS c(nom, i), jsonb_array_elements(b->'r') r
     WHERE c.nom = 'imputation' AND (r->>0)::int <@ plage
       AND r->>(1 + 2 * c.i + 2)::int IS DISTINCT FROM r->>(2 * c.i + 2)::int
       AND NOT sync.responsable((r->>1)::bigint, v_agence)
    UNION ALL
    SELECT 1 FROM jsonb_array_elements_text(p->'i'->'interventions'->'c') WITH ORDINALITY AS c(nom, i),
      jsonb_array_elements(p->'i'->'interventions'->'r') r
     WHERE c.nom = 'imputation' AND (r->>0)::int <@ plage AND r->>(c.i + 1)::int IS NOT NULL
       AND NOT sync.responsable((r->>1)::bigint, v_agence)) THEN
    RAISE EXCEPTION '%', :CHARGED_REASON USING ERRCODE = 'EM021';
  END IF;
END $f$;

-- A draft that was validated meanwhile, or that changed under who validates it: neither saw what the other did. Sent
-- again once the sender has the other's row, it says so by its version and its statut.
CREATE OR REPLACE FUNCTION sync.verifier_brouillons(bloc jsonb, plage int4range, v_poste integer, v_agence bigint)
RETURNS void LANGUAGE plpgsql STABLE AS $f$
DECLARE v_rang integer; v_dit text;
BEGIN
  SELECT c.i INTO v_rang FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
   WHERE c.nom = 'statut';
  IF v_rang IS NULL THEN RETURN; END IF;
  SELECT CASE WHEN r->>(3 + 2 * v_rang) = 'brouillon' THEN :VALIDATED_REASON ELSE :DRAFT_MOVED_REASON END INTO v_dit
    FROM jsonb_array_elements(bloc->'r') r JOIN public.contrats c ON c.id = (r->>2)::bigint
    LEFT JOIN sync.row_state e ON e.nom_table = 'contrats' AND e.pk = c.id AND e.scope = v_agence
   WHERE (r->>0)::int <@ plage AND r->>(2 + 2 * v_rang) = 'brouillon'
     AND CASE WHEN r->>(3 + 2 * v_rang) = 'brouillon' THEN c.statut <> 'brouillon'
           ELSE c.statut = 'brouillon' AND e.ver <> (r->>3)::bigint AND e.origine <> v_poste END
   LIMIT 1;
  IF v_dit IS NOT NULL THEN RAISE EXCEPTION '%', v_dit USING ERRCODE = 'EM021'; END IF;
END $f$;
