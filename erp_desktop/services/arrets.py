"""When machines stood still, and why, whoever worked on them meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.temps import ArretInput
from erp_desktop.errors import NotAllowedError, ValidationError
from erp_desktop.models import Arret, Equipement, Intervention
from erp_desktop.services.interventions.form import est_a
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import appliquer, charger, ecrire

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ArretInfo:
    """One time that a machine stood still; ``fin`` is None while it does, ``minutes`` are elapsed ones."""

    id: int
    debut: datetime
    fin: datetime | None
    cause: str
    remarque: str
    intervention_id: int | None
    numero: str
    minutes: int


def arrets(session: Session, acteur: Acteur, equipement_id: int) -> list[ArretInfo]:
    """Those of one machine, the latest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    query = (
        sa.select(Arret, Intervention.numero)
        .outerjoin(Intervention, Intervention.id == Arret.intervention_id)
        .where(Arret.equipement_id == equipement_id)
        .order_by(Arret.debut.desc(), Arret.id.desc())
        .limit(_SHOWN)
    )
    _, found = abreast(
        session, lambda s: charger(s, acteur, Equipement, equipement_id, "cet équipement"),
        lambda s: s.execute(query).all(),
    )  # fmt: skip
    now = clock.now()
    return [
        ArretInfo(a.id, a.debut, a.fin, a.cause, a.remarque or "", a.intervention_id, numero or "",
                  max(0, round(((a.fin or now) - a.debut).total_seconds() / 60)))
        for a, numero in found
    ]  # fmt: skip


def _may_write(session: Session, acteur: Acteur, equipement_id: int, intervention_id: int | None) -> Equipement:
    roles.exiger(acteur, roles.Droit.INTERVENTION_EXECUTER)
    machine = charger(session, acteur, Equipement, equipement_id, "cet équipement")
    job = session.get(Intervention, intervention_id) if intervention_id is not None else None
    if intervention_id is not None and (job is None or job.equipement_id != equipement_id):
        raise ValidationError({"intervention_id": "Cette intervention est celle d'un autre équipement."})
    if acteur.role is Role.TECHNICIEN and (job is None or not est_a(session, acteur, job)):
        raise NotAllowedError("Un technicien note les arrêts depuis ses interventions.")
    return machine


def _refuse_overlap(session: Session, saisie: ArretInput, but: int | None = None) -> None:
    a = Arret
    query = sa.select(a.debut, a.fin).where(
        a.equipement_id == saisie.equipement_id, sa.or_(a.fin.is_(None), a.fin > saisie.debut)
    )
    if saisie.fin is not None:
        query = query.where(a.debut < saisie.fin)
    if but is not None:
        query = query.where(a.id != but)
    with session.no_autoflush:
        other = session.execute(query.order_by(a.debut).limit(1)).first()
    if other is None:
        return
    debut = f"{clock.local(other.debut):%d/%m/%Y %H:%M}"
    if other.fin is None:
        raise ValidationError(
            {"debut": f"Cet équipement est à l'arrêt depuis le {debut} : terminez d'abord cet arrêt."}
        )
    fin = f"{clock.local(other.fin):%d/%m/%Y %H:%M}"
    raise ValidationError({"debut": f"Cet équipement est déjà à l'arrêt du {debut} au {fin}."})


def _not_to_come(saisie: ArretInput) -> None:
    now = clock.now()
    if saisie.debut > now:
        raise ValidationError({"debut": "Cet arrêt n'a pas encore commencé."})
    if saisie.fin is not None and saisie.fin > now:
        raise ValidationError({"fin": "Cette remise en marche n'a pas encore eu lieu."})


def noter(session: Session, acteur: Acteur, saisie: ArretInput) -> int:
    """Note that a machine stood still, or does.

    Raises:
        NotAllowedError, NotFoundError
        ValidationError: in the future, or while it already stood still.
    """
    machine = _may_write(session, acteur, saisie.equipement_id, saisie.intervention_id)
    _not_to_come(saisie)
    _refuse_overlap(session, saisie)
    trace.annoncer(session, acteur)
    row = Arret(**saisie.model_dump(), agence_id=machine.agence_id, created_by_id=acteur.user_id)
    session.add(row)
    ecrire(session)
    return row.id


def modifier(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Say when it ended, or correct it.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    row = charger(session, acteur, Arret, id, "cet arrêt", ecrire=True)
    now = {name: getattr(row, name) for name in ArretInput.model_fields}
    fresh = ArretInput.changements(now, dict(changes))
    if not fresh:
        return
    if {"equipement_id", "intervention_id"} & fresh.keys():
        raise ValidationError({"debut": "Un arrêt garde son équipement : notez-en un autre."})
    _may_write(session, acteur, row.equipement_id, row.intervention_id)
    meant = ArretInput.model_construct(**{**now, **fresh})
    _not_to_come(meant)
    _refuse_overlap(session, meant, id)
    trace.annoncer(session, acteur)
    appliquer(row, fresh)
    ecrire(session)


def supprimer(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Take away what was noted by mistake.

    Raises:
        NotAllowedError, NotFoundError
    """
    row = charger(session, acteur, Arret, id, "cet arrêt", ecrire=True)
    _may_write(session, acteur, row.equipement_id, row.intervention_id)
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)
