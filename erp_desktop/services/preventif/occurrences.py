"""What is decided of due dates: skipped, moved, the whole series moved, plans suspended and taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import EtatOccurrence, Statut, StatutPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import etats, rythme
from erp_desktop.domain.preventif.saisie import DeplacementInput, SautInput
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import TransitionError, UserError, ValidationError
from erp_desktop.models import Intervention, Occurrence, Planning
from erp_desktop.services.interventions.actions import changer_statut
from erp_desktop.services.preventif.dues import cle_de, rythme_de
from erp_desktop.services.preventif.form import ouvrir
from erp_desktop.services.preventif.generation import generer
from erp_desktop.services.preventif.visits import limite
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.common import charger, ecrire

BEGUN = "Cette visite est commencée ou close : elle ne se saute pas et ne se déplace plus."
FURTHEST = 366


@dataclass(frozen=True, slots=True)
class OccurrenceInfo:
    """A due date with its visit; ``intervention_id`` is None for one that was skipped before it was made."""

    id: int
    date_prevue: date
    date_cible: date
    etat: str
    motif: str | None
    intervention_id: int | None
    numero: str | None
    statut: str | None


def lister(session: Session, acteur: Acteur, planning_id: int, limite_lignes: int = 200) -> list[OccurrenceInfo]:
    """The dates of a plan, the latest first; withdrawn ones are not shown."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    plan = charger(session, acteur, Planning, planning_id, "ce plan")
    o, i, jour = Occurrence, Intervention, clock.today()
    lues = session.execute(
        sa.select(o, i.id, i.numero, i.statut)
        .outerjoin(i, i.occurrence_id == o.id)
        .where(o.planning_id == planning_id, o.etat != EtatOccurrence.RETIREE)
        .order_by(o.date_prevue.desc(), o.id.desc())
        .limit(limite_lignes)
    )
    infos, suivie = [], False
    for occurrence, ident, numero, statut in lues:
        etat = etats.etat(occurrence.etat, statut, occurrence.date_cible, plan.tolerance_apres, jour, suivie=suivie)
        suivie = suivie or occurrence.date_cible <= jour
        infos.append(
            OccurrenceInfo(
                occurrence.id, occurrence.date_prevue, occurrence.date_cible, etat.value, occurrence.motif, ident,
                numero, statut,
            )
        )  # fmt: skip
    return infos


def _ouvrir(session: Session, acteur: Acteur, ident: int) -> tuple[Planning, Occurrence, Intervention | None]:
    """A date that can still be decided of, with its plan and its visit."""
    occurrence = charger(session, acteur, Occurrence, ident, "cette échéance", ecrire=True)
    plan = ouvrir(session, acteur, occurrence.planning_id)
    visite = session.scalar(sa.select(Intervention).where(Intervention.occurrence_id == ident))
    if visite is not None and visite.statut not in (Statut.OUVERTE, Statut.AFFECTEE):
        raise TransitionError(BEGUN)
    if occurrence.etat != EtatOccurrence.GENEREE:
        raise TransitionError("Cette échéance est déjà sautée.")
    return plan, occurrence, visite


def sauter(session: Session, acteur: Acteur, ident: int, saisie: SautInput) -> None:
    """Skip one date: its visit is cancelled with the reason, the rule goes on.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    _, occurrence, visite = _ouvrir(session, acteur, ident)
    trace.annoncer(session, acteur, saisie.motif)
    if visite is not None:
        changer_statut(session, acteur, visite.id, Statut.ANNULEE, f"Échéance sautée : {saisie.motif}")
    occurrence.etat, occurrence.motif = EtatOccurrence.SAUTEE.value, saisie.motif
    ecrire(session)


def sauter_date(session: Session, acteur: Acteur, planning_id: int, jour: date, saisie: SautInput) -> int:
    """Skip a date of the rule that was not generated yet; it will not be. Returns the occurrence.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    plan = ouvrir(session, acteur, planning_id)
    o = Occurrence
    deja = session.scalar(
        sa.select(o).where(o.planning_id == planning_id, o.date_prevue == jour, o.etat != EtatOccurrence.RETIREE)
    )
    if deja is not None:
        sauter(session, acteur, deja.id, saisie)
        return deja.id
    if jour not in rythme.dates(rythme_de(plan, clock.today()), jour, jour):
        raise ValidationError({"date_prevue": "Cette date n'est pas de ce plan."})
    maintenant = clock.now()
    du_jour = session.scalars(sa.select(o).where(o.planning_id == planning_id, o.date_prevue == jour))
    cle = cle_de(du_jour, jour.isoformat())
    trace.annoncer(session, acteur, saisie.motif)
    # Made as the generator makes it, then decided of: another desktop's untouched one gives way.
    ligne = Occurrence(
        agence_id=plan.agence_id, planning_id=planning_id, cle=cle, date_prevue=jour, date_cible=jour,
        etat=EtatOccurrence.SAUTEE.value, motif=saisie.motif, created_at=maintenant,
        updated_at=maintenant + timedelta(microseconds=1), created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(ligne)
    ecrire(session)
    return ligne.id


def replanifier(session: Session, acteur: Acteur, ident: int, saisie: DeplacementInput) -> None:
    """Move one visit to another day; the date of the rule, which is its identity, stays.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    plan, occurrence, visite = _ouvrir(session, acteur, ident)
    if abs((saisie.date_cible - occurrence.date_prevue).days) > FURTHEST:
        raise ValidationError({"date_cible": "À plus d'un an de la date prévue : sautez-la plutôt."})
    trace.annoncer(session, acteur)
    _deplacer(session, acteur, plan, occurrence, visite, saisie.date_cible, saisie.motif)
    ecrire(session)


def _deplacer(
    session: Session,
    acteur: Acteur,
    plan: Planning,
    occurrence: Occurrence,
    visite: Intervention | None,
    jour: date,
    motif: str,
) -> None:
    avant, occurrence.date_cible, occurrence.motif = occurrence.date_cible, jour, motif
    if visite is None:
        return
    ancienne = visite.date_limite
    visite.date_limite = limite(plan, jour, Horloges(session).de(plan.agence_id))
    trace.noter(session, acteur, visite, "echeance", {"date_limite": ancienne}, {"date_limite": visite.date_limite},
                f"Préventif : du {avant:%d/%m/%Y} au {jour:%d/%m/%Y}, {motif}")  # fmt: skip


def decaler_la_serie(session: Session, acteur: Acteur, planning_id: int, jours: int, motif: str) -> int:
    """Move every visit to come that was not begun by so many days. Returns how many moved.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    plan = ouvrir(session, acteur, planning_id)
    motif = mots.lire(motif, "motif", exige="Donnez le motif.")
    if not 1 <= abs(jours) <= FURTHEST:
        raise ValidationError({"date_cible": f"De 1 à {FURTHEST} jours, en avant ou en arrière."})
    o, i = Occurrence, Intervention
    a_venir = session.execute(
        sa.select(o, i)
        .join(i, i.occurrence_id == o.id)
        .where(
            o.planning_id == planning_id, o.etat == EtatOccurrence.GENEREE, o.date_cible >= clock.today(),
            i.statut.in_((Statut.OUVERTE, Statut.AFFECTEE)),
        )
        .order_by(o.date_prevue)
    ).all()  # fmt: skip
    trace.annoncer(session, acteur)
    for occurrence, visite in a_venir:
        cible = occurrence.date_cible + timedelta(days=jours)
        _deplacer(session, acteur, plan, occurrence, visite, cible, motif)
    ecrire(session)
    return len(a_venir)


@dataclass(frozen=True, slots=True)
class Deplacement:
    """A visit that leaves one day for another; ``motif`` is what its date says of it afterwards."""

    occurrence_id: int
    du: date
    au: date
    motif: str | None


def deplacer(session: Session, acteur: Acteur, moves: Sequence[Deplacement], cause: str) -> list[Deplacement]:
    """Move visits, all or none. Returns what takes them back.

    Args:
        cause: why, in the journal of each visit.

    Raises:
        NotAllowedError, NotFoundError, TransitionError: also of a visit that is no longer on the day it is to leave.
    """
    trace.annoncer(session, acteur)
    back = []
    for move in moves:
        plan, occurrence, visite = _ouvrir(session, acteur, move.occurrence_id)
        if occurrence.date_cible != move.du:
            raise TransitionError("Une de ces visites a été déplacée entre-temps : rien n'est changé.")
        back.append(Deplacement(occurrence.id, move.au, move.du, occurrence.motif))
        _deplacer(session, acteur, plan, occurrence, visite, move.au, cause)
        occurrence.motif = move.motif
    ecrire(session)
    return back


_SUIVANTS: dict[str, tuple[StatutPlanning, ...]] = {
    StatutPlanning.ACTIF: (StatutPlanning.SUSPENDU, StatutPlanning.TERMINE),
    StatutPlanning.EN_RETARD: (StatutPlanning.SUSPENDU, StatutPlanning.TERMINE),
    StatutPlanning.SUSPENDU: (StatutPlanning.ACTIF, StatutPlanning.TERMINE),
    StatutPlanning.TERMINE: (),
}


def suivants(statut: str) -> tuple[StatutPlanning, ...]:
    """What a plan can become."""
    return _SUIVANTS[statut]


@dataclass(frozen=True, slots=True)
class RetourPlan:
    """What :func:`revenir_plan` needs: a plan before an act, and when the act left it."""

    id: int
    de: str
    vers: str
    rythme_depuis: date | None
    vu: datetime


def changer_plan(session: Session, acteur: Acteur, planning_id: int, vers: StatutPlanning) -> RetourPlan:
    """Suspend a plan, take it up again or end it: untouched visits to come go, and come back.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, UserError
    """
    plan = ouvrir(session, acteur, planning_id)
    de, depuis = plan.statut, plan.rythme_depuis
    if vers not in _SUIVANTS[de]:
        raise TransitionError("Ce plan ne peut pas le devenir.")
    trace.annoncer(session, acteur)
    if vers is StatutPlanning.ACTIF:
        # What came due meanwhile was not missed: nobody was to do it.
        plan.rythme_depuis = clock.today()
    plan.statut = vers.value
    _suivre(session, acteur, planning_id)
    session.refresh(plan)
    return RetourPlan(planning_id, de, vers.value, depuis, plan.updated_at)


def revenir_plan(session: Session, acteur: Acteur, retour: RetourPlan) -> None:
    """Take an act on a plan back while nothing followed it; the visits that nobody touched come back.

    Raises:
        NotAllowedError, NotFoundError, TransitionError: the plan changed since.
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    plan = charger(session, acteur, Planning, retour.id, "ce plan", ecrire=True)
    if plan.statut != retour.vers or plan.updated_at != retour.vu:
        raise TransitionError("Ce plan a changé depuis : cet acte ne se défait plus.")
    trace.annoncer(session, acteur)
    plan.statut, plan.rythme_depuis = retour.de, retour.rythme_depuis
    _suivre(session, acteur, retour.id)


def _suivre(session: Session, acteur: Acteur, planning_id: int) -> None:
    """Make and withdraw what follows from a plan's statut."""
    ecrire(session)
    bilan = generer(session, acteur, plans=[planning_id])
    if bilan.refus:
        raise UserError(bilan.refus[0][1])
