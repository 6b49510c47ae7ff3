CREATE OR REPLACE FUNCTION sync.mesure(v jsonb, v_max numeric) RETURNS numeric LANGUAGE sql IMMUTABLE :PIN AS $f$
  SELECT CASE WHEN jsonb_typeof(v) = 'number' AND v::numeric BETWEEN 0 AND v_max THEN round(v::numeric, 3) END
$f$;

-- What a device tells of itself, for the list of devices alone: measures and names within their bounds, all else is
-- left out. Its clock is held against the centre's at the moment its words arrived, less the way that they took; what
-- it told of that before stays when it says nothing of it, as with a batch, whose way is long.
CREATE OR REPLACE FUNCTION sync.annoncer(v_dit jsonb) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN
AS $f$
DECLARE dit jsonb; v_heure numeric;
BEGIN
  PERFORM sync.exiger_mesure(pg_column_size(v_dit) <= :LONGEST_SAID AND jsonb_typeof(v_dit) = 'object');
  -- A centre on its way back to an earlier revision has no place for it.
  IF NOT EXISTS (SELECT 1 FROM sync.devices d WHERE d.login = session_user AND to_jsonb(d) ? 'details') THEN
    RETURN;
  END IF;
  v_heure := sync.mesure(v_dit->'heure', 1e11) + coalesce(sync.mesure(v_dit->'trajet_s', 60), 0)
    - extract(epoch FROM statement_timestamp());
  dit := jsonb_strip_nulls(jsonb_build_object('a', clock_timestamp(), 'horloge_s', round(v_heure, 1),
    'horloge_a', CASE WHEN v_heure IS NOT NULL THEN clock_timestamp() END,
    'cache', trunc(sync.mesure(v_dit->'cache', 1e15)), 'usager', trunc(sync.mesure(v_dit->'usager', 9e18)),
    'depuis_s', sync.mesure(v_dit->'depuis_s', 1e10), 'cycle_s', sync.mesure(v_dit->'cycle_s', 1e7),
    'chiffre', CASE WHEN jsonb_typeof(v_dit->'chiffre') = 'boolean' THEN v_dit->'chiffre' END,
    'systeme', CASE WHEN jsonb_typeof(v_dit->'systeme') = 'string'
      THEN left(regexp_replace(v_dit->>'systeme', '[^A-Za-z0-9 .()_-]', '', 'g'), 40) END,
    'tables', (SELECT jsonb_object_agg(t.key, trunc(sync.mesure(t.value, 1e9))) FROM jsonb_each(
      CASE WHEN jsonb_typeof(v_dit->'tables') = 'object' THEN v_dit->'tables' END) t
      WHERE t.key = ANY(':TABLES'::text[]) AND sync.mesure(t.value, 1e9) >= 1)));
  UPDATE sync.devices d SET vu_a = now(),
    en_attente = coalesce(trunc(sync.mesure(v_dit->'en_attente', 1e9))::integer, d.en_attente),
    details = coalesce(d.details, '{}') || jsonb_build_object('dit', coalesce((SELECT jsonb_object_agg(o.key, o.value)
      FROM jsonb_each(d.details->'dit') o WHERE o.key IN ('horloge_s', 'horloge_a')), '{}') || dit)
   WHERE d.login = session_user;
END $f$;

DROP FUNCTION IF EXISTS sync.signaler(text, text, integer);
DROP FUNCTION IF EXISTS sync.signaler(text, text, integer, xid8);

-- v_curseur is missing from older clients, which then hold no purge back once they are 90 days away; v_dit from those
-- that tell nothing of themselves.
CREATE OR REPLACE FUNCTION sync.signaler(v_version text, v_revision text, v_en_attente integer,
  v_curseur xid8 DEFAULT NULL, v_dit jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN
AS $f$
BEGIN
  PERFORM sync.veiller();
  UPDATE sync.devices SET vu_a = now(), version = left(v_version, 40), revision = left(v_revision, 40),
    en_attente = greatest(v_en_attente, 0), curseur_xid = coalesce(v_curseur, curseur_xid) WHERE login = session_user;
  IF v_dit IS NOT NULL THEN PERFORM sync.annoncer(v_dit); END IF;
  RETURN jsonb_build_object('epoque', sync.epoque(), 'purge', (SELECT xid::text FROM sync.purges
      WHERE scope IN (0, sync.agence()) ORDER BY xid DESC LIMIT 1),
    'etat', (SELECT etat FROM sync.devices WHERE login = session_user),
    'dernier_lot', (SELECT dernier_lot FROM sync.devices WHERE login = session_user),
    'effacement', (SELECT max(id) FROM public.effacements),
    'x', pg_snapshot_xmin(pg_current_snapshot())::text,
    'revision', (SELECT revision FROM sync.schema_compat ORDER BY id DESC LIMIT 1),
    'version', (SELECT app_version FROM sync.schema_compat ORDER BY id DESC LIMIT 1),
    'min_client', (SELECT min_client_revision FROM sync.schema_compat ORDER BY id DESC LIMIT 1))
    -- A centre on its way back to an earlier revision has no place for keys, and asks for none.
    || coalesce((SELECT jsonb_build_object('cle', encode(sha256(d.cle), 'hex')) FROM (
         SELECT decode(substr(to_jsonb(x)->>'cle_paquet', 3), 'hex') AS cle FROM sync.devices x
          WHERE x.login = session_user AND to_jsonb(x) ? 'cle_paquet') d), '{}');
END $f$;

-- The key of what is carried by hand while the line is down: the device makes it, and only the owner reads it here.
CREATE OR REPLACE FUNCTION sync.confier_cle(v_cle text) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
:PIN AS $f$
BEGIN
  PERFORM sync.exiger_mesure(v_cle ~ '^[0-9a-f]{64}$');
  UPDATE sync.devices SET cle_paquet = decode(v_cle, 'hex') WHERE login = session_user AND etat = 'actif';
  RETURN FOUND;
END $f$;

-- A device that a code was made for takes its login over, once: whoever comes first, and before the code expires. The
-- code is that login's password, which the caller replaces in the same transaction. v_nom is what the device calls
-- itself, where nobody named it; older clients do not say it.
DROP FUNCTION IF EXISTS sync.inscrire();
CREATE OR REPLACE FUNCTION sync.inscrire(v_nom text DEFAULT NULL) RETURNS text LANGUAGE plpgsql VOLATILE
SECURITY DEFINER :PIN AS $f$
DECLARE d record;
BEGIN
  SELECT etat, expire_a INTO d FROM sync.devices WHERE login = session_user FOR UPDATE;
  IF NOT FOUND OR d.etat <> 'attendu' THEN RETURN 'servi'; END IF;
  IF d.expire_a <= clock_timestamp() THEN RETURN 'expire'; END IF;
  UPDATE sync.devices SET etat = 'actif', expire_a = NULL, inscrit_a = clock_timestamp(),
    nom = coalesce(left(nullif(btrim(v_nom), ''), 60), nom) WHERE login = session_user;
  RETURN 'pris';
END $f$;

-- By the owner: runs as him, because a revoked device has no agency under row-level security.
CREATE OR REPLACE FUNCTION sync.adieu(p jsonb) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE d record;
BEGIN
  SELECT * INTO d FROM sync.devices WHERE login = session_user FOR UPDATE;
  IF NOT FOUND OR d.etat NOT IN ('retire', 'vole') THEN RETURN 'actif'; END IF;
  IF d.etat = 'retire' AND p IS NOT NULL THEN PERFORM sync.exiger_enveloppe(p, ''); END IF;
  IF d.etat = 'retire' AND (p->>'n')::int > 0 AND (
      SELECT count(*) < :MOST_FAREWELLS FROM sync.quarantaine q WHERE q.poste = d.poste AND q.repris_a IS NULL)
        AND NOT EXISTS (
      SELECT 1 FROM sync.quarantaine q WHERE q.poste = d.poste AND q.contenu = p) THEN
    INSERT INTO sync.quarantaine (poste, agence_id, contenu) VALUES (d.poste, d.agence_id, p);
  END IF;
  UPDATE sync.devices SET vu_a = now(), en_attente = 0 WHERE poste = d.poste;
  RETURN d.etat;
END $f$;

-- For the owner alone.
CREATE OR REPLACE FUNCTION sync.reprendre(v_id bigint) RETURNS jsonb LANGUAGE plpgsql VOLATILE :PIN AS $f$
DECLARE q record; avant bigint;
BEGIN
  SELECT * INTO q FROM sync.quarantaine WHERE id = v_id AND repris_a IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT coalesce(max(id), 0) INTO avant FROM sync.gares;
  -- Under a batch number that no device uses, and under a device's rules though an administrator asks.
  PERFORM set_config('erp.au_nom_du_poste', q.poste::text, true);
  PERFORM sync.fusionner(sync.rapprocher(q.contenu, int4range(0, (q.contenu->>'n')::int), q.agence_id), int4range(0,
    (q.contenu->>'n')::int), q.poste, -v_id, q.agence_id);
  UPDATE sync.quarantaine SET repris_a = now() WHERE id = v_id;
  RETURN jsonb_build_object('poste', q.poste, 'unites', (q.contenu->>'n')::int,
    'gares', (SELECT count(*) FROM sync.gares WHERE id > avant AND poste = q.poste),
    'conflits', (SELECT count(*) FROM sync.conflits WHERE poste = q.poste AND lot = -v_id));
END $f$;

-- For the owner alone: forget, scope by scope, the deletions that every device seen in v_jours days has heard of.
CREATE OR REPLACE FUNCTION sync.purger(v_jours integer) RETURNS bigint LANGUAGE plpgsql VOLATILE :PIN AS $f$
DECLARE s record; v_lignes bigint; v_total bigint := 0;
BEGIN
  FOR s IN
    SELECT x.scope, least(pg_snapshot_xmin(pg_current_snapshot()),
                          (array_agg(coalesce(d.curseur_xid, '0'::xid8) ORDER BY d.curseur_xid NULLS FIRST)
                            FILTER (WHERE d.poste > 0))[1]) AS horizon
      FROM (SELECT DISTINCT scope FROM sync.row_state WHERE etat <> 'live') x
      LEFT JOIN sync.devices d ON (x.scope = 0 OR d.agence_id = x.scope) AND d.etat = 'actif'
       AND coalesce(d.vu_a, d.inscrit_a) > now() - make_interval(days => v_jours)
     GROUP BY x.scope LOOP
    DELETE FROM sync.row_state WHERE etat <> 'live' AND scope = s.scope AND xid < s.horizon;
    GET DIAGNOSTICS v_lignes = ROW_COUNT;
    IF v_lignes > 0 THEN INSERT INTO sync.purges (scope, xid, lignes) VALUES (s.scope, s.horizon, v_lignes); END IF;
    v_total := v_total + v_lignes;
  END LOOP;
  RETURN v_total;
END $f$;
