"""What an intervention begins and ends with: why it waits, a follow-up, a copy, a model, photos, a signature."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.models import Attente, Document, Intervention, ModeleIntervention
from erp_desktop.reports.papers import bon
from erp_desktop.services import interventions
from erp_desktop.services.interventions import sheet, waits
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.interventions.acts import ActsBar
from erp_desktop.ui.interventions.cell import Cell
from erp_desktop.ui.interventions.lines import LinesTab
from erp_desktop.ui.interventions.reception import ReceptionTab
from tests.ui.company import Monde
from tests.ui.interventions.reading import column, open_form
from tests.ui.window import Bureau


def _bar(bureau: Bureau, row_id: int) -> ActsBar:
    page = bureau.liste()
    open_form(bureau, page, row_id)
    bar = page.form.bar
    assert isinstance(bar, ActsBar)
    return bar


def _panel(bureau: Bureau) -> RecordPage:
    page = bureau.workspace.page
    assert isinstance(page, RecordPage)
    return page


def test_a_wait_has_its_reason_and_its_stretch(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    row_id = monde.interventions[0]
    bar = _bar(bureau, row_id)
    bureau.qtbot.waitUntil(lambda: not bar._deaf.isActive())
    bar._pressed("en_attente")
    assert bar.kind.inner.hasFocus()
    bar.kind.show_value("acces")
    QTest.keyClicks(bar.motive, "Portail clos")
    assert bureau.workspace.page is not None
    panel = bureau.workspace.page.record_panel()
    assert panel is not None
    panel.keep_now()
    kept = bureau.drafts.find("interventions", row_id)
    assert kept is not None
    assert kept.values["$parties"]["ActsBar"] == {"motif": "Portail clos", "attente": "acces"}
    bar.kind.inner.setFocus()
    QTest.keyClick(bar.kind.inner, Qt.Key.Key_Return)
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "en_attente"
    assert column(sqlite_engine, row_id, "motif_attente") == "acces"
    with transaction(sqlite_engine, write=False) as session:
        (told,) = interventions.attentes(session, bureau.acteur, row_id)
        assert (told.motif, told.remarque, told.fin) == ("acces", "Portail clos", None)
    bar.go("en_cours")
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        (told,) = interventions.attentes(session, bureau.acteur, row_id)
        assert told.fin is not None
        assert waits.by_reason(session, [row_id]) == {"acces": told.minutes}
    bureau.window.toaster._undo_last()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        (told,) = interventions.attentes(session, bureau.acteur, row_id)
        assert (told.motif, told.fin) == ("acces", None), "taken back, it goes on"
        assert session.scalar(sa.select(sa.func.count()).select_from(Attente)) == 1


def test_a_follow_up_a_copy_and_a_model_are_begun_by_keyboard(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    row_id = monde.interventions[0]
    bar = _bar(bureau, row_id)
    menu = QMenu()
    bar.others.fill(menu)
    words = [action.text() for action in menu.actions() if action.text()]
    assert words[:4] == [
        "Satisfaction et signature",
        "Intervention de suite",
        "Copier (Ctrl+D)",
        "En faire un modèle",
    ]
    bar.others.follow_up()
    bureau.settle()
    follow = _panel(bureau)
    numero = column(sqlite_engine, row_id, "numero")
    assert follow.panel.fields.editors["origine_id"].words() == numero
    assert follow.panel.dirty, "unsaved work like any other"
    follow.panel.save()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        made = session.scalars(sa.select(Intervention.id).where(Intervention.origine_id == row_id)).one()
        first = interventions.get(session, bureau.acteur, row_id)
        assert [s.id for s in first.suites] == [made]
        assert interventions.get(session, bureau.acteur, made).origine == numero
        with pytest.raises(Exception, match="la suite d'elle-même"):
            interventions.update(session, bureau.acteur, row_id, {"origine_id": made})

    page = bureau.liste()
    assert not page.form.isHidden()
    QTest.keyClick(page, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    copied = _panel(bureau)
    assert copied.panel.fields.editors["titre"].value() == column(sqlite_engine, row_id, "titre")
    assert copied.panel.fields.editors["diagnostic"].value() is None
    copied.panel.cancel()
    bureau.settle()

    bureau.workspace.open_section("interventions")
    bar.others.make_model()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        nom, titre = session.execute(sa.select(ModeleIntervention.nom, ModeleIntervention.titre)).one()
    bureau.workspace.open_record("interventions", None)
    bureau.settle()
    blank = _panel(bureau)
    start = blank.panel.bar
    assert isinstance(start, ActsBar)
    start.others.picker.line.setFocus()
    QTest.keyClicks(start.others.picker.line, next(w for w in nom.split() if w.isascii()))
    bureau.settle()
    start.others.picker.settle()
    bureau.settle()
    assert blank.panel.fields.editors["titre"].value() == titre


def test_the_client_signs_or_refuses_and_the_paper_says_so(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    row_id = monde.interventions[0]
    bar = _bar(bureau, row_id)
    panel = bar._panel
    bar.others.sign()
    (tab,) = (part for part in panel.parts if isinstance(part, ReceptionTab))
    assert tab.satisfaction.inner.hasFocus()
    tab.satisfaction.show_value("4")
    QTest.mousePress(tab.pad, Qt.MouseButton.LeftButton, pos=QPoint(20, 60))
    QTest.mouseMove(tab.pad, QPoint(120, 30))
    QTest.mouseRelease(tab.pad, Qt.MouseButton.LeftButton, pos=QPoint(120, 30))
    panel.keep_now()
    kept = bureau.drafts.find("interventions", row_id)
    assert kept is not None
    assert kept.values["$parties"]["ReceptionTab"]["signature"] == [[list(p) for p in s] for s in tab.pad.strokes]
    panel.save()
    assert tab.fields["signataire"].error.label.text() == "Donnez le nom de la personne qui signe."
    QTest.keyClicks(tab.who.line, "M. Alaoui, chef d'atelier")
    tab.save_button.setFocus()
    QTest.keyClick(tab.save_button, Qt.Key.Key_Return)
    bureau.settle()
    assert tab.satisfaction.inner.hasFocus(), "the keyboard stays with the reception, its button waits"
    assert column(sqlite_engine, row_id, "signature").startswith(b"\x89PNG")
    assert (column(sqlite_engine, row_id, "satisfaction_client"), tab.draft()) == (4, {})
    assert tab.state.text().startswith("Signé par")
    with transaction(sqlite_engine, write=False) as session:
        (signed,) = sheet.sheets(session, bureau.acteur, [row_id])
    assert signed.signe_le is not None
    QTest.keyClicks(tab.refusal.line, "Travaux en litige")
    QTest.keyClick(tab.refusal.line, Qt.Key.Key_Return)
    bureau.settle()
    assert column(sqlite_engine, row_id, "signature") is None
    with transaction(sqlite_engine, write=False) as session:
        (refused,) = sheet.sheets(session, bureau.acteur, [row_id])
    (told,) = bon.donnees([refused], "fr", "")["documents"]
    assert told["refus"] == "Signature refusée : \u2066Travaux en litige\u2069"
    bureau.window.toaster._undo_last()
    bureau.settle()
    assert column(sqlite_engine, row_id, "signature").startswith(b"\x89PNG")
    assert column(sqlite_engine, row_id, "signature_refus") is None


def test_photos_are_of_before_or_after_and_come_by_paste_and_scanner(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    row_id, folder = monde.interventions[0], bureau.settings.data_dir / "scanner"
    folder.mkdir()
    bureau.settings.scanner_dir = folder
    bar = _bar(bureau, row_id)
    panel = bar._panel
    (tab,) = (part for part in panel.parts if isinstance(part, DocumentsTab))
    tab.moment.show_value("avant")
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor("#4f46e5"))
    QGuiApplication.clipboard().setImage(image)
    panel.show_part(tab)
    QTest.keyClick(tab.attach_button, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        photo, moment, mime = session.execute(sa.select(Document.id, Document.moment, Document.mime_type)).one()
    assert (moment, mime) == ("avant", "image/png")
    assert tab._small[photo].width() == 64
    assert tab.scanned.files == []
    (folder / "page 1.pdf").write_bytes(b"%PDF-1.4 une page")
    bureau.qtbot.waitUntil(lambda: [p.name for p in tab.scanned.files] == ["page 1.pdf"], timeout=30_000)
    tab.attach(tab.scanned.files)
    bureau.settle()
    bureau.qtbot.waitUntil(lambda: tab.scanned.files == [], timeout=30_000)
    tab._set_moment(next(d for d in tab._found if d.photo), "apres")
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        (told,) = sheet.sheets(session, bureau.acteur, [row_id])
    assert [(p.moment, p.contenu is not None) for p in told.photos] == [("apres", True)]
    assert b"%PDF" in bon.composer([told])
    assert Statut(told.statut) is Statut.EN_COURS


def test_a_number_of_a_line_is_changed_where_it_stands(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    row_id = monde.interventions[0]
    panel = _bar(bureau, row_id)._panel
    (tab,) = (part for part in panel.parts if isinstance(part, LinesTab))
    panel.show_part(tab)
    tab.designation.show_value("Galet")
    tab.quantity.line.setText("2")
    tab.price.line.setText("100")
    tab.add()
    bureau.settle()

    def quantity() -> Cell:
        return next(cell for cell in tab.findChildren(Cell) if cell.accessibleName() == "Quantité de Galet")

    QTest.keyClick(quantity(), Qt.Key.Key_F2)
    QTest.keyClicks(quantity(), "9")
    QTest.keyClick(quantity(), Qt.Key.Key_Escape)
    assert (quantity().text(), panel.isHidden()) == ("2", False), "Esc gives the value back and leaves no form"
    QTest.keyClick(quantity(), Qt.Key.Key_F2)
    QTest.keyClicks(quantity(), "trois")
    QTest.keyClick(quantity(), Qt.Key.Key_Return)
    assert quantity().toolTip()
    quantity().setText("3,5")
    QTest.keyClick(quantity(), Qt.Key.Key_Return)
    bureau.settle()
    assert tab.total.text() == "Total HT : 350,00 MAD"
    bureau.window.toaster._undo_last()
    bureau.settle()
    assert tab.total.text() == "Total HT : 200,00 MAD"


def test_the_next_record_of_the_list_comes_into_the_form_and_the_keyboard_stays(bureau: Bureau, monde: Monde) -> None:
    page = bureau.liste()
    page.view.select_place(0)
    bureau.settle()
    first = page.form.row_id
    title = page.form.fields.editors["titre"].inner
    title.setFocus()
    QTest.keyClick(title, Qt.Key.Key_PageDown, Qt.KeyboardModifier.AltModifier)
    bureau.settle()
    assert page.form.row_id not in (None, first)
    assert title.hasFocus()
    QTest.keyClick(title, Qt.Key.Key_PageUp, Qt.KeyboardModifier.AltModifier)
    bureau.settle()
    assert page.form.row_id == first
    assert not page.step_record(-1), "there is none before the first"
