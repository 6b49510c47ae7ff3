DO $$
DECLARE d record;
BEGIN
  FOR d IN SELECT login, etat FROM sync.devices WHERE poste > 0 LOOP
    BEGIN
      PERFORM sync.borner(d.login, d.etat);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
END $$
