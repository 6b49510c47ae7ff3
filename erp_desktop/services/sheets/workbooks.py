"""XLSX, XLS and ODS: every visible sheet, values as the sheet holds them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import python_calamine

from erp_desktop.errors import UserError
from erp_desktop.services.sheets.model import ERREUR, Cell, Grid

MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How the files of a zip and of the former Office begin."""
_UNPACKED_MAX = 1 << 30
_FAILED = re.compile(rb'(<(?:\w+:)?c\b[^>]*\st=)"e"')
_FAILED_ODS = re.compile(rb"<table:table-cell\b([^>]*)>\s*<text:p>([^<]{3,12})</text:p>\s*</table:table-cell>")
_CELLS_MAX = 100_000_000
"""A sheet takes the memory of all cells up to its last one, filled in or not; at 20 billion the process ends."""
_PLACE = re.compile(rb' r="([A-Z]{0,3})(\d{1,7})"')
_FAR_COLUMN = re.compile(rb' r="[A-Z]{3}\d')
_REPEATED = re.compile(rb'table:number-columns-repeated="\d+"')


def grids(content: bytes, name: str) -> list[Grid]:
    """The visible sheets that hold something.

    Raises:
        UserError: not a workbook, or one behind a password.
    """
    if content.startswith(b"PK"):
        content = _spelled(content, name)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is python_calamine.SheetVisibleEnum.Visible
            and sheet.typ is python_calamine.SheetTypeEnum.WorkSheet
        ]
        found = [Grid(sheet, _rows(book.get_sheet_by_name(sheet))) for sheet in shown]
    except python_calamine.PasswordError:
        raise UserError(
            f"Le fichier {name} est protégé par un mot de passe : enregistrez-en une copie sans."
        ) from None
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        raise UserError(f"Le fichier {name} n'est pas un classeur lisible.") from error
    return [grid for grid in found if grid.rows]


def _rows(sheet: Any) -> list[tuple[int, list[Cell]]]:
    rows = ((n, [_cell(v) for v in row]) for n, row in enumerate(sheet.to_python(skip_empty_area=False), start=1))
    return [(n, row) for n, row in rows if any(cell != "" for cell in row)]


def _cell(value: Any) -> Cell:
    if isinstance(value, float):
        # Fifteen digits are what a sheet shows: 12.299999999999999 was typed 12,3.
        exact = Decimal(f"{value:.15g}")
        return Decimal(int(exact)) if exact == exact.to_integral_value() else exact
    if isinstance(value, (bool, datetime, date, time, timedelta)):
        return value
    return Decimal(value) if isinstance(value, int) else str(value)


def _spelled(content: bytes, name: str) -> bytes:
    """The book with the errors of its formulas as texts, which are then read, and counted, as in any other file.

    As they are, one program's read as nothing and another's as zero.

    Raises:
        UserError: what would fill the memory, or no archive.
    """
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _UNPACKED_MAX:
                raise UserError(f"Le fichier {name} se déplie en plus d'un gigaoctet : il n'est pas ouvert.")
            for part in packed.namelist():
                if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                    sheet = packed.read(part)
                    _fits(sheet, name)
                    changed, times = _FAILED.subn(rb'\1"str"', sheet)
                elif part == "content.xml":
                    changed, times = _FAILED_ODS.subn(_text_cell, packed.read(part))
                else:
                    continue
                if times:
                    parts[part] = changed
            if not parts:
                return content
            again = io.BytesIO()
            with zipfile.ZipFile(again, "w") as written:
                for part in packed.namelist():
                    written.writestr(part, parts[part] if part in parts else packed.read(part))
            return again.getvalue()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UserError(f"Le fichier {name} n'est pas un classeur lisible.") from error


def _fits(sheet: bytes, name: str) -> None:
    """Refuse a sheet with something in a far corner: what lies between is taken as cells of it.

    Raises:
        UserError
    """
    end = _PLACE.match(sheet, max(sheet.rfind(b' r="'), 0))
    rows = int(end[2]) if end else 0
    if rows * 26**2 <= _CELLS_MAX and not _FAR_COLUMN.search(sheet):
        return
    last = max({found[1] for found in _PLACE.finditer(sheet)} | {b"A"}, key=lambda letters: (len(letters), letters))
    columns = 0
    for letter in last:
        columns = columns * 26 + letter - 64
    if rows * columns > _CELLS_MAX:
        far = f"{last.decode()}{rows}"
        raise UserError(
            f"Le fichier {name} a une cellule remplie très loin des autres, vers {far} : effacez-la, ou copiez le "
            "tableau dans un classeur neuf."
        )


def _text_cell(cell: re.Match[bytes]) -> bytes:
    if b"table:formula=" not in cell[1] or not ERREUR.fullmatch(cell[2].decode("utf-8", "replace")):
        return cell[0]
    repeated = _REPEATED.search(cell[1])
    return (
        b'<table:table-cell office:value-type="string" ' + (repeated[0] if repeated else b"") + b"><text:p>" + cell[2]
        + b"</text:p></table:table-cell>"
    )  # fmt: skip
