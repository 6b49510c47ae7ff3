-- By the owner: what he writes is noted like any change made at the centre, and comes back to the sender too.
CREATE OR REPLACE FUNCTION sync.accorder_lignes(ids bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
:PIN AS $f$
DECLARE g record;
BEGIN
  -- One at a time, whoever else brings a change of the same lines.
  PERFORM pg_advisory_xact_lock(hashtextextended('erp_stock_ligne/' || i, 0)) FROM unnest(ids) i ORDER BY i;
  FOR g IN
    SELECT x.ligne, x.piece_id, x.depot_id, x.lot, d.agence_id, max(x.intervention_id) AS intervention_id,
           max(x.valeur) AS valeur, sum(x.due) - sum(x.fait) AS ecart
      FROM (
        SELECT l.id AS ligne, l.piece_id, l.depot_id, l.lot, l.intervention_id, NULL::numeric AS valeur,
               -l.quantite AS due, 0 AS fait
          FROM public.lignes_intervention l
         WHERE l.id = ANY (ids) AND l.type_ligne = 'piece' AND l.piece_id IS NOT NULL AND l.depot_id IS NOT NULL
           AND NOT l.prevue
        UNION ALL
        SELECT m.ligne_intervention_id, m.piece_id, m.depot_id, m.lot, m.intervention_id, m.valeur_unitaire, 0,
               m.quantite
          FROM public.mouvements_stock m WHERE m.ligne_intervention_id = ANY (ids)) x
      JOIN public.depots d ON d.id = x.depot_id
     GROUP BY x.ligne, x.piece_id, x.depot_id, x.lot, d.agence_id
    HAVING sum(x.due) <> sum(x.fait) ORDER BY x.ligne, x.piece_id, x.depot_id, x.lot
  LOOP :POST_OF_A_LINE
  END LOOP;
END $f$;

CREATE OR REPLACE FUNCTION sync.accorder_inventaires(v_pieces bigint[], v_depots bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE g record; ecart numeric;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.inventaires i WHERE i.depot_id = ANY (v_depots) AND i.etat <> 'ouvert') THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('erp_stock_depot/' || d, 0))
    FROM (SELECT DISTINCT unnest(v_depots) AS d) x ORDER BY d;
  -- Counts in their order: what one of them corrects is there for the next.
  FOR g IN
    SELECT i.id, i.etat, i.depot_id, d.agence_id, l.piece_id, l.lot, sum(l.quantite) AS compte,
           max(l.comptee_a) AS quand
      FROM (SELECT DISTINCT * FROM unnest(v_pieces, v_depots)) AS t(piece_id, depot_id)
      JOIN public.inventaires i ON i.depot_id = t.depot_id AND i.etat <> 'ouvert'
      JOIN public.depots d ON d.id = i.depot_id
      JOIN public.lignes_inventaire l ON l.inventaire_id = i.id AND l.piece_id = t.piece_id
     GROUP BY i.id, i.etat, i.depot_id, d.agence_id, l.piece_id, l.lot
    -- Each entry that takes one back leaves one less: where none is left, nobody counted.
    HAVING i.etat <> 'valide' OR sum(CASE WHEN l.motif = :TAKEN_BACK THEN -1 ELSE 1 END) > 0
     ORDER BY l.piece_id, i.depot_id, max(l.comptee_a), i.id, l.lot
  LOOP
    SELECT CASE WHEN g.etat = 'valide'
        THEN g.compte - coalesce(sum(m.quantite) FILTER (WHERE coalesce(m.date_effet, m.horodatage) <= g.quand), 0)
        ELSE - coalesce(sum(m.quantite) FILTER (WHERE m.inventaire_id = g.id), 0) END INTO ecart
      FROM public.mouvements_stock m WHERE m.piece_id = g.piece_id AND m.depot_id = g.depot_id
         AND (g.lot IS NULL OR m.lot IS NOT DISTINCT FROM nullif(g.lot, ''));
    IF ecart <> 0 THEN :POST_OF_A_COUNT
    END IF;
  END LOOP;
END $f$;

CREATE OR REPLACE FUNCTION sync.exiger_transferts(ids bigint[]) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
:PIN AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM public.mouvements_stock m WHERE m.transfert_id = ANY (ids) GROUP BY m.transfert_id
    HAVING sum(m.quantite) <> 0 OR count(*) <> 2 OR count(DISTINCT m.depot_id) <> 2 OR count(DISTINCT m.piece_id) <> 1
        OR bool_or(m.type_mouvement <> 'transfert')) THEN
    RAISE EXCEPTION '%', :TRANSFER_REASON USING ERRCODE = 'EM021';
  END IF;
END $f$;

-- The values of columns of inserted rows, as arrays in the order of the rows.
CREATE OR REPLACE FUNCTION sync.valeurs(bloc jsonb, plage int4range, v_colonne text) RETURNS bigint[] LANGUAGE sql
IMMUTABLE AS $f$
  SELECT coalesce(array_agg((r->>(c.i + 1)::int)::bigint ORDER BY n), '{}')
    FROM jsonb_array_elements(bloc->'r') WITH ORDINALITY AS x(r, n),
         jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
   WHERE c.nom = v_colonne AND (r->>0)::int <@ plage
$f$;

-- At the end of a unit, when all its rows are in.
CREATE OR REPLACE FUNCTION sync.accorder_stock(p jsonb, plage int4range) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  m jsonb := p->'i'->'mouvements_stock'; v_lignes bigint[]; v_inventaires bigint[]; v_pieces bigint[] := '{}';
  v_depots bigint[] := '{}';
BEGIN
  IF NOT (p->'i' ?| ARRAY['mouvements_stock', 'lignes_intervention', 'lignes_inventaire', 'inventaires']
      OR p->'m' ?| ARRAY['lignes_intervention', 'inventaires'] OR p->'d' ? 'lignes_intervention') THEN RETURN; END IF;
  IF m IS NOT NULL THEN
    PERFORM sync.exiger_transferts(array_remove(sync.valeurs(m, plage, 'transfert_id'), NULL));
    v_pieces := sync.valeurs(m, plage, 'piece_id');
    v_depots := sync.valeurs(m, plage, 'depot_id');
  END IF;
  v_lignes := array_remove(sync.valeurs(m, plage, 'ligne_intervention_id')
    || sync.valeurs(p->'i'->'lignes_intervention', plage, 'id')
    || ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'m'->'lignes_intervention', '[]')) b,
               jsonb_array_elements(b->'r') r WHERE (r->>0)::int <@ plage)
    || ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'d'->'lignes_intervention', '[]')) r
              WHERE (r->>0)::int <@ plage), NULL);
  IF v_lignes <> '{}' THEN PERFORM sync.accorder_lignes(ARRAY(SELECT DISTINCT unnest(v_lignes))); END IF;
  v_inventaires := sync.valeurs(p->'i'->'lignes_inventaire', plage, 'inventaire_id')
    || sync.valeurs(p->'i'->'inventaires', plage, 'id')
    || ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'m'->'inventaires', '[]')) b,
               jsonb_array_elements(b->'r') r WHERE (r->>0)::int <@ plage);
  SELECT v_pieces || coalesce(array_agg(x.piece_id), '{}'), v_depots || coalesce(array_agg(x.depot_id), '{}')
    INTO v_pieces, v_depots
    FROM (SELECT DISTINCT l.piece_id, i.depot_id FROM public.inventaires i
            JOIN public.lignes_inventaire l ON l.inventaire_id = i.id WHERE i.id = ANY (v_inventaires)
          UNION SELECT DISTINCT s.piece_id, s.depot_id FROM public.mouvements_stock s
           WHERE s.ligne_intervention_id = ANY (v_lignes)) x;
  IF v_pieces <> '{}' THEN PERFORM sync.accorder_inventaires(v_pieces, v_depots); END IF;
END $f$;
