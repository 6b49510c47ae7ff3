"""A great many interventions from a few: copied by the engine itself, each with its lines and its history."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from erp_desktop.db import ids
from erp_desktop.db.session import transaction
from tests.reports.rows import remplir

SEED = 10_000
"""Rows that are made one by one; a million in this way would take minutes."""
_OWN = {
    "id": "id + :step", "numero": "numero || '-' || :n", "intervention_id": "intervention_id + :step",
    "titre": "titre || ' p' || (id % 97) || CASE WHEN :n % 5 = 0 THEN ' r' || (id % 10007) || 'c' || :n ELSE '' END",
    "description": "'Signalée par le chef de poste à ' || (id % 24) || ' h, convoyeur ' || (id % 5003) || ' arrêté.'",
    "diagnostic": "'Joint racleur usé, tige rayée sur ' || (id % 40) || ' cm, vérin v' || (id % 10007) || 'n' || :n",
}  # fmt: skip
"""What a copy has of its own; a fifth of the titles, and a word of each diagnosis, are hardly like any other."""
_DAYS = ("date_creation", "date_planifiee", "date_limite", "date_affectation", "date_debut_travaux",
         "date_fin_travaux", "date_cloture", "horodatage")  # fmt: skip
YEARS_FROM, _SPAN_DAYS = 100_000, 511
"""What sixty techniciens do in sixteen months."""
_TABLES = ("interventions", "lignes_intervention", "historiques_interventions")


def fill(engine: sa.Engine, rows: int, *, years: bool = False) -> None:
    """Two agencies, six techniciens, forty machines and ``rows`` interventions, measured for the planner.

    Args:
        years: every further :data:`YEARS_FROM` are of the sixteen months before, each over, and most of what somebody
            does has its day; else all are of the same sixteen months, more a day, and none has one.
    """
    central = engine.dialect.name == "postgresql"
    with transaction(engine) as session:
        if central:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        remplir(session, min(rows, SEED))
        first = session.scalar(sa.text("SELECT min(id) FROM interventions"))
        for n in range(1, rows // SEED):
            age = n * SEED // YEARS_FROM if years else 0
            _copy(
                session.connection(),
                n,
                first,
                {**_OWN, **_past(age, central=central)} if years else _OWN,
                -1 if age else 1,
            )
        ids.allocate(session.connection(), 1)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if central else "ANALYZE"))


def _copy(connection: sa.Connection, n: int, first: int, own: Mapping[str, str], side: int) -> None:
    """The first rows again, under identifiers that nobody else gives: a step further than they span, each time."""
    for table in _TABLES:
        columns = [c["name"] for c in sa.inspect(connection).get_columns(table)]
        taken = ", ".join(own.get(name, name) for name in columns)
        of = "id" if table == "interventions" else "intervention_id"
        sql = (
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table} "
            f"WHERE {of} BETWEEN :first AND :first + :span - 1"
        )
        connection.execute(sa.text(sql), {"n": n, "step": side * n * _STEP, "first": first, "span": _STEP})


_STEP = 1 << 40
"""Further than the seed's identifiers lie from each other."""


def _past(age: int, *, central: bool) -> dict[str, str]:
    """What a copy of so many spans ago has of its own: its days, its number's year, and an end."""

    def ago(day: str, later: int = 0) -> str:
        days = later - age * _SPAN_DAYS
        if central:
            return f"{day} + interval '{days} days'"
        return f"strftime('%Y-%m-%dT%H:%M:%S', {day}, '{days} days') || substr({day}, 20)"

    year = f"to_char({ago('date_creation')}, 'YYYY')" if central else f"substr({ago('date_creation')}, 1, 4)"
    own = {
        "date_planifiee": f"CASE WHEN technicien_id IS NOT NULL AND id % 4 > 0 THEN {ago('date_creation', 2)} END",
        "numero": f"replace(numero, '-2026-', '-' || {year} || '-') || '-' || :n",
    }
    if not age:
        return own
    days = {name: ago(name) for name in _DAYS if name not in own}
    ended = f"COALESCE({ago('date_cloture')}, {ago('date_creation', 3)})"
    states = "CASE WHEN statut IN ('annulee', 'archivee') THEN statut ELSE 'cloturee' END"
    return {**days, **own, "date_cloture": ended, "statut": states}
