"""A person's notices: the list, how many are unread, and reading them, which counts on each of their desktops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Notification, User
from erp_desktop.services.shared import trace

REPORTS = "rapports_planifies"
"""What a report that was not sent is about: no event of the closed list, which older programs check."""
REPORT_FAILED = "rapport_echec"
LIMITE = 200
"""How many the list shows."""
N = Notification


@dataclass(frozen=True, slots=True)
class NotificationInfo:
    """One notice.

    Attributes:
        evenement: a value of ``EvenementNotification``, or ``REPORT_FAILED``.
        contenu: what names the object.
        auteur: who did it, empty when nobody did.
    """

    id: int
    evenement: str
    contenu: str
    objet_table: str | None
    objet_id: int | None
    cle: str | None
    auteur: str
    lu: bool
    quand: datetime


def _miennes(acteur: Acteur) -> Sequence[sa.ColumnElement[bool]]:
    return (N.user_id == acteur.user_id, sa.or_(N.evenement.is_not(None), N.objet_table == REPORTS))


def lister(session: Session, acteur: Acteur, *, limite: int = LIMITE) -> list[NotificationInfo]:
    """The person's notices, unread first, then newest first."""
    requete = (
        sa.select(N, User.full_name)
        .outerjoin(User, User.id == N.auteur_id)
        .where(*_miennes(acteur))
        .order_by(N.lu, N.created_at.desc(), N.id.desc())
        .limit(limite)
    )
    return [
        NotificationInfo(
            n.id,
            n.evenement or REPORT_FAILED,
            n.contenu,
            n.objet_table,
            n.objet_id,
            n.cle,
            auteur or "",
            n.lu,
            n.created_at,
        )
        for n, auteur in session.execute(requete)
    ]


def non_lues(session: Session, acteur: Acteur) -> int:
    return session.scalar(sa.select(sa.func.count()).where(*_miennes(acteur), N.lu.is_(False))) or 0


def lire(session: Session, acteur: Acteur, ids: Sequence[int], *, lu: bool = True) -> list[int]:
    """Mark notices of the person as read, or unread again; those that changed."""
    lignes = session.scalars(sa.select(N).where(*_miennes(acteur), N.id.in_(ids), N.lu.is_(not lu))).all()
    if lignes:
        trace.annoncer(session, acteur)
    for ligne in lignes:
        ligne.lu, ligne.lu_a = lu, clock.now() if lu else None
    session.flush()
    return [ligne.id for ligne in lignes]


def tout_lire(session: Session, acteur: Acteur) -> list[int]:
    """Mark everything as read; what changed, so that it can be taken back."""
    return lire(session, acteur, list(session.scalars(sa.select(N.id).where(*_miennes(acteur), N.lu.is_(False)))))
