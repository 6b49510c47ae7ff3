"""The paper beside an invoice shows what is typed before it is saved, and paints a page at the size it was made."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.factures.saisie import FactureInput
from erp_desktop.models import Facture
from erp_desktop.reports.papers import facture
from erp_desktop.services import factures
from erp_desktop.ui.factures.record_page import InvoiceRecordPage
from tests.services.factures.office import law, line
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def page(qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> InvoiceRecordPage:
    """A draft of one line in its tab, its paper laid out."""
    assert monde.responsable is not None
    law(sqlite_engine)
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        session.execute(sa.text("UPDATE sync_meta SET valeur = 'agence' WHERE cle = 'mode'"))
        draft = factures.create(session, monde.responsable, FactureInput(client_id=monde.clients[0]))
        factures.ajouter(session, monde.responsable, draft, line("1000"))
    page = bureau.workspace.open_record("factures", draft)
    assert isinstance(page, InvoiceRecordPage)
    qtbot.waitUntil(lambda: "enregistrée" in page.paper.words.text(), timeout=30_000)
    bureau.settle()
    return page


def test_what_is_typed_shows_on_the_paper_and_nowhere_else(
    qtbot: QtBot, bureau: Bureau, sqlite_engine: sa.Engine, page: InvoiceRecordPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper, editors = page.paper, page.panel.fields.editors
    row_id, printed, saved = page.panel.row_id, [], paper.pages[0]
    read = facture.lire
    monkeypatch.setattr(facture, "lire", lambda *args: printed.append(read(*args)[0]) or [printed[-1]])

    def outbox() -> list[tuple[object, ...]]:
        with sqlite_engine.connect() as line_:
            return [tuple(row) for row in line_.execute(sa.text("SELECT * FROM sync_outbox ORDER BY id"))]

    def put(name: str, words: str) -> None:
        inner = editors[name].inner
        qtbot.keyClick(inner, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(inner, Qt.Key.Key_Delete)
        qtbot.keyClicks(inner, words)

    before = outbox()
    put("remise_pct", "10")
    qtbot.waitUntil(lambda: "pas encore" in paper.words.text(), timeout=30_000)
    assert paper.pages[0] != saved
    assert printed[-1].remise == 100
    assert printed[-1].total_ht == 900
    with transaction(sqlite_engine, write=False) as session:
        assert session.get_one(Facture, row_id).remise_pct == 0
    assert outbox() == before, "a trial leaves nothing to send"

    # What the domain refuses, and what cannot be read, leave what is saved; the pane says so.
    put("remise_pct", "0")
    put("date_facture", "31/12/2150")
    qtbot.waitUntil(lambda: "pas encore venue" in paper.words.text(), timeout=30_000)
    assert printed[-1].total_ht == 1000
    assert printed[-1].jour is None
    put("date_facture", "")
    put("remise_pct", "dix")
    qtbot.waitUntil(lambda: "ne se lit pas" in paper.words.text(), timeout=30_000)

    put("remise_pct", "20")
    page.panel.save()
    qtbot.waitUntil(lambda: "telle qu" in paper.words.text() and printed[-1].total_ht == 800, timeout=30_000)
    assert not bureau.failures


def test_a_page_is_laid_out_at_its_size_once_a_resize_has_settled(
    qtbot: QtBot, page: InvoiceRecordPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper, made = page.paper, []
    images = facture.images
    monkeypatch.setattr(facture, "images", lambda *args, **more: made.append(more["ppp"]) or images(*args, **more))
    first = paper.pages[0]
    assert first.width() == paper.width() - 32, "dot for dot"
    for wide in (460, 500, 540):
        page.splitter.setSizes([page.splitter.width() - wide, wide])
        qtbot.wait(20)
        assert paper.pages[0] is first, "what is there is stretched meanwhile"
        sheet = paper.area.widget().childAt(paper.area.widget().width() // 2, 20)
        assert sheet.width() == paper.width() - 32
    qtbot.waitUntil(lambda: paper.pages[0] is not first, timeout=30_000)
    assert paper.pages[0].width() == paper.width() - 32
    assert len(made) == 1, "asked once, when it had settled"
