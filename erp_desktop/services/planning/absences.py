"""Absences of techniciens: what is asked, accepted, refused; the planning reads the accepted ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import RecurrenceAbsence, StatutAbsence, TypeAbsence
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Instant, Long, Saisie, _regle
from erp_desktop.errors import NotAllowedError, ValidationError
from erp_desktop.models import Absence, Technicien
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import appliquer, charger, ecrire, lie
from erp_desktop.services.shared.lists import portee

LONGEST = timedelta(days=3 * 366)


class AbsenceInput(Saisie):
    """An absence as it is typed; ``fin`` is the first instant at which the technicien is back."""

    technicien_id: int
    type: TypeAbsence = TypeAbsence.CONGE
    statut: StatutAbsence = StatutAbsence.DEMANDE
    debut: Instant
    fin: Instant
    zone: str = Field(clock.CASABLANCA.key, max_length=40)
    remarque: Long = None
    recurrence: RecurrenceAbsence | None = None
    recurrence_fin: date | None = None

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.fin <= self.debut:
            raise _regle("fin", "Le retour vient après le départ.")
        if self.fin - self.debut > LONGEST:
            raise _regle("fin", "Une absence dure trois ans au plus.")
        if self.recurrence is not None and self.fin - self.debut > timedelta(days=7):
            raise _regle("fin", "Une absence qui revient chaque semaine dure une semaine au plus.")
        if self.recurrence is None:
            self.__dict__["recurrence_fin"] = None
        elif self.recurrence_fin is not None and self.recurrence_fin < clock.local(self.debut).date():
            raise _regle("recurrence_fin", "La dernière semaine vient après la première.")
        return self


@dataclass(frozen=True, slots=True)
class AbsenceLigne:
    """One absence with the name of who is away."""

    id: int
    technicien_id: int
    debut: datetime
    fin: datetime
    type: str
    statut: str
    remarque: str | None
    recurrence: str | None
    recurrence_fin: date | None


def rows(session: Session, acteur: Acteur, technicien_id: int, depuis: datetime | None = None) -> list[AbsenceLigne]:
    """A technicien's absences, the latest first; those that ended before ``depuis`` are left out."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    a = Absence
    query = sa.select(a).where(a.technicien_id == technicien_id, *portee(acteur, a.agence_id))
    if depuis is not None:
        query = query.where(sa.or_(a.fin >= depuis, a.recurrence.is_not(None)))
    return [
        AbsenceLigne(r.id, r.technicien_id, r.debut, r.fin, r.type, r.statut, r.remarque, r.recurrence,
                     r.recurrence_fin)
        for r in session.scalars(query.order_by(a.debut.desc(), a.id.desc()).limit(200))
    ]  # fmt: skip


def _may_write(session: Session, acteur: Acteur, technicien_id: int, statut: str) -> None:
    """Clerks and managers write everybody's; a technicien asks for their own, and nobody else decides."""
    if roles.peut(acteur.role, roles.Droit.TECHNICIEN_ECRIRE):
        return
    own = session.scalar(sa.select(Technicien.user_id).where(Technicien.id == technicien_id)) == acteur.user_id
    if statut != StatutAbsence.DEMANDE:
        raise NotAllowedError("Seul un responsable accepte ou refuse une absence.")
    if not own and not roles.peut(acteur.role, roles.Droit.INTERVENTION_ECRIRE):
        raise NotAllowedError("Vous ne pouvez demander que vos propres absences.")


def create(session: Session, acteur: Acteur, saisie: AbsenceInput) -> int:
    """Note an absence.

    Raises:
        NotAllowedError, ValidationError
    """
    _may_write(session, acteur, saisie.technicien_id, saisie.statut)
    agence = acteur.agence_id or _agency(session, saisie)
    technicien = lie(session, acteur, Technicien, saisie.technicien_id, "technicien_id",
                     "Ce technicien n'est pas de cette agence.", agence)  # fmt: skip
    if technicien is None:
        raise ValidationError({"technicien_id": "Choisissez un technicien."})
    trace.annoncer(session, acteur)
    row = Absence(**saisie.model_dump(), agence_id=technicien.agence_id, created_by_id=acteur.user_id)
    session.add(row)
    ecrire(session)
    return row.id


def _agency(session: Session, saisie: AbsenceInput) -> int | None:
    return session.scalar(sa.select(Technicien.agence_id).where(Technicien.id == saisie.technicien_id))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change an absence, accept or refuse it.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    row = charger(session, acteur, Absence, id, "cette absence", ecrire=True)
    now = {name: getattr(row, name) for name in AbsenceInput.model_fields}
    fresh: dict[str, Any] = AbsenceInput.changements(now, dict(changes))
    if not fresh:
        return
    if "technicien_id" in fresh:
        raise ValidationError({"technicien_id": "Une absence garde son technicien : notez-en une autre."})
    # Dates of an accepted leave are the manager's as well.
    decided = row.statut if row.statut != StatutAbsence.DEMANDE else fresh.get("statut", row.statut)
    _may_write(session, acteur, row.technicien_id, decided)
    trace.annoncer(session, acteur)
    appliquer(row, fresh)
    ecrire(session)


def delete(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Withdraw an absence that was noted by mistake.

    Raises:
        NotAllowedError, NotFoundError
    """
    row = charger(session, acteur, Absence, id, "cette absence", ecrire=True)
    _may_write(session, acteur, row.technicien_id, row.statut)
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)
