"""The state machine of an intervention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from erp_desktop.domain.enums import Statut

SUIVANTS: dict[Statut, tuple[Statut, ...]] = {
    Statut.OUVERTE: (Statut.AFFECTEE, Statut.ANNULEE),
    Statut.AFFECTEE: (Statut.EN_COURS, Statut.OUVERTE, Statut.ANNULEE),
    Statut.EN_COURS: (Statut.EN_ATTENTE, Statut.CLOTUREE, Statut.ANNULEE),
    Statut.EN_ATTENTE: (Statut.EN_COURS, Statut.ANNULEE),
    Statut.CLOTUREE: (Statut.EN_COURS, Statut.ARCHIVEE),
    Statut.ANNULEE: (Statut.ARCHIVEE,),
    Statut.ARCHIVEE: (),
}
"""Direct transitions."""
REOUVERTURE = (Statut.CLOTUREE, Statut.EN_COURS)
"""A responsable's way back, with a reason; never followed when two sides' changes are brought together."""


@cache
def reachable(de: Statut) -> frozenset[Statut]:
    """States that some chain of transitions leads to from ``de``; itself only when a chain comes back."""
    found: set[Statut] = set()
    frontier = [(de, state) for state in SUIVANTS[de]]
    while frontier:
        step = frontier.pop()
        if step[1] not in found and step != REOUVERTURE:
            found.add(step[1])
            frontier += [(step[1], state) for state in SUIVANTS[step[1]]]
    return frozenset(found)


def direct(de: Statut, vers: Statut) -> bool:
    """Whether one step leads from one to the other, without opening again what was closed."""
    return vers in SUIVANTS[de] and (de, vers) != REOUVERTURE


def reachable_pairs() -> frozenset[tuple[str, str]]:
    """Every (from, to) with a chain from one to the other."""
    return frozenset((a.value, b.value) for a in Statut for b in reachable(a))


LIBELLES: dict[Statut, str] = {
    Statut.OUVERTE: "ouverte",
    Statut.AFFECTEE: "affectée",
    Statut.EN_COURS: "en cours",
    Statut.EN_ATTENTE: "en attente",
    Statut.CLOTUREE: "clôturée",
    Statut.ARCHIVEE: "archivée",
    Statut.ANNULEE: "annulée",
}
TERMINES = frozenset({Statut.CLOTUREE, Statut.ARCHIVEE, Statut.ANNULEE})
"""States in which the form and the lines are closed to edits."""


@dataclass(frozen=True, slots=True)
class Faits:
    """What a transition depends on.

    Attributes:
        occupe_par: number of the intervention that the same technicien already has en_cours, if any.
        sans_reponse: required points of its checklist that nobody answered.
        date_fin: the end of work stated beforehand; the closing instant stands in when None.
    """

    technicien: bool = False
    diagnostic: str | None = None
    travaux_realises: str | None = None
    date_debut: datetime | None = None
    date_fin: datetime | None = None
    occupe_par: str | None = None
    sans_reponse: tuple[str, ...] = ()


def check(de: Statut, vers: Statut, faits: Faits) -> str | None:
    """Why ``de`` → ``vers`` is refused, as one French sentence; None when it is allowed."""
    if vers not in SUIVANTS[de]:
        return f"Une intervention {LIBELLES[de]} ne peut pas devenir {LIBELLES[vers]}."
    if vers is Statut.AFFECTEE and not faits.technicien:
        return "choisissez d'abord un technicien."
    if vers is Statut.EN_COURS:
        if not faits.technicien:
            return "choisissez d'abord un technicien."
        if faits.occupe_par:
            return f"le technicien est déjà en cours sur {faits.occupe_par}."
    if vers is Statut.CLOTUREE:
        if not (faits.diagnostic or "").strip() and not (faits.travaux_realises or "").strip():
            return "saisissez d'abord le diagnostic ou les travaux réalisés."
        if faits.sans_reponse:
            premier, reste = faits.sans_reponse[0], len(faits.sans_reponse) - 1
            autres = "" if not reste else " et à un autre point" if reste == 1 else f" et à {reste} autres points"
            return f"répondez d'abord à « {premier} »{autres} de la checklist."
        if faits.date_debut and faits.date_fin and faits.date_fin < faits.date_debut:
            return "la fin des travaux précède leur début."
    return None


def stamps(de: Statut, vers: Statut, faits: Faits, maintenant: datetime) -> dict[str, datetime | int | None]:
    """Columns that the transition writes beside ``statut``.

    Going back to ouverte releases the technicien; a start that is already known (back from en_attente) is kept.
    Reopened work has no end until it is closed again.
    """
    if vers is Statut.OUVERTE:
        return {"technicien_id": None, "date_affectation": None}
    if vers is Statut.AFFECTEE:
        return {"date_affectation": maintenant}
    if (de, vers) == REOUVERTURE:
        return {"date_fin_travaux": None, "date_cloture": None}
    if vers is Statut.EN_COURS and faits.date_debut is None:
        return {"date_debut_travaux": maintenant}
    if vers is Statut.CLOTUREE:
        fin = faits.date_fin
        if fin is None:
            fin = max(maintenant, faits.date_debut) if faits.date_debut else maintenant
        return {"date_fin_travaux": fin, "date_cloture": maintenant}
    return {}
