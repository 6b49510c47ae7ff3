"""How figures are written in French, and the labels of stored values; shared by every writer and by the window."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from erp_desktop import clock
from erp_desktop.domain.writing import bidi

FINE = bidi.FINE
"""Narrow no-break space: thousands, and before ``: ; ! ? %`` and units."""
VIDE = "–"

LIBELLES = {
    "ouverte": "Ouverte", "affectee": "Affectée", "en_cours": "En cours", "en_attente": "En attente",
    "cloturee": "Clôturée", "archivee": "Archivée", "annulee": "Annulée",
    "corrective": "Corrective", "preventive": "Préventive", "ameliorative": "Améliorative",
    "diagnostic": "Diagnostic",
    "urgente": "Urgente", "haute": "Haute", "normale": "Normale", "basse": "Basse", "programmee": "Programmée",
}  # fmt: skip


def entier(valeur: int) -> str:
    return str(format_decimal(valeur, format="#,##0", locale="fr"))


def pourcent(valeur: float | None) -> str:
    """``92,4 %`` from 92.4."""
    return VIDE if valeur is None else f"{format_decimal(valeur, format='0.0', locale='fr')}{FINE}%"


def duree(minutes: float | None) -> str:
    """``5 h 42`` from 342; days are not used, a manager adds hours."""
    if minutes is None:
        return VIDE
    total = round(minutes)
    heures, reste = divmod(abs(total), 60)
    signe = "−" if total < 0 else ""
    if not heures:
        return f"{signe}{reste}{FINE}min"
    return f"{signe}{entier(heures)}{FINE}h{FINE}{reste:02}"


def note(valeur: float) -> str:
    """``4,2``: one decimal."""
    return str(format_decimal(valeur, format="#,##0.0", locale="fr"))


def heures(secondes: float) -> str:
    """Whole hours from a hundred on, else with one decimal."""
    trouve = secondes / 3600
    return entier(round(trouve)) if abs(trouve) >= 100 else note(trouve)


def mad(montant: Decimal) -> str:
    """``1 234 567,80 MAD``."""
    return f"{format_decimal(montant, format='#,##0.00', locale='fr')}\u00a0MAD"


def mad_court(montant: Decimal) -> str:
    """For a chart's label: ``58,1 k``, ``1,2 M``, ``640``."""
    for seuil, lettre in ((1_000_000, "M"), (1_000, "k")):
        if abs(montant) >= seuil:
            return f"{format_decimal(montant / seuil, format='#,##0.0', locale='fr')}{FINE}{lettre}"
    return entier(int(montant.to_integral_value()))


def jour(valeur: date) -> str:
    return valeur.strftime("%d/%m/%Y")


def instant(valeur: datetime) -> str:
    """``22/11/2026 à 15:20`` in Morocco."""
    return clock.written(clock.local(valeur), "%d/%m/%Y à %H:%M")


def mois(valeur: date) -> str:
    """``oct. 2026``."""
    return str(format_date(valeur, "MMM y", locale="fr"))


def _en_lettres(valeur: date, motif: str) -> str:
    texte = str(format_date(valeur, motif, locale="fr"))
    return "1er" + texte[1:] if valeur.day == 1 else texte


def periode(debut: date, fin: date) -> str:
    """``du 1er au 31 octobre 2026``, naming each month and year once."""
    if debut == fin:
        return f"le {_en_lettres(fin, 'd MMMM y')}"
    motif = "d MMMM y" if debut.year != fin.year else "d MMMM" if debut.month != fin.month else "d"
    return f"du {_en_lettres(debut, motif)} au {_en_lettres(fin, 'd MMMM y')}"


def ecart(valeur: float, texte: str) -> str:
    """A signed difference: ``+12``, ``−1,8 pt``; ``texte`` writes the magnitude."""
    return f"{'+' if valeur > 0 else '−' if valeur < 0 else '±'}{texte}"


def ecrire(genre: str, valeur: Any) -> str:
    """Write a value of a table by its kind (see ``tableaux.GENRES``); an absent one is a dash."""
    if valeur is None:
        return VIDE
    ecrivains: dict[str, Any] = {
        "texte": str, "entier": entier, "pourcent": pourcent, "duree": duree, "mad": mad, "mois": mois,
    }  # fmt: skip
    return str(ecrivains[genre](valeur))
