"""What a technicien is called among others of the same name; the same words on every screen and paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.recherche import serrer
from erp_desktop.models import Agence, Technicien, User


def noms(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Technicien → name, followed by the agency where another technicien has the same one, and by the badge where
    the agency does not tell them apart either: ``Karim Alaoui (RAB)``, ``Karim Alaoui (CAS, T-02)``."""
    cherches = {ident for ident in ids if ident is not None}
    if not cherches:
        return {}
    return dire(tous(session), cherches)


def tous(session: Session) -> list[Any]:
    """What names are made of, of every technicien: an agency has tens of them, the company some hundreds."""
    t = Technicien
    lire = sa.select(t.id, User.full_name, t.numero_badge, Agence.code).join(User, User.id == t.user_id)
    return list(session.execute(lire.outerjoin(Agence, Agence.id == t.agence_id)))


def dire(tous: Iterable[Any], ids: Iterable[int | None]) -> dict[int, str]:
    """The names of ``ids`` among all of them, as :func:`noms` says them."""
    cherches = set(ids)
    # Accents and spaces are compared in Python.
    lus: dict[int, Any] = {}
    semblables: dict[str, list[Any]] = {}
    for r in tous:
        semblables.setdefault(serrer(r.full_name), []).append(r)
        if r.id in cherches:
            lus[r.id] = r
    dits: dict[int, str] = {}
    for ident, r in lus.items():
        autres = [x for x in semblables[serrer(r.full_name)] if x.id != ident]
        precision = [r.code or "siège"] if autres else []
        if any(x.code == r.code for x in autres):
            precision.append(r.numero_badge or f"n° {ident}")
        dits[ident] = f"{r.full_name} ({', '.join(precision)})" if precision else r.full_name
    return dits


def nom(session: Session, ident: int | None) -> str | None:
    return noms(session, [ident]).get(ident) if ident is not None else None
