CREATE OR REPLACE FUNCTION sync.exiger_poste() RETURNS boolean LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF sync.poste() IS NULL THEN RAISE EXCEPTION 'ce poste n''est plus autorisé' USING ERRCODE = 'EM011'; END IF;
  RETURN sync.exiger_isolation();
END $f$;
