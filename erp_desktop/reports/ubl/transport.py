"""How a document reaches whoever clears it: one small interface, and a folder that another program empties.

Morocco's platform has published no way in yet: when it does, it becomes one more :class:`Transport`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from erp_desktop.reports.sortie import keep

_NOT_A_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a document went; what became of it is told later, elsewhere (``factures.statut_transmission``)."""

    place: str
    bytes: int


class Transport(Protocol):
    """Hands one document over, whole or not at all, the same one twice without harm."""

    def send(self, number: str, content: bytes) -> Receipt:
        """Hand over the XML of the document of that number.

        Raises:
            UserError: it could not be; one French sentence.
        """


@dataclass(frozen=True, slots=True)
class FileDrop:
    """A folder: a document is a file of its number, there at once with all it holds."""

    folder: Path

    def send(self, number: str, content: bytes) -> Receipt:
        target = self.folder / f"{_NOT_A_NAME.sub('-', number)}.xml"
        keep(target, content)
        return Receipt(str(target), len(content))
