"""The dashboard's numbers are those of the catalogue, and the list that each one opens shows as many rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite, Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.figures import FIGURES
from erp_desktop.errors import NotAllowedError
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.managers import dashboard
from erp_desktop.reports.managers.dashboard import Dashboard
from erp_desktop.reports.managers.rows import Place, rows_of
from erp_desktop.reports.sql import minuit
from erp_desktop.services import contrats, equipements, factures, interventions, techniciens
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.stock import parts
from tests.reports.catalogue.world import free, make, store

CHEF = Acteur(1, "Amina", Role.RESPONSABLE, None)
LISTS = {
    "interventions": interventions.ids, "contrats": contrats.ids, "stock": parts.ids, "factures": factures.ids,
    "equipements": equipements.ids, "techniciens": techniciens.ids,
}  # fmt: skip


def _rows(session: Session, place: Place) -> int:
    return len(LISTS[place.section](session, CHEF, ListQuery(place.words)))


def _tiles(session: Session, board: Dashboard) -> None:
    for tile in board.tiles:
        alone = compute.one(session, tile.figure, board.scope, now=board.calcule_a)
        assert tile.value == alone, tile.figure
        assert tile.before == compute.one(session, tile.figure, board.before, now=board.calcule_a), tile.figure
        place = rows_of(tile.figure, board.scope, board.named, board.calcule_a)
        # Machines that are in use are the rows behind the time between their failures.
        counted = {"encours": tile.value.num, "mtbf": tile.value.n}.get(
            tile.figure, tile.value.n + tile.value.exclues
        )
        assert _rows(session, place) == counted, (tile, place)


def test_every_number_opens_as_many_rows(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    free(sqlite_engine)
    seen = dict.fromkeys(("ages", "agencies", "codes", "decisions", "trends"), 0)
    for seed in (0, 3, 8, 11):
        world = make(seed)
        # What is planned later than now is no row behind a figure of the past.
        now = max(world.now, minuit(world.scope.fin) + timedelta(days=1, hours=9))
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        with sqlite_engine.connect() as connection:
            store(connection, world)
            with Session(connection) as session:
                agency = world.of("Agence")[0]["id"] if world.of("Agence") and seed % 2 else None
                scope = replace(world.scope, agence_id=agency)
                board = dashboard.read(session, CHEF, scope, now=now)
                _tiles(session, board)
                for rank, age in enumerate(reversed(board.ages)):
                    place = rows_of("encours", scope, board.named, now, group="age", key=rank)
                    assert _rows(session, place) == age.total
                    seen["ages"] += age.total
                    for key, n in zip(Priorite, age.counts, strict=True):
                        assert _rows(session, replace(place, words=f"{place.words} priorite:{key}")) == n
                for group, shares in (("type_equipement", board.families), ("probleme", board.codes)):
                    for one in shares:
                        behind = rows_of("pannes", scope, board.named, now, group=group, key=one.keys or one.key,
                                         name=one.name)  # fmt: skip
                        assert _rows(session, behind) == (one.value.num if group == "probleme" else one.count), behind
                for d in board.decisions:
                    if d.section in LISTS:
                        assert _rows(session, Place(d.section, d.words)) == d.count, d
                        seen["decisions"] += 1
                trends = dashboard.trends(session, board.scope, now=now)
                for tile in board.tiles:
                    assert len(trends[tile.figure]) == dashboard.MONTHS
                assert trends["encours"][-1] == board.tiles[0].value.num
                seen["trends"] += sum(v is not None for v in trends["mttr"])
                seen["agencies"] += len(board.agencies)
                seen["codes"] += len(board.codes)
            connection.rollback()
    assert min(seen.values()) >= 3, seen


FILTERS = {"agence": "Agence", "client": "Client", "contrat": "Contrat", "equipement": "Equipement",
           "technicien": "Technicien"}  # fmt: skip
OTHERWISE = {"cout_revient", "pieces", "marge", "respect_preventif", "arrets", "stock_valeur", "stock_dormant"}
"""Figures whose sums count something else than the rows of a list: movements, hours, dues, stops, places."""


def _behind(session: Session, figure: str, scope: Scope, group: str | None, now: datetime) -> int:
    """How many parts of a figure were opened; each shows as many rows as the figure counts and leaves out."""
    named, values = compute.filter_names(session, scope), compute.compute(session, figure, scope, group, now=now)
    names = compute.names(session, group, values, scope)
    for key, value in values.items():
        more: dict[str, Any] = {"group": group, "key": key, "name": names[key]} if group else {}
        place = rows_of(figure, scope, named, now, **more)
        alone = figure in {"encours", "pannes", "creances"} or place.section in ("equipements", "techniciens")
        wanted = value.n if alone else value.n + value.exclues
        assert _rows(session, place) == wanted, (figure, group, key, place, value)
    return len(values)


def test_each_figure_opens_its_rows_with_the_same_filters(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(sqlite_engine)
    opened: Counter[str] = Counter()
    for seed in (3, 8):
        world = make(seed)
        now = max(world.now, minuit(world.scope.fin) + timedelta(days=1, hours=9))
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        # One name may be another's beginning, or another's.
        for n, row in enumerate(world.of("Client")):
            row["nom_entreprise"] = "Atlas" if n < 2 else "Atlas Conserves"
        world.of("Equipement")[0]["type_equipement"] = "Presse lourde"
        with sqlite_engine.connect() as connection:
            store(connection, world)
            with Session(connection) as session:
                for place, figure in enumerate(FIGURES):
                    asked = [None, *(f for f in FILTERS if f in figure.groupes and world.of(FILTERS[f]))]
                    for at, filter_ in enumerate(asked):
                        scope = world.scope
                        if filter_ is not None:
                            rows = world.of(FILTERS[filter_])
                            scope = replace(scope, **{f"{filter_}_id": rows[(seed + at) % len(rows)]["id"]})
                        if figure.cle in OTHERWISE:
                            where = rows_of(figure.cle, scope, compute.filter_names(session, scope), now)
                            opened[figure.cle] += _rows(session, where)
                            continue
                        group = [None, *figure.groupes][(place + at + seed) % (len(figure.groupes) + 1)]
                        opened[figure.cle] += _behind(session, figure.cle, scope, group, now)
                    for filter_ in set(FILTERS) - set(figure.groupes):
                        why = compute.may_ask(figure.cle, replace(world.scope, **{f"{filter_}_id": 1}))
                        assert why is not None
                        assert why.endswith(figure.limite)
            connection.rollback()
    assert all(opened[f.cle] for f in FIGURES), opened


def test_the_trend_of_the_backlog_is_what_it_was(sqlite_engine: sa.Engine) -> None:
    free(sqlite_engine)
    world = make(9)
    now = minuit(world.scope.fin) + timedelta(days=2)
    with sqlite_engine.connect() as connection:
        store(connection, world)
        with Session(connection) as session:
            found = dashboard.trends(session, world.scope, now=now)["encours"]
            month = world.scope.fin.replace(day=1) - timedelta(days=1)
            before = replace(world.scope, debut=month.replace(day=1), fin=month)
            assert found[-2] == compute.one(session, "encours", before, now=now).num > 0


def test_a_technicien_has_no_dashboard(sqlite_engine: sa.Engine) -> None:
    with Session(sqlite_engine) as session, pytest.raises(NotAllowedError, match="ouverts aux agents"):
        dashboard.read(session, replace(CHEF, role=Role.TECHNICIEN, agence_id=4), make(0).scope)
