-- Between two revisions of an upgrade the rules of the rows are away: a person's own login is told so, instead of
-- reading tables that look empty.
CREATE OR REPLACE FUNCTION sync.exiger_entier() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER :PIN AS $f$
BEGIN
  RAISE EXCEPTION 'le centre est entre deux révisions'
    USING ERRCODE = CASE WHEN :RUNNING THEN 'EM016' ELSE 'EM017' END;
END $f$
