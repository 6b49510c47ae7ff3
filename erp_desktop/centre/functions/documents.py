"""Bytes of documents at the centre: which pieces it lacks, put, get; agencies by row-level security.

Contents are kept per agency: here ``contenus.sha256`` holds the agency's number (0: shared) and the hash in base64,
``12:3q2+7w…``, where a cache holds the hash alone. So a hash opens nothing: who describes a file of another agency
must send its bytes before reading them. A device reaches a content only through a document row that it may see, of
its agency or shared: the policies on ``contenus`` say so, and the entries run as ``erp_sync``, which is subject to
them. What is not there and what is another agency's look the same. A content counts as complete once its pieces, joined, have its hash; else they are
thrown away and sent again. Pieces cross the line in base64: a third more bytes, where hexadecimal doubles them.
"""

from __future__ import annotations

from erp_desktop.centre.functions.envelope import LONGEST_PIECES, MOST_ASKED
from erp_desktop.domain.documents import MORCEAU, TAILLE_MAX
from erp_desktop.registry.search_path import DEFINER, PIN

ENTRIES = ("documents_manquants(text[])", "document_deposer(text, integer, text)", "document_lire(text, integer, integer)")  # fmt: skip
FAREWELLS = ("adieu_manquants(text[])", "adieu_document(text, integer, text)")
"""For devices, under the owner's rights: each looks at nothing but what the caller's own device described."""
_DESCRIBED = (
    "EXISTS (SELECT 1 FROM public.documents d WHERE d.sha256 = sync.sha256_contenu({table}.sha256) "
    "AND sync.cle_contenu(d.agence_id, d.sha256) = {table}.sha256)"
)
_AT_ONCE = 64
"""Pieces in one answer, at most."""


def _security(table: str, rights: str) -> list[str]:
    visible = _DESCRIBED.format(table=table)
    return [
        f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS erp_ecriture ON public.{table}",
        f"CREATE POLICY erp_ecriture ON public.{table} TO erp_sync, erp_central USING ({visible}) WITH CHECK ({visible})",
        f"GRANT {rights} ON public.{table} TO erp_sync, erp_central",
    ]


_KEYS = """
CREATE OR REPLACE FUNCTION sync.cle_contenu(a bigint, s text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT CASE WHEN s ~ '^[0-9a-f]{64}$' THEN coalesce(a, 0) || ':' || rtrim(encode(decode(s, 'hex'), 'base64'), '=') END;
END;

CREATE OR REPLACE FUNCTION sync.sha256_contenu(c text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT CASE WHEN c ~ '^[0-9]+:[A-Za-z0-9+/]{43}$'
    THEN encode(decode(split_part(c, ':', 2) || '=', 'base64'), 'hex') END;
END;

GRANT EXECUTE ON FUNCTION sync.cle_contenu(bigint, text), sync.sha256_contenu(text) TO erp_central;
"""

# Contents that were kept under the bare hash before they were kept per agency. Not at installation: an upgrade leaves
# every row as it was, and proves it.
_PER_AGENCY = """
  INSERT INTO public.contenus (sha256, taille, complet)
    SELECT DISTINCT sync.cle_contenu(d.agence_id, d.sha256), c.taille, c.complet
      FROM public.contenus c JOIN public.documents d ON d.sha256 = c.sha256 ON CONFLICT DO NOTHING;
  INSERT INTO public.contenus_morceaux (sha256, numero, octets)
    SELECT DISTINCT ON (1, 2) sync.cle_contenu(d.agence_id, d.sha256), m.numero, m.octets
      FROM public.contenus c JOIN public.documents d ON d.sha256 = c.sha256
      JOIN public.contenus_morceaux m ON m.sha256 = c.sha256 ON CONFLICT DO NOTHING;
  DELETE FROM public.contenus c USING public.documents d WHERE d.sha256 = c.sha256;"""

# A content goes along with a description that an administrator gives to another agency, and stays with the others.
_MOVE = f"""
CREATE OR REPLACE FUNCTION sync.deplacer_contenu() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $f$
DECLARE
  v_de text := sync.cle_contenu(OLD.agence_id, OLD.sha256); v_vers text := sync.cle_contenu(NEW.agence_id, NEW.sha256);
BEGIN
  INSERT INTO public.contenus AS c (sha256, taille, complet)
    SELECT v_vers, taille, true FROM public.contenus WHERE sha256 = v_de AND complet
    ON CONFLICT (sha256) DO UPDATE SET taille = excluded.taille, complet = true WHERE NOT c.complet;
  IF FOUND THEN
    INSERT INTO public.contenus_morceaux AS m (sha256, numero, octets)
      SELECT v_vers, numero, octets FROM public.contenus_morceaux WHERE sha256 = v_de
      ON CONFLICT (sha256, numero) DO UPDATE SET octets = excluded.octets;
  END IF;
  RETURN NULL;
END $f$;
DROP TRIGGER IF EXISTS erp_deplacer_contenu ON public.documents;
CREATE TRIGGER erp_deplacer_contenu AFTER UPDATE OF agence_id ON public.documents FOR EACH ROW
  WHEN (OLD.agence_id IS DISTINCT FROM NEW.agence_id) EXECUTE FUNCTION sync.deplacer_contenu();
"""

_MISSING = f"""CASE WHEN c.complet THEN '[]' ELSE coalesce((
      SELECT jsonb_agg(n ORDER BY n) FROM generate_series(0, (s.taille - 1) / {MORCEAU}) n
       WHERE NOT EXISTS (SELECT 1 FROM public.contenus_morceaux m WHERE m.sha256 = s.cle AND m.numero = n)),
    '[0]') END"""

_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION sync.documents_manquants(p_sha256 text[]) RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $f$
  SELECT coalesce(jsonb_object_agg(s.sha256, {_MISSING}), '{{}}')
  FROM (SELECT d.sha256, sync.cle_contenu(max(d.agence_id), d.sha256) AS cle, least(max(d.taille), {TAILLE_MAX}) AS taille
          FROM public.documents d WHERE d.sha256 = ANY(p_sha256) GROUP BY d.sha256) s
  LEFT JOIN public.contenus c ON c.sha256 = s.cle
  WHERE sync.exiger_poste() AND sync.exiger_mesure(cardinality(p_sha256) <= {MOST_ASKED})
$f$;

-- By whoever may: the caller says under which key, and has seen the description.
CREATE OR REPLACE FUNCTION sync.ranger_contenu(p_cle text, p_sha256 text, p_taille bigint, p_numero integer,
  p_octets text) RETURNS text LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  v_octets bytea := decode(p_octets, 'base64'); v_nombre integer := (p_taille + {MORCEAU - 1}) / {MORCEAU};
  v_recus integer; v_complet boolean;
BEGIN
  IF p_cle IS NULL THEN
    RAISE EXCEPTION 'aucun document de cette agence n''a ce contenu' USING ERRCODE = 'EM007';
  END IF;
  IF p_taille NOT BETWEEN 1 AND {TAILLE_MAX} OR p_numero < 0 OR length(v_octets) NOT BETWEEN 1 AND {_AT_ONCE * MORCEAU}
    OR p_numero + (length(v_octets) - 1) / {MORCEAU} >= v_nombre THEN
    RAISE EXCEPTION 'ce morceau n''est pas de ce document' USING ERRCODE = 'EM007';
  END IF;
  INSERT INTO public.contenus (sha256, taille) VALUES (p_cle, p_taille) ON CONFLICT DO NOTHING;
  -- Two devices may send one content at once: the last piece is judged by whoever comes last.
  SELECT complet INTO v_complet FROM public.contenus WHERE sha256 = p_cle FOR UPDATE;
  IF v_complet THEN RETURN 'complet'; END IF;
  INSERT INTO public.contenus_morceaux (sha256, numero, octets)
    SELECT p_cle, p_numero + n, substring(v_octets FROM n * {MORCEAU} + 1 FOR {MORCEAU})
      FROM generate_series(0, (length(v_octets) - 1) / {MORCEAU}) n ON CONFLICT DO NOTHING;
  SELECT count(*) INTO v_recus FROM public.contenus_morceaux WHERE sha256 = p_cle;
  IF v_recus < v_nombre THEN RETURN 'partiel'; END IF;
  IF (SELECT encode(sha256(string_agg(octets, ''::bytea ORDER BY numero)), 'hex') = p_sha256
        FROM public.contenus_morceaux WHERE sha256 = p_cle) THEN
    UPDATE public.contenus SET complet = true, taille = p_taille WHERE sha256 = p_cle;
    RETURN 'complet';
  END IF;
  DELETE FROM public.contenus_morceaux WHERE sha256 = p_cle;
  RETURN 'corrompu';
END $f$;

CREATE OR REPLACE FUNCTION sync.document_deposer(p_sha256 text, p_numero integer, p_octets text) RETURNS text
LANGUAGE plpgsql VOLATILE {DEFINER} AS $f$
DECLARE v_cle text; v_taille bigint;
BEGIN
  PERFORM sync.exiger_poste(), sync.exiger_mesure(length(p_octets) <= {LONGEST_PIECES});
  SELECT max(taille), sync.cle_contenu(max(agence_id), p_sha256) INTO v_taille, v_cle
    FROM public.documents WHERE sha256 = p_sha256 HAVING count(*) > 0;
  RETURN sync.ranger_contenu(v_cle, p_sha256, v_taille, p_numero, p_octets);
END $f$;

-- A file that is described by a shared row and by one of this agency may be kept under either.
CREATE OR REPLACE FUNCTION sync.document_lire(p_sha256 text, p_numero integer, p_nombre integer) RETURNS text
LANGUAGE sql STABLE {DEFINER} AS $f$
  SELECT encode(string_agg(m.octets, ''::bytea ORDER BY m.numero), 'base64')
    FROM public.contenus_morceaux m
   WHERE sync.exiger_poste() AND m.numero >= p_numero AND m.numero < p_numero::bigint + least(p_nombre, {_AT_ONCE})
     AND m.sha256 = (SELECT c.sha256 FROM public.contenus c WHERE c.complet
       AND c.sha256 IN (sync.cle_contenu(sync.agence(), p_sha256), sync.cle_contenu(0, p_sha256)) LIMIT 1)
$f$;
"""

# By the owner, for a login that was revoked: what a retired device described, at the centre or in quarantine.
_FAREWELL = f"""
CREATE OR REPLACE FUNCTION sync.decrits_en_quarantaine(v_id bigint) RETURNS TABLE (sha256 text, taille bigint)
LANGUAGE sql STABLE AS $f$
  SELECT r->>(s.i + 1)::int, (r->>(t.i + 1)::int)::bigint
    FROM sync.quarantaine q, jsonb_array_elements(q.contenu->'i'->'documents'->'r') r,
         jsonb_array_elements_text(q.contenu->'i'->'documents'->'c') WITH ORDINALITY AS s(nom, i),
         jsonb_array_elements_text(q.contenu->'i'->'documents'->'c') WITH ORDINALITY AS t(nom, i)
   WHERE q.id = v_id AND s.nom = 'sha256' AND t.nom = 'taille'
$f$;

CREATE OR REPLACE FUNCTION sync.decrits_par_retire(p_sha256 text[]) RETURNS TABLE (sha256 text, cle text, taille bigint)
LANGUAGE sql STABLE AS $f$
  SELECT x.sha256, sync.cle_contenu(x.agence_id, x.sha256), least(max(x.taille), {TAILLE_MAX}) FROM (
    SELECT d.sha256, d.taille, p.agence_id FROM sync.devices p JOIN public.documents d ON d.agence_id = p.agence_id
     WHERE p.login = session_user AND p.etat = 'retire' AND d.sha256 = ANY(p_sha256)
    UNION ALL
    SELECT r.sha256, r.taille, p.agence_id FROM sync.devices p
      JOIN sync.quarantaine q ON q.poste = p.poste AND q.repris_a IS NULL, sync.decrits_en_quarantaine(q.id) r
     WHERE p.login = session_user AND p.etat = 'retire' AND r.sha256 = ANY(p_sha256)) x
   GROUP BY x.sha256, x.agence_id
$f$;

CREATE OR REPLACE FUNCTION sync.adieu_manquants(p_sha256 text[]) RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $f$
  SELECT coalesce(jsonb_object_agg(s.sha256, {_MISSING}), '{{}}')
    FROM sync.decrits_par_retire(p_sha256) s LEFT JOIN public.contenus c ON c.sha256 = s.cle
   WHERE sync.exiger_mesure(cardinality(p_sha256) <= {MOST_ASKED})
$f$;

CREATE OR REPLACE FUNCTION sync.adieu_document(p_sha256 text, p_numero integer, p_octets text) RETURNS text
LANGUAGE plpgsql VOLATILE {DEFINER} AS $f$
DECLARE d record;
BEGIN
  PERFORM sync.exiger_mesure(length(p_octets) <= {LONGEST_PIECES});
  SELECT * INTO d FROM sync.decrits_par_retire(ARRAY[p_sha256]);
  RETURN sync.ranger_contenu(d.cle, p_sha256, d.taille, p_numero, p_octets);
END $f$;
"""

_UNUSED = f"""NOT {_DESCRIBED.format(table="c")}
      AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = 'documents' AND e.etat = 'deleted'
        AND e.contenu->>'sha256' = sync.sha256_contenu(c.sha256))
      AND NOT EXISTS (SELECT 1 FROM sync.quarantaine q WHERE q.repris_a IS NULL
        AND q.contenu->'i' ? 'documents' AND strpos(q.contenu::text, sync.sha256_contenu(c.sha256)) > 0)
      AND NOT EXISTS (SELECT 1 FROM sync.gares g WHERE g.contenu->'i' ? 'documents'
        AND strpos(g.contenu::text, sync.sha256_contenu(c.sha256)) > 0)"""

# For the owner alone. ``dernier_acces``, which the centre has no other use for, says since when nothing names a content.
_PURGE = f"""
CREATE OR REPLACE FUNCTION sync.purger_contenus(v_jours integer) RETURNS bigint LANGUAGE plpgsql VOLATILE
{PIN} AS $f$
DECLARE v_total bigint; v_inutiles text[];
BEGIN
{_PER_AGENCY}
  v_inutiles := ARRAY(SELECT c.sha256 FROM public.contenus c WHERE {_UNUSED});
  UPDATE public.contenus c SET dernier_acces = NULL
   WHERE dernier_acces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unnest(v_inutiles) i WHERE i = c.sha256);
  DELETE FROM public.contenus c USING unnest(v_inutiles) i
   WHERE i = c.sha256 AND c.dernier_acces < now() - make_interval(days => v_jours);
  GET DIAGNOSTICS v_total = ROW_COUNT;
  UPDATE public.contenus c SET dernier_acces = now() FROM unnest(v_inutiles) i
   WHERE i = c.sha256 AND c.dernier_acces IS NULL;
  RETURN v_total;
END $f$;
"""


def document_functions() -> list[str]:
    """Statements that install the content store, its policies first."""
    return [
        _KEYS,
        *_security("contenus", "SELECT, INSERT, UPDATE"),
        *_security("contenus_morceaux", "SELECT, INSERT, DELETE"),
        _MOVE,
        _FUNCTIONS,
        _FAREWELL,
        _PURGE,
    ]
