CREATE OR REPLACE FUNCTION sync.purger_contenus(v_jours integer) RETURNS bigint LANGUAGE plpgsql VOLATILE
:PIN AS $f$
DECLARE v_total bigint; v_inutiles text[];
BEGIN
:PER_AGENCY
  v_inutiles := ARRAY(SELECT c.sha256 FROM public.contenus c WHERE :UNUSED);
  UPDATE public.contenus c SET dernier_acces = NULL
   WHERE dernier_acces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unnest(v_inutiles) i WHERE i = c.sha256);
  DELETE FROM public.contenus c USING unnest(v_inutiles) i
   WHERE i = c.sha256 AND c.dernier_acces < now() - make_interval(days => v_jours);
  GET DIAGNOSTICS v_total = ROW_COUNT;
  UPDATE public.contenus c SET dernier_acces = now() FROM unnest(v_inutiles) i
   WHERE i = c.sha256 AND c.dernier_acces IS NULL;
  RETURN v_total;
END $f$;
