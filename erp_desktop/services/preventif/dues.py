"""Which due dates a plan should have: by the calendar, after the closing of its last visit, or at its meter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import (
    AncrePlanning,
    EtatOccurrence,
    Statut,
)
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.preventif.etats import FINIES
from erp_desktop.models import (
    Intervention,
    Occurrence,
    Planning,
)
from erp_desktop.services.compteurs import parcourus

RATTRAPAGE = timedelta(days=92)
"""How long a date that nobody generated in its time is still made, as late."""


def rythme_de(plan: Planning, jour: date) -> rythme.Rythme:
    """The calendar of a plan; one that was taken over without a beginning begins at its next date."""
    saison = (plan.saison_debut, plan.saison_fin) if plan.saison_debut and plan.saison_fin else None
    return rythme.Rythme(
        plan.frequence, plan.date_debut or plan.prochaine_date or jour, plan.recurrence, plan.date_fin, saison
    )


def attendues(
    session: Session, plan: Planning, connues: list[Occurrence], jour: date, au: date
) -> list[tuple[str, date]]:
    """(key, date) of the due dates that are missing, ascending."""
    if plan.ancre == AncrePlanning.CLOTURE:
        return _apres_cloture(session, plan, connues, jour, au)
    if plan.ancre == AncrePlanning.COMPTEUR:
        return _au_compteur(session, plan, connues, jour)
    du = max(plan.rythme_depuis or jour, jour - RATTRAPAGE)
    prises = {o.date_prevue for o in connues if o.etat != EtatOccurrence.RETIREE}
    return [
        (cle_de(connues, d.isoformat()), d) for d in rythme.dates(rythme_de(plan, jour), du, au) if d not in prises
    ]


def cle_de(connues: Iterable[Occurrence], base: str) -> str:
    """The key of a date; one that was withdrawn and comes again with a new rule is another one."""
    avant = sum(o.cle.partition("~")[0] == base for o in connues)
    return f"{base}~{avant + 1}" if avant else base


def _libre(connues: Iterable[Occurrence], jour: date) -> date:
    """The day, or the first after it that the plan has not taken."""
    prises = {o.date_prevue for o in connues if o.etat != EtatOccurrence.RETIREE}
    while jour in prises:
        jour += timedelta(days=1)
    return jour


def _apres_cloture(
    session: Session, plan: Planning, connues: list[Occurrence], jour: date, au: date
) -> list[tuple[str, date]]:
    """One interval after the closing of the last visit: nothing while that is open."""
    debut = plan.date_debut or plan.prochaine_date or jour
    vivantes = [o for o in connues if o.etat != EtatOccurrence.RETIREE]
    if not vivantes:
        prochaine, base = max(debut, plan.rythme_depuis or debut), ">"
    else:
        derniere = vivantes[-1]
        i = Intervention
        visite = session.execute(
            sa.select(i.statut, i.date_fin_travaux, i.date_cloture).where(i.occurrence_id == derniere.id)
        ).first()
        if visite is not None and visite.statut in FINIES:
            quand = visite.date_fin_travaux or visite.date_cloture
            depuis = clock.local(quand).date() if quand is not None else derniere.date_cible
        elif derniere.etat == EtatOccurrence.SAUTEE or (visite is not None and visite.statut == Statut.ANNULEE):
            depuis = derniere.date_prevue
        else:
            return []
        prochaine, base = rythme.suivante(plan.frequence, depuis), f">{derniere.date_prevue}"
    saison = rythme_de(plan, jour).saison
    while not rythme.en_saison(prochaine, saison):
        prochaine += timedelta(days=1)
    prochaine = _libre(connues, prochaine)
    if prochaine > au or (plan.date_fin is not None and prochaine > plan.date_fin):
        return []
    return [(cle_de(connues, base), prochaine)]


def _au_compteur(session: Session, plan: Planning, connues: list[Occurrence], jour: date) -> list[tuple[str, date]]:
    """The step of the meter that the last reading passed; steps passed before its visit are that visit's."""
    if plan.compteur_id is None or plan.seuil is None or plan.seuil <= 0:
        return []
    vivantes = [o for o in connues if o.etat != EtatOccurrence.RETIREE]
    if any(o.etat == EtatOccurrence.GENEREE for o in vivantes) and _ouverte(session, vivantes):
        return []
    debut = plan.date_debut or plan.prochaine_date or jour
    parcours = parcourus(session, plan.compteur_id, debut)
    if parcours is None:
        return []
    pas, quand = int(parcours.depuis // plan.seuil), parcours.releve_le
    fait = max((int(o.cle.partition(" ")[2].partition("~")[0] or 0) for o in connues
                if o.cle.startswith("palier ")), default=0)  # fmt: skip
    if pas < 1 or pas <= fait or (plan.date_fin is not None and quand > plan.date_fin):
        return []
    return [(f"palier {pas}", _libre(connues, quand))]


def _ouverte(session: Session, occurrences: Sequence[Occurrence]) -> bool:
    i = Intervention
    finies = (*FINIES, Statut.ANNULEE.value)
    requete = sa.select(i.id).where(i.occurrence_id.in_([o.id for o in occurrences]), i.statut.not_in(finies))
    return session.scalar(requete.limit(1)) is not None
