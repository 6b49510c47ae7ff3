"""A small form inside a part or a page: what is typed is read, and refused, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import Unreadable
from erp_desktop.ui.kit.controls import Field


def read(fields: Mapping[str, Field]) -> dict[str, Any] | None:
    """The values typed; None when a field cannot be read: all of those say why, and the first has the cursor."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, field in fields.items():
        editor: Any = field.editor
        field.say("")
        editor.settle()
        try:
            values[name] = editor.value()
        except Unreadable as error:
            field.say(str(error))
            wrong.append(name)
    if wrong:
        _look_at(fields[wrong[0]])
        return None
    return values


def refuse(contexte: Contexte, fields: Mapping[str, Field], error: Exception, otherwise: str) -> None:
    """Show a refusal under the fields that it names; under ``otherwise`` what names a field that is not here."""
    if isinstance(error, ValidationError):
        for name, words in error.champs.items():
            fields.get(name, fields[otherwise]).say(words)
        _look_at(fields[next((name for name in fields if name in error.champs), otherwise)])
    elif isinstance(error, ErpError):
        contexte.say(str(error), kind="danger")
    else:
        contexte.tasks.failed.emit(error)


def _look_at(field: Field) -> None:
    getattr(field.editor, "inner", field.editor).setFocus()
