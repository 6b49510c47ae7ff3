"""What a due date has become, from what was decided of it and the statut of its intervention."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from erp_desktop.domain.enums import EtatOccurrence, Statut

FINIES = (Statut.CLOTUREE.value, Statut.ARCHIVEE.value)
OUVERTES = tuple(s.value for s in (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE))


class Etat(StrEnum):
    """In the order in which a year shows them; ``A_GENERER`` has no row yet."""

    FAITE = "faite"
    EN_COURS = "en_cours"
    AFFECTEE = "affectee"
    GENEREE = "generee"
    A_GENERER = "a_generer"
    EN_RETARD = "en_retard"
    MANQUEE = "manquee"
    SAUTEE = "sautee"
    RETIREE = "retiree"


A_FAIRE = (Etat.EN_COURS, Etat.AFFECTEE, Etat.GENEREE, Etat.A_GENERER, Etat.EN_RETARD)


def etat(
    decide: str, statut: str | None, date_cible: date, tolerance: int | None, jour: date, *, suivie: bool = False
) -> Etat:
    """The state of a due date on a day.

    Args:
        decide: its ``EtatOccurrence``.
        statut: of its intervention; None when that is not here.
        tolerance: days after ``date_cible`` that still are on time.
        suivie: the plan's next date has come as well: what is still open of this one was missed.
    """
    if decide == EtatOccurrence.SAUTEE:
        return Etat.SAUTEE
    if decide == EtatOccurrence.RETIREE:
        return Etat.RETIREE
    if statut in FINIES:
        return Etat.FAITE
    if statut == Statut.ANNULEE:
        return Etat.MANQUEE
    if statut in (Statut.EN_COURS, Statut.EN_ATTENTE):
        return Etat.EN_COURS
    if date_cible + timedelta(days=tolerance or 0) < jour:
        return Etat.MANQUEE if suivie else Etat.EN_RETARD
    return Etat.AFFECTEE if statut == Statut.AFFECTEE else Etat.GENEREE


def a_l_heure(date_cible: date, faite_le: date, avant: int | None, apres: int | None) -> bool:
    """Whether a visit was done within its tolerance."""
    return date_cible - timedelta(days=avant or 0) <= faite_le <= date_cible + timedelta(days=apres or 0)
