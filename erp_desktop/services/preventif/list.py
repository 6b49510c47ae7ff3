"""The list of plans: search, sort, visible rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast, together
from erp_desktop.domain import recherche
from erp_desktop.domain.enums import AncrePlanning, EtatOccurrence, Frequence, StatutPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import etats
from erp_desktop.models import Agence, Client, Compteur, Equipement, Intervention, Occurrence, Planning
from erp_desktop.services.preventif import next_days
from erp_desktop.services.search import exact
from erp_desktop.services.shared.listing import by_rank
from erp_desktop.services.shared.lists import (
    ListQuery,
    dans_l_ordre,
    est_sqlite,
    hors_index,
    paquets,
    portee,
    un_de,
)
from erp_desktop.services.shared.places import Long, Stratum, pages
from erp_desktop.services.shared.places.sorts import Sort, along, ranked, sorted_ids

LISTES: dict[str, list[str]] = {
    "statut": ["actif", "suspendu", "termine"], "frequence": list(Frequence), "ancre": list(AncrePlanning),
    "retard": ["oui"],
}  # fmt: skip
MOTS = ("client", "equipement", "agence")
_TEXTES: dict[str, Any] = {"titre": Planning.modele_titre, "duree": Planning.modele_duree_estimee}
_TRIS = {"equipement", "client", "frequence", "statut", *_TEXTES}
"""Columns that the list sorts by, but for the next day."""


@dataclass(frozen=True, slots=True)
class PlanLigne:
    """One row of the list.

    Attributes:
        prochaine: the next day on which somebody should go; of a visit that waits, else of the rule.
        retard: days since the oldest visit that is late; 0 when none is.
        seuil: of a plan that counts on a meter, what lies between two visits, with its unit.
    """

    id: int
    titre: str
    equipement: str
    code: str
    client: str
    statut: str
    ancre: str
    frequence: str
    recurrence: str | None
    seuil: str
    prochaine: date | None
    retard: int
    duree: int | None


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def en_retard(session: Session, jour: date) -> sa.ColumnElement[bool]:
    """Plans with a visit that is past its tolerance and open."""
    dernier: Any = (
        sa.func.date(Occurrence.date_cible, sa.func.printf("+%d days", sa.func.coalesce(Planning.tolerance_apres, 0)))
        if est_sqlite(session)
        else Occurrence.date_cible + sa.func.coalesce(Planning.tolerance_apres, 0)
    )
    jour_: Any = jour.isoformat() if est_sqlite(session) else jour
    return (
        sa.exists()
        .where(
            Occurrence.planning_id == Planning.id, Occurrence.etat == EtatOccurrence.GENEREE,
            Intervention.occurrence_id == Occurrence.id, Intervention.statut.in_(etats.OUVERTES),
            Occurrence.date_cible < jour, dernier < jour_,
        )
        .correlate(Planning)
    )  # fmt: skip


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope."""
    filtre, p = lire_filtre(texte), Planning
    toutes = portee(acteur, p.agence_id)
    for mot, valeurs in filtre.mots.items():
        if mot == "statut":
            anciens = ["en_retard"] if "actif" in valeurs else []
            toutes.append(p.statut.in_([*valeurs, *anciens]))
        elif mot == "frequence":
            toutes.append(sa.and_(p.frequence.in_(valeurs), p.ancre != AncrePlanning.COMPTEUR))
        elif mot == "ancre":
            toutes.append(p.ancre.in_(valeurs))
        elif mot == "retard":
            toutes.append(en_retard(session, clock.today()) if valeurs else sa.false())
        elif mot == "client":
            clients = sa.select(Client.id).where(exact.named_client(session, valeurs))
            toutes.append(p.equipement_id.in_(sa.select(Equipement.id).where(Equipement.client_id.in_(clients))))
        elif mot == "equipement":
            toutes.append(p.equipement_id.in_(sa.select(Equipement.id).where(exact.machine(session, valeurs))))
        else:
            codes = sa.select(Agence.id).where(sa.func.lower(Agence.code).in_(valeurs))
            toutes.append(p.agence_id.in_(codes))
    for mot in filtre.libre:
        machines = (
            sa.select(Equipement.id)
            .join(Client, Client.id == Equipement.client_id)
            .where(un_de(session, mot, Equipement.nom, Equipement.code_interne, Client.nom_entreprise))
        )
        toutes.append(sa.or_(un_de(session, mot, p.modele_titre), p.equipement_id.in_(machines)))
    return toutes


def _request(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    return sa.select(Planning.id).where(*conditions(session, acteur, query.texte))


def _machine(requete: sa.Select[Any]) -> sa.Select[Any]:
    return requete.join(Equipement, Equipement.id == Planning.equipement_id)


def _sort(query: ListQuery) -> Sort:
    p = Planning
    if query.tri == "equipement":
        return along(Equipement.nom, _machine)
    if query.tri == "client":
        return along(Client.nom_entreprise, lambda r: _machine(r).join(Client, Client.id == Equipement.client_id))
    if query.tri == "frequence":
        return ranked(p.frequence, by_rank(p.frequence), list(Frequence))
    if query.tri == "statut":
        return ranked(p.statut, by_rank(p.statut), list(StatutPlanning))
    return along(_TEXTES[query.tri]) if query.tri in _TEXTES else next_days.by_visits()


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by the next day that is shown when no column is chosen."""
    request = _request(session, acteur, query)
    found = None if query.tri in _TRIS else next_days.sorted_by_day(session, request, query)
    return sorted_ids(session, request, Planning.id, _sort(query), query) if found is None else found


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    """See :data:`pages.First`; each plan is told its day here, whatever the order."""
    if query.tri not in _TRIS:
        return None
    return pages.first(_request(session, acteur, query), Planning.id, _sort(query), query)


def _order(session: Session, query: ListQuery) -> list[Stratum] | None:
    """Few plans are told their day each, and read whole."""
    return None if query.tri not in _TRIS and next_days.few(session) else _sort(query).order(query)


PLACES = Long(Planning.id, ids, _request, _order)


def _retards(session: Session, plans: Any, jour: date) -> dict[int, tuple[date, int]]:
    """Plan → its oldest open date, and the days that it is late."""
    o, i, p = Occurrence, Intervention, Planning
    trouves: dict[int, tuple[date, int]] = {}
    requete = (
        sa.select(o.planning_id, o.date_cible, p.tolerance_apres)
        .join(i, i.occurrence_id == o.id)
        .join(p, p.id == o.planning_id)
        # From the visits of these plans to their work: there is more open work than they have visits.
        .where(o.planning_id.in_(plans), o.etat == EtatOccurrence.GENEREE, hors_index(i.statut).in_(etats.OUVERTES))
        .order_by(o.date_cible)
    )
    for plan, cible, tolerance in session.execute(requete):
        if plan not in trouves:
            tard = (jour - cible).days
            trouves[plan] = (cible, tard if tard > (tolerance or 0) else 0)
    return trouves


def _plans(session: Session, asked: Any) -> list[Any]:
    return list(session.execute(asked))


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[PlanLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    jour, lignes = clock.today(), {}
    for paquet in paquets(ids):
        requete = (
            sa.select(Planning, Equipement.nom, Equipement.code_interne, Client.nom_entreprise, Compteur.unite)
            .join(Equipement, Equipement.id == Planning.equipement_id)
            .join(Client, Client.id == Equipement.client_id)
            .outerjoin(Compteur, Compteur.id == Planning.compteur_id)
            .where(Planning.id.in_(paquet), *portee(acteur, Planning.agence_id))
        )
        ouvertes, plans = abreast(session, partial(_retards, plans=paquet, jour=jour), partial(_plans, asked=requete))
        for p, nom, code, client, unite in plans:
            prochaine, retard = ouvertes.get(p.id, (None, 0))
            if prochaine is None and p.statut == StatutPlanning.ACTIF:
                prochaine = next_days.of_rule(p, jour)
            lignes[p.id] = PlanLigne(
                p.id, p.modele_titre, nom, code, client, p.statut, p.ancre, p.frequence, p.recurrence,
                f"{p.seuil.normalize():f} {unite}" if p.seuil is not None and unite else "", prochaine, retard,
                p.modele_duree_estimee,
            )  # fmt: skip
    return dans_l_ordre(ids, lignes)


@dataclass(frozen=True, slots=True)
class Resume:
    """The head of the page: plans, visits of the year, percent done on time of those that were due, late plans."""

    plans: int
    visites: int
    a_l_heure: int | None
    en_retard: int


def resume(session: Session, acteur: Acteur, annee: int) -> Resume:
    """Figures of a year, inside the person's scope."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    p, o, i, jour = Planning, Occurrence, Intervention, clock.today()
    sien = portee(acteur, p.agence_id)
    plans, tard, lues = together(
        session,
        sa.select(sa.func.count()).select_from(p).where(p.statut == StatutPlanning.ACTIF, *sien),
        sa.select(sa.func.count()).select_from(p).where(en_retard(session, jour), *sien),
        sa.select(o.date_cible, i.statut, i.date_fin_travaux, i.date_cloture, p.tolerance_avant, p.tolerance_apres)
        .join(p, p.id == o.planning_id)
        .outerjoin(i, i.occurrence_id == o.id)
        .where(o.etat == EtatOccurrence.GENEREE, o.date_cible.between(date(annee, 1, 1), date(annee, 12, 31)), *sien),
    )
    visites = dues = bonnes = 0
    for cible, statut, fin, cloture, avant, apres in lues:
        visites += 1
        quand = fin or cloture
        if statut in etats.FINIES and quand is not None:
            dues += 1
            bonnes += etats.a_l_heure(cible, clock.local(quand).date(), avant, apres)
        elif cible + timedelta(days=apres or 0) < jour:
            dues += 1
    return Resume(plans[0][0], visites, round(100 * bonnes / dues) if dues else None, tard[0][0])
