"""Several rows chosen: a bar below the list says how many and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout

from erp_desktop.services.shared import bulk
from erp_desktop.ui.bulk.panel import BulkPanel, editable
from erp_desktop.ui.kit.controls import Button, Text, icon_button
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.rows.menu import RowMenu

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage

COPIED = 5_000
"""Rows that the clipboard takes; more go into a file."""
_CHUNK = 500


class Selection(QObject):
    """The rows chosen in a page's list, and the acts on them.

    ``whole`` says that every answer of the filter is meant, read or not: asked for in so many words only.
    """

    def __init__(self, page: ListPage) -> None:
        super().__init__(page)
        self._page, self._contexte = page, page.contexte
        self.whole = False
        self._choosing_all = False
        self._every_of: int | None = None
        """The question all of whose rows were chosen; its answer may come in parts, or come later."""
        self.panel: BulkPanel | None = None
        self.bar = self._make_bar()
        self.bar.hide()
        self.row_menu = RowMenu(page, self)
        page.view.selectionModel().selectionChanged.connect(lambda *_: self._changed())
        page.view.every_chosen.connect(self._every)
        page.model.modelReset.connect(self._reset)
        page.model.first_shown.connect(self._answered)
        page.model.loaded.connect(lambda _count: self._answered())

    def _make_bar(self) -> Surface:
        spec = self._page.spec
        bar = Surface("surface.raised", "border.default", sides="t")
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 7, 12, 7)
        row.setSpacing(8)
        self.count = Text("", "strong")
        row.addWidget(self.count)
        self.all_button = Button("", "link", on_click=self.choose_whole)
        row.addWidget(self.all_button)
        row.addSpacing(8)
        self.edit_button = Button(tr("Modifier"), "soft", icon="pencil-simple", on_click=self.edit)
        if not (editable(spec) and self._may_edit()):
            self.edit_button.hide()
        row.addWidget(self.edit_button)
        self.print_button = Button(tr("Imprimer"), icon="printer", on_click=self.print_out)
        if spec.form.printing is None:
            self.print_button.hide()
        row.addWidget(self.print_button)
        self.export_button = Button(tr("Exporter"), icon="export", on_click=self._export)
        row.addWidget(self.export_button)
        self.copy_button = Button(tr("Copier"), icon="copy", on_click=self.copy)
        row.addWidget(self.copy_button)
        row.addStretch()
        row.addWidget(KeyCap(tr("Échap")))
        row.addWidget(icon_button("x", tr("Ne plus rien choisir"), self.clear))
        return bar

    def _may_edit(self) -> bool:
        form = self._page.spec.form
        return form.may_write(self._contexte.acteur, None)

    # What is chosen

    @property
    def size(self) -> int:
        """How many rows are chosen."""
        if self.whole:
            return self._page.model.rowCount()
        return sum(end - first for first, end in self._page.view.chosen_spans())

    def _changed(self) -> None:
        if not self._choosing_all:
            self.whole, self._every_of = False, None
        self._say()

    def _every(self) -> None:
        self._every_of = self._page.model.asked

    def _answered(self) -> None:
        model, view = self._page.model, self._page.view
        if self._every_of == model.asked and view.chosen_spans() != [(0, model.rowCount())]:
            whole, self._choosing_all = self.whole, True
            view.selectAll()
            self.whole, self._choosing_all = whole, False
        self._say()

    def _reset(self) -> None:
        self.whole = False
        self._say()

    def _say(self) -> None:
        size, total = self.size, self._page.model.rowCount()
        feminine = self._page.spec.feminine
        self.count.setText(
            tr("{n} sélectionnées", n=number(size)) if feminine else tr("{n} sélectionnés", n=number(size))
        )  # fmt: skip
        everything = tr("tout le filtre ({n})", n=number(total))
        self.all_button.setText(everything)
        self.all_button.setAccessibleName(everything)
        self.all_button.setEnabled(not self.whole)
        self.bar.setVisible(size > 1)

    def choose_whole(self) -> None:
        """Mean every answer of the filter."""
        self._choosing_all = True
        self._page.view.selectAll()
        self._choosing_all = False
        self.whole = True
        self._say()

    def clear(self) -> None:
        """Choose nothing any more; the current row stays where the keyboard is."""
        self._page.view.clearSelection()
        self._page.view.setFocus()

    def then(self, act: Callable[[list[int]], object]) -> None:
        """Give ``act`` the rows chosen, in the order of the list; those not known yet are read for it."""
        view = self._page.view
        if not self.whole and len(known := view.selected_ids()) == self.size:
            act(known)
        else:
            self._contexte.tasks.run(self.reading(), act, owner=self._page)

    def reading(self) -> Callable[[Any], list[int]]:
        """What reads the identifiers of the rows chosen, on the database worker."""
        view, source, question = self._page.view, self._page.source, self._page.model.question
        if self.whole:
            return lambda session: list(source.ids(session, *question, None))
        ends = [(first, end, view.lazy.id_at(first), view.lazy.id_at(end - 1)) for first, end in view.chosen_spans()]

        def read(session: Any) -> list[int]:
            every = list(source.ids(session, *question, None))
            found: list[int] = []
            for first, end, top, bottom in ends:
                # Rows that came or went meanwhile move places; the ends of a run are the rows that were pointed at.
                begin = every.index(top) if top in every else first
                found += every[begin : every.index(bottom) + 1 if bottom in every else begin + end - first]
            return found

        return read

    # The acts

    @property
    def editing(self) -> bool:
        """Whether the panel that changes several rows is open."""
        return self.panel is not None and not self.panel.isHidden()

    def edit(self) -> None:
        """Open the panel beside the list."""
        if not editable(self._page.spec) or not self._may_edit():
            return
        if self.size > bulk.MOST:
            words = tr("{n} fiches au plus se modifient à la fois : choisissez-en moins.", n=number(bulk.MOST))
            self._contexte.say(words, kind="warning")
            return
        if self._page.beside.open:
            self._page.form.close_panel()
        if self.panel is None:
            self.panel = BulkPanel(self._page.spec, self._contexte)
            self.panel.setMinimumWidth(theme().px("frame.detailMin"))
            self.panel.setMaximumWidth(theme().px("frame.detailMax"))
            self.panel.closed.connect(self.close)
            self._page.splitter.addWidget(self.panel)
            self._page.splitter.setStretchFactor(2, 0)
        panel = self.panel
        panel.show()
        self.then(panel.open_for)

    def close(self) -> None:
        """Put the panel away."""
        if self.editing and self.panel is not None:
            self.panel.hide()
            self._page.view.setFocus()

    def escape(self) -> bool:
        """Close the panel, or choose nothing any more; False when there is nothing of either."""
        if self.editing and self.panel is not None:
            self.panel.close_panel()
        elif self.bar.isVisible() and not self._page.beside.open:
            self.clear()
        else:
            return False
        return True

    def print_out(self) -> None:
        printing = self._page.spec.form.printing
        if printing is not None:
            self.then(lambda ids: printing(self._contexte, ids, self._page))

    def _export(self) -> None:
        self._page.outputs.offer(self.export_button)

    def copy(self) -> None:
        """The rows chosen on the clipboard, tab-separated; those not yet shown are read."""
        if self.size > COPIED:
            words = tr("{n} lignes au plus se copient : exportez-les plutôt.", n=number(COPIED))
            self._contexte.say(words, kind="warning")
            return
        self.then(self._copy)

    def _copy(self, ids: Sequence[int]) -> None:
        source, columns = self._page.source, [c for c in self._page.spec.columns if c.title]

        def read(session: Any) -> list[Any]:
            return [
                row for at in range(0, len(ids), _CHUNK) for row in source.rows(session, list(ids[at : at + _CHUNK]))
            ]

        def copied(rows: list[Any]) -> None:
            lines = ["\t".join((c.full or c.text)(row) for c in columns) for row in rows]
            QGuiApplication.clipboard().setText("\n".join(lines))
            self._contexte.say(tr("{n} lignes copiées", n=number(len(rows))))

        self._contexte.tasks.run(read, copied, owner=self._page)
