"""Acts that find no room in a line begin another one: none is cut, in either direction of reading."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.ui.forms.acts import Lines
from erp_desktop.ui.kit.controls import Button


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_buttons_keep_their_words_however_narrow_the_form_is(qtbot: QtBot, direction: Qt.LayoutDirection) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.setLayoutDirection(direction)
    column, lines = QVBoxLayout(holder), Lines(8)
    column.addLayout(lines)
    column.addStretch()
    buttons = [Button(words) for words in ("Enregistrer un paiement", "Marquer envoyée", "Avoir", "Aperçu", "UBL…")]
    for button in buttons:
        lines.addWidget(button)
    heights = []
    for width in (900, 320):
        holder.resize(width, 400)
        holder.show()
        qtbot.waitExposed(holder)
        boxes = [button.geometry() for button in buttons]
        assert all(box.width() >= button.sizeHint().width() for box, button in zip(boxes, buttons, strict=True))
        assert all(holder.rect().contains(box) for box in boxes)
        assert not any(one.intersects(other) for n, one in enumerate(boxes) for other in boxes[n + 1 :])
        heights.append(len({box.top() for box in boxes}))
        for before, after in pairwise(boxes):
            if before.top() == after.top():
                assert (before.left() < after.left()) == (direction == Qt.LayoutDirection.LeftToRight)
    assert heights[0] == 1
    assert heights[1] > 1
