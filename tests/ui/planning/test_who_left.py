"""The row of a technicien who left, on the board and on its paper."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.ui.planning import printing, words
from tests.ui.company import Monde
from tests.ui.planning.week import MONDAY, Semaine, at
from tests.ui.window import Bureau


@pytest.fixture
def semaine(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> Semaine:
    return Semaine(bureau, monde, sqlite_engine)


def test_who_left_is_marked_where_work_waits_and_gone_elsewhere(semaine: Semaine) -> None:
    s = semaine
    with transaction(s.engine) as session:
        closed = "UPDATE users SET is_active = FALSE WHERE id = (SELECT user_id FROM techniciens WHERE id = :id)"
        session.execute(sa.text(closed), {"id": s.karim})
    s.page.reload()
    s.bureau.settle()
    board, grid = s.page.board, s.view.grid
    assert board is not None
    assert grid is not None
    assert {row.person.id: row.person.parti for row in grid.rows} == {s.hind: False, s.karim: True}
    (card,) = (c for c in board.cards if c.technicien_id == s.karim)
    assert "n’est plus en activité" in words.card(board, card)
    paper = {line["nom"]: line["charge"] for line in printing.data(board, s.page.chips.people(board))["lignes"]}
    assert paper["Karim Alaoui"] == "n’est plus en activité"
    # A visit dropped there is refused in words, one of theirs taken over is not.
    s.drag(s.fiches[0], s.spot(s.karim, at(15)))
    assert [who for who, _begin, _end in s.slots(s.fiches[0])] == [s.hind]
    s.drag(s.fiches[2], s.spot(s.hind, at(10, day=1)))
    assert [who for who, _begin, _end in s.slots(s.fiches[2])] == [s.hind]
    assert [row.person.id for row in s.view.grid.rows] == [s.hind]
    s.page.show_day(MONDAY + timedelta(days=7))
    s.bureau.settle()
    assert [row.person.id for row in s.view.grid.rows] == [s.hind]
