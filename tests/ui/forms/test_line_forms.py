"""The small forms below the lines of a record."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from erp_desktop.ui.forms.entry import EntryPart
from erp_desktop.ui.sections import spec
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
