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
PIECE_S = 0.008
"""How long a piece may last before it makes one field more."""


class Beside:
    """Holds the form's place until it is made."""

    def __init__(self, page: ListPage, closed: Callable[[], None], saved: Callable[[int], None]) -> None:
        self._page, self._closed, self._saved = page, closed, saved
        self._form: FormPanel | None = None
        self._begun: FormPanel | None = None
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
            made = self._form = self._begun or self._begin()
            made.make_fields()
            made.closed.connect(self._closed)
            made.saved.connect(self._saved)
            made.tab_asked.connect(lambda row_id: page.contexte.open_record(page.spec.form.kind, row_id))
        return self._form

    def _begin(self) -> FormPanel:
        """The form in its place before anything is in it: a widget that gets another parent is styled anew."""
        made = FormPanel(self._page.spec.form, self._page.contexte, beside_list=True)
        self._sized(made)
        self._page.splitter.replaceWidget(1, made)
        self.place.deleteLater()
        return made

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
        if self._form is None:
            if self._begun is None:
                self._begun = self._begin()
            elif not self._begun.make_fields(PIECE_S):
                _ = self.form
        elif not self._form.whole:
            # A row that was opened meanwhile may have asked for all of them.
            self._form.make_next()
        self.prepare()
