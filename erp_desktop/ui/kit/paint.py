"""Marks painted the same way in lists and forms: pill, priority, SLA bar, key cap, elided text.

Rectangles are visual: callers mirror theirs with :func:`visual`; ``rtl`` tells on which side reading starts.
"""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QWidget

from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.theme import theme

PILL_HEIGHT = 20
_ARABIC = re.compile("[\u200f\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]")
_WIDTHS: dict[tuple[str, str], int] = {}


def visual(rtl: bool, outer: QRect, inner: QRect) -> QRect:
    """``inner`` mirrored inside ``outer`` when reading goes right to left."""
    direction = Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight
    return QStyle.visualRect(direction, outer, inner)


def leading(rtl: bool) -> Qt.AlignmentFlag:
    """Alignment towards the side where reading starts, centred vertically."""
    side = Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute


_LINE = {rtl: leading(rtl) | Qt.TextFlag.TextSingleLine for rtl in (False, True)}
"""How a line of text stands; made once, every cell of a list asks for it."""


def initials(name: str) -> str:
    """First letters of the first and the last word; of an Arabic name the first alone, two would join to a word."""
    letters = [word[0] for word in name.split()]
    if not letters or "\u0600" <= letters[0] <= "\u06ff":
        return "".join(letters[:1])
    return "".join(letters if len(letters) == 1 else (letters[0], letters[-1])).upper()


def metrics(role: str) -> QFontMetrics:
    return QFontMetrics(theme().font(role))


FIGURES = ("figure", "total")
"""Columns whose cells end at the right, digit under digit: figures read left to right in Arabic too."""


def text(
    painter: QPainter, rect: QRect, words: str, *, rtl: bool, font: QFont, colour: QColor, end: bool = False,
    middle: bool = False,
) -> None:  # fmt: skip
    """One line of text, elided at its end; with ``end`` it stands where digits are compared, in any language.

    Args:
        middle: cut there, of a code, whose end tells it from its neighbours.
    """
    painter.setFont(font)
    painter.setPen(colour)
    # Words of one script say themselves which way they read; a line of both is read as the window is.
    mixed = rtl and _ARABIC.search(words) is not None
    painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft if mixed else Qt.LayoutDirection.LayoutDirectionAuto)
    cut = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    painter.drawText(rect, _LINE[rtl or end], QFontMetrics(font).elidedText(words, cut, rect.width()))


def two_lines(painter: QPainter, rect: QRect, words: str, below: str, *, rtl: bool) -> None:
    """What a row is about and, where the row is high enough, what it belongs to in small letters below."""
    look, ink = theme(), theme().color("text.primary")
    high = rect.height() >= theme().px("row.comfortable") - 1
    if not (high and below):
        text(painter, rect, " · ".join(filter(None, (words, below))), rtl=rtl, font=look.font("body"), colour=ink)
        return
    half = rect.height() * 5 // 9
    upper, lower = QRect(rect), QRect(rect)
    upper.setBottom(rect.top() + half)
    lower.setTop(rect.top() + half - 2)
    text(painter, upper, words, rtl=rtl, font=look.font("body"), colour=ink)
    text(painter, lower, below, rtl=rtl, font=look.font("caption"), colour=look.color("text.secondary"))


def rounded(
    painter: QPainter, rect: QRect, radius: float, fill: QColor | None, border: QColor | None = None, width: float = 1
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
    if border is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(rect), radius, radius)
    else:
        painter.setPen(QPen(border, width))
        half = width / 2
        painter.drawRoundedRect(QRectF(rect).adjusted(half, half, -half, -half), radius, radius)


ALERT = "alerte"
"""Look of a pill that means "act": late, refused."""


def pill_width(label: str) -> int:
    key = (label, theme().font("caption").key())
    width = _WIDTHS.get(key)
    if width is None:
        width = _WIDTHS[key] = metrics("body").horizontalAdvance(label) + 6 + 14 + 5 + 9
    return width


def pill_look(status: str) -> tuple[dict[str, Any], str]:
    """Mark and colours of a pill: ``icon``, ``weight`` and ``border``, and the token of its tone."""
    status, _, own = status.partition("/")
    alert = status == ALERT
    mark = {"icon": "warning-circle", "weight": "fill", "border": ""} if alert else theme().mark("status", status)
    tone = "semantic.danger" if alert else f"status.{status}"
    return mark | {"icon": own, "weight": "fill"} if own else mark, tone


def pill(painter: QPainter, rect: QRect, status: str, label: str, *, rtl: bool) -> int:
    """A status pill at the leading side of ``rect``, or one of :data:`ALERT`; returns its width in pixels.

    ``affectee/paper-plane-tilt`` is a pill of the colours of that status with an icon of its own.
    """
    look, (mark, tone) = theme(), pill_look(status)
    width = min(pill_width(label), rect.width())
    top = rect.y() + (rect.height() - PILL_HEIGHT) // 2
    box = visual(rtl, rect, QRect(rect.x(), top, width, PILL_HEIGHT))
    ink = look.color(f"{tone}.text")
    border = look.color(f"{tone}.border") if mark["border"] else None
    rounded(painter, box, PILL_HEIGHT / 2, look.color(f"{tone}.soft"), border)
    icons.draw(
        painter, visual(rtl, box, QRect(box.x() + 6, box.y(), 14, PILL_HEIGHT)), mark["icon"], ink, 14, mark["weight"]
    )
    words = visual(rtl, box, QRect(box.x() + 25, box.y(), box.width() - 31, PILL_HEIGHT))
    text(painter, words, label, rtl=rtl, font=look.font("body"), colour=ink)
    return width


def alert_chip(painter: QPainter, rect: QRect, figure: str) -> None:
    """A figure that means "act", where figures are compared: at the right, in any language."""
    look, font = theme(), theme().font("strong", tabular=True)
    wide = min(rect.width(), QFontMetrics(font).horizontalAdvance(figure) + 29)
    box = QRect(rect.right() - wide + 1, rect.y() + (rect.height() - PILL_HEIGHT) // 2, wide, PILL_HEIGHT)
    ink = look.color("semantic.danger.text")
    rounded(painter, box, PILL_HEIGHT / 2, look.color("semantic.danger.soft"))
    icons.draw(painter, QRect(box.x() + 7, box.y(), 12, box.height()), "warning", ink, 12, "fill")
    text(painter, box.adjusted(20, 0, -8, 0), figure, rtl=False, font=font, colour=ink, end=True)


def badge(painter: QPainter, rect: QRect, words: str, tone: str, *, rtl: bool) -> int:
    """Words on a small tint of ``semantic.<tone>`` at the leading side of ``rect``; returns its width."""
    look, font = theme(), theme().font("caption", tabular=True)
    wide = min(rect.width(), QFontMetrics(font).horizontalAdvance(words) + 15)
    box = QRect(rect.x(), rect.y() + (rect.height() - PILL_HEIGHT) // 2, wide, PILL_HEIGHT)
    rounded(painter, visual(rtl, rect, box), PILL_HEIGHT / 2, look.color(f"semantic.{tone}.soft"))
    text(painter, visual(rtl, rect, box.adjusted(7, 0, -6, 0)), words, rtl=rtl, font=font,
         colour=look.color(f"semantic.{tone}.text"))  # fmt: skip
    return wide


def priority(painter: QPainter, rect: QRect, value: str, label: str = "", *, rtl: bool) -> None:
    """A priority mark: the icon centred, or followed by its word when ``label`` is given."""
    look, mark = theme(), theme().mark("priority", value)
    ink = look.color(f"priority.{value}.color")
    if not label:
        icons.draw(painter, rect, mark["icon"], ink, 16, mark["weight"])
        return
    place = visual(rtl, rect, QRect(rect.x(), rect.y(), 16, rect.height()))
    icons.draw(painter, place, mark["icon"], ink, 16, mark["weight"])
    words = visual(rtl, rect, QRect(rect.x() + 21, rect.y(), rect.width() - 21, rect.height()))
    text(painter, words, label, rtl=rtl, font=look.font("body"), colour=ink)


def sla(
    painter: QPainter, rect: QRect, state: str, share: float, label: str, *, rtl: bool, bar: int = 27, words: int = 0
) -> None:
    """What is left of a deadline.

    Args:
        state: ok, soon, late, paused, tenu or none.
        share: part of the delay that is left, 0 to 1.
        bar: length of the bar in pixels.
        words: width of the text; 0 takes the rest of ``rect``.
    """
    look = theme()
    middle = rect.y() + rect.height() // 2
    if state in ("ok", "soon", "late"):
        track = visual(rtl, rect, QRect(rect.x(), middle - 3, bar, 6))
        rounded(painter, track, 3, look.color("sla.track"))
        filled = bar if state == "late" else max(6, round(bar * min(1.0, max(0.0, share))))
        rounded(
            painter, visual(rtl, track, QRect(track.x(), track.y(), filled, 6)), 3, look.color(f"sla.{state}")
        )  # fmt: skip
        start, kind = (
            bar + 6,
            {"ok": "text.secondary", "soon": "semantic.warning.text", "late": "semantic.danger.text"},
        )
        font, colour = look.font("strong" if state == "late" else "caption", tabular=True), look.color(kind[state])
    else:
        mark = {"paused": "pause-circle", "tenu": "check", "none": "minus"}[state]
        tint = look.color("semantic.success.solid" if state == "tenu" else "text.tertiary")
        icons.draw(painter, visual(rtl, rect, QRect(rect.x(), rect.y(), 14, rect.height())), mark, tint, 14)
        start, font, colour = 18, look.font("caption"), look.color("text.tertiary")
        if state == "tenu":
            colour = look.color("text.secondary")
    width = words or rect.width() - start
    text(painter, visual(rtl, rect, QRect(rect.x() + start, rect.y(), width, rect.height())), label,
         rtl=rtl, font=font, colour=colour)  # fmt: skip


def keycap(painter: QPainter, rect: QRect, keys: str) -> None:
    look = theme()
    rounded(painter, rect, 3, look.color("surface.sunken"), look.color("border.default"))
    painter.setFont(look.font("caption"))
    painter.setPen(look.color("text.tertiary"))
    # As it is engraved: « > » is not turned round in Arabic.
    painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, keys)


def focus_ring(painter: QPainter, rect: QRect, radius: int) -> None:
    """Two pixels around ``rect``; for painted widgets that have the keyboard."""
    rounded(painter, rect, radius + 2, None, theme().color("focus"), 2)


def logo(painter: QPainter, rect: QRect, ground: QColor, flower: QColor) -> None:
    """The company's mark: a six-petal flower on a rounded square."""
    side = min(rect.width(), rect.height())
    rounded(painter, rect, side / 4, ground)
    centre, petal = QPointF(rect.center()) + QPointF(0.5, 0.5), side * 0.125
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(flower)
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for dx, dy in ((0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5)):
        path.addEllipse(centre + QPointF(dx, dy) * side * 0.165, petal, petal)
    path.addEllipse(centre, side * 0.16, side * 0.16)
    painter.drawPath(path)
    painter.setBrush(ground)
    painter.drawEllipse(centre, side * 0.1, side * 0.1)


def mark(side: int, ground: QColor, flower: QColor) -> QPixmap:
    """The company's mark alone, ``side`` pixels wide, on nothing: the icon of windows and of the program's files."""
    found = QPixmap(side, side)
    found.fill(Qt.GlobalColor.transparent)
    painter = QPainter(found)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    logo(painter, found.rect(), ground, flower)
    painter.end()
    return found


class KeyCap(QWidget):
    """The drawing of a key, e.g. ``Ctrl F``."""

    def __init__(self, keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self.setFixedSize(metrics("caption").horizontalAdvance(keys) + 14, 18)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        keycap(painter, self.rect(), self._keys)
        painter.end()
