"""The first page of the list of interventions in each order and for common filters, beside the bare statement.

Read by the service, with its rows, on a cache and on a centre; the floor is one page of 64 rows in the order of their
keys, by the bare driver. How soon a real window shows them is ``lists``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.interventions import list as interventions
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui.kit.table import FIRST, WINDOW
from erp_desktop.upgrade.migrate import upgrade
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.sync_speed import Figure
from tests.reports.rows import remplir

SORTS = ("sla", "numero", "statut", "titre", "client", "equipement", "technicien", "date_planifiee", "priorite", "")
FILTERS = (
    "statut:ouverte", "statut:en_attente", "priorite:haute", "client:cimenterie", "technicien:nadia avant:30/11",
    "fuite",
)  # fmt: skip
_WHO = Acteur(1, "Salma Bennis", Role.ADMIN, None, "")
_PAGE = sa.text(
    "SELECT i.id, i.numero, i.statut, i.priorite, i.titre, c.nom_entreprise, e.nom, i.technicien_id, "
    "i.date_creation, i.date_planifiee, i.date_limite FROM interventions i JOIN clients c ON c.id = i.client_id "
    f"JOIN equipements e ON e.id = i.equipement_id ORDER BY i.numero LIMIT {WINDOW}"
)


def measure(interventions_: int, server: EmbeddedPostgres) -> Iterator[Figure]:
    """Best of five of each, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="erp-mif-pages-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        _fill(engine, interventions_)
        yield from read("cache", engine, interventions_)
        engine.dispose()
    engine = create_pg_engine(server.create_database(f"pages_{interventions_}"))
    with engine.connect() as connection:
        upgrade(connection)
    _fill(engine, interventions_)
    yield from read("centre", engine, interventions_)
    engine.dispose()


def _fill(engine: sa.Engine, rows: int) -> None:
    central = engine.dialect.name == "postgresql"
    with transaction(engine) as session:
        if central:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        remplir(session, rows)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if central else "ANALYZE"))


def read(name: str, engine: sa.Engine, rows: int) -> Iterator[Figure]:
    """A base that is filled already."""
    with transaction(engine, write=False) as session:
        floor = _best(lambda: session.execute(_PAGE).all())
        asked = [("", sort, down) for sort in SORTS for down in (False, True)]
        asked += [(text, "sla", False) for text in FILTERS]
        for text, sort, down in asked:
            told = f"{name}, {rows:,}, " + (
                f"« {text} »" if text else f"trier {sort or 'date'} {'↓' if down else '↑'}"
            )
            ours = _best(partial(_page, session, ListQuery(text, sort, down, FIRST)))
            yield Figure(told, ours, floor, "ms")


def _page(session: Session, query: ListQuery) -> None:
    found = interventions.ids(session, _WHO, query)
    assert len(interventions.rows(session, _WHO, found[:WINDOW])) == WINDOW


def _best(work: Callable[[], object]) -> float:
    """Milliseconds."""

    def timed() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return min(timed() for _ in range(5)) * 1e3
