"""Stretches that interventions waited, each with its reason, as reports sum them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import MotifAttente, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ValidationError
from erp_desktop.models import Attente, Intervention, User
from erp_desktop.services.interventions.form import ouvrir_avec
from erp_desktop.services.interventions.times import TempsInfo, minutes, temps

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class AttenteInfo:
    """One stretch; ``fin`` is None while it lasts, ``minutes`` then count until now."""

    id: int
    motif: str
    remarque: str
    debut: datetime
    fin: datetime | None
    minutes: int
    auteur: str


def begin(
    session: Session, acteur: Acteur, row: Intervention, motif: MotifAttente, remarque: str, now: datetime
) -> None:
    """Note that an intervention waits from now on.

    Raises:
        ValidationError: the remark is too long.
    """
    if len(remarque) > _LONGEST:
        raise ValidationError({"remarque": f"{_LONGEST} caractères au plus."})
    row.motif_attente = motif.value
    session.add(
        Attente(intervention_id=row.id, agence_id=row.agence_id, motif=motif.value, debut=now,
                remarque=remarque.strip() or None, created_by_id=acteur.user_id)
    )  # fmt: skip


def running(session: Session, intervention_id: int) -> Sequence[Attente]:
    """The stretches that nobody ended."""
    open_ones = sa.select(Attente).where(Attente.intervention_id == intervention_id, Attente.fin.is_(None))
    return session.scalars(open_ones).all()


def end(row: Intervention, stretches: Sequence[Attente], now: datetime) -> None:
    """Note that an intervention waits no more, whoever began the wait; ``stretches`` as :func:`running` tells."""
    row.motif_attente = None
    for one in stretches:
        if one.debut <= now:
            one.fin = now


def _last(session: Session, intervention_id: int) -> Attente | None:
    return session.scalars(
        sa.select(Attente).where(Attente.intervention_id == intervention_id)
        .order_by(Attente.debut.desc(), Attente.id.desc()).limit(1)
    ).first()  # fmt: skip


def forget_last(session: Session, intervention_id: int) -> None:
    """The wait that began last was a slip of the hand."""
    last = _last(session, intervention_id)
    if last is not None:
        session.delete(last)


def reopen_last(session: Session, row: Intervention) -> None:
    """The last end of a wait was a slip of the hand: it goes on, for the same reason.

    ``changer_statut`` has just begun another stretch; that one goes.
    """
    forget_last(session, row.id)
    session.flush()
    last = _last(session, row.id)
    if last is not None:
        last.fin, row.motif_attente = None, last.motif


def ended(row: Intervention) -> datetime | None:
    """When a stretch that nobody ended was over: two desktops may have changed the statut apart."""
    if row.statut == Statut.EN_ATTENTE:
        return None
    return row.date_fin_travaux or row.date_cloture or row.updated_at


def attentes(session: Session, acteur: Acteur, intervention_id: int) -> list[AttenteInfo]:
    """The stretches of an intervention in the order in which they began."""
    stretches = (
        sa.select(Attente, User.full_name).outerjoin(User, User.id == Attente.created_by_id)
        .where(Attente.intervention_id == intervention_id).order_by(Attente.debut, Attente.id)
    )  # fmt: skip
    row, found = ouvrir_avec(session, acteur, intervention_id, lambda s: s.execute(stretches).all())
    until, now = ended(row), clock.now()
    told = []
    for one, author in found:
        fin = one.fin or (max(until, one.debut) if until is not None else None)
        told.append(
            AttenteInfo(one.id, one.motif, one.remarque or "", one.debut, fin, minutes(one.debut, fin or now),
                        author or "")
        )  # fmt: skip
    return told


def durees(session: Session, acteur: Acteur, intervention_id: int) -> tuple[list[TempsInfo], list[AttenteInfo]]:
    """What was worked and what was waited, for whoever shows both."""
    worked, waited = abreast(
        session, lambda s: temps(s, acteur, intervention_id), lambda s: attentes(s, acteur, intervention_id)
    )
    return worked, waited


def by_reason(session: Session, ids: Sequence[int]) -> dict[str, int]:
    """Reason → minutes that some interventions waited for it; what overlaps is counted for each."""
    now = clock.now()
    sums: dict[str, int] = {}
    for one, row in session.execute(
        sa.select(Attente, Intervention).join(Intervention, Intervention.id == Attente.intervention_id)
        .where(Attente.intervention_id.in_(ids))
    ):  # fmt: skip
        fin = one.fin or max(ended(row) or now, one.debut)
        sums[one.motif] = sums.get(one.motif, 0) + minutes(one.debut, fin)
    return sums
