"""The dashboard's numbers are those of the catalogue, and the list that each one opens shows as many rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite, Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.managers import dashboard
from erp_desktop.reports.managers.dashboard import Dashboard
from erp_desktop.reports.sql import minuit
from erp_desktop.services import contrats, interventions
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.stock import parts
from erp_desktop.ui.tableau import words
from erp_desktop.ui.tableau.words import Place
from tests.reports.catalogue.world import free, make, store

CHEF = Acteur(1, "Amina", Role.RESPONSABLE, None)
LISTS = {"interventions": interventions.ids, "contrats": contrats.ids, "stock": parts.ids}


def _rows(session: Session, place: Place) -> int:
    return len(LISTS[place.section](session, CHEF, ListQuery(place.words)))


def _tiles(session: Session, board: Dashboard) -> None:
    for tile in board.tiles:
        alone = compute.one(session, tile.figure, board.scope, now=board.calcule_a)
        assert tile.value == alone, tile.figure
        assert tile.before == compute.one(session, tile.figure, board.before, now=board.calcule_a), tile.figure
        place = words.rows_of(tile.figure, board.scope)
        shown = _rows(session, Place(place.section, place.words + words.agency(board)))
        # A failure of a machine that was withdrawn since is in the list, and not in the mean.
        counted = {"encours": tile.value.num, "mtbf": shown}.get(tile.figure, tile.value.n + tile.value.exclues)
        assert shown == counted, (tile, place)


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
                for age in board.ages:
                    assert _rows(session, words.of_age(board, age)) == age.total
                    seen["ages"] += age.total
                    for key, n in zip(Priorite, age.counts, strict=True):
                        assert _rows(session, words.of_age(board, age, str(key))) == n
                failed = words.rows_of("pannes", board.scope).words + words.agency(board)
                assert sum(s.value.num for s in board.codes) == _rows(session, Place("interventions", failed))
                for one in board.decisions:
                    if one.section in LISTS:
                        assert _rows(session, Place(one.section, one.words)) == one.count, one
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
