DROP FUNCTION IF EXISTS sync.veiller(interval, interval);

-- No device is ever silent between two statements of a transaction that has written, nor merges for a quarter of an
-- hour. Whoever is ended is named, to who asked and in the server's log: a device that asks looks at no answer.
CREATE FUNCTION sync.veiller(v_silence interval DEFAULT '5 seconds', v_duree interval DEFAULT '15 minutes')
RETURNS TABLE (processus integer, login text, poste integer, nom text, programme text, secondes double precision)
LANGUAGE plpgsql VOLATILE :DEFINER AS $f$
BEGIN
  FOR processus, login, poste, nom, programme, secondes IN
    SELECT a.pid, d.login, d.poste, d.nom, coalesce(nullif(a.application_name, ''), '?'),
           extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))
      FROM pg_stat_activity a JOIN sync.devices d ON d.login = a.usename::text
     -- In any database: a transaction in another one is as much in the way.
     WHERE a.pid <> pg_backend_pid() AND (:ENDED) LOOP
    BEGIN
      IF pg_terminate_backend(processus) THEN
        RAISE LOG 'erp: session % of device % (%) ended, it held the others up', processus, poste, login;
        RETURN NEXT;
      END IF;
    -- An owner who is no superuser needs pg_signal_backend; `server health` says so.
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
END $f$;

-- For the owner alone: the rights and limits of one login, by what became of its device. A revoked one is of another
-- group, whose only right is to ask what became of it and, retired, to hand over what it had.
CREATE OR REPLACE FUNCTION sync.borner(v_login text, v_etat text) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE r text; groupe text := CASE WHEN v_etat IN ('actif', 'attendu') THEN 'erp_device' ELSE 'erp_revoque' END;
BEGIN
  IF to_regrole(quote_ident(v_login)) IS NULL THEN RETURN; END IF;
  FOREACH r IN ARRAY ARRAY['erp_device', 'erp_revoque'] LOOP
    IF r = groupe AND NOT pg_has_role(v_login, r, 'MEMBER') THEN EXECUTE format('GRANT %I TO %I', r, v_login);
    ELSIF r <> groupe AND pg_has_role(v_login, r, 'MEMBER') THEN EXECUTE format('REVOKE %I FROM %I', r, v_login);
    END IF;
  END LOOP;
  EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s', v_login,
    CASE groupe WHEN 'erp_device' THEN :CONNECTIONS ELSE :CONNECTIONS_REVOKED END);
  FOREACH r IN ARRAY ARRAY[
      'statement_timeout = ' || CASE v_etat WHEN 'vole' THEN '''30s''' WHEN 'retire' THEN '''10min'''
        ELSE '''30min''' END,
      -- Who waits for a row holds those that it has: rather again a little later.
      'lock_timeout = '':LOCK_WAIT''',
      'idle_in_transaction_session_timeout = '
        || CASE groupe WHEN 'erp_device' THEN '''5min''' ELSE '''30s''' END] LOOP
    EXECUTE format('ALTER ROLE %I SET %s', v_login, r);
  END LOOP;
  -- Not to be changed by the login itself: sorting a made-up billion of rows would fill the disk.
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', v_login);
  END IF;
END $f$;

-- Numbers of one agency are drawn one transaction at a time, behind a row that no device may lock.
CREATE OR REPLACE FUNCTION sync.reserver_numeros(v_code text) RETURNS void LANGUAGE sql VOLATILE :DEFINER AS $f$
  SELECT 1 FROM public.agences WHERE code = v_code AND (SELECT sync.exiger_choix()) FOR NO KEY UPDATE
$f$;
