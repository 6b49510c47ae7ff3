"""Amounts in English words, and the period of a contract in the languages of the window."""

from __future__ import annotations

from decimal import Decimal

import pytest

from erp_desktop.domain.factures.lettres_en import en_lettres
from erp_desktop.domain.writing.texts import texts


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "zero dirhams"), ("1", "one dirham"), ("0.01", "one centime"),
        ("5542.40", "five thousand five hundred and forty-two dirhams and forty centimes"),
        ("1000007.19", "one million and seven dirhams and nineteen centimes"),
        ("21100", "twenty-one thousand one hundred dirhams"),
    ],
)  # fmt: skip
def test_an_amount_is_said_in_english(amount: str, words: str) -> None:
    assert en_lettres(Decimal(amount)) == words


def test_the_period_to_be_billed_is_said_in_the_language_of_the_window() -> None:
    told = "Période 3 du 01/01/2026 au 31/03/2026"
    assert texts("en").sentence(told) == "Period 3, 01/01/2026 to 31/03/2026"
    assert "الفترة" in str(texts("ar").sentence(told))
