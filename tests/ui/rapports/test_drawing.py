"""Charts: what is drawn stands where its value is, gaps stay gaps, an empty one says so."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from erp_desktop.ui.rapports.drawing import Chart

RED = QColor("#c81e1e")


@pytest.fixture
def chart(qtbot: QtBot) -> Chart:
    made = Chart()
    qtbot.addWidget(made)
    made.resize(400, 240)
    made.show()
    return made


def inked(image: QImage, colour: QColor) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels of one colour."""
    spots = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) == colour]
    assert spots
    return min(x for x, _ in spots), min(y for _, y in spots), max(x for x, _ in spots), max(y for _, y in spots)


def test_a_bar_is_as_high_as_its_value_and_stands_in_its_place(chart: Chart) -> None:
    chart.show_range(0, 4, 0, 10)
    chart.bar(RED, 2, 0, 1, 5)
    left, top, right, bottom = inked(chart.grab().toImage(), RED)
    chart.clear()
    chart.show_range(0, 4, 0, 10)
    chart.bar(RED, 0, 0, 4, 10)
    whole = inked(chart.grab().toImage(), RED)
    wide, high = whole[2] - whole[0], whole[3] - whole[1]
    assert bottom == whole[3]
    assert abs((bottom - top) / high - 0.5) < 0.02
    assert abs((left - whole[0]) / wide - 0.5) < 0.02
    assert abs((right - whole[0]) / wide - 0.75) < 0.02


def test_a_line_stops_at_a_gap_and_a_lone_value_is_seen(chart: Chart) -> None:
    chart.show_range(0, 4, 0, 10)
    chart.line(RED, [(0, 5), (1, 5), (2, None), (3, 5), (4, None)])
    image = chart.grab().toImage()
    left, top, right, bottom = inked(image, RED)
    across = [image.pixelColor(x, (top + bottom) // 2) == RED for x in range(left, right + 1)]
    assert across[0]
    assert not all(across)
    # From the end of the line to the lone point: a third of what is between the first value and that point.
    longest = max(len(run) for run in "".join("x" if one else " " for one in across).split("x"))
    assert 0.5 < longest / len(across) < 0.75


def test_nothing_is_said_in_words_that_a_screen_reader_has(chart: Chart) -> None:
    chart.bar(RED, 0, 0, 1, 1)
    chart.nothing("Aucun encours")
    assert chart.accessibleName() == "Aucun encours"
    image = chart.grab().toImage()
    assert all(image.pixelColor(x, y) != RED for x in range(0, 400, 3) for y in range(0, 240, 3))


def test_a_flat_range_divides_by_nothing(chart: Chart) -> None:
    chart.grid([0.0, 0.0], str)
    chart.ticks("bottom", [(0, "janv."), (1, "une étiquette qui dépasse le bord")])
    chart.show_range(0, 1, 3, 3)
    chart.label(0, 3, "3", (0.5, 1.0), "text.primary")
    assert not chart.grab().isNull()
