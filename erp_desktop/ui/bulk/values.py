"""What bulk edit says of a value and reads from a field."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from erp_desktop import clock
from erp_desktop.services.shared.bulk import Addition, Shift
from erp_desktop.ui.forms.editors import Editor, LineEditor
from erp_desktop.ui.forms.spec import ADD, FieldSpec, FormSpec
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels

_SHIFT = re.compile(r"([+\-−])\s*(\d{1,3})\s*(?:j\w*\s+ouv\w*|jo|working\s+days?|wd|(?:يوم|أيام) عمل)", re.IGNORECASE)


def shift(editor: Editor, one: FieldSpec) -> Shift | None:
    """« +1 jour ouvré » typed in the field of a date."""
    if one.kind not in ("date", "instant") or not isinstance(editor, LineEditor):
        return None
    found = _SHIFT.fullmatch(editor.line.text().strip())
    return Shift(int(found[2]) * (1 if found[1] == "+" else -1)) if found else None


def read(editor: Editor, one: FieldSpec) -> Any:
    """The value for every record.

    Raises:
        Unreadable: what is typed is none.
    """
    moved = shift(editor, one)
    if moved is not None:
        return moved
    value = editor.value()
    return Addition(str(value)) if one.bulk == ADD and value else value


def words(one: FieldSpec, record: Any) -> str:
    """The value of a field as a clerk reads it."""
    if one.shown is not None:
        return one.shown(record) or value_labels.NONE
    value = getattr(record, one.name, None)
    if value is None or value == "":
        return value_labels.NONE
    if isinstance(value, bool):
        return tr("Oui") if value else tr("Non")
    if one.options is not None:
        return dict(one.options()).get(str(value), str(value))
    if isinstance(value, datetime):
        # Two of them stand side by side in a narrow panel.
        return value_labels.instant(value, year=clock.local(value).year != clock.today().year)
    return value_labels.day(value) if isinstance(value, date) else str(value)


def differences(spec: FormSpec, before: Any, after: Any, ticked: set[str]) -> list[tuple[str, str, str]]:
    """``(label, before, after)`` of each field that differs: those ticked first, then what follows from them."""
    fields = sorted(spec.fields, key=lambda one: one.name not in ticked)
    found = []
    for one in fields:
        old, new = words(one, before), words(one, after)
        if old != new:
            found.append((tr(one.label), old, new))
    was, now = spec.head(before).status, spec.head(after).status
    if was is not None and now is not None and was != now:
        found.append((tr("Statut"), was[1], now[1]))
    return found
