"""A window straight on a centre whose upgrade stands between two revisions: told so, and back by itself."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from erp_desktop.app import Desktop
from erp_desktop.centre import lock, machinery
from erp_desktop.ui.lists.page import ListPage
from tests.ui.window import at_rest


@pytest.mark.parametrize(
    ("at_work", "why"),
    [(True, "Le centre est en cours de mise à niveau"),
     (False, "La mise à niveau du centre s’est arrêtée en chemin")],
)  # fmt: skip
def test_a_window_is_told_and_reads_by_itself_when_it_is_over(
    qtbot: QtBot, far_desktop: Desktop, pg_engine: sa.Engine, at_work: bool, why: str
) -> None:
    shown = at_rest(qtbot, far_desktop)
    page = shown.open_section("clients")
    assert isinstance(page, ListPage)
    at_rest(qtbot, far_desktop)
    rows = page.model.rowCount()
    assert rows > 0
    assert far_desktop.line is not None
    far_desktop.line._again.setInterval(200)

    def said(words: str) -> bool:
        return any(words in label.text() for label in page.findChildren(QLabel) if label.isVisible())

    _install(pg_engine, last=False)
    with pg_engine.connect() as holder:
        if at_work:
            assert lock.take_now(holder)
        page.reload()
        qtbot.waitUntil(lambda: said(why))
        assert page.model.rowCount() == rows, "what is there stays"
        # Asked again and again, it is not taken for one that serves.
        qtbot.wait(700)
        assert shown.status.sync.text().startswith("hors ligne depuis")
        assert said(why)
    _install(pg_engine, last=True)
    qtbot.waitUntil(lambda: shown.status.sync.text() == "en ligne" and not said(why))
    at_rest(qtbot, far_desktop)
    assert page.model.rowCount() == rows


def _install(engine: sa.Engine, *, last: bool) -> None:
    """As an upgrade does, which begins again where it and a reading of the window each wait for the other."""
    for attempt in range(10):
        try:
            with engine.begin() as connection:
                machinery.install(connection, last=last)
        except sa.exc.OperationalError as error:
            if attempt == 9 or "deadlock" not in str(error.orig):
                raise
        else:
            return
