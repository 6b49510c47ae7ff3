"""Where a line of text stands and which way it is read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from erp_desktop.ui.kit import paint, theme


@pytest.mark.parametrize("rtl", [False, True])
def test_figures_end_one_under_the_other(qapp: QApplication, rtl: bool) -> None:
    ends = []
    for words in ("7,00", "1 234,00"):
        image = QImage(QSize(120, 30), QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        ink = QColor("black")
        paint.text(painter, image.rect(), words, rtl=rtl, font=theme.theme().font("body"), colour=ink, end=True)
        painter.end()
        ends.append(max(x for x in range(120) for y in range(30) if image.pixelColor(x, y).lightness() < 128))
    assert ends[0] == ends[1] > 110


@pytest.mark.parametrize(("rtl", "led"), [(True, "\u200f"), (False, "\u200e")])
def test_a_line_of_both_scripts_is_read_as_the_window_is(qapp: QApplication, rtl: bool, led: str) -> None:
    def drawn(words: str) -> QImage:
        image = QImage(QSize(220, 30), QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        paint.text(painter, image.rect(), words, rtl=rtl, font=theme.theme().font("body"), colour=QColor("black"))
        painter.end()
        return image

    words = "Hydraulique · متقدم"
    assert drawn(words) == drawn(led + words)
    # An arrow that points the way the window is read says so itself.
    if rtl:
        change = "\u2068abc\u2069 ← \u2068xyz\u2069"
        assert drawn(f"ICE: {led}{change}") == drawn(f"{led}ICE: {led}{change}") != drawn(f"ICE: {change}")
    # A sentence of one script keeps the mark at its own end.
    assert drawn("Fuite côté tige.") == drawn("\u200eFuite côté tige.")


def test_a_key_is_drawn_as_it_is_engraved_in_arabic_too(qapp: QApplication) -> None:
    def drawn(rtl: bool) -> QImage:
        image = QImage(QSize(22, 18), QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight)
        paint.keycap(painter, image.rect(), ">")
        painter.end()
        return image

    assert drawn(rtl=True) == drawn(rtl=False)


@pytest.mark.parametrize("rtl", [False, True])
def test_a_code_without_room_is_told_from_its_neighbour_by_its_end(qapp: QApplication, rtl: bool) -> None:
    def drawn(words: str, *, middle: bool) -> QImage:
        image = QImage(QSize(110, 30), QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter, look = QPainter(image), theme.theme()
        ink = QColor("black")
        paint.text(painter, image.rect(), words, rtl=rtl, font=look.font("body"), colour=ink, middle=middle)
        painter.end()
        return image

    one, other = ("\u2066CAS-00-CH-000010012\u2069", "\u2066CAS-00-CH-000010013\u2069")
    assert drawn(one, middle=False) == drawn(other, middle=False)
    assert drawn(one, middle=True) != drawn(other, middle=True)
