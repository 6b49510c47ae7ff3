"""What figures are narrowed to beside a period and an agency: fields that find a row while its name is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.services.shared import choices
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import Unreadable
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.tasks import Task

_Found = Callable[..., list[choices.Choix]]


def _contracts(session: Any, acteur: Any, text: str) -> list[choices.Choix]:
    return choices.contrats(session, acteur, text, client_id=None)


FIELDS: tuple[tuple[str, str, str, _Found], ...] = (
    ("client", "Client", "Tous les clients", choices.clients),
    ("contrat", "Contrat", "Tous les contrats", _contracts),
    ("equipement", "Équipement", "Tous les équipements", choices.equipements),
    ("technicien", "Technicien", "Tous les techniciens", choices.techniciens),
)
"""Filter, its name, what an empty field says, and what finds its rows. A machine stands for all its parts as well."""


LABELS = 72
"""Width of the names of fields that stand under each other."""


class Narrowing(QWidget):
    """The fields beside each other, or under each other with ``column``."""

    changed = Signal()

    def __init__(self, contexte: Contexte, *, column: bool = False) -> None:
        super().__init__()
        self._contexte = contexte
        self._filling = False
        self._told: dict[str, int | None] = {}
        self.editors: dict[str, PickerEditor] = {}
        way = QBoxLayout.Direction.TopToBottom if column else QBoxLayout.Direction.LeftToRight
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(4)
        box = QBoxLayout(way)
        outer.addLayout(box)
        self.doubt = Text("", "caption", "semantic.danger.text", wrap=True)
        self.doubt.hide()
        outer.addWidget(self.doubt)
        box.setSpacing(6 if column else 8)
        for filter_, name, nothing, found in FIELDS:
            editor = PickerEditor(self._search(found), tr(nothing))
            editor.setAccessibleName(tr(name))
            editor.changed.connect(self._changed)
            editor.doubted.connect(self._doubted)
            line = QHBoxLayout()
            line.setSpacing(6)
            line.addWidget(label := Text(tr(name), "body", "text.secondary"))
            if column:
                label.setMinimumWidth(LABELS)
            line.addWidget(editor, 1)
            box.addLayout(line)
            self.editors[filter_] = editor
        if not column:
            box.addWidget(Button(tr("Tout effacer"), on_click=self.clear))
        self._told = self.ids

    def _search(self, found: _Found) -> Callable[[str, Any], Task]:
        acteur = self._contexte.acteur

        def search(text: str, offer: Any) -> Task:
            def read(session: Any) -> Any:
                return [(one.id, one.libelle, one.detail) for one in found(session, acteur, text)]

            return self._contexte.tasks.run(read, offer, lambda _error: offer(None), owner=self)

        return search

    @property
    def ids(self) -> dict[str, Any]:
        """``client_id`` and so on, as a scope and a definition have them; words that name nobody narrow nothing."""
        found: dict[str, Any] = {}
        for name, editor in self.editors.items():
            try:
                found[f"{name}_id"] = editor.value()
            except Unreadable:
                found[f"{name}_id"] = None
        return found

    @property
    def active(self) -> int:
        """How many narrow."""
        return sum(value is not None for value in self.ids.values())

    def show_ids(self, ids: Mapping[str, int | None], named: Mapping[Any, str]) -> None:
        """Show rows without telling of a change.

        Args:
            named: what they are called, by (filter, identifier).
        """
        self._filling = True
        for name, editor in self.editors.items():
            value = ids.get(f"{name}_id")
            editor.show_value(value, named.get((name, value), "…") if value is not None else "")
        self._filling = False
        self._told = self.ids
        self._doubted("")

    def clear(self) -> None:
        self.show_ids({}, {})
        self.changed.emit()

    def _doubted(self, why: str) -> None:
        """Words that mean no row, or several, stay and narrow nothing; it is said below."""
        self.doubt.setText(why)
        self.doubt.setVisible(bool(why))

    def _changed(self) -> None:
        # Each letter typed is a change of the field, and none of what is looked at.
        if not self._filling and self.ids != self._told:
            self._told = self.ids
            self.changed.emit()
