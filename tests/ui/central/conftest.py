"""A window straight on the centre, on a branch with something of everything, under a person's own login."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy.engine import make_url

from erp_desktop import clock
from erp_desktop.app import Desktop
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, User
from erp_desktop.services import calendrier
from erp_desktop.services.administration import demo as reference_data
from erp_desktop.services.demo import data as demo_data
from erp_desktop.services.factures import demo as demo_factures
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.notifications import watcher
from tests.sync.proxy import ChaosProxy


@pytest.fixture
def admin(pg_engine: sa.Engine) -> Acteur:
    """Whoever looks after everything, of a centre whose password was chosen."""
    with transaction(pg_engine) as session:
        agence = Agence(code="CAS", nom="Casablanca", ville="Casablanca")
        user = User(username="nadia", email="nadia@mif.ma", full_name="Nadia Tazi", role="admin")
        session.add_all([agence, user])
        session.flush()
        calendrier.completer(session, clock.today().year)
        demo_data.generer(session, "CAS", 12, 1)
        reference_data.fill(session)
        demo_factures.fill(session, [agence.id], clock.now())
        return Acteur(user.id, user.full_name, Role.ADMIN, None)


@pytest.fixture
def line(pg_url: str) -> Iterator[ChaosProxy]:
    with ChaosProxy.before(pg_url) as made:
        yield made


@pytest.fixture
def own_login(pg_engine: sa.Engine, admin: Acteur) -> Iterator[str]:
    """The person's own at the centre, which reads of an account what colleagues may know."""
    login = f"personne_{uuid.uuid4().hex[:8]}"
    with transaction(pg_engine) as session:
        session.execute(sa.text(f"CREATE ROLE {login} LOGIN IN ROLE erp_central"))
        session.execute(
            sa.text("INSERT INTO sync.logins (login, user_id) VALUES (:l, :u)"), {"l": login, "u": admin.user_id}
        )
    yield login
    with transaction(pg_engine) as session:
        session.execute(sa.text(f"DROP OWNED BY {login}; DROP ROLE {login}"))


@pytest.fixture
def another_window(
    qapp: QApplication, qtbot: QtBot, line: ChaosProxy, pg_url: str, admin: Acteur, own_login: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Desktop]:  # fmt: skip
    """Opens a window of the same person on the same folder, beside or after another."""
    # News is looked for at once after a change and never by the clock: it would fall among any section's.
    monkeypatch.setattr(watcher, "SOON_MS", 50)
    monkeypatch.setattr(watcher, "EVERY_MS", 3_600_000)
    url = make_url(pg_url).set(username=own_login, host="127.0.0.1", port=line.port)
    address = url.render_as_string(hide_password=False)
    settings = Settings(mode=Mode.CENTRE, central_url=address, data_dir=tmp_path, log_dir=tmp_path, theme="clair")

    def opened() -> Desktop:
        made = Desktop(qapp, settings)
        qtbot.addWidget(made.window)
        made.start()
        qtbot.waitUntil(lambda: made.tasks is not None)
        made.log_in(admin)
        return made

    return opened


@pytest.fixture
def far_desktop(another_window: Callable[[], Desktop]) -> Iterator[Desktop]:
    made = another_window()
    yield made
    made.close()
    made.setParent(None)
