"""How a technicien's own hours are written and read."""

from __future__ import annotations

from datetime import date

import pytest

from erp_desktop.domain import sla
from erp_desktop.domain.people import horaires

_TWO = ((480, 720), (840, 1080))
_ONE = ((480, 720),)


@pytest.mark.parametrize(
    ("written", "week"),
    [
        ("08:00-12:00, 14:00-18:00; sam 08:00-12:00", (_TWO,) * 5 + (_ONE, _TWO)),
        ("lun-ven 8h-12h, 14h-18h ; Samedi 8h à 12h", (_TWO,) * 5 + (_ONE, ())),
        ("Lundi au vendredi : 14:00 – 18:00, 08:00 – 12:00; sam. repos", (_TWO,) * 5 + ((), ())),
        ("lun, mercredi et ven 08:00-12:00", (_ONE, (), _ONE, (), _ONE, (), ())),
        ("8h30-16h; ven repos", (((510, 960),),) * 4 + ((),) + (((510, 960),),) * 2),
        ("dim 0h-24h", ((),) * 6 + (((0, 1440),),)),
    ],
)  # fmt: skip
def test_hours_are_read_as_they_are_written(written: str, week: sla.Semaine) -> None:
    assert horaires.lire(written) == week


@pytest.mark.parametrize(
    "written",
    [
        None, "", "matin", "3x8", "repos", "sam repos", "08:00-12:00; 14:00-18:00", "lun 8h-12h; lundi 14h-18h",
        "ven-lun 8h-12h", "22:00-06:00", "08:00-12:00, 11:00-14:00", "08:00-25:00", "08:61-12:00", "jour 08:00-12:00",
        "08:00-12:00, à voir", "lun-mer-ven 8h-12h",
    ],
)  # fmt: skip
def test_what_says_no_week_is_none(written: str | None) -> None:
    assert horaires.lire(written) is None


def test_neighbouring_days_are_told_together() -> None:
    week = horaires.lire(horaires.EXEMPLE)
    assert week is not None
    assert horaires.groupes(week) == [(0, 4, _TWO), (5, 5, _ONE), (6, 6, _TWO)]


def test_the_agency_is_the_outer_bound() -> None:
    agency = sla.lire_horaire("1,2,3,4,5", "08:30-12:30,14:00-18:30", [date(2027, 3, 3)])
    week = horaires.lire("07:00-15:00; mar repos")
    assert week is not None
    own = agency.dans(week)
    days = [date(2027, 3, 1 + n) for n in range(7)]
    assert [own.plages(d) for d in days] == [
        ((510, 750), (840, 900)),
        (),
        (),
        *[((510, 750), (840, 900))] * 2,
        (),
        (),
    ]
    assert own.minutes(days[0]) == 300
