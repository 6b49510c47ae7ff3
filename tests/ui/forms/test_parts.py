"""Each part of a record that takes typing belongs to its draft, is blank with the next record and named when left."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.services.planning import absences
from erp_desktop.services.planning.absences import AbsenceInput
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.equipements.meters import MetersTab
from erp_desktop.ui.factures.bar import InvoiceBar
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kinds import KINDS
from erp_desktop.ui.planning.absences import AbsencesTab
from erp_desktop.ui.preventif.bar import PlanBar
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_with_fields_has_a_draft_of_what_is_typed_alone(bureau: Bureau, kind: str) -> None:
    page = bureau.workspace.open_record(kind, None)
    if not isinstance(page, RecordPage):
        return
    bureau.settle()
    for part in page.panel._all_parts():
        if isinstance(part, InvoiceBar | PlanBar):
            continue  # They ask for no motive, and never show the line of one.
        fields = [one for one in part.findChildren(QLineEdit) if not one.isReadOnly()]
        if fields or part.findChildren(QPlainTextEdit):
            assert type(part).draft is not RecordPart.draft, f"{type(part).__name__} of {kind} takes typing"
    # Left before it showed anything it names nothing as typed.
    empty = FormPanel(page.panel.spec, page.panel.contexte, beside_list=True)
    bureau.qtbot.addWidget(empty)
    bureau.settle()
    assert {type(part).__name__: part.draft() for part in empty._all_parts() if part.draft()} == {}
    assert len(empty.parts) == len(page.panel.parts)


def test_an_absence_stays_with_its_technicien(bureau: Bureau, monde: Monde) -> None:
    karim, hind = monde.techniciens
    page = bureau.liste("techniciens")
    page.view.select_id(karim)
    bureau.settle()
    tab = next(part for part in page.form.parts if isinstance(part, AbsencesTab))
    box = tab.inside
    assert tab.draft() == {}
    box.kind.show_value("formation")
    bureau.qtbot.keyClicks(box.begin.line, "demain 9h")
    bureau.qtbot.keyClicks(box.note.line, "Soud")
    typed = tab.draft()
    assert typed == {
        "absence": None, "type": "formation", "statut": box.state.value(), "debut": "demain 9h", "remarque": "Soud",
    }  # fmt: skip
    assert page.form.dirty
    bureau.bus.publish("techniciens", karim)
    bureau.settle()
    assert tab.draft() == typed
    page.view.select_id(hind)
    bureau.settle()
    assert tab.draft() == {}
    assert box.note.line.text() == ""
    assert any("Absence non enregistrée" in toast.accessibleName() for toast in bureau.window.toaster.toasts)
    page.view.select_id(karim)
    bureau.settle()
    assert tab.draft() == typed
    bureau.qtbot.keyClicks(box.end.line, "demain 17h")
    box.save()
    bureau.settle()
    assert tab.draft() == {}
    page.form.keep_now()
    assert bureau.drafts.find("techniciens", karim) is None
    ((noted, _line),) = box.lines
    assert (noted.type, noted.remarque) == ("formation", "Soud")
    # One that is being changed stays the one that is changed.
    box.buttons[noted.id, "modifier"].click()
    bureau.bus.publish("techniciens", karim)
    bureau.settle()
    assert box.heading.text() == "Modifier l’absence"
    box.note.line.end(False)
    bureau.qtbot.keyClicks(box.note.line, "ure")
    typed = tab.draft()
    assert (typed["absence"], typed["remarque"]) == (noted.id, "Soudure")
    page.view.select_id(hind)
    bureau.settle()
    page.view.select_id(karim)
    bureau.settle()
    assert tab.draft() == typed
    box.save()
    bureau.settle()
    assert [(row.id, row.remarque) for row, _line in box.lines] == [(noted.id, "Soudure")]
    assert clock.local(box.lines[0][0].debut).hour == 9


def test_a_half_typed_absence_stays_while_another_is_decided(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    karim, who = monde.techniciens[0], monde.responsable
    assert who is not None
    begin = clock.now() + timedelta(days=3)
    with transaction(sqlite_engine, who.user_id) as session:
        asked = AbsenceInput(technicien_id=karim, type="conge", statut="demande", debut=begin,
                             fin=begin + timedelta(days=1))  # fmt: skip
        ident = absences.create(session, who, asked)
    page = bureau.liste("techniciens")
    page.view.select_id(karim)
    bureau.settle()
    tab = next(part for part in page.form.parts if isinstance(part, AbsencesTab))
    bureau.qtbot.keyClicks(tab.inside.begin.line, "demain 9h")
    bureau.qtbot.keyClicks(tab.inside.note.line, "Soudure")
    typed = tab.draft()
    tab.inside.buttons[ident, "acceptee"].click()
    bureau.settle()
    assert [row.statut for row, _line in tab.inside.lines] == ["acceptee"]
    assert tab.draft() == typed
    assert (tab.inside.begin.line.text(), tab.inside.note.line.text()) == ("demain 9h", "Soudure")


def test_what_is_selected_is_typed_over_though_its_record_is_read_again(bureau: Bureau, monde: Monde) -> None:
    page = bureau.liste()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    editors = page.form.fields.editors
    for name in ("titre", "client_id", "date_planifiee", "diagnostic"):
        inner = editors[name].inner
        inner.setFocus()
        inner.selectAll()
        bureau.bus.publish("interventions", monde.interventions[0])
        bureau.settle()
        bureau.qtbot.keyClicks(inner, "1")
        typed = inner.toPlainText() if name == "diagnostic" else inner.text()
        assert typed == "1", name
        page.form.cancel()
        bureau.settle()


def test_what_is_said_of_photos_is_said_of_one_record(bureau: Bureau, monde: Monde) -> None:
    page = bureau.liste()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    tab = next(part for part in page.form.parts if isinstance(part, DocumentsTab))
    tab.moment.show_value("avant")
    bureau.bus.publish("interventions", monde.interventions[0])
    bureau.settle()
    assert tab.moment.value() == "avant"
    page.view.select_id(monde.interventions[1])
    bureau.settle()
    assert tab.moment.value() == ""


def test_a_part_that_cannot_be_read_says_so_alone_and_is_read_again(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    def rename(table: str, to: str) -> None:
        with transaction(sqlite_engine) as session:
            session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {to}"))

    page = bureau.liste("equipements")
    rename("compteurs", "compteurs_loin")
    page.view.select_id(monde.machines[0])
    bureau.settle()
    broken = next(part for part in page.form.parts if isinstance(part, MetersTab))
    whole = next(part for part in page.form.parts if isinstance(part, DocumentsTab))
    page.form.show_part(broken)
    assert broken.unread is not None
    assert broken.unread.isVisible()
    assert broken.unread.words.text() == "Le détail est dans le journal de ce poste."
    assert whole.unread is None
    assert page.form.record.id == monde.machines[0]
    assert bureau.failures
    bureau.failures.clear()
    # Still broken: it stays.
    broken.unread.retry.click()
    bureau.settle()
    assert broken.unread.isVisible()
    bureau.failures.clear()
    rename("compteurs_loin", "compteurs")
    broken.unread.retry.click()
    bureau.settle()
    assert not broken.unread.isVisible()
    assert bureau.failures == []
