"""What is told by a colour is told apart from its ground, in the light and in the dark."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from erp_desktop.reports import palette
from erp_desktop.ui.factures.strip import shades
from erp_desktop.ui.kit import theme

_LEAST = 3.0
"""WCAG 2.2, 1.4.11: of a part of a drawing against what lies beside it."""


def _light(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    pale, deep = sorted((_light(one), _light(other)), reverse=True)
    return (pale + 0.05) / (deep + 0.05)


def test_contrast_is_that_of_the_rule() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert contrast(QColor("#767676"), QColor("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK])
def test_each_age_of_what_is_due_is_seen_on_the_page(qapp: QApplication, mode: str) -> None:
    theme.install(qapp, mode)
    ground = theme.theme().color("surface.base")
    pale = {n: contrast(ink, ground) for n, ink in enumerate(shades()) if contrast(ink, ground) < _LEAST}
    assert pale == {}


def test_each_age_of_the_backlog_is_seen_in_the_dark(qapp: QApplication) -> None:
    theme.install(qapp, theme.DARK)
    ground = theme.theme().color("surface.raised")
    pale = {ink: contrast(QColor(ink), ground) for ink in palette.lire(True).ordinal
            if contrast(QColor(ink), ground) < _LEAST}  # fmt: skip
    assert pale == {}
