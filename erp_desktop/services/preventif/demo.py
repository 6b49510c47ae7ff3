"""Preventive maintenance of the demonstration: plans whose visits are work that is there already, and checklists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import Role, StatutEquipement, TypeIntervention
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.preventif.etats import FINIES
from erp_desktop.models import (
    Checklist,
    Equipement,
    Intervention,
    ModeleIntervention,
    Occurrence,
    Planning,
    PointChecklist,
    Technicien,
)
from erp_desktop.services.preventif import dues, visits
from erp_desktop.services.shared.clocks import Horloges

PLANS: tuple[tuple[str, str, str | None, int, int], ...] = (
    ("Graissage des paliers", "mensuel", None, 120, 3), ("Contrôle des élingues", "semestriel", None, 240, 7),
    ("Purge du sécheur d'air", "hebdomadaire", None, 60, 1), ("Vidange des réducteurs", "trimestriel", None, 360, 7),
    ("Thermographie du TGBT", "annuel", None, 300, 15),
    ("Filtres du groupe froid", "rrule", "FREQ=MONTHLY;INTERVAL=2", 180, 7),
    ("Courroies des convoyeurs", "trimestriel", None, 240, 7),
    ("Étalonnage de la bascule", "semestriel", None, 180, 7),
    ("Révision du compresseur", "trimestriel", None, 480, 10), ("Sécurité de la presse", "mensuel", None, 120, 3),
    ("Visite légale de la chaudière", "annuel", None, 600, 15),
    ("Batteries des onduleurs", "rrule", "FREQ=MONTHLY;BYDAY=1TU", 180, 5),
)  # fmt: skip
_POINTS: tuple[tuple[str, str, str | None, str | None, str | None, bool], ...] = (
    ("Consignation faite", "oui_non", None, None, None, True),
    ("Carters en place", "oui_non", None, None, None, True),
    ("Pression", "mesure", "bar", "5.500", "7.000", True),
    ("Température des paliers", "mesure", "°C", None, "80.000", True),
    ("Plaque signalétique", "photo", None, None, None, False), ("Remarques", "texte", None, None, None, False),
)  # fmt: skip
_MODELS = (
    ("Relamping atelier", "Remplacement des éclairages de l'atelier", TypeIntervention.AMELIORATIVE, 240),
    ("Mise en service", "Mise en service et formation des opérateurs", TypeIntervention.DIAGNOSTIC, 180),
    ("Visite mécanique", "Visite mécanique complète", TypeIntervention.PREVENTIVE, 120),
    ("Dépannage hydraulique", "Recherche de fuite et remise en pression", TypeIntervention.CORRECTIVE, 90),
)
"""Name, title, kind, minutes of what is asked for again and again."""
_SHUTDOWN = (
    "Arrêt annuel : révision de la ligne", "Arrêt annuel : utilités et fluides", "Arrêt annuel : ponts et levage",
)  # fmt: skip
"""Visits of one week in a fortnight's time, of which each asks for more than a third of the hours that there are."""
_WORK = 7
_WHO = Acteur(0, "Démonstration", Role.ADMIN, None)
_NEAR = 15
"""Days between a date and the work that stands for it, at most."""


def fill(session: Session, agence: int, now: datetime) -> None:
    """Plans for the agency's busiest machines, unless it has some; each names its work of this year."""
    if session.scalar(sa.select(Planning.id).where(Planning.agence_id == agence).limit(1)) is not None:
        return
    today, i, e = clock.local(now).date(), Intervention, Equipement
    busiest = session.scalars(
        sa.select(e)
        .join(i, i.equipement_id == e.id)
        .where(e.agence_id == agence, e.statut != StatutEquipement.RETIRE.value)
        .group_by(e.id)
        .order_by(sa.func.count().desc(), e.id)
        .limit(len(PLANS) + len(_SHUTDOWN))
    ).all()
    stamps = {"agence_id": agence, "created_at": now, "updated_at": now}
    liste = Checklist(**stamps, nom="Visite mécanique", version=1)
    session.add(liste)
    session.flush()
    for rank, (words, kind, unit, low, high, needed) in enumerate(_POINTS, 1):
        session.add(PointChecklist(
            **stamps, checklist_id=liste.id, ordre=rank, libelle=words, type_point=kind, unite=unit, minimum=low,
            maximum=high, obligatoire=needed, depuis=1,
        ))  # fmt: skip
    for name, title, kind, minutes in _MODELS:
        session.add(ModeleIntervention(
            **stamps, nom=name, titre=title, type=kind.value, duree_estimee=minutes,
            checklist_id=liste.id if kind is TypeIntervention.PREVENTIVE else None,
        ))  # fmt: skip
    for rank, (machine, (title, frequency, rule, minutes, slack)) in enumerate(zip(busiest, PLANS, strict=False)):
        plan = Planning(
            **stamps, equipement_id=machine.id, modele_titre=title, modele_duree_estimee=minutes,
            frequence=frequency, recurrence=rule, date_debut=date(today.year, 1, 5 + 2 * rank),
            rythme_depuis=today, tolerance_avant=slack, tolerance_apres=slack, report_ferie="apres",
            checklist_id=liste.id if rank % 2 == 0 else None,
        )  # fmt: skip
        session.add(plan)
        session.flush()
        _visits(session, plan, stamps, today, late=rank in (1, 5))
    _shutdown(session, agence, busiest[len(PLANS) :], stamps, today)
    session.flush()


def _shutdown(
    session: Session, agence: int, machines: Sequence[Equipement], stamps: dict[str, Any], today: date
) -> None:
    """A week that asks for more than the technicians have, so that somebody has to spread it out."""
    clocks, t = Horloges(session), Technicien
    horaire = clocks.de(agence)
    people = session.scalar(sa.select(sa.func.count()).where(t.agence_id == agence, t.is_active.is_(True))) or 0
    monday = today + timedelta(days=14 - today.weekday())
    hours = people * sum(horaire.minutes(monday + timedelta(days=n)) for n in range(7)) // 60
    made = []
    for rank, (machine, title) in enumerate(zip(machines, _SHUTDOWN, strict=False)):
        day = monday + timedelta(days=rank)
        plan = Planning(
            **stamps, equipement_id=machine.id, modele_titre=title, modele_duree_estimee=hours * 38 // 100 * 60,
            frequence="annuel", date_debut=day, rythme_depuis=today, tolerance_avant=10, tolerance_apres=10,
            report_ferie="apres",
        )  # fmt: skip
        session.add(plan)
        session.flush()
        made.append((plan, visits.occurrence(_WHO, plan, day.isoformat(), day, horaire)))
    visits.creer(session, _WHO, made, clocks)


def _visits(session: Session, plan: Planning, stamps: dict[str, Any], today: date, *, late: bool) -> None:
    """Dates that the plan's rule gives this year, each with the machine's work nearest to it, and one that waits."""
    i = Intervention
    mine = sa.select(i).where(i.equipement_id == plan.equipement_id, i.occurrence_id.is_(None)).order_by(i.id.desc())
    done: list[tuple[date, Intervention]] = []
    waiting: list[Intervention] = []
    for job in session.scalars(mine):
        when = job.date_fin_travaux or job.date_cloture
        if job.statut in FINIES and when is not None:
            done.append((clock.local(when).date(), job))
        elif job.statut in ("ouverte", "affectee"):
            waiting.append(job)
    given = rythme.dates(dues.rythme_de(plan, today), date(today.year, 1, 1), today + timedelta(days=400))
    past, to_come = [d for d in given if d < today], [d for d in given if d >= today]
    if waiting and ((late and past) or to_come):
        _attach(session, plan, stamps, past.pop() if late and past else to_come[0], waiting[0])
    for due in past[-_WORK:]:
        near = min(done, key=lambda one: abs((one[0] - due).days), default=None)
        if near is not None and abs((near[0] - due).days) <= _NEAR:
            done.remove(near)
            _attach(session, plan, stamps, due, near[1])


def _attach(session: Session, plan: Planning, stamps: dict[str, Any], day: date, job: Intervention) -> None:
    due = Occurrence(**stamps, planning_id=plan.id, cle=day.isoformat(), date_prevue=day, date_cible=day)
    session.add(due)
    session.flush()
    job.occurrence_id = due.id
