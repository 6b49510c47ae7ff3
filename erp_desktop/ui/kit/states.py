"""Full-page states: nothing found, and something failed; each says why and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, IconLabel, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.kit.theme import theme


class Medallion(QWidget):
    """A large icon in a soft disc; lower than it wants to be, it is smaller, then nothing, before others are cut."""

    _SIDE, _LEAST = 88, 44

    def __init__(self, icon: str, ground: str, ink: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._ground, self._ink = icon, ground, ink
        self.setFixedWidth(self._SIDE)
        self.setMaximumHeight(self._SIDE)

    def sizeHint(self) -> QSize:
        return QSize(self._SIDE, self._SIDE)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._SIDE, 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        side = self.height()
        if side < self._LEAST:
            return
        disc, inside = QRect((self._SIDE - side) // 2, 0, side, side), theme().px("control.iconEmpty") - 4
        painter = QPainter(self)
        paint.rounded(painter, disc, side // 2, theme().color(self._ground))
        icons.draw(painter, disc, self._icon, theme().color(self._ink), inside * side // self._SIDE)
        painter.end()


class _Shrinking(QVBoxLayout):
    """Whose least height counts: by height for width, Qt asks for the whole of it and cuts what stands above."""

    def hasHeightForWidth(self) -> bool:
        return False


class _State(QWidget):
    column_type: type[QVBoxLayout] = QVBoxLayout

    def __init__(self, icon: str, ground: str, ink: str, title: str, words: str, buttons: Sequence[QWidget]) -> None:
        super().__init__()
        centre = Qt.AlignmentFlag.AlignHCenter
        self.column = self.column_type(self)
        self.column.setSpacing(8)
        self.column.addStretch(2)
        self.column.addWidget(Medallion(icon, ground, ink), 0, centre)
        self.column.addSpacing(8)
        self.title = Text(title, "page")
        self.column.addWidget(self.title, 0, centre)
        self.words = Text(words, "body", "text.secondary", wrap=True)
        self.words.setAlignment(centre)
        self.words.setFixedWidth(520)
        # A centred label in a box layout is not asked its height for its width.
        self.words.setMinimumHeight(self.words.heightForWidth(520))
        self.column.addWidget(self.words, 0, centre)
        self.column.addSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        for button in buttons:
            row.addWidget(button)
        row.addStretch()
        self._row = row
        self.column.addLayout(row)
        self.extra = QVBoxLayout()
        self.column.addSpacing(10)
        self.column.addLayout(self.extra)
        self.column.addStretch(3)

    def add_button(self, button: QWidget) -> None:
        """Beside those that were there from the beginning."""
        self._row.insertWidget(self._row.count() - 1, button)


class EmptyState(_State):
    """Nothing to show; ``hints`` (rows of widgets) go in a card below."""

    column_type = _Shrinking

    def __init__(
        self, title: str, words: str, buttons: Sequence[QWidget] = (), *, icon: str = "magnifying-glass",
        hint: str = "", hints: Sequence[QWidget] = (),
    ) -> None:  # fmt: skip
        super().__init__(icon, "accent.soft", "accent.text", title, words, buttons)
        self.card: Card | None = None
        if hints:
            self.card = Card("surface.sunken")
            self.card.setFixedWidth(560)
            self.card.box.addWidget(Text(hint, "strong"))
            for line in hints:
                self.card.box.addWidget(line)
            self.extra.addWidget(self.card, 0, Qt.AlignmentFlag.AlignHCenter)


class Reading(QWidget):
    """Where rows will be, while they are read for the first time: nothing, soon grey bars, and when it lasts a
    sentence with a way out.

    Args:
        row, head: height of a row, and width of what stands before its cells.
    """

    given_up = Signal()
    SOON_MS, LONG_MS = 150, 2000

    def __init__(self, over: QWidget, words: str, row: int, head: int) -> None:
        super().__init__(over)
        self._row, self._head = row, head
        self.card = Card("surface.raised")
        self.card.setParent(self)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(IconLabel("hourglass-medium", "text.secondary", 16))
        line.addWidget(Text(words))
        line.addWidget(Button(tr("Annuler"), on_click=self.given_up.emit))
        self.card.box.addLayout(line)
        self.card.hide()
        self._soon, self._long = QTimer(self), QTimer(self)
        for timer, wait, then in ((self._soon, self.SOON_MS, self.show), (self._long, self.LONG_MS, self.card.show)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(then)
        over.installEventFilter(self)
        self.hide()

    def start(self) -> None:
        self._soon.start()
        self._long.start()

    def stop(self) -> None:
        self._soon.stop()
        self._long.stop()
        self.card.hide()
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.parent() and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.card.adjustSize()
        self.card.move((self.width() - self.card.width()) // 2, self.height() // 3)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, rtl, grey = QPainter(self), theme().rtl, theme().color("border.subtle")
        painter.fillRect(self.rect(), theme().color("surface.base"))
        for n, top in enumerate(range(0, self.height(), self._row)):
            painter.fillRect(0, top + self._row - 1, self.width(), 1, grey)
            shares = (0.06, 0.34) if n % 3 == 0 else (0.22, 0.58) if n % 3 == 1 else (0.1, 0.62)
            room = self.width() - self._head
            blocks = [QRect(self._head + round(room * share), top + 10, round(room * 0.18), self._row - 22)
                      for share in shares]  # fmt: skip
            bars = [QRect(14, top + 14, 26, 26), QRect(50, top + 15, 88, 9), QRect(50, top + 33, 56, 8), *blocks]
            for place, bar in enumerate(bars):
                paint.rounded(painter, paint.visual(rtl, self.rect(), bar), 13 if not place else 5, grey)
        painter.end()


class ErrorState(_State):
    """A reading failed; ``detail`` is for support, in a fixed-width font."""

    def __init__(
        self, title: str, words: str, buttons: Sequence[QWidget] = (), *, detail_title: str = "", detail: str = "",
        reference: str = "", icon: str = "database",
    ) -> None:  # fmt: skip
        super().__init__(icon, "semantic.danger.soft", "semantic.danger.text", title, words, buttons)
        if detail:
            card = Card("surface.sunken")
            card.setFixedWidth(620)
            head = QHBoxLayout()
            head.addWidget(Text(detail_title, "strong"))
            head.addStretch()
            head.addWidget(Text(reference, "caption", "text.tertiary"))
            card.box.addLayout(head)
            lines = Text(detail, "mono", "text.secondary", wrap=True)
            lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            card.box.addWidget(lines)
            # Not by alignment, which would ignore how high wrapped sentences are.
            row = QHBoxLayout()
            row.addStretch()
            row.addWidget(card)
            row.addStretch()
            self.extra.addLayout(row)


Action = Callable[[], object]
