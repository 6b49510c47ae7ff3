"""What of each period is used up, by date of work, and who pays for a job.

The work of a period is what began in it, whatever became of the contract since: moving a period's ends or its quota
counts anew. Cancelled work and work that has not begun uses nothing up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats import quotas
from erp_desktop.domain.contrats.saisie import ImputationInput
from erp_desktop.domain.enums import Imputation, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import ContratPeriode, Intervention
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import appliquer, charger, ecrire
from erp_desktop.services.shared.lists import paquets

_QUAND = sa.func.coalesce(Intervention.date_debut_travaux, Intervention.date_fin_travaux, Intervention.date_cloture)
QUAND = sa.type_coerce(_QUAND, Intervention.date_creation.type)
"""When work was done: its beginning; of imported work, what is known."""
_PAR_REQUETE = 200


@dataclass(frozen=True, slots=True)
class Periode:
    """A period with what was used up of it; ``part`` in percent, None without a quota.

    Attributes:
        prevision, prevision_minutes: where the pace so far leads; None outside of the period, or without that quota.
    """

    id: int
    contrat_id: int
    numero: int
    du: date
    au: date
    interventions_incluses: int | None
    heures_incluses: int | None
    montant: object
    interventions: int
    minutes: int
    hors_quota: int
    part: int | None
    prevision: quotas.Prevision | None = None
    prevision_minutes: quotas.Prevision | None = None


@dataclass(frozen=True, slots=True)
class TravailInfo:
    """A job of a period, and who pays for it; ``decidee``: a responsable said so, and why."""

    id: int
    numero: str
    titre: str
    quand: datetime
    minutes: int
    imputation: str
    decidee: bool
    motif: str | None


def bornes(du: date, au: date) -> tuple[datetime, datetime]:
    """The instants between which lies the work of ``du``–``au``, in Morocco's days."""
    return (
        datetime.combine(du, time(), clock.CASABLANCA).astimezone(UTC),
        datetime.combine(au + timedelta(days=1), time(), clock.CASABLANCA).astimezone(UTC),
    )


def _travail(contrat_id: int, du: date, au: date) -> list[sa.ColumnElement[bool]]:
    debut, fin = bornes(du, au)
    return [
        Intervention.contrat_id == contrat_id, Intervention.statut != Statut.ANNULEE.value, debut <= QUAND,
        fin > QUAND,
    ]  # fmt: skip


def _lus(session: Session, contrat_id: int, du: date, au: date) -> list[quotas.Travail]:
    requete = (
        sa.select(Intervention.id, Intervention.duree_reelle, Intervention.imputation)
        .where(*_travail(contrat_id, du, au))
        .order_by(QUAND, Intervention.id)
    )
    return [quotas.Travail(r.id, r.duree_reelle or 0, r.imputation) for r in session.execute(requete)]


def consommation(session: Session, periode: ContratPeriode) -> quotas.Consommation:
    """What was used up of one period."""
    travaux = _lus(session, periode.contrat_id, periode.du, periode.au)
    return quotas.compter(travaux, periode.interventions_incluses, periode.heures_incluses)


def periodes(session: Session, contrat_id: int) -> list[Periode]:
    """The periods of a contract, the last one first."""
    lignes = _lignes(session, contrat_id)
    comptees = abreast(session, *(partial(consommation, periode=ligne) for ligne in lignes))
    return [_info(*une) for une in zip(lignes, comptees, strict=True)]


def presente(session: Session, contrat_id: int) -> tuple[Periode | None, list[TravailInfo]]:
    """The period that runs, else the last one, with its jobs; None without any."""
    lignes, jour = _lignes(session, contrat_id), clock.today()
    ligne = next((p for p in lignes if p.du <= jour <= p.au), lignes[0] if lignes else None)
    if ligne is None:
        return None, []
    comptee, lus = _comptee(session, ligne)
    return _info(ligne, comptee), lus


def _lignes(session: Session, contrat_id: int) -> list[ContratPeriode]:
    p = ContratPeriode
    requete = sa.select(p).where(p.contrat_id == contrat_id).order_by(p.du.desc(), p.numero.desc())
    return list(session.scalars(requete))


def _info(ligne: ContratPeriode, c: quotas.Consommation) -> Periode:
    jour, nombre, heures = clock.today(), ligne.interventions_incluses, ligne.heures_incluses

    def prevue(utilise: int, inclus: int | None) -> quotas.Prevision | None:
        return None if inclus is None else quotas.prevoir(utilise, inclus, ligne.du, ligne.au, jour)

    return Periode(
        ligne.id, ligne.contrat_id, ligne.numero, ligne.du, ligne.au, nombre, heures, ligne.montant,
        c.interventions, c.minutes, c.hors_quota, quotas.part(c.interventions, c.minutes, nombre, heures),
        prevue(c.interventions, nombre), prevue(c.minutes, None if heures is None else 60 * heures),
    )  # fmt: skip


def parts(session: Session, contrats: Sequence[int], jour: date) -> dict[int, int]:
    """Percent used up of the period of ``jour``, by contract; those without a quota are left out.

    Two questions for any number of contracts: the periods, then the sums of each.
    """
    trouvees: dict[int, int] = {}
    for paquet in paquets(contrats, _PAR_REQUETE):
        trouvees |= _parts(session, ContratPeriode.contrat_id.in_(paquet), jour)
    return trouvees


def _parts(session: Session, contrats: sa.ColumnElement[bool], jour: date) -> dict[int, int]:
    p = ContratPeriode
    trouvees: dict[int, int] = {}
    requete = sa.select(p).where(
        contrats, p.du <= jour, p.au >= jour,
        sa.or_(p.interventions_incluses.is_not(None), p.heures_incluses.is_not(None)),
    )  # fmt: skip
    for paquet in paquets(list(session.scalars(requete.order_by(p.numero))), _PAR_REQUETE):
        lues = {ligne.id: ligne for ligne in paquet}
        sommes = [
            sa.select(
                sa.literal(ligne.id).label("periode"), sa.func.count().label("nombre"),
                sa.func.coalesce(sa.func.sum(Intervention.duree_reelle), 0).label("minutes"),
            ).where(
                *_travail(ligne.contrat_id, ligne.du, ligne.au),
                sa.or_(Intervention.imputation.is_(None), Intervention.imputation != Imputation.A_FACTURER.value),
            )
            for ligne in lues.values()
        ]  # fmt: skip
        for r in session.execute(sa.union_all(*sommes)) if sommes else ():
            ligne = lues[r.periode]
            part = quotas.part(r.nombre, int(r.minutes), ligne.interventions_incluses, ligne.heures_incluses)
            if part is not None:
                trouvees[ligne.contrat_id] = part
    return trouvees


def travaux(session: Session, acteur: Acteur, periode_id: int) -> list[TravailInfo]:
    """The jobs of a period in the order of the work, and who pays for each."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    periode = charger(session, acteur, ContratPeriode, periode_id, "cette période")
    return _comptee(session, periode)[1]


def _comptee(session: Session, periode: ContratPeriode) -> tuple[quotas.Consommation, list[TravailInfo]]:
    i = Intervention
    requete = (
        sa.select(i.id, i.numero, i.titre, QUAND.label("quand"), i.duree_reelle, i.imputation, i.imputation_motif)
        .where(*_travail(periode.contrat_id, periode.du, periode.au))
        .order_by(QUAND, i.id)
    )
    comptee, lus = abreast(session, partial(consommation, periode=periode), lambda s: s.execute(requete).all())
    return comptee, [
        TravailInfo(
            r.id, r.numero, r.titre, r.quand, r.duree_reelle or 0, comptee.imputations[r.id].value,
            r.imputation is not None, r.imputation_motif,
        )
        for r in lus
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charge:
    """Who pays for a job, with what its period has used up of what it includes."""

    imputation: str
    decidee: bool
    interventions: int
    interventions_incluses: int | None


def periodes_de(session: Session, intervention_id: int) -> list[ContratPeriode]:
    """The periods of the contract of an intervention, the last one first."""
    p = ContratPeriode
    sien = sa.select(Intervention.contrat_id).where(Intervention.id == intervention_id).scalar_subquery()
    return list(session.scalars(sa.select(p).where(p.contrat_id == sien).order_by(p.numero.desc())))


def periodes_des(session: Session, contrats: Sequence[int]) -> dict[int, list[ContratPeriode]]:
    """Contract → its periods, the last one first."""
    p = ContratPeriode
    trouvees: dict[int, list[ContratPeriode]] = {}
    for paquet in paquets(contrats):
        for ligne in session.scalars(sa.select(p).where(p.contrat_id.in_(paquet)).order_by(p.numero.desc())):
            trouvees.setdefault(ligne.contrat_id, []).append(ligne)
    return trouvees


def periode_de(ligne: Intervention, connues: Sequence[ContratPeriode]) -> ContratPeriode | None:
    """The one of these periods that takes a job, by the day of its work; None of work that has not begun."""
    quand = ligne.date_debut_travaux or ligne.date_fin_travaux or ligne.date_cloture
    if ligne.contrat_id is None or quand is None or ligne.statut == Statut.ANNULEE:
        return None
    jour = clock.local(quand).date()
    return next((p for p in connues if p.du <= jour <= p.au), None)


def charge(
    session: Session,
    ligne: Intervention,
    connues: Sequence[ContratPeriode] | None = None,
    comptees: dict[int, quotas.Consommation] | None = None,
) -> Charge | None:
    """None for work that has not begun, is cancelled, or that no period of its contract takes.

    Args:
        connues: the periods of its contract, where they were read already.
        comptees: what was used up of periods, by identifier: read from, and added to.
    """
    if ligne.contrat_id is None:
        return None
    periode = periode_de(ligne, periodes_de(session, ligne.id) if connues is None else connues)
    if periode is None:
        return None
    c = (comptees or {}).get(periode.id) or consommation(session, periode)
    if comptees is not None:
        comptees[periode.id] = c
    if ligne.id not in c.imputations:
        return None
    return Charge(
        c.imputations[ligne.id].value, ligne.imputation is not None, c.interventions, periode.interventions_incluses
    )


def imputer(session: Session, acteur: Acteur, intervention_id: int, saisie: ImputationInput) -> None:
    """Overrule the quota for one job, or let it decide again; its history tells who and why.

    Raises:
        NotAllowedError: not a responsable.
        NotFoundError: another agency's.
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    ligne = charger(session, acteur, Intervention, intervention_id, "cette intervention", ecrire=True)
    trace.annoncer(session, acteur)
    avant, apres = appliquer(ligne, saisie.model_dump())
    trace.noter(session, acteur, ligne, "imputation", {"imputation": avant["imputation"]},
                {"imputation": apres["imputation"]}, saisie.imputation_motif)  # fmt: skip
    ecrire(session)


def au_dela(session: Session, acteur: Acteur, candidats: sa.Select[int], jour: date) -> list[int]:
    """Contracts of ``candidats``, a query of identifiers, whose present period is used up and more."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    trouvees = _parts(session, ContratPeriode.contrat_id.in_(candidats), jour)
    return [ident for ident, part in trouvees.items() if part > 100]
