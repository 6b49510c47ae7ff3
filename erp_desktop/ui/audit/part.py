"""A tab of what happened to a record: read behind the window, one line each, the latest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import IconLabel, Text, clear
from erp_desktop.ui.kit.i18n import tr

T = TypeVar("T")


class HistoryPart(RecordPart, Generic[T]):
    """Read only.

    Args:
        ask: ``ask(session, acteur, id of the record)`` → what happened to it.
        line: what one of these looks like, see :func:`line`.
        most: lines that are drawn at most; the tab counts them all.
    """

    def __init__(
        self,
        panel: FormPanel,
        ask: Callable[[Any, Acteur, int], Sequence[T]],
        line: Callable[[T], QWidget],
        most: int | None = None,
    ) -> None:
        super().__init__()
        self._panel, self._ask, self._line, self._most = panel, ask, line, most
        self._row_id: int | None = None
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 12, 14, 12)
        self.column.setSpacing(10)

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        self._row_id = row_id
        if row_id is None:
            self._show(None, [])
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: self._ask(session, acteur, row_id), lambda found: self._show(row_id, found), owner=self
        )

    def _show(self, row_id: int | None, found: Sequence[T]) -> None:
        if row_id != self._row_id:
            return
        clear(self.column)
        for one in found[: self._most]:
            self.column.addWidget(self._line(one))
        if not found:
            self.column.addWidget(Text(tr("Aucune action enregistrée."), "body", "text.tertiary"))
        self.column.addStretch()
        self.counted.emit(len(found))


def line(what: str, values: Sequence[str], who: str, icon: str = "clock-counter-clockwise") -> QWidget:
    """One act: what it was, the values that it changed, and who says so, when."""
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(10)
    row.addWidget(IconLabel(icon, "text.tertiary", 15), 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.setSpacing(1)
    words.addWidget(Text(what, "strong", wrap=True))
    for told in values:
        words.addWidget(Text(told, "body", "text.secondary", wrap=True))
    words.addWidget(Text(who, "caption", "text.tertiary"))
    row.addLayout(words, 1)
    return widget


def show_history(page: object) -> None:
    """Bring the history of an open record in sight, as soon as it is read; nothing where its form has none."""
    if not isinstance(page, RecordPage):
        return
    panel = page.panel

    def show() -> None:
        part = next((one for one in panel.parts if isinstance(one, HistoryPart)), None)
        if part is not None:
            panel.show_part(part)

    if panel.record is not None:
        show()
    else:
        panel.shown.connect(show, Qt.ConnectionType.SingleShotConnection)
