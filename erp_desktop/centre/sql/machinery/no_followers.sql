DO $f$ DECLARE g record; BEGIN
  FOR g IN SELECT tgname, tgrelid::regclass AS sur FROM pg_trigger WHERE NOT tgisinternal
    AND tgname LIKE 'erp\_a\_suivre\_%' LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, g.sur);
  END LOOP;
END $f$;
