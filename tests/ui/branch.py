"""A centre on PostgreSQL and devices of one agency, for the windows that show an exchange."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from erp_desktop.db.engine import create_engine_over, create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CycleResult
from erp_desktop.sync.syncer import Syncer
from tests.ui.company import Monde, creer


@dataclass
class Poste:
    """One enrolled device with its own cache, plain so that a test can look inside."""

    path: Path

    def engine(self) -> sa.Engine:
        return create_sqlite_engine(self.path)

    @functools.cached_property
    def cache(self) -> Cache:
        """Left open: each opening reads a thousand triggers."""
        return Cache(self.path)

    def edit(self, user_id: int, table: str, pk: int, **values: Any) -> None:
        """Change a row as the application does: one transaction, one author."""
        sets = ", ".join(f"{name} = :{name}" for name in values)
        with transaction(create_engine_over(self.cache.db), user_id) as session:
            session.execute(sa.text(f"UPDATE {table} SET {sets} WHERE id = :pk"), {**values, "pk": pk})

    def value(self, table: str, pk: int, column: str) -> Any:
        return self.cache.value(f"SELECT {column} FROM {table} WHERE id = ?", pk)

    def cycle(self) -> CycleResult:
        link = enrolment.device_link(self.cache)
        try:
            return Syncer(self.cache, link).run()
        finally:
            link.close()


class Labo:
    """A small company at the centre, and as many devices of its agency as asked."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        engine = create_pg_engine(url)
        try:
            self.monde: Monde = creer(engine)
        finally:
            engine.dispose()
        self.salma = self.monde.agent
        self.nadia = self.monde.responsable

    def poste(self, name: str) -> Poste:
        path = self.folder / f"{name}.sqlite"
        enrolment.enroll(self.url, "CAS", name, path, encrypted=False, secrets_file=None)
        return Poste(path)

    def conflict(self, mine: Poste, theirs: Poste, place: int = 2) -> int:
        """Both sides change the same fields of one intervention; ``theirs`` speaks first. Returns its identifier."""
        assert self.salma is not None
        assert self.nadia is not None
        pk = self.monde.interventions[place]
        for poste in (mine, theirs):
            poste.edit(self.nadia.user_id, "interventions", pk, diagnostic="Fuite côté tige.")
            poste.cycle()
        mine.cycle()
        theirs.edit(
            self.nadia.user_id, "interventions", pk, priorite="normale",
            diagnostic="Fuite côté tige et raccord desserré. Joint 63×75 à commander.",
            technicien_id=self.monde.techniciens[1],
        )  # fmt: skip
        mine.edit(
            self.salma.user_id, "interventions", pk, priorite="basse",
            diagnostic="Fuite côté tige. Joint racleur usé, tige rayée sur 4 cm. Prévoir rechromage.",
            technicien_id=self.monde.techniciens[0],
        )  # fmt: skip
        theirs.cycle()
        mine.cycle()
        return pk

    def refusal(self, mine: Poste, theirs: Poste) -> int:
        """The same ICE typed twice while cut off; ``mine`` speaks last. Returns the client refused."""
        assert self.salma is not None
        assert self.nadia is not None
        theirs.edit(self.nadia.user_id, "clients", self.monde.clients[0], ice="001532097000001")
        mine.edit(self.salma.user_id, "clients", self.monde.clients[1], ice="001532097000001")
        theirs.cycle()
        mine.cycle()
        return self.monde.clients[1]
