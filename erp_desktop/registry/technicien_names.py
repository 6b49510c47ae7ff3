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
    t = Technicien
    tous = sa.select(t.id, User.full_name, t.numero_badge, Agence.code).join(User, User.id == t.user_id)
    tous = tous.outerjoin(Agence, Agence.id == t.agence_id)
    # Accents and spaces are compared in Python: an agency has tens of techniciens, the company some hundreds.
    lus: dict[int, Any] = {}
    semblables: dict[str, list[Any]] = {}
    for r in session.execute(tous):
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
