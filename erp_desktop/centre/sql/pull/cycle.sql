CREATE OR REPLACE PROCEDURE sync.cycle(IN p_lot jsonb, IN p_numero bigint, IN p_empreinte text, IN p_xid xid8,
  IN p_seq bigint, IN p_limite integer, INOUT resultat jsonb) LANGUAGE plpgsql AS $f$
DECLARE pousse jsonb;
BEGIN
  IF p_lot IS NOT NULL THEN
    pousse := sync.pousser(p_lot, p_numero, p_empreinte);
    COMMIT;
  END IF;
  resultat := pg_catalog.jsonb_build_object('push', pousse, 'pull', sync.tirer(p_xid, p_seq, p_limite));
END $f$;
