"""How an amount or a quantity stands in its field, and that it is read back as it was."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pytestqt.qtbot import QtBot

from erp_desktop.domain.writing.bidi import FINE
from erp_desktop.ui.forms.editors import MoneyEditor


@pytest.mark.parametrize(("value", "written"), [
    ("348000.00", f"348{FINE}000,00"), ("-1234567.5", f"-1{FINE}234{FINE}567,5"), ("20.00", "20,00"), ("6.000", "6"),
    ("1.250", "1,25"), ("0.125", "0,125"), ("1000.000", f"1{FINE}000"), ("0", "0"),
])  # fmt: skip
def test_a_number_is_written_with_its_thousands_and_read_back(qtbot: QtBot, value: str, written: str) -> None:
    field = MoneyEditor(decimals=3)
    qtbot.addWidget(field)
    field.show_value(Decimal(value))
    assert field.line.text() == written
    assert field.value() == Decimal(value)
    assert field.typed() == ""


def test_words_of_a_draft_that_are_no_number_stay(qtbot: QtBot) -> None:
    field = MoneyEditor()
    qtbot.addWidget(field)
    field.show_value("douze")
    assert field.line.text() == "douze"
