"""What one device's login may hold of the centre, and what ends it when it holds more.

Settings of a role are defaults that its sessions may change, except the number of connections: so ``sync.veiller``
looks at what device sessions really do and ends those that hold the others up. An open transaction that has written
keeps every agency's pull behind it (the cursor never passes it) and the rows that it took; a listener inside a
transaction keeps every notification. Whoever greets the centre, and whoever pulls while something is being written,
has it look: no clock of the operating system is needed.
"""

from __future__ import annotations

from erp_desktop.registry.search_path import DEFINER

CONNECTIONS, CONNECTIONS_REVOKED = 8, 2
"""At once, of one login: a window, its documents, a command or two; to learn that it is revoked."""
LOCK_WAIT = "2min"
"""For rows that another transaction has; longer than a full batch takes to merge."""

_ENDED = """
     (a.state LIKE 'idle in transaction%' AND a.backend_xid IS NOT NULL
       AND a.state_change < clock_timestamp() - v_silence)
  OR (a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - interval '5 minutes')
  OR (a.backend_xid IS NOT NULL AND a.xact_start < clock_timestamp() - v_duree)
  OR a.xact_start < clock_timestamp() - interval '12 hours'
  OR (d.etat = 'vole' AND a.backend_start < clock_timestamp() - interval '1 minute')
  OR (d.etat = 'retire' AND a.backend_start < clock_timestamp() - interval '1 hour')
  OR (pg_notification_queue_usage() > 0.05 AND a.xact_start < clock_timestamp() - interval '5 seconds')"""

FUNCTIONS = f"""
DROP FUNCTION IF EXISTS sync.veiller(interval, interval);

-- No device is ever silent between two statements of a transaction that has written, nor merges for a quarter of an
-- hour. Whoever is ended is named, to who asked and in the server's log: a device that asks looks at no answer.
CREATE FUNCTION sync.veiller(v_silence interval DEFAULT '5 seconds', v_duree interval DEFAULT '15 minutes')
RETURNS TABLE (processus integer, login text, poste integer, nom text, programme text, secondes double precision)
LANGUAGE plpgsql VOLATILE {DEFINER} AS $f$
BEGIN
  FOR processus, login, poste, nom, programme, secondes IN
    SELECT a.pid, d.login, d.poste, d.nom, coalesce(nullif(a.application_name, ''), '?'),
           extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))
      FROM pg_stat_activity a JOIN sync.devices d ON d.login = a.usename::text
     -- In any database: a transaction in another one is as much in the way.
     WHERE a.pid <> pg_backend_pid() AND ({_ENDED}) LOOP
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
DECLARE r text; groupe text := CASE v_etat WHEN 'actif' THEN 'erp_device' ELSE 'erp_revoque' END;
BEGIN
  IF to_regrole(quote_ident(v_login)) IS NULL THEN RETURN; END IF;
  FOREACH r IN ARRAY ARRAY['erp_device', 'erp_revoque'] LOOP
    IF r = groupe AND NOT pg_has_role(v_login, r, 'MEMBER') THEN EXECUTE format('GRANT %I TO %I', r, v_login);
    ELSIF r <> groupe AND pg_has_role(v_login, r, 'MEMBER') THEN EXECUTE format('REVOKE %I FROM %I', r, v_login);
    END IF;
  END LOOP;
  EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s', v_login,
    CASE v_etat WHEN 'actif' THEN {CONNECTIONS} ELSE {CONNECTIONS_REVOKED} END);
  FOREACH r IN ARRAY ARRAY[
      'statement_timeout = ' || CASE v_etat WHEN 'vole' THEN '''30s''' WHEN 'retire' THEN '''10min''' ELSE '''30min''' END,
      -- Who waits for a row holds those that it has: rather again a little later.
      'lock_timeout = ''{LOCK_WAIT}''',
      'idle_in_transaction_session_timeout = ' || CASE v_etat WHEN 'actif' THEN '''5min''' ELSE '''30s''' END] LOOP
    EXECUTE format('ALTER ROLE %I SET %s', v_login, r);
  END LOOP;
  -- Not to be changed by the login itself: sorting a made-up billion of rows would fill the disk.
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', v_login);
  END IF;
END $f$;

-- Numbers of one agency are drawn one transaction at a time, behind a row that no device may lock.
CREATE OR REPLACE FUNCTION sync.reserver_numeros(v_code text) RETURNS void LANGUAGE sql VOLATILE {DEFINER} AS $f$
  SELECT 1 FROM public.agences WHERE code = v_code FOR NO KEY UPDATE
$f$;
"""

# Logins that were made before there were limits. One that this migrator may not change keeps what it has.
LIMITS = """
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
"""

OFFENDERS = """
SELECT a.pid AS processus, a.usename AS login, d.poste, d.nom, coalesce(nullif(a.application_name, ''), '?') AS programme,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float AS secondes
  FROM pg_stat_activity a LEFT JOIN sync.devices d ON d.login = a.usename::text
 WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
 ORDER BY a.xact_start LIMIT 3
"""
"""Transactions that have written and hold the cursor, oldest first."""

MAY_END = """
SELECT rolsuper OR (pg_has_role(current_user, 'pg_signal_backend', 'USAGE')
                    AND pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'))
  FROM pg_roles WHERE oid = (SELECT proowner FROM pg_proc WHERE proname = 'veiller' AND pronamespace = 'sync'::regnamespace)
"""
