"""What the readers of files hand over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

Cell = str | Decimal | bool | datetime | date | time | timedelta
"""A text as it is written, or what a sheet holds as a value; ``""`` is absent."""

TAILLE_MAX = 200 * 1_048_576
"""Bytes of a file; a table that is longer is a dump, not something that people typed."""

ILLISIBLE = "\ufffd"
"""Stands for bytes that an encoding cannot read."""

ERREUR = re.compile(
    r"#(?:DIV/0!|REF!|VALUE!|VALEUR!|NAME\?|NOM\?|NUM!|NOMBRE!|NULL!|NUL!|SPILL!|CALC!)|Err:\d{3}", re.IGNORECASE
)
"""What a formula that failed shows."""


@dataclass(slots=True)
class Grid:
    """Rows of one sheet, each with the line of the file on which it begins.

    Attributes:
        name: of the sheet; empty for a text.
        rows: (line, cells); blank rows are left out.
        faults: (line, reason) of what makes the rows after it unsure.
        notes: what was understood rather than read.
        ragged: rows that have fewer cells than the header are cut, not short: the file is a text.
        encoding: of a text; empty for a sheet, and for a text that shows it or reads the same in all.
        unsure: bytes that this encoding cannot read stand as :data:`ILLISIBLE`.
    """

    name: str
    rows: list[tuple[int, list[Cell]]]
    faults: list[tuple[int, str]] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    ragged: bool = False
    encoding: str = ""
    unsure: bool = False


@dataclass(slots=True)
class Table:
    """Rows under their header.

    Attributes:
        columns: names as written, one each; a column without a name is called ``colonne 4``.
        header: line of the header.
        rows: (line, column → cell).
        faults: (line, reason) of the rows that cannot be told apart from their neighbours.
        notes: what was understood rather than read → how many times.
        unnamed: columns that have no name in the file.
        sheet: which one it is; empty for a text.
        sheets: those of the workbook that hold something.
        encoding: as of :class:`Grid`.
    """

    columns: list[str]
    header: int
    rows: list[tuple[int, dict[str, Cell]]]
    faults: list[tuple[int, str]]
    notes: dict[str, int]
    unnamed: frozenset[str] = frozenset()
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    encoding: str = ""


def text(cell: Cell) -> str:
    """A cell as its text: a sheet keeps the code 7 as 7.0, and a day as an instant."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)
