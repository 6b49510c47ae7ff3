"""Which records a person opened last, and which they pinned; identifiers only, on this desktop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSettings

from erp_desktop.settings import Settings

Record = tuple[str, int]
_KEPT: Final = 12
_LINK: Final = re.compile(r"erp-mif:(\w+)/(\d{1,19})\b")


def link(record: Record) -> str:
    """What is pasted in a mail, and in the box to open the record again."""
    return f"erp-mif:{record[0]}/{record[1]}"


def linked(text: str) -> Record | None:
    """The record that a pasted text links to, wherever in it."""
    found = _LINK.search(text)
    return (found[1], int(found[2])) if found else None


class Recents:
    """The records of one person, newest first.

    Args:
        settings: says where this desktop keeps its files.
    """

    def __init__(self, settings: Settings, user_id: int) -> None:
        self._store = QSettings(str(Path(settings.data_dir) / "recents.ini"), QSettings.Format.IniFormat)
        self._user = user_id
        self.opened = self._read("ouverts")
        self.pinned = self._read("epingles")

    def _read(self, key: str) -> list[Record]:
        stored = str(self._store.value(f"{self._user}/{key}", ""))
        return [record for part in stored.split() if (record := linked(part)) is not None]

    def _write(self, key: str, records: list[Record]) -> None:
        self._store.setValue(f"{self._user}/{key}", " ".join(map(link, records)))

    def note(self, record: Record) -> None:
        """A record was opened."""
        self.opened = [record, *(one for one in self.opened if one != record)][:_KEPT]
        self._write("ouverts", self.opened)

    def toggle(self, record: Record) -> bool:
        """Pin a record, or let it go; True when it is pinned now."""
        pinned = record not in self.pinned
        self.pinned = [*self.pinned, record] if pinned else [one for one in self.pinned if one != record]
        self._write("epingles", self.pinned)
        return pinned
