"""Painted frames: surfaces, cards, banners, pills, chips."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import shiboken6
from PySide6.QtCore import QLine, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, EnterPresses, IconLabel, Text, plain
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.ring import KeyboardRing, reason_of
from erp_desktop.ui.kit.ring.order import Order
from erp_desktop.ui.kit.theme import theme


def in_sight(page: QWidget) -> QRect:
    """What of a page is in the window: on a small screen, enlarged, it scrolls."""
    seen, above = page.rect(), page.parentWidget()
    while above is not None:
        seen &= QRect(page.mapFrom(above, QPoint()), above.size())
        above = None if above.isWindow() else above.parentWidget()
    return seen


class GivesBack:
    """Mixed into what opens over a page, before its Qt class: hidden, it gives the keyboard back to who had it.

    Qt would hand it to whatever comes next, most often the bar of the window.
    """

    _before: QWidget | None = None
    _order: Order | None = None
    _reason = Qt.FocusReason.OtherFocusReason

    def showEvent(self, event: QShowEvent) -> None:
        held = QApplication.focusWidget()
        if held is not None and not self._holds(held):
            self._before, self._reason = held, reason_of(held)
        super().showEvent(event)  # type: ignore[misc]

    def hideEvent(self, event: QHideEvent) -> None:
        held, before, self._before = QApplication.focusWidget(), self._before, None
        known = before is not None and shiboken6.isValid(before) and before.isVisible()
        if known and before is not None and held is not None and self._holds(held):
            before.setFocus(self._reason)
        super().hideEvent(event)  # type: ignore[misc]

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab: as it is laid out, whatever of it was made first."""
        if self._order is None and isinstance(self, QWidget):
            self._order = Order(self)
        if self._order is not None:
            self._order.follow()
        return bool(super().focusNextPrevChild(forward))  # type: ignore[misc]

    def _holds(self, widget: QWidget) -> bool:
        return isinstance(self, QWidget) and (widget is self or self.isAncestorOf(widget))


class Surface(QFrame):
    """A frame that paints its own background and border from tokens.

    Args:
        ground: token path of the background.
        border: token path of the border, empty for none.
        radius: corner radius in pixels.
        sides: which sides carry the border when the corners are square: any of ``t``, ``b``, ``s`` (leading side),
            ``e`` (trailing side).
    """

    def __init__(
        self, ground: str, border: str = "", radius: int = 0, sides: str = "tbse", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ground, self._border, self._radius, self._sides = ground, border, radius, sides
        theme().changed.connect(self.update)

    def set_look(self, ground: str, border: str = "") -> None:
        self._ground, self._border = ground, border
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        if self._radius:
            border = look.color(self._border) if self._border else None
            paint.rounded(painter, self.rect(), self._radius, look.color(self._ground), border)
        else:
            painter.fillRect(self.rect(), look.color(self._ground))
            if self._border:
                self._lines(painter)
        painter.end()

    def _lines(self, painter: QPainter) -> None:
        painter.setPen(theme().color(self._border))
        right, bottom = self.width() - 1, self.height() - 1
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        start, end = (right, 0) if rtl else (0, right)
        lines = {"t": QLine(0, 0, right, 0), "b": QLine(0, bottom, right, bottom),
                 "s": QLine(start, 0, start, bottom), "e": QLine(end, 0, end, bottom)}  # fmt: skip
        for side in self._sides:
            painter.drawLine(lines[side])


class Card(Surface):
    """A raised block with a thin border; add content to :attr:`box`."""

    def __init__(self, ground: str = "surface.raised", parent: QWidget | None = None) -> None:
        super().__init__(ground, "border.subtle", theme().px("radius.lg"), parent=parent)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(16, 12, 16, 12)
        self.box.setSpacing(8)


class Banner(Surface):
    """One sentence across a region: info, success, warning or danger, with an action, or one and its contrary."""

    other = Signal()
    """The contrary of the action was asked for."""
    _ICONS = {"info": "info", "success": "check-circle", "warning": "warning", "danger": "warning-octagon"}

    def __init__(
        self, kind: str, words: str, *, action: str = "", on_action: Callable[[], object] | None = None,
        icon: str = "", detail: str = "", square: bool = False, closable: bool = False, contrary: str = "",
    ) -> None:  # fmt: skip
        super().__init__(f"semantic.{kind}.soft", "", 0 if square else theme().px("radius.md"))
        self.closable = closable
        colour = f"semantic.{kind}.text"
        row = QHBoxLayout(self)
        row.setContentsMargins(16 if square else 12, 8, 16 if square else 12, 8)
        row.setSpacing(10)
        row.addWidget(IconLabel(icon or self._ICONS[kind], colour, 16, "fill"))
        words_box = QVBoxLayout()
        words_box.setSpacing(1)
        self.label = Text(said(words), "strong" if detail else "body", colour, wrap=True)
        self.label.setMinimumWidth(60)
        words_box.addWidget(self.label)
        if detail:
            words_box.addWidget(Text(said(detail), "caption", "text.secondary", wrap=True))
        row.addLayout(words_box, 1)
        if action:
            row.addWidget(Button(action, "link", on_click=on_action))
        if contrary:
            row.addWidget(Button(contrary, "link", on_click=self.other.emit))
        if closable:
            row.addWidget(Button("", "icon", icon="x", tip=tr("Fermer"), on_click=self.deleteLater))


class Pill(QWidget):
    """A status pill as a widget."""

    def __init__(self, status: str, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_status(status, label)
        theme().changed.connect(self.update)

    def set_status(self, status: str, label: str) -> None:
        self._status, self._label = status, label
        self.setAccessibleName(label)
        self.setFixedSize(paint.pill_width(label), paint.PILL_HEIGHT)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        paint.pill(painter, self.rect(), self._status, self._label, rtl=rtl)
        painter.end()


class Priority(QWidget):
    """A priority mark with its word."""

    def __init__(self, value: str, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_priority(value, label)

    def set_priority(self, value: str, label: str) -> None:
        self._value, self._label = value, label
        self.setAccessibleName(label)
        self.setFixedSize(paint.metrics("body").horizontalAdvance(label) + 28, 22)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        paint.priority(painter, self.rect(), self._value, self._label, rtl=rtl)
        painter.end()


class Chip(KeyboardRing, EnterPresses, QAbstractButton):
    """A filter: ``Statut : Ouverte ×`` when set, ``Statut ⌄`` when it offers a choice.

    Clicking emits ``clicked``; the cross (or Delete) emits ``removed``.
    """

    removed = Signal()

    def __init__(
        self, label: str, value: str = "", *, icon: str = "", caret: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._label, self._value, self._icon, self._caret = label, value, icon, caret
        self.setText(f"{label} {value}".strip())
        self.setAccessibleName(self.text())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        width = 20 + paint.metrics("body").horizontalAdvance(self._label)
        if self._value:
            width += 5 + QFontMetrics(theme().font("strong")).horizontalAdvance(self._value) + 18
        width += 20 * bool(self._icon) + 17 * self._caret
        return QSize(width, 24)

    def _cross(self) -> QRect:
        box = QRect(self.width() - 24, 0, 18, self.height())
        return paint.visual(theme().rtl, self.rect(), box)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._value and self._cross().contains(event.position().toPoint()):
            self.setDown(False)
            self.removed.emit()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._value and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        box = self.rect()
        active = bool(self._value)
        hover = self.underMouse()
        ground = look.color("surface.selected" if active else "surface.hover" if hover else "surface.base")
        paint.rounded(
            painter, box, box.height() / 2, ground, look.color("accent.border" if active else "border.default")
        )
        x, ink = 10, look.color("accent.text" if active else "text.primary")
        if self._icon:
            icons.draw(painter, paint.visual(rtl, box, QRect(x, 0, 14, box.height())), self._icon, ink, 14)
            x += 20
        wide = paint.metrics("body").horizontalAdvance(self._label) + 1
        paint.text(painter, paint.visual(rtl, box, QRect(x, 0, wide, box.height())), self._label, rtl=rtl,
                   font=look.font("body"), colour=ink)  # fmt: skip
        x += wide + 4
        if active:
            room = box.width() - x - 24
            paint.text(painter, paint.visual(rtl, box, QRect(x, 0, room + 1, box.height())), self._value, rtl=rtl,
                       font=look.font("strong"), colour=ink)  # fmt: skip
            icons.draw(painter, self._cross(), "x", ink, 12)
        elif self._caret:
            icons.draw(painter, paint.visual(rtl, box, QRect(box.width() - 25, 0, 18, box.height())), "caret-down",
                       look.color("text.secondary"), 12)  # fmt: skip
        if self._ring:
            paint.focus_ring(painter, box, box.height() // 2)
        painter.end()


class CountChip(Chip):
    """A filter to click that says how many it would leave: ``⚠ SLA dépassé 3``; calm while there are none.

    Args:
        tone: semantic colour of a number that is not to be overlooked; empty: calm in any case.
    """

    def __init__(self, label: str, icon: str, tone: str = "danger", parent: QWidget | None = None) -> None:
        super().__init__(label, icon=icon, parent=parent)
        self._tone = tone
        self.number = ""

    def set_number(self, number: str) -> None:
        self.number = number
        self.setText(f"{self._label} {number}".strip())
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def _badge(self) -> int:
        return max(18, 10 + QFontMetrics(theme().font("strong")).horizontalAdvance(self.number)) if self.number else 0

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize((self._badge() + 2) * bool(self.number), 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        tone = self._tone if self.number else ""
        ink = look.color(f"semantic.{tone}.text" if tone else "text.primary")
        ground = look.color("surface.hover" if self.underMouse() else "surface.base")
        paint.rounded(painter, box, box.height() / 2, ground, look.color("border.default"))
        icons.draw(painter, paint.visual(rtl, box, QRect(10, 0, 14, box.height())), self._icon, ink, 14)
        wide = paint.metrics("body").horizontalAdvance(self._label) + 1
        paint.text(painter, paint.visual(rtl, box, QRect(30, 0, wide, box.height())), self._label, rtl=rtl,
                   font=look.font("body"), colour=ink)  # fmt: skip
        if self.number:
            size = self._badge()
            badge = paint.visual(rtl, box, QRect(box.width() - size - 5, 4, size, box.height() - 8))
            soft = look.color(f"semantic.{tone}.soft" if tone else "surface.app")
            paint.rounded(painter, badge, badge.height() / 2, soft, soft)
            painter.setFont(look.font("strong"))
            painter.setPen(ink)
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, self.number)
        if self._ring:
            paint.focus_ring(painter, box, box.height() // 2)
        painter.end()


class Etapes(QWidget):
    """``1 Usage — 2 Connexion — …``; what is done wears a check. Without room, only the step in hand is named.

    Args:
        current: the place of the step in hand.
    """

    def __init__(self, steps: Sequence[str], current: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = list(steps)
        self.setFixedHeight(26)
        self.setToolTip(plain(" – ".join(self._steps)))
        self.show_step(current)

    def show_step(self, current: int) -> None:
        """Another step is in hand."""
        self._current = current
        self.setAccessibleName(
            tr("Étape {n} sur {total} : {nom}", n=current + 1, total=len(self._steps), nom=self._steps[current])
        )
        self.update()

    def _wide(self, number: int) -> int:
        font = theme().font("strong" if number == self._current else "body")
        return QFontMetrics(font).horizontalAdvance(self._steps[number]) + 2

    @property
    def named(self) -> list[int]:
        """The places of the steps whose words there is room for."""
        every = range(len(self._steps))
        fits = sum(88 + self._wide(number) for number in every) - 48 <= self.width()
        return list(every) if fits else [self._current]

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        x, named = 0, self.named
        gap, rule_wide = (48, 40) if len(named) > 1 or len(self._steps) == 1 else (20, 12)
        for number, words in enumerate(self._steps):
            done, on = number < self._current, number == self._current
            disc = paint.visual(rtl, box, QRect(x, 1, 24, 24))
            ground = "semantic.success.soft" if done else "accent.fill" if on else "surface.app"
            paint.rounded(painter, disc, 12, look.color(ground))
            if done:
                icons.draw(painter, disc, "check", look.color("semantic.success.text"), 13, "bold")
            else:
                painter.setPen(look.color("text.onAccent" if on else "text.tertiary"))
                painter.setFont(look.font("strong"))
                painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(number + 1))
            x += 32
            if number in named:
                font, wide = look.font("strong" if on else "body"), self._wide(number)
                ink = look.color("accent.text" if on else "text.secondary" if done else "text.tertiary")
                place = paint.visual(rtl, box, QRect(x, 0, wide, 26))
                paint.text(painter, place, words, rtl=rtl, font=font, colour=ink)
                x += wide + 8
            if number < len(self._steps) - 1:
                painter.fillRect(paint.visual(rtl, box, QRect(x, 12, rule_wide, 1)), look.color("border.default"))
                x += gap
        painter.end()
