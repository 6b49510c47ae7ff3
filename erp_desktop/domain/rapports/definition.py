"""What a report of one's own asks for, and when it is to be sent: definitions that are stored, read with care."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from erp_desktop import clock
from erp_desktop.domain.rapports.figures import BY_KEY
from erp_desktop.domain.rapports.periodes import PERIODES
from erp_desktop.errors import ValidationError

FILTERS = ("agence_id", "client_id", "contrat_id", "equipement_id", "technicien_id")
MOST = 8
"""Figures of one report."""
PERIODE = "30j"
DATES = "dates"
"""The period that is two days, not one that moves."""
FORMATS = ("pdf", "xlsx", "csv")
ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")


@dataclass(frozen=True, slots=True)
class Definition:
    """Figures, what they are told apart by, a named period that moves with the day, and what they are narrowed to.

    Attributes:
        periode: a key of ``domain.rapports.periodes.PERIODES``, or ``DATES``.
        debut, fin: first and last day of ``DATES``.
    """

    figures: tuple[str, ...] = ()
    group: str | None = None
    periode: str = PERIODE
    agence_id: int | None = None
    client_id: int | None = None
    contrat_id: int | None = None
    equipement_id: int | None = None
    technicien_id: int | None = None
    debut: date | None = None
    fin: date | None = None

    def written(self) -> dict[str, Any]:
        """As it is stored."""
        kept = {name: getattr(self, name) for name in FILTERS if getattr(self, name) is not None}
        if self.periode == DATES and self.debut is not None and self.fin is not None:
            kept |= {"debut": self.debut.isoformat(), "fin": self.fin.isoformat()}
        return {"chiffres": list(self.figures), "par": self.group, "periode": self.periode, **kept}

    def check(self) -> None:
        """Raises: ValidationError: no figure, too many, or one that cannot be told apart so."""
        if not self.figures:
            raise ValidationError({"figures": "Choisissez au moins un chiffre."})
        if len(self.figures) > MOST:
            raise ValidationError({"figures": f"Un rapport a {MOST} chiffres au plus."})
        if self.group is not None and not all(self.group in BY_KEY[f].groupes for f in self.figures):
            names = " ; ".join(BY_KEY[f].nom for f in self.figures if self.group not in BY_KEY[f].groupes)
            raise ValidationError({"group": f"Ce regroupement n'existe pas pour : {names}."})

    def days(self, today: date) -> tuple[date, date]:
        """First and last day, seen from ``today``."""
        if self.debut is not None and self.fin is not None:
            return self.debut, self.fin
        return next(p for p in PERIODES if p.cle == self.periode).bornes(today)


def read(stored: object) -> Definition:
    """A stored definition; what is none of it, or of another version, is left out."""
    found: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    listed = found.get("chiffres")
    figures = tuple(f for f in listed if isinstance(f, str) and f in BY_KEY) if isinstance(listed, list) else ()
    group, periode = found.get("par"), found.get("periode")
    known = {p.cle for p in PERIODES}
    made = Definition(figures, group if isinstance(group, str) else None, periode if periode in known else PERIODE)
    ids = {name: found[name] for name in FILTERS if isinstance(found.get(name), int)}
    return replace(made, **ids, **(_dates(found) if periode == DATES else {}))


def _dates(found: Mapping[str, Any]) -> dict[str, Any]:
    try:
        debut, fin = (date.fromisoformat(found[name]) for name in ("debut", "fin"))
    except (KeyError, TypeError, ValueError):
        return {}
    return {"periode": DATES, "debut": debut, "fin": fin} if debut <= fin else {}


# When


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A time of the day, of one day of the week (1 to 7) or of the month (1 to 28), or of every day; in Morocco.

    Stored as the five fields of cron, of which only these are known.
    """

    hour: int
    minute: int = 0
    weekday: int | None = None
    monthday: int | None = None

    def written(self) -> str:
        return f"{self.minute} {self.hour} {self.monthday or '*'} * {self.weekday or '*'}"

    def last(self, now: datetime) -> datetime:
        """The last time at or before ``now`` that it was due."""
        day = clock.local(now).date()
        for back in range(32):
            one = day - timedelta(days=back)
            right = self.weekday in (None, one.isoweekday()) and self.monthday in (None, one.day)
            due = datetime.combine(one, time(self.hour, self.minute), clock.CASABLANCA)
            if right and due <= now:
                return due.astimezone(now.tzinfo)
        raise AssertionError(self)


def rhythm(text: str) -> Rhythm:
    """What :meth:`Rhythm.written` gave.

    Raises:
        ValidationError
    """
    match = re.fullmatch(r"(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[1-7])", text.strip())
    if match is not None:
        minute, hour = int(match[1]), int(match[2])
        monthday = None if match[3] == "*" else int(match[3])
        weekday = None if match[4] == "*" else int(match[4])
        if minute < 60 and hour < 24 and (monthday is None or (1 <= monthday <= 28 and weekday is None)):
            return Rhythm(hour, minute, weekday, monthday)
    raise ValidationError({"cron": f"« {text} » n'est pas une périodicité : jour, semaine ou mois, à une heure."})


# Where to


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder, or addresses."""

    folder: str = ""
    addresses: tuple[str, ...] = ()

    def written(self) -> str:
        return f"dossier:{self.folder}" if self.folder else f"courriel:{','.join(self.addresses)}"


def destination(text: str) -> Destination:
    """What :meth:`Destination.written` gave.

    Raises:
        ValidationError: neither a folder nor addresses.
    """
    kind, _, rest = text.partition(":")
    if kind == "dossier" and rest.strip():
        return Destination(folder=rest.strip())
    addresses = tuple(a.strip() for a in rest.split(",") if a.strip())
    if kind == "courriel" and addresses:
        wrong = next((a for a in addresses if not ADDRESS.fullmatch(a)), None)
        if wrong is None:
            return Destination(addresses=addresses)
        raise ValidationError({"destination": f"« {wrong} » n'est pas une adresse de courriel."})
    raise ValidationError({"destination": "Indiquez un dossier ou des adresses de courriel."})
