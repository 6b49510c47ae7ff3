"""The interventions' report beside one bare scan of what it reads, on a cache and on a centre."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.models import Intervention as I  # noqa: N817 - as the report names it
from erp_desktop.reports.figures import kept
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.reports.sql import minuit
from erp_desktop.upgrade.migrate import upgrade
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.sync_speed import Figure
from tests.reports.rows import MAINTENANT, remplir

PERIODES = {
    "un mois": ParamsRapport(date(2026, 9, 1), date(2026, 9, 30)),
    "un an": ParamsRapport(date(2025, 10, 1), date(2026, 9, 30)),
    "tout": ParamsRapport(date(2020, 1, 1), date(2026, 12, 31)),
}
TOURS = 3
_LUES = (
    I.id, I.agence_id, I.technicien_id, I.equipement_id, I.type, I.statut, I.priorite, I.date_creation, I.date_limite,
    I.date_fin_travaux, I.date_cloture, I.duree_reelle, I.cout_externe,
)  # fmt: skip


def measure(interventions: int, server: EmbeddedPostgres) -> Iterator[Figure]:
    """The best of three of the whole page and of the floor, taken in turn; 500 days of interventions.

    The page is read with its months counted, as it stands from the second time on, and once more after one of its
    rows was changed.
    """
    with tempfile.TemporaryDirectory(prefix="erp-mif-rapports-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        yield from _engine("cache", engine, interventions)
        engine.dispose()
    engine = create_pg_engine(server.create_database("rapports"))
    with engine.connect() as connection:
        upgrade(connection)
    yield from _engine("centre", engine, interventions)
    engine.dispose()


def _engine(nom: str, engine: sa.Engine, interventions: int) -> Iterator[Figure]:
    with transaction(engine) as session:
        if nom == "centre":
            # Filled as a restore fills: what triggers cost is not the report's time.
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        remplir(session, interventions)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if nom == "centre" else "ANALYZE"))
    # Every column is read, no row leaves the engine: what one pass over the table costs at least.
    plancher = sa.select(*(sa.func.count(c) for c in _LUES)).select_from(I)
    with transaction(engine, write=False) as session:
        scan = min(_duree(partial(session.execute, plancher)) for _ in range(TOURS))
    yield Figure(f"compter tous les mois, {nom}", _duree(partial(_garder, engine)) * 1e3, scan * 1e3, "ms")
    for periode, params in PERIODES.items():
        yield from _page(engine, f"rapport, {nom}, {periode}", params, plancher)
    # What somebody types while the page is read again: the months of one intervention are counted from the rows.
    for periode, params in PERIODES.items():
        with transaction(engine) as session:
            une = sa.select(I.id, I.date_cloture).where(I.date_cloture >= minuit(date(2026, 9, 10)))
            ident, cloture = session.execute(une.order_by(I.date_cloture).limit(1)).one()
            # The closing itself: all five measures read it.
            autre = {"date_cloture": cloture + timedelta(minutes=1), "duree_reelle": I.duree_reelle + 1}
            session.execute(sa.update(I).where(I.id == ident).values(autre))
        yield from _page(engine, f"rapport, {nom}, {periode}, une saisie après", params, plancher)
        _garder(engine)


def _page(engine: sa.Engine, nom: str, params: ParamsRapport, plancher: sa.Select[Any]) -> Iterator[Figure]:
    with transaction(engine, write=False) as session:
        pages, scans = [], []
        for _ in range(TOURS):
            scans.append(_duree(partial(session.execute, plancher)))
            pages.append(_duree(partial(calculer, session, params, maintenant=MAINTENANT)))
    yield Figure(nom, min(pages) * 1e3, min(scans) * 1e3, "ms", 3.0, less=True)


def _garder(engine: sa.Engine) -> None:
    kept.keep_all(engine, date(2026, 12, 31))


def _duree(faire: Callable[[], object]) -> float:
    debut = time.perf_counter()
    faire()
    return time.perf_counter() - debut
