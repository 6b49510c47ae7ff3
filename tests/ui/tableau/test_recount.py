"""Old figures stay, pale, while new ones are counted; pointer and screen reader are told that they are old."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie.stock import PieceInput
from erp_desktop.models import Intervention
from erp_desktop.services.stock import parts
from erp_desktop.ui.factures.page import InvoicesPage
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.states import Fading, Recount
from erp_desktop.ui.rapports.page import RapportsPage
from erp_desktop.ui.stock.page import PartsPage
from erp_desktop.ui.tableau.page import TableauPage
from tests.ui.company import Monde
from tests.ui.window import Bureau

OLD = "Chiffre d’avant : il est recompté."


@contextmanager
def held(bureau: Bureau, *, figures: bool = False, long: bool = True) -> Iterator[None]:
    """What is counted waits for what is counted before it."""
    gate = threading.Event()
    bureau.tasks.run(lambda _session: gate.wait(30), long=long, figures=figures)
    try:
        yield
    finally:
        gate.set()
        bureau.settle()


def old(one: Fading) -> bool:
    """Whether a figure says in every way that it is old."""
    assert hasattr(one, "accessibleDescription")
    ways = {one.faded, one.accessibleDescription() == OLD, OLD in one.toolTip()}  # type: ignore[attr-defined]
    assert len(ways) == 1
    return one.faded


def test_the_dashboard_keeps_its_figures_pale(
    qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qapp: QApplication
) -> None:
    page = bureau.workspace.open_section("tableau")
    assert isinstance(page, TableauPage)
    bureau.settle()
    tile = page.tiles["encours"]
    before, tip = tile.accessibleName(), tile.toolTip()
    plain = tile.grab().toImage()
    with held(bureau, figures=True):
        page.reload()
        assert not old(tile), "nothing under 150 ms"
        qtbot.waitUntil(lambda: tile.faded, timeout=5000)
        assert old(tile)
        assert tip in tile.toolTip()
        assert tile.accessibleName() == before
        assert page.ages.accessibleDescription() == OLD
        assert tile.grab().toImage() != plain
        with transaction(sqlite_engine) as session:
            session.execute(sa.update(Intervention).where(Intervention.id == monde.interventions[0])
                            .values(statut="annulee", technicien_id=None))  # fmt: skip
    assert not old(tile)
    assert tile.accessibleName() != before
    assert tile.accessibleName().startswith("Encours : ")
    assert page.ages.accessibleDescription() != OLD
    # What cannot be counted leaves nothing pale.
    with held(bureau, figures=True):
        page.reload()
        qtbot.waitUntil(lambda: tile.faded, timeout=5000)
        page._failed(page._asked, RuntimeError("no disk"))
        assert not old(tile)
    i18n.set_language(qapp, "ar")
    theme.install(qapp, theme.LIGHT)
    with held(bureau, figures=True):
        page.reload()
        qtbot.waitUntil(lambda: tile.faded, timeout=5000)
        assert tile.accessibleDescription() == "رقم سابق: يُعاد حسابه الآن."


def test_the_report_and_the_invoices_do_too(qtbot: QtBot, bureau: Bureau, monde: Monde) -> None:
    assert monde.agence
    report = bureau.workspace.open_section("rapports")
    assert isinstance(report, RapportsPage)
    bureau.settle()
    with held(bureau, figures=True, long=False):
        report.reload()
        qtbot.waitUntil(lambda: all(t.faded for t in report.tuiles.values()), timeout=5000)
        assert all(map(old, report.tuiles.values()))
    assert not any(map(old, report.tuiles.values()))
    page = bureau.workspace.open_section("factures")
    assert isinstance(page, InvoicesPage)
    bureau.settle()
    strip = [*page.strip.tiles.values(), *page.strip.ages.values()]
    amounts = list(page.totals.amounts.values())
    words = [one.text() for one in amounts]
    with held(bureau):
        bureau.bus.publish("factures")
        qtbot.waitUntil(lambda: strip[0].faded and amounts[0].faded, timeout=5000)
        assert all(map(old, [*strip, *amounts]))
        assert [one.text() for one in amounts] == words, "no dash in place of what was known"
    assert not any(map(old, [*strip, *amounts]))


def test_of_another_filter_nothing_is_known(
    qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        part = PieceInput(reference="ROU", designation="Roulement", stock_minimum=1)
        parts.create(session, monde.responsable, part)
    page = bureau.workspace.open_section("stock")
    assert isinstance(page, PartsPage)
    bureau.settle()
    value = page.foot.value
    known = value.text()
    assert known != "—"
    with held(bureau):
        bureau.bus.publish("pieces_detachees")
        qtbot.waitUntil(lambda: value.faded, timeout=5000)
        assert old(value)
        assert value.text() == known
    assert not old(value)
    with held(bureau):
        page.search("rien")
        qtbot.waitUntil(lambda: value.text() == "—", timeout=5000)
        qtbot.wait(Recount.SOON_MS + 50)
        assert not old(value)


@pytest.mark.parametrize("tip", ["", "Formule", "A < B"])
def test_a_tip_comes_back_as_it_was(qtbot: QtBot, tip: str) -> None:
    from erp_desktop.ui.kit.states import FadingText

    one = FadingText("12")
    qtbot.addWidget(one)
    one.tip(tip)
    had = one.toolTip()
    one.fade(True)
    one.fade(True)
    assert old(one)
    one.fade(False)
    assert one.toolTip() == had
    assert not old(one)
