"""What waits beside the board: a page of it, what is looked for in it, and the way to all of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from erp_desktop.db.session import transaction
from erp_desktop.services.planning import backlog
from erp_desktop.services.planning.data import Card, Person
from erp_desktop.ui.planning.drawing import road_begins
from erp_desktop.ui.planning.geometry import Piece, Row
from tests.ui.company import Monde
from tests.ui.planning.week import Semaine
from tests.ui.window import Bureau


def test_what_waits_is_looked_for_and_scrolled(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    """What waits is looked for by words, read on as it is scrolled, and seen whole in the list."""
    s = Semaine(bureau, monde, sqlite_engine)
    side = s.page.side
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backlog, "PAGE", 1)
        patch.setattr(backlog, "MOST", 2)
        with transaction(s.engine) as session:
            s.visit(session, "Attente 2")
        side.first = 1
        s.page.reload()
        bureau.settle()
        assert [v.titre for v in side.view.visits] == ["Attente 0"]
        assert (side.count.text(), side.others.isVisible()) == ("2+", True)
        assert s.page.status()[0].endswith("2+ à planifier")
        bar = side.view.verticalScrollBar()
        bar.setRange(0, 100)
        bar.setValue(100)
        bureau.settle()
        assert [v.titre for v in side.view.visits] == ["Attente 0", "Attente 1"]
        side.search.setText('priorité:basse "attente 2"')
        QTest.keyClick(side.search, Qt.Key.Key_Return)
        bureau.settle()
        assert [v.titre for v in side.view.visits] == ["Attente 2"]
        assert (side.count.text(), side.others.isVisible()) == ("1", False)
        # A board that is read again keeps to what is looked for.
        s.page.reload()
        bureau.settle()
        assert [v.titre for v in side.view.visits] == ["Attente 2"]
        side.search.setText("clef:x rien")
        QTest.keyClick(side.search, Qt.Key.Key_Return)
        bureau.settle()
        assert side.view.visits == ()
        assert "clef" in side.hint.text()
        assert s.page.escape()
        bureau.settle()
        assert len(side.view.visits) == 1
        side.others.click()
        bureau.settle()
        page: Any = bureau.workspace.page
        assert page.filter.text() == backlog.FILTER
        assert page.model.rowCount() == 3


def test_a_travel_is_drawn_in_the_room_that_there_is_before_a_card() -> None:
    def piece(begin: int, end: int, minutes: int | None, day: int = 0) -> Piece:
        return Piece(cast("Card", SimpleNamespace(trajet=minutes)), day, begin, end)

    first, near, far, tomorrow = piece(510, 600, 30), piece(615, 700, 45), piece(760, 800, 45), piece(620, 650, 45, 1)
    line = Row(cast("Person", None), 0, 83, (first, near, far, tomorrow))
    assert [road_begins(line, one) for one in line.pieces] == [480, 600, 715, 575]
