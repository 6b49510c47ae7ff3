"""Whether a technicien is at work on another intervention: one at a time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Statut
from erp_desktop.models import Intervention


def occupant(technicien: Any, sauf: int) -> sa.Select[Any]:
    """Number of an intervention, another than ``sauf``, that a technicien has en_cours."""
    i = Intervention
    sien = sa.and_(i.technicien_id == technicien, i.statut == Statut.EN_COURS)
    return sa.select(i.numero).where(sien, i.id != sauf).limit(1)


def occupe_par(session: Session, ligne: Intervention) -> str | None:
    """Number of another intervention that the same technicien has en_cours."""
    if ligne.technicien_id is None:
        return None
    with session.no_autoflush:
        autre: str | None = session.scalar(occupant(ligne.technicien_id, ligne.id))
        return autre
