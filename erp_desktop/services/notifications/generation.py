"""Rows of what is new: by the person's window every minute and after each exchange, by the centre for everybody.

The window makes those of the person at work only: nobody else reads them there, and the same person's second desktop
is the only one that may make the same row, which its key then makes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain.enums import CanalNotification, EvenementNotification, Role, TypeNotification
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Notification, User
from erp_desktop.services.auth import acteur_de
from erp_desktop.services.notifications.choices import choix
from erp_desktop.services.notifications.events import Evenement, trouver
from erp_desktop.services.shared.lists import PAQUET, est_sqlite

GARDE = timedelta(days=90)
"""How long a notice is kept."""
_TYPES = {
    EvenementNotification.AFFECTATION: TypeNotification.AFFECTATION,
    EvenementNotification.SLA_PROCHE: TypeNotification.RAPPEL,
    EvenementNotification.SLA_DEPASSE: TypeNotification.RETARD,
    EvenementNotification.STOCK_MINIMUM: TypeNotification.RAPPEL,
    EvenementNotification.CONTRAT_ECHEANCE: TypeNotification.RAPPEL,
}


def nouvelles(session: Session, acteur: Acteur, *, tout: bool = True) -> dict[str, Evenement]:
    """What the person was not told yet and wants to hear of, by key; reads only.

    Args:
        tout: as in :func:`~erp_desktop.services.notifications.events.trouver`.
    """
    if acteur.role is Role.CLIENT or (acteur.agence_id is None and not est_sqlite(session)):
        # A row without an agency would be every branch's to read.
        return {}
    voulus = {e for e, canal in choix(session, acteur).items() if canal is not CanalNotification.AUCUN}
    trouves = trouver(session, acteur, tout=tout)
    cles = {e.cle(acteur.user_id): e for e in trouves if e.evenement in voulus}
    dites: set[str | None] = set()
    for paquet in _paquets(cles):
        dites.update(session.scalars(sa.select(Notification.cle).where(Notification.cle.in_(paquet))))
    return {cle: e for cle, e in cles.items() if cle not in dites}


def _paquets(cles: Iterable[str]) -> Iterator[list[str]]:
    reste = iter(cles)
    while paquet := list(islice(reste, PAQUET)):
        yield paquet


def produire(session: Session, acteur: Acteur, *, tout: bool = True) -> list[str]:
    """Add the rows of :func:`nouvelles`; their keys."""
    a_dire = nouvelles(session, acteur, tout=tout)
    if a_dire:
        _ajouter(session, acteur, a_dire)
    return list(a_dire)


def _ajouter(session: Session, acteur: Acteur, a_dire: dict[str, Evenement]) -> None:
    maintenant = clock.now()
    lignes: list[dict[str, Any]] = [
        {
            "id": ident, "agence_id": acteur.agence_id, "user_id": acteur.user_id, "evenement": e.evenement.value,
            "type": _TYPES.get(e.evenement, TypeNotification.INFORMATION).value, "contenu": e.contenu,
            "objet_table": e.objet[0], "objet_id": e.objet[1], "cle": cle, "auteur_id": e.auteur_id, "lu": False,
            "created_at": maintenant, "updated_at": maintenant, "created_by_id": acteur.user_id,
        }
        for ident, (cle, e) in zip(ids.allocate(session.connection(), len(a_dire)), a_dire.items(), strict=True)
    ]  # fmt: skip
    # Another desktop of the person, or the centre, may have told it a moment ago.
    ajout: Any = (sqlite if est_sqlite(session) else postgresql).insert(Notification)
    session.execute(ajout.on_conflict_do_nothing(index_elements=["cle"]), lignes)


def produire_pour_tous(session: Session) -> int:
    """At the centre: what every active person was not told yet. Returns how many rows."""
    comptes = session.scalars(sa.select(User).where(User.is_active.is_(True)).order_by(User.id)).all()
    return sum(len(produire(session, acteur_de(session, compte))) for compte in comptes)


def oublier(session: Session) -> int:
    """Delete notices older than :data:`GARDE`; how many."""
    done = session.execute(sa.delete(Notification).where(Notification.created_at < clock.now() - GARDE))
    return int(done.rowcount)  # type: ignore[attr-defined]
