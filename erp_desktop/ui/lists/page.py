"""One list with its filter and, beside it, the form of the chosen row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Text, clear
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.table import LazyTableModel
from erp_desktop.ui.kit.table_view import ListView
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.beside.form import Beside
from erp_desktop.ui.lists.chips import ChipRow
from erp_desktop.ui.lists.completion import Completion
from erp_desktop.ui.lists.export import Export
from erp_desktop.ui.lists.filter_box import FilterBox
from erp_desktop.ui.lists.head import ListHead
from erp_desktop.ui.lists.outputs import Outputs
from erp_desktop.ui.lists.query import canonical
from erp_desktop.ui.lists.remembered import Remembered, after
from erp_desktop.ui.lists.rows.selection import COPIED, Selection
from erp_desktop.ui.lists.spec import ListSpec, Reader
from erp_desktop.ui.lists.states import empty_state, error_banner, error_state
from erp_desktop.ui.lists.views import Views
from erp_desktop.ui.page import Page


class ListPage(Page):
    """The page of a :class:`ListSpec`."""

    def __init__(self, spec: ListSpec[Any], contexte: Contexte) -> None:
        super().__init__()
        self.spec, self.contexte = spec, contexte
        self._read_at = clock.now()
        self._asked_at, self._took_ms = 0.0, 0
        self._outdated = self._own = False
        self._selected: list[int] = []
        self._select_after_load: int | None = None
        self._chosen: int | None = None
        self.source = Reader(spec, contexte)
        self.model: LazyTableModel[Any] = LazyTableModel(contexte.tasks, self.source, spec.columns, spec.row_id, self)
        self.view = ListView(self.model, ticks=spec.ticks)
        self.view.setAccessibleName(tr(spec.title))
        self.filter = FilterBox(spec.words, tr(spec.placeholder))
        self.completion = Completion(self.filter, list(spec.facets), contexte)
        self.chips = ChipRow(spec, contexte)
        self.beside = Beside(self, self._close_form, self._saved)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        self._state: QWidget | None = None
        self.outputs = Outputs(self)
        self.selection = Selection(self)
        self.views = Views(self)
        self.look = Remembered(self)
        self._lay_out()
        self.begins_at = self.view
        self._connect()
        self.look.restore()
        self.view.set_sort(spec.sort, spec.descending)
        self.views.begin()

    def _lay_out(self) -> None:
        body = Surface("surface.base")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.banners = QVBoxLayout()
        column.addLayout(self.banners)
        top = QVBoxLayout()
        top.setContentsMargins(16, 10, 16, 9)
        top.setSpacing(10)
        self.head = ListHead(self)
        self.count, self.held = self.head.number, self.head.held
        top.addLayout(self.head)
        if (above := self.above()) is not None:
            top.addWidget(above)
        top.addWidget(self.filter)
        top.addWidget(self.chips)
        top.addWidget(self.views.strip)
        self.hint = Text("", "caption", "semantic.warning.text", wrap=True)
        self.hint.hide()
        top.addWidget(self.hint)
        column.addLayout(top)
        column.addWidget(self.stack, 1)
        column.addWidget(self.outputs.strip)
        column.addWidget(self.selection.bar)
        if (below := self.below()) is not None:
            column.addWidget(below)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(body)
        self.splitter.addWidget(self.beside.place)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setSizes([900, theme().px("frame.detailDefault")])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.splitter)

    @property
    def form(self) -> FormPanel:
        """Of the chosen row; made when it is first asked for."""
        return self.beside.form

    def more_acts(self) -> Sequence[QWidget]:
        """What a page of its own has in the head, before the tools of every list."""
        return ()

    def above(self) -> QWidget | None:
        """The same between the head and the filter."""

    def below(self) -> QWidget | None:
        """What a page of its own shows under its rows."""
        return None

    def _connect(self) -> None:
        self.filter.changed.connect(self._filtered)
        self.filter.left_down.connect(self._enter_list)
        self.chips.changed.connect(self.filter.set_text)
        self.model.loaded.connect(lambda _number: self.chips.count(self.source))
        self.view.sort_asked.connect(self._sort)
        self.view.chosen.connect(self._row_chosen)
        self.view.opened.connect(self._row_opened)
        self.view.copy_asked.connect(self.selection.copy)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._say_status())
        self.model.first_shown.connect(self._first_shown)
        self.model.loaded.connect(self._loaded)
        self.model.failed.connect(self._failed)
        self.model.busy_changed.connect(self._busy)
        self.model.held_changed.connect(self._held)
        self.model.modelAboutToBeReset.connect(self._note_selection)
        self.contexte.bus.data_changed.connect(self._data_changed)
        self.view.sized.connect(self.columns_changed)
        self.view.horizontalHeader().sectionMoved.connect(lambda *_: self.columns_changed())
        self.splitter.splitterMoved.connect(lambda *_: self.columns_changed())
        self._refresh_soon = after(self, 60, self._refresh)
        self._form_pause = after(self, 90, self._show_current)
        self._slow = after(self, 150, lambda: self.view.set_waiting(True))
        self._very_slow = after(self, 2000, lambda: self.count.setText(tr("lecture en cours…")))

    def columns_changed(self) -> None:
        """Remember which columns are shown, once the person pauses."""
        self.look.keep_soon.start()

    def export(self, path: Path) -> Export | None:
        """Write the rows chosen, else the whole list, into a file; None when there is nothing to write."""
        return self.outputs.export(path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.look.apply_density()

    # Asking and answers

    def _filtered(self, text: str) -> None:
        self.chips.show_query(text)
        text = canonical(text, self.spec.words)
        hints = self.spec.hints(text)
        self.hint.setText(" ".join(map(said, hints)))
        self.hint.setVisible(bool(hints))
        _old, sort, descending = self.model.question
        if self._state is not None:
            # « aucun résultat » was said of the question before.
            self._first_shown()
        self.model.ask(text, sort, descending)

    def _sort(self, key: str, descending: bool) -> None:
        self.model.ask(self.model.question[0], key, descending)

    def _busy(self, busy: bool) -> None:
        if busy:
            self._asked_at = time.perf_counter()
            self._slow.start()
            self._very_slow.start()
        else:
            self._took_ms = round((time.perf_counter() - self._asked_at) * 1000)
            self._slow.stop()
            self._very_slow.stop()
            self.view.set_waiting(False)

    def _first_shown(self) -> None:
        clear(self.banners)
        self.count.setText(tr("lecture en cours…"))
        self._show_state(None)
        self.beside.prepare()

    def _loaded(self, number: int) -> None:
        self._read_at = clock.now()
        self.beside.prepare()
        clear(self.banners)
        self.count.setText(self.spec.counted(number) if number or not self.filter.text() else tr("aucun résultat"))
        if number:
            self._show_state(None)
        else:
            self._show_state(empty_state(self))
        chosen, self._select_after_load = self._select_after_load, None
        if chosen is None and self.selection.size <= 1:
            # Several rows that are chosen stay so when the rest of the list arrives.
            chosen = self._chosen
        if chosen is not None:
            self.view.select_quietly(chosen)
        if self._selected:
            self.view.reselect(self._selected)
        self._selected = []
        self._say_status()

    def _note_selection(self) -> None:
        self._selected = self.view.selected_ids() if 1 < self.selection.size <= COPIED else []

    def _failed(self, error: Exception) -> None:
        clear(self.banners)
        self.banners.addWidget(error_banner(self, error))
        self.chips.forget_numbers()
        self.count.setText("")
        self._show_state(error_state(self, error))
        self._say_status()

    def _show_state(self, state: QWidget | None) -> None:
        old, self._state = self._state, state
        if state is not None:
            self.stack.addWidget(state)
        self.stack.setCurrentWidget(state if state is not None else self.view)
        if old is not None:
            self.stack.removeWidget(old)
            old.deleteLater()

    def _data_changed(self, changes: Changes, initiator: object) -> None:
        if any(table in changes for table in (self.spec.table, *self.spec.also)):
            self._outdated = True
            # One's own save is expected to take its place in the list; another's must not move the rows aimed at.
            self._own = self._own or (initiator is not None and initiator is self.beside.made)
            if self.isVisible():
                self._refresh_soon.start()

    def _refresh(self) -> None:
        if self._outdated:
            own, self._outdated, self._own = self._own, False, False
            # A question that is still being answered has no rows yet that could stay where they are.
            self.model.refresh(hold=self.held.aimed and not own and not self.model.busy)

    def held_back(self) -> bool:
        """Whether rows stay wherever the pointer is: several are chosen, or a form is open."""
        return self.selection.size > 1 or self.beside.open

    def _held(self, changes: int) -> None:
        if changes:
            self.held.keep("rows", changes, self.model.apply_held)
        else:
            self.held.drop("rows")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # A list in a hidden tab waits until it is looked at.
        self._refresh()

    # The row and its form

    def _row_chosen(self, row_id: int) -> None:
        self._chosen = row_id
        if not self.selection.editing:
            self._form_pause.start()

    def _show_current(self) -> None:
        row_id = self.view.current_id()
        # Several rows are chosen to act on them all: a form that is closed would only take their room.
        if row_id is not None and (row_id != self.form.row_id if self.beside.open else self.selection.size < 2):
            self.form.show()
            self.form.open_record(row_id)

    def _row_opened(self, row_id: int) -> None:
        self._form_pause.stop()
        self.selection.close()
        self.form.show()
        if row_id != self.form.row_id:
            self.form.open_record(row_id)
        self.form.take_focus()

    def _close_form(self) -> None:
        self._form_pause.stop()
        self.form.hide()
        self.view.setFocus()
        self.held.let_go()

    def _saved(self, row_id: int) -> None:
        self._select_after_load = row_id

    def _enter_list(self) -> None:
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.view.currentIndex().isValid() and self.model.rowCount():
            self.view.select_place(0)

    def _say_status(self) -> None:
        self.status_changed.emit(*self.status())

    # What the window's keys do

    def status(self) -> tuple[str, str]:
        words = tr("lecture en cours…") if self.model.busy else tr("0 résultat en {n} ms", n=self._took_ms)
        if self._state is not None and self.banners.count():
            words = tr("Liste indisponible")
        elif self.model.rowCount():
            words = self.spec.selected(self.selection.size, self.model.rowCount())
        return words, self.source.read_words(self._read_at)

    def new_record(self) -> bool:
        self.nothing_new = self.spec.why_not(self.contexte.acteur)
        if self.nothing_new:
            return False
        self._form_pause.stop()
        self.selection.close()
        self.view.clearSelection()
        self.form.show()
        self.form.open_record(None)
        self.form.take_focus()
        return True

    def save(self) -> bool:
        if self.selection.editing and self.selection.panel is not None:
            self.selection.panel.apply()
        elif self.beside.open:
            self.form.save()
        return True

    def step_record(self, by: int) -> bool:
        place = self.view.currentIndex().row() + by
        if self.selection.editing or not 0 <= place < self.model.rowCount():
            return False
        self.view.select_place(place)
        return True

    def print_out(self) -> bool:
        """The papers of the rows chosen, in the order of the list."""
        if self.spec.form.printing is None:
            return False
        if self.selection.size:
            self.selection.print_out()
        else:
            self.contexte.say(tr("Choisissez d'abord des lignes."), kind="info")
        return True

    def focus_filter(self) -> bool:
        self.filter.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.edit.selectAll()
        return True

    def reload(self) -> bool:
        self.model.refresh()
        return True

    def record_panel(self) -> FormPanel | None:
        return self.form if self.beside.open else None

    def escape(self) -> bool:
        if self.views.escape() or self.selection.escape():
            return True
        if not self.beside.open:
            self.view.setFocus()
        elif not self.form.escape():
            self.form.close_panel()
        return True

    def search(self, words: str) -> None:
        self.views.leave()
        self.filter.set_text(words)
        self.view.setFocus()

    def memory(self) -> dict[str, Any]:
        _text, sort, descending = self.model.question
        return {
            "filtre": self.filter.text(), "tri": (sort, descending), "ligne": self._chosen,
            "fiche": (self.form.row_id,) if self.beside.open else None,
        }  # fmt: skip

    def recall(self, kept: dict[str, Any]) -> None:
        self.views.leave()
        sort, descending = kept["tri"]
        self.view.set_sort(sort, descending)
        self._chosen = kept["ligne"]
        self.filter.set_text(kept["filtre"])
        self.model.ask(canonical(self.filter.text(), self.spec.words), sort, descending)
        if kept["fiche"] is not None:
            self.form.show()
            self.form.open_record(*kept["fiche"])

    def leave(self) -> None:
        if self.beside.made is not None:
            self.beside.made.keep_now()
