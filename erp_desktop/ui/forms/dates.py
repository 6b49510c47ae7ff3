"""Dates as they are typed: parsing, writing, and the keys that move them."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta

from erp_desktop import clock

_DAY = re.compile(r"^(\d{1,2})[/.\- ](\d{1,2})(?:[/.\- ](\d{4}|\d{2}))?(?:\s+(\d{1,2})[:h](\d{2})?)?$")
_STEPS = {"d": 1, "D": -1, "s": 7, "S": -7}


def parse(text: str, today: date) -> tuple[date, time | None] | None:
    """``17/11``, ``17/11/26``, ``17/11/2026 13:40``; None when it is no date.

    The year left out is that of ``today``.
    """
    match = _DAY.match(text.strip())
    if match is None:
        return None
    day, month, year, hour, minute = match.groups()
    full = today.year if year is None else int(year) + (2000 if len(year) == 2 else 0)
    try:
        return date(full, int(month), int(day)), time(int(hour), int(minute or 0)) if hour else None
    except ValueError:
        return None


def to_instant(day: date, hour: time | None) -> datetime:
    """The instant of a wall-clock time in Morocco; 08:00 when no hour was typed."""
    return datetime.combine(day, hour or time(8), tzinfo=clock.CASABLANCA)


def moved(day: date, key: str) -> date | None:
    """The date after one of the keys d, D, s, S, m, M; None for another key."""
    if key in _STEPS:
        return day + timedelta(days=_STEPS[key])
    if key in ("m", "M"):
        months = day.year * 12 + day.month - 1 + (1 if key == "m" else -1)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    return None


def written(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        return clock.local(value).strftime("%d/%m/%Y %H:%M")
    return value.strftime("%d/%m/%Y") if value else ""
