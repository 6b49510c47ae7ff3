"""Instants and time zones; the only module that reads the clock.

Morocco is at UTC+0 all year since 2026-09-20. Operating systems may still ship the older rule, and ``zoneinfo``
prefers them over the ``tzdata`` wheel, so the search path is emptied once, here.
"""

from __future__ import annotations

import re
import time
import zoneinfo
from datetime import UTC, date, datetime, tzinfo
from typing import Self

zoneinfo.reset_tzpath([])

CASABLANCA = zoneinfo.ZoneInfo("Africa/Casablanca")
EPOCH_MS = 1_735_689_600_000
"""2025-01-01T00:00:00Z in Unix milliseconds: the origin of Snowflake identifiers."""


_FAR = 9000
"""Year of what cannot be read: it sorts behind every real date and leaves room for arithmetic."""
UNREADABLE = "illisible"


class UnreadableInstant(datetime):
    """Stands for a stored instant that cannot be read, so that one row is marked and no list is lost.

    Attributes:
        text: what is stored.
    """

    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        made = cls(_FAR, 1, 1, tzinfo=UTC)
        made.text = text
        return made

    def strftime(self, format: str, /) -> str:  # noqa: A002, ARG002 - as inherited
        return UNREADABLE

    def astimezone(self, tz: tzinfo | None = None) -> Self:  # noqa: ARG002 - as inherited
        return self


class UnreadableDay(date):
    """Stands for a stored date that cannot be read, as :class:`UnreadableInstant` does for an instant."""

    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        made = cls(_FAR, 1, 1)
        made.text = text
        return made

    def strftime(self, format: str, /) -> str:  # noqa: A002, ARG002 - as inherited
        return UNREADABLE


def written(value: date, form: str) -> str:
    """``value`` by a form whose words and spaces are of any language.

    ``strftime`` alone writes them in the encoding of the system's language: on a French Windows it knows neither
    Arabic nor an en space, and raises.
    """
    if isinstance(value, UnreadableInstant | UnreadableDay):
        return UNREADABLE
    return re.sub(r"%\w", lambda part: value.strftime(part[0]), form)


def now() -> datetime:
    """The current instant, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def now_ms() -> int:
    """Milliseconds since 2025-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000 - EPOCH_MS


def today() -> date:
    """Today's business date in Morocco."""
    return now().astimezone(CASABLANCA).date()


def minuit(jour: date) -> datetime:
    """When a day begins in Morocco."""
    return datetime(jour.year, jour.month, jour.day, tzinfo=CASABLANCA).astimezone(UTC)


def to_text(instant: datetime) -> str:
    """The one textual form of an instant in caches and payloads: ``YYYY-MM-DDTHH:MM:SS.ffffffZ``.

    Raises:
        ValueError: for a naive datetime.
    """
    if instant.tzinfo is None:
        raise ValueError("naive datetime")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    """Inverse of :func:`to_text`; also reads what other ISO writers produce. A missing zone means UTC."""
    value = datetime.fromisoformat(text)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def local(instant: datetime, zone: zoneinfo.ZoneInfo = CASABLANCA) -> datetime:
    """The wall-clock time of an instant in a branch's zone."""
    return instant.astimezone(zone)
