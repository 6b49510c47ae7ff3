CREATE SEQUENCE IF NOT EXISTS sync.seq_etat CACHE 32;
CREATE SEQUENCE IF NOT EXISTS sync.seq_id;

CREATE OR REPLACE FUNCTION sync.nouvel_id() RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE
  c bigint := nextval('sync.seq_id');
  cible bigint := (extract(epoch FROM clock_timestamp()) * 1000 - 1735689600000)::bigint << 3;
BEGIN
  -- Follow the clock, never back. The lag allowed before a jump keeps a racing nextval from passing the new value.
  IF c < cible - 80000 THEN
    -- A lock that no device has the right to take, let go at once: what a block has locked ends with its failure, and
    -- a sequence stays where it was set.
    BEGIN
      LOCK TABLE sync.schema_compat IN SHARE UPDATE EXCLUSIVE MODE;
      IF (SELECT last_value FROM sync.seq_id) < cible - 80000 THEN PERFORM setval('sync.seq_id', cible); END IF;
      RAISE EXCEPTION USING ERRCODE = 'EM000';
    EXCEPTION WHEN SQLSTATE 'EM000' THEN NULL;
    END;
    c := nextval('sync.seq_id');
  END IF;
  RETURN (c >> 3) << 22 | (c & 7);
END $f$;

CREATE OR REPLACE FUNCTION sync.poste() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER :PIN AS
$f$ SELECT poste FROM sync.devices WHERE login = session_user AND etat = 'actif' $f$;

CREATE OR REPLACE FUNCTION sync.agence() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER :PIN AS
$f$ SELECT agence_id FROM sync.devices WHERE login = session_user AND etat = 'actif'
    UNION ALL SELECT u.agence_id FROM sync.logins l JOIN public.users u ON u.id = l.user_id AND u.is_active
    WHERE l.login = session_user LIMIT 1 $f$;

CREATE OR REPLACE FUNCTION sync.toutes_agences() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER :PIN AS
$f$ SELECT EXISTS (SELECT 1 FROM sync.logins l JOIN public.users u ON u.id = l.user_id AND u.is_active
    WHERE l.login = session_user AND u.agence_id IS NULL AND u.role IN ('admin', 'responsable')) $f$;

CREATE OR REPLACE FUNCTION sync.epoque() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER :PIN AS
$f$ SELECT c.system_identifier || '/' || t.timeline_id || '/' || d.oid
    FROM pg_control_system() c, pg_control_checkpoint() t, pg_database d
    WHERE d.datname = current_database() $f$;

CREATE OR REPLACE FUNCTION sync.auteur() RETURNS bigint LANGUAGE sql STABLE
BEGIN ATOMIC SELECT nullif(current_setting('erp.user_id', true), '')::bigint; END;

-- Whether somebody else gave an account its password and the person has chosen none since (domain.people.given).
CREATE OR REPLACE FUNCTION sync.a_choisir(donne timestamptz, choisi timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT donne IS NOT NULL AND choisi IS NULL; END;

-- A person's own login does nothing before that, and says why; everybody else is let be. Every policy of people's own
-- logins asks it, and each of their functions.
CREATE OR REPLACE FUNCTION sync.exiger_choix() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER :PIN AS $f$
BEGIN
  IF EXISTS (SELECT 1 FROM sync.logins l JOIN public.users u ON u.id = l.user_id
      WHERE l.login = session_user AND sync.a_choisir(u.password_given_at, u.password_changed_at)) THEN
    RAISE EXCEPTION '%', :TO_CHOOSE USING ERRCODE = 'EM015';
  END IF;
  RETURN true;
END $f$;
