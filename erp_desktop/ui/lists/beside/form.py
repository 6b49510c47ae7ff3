"""The form beside a list: made in pieces once the first rows are there, or at once when a row is opened sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.remembered import after

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage

BETWEEN_MS = 20
"""Between two pieces the window paints and answers keys."""
AT_ONCE = 7
"""Fields that are one piece: some ten milliseconds."""


class Beside:
    """Holds the form's place until it is made."""

    def __init__(self, page: ListPage, closed: Callable[[], None], saved: Callable[[int], None]) -> None:
        self._page, self._closed, self._saved = page, closed, saved
        self._form: FormPanel | None = None
        self._unplaced: FormPanel | None = None
        self.place: QWidget = self._sized(QWidget())
        self._soon = after(page, BETWEEN_MS, self._piece)

    @staticmethod
    def _sized(widget: QWidget) -> QWidget:
        widget.setMinimumWidth(theme().px("frame.detailMin"))
        widget.setMaximumWidth(theme().px("frame.detailMax"))
        widget.hide()
        return widget

    @property
    def form(self) -> FormPanel:
        """The form; its first call makes it, its tabs come when they are asked for."""
        if self._form is None:
            page = self._page
            made = self._form = self._unplaced or self._new()
            made.make_fields()
            self._sized(made)
            page.splitter.replaceWidget(1, made)
            self.place.deleteLater()
            made.closed.connect(self._closed)
            made.saved.connect(self._saved)
            made.tab_asked.connect(lambda row_id: page.contexte.open_record(page.spec.form.kind, row_id))
        return self._form

    def _new(self) -> FormPanel:
        return FormPanel(self._page.spec.form, self._page.contexte, beside_list=True)

    @property
    def made(self) -> FormPanel | None:
        """The form if there is one already."""
        return self._form

    @property
    def open(self) -> bool:
        """Whether a record is beside the list."""
        return self._form is not None and not self._form.isHidden()

    def prepare(self) -> None:
        """Make the form piece by piece, while nobody waits for it."""
        if self._form is None or not self._form.whole:
            self._soon.start()

    def _piece(self) -> None:
        if self._form is None and self._unplaced is None:
            self._unplaced = self._new()
        elif self._form is None and self._unplaced is not None and self._unplaced.make_fields(AT_ONCE):
            pass
        elif self._form is None:
            _ = self.form
        elif not self._form.whole:
            # A row that was opened meanwhile may have asked for all of them.
            self._form.make_next()
        self.prepare()
