"""The small forms below the lines of a record."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, PieceInput
from erp_desktop.services import interventions
from erp_desktop.services.stock import depots, ledger, parts
from erp_desktop.ui.forms.entry import EntryPart
from erp_desktop.ui.interventions.lines import LinesTab
from erp_desktop.ui.sections import spec
from tests.ui.company import Monde
from tests.ui.window import Bureau

_SECTIONS = ("interventions", "equipements", "contrats", "factures", "preventif", "checklists")


def press(line: QLineEdit) -> None:
    """A key struck in a field, in sight or not."""
    line.event(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier))


def test_enter_adds_the_line_from_every_field_of_every_small_form(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[EntryPart] = []

    def add(part: EntryPart) -> None:
        added.append(part)

    for section in _SECTIONS:
        spec(section)
    kinds = set(EntryPart.__subclasses__())
    for kind in kinds:
        monkeypatch.setattr(kind, "add", add)
    seen, deaf = set[type[EntryPart]](), []
    for section in _SECTIONS:
        page = bureau.liste(section)
        for part in page.form.parts:
            if not isinstance(part, EntryPart):
                continue
            seen.add(type(part))
            for name, field in part.fields.items():
                line = getattr(field.editor, "line", None)
                if isinstance(line, QLineEdit):
                    before = len(added)
                    press(line)
                    if added[before:] != [part]:
                        deaf.append(f"{type(part).__name__}.{name}")
    assert deaf == []
    assert seen == kinds


def test_what_is_typed_while_a_line_is_written_stays(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    """The form was blank when the line was there: by a slow centre the next one's first words went with it."""

    def written() -> list[str]:
        with transaction(sqlite_engine, write=False) as session:
            found = interventions.lignes(session, monde.responsable, monde.interventions[0])
            return [line.designation for line in found]

    page = bureau.liste()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    tab = next(part for part in page.form.parts if isinstance(part, LinesTab))
    page.form.show_part(tab)
    bureau.settle()
    for name, text in (("designation", "Pompe"), ("quantite", "2"), ("prix_unitaire", "150")):
        tab.fields[name].editor.line.setText(text)
    tab.add()
    tab.fields["designation"].editor.line.setText("Joint")
    tab.fields["prix_unitaire"].editor.line.setText("1507")
    bureau.settle()
    assert written() == ["Pompe"]
    assert tab.fields["designation"].editor.line.text() == "Joint"
    assert tab.fields["quantite"].editor.line.text() == ""
    assert tab.fields["prix_unitaire"].editor.line.text() == "7"
    # Left while it is written, and gone on with: the draft of that record is what came after.
    tab.fields["quantite"].editor.line.setText("1")
    tab.add()
    tab.fields["designation"].editor.line.setText("Courroie")
    page.view.select_id(monde.interventions[1])
    bureau.settle()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    assert written() == ["Pompe", "Joint"]
    assert tab.fields["designation"].editor.line.text() == "Courroie"


def test_a_refusal_of_a_field_that_is_not_in_sight_is_said_where_it_is_seen(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    """A part that was set aside is taken by a button of its line, while the form below is about labour."""
    who, row_id = monde.responsable, monde.interventions[0]
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        van = depots.create(session, who, DepotInput(nom="Fourgon 1", type_depot="vehicule"))
        joint = parts.create(session, who, PieceInput(reference="JNT-63", designation="Kit joints"))
        line = LigneInput(type_ligne="piece", designation="Kit joints", quantite="2", prix_unitaire="9",
                          piece_id=joint, depot_id=van, prevue=True)  # fmt: skip
        interventions.ajouter_ligne(session, who, row_id, line)
        depots.update(session, who, van, {"statut": "clos"})
    page = bureau.liste()
    page.view.select_id(row_id)
    bureau.settle()
    tab = next(part for part in page.form.parts if isinstance(part, LinesTab))

    def take() -> None:
        (button,) = (b for b in tab.findChildren(QAbstractButton) if b.accessibleName() == "Sortir du dépôt")
        button.click()
        bureau.settle()

    page.form.show_part(tab)
    bureau.settle()
    assert not tab.fields["depot_id"].isVisible()
    take()
    assert tab.fields["designation"].error.label.text() == ledger.CLOSED
    assert tab.fields["designation"].error.isVisible()
    # Seen nowhere on its tab, it is a message.
    page.form.tabs.set_current(0)
    bureau.settle()
    tab.fields["designation"].say("")
    take()
    assert bureau.window.toaster.toasts[-1].accessibleName() == ledger.CLOSED
