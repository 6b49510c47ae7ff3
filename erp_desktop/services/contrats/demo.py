"""Believable contracts for one agency: ends near and far, machines covered, quotas more or less used up."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import Priorite, StatutContrat
from erp_desktop.models import (
    Base,
    Contrat,
    ContratEquipement,
    ContratPeriode,
    Equipement,
    Intervention,
    SlaRegle,
)
from erp_desktop.services import calendrier
from erp_desktop.services.shared import quotas

_ENDS = (13, 28, 44, 44, 58, 88, 105, 134, 165, 195, 226, 257, 288, 318, 349, 380)
"""Days from today to the end."""
_TYPES = ("maintenance_complete", "maintenance_corrective", "maintenance_preventive", "contrat_cadre",
          "support_technique")  # fmt: skip
_OBJECTS = ("Lignes de production", "Utilités et fluides", "Convoyage et palettisation", "Froid industriel",
            "Parc électrique")  # fmt: skip
_DELAYS = {Priorite.URGENTE: (60, 240), Priorite.HAUTE: (120, 480), Priorite.NORMALE: (480, 1440)}
"""Minutes in which work of a priority is begun and done, of most of the running contracts."""
_USED = (96, 71, 83, 64, 108, 38, 55, 47, 92, 22, 102, 41)
"""Percent of the quota used up."""


def terms(rank: int, client_id: int, code: str, poste: int, first: int, now: datetime, alea: random.Random) -> Any:
    """Columns of the ``rank``-th contract, all of which run since the year before last."""
    today = clock.local(now).date()
    end = today + timedelta(days=_ENDS[rank % len(_ENDS)])
    begin = cycle.plus_mois(end, -24) + cycle.UN_JOUR
    renewal = ("tacite", "expresse", "aucune")[rank % 3]
    return {
        "numero_contrat": f"CTR-{code}-{poste:02d}-{begin.year}-{first + rank:04d}", "client_id": client_id,
        "type_contrat": _TYPES[rank % len(_TYPES)], "statut": StatutContrat.EN_COURS.value, "date_debut": begin,
        "date_fin": end, "montant_annuel": Decimal(alea.randrange(40, 400) * 1000),
        "revision_pct": Decimal("2.50"), "indice": "Clause de révision annuelle", "temps_reponse_urgence": 2,
        "temps_reponse_normal": 24, "objet": _OBJECTS[rank % len(_OBJECTS)], "reconduction": renewal,
        "mode_facturation": ("mensuel", "trimestriel", "annuel")[rank % 3], "duree_mois": 12,
        "preavis_jours": 30 * (1 + rank % 3), "date_signature": begin - timedelta(days=12),
        "delai_paiement_jours": 60, "horaire_sla": "agence", "seuil_alerte_pct": 80, "motif": None,
        "date_resiliation": None,
    }  # fmt: skip


def others(
    clients: list[int], code: str, poste: int, first: int, now: datetime, alea: random.Random
) -> list[dict[str, Any]]:
    """A draft, and contracts that are over or stopped, of clients without a running one."""
    today = clock.local(now).date()
    states: tuple[tuple[str, int, str | None], ...] = (
        (StatutContrat.BROUILLON.value, 380, None),
        (StatutContrat.EN_COURS.value, -21, None),
        (StatutContrat.SUSPENDU.value, 150, "Deux factures en retard de paiement"),
        (StatutContrat.RESILIE.value, 210, "Fermeture du site de production"),
    )
    made = []
    for rank, (client_id, (statut, days, reason)) in enumerate(zip(clients, states, strict=False)):
        row = terms(rank, client_id, code, poste, first, now, alea)
        end = today + timedelta(days=days)
        row |= {"statut": statut, "date_fin": end, "date_debut": cycle.plus_mois(end, -24) + cycle.UN_JOUR,
                "motif": reason}  # fmt: skip
        row["date_signature"] = row["date_debut"] - timedelta(days=12) if statut != StatutContrat.BROUILLON else None
        row["date_resiliation"] = today - timedelta(days=40) if statut == StatutContrat.RESILIE else None
        made.append(row)
    return made


def next_number(session: Session, code: str, poste: int) -> int:
    """The first sequence that no contract of the agency made here has."""
    prefix = f"CTR-{code}-{poste:02d}-"
    taken = session.scalars(sa.select(Contrat.numero_contrat).where(Contrat.numero_contrat.startswith(prefix)))
    tails = [n.rpartition("-")[2] for n in taken]
    return 1 + max((int(t) for t in tails if t.isdecimal()), default=0)


def fill(session: Session, agence: int, now: datetime) -> None:
    """Machines covered, two years of periods and delays for the running contracts of an agency that have none."""
    today = clock.local(now).date()
    stamps = {"agence_id": agence, "created_at": now, "updated_at": now}
    p, k = ContratPeriode, Contrat
    known = sa.select(p.contrat_id)
    running = list(
        session.scalars(
            sa.select(k)
            .where(k.agence_id == agence, k.statut == StatutContrat.EN_COURS.value, k.id.not_in(known))
            .where(k.date_fin.is_not(None))
            .order_by(k.id)
        )
    )
    periods: list[dict[str, Any]] = []
    for rank, contract in enumerate(running):
        assert contract.date_fin is not None  # noqa: S101 - asked for above
        middle = cycle.plus_mois(contract.date_fin, -12)
        last = (middle + cycle.UN_JOUR, contract.date_fin)
        done, minutes = _work(session, contract.id, last[0], min(last[1], today))
        share = _USED[rank % len(_USED)]
        for number, (begin, end) in enumerate(((contract.date_debut, middle), last), 1):
            periods.append(
                stamps
                | {
                    "contrat_id": contract.id, "numero": number, "du": begin, "au": end,
                    "interventions_incluses": max(2, round(100 * done / share)),
                    "heures_incluses": max(4, round(100 * minutes / 60 / (share - 6))),
                    "montant": contract.montant_annuel,
                }
            )  # fmt: skip
    _insert(session, ContratPeriode, periods)
    machines = session.execute(
        sa.select(Equipement.id, Equipement.contrat_id, Contrat.date_debut)
        .join(Contrat, Contrat.id == Equipement.contrat_id)
        .where(Equipement.contrat_id.in_([c.id for c in running]))
        .order_by(Equipement.id)
    )
    rows = [
        stamps | {"contrat_id": contract, "equipement_id": machine, "du": begin, "au": None}
        for machine, contract, begin in machines
    ]
    _insert(session, ContratEquipement, rows)
    # Where the program has drawn the deadline, it follows the contract's own delays.
    ruled = [contract for rank, contract in enumerate(running) if rank % 4 != 3]
    delays = [
        stamps
        | {
            "contrat_id": contract.id, "priorite": priority.value, "prise_en_charge_min": begun,
            "resolution_min": done,
        }
        for contract in ruled for priority, (begun, done) in _DELAYS.items()
    ]  # fmt: skip
    _insert(session, SlaRegle, delays)
    for contract in ruled:
        calendrier.recalculer(session, f"contrat {contract.numero_contrat}", contrat_id=contract.id)


def _work(session: Session, contract: int, begin: date, end: date) -> tuple[int, int]:
    start, stop = quotas.bornes(begin, end)
    row = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Intervention.duree_reelle), 0)).where(
            Intervention.contrat_id == contract, Intervention.statut != "annulee", start <= quotas.QUAND,
            stop > quotas.QUAND,
        )
    ).one()  # fmt: skip
    return row[0], int(row[1] or 0)


def _insert(session: Session, mapped: type[Base], rows: list[dict[str, Any]]) -> None:
    connection = session.connection()
    for row, identifier in zip(rows, ids.allocate(connection, len(rows)), strict=True):
        row["id"] = identifier
    if rows:
        connection.execute(sa.insert(mapped.__table__), rows)  # type: ignore[arg-type]
