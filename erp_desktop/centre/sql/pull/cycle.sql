DROP PROCEDURE IF EXISTS sync.cycle(jsonb, bigint, text, xid8, bigint, integer, jsonb);

-- p_dit is what the device tells of itself besides (sync.annoncer): with a batch, once that has landed.
CREATE OR REPLACE PROCEDURE sync.cycle(IN p_lot jsonb, IN p_numero bigint, IN p_empreinte text, IN p_xid xid8,
  IN p_seq bigint, IN p_limite integer, INOUT resultat jsonb, IN p_dit jsonb DEFAULT NULL) LANGUAGE plpgsql AS $f$
DECLARE pousse jsonb;
BEGIN
  IF p_lot IS NOT NULL THEN
    pousse := sync.pousser(p_lot, p_numero, p_empreinte);
  END IF;
  IF p_dit IS NOT NULL THEN
    PERFORM sync.annoncer(p_dit);
  END IF;
  IF p_lot IS NOT NULL OR p_dit IS NOT NULL THEN
    COMMIT;
  END IF;
  resultat := pg_catalog.jsonb_build_object('push', pousse, 'pull', sync.tirer(p_xid, p_seq, p_limite));
END $f$;
