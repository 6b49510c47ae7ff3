"""Bytes of documents at the centre: which pieces it lacks, put, get; agencies by row-level security.

Contents are kept per agency: here ``contenus.sha256`` holds the agency's number (0: shared) and the hash in base64,
``12:3q2+7w…``, where a cache holds the hash alone. So a hash opens nothing: who describes a file of another agency
must send its bytes before reading them. A device reaches a content only through a document row that it may see, of
its agency or shared: the policies on ``contenus`` say so, and the entries run as ``erp_sync``, which is subject to
them. What is not there and what is another agency's look the same. A content counts as complete once its pieces,
joined, have its hash; else they are thrown away and sent again. Pieces cross the line in base64: a third more bytes,
where hexadecimal doubles them.
"""

from __future__ import annotations

from erp_desktop.centre.functions.envelope import LONGEST_PIECES, MOST_ASKED
from erp_desktop.centre.functions.login import chosen_first
from erp_desktop.centre.sql import sql
from erp_desktop.domain.documents import MORCEAU, TAILLE_MAX
from erp_desktop.registry.search_path import DEFINER, PIN

ENTRIES = (
    "documents_manquants(text[])",
    "document_deposer(text, integer, text)",
    "document_lire(text, integer, integer)",
)
FAREWELLS = ("adieu_manquants(text[])", "adieu_document(text, integer, text)")
"""For devices, under the owner's rights: each looks at nothing but what the caller's own device described."""
KEYS = ("cle_contenu(bigint, text)", "sha256_contenu(text)")
"""What the policies on contents ask, as whoever reads or writes."""
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
        f"CREATE POLICY erp_ecriture ON public.{table} TO erp_sync, erp_central USING ({visible}) "
        f"WITH CHECK ({visible})",
        f"GRANT {rights} ON public.{table} TO erp_sync, erp_central",
        *chosen_first(f"public.{table}"),
    ]


_KEYS = sql("documents/keys")

# Contents that were kept under the bare hash before they were kept per agency. Not at installation: an upgrade leaves
# every row as it was, and proves it.
_PER_AGENCY = sql("documents/per_agency")

# A content goes along with a description that an administrator gives to another agency, and stays with the others.
_MOVE = sql("documents/move", DEFINER=DEFINER)

_MISSING = f"""CASE WHEN c.complet THEN '[]' ELSE coalesce((
      SELECT jsonb_agg(n ORDER BY n) FROM generate_series(0, (s.taille - 1) / {MORCEAU}) n
       WHERE NOT EXISTS (SELECT 1 FROM public.contenus_morceaux m WHERE m.sha256 = s.cle AND m.numero = n)),
    '[0]') END"""

_FUNCTIONS = sql(
    "documents/functions",
    DEFINER=DEFINER,
    MISSING=_MISSING,
    TAILLE_MAX=TAILLE_MAX,
    MOST_ASKED=MOST_ASKED,
    LAST_OCTET=MORCEAU - 1,
    PIECE_SIZE=MORCEAU,
    ANSWER_SIZE=_AT_ONCE * MORCEAU,
    LONGEST_PIECES=LONGEST_PIECES,
    AT_ONCE=_AT_ONCE,
)

# By the owner, for a login that was revoked: what a retired device described, at the centre or in quarantine.
_FAREWELL = sql(
    "documents/farewell",
    TAILLE_MAX=TAILLE_MAX,
    DEFINER=DEFINER,
    MISSING=_MISSING,
    MOST_ASKED=MOST_ASKED,
    LONGEST_PIECES=LONGEST_PIECES,
)

_UNUSED = sql("documents/unused", DESCRIBED=_DESCRIBED.format(table="c"))

# For the owner alone. ``dernier_acces``, which the centre has no other use for, says since when nothing names one.
_PURGE = sql("documents/purge", PIN=PIN, PER_AGENCY=_PER_AGENCY, UNUSED=_UNUSED)


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
