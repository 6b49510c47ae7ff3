CREATE OR REPLACE FUNCTION sync.compte_connu(identifiant text) RETURNS bigint LANGUAGE sql STABLE :DEFINER AS $f$
  SELECT min(u.id) FROM public.users u
  WHERE (lower(u.username) = lower(btrim(identifiant)) OR lower(u.email) = lower(btrim(identifiant)))
    AND u.is_active AND u.role <> 'client' AND u.hashed_password LIKE '$argon2id$%'
    AND CASE
      WHEN EXISTS (SELECT 1 FROM sync.devices d WHERE d.login = session_user) THEN u.agence_id = sync.agence()
      WHEN EXISTS (SELECT 1 FROM sync.logins l WHERE l.login = session_user)
        THEN u.id = (SELECT l.user_id FROM sync.logins l WHERE l.login = session_user)
      ELSE pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = 'public.users'::regclass), 'MEMBER')
    END
  HAVING count(*) = 1
$f$;

CREATE OR REPLACE FUNCTION sync.connexion_sel(identifiant text) RETURNS text LANGUAGE sql STABLE :DEFINER AS $f$
  SELECT coalesce(
    (SELECT substring(hashed_password FROM '^(.*)[$][^$]*$') FROM public.users
     WHERE id = sync.compte_connu(identifiant)),
    '$argon2id$v=19$m=65536,t=3,p=4$' || rtrim(translate(encode(substring(sha256(convert_to(
      lower(btrim(identifiant)) || (SELECT system_identifier FROM pg_control_system()), 'UTF8')) FROM 1 FOR 16),
      'base64'), E'\n', ''), '='))
$f$;

-- etat: NULL, 'a_choisir' or 'expire'. A wrong proof is counted, a right one ends the count.
CREATE OR REPLACE FUNCTION sync.prouver(identifiant text, preuve text, OUT compte bigint, OUT verrou timestamptz,
  OUT donne timestamptz, OUT etat text) LANGUAGE plpgsql :DEFINER AS $f$
DECLARE u public.users%ROWTYPE;
BEGIN
  SELECT * INTO u FROM public.users WHERE id = sync.compte_connu(identifiant) FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  IF u.locked_until > clock_timestamp() THEN verrou := u.locked_until; RETURN; END IF;
  IF u.hashed_password = preuve THEN
    UPDATE public.users SET failed_login_attempts = 0, locked_until = NULL WHERE id = u.id;
    compte := u.id;
    donne := u.password_given_at;
    IF sync.a_choisir(u.password_given_at, u.password_changed_at) THEN
      etat := CASE WHEN clock_timestamp() < donne + interval ':DAYS days' THEN 'a_choisir' ELSE 'expire' END;
    END IF;
  ELSIF u.failed_login_attempts + 1 >= 5 THEN
    verrou := clock_timestamp() + interval '15 minutes';
    UPDATE public.users SET failed_login_attempts = 0, locked_until = verrou WHERE id = u.id;
  ELSE
    UPDATE public.users SET failed_login_attempts = u.failed_login_attempts + 1 WHERE id = u.id;
  END IF;
END $f$;

-- An earlier program's had two columns in its answer. Whoever has to choose a password first is no user yet.
DROP FUNCTION IF EXISTS sync.connexion(text, text);
CREATE FUNCTION sync.connexion(identifiant text, preuve text, OUT user_id bigint, OUT verrou timestamptz,
  OUT donne timestamptz, OUT etat text) LANGUAGE plpgsql :DEFINER AS $f$
DECLARE p record;
BEGIN
  SELECT * INTO p FROM sync.prouver(identifiant, preuve);
  verrou := p.verrou;
  etat := p.etat;
  IF p.compte IS NOT NULL AND p.etat IS NULL THEN
    UPDATE public.users SET last_login = clock_timestamp() WHERE id = p.compte;
    user_id := p.compte;
    donne := p.donne;
  END IF;
END $f$;

DROP FUNCTION IF EXISTS sync.changer_secret(text, text, text);
CREATE FUNCTION sync.changer_secret(identifiant text, preuve text, nouveau text, OUT user_id bigint,
  OUT verrou timestamptz, OUT donne timestamptz, OUT etat text) LANGUAGE plpgsql :DEFINER AS $f$
DECLARE p record;
BEGIN
  -- A hash that is cheap to guess, or one that nobody could prove again, is no password.
  IF nouveau IS NULL OR length(nouveau) > 255 OR nouveau = preuve OR nouveau !~ ('^[$]argon2id[$]v=19'
    || '[$]m=[1-9][0-9]{4,6},t=[1-9][0-9]?,p=[1-9][0-9]?[$][A-Za-z0-9+/]{22,}[$][A-Za-z0-9+/]{43}$') THEN
    RAISE EXCEPTION 'unusable password hash' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT * INTO p FROM sync.prouver(identifiant, preuve);
  verrou := p.verrou;
  IF p.etat = 'expire' THEN etat := p.etat; RETURN; END IF;
  IF p.compte IS NOT NULL THEN
    UPDATE public.users SET hashed_password = nouveau, password_changed_at = clock_timestamp(),
      last_login = clock_timestamp() WHERE id = p.compte;
    user_id := p.compte;
    donne := p.donne;
  END IF;
END $f$;
