"""When a contract is invoiced: years that add up to the centime, revisions, ends in the middle, month ends."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_desktop.domain.contrats.echeancier import MOIS, Echeance, echeancier, montant_de_l_annee
from erp_desktop.domain.enums import ModeFacturation

D = Decimal


def made(*arguments: object, **named: object) -> list[tuple[date, date, Decimal]]:
    return [(one.du, one.au, one.montant) for one in echeancier(*arguments, **named)]  # type: ignore[arg-type]


def test_four_quarters_of_the_mock_contract() -> None:
    begin, end, quarter = date(2026, 1, 1), date(2026, 12, 31), D("107000.00")
    assert made(D("428000.00"), ModeFacturation.TRIMESTRIEL, begin, end, date(2030, 1, 1)) == [
        (date(2026, 1, 1), date(2026, 3, 31), quarter), (date(2026, 4, 1), date(2026, 6, 30), quarter),
        (date(2026, 7, 1), date(2026, 9, 30), quarter), (date(2026, 10, 1), date(2026, 12, 31), quarter),
    ]  # fmt: skip


def test_centimes_that_do_not_divide_and_a_revision_at_the_anniversary() -> None:
    begin, end = date(2026, 3, 1), date(2028, 2, 29)
    parts = echeancier(D("1000.00"), ModeFacturation.MENSUEL, begin, end, date(2030, 1, 1), D("3"))
    assert [one.montant for one in parts[:3]] == [D("83.33"), D("83.34"), D("83.33")]
    assert sum(one.montant for one in parts[:12]) == D("1000.00")
    assert sum(one.montant for one in parts[12:]) == D("1030.00")
    assert (parts[12].annee, parts[12].du, len(parts)) == (2, date(2027, 3, 1), 24)
    assert montant_de_l_annee(D("1000.00"), D("3"), 3) == D("1060.90")
    assert montant_de_l_annee(D("1000.00"), None, 9) == D("1000.00")


def test_an_end_in_the_middle_is_owed_by_its_days_and_month_ends_do_not_drift() -> None:
    assert made(D("1200.00"), ModeFacturation.MENSUEL, date(2027, 1, 31), date(2027, 3, 15), date(2030, 1, 1)) == [
        (date(2027, 1, 31), date(2027, 2, 27), D("100.00")), (date(2027, 2, 28), date(2027, 3, 15), D("51.61")),
    ]  # fmt: skip
    # Without an end, as far as is asked; before it begins, nothing.
    assert len(made(D(12), ModeFacturation.MENSUEL, date(2026, 1, 1), None, date(2026, 12, 1))) == 12
    assert made(D(12), ModeFacturation.ANNUEL, date(2026, 1, 2), None, date(2026, 1, 1)) == []


@given(
    st.decimals(D("0.01"), D("9999999.99"), places=2), st.sampled_from(list(ModeFacturation)),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.decimals(D(-50), D(50), places=2),
)  # fmt: skip
def test_whole_years_add_up_and_days_follow_each_other(
    amount: Decimal, mode: ModeFacturation, begin: date, revision: Decimal
) -> None:
    parts: list[Echeance] = echeancier(amount, mode, begin, None, begin + timedelta(days=1200), revision)
    n = 12 // MOIS[mode]
    for year in (1, 2, 3):
        of_year = [one.montant for one in parts if one.annee == year]
        assert len(of_year) == n
        assert sum(of_year) == montant_de_l_annee(amount, revision, year)
    for before, after in pairwise(parts):
        assert after.du == before.au + timedelta(days=1)


@pytest.mark.parametrize("mode", list(ModeFacturation))
def test_every_way_of_invoicing_has_its_months(mode: ModeFacturation) -> None:
    assert 12 % MOIS[mode] == 0
