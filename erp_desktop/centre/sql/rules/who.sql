-- Devices, people's own logins, and what an administrator takes over for a device; not the owner of the tables.
CREATE OR REPLACE FUNCTION sync.surveille() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER :PIN AS $f$
  SELECT EXISTS (SELECT 1 FROM sync.devices WHERE login = session_user)
    OR EXISTS (SELECT 1 FROM sync.logins WHERE login = session_user)
    OR coalesce(current_setting('erp.au_nom_du_poste', true), '') <> ''
$f$;

-- Whether the statement that fires a trigger is one of the centre's own functions or of the owner himself: looked at
-- in a trigger's condition, where the current user is still the one who writes.
CREATE OR REPLACE FUNCTION sync.par_le_centre() RETURNS boolean LANGUAGE sql STABLE AS $f$
  SELECT pg_catalog.pg_get_userbyid(c.relowner) = current_user FROM pg_catalog.pg_class c
   WHERE c.oid = 'public.factures'::pg_catalog.regclass
$f$;

-- Postes whose identifiers and numbers a device may bring: its own, those whose file it is enrolled with again, and
-- those of its agency that are out of service, whose file it may carry on. A centre on its way back to an earlier
-- revision does not hold whose file a device took over.
CREATE OR REPLACE FUNCTION sync.postes_admis(v_poste integer, v_agence bigint) RETURNS integer[] LANGUAGE sql STABLE
SECURITY DEFINER :PIN AS $f$
  WITH RECURSIVE lignee(poste) AS (
    SELECT v_poste UNION SELECT (to_jsonb(d)->>'succede')::integer FROM lignee l
      JOIN sync.devices d ON d.poste = l.poste AND to_jsonb(d)->>'succede' IS NOT NULL)
  SELECT array_agg(a.poste) FROM (SELECT poste FROM lignee UNION SELECT d.poste FROM sync.devices d
    WHERE d.agence_id = v_agence AND d.etat NOT IN ('actif', 'attendu')) AS a
$f$;

CREATE OR REPLACE FUNCTION sync.code_agence(v_agence bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER :PIN
AS $f$ SELECT code FROM public.agences WHERE id = v_agence $f$;

-- A row shared by all agencies is seen and never written: that is a right missing, not a row that moved away.
CREATE OR REPLACE FUNCTION sync.exiger_propre(t text, pks bigint[]) RETURNS void LANGUAGE plpgsql STABLE AS $f$
DECLARE v_partagee boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I t WHERE t.id = ANY ($1) AND t.agence_id IS NULL)', t)
    INTO v_partagee USING pks;
  IF v_partagee THEN RAISE EXCEPTION '%', :SHARED_REASON USING ERRCODE = 'EM022'; END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.exiger_agence(t text, lignes jsonb, plage int4range, v_agence bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $f$
DECLARE v_autre boolean;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM sync.registre g WHERE g.nom_table = t AND g.inscriptible) THEN RETURN; END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I x WHERE x.id = ANY ($1) '
    || 'AND x.agence_id IS DISTINCT FROM $2)', t)
    INTO v_autre USING ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage),
      v_agence;
  IF v_autre THEN RAISE EXCEPTION '%', :FOREIGN_REASON USING ERRCODE = 'EM022'; END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.responsable(v_user bigint, v_agence bigint) RETURNS boolean LANGUAGE sql STABLE AS $f$
  SELECT EXISTS (SELECT 1 FROM public.users u WHERE u.id = v_user AND u.is_active AND u.agence_id = v_agence
    AND u.role IN ('admin', 'responsable'))
$f$;
