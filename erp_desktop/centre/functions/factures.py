"""Legal numbers: one function checks, freezes and numbers a document in one transaction (docs/adr/0017).

A device sends a request with its batch and finds the answer in the same exchange; who works at the centre calls
``sync.repondre`` himself. The sentences are in the SQL, for they carry numbers, dates and amounts; each is a template
of ``resources/translations/*-refus.json``.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
from erp_desktop.registry.rules import VALIDATED
from erp_desktop.registry.search_path import PIN

RIGHT = "Valider une facture demande un responsable de l'agence."

_TOLD = (
    "raison_sociale", "forme_juridique", "ice", "identifiant_fiscal", "registre_commerce", "ville_rc",
    "taxe_professionnelle", "cnss", "adresse", "ville", "telephone", "email", "site_web", "banque", "rib", "mentions",
)  # fmt: skip
"""Texts of a letterhead that a validated document keeps; ``services.shared.letterhead`` says whose stands."""
_OF_THE_AGENCY = {"adresse", "ville", "telephone", "email"}


def _societe() -> str:
    def value(name: str) -> str:
        agency = f", nullif(a.{name}, '')" if name in _OF_THE_AGENCY else ""
        return f"'{name}', coalesce(nullif(p.{name}, ''){agency}, nullif(s.{name}, ''))"

    told = ", ".join(value(name) for name in _TOLD)
    return f"""CREATE OR REPLACE FUNCTION sync.societe(v_agence bigint) RETURNS jsonb LANGUAGE sql STABLE
SECURITY DEFINER {PIN} AS $f$
  SELECT jsonb_build_object('capital', coalesce(p.capital, s.capital), 'agence', a.nom, 'code', a.code, {told})
    FROM (SELECT 1) x LEFT JOIN public.agences a ON a.id = v_agence
    LEFT JOIN public.identite_societe p ON p.agence_id = v_agence
    LEFT JOIN public.identite_societe s ON s.agence_id IS NULL LIMIT 1
$f$;"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


FUNCTIONS = sql(
    "factures/functions",
    PIN=PIN,
    OPEN="'brouillon', 'a_transmettre'",
    SOCIETE=_societe(),
    RIGHT_REASON=_quoted(RIGHT),
    KEPT_REASON=_quoted(VALIDATED),
)
"""Functions, callees first; ``sync.appliquer`` calls ``sync.repondre``."""

ENTRIES = (
    "repondre(bigint[])", "noter_transmission(bigint, text, text)", "verifier_serie(text)", "etat_series()",
    "par_le_centre()",
)  # fmt: skip
"""What people who work at the centre may execute."""
TRIGGERS = ("erp_vider",)
