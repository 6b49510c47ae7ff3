"""Believable times of the last interventions that were closed, tariffs, and machines that stood still meanwhile."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db import ids
from erp_desktop.domain.enums import CauseArret, Statut, TypeIntervention
from erp_desktop.models import Arret, Base, Intervention, Tarif, Temps
from erp_desktop.services.interventions import numbers

_LAST = 60
_TARIFFS = (
    ("main_oeuvre", "Main-d'œuvre", "h", "240.00"), ("deplacement", "Zone 1, moins de 30 km", "forfait", "150.00"),
    ("deplacement", "Zone 2, moins de 80 km", "forfait", "320.00"), ("deplacement", "Kilomètre", "km", "4.50"),
)  # fmt: skip
"""Kind, words, unit, price in MAD."""
_COST = Decimal("95.00")


def _insert(session: Session, mapped: type[Base], rows: list[dict[str, Any]]) -> None:
    connection = session.connection()
    for row, identifier in zip(rows, ids.allocate(connection, len(rows)), strict=True):
        row["id"] = identifier
    if rows:
        connection.execute(sa.insert(mapped.__table__), rows)  # type: ignore[arg-type]


def _tariffs(session: Session, agence: int, now: datetime) -> dict[str, Any] | None:
    """The labour tariff of the agency; made where an administrator writes, and there is none."""
    found = session.scalar(sa.select(Tarif.id).where(Tarif.agence_id == agence).limit(1))
    if found is None and not numbers.poste_local(session):
        stamps = {"agence_id": agence, "created_at": now, "updated_at": now, "taux_tva": Decimal(20),
                  "date_debut": date(now.year - 1, 1, 1), "date_fin": None}  # fmt: skip
        rows = [
            stamps | {"type_ligne": kind, "libelle": name, "unite": unit, "prix_unitaire": Decimal(price)}
            for kind, name, unit, price in _TARIFFS
        ]  # fmt: skip
        _insert(session, Tarif, rows)
    labour = session.execute(
        sa.select(Tarif.id, Tarif.unite, Tarif.prix_unitaire)
        .where(Tarif.type_ligne == "main_oeuvre", sa.or_(Tarif.agence_id == agence, Tarif.agence_id.is_(None)))
        .limit(1)
    ).first()
    return None if labour is None else {"tarif_id": labour.id, "unite": labour.unite,
                                        "prix_unitaire": labour.prix_unitaire}  # fmt: skip


def fill(session: Session, agence: int, techniciens: list[int], alea: random.Random, now: datetime) -> None:
    """Times of the last closed interventions of an agency, and the downtime of the machines that broke down."""
    i = Intervention
    jobs = session.execute(
        sa.select(i.id, i.type, i.technicien_id, i.equipement_id, i.date_creation, i.date_debut_travaux,
                  i.date_fin_travaux)
        .where(i.agence_id == agence, i.statut == Statut.CLOTUREE, i.technicien_id.is_not(None),
               i.date_fin_travaux > i.date_debut_travaux)
        .order_by(i.date_fin_travaux.desc(), i.id)
        .limit(_LAST)
    ).all()  # fmt: skip
    labour = _tariffs(session, agence, now) or {"tarif_id": None, "unite": None, "prix_unitaire": None}
    free = {"tarif_id": None, "unite": None, "prix_unitaire": None}
    times: list[dict[str, Any]] = []
    stops: dict[int, dict[str, Any]] = {}
    stopped = set(session.scalars(sa.select(Arret.equipement_id).where(Arret.agence_id == agence)))
    for rank, job in enumerate(jobs):
        stamps = {"agence_id": agence, "intervention_id": job.id, "created_at": job.date_fin_travaux,
                  "updated_at": job.date_fin_travaux}  # fmt: skip
        own = stamps | {"technicien_id": job.technicien_id, "quantite": None, "cout_horaire": _COST}
        begin, end = job.date_debut_travaux, job.date_fin_travaux
        road = timedelta(minutes=alea.randrange(10, 60))
        times.append(own | free | {"type": "trajet", "debut": begin - road, "fin": begin})
        times.append(own | labour | {"type": "travail", "debut": begin, "fin": end})
        others = [t for t in techniciens if t != job.technicien_id]
        if rank % 4 == 0 and others:
            times.append(own | labour | {"technicien_id": alea.choice(others), "type": "travail", "debut": begin,
                                         "fin": begin + (end - begin) / 2})  # fmt: skip
        if job.type == TypeIntervention.CORRECTIVE and job.equipement_id not in stopped | stops.keys():
            stops[job.equipement_id] = stamps | {
                "equipement_id": job.equipement_id, "debut": min(job.date_creation, begin), "fin": end,
                "cause": alea.choice([c.value for c in CauseArret][:3]), "remarque": None,
            }  # fmt: skip
    _insert(session, Temps, times)
    _insert(session, Arret, list(stops.values()))
