"""How the state, the delay and the amounts of an invoice are said and drawn."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from erp_desktop.domain.argent import format_montant
from erp_desktop.domain.enums import TypeFacture
from erp_desktop.domain.factures import lettres, lettres_ar, lettres_en
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.services.factures import FactureLigne
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import isolate, language, number, said, tr
from erp_desktop.ui.wording import value_labels as labels

PILLS = {
    EtatFacture.BROUILLON: "ouverte", EtatFacture.A_TRANSMETTRE: "en_attente",
    EtatFacture.REJETEE: f"{paint.ALERT}/x-circle",
    EtatFacture.VALIDEE: "affectee/seal-check", EtatFacture.ENVOYEE: "affectee/paper-plane-tilt",
    EtatFacture.PARTIELLE: "en_cours/circle-half",
    EtatFacture.EN_RETARD: paint.ALERT, EtatFacture.PAYEE: "cloturee", EtatFacture.ANNULEE: "annulee",
}  # fmt: skip
"""State of an invoice → the mark of the kit that looks like it, with an icon of its own where that one would lie."""
_FULL = 90
"""Days late from which the bar is full."""
_SOON = 60


def steps(record: Any) -> tuple[list[str], int] | None:
    """The life of an invoice and where it stands; None of one that was refused or cancelled, which leads nowhere."""
    etat = EtatFacture(record.etat)
    sent = etat if etat in (EtatFacture.PARTIELLE, EtatFacture.EN_RETARD) else EtatFacture.ENVOYEE
    chain = [EtatFacture.BROUILLON, EtatFacture.A_TRANSMETTRE, EtatFacture.VALIDEE, sent]
    if record.type_facture == TypeFacture.FACTURE:
        chain.append(EtatFacture.PAYEE)
    return ([labels.label(EtatFacture, one) for one in chain], chain.index(etat)) if etat in chain else None


def issued(record: Any) -> bool:
    """Whether the centre has validated it: it has its number, and is given back rather than changed."""
    return EtatFacture(record.etat) not in (EtatFacture.BROUILLON, EtatFacture.A_TRANSMETTRE, EtatFacture.REJETEE)


def short(number: str) -> str:
    """``PROV-…-00031`` of a draft's number: what tells it from the others is its end; a legal one is whole."""
    head, _, last = number.rpartition("-")
    return f"PROV-…-{last}" if head.startswith("PROV-") else number


def _minus(words: str) -> str:
    return words.replace("-", "\u2212")


def money(amount: Decimal) -> str:
    """``1 234 567,80``; the currency stands in the head of the column."""
    return isolate(_minus(format_montant(amount, "")))


def mad(amount: Decimal) -> str:
    return isolate(_minus(format_montant(amount)))


def late(days: int) -> str:
    return tr("{n} j", n=isolate(number(days))) if days else labels.NONE


def late_bar(days: int) -> tuple[str, float] | None:
    """What the painter of bars needs; nothing when nothing is late."""
    return ("late" if days > _SOON else "soon", min(1.0, days / _FULL)) if days else None


def reminder(row: FactureLigne) -> str:
    """``2e, 02/11``, or the day that the client promised."""
    if row.promesse is not None:
        return tr("prom. {jour}", jour=isolate(f"{row.promesse:%d/%m}"))
    if not row.relance or row.relance_le is None:
        return labels.NONE
    return tr("{n}e, {jour}", n=number(row.relance), jour=isolate(f"{row.relance_le:%d/%m}"))


def told(one: Any) -> str:
    """What is to be billed: of a contract, its period in the words of the window; of work, its title."""
    return said(one.libelle) if one.genre == "periode" else str(one.libelle)


def in_words(amount: Decimal) -> str:
    """An amount as the foot of a form says it, in the language of the window; a paper has its own."""
    return _IN_WORDS.get(language(), lettres.en_lettres)(amount)


_IN_WORDS = {"ar": lettres_ar.en_lettres, "en": lettres_en.en_lettres}
