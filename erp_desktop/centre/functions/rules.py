"""What the centre looks at in a batch as a whole: who claims it, whose identifiers it gives, the chain of each
statut.

Rules about one row are triggers (``rules``, ``bounds``). These need what the row does not say: the claimed author
beside it, the sender's number, the audit rows that arrive with it.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
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
CONTRACT = "Valider, suspendre, reprendre ou résilier un contrat demande un responsable de l'agence."
CHARGED = "Décider qui paie une intervention demande un responsable de l'agence."
SERIES = "Ce numéro est de la série d'un autre poste : chaque poste tire les siens."
VIEW = "Une vue enregistrée n'est changée que par la personne qui l'a faite."
VALIDATED = "Ce contrat a été validé entre-temps : relisez-le, puis envoyez ce changement à nouveau ou retirez-le."
DRAFT_MOVED = "Le brouillon de ce contrat a changé entre-temps : relisez-le, puis validez-le à nouveau."
SENTENCES = (
    AUTHOR, CHAIN, REOPENED, CANCELLED, CONTRACT, CHARGED, SHARED, FOREIGN, SERIES, VIEW, VALIDATED, DRAFT_MOVED
)  # fmt: skip


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


_WHO = sql("rules/who", PIN=PIN, SHARED_REASON=_quoted(SHARED), FOREIGN_REASON=_quoted(FOREIGN))

# A value that loses to the centre's is kept beside it and never reaches the triggers: its size is looked at here.
_CLAIMS = sql(
    "rules/claims",
    HALF_A_TEXT=bounds.LONGEST_TEXT // 2,
    LONGEST_TEXT=bounds.LONGEST_TEXT,
    LARGEST_HEX=2 * bounds.LARGEST_BLOB,
    TEXT_REASON=_quoted(bounds.TEXT),
    OLDEST_ID=bounds.OLDEST_ID,
    KEY_REASON=_quoted(bounds.KEY),
    FOREIGN_REASON=_quoted(FOREIGN),
    AUTHOR_REASON=_quoted(AUTHOR),
    SERIES_REASON=_quoted(SERIES),
    VIEW_REASON=_quoted(VIEW),
)

# The steps are read from the whole batch: another program's change and its audit row are units of their own.
_CHAIN = sql(
    "rules/chain",
    REOPENED_REASON=_quoted(REOPENED),
    CHAIN_REASON=_quoted(CHAIN),
    CANCELLED_REASON=_quoted(CANCELLED),
    CONTRACT_REASON=_quoted(CONTRACT),
    CHARGED_REASON=_quoted(CHARGED),
    VALIDATED_REASON=_quoted(VALIDATED),
    DRAFT_MOVED_REASON=_quoted(DRAFT_MOVED),
)


def rule_functions() -> list[str]:
    """Statements that create what triggers and the merge ask, callees first."""
    return [_WHO, bounds.FUNCTIONS, _direct_function(), _CHAIN, _CLAIMS]


def row_rules(table: SyncTable) -> list[str]:
    """Statements that guard one table's values."""
    return bounds.postgres(table)
