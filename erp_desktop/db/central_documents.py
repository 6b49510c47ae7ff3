"""Bytes of documents at the centre: which pieces it lacks, put, get; agencies by row-level security.

A device reaches a content only through a document row that it may see, of its agency or shared: the policies on
``contenus`` say so, and the entries run as ``erp_sync``, which is subject to them. What is not there and what is
another agency's look the same. A content counts as complete once its pieces, joined, have its hash; else they are
thrown away and sent again. Pieces cross the line in base64: a third more bytes, where hexadecimal doubles them.
"""

from __future__ import annotations

from erp_desktop.domain.documents import MORCEAU, TAILLE_MAX

ENTRIES = ("documents_manquants(text[])", "document_deposer(text, integer, text)", "document_lire(text, integer, integer)")  # fmt: skip
_DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_VISIBLE = "EXISTS (SELECT 1 FROM public.documents d WHERE d.sha256 = {table}.sha256)"
_AT_ONCE = 64
"""Pieces in one answer, at most."""


def _security(table: str, rights: str) -> list[str]:
    visible = _VISIBLE.format(table=table)
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS erp_ecriture ON {table}",
        f"CREATE POLICY erp_ecriture ON {table} TO erp_sync, erp_central USING ({visible}) WITH CHECK ({visible})",
        f"GRANT {rights} ON {table} TO erp_sync, erp_central",
    ]


def _follow(parent: str, column: str) -> list[str]:
    """A document goes with what it describes when an administrator moves that to another agency."""
    name = f"suivre_documents_{column}"
    return [
        f"CREATE OR REPLACE FUNCTION sync.{name}() RETURNS trigger LANGUAGE plpgsql {_DEFINER} AS $f$ BEGIN "
        f"UPDATE public.documents SET agence_id = NEW.agence_id WHERE {column} = NEW.id "
        "AND agence_id IS DISTINCT FROM NEW.agence_id; RETURN NULL; END $f$",
        f"DROP TRIGGER IF EXISTS erp_a_suivre_documents ON {parent}",
        f"CREATE TRIGGER erp_a_suivre_documents AFTER UPDATE OF agence_id ON {parent} FOR EACH ROW "
        f"WHEN (OLD.agence_id IS DISTINCT FROM NEW.agence_id) EXECUTE FUNCTION sync.{name}()",
    ]


_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION sync.documents_manquants(p_sha256 text[]) RETURNS jsonb LANGUAGE sql STABLE {_DEFINER} AS $f$
  SELECT coalesce(jsonb_object_agg(s.sha256, CASE WHEN c.complet THEN '[]' ELSE coalesce((
      SELECT jsonb_agg(n ORDER BY n) FROM generate_series(0, (s.taille - 1) / {MORCEAU}) n
       WHERE NOT EXISTS (SELECT 1 FROM public.contenus_morceaux m WHERE m.sha256 = s.sha256 AND m.numero = n)),
    '[0]') END), '{{}}')
  FROM (SELECT d.sha256, max(d.taille) AS taille FROM public.documents d WHERE d.sha256 = ANY(p_sha256)
         GROUP BY d.sha256) s
  LEFT JOIN public.contenus c ON c.sha256 = s.sha256
  WHERE sync.exiger_poste()
$f$;

CREATE OR REPLACE FUNCTION sync.document_deposer(p_sha256 text, p_numero integer, p_octets text) RETURNS text
LANGUAGE plpgsql VOLATILE {_DEFINER} AS $f$
DECLARE
  v_octets bytea := decode(p_octets, 'base64'); v_taille bigint; v_nombre integer; v_recus integer; v_complet boolean;
BEGIN
  PERFORM sync.exiger_poste();
  SELECT max(taille), (max(taille) + {MORCEAU - 1}) / {MORCEAU} INTO v_taille, v_nombre
    FROM public.documents WHERE sha256 = p_sha256;
  IF v_taille IS NULL THEN
    RAISE EXCEPTION 'aucun document de cette agence n''a ce contenu' USING ERRCODE = 'EM007';
  END IF;
  IF v_taille NOT BETWEEN 1 AND {TAILLE_MAX} OR p_numero < 0 OR length(v_octets) NOT BETWEEN 1 AND {_AT_ONCE * MORCEAU}
    OR p_numero + (length(v_octets) - 1) / {MORCEAU} >= v_nombre THEN
    RAISE EXCEPTION 'ce morceau n''est pas de ce document' USING ERRCODE = 'EM007';
  END IF;
  INSERT INTO public.contenus (sha256, taille) VALUES (p_sha256, v_taille) ON CONFLICT DO NOTHING;
  -- Two devices may send one content at once: the last piece is judged by whoever comes last.
  SELECT complet INTO v_complet FROM public.contenus WHERE sha256 = p_sha256 FOR UPDATE;
  IF v_complet THEN RETURN 'complet'; END IF;
  INSERT INTO public.contenus_morceaux (sha256, numero, octets)
    SELECT p_sha256, p_numero + n, substring(v_octets FROM n * {MORCEAU} + 1 FOR {MORCEAU})
      FROM generate_series(0, (length(v_octets) - 1) / {MORCEAU}) n ON CONFLICT DO NOTHING;
  SELECT count(*) INTO v_recus FROM public.contenus_morceaux WHERE sha256 = p_sha256;
  IF v_recus < v_nombre THEN RETURN 'partiel'; END IF;
  IF (SELECT encode(sha256(string_agg(octets, ''::bytea ORDER BY numero)), 'hex') = p_sha256
        FROM public.contenus_morceaux WHERE sha256 = p_sha256) THEN
    UPDATE public.contenus SET complet = true, taille = v_taille WHERE sha256 = p_sha256;
    RETURN 'complet';
  END IF;
  DELETE FROM public.contenus_morceaux WHERE sha256 = p_sha256;
  RETURN 'corrompu';
END $f$;

CREATE OR REPLACE FUNCTION sync.document_lire(p_sha256 text, p_numero integer, p_nombre integer) RETURNS text
LANGUAGE sql STABLE {_DEFINER} AS $f$
  SELECT encode(string_agg(m.octets, ''::bytea ORDER BY m.numero), 'base64')
    FROM public.contenus_morceaux m JOIN public.contenus c ON c.sha256 = m.sha256
   WHERE sync.exiger_poste() AND m.sha256 = p_sha256 AND c.complet AND m.numero >= p_numero
     AND m.numero < p_numero + least(p_nombre, {_AT_ONCE})
$f$;
"""


def document_functions() -> list[str]:
    """Statements that install the content store, its policies first."""
    return [
        *_security("contenus", "SELECT, INSERT, UPDATE"),
        *_security("contenus_morceaux", "SELECT, INSERT, DELETE"),
        *_follow("interventions", "intervention_id"),
        *_follow("equipements", "equipement_id"),
        _FUNCTIONS,
    ]
