"""The dashboard beside a million interventions: each figure beside the bare reading of its rows, and the whole."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from erp_desktop import clock
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Equipement, Intervention
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import BY_AGE, Scope
from erp_desktop.reports.figures.encours import EN_VIE
from erp_desktop.reports.managers import dashboard
from erp_desktop.reports.sql import sans_jit
from erp_desktop.upgrade.migrate import upgrade
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.sync_speed import Figure
from tests.reports.rows import MAINTENANT, remplir

YEARS, MACHINES, COPIES, TURNS = 4, 5_000, 10, 3
FIN = clock.local(MAINTENANT).date()
SCOPE = Scope(FIN - timedelta(days=29), FIN)
ASKED = (
    ("sla_tenus", "agence"), ("mttr", "type_equipement"), ("mtbf", "type_equipement"), ("encours", BY_AGE),
    ("premier_passage", None), ("satisfaction", None), ("pannes", "probleme"),
)  # fmt: skip
CHEF = Acteur(1, "Amina", Role.RESPONSABLE, None)


def measure(rows: int, server: EmbeddedPostgres) -> Iterator[Figure]:
    """Four years of interventions on five thousand machines; thirty days are looked at. The best of three."""
    with tempfile.TemporaryDirectory(prefix="erp-mif-tableau-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        yield from _engine("cache", engine, rows)
        engine.dispose()
    engine = create_pg_engine(server.create_database("tableau"))
    with engine.connect() as connection:
        upgrade(connection)
    yield from _engine("centre", engine, rows)
    engine.dispose()


def _engine(name: str, engine: sa.Engine, rows: int) -> Iterator[Figure]:
    with transaction(engine) as session:
        if name == "centre":
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        remplir(session, rows // COPIES, jours=365 * YEARS)
        _multiply(session)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if name == "centre" else "ANALYZE"))
    with transaction(engine, write=False) as session:
        sans_jit(session)
        for figure, group in ASKED:
            query = compute.statement(figure, SCOPE, group, now=MAINTENANT)
            assert query is not None
            floors = _floors(query)
            ours = _best(partial(_all, session, [query]))
            floor = _best(partial(_all, session, floors))
            yield Figure(f"{figure}, {name}", ours * 1e3, floor * 1e3, "ms", 1.5, less=True)
    with transaction(engine, write=False) as session:
        # With its period before, the load of the week, what waits for a decision, and the names of all.
        whole = _best(partial(dashboard.read, session, CHEF, SCOPE, now=MAINTENANT))
        trends = _best(partial(dashboard.trends, session, SCOPE, now=MAINTENANT))
    yield Figure(f"tableau de bord entier, {name}", whole * 1e3, 1000, "ms", 1.0, less=True)
    yield Figure(f"les six mois des courbes, après, {name}", trends * 1e3, 1000, "ms")


def _multiply(session: Session) -> None:
    """The same rows again, on machines of their own; a backlog of two months, not of four years."""
    old = sa.and_(Intervention.statut.in_(EN_VIE), Intervention.date_creation < MAINTENANT - timedelta(days=60))
    end = sa.func.coalesce(Intervention.date_debut_travaux, Intervention.date_creation)
    session.execute(sa.update(Intervention).where(old).values(statut="cloturee", date_cloture=end))
    first, last = session.execute(sa.select(sa.func.min(Intervention.id), sa.func.max(Intervention.id))).one()
    model: Any = session.execute(sa.select(Equipement.__table__).order_by(Equipement.id).limit(1)).mappings().one()
    base = int(last) + 1
    session.execute(sa.insert(Equipement), [
        {**model, "id": base + n, "code_interne": f"EQ-M{n:05}", "numero_serie": None,
         "type_equipement": f"Famille {n % 6}"}
        for n in range(MACHINES)
    ])  # fmt: skip
    table = Intervention.__table__
    given: dict[str, Any] = {
        "equipement_id": base + table.c.id % MACHINES, "probleme_id": 1 + table.c.id % 9,
        "satisfaction_client": 1 + table.c.id % 5,
    }  # fmt: skip
    names = [c.name for c in table.columns]
    for copy in range(1, COPIES):
        step = copy * (int(last) - int(first) + 1 + MACHINES)
        own = {**given, "id": table.c.id + step, "numero": table.c.numero + f"-{copy}"}
        source = sa.select(*(own.get(n, table.c[n]) for n in names)).where(table.c.id <= last)
        session.execute(sa.insert(table).from_select(names, source))
    session.execute(sa.update(table).where(table.c.id <= last).values(**given))


def _parts(query: sa.Select[Any]) -> list[sa.Select[Any]]:
    """The statements that a figure is added up from."""
    union = [x for x in visitors.iterate(query) if isinstance(x, sa.CompoundSelect)]
    return [p for p in union[0].selects if isinstance(p, sa.Select)] if union else [query]


def _floors(query: sa.Select[Any]) -> list[sa.Select[Any]]:
    """The bare reading of every set of rows that a figure is made of."""
    parts = _parts(query)
    sets = {x.element for part in parts for x in visitors.iterate(part) if isinstance(x, sa.CTE)}
    return [_floor(one) for one in (*parts, *sets) if isinstance(one, sa.Select)]


def _floor(part: sa.Select[Any]) -> sa.Select[Any]:
    """The same rows by the same conditions, told apart by the same key, each column that the part reads counted.

    Telling apart is in the question itself: a floor without it is of less work than anybody can do, as SQLite sorts
    every row for it (EXPLAIN QUERY PLAN: USE TEMP B-TREE FOR GROUP BY), with whatever the sums read.
    """
    sources = part._from_obj or tuple({c.table for c in part.selected_columns if isinstance(c, sa.Column)})
    tables = {t for source in sources for t in visitors.iterate(source) if isinstance(t, sa.Table)}
    read = (x for c in part.selected_columns for x in visitors.iterate(c) if isinstance(x, sa.Column))
    counted = [sa.func.count(c) for c in sorted({c for c in read if c.table in tables}, key=lambda c: c.name)]
    key = [next(iter(part.selected_columns))] if part._group_by_clauses else []
    floor = sa.select(*key, *(counted or [sa.func.count()])).select_from(*(sources or (Intervention,)))
    if key:
        floor = floor.group_by(sa.literal_column("groupe_"))
    return floor.where(part.whereclause) if part.whereclause is not None else floor


def _all(session: Session, queries: list[sa.Select[Any]]) -> None:
    for query in queries:
        session.execute(query).all()


def _best(act: Callable[[], object]) -> float:
    found = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        act()
        found.append(time.perf_counter() - begun)
    return min(found)
