"""Labels of parts: what a scanner reads of them, and a batch that takes fewer than were chosen."""

from __future__ import annotations

import pytest
import segno
import sqlalchemy as sa
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie.stock import PieceInput
from erp_desktop.services.stock import counting, parts
from erp_desktop.ui.printing.preview import PreviewWindow
from erp_desktop.ui.stock import print_labels
from tests.ui.company import Monde
from tests.ui.window import Bureau

_LEFT, _TOP, _WIDE, _HIGH, _SIDE = 7.2 + 3, 15.1 + 3, 63.5 + 2.5, 38.1, 26.0
"""Millimetres of the template: margins, steps from label to label, side of the QR."""


def modules(page: QImage, row: int, column: int, count: int) -> list[list[int]]:
    """The squares of the QR of a label: 1 is dark."""
    dot = page.width() / 210
    left, top = (_LEFT + column * _WIDE) * dot, (_TOP + row * _HIGH) * dot
    step = _SIDE * dot / count
    return [
        [int(page.pixelColor(round(left + (x + 0.5) * step), round(top + (y + 0.5) * step)).lightness() < 128)
         for x in range(count)] for y in range(count)
    ]  # fmt: skip


def test_a_label_carries_the_code_that_a_scanner_types_and_the_rest_of_a_batch_is_told_of(
    bureau: Bureau, monde: Monde, magasin: dict[str, int], qtbot: QtBot, sqlite_engine: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        for n in (1, 2):
            parts.create(session, who, PieceInput(reference=f"VIS-{n}", designation="Vis"))
    monkeypatch.setitem(print_labels.__globals__, "MOST", 2)
    page = bureau.liste("stock")
    page.view.selectAll()
    bureau.settle()
    assert page.print_out()
    qtbot.waitUntil(lambda: bool(bureau.window.findChildren(PreviewWindow)))
    (window,) = bureau.window.findChildren(PreviewWindow)
    qtbot.waitUntil(lambda: len(window.pages) == 1)
    assert [t.accessibleName() for t in bureau.window.toaster.toasts][-1:] == [
        "Les 2 premières lignes seulement : choisissez-en moins."
    ]
    with transaction(sqlite_engine, write=False) as session:
        shown = [parts.get(session, who, ident) for ident in page.model.ids[:2]]
        for place, part in enumerate(shown):
            code = part.code_barres or part.reference
            drawn = [list(row) for row in segno.make(code, error="m", micro=False).matrix]
            assert modules(window.pages[0], 0, place, len(drawn)) == drawn, code
            assert counting.find_part(session, who, code) == part.id
    blank = modules(window.pages[0], 0, 2, 21)
    assert not any(map(any, blank)), "no third label"
    window.close()
