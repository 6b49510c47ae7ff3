"""Provisional numbers of drafts and numbers of receipts: final offline at once, as those of interventions are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.models import Agence, Facture, Paiement
from erp_desktop.models.local import compteurs
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared.lists import est_sqlite


def _draw(session: Session, kind: str, agence_id: int | None, column: Any) -> str:
    agence = session.get(Agence, agence_id) if agence_id is not None else None
    code = agence.code if agence is not None else "MIF"
    prefix = f"{kind}-{code}-{poste_local(session):02d}-{clock.today().year}-"
    if not est_sqlite(session):
        session.execute(sa.text("SELECT sync.reserver_numeros(:code)"), {"code": code})
    taken = session.scalar(sa.select(sa.func.max(column)).where(column.startswith(prefix, autoescape=True)))
    last = int(taken.rpartition("-")[2]) if taken else 0
    if est_sqlite(session):
        kept = session.scalar(sa.select(compteurs.c.valeur).where(compteurs.c.nom == prefix))
        last = max(last, kept or 0)
        if kept is None:
            session.execute(sa.insert(compteurs).values(nom=prefix, valeur=last + 1))
        else:
            session.execute(sa.update(compteurs).where(compteurs.c.nom == prefix).values(valeur=last + 1))
    return f"{prefix}{last + 1:05d}"


def provisional(session: Session, agence_id: int | None) -> str:
    """``PROV-CAS-04-2026-00031``, in the caller's transaction."""
    return _draw(session, "PROV", agence_id, Facture.numero)


def receipt(session: Session, agence_id: int | None) -> str:
    """``REC-CAS-04-2026-00012``."""
    return _draw(session, "REC", agence_id, Paiement.numero)
