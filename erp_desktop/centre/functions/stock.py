"""What the centre sees to when a batch touched the stock: transfers that cancel out, and a ledger that agrees.

A device posts a line and its movement together, and the difference of a count when it is validated. Two devices that
do so while they are cut off are both right on their own side: the line's quantity is decided by the merge and both
movements stand, a movement from before a count arrives after it. The centre, the only one to know both, posts what is
missing in the transaction of the batch, so that every replica receives one ledger for which these hold:

- the movements of a line come to what the line takes: its quantity, or nothing when it is gone or only planned;
- up to the moment of each validated count, in their order, the movements come to what was counted, and those of a
  count that was given up come to nothing.
"""

from __future__ import annotations

from erp_desktop.registry.search_path import PIN

TRANSFER = "Un transfert déplace la même quantité d'un dépôt à un autre."
LINE, COUNT = "Accord avec la ligne", "Accord avec l'inventaire"
"""Motives of what the centre posts."""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_POST = """
    INSERT INTO public.mouvements_stock (agence_id, piece_id, depot_id, type_mouvement, quantite, intervention_id,
      horodatage, date_effet, valeur_unitaire, motif, ligne_intervention_id, inventaire_id, created_at, updated_at)
    VALUES ({agence}, {piece}, {depot}, {type}, {quantite}, {intervention}, clock_timestamp(), {effet}, {valeur},
      {motif}, {ligne}, {inventaire}, clock_timestamp(), clock_timestamp());"""

FUNCTIONS = f"""
-- By the owner: what he writes is noted like any change made at the centre, and comes back to the sender too.
CREATE OR REPLACE FUNCTION sync.accorder_lignes(ids bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
{PIN} AS $f$
DECLARE g record;
BEGIN
  -- One at a time, whoever else brings a change of the same lines.
  PERFORM pg_advisory_xact_lock(hashtextextended('erp_stock_ligne/' || i, 0)) FROM unnest(ids) i ORDER BY i;
  FOR g IN
    SELECT x.ligne, x.piece_id, x.depot_id, d.agence_id, max(x.intervention_id) AS intervention_id,
           max(x.valeur) AS valeur, sum(x.due) - sum(x.fait) AS ecart
      FROM (
        SELECT l.id AS ligne, l.piece_id, l.depot_id, l.intervention_id, NULL::numeric AS valeur,
               -l.quantite AS due, 0 AS fait
          FROM public.lignes_intervention l
         WHERE l.id = ANY (ids) AND l.type_ligne = 'piece' AND l.piece_id IS NOT NULL AND l.depot_id IS NOT NULL
           AND NOT l.prevue
        UNION ALL
        SELECT m.ligne_intervention_id, m.piece_id, m.depot_id, m.intervention_id, m.valeur_unitaire, 0, m.quantite
          FROM public.mouvements_stock m WHERE m.ligne_intervention_id = ANY (ids)) x
      JOIN public.depots d ON d.id = x.depot_id
     GROUP BY x.ligne, x.piece_id, x.depot_id, d.agence_id
    HAVING sum(x.due) <> sum(x.fait) ORDER BY x.ligne, x.piece_id, x.depot_id
  LOOP {
    _POST.format(
        agence="g.agence_id",
        piece="g.piece_id",
        depot="g.depot_id",
        type="CASE WHEN g.ecart < 0 THEN 'sortie' ELSE 'retour' END",
        quantite="g.ecart",
        intervention="g.intervention_id",
        effet="NULL",
        valeur="g.valeur",
        motif=_quoted(LINE),
        ligne="g.ligne",
        inventaire="NULL",
    )
}
  END LOOP;
END $f$;

CREATE OR REPLACE FUNCTION sync.accorder_inventaires(v_pieces bigint[], v_depots bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER {PIN} AS $f$
DECLARE g record; ecart numeric;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.inventaires i WHERE i.depot_id = ANY (v_depots) AND i.etat <> 'ouvert') THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('erp_stock_depot/' || d, 0))
    FROM (SELECT DISTINCT unnest(v_depots) AS d) x ORDER BY d;
  -- Counts in their order: what one of them corrects is there for the next.
  FOR g IN
    SELECT i.id, i.etat, i.depot_id, d.agence_id, l.piece_id, sum(l.quantite) AS compte, max(l.comptee_a) AS quand
      FROM (SELECT DISTINCT * FROM unnest(v_pieces, v_depots)) AS t(piece_id, depot_id)
      JOIN public.inventaires i ON i.depot_id = t.depot_id AND i.etat <> 'ouvert'
      JOIN public.depots d ON d.id = i.depot_id
      JOIN public.lignes_inventaire l ON l.inventaire_id = i.id AND l.piece_id = t.piece_id
     GROUP BY i.id, i.etat, i.depot_id, d.agence_id, l.piece_id
     ORDER BY l.piece_id, i.depot_id, max(l.comptee_a), i.id
  LOOP
    SELECT CASE WHEN g.etat = 'valide'
        THEN g.compte - coalesce(sum(m.quantite) FILTER (WHERE coalesce(m.date_effet, m.horodatage) <= g.quand), 0)
        ELSE - coalesce(sum(m.quantite) FILTER (WHERE m.inventaire_id = g.id), 0) END INTO ecart
      FROM public.mouvements_stock m WHERE m.piece_id = g.piece_id AND m.depot_id = g.depot_id;
    IF ecart <> 0 THEN {
    _POST.format(
        agence="g.agence_id",
        piece="g.piece_id",
        depot="g.depot_id",
        type="'ajustement'",
        quantite="ecart",
        intervention="NULL",
        effet="g.quand",
        valeur="NULL",
        motif=_quoted(COUNT),
        ligne="NULL",
        inventaire="g.id",
    )
}
    END IF;
  END LOOP;
END $f$;

CREATE OR REPLACE FUNCTION sync.exiger_transferts(ids bigint[]) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
{PIN} AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM public.mouvements_stock m WHERE m.transfert_id = ANY (ids) GROUP BY m.transfert_id
    HAVING sum(m.quantite) <> 0 OR count(*) <> 2 OR count(DISTINCT m.depot_id) <> 2 OR count(DISTINCT m.piece_id) <> 1
        OR bool_or(m.type_mouvement <> 'transfert')) THEN
    RAISE EXCEPTION '%', {_quoted(TRANSFER)} USING ERRCODE = 'EM021';
  END IF;
END $f$;

-- The values of columns of inserted rows, as arrays in the order of the rows.
CREATE OR REPLACE FUNCTION sync.valeurs(bloc jsonb, plage int4range, v_colonne text) RETURNS bigint[] LANGUAGE sql
IMMUTABLE AS $f$
  SELECT coalesce(array_agg((r->>(c.i + 1)::int)::bigint ORDER BY n), '{{}}')
    FROM jsonb_array_elements(bloc->'r') WITH ORDINALITY AS x(r, n),
         jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
   WHERE c.nom = v_colonne AND (r->>0)::int <@ plage
$f$;

-- At the end of a unit, when all its rows are in.
CREATE OR REPLACE FUNCTION sync.accorder_stock(p jsonb, plage int4range) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  m jsonb := p->'i'->'mouvements_stock'; v_lignes bigint[]; v_inventaires bigint[]; v_pieces bigint[] := '{{}}';
  v_depots bigint[] := '{{}}';
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
  IF v_lignes <> '{{}}' THEN PERFORM sync.accorder_lignes(ARRAY(SELECT DISTINCT unnest(v_lignes))); END IF;
  v_inventaires := sync.valeurs(p->'i'->'lignes_inventaire', plage, 'inventaire_id')
    || sync.valeurs(p->'i'->'inventaires', plage, 'id')
    || ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'m'->'inventaires', '[]')) b,
               jsonb_array_elements(b->'r') r WHERE (r->>0)::int <@ plage);
  SELECT v_pieces || coalesce(array_agg(x.piece_id), '{{}}'), v_depots || coalesce(array_agg(x.depot_id), '{{}}')
    INTO v_pieces, v_depots
    FROM (SELECT DISTINCT l.piece_id, i.depot_id FROM public.inventaires i
            JOIN public.lignes_inventaire l ON l.inventaire_id = i.id WHERE i.id = ANY (v_inventaires)
          UNION SELECT DISTINCT s.piece_id, s.depot_id FROM public.mouvements_stock s
           WHERE s.ligne_intervention_id = ANY (v_lignes)) x;
  IF v_pieces <> '{{}}' THEN PERFORM sync.accorder_inventaires(v_pieces, v_depots); END IF;
END $f$;
"""
"""Functions, callees first; ``sync.appliquer`` calls the last one."""
