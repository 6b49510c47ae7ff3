"""What an index tells by itself of the interventions that a filter leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import recherche
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Intervention
from erp_desktop.services.interventions.list import (
    JOURS,
    conditions,
    jours,
    lire_filtre,
    portee_interventions,
    sans_jours,
)
from erp_desktop.services.interventions.pages import order, strata
from erp_desktop.services.shared.lists import ListQuery, identifiants, parmi

STATUTS = "idx_intervention_status_date"
"""Tells a statut."""
URGENTES = "idx_intervention_statut_priorite"
"""Tells a statut and a priority, with the day of the call and the agency."""
_TENUS = {"statut", "priorite", "sla", "planifiee", "technicien", "client", "equipement", "agence"}
"""Words that ask nothing which the index of what is to be done does not hold."""
_TENUES, _PAR_NOM = 60_000, 16_000
"""So many of it are sorted by that index alone, and by a name."""
_CLAIRSEMEES = 4_096
"""So many of a quarter of a million machines are one in sixty: a page of them passes over some thousand names."""
_JOURS_TENUS = {f"{mot}_{bout}".lstrip("_") for mot in JOURS if mot != "cloture" for bout in ("depuis", "avant")}


@dataclass(frozen=True, slots=True)
class Mene:
    """What an index tells by itself.

    Attributes:
        couvre: the index holds all that is asked, and what a list sorts by, but for titles.
    """

    dit: Sequence[sa.ColumnElement[bool]]
    index: str
    couvre: bool = False

    @property
    def requete(self) -> sa.Select[int]:
        asked = sa.select(Intervention.id).where(*self.dit)
        return asked.with_hint(Intervention, f"INDEXED BY {self.index}", "sqlite")

    def rare(self, session: Session) -> bool:
        """Whether so few are told that of the names that a list sorts by most have none."""
        return self.combien(session, _CLAIRSEMEES) <= _CLAIRSEMEES

    def peu(self, session: Session, query: ListQuery) -> bool:
        """Whether so few are told that all of them are sorted sooner than a page of them is met along an order."""
        most = _PAR_NOM if order.far(query) else _TENUES
        return self.combien(session, most) <= most

    def combien(self, session: Session, most: int) -> int:
        """How many; no further than one more than ``most``."""
        some = self.requete.limit(most + 1).subquery()
        return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def states(filtre: recherche.Filtre) -> list[str]:
    """The statuts that what answers can have."""
    mots = filtre.mots
    possibles = set(mots.get("statut", Statut))
    if "sla" in mots and "echu" not in mots["sla"]:
        possibles &= set(strata.ACTIFS)
    if mots.get("planifiee") == ["a_planifier"]:
        possibles &= set(strata.A_PLANIFIER)
    return [one for one in Statut if one in possibles]


def to_do(filtre: recherche.Filtre) -> Mene | None:
    """What is not over, where all that answers is: years of a table may lie behind it."""
    etats = states(filtre)
    # Due in four hours are always few, by the index of running deadlines.
    if filtre.mots.get("sla") == ["proche"] or not set(etats) <= set(strata.A_FAIRE):
        return None
    priorites = [Intervention.priorite.in_(filtre.mots["priorite"])] if "priorite" in filtre.mots else []
    dit = [sa.and_(strata.TO_DO, Intervention.statut.in_(etats)), *priorites]
    tenu = not (filtre.libre or filtre.mots.keys() - _TENUS)
    return Mene(dit, "idx_intervention_a_faire", couvre=tenu)


def of(session: Session, filtre: recherche.Filtre, tri: str | None) -> list[Mene]:
    """What leads to the answers beside the order itself."""
    dits = [Mene(dit, JOURS[nom][1], couvre=not nom) for nom, dit in jours(filtre).items()]
    if faire := to_do(filtre):
        dits.append(faire)
    elif "statut" in filtre.mots:
        dit = [
            getattr(Intervention, mot).in_(filtre.mots[mot]) for mot in ("statut", "priorite") if mot in filtre.mots
        ]
        eux_seuls = not (filtre.mots.keys() - {"statut", "priorite"} or filtre.libre or filtre.dates)
        par_jour = strata.DAYS.get(tri) == "cree"
        un = Mene(dit, STATUTS) if len(dit) == 1 else Mene(dit, URGENTES, couvre=eux_seuls and par_jour)
        dits.append(un)
    if "technicien" in filtre.mots:
        # Who came last year did nothing before.
        lui = recherche.Filtre(mots={"technicien": filtre.mots["technicien"]})
        dits.append(Mene(sans_jours(session, lui), "idx_interventions_technicien_id"))
    return dits


def sorted_apart(session: Session, acteur: Acteur, query: ListQuery, mene: Mene, eux: strata.Among) -> list[int]:
    """What answers of what is to be done: sorted by its index, then asked what that does not hold, for a page."""
    filtre = lire_filtre(query.texte)
    mots = {mot: dits for mot, dits in filtre.mots.items() if mot in _TENUS}
    tenus = replace(filtre, mots=mots, dates={m: j for m, j in filtre.dates.items() if m in _JOURS_TENUS}, libre=[])
    dites = [*sans_jours(session, tenus, suit=True, pres=True), *chain(*jours(tenus, suit=True).values())]
    requete = mene.requete.where(*portee_interventions(acteur), *dites)
    if tenus == filtre:
        return order.told(session, requete, query, eux, whole=True)
    toutes = conditions(session, acteur, query.texte, suit=True, pres=True)
    limite = query.limite or 0
    rangees, trouvees = order.told(session, requete, replace(query, limite=None), eux, whole=True), list[int]()
    vues, plus = 0, 4 * limite
    while vues < len(rangees) and len(trouvees) < limite:
        some = rangees[vues : vues + plus]
        bonnes = good(session, some, toutes)
        trouvees += [one for one in some if one in bonnes]
        vues, plus = vues + plus, 2 * plus
    return trouvees[:limite]


def good(session: Session, some: Sequence[int], dites: Sequence[sa.ColumnElement[bool]]) -> set[int]:
    """Those of some rows that meet what is asked, each looked at by itself."""
    requete = sa.select(Intervention.id).where(parmi(session, Intervention.id, some), *dites)
    return set(identifiants(session, requete.with_hint(Intervention, "NOT INDEXED", "sqlite")))
