"""The balance of a part over the last days, drawn from its movements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.services.stock.movements import MoveRow
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.stock.ledger_tab import BalanceChart
from erp_desktop.ui.wording import value_labels as labels

_ROW = MoveRow(
    1,
    clock.now(),
    "sortie",
    1,
    "RLT",
    "Roulement",
    "Magasin",
    "",
    Decimal(-3),
    None,
    "",
    "",
    "",
    None,
    False,
    False,
    "",
)


def moves(*told: tuple[int, str, int]) -> list[MoveRow]:
    """Days ago, kind and quantity, the oldest first, from nothing on; as the service gives them."""
    rows, left = [], Decimal(0)
    for days, kind, moved in told:
        left += moved
        when = clock.now() - timedelta(days=days)
        rows.append(replace(_ROW, quand=when, type_mouvement=kind, quantite=Decimal(moved), solde=left))
    return rows[::-1]


@pytest.fixture
def chart(qtbot: QtBot) -> BalanceChart:
    made = BalanceChart()
    qtbot.addWidget(made)
    made.resize(318, 88)
    return made


def test_what_there_was_is_followed_to_the_day_it_runs_out(chart: BalanceChart) -> None:
    rows = moves((200, "entree", 30), (60, "sortie", -6), (30, "transfert", -2), (30, "transfert", 2),
                 (10, "sortie", -4), (5, "retour", 1))  # fmt: skip
    # Both ends of a transfer are of one instant.
    rows[2] = replace(rows[2], quand=rows[3].quand)
    chart.show_rows(rows, whole=True, least=Decimal(5))
    assert [left for _when, left in chart.points] == [30, 24, 24, 20, 21]
    # Nine in ninety days: what is left lasts two hundred and ten.
    end = clock.local(clock.now() + timedelta(days=210)).date()
    assert chart.runs_out == end
    year = "" if end.year == clock.today().year else f"/{end.year}"
    assert chart.accessibleName() == (
        f"Solde sur 90 jours : 30 → 21, minimum 5, rupture estimée {end:%d/%m}{year}"
    )  # fmt: skip


def test_days_that_are_not_all_read_tell_no_pace_and_a_part_at_rest_draws_nothing(chart: BalanceChart) -> None:
    rows = moves((40, "sortie", -1), (10, "sortie", -1))
    chart.show_rows([replace(row, solde=row.solde + 9) for row in rows if row.solde is not None], whole=False,
                    least=Decimal(0))  # fmt: skip
    assert (chart.runs_out, [left for _when, left in chart.points]) == (None, [8, 7])
    chart.show_rows(moves((200, "entree", 3)), whole=True, least=Decimal(1))
    assert chart.isHidden()
    chart.show_rows([], whole=True, least=Decimal(1))
    assert chart.isHidden()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_line_ends_at_the_right_in_every_language(chart: BalanceChart, qapp: QApplication, language: str) -> None:
    i18n.set_language(qapp, language)
    chart.show_rows(moves((80, "entree", 10), (20, "sortie", -8)), whole=True, least=Decimal(6))
    chart.show()
    picture: QImage = chart.grab().toImage()
    ratio, ink = picture.devicePixelRatio(), theme().color("accent.fill").rgb()

    def level(x: int) -> int:
        """How far down the line is, at a distance from the left."""
        at = [y for y in range(20, 70) if _near(picture.pixelColor(round(x * ratio), round(y * ratio)), QColor(ink))]
        return at[0]

    assert level(12) > level(100), "it came in after ten days"
    assert level(310) > level(200), "and went out at the end"
    assert labels.NONE not in chart.accessibleName()


def _near(one: QColor, other: QColor) -> bool:
    return sum(abs(a - b) for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)) < 150  # type: ignore[arg-type]
