"""The screens of invoices on a real cache: what is to be billed, a draft, its lines, what is asked of the centre."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.factures.saisie import FactureInput, PaiementInput
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.models import DemandeValidation, Facture, Intervention, LigneFacture
from erp_desktop.services import factures, interventions
from erp_desktop.ui.factures import marks
from erp_desktop.ui.factures.bar import InvoiceBar
from erp_desktop.ui.factures.billable_page import BillablePage
from erp_desktop.ui.factures.lines import LinesTab
from erp_desktop.ui.factures.page import InvoicesPage
from erp_desktop.ui.factures.payments import PaymentsTab
from erp_desktop.ui.factures.record_page import InvoiceRecordPage
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.interventions.cell import Cell
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.surfaces import Etapes
from tests.services.factures.office import law, line, validate
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def billed(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> int:
    """A closed job with two lines that the client pays; its identifier."""
    job = monde.interventions[4]
    assert monde.responsable is not None
    law(sqlite_engine)
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        session.execute(sa.text("UPDATE sync_meta SET valeur = 'agence' WHERE cle = 'mode'"))
        for words, price in (("Main-d'œuvre", "320"), ("Roulement 6308-C3", "215")):
            given = {"type_ligne": "autre", "designation": words, "quantite": Decimal(2)}
            line = LigneInput(**given, prix_unitaire=Decimal(price))
            interventions.ajouter_ligne(session, monde.responsable, job, line)
    return job


def part(page: RecordPage, kind: type) -> object:
    return page.panel.findChild(kind)


def test_work_becomes_a_draft_whose_lines_are_typed_and_which_is_sent(
    qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, billed: int
) -> None:
    page = bureau.workspace.open_section("factures")
    assert isinstance(page, InvoicesPage)
    bureau.settle()
    assert page.count.text() == "0 facture"
    page.billable.click()
    bureau.settle()
    board = bureau.workspace.page
    assert isinstance(board, BillablePage)
    assert bureau.workspace.open_record("a_facturer", None) is board, "asked for again, it is the same tab"
    (one, box), *rest = board.boxes
    assert (one.id, one.reste, rest) == (billed, Decimal("1070.00"), [])
    board.all.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(board.all, Qt.Key.Key_Tab)
    assert box.hasFocus(), "Tab comes by what was read before what is under it"
    lines = (one, replace(one, reference="CTR-CAS-00-2024-0001", reste=Decimal("126650.00"), retard=138))
    board._show(list(lines))
    bureau.settle()
    titles = {line.findChildren(Text)[0].x() for line in (box.parentWidget() for _, box in board.boxes)}
    assert len(titles) == 1, "what a line is about begins under that of the line before"
    said = [" ".join(text.text() for text in box.parentWidget().findChildren(Text)) for _, box in board.boxes]
    assert ["en retard de 138 jours" in words for words in said] == [False, True]
    # Many late parts of a contract are one line, shown when asked for.
    days = [date(2026, month, 1) for month in (1, 2, 3)]
    late = [replace(one, genre="periode", id=9, du=day, jour=day, retard=99) for day in days]
    board._show([one, *late])
    assert [found for found, _ in board.boxes] == [one]
    assert "4 à facturer" in board.figure.text()
    [folded] = [text for text in board.findChildren(Text) if "échéances en retard" in text.text()]
    assert folded.text() == "3 échéances en retard, depuis le 01/01/2026"
    board.tick_all()
    assert board.total.text().startswith("1 cochée")
    board.tick_all()
    next(b for b in board.findChildren(Button) if b.text() == "Montrer").click()
    bureau.settle()
    board._show([one, *late])
    assert [found.du for found, _ in board.boxes] == [one.du, *(part.du for part in late)]
    board.reload()
    bureau.settle()
    ((one, box),) = board.boxes
    assert isinstance(box, QCheckBox)
    assert box.isVisible()
    assert not board.make.isEnabled()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert "1" in board.total.text()
    assert board.make.isEnabled()
    board.make.click()
    bureau.settle()

    record = bureau.workspace.page
    assert isinstance(record, RecordPage)
    lines = part(record, LinesTab)
    assert isinstance(lines, LinesTab)
    assert lines.words.text() == "mille deux cent quatre-vingt-quatre dirhams"
    record.panel.tabs.set_current(1)
    lines.take_focus()
    for name, typed in (("designation", "Bon de transport"), ("prix_unitaire", "100"), ("remise_pct", "10")):
        lines.fields[name].editor.line.setText(typed)  # type: ignore[attr-defined]
    qtbot.keyClick(lines.fields["remise_pct"].editor.line, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        draft = session.scalars(sa.select(Facture)).one()
        assert draft.total_ttc == Decimal("1392.00")
        assert session.scalar(sa.select(sa.func.count()).select_from(LigneFacture)) == 3
        invoice = draft.id
    assert invoice == record.panel.row_id
    # A number of the free line is typed over where it stands, and given back by the toast.
    cells = {cell.accessibleName(): cell for cell in lines.findChildren(Cell)}
    price = cells["Prix de Bon de transport"]
    price.setText("200")
    qtbot.keyClick(price, Qt.Key.Key_Return)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert session.get_one(Facture, invoice).total_ttc == Decimal("1500.00")
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert session.get_one(Facture, invoice).total_ttc == Decimal("1392.00")

    bar = part(record, InvoiceBar)
    assert isinstance(bar, InvoiceBar)
    send = bar.buttons["demander"]
    assert send.text() == "Transmettre au siège"
    send.click()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        asked = session.scalars(sa.select(DemandeValidation)).one()
        assert (asked.facture_id, asked.etat) == (invoice, "en_attente")
    assert set(bar.buttons) == {"reprendre", "apercu"}
    (chain,) = (one for one in bar.findChildren(Etapes) if not one.isHidden())
    assert chain.accessibleName() == "Étape 2 sur 5 : À transmettre"
    chain.resize(200, 26)
    assert chain.named == [1]
    chain.resize(900, 26)
    assert chain.named == [0, 1, 2, 3, 4]
    assert not lines.form.isVisible()
    bar.buttons["reprendre"].click()
    bureau.settle()
    bar.buttons["demander"].click()
    bureau.settle()
    # Nothing of it is shown any more when the toast is taken up.
    bar.show_record(None, None)
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert session.scalars(sa.select(DemandeValidation)).all() == []


def test_what_is_half_typed_of_a_line_or_a_payment_stays_with_its_invoice(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, billed: int
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        first = factures.depuis_interventions(session, monde.responsable, [billed])
        other = factures.create(
            session, monde.responsable, FactureInput(client_id=monde.clients[0])
        )  # fmt: skip
    record = bureau.workspace.open_record("factures", first)
    assert isinstance(record, RecordPage)
    bureau.settle()
    lines = part(record, LinesTab)
    assert isinstance(lines, LinesTab)
    editor = lines.fields["designation"].editor
    editor.line.setText("À moitié")  # type: ignore[attr-defined]
    editor.line.textEdited.emit("À moitié")  # type: ignore[attr-defined]
    assert lines.draft() == {"designation": "À moitié"}
    second = bureau.workspace.open_record("factures", other)
    assert isinstance(second, RecordPage)
    bureau.settle()
    blank = part(second, LinesTab)
    assert isinstance(blank, LinesTab)
    assert blank.draft() == {}
    money = part(second, PaymentsTab)
    assert isinstance(money, PaymentsTab)
    # Nothing is due of a draft.
    assert not money.form.isVisible()


def test_a_validated_invoice_is_paid_in_part_and_given_back(
    qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, billed: int, tmp_path: Path
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        invoice = factures.depuis_interventions(session, monde.responsable, [billed])
    validate(SimpleNamespace(engine=sqlite_engine), invoice)  # type: ignore[arg-type]
    record = bureau.workspace.open_record("factures", invoice)
    assert isinstance(record, RecordPage)
    bureau.settle()
    bar, money, lines = (part(record, kind) for kind in (InvoiceBar, PaymentsTab, LinesTab))
    assert isinstance(bar, InvoiceBar)
    assert isinstance(money, PaymentsTab)
    assert isinstance(lines, LinesTab)
    assert not lines.form.isVisible()
    bar.buttons["payer"].click()
    assert money.isVisible()
    assert "1 284,00" in money.told_due.text()
    money.fields["montant"].editor.line.setText("2000")  # type: ignore[attr-defined]
    qtbot.keyClick(money.fields["montant"].editor.line, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    bureau.settle()
    assert "dépasse" in money.fields["montant"].error.label.text()
    money.fields["montant"].editor.line.setText("284")  # type: ignore[attr-defined]
    qtbot.keyClick(money.fields["montant"].editor.line, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    bureau.settle()
    assert "1 000,00" in money.told_due.text()
    assert money.lines.count() == 1
    older = tmp_path / "facture.xml"
    older.mkdir()
    bar.keep_ubl(invoice, older)
    bureau.settle()
    assert last_words(bureau).replace("’", "'").endswith("facture.xml : c'est un dossier.")
    older.rmdir()
    bar.keep_ubl(invoice, older)
    bureau.settle()
    assert last_words(bureau) == "Facture enregistrée dans facture.xml"
    assert older.read_bytes().startswith(b"<?xml")
    assert [one.name for one in tmp_path.glob("*xml")] == ["facture.xml"]
    bar.buttons["avoir"].click()
    bureau.settle()
    note = bureau.workspace.page
    assert isinstance(note, RecordPage)
    with transaction(sqlite_engine, write=False) as session:
        row = session.get_one(Facture, note.panel.row_id)
        assert (row.type_facture, row.facture_origine_id) == ("avoir", invoice)


def last_words(bureau: Bureau) -> str:
    """What the last toast says."""
    label = bureau.window.toaster.toasts[-1].findChild(QLabel)
    assert isinstance(label, QLabel)
    return label.text()


def test_marking_sent_and_a_reminder_are_taken_back_by_their_toast(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, billed: int
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        invoice = factures.depuis_interventions(session, monde.responsable, [billed])
    validate(SimpleNamespace(engine=sqlite_engine), invoice)  # type: ignore[arg-type]
    record = bureau.workspace.open_record("factures", invoice)
    assert isinstance(record, RecordPage)
    bureau.settle()
    bar = part(record, InvoiceBar)
    assert isinstance(bar, InvoiceBar)

    def press(name: str) -> None:
        bar.buttons[name].click()
        bureau.settle()

    def take_back() -> str:
        toast = bureau.window.toaster.toasts[-1]
        toast.undo()
        bureau.settle()
        return last_words(bureau)

    press("envoyer")
    assert "envoyer" not in bar.buttons
    assert take_back() == "La facture n’est plus marquée envoyée"
    assert "envoyer" in bar.buttons
    press("envoyer")
    sent = bureau.window.toaster.toasts[-1]
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        told = PaiementInput(parts=[{"facture_id": invoice, "montant": "10"}], date_paiement=clock.today(),
                             mode_paiement="virement")  # fmt: skip
        factures.encaisser(session, monde.responsable, told)
    sent.undo()
    bureau.settle()
    assert "suivi d’une relance, d’un paiement" in last_words(bureau)
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        session.execute(sa.text("UPDATE factures SET date_echeance = '2026-01-05' WHERE id = :f"), {"f": invoice})
        session.execute(sa.text("UPDATE _sync_session SET muet = 0"))
    bureau.bus.publish("factures", invoice)
    bureau.settle()
    press("relancer")
    with transaction(sqlite_engine, write=False) as session:
        assert [r.niveau for r in factures.relances(session, monde.responsable, invoice)] == [0, 1]
    assert take_back() == "Relance retirée"
    with transaction(sqlite_engine, write=False) as session:
        assert [r.niveau for r in factures.relances(session, monde.responsable, invoice)] == [0]


def test_the_foot_adds_up_what_the_filter_finds_and_rows_are_ticked(
    qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, billed: int
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        invoice = factures.depuis_interventions(session, monde.responsable, [billed])
        for client in monde.clients:
            factures.create(session, monde.responsable, FactureInput(client_id=client))
    validate(SimpleNamespace(engine=sqlite_engine), invoice)  # type: ignore[arg-type]
    page = bureau.liste("factures")
    assert isinstance(page, InvoicesPage)
    told = {name: _bare(text) for name, text in page.totals.amounts.items()}
    assert told == {
        "total_ht": "1 070,00", "total_tva": "214,00", "total_ttc": "1 284,00", "regle": "0,00", "solde": "1 284,00",
    }  # fmt: skip
    page.filter.set_text("statut:brouillon")
    qtbot.waitUntil(lambda: page.model.busy)
    assert {text.text() for text in page.totals.amounts.values()} == {"—"}, "never a zero while it is read"
    bureau.settle()
    assert {_bare(text) for text in page.totals.amounts.values()} == {"0,00"}
    assert page.totals.count.text().endswith("3 factures")
    # Of a draft's number the end is shown, and the whole where it is asked for.
    number = page.model.index(0, 0)
    assert str(number.data()).startswith("PROV-…-000")
    assert str(number.data(Qt.ItemDataRole.ToolTipRole)).startswith("PROV-CAS-")

    assert [state for state, tile in page.strip.tiles.items() if tile.property("on")] == ["brouillon"]
    page.filter.set_text("")
    bureau.settle()
    assert not any(tile.property("on") for tile in page.strip.tiles.values())
    view, every = page.view, page.view.every
    rows = view.verticalHeader()
    assert every is not None
    assert every.state() == Qt.CheckState.Unchecked
    middle = [QPoint(rows.width() // 2, rows.sectionViewportPosition(n) + 8) for n in range(4)]
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=middle[0])
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, middle[2])
    bureau.settle()
    assert view.chosen_spans() == [(0, 3)]
    assert every.state() == Qt.CheckState.PartiallyChecked
    assert page.selection.bar.isVisible()
    assert not page.beside.open, "ticking opens no form"
    told = {row.id: row.solde for row in map(page.model.row_at, range(3)) if row is not None}
    assert _bare(page.chosen_due) == f"solde {_bare_words(marks.mad(sum(told.values(), Decimal(0))))}"
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=middle[1])
    assert view.chosen_spans() == [(0, 1), (2, 3)]
    qtbot.mouseClick(every, Qt.MouseButton.LeftButton)
    assert every.state() == Qt.CheckState.Checked
    qtbot.mouseClick(every, Qt.MouseButton.LeftButton)
    assert view.chosen_spans() == []


def test_the_paper_beside_an_invoice_follows_what_is_saved_and_stays_put_away(
    qtbot: QtBot, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, billed: int
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        invoice = factures.depuis_interventions(session, monde.responsable, [billed])
        work = session.get_one(Intervention, billed)
        work.date_fin_travaux = datetime(2026, 6, 10, 23, 30, tzinfo=UTC)
        session.flush()
        days = {one.jour for one in factures.lignes(session, monde.responsable, invoice)}
    assert days == {date(2026, 6, 11)}, "the day of the work, where this program runs"
    page = bureau.workspace.open_record("factures", invoice)
    assert isinstance(page, InvoiceRecordPage)
    paper = page.paper
    qtbot.waitUntil(lambda: len(paper.pages) == 1, timeout=30_000)
    assert paper.isVisible()
    before = paper.pages[0]
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        factures.ajouter(session, monde.responsable, invoice, line("4321"))
    bureau.bus.publish("lignes_facture", invoice)
    qtbot.waitUntil(lambda: bool(paper.pages) and paper.pages[0] != before, timeout=30_000)
    # Put away, it asks for nothing; opened again, it shows what was saved meanwhile.
    paper.button.click()
    assert not paper.area.isVisible()
    shown = paper.pages[0]
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        factures.ajouter(session, monde.responsable, invoice, line("99"))
    bureau.bus.publish("lignes_facture", invoice)
    bureau.settle()
    assert paper.pages[0] == shown
    again = InvoiceRecordPage(page.panel.contexte, None)
    qtbot.addWidget(again)
    assert not again.paper.open, "remembered on this desktop"
    paper.button.click()
    qtbot.waitUntil(lambda: bool(paper.pages) and paper.pages[0] != shown, timeout=30_000)
    bureau.window.resize(1366, 768)
    qtbot.waitUntil(lambda: not paper.isVisible())


def _bare(text: QLabel) -> str:
    return _bare_words(text.text())


def _bare_words(words: str) -> str:
    """A figure without the marks that keep it apart from right-to-left words, with plain spaces."""
    return words.translate({0x2066: None, 0x2067: None, 0x2069: None, 0x202F: " ", 0xA0: " "})
