"""What an act on many visits would do, before it does it: Enter confirms, Esc leaves everything as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from erp_desktop.services.preventif.generation import Prevision, Prevue
from erp_desktop.ui.kit.controls import Button, Text, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import GivesBack, Surface, in_sight
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels

_WIDTH, _AROUND, _LOW, _SHOWN = 680, 120, 320, 500
"""Pixels, and how many visits are listed; what is more is counted."""


class ChangesPanel(GivesBack, Surface):
    """Over the list of plans: what would be done, row by row; not modal.

    Args:
        page: what it lies over.
        name: of the panel and its table.
        columns: their heads; the first is narrow, the others share the rest.
        act: words of the button.
        confirm: does it.
    """

    def __init__(
        self, page: QWidget, name: str, columns: Sequence[str], act: str, confirm: Callable[[], object]
    ) -> None:  # fmt: skip
        super().__init__("surface.raised", "border.default", 8, parent=page)
        self._page, self._confirm = page, confirm
        self.setAccessibleName(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 14, 16)
        column.setSpacing(8)
        head = QHBoxLayout()
        self.title = Text("", "title")
        head.addWidget(self.title)
        head.addStretch()
        head.addWidget(icon_button("x", tr("Fermer"), self.hide))
        column.addLayout(head)
        self.note = Text("", "caption", "text.secondary", wrap=True)
        column.addWidget(self.note)
        self.table = QTableWidget(0, len(columns))
        self.table.setAccessibleName(name)
        self.table.setShowGrid(False)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(theme().px("row.compact"))
        heading = self.table.horizontalHeader()
        heading.setHighlightSections(False)
        heading.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        for place in range(1, len(columns)):
            heading.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, 110)
        self.table.setHorizontalHeaderLabels(list(columns))
        column.addWidget(self.table, 1)
        self.more = Text("", "caption", "text.tertiary")
        column.addWidget(self.more)
        foot = QHBoxLayout()
        foot.addStretch()
        self.cancel_button = Button(tr("Annuler"), on_click=self.hide)
        self.confirm_button = Button(act, "primary", icon="check", on_click=self.confirm)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.confirm_button)
        column.addLayout(foot)
        self._dress()
        theme().changed.connect(self._dress)
        self.hide()
        page.installEventFilter(self)

    def show_rows(self, title: str, notes: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Fill the panel and give it the keyboard."""
        self.title.setText(title)
        self.note.setText(" · ".join(notes))
        self.note.setVisible(bool(notes))
        shown = rows[:_SHOWN]
        self.table.setRowCount(len(shown))
        for row, told in enumerate(shown):
            for place, words in enumerate(told):
                self.table.setItem(row, place, QTableWidgetItem(words))
        left = len(rows) - len(shown)
        self.more.setText(tr("et {n} autres", n=number(left)))
        self.more.setVisible(bool(left))
        self.show()
        self._place()
        self.raise_()
        self.table.setCurrentCell(0, 0)
        self.table.setFocus(Qt.FocusReason.PopupFocusReason)

    def confirm(self) -> None:
        """Close the panel and do what it showed."""
        self.hide()
        self._confirm()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Buttons take Enter themselves: this one comes from the table.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.confirm()
            return
        super().keyPressEvent(event)

    def _place(self) -> None:
        room = in_sight(self._page)
        width = min(_WIDTH, room.width() - 24)
        rows = self.table.rowCount() * theme().px("row.compact") + 200
        height = min(rows, max(room.height() - _AROUND, min(room.height() - 16, _LOW)))
        rtl = self._page.layoutDirection() == Qt.LayoutDirection.RightToLeft
        top = min(56, (room.height() - height) // 2)
        self.setGeometry(room.x() + (12 if rtl else room.width() - width - 12), room.y() + top, width, height)

    def _dress(self) -> None:
        ground, line, ink, chosen, base = (
            theme().color(token).name()
            for token in ("surface.sunken", "border.subtle", "text.tertiary", "surface.selected", "surface.raised")
        )
        words = theme().color("text.primary").name()
        self.table.horizontalHeader().setFont(theme().font("strong"))
        self.table.setFont(theme().font("body", tabular=True))
        self.table.setStyleSheet(
            f"QTableWidget {{ background: {base}; color: {words}; outline: 0; }}"
            f"QHeaderView::section {{ background: {ground}; color: {ink}; border: none; "
            f"border-bottom: 1px solid {line}; padding: 0 9px; }}"
            f"QTableWidget::item {{ border-bottom: 1px solid {line}; padding: 0 6px; }}"
            f"QTableWidget::item:selected {{ background: {chosen}; color: {words}; }}"
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._page and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)


class PreviewPanel(ChangesPanel):
    """The visits that are missing, by day."""

    def __init__(self, page: QWidget, confirm: Callable[[], object]) -> None:
        columns = [tr("Date"), tr("Équipement"), tr("Visite")]
        super().__init__(page, tr("Visites à générer"), columns, tr("Générer"), confirm)

    def show_forecast(self, forecast: Prevision) -> None:
        gone = sum(v.retiree for v in forecast.visites)
        notes = [tr("{n} à retirer : leur plan a changé", n=number(gone))] if gone else []
        notes += [said(words) for _plan, words in forecast.refus[:3]]
        title = tr("{n} visites à créer", n=number(len(forecast.visites) - gone))
        self.show_rows(title, notes, [_words(visit) for visit in forecast.visites])


def _words(visit: Prevue) -> tuple[str, str, str]:
    title = isolate(visit.titre)
    told = tr("{visite} (à retirer)", visite=title) if visit.retiree else title
    return isolate(value_labels.day(visit.jour)), isolate(visit.equipement or value_labels.NONE), told
