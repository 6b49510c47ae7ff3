"""The left navigation: sections by group, with counters; a rail of icons on narrow windows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop.ui.context import Section
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import EnterPresses, Text, plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme

_TALL, _LOW, _RULE = 34, 24, 14
"""Heights of a section, as drawn and at least, and of the rule between two groups of a rail."""
_AROUND = 6 + 8 + 34 + 2
"""What stands above and below the sections: margins, and the button at the foot."""


class NavItem(KeyboardRing, EnterPresses, QAbstractButton):
    """One section: icon, words, counter; only icon and dot when narrow."""

    def __init__(self, section: Section, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.section = section
        self.count = 0
        self.narrow = False
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setText(tr(section.title))
        self.setAccessibleName(self.text())
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_TALL)

    def set_count(self, count: int) -> None:
        self.count = count
        words = f"{self.text()}, {count}" if count else self.text()
        self.setAccessibleName(words)
        self.setToolTip(plain(words) if self.narrow else "")
        self.update()

    def set_narrow(self, narrow: bool) -> None:
        self.narrow = narrow
        self.setToolTip(plain(self.text()) if narrow else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40 if self.narrow else 160, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        rtl, on = look.rtl, self.isChecked()
        alert = self.section.alert and self.count > 0
        box = self.rect().adjusted(8, 0, -8, 0)
        if on:
            paint.rounded(painter, box, 6, look.color("surface.selected"))
            edge = paint.visual(rtl, self.rect(), QRect(0, 8, 3, self.height() - 16))
            painter.fillRect(edge, look.color("accent.fill"))
        elif self.underMouse():
            paint.rounded(painter, box, 6, look.color("surface.hover"))
        ink = look.color("semantic.danger.text" if alert else "accent.text" if on else "text.primary")
        mark = ink if on or alert else look.color("text.secondary")
        side = look.px("control.iconNav")
        place = QRect((self.width() - side) // 2 if self.narrow else 17, 0, side, self.height())
        icons.draw(painter, paint.visual(rtl, self.rect(), place), self.section.icon, mark, side,
                   icons.filled(self.section.icon) if on else "regular")  # fmt: skip
        if self.narrow:
            if self.count:
                dot = paint.visual(rtl, self.rect(), QRect(place.right() + 1, self.height() // 2 - 11, 6, 6))
                paint.rounded(painter, dot, 3, look.color("semantic.danger.solid" if alert else "accent.fill"))
        else:
            self._words(painter, on, alert)
        if self._ring:
            paint.focus_ring(painter, box, 4)
        painter.end()

    def _words(self, painter: QPainter, on: bool, alert: bool) -> None:
        look, rtl = theme(), theme().rtl
        ink = look.color("semantic.danger.text" if alert else "accent.text" if on else "text.primary")
        room = self.width() - 42 - (16 if self.count else 10)
        if self.count:
            words = str(self.count)
            wide = max(24, paint.metrics("caption").horizontalAdvance(words) + 14)
            badge = paint.visual(
                rtl, self.rect(), QRect(self.width() - 16 - wide, (self.height() - 18) // 2, wide, 18)
            )
            ground = "semantic.danger.soft" if alert else "surface.base" if on else "surface.app"
            paint.rounded(painter, badge, 9, look.color(ground))
            painter.setPen(ink)
            painter.setFont(look.font("caption"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)
            room -= wide
        place = paint.visual(rtl, self.rect(), QRect(42, 0, room, self.height()))
        paint.text(painter, place, self.text(), rtl=rtl, font=look.font("strong" if on else "body"), colour=ink)


class _Collapse(KeyboardRing, EnterPresses, QAbstractButton):
    """``‹ Réduire`` at the foot of the navigation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.narrow = False
        self.setFixedHeight(34)
        self.setAccessibleName(tr("Réduire la navigation"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.addSpacing(28)
        self.words = Text(tr("Réduire"), "body", "text.tertiary")
        self.cap = KeyCap("Ctrl B")
        row.addWidget(self.words)
        row.addStretch()
        row.addWidget(self.cap)

    def set_narrow(self, narrow: bool) -> None:
        self.narrow = narrow
        self.words.setVisible(not narrow)
        self.cap.setVisible(not narrow)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        x = (self.width() - 16) // 2 if self.narrow else 17
        box = paint.visual(theme().rtl, self.rect(), QRect(x, 0, 16, self.height()))
        name = "caret-right" if self.narrow else "caret-left"
        icons.draw(painter, box, name, theme().color("text.tertiary"), 14)
        if self._ring:
            paint.focus_ring(painter, self.rect().adjusted(8, 0, -8, 0), 4)
        painter.end()


class Navigation(Surface):
    """The sections that this person may open, by group."""

    asked = Signal(str)
    collapse_asked = Signal()

    def __init__(self, sections: Sequence[Section], parent: QWidget | None = None) -> None:
        super().__init__("surface.nav", "border.subtle", sides="e", parent=parent)
        self.items: dict[str, NavItem] = {}
        self._titles: list[QWidget] = []
        self._rules: list[QWidget] = []
        self.sections = [section for section in sections if section.shown]
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 1, 8)
        outer.setSpacing(2)
        self._area = area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        # Tab goes from section to section, never to what scrolls them.
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        body.setObjectName("corps")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        group = ""
        for section in self.sections:
            if section.group != group:
                self._heading(column, section.group, first=not group)
                group = section.group
            item = NavItem(section)
            item.clicked.connect(lambda _checked=False, key=section.key: self.asked.emit(key))
            self.items[section.key] = item
            column.addWidget(item)
        column.addStretch()
        area.setWidget(body)
        outer.addWidget(area, 1)
        self._collapse = _Collapse()
        self._collapse.clicked.connect(self.collapse_asked)
        outer.addWidget(self._collapse)
        self.set_narrow(False)

    def _heading(self, column: QVBoxLayout, words: str, *, first: bool) -> None:
        title = Text(tr(words) if theme().rtl else tr(words).upper(), "caption", "text.tertiary")
        title.setContentsMargins(14, 8 if first else 14, 14, 6)
        rule = Surface("border.default")
        rule.setFixedSize(22, 1)
        holder = QWidget()
        holder.setFixedHeight(_RULE)
        box = QHBoxLayout(holder)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(rule, 0, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(title)
        column.addWidget(holder)
        self._titles.append(title)
        if not first:
            self._rules.append(holder)
        else:
            holder.hide()

    @property
    def narrow(self) -> bool:
        return self._narrow

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self.setFixedWidth(theme().px("frame.navRail" if narrow else "frame.navWidth"))
        for title in self._titles:
            title.setVisible(not narrow)
        for rule in self._rules:
            rule.setVisible(narrow)
        for item in self.items.values():
            item.set_narrow(narrow)
        self._collapse.set_narrow(narrow)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Bring the sections closer together on a low screen, before any of them has to be scrolled to."""
        around = self._rules if self._narrow else self._titles
        # The titles grow with the language: their own hints.
        taken = sum(widget.sizeHint().height() if widget in self._titles else _RULE for widget in around)
        room = self.height() - taken - _AROUND
        each = max(_LOW, min(_TALL, room // max(1, len(self.items))))
        for item in self.items.values():
            item.setFixedHeight(each)

    def set_count(self, key: str, count: int) -> None:
        if key in self.items:
            self.items[key].set_count(count)

    def set_current(self, key: str) -> None:
        for name, item in self.items.items():
            item.setAutoExclusive(False)
            item.setChecked(name == key)
            item.setAutoExclusive(True)
