-- Two desktops that amend one contract while they are cut off both take the next number. Those that arrive later get
-- the numbers behind the others', in their order, and their desktop is told. By the owner: what he writes is noted
-- like any change made at the centre, and comes back to the sender too.
CREATE OR REPLACE FUNCTION sync.numeroter_avenants(ids bigint[], v_poste integer, v_lot bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE c record;
BEGIN
  -- One at a time, whoever else amends the same contract.
  PERFORM pg_advisory_xact_lock(hashtextextended('erp_avenants/' || x.contrat_id, 0))
    FROM (SELECT DISTINCT a.contrat_id FROM public.avenants a WHERE a.id = ANY (ids) ORDER BY 1) x;
  FOR c IN
    SELECT a.contrat_id, min(a.numero) AS pris,
           (SELECT max(o.numero) FROM public.avenants o
             WHERE o.contrat_id = a.contrat_id AND o.id <> ALL (ids)) AS dernier
      FROM public.avenants a WHERE a.id = ANY (ids)
       AND EXISTS (SELECT 1 FROM public.avenants o WHERE o.contrat_id = a.contrat_id AND o.numero = a.numero
                     AND o.id <> ALL (ids))
     GROUP BY a.contrat_id ORDER BY a.contrat_id
  LOOP
    WITH neuf AS (
      SELECT a.id, a.numero AS avant, c.dernier + row_number() OVER (ORDER BY a.numero, a.id) AS apres
        FROM public.avenants a WHERE a.id = ANY (ids) AND a.contrat_id = c.contrat_id AND a.numero >= c.pris),
    maj AS (
      UPDATE public.avenants a SET numero = n.apres, updated_at = clock_timestamp() FROM neuf n
       WHERE a.id = n.id AND n.apres > n.avant RETURNING a.id, a.agence_id, a.created_by_id, n.avant, n.apres)
    INSERT INTO sync.conflits (poste, lot, agence_id, nom_table, pk, colonne, politique, base, mien, leur,
        auteur_mien, a_decider)
    SELECT v_poste, v_lot, m.agence_id, 'avenants', m.id, 'numero', 'centre_seul', NULL, to_jsonb(m.avant),
           to_jsonb(m.apres), m.created_by_id, false FROM maj m ORDER BY m.apres;
  END LOOP;
END $f$;
