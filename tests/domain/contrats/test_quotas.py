"""What a quota counts, and where its pace leads."""

from __future__ import annotations

from datetime import date

from erp_desktop.domain.contrats import quotas
from erp_desktop.domain.enums import Imputation


def test_hours_beyond_the_quota_are_billed_too() -> None:
    work = [quotas.Travail(1, 90), quotas.Travail(2, 40), quotas.Travail(3, 10, "contrat")]
    counted = quotas.compter(work, None, 2)
    assert list(counted.imputations.values()) == [Imputation.CONTRAT, Imputation.A_FACTURER, Imputation.CONTRAT]
    assert (counted.minutes, counted.hors_quota, quotas.part(3, counted.minutes, None, 2)) == (140, 1, 116)
    assert quotas.part(1, 60, None, None) is None
    assert (quotas.part(0, 0, 0, None), quotas.part(1, 0, 0, None)) == (0, 100)


def test_the_pace_of_a_quota_says_where_it_ends() -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)

    def told(used: int, included: int, day: date) -> tuple[int, date | None] | None:
        found = quotas.prevoir(used, included, first, last, day)
        return None if found is None else (found.a_la_fin, found.epuise)

    # 321 days of 365: 30 become 34 of 36; 228 h become 259 h 15, and 240 h are reached on the 338th day.
    assert told(30, 36, date(2026, 11, 17)) == (34, None)
    assert told(228 * 60, 240 * 60, date(2026, 11, 17)) == (259 * 60 + 15, date(2026, 12, 4))
    # One in ten days: 20 are used up on the 200th, of 37 the last on none of the 365, of 36 on the 360th.
    assert told(10, 20, date(2026, 4, 10)) == (37, date(2026, 7, 19))
    assert told(10, 37, date(2026, 4, 10)) == (37, None)
    assert told(10, 36, date(2026, 4, 10)) == (37, date(2026, 12, 26))
    # Used up already: no day is foretold.
    assert told(20, 20, date(2026, 4, 10)) == (73, None)
    # Too early, out of the period, nothing done.
    assert told(3, 20, date(2026, 2, 5)) is None
    assert told(3, 20, date(2026, 2, 6)) == (30, date(2026, 9, 4))
    assert told(3, 20, date(2025, 12, 31)) is None
    assert told(3, 20, date(2027, 1, 1)) is None
    assert told(0, 20, date(2026, 6, 1)) is None
    # Of nothing included, the first job is beyond.
    assert told(1, 0, date(2026, 6, 1)) == (2, None)
