"""Why the centre refused a change, in the words that a clerk reads, and back to the rule behind them."""

from __future__ import annotations

import re

from erp_desktop.centre.functions import rules as central_rules
from erp_desktop.centre.functions import stock as central_stock
from erp_desktop.db.session import FOREIGN
from erp_desktop.registry import bounds, rules

_REASONS = {
    "parent": "La fiche dont dépend ce changement n'existe pas, ou plus, au centre.",
    "agence": FOREIGN,
    "statut": "Ce changement de statut ne suit pas les étapes permises.",
    "partie": "Cette fiche n'est plus dans cette agence.",
    "droit": "Ce poste n'a pas le droit de modifier cette fiche.",
    "centre_seul": "Cette valeur n'est écrite que par le centre.",
    "regle": "Une valeur ne respecte pas une règle du centre.",
    "auteur": central_rules.AUTHOR,
}
_SENTENCES = (*rules.REASONS, *bounds.SENTENCES, *central_rules.SENTENCES, central_stock.TRANSFER)
"""Reasons that the centre gives in the words that a clerk reads."""
_DUPLICATES = {
    "uq_clients_ice": "Cet ICE appartient déjà à un autre client.",
    "uq_equipements_code_interne": "Ce code interne appartient déjà à un autre équipement.",
    "uq_equipements_numero_serie": "Ce numéro de série appartient déjà à un autre équipement.",
    "uq_pieces_detachees_reference": "Cette référence appartient déjà à une autre pièce.",
    "uq_interventions_numero": "Ce numéro d'intervention existe déjà au centre.",
    "uq_mouvements_stock_annule_id": "Ce mouvement a déjà été contre-passé.",
    "uq_inventaires_numero": "Ce numéro d'inventaire existe déjà au centre.",
    "uq_contrats_numero_contrat": "Ce numéro de contrat existe déjà au centre.",
}


PARENT_NEEDED = "D'autres fiches du centre dépendent de celle qui est supprimée ici."
TOLD = (*_REASONS.values(), *_DUPLICATES.values(), *_SENTENCES, PARENT_NEEDED)
"""Every fixed sentence that a clerk may read about a refusal."""


def french_reason(code: str, reason: str) -> str:
    """The sentence shown to a clerk for what the centre refused; the centre's own words stay behind it."""
    if code == "doublon":
        named = next((text for name, text in _DUPLICATES.items() if name in reason), None)
        return named or f"Cette valeur existe déjà au centre ({reason})."
    if (told := next((s for s in _SENTENCES if reason.startswith(s)), None)) is not None:
        return told
    if code == "parent" and "update or delete" in reason:
        return PARENT_NEEDED
    return _REASONS.get(code) or f"Le centre a refusé ce changement ({reason})."


def refused_by(raison: str) -> str | None:
    """The constraint behind a sentence of :func:`french_reason` about a duplicate."""
    named = next((name for name, text in _DUPLICATES.items() if text == raison), None)
    found = re.search(r"\[(\w+)\]", raison)
    return named or (found[1] if found else None)
