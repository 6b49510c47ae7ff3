"""Believable stock for one agency: a store, two vans, what was bought, moved and used in the last six months."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db import ids
from erp_desktop.models import (
    Base,
    Depot,
    Intervention,
    Inventaire,
    LigneIntervention,
    LigneInventaire,
    MouvementStock,
    PieceDetachee,
    SeuilStock,
    User,
)
from erp_desktop.services.shared.lists import est_sqlite

_PARTS = (
    ("ACC-1L6", "Accumulateur 1,6 L", "Hydraulique", 2980, 2, 3),
    ("CAP-IND12", "Capteur inductif M12", "Électrique", 280, 8, 17),
    ("CNT-LC1D25", "Contacteur 25 A", "Électrique", 355, 6, 11),
    ("CRB-B68", "Courroie trapézoïdale B68", "Mécanique", 145, 6, 3),
    ("FLX-12-800", "Flexible ½″ 800 mm", "Hydraulique", 284, 5, 9),
    ("FLT-HY10", "Filtre hydraulique 10 µ", "Hydraulique", 312, 8, 1),
    ("GRS-EP2", "Graisse EP2, cartouche", "Consommable", 57, 20, 58),
    ("HUI-HV46", "Huile HV46, bidon 20 L", "Consommable", 1240, 4, 11),
    ("JNT-KIT63", "Kit joints vérin Ø63", "Hydraulique", 430, 4, 7),
    ("MOT-2K2", "Moteur 2,2 kW B14", "Électrique", 4180, 1, 1),
    ("RLT-6204", "Roulement 6204-2RS", "Mécanique", 47, 20, 34),
    ("RLT-6308", "Roulement 6308-C3", "Mécanique", 215, 10, 11),
    ("RLT-22210", "Roulement 22210-E", "Mécanique", 870, 2, 4),
    ("SND-PT100", "Sonde PT100", "Électrique", 240, 6, 13),
    ("VAR-4KW", "Variateur 4 kW", "Électrique", 6200, 1, 2),
    ("VAN-SOL", "Électrovanne 24 V", "Hydraulique", 465, 6, 6),
    ("VIS-M12", "Visserie M12, boîte 50", "Consommable", 58, 10, 35),
    ("NET-FRN", "Nettoyant freins, aérosol", "Consommable", 36, 6, 3),
)
"""Reference, words, family, cost in MAD, minimum, what is bought."""
_LOTS = {"HUI-HV46": ("HV26-041", "HV26-118")}
"""Part that is followed → the lot of its first entry, which is used first, and of its second."""
_SUPPLIERS = ("SKF Maroc", "Hydro Atlas", "Électro Souss", "Somafix")
_USED = 60
_IN_A_VAN = 3


def _insert(session: Session, mapped: type[Base], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    connection = session.connection()
    for row, identifier in zip(rows, ids.allocate(connection, len(rows)), strict=True):
        row["id"] = identifier
    if rows:
        connection.execute(sa.insert(mapped.__table__), rows)  # type: ignore[arg-type]
    return rows


def fill(session: Session, agence: int, techniciens: list[int], alea: random.Random, now: datetime) -> None:
    """Add a stock to an agency that has none."""
    if session.scalar(sa.select(Depot.id).where(Depot.agence_id == agence).limit(1)) is not None:
        return
    stamps = {"agence_id": agence, "created_at": now, "updated_at": now}
    names = [
        ("Magasin", "agence", None),
        *((f"Fourgon {n}", "vehicule", t) for n, t in enumerate(techniciens[:2], 1)),
        ("En transit", "transit", None),
    ]
    depots = _insert(
        session,
        Depot,
        [
            stamps | {"nom": nom, "type_depot": kind, "technicien_id": t, "is_active": True, "statut": "ouvert"}
            for nom, kind, t in names
        ],
    )
    store, vans = depots[0]["id"], [d["id"] for d in depots if d["type_depot"] == "vehicule"]
    parts = _parts(session, stamps, alea)
    agents = list(session.scalars(sa.select(User.id).where(User.agence_id == agence).order_by(User.id).limit(3)))
    begin = now - timedelta(days=180)
    rows: list[dict[str, Any]] = []
    lots = {piece: _LOTS[part[0]][0] for piece, part in zip(parts, _PARTS, strict=True) if part[0] in _LOTS}

    def move(piece: int, depot: int, kind: str, quantity: Decimal, when: datetime, **more: Any) -> dict[str, Any]:
        row = (
            stamps
            | {
                "piece_id": piece,
                "depot_id": depot,
                "type_mouvement": kind,
                "quantite": quantity,
                "horodatage": when,
                "created_at": when,
                "created_by_id": alea.choice(agents) if agents else None,
                "valeur_unitaire": None,
                "motif": None,
                "intervention_id": None,
                "ligne_intervention_id": None,
                "transfert_id": None,
                "lot": lots.get(piece),
            }
            | more
        )
        rows.append(row)
        return row

    for n, (piece, part) in enumerate(zip(parts, _PARTS, strict=True)):
        cost, bought = Decimal(part[3]), Decimal(part[5])
        half = (bought / 2).to_integral_value()
        move(
            piece,
            store,
            "entree",
            max(half, Decimal(1)) + 2 + _IN_A_VAN * len(vans),
            begin + timedelta(days=n, hours=9),
            valeur_unitaire=cost,
            motif=f"BL {87_000 + 37 * n}",
        )
        move(
            piece,
            store,
            "entree",
            bought - half,
            now - timedelta(days=20 + n, hours=3),
            motif=f"BL {88_000 + 41 * n}",
            lot=_LOTS.get(part[0], (None, None))[1],
            valeur_unitaire=(cost * Decimal("1.04")).quantize(Decimal("0.0001")),
        )
        for van in vans:
            when = begin + timedelta(days=25 + n, hours=alea.randrange(8))
            pair = [
                move(piece, store, "transfert", Decimal(-_IN_A_VAN), when, valeur_unitaire=cost),
                move(piece, van, "transfert", Decimal(_IN_A_VAN), when, valeur_unitaire=cost),
            ]
            for row in pair:
                row["paire"] = pair[0]
    lines = _used(session, agence, stamps, parts, [*vans, store], alea)
    for line, when in lines:
        move(
            line["piece_id"],
            line["depot_id"],
            "sortie",
            -line["quantite"],
            when,
            motif=line.pop("numero"),
            intervention_id=line["intervention_id"],
            ligne_intervention_id=line["id"],
        )
    pairs = [row.pop("paire", None) for row in rows]
    for row, identifier in zip(rows, ids.allocate(session.connection(), len(rows)), strict=True):
        row["id"] = identifier
    for row, first in zip(rows, pairs, strict=True):
        row["transfert_id"] = first["id"] if first is not None else None
    session.connection().execute(sa.insert(MouvementStock.__table__), rows)  # type: ignore[arg-type]
    _insert(
        session,
        SeuilStock,
        [
            stamps
            | {"piece_id": piece, "depot_id": store, "minimum": Decimal(part[4]), "maximum": Decimal(2 * part[4])}
            for piece, part in zip(parts, _PARTS, strict=True)
            if part[4] > 4
        ],
    )
    _count(session, stamps, vans or [store], parts, now)


def _parts(session: Session, stamps: dict[str, Any], alea: random.Random) -> list[int]:
    """The catalogue: of all agencies at the centre, where a reference is unique; the agency's own in a cache."""
    known = dict(session.execute(sa.select(PieceDetachee.reference, PieceDetachee.id)).all())
    new = [
        stamps
        | {
            "agence_id": stamps["agence_id"] if est_sqlite(session) else None,
            "reference": reference,
            "designation": words,
            "famille": family,
            "prix_unitaire": Decimal(cost) * Decimal("1.4"),
            "unite": "u",
            "stock_minimum": Decimal(minimum),
            "taux_tva": Decimal(20),
            "is_active": True,
            "code_barres": f"36064800{alea.randrange(10_000, 99_999)}",
            "emplacement": f"{'ABCD'[n % 4]}{n // 4 + 1}",
            "fournisseur": _SUPPLIERS[n % 4],
            "suivi": "lot" if reference in _LOTS else "aucun",
            "fournisseur_reference": f"F{1000 + 7 * n}",
        }
        for n, (reference, words, family, cost, minimum, _) in enumerate(_PARTS)
        if reference not in known
    ]
    known |= {row["reference"]: row["id"] for row in _insert(session, PieceDetachee, new)}
    return [known[part[0]] for part in _PARTS]


def _used(
    session: Session, agence: int, stamps: dict[str, Any], parts: list[int], depots: list[int], alea: random.Random
) -> list[tuple[dict[str, Any], datetime]]:
    """Lines of done work that took a part, and planned ones of work to come."""
    i = Intervention
    done = session.execute(
        sa.select(i.id, i.numero, i.date_fin_travaux)
        .where(i.agence_id == agence, i.date_fin_travaux.is_not(None))
        .order_by(i.id.desc())
        .limit(_USED)
    ).all()
    todo = session.execute(
        sa.select(i.id, i.numero)
        .where(i.agence_id == agence, i.statut.in_(("ouverte", "affectee")))
        .order_by(i.id)
        .limit(4)
    ).all()
    lines, times = [], []
    # What a place has no more is taken where most of it is left.
    left = dict.fromkeys(itertools.product(depots[:-1], range(len(_PARTS))), _IN_A_VAN)
    left |= {(depots[-1], n): part[5] + 2 for n, part in enumerate(_PARTS)}
    for row in [*done, *todo]:
        n = alea.choices(range(len(parts)), [5 if p[2] == "Consommable" else 2 for p in _PARTS])[0]
        planned = len(row) == 2
        depot = alea.choice(depots)
        depot = depot if left[depot, n] > 0 else max(depots, key=lambda place: left[place, n])
        left[depot, n] -= not planned
        lines.append(
            stamps
            | {
                "intervention_id": row.id,
                "type_ligne": "piece",
                "piece_id": parts[n],
                "designation": _PARTS[n][1],
                "quantite": Decimal(1),
                "prix_unitaire": Decimal(_PARTS[n][3]) * Decimal("1.4"),
                "taux_tva": Decimal(20),
                "depot_id": depot,
                "lot": _LOTS.get(_PARTS[n][0], (None,))[0],
                "facturable": True,
                "prevue": planned,
            }
        )
        times.append((row.numero, None if planned else row.date_fin_travaux))
    _insert(session, LigneIntervention, lines)
    return [
        (line | {"numero": numero}, when)
        for line, (numero, when) in zip(lines, times, strict=True)
        if when is not None
    ]


def _count(session: Session, stamps: dict[str, Any], depots: list[int], parts: list[int], now: datetime) -> None:
    """A count under way in a van, a third of it done."""
    from erp_desktop.services.stock.counting import next_number

    place = session.get_one(Depot, depots[-1])
    sheet = _insert(
        session,
        Inventaire,
        [
            stamps
            | {
                "depot_id": place.id,
                "numero": next_number(session, place),
                "etat": "ouvert",
                "ouvert_a": now - timedelta(minutes=18),
            }
        ],
    )[0]
    held = session.execute(
        sa.select(MouvementStock.piece_id).where(MouvementStock.depot_id == place.id).distinct().limit(6)
    ).scalars()
    _insert(
        session,
        LigneInventaire,
        [
            stamps
            | {
                "inventaire_id": sheet["id"],
                "piece_id": piece,
                "quantite": Decimal(n % 3),
                "comptee_a": now - timedelta(minutes=12 - n),
                "motif": "Casse" if n == 0 else None,
            }
            for n, piece in enumerate(held)
            if piece in parts
        ],
    )
