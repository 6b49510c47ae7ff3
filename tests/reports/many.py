"""A great many interventions from a few: copied by the engine itself, each with its lines and its history."""

from __future__ import annotations

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
        years: every further :data:`YEARS_FROM` are of the sixteen months before, each closed; else all are of the
            same sixteen months, more a day.
    """
    central = engine.dialect.name == "postgresql"
    with transaction(engine) as session:
        if central:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        remplir(session, min(rows, SEED))
        for n in range(1, rows // SEED):
            _copy(session.connection(), n, n * SEED // YEARS_FROM if years else 0)
        ids.allocate(session.connection(), 1)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if central else "ANALYZE"))


def _copy(connection: sa.Connection, n: int, age: int = 0) -> None:
    """The first rows again, under identifiers that nobody else gives: a step larger than they span, each time."""
    own = {**_OWN, **_closed(age)} if age else _OWN
    for table in _TABLES:
        columns = [c["name"] for c in sa.inspect(connection).get_columns(table)]
        taken = ", ".join(own.get(name, name) for name in columns)
        first = "id" if table == "interventions" else "intervention_id"
        sql = (
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table} "
            f"WHERE {first} < (SELECT min(id) + :span FROM interventions)"
        )
        connection.execute(sa.text(sql), {"n": n, "step": n * _STEP, "span": _STEP})


_STEP = 1 << 40
"""Further than the seed's identifiers lie from each other."""


def _closed(age: int) -> dict[str, str]:
    """What an older copy has of its own, on a cache: all its days that long ago, its number's year, and an end."""
    days = {name: _ago(name, age) for name in _DAYS}
    ended = f"COALESCE({days['date_cloture']}, {_ago('date_creation', age, 3)})"
    states = "CASE WHEN statut IN ('annulee', 'archivee') THEN statut ELSE 'cloturee' END"
    number = f"replace(numero, '-2026-', '-' || substr({days['date_creation']}, 1, 4) || '-') || '-' || :n"
    return {**days, "date_cloture": ended, "statut": states, "numero": number}


def _ago(day: str, age: int, later: int = 0) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%S', {day}, '{later - age * _SPAN_DAYS} days') || substr({day}, 20)"
