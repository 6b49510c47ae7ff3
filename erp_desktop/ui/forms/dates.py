"""Dates as a form shows them; how they are typed is :mod:`erp_desktop.domain.dates`."""

from __future__ import annotations

from datetime import date, datetime, time

from erp_desktop import clock


def to_instant(day: date, hour: time | None) -> datetime:
    """The instant of a wall-clock time in Morocco; 08:00 when no hour was typed."""
    return datetime.combine(day, hour or time(8), tzinfo=clock.CASABLANCA)


def written(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        return clock.local(value).strftime("%d/%m/%Y %H:%M")
    return value.strftime("%d/%m/%Y") if value else ""
