"""States of a page and of a figure: nothing found, something failed, being read, being counted anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, IconLabel, Text, plain
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


class Fading:
    """Mixed into what shows a figure, before its Qt class: the old one stays while a new one is counted.

    Pointer and screen reader are told that it is old; how pale it is, is the painter's.
    """

    PALE = 0.6
    """Opacity of an old figure."""
    OLD = "Chiffre d'avant : il est recompté."
    faded = False
    _tip = _told = ""

    def tip(self, words: str) -> None:
        """Its tooltip, in plain words."""
        self._tip = words
        self._put_tip()

    def _put_tip(self) -> None:
        if isinstance(self, QWidget):
            old = tr(self.OLD) if self.faded else ""
            # Past what a label does to words.
            QWidget.setToolTip(self, plain("\n".join(filter(None, (old, self._tip)))))

    def fade(self, faded: bool) -> None:
        """Whether what stands is old; what shows a new figure is told first that it is not."""
        if faded == self.faded or not isinstance(self, QWidget):
            return
        self.faded = faded
        self._put_tip()
        if faded:
            self._told = self.accessibleDescription()
        self.setAccessibleDescription(tr(self.OLD) if faded else self._told)
        self.update()


class FadingText(Fading, Text):
    """A figure in words."""

    def fade(self, faded: bool) -> None:
        super().fade(faded)
        self.set_colour("text.tertiary" if faded else "text.primary")


class Recount(QObject):
    """Fades old figures while new ones are counted, once that lasts.

    Args:
        shown: the figures that stand.
    """

    SOON_MS = 150

    def __init__(self, owner: QObject, shown: Callable[[], Iterable[Fading]]) -> None:
        super().__init__(owner)
        self._shown = shown
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(self.SOON_MS)
        self._soon.timeout.connect(lambda: self._all(faded=True))

    def begin(self) -> None:
        """They are counted anew."""
        self._soon.start()

    def end(self) -> None:
        """They were, or could not be."""
        self._soon.stop()
        self._all(faded=False)

    def _all(self, *, faded: bool) -> None:
        for one in self._shown():
            one.fade(faded)
