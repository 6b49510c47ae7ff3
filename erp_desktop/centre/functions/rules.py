"""What the centre looks at in a batch as a whole: who claims it, whose identifiers it gives, the chain of each statut.

Rules about one row are triggers (``rules``, ``bounds``). These need what the row does not say: the claimed author
beside it, the sender's number, the audit rows that arrive with it.
"""

from __future__ import annotations

from erp_desktop.domain import transitions
from erp_desktop.registry import bounds
from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import SyncTable

AUTHOR = "L'auteur indiqué n'est pas un utilisateur actif de cette agence."
CHAIN = "Ce changement de statut ne suit pas les étapes permises."
REOPENED = "Rouvrir une intervention clôturée demande un motif et un responsable de l'agence."
CANCELLED = "Annuler une intervention demande un responsable de l'agence."
SHARED = "Cette fiche est partagée par toutes les agences : seul le siège la modifie."
FOREIGN = "Cette fiche n'est pas de l'agence de ce poste."
CONTRACT = "Valider un contrat demande un responsable de l'agence."
SENTENCES = (AUTHOR, CHAIN, REOPENED, CANCELLED, CONTRACT, SHARED, FOREIGN)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _direct_function() -> str:
    pairs = ", ".join(
        f"('{a.value}', '{b.value}')" for a, following in transitions.SUIVANTS.items() for b in following
        if (a, b) != transitions.REOUVERTURE
    )  # fmt: skip
    return (
        "CREATE OR REPLACE FUNCTION sync.statut_suivant(de text, vers text) RETURNS boolean LANGUAGE sql IMMUTABLE "
        f"AS $f$ SELECT (de, vers) IN ({pairs}) $f$"
    )


_WHO = f"""
-- Devices, people's own logins, and what an administrator takes over for a device; not the owner of the tables.
CREATE OR REPLACE FUNCTION sync.surveille() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER {PIN} AS $f$
  SELECT EXISTS (SELECT 1 FROM sync.devices WHERE login = session_user)
    OR EXISTS (SELECT 1 FROM sync.logins WHERE login = session_user)
    OR coalesce(current_setting('erp.au_nom_du_poste', true), '') <> ''
$f$;

-- Postes whose identifiers a device may bring: its own, and those of its agency that are out of service, whose file
-- it may carry on.
CREATE OR REPLACE FUNCTION sync.postes_admis(v_poste integer, v_agence bigint) RETURNS integer[] LANGUAGE sql STABLE
SECURITY DEFINER {PIN} AS $f$
  SELECT array_append(array_agg(d.poste), v_poste) FROM sync.devices d
   WHERE d.agence_id = v_agence AND d.etat <> 'actif'
$f$;

-- A row shared by all agencies is seen and never written: that is a right missing, not a row that moved away.
CREATE OR REPLACE FUNCTION sync.exiger_propre(t text, pks bigint[]) RETURNS void LANGUAGE plpgsql STABLE AS $f$
DECLARE v_partagee boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I t WHERE t.id = ANY ($1) AND t.agence_id IS NULL)', t)
    INTO v_partagee USING pks;
  IF v_partagee THEN RAISE EXCEPTION '%', {_quoted(SHARED)} USING ERRCODE = 'EM022'; END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.exiger_agence(t text, lignes jsonb, plage int4range, v_agence bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $f$
DECLARE v_autre boolean;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM sync.registre() g WHERE g.nom_table = t AND g.inscriptible) THEN RETURN; END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I x WHERE x.id = ANY ($1) AND x.agence_id IS DISTINCT FROM $2)', t)
    INTO v_autre USING ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage),
      v_agence;
  IF v_autre THEN RAISE EXCEPTION '%', {_quoted(FOREIGN)} USING ERRCODE = 'EM022'; END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.responsable(v_user bigint, v_agence bigint) RETURNS boolean LANGUAGE sql STABLE AS $f$
  SELECT EXISTS (SELECT 1 FROM public.users u WHERE u.id = v_user AND u.is_active AND u.agence_id = v_agence
    AND u.role IN ('admin', 'responsable'))
$f$;
"""

# A value that loses to the centre's is kept beside it and never reaches the triggers: its size is looked at here.
_CLAIMS = f"""
CREATE OR REPLACE FUNCTION sync.verifier_tailles(t text, bloc jsonb, plage int4range, octets text[], v_premier integer,
  v_pas integer) RETURNS void LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage
       AND pg_column_size(r) > {bounds.LONGEST_TEXT // 2} AND EXISTS (
         SELECT 1 FROM jsonb_array_elements_text(r) WITH ORDINALITY AS v(x, n)
          WHERE length(v.x) > {bounds.LONGEST_TEXT} AND (length(v.x) > {2 * bounds.LARGEST_BLOB} OR NOT coalesce(
            t || '.' || (bloc->'c'->>((v.n - v_premier) / v_pas)::int) = ANY (octets), false)))) THEN
    RAISE EXCEPTION '%', {_quoted(bounds.TEXT)} USING ERRCODE = 'EM021', CONSTRAINT = t;
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_lot(p jsonb, plage int4range, v_poste integer, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  t text; bloc jsonb; r_id integer; r_par integer; r_qui integer; v_faux bigint;
  octets text[] := ARRAY(SELECT nom_table || '.' || colonne FROM sync.registre() WHERE lire LIKE 'decode%');
  -- An administrator takes it over for a device: row-level security does not see to the agency then.
  v_tiers boolean := coalesce(current_setting('erp.au_nom_du_poste', true), '') <> '';
  auteurs bigint[] := '{{}}'; postes integer[] := sync.postes_admis(v_poste, v_agence);
BEGIN
  FOR t, bloc IN SELECT * FROM jsonb_each(coalesce(p->'i', '{{}}')) LOOP
    SELECT max(c.i + 1) FILTER (WHERE c.nom = 'id'), max(c.i + 1) FILTER (WHERE c.nom = 'created_by_id'),
           max(c.i + 1) FILTER (WHERE c.nom = 'user_id' AND t = 'historiques_interventions')
      INTO r_id, r_par, r_qui FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i);
    auteurs := auteurs || ARRAY(SELECT DISTINCT x::bigint FROM jsonb_array_elements(bloc->'r') r,
      LATERAL (VALUES (r->>1), (r->>r_par), (r->>r_qui)) v(x) WHERE (r->>0)::int <@ plage AND x IS NOT NULL);
    SELECT (r->>r_id)::bigint INTO v_faux FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage
       AND (r->>r_id)::bigint >= {bounds.OLDEST_ID}
       AND (((r->>r_id)::bigint >> 3) & 524287)::int <> ALL (postes)
       -- A row of this agency that was deleted comes back under its key when that is undone.
       AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = t AND e.pk = (r->>r_id)::bigint
         AND e.scope = v_agence AND e.etat = 'deleted') LIMIT 1;
    IF v_faux IS NOT NULL THEN
      RAISE EXCEPTION '%', {_quoted(bounds.KEY)} USING ERRCODE = 'EM021', CONSTRAINT = t || '.id';
    END IF;
    PERFORM sync.verifier_tailles(t, bloc, plage, octets, 3, 1);
    IF v_tiers AND EXISTS (SELECT 1 FROM jsonb_array_elements(bloc->'r') r,
        jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
        WHERE (r->>0)::int <@ plage AND c.nom = 'agence_id' AND (r->>(c.i + 1)::int)::bigint <> v_agence) THEN
      RAISE EXCEPTION '%', {_quoted(FOREIGN)} USING ERRCODE = 'EM022';
    END IF;
  END LOOP;
  FOR t, bloc IN SELECT x.k, b FROM jsonb_each(coalesce(p->'m', '{{}}')) AS x(k, l), jsonb_array_elements(x.l) b LOOP
    SELECT max(1 + 2 * c.i + 2) FILTER (WHERE c.nom = 'created_by_id') INTO r_par
      FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i);
    auteurs := auteurs || ARRAY(SELECT DISTINCT x::bigint FROM jsonb_array_elements(bloc->'r') r,
      LATERAL (VALUES (r->>1), (r->>r_par)) v(x) WHERE (r->>0)::int <@ plage AND x IS NOT NULL);
    PERFORM sync.verifier_tailles(t, bloc, plage, octets, 5, 2);
    IF v_tiers THEN
      PERFORM sync.exiger_agence(t, bloc->'r', plage, v_agence);
      IF EXISTS (SELECT 1 FROM jsonb_array_elements_text(bloc->'c') AS c(nom) WHERE c.nom = 'agence_id') THEN
        RAISE EXCEPTION '%', {_quoted(FOREIGN)} USING ERRCODE = 'EM022';
      END IF;
    END IF;
  END LOOP;
  IF v_tiers THEN
    PERFORM sync.exiger_agence(x.k, x.l, plage, v_agence) FROM jsonb_each(coalesce(p->'d', '{{}}')) AS x(k, l);
  END IF;
  auteurs := auteurs || ARRAY(SELECT DISTINCT (r->>1)::bigint
    FROM jsonb_each(coalesce(p->'d', '{{}}')) AS x(k, l), jsonb_array_elements(x.l) r
    WHERE (r->>0)::int <@ plage AND r->>1 IS NOT NULL);
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT unnest(auteurs)) AS a(id) WHERE NOT EXISTS (
      SELECT 1 FROM public.users u WHERE u.id = a.id AND u.is_active AND u.agence_id = v_agence)) THEN
    RAISE EXCEPTION '%', {_quoted(AUTHOR)} USING ERRCODE = 'EM006';
  END IF;
  IF p->'m' ? 'interventions' OR p->'i' ? 'historiques_interventions' THEN
    PERFORM sync.verifier_statuts(p, plage, v_agence);
  END IF;
  PERFORM sync.verifier_contrats(p, plage, v_agence);
END $f$;
"""

# The steps are read from the whole batch: another program's change and its audit row are units of their own.
_CHAIN = f"""
CREATE OR REPLACE FUNCTION sync.verifier_statuts(p jsonb, plage int4range, v_agence bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $f$
DECLARE
  h jsonb := p->'i'->'historiques_interventions'; r_id integer; r_de integer; r_vers integer; r_mot integer;
  r_fiche integer; r_qui integer; v_dit text;
BEGIN
  SELECT max(c.i + 1) FILTER (WHERE c.nom = 'id'), max(c.i + 1) FILTER (WHERE c.nom = 'ancienne_valeur'),
         max(c.i + 1) FILTER (WHERE c.nom = 'nouvelle_valeur'), max(c.i + 1) FILTER (WHERE c.nom = 'remarque'),
         max(c.i + 1) FILTER (WHERE c.nom = 'intervention_id'), max(c.i + 1) FILTER (WHERE c.nom = 'user_id')
    INTO r_id, r_de, r_vers, r_mot, r_fiche, r_qui
    FROM jsonb_array_elements_text(h->'c') WITH ORDINALITY AS c(nom, i);
  WITH pas AS MATERIALIZED (
    SELECT *, lag(vers) OVER w AS avant, lead(id) OVER w IS NULL AS dernier FROM (
      SELECT (r->>r_fiche)::bigint AS pk, (r->>r_id)::bigint AS id, (r->>0)::int <@ plage AS ici,
             (r->>r_de)::jsonb->>'statut' AS de, (r->>r_vers)::jsonb->>'statut' AS vers, r->>r_mot AS mot,
             coalesce(r->>r_qui, r->>1)::bigint AS qui
        FROM jsonb_array_elements(coalesce(h->'r', '[]')) r
       WHERE r->>r_de LIKE '%"statut"%' AND r->>r_vers LIKE '%"statut"%') x
     WHERE de IS NOT NULL AND vers IS NOT NULL AND de <> vers WINDOW w AS (PARTITION BY pk ORDER BY id)),
  change AS MATERIALIZED (
    SELECT (r->>2)::bigint AS pk, r->>(1 + 2 * c.i + 2)::int AS vers
      FROM jsonb_array_elements(coalesce(p->'m'->'interventions', '[]')) b,
           jsonb_array_elements_text(b->'c') WITH ORDINALITY AS c(nom, i), jsonb_array_elements(b->'r') r
     WHERE c.nom = 'statut' AND (r->>0)::int <@ plage AND r->>(2 * c.i + 2)::int <> r->>(1 + 2 * c.i + 2)::int)
  SELECT dit INTO v_dit FROM (
    SELECT CASE
        WHEN pas.de = 'cloturee' AND pas.vers = 'en_cours' THEN
          CASE WHEN btrim(coalesce(pas.mot, '')) = '' OR NOT sync.responsable(pas.qui, v_agence)
               THEN {_quoted(REOPENED)} END
        WHEN NOT sync.statut_suivant(pas.de, pas.vers) OR pas.avant <> pas.de THEN {_quoted(CHAIN)}
        WHEN pas.vers = 'annulee' AND pas.qui IS NOT NULL AND NOT sync.responsable(pas.qui, v_agence)
          THEN {_quoted(CANCELLED)} END AS dit
      FROM pas WHERE pas.ici OR pas.pk IN (SELECT pk FROM change)
    UNION ALL
    SELECT {_quoted(CHAIN)} FROM change c
     WHERE NOT EXISTS (SELECT 1 FROM pas WHERE pas.pk = c.pk AND pas.dernier AND pas.vers = c.vers)) y
   WHERE dit IS NOT NULL LIMIT 1;
  IF v_dit IS NOT NULL THEN RAISE EXCEPTION '%', v_dit USING ERRCODE = 'EM003'; END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_contrats(p jsonb, plage int4range, v_agence bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(coalesce(p->'m'->'contrats', '[]')) b,
      jsonb_array_elements_text(b->'c') WITH ORDINALITY AS c(nom, i), jsonb_array_elements(b->'r') r
     WHERE c.nom = 'statut' AND (r->>0)::int <@ plage AND r->>(1 + 2 * c.i + 2)::int <> 'brouillon'
       AND r->>(2 * c.i + 2)::int = 'brouillon' AND NOT sync.responsable((r->>1)::bigint, v_agence)
    UNION ALL
    SELECT 1 FROM jsonb_array_elements_text(p->'i'->'contrats'->'c') WITH ORDINALITY AS c(nom, i),
      jsonb_array_elements(p->'i'->'contrats'->'r') r
     WHERE c.nom = 'statut' AND (r->>0)::int <@ plage AND r->>(c.i + 1)::int <> 'brouillon'
       AND NOT sync.responsable((r->>1)::bigint, v_agence)) THEN
    RAISE EXCEPTION '%', {_quoted(CONTRACT)} USING ERRCODE = 'EM021';
  END IF;
END $f$;
"""


def rule_functions() -> list[str]:
    """Statements that create what triggers and the merge ask, callees first."""
    return [_WHO, bounds.FUNCTIONS, _direct_function(), _CHAIN, _CLAIMS]


def row_rules(table: SyncTable) -> list[str]:
    """Statements that guard one table's values."""
    return bounds.postgres(table)
