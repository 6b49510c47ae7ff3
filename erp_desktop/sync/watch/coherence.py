"""Rows of the centre that refer to another agency's: what triggers refuse now, and an older centre may hold already.

A branch lacks the other agency's row, so what refers to it cannot stand in its caches (it is set aside there). The
remedy tries both ways and keeps the one that holds together: what belongs to a moved row goes along with it, else
the row goes back to where what refers to it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from erp_desktop.registry.tables import BY_NAME, TABLES, Reference, SyncTable

_MOVE_REFUSED = "EM002"


@dataclass(frozen=True, slots=True)
class Incoherence:
    """Rows of ``table`` whose ``colonne`` names row ``pk`` of ``cible`` in another agency.

    Attributes:
        libelle: what a person calls that row.
        agence: code of the agency where it is.
        agences: codes of the agencies where what refers to it is.
        lignes: how many rows refer to it from there.
    """

    table: str
    colonne: str
    cible: str
    pk: int
    libelle: str
    agence: str
    agences: tuple[str, ...]
    lignes: int


@dataclass(frozen=True, slots=True)
class Reparation:
    """What became of one row: ``fait`` says it in French; ``reste`` is True when neither way held together."""

    cible: str
    pk: int
    fait: str
    reste: bool


def _scoped_references() -> list[tuple[SyncTable, Reference]]:
    scoped = {t.name for t in TABLES if t.scoped}
    return [(t, r) for t in TABLES if t.scoped for r in t.references if r.target in scoped]


def incoherences(connection: sa.Connection) -> list[Incoherence]:
    """Every row that is referred to from another agency, by reference; one pass over each referring table."""
    found: list[Incoherence] = []
    for table, reference in _scoped_references():
        label = BY_NAME[reference.target].name_column or "id"
        rows = connection.execute(
            sa.text(
                f"SELECT p.id, p.{label}::text AS libelle, ap.code AS agence, count(*) AS lignes, "
                "array_agg(DISTINCT coalesce(ac.code, 'commune')) AS agences "
                f"FROM public.{table.name} c JOIN public.{reference.target} p ON p.id = c.{reference.column} "
                "JOIN public.agences ap ON ap.id = p.agence_id LEFT JOIN public.agences ac ON ac.id = c.agence_id "
                "WHERE c.agence_id IS DISTINCT FROM p.agence_id "
                f"GROUP BY p.id, p.{label}, ap.code ORDER BY p.id"
            )
        )
        found += [
            Incoherence(table.name, reference.column, reference.target, r.id, r.libelle, r.agence, tuple(r.agences),
                        r.lignes)
            for r in rows
        ]  # fmt: skip
    return found


def reparer(engine: sa.Engine) -> list[Reparation]:
    """Mend what :func:`incoherences` finds, one row and one transaction at a time, parents before children."""
    done: list[Reparation] = []
    seen: set[tuple[str, int]] = set()
    rank = {table.name: i for i, table in enumerate(TABLES)}
    while True:
        with engine.connect() as connection:
            todo = sorted(
                ((rank[i.cible], i.pk, i) for i in incoherences(connection) if (i.cible, i.pk) not in seen),
                key=lambda found: found[:2],
            )
        if not todo:
            return done
        wrong = todo[0][2]
        seen.add((wrong.cible, wrong.pk))
        done.append(_mend(engine, wrong))


def _mend(engine: sa.Engine, wrong: Incoherence) -> Reparation:
    named = f"{wrong.cible} « {wrong.libelle} »"
    if _holds(engine, lambda c: _bring_along(c, wrong)):
        return Reparation(wrong.cible, wrong.pk, f"{named} : ce qui en dépend est passé à {wrong.agence}", False)
    if _holds(engine, lambda c: _send_back(c, wrong)):
        return Reparation(wrong.cible, wrong.pk, f"{named} : remis où sont les lignes qui s'y rapportent", False)
    return Reparation(wrong.cible, wrong.pk, f"{named} : à démêler à la main", True)


def _holds(engine: sa.Engine, attempt: Any) -> bool:
    """Run ``attempt`` and keep it if every reference of what it moved stays inside one agency."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
            changed = attempt(connection)
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
            return bool(changed)
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != _MOVE_REFUSED:
            raise
        return False


def _bring_along(connection: sa.Connection, wrong: Incoherence) -> int:
    moved = 0
    for table in TABLES:
        for reference in table.follows:
            if reference.target == wrong.cible:
                moved += connection.execute(
                    sa.text(
                        f"UPDATE public.{table.name} c SET agence_id = p.agence_id FROM public.{wrong.cible} p "
                        f"WHERE p.id = :pk AND c.{reference.column} = p.id "
                        "AND c.agence_id IS DISTINCT FROM p.agence_id"
                    ),
                    {"pk": wrong.pk},
                ).rowcount
    return moved


def _send_back(connection: sa.Connection, wrong: Incoherence) -> int:
    """To the one agency of all that refers to it, or to all agencies when several do (shared)."""
    homes = " UNION ".join(
        f"SELECT agence_id FROM public.{table.name} WHERE {reference.column} = :pk"
        for table, reference in _scoped_references()
        if reference.target == wrong.cible
    )
    return connection.execute(
        sa.text(
            f"UPDATE public.{wrong.cible} SET agence_id = (SELECT CASE WHEN count(*) = 1 THEN max(agence_id) END "
            f"FROM ({homes}) h) WHERE id = :pk"
        ),
        {"pk": wrong.pk},
    ).rowcount
