"""Straight on the centre, on a branch with something of everything: what each section and each record costs.

A round trip is 300 ms to a branch far away: what grows with the number of tables, tabs or figures is a minute there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
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
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.notifications import watcher
from erp_desktop.ui.workspace import Workspace
from tests.sync.proxy import ChaosProxy
from tests.ui.window import settle

SECTIONS = {
    "tableau": 9, "interventions": 3, "planning": 3, "preventif": 3, "checklists": 1, "modeles": 1, "clients": 1,
    "contrats": 6, "equipements": 1, "techniciens": 1, "stock": 5, "mouvements": 2, "inventaires": 1, "depots": 1,
    "factures": 5, "rapports": 13, "composer": 8, "audit": 6, "objectifs": 1, "administration": 2,
}  # fmt: skip
"""Section → round trips until all of it is there, the first time it is opened."""
RECORDS = {
    "interventions": 3, "clients": 5, "equipements": 6, "contrats": 6, "techniciens": 9, "factures": 9, "stock": 5,
    "depots": 3, "inventaires": 5, "preventif": 7, "checklists": 2, "modeles": 2, "objectifs": 1,
}  # fmt: skip
"""Kind → round trips until its page is whole, with its tabs."""
_TABLES = {"stock": "pieces_detachees", "preventif": "plannings", "modeles": "modeles_intervention"}


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
    url = make_url(pg_url)
    with ChaosProxy(url.host or "127.0.0.1", url.port or 5432) as made:
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
def desktop(
    qapp: QApplication, qtbot: QtBot, line: ChaosProxy, pg_url: str, admin: Acteur, own_login: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desktop]:  # fmt: skip
    # News is looked for at once after a change and never by the clock: it would fall among any section's.
    monkeypatch.setattr(watcher, "SOON_MS", 50)
    monkeypatch.setattr(watcher, "EVERY_MS", 3_600_000)
    url = make_url(pg_url).set(username=own_login, host="127.0.0.1", port=line.port)
    address = url.render_as_string(hide_password=False)
    settings = Settings(mode=Mode.CENTRE, central_url=address, data_dir=tmp_path, log_dir=tmp_path, theme="clair")
    made = Desktop(qapp, settings)
    qtbot.addWidget(made.window)
    made.start()
    qtbot.waitUntil(lambda: made.tasks is not None)
    made.log_in(admin)
    yield made
    made.close()
    made.setParent(None)


def at_rest(qtbot: QtBot, desktop: Desktop) -> Workspace:
    assert desktop.workspace is not None
    assert desktop.tasks is not None
    settle(qtbot, desktop.window, desktop.tasks)
    return desktop.workspace


def test_sections_and_records_cost_few_round_trips(
    qtbot: QtBot, desktop: Desktop, line: ChaosProxy, pg_engine: sa.Engine
) -> None:
    failures: list[object] = []
    assert desktop.tasks is not None
    desktop.tasks.failed.connect(failures.append)
    desktop.tasks.told.connect(failures.append)
    shown = at_rest(qtbot, desktop)
    sections, records = {}, {}
    # Every thread has its line open, whatever section comes first.
    shown.open_section("tableau")
    at_rest(qtbot, desktop)
    for key in shown.sections:
        before = line.turns
        page = shown.open_section(key)
        at_rest(qtbot, desktop)
        assert not isinstance(page, ListPage) or not page.banners.count(), key
        sections[key] = line.turns - before
        assert failures == [], key
    for kind in RECORDS:
        with pg_engine.connect() as connection:
            row = connection.scalar(sa.text(f"SELECT max(id) FROM {_TABLES.get(kind, kind)}"))
        before = line.turns
        shown.open_record(kind, row)
        at_rest(qtbot, desktop)
        records[kind] = line.turns - before
        assert failures == [], kind
    assert sections.keys() == SECTIONS.keys()
    # One that the window asks beside them, the number in its navigation, may fall among any.
    assert {key: n for key, n in sections.items() if n > SECTIONS[key] + 1} == {}, sections
    assert {kind: n for kind, n in records.items() if n > RECORDS[kind] + 1} == {}, records
