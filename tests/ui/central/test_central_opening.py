"""From the start of a window straight on a centre to its first list: what is asked besides the lines themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy.engine import make_url

from erp_desktop.app import Desktop
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.notifications import watcher
from erp_desktop.ui.sign_in.page import LoginPage
from tests.sync.proxy import ChaosProxy
from tests.ui.window import at_rest

_LINE = 2
"""Round trips of a line to a server without TLS that asks no password: whether it has TLS, and who comes."""


@pytest.mark.parametrize("migrator", [False, True])
def test_the_centre_opens_in_few_round_trips(
    qapp: QApplication, qtbot: QtBot, line: ChaosProxy, pg_url: str, admin: Acteur, own_login: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, migrator: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(watcher, "SOON_MS", 3_600_000)
    url = make_url(pg_url).set(host="127.0.0.1", port=line.port)
    address = (url if migrator else url.set(username=own_login)).render_as_string(hide_password=False)
    settings = Settings(mode=Mode.CENTRE, central_url=address, data_dir=tmp_path, log_dir=tmp_path, theme="clair")
    desktop = Desktop(qapp, settings)
    qtbot.addWidget(desktop.window)
    try:
        desktop.start()
        qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
        # Who asks and what the centre is, then what it says of itself.
        asked = line.turns - _LINE * line.connections
        assert asked <= 3, asked
        desktop.log_in(Acteur(admin.user_id, admin.nom, Role.AGENT, admin.agence_id))
        page = at_rest(qtbot, desktop).tabs.page("interventions")
        assert isinstance(page, ListPage)
        assert page.model.rowCount() > 0
        asked = line.turns - _LINE * line.connections
        assert asked <= 5, asked
    finally:
        desktop.close()
        desktop.setParent(None)
